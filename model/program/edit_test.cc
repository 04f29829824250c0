#include "model/program/edit.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/program/arbitrary.h"
#include "model/program/bytes.h"
#include "model/program/call.h"
#include "model/program/declarations.h"
#include "model/program/program.h"
#include "model/program/random.h"
#include "model/program/text.h"
#include "model/program/unix_name.h"

namespace sockspec {
namespace {

constexpr int kRounds = 20000;

Call MustParseCall(std::string_view line) {
  const ParsedText parsed =
      ParseText("s0 = socket(AF_INET, SOCK_STREAM, 0)\n" + std::string(line) + "\n", "test");
  EXPECT_TRUE(parsed.ok()) << parsed.problem.Message();
  return parsed.ok() ? parsed.transcript.program.calls.at(1) : Call{};
}

bool IsMended(const Call& call) {
  Call mended = call;
  Mend(mended);
  return mended == call;
}

// ---- Simpler
// -------------------------------------------------------------------------------------

RC_GTEST_PROP(Simpler, EveryCandidateIsSimplerAndIsSayable, ()) {
  Call call = *ArbitraryCall();
  Mend(call);
  RC_LOG() << PrintCall(call);
  const uint64_t most = Complexity(call);
  for (const Call& candidate : Simpler(call)) {
    RC_LOG() << PrintCall(candidate);
    RC_ASSERT(Complexity(candidate) < most);
    RC_ASSERT(IsMended(candidate));
    RC_ASSERT(candidate.op == call.op);
    if (candidate.made != call.made) RC_ASSERT(candidate.made == kNoHandle);  // none is made any more
    RC_ASSERT(candidate.made2 == call.made2);
    RC_ASSERT(candidate.thread == call.thread);
  }
}

RC_GTEST_PROP(Simpler, CandidatesAreDifferentAndTheSimplestComesFirst, ()) {
  Call call = *ArbitraryCall();
  Mend(call);
  const std::vector<Call> candidates = Simpler(call);
  for (size_t i = 0; i < candidates.size(); ++i) {
    for (size_t j = 0; j < i; ++j) RC_ASSERT_FALSE((candidates[i] == candidates[j]));
    if (i > 0) RC_ASSERT(Complexity(candidates[i - 1]) <= Complexity(candidates[i]));
  }
}

// What a minimizer does that can take everything.
RC_GTEST_PROP(Simpler, TakingTheFirstOneLeadsToTheSimplestCall, ()) {
  Call call = *ArbitraryCall();
  Mend(call);
  for (std::vector<Call> candidates = Simpler(call); !candidates.empty();
       candidates = Simpler(call)) {
    call = candidates.front();
  }
  RC_LOG() << PrintCall(call);
  // A named descriptor does not become a handle: it could not be said which.
  uint64_t named = 0;
  ForEachDescriptor(call, [&](const Argument&, Descriptor fd) { named += fd.IsHandle() ? 0 : 1; });
  RC_ASSERT(Complexity(call) == named);
}

// What a minimizer does that can take nothing but the last one: no argument may cost it long.
RC_GTEST_PROP(Simpler, ThereAreNotManyCandidates, ()) {
  Call call = *ArbitraryCall();
  Mend(call);
  RC_ASSERT(Simpler(call).size() < 120u);
}

struct Row {
  std::string_view call;
  std::vector<std::string> simpler;
};

TEST(Simpler, SaysItForEachKindOfArgument) {
  const Row kRows[] = {
      {"close(s0)", {}},
      {"close(NEVER)", {"close(-1)"}},
      {"bind(s0, 127.0.0.1:P0)", {}},
      {"bind(s0, 127.0.0.1:P2)", {"bind(s0, 127.0.0.1:P0)", "bind(s0, 127.0.0.1:P1)"}},
      {"bind(s0, 127.0.0.2:P0/DIRTY)",
       {"bind(s0, 127.0.0.1:P0/DIRTY)", "bind(s0, 0.0.0.0:P0/DIRTY)", "bind(s0, 127.0.0.2:P0)"}},
      {"bind(s0, AF_UNSPEC/127.0.0.1:P0)", {"bind(s0, 127.0.0.1:P0)"}},
      {"bind(s0, BAD_PTR)", {"bind(s0, 127.0.0.1:P0)", "bind(s0, NULL)"}},
      {"bind(s0, 127.0.0.1:P0, addrlen=4)",
       {"bind(s0, 127.0.0.1:P0)", "bind(s0, 127.0.0.1:P0, addrlen=8)"}},
      // Within the layout of the address, and with an exact length as before.
      {"bind(s0, [::1]:P0)", {}},
      {"bind(s0, [::ffff:127.0.0.1]:P0)", {"bind(s0, [::1]:P0)", "bind(s0, [::]:P0)"}},
      {"bind(s0, AF_INET/[::]:P1)",
       {"bind(s0, AF_INET/[::1]:P1)", "bind(s0, AF_INET/[::]:P0)", "bind(s0, [::]:P1)"}},
      {"bind(s0, U0)", {}},
      {"bind(s0, U1)", {"bind(s0, U0)"}},
      {"bind(s0, U1, addrlen=16)", {"bind(s0, U0, addrlen=16)", "bind(s0, U1)"}},
      {"sendto(s0, 1, MSG_DONTWAIT, NULL)", {}},
      {"sendto(s0, 1, MSG_DONTWAIT, U0)", {"sendto(s0, 1, MSG_DONTWAIT, NULL)"}},
      {"sendto(s0, 1, MSG_DONTWAIT, BAD_PTR)",
       {"sendto(s0, 1, MSG_DONTWAIT, NULL)", "sendto(s0, 1, MSG_DONTWAIT, 127.0.0.1:P0)"}},
      {"getsockname(s0, BAD_PTR)", {"getsockname(s0)", "getsockname(s0, NULL, addrlen=16)"}},
      {"recvmsg(s0, 1, 3, [s1], MSG_DONTWAIT)",
       {"recvmsg(s0, 1, 1, [s1], MSG_DONTWAIT)", "recvmsg(s0, 1, 0, [s1], MSG_DONTWAIT)",
        "recvmsg(s0, 1, 2, [s1], MSG_DONTWAIT)", "recvmsg(s0, 1, 3, NULL, MSG_DONTWAIT)"}},
      {"poll(s0, POLLIN|POLLOUT, -1)", {"poll(s0, POLLIN|POLLOUT)", "poll(s0, POLLIN|POLLOUT, 1)"}},
      {"dup2(s0, -1)", {}},
      {"dup2(NEVER, s0)", {"dup2(-1, s0)"}},
      {"s1 = fcntl(s0, F_DUPFD, 0)", {"fcntl(s0, F_GETFL)", "fcntl(s0, F_SETFL, 0)", "fcntl(s0, F_GETFD)"}},
      {"getsockname(s0, NULL)",
       {"getsockname(s0)", "getsockname(s0, addrlen=NULL)", "getsockname(s0, NULL, addrlen=16)"}},
      {"listen(s0, 5)",
       {"listen(s0, 1)", "listen(s0, 0)", "listen(s0, -1)", "listen(s0, 2)", "listen(s0, 4)"}},
      {"recv(s0, 1, MSG_PEEK|MSG_DONTWAIT|MSG_OOB)",
       {"recv(s0, 1, MSG_DONTWAIT)", "recv(s0, 1, 0)", "recv(s0, 1, MSG_DONTWAIT|MSG_PEEK)",
        "recv(s0, 1, MSG_DONTWAIT|MSG_TRUNC)", "recv(s0, 1, MSG_DONTWAIT|MSG_PEEK|MSG_TRUNC)",
        "recv(s0, 1, MSG_DONTWAIT|MSG_OOB)", "recv(s0, 1, MSG_PEEK|MSG_OOB)"}},
      {"s1 = socket(AF_INET, 15|SOCK_CLOEXEC, 0)",
       {"s1 = socket(AF_INET, SOCK_STREAM, 0)",
        "s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)", "s1 = socket(AF_INET, SOCK_DGRAM, 0)",
        "s1 = socket(AF_INET, SOCK_DGRAM|SOCK_NONBLOCK, 0)", "s1 = socket(AF_INET, SOCK_SEQPACKET, 0)",
        "s1 = socket(AF_INET, SOCK_SEQPACKET|SOCK_NONBLOCK, 0)",
        "s1 = socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0)",
        "s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0)",
        "s1 = socket(AF_INET, SOCK_RAW, 0)", "s1 = socket(AF_INET, SOCK_RDM, 0)",
        "s1 = socket(AF_INET, 0, 0)", "s1 = socket(AF_INET, 15, 0)",
        "s1 = socket(AF_INET, SOCK_STREAM|0x100, 0)"}},
      {"setsockopt(s0, SOL_SOCKET, SO_REUSEADDR, 5)",
       {"setsockopt(s0, SOL_SOCKET, SO_REUSEADDR, 1)",
        "setsockopt(s0, SOL_SOCKET, SO_REUSEADDR, 2)",
        "setsockopt(s0, SOL_SOCKET, SO_REUSEADDR, 4)", "setsockopt(s0, SOL_SOCKET, SO_ERROR, 5)"}},
      {"setsockopt(s0, SOL_SOCKET, SO_LINGER, {1, 2})",
       {"setsockopt(s0, SOL_SOCKET, SO_ERROR, 1)", "setsockopt(s0, SOL_SOCKET, SO_REUSEADDR, 1)",
        "setsockopt(s0, SOL_SOCKET, SO_REUSEPORT, 1)",
        "setsockopt(s0, SOL_SOCKET, SO_ACCEPTCONN, 1)", "setsockopt(s0, SOL_SOCKET, SO_TYPE, 1)",
        "setsockopt(s0, SOL_SOCKET, SO_DOMAIN, 1)", "setsockopt(s0, SOL_SOCKET, SO_PROTOCOL, 1)",
        "setsockopt(s0, SOL_SOCKET, SO_LINGER, {1, 0})",
        "setsockopt(s0, SOL_SOCKET, SO_LINGER, {1, 1})"}},
      {"fcntl(s0, F_SETFL, 0)", {"fcntl(s0, F_GETFL)", "fcntl(s0, F_SETFL, O_NONBLOCK)"}},
  };
  for (const Row& row : kRows) {
    std::vector<std::string> simpler;
    for (const Call& call : Simpler(MustParseCall(row.call))) simpler.push_back(PrintCall(call));
    EXPECT_EQ(simpler, row.simpler) << row.call;
  }
}

// ---- Random
// --------------------------------------------------------------------------------------

TEST(RandomArguments, AreSayableAndTheSameForTheSameSeed) {
  Random random(1);
  Random again(1);
  for (int i = 0; i < kRounds; ++i) {
    const Op op = static_cast<Op>(i % kOpCount);
    const Call call = RandomArguments(op, random);
    ASSERT_TRUE(IsMended(call)) << PrintCall(call);
    ASSERT_EQ(call, RandomArguments(op, again));
  }
}

TEST(RandomArguments, AreMostlyOrdinaryAndSometimesOdd) {
  Random random(2);
  int odd = 0;
  int ipv4 = 0;
  int ipv6 = 0;
  int names = 0;
  for (int i = 0; i < kRounds; ++i) {
    const Call call = RandomArguments(Op::kBind, random);
    const Host host = call.address.host;
    const bool usual = host == Host::kLoopback || host == Host::kAny || host == Host::kLoopback2 ||
                       host == Host::kLoopback6 || host == Host::kAny6 || host == Host::kMappedLoopback ||
                       call.address.name.IsPath() || call.address.name.IsAbstract();
    odd += call.pointer != Pointer::kValid || call.length != ExactLength(call.address) || !usual;
    ipv4 += IsIpv4(host);
    ipv6 += IsIpv6(host);
    names += host == Host::kUnix;
  }
  EXPECT_GT(odd, kRounds / 50);
  EXPECT_LT(odd, kRounds / 5);
  EXPECT_GT(ipv4, kRounds / 2);
  EXPECT_GT(ipv6, kRounds / 5);
  EXPECT_GT(names, kRounds / 5);
}

TEST(RandomArguments, ReachEveryChoiceOfEveryArgument) {
  Random random(3);
  std::vector<Call> calls;
  for (int i = 0; i < kRounds * 20; ++i) {
    calls.push_back(RandomArguments(static_cast<Op>(i % kOpCount), random));
  }
  for (const Declaration& declaration : Declarations()) {
    for (const Argument& argument : declaration.arguments) {
      for (const int32_t choice : argument.choices) {
        EXPECT_TRUE(std::any_of(calls.begin(), calls.end(),
                                [&](const Call& call) {
                                  return call.op == declaration.op && argument.UsedBy(call) &&
                                         call.*argument.member == choice;
                                }) ||
                    argument.used != nullptr || argument.choices_by != nullptr)
            << declaration.name << " " << argument.name << " " << choice;
      }
    }
  }
}

TEST(MutateArgument, KeepsTheCallSayableAndItsHandles) {
  Random random(4);
  Call call = RandomArguments(Op::kSocket, random);
  for (int i = 0; i < kRounds; ++i) {
    if (i % 10 == 0) {
      call = RandomArguments(static_cast<Op>(i / 10 % kOpCount), random);
      ForEachDescriptor(call, [](const Argument&, Descriptor& fd) { fd = Descriptor::Handle(3); });
    }
    const Call before = call;
    MutateArgument(call, random);
    ASSERT_TRUE(IsMended(call)) << PrintCall(before) << " to " << PrintCall(call);
    ASSERT_EQ(call.op, before.op);
    ASSERT_EQ(call.fd, before.fd);
    ASSERT_EQ(call.made, before.made);
    ASSERT_EQ(call.made2, before.made2);
  }
}

TEST(MutateArgument, MostlyKeepsAnAddressInItsLayoutAndItsLengthExact) {
  Random random(7);
  for (const std::string_view line : {"bind(s0, [::1]:P0)", "bind(s0, U0)", "sendto(s0, 5, 0, @A0)"}) {
    const Call start = MustParseCall(line);
    int kept = 0;
    for (int i = 0; i < kRounds; ++i) {
      Call call = start;
      MutateArgument(call, random);
      kept += call.pointer != Pointer::kValid ||
              (IsIpv6(call.address.host) == IsIpv6(start.address.host) &&
               (call.address.host == Host::kUnix) == (start.address.host == Host::kUnix) &&
               call.length == ExactLength(call.address));
    }
    EXPECT_GT(kept, kRounds * 2 / 3) << line;
    EXPECT_LT(kept, kRounds) << line;
  }
}

TEST(MutateArgument, ChangesEveryArgumentInTime) {
  Random random(5);
  for (const std::string_view line :
       {"connect(s0, 127.0.0.1:P0)", "s1 = accept4(s0, 0)",
        "setsockopt(s0, SOL_SOCKET, SO_LINGER, {1, 0})", "getsockopt(s0, SOL_SOCKET, SO_ERROR)",
        "recv(s0, 5, 0)", "listen(s0, 1)", "bind(s0, [::1]:P0)", "bind(s0, U0)",
        "sendmsg(s0, NULL, 5, 1, 0, 0)", "recvmsg(s0, 5, 1, NULL, 0)", "select(s0, READ, 10)",
        "epoll_ctl(s0, EPOLL_CTL_ADD, s0, EPOLLIN)"}) {
    const Call start = MustParseCall(line);
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
      Call call = start;
      MutateArgument(call, random);
      seen.insert(PrintCall(call));
    }
    EXPECT_GT(seen.size(), 5u) << line;
  }
}

TEST(MutateArgument, LeavesACallAloneThatHasNone) {
  Random random(6);
  const Call start = MustParseCall("close(s0)");
  Call call = start;
  MutateArgument(call, random);
  EXPECT_EQ(call, start);
}

}  // namespace
}  // namespace sockspec
