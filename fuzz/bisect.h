// What `git bisect run` needs to find the change of a kernel that a finding came with.
#ifndef SOCKSPEC_FUZZ_BISECT_H_
#define SOCKSPEC_FUZZ_BISECT_H_

#include <string>
#include <string_view>

#include "fuzz/finding.h"

namespace sockspec {

struct BisectScript {
  // A shell script, the C file within it, that builds the kernel it stands in, runs the C file there, and exits 0
  // (good), 1 (bad) or 125 (cannot be judged). Its head says how it is used, and what may be told to it by the environment.
  std::string script;
  std::string problem;  // not empty: why no script can ask that kernel, and what does
};

BisectScript BisectScriptOf(const Finding& finding, std::string_view repro_c);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_BISECT_H_
