#include "model/program/c_text.h"

#include <climits>

#include "model/program/tokens.h"

namespace sockspec {

void ReplaceAll(std::string& text, std::string_view what, std::string_view with) {
  for (size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string Harmless(std::string line) {
  ReplaceAll(line, "*/", "* /");
  ReplaceAll(line, "/*", "/ *");
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return line;
}

std::string Number(int32_t value) {
  if (value == INT_MIN) return "INT_MIN";
  if (value == INT_MAX) return "INT_MAX";
  return std::to_string(value);
}

std::string Constant(std::span<const Token> tokens, int32_t value) {
  const std::string_view name = NameOf(tokens, value);
  return name.empty() ? Number(value) : std::string(name);
}

std::string FlagsExpression(std::string flags) {
  ReplaceAll(flags, "|", " | ");
  // Bits above INT_MAX make an unsigned number of the whole.
  const size_t hex = flags.find("0x");
  if (hex != std::string::npos && flags.size() - hex == 10) flags = "(int)(" + flags + ")";
  return flags;
}

namespace {

// The last ", " before `end` that stands in no string; npos where there is none.
size_t LastComma(const std::string& line, size_t end) {
  size_t found = std::string::npos;
  bool in_string = false;
  for (size_t i = 0; i + 1 < line.size() && i < end; ++i) {
    if (in_string && line[i] == '\\') {
      ++i;
    } else if (line[i] == '"') {
      in_string = !in_string;
    } else if (!in_string && line[i] == ',' && line[i + 1] == ' ') {
      found = i;
    }
  }
  return found;
}

}  // namespace

std::string Statement(const std::string& text) {
  constexpr size_t kWidth = 100;
  std::string out;
  std::string line = "    " + text;
  while (line.size() > kWidth) {
    const size_t comma = LastComma(line, kWidth);
    if (comma == std::string::npos) break;
    out += line.substr(0, comma + 1) + "\n";
    line = "        " + line.substr(comma + 2);
  }
  return out + line + "\n";
}

std::string Wrapped(const std::vector<std::string>& words, std::string_view indent, size_t width) {
  std::string out;
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty() && indent.size() + line.size() + 2 + word.size() > width) {
      out.append(indent).append(line).append(",\n");
      line.clear();
    }
    if (!line.empty()) line += ", ";
    line += word;
  }
  return out.append(indent).append(line);
}

std::string NamedConstants(std::span<const Token> tokens, std::string_view indent, size_t width) {
  std::vector<std::string> pairs;
  for (const Token& token : tokens) {
    pairs.push_back("{" + std::string(token.name) + ", " + Quoted(token.name) + "}");
  }
  return Wrapped(pairs, indent, width);
}

std::string Counted(int n, std::string_view what) {
  return std::to_string(n) + " " + std::string(what) + (n == 1 ? "" : "s");
}

}  // namespace sockspec
