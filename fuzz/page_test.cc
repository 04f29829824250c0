#include "fuzz/page.h"

#include <regex>
#include <string>
#include <utility>

#include "fuzz/page_parts.h"
#include "gtest/gtest.h"
#include "model/clause.h"
#include "model/profile.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

const Profile& Linux() {
  static const Profile profile = ResolveProfile("linux-6.18", "").profile;
  return profile;
}

// listen() on a socket that is not bound diverges.
Triage ATriage() {
  LoadedFindings all;
  Finding& f = all.findings.emplace_back().finding;
  f.key = "linux.listen.stream.inet.listen.autobind.errno.EIO";
  f.expected_clause = "listen.autobind";
  f.profile = "linux-6.18";
  f.kernel = "linux";
  f.release = "Linux <6>";
  f.first_seen = "2026-03-01T12:00:00Z";
  f.transcript =
      ParseText("s0 = socket(AF_INET, SOCK_STREAM, 0) = s0\nlisten(s0, 1) = -1 EIO\n", "")
          .transcript;
  f.index = 1;
  f.allowed = {{.reply = "0", .clause = "listen.autobind", .note = ""}};
  all.corrupt.push_back({.finding = {}, .path = "x", .problem = "x/finding.json:1:1: <bad>"});
  return TriageOf(std::move(all), {}, "2026-03-02");
}

CampaignRecord ARecord() {
  CampaignRecord record;
  record.runs.push_back({.began = "2026-03-01T12:00:00Z",
                         .ended = "",
                         .seed = "0x2f81",
                         .kernel = "linux",
                         .release = "Linux 6.18.44",
                         .profile = "linux-6.18",
                         .arguments = "fuzz --out=<d>"});
  record.clauses = {{"listen.open", 12345}, {"socket.open", 99}};
  record.edges = {{.from = "closed", .call = "socket", .to = "unbound", .count = 99},
                  {.from = "unbound", .call = "listen", .to = "listening", .count = 12345},
                  {.from = "unbound", .call = "getsockopt", .to = "unbound", .count = 777},
                  {.from = "no such phase", .call = "listen", .to = "unbound", .count = 1}};
  for (int i = 1; i <= 1000; ++i) {
    record.samples.push_back({.elapsed = 10.0 * i,
                              .calls_per_second = 370,
                              .findings = 1,
                              .unstable = 0,
                              .clauses = 140,
                              .clauses_of = 349});
  }
  return record;
}

// Made once: it asks the specification for all its ways from phase to phase.
const std::string& APage() {
  static const std::string page = TriageHtml(ATriage(), ARecord(), "a & b");
  return page;
}

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(PageTest, IsHtmlWhateverAFindingSays) {
  const std::string& page = APage();
  EXPECT_TRUE(Has(page, "<h1>a &amp; b</h1>"));
  EXPECT_FALSE(Has(page, "Linux <6>"));
  EXPECT_FALSE(Has(page, "<d>"));
  EXPECT_TRUE(Has(page, "&lt;bad&gt;"));
  EXPECT_TRUE(page.ends_with("</html>\n"));
}

TEST(PageTest, AKernelThatDiedStandsBeforeTheFindings) {
  const Triage died{.deaths = {{.said = "the kernel died while this ran", .path = "d/.crashes/kernel-died-1.program", .program = "close(s0) # <x>"}}};
  const std::string page = TriageHtml(died, {}, "a death");
  EXPECT_TRUE(Has(page, "the kernel died while this ran"));
  EXPECT_TRUE(Has(page, "close(s0) # &lt;x&gt;"));
  EXPECT_FALSE(Has(page, "None."));
}

TEST(PageTest, NeedsNothingFromElsewhere) {
  const std::string& page = APage();
  EXPECT_FALSE(std::regex_search(page, std::regex("(src|href)=\"[^#]")));
  EXPECT_FALSE(std::regex_search(page, std::regex("<link|@import|url\\([^#]")));
}

TEST(PageTest, EveryLinkLeadsSomewhereInIt) {
  const std::string& page = APage();
  const std::regex link("href=\"#([^\"]*)\"");
  int links = 0;
  for (std::sregex_iterator at(page.begin(), page.end(), link), end; at != end; ++at, ++links) {
    EXPECT_TRUE(Has(page, "id=\"" + (*at)[1].str() + "\"")) << (*at)[1];
  }
  EXPECT_GE(links, 7);
}

TEST(PageTest, ACampaignThatLeftNothingMakesAPageAllTheSame) {
  const std::string page = TriageHtml({}, {}, "nothing");
  EXPECT_TRUE(Has(page, "There is no stats.csv here."));
  EXPECT_TRUE(Has(page, "<svg class=\"diagram\""));
}

TEST(PageTest, TheDiagramCountsWhatWentAlongALineAndMarksWhereFindingsDiverge) {
  const std::string html = DiagramHtml(ARecord(), ATriage().rows, Linux());
  EXPECT_TRUE(Has(html, "<title>unbound to listening: listen 12345</title>"));
  EXPECT_TRUE(Has(html, "<path class=\"edge diverges\""));
  EXPECT_TRUE(Has(html, "<a href=\"#diverge-unbound\">"));
  EXPECT_TRUE(Has(html, "<title>new to unbound: socket 99</title>"));
  EXPECT_TRUE(Has(html, ">777 stayed<"));
  // What the specification knows and nobody went.
  EXPECT_TRUE(
      std::regex_search(html, std::regex("edge never\"[^>]*><title>unbound to bound: bind")));
  EXPECT_FALSE(Has(html, "nan"));
}

TEST(PageTest, TheDiagramDrawsAFewLinesInFullAndTheOthersWhereTheirPhaseIsPointedAt) {
  CampaignRecord record = ARecord();
  record.edges.clear();
  for (int from = 0; from < kPhaseCount; ++from) {
    for (int to = 0; to < kPhaseCount; ++to) {
      const auto name = [](int phase) { return std::string(PhaseName(static_cast<Phase>(phase))); };
      const auto count = static_cast<uint64_t>(1000 + kPhaseCount * from + to);
      if (from != to) record.edges.push_back({.from = name(from), .call = "dup2", .to = name(to), .count = count});
    }
  }
  const std::string html = DiagramHtml(record, {}, Linux());
  const std::regex full("<path class=\"edge taken\" data-ends=\"[a-z -]*\" stroke");
  EXPECT_EQ(std::distance(std::sregex_iterator(html.begin(), html.end(), full), {}), 16);
  // The heaviest are those with the highest numbers.
  EXPECT_TRUE(Has(html, "data-ends=\"unspecified reset\" stroke"));
  EXPECT_TRUE(Has(html, "data-ends=\"unbound bound\" data-minor stroke"));
  EXPECT_TRUE(Has(html, "data-phase=\"unbound\" tabindex=\"0\""));
}

TEST(PageTest, CoverageSaysOfEveryClauseThatNeverDecidedWhy) {
  const std::string html = CoverageHtml(ARecord(), ATriage().rows, Linux());
  int missing = 0;
  for (const Clause* clause : AllClauses()) {
    if (!clause->BelongsTo(Linux())) continue;
    EXPECT_NE(WhyNever(*clause, Linux()), "") << clause->id;
    missing += clause->id != "listen.open" && clause->id != "socket.open";
    EXPECT_TRUE(Has(html, "<code>" + std::string(clause->id) + "</code>")) << clause->id;
  }
  EXPECT_TRUE(Has(html, "2 of " + std::to_string(missing + 2) + " clauses of <b>linux-6.18</b>"));
  // Of a clause that a finding expects that is why.
  EXPECT_TRUE(std::regex_search(
      html, std::regex("a finding says so</p><ul><li><code>listen.autobind</code>")));
  EXPECT_FALSE(Has(html, "unix_listen.unbound</code>")) << "which is POSIX's";
}

TEST(PageTest, AThousandSamplesAreThinnedAndNoneIsNoNumber) {
  const std::string html = PlotsHtml(ARecord());
  EXPECT_FALSE(Has(html, "nan"));
  EXPECT_FALSE(Has(html, "inf"));
  EXPECT_LT(html.size(), 200'000u);
  CampaignRecord one = ARecord();
  one.samples.resize(1);
  EXPECT_FALSE(Has(PlotsHtml(one), "nan"));
}

TEST(PageTest, NumbersAreShort) {
  EXPECT_EQ(Short(0), "0");
  EXPECT_EQ(Short(999), "999");
  EXPECT_EQ(Short(12345), "12.3k");
  EXPECT_EQ(Short(61'234'567), "61.2M");
  EXPECT_EQ(Short(1'500'000'000), "1.5G");
}

}  // namespace
}  // namespace sockspec
