// What a socket is ready for: what poll(), select() and epoll_wait() ask. One function a kind, as each of
// Linux's protocols has its poll function; the rest is shared.

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include "model/option_table.h"
#include "model/scene.h"
#include "model/unix_network.h"

namespace sockspec {
namespace {

constexpr uint8_t kReceive = 1;
constexpr uint8_t kSend = 2;

// tcp_poll(), inet_csk_listen_poll()
int16_t TcpReady(const World& world, uint8_t index) {
  const Socket& socket = world.sockets[index];
  if (socket.tcp == Tcp::kListen) return FirstInQueue(world, index) == kNone ? 0 : kReadable;
  int16_t ready = 0;
  if (socket.shut == (kReceive | kSend) || socket.tcp == Tcp::kClose) ready |= POLLHUP;
  if (socket.shut & kReceive) ready |= kReadable | kReadEnd;
  if (socket.tcp != Tcp::kSynSent) {
    if (Unread(socket) >= ReceiveLowWaterOf(world, index)) ready |= kReadable;
    ready |= kWritable;
  }
  if (socket.error != 0) ready |= POLLERR;
  return ready;
}

// Where a buffer is small or full, bytes that are under way and room to write come when they come.
int16_t TcpUncertain(const World& world, uint8_t index) {
  const Socket& socket = world.sockets[index];
  if (socket.tcp == Tcp::kListen || socket.tcp == Tcp::kSynSent) return 0;
  const Socket* peer = socket.peer == kNone ? nullptr : &world.sockets[socket.peer];
  const bool enough = Unread(socket) >= ReceiveLowWaterOf(world, index);
  // tcp_epollin_ready(): where the window has hardly any room left, anything is enough.
  const bool tight = !enough && Unread(socket) > 0 && (socket.crowded || HasSmallBuffer(socket));
  if (socket.late == 0 && !tight && (peer == nullptr || (peer->late == 0 && !peer->crowded))) return 0;
  int16_t uncertain = tight && !(socket.shut & kReceive) ? kReadable : 0;
  if (socket.late > 0 && !enough && !(socket.shut & kReceive)) uncertain |= kReadable;
  if (!(socket.shut & kSend)) uncertain |= kWritable;
  return uncertain;
}

bool HasMessage(const World& world, uint8_t index, bool unsure) {
  return std::any_of(world.messages.begin(), world.messages.end(), [=](const Message& message) {
    return message.live && message.to == index && message.unsure == unsure;
  });
}

// datagram_poll(), which counts POLLWRBAND among what is writable
int16_t UdpReady(const World& world, uint8_t index) {
  const Socket& socket = world.sockets[index];
  int16_t ready = kWritable | POLLWRBAND;
  if (socket.error != 0 || FirstError(world, index) != kNone) {
    ready |= POLLERR;
    if (IsSet(world, index, SOL_SOCKET, SO_SELECT_ERR_QUEUE)) ready |= POLLPRI;
  }
  if (socket.shut & kReceive) ready |= kReadable | kReadEnd;
  if (socket.shut == (kReceive | kSend)) ready |= POLLHUP;
  if (HasMessage(world, index, false)) ready |= kReadable;
  return ready;
}

int16_t UdpUncertain(const World& world, uint8_t index) {
  const Socket& socket = world.sockets[index];
  int16_t uncertain = HasMessage(world, index, true) && !(socket.shut & kReceive) ? kReadable : 0;
  if (socket.perhaps_refused) uncertain |= POLLERR | kReadable;
  return uncertain;
}

}  // namespace

int16_t Ready(const World& world, uint8_t socket) {
  switch (world.sockets[socket].kind) {
    case SocketKind::kTcp: return TcpReady(world, socket);
    case SocketKind::kUdp: return UdpReady(world, socket);
    case SocketKind::kUnixStream:
    case SocketKind::kUnixDatagram:
    case SocketKind::kUnixSeqpacket: return UnixReady(world, socket);
  }
  __builtin_unreachable();
}

int16_t Uncertain(const World& world, uint8_t socket) {
  if (IsUnix(world.sockets[socket].kind)) return UnixUncertain(world, socket);
  return world.sockets[socket].kind == SocketKind::kTcp ? TcpUncertain(world, socket) : UdpUncertain(world, socket);
}

}  // namespace sockspec
