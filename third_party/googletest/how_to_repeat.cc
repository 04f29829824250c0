#include "third_party/googletest/how_to_repeat.h"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace sockspec {
namespace {

// What changes the outcome of a test and is set by `--test_env`.
constexpr std::string_view kPassedOn[] = {"RC_PARAMS", "SOCKSPEC_REQUIRE_KERNEL"};

// The options that this binary was built with.
std::string Configuration() {
  std::string options;
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
  options += " --config=asan";
#endif
#if __has_feature(undefined_behavior_sanitizer)
  options += " --config=ubsan";
#endif
#if __has_feature(thread_sanitizer)
  options += " --config=tsan";
#endif
#endif
  return options;
}

std::string Quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

}  // namespace

std::string HowToRepeat(std::string_view test, std::string_view binary, const Variables& variables) {
  const std::string target = variables("TEST_TARGET");
  if (target.empty()) return std::string(binary) + " --gtest_filter=" + Quoted(test);
  std::string command = "./bazelw test" + Configuration() + " " + target + " --test_filter=" + Quoted(test);
  for (const std::string_view name : kPassedOn) {
    const std::string value = variables(name);
    if (!value.empty()) command += " --test_env=" + Quoted(std::string(name) + "=" + value);
  }
  return command;
}

std::string StartedWith(std::string_view name) {
  std::ifstream file("/proc/self/environ", std::ios::binary);
  const std::string all{std::istreambuf_iterator<char>(file), {}};
  for (std::string_view rest = all; !rest.empty();) {
    const std::string_view one = rest.substr(0, rest.find('\0'));
    if (one.starts_with(name) && one.substr(name.size()).starts_with('=')) {
      return std::string(one.substr(name.size() + 1));
    }
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
  }
  return "";
}

}  // namespace sockspec
