// Every program of up to three calls on two sockets and one port or name, small cases before large ones:
// first on the model alone, for each profile, then in lockstep with this machine's kernel.

#include <errno.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "model/oracle.h"
#include "model/profile.h"
#include "model/program/call.h"
#include "model/program/declarations.h"
#include "model/program/program.h"
#include "model/program/text.h"
#include "model/world.h"
#include "properties/examples.h"
#include "properties/on_linux.h"

namespace sockspec {
namespace {

constexpr int kCalls = 3;
constexpr int kFirstMade = 2;  // s2 … are made by the calls

// Every call, plain, with a few odd arguments. Each is made on every socket that there is.
constexpr std::string_view kTcpAlphabet =
    "bind(s0, 127.0.0.1:P0)\n"
    "bind(s0, 0.0.0.0:P0)\n"
    "bind(s0, 127.0.0.1:0)\n"
    "bind(s0, BAD_PTR)\n"
    "listen(s0, 0)\n"
    "connect(s0, 127.0.0.1:P0)\n"
    "connect(s0, AF_UNSPEC)\n"
    "connect(s0, UNREACHABLE:P0)\n"
    "connect(s0, 127.0.0.1:P0, addrlen=8)\n"
    "s2 = accept4(s0, SOCK_NONBLOCK)\n"
    "s3 = accept(s0, BAD_PTR)\n"
    "close(s0)\n"
    "shutdown(s0, SHUT_RD)\n"
    "shutdown(s0, SHUT_WR)\n"
    "shutdown(s0, SHUT_RDWR)\n"
    "s4 = dup(s0)\n"
    "getsockname(s0)\n"
    "getpeername(s0)\n"
    "getsockopt(s0, SOL_SOCKET, SO_ERROR)\n"
    "getsockopt(s0, SOL_SOCKET, SO_ACCEPTCONN)\n"
    "setsockopt(s0, SOL_SOCKET, SO_REUSEADDR, 1)\n"
    "setsockopt(s0, SOL_SOCKET, SO_REUSEPORT, 1)\n"
    "setsockopt(s0, SOL_SOCKET, SO_LINGER, {1, 0})\n"
    "send(s0, 5, MSG_NOSIGNAL)\n"
    "recv(s0, 5, 0)\n"
    "read(s0, 0)\n"
    "write(s0, 5)\n"
    "fcntl(s0, F_GETFL)\n"
    "fcntl(s0, F_SETFL, 0)\n"
    "ioctl(s0, FIONBIO, 1)\n"
    "ioctl(s0, FIONREAD)\n"
    "poll(s0, POLLIN|POLLOUT|POLLRDHUP)\n";

constexpr std::string_view kUnixAlphabet =
    "bind(s0, U0)\n"
    "bind(s0, @A0)\n"
    "bind(s0, UNNAMED)\n"
    "listen(s0, 0)\n"
    "connect(s0, U0)\n"
    "connect(s0, @A0)\n"
    "connect(s0, AF_UNSPEC)\n"
    "s2 = accept(s0)\n"
    "close(s0)\n"
    "shutdown(s0, SHUT_RD)\n"
    "shutdown(s0, SHUT_RDWR)\n"
    "s3 = dup(s0)\n"
    "getsockname(s0)\n"
    "getpeername(s0)\n"
    "send(s0, 5, MSG_NOSIGNAL)\n"
    "send(s0, 0, 0)\n"
    "sendto(s0, 5, 0, U0)\n"
    "sendmsg(s0, NULL, 3, 1, SCM_RIGHTS, s1, 0)\n"
    "recv(s0, 3, 0)\n"
    "recv(s0, BAD_PTR, 3, MSG_PEEK)\n"
    "recvfrom(s0, 5, 0, BAD_PTR)\n"
    "recvmsg(s0, 5, 1, [s4], 0)\n"
    "ioctl(s0, FIONREAD)\n"
    "poll(s0, POLLIN|POLLOUT|POLLRDHUP)\n";

// The sockets are there already; whether they block, and what they are, is what socket() decides.
struct Board {
  std::string_view name;
  std::string_view sockets;
  std::string_view alphabet;
};
constexpr Board kBoards[] = {
    {"NonblockingSockets",
     "s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)\n"
     "s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)\n",
     kTcpAlphabet},
    {"BlockingSockets",
     "s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
     "s1 = socket(AF_INET, SOCK_STREAM, 0)\n",
     kTcpAlphabet},
    {"UnixStreams",
     "s0 = socket(AF_UNIX, SOCK_STREAM|SOCK_NONBLOCK, 0)\n"
     "s1 = socket(AF_UNIX, SOCK_STREAM|SOCK_NONBLOCK, 0)\n",
     kUnixAlphabet},
    {"UnixDatagrams",
     "s0 = socket(AF_UNIX, SOCK_DGRAM|SOCK_NONBLOCK, 0)\n"
     "s1 = socket(AF_UNIX, SOCK_DGRAM|SOCK_NONBLOCK, 0)\n",
     kUnixAlphabet},
    {"PairOfUnixStreams", "socketpair(AF_UNIX, SOCK_STREAM, 0, [s0, s1])\n", kUnixAlphabet},
    {"PairOfUnixDatagrams", "socketpair(AF_UNIX, SOCK_DGRAM|SOCK_NONBLOCK, 0, [s0, s1])\n", kUnixAlphabet},
    {"PairOfUnixSeqpackets", "socketpair(AF_UNIX, SOCK_SEQPACKET|SOCK_NONBLOCK, 0, [s0, s1])\n", kUnixAlphabet},
};

// What is not on a socket at all.
constexpr std::string_view kElsewhere =
    "listen(-1, 1)\n"
    "getsockname(FILE)\n";

std::vector<Call> Alphabet(const Board& board) {
  Program program = MustParse(std::string(board.sockets) + std::string(board.alphabet)).program;
  const auto sockets = MustParse(board.sockets).program.calls.size();
  program.calls.erase(program.calls.begin(), program.calls.begin() + static_cast<ptrdiff_t>(sockets));
  return program.calls;
}

// Calls `visit` with every program of exactly `length` calls after the two sockets. The two are
// alike, so the first call on a socket is on s0; that loses nothing but the names.
template <typename Visit>
class Enumeration {
 public:
  Enumeration(const Board& board, Visit visit) : visit_(visit), alphabet_(Alphabet(board)) {
    program_ = MustParse(board.sockets).program;
    elsewhere_ = MustParse(kElsewhere).program.calls;
  }

  void Of(int length) { Extend(length, {Descriptor::Handle(0), Descriptor::Handle(1)}, true); }

 private:
  void Extend(int length, const std::vector<Descriptor>& sockets, bool first) {
    if (length == 0) {
      visit_(program_);
      return;
    }
    for (const Call& call : elsewhere_) Append(length, call, sockets, first);
    for (const Descriptor socket : sockets) {
      if (first && socket != sockets[0]) break;
      for (Call call : alphabet_) {
        call.fd = socket;
        std::vector<Descriptor> more = sockets;
        if (call.made != kNoHandle) {
          call.made = static_cast<uint8_t>(kFirstMade + program_.calls.size());
          more.push_back(Descriptor::Handle(call.made));
        }
        Append(length, call, more, false);
      }
    }
  }

  void Append(int length, const Call& call, const std::vector<Descriptor>& sockets, bool first) {
    program_.calls.push_back(call);
    Extend(length - 1, sockets, first);
    program_.calls.pop_back();
  }

  Visit visit_;
  std::vector<Call> alphabet_;
  std::vector<Call> elsewhere_;
  Program program_;
};

std::ostream& operator<<(std::ostream& out, const Board& board) { return out << board.name; }

// ---- On the model alone ---------------------------------------------------------------------

class EverySmallProgram : public testing::TestWithParam<Profile> {
 protected:
  // Calls `check` with an oracle that has followed all of a program's calls but the last, with the
  // last, and with the program; it says what is wrong, or nothing. Left out are programs of which
  // the profile, or the model, does not know any more where they are.
  template <typename Check>
  void ForEach(Check check) {
    Oracle oracle(GetParam());
    for (const Board& board : kBoards) {
      for (int length = 1; length <= kCalls; ++length) {
        Enumeration enumeration(board, [&](const Program& program) {
          if (HasFailure() || !Lead(oracle, program)) return;
          ++count_;
          const std::string problem = check(oracle, program.calls.back(), program);
          EXPECT_TRUE(problem.empty()) << problem << "\n" << PrintText(program);
        });
        enumeration.Of(length);
      }
    }
    EXPECT_GT(count_, 100000);
  }

  static bool Lead(Oracle& oracle, const Program& program) {
    oracle.Reset(program.env);
    for (size_t i = 0; i + 1 < program.calls.size(); ++i) {
      if (!Known(oracle, program.calls[i])) return false;
      oracle.Answer(program.calls[i]);
    }
    return Known(oracle, program.calls.back());
  }

 private:
  static bool Known(const Oracle& oracle, const Call& call) {
    const World& world = oracle.world();
    return world.lost == Lost::kNo && std::ranges::none_of(world.sockets, &Socket::unspecified) &&
           !oracle.Ask(call).empty();
  }

  int count_ = 0;
};

TEST_P(EverySmallProgram, GetsRepliesThatConform) {
  ForEach([](Oracle& oracle, const Call& call, const Program& program) -> std::string {
    for (const Allowed& allowed : oracle.Ask(call)) {
      Lead(oracle, program);
      const Verdict verdict = oracle.Step(call, allowed.reply);
      if (verdict == Verdict::kDiscarded) continue;
      if (verdict != Verdict::kConforms)
        return PrintReply(call, allowed.reply) + " does not conform";
      // Where two clauses give one reply, the first is told.
      if (oracle.clause() != allowed.clause && oracle.clause()->error != allowed.clause->error) {
        return std::string(allowed.clause->id) + " becomes " + std::string(oracle.clause()->id);
      }
    }
    return "";
  });
}

TEST_P(EverySmallProgram, LeadsTheModelAndAKernelOfItToOneWorld) {
  Oracle other(GetParam());
  ForEach([&](Oracle& oracle, const Call& call, const Program& program) -> std::string {
    const Reply reply = oracle.Answer(call);
    if (oracle.world().lost != Lost::kNo) return "";
    Lead(other, program);
    if (other.Step(call, reply) == Verdict::kDiscarded || other.worlds() != 1) return "";
    if (other.world() == oracle.world()) return "";
    return PrintReply(call, reply) + " leads to\n" + Describe(oracle.world()) + "and\n" +
           Describe(other.world());
  });
}

TEST_P(EverySmallProgram, DivergesByAReplyOfNoClauseAndStaysWhereItWas) {
  ForEach([](Oracle& oracle, const Call& call, const Program&) -> std::string {
    const World before = oracle.world();
    const Verdict verdict = oracle.Step(call, {.error = EIO});
    if (verdict == Verdict::kDiscarded) return "";  // sockets that hold nothing but each other
    if (verdict != Verdict::kDiverges) return "EIO conforms";
    return oracle.world() == before ? "" : "EIO changes the world";
  });
}

TEST_P(EverySmallProgram, HasOneRightReplyOnLinux) {
  if (GetParam().family == kPosix) GTEST_SKIP() << "POSIX allows several";
  ForEach([](Oracle& oracle, const Call& call, const Program&) -> std::string {
    int right = 0;
    for (const Allowed& allowed : oracle.Ask(call))
      right += allowed.clause->strength == Strength::kShall;
    return right == 1 ? "" : std::to_string(right) + " replies are right";
  });
}

TEST_P(EverySmallProgram, StaysWhereItWasAfterARefusalWithoutEffect) {
  ForEach([](Oracle& oracle, const Call& call, const Program&) -> std::string {
    const World before = oracle.world();
    oracle.Answer(call);
    if (oracle.clause()->error == 0 || oracle.clause()->then != nullptr) return "";
    return oracle.world() == before ? "" : std::string(oracle.clause()->id) + " changes the world";
  });
}

TEST_P(EverySmallProgram, IsAnsweredAlikeTwice) {
  ForEach([](Oracle& oracle, const Call& call, const Program& program) -> std::string {
    const Reply first = oracle.Answer(call);
    const World world = oracle.world();
    Lead(oracle, program);
    if (oracle.Answer(call) != first) return "another reply the second time";
    return oracle.world() == world ? "" : "another world the second time";
  });
}

INSTANTIATE_TEST_SUITE_P(Of, EverySmallProgram, testing::ValuesIn(EveryProfile()),
                         [](const auto& info) {
                           std::string name = info.param.name();
                           std::ranges::replace_if(
                               name, [](char c) { return c == '-' || c == '.'; }, '_');
                           return name;
                         });

// ---- In lockstep ----------------------------------------------------------------------------

// Programs that would block are left out: to see that a call blocks takes a tenth of a second.
class EverySmallProgramOnLinux : public OnLinux, public testing::WithParamInterface<Board> {
 protected:
  static bool MayBlock(Oracle& oracle, const Program& program) {
    oracle.Reset(program.env);
    for (const Call& call : program.calls) {
      if (oracle.MayBlock(call)) return true;
      oracle.Answer(call);
    }
    return false;
  }
};

TEST_P(EverySmallProgramOnLinux, Conforms) {
  Oracle oracle(TheProfile());
  int played = 0;
  int discarded = 0;
  // Shorter programs are beginnings of these.
  Enumeration enumeration(GetParam(), [&](const Program& program) {
    if (HasFailure() || MayBlock(oracle, program)) return;
    ++played;
    const auto& run = Play(program);
    ASSERT_EQ(run.trouble.what, "");
    ASSERT_FALSE(run.diverged()) << Told(program, run);
    discarded += run.discarded;
  });
  enumeration.Of(kCalls);
  EXPECT_GT(played, 30000);
  EXPECT_LT(discarded, played / 20) << "programs that cannot be judged, of " << played;
}

INSTANTIATE_TEST_SUITE_P(With, EverySmallProgramOnLinux, testing::ValuesIn(kBoards),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace sockspec
