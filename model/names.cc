// getsockname() and getpeername(): a socket's two names.

#include <errno.h>

#include "model/tables.h"
#include "model/unix_network.h"

namespace sockspec {
namespace {

bool HasSocket(const Scene& s) { return s.has_socket(); }
// A unix socket that had a peer keeps it when that one is gone.
bool HasNoPeer(const Scene& s) {
  if (IsUnix(s.me().kind)) return s.me().peer == kNone;
  return s.has_socket() && (s.me().remote_port == kNone || s.me().tcp == Tcp::kClose ||
                            s.me().tcp == Tcp::kSynSent);
}
bool WasConnected(const Scene& s) {
  if (IsUnix(s.me().kind)) return s.me().peer != kNone && s.world.sockets[s.me().peer].dead;
  return HasNoPeer(s) && s.me().link == Link::kConnected;
}
bool NeverConnected(const Scene& s) { return HasNoPeer(s) && s.me().link != Link::kConnected; }
bool Unbound(const Scene& s) {
  if (!s.has_socket()) return false;
  return IsUnix(s.me().kind) ? s.me().name.length == 0 : s.me().local == kNone;
}
bool ShutDown(const Scene& s) { return s.has_socket() && s.me().user_shut == 3; }

void Tell(Scene& s, const BoundName& name) { WriteName(s, name, NameLength(name)); }
void TellLocal(Scene& s) {
  if (IsUnix(s.me().kind)) return Tell(s, s.me().name);
  s.WriteAddress(s.me().address, s.me().local);
}
// A kernel may tell of a peer where there is none: the model goes on with a socket that has no name.
void TellPeer(Scene& s) {
  const uint8_t peer = s.me().peer;
  if (IsUnix(s.me().kind)) return Tell(s, peer == kNone ? BoundName{} : s.world.sockets[peer].name);
  s.WriteAddress(s.me().remote, s.me().remote_port);
}

// What is told of a socket that a refused send() may have bound says whether it did.
bool PerhapsBound(const Scene& s) { return Unbound(s) && s.me().perhaps_bound; }
void TellPerhapsBound(Scene& s) {
  s.me().perhaps_bound = false;
  if (s.seen != nullptr && s.seen->port.IsChosen()) BindToAnyPort(s);
  s.open = true;
  s.note = "a port, or none";
  TellLocal(s);
}

// clang-format off
constexpr Clause kGetsockname[] = {
    {.id = "getsockname.shut_down", .error = EINVAL, .when = ShutDown,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX getsockname() EINVAL (may)",
     .says = "The socket has been shut down."},
    {.id = "getsockname.perhaps_bound", .when = PerhapsBound, .then = TellPerhapsBound,
     .of = kUdp, .on = kPosix, .cites = "POSIX getsockname(); send() does not say when it binds",
     .says = "A send() was refused, and may have given the socket a port."},
    {.id = "getsockname.unbound", .when = Unbound,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX getsockname(): \"If the socket has not been bound to a local name, the value […] is unspecified\"",
     .says = "The socket has no name: what is written is anything."},
    {.id = "getsockname.local", .when = HasSocket, .then = TellLocal,
     .cites = "POSIX getsockname(); Linux inet_getname(), unix_getname()",
     .says = "The local name; 0.0.0.0 and port 0, or no more than AF_UNIX, where there is none."},
};

constexpr Clause kGetpeername[] = {
    {.id = "getpeername.not_connected", .error = ENOTCONN, .when = HasNoPeer,
     .on = kLinux, .cites = "POSIX getpeername() ENOTCONN; Linux inet_getname(), unix_getname()",
     .says = "There is no peer, or no longer."},
    {.id = "getpeername.never_connected", .error = ENOTCONN, .when = NeverConnected,
     .on = kPosix, .cites = "POSIX getpeername() ENOTCONN",
     .says = "The socket is not connected."},
    {.id = "getpeername.no_longer_connected", .error = ENOTCONN, .when = WasConnected,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX getpeername() ENOTCONN",
     .says = "The connection has ended; whether the socket has a peer then POSIX leaves open."},
    {.id = "getpeername.shut_down", .error = EINVAL, .when = ShutDown,
     .on = kPosix, .cites = "POSIX getpeername() EINVAL: \"The socket has been shut down\"",
     .says = "The socket has been shut down."},
    {.id = "getpeername.peer", .when = HasSocket, .then = TellPeer,
     .cites = "POSIX getpeername(); Linux inet_getname(), unix_getname()",
     .says = "The peer's name."},
};
// clang-format on

}  // namespace

std::span<const Clause> GetsocknameClauses() { return kGetsockname; }
std::span<const Clause> GetpeernameClauses() { return kGetpeername; }

}  // namespace sockspec
