// A clause: one row of the specification.
//
//     {.id = "listen.port_taken", .error = EADDRINUSE, .when = PortTaken, .cites = "…", .says = "…"},
//
// A refusal has an errno; an effect has none and says by `then` what the call does. The tables of a call
// (model/listen.cc) are read from the top. In a platform's profile the first row that holds decides:
// the order of the rows is the kernel's own. In `posix` every refusal that holds is allowed, and the
// first effect that holds is too, unless a refusal that shall be made holds.
#ifndef SOCKSPEC_MODEL_CLAUSE_H_
#define SOCKSPEC_MODEL_CLAUSE_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "model/profile.h"
#include "model/program/call.h"
#include "model/world.h"

namespace sockspec {

class Scene;  // scene.h: the world before the call, the call, and what may be done to both

enum class Strength : uint8_t {
  kShall,     // where it holds, nothing weaker is right
  kMay,       // adds a reply without forbidding the others
  kResource,  // as kMay; the kernel may run out of something
  kUnspecified,  // where it holds, the profile says nothing: whatever comes is right
};

// Which sockets a row is about: what the call's descriptor leads to.
using KindSet = uint8_t;
constexpr KindSet SetOf(SocketKind kind) { return static_cast<KindSet>(1 << static_cast<int>(kind)); }
inline constexpr KindSet kTcp = SetOf(SocketKind::kTcp);
inline constexpr KindSet kUdp = SetOf(SocketKind::kUdp);
inline constexpr KindSet kInet = kTcp | kUdp;
inline constexpr KindSet kUnixStream = SetOf(SocketKind::kUnixStream);
inline constexpr KindSet kUnixDatagram = SetOf(SocketKind::kUnixDatagram);
inline constexpr KindSet kUnixSeqpacket = SetOf(SocketKind::kUnixSeqpacket);
inline constexpr KindSet kUnixConnected = kUnixStream | kUnixSeqpacket;
inline constexpr KindSet kUnix = kUnixConnected | kUnixDatagram;
inline constexpr KindSet kDatagrams = kUdp | kUnixDatagram;
inline constexpr KindSet kNoSocket = 1 << kSocketKinds;  // a file, a pipe, nothing at all, socket()
inline constexpr KindSet kAnything = 0xff;

using Predicate = bool (*)(const Scene&);
using Action = void (*)(Scene&);

// Clause::error of a row whose errno is the socket's pending one (SO_ERROR).
inline constexpr int16_t kPendingError = -1;

struct Clause {
  std::string_view id;                  // "listen.port_taken": stable, unique, in reports and commits
  int16_t error = 0;                    // an errno; 0 for an effect; kPendingError
  bool blocks = false;                  // the reply is that the call blocks
  bool outcome = false;                 // an effect that is told by an errno: EINPROGRESS
  Predicate when = nullptr;             // nullptr: always
  Action then = nullptr;                // what it does to the world, and to what is written; nullptr: nothing
  KindSet of = kAnything;               // as far as its table is (tables.h)
  ProfileSet on = kEveryProfile;
  Strength strength = Strength::kShall;
  bool selinux = false;                 // only where SELinux is in force
  Version since = {};                   // of a platform, first version; {}: all
  Version until = {};                   // of a platform, first version without it; {}: none
  std::string_view cites;               // POSIX page and section, man page, kernel function, observation
  std::string_view says;                // one sentence
  std::string_view alias = {};          // older ids, with spaces between them

  bool effect() const { return (error == 0 && !blocks) || outcome; }
  bool BelongsTo(const Profile& profile) const;
};

// All clauses of all calls, each once, in the order of the calls and tables. Index = ClauseNumber().
std::span<const Clause* const> AllClauses();
int ClauseNumber(const Clause* clause);
// Clause::alias, one by one.
std::vector<std::string_view> OlderIds(const Clause& clause);
const Clause* FindClause(std::string_view id);  // by id or alias; nullptr where there is none

// The clauses that can decide `op`, in order.
std::span<const Clause* const> ClausesOf(Op op);

// The same with what each is about: its own `of`, as far as the table that it stands in for this call.
struct Row {
  const Clause* clause;
  KindSet of;
};
std::span<const Row> RowsOf(Op op);

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_CLAUSE_H_
