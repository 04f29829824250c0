// A small, fast source of random numbers. The same seed gives the same numbers on every machine,
// which the standard library's distributions do not promise.
//
//     Random random(0x2f81);
//     if (random.OneIn(20)) call.pointer = Pointer::kBad;
#ifndef SOCKSPEC_MODEL_PROGRAM_RANDOM_H_
#define SOCKSPEC_MODEL_PROGRAM_RANDOM_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace sockspec {

// splitmix64, after Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014):
// one word of state, and every seed is a good one.
class Random {
 public:
  explicit constexpr Random(uint64_t seed) : state_(seed) {}

  constexpr uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
  }

  // 0 … n-1; `n` is at least 1. Even to within n/2^32.
  constexpr uint32_t Below(uint32_t n) { return static_cast<uint32_t>(((Next() >> 32) * n) >> 32); }

  // True once in `n` times; `n` is at least 1.
  constexpr bool OneIn(uint32_t n) { return Below(n) == 0; }

  // One of `values`, of which there is at least one.
  template <typename T, size_t kExtent>
  constexpr const T& Pick(std::span<const T, kExtent> values) {
    return values[Below(static_cast<uint32_t>(values.size()))];
  }
  template <typename T, size_t kSize>
  constexpr const T& Pick(const T (&values)[kSize]) {
    return values[Below(static_cast<uint32_t>(kSize))];
  }

 private:
  uint64_t state_;
};

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_PROGRAM_RANDOM_H_
