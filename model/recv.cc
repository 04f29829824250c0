// recv(), recvfrom(), recvmsg(), read() and readv(): take bytes from the connection.

#include <errno.h>
#include <sys/socket.h>

#include <algorithm>

#include "model/option_table.h"
#include "model/tables.h"

namespace sockspec {
namespace {

constexpr uint8_t kReceive = 1;
constexpr int kModelledFlags = MSG_DONTWAIT | MSG_PEEK | MSG_TRUNC | MSG_OOB | MSG_NOSIGNAL;

int Flags(const Scene& s) { return TransferFlags(s.call); }
int Asked(const Scene& s) { return TransferSize(s.call); }
bool Modelled(const Scene& s) { return s.has_socket() && (Flags(s) & ~kModelledFlags) == 0; }
bool Urgent(const Scene& s) { return Modelled(s) && (Flags(s) & MSG_OOB); }
bool Ordinary(const Scene& s) { return Modelled(s) && !(Flags(s) & MSG_OOB); }
bool Copies(const Scene& s) { return !(Flags(s) & MSG_TRUNC); }

bool ReadsNothing(const Scene& s) { return s.has_socket() && Asked(s) == 0; }

bool Listening(const Scene& s) { return Modelled(s) && s.me().tcp == Tcp::kListen; }
bool DataHere(const Scene& s) { return Ordinary(s) && Unread(s.me()) > 0; }
bool DataPossible(const Scene& s) { return Ordinary(s) && UnreadAtMost(s.me()) > 0; }
bool Late(const Scene& s) { return DataPossible(s) && !DataHere(s); }
bool MayBeShut(const Scene& s) { return Late(s) && (s.me().shut & kReceive); }
bool MayBeLate(const Scene& s) {
  return Late(s) && !MayBeShut(s) && s.impatient() && (s.nonblocking() || Asked(s) > 0);
}
bool MayBeLateBlocking(const Scene& s) { return Late(s) && !MayBeShut(s) && !s.impatient(); }
bool Unwritable(const Scene& s) {
  return DataPossible(s) && s.call.buffer != Pointer::kValid && Asked(s) > 0 && Copies(s);
}
// sock_rcvlowat(): some has come, and a socket that blocks waits for more. What is late may be enough.
uint32_t Wanted(const Scene& s) {
  return std::min(ReceiveLowWaterOf(s.world, s.index), static_cast<uint32_t>(Asked(s)));
}
bool TooLittle(const Scene& s) {
  return DataHere(s) && Unread(s.me()) < Wanted(s) && !s.impatient() && !s.me().done && s.me().error == 0 &&
         !(s.me().shut & kReceive) && s.me().tcp != Tcp::kClose;
}
bool BelowLowWater(const Scene& s) { return TooLittle(s) && s.me().late == 0; }
bool MayBeBelowLowWater(const Scene& s) { return TooLittle(s) && s.me().late > 0; }
bool Dry(const Scene& s) { return Ordinary(s) && UnreadAtMost(s.me()) == 0 && !Listening(s); }
bool AtEnd(const Scene& s) { return Dry(s) && s.me().done; }
// The RST that answers what was sent after the peer's FIN.
bool BrokenAtEnd(const Scene& s) { return AtEnd(s) && s.me().error == EPIPE; }
bool Open(const Scene& s) { return Dry(s) && !s.me().done; }
bool ErrorPending(const Scene& s) { return Open(s) && s.me().error != 0; }
bool RefusalPending(const Scene& s) { return ErrorPending(s) && s.me().error == ECONNREFUSED; }
bool ShutForReading(const Scene& s) {
  return Open(s) && s.me().error == 0 && (s.me().shut & kReceive);
}
bool ResetAndTold(const Scene& s) {
  return ShutForReading(s) && !(s.me().user_shut & kReceive) && s.me().link == Link::kConnected;
}
bool NotConnected(const Scene& s) {
  return Open(s) && s.me().error == 0 && !(s.me().shut & kReceive) && s.me().tcp == Tcp::kClose;
}
bool Nothing(const Scene& s) {
  return Open(s) && s.me().error == 0 && !(s.me().shut & kReceive) && s.me().tcp != Tcp::kClose;
}
bool Connecting(const Scene& s) { return Nothing(s) && s.me().tcp == Tcp::kSynSent; }
// tcp_recvmsg_locked() waits once before it asks whether it has all that was wanted.
bool NothingInTime(const Scene& s) { return s.impatient() && !s.nonblocking() && Asked(s) == 0; }
bool NothingAsked(const Scene& s) { return Nothing(s) && NothingInTime(s); }
bool WouldBlock(const Scene& s) { return Nothing(s) && s.impatient() && !NothingInTime(s); }
bool Blocks(const Scene& s) { return Nothing(s) && !s.impatient(); }

// What comes back over a connection has no sender, so of the name only the length is written.
bool Returns(const Scene& s) { return DataPossible(s) || AtEnd(s) || ShutForReading(s) || NothingAsked(s); }
int16_t LengthError(const Scene& s) {
  if (!WantsSender(s)) return 0;
  return BadLengthPointer(s) ? EFAULT : LengthNegative(s) ? EINVAL : 0;
}
bool LengthUnreadable(const Scene& s) { return Returns(s) && LengthError(s) == EFAULT; }
bool NegativeLength(const Scene& s) { return Returns(s) && LengthError(s) == EINVAL; }

// Asked for nothing, a recv() that was woken has done all that it was asked.
void EndWithNothing(Scene& s) {
  s.reply.error = LengthError(s);
  if (s.reply.error == 0) TellNoSender(s);
}
void Interrupt(Scene& s) {
  if (s.linux() && Asked(s) == 0) EndWithNothing(s);
}
bool BlocksForNothing(const Scene& s) { return Blocks(s) && Asked(s) == 0; }
// tcp_recvmsg_locked() goes round while something is asked for: asked for nothing, it ends with the first wake-up.
bool WokenForNothing(const Scene& s) { return s.resumed() && Asked(s) == 0; }
bool MayBeWokenForNothing(const Scene& s) {
  return Blocks(s) && Asked(s) == 0 && s.me().tcp == Tcp::kFinWait;
}

void TellPending(Scene& s) { s.reply.error = TakePendingError(s.me()); }
void TakePending(Scene& s) { TakePendingError(s.me()); }
// After a failed connect() the state of the socket is unspecified.
void TellReset(Scene& s) {
  TakePendingError(s.me());
  MakeUnspecified(s.world, s.index);
}
void Take(Scene& s) {
  Socket& socket = s.me();
  const int here = static_cast<int>(std::min<uint32_t>(Unread(socket), Asked(s)));
  const int most = static_cast<int>(std::min<uint32_t>(UnreadAtMost(socket), Asked(s)));
  const int least = here > 0 || Asked(s) == 0 ? here : 1;
  const int count = s.Choose(least, most, "any part of what may have arrived");
  if (count > here) {
    const uint32_t more = static_cast<uint32_t>(count - here);
    socket.arrived += more;
    socket.late -= more;
  }
  s.reply.value = count;
  if (Copies(s) && count > 0) {
    s.reply.wrote |= kWroteData;
    s.reply.data = {socket.read, static_cast<uint32_t>(count), false};
  }
  if (!(Flags(s) & MSG_PEEK)) socket.read += static_cast<uint32_t>(count);
  TellNoSender(s);
}
void End(Scene& s) { TellNoSender(s); }
// The bytes are written when it turns out that the length of the name cannot be.
void LoseBytes(Scene& s) {
  // How many there were nobody tells, where some are late.
  if (s.me().late > 0) s.world.lost = Lost::kTiming;
  if (UnreadAtMost(s.me()) > 0) Take(s);
  s.reply.wrote &= ~kWroteAddressLength;
}
// Interrupted, it gives what had come, if its name's length has a place.
void TakePart(Scene& s) {
  s.reply.error = LengthError(s);
  if (s.reply.error == 0) return Take(s);
  LoseBytes(s);
}

// clang-format off
constexpr Clause kRead[] = {
    {.id = "read.nothing_asked", .when = ReadsNothing,
     .on = kLinux, .cites = "Linux sock_read_iter() \"Match SYS5 behaviour\"",
     .says = "read() of 0 bytes gives 0, whatever the socket is."},
    {.id = "read.nothing_asked_unspecified", .when = ReadsNothing,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX read(): with nbyte 0, errors may be told or not",
     .says = "read() of 0 bytes may tell errors, or give 0."},
};

constexpr Clause kRecv[] = {
    {.id = "recv.dissolved_meanwhile", .error = EPIPE, .when = DissolvedMeanwhile,
     .on = kLinux, .cites = "Linux sk_wait_event() on sk_disconnects, since 6.6 and in 6.1.60",
     .says = "While it waited, another thread's connect() dissolved the connection."},
    {.id = "recv.nothing_asked_woken", .when = WokenForNothing, .then = EndWithNothing,
     .on = kLinux, .cites = "Linux tcp_recvmsg_locked(): while (len > 0)",
     .says = "Asked for nothing, it has waited for something, and ends with whatever woke it."},
    {.id = "recv.listening", .error = ENOTCONN, .when = Listening,
     .cites = "POSIX recv() ENOTCONN; Linux tcp_recvmsg_locked()",
     .says = "The socket listens; what can be received comes with accept()."},
    {.id = "recv.no_urgent_data", .error = EINVAL, .when = Urgent,
     .on = kLinux, .cites = "recv(2); Linux tcp_recv_urg()",
     .says = "There is no urgent byte, and none has been announced."},
    {.id = "recv.no_urgent_data_posix", .when = Urgent,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX recv() EINVAL, EAGAIN or EOPNOTSUPP, as the protocol has it",
     .says = "There is no urgent byte."},
    // Two replies are right here: small buffers and Nagle's algorithm hold bytes up, and a timer brings them.
    {.id = "recv.late", .error = EAGAIN, .when = MayBeLate,
     .strength = Strength::kMay,
     .cites = "Linux tcp_data_queue() without room; RFC 9293 3.8.6",
     .says = "Bytes were sent, and may not have arrived yet."},
    {.id = "recv.late_shut", .when = MayBeShut, .then = End,
     .strength = Strength::kMay,
     .cites = "Linux tcp_recvmsg_locked() on RCV_SHUTDOWN",
     .says = "Bytes were sent, and may not have arrived yet; the socket was shut down for reading."},
    {.id = "recv.late_blocks", .blocks = true, .when = MayBeLateBlocking, .then = Interrupt,
     .strength = Strength::kMay,
     .cites = "Linux tcp_data_queue() without room; RFC 9293 3.8.6",
     .says = "Bytes were sent, and may not have arrived yet; the socket blocks until they do."},
    {.id = "recv.unwritable", .error = EFAULT, .when = Unwritable,
     .on = kLinux, .cites = "Linux tcp_recvmsg_locked(); recv(2) EFAULT",
     .says = "The bytes have no place to go, and stay queued."},
    {.id = "recv.undefined", .when = Unwritable,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX XSH 2.1.1: an invalid pointer is undefined",
     .says = "The bytes have no place to go: POSIX says nothing."},
    // Two replies are right here: the rest may come in time.
    {.id = "recv.may_be_below_low_water", .blocks = true, .when = MayBeBelowLowWater, .then = TakePart,
     .on = kLinux, .strength = Strength::kMay, .cites = "Linux tcp_recvmsg_locked(), sock_rcvlowat()",
     .says = "What has come is less than SO_RCVLOWAT asks for, and the rest is late."},
    {.id = "recv.below_low_water", .blocks = true, .when = BelowLowWater, .then = TakePart,
     .on = kLinux, .cites = "socket(7) SO_RCVLOWAT; Linux tcp_recvmsg_locked(), sock_rcvlowat()",
     .says = "What has come is less than SO_RCVLOWAT asks for: the socket blocks until there is more."},
    {.id = "recv.sender_length_unreadable", .error = EFAULT, .when = LengthUnreadable, .then = LoseBytes,
     .on = kLinux, .cites = "Linux __sys_recvfrom(), move_addr_to_user()",
     .says = "The length of the sender's name cannot be read; the bytes are written, and gone."},
    {.id = "recv.sender_length_negative", .error = EINVAL, .when = NegativeLength, .then = LoseBytes,
     .on = kLinux, .cites = "Linux __sys_recvfrom(), move_addr_to_user(); recv(2) EINVAL",
     .says = "The place for the sender's name has a negative length; the bytes are written, and gone."},
    {.id = "recv.data", .when = DataPossible, .then = Take,
     .cites = "POSIX recv(); Linux tcp_recvmsg_locked()",
     .says = "What is queued, at most as much as was asked for."},
    {.id = "recv.end", .when = AtEnd, .then = End,
     .cites = "POSIX recv(): 0 after an orderly shutdown; Linux tcp_recvmsg_locked() on SOCK_DONE",
     .says = "The peer has ended its side, and everything was read."},
    // Two replies are right here: POSIX does not say which is told first of an end and of what broke off after it.
    {.id = "recv.broken_at_end", .error = ECONNRESET, .when = BrokenAtEnd, .then = TakePending,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX recv() ECONNRESET: \"A connection was forcibly closed by a peer\"",
     .says = "The peer has ended its side, and broken off what was sent to it since."},
    {.id = "recv.pending_error", .error = kPendingError, .when = ErrorPending, .then = TellPending,
     .cites = "POSIX XSH 2.10.12 pending errors; Linux tcp_recvmsg_locked(), sock_error()",
     .says = "The pending error is told, and cleared."},
    {.id = "recv.reset", .error = ECONNRESET, .when = RefusalPending, .then = TellReset,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX connect() ECONNRESET: \"Remote host reset the connection request\"",
     .says = "connect() was refused by a RST, which is told as it is."},
    {.id = "recv.reset_told", .when = ResetAndTold,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX recv() ECONNRESET; what follows once that was told it does not say",
     .says = "The connection was broken off, and that was told."},
    {.id = "recv.shut", .when = ShutForReading, .then = End,
     .cites = "POSIX shutdown(); Linux tcp_recvmsg_locked() on RCV_SHUTDOWN",
     .says = "The socket was shut down for reading, or the connection was broken off and that was told."},
    {.id = "recv.not_connected", .error = ENOTCONN, .when = NotConnected,
     .cites = "POSIX recv() ENOTCONN; Linux tcp_recvmsg_locked()",
     .says = "The socket is not connected."},
    {.id = "recv.connecting", .error = ENOTCONN, .when = Connecting,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX recv() ENOTCONN",
     .says = "The socket is not connected yet."},
    {.id = "recv.nothing_asked", .when = NothingAsked, .then = End,
     .on = kLinux, .cites = "Linux tcp_recvmsg_locked(); observed on Linux 6.18: with SO_RCVTIMEO, recv(s0, 0, 0) = 0",
     .says = "No bytes were asked for, and none has come by the time that SO_RCVTIMEO says."},
    {.id = "recv.would_block", .error = EAGAIN, .when = WouldBlock,
     .cites = "POSIX recv() EAGAIN; Linux tcp_recvmsg_locked()",
     .says = "Nothing has arrived, and the socket does not block."},
    // Two replies are right here: the acknowledgement of our FIN, which wakes it, may be put off for 40 ms, or be here.
    {.id = "recv.nothing_asked_acknowledged", .when = MayBeWokenForNothing, .then = EndWithNothing,
     .on = kLinux, .strength = Strength::kMay, .cites = "Linux tcp_recvmsg_locked(), tcp_rcv_state_process() on TCP_FIN_WAIT1",
     .says = "Asked for nothing, it is woken by the acknowledgement of the FIN."},
    {.id = "recv.blocks", .blocks = true, .when = Blocks, .then = Interrupt,
     .cites = "POSIX recv(); Linux sk_wait_data(); observed on Linux 6.18: recv(s0, 0, 0) blocks, then 0",
     .says = "Nothing has arrived, and the socket blocks until something does."},
    // Two replies are right here: of a message of no bytes POSIX does not say that anything of it can be missing.
    {.id = "recv.blocks_for_nothing", .blocks = true, .when = BlocksForNothing, .then = EndWithNothing,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX recv() EINTR: \"before any data was available\"",
     .says = "Asked for nothing, it waits for something, and has all that it was asked for when it is interrupted."},
};
// clang-format on

}  // namespace

std::span<const Clause> ReadClauses() { return kRead; }
std::span<const Clause> RecvClauses() { return kRecv; }

}  // namespace sockspec
