// sockspec triage: the findings of a directory, and one of them in full.

#include "fuzz/triage.h"

#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "cli/command.h"
#include "cli/files.h"
#include "cli/stop.h"
#include "cli/terminal.h"
#include "fmt/format.h"

namespace sockspec {
namespace {

struct Options {
  std::string directory;
  std::vector<std::string> words;  // "show", KEY
  std::string order = "worst";
  std::string html;
  bool json = false;
};

// The finding whose key is, or alone contains, `key`.
const LoadedFinding& Named(const LoadedFindings& all, const std::string& key) {
  const LoadedFinding* named = nullptr;
  std::string several;
  for (const LoadedFinding& loaded : all.findings) {
    if (loaded.finding.key == key) return loaded;
    if (loaded.finding.key.find(key) == std::string::npos) continue;
    several += "\n  " + loaded.finding.key;
    if (named != nullptr) continue;
    named = &loaded;
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

int RunTriage(const Options& options) {
  LoadedFindings all = LoadFindings(PathOf(options.directory));
  if (all.trouble.any()) throw Stop{kExitUnusable, all.trouble.what};
  Sort(all.findings, options.order == "newest" ? TriageOrder::kNewest : TriageOrder::kWorst);

  if (!options.words.empty()) {
    if (options.words.size() != 2 || options.words[0] != "show") {
      throw Stop{kExitUnusable, fmt::format("found `{}` after the directory, expected `show KEY`",
                                            options.words[0])};
    }
    fmt::print("{}", StoredReport(Named(all, options.words[1])));
    return kExitConforms;
  }
  if (!options.html.empty()) {
    WriteWhole(options.html, TriageHtml(all, "sockspec: findings in " + options.directory));
    if (options.html != "-")
      fmt::print("{} findings written to {}\n", all.findings.size(), options.html);
  } else if (options.json) {
    fmt::print("{}", TriageJson(all));
  } else if (all.findings.empty()) {
    fmt::print("no findings in {}\n", options.directory);
  } else {
    fmt::print("{}\n{} findings. One in full: sockspec triage {} show KEY (or a part of it)\n",
               TriageText(all.findings), all.findings.size(), options.directory);
  }
  fflush(stdout);
  for (const LoadedFinding& loaded : all.corrupt)
    fmt::print(stderr, "sockspec: {}\n", loaded.problem);
  return all.corrupt.empty() ? kExitConforms : kExitUnusable;
}

}  // namespace

void AddTriage(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand("triage", "The findings of a directory, and one in full");
  auto options = std::make_shared<Options>();
  command->add_option("DIR", options->directory, "Where `sockspec fuzz --out` put them")
      ->type_name("")
      ->required();
  command
      ->add_option("show", options->words, "show KEY: the report on one; a part of its key will do")
      ->type_name("KEY");
  command->add_option("--sort", options->order, "worst or newest first")
      ->check(CLI::IsMember({"worst", "newest"}))
      ->capture_default_str();
  command->add_option("--html", options->html, "Write one page with all reports")
      ->type_name("FILE");
  command->add_flag("--json", options->json, "Print one JSON object, for programs");
  command->callback([options, &status] { status = RunTriage(*options); });
}

}  // namespace sockspec
