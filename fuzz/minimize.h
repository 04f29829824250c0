// The minimizer: makes a program as small and as simple as it can be and still show what it showed.
//
//     Minimized minimized = Minimize(program, [&](const Program& candidate) {
//       const Run& run = lockstep.PlayFresh(candidate);
//       return run.diverged() && run.divergences[0].key == key;
//     });
//     Print(minimized.program);
//
// It is a pure function of the predicate; it knows no kernel. Halving delta debugging to a
// fixpoint, then a creator together with its users, then pairs, then the arguments, each towards
// its simplest, then the environment, and all over again until nothing changes. The predicate holds
// the key fixed, so that it cannot slip to another divergence.
#ifndef SOCKSPEC_FUZZ_MINIMIZE_H_
#define SOCKSPEC_FUZZ_MINIMIZE_H_

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "model/oracle.h"
#include "model/profile.h"
#include "model/program/program.h"

namespace sockspec {

using Keeps = std::function<bool(const Program&)>;

struct Minimized {
  Program program;    // never empty, unless the original is
  bool kept = false;  // false: the original does not have the property, and came back as it was
  bool one_minimal = false;  // no call can be left out and no argument made simpler
  std::string why_not;       // "the deadline has passed"; empty where it is 1-minimal
  int asked = 0;             // how often the predicate was asked
  int spared = 0;  // candidates that were known already, or that the model found pointless
};

struct MinimizeOptions {
  int last_call =
      -1;  // the call that diverges: what follows it is tried to be left out at once; -1: unknown
  std::chrono::milliseconds deadline = std::chrono::seconds(30);
  int budget = 20000;          // how often the predicate may be asked
  std::function<bool()> stop;  // asked now and then: whether to be content with what there is
  // Asked before the predicate: whether the candidate is still meaningful (see Plausible).
  // Candidates that are not are not tried, and 1-minimal means: among those that are. Not heeded
  // where the original is not.
  std::function<bool(const Program&)> plausible;
  std::function<void(const Minimized&)> progress;  // after every step that made the program smaller
};

Minimized Minimize(const Program& program, const Keeps& keeps, const MinimizeOptions& options = {});

// The neighbours of a program: it with one call left out (with the calls that need it, too, or with
// an earlier handle in the place of the one it made), and with one argument or the environment one
// step simpler. 1-minimal means that none of them has the property.
std::vector<Program> SimplerNeighbours(const Program& program);

// Whether a program may still show a divergence where `expected` decides about `op`: the model,
// asked alone, comes to such a call, and no call before it may block or is beyond the model. Where
// a profile allows several replies, only whether the program holds such a call.
class Plausible {
 public:
  Plausible(const Profile& profile, Op op, const Clause* expected);
  bool operator()(const Program& program);

 private:
  Oracle oracle_;
  Op op_;
  const Clause* expected_;
};

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_MINIMIZE_H_
