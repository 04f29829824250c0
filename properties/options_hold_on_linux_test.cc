// The table of options against this machine's kernel: every option of every level, on every kind of socket, with
// every value, length and pointer that is worth trying.

#include <algorithm>
#include <map>
#include <string>

#include "gtest/gtest.h"
#include "model/program/program.h"
#include "model/program/text.h"
#include "properties/on_linux.h"
#include "properties/option_programs.h"

namespace sockspec {
namespace {

class EveryOption : public OnLinux, public testing::WithParamInterface<OptionSubject> {};

TEST_P(EveryOption, IsAsTheTableSays) {
  std::map<std::string, int> diverged;  // by key: how often
  std::map<std::string, int> discarded;
  int programs = 0;
  ForEachOptionProgram(TheProfile(), GetParam(), [&](const Program& program) {
    ++programs;
    const sockspec::Run& run = TheLockstep().Play(program);
    ASSERT_EQ(run.trouble.what, "");
    if (run.discarded) ++discarded[run.why_discarded];
    if (!run.diverged()) return;
    const Divergence& first = run.divergences[0];
    const std::string key = first.key + " " + PrintCall(program.calls[static_cast<size_t>(first.index)]);
    // A port that the kernel chose may be one that the program named.
    if (diverged[key]++ == 0 && Play(program).diverged()) ADD_FAILURE() << Told(program, run);
  });
  RecordProperty("programs", programs);
  for (const auto& [why, count] : discarded) printf("%6d of %d programs: %s\n", count, programs, why.c_str());
}

INSTANTIATE_TEST_SUITE_P(OfEveryKind, EveryOption, testing::ValuesIn(OptionSubjects()),
                         [](const testing::TestParamInfo<OptionSubject>& info) {
                           std::string name(info.param.name);
                           std::ranges::replace(name, ' ', '_');
                           return name;
                         });

}  // namespace
}  // namespace sockspec
