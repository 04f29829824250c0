#include "model/program/bytes.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

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
TEST(Bytes, VersionOneIsWrittenLikeThis) {
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
  EXPECT_EQ(Encode(program), bytes);
  EXPECT_EQ(DecodeBytes(bytes), program);
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
            .flags = 9};
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
