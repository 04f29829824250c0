// What tutorials, question-and-answer pages and manuals claim of connect() and bind(), put to the test.
//
// A claim is a sentence and the programs that decide it. A program says at each call what the claim makes one
// expect there; the verdict is computed: where every program comes out as it says, the claim holds; where none
// does, it is refuted; otherwise it depends, on what stands in `when`.
//
//     for (const Claim& claim : Claims()) Print(claim.id, VerdictName(ByProfile(claim, linux).verdict));
#ifndef SOCKSPEC_PROPERTIES_CLAIMS_H_
#define SOCKSPEC_PROPERTIES_CLAIMS_H_

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/lockstep.h"
#include "model/clause.h"
#include "model/profile.h"
#include "model/program/program.h"

namespace sockspec {

// One program of a claim. In its text {S} stands for a family and type, {A} and {B} for two addresses:
// such a program is four, over TCP and IPv4, TCP and IPv6, and unix sockets by path and by abstract name.
struct Case {
  std::string_view when;     // "the first server had set it, too"; of a four-fold program: beside the family
  std::string_view program;  // in the text form, with the replies that the claim makes one expect
};

struct Claim {
  std::string_view id;    // "bind.local"
  std::string_view says;  // one sentence
  std::span<const Case> cases;
};

// In the order of the document they come from.
std::span<const Claim> Claims();

enum class ClaimVerdict { kHolds, kDepends, kRefuted, kUnspecified, kUnjudged };
std::string_view ClaimVerdictName(ClaimVerdict verdict);  // "holds", "depends", "refuted", "unspecified", "not judged"

// How one program came out.
struct CaseResult {
  std::string when;       // with the family
  Transcript transcript;  // with the replies that the claim expects
  enum { kAsSaid, kOtherwise, kUnspecified, kUnjudged } outcome = kAsSaid;
  int line = 0;           // of kOtherwise and kUnspecified: which call, from 0
  const Clause* clause = nullptr;  // that decides the last call, or the one that came out otherwise; by profile only
  std::string expected;   // and what is right there: "-1 EINVAL  @bind.twice"; of kUnjudged: why
};

struct ClaimResult {
  ClaimVerdict verdict = ClaimVerdict::kHolds;
  std::vector<CaseResult> cases;
};

// By what the profile allows: as said is a reply that it allows, whether or not it allows another one too.
ClaimResult ByProfile(const Claim& claim, const Profile& profile);

// By what the kernel answers.
ClaimResult ByKernel(const Claim& claim, Kernel& kernel);

// Of all claims, one column: by a profile, or by a kernel.
struct ClaimColumn {
  std::string name;  // "posix", "linux-6.18", "this kernel, Linux 6.18.44"
  std::vector<ClaimResult> results;  // as many as Claims()
};
ClaimColumn ColumnOf(const Profile& profile);
ClaimColumn ColumnOf(std::string name, Kernel& kernel);

// By clause: the claims whose programs end with it, in this profile.
std::map<const Clause*, std::vector<std::string_view>> ClaimsDecidedBy(const Profile& profile);

// The table of verdicts, and below it a minimal program for whatever came out otherwise.
std::string ClaimsMarkdown(std::span<const ClaimColumn> columns);
std::string ClaimsJson(std::span<const ClaimColumn> columns);

}  // namespace sockspec

#endif  // SOCKSPEC_PROPERTIES_CLAIMS_H_
