#include "fuzz/page.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "fmt/format.h"
#include "fuzz/page_parts.h"
#include "fuzz/report.h"
#include "model/profile.h"

namespace sockspec {
namespace {

constexpr size_t kLatestRuns =
    50;  // of which each has its line; a campaign of weeks has been begun often

std::string RateShort(const Finding& finding) {
  return fmt::format("{}/{} quiet, {}/{} disturbed", finding.quiet.hits, finding.quiet.runs,
                     finding.disturbed.hits, finding.disturbed.runs);
}

// The profile that the page is about: of the last run, else of most findings, else Linux.
Profile ProfileOf(const Triage& triage, const CampaignRecord& record) {
  std::string name = record.runs.empty() ? "" : record.runs.back().profile;
  if (name.empty()) {
    std::map<std::string, int> count;
    for (const TriageRow& row : triage.rows) ++count[row.loaded.finding.profile];
    const auto most =
        std::ranges::max_element(count, {}, [](const auto& one) { return one.second; });
    if (most != count.end()) name = most->first;
  }
  const ResolvedProfile resolved = ResolveProfile(name.empty() ? "linux" : name, "");
  return resolved.problem.empty() ? resolved.profile : ResolveProfile("linux", "").profile;
}

std::string Time(double seconds) {
  const auto whole = static_cast<uint64_t>(seconds);
  if (whole >= 86400) return fmt::format("{} d {} h", whole / 86400, whole % 86400 / 3600);
  if (whole >= 3600) return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
  return whole >= 60 ? fmt::format("{} min {} s", whole / 60, whole % 60)
                     : fmt::format("{} s", whole);
}

std::string Tiles(const Triage& triage, const CampaignRecord& record) {
  std::string tiles = "<div class=\"tiles\">";
  const auto tile = [&](std::string_view number, std::string_view what) {
    tiles += fmt::format("<div><b>{}</b><span>{}</span></div>", number, what);
  };
  const auto number_of = [&](auto predicate) {
    return fmt::format("{}", std::ranges::count_if(triage.rows, predicate));
  };
  tile(number_of([](const TriageRow& row) {
         return row.loaded.finding.kind == FindingClass::kConfirmed && row.accepted.empty() &&
                row.loaded.finding.state != "fixed";
       }),
       "confirmed, to look at");
  tile(number_of([](const TriageRow& row) {
         return row.loaded.finding.kind != FindingClass::kConfirmed;
       }),
       "unstable or contaminated");
  tile(number_of([](const TriageRow& row) { return StateWords(row) == "accepted"; }), "accepted");
  tile(number_of([](const TriageRow& row) { return StateWords(row) == "fixed"; }), "fixed");
  if (record.totals.programs > 0)
    tile(Short(static_cast<double>(record.totals.programs)), "programs");
  if (record.totals.calls > 0) tile(Short(static_cast<double>(record.totals.calls)), "calls");
  if (record.totals.seconds > 0) tile(Time(record.totals.seconds), "of fuzzing");
  return tiles + "</div>\n";
}

template <typename Name>
std::string Choices(std::string_view all, const Triage& triage, Name name) {
  std::set<std::string> names;
  for (const TriageRow& row : triage.rows) names.insert(std::string(name(row)));
  std::string select =
      fmt::format("<select aria-label=\"{0}\"><option value=\"\">{0}</option>", all);
  for (const std::string& one : names) select += fmt::format("<option>{}</option>", Escaped(one));
  return select + "</select>";
}

// A key, which may be broken between its words.
std::string KeyHtml(std::string_view key) {
  std::string html;
  for (const char c : key) {
    html += Escaped(std::string_view(&c, 1));
    if (c == '.' || c == ',') html += "<wbr>";
  }
  return html;
}

// A file, to be unfolded and copied.
std::string FileHtml(std::string_view name, std::string_view contents) {
  if (contents.empty()) return "";
  return fmt::format(
      "<details><summary>{}</summary><div class=\"tools\"><button class=\"copy\" "
      "hidden>copy</button></div>"
      "<pre>{}</pre></details>\n",
      name, Escaped(contents));
}

std::string FindingHtml(const TriageRow& row) {
  const Finding& f = row.loaded.finding;
  const std::string state = StateWords(row);
  std::string html = fmt::format(
      "<details class=\"finding\" id=\"{}\" data-kind=\"{}\" data-state=\"{}\" data-call=\"{}\">"
      "<summary><span class=\"badge-{}\">{}</span><code class=\"said\">{}</code>"
      "<span class=\"meta\">{}{}; {}; seen {} since {}; {} calls</span>"
      "<code class=\"meta key\">{}</code></summary><div "
      "class=\"body\">\n",
      AnchorOf(f), FindingClassName(f.kind), Escaped(state), CallOf(f), FindingClassName(f.kind),
      FindingClassName(f.kind), Escaped(Headline(f)),
      state == "found" ? ""
                       : fmt::format("<b class=\"state-{}\">{}</b>; ",
                                     state == "still there" ? "still" : state, Escaped(state)),
      Escaped(VerdictWords(f)), RateShort(f), f.seen == 1 ? "once" : fmt::format("{} times", f.seen), Escaped(f.first_seen.substr(0, 10)),
      f.transcript.program.calls.size(), KeyHtml(f.key));
  if (!row.accepted.empty()) html += fmt::format("<p>Accepted: {}</p>\n", Escaped(row.accepted));
  html += fmt::format("<pre class=\"report\">{}</pre>\n", Escaped(StoredReport(row.loaded)));
  html += FileHtml("finding.program", FindingProgram(f));
  html += FileHtml("repro.c", StoredC(row.loaded));
  return html + "</div></details>\n";
}

// What has no key stands before what has one: a kernel that dies is worse than a wrong errno.
std::string DeathsHtml(const Triage& triage) {
  std::string html;
  for (const KeptDeath& death : triage.deaths) {
    html += fmt::format("<details class=\"finding\"><summary><b>{}</b> <code>{}</code></summary>\n<pre>{}</pre></details>\n",
                        Escaped(death.said), Escaped(death.path), Escaped(death.program));
  }
  return html;
}

std::string FindingsHtml(const Triage& triage) {
  if (triage.rows.empty()) return triage.deaths.empty() ? "<p class=\"note\">None.</p>\n" : DeathsHtml(triage);
  std::string html = DeathsHtml(triage) +
      "<form class=\"filter\" hidden onsubmit=\"return false\">"
      "<input type=\"search\" placeholder=\"text in it, or in its key\" aria-label=\"text\">";
  html += Choices("any class", triage,
                  [](const TriageRow& row) { return FindingClassName(row.loaded.finding.kind); });
  html += Choices("any state", triage, StateWords);
  html +=
      Choices("any call", triage, [](const TriageRow& row) { return CallOf(row.loaded.finding); });
  html += "<output class=\"dim\"></output></form>\n";
  for (const TriageRow& row : triage.rows) html += FindingHtml(row);
  return html;
}

std::string RunsHtml(const CampaignRecord& record) {
  if (record.runs.empty())
    return "<p class=\"note\">There is no campaign.json here that says how it was run.</p>\n";
  std::string html;
  if (record.runs.size() > kLatestRuns) {
    html += fmt::format("<p class=\"note\">The latest {} of {} runs.</p>\n", kLatestRuns,
                        record.runs.size());
  }
  html +=
      "<div "
      "class=\"wide\"><table><thead><tr><th>began</th><th>seed</th><th>kernel</th><th>profile</th>"
      "<th class=\"n\">jobs</th><th class=\"n\">programs</th><th class=\"n\">calls</th><th "
      "class=\"n\">took</th>"
      "<th>arguments</th></tr></thead><tbody>\n";
  for (size_t i = 0; i < std::min(record.runs.size(), kLatestRuns); ++i) {
    const CampaignRecord::Run& run = record.runs[record.runs.size() - 1 - i];
    html += fmt::format(
        "<tr><td class=\"n\">{}</td><td class=\"one-line\"><code>{}</code></td><td>{}</td><td class=\"one-line\">{}</td><td "
        "class=\"n\">{}</td>"
        "<td class=\"n\">{}</td><td class=\"n\">{}</td><td "
        "class=\"n\">{}</td><td class=\"arguments\"><code>{}</code></td></tr>\n",
        Escaped(run.began), Escaped(run.seed),
        Escaped(run.release.empty() ? run.kernel : run.release), Escaped(run.profile), run.jobs,
        run.programs, run.calls, run.ended.empty() ? "runs, or was killed" : Time(run.seconds),
        Escaped(run.arguments));
  }
  html += "</tbody></table></div>\n";
  return html;
}

// The reasons, each with its rows: a kernel's mistake shows in many keys.
std::string DeviationsHtml(const CampaignRecord& record) {
  std::string html = "<p class=\"note\">How often the known deviations were met, by all campaigns of this directory.</p>\n";
  for (const KnownReason& reason : ByReason(record.deviations)) {
    html += fmt::format(
        "<details class=\"known\"><summary><span class=\"n\">{}</span><span>{} <span class=\"dim one-line\">{}</span></span></summary>"
        "<div class=\"body\">\n",
        reason.met == 0 ? "never" : Short(static_cast<double>(reason.met)),
        reason.reason.empty() ? "Rows of an older campaign, which did not write down their reasons" : Escaped(reason.reason),
        reason.rows.size() == 1 ? "one row" : fmt::format("{} of {} rows", reason.rows_met, reason.rows.size()));
    if (!reason.link.empty()) html += fmt::format("<p><code>{}</code></p>", Escaped(reason.link));
    html += "<div class=\"wide\"><table><thead><tr><th class=\"n\">met</th><th class=\"n\">in the last run</th><th>key</th></tr></thead><tbody>\n";
    for (const CampaignRecord::Known& row : reason.rows) {
      html += fmt::format("<tr><td class=\"n\">{}</td><td class=\"n\">{}</td><td><code>{}</code></td></tr>\n",
                          row.met == 0 ? "never" : fmt::format("{}", row.met),
                          row.in_last_run ? fmt::format("{}", row.met_in_last_run) : "", KeyHtml(row.key));
    }
    html += "</tbody></table></div></div></details>\n";
  }
  return html;
}

}  // namespace

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string Short(double count) {
  if (count < 1000) return fmt::format("{:.3g}", count);
  if (count < 999'500) return fmt::format("{:.3g}k", count / 1e3);
  return count < 999'500'000 ? fmt::format("{:.3g}M", count / 1e6)
                             : fmt::format("{:.3g}G", count / 1e9);
}

// Keys are letters, digits, '.', '_' and '-': they need no escape.
std::string AnchorOf(const Finding& finding) { return "f-" + finding.key; }

std::string TriageHtml(const Triage& triage, const CampaignRecord& record, std::string_view title) {
  const Profile profile = ProfileOf(triage, record);
  std::string page = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\"><title>{0}</title>\n<style>{1}</style>"
      "</head><body>\n<h1>{0}</h1>\n<nav><a href=\"#findings\">Findings</a><a "
      "href=\"#phases\">Phases</a>"
      "<a href=\"#coverage\">Coverage</a><a href=\"#time\">Over time</a>{2}<a "
      "href=\"#runs\">Runs</a></nav>\n",
      Escaped(title), PageStyle(), record.deviations.empty() ? "" : "<a href=\"#known\">Known deviations</a>");
  page += Tiles(triage, record);
  for (const LoadedFinding& loaded : triage.corrupt) {
    page += fmt::format("<p class=\"key-diverges\">Cannot be read: <code>{}</code></p>\n",
                        Escaped(loaded.problem));
  }
  if (!record.problem.empty())
    page += fmt::format("<p class=\"key-diverges\">{}</p>\n", Escaped(record.problem));
  page += "<h2 id=\"findings\">Findings</h2>\n" + FindingsHtml(triage);
  page += "<h2 id=\"phases\">Phases</h2>\n" + DiagramHtml(record, triage.rows, profile);
  page += "<h2 id=\"coverage\">Clauses that decided, by call</h2>\n" +
          CoverageHtml(record, triage.rows, profile);
  page += "<h2 id=\"time\">Over time</h2>\n" + PlotsHtml(record);
  if (!record.deviations.empty()) page += "<h2 id=\"known\">Known deviations</h2>\n" + DeviationsHtml(record);
  page += "<h2 id=\"runs\">Configuration and seeds</h2>\n" + RunsHtml(record);
  return page + fmt::format("<script>{}</script>\n</body></html>\n", PageScript());
}

}  // namespace sockspec
