// The directory of a campaign where it cannot be used: full, not writable, in use; and what stands
// in it after a campaign.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>

#include "fuzz/campaign.h"
#include "fuzz/fake_kernel.h"
#include "fuzz/finding.h"
#include "fuzz/packed_corpus.h"
#include "gtest/gtest.h"
#include "model/clause.h"
#include "model/profile.h"
#include "model/program/bytes.h"
#include "model/program/text.h"
#include "nlohmann/json.hpp"

namespace sockspec {
namespace {

constexpr char kKey[] = "fake.connect.dgram.unix.unix_connect.peer.errno.EACCES";

Profile Linux() { return ResolveProfile("linux-6.18", "").profile; }

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteTo(const char* path, const std::string& text) { std::ofstream(path) << text; }

// Mounts of this process's own, so that it may have a small disk. False where nobody may.
bool OwnMounts() {
  static const bool own = [] {
    const std::string uid = std::to_string(getuid()), gid = std::to_string(getgid());
    if (unshare(CLONE_NEWNS) != 0) {
      if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
      WriteTo("/proc/self/setgroups", "deny");
      WriteTo("/proc/self/uid_map", uid + " " + uid + " 1");
      WriteTo("/proc/self/gid_map", gid + " " + gid + " 1");
    }
    return mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  }();
  return own;
}

class CampaignDirectory : public testing::Test {
 protected:
  void SetUp() override {
    const char* base = getenv("TEST_TMPDIR");
    std::string pattern = std::string(base != nullptr ? base : "/tmp") + "/directory.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    options_.profile = Linux();
    options_.make_kernel = [this](Trouble*) { return std::make_unique<FakeKernel>(Linux(), mutation_); };
    options_.directory = root_ + "/findings";
    options_.duration = std::chrono::hours(1);  // tests end by the number of programs
    options_.programs = 1500;
    options_.seed = 1;
    options_.from_corpus = 0;
    options_.kernel = "fake";
    options_.out = nullptr;
    options_.confirm.load = false;
  }
  void TearDown() override {
    umount2((root_ + "/disk").c_str(), MNT_DETACH);
    std::filesystem::remove_all(root_);
  }

  // A disk of so many KiB at root_/disk, where the campaign's directory is from now on.
  bool SmallDisk(int kib) {
    const std::string disk = root_ + "/disk";
    if (!OwnMounts() || mkdir(disk.c_str(), 0755) != 0) return false;
    const std::string size = "size=" + std::to_string(kib) + "k";
    options_.directory = disk + "/findings";
    return mount("tmpfs", disk.c_str(), "tmpfs", 0, size.c_str()) == 0;
  }

  // What the run says, and its events.
  CampaignResult Run(std::string* said = nullptr) {
    char* text = nullptr;
    size_t size = 0;
    options_.out = said == nullptr ? nullptr : open_memstream(&text, &size);
    CampaignResult result = RunCampaign(options_);
    if (said != nullptr) {
      fclose(options_.out);
      said->assign(text, size);
      free(text);
    }
    return result;
  }

  nlohmann::json State() {
    return nlohmann::json::parse(Contents(options_.directory + "/campaign.json"), nullptr, false);
  }

  std::string root_;
  Mutation mutation_ = {.clause = FindClause("unix_connect.peer"), .error = EACCES};
  CampaignOptions options_;
};

// ------------------------------------------------------------------- Where it cannot be used

TEST_F(CampaignDirectory, AFullDiskStopsTheCampaignAndDamagesNothing) {
  if (!SmallDisk(32 << 10)) GTEST_SKIP() << "no mounts of one's own here";
  // First so much that there is a finding; then a file that takes the rest of the room.
  ASSERT_EQ(Run().trouble.what, "");
  const std::string before = Contents(options_.directory + "/" + kKey + "/finding.json");
  ASSERT_FALSE(before.empty());
  { std::ofstream(root_ + "/disk/filler") << std::string(33 << 20, 'x'); }
  mutation_ = {.clause = FindClause("listen.open"), .error = EACCES};
  const CampaignResult full = Run();
  EXPECT_NE(full.trouble.what.find("No space left on device"), std::string::npos) << full.trouble.what;
  EXPECT_FALSE(full.unavailable);  // it is not the kernel that lacks something
  EXPECT_EQ(Contents(options_.directory + "/" + kKey + "/finding.json"), before);
  EXPECT_TRUE(State().is_object());
  EXPECT_TRUE(LoadFindings(options_.directory).corrupt.empty());

  // With room again it goes on.
  std::filesystem::remove(root_ + "/disk/filler");
  ASSERT_EQ(mount("tmpfs", (root_ + "/disk").c_str(), "tmpfs", MS_REMOUNT, "size=128m"), 0);
  EXPECT_EQ(Run().trouble.what, "");
  EXPECT_GT(LoadFindings(options_.directory).findings.size(), 1u);
}

TEST_F(CampaignDirectory, OneThatCannotBeWrittenIsToldAtOnce) {
  if (!SmallDisk(32 << 10)) GTEST_SKIP() << "no mounts of one's own here";
  ASSERT_EQ(Run().trouble.what, "");
  ASSERT_EQ(mount(nullptr, (root_ + "/disk").c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
  const CampaignResult result = Run();
  EXPECT_EQ(result.trouble.what,
            "cannot write in " + options_.directory + ": Read-only file system");
  EXPECT_FALSE(result.unavailable);
  EXPECT_EQ(result.counts.programs, 0u);
}

TEST_F(CampaignDirectory, TheSecondCampaignIsToldWhoHasIt) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const pid_t first = fork();
  if (first == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    options_.events = fdopen(ends[1], "w");
    options_.programs = 0;
    RunCampaign(options_);
    _exit(0);
  }
  close(ends[1]);
  char byte;
  ASSERT_EQ(read(ends[0], &byte, 1), 1);  // of the event `start`
  const CampaignResult second = Run();
  EXPECT_NE(second.trouble.what.find(options_.directory + " is in use by another campaign: process " +
                                     std::to_string(first) + " on "),
            std::string::npos)
      << second.trouble.what;
  EXPECT_NE(second.trouble.what.find(", since 20"), std::string::npos) << second.trouble.what;
  EXPECT_FALSE(second.unavailable);

  // The lock does not outlive its process.
  kill(first, SIGKILL);
  ASSERT_EQ(waitpid(first, nullptr, 0), first);
  close(ends[0]);
  EXPECT_EQ(Run().trouble.what, "");
}

// ------------------------------------------------------------------------- What stands in it

TEST_F(CampaignDirectory, OldFindingsAreLookedAtAgain) {
  ASSERT_EQ(Run().trouble.what, "");
  const std::string path = options_.directory + "/" + kKey;
  EXPECT_EQ(LoadFinding(path).finding.state, "found");

  options_.programs = 1;
  CampaignResult again = Run();
  ASSERT_EQ(again.rechecked.size(), 1u);
  EXPECT_FALSE(again.rechecked[0].fixed);
  EXPECT_TRUE(HasDiverged(again)) << "a divergence is there that nobody accepted, found today or before";
  EXPECT_EQ(LoadFinding(path).finding.state, "still there");

  mutation_ = {};
  std::string said;
  again = Run(&said);
  ASSERT_EQ(again.rechecked.size(), 1u);
  EXPECT_TRUE(again.rechecked[0].fixed);
  EXPECT_NE(said.find(std::string("fixed: ") + kKey), std::string::npos) << said;
  EXPECT_FALSE(HasDiverged(again));
  EXPECT_EQ(LoadFinding(path).finding.state, "fixed");

  // It comes back, and its count goes on.
  mutation_ = {.clause = FindClause("unix_connect.peer"), .error = EACCES};
  const uint64_t seen = LoadFinding(path).finding.seen;
  options_.programs = 1500;
  ASSERT_EQ(Run().trouble.what, "");
  EXPECT_EQ(LoadFinding(path).finding.state, "still there");
  EXPECT_GT(LoadFinding(path).finding.seen, seen);
}

TEST_F(CampaignDirectory, KnownDeviationsAreMetOrNotAndExpiredOnesExplainNothing) {
  options_.known = {
      {.kernel = "fake", .key = kKey, .reason = "on purpose", .line = 1},
      {.kernel = "fake", .key = "fake.listen.x", .reason = "was fixed", .line = 2},
  };
  std::string said;
  CampaignResult result = Run(&said);
  ASSERT_EQ(result.deviations.size(), 2u);
  EXPECT_GT(result.deviations[0].met, 0u);
  EXPECT_EQ(result.deviations[1].met, 0u);
  EXPECT_NE(said.find("NOT met in this run, nor before (line 2): fake.listen.x"), std::string::npos) << said;
  EXPECT_TRUE(LoadFindings(options_.directory).findings.empty());
  ASSERT_EQ(State()["deviations"].size(), 2u);
  EXPECT_EQ(State()["deviations"][0]["key"], kKey);
  EXPECT_EQ(State()["deviations"][0]["met"], result.deviations[0].met);

  options_.known[0].expires = "2020-01-01";
  result = Run(&said);
  EXPECT_TRUE(result.deviations[0].expired);
  EXPECT_NE(said.find("EXPIRED after 2020-01-01"), std::string::npos) << said;
  EXPECT_EQ(LoadFindings(options_.directory).findings.size(), 1u);

  // Accepted again: what is stored already fails no run any more.
  options_.known[0].expires = "";
  result = Run(&said);
  EXPECT_TRUE(std::all_of(result.keys.begin(), result.keys.end(),
                          [](const CampaignKey& key) { return key.known; }));
  EXPECT_FALSE(HasDiverged(result));
}

TEST_F(CampaignDirectory, AnAcceptedFindingThatIsStillThereIsMet) {
  ASSERT_EQ(Run().trouble.what, "");
  options_.known = {{.kernel = "fake", .key = kKey, .reason = "on purpose", .line = 1}};
  options_.programs = 1;
  std::string said;
  CampaignResult result = Run(&said);
  ASSERT_EQ(result.deviations.size(), 1u);
  EXPECT_EQ(result.deviations[0].met, 1u);
  EXPECT_NE(said.find(std::string("still there, as is known: ") + kKey), std::string::npos) << said;
  EXPECT_NE(said.find("known deviation, met once (line 1)"), std::string::npos) << said;
  EXPECT_EQ(said.find("NOT met"), std::string::npos) << said;
  EXPECT_EQ(said.find("\nstill there: "), std::string::npos) << said;
  EXPECT_FALSE(HasDiverged(result));

  // What happens no longer is to leave the table.
  mutation_ = {};
  result = Run(&said);
  EXPECT_NE(said.find("known deviation that happens NO LONGER"), std::string::npos) << said;
  EXPECT_TRUE(HasDiverged(result));
}

// A key tells less than a program: what a row explains by its conditions says nothing of another program with that key.
TEST_F(CampaignDirectory, ARowWithAConditionLeavesOtherProgramsOfTheKeyToBeFound) {
  const auto explains = [](const char* condition) {
    return Deviation{.kernel = "fake", .key = std::string("fake.connect.*.errno.EACCES") + condition, .reason = "on purpose", .line = 1};
  };
  const auto diverging_call = [&] {
    const LoadedFindings stored = LoadFindings(options_.directory);
    if (stored.findings.size() != 1) return std::string("findings: ") + std::to_string(stored.findings.size());
    return PrintCall(stored.findings[0].finding.transcript.program.calls.back());
  };
  // An abstract name is what minimizing comes to where it may.
  ASSERT_EQ(Run().trouble.what, "");
  ASSERT_NE(diverging_call().find("@A"), std::string::npos) << diverging_call();
  std::filesystem::remove_all(options_.directory);

  options_.known = {explains(" when connect(*, @A?)")};
  CampaignResult result = Run();
  EXPECT_TRUE(HasDiverged(result));
  EXPECT_NE(diverging_call().find("U"), std::string::npos) << diverging_call();
  EXPECT_GT(result.deviations[0].met, 0u);
  EXPECT_EQ(std::ranges::count(result.keys, std::string(kKey), &CampaignKey::key), 1);
  EXPECT_EQ(std::ranges::count(result.keys, options_.known[0].key, &CampaignKey::key), 1);

  // What is stored is explained now, and what comes is not: it takes its place.
  options_.known = {explains(" when connect(*, U?)")};
  std::string said;
  result = Run(&said);
  EXPECT_NE(said.find(std::string("still there, as is known: ") + kKey), std::string::npos) << said;
  EXPECT_TRUE(HasDiverged(result));
  EXPECT_NE(diverging_call().find("@A"), std::string::npos) << diverging_call();

  options_.known = {explains(" when connect(*)")};
  result = Run(&said);
  EXPECT_FALSE(HasDiverged(result)) << said;
}

// A kernel's table has hundreds of rows.
TEST_F(CampaignDirectory, OfManyKnownDeviationsTheReasonsAreToldAndTheRowsAreKept) {
  options_.known = {{.kernel = "fake", .key = kKey, .reason = "connect() is refused; that is on purpose", .line = 1}};
  for (int n = 2; n <= 40; ++n) {
    options_.known.push_back({.kernel = "fake", .key = "fake.listen.x" + std::to_string(n),
                              .reason = n == 2 ? "connect() is refused; that is on purpose" : "was fixed", .line = n});
  }
  std::string said;
  const CampaignResult result = Run(&said);
  ASSERT_EQ(result.deviations.size(), 40u);
  const std::string times = std::to_string(result.deviations[0].met);
  EXPECT_NE(said.find("known deviations met: 1 of 40 rows, 1 of 2 reasons, " + times + " times\n"), std::string::npos) << said;
  EXPECT_NE(said.find(times + "  connect() is refused (1 of 2 rows)\n"), std::string::npos) << said;
  EXPECT_NE(said.find("NOT met in this run: 39 rows, nor before\n"), std::string::npos) << said;
  EXPECT_NE(said.find("row by row: sockspec triage " + options_.directory + " deviations\n"), std::string::npos) << said;
  EXPECT_EQ(said.find("fake.listen.x"), std::string::npos) << said;
  ASSERT_EQ(State()["deviations"].size(), 40u);
  EXPECT_EQ(State()["deviations"][0]["met_in_last_run"], result.deviations[0].met);

  // What fails a run is told row by row all the same.
  options_.known.resize(1);
  options_.known[0].expires = "2020-01-01";
  ASSERT_EQ(Run().trouble.what, "");
  options_.known[0].expires = "";
  for (int n = 2; n <= 40; ++n) {
    options_.known.push_back({.kernel = "fake", .key = "fake.listen.x" + std::to_string(n), .reason = "was fixed", .line = n});
  }
  mutation_ = {};
  EXPECT_TRUE(HasDiverged(Run(&said)));
  EXPECT_NE(said.find(std::string("happens NO LONGER, its finding does not repeat (line 1): ") + kKey), std::string::npos) << said;
}

TEST_F(CampaignDirectory, CountsOfAllRunsAreKept) {
  mutation_ = {};
  options_.programs = 640;
  options_.arguments = "sockspec fuzz";
  ASSERT_EQ(Run().trouble.what, "");
  const auto one = State();
  options_.seed = 2;
  ASSERT_EQ(Run().trouble.what, "");
  const auto two = State();
  ASSERT_EQ(two["runs"].size(), 2u);
  EXPECT_EQ(two["runs"][1]["arguments"], "sockspec fuzz");
  EXPECT_EQ(two["runs"][1]["programs"], 640);
  EXPECT_EQ(two["totals"]["programs"], 1280);
  EXPECT_GT(two["clauses"]["socket.open"], one["clauses"]["socket.open"]);
  bool listens = false;
  for (const auto& edge : two["edges"]) {
    listens |= edge["from"] == "bound" && edge["call"] == "listen" && edge["to"] == "listening";
  }
  EXPECT_TRUE(listens) << two["edges"].dump(1);
  std::istringstream stats(Contents(options_.directory + "/stats.csv"));
  std::string line;
  ASSERT_TRUE(std::getline(stats, line));
  EXPECT_EQ(line,
            "time,elapsed_s,programs,calls,calls_per_s,findings,unstable,clauses,clauses_of,edges,corpus,"
            "discarded,workers_died,rss_kib");
  int lines = 0;
  for (; std::getline(stats, line); ++lines) EXPECT_EQ(std::count(line.begin(), line.end(), ','), 13);
  EXPECT_EQ(lines, 2);
}

TEST_F(CampaignDirectory, TheCorpusOfARunIsMeasuredByTheNextAndGrowsNoFurther) {
  mutation_ = {};
  options_.from_corpus = 33;
  const CampaignResult first = Run();
  EXPECT_GT(first.counts.mutated, 100u);
  const auto files = [&] {
    int programs = 0;
    EXPECT_EQ(ExportCorpus(options_.directory, &programs).what, "");
    const auto count = std::distance(std::filesystem::directory_iterator(options_.directory + "/corpus"), {});
    EXPECT_EQ(count, programs);
    return count;
  };
  EXPECT_EQ(files(), first.corpus);
  EXPECT_LE(first.corpus, first.edges + first.clauses_reached);
  options_.programs = 1;
  const CampaignResult second = Run();
  // Every program was run once more; what each is smallest for is known again.
  EXPECT_EQ(second.counts.measured, static_cast<uint64_t>(first.corpus));
  EXPECT_LE(second.corpus, first.corpus);
  EXPECT_EQ(files(), second.corpus);
  EXPECT_GE(second.edges, first.edges * 95 / 100);
}

// Ten milliseconds a program.
class Slow : public FakeKernel {
 public:
  Slow() : FakeKernel(Linux()) {}
  Trouble Reset(const Environment& env) override {
    usleep(10'000);
    return FakeKernel::Reset(env);
  }
};

TEST_F(CampaignDirectory, MeasuringALargeCorpusOnASlowKernelLeavesTheDurationToPrograms) {
  mutation_ = {};
  options_.from_corpus = 33;
  const CampaignResult first = Run();
  ASSERT_GT(first.corpus, 300);
  options_.make_kernel = [](Trouble*) { return std::make_unique<Slow>(); };
  options_.programs = 0;
  options_.seed = 2;
  options_.duration = std::chrono::seconds(1);
  std::string said;
  const CampaignResult second = Run(&said);
  // Half of the campaign's time, and no longer; the rest stays for the next one.
  EXPECT_NE(said.find(" programs in the corpus are measured; the others will be next time"), std::string::npos) << said;
  EXPECT_GT(second.counts.measured, 10u);
  EXPECT_LT(second.counts.measured, static_cast<uint64_t>(first.corpus));
  EXPECT_GT(second.counts.programs, 10u);
  // The duration is that of the whole; workers end within a program.
  EXPECT_LT(second.counts.seconds, 1.8);
  EXPECT_GE(second.corpus, first.corpus - static_cast<int>(second.counts.measured));
}

TEST_F(CampaignDirectory, WhatLibFuzzerAddsToTheCorpusIsMeasuredAndBecomesOurs) {
  mutation_ = {};
  options_.from_corpus = 33;
  options_.programs = 64;
  const CampaignResult first = Run();
  int programs = 0;
  ASSERT_EQ(ExportCorpus(options_.directory, &programs).what, "");
  const std::string corpus = options_.directory + "/corpus/";
  // A program of calls that the generator does not put together; one of ours that is cut off; and one that is empty.
  const ParsedText parsed = ParseText("s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
                                      "setsockopt(s0, SOL_SOCKET, SO_KEEPALIVE, 1)\n"
                                      "shutdown(s0, SHUT_RD)\nlisten(s0, 7)\nlisten(s0, 8)\nlisten(s0, 9)\n", "t");
  ASSERT_TRUE(parsed.ok());
  const std::vector<uint8_t> bytes = Encode(parsed.transcript.program);
  const std::string name = "0123456789012345678901234567890123456789";
  std::ofstream(corpus + name, std::ios::binary) << std::string(bytes.begin(), bytes.end());
  std::ofstream(corpus + "0123456789abcdef") << "x";
  std::ofstream(corpus + "0123456789abcdee");
  options_.programs = 1;
  const CampaignResult second = Run();
  EXPECT_EQ(second.trouble.what, "");
  EXPECT_EQ(second.counts.measured, static_cast<uint64_t>(first.corpus) + 1);
  EXPECT_FALSE(std::filesystem::exists(corpus + name)) << "it has a name of ours now";
  EXPECT_EQ(Contents(corpus + "0123456789abcdef"), "x") << "nobody knows whose it is";
}

TEST_F(CampaignDirectory, ExportingTheCorpusTakesNothingAwayThatTheCampaignDidNotWrite) {
  mutation_ = {};
  options_.from_corpus = 33;
  options_.programs = 64;
  ASSERT_EQ(Run().trouble.what, "");
  int programs = 0;
  ASSERT_EQ(ExportCorpus(options_.directory, &programs).what, "");
  // A program that an older sockspec wrote there and nobody packed; something with a name like ours; a directory.
  const std::string corpus = options_.directory + "/corpus/";
  const ParsedText parsed = ParseText("s0 = socket(AF_UNIX, SOCK_STREAM, 0)\nlisten(s0, 7)\n", "t");
  const std::vector<uint8_t> bytes = Encode(parsed.transcript.program);
  char name[17];
  snprintf(name, sizeof name, "%016llx", static_cast<unsigned long long>(CorpusName(bytes)));
  std::ofstream(corpus + name, std::ios::binary) << std::string(bytes.begin(), bytes.end());
  std::ofstream(corpus + "0123456789abcdef") << "mine";
  std::filesystem::create_directory(corpus + "0123456789abcde0");
  // One of the campaign's that was cut off.
  std::string cut;
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    if (entry.is_regular_file() && entry.path().filename() != name && entry.file_size() > 20) cut = entry.path().string();
  }
  const std::string whole = Contents(cut);
  std::filesystem::resize_file(cut, 10);

  const int before = programs;
  programs = 0;
  ASSERT_EQ(ExportCorpus(options_.directory, &programs).what, "");
  EXPECT_EQ(programs, before);
  EXPECT_TRUE(std::filesystem::exists(corpus + name));
  EXPECT_EQ(Contents(corpus + "0123456789abcdef"), "mine");
  EXPECT_TRUE(std::filesystem::exists(corpus + "0123456789abcde0"));
  EXPECT_EQ(Contents(cut), whole);
}

TEST_F(CampaignDirectory, ACorpusOfFilesAloneIsTakenOver) {
  mutation_ = {};
  options_.from_corpus = 33;
  const CampaignResult first = Run();
  int programs = 0;
  ASSERT_EQ(ExportCorpus(options_.directory, &programs).what, "");
  ASSERT_TRUE(std::filesystem::remove(options_.directory + "/corpus.packed"));
  options_.programs = 1;
  EXPECT_EQ(Run().counts.measured, static_cast<uint64_t>(first.corpus));
  EXPECT_TRUE(std::filesystem::exists(options_.directory + "/corpus.packed"));
}

TEST_F(CampaignDirectory, WhatIsNoPackedCorpusIsLeftAlone) {
  std::filesystem::create_directories(options_.directory);
  std::ofstream(options_.directory + "/corpus.packed") << "something else\n";
  EXPECT_NE(Run().trouble.what.find("corpus.packed is not what a campaign writes"), std::string::npos);
  EXPECT_EQ(Contents(options_.directory + "/corpus.packed"), "something else\n");
}

// A worker that is killed while it takes a finding from the pending ones leaves the half of it that is nobody's.
TEST_F(CampaignDirectory, HalfOfWhatWasPendingIsCleanedAwayAndTheWholeIsWorkedOut) {
  ASSERT_EQ(Run().trouble.what, "");
  const std::string pending = options_.directory + "/.pending/";
  std::ofstream(pending + "fake.half.before") << "1\nx";
  std::ofstream(pending + kKey + ".program") << "# " << kKey << "\n# seed 0x2f81\n"
                                             << "s0 = socket(AF_UNIX, SOCK_DGRAM, 0)\n";
  options_.programs = 1;
  ASSERT_EQ(Run().trouble.what, "");
  EXPECT_TRUE(std::filesystem::is_empty(options_.directory + "/.pending"));
}

TEST_F(CampaignDirectory, NothingIsLeftOfWhatWasRunning) {
  options_.announce = true;
  EXPECT_EQ(Run().trouble.what, "");
  EXPECT_FALSE(std::filesystem::exists(options_.directory + "/.running"));
}

}  // namespace
}  // namespace sockspec
