#include "sut/linux.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <latch>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "model/program/text.h"
#include "sut/sandbox.h"

namespace sockspec {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

Transcript Parse(const std::string& text) {
  const ParsedText parsed = ParseText(text, "test");
  EXPECT_TRUE(parsed.ok()) << parsed.problem.Message();
  return parsed.transcript;
}

std::set<int> OpenDescriptors() {
  std::set<int> open;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    open.insert(std::stoi(entry.path().filename()));
  }
  return open;
}

class LinuxKernelTest : public testing::Test {
 protected:
  LinuxKernelTest() {
    Trouble trouble;
    kernel_ = MakeLinuxKernel({}, &trouble);
    EXPECT_EQ(trouble.what, "");
    if (kernel_ == nullptr) exit(3);
  }

  // Runs the program on from where the last one ended; each line's reply must be the one written.
  void Go(const std::string& text) {
    const Transcript transcript = Parse(text);
    for (size_t i = 0; i < transcript.program.calls.size(); ++i) {
      const Call& call = transcript.program.calls[i];
      const Reply reply = kernel_->Run(call);
      if (!transcript.said[i].reply.has_value()) continue;
      EXPECT_EQ(PrintReply(call, reply), PrintReply(call, *transcript.said[i].reply))
          << PrintCall(call);
    }
  }

  void Reset(const Environment& env = {}) { ASSERT_EQ(kernel_->Reset(env).what, ""); }

  // In a fresh world.
  void Run(const std::string& text) {
    Reset(Parse(text).program.env);
    Go(text);
  }

  Reply Say(const std::string& line) { return kernel_->Run(Parse(line).program.calls.at(0)); }

  // Makes the last of the calls only; the others say what its handles are.
  Reply Last(const std::string& text) { return kernel_->Run(Parse(text).program.calls.back()); }

  // The real number of a slot.
  int NumberOfSlot(int slot) {
    const int copy = dup(0);
    close(copy);
    return copy - next_slot_ + slot;
  }
  int next_slot_ = 0;  // the lowest that is free, for NumberOfSlot()

  std::unique_ptr<Kernel> kernel_;
};

std::vector<Call> Calls(const std::string& text) { return Parse(text).program.calls; }

// A connection from s1 to s2, through s0.
constexpr char kConnection[] = R"(
s0 = socket(AF_INET, SOCK_STREAM, 0)                   = s0
bind(s0, 127.0.0.1:P0)                                 = 0
listen(s0, 1)                                          = 0
s1 = socket(AF_INET, SOCK_STREAM, 0)                   = s1
connect(s1, 127.0.0.1:P0)                              = 0
s2 = accept(s0)                                        = s2, addr=127.0.0.1:E0
)";

TEST_F(LinuxKernelTest, SaysWhichKernelItIs) {
  EXPECT_EQ(kernel_->family(), "linux");
  EXPECT_EQ(kernel_->release().rfind("Linux ", 0), 0u) << kernel_->release();
}

TEST_F(LinuxKernelTest, ItMayGoWhileACallStillWaits) {
  ASSERT_EQ(kernel_->PrepareThreads().what, "");
  Run("socketpair(AF_UNIX, SOCK_STREAM, 0, [s0, s1])  = 0\n"
      "t1: select(s0, READ, -1) <unfinished ...>\n");
  kernel_.reset();
}

TEST_F(LinuxKernelTest, NamesAreHeldAcrossCalls) {
  Run(std::string(kConnection) + R"(
getsockname(s1)                                        = 0, addr=127.0.0.1:E0
getpeername(s1)                                        = 0, addr=127.0.0.1:P0
getsockname(s2)                                        = 0, addr=127.0.0.1:P0
getpeername(s2)                                        = 0, addr=127.0.0.1:E0
s3 = socket(AF_INET, SOCK_STREAM, 0)                   = s3
connect(s3, 127.0.0.1:E0)                              = -1 ECONNREFUSED
s4 = socket(AF_INET, SOCK_STREAM, 0)                   = s4
listen(s4, 1)                                          = 0
getsockname(s4)                                        = 0, addr=0.0.0.0:E1
)");
}

TEST_F(LinuxKernelTest, HostsAreWhatTheirNamesSay) {
  Run(R"(
s0 = socket(AF_INET, SOCK_STREAM, 0)                   = s0
bind(s0, 0.0.0.0:P0)                                   = 0
getsockname(s0)                                        = 0, addr=0.0.0.0:P0
s1 = socket(AF_INET, SOCK_STREAM, 0)                   = s1
bind(s1, 127.0.0.2:P1)                                 = 0
getsockname(s1)                                        = 0, addr=127.0.0.2:P1
s2 = socket(AF_INET, SOCK_STREAM, 0)                   = s2
bind(s2, NOT_OURS:P2)                                  = -1 EADDRNOTAVAIL
connect(s2, NOT_OURS:P2)                               = -1 ENETUNREACH
s3 = socket(AF_INET, SOCK_STREAM, 0)                   = s3
connect(s3, UNREACHABLE:P2)                            = -1 EHOSTUNREACH
s4 = socket(AF_INET, SOCK_STREAM, 0)                   = s4
connect(s4, BLACKHOLE:P2)                              = -1 EINVAL
s5 = socket(AF_INET, SOCK_STREAM, 0)                   = s5
bind(s5, 127.0.0.1:PRIVILEGED)                         = 0
getsockname(s5)                                        = 0, addr=127.0.0.1:PRIVILEGED
)");
}

TEST_F(LinuxKernelTest, HostsThatProhibitOrStaySilentAreWhatTheirNamesSay) {
  Run(R"(
s0 = socket(AF_INET, SOCK_STREAM, 0)                   = s0
connect(s0, PROHIBITED:P2)                             = -1 EACCES
s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)     = s1
connect(s1, SILENT:P2)                                 = -1 EINPROGRESS
poll(s1, POLLOUT, 50)                                  = 0
s2 = socket(AF_INET, SOCK_DGRAM, 0)                    = s2
connect(s2, SILENT:P2)                                 = 0
getsockname(s2)                                        = 0, addr=127.0.0.1:E0
send(s2, 5, 0)                                         = 5
send(s2, 5, 0)                                         = 5
getsockopt(s2, SOL_SOCKET, SO_ERROR)                   = 0, value=0
recv(s2, 5, MSG_DONTWAIT)                              = -1 EAGAIN
)");
}

TEST_F(LinuxKernelTest, HostsOfIpv6AreWhatTheirNamesSay) {
  if (!ThisSandbox().ipv6) GTEST_SKIP() << "no IPv6 here";
  Run(R"(
s0 = socket(AF_INET6, SOCK_STREAM, 0)                  = s0
bind(s0, [::1]:P0)                                     = 0
listen(s0, 1)                                          = 0
s1 = socket(AF_INET6, SOCK_STREAM, 0)                  = s1
connect(s1, [::1]:P0)                                  = 0
s2 = accept(s0)                                        = s2, addr=[::1]:E0
getsockname(s2, addrlen=24)                            = 0, addr=[::1]:P0
getsockname(s2, addrlen=23)                            = 0, addr=AF_INET6/:P0
getsockname(s2, addrlen=2)                             = 0, addr=AF_INET6
getsockname(s2, addrlen=0)                             = 0, addrlen=28
s3 = socket(AF_INET6, SOCK_STREAM, 0)                  = s3
connect(s3, NOT_OURS6:P1)                              = -1 ENETUNREACH
s4 = socket(AF_INET6, SOCK_STREAM, 0)                  = s4
connect(s4, UNREACHABLE6:P1)                           = -1 EHOSTUNREACH
s5 = socket(AF_INET6, SOCK_STREAM, 0)                  = s5
connect(s5, BLACKHOLE6:P1)                             = -1 EINVAL
s6 = socket(AF_INET6, SOCK_STREAM, 0)                  = s6
connect(s6, PROHIBITED6:P1)                            = -1 EACCES
bind(s6, [fe80::1]:P1)                                 = -1 EINVAL
bind(s6, NOT_OURS6:P1)                                 = -1 EADDRNOTAVAIL
bind(s6, [::]:P1)                                      = 0
getsockname(s6)                                        = 0, addr=[::]:P1
s7 = socket(AF_INET6, SOCK_DGRAM, 0)                   = s7
bind(s7, [::ffff:127.0.0.2]:0)                         = 0
getsockname(s7)                                        = 0, addr=[::ffff:127.0.0.2]:E1
connect(s7, [::ffff:127.0.0.1]:E0)                     = 0
getpeername(s7)                                        = 0, addr=[::ffff:127.0.0.1]:E0
bind(s7, 127.0.0.1:P0)                                 = -1 EINVAL
)");
}

TEST_F(LinuxKernelTest, NamesOfUnixSocketsComeBack) {
  Run(R"(
s0 = socket(AF_UNIX, SOCK_STREAM, 0)                   = s0
getsockname(s0)                                        = 0, addr=UNNAMED
bind(s0, U0)                                           = 0
getsockname(s0)                                        = 0, addr=U0
getsockname(s0, addrlen=4)                             = 0, addr=UNNAMED, addrlen=5
getsockname(s0, addrlen=1)                             = 0, addrlen=5
listen(s0, 1)                                          = 0
s1 = socket(AF_UNIX, SOCK_STREAM, 0)                   = s1
bind(s1, UNNAMED)                                      = 0
connect(s1, U0)                                        = 0
s2 = accept(s0)                                        = s2, addr=@E0
getpeername(s1)                                        = 0, addr=U0
getsockname(s1)                                        = 0, addr=@E0
s3 = socket(AF_UNIX, SOCK_DGRAM, 0)                    = s3
bind(s3, @A0)                                          = 0
s4 = socket(AF_UNIX, SOCK_DGRAM, 0)                    = s4
sendto(s4, 3, 0, @A0)                                  = 3
recvfrom(s3, 5, 0)                                     = 3, addrlen=0, data=[0,3)
bind(s4, UNNAMED)                                      = 0
sendto(s4, 3, 0, @A0)                                  = 3
recvfrom(s3, 5, 0)                                     = 3, addr=@E1, data=[3,6)
sendto(s3, 0, 0, @E1)                                  = 0
recvfrom(s4, 5, 0)                                     = 0, addr=@A0
sendto(s3, 1, 0, @E2)                                  = -1 ECONNREFUSED
s5 = socket(AF_UNIX, SOCK_DGRAM, 0)                    = s5
bind(s5, U1, addrlen=3)                                = 0
getsockname(s5)                                        = 0, addr=OTHER, addrlen=4
)");
}

TEST_F(LinuxKernelTest, PathsThatLeadNowhereAreWhatTheirNamesSay) {
  const std::string home = std::filesystem::current_path();
  Run(R"(
s0 = socket(AF_UNIX, SOCK_DGRAM, 0)                    = s0
connect(s0, U0)                                        = -1 ENOENT
connect(s0, MISSING_DIR)                               = -1 ENOENT
connect(s0, NOT_A_DIR)                                 = -1 ENOTDIR
connect(s0, LINK_LOOP)                                 = -1 ELOOP
connect(s0, LONG_NAME)                                 = -1 ENAMETOOLONG
connect(s0, REGULAR)                                   = -1 ECONNREFUSED
bind(s0, MISSING_DIR)                                  = -1 ENOENT
bind(s0, NOT_A_DIR)                                    = -1 ENOTDIR
bind(s0, REGULAR)                                      = -1 EADDRINUSE
)");
  if (ThisSandbox().read_only) {
    EXPECT_EQ(Last("s0 = socket(AF_UNIX, SOCK_DGRAM, 0)\nbind(s0, READ_ONLY)").error, EROFS);
  }
  EXPECT_EQ(std::filesystem::current_path(), home);
}

TEST_F(LinuxKernelTest, NoPathOfAProgramIsThereForTheNext) {
  // Also what a length that cuts the path makes of it: "U", "missing", in which MISSING_DIR would
  // be.
  const std::string bind_all = R"(
s0 = socket(AF_UNIX, SOCK_DGRAM, 0)                    = s0
bind(s0, U0)                                           = 0
s1 = socket(AF_UNIX, SOCK_DGRAM, 0)                    = s1
bind(s1, U0, addrlen=3)                                = 0
s2 = socket(AF_UNIX, SOCK_DGRAM, 0)                    = s2
bind(s2, MISSING_DIR)                                  = -1 ENOENT
bind(s2, MISSING_DIR, addrlen=9)                       = 0
s3 = socket(AF_UNIX, SOCK_DGRAM, 0)                    = s3
bind(s3, U0)                                           = -1 EADDRINUSE
bind(s3, @A0)                                          = 0
)";
  for (int i = 0; i < 3; ++i) Run(bind_all);
  ASSERT_EQ(kernel_->ResetFresh({}).what, "");
  Go(bind_all);
}

TEST_F(LinuxKernelTest, AbstractNamesOfSocketsThatHoldEachOtherAreFreeForTheNext) {
  for (int i = 0; i < 50; ++i) {
    Run(R"(
socketpair(AF_UNIX, SOCK_STREAM, 0, [s0, s1])          = 0
s2 = socket(AF_UNIX, SOCK_DGRAM, 0)                    = s2
bind(s2, @A0)                                          = 0
sendmsg(s0, NULL, 1, 1, SCM_RIGHTS, s2, 0)             = 1
sendmsg(s0, NULL, 1, 1, SCM_RIGHTS, s0, 0)             = 1
sendmsg(s0, NULL, 1, 1, SCM_RIGHTS, s1, 0)             = 1
)");
  }
}

TEST_F(LinuxKernelTest, DescriptorsAreToldAsSlotsFromZero) {
  Reset();
  EXPECT_EQ(Say("s0 = socket(AF_INET, SOCK_STREAM, 0)").value, 0);
  EXPECT_EQ(Say("s1 = socket(AF_INET, SOCK_STREAM, 0)").value, 1);
  EXPECT_EQ(Say("s2 = dup(FILE)").value, 2);
  Go("s0 = socket(AF_INET, SOCK_STREAM, 0) = s0\nclose(s0) = 0");
}

TEST_F(LinuxKernelTest, TheLowestSlotIsGivenAndAStaleHandleMayNameIt) {
  const std::vector<Call> calls = Calls(R"(
s0 = socket(AF_INET, SOCK_STREAM, 0)
s1 = socket(AF_INET, SOCK_STREAM, 0)
close(s0)
s2 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)
fcntl(s0, F_GETFL)
)");
  Reset();
  std::vector<Reply> replies;
  for (const Call& call : calls) replies.push_back(kernel_->Run(call));
  EXPECT_EQ(replies[3].value, 0);
  EXPECT_EQ(PrintReply(calls[4], replies[4]), "O_RDWR|O_NONBLOCK");
}

TEST_F(LinuxKernelTest, HandlesWithoutADescriptorAreBad) {
  Run(R"(
close(-1)                                              = -1 EBADF
close(NEVER)                                           = -1 EBADF
s0 = socket(99, SOCK_STREAM, 0)                        = -1 EAFNOSUPPORT
close(s0)                                              = -1 EBADF
poll(NEVER, POLLIN)                                    = 1, revents=POLLNVAL
poll(-1, POLLIN)                                       = 0
)");
}

TEST_F(LinuxKernelTest, FileAndPipeAreWhatTheyAreForEveryProgram) {
  const std::string look = R"(
read(FILE, 5)                                          = 0
write(FILE, 5)                                         = -1 EBADF
recv(FILE, 5, MSG_DONTWAIT)                            = -1 ENOTSOCK
recv(PIPE, 5, MSG_DONTWAIT)                            = -1 ENOTSOCK
write(PIPE, 5)                                         = -1 EBADF
fcntl(PIPE, F_GETFL)                                   = 0
fcntl(PIPE, F_GETFD)                                   = 0
poll(PIPE, POLLIN)                                     = 0
)";
  Run(look);
  Run(R"(
s0 = dup(PIPE)                                         = s0
ioctl(s0, FIONBIO, 1)                                  = 0
fcntl(PIPE, F_GETFL)                                   = O_NONBLOCK
read(PIPE, 5)                                          = -1 EAGAIN
)");
  Run(look);
  // The text form cannot say it, and bytes might.
  for (const Descriptor fd : {kFile, kPipe}) {
    const Call close{.op = Op::kClose, .fd = fd};
    EXPECT_EQ(kernel_->Run(close).error, 0);
    EXPECT_EQ(kernel_->Run(close).error, EBADF);
  }
  EXPECT_EQ(Say("s0 = socket(AF_INET, SOCK_STREAM, 0)").value, 0);
  Reset({.nofile = 1});
  Go(look);
}

TEST_F(LinuxKernelTest, NothingIsLeftAfterReset) {
  Reset();
  const std::set<int> before = OpenDescriptors();
  Run(std::string(kConnection) + R"(
s3 = dup(s2)
s4 = dup(FILE)
s5 = fcntl(s4, F_DUPFD, 1000)
s6 = epoll_create1(0)
socketpair(AF_UNIX, SOCK_STREAM, 0, [s7, s8])
sendmsg(s7, NULL, 1, 1, SCM_RIGHTS, FILE, 0)
recvmsg(s8, 1, 1, [s9], 0)
close(s1)
)");
  EXPECT_NE(OpenDescriptors(), before);
  Reset();
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST_F(LinuxKernelTest, NothingIsLeftWhenItEnds) {
  kernel_.reset();
  const auto threads = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
  };
  const auto look = [&] {
    // A thread that has been joined is in /proc for a moment more.
    for (int i = 0; i < 1000 && threads() > 1; ++i) usleep(1000);
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    std::string all;
    for (int signal = 1; signal < 65; ++signal) all += sigismember(&mask, signal) == 1 ? '1' : '0';
    for (const int fd : OpenDescriptors()) all += " " + std::to_string(fd);
    rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    return all + " limit " + std::to_string(limit.rlim_cur) + " threads " +
           std::to_string(threads());
  };
  const std::string before = look();
  Trouble trouble;
  kernel_ = MakeLinuxKernel({}, &trouble);
  ASSERT_EQ(trouble.what, "");
  Reset({.nofile = 3});
  Go("s0 = socket(AF_INET, SOCK_STREAM, 0) = s0");
  EXPECT_NE(look(), before);
  kernel_.reset();
  EXPECT_EQ(look(), before);
}

TEST_F(LinuxKernelTest, NoTwoProgramsOfANamespaceHaveOnePort) {
  std::set<int> ports;
  ino_t last_network = 0;
  int networks = 0;
  for (int i = 0; i < 2500; ++i) {
    Run("s0 = socket(AF_INET, SOCK_STREAM, 0) = s0\nbind(s0, 127.0.0.1:P0) = 0");
    next_slot_ = 1;
    sockaddr_in address{};
    socklen_t length = sizeof address;
    ASSERT_EQ(getsockname(NumberOfSlot(0), reinterpret_cast<sockaddr*>(&address), &length), 0);
    const int port = ntohs(address.sin_port);
    struct stat network {};
    ASSERT_EQ(stat("/proc/thread-self/ns/net", &network), 0);
    if (network.st_ino != last_network) {
      last_network = network.st_ino;
      ++networks;
      ports.clear();
    }
    EXPECT_TRUE(ports.insert(port).second) << "program " << i;
    EXPECT_FALSE(ThisSandbox().ephemeral.Contains(port));
  }
  EXPECT_GE(networks, 3);
}

TEST_F(LinuxKernelTest, AFreshWorldHasNothingOfTheLast) {
  Run(kConnection);
  Run(R"(
s0 = socket(AF_INET, SOCK_STREAM, 0)                   = s0
connect(s0, 127.0.0.1:P0)                              = -1 ECONNREFUSED
connect(s0, 127.0.0.1:E0)                              = -1 ECONNREFUSED
)");
  ASSERT_EQ(kernel_->ResetFresh({}).what, "");
  Go(kConnection);
}

TEST_F(LinuxKernelTest, TheEnvironmentIsAsAsked) {
  Run(R"(
env: nofile=2 ephemeral=1
s0 = socket(AF_INET, SOCK_STREAM, 0)                   = s0
s1 = socket(AF_INET, SOCK_STREAM, 0)                   = s1
s2 = socket(AF_INET, SOCK_STREAM, 0)                   = -1 EMFILE
bind(s0, 127.0.0.1:0)                                  = 0
bind(s1, 127.0.0.1:0)                                  = -1 EADDRINUSE
getsockname(s0)                                        = 0, addr=127.0.0.1:E0
)");
  for (int i = 0; i < 500; ++i) {  // more than one namespace has narrow ranges for
    Run("env: ephemeral=64\ns0 = socket(AF_INET, SOCK_STREAM, 0)\nbind(s0, 127.0.0.1:0) = 0\n"
        "getsockname(s0) = 0, addr=127.0.0.1:E0");
  }
  Run(kConnection);
  Go("s3 = socket(AF_INET, SOCK_STREAM, 0) = s3");
}

TEST_F(LinuxKernelTest, NobodyHasNoRightsAndTheNextProgramHasThem) {
  const std::string said = R"(
s0 = socket(AF_UNIX, SOCK_DGRAM, 0)                    = s0
bind(s0, LOCKED_DIR)                                   = -1 EACCES
connect(s0, LOCKED_DIR)                                = -1 EACCES
bind(s0, U0)                                           = 0
s1 = socket(AF_INET, SOCK_STREAM, 0)                   = s1
bind(s1, 127.0.0.1:PRIVILEGED)                         = -1 EACCES
bind(s1, 127.0.0.1:P0)                                 = 0
s2 = socket(AF_INET, SOCK_DGRAM, 0)                    = s2
bind(s2, 127.0.0.1:PRIVILEGED)                         = -1 EACCES
)";
  for (const char* env : {"env: uid=nobody", "env: nofile=16 ephemeral=2 uid=nobody"}) {
    Run(env + said);
    Run(R"(
s0 = socket(AF_UNIX, SOCK_DGRAM, 0)                    = s0
bind(s0, LOCKED_DIR)                                   = 0
s1 = socket(AF_INET, SOCK_STREAM, 0)                   = s1
bind(s1, 127.0.0.1:PRIVILEGED)                         = 0
)");
  }
  ASSERT_EQ(kernel_->ResetFresh({.nobody = true}).what, "");
  Go(said);
  ASSERT_EQ(kernel_->ResetFresh({.nobody = true}).what, "");
  Go(said);
  kernel_.reset();
  EXPECT_FALSE(NeedsUserNamespace()) << "what nobody lacked is not back";
}

TEST_F(LinuxKernelTest, CallsThatWaitAreSeenToBlock) {
  Run(kConnection);
  for (const char* line :
       {"recv(s2, 5, 0)", "read(s1, 5)", "s3 = accept(s0)", "read(PIPE, 5)",
        "recv(s2, BAD_PTR, 5, 0)", "poll(s2, POLLIN, -1)", "select(s2, READ, -1)",
        "recvmsg(s2, 5, 1, NULL, 0)", "readv(s2, 5, 2)"}) {
    const Call call = Calls(std::string(kConnection) + line).back();
    const auto before = Clock::now();
    const Reply reply = kernel_->Run(call);
    EXPECT_EQ(PrintReply(call, reply), "blocks, then -1 EINTR") << line;
    EXPECT_LT(Clock::now() - before, milliseconds(500)) << line;
  }
}

TEST_F(LinuxKernelTest, AConnectHeldUpByAFullQueueBlocks) {
  Run(R"(
s0 = socket(AF_INET, SOCK_STREAM, 0)                   = s0
bind(s0, 127.0.0.1:P0)                                 = 0
listen(s0, 0)                                          = 0
s1 = socket(AF_INET, SOCK_STREAM, 0)                   = s1
connect(s1, 127.0.0.1:P0)                              = 0
s2 = socket(AF_INET, SOCK_STREAM, 0)                   = s2
connect(s2, 127.0.0.1:P0)                              = blocks, then -1 EINTR
)");
}

TEST_F(LinuxKernelTest, ASendThatStopsMidwaySaysBoth) {
  Run(std::string(kConnection) + "setsockopt(s1, SOL_SOCKET, SO_SNDBUF, 1) = 0");
  const Call send = Calls(std::string(kConnection) + "send(s1, 65536, 0)").back();
  Reply reply;
  for (int i = 0; i < 1000 && !reply.blocked; ++i) reply = kernel_->Run(send);
  EXPECT_TRUE(reply.blocked);
  EXPECT_EQ(reply.error, 0);
  EXPECT_GT(reply.value, 0);
  EXPECT_LT(reply.value, 65536);
}

TEST_F(LinuxKernelTest, ALingeringSocketDoesNotHoldUpTheNextProgram) {
  // Whichever end close_range() closes first (on Linux 6.18 the last, s2) has a full window
  // before it.
  for (const char* from : {"s1", "s2"}) {
    const std::string sender = from;
    Run(std::string(kConnection) + "setsockopt(" + sender +
        ", SOL_SOCKET, SO_LINGER, {1, 60}) = 0");
    const Call send =
        Calls(std::string(kConnection) + "send(" + sender + ", 65536, MSG_DONTWAIT)").back();
    Reply reply;
    for (int i = 0; i < 1000 && reply.error == 0; ++i) reply = kernel_->Run(send);
    EXPECT_EQ(reply.error, EAGAIN);
    const auto before = Clock::now();
    Reset();
    EXPECT_LT(Clock::now() - before, milliseconds(500));
  }
}

TEST_F(LinuxKernelTest, QuickCallsAreNeverSeenToBlock) {
  // With the processors busy, a blocking connect() may wait a while for the softirq that answers
  // it.
  std::atomic<bool> over = false;
  std::vector<std::thread> load;
  for (unsigned i = 0; i < std::thread::hardware_concurrency(); ++i) {
    load.emplace_back([&] {
      while (!over) {
      }
    });
  }
  const std::vector<Call> calls = Calls(std::string(kConnection) + R"(
send(s1, 100, 0)
recv(s2, 50, 0)
recv(s2, 4096, MSG_DONTWAIT)
shutdown(s1, SHUT_WR)
recv(s2, 4096, 0)
close(s2)
)");
  int blocked = 0;
  for (size_t made = 0; made < 10000; made += calls.size()) {
    Reset();
    for (const Call& call : calls) {
      const Reply reply = kernel_->Run(call);
      blocked += reply.blocked;
      EXPECT_EQ(reply.error, 0) << PrintCall(call) << " = " << PrintReply(call, reply);
    }
  }
  over = true;
  for (std::thread& thread : load) thread.join();
  EXPECT_EQ(blocked, 0);
}

TEST_F(LinuxKernelTest, DataIsToldByPosition) {
  Run(std::string(kConnection) + R"(
send(s1, 300, 0)                                       = 300
write(s1, 5)                                           = 5
recv(s2, 5, MSG_PEEK)                                  = 5, data=[0,5)
read(s2, 5)                                            = 5, data=[0,5)
recv(s2, 7, MSG_TRUNC)                                 = 7
recv(s2, 4096, MSG_DONTWAIT)                           = 293, data=[12,305)
recv(s2, 5, MSG_DONTWAIT)                              = -1 EAGAIN
send(s2, 3, 0)                                         = 3
s3 = dup(s2)                                           = s3
send(s3, 3, 0)                                         = 3
recv(s1, 4096, MSG_DONTWAIT)                           = 6, data=[0,6)
shutdown(s2, SHUT_WR)                                  = 0
recv(s1, 5, 0)                                         = 0
)");
}

TEST_F(LinuxKernelTest, ADatagramHasItsSendersNextBytes) {
  Run(R"(
s0 = socket(AF_INET, SOCK_DGRAM, 0)                    = s0
bind(s0, 127.0.0.1:P0)                                 = 0
s1 = socket(AF_INET, SOCK_DGRAM, 0)                    = s1
bind(s1, 127.0.0.1:P1)                                 = 0
s2 = dup(s1)                                           = s2
sendto(s1, 5, 0, 127.0.0.1:P0)                         = 5
sendto(s2, 0, 0, 127.0.0.1:P0)                         = 0
sendto(s1, 65508, 0, 127.0.0.1:P0)                     = -1 EMSGSIZE
sendto(s2, 300, 0, 127.0.0.1:P0)                       = 300
sendmsg(s1, 127.0.0.1:P0, 7, 3, 0, 0)                  = 7
recvfrom(s0, 2, MSG_TRUNC)                             = 5, addr=127.0.0.1:P1, data=[0,2)
recvfrom(s0, 2, 0)                                     = 0, addr=127.0.0.1:P1
recvmsg(s0, 100, 3, NULL, 0)                           = 100, addr=127.0.0.1:P1, data=[5,105), flags=MSG_TRUNC
recvmsg(s0, 7, 1024, NULL, 0)                          = 7, addr=127.0.0.1:P1, data=[54,61)
recvmsg(s0, NULL, 7, 1, NULL, MSG_DONTWAIT)            = -1 EAGAIN
)");
}

TEST_F(LinuxKernelTest, BytesMayLieInPieces) {
  Run(R"(
socketpair(AF_UNIX, SOCK_STREAM, 0, [s0, s1])          = 0
writev(s0, 10, 3)                                      = 10
writev(s0, 1000, 1024)                                 = 1000
writev(s0, 5, 0)                                       = 0
writev(s0, 5, 1025)                                    = -1 EINVAL
writev(s0, 5, -1)                                      = -1 EINVAL
writev(s0, BAD_PTR, 5, 2)                              = -1 EFAULT
sendmsg(s0, NULL, 5, 1025, 0, 0)                       = -1 EMSGSIZE
readv(s1, 7, 4)                                        = 7, data=[0,7)
readv(s1, NULL, 7, 4)                                  = -1 EFAULT
recvmsg(s1, 2000, 1000, NULL, 0)                       = 1003, addrlen=0, data=[7,1010)
recvmsg(s1, 5, 0, NULL, MSG_DONTWAIT)                  = -1 EAGAIN
)");
}

TEST_F(LinuxKernelTest, DescriptorsThatArePassedKeepTheirStreams) {
  Run(R"(
socketpair(AF_UNIX, SOCK_STREAM, 0, [s0, s1])          = 0
socketpair(AF_UNIX, SOCK_DGRAM, 0, [s2, s3])           = 0
send(s2, 5, 0)                                         = 5
sendmsg(s0, NULL, 1, 1, SCM_RIGHTS, s2, 0)             = 1
close(s2)                                              = 0
recvmsg(s1, 1, 1, [s4], 0)                             = 1, addrlen=0, data=[0,1), rights=s4
send(s4, 5, 0)                                         = 5
recv(s3, 9, 0)                                         = 5, data=[0,5)
recv(s3, 9, 0)                                         = 5, data=[5,10)
sendmsg(s0, NULL, 1, 1, SCM_RIGHTS, FILE, 0)           = 1
recvmsg(s1, 1, 1, [s5], 0)                             = 1, addrlen=0, data=[1,2), rights=s5
read(s5, 5)                                            = 0
sendmsg(s0, NULL, 1, 1, SCM_RIGHTS, s1, 0)             = 1
recvmsg(s1, 1, 1, NULL, 0)                             = 1, addrlen=0, data=[2,3), flags=MSG_CTRUNC
send(s0, 1, 0)                                         = 1
recvmsg(s1, 1, 1, [s6], 0)                             = 1, addrlen=0, data=[3,4)
close(s6)                                              = -1 EBADF
sendmsg(s0, NULL, 1, 1, SCM_RIGHTS, s6, 0)             = -1 EBADF
)");
}

TEST_F(LinuxKernelTest, PairsAndDuplicatesHaveTheLowestSlots) {
  Reset();
  Reply reply = Say("socketpair(AF_UNIX, SOCK_STREAM, 0, [s0, s1])");
  EXPECT_EQ(reply.value, 0);
  EXPECT_EQ(reply.slot, 1);
  const std::vector<Call> calls = Calls(R"(
socketpair(AF_UNIX, SOCK_STREAM, 0, [s0, s1])
s2 = fcntl(s0, F_DUPFD, 0)
s3 = fcntl(s0, F_DUPFD_CLOEXEC, 20)
dup2(s1, s2)
dup3(s1, s3, O_CLOEXEC)
sendmsg(s1, NULL, 1, 1, SCM_RIGHTS, s1, 0)
recvmsg(s0, 1, 1, [s5], 0)
dup2(s0, -1)
fcntl(s3, F_GETFD)
fcntl(s2, F_SETFD, FD_CLOEXEC)
s6 = epoll_create1(0)
)");
  Reset();
  std::vector<int> values;
  for (const Call& call : calls) {
    reply = kernel_->Run(call);
    values.push_back(reply.wrote & kWroteRights ? reply.slot
                     : reply.error != 0         ? -reply.error
                                                : reply.value);
  }
  EXPECT_EQ(values, (std::vector<int>{0, 2, 20, 2, 20, 1, 3, -EBADF, FD_CLOEXEC, 0, 4}));
}

TEST_F(LinuxKernelTest, WhatIsReadyIsTold) {
  Run(R"(
socketpair(AF_UNIX, SOCK_STREAM, 0, [s0, s1])          = 0
select(s0, READ|WRITE|EXCEPT)                          = 1, revents=WRITE
select(s0, READ, 10)                                   = 0
send(s1, 1, 0)                                         = 1
select(s0, READ|WRITE|EXCEPT, -1)                      = 2, revents=READ|WRITE
select(s0, 0)                                          = 0
select(-1, READ)                                       = 0
s2 = dup(s0)                                           = s2
close(s2)                                              = 0
select(s2, READ|WRITE)                                 = -1 EBADF
s3 = epoll_create1(EPOLL_CLOEXEC)                      = s3
epoll_ctl(s3, EPOLL_CTL_ADD, s1, EPOLLIN)              = 0
epoll_ctl(s3, EPOLL_CTL_ADD, s0, EPOLLIN|EPOLLOUT|EPOLLET) = 0
epoll_ctl(s3, EPOLL_CTL_ADD, FILE, EPOLLIN)            = -1 EPERM
epoll_wait(s3, 4)                                      = 1, ready=[s0 EPOLLIN|EPOLLOUT]
epoll_wait(s3, 4, 10)                                  = 0
epoll_wait(s3, 0)                                      = -1 EINVAL
epoll_wait(s3, -1)                                     = -1 EINVAL
epoll_ctl(s3, EPOLL_CTL_DEL, s0)                       = 0
epoll_ctl(s3, EPOLL_CTL_DEL, s0)                       = -1 ENOENT
poll(s3, POLLIN)                                       = 0
poll(s1, POLLIN, 10)                                   = 0
)");
}

TEST_F(LinuxKernelTest, EveryByteIsChecked) {
  Run(kConnection);
  next_slot_ = 3;
  std::string bytes(4000, 0);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = i % kPatternPeriod;
  bytes[3210] ^= 1;
  ASSERT_EQ(send(NumberOfSlot(1), bytes.data(), bytes.size(), 0), 4000);
  const auto receive = [&](int size) {
    Call call = Calls(std::string(kConnection) + "recv(s2, 1, 0)").back();
    call.size = size;
    return kernel_->Run(call).data;
  };
  EXPECT_EQ(receive(3210), (Data{.start = 0, .size = 3210}));
  EXPECT_TRUE(receive(10).garbled);
  EXPECT_EQ(receive(4096), (Data{.start = 3220 % 251, .size = 780}));
}

TEST_F(LinuxKernelTest, AddressesAreCutToTheLengthGiven) {
  Run(std::string(kConnection) + R"(
getsockname(s2, addrlen=16)                            = 0, addr=127.0.0.1:P0
getsockname(s2, addrlen=8)                             = 0, addr=127.0.0.1:P0
getsockname(s2, addrlen=4)                             = 0, addr=:P0
getsockname(s2, addrlen=0)                             = 0
getsockname(s2, addrlen=100)                           = 0, addr=127.0.0.1:P0
getsockname(s2, addrlen=-1)                            = -1 EINVAL
)");
  Call call = Calls(std::string(kConnection) + "getsockname(s2)").back();
  for (const auto& [length, size] : {std::pair{16, 16}, {8, 8}, {7, 4}, {4, 4}, {2, 2}, {1, 0}}) {
    call.length = length;
    EXPECT_EQ(kernel_->Run(call).address_size, size) << length;
  }
}

TEST_F(LinuxKernelTest, OptionsAreCutToTheLengthGiven) {
  Run(R"(
s0 = socket(AF_INET, SOCK_STREAM, 0)                   = s0
setsockopt(s0, SOL_SOCKET, SO_LINGER, {1, 5})          = 0
getsockopt(s0, SOL_SOCKET, SO_LINGER)                  = 0, value={1, 5}
getsockopt(s0, SOL_SOCKET, SO_TYPE)                    = 0, value=SOCK_STREAM
getsockopt(s0, SOL_SOCKET, SO_TYPE, len=1)             = 0, value=SOCK_STREAM, len=1
getsockopt(s0, SOL_SOCKET, SO_TYPE, len=100)           = 0, value=SOCK_STREAM
getsockopt(s0, SOL_SOCKET, SO_TYPE, len=0)             = 0, len=0
setsockopt(s0, SOL_SOCKET, SO_KEEPALIVE, 1, len=2)     = -1 EINVAL
setsockopt(s0, SOL_SOCKET, SO_KEEPALIVE, BAD_PTR)      = -1 EFAULT
ioctl(s0, FIONREAD)                                    = 0, value=0
)");
}

TEST_F(LinuxKernelTest, SigpipeIsTold) {
  Run(std::string(kConnection) + R"(
shutdown(s1, SHUT_WR)                                  = 0
send(s1, 5, 0)                                         = -1 EPIPE, signal=SIGPIPE
send(s1, 5, MSG_NOSIGNAL)                              = -1 EPIPE
write(s1, 5)                                           = -1 EPIPE, signal=SIGPIPE
)");
}

TEST_F(LinuxKernelTest, BadPointersComeBackAsErrnos) {
  Run(std::string(kConnection) + R"(
getsockname(s1, BAD_PTR)                               = -1 EFAULT
getpeername(s1, NULL)                                  = -1 EFAULT
bind(s1, BAD_PTR)                                      = -1 EFAULT
connect(s1, NULL)                                      = -1 EFAULT
send(s1, BAD_PTR, 5, 0)                                = -1 EFAULT
write(s1, NULL, 5)                                     = -1 EFAULT
send(s1, 5, 0)                                         = 5
recv(s2, BAD_PTR, 5, 0)                                = -1 EFAULT
read(s2, NULL, 5)                                      = -1 EFAULT
getsockopt(s1, SOL_SOCKET, SO_TYPE, BAD_PTR)           = -1 EFAULT
recv(s2, 5, 0)                                         = 5, data=[0,5)
)");
}

TEST_F(LinuxKernelTest, EveryCallWithEveryPointerAndLengthIsSurvived) {
  for (const Pointer pointer : {Pointer::kValid, Pointer::kNull, Pointer::kBad}) {
    for (const Pointer length_pointer : {Pointer::kValid, Pointer::kNull, Pointer::kBad}) {
      for (const int length : {0, 1, 2, 15, 16, 17, 128, 129, 1 << 30, -1, INT32_MIN}) {
        Run(kConnection);
        for (int op = 0; op < kOpCount; ++op) {
          // PIPE and FILE may come first: some of these close s1.
          for (const Descriptor fd : {kFile, Descriptor::Handle(1)}) {
            kernel_->Run({.op = static_cast<Op>(op),
                          .made = length == 16 ? uint8_t{9} : kNoHandle,
                          .fd = fd,
                          .fd2 = Descriptor::Handle(2),
                          .pointer = pointer,
                          .length_pointer = length_pointer,
                          .length = length,
                          .size = length,
                          .flags = 0x40,  // MSG_DONTWAIT
                          .level = SOL_SOCKET,
                          .option = SO_LINGER,
                          .control = length == 16 ? SCM_RIGHTS : 0,
                          .pieces = std::clamp(length, -1, kMaxPieces)});
          }
        }
      }
    }
  }
}

// Gives the socket in slot 1 the port of the one in slot 0, as the kernel's own choice may.
class CoincidenceTest : public LinuxKernelTest {
 protected:
  void GiveSlot1ThePortOfSlot0() {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    ASSERT_EQ(getsockname(NumberOfSlot(0), any, &length), 0);
    ASSERT_EQ(bind(NumberOfSlot(1), any, length), 0);
  }
  static constexpr char kTwoSockets[] = R"(
s0 = socket(AF_INET, SOCK_STREAM, 0)
s1 = socket(AF_INET, SOCK_DGRAM, 0)
bind(s0, 127.0.0.1:0)
)";
};

TEST_F(CoincidenceTest, TwoSocketsThatWereGivenOnePortAreOne) {
  Run(kTwoSockets);
  next_slot_ = 2;
  EXPECT_FALSE(kernel_->Coincidence());
  GiveSlot1ThePortOfSlot0();
  EXPECT_TRUE(kernel_->Coincidence());
}

TEST_F(CoincidenceTest, ASocketWithThePortOfOneThatIsClosedIsOne) {
  Run("s0 = socket(AF_INET, SOCK_STREAM, 0)\nbind(s0, 127.0.0.1:0)\n"
      "getsockname(s0) = 0, addr=127.0.0.1:E0\ns1 = socket(AF_INET, SOCK_DGRAM, 0)");
  next_slot_ = 2;
  GiveSlot1ThePortOfSlot0();
  EXPECT_EQ(Last("s0 = socket(AF_INET, SOCK_STREAM, 0)\nclose(s0)").error, 0);
  EXPECT_TRUE(kernel_->Coincidence());
}

TEST_F(CoincidenceTest, APortThatAnEarlierProgramHadIsOneUntilTheNamespaceIsFresh) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  const std::string look = "s0 = socket(AF_INET, SOCK_STREAM, 0)\ngetsockname(s0)";
  const auto have_it = [&] {
    Go("s0 = socket(AF_INET, SOCK_STREAM, 0)");
    next_slot_ = 1;
    ASSERT_EQ(bind(NumberOfSlot(0), any, length), 0);
    ASSERT_EQ(getsockname(NumberOfSlot(0), any, &length), 0);
    EXPECT_EQ(Last(look).port, Port::Chosen(0));
  };
  address.sin_family = AF_INET;
  Reset();
  have_it();
  EXPECT_FALSE(kernel_->Coincidence());
  Reset();
  have_it();
  EXPECT_TRUE(kernel_->Coincidence());
  ASSERT_EQ(kernel_->ResetFresh({}).what, "");
  have_it();
  EXPECT_FALSE(kernel_->Coincidence());
}

TEST_F(CoincidenceTest, WhatTheProgramAskedForIsNone) {
  Run(std::string(kTwoSockets) + R"(
getsockname(s0)                                        = 0, addr=127.0.0.1:E0
bind(s1, 127.0.0.1:E0)                                 = 0
listen(s0, 1)                                          = 0
s2 = socket(AF_INET, SOCK_STREAM, 0)                   = s2
connect(s2, 127.0.0.1:E0)                              = 0
s3 = accept(s0)                                        = s3, addr=127.0.0.1:E1
s4 = dup(s2)                                           = s4
getsockname(s4)                                        = 0, addr=127.0.0.1:E1
)");
  EXPECT_FALSE(kernel_->Coincidence());
}

TEST_F(LinuxKernelTest, DisturbedProgramsGiveTheSameReplies) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    kernel_->Disturb(seed);
    Run(std::string(kConnection) + "send(s1, 5, 0) = 5\nrecv(s2, 5, 0) = 5, data=[0,5)");
  }
}

TEST_F(LinuxKernelTest, AThreadHasOneKernel) {
  Trouble trouble;
  EXPECT_EQ(MakeLinuxKernel({}, &trouble), nullptr);
  EXPECT_EQ(trouble.what, "this thread makes calls for another kernel already");
  Run(kConnection);
}

TEST_F(LinuxKernelTest, ThreadsHaveKernelsThatDoNotMeet) {
  const std::vector<Call> calls = Calls(kConnection);
  const auto work = [&](Kernel& kernel) {
    int unlike = 0;
    for (int i = 0; i < 300; ++i) {
      if (kernel.Reset({}).any()) return -1;
      int slot = 0;
      for (const Call& call : calls) {
        const Reply reply = kernel.Run(call);
        unlike += reply.error != 0;
        if (call.made != kNoHandle) unlike += reply.value != slot++;
      }
    }
    return unlike;
  };
  std::latch made(2);
  int other_unlike = -1;
  std::thread other([&] {
    Trouble trouble;
    const std::unique_ptr<Kernel> kernel = MakeLinuxKernel({}, &trouble);
    EXPECT_EQ(trouble.what, "");
    made.arrive_and_wait();
    if (kernel != nullptr) other_unlike = work(*kernel);
  });
  made.arrive_and_wait();
  EXPECT_EQ(work(*kernel_), 0);
  other.join();
  EXPECT_EQ(other_unlike, 0);
}

}  // namespace
}  // namespace sockspec
