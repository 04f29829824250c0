// getsockopt() and setsockopt() at SOL_SOCKET.

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

#include "model/program/declarations.h"
#include "model/tables.h"

namespace sockspec {
namespace {

// Numbers from here on are no option of any kernel; smaller ones that have no name here are not modelled.
constexpr int32_t kNoSuchOption = 1000;

bool AtSocketLevel(const Scene& s) { return s.has_socket() && s.call.level == SOL_SOCKET; }
bool Is(const Scene& s, int32_t option) { return AtSocketLevel(s) && s.call.option == option; }
bool IsBuffer(const Scene& s) { return Is(s, SO_RCVBUF) || Is(s, SO_SNDBUF); }
bool OptionUnknown(const Scene& s) { return AtSocketLevel(s) && s.call.option >= kNoSuchOption; }

// --- getsockopt ---

bool LengthUnreadable(const Scene& s) { return AtSocketLevel(s) && BadLengthPointer(s); }
bool Negative(const Scene& s) { return AtSocketLevel(s) && LengthNegative(s); }
bool Known(const Scene& s) {
  if (!AtSocketLevel(s)) return false;
  for (const Token& token : SocketOptions()) {
    if (token.value == s.call.option) return true;
  }
  return false;
}
bool Unwritable(const Scene& s) {
  return Known(s) && s.call.pointer != Pointer::kValid && s.call.length > 0;
}
bool ErrorUnwritable(const Scene& s) { return Unwritable(s) && Is(s, SO_ERROR); }
bool GetUndefined(const Scene& s) {
  return s.has_socket() && (s.call.pointer != Pointer::kValid || BadLengthPointer(s) ||
                            s.call.length < 0);
}
bool GetsError(const Scene& s) { return Is(s, SO_ERROR); }
bool GetsAcceptconn(const Scene& s) { return Is(s, SO_ACCEPTCONN); }
bool GetsType(const Scene& s) { return Is(s, SO_TYPE); }
bool GetsDomain(const Scene& s) { return Is(s, SO_DOMAIN); }
bool GetsProtocol(const Scene& s) { return Is(s, SO_PROTOCOL); }
bool GetsReuseAddress(const Scene& s) { return Is(s, SO_REUSEADDR); }
bool GetsReusePort(const Scene& s) { return Is(s, SO_REUSEPORT); }
bool GetsKeepalive(const Scene& s) { return Is(s, SO_KEEPALIVE); }
bool GetsLinger(const Scene& s) { return Is(s, SO_LINGER); }
int32_t SetBufferSize(const Scene& s) {
  return s.call.option == SO_RCVBUF ? s.me().receive_buffer : s.me().send_buffer;
}
bool BufferWasSet(const Scene& s) { return IsBuffer(s) && SetBufferSize(s) > 0; }

void LoseError(Scene& s) { TakePendingError(s.me()); }
void TellError(Scene& s) {
  const bool failed = s.me().link == Link::kConnecting && s.me().tcp == Tcp::kClose;
  s.WriteOption(TakePendingError(s.me()));
  if (s.posix() && failed) MakeUnspecified(s.world, s.index);
}
void TellAcceptconn(Scene& s) { s.WriteOption(s.me().tcp == Tcp::kListen); }
void TellType(Scene& s) { s.WriteOption(s.me().kind == SocketKind::kUdp ? SOCK_DGRAM : SOCK_STREAM); }
void TellDomain(Scene& s) { s.WriteOption(AF_INET); }
void TellProtocol(Scene& s) { s.WriteOption(s.me().kind == SocketKind::kUdp ? IPPROTO_UDP : IPPROTO_TCP); }
void TellReuseAddress(Scene& s) { s.WriteOption(s.me().reuse_address); }
void TellReusePort(Scene& s) { s.WriteOption(s.me().reuse_port); }
void TellKeepalive(Scene& s) { s.WriteOption(s.me().keepalive); }
void TellLinger(Scene& s) {
  int32_t seconds = s.me().linger_seconds;
  if (seconds == INT32_MIN) {
    s.open = true;
    s.note = "as many seconds as the kernel can count";
    if (s.seen != nullptr) seconds = s.seen->seconds;
  }
  s.WriteOption(s.me().linger, seconds);
  if (s.open && s.call.length < 8) s.reply.seconds = seconds;
}
void TellSetBuffer(Scene& s) { s.WriteOption(SetBufferSize(s)); }

constexpr int32_t kSmallestReceiveBuffer = 2304;  // SOCK_MIN_RCVBUF
constexpr int32_t kSmallestSendBuffer = 4608;     // SOCK_MIN_SNDBUF
void TellChosenBuffer(Scene& s) {
  int32_t size = s.call.option == SO_RCVBUF ? 131072 : 16384;
  const int32_t least =
      s.call.option == SO_RCVBUF ? kSmallestReceiveBuffer : kSmallestSendBuffer;
  s.open = true;
  s.note = "any size that the kernel chose, at least its smallest";
  const bool whole = s.call.length >= 4;
  if (whole && s.seen != nullptr && (s.seen->wrote & kWroteValue) && s.seen->option >= least) {
    size = s.seen->option;
  }
  s.WriteOption(size);
  // Cut off, the size cannot be checked.
  if (!whole && s.seen != nullptr) s.reply.option = s.seen->option;
}

// --- setsockopt ---

bool SetLengthNegative(const Scene& s) { return s.call.length < 0; }
bool SetLengthShort(const Scene& s) { return AtSocketLevel(s) && s.call.length < 4; }
bool SetUnreadable(const Scene& s) { return AtSocketLevel(s) && s.call.pointer != Pointer::kValid; }
bool SetUndefined(const Scene& s) {
  return s.has_socket() && (s.call.pointer != Pointer::kValid || s.call.length < 0);
}
bool ShutDown(const Scene& s) { return s.has_socket() && s.me().user_shut == 3; }
bool SetsLinger(const Scene& s) { return Is(s, SO_LINGER); }
bool LingerShort(const Scene& s) { return SetsLinger(s) && s.call.length < 8; }
bool ReadOnly(const Scene& s) {
  return Is(s, SO_ERROR) || Is(s, SO_ACCEPTCONN) || Is(s, SO_TYPE) || Is(s, SO_DOMAIN) ||
         Is(s, SO_PROTOCOL);
}

void SetReuseAddress(Scene& s) { s.me().reuse_address = s.call.value != 0; }
void SetReusePort(Scene& s) { s.me().reuse_port = s.call.value != 0; }
void SetKeepalive(Scene& s) { s.me().keepalive = s.call.value != 0; }
// sk_setsockopt(): the seconds are only taken with l_onoff. Negative ones become MAX_SCHEDULE_TIMEOUT, which
// is another number of seconds with every clock rate.
constexpr int32_t kMostSeconds = INT32_MIN;
void SetLinger(Scene& s) {
  s.me().linger = s.call.value != 0;
  if (!s.me().linger) return;
  s.me().linger_seconds = s.call.seconds < 0 ? kMostSeconds : s.call.seconds;
}
// sk_setsockopt(): doubled for the kernel's own book-keeping, within net.core.rmem_max or wmem_max. Those
// are 212992 where nobody changed them; above, the size is what the kernel made of it (-1).
constexpr uint32_t kUsualLargest = 212992;
void SetBuffer(Scene& s) {
  const bool receive = s.call.option == SO_RCVBUF;
  const uint32_t wanted = static_cast<uint32_t>(s.call.value);
  int32_t size = -1;
  if (wanted <= kUsualLargest) {
    size = std::max(static_cast<int32_t>(wanted) * 2,
                    receive ? kSmallestReceiveBuffer : kSmallestSendBuffer);
  }
  (receive ? s.me().receive_buffer : s.me().send_buffer) = size;
  if (!receive) Wake(s.world, s.index, kWriteSpace);  // "Wake up sending tasks if we upped the value"
}

// clang-format off
constexpr Clause kGetsockopt[] = {
    {.id = "getsockopt.undefined", .when = GetUndefined,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX XSH 2.1.1: an invalid pointer is undefined",
     .says = "There is no place for the value: POSIX says nothing."},
    {.id = "getsockopt.length_unreadable", .error = EFAULT, .when = LengthUnreadable,
     .on = kLinux, .cites = "Linux sk_getsockopt(); getsockopt(2) EFAULT",
     .says = "The length lies where the process has no memory."},
    {.id = "getsockopt.length_negative", .error = EINVAL, .when = Negative,
     .on = kLinux, .cites = "Linux sk_getsockopt(); getsockopt(2) EINVAL",
     .says = "The place for the value has a negative length."},
    {.id = "getsockopt.unknown", .error = ENOPROTOOPT, .when = OptionUnknown,
     .cites = "POSIX getsockopt() ENOPROTOOPT; Linux sk_getsockopt()",
     .says = "There is no such option."},
    {.id = "getsockopt.error_unwritable", .error = EFAULT, .when = ErrorUnwritable, .then = LoseError,
     .on = kLinux, .cites = "Linux sk_getsockopt(): sock_error() comes before the copying",
     .says = "The pending error cannot be written, and is lost."},
    {.id = "getsockopt.unwritable", .error = EFAULT, .when = Unwritable,
     .on = kLinux, .cites = "Linux sk_getsockopt(); getsockopt(2) EFAULT",
     .says = "The value cannot be written."},
    {.id = "getsockopt.error", .when = GetsError, .then = TellError,
     .cites = "POSIX SO_ERROR; Linux sock_error()",
     .says = "The pending error, which is cleared."},
    {.id = "getsockopt.acceptconn", .when = GetsAcceptconn, .then = TellAcceptconn,
     .cites = "POSIX SO_ACCEPTCONN; Linux sk_getsockopt()",
     .says = "Whether the socket listens."},
    {.id = "getsockopt.type", .when = GetsType, .then = TellType,
     .cites = "POSIX SO_TYPE; Linux sk_getsockopt()",
     .says = "SOCK_STREAM or SOCK_DGRAM."},
    {.id = "getsockopt.domain", .when = GetsDomain, .then = TellDomain,
     .cites = "POSIX.1-2024 SO_DOMAIN; socket(7)",
     .says = "AF_INET."},
    {.id = "getsockopt.protocol", .when = GetsProtocol, .then = TellProtocol,
     .cites = "POSIX.1-2024 SO_PROTOCOL; socket(7)",
     .says = "IPPROTO_TCP or IPPROTO_UDP, also where socket() was given 0."},
    {.id = "getsockopt.reuse_address", .when = GetsReuseAddress, .then = TellReuseAddress,
     .cites = "POSIX SO_REUSEADDR; Linux sk_getsockopt()",
     .says = "1 or 0, as it was set; an accepted socket has its listener's."},
    {.id = "getsockopt.reuse_port", .when = GetsReusePort, .then = TellReusePort,
     .cites = "socket(7) SO_REUSEPORT; Linux sk_getsockopt()",
     .says = "1 or 0, as it was set; an accepted socket has its listener's."},
    {.id = "getsockopt.keepalive", .when = GetsKeepalive, .then = TellKeepalive,
     .cites = "POSIX SO_KEEPALIVE; Linux sk_getsockopt()",
     .says = "1 or 0, as it was set; an accepted socket has its listener's."},
    {.id = "getsockopt.linger", .when = GetsLinger, .then = TellLinger,
     .cites = "POSIX SO_LINGER; Linux sk_getsockopt()",
     .says = "Whether close() lingers, and the seconds last set with it."},
    {.id = "getsockopt.buffer_set", .when = BufferWasSet, .then = TellSetBuffer,
     .on = kLinux, .cites = "socket(7): \"The kernel doubles this value\"; Linux __sock_set_rcvbuf()",
     .says = "Twice what was set, and not less than the smallest buffer."},
    {.id = "getsockopt.buffer_chosen", .when = IsBuffer, .then = TellChosenBuffer,
     .cites = "POSIX SO_RCVBUF, SO_SNDBUF; tcp(7) on tcp_rmem and tcp_wmem",
     .says = "A size of the kernel's choice, which it changes as it goes."},
};

constexpr Clause kSetsockoptFirst[] = {
    {.id = "setsockopt.length_negative_first", .error = EINVAL, .when = SetLengthNegative,
     .on = kLinux, .until = {6, 2}, .cites = "Linux 6.1 __sys_setsockopt(); observed otherwise on 6.18: setsockopt(-1, …, len=-1) = -1 EBADF",
     .says = "The value has a negative length, which comes before the descriptor; on 6.18 after it."},
};

constexpr Clause kSetsockopt[] = {
    {.id = "setsockopt.undefined", .when = SetUndefined,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX XSH 2.1.1: an invalid pointer is undefined",
     .says = "The value cannot be read: POSIX says nothing."},
    {.id = "setsockopt.shut_down", .error = EINVAL, .when = ShutDown,
     .on = kPosix, .cites = "POSIX setsockopt() EINVAL: \"or the socket has been shut down\"",
     .says = "The socket has been shut down in both directions."},
    {.id = "setsockopt.length_short", .error = EINVAL, .when = SetLengthShort,
     .cites = "POSIX setsockopt() EINVAL; Linux sk_setsockopt()",
     .says = "The value is shorter than an int."},
    {.id = "setsockopt.unreadable", .error = EFAULT, .when = SetUnreadable,
     .on = kLinux, .cites = "Linux sk_setsockopt(); setsockopt(2) EFAULT",
     .says = "The value lies where the process has no memory."},
    {.id = "setsockopt.linger_short", .error = EINVAL, .when = LingerShort,
     .cites = "POSIX setsockopt() EINVAL; Linux sk_setsockopt()",
     .says = "The value is shorter than a struct linger."},
    {.id = "setsockopt.unknown", .error = ENOPROTOOPT, .when = OptionUnknown,
     .cites = "POSIX setsockopt() ENOPROTOOPT; Linux sk_setsockopt()",
     .says = "There is no such option."},
    {.id = "setsockopt.read_only", .error = ENOPROTOOPT, .when = ReadOnly,
     .cites = "POSIX setsockopt() ENOPROTOOPT; Linux sk_setsockopt()",
     .says = "The option can be read but not set."},
    {.id = "setsockopt.reuse_address", .when = GetsReuseAddress, .then = SetReuseAddress,
     .cites = "POSIX SO_REUSEADDR; socket(7)",
     .says = "Any value but 0 is yes."},
    {.id = "setsockopt.reuse_port", .when = GetsReusePort, .then = SetReusePort,
     .cites = "socket(7) SO_REUSEPORT",
     .says = "Any value but 0 is yes."},
    {.id = "setsockopt.keepalive", .when = GetsKeepalive, .then = SetKeepalive,
     .cites = "POSIX SO_KEEPALIVE; socket(7)",
     .says = "Any value but 0 is yes."},
    {.id = "setsockopt.linger", .when = SetsLinger, .then = SetLinger,
     .cites = "POSIX SO_LINGER; Linux sk_setsockopt()",
     .says = "The seconds are taken only where l_onoff is not 0."},
    {.id = "setsockopt.buffer", .when = IsBuffer, .then = SetBuffer,
     .cites = "POSIX SO_RCVBUF, SO_SNDBUF; socket(7)",
     .says = "A wish, which the kernel doubles and keeps within its bounds."},
};
// clang-format on

}  // namespace

std::span<const Clause> GetsockoptClauses() { return kGetsockopt; }
std::span<const Clause> SetsockoptFirstClauses() { return kSetsockoptFirst; }
std::span<const Clause> SetsockoptClauses() { return kSetsockopt; }

}  // namespace sockspec
