#include "fuzz/deviations.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "model/clause.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

constexpr char kTable[] =
    "# Where Linux goes its own way.\n"
    "\n"
    "linux | 6.* | posix | linux.listen.stream.inet.listen.port_taken.value.0 | It may. | "
    "https://a.example/1\n"
    "linux | 6.1* | linux | linux.x.value.0 | Differs from what we observed\n";

TEST(DeviationsTest, ATableIsRead) {
  const ParsedDeviations parsed = ParseDeviations(kTable, "a.deviations");
  ASSERT_EQ(parsed.problem, "");
  ASSERT_EQ(parsed.deviations.rows.size(), 2u);
  const Deviation& first = parsed.deviations.rows[0];
  EXPECT_EQ(first.version, "6.*");
  EXPECT_EQ(first.reason, "It may.");
  EXPECT_EQ(first.link, "https://a.example/1");
  EXPECT_EQ(first.line, 3);
  EXPECT_EQ(parsed.deviations.rows[1].link, "");
}

// A program that diverges at its last call.
Shown ByThis(std::string_view key, std::string_view text) {
  const ParsedText parsed = ParseText(text, "shown");
  EXPECT_TRUE(parsed.ok()) << parsed.problem.Message();
  return ShownBy(key, parsed.transcript, static_cast<int>(parsed.transcript.program.calls.size()) - 1);
}

TEST(DeviationsTest, ARowWithConditionsExplainsOnlyProgramsThatFulfilThemAll) {
  constexpr std::string_view kKey = "linux.recv.stream.inet.recv.not_connected.value.0";
  constexpr std::string_view kProgram =
      "s0 = socket(AF_INET, SOCK_STREAM, 0) = s0\n"
      "bind(s0, [::1]:P0) = 0\n"
      "s1 = socket(AF_INET, SOCK_STREAM, 0) = s1\n"
      "connect(s1, 127.0.0.1:P0) = -1 ECONNREFUSED\n"
      "recv(s1, 1, MSG_DONTWAIT|MSG_OOB) = 0\n";
  const Shown shown = ByThis(kKey, kProgram);
  const auto explains = [&](const char* conditions) {
    const ParsedDeviations parsed =
        ParseDeviations(std::string("linux | * | linux | linux.*.stream.{inet,inet6}.*.value.0") + conditions + " | why\n", "f");
    EXPECT_EQ(parsed.problem, "");
    EXPECT_EQ(HasCondition(parsed.deviations.rows[0]), conditions[0] != 0);
    EXPECT_TRUE(SpeaksOf(parsed.deviations.rows[0], kKey));
    return Explains(parsed.deviations.rows[0], shown);
  };
  EXPECT_TRUE(explains(""));
  // The call that diverged, with all its arguments and without its reply.
  EXPECT_TRUE(explains(" when recv(*, MSG_DONTWAIT?MSG_OOB)"));
  EXPECT_TRUE(explains(" when {send,recv}(sN, 1, *)"));
  EXPECT_FALSE(explains(" when recv(*, MSG_OOB)"));
  EXPECT_FALSE(explains(" when recv(*) = 0"));
  EXPECT_FALSE(explains(" when connect(*)"));
  // An earlier one, with its reply or without it; of the same socket or of any.
  EXPECT_TRUE(explains(" after connect(sN, *)"));
  EXPECT_TRUE(explains(" after connect(sN, *) = -1 ECONNREFUSED"));
  EXPECT_FALSE(explains(" after connect(sN, *) = 0"));
  EXPECT_FALSE(explains(" after recv(*)"));
  EXPECT_FALSE(explains(" after bind(sN, *)"));
  EXPECT_TRUE(explains(" after bind(s?, *)"));
  // Brackets stand for themselves.
  EXPECT_TRUE(explains(" after bind(s?, [::1]:*)"));
  EXPECT_FALSE(explains(" after bind(s?, [[::1]]*)"));
  EXPECT_TRUE(explains(" after sN = socket(*)"));
  EXPECT_TRUE(explains(" when recv(*) after connect(*) after bind(*)"));
  EXPECT_FALSE(explains(" when recv(*) after connect(*) after listen(*)"));
  // Blanks about a pattern are none of it.
  EXPECT_TRUE(explains(" when  recv(*)  after  connect(*)  after bind(*) "));
}

TEST(DeviationsTest, ASocketHasTheNamesThatDupGaveIt) {
  const ParsedDeviations parsed = ParseDeviations("linux | * | linux | linux.*.value.0 after listen(sN, *) | why\n", "f");
  ASSERT_EQ(parsed.problem, "");
  constexpr std::string_view kBefore =
      "s0 = socket(AF_INET, SOCK_STREAM, 0) = s0\ns1 = socket(AF_INET, SOCK_STREAM, 0) = s1\ns2 = dup(s0) = s2\n"
      "s3 = fcntl(s2, F_DUPFD, 0) = s3\ns4 = socket(AF_INET, SOCK_STREAM, 0) = s4\ndup2(s1, s4) = s4\nlisten(s2, 1) = 0\n";
  for (const char* handle : {"s0", "s1", "s2", "s3", "s4"}) {
    const Shown shown = ByThis("linux.recv.value.0", std::string(kBefore) + "recv(" + handle + ", 1, 0) = 0\n");
    EXPECT_EQ(Explains(parsed.deviations.rows[0], shown), handle[1] != '1' && handle[1] != '4') << handle;
  }
}

TEST(DeviationsTest, WhereTheProgramIsNotKnownNoConditionHolds) {
  const ParsedDeviations parsed =
      ParseDeviations("linux | * | linux | linux.a.*.value.0 when *(*) | one\nlinux | * | linux | linux.b.x.value.0 | two\n", "f");
  ASSERT_EQ(parsed.problem, "");
  const std::vector<Deviation>& rows = parsed.deviations.rows;
  EXPECT_FALSE(Explains(rows[0], {.key = "linux.a.x.value.0"}));
  EXPECT_TRUE(Explains(rows[1], {.key = "linux.b.x.value.0"}));
  const Shown shown{.key = "linux.a.x.value.0", .calls = {"recv(s0, 1, 0)"}, .sockets = {"s0"}};
  EXPECT_TRUE(IsKnownByCondition(rows, shown));
  EXPECT_FALSE(IsKnownByCondition(rows, {.key = "linux.b.x.value.0", .calls = shown.calls, .sockets = {"s0"}}));
  EXPECT_EQ(FindDeviation(parsed.deviations, "linux", "Linux 6.18", "linux-6.18", shown), &rows[0]);
  EXPECT_EQ(FindDeviation(parsed.deviations, "linux", "Linux 6.18", "linux-6.18", {.key = shown.key}), nullptr);
}

TEST(DeviationsTest, WhatIsNoTableIsToldWithItsLineAndColumn) {
  const std::string table =
      "; a line is `kernel | version | profile | key | reason | link | expires`, the last two may be left out";
  struct {
    const char* text;
    const char* problem;
  } const kCases[] = {
      {"linux\n", "f:1:6: found 1 column, expected 5 to 7"},
      {"\n\nlinux | * | posix | linux.x\n", "f:3:28: found 4 columns, expected 5 to 7"},
      {"linux | * | posix | linux.x | a | b | 2027-01-01 | d\n",
       "f:1:49: found 8 columns, expected 5 to 7"},
      {"linux | * | posix | linux.x | a | b | next year\n",
       "f:1:39: found `next year`, expected a date such as 2027-06-30"},
      {"linux | * | posix | linux.x | a | b | 2027-13-31\n",
       "f:1:39: found `2027-13-31`, expected a date such as 2027-06-30"},
      {"linux | * | posix | linux.x | a | b | 2027-02-29\n",
       "f:1:39: found `2027-02-29`, expected a date such as 2027-06-30"},
      {"linux | * | posix | linux.x | a | b | 2027-06-00\n",
       "f:1:39: found `2027-06-00`, expected a date such as 2027-06-30"},
      {"linux | * | posix | linux.x unless close(*) | a\n",
       "f:1:28: found `unless close(*)` behind the key, expected `when` or `after`, and a call"},
      {"linux | * | posix | linux.x after  | a\n", "f:1:28: found no call behind `when` or `after`"},
      {"linux | * | posix | linux.x after {recv(*) | a\n",
       "f:1:35: found `{recv(*)`, expected a } after each {, and none within"},
      {"linux | * | posix | linux.x | \n", "f:1:31: the column `reason` is empty"},
      {"linux | v6.18 | posix | linux.x | a\n",
       "f:1:9: found the version `v6.18`, expected one such as 6.18, 6.1..6.18, 6.6.. or *"},
      {"linux | 6.1..new | posix | linux.x | a\n",
       "f:1:9: found the version `6.1..new`, expected one such as 6.18, 6.1..6.18, 6.6.. or *"},
      {"linux | | posix | linux.x | a\n", "f:1:9: the column `version` is empty"},
      {"linux | * | plan9 | linux.x | a\n",
       "f:1:13: unknown profile `plan9`, expected posix, linux, or a version of it such as linux-6.1; "
       "+late after it, for a loopback that is late"},
      {"linux | * | posix | fake.x | a\n",
       "f:1:21: found the key `fake.x`, expected one that starts with `linux.`"},
      {"linux | * | posix | linux.{a,b.x | a\n",
       "f:1:21: found `linux.{a,b.x`, expected a } after each {, and none within"},
      {"linux | * | posix | linux.{a,{b}}.x | a\n",
       "f:1:21: found `linux.{a,{b}}.x`, expected a } after each {, and none within"},
      {"linux | * | posix | linux.{0,1,2,3,4,5,6,7}{0,1,2,3,4,5,6,7}{0,1,2,3,4,5,6,7}{0,1,2,3,4,5,6,7}{0,1} | a\n",
       "f:1:21: `linux.{0,1,2,3,4,5,6,7}{0,1,2,3,4,5,6,7}{0,1,2,3,4,5,6,7}{0,1,2,3,4,5,6,7}{0,1}` stands for more than 4096"},
      {"linux | * | posix | linux.x | a\n# again\nlinux | * | posix | linux.x | b\n",
       "f:3:21: the same deviation stands in line 1 already"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(ParseDeviations(c.text, "f").problem, c.problem + table) << c.text;
  }
}

TEST(DeviationsTest, ARowSpeaksOfItsKernelItsVersionsAndItsProfile) {
  const Deviations deviations = ParseDeviations(kTable, "").deviations;
  const std::string key = deviations.rows[0].key;
  EXPECT_NE(FindDeviation(deviations, "linux", "Linux 6.18.44", "posix", {.key = key}), nullptr);
  EXPECT_EQ(FindDeviation(deviations, "linux", "Linux 5.10.0", "posix", {.key = key}), nullptr);
  EXPECT_EQ(FindDeviation(deviations, "linux", "Linux 6.18.44", "linux-6.18", {.key = key}), nullptr);
  EXPECT_EQ(FindDeviation(deviations, "fake", "Linux 6.18.44", "posix", {.key = key}), nullptr);
  EXPECT_EQ(FindDeviation(deviations, "linux", "Linux 6.18.44", "posix", {.key = key + "0"}), nullptr);
  // `linux` means every version of that profile; 6.1* matches 6.18, too.
  EXPECT_NE(FindDeviation(deviations, "linux", "6.18.44-generic", "linux-6.18", {.key = "linux.x.value.0"}),
            nullptr);
}

TEST(DeviationsTest, ARangeOfVersionsIsComparedNumberByNumber) {
  struct {
    const char* versions;
    const char* release;
    bool applies;
  } const kCases[] = {
      {"6.1..6.18", "Linux 6.1.0", true},      {"6.1..6.18", "Linux 6.18.44", true},
      {"6.1..6.18", "Linux 6.9.1", true},      {"6.1..6.18", "Linux 6.19.0", false},
      {"6.1..6.18", "Linux 5.10.200", false},  {"..5.15", "5.15.180-generic", true},
      {"..5.15", "Linux 5.16.0", false},       {"6.6..", "Linux 7.0.0", true},
      {"6.18.40..6.18.44", "Linux 6.18.44", true}, {"6.18.40..6.18.44", "Linux 6.18.45", false},
      // A number alone, too.
      {"6.18", "Linux 6.18.44", true},         {"6.18", "6.18.44-generic", true},
      {"6.18", "Linux 6.18", true},            {"6.18", "Linux 6.180.1", false},
      {"6.1", "Linux 6.18.44", false},         {"6", "Linux 6.18.44", true},
      {"6.18.4", "Linux 6.18.44", false},      {"6.18.44", "Linux 6.18.44", true},
  };
  for (const auto& c : kCases) {
    const Deviation row = {.kernel = "linux", .version = c.versions, .profile = "posix", .key = "linux.x"};
    EXPECT_EQ(Applies(row, "linux", c.release, "posix"), c.applies) << c.versions << " " << c.release;
  }
}

TEST(DeviationsTest, ARowHappensNoLongerOnlyWhereItsProgramRan) {
  const Deviations table = ParseDeviations("linux | * | posix | linux.a | by key\n"
                                           "linux | * | posix | linux.b | one cause | found/linux/b.program\n"
                                           "linux | * | posix | linux.b.twin | one cause | found/linux/b.program\n"
                                           "linux | * | posix | linux.c.* | another | https://a.example/c.program\n",
                                           "f")
                               .deviations;
  ASSERT_EQ(table.rows.size(), 4u);
  std::vector<const Deviation*> all;
  for (const Deviation& row : table.rows) all.push_back(&row);
  const Deviation *a = all[0], *b = all[1], *twin = all[2], *c = all[3];
  using Rows = std::vector<const Deviation*>;
  const auto HappensNoLonger = [&](const Rows& rows, const std::vector<AskedProgram>& programs,
                                   const std::set<const Deviation*>& met) {
    Rows missing;
    for (const Deviation* row : rows) {
      if (!met.contains(row) && WhyUnmet(*row, programs, met) == Unmet::kHappensNoLonger) missing.push_back(row);
    }
    return missing;
  };
  EXPECT_EQ(HappensNoLonger(all, {}, {}), Rows{});
  EXPECT_EQ(HappensNoLonger(all, {{.file = "x.program", .keys = {"a sentence"}}}, {}), Rows{});
  EXPECT_EQ(HappensNoLonger(all, {{.file = "x.program", .keys = {"linux.a"}}}, {}), Rows{a});
  EXPECT_EQ(HappensNoLonger(all, {{.file = "x.program", .keys = {"linux.a"}}}, {a}), Rows{});
  EXPECT_EQ(HappensNoLonger(all, {{.file = "./found/linux/b.program", .keys = {}}}, {}), (Rows{b, twin}));
  EXPECT_EQ(HappensNoLonger(all, {{.file = "b.program", .keys = {}}}, {twin}), Rows{});
  EXPECT_EQ(HappensNoLonger(all, {{.file = "/home/me/found/linux/b.program", .keys = {}}}, {}), (Rows{b, twin}));
  EXPECT_EQ(HappensNoLonger(all, {{.file = "ab.program", .keys = {}}}, {}), Rows{});
  EXPECT_EQ(HappensNoLonger(all, {{.file = "y", .keys = {"linux.c.d"}}}, {}), Rows{c});

  // And where it is not known, why.
  EXPECT_EQ(WhyUnmet(*b, {{.file = "b.program", .keys = {}}}, {twin}), Unmet::kSameCause);
  EXPECT_EQ(WhyUnmet(*b, {{.file = "b.program", .keys = {}, .judged = false}}, {twin}), Unmet::kNotJudged);
  EXPECT_EQ(WhyUnmet(*b, {{.file = "b.program", .keys = {}, .judged = false}, {.file = "x", .keys = {"linux.b"}}}, {}),
            Unmet::kHappensNoLonger);
  EXPECT_EQ(WhyUnmet(*b, {{.file = "c.program", .keys = {}}}, {a}), Unmet::kNotAsked);
}

TEST(DeviationsTest, ARowHoldsToTheEndOfTheDayOnWhichItExpires) {
  const Deviations deviations =
      ParseDeviations("linux | * | posix | linux.x.value.0 | a | | 2026-06-30\n", "f").deviations;
  ASSERT_EQ(deviations.rows.size(), 1u);
  EXPECT_FALSE(Expired(deviations.rows[0], "2026-06-30"));
  EXPECT_TRUE(Expired(deviations.rows[0], "2026-07-01"));
  EXPECT_FALSE(Expired(Deviation{}, "2026-07-01"));
}

TEST(DeviationsTest, ALineIsReadBackAsItWas) {
  for (const char* rest : {"", " | https://a.example", " |  | 2027-01-31", " | https://a.example | 2027-01-31"}) {
    const std::string line = std::string("linux | 6.* | posix | linux.x.value.0 | understood") + rest + "\n";
    const ParsedDeviations parsed = ParseDeviations(line, "f");
    ASSERT_EQ(parsed.problem, "") << line;
    EXPECT_EQ(DeviationLine(parsed.deviations.rows.at(0)), line);
  }
}

TEST(DeviationsTest, ARowThatExpiredIsReplacedWhereItStood) {
  const std::string table =
      "# ours\nlinux | * | posix | linux.a | old | | 2020-01-01\n\nlinux | * | posix | linux.b | b";
  const Deviations deviations = ParseDeviations(table, "f").deviations;
  ASSERT_EQ(deviations.rows.size(), 2u);
  const Deviation row = {.kernel = "linux", .version = "6.*", .profile = "posix", .key = "linux.a", .reason = "new"};
  EXPECT_EQ(WithDeviation(table, row, &deviations.rows[0]),
            "# ours\n" + DeviationLine(row) + "\nlinux | * | posix | linux.b | b\n");
  EXPECT_EQ(WithDeviation(table, row, nullptr), table + "\n" + DeviationLine(row));
  EXPECT_TRUE(WithDeviation("", row, nullptr).starts_with("# kernel | version |"));
}

TEST(DeviationsTest, AClausesOlderIdStillNamesItsFindings) {
  for (const Clause* clause : AllClauses()) {
    for (const std::string_view alias : OlderIds(*clause)) {
      const std::string tail = ".errno.EINVAL";
      const std::string old = "linux.bind.stream.inet." + std::string(alias) + tail;
      EXPECT_EQ(CanonicalKey(old), "linux.bind.stream.inet." + std::string(clause->id) + tail);
      EXPECT_TRUE(SpeaksOf({.key = "linux.bind.*." + std::string(alias) + tail}, old));
      EXPECT_TRUE(SpeaksOf({.key = "linux.bind.*." + std::string(alias) + tail}, CanonicalKey(old)));
    }
  }
  EXPECT_EQ(CanonicalKey("linux.x.value.0"), "linux.x.value.0");
}

TEST(DeviationsTest, BracesStandForTheirWordsAndForNothingElse) {
  const Deviation row = {.key = "lwip.{recv,read}.stream.{inet,inet6}.recv.end.errno.EAGAIN"};
  EXPECT_EQ(KeysOf(row),
            (std::vector<std::string>{
                "lwip.recv.stream.inet.recv.end.errno.EAGAIN", "lwip.read.stream.inet.recv.end.errno.EAGAIN",
                "lwip.recv.stream.inet6.recv.end.errno.EAGAIN", "lwip.read.stream.inet6.recv.end.errno.EAGAIN"}));
  for (const std::string& key : KeysOf(row)) EXPECT_TRUE(SpeaksOf(row, key)) << key;
  EXPECT_FALSE(SpeaksOf(row, "lwip.recvfrom.stream.inet.recv.end.errno.EAGAIN"));
  EXPECT_FALSE(SpeaksOf(row, "lwip.recv.dgram.inet.recv.end.errno.EAGAIN"));
  EXPECT_FALSE(SpeaksOf(row, row.key));
  EXPECT_TRUE(SpeaksOf({.key = "lwip.{recv,read}.*.errno.EAGAIN"}, "lwip.read.stream.inet.recv.end.errno.EAGAIN"));
  EXPECT_FALSE(SpeaksOf({.key = "lwip.{recv,read}.*.errno.EAGAIN"}, "lwip.readv.stream.inet.recv.end.errno.EAGAIN"));
  EXPECT_EQ(KeysOf({.key = "lwip.x"}), std::vector<std::string>{"lwip.x"});
}

}  // namespace
}  // namespace sockspec
