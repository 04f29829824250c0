#include "model/unix_network.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <limits>

#include "model/option_table.h"
#include "model/program/unix_name.h"

namespace sockspec {
namespace {

constexpr int kLockedEntry = 8;  // of World::paths
constexpr int kFirstUnseen = 128;  // codes of autobound names that nobody has seen, up to kNameOther
constexpr int kMostUnseen = 100;

constexpr int32_t kUsualBuffer = 212992;  // net.core.wmem_default, where nobody changed it
constexpr int32_t kMostInPiece = 36544;   // SKB_MAX_HEAD(0) + UNIX_SKB_FRAGS_SZ, with pages of 4096 bytes
// What a piece of `size` bytes costs of the sender's buffer, beside its bytes: at least and at most. Small
// ones were seen to cost 768 altogether, on 6.1 and 6.18.
constexpr int32_t kLeastCost = 512;
constexpr int32_t kMostCost = 1280;
constexpr int32_t LeastCharge(int32_t size) { return size + kLeastCost; }
constexpr int32_t MostCharge(int32_t size) { return 2 * size + kMostCost; }

constexpr int16_t kUnixWritable = kWritable | POLLWRBAND;

bool IsRecord(SocketKind kind) { return kind != SocketKind::kUnixStream; }

// The entry of a path that sockets can be bound to.
int EntryOf(const World& world, UnixName path) {
  if (path.IsPath()) return path.path();
  return path == kLockedDir && !world.nobody ? kLockedEntry : -1;
}

std::string_view BytesOf(UnixName name) {
  const UnixNameRow* row = FindUnixName(name);
  return row == nullptr ? std::string_view() : row->bytes;
}

// A dead socket goes when nobody's peer leads to it any more.
void ForgetIfUnknown(World& world, uint8_t socket) {
  if (socket == kNone || !world.sockets[socket].dead) return;
  for (const Socket& other : world.sockets) {
    if (other.live && other.peer == socket) return;
  }
  world.sockets[socket] = Socket{};
}

// skb_queue_purge() on the receive queue.
void DropQueue(World& world, uint8_t socket) {
  for (uint8_t first = FirstMessage(world, socket); first != kNone; first = FirstMessage(world, socket)) {
    TakeAndDrop(world, first);
  }
}

bool QueueEmpty(const World& world, uint8_t socket) {
  const Socket& me = world.sockets[socket];
  if (me.tcp == Tcp::kListen) return FirstInQueue(world, socket) == kNone;
  return IsRecord(me.kind) ? FirstMessage(world, socket) == kNone : me.arrived == me.read;
}

// unix_release_sock()
void ReleaseUnixSocket(World& world, uint8_t index, Tells tells) {
  Socket& me = world.sockets[index];
  for (PathEntry& entry : world.paths) {
    if (entry.socket == index) entry.socket = kNone;
  }
  for (Message& message : world.messages) {
    if (!message.live || message.from != index) continue;
    message.name = me.name;
    message.from = kNone;
  }
  const bool listened = me.tcp == Tcp::kListen;
  ForgetOptions(world, index);
  const uint8_t peer = me.peer;
  me.owned = false;
  me.dead = true;
  me.address_locked = false;
  me.listener = kNone;
  me.tcp = Tcp::kClose;
  me.shut = kUnixReceive | kUnixSend;
  me.peer = kNone;
  if (peer != kNone && tells != Tells::kNothing) {
    Socket& other = world.sockets[peer];
    other.shut = kUnixReceive | kUnixSend;
    if (tells == Tells::kReset) other.error = ECONNRESET;
    Wake(world, peer, kAnyReason);
  }
  me.read = me.arrived;
  DropQueue(world, index);
  if (listened) {
    for (uint8_t child = FirstInQueue(world, index); child != kNone; child = FirstInQueue(world, index)) {
      ReleaseUnixSocket(world, child, Tells::kReset);
    }
  }
  ForgetIfUnknown(world, peer);
  ForgetIfUnknown(world, index);
}

struct Charge {
  int32_t least = 0;
  int32_t most = 0;
};

// sk_wmem_alloc: what the socket has sent and nobody has read.
Charge Charged(const World& world, uint8_t socket) {
  const Socket& me = world.sockets[socket];
  Charge charge;
  if (IsRecord(me.kind)) {
    for (const Message& message : world.messages) {
      if (!message.live || message.from != socket) continue;
      charge.least += LeastCharge(static_cast<int32_t>(message.size));
      charge.most += MostCharge(static_cast<int32_t>(message.size));
    }
    return charge;
  }
  if (me.peer == kNone) return charge;
  const Socket& other = world.sockets[me.peer];
  if (other.arrived == other.read) return charge;
  charge.least = LeastCharge(static_cast<int32_t>(other.arrived - other.read));
  charge.most = 2 * static_cast<int32_t>(other.queued) + kMostCost * other.segments;
  return charge;
}

// How many bytes of a stream go out in one piece.
int32_t PieceSize(const World& world, uint8_t socket) {
  return std::min(SendBuffer(world, socket).least / 2 - 64, kMostInPiece);
}

}  // namespace

// --- names ---------------------------------------------------------------------------------------------

bool IsPath(UnixName name) {
  const std::string_view bytes = BytesOf(name);
  return !bytes.empty() && bytes.front() != '\0';
}

GivenName NameGiven(const Call& call) {
  const UnixName name = call.address.name;
  const int32_t length = call.length;
  if (call.address.host != Host::kUnix || length <= kUnixFamilyLength || length > kLongestUnix) return {};
  if (IsPath(name)) {
    // The terminating zero byte may be missing: unix_mkname_bsd() puts one behind what was given.
    if (length < ExactLength(name) - 1) return {};
    return {true, {name, static_cast<uint8_t>(ExactLength(name))}};
  }
  const uint8_t bytes = static_cast<uint8_t>(length);
  if (length == kUnixFamilyLength + 1) return {true, {kUnnamed, bytes}};  // one zero byte, whatever follows
  if (name.IsChosen()) return {length >= kChosenUnixLength, {name, bytes}};
  if (name.IsAbstract() && length == kUnixFamilyLength + 2) return {true, {UnixName::Abstract(0), bytes}};
  return {true, {name, bytes}};
}

Target LookUp(const Scene& scene) {
  const World& world = scene.world;
  const SocketKind kind = scene.me().kind;
  const GivenName given = NameGiven(scene.call);
  if (!given.known) return {};
  const UnixName name = given.name.name;
  if (!IsPath(name)) {
    for (int i = 0; i < kMaxSockets; ++i) {
      const Socket& other = world.sockets[i];
      // The table of abstract names is hashed by type, too: each type has names of its own.
      if (other.live && !other.dead && other.kind == kind && other.address_locked && other.name == given.name) {
        return {Leads::kToSocket, static_cast<uint8_t>(i)};
      }
    }
    return {Leads::kToNobody};
  }
  if (name == kMissingDir || name == kReadOnlyDir) return {Leads::kNowhere};
  if (name == kNotADir) return {Leads::kThroughFile};
  if (name == kLinkLoop) return {Leads::kInCircles};
  if (name == kLongName) return {Leads::kTooFar};
  if (name == kRegularFile) return {Leads::kToNobody};
  const int entry = EntryOf(world, name);
  if (entry < 0) return {Leads::kThroughLock};
  if (!world.paths[entry].exists) return {Leads::kNowhere};
  const uint8_t socket = world.paths[entry].socket;
  if (socket == kNone) return {Leads::kToNobody};
  return {world.sockets[socket].kind == kind ? Leads::kToSocket : Leads::kToOtherType, socket};
}

Place PlaceFor(const World& world, UnixName path) {
  if (path == kMissingDir) return Place::kNowhere;
  if (path == kNotADir) return Place::kThroughFile;
  if (path == kReadOnlyDir) return Place::kReadOnly;
  // The last component is not followed where it is a link.
  if (path == kLinkLoop || path == kLongName || path == kRegularFile) return Place::kTaken;
  const int entry = EntryOf(world, path);
  if (entry < 0) return Place::kThroughLock;
  return world.paths[entry].exists ? Place::kTaken : Place::kFree;
}

bool AbstractTaken(const World& world, SocketKind kind, const BoundName& name) {
  return std::any_of(world.sockets.begin(), world.sockets.end(), [&](const Socket& other) {
    return other.live && !other.dead && other.kind == kind && other.address_locked && other.name == name;
  });
}

bool HasName(const Socket& socket) { return socket.name.length != 0; }

int NameLength(const BoundName& name) { return name.length == 0 ? kUnixFamilyLength : name.length; }

void GiveName(World& world, uint8_t socket, const BoundName& name) {
  world.sockets[socket].name = name;
  world.sockets[socket].address_locked = true;
  if (!IsPath(name.name)) return;
  const int entry = EntryOf(world, name.name);
  if (entry >= 0) world.paths[entry] = {.exists = true, .socket = socket};
}

void Autobind(World& world, uint8_t socket) {
  if (world.chosen_names == kMostUnseen) {
    world.lost = Lost::kFull;
    return;
  }
  const UnixName unseen{static_cast<uint8_t>(kFirstUnseen + world.chosen_names++)};
  GiveName(world, socket, {unseen, static_cast<uint8_t>(kChosenUnixLength)});
}

namespace {

bool IsUnseen(UnixName name) { return name.code >= kFirstUnseen && name != kNameOther; }

// The first sight of an autobound name gives it one of ours.
void NameAutobound(World& world, UnixName unseen) {
  if (world.seen_names == kMaxChosenPorts) {
    world.lost = Lost::kFull;
    return;
  }
  const UnixName name = UnixName::Chosen(world.seen_names++);
  for (Socket& socket : world.sockets) {
    if (socket.name.name == unseen) socket.name.name = name;
  }
  for (Message& message : world.messages) {
    if (message.name.name == unseen) message.name.name = name;
  }
}

// POSIX does not say what the name of an unnamed socket is, nor whether the length of a path counts its zero byte
// or what follows it.
void LeaveNameOpen(Scene& scene, const BoundName& name) {
  const Reply* seen = scene.seen;
  Reply& reply = scene.reply;
  scene.open = true;
  scene.note = name.length == 0 ? "an unnamed socket may be called anything" : "the length may be another";
  if (seen == nullptr || (name.length != 0 && seen->name != reply.name)) return;
  constexpr uint16_t kNaming = kWroteAddress | kWroteAddressLength;
  reply.wrote = static_cast<uint16_t>((reply.wrote & ~kNaming) | (seen->wrote & kNaming));
  reply.address_size = seen->address_size;
  reply.address_length = seen->address_length;
  reply.family = seen->family;
  reply.host = seen->host;
  reply.port = seen->port;
  reply.name = seen->name;
}

}  // namespace

void WriteName(Scene& scene, const BoundName& bound, int told) {
  const Call& call = scene.call;
  Reply& reply = scene.reply;
  if (call.length_pointer != Pointer::kValid) return;
  const bool names = call.op == Op::kGetsockname || call.op == Op::kGetpeername;
  const bool accepts = call.op == Op::kAccept || call.op == Op::kAccept4;
  const bool receives = call.op == Op::kRecvfrom || call.op == Op::kRecvmsg;
  if (!names && !accepts && !receives) return;
  if (call.pointer == Pointer::kNull && !names) return;
  int32_t usual = kExactLength;  // addrlen= is left out where it is this
  if (call.pointer != Pointer::kValid) {
    usual = call.length;
  } else if (const int32_t size = std::min(call.length, told); size >= kUnixFamilyLength) {
    const bool whole = size == told;
    reply.wrote |= kWroteAddress;
    reply.family = AF_UNIX;
    reply.host = Host::kUnix;
    if (whole && told > kUnixFamilyLength) {
      BoundName name = bound;
      if (IsUnseen(name.name)) {
        NameAutobound(scene.world, name.name);
        name.name = UnixName::Chosen(scene.world.seen_names - 1);
      }
      reply.name = ExactLength(name.name) == name.length ? name.name : kNameOther;
    }
    usual = ExactLength(reply.name);
    reply.address_size = static_cast<uint8_t>(usual);
  }
  if (told != usual) {
    reply.wrote |= kWroteAddressLength;
    reply.address_length = told;
  }
  if (scene.posix() && call.pointer == Pointer::kValid) LeaveNameOpen(scene, bound);
}

// --- what they do to each other -------------------------------------------------------------------------

void ConnectThrough(World& world, uint8_t client, uint8_t listener) {
  const uint8_t child = NewSocket(world);
  if (world.lost != Lost::kNo) return;
  Socket& near = world.sockets[client];
  Socket& far = world.sockets[child];
  far.kind = near.kind;
  far.tcp = near.tcp = Tcp::kEstablished;
  far.link = near.link = Link::kConnected;
  far.name = world.sockets[listener].name;
  far.listener = listener;
  far.turn = world.turn++;
  far.peer = client;
  near.peer = child;
  far.arrived = far.read = near.sent;
  near.arrived = near.read = far.sent;
  Wake(world, listener, kDataReady);
}

int MessageCount(const World& world, uint8_t socket) {
  return static_cast<int>(std::count_if(world.messages.begin(), world.messages.end(), [=](const Message& message) {
    return message.live && message.to == socket;
  }));
}

bool QueueFull(const World& world, uint8_t socket) {
  if (world.sockets[socket].kind == SocketKind::kUnixDatagram) return MessageCount(world, socket) > kMaxDatagrams;
  return QueueLength(world, socket) > world.sockets[socket].backlog;
}

void ConnectDatagrams(World& world, uint8_t socket, uint8_t peer) {
  Socket& me = world.sockets[socket];
  const uint8_t before = me.peer;
  me.peer = peer;
  me.tcp = peer == kNone ? Tcp::kClose : Tcp::kEstablished;
  me.link = peer == kNone ? Link::kUnconnected : Link::kConnected;
  if (before == kNone || before == peer) return;
  // unix_dgram_disconnected()
  if (FirstMessage(world, socket) != kNone) {
    DropQueue(world, socket);
    Socket& other = world.sockets[before];
    if (!other.dead && other.peer == socket) {
      other.error = ECONNRESET;
      Wake(world, before, kErrorReport);
    }
  }
  ForgetIfUnknown(world, before);
}

void ForgetDeadPeer(World& world, uint8_t socket) { ConnectDatagrams(world, socket, kNone); }

Tells TellsAtItsEnd(const World& world, uint8_t socket) {
  const Socket& me = world.sockets[socket];
  if (me.peer == kNone || me.kind == SocketKind::kUnixDatagram) return Tells::kNothing;
  if (QueueEmpty(world, socket)) return Tells::kEnd;
  if (me.kind == SocketKind::kUnixStream) return Tells::kReset;
  // An empty record at the head is taken for one that was read (observed on 6.18 and 6.1).
  const bool passed_over = world.messages[FirstMessage(world, socket)].size == 0;
  return MessageCount(world, socket) > (passed_over ? 1 : 0) ? Tells::kReset : Tells::kEnd;
}

void ReleaseUnix(World& world, uint8_t socket, Tells tells) {
  ReleaseUnixSocket(world, socket, tells);
  LoseTrackOfGarbage(world);
}

LeaveResetsOpen::LeaveResetsOpen(Scene& scene) : scene_(scene) {
  for (int i = 0; i < kMaxSockets; ++i) before_[i] = scene.world.sockets[i].error;
}

LeaveResetsOpen::~LeaveResetsOpen() {
  if (!scene_.posix()) return;
  for (int i = 0; i < kMaxSockets; ++i) {
    const Socket& socket = scene_.world.sockets[i];
    if (socket.live && IsUnix(socket.kind) && socket.error != before_[i]) {
      MakeUnspecified(scene_.world, static_cast<uint8_t>(i));
    }
  }
}

int Holders(const World& world, uint8_t socket) {
  int count = 0;
  for (const Slot& slot : world.slots) count += slot.opens == Opens::kSocket && slot.socket == socket;
  for (int i = 0; i < world.queued_messages; ++i) {
    const Message& message = world.messages[i];
    count += message.live && message.passed_opens == Opens::kSocket && message.passed == socket;
  }
  if (world.waiting_live == 0) return count;
  for (const Waiting& waiting : world.waiting) {
    count += waiting.live && !waiting.returned && waiting.socket == socket;
  }
  return count;
}

void Release(World& world, uint8_t index) {
  const Socket& socket = world.sockets[index];
  if (IsUnix(socket.kind)) return ReleaseUnix(world, index);
  const bool synchronised =
      socket.tcp == Tcp::kEstablished || socket.tcp == Tcp::kCloseWait ||
      socket.tcp == Tcp::kFinWait || socket.tcp == Tcp::kLastAck;
  if (socket.tcp == Tcp::kListen) {
    CloseListener(world, index);
  } else if (synchronised && UnreadAtMost(socket) > 0) {
    if (Unread(socket) == 0) world.lost = Lost::kTiming;
    CloseWithReset(world, index);
  } else if (synchronised && socket.linger && socket.linger_seconds == 0) {
    CloseWithReset(world, index);
  } else if (synchronised) {
    CloseWithFin(world, index);
  } else {
    CloseQuietly(world, index);
  }
}

void DropHeld(World& world, const Message& message) {
  if (message.passed_opens != Opens::kSocket) return;
  const uint8_t socket = message.passed;
  if (world.sockets[socket].live && !world.sockets[socket].dead && Holders(world, socket) == 0) {
    Release(world, socket);
  }
}

void TakeAndDrop(World& world, uint8_t message) {
  const Message taken = world.messages[message];
  TakeMessage(world, message);
  DropHeld(world, taken);
}

void LoseTrackOfGarbage(World& world) {
  bool reached[kMaxSockets] = {};
  for (const Slot& slot : world.slots) {
    if (slot.opens == Opens::kSocket) reached[slot.socket] = true;
  }
  for (bool more = true; more;) {
    more = false;
    for (int i = 0; i < kMaxSockets; ++i) {
      const uint8_t listener = world.sockets[i].listener;
      if (world.sockets[i].live && !reached[i] && listener != kNone && reached[listener]) more = reached[i] = true;
    }
    for (const Message& message : world.messages) {
      if (!message.live || message.passed_opens != Opens::kSocket) continue;
      if (reached[message.to] && !reached[message.passed]) more = reached[message.passed] = true;
    }
  }
  for (const Message& message : world.messages) {
    if (!message.live || message.passed_opens != Opens::kSocket) continue;
    if (!reached[message.passed]) world.lost = Lost::kGarbage;
  }
}

BufferSize SendBuffer(const World& world, uint8_t socket) {
  const int32_t set = world.sockets[socket].send_buffer;
  if (set == kBeyondUsual) return {kUsualBuffer, std::numeric_limits<int32_t>::max() / 2};
  const int32_t size = set < 0 ? kUsualBuffer : set;
  return {size, size};
}

Room StreamRoom(const World& world, uint8_t socket, int wanted) {
  const BufferSize buffer = SendBuffer(world, socket);
  Charge charge = Charged(world, socket);
  Room room{0, 0};
  const int32_t piece = PieceSize(world, socket);
  while (room.least < wanted && charge.most < buffer.least) {
    const int32_t size = std::min(piece, wanted - room.least);
    charge.most += MostCharge(size);
    room.least += size;
  }
  // Not fewer and larger pieces: the last one goes out whole, however little of the buffer is left for it.
  while (room.most < wanted && charge.least < buffer.most) {
    const int32_t size = std::min(piece, wanted - room.most);
    charge.least += LeastCharge(size);
    room.most += size;
  }
  return room;
}

HasRoom MessageRoom(const World& world, uint8_t socket) {
  const Charge charge = Charged(world, socket);
  const BufferSize buffer = SendBuffer(world, socket);
  if (charge.most < buffer.least) return HasRoom::kYes;
  return charge.least >= buffer.most ? HasRoom::kNo : HasRoom::kPerhaps;
}

HasRoom Writable(const World& world, uint8_t socket) {
  const Charge charge = Charged(world, socket);
  const BufferSize buffer = SendBuffer(world, socket);
  // unix_writable(): a quarter of the buffer, and the count begins at 1.
  if (charge.most < buffer.least / 4) return HasRoom::kYes;
  return charge.least > buffer.most / 4 ? HasRoom::kNo : HasRoom::kPerhaps;
}

void SendStream(World& world, uint8_t socket, int size, Opens passed_opens, uint8_t passed) {
  Socket& me = world.sockets[socket];
  const uint8_t peer = me.peer;
  Socket& other = world.sockets[peer];
  const int32_t piece = PieceSize(world, socket);
  if (passed_opens != Opens::kNothing && size > 0) {
    // Descriptors go with the first piece.
    AddMessage(world, {.live = true,
                       .to = peer,
                       .from = socket,
                       .passed = passed,
                       .passed_opens = passed_opens,
                       .start = me.sent,
                       .size = static_cast<uint32_t>(std::min(size, piece))});
  }
  me.sent += static_cast<uint32_t>(size);
  if (other.arrived == other.read) other.queued = other.segments = 0;
  other.arrived += static_cast<uint32_t>(size);
  other.queued += static_cast<uint32_t>(size);
  other.segments = static_cast<uint8_t>(std::min(255, other.segments + (size + piece - 1) / piece));
  for (int32_t sent = 0; sent < size; sent += piece) Wake(world, peer, kDataReady);
}

void SendMessage(World& world, uint8_t socket, uint8_t to, int size, Opens passed_opens, uint8_t passed) {
  Socket& me = world.sockets[socket];
  AddMessage(world, {.live = true,
                     .to = to,
                     .from = socket,
                     .passed = passed,
                     .passed_opens = passed_opens,
                     .start = me.sent,
                     .size = static_cast<uint32_t>(size)});
  Wake(world, to, kDataReady);
  me.sent += static_cast<uint32_t>(size);
}

int16_t UnixReady(const World& world, uint8_t socket) {
  const Socket& me = world.sockets[socket];
  int16_t ready = 0;
  if (me.error != 0) {
    ready |= POLLERR;
    // unix_dgram_poll(), which is the one of SOCK_SEQPACKET, too; unix_poll() does not ask for the option.
    if (me.kind != SocketKind::kUnixStream && IsSet(world, socket, SOL_SOCKET, SO_SELECT_ERR_QUEUE)) ready |= POLLPRI;
  }
  if (me.shut == (kUnixReceive | kUnixSend)) ready |= POLLHUP;
  if (me.shut & kUnixReceive) ready |= kReadable | kReadEnd;
  if (!QueueEmpty(world, socket)) ready |= kReadable;
  if (me.kind != SocketKind::kUnixDatagram && me.tcp == Tcp::kClose) ready |= POLLHUP;
  if (me.tcp == Tcp::kListen || Writable(world, socket) == HasRoom::kNo) return ready;
  if (me.kind != SocketKind::kUnixStream && me.peer != kNone) {
    const Socket& other = world.sockets[me.peer];
    if (other.peer != socket && !other.dead && QueueFull(world, me.peer)) return ready;
  }
  return ready | kUnixWritable;
}

int16_t UnixUncertain(const World& world, uint8_t socket) {
  const Socket& me = world.sockets[socket];
  return me.tcp != Tcp::kListen && Writable(world, socket) == HasRoom::kPerhaps ? kUnixWritable : int16_t{0};
}

}  // namespace sockspec
