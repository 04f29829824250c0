#include "fuzz/campaign_record.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace sockspec {
namespace {

constexpr char kStats[] =
    "time,elapsed_s,programs,calls,calls_per_s,findings,unstable,clauses,clauses_of,edges,corpus,"
    "discarded,"
    "workers_died,rss_kib\n"
    "1763457174,10,350,3700,370.5,1,0,120,349,400,12,0,0,88000\n"
    "1763457184,20,700,7400,371,2,1,140,349,400,14,0,0,88000\n";

TEST(CampaignRecordTest, ReadsWhatACampaignWrote) {
  const CampaignRecord record = ParseCampaignRecord(
      R"({"posix": {"next": 3},
          "runs": [{"began": "2026-03-01T12:00:00Z", "ended": null, "seed": "0x2f81", "kernel": "linux",
                    "release": "Linux 6.18.44", "profile": "posix", "jobs": 2, "programs": 7, "calls": 70,
                    "seconds": 1.5, "arguments": ["fuzz", "--jobs=2"]}],
          "clauses": {"listen.open": 12},
          "edges": [{"from": "unbound", "call": "listen", "to": "listening", "count": 12}],
          "deviations": [{"key": "linux.x", "met": 3},
                         {"key": "linux.y", "met": 7, "met_in_last_run": 2, "reason": "why", "link": "a.program"}]})",
      kStats);
  EXPECT_EQ(record.problem, "");
  ASSERT_EQ(record.runs.size(), 1u);
  EXPECT_EQ(record.runs[0].seed, "0x2f81");
  EXPECT_EQ(record.runs[0].ended, "");
  EXPECT_EQ(record.runs[0].arguments, "fuzz --jobs=2");
  EXPECT_EQ(record.totals.calls, 70u);
  EXPECT_EQ(record.clauses.at("listen.open"), 12u);
  ASSERT_EQ(record.edges.size(), 1u);
  EXPECT_EQ(record.edges[0].to, "listening");
  ASSERT_EQ(record.deviations.size(), 2u);
  EXPECT_EQ(record.deviations[0].met, 3u);
  EXPECT_FALSE(record.deviations[0].in_last_run);
  EXPECT_EQ(record.deviations[1].reason, "why");
  EXPECT_EQ(record.deviations[1].link, "a.program");
  EXPECT_TRUE(record.deviations[1].in_last_run);
  EXPECT_EQ(record.deviations[1].met_in_last_run, 2u);
  ASSERT_EQ(record.samples.size(), 2u);
  EXPECT_EQ(record.samples[0].calls_per_second, 370.5);
  EXPECT_EQ(record.samples[1].clauses_of, 349);
}

TEST(CampaignRecordTest, RowsOfOneReasonStandTogetherTheMostFrequentFirst) {
  const std::vector<KnownReason> reasons = ByReason({{.key = "a", .met = 3, .reason = "one"},
                                                     {.key = "b", .met = 4, .reason = "two"},
                                                     {.key = "c", .reason = "one"},
                                                     {.key = "d", .met = 9, .reason = "one"},
                                                     {.key = "e", .reason = "three"}});
  ASSERT_EQ(reasons.size(), 3u);
  EXPECT_EQ(reasons[0].reason, "one");
  EXPECT_EQ(reasons[0].met, 12u);
  EXPECT_EQ(reasons[0].rows_met, 2u);
  ASSERT_EQ(reasons[0].rows.size(), 3u);
  EXPECT_EQ(reasons[0].rows[0].key, "d");
  EXPECT_EQ(reasons[1].reason, "two");
  EXPECT_EQ(reasons[2].rows_met, 0u);
}

TEST(CampaignRecordTest, AReasonIsNamedByItsFirstStatement) {
  EXPECT_EQ(ShortReason("close() sends a FIN; Linux a RST. So be it."), "close() sends a FIN");
  EXPECT_EQ(ShortReason("close() sends a FIN. Linux a RST."), "close() sends a FIN");
  EXPECT_EQ(ShortReason("close() sends a FIN."), "close() sends a FIN");
  EXPECT_EQ(ShortReason(""), "");
  EXPECT_EQ(ShortReason("close() sends a FIN where nothing waits", 20), "close() sends a FIN …");
  EXPECT_EQ(ShortReason("ääääääää", 5), "ää …");
  EXPECT_EQ(ShortReason("close() sends a FIN", 19), "close() sends a FIN");
}

TEST(CampaignRecordTest, WhatIsMissingIsEmpty) {
  for (const char* json :
       {"", "{}", R"({"runs": 3, "edges": {"a": 1}, "clauses": [], "totals": null})",
        R"({"runs": [{}, 7], "edges": [{"count": "many"}]})"}) {
    const CampaignRecord record = ParseCampaignRecord(json, "");
    EXPECT_EQ(record.problem, "") << json;
    EXPECT_EQ(record.totals.programs, 0u) << json;
    EXPECT_TRUE(record.clauses.empty() && record.samples.empty()) << json;
  }
  EXPECT_EQ(ReadCampaignRecord("/nowhere").problem, "");
}

TEST(CampaignRecordTest, WhatIsNestedTooDeepForTheStackIsRead) {
  const std::string deep = std::string(300'000, '[') + std::string(300'000, ']');
  for (const std::string& json :
       {"{\"runs\": [{\"seed\": " + deep + "}]}", "{\"runs\": " + deep + "}"}) {
    EXPECT_EQ(ParseCampaignRecord(json, "").problem, "");
  }
}

TEST(CampaignRecordTest, WhatNoCampaignMeasuresIsNotPlotted) {
  const CampaignRecord record =
      ParseCampaignRecord(R"({"runs": [{"seconds": -1}, {"seconds": 1e300}]})",
                          "elapsed_s,calls_per_s\n10,nan\n20,inf\n30,-5\n40,1e300\n50,7\n");
  EXPECT_EQ(record.totals.seconds, 0);
  ASSERT_EQ(record.samples.size(), 1u);
  EXPECT_EQ(record.samples[0].calls_per_second, 7);
}

TEST(CampaignRecordTest, WhatIsNoJsonIsTold) {
  EXPECT_NE(ParseCampaignRecord("{\"runs\": [", kStats).problem, "");
  EXPECT_EQ(ParseCampaignRecord("{\"runs\": [", kStats).samples.size(), 2u);
}

TEST(CampaignRecordTest, ALineThatIsHalfWrittenIsNotRead) {
  const std::string stats = kStats;
  for (size_t size = stats.size() - 1; size > stats.rfind('\n', stats.size() - 2); --size) {
    EXPECT_EQ(ParseCampaignRecord("", stats.substr(0, size)).samples.size(), 1u);
  }
  EXPECT_EQ(ParseCampaignRecord("", stats + "a,b,c\n1763457194,thirty,1,1,1,1,1,1,1,1,1,1,1,1\n")
                .samples.size(),
            2u);
}

}  // namespace
}  // namespace sockspec
