// The byte form, version 2:
//
//     version  nofile|patient  ephemeral|nobody  { call }
//     call = [ 0xff thread|part ]  op  [ made ]  { argument }, as declared  [ made ]
//
// Most arguments are one byte: which of the declared choices it is, or kRaw and the value in full,
// low byte first. Pointers and lengths, which are nearly always as they should be, share one byte
// that says what is odd about them, so that a random byte is mostly an ordinary call. The handle that a
// call makes stands behind the arguments where these say whether it makes one. Encode() writes each value
// in one way only; the decoder takes every byte for something.
//
// Version 1 knew TCP over IPv4 and 20 calls; see kChoicesOfVersion1 and Reader::Old().
#include "model/program/bytes.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <optional>

#include "model/program/declarations.h"
#include "model/program/notation.h"
#include "model/program/unix_name.h"

namespace sockspec {
namespace {

constexpr int kOpsOfVersion1 = 20;
constexpr int kHostsOfVersion1 = 8;
constexpr size_t kAddressLengthsOfVersion1 = 14;
constexpr size_t kFamiliesOfVersion1 = 5;
constexpr size_t kOptionValuesOfVersion1 = 8;
constexpr size_t kLingerSecondsOfVersion1 = 4;
constexpr size_t kOptionLengthsOfVersion1 = 13;

// How many choices an argument had in version 1, in whose bytes a choice is taken modulo that: by Op and
// by place among the arguments with a member. 0: version 1 has no such argument. Lists of choices only ever
// grow at their end.
constexpr size_t kMostMembers = 3;
constexpr size_t kChoicesOfVersion1[kOpsOfVersion1][kMostMembers] = {
    {1, 1, 5},  // socket: domain and type, which have lists of their own below, protocol
    {},         // bind
    {7},        // listen: backlog
    {},         // connect
    {},         // accept
    {5},        // accept4: flags
    {},         // close
    {5},        // shutdown: how
    {},         // dup
    {},         // getsockname
    {},         // getpeername
    {1, 12},    // getsockopt: level, optname
    {1, 12},    // setsockopt: level, optname
    {6, 4},     // send: len, flags
    {6, 7},     // recv: len, flags
    {6},        // read: len
    {6},        // write: len
    {3, 2},     // fcntl: cmd, arg of F_SETFL
    {3, 2},     // ioctl: request, arg of FIONBIO
    {6},        // poll: events
};

constexpr int32_t kDomainsOfVersion1[] = {AF_INET, AF_UNSPEC, 99};
constexpr int32_t kTypesOfVersion1[] = {SOCK_STREAM,
                                        SOCK_STREAM | SOCK_NONBLOCK,
                                        SOCK_STREAM | SOCK_CLOEXEC,
                                        SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                                        SOCK_SEQPACKET,
                                        SOCK_RDM,
                                        0,
                                        15,
                                        SOCK_STREAM | 0x100};

// What version 1 took an argument's byte for; empty where it had no such argument.
std::span<const int32_t> ChoicesOfVersion1(Op op, const Argument& argument, size_t member) {
  if (argument.member == &Call::domain) return kDomainsOfVersion1;
  if (argument.member == &Call::type) return kTypesOfVersion1;
  if (member >= kMostMembers) return {};
  return argument.choices.first(kChoicesOfVersion1[static_cast<int>(op)][member]);
}

// An environment's third byte holds its ports and, as a bit of their own, who runs it. Version 1 had only the
// ports there. The second one holds the descriptors and, likewise, how long calls may block.
constexpr uint8_t kNobody = 0x80;
constexpr uint8_t kPatient = 0x40;

constexpr uint8_t kThreaded = 255;  // where an op stands: a byte with thread and part comes first
constexpr uint8_t kRaw = 255;       // where a choice stands: the value follows in full
constexpr uint8_t kNone = 255;      // where a handle stands that may be left out

// The byte of what is odd. Without both kOdd bits nothing is.
constexpr uint8_t kOdd = 0xc0;
constexpr int kPointerShift = 0;  // two bits each
constexpr int kLengthPointerShift = 2;
constexpr uint8_t kOddLength = 0x10;   // a choice of length follows
constexpr uint8_t kOddAddress = 0x20;  // a choice of family and a byte for the tail follow

// The lengths an argument has choices for, and the one that it usually has. What it points at is known.
struct Lengths {
  std::span<const int32_t> choices;
  int32_t usual;
};

Lengths LengthsOf(const Argument& argument, const Call& call) {
  if (argument.kind == Kind::kAddressIn) return {AddressLengths(), UsualAddressInLength(argument, call)};
  if (argument.kind == Kind::kAddressOut) {
    return {AddressLengths(), UsualAddressOutLength(argument, call.pointer).length};
  }
  return {OptionLengths(), OptionSize(call.level, call.option)};
}

// In version 1 all options were ints, but for one.
bool IsOldPair(const Call& call) { return call.level == SOL_SOCKET && call.option == SO_LINGER; }

bool HasLengthPointer(const Argument& argument) {
  return (argument.kind == Kind::kAddressOut && !argument.in_place) || argument.kind == Kind::kOptionOut;
}

bool IsPort(Port port) {
  return port == kPortZero || port == kPortPrivileged || port.IsProgram() || port.IsChosen();
}

bool IsUnixName(UnixName name) { return name.IsChosen() || FindUnixName(name) != nullptr; }

bool IsNamed(Descriptor fd) {
  return fd == kMinusOne || fd == kNeverOpen || fd == kFile || fd == kPipe;
}

// ---- Encoding
// ------------------------------------------------------------------------------------

class Writer {
 public:
  explicit Writer(std::vector<uint8_t>& out) : out_(out) {}

  void Byte(int value) { out_.push_back(static_cast<uint8_t>(value)); }

  void Choice(std::span<const int32_t> choices, int32_t value) {
    const auto found = std::find(choices.begin(), choices.end(), value);
    if (found != choices.end()) return Byte(static_cast<int>(found - choices.begin()));
    Byte(kRaw);
    const uint32_t bits = static_cast<uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) Byte(static_cast<int>(bits >> shift & 0xff));
  }

  void Put(const Argument& argument, const Call& call) {
    switch (argument.kind) {
      case Kind::kDescriptor:
        return Byte((call.*argument.descriptor).code);
      case Kind::kConstant:
      case Kind::kFlags:
      case Kind::kType:
      case Kind::kNumber:
        return Choice(argument.ChoicesOf(call), call.*argument.member);
      case Kind::kAddressIn:
        Odd(argument, call);
        if (call.pointer == Pointer::kValid) {
          Byte(static_cast<int>(call.address.host));
          Byte(call.address.host == Host::kUnix ? call.address.name.code : call.address.port.code);
        }
        return;
      case Kind::kOptionIn:
        Odd(argument, call);
        if (call.pointer == Pointer::kValid) {
          Choice(OptionValues(), call.value);
          if (HasTwoMembers(call)) Choice(LingerSeconds(), call.seconds);
        }
        return;
      case Kind::kAddressOut:
      case Kind::kOptionOut:
        return Odd(argument, call);
      case Kind::kMadePair:
        Byte(call.made);
        return Byte(call.made2);
      case Kind::kMadeIfAny:
        return Byte(call.made == kNoHandle ? kNone : call.made);
      case Kind::kBuffer:
        return Byte(call.buffer == Pointer::kValid
                        ? 0
                        : kOdd | static_cast<int>(call.buffer) << kPointerShift);
    }
  }

 private:
  void Odd(const Argument& argument, const Call& call) {
    const Lengths lengths = LengthsOf(argument, call);
    int odd = static_cast<int>(call.pointer) << kPointerShift |
              static_cast<int>(call.length_pointer) << kLengthPointerShift;
    if (call.length_pointer == Pointer::kValid && call.length != lengths.usual) odd |= kOddLength;
    const bool usual_address =
        call.address.family == UsualFamily(call.address.host) && !call.address.dirty_tail;
    if (argument.kind == Kind::kAddressIn && call.pointer == Pointer::kValid && !usual_address) {
      odd |= kOddAddress;
    }
    if (odd != 0) odd |= kOdd;
    Byte(odd);
    if ((odd & kOddLength) != 0) Choice(lengths.choices, call.length);
    if ((odd & kOddAddress) != 0) {
      Choice(AddressFamilies(), call.address.family);
      Byte(call.address.dirty_tail ? 1 : 0);
    }
  }

  std::vector<uint8_t>& out_;
};

// ---- Decoding
// ------------------------------------------------------------------------------------

class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : bytes_(bytes) { version_ = Byte(); }

  // Whether these are bytes of version 1.
  bool Old() const { return version_ == 1; }
  bool failed() const { return failed_; }
  bool AtEnd() const { return bytes_.empty(); }

  uint8_t Byte() {
    if (bytes_.empty()) {
      failed_ = true;
      return 0;
    }
    const uint8_t byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte;
  }

  int32_t Choice(std::span<const int32_t> choices) {
    const uint8_t code = Byte();
    if (code != kRaw) return choices[code % choices.size()];
    uint32_t bits = 0;
    for (int shift = 0; shift < 32; shift += 8) bits |= uint32_t{Byte()} << shift;
    return static_cast<int32_t>(bits);
  }

  // `made` are the handles that the program made so far. Encode() writes a handle as itself; the
  // other bytes are shared out among the handles there are, so that random bytes use them.
  Descriptor Fd(std::span<const uint8_t> made) {
    const Descriptor fd{Byte()};
    if (fd.IsHandle() || IsNamed(fd)) return fd;
    if (made.empty()) return kMinusOne;
    return Descriptor::Handle(made[fd.code % made.size()]);
  }

  // All arguments of `call`.
  void GetArguments(std::span<const uint8_t> made, Call& call) {
    size_t members = 0;
    for (const Argument& argument : DeclarationOf(call.op).arguments) {
      const size_t member = argument.member == nullptr ? kMostMembers : members++;
      if (!argument.UsedBy(call)) continue;
      if (!Old()) {
        Get(argument, argument.ChoicesOf(call), made, call);
      } else if (argument.member == nullptr) {
        Get(argument, {}, made, call);
      } else if (const auto choices = ChoicesOfVersion1(call.op, argument, member); !choices.empty()) {
        Get(argument, choices, made, call);
      }
    }
  }

 private:
  void Get(const Argument& argument, std::span<const int32_t> choices, std::span<const uint8_t> made,
           Call& call) {
    switch (argument.kind) {
      case Kind::kDescriptor:
        call.*argument.descriptor = Fd(made);
        return;
      case Kind::kConstant:
      case Kind::kFlags:
      case Kind::kType:
      case Kind::kNumber: {
        int32_t& value = call.*argument.member;
        value = Choice(choices);
        const bool known = std::find(choices.begin(), choices.end(), value) != choices.end();
        if (argument.tokens_only && Old() && !known) value = choices.front();
        return;
      }
      case Kind::kAddressIn:
        return Address(argument, call);
      case Kind::kOptionIn:
        Odd(argument, call);
        if (call.pointer == Pointer::kValid) {
          call.value = Choice(Known(OptionValues(), kOptionValuesOfVersion1));
          if (Old() ? IsOldPair(call) : HasTwoMembers(call)) {
            call.seconds = Choice(Known(LingerSeconds(), kLingerSecondsOfVersion1));
          }
        }
        return;
      case Kind::kAddressOut:
      case Kind::kOptionOut:
        Odd(argument, call);
        return;
      case Kind::kMadePair:
        call.made = Byte() % kMaxHandles;
        call.made2 = Byte() % kMaxHandles;
        return;
      case Kind::kMadeIfAny: {
        const uint8_t handle = Byte();
        call.made = handle == kNone ? kNoHandle : handle % kMaxHandles;
        return;
      }
      case Kind::kBuffer:
        call.buffer = PointerIn(Byte(), kPointerShift);
        return;
    }
  }

  static Pointer PointerIn(uint8_t odd, int shift) {
    if ((odd & kOdd) != kOdd) return Pointer::kValid;
    constexpr Pointer kPointers[] = {Pointer::kValid, Pointer::kNull, Pointer::kBad,
                                     Pointer::kValid};
    return kPointers[odd >> shift & 3];
  }

  // The choices that these bytes know.
  std::span<const int32_t> Known(std::span<const int32_t> choices, size_t of_version_1) const {
    return Old() ? choices.first(of_version_1) : choices;
  }

  // The odd byte of an argument and what it announces; gives the family where that is odd, too.
  std::optional<int16_t> Odd(const Argument& argument, Call& call) {
    uint8_t odd = Byte();
    if ((odd & kOdd) != kOdd) odd = 0;
    call.pointer = PointerIn(odd, kPointerShift);
    if (HasLengthPointer(argument)) call.length_pointer = PointerIn(odd, kLengthPointerShift);
    const bool option = argument.kind == Kind::kOptionIn || argument.kind == Kind::kOptionOut;
    Lengths lengths = LengthsOf(argument, call);
    if (Old() && option) lengths.usual = IsOldPair(call) ? 8 : 4;
    odd_length_ = (odd & kOddLength) != 0;
    if (odd_length_) {
      call.length = Choice(Known(lengths.choices, option ? kOptionLengthsOfVersion1 : kAddressLengthsOfVersion1));
    } else {
      call.length = lengths.usual;
      // In version 1 the usual room was 16 bytes. Where an IPv4 address has room for 128, it is told as well.
      if (Old() && argument.kind == Kind::kAddressOut && call.pointer == Pointer::kNull) {
        call.length = kExactLength;
      }
    }
    if (argument.kind != Kind::kAddressIn || (odd & kOddAddress) == 0) return std::nullopt;
    const auto family = static_cast<int16_t>(Choice(Known(AddressFamilies(), kFamiliesOfVersion1)));
    call.address.dirty_tail = (Byte() & 1) != 0;
    return family;
  }

  void Address(const Argument& argument, Call& call) {
    const std::optional<int16_t> family = Odd(argument, call);
    if (call.pointer != Pointer::kValid) return;
    call.address.host = static_cast<Host>(Byte() % (Old() ? kHostsOfVersion1 : kHostCount));
    const uint8_t name = Byte();
    if (call.address.host == Host::kUnix) {
      // The bytes that are no name are shared out, half of them to names in the file system.
      constexpr int kNames = 8;  // U0 … U7, @A0 … @A7
      call.address.name = {name};
      if (!IsUnixName(call.address.name)) {
        call.address.name = name % 2 == 0 ? UnixName::Path(name / 2 % kNames) : UnixName::Abstract(name / 2 % kNames);
      }
    } else {
      call.address.port = Port{name};
      if (!IsPort(call.address.port)) call.address.port = Port::Program(name % kMaxProgramPorts);
    }
    call.address.family = family.value_or(UsualFamily(call.address.host));
    if (!odd_length_) call.length = UsualAddressInLength(argument, call);
  }

  std::span<const uint8_t> bytes_;
  uint8_t version_ = 0;
  bool odd_length_ = false;  // of the argument that was read last
  bool failed_ = false;
};

// ---- Mending
// -------------------------------------------------------------------------------------

Descriptor MendedDescriptor(const Argument& argument, Descriptor fd) {
  if (!fd.IsHandle() && !IsNamed(fd)) return kMinusOne;
  if (argument.closes && (fd == kFile || fd == kPipe)) return kMinusOne;
  if (argument.existing && fd == kNeverOpen) return kMinusOne;
  return fd;
}

bool HasToken(const Argument& argument, int32_t value) {
  return std::any_of(argument.tokens.begin(), argument.tokens.end(),
                     [value](const Token& token) { return token.value == value; });
}

Pointer MendedPointer(Pointer pointer) {
  return pointer <= Pointer::kBad ? pointer : Pointer::kBad;
}

// Copies what `argument` uses of `from`.
void CopyArgument(const Argument& argument, const Call& from, Call& to) {
  switch (argument.kind) {
    case Kind::kDescriptor:
      to.*argument.descriptor = MendedDescriptor(argument, from.*argument.descriptor);
      return;
    case Kind::kConstant:
    case Kind::kFlags:
    case Kind::kType:
    case Kind::kNumber: {
      const int32_t value = from.*argument.member;
      to.*argument.member = argument.tokens_only && !HasToken(argument, value)
                                ? argument.choices.front()
                                : std::clamp(value, argument.least, argument.most);
      return;
    }
    case Kind::kAddressIn:
      to.pointer = MendedPointer(from.pointer);
      to.length = from.length;
      if (to.pointer != Pointer::kValid) return;
      to.address = from.address;
      if (static_cast<int>(to.address.host) >= kHostCount) to.address.host = Host::kAny;
      if (to.address.host == Host::kUnix) {
        to.address.port = kPortZero;
        if (!IsUnixName(to.address.name)) to.address.name = kUnnamed;
      } else {
        to.address.name = kUnnamed;
        if (!IsPort(to.address.port)) to.address.port = kPortZero;
      }
      if (!IsIpv4(to.address.host)) to.address.dirty_tail = false;
      return;
    case Kind::kOptionIn:
      to.pointer = MendedPointer(from.pointer);
      to.length = from.length;
      if (to.pointer != Pointer::kValid) return;
      to.value = from.value;
      if (FormOf(to.level, to.option) == OptionForm::kText) to.value = std::clamp(to.value, 0, kTextOther - 1);
      if (HasTwoMembers(to)) to.seconds = from.seconds;
      return;
    case Kind::kAddressOut:
    case Kind::kOptionOut:
      to.pointer = MendedPointer(from.pointer);
      to.length_pointer = argument.in_place ? Pointer::kValid : MendedPointer(from.length_pointer);
      if (to.length_pointer == Pointer::kValid) to.length = from.length;
      return;
    case Kind::kMadePair:
      to.made = from.made;
      to.made2 = from.made2;
      return;
    case Kind::kMadeIfAny:
      to.made = from.made;
      return;
    case Kind::kBuffer:
      to.buffer = MendedPointer(from.buffer);
      return;
  }
}

// Mends a program call by call, from its start.
class Mender {
 public:
  Mender() { unfinished_.fill(-1); }

  // The handles made so far.
  std::span<const uint8_t> made() const { return {made_.data(), made_count_}; }

  // Mends `call` and appends it to `calls`, which holds what was appended before.
  void Append(Call call, std::vector<Call>& calls) {
    if (calls.size() >= kMaxCalls) return;
    Mend(call);
    int& unfinished = unfinished_[call.thread];
    if (unfinished >= 0) {
      Call& first = calls[static_cast<size_t>(unfinished)];
      unfinished = -1;
      if (call.part == Part::kResumed) {
        call = first;
        call.part = Part::kResumed;
        calls.push_back(call);
        return;
      }
      first.part = Part::kWhole;
    } else if (call.part == Part::kResumed) {
      call.part = Part::kWhole;
    }
    ForEachDescriptor(call, [this](const Argument&, Descriptor& fd) {
      if (fd.IsHandle() && !IsMade(fd.handle())) fd = kMinusOne;
    });
    if (!MakeHandles(call)) return;
    if (call.part == Part::kUnfinished) unfinished = static_cast<int>(calls.size());
    calls.push_back(call);
  }

 private:
  bool IsMade(int handle) const { return (made_bits_ >> handle & 1) != 0; }

  // Gives every descriptor that `call` makes a handle. False where there are too few: nothing is taken then.
  bool MakeHandles(Call& call) {
    const Declaration& declaration = DeclarationOf(call.op);
    const size_t left = kMaxHandles - made_count_;
    if (declaration.makes_pair()) {
      if (left < 2) return false;
      call.made = *Take(call.made);
      call.made2 = *Take(call.made2);
    } else if (declaration.makes(call)) {
      if (left < 1) return false;
      call.made = *Take(call.made);
    } else if (call.made != kNoHandle) {
      call.made = Take(call.made).value_or(kNoHandle);  // it may go without
    }
    return true;
  }

  std::optional<uint8_t> Take(uint8_t wanted) {
    uint8_t handle = wanted;
    if (handle >= kMaxHandles || IsMade(handle)) {
      handle = 0;
      while (handle < kMaxHandles && IsMade(handle)) ++handle;
      if (handle == kMaxHandles) return std::nullopt;
    }
    made_bits_ |= uint32_t{1} << handle;
    made_[made_count_++] = handle;
    return handle;
  }

  uint32_t made_bits_ = 0;
  static_assert(kMaxHandles == 32);
  std::array<uint8_t, kMaxHandles> made_;
  size_t made_count_ = 0;
  std::array<int, kMaxThreads> unfinished_;  // by thread: an index into `calls`, or -1
};

Environment Mended(const Environment& env) {
  return {.nofile = std::clamp(env.nofile, 0, kMaxNofile),
          .ephemeral = std::clamp(env.ephemeral, 0, kMaxEphemeral),
          .nobody = env.nobody,
          .patient = env.patient};
}

}  // namespace

void Mend(Call& call) {
  Call mended{.op = call.op,
              .thread = static_cast<uint8_t>(call.thread % kMaxThreads),
              .part = call.part <= Part::kResumed ? call.part : Part::kWhole};
  const Declaration& declaration = DeclarationOf(call.op);
  for (const Argument& argument : declaration.arguments) {
    if (argument.UsedBy(mended)) CopyArgument(argument, call, mended);
  }
  if (declaration.makes(mended)) mended.made = call.made;
  call = mended;
}

void Mend(Program& program) {
  program.env = Mended(program.env);
  std::vector<Call> calls;
  calls.reserve(std::min<size_t>(program.calls.size(), kMaxCalls));
  Mender mender;
  for (const Call& call : program.calls) mender.Append(call, calls);
  program.calls = std::move(calls);
}

std::vector<uint8_t> Encode(const Program& program) {
  std::vector<uint8_t> out;
  out.reserve(3 + program.calls.size() * 8);
  Writer writer(out);
  writer.Byte(kBytesVersion);
  writer.Byte(program.env.nofile | (program.env.patient ? kPatient : 0));
  writer.Byte(program.env.ephemeral | (program.env.nobody ? kNobody : 0));
  for (const Call& call : program.calls) {
    if (call.thread != 0 || call.part != Part::kWhole) {
      writer.Byte(kThreaded);
      writer.Byte(call.thread | static_cast<int>(call.part) << 3);
    }
    writer.Byte(static_cast<int>(call.op));
    if (call.part == Part::kResumed) continue;  // the rest is that of the first half
    const Declaration& declaration = DeclarationOf(call.op);
    if (declaration.makes(call) && !declaration.may_make()) writer.Byte(call.made);
    for (const Argument& argument : declaration.arguments) {
      if (argument.UsedBy(call)) writer.Put(argument, call);
    }
    if (declaration.makes(call) && declaration.may_make()) writer.Byte(call.made);
  }
  return out;
}

Program DecodeBytes(std::span<const uint8_t> bytes) {
  Program program;
  Reader reader(bytes);
  const int ops = reader.Old() ? kOpsOfVersion1 : kOpCount;
  // Most programs have no environment; what is out of range must not make it a common thing.
  int nofile = reader.Byte();
  int ephemeral = reader.Byte();
  if (!reader.Old() && (ephemeral & ~kNobody) <= kMaxEphemeral) {
    program.env.nobody = (ephemeral & kNobody) != 0;
    ephemeral &= ~kNobody;
  }
  if (!reader.Old() && (nofile & ~kPatient) <= kMaxNofile) {
    program.env.patient = (nofile & kPatient) != 0;
    nofile &= ~kPatient;
  }
  if (nofile <= kMaxNofile) program.env.nofile = nofile;
  if (ephemeral <= kMaxEphemeral) program.env.ephemeral = ephemeral;
  Mender mender;
  while (!reader.AtEnd() && program.calls.size() < kMaxCalls) {
    Call call;
    uint8_t op = reader.Byte();
    if (op == kThreaded) {
      const uint8_t thread = reader.Byte();
      call.thread = thread % kMaxThreads;
      call.part = static_cast<Part>(thread >> 3 & 3);  // 3 is mended
      op = reader.Byte();
    }
    call.op = static_cast<Op>(op % ops);
    if (call.part != Part::kResumed) {
      const Declaration& declaration = DeclarationOf(call.op);
      const auto made = [&] { call.made = reader.Byte() % kMaxHandles; };
      if (declaration.makes(call) && !declaration.may_make()) made();
      reader.GetArguments(mender.made(), call);
      if (declaration.makes(call) && declaration.may_make()) made();
    } else {
      // Where the first half is missing, this becomes a whole call, whose arguments nothing has said.
      for (const Argument& argument : DeclarationOf(call.op).arguments) {
        if (argument.tokens_only) call.*argument.member = argument.choices.front();
      }
    }
    if (reader.failed()) break;
    mender.Append(call, program.calls);
  }
  return program;
}

void Renumber(Program& program) {
  std::array<uint8_t, kMaxHandles> handles;
  handles.fill(kNoHandle);
  uint8_t next_handle = 0;
  std::array<int, kMaxProgramPorts> ports;
  ports.fill(-1);
  int next_port = 0;
  const auto renumbered = [&](uint8_t handle) {
    if (handles[handle] == kNoHandle) handles[handle] = next_handle++;
    return handles[handle];
  };
  // Names in the file system and abstract ones are numbered each on their own, the kernel's are left alone.
  constexpr int kNames = 8;
  std::array<std::array<int, kNames>, 2> names;
  for (auto& of_kind : names) of_kind.fill(-1);
  std::array<int, 2> next_name{};
  const auto renamed = [&](int kind, int name) {
    int& known = names[static_cast<size_t>(kind)][static_cast<size_t>(name)];
    if (known < 0) known = next_name[static_cast<size_t>(kind)]++;
    return known;
  };
  std::array<uint8_t, kMaxThreads> threads{};  // 0: not seen yet; t0 stays what it is
  uint8_t next_thread = 1;
  for (Call& call : program.calls) {
    if (uint8_t& thread = threads[call.thread]; call.thread != 0) {
      if (thread == 0) thread = next_thread++;
      call.thread = thread;
    }
    ForEachDescriptor(call, [&](const Argument&, Descriptor& fd) {
      if (fd.IsHandle()) fd = Descriptor{renumbered(fd.code)};
    });
    ForEachMade(call, [&](uint8_t& made) { made = renumbered(made); });
    if (call.address.port.IsProgram()) {
      int& port = ports[static_cast<size_t>(call.address.port.program())];
      if (port < 0) port = next_port++;
      call.address.port = Port::Program(port);
    }
    UnixName& name = call.address.name;
    if (name.IsPath()) {
      name = UnixName::Path(renamed(0, name.path()));
    } else if (name.IsAbstract()) {
      name = UnixName::Abstract(renamed(1, name.abstract()));
    }
  }
}

}  // namespace sockspec
