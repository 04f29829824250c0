// The command that repeats a failed test, for the end of its log.
//
//     To repeat it: ./bazelw test //properties:closing_is_final_test --test_filter='Closing.IsFinal'
#ifndef SOCKSPEC_THIRD_PARTY_GOOGLETEST_HOW_TO_REPEAT_H_
#define SOCKSPEC_THIRD_PARTY_GOOGLETEST_HOW_TO_REPEAT_H_

#include <functional>
#include <string>
#include <string_view>

namespace sockspec {

// Reads one variable of the environment that the test was started with; "" where it is not set.
using Variables = std::function<std::string(std::string_view name)>;

// `test` as GoogleTest names it, "Suite.Name"; `binary` is argv[0], for a test that runs without Bazel.
std::string HowToRepeat(std::string_view test, std::string_view binary, const Variables& variables);

// Of /proc/self/environ, which does not change when the program sets variables.
std::string StartedWith(std::string_view name);

}  // namespace sockspec

#endif  // SOCKSPEC_THIRD_PARTY_GOOGLETEST_HOW_TO_REPEAT_H_
