#include "fuzz/regression.h"

#include <errno.h>

#include <string>

#include "fuzz/fake_kernel.h"
#include "gtest/gtest.h"
#include "model/clause.h"
#include "model/profile.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

constexpr char kUnboundUnix[] =
    "s0 = socket(AF_UNIX, SOCK_STREAM, 0)\n"
    "getsockname(s0)\n"
    "listen(s0, 1)\n";

const Profile& Linux() {
  static const Profile profile = ResolveProfile("linux-6.18", "").profile;
  return profile;
}

Finding FindingWith(const Mutation& mutation) {
  const Program program = ParseText(kUnboundUnix, "").transcript.program;
  FakeKernel kernel(Linux(), mutation);
  Lockstep lockstep(kernel, Linux());
  const Run& run = lockstep.Play(program);
  EXPECT_TRUE(run.diverged());
  Finding finding = MakeFinding(program, run, run.divergences.at(0), Linux(), kernel);
  finding.mutant = "unix_listen.unnamed";
  return finding;
}

// What the pinned program says on a kernel with another fault.
std::string On(const std::string& text, const Mutation& mutation) {
  const ParsedText parsed = ParseText(text, "pinned");
  EXPECT_TRUE(parsed.ok()) << parsed.problem.Message() << text;
  FakeKernel kernel(Linux(), mutation);
  Lockstep lockstep(kernel, Linux());
  return WhatHasChanged(RegressionIn(parsed.transcript), parsed.transcript,
                        lockstep.PlayFresh(parsed.transcript.program));
}

const Clause* Unnamed() { return FindClause("unix_listen.unnamed"); }

TEST(RegressionTest, TheFileSaysWhichDivergenceItPinsDownAndWhatIsHeldToWhat) {
  const Finding finding = FindingWith({.clause = Unnamed(), .error = ENOTCONN});
  const std::string text = RegressionProgram(finding);
  const Regression regression = RegressionIn(ParseText(text, "").transcript);
  EXPECT_EQ(regression.key, finding.key);
  EXPECT_EQ(regression.profile, "linux-6.18");
  EXPECT_EQ(regression.mutant, "unix_listen.unnamed");
  EXPECT_NE(text.find("= -1 ENOTCONN\n"), std::string::npos) << text;
}

TEST(RegressionTest, HoldsAsLongAsTheKernelAnswersTheSame) {
  const Mutation fault{.clause = Unnamed(), .error = ENOTCONN};
  EXPECT_EQ(On(RegressionProgram(FindingWith(fault)), fault), "");
}

TEST(RegressionTest, FailsWhenTheKernelIsMended) {
  const std::string text = RegressionProgram(FindingWith({.clause = Unnamed(), .error = ENOTCONN}));
  EXPECT_EQ(On(text, {}), "listen(s0, 1) came back -1 EINVAL, pinned down is -1 ENOTCONN");
}

TEST(RegressionTest, FailsWhenTheKernelIsWrongInAnotherWay) {
  const std::string text = RegressionProgram(FindingWith({.clause = Unnamed(), .error = ENOTCONN}));
  EXPECT_EQ(On(text, {.clause = Unnamed(), .error = EPIPE}),
            "listen(s0, 1) came back -1 EPIPE, pinned down is -1 ENOTCONN");
  EXPECT_NE(On(text, {.clause = FindClause("socket.open"), .error = ENOMEM}), "");
}

TEST(RegressionTest, FailsWhenTheSpecificationIsMended) {
  // The same replies, on a kernel that answers them by right.
  const std::string text = RegressionProgram(FindingWith({.clause = Unnamed(), .error = ENOTCONN}));
  std::string right = text;
  right.replace(right.find("-1 ENOTCONN\n"), 11, "-1 EINVAL");
  EXPECT_EQ(On(right, {}), "the kernel answers as before, and the specification allows it now");
}

TEST(RegressionTest, AnyOtherProgramIsNone) {
  EXPECT_EQ(
      RegressionIn(
          ParseText("# profile: posix\ns0 = socket(AF_INET, SOCK_STREAM, 0)\n", "").transcript)
          .key,
      "");
}

}  // namespace
}  // namespace sockspec
