// What holds of every clause, whatever it says.

#include <ctype.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "gtest/gtest.h"
#include "model/clause.h"
#include "model/profile.h"
#include "model/program/call.h"

namespace sockspec {
namespace {

bool IsWord(std::string_view word) {
  return !word.empty() && islower(static_cast<unsigned char>(word[0])) &&
         std::ranges::all_of(word, [](char c) {
           return islower(static_cast<unsigned char>(c)) ||
                  isdigit(static_cast<unsigned char>(c)) || c == '_';
         });
}

TEST(EveryClause, HasAnIdOfTwoLowerCaseWordsAndADot) {
  for (const Clause* clause : AllClauses()) {
    const size_t dot = clause->id.find('.');
    ASSERT_NE(dot, std::string_view::npos) << clause->id;
    EXPECT_TRUE(IsWord(clause->id.substr(0, dot)) && IsWord(clause->id.substr(dot + 1)))
        << clause->id;
  }
}

TEST(EveryClause, HasAnIdOfItsOwn) {
  std::set<std::string_view> ids;
  for (const Clause* clause : AllClauses()) {
    EXPECT_TRUE(ids.insert(clause->id).second) << clause->id;
    for (const std::string_view alias : OlderIds(*clause)) EXPECT_TRUE(ids.insert(alias).second) << alias;
  }
}

TEST(EveryClause, IsFoundByItsIdAndItsAlias) {
  for (const Clause* clause : AllClauses()) {
    EXPECT_EQ(FindClause(clause->id), clause);
    for (const std::string_view alias : OlderIds(*clause)) EXPECT_EQ(FindClause(alias), clause);
    EXPECT_EQ(AllClauses()[static_cast<size_t>(ClauseNumber(clause))], clause);
  }
  EXPECT_EQ(FindClause("listen.no_such_clause"), nullptr);
  EXPECT_EQ(FindClause(""), nullptr);
}

TEST(EveryClause, Cites) {
  for (const Clause* clause : AllClauses()) {
    EXPECT_GE(clause->cites.size(), 10u) << clause->id << " cites " << clause->cites;
    // What only POSIX says has to be found in POSIX, and what only Linux does in Linux or in its
    // manual.
    if (clause->on == kPosix)
      EXPECT_NE(clause->cites.find("POSIX"), std::string_view::npos) << clause->id;
    if (clause->on == kLinux) {
      const bool of_linux = clause->cites.find("Linux") != std::string_view::npos ||
                            clause->cites.find("(2)") != std::string_view::npos ||
                            clause->cites.find("(7)") != std::string_view::npos;
      EXPECT_TRUE(of_linux) << clause->id << " cites " << clause->cites;
    }
  }
}

TEST(EveryClause, SaysOneSentence) {
  for (const Clause* clause : AllClauses()) {
    ASSERT_GE(clause->says.size(), 5u) << clause->id;
    EXPECT_EQ(clause->says.back(), '.') << clause->id;
    // A name of a call keeps its own letters: "connect() is under way".
    const std::string_view first = clause->says.substr(0, clause->says.find(' '));
    EXPECT_TRUE(!islower(static_cast<unsigned char>(first.front())) || first.ends_with("()"))
        << clause->id;
  }
}

TEST(EveryClause, IsARefusalOrAnEffectOrBlocks) {
  for (const Clause* clause : AllClauses()) {
    EXPECT_TRUE(clause->error >= 0 || clause->error == kPendingError) << clause->id;
    EXPECT_FALSE(clause->blocks && clause->error != 0) << clause->id;
    EXPECT_FALSE(clause->outcome && clause->error == 0) << clause->id;
    // A refusal that is told by the pending error takes it.
    if (clause->error == kPendingError) EXPECT_NE(clause->then, nullptr) << clause->id;
  }
}

TEST(EveryClause, BelongsToAProfile) {
  for (const Clause* clause : AllClauses()) {
    EXPECT_NE(clause->on & kEveryProfile, 0) << clause->id;
    bool belongs = clause->BelongsTo({.family = kPosix});
    for (const Version version : kKnownLinux) {
      belongs |=
          clause->BelongsTo({.family = kLinux, .version = version, .selinux = clause->selinux});
    }
    EXPECT_TRUE(belongs) << clause->id << " is of no version that anybody knows";
    // POSIX has no versions here, and Linux leaves nothing open.
    if (clause->since != Version{} || clause->until != Version{})
      EXPECT_EQ(clause->on, kLinux) << clause->id;
    if (clause->strength == Strength::kUnspecified) EXPECT_EQ(clause->on, kPosix) << clause->id;
  }
}

TEST(EveryCall, HasClausesAndAnEffectInEachProfile) {
  for (int op = 0; op < kOpCount; ++op) {
    for (const ProfileSet family : {kPosix, kLinux}) {
      const auto rows = ClausesOf(static_cast<Op>(op));
      EXPECT_TRUE(std::ranges::any_of(rows, [&](const Clause* clause) {
        // Of what POSIX does not have it says that it says nothing.
        return (clause->on & family) != 0 && clause->effect() &&
               (clause->strength == Strength::kShall ||
                (family == kPosix && clause->strength == Strength::kUnspecified && clause->when == nullptr));
      })) << op;
    }
  }
}

TEST(TheSpecification, HasWellOverAHundredClauses) { EXPECT_GT(AllClauses().size(), 150u); }

}  // namespace
}  // namespace sockspec
