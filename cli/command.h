// The subcommands of sockspec, one file each.
#ifndef SOCKSPEC_CLI_COMMAND_H_
#define SOCKSPEC_CLI_COMMAND_H_

namespace CLI {
class App;
}

namespace sockspec {

inline constexpr char kSockspecVersion[] = "0.1.0";

// Each adds its subcommand to `app`. Once that was chosen and has run, `status` is how to exit
// (stop.h).
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
