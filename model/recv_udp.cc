// recv(), recvfrom(), recvmsg(), read() and readv() of a UDP socket: one datagram a call.
//
// In `posix` a datagram that was sent may be here, late or lost, and may overtake another: any one that was sent
// may be the next, and none need be.

#include <errno.h>
#include <sys/socket.h>

#include <algorithm>

#include "model/tables.h"

namespace sockspec {
namespace {

constexpr uint8_t kReceive = 1;
// udp_recvmsg() does not read the others.
constexpr int kModelledFlags = MSG_DONTWAIT | MSG_PEEK | MSG_TRUNC | MSG_OOB | MSG_NOSIGNAL | MSG_WAITALL | MSG_DONTROUTE;
constexpr Version kLengthFirst = {6, 2};  // since then the length of an address is told before the address

bool Modelled(const Scene& s) { return (TransferFlags(s.call) & ~kModelledFlags) == 0; }
bool Peeks(const Scene& s) { return (TransferFlags(s.call) & MSG_PEEK) != 0; }
bool Urgent(const Scene& s) { return Modelled(s) && (TransferFlags(s.call) & MSG_OOB); }
bool ErrorPending(const Scene& s) { return Modelled(s) && s.me().error != 0; }
bool PerhapsRefused(const Scene& s) { return Modelled(s) && s.me().perhaps_refused; }

bool Waits(const Scene& s) {
  return Modelled(s) && s.me().error == 0 && FirstMessage(s.world, s.index) != kNone;
}
bool Dry(const Scene& s) {
  return Modelled(s) && s.me().error == 0 && FirstMessage(s.world, s.index) == kNone;
}
const Message& First(const Scene& s) { return s.world.messages[FirstMessage(s.world, s.index)]; }
bool ErrorQueued(const Scene& s) {
  return s.linux() && (TransferFlags(s.call) & MSG_ERRQUEUE) != 0 && FirstError(s.world, s.index) != kNone;
}
const QueuedError& FirstOfErrors(const Scene& s) { return s.world.errors[FirstError(s.world, s.index)]; }
bool Unwritable(const Scene& s) {
  if (s.call.buffer == Pointer::kValid || TransferSize(s.call) == 0) return false;
  return ErrorQueued(s) ? FirstOfErrors(s).size > 0 : Waits(s) && First(s).size > 0;
}
bool Undefined(const Scene& s) { return Modelled(s) && s.call.buffer != Pointer::kValid && TransferSize(s.call) > 0; }
bool Shut(const Scene& s) { return Dry(s) && (s.me().shut & kReceive); }
bool ShutForReading(const Scene& s) { return Shut(s) && !s.nonblocking(); }

// What comes back has a sender, or none (after shutdown()): then only the length of the name is written.
bool Returns(const Scene& s) { return Waits(s) || ErrorQueued(s) || ShutForReading(s); }
bool LengthUnreadable(const Scene& s) { return Returns(s) && WantsSender(s) && BadLengthPointer(s); }
bool NegativeLength(const Scene& s) { return Returns(s) && WantsSender(s) && LengthNegative(s); }
bool SenderUnwritable(const Scene& s) {
  return (Waits(s) || ErrorQueued(s)) && WantsSender(s) && s.call.pointer == Pointer::kBad && s.call.length > 0;
}

bool MayBeLate(const Scene& s) { return Waits(s) && s.impatient(); }
bool MayBeLateBlocking(const Scene& s) { return Waits(s) && !s.impatient(); }
bool WouldBlock(const Scene& s) { return Dry(s) && s.impatient(); }
bool Blocks(const Scene& s) { return Dry(s) && !s.impatient() && !(s.me().shut & kReceive); }
bool ShutUnspecified(const Scene& s) { return Modelled(s) && (s.me().shut & kReceive); }

void TellPending(Scene& s) { s.reply.error = TakePendingError(s.me()); }

bool MayBeFrom(const Scene& s, const Message& message) {
  const Reply& seen = *s.seen;
  if ((seen.wrote & kWroteAddress) == 0 || seen.address_size < 4 || message.port == kNone) return true;
  const Port name = s.world.ports[message.port].name;
  const bool first_sight = name == kPortOther && seen.port.IsChosen() && seen.port.chosen() >= s.world.seen;
  return (first_sight || name == seen.port) && (seen.address_size < 8 || seen.host == (s.me().inet6 ? Mapped(message.host) : message.host));
}
// Whether it makes no difference which of the two was taken.
bool Alike(const Message& a, const Message& b) {
  return a.host == b.host && a.port == b.port && a.size == b.size && a.start % kPatternPeriod == b.start % kPatternPeriod;
}
// The first; in `posix` any that what was seen may be of: where it does not tell which, each is a world of its own.
uint8_t Chosen(Scene& s) {
  const uint8_t first = FirstMessage(s.world, s.index);
  if (s.linux() || s.seen == nullptr || s.seen->error != 0) return first;
  s.open = true;
  s.note = "any datagram that was sent";
  uint8_t fitting[kMaxMessages];
  int count = 0;
  for (int i = first; i < kMaxMessages && s.world.messages[i].live; ++i) {
    const Message& message = s.world.messages[i];
    if (message.to != s.index) continue;
    const bool bytes = (s.seen->wrote & kWroteData) != 0;
    const uint32_t copied = std::min(message.size, static_cast<uint32_t>(TransferSize(s.call)));
    if (bytes != (copied > 0)) continue;
    if (bytes && (s.seen->data.size != copied || s.seen->data.start % kPatternPeriod != message.start % kPatternPeriod)) {
      continue;
    }
    if (!MayBeFrom(s, message)) continue;
    const bool known = std::any_of(fitting, fitting + count, [&](uint8_t other) { return Alike(s.world.messages[other], message); });
    if (!known) fitting[count++] = static_cast<uint8_t>(i);
  }
  if (count == 0) return first;
  return fitting[count > 1 ? s.Fork(count) : 0];
}
// Copies the first datagram's bytes and takes it; what did not fit is gone.
Message TakeFirst(Scene& s) {
  const uint8_t at = Chosen(s);
  if (at == kNone) return {};
  const Message message = s.world.messages[at];
  const uint32_t room = static_cast<uint32_t>(TransferSize(s.call));
  const uint32_t copied = std::min(message.size, room);
  const bool asked = TransferFlags(s.call) & MSG_TRUNC;
  s.reply.value = static_cast<int32_t>(asked ? message.size : copied);
  if (copied > 0) {
    s.reply.wrote |= kWroteData;
    s.reply.data = {message.start, copied, false};
  }
  if (s.call.op == Op::kRecvmsg && copied < message.size) {
    s.reply.wrote |= kWroteFlags;
    s.reply.flags = MSG_TRUNC;
  }
  if (!Peeks(s)) TakeMessage(s.world, at);
  return message;
}
// sock_dequeue_err_skb(): what another has told is the pending error, too, until the last of that is taken; then,
// the one behind it is.
QueuedError TakeFirstError(Scene& s) {
  const uint8_t first = FirstError(s.world, s.index);
  const QueuedError error = s.world.errors[first];
  TakeError(s.world, first);
  const uint8_t next = FirstError(s.world, s.index);
  if (next != kNone) Wake(s.world, s.index, kErrorReport);
  const bool told = next != kNone && !s.world.errors[next].local;
  if (told) {
    s.me().error = ECONNREFUSED;
  } else if (!error.local) {
    s.me().error = 0;
  }
  return error;
}
// ip_recv_error(): what came back of the datagram, and whither it went. The error itself is in control data that no
// call here makes room for.
QueuedError TakeQuoted(Scene& s) {
  const QueuedError error = TakeFirstError(s);
  const uint32_t copied = std::min(error.size, static_cast<uint32_t>(TransferSize(s.call)));
  s.reply.value = static_cast<int32_t>(copied);
  if (copied > 0) {
    s.reply.wrote |= kWroteData;
    s.reply.data = {error.start, copied, false};
  }
  if (s.call.op == Op::kRecvmsg) {
    s.reply.wrote |= kWroteFlags;
    // ___sys_recvmsg() begins with this one of the caller's flags.
    const int own = TransferFlags(s.call) & MSG_CMSG_CLOEXEC;
    s.reply.flags = MSG_ERRQUEUE | MSG_CTRUNC | own | (copied < error.size ? int{MSG_TRUNC} : 0);
  }
  return error;
}
void TellQuoted(Scene& s) {
  const QueuedError error = TakeQuoted(s);
  if (WantsSender(s)) s.WriteAddress(error.host, error.port);
}
void Take(Scene& s) {
  const Message message = TakeFirst(s);
  if (message.live && WantsSender(s)) s.WriteAddress(message.host, message.port);
}
void Lose(Scene& s) {
  if (ErrorQueued(s)) {
    TakeFirstError(s);
    return;
  }
  if (!Peeks(s)) TakeMessage(s.world, FirstMessage(s.world, s.index));
}
// The bytes are written when it turns out that the name cannot be.
void LoseSender(Scene& s) {
  if (ErrorQueued(s)) {
    TakeQuoted(s);
  } else {
    TakeFirst(s);
  }
  s.reply.wrote &= ~kWroteFlags;
}
void LoseSenderTellLength(Scene& s) {
  LoseSender(s);
  if (s.call.length == AddressLength(s.me())) return;
  s.reply.wrote |= kWroteAddressLength;
  s.reply.address_length = AddressLength(s.me());
}
void End(Scene& s) { TellNoSender(s); }

// clang-format off
constexpr Clause kRecvUdp[] = {
    {.id = "udp_recv.urgent", .error = EOPNOTSUPP, .when = Urgent,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX recv() EOPNOTSUPP; Linux does not read the flag",
     .says = "There is no urgent data in datagrams."},
    {.id = "udp_recv.undefined", .when = Undefined,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX XSH 2.1.1: an invalid pointer is undefined",
     .says = "The bytes have no place to go: POSIX says nothing."},
    {.id = "udp_recv.shut_unspecified", .when = ShutUnspecified,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX shutdown() \"disables further receive operations\", and does not say what they give",
     .says = "The socket was shut down for reading."},
    {.id = "udp_recv.pending_error", .error = kPendingError, .when = ErrorPending, .then = TellPending,
     .on = kLinux, .cites = "udp(7); Linux __skb_recv_udp(), sock_error()",
     .says = "What became of an earlier datagram is told, and cleared, whatever is queued."},
    {.id = "udp_recv.may_tell", .error = ECONNREFUSED, .when = PerhapsRefused,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX XSH 2.10.12: pending errors of connectionless sockets",
     .says = "What became of an earlier datagram may be told."},
    {.id = "udp_recv.unwritable", .error = EFAULT, .when = Unwritable, .then = Lose,
     .on = kLinux, .cites = "Linux udp_recvmsg(); recv(2) EFAULT",
     .says = "The bytes have no place to go, and the datagram is lost, unless MSG_PEEK looked at it."},
    {.id = "udp_recv.sender_length_unreadable", .error = EFAULT, .when = LengthUnreadable, .then = LoseSender,
     .on = kLinux, .cites = "Linux __sys_recvfrom(), move_addr_to_user()",
     .says = "The length of the name cannot be read; the bytes are written, and the datagram is gone."},
    {.id = "udp_recv.sender_length_negative", .error = EINVAL, .when = NegativeLength, .then = LoseSender,
     .on = kLinux, .cites = "Linux __sys_recvfrom(), move_addr_to_user(); recv(2) EINVAL",
     .says = "The place for the name has a negative length; the bytes are written, and the datagram is gone."},
    {.id = "udp_recv.sender_unwritable", .error = EFAULT, .when = SenderUnwritable, .then = LoseSender,
     .on = kLinux, .until = kLengthFirst, .cites = "Linux __sys_recvfrom(), move_addr_to_user(); recv(2) EFAULT",
     .says = "The sender's name cannot be written; the bytes are, and the datagram is gone."},
    {.id = "udp_recv.sender_unwritable_length_told", .error = EFAULT, .when = SenderUnwritable,
     .then = LoseSenderTellLength, .on = kLinux, .since = kLengthFirst,
     .cites = "observed on Linux 6.18: recvfrom(s0, 5, 0, BAD_PTR, addrlen=4) = -1 EFAULT, addrlen=16, data=[0,5)",
     .says = "The sender's name cannot be written, its length and the bytes are, and the datagram is gone."},
    // Two replies are right by POSIX: UDP promises neither that a datagram comes nor when.
    {.id = "udp_recv.late", .error = EAGAIN, .when = MayBeLate,
     .on = kPosix, .strength = Strength::kMay, .cites = "RFC 768; POSIX SOCK_DGRAM: \"delivery is not guaranteed\"",
     .says = "What was sent may not be here yet, or never come."},
    {.id = "udp_recv.late_blocks", .blocks = true, .when = MayBeLateBlocking,
     .on = kPosix, .strength = Strength::kMay, .cites = "RFC 768; POSIX SOCK_DGRAM: \"delivery is not guaranteed\"",
     .says = "What was sent may not be here yet, or never come."},
    {.id = "udp_recv.queued_error", .when = ErrorQueued, .then = TellQuoted,
     .on = kLinux, .cites = "ip(7) IP_RECVERR; recv(2) MSG_ERRQUEUE; Linux ip_recv_error(), ipv6_recv_error()",
     .says = "What came back of a datagram that nobody took, or nothing of one that was too long; it has its destination's name."},
    {.id = "udp_recv.datagram", .when = Waits, .then = Take,
     .cites = "POSIX recv(), recvfrom(); udp(7); Linux udp_recvmsg()",
     .says = "The first datagram that is queued; what of it finds no room is lost."},
    {.id = "udp_recv.shut", .when = ShutForReading, .then = End,
     .on = kLinux, .cites = "Linux __skb_wait_for_more_packets() on RCV_SHUTDOWN",
     .says = "Nothing is queued, and the socket was shut down for reading: 0, without a sender."},
    {.id = "udp_recv.would_block", .error = EAGAIN, .when = WouldBlock,
     .cites = "POSIX recv() EAGAIN; Linux __skb_recv_udp(), which asks for RCV_SHUTDOWN only where it waits",
     .says = "Nothing is queued, and the socket does not block, shut down or not."},
    {.id = "udp_recv.blocks", .blocks = true, .when = Blocks,
     .cites = "POSIX recv(); Linux __skb_wait_for_more_packets()",
     .says = "Nothing is queued, and the socket blocks until something is."},
};
// clang-format on

}  // namespace

std::span<const Clause> RecvUdpClauses() { return kRecvUdp; }

}  // namespace sockspec
