#include "model/program/edit.h"

#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <iterator>
#include <span>

#include "model/program/bytes.h"
#include "model/program/declarations.h"
#include "model/program/notation.h"
#include "model/program/tokens.h"
#include "model/program/unix_name.h"

namespace sockspec {
namespace {

// The simplest first, of each layout on its own: a socket takes addresses of one family, so that none of
// another is simpler. What comes after kUsualHosts is odd.
constexpr Host kHosts4[] = {Host::kLoopback,   Host::kAny,       Host::kLoopback2,
                            Host::kNotOurs,    Host::kUnreachable, Host::kBlackhole,
                            Host::kBroadcast,  Host::kMulticast, Host::kLocalBroadcast,
                            Host::kProhibited, Host::kSilent};
constexpr Host kHosts6[] = {Host::kLoopback6,         Host::kAny6,
                            Host::kMappedLoopback,    Host::kNotOurs6,
                            Host::kUnreachable6,      Host::kBlackhole6,
                            Host::kProhibited6,       Host::kMulticast6,
                            Host::kLinkLocal6,        Host::kMappedAny,
                            Host::kMappedLoopback2,   Host::kMappedNotOurs,
                            Host::kMappedUnreachable, Host::kMappedBlackhole,
                            Host::kMappedBroadcast,   Host::kMappedMulticast,
                            Host::kMappedLocalBroadcast, Host::kMappedProhibited,
                            Host::kMappedSilent};
constexpr Host kUnixHosts[] = {Host::kUnix};
static_assert(std::size(kHosts4) + std::size(kHosts6) + std::size(kUnixHosts) == kHostCount);
constexpr size_t kUsualHosts = 3;

// The hosts that are laid out as `host` is.
std::span<const Host> HostsLike(Host host) {
  if (host == Host::kUnix) return kUnixHosts;
  return IsIpv6(host) ? std::span<const Host>(kHosts6) : kHosts4;
}

constexpr Address kSimplestAddress{.host = Host::kLoopback, .port = Port::Program(0)};
constexpr int32_t kSimplestValue = 1;      // of an option
constexpr auto kTypeBits = static_cast<uint32_t>(kTypeMask);

bool IsOption(const Argument& argument) {
  return argument.kind == Kind::kOptionIn || argument.kind == Kind::kOptionOut;
}

bool HasLengthPointer(const Argument& argument) {
  return (argument.kind == Kind::kAddressOut && !argument.in_place) || argument.kind == Kind::kOptionOut;
}

// The length that is no odd one, given what else the argument is.
int32_t UsualLength(const Argument& argument, const Call& call) {
  switch (argument.kind) {
    case Kind::kAddressIn:
      return UsualAddressInLength(argument, call);
    case Kind::kAddressOut:
      if (call.pointer == Pointer::kNull && !argument.in_place) return kExactLength;  // beside a good pointer to it
      return UsualAddressOutLength(argument, call.pointer).length;
    default:
      return OptionSize(call.level, call.option);
  }
}

std::span<const int32_t> LengthChoices(const Argument& argument) {
  return IsOption(argument) ? OptionLengths() : AddressLengths();
}

// Changes `call` by `edit`; a length that was usual before is so afterwards, since the text does not say it.
template <typename Edit>
void KeepingUsualLength(const Argument& argument, Call& call, Edit edit) {
  const bool usual = call.length == UsualLength(argument, call);
  edit(call);
  if (usual) call.length = UsualLength(argument, call);
}

// ---- Complexity
// ----------------------------------------------------------------------------------

// Where `value` stands in `choices`; choices.size() if it does not.
size_t Rank(std::span<const int32_t> choices, int32_t value) {
  return static_cast<size_t>(std::find(choices.begin(), choices.end(), value) - choices.begin());
}

// Smaller numbers are simpler than larger ones, and positive ones than negative ones.
uint64_t Magnitude(int32_t value) {
  const int64_t wide = value;
  return 2 * static_cast<uint64_t>(wide < 0 ? -wide : wide) + (value < 0 ? 1 : 0);
}

uint64_t NumberComplexity(int32_t simplest, int32_t value) {
  return value == simplest ? 0 : 1 + Magnitude(value);
}

// A number that is mostly one of a few: the choices in their order, then the others by size.
uint64_t LengthComplexity(int32_t usual, std::span<const int32_t> choices, int32_t value) {
  if (value == usual) return 0;
  const size_t rank = Rank(choices, value);
  return 1 + (rank < choices.size() ? rank : choices.size() + Magnitude(value));
}

uint64_t ChoiceComplexity(const Argument& argument, const Call& call, int32_t value) {
  const std::span<const int32_t> choices = argument.ChoicesOf(call);
  const size_t count = choices.size();
  const size_t rank = Rank(choices, value);
  const auto bits = static_cast<uint32_t>(value);
  if (argument.kind == Kind::kNumber && argument.tokens.empty()) {
    return NumberComplexity(choices.front(), value);
  }
  if (rank < count) return rank;
  switch (argument.kind) {
    case Kind::kFlags:
      return count + static_cast<uint64_t>(std::popcount(bits));
    case Kind::kType: {
      const uint32_t simplest = static_cast<uint32_t>(choices.front()) & kTypeBits;
      return count + static_cast<uint64_t>(std::popcount(bits & ~kTypeBits)) +
             ((bits & kTypeBits) == simplest ? 0 : 1);
    }
    case Kind::kNumber:
      return count + Magnitude(value);
    default:
      return count;  // of a constant without a name, none is simpler than another
  }
}

uint64_t PortComplexity(Port port) {
  if (port.IsProgram()) return static_cast<uint64_t>(port.program());
  if (port == kPortZero) return kMaxProgramPorts;
  if (port.IsChosen()) return kMaxProgramPorts + 1 + static_cast<uint64_t>(port.chosen());
  return kMaxProgramPorts + 1 + kMaxChosenPorts;
}

uint64_t NameComplexity(UnixName name) {
  if (name.IsPath()) return static_cast<uint64_t>(name.path());
  if (name.IsAbstract()) return kMaxPaths + static_cast<uint64_t>(name.abstract());
  constexpr uint64_t kNamesOfPrograms = kMaxPaths + kMaxAbstractNames;
  if (name == kUnnamed) return kNamesOfPrograms;
  if (name.IsChosen()) return kNamesOfPrograms + 1 + static_cast<uint64_t>(name.chosen());
  return kNamesOfPrograms + 1 + kMaxChosenPorts;
}

uint64_t AddressComplexity(const Address& address) {
  const std::span<const Host> hosts = HostsLike(address.host);
  const auto host = std::find(hosts.begin(), hosts.end(), address.host);
  const uint64_t name =
      address.host == Host::kUnix ? NameComplexity(address.name) : PortComplexity(address.port);
  return LengthComplexity(UsualFamily(address.host), AddressFamilies(), address.family) +
         static_cast<uint64_t>(host - hosts.begin()) + name + (address.dirty_tail ? 1 : 0);
}

uint64_t DescriptorComplexity(Descriptor fd) {
  if (fd.IsHandle()) return 0;
  if (fd == kMinusOne) return 1;
  if (fd == kNeverOpen) return 2;
  return fd == kFile ? 3 : 4;
}

uint64_t ArgumentComplexity(const Argument& argument, const Call& call) {
  const auto pointers =
      static_cast<uint64_t>(call.pointer) + static_cast<uint64_t>(call.length_pointer);
  // No address is simpler than any.
  constexpr uint64_t kOptional[] = {1, 0, 2};  // by Pointer: valid, NULL, bad
  const auto length = [&] {
    if (call.length_pointer != Pointer::kValid) return uint64_t{0};
    return LengthComplexity(UsualLength(argument, call), LengthChoices(argument), call.length);
  };
  switch (argument.kind) {
    case Kind::kDescriptor:
      return DescriptorComplexity(call.*argument.descriptor);
    case Kind::kConstant:
    case Kind::kFlags:
    case Kind::kType:
    case Kind::kNumber:
      return ChoiceComplexity(argument, call, call.*argument.member);
    case Kind::kAddressIn:
      return (argument.optional ? kOptional[static_cast<int>(call.pointer)] : pointers) + length() +
             (call.pointer == Pointer::kValid ? AddressComplexity(call.address) : 0);
    case Kind::kOptionIn:
      return pointers + length() +
             (call.pointer == Pointer::kValid
                  ? NumberComplexity(kSimplestValue, call.value) + NumberComplexity(0, call.seconds)
                  : 0);
    case Kind::kAddressOut:
    case Kind::kOptionOut:
      return pointers + length();
    case Kind::kMadePair:
      return 0;
    case Kind::kMadeIfAny:
      return call.made == kNoHandle ? 0 : 1;
    case Kind::kBuffer:
      return static_cast<uint64_t>(call.buffer);
  }
  return 0;
}

// ---- Simpler
// -------------------------------------------------------------------------------------

// Collects candidates. They may be of any kind: those that are not simpler are left out in the end.
class Simplifier {
 public:
  explicit Simplifier(const Call& call) : call_(call) {}

  std::vector<Call> Run() {
    for (const Argument& argument : DeclarationOf(call_.op).arguments) {
      if (argument.UsedBy(call_)) Simplify(argument);
    }
    const uint64_t most = Complexity(call_);
    std::erase_if(candidates_, [most](const Call& call) { return Complexity(call) >= most; });
    std::stable_sort(candidates_.begin(), candidates_.end(),
                     [](const Call& a, const Call& b) { return Complexity(a) < Complexity(b); });
    const auto is_known = [this](size_t i) {
      return std::find(candidates_.begin(), candidates_.begin() + static_cast<ptrdiff_t>(i),
                       candidates_[i]) != candidates_.begin() + static_cast<ptrdiff_t>(i);
    };
    for (size_t i = candidates_.size(); i-- > 0;) {
      if (is_known(i)) candidates_.erase(candidates_.begin() + static_cast<ptrdiff_t>(i));
    }
    return std::move(candidates_);
  }

 private:
  template <typename Edit>
  void Try(Edit edit) {
    Call candidate = call_;
    edit(candidate);
    Mend(candidate);
    candidates_.push_back(candidate);
  }

  // Towards 0 by a half, a quarter, …, by one: what needs a number of at least n is not done at n/2,
  // and from 65536 to 45514 one at a time is far.
  void TryNumbers(int32_t Call::*member) {
    const int32_t value = call_.*member;
    const auto with = [&](int32_t simpler) { Try([&](Call& call) { call.*member = simpler; }); };
    if (value < 0 && value != INT32_MIN) with(-value);
    if (value != 0) with(value / 2);
    for (int32_t step = value / 4; step != 0; step /= 2) with(value - step);
    if (value / 4 == 0 && value != 0) with(value > 0 ? value - 1 : value + 1);
  }

  // Whether the text says the member of this argument, be it for this one or for another.
  bool IsSeen(const Argument& argument) const {
    const std::span<const Argument> all = DeclarationOf(call_.op).arguments;
    return argument.member == nullptr || std::any_of(all.begin(), all.end(), [&](const Argument& other) {
             return other.member == argument.member && (other.used == nullptr || other.used(call_));
           });
  }

  void TryChoices(const Argument& argument) {
    const uint64_t most = ChoiceComplexity(argument, call_, call_.*argument.member);
    for (const int32_t choice : argument.ChoicesOf(call_)) {
      // Another command or option may have fewer arguments; that alone makes it no simpler one.
      if (ChoiceComplexity(argument, call_, choice) >= most) continue;
      const auto with_choice = [&](Call& call, bool with_others) {
        const bool usual = call.length == OptionSize(call.level, call.option);
        call.*argument.member = choice;
        // What another argument says the choices of becomes the simplest of them.
        // So does what nobody saw before: it would make the call no simpler.
        for (const Argument& other : DeclarationOf(call.op).arguments) {
          if (!IsSeen(other) || (with_others && other.choices_by != nullptr)) {
            call.*other.member = other.ChoicesOf(call).front();
          }
        }
        // A length that was exact stays exact: it is no argument of its own in the text.
        if (usual) call.length = OptionSize(call.level, call.option);
      };
      Try([&](Call& call) { with_choice(call, false); });
      if (argument.choices_by == nullptr) Try([&](Call& call) { with_choice(call, true); });
    }
    const auto bits = static_cast<uint32_t>(call_.*argument.member);
    const auto with = [&](uint32_t simpler) {
      Try([&](Call& call) { call.*argument.member = static_cast<int32_t>(simpler); });
    };
    if (argument.kind == Kind::kFlags || argument.kind == Kind::kType) {
      const uint32_t flags = argument.kind == Kind::kType ? bits & ~kTypeBits : bits;
      for (uint32_t rest = flags; rest != 0; rest &= rest - 1) with(bits & ~(rest & -rest));
    }
    if (argument.kind == Kind::kType) {
      const auto simplest = static_cast<uint32_t>(argument.choices.front());
      with((bits & ~kTypeBits) | (simplest & kTypeBits));
    }
    if (argument.kind == Kind::kNumber) TryNumbers(argument.member);
  }

  void TryPointers(const Argument& argument) {
    const auto repaired = [&](Call& call) {
      if (call.pointer == Pointer::kValid) return;
      KeepingUsualLength(argument, call, [](Call& call) {
        call.pointer = Pointer::kValid;
        call.address = kSimplestAddress;
        call.value = kSimplestValue;
        call.seconds = 0;
      });
    };
    const auto length_repaired = [&](Call& call) {
      if (call.length_pointer == Pointer::kValid) return;
      call.length_pointer = Pointer::kValid;
      call.length = UsualLength(argument, call);
    };
    Try([&](Call& call) {
      repaired(call);
      length_repaired(call);
    });
    Try(repaired);
    Try(length_repaired);
    if (call_.pointer == Pointer::kBad || argument.optional) {
      Try([&](Call& call) {
        KeepingUsualLength(argument, call, [](Call& call) { call.pointer = Pointer::kNull; });
      });
    }
    if (call_.length_pointer == Pointer::kBad) {
      Try([](Call& call) { call.length_pointer = Pointer::kNull; });
    }
  }

  void TryLengths(const Argument& argument) {
    Try([&](Call& call) { call.length = UsualLength(argument, call); });
    for (const int32_t length : LengthChoices(argument)) {
      Try([&](Call& call) { call.length = length; });
    }
    TryNumbers(&Call::length);
  }

  void TryAddresses(const Argument& argument) {
    if (call_.pointer != Pointer::kValid) return;
    const auto with = [&](auto edit) {
      Try([&](Call& call) {
        KeepingUsualLength(argument, call, [&](Call& call) { edit(call.address); });
      });
    };
    for (const Host host : HostsLike(call_.address.host)) {
      with([&](Address& address) { address.host = host; });
    }
    if (call_.address.host == Host::kUnix) {
      for (int i = 0; i < kMaxPaths; ++i) {
        with([&](Address& address) { address.name = UnixName::Path(i); });
      }
      for (int i = 0; i < kMaxAbstractNames; ++i) {
        with([&](Address& address) { address.name = UnixName::Abstract(i); });
      }
      with([](Address& address) { address.name = kUnnamed; });
    } else {
      for (int i = 0; i < kMaxProgramPorts; ++i) {
        with([&](Address& address) { address.port = Port::Program(i); });
      }
      with([](Address& address) { address.port = kPortZero; });
      for (int i = 0; i < kMaxChosenPorts; ++i) {
        with([&](Address& address) { address.port = Port::Chosen(i); });
      }
    }
    with([](Address& address) { address.family = UsualFamily(address.host); });
    for (const int32_t family : AddressFamilies()) {
      with([&](Address& address) { address.family = static_cast<int16_t>(family); });
    }
    with([](Address& address) { address.dirty_tail = false; });
  }

  void Simplify(const Argument& argument) {
    switch (argument.kind) {
      case Kind::kDescriptor:
        for (const Descriptor fd : {kMinusOne, kNeverOpen, kFile}) {
          Try([&](Call& call) { call.*argument.descriptor = fd; });
        }
        return;
      case Kind::kConstant:
      case Kind::kFlags:
      case Kind::kType:
      case Kind::kNumber:
        return TryChoices(argument);
      case Kind::kAddressIn:
        TryPointers(argument);
        TryAddresses(argument);
        return TryLengths(argument);
      case Kind::kOptionIn:
        TryPointers(argument);
        Try([](Call& call) { call.value = kSimplestValue; });
        Try([](Call& call) { call.seconds = 0; });
        TryNumbers(&Call::value);
        TryNumbers(&Call::seconds);
        return TryLengths(argument);
      case Kind::kAddressOut:
      case Kind::kOptionOut:
        TryPointers(argument);
        return TryLengths(argument);
      case Kind::kMadePair:
        return;
      case Kind::kMadeIfAny:
        return Try([](Call& call) { call.made = kNoHandle; });
      case Kind::kBuffer:
        Try([](Call& call) { call.buffer = Pointer::kValid; });
        return Try([](Call& call) { call.buffer = Pointer::kNull; });
    }
  }

  const Call& call_;
  std::vector<Call> candidates_;
};

// ---- Random
// --------------------------------------------------------------------------------------

constexpr uint32_t kOdd = 30;  // one argument in so many is odd

Pointer OddPointer(Random& random) { return random.OneIn(2) ? Pointer::kNull : Pointer::kBad; }

int32_t AnyNumber(Random& random) {
  const auto bits = static_cast<uint32_t>(random.Next());
  return static_cast<int32_t>(bits >> (1 + random.Below(31))) * (random.OneIn(4) ? -1 : 1);
}

int32_t OddLength(const Argument& argument, Random& random) {
  return random.OneIn(8) ? AnyNumber(random) : random.Pick(LengthChoices(argument));
}

// A value for an argument of one member: as a rule an ordinary one, the first twice as often as any
// other.
int32_t RandomValue(const Argument& argument, const Call& call, uint32_t odd, Random& random) {
  const std::span<const int32_t> ordinary = argument.OrdinaryChoicesOf(call);
  const std::span<const int32_t> choices = argument.ChoicesOf(call);
  const std::span<const Token> tokens = argument.TokensOf(call);
  if (!random.OneIn(odd)) {
    const uint32_t i = random.Below(static_cast<uint32_t>(ordinary.size()) + 1);
    return i < ordinary.size() ? ordinary[i] : ordinary.front();
  }
  if (argument.tokens_only || random.OneIn(2)) return random.Pick(choices);
  if (argument.kind != Kind::kNumber && !tokens.empty()) {
    // A token that is not among the choices, or flags in a new mixture.
    const int32_t token = random.Pick(tokens).value;
    return argument.kind == Kind::kFlags ? random.Pick(choices) ^ token : token;
  }
  return AnyNumber(random);
}

Port RandomPort(Random& random) {
  if (random.OneIn(2)) return Port::Program(0);
  if (random.OneIn(2)) return Port::Program(1);
  if (random.OneIn(2)) return kPortZero;
  if (random.OneIn(8)) return kPortPrivileged;
  if (random.OneIn(2)) return Port::Program(static_cast<int>(random.Below(kMaxProgramPorts)));
  // The first names are the likely ones to be known by then.
  return Port::Chosen(static_cast<int>(random.Below(4)));
}

Host RandomHost(std::span<const Host> hosts, uint32_t odd, Random& random) {
  if (random.OneIn(odd)) return random.Pick(hosts);
  const auto usual = static_cast<uint32_t>(std::min(hosts.size(), kUsualHosts));
  return random.OneIn(2) ? hosts.front() : hosts[random.Below(usual)];
}

UnixName RandomName(uint32_t odd, Random& random) {
  if (random.OneIn(odd)) return random.Pick(kUnixNames).name;
  if (random.OneIn(16)) return UnixName::Chosen(static_cast<int>(random.Below(4)));
  const int n = random.OneIn(2) ? 0 : random.OneIn(2) ? 1 : static_cast<int>(random.Below(kMaxPaths));
  return random.OneIn(3) ? UnixName::Abstract(n) : UnixName::Path(n);
}

// An address that is laid out as those of `hosts` are.
Address RandomAddressOf(std::span<const Host> hosts, uint32_t odd, Random& random) {
  Address address{.host = RandomHost(hosts, odd, random)};
  address.family = UsualFamily(address.host);
  if (address.host == Host::kUnix) {
    address.name = RandomName(odd, random);
  } else {
    address.port = RandomPort(random);
  }
  if (random.OneIn(odd)) {
    address.family =
        static_cast<int16_t>(random.OneIn(4) ? AnyNumber(random) : random.Pick(AddressFamilies()));
  }
  address.dirty_tail = IsIpv4(address.host) && random.OneIn(odd);
  return address;
}

Address RandomAddressOf(uint32_t odd, Random& random) {
  // What dissolves a connection: rare among addresses, common enough to happen.
  if (random.OneIn(16)) {
    return {.family = AF_UNSPEC, .host = Host::kAny, .port = kPortZero};
  }
  if (random.OneIn(2)) return RandomAddressOf(kHosts4, odd, random);
  return RandomAddressOf(random.OneIn(2) ? std::span<const Host>(kHosts6) : kUnixHosts, odd, random);
}

int32_t RandomOptionValue(Random& random) {
  if (random.OneIn(3)) return kSimplestValue;
  return random.OneIn(8) ? AnyNumber(random) : random.Pick(OptionValues());
}

// Fills in one argument. One in `odd` of its parts is odd; 1: every one may be.
void Fill(const Argument& argument, uint32_t odd, Call& call, Random& random) {
  switch (argument.kind) {
    case Kind::kDescriptor:
      return;
    case Kind::kConstant:
    case Kind::kFlags:
    case Kind::kType:
    case Kind::kNumber:
      call.*argument.member = RandomValue(argument, call, odd, random);
      return;
    case Kind::kAddressIn:
      if (random.OneIn(odd)) call.pointer = OddPointer(random);
      if (argument.optional && random.OneIn(3)) call.pointer = Pointer::kNull;
      call.address = RandomAddressOf(odd, random);
      break;
    case Kind::kAddressOut:
      // accept(s0, NULL) is what people write who do not ask for the address.
      if (random.OneIn(8)) {
        call.pointer = Pointer::kNull;
        call.length_pointer = Pointer::kNull;
      }
      [[fallthrough]];
    case Kind::kOptionOut:
      if (random.OneIn(odd)) call.pointer = OddPointer(random);
      if (random.OneIn(odd)) call.length_pointer = OddPointer(random);
      break;
    case Kind::kOptionIn:
      if (random.OneIn(odd)) call.pointer = OddPointer(random);
      call.value = RandomOptionValue(random);
      call.seconds = random.Pick(LingerSeconds());
      break;
    case Kind::kMadePair:
    case Kind::kMadeIfAny:
      return;  // handles
    case Kind::kBuffer:
      if (random.OneIn(odd)) call.buffer = OddPointer(random);
      return;
  }
  call.length = random.OneIn(odd) ? OddLength(argument, random) : UsualLength(argument, call);
}

void MutateAddress(Address& address, Random& random) {
  const std::span<const Host> hosts = HostsLike(address.host);
  switch (random.Below(6)) {
    case 0:
    case 1:
      if (address.host == Host::kUnix) {
        address.name = RandomName(/*odd=*/4, random);
      } else {
        address.port = RandomPort(random);
      }
      break;
    case 2: {
      const bool usual = address.family == UsualFamily(address.host);
      address.host = RandomHost(hosts, /*odd=*/4, random);
      if (usual) address.family = UsualFamily(address.host);
      break;
    }
    case 3:
      address.dirty_tail = !address.dirty_tail;
      break;
    case 4:
      address = RandomAddressOf(hosts, /*odd=*/4, random);
      break;
    default:
      address = RandomAddressOf(/*odd=*/4, random);
      break;
  }
}

// Changes one part of an argument that is made of several.
void MutatePart(const Argument& argument, Call& call, Random& random) {
  if (argument.kind == Kind::kBuffer) {
    call.buffer = call.buffer == Pointer::kValid ? OddPointer(random) : Pointer::kValid;
    return;
  }
  const bool is_out = argument.kind == Kind::kAddressOut || argument.kind == Kind::kOptionOut;
  if (random.OneIn(6)) {
    KeepingUsualLength(argument, call, [&](Call& call) {
      call.pointer = call.pointer == Pointer::kValid ? OddPointer(random) : Pointer::kValid;
    });
  } else if (HasLengthPointer(argument) && random.OneIn(4)) {
    call.length_pointer =
        call.length_pointer == Pointer::kValid ? OddPointer(random) : Pointer::kValid;
    call.length = UsualLength(argument, call);
  } else if (is_out || random.OneIn(6)) {
    call.length = call.length == UsualLength(argument, call) ? OddLength(argument, random)
                                                             : UsualLength(argument, call);
  } else if (argument.kind == Kind::kOptionIn) {
    if (HasTwoMembers(call) && random.OneIn(2)) {
      call.seconds = random.Pick(LingerSeconds());
    } else {
      call.value = RandomOptionValue(random);
    }
  } else {
    KeepingUsualLength(argument, call, [&](Call& call) {
      call.pointer = Pointer::kValid;
      MutateAddress(call.address, random);
    });
  }
}

}  // namespace

uint64_t Complexity(const Call& call) {
  uint64_t sum = 0;
  for (const Argument& argument : DeclarationOf(call.op).arguments) {
    if (argument.UsedBy(call)) sum += ArgumentComplexity(argument, call);
  }
  return sum;
}

std::vector<Call> Simpler(const Call& call) { return Simplifier(call).Run(); }

// Arguments that only a whole program can change.
static bool IsHandles(const Argument& argument) {
  return argument.kind == Kind::kDescriptor || argument.kind == Kind::kMadePair ||
         argument.kind == Kind::kMadeIfAny;
}

void MutateArgument(Call& call, Random& random) {
  const Argument* chosen = nullptr;
  uint32_t seen = 0;
  for (const Argument& argument : DeclarationOf(call.op).arguments) {
    if (IsHandles(argument) || !argument.UsedBy(call)) continue;
    if (random.OneIn(++seen)) chosen = &argument;  // each of them with the same probability
  }
  if (chosen == nullptr) return;
  if (chosen->member == nullptr) {
    MutatePart(*chosen, call, random);
  } else {
    const bool usual = call.length == OptionSize(call.level, call.option);
    call.*chosen->member = RandomValue(*chosen, call, /*odd=*/4, random);
    if (usual) call.length = OptionSize(call.level, call.option);
  }
  Mend(call);
}

Call RandomArguments(Op op, Random& random) {
  Call call{.op = op};
  for (const Argument& argument : DeclarationOf(op).arguments) {
    if (argument.UsedBy(call)) Fill(argument, kOdd, call, random);
  }
  ForEachDescriptor(call, [](const Argument&, Descriptor& fd) { fd = kMinusOne; });
  Mend(call);
  return call;
}

Address RandomAddress(Random& random) { return RandomAddressOf(kOdd, random); }

}  // namespace sockspec
