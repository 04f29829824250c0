// The same calls twice: as a program, for lockstep, and as a loop in plain C, which is as fast as a kernel is.
#ifndef SOCKSPEC_FUZZ_BENCHMARK_LOOPS_H_
#define SOCKSPEC_FUZZ_BENCHMARK_LOOPS_H_

#include <cstdint>
#include <span>
#include <string_view>

namespace sockspec {

struct BareLoop {
  std::string_view name;     // "TCP"
  std::string_view program;  // in the text form
  int calls;                 // of one turn
  // Makes the calls `turns` times, in the network that the thread is in. How many calls succeeded; fewer than
  // `turns * calls` where the kernel is not what it should be.
  int64_t (*run)(int turns);
};

std::span<const BareLoop> BareLoops();

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_BENCHMARK_LOOPS_H_
