// How sockspec ends.
#ifndef SOCKSPEC_CLI_STOP_H_
#define SOCKSPEC_CLI_STOP_H_

#include <string>

namespace sockspec {

enum ExitStatus : int {
  kExitConforms = 0,  // or: done, where nothing is judged
  kExitDiverges = 1,  // a divergence that is not a known deviation
  kExitUnusable =
      2,  // input or arguments; the message names file, line, column and what was expected
  kExitUnavailable = 3,  // the kernel or its sandbox could not be had
};

// Ends a subcommand early. Thrown and caught in cli/ only.
struct Stop {
  ExitStatus status;
  std::string message;  // for standard error, without "sockspec: "
};

}  // namespace sockspec

#endif  // SOCKSPEC_CLI_STOP_H_
