// What sendto(), sendmsg(), recvfrom(), recvmsg(), readv() and writev() ask of their arguments before the socket
// is looked at, whatever its kind.

#include <errno.h>
#include <sys/socket.h>

#include "model/tables.h"

namespace sockspec {
namespace {

constexpr int kMostPieces = 1024;     // UIO_MAXIOV, {IOV_MAX}
constexpr int kLargestAddress = 128;  // sizeof(struct sockaddr_storage)

bool NamesDestination(const Scene& s) { return s.opens != Opens::kNothing && s.call.pointer != Pointer::kNull; }
// sendmsg() takes no more than struct sockaddr_storage holds, and says nothing of it.
bool DestinationLengthOutOfRange(const Scene& s) {
  return NamesDestination(s) &&
         (s.call.length < 0 || (s.call.op == Op::kSendto && s.call.length > kLargestAddress));
}
bool DestinationUnreadable(const Scene& s) {
  return NamesDestination(s) && s.call.pointer == Pointer::kBad && s.call.length != 0;
}
bool DestinationUndefined(const Scene& s) {
  return NamesDestination(s) &&
         (s.call.pointer == Pointer::kBad || s.call.length < 0 || s.call.length > kLargestAddress);
}

bool NameLengthNegative(const Scene& s) {
  return s.opens != Opens::kNothing && s.call.pointer != Pointer::kNull && s.call.length < 0;
}
bool RoomUndefined(const Scene& s) {
  return s.has_socket() && s.call.pointer != Pointer::kNull &&
         (s.call.pointer == Pointer::kBad || BadLengthPointer(s) || LengthNegative(s));
}

bool TooManyPieces(const Scene& s) { return s.opens != Opens::kNothing && s.call.pieces > kMostPieces; }
bool NoPieces(const Scene& s) { return s.opens != Opens::kNothing && s.call.pieces <= 0; }
bool CountInvalid(const Scene& s) {
  return s.has_socket() && (s.call.pieces < 0 || s.call.pieces > kMostPieces);
}
bool NothingToWrite(const Scene& s) { return s.has_socket() && TransferSize(s.call) == 0; }

bool CompatFlag(const Scene& s) { return (s.call.flags & kMessageCompat) != 0; }
void Lose(Scene& s) { s.world.lost = Lost::kUnspecified; }
bool NoErrorQueued(const Scene& s) {
  return (TransferFlags(s.call) & MSG_ERRQUEUE) != 0 && FirstError(s.world, s.index) == kNone;
}

// clang-format off
constexpr Clause kDestination[] = {
    {.id = "destination.undefined", .when = DestinationUndefined,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX XSH 2.1.1: an invalid pointer or length is undefined",
     .says = "The address cannot be read, or its length is no length: POSIX says nothing."},
    {.id = "destination.length_out_of_range", .error = EINVAL, .when = DestinationLengthOutOfRange,
     .on = kLinux, .cites = "Linux move_addr_to_kernel(), __copy_msghdr(); sendto(2) EINVAL",
     .says = "The address's length is negative, or in sendto() more than any address has."},
    {.id = "destination.unreadable", .error = EFAULT, .when = DestinationUnreadable,
     .on = kLinux, .cites = "Linux move_addr_to_kernel(); sendto(2) EFAULT",
     .says = "The address lies where the process has no memory."},
};

constexpr Clause kMessageFirst[] = {
    {.id = "message.flags_undefined", .when = CompatFlag, .then = Lose,
     .on = kPosix, .strength = Strength::kUnspecified, .cites = "POSIX sendmsg(), recvmsg(): the flag is none that they name",
     .says = "The sign bit of the flags: POSIX does not know it."},
    // Two replies are right here: a kernel that runs no programs of 32 bits does not read the flag. Observed on
    // 6.1 as user-mode Linux: sendmsg(-1, …, 0x80000000) = -1 EBADF.
    {.id = "message.compat_flag", .error = EINVAL, .when = CompatFlag,
     .on = kLinux, .strength = Strength::kMay, .cites = "Linux __sys_sendmsg(), __sys_recvmsg() on MSG_CMSG_COMPAT",
     .says = "The sign bit of the flags is the kernel's own, for programs of 32 bits; that comes before the descriptor."},
};

constexpr Clause kRecvmsgFirst[] = {
    {.id = "recvmsg.name_length_negative", .error = EINVAL, .when = NameLengthNegative,
     .on = kLinux, .cites = "Linux __copy_msghdr(), before anything is received",
     .says = "The place for the sender's name has a negative length."},
};

constexpr Clause kSender[] = {
    {.id = "sender.undefined", .when = RoomUndefined,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX XSH 2.1.1: an invalid pointer is undefined",
     .says = "There is no place for the sender's name: POSIX says nothing."},
};

constexpr Clause kPieces[] = {
    {.id = "pieces.too_many", .error = EMSGSIZE, .when = TooManyPieces,
     .cites = "POSIX sendmsg(), recvmsg() EMSGSIZE: more than {IOV_MAX}; Linux __copy_msghdr()",
     .says = "The message is in more pieces than one call may have."},
    {.id = "pieces.none", .error = EMSGSIZE, .when = NoPieces,
     .on = kPosix, .cites = "POSIX sendmsg(), recvmsg() EMSGSIZE: \"less than or equal to 0\"",
     .says = "The message has no pieces; Linux takes that for one without bytes."},
};

constexpr Clause kVector[] = {
    {.id = "vector.count_invalid", .error = EINVAL, .when = CountInvalid,
     .on = kLinux, .cites = "Linux import_iovec(); readv(2) EINVAL",
     .says = "The count of pieces is negative, or more than one call may have."},
    {.id = "vector.count_undefined", .when = CountInvalid,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX readv(), writev(): EINVAL is optional, and what else happens is not said",
     .says = "The count of pieces is negative, or more than {IOV_MAX}."},
};

constexpr Clause kErrorQueue[] = {
    {.id = "recv.no_error_queued", .error = EAGAIN, .when = NoErrorQueued,
     .on = kLinux, .cites = "recv(2) MSG_ERRQUEUE; Linux ip_recv_error(), which never waits",
     .says = "No error is queued: none has come, or nobody asked for that by IP_RECVERR."},
};

constexpr Clause kWritevFirst[] = {
    {.id = "writev.nothing_to_write", .when = NothingToWrite,
     .on = kLinux, .cites = "Linux vfs_writev(): \"if (!tot_len)\", before the socket is asked",
     .says = "writev() of 0 bytes gives 0, whatever the socket is."},
    {.id = "writev.nothing_to_write_unspecified", .when = NothingToWrite,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX writev(), as write(): for other than regular files 0 bytes are unspecified",
     .says = "writev() of 0 bytes."},
};
// clang-format on

}  // namespace

std::span<const Clause> DestinationClauses() { return kDestination; }
std::span<const Clause> MessageFirstClauses() { return kMessageFirst; }
std::span<const Clause> RecvmsgFirstClauses() { return kRecvmsgFirst; }
std::span<const Clause> SenderClauses() { return kSender; }
std::span<const Clause> PiecesClauses() { return kPieces; }
std::span<const Clause> VectorClauses() { return kVector; }
std::span<const Clause> WritevFirstClauses() { return kWritevFirst; }
std::span<const Clause> ErrorQueueClauses() { return kErrorQueue; }

bool WantsSender(const Scene& s) {
  return (s.call.op == Op::kRecvfrom || s.call.op == Op::kRecvmsg) && s.call.pointer != Pointer::kNull;
}

void TellNoSender(Scene& s) {
  if (!WantsSender(s) || (s.call.pointer == Pointer::kBad && s.call.length == 0)) return;
  s.reply.wrote |= kWroteAddressLength;
  s.reply.address_length = 0;
  if (!s.posix() || s.seen == nullptr) return;
  // POSIX recvfrom(): where "the protocol does not provide the source address of messages, the value stored […] is
  // unspecified". lwIP writes the peer's.
  s.open = true;
  s.note = "any address, or none";
  constexpr uint16_t kName = kWroteAddress | kWroteAddressLength;
  const Reply& seen = *s.seen;
  s.reply.wrote = static_cast<uint16_t>((s.reply.wrote & ~kName) | (seen.wrote & kName));
  s.reply.host = seen.host;
  s.reply.port = seen.port;
  s.reply.name = seen.name;
  s.reply.family = seen.family;
  s.reply.address_size = seen.address_size;
  s.reply.address_length = seen.address_length;
  // A port of the kernel's choice that nobody has seen before: which one it is, the world does not know.
  if ((seen.wrote & kWroteAddress) && seen.port.IsChosen() && seen.port.chosen() >= s.world.seen) {
    s.world.lost = Lost::kUnspecified;
  }
}

}  // namespace sockspec
