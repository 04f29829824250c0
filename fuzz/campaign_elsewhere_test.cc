// Campaigns whose workers have kernels of their own (CampaignOptions::elsewhere), without such kernels: a machine here is a
// process that runs the worker's campaign, and that the fake kernel kills where a kernel would die.

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/campaign.h"
#include "fuzz/fake_kernel.h"
#include "fuzz/finding.h"
#include "gtest/gtest.h"
#include "model/clause.h"
#include "model/profile.h"
#include "model/program/program.h"

namespace sockspec {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

Profile Linux() { return ResolveProfile("linux-6.18", "").profile; }

// There is this one key to find, and nothing follows it.
Mutation Faulty() { return {.clause = FindClause("unix_connect.connected_elsewhere"), .error = EACCES}; }
constexpr char kKey[] = "fake.connect.dgram.unix.unix_connect.connected_elsewhere.errno.EACCES";

pid_t g_machine = 0;

// Once for each marker that does not exist yet; always without one.
void KillMachine(const std::string& marker = "") {
  if (!marker.empty() && open(marker.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600) < 0) return;
  kill(g_machine, SIGKILL);
  for (;;) pause();
}

// Dies of the first program that is to run in a fresh namespace, which nobody wants before something was found.
class DyingOfFindings : public FakeKernel {
 public:
  explicit DyingOfFindings(std::string marker) : FakeKernel(Linux(), Faulty()), marker_(std::move(marker)) {}
  Trouble ResetFresh(const Environment& env) override {
    KillMachine(marker_);
    return Reset(env);
  }

 private:
  std::string marker_;
};

// Dies of `listen(s0, 4321)`, which is not generated.
class DyingOfABacklog : public FakeKernel {
 public:
  DyingOfABacklog() : FakeKernel(Linux()) {}
  Reply Run(const Call& call) override {
    if (call.op == Op::kListen && call.value == 4321) KillMachine();
    return FakeKernel::Run(call);
  }
};

std::string ContentsOf(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

int Count(const std::string& text, const std::string& what) {
  int count = 0;
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size()) ++count;
  return count;
}

class Elsewhere : public testing::Test {
 protected:
  using Signals = std::function<int()>;

  void SetUp() override {
    const char* base = getenv("TEST_TMPDIR");
    std::string pattern = std::string(base != nullptr ? base : "/tmp") + "/elsewhere.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    directory_ = root_ + "/findings";
    options_.profile = Linux();
    options_.directory = directory_;
    options_.duration = seconds(120);  // never reached: tests end by the number of programs
    options_.programs = 64 * 100;
    options_.jobs = 2;
    options_.seed = 1;
    options_.out = nullptr;
    options_.confirm.load = false;
    options_.from_corpus = 0;
    options_.elsewhere = [this](const CampaignLink& link, uint64_t seed, milliseconds left, const Signals& signals) {
      return run_(link, seed, left, signals);
    };
    options_.check_command = [](const std::string& path) { return "check " + path; };
    make_kernel_ = [](const CampaignLink&) { return std::make_unique<FakeKernel>(Linux()); };
    run_ = [this](const CampaignLink& link, uint64_t seed, milliseconds left, const Signals& signals) {
      return Machine(link, seed, left, signals);
    };
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  // Runs the worker's campaign with the kernel that the test is about.
  EndElsewhere Machine(const CampaignLink& link, uint64_t seed, milliseconds left, const Signals& signals) {
    const pid_t machine = fork();
    if (machine == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      signal(SIGINT, SIG_DFL);
      g_machine = getpid();
      CampaignOptions inside = options_;
      inside.elsewhere = nullptr;
      inside.link = link;
      inside.make_kernel = [&](Trouble*) { return make_kernel_(link); };
      inside.jobs = 1;
      inside.seed = seed;
      inside.programs = 0;
      inside.duration = left;
      inside.announce = true;
      inside.out = nullptr;
      _exit(RunCampaign(inside).trouble.any() ? 2 : 0);
    }
    int status = 0;
    for (int sent = 0; waitpid(machine, &status, WNOHANG) == 0; usleep(5000)) {
      for (; sent < signals(); ++sent) kill(machine, SIGINT);
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) return {};  // before the campaign inside had begun
    if (WIFSIGNALED(status)) return {.death = "the kernel died; its last words:\nno more"};
    if (WEXITSTATUS(status) != 0) return {.trouble = "the campaign inside had to stop"};
    return {};
  }

  // Which kernel of its worker it is, from 0 on.
  static int Generation(const CampaignLink& link) { return atoi(std::filesystem::path(link.directory).filename().c_str()); }

  // What the campaign says goes to said_.
  CampaignResult Run() {
    char* text = nullptr;
    size_t size = 0;
    options_.out = open_memstream(&text, &size);
    CampaignResult result = RunCampaign(options_);
    fclose(std::exchange(options_.out, nullptr));
    said_.assign(text, size);
    free(text);
    return result;
  }

  std::string WriteUntried(const std::string& name, const std::string& whose) {
    std::filesystem::create_directories(directory_ + "/.crashes");
    std::string path = directory_ + "/.crashes/" + name;
    std::ofstream(path) << "# a worker was killed by signal 11\n# " << whose << "\n# whether it was this is not known\n"
                        << "s0 = socket(AF_INET, SOCK_STREAM, 0)\nlisten(s0, 4321)\n";
    return path;
  }

  int PendingFiles() {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory_ + "/.pending")) {
      count += entry.path().extension() == ".program";
    }
    return count;
  }

  std::string root_, directory_, said_;
  CampaignOptions options_;
  std::function<std::unique_ptr<Kernel>(const CampaignLink&)> make_kernel_;
  std::function<EndElsewhere(const CampaignLink&, uint64_t, milliseconds, const Signals&)> run_;
};

TEST_F(Elsewhere, TwoMachinesAreOneCampaign) {
  const CampaignResult result = Run();
  EXPECT_EQ(result.trouble.what, "");
  EXPECT_EQ(result.counts.programs, options_.programs);
  EXPECT_EQ(result.deaths, 0);
  EXPECT_TRUE(result.keys.empty());
  EXPECT_EQ(Count(said_, "clauses reached"), 1) << said_;
}

TEST_F(Elsewhere, AProgramOfAnEarlierDeathThatKillsTheKernelDoesSoOnce) {
  make_kernel_ = [](const CampaignLink&) { return std::make_unique<DyingOfABacklog>(); };
  const std::string untried = WriteUntried("untried-7.program", "of a kernel, held to linux-6.18");
  const std::string anothers = WriteUntried("untried-8.program", "of another, held to linux-6.18");
  const CampaignResult result = Run();
  EXPECT_EQ(result.trouble.what, "");
  EXPECT_EQ(result.deaths, 1) << said_;
  EXPECT_FALSE(std::filesystem::exists(untried));
  bool kept = false;
  for (const std::string& path : result.crashes) {
    const std::string text = ContentsOf(path);
    kept = kept || (text.find("listen(s0, 4321)") != std::string::npos && text.find("# no more\n") != std::string::npos &&
                    std::filesystem::path(path).filename().string().starts_with(kKernelDied));
  }
  EXPECT_TRUE(kept) << said_;
  EXPECT_EQ(Count(said_, "the kernel died while this ran: "), static_cast<int>(result.crashes.size())) << said_;
  // The other one is left to whoever can try it, which is said once.
  EXPECT_EQ(result.left_alone, std::vector<std::string>{anothers});
  EXPECT_EQ(Count(said_, "is not tried: " + anothers), 1) << said_;
  EXPECT_TRUE(std::filesystem::exists(anothers));
  EXPECT_TRUE(HasDiverged(result));

  const CampaignResult next = Run();
  EXPECT_EQ(next.deaths, 0) << said_;
  EXPECT_EQ(next.counts.programs, options_.programs);
}

TEST_F(Elsewhere, AProgramOfAnEarlierDeathThatDoesNoHarmIsTriedByOne) {
  const std::string untried = WriteUntried("untried-7.program", "of a kernel, held to linux-6.18");
  const CampaignResult result = Run();
  EXPECT_EQ(result.deaths, 0);
  EXPECT_FALSE(std::filesystem::exists(untried));
  int gone = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory_ + "/.gone")) {
    gone += entry.path().filename().string().starts_with("death-");
  }
  EXPECT_EQ(gone, 1);
}

// Whichever worker it is whose kernel dies: the other one leaves alone what is pending.
TEST_F(Elsewhere, WhatAKernelDiedOverTheNextOneOfItsWorkerWorksOut) {
  for (const int faulty : {0, 1}) {
    options_.directory = directory_ = root_ + "/findings-" + std::to_string(faulty);
    make_kernel_ = [&, faulty](const CampaignLink& link) -> std::unique_ptr<Kernel> {
      if (link.number != faulty) return std::make_unique<FakeKernel>(Linux());
      return std::make_unique<DyingOfFindings>(directory_ + "/once");
    };
    const CampaignResult result = Run();
    EXPECT_EQ(result.trouble.what, "");
    EXPECT_EQ(result.deaths, 1);
    ASSERT_EQ(result.keys.size(), 1u);
    EXPECT_EQ(result.keys[0].path, directory_ + "/" + kKey);
    EXPECT_EQ(LoadFindings(directory_).findings.size(), 1u);
    EXPECT_EQ(PendingFiles(), 0);
  }
}

TEST_F(Elsewhere, WhatKernelsDieOverTimeAndAgainIsGivenUp) {
  make_kernel_ = [](const CampaignLink& link) -> std::unique_ptr<Kernel> {
    if (link.number == 1) return std::make_unique<FakeKernel>(Linux());
    return std::make_unique<DyingOfFindings>("");
  };
  options_.programs = 64 * 400;
  const CampaignResult result = Run();
  EXPECT_EQ(result.trouble.what, "");
  EXPECT_EQ(result.deaths, 3) << said_;
  ASSERT_EQ(result.keys.size(), 1u);
  EXPECT_TRUE(result.keys[0].pending);
  EXPECT_EQ(PendingFiles(), 1);
  EXPECT_EQ(Count(said_, std::string("could not be worked out: ") + kKey), 1) << said_;
}

// The next campaign shares out what is pending, and all of it is worked out.
TEST_F(Elsewhere, WhatAnEarlierCampaignLeftIsWorkedOutByOneOfThem) {
  make_kernel_ = [](const CampaignLink&) { return std::make_unique<DyingOfFindings>(""); };
  options_.programs = 64 * 400;
  EXPECT_GT(Run().deaths, 0);
  ASSERT_EQ(PendingFiles(), 1);
  make_kernel_ = [](const CampaignLink&) { return std::make_unique<FakeKernel>(Linux(), Faulty()); };
  options_.programs = 128;
  const CampaignResult result = Run();
  EXPECT_EQ(result.trouble.what, "");
  EXPECT_EQ(PendingFiles(), 0);
  EXPECT_EQ(LoadFindings(directory_).findings.size(), 1u);
}

TEST_F(Elsewhere, AnOldFindingThatAKernelDiesOverIsLookedAtOnce) {
  make_kernel_ = [](const CampaignLink&) { return std::make_unique<FakeKernel>(Linux(), Faulty()); };
  EXPECT_EQ(Run().deaths, 0);
  ASSERT_EQ(LoadFindings(directory_).findings.size(), 1u);
  make_kernel_ = [](const CampaignLink&) { return std::make_unique<DyingOfFindings>(""); };
  const CampaignResult result = Run();
  EXPECT_EQ(result.trouble.what, "");
  EXPECT_EQ(result.deaths, 1);
  EXPECT_TRUE(result.rechecked.empty()) << "nobody knows";
}

// Only the campaign outside may think that nobody is writing.
TEST_F(Elsewhere, WhatAnotherKernelIsJustWritingIsLeftAlone) {
  const std::vector<std::string> files = {directory_ + "/.new-a", directory_ + "/.pending/.new-b", directory_ + "/.crashes/.new-c"};
  std::filesystem::create_directories(directory_ + "/.crashes");
  for (const std::string& file : files) std::ofstream(file) << "of a campaign that was killed";
  run_ = [&](const CampaignLink& link, uint64_t seed, milliseconds left, const Signals& signals) {
    for (const std::string& file : files) {
      if (std::filesystem::exists(file)) return EndElsewhere{.trouble = file + " is still there"};
      std::ofstream(file) << "half";
    }
    return Machine(link, seed, left, signals);
  };
  options_.jobs = 1;
  EXPECT_EQ(Run().trouble.what, "");
  for (const std::string& file : files) EXPECT_TRUE(std::filesystem::exists(file)) << file;
}

TEST_F(Elsewhere, CountsOutlastAKernelThatToldNothing) {
  run_ = [this](CampaignLink link, uint64_t seed, milliseconds left, const Signals& signals) {
    if (Generation(link) == 1) return EndElsewhere{.death = "it did not come up"};
    link.end = Generation(link) == 0 ? link.next + 64 : link.next;  // one block, or none
    const EndElsewhere end = Machine(link, seed, left, signals);
    return Generation(link) == 0 ? EndElsewhere{.death = "it died"} : end;
  };
  options_.jobs = 1;
  const CampaignResult result = Run();
  EXPECT_EQ(result.deaths, 2);
  EXPECT_EQ(result.crashes.size(), 1u) << "the one that did not come up ran nothing";
  EXPECT_EQ(result.counts.programs, 64u);
}

TEST_F(Elsewhere, WhoeverAttendsAnewGoesOnWithTheBlocksOfItsWorker) {
  const std::string began = root_ + "/began";
  run_ = [&](CampaignLink link, uint64_t seed, milliseconds left, const Signals& signals) {
    if (link.number == 0) return EndElsewhere{};
    std::ofstream(began, std::ios::app) << link.next << " ";
    if (Generation(link) > 0) return EndElsewhere{};
    link.end = link.next + 3 * 128;
    const EndElsewhere end = Machine(link, seed, left, signals);
    usleep(600'000);
    (void)signals();  // what it told is taken a few times a second
    kill(getpid(), SIGKILL);
    return end;
  };
  EXPECT_EQ(Run().trouble.what, "");
  uint64_t first = 0, second = 0;
  ASSERT_TRUE(std::ifstream(began) >> first >> second);
  EXPECT_EQ(first, 64u);
  EXPECT_GE(second, 64u + 3 * 128);
  EXPECT_EQ(second % 128, 64u) << "the others are the other worker's";
}

TEST_F(Elsewhere, AWorkerWhoseKernelsDieTooOftenEndsAndThatIsSaid) {
  run_ = [this](const CampaignLink& link, uint64_t seed, milliseconds left, const Signals& signals) {
    return link.number == 0 ? EndElsewhere{.death = "the kernel died"} : Machine(link, seed, left, signals);
  };
  std::FILE* events = tmpfile();
  options_.events = events;
  const CampaignResult result = Run();
  EXPECT_EQ(result.trouble.what, "");
  EXPECT_EQ(result.deaths, 20);
  EXPECT_EQ(result.ended_early, 1);
  EXPECT_GT(result.counts.programs, 64u) << "the other one goes on";
  EXPECT_EQ(Count(said_, "worker 1 ends early: its kernels died 20 times, which is enough"), 1) << said_;
  EXPECT_EQ(Count(said_, "1 of 2 workers ended early, and no others took their place"), 1) << said_;
  EXPECT_TRUE(HasDiverged(result));
  rewind(events);
  std::string told(1 << 20, '\0');
  told.resize(fread(told.data(), 1, told.size(), events));
  fclose(events);
  EXPECT_EQ(Count(told, "\"worker ended early\""), 1) << told;
}

// Nothing is wrong with a kernel in which the worker was killed.
TEST_F(Elsewhere, AWorkerThatIsKilledWithinItsKernelIsReplaced) {
  run_ = [this](const CampaignLink& link, uint64_t seed, milliseconds left, const Signals& signals) {
    if (link.number == 0 && Generation(link) == 0) {
      // It was running something.
      CampaignLink short_one = link;
      short_one.end = link.next + 64;
      (void)Machine(short_one, seed, left, signals);
      return EndElsewhere{.death = "the campaign in it was killed by signal 9", .kernel_lived = true};
    }
    return Machine(link, seed, left, signals);
  };
  const CampaignResult result = Run();
  EXPECT_EQ(result.trouble.what, "");
  EXPECT_EQ(result.deaths, 1);
  EXPECT_TRUE(result.crashes.empty());
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/.crashes"));
  EXPECT_GT(result.counts.programs, options_.programs / 2);
}

// A fresh namespace takes long, so what is found takes a minute to be worked out. Who presses Ctrl-C does not wait for it.
TEST_F(Elsewhere, CtrlCEndsItSoonAndKeepsWhatIsPending) {
  class Slow : public FakeKernel {
   public:
    Slow() : FakeKernel(Linux(), Faulty()) {}
    Trouble ResetFresh(const Environment& env) override {
      sleep(2);
      return Reset(env);
    }
  };
  make_kernel_ = [](const CampaignLink&) { return std::make_unique<Slow>(); };
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    options_.programs = 0;
    const CampaignResult result = RunCampaign(options_);
    _exit(result.interrupted && !result.trouble.any() && result.deaths == 0 && !result.keys.empty() ? 0 : 1);
  }
  for (int i = 0; i < 1000 && (!std::filesystem::exists(directory_ + "/.pending") || PendingFiles() == 0); ++i) usleep(10'000);
  ASSERT_GT(PendingFiles(), 0);
  const auto interrupted_at = Clock::now();
  kill(child, SIGINT);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_LT(Clock::now() - interrupted_at, seconds(10));
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_GT(PendingFiles(), 0);
}

}  // namespace
}  // namespace sockspec
