// Where the loopback is late, every way in which the network may have handled what is under way is right, and
// nothing else is.

#include <cstdint>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "fuzz/fake_kernel.h"
#include "fuzz/generate.h"
#include "fuzz/lockstep.h"
#include "model/clause.h"
#include "model/oracle.h"
#include "model/profile.h"
#include "model/program/program.h"
#include "model/program/text.h"
#include "properties/examples.h"
#include "properties/on_linux.h"

namespace sockspec {
namespace {

Profile Named(std::string_view name) { return ResolveProfile(name, "").profile; }

// What a late kernel said, held against a specification.
struct Heard {
  int programs = 0;
  int late = 0;  // of them: something was not there yet that a prompt kernel would have had
  int diverged = 0;
  int discarded = 0;
  std::string first;
};

Heard Hear(std::string_view kernel_is, std::string_view held_to, const Mutation& mutation = {}) {
  const Profile kernel_profile = Named(kernel_is);
  const Profile profile = Named(held_to);
  Generator generator(kernel_profile, {.sockets = kTcp});
  FakeKernel prompt(kernel_profile);
  Heard heard;
  for (uint64_t n = 0; n < 1500; ++n) {
    Random random(ProgramSeed(7, n));
    const Program program = generator.Next(random);
    FakeKernel kernel(kernel_profile, mutation, static_cast<uint32_t>(n + 1));
    Lockstep lockstep(kernel, profile);
    const Run& run = lockstep.Play(program);
    ++heard.programs;
    heard.discarded += run.discarded;
    if (run.diverged() && heard.diverged++ == 0) heard.first = Told(program, run);
    (void)prompt.Reset(program.env);
    bool late = false;
    for (size_t i = 0; i < run.replies.size(); ++i) late |= prompt.Run(program.calls[i]) != run.replies[i];
    heard.late += late;
  }
  return heard;
}

TEST(ALateLoopback, ConformsToItselfHoweverLateItIs) {
  for (const std::string_view profile : {"linux-6.18+late", "linux-6.1+late", "posix+late"}) {
    const Heard heard = Hear(profile, profile);
    EXPECT_EQ(heard.diverged, 0) << profile << heard.first;
    EXPECT_GT(heard.late, heard.programs / 10) << profile << ": the kernel was not late";
    EXPECT_LT(heard.discarded, heard.programs / 5) << profile;
  }
}

TEST(ALateLoopback, IsNotWhatAPromptSpecificationSays) {
  EXPECT_GT(Hear("linux-6.18+late", "linux-6.18").diverged, 100);
}

TEST(ALateLoopback, HidesNoWrongAnswer) {
  for (const char* id : {"accept.would_block", "connect.already", "connect.completed", "recv.end", "recv.data",
                         "connect.failed", "send.sent", "accept.connection", "poll.ready", "shutdown.write"}) {
    const Clause* clause = FindClause(id);
    ASSERT_NE(clause, nullptr) << id;
    EXPECT_GT(Hear("linux-6.18+late", "linux-6.18+late", {.clause = clause, .error = EPROTO}).diverged, 0) << id;
  }
}

// Judges the replies that a program's text says, as if a kernel had given them: the number of the call that diverges,
// from 1; 0: none does.
int FirstWrongCall(std::string_view profile, const std::string& text) {
  const ParsedText parsed = ParseText(text, "test");
  EXPECT_TRUE(parsed.ok()) << parsed.problem.Message();
  const Transcript& transcript = parsed.transcript;
  Oracle oracle(Named(profile));
  oracle.Reset(transcript.program.env);
  int open = 0;
  for (size_t i = 0; i < transcript.said.size(); ++i) {
    const Call& call = transcript.program.calls[i];
    Reply reply = transcript.said[i].reply.value();
    // Nothing is closed before something is made here: the lowest free number is the next one.
    if (call.made != kNoHandle && reply.error == 0) reply.value = open++;
    const Verdict verdict = oracle.Step(call, reply);
    if (verdict == Verdict::kDiverges) return static_cast<int>(i) + 1;
    if (verdict == Verdict::kUnspecified) continue;
    EXPECT_EQ(verdict, Verdict::kConforms) << "call " << i + 1 << ": " << oracle.why();
  }
  return 0;
}

constexpr std::string_view kConnecting = R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0
    bind(s0, 127.0.0.1:P0)                              = 0
    listen(s0, 1)                                       = 0
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS
)";
constexpr int kCallsBefore = 5;

int FirstWrong(std::string_view more) {
  return FirstWrongCall("linux-6.18+late", std::string(kConnecting) + std::string(more));
}

TEST(ALateLoopback, LetsAConnectionComeLater) {
  EXPECT_EQ(FirstWrong(R"(
    connect(s1, 127.0.0.1:P0)  = -1 EALREADY
    s2 = accept(s0)            = -1 EAGAIN
    connect(s1, 127.0.0.1:P0)  = 0
    s3 = accept(s0)            = -1 EAGAIN
    poll(s0, POLLIN)           = 1, revents=POLLIN
    s4 = accept(s0)            = s4, addr=127.0.0.1:E0
  )"), 0);
}

TEST(ALateLoopback, TakesNothingBack) {
  EXPECT_EQ(FirstWrong(R"(
    poll(s0, POLLIN)           = 1, revents=POLLIN
    s2 = accept(s0)            = -1 EAGAIN
  )"), kCallsBefore + 2) << "the connection was there";
  EXPECT_EQ(FirstWrong(R"(
    s2 = accept(s0)            = s2, addr=127.0.0.1:E0
    connect(s1, 127.0.0.1:P0)  = -1 EALREADY
  )"), kCallsBefore + 2) << "its other end has been accepted";
}

TEST(ALateLoopback, KeepsTheOrder) {
  constexpr std::string_view kClosed = R"(
    s2 = accept(s0)            = s2, addr=127.0.0.1:E0
    connect(s1, 127.0.0.1:P0)  = 0
    send(s1, 5, 0)             = 5
    close(s1)                  = 0
  )";
  EXPECT_EQ(FirstWrong(std::string(kClosed) + R"(
    recv(s2, 9, MSG_DONTWAIT)  = -1 EAGAIN
    recv(s2, 9, MSG_DONTWAIT)  = 5, data=[0,5)
    recv(s2, 9, MSG_DONTWAIT)  = -1 EAGAIN
    recv(s2, 9, MSG_DONTWAIT)  = 0
  )"), 0);
  EXPECT_EQ(FirstWrong(std::string(kClosed) + "recv(s2, 9, MSG_DONTWAIT) = 0\n"), kCallsBefore + 5)
      << "the FIN came behind five bytes";
}

TEST(ALateLoopback, HasOnTheWayWhatAnOptionLetsGo) {
  for (const std::string option : {"TCP_CORK, 0", "TCP_NODELAY, 1"}) {
    const std::string sent = R"(
        s0 = socket(AF_INET, SOCK_STREAM, 0)        = s0
        bind(s0, 127.0.0.1:P0)                      = 0
        listen(s0, 1)                               = 0
        s1 = socket(AF_INET, SOCK_STREAM, 0)        = s1
        connect(s1, 127.0.0.1:P0)                   = 0
        s2 = accept(s0)                             = s2, addr=127.0.0.1:E0
        setsockopt(s1, IPPROTO_TCP, TCP_CORK, 1)    = 0
        send(s1, 2, MSG_DONTWAIT)                   = 2
        setsockopt(s1, IPPROTO_TCP, )" + option + ") = 0\n";
    for (const std::string profile : {"linux-6.1", "linux-6.1+late"}) {
      SCOPED_TRACE(profile + ", " + option);
      const bool late = profile.ends_with("+late");
      EXPECT_EQ(FirstWrongCall(profile, sent + "recv(s2, 5, MSG_DONTWAIT) = 2, data=[0,2)"), 0);
      EXPECT_EQ(FirstWrongCall(profile, sent + "recv(s2, 5, MSG_DONTWAIT) = -1 EAGAIN"), late ? 0 : 10);
      EXPECT_EQ(FirstWrongCall(profile, sent + "recv(s2, 5, MSG_DONTWAIT) = 0"), 10);
    }
  }
}

TEST(ALateLoopback, LeavesAnOldConnectionBehind) {
  constexpr std::string_view kAgain = R"(
    poll(s1, POLLOUT)          = 1, revents=POLLOUT
    poll(s0, POLLIN)           = 1, revents=POLLIN
    s2 = accept(s0)            = s2, addr=127.0.0.1:E0
    shutdown(s2, SHUT_WR)      = 0
    connect(s1, AF_UNSPEC/127.0.0.1:P0) = 0
    connect(s1, 127.0.0.1:P0)  = -1 EINPROGRESS
    poll(s1, POLLOUT)          = 1, revents=POLLOUT
    recv(s1, 5, MSG_DONTWAIT)  = )";
  EXPECT_EQ(FirstWrong(std::string(kAgain) + "-1 EAGAIN\n"), 0);
  EXPECT_EQ(FirstWrong(std::string(kAgain) + "0\n"), kCallsBefore + 8) << "the FIN was not this connection's";
}

// POSIX does not say how long a queue is: whether there is room for the second one is open, in whichever world.
TEST(ALateLoopback, SaysNothingOfASocketThatMayBeUnspecified) {
  constexpr std::string_view kFull = R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0
    bind(s0, 127.0.0.1:P0)                              = 0
    listen(s0, 0)                                       = 0
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS
    poll(s0, POLLIN)                                    = 1, revents=POLLIN
    s2 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s2
    connect(s2, 127.0.0.1:P0)                           = -1 EINPROGRESS
    connect(s2, 127.0.0.1:P0)                           = )";
  for (const char* reply : {"-1 ECONNREFUSED", "-1 EALREADY", "-1 EISCONN"}) {
    EXPECT_EQ(FirstWrongCall("posix+late", std::string(kFull) + reply + "\n"), 0) << reply;
  }
}

TEST(ALateLoopback, IsNoReasonToBlockForEver) {
  constexpr std::string_view kBlocking = R"(
    fcntl(s0, F_SETFL, 0)      = 0
    s2 = accept(s0)            = )";
  EXPECT_EQ(FirstWrong(std::string(kBlocking) + "s2, addr=127.0.0.1:E0\n"), 0);
  EXPECT_EQ(FirstWrong(std::string(kBlocking) + "blocks, then -1 EINTR\n"), kCallsBefore + 2);
}

TEST(ALateLoopback, IsThePropertyOfAKernelWhateverItIsHeldTo) {
  EXPECT_EQ(ResolveProfile("linux", "Linux 4.4.0+late").profile.name(), "linux-6.1+late");
  EXPECT_EQ(ResolveProfile("posix", "Linux 4.4.0+late").profile.name(), "posix+late");
  EXPECT_EQ(ResolveProfile("linux-6.18+late", "Linux 6.18.44").profile.name(), "linux-6.18+late");
  EXPECT_EQ(ResolveProfile("posix", "Linux 6.18.44").profile.name(), "posix");
}

}  // namespace
}  // namespace sockspec
