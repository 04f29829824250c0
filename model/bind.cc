// bind(): gives a socket its local address and port.

#include <errno.h>
#include <sys/socket.h>

#include "model/tables.h"

namespace sockspec {
namespace {

bool LengthInvalid(const Scene& s) { return s.has_socket() && s.call.length != kExactLength; }
bool TooShort(const Scene& s) { return s.call.length < kExactLength; }
bool WrongFamily(const Scene& s) {
  const Address& a = s.call.address;
  return a.family != AF_INET && !(a.family == AF_UNSPEC && a.host == Host::kAny);
}
bool NotLocal(const Scene& s) {
  switch (s.call.address.host) {
    case Host::kAny:
    case Host::kLoopback:
    case Host::kLoopback2:
    case Host::kBroadcast:
    case Host::kMulticast:
    case Host::kLocalBroadcast:
      return false;
    default:  // every other IPv4 host is somebody else's
      return true;
  }
}
bool AlreadyBound(const Scene& s) {
  return s.has_socket() && (s.me().tcp != Tcp::kClose || s.me().bound != kNone);
}
bool ShutDown(const Scene& s) { return s.has_socket() && s.me().user_shut != 0; }
bool AlreadyConnected(const Scene& s) {
  return s.has_socket() && s.me().tcp != Tcp::kClose && s.me().tcp != Tcp::kListen;
}
bool PortTaken(const Scene& s) {
  const PortIndex port = LookUpPort(s.world, s.call.address.port);
  return s.has_socket() && port != kNone &&
         PortConflicts(s, s.call.address.host, port, false);
}
bool NoPortLeft(const Scene& s) {
  return s.has_socket() && s.call.address.port == kPortZero &&
         PortsToBind(s.world, s.index, s.call.address.host).none();
}
bool Unbound(const Scene& s) { return s.has_socket() && !AlreadyBound(s); }
bool WantsAnyPort(const Scene& s) { return Unbound(s) && s.call.address.port == kPortZero; }

// __inet_bind(): the addresses are cleared where no port could be had, also those of an earlier life.
void ForgetAddress(Scene& s) { s.me().address = s.me().source = Host::kAny; }

void Bind(Scene& s, PortIndex port) {
  Socket& socket = s.me();
  const Host host = s.call.address.host;
  socket.address = host;
  const bool many = host == Host::kBroadcast || host == Host::kMulticast || host == Host::kLocalBroadcast;
  socket.source = many ? Host::kAny : host;  // sends from the device's own address then
  HoldPort(s.world, s.index, port, false);
  socket.local = port;
  socket.remote = Host::kAny;
  socket.remote_port = kNone;
  if (host != Host::kAny) socket.address_locked = true;
}
void BindToChosen(Scene& s) { Bind(s, TakePort(s, PortsToBind(s.world, s.index, s.call.address.host))); }
void BindToPort(Scene& s) {
  const PortIndex port = FindPort(s.world, s.call.address.port);
  if (s.world.lost != Lost::kNo) return;
  Bind(s, port);
  s.me().port_locked = true;
}

// selinux_socket_bind() reads the address before the socket does: by its family, whatever the socket's is.
constexpr int kShortestInet6 = 24;  // SIN6_LEN_RFC2133
bool SelinuxLength(const Scene& s) {
  const int16_t family = s.call.address.family;
  return s.has_socket() &&
         (s.call.length < 2 ||
          ((family == AF_UNSPEC || family == AF_INET) && s.call.length < kExactLength) ||
          (family == AF_INET6 && s.call.length < kShortestInet6));
}
bool SelinuxFamily(const Scene& s) {
  return s.has_socket() && s.call.address.family != AF_INET6 && WrongFamily(s);
}

// clang-format off
constexpr Clause kBind[] = {
    {.id = "bind.selinux_length", .error = EINVAL, .when = SelinuxLength,
     .on = kLinux, .selinux = true, .cites = "Linux selinux_socket_bind()",
     .says = "The address is shorter than one of the family that it names."},
    {.id = "bind.selinux_family", .error = EAFNOSUPPORT, .when = SelinuxFamily,
     .on = kLinux, .selinux = true, .cites = "Linux selinux_socket_bind()",
     .says = "The address is of a family that SELinux does not know, or AF_UNSPEC with a host."},
    {.id = "bind.length_short", .error = EINVAL, .when = TooShort,
     .on = kLinux, .cites = "Linux inet_bind(); bind(2) EINVAL",
     .says = "The address is shorter than one of this family."},
    {.id = "bind.length_invalid", .error = EINVAL, .when = LengthInvalid,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX bind() EINVAL (may)",
     .says = "The length is not that of an address of this family."},
    {.id = "bind.wrong_family", .error = EAFNOSUPPORT, .when = WrongFamily,
     .cites = "POSIX bind() EAFNOSUPPORT; Linux __inet_bind(), which takes AF_UNSPEC with 0.0.0.0",
     .says = "The address is of another family than the socket."},
    {.id = "bind.not_ours", .error = EADDRNOTAVAIL, .when = NotLocal,
     .cites = "POSIX bind() EADDRNOTAVAIL; Linux inet_addr_valid_or_nonlocal()",
     .says = "No interface of this machine has the address."},
    {.id = "bind.twice", .error = EINVAL, .when = AlreadyBound,
     .cites = "POSIX bind() EINVAL; Linux __inet_bind() \"double bind\"",
     .says = "The socket has a port already, or is in use."},
    {.id = "bind.connected", .error = EISCONN, .when = AlreadyConnected,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX bind() EISCONN (may)",
     .says = "The socket is already connected."},
    {.id = "bind.shut_down", .error = EINVAL, .when = ShutDown,
     .on = kPosix, .cites = "POSIX bind() EINVAL: \"or the socket has been shut down\"",
     .says = "The socket has been shut down."},
    {.id = "bind.port_taken", .error = EADDRINUSE, .when = PortTaken, .then = ForgetAddress,
     .cites = "POSIX bind() EADDRINUSE; Linux inet_csk_get_port()",
     .says = "Another socket holds the port and would be in the way."},
    {.id = "bind.no_port_left", .error = EADDRINUSE, .when = NoPortLeft, .then = ForgetAddress,
     .cites = "POSIX bind() EADDRINUSE; Linux inet_csk_find_open_port(); ip(7)",
     .says = "Every port of the ephemeral range is taken."},
    {.id = "bind.chosen", .when = WantsAnyPort, .then = BindToChosen,
     .cites = "ip(7) on port 0; Linux inet_csk_find_open_port()",
     .says = "The kernel chooses a port of the ephemeral range that no other socket holds."},
    {.id = "bind.explicit", .when = Unbound, .then = BindToPort,
     .cites = "POSIX bind(); Linux __inet_bind()",
     .says = "The socket gets the address and the port."},
};
// clang-format on

}  // namespace

std::span<const Clause> BindClauses() { return kBind; }

}  // namespace sockspec
