// What a campaign says while it runs and at its end: counts of all workers together, the line that
// is written over, the summary.
#ifndef SOCKSPEC_FUZZ_CAMPAIGN_STATUS_H_
#define SOCKSPEC_FUZZ_CAMPAIGN_STATUS_H_

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "fuzz/campaign.h"
#include "fuzz/campaign_shared.h"

namespace sockspec {

// "1,234,567".
std::string Grouped(uint64_t n);

class CampaignStatus {
 public:
  using Clock = std::chrono::steady_clock;

  // `shares` are `jobs` of them. All outlive this.
  CampaignStatus(const CampaignOptions& options, int jobs, Shared& shared,
                 SharedArray<WorkerShare>& shares)
      : options_(options), jobs_(jobs), shared_(shared), shares_(shares) {}

  void Begin() { began_ = Clock::now(); }
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

  uint64_t Calls() const;
  CampaignCounts Counts() const;

  // One line about how far it is, over the one before where that is wanted.
  void Line(Clock::time_point now);

  // What was stored, given up or gone since the last time.
  void SayFound();

  // Fills in the keys and clauses of `result`, whose counts are there.
  void Keys(CampaignResult& result) const;

  void Summary(const CampaignResult& result);

 private:
  int ClausesOfProfile() const;
  int FindingCount() const;

  const CampaignOptions& options_;
  const int jobs_;
  Shared& shared_;
  SharedArray<WorkerShare>& shares_;
  Clock::time_point began_ = Clock::now();
  Clock::time_point line_said_at_;
  uint64_t line_calls_ = 0;
  int line_width_ = 0;
  std::set<int> said_;
};

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_CAMPAIGN_STATUS_H_
