// bind(): gives a socket its local address and port.

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "model/option_table.h"
#include "model/tables.h"

namespace sockspec {
namespace {

bool LengthInvalid(const Scene& s) { return s.has_socket() && s.call.length != AddressLength(s.me()); }
bool TooShort(const Scene& s) { return s.call.length < ShortestAddress(s.me()); }
Host Wanted(const Scene& s) { return ReadAddress(s).host; }
bool Inet6(const Scene& s) { return s.me().inet6; }
bool WrongFamily(const Scene& s) {
  const Reading read = ReadAddress(s);
  if (Inet6(s)) return read.family != AF_INET6;
  return read.family != AF_INET && !(read.family == AF_UNSPEC && read.host == Host::kAny);
}
bool NotLocal(const Scene& s) {
  switch (Wanted(s)) {
    case Host::kAny:
    case Host::kLoopback:
    case Host::kLoopback2:
    case Host::kBroadcast:
    case Host::kMulticast:
    case Host::kLocalBroadcast:
    case Host::kAny6:
    case Host::kLoopback6:
    case Host::kMulticast6:  // a matter of rows of their own
    case Host::kLinkLocal6:
      return false;
    default:  // every other host is somebody else's
      return true;
  }
}
// inet_addr_valid_or_nonlocal(), ipv6_can_nonlocal_bind()
bool MayBeForeign(const Scene& s) {
  return IsSet(s.world, s.index, IPPROTO_IP, IP_FREEBIND) ||
         IsSet(s.world, s.index, IPPROTO_IP, IP_TRANSPARENT);
}
bool NotOurs(const Scene& s) { return NotLocal(s) && (s.posix() || !Inet6(s)) && !MayBeForeign(s); }
bool NotOurs6(const Scene& s) { return NotLocal(s) && Inet6(s) && !MayBeForeign(s); }
bool ToMany6(const Scene& s) { return Inet6(s) && Wanted(s) == Host::kMulticast6; }  // of streams
bool WithoutScope(const Scene& s) {
  return Inet6(s) && (Wanted(s) == Host::kLinkLocal6 || Wanted(s) == Host::kMulticast6);
}
bool Inet6Only(const Scene& s) { return Inet6(s) && s.me().only_inet6 && IsIpv4(Wanted(s)); }
bool Privileged(const Scene& s) { return s.world.nobody && ReadAddress(s).port == kPortPrivileged; }
bool AlreadyBound(const Scene& s) {
  return s.has_socket() && (s.me().tcp != Tcp::kClose || s.me().bound != kNone);
}
bool PerhapsBound(const Scene& s) { return s.me().perhaps_bound; }
void IsBound(Scene& s) {
  s.me().perhaps_bound = false;
  BindToAnyPort(s);
}
bool ShutDown(const Scene& s) { return s.has_socket() && s.me().user_shut != 0; }
bool AlreadyConnected(const Scene& s) {
  return s.has_socket() && s.me().tcp != Tcp::kClose && s.me().tcp != Tcp::kListen;
}
bool Taken(const Scene& s, Among among) {
  const PortIndex port = LookUpPort(s.world, ReadAddress(s).port);
  return s.has_socket() && port != kNone && PortConflicts(s, Wanted(s), port, false, among);
}
bool PortTaken(const Scene& s) { return Taken(s, s.posix() ? Among::kOwnFamily : Among::kEveryone); }
bool PortTakenAcross(const Scene& s) { return !PortTaken(s) && Taken(s, Among::kEveryone); }
bool NeedsNoPort(const Scene& s) {
  return IsSet(s.world, s.index, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
}
bool NoPortLeft(const Scene& s) {
  return s.has_socket() && ReadAddress(s).port == kPortZero && !NeedsNoPort(s) && PortsToBind(s, Wanted(s)).none();
}
bool Unbound(const Scene& s) { return s.has_socket() && !AlreadyBound(s); }
bool WantsAnyPort(const Scene& s) { return Unbound(s) && ReadAddress(s).port == kPortZero; }
bool WantsNoPort(const Scene& s) { return WantsAnyPort(s) && NeedsNoPort(s); }

void Unspecified(Scene& s) { MakeUnspecified(s.world, s.index); }

// __inet_bind(): the addresses are cleared where no port could be had, also those of an earlier life.
// Of a socket that is bound already, which `posix` may refuse for that reason or for this one, nothing changes.
void ForgetAddress(Scene& s) {
  if (!AlreadyBound(s)) SetAddress(s.me(), Wildcard(s.me()));
}

void BindAddress(Scene& s) {
  Socket& socket = s.me();
  const Host host = Wanted(s);
  SetAddress(socket, host);
  const bool many = host == Host::kBroadcast || host == Host::kMulticast || host == Host::kLocalBroadcast;
  if (many && !socket.inet6) socket.source = Host::kAny;  // sends from the device's own address then
  if (s.linux()) socket.only_inet6 = EndpointAt(socket, host).only_inet6;
  // A socket of AF_INET6 keeps the peer that it had before it was dissolved (DissolvePeer).
  if (!socket.inet6) socket.remote = Host::kAny;
  socket.remote_port = kNone;
  socket.local = kNone;  // what an earlier life had
  // A socket of AF_INET6 keeps ::ffff:0.0.0.0 too.
  if (host != Wildcard(socket)) socket.address_locked = true;
  if (NotLocal(s)) s.world.foreign = socket.foreign = true;
}
void Bind(Scene& s, PortIndex port) {
  // The address first, since who may share a port depends on it.
  BindAddress(s);
  HoldPort(s.world, s.index, port, false);
  s.me().local = port;
}
void BindToChosen(Scene& s) { Bind(s, TakePort(s, PortsToBind(s, Wanted(s)))); }
void BindToPort(Scene& s) {
  const PortIndex port = FindPort(s.world, ReadAddress(s).port);
  if (s.world.lost != Lost::kNo) return;
  // A kernel that is made to forget that it chooses a port for 0: it says 0, and the socket has none.
  if (port == kNone) return BindAddress(s);
  Bind(s, port);
  s.me().port_locked = true;
}

// selinux_socket_bind() reads the address before the socket does: by its family, whatever the socket's is.
constexpr int kShortestInet6 = 24;  // SIN6_LEN_RFC2133
bool SelinuxLength(const Scene& s) {
  const int16_t family = s.call.address.family;
  const bool looks_inet6 = family == AF_INET6 || (family == AF_UNSPEC && Inet6(s));
  return s.has_socket() &&
         (s.call.length < 2 ||
          ((family == AF_UNSPEC || family == AF_INET) && s.call.length < kExactLength) ||
          (looks_inet6 && s.call.length < kShortestInet6));
}
bool SelinuxFamily(const Scene& s) {
  const int16_t family = s.call.address.family;
  if (Inet6(s)) return family != AF_INET && family != AF_INET6;
  return s.has_socket() && family != AF_INET6 && WrongFamily(s);
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
     .cites = "POSIX bind() EAFNOSUPPORT; Linux __inet_bind(), which takes AF_UNSPEC with 0.0.0.0, __inet6_bind()",
     .says = "The address is of another family than the socket."},
    {.id = "bind.not_ours", .error = EADDRNOTAVAIL, .when = NotOurs,
     .cites = "POSIX bind() EADDRNOTAVAIL; Linux inet_addr_valid_or_nonlocal()",
     .says = "No interface of this machine has the address."},
    {.id = "bind.to_many_inet6", .error = EINVAL, .when = ToMany6, .of = kTcp,
     .on = kLinux, .cites = "Linux __inet6_bind() on IPV6_ADDR_MULTICAST and SOCK_STREAM",
     .says = "A stream is not bound to an IPv6 multicast address; an IPv4 one is no hindrance."},
    {.id = "bind.to_many_inet6_unspecified", .when = ToMany6, .then = Unspecified, .of = kTcp,
     .on = kPosix, .strength = Strength::kUnspecified, .cites = "POSIX does not say what a stream of many is",
     .says = "A stream is bound to a multicast address."},
    {.id = "bind.privileged", .error = EACCES, .when = Privileged,
     .on = kLinux, .cites = "bind(2) EACCES; Linux __inet_bind(), __inet6_bind(), inet_port_requires_bind_service()",
     .says = "The port is one of the privileged, and the user is not."},
    {.id = "bind.protected", .error = EACCES, .when = Privileged,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX bind() EACCES (may)",
     .says = "The port is protected, and the user has no permission to bind to it."},
    {.id = "bind.twice", .error = EINVAL, .when = AlreadyBound,
     .cites = "POSIX bind() EINVAL; Linux __inet_bind() \"double bind\"",
     .says = "The socket has a port already, or is in use."},
    {.id = "bind.inet6_only", .error = EINVAL, .when = Inet6Only,
     .on = kLinux, .cites = "Linux __inet6_bind(): \"makes no sense\"",
     .says = "An IPv4 address, on a socket with IPV6_V6ONLY or one that was bound to an IPv6 address before."},
    {.id = "bind.inet6_only_unspecified", .when = Inet6Only, .then = Unspecified,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX XSH 2.10.20.2 does not say how a socket with IPV6_V6ONLY refuses IPv4",
     .says = "An IPv4 address, on a socket with IPV6_V6ONLY."},
    {.id = "bind.scope_missing", .error = EINVAL, .when = WithoutScope,
     .on = kLinux, .cites = "Linux __inet6_bind(): \"Binding to link-local address requires an interface\"; ipv6(7)",
     .says = "A link-local address says nothing without an interface."},
    {.id = "bind.scope_missing_unspecified", .when = WithoutScope, .then = Unspecified,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX <netinet/in.h>: the scope of sin6_scope_id is left to the implementation",
     .says = "A link-local address says nothing without an interface."},
    {.id = "bind.not_ours_inet6", .error = EADDRNOTAVAIL, .when = NotOurs6,
     .on = kLinux, .cites = "Linux __inet6_bind(): ipv6_chk_addr(), inet_addr_valid_or_nonlocal()",
     .says = "No interface of this machine has the address; a socket of AF_INET6 is asked last."},
    {.id = "bind.connected", .error = EISCONN, .when = AlreadyConnected,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX bind() EISCONN (may)",
     .says = "The socket is already connected."},
    {.id = "bind.perhaps_bound", .error = EINVAL, .when = PerhapsBound, .then = IsBound,
     .of = kUdp, .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX bind() EINVAL; send() does not say when it binds",
     .says = "A send() was refused, and may have bound the socket all the same."},
    {.id = "bind.shut_down", .error = EINVAL, .when = ShutDown,
     .on = kPosix, .cites = "POSIX bind() EINVAL: \"or the socket has been shut down\"",
     .says = "The socket has been shut down."},
    {.id = "bind.port_taken", .error = EADDRINUSE, .when = PortTaken, .then = ForgetAddress,
     .cites = "POSIX bind() EADDRINUSE; Linux inet_csk_get_port()",
     .says = "Another socket holds the port and would be in the way."},
    {.id = "bind.port_taken_across", .error = EADDRINUSE, .when = PortTakenAcross, .then = ForgetAddress,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX bind() EADDRINUSE; XSH 2.10.20 does not say what sockets of two families do to each other",
     .says = "A socket of the other family holds the port."},
    {.id = "bind.no_port_left", .error = EADDRINUSE, .when = NoPortLeft, .then = ForgetAddress,
     .cites = "POSIX bind() EADDRINUSE; Linux inet_csk_find_open_port(); ip(7)",
     .says = "Every port of the ephemeral range is taken."},
    {.id = "bind.address_only", .when = WantsNoPort, .then = BindAddress,
     .on = kLinux, .cites = "ip(7) IP_BIND_ADDRESS_NO_PORT; Linux __inet_bind(), __inet6_bind()",
     .says = "The socket gets the address; a port is chosen when it connects."},
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
