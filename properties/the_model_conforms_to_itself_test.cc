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

}  // namespace
}  // namespace sockspec
