#include "model/spec.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "model/clause.h"
#include "model/oracle.h"
#include "model/program/declarations.h"
#include "model/program/text.h"
#include "model/world.h"
#include "nlohmann/json.hpp"

namespace sockspec {
namespace {

using Json = nlohmann::ordered_json;

// What leads to the phases. Each call is answered as the specification says; where it allows
// several replies, by the first.
std::vector<std::string> Beginnings() {
  const std::string socket = "s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)\n";
  const std::string bound = socket + "bind(s0, 127.0.0.1:P0)\n";
  const std::string client = "s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)\n";
  const std::string listening = bound + "listen(s0, 1)\n" + client;
  const std::string waiting = listening + "connect(s1, 127.0.0.1:P0)\n";
  const std::string connected = waiting + "s2 = accept4(s0, SOCK_NONBLOCK)\n";
  // The queue holds one, so that a second connection stays under way.
  const std::string full = bound + "listen(s0, 0)\n" + client +
                           "connect(s1, 127.0.0.1:P0)\n"
                           "s2 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)\n"
                           "connect(s2, 127.0.0.1:P0)\n";
  // Two sockets of one port, of which one is connected to where the other wants to go.
  const std::string twins = bound + "listen(s0, 5)\n" + client +
                            "setsockopt(s1, SOL_SOCKET, SO_REUSEADDR, 1)\n"
                            "bind(s1, 127.0.0.1:P1)\n"
                            "s2 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)\n"
                            "setsockopt(s2, SOL_SOCKET, SO_REUSEADDR, 1)\n"
                            "bind(s2, 127.0.0.1:P1)\n"
                            "connect(s1, 127.0.0.1:P0)\n";
  // So little room that the kernel may take its time.
  const std::string crowded = bound +
                              "listen(s0, 1)\n"
                              "s1 = socket(AF_INET, SOCK_STREAM, 0)\n"
                              "connect(s1, 127.0.0.1:P0)\n"
                              "s2 = accept(s0)\n"
                              "setsockopt(s2, SOL_SOCKET, SO_RCVBUF, 1)\n"
                              "send(s1, 4096, MSG_NOSIGNAL)\n";
  return {
      "",
      socket,
      "s0 = socket(AF_INET, SOCK_STREAM, 0)\n",
      bound + client,
      listening,
      socket + "connect(s0, 127.0.0.1:P0)\n",
      waiting,
      full,
      full + "shutdown(s2, SHUT_RDWR)\n",
      connected,
      connected + "send(s1, 5, MSG_NOSIGNAL)\nsend(s2, 5, MSG_NOSIGNAL)\n",
      connected + "send(s1, 5, MSG_OOB|MSG_NOSIGNAL)\n",
      connected + "shutdown(s2, SHUT_WR)\n",
      connected + "shutdown(s1, SHUT_WR)\nshutdown(s2, SHUT_WR)\n",
      connected + "send(s1, 5, MSG_NOSIGNAL)\nclose(s2)\n",
      waiting + "setsockopt(s1, SOL_SOCKET, SO_LINGER, {1, 0})\nclose(s1)\n",
      waiting +
          "setsockopt(s1, SOL_SOCKET, SO_LINGER, {1, 0})\ns2 = accept4(s0, "
          "SOCK_NONBLOCK)\nclose(s1)\n",
      connected +
          "close(s0)\nclose(s2)\nclose(s1)\n"
          "s3 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)\n",
      bound + "connect(s0, 127.0.0.1:P0)\n",
      "s0 = socket(AF_INET, SOCK_STREAM, 0)\nbind(s0, 127.0.0.1:P0)\nshutdown(s0, SHUT_WR)\n",
      twins,
      twins + "close(s1)\n",
      crowded,
      crowded + "fcntl(s2, F_SETFL, O_NONBLOCK)\n",
      "env: nofile=1\n" + bound + "listen(s0, 1)\n",
      "env: ephemeral=1\n" + socket + "bind(s0, 127.0.0.1:0)\n" + client,
  };
}

// ---- the calls that are tried
// -----------------------------------------------------------------------

// Every call that differs from the plainest by one argument. `live` says which handles there are.
class Alphabet {
 public:
  static std::vector<Call> Of(const World& world) {
    Alphabet alphabet;
    uint8_t free = 0;
    std::vector<Descriptor> descriptors;
    for (int h = 0; h < kMaxHandles; ++h) {
      if (world.handles[h] == kNone) continue;
      descriptors.push_back(Descriptor::Handle(h));
      free = static_cast<uint8_t>(h + 1);
    }
    descriptors.insert(descriptors.end(), {kMinusOne, kFile});
    for (const Declaration& declaration : Declarations()) {
      Call plain{.op = declaration.op};
      if (declaration.makes(plain)) plain.made = std::min<uint8_t>(free, kMaxHandles - 1);
      if (!TakesDescriptor(declaration)) {
        alphabet.Vary(declaration, plain);
        continue;
      }
      for (const Descriptor fd : descriptors) {
        plain.fd = fd;
        alphabet.Vary(declaration, plain);
      }
    }
    return std::move(alphabet.calls_);
  }

 private:
  static bool TakesDescriptor(const Declaration& declaration) {
    return std::ranges::any_of(declaration.arguments,
                               [](const Argument& a) { return a.kind == Kind::kDescriptor; });
  }

  static bool Used(const Argument& argument, const Call& call) {
    return argument.used == nullptr || argument.used(call);
  }

  // The plainest call: of each argument the first choice.
  void Vary(const Declaration& declaration, Call plain) {
    for (const Argument& argument : declaration.arguments) {
      if (argument.member != nullptr && !argument.choices.empty() && Used(argument, plain)) {
        plain.*argument.member = argument.choices[0];
      }
      Plainest(argument, plain);
    }
    Add(plain);
    for (const Argument& argument : declaration.arguments) {
      if (!Used(argument, plain)) continue;
      if (argument.member != nullptr) {
        for (const int32_t choice : argument.choices) {
          Call call = plain;
          call.*argument.member = choice;
          Complete(declaration, call);
          // An option's size and what may be done to it depend on which one it is.
          if (argument.member == &Call::option) {
            for (const Argument& other : declaration.arguments) {
              call.length = OptionSize(call.level, call.option);
              Pointers(other, call);
            }
          }
        }
      }
      Pointers(argument, plain);
    }
  }

  // An argument may be there only for some values of another one (fcntl's third, an option's size).
  void Complete(const Declaration& declaration, Call call) {
    bool added = false;
    for (const Argument& argument : declaration.arguments) {
      if (argument.kind == Kind::kOptionIn || argument.kind == Kind::kOptionOut) {
        call.length = OptionSize(call.level, call.option);
      }
      if (argument.used == nullptr || !Used(argument, call)) continue;
      for (const int32_t choice : argument.choices) {
        call.*argument.member = choice;
        Add(call);
        added = true;
      }
    }
    if (!added) Add(call);
  }

  static void Plainest(const Argument& argument, Call& call) {
    switch (argument.kind) {
      case Kind::kAddressIn:
        call.address = {.host = Host::kLoopback, .port = Port::Program(0)};
        call.length = kExactLength;
        break;
      case Kind::kAddressOut:
        call.length = kExactLength;
        break;
      case Kind::kOptionIn:
        call.value = 1;
        call.length = OptionSize(call.level, call.option);
        break;
      case Kind::kOptionOut:
        call.length = OptionSize(call.level, call.option);
        break;
      case Kind::kDescriptor:
      case Kind::kConstant:
      case Kind::kType:
      case Kind::kFlags:
      case Kind::kNumber:
      case Kind::kMadePair:
      case Kind::kMadeIfAny:
      case Kind::kBuffer:
        break;
    }
  }

  void Pointers(const Argument& argument, const Call& plain) {
    const auto with = [&](auto change) {
      Call call = plain;
      change(call);
      Add(call);
    };
    const auto lengths = [&](std::initializer_list<int32_t> values) {
      for (const int32_t length : values) with([&](Call& c) { c.length = length; });
    };
    switch (argument.kind) {
      case Kind::kAddressIn:
        for (const Host host : {Host::kAny, Host::kLoopback2, Host::kBroadcast, Host::kMulticast,
                                Host::kNotOurs, Host::kUnreachable, Host::kBlackhole}) {
          with([&](Call& c) { c.address.host = host; });
        }
        for (const Port port : {kPortZero, Port::Program(1), kPortPrivileged}) {
          with([&](Call& c) { c.address.port = port; });
          with([&](Call& c) { c.address = {.host = Host::kAny, .port = port}; });
        }
        for (const int16_t family : {AF_UNSPEC, AF_UNIX, AF_INET6, 99}) {
          with([&](Call& c) { c.address.family = family; });
          with([&](Call& c) {
            c.address = {.family = family, .host = Host::kAny, .port = kPortZero};
          });
        }
        with([](Call& c) { c.address.dirty_tail = true; });
        with([](Call& c) { c.pointer = Pointer::kNull; });
        with([](Call& c) { c.pointer = Pointer::kBad; });
        lengths({0, 1, 2, 8, 15, 17, 128, 129, -1});
        break;
      case Kind::kAddressOut:
        for (const Pointer pointer : {Pointer::kNull, Pointer::kBad}) {
          with([&](Call& c) { c.pointer = pointer; });
          with([&](Call& c) { c.length_pointer = pointer; });
          with([&](Call& c) { c.pointer = c.length_pointer = pointer; });
        }
        lengths({0, 2, 4, 8, 17, -1});
        break;
      case Kind::kOptionIn:
        with([](Call& c) { c.value = 0; });
        with([](Call& c) { c.pointer = Pointer::kNull; });
        with([](Call& c) { c.pointer = Pointer::kBad; });
        lengths({0, 2, 4, 8, -1});
        break;
      case Kind::kOptionOut:
        for (const Pointer pointer : {Pointer::kNull, Pointer::kBad}) {
          with([&](Call& c) { c.pointer = pointer; });
          with([&](Call& c) { c.length_pointer = pointer; });
        }
        lengths({0, 2, 8, -1});
        break;
      case Kind::kMadePair:
      case Kind::kMadeIfAny:
      case Kind::kBuffer:
        with([](Call& c) { c.pointer = Pointer::kNull; });
        with([](Call& c) { c.pointer = Pointer::kBad; });
        break;
      case Kind::kDescriptor:
      case Kind::kConstant:
      case Kind::kType:
      case Kind::kFlags:
      case Kind::kNumber:
        break;
    }
  }

  void Add(const Call& call) { calls_.push_back(call); }

  std::vector<Call> calls_;
};

// ---- exploring
// --------------------------------------------------------------------------------------

// Where a call's descriptor leads, as a row of the matrix: a phase, or no socket at all.
constexpr int kNoSocket = kPhaseCount;
constexpr int kPlaces = kPhaseCount + 1;

// Where a move begins: a socket that was not there yet has no phase.
std::string_view OriginName(Phase from) { return from == Phase::kClosed ? "new" : PhaseName(from); }

std::string_view PlaceName(int place) {
  return place == kNoSocket ? "no socket" : PhaseName(static_cast<Phase>(place));
}

struct Move {
  Phase from;
  Phase to;
  Op op;
  bool by_other;  // it happened to a socket that the call was not made on
  auto operator<=>(const Move&) const = default;
};

struct Derived {
  // By clause: at which call and place it was seen to decide.
  std::map<const Clause*, std::set<std::pair<Op, int>>> decides;
  std::set<Move> moves;
  std::set<std::pair<Op, int>> unspecified;
  std::array<bool, kPlaces> reached = {};
};

class Explorer {
 public:
  explicit Explorer(const Profile& profile) : profile_(profile) {}

  Derived Explore() {
    for (const std::string& beginning : Beginnings()) {
      const ParsedText parsed = ParseText(beginning, "a beginning");
      Oracle oracle(profile_);
      oracle.Reset(parsed.transcript.program.env);
      bool there = parsed.ok();
      for (const Call& call : parsed.transcript.program.calls) {
        Record(oracle, call);
        const std::vector<Allowed> allowed = oracle.Ask(call);
        if (allowed.empty()) {
          oracle.Step(call, {});  // unspecified, and stays so
          continue;
        }
        there = there && oracle.Step(call, allowed[0].reply) == Verdict::kConforms;
      }
      if (there) From(oracle, 2);
    }
    return std::move(derived_);
  }

 private:
  static int SubjectOf(const World& world, const Call& call) {
    if (call.op == Op::kSocket || !call.fd.IsHandle()) return -1;
    const uint8_t slot = world.handles[call.fd.handle()];
    if (slot == kNone || world.slots[slot].opens != Opens::kSocket) return -1;
    return world.slots[slot].socket;
  }

  static int PlaceOf(const World& world, const Call& call) {
    const int subject = SubjectOf(world, call);
    return subject < 0 ? kNoSocket : static_cast<int>(PhaseOf(world.sockets[subject]));
  }

  // All that is allowed at this call, and what it moves.
  void Record(const Oracle& oracle, const Call& call) { Record(oracle, call, oracle.Ask(call)); }

  void Record(const Oracle& oracle, const Call& call, const std::vector<Allowed>& allowed) {
    const World& before = oracle.world();
    const int place = PlaceOf(before, call);
    derived_.reached[place] = true;
    if (allowed.empty()) {
      for (const Considered& c : oracle.Consider(call)) {
        if (!c.holds || c.clause->strength != Strength::kUnspecified) continue;
        derived_.decides[c.clause].insert({call.op, place});
      }
      if (place == static_cast<int>(Phase::kUnspecified))
        derived_.unspecified.insert({call.op, place});
    }
    for (const Allowed& a : allowed) derived_.decides[a.clause].insert({call.op, place});
  }

  // What a program can see: a socket that has a descriptor.
  static Phase SeenPhase(const Socket& socket) {
    return socket.owned ? PhaseOf(socket) : Phase::kClosed;
  }

  void RecordMoves(const World& before, const World& after, const Call& call) {
    const int subject = SubjectOf(before, call);
    for (int i = 0; i < kMaxSockets; ++i) {
      const Phase from = SeenPhase(before.sockets[i]);
      const Phase to = SeenPhase(after.sockets[i]);
      if (from == to) continue;
      const bool made_here = from == Phase::kClosed;
      derived_.moves.insert({from, to, call.op, i != subject && !made_here});
    }
  }

  void From(const Oracle& oracle, int depth) {
    std::vector<World> expanded;
    for (const Call& call : Alphabet::Of(oracle.world())) {
      const std::vector<Allowed> allowed = oracle.Ask(call);
      Record(oracle, call, allowed);
      for (const Allowed& a : allowed) {
        Oracle next = oracle;
        if (a.reply.blocked || next.Step(call, a.reply) != Verdict::kConforms) continue;
        if (next.world() == oracle.world()) continue;
        RecordMoves(oracle.world(), next.world(), call);
        if (depth <= 1 || std::ranges::find(expanded, next.world()) != expanded.end()) continue;
        expanded.push_back(next.world());
        From(next, depth - 1);
      }
    }
  }

  const Profile& profile_;
  Derived derived_;
};

// ---- writing
// ----------------------------------------------------------------------------------------

std::string Answers(const Clause& clause) {
  if (clause.strength == Strength::kUnspecified) return "any";
  if (clause.blocks) return "blocks";
  if (clause.error == kPendingError) return "the pending error";
  return clause.error != 0 ? PrintErrno(clause.error) : "ok";
}

std::string_view StrengthName(Strength strength) {
  switch (strength) {
    case Strength::kShall:
      return "shall";
    case Strength::kMay:
      return "may";
    case Strength::kResource:
      return "resource";
    case Strength::kUnspecified:
      return "unspecified";
  }
  return "";
}

// The clauses of the profile that can decide `op`.
std::vector<const Clause*> Rows(const Profile& profile, Op op) {
  std::vector<const Clause*> rows;
  for (const Clause* clause : ClausesOf(op)) {
    if (clause->BelongsTo(profile)) rows.push_back(clause);
  }
  return rows;
}

// The calls that a clause can decide.
std::vector<Op> CallsOf(const Clause* clause) {
  std::vector<Op> calls;
  for (int op = 0; op < kOpCount; ++op) {
    const auto rows = ClausesOf(static_cast<Op>(op));
    if (std::ranges::find(rows, clause) != rows.end()) calls.push_back(static_cast<Op>(op));
  }
  return calls;
}

std::vector<std::string_view> NamesOf(const std::vector<Op>& calls) {
  std::vector<std::string_view> names;
  for (const Op op : calls) names.push_back(DeclarationOf(op).name);
  return names;
}

// What an id begins with: "listen" of "listen.port_taken". Clauses are listed under it.
std::string_view GroupOf(const Clause& clause) { return clause.id.substr(0, clause.id.find('.')); }

// What comes back from `op` at `place`: errnos, "0" for success.
std::set<std::string> RepliesAt(const Derived& derived, const Profile& profile, Op op, int place) {
  std::set<std::string> replies;
  for (const Clause* clause : Rows(profile, op)) {
    const auto found = derived.decides.find(clause);
    if (found == derived.decides.end() || !found->second.contains({op, place})) continue;
    replies.insert(Answers(*clause));
  }
  if (derived.unspecified.contains({op, place})) replies.insert("any");
  return replies;
}

// The places where `op` is made on a socket, reached by some program.
std::vector<int> PlacesOf(const Derived& derived) {
  std::vector<int> places;
  for (int place = 0; place < kPlaces; ++place) {
    // A closed socket has no descriptor that could lead to it.
    if (derived.reached[place] && place != static_cast<int>(Phase::kClosed))
      places.push_back(place);
  }
  return places;
}

template <typename Range>
std::string Joined(const Range& words, std::string_view between) {
  return fmt::format("{}", fmt::join(words, between));
}

// Text for a cell of a Markdown table.
std::string Cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string MatrixMarkdown(const Derived& derived, const Profile& profile) {
  const std::vector<int> places = PlacesOf(derived);
  std::string text = "| call | on any socket |";
  std::string rule = "|---|---|";
  for (const int place : places) {
    text += fmt::format(" {} |", PlaceName(place));
    rule += "---|";
  }
  text += "\n" + rule + "\n";
  for (const Declaration& declaration : Declarations()) {
    std::vector<std::set<std::string>> cells;
    std::set<std::string> everywhere;
    bool first = true;
    for (const int place : places) {
      cells.push_back(RepliesAt(derived, profile, declaration.op, place));
      if (place == kNoSocket || place == static_cast<int>(Phase::kUnspecified)) continue;
      if (first) {
        everywhere = cells.back();
      } else {
        std::erase_if(everywhere,
                      [&](const std::string& reply) { return !cells.back().contains(reply); });
      }
      first = false;
    }
    text += fmt::format("| {} | {} |", declaration.name, Joined(everywhere, ", "));
    for (size_t i = 0; i < places.size(); ++i) {
      std::set<std::string> own = cells[i];
      if (places[i] != kNoSocket) {
        for (const std::string& reply : everywhere) own.erase(reply);
      }
      text += fmt::format(" {} |", Joined(own, ", "));
    }
    text += "\n";
  }
  return text;
}

// Where a clause was seen to decide.
std::string PlacesWords(const Derived& derived, const Clause* clause) {
  const auto found = derived.decides.find(clause);
  if (found == derived.decides.end()) return "not reached here";
  std::set<int> places;
  for (const auto& [call, place] : found->second) places.insert(place);
  std::vector<int> sockets = PlacesOf(derived);
  std::erase(sockets, kNoSocket);
  std::erase(sockets, static_cast<int>(Phase::kUnspecified));
  if (std::ranges::all_of(sockets, [&](int place) { return places.contains(place); })) return "any";
  std::vector<std::string_view> names;
  for (const int place : places) names.push_back(PlaceName(place));
  return Joined(names, ", ");
}

std::string Markdown(const Derived& derived, const Profile& profile) {
  std::vector<std::string_view> groups;
  int count = 0;
  int reached = 0;
  for (const Clause* clause : AllClauses()) {
    if (!clause->BelongsTo(profile)) continue;
    ++count;
    reached += derived.decides.contains(clause);
    if (std::ranges::find(groups, GroupOf(*clause)) == groups.end())
      groups.push_back(GroupOf(*clause));
  }
  std::string text = fmt::format("# The specification: {}\n\n", profile.name());
  text += fmt::format(
      "{} clauses. {}\n\n", count,
      profile.family == kPosix
          ? "Every refusal that holds is allowed; the first effect that holds is too, unless a "
            "refusal that "
            "*shall* be made holds."
          : "They are asked in the order in which they stand here; the first that holds decides.");
  text += fmt::format(
      "The phases are derived: {} programs lead to every phase, after each of them every call was "
      "tried "
      "with every argument that a clause can tell apart, and after those that changed anything "
      "every call "
      "once more. They reached {} of the clauses.\n\n",
      Beginnings().size(), reached);
  text += "## What may come back, by call and phase\n\n";
  text +=
      "`ok` is success. What may come back in every phase, given arguments that ask for it, stands "
      "in the "
      "second column alone.\n\n";
  text += MatrixMarkdown(derived, profile);

  for (const std::string_view group : groups) {
    std::set<Op> calls;
    std::string rows;
    for (const Clause* clause : AllClauses()) {
      if (!clause->BelongsTo(profile) || GroupOf(*clause) != group) continue;
      for (const Op op : CallsOf(clause)) calls.insert(op);
      rows += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", clause->id, Answers(*clause),
                          StrengthName(clause->strength), Cell(clause->says),
                          PlacesWords(derived, clause), Cell(clause->cites));
    }
    const std::vector<std::string_view> names = NamesOf({calls.begin(), calls.end()});
    const bool own = names.size() == 1 && names[0] == group;
    text += fmt::format("\n## {}{}\n\n", group, own ? "()" : "");
    if (!own) text += fmt::format("Of {}().\n\n", Joined(names, "(), "));
    text +=
        "| clause | reply | strength | | in phase | cites |\n|---|---|---|---|---|---|\n" + rows;
  }
  return text;
}

std::string Dot(const Derived& derived, const Profile& profile) {
  std::string text = fmt::format(
      "// How calls move a socket from phase to phase in {}. A dashed line is a call on another\n"
      "// socket: the peer's, or a listener's.\n"
      "digraph phases {{\n  rankdir=LR;\n  node [shape=box, style=rounded];\n  edge "
      "[fontsize=10];\n",
      profile.name());
  std::map<std::tuple<Phase, Phase, bool>, std::vector<std::string_view>> labels;
  for (const Move& move : derived.moves) {
    labels[{move.from, move.to, move.by_other}].push_back(DeclarationOf(move.op).name);
  }
  for (const auto& [key, calls] : labels) {
    const auto& [from, to, by_other] = key;
    text += fmt::format("  \"{}\" -> \"{}\" [label=\"{}\"{}];\n", OriginName(from), PhaseName(to),
                        Joined(calls, ", "), by_other ? ", style=dashed" : "");
  }
  return text + "}\n";
}

std::string JsonText(const Derived& derived, const Profile& profile) {
  Json clauses = Json::array();
  for (const Clause* clause : AllClauses()) {
    if (!clause->BelongsTo(profile)) continue;
    Json decides = Json::array();
    if (const auto found = derived.decides.find(clause); found != derived.decides.end()) {
      for (const auto& [op, place] : found->second) {
        decides.push_back({{"call", DeclarationOf(op).name}, {"phase", PlaceName(place)}});
      }
    }
    clauses.push_back({{"id", clause->id},
                       {"reply", Answers(*clause)},
                       {"strength", StrengthName(clause->strength)},
                       {"calls", NamesOf(CallsOf(clause))},
                       {"says", clause->says},
                       {"cites", clause->cites},
                       {"decides", decides}});
  }
  Json matrix = Json::object();
  for (const Declaration& declaration : Declarations()) {
    Json row = Json::object();
    for (const int place : PlacesOf(derived)) {
      row[std::string(PlaceName(place))] = RepliesAt(derived, profile, declaration.op, place);
    }
    matrix[std::string(declaration.name)] = row;
  }
  Json moves = Json::array();
  for (const Move& move : derived.moves) {
    moves.push_back({{"from", OriginName(move.from)},
                     {"to", PhaseName(move.to)},
                     {"call", DeclarationOf(move.op).name},
                     {"on_another_socket", move.by_other}});
  }
  const Json all = {
      {"profile", profile.name()}, {"clauses", clauses}, {"replies", matrix}, {"moves", moves}};
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string Specification(const Profile& profile, SpecFormat format) {
  const Derived derived = Explorer(profile).Explore();
  switch (format) {
    case SpecFormat::kMarkdown:
      return Markdown(derived, profile);
    case SpecFormat::kDot:
      return Dot(derived, profile);
    case SpecFormat::kJson:
      return JsonText(derived, profile);
  }
  return "";
}

}  // namespace sockspec
