// What lockstep costs, on this machine.
//
//     bazel run -c opt //fuzz:benchmark [-- [PROGRAMS] [ROUNDS]]
//     bazel run -c opt //fuzz:benchmark -- --kernel=uml [--kernel-image=FILE] [TURNS] [ROUNDS]
//
// With --kernel (linux, uml, gvisor, lwip or preload:LIB.so): some calls in lockstep against a loop in plain C of the same
// calls (benchmark_loops.h), on that kernel, which is started once. Without:
//
// The same programs, looks included, run on this machine's kernel without the model and in
// lockstep, in turns, so that a machine that is busy for a while slows both. Programs of all kinds of
// sockets first, then of each family by itself. Medians over the rounds; run it on an idle machine.

#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "fmt/format.h"
#include "fuzz/benchmark_loops.h"
#include "fuzz/fake_kernel.h"
#include "fuzz/generate.h"
#include "fuzz/lockstep.h"
#include "model/clause.h"
#include "model/oracle.h"
#include "model/profile.h"
#include "model/program/program.h"
#include "model/program/text.h"
#include "sut/guest.h"
#include "sut/kernel.h"
#include "sut/linux.h"
#include "sut/lwip.h"
#include "sut/preload.h"

namespace sockspec {
namespace {

using Clock = std::chrono::steady_clock;

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

template <typename Body>
double Seconds(Body body) {
  const Clock::time_point from = Clock::now();
  body();
  return std::chrono::duration<double>(Clock::now() - from).count();
}

// One thing that is measured once a round.
struct Measured {
  std::string what;
  uint64_t calls = 0;  // a round
  uint64_t programs = 0;
  std::vector<double> seconds;

  void Print() const {
    const double median = Median(seconds);
    fmt::print("{:<46} {:>12.0f} calls/s {:>10.0f} programs/s\n", what,
               static_cast<double>(calls) / median, static_cast<double>(programs) / median);
  }
};

// The kernel alone. The sum keeps the replies from being thought away.
int64_t Replay(Kernel& kernel, const std::vector<Program>& programs) {
  int64_t sum = 0;
  for (const Program& program : programs) {
    if (kernel.Reset(program.env).any()) return -1;
    for (const Call& call : program.calls) sum += kernel.Run(call).value;
  }
  return sum;
}

// Programs that can be judged to their end, and what the kernel said to them.
struct Workload {
  std::vector<Program> programs;
  std::vector<std::vector<Reply>> replies;
  uint64_t calls = 0;
  int diverged = 0;  // left out
};

Trouble MakeWorkload(Generator& generator, Lockstep& lockstep, int count, Workload& workload) {
  for (uint64_t n = 0; static_cast<int>(workload.programs.size()) < count; ++n) {
    Random random(ProgramSeed(1, n));
    const Program& program = generator.Next(random);
    const Run& run = lockstep.Play(program);
    if (run.trouble.any()) return run.trouble;
    // A program that is not judged to its end would be replayed further than it is checked.
    if (run.discarded || run.diverged()) {
      workload.diverged += run.diverged() ? 1 : 0;
      continue;
    }
    workload.programs.push_back(program);
    workload.replies.push_back(run.replies);
    workload.calls += program.calls.size();
  }
  return {};
}

struct Family {
  std::string_view name;
  KindSet sockets;
};
constexpr Family kFamilies[] = {
    {"all kinds of sockets", kAnything}, {"TCP", kTcp}, {"UDP", kUdp}, {"unix sockets", kUnix}};

// Prints one family's table. A sum of what was said, so that none of it is thought away.
int64_t Measure(const Family& family, Kernel& kernel, const Profile& profile, int count, int rounds,
                Trouble& trouble) {
  Lockstep lockstep(kernel, profile);
  FakeKernel fake(profile);
  Lockstep fake_lockstep(fake, profile);
  Oracle oracle(profile);
  // A call that blocks takes a tenth of a second, whatever else is measured.
  Generator generator(profile, {.blocking = false, .sockets = family.sockets});
  Workload workload;
  trouble = MakeWorkload(generator, lockstep, count, workload);
  if (trouble.any()) return 0;
  const std::vector<Program>& programs = workload.programs;
  fmt::print("\n{}: {} programs of {:.1f} calls\n", family.name, programs.size(),
             static_cast<double>(workload.calls) / static_cast<double>(programs.size()));

  const auto measured = [&](const char* what) {
    return Measured{.what = what, .calls = workload.calls, .programs = programs.size()};
  };
  Measured bare = measured("this kernel, bare replay"), locked = measured("this kernel, lockstep"),
           whole = measured("this kernel, generation and lockstep"),
           step = measured("the model alone, judging"),
           answer = measured("the model alone, answering (the fake kernel)"),
           both = measured("the model alone, lockstep on the fake kernel"),
           generation = measured("generation alone");
  std::vector<double> ratios;
  int64_t sum = 0;
  for (int round = 0; round < rounds; ++round) {
    // Who comes first changes, too.
    for (int turn = 0; turn < 2; ++turn) {
      if ((round + turn) % 2 == 0) {
        bare.seconds.push_back(Seconds([&] { sum += Replay(kernel, programs); }));
      } else {
        locked.seconds.push_back(Seconds([&] {
          for (const Program& program : programs) sum += lockstep.Play(program).worlds;
        }));
      }
    }
    ratios.push_back(locked.seconds.back() / bare.seconds.back());
    whole.calls = 0;
    whole.seconds.push_back(Seconds([&] {
      for (size_t n = 0; n < programs.size(); ++n) {
        Random random(ProgramSeed(2, n));
        whole.calls += lockstep.Play(generator.Next(random)).replies.size();
      }
    }));
    step.seconds.push_back(Seconds([&] {
      for (size_t n = 0; n < programs.size(); ++n) {
        oracle.Reset(programs[n].env);
        for (size_t i = 0; i < workload.replies[n].size(); ++i) {
          sum += static_cast<int>(oracle.Step(programs[n].calls[i], workload.replies[n][i]));
        }
      }
    }));
    answer.seconds.push_back(Seconds([&] { sum += Replay(fake, programs); }));
    both.seconds.push_back(Seconds([&] {
      for (const Program& program : programs) sum += fake_lockstep.Play(program).worlds;
    }));
    generation.calls = 0;
    generation.seconds.push_back(Seconds([&] {
      for (size_t n = 0; n < programs.size(); ++n) {
        Random random(ProgramSeed(2, n));
        generation.calls += generator.Next(random).calls.size();
      }
    }));
  }
  for (const Measured* m : {&bare, &locked, &whole, &step, &answer, &both, &generation}) m->Print();
  std::sort(ratios.begin(), ratios.end());
  fmt::print("lockstep takes {:.3f} times as long as bare replay (the median; from {:.3f} to {:.3f})\n",
             Median(ratios), ratios.front(), ratios.back());
  if (workload.diverged > 0) fmt::print("{} programs diverged, and were left out\n", workload.diverged);
  return sum;
}

// Calls in lockstep, and the same in plain C, in turns.
int MeasureLoops(Kernel& kernel, const Profile& profile, int turns, int rounds) {
  Lockstep lockstep(kernel, profile);
  for (const BareLoop& loop : BareLoops()) {
    if (kernel.family() == "lwip" && loop.program.find("AF_INET") == std::string_view::npos) continue;
    const ParsedText parsed = ParseText(loop.program, loop.name);
    if (!parsed.ok()) {
      fmt::print(stderr, "{}\n", parsed.problem.Message());
      return 1;
    }
    const Program& program = parsed.transcript.program;
    std::vector<double> bare, locked, ratios;
    int diverged = 0;
    int64_t failed = 0;
    for (int round = 0; round < rounds; ++round) {
      // A fresh network, so that no round has more sockets in TIME_WAIT behind it than another.
      if (const Trouble trouble = kernel.ResetFresh({}); trouble.any()) {
        fmt::print(stderr, "{}\n", trouble.what);
        return 3;
      }
      for (int turn = 0; turn < 2; ++turn) {
        if ((round + turn) % 2 == 0) {
          bare.push_back(Seconds([&] { failed += int64_t{turns} * loop.calls - loop.run(turns); }));
        } else {
          locked.push_back(Seconds([&] {
            for (int i = 0; i < turns; ++i) diverged += lockstep.Play(program).diverged() ? 1 : 0;
          }));
        }
      }
      ratios.push_back(locked.back() / bare.back());
    }
    const double calls = static_cast<double>(turns) * loop.calls;
    std::sort(ratios.begin(), ratios.end());
    fmt::print("{:<14} {:>10.0f} calls/s in plain C {:>10.0f} in lockstep: {:.2f} times as long (from {:.2f} to {:.2f})\n",
               loop.name, calls / Median(bare), calls / Median(locked), Median(ratios), ratios.front(), ratios.back());
    if (failed > 0) fmt::print("    {} calls of the loop failed\n", failed);
    if (diverged > 0) fmt::print("    {} of {} programs diverged\n", diverged, turns * rounds);
  }
  return 0;
}

// What the benchmark inside prints last, for the one outside.
constexpr std::string_view kInside = "seconds inside: ";

// Runs the benchmark on another kernel, or with a library preloaded, and says what starting that cost.
int Elsewhere(std::string_view name, const std::string& image, std::vector<std::string> arguments) {
  std::string output, trouble;
  int status = 3;
  arguments.insert(arguments.begin(), "--inside");
  const double seconds = Seconds([&] {
    if (name.starts_with(kPreloadPrefix)) {
      const std::string library = std::filesystem::absolute(name.substr(kPreloadPrefix.size())).lexically_normal();
      const PreloadResult result = RunPreloaded({.library = library, .arguments = arguments, .output = &output});
      status = result.end == PreloadEnd::kExited ? result.status : 3;
      trouble = result.what;
    } else {
      const GuestResult result = RunInGuest({.setup = {.kernel = std::string(name), .image = image},
                                             .arguments = arguments,
                                             .directory = std::filesystem::current_path(),
                                             .output = &output});
      status = result.end == GuestEnd::kExited ? result.status : 3;
      trouble = result.what;
    }
  });
  const size_t at = output.rfind(kInside);
  const double inside = at == std::string::npos ? 0 : std::atof(output.c_str() + at + kInside.size());
  fmt::print("{}", output.substr(0, at));
  if (!trouble.empty()) fmt::print(stderr, "{}\n", trouble);
  if (at != std::string::npos) {
    fmt::print("starting and ending it took {:.2f} s, once for all of the {:.2f} s that were measured\n", seconds - inside, inside);
  }
  return status;
}

// lwIP's own calls, of the library that its kernel has loaded. Those wait for its thread, which lockstep does not.
void UseLwip() {
  void* const library = dlopen("liblwip.so.0", RTLD_NOW | RTLD_NOLOAD);
  SocketCalls calls;
  const auto find = [library](auto& call, const char* name) {
    call = reinterpret_cast<std::remove_reference_t<decltype(call)>>(dlsym(library, name));
  };
  find(calls.socket, "lwip_socket");
  find(calls.bind, "lwip_bind");
  find(calls.listen, "lwip_listen");
  find(calls.getsockname, "lwip_getsockname");
  find(calls.connect, "lwip_connect");
  find(calls.accept, "lwip_accept");
  find(calls.send, "lwip_send");
  find(calls.recv, "lwip_recv");
  find(calls.close, "lwip_close");
  UseCalls(calls);
}

int MainOfLoops(std::vector<std::string> arguments) {
  std::string name = "linux", image;
  bool inside = false;
  for (const std::string_view option : {std::string_view("--kernel="), std::string_view("--kernel-image="), std::string_view("--inside")}) {
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (!arguments[i].starts_with(option)) continue;
      const std::string value = arguments[i].substr(option.size());
      arguments.erase(arguments.begin() + static_cast<ptrdiff_t>(i));
      if (option == "--kernel=") name = value;
      if (option == "--kernel-image=") image = value;
      if (option == "--inside") inside = true;
      break;
    }
  }
  const int turns = arguments.empty() ? 1000 : std::atoi(arguments[0].c_str());
  const int rounds = arguments.size() < 2 ? 5 : std::atoi(arguments[1].c_str());
  if (turns < 1 || rounds < 1 || arguments.size() > 2 ||
      (name != "linux" && name != "uml" && name != "gvisor" && name != "lwip" && !name.starts_with(kPreloadPrefix))) {
    fmt::print(stderr, "expected --kernel=linux, uml, gvisor, lwip or preload:LIB.so, and two positive numbers: TURNS and ROUNDS\n");
    return 2;
  }
  if (!inside && name != "linux" && name != "lwip") return Elsewhere(name, image, arguments);
  const Clock::time_point from = Clock::now();
  Trouble trouble;
  const std::unique_ptr<Kernel> kernel =
      name == "lwip" ? MakeLwipKernel({}, &trouble)
                     : MakeLinuxKernel({.at_hand = GuestKind() == "gvisor", .preloaded = !PreloadedLibrary().empty()}, &trouble);
  if (kernel == nullptr) {
    fmt::print(stderr, "{}\n", trouble.what);
    return 3;
  }
  if (name == "lwip") UseLwip();
  const ResolvedProfile resolved = name == "lwip" ? ResolveProfile("posix", "") : ResolveProfile("linux", kernel->release());
  fmt::print("{}{}, held to {}; {} rounds of {} turns\n", kernel->release(),
             PreloadedLibrary().empty() ? "" : fmt::format(" with {} preloaded", PreloadedLibrary()), resolved.profile.name(),
             rounds, turns);
  const int status = MeasureLoops(*kernel, resolved.profile, turns, rounds);
  if (inside) fmt::print("{}{:.3f}\n", kInside, std::chrono::duration<double>(Clock::now() - from).count());
  return status;
}

int Main(int argc, char** argv) {
  if (IsGuestInit()) return GuestInit();
  if (const std::string problem = BeginPreloaded(); !problem.empty()) {
    fmt::print(stderr, "{}\n", problem);
    return 3;
  }
  if (argc > 1 && std::string_view(argv[1]).starts_with("--")) return MainOfLoops({argv + 1, argv + argc});
  const int count = argc > 1 ? std::atoi(argv[1]) : 20000;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 9;
  if (count < 1 || rounds < 1) {
    fmt::print(stderr, "expected two positive numbers: PROGRAMS and ROUNDS\n");
    return 2;
  }
  Trouble trouble;
  const std::unique_ptr<Kernel> kernel = MakeLinuxKernel(LinuxOptions{}, &trouble);
  if (kernel == nullptr) {
    fmt::print(stderr, "{}\n", trouble.what);
    return 3;
  }
  const ResolvedProfile resolved = ResolveProfile("linux", kernel->release());
  fmt::print("{}, held to {}; {} rounds\n", kernel->release(), resolved.profile.name(), rounds);
  int64_t sum = 0;
  for (const Family& family : kFamilies) {
    sum += Measure(family, *kernel, resolved.profile, count, rounds, trouble);
    if (trouble.any()) {
      fmt::print(stderr, "{}\n", trouble.what);
      return 3;
    }
  }
  return sum == -1 ? 1 : 0;
}

}  // namespace
}  // namespace sockspec

int main(int argc, char** argv) { return sockspec::Main(argc, argv); }
