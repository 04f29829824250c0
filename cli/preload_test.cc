// --kernel=preload:LIB.so: this machine's kernel behind a shim that breaks a few replies (breaks_replies.c).

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "cli/runs_sockspec.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace sockspec {
namespace {

class Preload : public RunsSockspec {
 protected:
  void SetUp() override {
    RunsSockspec::SetUp();
    const std::string source = std::filesystem::absolute("cli/breaks_replies.c");
    ASSERT_EQ(Shell("cc -Wall -Wextra -Werror -shared -fPIC -o '" + directory_ + "/libbreaks.so' '" + source +
                    "' >" + directory_ + "/out 2>" + directory_ + "/err").status, 0)
        << Contents(directory_ + "/err");
    Write("listen.program",
          "s0 = socket(AF_INET, SOCK_DGRAM, 0)  = s0\n"
          "listen(s0, 1)                        = -1 EOPNOTSUPP\n");
    Write("recv.program",
          "s0 = socket(AF_UNIX, SOCK_DGRAM, 0)\n"
          "socketpair(AF_UNIX, SOCK_STREAM, 0, [s1, s2])\n"
          "send(s1, 5, 0)                       = 5\n"
          "recv(s2, 5, 0)                       = 5, data=[0,5)\n");
    Write("shutdown.program",
          "socketpair(AF_UNIX, SOCK_STREAM, 0, [s0, s1])\n"
          "send(s0, 1, 0)\n"
          "shutdown(s0, SHUT_WR)\n");
  }

  void TearDown() override {
    unsetenv("SHIM_DIES");
    RunsSockspec::TearDown();
  }
};

TEST_F(Preload, TheLibrarysRepliesAreHeldToTheSpecification) {
  EXPECT_EQ(Run("check listen.program recv.program").status, 0);
  const Result check = Run("check --kernel=preload:./libbreaks.so listen.program recv.program");
  EXPECT_EQ(check.status, 1) << check.err;
  EXPECT_NE(check.out.find("preload-breaks.listen.dgram.inet.listen.datagrams.errno.EINVAL\n"), std::string::npos)
      << check.out;
  EXPECT_NE(check.out.find("preload-breaks.recv.stream.unix.unix_recv.bytes.value.less\n"), std::string::npos) << check.out;
}

TEST_F(Preload, WhatTheLibraryLeavesAloneConforms) {
  const Result check = Run("check --kernel=preload:./libbreaks.so shutdown.program");
  EXPECT_EQ(check.status, 0) << check.out << check.err;
}

TEST_F(Preload, ProgramsAreMinimizedWithIt) {
  const Result minimize = Run("minimize --kernel=preload:libbreaks.so recv.program -o smaller.program");
  EXPECT_EQ(minimize.status, 0) << minimize.err;
  const std::string program = Contents(directory_ + "/smaller.program");
  EXPECT_NE(program.find("socketpair"), std::string::npos);
  EXPECT_EQ(program.find("SOCK_DGRAM"), std::string::npos) << program;
}

TEST_F(Preload, ACampaignFindsAllThreeFaultsAndSaysHowToRunThemAgain) {
  const Result fuzz = Run("fuzz --kernel=preload:libbreaks.so --programs=400 --duration=60s --jobs=1 --seed=1");
  EXPECT_EQ(fuzz.status, 1) << fuzz.out << fuzz.err;
  bool listen = false, getsockname = false, recv = false;
  std::string finding;
  for (const auto& entry : std::filesystem::directory_iterator(directory_ + "/findings-of-preload-breaks")) {
    const std::string key = entry.path().filename();
    if (!key.starts_with("preload-")) continue;
    listen |= key.starts_with("preload-breaks.listen.");
    getsockname |= key.starts_with("preload-breaks.getsockname.");
    recv |= key.starts_with("preload-breaks.recv.");
    // No other call is broken.
    EXPECT_TRUE(key.starts_with("preload-breaks.listen.") || key.starts_with("preload-breaks.getsockname.") ||
                key.starts_with("preload-breaks.recv."))
        << key;
    if (key.starts_with("preload-breaks.listen.")) finding = entry.path();
  }
  EXPECT_TRUE(listen && getsockname && recv) << fuzz.out;
  ASSERT_FALSE(finding.empty());
  const std::string report = Contents(finding + "/report.txt");
  EXPECT_NE(report.find("sockspec check --kernel=preload:" + directory_ + "/libbreaks.so"), std::string::npos) << report;
  EXPECT_NE(report.find("cc repro.c && LD_PRELOAD=" + directory_ + "/libbreaks.so ./a.out"), std::string::npos) << report;
  // And so it is.
  const std::string build = "cd '" + finding + "' && cc -o repro repro.c && ";
  EXPECT_EQ(Shell(build + "./repro >/dev/null").status, 0);
  EXPECT_EQ(Shell(build + "LD_PRELOAD='" + directory_ + "/libbreaks.so' ./repro >/dev/null").status, 1);
}

TEST_F(Preload, ABisectionJudgesTheLibraryAndNotTheKernelBehindIt) {
  ASSERT_EQ(Run("fuzz --kernel=preload:libbreaks.so --programs=400 --duration=60s --jobs=1 --seed=1 --out=d").status, 1);
  std::string key;
  for (const auto& entry : std::filesystem::directory_iterator(directory_ + "/d")) {
    if (entry.path().filename().string().starts_with("preload-breaks.listen.")) key = entry.path().filename();
  }
  ASSERT_EQ(Run("triage d bisect-script " + key + " -o bisect.sh").status, 0);
  ASSERT_EQ(Shell("cd '" + directory_ + "' && echo > empty.c && cc -shared -o mended.so empty.c && echo x > broken.so").status, 0);
  const auto bisect = [&](const std::string& environment) {
    return Shell("cd '" + directory_ + "' && " + environment + " ./bisect.sh >out 2>err").status;
  };
  EXPECT_EQ(bisect("BUILD=true"), 1) << Contents(directory_ + "/err");
  EXPECT_EQ(bisect("BUILD=true LIBRARY=./mended.so"), 0) << Contents(directory_ + "/err");
  EXPECT_EQ(bisect("BUILD=true LIBRARY=./broken.so"), 125) << "what cannot be loaded is no good revision";
  EXPECT_EQ(bisect("BUILD=true LIBRARY=./nowhere.so"), 125);
  EXPECT_EQ(bisect("BUILD='rm mended.so' LIBRARY=./mended.so"), 125);
}

TEST_F(Preload, StandsInAMatrixBesideTheBareKernel) {
  const Result matrix = Run("matrix --json --kernels=linux,preload:libbreaks.so listen.program");
  EXPECT_EQ(matrix.status, 1) << matrix.err;
  const auto call = nlohmann::json::parse(matrix.out)[0]["calls"][1];
  EXPECT_EQ(call["replies"]["linux"]["reply"], "-1 EOPNOTSUPP");
  EXPECT_EQ(call["replies"]["preload:libbreaks.so"]["reply"], "-1 EINVAL");
}

TEST_F(Preload, WhereItDiesTheOtherProgramsOfAMatrixHaveTheirReplies) {
  setenv("SHIM_DIES", "1", 1);
  const Result matrix = Run("matrix --json --kernels=linux,preload:libbreaks.so listen.program shutdown.program");
  EXPECT_EQ(matrix.status, 1) << matrix.err;
  const auto programs = nlohmann::json::parse(matrix.out);
  EXPECT_EQ(programs[0]["calls"][1]["replies"]["preload:libbreaks.so"]["reply"], "-1 EINVAL");
  // What came before its death, and which call it did not survive.
  const auto said = [&](int call) { return programs[1]["calls"][call]["replies"]["preload:libbreaks.so"]; };
  EXPECT_EQ(said(0), programs[1]["calls"][0]["replies"]["linux"]);
  EXPECT_EQ(said(1)["reply"], "1");
  EXPECT_EQ(said(2)["reply"], "the kernel died");
  EXPECT_TRUE(said(2)["diverges"]);
  EXPECT_EQ(programs[1]["notes"]["preload:libbreaks.so"]["what"], "the kernel died of signal 11 (Segmentation fault)");
}

// open(), openat(), fcntl(), dup2(), pipe2(), memfd_create(), close_range(), pread(): own_calls.h.
TEST_F(Preload, WhatTheHarnessAsksForItselfDoesNotGoThroughTheLibrary) {
  Write("everything.program",
        "env: nofile=12\n"
        "s0 = socket(AF_UNIX, SOCK_DGRAM, 0)\n"
        "bind(s0, U0)                         = 0\n"
        "connect(s0, NOT_A_DIR)               = -1 ENOTDIR\n"
        "s1 = socket(AF_INET, SOCK_STREAM, 0)\n"
        "listen(s1, 1)\n"
        "listen(FILE, 1)                      = -1 ENOTSOCK\n"
        "listen(PIPE, 1)                      = -1 ENOTSOCK\n"
        "recv(s0, 1, 0)                       = blocks, then -1 EINTR\n"
        "t1: s2 = accept(s1) <unfinished ...>\n"
        "t1: <... accept resumed>             = blocks, then -1 EINTR\n"
        "fcntl(s0, F_GETFL)                   = O_RDWR\n");
  EXPECT_EQ(Run("check everything.program").status, 0);
  setenv("SHIM_REFUSES", "1", 1);
  const Result check = Run("check --json --kernel=preload:./libbreaks.so everything.program everything.program");
  unsetenv("SHIM_REFUSES");
  const auto files = nlohmann::json::parse(check.out, nullptr, false)["files"];
  ASSERT_EQ(files.size(), 2u) << check.out << check.err;
  for (const auto& file : files) {
    ASSERT_EQ(file["divergences"].size(), 1u) << check.out;
    EXPECT_EQ(file["divergences"][0]["came_back"], "-1 EPERM");
    EXPECT_EQ(file["divergences"][0]["call_number"], 11);
  }
}

TEST_F(Preload, ALibraryThatDiesIsADivergenceAndNamesTheCall) {
  setenv("SHIM_DIES", "1", 1);
  const Result check = Run("check --kernel=preload:./libbreaks.so listen.program shutdown.program");
  EXPECT_EQ(check.status, 1);
  EXPECT_NE(check.err.find("in the middle of:\n    shutdown(s0, SHUT_WR)"), std::string::npos) << check.err;
  EXPECT_NE(check.err.find("the kernel died of signal 11"), std::string::npos) << check.err;
  // What was said before is not lost.
  EXPECT_NE(check.out.find("listen.program: diverges"), std::string::npos) << check.out;
}

TEST_F(Preload, ACampaignKeepsASmallProgramThatTheLibraryDiesOf) {
  setenv("SHIM_DIES", "1", 1);
  const Result fuzz = Run("fuzz --kernel=preload:./libbreaks.so --programs=60 --duration=40s --jobs=1 --seed=1 --out=found");
  EXPECT_EQ(fuzz.status, 1) << fuzz.out << fuzz.err;
  const std::string kept = Contents(directory_ + "/found/.crashes/kernel-died-1.program");
  EXPECT_NE(kept.find("# the kernel died: a worker was killed by signal 11; alone, this killed or hung its process 3 of 3 times"),
            std::string::npos) << kept << fuzz.out;
  EXPECT_NE(kept.find("shutdown("), std::string::npos) << kept;
  EXPECT_LE(std::count(kept.begin(), kept.end(), '\n'), 6) << kept;
  const Result triage = Run("triage found");
  EXPECT_NE(triage.out.find("the kernel died while this ran: found/.crashes/kernel-died-1.program\n"), std::string::npos) << triage.out;
}

TEST_F(Preload, ALibraryThatCannotBePreloadedIsToldWithStatus3) {
  Write("text.so", "not a library\n");
  Result result = Run("check --kernel=preload:./nowhere.so listen.program");
  EXPECT_EQ(result.status, 3);
  EXPECT_NE(result.err.find("nowhere.so cannot be preloaded: No such file"), std::string::npos) << result.err;
  result = Run("check --kernel=preload:./text.so listen.program");
  EXPECT_EQ(result.status, 3);
  EXPECT_NE(result.err.find("text.so is not loaded"), std::string::npos) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(Run("fuzz --kernel=preload:./text.so --duration=1s").status, 3);
  EXPECT_EQ(Run("matrix --kernels=linux,preload:./text.so listen.program").status, 3);
  EXPECT_EQ(Run("check --kernel=preload: listen.program").status, 2);
}

TEST_F(Preload, KillingSockspecEndsTheChildToo) {
  std::thread killer([&] {
    for (int i = 0; i < 300; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      if (std::filesystem::exists(directory_ + "/found/campaign.json")) break;
    }
    Shell("pid=$(cat '" + directory_ + "/pid') && kill -9 $pid");
  });
  (void)Shell("cd '" + directory_ + "' && sh -c 'echo $$ >pid; exec \"" + binary_ +
              "\" fuzz --kernel=preload:libbreaks.so --duration=10m --out=found' >out 2>err");
  killer.join();
  // The lock is free as soon as all of it has gone.
  Result again;
  for (int i = 0; i < 100; ++i) {
    again = Run("fuzz --kernel=preload:libbreaks.so --programs=1 --out=found");
    if (again.err.find("in use") == std::string::npos) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_EQ(again.err.find("in use"), std::string::npos) << again.err;
}

}  // namespace
}  // namespace sockspec
