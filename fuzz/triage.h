// The findings of a directory, as lists for people and programs.
#ifndef SOCKSPEC_FUZZ_TRIAGE_H_
#define SOCKSPEC_FUZZ_TRIAGE_H_

#include <string>
#include <string_view>
#include <vector>

#include "fuzz/campaign_record.h"
#include "fuzz/deviations.h"
#include "fuzz/finding.h"

namespace sockspec {

enum class TriageOrder {
  kWorst,  // the surest first; of these what breaks POSIX, then what was seen most often. What is
           // accepted or fixed comes last
  kNewest,  // what was seen first most recently
  kClause,  // by the clause that was expected, each under a heading
  kCall,    // by the call that diverges, likewise
};

// Which findings are wanted; what is empty asks for nothing.
struct TriageFilter {
  std::string call;    // "accept"
  std::string clause;  // "accept.aborted", or the beginning of one: "accept"
  std::string kind;    // "confirmed", "unstable", "contaminated"
  std::string state;   // StateWords()
  std::string text;    // somewhere in the key
};

// What a list says of a finding beside the finding itself.
struct TriageRow {
  LoadedFinding loaded;
  std::string accepted;  // the reason that a deviation gives for it; empty: none does
};

// A program that a kernel died of, or the process that ran it, or perhaps did: it has no key, and no clause that it
// parts from.
struct KeptDeath {
  std::string said;     // "the kernel died while this ran"
  std::string path;     // of the program
  std::string program;  // as text
  bool tried = true;    // otherwise a worker died, and nobody has tried it alone yet
};

struct Triage {
  std::vector<TriageRow> rows;
  std::vector<LoadedFinding> corrupt;
  std::vector<KeptDeath> deaths;
};

// Joins findings with the deviations that explain them. A row that has expired by `today`
// ("2026-03-01") does not.
Triage TriageOf(LoadedFindings findings, const Deviations& deviations, std::string_view today);

void Sort(std::vector<TriageRow>& rows, TriageOrder order);
void Filter(std::vector<TriageRow>& rows, const TriageFilter& filter);

// The call that diverges, by name, and the clause that decides there: "none" where there is none.
std::string CallOf(const Finding& finding);
std::string ClauseOf(const Finding& finding);

// "accepted", or what finding.json says: "found", "still there", "fixed".
std::string StateWords(const TriageRow& row);

// A table, two lines a finding: how sure, which state, how often and since when, the key; then what
// was said.
std::string TriageText(const std::vector<TriageRow>& rows, TriageOrder order);

// A JSON object with all of it.
std::string TriageJson(const Triage& triage);

// report.txt of a finding as it was stored; made anew where the file is gone. Of repro.c the same,
// but empty.
std::string StoredReport(const LoadedFinding& finding);
std::string StoredC(const LoadedFinding& finding);

// {"reasons": [{"reason": …, "link": …, "met": …, "rows": [{"key": …, "met": …, "met_in_last_run": …}]}]}, the last null
// where the last run was not given the row.
std::string DeviationsJson(const std::vector<KnownReason>& reasons);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_TRIAGE_H_
