// The subcommands of sockspec, one file each, and how they end.
#ifndef SOCKSPEC_CLI_COMMAND_H_
#define SOCKSPEC_CLI_COMMAND_H_

#include <string>

namespace CLI {
class App;
}

namespace sockspec {

inline constexpr char kSockspecVersion[] = "0.1.0";

// How sockspec exits.
enum ExitStatus : int {
  kExitConforms = 0,
  kExitDiverges = 1,     // a divergence that is not a known deviation
  kExitUnusable = 2,     // input or arguments; the message names file, line, column and what was expected
  kExitUnavailable = 3,  // the kernel or its sandbox could not be had
};

// Ends a subcommand early. Thrown and caught in cli/ only.
struct Stop {
  ExitStatus status;
  std::string message;  // for standard error, without "sockspec: "
};

// Each adds its subcommand to `app`. Once that was chosen and has run, `status` is how to exit.
void AddFuzz(CLI::App& app, int& status);
void AddCheck(CLI::App& app, int& status);
void AddPredict(CLI::App& app, int& status);
void AddMinimize(CLI::App& app, int& status);
void AddEmitC(CLI::App& app, int& status);
void AddTriage(CLI::App& app, int& status);
void AddMatrix(CLI::App& app, int& status);
void AddSpec(CLI::App& app, int& status);

// All of sockspec but main().
int Main(int argc, char** argv);

}  // namespace sockspec

#endif  // SOCKSPEC_CLI_COMMAND_H_
