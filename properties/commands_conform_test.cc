// RapidCheck's own commands against this machine's kernel: a second way to come to programs, which
// knows nothing of fuzz/generate.h. Each call is drawn in the world that the model says the calls
// before it lead to, with arguments that the declarations know; RapidCheck leaves calls out and
// makes arguments simpler where one diverges.

#include <rapidcheck.h>
#include <rapidcheck/state.h>

#include <cstdint>
#include <memory>
#include <ostream>
#include <set>
#include <utility>
#include <vector>

#include "fuzz/lockstep.h"
#include "gtest/gtest.h"
#include "model/oracle.h"
#include "model/program/call.h"
#include "model/program/declarations.h"
#include "model/program/edit.h"
#include "model/program/program.h"
#include "model/program/random.h"
#include "model/program/text.h"
#include "properties/on_linux.h"
#include "properties/worth_running.h"

namespace sockspec {
namespace {

const Cases kCases(5000);

// Where the calls so far lead, as a kernel of the model answers them. It is copied for every
// command.
struct Model {
  std::shared_ptr<const Oracle> oracle;
  uint32_t made = 0;  // a bit for each handle
};

// What a case has said. The kernel gets it as a whole, in lockstep, as it gets every program.
struct System {
  Program program;
};

Descriptor AnyDescriptor(const Model& model) {
  std::vector<Descriptor> descriptors;
  for (int h = 0; h < kMaxHandles; ++h) {
    if (model.made >> h & 1) descriptors.push_back(Descriptor::Handle(h));
  }
  if (descriptors.empty() || *rc::gen::inRange(0, 20) == 0) {
    return *rc::gen::element(kMinusOne, kNeverOpen, kFile, kPipe);
  }
  return *rc::gen::elementOf(descriptors);
}

// Any call, and simpler ones for shrinking.
rc::Gen<Call> AnyArguments() {
  const auto op = rc::gen::weightedOneOf<int>(
      {{3, rc::gen::inRange(0, kOpCount)},
       {1, rc::gen::element(static_cast<int>(Op::kSocket), static_cast<int>(Op::kBind),
                            static_cast<int>(Op::kListen), static_cast<int>(Op::kConnect),
                            static_cast<int>(Op::kAccept4))}});
  const auto any =
      rc::gen::map(rc::gen::pair(op, rc::gen::noShrink(rc::gen::arbitrary<uint64_t>())),
                   [](const std::pair<int, uint64_t>& drawn) {
                     Random random(drawn.second);
                     return RandomArguments(static_cast<Op>(drawn.first), random);
                   });
  return rc::gen::shrink(any,
                         [](const Call& call) { return rc::seq::fromContainer(Simpler(call)); });
}

class Make : public rc::state::Command<Model, System> {
 public:
  explicit Make(const Model& model) : call_(*AnyArguments()) {
    if (call_.op != Op::kSocket) call_.fd = AnyDescriptor(model);
    if (!DeclarationOf(call_.op).makes(call_)) return;
    for (int h = 0; h < kMaxHandles && call_.made == kNoHandle; ++h) {
      if ((model.made >> h & 1) == 0) call_.made = static_cast<uint8_t>(h);
    }
  }

  // Handles are made once and used afterwards, and no call may block or leave what the model can
  // follow.
  void checkPreconditions(const Model& model) const override {
    RC_PRE(!DeclarationOf(call_.op).makes(call_) || call_.made != kNoHandle);
    // In parentheses: RapidCheck's own || looks at both sides, and nothing can be shifted by kNoHandle.
    RC_PRE((call_.made == kNoHandle || (model.made >> call_.made & 1) == 0));
    RC_PRE((call_.op == Op::kSocket || !call_.fd.IsHandle() || (model.made >> call_.fd.handle() & 1) != 0));
    RC_PRE(model.oracle->world().lost == Lost::kNo);
    RC_PRE(!model.oracle->MayBlock(call_));
  }

  void apply(Model& model) const override {
    const auto next = std::make_shared<Oracle>(*model.oracle);
    next->Answer(call_);
    model.oracle = next;
    if (call_.made != kNoHandle) model.made |= 1u << call_.made;
  }

  void run(const Model&, System& system) const override { system.program.calls.push_back(call_); }

  void show(std::ostream& out) const override { out << PrintCall(call_); }

 private:
  Call call_;
};

TEST_F(OnLinux, CommandsConform) {
  std::set<const Clause*> decided;
  const bool holds = rc::check("RapidCheck's commands conform on Linux", [&] {
    System system;
    rc::state::check(
        Model{.oracle = std::make_shared<Oracle>(TheProfile())}, system,
        [](const Model& model) { return rc::state::gen::execOneOfWithArgs<Make>()(model); });
    const auto& run = Play(system.program);
    RC_ASSERT(run.trouble.what == "");
    if (run.diverged()) RC_FAIL(Told(system.program, run));
    for (const Seen& seen : run.seen) decided.insert(seen.clause);
  });
  EXPECT_TRUE(holds);
  // They come far: 110 clauses decided when this was written.
  EXPECT_GT(decided.size(), 80u);
}

}  // namespace
}  // namespace sockspec
