// The fixture of the tests on this machine's kernel is itself no formality: what is said wrong
// fails.

#include "properties/on_linux.h"

#include <stdlib.h>

#include <string>
#include <string_view>
#include <utility>

#include "fuzz/finding.h"
#include "gtest/gtest-spi.h"
#include "gtest/gtest.h"
#include "model/program/program.h"
#include "properties/examples.h"

namespace sockspec {
namespace {

class ExpectConformsTest : public OnLinux {
 protected:
  // The first failure that the program comes to, or nothing.
  std::string Failure(std::string_view program) {
    testing::TestPartResultArray results;
    {
      const testing::ScopedFakeTestPartResultReporter reporter(
          testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &results);
      ExpectConforms(program);
    }
    return results.size() == 0 ? "" : results.GetTestPartResult(0).message();
  }
};

TEST_F(ExpectConformsTest, PassesWhatIsSaidRight) {
  EXPECT_EQ(Failure("s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0  # @socket.open\n"
                    "getsockname(s0)  = 0, addr=0.0.0.0:0  # @getsockname.local\n"
                    "listen(s0, 1)\n"),
            "");
}

TEST_F(ExpectConformsTest, FailsAnotherErrno) {
  EXPECT_NE(
      Failure("listen(-1, 1)  = -1 ENOTSOCK\n").find("said is -1 ENOTSOCK, came back -1 EBADF"),
      std::string::npos);
}

TEST_F(ExpectConformsTest, FailsAnotherValue) {
  EXPECT_NE(Failure("s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
                    "fcntl(s0, F_GETFL)  = O_RDWR|O_NONBLOCK\n")
                .find("line 2"),
            std::string::npos);
}

TEST_F(ExpectConformsTest, FailsAnotherAddress) {
  EXPECT_NE(Failure("s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
                    "getsockname(s0)  = 0, addr=127.0.0.1:0\n")
                .find("came back 0, addr=0.0.0.0:0"),
            std::string::npos);
}

TEST_F(ExpectConformsTest, FailsTheRightErrnoForTheWrongReason) {
  EXPECT_NE(Failure("s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
                    "bind(s0, 127.0.0.1:P0, addrlen=-1)  = -1 EINVAL  # @bind.twice\n")
                .find("decided was by @address.length_out_of_range"),
            std::string::npos);
}

// A run that diverged, as far as what is told of it goes.
struct Run Diverged(struct Run run, std::string key) {
  run.divergences.push_back({.index = 0, .key = std::move(key), .actual = run.replies[0]});
  return run;
}

TEST_F(ExpectConformsTest, WhatDivergedIsToldWithTheCommandThatRunsItAlone) {
  const Program program = MustParse("close(-1)\n").program;
  const struct Run run = Diverged(Play(program), "fake.close.value.0");
  EXPECT_TRUE(Told(program, run).ends_with(
      "To run it alone: ./bazelw run //:sockspec -- check --kernel=fake - <<'END'\nclose(-1)\nEND\n"))
      << Told(program, run);
}

TEST_F(ExpectConformsTest, WhatDivergedIsKeptAsAFindingInTheTestsOutputs) {
  const std::string outputs = testing::TempDir() + "/outputs";
  const char* were = getenv("TEST_UNDECLARED_OUTPUTS_DIR");
  const std::string found = were == nullptr ? "" : were;
  setenv("TEST_UNDECLARED_OUTPUTS_DIR", outputs.c_str(), 1);
  for (const char* text : {"close(-1)\nclose(-1)\n", "close(-1)\n"}) {
    const Program program = MustParse(text).program;
    Told(program, Diverged(Play(program), "linux.close.value.0"));
  }
  setenv("TEST_UNDECLARED_OUTPUTS_DIR", found.c_str(), 1);
  if (were == nullptr) unsetenv("TEST_UNDECLARED_OUTPUTS_DIR");
  const LoadedFindings kept = LoadFindings(outputs + "/findings");
  ASSERT_EQ(kept.findings.size(), 1u) << kept.trouble.what;
  EXPECT_EQ(kept.findings[0].finding.transcript.program.calls.size(), 1u) << "the last of a key stays";
}

}  // namespace
}  // namespace sockspec
