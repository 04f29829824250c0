// Any text is a campaign.json, or none; any text is a stats.csv, whatever of it can be read.
//
//     bazel run //fuzz/readers:campaign_record_fuzzer_run -- --timeout_secs=60

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fuzz/campaign_record.h"
#include "fuzz/readers/property.h"

namespace sockspec {
namespace {

bool Plausible(double number) { return std::isfinite(number) && number >= 0; }

}  // namespace
}  // namespace sockspec

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sockspec;
  const std::string_view text = AsText(data, size);
  // One text for both files: what is one of them is the other one damaged beyond recognition.
  const CampaignRecord record = ParseCampaignRecord(text, text);
  Property(record.problem.empty() || (record.runs.empty() && record.edges.empty() && record.clauses.empty()),
           "of what is no JSON nothing is taken", record.problem);
  for (const CampaignRecord::Run& run : record.runs) {
    Property(Plausible(run.seconds), "a run took some seconds", text);
  }
  Property(Plausible(record.totals.seconds), "all runs took some seconds", text);
  for (const CampaignRecord::Sample& sample : record.samples) {
    for (const double number : {sample.elapsed, sample.calls_per_second, sample.findings, sample.unstable,
                                sample.clauses, sample.clauses_of}) {
      Property(Plausible(number), "a plot can show what was measured", text);
    }
  }
  size_t rows = 0;
  for (const KnownReason& reason : ByReason(record.deviations)) {
    rows += reason.rows.size();
    Property(reason.rows_met <= reason.rows.size(), "no more rows are met than there are", text);
    Property(ShortReason(reason.reason, 20).size() <= 20 + std::string_view(" …").size(), "a short reason is short", reason.reason);
  }
  Property(rows == record.deviations.size(), "every row has a reason", text);
  return 0;
}
