// shutdown(): ends one direction of a connection, or both.

#include <errno.h>
#include <sys/socket.h>

#include "model/tables.h"

namespace sockspec {
namespace {

constexpr uint8_t kReceive = 1;
constexpr uint8_t kSend = 2;

uint8_t Directions(const Scene& s) { return static_cast<uint8_t>(s.call.command + 1); }
bool HowUnknown(const Scene& s) { return s.call.command < SHUT_RD || s.call.command > SHUT_RDWR; }
bool Ask(const Scene& s) { return s.has_socket() && !HowUnknown(s); }
bool In(const Scene& s, Tcp tcp) { return Ask(s) && s.me().tcp == tcp; }

bool NotConnected(const Scene& s) { return In(s, Tcp::kClose); }
bool NeverConnected(const Scene& s) {
  return NotConnected(s) && s.me().link != Link::kConnected;
}
bool NoLongerConnected(const Scene& s) { return NotConnected(s) && s.me().link == Link::kConnected; }
bool Connecting(const Scene& s) { return In(s, Tcp::kSynSent); }
bool Listening(const Scene& s) { return In(s, Tcp::kListen); }
bool ListeningForWrite(const Scene& s) { return Listening(s) && !(Directions(s) & kReceive); }
bool Connected(const Scene& s) {
  return In(s, Tcp::kEstablished) || In(s, Tcp::kFinWait) || In(s, Tcp::kCloseWait) || In(s, Tcp::kLastAck) ||
         NoLongerConnected(s);
}
bool OnlyReading(const Scene& s) { return Connected(s) && !(Directions(s) & kSend); }
bool AlsoWriting(const Scene& s) { return Connected(s) && (Directions(s) & kSend); }

// inet_shutdown(), which first settles how connect() went.
void Settle(Socket& socket) {
  if (socket.link != Link::kConnecting) return;
  const bool open = socket.tcp != Tcp::kSynSent && socket.tcp != Tcp::kClose;
  socket.link = open ? Link::kConnected : Link::kDisconnecting;
}
// POSIX leaves the state open once connect() has failed.
void LeaveFailedOpen(Scene& s) {
  if (s.posix() && s.me().link == Link::kConnecting && s.me().tcp == Tcp::kClose) MakeUnspecified(s.world, s.index);
}
void Mark(Scene& s) {
  LeaveFailedOpen(s);
  Settle(s.me());
  s.me().shut |= Directions(s);
}
// "Wake up anyone sleeping in poll": whatever inet_shutdown() did, and whatever it answers.
void WakeAll(Scene& s) { Wake(s.world, s.index, kAnyReason); }
void MarkAndWake(Scene& s) {
  Mark(s);
  WakeAll(s);
}
void StopListening(Scene& s) {
  Disconnect(s.world, s.index);
  s.me().link = Link::kUnconnected;
  WakeAll(s);
}
void MarkForUser(Scene& s) {
  Mark(s);
  // After our FIN, what is still under way to us will be answered with a RST, some time.
  if (s.me().tcp == Tcp::kFinWait && (s.me().shut & kReceive) && s.me().late > 0) s.world.lost = Lost::kTiming;
  s.me().user_shut |= Directions(s);
}
void StopWriting(Scene& s) {
  MarkForUser(s);
  const Tcp tcp = s.me().tcp;
  if (tcp == Tcp::kEstablished || tcp == Tcp::kCloseWait) SendFin(s.world, s.index);
  WakeAll(s);
}
void StopReading(Scene& s) {
  MarkForUser(s);
  WakeAll(s);
}
void Nothing(Scene& s) {
  Settle(s.me());
  WakeAll(s);
}
bool HasPeer(const Scene& s) { return In(s, Tcp::kEstablished); }

// clang-format off
constexpr Clause kShutdownFirst[] = {
    {.id = "shutdown.how_unknown", .error = EINVAL, .when = HowUnknown,
     .cites = "POSIX shutdown() EINVAL; Linux inet_shutdown(), unix_shutdown()",
     .says = "The direction is none of SHUT_RD, SHUT_WR and SHUT_RDWR."},
};

constexpr Clause kShutdown[] = {
    {.id = "shutdown.not_connected", .error = ENOTCONN, .when = NotConnected, .then = MarkAndWake,
     .on = kLinux, .cites = "Linux inet_shutdown(): the shutdown is noted all the same",
     .says = "TCP is in CLOSE: there is nothing to shut down, but it is remembered."},
    // Two outcomes are right here: XSH 2.3 lets a call that fails have been performed in part.
    {.id = "shutdown.never_connected", .error = ENOTCONN, .when = NeverConnected, .then = LeaveFailedOpen,
     .on = kPosix, .cites = "POSIX shutdown() ENOTCONN",
     .says = "The socket is not connected, and stays as it is."},
    {.id = "shutdown.never_connected_noted", .error = ENOTCONN, .when = NeverConnected, .then = MarkAndWake,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX shutdown() ENOTCONN; XSH 2.3: \"the action requested may have been partially performed\"",
     .says = "The socket is not connected, but is shut down for whatever comes."},
    {.id = "shutdown.no_longer_connected", .error = ENOTCONN, .when = NoLongerConnected, .then = MarkAndWake,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX shutdown() ENOTCONN",
     .says = "The connection has ended; whether the socket is connected then POSIX leaves open."},
    {.id = "shutdown.listener_not_connected", .error = ENOTCONN, .when = Listening,
     .on = kPosix, .cites = "POSIX shutdown() ENOTCONN",
     .says = "A listening socket is not connected."},
    {.id = "shutdown.connecting_not_connected", .error = ENOTCONN, .when = Connecting,
     .on = kPosix, .cites = "POSIX shutdown() ENOTCONN",
     .says = "A socket that connects is not connected yet."},
    {.id = "shutdown.listening_for_write", .when = ListeningForWrite, .then = Nothing,
     .on = kLinux, .cites = "Linux inet_shutdown()",
     .says = "A listener does not write: nothing happens."},
    {.id = "shutdown.listening", .when = Listening, .then = StopListening,
     .on = kLinux, .cites = "Linux inet_shutdown(), tcp_disconnect()",
     .says = "The socket stops listening, and every connection that waited is reset."},
    {.id = "shutdown.connecting", .when = Connecting, .then = StopListening,
     .on = kLinux, .cites = "Linux inet_shutdown(), tcp_disconnect()",
     .says = "The attempt is given up, and ECONNRESET is pending."},
    {.id = "shutdown.datagrams", .when = HasPeer, .then = StopReading,
     .of = kUdp, .cites = "POSIX shutdown(); Linux inet_shutdown()",
     .says = "No more receiving, or sending; the peer is not told."},
    {.id = "shutdown.read", .when = OnlyReading, .then = StopReading,
     .of = kTcp,
     .cites = "POSIX shutdown(); Linux inet_shutdown()",
     .says = "No more receiving: end of file follows what is queued."},
    {.id = "shutdown.write", .when = AlsoWriting, .then = StopWriting,
     .of = kTcp,
     .cites = "POSIX shutdown(); Linux tcp_shutdown()",
     .says = "No more sending: a FIN goes out unless one has."},
};
// clang-format on

}  // namespace

std::span<const Clause> ShutdownFirstClauses() { return kShutdownFirst; }
std::span<const Clause> ShutdownClauses() { return kShutdown; }

}  // namespace sockspec
