#include "fuzz/triage.h"

#include <string>
#include <utility>
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

Triage Some() {
  LoadedFindings all;
  all.findings = {
      AFinding("k.unstable", FindingClass::kUnstable, "posix", 900, "2026-03-05T00:00:00Z"),
      AFinding("k.linux", FindingClass::kConfirmed, "linux-6.18", 50, "2026-03-04T00:00:00Z"),
      AFinding("k.rare", FindingClass::kConfirmed, "posix", 1, "2026-03-03T00:00:00Z"),
      AFinding("k.frequent", FindingClass::kConfirmed, "posix", 7, "2026-03-01T00:00:00Z")};
  return TriageOf(std::move(all), {}, "2026-03-06");
}

Deviations Known(const std::string& key, const std::string& expires) {
  Deviations known;
  known.rows = {{.kernel = "linux",
                 .version = "*",
                 .profile = "posix",
                 .key = key,
                 .reason = "it may",
                 .link = "",
                 .expires = expires}};
  return known;
}

std::string Keys(const std::vector<TriageRow>& rows) {
  std::string keys;
  for (const TriageRow& row : rows) keys += row.loaded.finding.key + " ";
  return keys;
}

std::string KeysBy(TriageOrder order) {
  Triage triage = Some();
  Sort(triage.rows, order);
  return Keys(triage.rows);
}

std::string KeysWith(const TriageFilter& filter) {
  Triage triage = Some();
  Filter(triage.rows, filter);
  return Keys(triage.rows);
}

TEST(TriageTest, TheWorstStandFirst) {
  EXPECT_EQ(KeysBy(TriageOrder::kWorst), "k.frequent k.rare k.linux k.unstable ");
}

TEST(TriageTest, OrTheNewest) {
  EXPECT_EQ(KeysBy(TriageOrder::kNewest), "k.unstable k.linux k.rare k.frequent ");
}

TEST(TriageTest, WhatIsAcceptedOrFixedIsNotTheWorstAnyMore) {
  LoadedFindings all;
  for (TriageRow& row : Some().rows) all.findings.push_back(row.loaded);
  all.findings[2].finding.state = "fixed";
  Triage triage = TriageOf(all, Known("k.frequent", ""), "2026-03-06");
  Sort(triage.rows, TriageOrder::kWorst);
  EXPECT_EQ(Keys(triage.rows), "k.linux k.unstable k.frequent k.rare ");
  EXPECT_EQ(StateWords(triage.rows[2]), "accepted");
  EXPECT_EQ(StateWords(triage.rows[3]), "fixed");
  EXPECT_NE(TriageText(triage.rows, TriageOrder::kWorst).find("    accepted: it may\n"),
            std::string::npos);
}

TEST(TriageTest, ADeviationThatHasExpiredAcceptsNothing) {
  LoadedFindings all;
  for (TriageRow& row : Some().rows) all.findings.push_back(row.loaded);
  EXPECT_NE(TriageOf(all, Known("k.rare", "2026-03-06"), "2026-03-06").rows[2].accepted, "");
  EXPECT_EQ(TriageOf(all, Known("k.rare", "2026-03-05"), "2026-03-06").rows[2].accepted, "");
}

TEST(TriageTest, ByClauseAndByCallTheyStandUnderHeadings) {
  Triage triage = Some();
  triage.rows[0].loaded.finding.expected_clause = "listen.z";
  triage.rows[3].loaded.finding.expected_clause = "listen.a";
  Sort(triage.rows, TriageOrder::kClause);
  EXPECT_EQ(Keys(triage.rows), "k.frequent k.unstable k.rare k.linux ");
  const std::string text = TriageText(triage.rows, TriageOrder::kClause);
  EXPECT_NE(text.find("\nlisten.z, 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nnone, 2\n"), std::string::npos) << text;
  EXPECT_NE(TriageText(triage.rows, TriageOrder::kCall).find("\nlisten(), 4\n"), std::string::npos);
}

TEST(TriageTest, FiltersLeaveWhatIsAskedFor) {
  EXPECT_EQ(KeysWith({}), "k.unstable k.linux k.rare k.frequent ");
  EXPECT_EQ(KeysWith({.kind = "unstable"}), "k.unstable ");
  EXPECT_EQ(KeysWith({.text = "re"}), "k.rare k.frequent ");
  EXPECT_EQ(KeysWith({.call = "listen", .text = "linux"}), "k.linux ");
  EXPECT_EQ(KeysWith({.call = "bind"}), "");
  EXPECT_EQ(KeysWith({.state = "fixed"}), "");
  Triage triage = Some();
  triage.rows[1].loaded.finding.expected_clause = "unix_listen.unbound";
  for (const char* clause : {"unix_listen", "unix_listen.unbound"}) {
    std::vector<TriageRow> rows = triage.rows;
    Filter(rows, {.clause = clause});
    EXPECT_EQ(Keys(rows), "k.linux ") << clause;
  }
}

TEST(TriageTest, ATableSaysWhatWasSaidAndHowSureItIs) {
  const std::string text = TriageText(Some().rows, TriageOrder::kWorst);
  EXPECT_NE(
      text.find("\n    listen(s0, 1) came back 0, expected -1 EINVAL (listen.x)\n    k.unstable\n"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("unstable   found   900  2026-03-05"), std::string::npos) << text;
  EXPECT_NE(text.find("differs from Linux 6.18"), std::string::npos) << text;
}

}  // namespace
}  // namespace sockspec
