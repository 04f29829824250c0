// A child that must not outlive who forked it, also where that one is killed.
#ifndef SOCKSPEC_SUT_END_WITH_PARENT_H_
#define SOCKSPEC_SUT_END_WITH_PARENT_H_

#include <signal.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <unistd.h>

namespace sockspec {

// Makes this process end with `parent`, at once where that is gone already.
inline void EndWithParent(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
}

}  // namespace sockspec

#endif  // SOCKSPEC_SUT_END_WITH_PARENT_H_
