// Pieces of C source as text.
#ifndef SOCKSPEC_MODEL_PROGRAM_C_TEXT_H_
#define SOCKSPEC_MODEL_PROGRAM_C_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/program/declarations.h"

namespace sockspec {

void ReplaceAll(std::string& text, std::string_view what, std::string_view with);

// As a C string. Programs hold no byte that would need more than a backslash.
std::string Quoted(std::string_view text);

// A line within a comment, which it must not end.
std::string Harmless(std::string line);

// A number that is no constant's: INT_MIN has no literal of its own.
std::string Number(int32_t value);

// A constant by its name, or as a number.
std::string Constant(std::span<const Token> tokens, int32_t value);

// `MSG_PEEK|0x80000000`, as PrintFlags() gives it, as an int.
std::string FlagsExpression(std::string flags);

// A statement in lines of at most 100 columns, broken behind commas, but not within a string. It is
// indented as the body of a function is.
std::string Statement(const std::string& text);

// Words in lines of at most `width`, a comma between them, each line after `indent`.
std::string Wrapped(const std::vector<std::string>& words, std::string_view indent, size_t width);

// `{POLLIN, "POLLIN"}, {POLLOUT, "POLLOUT"}`, in such lines.
std::string NamedConstants(std::span<const Token> tokens, std::string_view indent, size_t width);

// `1 port`, `2 ports`.
std::string Counted(int n, std::string_view what);

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_PROGRAM_C_TEXT_H_
