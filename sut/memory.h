// What the pointers of a call point at: good memory, none, and an address where nothing is mapped;
// and the room that a kernel writes to, poisoned, so that it shows what was written.
#ifndef SOCKSPEC_SUT_MEMORY_H_
#define SOCKSPEC_SUT_MEMORY_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "model/program/call.h"

namespace sockspec {

// In the first page, which Linux maps for nobody.
inline constexpr uintptr_t kBadAddress = 16;

template <class T>
T* Choose(Pointer pointer, T* valid) {
  switch (pointer) {
    case Pointer::kValid: return valid;
    case Pointer::kNull: return nullptr;
    case Pointer::kBad: return reinterpret_cast<T*>(kBadAddress);
  }
  __builtin_unreachable();
}

// Bytes to move.
inline size_t SizeOf(const Call& call) { return std::clamp(call.size, 0, kMaxTransfer); }

// What buffers hold before a call, to see what the call wrote.
inline constexpr unsigned char kPoison = 0xA5;
inline constexpr unsigned char kDataPoison = 0xFF;  // no byte of the pattern
inline constexpr int kRoom = 256;                   // that a kernel may overrun without harm to us

// Room for what a call writes through a pointer, poisoned. The first `kLooked` bytes are looked at.
template <int kLooked>
struct alignas(16) Written {
  static_assert(kLooked < kRoom);
  unsigned char bytes[kRoom];
  socklen_t length;

  void Prepare(int32_t given) {
    memset(bytes, kPoison, kLooked);
    length = static_cast<socklen_t>(given);
  }

  // How far up a byte was touched, at least `from` bytes up; 0 where none was.
  int TouchedUpTo(int from) const {
    static constexpr auto kUntouched = [] {
      std::array<unsigned char, kLooked> poison{};
      poison.fill(kPoison);
      return poison;
    }();
    if (memcmp(bytes + from, kUntouched.data(), kLooked - from) == 0) [[likely]] {
      return 0;
    }
    int end = kLooked;
    while (bytes[end - 1] == kPoison) --end;
    return end;
  }

  // How many of its first bytes the kernel says it wrote.
  int Said(int32_t given) const {
    return std::clamp<int>(std::min<int32_t>(given, static_cast<int32_t>(length)), 0, kLooked);
  }
};
using WrittenAddress = Written<kStorageLength>;
using WrittenOption = Written<128>;

// An address as a call is given it, and zeros after it.
union GivenAddress {
  sockaddr any;
  sockaddr_in in;
  sockaddr_in6 in6;
  sockaddr_un un;
  unsigned char room[kRoom];
};

// What one thread's calls point at.
struct Memory {
  GivenAddress address_in{.room = {}};
  WrittenAddress address_out;
  int32_t option_in[kRoom / 4] = {};
  WrittenOption option_out;
  iovec pieces[kMaxPieces];
  alignas(cmsghdr) unsigned char control[kRoom];
  epoll_event events[kMaxReady];
  std::vector<unsigned long> sets[3];  // select()'s; all bits are 0 between calls
  unsigned char data[kMaxTransfer + kRoom];  // all kDataPoison between calls
  int waits_on = -1;  // the stream of a call that waits, whose descriptor may be closed meanwhile

  Memory() { memset(data, kDataPoison, sizeof data); }
};

}  // namespace sockspec

#endif  // SOCKSPEC_SUT_MEMORY_H_
