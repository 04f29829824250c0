// sockspec matrix: the same programs on several kernels, side by side.

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "cli/command.h"
#include "cli/files.h"
#include "cli/guest.h"
#include "cli/kernels.h"
#include "cli/stop.h"
#include "cli/terminal.h"
#include "fmt/format.h"
#include "fuzz/lockstep.h"
#include "model/program/text.h"
#include "nlohmann/json.hpp"
#include "properties/claims.h"

namespace sockspec {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  KernelOptions kernel;
  std::vector<std::string> files;
  std::vector<std::string> kernels = {"linux", "fake"};
  bool json = false;
  bool claims = false;
};

void TrimEnd(std::string& text) { text.erase(text.find_last_not_of(' ') + 1); }

// `name` with the options of all; a mutant is the fake kernel's alone.
KernelOptions Named(KernelOptions options, const std::string& name) {
  options.kernel = name;
  if (name != "fake") options.mutant.clear();
  return options;
}

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
  if (!run.lacks.empty() && run.replies.size() < column.size()) {
    column[run.replies.size()].reply = "(has no " + std::string(run.lacks) + ")";
  }
  for (const Divergence& divergence : run.divergences) column[divergence.index].diverges = true;
  return column;
}

// The same of a kernel that runs sockspec inside: one start for all programs.
std::vector<std::vector<Cell>> GuestColumns(const KernelOptions& kernel, const Profile& profile,
                                            const std::vector<std::string>& files,
                                            const std::vector<Transcript>& programs) {
  std::vector<std::string> arguments = {"check", "--json", "--profile=" + profile.name()};
  arguments.insert(arguments.end(), files.begin(), files.end());
  // Standard input has been read by now.
  const auto dash = std::ranges::find(files, "-");
  const std::string input =
      dash == files.end() ? "" : PrintText(programs[static_cast<size_t>(dash - files.begin())].program);
  const Json said = Json::parse(OutputOfGuest(kernel, arguments, input), nullptr, false);
  std::vector<std::vector<Cell>> columns;
  for (size_t f = 0; f < programs.size(); ++f) {
    std::vector<Cell> column(programs[f].program.calls.size(), Cell{"-", false});
    const Json file = said.is_object() && said.contains("files") && f < said["files"].size() ? said["files"][f] : Json();
    if (!file.is_object()) throw Stop{kExitUnavailable, fmt::format("what {} says cannot be read", kernel.kernel)};
    for (size_t i = 0; i < std::min(column.size(), file["calls"].size()); ++i) {
      column[i].reply = file["calls"][i].value("reply", "-");
    }
    for (const Json& divergence : file["divergences"]) {
      column.at(divergence.value("call_number", 1u) - 1).diverges = true;
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

// The verdicts on claims of one kernel, by the claims' ids.
std::map<std::string, std::string> ClaimsOf(const KernelOptions& kernel) {
  std::string text;
  if (RunsElsewhere(kernel)) {
    text = OutputOfGuest(kernel, {"spec", "--claims", "--format=json"});
  } else {
    PrepareKernel(kernel);
    const Profile profile = ProfileFor(kernel);
    const std::unique_ptr<Kernel> made = MakeKernel(kernel, profile);
    const std::vector<ClaimColumn> column = {ColumnOf("this kernel", *made)};
    text = ClaimsJson(column);
  }
  std::map<std::string, std::string> verdicts;
  const Json claims = Json::parse(text, nullptr, false);
  if (!claims.is_array()) throw Stop{kExitUnavailable, fmt::format("what {} says cannot be read", kernel.kernel)};
  for (const Json& claim : claims) {
    for (const auto& [column, verdict] : claim["verdicts"].items()) {
      if (column.starts_with("this kernel")) verdicts[claim.value("id", "")] = verdict.value("verdict", "-");
    }
  }
  return verdicts;
}

int RunClaims(const Options& options) {
  std::vector<std::map<std::string, std::string>> columns;
  std::vector<std::string> ids;
  size_t id_width = 0;
  for (const std::string& name : options.kernels) {
    columns.push_back(ClaimsOf(Named(options.kernel, name)));
    for (const auto& [id, verdict] : columns.back()) {
      if (std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
      id_width = std::max(id_width, id.size());
    }
  }
  std::vector<size_t> widths;
  for (size_t k = 0; k < columns.size(); ++k) {
    widths.push_back(options.kernels[k].size());
    for (const auto& [id, verdict] : columns[k]) widths[k] = std::max(widths[k], verdict.size());
  }
  std::string text = fmt::format("    {:<{}}", "", id_width);
  for (size_t k = 0; k < columns.size(); ++k) text += fmt::format("  {:<{}}", options.kernels[k], widths[k]);
  Json json = Json::array();
  int differing = 0;
  for (const std::string& id : ids) {
    Json verdicts = Json::object();
    std::string cells;
    bool differs = false;
    for (size_t k = 0; k < columns.size(); ++k) {
      const std::string& verdict = columns[k][id];
      differs |= verdict != columns[0][id];
      cells += fmt::format("  {:<{}}", verdict, widths[k]);
      verdicts[options.kernels[k]] = verdict;
    }
    differing += differs;
    TrimEnd(cells);
    TrimEnd(text);
    text += fmt::format("\n  {} {:<{}}{}", differs ? Yellow("*") : " ", id, id_width, cells);
    json.push_back({{"claim", id}, {"differs", differs}, {"verdicts", verdicts}});
  }
  if (options.json) {
    fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
  } else {
    fmt::print("{}\n  {} of {} claims differ (*); `sockspec spec --claims` has what they say\n", text, differing, ids.size());
  }
  return kExitConforms;
}

int RunMatrix(Options options) {
  if (options.claims) {
    if (!options.files.empty()) throw Stop{kExitUnusable, "--claims has programs of its own, and takes no files"};
    return RunClaims(options);
  }
  if (options.files.empty()) throw Stop{kExitUnusable, "FILE is required: programs to run, or --claims"};
  std::vector<Transcript> programs;
  for (const std::string& file : options.files) programs.push_back(ReadProgram(file));

  // The same specification for all, the one that suits the first kernel.
  options.kernel.kernel = options.kernels[0];
  const Profile profile = ProfileFor(options.kernel);
  // By kernel, then program. Guests come first: they start other processes, which kernels of this one hold up.
  std::vector<std::vector<std::vector<Cell>>> table(options.kernels.size());
  for (const bool guests : {true, false}) {
    for (size_t k = 0; k < options.kernels.size(); ++k) {
      const KernelOptions one = Named(options.kernel, options.kernels[k]);
      CheckKernelName(one);
      if (RunsElsewhere(one) != guests) continue;
      if (guests) {
        table[k] = GuestColumns(one, profile, options.files, programs);
        continue;
      }
      PrepareKernel(one);
      const std::unique_ptr<Kernel> kernel = MakeKernel(one, profile);
      Lockstep lockstep(*kernel, profile);
      for (const Transcript& transcript : programs) table[k].push_back(Column(transcript.program, lockstep));
    }
  }

  bool diverged = false;
  Json json = Json::array();
  for (size_t f = 0; f < programs.size(); ++f) {
    const Program& program = programs[f].program;
    std::vector<std::vector<Cell>> columns;
    for (const auto& of_kernel : table) columns.push_back(of_kernel[f]);

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
    TrimEnd(text);
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
      TrimEnd(line);
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
  command->add_option("FILE", options->files, "Programs; - is standard input")->type_name("");
  command->add_flag("--claims", options->claims, "Instead of programs: the claims of `sockspec spec --claims`");
  command->add_option("--kernels", options->kernels, "The kernels, one column each: linux, uml, gvisor, lwip, preload:LIB.so, fake")
      ->type_name("A,B")
      ->delimiter(',')
      ->allow_extra_args(false)
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
