// A finding pinned down as a test: the program with what the kernel answered, so that another
// answer is noticed, for better or for worse.
//
//     # accept(s0) came back s2, addr=127.0.0.1:E0, expected -1 ECONNABORTED (accept.aborted)
//     # regression: linux.accept.stream.inet.accept.aborted.value.descriptor
//     # profile: posix
//     s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0  # @socket.open
//     …
//
// `sockspec triage DIR regress KEY` writes them into fuzz/found/<kernel>/, where regressions_test
// runs them; elsewhere `sockspec check` does.
#ifndef SOCKSPEC_FUZZ_REGRESSION_H_
#define SOCKSPEC_FUZZ_REGRESSION_H_

#include <string>
#include <string_view>

#include "fuzz/finding.h"
#include "fuzz/lockstep.h"

namespace sockspec {

// The file. Every call stands with the reply that came back, the one that diverges without a
// clause.
std::string RegressionProgram(const Finding& finding);

// What a program's comments say of it.
struct Regression {
  std::string key;      // empty: the program is no regression
  std::string profile;  // what it is held to
  std::string mutant;   // of the fake kernel: CLAUSE, CLAUSE:ERRNO or CLAUSE:spoilt
};
Regression RegressionIn(const Transcript& transcript);

// Whether `run`, of that program, still shows the divergence that is pinned down and nothing else.
// Empty: it does. Otherwise what has changed, for people.
std::string WhatHasChanged(const Regression& regression, const Transcript& transcript,
                           const Run& run);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_REGRESSION_H_
