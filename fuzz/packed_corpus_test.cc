#include "fuzz/packed_corpus.h"

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace sockspec {
namespace {

using Programs = std::map<uint64_t, std::string>;

std::span<const uint8_t> AsBytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

class Packed : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/packed.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    path_ = root_ + "/corpus.packed";
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::string Contents() {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void Write(const std::string& contents) { std::ofstream(path_, std::ios::binary) << contents; }

  static Programs Read(const std::string& contents) {
    Programs programs;
    ReadPacked(contents, [&](uint64_t name, std::span<const uint8_t> bytes) {
      EXPECT_TRUE(programs.emplace(name, std::string(bytes.begin(), bytes.end())).second);
    });
    return programs;
  }

  static uint64_t Add(PackedCorpus& packed, const std::string& text) {
    packed.Add(CorpusName(AsBytes(text)), AsBytes(text));
    return CorpusName(AsBytes(text));
  }

  std::string root_, path_;
};

TEST_F(Packed, WhatWasAddedAndNotDroppedIsThere) {
  PackedCorpus packed(path_);
  const uint64_t one = Add(packed, "one"), two = Add(packed, "three");
  ASSERT_EQ(packed.Write().what, "");
  packed.Drop(one, 3);
  const uint64_t four = Add(packed, "four");
  ASSERT_EQ(packed.Write().what, "");
  EXPECT_EQ(Read(Contents()), (Programs{{two, "three"}, {four, "four"}}));

  // Another one goes on there; what comes back is there once.
  PackedCorpus next(path_);
  int visited = 0;
  ASSERT_EQ(next.Read([&](uint64_t, std::span<const uint8_t>) { ++visited; }).what, "");
  EXPECT_EQ(visited, 2);
  Add(next, "one");
  Add(next, "four");
  ASSERT_EQ(next.Write().what, "");
  EXPECT_EQ(Read(Contents()), (Programs{{one, "one"}, {two, "three"}, {four, "four"}}));
}

// Wherever a process is killed while it writes, what was whole before stays, and the next one puts its own behind it.
TEST_F(Packed, CutOffAnywhereItHasWhatWasWhole) {
  PackedCorpus packed(path_);
  std::vector<size_t> whole;  // sizes of the file after so many programs
  for (const std::string text : {"one", "three", "seventeen"}) {
    Add(packed, text);
    ASSERT_EQ(packed.Write().what, "");
    whole.push_back(Contents().size());
  }
  const std::string all = Contents();
  for (size_t size = 0; size <= all.size(); ++size) {
    const size_t programs = static_cast<size_t>(std::ranges::count_if(whole, [&](size_t n) { return n <= size; }));
    Write(all.substr(0, size));
    PackedCorpus next(path_);
    size_t visited = 0;
    ASSERT_EQ(next.Read([&](uint64_t, std::span<const uint8_t>) { ++visited; }).what, "") << size;
    EXPECT_EQ(visited, programs) << size;
    Add(next, "later");
    ASSERT_EQ(next.Write().what, "");
    EXPECT_EQ(Read(Contents()).size(), programs + 1) << size;
  }
}

TEST_F(Packed, ABitThatChangedEndsWhatIsRead) {
  PackedCorpus packed(path_);
  Add(packed, "one");
  ASSERT_EQ(packed.Write().what, "");
  const std::string one = Contents();
  packed.Drop(Add(packed, "two"), 3);
  ASSERT_EQ(packed.Write().what, "");
  const std::string all = Contents();
  for (size_t at = one.size(); at < all.size(); ++at) {
    std::string changed = all;
    changed[at] ^= 4;
    const Programs programs = Read(changed);
    EXPECT_TRUE(programs.contains(CorpusName(AsBytes("one")))) << at;
    for (const auto& [name, text] : programs) EXPECT_EQ(name, CorpusName(AsBytes(text)));
  }
}

TEST_F(Packed, ItIsWrittenAnewWhenMostOfItIsGone) {
  PackedCorpus packed(path_);
  const uint64_t stays = Add(packed, "stays");
  size_t largest = 0;
  for (int n = 0; n < 8000; ++n) {
    const std::string text = std::string(200, 'x') + std::to_string(n);
    packed.Drop(Add(packed, text), text.size());
    if (n % 100 == 0) {
      ASSERT_EQ(packed.Write().what, "");
      largest = std::max(largest, Contents().size());
    }
  }
  EXPECT_LT(largest, 2u << 20);
  EXPECT_EQ(Read(Contents()), (Programs{{stays, "stays"}}));
}

TEST_F(Packed, WhatIsNoneIsToldAndLeftAlone) {
  for (const std::string contents : {"a", "sockspec corpus, packed, 2\n", "sockspec corpus, plain"}) {
    Write(contents);
    PackedCorpus packed(path_);
    EXPECT_NE(packed.Read([](uint64_t, std::span<const uint8_t>) {}).what.find("is not what a campaign writes"),
              std::string::npos)
        << contents;
    EXPECT_EQ(Contents(), contents);
  }
}

}  // namespace
}  // namespace sockspec
