// What lockstep costs, on this machine.
//
//     bazel run -c opt //fuzz:benchmark [-- [PROGRAMS] [ROUNDS]]
//
// The same programs, looks included, run on this machine's kernel without the model and in
// lockstep, in turns, so that a machine that is busy for a while slows both. Programs of all kinds of
// sockets first, then of each family by itself. Medians over the rounds; run it on an idle machine.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fmt/format.h"
#include "fuzz/fake_kernel.h"
#include "fuzz/generate.h"
#include "fuzz/lockstep.h"
#include "model/clause.h"
#include "model/oracle.h"
#include "model/profile.h"
#include "model/program/program.h"
#include "sut/kernel.h"
#include "sut/linux.h"

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

int Main(int argc, char** argv) {
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
