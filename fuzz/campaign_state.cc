#include "fuzz/campaign_state.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "fmt/format.h"
#include "fuzz/campaign_files.h"
#include "model/clause.h"
#include "model/program/declarations.h"
#include "model/world.h"

namespace sockspec {
namespace {

constexpr std::string_view kStateFile = "campaign.json";
constexpr size_t kMostRuns = 1000;  // the newest ones are kept

std::optional<int> PhaseNamed(std::string_view name) {
  for (int phase = 0; phase < kPhaseCount; ++phase) {
    if (PhaseName(static_cast<Phase>(phase)) == name) return phase;
  }
  return std::nullopt;
}

}  // namespace

Trouble CampaignState::Load(const std::string& directory, const std::string& section) {
  path_ = fmt::format("{}/{}", directory, kStateFile);
  name_ = section;
  moves_.assign(MoveAt(kOpCount, 0, 0), 0);
  const auto text = ContentsOf(path_);
  if (!text) return {};
  file_ = Json::parse(*text, nullptr, false);
  const auto not_ours = [&](std::string_view why) -> Trouble {
    return {fmt::format("{} is not what a campaign writes{}; move it away to begin anew", path_, why)};
  };
  if (!file_.is_object()) return not_ours("");
  try {
    section_ = file_.value(name_, Json::object());
    if (!section_.is_object()) return not_ours("");
    runs_ = file_.value("runs", Json::array());
    if (!runs_.is_array()) return not_ours("");
    const Json totals = file_.value("totals", Json::object());
    totals_ = {.seconds = totals.value("seconds", 0.0),
               .programs = totals.value("programs", uint64_t{0}),
               .calls = totals.value("calls", uint64_t{0}),
               .discarded = totals.value("discarded", uint64_t{0}),
               .deaths = totals.value("workers_died", uint64_t{0})};
    // What is named here and has another name by now is left out: the specification is what it is.
    clauses_ = file_.value("clauses", Json::object()).get<std::map<std::string, uint64_t>>();
    for (const Json& edge : file_.value("edges", Json::array())) {
      const std::optional<int> from = PhaseNamed(edge.value("from", ""));
      const std::optional<int> to = PhaseNamed(edge.value("to", ""));
      for (const Declaration& declaration : Declarations()) {
        if (declaration.name != edge.value("call", "") || !from || !to) continue;
        moves_[MoveAt(static_cast<int>(declaration.op), *from, *to)] = edge.value("count", uint64_t{0});
      }
    }
    for (const Json& deviation : file_.value("deviations", Json::array())) {
      known_[deviation.value("key", "")] = {.met = deviation.value("met", uint64_t{0}),
                                            .reason = deviation.value("reason", ""),
                                            .link = deviation.value("link", "")};
    }
  } catch (const Json::exception& problem) {
    return not_ours(fmt::format(" ({})", problem.what()));
  }
  return {};
}

uint64_t CampaignState::ClauseBefore(const std::string& id) const {
  const auto found = clauses_.find(id);
  return found == clauses_.end() ? 0 : found->second;
}

uint64_t CampaignState::MetBefore(const std::string& key) const {
  const auto found = known_.find(key);
  return found == known_.end() ? 0 : found->second.met;
}

Trouble CampaignState::Save(const Json& run, const Json& section, const CampaignCounts& counts,
                            int deaths, const std::vector<MetDeviation>& deviations) {
  Json runs = runs_;
  runs.push_back(run);
  if (runs.size() > kMostRuns) {
    runs.erase(runs.begin(), runs.begin() + static_cast<ptrdiff_t>(runs.size() - kMostRuns));
  }
  std::map<std::string, uint64_t> clauses = clauses_;
  for (size_t i = 0; i < counts.clauses.size(); ++i) {
    if (counts.clauses[i] != 0) clauses[std::string(AllClauses()[i]->id)] += counts.clauses[i];
  }
  Json edges = Json::array();
  for (const Declaration& declaration : Declarations()) {
    for (int from = 0; from < kPhaseCount; ++from) {
      for (int to = 0; to < kPhaseCount; ++to) {
        const size_t at = MoveAt(static_cast<int>(declaration.op), from, to);
        const uint64_t count = moves_[at] + (counts.moves.empty() ? 0 : counts.moves[at]);
        if (count == 0) continue;
        edges.push_back({{"from", PhaseName(static_cast<Phase>(from))},
                         {"call", declaration.name},
                         {"to", PhaseName(static_cast<Phase>(to))},
                         {"count", count}});
      }
    }
  }
  std::map<std::string, Json> rows;
  for (const auto& [key, row] : known_) {
    rows[key] = {{"key", key}, {"met", row.met}, {"reason", row.reason}, {"link", row.link}};
  }
  for (const MetDeviation& deviation : deviations) {
    const Deviation& row = deviation.row;
    rows[row.key] = {{"key", row.key},
                     {"met", MetBefore(row.key) + deviation.met},
                     {"met_in_last_run", deviation.met},
                     {"reason", row.reason},
                     {"link", row.link}};
  }
  Json known = Json::array();
  for (auto& [key, row] : rows) known.push_back(std::move(row));

  file_["runs"] = runs;
  file_["totals"] = {{"seconds", totals_.seconds + counts.seconds},
                     {"programs", totals_.programs + counts.programs},
                     {"calls", totals_.calls + counts.calls},
                     {"discarded", totals_.discarded + counts.discarded},
                     {"workers_died", totals_.deaths + static_cast<uint64_t>(deaths)}};
  file_["clauses"] = clauses;
  file_["edges"] = edges;
  file_["deviations"] = known;
  file_[name_] = section;
  return WriteAtomically(path_, file_.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace sockspec
