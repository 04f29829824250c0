// select() of one descriptor, in up to three sets.

#include <errno.h>
#include <poll.h>

#include "model/tables.h"

namespace sockspec {
namespace {

// Call::flags and Reply::events: the sets that hold the descriptor.
constexpr int16_t kRead = 1;
constexpr int16_t kWrite = 2;
constexpr int16_t kExcept = 4;

// A negative descriptor is in no set.
bool InNoSet(const Scene& s) {
  return s.call.flags == 0 || s.call.fd == kMinusOne ||
         (s.call.fd.IsHandle() && s.world.handles[s.call.fd.handle()] == kNone);
}
bool IsClosed(const Scene& s) { return s.opens == Opens::kNothing && !InNoSet(s); }
bool NotOpen(const Scene& s) { return IsClosed(s) && !s.resumed(); }
bool ClosedMeanwhile(const Scene& s) { return IsClosed(s) && s.resumed(); }
bool NeverOpen(const Scene& s) { return NotOpen(s) && s.call.fd == kNeverOpen; }
bool Modelled(const Scene& s) { return s.has_socket() && !InNoSet(s); }

// POLLIN_SET, POLLOUT_SET and POLLEX_SET of fs/select.c. POLLHUP makes readable, but not writable.
int16_t SetsOf(int16_t events) {
  return static_cast<int16_t>(((events & (kReadable | POLLHUP | POLLERR)) ? kRead : 0) |
                              ((events & (kWritable | POLLERR)) ? kWrite : 0) |
                              ((events & POLLPRI) ? kExcept : 0));
}
int16_t Sets(const Scene& s) { return SetsOf(Ready(s.world, s.index)) & s.call.flags; }
int16_t FreeSets(const Scene& s) {
  const int16_t certain = Ready(s.world, s.index) & ~Uncertain(s.world, s.index);
  return SetsOf(Uncertain(s.world, s.index)) & ~SetsOf(certain) & s.call.flags;
}
bool IsReady(const Scene& s) { return Modelled(s) && Sets(s) != 0; }
bool Waits(const Scene& s) { return s.call.timeout < 0; }
bool NothingAskedForEver(const Scene& s) { return InNoSet(s) && Waits(s); }
bool Unsteady(const Scene& s) { return Modelled(s) && FreeSets(s) != 0; }
bool UnsteadyForEver(const Scene& s) { return Unsteady(s) && Waits(s) && (Sets(s) & ~FreeSets(s)) == 0; }
bool NeverOpenForEver(const Scene& s) { return NeverOpen(s) && Waits(s); }

void TellSets(Scene& s, int16_t sets) {
  if (sets == 0) return;
  s.reply.value = __builtin_popcount(static_cast<unsigned>(sets));
  s.reply.wrote |= kWroteEvents;
  s.reply.events = sets;
}
void TellReady(Scene& s) { TellSets(s, Sets(s)); }
void TellAll(Scene& s) { TellSets(s, static_cast<int16_t>(s.call.flags)); }
void TellUnsteady(Scene& s) {
  int16_t sets = Sets(s);
  const int16_t free = FreeSets(s);
  s.open = true;
  s.note = "READ and WRITE may come later";
  if (s.seen != nullptr) sets = static_cast<int16_t>((sets & ~free) | (s.seen->events & free));
  if (sets == 0 && Waits(s)) sets = free;
  TellSets(s, sets);
}

// POSIX: a pending error is an exceptional condition; what else is one, and whether a listener can be written
// to, it leaves to the implementation.
bool PosixExcept(const Scene& s) { return Modelled(s) && (s.call.flags & (kExcept | kWrite)) != 0; }
int16_t PosixSets(const Scene& s) {
  const int16_t except = s.me().error != 0 ? kExcept : 0;
  return static_cast<int16_t>(((Sets(s) & ~kExcept) | except) & s.call.flags);
}
int16_t PosixFree(const Scene& s) {
  const int16_t except = s.me().error != 0 ? 0 : kExcept;
  const int16_t write = s.me().tcp == Tcp::kListen ? kWrite : 0;
  return static_cast<int16_t>((FreeSets(s) | except | write) & s.call.flags);
}
bool PosixForEver(const Scene& s) {
  return PosixExcept(s) && Waits(s) && (PosixSets(s) & ~PosixFree(s)) == 0;
}
void TellPosix(Scene& s) {
  int16_t sets = PosixSets(s);
  const int16_t free = PosixFree(s);
  s.open = free != 0;
  s.note = "other exceptional conditions than a pending error are the implementation's";
  if (s.seen != nullptr) sets = static_cast<int16_t>((sets & ~free) | (s.seen->events & free));
  if (sets == 0 && Waits(s)) sets = free;
  TellSets(s, sets);
}

bool NothingForEver(const Scene& s) {
  return Modelled(s) && Waits(s) && Sets(s) == 0 && !Unsteady(s) && !(s.posix() && PosixExcept(s));
}

// clang-format off
constexpr Clause kSelect[] = {
    {.id = "select.nothing_asked_for_ever", .blocks = true, .when = NothingAskedForEver,
     .cites = "POSIX select(): a null timeout waits; select(2): the sets empty, it only sleeps",
     .says = "All sets are empty, and the time to wait is endless."},
    {.id = "select.nothing_asked", .when = InNoSet,
     .cites = "POSIX select(); select(2): the sets empty, it only sleeps",
     .says = "All sets are empty: a closed descriptor in none of them is no matter."},
    // Two replies are right here: how many descriptors the table has room for depends on the process's past.
    {.id = "select.beyond_table", .when = NeverOpen,
     .on = kLinux, .strength = Strength::kMay,
     .cites = "select(2) BUGS: descriptors greater than any that was open are ignored; Linux core_sys_select(), max_fds",
     .says = "The descriptor may lie beyond the end of the table, and is passed over."},
    {.id = "select.beyond_table_for_ever", .blocks = true, .when = NeverOpenForEver,
     .on = kLinux, .strength = Strength::kMay,
     .cites = "select(2) BUGS: descriptors greater than any that was open are ignored; Linux core_sys_select(), max_fds",
     .says = "The descriptor may lie beyond the end of the table, and the time to wait is endless."},
    {.id = "select.not_open", .error = EBADF, .when = NotOpen,
     .cites = "POSIX select() EBADF; Linux max_select_fd()",
     .says = "The descriptor in the sets is not open."},
    {.id = "select.closed_meanwhile", .when = ClosedMeanwhile, .then = TellAll,
     .on = kLinux, .cites = "Linux do_select(): EPOLLNVAL is in each of its three masks",
     .says = "The descriptor was closed while it waited, which is found once something else wakes it."},
    {.id = "select.exceptional_blocks", .blocks = true, .when = PosixForEver,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX select(): other exceptional conditions are implementation-defined",
     .says = "Nothing is certain to be ready, and the time to wait is endless."},
    {.id = "select.exceptional", .when = PosixExcept, .then = TellPosix,
     .on = kPosix,
     .cites = "POSIX select(): \"If a socket has a pending error, it shall be considered to have an exceptional condition pending\"",
     .says = "A pending error is an exceptional condition; what else is one, the implementation says."},
    // Two replies are right here: bytes that small buffers hold up arrive by a timer.
    {.id = "select.unsteady_blocks", .blocks = true, .when = UnsteadyForEver,
     .strength = Strength::kMay,
     .cites = "Linux tcp_poll(), sk_stream_is_writeable()",
     .says = "Bytes are under way: what was asked for may be so long in coming that the wait is seen."},
    {.id = "select.unsteady", .when = Unsteady, .then = TellUnsteady,
     .cites = "Linux tcp_poll(), sk_stream_is_writeable()",
     .says = "Bytes are under way: READ and WRITE may come later."},
    {.id = "select.ready", .when = IsReady, .then = TellReady,
     .cites = "POSIX select(); Linux do_select(), POLLIN_SET, POLLOUT_SET, POLLEX_SET",
     .says = "The sets in which the descriptor is ready, and how many they are."},
    {.id = "select.blocks", .blocks = true, .when = NothingForEver,
     .cites = "POSIX select(): a null timeout waits; select(2)",
     .says = "The descriptor is ready in no set, and the time to wait is endless."},
    {.id = "select.nothing", .when = Modelled,
     .cites = "POSIX select(); select(2)",
     .says = "The descriptor is ready in no set, and the time to wait has passed."},
};
// clang-format on

}  // namespace

std::span<const Clause> SelectClauses() { return kSelect; }

}  // namespace sockspec
