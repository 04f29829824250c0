// Making a call in C. What an argument looks like follows from its kind; a call whose arguments lie in a struct
// has a function of its own here.
#include "model/program/c_calls.h"

#include <span>
#include <string_view>

#include "model/program/c_text.h"
#include "model/program/declarations.h"
#include "model/program/notation.h"
#include "model/program/text.h"
#include "model/program/tokens.h"
#include "model/program/unix_name.h"

namespace sockspec {
namespace {

class Maker {
 public:
  Maker(const Call& call, uint16_t told, const Uses& uses, Needs* needs)
      : call_(call), declaration_(DeclarationOf(call.op)), told_(told), uses_(uses), needs_(*needs) {}

  std::vector<std::string> Lines() {
    const std::string in_c = CallInC();
    if (declaration_.makes(call_)) return {Assigned(call_.made) + needs_.With(Helper::kMade, MadeAs(in_c))};
    if (declaration_.makes_pair()) return {needs_.With(Helper::kMadePair, PairOf(in_c))};
    if (declaration_.returns == Returns::kTarget && call_.fd2.IsHandle()) {
      const std::string handle = DescriptorIn(call_.fd2);
      return {needs_.With(Helper::kGaveTarget,
                          "gave_target(" + Quoted(handle) + ", " + handle + ", " + in_c + ");")};
    }
    if (const std::span<const Token> flags = ReturnTokens(call_); !flags.empty()) {
      return {needs_.With(Helper::kGaveFlags, "gave_flags(" + in_c + ", " + FlagTable(flags) + ");")};
    }
    const std::string gave = needs_.With(Helper::kGave, "gave(" + in_c + ")");
    const Argument* buffer = Find(Kind::kBuffer);
    if (buffer != nullptr && !buffer->written && call_.buffer == Pointer::kValid) {
      return {needs_.With(Helper::kSent, "sent(" + gave + ");")};
    }
    if (call_.op == Op::kSelect && call_.flags != 0 && (told_ & kWroteEvents) != 0) {
      return {needs_.With(Helper::kTellSelected, "tell_selected(" + gave + ", " + DescriptorIn(call_.fd) + ", " +
                                                     std::to_string(call_.flags) + ");")};
    }
    if (call_.op == Op::kEpollWait && (told_ & kWroteReady) != 0) {
      return {needs_.With(Helper::kTellReady, "tell_ready(" + gave + ");")};
    }
    return {gave + ";"};
  }

 private:
  // ---- Calls ----

  std::string CallInC() {
    switch (call_.op) {
      case Op::kPoll:
        return Called({needs_.With(Helper::kPolled, "about(" + DescriptorIn(call_.fd) + ", " +
                                                        In(&Call::flags) + ")"),
                       "1", In(&Call::timeout)});
      case Op::kSelect:
        return SelectInC();
      case Op::kSocketpair:
        return Called({In(&Call::domain), In(&Call::type), In(&Call::protocol),
                       needs_.With(Helper::kMadePair, "ends")});
      case Op::kSendmsg:
      case Op::kRecvmsg:
        return Called({DescriptorIn(call_.fd), MessageInC(), In(&Call::flags)});
      case Op::kReadv:
      case Op::kWritev:
        return Called({DescriptorIn(call_.fd), Pieces(), Count(call_.pieces)});
      case Op::kEpollCtl:
        return Called({DescriptorIn(call_.fd), In(&Call::command), DescriptorIn(call_.fd2), EventInC()});
      case Op::kEpollWait:
        return Called({DescriptorIn(call_.fd), needs_.With(Helper::kReady, "ready"), Count(call_.value),
                       In(&Call::timeout)});
      case Op::kIoctl:
        // What the text has as a number is passed through a pointer, and so is an answer.
        return Called({DescriptorIn(call_.fd), In(&Call::command),
                       declaration_.arguments.back().UsedBy(call_)
                           ? needs_.With(Helper::kValue, "value(" + Number(call_.value) + ")")
                           : needs_.With(Helper::kAnswer, "ask()")});
      default:
        break;
    }
    std::vector<std::string> arguments;
    for (const Argument& argument : declaration_.arguments) {
      if (argument.UsedBy(call_)) arguments.push_back(ArgumentInC(argument));
    }
    return Called(arguments);
  }

  std::string Called(const std::vector<std::string>& arguments) const {
    std::string out = std::string(declaration_.name) + "(";
    for (size_t i = 0; i < arguments.size(); ++i) out.append(i == 0 ? "" : ", ").append(arguments[i]);
    return out + ")";
  }

  std::string SelectInC() {
    const std::string fd = DescriptorIn(call_.fd);
    const auto set = [&](int which) {
      if ((call_.flags & 1 << which) == 0) return std::string("NULL");
      return needs_.With(Helper::kSet, "set(" + std::to_string(which) + ", " + fd + ")");
    };
    return Called({fd + " + 1", set(0), set(1), set(2),
                   call_.timeout < 0 ? "NULL"
                                     : needs_.With(Helper::kMilliseconds,
                                                   "milliseconds(" + Number(call_.timeout) + ")")});
  }

  std::string MessageInC() {
    const Argument* out = Find(Kind::kAddressOut);
    std::string name;
    if (out == nullptr) {
      name = ArgumentInC(*Find(Kind::kAddressIn));
    } else if (call_.pointer == Pointer::kValid) {
      needs_.Add(Helper::kRoom);
      name = "&out, *room(" + LengthIn(call_.length, kStorageLength, "struct sockaddr_storage") + ")";
    } else {
      name = PointerIn(call_.pointer) + ", " +
             needs_.With(Helper::kRoom, "*room(" + LengthIn(call_.length) + ")");
    }
    const std::string message = needs_.With(
        Helper::kMessage, "message(" + name + ", " + Pieces() + ", " + In(&Call::pieces) + ")");
    if (call_.control != 0) {
      return needs_.With(Helper::kWithRights,
                         "with_rights(" + message + ", " + DescriptorIn(call_.fd2) + ")");
    }
    if (call_.made != kNoHandle) return needs_.With(Helper::kControl, "with_control(" + message + ")");
    return message;
  }

  std::string Pieces() {
    return needs_.With(Helper::kVector, "pieces(" + BufferIn(*Find(Kind::kBuffer)) + ", " +
                                            Number(call_.size) + ", " + Number(call_.pieces) + ")");
  }

  // The descriptor's name comes back with what is ready.
  std::string EventInC() {
    const Argument* events = FindMember(&Call::flags);
    if (!events->UsedBy(call_)) return "NULL";
    return needs_.With(Helper::kEvent,
                       "event(" + In(&Call::flags) + ", " + Quoted(PrintDescriptor(call_.fd2)) + ")");
  }

  std::string Assigned(uint8_t handle) const {
    return uses_.handles.contains(handle) ? PrintHandle(handle) + " = " : "";
  }

  std::string MadeAs(const std::string& in_c) const {
    return "made(" + Quoted(PrintHandle(call_.made)) + ", " + in_c + ");";
  }

  std::string PairOf(const std::string& in_c) const {
    const auto pointer = [&](uint8_t handle) {
      return uses_.handles.contains(handle) ? "&" + PrintHandle(handle) : std::string("NULL");
    };
    return "made_pair(" + pointer(call_.made) + ", " + pointer(call_.made2) + ", " + in_c + ");";
  }

  std::string FlagTable(std::span<const Token> tokens) {
    if (tokens.data() == StatusFlags().data()) return needs_.With(Helper::kStatusFlags, "status_flags");
    return needs_.With(Helper::kDescriptorFlags, "descriptor_flags");
  }

  // ---- Arguments ----

  const Argument* Find(Kind kind) const {
    for (const Argument& argument : declaration_.arguments) {
      if (argument.kind == kind) return &argument;
    }
    return nullptr;
  }

  const Argument* FindMember(int32_t Call::*member) const {
    for (const Argument& argument : declaration_.arguments) {
      if (argument.member == member) return &argument;
    }
    return nullptr;
  }

  std::string In(int32_t Call::*member) { return ArgumentInC(*FindMember(member)); }

  std::string ArgumentInC(const Argument& argument) {
    const int32_t number = argument.member == nullptr ? 0 : call_.*argument.member;
    switch (argument.kind) {
      case Kind::kDescriptor:
        return DescriptorIn(call_.*argument.descriptor);
      case Kind::kConstant:
      case Kind::kNumber:
        return Constant(argument.TokensOf(call_), number);
      case Kind::kFlags:
        return FlagsExpression(PrintFlags(argument.TokensOf(call_), number));
      case Kind::kType:
        return FlagsExpression(PrintType(number));
      case Kind::kAddressIn:
        if (call_.pointer == Pointer::kValid) return AddressIn() + ", " + AddressLength();
        return PointerIn(call_.pointer) + ", " +
               LengthIn(call_.length, kExactLength, "struct sockaddr_in");
      case Kind::kAddressOut:
        if (call_.pointer == Pointer::kValid) needs_.Add(Helper::kOut);
        return PointerIn(call_.pointer, "&out.any") + ", " +
               LengthOut(kStorageLength, "struct sockaddr_storage");
      case Kind::kOptionIn:
        return OptionIn() + ", " + LengthIn(call_.length, OptionLength(), OptionType());
      case Kind::kOptionOut:
        if (call_.pointer == Pointer::kValid) needs_.Add(Helper::kOut);
        return PointerIn(call_.pointer, "&out") + ", " + LengthOut(OptionLength(), OptionType());
      case Kind::kBuffer:
        return BufferIn(argument);
      case Kind::kMadePair:
      case Kind::kMadeIfAny:
        break;  // in structs
    }
    return "";
  }

  static std::string PrintDescriptor(Descriptor fd) {
    if (fd.IsHandle()) return PrintHandle(fd.handle());
    if (fd == kNeverOpen) return "NEVER";
    if (fd == kFile) return "FILE";
    return fd == kPipe ? "PIPE" : "-1";
  }

  std::string DescriptorIn(Descriptor fd) {
    if (fd == kNeverOpen) needs_.Add(Helper::kNever);
    if (fd == kFile) return "file";
    return fd == kPipe ? "pipe_end" : PrintDescriptor(fd);
  }

  std::string PortIn(Port port) {
    if (port.IsProgram()) return "P" + std::to_string(port.program());
    if (port.IsChosen()) return needs_.With(Helper::kChosenPorts, "E" + std::to_string(port.chosen()));
    return port == kPortPrivileged ? "1" : "0";
  }

  std::string HostIn(Host host) {
    const CHost& row = *FindCHost(Unmapped(host));
    if (!row.define.empty()) needs_.Add(Helper::kHosts);
    if (!IsMapped(host)) return row.define.empty() ? Quoted(row.text) : std::string(row.define);
    if (row.define.empty()) return Quoted("::ffff:" + std::string(row.text));
    return "\"::ffff:\" " + std::string(row.define);
  }

  std::string AddressIn() {
    const Address& address = call_.address;
    const std::string family = Constant(Families(), address.family);
    if (address.host == Host::kUnix) return UnixAddressIn(family);
    const bool ipv6 = IsIpv6(address.host);
    const std::string text = needs_.With(
        ipv6 ? Helper::kAddress6 : Helper::kAddress, std::string(ipv6 ? "address6(" : "address(") + family + ", " +
                                                         HostIn(address.host) + ", " + PortIn(address.port) + ")");
    return address.dirty_tail ? needs_.With(Helper::kDirty, "dirty(" + text + ")") : text;
  }

  std::string UnixAddressIn(const std::string& family) {
    const UnixName name = call_.address.name;
    if (name.IsChosen()) {
      needs_.Add(Helper::kChosenNames);
      return needs_.With(Helper::kAbstractAddress, "abstract(" + family + ", chosen_name(" +
                                                       std::to_string(name.chosen()) + "))");
    }
    if (name.IsAbstract()) {
      return needs_.With(Helper::kAbstractAddress, "abstract(" + family + ", " + UnixString() + ")");
    }
    return needs_.With(Helper::kPathAddress, "path(" + family + ", " + UnixString() + ")");
  }

  // The name, without the zero byte that an abstract one begins with and a path ends with.
  std::string UnixString() const {
    std::string_view bytes = FindUnixName(call_.address.name)->bytes;
    if (bytes.empty()) return "\"\"";
    if (call_.address.name.IsAbstract()) return Quoted(bytes.substr(1));
    return Quoted(bytes.substr(0, bytes.size() - 1));
  }

  std::string AddressLength() const {
    const Address& address = call_.address;
    if (call_.length != ExactLength(address)) return LengthIn(call_.length);
    if (address.host != Host::kUnix) {
      return IsIpv6(address.host) ? "sizeof(struct sockaddr_in6)" : "sizeof(struct sockaddr_in)";
    }
    if (address.name == kUnnamed) return "sizeof(sa_family_t)";
    return "sizeof(sa_family_t) + sizeof " + (address.name.IsChosen() ? Quoted("00000") : UnixString());
  }

  // `valid` where the pointer is.
  std::string PointerIn(Pointer pointer, std::string valid = "") {
    if (pointer == Pointer::kNull) return "NULL";
    return pointer == Pointer::kBad ? needs_.With(Helper::kBadPointer, "bad_pointer") : valid;
  }

  static std::string LengthIn(int32_t length) {
    return length < 0 ? "(socklen_t)" + Number(length) : Number(length);
  }

  static std::string LengthIn(int32_t length, int32_t usual, std::string_view type) {
    return length == usual && !type.empty() ? "sizeof(" + std::string(type) + ")" : LengthIn(length);
  }

  std::string LengthOut(int32_t usual, std::string_view type) {
    if (call_.length_pointer != Pointer::kValid) return PointerIn(call_.length_pointer);
    return needs_.With(Helper::kRoom, "room(" + LengthIn(call_.length, usual, type) + ")");
  }

  // Compilers know of buffers that they must not be null, and are not told.
  std::string BufferIn(const Argument& buffer) {
    if (call_.buffer == Pointer::kNull) return needs_.With(Helper::kNullPointer, "null_pointer");
    if (call_.buffer == Pointer::kBad) return PointerIn(call_.buffer);
    return buffer.written ? needs_.With(Helper::kInto, "into()")
                          : needs_.With(Helper::kSent, "next(" + DescriptorIn(call_.fd) + ")");
  }

  // Nor that a count is negative.
  std::string Count(int32_t count) {
    return count < 0 ? needs_.With(Helper::kNegative, "negative(" + Number(count) + ")") : Number(count);
  }

  int32_t OptionLength() const { return OptionSize(call_.level, call_.option); }
  std::string_view OptionType() const { return OptionTypeInC(call_.level, call_.option); }

  std::string OptionIn() {
    if (call_.pointer != Pointer::kValid) return PointerIn(call_.pointer);
    const std::string both = "(" + Number(call_.value) + ", " + Number(call_.seconds) + ")";
    switch (FormOf(call_.level, call_.option)) {
      case OptionForm::kPair:
        return OptionType() == "struct linger" ? needs_.With(Helper::kLinger, "linger" + both)
                                               : needs_.With(Helper::kPair, "pair" + both);
      case OptionForm::kTime:
        return needs_.With(Helper::kTime, "time_value" + both);
      case OptionForm::kText:
        return needs_.With(Helper::kName, "name(" + Quoted(OptionTexts()[static_cast<size_t>(call_.value)].text) + ")");
      case OptionForm::kInt:
      case OptionForm::kFirstByte:
      case OptionForm::kCredentials:
      case OptionForm::kOpaque:
        break;
    }
    return needs_.With(Helper::kValue, "value(" + Number(call_.value) + ")");
  }

  const Call& call_;
  const Declaration& declaration_;
  const uint16_t told_;
  const Uses& uses_;
  Needs& needs_;
};

}  // namespace

std::vector<std::string> MakingInC(const Call& call, uint16_t told, const Uses& uses, Needs* needs) {
  return Maker(call, told, uses, needs).Lines();
}

}  // namespace sockspec
