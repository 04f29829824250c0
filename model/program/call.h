// A call: one socket call with its arguments, symbolic.
//
//     Call bind{.op = Op::kBind, .fd = Descriptor::Handle(0),
//               .address = {.host = Host::kLoopback, .port = Port::Program(0)}, .length = kExactLength};
//
// prints as `bind(s0, 127.0.0.1:P0)`. A Call is a flat record of every argument that any call has;
// declarations.h says which of them a call uses, in which order. What a call does not use keeps its
// default, so that two equal calls compare equal: also what a null or bad pointer points at (`address`,
// `value`, `seconds`; `length` where the pointer to it is not valid). Mend() in bytes.h sees to it. It is
// trivially copyable and allocates nothing.
//
// Nothing here is a number of one run's: descriptors, ports and addresses are names, and a kernel's
// launcher gives them numbers (sut/). Values that people know by a constant (AF_INET, MSG_PEEK) are
// kept as Linux numbers them on x86-64, and written by name everywhere.
#ifndef SOCKSPEC_MODEL_PROGRAM_CALL_H_
#define SOCKSPEC_MODEL_PROGRAM_CALL_H_

#include <cstdint>
#include <type_traits>

namespace sockspec {

// The calls. Their order is that of the byte form and never changes: new calls go to the end.
enum class Op : uint8_t {
  kSocket,
  kBind,
  kListen,
  kConnect,
  kAccept,
  kAccept4,
  kClose,
  kShutdown,
  kDup,
  kGetsockname,
  kGetpeername,
  kGetsockopt,
  kSetsockopt,
  kSend,
  kRecv,
  kRead,
  kWrite,
  kFcntl,
  kIoctl,
  kPoll,
  kSocketpair,
  kSendto,
  kRecvfrom,
  kSendmsg,
  kRecvmsg,
  kReadv,
  kWritev,
  kDup2,
  kDup3,
  kSelect,
  kEpollCreate1,
  kEpollCtl,
  kEpollWait,
};
inline constexpr int kOpCount = 33;

// Declaration::takes_descriptor(), without a look at the declaration: the model asks at every call.
inline bool TakesDescriptor(Op op) {
  return op != Op::kSocket && op != Op::kSocketpair && op != Op::kEpollCreate1;
}

inline constexpr int kMaxHandles = 32;       // s0 … s31
inline constexpr int kMaxProgramPorts = 8;   // P0 … P7
inline constexpr int kMaxChosenPorts = 24;   // E0 … E23
inline constexpr int kMaxPaths = 8;          // U0 … U7
inline constexpr int kMaxAbstractNames = 8;  // @A0 … @A7
inline constexpr int kMaxCalls = 128;        // in one program
inline constexpr int kMaxTransfer = 65536;   // bytes that one call may ask to move
inline constexpr int kMaxPieces = 1100;      // iovecs of one call: more than UIO_MAXIOV
inline constexpr int kMaxReady = 4;          // events that one epoll_wait may ask for

// What stands where a descriptor is expected.
struct Descriptor {
  uint8_t code = 0;  // 0 … 31 a handle; the named ones below

  static constexpr Descriptor Handle(int n) { return {static_cast<uint8_t>(n)}; }
  constexpr bool IsHandle() const { return code < kMaxHandles; }
  constexpr int handle() const { return code; }
  friend constexpr bool operator==(Descriptor, Descriptor) = default;
};
inline constexpr Descriptor kMinusOne{200};   // -1
inline constexpr Descriptor kNeverOpen{201};  // NEVER: a number in range that never was a descriptor
inline constexpr Descriptor kFile{202};       // FILE: a regular file, open for reading
inline constexpr Descriptor kPipe{203};       // PIPE: the read end of a pipe
inline constexpr uint8_t kNoHandle = 255;     // Call::made of a call that makes no descriptor

// What a pointer argument points at. kBad is an address in the process's own range with nothing
// mapped there, so that a kernel finds out when it copies, not before.
enum class Pointer : uint8_t { kValid, kNull, kBad };

// The hosts that a program may name. The sandbox (sut/) makes each of them true. Which host it is says how
// the address is laid out: struct sockaddr_in, sockaddr_in6 or sockaddr_un. The order is that of the byte form.
enum class Host : uint8_t {
  // sockaddr_in
  kAny,             // 0.0.0.0
  kLoopback,        // 127.0.0.1
  kLoopback2,       // 127.0.0.2: ours too, and another address than 127.0.0.1
  kBroadcast,       // 255.255.255.255
  kMulticast,       // 224.0.0.1
  kNotOurs,         // NOT_OURS, 192.0.2.1: no interface has it and no route leads to it
  kUnreachable,     // UNREACHABLE, 198.51.100.1: an unreachable route leads to it
  kBlackhole,       // BLACKHOLE, 203.0.113.1: a blackhole route leads to it
  kLocalBroadcast,  // 127.255.255.255: the loopback network's broadcast address
  kProhibited,      // PROHIBITED, 198.18.0.1: a prohibit route leads to it
  kSilent,          // SILENT, 198.19.0.1: packets go out and nobody answers
  // sockaddr_in6
  kAny6,          // [::]
  kLoopback6,     // [::1]
  kMulticast6,    // [ff02::1]
  kLinkLocal6,    // [fe80::1], without a scope
  kNotOurs6,      // NOT_OURS6, 2001:db8::1: no route leads to it
  kUnreachable6,  // UNREACHABLE6, 2001:db8:1::1: an unreachable route leads to it
  kBlackhole6,    // BLACKHOLE6, 2001:db8:2::1: a blackhole route leads to it
  kProhibited6,   // PROHIBITED6, 2001:db8:3::1: a prohibit route leads to it
  // sockaddr_in6 with an IPv4 address in it, [::ffff:127.0.0.1] and so on: kMappedAny + the IPv4 host
  kMappedAny,
  kMappedLoopback,
  kMappedLoopback2,
  kMappedBroadcast,
  kMappedMulticast,
  kMappedNotOurs,
  kMappedUnreachable,
  kMappedBlackhole,
  kMappedLocalBroadcast,
  kMappedProhibited,
  kMappedSilent,
  // sockaddr_un
  kUnix,   // the name is Address::name
  kOther,  // OTHER: only in replies, an address that no name stands for
};
inline constexpr int kHostCount = 31;  // without kOther

constexpr bool IsIpv4(Host host) { return host < Host::kAny6; }
constexpr bool IsIpv6(Host host) { return host >= Host::kAny6 && host < Host::kUnix; }
constexpr bool IsMapped(Host host) { return host >= Host::kMappedAny && host < Host::kUnix; }
// The IPv4 host in a mapped one, and the mapped form of an IPv4 host; any other host stays as it is.
constexpr Host Unmapped(Host host) {
  return IsMapped(host) ? static_cast<Host>(static_cast<int>(host) - static_cast<int>(Host::kMappedAny)) : host;
}
constexpr Host Mapped(Host host) {
  return IsIpv4(host) ? static_cast<Host>(static_cast<int>(host) + static_cast<int>(Host::kMappedAny)) : host;
}

// The name of a unix socket. The bytes of each stand in unix_name.h.
struct UnixName {
  uint8_t code = 0;

  static constexpr UnixName Path(int n) { return {static_cast<uint8_t>(1 + n)}; }        // U0 … U7
  static constexpr UnixName Abstract(int n) { return {static_cast<uint8_t>(16 + n)}; }   // @A0 … @A7
  static constexpr UnixName Chosen(int n) { return {static_cast<uint8_t>(32 + n)}; }     // @E0 … @E23
  constexpr bool IsPath() const { return code >= 1 && code < 1 + kMaxPaths; }
  constexpr bool IsAbstract() const { return code >= 16 && code < 16 + kMaxAbstractNames; }
  constexpr bool IsChosen() const { return code >= 32 && code < 56; }
  constexpr int path() const { return code - 1; }
  constexpr int abstract() const { return code - 16; }
  constexpr int chosen() const { return code - 32; }
  friend constexpr bool operator==(UnixName, UnixName) = default;
};
inline constexpr UnixName kUnnamed{0};        // UNNAMED: no more than the family
inline constexpr UnixName kMissingDir{64};    // MISSING_DIR: in a directory that is not there
inline constexpr UnixName kNotADir{65};       // NOT_A_DIR: in a directory that is a regular file
inline constexpr UnixName kLinkLoop{66};      // LINK_LOOP: through a symbolic link to itself
inline constexpr UnixName kLongName{67};      // LONG_NAME: through a symbolic link to a name of 300 letters
inline constexpr UnixName kLockedDir{68};     // LOCKED_DIR: in a directory that nobody may search
inline constexpr UnixName kReadOnlyDir{69};   // READ_ONLY: on a file system that is mounted read-only
inline constexpr UnixName kRegularFile{70};   // REGULAR: a regular file
inline constexpr UnixName kNameOther{255};    // OTHER: only in replies, a name that the program did not give

// A port by name.
struct Port {
  uint8_t code = 0;

  static constexpr Port Program(int n) { return {static_cast<uint8_t>(1 + n)}; }  // P0 … P7
  static constexpr Port Chosen(int n) { return {static_cast<uint8_t>(32 + n)}; }  // E0 … E23
  constexpr bool IsProgram() const { return code >= 1 && code < 1 + kMaxProgramPorts; }
  constexpr bool IsChosen() const { return code >= 32 && code < 32 + kMaxChosenPorts; }
  constexpr int program() const { return code - 1; }
  constexpr int chosen() const { return code - 32; }
  friend constexpr bool operator==(Port, Port) = default;
};
inline constexpr Port kPortZero{0};         // 0: "choose one for me"
inline constexpr Port kPortPrivileged{20};  // PRIVILEGED: below 1024; the sandbox makes no port privileged
inline constexpr Port kPortOther{255};      // OTHER: only in replies, neither a P nor in the ephemeral range

// A socket address as the caller wrote it, and the pointer to it.
struct Address {
  int16_t family = 2;  // AF_INET
  Host host = Host::kAny;
  Port port;                // not of kUnix
  bool dirty_tail = false;  // sin_zero holds 0xA5 bytes
  UnixName name;            // of kUnix
  friend constexpr bool operator==(const Address&, const Address&) = default;
};
inline constexpr int32_t kExactLength = 16;      // sizeof(struct sockaddr_in)
inline constexpr int32_t kExactLength6 = 28;     // sizeof(struct sockaddr_in6)
inline constexpr int32_t kStorageLength = 128;   // sizeof(struct sockaddr_storage): the usual room for an answer

// A call with threads is one line, or the two halves of a call that was seen to block. The second half is a
// copy of the first but for `part`.
inline constexpr int kMaxThreads = 8;  // t0 … t7
enum class Part : uint8_t { kWhole, kUnfinished, kResumed };

struct Call {
  Op op = Op::kSocket;
  uint8_t thread = 0;          // t0 … t7; t0 is not written
  Part part = Part::kWhole;
  uint8_t made = kNoHandle;    // the handle that a success is named by (socket, accept, accept4, dup, …)
  uint8_t made2 = kNoHandle;   // socketpair's second
  Descriptor fd;               // of every call but socket, socketpair and epoll_create1
  Descriptor fd2;              // dup2's and dup3's target, what epoll_ctl is about, what SCM_RIGHTS passes
  Pointer pointer = Pointer::kValid;         // to the address or the option's value
  Pointer length_pointer = Pointer::kValid;  // to a value-result length
  Pointer buffer = Pointer::kValid;          // to the bytes to move
  Address address;
  int32_t length = 0;    // bytes: addrlen, optlen
  int32_t size = 0;      // bytes to move: send, recv, read, write; 0 … kMaxTransfer
  int32_t flags = 0;     // MSG_*, SOCK_* of accept4, POLL*
  int32_t domain = 0;    // of socket
  int32_t type = 0;      // of socket, with SOCK_NONBLOCK and SOCK_CLOEXEC
  int32_t protocol = 0;  // of socket
  int32_t level = 0;     // of getsockopt, setsockopt
  int32_t option = 0;    // of getsockopt, setsockopt
  int32_t command = 0;   // fcntl's command, ioctl's request, shutdown's how
  int32_t value = 0;     // listen's backlog, an option's value, the argument of fcntl and ioctl; l_onoff; maxevents
  int32_t seconds = 0;   // l_linger, tv_usec of a timeout
  int32_t control = 0;   // of sendmsg: 0 or SCM_RIGHTS
  int32_t pieces = 1;    // of sendmsg, recvmsg, readv, writev: how many iovecs the bytes are spread over
  int32_t timeout = 0;   // of poll, select, epoll_wait: milliseconds to wait, -1 for ever
  friend constexpr bool operator==(const Call&, const Call&) = default;
};
static_assert(std::is_trivially_copyable_v<Call> && sizeof(Call) <= 96);

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_PROGRAM_CALL_H_
