// The text form of programs: strace's notation with symbolic handles, one call a line. The grammar is
// in grammar.ebnf beside this file.
//
//     auto read = ParseText("s0 = socket(AF_INET, SOCK_STREAM, 0) = s0\n", "a.program");
//     if (!read.ok()) return Fail(read.problem.Message());
#ifndef SOCKSPEC_MODEL_PROGRAM_TEXT_H_
#define SOCKSPEC_MODEL_PROGRAM_TEXT_H_

#include <string>
#include <string_view>

#include "model/program/program.h"

namespace sockspec {

// Where a text is not a program, and what would have been one.
struct Problem {
  std::string file;      // as the caller named it
  int line = 0;          // from 1
  int column = 0;        // from 1, in bytes
  std::string what;      // what stands there
  std::string expected;  // what could have stood there

  // "a.program:3:14: found `SOCK_STREEM`, expected type: SOCK_STREAM, … or a number; did you mean SOCK_STREAM?"
  std::string Message() const;
};

struct ParsedText {
  Transcript transcript;
  Problem problem;
  bool failed = false;
  bool ok() const { return !failed; }
};

// Reads one program. Never crashes, whatever `text` holds; stops at the first problem.
ParsedText ParseText(std::string_view text, std::string_view file_name);

// `s0 = socket(AF_INET, SOCK_STREAM, 0)`, without a reply.
std::string PrintCall(const Call& call);

// `-1 EINVAL`, `5, data=[0,5)`. `call` says how its value reads (a descriptor, flags, a count).
std::string PrintReply(const Call& call, const Reply& reply);

// `EADDRINUSE`; `errno 999` for a number without a name.
std::string PrintErrno(int error);

// The whole program, replies and clauses in aligned columns, a newline at the end. Canonical: for a
// transcript of a mended program (Mend() in bytes.h), ParseText(PrintText(t)) gives t back, up to
// Said::line, the slot in a maker's reply (the text names it by the handle), what a reply holds
// without saying so in `wrote`, and the position of garbled data.
std::string PrintText(const Transcript& transcript);
std::string PrintText(const Program& program);

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_PROGRAM_TEXT_H_
