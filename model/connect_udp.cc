// connect() of a UDP socket: stores the peer, and nothing is sent.

#include <errno.h>
#include <sys/socket.h>

#include "model/tables.h"

namespace sockspec {
namespace {

constexpr int kFamilySize = 2;  // sizeof(sa_family_t)

bool FamilyCutOff(const Scene& s) { return s.call.length < kFamilySize; }
bool Dissolves(const Scene& s) {
  return !FamilyCutOff(s) && s.call.address.family == AF_UNSPEC;
}
bool NoPortLeft(const Scene& s) {
  return s.me().bound == kNone && PortsToBind(s, s.me().address).none();
}
bool LengthInvalid(const Scene& s) { return !Dissolves(s) && s.call.length != kExactLength; }
bool TooShort(const Scene& s) { return s.call.length < kExactLength; }
bool WrongFamily(const Scene& s) {
  return !Dissolves(s) && (s.call.address.family != AF_INET || !IsIpv4(s.call.address.host));
}

Way WayTo(const Scene& s) { return FindWay(s.me().source, s.call.address.host); }
bool Refuses(const Scene& s, int error) {
  return !Dissolves(s) && !WrongFamily(s) && WayTo(s).error == error;
}
bool NoRoute(const Scene& s) { return Refuses(s, ENETUNREACH); }
bool HostUnreachable(const Scene& s) { return Refuses(s, EHOSTUNREACH); }
bool ThroughBlackhole(const Scene& s) { return Refuses(s, EINVAL); }
bool Prohibited(const Scene& s) { return Refuses(s, EACCES); }
bool ToBroadcast(const Scene& s) { return Refuses(s, 0) && WayTo(s).broadcast && !MayBroadcast(s); }
// POSIX does not ask for a way to the peer.
bool Reachable(const Scene& s) {
  if (s.linux()) return Refuses(s, 0);
  return !NoPortLeft(s) && (Refuses(s, 0) || NoRoute(s) || HostUnreachable(s));
}

// inet_dgram_connect() binds before it looks at the address, so an attempt that fails leaves a port behind.
void Refuse(Scene& s) {
  if (s.linux()) BindToAnyPort(s);
  if (s.posix()) MakeUnspecified(s.world, s.index);
}
// ip_route_connect() has written the new destination over the old one's flow by the time it fails.
void RefuseOnTheWay(Scene& s) {
  Refuse(s);
  Socket& socket = s.me();
  if (!s.linux() || s.world.lost != Lost::kNo || socket.tcp != Tcp::kEstablished) return;
  socket.astray = true;
  socket.first_gone = false;
  socket.stray_host = s.call.address.host;
  socket.stray_port = FindPort(s.world, s.call.address.port);
}
void SetPeer(Scene& s) {
  BindToAnyPort(s);
  if (s.world.lost != Lost::kNo) return;
  MakePeer(s, WayTo(s), FindPort(s.world, s.call.address.port));
}
void Dissolve(Scene& s) { DissolvePeer(s.world, s.index); }

// clang-format off
constexpr Clause kConnectUdp[] = {
    {.id = "udp_connect.family_cut_off", .error = EINVAL, .when = FamilyCutOff,
     .on = kLinux, .cites = "Linux inet_dgram_connect()",
     .says = "The address is too short to hold a family."},
    {.id = "udp_connect.dissolve", .when = Dissolves, .then = Dissolve,
     .cites = "POSIX connect(): \"the socket's peer address shall be reset\"; connect(2); Linux __udp_disconnect()",
     .says = "AF_UNSPEC: the socket has no peer any more, nor what bind() did not give it."},
    {.id = "udp_connect.no_port_left", .error = EAGAIN, .when = NoPortLeft,
     .on = kLinux, .cites = "connect(2) EAGAIN; Linux inet_autobind()",
     .says = "The socket is unbound, and every port of the ephemeral range is taken."},
    {.id = "udp_connect.no_address", .error = EADDRNOTAVAIL, .when = NoPortLeft,
     .on = kPosix, .strength = Strength::kResource, .cites = "POSIX connect() EADDRNOTAVAIL",
     .says = "The socket is unbound, and every port is taken."},
    {.id = "udp_connect.may_lack_a_port", .error = EAGAIN, .when = NoPortLeft,
     .on = kPosix, .strength = Strength::kResource, .cites = "POSIX XSH 2.3: further errors are allowed",
     .says = "The socket is unbound, and every port is taken."},
    {.id = "udp_connect.length_short", .error = EINVAL, .when = TooShort, .then = Refuse,
     .on = kLinux, .cites = "Linux __ip4_datagram_connect(); connect(2)",
     .says = "The address is shorter than one of this family; the socket gets a port all the same."},
    {.id = "udp_connect.length_invalid", .error = EINVAL, .when = LengthInvalid, .then = Refuse,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX connect() EINVAL (may)",
     .says = "The length is not that of an address of this family."},
    {.id = "udp_connect.wrong_family", .error = EAFNOSUPPORT, .when = WrongFamily, .then = Refuse,
     .cites = "POSIX connect() EAFNOSUPPORT; Linux __ip4_datagram_connect()",
     .says = "The address is of another family than the socket."},
    {.id = "udp_connect.no_route", .error = ENETUNREACH, .when = NoRoute, .then = RefuseOnTheWay,
     .on = kLinux, .cites = "Linux ip_route_connect(), inet_dgram_connect()",
     .says = "No route leads to the network; the socket gets a port, and keeps the peer it had."},
    {.id = "udp_connect.host_unreachable", .error = EHOSTUNREACH, .when = HostUnreachable, .then = RefuseOnTheWay,
     .on = kLinux, .cites = "Linux fib_props[RTN_UNREACHABLE], inet_dgram_connect()",
     .says = "The route says that the host cannot be reached."},
    {.id = "udp_connect.blackhole", .error = EINVAL, .when = ThroughBlackhole, .then = RefuseOnTheWay,
     .on = kLinux, .cites = "Linux fib_props[RTN_BLACKHOLE]; ip-route(8)",
     .says = "A blackhole route swallows it, which Linux tells by EINVAL."},
    {.id = "udp_connect.prohibited", .error = EACCES, .when = Prohibited, .then = RefuseOnTheWay,
     .on = kLinux, .cites = "Linux fib_props[RTN_PROHIBIT]; ip-route(8)",
     .says = "The route says that it is forbidden."},
    {.id = "udp_connect.broadcast", .error = EACCES, .when = ToBroadcast, .then = RefuseOnTheWay,
     .on = kLinux, .cites = "connect(2) EACCES; Linux __ip4_datagram_connect()",
     .says = "A broadcast address needs SO_BROADCAST."},
    // Whether a way to the peer is looked for before something is sent, POSIX does not say.
    {.id = "udp_connect.may_no_route", .error = ENETUNREACH, .when = NoRoute, .then = Refuse,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX connect() ENETUNREACH",
     .says = "No route leads to the network."},
    {.id = "udp_connect.may_be_unreachable", .error = EHOSTUNREACH, .when = HostUnreachable, .then = Refuse,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX connect() EHOSTUNREACH (may)",
     .says = "The host cannot be reached."},
    {.id = "udp_connect.may_be_forbidden", .error = EACCES, .when = ToBroadcast, .then = Refuse,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX XSH 2.3: further errors are allowed; SO_BROADCAST \"permits sending of broadcast\"",
     .says = "A broadcast address needs SO_BROADCAST, which connect() need not ask about."},
    {.id = "udp_connect.blackhole_unspecified", .when = ThroughBlackhole, .then = Refuse,
     .on = kPosix, .strength = Strength::kUnspecified, .cites = "POSIX knows no blackhole routes",
     .says = "A blackhole route swallows it."},
    {.id = "udp_connect.prohibited_unspecified", .when = Prohibited, .then = Refuse,
     .on = kPosix, .strength = Strength::kUnspecified, .cites = "POSIX knows no prohibited routes",
     .says = "The route says that it is forbidden."},
    {.id = "udp_connect.peer", .when = Reachable, .then = SetPeer,
     .cites = "POSIX connect(): \"shall set the socket's peer address, and no connection is made\"; connect(2); "
              "Linux __ip4_datagram_connect()",
     .says = "The peer is stored, whom send() goes to and from whom alone datagrams come; nothing is sent."},
};
// clang-format on

}  // namespace

std::span<const Clause> ConnectUdpClauses() { return kConnectUdp; }

}  // namespace sockspec
