// A campaign's corpus, without a campaign: what it goes on with where a kill left files of programs that it had given up.
#include "fuzz/campaign_corpus.h"

#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/campaign.h"
#include "fuzz/campaign_shared.h"
#include "fuzz/packed_corpus.h"
#include "gtest/gtest.h"
#include "model/program/bytes.h"
#include "model/program/program.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

constexpr KindSet kAll = ~KindSet{};

Program Parsed(const std::string& text) {
  ParsedText parsed = ParseText(text, "t");
  EXPECT_TRUE(parsed.ok()) << parsed.problem.what;
  return parsed.transcript.program;
}

// Programs of one and of many calls, another one for every `n`.
Program Short(int n) { return Parsed("s0 = socket(AF_INET, SOCK_STREAM, " + std::to_string(n) + ")\n"); }
Program Long(int n) {
  std::string text = "s0 = socket(AF_INET, SOCK_STREAM, 0)\n";
  for (int i = 0; i < 20; ++i) text += "listen(s0, " + std::to_string(n + i) + ")\n";
  return Parsed(text);
}

class CorpusOfFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/corpus.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  // A process of a campaign, up to its kill -9: nothing is done at its end.
  struct Process {
    explicit Process(const std::string& directory)
        : shared(1), rings(1), corpus(shared[0], directory, "linux-6.18") {
      EXPECT_EQ(corpus.Load(kAll).what, "");
    }
    void Take(const Program& program, std::initializer_list<int> features) {
      EXPECT_TRUE(Offer(rings[0], program, std::vector<int>(features)));
      corpus.Take(rings[0]);
    }
    SharedArray<CorpusShared> shared;
    SharedArray<CandidateRing> rings;
    Corpus corpus;
  };

  bool HasFile(const Program& program) const {
    char name[17];
    snprintf(name, sizeof name, "%016llx", static_cast<unsigned long long>(CorpusName(Encode(program))));
    return std::filesystem::exists(root_ + "/corpus/" + name);
  }

  std::string root_;
};

TEST_F(CorpusOfFiles, WhatWasGivenUpIsNoNewProgramForTheFileThatIsLeftOfIt) {
  const Program given_up = Long(1), stays = Short(0);
  {
    Process killed(root_);
    killed.Take(given_up, {7});
    ASSERT_EQ(killed.corpus.Flush().what, "");
    ASSERT_EQ(killed.corpus.Export(1).what, "");
    killed.Take(stays, {7});
    ASSERT_EQ(killed.corpus.Flush().what, "");
  }
  ASSERT_TRUE(HasFile(given_up));
  EXPECT_EQ(Process(root_).corpus.size(), 1);
  EXPECT_FALSE(HasFile(given_up));
}

TEST_F(CorpusOfFiles, NorIsItWhereThePackedCorpusWasWrittenAnewBeforeTheKill) {
  const Program given_up = Long(1), stays = Short(0);
  int feature = 8;
  {
    Process killed(root_);
    killed.Take(given_up, {7});
    ASSERT_EQ(killed.corpus.Flush().what, "");
    ASSERT_EQ(killed.corpus.Export(1).what, "");
    killed.Take(stays, {7});
    // Programs that come and go, until most of the packed corpus is about such.
    for (uintmax_t before = 0, size = 0; size >= before;) {
      ASSERT_LT(feature, 20000) << "it is never written anew";
      for (int n = 0; n < 100; ++n) killed.Take(Long(100 + feature + n), {feature + n});
      ASSERT_EQ(killed.corpus.Flush().what, "");
      for (int n = 0; n < 100; ++n) killed.Take(Short(1 + feature + n), {feature + n});
      ASSERT_EQ(killed.corpus.Flush().what, "");
      feature += 100;
      before = std::exchange(size, std::filesystem::file_size(root_ + "/corpus.packed"));
    }
  }
  ASSERT_TRUE(HasFile(given_up));
  Process next(root_);
  EXPECT_EQ(next.corpus.size(), 1 + (feature - 8));
  EXPECT_FALSE(HasFile(given_up));
}

TEST_F(CorpusOfFiles, AFileOfAProgramIsWrittenAfterThePackedCorpusHasIt) {
  Process process(root_);
  process.Take(Long(1), {7});
  ASSERT_EQ(process.corpus.Export(1).what, "");
  EXPECT_FALSE(HasFile(Long(1))) << "nobody could tell whose it is, were the program given up now";
  ASSERT_EQ(process.corpus.Flush().what, "");
  ASSERT_EQ(process.corpus.Export(1).what, "");
  EXPECT_TRUE(HasFile(Long(1)));
}

}  // namespace
}  // namespace sockspec
