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
bool Inet6(const Scene& s) { return s.me().inet6; }
// A socket of AF_INET6 takes an address of AF_INET as one of AF_INET would.
bool NamesInet(const Scene& s) { return Inet6(s) && s.linux() && s.call.address.family == AF_INET; }
bool NamesInetAlthoughOnly(const Scene& s) { return NamesInet(s) && s.me().only_inet6; }
bool LengthInvalid(const Scene& s) { return !Dissolves(s) && s.call.length != AddressLength(s.me()); }
bool TooShort(const Scene& s) {
  return s.call.length < (NamesInet(s) ? kExactLength : ShortestAddress(s.me()));
}
bool WrongFamily(const Scene& s) {
  return !Dissolves(s) && !NamesInet(s) && s.call.address.family != FamilyOf(s.me());
}
bool ToIpv4(const Scene& s) {
  return Inet6(s) && !Dissolves(s) && !WrongFamily(s) && !IsIpv6(FindWay(s.me(), ReadPeer(s).host).destination);
}
bool Inet6Only(const Scene& s) { return ToIpv4(s) && s.me().only_inet6; }
bool WithoutScope(const Scene& s) {
  const Host host = ReadPeer(s).host;
  return !Dissolves(s) && !WrongFamily(s) && (host == Host::kLinkLocal6 || host == Host::kMulticast6);
}

Way WayTo(const Scene& s) { return FindWay(s.me(), ReadPeer(s).host); }
bool Routes(const Scene& s) {
  return !Dissolves(s) && !WrongFamily(s) && !(s.linux() && (Inet6Only(s) || WithoutScope(s)));
}
bool Refuses(const Scene& s, int error) {
  const Way way = WayTo(s);
  return Routes(s) && way.error == error && !way.bad_source;
}
bool FromMany(const Scene& s) { return Routes(s) && WayTo(s).bad_source && WayTo(s).error == EINVAL; }
bool FromBroadcast(const Scene& s) { return Routes(s) && WayTo(s).bad_source && WayTo(s).error == ENETUNREACH; }
bool CrossesFamilies(const Scene& s) { return Routes(s) && WayTo(s).bad_source && WayTo(s).error == EAFNOSUPPORT; }
bool BadSource(const Scene& s) {
  return Routes(s) && (WayTo(s).bad_source || (s.posix() && CrossesToIpv4(s.me(), WayTo(s))));
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
  if (socket.inet6) return;  // which sends to its peer as if that were named in the call
  socket.astray = true;
  socket.first_gone = false;
  socket.stray_host = ReadPeer(s).host;
  socket.stray_port = FindPort(s.world, ReadPeer(s).port);
}
void SetPeer(Scene& s) {
  BindToAnyPort(s);
  if (s.world.lost != Lost::kNo) return;
  MakePeer(s, WayTo(s), FindPort(s.world, ReadPeer(s).port));
}
bool LacksAddress(const Scene& s) { return Reachable(s) && s.me().address == Wildcard(s.me()); }
void SetPeerAlone(Scene& s) {
  SetPeer(s);
  if (s.world.lost != Lost::kNo) return;
  Socket& me = s.me();
  const Host before = me.address;
  SetAddress(me, Wildcard(me));
  MovePort(s.world, s.index, before);
}
void Dissolve(Scene& s) {
  DissolvePeer(s.world, s.index);
  if (s.posix()) s.me().remote = Wildcard(s.me());
}

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
    {.id = "udp_connect.inet_on_inet6_only", .error = EAFNOSUPPORT, .when = NamesInetAlthoughOnly, .then = Refuse,
     .on = kLinux, .cites = "Linux __ip6_datagram_connect()",
     .says = "An address of AF_INET, on a socket with IPV6_V6ONLY or one that was bound to an IPv6 address."},
    {.id = "udp_connect.length_short", .error = EINVAL, .when = TooShort, .then = Refuse,
     .on = kLinux, .cites = "Linux __ip4_datagram_connect(); connect(2)",
     .says = "The address is shorter than one of this family; the socket gets a port all the same."},
    {.id = "udp_connect.length_invalid", .error = EINVAL, .when = LengthInvalid, .then = Refuse,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX connect() EINVAL (may)",
     .says = "The length is not that of an address of this family."},
    {.id = "udp_connect.wrong_family", .error = EAFNOSUPPORT, .when = WrongFamily, .then = Refuse,
     .cites = "POSIX connect() EAFNOSUPPORT; Linux __ip4_datagram_connect(), __ip6_datagram_connect(), which takes AF_INET",
     .says = "The address is of another family than the socket."},
    {.id = "udp_connect.family_invalid", .error = EINVAL, .when = WrongFamily, .then = Refuse,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX connect() EINVAL (may): \"invalid address family in the sockaddr structure\"",
     .says = "The address is of another family than the socket."},
    {.id = "udp_connect.inet6_only", .error = ENETUNREACH, .when = Inet6Only, .then = Refuse,
     .on = kLinux, .cites = "Linux __ip6_datagram_connect(), __inet6_bind()",
     .says = "An IPv4 address, on a socket with IPV6_V6ONLY or one that was bound to an IPv6 address."},
    {.id = "udp_connect.inet6_only_unspecified", .when = Inet6Only, .then = Refuse,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX XSH 2.10.20.2 does not say how a socket with IPV6_V6ONLY refuses IPv4",
     .says = "An IPv4 address, on a socket with IPV6_V6ONLY."},
    {.id = "udp_connect.scope_missing", .error = EINVAL, .when = WithoutScope, .then = Refuse,
     .on = kLinux, .cites = "Linux __ip6_datagram_connect(); ipv6(7) on sin6_scope_id",
     .says = "A link-local address, of one host or of many, says nothing without an interface."},
    {.id = "udp_connect.scope_missing_unspecified", .when = WithoutScope, .then = Refuse,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX <netinet/in.h>: the scope of sin6_scope_id is left to the implementation",
     .says = "A link-local address, of one host or of many, says nothing without an interface."},
    {.id = "udp_connect.from_many", .error = EINVAL, .when = FromMany, .then = Refuse,
     .on = kLinux, .cites = "Linux ip_route_output_key_hash_rcu(); observed on Linux 6.18: bind(s0, [::ffff:224.0.0.1]:P0), "
                            "connect(s0, [::ffff:127.0.0.1]:P1) = -1 EINVAL",
     .says = "A socket of AF_INET6 is bound to the mapped form of a multicast or broadcast address, and would send from it."},
    {.id = "udp_connect.from_broadcast", .error = ENETUNREACH, .when = FromBroadcast, .then = Refuse,
     .on = kLinux, .cites = "Linux ip_route_output_key_hash_rcu(): __ip_dev_find()",
     .says = "A socket of AF_INET6 is bound to the mapped form of a network's broadcast address, which is no source."},
    {.id = "udp_connect.families_crossed", .error = EAFNOSUPPORT, .when = CrossesFamilies, .then = Refuse,
     .on = kLinux, .cites = "Linux ip6_dst_lookup_tail()",
     .says = "The socket has an IPv4 address, and the destination is an IPv6 one."},
    {.id = "udp_connect.source_unspecified", .when = BadSource, .then = Refuse,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX does not say where one can send from",
     .says = "The socket is bound to an address that nothing can be sent from, or not to that destination."},
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
    {.id = "udp_connect.may_not_reach_the_host", .error = EHOSTUNREACH, .when = NoRoute, .then = Refuse,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX connect() EHOSTUNREACH (may)",
     .says = "No route leads to the network, so none to the host."},
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
    // Two outcomes are right here: where the socket sends from, and is reached at, POSIX leaves open.
    {.id = "udp_connect.peer_alone", .when = LacksAddress, .then = SetPeerAlone,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX connect(): \"shall set the socket's peer address\", and nothing of its own",
     .says = "The peer is stored, and the socket keeps the wildcard for its own address."},
};
// clang-format on

}  // namespace

std::span<const Clause> ConnectUdpClauses() { return kConnectUdp; }

}  // namespace sockspec
