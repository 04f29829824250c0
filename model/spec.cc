#include "model/spec.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <vector>

#include "fmt/format.h"
#include "model/clause.h"
#include "model/program/declarations.h"
#include "model/program/text.h"
#include "nlohmann/json.hpp"

namespace sockspec {
namespace {

using Json = nlohmann::ordered_json;

// Where a move begins: a socket that was not there yet has no phase.
std::string_view OriginName(Phase from) { return from == Phase::kClosed ? "new" : PhaseName(from); }

std::string_view PlaceName(int place) {
  return place == kNoSocketPlace ? "no socket" : PhaseName(static_cast<Phase>(place));
}

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
std::set<std::string> RepliesAt(const Explored& derived, const Profile& profile, Op op, int place) {
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
std::vector<int> PlacesOf(const Explored& derived) {
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

std::string MatrixMarkdown(const Explored& derived, const Profile& profile) {
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
      if (place == kNoSocketPlace || place == static_cast<int>(Phase::kUnspecified)) continue;
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
      if (places[i] != kNoSocketPlace) {
        for (const std::string& reply : everywhere) own.erase(reply);
      }
      text += fmt::format(" {} |", Joined(own, ", "));
    }
    text += "\n";
  }
  return text;
}

// The phases in which a clause was seen to decide; empty where it was not.
std::string PhasesWords(const Explored& derived, const Clause* clause) {
  const auto found = derived.decides.find(clause);
  if (found == derived.decides.end()) return "";
  std::set<int> places;
  for (const auto& [call, place] : found->second) places.insert(place);
  std::vector<int> sockets = PlacesOf(derived);
  std::erase(sockets, kNoSocketPlace);
  std::erase(sockets, static_cast<int>(Phase::kUnspecified));
  if (std::ranges::all_of(sockets, [&](int place) { return places.contains(place); })) return "any phase";
  std::vector<std::string_view> names;
  for (const int place : places) names.push_back(PlaceName(place));
  return Joined(names, ", ");
}

// Where a clause was seen to decide: the kinds of socket, and the phases.
std::string PlacesWords(const Exploration& exploration, const Clause* clause) {
  std::vector<std::string> words;
  std::vector<std::string_view> kinds;
  std::string last;
  const auto flush = [&] {
    if (kinds.empty()) return;
    words.push_back(kinds.size() == kSpecKinds ? last : fmt::format("{}: {}", fmt::join(kinds, ", "), last));
    kinds.clear();
  };
  for (int kind = 0; kind < kSpecKinds; ++kind) {
    const std::string phases = PhasesWords(exploration[kind], clause);
    if (phases != last) flush();
    last = phases;
    if (!phases.empty()) kinds.push_back(SpecKindName(static_cast<SpecKind>(kind)));
  }
  flush();
  return words.empty() ? "not reached here" : Joined(words, "; ");
}

std::string Markdown(const Exploration& exploration, const Profile& profile, const ClaimsOf& claims) {
  std::vector<std::string_view> groups;
  int count = 0;
  int reached = 0;
  int programs = 0;
  for (const Explored& one : exploration) programs += one.programs;
  for (const Clause* clause : AllClauses()) {
    if (!clause->BelongsTo(profile)) continue;
    ++count;
    reached += std::ranges::any_of(exploration, [&](const Explored& e) { return e.decides.contains(clause); });
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
      "The phases are derived: {} programs lead to every phase of every kind of socket, after each of them every "
      "call was tried with every argument that a clause can tell apart, and after those that changed anything "
      "every call once more. They reached {} of the clauses.\n\n",
      programs, reached);
  text += "## What may come back, by call and phase\n\n";
  text +=
      "`ok` is success. What may come back in every phase, given arguments that ask for it, stands "
      "in the "
      "second column alone.\n";
  for (int kind = 0; kind < kSpecKinds; ++kind) {
    text += fmt::format("\n### {}\n\n", SpecKindName(static_cast<SpecKind>(kind)));
    text += MatrixMarkdown(exploration[kind], profile);
  }
  for (const std::string_view group : groups) {
    std::set<Op> calls;
    std::string rows;
    bool claimed = false;
    for (const Clause* clause : AllClauses()) {
      claimed |= clause->BelongsTo(profile) && GroupOf(*clause) == group && claims.contains(clause);
    }
    for (const Clause* clause : AllClauses()) {
      if (!clause->BelongsTo(profile) || GroupOf(*clause) != group) continue;
      for (const Op op : CallsOf(clause)) calls.insert(op);
      rows += fmt::format("| `{}` | {} | {} | {} | {} | {} |", clause->id, Answers(*clause),
                          StrengthName(clause->strength), Cell(clause->says),
                          PlacesWords(exploration, clause), Cell(clause->cites));
      if (claimed) {
        const auto found = claims.find(clause);
        rows += fmt::format(" {} |", found == claims.end() ? "" : Joined(found->second, ", "));
      }
      rows += "\n";
    }
    const std::vector<std::string_view> names = NamesOf({calls.begin(), calls.end()});
    const bool own = names.size() == 1 && names[0] == group;
    text += fmt::format("\n## {}{}\n\n", group, own ? "()" : "");
    if (!own) text += fmt::format("Of {}().\n\n", Joined(names, "(), "));
    text += "| clause | reply | strength | | where | cites |";
    text += claimed ? " decides the claim |\n|---|---|---|---|---|---|---|\n" : "\n|---|---|---|---|---|---|\n";
    text += rows;
  }
  return text;
}

std::string Dot(const Explored& derived, const Profile& profile, SpecKind kind) {
  std::string text = fmt::format(
      "// How calls move a socket from phase to phase: {} in {}. A dashed line is a call on another\n"
      "// socket: the peer's, or a listener's.\n"
      "digraph \"{}\" {{\n  rankdir=LR;\n  label=\"{}: how calls move a socket. Dashed: a call on another socket. "
      "close() leads from every phase to closed.\";\n  fontname=\"sans-serif\";\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n  edge "
      "[fontsize=10, fontname=\"sans-serif\"];\n",
      SpecKindName(kind), profile.name(), SpecKindName(kind), SpecKindName(kind));
  std::map<std::tuple<Phase, Phase, bool>, std::vector<std::string_view>> labels;
  for (const Move& move : derived.moves) {
    if (move.op == Op::kClose && move.to == Phase::kClosed && !move.by_other) continue;
    labels[{move.from, move.to, move.by_other}].push_back(move.dissolves ? "connect AF_UNSPEC"
                                                                         : DeclarationOf(move.op).name);
  }
  for (const auto& [key, calls] : labels) {
    const auto& [from, to, by_other] = key;
    // Many names side by side would stretch the drawing: three a line.
    std::string label;
    for (size_t i = 0; i < calls.size(); ++i) {
      label += fmt::format("{}{}", i == 0 ? "" : i % 3 == 0 ? ",\\n" : ", ", calls[i]);
    }
    text += fmt::format("  \"{}\" -> \"{}\" [label=\"{}\"{}];\n", OriginName(from), PhaseName(to), label,
                        by_other ? ", style=dashed" : "");
  }
  return text + "}\n";
}

std::string JsonText(const Exploration& exploration, const Profile& profile, const ClaimsOf& claims) {
  Json clauses = Json::array();
  for (const Clause* clause : AllClauses()) {
    if (!clause->BelongsTo(profile)) continue;
    Json decides = Json::array();
    for (int kind = 0; kind < kSpecKinds; ++kind) {
      const auto& by_clause = exploration[kind].decides;
      const auto found = by_clause.find(clause);
      if (found == by_clause.end()) continue;
      for (const auto& [op, place] : found->second) {
        decides.push_back({{"call", DeclarationOf(op).name},
                           {"socket", SpecKindName(static_cast<SpecKind>(kind))},
                           {"phase", PlaceName(place)}});
      }
    }
    const auto claimed = claims.find(clause);
    clauses.push_back({{"id", clause->id},
                       {"reply", Answers(*clause)},
                       {"strength", StrengthName(clause->strength)},
                       {"calls", NamesOf(CallsOf(clause))},
                       {"says", clause->says},
                       {"cites", clause->cites},
                       {"claims", claimed == claims.end() ? Json::array() : Json(claimed->second)},
                       {"decides", decides}});
  }
  Json sockets = Json::object();
  for (int kind = 0; kind < kSpecKinds; ++kind) {
    const Explored& derived = exploration[kind];
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
                       {"dissolves", move.dissolves},
                       {"on_another_socket", move.by_other}});
    }
    sockets[std::string(SpecKindName(static_cast<SpecKind>(kind)))] = {{"replies", matrix}, {"moves", moves}};
  }
  const Json all = {{"profile", profile.name()}, {"clauses", clauses}, {"sockets", sockets}};
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string Specification(const Profile& profile, SpecFormat format, const ClaimsOf& claims) {
  const Exploration exploration = Explore(profile);
  switch (format) {
    case SpecFormat::kMarkdown:
      return Markdown(exploration, profile, claims);
    case SpecFormat::kDot: {
      std::string text;
      for (int kind = 0; kind < kSpecKinds; ++kind) {
        text += (kind == 0 ? "" : "\n") + Dot(exploration[kind], profile, static_cast<SpecKind>(kind));
      }
      return text;
    }
    case SpecFormat::kJson:
      return JsonText(exploration, profile, claims);
  }
  return "";
}

std::string PhaseDiagram(const Profile& profile, SpecKind kind) {
  return Dot(ExploreOne(profile, kind), profile, kind);
}

}  // namespace sockspec
