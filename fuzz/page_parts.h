// The parts of the page (page.h), each a piece of HTML.
#ifndef SOCKSPEC_FUZZ_PAGE_PARTS_H_
#define SOCKSPEC_FUZZ_PAGE_PARTS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/campaign_record.h"
#include "fuzz/triage.h"
#include "model/clause.h"
#include "model/profile.h"

namespace sockspec {

// Text as HTML shows it, in attributes as well.
std::string Escaped(std::string_view text);

// "12", "3.4k", "12M".
std::string Short(double count);

// "s0.listen" as a fragment names it: of a finding.
std::string AnchorOf(const Finding& finding);

// The phases and the calls between them, drawn, with how often the campaign went there; where
// findings diverge, marked. A table below says the same in words.
std::string DiagramHtml(const CampaignRecord& record, const std::vector<TriageRow>& rows,
                        const Profile& profile);

// For each call how many of its clauses decided, which never did, and why.
std::string CoverageHtml(const CampaignRecord& record, const std::vector<TriageRow>& rows,
                         const Profile& profile);

// Why a clause of the profile may never have decided, in words.
std::string_view WhyNever(const Clause& clause, const Profile& profile);

// Rate, clauses and findings over time.
std::string PlotsHtml(const CampaignRecord& record);

// What a page of this style needs within <head>, and the script at its end: filters, and a button
// that copies.
std::string_view PageStyle();
std::string_view PageScript();

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_PAGE_PARTS_H_
