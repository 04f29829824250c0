// The same calls twice: as a program, for lockstep, and as a loop in plain C, which is as fast as a kernel is.
#ifndef SOCKSPEC_FUZZ_BENCHMARK_LOOPS_H_
#define SOCKSPEC_FUZZ_BENCHMARK_LOOPS_H_

#include <sys/socket.h>
#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string_view>

namespace sockspec {

struct BareLoop {
  std::string_view name;     // "TCP"
  std::string_view program;  // in the text form
  int calls;                 // of one turn
  // Makes the calls `turns` times, in the network that the thread is in. How many calls succeeded; fewer than
  // `turns * calls` where the kernel is not what it should be.
  int64_t (*run)(int turns);
};

std::span<const BareLoop> BareLoops();

// The calls that the loops of TCP and UDP make: libc's, until another stack's take their place.
struct SocketCalls {
  int (*socket)(int, int, int);
  int (*bind)(int, const sockaddr*, socklen_t);
  int (*listen)(int, int);
  int (*getsockname)(int, sockaddr*, socklen_t*);
  int (*connect)(int, const sockaddr*, socklen_t);
  int (*accept)(int, sockaddr*, socklen_t*);
  ssize_t (*send)(int, const void*, size_t, int);
  ssize_t (*recv)(int, void*, size_t, int);
  int (*close)(int);
};
void UseCalls(const SocketCalls& calls);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_BENCHMARK_LOOPS_H_
