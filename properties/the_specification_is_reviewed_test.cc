// The specification for people is kept in files, so that a change of a clause shows up in review as
// what it changes for a caller.
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "model/spec.h"
#include "nlohmann/json.hpp"
#include "properties/claims.h"

namespace sockspec {
namespace {

struct Golden {
  const char* profile;
  SpecFormat format;
  const char* format_name;
  const char* file;
};

constexpr Golden kGolden[] = {
    {"linux-6.18", SpecFormat::kMarkdown, "md", "model/spec.linux.golden.md"},
    {"linux-6.18", SpecFormat::kDot, "dot", "model/spec.linux.golden.dot"},
    {"posix", SpecFormat::kMarkdown, "md", "model/spec.posix.golden.md"},
    {"posix", SpecFormat::kDot, "dot", "model/spec.posix.golden.dot"},
};

// The first line in which two texts differ, from 1.
int FirstDifference(const std::string& a, const std::string& b) {
  int line = 1;
  for (size_t i = 0; i < a.size() && i < b.size() && a[i] == b[i]; ++i) line += a[i] == '\n';
  return line;
}

void ExpectReviewed(const std::string& text, const std::string& file, const std::string& renew) {
  std::ifstream in(file, std::ios::binary);
  const std::string reviewed((std::istreambuf_iterator<char>(in)),
                             std::istreambuf_iterator<char>());
  if (text == reviewed) return;
  ADD_FAILURE() << file << " is not what the clauses say, from line " << FirstDifference(text, reviewed)
                << " on. If the clauses are right:\n  " << renew << " > " << file << "\n";
}

class SpecTest : public testing::TestWithParam<Golden> {};

TEST_P(SpecTest, IsAsItWasReviewed) {
  const Golden& golden = GetParam();
  const Profile profile = ResolveProfile(golden.profile, "").profile;
  const std::string text = Specification(profile, golden.format, ClaimsDecidedBy(profile));
  ExpectReviewed(text, golden.file,
                 std::string("bazel run //:sockspec -- spec --profile=") + golden.profile +
                     " --format=" + golden.format_name);
}

// The last column, this kernel's, is claims_test's.
TEST(ClaimsTest, AreAsTheyWereReviewed) {
  const std::vector<ClaimColumn> columns = {ColumnOf(ResolveProfile("linux-6.18", "").profile),
                                            ColumnOf(ResolveProfile("posix", "").profile)};
  ExpectReviewed(ClaimsMarkdown(columns), "properties/claims.golden.md",
                 "bazel run //:sockspec -- spec --claims --profile=linux-6.18 --no-kernel");
}

INSTANTIATE_TEST_SUITE_P(Golden, SpecTest, testing::ValuesIn(kGolden), [](const auto& info) {
  std::string name = std::string(info.param.profile) + "_" + info.param.format_name;
  for (char& c : name) {
    if (c == '-' || c == '.') c = '_';
  }
  return name;
});

TEST(SpecJsonTest, HasAClauseACallAndAMove) {
  const auto json =
      nlohmann::json::parse(Specification(ResolveProfile("posix", "").profile, SpecFormat::kJson));
  EXPECT_EQ(json["profile"], "posix");
  EXPECT_GT(json["clauses"].size(), 100u);
  const auto& tcp = json["sockets"]["TCP over IPv4"];
  EXPECT_TRUE(tcp["replies"]["listen"]["connected"].is_array());
  bool found = false;
  for (const auto& move : tcp["moves"]) {
    found |= move["from"] == "bound" && move["to"] == "listening" && move["call"] == "listen";
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace sockspec
