#include "fuzz/mutate.h"

#include <set>
#include <string>

#include "fuzz/generate.h"
#include "gtest/gtest.h"
#include "model/oracle.h"
#include "model/profile.h"
#include "model/program/bytes.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

Profile Linux() { return ResolveProfile("linux-6.18", "").profile; }

void ExpectSayable(const Program& program) {
  ASSERT_FALSE(program.calls.empty());
  ASSERT_LE(program.calls.size(), static_cast<size_t>(kMaxCalls));
  Program mended = program;
  Mend(mended);
  ASSERT_EQ(program, mended) << PrintText(program);
  ASSERT_EQ(program, DecodeBytes(Encode(program))) << PrintText(program);
}

TEST(Mutate, WhatComesOutCanBeSaidAndIsNeverEmpty) {
  Generator generator(Linux());
  Program program;
  int changed = 0;
  for (uint64_t n = 0; n < 20000; ++n) {
    Random random(ProgramSeed(1, n));
    const Program before = program;
    Mutate(program, random, generator);
    ASSERT_NO_FATAL_FAILURE(ExpectSayable(program));
    changed += program == before ? 0 : 1;
  }
  EXPECT_GT(changed, 15000);
}

TEST(Mutate, EveryCallIsReachedFromOne) {
  Generator generator(Linux());
  std::set<Op> reached;
  for (uint64_t n = 0; n < 3000; ++n) {
    Random random(ProgramSeed(2, n));
    Program program;
    program.calls.push_back({.op = Op::kClose, .fd = kMinusOne});
    Mutate(program, random, generator);
    for (const Call& call : program.calls) reached.insert(call.op);
  }
  EXPECT_EQ(reached.size(), static_cast<size_t>(kOpCount));
}

TEST(Mutate, TheSameSeedGivesTheSameMutant) {
  Generator one(Linux()), other(Linux());
  for (uint64_t n = 0; n < 500; ++n) {
    Random first(n), second(n), seed(ProgramSeed(3, n));
    Program program = one.Next(seed), again = program;
    Mutate(program, first, one);
    Mutate(again, second, other);
    ASSERT_EQ(program, again);
  }
}

TEST(Cross, AChildCanBeSaidAndUsesTheHandlesOfBoth) {
  Generator generator(Linux());
  for (uint64_t n = 0; n < 5000; ++n) {
    Random random(ProgramSeed(4, n));
    const Program mother = generator.Next(random);
    const Program father = generator.Next(random);
    ASSERT_NO_FATAL_FAILURE(ExpectSayable(Cross(mother, father, random)));
  }
  Random random(1);
  ASSERT_NO_FATAL_FAILURE(ExpectSayable(Cross({}, generator.Next(random), random)));
}

TEST(Followable, ItEndsBeforeACallThatBlocks) {
  Oracle oracle(Linux());
  const ParsedText parsed = ParseText(
      "s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
      "listen(s0, 1)\n"
      "s1 = accept(s0)\n"
      "close(s0)\n",
      "test");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(PrintText(Followable(parsed.transcript.program, oracle)),
            "s0 = socket(AF_INET, SOCK_STREAM, 0)\nlisten(s0, 1)\n");
}

}  // namespace
}  // namespace sockspec
