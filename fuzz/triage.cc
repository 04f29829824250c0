#include "fuzz/triage.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <tuple>

#include "fmt/format.h"
#include "fuzz/report.h"
#include "model/program/text.h"
#include "nlohmann/json.hpp"

namespace sockspec {
namespace {

using Json = nlohmann::ordered_json;

std::string RateShort(const Finding& finding) {
  return fmt::format("{}/{} quiet, {}/{} disturbed", finding.quiet.hits, finding.quiet.runs,
                     finding.disturbed.hits, finding.disturbed.runs);
}

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

constexpr std::string_view kPageHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{0}</title>
<style>
body {{ font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 72em; padding: 0 1em }}
code, pre {{ font: 13px/1.4 ui-monospace, monospace }}
pre {{ background: #f6f6f4; padding: 1em; overflow-x: auto }}
details {{ border-top: 1px solid #ccc; padding: .6em 0 }}
summary {{ cursor: pointer }}
.kind {{ display: inline-block; min-width: 7.5em; font-weight: 600 }}
.confirmed {{ color: #a11 }} .unstable {{ color: #a60 }} .contaminated {{ color: #666 }}
.small {{ color: #666; font-size: 13px }}
@media (prefers-color-scheme: dark) {{
  body {{ background: #161616; color: #ddd }} pre {{ background: #222 }} .confirmed {{ color: #f77 }}
  .unstable {{ color: #fb6 }} .small, .contaminated {{ color: #aaa }} details {{ border-color: #444 }}
}}
</style></head><body>
<h1>{0}</h1>
)";

}  // namespace

void Sort(std::vector<LoadedFinding>& findings, TriageOrder order) {
  std::ranges::stable_sort(findings, [order](const LoadedFinding& a, const LoadedFinding& b) {
    const Finding& x = a.finding;
    const Finding& y = b.finding;
    if (order == TriageOrder::kNewest && x.first_seen != y.first_seen) {
      return x.first_seen > y.first_seen;
    }
    const auto rank = [](const Finding& f) {
      return std::tuple(f.kind, f.profile != "posix", ~f.seen, f.transcript.program.calls.size());
    };
    if (rank(x) != rank(y)) return rank(x) < rank(y);
    return x.key < y.key;
  });
}

std::string TriageText(const std::vector<LoadedFinding>& findings) {
  std::string text;
  for (const LoadedFinding& loaded : findings) {
    const Finding& f = loaded.finding;
    text += fmt::format("{:<12} {}  ({}; seen {}x since {}; {} calls)\n", FindingClassName(f.kind),
                        VerdictWords(f), RateShort(f), f.seen, f.first_seen.substr(0, 10),
                        f.transcript.program.calls.size());
    text += fmt::format("    {}\n    {}\n", Headline(f), f.key);
  }
  return text;
}

std::string TriageJson(const LoadedFindings& findings) {
  Json list = Json::array();
  for (const LoadedFinding& loaded : findings.findings) {
    const Finding& f = loaded.finding;
    list.push_back({{"key", f.key},
                    {"class", FindingClassName(f.kind)},
                    {"verdict", VerdictWords(f)},
                    {"headline", Headline(f)},
                    {"kernel", f.kernel},
                    {"release", f.release},
                    {"profile", f.profile},
                    {"seen", f.seen},
                    {"first_seen", f.first_seen},
                    {"last_seen", f.last_seen},
                    {"program", FindingProgram(f)},
                    {"path", loaded.path}});
  }
  Json corrupt = Json::array();
  for (const LoadedFinding& loaded : findings.corrupt) {
    corrupt.push_back({{"path", loaded.path}, {"problem", loaded.problem}});
  }
  const Json all = {{"findings", list}, {"unreadable", corrupt}};
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string StoredReport(const LoadedFinding& finding) {
  std::ifstream in(finding.path + "/report.txt", std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  return text.empty() ? Report(finding.finding) : text;
}

std::string TriageHtml(const LoadedFindings& findings, std::string_view title) {
  std::string page = fmt::format(kPageHead, Escaped(title));
  page += fmt::format("<p class=\"small\">{} finding{}. Click one for its report.</p>\n",
                      findings.findings.size(), findings.findings.size() == 1 ? "" : "s");
  for (const LoadedFinding& loaded : findings.findings) {
    const Finding& f = loaded.finding;
    page += fmt::format(
        "<details id=\"{}\"><summary><span class=\"kind {}\">{}</span> {}: <code>{}</code><br>"
        "<span class=\"small\">{}; seen {} times since {}; {} calls; "
        "{}</span></summary>\n<pre>{}</pre>"
        "</details>\n",
        Escaped(f.key), FindingClassName(f.kind), FindingClassName(f.kind),
        Escaped(VerdictWords(f)), Escaped(Headline(f)), RateShort(f), f.seen, Escaped(f.first_seen),
        f.transcript.program.calls.size(), Escaped(f.key), Escaped(StoredReport(loaded)));
  }
  for (const LoadedFinding& loaded : findings.corrupt) {
    page += fmt::format("<p>Cannot be read: <code>{}</code></p>\n", Escaped(loaded.problem));
  }
  return page + "</body></html>\n";
}

}  // namespace sockspec
