// A test of lwIP as the kernel under test; skipped where liblwip is not installed, unless SOCKSPEC_REQUIRE_KERNEL says that
// it has to be.
#ifndef SOCKSPEC_SUT_NEEDS_LWIP_H_
#define SOCKSPEC_SUT_NEEDS_LWIP_H_

#include <stdlib.h>

#include <iostream>
#include <memory>

#include "gtest/gtest.h"
#include "sut/kernel.h"
#include "sut/lwip.h"

namespace sockspec {

class NeedsLwip : public testing::Test {
 protected:
  void SetUp() override {
    Trouble trouble;
    kernel_ = MakeLwipKernel({}, &trouble);
    if (kernel_ != nullptr) return;
    std::cout << "[  SKIPPED ] " << trouble.what << "\n";
    if (getenv("SOCKSPEC_REQUIRE_KERNEL") != nullptr) FAIL() << trouble.what;
    GTEST_SKIP() << trouble.what;
  }

  std::unique_ptr<Kernel> kernel_;
};

}  // namespace sockspec

#endif  // SOCKSPEC_SUT_NEEDS_LWIP_H_
