// send(), sendto(), sendmsg(), write() and writev() of unix sockets. What is sent lies in the receiver's queue
// before the call returns.

#include <errno.h>
#include <sys/socket.h>

#include <algorithm>

#include "model/program/unix_name.h"
#include "model/tables.h"
#include "model/unix_network.h"

namespace sockspec {
namespace {

// MSG_MORE and MSG_DONTROUTE mean nothing here.
constexpr int kModelledFlags = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE | MSG_DONTROUTE;

bool HasFlags(const Scene& s) { return s.call.op != Op::kWrite && s.call.op != Op::kWritev; }
int Flags(const Scene& s) { return HasFlags(s) ? s.call.flags : 0; }
// Urgent data of streams is not modelled.
bool Modelled(const Scene& s) {
  const int known = kModelledFlags | (s.me().kind == SocketKind::kUnixStream ? 0 : MSG_OOB);
  return (Flags(s) & ~known) == 0;
}
int Size(const Scene& s) { return TransferSize(s.call); }
bool IsStream(const Scene& s) { return s.me().kind == SocketKind::kUnixStream; }
bool Connected(const Scene& s) { return s.me().tcp == Tcp::kEstablished; }

bool PassesRights(const Scene& s) { return s.call.op == Op::kSendmsg && s.call.control == SCM_RIGHTS; }
Slot Passed(const Scene& s) {
  const Descriptor fd = s.call.fd2;
  if (fd == kFile) return {.opens = Opens::kFile};
  if (fd == kPipe) return {.opens = Opens::kPipe};
  if (!fd.IsHandle() || s.world.handles[fd.handle()] == kNone) return {};
  return s.world.slots[s.world.handles[fd.handle()]];
}
bool PassedNotOpen(const Scene& s) {
  return Modelled(s) && PassesRights(s) && Passed(s).opens == Opens::kNothing;
}
bool HasAddress(const Scene& s) {
  return (s.call.op == Op::kSendto || s.call.op == Op::kSendmsg) && s.call.pointer == Pointer::kValid &&
         s.call.length != 0;
}
// A seqpacket socket passes the address over.
bool Addressed(const Scene& s) { return HasAddress(s) && s.me().kind == SocketKind::kUnixDatagram; }
bool LengthInvalid(const Scene& s) {
  return Addressed(s) && (s.call.length <= kUnixFamilyLength || s.call.length > kLongestUnix);
}
bool WrongFamily(const Scene& s) {
  return Addressed(s) && !LengthInvalid(s) && s.call.address.family != AF_UNIX;
}
bool Names(const Scene& s) { return Addressed(s) && !LengthInvalid(s) && !WrongFamily(s); }

// What an epoll instance watches while it is under way is not modelled, nor what some names are.
bool CanGo(const Scene& s) {
  return Modelled(s) && !(PassesRights(s) && Passed(s).opens == Opens::kEpoll) &&
         !(Names(s) && !NameGiven(s.call).known);
}
bool LengthRefused(const Scene& s) { return CanGo(s) && LengthInvalid(s); }
bool FamilyRefused(const Scene& s) { return CanGo(s) && WrongFamily(s); }

bool AddressedAndConnected(const Scene& s) { return CanGo(s) && HasAddress(s) && Connected(s); }
bool AddressedAndNotConnected(const Scene& s) { return CanGo(s) && HasAddress(s) && !Connected(s); }

bool HasPeer(const Scene& s) { return s.me().peer != kNone; }
bool NeverConnected(const Scene& s) { return CanGo(s) && !(IsStream(s) ? HasPeer(s) : Connected(s)); }
bool ErrorPending(const Scene& s) { return CanGo(s) && s.me().error != 0; }
bool Urgent(const Scene& s) { return CanGo(s) && (Flags(s) & MSG_OOB); }

bool NamesAbstract(const Scene& s) { return CanGo(s) && Names(s) && !IsPath(s.call.address.name); }
bool GoesNowhere(const Scene& s) { return CanGo(s) && !Addressed(s) && !HasPeer(s); }
bool TooLarge(const Scene& s) { return CanGo(s) && Size(s) > SendBuffer(s.world, s.index).least - 32; }

bool ShutForWriting(const Scene& s) { return CanGo(s) && (s.me().shut & kUnixSend); }
bool Unreadable(const Scene& s) { return CanGo(s) && s.call.buffer != Pointer::kValid && Size(s) > 0; }

// How much of the sender's buffer what it sent before may still take up.
HasRoom RoomOf(const Scene& s) {
  if (!IsStream(s)) return MessageRoom(s.world, s.index);
  if (!HasPeer(s) || Size(s) == 0) return HasRoom::kYes;
  const Room room = StreamRoom(s.world, s.index, Size(s));
  return room.least > 0 ? HasRoom::kYes : room.most > 0 ? HasRoom::kPerhaps : HasRoom::kNo;
}
bool NoRoom(const Scene& s, HasRoom has) { return CanGo(s) && RoomOf(s) == has; }
bool NoRoomNow(const Scene& s) { return NoRoom(s, HasRoom::kNo) && s.impatient(); }
bool NoRoomYet(const Scene& s) { return NoRoom(s, HasRoom::kNo) && !s.impatient(); }
bool PerhapsNoRoomNow(const Scene& s) {
  return (NoRoom(s, HasRoom::kPerhaps) || (s.posix() && NoRoom(s, HasRoom::kNo))) && s.impatient();
}
// A stream that blocks waits until all of it has found room; of what cannot be read the first piece decides.
bool PerhapsNoRoomYet(const Scene& s) {
  if (!CanGo(s) || s.impatient()) return false;
  if (IsStream(s) && HasPeer(s)) {
    const Room room = StreamRoom(s.world, s.index, Size(s));
    if (Unreadable(s) && !s.posix()) return room.least == 0 && room.most > 0;
    return room.least < Size(s) && (s.posix() || room.most == Size(s));
  }
  return NoRoom(s, HasRoom::kPerhaps) || (s.posix() && NoRoom(s, HasRoom::kNo));
}
bool WaitsForAll(const Scene& s) {
  if (!CanGo(s) || s.impatient() || !IsStream(s) || !HasPeer(s) || Unreadable(s)) return false;
  const Room room = StreamRoom(s.world, s.index, Size(s));
  return room.most < Size(s) && room.most > 0;
}

// Of datagrams: where they go.
bool To(const Scene& s, Leads leads) {
  return CanGo(s) && Names(s) && LookUp(s).leads == leads;
}
bool Missing(const Scene& s) { return To(s, Leads::kNowhere); }
bool DirectoryIsFile(const Scene& s) { return To(s, Leads::kThroughFile); }
bool LinksInCircles(const Scene& s) { return To(s, Leads::kInCircles); }
bool NameTooLong(const Scene& s) { return To(s, Leads::kTooFar); }
bool Forbidden(const Scene& s) { return To(s, Leads::kThroughLock); }
bool NobodyThere(const Scene& s) { return To(s, Leads::kToNobody); }
bool OtherType(const Scene& s) { return To(s, Leads::kToOtherType); }
uint8_t Receiver(const Scene& s) {
  if (!CanGo(s)) return kNone;
  if (!Addressed(s)) return s.me().peer;
  return To(s, Leads::kToSocket) ? LookUp(s).socket : kNone;
}
bool Reaches(const Scene& s) { return Receiver(s) != kNone; }
const Socket& Other(const Scene& s) { return s.world.sockets[Receiver(s)]; }
bool ConnectedElsewhere(const Scene& s) {
  return Reaches(s) && Other(s).peer != kNone && Other(s).peer != s.index;
}
bool PeerDead(const Scene& s) { return Reaches(s) && Other(s).dead; }
bool ReceiverShut(const Scene& s) { return Reaches(s) && (Other(s).shut & kUnixReceive); }
// A peer that was shut down for reading after it was connected has shut us down for writing.
bool PeerShut(const Scene& s) {
  return CanGo(s) && HasPeer(s) && Size(s) > 0 && (s.world.sockets[s.me().peer].shut & kUnixReceive);
}
bool QueueIsFull(const Scene& s) {
  return Reaches(s) && Receiver(s) != s.index && Other(s).peer != s.index && QueueFull(s.world, Receiver(s));
}
bool QueueFullNow(const Scene& s) { return QueueIsFull(s) && s.impatient(); }
bool QueueFullYet(const Scene& s) { return QueueIsFull(s) && !s.impatient(); }
// POSIX does not say how many datagrams a queue holds.
bool SomethingQueued(const Scene& s) { return Reaches(s) && FirstMessage(s.world, Receiver(s)) != kNone; }
bool QueueMayBeFullNow(const Scene& s) { return SomethingQueued(s) && s.impatient(); }
bool QueueMayBeFullYet(const Scene& s) { return SomethingQueued(s) && !s.impatient(); }

bool StreamGoes(const Scene& s) { return CanGo(s) && HasPeer(s); }

void Signal(Scene& s) {
  if (!(Flags(s) & MSG_NOSIGNAL)) s.reply.wrote |= kWroteSignal;
}
// POSIX wants the signal where the connection is gone; where only we were shut down, its words can be read both ways.
void SignalOfRecords(Scene& s) {
  const bool gone = HasPeer(s) && s.world.sockets[s.me().peer].dead;
  if (gone) return Signal(s);
  s.open = true;
  s.note = "with SIGPIPE or without";
  if (s.seen != nullptr) s.reply.wrote |= s.seen->wrote & kWroteSignal;
}
void TellPending(Scene& s) { s.reply.error = TakePendingError(s.me()); }
void LosePeer(Scene& s) { ForgetDeadPeer(s.world, s.index); }
void LeaveOpen(Scene& s) { MakeUnspecified(s.world, s.index); }

Slot Rights(const Scene& s) { return PassesRights(s) ? Passed(s) : Slot{}; }
void Hand(Scene& s, int size) {
  const Slot passed = Rights(s);
  SendStream(s.world, s.index, size, passed.opens, passed.socket);
}
void Transfer(Scene& s) {
  const Room room = StreamRoom(s.world, s.index, Size(s));
  // At least one byte, where anything goes at all.
  const int least = std::min(std::max(room.least, 1), Size(s));
  const bool blocks = !s.impatient();
  s.reply.value = blocks ? Size(s) : s.Choose(least, std::max(room.most, least), "any part that the buffer has room for");
  Hand(s, s.reply.value);
}
// Interrupted, it tells how much had gone out.
void TransferPart(Scene& s) {
  if (!IsStream(s) || s.seen == nullptr || s.seen->error != 0) return;
  const Room room = StreamRoom(s.world, s.index, Size(s));
  s.reply.error = 0;
  s.reply.value = s.Choose(std::max(room.least, 1), std::max(room.most, 1), "any part that the buffer had room for");
  Hand(s, s.reply.value);
}
void TransferFirst(Scene& s) {
  const Room room = StreamRoom(s.world, s.index, Size(s));
  if (room.least == 0 && s.seen != nullptr && s.seen->error != 0) return;
  s.reply.error = 0;
  s.reply.value = s.Choose(std::max(room.least, 1), room.most, "any part that the buffer had room for");
  Hand(s, s.reply.value);
}
void Deliver(Scene& s) {
  const Slot passed = Rights(s);
  s.reply.value = Size(s);
  SendMessage(s.world, s.index, Receiver(s), Size(s), passed.opens, passed.socket);
}

// clang-format off
constexpr Clause kSendUnix[] = {
    // A seqpacket socket looks at itself first.
    {.id = "unix_send.pending_error", .error = kPendingError, .when = ErrorPending, .then = TellPending,
     .of = kUnixSeqpacket, .on = kLinux, .cites = "Linux unix_seqpacket_sendmsg(), sock_error()",
     .says = "The pending error is told, and cleared."},
    {.id = "unix_send.records_not_connected", .error = ENOTCONN, .when = NeverConnected,
     .of = kUnixSeqpacket, .cites = "POSIX send() ENOTCONN; Linux unix_seqpacket_sendmsg()",
     .says = "The socket is not connected."},
    {.id = "unix_send.passed_not_open", .error = EBADF, .when = PassedNotOpen,
     .on = kLinux, .cites = "Linux scm_fp_copy()",
     .says = "The descriptor to be passed is not open."},
    {.id = "unix_send.passed_undefined", .when = PassedNotOpen, .then = LeaveOpen,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX sendmsg() does not say what passing a descriptor is that is not open",
     .says = "The descriptor to be passed is not open."},
    {.id = "unix_send.urgent", .error = EOPNOTSUPP, .when = Urgent,
     .of = kUnixDatagram | kUnixSeqpacket, .cites = "POSIX send() EOPNOTSUPP; Linux unix_dgram_sendmsg()",
     .says = "Records know no urgent data."},

    {.id = "unix_send.address_connected", .error = EISCONN, .when = AddressedAndConnected,
     .of = kUnixStream, .on = kLinux, .cites = "sendto(2) EISCONN; Linux unix_stream_sendmsg()",
     .says = "An address is given, and the socket is connected."},
    {.id = "unix_send.address_not_connected", .error = EOPNOTSUPP, .when = AddressedAndNotConnected,
     .of = kUnixStream, .on = kLinux, .cites = "Linux unix_stream_sendmsg()",
     .says = "An address is given, and a stream socket sends only to its peer."},
    {.id = "unix_send.not_connected", .error = ENOTCONN, .when = NeverConnected,
     .of = kUnixStream, .cites = "POSIX send() ENOTCONN; Linux unix_stream_sendmsg()",
     .says = "The socket is not connected."},
    {.id = "unix_send.shut", .error = EPIPE, .when = ShutForWriting, .then = Signal,
     .of = kUnixStream, .cites = "POSIX send() EPIPE; Linux unix_stream_sendmsg()",
     .says = "The socket was shut down for writing, its peer for reading, or the peer is gone."},

    {.id = "unix_send.length_invalid", .error = EINVAL, .when = LengthRefused,
     .of = kUnixDatagram, .on = kLinux, .cites = "unix(7); Linux unix_validate_addr()",
     .says = "The address is too short to hold a name, or longer than struct sockaddr_un."},
    {.id = "unix_send.length_undefined", .when = LengthRefused, .then = LeaveOpen,
     .of = kUnixDatagram, .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX sendto(): EINVAL for a wrong length is optional, and what else happens is not said",
     .says = "The length is none of an address with a path."},
    {.id = "unix_send.wrong_family", .error = EINVAL, .when = FamilyRefused,
     .of = kUnixDatagram, .on = kLinux, .cites = "Linux unix_validate_addr()",
     .says = "The address is of another family than the socket."},
    {.id = "unix_send.family_unsupported", .error = EAFNOSUPPORT, .when = FamilyRefused,
     .of = kUnixDatagram, .on = kPosix, .cites = "POSIX sendto() EAFNOSUPPORT",
     .says = "The address is of another family than the socket."},
    {.id = "unix_send.abstract_unspecified", .when = NamesAbstract, .then = LeaveOpen,
     .of = kUnixDatagram, .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX <sys/un.h>: sun_path is a pathname; abstract names are Linux's",
     .says = "The name begins with a zero byte: POSIX says nothing."},
    {.id = "unix_send.no_peer_first", .error = ENOTCONN, .when = GoesNowhere,
     .of = kUnixDatagram, .on = kLinux, .until = {6, 2}, .cites = "Linux 6.1 unix_dgram_sendmsg()",
     .says = "No address is given, and the socket has no peer; on 6.18 this comes after what the message lacks."},
    {.id = "unix_send.no_destination", .error = EDESTADDRREQ, .when = GoesNowhere,
     .of = kUnixDatagram, .on = kPosix, .cites = "POSIX send() EDESTADDRREQ",
     .says = "No address is given, and the socket has no peer."},
    {.id = "unix_send.no_connection", .error = ENOTCONN, .when = GoesNowhere,
     .of = kUnixDatagram, .on = kPosix, .strength = Strength::kMay, .cites = "POSIX send() ENOTCONN",
     .says = "No address is given, and the socket is not connected."},
    {.id = "unix_send.too_large", .error = EMSGSIZE, .when = TooLarge,
     .of = kUnixDatagram | kUnixSeqpacket, .on = kLinux, .cites = "unix(7), send(2) EMSGSIZE; Linux unix_dgram_sendmsg()",
     .says = "The record is larger than the send buffer, but for 32 bytes."},
    {.id = "unix_send.may_be_too_large", .error = EMSGSIZE, .when = TooLarge,
     .of = kUnixDatagram | kUnixSeqpacket, .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX send() EMSGSIZE: what a socket sends at once is the implementation's",
     .says = "The record is larger than the send buffer."},
    {.id = "unix_send.datagram_error", .error = kPendingError, .when = ErrorPending, .then = TellPending,
     .of = kUnixDatagram, .on = kLinux, .cites = "Linux sock_alloc_send_pskb(), sock_error()",
     .says = "The pending error is told, and cleared."},
    {.id = "unix_send.records_shut", .error = EPIPE, .when = ShutForWriting,
     .of = kUnixDatagram | kUnixSeqpacket, .on = kLinux, .cites = "send(2) EPIPE; Linux sock_alloc_send_pskb(): without a signal",
     .says = "The socket was shut down for writing, or, of a seqpacket socket, the peer is gone or reads no more."},
    {.id = "unix_send.datagrams_shut", .error = EPIPE, .when = ShutForWriting,
     .of = kUnixDatagram, .on = kPosix, .cites = "POSIX send() EPIPE; SIGPIPE is for connections",
     .says = "The socket was shut down for writing."},
    {.id = "unix_send.seqpacket_shut", .error = EPIPE, .when = ShutForWriting, .then = SignalOfRecords,
     .of = kUnixSeqpacket, .on = kPosix, .cites = "POSIX send() EPIPE: with SIGPIPE, also for SOCK_SEQPACKET",
     .says = "The socket was shut down for writing, or the peer is gone."},

    {.id = "unix_send.buffer_full", .error = EAGAIN, .when = NoRoomNow,
     .on = kLinux, .cites = "send(2) EAGAIN; Linux sock_alloc_send_pskb()",
     .says = "What was sent before and not read takes up the whole buffer, and the socket does not block."},
    {.id = "unix_send.buffer_full_blocks", .blocks = true, .when = NoRoomYet,
     .on = kLinux, .cites = "send(2); Linux sock_alloc_send_pskb(), sock_wait_for_wmem()",
     .says = "What was sent before and not read takes up the whole buffer: the call waits."},
    // Two replies are right here: what a message costs of the buffer depends on how the kernel accounts for memory.
    {.id = "unix_send.buffer_may_be_full", .error = EAGAIN, .when = PerhapsNoRoomNow,
     .strength = Strength::kResource, .cites = "POSIX send() EAGAIN; Linux sock_alloc_send_pskb()",
     .says = "What was sent before and not read may take up the whole buffer, and the socket does not block."},
    {.id = "unix_send.buffer_may_block", .blocks = true, .when = PerhapsNoRoomYet, .then = TransferPart,
     .strength = Strength::kResource, .cites = "POSIX send(); Linux sock_alloc_send_pskb()",
     .says = "What was sent before and not read may take up the whole buffer, and the call waits."},
    {.id = "unix_send.unreadable", .error = EFAULT, .when = Unreadable,
     .on = kLinux, .cites = "Linux skb_copy_datagram_from_iter(); send(2) EFAULT",
     .says = "The bytes lie where the process has no memory."},
    {.id = "unix_send.undefined", .when = Unreadable, .then = LeaveOpen,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX XSH 2.1.1: an invalid pointer is undefined",
     .says = "The bytes cannot be read: POSIX says nothing."},
    {.id = "unix_send.peer_shut", .error = EPIPE, .when = PeerShut, .then = Signal,
     .of = kUnixStream, .on = kLinux, .cites = "Linux unix_stream_sendmsg() on RCV_SHUTDOWN, piece by piece",
     .says = "The peer was shut down for reading before it was connected: only nothing can be sent."},
    {.id = "unix_send.waits_for_room", .blocks = true, .when = WaitsForAll, .then = TransferFirst,
     .of = kUnixStream, .on = kLinux, .cites = "send(2); Linux unix_stream_sendmsg(), which sends in pieces",
     .says = "Only a part has room: that goes out, and the call waits with the rest."},

    {.id = "unix_send.no_peer", .error = ENOTCONN, .when = GoesNowhere,
     .of = kUnixDatagram, .on = kLinux, .since = {6, 2},
     .cites = "observed on Linux 6.18: send(s0, BAD_PTR, 5) = -1 EFAULT, send(s0, 5) = -1 ENOTCONN",
     .says = "No address is given, and the socket has no peer."},
    {.id = "unix_send.missing", .error = ENOENT, .when = Missing,
     .of = kUnixDatagram, .cites = "POSIX sendto() ENOENT; Linux unix_find_bsd(), kern_path()",
     .says = "The path does not exist."},
    {.id = "unix_send.directory_is_file", .error = ENOTDIR, .when = DirectoryIsFile,
     .of = kUnixDatagram, .cites = "POSIX sendto() ENOTDIR; Linux unix_find_bsd(), kern_path()",
     .says = "What should be a directory of the path is a file."},
    {.id = "unix_send.links_in_circles", .error = ELOOP, .when = LinksInCircles,
     .of = kUnixDatagram, .cites = "POSIX sendto() ELOOP; Linux unix_find_bsd(), kern_path()",
     .says = "The path leads through a symbolic link to itself."},
    {.id = "unix_send.name_too_long", .error = ENAMETOOLONG, .when = NameTooLong,
     .of = kUnixDatagram, .cites = "POSIX sendto() ENAMETOOLONG; Linux unix_find_bsd(), kern_path()",
     .says = "The path leads through a symbolic link to a name that is too long."},
    {.id = "unix_send.forbidden", .error = EACCES, .when = Forbidden,
     .of = kUnixDatagram, .cites = "POSIX sendto() EACCES; unix(7); Linux path_permission(MAY_WRITE)",
     .says = "The process may not search a directory of the path."},
    {.id = "unix_send.nobody_there", .error = ECONNREFUSED, .when = NobodyThere,
     .of = kUnixDatagram, .on = kLinux, .cites = "unix(7) ECONNREFUSED; Linux unix_find_bsd(), unix_find_abstract()",
     .says = "What has the name is no socket, or was one that is gone; or nobody has the abstract name."},
    {.id = "unix_send.nobody_there_unspecified", .when = NobodyThere, .then = LeaveOpen,
     .of = kUnixDatagram, .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX sendto() does not say what a datagram does whose receiver is gone",
     .says = "What has the name is no socket, or was one that is gone."},
    {.id = "unix_send.other_type", .error = EPROTOTYPE, .when = OtherType,
     .of = kUnixDatagram, .on = kLinux, .cites = "unix(7) EPROTOTYPE; Linux unix_find_bsd()",
     .says = "The socket with this path is of another type."},
    {.id = "unix_send.other_type_unspecified", .when = OtherType, .then = LeaveOpen,
     .of = kUnixDatagram, .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX sendto() does not say what a datagram to a socket of another type is",
     .says = "The socket with this path is of another type."},
    {.id = "unix_send.connected_elsewhere", .error = EPERM, .when = ConnectedElsewhere,
     .of = kUnixDatagram, .on = kLinux, .cites = "Linux unix_may_send()",
     .says = "The receiver is connected to another socket, and takes nothing from us."},
    {.id = "unix_send.connected_elsewhere_unspecified", .when = ConnectedElsewhere, .then = LeaveOpen,
     .of = kUnixDatagram, .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX connect(): a datagram socket limits whom it receives from; what the sender sees it does not say",
     .says = "The receiver is connected to another socket, and takes nothing from us."},
    {.id = "unix_send.peer_gone", .error = ECONNREFUSED, .when = PeerDead, .then = LosePeer,
     .of = kUnixDatagram, .on = kLinux, .cites = "unix(7) ECONNREFUSED; Linux unix_dgram_sendmsg() on SOCK_DEAD",
     .says = "The peer is gone: the socket has no peer any more, and loses what it had not received."},
    {.id = "unix_send.peer_gone_unspecified", .when = PeerDead, .then = LeaveOpen,
     .of = kUnixDatagram, .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX send() does not say what a datagram does whose receiver is gone",
     .says = "The peer is gone."},
    {.id = "unix_send.receiver_shut", .error = EPIPE, .when = ReceiverShut,
     .of = kUnixDatagram | kUnixSeqpacket, .on = kLinux, .cites = "Linux unix_dgram_sendmsg() on RCV_SHUTDOWN",
     .says = "The receiver was shut down for reading."},
    {.id = "unix_send.receiver_shut_unspecified", .when = ReceiverShut, .then = LeaveOpen,
     .of = kUnixDatagram, .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX shutdown() says what the socket itself may not do any more",
     .says = "The receiver was shut down for reading."},
    {.id = "unix_send.queue_full", .error = EAGAIN, .when = QueueFullNow,
     .of = kUnixDatagram, .on = kLinux, .cites = "unix(7) on max_dgram_qlen; Linux unix_dgram_sendmsg(), unix_recvq_full()",
     .says = "Eleven datagrams wait there already, the receiver is not our peer, and the socket does not block."},
    {.id = "unix_send.queue_full_blocks", .blocks = true, .when = QueueFullYet,
     .of = kUnixDatagram, .on = kLinux, .cites = "unix(7); Linux unix_dgram_sendmsg(), unix_wait_for_peer()",
     .says = "Eleven datagrams wait there already, and the receiver is not our peer: the call waits."},
    {.id = "unix_send.queue_may_be_full", .error = EAGAIN, .when = QueueMayBeFullNow,
     .of = kUnixDatagram, .on = kPosix, .strength = Strength::kResource,
     .cites = "POSIX send() EAGAIN: how many datagrams a queue holds is the implementation's",
     .says = "Datagrams wait there already, and the socket does not block."},
    {.id = "unix_send.queue_may_block", .blocks = true, .when = QueueMayBeFullYet,
     .of = kUnixDatagram, .on = kPosix, .strength = Strength::kResource,
     .cites = "POSIX send(): how many datagrams a queue holds is the implementation's",
     .says = "Datagrams wait there already, and the call waits until there is room."},

    {.id = "unix_send.address_refused", .error = EISCONN, .when = AddressedAndConnected,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX sendto() EISCONN (may)",
     .says = "An address is given, and the socket is connected."},
    {.id = "unix_send.bytes", .when = StreamGoes, .then = Transfer,
     .of = kUnixStream, .cites = "POSIX send(); Linux unix_stream_sendmsg()",
     .says = "The bytes lie in the peer's queue, with the descriptor that is passed."},
    {.id = "unix_send.record", .when = Reaches, .then = Deliver,
     .of = kUnixDatagram | kUnixSeqpacket, .cites = "POSIX send(), sendto(); Linux unix_dgram_sendmsg()",
     .says = "The record lies in the receiver's queue, whole, with the descriptor that is passed."},
};
// clang-format on

}  // namespace

std::span<const Clause> SendUnixClauses() { return kSendUnix; }

}  // namespace sockspec
