#include "fuzz/generate.h"

#include <string>
#include <vector>

#include "fuzz/fake_kernel.h"
#include "fuzz/lockstep.h"
#include "fuzz/mutate.h"
#include "gtest/gtest.h"
#include "model/clause.h"
#include "model/profile.h"
#include "model/program/bytes.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

Profile Linux() { return ResolveProfile("linux-6.18", "").profile; }

class Generated : public testing::Test {
 protected:
  const Program& Next(uint64_t n) {
    Random random(ProgramSeed(1, n));
    return generator_.Next(random);
  }

  Generator generator_{Linux()};
};

TEST_F(Generated, TheSameSeedGivesTheSamePrograms) {
  Generator other(Linux());
  for (uint64_t n = 0; n < 2000; ++n) {
    // What was generated before leaves no trace.
    Random random(ProgramSeed(1, n)), elsewhere(ProgramSeed(2, n));
    other.Next(elsewhere);
    EXPECT_EQ(Next(n), other.Next(random));
  }
}

TEST_F(Generated, ProgramsCanBeSaidInTextAndBytes) {
  for (uint64_t n = 0; n < 5000; ++n) {
    const Program& program = Next(n);
    Program mended = program;
    Mend(mended);
    ASSERT_EQ(program, mended) << PrintText(program);
    ASSERT_EQ(program, DecodeBytes(Encode(program))) << PrintText(program);
    const ParsedText parsed = ParseText(PrintText(program), "generated");
    ASSERT_TRUE(parsed.ok()) << parsed.problem.Message() << "\n" << PrintText(program);
    ASSERT_EQ(program, parsed.transcript.program) << PrintText(program);
  }
}

TEST_F(Generated, ProgramsHaveAboutNineCalls) {
  uint64_t calls = 0;
  for (uint64_t n = 0; n < 20000; ++n) {
    const size_t size = Next(n).calls.size();
    EXPECT_GT(size, 0u);
    calls += size;
  }
  EXPECT_GT(calls, 20000u * 8);
  EXPECT_LT(calls, 20000u * 12);
}

TEST_F(Generated, NoCallMayBlock) {
  Generator generator(Linux(), {.blocking = false});
  Oracle oracle(Linux());
  for (uint64_t n = 0; n < 2000; ++n) {
    Random random(ProgramSeed(1, n));
    const Program& program = generator.Next(random);
    ASSERT_EQ(Followable(program, oracle), program) << PrintText(program);
  }
}

TEST_F(Generated, EveryPhaseIsReachedOften) {
  FakeKernel kernel(Linux());
  Lockstep lockstep(kernel, Linux());
  std::vector<int> calls(kPhaseCount);
  constexpr int kPrograms = 20000;
  for (uint64_t n = 0; n < kPrograms; ++n) {
    const auto& run = lockstep.Play(Next(n));
    ASSERT_FALSE(run.diverged()) << run.divergences[0].key << "\n" << PrintText(Next(n));
    for (const Seen& seen : run.seen) ++calls[static_cast<int>(seen.phase)];
  }
  for (int phase = 0; phase < kPhaseCount; ++phase) {
    if (static_cast<Phase>(phase) == Phase::kUnspecified) continue;  // of posix alone
    EXPECT_GT(calls[phase], kPrograms / 50) << PhaseName(static_cast<Phase>(phase));
  }
}

// Of those that the fake kernel answers by: what only adds a reply to others it never gives.
TEST_F(Generated, NearlyEveryClauseIsReached) {
  FakeKernel kernel(Linux());
  Lockstep lockstep(kernel, Linux());
  std::vector<bool> reached(AllClauses().size());
  for (uint64_t n = 0; n < 100000; ++n) {
    for (const Seen& seen : lockstep.Play(Next(n)).seen) {
      if (seen.clause != nullptr) reached[static_cast<size_t>(ClauseNumber(seen.clause))] = true;
    }
  }
  int missed = 0, of = 0;
  std::string names;
  for (const Clause* clause : AllClauses()) {
    if (!clause->BelongsTo(Linux()) || clause->strength != Strength::kShall) continue;
    ++of;
    if (reached[static_cast<size_t>(ClauseNumber(clause))]) continue;
    ++missed;
    names += " " + std::string(clause->id);
  }
  EXPECT_LT(missed, of / 12) << names;
}

}  // namespace
}  // namespace sockspec
