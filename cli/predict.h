// What the model says of a program, without a kernel.
#ifndef SOCKSPEC_CLI_PREDICT_H_
#define SOCKSPEC_CLI_PREDICT_H_

#include <string>
#include <vector>

#include "model/oracle.h"
#include "model/program/program.h"

namespace sockspec {

struct Predicted {
  std::vector<Allowed> allowed;    // the most usual first; empty: unspecified, or not known
  Reply reply;                     // the one that was gone on with
  const Clause* clause = nullptr;  // that allows it; nullptr: none does, or nobody knows
  Verdict verdict = Verdict::kConforms;
  std::string why;  // of kDiscarded
  std::string before;  // where the call's socket stood: "connected, local 127.0.0.1:E0, …"; empty where it has none
  const Clause* silent = nullptr;  // of kUnspecified: the clause that says so, where one does
};

// One for each call. A reply that is written is followed; where none is, the most usual one.
std::vector<Predicted> Predict(const Transcript& transcript, const Profile& profile);

// `transcript` with a reply and a clause on every line that had no reply and for which exactly one is right.
Transcript WithPredictions(const Transcript& transcript, const Profile& profile);

}  // namespace sockspec

#endif  // SOCKSPEC_CLI_PREDICT_H_
