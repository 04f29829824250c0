// socketpair(): two unix sockets that are connected to each other. What kinds there are stands in socket.cc.

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "model/tables.h"

namespace sockspec {
namespace {

// Both descriptors are taken before anything is made.
bool NoTwoDescriptorsLeft(const Scene& s) {
  const int slots = s.world.nofile == 0 ? kMaxHandles : s.world.nofile;
  int free = 0;
  for (int i = 0; i < slots; ++i) free += s.world.slots[i].opens == Opens::kNothing;
  return free < 2;
}
bool NoPairs(const Scene& s) {
  const int type = s.call.type & 0xf;
  const int protocol = type == SOCK_STREAM ? int{IPPROTO_TCP} : int{IPPROTO_UDP};
  const bool internet = s.call.domain == AF_INET || s.call.domain == AF_INET6;
  return internet && (type == SOCK_STREAM || type == SOCK_DGRAM) &&
         (s.call.protocol == 0 || s.call.protocol == protocol);
}
bool IsUnixPair(const Scene& s) { return s.call.domain == AF_UNIX; }

void OpenBoth(Scene& s) {
  const bool nonblocking = (s.call.type & SOCK_NONBLOCK) != 0;
  const bool close_on_exec = (s.call.type & SOCK_CLOEXEC) != 0;
  uint8_t made[2];
  for (uint8_t& end : made) {
    end = NewSocket(s.world);
    if (s.world.lost != Lost::kNo) return;
    Socket& socket = s.world.sockets[end];
    socket.kind = SocketKindOf(s.call);
    socket.owned = true;
    socket.nonblocking = nonblocking;
    socket.tcp = Tcp::kEstablished;
    socket.link = Link::kConnected;
  }
  for (int i = 0; i < 2; ++i) {
    s.world.sockets[made[i]].peer = made[1 - i];
    const uint8_t slot = s.LowestSlot();
    if (slot == kNone) {
      s.world.lost = Lost::kFull;
      return;
    }
    s.world.slots[slot] = {Opens::kSocket, made[i], close_on_exec};
    const uint8_t handle = i == 0 ? s.call.made : s.call.made2;
    if (handle != kNoHandle) s.world.handles[handle] = slot;
    if (i == 0) {
      s.reply.value = slot;
    } else {
      s.reply.slot = slot;
    }
  }
}

// clang-format off
constexpr Clause kSocketpairFirst[] = {
    {.id = "socketpair.no_descriptors_left", .error = EMFILE, .when = NoTwoDescriptorsLeft,
     .cites = "POSIX socketpair() EMFILE; Linux __sys_socketpair(), before any socket is made",
     .says = "The process may not open two descriptors more, and keeps none."},
};

constexpr Clause kSocketpair[] = {
    {.id = "socketpair.no_pairs", .error = EOPNOTSUPP, .when = NoPairs,
     .cites = "POSIX socketpair() EOPNOTSUPP; Linux sock_no_socketpair()",
     .says = "Sockets of this family do not come in pairs."},
    {.id = "socketpair.open", .when = IsUnixPair, .then = OpenBoth,
     .cites = "POSIX socketpair(); Linux unix_socketpair()",
     .says = "Two unnamed sockets, connected to each other, get the two lowest free descriptors."},
};
// clang-format on

}  // namespace

std::span<const Clause> SocketpairFirstClauses() { return kSocketpairFirst; }
std::span<const Clause> SocketpairClauses() { return kSocketpair; }

}  // namespace sockspec
