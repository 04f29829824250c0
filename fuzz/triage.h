// The findings of a directory, as lists for people and programs.
#ifndef SOCKSPEC_FUZZ_TRIAGE_H_
#define SOCKSPEC_FUZZ_TRIAGE_H_

#include <string>
#include <string_view>
#include <vector>

#include "fuzz/finding.h"

namespace sockspec {

enum class TriageOrder {
  kWorst,   // the surest first; of these what breaks POSIX, then what was seen most often
  kNewest,  // what was seen first most recently
};

void Sort(std::vector<LoadedFinding>& findings, TriageOrder order);

// Three lines a finding: what it is and how sure, what was said, its key.
std::string TriageText(const std::vector<LoadedFinding>& findings);

// A JSON list of them.
std::string TriageJson(const LoadedFindings& findings);

// One page that needs nothing else: the list, and each report under its line. `title` heads it.
std::string TriageHtml(const LoadedFindings& findings, std::string_view title);

// report.txt of a finding as it was stored; made anew where the file is gone.
std::string StoredReport(const LoadedFinding& finding);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_TRIAGE_H_
