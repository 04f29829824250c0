#include "cli/terminal.h"

#include <stdlib.h>
#include <unistd.h>

#include "fmt/format.h"

namespace sockspec {
namespace {

std::string Painted(int code, std::string_view text) {
  static const bool colour = OnTerminal() && getenv("NO_COLOR") == nullptr;
  return colour ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

}  // namespace

bool OnTerminal() { return isatty(STDOUT_FILENO) == 1; }
std::string Red(std::string_view text) { return Painted(31, text); }
std::string Green(std::string_view text) { return Painted(32, text); }
std::string Yellow(std::string_view text) { return Painted(33, text); }
std::string Bold(std::string_view text) { return Painted(1, text); }
std::string Dim(std::string_view text) { return Painted(2, text); }

}  // namespace sockspec
