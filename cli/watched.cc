#include "cli/watched.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <new>

#include "cli/stop.h"
#include "fmt/format.h"
#include "sut/end_with_parent.h"

namespace sockspec {

std::atomic<int>& GoOnWatched(const std::vector<std::string>& names) {
  void* const shared = mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) throw Stop{kExitUnavailable, fmt::format("mmap: {}", strerror(errno))};
  auto& at = *new (shared) std::atomic<int>(-1);
  fflush(stdout);
  fflush(stderr);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) throw Stop{kExitUnavailable, fmt::format("fork: {}", strerror(errno))};
  if (child == 0) {
    EndWithParent(parent);
    return at;
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) _exit(WEXITSTATUS(status));
  const int number = WTERMSIG(status);
  const int name = at.load();
  fmt::print(stderr, "sockspec: the kernel died of signal {} ({}){}\n", number, strsignal(number),
             name < 0 ? "" : " in the middle of " + names[static_cast<size_t>(name)]);
  _exit(kExitDiverges);
}

}  // namespace sockspec
