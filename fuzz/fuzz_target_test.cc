#include "fuzz/fuzz_target.h"

#include <errno.h>
#include <stdlib.h>

#include <cctype>
#include <memory>
#include <string>
#include <vector>

#include "fuzz/fake_kernel.h"
#include "gtest/gtest.h"
#include "model/clause.h"
#include "model/profile.h"
#include "model/program/bytes.h"
#include "model/program/random.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

Profile Linux() { return ResolveProfile("linux-6.18", "").profile; }

std::unique_ptr<FuzzTarget> Target(const Mutation& mutation = {}) {
  return std::make_unique<FuzzTarget>(std::make_unique<FakeKernel>(Linux(), mutation), Linux());
}

std::vector<uint8_t> Bytes(const std::string& text) {
  const ParsedText parsed = ParseText(text, "test");
  EXPECT_TRUE(parsed.ok()) << parsed.problem.Message();
  return Encode(parsed.transcript.program);
}

constexpr char kTakesAPortTwice[] =
    "s2 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)\n"
    "getsockname(s2)\n"
    "bind(s2, 127.0.0.1:P3)\n"
    "s1 = socket(AF_INET, SOCK_STREAM, 0)\n"
    "bind(s1, 127.0.0.1:P3)\n"
    "close(s1)\n";

TEST(FuzzTarget, AnyBytesAreAnInput) {
  const auto target = Target();
  Random random(1);
  std::vector<uint8_t> bytes;
  target->Test(nullptr, 0);
  for (int n = 0; n < 20000; ++n) {
    bytes.resize(random.Below(300));
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Next());
    target->Test(bytes.data(), bytes.size());
  }
}

TEST(FuzzTargetDeath, ADivergenceIsNamedAsServicesExpectAndAborts) {
  const std::vector<uint8_t> bytes = Bytes(kTakesAPortTwice);
  EXPECT_EXIT(Target({.clause = FindClause("bind.port_taken"), .error = EPERM})
                  ->Test(bytes.data(), bytes.size()),
              testing::KilledBySignal(SIGABRT),
              "F[0-9]+ [0-9:.]+ [0-9]+ oracle.cc:42. Check failed: FuzzerHash=[A-Z]+ "
              "fake.bind.stream.inet.bind.port_taken.errno.EPERM\n"
              "DEDUP_TOKEN: fake.bind.stream.inet.bind.port_taken.errno.EPERM\n");
}

// The first 80 characters hold the whole hash.
TEST(FuzzTarget, TheHashIsTenLettersAndDependsOnTheKey) {
  const std::string letters = LettersOf("linux.bind");
  EXPECT_EQ(letters.size(), 10u);
  for (const char c : letters) EXPECT_TRUE(isupper(c)) << letters;
  EXPECT_NE(letters, LettersOf("linux.bind2"));
  EXPECT_EQ(letters, LettersOf("linux.bind"));
}

TEST(FuzzTarget, MutantsFitTheirRoom) {
  const auto target = Target();
  std::vector<uint8_t> buffer(100);
  for (unsigned seed = 0; seed < 3000; ++seed) {
    const size_t room = 1 + seed % buffer.size();
    // An engine may pass a size that is none of the data's.
    const size_t size = target->Mutate(buffer.data(), seed % (room + 1), room, seed);
    ASSERT_GT(size, 0u);
    ASSERT_LE(size, room);
    std::vector<uint8_t> child(room);
    ASSERT_LE(target->Cross(buffer.data(), size, buffer.data(), room, child.data(), room, seed),
              room);
  }
}

TEST(FuzzTarget, OneStepOfMinimizingGivesTheMinimalProgram) {
  const auto target = Target({.clause = FindClause("bind.port_taken"), .error = EPERM});
  target->MinimizeOnly();
  std::vector<uint8_t> bytes = Bytes(kTakesAPortTwice);
  const size_t size = target->Mutate(bytes.data(), bytes.size(), bytes.size() - 1, 1);
  EXPECT_EQ(PrintText(DecodeBytes({bytes.data(), size})),
            "s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
            "bind(s0, 127.0.0.1:P0)\n"
            "s1 = socket(AF_INET, SOCK_STREAM, 0)\n"
            "bind(s1, 127.0.0.1:P0)\n");
}

TEST(FuzzTargetDeath, WhatIsMinimalEndsTheSearch) {
  const auto target = Target({.clause = FindClause("bind.port_taken"), .error = EPERM});
  target->MinimizeOnly();
  std::vector<uint8_t> bytes = Bytes(
      "s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
      "bind(s0, 127.0.0.1:P0)\n"
      "s1 = socket(AF_INET, SOCK_STREAM, 0)\n"
      "bind(s1, 127.0.0.1:P0)\n");
  EXPECT_EXIT(target->Mutate(bytes.data(), bytes.size(), bytes.size() - 1, 1),
              testing::ExitedWithCode(0), "4 calls of 4 are needed");
}

TEST(FuzzTarget, TheEnginesArgumentsTellThatItMinimizes) {
  char name[] = "x_fuzzer", flag[] = "-minimize_crash_internal_step=1";
  char* argv[] = {name, flag};
  EXPECT_FALSE(AsksForMinimizeStep(1, argv));
  EXPECT_TRUE(AsksForMinimizeStep(2, argv));
}

}  // namespace
}  // namespace sockspec
