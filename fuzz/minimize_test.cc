#include "fuzz/minimize.h"

#include <errno.h>

#include <set>
#include <string>
#include <vector>

#include "fuzz/fake_kernel.h"
#include "fuzz/generate.h"
#include "fuzz/lockstep.h"
#include "gtest/gtest.h"
#include "model/clause.h"
#include "model/profile.h"
#include "model/program/bytes.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

Profile Linux() { return ResolveProfile("linux-6.18", "").profile; }

Program Parsed(const std::string& text) {
  const ParsedText parsed = ParseText(text, "test");
  EXPECT_TRUE(parsed.ok()) << parsed.problem.Message();
  return parsed.transcript.program;
}

// The first divergence of programs on a kernel with one fault.
class Faulty {
 public:
  explicit Faulty(const Mutation& mutation) : kernel_(Linux(), mutation) {}

  std::string FirstKey(const Program& program) {
    const auto& run = lockstep_.Play(program);
    return run.diverged() ? run.divergences[0].key : "";
  }
  const Run& Play(const Program& program) { return lockstep_.Play(program); }

 private:
  FakeKernel kernel_;
  Lockstep lockstep_{kernel_, Linux()};
};

// Faults of all kinds: refusals with another errno, and replies that are spoilt.
std::vector<Mutation> SomeMutations() {
  std::vector<Mutation> mutations;
  int n = 0;
  for (const Clause* clause : AllClauses()) {
    if (!clause->BelongsTo(Linux()) || clause->strength != Strength::kShall || ++n % 4 != 0)
      continue;
    if (clause->error != 0) {
      mutations.push_back({.clause = clause, .error = EPERM});
    } else if (!clause->blocks) {
      mutations.push_back({.clause = clause, .spoil = true});
    }
  }
  return mutations;
}

TEST(Minimize, MinimizingKeepsTheDivergenceAndTheResultIsOneMinimal) {
  Generator generator(Linux());
  int minimized_count = 0;
  for (const Mutation& mutation : SomeMutations()) {
    Faulty faulty(mutation);
    int found = 0;
    for (uint64_t n = 0; n < 3000 && found < 2; ++n) {
      Random random(ProgramSeed(5, n));
      const Program program = generator.Next(random);
      const auto& run = faulty.Play(program);
      if (!run.diverged()) continue;
      ++found;
      const Divergence divergence = run.divergences[0];
      const std::string& key = divergence.key;
      Plausible plausible(Linux(), program.calls[divergence.index].op, divergence.expected);
      const Minimized minimized = Minimize(
          program, [&](const Program& candidate) { return faulty.FirstKey(candidate) == key; },
          {.last_call = divergence.index,
           .plausible = [&](const Program& candidate) { return plausible(candidate); }});
      ++minimized_count;
      ASSERT_TRUE(minimized.kept);
      ASSERT_TRUE(minimized.one_minimal) << minimized.why_not;
      ASSERT_EQ(faulty.FirstKey(minimized.program), key) << PrintText(minimized.program);
      ASSERT_LE(minimized.program.calls.size(), program.calls.size());
      for (const Program& neighbour : SimplerNeighbours(minimized.program)) {
        if (!plausible(neighbour)) continue;
        ASSERT_NE(faulty.FirstKey(neighbour), key) << key << "\n"
                                                   << PrintText(minimized.program) << "could be\n"
                                                   << PrintText(neighbour);
      }
    }
  }
  EXPECT_GT(minimized_count, 40);
}

// 64 calls of which four are needed, and another divergence one step away: without the second
// socket's bind() the connect() meets nobody, and a refused connect() diverges on this kernel, too.
class TwoFaults : public Kernel {
 public:
  std::string family() const override { return "fake"; }
  std::string release() const override { return "with two faults"; }
  Trouble Reset(const Environment& env) override {
    oracle_.Reset(env);
    return {};
  }
  Trouble ResetFresh(const Environment& env) override { return Reset(env); }
  Reply Run(const Call& call) override {
    Reply reply = oracle_.Answer(call);
    if (call.op == Op::kBind && reply.error == EADDRINUSE) return {.error = EACCES};
    if (call.op == Op::kBind && reply.error == EINVAL) return {.error = EPERM};
    return reply;
  }
  void Disturb(unsigned) override {}

 private:
  Oracle oracle_{Linux()};
};

TEST(Minimize, ItDoesNotSlipToAnotherDivergence) {
  // The decoy: a second bind() of one socket, wherever a call that comes before is left out.
  std::string text =
      "s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)\n"
      "bind(s0, 127.0.0.1:P0)\n"
      "s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)\n";
  for (int i = 0; i < 29; ++i) {
    text += "setsockopt(s1, SOL_SOCKET, SO_KEEPALIVE, 1)\ngetsockname(s0)\n";
  }
  text += "bind(s1, 127.0.0.1:P0)\nbind(s1, 127.0.0.1:P1)\nbind(s1, 127.0.0.1:P1)\n";
  const Program program = Parsed(text);
  ASSERT_EQ(program.calls.size(), 64u);

  TwoFaults kernel;
  Lockstep lockstep(kernel, Linux());
  const auto& run = lockstep.Play(program);
  ASSERT_EQ(run.divergences.size(), 2u);
  const std::string key = run.divergences[0].key;
  ASSERT_NE(key, run.divergences[1].key);
  const Minimized minimized = Minimize(program, [&](const Program& candidate) {
    const auto& run = lockstep.Play(candidate);
    return run.diverged() && run.divergences[0].key == key;
  });
  EXPECT_TRUE(minimized.one_minimal);
  EXPECT_EQ(PrintText(minimized.program),
            "s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
            "bind(s0, 127.0.0.1:P0)\n"
            "s1 = socket(AF_INET, SOCK_STREAM, 0)\n"
            "bind(s1, 127.0.0.1:P0)\n");
  EXPECT_LT(minimized.asked, 80);
}

TEST(Minimize, AProgramThatDoesNotShowItComesBackAsItWas) {
  const Program program = Parsed("s0 = socket(AF_INET, SOCK_STREAM, 0)\nclose(s0)\n");
  const Minimized minimized = Minimize(program, [](const Program&) { return false; });
  EXPECT_FALSE(minimized.kept);
  EXPECT_FALSE(minimized.one_minimal);
  EXPECT_EQ(minimized.program, program);
}

TEST(Minimize, TheResultIsNeverEmpty) {
  const Program program = Parsed("s0 = socket(AF_INET, SOCK_STREAM, 0)\nclose(s0)\n");
  const Minimized minimized = Minimize(program, [](const Program&) { return true; });
  EXPECT_EQ(minimized.program.calls.size(), 1u);
}

TEST(Minimize, TheDeadlineAndTheBudgetEndItAndSaySo) {
  Program program;
  for (int i = 0; i < 100; ++i) program.calls.push_back({.op = Op::kClose, .fd = kMinusOne});
  int sizes = 0;
  const auto keeps = [](const Program& candidate) { return candidate.calls.size() > 3; };
  const Minimized late = Minimize(program, keeps, {.deadline = std::chrono::milliseconds(-1)});
  EXPECT_TRUE(late.kept);
  EXPECT_FALSE(late.one_minimal);
  EXPECT_EQ(late.why_not, "the deadline has passed");
  const Minimized poor =
      Minimize(program, keeps, {.budget = 4, .progress = [&](const Minimized&) { ++sizes; }});
  EXPECT_FALSE(poor.one_minimal);
  EXPECT_EQ(poor.why_not, "the budget is spent");
  EXPECT_LT(poor.program.calls.size(), 100u);
  EXPECT_GT(sizes, 0);
}

TEST(Minimize, ACreatorGoesTogetherWithItsUsers) {
  // Any program in which every handle was made, and that holds the listen().
  const Program program = Parsed(
      "s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
      "s1 = dup(s0)\n"
      "s2 = dup(s1)\n"
      "close(s2)\n"
      "close(s1)\n"
      "listen(s0, 1)\n");
  const Minimized minimized = Minimize(program, [](const Program& candidate) {
    bool listens = false;
    for (const Call& call : candidate.calls) {
      if (call.op != Op::kSocket && !call.fd.IsHandle()) return false;
      listens |= call.op == Op::kListen;
    }
    return listens;
  });
  EXPECT_EQ(PrintText(minimized.program), "s0 = socket(AF_INET, SOCK_STREAM, 0)\nlisten(s0, 1)\n");
}

TEST(Minimize, PortsSeenMoveUpWhenTheCallThatSawThemGoes) {
  // Needs the connect() to the port that the second socket was given.
  FakeKernel kernel(Linux(), {.clause = FindClause("connect.in_progress"), .error = EPERM});
  Lockstep lockstep(kernel, Linux());
  const Program program = Parsed(
      "s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)\n"
      "listen(s0, 1)\n"
      "getsockname(s0)\n"
      "s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)\n"
      "listen(s1, 1)\n"
      "getsockname(s1)\n"
      "s2 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)\n"
      "connect(s2, 127.0.0.1:E1)\n");
  const auto key = [&](const Program& candidate) {
    const auto& run = lockstep.Play(candidate);
    return run.diverged() ? run.divergences[0].key : "";
  };
  const std::string wanted = key(program);
  ASSERT_NE(wanted, "");
  const Minimized minimized =
      Minimize(program, [&](const Program& candidate) { return key(candidate) == wanted; });
  EXPECT_LE(minimized.program.calls.size(), 5u) << PrintText(minimized.program);
}

TEST(Minimize, CallsAreMadeInOneThreadWhereThatIsEnough) {
  Faulty faulty({.clause = FindClause("listen.port_taken")});
  const Program program = Parsed(
      "s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
      "setsockopt(s0, SOL_SOCKET, SO_REUSEADDR, 1)\n"
      "t2: bind(s0, 127.0.0.1:P0) <unfinished ...>\n"
      "s1 = socket(AF_INET, SOCK_STREAM, 0)\n"
      "t1: setsockopt(s1, SOL_SOCKET, SO_REUSEADDR, 1)\n"
      "t2: <... bind resumed>\n"
      "bind(s1, 127.0.0.1:P0)\n"
      "listen(s1, 1)\n"
      "t2: s2 = accept(s1) <unfinished ...>\n"
      "t3: listen(s0, 1) <unfinished ...>\n");
  const std::string key = faulty.FirstKey(program);
  ASSERT_EQ(key, "fake.listen.stream.inet.listen.port_taken.value.0");
  const Minimized minimized =
      Minimize(program, [&](const Program& candidate) { return faulty.FirstKey(candidate) == key; });
  EXPECT_EQ(PrintText(minimized.program),
            "s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
            "setsockopt(s0, SOL_SOCKET, SO_REUSEADDR, 1)\n"
            "bind(s0, 127.0.0.1:P0)\n"
            "s1 = socket(AF_INET, SOCK_STREAM, 0)\n"
            "setsockopt(s1, SOL_SOCKET, SO_REUSEADDR, 1)\n"
            "bind(s1, 127.0.0.1:P0)\n"
            "listen(s1, 1)\n"
            "listen(s0, 1)\n");
}

TEST(Minimize, TheThreadsThatAreNeededAreNumberedFromOne) {
  Faulty faulty({.clause = FindClause("dup2.reserved")});
  const Program program = Parsed(
      "s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
      "t6: recv(s0, 5, 0) <unfinished ...>\n"
      "t6: <... recv resumed>\n"
      "listen(s0, 1)\n"
      "t4: poll(s0, POLLIN, -1) <unfinished ...>\n"
      "s1 = dup(s0)\n"
      "close(s1)\n"
      "t5: s2 = accept4(s0, SOCK_CLOEXEC) <unfinished ...>\n"
      "dup2(s0, s1)\n"
      "t4: <... poll resumed>\n"
      "t5: <... accept4 resumed>\n");
  const std::string key = faulty.FirstKey(program);
  ASSERT_NE(key, "");
  const Minimized minimized =
      Minimize(program, [&](const Program& candidate) { return faulty.FirstKey(candidate) == key; });
  EXPECT_EQ(PrintText(minimized.program),
            "s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
            "listen(s0, 1)\n"
            "s1 = dup(s0)\n"
            "close(s1)\n"
            "t1: s2 = accept4(s0, 0) <unfinished ...>\n"
            "dup2(s0, s1)\n");
}

}  // namespace
}  // namespace sockspec
