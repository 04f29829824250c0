// What one end of a connection does to the other.
//
// On Linux's loopback a segment is handled before the call that sent it returns: a SYN meets its listener, a
// FIN or a RST reaches the peer, data lies in the peer's queue. (Measured: 120,000 rounds under heavy load
// without one late accept.) The exceptions are data that Nagle's algorithm holds back (SendData) and a SYN
// that a full accept queue dropped. Other kernels' loopbacks are late: late_network.cc.

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

#include "model/option_table.h"
#include "model/scene.h"

namespace sockspec {
namespace {

constexpr uint8_t kReceive = 1;  // RCV_SHUTDOWN
constexpr uint8_t kSend = 2;     // SEND_SHUTDOWN

// More than this unread at once, and windows and buffers begin to matter.
constexpr uint32_t kPlentyOfRoom = 32768;
// So many segments are acknowledged at once at the least, before anything is put off.
constexpr uint8_t kPromptSegments = 8;
// A buffer that its owner made smaller than this may hold data up.
constexpr int32_t kSmallBuffer = 65536;

// Forgets who is at the other end, on both sides.
void Sever(World& world, uint8_t index) {
  // What is under way to it belongs to no connection of its any more.
  if (world.under_way != 0) [[unlikely]] DropSegments(world, index);
  Socket& socket = world.sockets[index];
  if (Alive(world, socket.peer) && world.sockets[socket.peer].peer == index) {
    world.sockets[socket.peer].peer = kNone;
  }
  socket.peer = kNone;
}

void Free(World& world, uint8_t index) {
  Sever(world, index);
  DropMessages(world, index);
  DropErrors(world, index);
  ForgetOptions(world, index);
  if (world.sockets[index].bound != kNone) ReleasePort(world, index);
  world.sockets[index] = Socket{};
}

// A segment that came to nobody is answered with a RST.
void AnswerWithReset(World& world, uint8_t from, uint8_t to) {
  if (world.late) return Transmit(world, {.carries = Carries::kReset, .from = from, .to = to});
  TakeReset(world, to);
}

}  // namespace

void TakeReset(World& world, uint8_t index) {
  Socket& socket = world.sockets[index];
  if (socket.tcp == Tcp::kClose) return;
  if (socket.deferred) return Free(world, index);  // a request that nobody hears of
  socket.error = socket.tcp == Tcp::kSynSent     ? ECONNREFUSED
                 : socket.tcp == Tcp::kCloseWait ? EPIPE
                                                 : ECONNRESET;
  // Whether it came before or after the RST, nobody can tell.
  if (socket.late > 0 && (socket.owned || socket.listener != kNone)) world.lost = Lost::kTiming;
  socket.late = 0;
  Done(world, index);
  Wake(world, index, kErrorReport);
}

namespace {

// Whether both are in one reuseport group (inet_reuseport_add_sock).
bool InOneGroup(const Socket& a, const Socket& b) {
  return a.in_group && b.in_group && a.bound == b.bound && a.inet6 == b.inet6 && a.only_inet6 == b.only_inet6 &&
         a.address == b.address;
}

// Whether the kernel comes to `a` before `b` in its list of listeners: the last one is the first, but those of
// AF_INET6 with SO_REUSEPORT stand at the end, as they came (__inet_hash).
bool ComesBefore(const Socket& a, const Socket& b) {
  if (a.at_tail != b.at_tail) return b.at_tail;
  return a.at_tail ? a.turn < b.turn : a.turn > b.turn;
}

// The best listener for a SYN to host:port, or kNone: a specific address wins over the wildcard, and for IPv4 a
// socket of AF_INET over one of AF_INET6; but the first that has SO_REUSEPORT ends the search, and its group
// takes the SYN. `count` is how many there are in it, `pick` which one of them it shall be. POSIX does not say which of
// several listeners it is, where each would do: `any`.
uint8_t FindListener(const World& world, Host host, PortIndex port, bool any, int pick, int* count) {
  *count = 0;
  if (port == kNone) return kNone;
  for (const Host wanted : {host, IsIpv6(host) ? Host::kAny6 : Host::kAny}) {
    // The list of those that listen there, as the kernel walks along it.
    uint8_t list[kMaxSockets];
    int size = 0;
    for (int i = 0; i < kMaxSockets; ++i) {
      const Socket& socket = world.sockets[i];
      if (!socket.live || socket.tcp != Tcp::kListen || socket.bound != port) continue;
      if (!TakesPacketTo(socket, host, wanted)) continue;
      int at = size++;
      for (; at > 0 && ComesBefore(socket, world.sockets[list[at - 1]]); --at) list[at] = list[at - 1];
      list[at] = static_cast<uint8_t>(i);
    }
    if (any && size > 0) {
      *count = size;
      return list[pick];
    }
    uint8_t found = kNone;
    int best = 0;
    for (int n = 0; n < size; ++n) {
      const Socket& socket = world.sockets[list[n]];
      const int score = !IsIpv6(host) && !socket.inet6 ? 2 : 1;
      if (score <= best) continue;
      best = score;
      found = list[n];
      if (socket.in_group && socket.reuse_port) break;
    }
    if (found == kNone) continue;
    const Socket& first = world.sockets[found];
    *count = 1;
    if (!first.in_group || !first.reuse_port) return found;
    *count = 0;
    for (int i = 0; i < kMaxSockets; ++i) {
      if (!world.sockets[i].live || !InOneGroup(world.sockets[i], first)) continue;
      if ((*count)++ == pick) found = static_cast<uint8_t>(i);
    }
    return found;
  }
  return kNone;
}

void Establish(World& world, uint8_t a, uint8_t b) {
  world.sockets[a].tcp = Tcp::kEstablished;
  world.sockets[b].tcp = Tcp::kEstablished;
  world.sockets[a].peer = b;
  world.sockets[b].peer = a;
  // Positions are those of the sender's stream, which goes on over several connections of one socket.
  world.sockets[a].arrived = world.sockets[a].read = world.sockets[b].sent;
  world.sockets[b].arrived = world.sockets[b].read = world.sockets[a].sent;
}

// sk_clone_lock(): what a connection has of its listener.
void CopyListener(World& world, uint8_t listener, uint8_t child) {
  const Socket& parent = world.sockets[listener];
  Socket& socket = world.sockets[child];
  socket.shut = parent.shut;
  socket.reuse_address = parent.reuse_address;
  socket.reuse_port = parent.reuse_port;
  socket.keepalive = parent.keepalive;
  socket.linger = parent.linger;
  socket.linger_seconds = parent.linger_seconds;
  socket.address_locked = parent.address_locked;
  socket.answered = parent.answered;  // TCP_QUICKACK
  socket.receive_buffer = parent.receive_buffer;
  socket.send_buffer = parent.send_buffer;
  ForgetOptions(world, child);
  InheritOptions(world, listener, child);
}

// tcp_check_req(): with TCP_DEFER_ACCEPT the client's last word of the handshake is passed over, and the listener
// goes on with it when there is data. With more such requests than the backlog says, there is a cookie instead, which
// puts nothing off (inet_csk_reqsk_queue_is_full).
bool Defers(const World& world, uint8_t listener) {
  if (!IsSet(world, listener, IPPROTO_TCP, TCP_DEFER_ACCEPT)) return false;
  int requests = 0;
  for (const Socket& socket : world.sockets) requests += socket.live && socket.listener == listener && socket.deferred;
  return requests <= world.sockets[listener].backlog;
}

// A connection that was put off joins its listener's queue. False where it cannot, and the world is lost.
bool Admit(World& world, uint8_t child) {
  Socket& socket = world.sockets[child];
  const uint8_t listener = socket.listener;
  if (QueueLength(world, listener) > world.sockets[listener].backlog) {
    world.lost = Lost::kTiming;  // what has come is dropped, and sent again
    return false;
  }
  if (world.sockets[listener].shut & kSend) {
    world.lost = Lost::kTorn;  // its FIN crosses with what has come
    return false;
  }
  socket.deferred = false;
  socket.turn = world.turn++;
  CopyListener(world, listener, child);
  Wake(world, listener, kDataReady);
  OpenPassively(world, child);
  return true;
}

}  // namespace

// tcp_rcv_state_process(), TCP_SYN_RECV: an end that was opened by the other's SYN, and was shut down for
// writing before (a shutdown() that answered ENOTCONN, or the listener's), sends its FIN at once.
void OpenPassively(World& world, uint8_t index) {
  if (world.sockets[index].shut & kSend) SendFin(world, index);
}

void MakeChild(World& world, uint8_t listener, uint8_t client) {
  const uint8_t child = NewSocket(world);
  if (world.lost != Lost::kNo) return;
  const Socket& parent = world.sockets[listener];
  const Socket& peer = world.sockets[client];
  Socket& socket = world.sockets[child];
  socket.inet6 = parent.inet6;
  socket.only_inet6 = parent.only_inet6;
  socket.speaks_ipv4 = parent.inet6 && (parent.speaks_ipv4 || !IsIpv6(peer.source));
  // tcp_rcv_synsent_state_process(): with TCP_QUICKACK 0, or an option that is for listeners, its last word of the
  // handshake is put off.
  if (peer.answered || IsSet(world, client, IPPROTO_TCP, TCP_DEFER_ACCEPT)) world.lost = Lost::kTiming;
  if (parent.speaks_ipv4 && IsIpv6(peer.source)) world.lost = Lost::kMute;  // see SendSyn()
  socket.link = Link::kUnconnected;
  CopyListener(world, listener, child);
  SetAddress(socket, peer.remote);
  socket.remote = peer.source;
  InheritPort(world, child, parent.bound);
  socket.local = peer.remote_port;
  socket.remote_port = peer.local;
  socket.deferred = Defers(world, listener);
  socket.listener = listener;
  socket.turn = world.turn++;
  Establish(world, child, client);
  Wake(world, client, kAnyReason);     // tcp_rcv_synsent_state_process()
  if (world.late) {
    if (socket.deferred) world.lost = Lost::kTiming;
    socket.deferred = true;
    return Transmit(world, {.carries = Carries::kLastOfHandshake, .from = client, .to = child});
  }
  if (socket.deferred) return;
  Wake(world, listener, kDataReady);  // tcp_child_process()
  OpenPassively(world, child);
}

void MakeUnspecified(World& world, uint8_t index) {
  world.sockets[index].unspecified = true;
  if (world.ephemeral != 0) world.lost = Lost::kUnspecified;
}

uint8_t NewSocket(World& world) {
  for (int i = 0; i < kMaxSockets; ++i) {
    if (!world.sockets[i].live) {
      world.sockets[i] = Socket{.live = true};
      world.used_sockets.Reach(i + 1);
      return static_cast<uint8_t>(i);
    }
  }
  world.lost = Lost::kFull;
  return 0;
}

void EnterClose(World& world, uint8_t index) {
  Sever(world, index);
  Socket& socket = world.sockets[index];
  socket.tcp = Tcp::kClose;
  socket.in_group = false;
  if (!socket.port_locked) ReleasePort(world, index);
}

void Done(World& world, uint8_t index) {
  EnterClose(world, index);
  Socket& socket = world.sockets[index];
  socket.shut = kReceive | kSend;
  Wake(world, index, kAnyReason);
  if (!socket.owned && socket.listener == kNone) Free(world, index);
}

void Disconnect(World& world, uint8_t index) {
  Socket& socket = world.sockets[index];
  switch (socket.tcp) {
    case Tcp::kListen:
      EnterClose(world, index);
      for (int i = 0; i < kMaxSockets; ++i) {
        const Socket& other = world.sockets[i];
        if (!other.live || other.listener != index || !other.deferred) continue;
        if (world.late) {
          SendReset(world, static_cast<uint8_t>(i));
          Free(world, static_cast<uint8_t>(i));
        } else {
          world.lost = Lost::kTorn;  // the client is not told, and learns of it when it sends
        }
      }
      for (uint8_t child = FirstInQueue(world, index); child != kNone;
           child = FirstInQueue(world, index)) {
        world.sockets[child].listener = kNone;
        Disconnect(world, child);
        Free(world, child);
      }
      break;
    case Tcp::kEstablished:
    case Tcp::kCloseWait:
    case Tcp::kFinWait:
    case Tcp::kLastAck:
      SendReset(world, index);
      EnterClose(world, index);
      socket.error = ECONNRESET;
      break;
    case Tcp::kSynSent:
      EnterClose(world, index);
      socket.error = ECONNRESET;
      break;
    case Tcp::kClose:
    case Tcp::kTimeWait:
      break;
  }
  socket.read = socket.arrived;
  socket.late = 0;
  socket.remote_port = kNone;
  ResetAddress(world, index);
  socket.shut = 0;
  socket.done = false;
  socket.answered = false;
  // Observed on Linux 6.18: SO_PEEK_OFF reads back as -1.
  if (world.set_options != 0) ForgetOption(world, index, SOL_SOCKET, SO_PEEK_OFF);
  Wake(world, index, kErrorReport);
}

namespace {

void Orphan(World& world, uint8_t index) {
  world.sockets[index].owned = false;
  world.sockets[index].shut = kReceive | kSend;
}

}  // namespace

void CloseListener(World& world, uint8_t index) {
  Orphan(world, index);
  Disconnect(world, index);
  Free(world, index);
}

void CloseWithReset(World& world, uint8_t index) {
  Orphan(world, index);
  SendReset(world, index);
  EnterClose(world, index);
  Free(world, index);
}

void CloseWithFin(World& world, uint8_t index) {
  Orphan(world, index);
  const Tcp tcp = world.sockets[index].tcp;
  if (tcp != Tcp::kFinWait && tcp != Tcp::kLastAck) SendFin(world, index);
}

void CloseQuietly(World& world, uint8_t index) {
  Orphan(world, index);
  EnterClose(world, index);
  Free(world, index);
}

Arrival SendSyn(Scene& scene, uint8_t client) {
  World& world = scene.world;
  Socket& socket = world.sockets[client];
  if (socket.remote == Host::kSilent) {
    // A listener that is transparent takes what comes to addresses that are not ours.
    for (int i = 0; i < kMaxSockets && world.set_options != 0; ++i) {
      const uint8_t other = static_cast<uint8_t>(i);
      if (world.sockets[i].tcp == Tcp::kListen && (IsSet(world, other, IPPROTO_IP, IP_TRANSPARENT) ||
                                                   IsSet(world, other, IPPROTO_IPV6, IPV6_TRANSPARENT))) {
        world.lost = Lost::kMute;
      }
    }
    return Arrival::kStuck;
  }
  if (world.late) return SendSynLate(scene, client);
  // Linux builds IPv4 packets out of an IPv6 connection, once the socket has been connected over IPv4: nothing
  // that would make it forget that (icsk_af_ops) happens when the connection is dissolved. Observed on 6.1 and
  // 6.18: connect(s1, [::ffff:127.0.0.1]:P0), connect(s1, AF_UNSPEC), connect(s1, [::1]:P0) stays EALREADY.
  if (socket.speaks_ipv4 && IsIpv6(socket.remote)) return Arrival::kStuck;
  // Somebody may have the mirrored four-tuple: ourselves, one who connects to us, or a tail of old times.
  for (int i = 0; i < kMaxSockets; ++i) {
    Socket& other = world.sockets[i];
    if (!other.live || other.kind != SocketKind::kTcp) continue;
    if (other.tcp == Tcp::kClose || other.tcp == Tcp::kListen) continue;
    if (other.source != socket.remote || other.local != socket.remote_port ||
        other.remote != socket.source || other.remote_port != socket.local) {
      continue;
    }
    switch (other.tcp) {
      case Tcp::kSynSent:
        if (other.speaks_ipv4 && IsIpv6(other.remote)) world.lost = Lost::kMute;
        Establish(world, client, static_cast<uint8_t>(i));
        Wake(world, static_cast<uint8_t>(i), kAnyReason);  // tcp_rcv_state_process() on TCP_SYN_RECV
        Wake(world, client, kAnyReason);
        OpenPassively(world, static_cast<uint8_t>(i));
        return world.sockets[client].tcp == Tcp::kClose ? Arrival::kEnded : Arrival::kConnected;
      case Tcp::kEstablished:
      case Tcp::kCloseWait:
      case Tcp::kFinWait:
      case Tcp::kLastAck:
        // A challenge ACK comes back, which we answer with a RST; our SYN is sent again a second later.
        TakeReset(world, static_cast<uint8_t>(i));
        return Arrival::kStuck;
      case Tcp::kTimeWait: {
        // tcp_timewait_state_process(): a SYN with a later sequence number or timestamp opens anew, if
        // somebody listens. Whether ours is later depends on how fast the clock ran.
        int count;
        const uint8_t listener = FindListener(world, socket.remote, socket.remote_port, scene.posix(), 0, &count);
        if (listener == kNone || scene.Fork(2) == 1) {
          Free(world, static_cast<uint8_t>(i));
          return Arrival::kStuck;
        }
        Free(world, static_cast<uint8_t>(i));
        break;
      }
      case Tcp::kClose:
      case Tcp::kListen:
        break;
    }
    break;
  }
  const uint8_t listener = ChooseListener(scene, client);
  if (listener == kNone) {
    TakeReset(world, client);
    return Arrival::kRefused;
  }
  if (!HasRoomInQueue(world, listener)) return Arrival::kStuck;
  MakeChild(world, listener, client);
  return Arrival::kConnected;
}

uint8_t ChooseListener(Scene& scene, uint8_t client) {
  const Socket& socket = scene.world.sockets[client];
  int count = 0;
  const auto find = [&](int pick) {
    return FindListener(scene.world, socket.remote, socket.remote_port, scene.posix(), pick, &count);
  };
  const uint8_t first = find(0);
  // A reuseport group: a hash with a secret of the kernel's chooses among them.
  return count > 1 ? find(scene.Fork(count)) : first;
}

// sk_acceptq_is_full(): one more than the backlog fits.
bool HasRoomInQueue(const World& world, uint8_t listener) {
  return QueueLength(world, listener) <= world.sockets[listener].backlog;
}

void LeaveTail(World& world, uint8_t index) {
  const uint8_t tail = NewSocket(world);
  if (world.lost != Lost::kNo) return;
  const Socket& closer = world.sockets[index];
  world.sockets[tail] = Socket{.live = true,
                               .inet6 = closer.inet6,
                               .only_inet6 = closer.only_inet6,
                               .tcp = Tcp::kTimeWait,
                               .reuse_address = closer.reuse_address,
                               .reuse_port = closer.reuse_port,
                               .connect_bound = closer.connect_bound,
                               .bucket_marked = closer.bucket_marked,
                               .address = closer.address,
                               .source = closer.source,
                               .remote = closer.remote,
                               .bound = closer.bound,
                               .local = closer.local,
                               .remote_port = closer.remote_port};
}

void SendFin(World& world, uint8_t index) {
  if (world.late) return SendFinLate(world, index);
  Socket& socket = world.sockets[index];
  const bool peer_is_done = socket.tcp == Tcp::kCloseWait;
  const uint8_t peer = socket.peer;
  if (!Alive(world, peer)) {
    world.lost = Lost::kTorn;  // a connection took over its four-tuple (connect.cc, Attempt)
    return;
  }
  if (world.sockets[peer].deferred && !Admit(world, peer)) return;
  Socket& other = world.sockets[peer];
  if (other.crowded && other.late > 0) {
    world.lost = Lost::kTiming;  // the FIN waits behind bytes that wait for room
    return;
  }
  if (world.old_linux && Unread(other) > 0 && HasSmallBuffer(other)) {
    world.lost = Lost::kTiming;  // tcp_data_queue(): the FIN itself needs room, which it does not on 6.18 (observed)
    return;
  }
  if (socket.late > 0 && (socket.shut & kReceive)) {
    world.lost = Lost::kTiming;  // what is still under way to us will be answered with a RST, some time
    return;
  }
  if (peer == index) {
    // Connected to itself: our own FIN comes back, CLOSING, then TIME-WAIT.
    socket.done = true;
  }
  // What Nagle's algorithm or TCP_CORK held back goes out with the FIN.
  if (other.late > 0 && socket.segments > 0) socket.answered = true;
  other.arrived += other.late;
  other.late = 0;
  if (!peer_is_done && peer != index) {
    socket.tcp = Tcp::kFinWait;
    other.tcp = Tcp::kCloseWait;
    other.shut |= kReceive;
    other.done = true;
    // tcp_fin(), tcp_data_queue(); the acknowledgement wakes us, too, some time.
    Wake(world, peer, kAnyReason);
    Wake(world, peer, kDataReady);
    return;
  }
  // The second FIN. Who sent the first keeps the four-tuple in TIME-WAIT.
  const uint8_t first = peer;
  LeaveTail(world, first);
  if (world.lost != Lost::kNo) return;
  other.shut |= kReceive;
  other.done = true;
  Wake(world, first, kAnyReason);
  if (peer != index) Done(world, index);
  Done(world, first);
}

void SendReset(World& world, uint8_t index) {
  const uint8_t peer = world.sockets[index].peer;
  if (!Alive(world, peer) || peer == index) return;
  if (world.late) return SendResetLate(world, index);
  TakeReset(world, peer);
}

// What is longer is sent in two segments (tcp_bound_to_half_wnd): half the window of a loopback, 65464 bytes at the least.
constexpr uint32_t kHalfWindow = 32732;

// tcp_incr_quickack(): how many acknowledgements are not put off depends on how many segments as large as the first
// one find room in half the window. Observed on Linux 6.18: after 16370 bytes three small segments come at once,
// after 16371 one, after 32742 none.
void CountSegment(Socket& socket, uint32_t bytes) {
  if (socket.segments == 0) {
    const uint32_t prompt = std::clamp<uint32_t>(kHalfWindow / bytes, 2, kPromptSegments + 1) - 1;
    socket.segments = static_cast<uint8_t>(kPromptSegments - prompt);
  }
  if (socket.segments < 255) ++socket.segments;
}

void SendData(Scene& scene, uint8_t index, uint32_t bytes) {
  World& world = scene.world;
  Socket& socket = world.sockets[index];
  socket.sent += bytes;
  const uint8_t peer = socket.peer;
  if (bytes == 0 || !Alive(world, peer)) return;
  if (world.late && !IsSet(world, index, IPPROTO_TCP, TCP_CORK)) {
    return Transmit(world, {.carries = Carries::kData, .from = index, .to = peer, .bytes = bytes});
  }
  ReceiveData(world, index, bytes);
}

void ReceiveData(World& world, uint8_t index, uint32_t bytes) {
  Socket& socket = world.sockets[index];
  const uint8_t peer = socket.peer;
  const bool corked = IsSet(world, index, IPPROTO_TCP, TCP_CORK);
  const bool prompt = IsSet(world, index, IPPROTO_TCP, TCP_NODELAY);
  if (world.sockets[peer].deferred) {
    if (corked) world.lost = Lost::kTiming;
    if (corked || !Admit(world, peer)) return;
  }
  Socket& other = world.sockets[peer];
  const bool deaf = (!other.owned && other.listener == kNone) ||
                    (other.tcp == Tcp::kFinWait && (other.shut & kReceive));
  if (deaf && (other.late > 0 || corked || (socket.unacked && !prompt))) {
    world.lost = Lost::kTiming;  // it will be answered with a RST once it goes out, and it may have to wait
    return;
  }
  if (!other.owned && other.listener == kNone) {
    // The peer has been closed: nobody will read this, RFC 1122 4.2.2.13.
    AnswerWithReset(world, peer, index);
    if (world.sockets[peer].live) Free(world, peer);
    return;
  }
  if (other.tcp == Tcp::kFinWait && (other.shut & kReceive)) {
    // RFC 1122 again: it has sent its FIN and shut down reading, so it answers new data with a RST.
    TakeReset(world, peer);
    AnswerWithReset(world, peer, index);
    return;
  }
  if (corked) {
    // They wait for 200 ms, if nothing sets them free before: a segment that is full, or half a window of them.
    constexpr uint32_t kSurelyNotFull = 16384;
    other.late += bytes;
    other.crowded |= Crowded(socket, other, 0) || other.late > kSurelyNotFull;
    return;
  }
  // Nagle's algorithm holds back a small segment while an earlier one is not acknowledged, and an end that
  // answers, or has had many segments, puts acknowledgements off for up to 40 ms (tcp_nagle_check,
  // inet_csk_in_pingpong_mode, tcp_incr_quickack).
  // What our segment acknowledges lets go what was held back for it, and that answers ours.
  if (socket.late > 0) other.answered = true;
  const bool slow = other.answered || other.segments >= kPromptSegments || bytes > kHalfWindow;
  const bool held = socket.unacked && !prompt;
  if (socket.segments > 0) socket.answered = true;
  if (peer == index) socket.answered = true;
  // Our segment acknowledges what it sent, but not what that lets go.
  other.unacked = socket.late > 0;
  socket.unacked = socket.unacked || slow || peer == index;
  CountSegment(other, bytes);
  other.crowded |= Crowded(socket, other, bytes);
  if (other.crowded || other.late > 0 || held) {
    other.late += bytes;
  } else {
    other.arrived += bytes;
    WakeReader(world, peer);
  }
}

void LetTimersRun(World& world, uint8_t waiter) {
  for (int i = 0; i < kMaxSockets; ++i) {
    const Socket& socket = world.sockets[i];
    if (!socket.live || socket.kind != SocketKind::kTcp) continue;
    // A SYN that is sent again finds nobody at SILENT alone.
    const bool gives_up = socket.tcp == Tcp::kSynSent &&
                          (i != waiter || socket.remote != Host::kSilent ||
                           OptionOf(world, waiter, IPPROTO_TCP, TCP_USER_TIMEOUT) != 0);
    // FIN-WAIT-2 ends as TCP_LINGER2 says.
    const bool ends = socket.tcp == Tcp::kFinWait && IsSet(world, static_cast<uint8_t>(i), IPPROTO_TCP, TCP_LINGER2);
    if (gives_up || ends || socket.late > 0 || socket.deferred) world.lost = Lost::kTiming;
  }
}

void WakeReader(World& world, uint8_t index) {
  const uint32_t bytes = Unread(world.sockets[index]);
  const bool enough = bytes > 0 && bytes >= ReceiveLowWaterOf(world, index);
  if (enough || world.sockets[index].done) Wake(world, index, kDataReady);
}

void PushHeld(World& world, uint8_t index) {
  const uint8_t peer = world.sockets[index].peer;
  if (!Alive(world, peer)) return;
  Socket& other = world.sockets[peer];
  if (other.crowded || other.late == 0) return;
  // What goes out is under way then, in as many segments as it was: any part of it may have come.
  if (world.late) return;
  Socket& socket = world.sockets[index];
  // As in SendData().
  if (socket.late > 0) other.answered = true;
  if (socket.segments > 0) socket.answered = true;
  other.unacked = socket.late > 0;
  socket.unacked |= other.answered || other.segments >= kPromptSegments;
  CountSegment(other, other.late);
  other.arrived += other.late;
  other.late = 0;
  WakeReader(world, peer);
}

bool Crowded(const Socket& from, const Socket& to, uint32_t bytes) {
  return UnreadAtMost(to) + bytes > kPlentyOfRoom ||
         HasSmallBuffer(to) || HasSmallSendBuffer(from);
}

bool HasSmallSendBuffer(const Socket& socket) {
  return socket.send_buffer >= 0 && socket.send_buffer < kSmallBuffer;
}

bool HasSmallBuffer(const Socket& socket) {
  return socket.receive_buffer >= 0 && socket.receive_buffer < kSmallBuffer;
}

void PutAcknowledgementsOff(Socket& socket) { socket.segments = std::max(socket.segments, kPromptSegments); }

uint32_t Unread(const Socket& socket) { return socket.arrived - socket.read; }
uint32_t UnreadAtMost(const Socket& socket) { return socket.arrived + socket.late - socket.read; }

int QueueLength(const World& world, uint8_t listener) {
  int length = 0;
  for (const Socket& socket : world.sockets) {
    length += socket.live && socket.listener == listener && !socket.deferred;
  }
  return length;
}

uint8_t FirstInQueue(const World& world, uint8_t listener) {
  uint8_t first = kNone;
  for (int i = 0; i < kMaxSockets; ++i) {
    const Socket& socket = world.sockets[i];
    if (!socket.live || socket.listener != listener || socket.deferred) continue;
    if (first == kNone || socket.turn < world.sockets[first].turn) first = static_cast<uint8_t>(i);
  }
  return first;
}

}  // namespace sockspec
