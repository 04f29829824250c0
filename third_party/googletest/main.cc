// main() of every GoogleTest binary here: GoogleTest's own, and two things more. A test that fails says which
// command repeats it, and RapidCheck's seed is the same every time, so that the command does.

#include <cstdio>
#include <cstdlib>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/googletest/how_to_repeat.h"

namespace sockspec {
namespace {

class SayHowToRepeat : public testing::EmptyTestEventListener {
 public:
  explicit SayHowToRepeat(const char* binary) : binary_(binary) {}

 private:
  void OnTestEnd(const testing::TestInfo& info) override {
    if (!info.result()->Failed()) return;
    const std::string test = std::string(info.test_suite_name()) + "." + info.name();
    printf("To repeat it: %s\n", HowToRepeat(test, binary_, StartedWith).c_str());
    fflush(stdout);
  }

  std::string binary_;
};

}  // namespace
}  // namespace sockspec

int main(int argc, char** argv) {
  // A binary whose own initializers set RC_PARAMS has its way (properties/worth_running.h), and so has the user.
  setenv("RC_PARAMS", "seed=1", 0);
  testing::InitGoogleMock(&argc, argv);
  testing::UnitTest::GetInstance()->listeners().Append(new sockspec::SayHowToRepeat(argv[0]));
  return RUN_ALL_TESTS();
}
