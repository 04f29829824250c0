// Every clause of every profile is reached by an example (model/examples/), and every example says
// what the model says. No kernel takes part: examples_hold_on_linux_test.cc runs the same programs
// on one.

#include <set>
#include <string>
#include <string_view>

#include "fuzz/finding.h"
#include "gtest/gtest.h"
#include "model/clause.h"
#include "model/oracle.h"
#include "model/program/text.h"
#include "properties/examples.h"
#include "properties/option_programs.h"

namespace sockspec {
namespace {

using Reached = std::set<const Clause*>;

class Examples : public testing::TestWithParam<ExampleDirectory> {};

// What is right on every Linux is so in each of its profiles.
std::vector<Profile> ProfilesOf(const ExampleDirectory& directory) {
  if (directory.profile != "linux") return {ProfileNamed(directory.profile)};
  std::vector<Profile> profiles;
  for (const Profile& profile : EveryProfile()) {
    if (profile.family == kLinux) profiles.push_back(profile);
  }
  return profiles;
}

TEST_P(Examples, AreWhatTheModelPredicts) {
  for (const Profile& profile : ProfilesOf(GetParam())) {
    for (const Example& example : ReadExamples(GetParam().name)) {
      EXPECT_EQ(Predict(example.transcript, profile).problem, "") << example.name;
    }
  }
}

TEST_P(Examples, SayOfEveryCallWhichClauseDecides) {
  for (const Profile& profile : ProfilesOf(GetParam())) {
    for (const Example& example : ReadExamples(GetParam().name)) {
      for (const Decided& decided : Predict(example.transcript, profile).decided) {
        // On an unspecified socket none does.
        if (decided.clause == nullptr) continue;
        EXPECT_NE(example.transcript.said[decided.index].clause, "")
            << example.name << ", " << PrintCall(example.transcript.program.calls[decided.index]);
      }
    }
  }
}

TEST_P(Examples, ArePrintedAsTheyAreWritten) {
  for (const Example& example : ReadExamples(GetParam().name)) {
    const std::string text = PrintText(example.transcript);
    EXPECT_EQ(text, PrintText(MustParse(text, example.name)));
    EXPECT_FALSE(example.transcript.comments.empty())
        << example.name << " does not say what it shows";
  }
}

std::string TestName(const testing::TestParamInfo<ExampleDirectory>& info) {
  std::string name;
  for (const char c : info.param.name) name += c == '-' || c == '.' ? '_' : c;
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, Examples, testing::ValuesIn(kExampleDirectories), TestName);

// The walk through the table of options counts, too, which options_hold_on_linux_test takes on this kernel.
void WalkOptions(const Profile& profile, Reached& reached) {
  Oracle oracle(profile);
  for (const OptionSubject& subject : OptionSubjects()) {
    ForEachOptionProgram(profile, subject, [&](const Program& program) {
      oracle.Reset(program.env);
      for (const Call& call : program.calls) {
        for (const Allowed& allowed : oracle.Ask(call)) reached.insert(allowed.clause);
        oracle.Answer(call);
        reached.insert(oracle.clause());
      }
    });
  }
}

// Clauses that give the reply of another one, with an outcome of their own.
void AddOutcomes(const Transcript& transcript, const Profile& profile, Reached& reached) {
  Oracle oracle(profile);
  oracle.Reset(transcript.program.env);
  for (size_t i = 0; i < transcript.said.size() && transcript.said[i].reply; ++i) {
    const Call& call = transcript.program.calls[i];
    for (const Allowed& allowed : oracle.Ask(call)) {
      if (allowed.reply == *transcript.said[i].reply) reached.insert(allowed.clause);
    }
    if (Follow(oracle, call, *transcript.said[i].reply) != Verdict::kConforms) return;
  }
}

// The examples of one profile count for another one as far as they are right there.
Reached ReachedIn(const Profile& profile) {
  Reached reached;
  WalkOptions(profile, reached);
  for (const Example& example : AllExamples()) {
    for (const Decided& decided : FollowElsewhere(example.transcript, profile))
      reached.insert(decided.clause);
    for (const Decided& decided : Predict(example.transcript, profile).decided)
      reached.insert(decided.clause);
    AddOutcomes(example.transcript, profile, reached);
  }
  return reached;
}

// With SELinux, only its own clauses are asked for: those it comes before may be out of reach.
std::vector<Profile> EveryProfileAndSelinux() {
  std::vector<Profile> profiles = EveryProfile();
  profiles.push_back(ProfileNamed("linux-6.18+selinux"));
  return profiles;
}
bool IsAskedFor(const Clause& clause, const Profile& profile) {
  return clause.BelongsTo(profile) && clause.selinux == profile.selinux;
}

TEST(EveryClause, IsReachedByAnExample) {
  for (const Profile& profile : EveryProfileAndSelinux()) {
    const Reached reached = ReachedIn(profile);
    std::string missing;
    for (const Clause* clause : AllClauses()) {
      if (IsAskedFor(*clause, profile) && !reached.contains(clause)) {
        missing += "\n  " + std::string(clause->id);
      }
    }
    EXPECT_EQ(missing, "") << "clauses of " << profile.name() << " that no example reaches";
  }
}

// The fake kernel, too, comes to every clause that it may answer by: those that add a reply to
// others it never gives.
TEST(EveryClause, IsWhatAKernelOfTheModelAnswersBy) {
  for (const Profile& profile : EveryProfileAndSelinux()) {
    Reached reached;
    WalkOptions(profile, reached);
    for (const Example& example : AllExamples()) {
      Oracle oracle(profile);
      oracle.Reset(example.transcript.program.env);
      for (const Call& call : example.transcript.program.calls) {
        oracle.Answer(call);
        reached.insert(oracle.clause());
      }
    }
    for (const Clause* clause : AllClauses()) {
      if (!IsAskedFor(*clause, profile) || clause->strength != Strength::kShall) continue;
      EXPECT_TRUE(reached.contains(clause)) << clause->id << " of " << profile.name();
    }
  }
}

}  // namespace
}  // namespace sockspec
