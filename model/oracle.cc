#include "model/oracle.h"

#include <errno.h>

#include <sys/socket.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "model/option_table.h"
#include "model/program/declarations.h"
#include "model/scene.h"
#include "model/tables.h"

namespace sockspec {
namespace {

bool Blocks(const Clause* clause) { return clause->blocks; }

bool Holds(const Clause& clause, const Scene& scene) {
  return clause.when == nullptr || clause.when(scene);
}

// What a clause says without its action.
Reply ReplyOf(const Clause& clause) {
  if (clause.blocks) return {.error = EINTR, .blocked = true};
  return {.error = std::max<int16_t>(clause.error, 0)};
}

// The handles of a call that has failed stand for -1.
void Unmake(World& world, const Call& call) {
  if (call.made != kNoHandle) world.handles[call.made] = kNone;
  if (call.made2 != kNoHandle) world.handles[call.made2] = kNone;
}

// Nothing happens in it but what a call does itself.
bool IsQuiet(const World& world) {
  return world.epolls_live == 0 && world.waiting_live == 0 && world.under_way == 0 && !world.patient;
}

constexpr const char* kNotModelled = "the call is not modelled (model/not_modelled.md)";

// Does in the scene's world what `clause` says.
void Do(const Clause& clause, Scene& scene) {
  scene.reply = ReplyOf(clause);
  if (clause.then != nullptr) clause.then(scene);
  if (scene.world.patient && clause.blocks) [[unlikely]] LetTimersRun(scene.world, scene.index);
  if (scene.world.epolls_live != 0) [[unlikely]] SettleEpolls(scene.world);
  if (scene.reply.error == 0) return;
  scene.reply.value = 0;
  Unmake(scene.world, scene.call);
}

bool Agree(const Reply& expected, const Reply& seen) {
  if (expected.error != seen.error || expected.blocked != seen.blocked ||
      expected.wrote != seen.wrote || expected.slot != seen.slot) {
    return false;
  }
  if (expected.error == 0 && expected.value != seen.value) return false;
  const uint16_t wrote = expected.wrote;
  if ((wrote & kWroteAddress) && (expected.address_size != seen.address_size ||
                                  expected.family != seen.family ||
                                  (expected.address_size >= 8 && expected.host != seen.host) ||
                                  (expected.address_size >= 4 && expected.port != seen.port) ||
                                  expected.name != seen.name)) {
    return false;
  }
  if ((wrote & kWroteAddressLength) && expected.address_length != seen.address_length) return false;
  if ((wrote & kWroteValue) &&
      (expected.option != seen.option || expected.seconds != seen.seconds)) {
    return false;
  }
  if ((wrote & kWroteLength) && expected.option_length != seen.option_length) return false;
  if ((wrote & kWroteEvents) && expected.events != seen.events) return false;
  if ((wrote & kWroteFlags) && expected.flags != seen.flags) return false;
  if ((wrote & kWroteReady) &&
      !std::equal(std::begin(expected.ready), std::end(expected.ready), std::begin(seen.ready))) {
    return false;
  }
  if (wrote & kWroteData) {
    if (seen.data.garbled || expected.data.size != seen.data.size) return false;
    if (expected.data.start % kPatternPeriod != seen.data.start % kPatternPeriod) return false;
  }
  return true;
}

// Whether the call names a port or an abstract name that the kernel has not chosen yet.
bool NamesUnseenPort(const Call& call, const World& world) {
  if (call.address.host == Host::kUnix && call.address.name.IsChosen()) {
    return call.address.name.chosen() >= world.seen_names;
  }
  return call.address.port.IsChosen() && call.address.port.chosen() >= world.seen;
}

// AF_INET/U0: the bytes of a path stand for a port and a host. Where they are those of the sandbox's directory,
// nobody knows what they say.
bool SaysWhateverAPathSays(const Call& call, const World& world) {
  if (call.address.host != Host::kUnix) return false;
  const int family = call.address.family;
  if (family != AF_INET && family != AF_INET6 && family != AF_UNSPEC) return false;
  const uint8_t socket = SocketOf(call, world);
  return socket != kNone && !IsUnix(world.sockets[socket].kind);
}

// Whether the call that led here cannot be judged. A socket that becomes unspecified is a matter of the calls to come;
// where bytes are under way, the reply is not known either: a close() that lingers behind them blocks.
bool LostAtOnce(const World& world) {
  return world.lost != Lost::kNo && world.lost != Lost::kUnspecified && world.lost != Lost::kThreads;
}

// The unspecified socket that the call is on; nullptr where it is on none.
const Socket* Unspecified(const Call& call, const World& world) {
  const uint8_t socket = SocketOf(call, world);
  return socket != kNone && world.sockets[socket].unspecified ? &world.sockets[socket] : nullptr;
}
// Whether the call is about descriptors alone, so that it matters not where their socket is.
bool OnDescriptors(const Call& call) {
  const Returns returns = DeclarationOf(call.op).returns;
  return call.op == Op::kClose || call.op == Op::kDup || returns == Returns::kTarget ||
         (call.op == Op::kFcntl && call.made != kNoHandle);
}
bool OnUnspecified(const Call& call, const World& world) {
  return Unspecified(call, world) != nullptr && !OnDescriptors(call);
}

// Whether a call on a socket that nobody knows the state of may reach other sockets.
bool ReachesOthers(const Call& call, const Socket& socket) {
  switch (call.op) {
    case Op::kBind:
    case Op::kListen:
    case Op::kConnect:
    case Op::kAccept:
    case Op::kAccept4:
    case Op::kShutdown:
    case Op::kSend:
    case Op::kWrite:
    case Op::kSendto:
    case Op::kSendmsg:
    case Op::kWritev:
      return true;
    case Op::kClose:
      return socket.bound != kNone || socket.peer != kNone;
    case Op::kSocket:
    case Op::kDup:
    case Op::kGetsockname:
    case Op::kGetpeername:
    case Op::kGetsockopt:
    case Op::kSetsockopt:
    case Op::kRecv:
    case Op::kRead:
    case Op::kFcntl:
    case Op::kIoctl:
    case Op::kPoll:
    case Op::kSocketpair:
    case Op::kRecvfrom:
    case Op::kRecvmsg:
    case Op::kReadv:
    case Op::kDup2:
    case Op::kDup3:
    case Op::kSelect:
    case Op::kEpollCreate1:
    case Op::kEpollCtl:
    case Op::kEpollWait:
      return false;
  }
  __builtin_unreachable();
}

}  // namespace

Oracle::Oracle(const Profile& profile) : Oracle(profile, nullptr) {
  auto rows = std::make_shared<Rows>();
  for (int op = 0; op < kOpCount; ++op) {
    for (const Row& row : RowsOf(static_cast<Op>(op))) {
      if (!row.clause->BelongsTo(profile)) continue;
      for (int kind = 0; kind <= kSocketKinds; ++kind) {
        if (row.of & (1 << kind)) rows->of[op][kind].push_back(row.clause);
      }
    }
  }
  rows_ = std::move(rows);
  Reset({});
}

Oracle::Oracle(const Profile& profile, std::shared_ptr<const Rows> rows)
    : profile_(profile), rows_(std::move(rows)) {
  MakeStores();
}

void Oracle::MakeStores() {
  // 128 worlds are 580 KB, of which a program uses ten.
  static_assert(std::is_trivially_copyable_v<World> && std::is_trivially_destructible_v<World>);
  stores_.reset(static_cast<World*>(::operator new(static_cast<size_t>(2 * room()) * sizeof(World))));
  worlds_ = stores_.get();
  next_ = stores_.get() + room();
  made_ = {};
}

// World `number` of worlds_ or next_.
World& Oracle::Made(World* store, int number) {
  int& made = made_[store != stores_.get()];
  for (; made <= number; ++made) new (store + made) World;
  return store[number];
}

Oracle& Oracle::operator=(const Oracle& other) {
  if (this == &other) return *this;
  const bool fits = room() == other.room();
  profile_ = other.profile_;
  if (!fits) MakeStores();
  rows_ = other.rows_;
  count_ = other.count_;
  for (int w = 0; w < count_; ++w) Made(worlds_, w) = other.worlds_[w];
  clause_ = other.clause_;
  allowed_ = other.allowed_;
  why_ = other.why_;
  lost_ = other.lost_;
  waiting_calls_ = other.waiting_calls_;
  told_ = other.told_;
  return *this;
}

Verdict Oracle::Lose(const char* why) {
  lost_ = true;
  why_ = why;
  return Verdict::kDiscarded;
}

const std::vector<const Clause*>& Oracle::RowsFor(const Call& call, const World& world) const {
  const uint8_t socket = SocketOf(call, world);
  const int kind = socket == kNone ? kSocketKinds : static_cast<int>(world.sockets[socket].kind);
  return rows_->of[static_cast<int>(call.op)][kind];
}

void Oracle::Reset(const Environment& env) {
  static const World kFresh = NewWorld(Environment{});
  CopyWorld(Made(worlds_, 0), kFresh);
  SetEnvironment(worlds_[0], env);
  worlds_[0].old_linux = profile_.family == kLinux && profile_.version < Version{6, 2};
  worlds_[0].late = profile_.late;
  count_ = 1;
  clause_ = nullptr;
  allowed_ = 0;
  why_ = "";
  lost_ = false;
}

// The rows whose replies are allowed in `world`, at most `room` of them, the most usual first.
static int Applicable(const std::vector<const Clause*>& rows, const Scene& scene, const Clause* removed,
                      const Clause** out, int room) {
  int count = 0;
  if (scene.profile.family != kPosix) {
    for (const Clause* row : rows) {
      if (row == removed || !Holds(*row, scene)) continue;
      if (row->strength == Strength::kShall) {
        // The row that decides comes first, those that may come before it after.
        std::copy_backward(out, out + count, out + count + 1);
        out[0] = row;
        return count + 1;
      }
      if (count < room - 1) out[count++] = row;
    }
    return count;
  }
  bool refused = false;
  const Clause* effect = nullptr;
  for (const Clause* row : rows) {
    const bool may_happen = row->effect() && row->strength == Strength::kMay;
    if (row == removed || (effect != nullptr && row->effect() && !may_happen) || !Holds(*row, scene)) continue;
    if (row->strength == Strength::kUnspecified) {
      out[0] = row;
      return 1;
    }
    if (row->effect() && !may_happen) {
      effect = row;
      continue;
    }
    if (count < room - 1) out[count++] = row;
    refused |= row->strength == Strength::kShall;
  }
  // Effects that may be happen only where nothing that shall refuse does.
  if (refused) count = static_cast<int>(std::remove_if(out, out + count, [](const Clause* row) { return row->effect(); }) - out);
  if (effect != nullptr && !refused) {
    std::copy_backward(out, out + count, out + count + 1);
    out[0] = effect;
    ++count;
  }
  return count;
}

static int Applicable(const std::vector<const Clause*>& rows, World& world, const Call& call,
                      const Profile& profile, const Clause* removed, const Clause** out, int room) {
  const Scene scene(world, call, profile, nullptr, 0);
  return Applicable(rows, scene, removed, out, room);
}

// The scene's call, of which the program has only the first half, blocks by `clause`, whose work is done.
static void BeginToWait(Scene& scene, const Clause& clause, const World& before) {
  World& world = scene.world;
  const bool moves = DeclarationOf(scene.call.op).returns == Returns::kCount && scene.call.op != Op::kEpollWait;
  // Where it depends on a timer or on the size of a buffer whether it blocks, or it has done a part of its work,
  // nobody can tell when it will come back.
  if (clause.strength != Strength::kShall || (moves && world != before)) world.lost = Lost::kThreads;
  // Of unix sockets the model does not know when room to write wakes those who ask for it.
  constexpr int32_t kSelectWrite = 2;
  const Op op = scene.call.op;
  if (scene.has_socket() && IsUnix(scene.me().kind) && ((op == Op::kPoll && (scene.call.flags & kWritable)) ||
                                                       (op == Op::kSelect && (scene.call.flags & kSelectWrite)))) {
    world.lost = Lost::kThreads;
  }
  Wait(scene, scene.reply);
  if (Waiting* waiting = WaitingOf(world, scene.call.thread); waiting != nullptr) {
    waiting->clause = static_cast<int16_t>(ClauseNumber(&clause));
  }
}

// A row as it is tried: what was expected, and where it leads.
struct Oracle::Tried {
  Reply reply;
  bool open = false;
  const char* note = "";
  int branches = 1;
};

Oracle::Tried Oracle::Try(const Clause& clause, World& world, const Call& call, const Reply* seen, int branch,
                          const Clause* removed) const {
  Scene scene(world, call, profile_, seen, branch);
  return Try(clause, scene, removed);
}

Oracle::Tried Oracle::Try(const Clause& clause, Scene& scene, const Clause* removed) const {
  if (scene.call.part == Part::kWhole) [[likely]] {
    Do(clause, scene);
  } else {
    const World before = scene.world;
    Do(clause, scene);
    if (clause.blocks) BeginToWait(scene, clause, before);
  }
  if (scene.world.waiting_live != 0) [[unlikely]] Settle(scene, removed);
  return {scene.reply, scene.open, scene.note, scene.branches};
}

const std::vector<const Clause*>& Oracle::RowsFor(const Call& call, const Scene& scene) const {
  const int kind = scene.has_socket() ? static_cast<int>(scene.me().kind) : kSocketKinds;
  return rows_->of[static_cast<int>(call.op)][kind];
}

// What holds for a call that looks again whether it has to wait. None: it cannot be followed.
int Oracle::Options(Scene& scene, Waiting& waiting, const Clause* removed, const Clause** rows) const {
  World& world = scene.world;
  const Call& call = waiting_calls_[waiting.thread];
  if (SpoiltBy(world, call, profile_) != nullptr) return 0;
  const Scene looking(world, call, profile_, waiting, scene);
  const int count = Applicable(RowsFor(call, looking), looking, removed, rows, kMaxAllowed);
  const bool mixed = profile_.family != kPosix && count > 1 && std::any_of(rows, rows + count, Blocks);
  return mixed ? 0 : count;
}

// The calls that have been woken in other threads look again whether they have to wait, and those that have not
// come back, in every order in which they may get to it. `scene` is of the call that woke them.
void Oracle::Settle(Scene& scene, const Clause* removed) const {
  struct Candidate {
    Waiting* waiting;
    const Clause* clause;  // nullptr: nothing has woken it yet
  };
  World& world = scene.world;
  bool stays[kMaxWaiting] = {};  // of those that may come back and may not, who does not
  while (world.lost == Lost::kNo) {
    Candidate candidates[kMaxWaiting * (kMaxAllowed + 1)];
    Waiting* sleepers[kMaxWaiting];
    int count = 0;
    int asleep = 0;
    for (int i = 0; i < kMaxWaiting; ++i) {
      Waiting& waiting = world.waiting[i];
      if (!waiting.live || waiting.returned || stays[i]) continue;
      const bool perhaps = !Looks(world, waiting);
      if (world.lost != Lost::kNo) return;
      if (perhaps && !IsWokenSomeTime(world, waiting)) continue;
      const Clause* rows[kMaxAllowed];
      const int options = Options(scene, waiting, removed, rows);
      if (options == 0) {
        world.lost = Lost::kThreads;
        return;
      }
      if (std::all_of(rows, rows + options, Blocks)) {
        if (waiting.woken) sleepers[asleep++] = &waiting;
        continue;
      }
      for (int r = 0; r < options; ++r) candidates[count++] = {&waiting, rows[r]};
      if (perhaps) candidates[count++] = {&waiting, nullptr};
    }
    if (asleep > 0) {
      // It sleeps again; accept() and the like at the end of the queue, in whatever order they get there.
      Waiting& sleeper = *sleepers[asleep > 1 ? scene.Fork(asleep) : 0];
      sleeper.turn = world.waiting_turn++;
      sleeper.woken = false;
      continue;
    }
    if (count == 0) return;
    const Candidate next = candidates[scene.Fork(count)];
    next.waiting->woken = false;
    if (next.clause == nullptr || next.clause->blocks) {
      stays[next.waiting - world.waiting.data()] = true;
    } else {
      ComeBack(scene, *next.waiting, *next.clause);
    }
  }
}

// Whether it looks again once the FIN of its socket is acknowledged, which may be put off for 40 ms
// (tcp_rcv_state_process() on TCP_FIN_WAIT1): now, or not yet.
bool Oracle::IsWokenSomeTime(const World& world, const Waiting& waiting) {
  return waiting.socket != kNone && world.sockets[waiting.socket].kind == SocketKind::kTcp &&
         world.sockets[waiting.socket].tcp == Tcp::kFinWait;
}

// Whether the kernel has let the call look again.
bool Oracle::Looks(World& world, const Waiting& waiting) {
  if (waiting.socket != kNone) {
    if (world.sockets[waiting.socket].unspecified) world.lost = Lost::kUnspecified;
    if (Uncertain(world, waiting.socket) != 0) world.lost = Lost::kThreads;
  }
  return waiting.woken || !waiting.followed;
}

// A call that has waited comes back by `clause`. The program is told by its second half.
void Oracle::ComeBack(Scene& outer, Waiting& waiting, const Clause& clause) const {
  World& world = outer.world;
  const Call& call = waiting_calls_[waiting.thread];
  Scene scene(world, call, profile_, waiting, outer);
  Do(clause, scene);
  waiting.reply = scene.reply;
  waiting.clause = static_cast<int16_t>(ClauseNumber(&clause));
  if (call.made != kNoHandle) {
    waiting.made = world.handles[call.made];
    world.handles[call.made] = kNone;
  }
  // What the kernel chose nobody has seen yet.
  if (scene.open || clause.strength == Strength::kUnspecified) world.lost = Lost::kThreads;
  StopWaiting(world, waiting);
}

// The second half: what the call came back with, or that it still blocks and is interrupted.
Verdict Oracle::Resume(const Call& call, const Reply& reply) {
  int next = 0;
  for (int w = 0; w < count_; ++w) {
    int branches = 1;
    for (int branch = 0; branch < branches; ++branch) {
      if (next == room()) return Lose("the replies leave too many worlds possible");
      World& world = Made(next_, next);
      CopyWorld(world, worlds_[w]);
      const Resumed resumed = ResumeIn(world, call, &reply, branch);
      branches = std::max(branches, resumed.branches);
      if (LostAtOnce(world) || resumed.unknown) return Lose(LostBecause(world.lost));
      ++allowed_;
      // A call that did not block has told its reply already.
      if (resumed.clause != nullptr && !Agree(resumed.reply, reply)) continue;
      if (clause_ == nullptr) clause_ = resumed.clause;
      if (std::find(next_, next_ + next, world) == next_ + next) ++next;
    }
  }
  if (next == 0) return Verdict::kDiverges;
  std::swap(worlds_, next_);
  count_ = next;
  return Verdict::kConforms;
}

Oracle::Resumed Oracle::ResumeIn(World& world, const Call& call, const Reply* seen, int branch) const {
  Waiting* const waiting = WaitingOf(world, call.thread);
  if (waiting == nullptr) return {};
  Scene scene(world, call, profile_, seen, branch);
  bool interrupted = false;
  bool unknown = false;
  if (!waiting->returned) {
    // Whom a signal wakes looks again, too: what would have let it go, had something woken it, does so now.
    interrupted = true;
    const Clause* rows[kMaxAllowed];
    const int options = Options(scene, *waiting, nullptr, rows);
    const Clause* clause = options == 0 ? nullptr : rows[options > 1 ? scene.Fork(options) : 0];
    if (clause == nullptr) {
      unknown = true;
      world.lost = Lost::kThreads;
    } else if (!clause->blocks) {
      ComeBack(scene, *waiting, *clause);
    } else {
      StopWaiting(world, *waiting);
    }
  }
  Resumed resumed{.clause = AllClauses()[waiting->clause], .reply = waiting->reply, .unknown = unknown};
  resumed.reply.blocked = interrupted;
  if (waiting->unseen != kNone) resumed.reply.port = scene.NameOf(waiting->unseen);
  if (call.made != kNoHandle) world.handles[call.made] = waiting->made;
  *waiting = Waiting{};
  --world.waiting_live;
  if (world.epolls_live != 0) SettleEpolls(world);
  if (world.waiting_live != 0) Settle(scene, nullptr);
  resumed.branches = scene.branches;
  return resumed;
}

// The n-th segment under way arrives, between two calls. How many outcomes that has.
int Oracle::LetOneArrive(World& world, int n, int branch) const {
  static constexpr Call kNoCall{.op = Op::kSocket};
  Scene scene(world, kNoCall, profile_, nullptr, branch);
  Arrive(scene, n);
  if (world.epolls_live != 0) SettleEpolls(world);
  return scene.branches;
}

bool Oracle::LetArrive() {
  for (int w = 0; w < count_; ++w) {
    std::array<uint8_t, kMaxSegments> segments;
    const int ready = MayArrive(worlds_[w], &segments);
    for (int n = 0; n < ready; ++n) {
      int branches = 1;
      for (int branch = 0; branch < branches; ++branch) {
        if (count_ == kMaxWorlds) {
          Lose("what is under way may have arrived in too many ways");
          return false;
        }
        World& world = Made(worlds_, count_);
        CopyWorld(world, worlds_[w]);
        branches = std::max(branches, LetOneArrive(world, segments[n], branch));
        if (LostAtOnce(world)) {
          Lose(LostBecause(world.lost));
          return false;
        }
        if (std::find(worlds_, worlds_ + count_, world) == worlds_ + count_) ++count_;
      }
    }
  }
  return true;
}

void Oracle::LetAllArrive(World& world) const {
  while (world.under_way != 0 && world.lost == Lost::kNo) {
    LetOneArrive(world, 0, 0);
  }
}

Verdict Oracle::Step(const Call& call, const Reply& reply) {
  const Clause* rows[kMaxAllowed];
  clause_ = nullptr;
  allowed_ = 0;
  if (!lost_ && NamesUnseenPort(call, worlds_[0])) {
    lost_ = true;
    why_ = "a port is named that the kernel has not chosen yet";
  }
  for (int w = 0; w < count_ && !lost_; ++w) {
    if (worlds_[w].lost == Lost::kNo) continue;
    lost_ = true;
    why_ = LostBecause(worlds_[w].lost);
  }
  if (lost_) return Verdict::kDiscarded;
  if (profile_.late) [[unlikely]] {
    if (call.part != Part::kWhole) return Lose("what wakes a call in another thread, where the loopback is late, is not modelled");
    if (!LetArrive()) return Verdict::kDiscarded;
  }
  if (call.part != Part::kWhole) [[unlikely]] {
    if (call.part == Part::kResumed) return Resume(call, reply);
    waiting_calls_[call.thread] = call;
  }
  for (int w = 0; w < count_; ++w) {
    const Socket* const socket = Unspecified(call, worlds_[w]);
    if (socket == nullptr || (!ReachesOthers(call, *socket) && call.part == Part::kWhole)) continue;
    lost_ = true;
    why_ = LostBecause(call.part == Part::kWhole ? Lost::kUnspecified : Lost::kThreads);
    return Verdict::kUnspecified;
  }
  if (SaysWhateverAPathSays(call, worlds_[0])) {
    return Lose("what the name of a unix socket says as an address of the internet depends on where its directory is");
  }
  if (const char* reason = SpoiltBy(worlds_[0], call, profile_); reason != nullptr) return Lose(reason);
  int next = 0;
  // Where one of the worlds says nothing of the call, no reply is wrong; the others keep those that are right in them.
  bool unspecified = false;
  // What clauses only may add is not all that is right: something must decide, or the rest is not modelled.
  bool decided = true;
  for (int w = 0; w < count_; ++w) {
    const Scene scene(worlds_[w], call, profile_, nullptr, 0);
    const bool nothing_known = OnUnspecified(call, worlds_[w]);
    const int count = nothing_known ? 0 : Applicable(RowsFor(call, scene), scene, nullptr, rows, kMaxAllowed);
    if (count == 0 && !nothing_known) return Lose(kNotModelled);
    if (nothing_known || rows[0]->strength == Strength::kUnspecified) {
      if (next == room()) return Lose("the replies leave too many worlds possible");
      const Clause* const row = nothing_known ? nullptr : rows[0];
      if (!unspecified) clause_ = row;
      unspecified = true;
      if (!TakeWhatever(row, worlds_[w], call, reply, Made(next_, next))) return Verdict::kUnspecified;
      if (std::find(next_, next_ + next, next_[next]) == next_ + next) ++next;
      continue;
    }
    decided = decided && std::any_of(rows, rows + count, [](const Clause* row) { return row->strength == Strength::kShall; });
    // Most refusals are all that is right, and leave the world as it is: nothing need be copied.
    if (count_ == 1 && count == 1 && rows[0]->then == nullptr && IsQuiet(worlds_[0]) && call.part == Part::kWhole) {
      allowed_ = 1;
      if (!Agree(ReplyOf(*rows[0]), reply)) return decided ? Verdict::kDiverges : Lose(kNotModelled);
      if (reply.error != 0) Unmake(worlds_[0], call);
      clause_ = rows[0];
      return Verdict::kConforms;
    }
    // Where a call may have to wait or not, what it waits for may come in the moment in which it is interrupted: it was
    // seen to block then, and still does what it does without waiting.
    const bool came = reply.blocked && std::any_of(rows, rows + count, Blocks);
    for (int r = 0; r < count; ++r) {
      // By the time that a call is seen to block all has arrived: what it comes to is up to another world.
      if (rows[r]->blocks && worlds_[w].under_way != 0) continue;
      int branches = 1;
      for (int branch = 0; branch < branches; ++branch) {
        if (next == room()) return Lose("the replies leave too many worlds possible");
        CopyWorld(Made(next_, next), worlds_[w]);
        Scene then(next_[next], scene, &reply, branch);
        Tried tried = Try(*rows[r], then, nullptr);
        tried.reply.blocked |= came;
        branches = std::max(branches, tried.branches);
        // Outcomes that share a reply are one reply, in whatever worlds they are.
        const auto end = different_.begin() + allowed_;
        if (end != different_.end() && std::find(different_.begin(), end, tried.reply) == end) {
          different_[allowed_++] = tried.reply;
        }
        if (LostAtOnce(next_[next])) return Lose(LostBecause(next_[next].lost));
        const bool begins = call.part == Part::kUnfinished && rows[r]->blocks;
        if (begins && count > 1 && profile_.family != kPosix) next_[next].lost = Lost::kThreads;
        if (begins ? !reply.blocked : !Agree(tried.reply, reply)) {
          // Outcomes that the kernel does not tell share one reply: the others cannot agree either.
          break;
        }
        if (!unspecified && (clause_ == nullptr || (came && rows[r]->blocks))) clause_ = rows[r];
        if (std::find(next_, next_ + next, next_[next]) == next_ + next) {
          ++next;
        }
      }
    }
  }
  if (next == 0 && !decided) return Lose(kNotModelled);
  if (next == 0) return Verdict::kDiverges;
  std::swap(worlds_, next_);
  count_ = next;
  if (!unspecified) return Verdict::kConforms;
  allowed_ = 0;
  return Verdict::kUnspecified;
}

// A call on which `before` says nothing, by `row` or because it is on an unspecified socket (nullptr). False where the rest
// of the program cannot be judged.
bool Oracle::TakeWhatever(const Clause* row, const World& before, const Call& call, const Reply& reply, World& after) {
  CopyWorld(after, before);
  bool made_as_foreseen = false;
  if (row != nullptr) {
    const Tried tried = Try(*row, after, call, &reply, 0);
    // What the kernel chose without telling is one thing more that nobody knows.
    if (tried.branches > 1 && after.lost == Lost::kNo) after.lost = Lost::kMixed;
    made_as_foreseen =
        call.made != kNoHandle && after.handles[call.made] != kNone && tried.reply.value == reply.value;
    if (reply.error != 0 && call.made != kNoHandle) {
      CopyWorld(after, before);
      after.handles[call.made] = kNone;
    }
  }
  LearnName(after, reply);
  const bool made_unforeseen = row != nullptr && call.made != kNoHandle && reply.error == 0 && !made_as_foreseen;
  if (!made_unforeseen && after.lost == Lost::kNo) return true;
  lost_ = true;
  why_ = LostBecause(made_unforeseen ? Lost::kUnspecified : after.lost);
  return false;
}

// The kernel has told a port that no clause expected: it has a name from here on.
void Oracle::LearnName(World& world, const Reply& reply) {
  if ((reply.wrote & kWroteAddress) == 0) return;
  if (reply.name.IsChosen() && reply.name.chosen() >= world.seen_names) {
    world.seen_names = static_cast<uint8_t>(reply.name.chosen() + 1);
  }
  if (!reply.port.IsChosen()) return;
  if (reply.port.chosen() < world.seen) return;
  const PortIndex port = NewPort(world);
  world.ports[port].name = reply.port;
  world.seen = static_cast<uint8_t>(reply.port.chosen() + 1);
}

void Oracle::Suppose(int number) {
  if (number != 0) worlds_[0] = worlds_[number];
  count_ = 1;
}

// The reply is taken for what it says. Where a clause that holds gives such a reply, the world becomes what
// that clause makes of it. Two refusals differ in nothing but the errno. In all other cases nobody knows
// where the socket is, nor the one at its other end: both are unspecified until they are closed.
World Oracle::TakeForWhatItSays(const World& before, const Call& call, const Reply& reply) const {
  World after = before;
  const Scene scene(after, call, profile_, nullptr, 0);
  const Clause* same = nullptr;
  bool refusal_expected = false;
  for (const Clause* row : RowsFor(call, before)) {
    if (!Holds(*row, scene)) continue;
    refusal_expected |= !row->effect() && row->strength == Strength::kShall;
    const bool gives = reply.error == 0 ? row->error == 0 && !row->blocks : row->error == reply.error;
    if (gives && same == nullptr) same = row;
  }
  if (same != nullptr) {
    const Tried tried = Try(*same, after, call, &reply, 0);
    if (reply.error == 0 && call.made != kNoHandle && tried.reply.value != reply.value) {
      after.lost = Lost::kUnspecified;
    }
  } else if (reply.error == 0 &&
             (call.made != kNoHandle || DeclarationOf(call.op).returns == Returns::kTarget)) {
    after.lost = Lost::kUnspecified;
  } else if (scene.has_socket() && !(refusal_expected && reply.error != 0)) {
    MakeUnspecified(after, scene.index);
    const uint8_t peer = after.sockets[scene.index].peer;
    if (peer != kNone) MakeUnspecified(after, peer);
    for (Socket& other : after.sockets) {
      if (other.live && other.listener == scene.index) after.lost = Lost::kUnspecified;
    }
  }
  if (reply.error != 0 && call.made != kNoHandle) after.handles[call.made] = kNone;
  if (reply.error != 0 && call.made2 != kNoHandle) after.handles[call.made2] = kNone;
  // A name that the reply gave out, and no clause did.
  if ((reply.wrote & kWroteAddress) && reply.port.IsChosen() && reply.port.chosen() >= after.seen) {
    after.lost = Lost::kUnspecified;
  }
  if ((reply.wrote & kWroteAddress) && reply.name.IsChosen() && reply.name.chosen() >= after.seen_names) {
    after.lost = Lost::kUnspecified;
  }
  return after;
}

bool Oracle::Resynchronise(const Call& call, const Reply& reply) {
  if (call.part != Part::kWhole) {
    lost_ = true;
    why_ = LostBecause(Lost::kThreads);
  }
  if (lost_) return false;
  int count = 0;
  for (int w = 0; w < count_; ++w) {
    const World after = TakeForWhatItSays(worlds_[w], call, reply);
    if (after.lost != Lost::kNo) {
      lost_ = true;
      why_ = "model and kernel could not be brought together again after a divergence";
      return false;
    }
    if (std::find(worlds_, worlds_ + count, after) == worlds_ + count) worlds_[count++] = after;
  }
  count_ = count;
  return true;
}

std::vector<Allowed> Oracle::Ask(const Call& call) const {
  if (!profile_.late || lost_) return AskNow(call);
  Oracle later = *this;
  if (!later.LetArrive()) return {};
  // That all has arrived comes first.
  std::stable_sort(later.worlds_, later.worlds_ + later.count_,
                   [](const World& a, const World& b) { return a.under_way < b.under_way; });
  return later.AskNow(call);
}

std::vector<Allowed> Oracle::AskNow(const Call& call) const {
  const Clause* rows[kMaxAllowed];
  std::vector<Allowed> answers;
  if (lost_) return answers;
  if (call.part == Part::kResumed) {
    for (int w = 0; w < count_; ++w) {
      World after = worlds_[w];
      const Resumed resumed = ResumeIn(after, call, nullptr, 0);
      const bool known = std::any_of(answers.begin(), answers.end(), [&](const Allowed& a) {
        return a.clause == resumed.clause && a.reply == resumed.reply;
      });
      if (resumed.clause != nullptr && !known) answers.push_back({resumed.clause, resumed.reply, false, ""});
    }
    return answers;
  }
  if (NamesUnseenPort(call, worlds_[0]) || SaysWhateverAPathSays(call, worlds_[0]) ||
      SpoiltBy(worlds_[0], call, profile_) != nullptr) {
    return answers;
  }
  for (int w = 0; w < count_; ++w) {
    World world = worlds_[w];
    if (OnUnspecified(call, world)) return {};
    const int count = Applicable(RowsFor(call, world), world, call, profile_, nullptr, rows, kMaxAllowed);
    if (count > 0 && rows[0]->strength == Strength::kUnspecified) return {};
    for (int r = 0; r < count; ++r) {
      if (rows[r]->blocks && world.under_way != 0) continue;
      World after = world;
      const Tried tried = Try(*rows[r], after, call, nullptr, 0);
      const bool known = std::any_of(answers.begin(), answers.end(), [&](const Allowed& a) {
        return a.clause == rows[r] && a.reply == tried.reply;
      });
      if (!known) answers.push_back({rows[r], tried.reply, tried.open, tried.note});
    }
  }
  return answers;
}

std::vector<Considered> Oracle::Consider(const Call& call) const {
  std::vector<Considered> considered;
  if (call.part == Part::kResumed) {
    for (const Allowed& allowed : Ask(call)) considered.push_back({allowed.clause, true});
    return considered;
  }
  World world = worlds_[0];
  const Scene scene(world, call, profile_, nullptr, 0);
  for (const Clause* row : RowsFor(call, worlds_[0])) {
    considered.push_back({row, Holds(*row, scene)});
  }
  return considered;
}

Reply Oracle::Answer(const Call& call, const Mutation& mutation) {
  if (!profile_.late) [[likely]] return AnswerNow(call, mutation);
  LetAllArrive(worlds_[0]);
  const Reply reply = AnswerNow(call, mutation);
  LetAllArrive(worlds_[0]);
  return reply;
}

Reply Oracle::AnswerLate(const Call& call, uint32_t chance, const Mutation& mutation) {
  World& world = worlds_[0];
  for (; world.under_way != 0 && world.lost == Lost::kNo; chance >>= 4) {
    const Clause* rows[kMaxAllowed];
    const Clause* removed = mutation.removed();
    const int count = Applicable(RowsFor(call, world), world, call, profile_, removed, rows, kMaxAllowed);
    const bool waits = count > 0 && rows[0]->blocks;
    if (chance % 2 == 0 && !waits) break;
    std::array<uint8_t, kMaxSegments> segments;
    const int ready = MayArrive(world, &segments);
    LetOneArrive(world, segments[(chance / 2) % ready], 0);
  }
  return AnswerNow(call, mutation);
}

Reply Oracle::AnswerNow(const Call& call, const Mutation& mutation) {
  const Clause* rows[kMaxAllowed];
  const Clause* removed = mutation.removed();
  if (call.part == Part::kResumed) {
    const Resumed resumed = ResumeIn(worlds_[0], call, nullptr, 0);
    clause_ = resumed.clause;
    return clause_ == nullptr ? told_[call.thread] : Mutated(resumed.reply, mutation);
  }
  if (call.part == Part::kUnfinished) waiting_calls_[call.thread] = call;
  const int count = Applicable(RowsFor(call, worlds_[0]), worlds_[0], call, profile_, removed, rows, kMaxAllowed);
  if (count == 0) {
    clause_ = nullptr;
    if (call.made != kNoHandle) worlds_[0].handles[call.made] = kNone;
    if (call.made2 != kNoHandle) worlds_[0].handles[call.made2] = kNone;
    return {.error = ENOSYS};
  }
  clause_ = rows[0];
  const Tried tried = Try(*rows[0], worlds_[0], call, nullptr, 0, removed);
  const Reply reply = Mutated(tried.reply, mutation);
  if (call.part == Part::kUnfinished) told_[call.thread] = reply;
  return reply;
}

// What a kernel that is wrong in the clause that has decided says.
Reply Oracle::Mutated(Reply reply, const Mutation& mutation) const {
  if (mutation.clause != clause_ || clause_ == nullptr) return reply;
  if (mutation.error != 0) return {.error = mutation.error};
  if (!mutation.spoil) return reply;
  if (reply.wrote & kWroteValue) {
    ++reply.option;
  } else if (reply.wrote & kWroteEvents) {
    reply.events ^= 0x10;  // POLLHUP
  } else if ((reply.wrote & kWroteAddress) && reply.address_size >= 8) {
    reply.host = reply.host == Host::kLoopback2 ? Host::kLoopback : Host::kLoopback2;
  } else if (reply.wrote & kWroteData) {
    ++reply.data.start;
  } else {
    reply = {.error = EIO};
  }
  return reply;
}

bool Oracle::MayBlock(const Call& call) const {
  const auto allowed = Ask(call);
  return allowed.empty() ||
         std::any_of(allowed.begin(), allowed.end(), [](const Allowed& a) { return a.clause->blocks; });
}

// --- Scene -------------------------------------------------------------------------------------------

Scene::Scene(World& w, const Call& c, const Profile& p, const Reply* r, int b)
    : world(w), call(c), profile(p), seen(r), branch(b), rest_(b) {
  if (!c.fd.IsHandle()) {
    if (!TakesDescriptor(c.op)) return;
    opens = c.fd == kFile ? Opens::kFile : c.fd == kPipe ? Opens::kPipe : Opens::kNothing;
    return;
  }
  if (!TakesDescriptor(c.op)) return;
  const uint8_t at = w.handles[c.fd.handle()];
  if (at == kNone) return;
  opens = w.slots[at].opens;
  if (opens == Opens::kReserved) opens = Opens::kNothing;
  if (opens == Opens::kNothing) return;
  slot = at;
  if (opens == Opens::kEpoll) epoll = w.slots[at].socket;
  if (opens != Opens::kSocket) return;
  index = w.slots[at].socket;
  if (c.op == Op::kGetsockopt || c.op == Op::kSetsockopt) {
    option = FindOption(p, w.sockets[index], c.level, c.option);
  }
}

Scene::Scene(World& copy, const Scene& same, const Reply* r, int b)
    : world(copy), call(same.call), profile(same.profile), seen(r), branch(b), slot(same.slot), opens(same.opens),
      index(same.index), epoll(same.epoll), option(same.option), rest_(b) {}

Scene::Scene(World& w, const Call& c, const Profile& p, Waiting& entry, Scene& outer)
    : Scene(w, c, p, nullptr, outer.branch) {
  waiting = &entry;
  outer_ = &outer;
  // poll() and select() look at the number again each time they are woken; the others at what it led to.
  if (c.op == Op::kPoll || c.op == Op::kSelect) return;
  if (index != entry.socket || epoll != entry.epoll) slot = -1;
  index = entry.socket;
  epoll = entry.epoll;
  opens = index != kNone ? Opens::kSocket : Opens::kEpoll;
}

int64_t Scene::patience() const {
  if (resumed()) return kForEver;  // what it was when the call began
  if (me().nonblocking) return 0;
  switch (call.op) {
    case Op::kSend:
    case Op::kSendto:
    case Op::kSendmsg:
    case Op::kRecv:
    case Op::kRecvfrom:
    case Op::kRecvmsg: {
      constexpr int kDontWait = 0x40;  // MSG_DONTWAIT
      if (call.flags & kDontWait) return 0;
      break;
    }
    default:  // calls that take no flags, or others
      break;
  }
  if (world.set_options == 0) return kForEver;
  const SetOption* set = FindTimeout(world, index, call.op);
  if (set == nullptr) return kForEver;
  return set->value < 0 ? 0 : set->value * int64_t{1000000} + set->second;
}

int Scene::Fork(int n) {
  if (outer_ != nullptr) return outer_->Fork(n);
  branches *= n;
  const int pick = rest_ % n;
  rest_ /= n;
  return pick;
}

int Scene::Choose(int low, int high, const char* what) {
  if (low == high) return high;
  open = true;
  note = what;
  if (seen != nullptr && seen->error == 0 && seen->value >= low && seen->value <= high) {
    return seen->value;
  }
  return high;
}

uint8_t Scene::LowestSlot(int from) const {
  if (resumed() && waiting->reserved != kNone) return waiting->reserved;
  const int slots = world.nofile == 0 ? kMaxHandles : world.nofile;
  for (int i = from; i < slots; ++i) {
    if (world.slots[i].opens == Opens::kNothing) return static_cast<uint8_t>(i);
  }
  return kNone;
}

void Scene::MakeDescriptor(Slot to, int from) {
  const uint8_t lowest = LowestSlot(from);
  if (lowest == kNone || call.made == kNoHandle) {
    world.lost = Lost::kFull;
    return;
  }
  world.slots[lowest] = to;
  world.handles[call.made] = lowest;
  reply.value = lowest;
}

Port Scene::NameOf(PortIndex port) {
  PortEntry& entry = world.ports[port];
  if (entry.name != kPortOther) return entry.name;
  open = true;
  note = "any port of the ephemeral range";
  const PortIndex known = seen == nullptr || !seen->port.IsChosen() ? kNone : LookUpPort(world, seen->port);
  SocketKind kind = me().kind;
  for (const Socket& socket : world.sockets) {
    if (socket.live && socket.bound == port) kind = socket.kind;
  }
  if (known != kNone && MayBeChosenAgain(world, kind, known)) {
    // It chose a number that had a name: the world would have to be told in which call.
    world.lost = Lost::kCoincidence;
    return seen->port;
  }
  if (world.seen < kMaxChosenPorts) {
    entry.name = Port::Chosen(world.seen++);
  } else {
    world.lost = Lost::kFull;
  }
  return entry.name;
}

void Scene::WriteAddress(Host host, PortIndex port) {
  if (call.length_pointer != Pointer::kValid) return;
  const int32_t whole = AddressLength(me());
  if (call.pointer != Pointer::kValid) {
    // Nothing of the address is asked for, but its length is told all the same; accept() and
    // recvfrom() with NULL ask for neither.
    const bool asks = call.op == Op::kGetsockname || call.op == Op::kGetpeername;
    if (!asks && call.pointer == Pointer::kNull) return;
    if (call.length == whole) return;
    reply.wrote |= kWroteAddressLength;
    reply.address_length = whole;
    return;
  }
  Port name = kPortZero;
  if (port != kNone && call.length >= 4) {
    if (resumed() && world.ports[port].name == kPortOther) {
      waiting->unseen = port;  // the program sees it with the call's second half
    } else {
      name = NameOf(port);
    }
  }
  const int32_t length = std::min(call.length, whole);
  if (length >= 2) {
    const int32_t host_ends = me().inet6 ? 24 : 8;
    const bool has_host = length >= host_ends;
    reply.wrote |= kWroteAddress;
    reply.family = FamilyOf(me());
    reply.address_size = static_cast<uint8_t>(length == whole ? whole : has_host ? host_ends : length >= 4 ? 4 : 2);
    if (length >= 4) reply.port = name;
    if (has_host) reply.host = me().inet6 ? Mapped(host) : host;
  }
  // addrlen= stays the size of the whole address, however little of it had room. Where not even the family had, it
  // is written, unless it is that of struct sockaddr_in.
  if (length < 2 && whole != kExactLength) {
    reply.wrote |= kWroteAddressLength;
    reply.address_length = whole;
  }
  // POSIX tells "the length of the stored address", which is cut off to the room that there was.
  if (posix() && call.length < whole && seen != nullptr && (seen->wrote & kWroteAddressLength) &&
      seen->address_length == call.length) {
    open = true;
    note = "the length of the address, or of what was stored of it";
    reply.wrote |= kWroteAddressLength;
    reply.address_length = call.length;
  }
}

}  // namespace sockspec
