// Unix sockets: their names, and what one of them does to others. As unix_network.cc has it from Linux's
// net/unix/af_unix.c; every step is done before the call that takes it returns.
//
// A socket that was closed stays in the world for as long as another one's `peer` leads to it (Socket::dead):
// its name is still told, and a datagram socket learns of its end only when it sends.
#ifndef SOCKSPEC_MODEL_UNIX_NETWORK_H_
#define SOCKSPEC_MODEL_UNIX_NETWORK_H_

#include <array>
#include <cstdint>

#include "model/scene.h"
#include "model/world.h"

namespace sockspec {

// --- names ---------------------------------------------------------------------------------------------

inline constexpr int kMaxDatagrams = 10;    // net.unix.max_dgram_qlen: one more than so many fit
inline constexpr uint8_t kUnixReceive = 1;  // RCV_SHUTDOWN
inline constexpr uint8_t kUnixSend = 2;     // SEND_SHUTDOWN

// The name in a call's address, longer than its family: as bind() would keep it. `known` is false where its
// bytes are none that a world can hold: a path cut short, an address of another family called AF_UNIX.
struct GivenName {
  bool known = false;
  BoundName name;
};
GivenName NameGiven(const Call& call);
bool IsPath(UnixName name);  // in the file system, U0 or one of those that cannot be used

// What a path or an abstract name leads to.
enum class Leads : uint8_t {
  kToSocket,
  kNowhere,       // ENOENT
  kThroughFile,   // ENOTDIR
  kInCircles,     // ELOOP
  kTooFar,        // ENAMETOOLONG
  kThroughLock,   // EACCES: a directory that may not be searched
  kToNobody,      // ECONNREFUSED: a file that is no socket, a socket that is gone
  kToOtherType,   // EPROTOTYPE
  kUnknown,       // see GivenName
};
struct Target {
  Leads leads = Leads::kUnknown;
  uint8_t socket = kNone;
};
Target LookUp(const Scene& scene);

// What is in the way of a bind() to a path: kToNobody where something has the name already, kToSocket where
// nothing has, which is as it should be; kReadOnly.
enum class Place : uint8_t { kFree, kTaken, kNowhere, kThroughFile, kThroughLock, kReadOnly };
Place PlaceFor(const World& world, UnixName path);
// Whether another socket of this kind has the abstract name.
bool AbstractTaken(const World& world, SocketKind kind, const BoundName& name);

bool HasName(const Socket& socket);
void GiveName(World& world, uint8_t socket, const BoundName& name);
// unix_autobind(): an abstract name of five hexadecimal digits, which nobody has seen yet.
void Autobind(World& world, uint8_t socket);
// Puts a name into the reply, as move_addr_to_user() does; it may be the first sight of an autobound one.
// `told` is its length: that of the name, 2 where there is none, and 0 where nothing is told of a sender.
void WriteName(Scene& scene, const BoundName& name, int told);
// The length of the whole address of a socket with this name.
int NameLength(const BoundName& name);

// --- what they do to each other -------------------------------------------------------------------------

// unix_stream_connect(): a new end waits in the listener's queue.
void ConnectThrough(World& world, uint8_t client, uint8_t listener);
bool QueueFull(const World& world, uint8_t socket);  // of connections or of datagrams
int MessageCount(const World& world, uint8_t socket);

// unix_dgram_connect(): from now on `peer` is where it sends; kNone dissolves.
void ConnectDatagrams(World& world, uint8_t socket, uint8_t peer);
// The peer of a datagram socket turned out to be gone.
void ForgetDeadPeer(World& world, uint8_t socket);

// unix_release_sock(): nobody holds the socket any more. What the other end of its connection is told: of a reset
// where anything was left unread.
enum class Tells : uint8_t { kNothing, kEnd, kReset };
Tells TellsAtItsEnd(const World& world, uint8_t socket);
void ReleaseUnix(World& world, uint8_t socket, Tells tells);
inline void ReleaseUnix(World& world, uint8_t socket) { ReleaseUnix(world, socket, TellsAtItsEnd(world, socket)); }
// While this lives: whether the other end is told of a reset, or of an end, POSIX does not say, so in that profile
// those that were are left open.
class [[nodiscard]] LeaveResetsOpen {
 public:
  explicit LeaveResetsOpen(Scene& scene);
  ~LeaveResetsOpen();
  LeaveResetsOpen(const LeaveResetsOpen&) = delete;
  LeaveResetsOpen& operator=(const LeaveResetsOpen&) = delete;

 private:
  Scene& scene_;
  std::array<uint8_t, kMaxSockets> before_;
};
// A message is gone, and what it held may go with it. For the socket's own kind.
void DropHeld(World& world, const Message& message);
void TakeAndDrop(World& world, uint8_t message);
// Sockets that only messages of their own hold are garbage, which a kernel collects when it likes.
void LoseTrackOfGarbage(World& world);

// How many bytes more a socket may hand to its peer: surely, and at most. What one byte costs depends on how
// the kernel accounts for memory.
struct Room {
  int least;
  int most;
};
Room StreamRoom(const World& world, uint8_t socket, int wanted);
// Whether a datagram or record finds room: surely not, perhaps, surely.
enum class HasRoom : uint8_t { kNo, kPerhaps, kYes };
HasRoom MessageRoom(const World& world, uint8_t socket);
HasRoom Writable(const World& world, uint8_t socket);  // for poll()
// The size of the send buffer: at least and at most.
struct BufferSize {
  int32_t least;
  int32_t most;
};
BufferSize SendBuffer(const World& world, uint8_t socket);

// What a message of `size` bytes does: adds it to the receiver's queue.
void SendStream(World& world, uint8_t socket, int size, Opens passed_opens, uint8_t passed);
void SendMessage(World& world, uint8_t socket, uint8_t to, int size, Opens passed_opens, uint8_t passed);

// unix_poll(), unix_dgram_poll(): as Ready() and Uncertain() (scene.h).
int16_t UnixReady(const World& world, uint8_t socket);
int16_t UnixUncertain(const World& world, uint8_t socket);

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_UNIX_NETWORK_H_
