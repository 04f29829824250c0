// What the targets that fuzz our own readers share: a property that does not hold ends the process, and says why.
//
//     Property(Parse(Print(t)) == t, "what is printed reads back", Print(t));
#ifndef SOCKSPEC_FUZZ_READERS_PROPERTY_H_
#define SOCKSPEC_FUZZ_READERS_PROPERTY_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace sockspec {

// `shown` is what to look at: a text, or a message.
inline void Property(bool holds, const char* claim, std::string_view shown) {
  if (holds) return;
  fprintf(stderr, "Check failed: %s\n%.*s\n", claim, static_cast<int>(shown.size()), shown.data());
  abort();
}

inline std::string_view AsText(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Whether `problem` is one line that begins "FILE:LINE:COLUMN: ", with a line that `text` has and a column in it
// or behind its end.
inline bool NamesAPlace(std::string_view problem, std::string_view file, std::string_view text) {
  if (!problem.starts_with(file) || problem.find('\n') != std::string_view::npos) return false;
  problem.remove_prefix(file.size());
  size_t numbers[2];
  for (size_t& number : numbers) {
    if (!problem.starts_with(':')) return false;
    problem.remove_prefix(1);
    const size_t digits = problem.find_first_not_of("0123456789");
    if (digits == 0 || digits > 9 || digits == std::string_view::npos) return false;
    number = 0;
    for (const char digit : problem.substr(0, digits)) number = number * 10 + static_cast<size_t>(digit - '0');
    problem.remove_prefix(digits);
  }
  if (!problem.starts_with(": ") || numbers[0] < 1 || numbers[1] < 1) return false;
  for (size_t line = 1; line < numbers[0]; ++line) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + 1);
  }
  return numbers[1] <= text.substr(0, text.find('\n')).size() + 1;
}

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_READERS_PROPERTY_H_
