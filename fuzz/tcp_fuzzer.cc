// TCP over IPv4 and IPv6 on this machine's kernel.
//
//     bazel run //fuzz:tcp_fuzzer_run -- --timeout_secs=60

#include "fuzz/fuzz_entry.h"

std::unique_ptr<sockspec::FuzzTarget> sockspec::MakeFuzzTarget() { return OnThisKernel(kTcp); }
