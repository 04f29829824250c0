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
  struct Known {
    std::string key;
    uint64_t met = 0;
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

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_CAMPAIGN_RECORD_H_
