// libFuzzer against this machine's kernel, held to the profile of the nearest Linux version.
//
//     bazel run //fuzz:tcp_fuzzer_run -- --timeout_secs=60

#include <signal.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <utility>

#include "fuzz/fuzz_target.h"
#include "model/profile.h"
#include "sut/kernel.h"
#include "sut/linux.h"

namespace {

sockspec::FuzzTarget* g_target = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  // The engine's timer would interrupt calls that block: recv() would say EINTR because of it.
  sigset_t alarm;
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM);
  pthread_sigmask(SIG_BLOCK, &alarm, nullptr);

  // Its own namespaces; where those are refused, the one at hand if nothing but loopback is in it.
  sockspec::Trouble trouble;
  std::unique_ptr<sockspec::Kernel> kernel =
      sockspec::MakeLinuxKernel(sockspec::LinuxOptions{}, &trouble);
  if (kernel == nullptr) {
    fprintf(stderr, "sockspec: %s\n", trouble.what.c_str());
    _exit(1);
  }
  const sockspec::ResolvedProfile resolved = sockspec::ResolveProfile("linux", kernel->release());
  if (!resolved.profile.verified) fprintf(stderr, "sockspec: %s\n", resolved.profile.note.c_str());
  // Never destroyed: the engine leaves by _exit() and by abort(), from anywhere.
  g_target = new sockspec::FuzzTarget(std::move(kernel), resolved.profile);
  if (sockspec::AsksForMinimizeStep(*argc, *argv)) g_target->MinimizeOnly();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  g_target->Test(data, size);
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  return g_target->Mutate(data, size, max_size, seed);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* first, size_t first_size,
                                            const uint8_t* second, size_t second_size, uint8_t* out,
                                            size_t max_size, unsigned seed) {
  return g_target->Cross(first, first_size, second, second_size, out, max_size, seed);
}
