#include <stdio.h>

#include <exception>

#include "CLI/CLI.hpp"
#include "cli/command.h"
#include "cli/stop.h"
#include "fmt/format.h"
#include "model/profile.h"

namespace sockspec {
namespace {

std::string VersionText() {
  std::string versions;
  for (const Version& version : kKnownLinux) {
    versions += fmt::format("{}{}.{}", versions.empty() ? "" : ", ", version.major, version.minor);
  }
  return fmt::format("sockspec {}\nclauses checked against Linux {}", kSockspecVersion, versions);
}

constexpr char kFooter[] =
    "Start here:\n"
    "  sockspec fuzz --duration=60s                      hold this machine's kernel to the specification\n"
    "  sockspec fuzz --kernel=fake --mutant=listen.port_taken   see what a finding looks like\n"
    "  sockspec check FILE                               run one program and compare\n"
    "\n"
    "Exit status: 0 conforms, 1 a divergence that is not a known deviation, 2 unusable input or\n"
    "arguments, 3 the kernel or its sandbox could not be had.";

int Run(int argc, char** argv) {
  CLI::App app{"An executable specification of the BSD sockets API, and a fuzzer that holds kernels to it."};
  app.name("sockspec");
  app.footer(kFooter);
  app.set_version_flag("--version", VersionText(), "Print the version and the Linux versions known");
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
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked);
  } catch (const CLI::ParseError& error) {
    std::string command = "sockspec";
    for (const CLI::App* chosen : app.get_subcommands()) command += " " + chosen->get_name();
    fmt::print(stderr, "sockspec: {}\nTry `{} --help`.\n", error.what(), command);
    return kExitUnusable;
  }
  return status;
}

}  // namespace

int Main(int argc, char** argv) {
  try {
    return Run(argc, argv);
  } catch (const Stop& stop) {
    fflush(stdout);
    fmt::print(stderr, "sockspec: {}\n", stop.message);
    return stop.status;
  }
}

}  // namespace sockspec
