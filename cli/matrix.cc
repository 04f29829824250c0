// sockspec matrix: the same programs on several kernels, side by side.

#include <algorithm>
#include <cstdio>
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
#include "model/profile.h"
#include "model/program/text.h"
#include "nlohmann/json.hpp"
#include "properties/claims.h"
#include "sut/kernel.h"

namespace sockspec {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  KernelOptions kernel;
  std::vector<std::string> files;
  std::vector<std::string> kernels = {"linux", "fake"};
  bool json = false;
  bool claims = false;
  bool as_it_goes = false;
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
  if (!guest && options.kernel != "lwip") {
    options.image.clear();
    options.kernel_arguments.clear();
  }
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
    arguments.insert(kind);
  }
  if (!options.kernel.image.empty() && images.size() != 1) {
    throw Stop{kExitUnusable, images.empty() ? "--kernel-image: none of --kernels takes one; expected uml, gvisor or lwip among them"
                                             : fmt::format("--kernel-image: which of {} is meant? Write --kernels={}:{} instead",
                                                           fmt::join(images, ", "), *images.begin(), options.kernel.image)};
  }
  if (!options.kernel.kernel_arguments.empty() && arguments.size() != 1) {
    throw Stop{kExitUnusable, arguments.empty()
                                  ? "--kernel-args: none of --kernels takes any; expected uml, gvisor or lwip among them"
                                  : "--kernel-args: uml, gvisor and lwip take different ones; expected one of them in --kernels"};
  }
  if (!options.kernel.platform.empty() && !arguments.contains("gvisor")) {
    throw Stop{kExitUnusable, "--platform is gVisor's, and --kernels does not have it"};
  }
}

// What one kernel came to in one program.
struct Column {
  std::vector<Matrix::Cell> cells;  // as many as the program has calls
  std::string note;                 // why there is nothing from some call on; empty: there is
  bool unjudged = false;            // and that is not for what the kernel does not have
  bool none = false;                // the kernel could not be had for it
};

// A program that took too long met something outside the model; it is run again.
constexpr int kTries = 3;

// With --as-it-goes: tells each reply when it is there, for whoever wants to know how far a kernel got that died.
class TellsReplies : public Kernel {
 public:
  explicit TellsReplies(Kernel& kernel) : kernel_(kernel) {}
  std::string family() const override { return kernel_.family(); }
  std::string option() const override { return kernel_.option(); }
  std::string release() const override { return kernel_.release(); }
  Trouble Reset(const Environment& env) override {
    TellBegin();
    return kernel_.Reset(env);
  }
  Trouble ResetFresh(const Environment& env) override {
    TellBegin();
    return kernel_.ResetFresh(env);
  }
  Reply Run(const Call& call) override {
    const Reply reply = kernel_.Run(call);
    fmt::print("{}\n", Json({{"reply", PrintReply(call, reply)}}).dump(-1, ' ', false, Json::error_handler_t::replace));
    fflush(stdout);
    return reply;
  }
  std::string_view Lacks(const Call& call) const override { return kernel_.Lacks(call); }
  std::string_view Lacks(const Environment& env) const override { return kernel_.Lacks(env); }
  Trouble PrepareThreads() override { return kernel_.PrepareThreads(); }
  void Disturb(unsigned seed) override { kernel_.Disturb(seed); }
  bool Coincidence() const override { return kernel_.Coincidence(); }

 private:
  // What is told from here on is of the program's beginning: it may be played a second time.
  static void TellBegin() {
    fmt::print("{}\n", Json({{"begins", true}}).dump());
    fflush(stdout);
  }

  Kernel& kernel_;
};

Column ColumnHere(const Program& program, Lockstep& lockstep) {
  const Run* run = nullptr;
  for (int i = 0; i < kTries; ++i) {
    run = &lockstep.PlayFresh(program);
    if (!run->discarded || run->trouble.any() || !run->lacks.empty()) break;
  }
  Column column{.cells = std::vector<Matrix::Cell>(program.calls.size()), .note = run->trouble.what};
  column.unjudged = run->trouble.any() || (run->discarded && run->lacks.empty());
  column.none = run->trouble.any();
  if (column.none) return column;
  for (size_t i = 0; i < run->replies.size(); ++i) {
    column.cells[i].said = PrintReply(program.calls[i], run->replies[i]);
  }
  for (const Divergence& divergence : run->divergences) {
    Matrix::Cell& cell = column.cells[static_cast<size_t>(divergence.index)];
    cell.diverges = true;
    if (divergence.expected != nullptr) cell.clause = divergence.expected->id;
  }
  const size_t made = run->replies.size();
  if (!run->lacks.empty()) {
    column.note = fmt::format("{}; {} of {} calls were made", run->why_discarded, made, program.calls.size());
  } else if (run->discarded) {
    column.note = fmt::format("cannot be judged, after {} of {} calls: {}", made, program.calls.size(), run->why_discarded);
  } else if (made < program.calls.size()) {
    column.note = fmt::format("{} of {} calls were made: what the others should give is not known", made, program.calls.size());
  }
  return column;
}

// The document that `sockspec matrix --json --as-it-goes` ends with, behind the lines that it told before.
Json DocumentAtTheEnd(const std::string& output) {
  const size_t at = output.find("\n[");
  return Json::parse(output.starts_with("[") || at == std::string::npos ? output : output.substr(at + 1), nullptr, false);
}

// Of a program in which the kernel went away: the replies that came before, and the call that it did not survive.
Column ColumnOfTheDead(const GuestOutput& output, size_t calls) {
  Column column{.cells = std::vector<Matrix::Cell>(calls), .note = output.words};
  size_t i = 0;
  for (size_t from = 0; from < output.text.size();) {
    const size_t end = std::min(output.text.find('\n', from), output.text.size());
    const Json told = Json::parse(output.text.substr(from, end - from), nullptr, false);
    if (!told.is_object()) break;
    from = end + 1;
    if (told.contains("begins")) {
      column.cells.assign(calls, {});
      i = 0;
    } else if (i < calls) {
      column.cells[i++].said = told.value("reply", "-");
    }
  }
  if (i == calls) --i;  // it survived the last call, and not what clears up after it
  column.cells[i] = {.said = output.hung ? "the kernel hung" : "the kernel died", .diverges = true};
  return column;
}

// Whether the matrix makes another process of its own for it: a stack may die of a program, and takes its process with it.
bool NeedsAProcess(const KernelOptions& kernel) { return IsWithinTheProcess(kernel); }

// The same of a kernel that runs sockspec inside, or in a process of its own: one start for all programs. `release` becomes what it says it is.
// Where it dies, each program gets a start of its own, so that those which it survives have their replies.
std::vector<Column> ColumnsElsewhere(const KernelOptions& kernel, const Profile& profile,
                                     const std::vector<std::string>& files, const std::vector<Transcript>& programs,
                                     std::string* release) {
  const std::string inside = NeedsAProcess(kernel) ? kernel.kernel : "linux";
  std::vector<std::string> arguments = {"matrix", "--json", "--as-it-goes", "--kernels=" + inside, "--profile=" + profile.name()};
  if (NeedsAProcess(kernel) && !kernel.image.empty()) arguments.push_back("--kernel-image=" + kernel.image);
  if (NeedsAProcess(kernel) && !kernel.kernel_arguments.empty()) arguments.push_back("--kernel-args=" + kernel.kernel_arguments);
  arguments.insert(arguments.end(), files.begin(), files.end());
  // Standard input has been read by now.
  const auto dash = std::ranges::find(files, "-");
  const std::string input =
      dash == files.end() ? "" : PrintText(programs[static_cast<size_t>(dash - files.begin())].program);
  const GuestOutput output = OutputOfGuest(kernel, arguments, input);
  std::vector<Column> columns;
  if (output.died || output.hung) {
    for (size_t f = 0; f < programs.size(); ++f) {
      columns.push_back(programs.size() > 1 ? ColumnsElsewhere(kernel, profile, {files[f]}, {programs[f]}, release)[0]
                                            : ColumnOfTheDead(output, programs[f].program.calls.size()));
    }
    return columns;
  }
  if (output.status == kExitUnavailable) {
    throw Stop{kExitUnavailable, fmt::format("so says the one inside {}", kernel.kernel)};
  }
  const Json said = DocumentAtTheEnd(output.text);
  for (size_t f = 0; f < programs.size(); ++f) {
    const size_t calls = programs[f].program.calls.size();
    Column& column = columns.emplace_back(Column{.cells = std::vector<Matrix::Cell>(calls)});
    const Json file = said.is_array() && f < said.size() ? said[f] : Json();
    if (!file.is_object() || !file.contains("calls") || file["calls"].size() != calls) {
      column.note = fmt::format("`sockspec matrix` failed inside, with status {}", output.status);
      column.unjudged = true;
      continue;
    }
    for (size_t i = 0; i < calls; ++i) {
      const Json reply = file["calls"][i]["replies"].value(inside, Json::object());
      column.cells[i] = {.said = reply.value("reply", "-"), .diverges = reply.value("diverges", false), .clause = reply.value("clause", "")};
    }
    const Json note = file.value("notes", Json::object()).value(inside, Json::object());
    column.note = note.value("what", "");
    column.unjudged = note.value("unjudged", false);
    *release = file.value("releases", Json::object()).value(inside, "");
  }
  return columns;
}

struct ClaimVerdicts {
  std::map<std::string, std::string> by_id;
  std::string release;
  std::string note;  // why there are none; empty: there are
};

// The verdicts on claims of one kernel.
ClaimVerdicts ClaimsOf(const KernelOptions& kernel) {
  ClaimVerdicts verdicts;
  std::string text;
  constexpr std::string_view kThis = "this kernel";
  if (RunsElsewhere(kernel)) {
    const GuestOutput output = OutputOfGuest(kernel, {"spec", "--claims", "--format=json"});
    text = output.text;
    verdicts.note = output.died || output.hung ? output.words : "";
    if (verdicts.note.empty() && !Json::accept(text)) {
      verdicts.note = fmt::format("`sockspec spec --claims` failed inside, with status {}", output.status);
    }
    if (!verdicts.note.empty()) return verdicts;
  } else {
    PrepareKernel(kernel);
    const Profile profile = ProfileFor(kernel);
    const std::unique_ptr<Kernel> made = MakeKernel(kernel, profile);
    const std::vector<ClaimColumn> column = {ColumnOf(fmt::format("{}, {}", kThis, made->release()), *made)};
    text = ClaimsJson(column);
  }
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
      const bool judged = verdict != verdicts.by_id.end() && verdict->second != ClaimVerdictName(ClaimVerdict::kUnjudged);
      row.cells.push_back({.said = judged ? verdict->second : "-"});
    }
    matrix.releases.push_back(verdicts.release);
    if (!verdicts.note.empty()) {
      table.notes.push_back({.kernel = matrix.releases.size() - 1, .what = verdicts.note, .unjudged = true});
    }
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
      if ((RunsElsewhere(one) || (NeedsAProcess(one) && !options.as_it_goes)) != elsewhere) continue;
      if (elsewhere) {
        columns[k] = ColumnsElsewhere(one, profile, options.files, programs, &matrix.releases[k]);
        continue;
      }
      PrepareKernel(one);
      const std::unique_ptr<Kernel> kernel = MakeKernel(one, profile);
      matrix.releases[k] = kernel->release();
      // Whether its loopback is late is a fact about the kernel, and nothing that it does wrong.
      Profile on_it = profile;
      on_it.late = on_it.late || ResolveProfile("linux", kernel->release()).profile.late;
      TellsReplies telling(*kernel);
      Lockstep lockstep(options.as_it_goes ? telling : *kernel, on_it);
      for (const Transcript& transcript : programs) columns[k].push_back(ColumnHere(transcript.program, lockstep));
      if (std::ranges::all_of(columns[k], &Column::none)) throw Stop{kExitUnavailable, columns[k][0].note};
    }
  }
  for (size_t f = 0; f < programs.size(); ++f) {
    Matrix::Table& table = matrix.tables.emplace_back(Matrix::Table{.name = NameOf(options.files[f])});
    for (size_t i = 0; i < programs[f].program.calls.size(); ++i) {
      Matrix::Row& row = table.rows.emplace_back(Matrix::Row{.what = PrintCall(programs[f].program.calls[i])});
      for (const auto& of_kernel : columns) row.cells.push_back(of_kernel[f].cells[i]);
    }
    for (size_t k = 0; k < columns.size(); ++k) {
      const Column& column = columns[k][f];
      if (!column.note.empty()) table.notes.push_back({.kernel = k, .what = column.note, .unjudged = column.unjudged});
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
  for (const Matrix::Note& note : table.notes) {
    text += fmt::format("  {}: {}\n", Yellow(matrix.kernels[note.kernel]), note.what);
  }
  return text;
}

// How far the kernels agree.
std::string Agreement(const Matrix& matrix, const Matrix::Table& table, std::string_view rows, std::string_view legend) {
  const int parting = table.parting(), compared = table.compared();
  const int all = static_cast<int>(table.rows.size());
  if (parting > 0) return fmt::format("{} of {} {} differ (*){}", parting, all, rows, legend);
  if (compared == 0) {
    return fmt::format("nothing to compare: {}", matrix.kernels.size() == 1 ? "there is one kernel" : "no two kernels answered");
  }
  return compared == all ? "no difference"
                         : fmt::format("no difference in the {} of {} {} that two or more answered", compared, all, rows);
}

void PrintClaims(const Matrix& matrix, bool as_json) {
  const Matrix::Table& table = matrix.tables[0];
  if (!as_json) {
    fmt::print("{}  {}; `sockspec spec --claims` has what they say\n", TableText(matrix, table),
               Agreement(matrix, table, "claims", ""));
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
      fmt::print("{}\n{}  {}\n\n", Bold(table.name), TableText(matrix, table),
                 Agreement(matrix, table, "calls", fmt::format("; ! diverges from {}", matrix.profile)));
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
    Json releases = Json::object(), notes = Json::object();
    for (size_t k = 0; k < matrix.kernels.size(); ++k) releases[matrix.kernels[k]] = matrix.releases[k];
    for (const Matrix::Note& note : table.notes) {
      notes[matrix.kernels[note.kernel]] = {{"what", note.what}, {"unjudged", note.unjudged}};
    }
    json.push_back({{"file", table.name},
                    {"profile", matrix.profile},
                    {"releases", releases},
                    {"compared", table.compared()},
                    {"notes", notes},
                    {"calls", rows}});
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
    int rows = 0, parting = 0;
    for (const Matrix::Table& table : matrix.tables) {
      rows += static_cast<int>(table.rows.size());
      parting += table.parting();
    }
    fmt::print("{}: {} {}, {} on which {} part\n", options.html, rows, options.claims ? "claims" : "calls", parting,
               fmt::join(options.kernels, ", "));
  } else if (options.claims) {
    PrintClaims(matrix, options.json);
  } else {
    PrintPrograms(matrix, options.json);
  }
  return matrix.diverges() ? kExitDiverges : matrix.unjudged() ? kExitUnusable : kExitConforms;
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
  // For the matrix outside, which starts this one where programs run.
  command->add_flag("--as-it-goes", options->as_it_goes)->group("");
  command->add_flag("--json", options->json, "Print one JSON list, for programs");
  command->callback([options, &status] { status = RunMatrix(*options); });
}

}  // namespace sockspec
