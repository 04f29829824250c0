// The C form of programs: one file that makes the calls through libc, says of each what was
// expected and what came back, and needs nothing but a C compiler and Linux. It is what one sends
// to the people of a kernel, and what `git bisect run` runs.
//
//     std::ofstream("repro.c") << EmitC(transcript, {.title = {"listen() takes a port in use"}});
//
// The program makes a network namespace of its own, with a user namespace around it where it is not
// root. Its exit status is 0: every reply is as expected; 1: one is not; 125: it cannot run here, or not as far as the
// call that it asks about.
#ifndef SOCKSPEC_MODEL_PROGRAM_C_H_
#define SOCKSPEC_MODEL_PROGRAM_C_H_

#include <string>
#include <vector>

#include "model/program/program.h"

namespace sockspec {

struct CHeader {
  // Lines that the file begins with: what it shows, the finding's key, the kernel. The transcript's
  // comments come after them, then the program as text.
  std::vector<std::string> title;

  // The replies say everything: what they do not mention (an address, a length, a signal) must not
  // come back. Otherwise only what is written is compared.
  bool complete = false;

  // The call that the file asks about, by its place in the program: where the reply of an earlier one differs, the
  // sockets do not stand where the question is, and the exit status is 125. -1: all replies are asked about alike.
  int asked = -1;

  // What is right there, too, beside the reply that the transcript has.
  std::vector<Reply> also_right;
};

// The file. It compiles as C99 without a warning under -Wall -Wextra of gcc and clang. Replies are
// expected as `transcript.said` has them; where there is none, what comes back is printed and not
// compared. A call that sleeps for half a second is interrupted and counts as blocking.
//
// A call in two halves (Part) is made by a thread of its own, and is expected to sleep by the time that the
// program goes on. All other calls are the main thread's, whichever thread they are said to be of.
std::string EmitC(const Transcript& transcript, const CHeader& header = {});

// The same as a GoogleTest: `EXPECT_STREQ("-1 EINVAL", actual)` after each call. One file of C++14 or later, without a
// warning under -Wall -Wextra; it wants GoogleTest and its main(), and nothing else. The calls are made in a child
// process, which may change namespaces, limits and signal handlers without the tests around it; where they cannot be
// had, the test is skipped.
struct GtestName {
  std::string suite;  // "Listen"
  std::string test;   // "PortTaken"
};
std::string EmitGtest(const Transcript& transcript, const CHeader& header, const GtestName& name);

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_PROGRAM_C_H_
