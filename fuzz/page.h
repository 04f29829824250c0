// The findings of a directory and the campaign that found them, as one page that needs nothing else: no network, no
// script that loads another, no font.
#ifndef SOCKSPEC_FUZZ_PAGE_H_
#define SOCKSPEC_FUZZ_PAGE_H_

#include <string>
#include <string_view>

#include "fuzz/triage.h"

namespace sockspec {

// `title` heads it.
std::string TriageHtml(const Triage& triage, std::string_view title);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_PAGE_H_
