#include "fuzz/campaign_status.h"

#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <utility>

#include "fuzz/campaign_files.h"
#include "fuzz/campaign_record.h"
#include "fuzz/finding.h"
#include "model/clause.h"
#include "model/program/declarations.h"
#include "model/world.h"
#include "sut/children.h"

namespace sockspec {
namespace {

std::string RateWords(const KeyEntry& entry) {
  return fmt::format("{} of {} quiet runs, {} of {} disturbed", entry.quiet_hits.load(),
                     entry.quiet_runs.load(), entry.disturbed_hits.load(),
                     entry.disturbed_runs.load());
}

uint64_t PerSecond(uint64_t n, double seconds) {
  return static_cast<uint64_t>(static_cast<double>(n) / std::max(seconds, 0.001));
}

// KiB of memory that a process has, shared pages in equal parts; 0 where that is not told.
uint64_t MemoryOf(pid_t pid) {
  std::ifstream rollup(fmt::format("/proc/{}/smaps_rollup", pid));
  for (std::string word; rollup >> word;) {
    uint64_t kib = 0;
    if (word == "Pss:" && rollup >> kib) return kib;
  }
  uint64_t size = 0, resident = 0;
  std::ifstream statm(fmt::format("/proc/{}/statm", pid));
  if (!(statm >> size >> resident)) return 0;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) / 1024;
}

// With what it has started, and what that has: a guest's processes are children of who attends to it.
uint64_t MemoryOfAll(pid_t pid) {
  uint64_t kib = MemoryOf(pid);
  for (const pid_t child : ChildrenOf(pid)) kib += MemoryOfAll(child);
  return kib;
}

CampaignStatus::Json RateToJson(int hits, int runs) { return {{"hits", hits}, {"runs", runs}}; }

}  // namespace

int CampaignStatus::Reached(const CampaignCounts& counts) const {
  int reached = 0;
  for (size_t i = 0; i < counts.clauses.size(); ++i) {
    const Clause* clause = AllClauses()[i];
    if (counts.clauses[i] != 0 || (clause->BelongsTo(options_.profile) &&
                                   state_.ClauseBefore(std::string(clause->id)) != 0)) {
      ++reached;
    }
  }
  return reached;
}

uint64_t CampaignStatus::Rate::Of(Clock::time_point now, uint64_t calls_now, Clock::duration shortest) {
  constexpr Clock::time_point kNever;
  const bool merged = now - at < shortest && at_before != kNever;
  const double seconds = std::chrono::duration<double>(now - (merged ? at_before : at)).count();
  const uint64_t rate = at == kNever ? 0 : PerSecond(calls_now - (merged ? calls_before : calls), seconds);
  at_before = std::exchange(at, now);
  calls_before = std::exchange(calls, calls_now);
  return rate;
}

void CampaignStatus::Event(std::string_view name, const Json& more) {
  if (options_.events == nullptr) return;
  Json event = {{"event", name}, {"at", TimeNow()}};
  event.update(more);
  fmt::print(options_.events, "{}\n", event.dump(-1, ' ', false, Json::error_handler_t::replace));
  fflush(options_.events);
}

std::string Grouped(uint64_t n) {
  std::string digits = std::to_string(n);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) digits.insert(at, ",");
  return digits;
}

uint64_t CampaignStatus::Calls() const {
  uint64_t calls = 0;
  for (int i = 0; i < jobs_; ++i) calls += shares_[i].calls.get();
  return calls;
}

CampaignCounts CampaignStatus::Counts() const {
  CampaignCounts counts;
  counts.clauses.resize(AllClauses().size());
  counts.moves.resize(MoveAt(kOpCount, 0, 0));
  for (int i = 0; i < jobs_; ++i) {
    const WorkerShare& share = shares_[i];
    counts.programs += share.programs.get();
    counts.mutated += share.mutated.get();
    counts.measured += share.measured.get();
    counts.calls += share.calls.get();
    counts.divergences += share.divergences.get();
    counts.followed += share.followed.get();
    counts.discarded += share.discarded.get();
    counts.unspecified += share.unspecified.get();
    counts.worlds = std::max(counts.worlds, static_cast<int>(share.worlds.get()));
    for (const LackCount& lack : share.lacks) {
      if (lack.count.get() != 0) counts.lacks[lack.what] += lack.count.get();
    }
    for (size_t n = 0; n < counts.clauses.size(); ++n)
      counts.clauses[n] += share.clauses[n].get();
    for (int op = 0; op < kOpCount; ++op) {
      for (int phase = 0; phase < kPhaseCount; ++phase) {
        for (int to = 0; to < kPhaseCount; ++to) {
          counts.moves[MoveAt(op, phase, to)] += share.moves[op][phase][to].get();
        }
        counts.refused[op][phase].calls += share.refused[op][phase].calls.get();
        counts.refused[op][phase].allowed += share.refused[op][phase].allowed.get();
        counts.done[op][phase].calls += share.done[op][phase].calls.get();
        counts.done[op][phase].allowed += share.done[op][phase].allowed.get();
      }
    }
  }
  counts.seconds = std::chrono::duration<double>(Clock::now() - began_).count();
  return counts;
}

int CampaignStatus::ClausesOfProfile() const {
  return static_cast<int>(std::count_if(
      AllClauses().begin(), AllClauses().end(),
      [this](const Clause* clause) { return clause->BelongsTo(options_.profile); }));
}

int CampaignStatus::FindingCount(bool unstable_only) const {
  int count = 0;
  for (const KeyEntry& entry : shared_.keys) {
    if (entry.at() == KeyStage::kEmpty) break;
    if (entry.at() != KeyStage::kStored || (entry.fixed.load() && entry.count.load() == 0)) continue;
    if (unstable_only && entry.kind.load() == static_cast<int>(FindingClass::kConfirmed)) continue;
    ++count;
  }
  return count;
}

// "; 1 of 2 workers ended early; minimizing KEY: 41 to 7 calls after 57 tries; confirming KEY: 4 of 5 runs", or nothing.
std::string CampaignStatus::ProgressWords() const {
  std::string words = ended_early_ == 0 ? "" : "; " + EarlyWords(ended_early_);
  int busy = 0;
  for (int i = 0; i < jobs_; ++i) {
    const Progress& progress = shares_[i].progress;
    const Task task = progress.at();
    const int key = progress.key.load();
    if (task == Task::kPlaying) continue;
    if (++busy > 4) return words + "; …";
    switch (task) {
      case Task::kPlaying:
        break;
      case Task::kMeasuring:
        words += "; measuring the corpus";
        break;
      case Task::kRechecking:
        words += "; looking again at old findings";
        break;
      case Task::kMinimizing:
        words += fmt::format("; minimizing {}: {} to {} calls after {} tries", shared_.keys[key].key,
                             progress.calls_at_first.load(), progress.calls.load(), progress.asked.load());
        break;
      case Task::kConfirming:
        words += fmt::format("; confirming {}: {} of {} runs", shared_.keys[key].key,
                             progress.hits.load(), progress.runs.load());
        break;
    }
  }
  return words;
}

void CampaignStatus::Line(Clock::time_point now) {
  const CampaignCounts counts = Counts();
  const bool limited = options_.duration < kNoLimit;
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(options_.duration - (now - began_));
  const bool finishing = shared_.stop.load();
  const bool stays = event_said_at_ == Clock::time_point() || now - event_said_at_ >= std::chrono::seconds(10);
  if (stays) {
    event_said_at_ = now;
    Event("status", {{"seconds", counts.seconds},
                     {"seconds_left", finishing ? Json(0) : limited ? Json(std::max<int64_t>(0, left.count())) : Json()},
                     {"programs", counts.programs},
                     {"calls", counts.calls},
                     {"calls_per_s", event_rate_.Of(now, counts.calls)},
                     {"findings", FindingCount()},
                     {"unstable", FindingCount(true)},
                     {"clauses", Reached(counts)},
                     {"clauses_of", ClausesOfProfile()},
                     {"edges", corpus_.pairs()},
                     {"corpus", corpus_.size()},
                     {"discarded", counts.discarded}});
  }
  if (options_.out == nullptr || (!options_.terminal && !stays)) return;
  // What matters most comes first, where a narrow terminal still shows it.
  const std::string line = fmt::format(
      "{}: {} finding{}, {} programs, {} calls/s, {} of {} clauses, {} in the corpus, at most {} worlds{}",
      finishing ? "finishing" : limited ? fmt::format("{} s left", std::max<int64_t>(0, left.count()))
                            : OfHowMany(counts, options_.calls, options_.programs),
      FindingCount(), FindingCount() == 1 ? "" : "s", Grouped(counts.programs), Grouped(line_rate_.Of(now, counts.calls)),
      Reached(counts), ClausesOfProfile(), corpus_.size(), counts.worlds, ProgressWords());
  if (!options_.terminal) {
    Say("{}", line);
    return;
  }
  // A line that wraps could not be written over.
  winsize size = {};
  const bool known = ioctl(fileno(options_.out), TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  fmt::print(options_.out, "\r\033[K{}", line.substr(0, known ? size.ws_col - 1u : 79u));
  fflush(options_.out);
  line_width_ = static_cast<int>(line.size());
}

void CampaignStatus::EndedEarly(int worker, std::string_view why) {
  ++ended_early_;
  Event("worker ended early", {{"worker", worker + 1}, {"why", why}});
  Say("worker {} ends early: {}", worker + 1, why);
}

std::string CampaignStatus::EarlyWords(int workers) const { return fmt::format("{} of {} workers ended early", workers, jobs_); }

void CampaignStatus::SayProgress() {
  if (options_.events == nullptr) return;
  said_progress_.resize(static_cast<size_t>(jobs_));
  for (int i = 0; i < jobs_; ++i) {
    const Progress& progress = shares_[i].progress;
    const Task task = progress.at();
    if (task != Task::kMinimizing && task != Task::kConfirming) continue;
    const bool minimizing = task == Task::kMinimizing;
    Json more = {{"key", shared_.keys[progress.key.load()].key}, {"worker", i + 1}};
    if (minimizing) {
      more.update({{"calls_at_first", progress.calls_at_first.load()}, {"calls", progress.calls.load()}});
    } else {
      more.update({{"calls", progress.calls.load()}, {"hits", progress.hits.load()}, {"runs", progress.runs.load()}});
    }
    const std::string said = more.dump();
    if (said == said_progress_[static_cast<size_t>(i)]) continue;
    said_progress_[static_cast<size_t>(i)] = said;
    Event(minimizing ? "minimizing" : "confirming", more);
  }
}

void CampaignStatus::SayFound() {
  for (int i = 0; i < kMostKeys; ++i) {
    const KeyEntry& entry = shared_.keys[i];
    const KeyStage at = entry.at();
    if (at == KeyStage::kEmpty) break;
    if (entry.safe.load() && said_found_.insert(i).second) {
      Event("found", {{"key", entry.key}});
      if (!options_.terminal) Say("found, to be worked out: {}", entry.key);
    }
    if (at == KeyStage::kGivenUp && said_.insert(i).second) {
      Event("given up", {{"key", entry.key}});
      Say("could not be worked out: {}", entry.key);
    }
    if (at == KeyStage::kGone && said_.insert(i).second) {
      Event("gone", {{"key", entry.key}});
      Say("seen once, and not when run again: {}", entry.key);
    }
    if (at != KeyStage::kStored || !entry.fresh.load() || !said_.insert(i).second) continue;
    const std::string_view kind = FindingClassName(static_cast<FindingClass>(entry.kind.load()));
    Event("finding", {{"key", entry.key},
                      {"class", kind},
                      {"calls", entry.calls.load()},
                      {"quiet", RateToJson(entry.quiet_hits.load(), entry.quiet_runs.load())},
                      {"disturbed", RateToJson(entry.disturbed_hits.load(), entry.disturbed_runs.load())},
                      {"path", options_.directory.empty() ? "" : options_.directory + "/" + entry.key}});
    Say("{}: {} ({} calls, {})", kind, entry.key, entry.calls.load(), RateWords(entry));
  }
  SayProgress();
}

Trouble CampaignStatus::AppendStats(Clock::time_point now, int deaths) {
  if (options_.directory.empty()) return {};
  // The last line may come just after one of every 10 s, when nothing runs any more.
  constexpr auto kShortest = std::chrono::seconds(5);
  const std::string path = options_.directory + "/stats.csv";
  const CampaignCounts counts = Counts();
  const CampaignTotals& before = state_.totals();
  std::string text;
  if (!Exists(path)) {
    text = "time,elapsed_s,programs,calls,calls_per_s,findings,unstable,clauses,clauses_of,edges,corpus,"
           "discarded,workers_died,rss_kib\n";
  }
  text += fmt::format("{},{:.1f},{},{},{},{},{},{},{},{},{},{},{},{}\n", time(nullptr),
                      before.seconds + counts.seconds, before.programs + counts.programs,
                      before.calls + counts.calls, stats_rate_.Of(now, counts.calls, kShortest), FindingCount(),
                      FindingCount(true), Reached(counts), ClausesOfProfile(), corpus_.pairs(),
                      corpus_.size(), before.discarded + counts.discarded,
                      before.deaths + static_cast<uint64_t>(deaths), MemoryOfAll(getpid()));
  return Append(path, text);
}

void CampaignStatus::Keys(CampaignResult& result) const {
  for (const KeyEntry& entry : shared_.keys) {
    const KeyStage at = entry.at();
    if (at == KeyStage::kEmpty) break;
    const bool fresh = entry.fresh.load();
    // Not met in this run; or only as what follows another divergence.
    if (entry.count.load() == 0 && !fresh && at != KeyStage::kGivenUp && at != KeyStage::kGone &&
        at != KeyStage::kClaimed) {
      continue;
    }
    CampaignKey key{
        .key = entry.key,
        .known = at == KeyStage::kKnown,
        .is_new = fresh,
        .gone = at == KeyStage::kGone,
        .pending = at != KeyStage::kStored && at != KeyStage::kKnown && at != KeyStage::kGone,
        .kind = static_cast<FindingClass>(entry.kind.load()),
        .quiet = {entry.quiet_hits.load(), entry.quiet_runs.load()},
        .disturbed = {entry.disturbed_hits.load(), entry.disturbed_runs.load()},
        .calls = entry.calls.load(),
        .count = entry.count.load()};
    if (at == KeyStage::kStored && !options_.directory.empty()) {
      key.path = options_.directory + "/" + key.key;
    }
    result.keys.push_back(std::move(key));
  }
  std::stable_sort(result.keys.begin(), result.keys.end(),
                   [](const CampaignKey& a, const CampaignKey& b) { return a.count > b.count; });
  result.clauses_reached = Reached(result.counts);
  result.clauses = ClausesOfProfile();
  result.corpus = corpus_.size();
  result.edges = corpus_.pairs();
}

// Which known deviations were met, and which were not though the table expects them. A line each where they are few; of
// a kernel's hundreds, what people can read: the reasons that were met most often, and where the others stand.
void CampaignStatus::SayDeviations(const CampaignResult& result) {
  constexpr size_t kMostLines = 10;
  const bool few = result.deviations.size() <= kMostLines;
  std::vector<CampaignRecord::Known> rows;
  size_t not_met = 0, never = 0, expired = 0, no_longer = 0;
  for (const MetDeviation& deviation : result.deviations) {
    const Deviation& row = deviation.row;
    const bool fixed = deviation.fixed && deviation.met == 0;
    if (deviation.expired) {
      if (++expired <= kMostLines) Say("{}", ExpiredWords(row));
      continue;
    }
    if (fixed && ++no_longer <= kMostLines) {
      Say("known deviation that happens NO LONGER, its finding does not repeat (line {}): {}", row.line, row.key);
    }
    if (fixed) continue;
    rows.push_back({.key = row.key, .met = deviation.met, .reason = row.reason, .link = row.link});
    if (deviation.met == 0) {
      ++not_met;
      if (deviation.met_before == 0) ++never;
    }
    if (!few) continue;
    if (deviation.met == 0) {
      Say("known deviation, expected and NOT met in this run{} (line {}): {}",
          deviation.met_before == 0 ? ", nor before"
                                    : fmt::format(", {} times before", Grouped(deviation.met_before)),
          row.line, row.key);
    } else {
      Say("known deviation, met {} (line {}): {}", Times(deviation.met), row.line, row.key);
    }
  }
  if (expired > kMostLines) Say("EXPIRED, {} more", expired - kMostLines);
  if (no_longer > kMostLines) Say("known deviations that happen NO LONGER, {} more", no_longer - kMostLines);
  if (few || rows.empty()) return;

  constexpr size_t kMostReasons = 5;
  const std::vector<KnownReason> reasons = ByReason(rows);
  uint64_t met = 0, told = 0;
  size_t reasons_met = 0;
  for (const KnownReason& reason : reasons) {
    met += reason.met;
    if (reason.met != 0) ++reasons_met;
  }
  Say("known deviations met: {} of {} rows, {} of {} reasons, {}{}", rows.size() - not_met, rows.size(), reasons_met,
      reasons.size(), Times(met), reasons_met > kMostReasons ? "; most often" : "");
  for (size_t i = 0; i < std::min(reasons_met, kMostReasons); ++i) {
    told += reasons[i].met;
    Say("  {:>9}  {} ({})", Grouped(reasons[i].met), ShortReason(reasons[i].reason),
        reasons[i].rows.size() == 1 ? "one row" : fmt::format("{} of {} rows", reasons[i].rows_met, reasons[i].rows.size()));
  }
  if (reasons_met > kMostReasons) Say("  {:>9}  for {} other reasons", Grouped(met - told), reasons_met - kMostReasons);
  if (not_met != 0) {
    Say("known deviations, expected and NOT met in this run: {} row{}{}", not_met, not_met == 1 ? "" : "s",
        never == not_met ? ", nor before" : never == 0 ? ", all of them before" : fmt::format(", {} of them nor before", never));
  }
  if (!options_.directory.empty()) Say("row by row: sockspec triage {} deviations", options_.directory);
}

void CampaignStatus::Summary(const CampaignResult& result) {
  const CampaignCounts& c = result.counts;
  Say("{} programs, {} calls in {:.0f} s: {} programs/s, {} calls/s", Grouped(c.programs),
      Grouped(c.calls), c.seconds,
      Grouped(
          static_cast<uint64_t>(static_cast<double>(c.programs) / std::max(c.seconds, 0.001))),
      Grouped(static_cast<uint64_t>(static_cast<double>(c.calls) / std::max(c.seconds, 0.001))));
  if (result.programs_before != 0) {
    Say("with what ran before in {}: {} programs, {} calls", options_.directory,
        Grouped(result.programs_before + c.programs), Grouped(result.calls_before + c.calls));
  }
  AllowedCount refused, done;
  for (int op = 0; op < kOpCount; ++op) {
    for (int phase = 0; phase < kPhaseCount; ++phase) {
      refused.calls += c.refused[op][phase].calls;
      refused.allowed += c.refused[op][phase].allowed;
      done.calls += c.done[op][phase].calls;
      done.allowed += c.done[op][phase].allowed;
    }
  }
  Say("{} of {} clauses reached; replies allowed at a call, on average: {:.3f}, and {:.3f} where "
      "it "
      "is refused; at most {} worlds at once",
      result.clauses_reached, result.clauses, done.mean(), refused.mean(), c.worlds);
  Say("{} programs in the corpus{}, for {} pairs of a clause after another one; {} programs were made of it",
      Grouped(static_cast<uint64_t>(result.corpus)), corpus_.is_full() ? ", which is full" : "",
      Grouped(static_cast<uint64_t>(result.edges)), Grouped(c.mutated));
  if (c.discarded != 0) Say("{} programs discarded", Grouped(c.discarded));
  if (!c.lacks.empty()) {
    // The most frequent ones: a small stack lacks sixty things, and --json has them all.
    constexpr size_t kMostLacks = 10;
    std::vector<std::pair<uint64_t, std::string_view>> by_count;
    for (const auto& [what, count] : c.lacks) by_count.emplace_back(count, what);
    std::ranges::stable_sort(by_count, [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<std::string> lacks;
    uint64_t others = 0;
    for (const auto& [count, what] : by_count) {
      if (lacks.size() < kMostLacks) {
        lacks.push_back(fmt::format("{} {}", what, Grouped(count)));
      } else {
        others += count;
      }
    }
    if (others != 0) lacks.push_back(fmt::format("{} others {}", by_count.size() - kMostLacks, Grouped(others)));
    Say("unsupported, and left out so many times: {}", fmt::join(lacks, ", "));
  }
  if (c.unspecified != 0)
    Say("{} calls on which {} says nothing", Grouped(c.unspecified), options_.profile.name());
  if (c.followed != 0) {
    Say("{} times a divergence came only after another one", Grouped(c.followed));
  }
  if (result.deaths != 0) Say("{} times a worker{} died", result.deaths, options_.elsewhere ? " or its kernel" : "");
  if (result.ended_early != 0) Say("{}, and no others took their place", EarlyWords(result.ended_early));
  for (const std::string& path : result.crashes) {
    const bool kernel = std::filesystem::path(path).filename().string().starts_with(kKernelDied);
    Say("{}: {}", !kernel ? "kills the process that runs it" : options_.kernel_in_worker ? "the kernel died of" : "the kernel died while this ran", path);
  }
  for (const std::string& path : result.untried) {
    Say("a worker died while this ran, and there was no time to try it; the next campaign here does: {}", path);
  }
  if (result.keys.empty() && c.programs != 0) Say("{}", result.crashes.empty() && result.untried.empty() ? "no divergence" : "no reply diverged");
  for (const CampaignKey& key : result.keys) {
    const std::string times = key.count == 0 ? "behind another one" : Times(key.count);
    if (key.known) continue;  // see SayDeviations()
    if (key.gone) {
      Say("seen {}, and not when run again: {}/{}/{}.program", times, options_.directory, kGoneDirectory,
          key.key);
    } else if (key.pending) {
      Say("not worked out yet, {}: {}", times, key.key);
    } else {
      Say("{}, {}{}: {}", FindingClassName(key.kind), times, key.is_new ? "" : ", known before",
          key.path.empty() ? key.key : key.path);
    }
  }
  if (result.keys_left_out != 0) {
    Say("{} times a divergence was left out whose key found no room beside {} others; accept some, or use another "
        "directory",
        Grouped(result.keys_left_out), kMostKeys);
  }
  for (const RecheckedFinding& old : result.rechecked) {
    // Of what is known and still there, SayDeviations() tells.
    if (!old.known || old.fixed) Say("{}: {}", old.fixed ? "fixed" : "still there", old.path);
  }
  SayDeviations(result);
  if (result.trouble.any()) Say("stopped: {}", result.trouble.what);
}

std::string Times(uint64_t n) { return n == 1 ? "once" : Grouped(n) + " times"; }

std::string OfHowMany(const CampaignCounts& counts, uint64_t calls, uint64_t programs) {
  // In floating point: 18 digits are allowed for, and a product of two such numbers has no place in 64 bits.
  const auto part = [](uint64_t n, uint64_t all) { return static_cast<double>(n) / static_cast<double>(all); };
  const auto words = [&](uint64_t n, uint64_t all, std::string_view what) {
    return fmt::format("{}% of {} {}", static_cast<int>(100 * std::min(1.0, part(n, all))), Grouped(all), what);
  };
  if (calls != 0 && (programs == 0 || part(counts.calls, calls) > part(counts.programs, programs))) {
    return words(counts.calls, calls, "calls");
  }
  if (programs != 0) return words(counts.programs, programs, "programs");
  return "until it is stopped";
}

std::string ExpiredWords(const Deviation& row) {
  return fmt::format("EXPIRED after {}, and explains nothing any more (line {}): {} ({})", row.expires, row.line, row.key,
                     row.reason);
}

std::string AllowedTable(const CampaignCounts& counts) {
  std::string table = fmt::format("{:<12} {:<13} {:>12} {:>8} {:>12} {:>8}\n", "call", "phase",
                                  "done", "allowed", "refused", "allowed");
  for (const Declaration& declaration : Declarations()) {
    const int op = static_cast<int>(declaration.op);
    for (int phase = 0; phase < kPhaseCount; ++phase) {
      const AllowedCount& done = counts.done[op][phase];
      const AllowedCount& refused = counts.refused[op][phase];
      if (done.calls == 0 && refused.calls == 0) continue;
      table += fmt::format("{:<12} {:<13} {:>12} {:>8.3f} {:>12} {:>8.3f}\n", declaration.name,
                           PhaseName(static_cast<Phase>(phase)), done.calls, done.mean(),
                           refused.calls, refused.mean());
    }
  }
  return table;
}

}  // namespace sockspec