// Unix sockets of all types on this machine's kernel.
//
//     bazel run //fuzz:unix_fuzzer_run -- --timeout_secs=60

#include "fuzz/fuzz_entry.h"

std::unique_ptr<sockspec::FuzzTarget> sockspec::MakeFuzzTarget() { return OnThisKernel(kUnix); }
