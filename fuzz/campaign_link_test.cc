#include "fuzz/campaign_link.h"

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "fuzz/campaign.h"
#include "fuzz/campaign_corpus.h"
#include "fuzz/campaign_shared.h"
#include "fuzz/finding.h"
#include "gtest/gtest.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

// Both sides in one process, with memory of their own.
class CampaignLinkTest : public testing::Test {
 protected:
  CampaignLinkTest() : memory_(2), shares_(2), inside_(memory_[0]), outside_(memory_[1]) {}
  void SetUp() override {
    const char* base = getenv("TEST_TMPDIR");
    std::string pattern = std::string(base != nullptr ? base : "/tmp") + "/link.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    link_ = LinkOutside::Make(directory_, 0, 2, outside_, shares_[1]);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  static void Meet(Shared& shared, const std::string& key, uint64_t times) { shared.Find(key, true)->count += times; }

  SharedArray<Shared> memory_;
  SharedArray<WorkerShare> shares_;
  Shared& inside_;
  Shared& outside_;
  const std::vector<LoadedFinding> none_;
  std::string directory_;
  CampaignLink link_;
};

TEST_F(CampaignLinkTest, DivergencesWhoseKeysFindNoRoomAreCountedOnce) {
  for (int i = 0; i < kMostKeys; ++i) Meet(outside_, fmt::format("others.{}", i), 1);
  Meet(inside_, "ours", 5);
  Meet(inside_, "others.7", 2);
  inside_.keys_left_out.store(3);  // there was no room inside, either
  LinkInside inside(link_);
  Corpus corpus(inside_.corpus, "", "");
  LinkOutside outside(link_, none_, outside_, shares_[1]);
  for (int i = 0; i < 4; ++i) {
    inside.Exchange(inside_, shares_[0], {}, corpus, true);
    outside.Take(true);
  }
  EXPECT_EQ(outside_.keys_left_out.load(), 5u + 3u);
  EXPECT_EQ(outside_.Find("others.7", false)->count.load(), 1u + 2u);
  Meet(inside_, "ours", 1);
  inside_.keys_left_out.fetch_add(1);
  inside.Exchange(inside_, shares_[0], {}, corpus, true);
  outside.Take(true);
  EXPECT_EQ(outside_.keys_left_out.load(), 10u);
}

// Files of the feed stay for two minutes.
TEST_F(CampaignLinkTest, WhatWasTakenAwayFromTheFeedIsSkipped) {
  ParsedText parsed = ParseText("s0 = socket(AF_INET, SOCK_STREAM, 0)\nlisten(s0, 1)\n", "a.program");
  const int feature = ClauseFeature(1);
  ASSERT_TRUE(Offer(shares_[1].offers, parsed.transcript.program, {&feature, 1}));
  LinkFeed feed;
  Corpus of_all(outside_.corpus, "", "");
  of_all.Take(shares_[1].offers, [&](const Candidate& candidate) { feed.Add(candidate); });
  outside_.fed.store(300);
  feed.Write(directory_, outside_);
  ASSERT_TRUE(std::filesystem::exists(directory_ + "/.link/feed/300"));

  LinkInside inside(link_);
  Corpus corpus(inside_.corpus, "", "");
  inside.Begin(shares_[0], corpus);
  inside.Exchange(inside_, shares_[0], {}, corpus, true);
  EXPECT_EQ(corpus.size(), 1);
}

TEST_F(CampaignLinkTest, AKernelGoesOnWithWhatThoseBeforeItCounted) {
  LinkInside inside(link_);
  Corpus corpus(inside_.corpus, "", "");
  inside.Begin(shares_[0], corpus);
  shares_[0].programs.Add(70);
  shares_[0].CountLack("epoll");
  inside.Exchange(inside_, shares_[0], {}, corpus, true);
  LinkOutside(link_, none_, outside_, shares_[1]).Take(true);
  EXPECT_EQ(shares_[1].programs.get(), 70u);
  // The second one tells nothing.
  (void)LinkOutside::Make(directory_, 0, 2, outside_, shares_[1]);
  const CampaignLink third = LinkOutside::Make(directory_, 0, 2, outside_, shares_[1]);
  SharedArray<WorkerShare> fresh(1);
  LinkInside(third).Begin(fresh[0], corpus);
  EXPECT_EQ(fresh[0].programs.get(), 70u);
  EXPECT_STREQ(fresh[0].lacks[0].what, "epoll");
}

TEST_F(CampaignLinkTest, WhatWasBegunIsKnownToTheNextKernelOfTheWorkerAndToNoOther) {
  ASSERT_FALSE(ShareOut(directory_, 2, {Begun::Pending("a"), Begun::Pending("b")}, {"file 1", "file 2", "file 3"}).any());
  CampaignLink other = link_;
  other.number = 1;
  other.directory = directory_ + "/.link/1/0";
  Begun begun(link_);
  EXPECT_EQ(begun.Times(Begun::Pending("a")), 0);
  EXPECT_EQ(begun.Times(Begun::Pending("b")), -1);
  EXPECT_EQ(Begun(other).Times(Begun::Pending("b")), 0);
  begun.Set(Begun::Pending("a"), 1);
  begun.Set(Begun::Pending("c"), 1);
  begun.Set(Begun::Pending("a"), 2);
  const Begun later(LinkOutside::Make(directory_, 0, 2, outside_, shares_[1]));
  EXPECT_EQ(later.Times(Begun::Pending("a")), 2);
  EXPECT_EQ(later.Times(Begun::Pending("c")), 1);
  EXPECT_EQ(later.Times(Begun::Recheck("a")), -1);
  EXPECT_EQ(Begun(other).Times(Begun::Pending("c")), -1);
  EXPECT_EQ(LinkInside(link_).TakeUntried(), (std::vector<std::string>{"file 1", "file 3"}));
  EXPECT_TRUE(LinkInside(link_).TakeUntried().empty());
  EXPECT_EQ(LinkInside(other).TakeUntried(), std::vector<std::string>{"file 2"});
}

}  // namespace
}  // namespace sockspec
