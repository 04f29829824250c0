// On Linux one reply is right, nearly always: a looser specification would find less. The bounds
// are what was measured (in the comments), and some room.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>

#include "fuzz/fake_kernel.h"
#include "fuzz/generate.h"
#include "fuzz/lockstep.h"
#include "gtest/gtest.h"
#include "model/oracle.h"
#include "model/profile.h"
#include "model/program/random.h"
#include "properties/examples.h"

namespace sockspec {
namespace {

constexpr uint64_t kPrograms = 20000;

// Of random programs on a kernel of the model.
struct Measured {
  uint64_t programs = 0;
  uint64_t calls = 0;
  uint64_t allowed = 0;  // replies, of all calls
  uint64_t loose = 0;    // calls with more than one
  int worlds = 0;        // the most at once
  uint64_t many = 0;     // programs with more than four
  uint64_t discarded = 0;
  std::map<std::string, uint64_t> why_discarded;

  double mean() const { return static_cast<double>(allowed) / static_cast<double>(calls); }
};

Measured Measure(const Profile& profile, bool without_environments = false) {
  FakeKernel kernel(profile);
  Lockstep lockstep(kernel, profile);
  Generator generator(profile, {.environments = !without_environments});
  Measured measured;
  for (uint64_t i = 0; i < kPrograms; ++i) {
    Random random(ProgramSeed(3, i));
    const Run& run = lockstep.Play(generator.Next(random));
    ++measured.programs;
    measured.worlds = std::max(measured.worlds, run.worlds);
    measured.many += run.worlds > 4;
    for (const Seen& seen : run.seen) {
      if (seen.allowed == 0) continue;
      ++measured.calls;
      measured.allowed += seen.allowed;
      measured.loose += seen.allowed > 1;
    }
    if (run.discarded) {
      ++measured.discarded;
      ++measured.why_discarded[run.why_discarded];
    }
  }
  printf(
      "%s: %.4f replies are right at a call, %.2f %% of calls have more than one, %d worlds at "
      "most, %.2f %% of "
      "programs cannot be followed to their end\n",
      profile.name().c_str(), measured.mean(),
      100.0 * static_cast<double>(measured.loose) / static_cast<double>(measured.calls),
      measured.worlds,
      100.0 * static_cast<double>(measured.discarded) / static_cast<double>(kPrograms));
  for (const auto& [why, count] : measured.why_discarded) printf("  %lu: %s\n", count, why.c_str());
  return measured;
}

TEST(OneReply, IsRightOnLinux) {
  for (const Version version : kKnownLinux) {
    const Measured measured = Measure({.family = kLinux, .version = version});
    EXPECT_GT(measured.calls, kPrograms);
    EXPECT_LT(measured.mean(), 1.02);  // 1.0056
  }
}

TEST(OneReply, IsRightByPosixMoreOftenThanNot) {
  const Measured measured = Measure({.family = kPosix});
  EXPECT_LT(measured.mean(), 1.2);  // 1.1903: datagrams may be late, lost, or somebody else's
}

TEST(Worlds, StayBounded) {
  for (const Profile& profile : EveryProfile()) {
    Measured measured = Measure(profile);
    EXPECT_LE(measured.worlds, kMaxWorlds);
    EXPECT_LT(measured.discarded, measured.programs / 50);  // 0.8 %
    // Of many datagrams into a small buffer nobody knows which of them found room.
    EXPECT_LT(measured.why_discarded["the replies leave too many worlds possible"], measured.programs / 5000);
  }
}

// Where the kernel has plenty of ports, nothing forks but what a secret hash decides (each connection to a group
// of SO_REUSEPORT doubles the worlds), and whether a datagram finds room in a small buffer.
TEST(Worlds, AreFewWhereNoEnvironmentIsAskedFor) {
  for (const Version version : kKnownLinux) {
    EXPECT_LT(Measure({.family = kLinux, .version = version}, true).many, kPrograms / 1000);  // 0.02 %
  }
}

}  // namespace
}  // namespace sockspec
