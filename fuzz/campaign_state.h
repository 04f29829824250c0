// DIR/campaign.json: what the campaigns in a directory came to, and where the next one goes on.
//
// It has a section for each kernel, profile and mutant (a directory may hold several campaigns), and
// beside them what is counted of all: `runs`, `totals`, `clauses`, `edges`, `deviations`.
#ifndef SOCKSPEC_FUZZ_CAMPAIGN_STATE_H_
#define SOCKSPEC_FUZZ_CAMPAIGN_STATE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "fuzz/campaign.h"
#include "nlohmann/json.hpp"
#include "sut/kernel.h"

namespace sockspec {

// Of all runs in a directory, this one left out.
struct CampaignTotals {
  double seconds = 0;
  uint64_t programs = 0;
  uint64_t calls = 0;
  uint64_t discarded = 0;
  uint64_t deaths = 0;
};

class CampaignState {
 public:
  using Json = nlohmann::ordered_json;

  // Reads the file in `directory`, where there is one. Trouble where it is none of ours.
  Trouble Load(const std::string& directory, const std::string& section);

  const Json& section() const { return section_; }
  const CampaignTotals& totals() const { return totals_; }
  uint64_t ClauseBefore(const std::string& id) const;
  uint64_t MetBefore(const std::string& key) const;

  // Writes it: `run` and `section` as they are now, the counts of this run added to those before.
  Trouble Save(const Json& run, const Json& section, const CampaignCounts& counts, int deaths,
               const std::vector<MetDeviation>& deviations);

 private:
  std::string path_;
  std::string name_;  // of the section
  Json file_ = Json::object();
  Json section_ = Json::object();
  Json runs_ = Json::array();
  CampaignTotals totals_;
  std::map<std::string, uint64_t> clauses_;
  struct Known {
    uint64_t met = 0;
    std::string reason, link;
  };
  std::map<std::string, Known> known_;  // by key
  std::vector<uint64_t> moves_;
};

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_CAMPAIGN_STATE_H_
