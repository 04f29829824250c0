// poll() of one descriptor, without waiting.

#include <poll.h>

#include "model/tables.h"

namespace sockspec {
namespace {

constexpr int16_t kReadEnd = 0x2000;  // POLLRDHUP
constexpr int16_t kReadable = POLLIN | 0x40;    // and POLLRDNORM
constexpr int16_t kWritable = POLLOUT | 0x100;  // and POLLWRNORM
constexpr uint8_t kReceive = 1;
constexpr uint8_t kSend = 2;

bool IsNegative(const Scene& s) {
  return s.call.fd == kMinusOne ||
         (s.call.fd.IsHandle() && s.world.handles[s.call.fd.handle()] == kNone);
}
bool NotOpen(const Scene& s) { return s.opens == Opens::kNothing && !IsNegative(s); }

// tcp_poll(), inet_csk_listen_poll()
int16_t Ready(const Scene& s) {
  const Socket& socket = s.me();
  if (socket.tcp == Tcp::kListen) return FirstInQueue(s.world, s.index) == kNone ? 0 : kReadable;
  int16_t ready = 0;
  if (socket.shut == (kReceive | kSend) || socket.tcp == Tcp::kClose) ready |= POLLHUP;
  if (socket.shut & kReceive) ready |= kReadable | kReadEnd;
  if (socket.tcp != Tcp::kSynSent) {
    if (Unread(socket) > 0) ready |= kReadable;
    ready |= kWritable;
  }
  if (socket.error != 0) ready |= POLLERR;
  return ready;
}
int16_t Asked(const Scene& s) {
  return static_cast<int16_t>(s.call.flags | POLLERR | POLLHUP | POLLNVAL);
}
bool Modelled(const Scene& s) { return s.has_socket(); }
bool IsReady(const Scene& s) { return Modelled(s) && (Ready(s) & Asked(s)) != 0; }

bool HungUp(const Scene& s) { return Modelled(s) && (Ready(s) & POLLHUP) != 0; }

void TellEvents(Scene& s, int16_t events) {
  s.reply.value = 1;
  s.reply.wrote |= kWroteEvents;
  s.reply.events = events;
}
void TellNotOpen(Scene& s) { TellEvents(s, POLLNVAL); }
void TellReady(Scene& s) { TellEvents(s, Ready(s) & Asked(s)); }
// Where a buffer is small or full, bytes that are under way and room to write come when they come.
bool Unsteady(const Scene& s) {
  if (!Modelled(s) || s.me().tcp == Tcp::kListen || s.me().tcp == Tcp::kSynSent) return false;
  if (s.me().late > 0) return true;
  return s.me().peer != kNone && (s.world.sockets[s.me().peer].late > 0 || s.world.sockets[s.me().peer].crowded);
}
void TellUnsteady(Scene& s) {
  int16_t events = Ready(s) & Asked(s);
  s.open = true;
  s.note = "POLLIN and POLLOUT may come later";
  if (s.seen != nullptr) {
    const Socket& socket = s.me();
    int16_t free = 0;
    if (socket.late > 0 && Unread(socket) == 0 && !(socket.shut & kReceive)) free |= kReadable;
    if (!(socket.shut & kSend)) free |= kWritable;
    free &= s.call.flags;
    events = static_cast<int16_t>((events & ~free) | (s.seen->events & free));
  }
  if (events != 0) TellEvents(s, events);
}

// POSIX does not say which sockets have hung up, only that such a one is not writable.
void TellHungUp(Scene& s) {
  int16_t events = Ready(s) & Asked(s);
  s.open = true;
  s.note = "POLLHUP or POLLOUT, not both";
  const bool writable = s.seen != nullptr && !(s.seen->events & POLLHUP);
  events = static_cast<int16_t>(events & ~(writable ? POLLHUP : kWritable));
  if (events != 0) TellEvents(s, events);
}

// clang-format off
constexpr Clause kPoll[] = {
    {.id = "poll.ignored", .when = IsNegative,
     .cites = "POSIX poll(): a negative descriptor is ignored; poll(2)",
     .says = "The descriptor is negative, and is passed over."},
    {.id = "poll.not_open", .when = NotOpen, .then = TellNotOpen,
     .cites = "POSIX poll() POLLNVAL; poll(2)",
     .says = "The descriptor is not open, which poll() tells as an event."},
    {.id = "poll.hung_up", .when = HungUp, .then = TellHungUp,
     .on = kPosix,
     .cites = "POSIX poll() POLLHUP: \"This event and POLLOUT are mutually-exclusive\"",
     .says = "A socket that has hung up is not writable."},
    // Two replies are right here: bytes that small buffers hold up arrive by a timer.
    {.id = "poll.unsteady", .when = Unsteady, .then = TellUnsteady,
     .cites = "Linux tcp_poll(), sk_stream_is_writeable()",
     .says = "Bytes are under way: POLLIN and POLLOUT may come later."},
    {.id = "poll.ready", .when = IsReady, .then = TellReady,
     .cites = "POSIX poll(); Linux tcp_poll(), inet_csk_listen_poll()",
     .says = "What is ready of what was asked for, with POLLERR and POLLHUP unasked."},
    {.id = "poll.nothing", .when = Modelled,
     .cites = "POSIX poll(); poll(2)",
     .says = "Nothing of what was asked for is ready."},
};
// clang-format on

}  // namespace

std::span<const Clause> PollClauses() { return kPoll; }

}  // namespace sockspec
