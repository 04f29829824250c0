// A libFuzzer target that must find something: the fake kernel, with another errno for one clause
// that takes five calls to reach. A harness that is dead finds nothing here, and canary_test says
// so.

#include <errno.h>

#include <cstdlib>

#include "fuzz/fake_kernel.h"
#include "fuzz/fuzz_entry.h"
#include "model/profile.h"

std::unique_ptr<sockspec::FuzzTarget> sockspec::MakeFuzzTarget() {
  const Profile profile = ResolveProfile("linux-6.18", "").profile;
  const Mutation mutation{.clause = FindClause("connect.connected"), .error = EALREADY};
  if (mutation.clause == nullptr) abort();
  return std::make_unique<FuzzTarget>(std::make_unique<FakeKernel>(profile, mutation), profile, kTcp);
}
