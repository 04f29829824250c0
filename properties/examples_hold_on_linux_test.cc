// The examples of Linux (model/examples/) are what this machine's kernel answers, and every clause
// of its profile is seen to decide there.

#include <set>
#include <string>
#include <string_view>

#include "fuzz/lockstep.h"
#include "gtest/gtest.h"
#include "model/clause.h"
#include "model/profile.h"
#include "properties/examples.h"
#include "properties/on_linux.h"

namespace sockspec {
namespace {

class Examples : public OnLinux {
 protected:
  void Hold(std::string_view directory) {
    for (const Example& example : ReadExamples(directory)) {
      SCOPED_TRACE(example.name);
      ExpectConforms(example.transcript);
    }
  }
};

TEST_F(Examples, OfEveryLinuxHold) { Hold("linux"); }

TEST_F(Examples, OfThisVersionHold) {
  if (!TheProfile().verified) GTEST_SKIP() << TheProfile().note;
  Profile profile = TheProfile();
  profile.selinux = false;
  Hold(profile.name());
}

TEST_F(Examples, OfSelinuxHold) {
  if (!TheProfile().selinux) GTEST_SKIP() << "SELinux is not in force";
  Hold("linux-selinux");
}

// Which of the two replies comes depends on the kernel's timers: both conform.
TEST_F(Examples, OfWhatIsSoSometimesConform) {
  for (const Example& example : ReadExamples("linux-sometimes")) {
    SCOPED_TRACE(example.name);
    ExpectAnswersConform(example.transcript);
  }
}

// POSIX's examples are programs, too: what Linux makes of them is right on Linux.
TEST_F(Examples, OfPosixConformToLinuxWhateverTheySay) {
  for (const Example& example : ReadExamples("posix")) {
    SCOPED_TRACE(example.name);
    ExpectAnswersConform(example.transcript);
  }
}

// Those that add a second reply are seen when the kernel feels like it.
TEST_F(Examples, ShowEveryClauseAtWork) {
  if (!TheProfile().verified || TheProfile().selinux) GTEST_SKIP() << TheProfile().note;
  std::set<const Clause*> decided;
  for (const Example& example : AllExamples()) {
    for (const Seen& seen : Play(example.transcript.program).seen) decided.insert(seen.clause);
  }
  for (const Clause* clause : AllClauses()) {
    if (!clause->BelongsTo(TheProfile()) || clause->strength != Strength::kShall) continue;
    // Those of options are seen by options_hold_on_linux_test, which walks their table.
    if (clause->id.starts_with("getsockopt.") || clause->id.starts_with("setsockopt.")) continue;
    // Of two threads that are woken at once, the other one has to come first: it does so three times in five.
    if (clause->id == "connect.given_up_told") continue;
    EXPECT_TRUE(decided.contains(clause)) << clause->id;
  }
}

}  // namespace
}  // namespace sockspec
