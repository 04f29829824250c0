// The options of getsockopt() and setsockopt(), one row each: who has the option, what it is before anybody has
// set it, what it takes, what is stored of that, and what it is that the model leaves out.
//
//     const OptionRow* row = FindOption(profile, socket, IPPROTO_IP, IP_TTL);
//     row->start == 64; row->least == 1; row->most == 255; row->besides == -1
//
// The clauses (options.cc) are few and general, and read these rows. A row says nothing that another row of its
// level says otherwise: the order of checks is the level's, and stands in options.cc.
#ifndef SOCKSPEC_MODEL_OPTION_TABLE_H_
#define SOCKSPEC_MODEL_OPTION_TABLE_H_

#include <cerrno>
#include <cstdint>
#include <span>
#include <string_view>

#include "model/clause.h"
#include "model/profile.h"
#include "model/program/call.h"
#include "model/world.h"

namespace sockspec {

// Of kTcp and kUdp: which family the row is about. Unix sockets are of neither, and always meant.
using FamilySet = uint8_t;
inline constexpr FamilySet kOfIpv4 = 1;
inline constexpr FamilySet kOfIpv6 = 2;
inline constexpr FamilySet kOfBoth = 3;

// Calls, as a set.
using OpSet = uint64_t;
constexpr OpSet Ops(Op op) { return OpSet{1} << static_cast<int>(op); }
inline constexpr OpSet kOpSends = Ops(Op::kSend) | Ops(Op::kWrite) | Ops(Op::kSendto) | Ops(Op::kSendmsg) | Ops(Op::kWritev);
inline constexpr OpSet kOpReceives =
    Ops(Op::kRecv) | Ops(Op::kRead) | Ops(Op::kRecvfrom) | Ops(Op::kRecvmsg) | Ops(Op::kReadv);
inline constexpr OpSet kOpConnects = Ops(Op::kConnect) | Ops(Op::kListen) | Ops(Op::kBind);
inline constexpr OpSet kOpLooks = Ops(Op::kPoll) | Ops(Op::kSelect) | Ops(Op::kEpollWait) | Ops(Op::kIoctl);
inline constexpr OpSet kOpCloses = Ops(Op::kClose) | Ops(Op::kShutdown) | Ops(Op::kDup2) | Ops(Op::kDup3);
inline constexpr OpSet kOpAll =
    kOpSends | kOpReceives | kOpConnects | kOpLooks | kOpCloses | Ops(Op::kAccept) | Ops(Op::kAccept4);

// Who may set an option.
enum class Right : uint8_t {
  kNobodys,  // everybody
  kNetwork,  // CAP_NET_ADMIN or CAP_NET_RAW over the network namespace, which the sandbox gives but to uid=nobody
  kMachine,  // CAP_NET_ADMIN over the machine: whether the sandbox has it depends on who started it
};

// Where in its life a socket may be for an option to be set: EINVAL elsewhere.
enum class Settable : uint8_t { kAlways, kUnbound, kClosed, kClosedOrListening };

// What getsockopt() gives.
struct Told {
  int32_t first = 0;
  int32_t second = 0;
  // The kernel chose: any `first` in [least, most] is right, and any `second` where that is said.
  bool open = false;
  int32_t least = INT32_MIN;
  int32_t most = INT32_MAX;
  bool any_second = false;
  int32_t size = -1;  // bytes there are of it; -1: the option's own size
};

inline constexpr int16_t kOptionNotModelled = -1;

struct OptionRow {
  int32_t level = 0;
  int32_t option = 0;
  KindSet of = kAnything;
  FamilySet families = kOfBoth;
  Version since = {};
  Version until = {};
  bool posix = false;     // POSIX knows it
  bool get = true;        // it can be read; otherwise ENOPROTOOPT
  bool set = true;        // it can be set; otherwise ENOPROTOOPT
  int16_t get_error = 0;  // these sockets know it, and give this errno
  int16_t set_error = 0;
  int16_t may_give = 0;   // an errno that comes as well, for what is not in the world: a kernel built without it

  // Reading.
  int32_t start = 0;      // what it is before anybody has set it
  bool chosen = false;    // no: that is the kernel's choice, `start` at the least
  int32_t get_bytes = 0;  // room for fewer is refused
  bool get_exactly = false;  // and for more
  int16_t (*get_refused)(const Scene&) = nullptr;  // an errno, 0, or kOptionNotModelled
  Told (*tells)(const Scene&) = nullptr;           // nullptr: what is stored

  // Setting. What is stored is the value as it is, but for `boolean`, `becomes` and `stores`.
  bool boolean = false;         // any value but 0 is 1
  int32_t least = INT32_MIN;
  int32_t most = INT32_MAX;
  int32_t besides = INT32_MIN;  // a value outside [least, most] that is taken, too; INT32_MIN: none
  int16_t outside = EINVAL;     // the errno for all others
  int32_t bytes = 4;            // a shorter value is refused
  bool exactly = false;         // and a longer one
  bool unread = false;          // what is refused is refused before the value is read
  int16_t (*set_refused)(const Scene&) = nullptr;          // an errno, 0, or kOptionNotModelled
  int32_t (*becomes)(const Scene&, int32_t) = nullptr;     // what is stored of it
  void (*stores)(Scene&, int32_t first) = nullptr;         // instead of storing it here
  bool ignored = false;         // nothing is stored
  Settable settable = Settable::kAlways;
  Right right = Right::kNobodys;
  int32_t free_least = 1;       // values in [free_least, free_most] need no right; 1, 0: every one does
  int32_t free_most = 0;
  int16_t without = EPERM;      // the errno where the right is missing

  // Storing.
  int32_t same_as = -1;         // another option of this level that is the same thing by another name
  int32_t same_level = -1;      // its level, where that is another one
  KindSet inherited = kTcp;     // of these, a connection has its listener's

  // What is left out.
  OpSet spoils = 0;             // calls on the socket whose replies it may change, in ways that are not modelled
  KindSet spoils_of = kAnything;
  // nullptr: at every value but that from the start.
  bool (*spoils_at)(const World&, const SetOption&, const Profile&, const Call&) = nullptr;
  bool spoils_others = false;   // and such calls on any other socket
  const char* beyond = nullptr;         // why its success is not modelled; the refusals are
  const char* not_modelled = nullptr;   // why nothing of it is modelled

  std::string_view cites;
};

// All rows, those of one option side by side.
std::span<const OptionRow> OptionRows();

// The row of an option for a socket; nullptr where there is no such option for it.
const OptionRow* FindOption(const Profile& profile, const Socket& socket, int32_t level, int32_t option);

// Whether the socket speaks that level at all.
bool SpeaksLevel(const Socket& socket, int32_t level);

// What a socket's option is: as it was set or inherited, or what it is from the start. For the clauses of other
// calls.
int32_t OptionOf(const World& world, uint8_t socket, int32_t level, int32_t option);

// Whether somebody has set an option that is off from the start.
bool IsSet(const World& world, uint8_t socket, int32_t level, int32_t option);

// The entry of an option that was set; nullptr where it was not.
const SetOption* FindSetOption(const World& world, uint8_t socket, int32_t level, int32_t option);

// How many bytes a stream must have before it is readable (SO_RCVLOWAT): 1 where nobody has said otherwise.
uint32_t ReceiveLowWaterOf(const World& world, uint8_t socket);

// The time that SO_RCVTIMEO or SO_SNDTIMEO gives the call, in `value` seconds (-1: none at all) and `second`
// microseconds; nullptr: for ever.
const SetOption* FindTimeout(const World& world, uint8_t socket, Op op);

// Stores an option's value; what it is from the start takes no room. The world is lost where there is none left.
void StoreOption(World& world, const OptionRow& row, uint8_t socket, int32_t first, int32_t second);

// A listener's options, for the connection it makes. Forgetting them, when a socket is no more.
void InheritOptions(World& world, uint8_t listener, uint8_t child);
void ForgetOptions(World& world, uint8_t socket);
// One option is what it was from the start.
void ForgetOption(World& world, uint8_t socket, int32_t level, int32_t option);

// Why the call cannot be judged, since an option was set whose influence on it is left out; nullptr: it can.
const char* SpoiltBy(const World& world, const Call& call, const Profile& profile);

// The value that setsockopt() takes from the call: of a short one what is there, of a missing one 0, as the
// level has it.
int32_t ValueToSet(const Scene& scene);

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_OPTION_TABLE_H_
