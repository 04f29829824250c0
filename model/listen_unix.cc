// listen() of unix sockets.

#include <errno.h>

#include "model/tables.h"
#include "model/unix_network.h"

namespace sockspec {
namespace {

bool Unnamed(const Scene& s) { return !HasName(s.me()); }
bool Connected(const Scene& s) { return s.me().tcp == Tcp::kEstablished; }

// __sys_listen(): a backlog that is too large or negative becomes net.core.somaxconn, 4096.
constexpr int32_t kSomaxconn = 4096;
void Open(Scene& s) {
  const int32_t wanted = s.call.value;
  s.me().backlog = wanted < 0 || wanted > kSomaxconn ? kSomaxconn : wanted;
  s.me().tcp = Tcp::kListen;
}

// clang-format off
constexpr Clause kListenUnix[] = {
    {.id = "unix_listen.unnamed", .error = EINVAL, .when = Unnamed,
     .on = kLinux, .cites = "Linux unix_listen(): \"No listens on an unbound socket\"",
     .says = "The socket has no name that anybody could connect to."},
    {.id = "unix_listen.unbound", .error = EDESTADDRREQ, .when = Unnamed,
     .on = kPosix, .cites = "POSIX listen() EDESTADDRREQ",
     .says = "The socket is unbound, and has no name that anybody could connect to."},
    {.id = "unix_listen.connected", .error = EINVAL, .when = Connected,
     .cites = "POSIX listen() EINVAL; Linux unix_listen()",
     .says = "The socket is connected, or was."},
    {.id = "unix_listen.open", .then = Open,
     .cites = "POSIX listen(); Linux unix_listen()",
     .says = "The socket listens; where it did already, only its backlog changes."},
};
// clang-format on

}  // namespace

std::span<const Clause> ListenUnixClauses() { return kListenUnix; }

}  // namespace sockspec
