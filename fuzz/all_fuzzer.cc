// All kinds of socket, together on this machine's kernel.
//
//     bazel run //fuzz:all_fuzzer_run -- --timeout_secs=60

#include "fuzz/fuzz_entry.h"

std::unique_ptr<sockspec::FuzzTarget> sockspec::MakeFuzzTarget() { return OnThisKernel(kAnything); }
