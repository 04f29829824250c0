// Numbers as the C constants that they are made of.
//
//     PrintFlags(MessageFlags(), 0x42) == "MSG_DONTWAIT|MSG_PEEK"
#ifndef SOCKSPEC_MODEL_PROGRAM_TOKENS_H_
#define SOCKSPEC_MODEL_PROGRAM_TOKENS_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "model/program/declarations.h"

namespace sockspec {

// The part of socket()'s type that is a type and not a flag: Linux's SOCK_TYPE_MASK.
inline constexpr int32_t kTypeMask = 0xf;

// The token's name; empty where none has that value.
std::string_view NameOf(std::span<const Token> tokens, int32_t value);

// The token of that name; nullptr where there is none.
const Token* FindToken(std::span<const Token> tokens, std::string_view name);

// A token's name, or the number in decimal.
std::string PrintConstant(std::span<const Token> tokens, int32_t value);

// Tokens' names and what is left over in hexadecimal, joined by `|` without spaces; `0` for none.
std::string PrintFlags(std::span<const Token> tokens, int32_t value);

// socket()'s type: `SOCK_STREAM|SOCK_NONBLOCK`, `15|0x100`.
std::string PrintType(int32_t value);

// `0x1f`.
std::string PrintHex(uint32_t value);

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_PROGRAM_TOKENS_H_
