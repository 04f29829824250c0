#include <stdio.h>

#include <exception>

#include "CLI/CLI.hpp"
#include "cli/command.h"
#include "cli/guest.h"
#include "cli/stop.h"
#include "fmt/format.h"
#include "model/profile.h"
#include "sut/guest.h"
#include "sut/preload.h"

namespace sockspec {
namespace {

std::string VersionText() {
  std::string versions;
  for (const Version& version : kKnownLinux) {
    versions += fmt::format("{}{}.{}", versions.empty() ? "" : ", ", version.major, version.minor);
  }
  return fmt::format("sockspec {}\nclauses checked against Linux {}", kSockspecVersion, versions);
}

constexpr char kExitStatus[] =
    "Exit status: 0 conforms, or done; 1 a divergence that is not a known deviation; 2 unusable "
    "input or\n"
    "arguments; 3 the kernel or its sandbox could not be had.";

constexpr char kStartHere[] =
    "Start here:\n"
    "  sockspec fuzz --duration=60s              hold this machine's kernel to the specification\n"
    "  sockspec fuzz --mutant=listen.port_taken  see what a finding looks like\n"
    "  sockspec check FILE                       run one program and compare\n"
    "\n";

// CLI11 says only that a subcommand is required, whatever stands there.
std::string NoSubcommand(const CLI::App& app, const std::string& found) {
  std::string names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names += (names.empty() ? "" : ", ") + command->get_name();
  }
  return fmt::format("found {}, expected a subcommand: {}",
                     found.empty() ? "nothing" : "`" + found + "`", names);
}

int Run(int argc, char** argv) {
  KeepArguments(argc, argv);
  CLI::App app{
      "An executable specification of the BSD sockets API, and a fuzzer that holds kernels to it."};
  app.name("sockspec");
  app.footer(kExitStatus);  // the subcommands have it from here
  app.set_version_flag("--version", VersionText(),
                       "Print the version and the Linux versions known");
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::simple);
  app.get_formatter()->column_width(34);
  int status = kExitConforms;
  AddFuzz(app, status);
  AddCheck(app, status);
  AddPredict(app, status);
  AddMinimize(app, status);
  AddEmitC(app, status);
  AddTriage(app, status);
  AddMatrix(app, status);
  AddSpec(app, status);
  app.footer(std::string(kStartHere) + kExitStatus);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked);
  } catch (const CLI::ParseError& error) {
    std::string command = "sockspec";
    for (const CLI::App* chosen : app.get_subcommands()) command += " " + chosen->get_name();
    std::string message = error.what();
    if (app.get_subcommands().empty()) message = NoSubcommand(app, argc > 1 ? argv[1] : "");
    fmt::print(stderr, "sockspec: {}\nTry `{} --help`.\n", message, command);
    return kExitUnusable;
  }
  return status;
}

}  // namespace

int Main(int argc, char** argv) {
  if (IsGuestInit()) return GuestInit();
  if (const std::string problem = BeginPreloaded(); !problem.empty()) {
    fmt::print(stderr, "sockspec: {}\n", problem);
    return kExitUnavailable;
  }
  try {
    return Run(argc, argv);
  } catch (const Stop& stop) {
    fflush(stdout);
    fmt::print(stderr, "sockspec: {}\n", stop.message);
    return stop.status;
  }
}

}  // namespace sockspec
