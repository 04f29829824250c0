// What was found stays found: every program under found/posix/ breaks POSIX in its last call, and nowhere else,
// and its last call is what our Linux profile has.

#include "gtest/gtest.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/lockstep.h"
#include "model/profile.h"
#include "model/program/program.h"
#include "model/program/text.h"
#include "sut/kernel.h"
#include "sut/linux.h"

namespace sockspec {
namespace {

Transcript Read(const std::filesystem::path& path) {
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  ParsedText parsed = ParseText(text, path.filename().string());
  EXPECT_TRUE(parsed.ok()) << parsed.problem.Message();
  return std::move(parsed.transcript);
}

TEST(Found, EveryProgramBreaksPosixInItsLastCallOnlyAndLinuxNowhere) {
  // Read before the kernel is made: what is opened later, a new program closes.
  std::vector<std::pair<std::string, Transcript>> found;
  for (const auto& entry : std::filesystem::directory_iterator("fuzz/found/posix")) {
    found.emplace_back(entry.path().filename().string(), Read(entry.path()));
  }
  EXPECT_GE(found.size(), 11u);
  Trouble trouble;
  const auto kernel = MakeLinuxKernel(LinuxOptions{}, &trouble);
  ASSERT_NE(kernel, nullptr) << trouble.what;
  Lockstep posix(*kernel, ResolveProfile("posix", "").profile);
  Lockstep like_linux(*kernel, ResolveProfile("linux", kernel->release()).profile);
  for (const auto& [name, transcript] : found) {
    SCOPED_TRACE(name);
    const int last = static_cast<int>(transcript.program.calls.size()) - 1;
    const struct Run& run = posix.PlayFresh(transcript.program);
    ASSERT_EQ(run.divergences.size(), 1u);
    EXPECT_EQ(run.divergences[0].index, last);
    EXPECT_EQ(run.divergences[0].expected->id, transcript.said[last].clause);
    EXPECT_EQ(transcript.comments.size(), 1u) << "one sentence";
    EXPECT_FALSE(like_linux.PlayFresh(transcript.program).diverged());
  }
}

}  // namespace
}  // namespace sockspec
