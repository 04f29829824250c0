// What a campaign wrote down of itself in its directory, for those who read it afterwards:
// DIR/campaign.json (its runs, how often each clause decided, how often each call moved a socket
// from phase to phase) and DIR/stats.csv (a line every ten seconds). What is missing is empty; a
// campaign that still runs may be read.
#ifndef SOCKSPEC_FUZZ_CAMPAIGN_RECORD_H_
#define SOCKSPEC_FUZZ_CAMPAIGN_RECORD_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sockspec {

struct CampaignRecord {
  struct Run {
    std::string began, ended;  // "2026-03-01T12:00:00Z"
    std::string seed, kernel, release, profile, arguments;
    uint64_t jobs = 0, programs = 0, calls = 0;
    double seconds = 0;
  };
  struct Edge {
    std::string from, call, to;  // phases by name
    uint64_t count = 0;
  };
  // A row of the known deviations.
  struct Known {
    std::string key;
    uint64_t met = 0;
    std::string reason, link;
    uint64_t met_in_last_run = 0;
    bool in_last_run = false;  // whether the last run was given it
  };
  // One line of stats.csv.
  struct Sample {
    double elapsed = 0;  // seconds since the directory began
    double calls_per_second = 0;
    double findings = 0, unstable = 0, clauses = 0, clauses_of = 0;
  };
  // Of all runs, those that are not kept one by one included.
  struct Totals {
    double seconds = 0;
    uint64_t programs = 0, calls = 0, discarded = 0, workers_died = 0;
  };
  std::vector<Run> runs;
  Totals totals;
  std::map<std::string, uint64_t, std::less<>> clauses;
  std::vector<Edge> edges;
  std::vector<Known> deviations;
  std::vector<Sample> samples;
  std::string problem;  // a file that is there and cannot be read; what could be read stands above
};

CampaignRecord ParseCampaignRecord(std::string_view campaign_json, std::string_view stats_csv);
CampaignRecord ReadCampaignRecord(const std::string& directory);

// Rows of one reason: a mistake of a kernel's shows in many keys.
struct KnownReason {
  std::string reason, link;
  std::vector<CampaignRecord::Known> rows;  // most often met first
  uint64_t met = 0;                         // all of them together
  size_t rows_met = 0;                      // how many of them at all
};

// Most often met first.
std::vector<KnownReason> ByReason(const std::vector<CampaignRecord::Known>& rows);

// As much of a reason as names it in a line: up to the end of its first statement, and no more than so many bytes.
std::string ShortReason(std::string_view reason, size_t most = 100);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_CAMPAIGN_RECORD_H_
