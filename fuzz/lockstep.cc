#include "fuzz/lockstep.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include <span>
#include <string_view>
#include <utility>

#include "model/program/declarations.h"
#include "model/program/notation.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

// The coarse clock has a resolution of some milliseconds and costs a fraction of the exact one.
int64_t MillisecondsNow() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return now.tv_sec * int64_t{1000} + now.tv_nsec / 1000000;
}

// The token for a value, without its prefix and in lower case: SOCK_STREAM is `stream`.
std::string ShortName(std::span<const Token> tokens, int32_t value, std::string_view prefix) {
  for (const Token& token : tokens) {
    if (token.value != value) continue;
    std::string name(token.name.substr(token.name.starts_with(prefix) ? prefix.size() : 0));
    for (char& c : name) {
      if (c >= 'A' && c <= 'Z') c += 'a' - 'A';
    }
    return name;
  }
  return "other";
}

// `stream.inet`; `file`, `pipe` and `none` for what is no socket.
std::string TypeAndFamily(const Call& call, const World& before) {
  if (call.op == Op::kSocket || call.op == Op::kSocketpair) {
    int32_t flags = 0;
    for (const Token& flag : SocketFlags()) flags |= flag.value;
    return ShortName(SocketTypes(), call.type & ~flags, "SOCK_") + "." +
           ShortName(Families(), call.domain, "AF_");
  }
  if (call.fd == kFile) return "file";
  if (call.fd == kPipe) return "pipe";
  const Socket* socket = SocketOf(before, call);
  if (socket == nullptr) return "none";
  switch (socket->kind) {
    case SocketKind::kTcp: return socket->inet6 ? "stream.inet6" : "stream.inet";
    case SocketKind::kUdp: return socket->inet6 ? "dgram.inet6" : "dgram.inet";
    case SocketKind::kUnixStream: return "stream.unix";
    case SocketKind::kUnixDatagram: return "dgram.unix";
    case SocketKind::kUnixSeqpacket: return "seqpacket.unix";
  }
  __builtin_unreachable();
}

std::string ErrnoName(int error) {
  std::string name = PrintErrno(error);
  for (char& c : name) {
    if (c == ' ') c = '-';
  }
  return name;
}

// What a count came to, next to what it should have been; never the number, which is the
// arguments'.
std::string Compared(int64_t expected, int64_t actual) {
  if (actual == 0) return "0";
  if (actual < 0) return "negative";
  return actual < expected ? "less" : "more";
}

std::string Hexadecimal(uint32_t value) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string digits;
  do {
    digits.insert(digits.begin(), kDigits[value % 16]);
    value /= 16;
  } while (value != 0);
  return "0x" + digits;
}

std::string ValueCameBack(const Call& call, const Reply& expected, const Reply& actual) {
  switch (DeclarationOf(call.op).returns) {
    case Returns::kZero:
      return std::to_string(actual.value);
    case Returns::kTarget:
    case Returns::kDescriptor:
      return actual.value < 0 ? "negative" : "descriptor";
    case Returns::kCount:
      if (expected.error != 0 || expected.blocked) return actual.value == 0 ? "0" : "some";
      return Compared(expected.value, actual.value);
    case Returns::kFlags:
      return Hexadecimal(static_cast<uint32_t>(actual.value));
  }
  return "other";
}

// The text form's name in lower case, without what no key holds: `127.0.0.1`, `not_ours`, `ffff127.0.0.1`.
std::string HostName(Host host) {
  static constexpr std::string_view kOldNames[] = {"any",      "loopback", "loopback2",   "broadcast",
                                                   "multicast", "not_ours", "unreachable", "blackhole"};
  if (static_cast<size_t>(host) < std::size(kOldNames)) return std::string(kOldNames[static_cast<int>(host)]);
  std::string name;
  for (char c : kHostNames[static_cast<int>(host)]) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 'a' - 'A');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.') name += c;
  }
  return name.empty() ? "any6" : name == "1" ? "loopback6" : name;
}

std::string_view PortName(Port port) {
  if (port == kPortZero) return "zero";
  if (port == kPortPrivileged) return "privileged";
  if (port.IsProgram()) return "program";
  if (port.IsChosen()) return "chosen";
  return "other";
}

std::string_view NameKind(UnixName name) {
  if (name == kUnnamed) return "none";
  if (name.IsAbstract()) return "abstract";
  if (name.IsChosen()) return "chosen";
  return name == kNameOther ? "other" : "path";
}

std::string AddressCameBack(const Reply& expected, const Reply& actual) {
  if (expected.address_size != actual.address_size) {
    return "size-" + std::to_string(actual.address_size);
  }
  if (expected.family != actual.family) {
    return "family-" + ShortName(Families(), actual.family, "AF_");
  }
  if (expected.host != actual.host) return "host-" + HostName(actual.host);
  if (expected.name != actual.name) return "name-" + std::string(NameKind(actual.name));
  return "port-" + std::string(PortName(actual.port));
}

std::string OptionCameBack(const Call& call, const Reply& expected, const Reply& actual) {
  if (call.op == Op::kIoctl) {
    return call.command == FIONREAD ? Compared(expected.option, actual.option)
                                    : std::to_string(actual.option);
  }
  if (call.option == SO_ERROR) return actual.option == 0 ? "0" : ErrnoName(actual.option);
  if (expected.option == actual.option) return "seconds";
  // Small values are flags and names; large ones are the sizes of buffers.
  if (actual.option >= 0 && actual.option < 256) return std::to_string(actual.option);
  return Compared(expected.option, actual.option);
}

std::string DataCameBack(const Data& expected, const Data& actual) {
  if (actual.garbled) return "garbled";
  if (expected.size != actual.size) return Compared(expected.size, actual.size);
  return "start";
}

// The events that came and should not have, and those that should and did not: `plus-out`,
// `minus-hup`. What else was ready is the program's.
std::string EventsCameBack(int16_t expected, int16_t actual) {
  std::string names;
  for (const Token& token : PollEvents()) {
    if (((expected ^ actual) & token.value) == 0) continue;
    const Token one[] = {token};
    names += names.empty() ? "" : "-";
    names += (actual & token.value) != 0 ? "plus-" : "minus-";
    names += ShortName(one, token.value, "POLL");
  }
  return names.empty() ? "other" : names;
}

std::string EffectCameBack(const Call& call, const Reply& expected, const Reply& actual) {
  // A value's length comes before it: where that is wrong, a value that the kernel may choose is not what differs.
  static constexpr struct {
    Wrote bit;
    std::string_view name;
  } kFields[] = {{kWroteAddress, "addr"}, {kWroteAddressLength, "addrlen"},
                 {kWroteLength, "len"},   {kWroteValue, "value"},
                 {kWroteData, "data"},    {kWroteEvents, "revents"},
                 {kWroteSignal, "signal"}, {kWroteFlags, "flags"},
                 {kWroteRights, "rights"}, {kWroteReady, "ready"}};
  for (const auto& [bit, name] : kFields) {
    const std::string prefix = std::string(name) + ".";
    if ((expected.wrote & bit) != (actual.wrote & bit)) {
      return prefix + ((actual.wrote & bit) != 0 ? "written" : "none");
    }
    if ((expected.wrote & bit) == 0) continue;
    switch (bit) {
      case kWroteAddress:
        if (expected.address_size != actual.address_size || expected.family != actual.family ||
            expected.host != actual.host || expected.port != actual.port ||
            expected.name != actual.name) {
          return prefix + AddressCameBack(expected, actual);
        }
        break;
      case kWroteAddressLength:
        if (expected.address_length != actual.address_length) {
          return prefix + std::to_string(actual.address_length);
        }
        break;
      case kWroteValue:
        if (expected.option != actual.option || expected.seconds != actual.seconds) {
          return prefix + OptionCameBack(call, expected, actual);
        }
        break;
      case kWroteLength:
        if (expected.option_length != actual.option_length) {
          return prefix + std::to_string(actual.option_length);
        }
        break;
      case kWroteData:
        if (expected.data.size != actual.data.size ||
            expected.data.garbled != actual.data.garbled ||
            expected.data.start % kPatternPeriod != actual.data.start % kPatternPeriod) {
          return prefix + DataCameBack(expected.data, actual.data);
        }
        break;
      case kWroteEvents:
        if (expected.events != actual.events) {
          return prefix + EventsCameBack(expected.events, actual.events);
        }
        break;
      case kWroteFlags:
        if (expected.flags != actual.flags) {
          return prefix + Hexadecimal(static_cast<uint32_t>(actual.flags));
        }
        break;
      case kWroteRights:
        if (expected.slot != actual.slot) return prefix + "slot";
        break;
      case kWroteReady:
        if (!std::equal(std::begin(expected.ready), std::end(expected.ready), std::begin(actual.ready))) {
          return prefix + "others";
        }
        break;
      case kWroteSignal:
      case kBlocksOnly:
        break;
    }
  }
  return "other";
}

std::string_view DiffersName(Differs differs) {
  switch (differs) {
    case Differs::kErrno:
      return "errno";
    case Differs::kValue:
      return "value";
    case Differs::kEffect:
      return "effect";
    case Differs::kBlocks:
      return "blocks";
  }
  return "other";
}

const Socket* SocketAt(const World& world, uint8_t handle) {
  const uint8_t slot = world.handles[handle];
  if (slot >= world.slots.size()) return nullptr;
  if (world.slots[slot].opens != Opens::kSocket) return nullptr;
  return &world.sockets[world.slots[slot].socket];
}

// The socket that `call` was made on; where it takes none, the one that it made.
const Socket* SocketAfter(const World& world, const Call& call) {
  if (DeclarationOf(call.op).takes_descriptor()) return SocketOf(world, call);
  return call.made < kMaxHandles ? SocketAt(world, call.made) : nullptr;
}

}  // namespace

const Socket* SocketOf(const World& world, const Call& call) {
  const uint8_t socket = SocketOf(call, world);
  return socket == kNone ? nullptr : &world.sockets[socket];
}

Differs HowDiffers(const Reply& expected, const Reply& actual) {
  if (expected.blocked != actual.blocked) return Differs::kBlocks;
  if (expected.error != actual.error) {
    return actual.error != 0 ? Differs::kErrno : Differs::kValue;
  }
  if (expected.error == 0 && expected.value != actual.value) return Differs::kValue;
  return Differs::kEffect;
}

std::string KeyOf(const std::string& kernel_family, const Call& call, const World& before,
                  const Clause* expected, const Reply& expected_reply, const Reply& actual) {
  const Differs differs = HowDiffers(expected_reply, actual);
  std::string came_back;
  switch (differs) {
    case Differs::kErrno:
      came_back = ErrnoName(actual.error);
      break;
    case Differs::kValue:
      came_back = ValueCameBack(call, expected_reply, actual);
      break;
    case Differs::kEffect:
      came_back = EffectCameBack(call, expected_reply, actual);
      break;
    case Differs::kBlocks:
      if (actual.blocked) {
        came_back = "blocked";
      } else if (actual.error != 0) {
        came_back = ErrnoName(actual.error);
      } else {
        came_back = ValueCameBack(call, expected_reply, actual);
      }
      break;
  }
  std::string key = kernel_family;
  key += '.';
  key += DeclarationOf(call.op).name;
  key += '.';
  key += TypeAndFamily(call, before);
  key += '.';
  key += expected != nullptr ? expected->id : "nothing";
  key += '.';
  key += DiffersName(differs);
  key += '.';
  key += came_back;
  return key;
}

Lockstep::Lockstep(Kernel& kernel, const Profile& profile)
    : kernel_(kernel), oracle_(profile), family_(kernel.family()) {
  run_.replies.reserve(kMaxCalls);
  run_.seen.reserve(kMaxCalls);
}

const Run& Lockstep::Play(const Program& program) {
  // What a kernel does not have it is not asked for.
  return PlayOn(program, kernel_.Lacks(program.env).empty() ? kernel_.Reset(program.env) : Trouble{});
}

const Run& Lockstep::PlayFresh(const Program& program) {
  return PlayOn(program, kernel_.Lacks(program.env).empty() ? kernel_.ResetFresh(program.env) : Trouble{});
}

const Run& Lockstep::PlayOn(const Program& program, Trouble trouble) {
  run_.replies.clear();
  run_.seen.clear();
  run_.divergences.clear();
  run_.discarded = false;
  run_.why_discarded.clear();
  run_.lacks = {};
  run_.unspecified = 0;
  run_.worlds = 1;
  run_.trouble = std::move(trouble);
  if (run_.trouble.any()) return run_;

  oracle_.Reset(program.env);
  if (const std::string_view lacks = kernel_.Lacks(program.env); !lacks.empty()) Lacking(lacks);
  const int64_t begun = MillisecondsNow();
  int64_t from = begun;
  int64_t spent = 0;
  bool prepared = false;
  for (int i = 0; i < static_cast<int>(program.calls.size()) && !run_.discarded; ++i) {
    const Call& call = program.calls[i];
    if (const std::string_view lacks = kernel_.Lacks(call); !lacks.empty()) [[unlikely]] {
      Lacking(lacks);
      break;
    }
    Seen seen;
    if (const Socket* socket = SocketOf(oracle_.world(), call)) seen.phase = PhaseOf(*socket);
    if (call.part == Part::kUnfinished && !prepared) [[unlikely]] {
      prepared = true;
      // A thread keeps what it may do, whatever becomes of the others.
      const Trouble threads = program.env.nobody    ? Trouble{"uid=nobody is of one thread (model/not_modelled.md)"}
                              : program.env.patient ? Trouble{"patience=2s is of one thread (model/not_modelled.md)"}
                                                    : kernel_.PrepareThreads();
      if (threads.any()) {
        run_.discarded = true;
        run_.why_discarded = threads.what;
        break;
      }
    }
    const Reply reply = kernel_.Run(call);
    run_.replies.push_back(reply);
    // A wait that was declared is not the program's time. The calls before it since the last
    // reading go uncounted with it, so that the calls that do not block cost no look at the clock.
    if (reply.blocked || program.env.patient) from = MillisecondsNow();
    bool go_on = true;
    switch (oracle_.Step(call, reply)) {
      case Verdict::kConforms:
        seen.clause = oracle_.clause();
        seen.allowed = static_cast<uint8_t>(oracle_.allowed());
        break;
      case Verdict::kDiverges: {
        // A port that the kernel chose was by chance the number of another one, which the model takes for two.
        if (kernel_.Coincidence()) {
          run_.discarded = true;
          run_.why_discarded = "the kernel chose a port that had another use";
          go_on = false;
          break;
        }
        const int64_t before = MillisecondsNow();
        Diverged(i, call, reply);
        go_on = oracle_.Resynchronise(call, reply);
        spent -= MillisecondsNow() - before;
        break;
      }
      case Verdict::kUnspecified:
        ++run_.unspecified;
        break;
      case Verdict::kDiscarded:
        run_.discarded = true;
        run_.why_discarded = oracle_.why();
        go_on = false;
        break;
    }
    if (const Socket* socket = SocketAfter(oracle_.world(), call)) seen.after = PhaseOf(*socket);
    run_.seen.push_back(seen);
    if (oracle_.worlds() > run_.worlds) run_.worlds = oracle_.worlds();
    if (!go_on) break;
  }
  const int64_t now = MillisecondsNow();
  spent += now - from;
  if (now - begun > (program.env.patient ? kLongestPatientMilliseconds : kLongestWithWaitsMilliseconds)) {
    run_.discarded = true;
    run_.why_discarded = "took " + std::to_string(now - begun) + " ms with its waits";
    run_.divergences.clear();
  } else if (spent > kLongestProgramMilliseconds) {
    run_.discarded = true;
    run_.why_discarded = "took " + std::to_string(spent) + " ms outside calls that blocked";
    run_.divergences.clear();
  }
  return run_;
}

void Lockstep::Lacking(std::string_view what) {
  run_.discarded = true;
  run_.lacks = what;
  run_.why_discarded = family_ + " does not have " + std::string(what);
}

void Lockstep::Diverged(int index, const Call& call, const Reply& reply) {
  Divergence divergence{.index = index, .allowed = oracle_.Ask(call), .actual = reply};
  Reply expected;
  if (!divergence.allowed.empty()) {
    divergence.expected = divergence.allowed[0].clause;
    expected = divergence.allowed[0].reply;
  }
  divergence.differs = HowDiffers(expected, reply);
  divergence.before = oracle_.world();
  divergence.key = KeyOf(family_, call, divergence.before, divergence.expected, expected, reply);
  run_.divergences.push_back(std::move(divergence));
}

}  // namespace sockspec
