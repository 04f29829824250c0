// sockspec emit-c: a program as a C file that needs nothing but a C compiler.

#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "cli/command.h"
#include "cli/files.h"
#include "cli/kernels.h"
#include "cli/predict.h"
#include "cli/stop.h"
#include "model/program/c.h"

namespace sockspec {
namespace {

struct Options {
  KernelOptions kernel;
  std::string file;
  std::string out;
};

int RunEmitC(const Options& options) {
  const Transcript transcript = ReadProgram(options.file);
  WriteWhole(options.out, EmitC(WithPredictions(transcript, ProfileFor(options.kernel))));
  return kExitConforms;
}

}  // namespace

void AddEmitC(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand(
      "emit-c", "The program as a C file that prints each call with expected and actual reply");
  auto options = std::make_shared<Options>();
  command
      ->add_option("FILE", options->file,
                   "The program; - is standard input. Replies that are not written are predicted "
                   "where only one is right")
      ->type_name("")
      ->required();
  command->add_option("-o,--output", options->out, "Where to write it; left out: standard output")
      ->type_name("FILE");
  AddProfileOption(*command, options->kernel);
  command->callback([options, &status] { status = RunEmitC(*options); });
}

}  // namespace sockspec
