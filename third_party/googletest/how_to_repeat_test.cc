#include "third_party/googletest/how_to_repeat.h"

#include <stdlib.h>

#include <map>
#include <string>

#include "gtest/gtest.h"

namespace sockspec {
namespace {

Variables Of(const std::map<std::string, std::string>& values) {
  return [values](std::string_view name) {
    const auto found = values.find(std::string(name));
    return found == values.end() ? std::string() : found->second;
  };
}

// Without what the configuration of this very build adds.
std::string Plain(std::string command) {
  for (const std::string config : {" --config=asan", " --config=ubsan", " --config=tsan"}) {
    if (const size_t at = command.find(config); at != std::string::npos) command.erase(at, config.size());
  }
  return command;
}

TEST(HowToRepeat, NamesTheTargetAndTheTest) {
  EXPECT_EQ(Plain(HowToRepeat("OfEveryKind/EveryOption.IsSo/tcp", "x_test", Of({{"TEST_TARGET", "//sut:x_test"}}))),
            "./bazelw test //sut:x_test --test_filter='OfEveryKind/EveryOption.IsSo/tcp'");
}

TEST(HowToRepeat, PassesOnWhatTheUserSetForTheTest) {
  EXPECT_EQ(Plain(HowToRepeat("A.B", "x_test",
                              Of({{"TEST_TARGET", "//a:x_test"},
                                  {"RC_PARAMS", "seed=7 max_success=9"},
                                  {"SOCKSPEC_REQUIRE_KERNEL", "1"}}))),
            "./bazelw test //a:x_test --test_filter='A.B' --test_env='RC_PARAMS=seed=7 max_success=9' "
            "--test_env='SOCKSPEC_REQUIRE_KERNEL=1'");
}

TEST(HowToRepeat, WithoutBazelIsTheBinary) {
  EXPECT_EQ(HowToRepeat("A.B", "/tmp/x_test", Of({})), "/tmp/x_test --gtest_filter='A.B'");
}

TEST(StartedWith, IsNotWhatTheProgramSet) {
  setenv("SOCKSPEC_SET_BY_THE_TEST", "1", 1);
  EXPECT_EQ(StartedWith("SOCKSPEC_SET_BY_THE_TEST"), "");
  setenv("PATH", "/nowhere", 1);
  EXPECT_NE(StartedWith("PATH"), "/nowhere");
  EXPECT_EQ(StartedWith("PAT"), "");
}

}  // namespace
}  // namespace sockspec
