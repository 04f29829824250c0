// epoll_create1(), epoll_ctl(), epoll_wait(), and which sockets' wake-ups an epoll instance takes note of.
//
// As in Linux's fs/eventpoll.c, an instance keeps a list of items that something has woken (ready), in the
// order of the wake-ups, and epoll_wait() asks each of them anew what it is ready for. A level-triggered item
// goes back to the end of that list once told, an edge-triggered one waits for the next wake-up, a one-shot
// one for EPOLL_CTL_MOD. Wake() is called where the kernel wakes those that wait on a socket. Where it may have
// done so by a timer, or where the model does not follow the wake-ups of a kind of socket, an item is `adrift`:
// at no known place of the list, if it is on it at all. What is then certain and what is not:
//   level-triggered   is told wherever the socket is ready; only the place among the others is open
//   edge-triggered    may be told wherever the socket is ready; is told, where something has woken it since (ready)

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cstdlib>

#include "model/tables.h"

namespace sockspec {
namespace {

constexpr int32_t kEdge = static_cast<int32_t>(EPOLLET);
constexpr int32_t kOnce = EPOLLONESHOT;
constexpr int32_t kAlways = POLLERR | POLLHUP;
constexpr int32_t kModelledEvents =
    EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLRDHUP | kEdge | kOnce;
constexpr uint8_t kPipeItself = 254;  // Watched::slot of PIPE, whose number is no slot

// --- what is watched -----------------------------------------------------------------------------------

bool OnEpoll(const Scene& s) { return s.opens == Opens::kEpoll; }
Epoll& Instance(Scene& s) { return s.world.epolls[s.epoll]; }
const Epoll& Instance(const Scene& s) { return s.world.epolls[s.epoll]; }

Slot Target(const Scene& s) {
  const Descriptor fd = s.call.fd2;
  if (fd == kFile) return {.opens = Opens::kFile};
  if (fd == kPipe) return {.opens = Opens::kPipe};
  const uint8_t slot = fd.IsHandle() ? s.world.handles[fd.handle()] : kNone;
  return slot == kNone || s.world.slots[slot].opens == Opens::kReserved ? Slot{} : s.world.slots[slot];
}
uint8_t TargetNumber(const Scene& s) { return s.call.fd2.IsHandle() ? s.world.handles[s.call.fd2.handle()] : kPipeItself; }
uint8_t TargetSocket(const Scene& s) {
  const Slot target = Target(s);
  return target.opens == Opens::kSocket ? target.socket : kNone;
}
// An item is known by the open file description and the number that it was added by.
const Watched* Find(const Scene& s) {
  for (const Watched& item : Instance(s).watched) {
    if (item.live && item.slot == TargetNumber(s) && item.socket == TargetSocket(s)) return &item;
  }
  return nullptr;
}
Watched* Find(Scene& s) { return const_cast<Watched*>(Find(static_cast<const Scene&>(s))); }

bool Enabled(const Watched& item) { return !item.spent; }
int16_t Mask(const Watched& item) {
  return Enabled(item) ? static_cast<int16_t>((item.events | kAlways) & ~(kEdge | kOnce)) : int16_t{0};
}
// What an item is ready for, and what it may be besides. Nothing ever comes out of PIPE.
int16_t ReadyFor(const World& world, const Watched& item) {
  return item.socket == kNone ? int16_t{0} : static_cast<int16_t>(Ready(world, item.socket) & Mask(item));
}
int16_t MayBeReadyFor(const World& world, const Watched& item) {
  return item.socket == kNone ? int16_t{0} : static_cast<int16_t>(Uncertain(world, item.socket) & Mask(item));
}

// One that is perhaps on the list stays where it is, if it is.
void PutOnList(Epoll& epoll, Watched& item) {
  if (item.ready) return;
  item.ready = true;
  if (!item.adrift) item.turn = epoll.turn++;
}

// Whether something that no call does may wake those who wait on the socket: the acknowledgement of a FIN, or
// bytes that are late (network.cc), which a timer may bring. Of the other kinds the model does not follow the
// wake-ups.
bool WakesByItself(const World& world, uint8_t index) {
  const Socket& socket = world.sockets[index];
  return socket.kind != SocketKind::kTcp || socket.tcp == Tcp::kFinWait || Uncertain(world, index) != 0;
}

// --- epoll_ctl() ---------------------------------------------------------------------------------------

bool Command(const Scene& s, int command) { return OnEpoll(s) && s.call.command == command; }
bool TargetNotOpen(const Scene& s) { return Target(s).opens == Opens::kNothing; }
bool TargetIsFile(const Scene& s) { return Target(s).opens == Opens::kFile; }
bool NotAnEpoll(const Scene& s) { return s.opens != Opens::kEpoll; }
bool TargetIsItself(const Scene& s) {
  const Slot target = Target(s);
  return OnEpoll(s) && target.opens == Opens::kEpoll && target.socket == s.epoll;
}
bool Nested(const Scene& s) { return Target(s).opens == Opens::kEpoll; }
bool CommandUnknown(const Scene& s) {
  return OnEpoll(s) && !Nested(s) && s.call.command != EPOLL_CTL_ADD && s.call.command != EPOLL_CTL_MOD &&
         s.call.command != EPOLL_CTL_DEL;
}
bool EventsModelled(const Scene& s) { return (s.call.flags & ~kModelledEvents) == 0; }
bool Adds(const Scene& s) { return Command(s, EPOLL_CTL_ADD) && !Nested(s) && EventsModelled(s); }
bool Modifies(const Scene& s) { return Command(s, EPOLL_CTL_MOD) && !Nested(s) && EventsModelled(s); }
bool Removes(const Scene& s) { return Command(s, EPOLL_CTL_DEL) && !Nested(s); }
bool Exists(const Scene& s) { return Adds(s) && Find(s) != nullptr; }
bool Missing(const Scene& s) { return (Modifies(s) || Removes(s)) && Find(s) == nullptr; }

// ep_insert(), ep_modify(): what is ready now goes on the list at once.
void ListIfReady(Scene& s, Watched& item) {
  const int16_t free = MayBeReadyFor(s.world, item);
  if ((ReadyFor(s.world, item) & ~free) != 0) {
    if (!item.ready) WakeEpollWaiter(s.world, s.epoll);
    PutOnList(Instance(s), item);
  } else if (free != 0 && !item.ready) {
    item.adrift = true;
  }
}
void Add(Scene& s) {
  Epoll& epoll = Instance(s);
  const auto item = std::find_if(epoll.watched.begin(), epoll.watched.end(), [](const Watched& w) { return !w.live; });
  if (item == epoll.watched.end()) {
    s.world.lost = Lost::kFull;
    return;
  }
  *item = {.live = true, .fd = s.call.fd2, .slot = TargetNumber(s), .socket = TargetSocket(s),
           .added = epoll.added++, .events = s.call.flags};
  ListIfReady(s, *item);
}
void Modify(Scene& s) {
  if (Find(s) == nullptr) return;  // as in Remove()
  Watched& item = *Find(s);
  item.fd = s.call.fd2;
  item.events = s.call.flags;
  item.spent = false;
  ListIfReady(s, item);
}
void Remove(Scene& s) {
  // The fake kernel comes here without one, where the clause that asks for it was taken out.
  if (Watched* const item = Find(s); item != nullptr) *item = Watched{};
}

// --- epoll_wait() --------------------------------------------------------------------------------------

bool NoRoom(const Scene& s) { return s.call.value <= 0; }
bool Waits(const Scene& s) { return OnEpoll(s) && s.call.timeout < 0; }

bool IsEdge(const Watched& item) { return (item.events & kEdge) != 0; }

// Whether the next epoll_wait() certainly tells of the item, and whether it may.
bool IsTold(const World& world, const Watched& item) {
  if (!item.live || !(item.ready || (item.adrift && !IsEdge(item)))) return false;
  return (ReadyFor(world, item) & ~MayBeReadyFor(world, item)) != 0;
}
bool MayBeTold(const World& world, const Watched& item) {
  if (!item.live || !(item.ready || item.adrift)) return false;
  return (ReadyFor(world, item) | MayBeReadyFor(world, item)) != 0;
}
template <typename Holds>
bool Any(const Scene& s, Holds holds) {
  if (!OnEpoll(s)) return false;
  for (const Watched& item : Instance(s).watched) {
    if (holds(s.world, item)) return true;
  }
  return false;
}
bool SomeReady(const Scene& s) { return Any(s, IsTold); }
bool OnlyPerhaps(const Scene& s) { return Any(s, MayBeTold) && !SomeReady(s); }
bool PerhapsForEver(const Scene& s) { return OnlyPerhaps(s) && Waits(s); }
bool OnlyPerhapsAndGoesOn(const Scene& s) { return OnlyPerhaps(s) && !Waits(s); }

// The item on the list that comes next after `turn`; nullptr where there is none.
Watched* NextOnList(Epoll& epoll, uint16_t from, uint16_t until) {
  Watched* next = nullptr;
  for (Watched& item : epoll.watched) {
    if (!item.live || !item.ready || item.adrift || item.turn < from || item.turn >= until) continue;
    if (next == nullptr || item.turn < next->turn) next = &item;
  }
  return next;
}

// ep_send_events()
void Tell(Scene& s) {
  Epoll& epoll = Instance(s);
  const uint16_t until = epoll.turn;  // those that go back to the list now are not looked at again
  uint16_t from = 0;
  const int room = std::min(s.call.value, kMaxReady);
  int count = 0;
  const auto seen = [&]() -> const Reply::Ready* {
    return s.seen != nullptr && count < s.seen->value && count < kMaxReady ? &s.seen->ready[count] : nullptr;
  };
  const auto tell = [&](Watched& item) {
    int16_t events = ReadyFor(s.world, item);
    const int16_t free = MayBeReadyFor(s.world, item);
    if (free != 0) s.open = true;
    if (s.seen != nullptr) {
      const Reply::Ready* told = seen();
      const bool here = told != nullptr && told->fd == item.fd;
      events = static_cast<int16_t>((events & ~free) | (here ? told->events & free : 0));
    }
    item.ready = item.adrift = false;
    if (events == 0) return;
    s.reply.ready[count++] = {item.fd, events};
    if (item.events & kOnce) {
      item.spent = true;
    } else if (!IsEdge(item)) {
      item.ready = true;
      item.turn = epoll.turn++;
    }
  };
  // What is adrift comes where it was seen.
  const auto adrift = [&](bool certain) -> Watched* {
    for (Watched& item : epoll.watched) {
      if (!item.adrift || !MayBeTold(s.world, item)) continue;
      s.open = true;
      s.note = "an item may be told earlier, or later";
      if (const Reply::Ready* told = seen(); told != nullptr ? told->fd == item.fd : certain && IsTold(s.world, item)) {
        return &item;
      }
    }
    return nullptr;
  };
  bool last_was_adrift = false;
  while (count < room) {
    Watched* item = adrift(/*certain=*/false);
    last_was_adrift = item != nullptr;
    if (item == nullptr && (item = NextOnList(epoll, from, until)) != nullptr) from = item->turn + 1;
    if (item == nullptr) item = adrift(/*certain=*/true);
    if (item == nullptr) break;
    tell(*item);
  }
  // What stands on the list next, and would not have been told, may have been asked before the last one that was.
  while (count == room && last_was_adrift) {
    Watched* item = NextOnList(epoll, from, until);
    if (item == nullptr || (ReadyFor(s.world, *item) & ~MayBeReadyFor(s.world, *item)) != 0) break;
    item->ready = false;
    item->adrift = true;
    from = item->turn + 1;
  }
  // What is still adrift was not told although there was room: it was not on the list, or not ready.
  for (Watched& item : epoll.watched) {
    if (item.adrift && count < room) item.ready = item.adrift = false;
  }
  // ep_done_scan(): what is still on the list is for the next one who waits.
  const auto is_ready = [](const Watched& item) { return item.ready; };
  if (std::any_of(epoll.watched.begin(), epoll.watched.end(), is_ready)) {
    WakeEpollWaiter(s.world, s.epoll, s.waiting);
  }
  s.reply.value = count;
  if (count > 0) s.reply.wrote |= kWroteReady;
}
// Everything on the list was asked, and nothing was ready.
void TellNothing(Scene& s) {
  for (Watched& item : Instance(s).watched) item.ready = item.adrift = false;
}
void TellPerhaps(Scene& s) {
  if (s.seen != nullptr && s.seen->value > 0) return Tell(s);
  Reply any{.value = 1};
  for (const Watched& item : Instance(s).watched) {
    if (!MayBeTold(s.world, item)) continue;
    any.ready[0] = {item.fd, static_cast<int16_t>(ReadyFor(s.world, item) | MayBeReadyFor(s.world, item))};
    break;
  }
  const Reply* seen = s.seen;
  s.seen = &any;
  Tell(s);
  s.seen = seen;
  s.open = true;
  s.note = "a wake-up may be under way";
}

// --- epoll_create1() -----------------------------------------------------------------------------------

bool FlagsUnknown(const Scene& s) { return (s.call.flags & ~EPOLL_CLOEXEC) != 0; }

void Make(Scene& s) {
  for (int i = 0; i < kMaxEpolls; ++i) {
    if (s.world.epolls[i].live) continue;
    s.world.epolls[i] = Epoll{.live = true};
    ++s.world.epolls_live;
    s.MakeDescriptor({Opens::kEpoll, static_cast<uint8_t>(i), (s.call.flags & EPOLL_CLOEXEC) != 0});
    return;
  }
  s.world.lost = Lost::kFull;
}

// clang-format off
constexpr Clause kCreate[] = {
    {.id = "epoll_create1.unspecified", .then = Make,
     .on = kPosix, .strength = Strength::kUnspecified, .cites = "POSIX has no epoll; epoll(7)",
     .says = "POSIX has no epoll."},
    {.id = "epoll_create1.flags_unknown", .error = EINVAL, .when = FlagsUnknown,
     .on = kLinux, .cites = "epoll_create1(2) EINVAL; Linux do_epoll_create()",
     .says = "The flags are other than EPOLL_CLOEXEC."},
    {.id = "epoll_create1.no_descriptor_left", .error = EMFILE, .when = NoFreeSlot,
     .on = kLinux, .cites = "epoll_create1(2) EMFILE; Linux get_unused_fd_flags()",
     .says = "The process has as many descriptors open as it may."},
    {.id = "epoll_create1.made", .then = Make,
     .on = kLinux, .cites = "epoll_create1(2); Linux do_epoll_create()",
     .says = "The lowest free descriptor leads to a new instance, which watches nothing yet."},
};

constexpr Clause kCtl[] = {
    {.id = "epoll_ctl.unspecified",
     .on = kPosix, .strength = Strength::kUnspecified, .cites = "POSIX has no epoll; epoll(7)",
     .says = "POSIX has no epoll."},
    {.id = "epoll_ctl.target_not_open", .error = EBADF, .when = TargetNotOpen,
     .on = kLinux, .cites = "epoll_ctl(2) EBADF; Linux do_epoll_ctl()",
     .says = "What is to be watched is not open."},
    {.id = "epoll_ctl.not_pollable", .error = EPERM, .when = TargetIsFile,
     .on = kLinux, .cites = "epoll_ctl(2) EPERM; Linux file_can_poll()",
     .says = "A regular file is always ready, and is not to be watched."},
    {.id = "epoll_ctl.not_an_epoll", .error = EINVAL, .when = NotAnEpoll,
     .on = kLinux, .cites = "epoll_ctl(2) EINVAL; Linux is_file_epoll()",
     .says = "The descriptor does not lead to an epoll instance."},
    {.id = "epoll_ctl.itself", .error = EINVAL, .when = TargetIsItself,
     .on = kLinux, .cites = "epoll_ctl(2) EINVAL; Linux do_epoll_ctl(): the same file, whatever its number",
     .says = "An instance does not watch itself."},
    {.id = "epoll_ctl.command_unknown", .error = EINVAL, .when = CommandUnknown,
     .on = kLinux, .cites = "epoll_ctl(2) EINVAL; Linux do_epoll_ctl()",
     .says = "The operation is none of EPOLL_CTL_ADD, EPOLL_CTL_MOD and EPOLL_CTL_DEL."},
    {.id = "epoll_ctl.exists", .error = EEXIST, .when = Exists,
     .on = kLinux, .cites = "epoll_ctl(2) EEXIST; Linux ep_find(): by file and number",
     .says = "This descriptor is watched already; a duplicate of it would not be."},
    {.id = "epoll_ctl.missing", .error = ENOENT, .when = Missing,
     .on = kLinux, .cites = "epoll_ctl(2) ENOENT; Linux ep_find(): by file and number",
     .says = "This descriptor is not watched, though a duplicate of it may be."},
    {.id = "epoll_ctl.added", .when = Adds, .then = Add,
     .on = kLinux, .cites = "epoll_ctl(2); Linux ep_insert()",
     .says = "It is watched from now on; what is ready now counts as an event."},
    {.id = "epoll_ctl.modified", .when = Modifies, .then = Modify,
     .on = kLinux, .cites = "epoll_ctl(2); Linux ep_modify()",
     .says = "Other events are watched for; what is ready now counts as an event, and EPOLLONESHOT begins anew."},
    {.id = "epoll_ctl.removed", .when = Removes, .then = Remove,
     .on = kLinux, .cites = "epoll_ctl(2); Linux ep_remove()",
     .says = "It is watched no longer."},
};

constexpr Clause kWaitFirst[] = {
    {.id = "epoll_wait.no_room_first", .error = EINVAL, .when = NoRoom,
     .on = kLinux, .until = {6, 15}, .cites = "epoll_wait(2) EINVAL; Linux do_epoll_wait(), before the descriptor",
     .says = "There is no room for any event."},
};

constexpr Clause kWait[] = {
    {.id = "epoll_wait.unspecified",
     .on = kPosix, .strength = Strength::kUnspecified, .cites = "POSIX has no epoll; epoll(7)",
     .says = "POSIX has no epoll."},
    {.id = "epoll_wait.no_room", .error = EINVAL, .when = NoRoom,
     .on = kLinux, .since = {6, 15},
     .cites = "epoll_wait(2) EINVAL; observed on Linux 6.18: epoll_wait(-1, 0) = -1 EBADF, epoll_wait(s0, 0) = -1 EINVAL",
     .says = "There is no room for any event."},
    {.id = "epoll_wait.not_an_epoll", .error = EINVAL, .when = NotAnEpoll,
     .on = kLinux, .cites = "epoll_wait(2) EINVAL; Linux is_file_epoll()",
     .says = "The descriptor does not lead to an epoll instance."},
    // Two replies are right here: bytes that small buffers hold up arrive by a timer, and so does the
    // acknowledgement of a FIN, which wakes whoever waits; of UDP and unix sockets the wake-ups are not followed.
    {.id = "epoll_wait.perhaps_blocks", .blocks = true, .when = PerhapsForEver, .then = TellNothing,
     .on = kLinux, .strength = Strength::kMay,
     .cites = "Linux ep_poll_callback(), tcp_rcv_state_process() on TCP_FIN_WAIT1",
     .says = "A wake-up may have come, or may be under way; the time to wait is endless."},
    {.id = "epoll_wait.perhaps_none", .when = OnlyPerhapsAndGoesOn, .then = TellNothing,
     .on = kLinux, .strength = Strength::kMay,
     .cites = "Linux ep_poll_callback(), tcp_rcv_state_process() on TCP_FIN_WAIT1",
     .says = "A wake-up may have come, or may be under way."},
    {.id = "epoll_wait.perhaps", .when = OnlyPerhaps, .then = TellPerhaps,
     .on = kLinux, .cites = "Linux ep_send_events()",
     .says = "What has been woken perhaps, and is ready."},
    {.id = "epoll_wait.ready", .when = SomeReady, .then = Tell,
     .on = kLinux, .cites = "epoll_wait(2); Linux ep_send_events()",
     .says = "What has been woken and is ready, in the order of the wake-ups, as far as there is room."},
    {.id = "epoll_wait.blocks", .blocks = true, .when = Waits, .then = TellNothing,
     .on = kLinux, .cites = "epoll_wait(2): timeout -1 waits until an event occurs or a signal comes; Linux ep_poll()",
     .says = "Nothing that is watched is ready, and the time to wait is endless."},
    {.id = "epoll_wait.nothing", .when = OnEpoll, .then = TellNothing,
     .on = kLinux, .cites = "epoll_wait(2); Linux ep_poll()",
     .says = "Nothing that is watched is ready, and the time to wait has passed."},
};
// clang-format on

bool IsOpen(const World& world, uint8_t epoll) {
  for (const Slot& slot : world.slots) {
    if (slot.opens == Opens::kEpoll && slot.socket == epoll) return true;
  }
  for (const Message& message : world.messages) {
    if (message.live && message.passed_opens == Opens::kEpoll && message.passed == epoll) return true;
  }
  for (const Waiting& waiting : world.waiting) {
    if (waiting.live && !waiting.returned && waiting.epoll == epoll) return true;
  }
  return false;
}

}  // namespace

std::span<const Clause> EpollCreateClauses() { return kCreate; }
std::span<const Clause> EpollCtlClauses() { return kCtl; }
std::span<const Clause> EpollWaitFirstClauses() { return kWaitFirst; }
std::span<const Clause> EpollWaitClauses() { return kWait; }

void WakeWatchers(World& world, uint8_t index, int16_t key) {
  for (Epoll& epoll : world.epolls) {
    if (!epoll.live) continue;
    // ep_ptable_queue_proc() puts an item in front of those that wait on the socket already.
    uint8_t before = 255;
    for (;;) {
      Watched* last = nullptr;
      for (Watched& item : epoll.watched) {
        if (!item.live || item.socket != index || item.added >= before) continue;
        if (last == nullptr || item.added > last->added) last = &item;
      }
      if (last == nullptr) break;
      before = last->added;
      if (Mask(*last) == 0 || (key != 0 && (key & Mask(*last)) == 0)) continue;
      PutOnList(epoll, *last);
      WakeEpollWaiter(world, static_cast<uint8_t>(&epoll - world.epolls.data()));
    }
  }
}

void SettleEpolls(World& world) {
  for (int i = 0; i < kMaxEpolls; ++i) {
    Epoll& epoll = world.epolls[i];
    if (!epoll.live) continue;
    if (!IsOpen(world, static_cast<uint8_t>(i))) {
      epoll = Epoll{};
      --world.epolls_live;
      continue;
    }
    const auto waiters = std::count_if(world.waiting.begin(), world.waiting.end(), [i](const Waiting& waiting) {
      return waiting.live && !waiting.returned && waiting.epoll == i;
    });
    for (Watched& item : epoll.watched) {
      if (!item.live || item.socket == kNone) continue;
      // One of two is woken, looks, and stands behind the other one: whose turn it is then, nobody can tell.
      if (waiters > 1 && WakesByItself(world, item.socket)) world.lost = Lost::kThreads;
      if (Holders(world, item.socket) == 0) {
        item = Watched{};
      } else if (world.sockets[item.socket].unspecified) {
        world.lost = Lost::kUnspecified;
      } else if (!item.ready && WakesByItself(world, item.socket)) {
        item.adrift = Enabled(item);
      }
    }
  }
}

}  // namespace sockspec
