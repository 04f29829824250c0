// The entry points of libFuzzer, for every target of ours. A target is one function:
//
//     std::unique_ptr<FuzzTarget> sockspec::MakeFuzzTarget() { return OnThisKernel(kTcp); }
#ifndef SOCKSPEC_FUZZ_FUZZ_ENTRY_H_
#define SOCKSPEC_FUZZ_FUZZ_ENTRY_H_

#include <memory>

#include "fuzz/fuzz_target.h"
#include "model/clause.h"

namespace sockspec {

// Each target's own. Called once, before the first input.
std::unique_ptr<FuzzTarget> MakeFuzzTarget();

// This machine's kernel, held to the profile of the nearest Linux version, with programs that make these
// kinds of socket only. Ends the process where the kernel's sandbox cannot be had.
std::unique_ptr<FuzzTarget> OnThisKernel(KindSet sockets);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_FUZZ_ENTRY_H_
