// A fixture for programs that run on this machine's kernel, in lockstep with the model.
//
//     TEST_F(OnLinux, AnEmptyQueueSaysEAGAIN) {
//       ExpectConforms(R"(
//         s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0
//         listen(s0, 1)                                       = 0           # @listen.autobind
//         s1 = accept(s0)                                     = -1 EAGAIN   # @accept.would_block
//       )");
//     }
//
// Where no kernel can be had (no permission for namespaces), the tests are skipped and say why;
// with SOCKSPEC_REQUIRE_KERNEL=1 in the environment they fail instead, so that nobody takes that
// for a pass.
#ifndef SOCKSPEC_PROPERTIES_ON_LINUX_H_
#define SOCKSPEC_PROPERTIES_ON_LINUX_H_

#include <string>
#include <string_view>

#include "fuzz/lockstep.h"
#include "gtest/gtest.h"
#include "model/profile.h"
#include "model/program/program.h"

namespace sockspec {

class OnLinux : public testing::Test {
 protected:
  void SetUp() override;

  // The program's replies all conform, and are what is said. Twice: in the namespace that earlier
  // programs used, and in a fresh one.
  void ExpectConforms(std::string_view program);
  void ExpectConforms(const Transcript& transcript);

  // Every call conforms, whatever is said of it.
  void ExpectAnswersConform(const Transcript& transcript);

  // Of the running kernel. There is one kernel in the process, made by the first test that asks.
  static Lockstep& TheLockstep();
  static const Profile& TheProfile();

  // Runs `program`; again where the machine was too busy for it to be judged, and where it
  // diverged: a port that the kernel chose may by chance be the one that the program named, once in
  // 10,000 runs of some programs. What is given back as diverged did so three times, twice in a
  // fresh namespace.
  static const sockspec::Run& Play(const Program& program, bool fresh = false);
};

// The run as text, with what diverged in it and the command that runs it alone, for messages. A run of this machine's
// kernel that diverged is also kept, as a finding in the test's outputs (test.outputs/outputs.zip beside test.log).
std::string Told(const Program& program, const Run& run);

}  // namespace sockspec

#endif  // SOCKSPEC_PROPERTIES_ON_LINUX_H_
