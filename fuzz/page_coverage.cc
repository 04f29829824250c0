#include <errno.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "fuzz/page_parts.h"
#include "model/program/declarations.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

constexpr std::string_view kDiverges =
    "the kernel answers otherwise where it holds: a finding says so";

std::string Answers(const Clause& clause) {
  if (clause.strength == Strength::kUnspecified) return "anything";
  if (clause.blocks) return "blocks";
  if (clause.error == kPendingError) return "the pending error";
  return clause.error == 0 ? "succeeds" : PrintErrno(clause.error);
}

}  // namespace

std::string_view WhyNever(const Clause& clause, const Profile& profile) {
  if (clause.selinux) return "needs the environment: SELinux in force";
  switch (clause.strength) {
    case Strength::kMay:
      return "may: the kernel is free not to do it";
    case Strength::kResource:
      return "needs the environment: the kernel has to run out of something";
    case Strength::kUnspecified:
      return "unspecified: whatever comes is right, and another clause may have said so first";
    case Strength::kShall:
      break;
  }
  if (clause.error == EMFILE || clause.error == ENFILE)
    return "needs the environment: few descriptors (nofile)";
  if (clause.error == EACCES || clause.error == EPERM)
    return "needs the environment: no privileges (uid=nobody)";
  if (clause.id.find("ephemeral") != std::string_view::npos ||
      clause.id.find("no_port") != std::string_view::npos) {
    return "needs the environment: few ports to choose from (ephemeral)";
  }
  if (clause.outcome || clause.error == EALREADY || clause.error == ECONNABORTED) {
    return "outcome of a race: how far the network has come decides";
  }
  if (clause.blocks) return "a call has to sleep: programs that wait are few";
  if (profile.family == kPosix && clause.error != 0) {
    return "several replies may be right there, and this kernel gives another; or no program came "
           "there yet";
  }
  return "no program came there yet";
}

std::string CoverageHtml(const CampaignRecord& record, const std::vector<TriageRow>& rows,
                         const Profile& profile) {
  if (record.clauses.empty()) {
    return "<p class=\"note\">There is no campaign.json here that says how often each clause "
           "decided.</p>\n";
  }
  const auto count = [&](const Clause& clause) {
    const auto found = record.clauses.find(clause.id);
    return found == record.clauses.end() ? uint64_t{0} : found->second;
  };
  std::set<std::string_view> diverging;
  for (const TriageRow& row : rows) diverging.insert(row.loaded.finding.expected_clause);
  int of_profile = 0, reached = 0, other = 0;
  for (const Clause* clause : AllClauses()) {
    if (!clause->BelongsTo(profile)) {
      ++other;
      continue;
    }
    ++of_profile;
    reached += count(*clause) > 0;
  }
  std::string html = fmt::format(
      "<p class=\"note\">{} of {} clauses of <b>{}</b> decided a call. {} more belong to other "
      "profiles and cannot. "
      "A clause that several calls share counts at each of them.</p>\n<div class=\"coverage\">\n",
      reached, of_profile, profile.name(), other);
  for (const Declaration& declaration : Declarations()) {
    std::vector<const Clause*> all;
    std::map<std::string_view, std::vector<const Clause*>> never;
    int not_of_profile = 0;
    for (const Clause* clause : ClausesOf(declaration.op)) {
      if (!clause->BelongsTo(profile)) {
        ++not_of_profile;
        continue;
      }
      all.push_back(clause);
      if (count(*clause) > 0) continue;
      never[diverging.contains(clause->id) ? kDiverges : WhyNever(*clause, profile)].push_back(
          clause);
    }
    if (all.empty()) continue;
    size_t missing = 0;
    for (const auto& [why, clauses] : never) missing += clauses.size();
    const size_t here = all.size() - missing;
    html += fmt::format(
        "<details><summary><span class=\"call\">{}()</span><span class=\"bar\"><span "
        "style=\"width:{:.1f}%\"></span>"
        "</span><span class=\"n\">{} of {}</span></summary>\n",
        declaration.name, 100.0 * static_cast<double>(here) / static_cast<double>(all.size()), here,
        all.size());
    for (const auto& [why, clauses] : never) {
      html += fmt::format("<p class=\"why\">Never: {}</p><ul>", Escaped(why));
      for (const Clause* clause : clauses) {
        html += fmt::format("<li><code>{}</code> {}: {}</li>", clause->id, Answers(*clause),
                            Escaped(clause->says));
      }
      html += "</ul>\n";
    }
    if (not_of_profile > 0) {
      html += fmt::format("<p class=\"why\">{} not of this profile</p>\n", not_of_profile);
    }
    html += "<p class=\"why\">Decided</p><table><tbody>\n";
    for (const Clause* clause : all) {
      if (count(*clause) == 0) continue;
      html += fmt::format("<tr><td><code>{}</code></td><td>{}</td><td class=\"n\">{}</td></tr>\n",
                          clause->id, Answers(*clause), count(*clause));
    }
    html += "</tbody></table></details>\n";
  }
  return html + "</div>\n";
}

}  // namespace sockspec
