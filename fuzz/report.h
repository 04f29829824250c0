// The report on a finding, for whoever sends it upstream. It answers, in this order: what was said,
// why the model disagrees, where the sockets stood, how to run it again.
#ifndef SOCKSPEC_FUZZ_REPORT_H_
#define SOCKSPEC_FUZZ_REPORT_H_

#include <optional>
#include <string>
#include <vector>

#include "fuzz/finding.h"

namespace sockspec {

// report.txt: plain text, lines of at most 100 columns where the program allows, no colour.
std::string Report(const Finding& finding);

// One line: "listen(s0, 1) came back 0, expected -1 EINVAL (listen.unbound_refused)".
std::string Headline(const Finding& finding);

// Where the sockets stood before the call that diverges, by the finding's own profile; nothing where this sockspec
// does not come to that call any more.
std::optional<World> WorldBefore(const Finding& finding);

// The lines of a transcript's calls, replies and clauses in columns: one a call, without comments
// and without the environment.
std::vector<std::string> CallLines(const Transcript& transcript);

// "-1 EINVAL (listen.x)", "0 (bind.explicit), -1 EINVAL (bind.twice)": what would have been right.
std::string AllowedWords(const Call& call, const std::vector<Allowed>& allowed);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_REPORT_H_
