// sockspec triage: the findings of a directory, one of them in full, and what is to be done about
// it.

#include "fuzz/triage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "CLI/CLI.hpp"
#include "cli/command.h"
#include "cli/files.h"
#include "cli/stop.h"
#include "cli/terminal.h"
#include "fmt/format.h"
#include "fuzz/ask_again.h"
#include "fuzz/bisect.h"
#include "fuzz/campaign.h"
#include "fuzz/campaign_record.h"
#include "fuzz/deviations.h"
#include "fuzz/finding.h"
#include "fuzz/page.h"
#include "fuzz/regression.h"

namespace sockspec {
namespace {

constexpr char kAcceptedFile[] = "known.deviations";  // in the directory of findings
constexpr char kCorpusWord[] = "corpus";
constexpr char kDeviationsWord[] = "deviations";
constexpr char kCampaignFile[] = "campaign.json";
constexpr char kFound[] = "fuzz/found";               // in a tree of sockspec

struct Options {
  std::string directory;
  std::vector<std::string> words;  // "show", KEY
  std::string order = "worst";
  TriageFilter filter;
  std::string html;
  bool json = false;
  std::string deviations;
  std::string reason, link, expires;  // of accept
  std::string same_as;                // of accept
  std::string as;                     // of accept
  std::string into;                   // of regress
  std::string format = "gtest";       // of export
  std::string output;                 // of bisect-script and export
};

std::string DeviationsFile(const Options& options) {
  return options.deviations.empty() ? options.directory + "/" + kAcceptedFile : options.deviations;
}

// None where nobody named a file and none is there.
Deviations ReadDeviations(const Options& options) {
  const std::string file = DeviationsFile(options);
  if (options.deviations.empty() && !std::filesystem::exists(PathOf(file)))
    return {.file = file, .rows = {}};
  ParsedDeviations parsed = ParseDeviations(ReadWhole(file), file);
  if (!parsed.problem.empty()) throw Stop{kExitUnusable, parsed.problem};
  return std::move(parsed.deviations);
}

// The finding whose key is, or alone contains, `key`.
const TriageRow& Named(const Triage& triage, const std::string& key) {
  const TriageRow* named = nullptr;
  std::string several;
  for (const TriageRow& row : triage.rows) {
    const std::string& own = row.loaded.finding.key;
    if (own == key) return row;
    if (own.find(key) == std::string::npos) continue;
    several += "\n  " + own;
    if (named == nullptr) named = &row;
  }
  for (const LoadedFinding& corrupt : triage.corrupt) {
    const std::string own = std::filesystem::path(corrupt.path).filename().string();
    if (own == key || (named == nullptr && own.find(key) != std::string::npos)) throw Stop{kExitUnusable, corrupt.problem};
  }
  if (named == nullptr) {
    throw Stop{
        kExitUnusable,
        fmt::format("no finding has `{}` in its key; `sockspec triage DIR` lists them", key)};
  }
  if (several.find('\n', 1) != std::string::npos) {
    throw Stop{kExitUnusable, fmt::format("`{}` is in several keys:{}", key, several)};
  }
  return *named;
}

std::vector<KeptDeath> DeathsIn(const std::string& directory) {
  std::vector<KeptDeath> deaths;
  std::vector<std::string> files;
  std::error_code error;
  std::filesystem::directory_iterator file(PathOf(directory + "/.crashes"), error);
  for (; !error && file != std::filesystem::directory_iterator(); file.increment(error)) {
    if (file->path().extension() == ".program") files.push_back(file->path().filename());
  }
  std::ranges::sort(files);
  for (const std::string& name : files) {
    const std::string path = fmt::format("{}/.crashes/{}", directory, name);
    std::ifstream text(PathOf(path));
    KeptDeath death{.path = path, .program = {std::istreambuf_iterator<char>(text), {}}, .tried = !name.starts_with(kUntried)};
    if (death.tried) {
      death.said = name.starts_with(kKernelDied) ? "the kernel died while this ran" : "kills the process that runs it";
    } else {
      const UntriedProgram untried = ParseUntried(death.program, PathOf(path));
      death.said = untried.problem.empty()
                       ? fmt::format("a worker {} while this ran; the next campaign {} tries it alone", untried.how, untried.whose)
                       : "a worker died, perhaps while this ran, and no campaign tries it: " + untried.problem;
    }
    deaths.push_back(std::move(death));
  }
  return deaths;
}

void SayDeaths(const std::vector<KeptDeath>& deaths) {
  for (const KeptDeath& death : deaths) fmt::print("{}: {}\n", death.tried ? Red(death.said) : Yellow(death.said), death.path);
}

int Show(const Options&, const TriageRow& row) {
  fmt::print("{}\nIts directory: {}\n", StoredReport(row.loaded), row.loaded.path);
  if (row.loaded.finding.state != "found")
    fmt::print("\nWhen it was looked for again: {}.\n", row.loaded.finding.state);
  if (!row.accepted.empty()) fmt::print("\nAccepted: {}\n", row.accepted);
  return kExitConforms;
}

// "6.18.44" of "Linux 6.18.44" is one of "6.18.*": the next stable release does not ask again.
std::string VersionsOf(const Finding& finding) {
  const std::string& release = finding.release;
  const size_t digit = release.find_first_of("0123456789");
  if (finding.kernel == "fake" || digit == std::string::npos) return "*";
  const size_t first = release.find('.', digit);
  const size_t second =
      first == std::string::npos ? first : release.find_first_not_of("0123456789", first + 1);
  if (second == std::string::npos) return release.substr(digit);
  return release.substr(digit, second - digit) + (release[second] == '.' ? ".*" : "*");
}

// The last row of the mistake that `words` is a part of the sentence or the link of: --same-as.
const Deviation& RowLike(const Options& options, const Deviations& known, const Finding& f) {
  const Deviation* like = nullptr;
  for (const Deviation& row : known.rows) {
    if (!Applies(row, f.kernel, f.release, f.profile)) continue;
    if (row.link.find(options.same_as) == std::string::npos && row.reason.find(options.same_as) == std::string::npos) continue;
    if (like != nullptr && like->reason != row.reason) {
      throw Stop{kExitUnusable, fmt::format("--same-as: `{}` is in the sentences or links of several mistakes of {}:\n  {}\n  {}",
                                            options.same_as, known.file, like->reason, row.reason)};
    }
    like = &row;
  }
  if (like == nullptr) {
    throw Stop{kExitUnusable, fmt::format("--same-as: no row of {} about {} has `{}` in its sentence or link", known.file,
                                          f.release, options.same_as)};
  }
  return *like;
}

// Where the program of one more row of a mistake belongs: in the directory named like its first program. Empty where
// the rows have no program.
std::string ExampleFile(const Deviations& known, const Deviation& like, const Finding& f) {
  constexpr std::string_view kProgram = ".program";
  const auto first = std::ranges::find(known.rows, like.reason, &Deviation::reason);
  if (!first->link.ends_with(kProgram) || !std::filesystem::exists(PathOf(first->link))) return "";
  const std::string directory = first->link.substr(0, first->link.size() - kProgram.size());
  return fmt::format("{}/{}{}", directory, f.key.substr(f.kernel.size() + 1), kProgram);
}

// What --as says explains the finding.
void WantExplained(const Options& options, const Finding& f) {
  if (options.as.find_first_of("|\n") != std::string::npos) {
    throw Stop{kExitUnusable, fmt::format("--as: found `{}`, expected one line without `|`, for which `?` stands", options.as)};
  }
  const Shown shown = ShownBy(f.key, f.transcript, f.index);
  if (options.as.empty() || Explains({.key = options.as}, shown)) return;
  throw Stop{kExitUnusable,
             fmt::format("--as: `{}` does not explain {}, whose last call is\n  {}", options.as, f.key, shown.calls.back())};
}

// Writes the row, and says which.
void WriteRow(const Options& options, const TriageRow& row) {
  const Finding& f = row.loaded.finding;
  if (options.reason.empty() == options.same_as.empty()) {
    throw Stop{kExitUnusable,
               "accept wants a --reason: what is understood, for whoever reads the file next year; or --same-as: a part of "
               "one that is there"};
  }
  const std::string file = DeviationsFile(options);
  const Deviations known = ReadDeviations(options);
  const Shown shown = ShownBy(f.key, f.transcript, f.index);
  const Deviation* old = FindDeviation(known, f.kernel, f.release, f.profile, shown);
  if (old != nullptr && !Expired(*old, Today())) {
    throw Stop{kExitUnusable, fmt::format("{} is accepted already, in {}:{}: {}", f.key, file, old->line, old->reason)};
  }
  const Deviation* like = options.same_as.empty() ? nullptr : &RowLike(options, known, f);
  const std::string example = like == nullptr ? "" : ExampleFile(known, *like, f);
  const Deviation fresh{.kernel = f.kernel,
                        .version = like == nullptr ? VersionsOf(f) : like->version,
                        .profile = f.profile,
                        .key = options.as.empty() ? f.key : options.as,
                        .reason = like == nullptr ? options.reason : like->reason,
                        .link = !options.link.empty() || like == nullptr ? options.link
                                : example.empty()                        ? like->link
                                                                         : example,
                        .expires = !options.expires.empty() || like == nullptr ? options.expires : like->expires};
  // Of all that have expired and explain it, the same row goes first.
  const auto same = std::ranges::find_if(known.rows, [&](const Deviation& each) {
    return each.key == fresh.key && each.version == fresh.version && each.profile == fresh.profile && Expired(each, Today());
  });
  if (same != known.rows.end()) old = &*same;
  std::string text;
  if (std::filesystem::exists(PathOf(file))) text = ReadWhole(file);
  // Another one that stands for many keys stays, though it has expired.
  const bool replaces = old != nullptr && (same != known.rows.end() || old->key.find_first_of("*{") == std::string::npos);
  text = WithDeviation(text, fresh, replaces ? old : nullptr, like);
  // What cannot be read back is not written.
  const ParsedDeviations parsed = ParseDeviations(text, file);
  if (!parsed.problem.empty()) throw Stop{kExitUnusable, parsed.problem};
  const Deviation* back = FindDeviation(parsed.deviations, f.kernel, f.release, f.profile, shown);
  WantExplained(options, f);
  if (back == nullptr || back->reason != fresh.reason) {
    throw Stop{kExitUnusable, "a reason and a link are one line without `|`"};
  }
  if (Expired(*back, Today())) {
    throw Stop{kExitUnusable, fmt::format("--expires: found `{}`, which is past: today is {}", fresh.expires, Today())};
  }
  if (!example.empty() && options.link.empty()) {
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(PathOf(example)).parent_path(), error);
    WriteWhole(example, ExampleProgram(f, fresh.reason));
    fmt::print("written: {}\n", example);
  }
  // In one step, so that a campaign that reads it meanwhile gets all of it or what was there
  // before.
  WriteWhole(file + ".new", text);
  if (rename(PathOf(file + ".new").c_str(), PathOf(file).c_str()) != 0) {
    throw Stop{kExitUnusable, fmt::format("cannot write {}: {}", file, strerror(errno))};
  }
  fmt::print("{}:{}: {}", file, back->line, DeviationLine(fresh));
  if (old == nullptr) return;
  if (replaces) {
    fmt::print("It stands in place of a row that expired after {}: {}\n", old->expires, old->reason);
  } else {
    fmt::print("The row for {} expired after {}, and stays in {}:{}: it stands for other keys, too: {}\n", old->key, old->expires,
               file, old->line, old->reason);
  }
}

void SayWhoFinds(const Options& options, std::string_view them) {
  const std::string file = DeviationsFile(options);
  fmt::print("Review {}. {}\n", them, options.deviations.empty()
                                    ? fmt::format("Campaigns in {} find {} there", options.directory, them)
                                    : fmt::format("Give {} to campaigns: sockspec fuzz --deviations={}", them, file));
}

int Accept(const Options& options, const TriageRow& row) {
  WriteRow(options, row);
  SayWhoFinds(options, "it");
  return kExitConforms;
}

// One cause shows in many calls and kinds of sockets: all that the filters leave, but for what is accepted already, and
// for what comes now and then or no more, unless that was asked for: a row for it would be missed by the next campaign.
int AcceptAll(const Options& options, Triage& triage) {
  Filter(triage.rows, options.filter);
  std::erase_if(triage.rows, [](const TriageRow& row) { return !row.accepted.empty(); });
  const size_t left = triage.rows.size();
  std::erase_if(triage.rows, [&](const TriageRow& row) {
    const Finding& f = row.loaded.finding;
    return (options.filter.state.empty() && f.state == "fixed") ||
           (options.filter.kind.empty() && f.kind != FindingClass::kConfirmed);
  });
  const size_t passed_over = left - triage.rows.size();
  if (triage.rows.empty()) {
    throw Stop{kExitUnusable, passed_over == 0 ? "no finding is such a one and not accepted already"
                                               : "all such findings are fixed or not confirmed; say --state or --class to accept them"};
  }
  if (passed_over != 0) fmt::print("{} passed over, which are fixed or not confirmed.\n", passed_over);
  for (const TriageRow& row : triage.rows) WantExplained(options, row.loaded.finding);
  size_t rows = 0;
  for (const TriageRow& row : triage.rows) {
    // By --as, one row explains what others show.
    const Finding& f = row.loaded.finding;
    const Deviations known = ReadDeviations(options);
    const Deviation* accepted = FindDeviation(known, f.kernel, f.release, f.profile, ShownBy(f.key, f.transcript, f.index));
    if (accepted != nullptr && !Expired(*accepted, Today())) continue;
    WriteRow(options, row);
    ++rows;
  }
  SayWhoFinds(options, rows == 1 ? "it" : "them");
  return kExitConforms;
}

int Regress(const Options& options, const TriageRow& row) {
  const Finding& f = row.loaded.finding;
  if (f.kind != FindingClass::kConfirmed) {
    throw Stop{kExitUnusable, fmt::format("{} is {}: a test of it would fail every now and then",
                                          f.key, FindingClassName(f.kind))};
  }
  std::string into = options.into;
  if (into.empty()) {
    if (f.kernel != "linux") {
      throw Stop{
          kExitUnusable,
          fmt::format(
              "{} is about the kernel `{}`, and the tests in {} run on linux; say --into=DIR",
              f.key, f.kernel, kFound)};
    }
    if (!std::filesystem::is_directory(PathOf(kFound))) {
      throw Stop{kExitUnusable,
                 fmt::format("there is no {} here; run it in a tree of sockspec, or say --into=DIR",
                             kFound)};
    }
    into = fmt::format("{}/{}", kFound, f.kernel);
  }
  std::error_code error;
  std::filesystem::create_directories(PathOf(into), error);
  if (error)
    throw Stop{kExitUnusable,
               fmt::format("cannot make the directory {}: {}", into, error.message())};
  const std::string file = fmt::format("{}/{}.program", into, f.key.substr(f.kernel.size() + 1));
  const bool again = std::filesystem::exists(PathOf(file));
  WriteWhole(file, RegressionProgram(f));
  fmt::print("{} {}\n", again ? "written anew:" : "written:", file);
  const std::string check = CheckCommand(AskedOf(f), file);
  if (options.into.empty()) {
    fmt::print("It runs with: bazel test //fuzz/found:regressions_test\nor alone:     {}\n", check);
  } else {
    fmt::print("It runs with: {}\nwhich exits 1 as soon as the kernel answers anything else.\n",
               check);
  }
  return kExitConforms;
}

// For whoever may read it.
void MakeExecutable(const std::string& file) {
  struct stat status;
  if (stat(PathOf(file).c_str(), &status) != 0) return;
  const mode_t readers = status.st_mode & 0444;
  if (S_ISREG(status.st_mode) && chmod(PathOf(file).c_str(), status.st_mode | readers >> 2) != 0) {
    throw Stop{kExitUnusable, fmt::format("cannot make {} executable: {}", file, strerror(errno))};
  }
}

int Bisect(const Options& options, const TriageRow& row) {
  std::string c = StoredC(row.loaded);
  if (c.empty()) throw Stop{kExitUnusable, row.loaded.path + "/repro.c is gone"};
  const BisectScript bisect = BisectScriptOf(row.loaded.finding, c);
  if (!bisect.problem.empty()) throw Stop{kExitUnusable, bisect.problem};
  WriteWhole(options.output, bisect.script);
  if (!options.output.empty() && options.output != "-") MakeExecutable(options.output);
  return kExitConforms;
}

int Export(const Options& options, const TriageRow& row) {
  const Finding& f = row.loaded.finding;
  if (options.format == "gtest") {
    WriteWhole(options.output, GtestOf(f));
    return kExitConforms;
  }
  const PacketdrillScript packetdrill = PacketdrillOf(f);
  if (!packetdrill.problem.empty()) {
    throw Stop{kExitUnusable,
               fmt::format("no packetdrill script can say it. {}; --format=gtest says everything",
                           packetdrill.problem)};
  }
  WriteWhole(options.output, packetdrill.script);
  return kExitConforms;
}

bool IsAny(const TriageFilter& f) {
  return !(f.call.empty() && f.clause.empty() && f.kind.empty() && f.state.empty() && f.text.empty());
}

// What may be done with one finding.
constexpr struct {
  std::string_view word;
  int (*act)(const Options&, const TriageRow&);
} kActions[] = {{"show", Show},
                {"accept", Accept},
                {"regress", Regress},
                {"bisect-script", Bisect},
                {"export", Export}};

int Act(const Options& options, Triage& triage) {
  if (options.words.size() == 1 && options.words[0] == "accept" && IsAny(options.filter)) return AcceptAll(options, triage);
  for (const auto& action : kActions) {
    if (options.words.size() == 2 && options.words[0] == action.word) {
      return action.act(options, Named(triage, options.words[1]));
    }
  }
  std::string words;
  for (const auto& action : kActions)
    words += fmt::format("{}`{} KEY`", words.empty() ? "" : ", ", action.word);
  throw Stop{kExitUnusable,
             fmt::format("found `{}` after the directory, expected {}, `{}` or `{}`; or `accept` with a filter, such as "
                         "--clause=accept.aborted",
                         fmt::join(options.words, " "), words, kDeviationsWord, kCorpusWord)};
}

TriageOrder OrderOf(const std::string& name) {
  if (name == "newest") return TriageOrder::kNewest;
  if (name == "clause") return TriageOrder::kClause;
  return name == "call" ? TriageOrder::kCall : TriageOrder::kWorst;
}

// The corpus as files; no finding is asked for.
int CorpusFiles(const Options& options) {
  int programs = 0;
  if (const Trouble trouble = ExportCorpus(PathOf(options.directory), &programs); trouble.any()) {
    throw Stop{kExitUnusable, trouble.what};
  }
  fmt::print("{} program{} in {}/{}*, a file each, for the libFuzzer targets\n", programs, programs == 1 ? "" : "s",
             options.directory, "corpus");
  return kExitConforms;
}

// The known deviations as campaigns met them, by reason: those of the last run, and what earlier ones left of others.
int ShowDeviations(const Options& options) {
  const CampaignRecord record = ReadCampaignRecord(PathOf(options.directory));
  if (!record.problem.empty()) throw Stop{kExitUnusable, record.problem};
  const std::vector<KnownReason> reasons = ByReason(record.deviations);
  if (options.json) {
    fmt::print("{}", DeviationsJson(reasons));
    return kExitConforms;
  }
  if (reasons.empty()) {
    fmt::print("no campaign in {} was given known deviations (--deviations=FILE)\n", options.directory);
    return kExitConforms;
  }
  size_t never = 0;
  fmt::print("{}\n\n", Dim(fmt::format("{:>12} {:>12}  key", "met", "in last run")));
  for (const KnownReason& reason : reasons) {
    fmt::print("{}\n", Bold(reason.reason.empty() ? "(no reason was written down)" : reason.reason));
    if (!reason.link.empty()) fmt::print("{}\n", Dim(reason.link));
    for (const CampaignRecord::Known& row : reason.rows) {
      if (row.met == 0) ++never;
      fmt::print("{:>12} {:>12}  {}\n", row.met == 0 ? "never" : fmt::format("{}", row.met),
                 row.in_last_run ? fmt::format("{}", row.met_in_last_run) : "-", row.key);
    }
    fmt::print("\n");
  }
  fmt::print("{} row{} of {} reason{}, {} never met\n", record.deviations.size(), record.deviations.size() == 1 ? "" : "s",
             reasons.size(), reasons.size() == 1 ? "" : "s", never);
  return kExitConforms;
}

int RunTriage(const Options& options) {
  if (options.words.size() == 1 && options.words[0] == kDeviationsWord) return ShowDeviations(options);
  if (options.words.size() == 1 && options.words[0] == kCorpusWord) return CorpusFiles(options);
  LoadedFindings all = LoadFindings(PathOf(options.directory));
  if (all.trouble.any()) throw Stop{kExitUnusable, all.trouble.what};
  Triage triage = TriageOf(std::move(all), ReadDeviations(options), Today());
  const TriageOrder order = OrderOf(options.order);
  Sort(triage.rows, order);
  if (!options.words.empty()) {
    const int status = Act(options, triage);
    fflush(stdout);
    return status;
  }
  triage.deaths = DeathsIn(options.directory);
  const size_t before = triage.rows.size();
  Filter(triage.rows, options.filter);
  const size_t shown = triage.rows.size();
  if (!options.html.empty()) {
    WriteWhole(options.html, TriageHtml(triage, ReadCampaignRecord(PathOf(options.directory)),
                                        "sockspec: findings in " + options.directory));
    if (options.html != "-") fmt::print("{} finding{} written to {}\n", shown, shown == 1 ? "" : "s", options.html);
  } else if (options.json) {
    fmt::print("{}", TriageJson(triage));
  } else if (before == 0) {
    const bool campaign = std::filesystem::exists(PathOf(options.directory + "/" + kCampaignFile));
    if (!campaign && triage.corrupt.empty() && triage.deaths.empty()) {
      throw Stop{kExitUnusable, fmt::format("{} is no directory of findings: it has neither a finding nor a {}",
                                            options.directory, kCampaignFile)};
    }
    fmt::print("no findings in {}\n", options.directory);
  } else if (shown == 0) {
    fmt::print("none of the {} finding{} in {} is such a one\n", before, before == 1 ? "" : "s", options.directory);
  } else {
    const std::string of = shown == before ? "" : fmt::format(" of {}", before);
    fmt::print("{}\n{}{} finding{}. One in full: sockspec triage {} show KEY (or a part of it)\n",
               TriageText(triage.rows, order), shown, of, before == 1 ? "" : "s", options.directory);
  }
  if (options.html.empty() && !options.json) SayDeaths(triage.deaths);
  fflush(stdout);
  for (const LoadedFinding& loaded : triage.corrupt) {
    fmt::print(stderr, "sockspec: {}\n", loaded.problem);
  }
  return triage.corrupt.empty() ? kExitConforms : kExitUnusable;
}

}  // namespace

void AddTriage(CLI::App& app, int& status) {
  CLI::App* command =
      app.add_subcommand("triage", "The findings of a directory, and what to do about one");
  auto options = std::make_shared<Options>();
  command->add_option("DIR", options->directory, "Where `sockspec fuzz --out` put them")
      ->type_name("")
      ->required();
  command
      ->add_option("show", options->words,
                   "show KEY: the report on one; a part of its key will do. accept KEY: write it "
                   "down as a known "
                   "deviation; without KEY all that the filters leave. regress KEY: make a test of it. bisect-script KEY: what `git bisect "
                   "run` needs. export KEY: in another form. deviations: the known ones, and how often each was met. corpus: write DIR/corpus now, the "
                   "programs of the corpus as files")
      ->type_name("KEY");
  command
      ->add_option("--sort", options->order,
                   "worst or newest first; by clause or call, under headings")
      ->check(CLI::IsMember({"worst", "newest", "clause", "call"}))
      ->type_name("ORDER")
      ->capture_default_str();
  command->add_option("--call", options->filter.call, "Only those of one call: accept")
      ->type_name("CALL");
  command
      ->add_option("--clause", options->filter.clause,
                   "Only those of one clause, or of all that begin so: accept.aborted")
      ->type_name("CLAUSE");
  command
      ->add_option("--class", options->filter.kind,
                   "Only these: confirmed, unstable or contaminated")
      ->check(CLI::IsMember({"confirmed", "unstable", "contaminated"}))
      ->type_name("CLASS");
  command
      ->add_option("--state", options->filter.state,
                   "Only these: found, still there, fixed or accepted")
      ->check(CLI::IsMember({"found", "still there", "fixed", "accepted"}))
      ->type_name("STATE");
  command->add_option("--text", options->filter.text, "Only those with this in their key")
      ->type_name("TEXT");
  command->add_option("--html", options->html, "Write one page with all of it")->type_name("FILE");
  command->add_flag("--json", options->json, "Print one JSON object, for programs");
  command
      ->add_option(
          "--deviations", options->deviations,
          fmt::format("Known deviations, and where accept writes; left out: DIR/{}", kAcceptedFile))
      ->type_name("FILE");
  command->add_option("--reason", options->reason, "Of accept: what is understood")
      ->type_name("TEXT");
  command
      ->add_option("--same-as", options->same_as,
                   "Of accept, in place of a reason: a part of the sentence or the link of rows that are there. It is their "
                   "mistake, shown in another way: the row joins them, and its program theirs")
      ->type_name("TEXT");
  command
      ->add_option("--as", options->as,
                   "Of accept, in place of the key: a pattern of keys, with conditions that tell this mistake from others: "
                   "'lwip.*.errno.EINVAL when recv*(*, MSG_OOB)', 'lwip.*.stream.* after connect(sN, *) = -1 *'")
      ->type_name("PATTERN");
  command->add_option("--link", options->link, "Of accept: where it is talked about")
      ->type_name("URL");
  command
      ->add_option("--expires", options->expires,
                   "Of accept: the last day on which it holds, 2027-01-31")
      ->type_name("DATE");
  command
      ->add_option("--into", options->into,
                   fmt::format("Of regress: another directory than {}/<kernel>", kFound))
      ->type_name("DIR");
  command
      ->add_option("--format", options->format,
                   "Of export: gtest (a GoogleTest in plain calls) or packetdrill (a script, where "
                   "it can be said)")
      ->check(CLI::IsMember({"gtest", "packetdrill"}))
      ->type_name("F")
      ->capture_default_str();
  command
      ->add_option("-o,--output", options->output,
                   "Of bisect-script and export: a file instead of standard output")
      ->type_name("FILE");
  command->callback([options, &status] { status = RunTriage(*options); });
}

}  // namespace sockspec
