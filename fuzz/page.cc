#include "fuzz/page.h"

#include "fmt/format.h"
#include "fuzz/report.h"

namespace sockspec {
namespace {

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

std::string TriageHtml(const Triage& triage, std::string_view title) {
  std::string page = fmt::format(kPageHead, Escaped(title));
  page += fmt::format("<p class=\"small\">{} finding{}. Click one for its report.</p>\n",
                      triage.rows.size(), triage.rows.size() == 1 ? "" : "s");
  for (const TriageRow& row : triage.rows) {
    const LoadedFinding& loaded = row.loaded;
    const Finding& f = loaded.finding;
    page += fmt::format(
        "<details id=\"{}\"><summary><span class=\"kind {}\">{}</span> {}: <code>{}</code><br>"
        "<span class=\"small\">{}; seen {} times since {}; {} calls; "
        "{}</span></summary>\n<pre>{}</pre>"
        "</details>\n",
        Escaped(f.key), FindingClassName(f.kind), FindingClassName(f.kind),
        Escaped(VerdictWords(f)), Escaped(Headline(f)), f.seen, f.seen, Escaped(f.first_seen),
        f.transcript.program.calls.size(), Escaped(f.key), Escaped(StoredReport(loaded)));
  }
  for (const LoadedFinding& loaded : triage.corrupt) {
    page += fmt::format("<p>Cannot be read: <code>{}</code></p>\n", Escaped(loaded.problem));
  }
  return page + "</body></html>\n";
}

}  // namespace sockspec
