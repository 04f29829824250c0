// A constant that people know by name.
#ifndef SOCKSPEC_MODEL_PROGRAM_TOKEN_H_
#define SOCKSPEC_MODEL_PROGRAM_TOKEN_H_

#include <cstdint>
#include <string_view>

namespace sockspec {

// A C constant that people know, and its value on Linux x86-64.
struct Token {
  std::string_view name;
  int32_t value;
};

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_PROGRAM_TOKEN_H_
