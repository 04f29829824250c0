#include "fuzz/finding.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/fake_kernel.h"
#include "fuzz/lockstep.h"
#include "fuzz/report.h"
#include "gtest/gtest.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

constexpr char kTwoListeners[] = R"(
s0 = socket(AF_INET, SOCK_STREAM, 0)
setsockopt(s0, SOL_SOCKET, SO_REUSEADDR, 1)
bind(s0, 127.0.0.1:P0)
s1 = socket(AF_INET, SOCK_STREAM, 0)
getsockopt(s1, SOL_SOCKET, SO_RCVBUF)
setsockopt(s1, SOL_SOCKET, SO_REUSEADDR, 1)
bind(s1, 127.0.0.1:P0)
listen(s1, 1)
listen(s0, 1)
)";
constexpr char kKey[] = "fake.listen.stream.inet.listen.port_taken.value.0";

Profile Linux() { return ResolveProfile("linux-6.18", "").profile; }

// What a campaign would find on a kernel without listen.port_taken.
Finding AFinding() {
  const Program program = ParseText(kTwoListeners, "").transcript.program;
  FakeKernel kernel(Linux(), {.clause = FindClause("listen.port_taken")});
  Lockstep lockstep(kernel, Linux());
  const Run& run = lockstep.Play(program);
  EXPECT_EQ(run.divergences.size(), 1u);
  Finding finding = MakeFinding(program, run, run.divergences.at(0), Linux(), kernel);
  finding.original = program;
  finding.original.calls.push_back(program.calls.back());
  finding.quiet = {.hits = 5, .runs = 5};
  finding.disturbed = {.hits = 4, .runs = 5};
  finding.mutant = "listen.port_taken";
  finding.what_varied = "call 9: `0`, then `-1 EADDRINUSE`";
  finding.seed = 0x2f81;
  finding.before = {program};
  return finding;
}

std::string Contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void Write(const std::string& path, const std::string& contents) {
  std::ofstream(path, std::ios::binary) << contents;
}

std::vector<std::string> EntriesOf(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    names.push_back(entry.path().filename().string());
  }
  return names;
}

class FindingTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = testing::TempDir() + "/findings.XXXXXX";
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    directory_ = path;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string directory_;
};

TEST_F(FindingTest, WhatIsStoredIsLoadedAgain) {
  const Finding finding = AFinding();
  const StoreResult stored = StoreFinding(directory_ + "/made/here", finding);
  ASSERT_EQ(stored.trouble.what, "");
  EXPECT_TRUE(stored.is_new);
  const LoadedFinding loaded = LoadFinding(stored.path);
  ASSERT_EQ(loaded.problem, "");
  const Finding& again = loaded.finding;
  EXPECT_EQ(again.key, kKey);
  EXPECT_EQ(again.kind, finding.kind);
  EXPECT_EQ(again.index, 8);
  EXPECT_EQ(again.differs, Differs::kValue);
  EXPECT_EQ(again.expected_clause, "listen.port_taken");
  EXPECT_EQ(again.allowed, finding.allowed);
  EXPECT_EQ(again.expected.error, EADDRINUSE);
  EXPECT_EQ(again.original, finding.original);
  EXPECT_EQ(again.before, finding.before);
  EXPECT_EQ(again.quiet, finding.quiet);
  EXPECT_EQ(again.disturbed, finding.disturbed);
  EXPECT_EQ(again.what_varied, finding.what_varied);
  EXPECT_EQ(again.release, finding.release);
  EXPECT_EQ(again.mutant, finding.mutant);
  EXPECT_EQ(again.profile, "linux-6.18");
  EXPECT_EQ(again.seed, 0x2f81u);
  EXPECT_EQ(again.made_of, "");
  EXPECT_EQ(again.first_seen, finding.first_seen);
  EXPECT_EQ(PrintText(again.transcript), PrintText(finding.transcript));
  // So everything that is made of it is the same, too.
  EXPECT_EQ(FindingProgram(again), FindingProgram(finding));
  EXPECT_EQ(Report(again), Report(finding));
}

// A finding where one of two answers is that a call in another thread blocks, of which the text form says nothing.
void ExpectLoadedAgain(const std::string& directory, const Finding& finding) {
  const StoreResult stored = StoreFinding(directory, finding);
  ASSERT_EQ(stored.trouble.what, "");
  const LoadedFinding loaded = LoadFinding(stored.path);
  ASSERT_EQ(loaded.problem, "");
  const auto index = static_cast<size_t>(finding.index);
  EXPECT_EQ(loaded.finding.transcript.said[index].reply, finding.transcript.said[index].reply);
  EXPECT_TRUE(loaded.finding.expects_reply);
  EXPECT_EQ(loaded.finding.expected, finding.expected);
}

TEST_F(FindingTest, ThatACallWaitsInAThreadIsLoadedAgain) {
  constexpr Reply kBlocks{.error = EINTR, .blocked = true};
  Finding finding = AFinding();
  finding.transcript = ParseText(
      "s0 = socket(AF_INET, SOCK_STREAM, 0)\nt1: s1 = accept(s0) <unfinished ...>\n", "").transcript;
  finding.index = 1;
  finding.transcript.said[1].reply = {.error = EACCES};
  finding.expected = kBlocks;
  ExpectLoadedAgain(directory_ + "/one", finding);
  finding.transcript.said[1].reply = kBlocks;
  finding.expected = {.error = EINVAL};
  ExpectLoadedAgain(directory_ + "/other", finding);
}

TEST_F(FindingTest, TheProgramHasTheRightReplyAndTheWrongOneInAComment) {
  const std::string text = FindingProgram(AFinding());
  EXPECT_TRUE(text.ends_with(
      "listen(s0, 1)                                = -1 EADDRINUSE  # @listen.port_taken\n"
      "# came back: 0\n"))
      << text;
  EXPECT_TRUE(ParseText(text, "").ok());
}

TEST_F(FindingTest, ValuesThatTheKernelChoosesAreNotExpected) {
  const Transcript transcript = ExpectedTranscript(AFinding());
  const Reply& reply = transcript.said[4].reply.value();
  EXPECT_EQ(PrintReply(transcript.program.calls[4], reply), "0");
}

TEST_F(FindingTest, APacketdrillScriptSaysThatNobodyRanIt) {
  Finding finding = AFinding();
  // packetdrill wants a value of every option that is asked for.
  for (size_t i = 0; i < finding.transcript.program.calls.size(); ++i) {
    if (finding.transcript.program.calls[i].op != Op::kGetsockopt) continue;
    finding.transcript.program.calls.erase(finding.transcript.program.calls.begin() + static_cast<ptrdiff_t>(i));
    finding.transcript.said.erase(finding.transcript.said.begin() + static_cast<ptrdiff_t>(i));
    --finding.index;
  }
  const PacketdrillScript packetdrill = PacketdrillOf(finding);
  ASSERT_EQ(packetdrill.problem, "");
  EXPECT_NE(packetdrill.script.find(std::string("// ") + kKey + "\n// NOT RUN by who wrote it"), std::string::npos)
      << packetdrill.script;
  EXPECT_NE(packetdrill.script.find("listen(3, 1) = -1 EADDRINUSE (Address already in use)\n"), std::string::npos)
      << packetdrill.script;
}

TEST_F(FindingTest, AFindingMetAgainIsCounted) {
  Finding finding = AFinding();
  ASSERT_TRUE(StoreFinding(directory_, finding).is_new);
  const std::string report = Contents(directory_ + "/" + kKey + "/report.txt");
  finding.seen = 3;
  finding.last_seen = "2999-01-01T00:00:00Z";
  const StoreResult again = StoreFinding(directory_, finding);
  EXPECT_EQ(again.trouble.what, "");
  EXPECT_FALSE(again.is_new);
  const Finding stored = LoadFinding(again.path).finding;
  EXPECT_EQ(stored.seen, 4u);
  EXPECT_EQ(stored.last_seen, "2999-01-01T00:00:00Z");
  EXPECT_EQ(Contents(again.path + "/report.txt"), report);
  EXPECT_EQ(EntriesOf(directory_).size(), 1u);
  EXPECT_EQ(EntriesOf(again.path).size(), 4u);
}

TEST_F(FindingTest, AConfirmedOneReplacesAnUnstableOneAndNotTheOtherWayRound) {
  Finding unstable = AFinding();
  unstable.kind = FindingClass::kUnstable;
  ASSERT_EQ(StoreFinding(directory_, unstable).trouble.what, "");
  ASSERT_EQ(StoreFinding(directory_, AFinding()).trouble.what, "");
  const std::string path = directory_ + "/" + kKey;
  EXPECT_EQ(LoadFinding(path).finding.kind, FindingClass::kConfirmed);
  EXPECT_EQ(LoadFinding(path).finding.seen, 2u);
  ASSERT_EQ(StoreFinding(directory_, unstable).trouble.what, "");
  EXPECT_EQ(LoadFinding(path).finding.kind, FindingClass::kConfirmed);
  EXPECT_EQ(EntriesOf(directory_).size(), 1u);
}

TEST_F(FindingTest, KilledWhileStoringLeavesAllOrNothing) {
  Finding finding = AFinding();
  for (int i = 0; i < 40; ++i) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      for (int n = 0;; ++n) {
        finding.key = std::string(kKey) + "." + std::to_string(i) + "-" + std::to_string(n);
        if (StoreFinding(directory_, finding).trouble.any()) _exit(1);
      }
    }
    usleep(500 + 700 * i);
    // The last one gets as long as it takes to store a finding: on a busy machine, or under a sanitizer, the others
    // may have come to none.
    for (int waited = 0; i == 39 && waited < 1000 && LoadFindings(directory_).findings.empty(); ++waited) {
      usleep(10'000);
    }
    ASSERT_EQ(kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
  }
  const LoadedFindings loaded = LoadFindings(directory_);
  EXPECT_EQ(loaded.trouble.what, "");
  EXPECT_TRUE(loaded.corrupt.empty()) << loaded.corrupt[0].problem;
  EXPECT_FALSE(loaded.findings.empty());
  for (const LoadedFinding& one : loaded.findings) {
    EXPECT_EQ(EntriesOf(one.path).size(), 4u);
    EXPECT_TRUE(Contents(one.path + "/report.txt").ends_with("\n"));
    EXPECT_TRUE(Contents(one.path + "/repro.c").ends_with("}\n"));
  }
  // What was being written is out of sight, and stands in nobody's way.
  EXPECT_EQ(StoreFinding(directory_, AFinding()).trouble.what, "");
}

TEST_F(FindingTest, WithoutRoomOnTheDiskWhatWasFoundBeforeStays) {
  ASSERT_EQ(StoreFinding(directory_, AFinding()).trouble.what, "");
  // No file may grow beyond 1000 bytes: the disk is full in the middle of the report.
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {1000, 1000};
    setrlimit(RLIMIT_FSIZE, &limit);
    Finding other = AFinding();
    other.key = "fake.other";
    const std::string fresh = StoreFinding(directory_, other).trouble.what;
    const std::string again = StoreFinding(directory_, AFinding()).trouble.what;
    _exit(fresh.find("cannot write ") == 0 && fresh.find("File too large") != std::string::npos &&
                  again.find("cannot write ") == 0
              ? 0
              : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(EntriesOf(directory_), std::vector<std::string>{kKey});
  EXPECT_EQ(EntriesOf(directory_ + "/" + kKey).size(), 4u);
  EXPECT_EQ(LoadFinding(directory_ + "/" + kKey).finding.seen, 1u);
}

TEST_F(FindingTest, WhereNothingCanBeWrittenTheMessageNamesTheDirectory) {
  Write(directory_ + "/file", "");
  EXPECT_EQ(StoreFinding(directory_ + "/file/findings", AFinding()).trouble.what,
            "cannot make the directory " + directory_ + "/file/findings: Not a directory");
  EXPECT_EQ(LoadFindings(directory_ + "/nowhere").trouble.what,
            "cannot read the directory " + directory_ + "/nowhere: No such file or directory");
}

TEST_F(FindingTest, AKeyThatLeadsElsewhereIsRefused) {
  for (const char* key : {"", ".", "..", "../x", "a/b", ".hidden", "a b"}) {
    Finding finding = AFinding();
    finding.key = key;
    EXPECT_EQ(StoreFinding(directory_, finding).trouble.what,
              std::string("the key `") + key + "` cannot name a directory");
  }
  EXPECT_TRUE(EntriesOf(directory_).empty());
}

// Replaces the first `from` in finding.json by `to` and tells what LoadFinding says.
std::string ProblemAfter(const std::string& path, const std::string& from, const std::string& to) {
  const std::string file = path + "/finding.json";
  const std::string before = Contents(file);
  std::string text = before;
  EXPECT_NE(text.find(from), std::string::npos);
  text.replace(text.find(from), from.size(), to);
  Write(file, text);
  std::string problem = LoadFinding(path).problem;
  Write(file, before);
  if (problem.starts_with(file)) problem.erase(0, file.size());
  return problem;
}

TEST_F(FindingTest, AFileThatWasDamagedIsNamedWithThePlace) {
  const std::string path = StoreFinding(directory_, AFinding()).path;
  EXPECT_EQ(ProblemAfter(path, "\"class\": \"confirmed\"", "\"class\": \"certain\""),
            ":4:3: expected confirmed, unstable or contaminated in \"class\"");
  EXPECT_EQ(ProblemAfter(path, "\"call_number\": 9", "\"call_number\": 10"),
            ":12:3: expected 1 to 9, the calls of \"transcript\" in \"call_number\"");
  EXPECT_EQ(ProblemAfter(path, "\"seen\": 1", "\"seen\": \"1\""),
            ":36:3: expected a number in \"seen\"");
  EXPECT_EQ(ProblemAfter(path, "\"format\": 1", "\"format\": 2"),
            ":2:3: expected 1, the only format this sockspec reads in \"format\"");
  EXPECT_EQ(ProblemAfter(path, "\"profile\"", "\"profiles\""),
            ":1:1: expected a string in \"profile\"");
  EXPECT_EQ(ProblemAfter(path, "\"key\": ", "\"key\" "),
            ":3:59: not JSON, the file is cut off or changed");
  EXPECT_NE(ProblemAfter(path, "listen(s1, 1)", "lisen(s1, 1)").find("the program in \"program\""),
            std::string::npos);
  Write(path + "/finding.json", "");
  EXPECT_EQ(LoadFinding(path).problem, path + "/finding.json:1:1: not JSON, the file is empty");
  unlink((path + "/finding.json").c_str());
  EXPECT_EQ(LoadFinding(path).problem, path + "/finding.json: No such file or directory");
}

TEST_F(FindingTest, ADamagedFindingCostsNoOther) {
  Finding other = AFinding();
  other.key = "fake.other";
  const std::string path = StoreFinding(directory_, AFinding()).path;
  ASSERT_EQ(StoreFinding(directory_, other).trouble.what, "");
  Write(path + "/finding.json", "{");
  Write(directory_ + "/campaign.json", "not a directory, not a finding");
  const LoadedFindings loaded = LoadFindings(directory_);
  ASSERT_EQ(loaded.findings.size(), 1u);
  EXPECT_EQ(loaded.findings[0].finding.key, "fake.other");
  ASSERT_EQ(loaded.corrupt.size(), 1u);
  EXPECT_EQ(loaded.corrupt[0].path, path);

  // Found again, it is stored, and what was there is kept beside it.
  const StoreResult again = StoreFinding(directory_, AFinding());
  EXPECT_EQ(again.trouble.what, "");
  EXPECT_EQ(LoadFinding(path).problem, "");
  EXPECT_EQ(Contents(path + ".unreadable-1/finding.json"), "{");
}

TEST_F(FindingTest, ANameThatNoFindingHasIsAProblemWithItsPlace) {
  const std::string text = FindingJson(AFinding());
  const auto with = [&](const std::string& was, const std::string& is) {
    std::string changed = text;
    changed.replace(changed.find(was), was.size(), is);
    return ParseFinding(changed, "f").problem;
  };
  EXPECT_EQ(with("\"key\": \"fake.", "\"key\": \"../fake."),
            "f:3:3: expected letters, digits, `.`, `_` and `-`, at most 200 of them, in \"key\"");
  EXPECT_NE(with("\"expected_clause\": \"listen", "\"expected_clause\": \"Listen")
                .find("expected a clause's id"),
            std::string::npos);
}

TEST(FollowTest, AWrittenReplyNeedNotSayWhatOnlyTheKernelKnows) {
  const Transcript transcript =
      ParseText(
          "s0 = socket(AF_INET, SOCK_STREAM, 0)   = s0\n"
          "bind(s0, 127.0.0.1:0)                  = 0\n"
          "getsockname(s0)                        = 0, addr=127.0.0.1:E0\n"
          "getsockopt(s0, SOL_SOCKET, SO_RCVBUF)  = 0\n"
          "listen(s0, 1)                          = -1 EINVAL\n",
          "")
          .transcript;
  ASSERT_EQ(transcript.said.size(), 5u);
  Oracle oracle(Linux());
  oracle.Reset({});
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(Follow(oracle, transcript.program.calls[i], *transcript.said[i].reply),
              Verdict::kConforms)
        << i;
  }
  EXPECT_EQ(Follow(oracle, transcript.program.calls[4], *transcript.said[4].reply),
            Verdict::kDiverges);
}

TEST(AgreesTest, OnlyWhatIsWrittenIsCompared) {
  const auto agrees = [](const std::string& call, const std::string& said,
                         const std::string& actual) {
    const std::string socket = "s0 = socket(AF_INET, SOCK_STREAM, 0)\n";
    const Transcript a = ParseText(socket + call + " = " + said + "\n", "").transcript;
    const Transcript b = ParseText(socket + call + " = " + actual + "\n", "").transcript;
    return Agrees(a.program.calls.at(1), a.said.at(1).reply.value(), b.said.at(1).reply.value());
  };
  struct {
    const char* call;
    const char* said;
    const char* actual;
    bool agrees;
  } const kCases[] = {
      {"listen(s0, 1)", "0", "0", true},
      {"listen(s0, 1)", "0", "-1 EINVAL", false},
      {"listen(s0, 1)", "-1 EINVAL", "-1 EADDRINUSE", false},
      {"getsockname(s0)", "0", "0, addr=127.0.0.1:P0", true},
      {"getsockname(s0)", "0, addr=127.0.0.1:P0", "0", false},
      {"getsockname(s0)", "0, addr=127.0.0.1:P0", "0, addr=127.0.0.1:E0", false},
      {"getsockopt(s0, SOL_SOCKET, SO_TYPE)", "0, value=1", "0, value=2", false},
      {"recv(s0, 5, 0)", "5, data=[0,5)", "5, data=[0,5)", true},
      {"recv(s0, 5, 0)", "5, data=[251,256)", "5, data=[0,5)", true},
      {"recv(s0, 5, 0)", "5, data=[0,5)", "5, data=[1,6)", false},
      {"recv(s0, 5, 0)", "blocks", "blocks, then -1 EINTR", true},
      {"recv(s0, 5, 0)", "blocks", "-1 EAGAIN", false},
      {"poll(s0, POLLIN)", "1", "1, revents=POLLIN", true},
      {"poll(s0, POLLIN)", "1, revents=POLLHUP", "1, revents=POLLIN", false},
      {"send(s0, 1, 0)", "-1 EPIPE, signal=SIGPIPE", "-1 EPIPE", false},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(agrees(c.call, c.said, c.actual), c.agrees)
        << c.call << " = " << c.said << " / " << c.actual;
  }
}

}  // namespace
}  // namespace sockspec
