// poll() of one descriptor.

#include <poll.h>

#include "model/tables.h"

namespace sockspec {
namespace {

bool IsNegative(const Scene& s) {
  return s.call.fd == kMinusOne ||
         (s.call.fd.IsHandle() && s.world.handles[s.call.fd.handle()] == kNone);
}
bool NotOpen(const Scene& s) { return s.opens == Opens::kNothing && !IsNegative(s); }

int16_t Asked(const Scene& s) {
  return static_cast<int16_t>(s.call.flags | POLLERR | POLLHUP | POLLNVAL);
}
bool Modelled(const Scene& s) { return s.has_socket(); }
bool IsReady(const Scene& s) { return Modelled(s) && (Ready(s.world, s.index) & Asked(s)) != 0; }

bool HungUp(const Scene& s) { return Modelled(s) && (Ready(s.world, s.index) & POLLHUP) != 0; }

// Whether it waits until something is ready. A wait that ends by itself ends with 0.
bool Waits(const Scene& s) { return s.call.timeout < 0; }
bool IgnoredForEver(const Scene& s) { return IsNegative(s) && Waits(s); }

void TellEvents(Scene& s, int16_t events) {
  s.reply.value = 1;
  s.reply.wrote |= kWroteEvents;
  s.reply.events = events;
}
void TellNotOpen(Scene& s) { TellEvents(s, POLLNVAL); }
void TellReady(Scene& s) { TellEvents(s, Ready(s.world, s.index) & Asked(s)); }
bool Unsteady(const Scene& s) { return Modelled(s) && (Uncertain(s.world, s.index) & Asked(s)) != 0; }
bool IsCertain(const Scene& s) {
  return (Ready(s.world, s.index) & ~Uncertain(s.world, s.index) & Asked(s)) != 0;
}
bool NothingForEver(const Scene& s) { return Modelled(s) && Waits(s) && !IsReady(s) && !Unsteady(s); }
bool UnsteadyForEver(const Scene& s) { return Unsteady(s) && Waits(s) && !IsCertain(s); }
void TellUnsteady(Scene& s) {
  int16_t events = Ready(s.world, s.index) & Asked(s);
  const int16_t free = Uncertain(s.world, s.index) & Asked(s);
  s.open = true;
  s.note = "POLLIN and POLLOUT may come later";
  if (s.seen != nullptr) {
    events = static_cast<int16_t>((events & ~free) | (s.seen->events & free));
  }
  if (events == 0 && Waits(s)) events = free;  // it did not wait for nothing
  if (events != 0) TellEvents(s, events);
}

// POSIX does not say whether a socket without a connection has hung up.
bool HadAConnection(const Scene& s) { return s.me().link == Link::kConnected; }

// POSIX does not say which sockets have hung up, only that such a one is not writable.
void TellHungUp(Scene& s) {
  int16_t events = Ready(s.world, s.index) & Asked(s);
  s.open = true;
  s.note = "POLLHUP, POLLOUT or neither, not both";
  const int16_t free = Uncertain(s.world, s.index) & Asked(s);
  if (s.seen != nullptr) events = static_cast<int16_t>((events & ~free) | (s.seen->events & free));
  // Writable, hung up, or neither.
  const int16_t not_so = s.seen == nullptr                ? kWritable
                         : s.seen->events & POLLHUP       ? kWritable
                         : s.seen->events & kWritable     ? POLLHUP
                         : HadAConnection(s)              ? kWritable
                                                          : POLLHUP | kWritable;
  events = static_cast<int16_t>(events & ~not_so);
  if (events != 0) TellEvents(s, events);
}
bool HungUpAlone(const Scene& s) {
  return HungUp(s) && !HadAConnection(s) && Waits(s) && (Ready(s.world, s.index) & Asked(s) & ~(POLLHUP | kWritable)) == 0;
}

// clang-format off
constexpr Clause kPoll[] = {
    {.id = "poll.ignored_for_ever", .blocks = true, .when = IgnoredForEver,
     .cites = "POSIX poll(): a negative descriptor is ignored, timeout -1 waits until an event or a signal; poll(2)",
     .says = "The descriptor is negative, nothing else can become ready, and the time to wait is endless."},
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
    {.id = "poll.perhaps_not_hung_up", .blocks = true, .when = HungUpAlone,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX poll() does not say which sockets have hung up, or whether one without a connection has",
     .says = "Nothing can become of the socket without another call, and the time to wait is endless."},
    // Two replies are right here: bytes that small buffers hold up arrive by a timer.
    {.id = "poll.unsteady_blocks", .blocks = true, .when = UnsteadyForEver,
     .strength = Strength::kMay,
     .cites = "Linux tcp_poll(), sk_stream_is_writeable()",
     .says = "Bytes are under way: what was asked for may be so long in coming that the wait is seen."},
    {.id = "poll.unsteady", .when = Unsteady, .then = TellUnsteady,
     .cites = "Linux tcp_poll(), sk_stream_is_writeable()",
     .says = "Bytes are under way: POLLIN and POLLOUT may come later."},
    {.id = "poll.ready", .when = IsReady, .then = TellReady,
     .cites = "POSIX poll(); Linux tcp_poll(), inet_csk_listen_poll()",
     .says = "What is ready of what was asked for, with POLLERR and POLLHUP unasked."},
    {.id = "poll.blocks", .blocks = true, .when = NothingForEver,
     .cites = "POSIX poll(): timeout -1 waits until an event occurs or a signal comes; poll(2)",
     .says = "Nothing of what was asked for is ready, and the time to wait is endless."},
    {.id = "poll.nothing", .when = Modelled,
     .cites = "POSIX poll(); poll(2)",
     .says = "Nothing of what was asked for is ready, and the time to wait has passed."},
};
// clang-format on

}  // namespace

std::span<const Clause> PollClauses() { return kPoll; }

}  // namespace sockspec
