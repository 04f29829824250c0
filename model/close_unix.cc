// close() of the last descriptor of a unix socket.

#include "model/tables.h"
#include "model/unix_network.h"

namespace sockspec {
namespace {

bool Listening(const Scene& s) { return s.me().tcp == Tcp::kListen; }
bool Unread(const Scene& s) {
  const Socket& me = s.me();
  return me.tcp == Tcp::kEstablished && (me.arrived != me.read || FirstMessage(s.world, s.index) != kNone);
}
bool Connected(const Scene& s) { return s.me().tcp == Tcp::kEstablished; }

void End(Scene& s) {
  std::array<uint8_t, kMaxSockets> before{};
  for (int i = 0; i < kMaxSockets; ++i) before[i] = s.world.sockets[i].error;
  s.world.slots[s.slot] = {};
  ReleaseUnix(s.world, s.index);
  if (!s.posix()) return;
  // Whether the other end is told of a reset, or of an end, POSIX does not say.
  for (int i = 0; i < kMaxSockets; ++i) {
    if (s.world.sockets[i].live && s.world.sockets[i].error != before[i]) {
      MakeUnspecified(s.world, static_cast<uint8_t>(i));
    }
  }
}

// clang-format off
constexpr Clause kCloseUnix[] = {
    {.id = "unix_close.listener", .when = Listening, .then = End,
     .of = kUnixConnected, .cites = "Linux unix_release_sock(), which releases every embryo",
     .says = "The listener is gone, and every connection that waited is reset."},
    {.id = "unix_close.data_unread", .when = Unread, .then = End,
     .of = kUnixConnected, .cites = "Linux unix_release_sock(): ECONNRESET where the queue is not empty",
     .says = "Something was not read: the other end is told of a reset."},
    {.id = "unix_close.connection", .when = Connected, .then = End,
     .of = kUnixConnected, .cites = "POSIX close(); Linux unix_release_sock()",
     .says = "The other end reads what it has, and then the end; it may not send any more."},
    {.id = "unix_close.last", .then = End,
     .cites = "POSIX close(); Linux unix_release_sock()",
     .says = "The socket is gone; its abstract name is free, its path stays and leads to nobody."},
};
// clang-format on

}  // namespace

std::span<const Clause> CloseUnixClauses() { return kCloseUnix; }

}  // namespace sockspec
