// The diagram is laid out here, by hand: there are thirteen phases and there will hardly be more,
// and a page that does not depend on graphviz looks the same everywhere.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "fuzz/lockstep.h"
#include "fuzz/page_parts.h"
#include "fuzz/report.h"
#include "model/program/declarations.h"
#include "model/spec_explore.h"
#include "model/world.h"

namespace sockspec {
namespace {

constexpr int kWidth = 1180;
constexpr int kHeight = 630;
constexpr double kBoxWidth = 104;
constexpr double kBoxHeight = 40;
constexpr double kBend =
    34;  // how far a line leaves the straight one, to its left: there and back are two lines
constexpr size_t kMajor = 16;  // lines that are drawn in full; of the others a phase shows its own

struct Point {
  double x = 0, y = 0;
};
Point operator+(Point a, Point b) { return {a.x + b.x, a.y + b.y}; }
Point operator*(Point a, double k) { return {a.x * k, a.y * k}; }

// A socket that is not there yet, or not any more, is drawn as `new`: lines to it would come from
// everywhere.
struct Place {
  Phase phase;
  Point at;
};
constexpr Place kBoxes[] = {
    {Phase::kClosed, {56, 300}},        {Phase::kUnbound, {240, 300}},
    {Phase::kBound, {365, 160}},        {Phase::kListening, {560, 50}},
    {Phase::kConnecting, {480, 365}},   {Phase::kRefused, {330, 480}},
    {Phase::kDisconnected, {150, 580}}, {Phase::kConnected, {770, 260}},
    {Phase::kWriteShut, {950, 110}},    {Phase::kReadEnded, {950, 400}},
    {Phase::kFinished, {1115, 250}},    {Phase::kReset, {1115, 510}},
    {Phase::kUnspecified, {640, 590}},
};
static_assert(std::size(kBoxes) == kPhaseCount);

const Place* PlaceOf(std::string_view name) {
  if (name == "new") name = PhaseName(Phase::kClosed);
  for (const Place& place : kBoxes) {
    if (PhaseName(place.phase) == name) return &place;
  }
  return nullptr;
}

std::string_view NameOf(const Place& place) {
  return place.phase == Phase::kClosed ? "new" : PhaseName(place.phase);
}

struct Line {
  std::map<std::string, uint64_t> calls;  // by name; 0: known to the specification only
  bool diverges = false;                  // a finding's call is one of them
  uint64_t count() const {
    uint64_t sum = 0;
    for (const auto& [call, times] : calls) sum += times;
    return sum;
  }
};
using Lines = std::map<std::pair<const Place*, const Place*>, Line>;

// Those at which findings diverge first, then those that most sockets went.
std::vector<Lines::const_pointer> ByWeight(const Lines& lines) {
  std::vector<Lines::const_pointer> sorted;
  for (const auto& line : lines) sorted.push_back(&line);
  std::ranges::stable_sort(sorted, std::greater(), [](Lines::const_pointer line) {
    return std::pair(line->second.diverges && line->second.count() > 0, line->second.count());
  });
  return sorted;
}

// What the specification knows. Of TCP over IPv4 everything is tried twice, which takes seconds;
// over IPv6 it moves the same way.
void AddSpecified(const Profile& profile, Lines& lines) {
  for (int kind = 0; kind < kSpecKinds; ++kind) {
    if (static_cast<SpecKind>(kind) == SpecKind::kTcp4 ||
        static_cast<SpecKind>(kind) == SpecKind::kUdp4)
      continue;
    for (const Move& move : ExploreOne(profile, static_cast<SpecKind>(kind)).moves) {
      if (move.to == Phase::kClosed || move.by_other) continue;
      lines[{PlaceOf(PhaseName(move.from)), PlaceOf(PhaseName(move.to))}].calls.try_emplace(
          std::string(DeclarationOf(move.op).name), 0);
    }
  }
}

bool Within(Point p, Point box) {
  return std::abs(p.x - box.x) < kBoxWidth / 2 + 3 && std::abs(p.y - box.y) < kBoxHeight / 2 + 3;
}

struct Curve {
  Point from, control, to;
  Point At(double t) const {
    const double s = 1 - t;
    return from * (s * s) + control * (2 * s * t) + to * (t * t);
  }
};

// The part of the line from the middle of one box to that of another which lies outside both.
Curve Outside(Point from, Point to) {
  const double length = std::hypot(to.x - from.x, to.y - from.y);
  const Point middle = (from + to) * 0.5;
  const Point left = {(to.y - from.y) / length, -(to.x - from.x) / length};
  const Curve whole{from, middle + left * (kBend + length / 12), to};
  double first = 0, last = 1;
  while (first < 0.5 && Within(whole.At(first), from)) first += 0.005;
  while (last > 0.5 && Within(whole.At(last), to)) last -= 0.005;
  // The middle part of a quadratic curve is one; its control point lies where the tangents of its
  // ends meet.
  const auto blend = [](Point a, Point b, double t) { return a * (1 - t) + b * t; };
  const Point control =
      blend(blend(whole.from, whole.control, first), blend(whole.control, whole.to, first), last);
  return {whole.At(first), control, whole.At(last)};
}

struct Rectangle {
  double left, top, right, bottom;
  bool Meets(const Rectangle& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
};
Rectangle Around(Point p, double width, double height) {
  return {p.x - width / 2, p.y - height / 2, p.x + width / 2, p.y + height / 2};
}

// The call that moved most sockets there, and how many others did.
std::string LabelOf(const Line& line) {
  const auto most =
      std::ranges::max_element(line.calls, {}, [](const auto& call) { return call.second; });
  std::string label = most->first;
  if (line.calls.size() > 1) label += fmt::format(" +{}", line.calls.size() - 1);
  if (line.count() > 0) label += " " + Short(static_cast<double>(line.count()));
  return label;
}

std::string CallsWords(const Line& line) {
  std::vector<std::pair<uint64_t, std::string>> calls;
  for (const auto& [call, count] : line.calls) calls.emplace_back(count, call);
  std::ranges::sort(calls, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  std::string words;
  for (const auto& [count, call] : calls) {
    words += fmt::format("{}{}{}", words.empty() ? "" : ", ", call,
                         count == 0 ? "" : fmt::format(" {}", count));
  }
  return words;
}

// Where findings diverge: their sockets' phase, and the call.
struct Divergent {
  Phase phase;
  std::string call;
  const Finding* finding;
};

std::vector<Divergent> DivergentOf(const std::vector<TriageRow>& rows) {
  std::vector<Divergent> all;
  for (const TriageRow& row : rows) {
    const Finding& f = row.loaded.finding;
    // What is fixed diverges here no longer.
    if (f.state == "fixed") continue;
    const std::optional<World> before = WorldBefore(f);
    if (!before) continue;
    const Socket* socket = SocketOf(*before, f.transcript.program.calls[f.index]);
    all.push_back({socket == nullptr ? Phase::kClosed : PhaseOf(*socket), CallOf(f), &f});
  }
  return all;
}

}  // namespace

std::string DiagramHtml(const CampaignRecord& record, const std::vector<TriageRow>& rows,
                        const Profile& profile) {
  Lines lines;
  AddSpecified(profile, lines);
  std::map<const Place*, uint64_t> stayed;  // calls that moved nothing
  for (const CampaignRecord::Edge& edge : record.edges) {
    const Place* from = PlaceOf(edge.from);
    const Place* to = PlaceOf(edge.to);
    if (from == nullptr || to == nullptr) continue;
    if (from == to) {
      stayed[from] += edge.count;
    } else if (to->phase != Phase::kClosed) {
      lines[{from, to}].calls[edge.call] += edge.count;
    }
  }
  const std::vector<Divergent> divergent = DivergentOf(rows);
  std::map<Phase, std::vector<const Divergent*>> by_phase;
  for (const Divergent& one : divergent) {
    by_phase[one.phase].push_back(&one);
    for (auto& [ends, line] : lines) {
      if (ends.first->phase == one.phase && line.calls.contains(one.call)) line.diverges = true;
    }
  }
  uint64_t most = 1;
  int taken = 0;
  for (const auto& [ends, line] : lines) {
    most = std::max(most, line.count());
    taken += line.count() > 0;
  }

  std::set<const Place*> touched;
  for (const auto& [ends, line] : lines) touched.insert({ends.first, ends.second});
  std::string svg = fmt::format(
      "<div class=\"wide\"><svg class=\"diagram\" viewBox=\"0 0 {} {}\" role=\"img\" "
      "aria-label=\"How calls moved "
      "sockets from phase to phase\">\n<defs>",
      kWidth, kHeight);
  for (const std::string_view kind : {"taken", "never", "diverges"}) {
    svg += fmt::format(
        "<marker id=\"arrow-{0}\" class=\"arrow {0}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" "
        "markerWidth=\"7\" markerHeight=\"7\" markerUnits=\"userSpaceOnUse\" orient=\"auto\">"
        "<path d=\"M0 0L8 4L0 8z\"/></marker>",
        kind);
  }
  svg += "</defs>\n";
  std::string labels;
  std::vector<Rectangle> occupied;
  for (const Place& place : kBoxes) occupied.push_back(Around(place.at, kBoxWidth, kBoxHeight));
  size_t nth = 0;
  for (const Lines::const_pointer each : ByWeight(lines)) {
    const auto& [ends, line] = *each;
    const std::string which = fmt::format("data-ends=\"{} {}\"{}", NameOf(*ends.first), NameOf(*ends.second),
                                          nth++ < kMajor ? "" : " data-minor");
    const Curve curve = Outside(ends.first->at, ends.second->at);
    const uint64_t count = line.count();
    const std::string_view kind = count == 0 ? "never" : line.diverges ? "diverges" : "taken";
    const double width = count == 0 ? 1
                                    : 1.2 + 3 * std::log1p(static_cast<double>(count)) /
                                                std::log1p(static_cast<double>(most));
    svg += fmt::format(
        "<path class=\"edge {}\" {} stroke-width=\"{:.1f}\" marker-end=\"url(#arrow-{})\" d=\"M{:.1f} "
        "{:.1f}Q{:.1f} "
        "{:.1f} {:.1f} {:.1f}\"><title>{} to {}: {}</title></path>\n",
        kind, which, width, kind, curve.from.x, curve.from.y, curve.control.x, curve.control.y, curve.to.x,
        curve.to.y, NameOf(*ends.first), NameOf(*ends.second), Escaped(CallsWords(line)));
    // Lines that nothing went along are told by the table only.
    if (count == 0 && taken > 0) continue;
    const std::string label = LabelOf(line);
    const double label_width = 5.4 * static_cast<double>(label.size()) + 6;
    for (const double t : {0.5, 0.4, 0.6, 0.3, 0.7, 0.22, 0.78, 0.5}) {
      Point at = curve.At(t);
      // A label as long as its line would hide it.
      if (label_width > std::hypot(curve.to.x - curve.from.x, curve.to.y - curve.from.y) - 24)
        at.y -= 12;
      const Rectangle own = Around(at, label_width, 13);
      if (std::ranges::any_of(occupied, [&](const Rectangle& other) { return own.Meets(other); }))
        continue;
      occupied.push_back(own);
      labels += fmt::format("<text class=\"label {}\" {} x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", kind, which,
                            at.x, at.y + 3.5, Escaped(label));
      break;
    }
  }
  svg += labels;
  for (const Place& place : kBoxes) {
    const auto found = by_phase.find(place.phase);
    const bool bad = found != by_phase.end() && place.phase != Phase::kClosed;
    svg += fmt::format(
        "<g class=\"phase{}\" data-phase=\"{}\" tabindex=\"0\"><rect x=\"{:.0f}\" y=\"{:.0f}\" width=\"{:.0f}\" height=\"{:.0f}\" "
        "rx=\"8\"/><text x=\"{:.0f}\" y=\"{:.0f}\">{}</text>",
        bad                        ? " bad"
        : touched.contains(&place) ? ""
                                   : " idle",
        NameOf(place),
        place.at.x - kBoxWidth / 2, place.at.y - kBoxHeight / 2, kBoxWidth, kBoxHeight, place.at.x,
        place.at.y + (stayed.contains(&place) ? -1 : 4), NameOf(place));
    if (const auto calls = stayed.find(&place); calls != stayed.end()) {
      svg += fmt::format("<text class=\"small\" x=\"{:.0f}\" y=\"{:.0f}\">{} stayed</text>",
                         place.at.x, place.at.y + 13, Short(static_cast<double>(calls->second)));
    }
    if (bad) {
      const Point at = place.at + Point{kBoxWidth / 2 - 4, -kBoxHeight / 2};
      svg += fmt::format(
          "<a href=\"#diverge-{0}\"><circle cx=\"{1:.0f}\" cy=\"{2:.0f}\" r=\"11\"/><text "
          "class=\"badge\" "
          "x=\"{1:.0f}\" y=\"{3:.0f}\">{4}</text><title>{4} finding{5} here</title></a>",
          PhaseName(place.phase), at.x, at.y, at.y + 4, found->second.size(), found->second.size() == 1 ? " diverges" : "s diverge");
    }
    svg += "</g>\n";
  }
  svg += "</svg></div>\n";

  // A phase that is pointed at, or tapped, shows all its lines, and no others.
  svg += "<style>";
  for (const Place& place : kBoxes) {
    svg += fmt::format(
        ".diagram:has([data-phase={0}]:is(:hover,:focus)) .edge:not([data-ends~={0}]) {{ opacity: .05 }}\n"
        ".diagram:has([data-phase={0}]:is(:hover,:focus)) .label:not([data-ends~={0}]) {{ opacity: 0 }}\n"
        ".diagram:has([data-phase={0}]:is(:hover,:focus)) [data-ends~={0}] {{ opacity: 1 }}\n",
        NameOf(place));
  }
  svg += "</style>\n";

  std::string html = fmt::format(
      "<p class=\"note\">{} A line is named after the call that moved most sockets along it, with "
      "how often{}. "
      "<span class=\"key-diverges\">Red</span>: findings diverge at a call that is among those of "
      "the line, in the "
      "phase it comes from; a number at a phase says how many. Pale lines are the rarer ones: point at a phase, or tap it, for all of its own.{} Lines to <i>closed</i> are left "
      "out: close() leads "
      "there from everywhere.</p>\n",
      record.edges.empty()
          ? "What the specification knows; there is no campaign.json with what a campaign did."
          : "How the campaign's calls moved sockets, of all kinds.",
      record.edges.empty() ? " were there any" : "",
      record.edges.empty()
          ? ""
          : " Dashed: the specification knows a way, and the campaign never went it.");
  html += svg;
  if (!divergent.empty()) {
    html += "<details><summary>Where the findings diverge</summary><dl class=\"diverge\">\n";
    for (const auto& [phase, ones] : by_phase) {
      html += fmt::format("<dt id=\"diverge-{0}\">{1}</dt><dd>", PhaseName(phase),
                          phase == Phase::kClosed ? "no socket" : PhaseName(phase));
      for (const Divergent* one : ones) {
        html += fmt::format("<a href=\"#{}\">{}</a> ", AnchorOf(*one->finding),
                            Escaped(one->finding->key));
      }
      html += "</dd>\n";
    }
    html += "</dl></details>\n";
  }
  html +=
      "<details><summary>The same as a table</summary><div "
      "class=\"wide\"><table><thead><tr><th>from</th><th>to</th>"
      "<th class=\"n\">times</th><th>calls</th></tr></thead><tbody>\n";
  for (const auto& [ends, line] : lines) {
    html += fmt::format(
        "<tr{}><td>{}</td><td>{}</td><td class=\"n\">{}</td><td>{}</td></tr>\n",
        line.count() == 0 ? " class=\"dim\"" : "", NameOf(*ends.first), NameOf(*ends.second),
        line.count() == 0 ? "never" : fmt::format("{}", line.count()), Escaped(CallsWords(line)));
  }
  return html + "</tbody></table></div></details>\n";
}

}  // namespace sockspec
