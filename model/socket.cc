// socket(): what kinds there are. The refusals hold for socketpair() too.

#include <errno.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include "model/tables.h"

namespace sockspec {
namespace {

constexpr int kTypeMask = 0xf;
constexpr int kTypes = 11;          // SOCK_MAX
constexpr int kFamilies = 46;       // AF_MAX
constexpr int kProtocols = 263;     // IPPROTO_MAX
constexpr int kMultipath = 262;     // IPPROTO_MPTCP, not modelled
constexpr int kEcho = 1;            // IPPROTO_ICMP: datagram sockets that ping, not modelled
constexpr int kEcho6 = 58;          // IPPROTO_ICMPV6, so too
constexpr int kLite = 136;          // IPPROTO_UDPLITE, not modelled
constexpr int kPacket = 10;         // SOCK_PACKET, of old: one of AF_PACKET

int Type(const Scene& s) { return s.call.type & kTypeMask; }
bool IsInternet(const Scene& s) { return s.call.domain == AF_INET || s.call.domain == AF_INET6; }
bool IsInternet6(const Scene& s) { return s.call.domain == AF_INET6; }
bool FlagsUnknown(const Scene& s) {
  return (s.call.type & ~kTypeMask & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != 0;
}
bool FamilyUnknown(const Scene& s) { return s.call.domain < 0 || s.call.domain >= kFamilies; }
bool TypeUnknown(const Scene& s) { return Type(s) >= kTypes; }
bool FamilyUnspecified(const Scene& s) { return s.call.domain == AF_UNSPEC; }
bool FamilyUnsupported(const Scene& s) { return FamilyUnknown(s) || FamilyUnspecified(s); }
bool ProtocolOutOfRange(const Scene& s) {
  return IsInternet(s) && (s.call.protocol < 0 || s.call.protocol >= kProtocols);
}
bool IsUnix(const Scene& s) { return s.call.domain == AF_UNIX; }
// POSIX leaves it to the implementation which protocols have numbers.
bool UnixProtocolUnsupported(const Scene& s) {
  return IsUnix(s) && s.call.protocol != 0 && s.call.protocol != PF_UNIX;
}
bool UnixProtocolNumbered(const Scene& s) { return IsUnix(s) && s.call.protocol == PF_UNIX; }
bool UnixRaw(const Scene& s) { return IsUnix(s) && Type(s) == SOCK_RAW; }
bool HasUnixType(const Scene& s) {
  return Type(s) == SOCK_STREAM || Type(s) == SOCK_DGRAM || Type(s) == SOCK_SEQPACKET || Type(s) == SOCK_RAW;
}
bool TypeUnsupported(const Scene& s) {
  return (IsInternet(s) && (Type(s) == 0 || Type(s) > SOCK_RAW) && Type(s) != kPacket) ||
         (IsUnix(s) && !HasUnixType(s));
}
bool ProtocolUnsupported(const Scene& s) {
  const int protocol = s.call.protocol;
  if (!IsInternet(s) || (Type(s) != SOCK_RAW && protocol == 0)) return false;
  switch (Type(s)) {
    case SOCK_STREAM: return protocol != IPPROTO_TCP && protocol != kMultipath;
    case SOCK_DGRAM:
      return protocol != IPPROTO_UDP && protocol != (s.call.domain == AF_INET6 ? kEcho6 : kEcho) && protocol != kLite;
    case SOCK_RAW: return protocol == 0 && s.linux();
    default: return false;
  }
}
// A protocol that the family has, but of another type: by POSIX that may be EPROTOTYPE too.
bool ProtocolOfAnotherType(const Scene& s) {
  return ProtocolUnsupported(s) && (s.call.protocol == IPPROTO_TCP || s.call.protocol == IPPROTO_UDP);
}
bool RawForbidden(const Scene& s) { return IsInternet(s) && Type(s) == SOCK_RAW && s.world.nobody; }
bool IsUdp(const Scene& s) {
  return IsInternet(s) && Type(s) == SOCK_DGRAM &&
         (s.call.protocol == 0 || s.call.protocol == IPPROTO_UDP);
}
bool IsTcp(const Scene& s) {
  return IsInternet(s) && Type(s) == SOCK_STREAM &&
         (s.call.protocol == 0 || s.call.protocol == IPPROTO_TCP);
}
bool IsUnixKind(const Scene& s) {
  return IsUnix(s) && HasUnixType(s) && (s.call.protocol == 0 || s.call.protocol == PF_UNIX);
}
bool MakesInternet6(const Scene& s) { return IsInternet6(s) && (IsTcp(s) || IsUdp(s)); }
bool IsModelled(const Scene& s) { return IsTcp(s) || IsUdp(s) || IsUnixKind(s); }
bool NoDescriptorLeft(const Scene& s) { return IsModelled(s) && NoFreeSlot(s); }

void Open(Scene& s) {
  const uint8_t made = NewSocket(s.world);
  if (s.world.lost != Lost::kNo) return;
  Socket& socket = s.world.sockets[made];
  socket.kind = SocketKindOf(s.call);
  socket.owned = true;
  socket.inet6 = IsInternet6(s);
  socket.address = socket.source = socket.remote = Wildcard(socket);
  socket.nonblocking = (s.call.type & SOCK_NONBLOCK) != 0;
  s.MakeDescriptor({Opens::kSocket, made, (s.call.type & SOCK_CLOEXEC) != 0});
}

// clang-format off
constexpr Clause kSocketFlags[] = {
    {.id = "socket.flags_unknown", .error = EINVAL, .when = FlagsUnknown,
     .on = kLinux, .cites = "Linux __sys_socket_create(); socket(2) EINVAL",
     .says = "The type has flags other than SOCK_NONBLOCK and SOCK_CLOEXEC."},
    {.id = "socket.flags_undefined", .error = EINVAL, .when = FlagsUnknown,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX socket(): only two flags are named",
     .says = "The type has flags that POSIX does not name."},
};

constexpr Clause kSocketKind[] = {
    {.id = "socket.family_unknown", .error = EAFNOSUPPORT, .when = FamilyUnknown,
     .on = kLinux, .cites = "Linux __sock_create(); socket(2) EAFNOSUPPORT",
     .says = "There is no such address family."},
    {.id = "socket.type_unknown", .error = EINVAL, .when = TypeUnknown,
     .on = kLinux, .cites = "Linux __sock_create(); socket(2) EINVAL",
     .says = "There is no such socket type."},
    {.id = "socket.family_unspecified", .error = EAFNOSUPPORT, .when = FamilyUnspecified,
     .on = kLinux, .cites = "Linux __sock_create(): no protocol family is registered for 0",
     .says = "AF_UNSPEC is not a family to make sockets of."},
    {.id = "socket.family_unsupported", .error = EAFNOSUPPORT, .when = FamilyUnsupported,
     .on = kPosix, .cites = "POSIX socket() EAFNOSUPPORT",
     .says = "The implementation does not support the address family."},
    {.id = "socket.inet6_unsupported", .error = EAFNOSUPPORT, .when = MakesInternet6,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX socket() EAFNOSUPPORT; IPv6 is an option (IP6)",
     .says = "The implementation has no IPv6."},
    {.id = "socket.protocol_out_of_range", .error = EINVAL, .when = ProtocolOutOfRange,
     .on = kLinux, .cites = "Linux inet_create()",
     .says = "The protocol's number is none that IP has."},
    {.id = "socket.protocol_invalid", .error = EINVAL, .when = ProtocolOutOfRange,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX XSH 2.3: further errors are allowed; EPROTONOSUPPORT is the listed one",
     .says = "The protocol's number is none that IP has."},
    {.id = "socket.unix_raw_unspecified", .when = UnixRaw,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX XSH 2.10.6: SOCK_RAW is optional, and nothing is said of AF_UNIX",
     .says = "A raw unix socket: POSIX says nothing."},
    {.id = "socket.unix_protocol_unsupported", .error = EPROTONOSUPPORT, .when = UnixProtocolUnsupported,
     .cites = "POSIX socket() EPROTONOSUPPORT; Linux unix_create()",
     .says = "Unix sockets know no protocol but 0 and, on Linux, PF_UNIX."},
    {.id = "socket.unix_protocol_numbered", .error = EPROTONOSUPPORT, .when = UnixProtocolNumbered,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX socket(): which protocols have a number is the implementation's choice",
     .says = "PF_UNIX is a protocol on Linux, and need not be one elsewhere."},
    {.id = "socket.type_unsupported", .error = ESOCKTNOSUPPORT, .when = TypeUnsupported,
     .on = kLinux, .cites = "Linux inet_create(), unix_create()",
     .says = "The family has no sockets of this type."},
    {.id = "socket.type_prototype", .error = EPROTOTYPE, .when = TypeUnsupported,
     .on = kPosix, .cites = "POSIX socket() EPROTOTYPE",
     .says = "The protocol does not support sockets of this type."},
    {.id = "socket.type_not_supported", .error = ESOCKTNOSUPPORT, .when = TypeUnsupported,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX XSH 2.3: further errors are allowed; POSIX.1-2024 names this one in <errno.h>",
     .says = "The family has no sockets of this type."},
    {.id = "socket.type_invalid", .error = EINVAL, .when = TypeUnknown,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX XSH 2.3: further errors are allowed; EPROTOTYPE is the listed one",
     .says = "There is no such socket type."},
    {.id = "socket.protocol_unsupported", .error = EPROTONOSUPPORT, .when = ProtocolUnsupported,
     .cites = "POSIX socket() EPROTONOSUPPORT; Linux inet_create()",
     .says = "Sockets of this family and type do not speak that protocol."},
    {.id = "socket.protocol_prototype", .error = EPROTOTYPE, .when = ProtocolOfAnotherType,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX socket() EPROTOTYPE: \"The socket type is not supported by the protocol\"",
     .says = "The protocol is there, for sockets of another type."},
    {.id = "socket.raw_forbidden", .error = EPERM, .when = RawForbidden,
     .on = kLinux, .cites = "socket(2), raw(7) EPERM; Linux inet_create() on CAP_NET_RAW",
     .says = "A raw socket is for those who have CAP_NET_RAW."},
};

constexpr Clause kSocket[] = {
    {.id = "socket.no_descriptor_left", .error = EMFILE, .when = NoDescriptorLeft,
     .cites = "POSIX socket() EMFILE; Linux sock_map_fd()",
     .says = "The process has as many descriptors open as it may."},
    {.id = "socket.open", .when = IsModelled, .then = Open,
     .cites = "POSIX socket(); Linux inet_create(), unix_create()",
     .says = "A new, unbound socket gets the lowest free descriptor."},
};
// clang-format on

}  // namespace

std::span<const Clause> SocketFlagsClauses() { return kSocketFlags; }
std::span<const Clause> SocketKindClauses() { return kSocketKind; }
std::span<const Clause> SocketClauses() { return kSocket; }

SocketKind SocketKindOf(const Call& call) {
  if (call.domain != AF_UNIX) {
    return (call.type & kTypeMask) == SOCK_DGRAM ? SocketKind::kUdp : SocketKind::kTcp;
  }
  switch (call.type & kTypeMask) {
    case SOCK_STREAM: return SocketKind::kUnixStream;
    case SOCK_SEQPACKET: return SocketKind::kUnixSeqpacket;
    default: return SocketKind::kUnixDatagram;  // also SOCK_RAW: unix_create() makes it one
  }
}

}  // namespace sockspec
