#include "fuzz/triage.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

LoadedFinding AFinding(const std::string& key, FindingClass kind, const std::string& profile,
                       uint64_t seen, const std::string& first_seen) {
  LoadedFinding loaded;
  Finding& f = loaded.finding;
  f.key = key;
  f.kind = kind;
  f.profile = profile;
  f.seen = seen;
  f.first_seen = first_seen;
  f.kernel = "linux";
  f.release = "Linux <6>";
  f.transcript =
      ParseText("s0 = socket(AF_INET, SOCK_STREAM, 0) = s0\nlisten(s0, 1) = 0\n", "").transcript;
  f.index = 1;
  f.allowed = {{.reply = "-1 EINVAL", .clause = "listen.x", .note = ""}};
  return loaded;
}

std::vector<LoadedFinding> Some() {
  return {AFinding("k.unstable", FindingClass::kUnstable, "posix", 900, "2026-03-05T00:00:00Z"),
          AFinding("k.linux", FindingClass::kConfirmed, "linux-6.18", 50, "2026-03-04T00:00:00Z"),
          AFinding("k.rare", FindingClass::kConfirmed, "posix", 1, "2026-03-03T00:00:00Z"),
          AFinding("k.frequent", FindingClass::kConfirmed, "posix", 7, "2026-03-01T00:00:00Z")};
}

std::string Keys(const std::vector<LoadedFinding>& findings) {
  std::string keys;
  for (const LoadedFinding& loaded : findings) keys += loaded.finding.key + " ";
  return keys;
}

TEST(TriageTest, TheWorstStandFirst) {
  std::vector<LoadedFinding> findings = Some();
  Sort(findings, TriageOrder::kWorst);
  EXPECT_EQ(Keys(findings), "k.frequent k.rare k.linux k.unstable ");
}

TEST(TriageTest, OrTheNewest) {
  std::vector<LoadedFinding> findings = Some();
  Sort(findings, TriageOrder::kNewest);
  EXPECT_EQ(Keys(findings), "k.unstable k.linux k.rare k.frequent ");
}

TEST(TriageTest, AListSaysWhatWasSaidAndHowSureItIs) {
  const std::string text = TriageText(Some());
  EXPECT_NE(text.find("listen(s0, 1) came back 0, expected -1 EINVAL (listen.x)\n"),
            std::string::npos);
  EXPECT_NE(text.find("unstable     breaks POSIX"), std::string::npos) << text;
  EXPECT_NE(text.find("confirmed    differs from Linux 6.18"), std::string::npos) << text;
}

TEST(TriageTest, ThePageIsHtmlWhateverAFindingSays) {
  LoadedFindings all;
  all.findings = Some();
  all.corrupt.push_back({.finding = {}, .path = "x", .problem = "x/finding.json:1:1: <bad>"});
  const std::string page = TriageHtml(all, "a & b");
  EXPECT_NE(page.find("<h1>a &amp; b</h1>"), std::string::npos);
  EXPECT_EQ(page.find("Linux <6>"), std::string::npos);
  EXPECT_NE(page.find("&lt;bad&gt;"), std::string::npos);
  EXPECT_TRUE(page.ends_with("</html>\n"));
}

}  // namespace
}  // namespace sockspec
