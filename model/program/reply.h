// A reply: what came back from a call, a value or an errno, and what was written through pointers.
//
//     Reply refused{.error = ECONNREFUSED};          prints as `-1 ECONNREFUSED`
//     Reply five{.value = 5, .data = {0, 5}};         prints as `5, data=[0,5)`
//
// Addresses and ports are names (call.h). The kernel's launcher gives a port that the kernel chose the
// next free E name when it first sees it.
#ifndef SOCKSPEC_MODEL_PROGRAM_REPLY_H_
#define SOCKSPEC_MODEL_PROGRAM_REPLY_H_

#include <cstdint>
#include <type_traits>

#include "model/program/call.h"

namespace sockspec {

// Bits of Reply::wrote: what came back beside the value. The order is that of printing.
enum Wrote : uint16_t {
  kWroteAddress = 1,        // addr=
  kWroteAddressLength = 2,  // addrlen=, in bytes; written where it differs from the length that addr= has
  kWroteValue = 4,          // value=
  kWroteLength = 8,         // len=, in bytes; written where it differs from the option's own size
  kWroteData = 16,          // data=
  kWroteEvents = 32,        // revents=
  kWroteSignal = 64,        // signal=SIGPIPE
  kBlocksOnly = 128,        // in what is said: `blocks`, and nothing of what the interruption gave
  kWroteFlags = 256,        // flags=, of recvmsg: MSG_TRUNC, MSG_CTRUNC, MSG_EOR, …; written where it is not 0
  kWroteRights = 512,       // rights=s5: a descriptor came along, named by Call::made
  kWroteReady = 1024,       // ready=, of epoll_wait
};

// The bytes that a receiving call wrote, as positions in the sender's stream: [start, start + size).
// The byte at position p is p % 251, so a launcher knows `start` only modulo 251 and says so by giving
// it as start < 251; the oracle compares modulo 251 and a report prints the position that was expected.
struct Data {
  uint32_t start = 0;
  uint32_t size = 0;
  bool garbled = false;  // the bytes do not follow one another
  friend constexpr bool operator==(const Data&, const Data&) = default;
};
inline constexpr uint32_t kPatternPeriod = 251;

struct Reply {
  int16_t error = 0;     // an errno, or 0
  bool blocked = false;  // the call was seen to block, and `error` or `value` came after an interruption
  uint8_t address_size = 0;  // see below
  uint16_t wrote = 0;    // Wrote bits
  int32_t value = 0;     // where error is 0; of a call that makes a descriptor: its slot (kernel.h), from 0;
                         // of socketpair: the first one's slot (it is written 0); of dup2 and dup3: fd2's slot
  Host host = Host::kAny;  // addr=
  Port port;               // addr=
  UnixName name;           // addr=, of kUnix
  uint8_t slot = kNoHandle;  // of socketpair: the second one's slot; of rights=: the descriptor's
  // address_size: how much of addr= arrived, in bytes, rounded down to what can be told apart.
  //   sockaddr_in   16 all · 8 family, port and host · 4 family and port · 2 family
  //   sockaddr_in6  28 all · 24 all but the scope · 4 family and port · 2 family
  //   sockaddr_un   ExactLength(name): 2 of UNNAMED, which also stands for a name that was cut off, and of OTHER
  // kWroteAddressLength, after a success with a pointer: where the length told is none of 16 (sockaddr_in, and
  // where no address came), 28 (sockaddr_in6) and ExactLength(name). So `addr=UNNAMED, addrlen=5` is U0's address
  // cut off, `addr=U0, addrlen=4` that path without its zero byte, and `addrlen=0` no address at all, as recvfrom()
  // on a connected stream tells. Else: where the length is not the one that was given.
  int16_t family = 0;      // addr=, the sa_family that was written
  int16_t events = 0;      // revents=
  int32_t address_length = 0;  // addrlen=
  int32_t option = 0;          // value=: an option's value, l_onoff, FIONREAD, SIOCATMARK
  int32_t seconds = 0;         // value=: l_linger
  int32_t option_length = 0;   // len=
  Data data;
  int32_t flags = 0;           // flags=
  // ready=, of epoll_wait: as many as `value` says, in the order in which they came.
  struct Ready {
    Descriptor fd;  // as epoll_ctl named it
    int16_t events = 0;
    friend constexpr bool operator==(const Ready&, const Ready&) = default;
  } ready[kMaxReady] = {};
  friend constexpr bool operator==(const Reply&, const Reply&) = default;
};
static_assert(std::is_trivially_copyable_v<Reply>);

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_PROGRAM_REPLY_H_
