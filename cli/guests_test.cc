// Other kernels, with sockspec inside: user-mode Linux and gVisor, where they are installed.

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cli/runs_sockspec.h"
#include "fuzz/deviations.h"
#include "gtest/gtest.h"
#include "model/program/text.h"
#include "nlohmann/json.hpp"

namespace sockspec {
namespace {

class Guests : public RunsSockspec {
 protected:
  void SetUp() override {
    RunsSockspec::SetUp();
    setenv("TMPDIR", directory_.c_str(), 1);
    Write("good.program", "s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0\nlisten(s0, 1) = 0   # @listen.autobind\n");
    Write("bad.program", "s0 = socket(AF_INET, SOCK_STREAM, 0)\nlisten(s0, 1) = -1 EPERM\n");
  }

  void TearDown() override {
    unsetenv("TMPDIR");
    RunsSockspec::TearDown();
  }

  // Skips, loudly, where the program is not installed; fails where it has to be.
  bool Missing(const std::string& program) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    // What runs inside is this build, and the sanitizers' shadow memory lies where a process in user-mode Linux has no
    // addresses: it dies before main().
    if (program == "linux.uml") return true;
#endif
#endif
    if (Shell("command -v " + program + " >/dev/null").status == 0) return false;
    const char* required = getenv("SOCKSPEC_REQUIRE_KERNEL");
    EXPECT_FALSE(required != nullptr && std::string_view(required) == "1") << program << " is not installed";
    return true;
  }

  // The processes whose command line has `word`.
  std::vector<pid_t> ProcessesWith(const std::string& word) {
    std::vector<pid_t> pids;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const pid_t pid = atoi(entry.path().filename().c_str());
      if (pid > 0 && Contents(entry.path() / "cmdline").find(word) != std::string::npos) pids.push_back(pid);
    }
    return pids;
  }

  static pid_t ParentOf(pid_t pid) {
    const std::string status = Contents("/proc/" + std::to_string(pid) + "/status");
    const size_t parent = status.find("PPid:");
    return parent == std::string::npos ? 0 : atoi(status.c_str() + parent + 5);
  }

  // Those of them that this process started, by whichever others: another test may use a directory of the same name.
  std::vector<pid_t> OwnWith(const std::string& word) {
    std::vector<pid_t> pids = ProcessesWith(word);
    std::erase_if(pids, [](pid_t pid) {
      while (pid > 1 && pid != getpid()) pid = ParentOf(pid);
      return pid != getpid();
    });
    return pids;
  }

  // Those that runsc makes for itself, of whichever test.
  std::set<std::string> RunscDirectories() {
    std::set<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator("/tmp")) {
      if (entry.path().filename().string().starts_with("runsc-do")) found.insert(entry.path());
    }
    return found;
  }

  // What a guest of this test leaves behind.
  int Scratch() {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
      count += entry.path().filename().string().starts_with("sockspec-");
    }
    return count;
  }
};

TEST_F(Guests, UserModeLinuxAnswersAndTheExitStatusComesOut) {
  if (Missing("linux.uml")) GTEST_SKIP() << "user-mode-linux is not installed, or has no room for this build";
  const Result good = Run("check --kernel=uml good.program");
  EXPECT_EQ(good.status, 0) << good.out << good.err;
  EXPECT_NE(good.out.find("good.program: conforms"), std::string::npos) << good.out;
  const Result bad = Run("check --kernel=uml bad.program");
  EXPECT_EQ(bad.status, 1) << bad.out << bad.err;
  EXPECT_EQ(Run("check --kernel=uml nowhere.program").status, 2);
  EXPECT_EQ(Shell("cd '" + directory_ + "' && '" + binary_ + "' check --kernel=uml - <good.program >out 2>err").status, 0);
  EXPECT_EQ(Scratch(), 0);
}

TEST_F(Guests, UserModeLinuxMayNotWriteToTheHostsFiles) {
  if (Missing("linux.uml")) GTEST_SKIP() << "user-mode-linux is not installed, or has no room for this build";
  // The directory of findings is the only one.
  const Result fuzz = Run("fuzz --kernel=uml --programs=200 --duration=60s --seed=1 --out=found --json");
  EXPECT_TRUE(std::filesystem::exists(directory_ + "/found/campaign.json")) << fuzz.out << fuzz.err;
  const Result minimize = Run("minimize --kernel=uml good.program -o written.program");
  EXPECT_EQ(minimize.status, 2) << minimize.err;
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/written.program"));
}

TEST_F(Guests, ACampaignSurvivesTheDeathOfItsKernel) {
  if (Missing("linux.uml")) GTEST_SKIP() << "user-mode-linux is not installed, or has no room for this build";
  std::thread killer([&] {
    // Once it runs programs.
    for (int i = 0; i < 600; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      if (!Contents(directory_ + "/found/.running/0").empty()) break;
    }
    for (const pid_t pid : ProcessesWith("uml_dir=" + directory_)) kill(pid, SIGKILL);
  });
  const Result fuzz = Run("fuzz --kernel=uml --duration=20s --jobs=1 --seed=1 --out=found");
  killer.join();
  EXPECT_EQ(fuzz.status, 1) << fuzz.out << fuzz.err;
  EXPECT_NE(fuzz.err.find("the kernel died"), std::string::npos) << fuzz.err;
  EXPECT_TRUE(std::filesystem::exists(directory_ + "/found/.crashes/kernel-died-1.program"));
  // The second one ended by itself.
  EXPECT_NE(fuzz.out.find("clauses reached"), std::string::npos) << fuzz.out;
  EXPECT_EQ(Scratch(), 0);
  EXPECT_TRUE(ProcessesWith("uml_dir=" + directory_).empty());
}

// Between sockspec and the kernel stands a process that ends what the kernel leaves (sut/guest.cc, "the keeper").
TEST_F(Guests, KillingTheKeeperOfTheKernelLeavesNothingBehindEither) {
  if (Missing("linux.uml")) GTEST_SKIP() << "user-mode-linux is not installed";
  const auto is_sockspec = [](pid_t pid) { return Contents("/proc/" + std::to_string(pid) + "/comm") == "sockspec\n"; };
  int killed = 0;
  std::thread killer([&] {
    for (int i = 0; i < 600 && Contents(directory_ + "/found/.running/0").empty(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    for (const pid_t pid : OwnWith("--out=found")) {
      // The one below the one that attends to the kernel.
      if (is_sockspec(pid) && is_sockspec(ParentOf(pid)) && is_sockspec(ParentOf(ParentOf(pid))))
        killed += kill(pid, SIGKILL) == 0;
    }
  });
  const Result fuzz = Run("fuzz --kernel=uml --duration=12s --jobs=1 --seed=1 --out=found");
  killer.join();
  EXPECT_EQ(killed, 1);
  EXPECT_EQ(fuzz.status, 1) << fuzz.out << fuzz.err;
  EXPECT_NE(fuzz.err.find("the kernel died"), std::string::npos) << fuzz.err;
  EXPECT_EQ(Scratch(), 0);
  EXPECT_TRUE(ProcessesWith("uml_dir=" + directory_).empty());
}

TEST_F(Guests, CtrlCEndsTheCampaignInsideWithItsSummary) {
  if (Missing("linux.uml")) GTEST_SKIP() << "user-mode-linux is not installed, or has no room for this build";
  std::thread interrupter([&] {
    for (int i = 0; i < 600 && Contents(directory_ + "/found/.running/0").empty(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    for (const pid_t pid : OwnWith("--out=found")) kill(pid, SIGINT);
  });
  const auto began = std::chrono::steady_clock::now();
  const Result fuzz = Run("fuzz --kernel=uml --duration=10m --seed=1 --out=found");
  interrupter.join();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::minutes(2));
  EXPECT_NE(fuzz.out.find("clauses reached"), std::string::npos) << fuzz.out << fuzz.err;
  EXPECT_EQ(Scratch(), 0);
}

// Each job is a guest of its own, all of one campaign.
TEST_F(Guests, TwoJobsAreTwoGuestsOfOneCampaignAndOneCtrlCEndsBoth) {
  if (Missing("linux.uml")) GTEST_SKIP() << "user-mode-linux is not installed, or has no room for this build";
  std::set<std::string> guests;
  std::thread interrupter([&] {
    const std::string running = directory_ + "/found/.running/";
    for (int i = 0; i < 600 && (Contents(running + "0").empty() || Contents(running + "1").empty()); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    std::this_thread::sleep_for(std::chrono::seconds(2));
    for (const pid_t pid : ProcessesWith("uml_dir=" + directory_)) {
      const std::string line = Contents("/proc/" + std::to_string(pid) + "/cmdline");
      const size_t at = line.find("uml_dir=");
      guests.insert(line.substr(at, line.find('\0', at) - at));
    }
    Shell("kill -INT $(cat '" + directory_ + "/pid')");
  });
  const auto began = std::chrono::steady_clock::now();
  const int status = Shell("cd '" + directory_ + "' && sh -c 'echo $$ >pid; exec \"" + binary_ +
                           "\" fuzz --kernel=uml --duration=10m --jobs=2 --seed=1 --from-corpus=0 --out=found' >out2 2>err2").status;
  interrupter.join();
  EXPECT_EQ(status, 0) << Contents(directory_ + "/err2");
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::minutes(2));
  EXPECT_EQ(guests.size(), 2u);
  const std::string out = Contents(directory_ + "/out2");
  const size_t summary = out.find("clauses reached");
  EXPECT_NE(summary, std::string::npos) << out;
  EXPECT_EQ(out.find("clauses reached", summary + 1), std::string::npos) << out;
  // Both told what they had done, and one corpus was made of it.
  const auto campaign = nlohmann::json::parse(Contents(directory_ + "/found/campaign.json"), nullptr, false);
  ASSERT_TRUE(campaign.is_object());
  EXPECT_EQ(campaign["runs"].size(), 1u);
  EXPECT_EQ(campaign["runs"][0]["jobs"], 2);
  EXPECT_GT(campaign["runs"][0]["programs"], 64);
  EXPECT_GT(std::filesystem::file_size(directory_ + "/found/corpus-linux-6-1+selinux-uml.packed"), 1000u);
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/found/.link"));
  EXPECT_EQ(Scratch(), 0);
  EXPECT_TRUE(ProcessesWith("uml_dir=" + directory_).empty());
  // It goes on from there, and what is there is measured by one or the other.
  const Result again = Run("fuzz --kernel=uml --programs=256 --jobs=2 --out=found");
  EXPECT_EQ(again.status, 0) << again.out << again.err;
  EXPECT_NE(again.out.find("where found left off"), std::string::npos) << again.out;
  EXPECT_NE(again.out.find("256 programs"), std::string::npos) << again.out;
}

// It sees files that come from outside, such as the one that says so.
TEST_F(Guests, CtrlCEndsTheCampaignInsideGvisor) {
  if (Missing("runsc")) GTEST_SKIP() << "runsc is not installed";
  std::thread interrupter([&] {
    const std::string running = directory_ + "/found/.running/";
    for (int i = 0; i < 600 && (Contents(running + "0").empty() || Contents(running + "1").empty()); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    Shell("kill -INT $(cat '" + directory_ + "/pid')");
  });
  (void)Shell("cd '" + directory_ + "' && sh -c 'echo $$ >pid; exec \"" + binary_ +
              "\" fuzz --kernel=gvisor --duration=10m --jobs=2 --seed=1 --out=found' >out2 2>err2");
  interrupter.join();
  EXPECT_NE(Contents(directory_ + "/out2").find("clauses reached"), std::string::npos) << Contents(directory_ + "/err2");
  EXPECT_EQ(Contents(directory_ + "/err2").find("the kernel"), std::string::npos) << Contents(directory_ + "/err2");
  EXPECT_EQ(Scratch(), 0);
}

// The programs of fuzz/found/posix: Linux 6.1 breaks POSIX in their last call, too, and nowhere else.
TEST_F(Guests, UserModeLinuxBreaksPosixWhereThisKernelWasFoundTo) {
  if (Missing("linux.uml")) GTEST_SKIP() << "user-mode-linux is not installed, or has no room for this build";
  const std::string found = std::filesystem::absolute("fuzz/found/posix");
  const Result posix = Run("check --json --kernel=uml --profile=posix " + found + "/*.program");
  ASSERT_EQ(posix.status, 1) << posix.err;
  const auto files = nlohmann::json::parse(posix.out)["files"];
  EXPECT_GE(files.size(), 21u);
  for (const auto& file : files) {
    ASSERT_EQ(file["divergences"].size(), 1u) << file["file"];
    EXPECT_EQ(file["divergences"][0]["call_number"], file["calls"].size()) << file["file"];
  }
}

// What confirmed findings there are in `out`.
std::vector<std::string> Confirmed(const std::string& out) {
  std::vector<std::string> keys;
  for (const auto& entry : std::filesystem::directory_iterator(out)) {
    const auto finding = nlohmann::json::parse(Contents(entry.path() / "finding.json"), nullptr, false);
    if (finding.is_object() && finding["class"] == "confirmed") keys.push_back(entry.path().filename());
  }
  return keys;
}

TEST_F(Guests, AShortCampaignOnUserModeLinuxFindsNothing) {
  if (Missing("linux.uml")) GTEST_SKIP() << "user-mode-linux is not installed, or has no room for this build";
  const Result fuzz = Run("fuzz --kernel=uml --programs=1280 --duration=100s --seed=6 --from-corpus=0 --out=found");
  EXPECT_LE(fuzz.status, 1) << fuzz.out << fuzz.err;
  EXPECT_NE(fuzz.out.find("clauses reached"), std::string::npos) << fuzz.out << fuzz.err;
  EXPECT_TRUE(Confirmed(directory_ + "/found").empty()) << fuzz.out;
  // Nor anything that came once and never again: no packet was late.
  EXPECT_EQ(fuzz.out.find("not when run again"), std::string::npos) << fuzz.out;
}

TEST_F(Guests, AShortCampaignOnGvisorFindsADeviationThatIsWrittenDown) {
  if (Missing("runsc")) GTEST_SKIP() << "runsc is not installed";
  if (Shell("runsc --version | grep -q 20221219").status != 0) GTEST_SKIP() << "not the gVisor that they are of";
  const std::string table = std::filesystem::absolute("fuzz/found/gvisor.deviations");
  const Result fuzz = Run("fuzz --kernel=gvisor --programs=640 --duration=40s --jobs=1 --seed=6 --from-corpus=0 --out=found --deviations=" + table);
  EXPECT_LE(fuzz.status, 1) << fuzz.out << fuzz.err;
  EXPECT_NE(fuzz.out.find("clauses reached"), std::string::npos) << fuzz.out << fuzz.err;
  const auto campaign = nlohmann::json::parse(Contents(directory_ + "/found/campaign.json"), nullptr, false);
  ASSERT_TRUE(campaign.is_object());
  int met = 0;
  for (const auto& known : campaign["deviations"]) met += known.value("met", 0) > 0;
  EXPECT_GE(met, 5) << campaign["deviations"];
  // What is known is no finding, by its key or by its program.
  EXPECT_GE(ParseDeviations(Contents(table), table).deviations.rows.size(), 100u);
  const auto triage = nlohmann::json::parse(Run("triage found --json --deviations=" + table).out, nullptr, false);
  ASSERT_TRUE(triage.is_object());
  for (const auto& finding : triage["findings"]) {
    if (finding["class"] == "confirmed") EXPECT_TRUE(finding["accepted"].is_null()) << finding["key"] << ": " << finding["accepted"];
  }
}

// Each program of fuzz/found/gvisor has its row, with the same sentence.
TEST_F(Guests, GvisorsDeviationsAreATableThatExplainsWhatWasFound) {
  if (Missing("runsc")) GTEST_SKIP() << "runsc is not installed";
  if (Shell("runsc --version | grep -q 20221219").status != 0) GTEST_SKIP() << "not the gVisor that they are of";
  const std::string found = std::filesystem::absolute("fuzz/found/gvisor");
  const Result check = Run("check --json --kernel=gvisor --deviations=" + found + ".deviations " + found + "/*.program");
  const auto files = nlohmann::json::parse(check.out)["files"];
  EXPECT_GE(files.size(), 215u);
  const Deviations table = ParseDeviations(Contents(found + ".deviations"), "gvisor.deviations").deviations;
  for (const auto& file : files) {
    const std::string path = file["file"].get<std::string>();
    const std::string text = Contents(path);
    ASSERT_EQ(file["divergences"].size(), 1u) << path;
    const auto& known = file["divergences"][0]["known"];
    ASSERT_TRUE(known.is_string()) << path << ": " << file["divergences"][0]["key"];
    EXPECT_TRUE(text.starts_with("# " + known.get<std::string>() + "\n")) << path << ": " << known;
    // And by no row of another cause.
    const ParsedText parsed = ParseText(text, path);
    ASSERT_TRUE(parsed.ok()) << path;
    const Shown shown = ShownBy(file["divergences"][0]["key"].get<std::string>(), parsed.transcript,
                                static_cast<int>(parsed.transcript.program.calls.size()) - 1);
    for (const Deviation& row : table.rows) {
      if (!Explains(row, shown)) continue;
      EXPECT_EQ(row.reason, known.get<std::string>()) << path << ": line " << row.line;
    }
  }
}

TEST_F(Guests, KillMinusNineOfSockspecLeavesNothingBehind) {
  std::string missing;
  for (const std::string kind : {"uml", "gvisor"}) {
    const std::string program = kind == "uml" ? "linux.uml" : "runsc";
    if (Missing(program)) {
      missing += program + " is not installed. ";
      continue;
    }
    SCOPED_TRACE(kind);
    const std::string out = "of-" + kind;
    std::set<std::string> before = RunscDirectories();
    std::thread killer([&] {
      const std::string running = directory_ + "/" + out + "/.running/";
      for (int i = 0; i < 600 && (Contents(running + "0").empty() || Contents(running + "1").empty()); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
      }
      EXPECT_FALSE(ProcessesWith("sockspec-" + kind + ".").empty());
      Shell("kill -9 $(cat '" + directory_ + "/pid')");
    });
    (void)Shell("cd '" + directory_ + "' && sh -c 'echo $$ >pid; exec \"" + binary_ + "\" fuzz --kernel=" + kind +
                " --duration=10m --jobs=2 --seed=1 --out=" + out + "' >/dev/null 2>&1");
    killer.join();
    for (int i = 0; i < 100 && (!ProcessesWith(directory_ + "/sockspec-").empty() || Scratch() != 0); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    EXPECT_TRUE(ProcessesWith(directory_ + "/sockspec-").empty());
    EXPECT_TRUE(ProcessesWith("--out=" + out).empty());
    EXPECT_EQ(Scratch(), 0);
    for (const std::string& left : RunscDirectories()) {
      // Or of a guest that runs meanwhile.
      EXPECT_TRUE(before.contains(left) || !ProcessesWith(left).empty()) << left;
    }
    // And the directory can be used.
    EXPECT_LE(Run("fuzz --kernel=" + kind + " --programs=64 --jobs=1 --out=" + out).status, 1);
  }
  if (!missing.empty()) GTEST_SKIP() << missing;
}

TEST_F(Guests, UserModeLinuxesThatRunAtOnceHaveProcessorsOfTheirOwn) {
  if (Missing("linux.uml")) GTEST_SKIP() << "user-mode-linux is not installed, or has no room for this build";
  if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "there is one processor";
  std::set<std::string> processors;
  std::thread looker([&] {
    for (int i = 0; i < 600 && processors.size() < 2; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      processors.clear();
      for (const pid_t pid : ProcessesWith("uml_dir=" + directory_)) {
        const std::string status = Contents("/proc/" + std::to_string(pid) + "/status");
        const size_t at = status.find("Cpus_allowed_list:");
        if (at != std::string::npos) processors.insert(status.substr(at, status.find('\n', at) - at));
      }
    }
  });
  const std::string one = "'" + binary_ + "' fuzz --kernel=uml --duration=5s --out=";
  (void)Shell("cd '" + directory_ + "' && { " + one + "a & " + one + "b & wait; } >out 2>err");
  looker.join();
  EXPECT_GE(processors.size(), 2u);
}

TEST_F(Guests, AnImageInTheWorkingDirectoryIsFoundByItsName) {
  if (Missing("linux.uml")) GTEST_SKIP() << "user-mode-linux is not installed, or has no room for this build";
  // A name that PATH has, too.
  ASSERT_EQ(Shell("cp \"$(command -v linux.uml)\" '" + directory_ + "/ls'").status, 0);
  const Result good = Run("check --kernel=uml --kernel-image=ls good.program");
  EXPECT_EQ(good.status, 0) << good.out << good.err;
  const Result none = Run("check --kernel=uml --kernel-image=no-such-linux good.program");
  EXPECT_EQ(none.status, 3);
  EXPECT_NE(none.err.find("no-such-linux cannot be run: No such file"), std::string::npos) << none.err;
}

TEST_F(Guests, AKernelThatIsNotThereOrIsNoneIsToldWithStatus3) {
  Result result = Run("check --kernel=uml --kernel-image=/nowhere good.program");
  EXPECT_EQ(result.status, 3);
  EXPECT_NE(result.err.find("--kernel-image: /nowhere cannot be run"), std::string::npos) << result.err;
  result = Run("check --kernel=uml --kernel-image=/bin/false good.program");
  EXPECT_EQ(result.status, 3);
  EXPECT_NE(result.err.find("/bin/false does not come up"), std::string::npos) << result.err;
  result = Shell("cd '" + directory_ + "' && PATH=/nowhere '" + binary_ + "' check --kernel=uml good.program >out 2>err");
  EXPECT_EQ(result.status, 3);
  EXPECT_NE(result.err.find("apt-get install user-mode-linux"), std::string::npos) << result.err;
}

TEST_F(Guests, GvisorAnswers) {
  if (Missing("runsc")) GTEST_SKIP() << "runsc is not installed";
  const Result good = Run("check --kernel=gvisor good.program");
  EXPECT_EQ(good.status, 0) << good.out << good.err;
  EXPECT_NE(good.out.find("good.program: conforms"), std::string::npos) << good.out;
  EXPECT_EQ(Run("check --kernel=gvisor bad.program").status, 1);
  EXPECT_EQ(Scratch(), 0);
  // It is called by its own name, which it does not know inside.
  const Result json = Run("check --json --kernel=gvisor good.program");
  const std::string release = nlohmann::json::parse(json.out)["release"];
  ASSERT_TRUE(release.starts_with("gVisor release-20")) << release;
  const std::string date = release.substr(release.find("20"));
  EXPECT_EQ(Shell("runsc --version | grep -q '" + date + "$'").status, 0) << release;
  EXPECT_NE(good.err.find(release + " calls itself Linux 4.4, and is held to 6.1"), std::string::npos) << good.err;
}

// Of a socket that was sent to itself gVisor keeps the name for ever.
TEST_F(Guests, ANameThatGvisorLosesTheSocketOfIsFreeForTheNextProgram) {
  if (Missing("runsc")) GTEST_SKIP() << "runsc is not installed";
  Write("loses.program",
        "socketpair(AF_UNIX, SOCK_STREAM, 0, [s0, s1])\nbind(s0, @A0) = 0\n"
        "sendmsg(s1, NULL, 1, 1, SCM_RIGHTS, s0, MSG_DONTWAIT) = 1\n");
  Write("next.program", "s0 = socket(AF_UNIX, SOCK_DGRAM, 0)\nbind(s0, @A0) = 0\n");
  const Result check = Run("check --kernel=gvisor loses.program next.program loses.program next.program");
  EXPECT_EQ(check.status, 0) << check.out << check.err;
}

TEST_F(Guests, WhatGvisorsSandboxLacksIsNoDivergenceAndOneDescriptorIsEnough) {
  if (Missing("runsc")) GTEST_SKIP() << "runsc is not installed";
  Write("read_only.program", "s0 = socket(AF_UNIX, SOCK_STREAM, 0)\nbind(s0, READ_ONLY)\n");
  Write("silent.program", "s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)\nconnect(s0, SILENT:P0)\n");
  Write("nobody.program", "env: uid=nobody\ns0 = socket(AF_INET, SOCK_DGRAM, 0)\n");
  Write("one.program", "env: nofile=1\ns0 = socket(AF_INET, SOCK_DGRAM, 0) = s0\ns1 = dup(s0) = -1 EMFILE\n");
  const Result check = Run("check --json --kernel=gvisor read_only.program silent.program one.program nobody.program");
  const auto files = nlohmann::json::parse(check.out)["files"];
  EXPECT_EQ(files[0]["why_not_judged"], "gvisor does not have a file system that is read-only");
  EXPECT_EQ(files[1]["why_not_judged"], "gvisor does not have a host that is silent");
  EXPECT_EQ(files[2]["verdict"], "conforms");
  EXPECT_EQ(files[3]["why_not_judged"], "gvisor does not have env: uid=");
  EXPECT_EQ(Run("check read_only.program").status, 0);
}

// All programs run in the one namespace that knows abstract names.
TEST_F(Guests, APortThatAnEarlierProgramOfGvisorHadIsNoneOfTheFewThatALaterOneMayHave) {
  if (Missing("runsc")) GTEST_SKIP() << "runsc is not installed";
  Write("few.program",
        "env: ephemeral=1\ns0 = socket(AF_INET, SOCK_STREAM, 0)\nlisten(s0, 1) = 0\n"
        "s1 = socket(AF_INET, SOCK_STREAM, 0)\nbind(s1, 127.0.0.1:0) = -1 EADDRINUSE\n");
  Write("many.program",
        "s0 = socket(AF_INET, SOCK_STREAM, 0)\nlisten(s0, 1) = 0\ns1 = socket(AF_INET, SOCK_STREAM, 0)\nlisten(s1, 1) = 0\n");
  const Result check = Run("check --kernel=gvisor few.program few.program many.program few.program many.program");
  EXPECT_EQ(check.status, 0) << check.out << check.err;
}

TEST_F(Guests, GvisorAnswersWhoIsNotRoot) {
  if (Missing("runsc")) GTEST_SKIP() << "runsc is not installed";
  const std::string nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups ";
  const bool root = geteuid() == 0;
  if (root && Shell(nobody + "true").status != 0) GTEST_SKIP() << "nobody cannot be had";
  // Where nobody may go.
  char place[] = "/tmp/sockspec-nobody.XXXXXX";
  ASSERT_NE(mkdtemp(place), nullptr);
  const std::string here = place;
  ASSERT_EQ(Shell("chmod 777 " + here + " && cp '" + binary_ + "' '" + directory_ + "/good.program' " + here).status, 0);
  const std::string command = "cd " + here + " && TMPDIR=" + here + " HOME=" + here + " " + (root ? nobody : "") +
                              "./sockspec fuzz --kernel=gvisor --programs=64 --jobs=1 --seed=1 --out=found >out 2>err";
  const int status = Shell(command).status;
  EXPECT_LE(status, 1) << Contents(here + "/err");
  EXPECT_NE(Contents(here + "/out").find("clauses reached"), std::string::npos) << Contents(here + "/err");
  EXPECT_TRUE(std::filesystem::exists(here + "/found/campaign.json"));
  // What it found is asked again as it was found.
  int reports = 0;
  for (const auto& entry : std::filesystem::directory_iterator(here + "/found")) {
    const std::string report = Contents(entry.path() / "report.txt");
    if (report.empty()) continue;
    ++reports;
    EXPECT_NE(report.find("--kernel=gvisor --kernel-args=--rootless"), std::string::npos) << report;
    EXPECT_NE(report.find("--platform=ptrace --rootless do"), std::string::npos) << report;
  }
  EXPECT_GT(reports, 0);
  std::filesystem::remove_all(here);
}

// The programs of fuzz/found/gvisor: Linux answers as they say, gVisor in the last call otherwise, as they say, too.
TEST_F(Guests, GvisorDiffersFromLinuxWhereItWasFoundTo) {
  if (Missing("runsc")) GTEST_SKIP() << "runsc is not installed";
  const std::string found = std::filesystem::absolute("fuzz/found/gvisor");
  const Result linux = Run("check --profile=linux-6.18 " + found + "/*.program");
  EXPECT_EQ(linux.status, 0) << linux.out << linux.err;
  if (Shell("runsc --version | grep -q 20221219").status != 0) GTEST_SKIP() << "not the gVisor that they are of";
  const Result gvisor = Run("check --json --kernel=gvisor --profile=linux-6.18 " + found + "/*.program");
  ASSERT_EQ(gvisor.status, 1) << gvisor.err;
  const auto files = nlohmann::json::parse(gvisor.out)["files"];
  EXPECT_GE(files.size(), 208u);
  for (const auto& file : files) {
    const std::string name = file["file"].get<std::string>();
    const auto& calls = file["calls"];
    ASSERT_EQ(file["divergences"].size(), 1u) << name;
    EXPECT_EQ(file["divergences"][0]["call_number"], calls.size()) << name;
    EXPECT_NE(Contents(name).find(" came back with: " + calls.back()["reply"].get<std::string>() + "\n"), std::string::npos)
        << name << ": " << calls.back()["reply"];
  }
}

TEST_F(Guests, StandInOneTableWithThisKernel) {
  if (Missing("linux.uml")) GTEST_SKIP() << "user-mode-linux is not installed, or has no room for this build";
  const Result matrix = Run("matrix --kernels=fake,uml good.program --json");
  EXPECT_EQ(matrix.status, 0) << matrix.err;
  EXPECT_NE(matrix.out.find("\"uml\": {\n            \"reply\": \"s0\""), std::string::npos) << matrix.out;
  const std::string image = Shell("command -v linux.uml >" + directory_ + "/out").out;
  const Result named = Run("matrix --kernels=fake,uml:" + image.substr(0, image.find('\n')) + " good.program --html=page.html");
  EXPECT_EQ(named.status, 0) << named.err;
  EXPECT_NE(Contents(directory_ + "/page.html").find("<b>fake</b>: the model of linux-6."), std::string::npos);
  const Result missing = Run("matrix --kernels=fake,uml --kernel-image=./none good.program");
  EXPECT_EQ(missing.status, 3) << missing.err;
  EXPECT_EQ(Run("matrix --kernels=fake,uml,gvisor --kernel-image=./none good.program").status, 2);
  EXPECT_EQ(Run("matrix --kernels=fake --kernel-image=./none good.program").status, 2);
  EXPECT_EQ(Run("matrix --kernels=fake,uml --platform=kvm good.program").status, 2);
  const Result claims = Run("matrix --claims --kernels=fake,uml");
  EXPECT_EQ(claims.status, 0) << claims.err;
  EXPECT_NE(claims.out.find("connect.accept"), std::string::npos) << claims.out;
  EXPECT_EQ(Run("matrix --kernels=fake,uml").status, 2);
}

}  // namespace
}  // namespace sockspec
