// sockspec spec: the specification, for people and for programs that show it to them.

#include "model/spec.h"

#include <map>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "cli/command.h"
#include "cli/files.h"
#include "cli/kernels.h"
#include "cli/stop.h"

namespace sockspec {
namespace {

const std::map<std::string, SpecFormat> kFormats = {
    {"dot", SpecFormat::kDot}, {"json", SpecFormat::kJson}, {"md", SpecFormat::kMarkdown}};

struct Options {
  KernelOptions kernel;
  std::string format = "md";
};

}  // namespace

void AddSpec(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand(
      "spec", "The specification: clauses with citations, call by phase, how phases follow");
  auto options = std::make_shared<Options>();
  command
      ->add_option("--format", options->format,
                   "md (all of it), dot (the phases, for graphviz) or json")
      ->check(CLI::IsMember(kFormats))
      ->type_name("F")
      ->capture_default_str();
  AddProfileOption(*command, options->kernel);
  command->callback([options, &status] {
    WriteWhole("-", Specification(ProfileFor(options->kernel), kFormats.at(options->format)));
    status = kExitConforms;
  });
}

}  // namespace sockspec
