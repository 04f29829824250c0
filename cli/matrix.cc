// sockspec matrix: the same programs on several kernels, side by side.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "cli/command.h"
#include "cli/files.h"
#include "cli/kernels.h"
#include "cli/stop.h"
#include "cli/terminal.h"
#include "fmt/format.h"
#include "fuzz/lockstep.h"
#include "model/program/text.h"
#include "nlohmann/json.hpp"

namespace sockspec {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  KernelOptions kernel;
  std::vector<std::string> files;
  std::vector<std::string> kernels = {"linux", "fake"};
  bool json = false;
};

// One cell: what one kernel answered to one call.
struct Cell {
  std::string reply;
  bool diverges = false;
};

// The replies of one kernel to one program, as many as the program has calls.
std::vector<Cell> Column(const Program& program, Lockstep& lockstep) {
  const Run& run = lockstep.PlayFresh(program);
  if (run.trouble.any()) throw Stop{kExitUnavailable, run.trouble.what};
  std::vector<Cell> column(program.calls.size(), Cell{"-", false});
  for (size_t i = 0; i < run.replies.size(); ++i) {
    column[i].reply = PrintReply(program.calls[i], run.replies[i]);
  }
  for (const Divergence& divergence : run.divergences) column[divergence.index].diverges = true;
  return column;
}

int RunMatrix(Options options) {
  std::vector<Transcript> programs;
  for (const std::string& file : options.files) programs.push_back(ReadProgram(file));

  // The same specification for all, the one that suits the first kernel.
  options.kernel.kernel = options.kernels[0];
  const Profile profile = ProfileFor(options.kernel);
  std::vector<std::unique_ptr<Kernel>> kernels;
  std::vector<std::unique_ptr<Lockstep>> locksteps;
  for (const std::string& name : options.kernels) {
    KernelOptions one = options.kernel;
    one.kernel = name;
    PrepareKernel(one);
    if (name != "fake") one.mutant.clear();
    kernels.push_back(MakeKernel(one, profile));
    locksteps.push_back(std::make_unique<Lockstep>(*kernels.back(), profile));
  }

  bool diverged = false;
  Json json = Json::array();
  for (size_t f = 0; f < programs.size(); ++f) {
    const Program& program = programs[f].program;
    std::vector<std::vector<Cell>> columns;
    for (const auto& lockstep : locksteps) columns.push_back(Column(program, *lockstep));

    std::vector<std::string> calls;
    size_t call_width = 0;
    for (const Call& call : program.calls) {
      calls.push_back(PrintCall(call));
      call_width = std::max(call_width, calls.back().size());
    }
    std::vector<size_t> widths;
    for (size_t k = 0; k < columns.size(); ++k) {
      size_t width = options.kernels[k].size();
      for (const Cell& cell : columns[k]) width = std::max(width, cell.reply.size() + 2);
      widths.push_back(width);
    }

    std::string text = Bold(NameOf(options.files[f])) + "\n";
    text += fmt::format("    {:<{}}", "", call_width);
    for (size_t k = 0; k < columns.size(); ++k) {
      text += fmt::format("  {:<{}}", options.kernels[k], widths[k]);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += "\n";
    Json rows = Json::array();
    int differing = 0;
    for (size_t i = 0; i < calls.size(); ++i) {
      Json replies = Json::object();
      bool differs = false;
      std::string cells;
      for (size_t k = 0; k < columns.size(); ++k) {
        const Cell& cell = columns[k][i];
        differs |= cell.reply != columns[0][i].reply;
        diverged |= cell.diverges;
        const std::string padded =
            fmt::format("{:<{}}", cell.reply + (cell.diverges ? " !" : ""), widths[k]);
        cells += "  " + (cell.diverges ? Red(padded) : padded);
        replies[options.kernels[k]] = {{"reply", cell.reply}, {"diverges", cell.diverges}};
      }
      differing += differs;
      std::string line =
          fmt::format("  {} {:<{}}{}", differs ? Yellow("*") : " ", calls[i], call_width, cells);
      line.erase(line.find_last_not_of(' ') + 1);
      text += line + "\n";
      rows.push_back({{"call", calls[i]}, {"differs", differs}, {"replies", replies}});
    }
    text += differing == 0 ? "  no difference\n"
                           : fmt::format("  {} of {} calls differ (*); ! diverges from {}\n",
                                         differing, calls.size(), profile.name());
    if (!options.json) fmt::print("{}\n", text);
    json.push_back(
        {{"file", NameOf(options.files[f])}, {"profile", profile.name()}, {"calls", rows}});
  }
  if (options.json) fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
  return diverged ? kExitDiverges : kExitConforms;
}

}  // namespace

void AddMatrix(CLI::App& app, int& status) {
  CLI::App* command =
      app.add_subcommand("matrix", "The same programs on several kernels, side by side");
  auto options = std::make_shared<Options>();
  command->add_option("FILE", options->files, "Programs; - is standard input")
      ->type_name("")
      ->required();
  command->add_option("--kernels", options->kernels, "The kernels, one column each")
      ->type_name("A,B")
      ->delimiter(',')
      ->capture_default_str();
  command
      ->add_option("--mutant", options->kernel.mutant,
                   "A fault for the fake kernel, see check --help")
      ->type_name("CLAUSE");
  AddProfileOption(*command, options->kernel);
  command->add_flag("--json", options->json, "Print one JSON list, for programs");
  command->callback([options, &status] { status = RunMatrix(*options); });
}

}  // namespace sockspec
