// connect(): opens a connection, asks how an open one is going, or dissolves it.

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <initializer_list>

#include "model/option_table.h"
#include "model/tables.h"

namespace sockspec {
namespace {

constexpr int kFamilySize = 2;  // sizeof(sa_family_t)

bool FamilyCutOff(const Scene& s) { return s.call.length < kFamilySize; }
bool Dissolves(const Scene& s) {
  return s.has_socket() && s.call.pointer == Pointer::kValid && s.call.length >= kFamilySize &&
         s.call.address.family == AF_UNSPEC;
}

bool LengthInvalid(const Scene& s) { return s.has_socket() && s.call.length != AddressLength(s.me()); }

bool Linked(const Scene& s, Link link) { return s.has_socket() && s.me().link == link; }
bool WasShutDown(const Scene& s) { return Linked(s, Link::kDisconnecting); }
bool IsConnected(const Scene& s) { return Linked(s, Link::kConnected); }
bool UnderWay(const Scene& s) {
  return Linked(s, Link::kConnecting) && s.me().tcp == Tcp::kSynSent;
}
bool StillUnderWay(const Scene& s) { return UnderWay(s) && s.impatient(); }
bool WaitsForIt(const Scene& s) { return UnderWay(s) && !s.impatient(); }
bool HasFailed(const Scene& s) {
  return Linked(s, Link::kConnecting) && s.me().tcp == Tcp::kClose;
}
bool FailureUntold(const Scene& s) { return HasFailed(s) && s.me().error != 0; }
bool FailureTold(const Scene& s) { return HasFailed(s) && s.me().error == 0; }
bool RefusalUntold(const Scene& s) { return FailureUntold(s) && s.me().error == ECONNREFUSED; }
bool HasSucceeded(const Scene& s) {
  return Linked(s, Link::kConnecting) && s.me().tcp != Tcp::kClose && s.me().tcp != Tcp::kSynSent;
}
bool Listening(const Scene& s) { return s.has_socket() && s.me().tcp == Tcp::kListen; }
// Of one that has waited for its end in inet_wait_for_connect().
bool GivenUp(const Scene& s) { return s.resumed() && Linked(s, Link::kUnconnected) && s.me().tcp == Tcp::kClose; }
bool GivenUpUntold(const Scene& s) { return GivenUp(s) && s.me().error != 0; }

// What follows is only asked of a socket that may try.
bool Fresh(const Scene& s) {
  return Linked(s, Link::kUnconnected) && s.me().tcp == Tcp::kClose && !Dissolves(s);
}
bool TooShort(const Scene& s) { return Fresh(s) && s.call.length < ShortestAddress(s.me()); }
// POSIX does not say what is looked at first, the address or the socket.
bool MayBeAsked(const Scene& s) { return s.posix() ? s.has_socket() && !Dissolves(s) : Fresh(s); }
bool WrongFamily(const Scene& s) { return MayBeAsked(s) && ReadAddress(s).family != FamilyOf(s.me()); }
// POSIX only says that a wrong length may be refused.
bool Tries(const Scene& s) { return Fresh(s) && (s.posix() || !TooShort(s)) && !WrongFamily(s); }
bool To(const Scene& s, std::initializer_list<Host> hosts) {
  return Tries(s) && std::find(hosts.begin(), hosts.end(), ReadAddress(s).host) != hosts.end();
}
bool NoRoute(const Scene& s) { return To(s, {Host::kNotOurs, Host::kNotOurs6, Host::kOther}); }
bool HostUnreachable(const Scene& s) { return To(s, {Host::kUnreachable, Host::kUnreachable6}); }
bool ThroughBlackhole(const Scene& s) { return To(s, {Host::kBlackhole, Host::kBlackhole6}); }
bool Prohibited(const Scene& s) { return To(s, {Host::kProhibited, Host::kProhibited6}); }
bool ToMany(const Scene& s) { return To(s, {Host::kBroadcast, Host::kMulticast, Host::kLocalBroadcast}); }
bool ToMany6(const Scene& s) { return To(s, {Host::kMulticast6}); }
bool WithoutScope(const Scene& s) { return To(s, {Host::kLinkLocal6}); }
bool Answerable(const Scene& s) {
  return To(s, {Host::kAny, Host::kLoopback, Host::kLoopback2, Host::kAny6, Host::kLoopback6, Host::kSilent});
}

// :: means ourselves, as IPv4 where the socket is bound to a mapped address (tcp_v6_connect). So does 0.0.0.0:
// what the socket is bound to, or 127.0.0.1 (ip_route_output_key_hash_rcu).
Host Destination(const Scene& s) {
  Host host = ReadAddress(s).host;
  if (host == Host::kAny6) host = !IsIpv6(s.me().address) ? Host::kLoopback : Host::kLoopback6;
  if (host != Host::kAny) return host;
  const Host source = SendingAddress(s.me());
  return source == Host::kAny ? Host::kLoopback : source;
}
// Of a socket of AF_INET6: to an IPv4 address.
bool OverIpv4(const Scene& s) {
  if (!Tries(s) || !s.me().inet6) return false;
  const Host host = ReadAddress(s).host;
  return IsIpv4(host) || (host == Host::kAny6 && !IsIpv6(s.me().address));
}
bool Inet6Only(const Scene& s) { return OverIpv4(s) && s.me().only_inet6; }
// bind() of AF_INET6 does not ask whether one can send from an address, as that of AF_INET does.
bool FromMany(const Scene& s) {
  return OverIpv4(s) && (s.me().source == Host::kBroadcast || s.me().source == Host::kMulticast);
}
bool FromOneOfMany(const Scene& s) {
  const Host source = s.me().address;
  return OverIpv4(s) && (source == Host::kBroadcast || source == Host::kMulticast || source == Host::kLocalBroadcast);
}
bool FromBroadcast(const Scene& s) { return OverIpv4(s) && s.me().source == Host::kLocalBroadcast; }
// POSIX does not say that an IPv6 address is no source for IPv4 either.
bool CrossesFamilies(const Scene& s) {
  if (!Answerable(s)) return false;
  const Host from = s.me().address;
  if (IsIpv6(Destination(s))) return !IsIpv6(from);
  return s.posix() && IsIpv6(from) && from != Host::kAny6;
}
bool Routed(const Scene& s) {
  return Answerable(s) && !(s.linux() && (Inet6Only(s) || FromMany(s) || FromBroadcast(s) || CrossesFamilies(s)));
}
// An unbound socket sends from the preferred source of the route: 127.0.0.1 for 127.0.0.0/8, else ::1.
Host Source(const Scene& s) {
  if (IsIpv6(Destination(s))) return IsIpv6(s.me().address) && s.me().address != Host::kAny6 ? s.me().address : Host::kLoopback6;
  const Host source = SendingAddress(s.me());
  return source == Host::kAny ? Host::kLoopback : source;
}

PortChoice Ports(const Scene& s) {
  return PortsToConnect(s.world, s.index, Source(s), Destination(s),
                        LookUpPort(s.world, ReadAddress(s).port));
}
bool NoPortLeft(const Scene& s) {
  return Routed(s) && s.me().bound == kNone && Ports(s).none();
}

// The socket that has our four-tuple already, where the port is one that bind() gave us.
uint8_t Twin(const Scene& s) {
  const PortIndex port = LookUpPort(s.world, ReadAddress(s).port);
  if (s.me().bound == kNone) return kNone;
  for (int i = 0; i < kMaxSockets; ++i) {
    const Socket& other = s.world.sockets[i];
    if (i == s.index || !other.live || other.kind != SocketKind::kTcp) continue;
    if (other.tcp == Tcp::kClose || other.tcp == Tcp::kListen) continue;
    if (other.source == Source(s) && other.local == s.me().bound && other.remote == Destination(s) &&
        other.remote_port == port) {
      return static_cast<uint8_t>(i);
    }
  }
  return kNone;
}
bool IsTail(const Socket& socket) { return !socket.owned && socket.listener == kNone; }
bool TupleTaken(const Scene& s) {
  if (!Routed(s)) return false;
  const uint8_t twin = Twin(s);
  return twin != kNone && !IsTail(s.world.sockets[twin]);
}
// A closed socket that still waits for its peer's FIN holds the four-tuple while it is in FIN-WAIT-1, and
// gives it up from FIN-WAIT-2 on: when it goes from one to the other depends on a delayed acknowledgement.
bool TupleLingers(const Scene& s) {
  if (!Routed(s)) return false;
  const uint8_t twin = Twin(s);
  return twin != kNone && IsTail(s.world.sockets[twin]) &&
         s.world.sockets[twin].tcp == Tcp::kFinWait;
}

void TakeSource(Scene& s) {
  Socket& socket = s.me();
  const Host source = Source(s);
  const Host before = socket.address;
  socket.address = socket.source = source;
  if (socket.inet6 && !IsIpv6(source)) socket.ipv4_source = source;
  ChangeBucket(s.world, s.index, before);
}
// tcp_v6_connect() where tcp_v4_connect() has failed: the socket speaks IPv6 again, whatever it did before.
void ForgetIpv4(Scene& s) {
  if (OverIpv4(s)) s.me().speaks_ipv4 = false;
}
// tcp_v4_connect(), its failure path: the port goes back unless bind() asked for it, the address too. A socket
// bound to a broadcast or multicast address has got the address that it would have sent from, and keeps it.
void GiveUp(Scene& s) {
  Socket& socket = s.me();
  ForgetIpv4(s);
  TakeSource(s);
  EnterClose(s.world, s.index);
  ResetAddress(s.world, s.index);
  socket.remote_port = kNone;
}
void Unspecified(Scene& s) {
  if (s.posix()) MakeUnspecified(s.world, s.index);
}
void NotRouted(Scene& s) {
  ForgetIpv4(s);
  Unspecified(s);
}
void GiveUpUnspecified(Scene& s) {
  GiveUp(s);
  Unspecified(s);
}

Arrival Attempt(Scene& s) {
  const uint8_t twin = Twin(s);
  const Host destination = Destination(s);
  Socket& socket = s.me();
  if (twin != kNone && IsTail(s.world.sockets[twin])) {
    // tcp_twsk_unique(): an explicitly bound port takes the place of a connection in TIME-WAIT. What that
    // one still had at the other end keeps its four-tuple, and will not like our SYN.
    Socket& tail = s.world.sockets[twin];
    if (tail.peer != kNone) s.world.sockets[tail.peer].peer = kNone;
    ForgetOptions(s.world, twin);
    ReleasePort(s.world, twin);
    tail = Socket{};
  }
  const PortChoice ports = socket.bound == kNone ? Ports(s) : PortChoice{};
  if (s.linux() && OverIpv4(s)) socket.speaks_ipv4 = true;
  TakeSource(s);
  socket.remote = destination;
  socket.remote_port = FindPort(s.world, ReadAddress(s).port);
  socket.tcp = Tcp::kSynSent;
  if (socket.bound == kNone) {
    const PortIndex port = TakePort(s, ports);
    if (s.world.lost != Lost::kNo) return Arrival::kStuck;
    HoldPort(s.world, s.index, port, true);
  }
  socket.local = socket.bound;
  // tcp_connect_init()
  socket.error = 0;
  socket.done = false;
  socket.arrived = socket.read = socket.late = 0;
  socket.unacked = socket.crowded = false;
  socket.segments = 0;
  socket.link = Link::kConnecting;
  return SendSyn(s, s.index);
}
// How a blocking connect() will end. `mixed`: that depends on what the kernel chooses.
Arrival Foreseen(const Scene& s, bool* mixed) {
  Arrival first = Arrival::kConnected;
  *mixed = false;
  int branches = 1;
  for (int branch = 0; branch < branches; ++branch) {
    World copy = s.world;
    Scene trial(copy, s.call, s.profile, nullptr, branch);
    const Arrival arrival = Attempt(trial);
    branches = std::max(branches, trial.branches);
    if (branch == 0) first = arrival;
    *mixed |= arrival != first;
  }
  return first;
}
bool Nonblocking(const Scene& s) { return Routed(s) && s.nonblocking(); }
bool Blocking(const Scene& s) { return Routed(s) && !s.nonblocking(); }
bool Ends(const Scene& s, Arrival how) {
  bool mixed;
  return Blocking(s) && Foreseen(s, &mixed) == how;
}
bool IsRefused(const Scene& s) { return Ends(s, Arrival::kRefused); }
// Where the end is known at once, a socket that does not block may tell it at once.
bool EndsWithoutWaiting(const Scene& s, Arrival how) {
  bool mixed;
  return Nonblocking(s) && Foreseen(s, &mixed) == how;
}
bool IsRefusedWithoutWaiting(const Scene& s) { return EndsWithoutWaiting(s, Arrival::kRefused); }
bool IsDoneWithoutWaiting(const Scene& s) { return EndsWithoutWaiting(s, Arrival::kConnected); }
bool MayFindRoom(const Scene& s) {
  bool mixed;
  return Routed(s) && !To(s, {Host::kSilent}) && !NoPortLeft(s) && !TupleTaken(s) && !TupleLingers(s) &&
         Foreseen(s, &mixed) == Arrival::kStuck;
}
bool EndsAtOnce(const Scene& s) { return Ends(s, Arrival::kEnded); }
bool IsUnanswered(const Scene& s) { return Ends(s, Arrival::kStuck) && !s.impatient(); }
// tcp_write_timeout(): the first SYN is sent again after a second, and then it is seen that TCP_USER_TIMEOUT is over.
bool GivesUp(const Scene& s) {
  if (!s.world.patient || !To(s, {Host::kSilent}) || !IsUnanswered(s)) return false;
  constexpr int32_t kFirstTimer = 1000;  // milliseconds
  const int32_t timeout = OptionOf(s.world, s.index, IPPROTO_TCP, TCP_USER_TIMEOUT);
  return timeout > 0 && timeout <= kFirstTimer;
}
bool MayGiveUp(const Scene& s) { return s.world.patient && IsUnanswered(s); }
bool TimesOut(const Scene& s) { return Ends(s, Arrival::kStuck) && s.impatient(); }

void Start(Scene& s) { Attempt(s); }
// Nobody knows then whether it connects, nor how many wait in the queues of those who listen.
void LeaveOpen(Scene& s) {
  for (int i = 0; i < kMaxSockets; ++i) {
    if (s.world.sockets[i].live && s.world.sockets[i].tcp == Tcp::kListen) MakeUnspecified(s.world, static_cast<uint8_t>(i));
  }
  MakeUnspecified(s.world, s.index);
}
// As Start(), of a blocking socket: the clause was chosen by the way it ends, which must not be open.
void StartForeseen(Scene& s) {
  bool mixed;
  Foreseen(s, &mixed);
  Attempt(s);
  if (!mixed) return;
  s.world.lost = Lost::kMixed;
  if (s.seen != nullptr) s.reply = *s.seen;
}
void Finish(Scene& s) {
  StartForeseen(s);
  if (s.world.lost != Lost::kNo) return;
  s.me().link = Link::kConnected;
}
// sock_error: in __inet_stream_connect(): the error is told, and the socket is as if dissolved.
void Fail(Scene& s) {
  MarkDissolved(s.world, s.index);
  s.me().error = 0;
  Disconnect(s.world, s.index);
  s.me().link = Link::kUnconnected;
  Unspecified(s);
}
void BeRefused(Scene& s) {
  StartForeseen(s);
  if (s.world.lost != Lost::kNo) return;
  Fail(s);
}
// tcp_write_err()
void GiveUpWaiting(Scene& s) {
  StartForeseen(s);
  if (s.world.lost != Lost::kNo) return;
  Done(s.world, s.index);
  LetTimersRun(s.world, s.index);
  Fail(s);
}
void TellFailure(Scene& s) {
  s.reply.error = s.me().error;
  Fail(s);
}
void Confirm(Scene& s) { s.me().link = Link::kConnected; }
void Dissolve(Scene& s) {
  MarkDissolved(s.world, s.index);
  Disconnect(s.world, s.index);
  s.me().link = Link::kUnconnected;
  Unspecified(s);
}

// selinux_socket_connect_helper() reads the address before the socket does.
constexpr int kShortestInet6 = 24;  // SIN6_LEN_RFC2133
bool SelinuxLength(const Scene& s) {
  const int16_t family = s.call.address.family;
  return s.has_socket() && (s.call.length < kFamilySize ||
                            (family == AF_INET && s.call.length < kExactLength) ||
                            (family == AF_INET6 && s.call.length < kShortestInet6));
}
bool SelinuxFamily(const Scene& s) {
  const int16_t family = s.call.address.family;
  return s.has_socket() && family != AF_UNSPEC && family != AF_INET && family != AF_INET6;
}

// clang-format off
constexpr Clause kConnect[] = {
    {.id = "connect.dissolved_meanwhile", .error = EPIPE, .when = DissolvedMeanwhile,
     .on = kLinux, .cites = "Linux __inet_stream_connect() on sk_disconnects, since 6.6 and in 6.1.60; "
                            "observed on Linux 6.18: t1: connect(s2, …) <unfinished ...>, connect(s2, AF_UNSPEC)",
     .says = "While this one waited, another thread's connect() dissolved the attempt."},
    {.id = "connect.given_up", .error = kPendingError, .when = GivenUpUntold, .then = TellFailure,
     .on = kLinux, .cites = "Linux __inet_stream_connect(): sock_error(sk) after inet_wait_for_connect()",
     .says = "While this one waited, another thread shut the socket down."},
    {.id = "connect.given_up_told", .error = ECONNABORTED, .when = GivenUp, .then = Fail,
     .on = kLinux, .cites = "Linux __inet_stream_connect(): sock_error(sk) ? : -ECONNABORTED",
     .says = "While this one waited, another thread shut the socket down, and a third one was told the error."},
    {.id = "connect.selinux_length", .error = EINVAL, .when = SelinuxLength,
     .on = kLinux, .selinux = true, .cites = "Linux selinux_socket_connect_helper()",
     .says = "The address is shorter than one of the family that it names."},
    {.id = "connect.selinux_family", .error = EAFNOSUPPORT, .when = SelinuxFamily,
     .on = kLinux, .selinux = true, .cites = "Linux selinux_socket_connect_helper()",
     .says = "The address is of a family that SELinux does not know."},
    {.id = "connect.dissolve_unspecified", .when = Dissolves, .then = Dissolve,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX connect(): a null address dissolves datagram sockets; of streams it says nothing",
     .says = "AF_UNSPEC on a stream socket."},
    {.id = "connect.family_cut_off", .error = EINVAL, .when = FamilyCutOff,
     .on = kLinux, .cites = "Linux __inet_stream_connect()",
     .says = "The address is too short to hold a family."},
    {.id = "connect.dissolve", .when = Dissolves, .then = Dissolve,
     .on = kLinux, .cites = "connect(2) on AF_UNSPEC; Linux __inet_stream_connect(), tcp_disconnect()",
     .says = "AF_UNSPEC dissolves the connection, with a RST, or stops listening; ECONNRESET is pending then."},
    {.id = "connect.shut_down", .error = EINVAL, .when = WasShutDown,
     .on = kLinux, .cites = "Linux __inet_stream_connect() on SS_DISCONNECTING",
     .says = "The socket was shut down while it connected, and is of no use any more."},
    {.id = "connect.connected", .error = EISCONN, .when = IsConnected,
     .cites = "POSIX connect() EISCONN; Linux __inet_stream_connect()",
     .says = "The socket is connected, or was: a stream socket connects once."},
    {.id = "connect.already", .error = EALREADY, .when = StillUnderWay,
     .cites = "POSIX connect() EALREADY; Linux __inet_stream_connect()",
     .says = "An earlier connect() is still under way."},
    {.id = "connect.waits", .blocks = true, .when = WaitsForIt,
     .on = kLinux, .cites = "Linux __inet_stream_connect(), inet_wait_for_connect()",
     .says = "An earlier connect() is still under way, and the socket blocks: it waits for that one."},
    {.id = "connect.already_blocking", .error = EALREADY, .when = WaitsForIt,
     .on = kPosix, .cites = "POSIX connect() EALREADY",
     .says = "An earlier connect() is still under way."},
    {.id = "connect.failed", .error = kPendingError, .when = FailureUntold, .then = TellFailure,
     .cites = "POSIX connect(): the errors of an asynchronous attempt; Linux __inet_stream_connect()",
     .says = "The earlier connect() has failed, and this one tells why."},
    {.id = "connect.failed_by_reset", .error = ECONNRESET, .when = RefusalUntold, .then = Fail,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX connect() ECONNRESET: \"Remote host reset the connection request\"",
     .says = "The earlier connect() was refused, which may be told as a reset."},
    {.id = "connect.failure_told", .error = ECONNABORTED, .when = FailureTold, .then = Fail,
     .on = kLinux, .cites = "Linux __inet_stream_connect(): sock_error(sk) ? : -ECONNABORTED",
     .says = "The earlier connect() has failed, and SO_ERROR has told why already."},
    {.id = "connect.failure_told_unspecified", .when = FailureTold, .then = Fail,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX connect(): after a failure the state of the socket is unspecified",
     .says = "The earlier connect() has failed, and SO_ERROR has told why already."},
    {.id = "connect.completed", .when = HasSucceeded, .then = Confirm,
     .on = kLinux, .cites = "Linux __inet_stream_connect()",
     .says = "The earlier connect() has succeeded, or this one has while it waited, and says so."},
    {.id = "connect.is_connected", .error = EISCONN, .when = HasSucceeded, .then = Confirm,
     .on = kPosix, .cites = "POSIX connect() EISCONN",
     .says = "The earlier connect() has succeeded: the socket is connected."},
    {.id = "connect.listening", .error = EISCONN, .when = Listening,
     .on = kLinux, .cites = "Linux __inet_stream_connect(): any TCP state but CLOSE",
     .says = "The socket listens."},
    {.id = "connect.on_listener", .error = EOPNOTSUPP, .when = Listening,
     .on = kPosix, .cites = "POSIX connect() EOPNOTSUPP: \"is listening and cannot be connected\"",
     .says = "The socket listens and cannot be connected."},
    {.id = "connect.length_short", .error = EINVAL, .when = TooShort,
     .on = kLinux, .cites = "Linux tcp_v4_connect(); connect(2)",
     .says = "The address is shorter than one of this family."},
    {.id = "connect.length_invalid", .error = EINVAL, .when = LengthInvalid,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX connect() EINVAL (may)",
     .says = "The length is not that of an address of this family."},
    {.id = "connect.wrong_family", .error = EAFNOSUPPORT, .when = WrongFamily,
     .cites = "POSIX connect() EAFNOSUPPORT; Linux tcp_v4_connect()",
     .says = "The address is of another family than the socket."},
    {.id = "connect.family_invalid", .error = EINVAL, .when = WrongFamily,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX connect() EINVAL (may): \"invalid address family in the sockaddr structure\"",
     .says = "The address is of another family than the socket."},
    {.id = "connect.inet6_only", .error = ENETUNREACH, .when = Inet6Only,
     .on = kLinux, .cites = "Linux tcp_v6_connect(), __inet6_bind()",
     .says = "An IPv4 address, on a socket with IPV6_V6ONLY or one that was bound to an IPv6 address."},
    {.id = "connect.inet6_only_unspecified", .when = Inet6Only, .then = Unspecified,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX XSH 2.10.20.2 does not say how a socket with IPV6_V6ONLY refuses IPv4",
     .says = "An IPv4 address, on a socket with IPV6_V6ONLY."},
    {.id = "connect.from_many", .error = EINVAL, .when = FromMany, .then = ForgetIpv4,
     .on = kLinux, .cites = "Linux ip_route_output_key_hash_rcu(); observed on Linux 6.18: bind(s0, [::ffff:224.0.0.1]:P0), "
                            "connect(s0, [::ffff:127.0.0.1]:P1) = -1 EINVAL",
     .says = "A socket of AF_INET6 is bound to the mapped form of a multicast or broadcast address, and would send from it."},
    {.id = "connect.from_broadcast", .error = ENETUNREACH, .when = FromBroadcast, .then = ForgetIpv4,
     .on = kLinux, .cites = "Linux ip_route_output_key_hash_rcu(): __ip_dev_find()",
     .says = "A socket of AF_INET6 is bound to the mapped form of a network's broadcast address, which is no source."},
    {.id = "connect.from_many_unspecified", .when = FromOneOfMany, .then = Unspecified,
     .on = kPosix, .strength = Strength::kUnspecified, .cites = "POSIX does not say what a stream from many is",
     .says = "The socket is bound to a multicast or broadcast address."},
    {.id = "connect.no_route", .error = ENETUNREACH, .when = NoRoute, .then = NotRouted,
     .cites = "POSIX connect() ENETUNREACH; Linux ip_route_output_key()",
     .says = "No route leads to the network."},
    {.id = "connect.no_route_to_host", .error = EHOSTUNREACH, .when = NoRoute, .then = NotRouted,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX connect() EHOSTUNREACH (may): \"The destination host cannot be reached\"",
     .says = "No route leads to the network, so none to the host."},
    {.id = "connect.host_unreachable", .error = EHOSTUNREACH, .when = HostUnreachable, .then = NotRouted,
     .cites = "POSIX connect() EHOSTUNREACH; Linux fib_props[RTN_UNREACHABLE]",
     .says = "The route says that the host cannot be reached."},
    {.id = "connect.blackhole", .error = EINVAL, .when = ThroughBlackhole, .then = NotRouted,
     .on = kLinux, .cites = "Linux fib_props[RTN_BLACKHOLE]; ip-route(8)",
     .says = "A blackhole route swallows it, which Linux tells by EINVAL."},
    {.id = "connect.blackhole_unspecified", .when = ThroughBlackhole, .then = Unspecified,
     .on = kPosix, .strength = Strength::kUnspecified, .cites = "POSIX knows no blackhole routes",
     .says = "A blackhole route swallows it."},
    {.id = "connect.prohibited", .error = EACCES, .when = Prohibited, .then = NotRouted,
     .on = kLinux, .cites = "Linux fib_props[RTN_PROHIBIT]; ip-route(8)",
     .says = "The route says that it is forbidden."},
    {.id = "connect.prohibited_unspecified", .when = Prohibited, .then = Unspecified,
     .on = kPosix, .strength = Strength::kUnspecified, .cites = "POSIX knows no prohibiting routes",
     .says = "The route says that it is forbidden."},
    {.id = "connect.scope_missing", .error = EINVAL, .when = WithoutScope,
     .on = kLinux, .cites = "Linux tcp_v6_connect(); ipv6(7) on sin6_scope_id",
     .says = "A link-local address says nothing without an interface."},
    {.id = "connect.scope_missing_unspecified", .when = WithoutScope, .then = Unspecified,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX <netinet/in.h>: the scope of sin6_scope_id is left to the implementation",
     .says = "A link-local address says nothing without an interface."},
    {.id = "connect.to_many", .error = ENETUNREACH, .when = ToMany, .then = NotRouted,
     .on = kLinux, .cites = "Linux tcp_v4_connect() on RTCF_MULTICAST | RTCF_BROADCAST",
     .says = "A stream goes to one host, not to a multicast or broadcast address."},
    {.id = "connect.to_many_inet6", .error = ENETUNREACH, .when = ToMany6,
     .on = kLinux, .cites = "Linux tcp_v6_connect() on IPV6_ADDR_MULTICAST",
     .says = "A stream goes to one host, not to a multicast address."},
    {.id = "connect.to_many_inet6_unspecified", .when = ToMany6, .then = Unspecified,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX connect() does not say what a stream to many is",
     .says = "A stream goes to one host, not to a multicast address."},
    {.id = "connect.families_crossed", .error = EAFNOSUPPORT, .when = CrossesFamilies,
     .on = kLinux, .cites = "Linux ip6_dst_lookup_tail()",
     .says = "The socket is bound to an IPv4 address, and the destination is an IPv6 one."},
    {.id = "connect.families_crossed_unspecified", .when = CrossesFamilies, .then = Unspecified,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX does not say how a socket that is bound to an IPv4-mapped address refuses IPv6",
     .says = "The socket is bound to an IPv4 address, and the destination is an IPv6 one."},
    {.id = "connect.to_many_unspecified", .when = ToMany, .then = Unspecified,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX connect() does not say what a stream to many is",
     .says = "A stream goes to one host, not to a multicast or broadcast address."},
    {.id = "connect.no_port_left", .error = EADDRNOTAVAIL, .when = NoPortLeft, .then = GiveUpUnspecified,
     .cites = "connect(2) EADDRNOTAVAIL; Linux __inet_hash_connect()",
     .says = "The socket is unbound, and every port of the ephemeral range is taken."},
    {.id = "connect.tuple_lingers", .error = EADDRNOTAVAIL, .when = TupleLingers, .then = GiveUpUnspecified,
     .strength = Strength::kMay,
     .cites = "Linux __inet_check_established(); tcp_close() until FIN-WAIT-2, up to 40 ms",
     .says = "A closed socket still has this pair of addresses and ports, until its FIN is acknowledged."},
    {.id = "connect.tuple_lingers_in_use", .error = EADDRINUSE, .when = TupleLingers, .then = GiveUpUnspecified,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX connect() EADDRINUSE: \"an address already in use\"",
     .says = "A closed socket still has this pair of addresses and ports, until its FIN is acknowledged."},
    {.id = "connect.tuple_taken", .error = EADDRNOTAVAIL, .when = TupleTaken, .then = GiveUpUnspecified,
     .on = kLinux, .cites = "connect(2) EADDRNOTAVAIL; Linux __inet_check_established()",
     .says = "Another socket has this very pair of addresses and ports."},
    {.id = "connect.tuple_in_use", .error = EADDRINUSE, .when = TupleTaken, .then = GiveUpUnspecified,
     .on = kPosix, .cites = "POSIX connect() EADDRINUSE: \"an address already in use\"",
     .says = "Another socket has this very pair of addresses and ports."},
    {.id = "connect.tuple_not_available", .error = EADDRNOTAVAIL, .when = TupleTaken,
     .then = GiveUpUnspecified, .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX connect() EADDRNOTAVAIL: \"the specified address is not available\"",
     .says = "Another socket has this very pair of addresses and ports."},
    {.id = "connect.room_unspecified", .when = MayFindRoom, .then = LeaveOpen,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX listen(): \"The backlog argument provides a hint\"; how long a queue is the implementation says",
     .says = "The accept queue holds more than its backlog: whether there is room POSIX leaves open."},
    {.id = "connect.refused_at_once", .error = ECONNREFUSED, .when = IsRefusedWithoutWaiting, .then = BeRefused,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX connect() EINPROGRESS only if the connection \"cannot be established immediately\"",
     .says = "The socket does not block, and the refusal is known at once."},
    {.id = "connect.reset_at_once", .error = ECONNRESET, .when = IsRefusedWithoutWaiting, .then = BeRefused,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX connect() ECONNRESET: \"Remote host reset the connection request\"",
     .says = "The socket does not block, and the refusal is known at once, and told as a reset."},
    {.id = "connect.done_at_once", .when = IsDoneWithoutWaiting, .then = Finish,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX connect() EINPROGRESS only if the connection \"cannot be established immediately\"",
     .says = "The socket does not block, and the connection is there at once."},
    {.id = "connect.in_progress", .error = EINPROGRESS, .outcome = true, .when = Nonblocking, .then = Start,
     .cites = "POSIX connect() EINPROGRESS; Linux __inet_stream_connect()",
     .says = "The socket does not block: the attempt has begun, and this is all that can be said yet."},
    {.id = "connect.refused", .error = ECONNREFUSED, .when = IsRefused, .then = BeRefused,
     .cites = "POSIX connect() ECONNREFUSED; Linux tcp_reset()",
     .says = "Nobody listens there."},
    {.id = "connect.reset", .error = ECONNRESET, .when = IsRefused, .then = BeRefused,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX connect() ECONNRESET: \"Remote host reset the connection request\"",
     .says = "Nobody listens there, and TCP tells that by a RST, which may be told as it is."},
    {.id = "connect.ended_at_once", .error = ECONNABORTED, .when = EndsAtOnce, .then = BeRefused,
     .on = kLinux, .cites = "observed on Linux 6.18: bind(s0, 127.0.0.1:P0), shutdown(s0, SHUT_WR), connect(s0, 127.0.0.1:P0); "
                            "Linux tcp_rcv_state_process(), __inet_stream_connect()",
     .says = "Connected to itself after it was shut down for writing: its FIN ends it before connect() returns."},
    {.id = "connect.ended_at_once_unspecified", .when = EndsAtOnce, .then = Unspecified,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX does not say what a connection to oneself is that was shut down before",
     .says = "Connected to itself after it was shut down for writing."},
    {.id = "connect.timed_out", .error = EINPROGRESS, .outcome = true, .when = TimesOut, .then = StartForeseen,
     .on = kLinux, .cites = "socket(7) SO_SNDTIMEO: \"EINPROGRESS (for connect(2))\"; Linux inet_wait_for_connect()",
     .says = "Nobody has answered by the time that SO_SNDTIMEO says: the attempt goes on."},
    {.id = "connect.never_answered", .error = ETIMEDOUT, .when = GivesUp, .then = GiveUpWaiting,
     .on = kLinux, .cites = "POSIX connect() ETIMEDOUT; tcp(7) TCP_USER_TIMEOUT; Linux tcp_write_timeout(), tcp_write_err()",
     .says = "Nobody has answered by the time that TCP_USER_TIMEOUT says, nor when the SYN was sent again after a second."},
    // Two replies are right here: POSIX does not say how long an attempt lasts.
    {.id = "connect.may_time_out", .error = ETIMEDOUT, .when = MayGiveUp, .then = GiveUpUnspecified,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX connect() ETIMEDOUT: \"The attempt to connect timed out before a connection was made\"",
     .says = "Nobody has answered for a second or two."},
    {.id = "connect.unanswered", .blocks = true, .when = IsUnanswered, .then = StartForeseen,
     .cites = "POSIX connect(); listen(2) on a full queue; Linux tcp_conn_request()",
     .says = "The accept queue is full, or the SYN was not understood: it is sent again after a second."},
    {.id = "connect.done", .when = Blocking, .then = Finish,
     .cites = "POSIX connect(); Linux inet_wait_for_connect()",
     .says = "The handshake is done: a listener had room in its queue, accept() or not."},
};
// clang-format on

}  // namespace

std::span<const Clause> ConnectClauses() { return kConnect; }

}  // namespace sockspec
