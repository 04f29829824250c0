// Where a datagram of UDP goes, who gets it, and what comes back.
//
// On Linux's loopback a datagram lies in its receiver's queue before the call that sent it returns, and so
// does the ICMP message that nobody took it in the error of the socket that it is about. POSIX promises
// neither: there each message may be late, lost, or overtaken (recv_udp.cc), and the error may never come.
// Source: udp_sendmsg, __udp4_lib_lookup, udp4_lib_lookup2, compute_score, __udp4_lib_err,
// __udp4_lib_mcast_deliver, __udp_enqueue_schedule_skb (net/ipv4/udp.c), ip_route_output_key_hash_rcu
// (net/ipv4/route.c), and their likes in net/ipv6/udp.c, datagram.c and ip6_output.c, 6.1.

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

#include "model/option_table.h"
#include "model/scene.h"

namespace sockspec {
namespace {

constexpr Version kFourTuples = {6, 13};  // the first with a table of connected sockets (udp4_lib_lookup4)

bool Connected(const Socket& socket) { return socket.tcp == Tcp::kEstablished; }

// Two ends, as a packet that arrives sees them.
struct Ends {
  Host from;
  PortIndex from_port;
  Host to;
  PortIndex to_port;
};

// Whom a socket gets packets of this family from alone; a wildcard: from anybody. For IPv6 that is whom it was
// connected to last, be it over IPv4, even if that was dissolved: nothing clears sk_v6_daddr. Observed on 6.1 and
// 6.18: s0 bound to [::]:P0, connect(s0, [::ffff:127.0.0.1]:P1), connect(s0, AF_UNSPEC); what goes to [::1]:P0
// is refused from then on.
Host OnlyFrom(const Socket& socket, const Ends& ends) {
  if (!socket.inet6 || IsIpv6(ends.from)) return socket.remote;
  return Connected(socket) && !IsIpv6(socket.remote) ? socket.remote : Host::kAny;
}

// compute_score(), without the processor's point; -1: not for this socket. `address` is what the socket has to
// be bound to.
int Score(const Socket& socket, const Ends& ends, Host address) {
  if (!socket.live || socket.kind != SocketKind::kUdp || socket.bound != ends.to_port) return -1;
  if (!TakesPacketTo(socket, ends.to, address)) return -1;
  const bool inet6 = IsIpv6(ends.to);
  const int point = inet6 ? 1 : 4;
  int score = socket.inet6 ? 1 : 2;
  const Host only = OnlyFrom(socket, ends);
  if (only != (inet6 ? Host::kAny6 : Host::kAny)) {
    if (only != ends.from) return -1;
    score += point;
  }
  if (socket.remote_port != kNone) {
    if (socket.remote_port != ends.from_port) return -1;
    score += point;
  }
  return score;
}

// reuseport_select_sock(): a hash with a secret of the kernel's chooses among those of the group that are not
// connected; kNone where all are.
uint8_t ChooseOfGroup(Scene& scene, uint8_t group) {
  const World& world = scene.world;
  uint8_t mates[kMaxSockets];
  int count = 0;
  for (int i = 0; i < kMaxSockets; ++i) {
    const Socket& socket = world.sockets[i];
    if (!socket.live || socket.kind != SocketKind::kUdp || !socket.in_group || socket.group != group) continue;
    if (!Connected(socket)) mates[count++] = static_cast<uint8_t>(i);
  }
  if (count == 0) return kNone;
  return mates[count == 1 ? 0 : scene.Fork(count)];
}

// udp4_lib_lookup2(): the chain of those bound to `address`, the newest first; but those of AF_INET6 with
// SO_REUSEPORT were put at its end.
uint8_t BestOf(Scene& scene, const Ends& ends, Host address) {
  const World& world = scene.world;
  uint8_t chain[kMaxSockets];
  int count = 0;
  for (int i = 0; i < kMaxSockets; ++i) {
    if (Score(world.sockets[i], ends, address) > 0) chain[count++] = static_cast<uint8_t>(i);
  }
  std::sort(chain, chain + count, [&](uint8_t a, uint8_t b) {
    const Socket& one = world.sockets[a];
    const Socket& other = world.sockets[b];
    if (one.moved_last != other.moved_last) return other.moved_last;
    return one.moved_last ? one.moved < other.moved : one.moved > other.moved;
  });
  int scores[kMaxSockets];
  for (int i = 0; i < count; ++i) {
    const Socket& socket = world.sockets[chain[i]];
    scores[i] = Score(socket, ends, address);
    // One that has received while it was connected is preferred by the processor that it received on.
    if (socket.steered && count > 1) scores[i] += scene.Fork(2);
  }
  uint8_t best = kNone;
  int most = 0;
  for (int i = 0; i < count; ++i) {
    if (scores[i] <= most) continue;
    const Socket& socket = world.sockets[chain[i]];
    most = scores[i];
    best = chain[i];
    if (Connected(socket) || !socket.in_group || !socket.reuse_port) continue;
    const uint8_t chosen = ChooseOfGroup(scene, socket.group);
    if (chosen == kNone) continue;
    best = chosen;
    if (!socket.group_connected) return best;
    for (int j = 0; j < count; ++j) {
      if (chain[j] == chosen) most = std::max(most, scores[j]);
    }
  }
  return best;
}

// udp4_lib_lookup4(): the newest that was connected to the sender before it was to anybody else, and is now.
uint8_t PairedWith(const World& world, const Ends& ends) {
  uint8_t newest = kNone;
  for (int i = 0; i < kMaxSockets; ++i) {
    const Socket& socket = world.sockets[i];
    if (!socket.paired || socket.paired_host != ends.from || socket.paired_port != ends.from_port) continue;
    if (Score(socket, ends, ends.to) < 0 || socket.remote != ends.from || socket.remote_port != ends.from_port) continue;
    if (newest == kNone || socket.paired_turn > world.sockets[newest].paired_turn) newest = static_cast<uint8_t>(i);
  }
  return newest;
}

// In `posix`: every socket that might get the packet. Which one of several does is nowhere said.
bool MayReceive(const Socket& socket, const Ends& ends) {
  return Score(socket, ends, ends.to) > 0 || Score(socket, ends, IsIpv6(ends.to) ? Host::kAny6 : Host::kAny) > 0;
}
void DeliverSomewhere(Scene& scene, const Ends& ends, Message message, bool mute) {
  World& world = scene.world;
  message.unsure = true;
  bool somebody = false;
  for (int i = 0; i < kMaxSockets; ++i) {
    if (ends.to_port == kNone || !MayReceive(world.sockets[i], ends)) continue;
    somebody = true;
    message.to = static_cast<uint8_t>(i);
    AddMessage(world, message);
    Wake(world, message.to, kDataReady);
  }
  if (somebody || mute) return;
  const Ends back{ends.to, ends.to_port, ends.from, ends.from_port};
  for (Socket& socket : world.sockets) {
    if (MayReceive(socket, back) && Connected(socket)) socket.perhaps_refused = true;
  }
}

uint8_t Receiver(Scene& scene, const Ends& ends) {
  if (ends.to_port == kNone) return kNone;
  if (scene.profile.version >= kFourTuples) {
    const uint8_t paired = PairedWith(scene.world, ends);
    if (paired != kNone) return paired;
  }
  const uint8_t specific = BestOf(scene, ends, ends.to);
  return specific != kNone ? specific : BestOf(scene, ends, IsIpv6(ends.to) ? Host::kAny6 : Host::kAny);
}

// What the kernel charges for a datagram of so many bytes, at the least and at the most. Measured on Linux 6.18
// by SO_MEMINFO: 832 for 100 bytes, 8448 for 4000, 16640 for 8000, 66339 for 65507.
uint32_t LeastCharge(uint32_t size) { return size + 600; }
uint32_t MostCharge(uint32_t size) { return size <= 16384 ? 2 * size + 1300 : size + 2000; }

constexpr uint32_t kUsualReceiveBuffer = 212992;  // net.core.rmem_default where nobody changed it

// __udp_enqueue_schedule_skb(): an empty queue takes anything. A quarter of the buffer may still be charged for
// what was read (udp_rmem_release).
void Deliver(Scene& scene, uint8_t to, const Message& message) {
  World& world = scene.world;
  Socket& socket = world.sockets[to];
  const bool inet6 = IsIpv6(message.host);
  if (OnlyFrom(socket, {.from = message.host}) != (inet6 ? Host::kAny6 : Host::kAny)) socket.steered = true;
  uint32_t least = 0;
  uint32_t most = MostCharge(message.size);
  bool empty = true;
  for (const Message& queued : world.messages) {
    if (!queued.live || queued.to != to) continue;
    empty = false;
    least += LeastCharge(queued.size);
    most += MostCharge(queued.size);
  }
  const uint32_t room = socket.receive_buffer >= 0 ? static_cast<uint32_t>(socket.receive_buffer) : kUsualReceiveBuffer;
  if (!empty && (socket.crowded || most > room - room / 4)) {
    // Whether it fits depends on how the kernel accounts for memory; that it does not is certain in the end.
    if (socket.receive_buffer >= 0 && least > room) return;
    if (scene.Fork(2) == 1) return;
  }
  Message queued = message;
  queued.to = to;
  AddMessage(world, queued);
  Wake(world, to, kDataReady);
}

bool ToMany(Host host) {
  return host == Host::kBroadcast || host == Host::kMulticast || host == Host::kLocalBroadcast;
}

// ip6_dst_lookup_flow(): a mapped address is no source for IPv6, which is found out last.
Way FindWay6(Host source, Host to) {
  Way way{.source = IsIpv6(source) && source != Host::kAny6 ? source : Host::kLoopback6, .destination = to};
  switch (to) {
    case Host::kLoopback6:
      if (IsIpv6(source)) break;
      way.error = EAFNOSUPPORT;
      way.bad_source = true;
      break;
    case Host::kUnreachable6:
      way.error = EHOSTUNREACH;
      break;
    case Host::kBlackhole6:
      way.error = EINVAL;
      break;
    case Host::kProhibited6:
      way.error = EACCES;
      break;
    default:  // kMulticast6 and kLinkLocal6 too, without an interface
      way.error = ENETUNREACH;
      break;
  }
  return way;
}

Way FindWay4(Host source, Host to) {
  Way way{.source = source == Host::kAny ? Host::kLoopback : source, .destination = to};
  switch (to) {
    case Host::kAny:
      way.destination = way.source;
      break;
    case Host::kLoopback:
    case Host::kLoopback2:
      break;
    case Host::kBroadcast:
    case Host::kMulticast:
      // No route leads there; but one who has an address sends by the device that has it.
      if (source == Host::kAny) way.error = ENETUNREACH;
      break;
    case Host::kLocalBroadcast:
      break;
    case Host::kNotOurs:
      way.error = ENETUNREACH;
      break;
    case Host::kUnreachable:
      way.error = EHOSTUNREACH;
      break;
    case Host::kBlackhole:
      way.error = EINVAL;
      break;
    case Host::kProhibited:
      way.error = EACCES;
      break;
    case Host::kSilent:
      // The way out is the loopback device's, which hands everything in again: who is bound to 0.0.0.0 gets it.
      // That nobody has the port cannot be told, since nobody has the address either (icmp_route_lookup()).
      way.mute = true;
      break;
    default:  // nobody's
      way.error = ENETUNREACH;
      break;
  }
  // bind() of AF_INET6 leaves such a source, that of AF_INET does not.
  if (ToMany(source)) {
    way.error = source == Host::kLocalBroadcast ? ENETUNREACH : EINVAL;
    way.bad_source = true;
  }
  way.many = ToMany(way.destination);
  way.broadcast = way.many && to != Host::kMulticast;
  return way;
}

// icmp_send() and icmp6_send(): how much of a datagram comes back with the message that nobody took it. IPv4 quotes
// as much as leaves the message within 576 bytes, IPv6 within 1280.
constexpr uint32_t kQuoted = 576 - 20 - 8 - 20 - 8;
constexpr uint32_t kQuoted6 = 1280 - 40 - 8 - 40 - 8;
constexpr int32_t kSurelyRoom = 65536;  // of receive buffers

// ip_icmp_error(), ipv6_icmp_error(): the message lies in the receive buffer, where there is room (sock_queue_err_skb).
void QueueRefusal(World& world, uint8_t to, const Way& way, PortIndex port, const Message& message) {
  const Socket& socket = world.sockets[to];
  if (socket.receive_buffer >= 0 && socket.receive_buffer < kSurelyRoom) {
    world.lost = Lost::kTiming;
    return;
  }
  AddError(world, {.socket = to,
                   .host = way.destination,
                   .port = port,
                   .start = message.start,
                   .size = std::min(message.size, way.inet6() ? kQuoted6 : kQuoted)});
}

}  // namespace

bool WantsErrors(const World& world, uint8_t socket, bool inet6) {
  return inet6 ? IsSet(world, socket, IPPROTO_IPV6, IPV6_RECVERR) : IsSet(world, socket, IPPROTO_IP, IP_RECVERR);
}

Way FindWay(const Socket& from, Host to) {
  // :: is ourselves: by IPv4 where the socket is bound to a mapped address.
  if (from.inet6 && to == Host::kOther) return {.error = ENETUNREACH, .destination = Host::kNotOurs6};
  if (to == Host::kAny6) to = IsIpv6(from.source) ? Host::kLoopback6 : Host::kLoopback;
  return IsIpv6(to) ? FindWay6(from.source, to) : FindWay4(SendingAddress(from), to);
}

bool CrossesToIpv4(const Socket& from, const Way& way) {
  return !way.inet6() && IsIpv6(from.source) && from.source != Host::kAny6;
}

Way StrayWay(const Socket& socket) {
  Way way = FindWay(socket, socket.remote);
  way.destination = socket.stray_host;
  way.mute = true;
  return way;
}

void SendDatagram(Scene& scene, uint8_t from, const Way& way, PortIndex port, uint32_t size) {
  World& world = scene.world;
  Socket& sender = world.sockets[from];
  const Message message{.host = way.source, .port = sender.bound, .start = sender.sent, .size = size};
  sender.sent += size;
  const Ends ends{way.source, sender.bound, way.destination, port};
  if (scene.posix()) return DeliverSomewhere(scene, ends, message, way.mute || way.many);
  if (way.many) {
    for (int i = 0; i < kMaxSockets; ++i) {
      const Socket& socket = world.sockets[i];
      if (!socket.live || port == kNone) continue;
      // Sockets of AF_INET6 take IPv4 multicast only where they have joined (inet6_create() leaves mc_all at 0).
      if (socket.inet6 && way.destination == Host::kMulticast) continue;
      // __udp_is_mcast_sock()
      if (Score(socket, ends, way.destination) > 0 || Score(socket, ends, Host::kAny) > 0) {
        Deliver(scene, static_cast<uint8_t>(i), message);
      }
    }
    return;
  }
  const uint8_t receiver = Receiver(scene, ends);
  if (receiver != kNone) {
    Deliver(scene, receiver, message);
    return;
  }
  if (way.mute) return;
  // __udp4_lib_err(): the message that the port is unreachable looks for a socket just as a datagram would.
  const uint8_t told = Receiver(scene, {way.destination, port, way.source, sender.bound});
  if (told == kNone) return;
  const bool wants = WantsErrors(world, told, way.inet6());
  if (!wants && !Connected(world.sockets[told])) return;
  world.sockets[told].error = ECONNREFUSED;
  if (wants) QueueRefusal(world, told, way, port, message);
  Wake(world, told, kErrorReport);
}

void BindToAnyPort(Scene& scene) {
  Socket& socket = scene.me();
  if (socket.bound != kNone) return;
  const PortIndex port = TakePort(scene, PortsToBind(scene, socket.address));
  if (scene.world.lost != Lost::kNo) return;
  HoldPort(scene.world, scene.index, port, false);
  socket.local = port;
}

bool MayBroadcast(const Scene& scene) { return OptionOf(scene.world, scene.index, SOL_SOCKET, SO_BROADCAST) != 0; }

void MakePeer(Scene& scene, const Way& way, PortIndex port) {
  World& world = scene.world;
  Socket& socket = scene.me();
  // A socket of AF_INET6 has an address for each family, and keeps what it has got: one that was connected to ::1,
  // and is connected to 127.0.0.1 next, gets nothing from there.
  const bool wants_address = (way.inet6() ? socket.address : Ipv4Address(socket)) == (way.inet6() ? Host::kAny6 : Host::kAny);
  if (!way.inet6() && socket.inet6 && socket.ipv4_source == Host::kAny) socket.ipv4_source = way.source;
  if (socket.source == Host::kAny || socket.source == Host::kAny6) socket.source = way.source;
  if (wants_address) {
    const Host before = socket.address;
    socket.address = way.source;
    MovePort(world, scene.index, before);
  }
  socket.remote = way.destination;
  socket.remote_port = port;
  socket.tcp = Tcp::kEstablished;
  socket.astray = false;
  // reuseport_has_conns_set()
  for (Socket& other : world.sockets) {
    if (socket.in_group && other.live && other.kind == SocketKind::kUdp && other.in_group &&
        other.group == socket.group) {
      other.group_connected = true;
    }
  }
  if (!scene.linux() || scene.profile.version < kFourTuples || socket.paired) return;
  // Observed on Linux 6.18: a socket leaves its reuseport group when it is connected first, for good.
  LeaveGroup(socket);
  socket.paired = true;
  socket.paired_turn = world.turn++;
  socket.paired_host = socket.remote;
  socket.paired_port = port;
}

// __udp_disconnect()
void DissolvePeer(World& world, uint8_t index) {
  Socket& socket = world.sockets[index];
  socket.tcp = Tcp::kClose;
  socket.astray = false;
  if (!socket.inet6) socket.remote = Host::kAny;
  socket.remote_port = kNone;
  if (!socket.address_locked) {
    const Host before = socket.address;
    SetAddress(socket, Wildcard(socket));
    if (socket.port_locked) MovePort(world, index, before);
  }
  if (!socket.port_locked) {
    ReleasePort(world, index);
    socket.local = kNone;
  }
}

}  // namespace sockspec
