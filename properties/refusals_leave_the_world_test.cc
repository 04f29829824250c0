// A refusal without an effect leaves the world as it was: asked once more, it refuses again, and
// all that follows is as if nobody had asked. What a refusal does change stands in its clause.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

#include "model/clause.h"
#include "model/oracle.h"
#include "model/program/program.h"
#include "model/program/text.h"
#include "model/world.h"
#include "properties/examples.h"
#include "properties/on_linux.h"
#include "properties/worth_running.h"

namespace sockspec {
namespace {

const Cases kCases(1000);

bool RefusesOnly(const Clause* clause) {
  return clause != nullptr && clause->error != 0 && clause->then == nullptr;
}

RC_GTEST_PROP(ARefusalWithoutEffect, LeavesTheWorldAsItWas, ()) {
  for (const Profile& profile : EveryProfile()) {
    const Shown shown = *WorthRunning(profile);
    Oracle oracle(profile);
    oracle.Reset(shown.program.env);
    for (const Call& call : shown.program.calls) {
      const World before = oracle.world();
      oracle.Answer(call);
      if (!RefusesOnly(oracle.clause())) continue;
      RC_LOG() << PrintCall(call) << ", " << oracle.clause()->id;
      RC_ASSERT(oracle.world() == before);
    }
  }
}

// The kernel against itself; the model only says which refusals have no effect.
TEST_F(OnLinux, ARefusalWithoutEffectCanBeAskedForAgain) {
  const bool holds = rc::check("a refusal can be asked for again", [] {
    const Program once = (*WorthRunningWithoutBlocking(TheProfile())).program;
    RC_PRE(once.calls.size() * 2 <= kMaxCalls);
    const auto& run = Play(once);
    RC_PRE(!run.discarded && !run.diverged());
    const std::vector<Reply> replies = run.replies;

    Program twice{.env = once.env};
    std::vector<size_t> original;  // where each call of `twice` comes from
    for (size_t i = 0; i < once.calls.size(); ++i) {
      const bool again = RefusesOnly(run.seen[i].clause) && run.seen[i].allowed == 1 &&
                         once.calls[i].made == kNoHandle;
      for (int n = 0; n < 1 + again; ++n) {
        twice.calls.push_back(once.calls[i]);
        original.push_back(i);
      }
    }
    const auto& second = Play(twice);
    RC_PRE(!second.discarded);
    for (size_t i = 0; i < second.replies.size(); ++i) {
      // A clause that allows two replies says that it is a matter of time.
      if (second.seen[i].allowed > 1) break;
      if (second.replies[i] != replies[original[i]]) {
        RC_FAIL(PrintReply(twice.calls[i], replies[original[i]]) + " became" + Told(twice, second));
      }
    }
  });
  EXPECT_TRUE(holds);
}

}  // namespace
}  // namespace sockspec
