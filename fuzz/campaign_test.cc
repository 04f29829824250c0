#include "fuzz/campaign.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/campaign_corpus.h"
#include "fuzz/campaign_record.h"
#include "fuzz/campaign_shared.h"
#include "fuzz/campaign_status.h"
#include "fuzz/fake_kernel.h"
#include "fuzz/finding.h"
#include "gtest/gtest.h"
#include "model/clause.h"
#include "model/profile.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

using std::chrono::seconds;

Profile Linux() { return ResolveProfile("linux-6.18", "").profile; }

// The fake kernel, and a signal to its own process when the marker file does not exist yet: so that
// it happens once, whichever worker comes first. `at` counts the resets to a fresh namespace: none
// happen before something was found.
class Deadly : public FakeKernel {
 public:
  Deadly(const Mutation& mutation, std::string marker, int at)
      : FakeKernel(Linux(), mutation), marker_(std::move(marker)), at_(at) {}
  Trouble ResetFresh(const Environment& env) override {
    if (++fresh_ == at_ &&
        open(marker_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600) >= 0) {
      kill(getpid(), SIGKILL);
    }
    return Reset(env);
  }

 private:
  std::string marker_;
  int at_;
  int fresh_ = 0;
};

// A kernel that takes its process along.
class Crashing : public FakeKernel {
 public:
  Crashing() : FakeKernel(Linux()) {}
  Reply Run(const Call& call) override {
    if (call.op == Op::kSetsockopt && call.option == 9999) signal(SIGABRT, SIG_DFL), abort();
    return FakeKernel::Run(call);
  }
};

// Refuses the first listen() after `good` of them, once; from `bad` on always.
class Wavering : public FakeKernel {
 public:
  Wavering(int good, int bad) : FakeKernel(Linux()), good_(good), bad_(bad) {}
  Reply Run(const Call& call) override {
    const Reply reply = FakeKernel::Run(call);
    if (call.op != Op::kListen || reply.error != 0) return reply;
    ++listens_;
    return listens_ == good_ || listens_ >= bad_ ? Reply{.error = EPERM} : reply;
  }

 private:
  int good_, bad_, listens_ = 0;
};

std::string ContentsOf(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Campaigning : public testing::Test {
 protected:
  void SetUp() override {
    const char* base = getenv("TEST_TMPDIR");
    std::string pattern = std::string(base != nullptr ? base : "/tmp") + "/campaign.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    directory_ = root_ + "/findings";
    options_.profile = Linux();
    options_.make_kernel = [this](Trouble*) {
      return std::make_unique<FakeKernel>(Linux(), mutation_);
    };
    options_.directory = directory_;
    options_.duration = seconds(120);  // never reached: tests end by the number of programs
    options_.seed = 1;
    options_.out = nullptr;
    options_.confirm.load = false;
    options_.from_corpus = 0;  // what is found does not depend on who was quicker
    mutation_ = {.clause = FindClause("listen.backlog"), .error = 0};
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::set<std::string> Stored() {
    std::set<std::string> keys;
    for (const LoadedFinding& loaded : LoadFindings(directory_).findings)
      keys.insert(loaded.finding.key);
    return keys;
  }

  // How many files there are whose divergences nobody has worked out.
  int PendingFiles() {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory_ + "/.pending")) {
      count += entry.path().extension() == ".program";
    }
    return count;
  }

  std::string root_, directory_;
  Mutation mutation_;
  CampaignOptions options_;
};

TEST_F(Campaigning, AKernelThatKeepsToTheModelGivesNoFindings) {
  mutation_ = {};
  options_.programs = 5000;
  const CampaignResult result = RunCampaign(options_);
  EXPECT_EQ(result.trouble.what, "");
  EXPECT_EQ(result.counts.programs, 5000u);
  EXPECT_GT(result.counts.calls, 5000u * 5);
  EXPECT_TRUE(result.keys.empty());
  EXPECT_GT(result.clauses_reached, result.clauses / 2);
  EXPECT_FALSE(result.interrupted);
}

TEST_F(Campaigning, TheSameSeedRunsTheSameProgramsOnAnyNumberOfWorkers) {
  mutation_ = {};
  options_.programs = 3000;
  const CampaignResult one = RunCampaign(options_);
  options_.jobs = 3;
  options_.directory += "-of-three";
  const CampaignResult three = RunCampaign(options_);
  EXPECT_EQ(one.counts.programs, three.counts.programs);
  EXPECT_EQ(one.counts.calls, three.counts.calls);
  EXPECT_EQ(one.counts.clauses, three.counts.clauses);
}

TEST_F(Campaigning, AFindingIsMinimizedConfirmedAndStoredOnce) {
  mutation_ = {.clause = FindClause("unix_connect.peer"), .error = EACCES};
  options_.programs = 3000;
  options_.jobs = 2;
  const CampaignResult result = RunCampaign(options_);
  ASSERT_EQ(result.keys.size(), 1u);
  const CampaignKey& key = result.keys[0];
  EXPECT_EQ(key.key, "fake.connect.dgram.unix.unix_connect.peer.errno.EACCES");
  EXPECT_EQ(key.kind, FindingClass::kConfirmed);
  EXPECT_EQ(key.quiet, (Rate{5, 5}));
  EXPECT_EQ(key.disturbed, (Rate{5, 5}));
  EXPECT_EQ(key.calls, 3);
  EXPECT_GT(key.count, 10u);
  const LoadedFinding loaded = LoadFinding(key.path);
  ASSERT_EQ(loaded.problem, "");
  EXPECT_EQ(loaded.finding.seen, key.count);
  EXPECT_EQ(loaded.finding.transcript.program.calls.size(), static_cast<size_t>(key.calls));
  EXPECT_EQ(PendingFiles(), 0);
}

TEST_F(Campaigning, AFindingSaysThatItsProgramWasMadeOfTheCorpus) {
  mutation_ = {};
  options_.programs = 1000;
  ASSERT_EQ(RunCampaign(options_).trouble.what, "");
  mutation_ = {.clause = FindClause("unix_connect.peer"), .error = EACCES};
  options_.from_corpus = 100;
  const CampaignResult result = RunCampaign(options_);
  ASSERT_GE(result.keys.size(), 1u);
  const LoadedFinding loaded = LoadFinding(result.keys[0].path);
  ASSERT_EQ(loaded.problem, "");
  EXPECT_EQ(loaded.finding.seed, 0u);
  EXPECT_EQ(loaded.finding.made_of, "the corpus");
  for (const char* file : {"/report.txt", "/finding.program", "/repro.c", "/finding.json"}) {
    const std::string text = ContentsOf(result.keys[0].path + file);
    EXPECT_NE(text.find("the corpus"), std::string::npos) << text;
    EXPECT_EQ(text.find("0x0\""), std::string::npos) << text;
    EXPECT_EQ(text.find("seed 0x0"), std::string::npos) << text;
  }
}

// A mistake that random programs do not come to so soon.
TEST_F(Campaigning, WhatAProgramLeadsToIsFoundAroundIt) {
  mutation_ = {.clause = FindClause("udp_send.astray")};
  options_.programs = 640;
  EXPECT_EQ(RunCampaign(options_).keys.size(), 0u);
  const std::string lead =
      "s0 = socket(AF_INET, SOCK_DGRAM, 0)\n"
      "connect(s0, 127.0.0.1:P0)\n"
      "connect(s0, NOT_OURS:P1)\n"
      "send(s0, 1, 0)\n"
      "send(s0, 1, 0)\n";
  options_.around = {ParseText(lead, "").transcript.program};
  const CampaignResult result = RunCampaign(options_);
  ASSERT_GT(result.keys.size(), 0u);
  const LoadedFinding loaded = LoadFinding(result.keys[0].path);
  ASSERT_EQ(loaded.problem, "");
  EXPECT_EQ(loaded.finding.made_of, "programs to look around");
}

TEST_F(Campaigning, ItGoesOnWhereTheDirectoryLeftOff) {
  mutation_ = {.clause = FindClause("unix_connect.peer"), .error = EACCES};
  options_.programs = 1000;
  RunCampaign(options_);
  options_.seed.reset();
  options_.programs = 1500;
  const CampaignResult result = RunCampaign(options_);
  EXPECT_EQ(result.seed, 1u);
  EXPECT_EQ(result.programs_before, 1000u);
  EXPECT_EQ(result.counts.programs, 1500u);
  ASSERT_EQ(result.keys.size(), 1u);
  EXPECT_FALSE(result.keys[0].is_new);
  EXPECT_GT(result.keys[0].count, 0u);
}

TEST_F(Campaigning, TheNumberOfProgramsIsThatOfThisRun) {
  mutation_ = {};
  for (const uint64_t programs : {640, 1, 64, 640}) {
    options_.programs = programs;
    EXPECT_EQ(RunCampaign(options_).counts.programs, programs);
    options_.seed.reset();
  }
  // A block that was begun is run again.
  options_.programs = 1;
  EXPECT_EQ(RunCampaign(options_).programs_before, 640u + 1 + 64 + 640);
}

TEST_F(Campaigning, AKnownDeviationIsCountedAndNotStored) {
  mutation_ = {.clause = FindClause("unix_connect.peer"), .error = EACCES};
  options_.programs = 1000;
  options_.known = {{.key = "fake.connect.dgram.unix.unix_connect.peer.errno.EACCES"},
                    {.key = "fake.listen.stream.inet.listen.port_taken.value.0"}};
  const CampaignResult result = RunCampaign(options_);
  ASSERT_EQ(result.keys.size(), 1u);
  EXPECT_TRUE(result.keys[0].known);
  EXPECT_GT(result.keys[0].count, 0u);
  EXPECT_TRUE(Stored().empty());
}

TEST_F(Campaigning, WhatNeverComesAgainIsKeptAndNoFinding) {
  options_.make_kernel = [](Trouble*) { return std::make_unique<Wavering>(100, 1 << 30); };
  options_.programs = 2000;
  const CampaignResult result = RunCampaign(options_);
  ASSERT_EQ(result.keys.size(), 1u);
  EXPECT_TRUE(result.keys[0].gone);
  EXPECT_FALSE(result.keys[0].pending);
  EXPECT_TRUE(Stored().empty());
  EXPECT_EQ(PendingFiles(), 0);
  std::ifstream file(directory_ + "/.gone/" + result.keys[0].key + ".program");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(text.find("EPERM"), std::string::npos) << text;
}

TEST_F(Campaigning, WhatWasGoneIsWorkedOutWhenItComesToStay) {
  options_.make_kernel = [](Trouble*) { return std::make_unique<Wavering>(100, 500); };
  options_.programs = 4000;
  const CampaignResult result = RunCampaign(options_);
  ASSERT_FALSE(result.keys.empty());
  EXPECT_FALSE(result.keys[0].gone);
  EXPECT_EQ(result.keys[0].kind, FindingClass::kConfirmed);
  EXPECT_EQ(Stored().count(result.keys[0].key), 1u);
}

// The worker is killed when it has found something and not yet minimized it, again while it
// minimizes, and while it confirms.
TEST_F(Campaigning, KillMinusNineOfAWorkerLosesNothing) {
  mutation_ = {.clause = FindClause("unix_connect.peer"), .error = EACCES};
  for (const int at : {1, 3, 7, 12}) {
    std::filesystem::remove_all(directory_);
    const std::string marker = root_ + "/killed" + std::to_string(at);
    options_.make_kernel = [&](Trouble*) {
      return std::make_unique<Deadly>(mutation_, marker, at);
    };
    options_.programs = 2000;
    options_.jobs = 2;
    const CampaignResult result = RunCampaign(options_);
    EXPECT_EQ(result.trouble.what, "");
    EXPECT_EQ(result.deaths, 1);
    EXPECT_EQ(result.counts.programs, 2000u);
    EXPECT_EQ(Stored(), std::set<std::string>{"fake.connect.dgram.unix.unix_connect.peer.errno.EACCES"});
    EXPECT_EQ(PendingFiles(), 0);
    EXPECT_TRUE(result.crashes.empty());
  }
}

// Everything is killed while it works out a finding; the next campaign does that first.
TEST_F(Campaigning, KillMinusNineOfEverythingLosesNothing) {
  mutation_ = {.clause = FindClause("unix_connect.peer"), .error = EACCES};
  const pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // where the test is cut off
    class KillsAll : public FakeKernel {
     public:
      using FakeKernel::FakeKernel;
      Trouble ResetFresh(const Environment& env) override {
        if (++fresh_ == 3) kill(0, SIGKILL);
        return Reset(env);
      }
      int fresh_ = 0;
    };
    options_.make_kernel = [&](Trouble*) { return std::make_unique<KillsAll>(Linux(), mutation_); };
    RunCampaign(options_);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(Stored().empty());
  ASSERT_EQ(PendingFiles(), 1);

  options_.programs = 1;
  options_.seed.reset();
  const CampaignResult result = RunCampaign(options_);
  EXPECT_EQ(result.trouble.what, "");
  EXPECT_EQ(Stored(), std::set<std::string>{"fake.connect.dgram.unix.unix_connect.peer.errno.EACCES"});
  EXPECT_EQ(PendingFiles(), 0);
}

// Refuses listen() once so many programs ran in the namespace: what it did there, no program shows alone.
class Remembering : public FakeKernel {
 public:
  explicit Remembering(std::string killed_at) : FakeKernel(Linux()), killed_at_(std::move(killed_at)) {}
  Trouble Reset(const Environment& env) override {
    ++programs_;
    return FakeKernel::Reset(env);
  }
  Trouble ResetFresh(const Environment& env) override {
    programs_ = 0;
    // What was found is on disk by now, and not worked out.
    if (!killed_at_.empty()) kill(0, SIGKILL);
    return FakeKernel::Reset(env);
  }
  Reply Run(const Call& call) override {
    const Reply reply = FakeKernel::Run(call);
    return call.op == Op::kListen && reply.error == 0 && programs_ > 30 ? Reply{.error = EPERM} : reply;
  }

 private:
  const std::string killed_at_;
  int programs_ = 0;
};

TEST_F(Campaigning, KillMinusNineLosesNothingOfWhatRanBeforeAContaminatedOne) {
  const pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // where the test is cut off
    options_.make_kernel = [](Trouble*) { return std::make_unique<Remembering>("the first trial"); };
    RunCampaign(options_);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  ASSERT_EQ(PendingFiles(), 1);

  options_.make_kernel = [](Trouble*) { return std::make_unique<Remembering>(""); };
  options_.programs = 1;
  options_.seed.reset();
  EXPECT_EQ(RunCampaign(options_).trouble.what, "");
  const LoadedFindings all = LoadFindings(directory_);
  ASSERT_EQ(all.findings.size(), 1u);
  EXPECT_EQ(all.findings[0].finding.kind, FindingClass::kContaminated);
  EXPECT_GE(all.findings[0].finding.before.size(), 30u);
  EXPECT_TRUE(std::filesystem::is_empty(directory_ + "/.pending"));
}

// Each program gets one wrong reply, and another one the next time: there are more keys than there is room for.
TEST_F(Campaigning, WhatFindsNoRoomIsCountedAndTold) {
  class Crowding : public FakeKernel {
   public:
    Crowding() : FakeKernel(Linux()) {}
    Trouble Reset(const Environment& env) override {
      calls_ = 0;
      return FakeKernel::Reset(env);
    }
    Reply Run(const Call& call) override {
      const Reply reply = FakeKernel::Run(call);
      return ++calls_ == 4 ? Reply{.error = static_cast<int16_t>(1 + wrong_++ % 130)} : reply;
    }
    int calls_ = 0, wrong_ = 0;
  };
  options_.make_kernel = [](Trouble*) { return std::make_unique<Crowding>(); };
  options_.minimizing = std::chrono::milliseconds(0);
  options_.confirm = {.quiet = 1, .disturbed = 0, .load = false};
  options_.directory = "";
  options_.programs = 20000;
  const CampaignResult result = RunCampaign(options_);
  if (result.counts.programs < options_.programs) GTEST_SKIP() << "too slow a build for as many keys";
  EXPECT_GT(result.keys.size(), 1000u);
  EXPECT_GT(result.keys_left_out, 0u);
  EXPECT_TRUE(HasDiverged(result));
}

TEST_F(Campaigning, AProgramThatKillsItsProcessIsKept) {
  options_.make_kernel = [](Trouble*) { return std::make_unique<Crashing>(); };
  options_.programs = 64 * 20;
  const CampaignResult result = RunCampaign(options_);
  EXPECT_GT(result.deaths, 0);
  ASSERT_FALSE(result.crashes.empty());
  std::ifstream file(result.crashes[0]);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(text.find("9999"), std::string::npos) << text;
  EXPECT_EQ(result.counts.programs + static_cast<uint64_t>(result.deaths), options_.programs);
}

TEST_F(Campaigning, WhichSocketOfAPairAProgramKillsItsProcessWithSaysNothingNew) {
  class CrashingWithPairs : public FakeKernel {
   public:
    CrashingWithPairs() : FakeKernel(Linux()) {}
    Trouble Reset(const Environment& env) override {
      pair_.clear();
      return FakeKernel::Reset(env);
    }
    Reply Run(const Call& call) override {
      if (call.op == Op::kShutdown && call.fd.IsHandle() && pair_.contains(call.fd.handle())) signal(SIGABRT, SIG_DFL), abort();
      if (call.op == Op::kSocketpair) pair_ = {call.made, call.made2};
      return FakeKernel::Run(call);
    }

   private:
    std::set<uint8_t> pair_;
  };
  options_.make_kernel = [](Trouble*) { return std::make_unique<CrashingWithPairs>(); };
  options_.generate.sockets = kUnix;
  options_.programs = 64 * 10;
  const CampaignResult result = RunCampaign(options_);
  EXPECT_GT(result.deaths, 4);
  ASSERT_EQ(result.crashes.size(), 1u);
  EXPECT_NE(ContentsOf(result.crashes[0]).find("shutdown(s"), std::string::npos);
}

// A stack may call exit(), and under a sanitizer a signal is a status.
TEST_F(Campaigning, AProgramThatEndsItsProcessWithAStatusIsKept) {
  class Exiting : public FakeKernel {
   public:
    Exiting() : FakeKernel(Linux()) {}
    Reply Run(const Call& call) override {
      if (call.op == Op::kSetsockopt && call.option == 9999) _exit(7);
      return FakeKernel::Run(call);
    }
  };
  options_.make_kernel = [](Trouble*) { return std::make_unique<Exiting>(); };
  options_.programs = 64 * 20;
  const CampaignResult result = RunCampaign(options_);
  EXPECT_GT(result.deaths, 0);
  ASSERT_FALSE(result.crashes.empty());
  const std::string text = ContentsOf(result.crashes[0]);
  EXPECT_NE(text.find("exited with status 7; alone, this killed or hung its process 3 of 3 times"), std::string::npos) << text;
}

// What a process does not come back from holds up the campaign for some seconds, and not for ever.
TEST_F(Campaigning, AProgramThatHangsTheNextProcessIsKeptToo) {
  class Hanging : public FakeKernel {
   public:
    explicit Hanging(std::string marker) : FakeKernel(Linux()), marker_(std::move(marker)) {}
    Trouble ResetFresh(const Environment& env) override {
      fresh_ = true;  // nothing was found yet: this process is there to try what killed another one
      return FakeKernel::Reset(env);
    }
    Reply Run(const Call& call) override {
      if (call.op == Op::kListen && open(marker_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600) >= 0) {
        kill(getpid(), SIGKILL);
      }
      while (call.op == Op::kListen && fresh_) pause();
      return FakeKernel::Run(call);
    }
    std::string marker_;
    bool fresh_ = false;
  };
  options_.make_kernel = [this](Trouble*) { return std::make_unique<Hanging>(root_ + "/killed"); };
  options_.programs = 640;
  const CampaignResult result = RunCampaign(options_);
  EXPECT_EQ(result.trouble.what, "");
  EXPECT_EQ(result.deaths, 1);
  ASSERT_EQ(result.crashes.size(), 1u);
  std::ifstream file(result.crashes[0]);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(text.find("killed or hung its process 1 of 1 times"), std::string::npos) << text;
  EXPECT_EQ(result.counts.programs, 639u);
}

// The worker's process ends, and its program with it; Ctrl-C comes in the same moment.
class CrashingWithCtrlC : public FakeKernel {
 public:
  explicit CrashingWithCtrlC(std::string marker) : FakeKernel(Linux()), marker_(std::move(marker)) {}
  Reply Run(const Call& call) override {
    if (call.op == Op::kSetsockopt && call.option == 9999) {
      signal(SIGABRT, SIG_DFL);
      if (open(marker_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600) >= 0) kill(getppid(), SIGINT);
      abort();
    }
    return FakeKernel::Run(call);
  }

 private:
  std::string marker_;
};

std::vector<std::string> FilesIn(const std::string& directory) {
  std::vector<std::string> files;
  if (!std::filesystem::exists(directory)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  return files;
}

TEST_F(Campaigning, ADeathThatCtrlCCutsOffIsKeptAndTriedByTheNextCampaign) {
  options_.make_kernel = [this](Trouble*) { return std::make_unique<CrashingWithCtrlC>(root_ + "/once"); };
  const CampaignResult first = RunCampaign(options_);
  EXPECT_TRUE(first.interrupted);
  EXPECT_EQ(first.deaths, 1);
  ASSERT_EQ(first.untried.size(), 1u);
  EXPECT_TRUE(first.crashes.empty());
  EXPECT_EQ(FilesIn(directory_ + "/.crashes"), first.untried);
  EXPECT_NE(ContentsOf(first.untried[0]).find("9999"), std::string::npos) << ContentsOf(first.untried[0]);

  // One of another kernel or specification cannot try it.
  options_.kernel = "another";
  options_.make_kernel = [this](Trouble*) { return std::make_unique<FakeKernel>(Linux(), mutation_); };
  options_.programs = 64;
  // Nor can anybody what cannot be read.
  const std::string broken = directory_ + "/.crashes/untried-1.program";
  std::ofstream(broken) << "# a worker was killed by signal 11\n# of another, held to linux-6.18\nlisten(\n";
  char* text = nullptr;
  size_t size = 0;
  options_.out = open_memstream(&text, &size);
  const CampaignResult other = RunCampaign(options_);
  fclose(std::exchange(options_.out, nullptr));
  const std::string said(text, size);
  free(text);
  EXPECT_TRUE(other.crashes.empty());
  EXPECT_EQ(other.left_alone, (std::vector<std::string>{broken, first.untried[0]}));
  EXPECT_NE(said.find("a program that a worker died over is not tried: " + first.untried[0] +
                      " (it waits for a campaign of a kernel, held to linux-6.18, and this is one of another, held to "
                      "linux-6.18)"),
            std::string::npos)
      << said;
  EXPECT_NE(said.find("is not tried: " + broken + " (" + broken + ":3:"), std::string::npos) << said;
  std::filesystem::remove(broken);
  EXPECT_EQ(FilesIn(directory_ + "/.crashes"), first.untried);

  options_.kernel = "";
  options_.make_kernel = [this](Trouble*) { return std::make_unique<CrashingWithCtrlC>(root_ + "/once"); };
  options_.programs = 0;
  options_.duration = seconds(5);
  const CampaignResult second = RunCampaign(options_);
  EXPECT_TRUE(second.untried.empty());
  ASSERT_FALSE(second.crashes.empty());
  EXPECT_NE(ContentsOf(second.crashes[0]).find("alone, this killed or hung its process 3 of 3 times"), std::string::npos)
      << ContentsOf(second.crashes[0]);
  EXPECT_FALSE(std::filesystem::exists(first.untried[0]));
  EXPECT_TRUE(HasDiverged(second));
}

TEST_F(Campaigning, AProgramThatHangsWhenTheCampaignEndsIsKeptForTheNext) {
  class Hanging : public FakeKernel {
   public:
    Hanging() : FakeKernel(Linux()) {}
    Reply Run(const Call& call) override {
      while (call.op == Op::kListen) pause();
      return FakeKernel::Run(call);
    }
  };
  options_.make_kernel = [](Trouble*) { return std::make_unique<Hanging>(); };
  options_.duration = seconds(1);
  options_.grace = seconds(6);
  const CampaignResult result = RunCampaign(options_);
  ASSERT_EQ(result.untried.size(), 1u);
  const std::string text = ContentsOf(result.untried[0]);
  EXPECT_NE(text.find("s when the campaign ended"), std::string::npos) << text;
  EXPECT_NE(text.find("listen("), std::string::npos) << text;
}

TEST_F(Campaigning, AProgramThatAWorkerDiedOverOnceIsKeptAmongWhatNeverCameAgain) {
  class CrashingOnce : public FakeKernel {
   public:
    explicit CrashingOnce(std::string marker) : FakeKernel(Linux()), marker_(std::move(marker)) {}
    Reply Run(const Call& call) override {
      if (call.op == Op::kListen && open(marker_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600) >= 0) {
        signal(SIGABRT, SIG_DFL), abort();
      }
      return FakeKernel::Run(call);
    }
    std::string marker_;
  };
  options_.make_kernel = [this](Trouble*) { return std::make_unique<CrashingOnce>(root_ + "/once"); };
  options_.programs = 64;
  const CampaignResult result = RunCampaign(options_);
  EXPECT_EQ(result.deaths, 1);
  EXPECT_TRUE(result.crashes.empty());
  EXPECT_TRUE(FilesIn(directory_ + "/.crashes").empty());
  const std::vector<std::string> gone = FilesIn(directory_ + "/.gone");
  ASSERT_EQ(gone.size(), 1u);
  EXPECT_NE(ContentsOf(gone[0]).find("a worker was killed by signal 6"), std::string::npos) << ContentsOf(gone[0]);
}

TEST(CampaignStatusTest, HowFarItIsIsToldOfTheLargestLimits) {
  constexpr uint64_t kMost = 10'000'000'000'000'000'000u;
  const auto words = [](uint64_t programs, uint64_t calls, uint64_t of_programs, uint64_t of_calls) {
    CampaignCounts counts;
    counts.programs = programs;
    counts.calls = calls;
    return OfHowMany(counts, of_calls, of_programs);
  };
  EXPECT_EQ(words(5, 50, 0, 1000), "5% of 1,000 calls");
  EXPECT_EQ(words(5, 50, 10, 1000), "50% of 10 programs");
  EXPECT_EQ(words(5, 950, 10, 1000), "95% of 1,000 calls");
  EXPECT_EQ(words(20, 50, 10, 0), "100% of 10 programs");
  EXPECT_EQ(words(kMost / 2, 50, kMost, 0), "50% of 10,000,000,000,000,000,000 programs");
  EXPECT_EQ(words(4, 40, 10, kMost), "40% of 10 programs");
  EXPECT_EQ(words(4, kMost / 2, kMost, kMost), "50% of 10,000,000,000,000,000,000 calls");
  EXPECT_EQ(words(4, 40, 0, 0), "until it is stopped");
}

// The last line comes at the end, which may be just after another one.
TEST_F(Campaigning, ALineOfStatsThatComesAtOnceHasTheRateOfThoseBeforeItToo) {
  std::filesystem::create_directories(directory_);
  SharedArray<Shared> shared(1);
  SharedArray<WorkerShare> shares(1);
  const Corpus corpus(shared[0].corpus, "", "");
  const CampaignState state;
  CampaignStatus status(options_, 1, shared[0], shares, corpus, state);
  status.Begin();
  shares[0].calls.Add(1000);
  ASSERT_FALSE(status.AppendStats(status.began() + seconds(10), 0).any());
  ASSERT_FALSE(status.AppendStats(status.began() + seconds(10) + std::chrono::milliseconds(200), 0).any());
  ASSERT_FALSE(status.AppendStats(status.began() + seconds(20), 0).any());
  std::vector<int> rates;
  for (const CampaignRecord::Sample& sample : ReadCampaignRecord(directory_).samples) rates.push_back(static_cast<int>(sample.calls_per_second));
  EXPECT_EQ(rates, (std::vector<int>{100, 98, 0}));
}

// As a guest's do that belong to whoever attends to it.
TEST_F(Campaigning, TheMemoryOfWhatAWorkerHasStartedIsCounted) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t worker = fork();
  if (worker == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (fork() == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      std::vector<char> memory(64 << 20, 'm');
      (void)!write(ready[1], memory.data(), 1);
      for (;;) pause();
    }
    for (;;) pause();
  }
  char byte;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  std::filesystem::create_directories(directory_);
  SharedArray<Shared> shared(1);
  SharedArray<WorkerShare> shares(1);
  const Corpus corpus(shared[0].corpus, "", "");
  const CampaignState state;
  CampaignStatus status(options_, 1, shared[0], shares, corpus, state);
  EXPECT_FALSE(status.AppendStats(status.began() + seconds(10), 0).any());
  kill(worker, SIGKILL);
  waitpid(worker, nullptr, 0);
  const std::string stats = ContentsOf(directory_ + "/stats.csv");
  EXPECT_GT(atoi(stats.c_str() + stats.rfind(',') + 1), 64 << 10) << stats;
}

// Ctrl-C reaches the whole group. The signal is sent once the campaign has said its first line, and
// no clock is waited for.
TEST_F(Campaigning, CtrlCStopsItAndPrintsTheSummary) {
  mutation_ = {};
  int pipe_fds[2];
  ASSERT_EQ(pipe(pipe_fds), 0);
  const pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // where the test is cut off
    options_.out = fdopen(pipe_fds[1], "w");
    options_.jobs = 2;
    options_.duration = seconds(3600);
    const CampaignResult result = RunCampaign(options_);
    fflush(options_.out);
    _exit(result.interrupted && !result.trouble.any() ? 0 : 1);
  }
  setpgid(child, child);
  close(pipe_fds[1]);
  std::FILE* said = fdopen(pipe_fds[0], "r");
  std::string all;
  char line[1000];
  bool interrupted = false;
  while (fgets(line, sizeof line, said) != nullptr) {
    all += line;
    if (!interrupted && std::string_view(line).find("clauses") != std::string_view::npos) {
      kill(-child, SIGINT);
      interrupted = true;
    }
  }
  fclose(said);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << all;
  EXPECT_TRUE(all.starts_with("seed 0x1")) << all;
  EXPECT_NE(all.find("calls/s\n"), std::string::npos) << all;
  EXPECT_NE(all.find("clauses reached"), std::string::npos) << all;
}

TEST_F(Campaigning, AnUnwritableDirectoryIsToldAtOnce) {
  std::ofstream(root_ + "/file") << "in the way";
  options_.directory = root_ + "/file/findings";
  const CampaignResult result = RunCampaign(options_);
  EXPECT_NE(result.trouble.what.find("/file/findings"), std::string::npos) << result.trouble.what;
  EXPECT_FALSE(result.unavailable);
  EXPECT_EQ(result.counts.programs, 0u);
}

TEST_F(Campaigning, AKernelThatCannotBeHadIsToldAtOnce) {
  options_.make_kernel = [](Trouble* trouble) {
    trouble->what = "unshare: Operation not permitted (EPERM)";
    return nullptr;
  };
  const CampaignResult result = RunCampaign(options_);
  EXPECT_TRUE(result.unavailable);
  EXPECT_EQ(result.trouble.what, "unshare: Operation not permitted (EPERM)");
}

TEST_F(Campaigning, AFileThatIsNoCampaignIsLeftAlone) {
  std::filesystem::create_directories(directory_);
  for (const char* text :
       {"not json", "[]", "{\"linux-6.18\": {\"seed\": \"0x1\", \"next\": \"many\"}}",
        "{\"linux-6.18\": 3}"}) {
    std::ofstream(directory_ + "/campaign.json") << text;
    options_.programs = 1;
    options_.seed.reset();
    const CampaignResult result = RunCampaign(options_);
    EXPECT_NE(result.trouble.what.find("campaign.json"), std::string::npos) << text;
    std::ifstream file(directory_ + "/campaign.json");
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text);
  }
}

}  // namespace
}  // namespace sockspec
