// The world: everything the model knows. Plain data, copied whole; a step makes a new one.
//
// A Socket here is an endpoint as TCP sees it, with or without a descriptor: one that waits to be accepted
// and one that was closed but still has a tail (a FIN to answer, TIME-WAIT) are sockets too. The names of its
// members are the standard's and Linux's: what a call may return depends on exactly these.
#ifndef SOCKSPEC_MODEL_WORLD_H_
#define SOCKSPEC_MODEL_WORLD_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "model/program/call.h"
#include "model/program/program.h"
#include "model/program/reply.h"

namespace sockspec {

// What a socket is. The members of Socket mean for each kind what Linux's struct sock makes of them.
enum class SocketKind : uint8_t { kTcp, kUdp, kUnixStream, kUnixDatagram, kUnixSeqpacket };
inline constexpr int kSocketKinds = 5;
constexpr bool IsUnix(SocketKind kind) { return kind >= SocketKind::kUnixStream; }
constexpr bool IsDatagram(SocketKind kind) {
  return kind == SocketKind::kUdp || kind == SocketKind::kUnixDatagram;
}

// Where one socket is, as people say it. Derived from Socket by PhaseOf().
enum class Phase : uint8_t {
  kUnbound,
  kBound,
  kListening,
  kConnecting,    // connect() is under way
  kRefused,       // connect() has failed, and nobody has been told yet
  kConnected,
  kWriteShut,     // we have sent a FIN, the peer has not
  kReadEnded,     // the peer has sent a FIN, we have not
  kFinished,      // both have
  kReset,         // broken off by a RST
  kDisconnected,  // shut down before it was connected
  kUnspecified,   // the profile leaves it open until the socket is closed
  kClosed,
};
inline constexpr int kPhaseCount = 13;
std::string_view PhaseName(Phase phase);

// RFC 9293's states, as far as two ends on one synchronous loopback let us see them apart.
enum class Tcp : uint8_t {
  kClose,
  kListen,
  kSynSent,
  kEstablished,
  kFinWait,    // FIN-WAIT-1 and -2: no call tells them apart
  kCloseWait,
  kLastAck,    // only where the loopback is late: else the last word is said at once
  kTimeWait,   // only of a socket without descriptor
};

// Linux's enum socket_state: what connect(), listen() and shutdown() ask about, apart from TCP's own.
enum class Link : uint8_t { kUnconnected, kConnecting, kConnected, kDisconnecting };

// Socket::receive_buffer and send_buffer where more was asked for than the machine may give: twice what it gives.
inline constexpr int32_t kBeyondUsual = -2;

inline constexpr int kMaxSockets = 24;
inline constexpr int kMaxPorts = 32;
inline constexpr int kMaxQueuedErrors = 4;  // of IP_RECVERR
inline constexpr int kMaxMessages = 32;  // datagrams, and pieces of a stream with a descriptor in them, under way
inline constexpr int kMaxSetOptions = 24;
inline constexpr int kMaxEpolls = 3;
inline constexpr int kMaxWatched = 6;
inline constexpr int kMaxWaiting = 3;
inline constexpr int kMaxSegments = 12;
inline constexpr uint8_t kNone = 255;

// A port in use or seen: an index into World::ports; kNone: port 0.
using PortIndex = uint8_t;

// The name of a unix socket as bind() took it. A path is the same however far the length goes beyond its zero
// byte; of an abstract name every byte counts.
struct BoundName {
  UnixName name;
  uint8_t length = 0;  // of the whole address, in bytes; 0: no name
  friend constexpr bool operator==(const BoundName&, const BoundName&) = default;
};

struct Socket {
  bool live = false;    // this entry is in use
  SocketKind kind = SocketKind::kTcp;
  bool inet6 = false;      // of kTcp and kUdp: AF_INET6. An IPv4 address in it is written as a mapped one
  bool only_inet6 = false;  // IPV6_V6ONLY; on Linux also since it was bound to an IPv6 address
  bool speaks_ipv4 = false;  // of AF_INET6 on Linux: has been connected over IPv4, and was not made to forget it
  bool owned = false;   // a descriptor leads to it, or a message that is under way
  bool dead = false;    // of a unix socket: closed, and known of only as somebody's peer
  Tcp tcp = Tcp::kClose;
  Link link = Link::kUnconnected;
  uint8_t shut = 0;     // 1: no more receiving, 2: no more sending (sk_shutdown)
  uint8_t user_shut = 0;  // of these, what shutdown() asked for
  uint8_t error = 0;    // the pending error, SO_ERROR; an errno
  bool nonblocking = false;
  bool reuse_address = false;
  bool reuse_port = false;
  bool keepalive = false;
  bool linger = false;
  bool address_locked = false;  // bind() gave it a specific address
  bool foreign = false;         // one that is not ours (IP_FREEBIND, IP_TRANSPARENT)
  bool port_locked = false;     // bind() gave it a port other than 0
  bool connect_bound = false;   // of kTcp: connect() gave it its port (SOCK_CONNECT_BIND)
  bool bucket_marked = false;   // of kTcp: of all that hold this port with this address: see ports.cc
  bool done = false;            // a FIN has come: end of file after what is queued
  bool perhaps_refused = false;  // of kUdp in `posix`: nobody may have taken what it sent, and it may be told
  bool perhaps_bound = false;   // of kUdp in `posix`: a send() that was refused may have given it a port
  bool unspecified = false;     // the profile says nothing about it any more
  bool at_tail = false;         // of the list of listeners: AF_INET6, and had SO_REUSEPORT when it began
  bool in_group = false;        // in a reuseport group: of kTcp while it listens, of kUdp while it has a port
  bool group_connected = false;  // of kUdp: somebody of its group was connected once (reuseport_has_conns)
  bool steered = false;          // of kUdp: has received while connected, on some processor (sk_incoming_cpu)
  int32_t linger_seconds = 0;
  int32_t backlog = 0;
  int32_t receive_buffer = -1;  // bytes; -1: as the kernel chose
  int32_t send_buffer = -1;
  Host address = Host::kAny;    // the address it is bound to (receives on); of AF_INET6: addresses.cc
  Host source = Host::kAny;     // the address it sends from
  Host ipv4_source = Host::kAny;  // of AF_INET6: the address it sends IPv4 packets from (inet_saddr)
  Host remote = Host::kAny;
  PortIndex bound = kNone;      // the port it holds in the table of bound ports
  PortIndex local = kNone;      // the port getsockname() tells
  PortIndex remote_port = kNone;
  uint8_t peer = kNone;         // the socket at the other end, while that still knows of us
  uint8_t listener = kNone;     // whose accept queue it waits in
  bool deferred = false;        // it will, once it has data (TCP_DEFER_ACCEPT): only the client knows of it
  uint8_t turn = 0;             // its place in that queue; of a listener: among the listeners; of kUdp: among those
                                // with its port
  uint8_t moved = 0;            // of kUdp: its place among those with its address and port
  bool last = false;            // of kUdp: it stands behind all others with its port, and
  bool moved_last = false;      // behind all with its address and port too
  uint8_t group = kNone;        // of kUdp: which reuseport group
  // Of kUdp: where the last connect() went that failed although the socket had a peer. The first datagram after
  // it goes to the peer, and what follows to that address (inet->cork.fl, udp_sendmsg()).
  bool astray = false;
  bool first_gone = false;
  PortIndex stray_port = kNone;
  Host stray_host = Host::kAny;
  // Of kUdp: since it has a port, the peer that it was first connected to, and its place among those who were to
  // the same (udp_lib_hash4()). It is found by that peer, if it is connected to it again.
  bool paired = false;
  uint8_t paired_turn = 0;
  PortIndex paired_port = kNone;
  Host paired_host = Host::kAny;
  uint32_t sent = 0;            // bytes accepted from the user, so far
  uint32_t arrived = 0;         // bytes of the peer's that are certainly here
  uint32_t late = 0;            // bytes of the peer's that may still be on their way
  uint32_t read = 0;            // bytes handed to the user
  bool crowded = false;         // `late` is there because buffers or windows may be too small; of UDP: read
                                // datagrams may still fill the buffer
  bool answered = false;        // has sent after it had received, so it may put off acknowledgements
  bool unacked = false;         // has sent what the peer may not have acknowledged yet
  uint8_t segments = 0;         // how often data has come, up to 255
  BoundName name;               // of a unix socket; its own where address_locked, else its listener's
  uint32_t queued = 0;          // of a unix stream: bytes that came since its queue was empty, read or not
  friend constexpr bool operator==(const Socket&, const Socket&) = default;
};

// One port, and what Linux remembers of how it was bound (struct inet_bind_bucket).
struct PortEntry {
  bool live = false;
  Port name;            // P0, E0 …; kPortOther: the kernel chose it and nobody has seen it yet
  bool chosen = false;  // by the kernel
  bool for_udp = false;  // chosen for a UDP socket first
  int8_t fast_reuse = 0;
  int8_t fast_reuse_port = 0;  // 0 no, 1 any address, 2 this address only
  bool fast_inet6 = false;
  bool fast_only_inet6 = false;
  Host fast_address = Host::kAny;
  bool any_inet6 = false;  // a socket of AF_INET6 was the first of those that hold it with 0.0.0.0
  friend constexpr bool operator==(const PortEntry&, const PortEntry&) = default;
};

inline constexpr int kPathEntries = 9;

// What a descriptor number leads to. kReserved: to nothing yet, but an accept() that waits will have it.
enum class Opens : uint8_t { kNothing, kSocket, kFile, kPipe, kEpoll, kReserved };

// A datagram, or a record of a seqpacket socket, in its receiver's queue. The live ones come first in
// World::messages, in the order of their arrival.
struct Message {
  bool live = false;
  bool unsure = false;      // of UDP in `posix`: it may be late, or lost
  uint8_t to = kNone;       // the receiver
  uint8_t from = kNone;     // the sender, while that is known and still there
  Host host = Host::kAny;   // whence it came: host and port, or
  PortIndex port = kNone;
  BoundName name;           // the name the sender had
  uint8_t passed = kNone;   // SCM_RIGHTS: a socket under way, which its message keeps alive
  Opens passed_opens = Opens::kNothing;
  uint32_t start = 0;       // where its bytes lie in the sender's stream
  uint32_t size = 0;        // bytes
  friend constexpr bool operator==(const Message&, const Message&) = default;
};

// What became of a datagram, for a socket that wants to know (IP_RECVERR, IPV6_RECVERR): in World::errors, in the
// order of their arrival.
struct QueuedError {
  uint8_t socket = kNone;   // whose queue it lies in; kNone: no error
  bool local = false;       // EMSGSIZE, found by the sender itself; else ECONNREFUSED, which another told
  Host host = Host::kAny;   // whither the datagram went
  PortIndex port = kNone;
  uint32_t start = 0;       // where its bytes lie in the sender's stream
  uint32_t size = 0;        // bytes of it that came back
  friend constexpr bool operator==(const QueuedError&, const QueuedError&) = default;
};

// A name in the file system, U0 to U7 or LOCKED_DIR, that a unix socket was bound to. It stays when the socket
// goes.
struct PathEntry {
  bool exists = false;
  uint8_t socket = kNone;  // kNone: nobody is behind it any more
  friend constexpr bool operator==(const PathEntry&, const PathEntry&) = default;
};

// An option that was set, of one socket (option_table.h): what is not here is what it was from the start.
struct SetOption {
  uint8_t socket = kNone;
  uint16_t row = 0;        // of the table of options, where the option is stored
  int32_t value = 0;
  int32_t second = 0;      // l_linger, tv_usec
  friend constexpr bool operator==(const SetOption&, const SetOption&) = default;
};

// An epoll instance, and what it watches.
struct Watched {
  bool live = false;
  Descriptor fd;            // as epoll_ctl named it
  uint8_t slot = kNone;     // whose number it was added by
  uint8_t socket = kNone;   // kNone: PIPE
  bool ready = false;       // on the ready list
  bool adrift = false;      // nobody knows where on the ready list, nor, if not `ready`, whether (epoll.cc)
  bool spent = false;       // EPOLLONESHOT has fired
  uint8_t added = 0;        // its place among those that were added
  uint16_t turn = 0;        // its place on the ready list
  int32_t events = 0;
  friend constexpr bool operator==(const Watched&, const Watched&) = default;
};
struct Epoll {
  bool live = false;
  uint8_t added = 0;   // counts what was added
  uint16_t turn = 0;   // counts what was put on the ready list
  std::array<Watched, kMaxWatched> watched;
  friend constexpr bool operator==(const Epoll&, const Epoll&) = default;
};

struct Slot {
  Opens opens = Opens::kNothing;
  uint8_t socket = kNone;  // an index into World::sockets, of kEpoll into World::epolls
  bool close_on_exec = false;
  friend constexpr bool operator==(const Slot&, const Slot&) = default;
};

// A call that blocks in a thread (waiting.cc), from its first half in the program to its second one.
struct Waiting {
  bool live = false;
  bool returned = false;     // it has come back, with `reply`, and the program has not been told yet
  bool woken = false;        // something has woken it that it has not looked at yet
  bool dissolved = false;    // the connection that it waits on has been dissolved meanwhile (sk_disconnects)
  bool followed = true;      // the model knows what wakes it; else it looks after each call
  bool exclusive = false;    // of those that wait for the same, the first one alone is woken
  uint8_t thread = 0;
  uint8_t turn = 0;          // its place among those that wait
  uint8_t socket = kNone;    // that it waits on, and keeps from being closed
  uint8_t epoll = kNone;
  uint8_t reserved = kNone;  // the slot that accept() took when it was called
  uint8_t made = kNone;      // the slot of what it has made
  PortIndex unseen = kNone;  // the port in its addr=, where that has no name yet
  int16_t key = 0;           // the POLL* events that it is woken for; 0: any
  int16_t clause = -1;       // by which it came back (ClauseNumber)
  Reply reply;               // that it gives, when it is interrupted where it has not come back
  friend constexpr bool operator==(const Waiting&, const Waiting&) = default;
};

// What is under way between two TCP sockets where the loopback is late (late_network.cc): one that was sent, and has
// not arrived. What one socket sends to another arrives in the order in which it was sent.
enum class Carries : uint8_t {
  kSyn,         // to whoever listens there; the answer to it is the same step
  kLastOfHandshake,  // the client's ACK: the connection joins the accept queue
  kData,
  kFin,
  kLastAck,     // of the second FIN
  kReset,
};
struct Segment {
  Carries carries = Carries::kSyn;
  uint8_t from = kNone;
  uint8_t to = kNone;      // kNone: of a SYN
  uint32_t bytes = 0;      // of kData
  friend constexpr bool operator==(const Segment&, const Segment&) = default;
};

// Why the model cannot follow a program any more. Nothing is judged from there on.
enum class Lost : uint8_t {
  kNo,
  kFull,         // more sockets, ports or names than a world holds
  kCoincidence,  // the kernel chose a port that has a name already, where the range is wide
  kMixed,        // how a call ends depends on a choice of the kernel's that it does not tell
  kTiming,       // bytes are under way while the connection ends
  kTorn,         // the other end of a connection is one that the world does not hold any more
  kMute,         // a socket sends what nobody can read
  kUnspecified,  // a socket that the profile leaves open did something to others
  kGarbage,      // sockets that only messages in their own queues hold go when the kernel likes
  kThreads,      // when a call in another thread comes back, or with what, nobody can tell
};
const char* LostBecause(Lost lost);

// How many entries of an array were ever in use: those beyond are as they were made. It says nothing about the world.
struct HighWater {
  uint8_t mark = 0;
  void Reach(int count) { mark = count > mark ? static_cast<uint8_t>(count) : mark; }
  friend constexpr bool operator==(HighWater, HighWater) { return true; }
};

// What of a world is small, and changes with most calls.
struct WorldFacts {
  std::array<Slot, kMaxHandles> slots;         // the descriptor table, from the lowest free number
  std::array<uint8_t, kMaxHandles> handles;    // s_n: its slot; kNone: its creator failed, it stands for -1
  std::array<PathEntry, kPathEntries> paths;
  std::array<QueuedError, kMaxQueuedErrors> errors;  // the first `queued_errors` of them
  uint8_t queued_errors = 0;
  uint8_t set_options = 0;
  uint8_t queued_messages = 0;
  uint8_t seen = 0;                            // how many E names have been given
  uint8_t seen_names = 0;                      // how many @E names have been given
  uint8_t chosen_names = 0;                    // how many the kernel has chosen, seen or not
  uint8_t epolls_live = 0;                     // how many of them there are
  uint8_t waiting_live = 0;                    // how many calls wait, or have not been told of
  uint8_t waiting_turn = 0;                    // counts those that began to wait
  uint8_t under_way = 0;
  bool late = false;                           // segments arrive some time after the call that sent them
  bool nobody = false;                         // env: uid=nobody
  bool patient = false;                        // env: patience=2s
  bool old_linux = false;                      // before 6.2
  bool foreign = false;                        // some socket is bound to an address that is not ours
  uint8_t turn = 0;                            // counts arrivals in accept queues
  uint8_t nofile = 0;                          // how many slots there are; 0: all
  uint8_t ephemeral = 0;                       // how many ports the kernel may choose from; 0: plenty
  Lost lost = Lost::kNo;
  HighWater used_sockets;
  HighWater used_ports;
  friend constexpr bool operator==(const WorldFacts&, const WorldFacts&) = default;
};

struct World : WorldFacts {
  std::array<Socket, kMaxSockets> sockets;
  std::array<PortEntry, kMaxPorts> ports;
  std::array<Message, kMaxMessages> messages;  // the first `queued_messages` of them
  std::array<SetOption, kMaxSetOptions> options;  // the first `set_options` of them
  std::array<Epoll, kMaxEpolls> epolls;        // as they were made where `epolls_live` is 0
  std::array<Waiting, kMaxWaiting> waiting;    // the same of `waiting_live`
  std::array<Segment, kMaxSegments> segments;  // the first `under_way` of them, in the order of their sending
  friend constexpr bool operator==(const World&, const World&) = default;
};
static_assert(std::is_trivially_copyable_v<World>);

// The world at the start of a program.
World NewWorld(const Environment& env);
void SetEnvironment(World& world, const Environment& env);

// to = from, as far as either is in use: a quarter of it, mostly. It is done at every call.
void CopyWorld(World& to, const World& from);

Phase PhaseOf(const Socket& socket);

// "s1: connected 127.0.0.1:E0 to 127.0.0.1:P0, 5 bytes unread", one line for each socket, for reports.
std::string Describe(const World& world);

// The socket that the call's descriptor leads to; kNone where it takes none, or leads to something else.
inline uint8_t SocketOf(const Call& call, const World& world) {
  if (!call.fd.IsHandle() || !TakesDescriptor(call.op)) return kNone;
  const uint8_t slot = world.handles[call.fd.handle()];
  if (slot == kNone || world.slots[slot].opens != Opens::kSocket) return kNone;
  return world.slots[slot].socket;
}

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_WORLD_H_
