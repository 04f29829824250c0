// Programs worth running, for RapidCheck: fuzz/generate.h writes them, and where one fails it is
// shrunk by the neighbours that fuzz/minimize.h knows, so that a failing property shows a 1-minimal
// program.
//
//     RC_GTEST_PROP(Closing, IsFinal, ()) { const Shown shown = *WorthRunning(profile); … }
//
// RapidCheck's seed is fixed (kSeed), so that a test gives the same answer every day: to look for
// what nobody has seen yet is what campaigns are for. RC_PARAMS in the environment has the last
// word.
#ifndef SOCKSPEC_PROPERTIES_WORTH_RUNNING_H_
#define SOCKSPEC_PROPERTIES_WORTH_RUNNING_H_

#include <rapidcheck.h>

#include <cstdint>
#include <ostream>
#include <string>

#include "model/profile.h"
#include "model/program/program.h"

namespace sockspec {

// A program that RapidCheck prints as text.
struct Shown {
  Program program;
};
std::ostream& operator<<(std::ostream& out, const Shown& shown);

rc::Gen<Shown> WorthRunning(const Profile& profile);

// The same without calls that may block: to see that a call blocks takes a tenth of a second.
rc::Gen<Shown> WorthRunningWithoutBlocking(const Profile& profile);

// How many cases each property of this binary is tried with, unless RC_PARAMS says otherwise. Where
// it is defined, it sets RC_PARAMS before main():
//
//     const Cases kCases(1000);
class Cases {
 public:
  explicit Cases(int count);
};

}  // namespace sockspec

#endif  // SOCKSPEC_PROPERTIES_WORTH_RUNNING_H_
