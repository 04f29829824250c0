// A scene: the world before a call, the call, and what a clause may read of both and do to them.
//
// Guards (Predicate) read a const Scene; what a clause does (Action) changes `world` and fills `reply`.
// What the kernel chooses (a port, a count, a buffer's size) an action takes from the reply that was seen,
// where that is a choice it may make, and from a default where nothing was seen.
#ifndef SOCKSPEC_MODEL_SCENE_H_
#define SOCKSPEC_MODEL_SCENE_H_

#include <array>
#include <cstdint>

#include "model/clause.h"
#include "model/profile.h"
#include "model/world.h"

namespace sockspec {

class Scene {
 public:
  Scene(World& world, const Call& call, const Profile& profile, const Reply* seen, int branch);
  // The same call in `copy`, a copy of the world of a scene in which nothing has been done yet.
  Scene(World& copy, const Scene& same, const Reply* seen, int branch);
  // A call that waited, and looks again whether it has to; `outer` is the call that woke it, and forks for it.
  Scene(World& world, const Call& call, const Profile& profile, Waiting& waiting, Scene& outer);

  World& world;
  const Call& call;
  const Profile& profile;
  const Reply* seen;  // what the kernel answered; nullptr where nobody has asked one
  Reply reply;        // what this clause expects
  bool open = false;  // the kernel chose something in `reply`
  const char* note = "";
  int branch;         // which of several outcomes this is, from 0
  int branches = 1;   // how many there are, at least

  // The descriptor's slot; -1: none, or nothing open there.
  int slot = -1;
  Opens opens = Opens::kNothing;
  uint8_t index = kNone;  // of the socket, kNone where the descriptor leads to none
  uint8_t epoll = kNone;  // of the epoll instance
  Waiting* waiting = nullptr;  // of a call that has waited
  bool resumed() const { return waiting != nullptr; }
  bool has_socket() const { return index != kNone; }
  const Socket& me() const { return world.sockets[index == kNone ? 0 : index]; }
  Socket& me() { return world.sockets[index == kNone ? 0 : index]; }

  // How long this call may wait for what is not there, in microseconds: 0 with O_NONBLOCK and MSG_DONTWAIT, and
  // as SO_RCVTIMEO or SO_SNDTIMEO say; kForEver.
  static constexpr int64_t kForEver = -1;
  static constexpr int64_t kShortWait = 50000;  // so long, and nobody sees a call block
  int64_t patience() const;
  bool nonblocking() const { return patience() == 0; }
  bool impatient() const { return static_cast<uint64_t>(patience()) <= kShortWait; }
  bool linux() const { return profile.family == kLinux; }
  bool posix() const { return profile.family == kPosix; }

  // Of getsockopt() and setsockopt(): the row of the option for this socket; nullptr: it has none.
  const OptionRow* option = nullptr;

  // One of `n` outcomes that the kernel decides without telling, from 0.
  int Fork(int n);

  // The count that was seen, where it lies in [low, high]; else high.
  int Choose(int low, int high, const char* what);

  // The lowest free slot, from `from` up; kNone where there is none.
  uint8_t LowestSlot(int from = 0) const;

  // A slot that leads to where the call's descriptor leads.
  Slot Same(bool close_on_exec = false) const {
    const uint8_t led_to = slot < 0 ? index : world.slots[slot].socket;
    return {opens, led_to, close_on_exec};
  }

  // Gives the lowest free slot to a socket or a file, names it by call.made and puts it into the reply.
  void MakeDescriptor(Slot to, int from = 0);

  // Fills addr= of the reply, cut off as the caller's addrlen says.
  void WriteAddress(Host host, PortIndex port);

  // The name of a port. The first sight of one of the kernel's choice names it.
  Port NameOf(PortIndex port);

 private:
  Scene* outer_ = nullptr;
  int rest_;  // of `branch`, for the forks to come
};

// --- sockets -----------------------------------------------------------------------------------------

inline bool Alive(const World& world, uint8_t index) { return index != kNone && world.sockets[index].live; }

// A free entry, reset. The world is lost where there is none (Oracle says kDiscarded).
uint8_t NewSocket(World& world);

// tcp_set_state(sk, TCP_CLOSE): leaves the tables; gives the port back unless bind() asked for it.
void EnterClose(World& world, uint8_t index);

// tcp_done(): EnterClose, both directions shut; a socket nobody holds is freed.
void Done(World& world, uint8_t index);

// tcp_disconnect(): what connect(AF_UNSPEC) does, and a few others.
void Disconnect(World& world, uint8_t index);

// The last descriptor is gone: close() as TCP sees it. A listener resets all that wait; a connection is
// reset, or sees its FIN through without a descriptor; any other socket is just gone.
void CloseListener(World& world, uint8_t index);
void CloseWithReset(World& world, uint8_t index);
void CloseWithFin(World& world, uint8_t index);
void CloseQuietly(World& world, uint8_t index);

// What close() of this descriptor does, for the calls that close one on the way (close.cc).
void CloseDescriptor(Scene& s, Descriptor fd);

// The profile says nothing of this socket from here on. Where the kernel has few ports to choose from, that
// makes every choice uncertain, and the world is lost.
void MakeUnspecified(World& world, uint8_t index);

// --- the network (network.cc): what one end does to the other at once ---------------------------------

// kUnderWay: where the loopback is late, nobody can say yet.
enum class Arrival : uint8_t { kConnected, kRefused, kStuck, kEnded, kUnderWay };

// A SYN from `client`, whose four-tuple is complete, reaches whoever is there.
Arrival SendSyn(Scene& scene, uint8_t client);
void SendFin(World& world, uint8_t index);
void SendReset(World& world, uint8_t index);
// What SendData() held back goes out, where there is room for it.
void PushHeld(World& world, uint8_t index);
// `bytes` were accepted from the user.
void SendData(Scene& scene, uint8_t index, uint32_t bytes);
// What SendData() does to the other end, once it gets there.
void ReceiveData(World& world, uint8_t index, uint32_t bytes);
// A RST that is in order has arrived, tcp_reset().
void TakeReset(World& world, uint8_t index);
// The last FIN has arrived at `closer`, who sent the first one: it keeps the four-tuple in TIME-WAIT.
void LeaveTail(World& world, uint8_t closer);
// The listener for a SYN from `client` (network.cc), where there are several one of their group, by a fork; kNone.
uint8_t ChooseListener(Scene& scene, uint8_t client);
bool HasRoomInQueue(const World& world, uint8_t listener);
// tcp_v4_syn_recv_sock(): the listener's child, cloned from it.
void MakeChild(World& world, uint8_t listener, uint8_t client);
// An end that was opened by the other's SYN, and was shut down for writing before, sends its FIN at once.
void OpenPassively(World& world, uint8_t index);
// `env: patience=2s`: socket `waiter` has been waited on for two seconds, in which timers run. The world is lost where
// they do something.
void LetTimersRun(World& world, uint8_t waiter);
// Wakes those that wait for what socket `index` has to read, where that is as much as SO_RCVLOWAT asks for.
void WakeReader(World& world, uint8_t index);

// Whether the buffers between the two ends may be too small for `bytes` more.
bool Crowded(const Socket& from, const Socket& to, uint32_t bytes);
bool HasSmallBuffer(const Socket& socket);  // for what it receives
bool HasSmallSendBuffer(const Socket& socket);
// From here on it may put off acknowledgements of what it receives, up to 40 ms.
void PutAcknowledgementsOff(Socket& socket);

// How many bytes wait to be read: at least, and at most where some may be late.
uint32_t Unread(const Socket& socket);
uint32_t UnreadAtMost(const Socket& socket);
int QueueLength(const World& world, uint8_t listener);
uint8_t FirstInQueue(const World& world, uint8_t listener);  // kNone: empty

// --- the late loopback (late_network.cc): what one end does to the other some time after its call ---------

// The world is lost where there is no room.
void Transmit(World& world, const Segment& segment);
// Which of the segments under way may arrive next: the first of each pair of sockets. How many there are.
int MayArrive(const World& world, std::array<uint8_t, kMaxSegments>* segments);
// The n-th segment arrives. In a reuseport group the kernel chooses: the scene forks.
void Arrive(Scene& scene, int n);
Arrival SendSynLate(Scene& scene, uint8_t client);
void SendFinLate(World& world, uint8_t index);
void SendResetLate(World& world, uint8_t index);
// A socket gives up what it began, has left its connection, or is gone: its SYN, its bytes, and all that was for it.
void DropSegments(World& world, uint8_t index);

// --- UDP (datagrams.cc): where a datagram goes, and who gets it -----------------------------------------

// The way that a datagram takes, or why it takes none.
struct Way {
  int16_t error = 0;  // an errno; 0: there is one
  Host source = Host::kAny;       // the address that it bears
  Host destination = Host::kAny;  // 0.0.0.0 is somebody
  bool many = false;       // to all that are there, by broadcast or multicast
  bool broadcast = false;  // which needs SO_BROADCAST
  bool mute = false;       // no ICMP message comes back
  bool bad_source = false;  // there is none because of the address that the socket is bound to
  bool inet6() const { return IsIpv6(destination); }
};
Way FindWay(const Socket& from, Host to);
// Whether an IPv6 address would have to be the source of an IPv4 packet: POSIX does not say what comes of that.
bool CrossesToIpv4(const Socket& from, const Way& way);
// Of one that is astray: the peer's, but for the destination that the packet bears.
Way StrayWay(const Socket& socket);
// `size` bytes go to `port` on that way.
// Whether the socket wants to know what became of its datagrams of this family.
bool WantsErrors(const World& world, uint8_t socket, bool inet6);
void SendDatagram(Scene& scene, uint8_t from, const Way& way, PortIndex port, uint32_t size);
// inet_autobind(): an unbound socket gets a port of the kernel's choice. There is one.
void BindToAnyPort(Scene& scene);
bool MayBroadcast(const Scene& scene);  // SO_BROADCAST
// What connect() to an address and to AF_UNSPEC do.
void MakePeer(Scene& scene, const Way& way, PortIndex port);
void DissolvePeer(World& world, uint8_t index);

// --- readiness (readiness.cc): what poll(), select() and epoll_wait() ask ------------------------------

inline constexpr int16_t kReadable = 0x41;   // POLLIN, POLLRDNORM
inline constexpr int16_t kWritable = 0x104;  // POLLOUT, POLLWRNORM
inline constexpr int16_t kReadEnd = 0x2000;  // POLLRDHUP

// The POLL* events of a socket that hold now, whoever asks for which.
int16_t Ready(const World& world, uint8_t socket);
// Of all events, ready or not, those that may be so or otherwise, since a timer brings them. Mostly none.
int16_t Uncertain(const World& world, uint8_t socket);

// --- messages (messages.cc): what waits to be received, one by one ---------------------------------------

// At the end of its receiver's queue. The world is lost where there is no room.
void AddMessage(World& world, const Message& message);
// The first for `socket`, an index into World::messages; kNone where there is none.
uint8_t FirstMessage(const World& world, uint8_t socket);
void TakeMessage(World& world, uint8_t message);
// What a socket that goes leaves unread.
void DropMessages(World& world, uint8_t socket);

// The same for errors (IP_RECVERR): World::errors.
void AddError(World& world, const QueuedError& error);
uint8_t FirstError(const World& world, uint8_t socket);
void TakeError(World& world, uint8_t error);
void DropErrors(World& world, uint8_t socket);

// --- addresses (addresses.cc): of sockets of AF_INET and AF_INET6 ---------------------------------------

// What a socket reads in an address. The host is one of the world's: an IPv4 address in a socket of AF_INET6 is
// the IPv4 host; Host::kOther is an address that nobody has. Whether the length reaches that far, nobody asks.
struct Reading {
  int16_t family = 0;
  Host host = Host::kAny;
  Port port;
};
Reading ReadAddress(const Address& address, bool inet6);
Reading ReadAddress(const Scene& scene);  // the scene's socket, the call's address
// As a UDP socket reads the address of its peer: one of AF_INET6 takes AF_INET too.
Reading ReadPeer(const Scene& scene);

int16_t FamilyOf(const Socket& socket);         // AF_INET or AF_INET6
int32_t AddressLength(const Socket& socket);    // of its own addresses, in bytes
int32_t ShortestAddress(const Socket& socket);  // that it takes: of AF_INET6 without the scope
Host Wildcard(const Socket& socket);            // 0.0.0.0 or ::
// The address it sends IPv4 packets from, where it has got one; Host::kAny: none (inet_saddr).
Host SendingAddress(const Socket& socket);
// The address it is bound to, as IPv4 sees it (inet_rcv_saddr): a socket of AF_INET6 has one too.
Host Ipv4Address(const Socket& socket);
// Gives it an address, as bind() does, or connect() where it has none.
void SetAddress(Socket& socket, Host host);

// What the kernel compares of two sockets on one port: sk_family, sk_rcv_saddr, sk_v6_rcv_saddr, sk_ipv6only.
struct Endpoint {
  bool inet6 = false;
  bool only_inet6 = false;
  Host host = Host::kAny;
};
Endpoint EndpointOf(const Socket& socket);
// As bind() to `host` would make it: an IPv6 address says that there is no IPv4.
Endpoint EndpointAt(const Socket& socket, Host host);
// inet_rcv_saddr_equal(), ipv6_rcv_saddr_equal(), ipv4_rcv_saddr_equal(): `wild_…` says whether a wildcard on
// that side meets every address.
bool AddressesMeet(const Endpoint& one, const Endpoint& other, bool wild_one, bool wild_other);
// Whether a packet to `host` is for a socket that is bound to `bound_to`: to that host, or to the wildcard of the
// packet's own family. (compute_score().)
bool TakesPacketTo(const Socket& socket, Host host, Host bound_to);

// --- wake-ups (epoll.cc, waiting.cc): who waits on a socket and is told that something happened to it --

void WakeWatchers(World& world, uint8_t socket, int16_t key);
void WakeWaiting(World& world, uint8_t socket, int16_t key);
// One of those who wait for the instance, but for the one that wakes them.
void WakeEpollWaiter(World& world, uint8_t epoll, const Waiting* waker = nullptr);

// Where the kernel wakes those who wait on the socket. `key`: the POLL* events that it tells as the reason; 0: any,
// as sk_state_change() does.
inline void Wake(World& world, uint8_t socket, int16_t key) {
  if (world.epolls_live != 0) [[unlikely]] WakeWatchers(world, socket, key);
  if (world.waiting_live != 0) [[unlikely]] WakeWaiting(world, socket, key);
}
inline constexpr int16_t kAnyReason = 0;
inline constexpr int16_t kDataReady = 0xc3;  // sock_def_readable(): POLLIN, POLLPRI, POLLRDNORM, POLLRDBAND
inline constexpr int16_t kErrorReport = 8;   // sock_def_error_report(): POLLERR
inline constexpr int16_t kWriteSpace = 0x304;  // sk_stream_write_space(): POLLOUT, POLLWRNORM, POLLWRBAND

// A call in another thread was seen to block: what it waits for from here on. `reply` is what it gives when it
// is interrupted. The world is lost where that cannot be followed.
void Wait(Scene& s, const Reply& reply);
// The entry of a thread's call; nullptr where none waits, or was not told of.
Waiting* WaitingOf(World& world, uint8_t thread);
// It has come back or was interrupted: lets go of the slot that it had reserved and did not use, and of its
// socket, which is closed if nobody else holds it.
void StopWaiting(World& world, Waiting& waiting);
// connect() has dissolved the socket's connection, or its attempt at one: sk_disconnects. Those who wait learn it.
void MarkDissolved(World& world, uint8_t socket);
// Who holds a socket: descriptors, messages under way, calls that wait on it.
int Holders(const World& world, uint8_t socket);
// The last holder of a socket is gone: what close() does to it then.
void Release(World& world, uint8_t socket);

// After a call: what has no descriptor any more is watched no longer (eventpoll_release()), and an instance
// without one is gone.
void SettleEpolls(World& world);

// --- ports (ports.cc): who may have which -------------------------------------------------------------

// Whether the scene's socket may not have host:port, an explicit port; `listening`: listen() asks again.
// POSIX does not say what sockets of two families do to each other.
enum class Among : uint8_t { kEveryone, kOwnFamily };
bool PortConflicts(const Scene& scene, Host host, PortIndex port, bool listening, Among among = Among::kEveryone);
// The ports that the kernel may choose: none at all, or a fork among them. Where the ephemeral range is as
// wide as usual, a port that nobody has named; where the environment made it small, any that is free, and for
// connect() one in use too, as long as the four-tuple is new.
struct PortChoice {
  std::array<PortIndex, kMaxPorts> known;  // free, or fit to be shared, and named before
  int count = 0;
  bool fresh = false;  // one that nobody has named
  bool none() const { return count == 0 && !fresh; }
};
PortChoice PortsToBind(const Scene& scene, Host host);
PortChoice PortsToConnect(const World& world, uint8_t index, Host source, Host remote, PortIndex port);
// Whether the kernel may choose a port for a socket of this kind that it has chosen before: nobody holds it,
// or only such sockets as share it.
bool MayBeChosenAgain(const World& world, SocketKind kind, PortIndex port);
// The port chosen, in this branch of the scene. `choice` is not empty.
PortIndex TakePort(Scene& scene, const PortChoice& choice);
// Puts the socket into the port's bucket, as inet_bind_hash() does, or udp_lib_get_port().
void HoldPort(World& world, uint8_t index, PortIndex port, bool by_connect);
// __inet_inherit_port(): a connection has its listener's port, and an address of its own.
void InheritPort(World& world, uint8_t index, PortIndex port);
void ReleasePort(World& world, uint8_t index);
// inet_bhash2_update_saddr(): the address of a TCP socket that has a port was `before`, and is another.
void ChangeBucket(World& world, uint8_t index, Host before);
// The address of a UDP socket that has a port is set anew, perhaps to what it was `before`: udp_lib_rehash().
void MovePort(World& world, uint8_t index, Host before);
// inet_bhash2_reset_saddr(): the address is gone, unless bind() gave it.
void ResetAddress(World& world, uint8_t index);
void LeaveGroup(Socket& socket);  // of reuseport
// The entry of a port named in the program; kNone for port 0. Makes one where the name is new.
PortIndex FindPort(World& world, Port name);
PortIndex LookUpPort(const World& world, Port name);  // kNone where the name is new
// A new entry, for a port of the kernel's choice that nobody has seen yet.
PortIndex NewPort(World& world);
// Whether another socket has the same four-tuple.
bool TupleTaken(const World& world, uint8_t index, Host source, PortIndex local, Host remote, PortIndex port);

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_SCENE_H_
