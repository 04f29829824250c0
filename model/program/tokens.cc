#include "model/program/tokens.h"

namespace sockspec {
namespace {

// Appends the tokens that `bits` is made of, and what is left of it, each after a `|` but the
// first.
void AppendFlags(std::string& out, std::span<const Token> tokens, uint32_t bits) {
  const auto append = [&out](std::string_view flag) {
    if (!out.empty()) out += '|';
    out += flag;
  };
  for (const Token& token : tokens) {
    const auto bit = static_cast<uint32_t>(token.value);
    if (bit != 0 && (bits & bit) == bit) {
      append(token.name);
      bits &= ~bit;
    }
  }
  if (bits != 0) append(PrintHex(bits));
}

}  // namespace

std::string_view NameOf(std::span<const Token> tokens, int32_t value) {
  for (const Token& token : tokens) {
    if (token.value == value) return token.name;
  }
  return {};
}

const Token* FindToken(std::span<const Token> tokens, std::string_view name) {
  for (const Token& token : tokens) {
    if (token.name == name) return &token;
  }
  return nullptr;
}

std::string PrintConstant(std::span<const Token> tokens, int32_t value) {
  const std::string_view name = NameOf(tokens, value);
  return name.empty() ? std::to_string(value) : std::string(name);
}

std::string PrintFlags(std::span<const Token> tokens, int32_t value) {
  std::string out;
  AppendFlags(out, tokens, static_cast<uint32_t>(value));
  return out.empty() ? "0" : out;
}

std::string PrintType(int32_t value) {
  std::string out = PrintConstant(SocketTypes(), value & kTypeMask);
  AppendFlags(out, SocketFlags(), static_cast<uint32_t>(value) & ~uint32_t{kTypeMask});
  return out;
}

std::string PrintHex(uint32_t value) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string digits;
  do {
    digits.insert(digits.begin(), kDigits[value % 16]);
    value /= 16;
  } while (value != 0);
  return "0x" + digits;
}

}  // namespace sockspec
