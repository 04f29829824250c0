// What lwIP was found to do it still does: every program under fuzz/found/lwip/ breaks the profile posix in its last call,
// and nowhere else, fuzz/found/lwip.deviations says so in the same sentence, and its rows stand for what these programs
// show, or for what meets their conditions, and for nothing else. Where liblwip is not installed, all of it is skipped.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "fuzz/deviations.h"
#include "fuzz/found/variants.h"
#include "fuzz/generate.h"
#include "fuzz/lockstep.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/profile.h"
#include "model/program/program.h"
#include "model/program/random.h"
#include "model/program/text.h"
#include "sut/lwip.h"
#include "sut/needs_lwip.h"

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

using FoundOnLwip = NeedsLwip;

Deviations Table() {
  const ParsedDeviations table = ParseDeviations(Contents("fuzz/found/lwip.deviations"), "lwip.deviations");
  EXPECT_EQ(table.problem, "");
  return table.deviations;
}

// By their names from the root of the tree. What a listener's flags are is what lies behind it in memory, and what kills
// lwIP is run elsewhere.
std::vector<std::string> Programs() {
  std::vector<std::string> programs;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kFound)) {
    const std::string name = entry.path().string();
    if (entry.path().extension() != ".program" || name.find("/kills/") != std::string::npos) continue;
    if (entry.path().filename() != "fcntl-of-a-listener.program") programs.push_back(name);
  }
  std::ranges::sort(programs);
  return programs;
}

// The ways in which the program and its variants part from POSIX in their last calls, and nowhere before.
std::vector<struct Shown> ShownBy(Lockstep& lockstep, const Program& program) {
  std::vector<struct Shown> shown;
  for (const Program& variant : VariantsOf(program)) {
    const struct Run& run = lockstep.PlayFresh(variant);
    if (!run.diverged() || run.divergences[0].index + 1 != static_cast<int>(variant.calls.size())) continue;
    shown.push_back(sockspec::ShownBy(run.divergences[0].key, variant, run.replies, run.divergences[0].index));
  }
  return shown;
}

// The keys that the table does not explain, and the first that showed each; and what it explains by two causes.
class Unknown {
 public:
  void Look(const struct Shown& shown, const std::string& shown_by) {
    std::vector<const Deviation*>& rows = rows_of_[shown.key];
    if (rows.empty() && !keys_.contains(shown.key)) {
      for (const Deviation& row : table_.rows) {
        if (SpeaksOf(row, shown.key)) rows.push_back(&row);
      }
    }
    std::set<std::string> reasons;
    for (const Deviation* row : rows) {
      if (!Explains(*row, shown)) continue;
      reasons.insert(row->reason);
      if (HasCondition(*row)) explained_[row->key].insert(shown.key);
    }
    if (reasons.empty()) keys_.emplace(shown.key, shown_by);
    if (reasons.size() > 1) twice_.emplace(shown.key, shown_by);
  }
  const std::map<std::string, std::string>& keys() const { return keys_; }
  const std::map<std::string, std::string>& twice() const { return twice_; }
  // By each row with a condition.
  const std::map<std::string, std::set<std::string>>& explained() const { return explained_; }

 private:
  const Deviations table_ = Table();
  std::map<std::string, std::vector<const Deviation*>> rows_of_;  // by key
  std::map<std::string, std::string> keys_, twice_;
  std::map<std::string, std::set<std::string>> explained_;
};

TEST_F(FoundOnLwip, EveryProgramBreaksPosixInItsLastCallOnlyAsItsRowSays) {
  const Deviations table = Table();
  const std::vector<std::string> programs = Programs();
  Lockstep lockstep(*kernel_, Posix());
  for (const std::string& name : programs) {
    SCOPED_TRACE(name);
    const std::string text = Contents(name);
    const Transcript transcript = Read(name);
    const int last = static_cast<int>(transcript.program.calls.size()) - 1;
    const struct Run& run = lockstep.PlayFresh(transcript.program);
    ASSERT_EQ(run.why_discarded, "");
    ASSERT_EQ(run.divergences.size(), 1u);
    const Divergence& divergence = run.divergences[0];
    EXPECT_EQ(divergence.index, last);
    EXPECT_EQ(divergence.expected->id, transcript.said[last].clause);
    // An address that recvfrom() should not write at all is what lay in lwIP's memory.
    Reply told = divergence.actual;
    const bool stray = (told.wrote & kWroteAddress) != 0 && (transcript.said[last].reply->wrote & kWroteAddress) == 0;
    if (stray) told.wrote &= ~(kWroteAddress | kWroteAddressLength);
    const std::string came_back = kSaid + PrintReply(transcript.program.calls[last], told) + (stray ? "" : "\n");
    EXPECT_NE(text.find(came_back), std::string::npos) << PrintReply(transcript.program.calls[last], divergence.actual);
    const Deviation* row = FindDeviation(table, "lwip", kernel_->release(), "posix", sockspec::ShownBy(divergence.key, transcript.program, run.replies, divergence.index));
    ASSERT_NE(row, nullptr) << divergence.key;
    EXPECT_TRUE(text.starts_with("# " + row->reason + "\n")) << row->reason;
  }
  for (const Deviation& row : table.rows) {
    EXPECT_TRUE(std::ranges::binary_search(programs, row.link)) << row.link;
    EXPECT_TRUE(Contents(row.link).starts_with("# " + row.reason + "\n")) << row.link;
  }
}

// What a row stands for has been seen: by its program, or by it on the other family, with another call that reads or sends.
// One with a condition stands for what meets it, of which more than the program of its own has been seen, and for no other cause.
TEST_F(FoundOnLwip, NoRowStandsForMoreThanItsProgramAndItsVariantsShow) {
  Lockstep lockstep(*kernel_, Posix());
  std::map<std::string, std::set<std::string>> shown;
  std::map<std::string, int> row_of;
  Unknown unknown;
  for (const std::string& name : Programs()) {
    for (const struct Shown& one : ShownBy(lockstep, Read(name).program)) {
      shown[name].insert(one.key);
      unknown.Look(one, name);
    }
  }
  for (const Deviation& row : Table().rows) {
    SCOPED_TRACE(fmt::format("line {}: {}", row.line, row.link));
    if (HasCondition(row)) {
      const auto explained = unknown.explained().find(row.key);
      EXPECT_TRUE(explained != unknown.explained().end() && explained->second.size() >= 8) << row.key;
      continue;
    }
    EXPECT_EQ(row.key.find('*'), std::string::npos) << row.key;
    for (const std::string& key : KeysOf(row)) {
      EXPECT_TRUE(shown[row.link].contains(key)) << "does not show " << key;
      const auto [other, first] = row_of.emplace(key, row.line);
      EXPECT_TRUE(first) << key << " stands in line " << other->second << ", too";
    }
  }
  EXPECT_THAT(unknown.keys(), testing::IsEmpty()) << "shown by variants, and in no row";
  EXPECT_THAT(unknown.twice(), testing::IsEmpty()) << "shown by variants, and explained by two causes";
}

TEST_F(FoundOnLwip, TheTableExplainsAllThatRandomProgramsShow) {
  Generator generator(Posix(), ForKernel({}, *kernel_));
  Lockstep lockstep(*kernel_, Posix());
  int diverged = 0;
  Unknown unknown;
  for (uint64_t i = 0; i < 20000; ++i) {
    Random random(ProgramSeed(1, i));
    const Program program = generator.Next(random);
    const struct Run& run = lockstep.Play(program);
    ASSERT_EQ(run.trouble.what, "");
    ASSERT_EQ(run.lacks, "") << "what it lacks was not left out";
    if (!run.diverged()) continue;
    ++diverged;
    const Divergence& first = run.divergences[0];
    unknown.Look(sockspec::ShownBy(first.key, program, run.replies, first.index), fmt::format("program {}", i));
  }
  EXPECT_GT(diverged, 1000);
  EXPECT_THAT(unknown.keys(), testing::IsEmpty()) << "`sockspec fuzz --kernel=lwip` makes small programs of them";
  EXPECT_THAT(unknown.twice(), testing::IsEmpty()) << "explained by two causes";
}

// lwIP as it is: each of these ends the process, by a signal of its own or, where a call never comes back, by ours.
// GoogleTest runs it first, before this process has an lwIP. close-of-a-listener-that-lingers is not among them: what it
// finds beyond the listener's memory is zero more often than not (in ten of ten runs, one day), and then nothing happens.
TEST(FoundOnLwipAsItIsDeathTest, EveryProgramThatKillsItStillDoes) {
  const struct {
    const char* program;
    int signal;
  } kKills[] = {{"second-bind-hangs", SIGABRT}, {"setsockopt-of-a-checksum", SIGSEGV}, {"shutdown-after-connect-again", SIGABRT}};
  for (const auto& [program, signal] : kKills) {
    const Transcript transcript = Read(fmt::format("{}/kills/{}.program", kFound, program));
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
    // A sanitizer takes the signal, and exits.
    const bool died = WIFSIGNALED(status) ? WTERMSIG(status) == signal : WEXITSTATUS(status) != 0;
    EXPECT_TRUE(died) << program << " ended with " << status;
  }
}

}  // namespace
}  // namespace sockspec
