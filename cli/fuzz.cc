// sockspec fuzz: a campaign against a kernel.

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "cli/command.h"
#include "cli/files.h"
#include "cli/guest.h"
#include "cli/guest_campaign.h"
#include "cli/kernels.h"
#include "cli/stop.h"
#include "cli/terminal.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "fuzz/ask_again.h"
#include "fuzz/campaign.h"
#include "fuzz/deviations.h"
#include "fuzz/finding.h"
#include "fuzz/report.h"
#include "fuzz/triage.h"
#include "model/clause.h"
#include "nlohmann/json.hpp"
#include "sut/guest.h"
#include "sut/preload.h"

namespace sockspec {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  KernelOptions kernel;
  std::string duration;
  uint64_t calls = 0;
  uint64_t programs = 0;
  std::string sockets = "any";
  int jobs = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  std::string out;
  std::string seed;
  std::string deviations;
  bool json = false;
  bool allowed = false;
  int from_corpus = CampaignOptions().from_corpus;
  std::vector<std::string> around;
  // For the campaign outside, of the one in another kernel: "NUMBER,OF,NEXT,END,FED,DIRECTORY".
  std::string link;
  bool tell_kernel = false;
};

const std::map<std::string, KindSet> kSockets = {
    {"any", kAnything}, {"tcp", kTcp}, {"udp", kUdp}, {"unix", kUnix}};

// CLI11 takes -1 for a large number.
const CLI::Validator kCount(
    [](std::string& text) -> std::string {
      if (text.find_first_not_of("0123456789") == std::string::npos &&
          text.find_first_not_of('0') != std::string::npos && text.size() < 19) {
        return "";
      }
      return fmt::format("found `{}`, expected a whole number from 1 on", text);
    },
    "");

// "60s", "5m", "2h"; a number alone is seconds.
std::chrono::milliseconds DurationOf(const std::string& text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  const std::string_view unit(rest, static_cast<size_t>(end - rest));
  const double seconds = unit.empty() || unit == "s" ? number
                         : unit == "ms"              ? number / 1000
                         : unit == "m"               ? number * 60
                         : unit == "h"               ? number * 3600
                         : unit == "d"               ? number * 86400
                                                     : -1;
  if (error != std::errc() || seconds <= 0 || seconds > 1e9) {
    throw Stop{kExitUnusable,
               fmt::format("--duration: found `{}`, expected a time such as 60s, 5m or 2h", text)};
  }
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

std::optional<uint64_t> SeedOf(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const bool hexadecimal = text.starts_with("0x");
  uint64_t seed = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] =
      std::from_chars(text.data() + (hexadecimal ? 2 : 0), end, seed, hexadecimal ? 16 : 10);
  if (error != std::errc() || rest != end) {
    throw Stop{kExitUnusable,
               fmt::format("--seed: found `{}`, expected a number such as 17 or 0x2f81", text)};
  }
  return seed;
}

// " for 60s", " for 1000000 calls", " for 60s or 100 programs", whichever comes first.
std::string HowLong(const Options& options, const std::string& duration) {
  std::vector<std::string> ends;
  // A number alone is one of seconds.
  const bool unit = duration.find_first_not_of("0123456789") != std::string::npos;
  if (!duration.empty()) ends.push_back(duration + (unit ? "" : "s"));
  if (options.programs != 0) ends.push_back(fmt::format("{} program{}", options.programs, options.programs == 1 ? "" : "s"));
  if (options.calls != 0) ends.push_back(fmt::format("{} calls", options.calls));
  return fmt::format(" for {}", fmt::join(ends, " or "));
}

Json ToJson(const CampaignResult& result) {
  Json keys = Json::array();
  for (const CampaignKey& key : result.keys) {
    keys.push_back({{"key", key.key},
                    {"class", key.known     ? "known deviation"
                              : key.pending ? "pending"
                              : key.gone    ? "gone"
                                            : std::string(FindingClassName(key.kind))},
                    {"new", key.is_new},
                    {"quiet", {{"hits", key.quiet.hits}, {"runs", key.quiet.runs}}},
                    {"disturbed", {{"hits", key.disturbed.hits}, {"runs", key.disturbed.runs}}},
                    {"calls", key.calls},
                    {"count", key.count},
                    {"path", key.path}});
  }
  Json rechecked = Json::array();
  for (const RecheckedFinding& old : result.rechecked) {
    rechecked.push_back(
        {{"key", old.key}, {"state", old.fixed ? "fixed" : "still there"}, {"known", old.known}, {"path", old.path}});
  }
  Json deviations = Json::array();
  for (const MetDeviation& deviation : result.deviations) {
    deviations.push_back({{"key", deviation.row.key},
                          {"reason", deviation.row.reason},
                          {"link", deviation.row.link},
                          {"expires", deviation.row.expires},
                          {"expired", deviation.expired},
                          {"met", deviation.met},
                          {"fixed", deviation.fixed},
                          {"met_before", deviation.met_before}});
  }
  const CampaignCounts& c = result.counts;
  return {{"event", "end"},
          {"seed", fmt::format("{:#x}", result.seed)},
          {"programs", c.programs},
          {"calls", c.calls},
          {"seconds", c.seconds},
          {"discarded", c.discarded},
          {"unsupported", c.lacks},
          {"unspecified_calls", c.unspecified},
          {"worlds_at_most", c.worlds},
          {"clauses_reached", result.clauses_reached},
          {"clauses", result.clauses},
          {"corpus", result.corpus},
          {"edges", result.edges},
          {"made_of_the_corpus", c.mutated},
          {"programs_before", result.programs_before},
          {"calls_before", result.calls_before},
          {"interrupted", result.interrupted},
          {"worker_deaths", result.deaths},
          {"workers_ended_early", result.ended_early},
          {"keys_left_out", result.keys_left_out},
          {"cpu_s", {{"workers", result.workers_cpu_seconds}, {"campaign", result.parent_cpu_seconds}}},
          {"crashes", result.crashes},
          {"untried", result.untried},
          {"not_tried", result.left_alone},
          {"trouble", result.trouble.what},
          {"rechecked", rechecked},
          {"deviations", deviations},
          {"findings", keys}};
}

// The report on the first of the findings, and where the others are.
void ShowFinding(const CampaignResult& result, const std::string& out) {
  const CampaignKey* shown = nullptr;
  int others = 0;
  for (const CampaignKey& key : result.keys) {
    if (key.known || key.path.empty()) continue;
    if (shown != nullptr) ++others;
    if (shown == nullptr || (key.kind < shown->kind)) shown = &key;
  }
  if (shown == nullptr) return;
  const LoadedFinding loaded = LoadFinding(shown->path);
  if (!loaded.problem.empty()) {
    fmt::print(stderr, "sockspec: {}\n", loaded.problem);
    return;
  }
  fmt::print("\n{}\n{}\nIts directory: {}\n", std::string(100, '-'), StoredReport(loaded), shown->path);
  if (others > 0) fmt::print("\n{} more: sockspec triage {}\n", others, out);
}

constexpr std::string_view kNotALink = "--link: it is for the campaign outside to say";

std::string LinkWords(const CampaignLink& link) {
  return fmt::format("{},{},{},{},{},{}", link.number, link.of, link.next, link.end, link.fed, link.directory);
}

CampaignLink LinkOf(const std::string& words) {
  CampaignLink link;
  const char* at = words.data();
  const char* const end = at + words.size();
  const auto number = [&](auto& value) {
    const auto [rest, error] = std::from_chars(at, end, value);
    if (error != std::errc() || rest == end || *rest != ',') throw Stop{kExitUnusable, std::string(kNotALink)};
    at = rest + 1;
  };
  number(link.number);
  number(link.of);
  number(link.next);
  number(link.end);
  number(link.fed);
  if (link.of < 1 || at == end) throw Stop{kExitUnusable, std::string(kNotALink)};
  link.directory.assign(at, end);
  return link;
}

// What the kernel of a guest says it is.
std::string ReleaseInGuest(const KernelOptions& kernel) {
  const GuestOutput output = OutputOfGuest(kernel, {"fuzz", "--tell-kernel"});
  if (output.died || output.hung) throw Stop{kExitUnavailable, output.words};
  const std::string release = output.text.substr(0, output.text.find('\n'));
  if (output.status != kExitConforms || release.empty()) {
    throw Stop{kExitUnavailable, fmt::format("what {} says cannot be read: `{}`", kernel.kernel, release)};
  }
  return release;
}

// The campaign of one worker, within its kernel.
std::vector<std::string> ArgumentsInside(const Options& options, const CampaignOptions& campaign, const CampaignLink& link,
                                         uint64_t seed, std::chrono::milliseconds left) {
  std::vector<std::string> arguments = {"fuzz",
                                        "--jobs=1",
                                        "--profile=" + campaign.profile.name(),
                                        "--sockets=" + options.sockets,
                                        "--out=" + options.out,
                                        fmt::format("--seed={:#x}", seed),
                                        fmt::format("--from-corpus={}", options.from_corpus),
                                        "--link=" + LinkWords(link)};
  if (!options.deviations.empty()) arguments.push_back("--deviations=" + options.deviations);
  for (const std::string& file : options.around) arguments.push_back("--around=" + file);
  if (options.json) arguments.push_back("--json");
  arguments.push_back(campaign.duration < kNoLimit ? fmt::format("--duration={}ms", std::max<int64_t>(1, left.count()))
                                                   : "--calls=1");
  return arguments;
}

// Workers in kernels of their own, each in a guest.
void WorkElsewhere(const Options& options, CampaignOptions& campaign) {
  campaign.elsewhere = [&options, &campaign](const CampaignLink& link, uint64_t seed, std::chrono::milliseconds left,
                                             const std::function<int()>& signals) {
    EndElsewhere end;
    try {
      const GuestRun run = RunInGuestUntil(options.kernel, ArgumentsInside(options, campaign, link, seed, left), options.out, signals);
      const bool killed = run.status >= 128;
      if (run.died || run.hung) {
        end.death = DeathWords(run);
      } else if (killed && !run.interrupted) {
        end.death = fmt::format("the campaign in {} was killed by signal {}", options.kernel.kernel, run.status - 128);
        end.kernel_lived = true;
      } else if (run.status > kExitDiverges && !killed) {
        end.trouble = fmt::format("the campaign in {} ended with status {}", options.kernel.kernel, run.status);
        end.unavailable = run.status == kExitUnavailable;
      }
    } catch (const Stop& stop) {
      end = {.trouble = stop.message, .unavailable = stop.status == kExitUnavailable};
    }
    return end;
  };
  campaign.check_command = [&options](const std::string& path) {
    return CheckCommand({.kernel = WordsOf(SetupFor(options.kernel)), .profile = options.kernel.profile}, path);
  };
}

int RunFuzz(const Options& asked) {
  Options options = asked;
  // A fault that was put in on purpose is not to stand among a kernel's findings.
  if (options.out.empty()) {
    options.out = options.kernel.kernel == "linux" ? "findings" : "findings-of-" + KernelFamily(options.kernel);
  }
  const bool mutated = !options.kernel.mutant.empty();
  // A mutant is there to show a finding, and that takes no time.
  // Who asks for so many calls or programs gets them, however long it takes.
  const bool counted = options.calls != 0 || options.programs != 0;
  const std::string duration = !options.duration.empty() ? options.duration
                               : counted                 ? ""
                               : mutated                 ? "3s"
                                                         : "60s";
  const std::chrono::milliseconds limit = duration.empty() ? kNoLimit : DurationOf(duration);

  // What `sockspec triage DIR accept` wrote there holds without being asked for.
  if (const std::string accepted = options.out + "/known.deviations";
      options.deviations.empty() && access(PathOf(accepted).c_str(), F_OK) == 0) {
    options.deviations = accepted;
  }
  Deviations deviations;
  if (!options.deviations.empty()) {
    ParsedDeviations parsed =
        ParseDeviations(ReadWhole(options.deviations), NameOf(options.deviations));
    if (!parsed.problem.empty()) throw Stop{kExitUnusable, parsed.problem};
    deviations = std::move(parsed.deviations);
  }
  CheckKernelName(options.kernel);
  if (options.tell_kernel) {
    fmt::print("{}\n", KernelRelease(options.kernel));
    return kExitConforms;
  }
  const bool in_guests = IsGuest(options.kernel);
  if (RunsElsewhere(options.kernel) && !in_guests) return CampaignInChild(options.kernel, options.out, limit);
  const std::string release = in_guests ? ReleaseInGuest(options.kernel) : KernelRelease(options.kernel);
  CampaignOptions campaign;
  campaign.profile = ProfileFor(options.kernel, release);
  MutationFor(options.kernel, campaign.profile);
  campaign.make_kernel = [&](Trouble* trouble) -> std::unique_ptr<Kernel> {
    try {
      return MakeKernel(options.kernel, campaign.profile);
    } catch (const Stop& stop) {
      trouble->what = stop.message;
      return nullptr;
    }
  };
  campaign.directory = PathOf(options.out);
  campaign.duration = limit;
  campaign.programs = options.programs;
  campaign.calls = options.calls;
  campaign.generate.sockets = kSockets.at(options.sockets);
  campaign.from_corpus = options.from_corpus;
  for (const std::string& file : options.around) {
    campaign.around.push_back(ReadProgram(file).program);
    if (campaign.around.back().calls.size() < 2) campaign.around.pop_back();  // nothing is left of it without its last call
  }
  campaign.jobs = std::min(options.jobs, 1024);
  campaign.seed = SeedOf(options.seed);
  campaign.mutant = options.kernel.mutant;
  campaign.announce = !GuestKind().empty();
  if (!options.link.empty()) campaign.link = LinkOf(options.link);
  if (in_guests) WorkElsewhere(options, campaign);
  campaign.out = options.json ? stderr : stdout;
  campaign.terminal = !options.json && OnTerminal();
  const std::string family = KernelFamily(options.kernel);
  campaign.kernel_in_worker = !PreloadedLibrary().empty() || IsWithinTheProcess(options.kernel);
  campaign.kernel = family;
  campaign.release = release;
  campaign.arguments = fmt::format("{}", fmt::join(KeptArguments(), " "));
  campaign.events = options.json ? stdout : nullptr;
  for (const Deviation& row : deviations.rows) {
    if (Applies(row, family, release, campaign.profile.name())) campaign.known.push_back(row);
  }

  if (!options.json && !campaign.link) {
    fmt::print("{}{} held to {}{}, {} job{}; findings go to {}\n", release,
               mutated                         ? " with the fault " + options.kernel.mutant
               : !PreloadedLibrary().empty() ? fmt::format(" with {} preloaded", PreloadedLibrary())
                                             : "",
               campaign.profile.name(),
               HowLong(options, duration), options.jobs, options.jobs == 1 ? "" : "s", options.out);
    fflush(stdout);
  }
  const CampaignResult result = RunCampaign(campaign);
  if (campaign.link) {
    if (!result.trouble.any()) return kExitConforms;
    fmt::print(stderr, "sockspec: {}\n", result.trouble.what);
    return result.unavailable ? kExitUnavailable : kExitUnusable;
  }

  if (options.allowed && !options.json) fmt::print("\n{}", AllowedTable(result.counts));
  if (options.json) {
    fmt::print("{}\n", ToJson(result).dump(-1, ' ', false, Json::error_handler_t::replace));
  } else {
    ShowFinding(result, options.out);
  }
  fflush(stdout);
  if (result.trouble.any()) {
    fmt::print(stderr, "sockspec: {}\n", result.trouble.what);
    return result.unavailable ? kExitUnavailable : kExitUnusable;
  }
  return HasDiverged(result) ? kExitDiverges : kExitConforms;
}

}  // namespace

void AddFuzz(CLI::App& app, int& status) {
  CLI::App* command =
      app.add_subcommand("fuzz", "A campaign: random programs against a kernel, findings on disk");
  command->footer(
      "Goes on where DIR left off. Ctrl-C ends it with the summary; nothing found is lost.\n"
      "With --mutant, a whole finding is there within seconds.");
  auto options = std::make_shared<Options>();
  AddKernelOptions(*command, options->kernel);
  command
      ->add_option("--duration", options->duration,
                   "How long, all in all: 60s, 5m, 2h. Left out: 60s, with --mutant 3s; with --calls or --programs until they "
                   "have been run")
      ->type_name("TIME")
      ->take_last();
  command->add_option("--calls", options->calls, "Stop after about so many calls")
      ->type_name("N")
      ->check(kCount);
  command->add_option("--programs", options->programs, "Stop after so many programs of this run")
      ->type_name("N")
      ->check(kCount);
  command->add_option("--sockets", options->sockets, "Which sockets programs make: any, tcp, udp, unix")
      ->type_name("KIND")
      ->check(CLI::IsMember(kSockets));
  command
      ->add_option("--jobs", options->jobs,
                   "Processes that run programs, at most 256, with uml and gvisor each in a kernel of its own; left out: one a processor")
      ->type_name("N")
      ->take_last()
      ->check(CLI::Range(1, 256));
  command
      ->add_option("--out", options->out,
                   "Where findings go; left out: findings, of another kernel than this machine's findings-of-KERNEL")
      ->type_name("DIR")
      ->take_last();
  command
      ->add_option(
          "--seed", options->seed,
          "Program n depends on seed and n alone, if it is not made of the corpus. Left out: where DIR "
          "left off, else random")
      ->type_name("N")
      ->take_last();
  command
      ->add_option("--deviations", options->deviations,
                   "Known deviations: counted, not found again. Left out: DIR/known.deviations, where there is one")
      ->type_name("FILE");
  command
      ->add_option("--from-corpus", options->from_corpus,
                   "Percent of the programs that are made of DIR/corpus; 0: program n depends on seed "
                   "and n alone")
      ->type_name("N")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  command
      ->add_option("--around", options->around,
                   "Make half of the programs of these files, without their last calls: in what other ways does what they "
                   "show show?")
      ->type_name("FILE");
  command->add_flag("--allowed", options->allowed,
                    "Print how many replies were allowed on average, by call and phase");
  command->add_flag("--json", options->json,
                    "Print events, one JSON object a line: start, status, found, minimizing, confirming, finding, end");
  command->add_option("--link", options->link)->group("");
  command->add_flag("--tell-kernel", options->tell_kernel)->group("");
  command->callback([options, &status] { status = RunFuzz(*options); });
}

}  // namespace sockspec
