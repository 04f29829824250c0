// recv(), recvfrom(), recvmsg(), read() and readv() of unix sockets.

#include <errno.h>
#include <sys/socket.h>

#include <algorithm>

#include "model/option_table.h"
#include "model/program/unix_name.h"
#include "model/tables.h"
#include "model/unix_network.h"

namespace sockspec {
namespace {

// MSG_TRUNC tells the length of a record and means nothing on a stream; MSG_ERRQUEUE means nothing.
constexpr int kPosixFlags = MSG_DONTWAIT | MSG_PEEK | MSG_OOB | MSG_NOSIGNAL | MSG_WAITALL;
constexpr int kModelledFlags = kPosixFlags | MSG_TRUNC | MSG_ERRQUEUE;

int Flags(const Scene& s) { return s.call.op == Op::kRead || s.call.op == Op::kReadv ? 0 : s.call.flags; }
bool Peeks(const Scene& s) { return (Flags(s) & MSG_PEEK) != 0; }
bool IsStream(const Scene& s) { return s.me().kind == SocketKind::kUnixStream; }
// SO_PEEK_OFF of a stream: where MSG_PEEK begins to look, behind what is unread.
int32_t PeekOffset(const Scene& s) {
  if (s.world.set_options == 0 || !IsStream(s)) return -1;
  return OptionOf(s.world, s.index, SOL_SOCKET, SO_PEEK_OFF);
}
uint32_t Skipped(const Scene& s) { return Peeks(s) ? static_cast<uint32_t>(std::max(PeekOffset(s), 0)) : 0; }
bool Modelled(const Scene& s) {
  // Behind an offset it is the pieces of the queue that decide which descriptor comes along.
  const bool pieces = Skipped(s) > 0 && FirstMessage(s.world, s.index) != kNone;
  return (Flags(s) & ~kModelledFlags) == 0 && !pieces;
}
bool FlagsUndefined(const Scene& s) { return (Flags(s) & ~kPosixFlags) != 0; }
int Size(const Scene& s) { return TransferSize(s.call); }
// How many bytes of a stream there are for the call.
uint32_t There(const Scene& s) { return Unread(s.me()) - std::min(Unread(s.me()), Skipped(s)); }

bool NotConnected(const Scene& s) { return Modelled(s) && s.me().tcp != Tcp::kEstablished; }
bool Open(const Scene& s) {
  return Modelled(s) && (s.me().kind == SocketKind::kUnixDatagram || s.me().tcp == Tcp::kEstablished);
}
bool Urgent(const Scene& s) { return Open(s) && (Flags(s) & MSG_OOB); }
bool Ordinary(const Scene& s) { return Open(s) && !(Flags(s) & MSG_OOB); }

uint8_t Head(const Scene& s) { return FirstMessage(s.world, s.index); }
const Message& First(const Scene& s) { return s.world.messages[Head(s)]; }
bool Bytes(const Scene& s) { return Ordinary(s) && IsStream(s) && There(s) > 0; }
// Records tell a pending error before what is queued, streams after it.
bool Record(const Scene& s) { return Ordinary(s) && !IsStream(s) && s.me().error == 0 && Head(s) != kNone; }
bool Dry(const Scene& s) {
  return Ordinary(s) && (IsStream(s) ? There(s) == 0 : s.me().error != 0 || Head(s) == kNone);
}
bool ErrorPending(const Scene& s) { return Dry(s) && s.me().error != 0; }
bool Empty(const Scene& s) { return Dry(s) && s.me().error == 0; }
bool Shut(const Scene& s) { return Empty(s) && (s.me().shut & kUnixReceive); }
// A datagram socket that does not block is not told that it was shut down.
bool AtEnd(const Scene& s) {
  return Shut(s) && (s.me().kind != SocketKind::kUnixDatagram || !s.nonblocking());
}
bool ShutDatagrams(const Scene& s) { return Shut(s) && s.me().kind == SocketKind::kUnixDatagram; }
bool WouldBlock(const Scene& s) { return Empty(s) && !AtEnd(s) && s.impatient(); }
bool Blocks(const Scene& s) { return Empty(s) && !AtEnd(s) && !s.impatient(); }

// What a read of a stream gives: as many bytes, and a descriptor that came with one of them. It does not go on
// behind the piece that brought a descriptor; a look at the queue (MSG_PEEK) finds the first one wherever it is.
struct Piece {
  uint32_t size = 0;
  uint8_t message = kNone;
};
Piece NextBytes(const Scene& s) {
  const Socket& me = s.me();
  const uint32_t wanted = static_cast<uint32_t>(Size(s));
  Piece piece{std::min(wanted, There(s)), kNone};
  if (Head(s) == kNone) return piece;
  const Message& first = First(s);
  const uint32_t before = first.start - me.read;  // bytes that come without one
  const bool reached = before < wanted || (before == 0 && wanted == 0);
  if (!reached && !Peeks(s)) return piece;
  piece.message = Head(s);
  piece.size = std::min(piece.size, before + first.size);
  return piece;
}
// POSIX does not say which bytes a descriptor comes with.
bool BringsDescriptor(const Scene& s) { return Bytes(s) && Head(s) != kNone; }

// sock_rcvlowat(): how many bytes are enough.
uint32_t Wanted(const Scene& s) {
  const uint32_t size = static_cast<uint32_t>(Size(s));
  return (Flags(s) & MSG_WAITALL) ? size : std::min(size, ReceiveLowWaterOf(s.world, s.index));
}
bool WaitsForAll(const Scene& s) {
  if (!Bytes(s) || s.impatient() || Peeks(s)) return false;
  const Piece piece = NextBytes(s);
  return piece.message == kNone && piece.size < Wanted(s) && s.me().error == 0 &&
         !(s.me().shut & kUnixReceive);
}

bool BytesUnwritable(const Scene& s) {
  return Bytes(s) && s.call.buffer != Pointer::kValid && NextBytes(s).size > 0;
}
bool RecordUnwritable(const Scene& s) {
  return Record(s) && s.call.buffer != Pointer::kValid && Size(s) > 0 && First(s).size > 0;
}
bool Unwritable(const Scene& s) { return BytesUnwritable(s) || RecordUnwritable(s); }

bool Comes(const Scene& s) { return Bytes(s) || Record(s) || AtEnd(s); }
BoundName SenderOf(const Scene& s) {
  if (AtEnd(s)) return {};
  uint8_t sender = s.me().peer;
  if (!IsStream(s)) {
    sender = First(s).from;
    if (sender == kNone) return First(s).name;
  }
  return s.world.sockets[sender].name;
}
// The length that is told: unix_copy_addr() leaves it 0 where the sender has no name.
int SenderLength(const Scene& s) { return SenderOf(s).length; }
bool WantsName(const Scene& s) {
  return Comes(s) && (s.call.op == Op::kRecvfrom || s.call.op == Op::kRecvmsg) && s.call.pointer != Pointer::kNull;
}
bool NameLengthUnreadable(const Scene& s) { return WantsName(s) && BadLengthPointer(s); }
bool NameLengthNegative(const Scene& s) { return WantsName(s) && LengthNegative(s); }
bool NameUnwritable(const Scene& s) {
  return WantsName(s) && s.call.pointer == Pointer::kBad && s.call.length > 0 && SenderLength(s) > 0;
}

void TellPending(Scene& s) { s.reply.error = TakePendingError(s.me()); }
void LeaveOpen(Scene& s) { MakeUnspecified(s.world, s.index); }

// scm_detach_fds(): the descriptor that came along gets the lowest slot, where the caller made room for it and
// there is one; else it is closed.
void Install(Scene& s, const Message& message) {
  if (message.passed_opens == Opens::kNothing) return;
  const uint8_t slot = s.LowestSlot();
  const bool room = s.call.op == Op::kRecvmsg && s.call.made != kNoHandle;
  if (room && slot == kNone && s.world.nofile == 0) s.world.lost = Lost::kFull;
  if (!room || slot == kNone) {
    s.reply.flags |= MSG_CTRUNC;
    return;
  }
  s.world.slots[slot] = {.opens = message.passed_opens, .socket = message.passed};
  s.world.handles[s.call.made] = slot;
  s.reply.slot = slot;
  s.reply.wrote |= kWroteRights;
}

// sk_peek_offset_fwd(), sk_peek_offset_bwd(): what was looked at is not looked at again, what was taken is not there
// to be passed over.
void MovePeekOffset(Scene& s, uint32_t bytes) {
  const int32_t offset = PeekOffset(s);
  if (offset < 0) return;
  const int32_t moved = static_cast<int32_t>(bytes);
  const OptionRow* row = FindOption(s.profile, s.me(), SOL_SOCKET, SO_PEEK_OFF);
  StoreOption(s.world, *row, s.index, Peeks(s) ? offset + moved : std::max(offset - moved, 0), 0);
}

void TakeBytes(Scene& s) {
  const LeaveResetsOpen resets(s);
  const Piece piece = NextBytes(s);
  const BoundName sender = SenderOf(s);
  s.reply.value = static_cast<int32_t>(piece.size);
  if (piece.size > 0) {
    s.reply.wrote |= kWroteData;
    s.reply.data = {s.me().read + Skipped(s), piece.size, false};
  }
  MovePeekOffset(s, piece.size);
  WriteName(s, sender, sender.length);
  const Message came = piece.message == kNone ? Message{} : s.world.messages[piece.message];
  Install(s, came);
  if (Peeks(s)) return;
  if (piece.message != kNone) TakeAndDrop(s.world, piece.message);
  s.me().read += piece.size;
  // Where that is not enough it looks for more, and takes the error that it finds there.
  if (piece.message == kNone && piece.size < Wanted(s)) s.me().error = 0;
}
void TakeRecord(Scene& s) {
  const LeaveResetsOpen resets(s);
  const Message record = First(s);
  const BoundName sender = SenderOf(s);
  const uint32_t size = std::min(record.size, static_cast<uint32_t>(Size(s)));
  s.reply.value = static_cast<int32_t>((Flags(s) & MSG_TRUNC) ? record.size : size);
  if (size < record.size) s.reply.flags |= MSG_TRUNC;
  if (size > 0) {
    s.reply.wrote |= kWroteData;
    s.reply.data = {record.start, size, false};
  }
  WriteName(s, sender, sender.length);
  Install(s, record);
  if (!Peeks(s)) TakeAndDrop(s.world, Head(s));
}
void Take(Scene& s) {
  s.reply.flags = 0;
  if (s.call.made != kNoHandle) s.world.handles[s.call.made] = kNone;
  if (AtEnd(s)) {
    WriteName(s, {}, 0);
  } else if (IsStream(s)) {
    TakeBytes(s);
  } else {
    TakeRecord(s);
  }
  if (s.call.op != Op::kRecvmsg) s.reply.flags = 0;
  // POSIX may tell the end of a record, Linux does not.
  if (s.posix() && !IsStream(s) && s.seen != nullptr) s.reply.flags |= s.seen->flags & MSG_EOR;
  if (s.reply.flags != 0) s.reply.wrote |= kWroteFlags;
}
// Of a stream POSIX does not say whether it tells where the bytes come from.
void TakeOpen(Scene& s) {
  Take(s);
  if (!s.posix() || s.seen == nullptr) return;
  constexpr uint16_t kNaming = kWroteAddress | kWroteAddressLength;
  s.reply.wrote = static_cast<uint16_t>((s.reply.wrote & ~kNaming) | (s.seen->wrote & kNaming));
  s.reply.address_size = s.seen->address_size;
  s.reply.address_length = s.seen->address_length;
  s.reply.family = s.seen->family;
  s.reply.host = s.seen->host;
  s.reply.port = s.seen->port;
  s.reply.name = s.seen->name;
}
// recvfrom() and recvmsg() find that the name has no place when everything else is done.
void TakeAndFail(Scene& s) {
  const int16_t error = s.reply.error;
  Take(s);
  s.reply.error = error;
  s.reply.slot = kNoHandle;  // a descriptor that came along is open, and nobody is told its number
  s.reply.wrote &= kWroteData;
}
void TakeAndTellLength(Scene& s) {
  const int told = SenderLength(s);
  TakeAndFail(s);
  if (told == s.call.length) return;
  s.reply.wrote |= kWroteAddressLength;
  s.reply.address_length = told;
}
void LoseRecord(Scene& s) {
  if (!Peeks(s)) TakeAndDrop(s.world, Head(s));
}
// Interrupted, it tells what had come.
void TakePart(Scene& s) {
  s.reply.error = 0;
  Take(s);
}

// clang-format off
constexpr Clause kRecvUnix[] = {
    {.id = "unix_recv.flags_unspecified", .when = FlagsUndefined, .then = LeaveOpen,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX recv() names no flags but MSG_OOB, MSG_PEEK and MSG_WAITALL",
     .says = "The flags are ones that POSIX does not name."},
    {.id = "unix_recv.stream_not_connected", .error = EINVAL, .when = NotConnected,
     .of = kUnixStream, .on = kLinux, .cites = "Linux unix_stream_read_generic()",
     .says = "The socket is not connected."},
    {.id = "unix_recv.not_connected", .error = ENOTCONN, .when = NotConnected,
     .of = kUnixStream, .on = kPosix, .cites = "POSIX recv() ENOTCONN",
     .says = "The socket is not connected."},
    {.id = "unix_recv.records_not_connected", .error = ENOTCONN, .when = NotConnected,
     .of = kUnixSeqpacket, .cites = "POSIX recv() ENOTCONN; Linux unix_seqpacket_recvmsg()",
     .says = "The socket is not connected."},
    {.id = "unix_recv.no_urgent_data", .error = EINVAL, .when = Urgent,
     .of = kUnixStream, .cites = "POSIX recv() EINVAL; Linux unix_stream_recv_urg()",
     .says = "Urgent data is asked for, and there is none."},
    {.id = "unix_recv.urgent_unsupported", .error = EOPNOTSUPP, .when = Urgent,
     .of = kUnixStream, .on = kPosix, .strength = Strength::kMay, .cites = "POSIX recv() EOPNOTSUPP",
     .says = "Urgent data is asked for, and unix sockets need not know any."},
    {.id = "unix_recv.urgent", .error = EOPNOTSUPP, .when = Urgent,
     .of = kUnixDatagram | kUnixSeqpacket, .cites = "POSIX recv() EOPNOTSUPP; Linux __unix_dgram_recvmsg()",
     .says = "Records know no urgent data."},
    {.id = "unix_recv.no_urgent_record", .error = EINVAL, .when = Urgent,
     .of = kUnixDatagram | kUnixSeqpacket, .on = kPosix, .strength = Strength::kMay, .cites = "POSIX recv() EINVAL",
     .says = "Urgent data is asked for, and there is none."},
    {.id = "unix_recv.pending_error", .error = kPendingError, .when = ErrorPending, .then = TellPending,
     .on = kLinux, .cites = "Linux unix_stream_read_generic(), __skb_try_recv_datagram()",
     .says = "The pending error is told, and cleared: of a stream after all bytes, of records first."},
    {.id = "unix_recv.unwritable", .error = EFAULT, .when = BytesUnwritable,
     .of = kUnixStream, .on = kLinux, .cites = "Linux unix_stream_read_generic(); recv(2) EFAULT",
     .says = "The bytes have no place to go, and stay queued."},
    {.id = "unix_recv.record_unwritable", .error = EFAULT, .when = RecordUnwritable, .then = LoseRecord,
     .of = kUnixDatagram | kUnixSeqpacket, .on = kLinux, .cites = "Linux __unix_dgram_recvmsg(); recv(2) EFAULT",
     .says = "The record has no place to go, and is lost; MSG_PEEK leaves it."},
    {.id = "unix_recv.undefined", .when = Unwritable, .then = LeaveOpen,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX XSH 2.1.1: an invalid pointer is undefined",
     .says = "What came has no place to go: POSIX says nothing."},
    {.id = "unix_recv.descriptor_unspecified", .when = BringsDescriptor, .then = LeaveOpen,
     .of = kUnixStream, .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX recvmsg() does not say with which bytes of a stream ancillary data comes",
     .says = "A descriptor is among the bytes of a stream."},
    {.id = "unix_recv.name_length_unreadable", .error = EFAULT, .when = NameLengthUnreadable, .then = TakeAndFail,
     .on = kLinux, .cites = "Linux __sys_recvfrom(), move_addr_to_user()",
     .says = "The length of the sender's name lies where the process has no memory; what came is lost."},
    {.id = "unix_recv.name_length_negative", .error = EINVAL, .when = NameLengthNegative, .then = TakeAndFail,
     .on = kLinux, .cites = "Linux __sys_recvfrom(), move_addr_to_user()",
     .says = "The place for the sender's name has a negative length; what came is lost."},
    {.id = "unix_recv.name_unwritable", .error = EFAULT, .when = NameUnwritable, .then = TakeAndFail,
     .on = kLinux, .until = {6, 2}, .cites = "Linux __sys_recvfrom(), move_addr_to_user()",
     .says = "The sender's name cannot be written; what came is lost."},
    {.id = "unix_recv.name_unwritable_length_told", .error = EFAULT, .when = NameUnwritable, .then = TakeAndTellLength,
     .on = kLinux, .since = {6, 2},
     .cites = "observed on Linux 6.18: recvfrom(s0, 5, 0, BAD_PTR, addrlen=20) = -1 EFAULT, addrlen=6",
     .says = "The sender's name cannot be written, but its length is; what came is lost."},
    {.id = "unix_recv.waits_for_all", .blocks = true, .when = WaitsForAll, .then = TakePart,
     .of = kUnixStream, .cites = "POSIX recv() MSG_WAITALL; Linux unix_stream_read_generic(), sock_rcvlowat()",
     .says = "There are not as many bytes yet as MSG_WAITALL or SO_RCVLOWAT ask for."},
    {.id = "unix_recv.bytes", .when = Bytes, .then = TakeOpen,
     .of = kUnixStream, .cites = "POSIX recv(); Linux unix_stream_read_generic()",
     .says = "What is queued, at most as much as was asked for, and not beyond a piece that brings a descriptor."},
    {.id = "unix_recv.record", .when = Record, .then = Take,
     .of = kUnixDatagram | kUnixSeqpacket, .cites = "POSIX recv(); Linux __unix_dgram_recvmsg()",
     .says = "The first record; what of it has no room is lost."},
    {.id = "unix_recv.shut_unspecified", .when = ShutDatagrams, .then = LeaveOpen,
     .of = kUnixDatagram, .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX recv(): 0 is for a peer that has shut down; of a socket that did so itself it says nothing",
     .says = "The socket was shut down for reading, and nothing is queued."},
    {.id = "unix_recv.end", .when = AtEnd, .then = TakeOpen,
     .cites = "POSIX recv(): 0 after an orderly shutdown; Linux unix_stream_read_generic(), __unix_dgram_recvmsg()",
     .says = "Nothing more will come: the peer is gone or was shut down for writing, or the socket for reading."},
    {.id = "unix_recv.would_block", .error = EAGAIN, .when = WouldBlock,
     .cites = "POSIX recv() EAGAIN; Linux unix_stream_read_generic(), __skb_try_recv_datagram()",
     .says = "Nothing has come, and the socket does not block; datagrams do not tell that it was shut down."},
    {.id = "unix_recv.blocks", .blocks = true, .when = Blocks,
     .cites = "POSIX recv(); Linux unix_stream_data_wait(), __skb_wait_for_more_packets()",
     .says = "Nothing has come, and the socket blocks until something does."},
};
// clang-format on

}  // namespace

std::span<const Clause> RecvUnixClauses() { return kRecvUnix; }

}  // namespace sockspec
