// What documents claim of connect() and bind(), put to the test on this machine's kernel: each case of each claim
// comes out there as the specification says it does. The table of verdicts is properties/claims.golden.md.
#include "properties/claims.h"

#include <cctype>
#include <string>

#include "gtest/gtest.h"
#include "model/program/text.h"
#include "properties/on_linux.h"

namespace sockspec {
namespace {

class Claimed : public OnLinux, public testing::WithParamInterface<Claim> {};

TEST_P(Claimed, ComesOutOnThisKernelAsTheSpecificationSays) {
  const ClaimResult said = ByProfile(GetParam(), TheProfile());
  const ClaimResult seen = ByKernel(GetParam(), TheLockstep().kernel());
  ASSERT_EQ(said.cases.size(), seen.cases.size());
  for (size_t i = 0; i < said.cases.size(); ++i) {
    const CaseResult& by_profile = said.cases[i];
    const CaseResult& by_kernel = seen.cases[i];
    EXPECT_NE(by_profile.outcome, CaseResult::kUnjudged)
        << by_profile.when << ": " << by_profile.expected << "\n" << PrintText(by_profile.transcript);
    EXPECT_EQ(by_profile.outcome, by_kernel.outcome)
        << by_profile.when << ": the specification expects `" << by_profile.expected << "`, the kernel says `"
        << by_kernel.expected << "` at call " << by_kernel.line << " of\n" << PrintText(by_profile.transcript);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Claimed, testing::ValuesIn(Claims().begin(), Claims().end()),
                         [](const auto& info) {
                           std::string name(info.param.id);
                           for (char& c : name) {
                             if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
                           }
                           return name;
                         });

class ErrorsOfConnect : public OnLinux {};

// EOPNOTSUPP: Linux's connect() has it only of families that cannot connect at all (packet sockets), and
// says EISCONN of a listener. EIO needs a device that is broken.
TEST_F(ErrorsOfConnect, CanAllBeGotOnThisKernelButEOPNOTSUPP) {
  for (const Claim& claim : Claims()) {
    if (claim.id != "errors.connect") continue;
    for (const CaseResult& one : ByKernel(claim, TheLockstep().kernel()).cases) {
      const bool got = one.outcome == CaseResult::kAsSaid;
      EXPECT_EQ(got, !one.when.starts_with("EOPNOTSUPP")) << one.when << ": " << one.expected;
    }
    return;
  }
  FAIL() << "no claim errors.connect";
}

}  // namespace
}  // namespace sockspec
