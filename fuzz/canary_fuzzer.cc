// A libFuzzer target that must find something: the fake kernel, with another errno for one clause
// that takes five calls to reach. A harness that is dead finds nothing here, and canary_test says
// so.

#include <errno.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "fuzz/fake_kernel.h"
#include "fuzz/fuzz_target.h"
#include "model/clause.h"
#include "model/profile.h"

namespace {

sockspec::FuzzTarget* g_target = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  const sockspec::Profile profile = sockspec::ResolveProfile("linux-6.18", "").profile;
  const sockspec::Mutation mutation{.clause = sockspec::FindClause("connect.connected"),
                                    .error = EALREADY};
  if (mutation.clause == nullptr) abort();
  g_target =
      new sockspec::FuzzTarget(std::make_unique<sockspec::FakeKernel>(profile, mutation), profile);
  if (sockspec::AsksForMinimizeStep(*argc, *argv)) g_target->MinimizeOnly();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  g_target->Test(data, size);
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  return g_target->Mutate(data, size, max_size, seed);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* first, size_t first_size,
                                            const uint8_t* second, size_t second_size, uint8_t* out,
                                            size_t max_size, unsigned seed) {
  return g_target->Cross(first, first_size, second, second_size, out, max_size, seed);
}
