#include "fuzz/benchmark_loops.h"

#include <stdlib.h>

#include <memory>
#include <string>

#include "fuzz/lockstep.h"
#include "gtest/gtest.h"
#include "model/profile.h"
#include "model/program/text.h"
#include "sut/linux.h"

namespace sockspec {
namespace {

TEST(BenchmarkLoopsTest, AProgramAndItsLoopMakeTheSameCallsAndAllSucceed) {
  Trouble trouble;
  const std::unique_ptr<Kernel> kernel = MakeLinuxKernel({}, &trouble);
  if (kernel == nullptr) {
    const char* required = getenv("SOCKSPEC_REQUIRE_KERNEL");
    ASSERT_FALSE(required != nullptr && std::string(required) == "1") << trouble.what;
    GTEST_SKIP() << trouble.what;
  }
  Lockstep lockstep(*kernel, ResolveProfile("linux", kernel->release()).profile);
  for (const BareLoop& loop : BareLoops()) {
    const ParsedText parsed = ParseText(loop.program, "loop");
    ASSERT_TRUE(parsed.ok()) << parsed.problem.Message();
    EXPECT_EQ(static_cast<int>(parsed.transcript.program.calls.size()), loop.calls) << loop.name;
    const sockspec::Run& run = lockstep.PlayFresh(parsed.transcript.program);
    EXPECT_FALSE(run.diverged() || run.discarded) << loop.name << ": " << run.why_discarded;
    for (const Reply& reply : run.replies) EXPECT_EQ(reply.error, 0) << loop.name;
    EXPECT_EQ(loop.run(10), 10 * loop.calls) << loop.name;
  }
}

}  // namespace
}  // namespace sockspec
