#include "fuzz/lockstep.h"

#include <errno.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <string>

#include "fuzz/fake_kernel.h"
#include "fuzz/generate.h"
#include "gtest/gtest.h"
#include "model/clause.h"
#include "model/profile.h"
#include "model/program/text.h"

// How often memory was asked for, in the whole test. ThreadSanitizer has an operator new of its own, and wants no other.
static std::atomic<uint64_t> g_allocations{0};

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SOCKSPEC_ALLOCATIONS_ARE_NOT_COUNTED 1
#endif
#endif
#if !defined(SOCKSPEC_ALLOCATIONS_ARE_NOT_COUNTED)
void* operator new(size_t size) {
  ++g_allocations;
  if (void* memory = malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { free(memory); }
void operator delete(void* memory, size_t) noexcept { free(memory); }
#endif

namespace sockspec {
namespace {

Profile Linux() { return ResolveProfile("linux-6.18", "").profile; }

Program Parsed(const std::string& text) {
  const ParsedText parsed = ParseText(text, "test");
  EXPECT_TRUE(parsed.ok()) << parsed.problem.Message();
  return parsed.transcript.program;
}

// The key of a program's first divergence on a kernel with one fault; "" where it conforms.
std::string FirstKey(const Mutation& mutation, const std::string& text) {
  FakeKernel kernel(Linux(), mutation);
  Lockstep lockstep(kernel, Linux());
  const auto& run = lockstep.Play(Parsed(text));
  return run.diverged() ? run.divergences[0].key : "";
}

TEST(Lockstep, AKernelThatKeepsToTheModelConforms) {
  FakeKernel kernel(Linux());
  Lockstep lockstep(kernel, Linux());
  const auto& run =
      lockstep.Play(Parsed("s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)\n"
                           "bind(s0, 127.0.0.1:P0)\n"
                           "listen(s0, 1)\n"
                           "s1 = accept(s0)\n"));
  EXPECT_FALSE(run.diverged());
  ASSERT_EQ(run.replies.size(), 4u);
  EXPECT_EQ(run.replies[3].error, EAGAIN);
  ASSERT_EQ(run.seen.size(), 4u);
  EXPECT_EQ(run.seen[3].phase, Phase::kListening);
  EXPECT_EQ(run.seen[3].allowed, 1);
}

// Whether what the text says of its last call is right, after a kernel of the model has done the others.
bool LastReplyConforms(const std::string& text) {
  const ParsedText parsed = ParseText(text, "test");
  EXPECT_TRUE(parsed.ok()) << parsed.problem.Message();
  const Program& program = parsed.transcript.program;
  FakeKernel kernel(Linux());
  Oracle oracle(Linux());
  EXPECT_FALSE(kernel.Reset(program.env).any());
  oracle.Reset(program.env);
  for (size_t i = 0; i + 1 < program.calls.size(); ++i) {
    EXPECT_EQ(oracle.Step(program.calls[i], kernel.Run(program.calls[i])), Verdict::kConforms);
  }
  return oracle.Step(program.calls.back(), *parsed.transcript.said.back().reply) == Verdict::kConforms;
}

TEST(Lockstep, WhatATimerBringsMayComeWithTheInterruption) {
  const std::string connected =
      "s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
      "bind(s0, 127.0.0.1:P0)\n"
      "listen(s0, 0)\n"
      "s1 = socket(AF_INET, SOCK_STREAM, 0)\n"
      "connect(s1, 127.0.0.1:P0)\n"
      "s2 = accept(s0)\n";
  const std::string cork = "setsockopt(s1, IPPROTO_TCP, TCP_CORK, 1)\n";
  const std::string send = "send(s1, 100, 0)\n";
  EXPECT_TRUE(LastReplyConforms(connected + cork + send + "readv(s2, 4096, 3) = 100, data=[0,100)\n"));
  EXPECT_TRUE(LastReplyConforms(connected + cork + send + "readv(s2, 4096, 3) = blocks, then -1 EINTR\n"));
  EXPECT_TRUE(LastReplyConforms(connected + cork + send + "readv(s2, 4096, 3) = blocks, then 100, data=[0,100)\n"));
  // What is there, or never comes, does not wait for the interruption.
  EXPECT_FALSE(LastReplyConforms(connected + send + "readv(s2, 4096, 3) = blocks, then 100, data=[0,100)\n"));
  EXPECT_FALSE(LastReplyConforms(connected + "readv(s2, 4096, 3) = blocks, then 0\n"));
}

TEST(Lockstep, TheKeyNamesNoHandleAndNoPort) {
  const Mutation mutation{.clause = FindClause("bind.port_taken"), .error = EACCES};
  ASSERT_NE(mutation.clause, nullptr);
  const std::string key = FirstKey(mutation,
                                   "s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
                                   "bind(s0, 127.0.0.1:P0)\n"
                                   "s1 = socket(AF_INET, SOCK_STREAM, 0)\n"
                                   "bind(s1, 127.0.0.1:P0)\n");
  EXPECT_EQ(key, "fake.bind.stream.inet.bind.port_taken.errno.EACCES");
  EXPECT_EQ(key, FirstKey(mutation,
                          "s3 = socket(AF_INET, SOCK_STREAM, 0)\n"
                          "bind(s3, 0.0.0.0:P2)\n"
                          "s7 = socket(AF_INET, SOCK_STREAM, 0)\n"
                          "s4 = dup(s7)\n"
                          "bind(s4, 127.0.0.2:P2)\n"));
}

TEST(Lockstep, TheKeySaysWhetherItIsASocket) {
  const Mutation mutation{.clause = FindClause("descriptor.not_a_socket"), .error = EINVAL};
  ASSERT_NE(mutation.clause, nullptr);
  EXPECT_EQ(FirstKey(mutation, "listen(FILE, 1)\n"),
            "fake.listen.file.descriptor.not_a_socket.errno.EINVAL");
}

TEST(Lockstep, ItGoesOnAfterADivergence) {
  FakeKernel kernel(Linux(), {.clause = FindClause("descriptor.not_a_socket"), .error = EINVAL});
  Lockstep lockstep(kernel, Linux());
  const auto& run =
      lockstep.Play(Parsed("listen(FILE, 1)\n"
                           "s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
                           "listen(PIPE, 1)\n"));
  ASSERT_EQ(run.divergences.size(), 2u);
  EXPECT_EQ(run.divergences[0].index, 0);
  EXPECT_EQ(run.divergences[1].index, 2);
  EXPECT_EQ(run.replies.size(), 3u);
}

// The path that is taken millions of times.
// A reply about something that is not there: the model has to go on from it.
TEST(Lockstep, ItGoesOnWhereAPeerIsToldOfThatIsNotThere) {
  class Inventive : public FakeKernel {
   public:
    using FakeKernel::FakeKernel;
    Reply Run(const Call& call) override {
      const Reply reply = FakeKernel::Run(call);
      return call.op == Op::kGetpeername ? Reply{.wrote = kWroteAddress} : reply;
    }
  };
  for (const char* type : {"AF_UNIX, SOCK_STREAM", "AF_UNIX, SOCK_DGRAM", "AF_INET, SOCK_STREAM", "AF_INET, SOCK_DGRAM"}) {
    for (const char* profile : {"linux-6.18", "posix"}) {
      const Profile held = ResolveProfile(profile, "").profile;
      Inventive kernel(held);
      Lockstep lockstep(kernel, held);
      const ParsedText parsed =
          ParseText(std::string("s0 = socket(") + type + ", 0)\ngetpeername(s0)\ngetsockname(s0)\n", "t");
      ASSERT_TRUE(parsed.ok());
      EXPECT_TRUE(lockstep.Play(parsed.transcript.program).diverged()) << type << " " << profile;
    }
  }
}

TEST(Lockstep, ConformingProgramsAllocateNothing) {
#if defined(SOCKSPEC_ALLOCATIONS_ARE_NOT_COUNTED)
  GTEST_SKIP() << "allocations are ThreadSanitizer's here";
#endif
  FakeKernel kernel(Linux());
  Lockstep lockstep(kernel, Linux());
  Generator generator(Linux());
  std::vector<Program> programs;
  for (int i = 0; i < 1000; ++i) {
    Random random(ProgramSeed(1, static_cast<uint64_t>(i)));
    const Program& program = generator.Next(random);
    // A program that leaves the model says why, in a string.
    if (!lockstep.Play(program).discarded) programs.push_back(program);
  }
  const uint64_t before = g_allocations;
  for (const Program& program : programs) lockstep.Play(program);
  EXPECT_EQ(g_allocations - before, 0u);
}

}  // namespace
}  // namespace sockspec
