// sockspec check: runs programs in lockstep, and holds what came back against the specification and
// against what is written in the file.

#include <atomic>
#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "cli/command.h"
#include "cli/files.h"
#include "cli/guest.h"
#include "cli/kernels.h"
#include "cli/stop.h"
#include "cli/terminal.h"
#include "cli/watched.h"
#include "fmt/format.h"
#include "fuzz/deviations.h"
#include "fuzz/finding.h"
#include "fuzz/lockstep.h"
#include "fuzz/regression.h"
#include "fuzz/report.h"
#include "model/program/text.h"
#include "nlohmann/json.hpp"

namespace sockspec {
namespace {

using Json = nlohmann::ordered_json;

// A program that took too long met something outside the model, most likely another process. It is
// run again; one that always does is not judged.
constexpr int kTries = 3;

struct Options {
  KernelOptions kernel;
  std::vector<std::string> files;
  std::string deviations;
  bool json = false;
};

// What is to be said of one line.
struct Note {
  int index = 0;  // of the call
  std::string text;
  bool fails = false;
};

enum class FileVerdict { kConforms, kKnownDeviation, kPinned, kDiffersFromText, kHasChanged, kDiverges, kNotJudged };

std::string_view Words(FileVerdict verdict) {
  switch (verdict) {
    case FileVerdict::kConforms:
      return "conforms";
    case FileVerdict::kKnownDeviation:
      return "diverges as is known";
    case FileVerdict::kPinned:
      return "diverges as it is pinned down";
    case FileVerdict::kDiffersFromText:
      return "conforms, but not to what is written";
    case FileVerdict::kHasChanged:
      return "not as it is pinned down";
    case FileVerdict::kDiverges:
      return "diverges";
    case FileVerdict::kNotJudged:
      return "not judged";
  }
  return "";
}

class Checker {
 public:
  Checker(const Options& options, const Profile& profile, Deviations deviations)
      : options_(options),
        kernel_(MakeKernel(options.kernel, profile)),
        lockstep_(*kernel_, profile),
        deviations_(std::move(deviations)) {
    json_ = {{"kernel", kernel_->family()},
             {"release", kernel_->release()},
             {"profile", profile.name()},
             {"files", Json::array()}};
  }

  void Check(const std::string& file, const Transcript& written);
  void Unusable(const std::string& file, const std::string& message);
  void MissingDeviations();
  int Finish();

 private:
  void HoldToPinned(const Regression& regression, const Transcript& written, const Run& run,
                    std::vector<Note>& notes, FileVerdict& verdict, Json& json);
  void Compare(const std::string& file, const Transcript& written, const Run& run,
               std::vector<Note>& notes, FileVerdict& verdict, Json& json);
  std::string KnownReason(const Transcript& written, const Run& run, const Divergence& divergence);

  const Options& options_;
  std::unique_ptr<Kernel> kernel_;
  Lockstep lockstep_;
  Deviations deviations_;
  std::set<const Deviation*> happened_;
  std::vector<AskedProgram> asked_;
  Json json_;
  bool diverged_ = false;
  bool unusable_ = false;
};

// The reason that a known deviation gives, or nothing.
std::string Checker::KnownReason(const Transcript& written, const Run& run, const Divergence& divergence) {
  const Deviation* known = FindDeviation(deviations_, kernel_->family(), kernel_->release(),
                                         lockstep_.profile().name(),
                                         ShownBy(divergence.key, written.program, run.replies, divergence.index));
  if (known == nullptr) return "";
  happened_.insert(known);
  if (Expired(*known, Today())) {
    fmt::print(stderr, "sockspec: {}:{}: expired after {}, and explains nothing any more: {}\n",
               deviations_.file, known->line, known->expires, known->key);
    return "";
  }
  return known->reason;
}

// A file that `sockspec triage … regress` wrote: it is to diverge as it did.
void Checker::HoldToPinned(const Regression& regression, const Transcript& written, const Run& run,
                           std::vector<Note>& notes, FileVerdict& verdict, Json& json) {
  for (const Divergence& divergence : run.divergences) {
    const Call& call = written.program.calls[divergence.index];
    notes.push_back({divergence.index,
                     fmt::format("diverges, allowed {} only: {}", divergence.allowed.size() > 1 ? "are" : "is",
                                 AllowedWords(call, divergence.allowed)),
                     false});
    json["divergences"].push_back({{"call_number", divergence.index + 1},
                                   {"key", divergence.key},
                                   {"came_back", PrintReply(call, divergence.actual)},
                                   {"known", "pinned down"}});
    KnownReason(written, run, divergence);  // a row about it is met
  }
  verdict = FileVerdict::kPinned;
  const std::string changed = WhatHasChanged(regression, written, run);
  if (changed.empty()) return;
  notes.push_back({static_cast<int>(run.replies.size()) - 1, "has changed: " + changed, true});
  json["has_changed"] = changed;
  verdict = FileVerdict::kHasChanged;
  diverged_ = true;
}

void Checker::Compare(const std::string& file, const Transcript& written, const Run& run,
                      std::vector<Note>& notes, FileVerdict& verdict, Json& json) {
  size_t next = 0;
  for (int i = 0; i < static_cast<int>(run.replies.size()); ++i) {
    const Call& call = written.program.calls[i];
    const Said& said = written.said[i];
    const Clause* clause = i < static_cast<int>(run.seen.size()) ? run.seen[i].clause : nullptr;
    const bool disagrees = said.reply && !Agrees(call, *said.reply, run.replies[i]);

    if (next < run.divergences.size() && run.divergences[next].index == i) {
      const Divergence& divergence = run.divergences[next++];
      const std::string reason = KnownReason(written, run, divergence);
      const bool known = !reason.empty();
      const std::string allowed = AllowedWords(call, divergence.allowed);
      notes.push_back(
          {i,
           fmt::format("{} allowed {} only: {}", known ? "known deviation," : "diverges,",
                       divergence.allowed.size() > 1 ? "are" : "is", allowed),
           !known});
      if (known) notes.push_back({i, reason, false});
      json["divergences"].push_back({{"call_number", i + 1},
                                     {"key", divergence.key},
                                     {"clause", divergence.expected == nullptr ? "" : std::string(divergence.expected->id)},
                                     {"came_back", PrintReply(call, run.replies[i])},
                                     {"allowed", allowed},
                                     {"known", known ? Json(reason) : Json()}});
      verdict = std::max(verdict, known ? FileVerdict::kKnownDeviation : FileVerdict::kDiverges);
      if (!known) diverged_ = true;
      continue;
    }
    std::string differs;
    if (call.part == Part::kUnfinished && !said.reply && !run.replies[i].blocked) {
      differs = fmt::format("written is `<unfinished ...>`, came back at once `{}`", PrintReply(call, run.replies[i]));
    } else if (disagrees) {
      differs = fmt::format("written is `{}`, came back `{}`", PrintReply(call, *said.reply),
                            PrintReply(call, run.replies[i]));
    } else if (!said.clause.empty() && clause != FindClause(said.clause)) {
      differs = fmt::format("written is `@{}`, {}", said.clause,
                            clause == nullptr
                                ? "the specification says nothing of this call"
                                : fmt::format("the clause that allows it is `@{}`", clause->id));
    }
    if (differs.empty()) continue;
    notes.push_back({i, fmt::format("{}:{}: {}", file, said.line, differs), true});
    json["differs_from_text"].push_back({{"line", said.line}, {"what", differs}});
    verdict = std::max(verdict, FileVerdict::kDiffersFromText);
    diverged_ = true;
  }
}

void Checker::Check(const std::string& file, const Transcript& written) {
  const Regression regression = RegressionIn(written);
  if (!regression.key.empty() && regression.profile != lockstep_.profile().name()) {
    Unusable(file, fmt::format("{} is pinned down for the profile {}; say --profile={}", file, regression.profile,
                               regression.profile));
    return;
  }
  const Run* run = nullptr;
  for (int i = 0; i < kTries; ++i) {
    run = &lockstep_.PlayFresh(written.program);
    if (run->trouble.any()) throw Stop{kExitUnavailable, run->trouble.what};
    if (!run->discarded) break;
  }
  Json json = {{"file", file}, {"verdict", ""}, {"calls", Json::array()}};
  json["divergences"] = Json::array();
  json["differs_from_text"] = Json::array();

  Transcript actual;
  actual.program.calls = written.program.calls;
  actual.said.resize(actual.program.calls.size());
  for (size_t i = 0; i < run->replies.size(); ++i) {
    actual.said[i].reply = run->replies[i];
    const Clause* clause = i < run->seen.size() ? run->seen[i].clause : nullptr;
    if (clause != nullptr) actual.said[i].clause = clause->id;
    json["calls"].push_back({{"call", PrintCall(actual.program.calls[i])},
                             {"reply", PrintReply(actual.program.calls[i], run->replies[i])},
                             {"clause", actual.said[i].clause}});
  }

  std::vector<Note> notes;
  FileVerdict verdict = FileVerdict::kConforms;
  if (regression.key.empty() || run->discarded) {
    Compare(file, written, *run, notes, verdict, json);
  } else {
    HoldToPinned(regression, written, *run, notes, verdict, json);
  }
  const int made = static_cast<int>(run->replies.size());
  const int calls = static_cast<int>(actual.program.calls.size());
  if (run->discarded) {
    notes.push_back({made - 1, "cannot be judged from here on: " + run->why_discarded, true});
    verdict = std::max(verdict, FileVerdict::kNotJudged);
    unusable_ = true;
  } else if (made < calls) {
    notes.push_back(
        {made - 1, "the calls after it were not made: what they should give is not known", false});
  }
  asked_.push_back({.file = file,
                    .keys = written.comments,
                    .judged = !run->discarded && made == calls && verdict != FileVerdict::kDiverges});
  if (!regression.key.empty()) asked_.back().keys.push_back(regression.key);
  json["verdict"] = Words(verdict);
  if (run->discarded) json["why_not_judged"] = run->why_discarded;
  if (run->unspecified > 0) json["unspecified_calls"] = run->unspecified;
  json_["files"].push_back(std::move(json));
  if (run->discarded) {
    fflush(stdout);
    fmt::print(stderr, "sockspec: {}: cannot be judged{}: {}\n", file, made == 0 ? "" : fmt::format(" after call {}", made),
               run->why_discarded);
  }
  if (options_.json) return;

  fmt::print("{}\n", Bold(file));
  const std::vector<std::string> lines = CallLines(actual);
  // Of the program as a whole: not even its first call was made.
  for (const Note& note : notes) {
    if (note.index < 0) fmt::print("    {} {}\n", note.fails ? Red("^") : Yellow("^"), note.text);
  }
  for (int i = 0; i < calls && i < static_cast<int>(lines.size()); ++i) {
    fmt::print("  {}\n", i < made ? lines[i] : Dim(lines[i]));
    for (const Note& note : notes) {
      if (note.index != i) continue;
      fmt::print("    {} {}\n", note.fails ? Red("^") : Yellow("^"), note.text);
    }
  }
  std::string words(Words(verdict));
  if (run->unspecified > 0) {
    words += fmt::format("; {} left {} of its calls unspecified", lockstep_.profile().name(),
                         run->unspecified);
  }
  const bool good = verdict <= FileVerdict::kPinned;
  fmt::print("{}: {}\n", file, good ? Green(words) : Red(words));
  for (const Divergence& divergence : run->divergences) fmt::print("  {}\n", divergence.key);
  fmt::print("\n");
  fflush(stdout);  // a stack in this process may die of the next one
}

void Checker::Unusable(const std::string& file, const std::string& message) {
  unusable_ = true;
  json_["files"].push_back({{"file", file}, {"verdict", "unusable"}, {"why", message}});
  fflush(stdout);
  fmt::print(stderr, "sockspec: {}\n", message);
}

// Known deviations that should have happened in these programs, and did not. Of the others nothing is known, and why is
// said.
void Checker::MissingDeviations() {
  if (deviations_.rows.empty()) return;
  int others_kernel = 0, not_asked = 0, not_judged = 0, same_cause = 0;
  for (const Deviation& row : deviations_.rows) {
    if (happened_.contains(&row)) continue;
    if (!Applies(row, kernel_->family(), kernel_->release(), lockstep_.profile().name())) {
      ++others_kernel;
      continue;
    }
    switch (WhyUnmet(row, asked_, happened_)) {
      case Unmet::kHappensNoLonger:
        json_["no_longer"].push_back({{"line", row.line}, {"key", row.key}});
        if (!options_.json) {
          fmt::print("{}\n", Red(fmt::format("{}:{}: {} happens no longer on {}; take the line out ({})", deviations_.file,
                                             row.line, row.key, kernel_->release(), row.reason)));
        }
        diverged_ = true;
        break;
      case Unmet::kSameCause:
        ++same_cause;
        break;
      case Unmet::kNotJudged:
        ++not_judged;
        break;
      case Unmet::kNotAsked:
        ++not_asked;
        break;
    }
  }
  const int others = others_kernel + not_asked + not_judged + same_cause;
  json_["not_met"] = {{"of_another_kernel_or_profile", others_kernel},
                      {"not_asked", not_asked},
                      {"not_judged", not_judged},
                      {"same_cause_met", same_cause}};
  if (options_.json || others == 0) return;
  std::vector<std::string> why;
  const auto say = [&](int n, std::string_view words) {
    if (n != 0) why.push_back(fmt::format("{} {}", n, words));
  };
  say(not_asked, "that no program here is about");
  say(not_judged, "whose programs could not be judged to their ends, or diverge otherwise");
  say(same_cause, "of a cause that another row was met for");
  say(others_kernel, fmt::format("of another kernel, version or profile than {}, {} and {}", kernel_->family(),
                                 kernel_->release(), lockstep_.profile().name()));
  fmt::print("{}\n", Dim(fmt::format("{}: {} of {} row{} not met: {}", deviations_.file, others, deviations_.rows.size(),
                                     deviations_.rows.size() == 1 ? " was" : "s were", fmt::join(why, ", "))));
}

int Checker::Finish() {
  const int status = unusable_ ? kExitUnusable : diverged_ ? kExitDiverges : kExitConforms;
  json_["exit_status"] = status;
  if (options_.json) {
    fmt::print("{}\n", json_.dump(2, ' ', false, Json::error_handler_t::replace));
  }
  return status;
}

int RunCheck(const Options& options) {
  Deviations deviations;
  if (!options.deviations.empty()) {
    ParsedDeviations parsed =
        ParseDeviations(ReadWhole(options.deviations), NameOf(options.deviations));
    if (!parsed.problem.empty()) throw Stop{kExitUnusable, parsed.problem};
    deviations = std::move(parsed.deviations);
  }
  // All files are read before the kernel gets hold of the descriptors.
  struct Input {
    std::optional<Transcript> transcript;
    std::string problem;
  };
  std::vector<Input> inputs;
  for (const std::string& file : options.files) {
    Input& input = inputs.emplace_back();
    try {
      input.transcript = ReadProgram(file);
    } catch (const Stop& stop) {
      input.problem = stop.message;
    }
  }
  const Profile profile = ProfileFor(options.kernel);
  MutationFor(options.kernel, profile);
  PrepareKernel(options.kernel);
  std::atomic<int> nobody(-1);
  std::atomic<int>& at = IsWithinTheProcess(options.kernel) ? GoOnWatched(options.files) : nobody;
  Checker checker(options, profile, std::move(deviations));
  for (size_t i = 0; i < options.files.size(); ++i) {
    const std::string name = NameOf(options.files[i]);
    at.store(static_cast<int>(i));
    if (inputs[i].transcript) {
      checker.Check(name, *inputs[i].transcript);
    } else {
      checker.Unusable(name, inputs[i].problem);
    }
  }
  checker.MissingDeviations();
  return checker.Finish();
}

}  // namespace

void AddCheck(CLI::App& app, int& status) {
  CLI::App* command =
      app.add_subcommand("check", "Run programs in lockstep with the specification");
  auto options = std::make_shared<Options>();
  command
      ->add_option("FILE", options->files,
                   "Programs; - is standard input. What is written after = and @ is checked, too")
      ->type_name("")
      ->required();
  AddKernelOptions(*command, options->kernel);
  command
      ->add_option(
          "--deviations", options->deviations,
          "Known deviations: they do not fail the run, and one that no longer happens does")
      ->type_name("FILE");
  command->add_flag("--json", options->json, "Print one JSON object, for programs");
  command->callback([options, &status] {
    status = HereOrInGuest(options->kernel, {.files = options->files}, [&] { return RunCheck(*options); });
  });
}

}  // namespace sockspec
