// The delays that Kernel::Disturb() asks for: random, drawn from a seed, up to 20 ms.
#ifndef SOCKSPEC_SUT_DELAYS_H_
#define SOCKSPEC_SUT_DELAYS_H_

#include <sched.h>
#include <time.h>

#include <random>

namespace sockspec {

class Delays {
 public:
  // From the next Begin() on; 0: none.
  void Set(unsigned seed) { next_seed_ = seed; }

  // A program begins.
  void Begin() {
    seed_ = next_seed_;
    if (seed_ != 0) drawn_.seed(seed_);
  }

  // To be called before each call: waits, yields, or does nothing.
  void Wait() {
    if (seed_ != 0) [[unlikely]] {
      Draw();
    }
  }

 private:
  void Draw() {
    const unsigned drawn = static_cast<unsigned>(drawn_());
    switch (drawn % 4) {
      case 0: return;
      case 1:
        for (unsigned i = 0; i <= drawn / 4 % 8; ++i) sched_yield();
        return;
      default: {
        const unsigned most_us = drawn % 4 == 2 ? 200 : 20000;
        const timespec delay{.tv_sec = 0, .tv_nsec = drawn / 4 % most_us * 1000L};
        nanosleep(&delay, nullptr);
      }
    }
  }

  unsigned seed_ = 0;
  unsigned next_seed_ = 0;
  std::minstd_rand drawn_;
};

}  // namespace sockspec

#endif  // SOCKSPEC_SUT_DELAYS_H_
