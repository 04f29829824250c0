// Prints the text form. Everything that depends on a call is taken from its declaration: the
// functions below know kinds of arguments, never names of calls.
#include "model/program/text.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "model/program/declarations.h"
#include "model/program/notation.h"
#include "model/program/tokens.h"
#include "model/program/unix_name.h"

namespace sockspec {
namespace {

std::string PrintDescriptor(Descriptor fd) {
  if (fd.IsHandle()) return PrintHandle(fd.handle());
  if (fd == kNeverOpen) return "NEVER";
  if (fd == kFile) return "FILE";
  if (fd == kPipe) return "PIPE";
  return "-1";
}

std::string_view PrintPointer(Pointer pointer) {
  return pointer == Pointer::kNull ? "NULL" : "BAD_PTR";
}

std::string PrintPort(Port port) {
  if (port == kPortZero) return "0";
  if (port.IsProgram()) return "P" + std::to_string(port.program());
  if (port.IsChosen()) return "E" + std::to_string(port.chosen());
  return std::string(port == kPortPrivileged ? kPrivileged : kOther);
}

std::string_view PrintHost(Host host) { return kHostNames[static_cast<int>(host)]; }

std::string PrintUnixName(UnixName name) {
  if (name.IsChosen()) return "@E" + std::to_string(name.chosen());
  const UnixNameRow* row = FindUnixName(name);
  return std::string(row == nullptr ? kOther : row->token);
}

std::string PrintFamilyBefore(int family, Host host) {
  return family == UsualFamily(host) ? "" : PrintConstant(Families(), family) + "/";
}

std::string PrintAddress(const Address& address) {
  if (address == Address{.family = kUnspecifiedFamily}) return "AF_UNSPEC";
  std::string out = PrintFamilyBefore(address.family, address.host);
  if (address.host == Host::kUnix) return out + PrintUnixName(address.name);
  out += PrintHost(address.host);
  out += ":" + PrintPort(address.port);
  if (address.dirty_tail) out.append("/").append(kDirty);
  return out;
}

std::string PrintAddressBack(const Reply& reply) {
  if (reply.host == Host::kUnix) {
    return PrintFamilyBefore(reply.family, reply.host) + PrintUnixName(reply.name);
  }
  if (reply.address_size < 4) return PrintConstant(Families(), reply.family);
  const bool has_host = reply.address_size >= 8;
  std::string out = PrintFamilyBefore(reply.family, has_host ? reply.host : Host::kAny);
  if (has_host) out += PrintHost(reply.host);
  return out + ":" + PrintPort(reply.port);
}

std::string PrintPair(int32_t first, int32_t second) {
  return "{" + std::to_string(first) + ", " + std::to_string(second) + "}";
}

// Appends the arguments of one call, with the commas between them.
class ArgumentPrinter {
 public:
  ArgumentPrinter(const Call& call, std::string& out) : call_(call), out_(out) {}

  // `next` is the argument that stands behind it, or nullptr.
  void Print(const Argument& argument, const Argument* next) {
    switch (argument.kind) {
      case Kind::kDescriptor:
        return Append(PrintDescriptor(call_.*argument.descriptor));
      case Kind::kConstant:
      case Kind::kNumber:
        if (argument.trailing && call_.*argument.member == 0) return;
        return Append(PrintConstant(argument.TokensOf(call_), call_.*argument.member));
      case Kind::kFlags:
        return Append(PrintFlags(argument.TokensOf(call_), call_.*argument.member));
      case Kind::kType:
        return Append(PrintType(call_.*argument.member));
      case Kind::kAddressIn:
        if (!AppendPointer()) Append(PrintAddress(call_.address));
        return AppendLength("addrlen=", UsualAddressInLength(argument, call_));
      case Kind::kAddressOut: {
        const bool pointer = AppendPointer();
        const OutLength usual = UsualAddressOutLength(argument, call_.pointer);
        // A pointer that stood alone would be taken for this argument's.
        const bool ambiguous = !pointer && next != nullptr && next->kind == Kind::kBuffer &&
                               call_.buffer != Pointer::kValid;
        return AppendOutLength("addrlen=", ambiguous ? std::nullopt : std::optional(usual));
      }
      case Kind::kOptionIn:
        if (!AppendPointer()) {
          Append(HasTwoMembers(call_) ? PrintPair(call_.value, call_.seconds)
                                      : PrintConstant(OptionInTokens(call_), call_.value));
        }
        return AppendLength("len=", OptionSize(call_.level, call_.option));
      case Kind::kOptionOut:
        AppendPointer();
        return AppendOutLength("len=", UsualOptionOutLength(call_));
      case Kind::kMadePair:
        return Append("[" + PrintHandle(call_.made) + ", " + PrintHandle(call_.made2) + "]");
      case Kind::kMadeIfAny:
        return Append(call_.made == kNoHandle ? "NULL" : "[" + PrintHandle(call_.made) + "]");
      case Kind::kBuffer:
        if (call_.buffer != Pointer::kValid) Append(PrintPointer(call_.buffer));
        return;
    }
  }

 private:
  void Append(std::string_view argument) {
    if (!first_) out_ += ", ";
    first_ = false;
    out_ += argument;
  }

  bool AppendPointer() {
    if (call_.pointer == Pointer::kValid) return false;
    Append(PrintPointer(call_.pointer));
    return true;
  }

  void AppendLength(std::string_view name, int32_t usual) {
    if (call_.length != usual) Append(std::string(name) + std::to_string(call_.length));
  }

  // Without `usual`, whatever it is.
  void AppendOutLength(std::string_view name, const std::optional<OutLength>& usual) {
    const int32_t length = call_.length_pointer == Pointer::kValid ? call_.length : 0;
    if (usual == OutLength{call_.length_pointer, length}) return;
    Append(std::string(name).append(call_.length_pointer != Pointer::kValid
                                        ? std::string(PrintPointer(call_.length_pointer))
                                        : std::to_string(call_.length)));
  }

  const Call& call_;
  std::string& out_;
  bool first_ = true;
};

std::string PrintValue(const Call& call, const Reply& reply) {
  if (reply.error != 0 || reply.value == -1) return "-1 " + PrintErrno(reply.error);
  const Declaration& declaration = DeclarationOf(call.op);
  if (declaration.makes(call)) return PrintHandle(call.made);
  if (declaration.makes_pair()) return "0";
  if (declaration.returns == Returns::kTarget && call.fd2.IsHandle()) return PrintDescriptor(call.fd2);
  const std::span<const Token> flags = ReturnTokens(call);
  return flags.empty() ? std::to_string(reply.value) : PrintFlags(flags, reply.value);
}

std::string PrintOption(const Call& call, const Reply& reply) {
  return HasTwoMembers(call) ? PrintPair(reply.option, reply.seconds)
                        : PrintConstant(OptionTokens(call.level, call.option), reply.option);
}

std::string PrintData(const Data& data) {
  if (data.garbled) return "garbled";
  const uint64_t end = uint64_t{data.start} + data.size;
  return "[" + std::to_string(data.start) + "," + std::to_string(end) + ")";
}

std::string PrintReady(const Reply& reply) {
  std::string out = "[";
  for (int i = 0; i < ReadyCount(reply); ++i) {
    out.append(i == 0 ? "" : ", ").append(PrintDescriptor(reply.ready[i].fd)).append(" ");
    out += PrintFlags(EpollEvents(), static_cast<uint16_t>(reply.ready[i].events));
  }
  return out + "]";
}

}  // namespace

std::string PrintErrno(int error) {
  const std::string_view name = NameOf(Errnos(), error);
  return name.empty() ? "errno " + std::to_string(error) : std::string(name);
}

std::string PrintCall(const Call& call) {
  const Declaration& declaration = DeclarationOf(call.op);
  std::string out;
  if (call.thread != 0) out += "t" + std::to_string(call.thread) + ": ";
  if (call.part == Part::kResumed) {
    return out.append("<... ").append(declaration.name).append(" resumed>");
  }
  if (declaration.makes(call)) out += PrintHandle(call.made) + " = ";
  out.append(declaration.name).append("(");
  ArgumentPrinter printer(call, out);
  for (const Argument& argument : declaration.arguments) {
    const Argument* next = &argument == &declaration.arguments.back() ? nullptr : &argument + 1;
    if (argument.UsedBy(call)) printer.Print(argument, next);
  }
  out += ")";
  if (call.part == Part::kUnfinished) out.append(" ").append(kUnfinished);
  return out;
}

std::string PrintReply(const Call& call, const Reply& reply) {
  std::string out;
  if (reply.blocked) {
    // What the first half of a call comes to stands at the second.
    if ((reply.wrote & kBlocksOnly) != 0 || call.part == Part::kUnfinished) return "blocks";
    out = "blocks, then ";
  }
  out += PrintValue(call, reply);
  const auto field = [&](Wrote bit, std::string_view name, const std::string& value) {
    if ((reply.wrote & bit) != 0) out.append(", ").append(name).append("=").append(value);
  };
  field(kWroteAddress, "addr", PrintAddressBack(reply));
  field(kWroteAddressLength, "addrlen", std::to_string(reply.address_length));
  field(kWroteValue, "value", PrintOption(call, reply));
  field(kWroteLength, "len", std::to_string(reply.option_length));
  field(kWroteData, "data", PrintData(reply.data));
  field(kWroteEvents, "revents", PrintFlags(EventTokens(call), static_cast<uint16_t>(reply.events)));
  field(kWroteSignal, "signal", "SIGPIPE");
  field(kWroteFlags, "flags", PrintFlags(MessageFlags(), reply.flags));
  field(kWroteRights, "rights", PrintHandle(call.made));
  field(kWroteReady, "ready", PrintReady(reply));
  return out;
}

std::string PrintText(const Transcript& transcript) {
  std::string out;
  for (std::string_view comment : transcript.comments) {
    // One that holds newlines becomes several.
    for (bool more = true; more;) {
      const size_t end = comment.find('\n');
      std::string_view line = comment.substr(0, end);
      more = end != std::string_view::npos;
      if (more) comment.remove_prefix(end + 1);
      while (line.ends_with('\r')) line.remove_suffix(1);
      out.append(line.empty() ? "#" : "# ").append(line).append("\n");
    }
  }
  const Environment& env = transcript.program.env;
  if (env != Environment{}) {
    out += "env:";
    if (env.nofile != 0) out += " nofile=" + std::to_string(env.nofile);
    if (env.ephemeral != 0) out += " ephemeral=" + std::to_string(env.ephemeral);
    if (env.nobody) out += " uid=nobody";
    if (env.patient) out += " patience=2s";
    out += "\n";
  }

  struct Row {
    std::string call;
    std::string reply;   // with `= `
    std::string clause;  // with `# @`
  };
  // A column is as wide as its widest cell, but a cell that is wider than this moves its own line
  // only.
  constexpr size_t kWidest = 80;
  std::vector<Row> rows;
  size_t call_width = 0;
  size_t reply_width = 0;
  const std::vector<Call>& calls = transcript.program.calls;
  for (size_t i = 0; i < calls.size(); ++i) {
    Row& row = rows.emplace_back();
    row.call = PrintCall(calls[i]);
    if (i < transcript.said.size()) {
      const Said& said = transcript.said[i];
      // What a call gives that was seen to block stands at its second half.
      const bool awaited = said.reply && said.reply->blocked && calls[i].part == Part::kUnfinished;
      if (said.reply && !awaited) row.reply = "= " + PrintReply(calls[i], *said.reply);
      if (!said.clause.empty()) row.clause = "# @" + said.clause;
    }
    if (row.call.size() <= kWidest) call_width = std::max(call_width, row.call.size());
    if (row.reply.size() <= kWidest) reply_width = std::max(reply_width, row.reply.size());
  }
  for (const Row& row : rows) {
    std::string line = row.call;
    const auto column = [&](const std::string& cell, size_t at) {
      if (cell.empty()) return;
      line.append(line.size() < at ? at - line.size() : 0, ' ').append("  ").append(cell);
    };
    column(row.reply, call_width);
    column(row.clause, reply_width == 0 ? call_width : call_width + 2 + reply_width);
    out += line + "\n";
  }
  return out;
}

std::string PrintText(const Program& program) {
  return PrintText(Transcript{.comments = {}, .program = program, .said = {}});
}

}  // namespace sockspec
