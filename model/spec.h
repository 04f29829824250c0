// The specification for people: the catalogue of clauses, what may come back from each call in each
// phase, and how calls move sockets from phase to phase.
//
// The catalogue is the tables themselves. The rest is derived: a handful of programs lead to every
// phase, and after each of them every call is tried with every argument that a clause can tell
// apart, and after those that changed anything every call once more. What no such program reaches
// is said to be so.
#ifndef SOCKSPEC_MODEL_SPEC_H_
#define SOCKSPEC_MODEL_SPEC_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/clause.h"
#include "model/profile.h"
#include "model/spec_explore.h"

namespace sockspec {

enum class SpecFormat {
  kMarkdown,  // everything, to be read
  kDot,       // the phases and the calls between them, for graphviz
  kJson,      // everything, for programs
};

// Which claims (properties/claims.h) a clause decides.
using ClaimsOf = std::map<const Clause*, std::vector<std::string_view>>;

// Some seconds of computing. The same profile always gives the same text.
std::string Specification(const Profile& profile, SpecFormat format, const ClaimsOf& claims = {});

// The phases of one kind of socket and the calls between them, for graphviz.
std::string PhaseDiagram(const Profile& profile, SpecKind kind);

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_SPEC_H_
