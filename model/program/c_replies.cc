// Telling a reply in C, and what of a reply the C file tells.
#include <span>
#include <string_view>

#include "model/program/c_calls.h"
#include "model/program/c_text.h"
#include "model/program/declarations.h"
#include "model/program/notation.h"
#include "model/program/tokens.h"
#include "model/program/unix_name.h"

namespace sockspec {
namespace {

// The length that an address has which came back: IPv4's where none did.
int32_t WholeLength(const Reply& reply) {
  if ((reply.wrote & kWroteAddress) == 0) return kExactLength;
  if (reply.host == Host::kUnix) return ExactLength(reply.name);
  return reply.family == UsualFamily(Host::kAny6) ? kExactLength6 : kExactLength;
}

class Teller {
 public:
  Teller(const Call& call, const std::optional<Reply>& expected, uint16_t told, const Uses& uses, Needs* needs)
      : call_(call), expected_(expected), told_(told), uses_(uses), needs_(*needs) {}

  // In the order in which PrintReply() has them.
  std::vector<std::string> Lines() {
    const std::span<const Argument> arguments = DeclarationOf(call_.op).arguments;
    for (const Argument& argument : arguments) {
      if (argument.kind == Kind::kAddressOut) TellAddress(argument);
      if (argument.kind == Kind::kOptionOut) TellOption();
    }
    if (call_.op == Op::kIoctl && !arguments.back().UsedBy(call_)) {
      Tell(kWroteValue, Helper::kTellAnswer, "tell_answer();");
    }
    for (const Argument& argument : arguments) {
      if (argument.kind == Kind::kBuffer) TellBuffer(argument);
    }
    if (call_.op == Op::kPoll) Tell(kWroteEvents, Helper::kTellPolled, "tell_polled();");
    for (const Argument& argument : arguments) {
      if (argument.kind == Kind::kMadeIfAny) TellControl();
    }
    return std::move(lines_);
  }

 private:
  bool Told(Wrote bit) const { return (told_ & bit) != 0; }

  void Add(Helper helper, std::string line) { lines_.push_back(needs_.With(helper, std::move(line))); }
  void Tell(Wrote bit, Helper helper, std::string line) {
    if (Told(bit)) Add(helper, std::move(line));
  }

  void TellAddress(const Argument& argument) {
    const bool has_length = call_.length_pointer == Pointer::kValid;
    const bool has_address = call_.pointer == Pointer::kValid;
    if (!has_length) return;
    const bool tells = has_address && Told(kWroteAddress);
    const bool sees = has_address && !tells && uses_.names_chosen;
    const bool tells_length = Told(kWroteAddressLength);
    if (argument.in_place && (tells || sees || tells_length)) {
      Add(Helper::kMessage, "out_length = header.msg_namelen;");
    }
    if (tells) Add(Helper::kTellAddress, "tell_address();");
    if (sees) Add(Helper::kSeeAddress, "see_address();");
    if (!tells_length) return;
    // Without an address, its length stays.
    Add(Helper::kTellLength, "tell_length(\"addrlen\", " +
                                 (has_address ? needs_.With(Helper::kWholeLength, "whole_length()")
                                              : Number(call_.length)) +
                                 ");");
  }

  void TellOption() {
    if (call_.length_pointer != Pointer::kValid) return;
    if (call_.pointer == Pointer::kValid && Told(kWroteValue)) TellValue();
    const std::string_view type = OptionTypeInC(call_.level, call_.option);
    Tell(kWroteLength, Helper::kTellLength,
         "tell_length(\"len\", " + (type.empty() ? Number(OptionSize(call_.level, call_.option)) : "sizeof(" + std::string(type) + ")") + ");");
  }

  void TellValue() {
    const OptionForm form = FormOf(call_.level, call_.option);
    switch (form) {
      case OptionForm::kPair: return Add(Helper::kTellPair, "tell_pair();");
      case OptionForm::kTime: return Add(Helper::kTellTime, "tell_time();");
      case OptionForm::kText: return Add(Helper::kTellName, "tell_name();");
      case OptionForm::kCredentials: return Add(Helper::kTellPeer, "tell_peer();");
      case OptionForm::kInt:
      case OptionForm::kFirstByte: break;
      case OptionForm::kOpaque: return;
    }
    const std::span<const Token> tokens = OptionTokens(call_.level, call_.option);
    if (tokens.data() == Errnos().data()) return Add(Helper::kTellErrno, "tell_errno();");
    const std::string_view name = expected_ ? NameOf(tokens, expected_->option) : std::string_view();
    if (form == OptionForm::kFirstByte) {
      return Add(Helper::kTellByte, name.empty() ? std::string("tell_byte(-1, \"\");")
                                                 : "tell_byte(" + std::string(name) + ", " + Quoted(name) + ");");
    }
    if (name.empty()) return Add(Helper::kTellNumber, "tell_number();");
    Add(Helper::kTellConstant, "tell_constant(" + std::string(name) + ", " + Quoted(name) + ");");
  }

  void TellBuffer(const Argument& buffer) {
    if (!buffer.written) return Tell(kWroteSignal, Helper::kTellSignal, "tell_signal();");
    if (call_.buffer != Pointer::kValid) return;
    const uint32_t likely = expected_ ? expected_->data.start : 0;
    Tell(kWroteData, Helper::kTellData, "tell_data(" + std::to_string(likely) + ");");
  }

  void TellControl() {
    Tell(kWroteFlags, Helper::kTellMessageFlags, "tell_message_flags();");
    if (call_.made == kNoHandle) return;
    const std::string handle = PrintHandle(call_.made);
    const bool used = uses_.handles.contains(call_.made);
    if (used) Add(Helper::kRights, handle + " = rights();");
    if (!Told(kWroteRights)) return;
    needs_.Add(Helper::kRights);
    Add(Helper::kTellRights, "tell_rights(" + Quoted(handle) + ", " + (used ? handle : "rights()") + ");");
  }

  const Call& call_;
  const std::optional<Reply>& expected_;
  const uint16_t told_;
  const Uses& uses_;
  Needs& needs_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> TellingInC(const Call& call, const std::optional<Reply>& expected, uint16_t told,
                                    const Uses& uses, Needs* needs) {
  return Teller(call, expected, told, uses, needs).Lines();
}

Reply AsTold(const Call& call, Reply reply) {
  const bool failed = reply.error != 0;
  const auto drop = [&reply](Wrote bit) { reply.wrote = static_cast<uint16_t>(reply.wrote & ~bit); };
  const bool has_address = !failed && call.pointer == Pointer::kValid;
  if (reply.address_length == (has_address ? WholeLength(reply) : call.length)) drop(kWroteAddressLength);
  if (reply.option_length == (failed ? call.length : OptionSize(call.level, call.option))) {
    drop(kWroteLength);
  }
  if (reply.flags == 0) drop(kWroteFlags);
  if (ReadyCount(reply) == 0) drop(kWroteReady);
  return reply;
}

}  // namespace sockspec
