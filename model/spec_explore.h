// Where programs can take a socket, and what each call may answer there: what the specification as a document
// is derived from.
//
// A handful of programs lead to every phase of each kind of socket; after each of them every call is tried
// with every argument that a clause can tell apart, and after those that changed anything every call once more.
#ifndef SOCKSPEC_MODEL_SPEC_EXPLORE_H_
#define SOCKSPEC_MODEL_SPEC_EXPLORE_H_

#include <array>
#include <compare>
#include <map>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "model/clause.h"
#include "model/profile.h"
#include "model/world.h"

namespace sockspec {

// The kinds of socket that the document tells apart: one matrix each.
enum class SpecKind : uint8_t { kTcp4, kTcp6, kUdp4, kUdp6, kUnixStream, kUnixDatagram, kUnixSeqpacket };
inline constexpr int kSpecKinds = 7;
std::string_view SpecKindName(SpecKind kind);  // "TCP over IPv4", "unix SOCK_DGRAM"

// Where a call's descriptor leads, as a column of the matrix: a phase, or no socket at all.
inline constexpr int kNoSocketPlace = kPhaseCount;
inline constexpr int kPlaces = kPhaseCount + 1;

// A call that moved a socket of one kind from phase to phase.
struct Move {
  Phase from;
  Phase to;
  Op op;
  bool by_other;   // it happened to a socket that the call was not made on
  bool dissolves;  // connect() to AF_UNSPEC
  auto operator<=>(const Move&) const = default;
};

struct Explored {
  // By clause: at which call and place it was seen to decide.
  std::map<const Clause*, std::set<std::pair<Op, int>>> decides;
  std::set<Move> moves;
  std::set<std::pair<Op, int>> unspecified;
  std::array<bool, kPlaces> reached = {};
  int programs = 0;  // that led to the phases
};

using Exploration = std::array<Explored, kSpecKinds>;

// Some seconds of computing. The same profile always gives the same.
Exploration Explore(const Profile& profile);
Explored ExploreOne(const Profile& profile, SpecKind kind);

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_SPEC_EXPLORE_H_
