#include "model/program/bytes.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <sys/socket.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "model/program/arbitrary.h"
#include "model/program/call.h"
#include "model/program/program.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

RC_GTEST_PROP(Bytes, WhatIsEncodedIsDecoded, (const Program& program)) {
  RC_LOG() << PrintText(program);
  RC_ASSERT((DecodeBytes(Encode(program)) == program));
}

void MustBeAProgramThatTextCanSay(const Program& program) {
  const ParsedText parsed = ParseText(PrintText(program), "test");
  if (!parsed.ok()) RC_FAIL(parsed.problem.Message() + "\nin\n" + PrintText(program));
  RC_LOG() << PrintText(program);
  RC_ASSERT((parsed.transcript.program == program));
  Program mended = program;
  Mend(mended);
  RC_ASSERT((mended == program));
}

RC_GTEST_PROP(Bytes, AnyBytesAreAProgram, ()) {
  const auto bytes = *rc::gen::resize(400, rc::gen::arbitrary<std::vector<uint8_t>>());
  const Program program = DecodeBytes(bytes);
  MustBeAProgramThatTextCanSay(program);
  RC_ASSERT((DecodeBytes(Encode(program)) == program));
}

RC_GTEST_PROP(Bytes, DamagedBytesAreAProgram, (const Program& program)) {
  std::vector<uint8_t> bytes = Encode(program);
  for (int i = 0; i < 4; ++i) {
    const auto at = *rc::gen::inRange<size_t>(0, bytes.size());
    bytes[at] = *rc::gen::arbitrary<uint8_t>();
  }
  bytes.resize(*rc::gen::inRange<size_t>(0, bytes.size() + 1));
  MustBeAProgramThatTextCanSay(DecodeBytes(bytes));
}

Program MustParse(std::string_view text) {
  ParsedText parsed = ParseText(text, "test");
  EXPECT_TRUE(parsed.ok()) << parsed.problem.Message() << "\nin\n" << text;
  return parsed.transcript.program;
}

// What corpora hold. A change of these bytes needs a new version.
TEST(Bytes, VersionTwoIsWrittenLikeThis) {
  const Program program = MustParse(
      "env: nofile=16 ephemeral=2 uid=nobody\n"
      "s0 = socket(AF_INET6, SOCK_DGRAM, 0)\n"
      "bind(s0, [::1]:P1)\n"
      "connect(s0, U3)\n"
      "connect(s0, AF_INET/@E0, addrlen=111)\n"
      "s1 = accept(s0)\n"
      "s2 = accept(s0, NULL)\n"
      "getsockname(s0, BAD_PTR)\n"
      "getsockname(s0, addrlen=16)\n"
      "s3 = fcntl(s0, F_DUPFD, 0)\n"
      "poll(s0, POLLIN, -1)\n"
      "socketpair(AF_UNIX, SOCK_STREAM, 0, [s4, s5])\n"
      "sendto(s0, 5, 0, NULL)\n"
      "recvfrom(s0, BAD_PTR, 5, 0)\n"
      "sendmsg(s0, NULL, 5, 1, SCM_RIGHTS, s4, 0)\n"
      "recvmsg(s0, NULL, 5, 1, [s6], 0)\n"
      "recvmsg(s0, 5, 2, NULL, 0)\n"
      "dup2(s0, s4)\n"
      "epoll_ctl(s0, EPOLL_CTL_DEL, s4)\n");
  const std::vector<uint8_t> bytes = {
      2,  16, 0x82,                            //
      0,  0,  1,    2,  0,                     // socket
      1,  0,  0,    12, 2,                     // bind
      3,  0,  0,    30, 4,                     // connect
      3,  0,  0xf0, 19, 0,    0,   30,  32,    // connect
      4,  1,  0,    0,                         // accept
      4,  2,  0,    0xc5,                      // accept
      9,  0,  0xc2,                            // getsockname
      9,  0,  0xd0, 0,                         // getsockname
      17, 0,  4,    0,  3,                     // fcntl
      19, 0,  1,    1,                         // poll
      20, 0,  0,    0,  4,    5,               // socketpair
      21, 0,  0,    1,  1,    0xc1,            // sendto
      22, 0,  0xc2, 1,  1,    0,               // recvfrom
      23, 0,  0xc1, 0,  1,    0,   1,   4,  1, // sendmsg
      24, 0,  0xc1, 0,  1,    0,   6,   1,     // recvmsg
      24, 0,  0,    0,  1,    1,   255, 1,     // recvmsg
      27, 0,  4,                               // dup2
      31, 0,  2,    4,                         // epoll_ctl
  };
  EXPECT_EQ(Encode(program), bytes);
  EXPECT_EQ(DecodeBytes(bytes), program);
}

TEST(Bytes, VersionOneStaysReadable) {
  const Program program = MustParse(
      "env: nofile=16 ephemeral=2\n"
      "s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
      "bind(s0, 127.0.0.1:P1)\n"
      "bind(-1, AF_UNSPEC/0.0.0.0:0/DIRTY, addrlen=77)\n"
      "listen(s0, 1000)\n"
      "getsockname(s0, NULL)\n"
      "t1: s2 = accept(s0) <unfinished ...>\n"
      "t1: <... accept resumed>\n"
      "setsockopt(s0, SOL_SOCKET, SO_LINGER, {1, 0})\n"
      "recv(s0, BAD_PTR, 5, MSG_DONTWAIT)\n");
  const std::vector<uint8_t> bytes = {
      1,   16,  2,                                      //
      0,   0,   0,    0,    0,                          // socket
      1,   0,   0,    1,    2,                          // bind
      1,   200, 0xf0, 255,  77,   0, 0, 0, 1, 1, 0, 0,  // bind
      2,   0,   255,  0xe8, 0x03, 0, 0,                 // listen
      9,   0,   0xc5,                                   // getsockname
      255, 9,   4,    2,    0,    0,                    // accept, its first half
      255, 17,  4,                                      // and its second one
      12,  0,   0,    7,    0,    0, 0,                 // setsockopt
      14,  0,   0xc2, 1,    0,                          // recv
  };
  EXPECT_EQ(DecodeBytes(bytes), program);
}

// What version 1 did not have, and what it counted otherwise: its bytes mean what they meant.
TEST(Bytes, VersionOneKnowsWhatItKnew) {
  const auto read = [](std::vector<uint8_t> bytes) {
    bytes.insert(bytes.begin(), {1, 0, 0});
    return PrintText(DecodeBytes(bytes));
  };
  EXPECT_EQ(read({20, 0, 0, 0, 0}), "s0 = socket(AF_INET, SOCK_STREAM, 0)\n");  // 20 calls
  EXPECT_EQ(read({0, 0, 3, 9, 0}), "s0 = socket(AF_INET, SOCK_STREAM, 0)\n");   // 3 domains, 9 types
  EXPECT_EQ(read({0, 0, 1, 4, 0}), "s0 = socket(AF_UNSPEC, SOCK_SEQPACKET, 0)\n");
  EXPECT_EQ(read({1, 200, 0, 8, 1}), "bind(-1, 0.0.0.0:P0)\n");             // 8 hosts
  EXPECT_EQ(read({1, 200, 0xd0, 14, 1, 1}), "bind(-1, 127.0.0.1:P0)\n");    // 14 lengths
  EXPECT_EQ(read({13, 200, 0, 6, 0}), "send(-1, 1, MSG_DONTWAIT)\n");       // 6 sizes
  EXPECT_EQ(read({17, 200, 3}), "fcntl(-1, F_GETFL)\n");                    // 3 commands
  EXPECT_EQ(read({17, 200, 255, 0, 0, 0, 0}), "fcntl(-1, F_GETFL)\n");      // and no F_DUPFD
  EXPECT_EQ(read({19, 200, 1, 6, 200}), "poll(-1, POLLIN)\nclose(-1)\n");  // no timeout
  EXPECT_EQ(read({255, 17, 17}), "t1: fcntl(-1, F_GETFL)\n");  // half a call
  // The usual room for an address was 16 bytes: that of any address, where an IPv4 one comes.
  EXPECT_EQ(read({9, 200, 0}), "getsockname(-1)\n");
  EXPECT_EQ(read({9, 200, 0xc1}), "getsockname(-1, NULL, addrlen=16)\n");
  EXPECT_EQ(read({9, 200, 0xc2}), "getsockname(-1, BAD_PTR)\n");
  EXPECT_EQ(read({9, 200, 0xd0, 2}), "getsockname(-1, addrlen=4)\n");
  EXPECT_EQ(DecodeBytes(std::vector<uint8_t>{1, 0, 0x82}).env, Environment{});  // no uid
}

TEST(Bytes, AnUnknownVersionIsReadAsTheNewest) {
  std::vector<uint8_t> bytes = Encode(MustParse("close(-1)\n"));
  bytes[0] = 99;
  EXPECT_EQ(DecodeBytes(bytes), MustParse("close(-1)\n"));
}

TEST(Bytes, HalfACallAtTheEndIsDropped) {
  std::vector<uint8_t> bytes = Encode(MustParse("close(-1)\nlisten(-1, 1)\n"));
  bytes.pop_back();
  EXPECT_EQ(DecodeBytes(bytes), MustParse("close(-1)\n"));
  EXPECT_EQ(DecodeBytes({}), Program{});
}

TEST(Bytes, NoMoreCallsAreReadThanAProgramHas) {
  std::vector<uint8_t> bytes = {kBytesVersion, 0, 0};
  for (int i = 0; i < 2 * kMaxCalls; ++i) bytes.insert(bytes.end(), {6, 200});
  EXPECT_EQ(DecodeBytes(bytes).calls.size(), static_cast<size_t>(kMaxCalls));
}

// ---- Mend
// ----------------------------------------------------------------------------------------

RC_GTEST_PROP(Mend, LeavesAloneWhatTextCanSay, (const Program& program)) {
  Program mended = program;
  Mend(mended);
  RC_ASSERT((mended == program));
}

TEST(Mend, GivesMakersHandlesOfTheirOwn) {
  Call make{.op = Op::kDup, .fd = kMinusOne};
  Program program;
  make.made = 5;
  program.calls = {make, make, make};
  program.calls[1].made = 5;
  program.calls[2].made = kNoHandle;
  Mend(program);
  EXPECT_EQ(PrintText(program), "s5 = dup(-1)\ns0 = dup(-1)\ns1 = dup(-1)\n");
}

TEST(Mend, MakesAHandleThatIsNotThereMinusOne) {
  Program program = MustParse("s0 = dup(-1)\nclose(s0)\n");
  program.calls.erase(program.calls.begin());
  Mend(program);
  EXPECT_EQ(PrintText(program), "close(-1)\n");
}

TEST(Mend, TakesOutMakersForWhichNoHandleIsLeft) {
  Program program;
  program.calls.assign(kMaxHandles + 3, Call{.op = Op::kDup, .fd = kMinusOne});
  Mend(program);
  EXPECT_EQ(program.calls.size(), static_cast<size_t>(kMaxHandles));
}

TEST(Mend, GivesPairsTwoHandlesOrTakesThemOut) {
  Program program;
  program.calls.assign(kMaxHandles - 1, Call{.op = Op::kDup, .fd = kMinusOne});
  program.calls.push_back(Call{.op = Op::kSocketpair, .made = 3, .made2 = 3});
  program.calls.push_back(Call{.op = Op::kRecvmsg, .made = 3, .fd = kMinusOne});
  program.calls.push_back(Call{.op = Op::kRecvmsg, .made = 3, .fd = kMinusOne});
  Mend(program);
  ASSERT_EQ(program.calls.size(), static_cast<size_t>(kMaxHandles + 1));
  EXPECT_EQ(program.calls[kMaxHandles - 1].made, kMaxHandles - 1);
  EXPECT_EQ(program.calls[kMaxHandles].op, Op::kRecvmsg);
  EXPECT_EQ(program.calls[kMaxHandles].made, kNoHandle);

  program.calls = {Call{.op = Op::kSocketpair, .made = 3, .made2 = 3, .domain = AF_UNIX, .type = SOCK_STREAM}};
  Mend(program);
  EXPECT_EQ(PrintText(program), "socketpair(AF_UNIX, SOCK_STREAM, 0, [s3, s0])\n");
}

TEST(Mend, NamesADuplicateOfFcntlAndNothingElseOfIt) {
  Program program;
  program.calls = {Call{.op = Op::kFcntl, .made = 4, .fd = kMinusOne, .command = F_DUPFD},
                   Call{.op = Op::kFcntl, .made = 5, .fd = kMinusOne, .command = F_GETFD}};
  Mend(program);
  EXPECT_EQ(PrintText(program), "s4 = fcntl(-1, F_DUPFD, 0)\nfcntl(-1, F_GETFD)\n");
}

TEST(Mend, LeavesNoPortToANameAndNoNameToAHost) {
  Call call{.op = Op::kConnect,
            .fd = kMinusOne,
            .address = {.family = AF_UNIX,
                        .host = Host::kUnix,
                        .port = Port::Program(3),
                        .dirty_tail = true,
                        .name = UnixName::Path(2)},
            .length = 5};
  Mend(call);
  EXPECT_EQ(PrintCall(call), "connect(-1, U2)");
  EXPECT_EQ(call.address.port, kPortZero);
  EXPECT_FALSE(call.address.dirty_tail);
  call.address.host = Host::kLoopback6;
  Mend(call);
  EXPECT_EQ(call.address.name, kUnnamed);
}

TEST(Mend, KeepsTheHarnesssOwnFromBeingATarget) {
  Program program;
  program.calls = {Call{.op = Op::kDup2, .fd = kFile, .fd2 = kNeverOpen},
                   Call{.op = Op::kDup2, .fd = kFile, .fd2 = kPipe},
                   Call{.op = Op::kDup2, .fd = kFile, .fd2 = Descriptor::Handle(4)}};
  Mend(program);
  EXPECT_EQ(PrintText(program), "dup2(FILE, -1)\ndup2(FILE, -1)\ndup2(FILE, -1)\n");
}

TEST(Mend, PutsNumbersIntoTheirRange) {
  Program program;
  program.env = {.nofile = 1000, .ephemeral = -1};
  program.calls = {
      Call{.op = Op::kRead, .fd = kMinusOne, .size = 1 << 20},
      Call{.op = Op::kPoll, .fd = kMinusOne, .flags = -1},
      Call{.op = Op::kFcntl, .fd = kMinusOne, .command = 12345},
      Call{.op = Op::kClose, .fd = kFile},
      Call{.op = Op::kClose, .fd = {.code = 99}},
  };
  Mend(program);
  EXPECT_EQ(PrintText(program),
            "env: nofile=32\n"
            "read(-1, 65536)\n"
            "poll(-1, 0)\n"
            "fcntl(-1, F_GETFL)\n"
            "close(-1)\n"
            "close(-1)\n");
}

TEST(Mend, ClearsWhatACallDoesNotUse) {
  Call call{.op = Op::kConnect,
            .fd = kMinusOne,
            .pointer = Pointer::kNull,
            .address = {.host = Host::kLoopback, .port = Port::Program(3)},
            .length = kExactLength,
            .size = 7,
            .flags = 9,
            .control = 1,
            .pieces = 7,
            .timeout = 5};
  call.made2 = 3;
  call.fd2 = kFile;
  call.buffer = Pointer::kBad;
  Mend(call);
  EXPECT_EQ(
      call,
      (Call{
          .op = Op::kConnect, .fd = kMinusOne, .pointer = Pointer::kNull, .length = kExactLength}));
}

TEST(Mend, JoinsHalvesThatHaveLostTheOtherOne) {
  Program program = MustParse(
      "t1: close(-1) <unfinished ...>\n"
      "listen(-1, 1)\n"
      "t1: <... close resumed>\n");
  Program without_first = program;
  without_first.calls.erase(without_first.calls.begin());
  Mend(without_first);
  EXPECT_EQ(PrintText(without_first), "listen(-1, 1)\nt1: close(-1)\n");
  Program twice = program;
  twice.calls[2].part = Part::kWhole;
  Mend(twice);
  EXPECT_EQ(PrintText(twice), "t1: close(-1)\nlisten(-1, 1)\nt1: close(-1)\n");
}

// ---- Renumber
// ------------------------------------------------------------------------------------

TEST(Renumber, NamesHandlesAndPortsInTheOrderOfAppearance) {
  Program program = MustParse(
      "s7 = socket(AF_INET, SOCK_STREAM, 0)\n"
      "s2 = socket(AF_INET, SOCK_STREAM, 0)\n"
      "bind(s2, 127.0.0.1:P5)\n"
      "connect(s7, 127.0.0.1:P0)\n"
      "connect(s7, 127.0.0.1:E3)\n"
      "s0 = accept(s2)\n"
      "bind(s0, 0.0.0.0:P5)\n");
  Renumber(program);
  EXPECT_EQ(PrintText(program),
            "s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
            "s1 = socket(AF_INET, SOCK_STREAM, 0)\n"
            "bind(s1, 127.0.0.1:P0)\n"
            "connect(s0, 127.0.0.1:P1)\n"
            "connect(s0, 127.0.0.1:E3)\n"
            "s2 = accept(s1)\n"
            "bind(s2, 0.0.0.0:P0)\n");
}

TEST(Renumber, NamesPairsAndUnixNamesToo) {
  Program program = MustParse(
      "socketpair(AF_UNIX, SOCK_STREAM, 0, [s7, s2])\n"
      "bind(s2, U5)\n"
      "bind(s7, @A3)\n"
      "connect(s7, @E1)\n"
      "connect(s7, U0)\n"
      "sendmsg(s2, U5, 1, 1, SCM_RIGHTS, s7, 0)\n");
  Renumber(program);
  EXPECT_EQ(PrintText(program),
            "socketpair(AF_UNIX, SOCK_STREAM, 0, [s0, s1])\n"
            "bind(s1, U0)\n"
            "bind(s0, @A0)\n"
            "connect(s0, @E1)\n"
            "connect(s0, U1)\n"
            "sendmsg(s1, U0, 1, 1, SCM_RIGHTS, s0, 0)\n");
}

RC_GTEST_PROP(Renumber, OnceIsEnoughAndTheProgramStaysSayable, (const Program& program)) {
  Program once = program;
  Renumber(once);
  Program mended = once;
  Mend(mended);
  RC_ASSERT((mended == once));
  Program twice = once;
  Renumber(twice);
  RC_ASSERT((twice == once));
  RC_ASSERT(once.calls.size() == program.calls.size());
}

}  // namespace
}  // namespace sockspec
