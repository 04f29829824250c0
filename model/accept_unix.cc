// accept() of unix sockets: what differs from accept.cc.

#include <errno.h>

#include "model/tables.h"
#include "model/unix_network.h"

namespace sockspec {
namespace {

bool ShutAndEmpty(const Scene& s) {
  return s.me().tcp == Tcp::kListen && FirstInQueue(s.world, s.index) == kNone && !s.nonblocking() &&
         (s.me().shut & kUnixReceive);
}

// clang-format off
constexpr Clause kAcceptUnix[] = {
    {.id = "unix_accept.shut", .error = EINVAL, .when = ShutAndEmpty,
     .on = kLinux, .cites = "Linux unix_accept(): \"This means receive shutdown.\"",
     .says = "No connection waits, and none will come any more: the listener was shut down for reading."},
};
// clang-format on

}  // namespace

std::span<const Clause> AcceptUnixClauses() { return kAcceptUnix; }

}  // namespace sockspec
