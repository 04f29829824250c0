// Refusals that many calls share, written once: a descriptor that is not open or no socket, an address that
// cannot be read, a place for a name that cannot be written.

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "model/tables.h"
#include "model/unix_network.h"

namespace sockspec {
namespace {

bool NotOpen(const Scene& s) { return s.opens == Opens::kNothing; }
bool NotASocket(const Scene& s) { return s.opens != Opens::kNothing && !s.has_socket(); }

constexpr int kLargestAddress = 128;  // sizeof(struct sockaddr_storage)
bool LengthOutOfRange(const Scene& s) { return s.call.length < 0 || s.call.length > kLargestAddress; }
bool AddressUnreadable(const Scene& s) {
  return s.call.pointer != Pointer::kValid && s.call.length != 0;
}
bool AddressUndefined(const Scene& s) {
  return s.opens != Opens::kNothing &&
         (s.call.pointer != Pointer::kValid || LengthOutOfRange(s));
}

// getsockname() and getpeername() look for the name first and for its place only then.
bool HasName(const Scene& s) {
  if (s.has_socket() && IsUnix(s.me().kind)) return s.call.op == Op::kGetsockname || s.me().peer != kNone;
  return s.has_socket() &&
         (s.call.op == Op::kGetsockname ||
          (s.me().remote_port != kNone && s.me().tcp != Tcp::kClose && s.me().tcp != Tcp::kSynSent));
}
bool NameLengthUnreadable(const Scene& s) { return HasName(s) && BadLengthPointer(s); }
bool NameLengthNegative(const Scene& s) { return HasName(s) && LengthNegative(s); }
bool NameUnwritable(const Scene& s) {
  return HasName(s) && s.call.pointer != Pointer::kValid && s.call.length > 0;
}
bool NameUndefined(const Scene& s) {
  return s.opens != Opens::kNothing && (s.call.pointer != Pointer::kValid ||
                            s.call.length_pointer != Pointer::kValid || s.call.length < 0);
}
// The length is written back although the name itself could not be.
void TellLength(Scene& s) {
  int32_t told = AddressLength(s.me());
  if (IsUnix(s.me().kind)) {
    told = NameLength((s.call.op == Op::kGetsockname ? s.me() : s.world.sockets[s.me().peer]).name);
  }
  if (s.call.length == told) return;
  s.reply.wrote |= kWroteAddressLength;
  s.reply.address_length = told;
}

// A nonblocking connect() has failed, and nobody has been told.
bool HasFailed(const Scene& s) {
  return s.has_socket() && s.me().link == Link::kConnecting && s.me().tcp == Tcp::kClose &&
         !(s.call.op == Op::kGetsockopt && s.call.level == SOL_SOCKET && s.call.option == SO_ERROR);
}

// clang-format off
constexpr Clause kFailed[] = {
    {.id = "connection.failed", .when = HasFailed,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX connect(): \"If connect() fails, the state of the socket is unspecified\"",
     .says = "An attempt to connect has failed; only what tells why says something for sure."},
};

constexpr Clause kNotOpen[] = {
    {.id = "descriptor.not_open", .error = EBADF, .when = NotOpen,
     .cites = "POSIX XSH 2.3 EBADF; Linux fdget()",
     .says = "The descriptor is not open."},
};

constexpr Clause kNotASocket[] = {
    {.id = "descriptor.not_a_socket", .error = ENOTSOCK, .when = NotASocket,
     .cites = "POSIX XSH 2.3 ENOTSOCK; Linux sock_from_file()",
     .says = "The descriptor leads to something else than a socket."},
};

constexpr Clause kAddress[] = {
    {.id = "address.undefined", .when = AddressUndefined,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX XSH 2.1.1: an invalid pointer or length is undefined",
     .says = "The address cannot be read, or its length is no length: POSIX says nothing."},
    {.id = "address.length_out_of_range", .error = EINVAL, .when = LengthOutOfRange,
     .on = kLinux, .cites = "Linux move_addr_to_kernel()",
     .says = "The address's length is negative, or more than any address has."},
    {.id = "address.unreadable", .error = EFAULT, .when = AddressUnreadable,
     .on = kLinux, .cites = "Linux move_addr_to_kernel(); bind(2), connect(2) EFAULT",
     .says = "The address lies where the process has no memory."},
};

constexpr Clause kName[] = {
    {.id = "name.undefined", .when = NameUndefined,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX XSH 2.1.1: an invalid pointer is undefined",
     .says = "There is no place for the name: POSIX says nothing."},
    {.id = "name.length_unreadable", .error = EFAULT, .when = NameLengthUnreadable,
     .on = kLinux, .cites = "Linux move_addr_to_user()",
     .says = "The length lies where the process has no memory."},
    {.id = "name.length_negative", .error = EINVAL, .when = NameLengthNegative,
     .on = kLinux, .cites = "Linux move_addr_to_user(); getsockname(2) EINVAL",
     .says = "The place for the name has a negative length."},
    {.id = "name.unwritable", .error = EFAULT, .when = NameUnwritable,
     .on = kLinux, .until = {6, 2}, .cites = "Linux move_addr_to_user(); getsockname(2) EFAULT",
     .says = "The name cannot be written, and its length is not either."},
    {.id = "name.unwritable_length_told", .error = EFAULT, .when = NameUnwritable, .then = TellLength,
     .on = kLinux, .since = {6, 2},
     .cites = "observed on Linux 6.18: getsockname(s0, BAD_PTR, addrlen=4) = -1 EFAULT, addrlen=16",
     .says = "The name cannot be written, but its length is."},
};
// clang-format on

}  // namespace

std::span<const Clause> FailedClauses() { return kFailed; }
std::span<const Clause> NotOpenClauses() { return kNotOpen; }
std::span<const Clause> NotASocketClauses() { return kNotASocket; }
std::span<const Clause> AddressClauses() { return kAddress; }
std::span<const Clause> NameClauses() { return kName; }

bool NoFreeSlot(const Scene& s) { return s.world.nofile != 0 && s.LowestSlot() == kNone; }
bool LengthNegative(const Scene& s) { return s.call.length < 0; }
bool BadLengthPointer(const Scene& s) { return s.call.length_pointer != Pointer::kValid; }

uint8_t TakePendingError(Socket& socket) {
  const uint8_t error = socket.error;
  socket.error = 0;
  return error;
}

}  // namespace sockspec
