// Calls that wait in other threads: what wakes them, and what they hold meanwhile. Whether one that was woken
// still has to wait, its own clauses say (oracle.cc, Settle()): on Linux a call that sleeps looks again, from the
// same point on, at whatever it slept for.

#include <poll.h>
#include <sys/socket.h>

#include "model/option_table.h"
#include "model/tables.h"

namespace sockspec {
namespace {

bool Accepts(Op op) { return op == Op::kAccept || op == Op::kAccept4; }
bool Moves(Op op) { return (Ops(op) & (kOpSends | kOpReceives)) != 0; }
bool Sends(Op op) { return (Ops(op) & (kOpSends | Ops(Op::kConnect))) != 0; }

// Whether it waits in __skb_wait_for_more_packets(): unix_accept() does, too.
bool TakesMessages(const Scene& s) {
  if (!s.has_socket()) return false;
  if (Accepts(s.call.op)) return IsUnix(s.me().kind);
  return Moves(s.call.op) && (IsDatagram(s.me().kind) || s.me().kind == SocketKind::kUnixSeqpacket);
}

// pollwake(), wait_key_set(), receiver_wake_function(): a wake-up for other events is passed over.
int16_t KeyOf(const Scene& s) {
  const Call& call = s.call;
  if (call.op == Op::kPoll) return static_cast<int16_t>(call.flags | POLLERR | POLLHUP);
  if (call.op != Op::kSelect) return TakesMessages(s) ? POLLIN | POLLERR : 0;
  constexpr int kRead = 1;
  constexpr int kWrite = 2;
  int key = POLLPRI;
  if (call.flags & kRead) key |= kReadable | POLLRDBAND | POLLHUP | POLLERR;
  if (call.flags & kWrite) key |= kWritable | POLLWRBAND | POLLERR;
  return static_cast<int16_t>(key);
}

// inet_csk_wait_for_connect(), __skb_wait_for_more_packets(), ep_poll(): of these the kernel wakes one at a time.
bool IsExclusive(const Scene& s) {
  const Op op = s.call.op;
  return Accepts(op) || op == Op::kEpollWait || TakesMessages(s);
}

// Whether the model knows what wakes it. Of unix sockets it does not know who waits for room.
bool IsFollowed(const Scene& s) {
  return !s.has_socket() || !IsUnix(s.me().kind) || !Sends(s.call.op);
}

}  // namespace

void Wait(Scene& s, const Reply& reply) {
  World& world = s.world;
  Waiting* free = nullptr;
  for (Waiting& waiting : world.waiting) {
    if (!waiting.live && free == nullptr) free = &waiting;
  }
  if (free == nullptr) {
    world.lost = Lost::kFull;
    return;
  }
  *free = {.live = true,
           .followed = IsFollowed(s),
           .exclusive = IsExclusive(s),
           .thread = s.call.thread,
           .turn = world.waiting_turn++,
           .socket = s.index,
           .epoll = s.epoll,
           .key = KeyOf(s),
           .reply = reply};
  ++world.waiting_live;
  if (!Accepts(s.call.op)) return;
  // __sys_accept4_file() takes the lowest free number before it looks for a connection.
  free->reserved = s.LowestSlot();
  if (free->reserved != kNone) world.slots[free->reserved] = {.opens = Opens::kReserved};
}

Waiting* WaitingOf(World& world, uint8_t thread) {
  for (Waiting& waiting : world.waiting) {
    if (waiting.live && waiting.thread == thread) return &waiting;
  }
  return nullptr;
}

void StopWaiting(World& world, Waiting& waiting) {
  if (waiting.reserved != kNone && world.slots[waiting.reserved].opens == Opens::kReserved) {
    world.slots[waiting.reserved] = {};
  }
  const uint8_t socket = waiting.socket;
  waiting.returned = true;
  waiting.reserved = waiting.socket = waiting.epoll = kNone;
  if (socket != kNone && world.sockets[socket].live && Holders(world, socket) == 0) Release(world, socket);
  if (world.epolls_live != 0) SettleEpolls(world);
}

void WakeWaiting(World& world, uint8_t socket, int16_t key) {
  for (Waiting& waiting : world.waiting) {
    if (!waiting.live || waiting.returned || waiting.socket != socket) continue;
    if (key != kAnyReason && waiting.key != 0 && (key & waiting.key) == 0) continue;
    // sk_state_change() wakes all; the others wake those that are not exclusive, and one that is.
    waiting.woken |= !waiting.exclusive || key == kAnyReason;
  }
  if (key == kAnyReason) return;
  Waiting* first = nullptr;
  for (Waiting& waiting : world.waiting) {
    if (!waiting.live || waiting.returned || waiting.woken || !waiting.exclusive || waiting.socket != socket) continue;
    if (waiting.key != 0 && (key & waiting.key) == 0) continue;
    if (first == nullptr || waiting.turn < first->turn) first = &waiting;
  }
  if (first != nullptr) first->woken = true;
}

// ep_poll() puts itself in front of those that wait already, so the last one comes first.
void WakeEpollWaiter(World& world, uint8_t epoll, const Waiting* waker) {
  if (world.waiting_live == 0) return;
  Waiting* last = nullptr;
  bool woken = false;
  for (Waiting& waiting : world.waiting) {
    if (!waiting.live || waiting.returned || waiting.epoll != epoll || &waiting == waker) continue;
    if (waiting.woken) {
      // Two are awake at once: whether the first has taken an event before the second one is woken by another,
      // nobody can tell.
      woken = true;
      continue;
    }
    if (last == nullptr || waiting.turn > last->turn) last = &waiting;
  }
  if (last == nullptr) return;
  last->woken = true;
  if (woken) world.lost = Lost::kThreads;
}

void MarkDissolved(World& world, uint8_t socket) {
  for (Waiting& waiting : world.waiting) {
    if (waiting.live && !waiting.returned && waiting.socket == socket) waiting.dissolved = true;
  }
}

bool DissolvedMeanwhile(const Scene& s) { return s.resumed() && s.waiting->dissolved; }

}  // namespace sockspec
