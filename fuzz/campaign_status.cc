#include "fuzz/campaign_status.h"

#include <sys/ioctl.h>

#include <algorithm>
#include <string_view>

#include "fuzz/campaign_files.h"
#include "fuzz/finding.h"
#include "model/clause.h"
#include "model/program/declarations.h"
#include "model/world.h"

namespace sockspec {
namespace {

int Reached(const CampaignCounts& counts) {
  return static_cast<int>(counts.clauses.size() -
                          std::count(counts.clauses.begin(), counts.clauses.end(), 0));
}

std::string RateWords(const KeyEntry& entry) {
  return fmt::format("{} of {} quiet runs, {} of {} disturbed", entry.quiet_hits.load(),
                     entry.quiet_runs.load(), entry.disturbed_hits.load(),
                     entry.disturbed_runs.load());
}

}  // namespace

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
  for (int i = 0; i < jobs_; ++i) {
    const WorkerShare& share = shares_[i];
    counts.programs += share.programs.get();
    counts.calls += share.calls.get();
    counts.divergences += share.divergences.get();
    counts.followed += share.followed.get();
    counts.discarded += share.discarded.get();
    counts.unspecified += share.unspecified.get();
    counts.worlds = std::max(counts.worlds, static_cast<int>(share.worlds.get()));
    for (size_t n = 0; n < counts.clauses.size(); ++n)
      counts.clauses[n] += share.clauses[n].get();
    for (int op = 0; op < kOpCount; ++op) {
      for (int phase = 0; phase < kPhaseCount; ++phase) {
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

int CampaignStatus::FindingCount() const {
  int count = 0;
  for (const KeyEntry& entry : shared_.keys) {
    if (entry.at() == KeyStage::kEmpty) break;
    if (entry.at() == KeyStage::kStored && (entry.fresh.load() || entry.count.load() > 0))
      ++count;
  }
  return count;
}

void CampaignStatus::Line(Clock::time_point now) {
  if (options_.out == nullptr) return;
  const CampaignCounts counts = Counts();
  const double lately = std::chrono::duration<double>(now - line_said_at_).count();
  const double rate = line_said_at_ == Clock::time_point()
                          ? 0
                          : static_cast<double>(counts.calls - line_calls_) / lately;
  line_said_at_ = now;
  line_calls_ = counts.calls;
  const auto left =
      std::chrono::duration_cast<std::chrono::seconds>(options_.duration - (now - began_));
  // What matters most comes first, where a narrow terminal still shows it.
  const std::string line = fmt::format(
      "{}: {} findings, {} programs, {} calls/s, {} of {} clauses, at most {} worlds",
      shared_.stop.load() ? "finishing"
                          : fmt::format("{} s left", std::max<int64_t>(0, left.count())),
      FindingCount(), Grouped(counts.programs), Grouped(static_cast<uint64_t>(rate)),
      Reached(counts), ClausesOfProfile(), counts.worlds);
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

void CampaignStatus::SayFound() {
  for (int i = 0; i < kMostKeys; ++i) {
    const KeyEntry& entry = shared_.keys[i];
    if (entry.at() == KeyStage::kEmpty) break;
    if (entry.at() == KeyStage::kGivenUp && said_.insert(i).second) {
      Say("could not be worked out: {}", entry.key);
    }
    if (entry.at() == KeyStage::kGone && said_.insert(i).second) {
      Say("seen once, and not when run again: {}", entry.key);
    }
    if (entry.at() != KeyStage::kStored || !entry.fresh.load() || !said_.insert(i).second)
      continue;
    Say("{}: {} ({} calls, {})", FindingClassName(static_cast<FindingClass>(entry.kind.load())),
        entry.key, entry.calls.load(), RateWords(entry));
  }
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
  if (c.discarded != 0) Say("{} programs discarded", Grouped(c.discarded));
  if (c.unspecified != 0)
    Say("{} calls on which {} says nothing", Grouped(c.unspecified), options_.profile.name());
  if (c.followed != 0) {
    Say("{} times a divergence came only after another one", Grouped(c.followed));
  }
  if (result.deaths != 0) Say("{} times a worker died", result.deaths);
  for (const std::string& path : result.crashes) Say("kills the process that runs it: {}", path);
  if (result.keys.empty() && c.programs != 0) Say("no divergence");
  for (const CampaignKey& key : result.keys) {
    const std::string times = key.count == 0   ? "behind another one"
                              : key.count == 1 ? "once"
                                               : Grouped(key.count) + " times";
    if (key.known) {
      Say("known deviation, {}: {}", times, key.key);
    } else if (key.gone) {
      Say("seen {}, and not when run again: {}/{}/{}.program", times, options_.directory, kGoneDirectory,
          key.key);
    } else if (key.pending) {
      Say("not worked out yet, {}: {}", times, key.key);
    } else {
      Say("{}, {}{}: {}", FindingClassName(key.kind), times, key.is_new ? "" : ", known before",
          key.path.empty() ? key.key : key.path);
    }
  }
  if (result.trouble.any()) Say("stopped: {}", result.trouble.what);
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