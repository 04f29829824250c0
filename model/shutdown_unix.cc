// shutdown() of unix sockets. On Linux it needs no connection.

#include <errno.h>
#include <sys/socket.h>

#include "model/tables.h"
#include "model/unix_network.h"

namespace sockspec {
namespace {

bool NotConnected(const Scene& s) { return s.me().peer == kNone; }
bool PeerGone(const Scene& s) { return s.me().peer != kNone && s.world.sockets[s.me().peer].dead; }

void Shut(Scene& s) {
  Socket& me = s.me();
  const uint8_t directions = static_cast<uint8_t>(s.call.command + 1);
  me.shut |= directions;
  me.user_shut |= directions;
  Wake(s.world, s.index, kAnyReason);
  if (me.peer == kNone || me.kind == SocketKind::kUnixDatagram) return;
  Socket& other = s.world.sockets[me.peer];
  if (directions & kUnixReceive) other.shut |= kUnixSend;
  if (directions & kUnixSend) other.shut |= kUnixReceive;
  Wake(s.world, me.peer, kAnyReason);
  // Whether the other end may still send to one that was shut down for reading, POSIX does not say.
  if (s.posix() && (directions & kUnixReceive)) MakeUnspecified(s.world, me.peer);
}

// clang-format off
constexpr Clause kShutdownUnix[] = {
    {.id = "unix_shutdown.not_connected", .error = ENOTCONN, .when = NotConnected,
     .on = kPosix, .cites = "POSIX shutdown() ENOTCONN",
     .says = "The socket is not connected; Linux shuts it down all the same."},
    {.id = "unix_shutdown.peer_gone", .error = ENOTCONN, .when = PeerGone,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX shutdown() ENOTCONN",
     .says = "The peer is gone; whether the socket is connected then POSIX leaves open."},
    {.id = "unix_shutdown.shut", .then = Shut,
     .cites = "POSIX shutdown(); Linux unix_shutdown()",
     .says = "No more receiving, sending or both; the other end of a connection may not send any more, or reads its end."},
};
// clang-format on

}  // namespace

std::span<const Clause> ShutdownUnixClauses() { return kShutdownUnix; }

}  // namespace sockspec
