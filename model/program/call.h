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
};
inline constexpr int kOpCount = 20;

inline constexpr int kMaxHandles = 32;       // s0 … s31
inline constexpr int kMaxProgramPorts = 8;   // P0 … P7
inline constexpr int kMaxChosenPorts = 24;   // E0 … E23
inline constexpr int kMaxCalls = 128;        // in one program
inline constexpr int kMaxTransfer = 65536;   // bytes that one call may ask to move

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

// The hosts that a program may name. The sandbox (sut/) makes each of them true.
enum class Host : uint8_t {
  kAny,          // 0.0.0.0
  kLoopback,     // 127.0.0.1
  kLoopback2,    // 127.0.0.2: ours too, and another address than 127.0.0.1
  kBroadcast,    // 255.255.255.255
  kMulticast,    // 224.0.0.1
  kNotOurs,      // NOT_OURS, 192.0.2.1: no interface has it and no route leads to it
  kUnreachable,  // UNREACHABLE, 198.51.100.1: an unreachable route leads to it
  kBlackhole,    // BLACKHOLE, 203.0.113.1: a blackhole route leads to it
  kOther,        // OTHER: only in replies, an address that no name stands for
};
inline constexpr int kHostCount = 8;  // without kOther

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
  Port port;
  bool dirty_tail = false;  // sin_zero holds 0xA5 bytes
  friend constexpr bool operator==(const Address&, const Address&) = default;
};
inline constexpr int32_t kExactLength = 16;  // sizeof(struct sockaddr_in)

// A call with threads is one line, or the two halves of a call that was seen to block. The second half is a
// copy of the first but for `part`.
inline constexpr int kMaxThreads = 8;  // t0 … t7
enum class Part : uint8_t { kWhole, kUnfinished, kResumed };

struct Call {
  Op op = Op::kSocket;
  uint8_t thread = 0;          // t0 … t7; t0 is not written
  Part part = Part::kWhole;
  uint8_t made = kNoHandle;    // the handle that a success is named by (socket, accept, accept4, dup)
  Descriptor fd;               // of every call but socket
  Pointer pointer = Pointer::kValid;         // to the address, the option's value or the buffer
  Pointer length_pointer = Pointer::kValid;  // to a value-result length
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
  int32_t value = 0;     // listen's backlog, an option's value, the argument of fcntl and ioctl; l_onoff
  int32_t seconds = 0;   // l_linger
  friend constexpr bool operator==(const Call&, const Call&) = default;
};
static_assert(std::is_trivially_copyable_v<Call> && sizeof(Call) <= 72);

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_PROGRAM_CALL_H_
