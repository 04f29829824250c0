// send(), sendto(), sendmsg(), write() and writev() of a UDP socket: one datagram a call.

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "model/option_table.h"
#include "model/tables.h"

namespace sockspec {
namespace {

constexpr uint8_t kSend = 2;
constexpr int kFamilySize = 2;  // offsetof(struct sockaddr, sa_data)
constexpr int kLargestLength = 65535;   // that the length of a datagram may say
constexpr int kLargestDatagram = 65507;  // 65535, without the headers of IP and UDP
constexpr int kLargestPacket6 = 65488;    // 65536, which the loopback takes, without the headers
constexpr int kLargestDatagram6 = 65527;  // IPv6 does not count its own
// MSG_MORE waits for more, and MSG_DONTROUTE asks for a way of its own; what else there is UDP does not read.
constexpr int kUnmodelledFlags = MSG_MORE | MSG_DONTROUTE;

bool Modelled(const Scene& s) {
  return (TransferFlags(s.call) & kUnmodelledFlags) == 0 && (s.linux() || s.call.control == 0);
}
bool NoPortLeft(const Scene& s) {
  return Modelled(s) && s.me().bound == kNone && PortsToBind(s, s.me().address).none();
}
bool Addressed(const Scene& s) { return Modelled(s) && HasDestination(s); }
bool Connected(const Scene& s) { return s.me().tcp == Tcp::kEstablished; }
bool Inet6(const Scene& s) { return s.me().inet6; }
bool FamilyUnspecified(const Scene& s) { return Addressed(s) && s.call.address.family == AF_UNSPEC; }
// A socket of AF_INET6 takes AF_UNSPEC for no address at all, and AF_INET as a socket of AF_INET would.
bool Named(const Scene& s) { return Addressed(s) && !(Inet6(s) && s.linux() && FamilyUnspecified(s)); }
bool NamesInet(const Scene& s) { return Addressed(s) && Inet6(s) && s.linux() && s.call.address.family == AF_INET; }

bool Inet6TooShort(const Scene& s) {
  return Addressed(s) && Inet6(s) &&
         (s.call.length < kFamilySize ||
          (s.call.address.family == AF_INET6 && s.call.length < ShortestAddress(s.me())));
}
bool Inet6WrongFamily(const Scene& s) {
  return Addressed(s) && Inet6(s) && s.call.address.family != AF_INET6 && s.call.address.family != AF_INET &&
         !FamilyUnspecified(s);
}
bool Inet6NoDestination(const Scene& s) { return Modelled(s) && Inet6(s) && !Named(s) && !Connected(s); }

Way WayTo(const Scene& s) {
  if (Named(s)) return FindWay(s.me(), ReadPeer(s).host);
  // AF_UNSPEC: the peer's mapped address is looked for among those of IPv6.
  if (Addressed(s) && Inet6(s) && s.linux() && !IsIpv6(s.me().remote)) return {.error = ENETUNREACH, .destination = Host::kNotOurs6};
  return FindWay(s.me(), s.me().remote);
}
// Whether it goes, or would go, as IPv4.
bool OverIpv4(const Scene& s) { return !Inet6(s) || !IsIpv6(WayTo(s).destination); }
bool Inet6Only(const Scene& s) { return Modelled(s) && Inet6(s) && OverIpv4(s) && s.me().only_inet6; }
bool BeyondAnyLength(const Scene& s) {
  return Modelled(s) && OverIpv4(s) && TransferSize(s.call) > kLargestLength;
}
bool Urgent(const Scene& s) { return Modelled(s) && (TransferFlags(s.call) & MSG_OOB) && (s.posix() || OverIpv4(s)); }
bool TooShort(const Scene& s) {
  return Addressed(s) && (NamesInet(s) || !Inet6(s)) && s.call.length < kExactLength;
}
bool LengthInvalid(const Scene& s) { return Addressed(s) && s.call.length != AddressLength(s.me()); }
bool WrongFamily(const Scene& s) {
  return Addressed(s) && !FamilyUnspecified(s) && !NamesInet(s) && s.call.address.family != FamilyOf(s.me());
}
bool ToPortZero(const Scene& s) {
  if (Named(s)) return ReadPeer(s).port == kPortZero;
  // What a socket of AF_INET6 sends to an IPv4 peer goes as if that were named in the call.
  return Modelled(s) && Inet6(s) && !Addressed(s) && Connected(s) && OverIpv4(s) && s.me().remote_port == kNone;
}
bool NoDestination(const Scene& s) { return Modelled(s) && !Named(s) && !Connected(s); }
bool AddressedAlthoughConnected(const Scene& s) { return Addressed(s) && Connected(s); }

bool Routes(const Scene& s) {
  return Modelled(s) && !NoDestination(s) && !WrongFamily(s) && !(s.linux() && ToPortZero(s));
}
bool Refuses(const Scene& s, int error) {
  const Way way = WayTo(s);
  return Routes(s) && way.error == error && !way.bad_source;
}
bool RefusesSource(const Scene& s, int error) {
  const Way way = WayTo(s);
  return Routes(s) && way.bad_source && (error == 0 || way.error == error);
}
bool FromMany(const Scene& s) { return RefusesSource(s, EINVAL); }
bool FromBroadcast(const Scene& s) { return RefusesSource(s, ENETUNREACH); }
bool CrossesFamilies(const Scene& s) { return RefusesSource(s, EAFNOSUPPORT); }
bool BadSource(const Scene& s) {
  return RefusesSource(s, 0) || (s.posix() && Routes(s) && CrossesToIpv4(s.me(), WayTo(s)));
}
bool Inet6FamilyUnspecified(const Scene& s) { return Inet6(s) && FamilyUnspecified(s); }
bool NoRoute(const Scene& s) { return Refuses(s, ENETUNREACH); }
bool HostUnreachable(const Scene& s) { return Refuses(s, EHOSTUNREACH); }
bool ThroughBlackhole(const Scene& s) { return Refuses(s, EINVAL); }
bool Prohibited(const Scene& s) { return Refuses(s, EACCES); }
// Whether the way that was found for an earlier datagram to the peer, or by connect(), is taken again.
bool KeepsTheWay(const Scene& s) {
  return !HasDestination(s) && s.call.control == 0 && Connected(s) && s.me().remote != Host::kMulticast;
}
bool HasTheWay(const Scene& s) { return !Inet6(s) && KeepsTheWay(s) && (!s.me().astray || s.me().first_gone); }
bool ToBroadcast(const Scene& s) {
  return Refuses(s, 0) && WayTo(s).broadcast && !MayBroadcast(s) && !(s.linux() && HasTheWay(s));
}
// IPV6_DONTFRAG forbids to send it in two packets.
int Longest(const Scene& s) {
  if (OverIpv4(s)) return kLargestDatagram;
  return IsSet(s.world, s.index, IPPROTO_IPV6, IPV6_DONTFRAG) ? kLargestPacket6 : kLargestDatagram6;
}
bool TooLong(const Scene& s) { return Modelled(s) && TransferSize(s.call) > Longest(s); }
bool ErrorPending(const Scene& s) { return Modelled(s) && s.me().error != 0; }
bool PerhapsRefused(const Scene& s) { return Modelled(s) && s.me().perhaps_refused; }
bool Shut(const Scene& s) { return Modelled(s) && (s.me().shut & kSend); }
bool Unreadable(const Scene& s) {
  return Modelled(s) && s.call.buffer != Pointer::kValid && TransferSize(s.call) > 0;
}
// One that is longer than the loopback's packets goes in two, and the second has no room where the first has not.
bool NoRoomForTheRest(const Scene& s) {
  return Modelled(s) && !OverIpv4(s) && TransferSize(s.call) > kLargestPacket6 && s.me().send_buffer >= 0 &&
         2 * int64_t{s.me().send_buffer} < kLargestPacket6;
}
bool Goes(const Scene& s) {
  if (s.linux()) return Refuses(s, 0);
  return !NoPortLeft(s) && (Refuses(s, 0) || NoRoute(s) || HostUnreachable(s));
}
bool NothingWritten(const Scene& s) { return s.call.op == Op::kWrite && s.call.size == 0; }

// inet_send_prepare() binds before anything else is looked at.
// Whether a refused call leaves a port behind, POSIX does not say.
void Refuse(Scene& s) {
  if (s.linux()) return BindToAnyPort(s);
  if (s.me().bound != kNone) return;
  s.me().perhaps_bound = true;
  if (s.world.ephemeral != 0) s.world.lost = Lost::kUnspecified;
}
bool GoesAstray(const Scene& s) { return Goes(s) && KeepsTheWay(s) && s.me().astray && s.me().first_gone; }
void RefuseOnTheWay(Scene& s) {
  Refuse(s);
  if (KeepsTheWay(s)) s.me().first_gone = true;
}
// ip_local_error() and ipv6_local_error(): the first tells the port of the socket's peer, wherever the call sent.
void RefuseLength(Scene& s) {
  const bool inet6 = !OverIpv4(s);
  if (s.linux() && WantsErrors(s.world, s.index, inet6)) {
    const PortIndex port = inet6 && Named(s) ? FindPort(s.world, ReadPeer(s).port) : s.me().remote_port;
    const bool strays = KeepsTheWay(s) && s.me().astray && s.me().first_gone;
    const Host host = strays ? s.me().stray_host : WayTo(s).destination;
    AddError(s.world, {.socket = s.index, .local = true, .host = host, .port = port});
  }
  RefuseOnTheWay(s);
}
void TellPending(Scene& s) {
  RefuseOnTheWay(s);
  s.reply.error = TakePendingError(s.me());
}
void Send(Scene& s) {
  BindToAnyPort(s);
  if (s.world.lost != Lost::kNo) return;
  const PortIndex port = Named(s) ? FindPort(s.world, ReadPeer(s).port) : s.me().remote_port;
  const uint32_t size = static_cast<uint32_t>(TransferSize(s.call));
  s.reply.value = static_cast<int32_t>(size);
  SendDatagram(s, s.index, WayTo(s), port, size);
  if (KeepsTheWay(s)) s.me().first_gone = true;
}
// Of what POSIX leaves open: where it came back as sent, it may have gone.
void MaySend(Scene& s) {
  if (s.seen != nullptr && s.seen->error != 0) return Refuse(s);
  Send(s);
}
// … and nobody knows where to.
void MaySendSomewhere(Scene& s) {
  if (s.seen == nullptr || s.seen->error != 0) return Refuse(s);
  s.world.lost = Lost::kUnspecified;
}
void SendAstray(Scene& s) {
  s.reply.value = TransferSize(s.call);
  SendDatagram(s, s.index, StrayWay(s.me()), s.me().stray_port, static_cast<uint32_t>(s.reply.value));
}

// clang-format off
constexpr Clause kSendUdp[] = {
    {.id = "udp_send.no_port_left", .error = EAGAIN, .when = NoPortLeft,
     .on = kLinux, .cites = "Linux inet_send_prepare(), inet_autobind(); send(2) EAGAIN",
     .says = "The socket is unbound, and every port of the ephemeral range is taken."},
    {.id = "udp_send.may_lack_a_port", .error = EAGAIN, .when = NoPortLeft,
     .on = kPosix, .strength = Strength::kResource, .cites = "POSIX XSH 2.3: further errors are allowed",
     .says = "The socket is unbound, and every port is taken."},
    {.id = "udp_send.inet6_destination_short", .error = EINVAL, .when = Inet6TooShort, .then = Refuse,
     .on = kLinux, .cites = "Linux udpv6_sendmsg(); sendto(2) EINVAL",
     .says = "The address is shorter than a family, or than one of AF_INET6 without its scope."},
    {.id = "udp_send.inet6_destination_family", .error = EINVAL, .when = Inet6WrongFamily, .then = Refuse,
     .on = kLinux, .cites = "Linux udpv6_sendmsg(): of a socket of AF_INET it would be EAFNOSUPPORT",
     .says = "The address is of a family that has nothing to do with IPv6."},
    {.id = "udp_send.inet6_no_destination", .error = EDESTADDRREQ, .when = Inet6NoDestination, .then = Refuse,
     .on = kLinux, .cites = "Linux udpv6_sendmsg(); send(2) EDESTADDRREQ",
     .says = "The socket has no peer, and the call names none, or AF_UNSPEC; that comes before the length."},
    {.id = "udp_send.inet6_only", .error = ENETUNREACH, .when = Inet6Only, .then = Refuse,
     .on = kLinux, .cites = "Linux udpv6_sendmsg(): ipv6_only_sock()",
     .says = "An IPv4 address, on a socket with IPV6_V6ONLY or one that was bound to an IPv6 address."},
    {.id = "udp_send.inet6_only_unspecified", .when = Inet6Only, .then = MaySend,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX XSH 2.10.20.2 does not say how a socket with IPV6_V6ONLY refuses IPv4",
     .says = "An IPv4 address, on a socket with IPV6_V6ONLY."},
    {.id = "udp_send.beyond_any_length", .error = EMSGSIZE, .when = BeyondAnyLength, .then = Refuse,
     .on = kLinux, .cites = "Linux udp_sendmsg(): len > 0xFFFF; send(2) EMSGSIZE",
     .says = "The message is longer than a datagram can say, which comes before its destination."},
    {.id = "udp_send.urgent", .error = EOPNOTSUPP, .when = Urgent, .then = Refuse,
     .cites = "POSIX send() EOPNOTSUPP; Linux udp_sendmsg() on MSG_OOB, which udpv6_sendmsg() does not read",
     .says = "There is no urgent data in datagrams; an unbound socket gets a port all the same."},
    {.id = "udp_send.destination_short", .error = EINVAL, .when = TooShort, .then = Refuse,
     .on = kLinux, .cites = "Linux udp_sendmsg(); sendto(2) EINVAL",
     .says = "The address is shorter than one of this family."},
    {.id = "udp_send.destination_length", .error = EINVAL, .when = LengthInvalid, .then = Refuse,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX sendto() EINVAL (may)",
     .says = "The length is not that of an address of this family."},
    {.id = "udp_send.destination_family", .error = EAFNOSUPPORT, .when = WrongFamily, .then = Refuse,
     .cites = "POSIX sendto() EAFNOSUPPORT; Linux udp_sendmsg()",
     .says = "The address is of another family than the socket."},
    {.id = "udp_send.inet6_destination_unspecified", .when = Inet6FamilyUnspecified, .then = MaySendSomewhere,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX sendto() EAFNOSUPPORT; some take AF_UNSPEC for no address",
     .says = "AF_UNSPEC as the destination from a socket of AF_INET6."},
    {.id = "udp_send.destination_unspecified", .error = EAFNOSUPPORT, .when = FamilyUnspecified, .then = Refuse,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX sendto() EAFNOSUPPORT; Linux takes it for AF_INET",
     .says = "AF_UNSPEC, which some take for the socket's own family."},
    {.id = "udp_send.destination_port_zero", .error = EINVAL, .when = ToPortZero, .then = Refuse,
     .on = kLinux, .cites = "Linux udp_sendmsg(): dport == 0",
     .says = "Nobody has port 0."},
    {.id = "udp_send.destination_port_invalid", .error = EINVAL, .when = ToPortZero, .then = Refuse,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX XSH 2.3: further errors are allowed",
     .says = "Nobody has port 0."},
    {.id = "udp_send.no_destination", .error = EDESTADDRREQ, .when = NoDestination, .then = Refuse,
     .cites = "POSIX send() EDESTADDRREQ; Linux udp_sendmsg(); send(2) EDESTADDRREQ",
     .says = "The socket has no peer, and the call names none; an unbound socket gets a port all the same."},
    {.id = "udp_send.no_peer", .error = ENOTCONN, .when = NoDestination, .then = Refuse,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX send() ENOTCONN: \"The socket is not connected\"",
     .says = "The socket has no peer, and the call names none."},
    {.id = "udp_send.is_connected", .error = EISCONN, .when = AddressedAlthoughConnected, .then = Refuse,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX sendto() EISCONN (may): \"A destination address was specified and the socket is already connected\"",
     .says = "The call names somebody although the socket has a peer."},
    {.id = "udp_send.from_many", .error = EINVAL, .when = FromMany, .then = Refuse,
     .on = kLinux, .cites = "Linux ip_route_output_key_hash_rcu()",
     .says = "A socket of AF_INET6 is bound to the mapped form of a multicast or broadcast address, and would send from it."},
    {.id = "udp_send.from_broadcast", .error = ENETUNREACH, .when = FromBroadcast, .then = Refuse,
     .on = kLinux, .cites = "Linux ip_route_output_key_hash_rcu(): __ip_dev_find()",
     .says = "A socket of AF_INET6 is bound to the mapped form of a network's broadcast address, which is no source."},
    {.id = "udp_send.families_crossed", .error = EAFNOSUPPORT, .when = CrossesFamilies, .then = Refuse,
     .on = kLinux, .cites = "Linux ip6_dst_lookup_tail()",
     .says = "The socket has an IPv4 address, and the destination is an IPv6 one."},
    {.id = "udp_send.source_unspecified", .when = BadSource, .then = MaySendSomewhere,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX does not say where one can send from",
     .says = "The socket is bound to an address that nothing can be sent from, or not to that destination."},
    {.id = "udp_send.no_route", .error = ENETUNREACH, .when = NoRoute, .then = Refuse,
     .on = kLinux, .cites = "POSIX send() ENETUNREACH (may); Linux ip_route_output_flow()",
     .says = "No route leads to the network."},
    {.id = "udp_send.host_unreachable", .error = EHOSTUNREACH, .when = HostUnreachable, .then = Refuse,
     .on = kLinux, .cites = "POSIX sendto() EHOSTUNREACH (may); Linux fib_props[RTN_UNREACHABLE]",
     .says = "The route says that the host cannot be reached."},
    {.id = "udp_send.blackhole", .error = EINVAL, .when = ThroughBlackhole, .then = Refuse,
     .on = kLinux, .cites = "Linux fib_props[RTN_BLACKHOLE]; ip-route(8)",
     .says = "A blackhole route swallows it, which Linux tells by EINVAL."},
    {.id = "udp_send.prohibited", .error = EACCES, .when = Prohibited, .then = Refuse,
     .on = kLinux, .cites = "Linux fib_props[RTN_PROHIBIT]; ip-route(8)",
     .says = "The route says that it is forbidden."},
    {.id = "udp_send.broadcast", .error = EACCES, .when = ToBroadcast, .then = Refuse,
     .on = kLinux, .cites = "send(2) EACCES; Linux udp_sendmsg()",
     .says = "A broadcast address needs SO_BROADCAST."},
    // What a network says of an address that leads nowhere, and when, POSIX leaves to it.
    {.id = "udp_send.may_no_route", .error = ENETUNREACH, .when = NoRoute, .then = Refuse,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX send() ENETUNREACH (may)",
     .says = "No route leads to the network."},
    {.id = "udp_send.may_not_reach_the_host", .error = EHOSTUNREACH, .when = NoRoute, .then = Refuse,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX sendto() EHOSTUNREACH (may)",
     .says = "No route leads to the network, so none to the host."},
    {.id = "udp_send.may_be_unreachable", .error = EHOSTUNREACH, .when = HostUnreachable, .then = Refuse,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX sendto() EHOSTUNREACH (may)",
     .says = "The host cannot be reached."},
    {.id = "udp_send.may_be_forbidden", .error = EACCES, .when = ToBroadcast, .then = Refuse,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX SO_BROADCAST \"permits sending of broadcast messages\"",
     .says = "A broadcast address needs SO_BROADCAST."},
    {.id = "udp_send.blackhole_unspecified", .when = ThroughBlackhole, .then = Refuse,
     .on = kPosix, .strength = Strength::kUnspecified, .cites = "POSIX knows no blackhole routes",
     .says = "A blackhole route swallows it."},
    {.id = "udp_send.prohibited_unspecified", .when = Prohibited, .then = Refuse,
     .on = kPosix, .strength = Strength::kUnspecified, .cites = "POSIX knows no prohibited routes",
     .says = "The route says that it is forbidden."},
    {.id = "udp_send.too_long", .error = EMSGSIZE, .when = TooLong, .then = RefuseLength,
     .cites = "POSIX send() EMSGSIZE; udp(7); Linux __ip_append_data(), __ip6_append_data() on dontfrag",
     .says = "With its headers the message is longer than a packet can be, or than one of the device's with IPV6_DONTFRAG."},
    {.id = "udp_send.pending_error", .error = kPendingError, .when = ErrorPending, .then = TellPending,
     .on = kLinux, .cites = "udp(7); Linux sock_alloc_send_pskb(), sock_error()",
     .says = "What became of an earlier datagram is told, and cleared; this one does not go."},
    {.id = "udp_send.may_tell", .error = ECONNREFUSED, .when = PerhapsRefused, .then = Refuse,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX XSH 2.10.12: pending errors of connectionless sockets",
     .says = "What became of an earlier datagram may be told."},
    {.id = "udp_send.shut", .error = EPIPE, .when = Shut, .then = RefuseOnTheWay,
     .cites = "POSIX send() EPIPE; Linux sock_alloc_send_pskb()",
     .says = "The socket was shut down for writing; no signal comes of it.",
     .alias = "udp_send.may_be_shut"},
    {.id = "udp_send.unreadable", .error = EFAULT, .when = Unreadable, .then = RefuseOnTheWay,
     .on = kLinux, .cites = "Linux ip_generic_getfrag(); send(2) EFAULT",
     .says = "The bytes lie where the process has no memory."},
    {.id = "udp_send.undefined", .when = Unreadable, .then = Refuse,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX XSH 2.1.1: an invalid pointer is undefined",
     .says = "The bytes cannot be read: POSIX says nothing."},
    {.id = "udp_send.no_room_for_the_rest", .error = ENOBUFS, .when = NoRoomForTheRest, .then = RefuseOnTheWay,
     .on = kLinux, .cites = "observed on Linux 6.18: setsockopt(s0, SOL_SOCKET, SO_SNDBUF, 1), "
                            "sendto(s0, 65489, 0, [::1]:P0) = -1 ENOBUFS; Linux __ip6_append_data()",
     .says = "An IPv6 datagram that goes in two packets, and a send buffer that holds one of them at most."},
    {.id = "udp_send.no_buffers", .error = ENOBUFS, .when = NoRoomForTheRest, .then = Refuse,
     .on = kPosix, .strength = Strength::kResource, .cites = "POSIX send() ENOBUFS (may)",
     .says = "The datagram is longer than the send buffer has room for."},
    {.id = "udp_send.nothing_written_unspecified", .when = NothingWritten, .then = Send,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX write(): of other than regular files 0 bytes are unspecified",
     .says = "write() of 0 bytes may send a datagram without any, or not."},
    {.id = "udp_send.astray", .when = GoesAstray, .then = SendAstray,
     .on = kLinux,
     .cites = "observed on Linux 6.18: connect(s0, 127.0.0.1:P0), connect(s0, NOT_OURS:P1) = -1 ENETUNREACH, send(s0) "
              "goes to P0 and the next send(s0) to NOT_OURS:P1; Linux udp_sendmsg(): fl4 = &inet->cork.fl.u.ip4",
     .says = "After a connect() that failed, datagrams but the first go to the address that it was given, not to the peer."},
    {.id = "udp_send.datagram", .when = Goes, .then = Send,
     .cites = "POSIX send(), sendto(); udp(7); Linux udp_sendmsg()",
     .says = "A datagram goes out, of no bytes too; an unbound socket gets a port of the kernel's choice first."},
};
// clang-format on

}  // namespace

std::span<const Clause> SendUdpClauses() { return kSendUdp; }

}  // namespace sockspec
