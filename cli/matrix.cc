// sockspec matrix: the same programs on several kernels, side by side.

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "CLI/CLI.hpp"
#include "cli/command.h"
#include "cli/files.h"
#include "cli/guest.h"
#include "cli/kernels.h"
#include "cli/stop.h"
#include "cli/terminal.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "fuzz/lockstep.h"
#include "fuzz/matrix_page.h"
#include "model/clause.h"
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
  std::string html;
};

void TrimEnd(std::string& text) { text.erase(text.find_last_not_of(' ') + 1); }

// Kernels that may be told which file they are: `uml:./linux` in --kernels.
constexpr std::string_view kWithImages[] = {"uml", "gvisor", "lwip"};

// Which of kWithImages `name` is, or nothing. `image` is what stands behind the colon.
std::string KindWithImage(const std::string& name, std::string* image) {
  const std::string kind = name.substr(0, name.find(':'));
  if (std::ranges::find(kWithImages, kind) == std::end(kWithImages)) return "";
  *image = kind.size() < name.size() ? name.substr(kind.size() + 1) : "";
  return kind;
}

// `name` with those of the options that it takes; an image of its own wins.
KernelOptions Named(KernelOptions options, const std::string& name) {
  options.kernel = name;
  std::string image;
  if (const std::string kind = KindWithImage(name, &image); !kind.empty()) {
    options.kernel = kind;
    if (!image.empty()) options.image = image;
  }
  const bool guest = options.kernel == "uml" || options.kernel == "gvisor";
  if (!guest && options.kernel != "lwip") options.image.clear();
  if (!guest) options.kernel_arguments.clear();
  if (options.kernel != "gvisor") options.platform.clear();
  if (name != "fake") options.mutant.clear();
  return options;
}

// --kernel-image and --kernel-args are for one kind of kernel.
void CheckGuestOptions(const Options& options) {
  std::set<std::string> images, arguments;
  for (const std::string& name : options.kernels) {
    std::string image;
    const std::string kind = KindWithImage(name, &image);
    if (kind.empty()) continue;
    if (image.empty()) images.insert(kind);
    if (kind != "lwip") arguments.insert(kind);
  }
  if (!options.kernel.image.empty() && images.size() != 1) {
    throw Stop{kExitUnusable, images.empty() ? "--kernel-image: none of --kernels takes one; expected uml, gvisor or lwip among them"
                                             : fmt::format("--kernel-image: which of {} is meant? Write --kernels={}:{} instead",
                                                           fmt::join(images, ", "), *images.begin(), options.kernel.image)};
  }
  if (!options.kernel.kernel_arguments.empty() && arguments.size() != 1) {
    throw Stop{kExitUnusable, arguments.empty()
                                  ? "--kernel-args: none of --kernels takes any; expected uml or gvisor among them"
                                  : "--kernel-args: uml and gvisor take different ones; expected one of them in --kernels"};
  }
  if (!options.kernel.platform.empty() && !arguments.contains("gvisor")) {
    throw Stop{kExitUnusable, "--platform is gVisor's, and --kernels does not have it"};
  }
}

using Column = std::vector<Matrix::Cell>;  // of one program, as many as it has calls

Column ColumnHere(const Program& program, Lockstep& lockstep) {
  const Run& run = lockstep.PlayFresh(program);
  if (run.trouble.any()) throw Stop{kExitUnavailable, run.trouble.what};
  Column column(program.calls.size());
  for (size_t i = 0; i < run.replies.size(); ++i) {
    column[i].said = PrintReply(program.calls[i], run.replies[i]);
  }
  for (const Divergence& divergence : run.divergences) {
    Matrix::Cell& cell = column[static_cast<size_t>(divergence.index)];
    cell.diverges = true;
    if (divergence.expected != nullptr) cell.clause = divergence.expected->id;
  }
  return column;
}

// The same of a kernel that runs sockspec inside: one start for all programs. `release` becomes what it says it is.
// Where it dies, each program gets a start of its own, so that those which it survives have their replies.
std::vector<Column> ColumnsElsewhere(const KernelOptions& kernel, const Profile& profile,
                                     const std::vector<std::string>& files, const std::vector<Transcript>& programs,
                                     std::string* release) {
  std::vector<std::string> arguments = {"check", "--json", "--profile=" + profile.name()};
  arguments.insert(arguments.end(), files.begin(), files.end());
  // Standard input has been read by now.
  const auto dash = std::ranges::find(files, "-");
  const std::string input =
      dash == files.end() ? "" : PrintText(programs[static_cast<size_t>(dash - files.begin())].program);
  bool died = false;
  const std::string output = OutputOfGuest(kernel, arguments, input, &died);
  std::vector<Column> columns;
  if (died) {
    for (size_t f = 0; f < programs.size(); ++f) {
      if (programs.size() > 1) {
        columns.push_back(ColumnsElsewhere(kernel, profile, {files[f]}, {programs[f]}, release)[0]);
      } else {
        columns.emplace_back(programs[f].program.calls.size(), Matrix::Cell{.said = "the kernel died", .diverges = true});
      }
    }
    return columns;
  }
  const Json said = Json::parse(output, nullptr, false);
  for (size_t f = 0; f < programs.size(); ++f) {
    Column column(programs[f].program.calls.size());
    const Json file = said.is_object() && said.contains("files") && f < said["files"].size() ? said["files"][f] : Json();
    if (!file.is_object()) throw Stop{kExitUnavailable, fmt::format("what {} says cannot be read", kernel.kernel)};
    for (size_t i = 0; file.contains("calls") && i < std::min(column.size(), file["calls"].size()); ++i) {
      column[i].said = file["calls"][i].value("reply", "-");
    }
    for (const Json& divergence : file.contains("divergences") ? file["divergences"] : Json::array()) {
      Matrix::Cell& cell = column.at(divergence.value("call_number", 1u) - 1);
      cell.diverges = true;
      cell.clause = divergence.value("clause", "");
    }
    columns.push_back(std::move(column));
  }
  *release = said.value("release", "");
  return columns;
}

struct ClaimVerdicts {
  std::map<std::string, std::string> by_id;
  std::string release;
};

// The verdicts on claims of one kernel.
ClaimVerdicts ClaimsOf(const KernelOptions& kernel) {
  std::string text;
  constexpr std::string_view kThis = "this kernel";
  if (RunsElsewhere(kernel)) {
    text = OutputOfGuest(kernel, {"spec", "--claims", "--format=json"});
  } else {
    PrepareKernel(kernel);
    const Profile profile = ProfileFor(kernel);
    const std::unique_ptr<Kernel> made = MakeKernel(kernel, profile);
    const std::vector<ClaimColumn> column = {ColumnOf(fmt::format("{}, {}", kThis, made->release()), *made)};
    text = ClaimsJson(column);
  }
  ClaimVerdicts verdicts;
  const Json claims = Json::parse(text, nullptr, false);
  if (!claims.is_array()) throw Stop{kExitUnavailable, fmt::format("what {} says cannot be read", kernel.kernel)};
  for (const Json& claim : claims) {
    for (const auto& [column, verdict] : claim["verdicts"].items()) {
      if (!column.starts_with(kThis)) continue;
      verdicts.by_id[claim.value("id", "")] = verdict.value("verdict", "-");
      if (column.size() > kThis.size() + 2) verdicts.release = column.substr(kThis.size() + 2);
    }
  }
  return verdicts;
}

Matrix MatrixOfClaims(const Options& options) {
  Matrix matrix{.kernels = options.kernels};
  Matrix::Table& table = matrix.tables.emplace_back(Matrix::Table{.name = "claims"});
  for (const Claim& claim : Claims()) {
    table.rows.push_back({.what = std::string(claim.id), .says = std::string(claim.says)});
  }
  for (const std::string& name : options.kernels) {
    ClaimVerdicts verdicts = ClaimsOf(Named(options.kernel, name));
    for (Matrix::Row& row : table.rows) {
      const auto verdict = verdicts.by_id.find(row.what);
      row.cells.push_back({.said = verdict == verdicts.by_id.end() ? "-" : verdict->second});
    }
    matrix.releases.push_back(verdicts.release);
  }
  return matrix;
}

Matrix MatrixOfPrograms(Options options) {
  std::vector<Transcript> programs;
  for (const std::string& file : options.files) programs.push_back(ReadProgram(file));
  // The same specification for all, the one that suits the first kernel.
  const Profile profile = ProfileFor(Named(options.kernel, options.kernels[0]));
  Matrix matrix{.kernels = options.kernels, .releases = std::vector<std::string>(options.kernels.size()), .profile = profile.name()};
  // By kernel, then program. Guests come first: they start other processes, which kernels of this one hold up.
  std::vector<std::vector<Column>> columns(options.kernels.size());
  for (const bool elsewhere : {true, false}) {
    for (size_t k = 0; k < options.kernels.size(); ++k) {
      const KernelOptions one = Named(options.kernel, options.kernels[k]);
      CheckKernelName(one);
      if (RunsElsewhere(one) != elsewhere) continue;
      if (elsewhere) {
        columns[k] = ColumnsElsewhere(one, profile, options.files, programs, &matrix.releases[k]);
        continue;
      }
      PrepareKernel(one);
      const std::unique_ptr<Kernel> kernel = MakeKernel(one, profile);
      matrix.releases[k] = kernel->release();
      Lockstep lockstep(*kernel, profile);
      for (const Transcript& transcript : programs) columns[k].push_back(ColumnHere(transcript.program, lockstep));
    }
  }
  for (size_t f = 0; f < programs.size(); ++f) {
    Matrix::Table& table = matrix.tables.emplace_back(Matrix::Table{.name = NameOf(options.files[f])});
    for (size_t i = 0; i < programs[f].program.calls.size(); ++i) {
      Matrix::Row& row = table.rows.emplace_back(Matrix::Row{.what = PrintCall(programs[f].program.calls[i])});
      for (const auto& of_kernel : columns) row.cells.push_back(of_kernel[f][i]);
    }
  }
  return matrix;
}

// A table in columns for a terminal; rows that part have a star.
std::string TableText(const Matrix& matrix, const Matrix::Table& table) {
  size_t what_width = 0;
  for (const Matrix::Row& row : table.rows) what_width = std::max(what_width, row.what.size());
  std::vector<size_t> widths;
  for (size_t k = 0; k < matrix.kernels.size(); ++k) {
    widths.push_back(matrix.kernels[k].size());
    for (const Matrix::Row& row : table.rows) {
      widths[k] = std::max(widths[k], row.cells[k].said.size() + (matrix.profile.empty() ? 0 : 2));
    }
  }
  std::string text = fmt::format("    {:<{}}", "", what_width);
  for (size_t k = 0; k < widths.size(); ++k) text += fmt::format("  {:<{}}", matrix.kernels[k], widths[k]);
  TrimEnd(text);
  text += "\n";
  for (const Matrix::Row& row : table.rows) {
    std::string line = fmt::format("  {} {:<{}}", row.parts() ? Yellow("*") : " ", row.what, what_width);
    for (size_t k = 0; k < widths.size(); ++k) {
      const Matrix::Cell& cell = row.cells[k];
      const std::string padded = fmt::format("{:<{}}", cell.said + (cell.diverges ? " !" : ""), widths[k]);
      line += "  " + (cell.diverges ? Red(padded) : padded);
    }
    TrimEnd(line);
    text += line + "\n";
  }
  return text;
}

void PrintClaims(const Matrix& matrix, bool as_json) {
  const Matrix::Table& table = matrix.tables[0];
  if (!as_json) {
    fmt::print("{}  {} of {} claims differ (*); `sockspec spec --claims` has what they say\n", TableText(matrix, table),
               table.parting(), table.rows.size());
    return;
  }
  Json json = Json::array();
  for (const Matrix::Row& row : table.rows) {
    Json verdicts = Json::object();
    for (size_t k = 0; k < row.cells.size(); ++k) verdicts[matrix.kernels[k]] = row.cells[k].said;
    json.push_back({{"claim", row.what}, {"differs", row.parts()}, {"verdicts", verdicts}});
  }
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

void PrintPrograms(const Matrix& matrix, bool as_json) {
  Json json = Json::array();
  for (const Matrix::Table& table : matrix.tables) {
    if (!as_json) {
      const int parting = table.parting();
      fmt::print("{}\n{}{}\n", Bold(table.name), TableText(matrix, table),
                 parting == 0 ? "  no difference\n"
                              : fmt::format("  {} of {} calls differ (*); ! diverges from {}\n", parting, table.rows.size(),
                                            matrix.profile));
      continue;
    }
    Json rows = Json::array();
    for (const Matrix::Row& row : table.rows) {
      Json replies = Json::object();
      for (size_t k = 0; k < row.cells.size(); ++k) {
        replies[matrix.kernels[k]] = {{"reply", row.cells[k].said}, {"diverges", row.cells[k].diverges}};
        if (!row.cells[k].clause.empty()) replies[matrix.kernels[k]]["clause"] = row.cells[k].clause;
      }
      rows.push_back({{"call", row.what}, {"differs", row.parts()}, {"replies", replies}});
    }
    json.push_back({{"file", table.name}, {"profile", matrix.profile}, {"calls", rows}});
  }
  if (as_json) fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

int RunMatrix(const Options& options) {
  if (options.claims && !options.files.empty()) {
    throw Stop{kExitUnusable, "--claims has programs of its own, and takes no files"};
  }
  if (!options.claims && options.files.empty()) {
    throw Stop{kExitUnusable, "FILE is required: programs to run, or --claims"};
  }
  CheckGuestOptions(options);
  const Matrix matrix = options.claims ? MatrixOfClaims(options) : MatrixOfPrograms(options);
  if (!options.html.empty()) {
    WriteWhole(options.html, MatrixHtml(matrix, fmt::format("{} on {}", options.claims ? "Claims" : "Programs",
                                                            fmt::join(options.kernels, ", "))));
  } else if (options.claims) {
    PrintClaims(matrix, options.json);
  } else {
    PrintPrograms(matrix, options.json);
  }
  return matrix.diverges() ? kExitDiverges : kExitConforms;
}

}  // namespace

void AddMatrix(CLI::App& app, int& status) {
  CLI::App* command =
      app.add_subcommand("matrix", "The same programs on several kernels, side by side");
  auto options = std::make_shared<Options>();
  command->add_option("FILE", options->files, "Programs; - is standard input")->type_name("");
  command->add_flag("--claims", options->claims, "Instead of programs: the claims of `sockspec spec --claims`");
  command->add_option("--kernels", options->kernels, "The kernels, one column each: linux, uml, gvisor, lwip, preload:LIB.so, fake; uml:FILE, gvisor:FILE and lwip:FILE are others than the installed ones")
      ->type_name("A,B")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
  command
      ->add_option("--mutant", options->kernel.mutant,
                   "A fault for the fake kernel, see check --help")
      ->type_name("CLAUSE");
  AddGuestOptions(*command, options->kernel);
  AddProfileOption(*command, options->kernel);
  command->add_option("--html", options->html, "Write one page instead, that needs nothing else")->type_name("FILE");
  command->add_flag("--json", options->json, "Print one JSON list, for programs");
  command->callback([options, &status] { status = RunMatrix(*options); });
}

}  // namespace sockspec
