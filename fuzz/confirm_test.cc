#include "fuzz/confirm.h"

#include <errno.h>

#include <string>
#include <vector>

#include "fuzz/lockstep.h"
#include "gtest/gtest.h"
#include "model/oracle.h"
#include "model/profile.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

Profile Linux() { return ResolveProfile("linux-6.18", "").profile; }

Program Parsed(const std::string& text) {
  const ParsedText parsed = ParseText(text, "test");
  EXPECT_TRUE(parsed.ok()) << parsed.problem.Message();
  return parsed.transcript.program;
}

// Answers by the model, but refuses listen() with EPERM when it pleases.
class Moody : public Kernel {
 public:
  std::string family() const override { return "moody"; }
  std::string release() const override { return "moody"; }
  Trouble Reset(const Environment& env) override {
    ++runs;
    oracle_.Reset(env);
    return {};
  }
  Trouble ResetFresh(const Environment& env) override {
    dups = 0;
    return Reset(env);
  }
  Reply Run(const Call& call) override {
    if (call.op == Op::kDup) ++dups;
    if (call.op == Op::kListen && Refuses()) return {.error = EPERM};
    return oracle_.Answer(call);
  }
  void Disturb(unsigned seed) override { disturbed = seed != 0; }

  enum { kAlways, kEveryThird, kWhenDisturbed, kAfterADup, kNever } mood = kAlways;
  bool disturbed = false;
  int runs = 0;
  int dups = 0;  // in this namespace

 private:
  bool Refuses() const {
    switch (mood) {
      case kAlways:
        return true;
      case kEveryThird:
        return runs % 3 == 0;
      case kWhenDisturbed:
        return disturbed;
      case kAfterADup:
        return dups > 0;
      case kNever:
        return false;
    }
    return false;
  }

  Oracle oracle_{Linux()};
};

constexpr char kListens[] =
    "s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
    "listen(s0, 1)\n";

class Confirming : public testing::Test {
 protected:
  Confirmation Confirm(std::vector<Program> before = {}) {
    return sockspec::Confirm(lockstep_, Parsed(kListens), kKey,
                             {.load = false, .before = std::move(before)});
  }

  static constexpr char kKey[] = "moody.listen.stream.inet.listen.autobind.errno.EPERM";
  Moody kernel_;
  Lockstep lockstep_{kernel_, Linux()};
};

TEST_F(Confirming, WhatAlwaysComesIsConfirmed) {
  const Confirmation c = Confirm();
  EXPECT_EQ(c.verdict, Confirmed::kYes);
  EXPECT_EQ(c.quiet, (Rate{5, 5}));
  EXPECT_EQ(c.disturbed, (Rate{5, 5}));
  EXPECT_FALSE(kernel_.disturbed);  // it leaves the kernel as it was
}

TEST_F(Confirming, WhatComesNowAndThenIsUnstable) {
  kernel_.mood = Moody::kEveryThird;
  const Confirmation c = Confirm();
  EXPECT_EQ(c.verdict, Confirmed::kUnstable);
  EXPECT_EQ(c.quiet.hits + c.disturbed.hits, 3);
  EXPECT_EQ(c.what_varied,
            "call 2, listen(s0, 1), came back -1 EPERM where it diverged and 0 where it did not");
}

TEST_F(Confirming, WhatComesOnlyUnderLoadIsUnstable) {
  kernel_.mood = Moody::kWhenDisturbed;
  const Confirmation c = Confirm();
  EXPECT_EQ(c.verdict, Confirmed::kUnstable);
  EXPECT_EQ(c.quiet, (Rate{0, 5}));
  EXPECT_EQ(c.disturbed, (Rate{5, 5}));
}

TEST_F(Confirming, WhatOtherProgramsCauseIsContaminatedAndKeepsThem) {
  kernel_.mood = Moody::kAfterADup;
  const Program harmless = Parsed("s0 = socket(AF_INET, SOCK_STREAM, 0)\n");
  const Program dups = Parsed("s0 = socket(AF_INET, SOCK_STREAM, 0)\ns1 = dup(s0)\n");
  const Confirmation c = Confirm({harmless, harmless, dups, harmless, harmless});
  EXPECT_EQ(c.verdict, Confirmed::kContaminated);
  EXPECT_EQ(c.before, std::vector<Program>{dups});
}

TEST_F(Confirming, WhatNeverComesAgainIsGone) {
  kernel_.mood = Moody::kNever;
  EXPECT_EQ(Confirm().verdict, Confirmed::kGone);
}

TEST_F(Confirming, AnotherDivergenceIsNotThisOne) {
  const Confirmation c =
      sockspec::Confirm(lockstep_, Parsed(kListens), "another.key", {.load = false});
  EXPECT_EQ(c.verdict, Confirmed::kGone);
}

TEST(Load, ItCanBeMadeAndEndedAgainAndAgain) {
  for (int i = 0; i < 3; ++i) Load load;
}

TEST(Ring, ItKeepsTheLastProgramsInOrder) {
  Ring ring(2);
  EXPECT_TRUE(ring.Programs().empty());
  std::vector<Program> programs(3);
  for (int i = 0; i < 3; ++i) {
    programs[i].calls.push_back({.op = Op::kListen, .fd = kMinusOne, .value = i});
    ring.Push(programs[i]);
  }
  EXPECT_EQ(ring.Programs(), (std::vector<Program>{programs[1], programs[2]}));
}

}  // namespace
}  // namespace sockspec
