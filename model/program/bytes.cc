// The byte form, version 1:
//
//     version  nofile  ephemeral  { call }
//     call = [ 0xff thread|part ]  op  [ made ]  { argument }, as declared
//
// Most arguments are one byte: which of the declared choices it is, or kRaw and the value in full,
// low byte first. Pointers and lengths, which are nearly always as they should be, share one byte
// that says what is odd about them, so that a random byte is mostly an ordinary call. Encode()
// writes each value in one way only; the decoder takes every byte for something.
#include "model/program/bytes.h"

#include <algorithm>
#include <array>
#include <optional>

#include "model/program/declarations.h"

namespace sockspec {
namespace {

// How many calls each version of the bytes knows. A list of choices that grows needs the same
// treatment: its old length kept here, for bytes that Encode() did not write.
constexpr int kOpsOf[] = {kOpCount /* an unknown version is the newest */, 20};
static_assert(std::size(kOpsOf) == kBytesVersion + 1);

constexpr uint8_t kThreaded = 255;  // where an op stands: a byte with thread and part comes first
constexpr uint8_t kRaw = 255;       // where a choice stands: the value follows in full

// The byte of what is odd. Without both kOdd bits nothing is.
constexpr uint8_t kOdd = 0xc0;
constexpr int kPointerShift = 0;  // two bits each
constexpr int kLengthPointerShift = 2;
constexpr uint8_t kOddLength = 0x10;   // a choice of length follows
constexpr uint8_t kOddAddress = 0x20;  // a choice of family and a byte for the tail follow

bool IsLinger(const Call& call) { return OptionSize(call.level, call.option) == 8; }

// The lengths an argument has choices for, and the one that it usually has.
struct Lengths {
  std::span<const int32_t> choices;
  int32_t usual;
};

Lengths LengthsOf(const Argument& argument, const Call& call) {
  if (argument.kind == Kind::kAddressIn || argument.kind == Kind::kAddressOut) {
    return {AddressLengths(), kExactLength};
  }
  return {OptionLengths(), OptionSize(call.level, call.option)};
}

bool HasLengthPointer(const Argument& argument) {
  return argument.kind == Kind::kAddressOut || argument.kind == Kind::kOptionOut;
}

bool IsPort(Port port) {
  return port == kPortZero || port == kPortPrivileged || port.IsProgram() || port.IsChosen();
}

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
        return Byte(call.fd.code);
      case Kind::kConstant:
      case Kind::kFlags:
      case Kind::kType:
      case Kind::kNumber:
        return Choice(argument.choices, call.*argument.member);
      case Kind::kAddressIn:
        Odd(argument, call);
        if (call.pointer == Pointer::kValid) {
          Byte(static_cast<int>(call.address.host));
          Byte(call.address.port.code);
        }
        return;
      case Kind::kOptionIn:
        Odd(argument, call);
        if (call.pointer == Pointer::kValid) {
          Choice(OptionValues(), call.value);
          if (IsLinger(call)) Choice(LingerSeconds(), call.seconds);
        }
        return;
      case Kind::kAddressOut:
      case Kind::kOptionOut:
        return Odd(argument, call);
      case Kind::kMadePair:
      case Kind::kMadeIfAny:
      case Kind::kBuffer:
        return Byte(call.pointer == Pointer::kValid
                        ? 0
                        : kOdd | static_cast<int>(call.pointer) << kPointerShift);
    }
  }

 private:
  void Odd(const Argument& argument, const Call& call) {
    const Lengths lengths = LengthsOf(argument, call);
    int odd = static_cast<int>(call.pointer) << kPointerShift |
              static_cast<int>(call.length_pointer) << kLengthPointerShift;
    if (call.length_pointer == Pointer::kValid && call.length != lengths.usual) odd |= kOddLength;
    const bool usual_address = call.address.family == Address{}.family && !call.address.dirty_tail;
    if (argument.kind == Kind::kAddressIn && !usual_address) odd |= kOddAddress;
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
  explicit Reader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

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

  void Get(const Argument& argument, std::span<const uint8_t> made, Call& call) {
    switch (argument.kind) {
      case Kind::kDescriptor:
        call.fd = Fd(made);
        return;
      case Kind::kConstant:
      case Kind::kFlags:
      case Kind::kType:
      case Kind::kNumber:
        call.*argument.member = Choice(argument.choices);
        return;
      case Kind::kAddressIn:
        Odd(argument, call);
        if (call.pointer == Pointer::kValid) {
          call.address.host = static_cast<Host>(Byte() % kHostCount);
          call.address.port = Port{Byte()};
          if (!IsPort(call.address.port)) {
            call.address.port = Port::Program(call.address.port.code % kMaxProgramPorts);
          }
        }
        return;
      case Kind::kOptionIn:
        Odd(argument, call);
        if (call.pointer == Pointer::kValid) {
          call.value = Choice(OptionValues());
          if (IsLinger(call)) call.seconds = Choice(LingerSeconds());
        }
        return;
      case Kind::kAddressOut:
      case Kind::kOptionOut:
        Odd(argument, call);
        return;
      case Kind::kMadePair:
      case Kind::kMadeIfAny:
      case Kind::kBuffer:
        call.pointer = PointerIn(Byte(), kPointerShift);
        return;
    }
  }

 private:
  static Pointer PointerIn(uint8_t odd, int shift) {
    if ((odd & kOdd) != kOdd) return Pointer::kValid;
    constexpr Pointer kPointers[] = {Pointer::kValid, Pointer::kNull, Pointer::kBad,
                                     Pointer::kValid};
    return kPointers[odd >> shift & 3];
  }

  void Odd(const Argument& argument, Call& call) {
    const Lengths lengths = LengthsOf(argument, call);
    uint8_t odd = Byte();
    if ((odd & kOdd) != kOdd) odd = 0;
    call.pointer = PointerIn(odd, kPointerShift);
    if (HasLengthPointer(argument)) call.length_pointer = PointerIn(odd, kLengthPointerShift);
    call.length = (odd & kOddLength) != 0 ? Choice(lengths.choices) : lengths.usual;
    if (argument.kind == Kind::kAddressIn && (odd & kOddAddress) != 0) {
      call.address.family = static_cast<int16_t>(Choice(AddressFamilies()));
      call.address.dirty_tail = (Byte() & 1) != 0;
    }
  }

  std::span<const uint8_t> bytes_;
  bool failed_ = false;
};

// ---- Mending
// -------------------------------------------------------------------------------------

Descriptor MendedDescriptor(const Argument& argument, Descriptor fd) {
  if (!fd.IsHandle() && !IsNamed(fd)) return kMinusOne;
  if (argument.closes && (fd == kFile || fd == kPipe)) return kMinusOne;
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
      to.fd = MendedDescriptor(argument, from.fd);
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
      if (!IsPort(to.address.port)) to.address.port = kPortZero;
      return;
    case Kind::kOptionIn:
      to.pointer = MendedPointer(from.pointer);
      to.length = from.length;
      if (to.pointer != Pointer::kValid) return;
      to.value = from.value;
      if (IsLinger(to)) to.seconds = from.seconds;
      return;
    case Kind::kAddressOut:
    case Kind::kOptionOut:
      to.pointer = MendedPointer(from.pointer);
      to.length_pointer = MendedPointer(from.length_pointer);
      if (to.length_pointer == Pointer::kValid) to.length = from.length;
      return;
    case Kind::kMadePair:
    case Kind::kMadeIfAny:
    case Kind::kBuffer:
      to.pointer = MendedPointer(from.pointer);
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
    const Declaration& declaration = DeclarationOf(call.op);
    if (declaration.takes_descriptor() && call.fd.IsHandle() && !IsMade(call.fd.handle())) {
      call.fd = kMinusOne;
    }
    if (declaration.makes(call)) {
      const std::optional<uint8_t> handle = Take(call.made);
      if (!handle) return;
      call.made = *handle;
    }
    if (call.part == Part::kUnfinished) unfinished = static_cast<int>(calls.size());
    calls.push_back(call);
  }

 private:
  bool IsMade(int handle) const { return (made_bits_ >> handle & 1) != 0; }

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
          .ephemeral = std::clamp(env.ephemeral, 0, kMaxEphemeral)};
}

}  // namespace

void Mend(Call& call) {
  Call mended{.op = call.op,
              .thread = static_cast<uint8_t>(call.thread % kMaxThreads),
              .part = call.part <= Part::kResumed ? call.part : Part::kWhole};
  const Declaration& declaration = DeclarationOf(call.op);
  if (declaration.makes(call)) mended.made = call.made;
  for (const Argument& argument : declaration.arguments) {
    if (argument.UsedBy(mended)) CopyArgument(argument, call, mended);
  }
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
  writer.Byte(program.env.nofile);
  writer.Byte(program.env.ephemeral);
  for (const Call& call : program.calls) {
    if (call.thread != 0 || call.part != Part::kWhole) {
      writer.Byte(kThreaded);
      writer.Byte(call.thread | static_cast<int>(call.part) << 3);
    }
    writer.Byte(static_cast<int>(call.op));
    if (call.part == Part::kResumed) continue;  // the rest is that of the first half
    const Declaration& declaration = DeclarationOf(call.op);
    if (declaration.makes(call)) writer.Byte(call.made);
    for (const Argument& argument : declaration.arguments) {
      if (argument.UsedBy(call)) writer.Put(argument, call);
    }
  }
  return out;
}

Program DecodeBytes(std::span<const uint8_t> bytes) {
  Program program;
  Reader reader(bytes);
  const uint8_t version = reader.Byte();
  const int ops = kOpsOf[version <= kBytesVersion ? version : 0];
  // Most programs have no environment; what is out of range must not make it a common thing.
  const int nofile = reader.Byte();
  const int ephemeral = reader.Byte();
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
      if (declaration.makes(call)) call.made = reader.Byte() % kMaxHandles;
      for (const Argument& argument : declaration.arguments) {
        if (argument.UsedBy(call)) reader.Get(argument, mender.made(), call);
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
  for (Call& call : program.calls) {
    if (DeclarationOf(call.op).takes_descriptor() && call.fd.IsHandle()) {
      call.fd = Descriptor{renumbered(call.fd.code)};
    }
    if (call.made < kMaxHandles) call.made = renumbered(call.made);
    if (call.address.port.IsProgram()) {
      int& port = ports[static_cast<size_t>(call.address.port.program())];
      if (port < 0) port = next_port++;
      call.address.port = Port::Program(port);
    }
  }
}

}  // namespace sockspec
