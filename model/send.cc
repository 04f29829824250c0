// send(), sendto(), sendmsg(), write() and writev(): hand bytes to the connection. A connection goes where it
// goes: Linux does not look at a destination, nor at a descriptor that sendmsg() would pass.

#include <errno.h>
#include <sys/socket.h>

#include <algorithm>

#include "model/tables.h"

namespace sockspec {
namespace {

constexpr uint8_t kSend = 2;
constexpr int kModelledFlags = MSG_DONTWAIT | MSG_NOSIGNAL;

bool Modelled(const Scene& s) {
  return s.has_socket() && (TransferFlags(s.call) & ~kModelledFlags) == 0 &&
         (s.linux() || s.call.control == 0);
}
bool In(const Scene& s, Tcp tcp) { return Modelled(s) && s.me().tcp == tcp; }
bool CanSend(const Scene& s) { return In(s, Tcp::kEstablished) || In(s, Tcp::kCloseWait); }

bool ErrorPending(const Scene& s) { return Modelled(s) && !CanSend(s) && s.me().error != 0; }
bool ResetPending(const Scene& s) {
  return ErrorPending(s) && (s.me().error == ECONNREFUSED || s.me().error == EPIPE);
}
bool Connecting(const Scene& s) { return In(s, Tcp::kSynSent) && s.me().error == 0; }
bool WouldWait(const Scene& s) { return Connecting(s) && s.impatient(); }
bool Waits(const Scene& s) { return Connecting(s) && !s.impatient(); }
bool NeverConnected(const Scene& s) {
  return (In(s, Tcp::kClose) || In(s, Tcp::kListen)) && s.me().link != Link::kConnected;
}
bool NoLongerConnected(const Scene& s) {
  return In(s, Tcp::kClose) && s.me().link == Link::kConnected;
}
bool AddressedAlthoughConnected(const Scene& s) { return CanSend(s) && HasDestination(s); }
bool ShutForWriting(const Scene& s) {
  return Modelled(s) && (In(s, Tcp::kFinWait) || In(s, Tcp::kLastAck) || (CanSend(s) && (s.me().shut & kSend)));
}
bool Unreadable(const Scene& s) {
  return CanSend(s) && s.call.buffer != Pointer::kValid && TransferSize(s.call) > 0;
}

bool RoomUncertain(const Scene& s) {
  if (!CanSend(s) || s.me().peer == kNone) return false;
  const Socket& other = s.world.sockets[s.me().peer];
  return other.late > 4096 || Crowded(s.me(), other, static_cast<uint32_t>(TransferSize(s.call)));
}
bool BufferMayBeFull(const Scene& s) { return RoomUncertain(s) && s.impatient() && TransferSize(s.call) > 0; }
bool BufferMayBlock(const Scene& s) { return RoomUncertain(s) && !s.impatient() && TransferSize(s.call) > 0; }

// sk_stream_error(): EPIPE comes with a signal, unless it is asked away.
void Signal(Scene& s) {
  if (TransferFlags(s.call) & MSG_NOSIGNAL) return;
  s.reply.wrote |= kWroteSignal;
}
void TellPending(Scene& s) {
  s.reply.error = TakePendingError(s.me());
  if (s.reply.error == EPIPE) Signal(s);
}
// After a failed connect() the state of the socket is unspecified.
void TellReset(Scene& s) {
  TakePendingError(s.me());
  if (s.me().link == Link::kConnecting) MakeUnspecified(s.world, s.index);
}
// Interrupted, it tells how much had gone out.
void TransferPart(Scene& s) {
  if (s.seen == nullptr || s.seen->error != 0) return;
  s.reply.error = 0;
  s.reply.value = s.Choose(1, TransferSize(s.call), "any part that the buffer had room for");
  SendData(s, s.index, static_cast<uint32_t>(s.reply.value));
}
void Transfer(Scene& s) {
  const int least = RoomUncertain(s) && s.impatient() ? std::min(1, TransferSize(s.call)) : TransferSize(s.call);
  s.reply.value = s.Choose(least, TransferSize(s.call), "any part that the buffer has room for");
  SendData(s, s.index, static_cast<uint32_t>(s.reply.value));
}

// clang-format off
constexpr Clause kSendTable[] = {
    {.id = "send.pending_error", .error = kPendingError, .when = ErrorPending, .then = TellPending,
     .cites = "POSIX XSH 2.10.12 pending errors; Linux sk_stream_wait_connect(), sk_stream_error()",
     .says = "The pending error is told, and cleared."},
    {.id = "send.reset", .error = ECONNRESET, .when = ResetPending, .then = TellReset,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX send() ECONNRESET: \"A connection was forcibly closed by a peer\"; connect() ECONNRESET",
     .says = "A RST came, of the connection or of the attempt, and is told as it is."},
    {.id = "send.would_wait", .error = EAGAIN, .when = WouldWait,
     .on = kLinux, .cites = "Linux sk_stream_wait_connect()",
     .says = "connect() is under way, and the socket does not block."},
    {.id = "send.waits", .blocks = true, .when = Waits,
     .on = kLinux, .cites = "Linux sk_stream_wait_connect()",
     .says = "connect() is under way, and the socket blocks until it is done."},
    {.id = "send.connecting", .error = ENOTCONN, .when = Connecting,
     .on = kPosix, .cites = "POSIX send() ENOTCONN",
     .says = "The socket is not connected yet."},
    {.id = "send.connecting_would_wait", .error = EAGAIN, .when = WouldWait,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX send() EAGAIN: \"the requested operation would block\"",
     .says = "The socket is not connected yet, and does not block."},
    {.id = "send.never_connected", .error = EPIPE, .when = NeverConnected, .then = Signal,
     .on = kLinux, .cites = "Linux sk_stream_wait_connect(): any state but the connected and connecting",
     .says = "The socket is not connected."},
    {.id = "send.not_connected", .error = ENOTCONN, .when = NeverConnected,
     .on = kPosix, .cites = "POSIX send() ENOTCONN",
     .says = "The socket is not connected."},
    {.id = "send.no_longer_connected", .error = EPIPE, .when = NoLongerConnected, .then = Signal,
     .cites = "POSIX send() EPIPE: \"no longer connected\"; Linux sk_stream_wait_connect()",
     .says = "The connection has ended."},
    {.id = "send.shut", .error = EPIPE, .when = ShutForWriting, .then = Signal,
     .cites = "POSIX send() EPIPE; Linux tcp_sendmsg_locked()",
     .says = "The socket was shut down for writing."},
    {.id = "send.is_connected", .error = EISCONN, .when = AddressedAlthoughConnected,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX sendto() EISCONN (may)",
     .says = "The call names a destination, although the socket is connected."},
    // Two replies are right here: how much the buffers hold depends on how the kernel accounts for memory.
    {.id = "send.buffer_full", .error = EAGAIN, .when = BufferMayBeFull,
     .strength = Strength::kResource,
     .cites = "POSIX send() EAGAIN; Linux sk_stream_memory_free()",
     .says = "A small or much used buffer may be full, and the socket does not block."},
    {.id = "send.buffer_full_blocks", .blocks = true, .when = BufferMayBlock, .then = TransferPart,
     .strength = Strength::kResource,
     .cites = "POSIX send(); Linux sk_stream_wait_memory()",
     .says = "A small or much used buffer may be full, and the socket blocks until there is room."},
    {.id = "send.unreadable", .error = EFAULT, .when = Unreadable,
     .on = kLinux, .cites = "Linux tcp_sendmsg_locked() do_fault; send(2) EFAULT",
     .says = "The bytes lie where the process has no memory."},
    {.id = "send.undefined", .when = Unreadable,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX XSH 2.1.1: an invalid pointer is undefined",
     .says = "The bytes cannot be read: POSIX says nothing."},
    {.id = "send.sent", .when = CanSend, .then = Transfer,
     .cites = "POSIX send(); Linux tcp_sendmsg_locked()",
     .says = "The bytes go out; a peer that is closed answers them with a RST."},
};
// clang-format on

}  // namespace

std::span<const Clause> SendClauses() { return kSendTable; }
std::span<const Clause> WriteClauses() { return {}; }

}  // namespace sockspec
