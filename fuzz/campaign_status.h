// What a campaign says while it runs and at its end: counts of all workers together, the line that
// is written over, the summary.
#ifndef SOCKSPEC_FUZZ_CAMPAIGN_STATUS_H_
#define SOCKSPEC_FUZZ_CAMPAIGN_STATUS_H_

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "fuzz/campaign.h"
#include "fuzz/campaign_corpus.h"
#include "fuzz/campaign_shared.h"
#include "fuzz/campaign_state.h"
#include "nlohmann/json.hpp"
#include "sut/kernel.h"

namespace sockspec {

// "1,234,567".
std::string Grouped(uint64_t n);

// "once", "1,234 times".
std::string Times(uint64_t n);

// How far a campaign is that has no duration: "12% of 1,000,000 calls". The limits are CampaignOptions's.
std::string OfHowMany(const CampaignCounts& counts, uint64_t calls, uint64_t programs);

// What is said of a row that has expired.
std::string ExpiredWords(const Deviation& row);

class CampaignStatus {
 public:
  using Clock = std::chrono::steady_clock;

  using Json = nlohmann::ordered_json;

  // `shares` are `jobs` of them. All outlive this.
  CampaignStatus(const CampaignOptions& options, int jobs, Shared& shared,
                 SharedArray<WorkerShare>& shares, const Corpus& corpus, const CampaignState& state)
      : options_(options),
        jobs_(jobs),
        shared_(shared),
        shares_(shares),
        corpus_(corpus),
        state_(state) {}

  void Begin() { line_rate_.at = event_rate_.at = stats_rate_.at = began_ = Clock::now(); }
  Clock::time_point began() const { return began_; }

  template <typename... Args>
  void Say(fmt::format_string<Args...> format, Args&&... args) {
    if (options_.out == nullptr) return;
    if (line_width_ > 0) fmt::print(options_.out, "\r\033[K");
    line_width_ = 0;
    fmt::print(options_.out, format, std::forward<Args>(args)...);
    fputc('\n', options_.out);
    fflush(options_.out);
  }

  // One object a line, for programs: {"event": `name`, "at": …, and what `more` has}.
  void Event(std::string_view name, const Json& more);

  uint64_t Calls() const;
  CampaignCounts Counts() const;

  // One line about how far it is, over the one before where that is wanted; every 10 s a line that
  // stays, where none is written over, and an event.
  void Line(Clock::time_point now);

  // A worker ended before the campaign did, and is not started again.
  void EndedEarly(int worker, std::string_view why);

  // What was found, stored, given up or gone since the last time, and how far it is worked out.
  void SayFound();

  // A line of stats.csv. `deaths` are the workers' of this run.
  Trouble AppendStats(Clock::time_point now, int deaths);

  // Fills in the keys and clauses of `result`, whose counts are there.
  void Keys(CampaignResult& result) const;

  void Summary(const CampaignResult& result);

 private:
  int Reached(const CampaignCounts& counts) const;
  int ClausesOfProfile() const;
  // Stored ones, but for those that are fixed and were not met since; of one class or of any.
  int FindingCount(bool unstable_only = false) const;
  std::string EarlyWords(int workers) const;
  std::string ProgressWords() const;
  void SayProgress();
  void SayDeviations(const CampaignResult& result);

  const CampaignOptions& options_;
  const int jobs_;
  Shared& shared_;
  SharedArray<WorkerShare>& shares_;
  const Corpus& corpus_;
  const CampaignState& state_;
  // Calls a second since the last time it was asked; where that is less than `shortest` ago, since the time before that.
  struct Rate {
    Clock::time_point at, at_before;
    uint64_t calls = 0, calls_before = 0;
    uint64_t Of(Clock::time_point now, uint64_t calls_now, Clock::duration shortest = {});
  };

  Clock::time_point began_ = Clock::now();
  Clock::time_point event_said_at_;
  Rate line_rate_, event_rate_, stats_rate_;
  int line_width_ = 0;
  int ended_early_ = 0;       // workers
  std::set<int> said_;        // keys of which the end was told
  std::set<int> said_found_;  // … that they are there
  std::vector<std::string> said_progress_;  // by worker, the last event
};

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_CAMPAIGN_STATUS_H_
