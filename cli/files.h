// Files as the user names them: relative to where the user is, `-` for standard input.
#ifndef SOCKSPEC_CLI_FILES_H_
#define SOCKSPEC_CLI_FILES_H_

#include <string>
#include <string_view>

#include "model/program/program.h"

namespace sockspec {

// The path to open for what the user typed. `bazel run` changes the working directory and tells the
// old one in BUILD_WORKING_DIRECTORY.
std::string PathOf(std::string_view typed);

// The whole file. Stops with kExitUnusable where it cannot be read.
std::string ReadWhole(const std::string& typed);

// Writes the whole file, or standard output for "-" and "". Stops with kExitUnusable where it
// cannot.
void WriteWhole(const std::string& typed, std::string_view contents);

// Reads a program; a text or, where the name ends in .bytes, its byte form. Stops with
// kExitUnusable and the place where it is no program, or names a clause that does not exist.
Transcript ReadProgram(const std::string& typed);

// How messages name a file: as typed, "standard input" for "-".
std::string NameOf(const std::string& typed);

}  // namespace sockspec

#endif  // SOCKSPEC_CLI_FILES_H_
