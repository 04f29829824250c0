// What lwIP was found to do it still does: every program under fuzz/found/lwip/ breaks POSIX in its last call, and
// nowhere else, and fuzz/found/lwip.deviations says so in the same sentence. Where liblwip is not installed, all of it is
// skipped.

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "fuzz/deviations.h"
#include "fuzz/generate.h"
#include "fuzz/lockstep.h"
#include "gtest/gtest.h"
#include "model/profile.h"
#include "model/program/program.h"
#include "model/program/random.h"
#include "model/program/text.h"
#include "sut/lwip.h"

namespace sockspec {
namespace {

constexpr char kFound[] = "fuzz/found/lwip";
constexpr char kSaid[] = "# lwIP 2.1.3 came back with: ";

std::string Contents(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

Transcript Read(const std::filesystem::path& path) {
  ParsedText parsed = ParseText(Contents(path), path.filename().string());
  EXPECT_TRUE(parsed.ok()) << parsed.problem.Message();
  return std::move(parsed.transcript);
}

Profile Posix() { return ResolveProfile("posix", "").profile; }

class FoundOnLwip : public testing::Test {
 protected:
  void SetUp() override {
    Trouble trouble;
    kernel_ = MakeLwipKernel({}, &trouble);
    if (kernel_ != nullptr) return;
    std::cout << "[  SKIPPED ] " << trouble.what << "\n";
    if (getenv("SOCKSPEC_REQUIRE_KERNEL") != nullptr) FAIL() << trouble.what;
    GTEST_SKIP() << trouble.what;
  }

  std::unique_ptr<Kernel> kernel_;
};

TEST_F(FoundOnLwip, EveryProgramBreaksPosixInItsLastCallOnlyAsTheTableSays) {
  const ParsedDeviations table = ParseDeviations(Contents("fuzz/found/lwip.deviations"), "lwip.deviations");
  ASSERT_EQ(table.problem, "");
  std::set<std::string> programs;
  Lockstep lockstep(*kernel_, Posix());
  for (const auto& entry : std::filesystem::directory_iterator(kFound)) {
    if (entry.path().extension() != ".program") continue;
    const std::string name = entry.path().filename().string();
    programs.insert(std::string(kFound) + "/" + name);
    // What a listener's flags are is what lies behind it in memory.
    if (name == "fcntl-of-a-listener.program") continue;
    SCOPED_TRACE(name);
    const std::string text = Contents(entry.path());
    const Transcript transcript = Read(entry.path());
    const int last = static_cast<int>(transcript.program.calls.size()) - 1;
    const struct Run& run = lockstep.PlayFresh(transcript.program);
    ASSERT_EQ(run.why_discarded, "");
    ASSERT_EQ(run.divergences.size(), 1u);
    const Divergence& divergence = run.divergences[0];
    EXPECT_EQ(divergence.index, last);
    EXPECT_EQ(divergence.expected->id, transcript.said[last].clause);
    EXPECT_NE(text.find(kSaid + PrintReply(transcript.program.calls[last], divergence.actual) + "\n"), std::string::npos)
        << PrintReply(transcript.program.calls[last], divergence.actual);
    const Deviation* row = FindDeviation(table.deviations, "lwip", kernel_->release(), "posix", divergence.key);
    ASSERT_NE(row, nullptr) << divergence.key;
    EXPECT_TRUE(text.starts_with("# " + row->reason + "\n")) << row->reason;
  }
  EXPECT_GE(programs.size(), 50u);
  for (const Deviation& row : table.deviations.rows) EXPECT_TRUE(programs.contains(row.link)) << row.link;
}

// Random programs find little that is not in the table; what they do find is for a campaign to work out.
TEST_F(FoundOnLwip, TheTableExplainsNearlyAllThatRandomProgramsShow) {
  const ParsedDeviations table = ParseDeviations(Contents("fuzz/found/lwip.deviations"), "lwip.deviations");
  Generator generator(Posix(), ForKernel({}, *kernel_));
  Lockstep lockstep(*kernel_, Posix());
  int diverged = 0;
  std::multiset<std::string> unknown;
  for (uint64_t i = 0; i < 3000; ++i) {
    Random random(ProgramSeed(1, i));
    const struct Run& run = lockstep.Play(generator.Next(random));
    ASSERT_EQ(run.trouble.what, "");
    ASSERT_EQ(run.lacks, "") << "what it lacks was not left out";
    if (!run.diverged()) continue;
    ++diverged;
    const std::string& key = run.divergences[0].key;
    if (FindDeviation(table.deviations, "lwip", kernel_->release(), "posix", key) == nullptr) unknown.insert(key);
  }
  EXPECT_GT(diverged, 100);
  EXPECT_LT(unknown.size(), 3000u / 100) << testing::PrintToString(unknown);
}

// lwIP as it is: the next look through its list of bound sockets never ends, and the process with it. GoogleTest runs
// it first, before this process has an lwIP.
TEST(FoundOnLwipAsItIsDeathTest, ASecondBindHangsItForEver) {
  const Transcript transcript = Read("fuzz/found/lwip/kills/second-bind-hangs.program");
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Trouble trouble;
    const auto kernel = MakeLwipKernel({.as_it_is = true}, &trouble);
    if (kernel == nullptr) _exit(3);
    Lockstep(*kernel, Posix()).PlayFresh(transcript.program);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 3) GTEST_SKIP() << "liblwip is not installed";
  ASSERT_TRUE(WIFSIGNALED(status)) << "exited with " << WEXITSTATUS(status);
  EXPECT_EQ(WTERMSIG(status), SIGABRT);
}

}  // namespace
}  // namespace sockspec
