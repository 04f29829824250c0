// listen(): makes a socket accept connections.

#include <errno.h>

#include "model/tables.h"

namespace sockspec {
namespace {

bool IsSocket(const Scene& s) { return s.has_socket(); }
bool IsConnected(const Scene& s) { return s.has_socket() && s.me().link == Link::kConnected; }
bool IsConnecting(const Scene& s) { return s.has_socket() && s.me().link == Link::kConnecting; }
bool WasShutDown(const Scene& s) { return s.has_socket() && s.me().link == Link::kDisconnecting; }
bool Closed(const Scene& s) { return s.has_socket() && s.me().tcp == Tcp::kClose; }
bool Unbound(const Scene& s) {
  return Closed(s) && s.me().bound == kNone && s.me().link == Link::kUnconnected;
}
bool PortTaken(const Scene& s) {
  return Closed(s) && s.me().bound != kNone &&
         PortConflicts(s, s.me().address, s.me().bound, true);
}
bool NoPortLeft(const Scene& s) {
  return Unbound(s) && PortsToBind(s, s.me().address).none();
}
bool Listening(const Scene& s) { return s.has_socket() && s.me().tcp == Tcp::kListen; }
bool Bound(const Scene& s) {
  return Closed(s) && s.me().bound != kNone && s.me().link == Link::kUnconnected;
}

// __sys_listen(): a backlog that is too large or negative becomes net.core.somaxconn, 4096.
constexpr int32_t kSomaxconn = 4096;
void SetBacklog(Scene& s) {
  const int32_t wanted = s.call.value;
  s.me().backlog = wanted < 0 || wanted > kSomaxconn ? kSomaxconn : wanted;
}
void Open(Scene& s) {
  SetBacklog(s);
  Socket& socket = s.me();
  socket.tcp = Tcp::kListen;
  socket.answered = false;  // inet_csk_delack_init()
  HoldPort(s.world, s.index, socket.bound, false);
  socket.local = socket.bound;
  socket.turn = s.world.turn++;
  socket.at_tail = socket.inet6 && socket.reuse_port;
  if (!socket.reuse_port) return;
  socket.in_group = true;
  // inet_reuseport_add_sock(): the newest of those that listen there, and have the option by now, comes along,
  // also where it had not when it began to listen.
  uint8_t mate = kNone;
  for (int i = 0; i < kMaxSockets; ++i) {
    const Socket& other = s.world.sockets[i];
    if (i == s.index || !other.live || other.kind != SocketKind::kTcp || other.tcp != Tcp::kListen) continue;
    if (!other.reuse_port || other.bound != socket.bound || other.address != socket.address) continue;
    if (other.inet6 != socket.inet6 || other.only_inet6 != socket.only_inet6) continue;
    if (mate == kNone || other.turn > s.world.sockets[mate].turn) mate = static_cast<uint8_t>(i);
  }
  if (mate != kNone) s.world.sockets[mate].in_group = true;
}
void Autobind(Scene& s) {
  const PortIndex port = TakePort(s, PortsToBind(s, s.me().address));
  if (s.world.lost != Lost::kNo) return;
  s.me().tcp = Tcp::kListen;
  HoldPort(s.world, s.index, port, false);
  Open(s);
}

// clang-format off
constexpr Clause kListen[] = {
    {.id = "listen.connected", .error = EINVAL, .when = IsConnected,
     .cites = "POSIX listen() EINVAL; Linux inet_listen()",
     .says = "The socket is connected, or was."},
    {.id = "listen.connecting", .error = EINVAL, .when = IsConnecting,
     .cites = "POSIX listen() EINVAL; Linux inet_listen()",
     .says = "connect() is under way, or has failed and nobody has been told."},
    {.id = "listen.shut_down", .error = EINVAL, .when = WasShutDown,
     .on = kLinux, .cites = "Linux inet_listen() on SS_DISCONNECTING, which inet_shutdown() left",
     .says = "The socket was shut down while it connected."},
    {.id = "listen.port_taken", .error = EADDRINUSE, .when = PortTaken, .then = SetBacklog,
     .on = kLinux, .cites = "Linux inet_csk_listen_start(); listen(2) EADDRINUSE",
     .says = "Another socket listens on the port, or holds it without the option to share it."},
    {.id = "listen.port_in_use", .error = EADDRINUSE, .when = PortTaken, .then = SetBacklog,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX XSH 2.3: further errors are allowed; what SO_REUSEADDR shares is not specified",
     .says = "Another socket holds the port."},
    {.id = "listen.no_port_left", .error = EADDRINUSE, .when = NoPortLeft, .then = SetBacklog,
     .cites = "listen(2) EADDRINUSE; Linux inet_csk_listen_start(), inet_csk_find_open_port()",
     .says = "The socket is unbound, and every port of the ephemeral range is taken."},
    {.id = "listen.unbound_refused", .error = EDESTADDRREQ, .when = Unbound,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX listen() EDESTADDRREQ",
     .says = "The socket is unbound, and the protocol does not listen on such."},
    {.id = "listen.again", .when = Listening, .then = SetBacklog,
     .cites = "POSIX listen(); Linux inet_listen()",
     .says = "The socket listens already: the backlog changes, nothing else."},
    {.id = "listen.autobind", .when = Unbound, .then = Autobind,
     .cites = "Linux inet_csk_listen_start(); POSIX allows EDESTADDRREQ",
     .says = "An unbound socket gets a port of the kernel's choice and listens on every address."},
    {.id = "listen.open", .when = Bound, .then = Open,
     .cites = "POSIX listen(); Linux inet_listen()",
     .says = "The socket listens."},
};

constexpr Clause kListenOnDatagrams[] = {
    {.id = "listen.datagrams", .error = EOPNOTSUPP, .when = IsSocket,
     .cites = "POSIX listen() EOPNOTSUPP; Linux sock_no_listen()",
     .says = "Nobody connects to a datagram socket."},
};
// clang-format on

}  // namespace

std::span<const Clause> ListenClauses() { return kListen; }
std::span<const Clause> ListenOnDatagramsClauses() { return kListenOnDatagrams; }

}  // namespace sockspec
