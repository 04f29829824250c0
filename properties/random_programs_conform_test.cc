// Random programs conform on this machine's kernel. A campaign runs millions of them; these are the
// same every day.

#include <rapidcheck.h>

#include "gtest/gtest.h"
#include "model/program/program.h"
#include "properties/on_linux.h"
#include "properties/worth_running.h"

namespace sockspec {
namespace {

const Cases kCases(100000);

TEST_F(OnLinux, RandomProgramsConform) {
  const bool holds = rc::check("random programs conform on Linux", [] {
    const Program program = (*WorthRunningWithoutBlocking(TheProfile())).program;
    const auto& run = Play(program);
    RC_PRE(!run.discarded);
    if (run.diverged()) RC_FAIL(Told(program, run));
  });
  EXPECT_TRUE(holds);
}

}  // namespace
}  // namespace sockspec
