// The late loopback: what one end of a TCP connection does to the other some time after its call.
//
// gVisor handles segments in threads of their own: a nonblocking connect() is followed by an accept() that finds
// nobody three times out of four, and by a second connect() that is told EALREADY. Nothing is wrong with that, so the
// world keeps what is under way, and the oracle looks at a reply in every world that the network may have made by
// then (Oracle::LetArrive). Each reply leaves the worlds that agree with it.
//
// What one socket sends to another arrives in order; nothing is said of two pairs of sockets. A call that is seen to
// block has given all that was under way the time to arrive. Where the outcome depends on more than that, the world
// is lost.

#include <algorithm>
#include <array>

#include "model/scene.h"

namespace sockspec {
namespace {

constexpr uint8_t kReceive = 1;  // RCV_SHUTDOWN

template <typename Condition>
void Drop(World& world, Condition condition) {
  Segment* const end = world.segments.data() + world.under_way;
  Segment* const left = std::remove_if(world.segments.data(), end, condition);
  std::fill(left, end, Segment{});
  world.under_way = static_cast<uint8_t>(left - world.segments.data());
}

template <typename Condition>
bool Any(const World& world, Condition condition) {
  return std::any_of(world.segments.data(), world.segments.data() + world.under_way, condition);
}

// Somebody, alive or in TIME-WAIT, has the four-tuple of the client the other way round.
bool MeetsAnother(const World& world, uint8_t client) {
  const Socket& socket = world.sockets[client];
  return std::any_of(world.sockets.begin(), world.sockets.end(), [&](const Socket& other) {
    return other.live && other.kind == SocketKind::kTcp && other.tcp != Tcp::kClose && other.tcp != Tcp::kListen &&
           other.source == socket.remote && other.local == socket.remote_port && other.remote == socket.source &&
           other.remote_port == socket.local;
  });
}

// Of a SYN: its answer reaches the client in the same step. Whether the queue is full is asked now; POSIX does not
// say how long a queue is.
void ReceiveSyn(Scene& scene, uint8_t client) {
  World& world = scene.world;
  if (MeetsAnother(world, client)) {
    world.lost = Lost::kTiming;
    return;
  }
  const uint8_t listener = ChooseListener(scene, client);
  if (listener == kNone) return TakeReset(world, client);
  if (world.sockets[listener].unspecified) {
    MakeUnspecified(world, client);
  } else if (HasRoomInQueue(world, listener)) {
    MakeChild(world, listener, client);
  } else if (scene.posix()) {
    MakeUnspecified(world, listener);
    MakeUnspecified(world, client);
  }
}

void JoinQueue(World& world, uint8_t child) {
  Socket& socket = world.sockets[child];
  if (!HasRoomInQueue(world, socket.listener)) {
    world.lost = Lost::kTiming;  // others were quicker: it is dropped, and sent again
    return;
  }
  socket.deferred = false;
  socket.turn = world.turn++;
  Wake(world, socket.listener, kDataReady);
  OpenPassively(world, child);
}

void ReceiveFin(World& world, uint8_t from, uint8_t to) {
  Socket& socket = world.sockets[to];
  if (socket.crowded && socket.late > 0) {
    world.lost = Lost::kTiming;  // the FIN waits behind bytes that wait for room
    return;
  }
  socket.arrived += socket.late;
  socket.late = 0;
  socket.shut |= kReceive;
  socket.done = true;
  if (socket.tcp == Tcp::kEstablished) socket.tcp = Tcp::kCloseWait;
  Wake(world, to, kAnyReason);
  Wake(world, to, kDataReady);
  // Two FINs that cross: this end waits for the other one to have its own (CLOSING).
  if (socket.tcp != Tcp::kFinWait || (Alive(world, from) && !world.sockets[from].done)) return;
  if (Alive(world, from)) Transmit(world, {.carries = Carries::kLastAck, .from = to, .to = from});
  LeaveTail(world, to);
  if (world.lost == Lost::kNo) Done(world, to);
}

void ReceiveLastAck(World& world, uint8_t index) {
  const Tcp tcp = world.sockets[index].tcp;
  if (tcp != Tcp::kLastAck && tcp != Tcp::kFinWait) return;
  if (tcp == Tcp::kFinWait) LeaveTail(world, index);
  if (world.lost == Lost::kNo) Done(world, index);
}

}  // namespace

void Transmit(World& world, const Segment& segment) {
  if (world.under_way == kMaxSegments) {
    world.lost = Lost::kFull;
    return;
  }
  world.segments[world.under_way++] = segment;
}

int MayArrive(const World& world, std::array<uint8_t, kMaxSegments>* segments) {
  int count = 0;
  for (uint8_t n = 0; n < world.under_way; ++n) {
    const Segment& segment = world.segments[n];
    const bool behind = std::any_of(world.segments.data(), world.segments.data() + n, [&](const Segment& earlier) {
      return earlier.from == segment.from && earlier.to == segment.to;
    });
    if (!behind) (*segments)[count++] = n;
  }
  return count;
}

void Arrive(Scene& scene, int n) {
  World& world = scene.world;
  const Segment segment = world.segments[n];
  std::copy(world.segments.begin() + n + 1, world.segments.begin() + world.under_way, world.segments.begin() + n);
  world.segments[--world.under_way] = Segment{};
  switch (segment.carries) {
    case Carries::kSyn: return ReceiveSyn(scene, segment.from);
    case Carries::kLastOfHandshake: return JoinQueue(world, segment.to);
    case Carries::kData:
      if (world.sockets[segment.from].peer == segment.to) ReceiveData(world, segment.from, segment.bytes);
      return;
    case Carries::kFin: return ReceiveFin(world, segment.from, segment.to);
    case Carries::kLastAck: return ReceiveLastAck(world, segment.to);
    case Carries::kReset: return TakeReset(world, segment.to);
  }
  __builtin_unreachable();
}

Arrival SendSynLate(Scene& scene, uint8_t client) {
  World& world = scene.world;
  Transmit(world, {.carries = Carries::kSyn, .from = client});
  if (world.lost != Lost::kNo) return Arrival::kStuck;
  if (scene.nonblocking()) return Arrival::kUnderWay;
  // A connect() that blocks comes back when its own SYN has been answered, wherever the others are.
  Arrive(scene, world.under_way - 1);
  switch (world.sockets[client].tcp) {
    case Tcp::kSynSent: return Arrival::kStuck;
    case Tcp::kClose: return Arrival::kRefused;
    default: return Arrival::kConnected;
  }
}

void SendFinLate(World& world, uint8_t index) {
  Socket& socket = world.sockets[index];
  const uint8_t peer = socket.peer;
  const bool under_way = Any(world, [&](const Segment& s) { return s.to == index; });
  if (peer == index || (!Alive(world, peer) && !under_way) || (socket.late > 0 && (socket.shut & kReceive))) {
    world.lost = Lost::kTiming;
    return;
  }
  socket.tcp = socket.tcp == Tcp::kCloseWait ? Tcp::kLastAck : Tcp::kFinWait;
  // Where a RST is under way to it, nobody is there to hear it.
  if (Alive(world, peer)) Transmit(world, {.carries = Carries::kFin, .from = index, .to = peer});
}

void SendResetLate(World& world, uint8_t index) {
  const uint8_t peer = world.sockets[index].peer;
  // Bytes that were sent before a RST may be thrown away by whoever receives it.
  if (Any(world, [&](const Segment& s) { return s.carries == Carries::kData && s.from == index; })) {
    world.lost = Lost::kTiming;
  }
  Transmit(world, {.carries = Carries::kReset, .from = index, .to = peer});
}

void DropSegments(World& world, uint8_t index) {
  Drop(world, [&](const Segment& s) {
    const bool needs_sender = s.carries == Carries::kSyn || s.carries == Carries::kData;
    return s.to == index || (needs_sender && s.from == index);
  });
}

}  // namespace sockspec
