#include "sut/lwip.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <iostream>
#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "model/program/text.h"
#include "sut/needs_lwip.h"

namespace sockspec {
namespace {

// GoogleTest runs it first: a library that was loaded stays.
TEST(LwipLibraryDeathTest, OneThatIsNotThereIsToldWithTheCommandThatInstallsIt) {
  EXPECT_EXIT(
      {
        Trouble trouble;
        const auto kernel = MakeLwipKernel({.library = "/nowhere/liblwip.so"}, &trouble);
        std::cerr << trouble.what;
        exit(kernel == nullptr ? 3 : 0);
      },
      testing::ExitedWithCode(3), "/nowhere/liblwip.so: .*\nlwIP comes with: apt-get install liblwip-dev");
}

class LwipKernelTest : public NeedsLwip {
 protected:
  // Runs the program on from where the last one ended; each line's reply must be the one written.
  void Go(const std::string& text) {
    const ParsedText parsed = ParseText(text, "test");
    ASSERT_TRUE(parsed.ok()) << parsed.problem.Message();
    const Transcript& transcript = parsed.transcript;
    for (size_t i = 0; i < transcript.program.calls.size(); ++i) {
      const Call& call = transcript.program.calls[i];
      const Reply reply = kernel_->Run(call);
      if (!transcript.said[i].reply.has_value()) continue;
      EXPECT_EQ(PrintReply(call, reply), PrintReply(call, *transcript.said[i].reply)) << PrintCall(call);
    }
  }

  std::string Lacks(const std::string& call) {
    const ParsedText parsed = ParseText(call, "test");
    EXPECT_TRUE(parsed.ok()) << parsed.problem.Message();
    return std::string(kernel_->Lacks(parsed.transcript.program.calls.back()));
  }
};

TEST_F(LwipKernelTest, ItSaysWhatItIs) {
  EXPECT_EQ(kernel_->family(), "lwip");
  EXPECT_TRUE(kernel_->release().starts_with("lwIP 2.")) << kernel_->release();
}

TEST_F(LwipKernelTest, ThereIsOneInAProcess) {
  Trouble trouble;
  EXPECT_EQ(MakeLwipKernel({}, &trouble), nullptr);
  EXPECT_EQ(trouble.what, "a process has one lwIP at a time");
}

TEST_F(LwipKernelTest, AConnectionCarriesBytesBothWays) {
  Go("s0 = socket(AF_INET, SOCK_STREAM, 0)            = s0\n"
     "bind(s0, 127.0.0.1:P0)                          = 0\n"
     "listen(s0, 1)                                   = 0\n"
     "s1 = socket(AF_INET, SOCK_STREAM, 0)            = s1\n"
     "connect(s1, 127.0.0.1:P0)                       = 0\n"
     "s2 = accept(s0)                                 = s2, addr=127.0.0.1:E0\n"
     "send(s1, 5, 0)                                  = 5\n"
     "send(s1, 5, 0)                                  = 5\n"
     "recv(s2, 100, MSG_DONTWAIT)                     = 10, data=[0,10)\n"
     "send(s2, 3, 0)                                  = 3\n"
     "recv(s1, 100, MSG_DONTWAIT)                     = 3, data=[0,3)\n"
     "getsockname(s2)                                 = 0, addr=127.0.0.1:P0\n"
     "getpeername(s2)                                 = 0, addr=127.0.0.1:E0\n");
}

TEST_F(LwipKernelTest, NothingIsUnderWayBetweenCalls) {
  // A nonblocking connect() has gone all the way by the next call, and what Nagle's algorithm held back has come.
  std::string sends;
  for (int i = 0; i < 20; ++i) sends += "send(s1, 1, 0) = 1\n";
  Go("s0 = socket(AF_INET6, SOCK_STREAM|SOCK_NONBLOCK, 0) = s0\n"
     "bind(s0, [::1]:P0)                              = 0\n"
     "listen(s0, 1)                                   = 0\n"
     "s1 = socket(AF_INET6, SOCK_STREAM|SOCK_NONBLOCK, 0) = s1\n"
     "connect(s1, [::1]:P0)                           = -1 EINPROGRESS\n"
     "s2 = accept4(s0, SOCK_NONBLOCK)                 = s2, addr=[::1]:E0\n" +
     sends +
     "recv(s2, 100, 0)                                = 20, data=[0,20)\n"
     "recv(s2, 100, 0)                                = -1 EAGAIN\n");
}

TEST_F(LwipKernelTest, CallsThatWaitAreInterrupted) {
  Go("s0 = socket(AF_INET, SOCK_STREAM, 0)            = s0\n"
     "bind(s0, 127.0.0.1:P0)                          = 0\n"
     "listen(s0, 1)                                   = 0\n"
     "s1 = accept(s0)                                 = blocks, then -1 EINTR\n"
     "poll(s0, POLLIN, -1)                            = blocks, then -1 EINTR\n");
  ASSERT_EQ(kernel_->Reset({}).what, "");
  Go("s0 = socket(AF_INET, SOCK_DGRAM, 0)\n"
     "recv(s0, 1, 0)                                  = blocks, then -1 EINTR\n"
     "recv(s0, 1, MSG_DONTWAIT)                       = -1 EAGAIN\n"
     "setsockopt(s0, SOL_SOCKET, SO_RCVTIMEO, {0, 2000}) = 0\n"
     "recv(s0, 1, 0)                                  = -1 EAGAIN\n"
     "getsockopt(s0, SOL_SOCKET, SO_RCVTIMEO)         = 0, value={0, 2000}\n");
}

TEST_F(LwipKernelTest, ASendThatFindsNoRoomTellsWhatHadGone) {
  Go("s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
     "bind(s0, 127.0.0.1:P0)                          = 0\n"
     "listen(s0, 1)                                   = 0\n"
     "s1 = socket(AF_INET, SOCK_STREAM, 0)\n"
     "connect(s1, 127.0.0.1:P0)                       = 0\n"
     "s2 = accept(s0)                                 = s2, addr=127.0.0.1:E0\n"
     "send(s1, 65536, 0)                              = 65536\n");
  const Call call{.op = Op::kSend, .fd = Descriptor::Handle(1), .size = 65536};
  Reply reply = kernel_->Run(call);
  EXPECT_TRUE(reply.blocked);
  EXPECT_GT(reply.value, 0);
  EXPECT_LT(reply.value, 65536);
  reply = kernel_->Run(call);
  EXPECT_TRUE(reply.blocked);
  EXPECT_EQ(reply.error, EINTR);
  // The minute that it was given is the harness's, and is gone again.
  reply = kernel_->Run({.op = Op::kGetsockopt, .fd = Descriptor::Handle(1), .length = 16, .level = SOL_SOCKET, .option = SO_SNDTIMEO});
  EXPECT_EQ(reply.option, 0);
  EXPECT_EQ(reply.seconds, 0);
}

TEST_F(LwipKernelTest, AConnectToItselfWaitsAndGoesOnWithoutUs) {
  Go("s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
     "bind(s0, 127.0.0.1:P0)                          = 0\n"
     "connect(s0, 127.0.0.1:P0)                       = blocks, then -1 EINTR\n"
     "connect(s0, 127.0.0.1:P0)                       = -1 EALREADY\n"
     "close(s0)                                       = 0\n");
}

TEST_F(LwipKernelTest, ACallThatFailsWithoutAnErrnoSaysSo) {
  Go("s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
     "close(s0)                                       = 0\n"
     "poll(s0, POLLIN)                                = -1 errno 42\n");
}

TEST_F(LwipKernelTest, AResetLeavesNothing) {
  for (int i = 0; i < 300; ++i) {
    ASSERT_EQ(kernel_->Reset({}).what, "");
    Go("s0 = socket(AF_INET, SOCK_STREAM, 0)          = s0\n"
       "bind(s0, 127.0.0.1:P0)                        = 0\n"
       "listen(s0, 1)                                 = 0\n"
       "s1 = socket(AF_INET, SOCK_STREAM, 0)          = s1\n"
       "connect(s1, 127.0.0.1:P0)                     = 0\n"
       "s2 = accept(s0)                               = s2, addr=127.0.0.1:E0\n"
       "send(s1, 5000, 0)                             = 5000\n"
       "shutdown(s2, SHUT_WR)                         = 0\n"
       "s3 = socket(AF_INET6, SOCK_DGRAM, 0)          = s3\n"
       "bind(s3, [::]:P1)                             = 0\n");
  }
}

// TCP and UDP go through the ports on their own: every so often both are at the same one.
TEST_F(LwipKernelTest, TwoSocketsThatWereGivenOnePortAreACoincidence) {
  bool together = false;
  for (int i = 0; i < 0x4001 && !together; ++i) {
    ASSERT_EQ(kernel_->Reset({}).what, "");
    // Every time one of the two gets ahead by one.
    Go("s0 = socket(AF_INET, SOCK_DGRAM, 0)           = s0\n"
       "bind(s0, 127.0.0.1:0)                         = 0\n"
       "close(s0)                                     = 0\n"
       "s1 = socket(AF_INET, SOCK_DGRAM, 0)           = s1\n"
       "bind(s1, 127.0.0.1:0)                         = 0\n"
       "s2 = socket(AF_INET, SOCK_STREAM, 0)          = s2\n"
       "bind(s2, 127.0.0.1:0)                         = 0\n");
    together = kernel_->Coincidence();
    const auto port_of = [this](int handle) {
      return kernel_->Run({.op = Op::kGetsockname, .fd = Descriptor::Handle(handle), .length = kStorageLength}).port;
    };
    const Port datagrams = port_of(1), stream = port_of(2);
    EXPECT_EQ(together, datagrams == stream);
  }
  EXPECT_TRUE(together);
}

// It is mended around the call alone.
TEST_F(LwipKernelTest, SoLingerOfAListenerOutlivesAShutdown) {
  Go("s0 = socket(AF_INET, SOCK_STREAM, 0)             = s0\n"
     "listen(s0, 1)                                    = 0\n"
     "setsockopt(s0, SOL_SOCKET, SO_LINGER, {1, 0})    = 0\n"
     "shutdown(s0, SHUT_WR)                            = -1 ENOTCONN\n"
     "getsockopt(s0, SOL_SOCKET, SO_LINGER)            = 0, value={1, 0}\n");
}

TEST_F(LwipKernelTest, ACallThatItDoesNotHaveIsNotMade) {
  Go("s0 = socket(AF_INET, SOCK_DGRAM, 0)             = s0\n"
     "recv(s0, BAD_PTR, 1, MSG_DONTWAIT)              = -1 ENOSYS\n"
     "s1 = dup(s0)                                    = -1 ENOSYS\n"
     "s2 = socket(AF_INET, SOCK_DGRAM, 0)             = s2\n");
}

TEST_F(LwipKernelTest, WhatItDoesNotHaveItSays) {
  const struct {
    const char* program;
    const char* lacks;
  } kCases[] = {
      {"s0 = socket(AF_UNIX, SOCK_STREAM, 0)", "AF_UNIX"},
      {"socketpair(AF_UNIX, SOCK_STREAM, 0, [s0, s1])", "socketpair()"},
      {"s0 = dup(-1)", "dup()"},
      {"s0 = epoll_create1(0)", "epoll"},
      {"select(-1, READ)", "select()"},
      {"recv(FILE, 1, 0)", "descriptors of files"},
      {"recv(-1, 1, MSG_OOB)", "MSG_OOB"},
      {"recv(-1, 1, MSG_PEEK)", ""},
      {"recv(-1, BAD_PTR, 1, 0)", "pointers to nowhere"},
      {"setsockopt(-1, SOL_SOCKET, SO_REUSEPORT, 1)", "SO_REUSEPORT"},
      {"setsockopt(-1, SOL_SOCKET, SO_REUSEADDR, 1)", ""},
      {"getsockopt(-1, SOL_SOCKET, 9999)", ""},
      {"connect(-1, SILENT:P0)", "hosts that do not answer"},
      {"connect(-1, 127.0.0.1:P0)", ""},
      {"connect(-1, AF_INET/[::1]:P0)", "the wildcard as a destination"},
      {"connect(-1, AF_INET6/127.0.0.1:P0/DIRTY)", "an IPv6 interface beside the loopback"},
      {"bind(-1, AF_INET6/127.0.0.1:P0/DIRTY)", ""},
      {"poll(-1, POLLIN|0x40)", "POLLRDNORM and others"},
      {"getsockopt(-1, IPPROTO_TCP, 255)", "options that only lwIP has"},
      {"t1: recv(-1, 1, 0) <unfinished ...>\nt1: <... recv resumed>", "calls in other threads"},
  };
  for (const auto& [program, lacks] : kCases) EXPECT_EQ(Lacks(program), lacks) << program;
  EXPECT_EQ(kernel_->Lacks(Environment{.nofile = 5}), "env: nofile=");
  EXPECT_EQ(kernel_->Lacks(Environment{}), "");
}

}  // namespace
}  // namespace sockspec
