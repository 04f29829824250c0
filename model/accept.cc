// accept() and accept4(): take the first connection of a listener's queue.

#include <errno.h>
#include <sys/socket.h>

#include "model/option_table.h"
#include "model/tables.h"
#include "model/unix_network.h"

namespace sockspec {
namespace {

bool FlagsUnknown(const Scene& s) {
  return s.call.op == Op::kAccept4 && (s.call.flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != 0;
}
bool NoDescriptorLeft(const Scene& s) { return s.opens != Opens::kNothing && NoFreeSlot(s); }

bool IsSocket(const Scene& s) { return s.has_socket(); }
bool NotListening(const Scene& s) { return s.has_socket() && s.me().tcp != Tcp::kListen; }
uint8_t Head(const Scene& s) { return FirstInQueue(s.world, s.index); }
bool Empty(const Scene& s) {
  return s.has_socket() && s.me().tcp == Tcp::kListen && Head(s) == kNone;
}
bool WouldBlock(const Scene& s) { return Empty(s) && s.impatient(); }
bool Blocks(const Scene& s) { return Empty(s) && !s.impatient(); }
bool Pending(const Scene& s) {
  return s.has_socket() && s.me().tcp == Tcp::kListen && Head(s) != kNone;
}
bool Aborted(const Scene& s) {
  return Pending(s) && s.world.sockets[Head(s)].tcp == Tcp::kClose && !s.world.sockets[Head(s)].done;
}

// A NULL address means that nobody asks for one, whatever the length's pointer is.
bool WantsAddress(const Scene& s) { return Pending(s) && s.call.pointer != Pointer::kNull; }
bool LengthUnreadable(const Scene& s) { return WantsAddress(s) && BadLengthPointer(s); }
bool NegativeLength(const Scene& s) { return WantsAddress(s) && LengthNegative(s); }
bool Unwritable(const Scene& s) {
  return WantsAddress(s) && s.call.pointer == Pointer::kBad && s.call.length > 0;
}
bool AddressUndefined(const Scene& s) {
  return s.has_socket() && s.call.pointer != Pointer::kNull &&
         (s.call.pointer == Pointer::kBad || BadLengthPointer(s) || LengthNegative(s));
}

void Take(Scene& s) {
  const uint8_t child = Head(s);
  if (child == kNone) {
    s.world.lost = Lost::kFull;
    return;
  }
  Socket& socket = s.world.sockets[child];
  socket.listener = kNone;
  socket.owned = true;
  socket.link = Link::kConnected;
  const bool accept4 = s.call.op == Op::kAccept4;
  socket.nonblocking = accept4 && (s.call.flags & SOCK_NONBLOCK) != 0;
  s.MakeDescriptor({Opens::kSocket, child, accept4 && (s.call.flags & SOCK_CLOEXEC) != 0});
  if (IsUnix(socket.kind)) {
    if (s.linux() && s.profile.version < Version{6, 16}) InheritOptions(s.world, s.index, child);
    const BoundName& name = s.world.sockets[socket.peer].name;
    WriteName(s, name, NameLength(name));
  } else {
    s.WriteAddress(socket.remote, socket.remote_port);
  }
}
// do_accept(): the connection is out of the queue already when the address turns out to have no place.
void Lose(Scene& s) {
  const uint8_t child = Head(s);
  Socket& socket = s.world.sockets[child];
  socket.listener = kNone;
  if (IsUnix(socket.kind)) {
    const LeaveResetsOpen resets(s);
    ReleaseUnix(s.world, child);
  } else if (socket.tcp == Tcp::kClose) {
    CloseQuietly(s.world, child);
  } else if (UnreadAtMost(socket) > 0 || (socket.linger && socket.linger_seconds == 0)) {
    CloseWithReset(s.world, child);
  } else {
    CloseWithFin(s.world, child);
  }
}
void LoseAndTellLength(Scene& s) {
  const Socket& child = s.world.sockets[Head(s)];
  const int32_t told = IsUnix(child.kind) ? NameLength(s.world.sockets[child.peer].name) : AddressLength(child);
  Lose(s);
  if (s.call.length == told) return;
  s.reply.wrote |= kWroteAddressLength;
  s.reply.address_length = told;
}

// clang-format off
constexpr Clause kAcceptFirst[] = {
    {.id = "accept.flags_unknown", .error = EINVAL, .when = FlagsUnknown,
     .cites = "POSIX.1-2024 accept4() EINVAL; Linux __sys_accept4_file(); accept(2) EINVAL",
     .says = "The flags are other than SOCK_NONBLOCK and SOCK_CLOEXEC."},
    {.id = "accept.no_descriptor_left", .error = EMFILE, .when = NoDescriptorLeft,
     .cites = "POSIX accept() EMFILE; Linux get_unused_fd_flags(), before the queue is looked at",
     .says = "The process has as many descriptors open as it may; the connection stays in the queue."},
    {.id = "accept.undefined", .when = AddressUndefined,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX XSH 2.1.1: an invalid pointer is undefined",
     .says = "There is no place for the address: POSIX says nothing."},
};

constexpr Clause kAccept[] = {
    {.id = "accept.not_listening", .error = EINVAL, .when = NotListening,
     .cites = "POSIX accept() EINVAL; Linux inet_csk_accept()",
     .says = "The socket does not listen."},
    {.id = "accept.would_block", .error = EAGAIN, .when = WouldBlock,
     .cites = "POSIX accept() EAGAIN; Linux inet_csk_accept()",
     .says = "No connection waits, and the socket does not block."},
    {.id = "accept.blocks", .blocks = true, .when = Blocks,
     .cites = "POSIX accept(); Linux inet_csk_wait_for_connect()",
     .says = "No connection waits, and the socket blocks until one comes."},
    {.id = "accept.aborted", .error = ECONNABORTED, .when = Aborted, .then = Lose,
     .on = kPosix, .cites = "POSIX accept() ECONNABORTED",
     .says = "The connection was broken off while it waited."},
    {.id = "accept.length_unreadable", .error = EFAULT, .when = LengthUnreadable, .then = Lose,
     .on = kLinux, .cites = "Linux do_accept(), move_addr_to_user(); accept(2) EFAULT",
     .says = "The address's length cannot be read; the connection is lost."},
    {.id = "accept.length_negative", .error = EINVAL, .when = NegativeLength, .then = Lose,
     .on = kLinux, .cites = "Linux do_accept(), move_addr_to_user(); accept(2) EINVAL",
     .says = "The place for the address has a negative length; the connection is lost."},
    {.id = "accept.address_unwritable", .error = EFAULT, .when = Unwritable, .then = Lose,
     .on = kLinux, .until = {6, 2}, .cites = "Linux do_accept(), move_addr_to_user(); accept(2) EFAULT",
     .says = "The address cannot be written; the connection is lost."},
    {.id = "accept.address_unwritable_length_told", .error = EFAULT, .when = Unwritable,
     .then = LoseAndTellLength, .on = kLinux, .since = {6, 2},
     .cites = "observed on Linux 6.18: s1 = accept(s0, BAD_PTR, addrlen=4) = -1 EFAULT, addrlen=16",
     .says = "The address cannot be written, but its length is; the connection is lost."},
    {.id = "accept.connection", .when = Pending, .then = Take,
     .cites = "POSIX accept(); Linux inet_csk_accept(), inet_accept()",
     .says = "The first connection of the queue gets the lowest free descriptor."},
};

constexpr Clause kAcceptOnDatagrams[] = {
    {.id = "accept.datagrams", .error = EOPNOTSUPP, .when = IsSocket,
     .cites = "POSIX accept() EOPNOTSUPP; Linux sock_no_accept()",
     .says = "Nobody connects to a datagram socket."},
};
// clang-format on

}  // namespace

std::span<const Clause> AcceptFirstClauses() { return kAcceptFirst; }
std::span<const Clause> AcceptClauses() { return kAccept; }
std::span<const Clause> AcceptOnDatagramsClauses() { return kAcceptOnDatagrams; }

}  // namespace sockspec
