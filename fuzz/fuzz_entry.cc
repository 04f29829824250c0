#include "fuzz/fuzz_entry.h"

#include <cstddef>
#include <cstdint>

namespace {

// Never destroyed: the engine leaves by _exit() and by abort(), from anywhere.
sockspec::FuzzTarget* g_target = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  g_target = sockspec::MakeFuzzTarget().release();
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
