// The C form of a program and the launcher say the same of one kernel: what the kernel answered here, it answers
// in the file as well. Where they differ, a finding would not repeat in its repro.c.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "fuzz/generate.h"
#include "model/profile.h"
#include "model/program/bytes.h"
#include "model/program/c.h"
#include "model/program/random.h"
#include "model/program/run_shell.h"
#include "model/program/text.h"
#include "sut/linux.h"

namespace sockspec {
namespace {

constexpr int kPrograms = 30;

class Repro : public testing::Test {
 protected:
  void SetUp() override {
    Trouble trouble;
    kernel_ = MakeLinuxKernel(LinuxOptions{}, &trouble);
    if (kernel_ == nullptr) GTEST_SKIP() << trouble.what;
  }

  // Whether the kernel throws dice (which of the sockets that share a port gets what comes there) or may tell what
  // no two runs have in common: a clock, a cookie, a processor.
  static bool IsRandom(const Call& call) {
    constexpr int kOptions[] = {SO_REUSEPORT, SO_COOKIE, SO_NETNS_COOKIE, SO_INCOMING_CPU};
    constexpr int kTcpOptions[] = {TCP_INFO, TCP_TIMESTAMP, TCP_CC_INFO};
    if (call.op != Op::kSetsockopt && call.op != Op::kGetsockopt) return false;
    return (call.level == SOL_SOCKET && std::ranges::count(kOptions, call.option) != 0) ||
           (call.level == IPPROTO_TCP && std::ranges::count(kTcpOptions, call.option) != 0);
  }

  static bool IsHalf(const Call& call) { return call.part != Part::kWhole; }

  std::vector<Reply> Play(const Program& program) {
    std::vector<Reply> replies;
    Trouble trouble = kernel_->ResetFresh(program.env);
    EXPECT_FALSE(trouble.any()) << trouble.what;
    if (std::ranges::any_of(program.calls, IsHalf)) trouble = kernel_->PrepareThreads();
    EXPECT_FALSE(trouble.any()) << trouble.what;
    for (const Call& call : program.calls) replies.push_back(kernel_->Run(call));
    const Trouble ended = kernel_->Reset(Environment{});  // its limits are the process's
    EXPECT_FALSE(ended.any()) << ended.what;
    return replies;
  }

  // Runs the program here, and in C with what came back as what is expected. Calls in two halves are left to
  // programs that are written for them, and each call that blocks costs the file half a second.
  void Compare(const Program& program) {
    if (std::ranges::any_of(program.calls, IsRandom)) return;
    if (std::ranges::any_of(program.calls, IsHalf)) return;
    const std::vector<Reply> replies = Play(program);
    const std::vector<Reply> again = Play(program);
    if (replies != again) return;
    if (std::ranges::count(replies, true, &Reply::blocked) > 1) return;
    ExpectRepeats(program, replies);
  }

  void ExpectRepeats(const Program& program, const std::vector<Reply>& replies) {
    Transcript transcript{.comments = {}, .program = program, .said = {}};
    for (const Reply& reply : replies) transcript.said.emplace_back().reply = reply;
    const char* directory = getenv("TEST_TMPDIR");
    const std::string binary = std::string(directory != nullptr ? directory : "/tmp") + "/repeats";
    const std::string source = binary + ".c";
    std::ofstream(source) << EmitC(transcript, {.title = {}, .complete = true});
    const Ran compiled = RunShell("cc -Wall -Wextra -Werror -pthread -o " + binary + " " + source);
    ASSERT_EQ(compiled.status, 0) << compiled.output << PrintText(transcript);
    const Ran ran = RunShell(binary);
    ASSERT_EQ(ran.status, 0) << ran.output << PrintText(transcript);
    ++compared_;
  }

  std::unique_ptr<Kernel> kernel_;
  int compared_ = 0;
};

TEST_F(Repro, RepeatsWhatGeneratedProgramsGave) {
  Generator generator(ResolveProfile("linux", kernel_->release()).profile, {.blocking = false});
  for (int n = 0; n < kPrograms; ++n) {
    Random random(ProgramSeed(1, n));
    Compare(generator.Next(random));
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(compared_, kPrograms / 2);
}

TEST_F(Repro, RepeatsWhatCallsInOtherThreadsGave) {
  const ParsedText parsed = ParseText(R"(
s0 = socket(AF_INET, SOCK_STREAM, 0)
bind(s0, 127.0.0.1:P0)
listen(s0, 1)
t1: s1 = accept(s0) <unfinished ...>
s2 = socket(AF_INET, SOCK_STREAM, 0)
bind(s2, 127.0.0.1:P1)
t2: connect(s2, 127.0.0.1:P0) <unfinished ...>
t1: <... accept resumed>
t2: <... connect resumed>
t1: recv(s1, 5, 0) <unfinished ...>
t3: poll(s2, POLLIN, -1) <unfinished ...>
send(s2, 3, 0)
t1: <... recv resumed>
t1: recv(s1, 5, 0) <unfinished ...>
close(s1)
send(s2, 1, 0)
t1: <... recv resumed>
t3: <... poll resumed>
t1: s3 = accept(s0) <unfinished ...>
t2: s4 = accept(s0) <unfinished ...>
shutdown(s0, SHUT_RD)
t2: <... accept resumed>
t1: <... accept resumed>
t4: recv(s0, 5, 0) <unfinished ...>
)", "threads");
  ASSERT_TRUE(parsed.ok()) << parsed.problem.Message();
  const Program& program = parsed.transcript.program;
  const std::vector<Reply> replies = Play(program);
  EXPECT_GT(std::ranges::count(replies, true, &Reply::blocked), 4);
  ExpectRepeats(program, replies);
}

// Any call with any arguments, on one socket or another: most of it is refused, but in many ways.
TEST_F(Repro, RepeatsWhatArbitraryCallsGave) {
  constexpr int kDomains[] = {AF_UNIX, AF_INET, AF_INET6};
  constexpr int kTypes[] = {SOCK_STREAM, SOCK_DGRAM};
  constexpr int kSockets = 3;
  for (int n = 0; n < kPrograms; ++n) {
    Random random(ProgramSeed(2, n));
    Program program;
    for (int i = 0; i < kSockets; ++i) {
      program.calls.push_back({.op = Op::kSocket,
                               .made = static_cast<uint8_t>(kMaxHandles - 1 - i),
                               .domain = kDomains[random.Below(3)],
                               .type = kTypes[random.Below(2)] | SOCK_NONBLOCK});
    }
    std::vector<uint8_t> bytes(random.Below(160));
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Below(random.OneIn(3) ? 256 : 40));
    bytes.insert(bytes.begin(), {kBytesVersion, 0, 0});
    for (Call call : DecodeBytes(bytes).calls) {
      if (call.fd == kMinusOne && !random.OneIn(3)) {
        call.fd = Descriptor::Handle(kMaxHandles - 1 - static_cast<int>(random.Below(kSockets)));
      }
      program.calls.push_back(call);
    }
    Mend(program);
    Compare(program);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(compared_, kPrograms / 2);
}

}  // namespace
}  // namespace sockspec
