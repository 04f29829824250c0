#include "fuzz/triage.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <tuple>

#include "fmt/format.h"
#include "fuzz/report.h"
#include "model/program/declarations.h"
#include "model/program/text.h"
#include "nlohmann/json.hpp"

namespace sockspec {
namespace {

using Json = nlohmann::ordered_json;

std::string FileIn(const LoadedFinding& finding, const char* name) {
  std::ifstream in(finding.path + "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// What is understood or gone comes after what somebody has to look at.
int Settled(const TriageRow& row) {
  if (row.loaded.finding.state == "fixed") return 2;
  return row.accepted.empty() ? 0 : 1;
}

// Under which heading a finding stands; empty where there are none.
std::string GroupOf(const Finding& finding, TriageOrder order) {
  switch (order) {
    case TriageOrder::kWorst:
    case TriageOrder::kNewest:
      return "";
    case TriageOrder::kClause:
      return ClauseOf(finding);
    case TriageOrder::kCall:
      return CallOf(finding) + "()";
  }
  return "";
}

Json RateJson(const Rate& rate) { return {{"hits", rate.hits}, {"runs", rate.runs}}; }

}  // namespace

Triage TriageOf(LoadedFindings findings, const Deviations& deviations, std::string_view today) {
  Triage triage;
  triage.corrupt = std::move(findings.corrupt);
  for (LoadedFinding& loaded : findings.findings) {
    TriageRow& row = triage.rows.emplace_back();
    const Finding& f = loaded.finding;
    const Deviation* known = FindDeviation(deviations, f.kernel, f.release, f.profile, ShownBy(f.key, f.transcript, f.index));
    if (known != nullptr && !Expired(*known, today)) row.accepted = known->reason;
    row.loaded = std::move(loaded);
  }
  return triage;
}

std::string CallOf(const Finding& finding) {
  return std::string(DeclarationOf(finding.transcript.program.calls[finding.index].op).name);
}

std::string ClauseOf(const Finding& finding) {
  return finding.expected_clause.empty() ? "none" : finding.expected_clause;
}

std::string StateWords(const TriageRow& row) {
  return row.accepted.empty() ? row.loaded.finding.state : "accepted";
}

void Sort(std::vector<TriageRow>& rows, TriageOrder order) {
  std::ranges::stable_sort(rows, [order](const TriageRow& a, const TriageRow& b) {
    const Finding& x = a.loaded.finding;
    const Finding& y = b.loaded.finding;
    if (order == TriageOrder::kNewest && x.first_seen != y.first_seen) {
      return x.first_seen > y.first_seen;
    }
    const auto rank = [order](const TriageRow& row) {
      const Finding& f = row.loaded.finding;
      return std::tuple(GroupOf(f, order), Settled(row), f.kind, f.profile != "posix", ~f.seen,
                        f.transcript.program.calls.size());
    };
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    return x.key < y.key;
  });
}

void Filter(std::vector<TriageRow>& rows, const TriageFilter& filter) {
  std::erase_if(rows, [&](const TriageRow& row) {
    const Finding& f = row.loaded.finding;
    const std::string clause = ClauseOf(f);
    return (!filter.call.empty() && CallOf(f) != filter.call) ||
           (!filter.clause.empty() && clause != filter.clause &&
            !clause.starts_with(filter.clause + ".")) ||
           (!filter.kind.empty() && FindingClassName(f.kind) != filter.kind) ||
           (!filter.state.empty() && StateWords(row) != filter.state) ||
           (!filter.text.empty() && f.key.find(filter.text) == std::string::npos);
  });
}

std::string TriageText(const std::vector<TriageRow>& rows, TriageOrder order) {
  const auto how_sure = [](const Finding& f) {
    return fmt::format("{}/{} + {}/{}", f.quiet.hits, f.quiet.runs, f.disturbed.hits,
                       f.disturbed.runs);
  };
  size_t kind = 5, state = 5, seen = 4, runs = 4, verdict = 7;
  for (const TriageRow& row : rows) {
    const Finding& f = row.loaded.finding;
    kind = std::max(kind, FindingClassName(f.kind).size());
    state = std::max(state, StateWords(row).size());
    seen = std::max(seen, fmt::format("{}", f.seen).size());
    runs = std::max(runs, how_sure(f).size());
    verdict = std::max(verdict, VerdictWords(f).size());
  }
  std::string text =
      fmt::format("{:<{}}  {:<{}}  {:>{}}  {:<10}  {:<{}}  {:<{}}  {}\n", "class", kind, "state",
                  state, "seen", seen, "since", "runs", runs, "verdict", verdict, "calls");
  std::string group;
  for (const TriageRow& row : rows) {
    const Finding& f = row.loaded.finding;
    if (const std::string own = GroupOf(f, order); own != group) {
      group = own;
      text +=
          fmt::format("\n{}, {}\n", group, std::ranges::count_if(rows, [&](const TriageRow& other) {
                        return GroupOf(other.loaded.finding, order) == own;
                      }));
    }
    text += fmt::format("{:<{}}  {:<{}}  {:>{}}  {:<10}  {:<{}}  {:<{}}  {:>5}\n",
                        FindingClassName(f.kind), kind, StateWords(row), state, f.seen, seen,
                        f.first_seen.substr(0, 10), how_sure(f), runs, VerdictWords(f), verdict,
                        f.transcript.program.calls.size());
    text += fmt::format("    {}\n    {}\n", Headline(f), f.key);
    if (!row.accepted.empty()) text += fmt::format("    accepted: {}\n", row.accepted);
  }
  return text;
}

std::string TriageJson(const Triage& triage) {
  Json list = Json::array();
  for (const TriageRow& row : triage.rows) {
    const Finding& f = row.loaded.finding;
    list.push_back({{"key", f.key},
                    {"class", FindingClassName(f.kind)},
                    {"state", f.state},
                    {"accepted", row.accepted.empty() ? Json() : Json(row.accepted)},
                    {"verdict", VerdictWords(f)},
                    {"headline", Headline(f)},
                    {"call", CallOf(f)},
                    {"call_number", f.index + 1},
                    {"clause", f.expected_clause},
                    {"kernel", f.kernel},
                    {"release", f.release},
                    {"profile", f.profile},
                    {"quiet", RateJson(f.quiet)},
                    {"disturbed", RateJson(f.disturbed)},
                    {"seen", f.seen},
                    {"first_seen", f.first_seen},
                    {"last_seen", f.last_seen},
                    {"program", FindingProgram(f)},
                    {"path", row.loaded.path}});
  }
  Json corrupt = Json::array();
  for (const LoadedFinding& loaded : triage.corrupt) {
    corrupt.push_back({{"path", loaded.path}, {"problem", loaded.problem}});
  }
  Json deaths = Json::array();
  for (const KeptDeath& death : triage.deaths) {
    deaths.push_back({{"said", death.said}, {"path", death.path}, {"program", death.program}, {"tried", death.tried}});
  }
  const Json all = {{"findings", list}, {"unreadable", corrupt}, {"deaths", deaths}};
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string DeviationsJson(const std::vector<KnownReason>& reasons) {
  Json list = Json::array();
  for (const KnownReason& reason : reasons) {
    Json rows = Json::array();
    for (const CampaignRecord::Known& row : reason.rows) {
      rows.push_back({{"key", row.key},
                      {"met", row.met},
                      {"met_in_last_run", row.in_last_run ? Json(row.met_in_last_run) : Json()}});
    }
    list.push_back({{"reason", reason.reason}, {"link", reason.link}, {"met", reason.met}, {"rows", rows}});
  }
  return Json{{"reasons", list}}.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string StoredReport(const LoadedFinding& finding) {
  const std::string text = FileIn(finding, "report.txt");
  return text.empty() ? Report(finding.finding) : text;
}

std::string StoredC(const LoadedFinding& finding) { return FileIn(finding, "repro.c"); }

}  // namespace sockspec
