// For tests of what is compiled and run: a command of the shell's, and what came of it.
#ifndef SOCKSPEC_MODEL_PROGRAM_RUN_SHELL_H_
#define SOCKSPEC_MODEL_PROGRAM_RUN_SHELL_H_

#include <stdio.h>
#include <sys/wait.h>

#include <string>

namespace sockspec {

struct Ran {
  int status = -1;     // exit status; -1: ended by a signal, or not started
  std::string output;  // standard output and standard error
};

inline Ran RunShell(const std::string& command) {
  Ran ran;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return ran;
  char piece[4096];
  for (size_t n; (n = fread(piece, 1, sizeof piece, pipe)) > 0;) ran.output.append(piece, n);
  const int status = pclose(pipe);
  if (WIFEXITED(status)) ran.status = WEXITSTATUS(status);
  return ran;
}

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_PROGRAM_RUN_SHELL_H_
