// What depends on the program in the helper functions of a C file: what stands there for each @WORD@.
#ifndef SOCKSPEC_MODEL_PROGRAM_C_PARTS_H_
#define SOCKSPEC_MODEL_PROGRAM_C_PARTS_H_

#include <string>

#include "model/program/c_uses.h"
#include "model/program/program.h"

namespace sockspec {

inline constexpr int kFirstPortInC = 10000;  // P0; below the ephemeral range, above well-known services

void ReplaceWords(std::string& text, const Environment& env, const Uses& uses);

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_PROGRAM_C_PARTS_H_
