#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <utility>

#include "fuzz/fuzz_entry.h"
#include "model/profile.h"
#include "sut/kernel.h"
#include "sut/linux.h"

namespace sockspec {

std::unique_ptr<FuzzTarget> OnThisKernel(KindSet sockets) {
  // The engine's timer would interrupt calls that block: recv() would say EINTR because of it.
  sigset_t alarm;
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM);
  pthread_sigmask(SIG_BLOCK, &alarm, nullptr);

  // Its own namespaces; where those are refused, the one at hand if nothing but loopback is in it.
  Trouble trouble;
  std::unique_ptr<Kernel> kernel = MakeLinuxKernel(LinuxOptions{}, &trouble);
  if (kernel == nullptr) {
    fprintf(stderr, "sockspec: %s\n", trouble.what.c_str());
    _exit(1);
  }
  const ResolvedProfile resolved = ResolveProfile("linux", kernel->release());
  if (!resolved.profile.verified) fprintf(stderr, "sockspec: %s\n", resolved.profile.note.c_str());
  return std::make_unique<FuzzTarget>(std::move(kernel), resolved.profile, sockets);
}

}  // namespace sockspec
