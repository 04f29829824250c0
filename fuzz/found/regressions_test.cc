// What `sockspec triage DIR regress KEY` wrote into fuzz/found/linux/: this machine's kernel still
// answers so, and the specification still disagrees. A program that fails here is good news or bad:
// see what has changed, and take the file out or mend what broke. One of them alone: sockspec check
// --profile=… FILE.

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "fuzz/lockstep.h"
#include "fuzz/regression.h"
#include "gtest/gtest.h"
#include "model/profile.h"
#include "model/program/program.h"
#include "model/program/text.h"
#include "sut/kernel.h"
#include "sut/linux.h"

namespace sockspec {
namespace {

TEST(Regressions, EveryFindingThatWasPinnedDownIsAsItWas) {
  // Read before the kernel is made: what is opened later, a new program closes.
  std::map<std::string, Transcript> programs;
  for (const auto& entry : std::filesystem::directory_iterator("fuzz/found/linux")) {
    if (entry.path().extension() != ".program") continue;
    std::ifstream file(entry.path());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    ParsedText parsed = ParseText(text, entry.path().string());
    ASSERT_TRUE(parsed.ok()) << parsed.problem.Message();
    programs[entry.path().string()] = std::move(parsed.transcript);
  }
  EXPECT_FALSE(programs.empty());
  Trouble trouble;
  const auto kernel = MakeLinuxKernel(LinuxOptions{}, &trouble);
  ASSERT_NE(kernel, nullptr) << trouble.what;
  for (const auto& [name, transcript] : programs) {
    SCOPED_TRACE(name);
    const Regression regression = RegressionIn(transcript);
    ASSERT_NE(regression.key, "") << "no line `# regression: KEY`";
    const ResolvedProfile profile = ResolveProfile(regression.profile, kernel->release());
    ASSERT_EQ(profile.problem, "");
    // A program that took too long met another process, most likely.
    std::string changed;
    for (int tries = 0; tries < 3; ++tries) {
      Lockstep lockstep(*kernel, profile.profile);
      const struct Run& run = lockstep.PlayFresh(transcript.program);
      changed = WhatHasChanged(regression, transcript, run);
      if (!run.discarded) break;
    }
    EXPECT_EQ(changed, "") << "  sockspec check --profile=" << regression.profile << " " << name;
  }
}

}  // namespace
}  // namespace sockspec
