// The findings of a directory and the campaign that found them, as one page that needs nothing
// else: no network, no script that loads another, no font. Light and dark as the reader has it, for
// a telephone as well as for a desk.
#ifndef SOCKSPEC_FUZZ_PAGE_H_
#define SOCKSPEC_FUZZ_PAGE_H_

#include <string>
#include <string_view>

#include "fuzz/campaign_record.h"
#include "fuzz/triage.h"

namespace sockspec {

// `title` heads it. A second of computing, most of it for the ways that the specification knows
// from phase to phase.
std::string TriageHtml(const Triage& triage, const CampaignRecord& record, std::string_view title);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_PAGE_H_
