// What a run reached, for whoever wants to reach something new: which clauses decided, and which
// clause after which other one on the same handle.
//
//     ForEachFeature(program, run, ClauseNumber, [&](int before, int clause) { … });
//
// The libFuzzer targets feed it to the engine, and a campaign's corpus keeps the smallest program
// for each: what is a feature for the one is a feature for the other.
#ifndef SOCKSPEC_FUZZ_FEATURES_H_
#define SOCKSPEC_FUZZ_FEATURES_H_

#include <cstddef>

#include "fuzz/lockstep.h"
#include "model/clause.h"
#include "model/program/call.h"
#include "model/program/declarations.h"
#include "model/program/program.h"

namespace sockspec {

// `number` gives a clause's number (ClauseNumber(), or something quicker). `visit` gets the number of
// each clause that decided, and that of the clause before it on the same handle; -1 where there was
// none. What a call makes begins where its maker stands.
template <typename Number, typename Visit>
void ForEachFeature(const Program& program, const Run& run, Number number, Visit visit) {
  int last[kMaxHandles];  // of each handle the clause that decided last
  for (int& clause : last) clause = -1;
  for (size_t i = 0; i < run.seen.size(); ++i) {
    if (run.seen[i].clause == nullptr) continue;
    const int clause = number(run.seen[i].clause);
    const Call& call = program.calls[i];
    const bool on_handle = DeclarationOf(call.op).takes_descriptor() && call.fd.IsHandle();
    visit(on_handle ? last[call.fd.handle()] : -1, clause);
    if (on_handle) last[call.fd.handle()] = clause;
    ForEachMade(call, [&](uint8_t handle) { last[handle] = clause; });
  }
}

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_FEATURES_H_
