// Puts the C file together from two sorts of text: one to four lines for each call, made from its
// declaration, and helper functions, of which a file has those that its lines use.
//
// The file compares replies as text, in the notation of programs: `expect("0, addr=127.0.0.1:P0")`
// against what the helpers wrote of what came back.
#include "model/program/c.h"

#include <fcntl.h>

#include <algorithm>
#include <climits>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <span>
#include <string_view>

#include "model/program/c_helpers.h"
#include "model/program/declarations.h"
#include "model/program/text.h"
#include "model/program/tokens.h"

namespace sockspec {
namespace {

constexpr int kFirstPort = 10000;       // P0; below the ephemeral range, above well-known services
constexpr int kFirstEphemeral = 32768;  // where every network namespace of Linux begins
constexpr int kLastEphemeral = 60999;

// ---- Text
// ------------------------------------------------------------------------------------------

void ReplaceAll(std::string& text, std::string_view what, std::string_view with) {
  for (size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

// As a C string. Programs hold no byte that would need more.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// A line within a comment, which it must not end.
std::string Harmless(std::string line) {
  ReplaceAll(line, "*/", "* /");
  ReplaceAll(line, "/*", "/ *");
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return line;
}

std::string Spaced(std::string flags) {
  ReplaceAll(flags, "|", " | ");
  // Bits above INT_MAX make an unsigned number of the whole.
  const size_t hex = flags.find("0x");
  if (hex != std::string::npos && flags.size() - hex == 10) flags = "(int)(" + flags + ")";
  return flags;
}

std::string Number(int32_t value) {
  if (value == INT_MIN) return "INT_MIN";
  if (value == INT_MAX) return "INT_MAX";
  return std::to_string(value);
}

std::string Constant(std::span<const Token> tokens, int32_t value) {
  const std::string_view name = NameOf(tokens, value);
  return name.empty() ? Number(value) : std::string(name);
}

// Words in lines of at most `width`, each after `indent`.
std::string Wrapped(const std::vector<std::string>& words, std::string_view indent, size_t width) {
  std::string out;
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty() && indent.size() + line.size() + 2 + word.size() > width) {
      out.append(indent).append(line).append(",\n");
      line.clear();
    }
    if (!line.empty()) line += ", ";
    line += word;
  }
  return out.append(indent).append(line);
}

std::string HostConstant(Host host) {
  switch (host) {
    case Host::kAny:
      return "INADDR_ANY";
    case Host::kLoopback:
      return "INADDR_LOOPBACK";
    case Host::kLoopback2:
      return "INADDR_LOOPBACK + 1";
    case Host::kBroadcast:
      return "INADDR_BROADCAST";
    case Host::kMulticast:
      return "INADDR_ALLHOSTS_GROUP";
    case Host::kNotOurs:
      return "NOT_OURS";
    case Host::kUnreachable:
      return "UNREACHABLE";
    case Host::kBlackhole:
      return "BLACKHOLE";
    case Host::kOther:
      break;  // no call names it
  }
  return "INADDR_ANY";
}

bool IsLinger(const Call& call) { return OptionSize(call.level, call.option) == 8; }

const Argument* FindArgument(const Call& call, Kind kind) {
  for (const Argument& argument : DeclarationOf(call.op).arguments) {
    if (argument.kind == kind) return &argument;
  }
  return nullptr;
}

// ---- The file
// --------------------------------------------------------------------------------------

class Emitter {
 public:
  Emitter(const Transcript& transcript, const CHeader& header)
      : transcript_(transcript), calls_(transcript.program.calls), header_(header) {
    for (const Call& call : calls_) {
      Observe(call);
    }
    for (const Said& said : transcript.said) {
      if (said.reply && (said.reply->wrote & kWroteAddress) != 0 && said.reply->port.IsChosen()) {
        names_chosen_ports_ = true;
      }
    }
  }

  std::string Run() {
    std::string body = threads_ ? ThreadsBody() : Body();
    std::string helpers = Helpers();  // after the body, which says what it needs
    return Top() + Includes() + Ports() + helpers + body;
  }

 private:
  void Observe(const Call& call) {
    if (call.part != Part::kWhole) threads_ = true;
    if (DeclarationOf(call.op).takes_descriptor()) {
      if (call.fd.IsHandle()) used_handles_.insert(call.fd.handle());
      uses_file_ |= call.fd == kFile;
      uses_pipe_ |= call.fd == kPipe;
    }
    if (call.address.port.IsProgram()) used_ports_.insert(call.address.port.program());
    if (call.address.port.IsChosen()) {
      used_chosen_.insert(call.address.port.chosen());
      names_chosen_ports_ = true;
    }
    routes_to_unreachable_ |= call.address.host == Host::kUnreachable;
    routes_to_blackhole_ |= call.address.host == Host::kBlackhole;
    if (const Argument* buffer = FindArgument(call, Kind::kBuffer)) {
      sends_ |= !buffer->written;
      has_streams_ |= !buffer->written && call.pointer == Pointer::kValid;
      most_ = std::max(most_, call.size);
    }
  }

  std::string Need(Helper helper, std::string text) {
    needed_.insert(helper);
    return text;
  }

  void Need(Helper helper) { needed_.insert(helper); }

  // ---- Arguments ----

  std::string DescriptorIn(Descriptor fd) {
    if (fd.IsHandle()) return "s" + std::to_string(fd.handle());
    if (fd == kNeverOpen) return Need(Helper::kNever, "NEVER");
    if (fd == kFile) return "file";
    if (fd == kPipe) return "pipe_end";
    return "-1";
  }

  std::string PortIn(Port port) {
    if (port.IsProgram()) return "P" + std::to_string(port.program());
    if (port.IsChosen()) return Need(Helper::kChosen, "E" + std::to_string(port.chosen()));
    return port == kPortPrivileged ? "1" : "0";
  }

  std::string AddressIn(const Address& address) {
    if (address.host == Host::kNotOurs || address.host == Host::kUnreachable ||
        address.host == Host::kBlackhole) {
      Need(Helper::kHosts);
    }
    const std::string text =
        Need(Helper::kAddress, "address(" + Constant(Families(), address.family) + ", " +
                                   HostConstant(address.host) + ", " + PortIn(address.port) + ")");
    return address.dirty_tail ? Need(Helper::kDirty, "dirty(" + text + ")") : text;
  }

  // `valid` where the pointer is. Compilers know of buffers that they must not be null, and are not
  // told.
  std::string PointerIn(Pointer pointer, std::string valid, bool is_buffer = false) {
    switch (pointer) {
      case Pointer::kValid:
        return valid;
      case Pointer::kNull:
        return is_buffer ? Need(Helper::kNullPointer, "null_pointer") : "NULL";
      case Pointer::kBad:
        return Need(Helper::kBadPointer, "bad_pointer");
    }
    return valid;
  }

  std::string Length(int32_t length, int32_t usual, std::string_view type) {
    if (length == usual) return "sizeof(" + std::string(type) + ")";
    return length < 0 ? "(socklen_t)" + Number(length) : Number(length);
  }

  std::string LengthOut(const Call& call, int32_t usual, std::string_view type) {
    const std::string length = Length(call.length, usual, type);
    return PointerIn(call.length_pointer, call.length_pointer == Pointer::kValid
                                              ? Need(Helper::kRoom, "room(" + length + ")")
                                              : "");
  }

  std::string_view OptionType(const Call& call) { return IsLinger(call) ? "struct linger" : "int"; }

  std::string OptionIn(const Call& call) {
    if (call.pointer != Pointer::kValid) return PointerIn(call.pointer, "");
    if (IsLinger(call)) {
      return Need(Helper::kLinger,
                  "linger(" + Number(call.value) + ", " + Number(call.seconds) + ")");
    }
    return Need(Helper::kValue, "value(" + Number(call.value) + ")");
  }

  std::string ArgumentIn(const Argument& argument, const Call& call) {
    const int32_t number = argument.member == nullptr ? 0 : call.*argument.member;
    const int32_t option_size = OptionSize(call.level, call.option);
    switch (argument.kind) {
      case Kind::kDescriptor:
        return DescriptorIn(call.fd);
      case Kind::kConstant:
      case Kind::kNumber:
        return Constant(argument.tokens, number);
      case Kind::kFlags:
        return Spaced(PrintFlags(argument.tokens, number));
      case Kind::kType:
        return Spaced(PrintType(number));
      case Kind::kAddressIn:
        return PointerIn(call.pointer,
                         call.pointer == Pointer::kValid ? AddressIn(call.address) : "") +
               ", " + Length(call.length, kExactLength, "struct sockaddr_in");
      case Kind::kAddressOut:
        if (call.pointer == Pointer::kValid) Need(Helper::kOut);
        return PointerIn(call.pointer, "&out.any") + ", " +
               LengthOut(call, kExactLength, "struct sockaddr_in");
      case Kind::kOptionIn:
        return OptionIn(call) + ", " + Length(call.length, option_size, OptionType(call));
      case Kind::kOptionOut:
        if (call.pointer == Pointer::kValid) Need(Helper::kOut);
        return PointerIn(call.pointer, "&out") + ", " +
               LengthOut(call, option_size, OptionType(call));
      case Kind::kMadePair:
      case Kind::kMadeIfAny:
      case Kind::kBuffer: {
        std::string valid;
        if (call.pointer == Pointer::kValid) {
          valid = argument.written ? Need(Helper::kInto, "into()")
                                   : Need(Helper::kSent, "next(" + DescriptorIn(call.fd) + ")");
        }
        return PointerIn(call.pointer, valid, /*is_buffer=*/true);
      }
    }
    return "";
  }

  // The call in C. Two of them take their last argument through a pointer, which the text form
  // leaves out.
  std::string CallIn(const Call& call) {
    const Declaration& declaration = DeclarationOf(call.op);
    if (call.op == Op::kPoll) {
      const std::string events = ArgumentIn(declaration.arguments[1], call);
      return Need(Helper::kPolled,
                  "poll(about(" + DescriptorIn(call.fd) + ", " + events + "), 1, 0)");
    }
    std::string out = std::string(declaration.name) + "(";
    bool first = true;
    for (const Argument& argument : declaration.arguments) {
      if (!argument.UsedBy(call)) continue;
      if (!first) out += ", ";
      first = false;
      const bool through_pointer = call.op == Op::kIoctl && argument.kind == Kind::kNumber;
      out += through_pointer ? Need(Helper::kValue, "value(" + Number(call.value) + ")")
                             : ArgumentIn(argument, call);
    }
    if (IsQuestion(call)) out += Need(Helper::kAnswer, ", ask()");
    return out + ")";
  }

  // An ioctl() that answers through its pointer.
  static bool IsQuestion(const Call& call) {
    return call.op == Op::kIoctl && !DeclarationOf(call.op).arguments.back().UsedBy(call);
  }

  // ---- Replies ----

  // The reply as the helpers tell it: lengths only where they are not as usual.
  std::optional<Reply> Expected(size_t i) const {
    if (i >= transcript_.said.size() || !transcript_.said[i].reply) return std::nullopt;
    Reply reply = *transcript_.said[i].reply;
    const Call& call = calls_[i];
    const bool failed = reply.error != 0;
    const auto drop = [&reply](Wrote bit) {
      reply.wrote = static_cast<uint8_t>(reply.wrote & ~bit);
    };
    if (reply.address_length == (failed ? call.length : kExactLength)) drop(kWroteAddressLength);
    if (reply.option_length == (failed ? call.length : OptionSize(call.level, call.option))) {
      drop(kWroteLength);
    }
    return reply;
  }

  std::string_view FlagTable(std::span<const Token> tokens) {
    const bool status = tokens.data() == StatusFlags().data();
    Need(status ? Helper::kStatusFlags : Helper::kDescriptorFlags);
    return status ? "status_flags" : "descriptor_flags";
  }

  // The statement that makes the call and tells its value.
  std::string Making(const Call& call) {
    const std::string in_c = CallIn(call);
    const Declaration& declaration = DeclarationOf(call.op);
    if (declaration.makes(call)) {
      const std::string handle = "s" + std::to_string(call.made);
      const bool used = used_handles_.contains(call.made);
      std::string out = Need(Helper::kMade, (used ? handle + " = " : "") + "made(" +
                                                Quoted(handle) + ", " + in_c + ");\n");
      if (used && has_streams_ && call.op == Op::kDup) {
        out += Need(Helper::kSameStream,
                    "    same_stream(" + handle + ", " + DescriptorIn(call.fd) + ");\n");
      }
      return out;
    }
    if (const std::span<const Token> flags = ReturnTokens(call); !flags.empty()) {
      return Need(Helper::kGaveFlags,
                  "gave_flags(" + in_c + ", " + std::string(FlagTable(flags)) + ");\n");
    }
    const Argument* buffer = FindArgument(call, Kind::kBuffer);
    const std::string gave = Need(Helper::kGave, "gave(" + in_c + ")");
    if (buffer != nullptr && !buffer->written && call.pointer == Pointer::kValid) {
      return Need(Helper::kSent, "sent(" + DescriptorIn(call.fd) + ", " + gave + ");\n");
    }
    return gave + ";\n";
  }

  std::string TellValue(const Call& call, const std::optional<Reply>& expected) {
    if (IsLinger(call)) return Need(Helper::kTellLinger, "tell_linger();");
    const std::span<const Token> tokens = OptionTokens(call.level, call.option);
    if (tokens.data() == Errnos().data()) return Need(Helper::kTellErrno, "tell_errno();");
    if (expected) {
      if (const std::string_view name = NameOf(tokens, expected->option); !name.empty()) {
        return Need(Helper::kTellConstant,
                    "tell_constant(" + std::string(name) + ", " + Quoted(name) + ");");
      }
    }
    return Need(Helper::kTellNumber, "tell_number();");
  }

  // The statements that tell what came back through pointers.
  std::vector<std::string> Telling(const Call& call, const std::optional<Reply>& expected) {
    std::vector<std::string> out;
    const auto wanted = [&](Wrote bit) {
      return !expected || header_.complete || (expected->wrote & bit) != 0;
    };
    const bool good = call.pointer == Pointer::kValid;
    const bool good_length = call.length_pointer == Pointer::kValid;
    for (const Argument& argument : DeclarationOf(call.op).arguments) {
      switch (argument.kind) {
        case Kind::kAddressOut:
          if (good && good_length && wanted(kWroteAddress)) {
            out.push_back(Need(Helper::kTellAddress, "tell_address();"));
          } else if (good && good_length && names_chosen_ports_) {
            out.push_back(Need(Helper::kSeeAddress, "see_address();"));
          }
          if (good_length && wanted(kWroteAddressLength)) {
            const bool none = !good;  // without an address, its length stays
            out.push_back(Need(Helper::kTellLength,
                               "tell_length(\"addrlen\", " +
                                   (none ? Number(call.length) : "sizeof(struct sockaddr_in)") +
                                   ");"));
          }
          break;
        case Kind::kOptionOut:
          if (good && good_length && wanted(kWroteValue)) out.push_back(TellValue(call, expected));
          if (good_length && wanted(kWroteLength)) {
            out.push_back(Need(Helper::kTellLength, "tell_length(\"len\", sizeof(" +
                                                        std::string(OptionType(call)) + "));"));
          }
          break;
        case Kind::kMadePair:
        case Kind::kMadeIfAny:
        case Kind::kBuffer:
          if (argument.written && good && wanted(kWroteData)) {
            const uint32_t likely = expected ? expected->data.start : 0;
            out.push_back(Need(Helper::kTellData, "tell_data(" + std::to_string(likely) + ");"));
          } else if (!argument.written && wanted(kWroteSignal)) {
            out.push_back(Need(Helper::kTellSignal, "tell_signal();"));
          }
          break;
        default:
          break;
      }
    }
    if (IsQuestion(call) && wanted(kWroteValue))
      out.push_back(Need(Helper::kTellAnswer, "tell_answer();"));
    if (call.op == Op::kPoll && wanted(kWroteEvents)) {
      Need(Helper::kTellFlags);
      Need(Helper::kPollEvents);
      out.push_back("if (polled.revents != 0) {");
      out.push_back("    tell(\", revents=\");");
      out.push_back("    tell_flags((unsigned short)polled.revents, poll_events);");
      out.push_back("}");
    }
    return out;
  }

  std::string Statements(size_t i) {
    const Call& call = calls_[i];
    const std::optional<Reply> expected = Expected(i);
    std::string out = Need(Helper::kCall, "\n    call(" + Quoted(PrintCall(call)) + ");\n");
    out += "    " + Making(call);
    for (const std::string& line : Telling(call, expected)) out += "    " + line + "\n";
    if (!expected) return out + Need(Helper::kShow, "    show();\n");
    if ((expected->wrote & kBlocksOnly) != 0) {
      out += Need(Helper::kBlockingOnly, "    forget_the_rest();\n");
    }
    return out +
           Need(Helper::kExpect, "    expect(" + Quoted(PrintReply(call, *expected)) + ");\n");
  }

  // ---- Parts of the file ----

  std::string Body() {
    std::string statements;
    for (size_t i = 0; i < calls_.size(); ++i) statements += Statements(i);

    std::string out = "\nint main(void)\n{\n";
    std::vector<std::string> handles;
    for (const int handle : used_handles_)
      handles.push_back("s" + std::to_string(handle) + " = -1");
    if (uses_file_) out += "    int file = " + Need(Helper::kFile, "open_file();\n");
    if (uses_pipe_) out += "    int pipe_end = " + Need(Helper::kPipe, "open_pipe();\n");
    if (!handles.empty()) out += "    int " + Wrapped(handles, "        ", 100).substr(8) + ";\n";
    if (!handles.empty() || uses_file_ || uses_pipe_) out += "\n";
    out += Setup();
    if (needed_.contains(Helper::kExpect) || needed_.contains(Helper::kShow)) {
      out +=
          "    printf(\"%-@CALLS@s  %-@REPLIES@s  %s\\n\", \"call\", \"expected\", \"actual\");\n";
    }
    out += statements;
    if (needed_.contains(Helper::kExpect)) {
      out +=
          "\n    printf(\"\\n%d of %d replies differ.\\n\", different_replies, expected_replies);\n"
          "    return different_replies > 0 ? 1 : 0;\n}\n";
    } else {
      out += "\n    return 0;\n}\n";
    }
    ReplacePlaceholders(out);
    return out;
  }

  std::string Setup() {
    std::string out = Need(Helper::kNetwork, "    own_network();\n");
    if (routes_to_unreachable_) {
      out += Need(Helper::kRoutes, "    add_route(RTN_UNREACHABLE, UNREACHABLE);\n");
    }
    if (routes_to_blackhole_) {
      out += Need(Helper::kRoutes, "    add_route(RTN_BLACKHOLE, BLACKHOLE);\n");
    }
    const Environment& env = transcript_.program.env;
    if (env.ephemeral > 0) out += Need(Helper::kEphemeral, "    few_ephemeral_ports();\n");
    if (sends_) out += Need(Helper::kBrokenPipe, "    watch_for_broken_pipes();\n");
    if (needed_.contains(Helper::kCall)) out += "    watch_for_blocking();\n";
    if (env.nofile > 0) out += Need(Helper::kNofile, "    few_descriptors();\n");
    includes_.insert("stdio.h");
    return out + "    setvbuf(stdout, NULL, _IOLBF, 0);\n";
  }

  std::string ThreadsBody() {
    includes_.insert("stdio.h");
    return "\nint main(void)\n{\n"
           "    fputs(\"cannot run here: the program has calls in several threads\\n\", stderr);\n"
           "    return 125;\n}\n";
  }

  void NeedWhatIsNeeded() {
    for (size_t before = 0; before != needed_.size();) {
      before = needed_.size();
      for (const Helper helper : std::set<Helper>(needed_)) {
        const HelperText& text = TextOf(helper);
        needed_.insert(text.needs);
        if (helper == Helper::kMade && has_streams_) needed_.insert(Helper::kStreams);
      }
    }
  }

  std::string Helpers() {
    NeedWhatIsNeeded();
    std::string out;
    for (const Helper helper : needed_) {
      const HelperText& text = TextOf(helper);
      out += text.text;
      includes_.insert(text.includes.begin(), text.includes.end());
    }
    ReplacePlaceholders(out);
    return out;
  }

  void ReplacePlaceholders(std::string& text) const {
    const Environment& env = transcript_.program.env;
    const auto plural = [](int n, std::string_view what) {
      return std::to_string(n) + " " + std::string(what) + (n == 1 ? "" : "s");
    };
    ReplaceAll(text, "@CALLS@", std::to_string(CallWidth()));
    ReplaceAll(text, "@REPLIES@", std::to_string(ReplyWidth()));
    ReplaceAll(text, "@P0@", std::to_string(kFirstPort));
    ReplaceAll(text, "@P7@", std::to_string(kFirstPort + kMaxProgramPorts - 1));
    ReplaceAll(text, "@FIRST@", std::to_string(kFirstEphemeral));
    ReplaceAll(
        text, "@LAST@",
        std::to_string(env.ephemeral > 0 ? kFirstEphemeral + env.ephemeral - 1 : kLastEphemeral));
    ReplaceAll(text, "@EPHEMERAL@", plural(env.ephemeral, "port"));
    ReplaceAll(text, "@NOFILE@", plural(env.nofile, "descriptor"));
    ReplaceAll(text, "@NOFILE_NUMBER@", std::to_string(env.nofile));
    ReplaceAll(text, "@MOST@", std::to_string(std::max(1, most_)));
    ReplaceAll(text, "@NEW_STREAM@",
               has_streams_ ? "    if (!failed && fd < 1024) {\n"
                              "        static int streams;\n"
                              "        stream_of[fd] = ++streams;\n"
                              "        sent_on[streams] = 0;\n"
                              "    }\n"
                            : "");
    ReplaceAll(text, "@CHOSEN@", Chosen());
    ReplaceAll(text, "@STATUS_FLAGS@", Pairs(StatusFlags(), "", 1000));
    ReplaceAll(text, "@DESCRIPTOR_FLAGS@", Pairs(ReturnTokens(GetDescriptorFlags()), "", 1000));
    ReplaceAll(text, "@POLL_EVENTS@", Pairs(PollEvents(), "    ", 80));
    ReplaceAll(text, "@ERRNOS@", ErrnoNames());
    ReplaceAll(text, "@FAMILIES@", FamilyCases());
  }

  static Call GetDescriptorFlags() { return Call{.op = Op::kFcntl, .command = F_GETFD}; }

  static std::string Pairs(std::span<const Token> tokens, std::string_view indent, size_t width) {
    std::vector<std::string> pairs;
    for (const Token& token : tokens) {
      pairs.push_back("{" + std::string(token.name) + ", " + Quoted(token.name) + "}");
    }
    return Wrapped(pairs, indent, width);
  }

  static std::string ErrnoNames() {
    std::vector<std::string> names;
    for (const Token& token : Errnos()) names.push_back("NAME(" + std::string(token.name) + ")");
    return Wrapped(names, "        ", 96);
  }

  static std::string FamilyCases() {
    std::string out;
    for (const Token& token : Families()) {
      if (!out.empty()) out += "\n";
      out +=
          "    case " + std::string(token.name) + ":\n        return " + Quoted(token.name) + ";";
    }
    return out;
  }

  std::string Chosen() const {
    if (used_chosen_.empty()) return "";
    std::string out =
        "\n/* One that has not appeared is the discard port. */\n"
        "static unsigned chosen(int n)\n{\n"
        "    return n < chosen_count ? chosen_ports[n] : 9;\n}\n\n";
    for (const int port : used_chosen_) {
      out += "#define E" + std::to_string(port) + " chosen(" + std::to_string(port) + ")\n";
    }
    return out;
  }

  int CallWidth() const {
    size_t width = 0;
    for (const Call& call : calls_) width = std::max(width, PrintCall(call).size());
    return static_cast<int>(std::min<size_t>(width, 80));
  }

  int ReplyWidth() const {
    size_t width = std::string_view("expected").size();
    for (size_t i = 0; i < calls_.size(); ++i) {
      if (const std::optional<Reply> expected = Expected(i)) {
        width = std::max(width, PrintReply(calls_[i], *expected).size());
      }
    }
    return static_cast<int>(std::min<size_t>(width, 40));
  }

  std::string Top() const {
    std::string out = "/*\n";
    const auto line = [&out](const std::string& text) {
      out += text.empty() ? " *\n" : " * " + Harmless(text) + "\n";
    };
    const auto paragraph = [&](const std::vector<std::string>& lines) {
      for (const std::string& text : lines) line(text);
      if (!lines.empty()) line("");
    };
    paragraph(header_.title);
    paragraph(transcript_.comments);
    Transcript program = transcript_;
    program.comments.clear();
    std::string text = PrintText(program);
    while (!text.empty()) {
      const size_t end = text.find('\n');
      line("    " + text.substr(0, end));
      text.erase(0, end + 1);
    }
    line("");
    line(
        "P0, P1, ... are ports that the program chooses; E0, E1, ... ports that the kernel chose, "
        "in");
    line("the order of appearance.");
    line("");
    line("    cc -Wall -Wextra -o repro repro.c && ./repro");
    line("");
    line(
        "It makes a network namespace of its own, and a user namespace around it if it is not "
        "root.");
    line("Exit status: 0, every reply is as expected; 1, one differs; 125, it cannot run here.");
    return out + " */\n";
  }

  std::string Includes() const {
    std::string out = "#define _GNU_SOURCE\n";
    std::set<std::string_view> all = includes_;
    const auto add = [&](std::initializer_list<std::string_view> names) {
      all.insert(names.begin(), names.end());
    };
    // What calls need by themselves: which header a libc has a constant in is not written down with
    // it.
    if (!threads_) {
      add({"limits.h", "netinet/in.h", "stddef.h", "sys/ioctl.h", "sys/socket.h", "unistd.h"});
      if (UsesFcntl()) add({"fcntl.h"});
      if (needed_.contains(Helper::kCall)) add({"errno.h"});
    }
    for (const std::string_view name : all) out += "#include <" + std::string(name) + ">\n";
    return out;
  }

  bool UsesFcntl() const {
    return std::any_of(calls_.begin(), calls_.end(),
                       [](const Call& call) { return call.op == Op::kFcntl; });
  }

  std::string Ports() const {
    if (used_ports_.empty() || threads_) return "";
    std::string out = "\n";
    for (const int port : used_ports_) {
      out += "#define P" + std::to_string(port) + " " + std::to_string(kFirstPort + port) + "\n";
    }
    return out;
  }

  const Transcript& transcript_;
  const std::vector<Call>& calls_;
  const CHeader& header_;
  std::set<Helper> needed_;
  std::set<std::string_view> includes_;
  std::set<int> used_handles_;
  std::set<int> used_ports_;
  std::set<int> used_chosen_;
  bool names_chosen_ports_ = false;
  bool threads_ = false;
  bool uses_file_ = false;
  bool uses_pipe_ = false;
  bool routes_to_unreachable_ = false;
  bool routes_to_blackhole_ = false;
  bool sends_ = false;
  bool has_streams_ = false;  // bytes are sent, so that it matters which
  int32_t most_ = 0;
};

}  // namespace

std::string EmitC(const Transcript& transcript, const CHeader& header) {
  return Emitter(transcript, header).Run();
}

}  // namespace sockspec
