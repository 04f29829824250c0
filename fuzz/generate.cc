#include "fuzz/generate.h"

#include <sys/socket.h>

#include "fuzz/kinds.h"
#include "fuzz/scenarios.h"
#include "fuzz/writer.h"

namespace sockspec {
namespace {

// One scenario in so many has calls that block in other threads. Such a program takes four times as long as others.
constexpr int kWithoutThreads = 16;

void OneScenario(Writer& w, const GenerateOptions& options) {
  const bool threads = options.blocking && !w.late() && w.Has({.part = Part::kUnfinished});
  if (threads && w.OneIn(kWithoutThreads)) return ThreadsScenario(w);
  if (w.OneIn(12)) return OptionsScenario(w);
  const SocketKind kind = w.SomeKind();
  if (!IsUnix(kind) && w.inet6() && w.OneIn(3)) return DualStackScenario(w, kind);
  switch (kind) {
    case SocketKind::kTcp: return TcpScenario(w);
    case SocketKind::kUdp: return UdpScenario(w);
    case SocketKind::kUnixStream:
    case SocketKind::kUnixDatagram:
    case SocketKind::kUnixSeqpacket: return UnixScenario(w, kind);
  }
}

}  // namespace

Generator::Generator(const Profile& profile, const GenerateOptions& options)
    : oracle_(profile), options_(options) {
  program_.calls.reserve(kMaxCalls);
}

const Program& Generator::Next(Random& random) {
  do {
    Writer w(oracle_, options_, program_, random);
    // A third of the programs go somewhere first. How many free calls follow is geometric.
    const bool scene = random.OneIn(3);
    if (scene) OneScenario(w, options_);
    while (scene && random.OneIn(20)) OneScenario(w, options_);
    do {
      if (w.Long()) break;
      w.Free();
      w.Noise(20);
    } while (!random.OneIn(scene ? 2 : 5));
    w.LooksAtTheEnd();
  } while (program_.calls.empty());
  return program_;
}

const Program& Generator::Scenario(Random& random) {
  do {
    Writer w(oracle_, options_, program_, random);
    OneScenario(w, options_);
  } while (program_.calls.empty());
  return program_;
}

GenerateOptions ForKernel(GenerateOptions options, const Kernel& kernel) {
  constexpr Call kOneOfEach[] = {{.op = Op::kSocket, .domain = AF_INET, .type = SOCK_STREAM},
                                 {.op = Op::kSocket, .domain = AF_INET, .type = SOCK_DGRAM},
                                 {.op = Op::kSocket, .domain = AF_UNIX, .type = SOCK_STREAM},
                                 {.op = Op::kSocket, .domain = AF_UNIX, .type = SOCK_DGRAM},
                                 {.op = Op::kSocket, .domain = AF_UNIX, .type = SOCK_SEQPACKET}};
  bool any = false;
  for (const Call& call : kOneOfEach) {
    if (kernel.Lacks(call).empty()) continue;
    options.sockets = static_cast<KindSet>(options.sockets & ~KindMade(call));
    any = true;
  }
  options.environments &= kernel.Lacks(Environment{.nofile = 1}).empty() &&
                          kernel.Lacks(Environment{.ephemeral = 1}).empty();
  options.nobody &= kernel.Lacks(Environment{.nobody = true}).empty();
  for (int host = 0; host < kHostCount; ++host) {
    any |= !kernel.Lacks(Call{.op = Op::kConnect, .address = {.host = static_cast<Host>(host)}}).empty();
  }
  any |= !kernel.Lacks(Call{.op = Op::kBind, .address = {.host = Host::kUnix, .name = kReadOnlyDir}}).empty();
  for (int op = 0; op < kOpCount; ++op) any |= !kernel.Lacks(Call{.op = static_cast<Op>(op)}).empty();
  // A kernel that has all of this is asked no more.
  if (any) options.lacks = [&kernel](const Call& call) { return kernel.Lacks(call); };
  return options;
}

uint64_t ProgramSeed(uint64_t seed, uint64_t index) {
  // The finalizer of splitmix64, so that neighbouring indexes have nothing in common.
  uint64_t z = seed + (index + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

}  // namespace sockspec
