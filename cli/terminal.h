// Colour, where standard output is a terminal and NO_COLOR is not set; nothing elsewhere.
#ifndef SOCKSPEC_CLI_TERMINAL_H_
#define SOCKSPEC_CLI_TERMINAL_H_

#include <string>
#include <string_view>

namespace sockspec {

bool OnTerminal();

std::string Red(std::string_view text);
std::string Green(std::string_view text);
std::string Yellow(std::string_view text);
std::string Bold(std::string_view text);
std::string Dim(std::string_view text);

}  // namespace sockspec

#endif  // SOCKSPEC_CLI_TERMINAL_H_
