// Who may have which port: the one place where conflicts between sockets are decided.
//
// Linux keeps a bucket for each port with the sockets that hold it, and two short cuts ("fast reuse") that
// remember how they were bound. The short cuts are part of what bind() answers: a socket that set
// SO_REUSEADDR, bound, and then cleared it again leaves a bucket that lets others in. So the world keeps
// them too. Source: inet_csk_get_port, inet_csk_bind_conflict, inet_bind_conflict,
// inet_csk_update_fastreuse (net/ipv4/inet_connection_sock.c, 6.1).
//
// connect() shares a port only where its bucket has no such memory: where connect() made it, and, since Linux 6.18
// ("tcp: Update bind bucket state on port release"), where a socket has left it since and no address that it is held
// with is marked. Those who hold it with one address are marked as soon as one of them is bound by bind() or listen(),
// and no longer when one leaves them and all that stay got the port from connect().
//
// TCP and UDP have a table of ports each: the same number in both is no conflict. UDP has no short cuts; the
// first socket in the way, mostly the newest, decides (udp_lib_get_port, udp_lib_lport_inuse, net/ipv4/udp.c, 6.1).

#include <algorithm>

#include "model/scene.h"

namespace sockspec {
namespace {

constexpr int8_t kReusePortAny = 1;     // FASTREUSEPORT_ANY
constexpr int8_t kReusePortStrict = 2;  // FASTREUSEPORT_STRICT

bool Holds(const Socket& socket, SocketKind kind, PortIndex port) {
  return socket.live && socket.kind == kind && socket.bound == port;
}

// Up to 6.1 the bucket of 0.0.0.0 is known by the family of the first socket in it.
bool IsOldLinux(const Scene& scene) { return scene.linux() && scene.profile.version < Version{6, 2}; }

// Whether a socket that wants a port finds `other` in its way, by their addresses. A wildcard is compared with
// everybody who holds the port; who wants an address looks for that and for wildcards only, each in a bucket of
// its own (inet_csk_bind_conflict, inet_bhash2_conflict, inet_bind2_bucket_match_addr_any).
bool Overlap(const Endpoint& wanted, const Endpoint& other, const PortEntry& entry, bool old) {
  if (wanted.host == Host::kAny || wanted.host == Host::kAny6) return AddressesMeet(wanted, other, true, true);
  const bool ipv4 = !IsIpv6(wanted.host);
  const bool wildcard = other.host == Host::kAny6 ||
                        (other.host == Host::kAny && ipv4 && !(old && wanted.inet6 && entry.any_inet6));
  if (!wildcard && wanted.host != other.host) return false;
  return !(other.only_inet6 && ipv4);
}

bool HasOwner(const World& world, SocketKind kind, PortIndex port) {
  return std::any_of(world.sockets.begin(), world.sockets.end(),
                     [=](const Socket& socket) { return Holds(socket, kind, port); });
}

// sk_reuseport_match(): the short cut for SO_REUSEPORT. All our sockets are of one user.
bool ReusePortMatches(const PortEntry& entry, const Socket& socket, const Endpoint& wanted) {
  if (entry.fast_reuse_port <= 0 || !socket.reuse_port || socket.in_group) return false;
  const Endpoint fast = {.inet6 = entry.fast_inet6, .only_inet6 = entry.fast_only_inet6, .host = entry.fast_address};
  return AddressesMeet(fast, wanted, true, false);
}

// inet_bind_conflict() with an explicit port: `relax` and `reuseport_ok` are true there.
bool InTheWay(const Socket& socket, const Socket& other) {
  if (socket.reuse_address && other.reuse_address && other.tcp != Tcp::kListen) return false;
  return !(socket.reuse_port && other.reuse_port && !socket.in_group);
}

// Of those that hold the port with 0.0.0.0, the first says of which family their bucket is. `index` joins them
// where that is its address.
void JoinWildcards(World& world, uint8_t index, PortIndex port) {
  if (world.sockets[index].address != Host::kAny) return;
  for (int i = 0; i < kMaxSockets; ++i) {
    if (i != index && Holds(world.sockets[i], SocketKind::kTcp, port) && world.sockets[i].address == Host::kAny) return;
  }
  world.ports[port].any_inet6 = world.sockets[index].inet6;
}

// --- who holds a port with which address: struct inet_bind2_bucket ---

bool InBucket(const World& world, int index, PortIndex port, Host address) {
  return Holds(world.sockets[index], SocketKind::kTcp, port) && world.sockets[index].address == address;
}
void MarkBucket(World& world, const Socket& socket) {
  for (int i = 0; i < kMaxSockets; ++i) {
    if (InBucket(world, i, socket.bound, socket.address)) world.sockets[i].bucket_marked = true;
  }
}
void JoinBucket(World& world, uint8_t index) {
  Socket& socket = world.sockets[index];
  socket.bucket_marked = !socket.connect_bound;
  for (int i = 0; i < kMaxSockets; ++i) {
    if (i != index && InBucket(world, i, socket.bound, socket.address)) {
      socket.bucket_marked = world.sockets[i].bucket_marked;
    }
  }
}
// inet_bind2_bucket_destroy(): somebody has left those that hold the port with this address.
void LeaveBucket(World& world, PortIndex port, Host address) {
  for (int i = 0; i < kMaxSockets; ++i) {
    if (InBucket(world, i, port, address) && !world.sockets[i].connect_bound) return;
  }
  for (int i = 0; i < kMaxSockets; ++i) {
    if (InBucket(world, i, port, address)) world.sockets[i].bucket_marked = false;
  }
}
// inet_bind_bucket_destroy()
void ForgetHowBound(World& world, PortIndex port) {
  for (const Socket& socket : world.sockets) {
    if (Holds(socket, SocketKind::kTcp, port) && socket.bucket_marked) return;
  }
  world.ports[port].fast_reuse = world.ports[port].fast_reuse_port = -1;
}

// An unseen port that no socket tells any more is as good as one that never was.
bool Forgotten(const World& world, int port) {
  if (world.ports[port].name != kPortOther) return false;
  for (const Socket& socket : world.sockets) {
    if (socket.live && (socket.bound == port || socket.local == port || socket.remote_port == port)) {
      return false;
    }
  }
  for (const QueuedError& error : world.errors) {
    if (error.socket != kNone && error.port == port) return false;
  }
  // Nor is one that a call has come back with which the program has not been told of.
  if (std::any_of(world.waiting.begin(), world.waiting.end(),
                  [&](const Waiting& waiting) { return waiting.live && waiting.unseen == port; })) {
    return false;
  }
  return std::none_of(world.messages.begin(), world.messages.end(),
                      [=](const Message& message) { return message.live && message.port == port; });
}

// How many ports the kernel goes through: for TCP an odd last one of a range is never tried.
int UsablePorts(const World& world, SocketKind kind) {
  return kind == SocketKind::kTcp && world.ephemeral > 1 ? world.ephemeral & ~1 : world.ephemeral;
}

// --- UDP ---

// Whether the kernel comes to `a` before `b` among those with one port: the newest first, but those of AF_INET6
// with SO_REUSEPORT at the end.
bool ComesBefore(const Socket& a, const Socket& b) {
  if (a.last != b.last) return b.last;
  return a.last ? a.turn < b.turn : a.turn > b.turn;
}

// udp_lib_lport_inuse(): whether `other` stands in the way of a socket that wants host and port.
bool DatagramsCollide(const Socket& socket, Host host, const Socket& other) {
  return !(socket.reuse_address && other.reuse_address) &&
         AddressesMeet(EndpointAt(socket, host), EndpointOf(other), true, true);
}
bool DatagramsShare(const Socket& socket, const Socket& other) {
  return socket.reuse_port && other.reuse_port && !socket.in_group;
}
bool DatagramPortConflicts(const World& world, uint8_t index, Host host, PortIndex port, Among among) {
  const Socket& socket = world.sockets[index];
  const Socket* first = nullptr;
  for (int i = 0; i < kMaxSockets; ++i) {
    const Socket& other = world.sockets[i];
    if (i == index || !Holds(other, SocketKind::kUdp, port)) continue;
    if (among == Among::kOwnFamily && other.inet6 != socket.inet6) continue;
    if (!DatagramsCollide(socket, host, other)) continue;
    if (first == nullptr || ComesBefore(other, *first)) first = &other;
  }
  return first != nullptr && !DatagramsShare(socket, *first);
}
// As the kernel looks for a free port: every socket counts there, not the first alone.
bool DatagramPortTaken(const World& world, uint8_t index, Host host, PortIndex port) {
  const Socket& socket = world.sockets[index];
  for (int i = 0; i < kMaxSockets; ++i) {
    const Socket& other = world.sockets[i];
    if (i != index && Holds(other, SocketKind::kUdp, port) && DatagramsCollide(socket, host, other) &&
        !DatagramsShare(socket, other)) {
      return true;
    }
  }
  return false;
}

// udp_reuseport_add_sock(): the first that shares address and port decides which group it is.
void JoinGroup(World& world, uint8_t index) {
  Socket& socket = world.sockets[index];
  uint8_t mate = kNone;
  uint8_t fresh = 0;
  for (int i = 0; i < kMaxSockets; ++i) {
    const Socket& other = world.sockets[i];
    if (i == index || !other.live || other.kind != SocketKind::kUdp) continue;
    if (other.in_group) fresh = std::max<uint8_t>(fresh, other.group + 1);
    if (!Holds(other, SocketKind::kUdp, socket.bound) || !other.reuse_port) continue;
    if (other.inet6 != socket.inet6 || other.only_inet6 != socket.only_inet6) continue;
    if (other.address != socket.address) continue;
    if (mate == kNone || ComesBefore(other, world.sockets[mate])) mate = static_cast<uint8_t>(i);
  }
  socket.in_group = true;
  if (mate == kNone) {
    socket.group = fresh;
    socket.group_connected = false;
    return;
  }
  Socket& other = world.sockets[mate];
  if (!other.in_group) {
    other.in_group = true;
    other.group = fresh;
    other.group_connected = false;
  }
  socket.group = other.group;
  socket.group_connected = other.group_connected;
}


}  // namespace

bool PortConflicts(const Scene& scene, Host host, PortIndex port, bool listening, Among among) {
  if (port == kNone) return false;
  const World& world = scene.world;
  const Socket& socket = scene.me();
  const PortEntry& entry = world.ports[port];
  if (socket.kind == SocketKind::kUdp) return DatagramPortConflicts(world, scene.index, host, port, among);
  // The socket itself is among the owners where listen() asks again.
  if (!HasOwner(world, SocketKind::kTcp, port)) return false;
  const Endpoint wanted = listening ? EndpointOf(socket) : EndpointAt(socket, host);
  const bool old = IsOldLinux(scene);
  // Up to 6.1 a bucket remembers that all had SO_REUSEADDR when they bound, also of one that has cleared it
  // since, and that all had SO_REUSEPORT, whatever their addresses. Observed on 6.18: bind(s1, P0) = -1
  // EADDRINUSE after s0 bound P0 and cleared SO_REUSEADDR; and after s0 bound 127.0.0.1:P0 and cleared
  // SO_REUSEPORT, where s1 wants 0.0.0.0:P0.
  const bool reuse = socket.reuse_address && !listening && old;
  if (entry.fast_reuse > 0 && reuse) return false;
  if (old && entry.fast_reuse_port == kReusePortAny && socket.reuse_port && !socket.in_group) return false;
  if (ReusePortMatches(entry, socket, wanted)) return false;
  for (int i = 0; i < kMaxSockets; ++i) {
    const Socket& other = world.sockets[i];
    if (i == scene.index || !Holds(other, SocketKind::kTcp, port)) continue;
    if (among == Among::kOwnFamily && other.inet6 != socket.inet6) continue;
    if (Overlap(wanted, EndpointOf(other), entry, old) && InTheWay(socket, other)) return true;
  }
  return false;
}

PortChoice PortsToBind(const Scene& scene, Host host) {
  const World& world = scene.world;
  const uint8_t index = scene.index;
  const SocketKind kind = scene.me().kind;
  const Endpoint wanted = EndpointAt(scene.me(), host);
  const bool old = IsOldLinux(scene);
  PortChoice choice;
  if (world.ephemeral == 0) {
    choice.fresh = true;
    return choice;
  }
  int known = 0;
  for (int p = 0; p < kMaxPorts; ++p) {
    if (!world.ports[p].live || !world.ports[p].chosen || Forgotten(world, p)) continue;
    ++known;
    bool taken = kind == SocketKind::kUdp && DatagramPortTaken(world, index, host, static_cast<PortIndex>(p));
    for (int i = 0; kind == SocketKind::kTcp && i < kMaxSockets; ++i) {
      // inet_csk_find_open_port() asks without `relax`: neither option helps there.
      taken |= i != index && Holds(world.sockets[i], kind, p) &&
               Overlap(wanted, EndpointOf(world.sockets[i]), world.ports[p], old);
    }
    if (!taken) choice.known[choice.count++] = static_cast<PortIndex>(p);
  }
  choice.fresh = known < UsablePorts(world, kind);
  return choice;
}

PortChoice PortsToConnect(const World& world, uint8_t index, Host source, Host remote,
                          PortIndex port) {
  PortChoice choice;
  if (world.ephemeral == 0) {
    choice.fresh = true;
    return choice;
  }
  int known = 0;
  for (int p = 0; p < kMaxPorts; ++p) {
    const PortEntry& entry = world.ports[p];
    if (!entry.live || !entry.chosen || Forgotten(world, p)) continue;
    ++known;
    const PortIndex local = static_cast<PortIndex>(p);
    // __inet_hash_connect(): a bucket that only connect() made may be shared.
    const bool shared = entry.fast_reuse < 0 && entry.fast_reuse_port < 0 &&
                        !TupleTaken(world, index, source, local, remote, port);
    if (!HasOwner(world, SocketKind::kTcp, local) || shared) choice.known[choice.count++] = local;
  }
  choice.fresh = known < UsablePorts(world, SocketKind::kTcp);
  return choice;
}

bool MayBeChosenAgain(const World& world, SocketKind kind, PortIndex port) {
  const PortEntry& entry = world.ports[port];
  if (!entry.chosen || !HasOwner(world, kind, port)) return entry.chosen;
  if (kind == SocketKind::kTcp) return entry.fast_reuse < 0 && entry.fast_reuse_port < 0;
  return std::none_of(world.sockets.begin(), world.sockets.end(), [=](const Socket& socket) {
    return Holds(socket, kind, port) && !socket.reuse_address && !socket.reuse_port;
  });
}

PortIndex TakePort(Scene& scene, const PortChoice& choice) {
  if (choice.none()) {  // only where a reply is taken for granted that no clause allows
    scene.world.lost = Lost::kMixed;
    return 0;
  }
  World& world = scene.world;
  const bool udp = scene.me().kind == SocketKind::kUdp;
  if (world.ephemeral > 1 && world.ephemeral % 2 != 0) {
    // Which port is the odd last one, that only UDP may have, nobody knows.
    for (int p = 0; p < kMaxPorts; ++p) {
      const PortEntry& entry = world.ports[p];
      if (entry.live && entry.chosen && entry.for_udp != udp && !Forgotten(world, p)) world.lost = Lost::kMixed;
    }
  }
  const int pick = scene.Fork(choice.count + choice.fresh);
  if (pick < choice.count) return choice.known[pick];
  const PortIndex port = NewPort(world);
  world.ports[port].for_udp = udp;
  return port;
}

void HoldPort(World& world, uint8_t index, PortIndex port, bool by_connect) {
  Socket& socket = world.sockets[index];
  if (socket.kind == SocketKind::kUdp) {
    socket.bound = port;
    socket.turn = socket.moved = world.turn++;
    socket.last = socket.moved_last = socket.inet6 && socket.reuse_port;  // sk_add_node_rcu()
    socket.perhaps_bound = false;
    if (socket.reuse_port) JoinGroup(world, index);
    return;
  }
  PortEntry& entry = world.ports[port];
  const bool empty = !HasOwner(world, SocketKind::kTcp, port);
  if (socket.bound != port) JoinWildcards(world, index, port);
  if (by_connect) {
    if (empty) {
      entry.fast_reuse = -1;
      entry.fast_reuse_port = -1;
    }
    socket.bound = port;
    socket.connect_bound = true;
    JoinBucket(world, index);
    return;
  }
  // inet_csk_update_fastreuse()
  const bool reuse = socket.reuse_address && socket.tcp != Tcp::kListen;
  if (empty) {
    entry.fast_reuse = reuse;
  } else if (!reuse) {
    entry.fast_reuse = 0;
  }
  if (!socket.reuse_port) {
    entry.fast_reuse_port = 0;
  } else if (empty || !ReusePortMatches(entry, socket, EndpointOf(socket))) {
    // After 6.1 there is no kReusePortAny; so the address is kept there too, where 6.1 does not look at it.
    if (empty || entry.fast_reuse_port != kReusePortAny) {
      entry.fast_reuse_port = empty ? kReusePortAny : kReusePortStrict;
    }
    entry.fast_inet6 = socket.inet6;
    entry.fast_only_inet6 = socket.only_inet6;
    entry.fast_address = socket.address;
  }
  socket.bound = port;
  MarkBucket(world, socket);
}

void InheritPort(World& world, uint8_t index, PortIndex port) {
  world.sockets[index].bound = port;
  JoinBucket(world, index);
}

void ReleasePort(World& world, uint8_t index) {
  Socket& socket = world.sockets[index];
  const PortIndex port = socket.bound;
  socket.bound = kNone;
  if (socket.kind == SocketKind::kTcp) {
    socket.connect_bound = socket.bucket_marked = false;
    if (port == kNone || world.old_linux) return;
    LeaveBucket(world, port, socket.address);
    ForgetHowBound(world, port);
    return;
  }
  LeaveGroup(socket);
  socket.paired = false;
}

void MovePort(World& world, uint8_t index, Host before) {
  Socket& socket = world.sockets[index];
  if (socket.bound == kNone) return;
  LeaveGroup(socket);
  if (socket.address == Wildcard(socket)) socket.paired = false;
  // The two wildcards have one hash, and who is there already stays where it is.
  const auto slot = [](Host host) { return host == Host::kAny6 ? Host::kAny : host; };
  if (slot(before) == slot(socket.address)) return;
  socket.moved = world.turn++;
  socket.moved_last = false;
}

void LeaveGroup(Socket& socket) {
  socket.in_group = false;
  socket.group = kNone;
  socket.group_connected = false;
}

void ResetAddress(World& world, uint8_t index) {
  Socket& socket = world.sockets[index];
  if (socket.address_locked) return;
  const Host before = socket.address;
  SetAddress(socket, Wildcard(socket));
  if (socket.bound != kNone) JoinWildcards(world, index, socket.bound);
  ChangeBucket(world, index, before);
}

void ChangeBucket(World& world, uint8_t index, Host before) {
  Socket& socket = world.sockets[index];
  if (socket.kind != SocketKind::kTcp || socket.bound == kNone || socket.address == before) return;
  LeaveBucket(world, socket.bound, before);
  JoinBucket(world, index);
}

PortIndex LookUpPort(const World& world, Port name) {
  if (name == kPortZero) return kNone;
  for (int p = 0; p < kMaxPorts; ++p) {
    if (world.ports[p].live && world.ports[p].name == name) return static_cast<PortIndex>(p);
  }
  return kNone;
}

PortIndex FindPort(World& world, Port name) {
  if (name == kPortZero) return kNone;
  const PortIndex known = LookUpPort(world, name);
  if (known != kNone) return known;
  const PortIndex fresh = NewPort(world);
  world.ports[fresh].name = name;
  world.ports[fresh].chosen = name.IsChosen();
  return fresh;
}

PortIndex NewPort(World& world) {
  for (int p = 0; p < kMaxPorts; ++p) {
    if (!world.ports[p].live || Forgotten(world, p)) {
      world.ports[p] = {.live = true, .name = kPortOther, .chosen = true};
      world.used_ports.Reach(p + 1);
      return static_cast<PortIndex>(p);
    }
  }
  world.lost = Lost::kFull;
  return 0;
}

bool TupleTaken(const World& world, uint8_t index, Host source, PortIndex local, Host remote,
                PortIndex port) {
  for (int i = 0; i < kMaxSockets; ++i) {
    const Socket& other = world.sockets[i];
    if (i == index || !other.live || other.kind != SocketKind::kTcp) continue;
    if (other.tcp == Tcp::kClose || other.tcp == Tcp::kListen) continue;
    if (other.source == source && other.local == local && other.remote == remote &&
        other.remote_port == port) {
      return true;
    }
  }
  return false;
}

}  // namespace sockspec
