// A kernel that answers by the model conforms to it, whatever it is asked, and the worlds that its
// replies leave possible stay few.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "fuzz/fake_kernel.h"
#include "fuzz/lockstep.h"
#include "model/oracle.h"
#include "model/profile.h"
#include "model/program/arbitrary.h"
#include "model/program/program.h"
#include "properties/examples.h"
#include "properties/on_linux.h"
#include "properties/worth_running.h"

namespace sockspec {
namespace {

const Cases kCases(3000);

void Conforms(const Profile& profile, const Program& program) {
  FakeKernel kernel(profile);
  Lockstep lockstep(kernel, profile);
  const auto& run = lockstep.Play(program);
  if (run.diverged()) RC_FAIL(profile.name() + Told(program, run));
  RC_ASSERT(run.worlds <= kMaxWorlds);
}

RC_GTEST_PROP(TheModel, ConformsToItself, ()) {
  for (const Profile& profile : EveryProfile()) Conforms(profile, (*WorthRunning(profile)).program);
}

RC_GTEST_PROP(TheModel, ConformsToItselfWhateverIsAsked, (const Program& nonsense)) {
  for (const Profile& profile : EveryProfile()) Conforms(profile, nonsense);
}

// What is copied of a world is all of it: nothing is in use beyond its high-water marks.
RC_GTEST_PROP(TheModel, CopiesAllOfAWorld, ()) {
  for (const Profile& profile : EveryProfile()) {
    Oracle oracle(profile);
    oracle.Reset({});
    World copy = oracle.world();
    for (int programs = 0; programs < 3; ++programs) {
      const Program program = (*WorthRunning(profile)).program;
      oracle.Reset(program.env);
      for (const Call& call : program.calls) {
        oracle.Answer(call);
        if (*rc::gen::inRange(0, 3) == 0) CopyWorld(copy, oracle.world());
      }
      CopyWorld(copy, oracle.world());
      RC_ASSERT(copy == oracle.world());
    }
  }
}

}  // namespace
}  // namespace sockspec
