// Who may have which port: the one place where conflicts between sockets are decided.
//
// Linux keeps a bucket for each port with the sockets that hold it, and two short cuts ("fast reuse") that
// remember how they were bound. The short cuts are part of what bind() answers: a socket that set
// SO_REUSEADDR, bound, and then cleared it again leaves a bucket that lets others in. So the world keeps
// them too. Source: inet_csk_get_port, inet_csk_bind_conflict, inet_bind_conflict,
// inet_csk_update_fastreuse (net/ipv4/inet_connection_sock.c, 6.1).

#include "model/scene.h"

namespace sockspec {
namespace {

constexpr int8_t kReusePortAny = 1;     // FASTREUSEPORT_ANY
constexpr int8_t kReusePortStrict = 2;  // FASTREUSEPORT_STRICT

bool Holds(const Socket& socket, PortIndex port) { return socket.live && socket.bound == port; }

// ipv4_rcv_saddr_equal with wildcards.
bool Overlap(Host a, Host b) { return a == b || a == Host::kAny || b == Host::kAny; }

bool HasOwner(const World& world, PortIndex port, uint8_t but = kNone) {
  for (int i = 0; i < kMaxSockets; ++i) {
    if (i != but && Holds(world.sockets[i], port)) return true;
  }
  return false;
}

// sk_reuseport_match(): the short cut for SO_REUSEPORT. All our sockets are of one user.
bool ReusePortMatches(const PortEntry& entry, const Socket& socket, Host host) {
  if (entry.fast_reuse_port <= 0 || !socket.reuse_port || socket.in_group) return false;
  // ipv4_rcv_saddr_equal(), where only the bucket's address may be the wildcard.
  return entry.fast_reuse_port == kReusePortAny || entry.fast_address == host ||
         entry.fast_address == Host::kAny;
}

// inet_bind_conflict() with an explicit port: `relax` and `reuseport_ok` are true there.
bool InTheWay(const Socket& socket, const Socket& other) {
  if (socket.reuse_address && other.reuse_address && other.tcp != Tcp::kListen) return false;
  return !(socket.reuse_port && other.reuse_port && !socket.in_group);
}

// An unseen port that no socket tells any more is as good as one that never was.
bool Forgotten(const World& world, int port) {
  if (world.ports[port].name != kPortOther) return false;
  for (const Socket& socket : world.sockets) {
    if (socket.live && (socket.bound == port || socket.local == port || socket.remote_port == port)) {
      return false;
    }
  }
  return true;
}

// How many ports the kernel goes through: an odd last one of a range is never tried.
int UsablePorts(const World& world) {
  return world.ephemeral > 1 ? world.ephemeral & ~1 : world.ephemeral;
}

}  // namespace

bool PortConflicts(const Scene& scene, Host host, PortIndex port, bool listening) {
  if (port == kNone) return false;
  const World& world = scene.world;
  const Socket& socket = scene.me();
  const PortEntry& entry = world.ports[port];
  // The socket itself is among the owners where listen() asks again.
  if (!HasOwner(world, port)) return false;
  // Up to 6.1 a bucket remembers that all had SO_REUSEADDR when they bound, also of one that has cleared it
  // since. Observed on 6.18: bind(s1, P0) = -1 EADDRINUSE after s0 bound P0 and cleared it.
  const bool remembers = scene.linux() && scene.profile.version < Version{6, 2};
  const bool reuse = socket.reuse_address && !listening && remembers;
  if ((entry.fast_reuse > 0 && reuse) || ReusePortMatches(entry, socket, host)) return false;
  for (int i = 0; i < kMaxSockets; ++i) {
    const Socket& other = world.sockets[i];
    if (i != scene.index && Holds(other, port) && Overlap(host, other.address) &&
        InTheWay(socket, other)) {
      return true;
    }
  }
  return false;
}

PortChoice PortsToBind(const World& world, uint8_t index, Host host) {
  PortChoice choice;
  if (world.ephemeral == 0) {
    choice.fresh = true;
    return choice;
  }
  int known = 0;
  for (int p = 0; p < kMaxPorts; ++p) {
    if (!world.ports[p].live || !world.ports[p].chosen || Forgotten(world, p)) continue;
    ++known;
    bool taken = false;
    for (int i = 0; i < kMaxSockets; ++i) {
      // inet_csk_find_open_port() asks without `relax`: neither option helps there.
      taken |= i != index && Holds(world.sockets[i], p) && Overlap(host, world.sockets[i].address);
    }
    if (!taken) choice.known[choice.count++] = static_cast<PortIndex>(p);
  }
  choice.fresh = known < UsablePorts(world);
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
    if (!HasOwner(world, local) || shared) choice.known[choice.count++] = local;
  }
  choice.fresh = known < UsablePorts(world);
  return choice;
}

bool MayBeChosenAgain(const World& world, PortIndex port) {
  const PortEntry& entry = world.ports[port];
  return entry.chosen && (!HasOwner(world, port) || (entry.fast_reuse < 0 && entry.fast_reuse_port < 0));
}

PortIndex TakePort(Scene& scene, const PortChoice& choice) {
  if (choice.none()) {  // only where a reply is taken for granted that no clause allows
    scene.world.lost = Lost::kMixed;
    return 0;
  }
  const int pick = scene.Fork(choice.count + choice.fresh);
  return pick < choice.count ? choice.known[pick] : NewPort(scene.world);
}

void HoldPort(World& world, uint8_t index, PortIndex port, bool by_connect) {
  Socket& socket = world.sockets[index];
  PortEntry& entry = world.ports[port];
  const bool empty = !HasOwner(world, port);
  if (by_connect) {
    if (empty) {
      entry.fast_reuse = -1;
      entry.fast_reuse_port = -1;
    }
    socket.bound = port;
    return;
  }
  // inet_csk_update_fastreuse()
  const bool reuse = socket.reuse_address && socket.tcp != Tcp::kListen;
  if (empty) {
    entry.fast_reuse = reuse;
    entry.fast_reuse_port = socket.reuse_port ? kReusePortAny : 0;
    entry.fast_address = socket.address;
  } else {
    if (!reuse) entry.fast_reuse = 0;
    if (!socket.reuse_port) {
      entry.fast_reuse_port = 0;
    } else if (!ReusePortMatches(entry, socket, socket.address)) {
      entry.fast_reuse_port = kReusePortStrict;
      entry.fast_address = socket.address;
    }
  }
  socket.bound = port;
}

void ReleasePort(World& world, uint8_t index) { world.sockets[index].bound = kNone; }

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
    if (i == index || !other.live || other.tcp == Tcp::kClose || other.tcp == Tcp::kListen) continue;
    if (other.source == source && other.local == local && other.remote == remote &&
        other.remote_port == port) {
      return true;
    }
  }
  return false;
}

}  // namespace sockspec
