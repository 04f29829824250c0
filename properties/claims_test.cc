// What documents claim of connect() and bind(), put to the test on this machine's kernel: each case of each claim
// comes out there as the specification says it does. The table of verdicts is properties/claims.golden.md.
#include "properties/claims.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cctype>
#include <string>

#include "gtest/gtest.h"
#include "model/program/text.h"
#include "properties/on_linux.h"
#include "sut/sandbox.h"

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

// A program's calls are interrupted when they have slept for a tenth of a second, and a SYN is sent again only
// after a second: this one is made by hand, in the same sandbox.
TEST_F(ErrorsOfConnect, ETIMEDOUTComesInTheEndWhereNobodyAnswers) {
  ASSERT_FALSE(TheLockstep().kernel().ResetFresh({}).any());
  if (ThisSandbox().own_namespace == false) GTEST_SKIP() << "no namespace with a route to SILENT";
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_GE(fd, 0);
  const int milliseconds = 1;
  ASSERT_EQ(setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds), 0);
  sockaddr_in silent = {};
  silent.sin_family = AF_INET;
  silent.sin_port = htons(1024);
  silent.sin_addr.s_addr = htonl(0xC6130001);  // 198.19.0.1
  const int value = connect(fd, reinterpret_cast<const sockaddr*>(&silent), sizeof silent);
  const int error = errno;
  close(fd);
  EXPECT_EQ(value, -1);
  EXPECT_EQ(error, ETIMEDOUT) << strerror(error);
}

}  // namespace
}  // namespace sockspec
