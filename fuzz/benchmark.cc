// What lockstep costs, on this machine.
//
//     bazel run -c opt //fuzz:benchmark [-- [PROGRAMS] [ROUNDS]]
//
// The same programs, looks included, run on this machine's kernel without the model and in
// lockstep, in turns, so that a machine that is busy for a while slows both. Medians over the
// rounds; run it on an idle machine.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "fuzz/fake_kernel.h"
#include "fuzz/generate.h"
#include "fuzz/lockstep.h"
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
  const Profile& profile = resolved.profile;
  Lockstep lockstep(*kernel, profile);
  FakeKernel fake(profile);
  Lockstep fake_lockstep(fake, profile);
  Oracle oracle(profile);
  // A call that blocks takes a tenth of a second, whatever else is measured.
  Generator generator(profile, {.blocking = false});

  std::vector<Program> programs;
  std::vector<std::vector<Reply>> replies;
  uint64_t calls = 0;
  int diverged = 0;
  for (uint64_t n = 0; static_cast<int>(programs.size()) < count; ++n) {
    Random random(ProgramSeed(1, n));
    const Program& program = generator.Next(random);
    const Run& run = lockstep.Play(program);
    if (run.trouble.any()) {
      fmt::print(stderr, "{}\n", run.trouble.what);
      return 3;
    }
    // A program that is not judged to its end would be replayed further than it is checked.
    if (run.discarded || run.diverged()) {
      diverged += run.diverged() ? 1 : 0;
      continue;
    }
    programs.push_back(program);
    replies.push_back(run.replies);
    calls += program.calls.size();
  }
  fmt::print("{}, held to {}; {} programs of {:.1f} calls, {} rounds\n\n", kernel->release(),
             profile.name(), programs.size(),
             static_cast<double>(calls) / static_cast<double>(programs.size()), rounds);

  const auto measured = [&](const char* what) {
    return Measured{.what = what, .calls = calls, .programs = programs.size()};
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
        bare.seconds.push_back(Seconds([&] { sum += Replay(*kernel, programs); }));
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
        for (size_t i = 0; i < replies[n].size(); ++i) {
          sum += static_cast<int>(oracle.Step(programs[n].calls[i], replies[n][i]));
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
  fmt::print(
      "\nlockstep takes {:.3f} times as long as bare replay (the median; from {:.3f} to {:.3f})\n",
      Median(ratios), ratios.front(), ratios.back());
  if (diverged > 0) fmt::print("{} programs diverged, and were left out\n", diverged);
  return sum == -1 ? 1 : 0;
}

}  // namespace
}  // namespace sockspec

int main(int argc, char** argv) { return sockspec::Main(argc, argv); }
