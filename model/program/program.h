// A program: a sequence of calls and the environment that it wants. A transcript: a program with what
// is said of its replies. text.h, bytes.h and c.h are views of these.
#ifndef SOCKSPEC_MODEL_PROGRAM_PROGRAM_H_
#define SOCKSPEC_MODEL_PROGRAM_PROGRAM_H_

#include <optional>
#include <string>
#include <vector>

#include "model/program/call.h"
#include "model/program/reply.h"

namespace sockspec {

inline constexpr int kMaxNofile = 32;
inline constexpr int kMaxEphemeral = 64;

// The header line `env: nofile=16 ephemeral=2 uid=nobody patience=2s`. What is 0 is left as the sandbox has it.
struct Environment {
  int nofile = 0;     // how many descriptors the program may hold at once, 1 … kMaxNofile
  int ephemeral = 0;  // how many ports the kernel may choose from, 1 … kMaxEphemeral
  // uid=nobody: the process has no capabilities, ports below 1024 are privileged, and permissions of files hold.
  bool nobody = false;
  // patience=2s: a call that blocks is interrupted after two seconds, where it is else after a tenth of one. So
  // long it takes to see a connect() give up.
  bool patient = false;
  friend bool operator==(const Environment&, const Environment&) = default;
};

struct Program {
  Environment env;
  std::vector<Call> calls;
  friend bool operator==(const Program&, const Program&) = default;
};

// What a line says after `=` and after `# @`. Only what is written is checked: `wrote` of the reply has
// the bits of the fields that stood there. A call without a reply has none of it.
struct Said {
  std::optional<Reply> reply;
  std::string clause;  // "listen.port_taken", or empty
  int line = 0;        // in the text it was read from, from 1; 0: not read from text
};

struct Transcript {
  std::vector<std::string> comments;  // lines before the first call, without "# "
  Program program;
  std::vector<Said> said;  // as long as program.calls
};

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_PROGRAM_PROGRAM_H_
