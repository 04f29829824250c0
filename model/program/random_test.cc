#include "model/program/random.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <span>

namespace sockspec {
namespace {

// The numbers of the reference implementation for the seed 1234567. A campaign's seed must mean the
// same programs in every build.
TEST(Random, TheSameSeedGivesTheSameNumbersForEver) {
  Random random(1234567);
  EXPECT_EQ(random.Next(), 6457827717110365317u);
  EXPECT_EQ(random.Next(), 3203168211198807973u);
  EXPECT_EQ(random.Next(), 9817491932198370423u);
}

TEST(Random, BelowReachesEveryNumberAboutEquallyOften) {
  Random random(1);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70000; ++i) ++counts[random.Below(7)];
  for (const int count : counts) EXPECT_NEAR(count, 10000, 500);
}

TEST(Random, BelowOneIsZeroAndOneInOneIsCertain) {
  Random random(2);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(random.Below(1), 0u);
    EXPECT_TRUE(random.OneIn(1));
  }
}

TEST(Random, PickTakesFromTheWholeSpan) {
  constexpr int kValues[] = {3, 5, 7};
  Random random(3);
  std::array<bool, 8> seen{};
  for (int i = 0; i < 100; ++i) seen[static_cast<size_t>(random.Pick(std::span(kValues)))] = true;
  EXPECT_TRUE(seen[3] && seen[5] && seen[7]);
}

}  // namespace
}  // namespace sockspec
