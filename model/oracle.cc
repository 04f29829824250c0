#include "model/oracle.h"

#include <errno.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "model/option_table.h"
#include "model/program/declarations.h"
#include "model/scene.h"
#include "model/tables.h"

namespace sockspec {
namespace {

// A row as it is tried: what was expected, and where it leads.
struct Tried {
  Reply reply;
  bool open = false;
  const char* note = "";
  int branches = 1;
};

bool Holds(const Clause& clause, const Scene& scene) {
  return clause.when == nullptr || clause.when(scene);
}

// Does in `world` what `clause` says and gives the reply that it expects.
Tried Try(const Clause& clause, World& world, const Call& call, const Profile& profile,
          const Reply* seen, int branch) {
  Scene scene(world, call, profile, seen, branch);
  if (clause.error > 0) scene.reply.error = clause.error;
  if (clause.blocks) {
    scene.reply.blocked = true;
    scene.reply.error = EINTR;
  }
  if (clause.then != nullptr) clause.then(scene);
  if (world.epolls_live != 0) [[unlikely]] SettleEpolls(world);
  if (scene.reply.error != 0) {
    scene.reply.value = 0;
    if (call.made != kNoHandle) world.handles[call.made] = kNone;
    if (call.made2 != kNoHandle) world.handles[call.made2] = kNone;
  }
  return {scene.reply, scene.open, scene.note, scene.branches};
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

// The unspecified socket that the call is on; nullptr where it is on none.
const Socket* Unspecified(const Call& call, const World& world) {
  if (!call.fd.IsHandle() || !DeclarationOf(call.op).takes_descriptor()) return nullptr;
  const uint8_t slot = world.handles[call.fd.handle()];
  if (slot == kNone || world.slots[slot].opens != Opens::kSocket) return nullptr;
  const Socket& socket = world.sockets[world.slots[slot].socket];
  return socket.unspecified ? &socket : nullptr;
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

Oracle::Oracle(const Profile& profile) : profile_(profile) {
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

Oracle& Oracle::operator=(const Oracle& other) {
  profile_ = other.profile_;
  rows_ = other.rows_;
  count_ = other.count_;
  std::copy(other.worlds_.begin(), other.worlds_.begin() + count_, worlds_.begin());
  clause_ = other.clause_;
  allowed_ = other.allowed_;
  why_ = other.why_;
  lost_ = other.lost_;
  return *this;
}

const std::vector<const Clause*>& Oracle::RowsFor(const Call& call, const World& world) const {
  int kind = kSocketKinds;
  if (call.fd.IsHandle() && DeclarationOf(call.op).takes_descriptor()) {
    const uint8_t slot = world.handles[call.fd.handle()];
    if (slot != kNone && world.slots[slot].opens == Opens::kSocket) {
      kind = static_cast<int>(world.sockets[world.slots[slot].socket].kind);
    }
  }
  return rows_->of[static_cast<int>(call.op)][kind];
}

void Oracle::Reset(const Environment& env) {
  worlds_[0] = NewWorld(env);
  count_ = 1;
  clause_ = nullptr;
  allowed_ = 0;
  why_ = "";
  lost_ = false;
}

// The rows whose replies are allowed in `world`, at most `room` of them, the most usual first.
static int Applicable(const std::vector<const Clause*>& rows, World& world, const Call& call,
                      const Profile& profile, const Clause* removed, const Clause** out, int room) {
  const Scene scene(world, call, profile, nullptr, 0);
  int count = 0;
  if (profile.family != kPosix) {
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

Verdict Oracle::Step(const Call& call, const Reply& reply) {
  constexpr int kRoom = 32;
  const Clause* rows[kRoom];
  clause_ = nullptr;
  allowed_ = 0;
  if (!lost_ && NamesUnseenPort(call, worlds_[0])) {
    lost_ = true;
    why_ = "a port is named that the kernel has not chosen yet";
  }
  if (!lost_ && worlds_[0].lost != Lost::kNo) {
    lost_ = true;
    why_ = LostBecause(worlds_[0].lost);
  }
  if (lost_) return Verdict::kDiscarded;
  if (const Socket* socket = Unspecified(call, worlds_[0]); socket != nullptr) {
    if (ReachesOthers(call, *socket)) {
      lost_ = true;
      why_ = LostBecause(Lost::kUnspecified);
      return Verdict::kUnspecified;
    }
    if (OnUnspecified(call, worlds_[0])) {
      LearnName(reply);
      return Verdict::kUnspecified;
    }
  }
  if (const char* reason = SpoiltBy(worlds_[0], call, profile_); reason != nullptr) {
    lost_ = true;
    why_ = reason;
    return Verdict::kDiscarded;
  }
  int next = 0;
  // What clauses only may add is not all that is right: something must decide, or the rest is not modelled.
  bool decided = true;
  for (int w = 0; w < count_; ++w) {
    const int count = Applicable(RowsFor(call, worlds_[w]), worlds_[w], call, profile_, nullptr, rows, kRoom);
    if (count == 0) {
      lost_ = true;
      why_ = "the call is not modelled (model/not_modelled.md)";
      return Verdict::kDiscarded;
    }
    if (rows[0]->strength == Strength::kUnspecified) {
      // One world is kept: what the others knew of this socket means nothing now.
      clause_ = rows[0];
      const World before = worlds_[w];
      const Tried tried = Try(*rows[0], worlds_[w], call, profile_, &reply, 0);
      worlds_[0] = worlds_[w];
      count_ = 1;
      const bool made_as_foreseen = call.made != kNoHandle && worlds_[0].handles[call.made] != kNone &&
                                    tried.reply.value == reply.value;
      if (reply.error != 0 && call.made != kNoHandle) {
        worlds_[0] = before;
        worlds_[0].handles[call.made] = kNone;
      }
      LearnName(reply);
      if (worlds_[0].lost != Lost::kNo) {
        lost_ = true;
        why_ = LostBecause(worlds_[0].lost);
      }
      if (call.made != kNoHandle && reply.error == 0 && !made_as_foreseen) {
        lost_ = true;
        why_ = LostBecause(Lost::kUnspecified);
      }
      return Verdict::kUnspecified;
    }
    decided = decided && std::any_of(rows, rows + count, [](const Clause* row) { return row->strength == Strength::kShall; });
    int alternatives = 0;
    for (int r = 0; r < count; ++r) {
      int branches = 1;
      for (int branch = 0; branch < branches; ++branch) {
        if (next == kMaxWorlds) {
          lost_ = true;
          why_ = "the replies leave too many worlds possible";
          return Verdict::kDiscarded;
        }
        next_[next] = worlds_[w];
        const Tried tried = Try(*rows[r], next_[next], call, profile_, &reply, branch);
        branches = std::max(branches, tried.branches);
        ++alternatives;
        // A socket that becomes unspecified is a matter of the calls to come; this one can be judged. Where bytes
        // are under way, the reply is not known either: a close() that lingers behind them blocks.
        if (next_[next].lost != Lost::kNo && next_[next].lost != Lost::kUnspecified) {
          lost_ = true;
          why_ = LostBecause(next_[next].lost);
          return Verdict::kDiscarded;
        }
        if (!Agree(tried.reply, reply)) {
          // Outcomes that the kernel does not tell share one reply: the others cannot agree either.
          break;
        }
        if (clause_ == nullptr) clause_ = rows[r];
        if (std::find(next_.begin(), next_.begin() + next, next_[next]) == next_.begin() + next) {
          ++next;
        }
      }
    }
    allowed_ = std::max(allowed_, alternatives);
  }
  if (next == 0 && !decided) {
    lost_ = true;
    why_ = "the call is not modelled (model/not_modelled.md)";
    return Verdict::kDiscarded;
  }
  if (next == 0) return Verdict::kDiverges;
  std::copy(next_.begin(), next_.begin() + next, worlds_.begin());
  count_ = next;
  return Verdict::kConforms;
}

// The kernel has told a port that no clause expected: it has a name from here on.
void Oracle::LearnName(const Reply& reply) {
  World& world = worlds_[0];
  count_ = 1;
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

// The reply is taken for what it says. Where a clause that holds gives such a reply, the world becomes what
// that clause makes of it. Two refusals differ in nothing but the errno. In all other cases nobody knows
// where the socket is, nor the one at its other end: both are unspecified until they are closed.
bool Oracle::Resynchronise(const Call& call, const Reply& reply) {
  if (lost_) return false;
  World before = worlds_[0];
  const Scene scene(before, call, profile_, nullptr, 0);
  const Clause* same = nullptr;
  bool refusal_expected = false;
  for (const Clause* row : RowsFor(call, worlds_[0])) {
    if (!Holds(*row, scene)) continue;
    refusal_expected |= !row->effect() && row->strength == Strength::kShall;
    const bool gives = reply.error == 0 ? row->error == 0 && !row->blocks : row->error == reply.error;
    if (gives && same == nullptr) same = row;
  }
  World after = before;
  if (same != nullptr) {
    const Tried tried = Try(*same, after, call, profile_, &reply, 0);
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
  worlds_[0] = after;
  count_ = 1;
  if (after.lost != Lost::kNo) {
    lost_ = true;
    why_ = "model and kernel could not be brought together again after a divergence";
  }
  return after.lost == Lost::kNo;
}

std::vector<Allowed> Oracle::Ask(const Call& call) const {
  constexpr int kRoom = 32;
  const Clause* rows[kRoom];
  std::vector<Allowed> answers;
  if (lost_ || NamesUnseenPort(call, worlds_[0]) || OnUnspecified(call, worlds_[0]) ||
      SpoiltBy(worlds_[0], call, profile_) != nullptr) {
    return answers;
  }
  for (int w = 0; w < count_; ++w) {
    World world = worlds_[w];
    const int count = Applicable(RowsFor(call, world), world, call, profile_, nullptr, rows, kRoom);
    if (count > 0 && rows[0]->strength == Strength::kUnspecified) return {};
    for (int r = 0; r < count; ++r) {
      World after = world;
      const Tried tried = Try(*rows[r], after, call, profile_, nullptr, 0);
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
  World world = worlds_[0];
  const Scene scene(world, call, profile_, nullptr, 0);
  for (const Clause* row : RowsFor(call, worlds_[0])) {
    considered.push_back({row, Holds(*row, scene)});
  }
  return considered;
}

Reply Oracle::Answer(const Call& call, const Mutation& mutation) {
  constexpr int kRoom = 32;
  const Clause* rows[kRoom];
  const Clause* removed = mutation.error == 0 && !mutation.spoil ? mutation.clause : nullptr;
  const int count = Applicable(RowsFor(call, worlds_[0]), worlds_[0], call, profile_, removed, rows, kRoom);
  if (count == 0) {
    clause_ = nullptr;
    if (call.made != kNoHandle) worlds_[0].handles[call.made] = kNone;
    if (call.made2 != kNoHandle) worlds_[0].handles[call.made2] = kNone;
    return {.error = ENOSYS};
  }
  clause_ = rows[0];
  Tried tried = Try(*rows[0], worlds_[0], call, profile_, nullptr, 0);
  if (mutation.clause == rows[0] && mutation.error != 0) {
    tried.reply = {.error = mutation.error};
  } else if (mutation.clause == rows[0] && mutation.spoil) {
    Reply& reply = tried.reply;
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
  }
  return tried.reply;
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
    if (!DeclarationOf(c.op).takes_descriptor()) return;
    opens = c.fd == kFile ? Opens::kFile : c.fd == kPipe ? Opens::kPipe : Opens::kNothing;
    return;
  }
  if (!DeclarationOf(c.op).takes_descriptor()) return;
  const uint8_t at = w.handles[c.fd.handle()];
  if (at == kNone) return;
  opens = w.slots[at].opens;
  if (opens == Opens::kNothing) return;
  slot = at;
  if (opens != Opens::kSocket) return;
  index = w.slots[at].socket;
  if (c.op == Op::kGetsockopt || c.op == Op::kSetsockopt) {
    option = FindOption(p, w.sockets[index], c.level, c.option);
  }
}

int64_t Scene::patience() const {
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
  if (port != kNone) {
    PortEntry& entry = world.ports[port];
    if (entry.name == kPortOther && call.length >= 4) {
      // The first sight of a port of the kernel's choice names it.
      const Port next = Port::Chosen(world.seen);
      const PortIndex known = seen == nullptr || !seen->port.IsChosen() ? kNone : LookUpPort(world, seen->port);
      SocketKind kind = me().kind;
      for (const Socket& socket : world.sockets) {
        if (socket.live && socket.bound == port) kind = socket.kind;
      }
      if (known != kNone && MayBeChosenAgain(world, kind, known)) {
        // It chose a number that had a name: the world would have to be told in which call.
        world.lost = Lost::kCoincidence;
        name = seen->port;
      } else if (world.seen < kMaxChosenPorts) {
        entry.name = next;
        ++world.seen;
      } else {
        world.lost = Lost::kFull;
      }
      open = true;
      note = "any port of the ephemeral range";
    }
    if (world.lost != Lost::kCoincidence) name = entry.name;
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
}

}  // namespace sockspec
