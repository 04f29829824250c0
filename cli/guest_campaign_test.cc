// Campaigns in guests, as far as no other kernel is needed for that: what takes the place of runsc runs the command on this
// machine's kernel.

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "cli/runs_sockspec.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace sockspec {
namespace {

using Clock = std::chrono::steady_clock;

class GuestCampaign : public RunsSockspec {
 protected:
  void SetUp() override {
    RunsSockspec::SetUp();
    setenv("TMPDIR", directory_.c_str(), 1);
    Write("runsc",
          "#!/bin/sh\n"
          "[ \"$1\" = --version ] && echo 'runsc version of no release' && exit\n"
          "while [ \"$1\" != /usr/bin/env ]; do\n"
          "  [ \"$1\" = -cwd ] && cd \"$2\"\n"
          "  shift\n"
          "done\n"
          "exec unshare $([ $(id -u) = 0 ] || echo -r) -n \"$@\"\n");
    chmod((directory_ + "/runsc").c_str(), 0755);
  }
  void TearDown() override {
    unsetenv("TMPDIR");
    RunsSockspec::TearDown();
  }

  // Runs a campaign in `out`, and `meanwhile`, once its workers run programs; hands over the campaign's process.
  Result Campaign(const std::string& arguments, const std::string& out, const std::function<void(pid_t)>& meanwhile) {
    std::thread other([&] {
      const std::string running = directory_ + "/" + out + "/.running/";
      for (int i = 0; i < 600 && (Contents(running + "0").empty() || Contents(running + "1").empty()); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      }
      meanwhile(atoi(Contents(directory_ + "/pid").c_str()));
    });
    // A port may be taken still, in the one namespace that all programs have here: with unix sockets alone nothing diverges.
    utsname name = {};
    uname(&name);
    const std::string release = name.release;
    const std::string profile = "linux-" + release.substr(0, release.find('.', release.find('.') + 1));
    const Result result = Shell("cd '" + directory_ + "' && sh -c 'echo $$ >pid; exec \"" + binary_ +
                                "\" fuzz --kernel=gvisor --kernel-image=./runsc --profile=" + profile + " --sockets=unix --jobs=2 --seed=1 " +
                                "--out=\"" + out + "\" " + arguments + "' >out 2>err </dev/null");
    other.join();
    return result;
  }

  static pid_t Parent(pid_t pid) {
    const std::string status = Contents("/proc/" + std::to_string(pid) + "/status");
    return atoi(status.c_str() + status.find("PPid:") + 5);
  }

  // The commands that run within guests: processes of ours below one that is none of them. Or their workers.
  std::vector<pid_t> CommandsInside(bool workers = false) {
    std::vector<pid_t> commands;
    const auto inside = [](pid_t pid) { return Contents("/proc/" + std::to_string(pid) + "/cmdline").find("--link=") != std::string::npos; };
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const pid_t pid = atoi(entry.path().filename().c_str());
      if (pid <= 0 || !inside(pid)) continue;
      const std::string where = std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/cwd").string();
      if (where == std::filesystem::canonical(directory_) && inside(Parent(pid)) == workers) commands.push_back(pid);
    }
    return commands;
  }

  nlohmann::json LastRun(const std::string& out) {
    const auto campaign = nlohmann::json::parse(Contents(directory_ + "/" + out + "/campaign.json"), nullptr, false);
    return campaign.is_object() ? campaign["runs"].back() : nlohmann::json();
  }
};

TEST_F(GuestCampaign, TheDirectoryMayHaveAnyName) {
  const Result fuzz = Campaign("--programs=256", "a,b and c", [](pid_t) {});
  EXPECT_EQ(fuzz.status, 0) << fuzz.out << fuzz.err;
  EXPECT_EQ(LastRun("a,b and c")["programs"], 256);
}

TEST_F(GuestCampaign, AFindingThatCannotBeReadIsToldOnceAndNotByEachKernel) {
  std::filesystem::create_directories(directory_ + "/found/gvisor.close.none.close.value.0");
  Write("found/gvisor.close.none.close.value.0/finding.json", "{");
  const Result fuzz = Campaign("--programs=256", "found", [](pid_t) {});
  const std::string told = "cannot be read, and is kept beside what is found anew: ";
  const size_t first = fuzz.out.find(told);
  ASSERT_NE(first, std::string::npos) << fuzz.out << fuzz.err;
  EXPECT_EQ(fuzz.out.find(told, first + 1), std::string::npos) << fuzz.out;
}

TEST_F(GuestCampaign, ACommandThatIsKilledInsideIsReplacedAndNoKernelDied) {
  const Result fuzz = Campaign("--duration=6s", "found", [this](pid_t) {
    const std::vector<pid_t> commands = CommandsInside();
    EXPECT_EQ(commands.size(), 2u);
    if (!commands.empty()) kill(commands[0], SIGKILL);
  });
  EXPECT_EQ(fuzz.status, 0) << fuzz.out << fuzz.err;
  EXPECT_NE(fuzz.err.find("the campaign in gvisor was killed by signal 9"), std::string::npos) << fuzz.err;
  EXPECT_NE(fuzz.out.find("1 times a worker or its kernel died"), std::string::npos) << fuzz.out;
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/found/.crashes"));
  EXPECT_GT(LastRun("found")["programs"], 64);
}

// Which campaign may try it they say alike, inside and outside.
TEST_F(GuestCampaign, AProgramThatAWorkerInsideHungInIsTriedInsideByTheNextOne) {
  const Result first = Campaign("--duration=10m", "found", [this](pid_t campaign) {
    std::vector<pid_t> workers = CommandsInside(true);
    for (int i = 0; i < 100 && workers.size() != 2; ++i, workers = CommandsInside(true)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    ASSERT_EQ(workers.size(), 2u);
    for (const pid_t worker : workers) kill(worker, SIGSTOP);
    std::this_thread::sleep_for(std::chrono::seconds(4));
    kill(campaign, SIGINT);  // and 4 s later they are killed
  });
  EXPECT_EQ(first.status, 0) << first.out << first.err;
  int untried = 0;
  for (const auto& file : std::filesystem::directory_iterator(directory_ + "/found/.crashes")) {
    untried += file.path().filename().string().starts_with("untried-");
  }
  EXPECT_EQ(untried, 2) << first.out;
  const Result second = Campaign("--duration=5s", "found", [](pid_t) {});
  EXPECT_EQ(second.status, 0) << second.out << second.err;
  EXPECT_TRUE(std::filesystem::is_empty(directory_ + "/found/.crashes")) << second.out;
  EXPECT_EQ(second.out.find("is not tried"), std::string::npos) << second.out;
}

// What is said within a guest is said by the one campaign that there is.
TEST_F(GuestCampaign, WithJsonNothingElseIsPrinted) {
  const Result fuzz = Campaign("--duration=5s --json", "found", [this](pid_t) {
    const std::vector<pid_t> workers = CommandsInside(true);
    ASSERT_EQ(workers.size(), 2u);
    kill(workers[0], SIGABRT);
  });
  EXPECT_EQ(fuzz.status, 0) << fuzz.out << fuzz.err;
  std::istringstream lines(fuzz.out);
  int deaths = 0, ends = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto event = nlohmann::json::parse(line, nullptr, false);
    ASSERT_TRUE(event.is_object()) << line;
    deaths += event["event"] == "worker died";
    ends += event["event"] == "end";
  }
  EXPECT_EQ(deaths, 1) << fuzz.out;
  EXPECT_EQ(ends, 1) << fuzz.out;
}

// It is asked to end, does not, and is killed: that says nothing of its kernel.
TEST_F(GuestCampaign, AnEndThatWasAskedForIsNoDeath) {
  Clock::time_point asked_at;
  const Result fuzz = Campaign("--duration=10m", "found", [&](pid_t campaign) {
    for (const pid_t command : CommandsInside()) kill(command, SIGSTOP);
    asked_at = Clock::now();
    kill(campaign, SIGINT);
  });
  EXPECT_LT(Clock::now() - asked_at, std::chrono::seconds(20));
  EXPECT_EQ(fuzz.status, 0) << fuzz.out << fuzz.err;
  EXPECT_NE(fuzz.out.find("clauses reached"), std::string::npos) << fuzz.out;
  EXPECT_EQ(fuzz.err.find("the kernel hung"), std::string::npos) << fuzz.err;
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/found/.crashes"));
}

// Nobody else would hear of what it was running.
TEST_F(GuestCampaign, AKernelThatHangsAtTheEndIsKept) {
  const Result fuzz = Campaign("--duration=8s", "found", [this](pid_t) {
    const std::vector<pid_t> commands = CommandsInside();
    ASSERT_EQ(commands.size(), 2u);
    // All that is in there, from its first process on.
    kill(Parent(commands[0]), SIGSTOP);
    kill(commands[0], SIGSTOP);
  });
  EXPECT_EQ(fuzz.status, 1) << fuzz.out << fuzz.err;
  EXPECT_NE(fuzz.err.find("the kernel hung"), std::string::npos) << fuzz.err;
  EXPECT_NE(fuzz.out.find("the kernel died while this ran"), std::string::npos) << fuzz.out;
  ASSERT_TRUE(std::filesystem::exists(directory_ + "/found/.crashes"));
  const auto kept = std::filesystem::directory_iterator(directory_ + "/found/.crashes");
  EXPECT_EQ(std::distance(begin(kept), end(kept)), 1);
}

}  // namespace
}  // namespace sockspec
