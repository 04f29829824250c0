// The GoogleTest form of programs: it compiles without a warning against GoogleTest as Debian has
// it, passes where the kernel conforms, and fails where it does not.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>

#include "model/program/c.h"
#include "model/program/program.h"
#include "model/program/run_shell.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

constexpr char kConnection[] = R"(
s0 = socket(AF_INET, SOCK_STREAM, 0)                 = s0
bind(s0, 127.0.0.1:P0)                               = 0              # @bind.explicit
bind(s0, BAD_PTR)                                    = -1 EFAULT
listen(s0, 1)                                        = 0
s1 = socket(AF_INET, SOCK_STREAM, 0)                 = s1
connect(s1, 127.0.0.1:P0)                            = 0
s2 = accept(s0)                                      = s2, addr=127.0.0.1:E0
t1: s3 = accept(s0) <unfinished ...>
s4 = socket(AF_INET, SOCK_STREAM, 0)                 = s4
connect(s4, 127.0.0.1:P0)                            = 0
t1: <... accept resumed>                             = s3, addr=127.0.0.1:E1
send(s1, 5, 0)                                       = 5
recv(s2, 5, 0)                                       = 5, data=[0,5)
recv(s2, 5, MSG_DONTWAIT)                            = -1 EAGAIN
poll(s1, POLLIN|POLLOUT)                             = 1, revents=POLLOUT
)";
constexpr char kSmall[] = R"(
s0 = socket(AF_INET, SOCK_STREAM, 0)                 = s0
getsockname(s0, BAD_PTR)                             = -1 EFAULT
send(s0, 5, 0)                                       = -1 EPIPE, signal=SIGPIPE
listen(s0, 1)                                        = -1 EINVAL      # @listen.nothing_of_the_sort
)";

class CGtestTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* directory = getenv("TEST_TMPDIR");
    path_ = std::string(directory != nullptr ? directory : "/tmp") + "/exported_test";
    if (RunShell("echo '#include <gtest/gtest.h>' | c++ -E -x c++ -").status != 0) {
      GTEST_SKIP() << "GoogleTest is not where compilers look: apt-get install libgtest-dev";
    }
  }

  Ran CompileAndRun(std::string_view text, const GtestName& name) {
    const ParsedText parsed = ParseText(text, "test");
    EXPECT_TRUE(parsed.ok()) << parsed.problem.Message();
    const std::string source = EmitGtest(parsed.transcript, {.title = {"A title."}}, name);
    std::ofstream(path_ + ".cc") << source;
    const Ran compiled = RunShell("c++ -std=c++17 -Wall -Wextra -Werror -pthread -o " + path_ +
                                  " " + path_ + ".cc -lgtest -lgtest_main");
    EXPECT_EQ(compiled.status, 0) << compiled.output << source;
    // What Bazel tells its tests is not for this one.
    return RunShell(
        "env -u GTEST_OUTPUT -u XML_OUTPUT_FILE -u TEST_SHARD_INDEX -u TEST_TOTAL_SHARDS "
        "-u TEST_SHARD_STATUS_FILE -u TESTBRIDGE_TEST_ONLY -u TEST_PREMATURE_EXIT_FILE " +
        path_);
  }

  std::string path_;
};

TEST_F(CGtestTest, PassesWhereTheKernelConforms) {
  const Ran ran = CompileAndRun(kConnection, {.suite = "Accept", .test = "OfAThread"});
  EXPECT_EQ(ran.status, 0) << ran.output;
  EXPECT_NE(ran.output.find("Accept.OfAThread"), std::string::npos) << ran.output;
  // Where namespaces are refused it is skipped, which passes too.
}

TEST_F(CGtestTest, FailsWithTheCallWhereItDoesNot) {
  const Ran ran = CompileAndRun(kSmall, {.suite = "Listen", .test = "Unbound"});
  if (ran.output.find("It cannot run here") != std::string::npos) GTEST_SKIP() << ran.output;
  EXPECT_EQ(ran.status, 1) << ran.output;
  EXPECT_NE(ran.output.find("listen(s0, 1) # @listen.nothing_of_the_sort"), std::string::npos)
      << ran.output;
  EXPECT_EQ(ran.output.find("getsockname"), std::string::npos) << "which conforms\n" << ran.output;
}

}  // namespace
}  // namespace sockspec
