#include "model/program/text.h"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <sys/socket.h>

#include <string>
#include <string_view>
#include <vector>

#include "model/program/arbitrary.h"
#include "model/program/bytes.h"
#include "model/program/call.h"
#include "model/program/declarations.h"
#include "model/program/program.h"
#include "model/program/reply.h"

namespace sockspec {
namespace {

Transcript MustParse(std::string_view text) {
  ParsedText parsed = ParseText(text, "test");
  EXPECT_TRUE(parsed.ok()) << parsed.problem.Message() << "\nin\n" << text;
  return parsed.transcript;
}

// ---- What is printed is read back ----------------------------------------------------------------

RC_GTEST_PROP(Text, WhatIsPrintedReadsBack, (const Transcript& transcript)) {
  const std::string text = PrintText(transcript);
  const ParsedText parsed = ParseText(text, "test");
  if (!parsed.ok()) RC_FAIL(parsed.problem.Message() + "\nin\n" + text);
  RC_LOG() << text;
  RC_ASSERT(parsed.transcript.comments == transcript.comments);
  RC_ASSERT(parsed.transcript.program.env == transcript.program.env);
  RC_ASSERT((parsed.transcript.program == transcript.program));
  RC_ASSERT(parsed.transcript.said.size() == transcript.said.size());
  for (size_t i = 0; i < transcript.said.size(); ++i) {
    RC_ASSERT(parsed.transcript.said[i].clause == transcript.said[i].clause);
    RC_ASSERT((parsed.transcript.said[i].reply == transcript.said[i].reply));
  }
  RC_ASSERT(PrintText(parsed.transcript) == text);
}

RC_GTEST_PROP(Text, AnyBytesAreAProgramOrAProblemWithALineAndAColumn, (const std::string& text)) {
  const ParsedText parsed = ParseText(text, "test");
  if (parsed.ok()) return;
  RC_ASSERT(parsed.problem.line >= 1);
  RC_ASSERT(parsed.problem.column >= 1);
  RC_ASSERT(!parsed.problem.what.empty());
  RC_ASSERT(!parsed.problem.expected.empty());
}

// A text that is nearly right goes further into the parser than random bytes do.
RC_GTEST_PROP(Text, ADamagedProgramIsAProgramOrAProblemInIt, (const Transcript& transcript)) {
  std::string text = PrintText(transcript);
  RC_PRE(!text.empty());
  const size_t at = *rc::gen::inRange<size_t>(0, text.size());
  const std::string_view noise = " \n\t=,()|/:#@-0x9sPE_A.<>{[";
  switch (*rc::gen::inRange(0, 3)) {
    case 0:
      text.erase(at, 1);
      break;
    case 1:
      text.insert(at, 1, *rc::gen::elementOf(std::string(noise)));
      break;
    case 2:
      text[at] = *rc::gen::arbitrary<char>();
      break;
  }
  const ParsedText parsed = ParseText(text, "test");
  if (parsed.ok()) {
    RC_ASSERT((ParseText(PrintText(parsed.transcript), "").transcript.program ==
               parsed.transcript.program));
    return;
  }
  std::vector<std::string_view> lines;
  for (std::string_view rest = text;;) {
    const size_t end = rest.find('\n');
    lines.push_back(rest.substr(0, end));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  RC_ASSERT(static_cast<size_t>(parsed.problem.line) <= lines.size());
  const std::string_view line = lines[static_cast<size_t>(parsed.problem.line) - 1];
  RC_ASSERT(static_cast<size_t>(parsed.problem.column) <= line.size() + 1);
}

// ---- The forms -----------------------------------------------------------------------------------

// Every line is canonical: it is printed as it was read.
constexpr std::string_view kCanonical[] = {
    "bind(s0, 127.0.0.1:P0)",
    "bind(s0, 0.0.0.0:0)",
    "bind(s0, AF_UNSPEC)",
    "bind(s0, AF_UNSPEC/127.0.0.1:P0)",
    "bind(s0, AF_INET6/255.255.255.255:PRIVILEGED/DIRTY)",
    "bind(s0, 99/224.0.0.1:E23)",
    "bind(s0, -1/NOT_OURS:P7)",
    "bind(s0, UNREACHABLE:P1, addrlen=8)",
    "bind(s0, BLACKHOLE:P1/DIRTY, addrlen=-2147483648)",
    "bind(s0, NULL)",
    "bind(s0, BAD_PTR, addrlen=0)",
    "connect(-1, 127.0.0.2:P0)",
    "connect(NEVER, 127.0.0.1:P0)",
    "connect(FILE, 127.0.0.1:P0)",
    "connect(PIPE, 127.0.0.1:P0)",
    "listen(s0, -1)",
    "getsockname(s0)",
    "getsockname(s0, addrlen=4)",
    "getsockname(s0, addrlen=NULL)",
    "getsockname(s0, addrlen=BAD_PTR)",
    "getsockname(s0, NULL)",
    "getsockname(s0, NULL, addrlen=16)",
    "getsockname(s0, NULL, addrlen=0)",
    "getsockname(s0, NULL, addrlen=BAD_PTR)",
    "getsockname(s0, BAD_PTR)",
    "getsockname(s0, BAD_PTR, addrlen=0)",
    "getsockname(s0, BAD_PTR, addrlen=NULL)",
    "getsockname(s0, BAD_PTR, addrlen=BAD_PTR)",
    "s1 = accept(s0)",
    "s1 = accept(s0, NULL)",
    "s1 = accept4(s0, 0)",
    "s1 = accept4(s0, NULL, SOCK_NONBLOCK|SOCK_CLOEXEC)",
    "s1 = accept4(s0, BAD_PTR, addrlen=8, 0x1)",
    "s31 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)",
    "s1 = socket(99, 15|SOCK_NONBLOCK, IPPROTO_TCP)",
    "s1 = socket(AF_UNSPEC, 0, -1)",
    "s1 = socket(AF_INET, SOCK_STREAM|0x100, 300)",
    "s1 = socket(AF_INET, 15|SOCK_NONBLOCK|SOCK_CLOEXEC|0xfff7f7f0, 0)",
    "s1 = dup(s0)",
    "close(s0)",
    "shutdown(s0, SHUT_RDWR)",
    "shutdown(FILE, 3)",
    "getsockopt(s0, SOL_SOCKET, SO_ERROR)",
    "getsockopt(s0, SOL_SOCKET, SO_ERROR, len=2)",
    "getsockopt(s0, SOL_SOCKET, SO_ERROR, len=NULL)",
    "getsockopt(s0, SOL_SOCKET, SO_ERROR, len=BAD_PTR)",
    "getsockopt(s0, SOL_SOCKET, SO_LINGER, NULL)",
    "getsockopt(s0, SOL_SOCKET, SO_LINGER, NULL, len=4)",
    "getsockopt(s0, SOL_SOCKET, SO_LINGER, BAD_PTR, len=NULL)",
    "getsockopt(s0, IPPROTO_TCP, 9999)",
    "setsockopt(s0, SOL_SOCKET, SO_REUSEADDR, 1)",
    "setsockopt(s0, SOL_SOCKET, SO_REUSEADDR, -2147483648, len=2)",
    "setsockopt(s0, SOL_SOCKET, SO_LINGER, {1, 0})",
    "setsockopt(s0, SOL_SOCKET, SO_LINGER, {-1, 2147483647}, len=4)",
    "setsockopt(s0, SOL_SOCKET, SO_LINGER, BAD_PTR)",
    "setsockopt(s0, 41, SO_KEEPALIVE, NULL, len=0)",
    "send(s0, 5, 0)",
    "send(s0, BAD_PTR, 65536, MSG_DONTWAIT|MSG_NOSIGNAL)",
    "recv(s0, NULL, 0, MSG_DONTWAIT|MSG_PEEK|0x80000000)",
    "read(s0, 5)",
    "write(s0, NULL, 5)",
    "fcntl(s0, F_GETFL)",
    "fcntl(s0, F_SETFL, O_NONBLOCK)",
    "fcntl(s0, F_SETFL, 0)",
    "fcntl(s0, F_GETFD)",
    "ioctl(s0, FIONBIO, 1)",
    "ioctl(s0, FIONREAD)",
    "ioctl(s0, SIOCATMARK)",
    "poll(s0, POLLIN|POLLOUT|POLLRDHUP)",
    "poll(s0, 0)",
    "getsockname(s0)  = 0, addr=127.0.0.1:P0",
    "getsockname(s0)  = 0, addr=AF_INET6/OTHER:OTHER",
    "getsockname(s0, addrlen=8)  = 0, addr=127.0.0.1:P0, addrlen=16",
    "getsockname(s0, addrlen=4)  = 0, addr=:E0, addrlen=16",
    "getsockname(s0, addrlen=4)  = 0, addr=AF_UNSPEC/:0, addrlen=16",
    "getsockname(s0, addrlen=2)  = 0, addr=AF_INET, addrlen=16",
    "getsockname(s0, addrlen=1)  = 0, addrlen=16",
    "s1 = accept(s0)  = s1, addr=127.0.0.1:E0",
    "s1 = accept(s0)  = -1 EAGAIN",
    "s1 = accept(s0)  = blocks",
    "s1 = accept(s0)  = blocks, then -1 EINTR",
    "s1 = accept(s0)  = blocks, then s1, addr=127.0.0.1:E0",
    "send(s0, 65536, 0)  = blocks, then 3919467",
    "send(s0, 5, 0)  = -1 EPIPE, signal=SIGPIPE",
    "recv(s0, 5, 0)  = 5, data=[250,255)",
    "recv(s0, 5, 0)  = 5, data=garbled",
    "getsockopt(s0, SOL_SOCKET, SO_ERROR)  = 0, value=ECONNREFUSED",
    "getsockopt(s0, SOL_SOCKET, SO_ERROR)  = 0, value=0",
    "getsockopt(s0, SOL_SOCKET, SO_TYPE)  = 0, value=SOCK_STREAM",
    "getsockopt(s0, SOL_SOCKET, SO_DOMAIN)  = 0, value=AF_INET",
    "getsockopt(s0, SOL_SOCKET, SO_PROTOCOL)  = 0, value=IPPROTO_TCP",
    "getsockopt(s0, SOL_SOCKET, SO_LINGER)  = 0, value={1, 0}",
    "getsockopt(s0, SOL_SOCKET, SO_RCVBUF, len=8)  = 0, value=131072, len=4",
    "ioctl(s0, FIONREAD)  = 0, value=5",
    "fcntl(s0, F_GETFL)  = O_RDWR|O_NONBLOCK",
    "fcntl(s0, F_GETFD)  = FD_CLOEXEC",
    "fcntl(s0, F_SETFL, 0)  = 0",
    "poll(s0, POLLIN)  = 1, revents=POLLIN|POLLHUP",
    "close(s0)  = -1 errno 999",
    "close(s0)  = 0  # @close.last",
    "close(s0)  # @close.last",
};

TEST(Text, CanonicalLinesArePrintedAsTheyWereRead) {
  for (const std::string_view line : kCanonical) {
    const std::string text =
        "s0 = socket(AF_INET, SOCK_STREAM, 0)\n" + std::string(line) + "\n";
    const Transcript transcript = MustParse(text);
    ASSERT_EQ(transcript.program.calls.size(), 2u) << line;
    // Alone, so that no column moves.
    const Transcript second = {.comments = {},
                               .program = {.env = {}, .calls = {transcript.program.calls[1]}},
                               .said = {transcript.said[1]}};
    EXPECT_EQ(PrintText(second), std::string(line) + "\n");
  }
}

// What is read, and how it is printed.
struct Rewritten {
  std::string_view read;
  std::string_view printed;
};

constexpr Rewritten kRewritten[] = {
    {"t0: close(s0)", "close(s0)"},
    {"  close ( s0 ) = 0 #@x", "close(s0)  = 0  # @x"},
    {"close(s0)=0", "close(s0)  = 0"},
    {"close(s0) # only a comment", "close(s0)"},
    {"close(s0) # @close.last and why", "close(s0)  # @close.last"},
    {"close(s0) # not a clause: @close.last", "close(s0)"},
    {"bind(s0, AF_INET/127.0.0.1:P0, addrlen=0x10)", "bind(s0, 127.0.0.1:P0)"},
    {"bind(s0, 10/127.0.0.1:P0)", "bind(s0, AF_INET6/127.0.0.1:P0)"},
    {"bind(s0, NULL, addrlen=16)", "bind(s0, NULL)"},
    {"bind(s0, AF_UNSPEC/0.0.0.0:0)", "bind(s0, AF_UNSPEC)"},
    {"getsockname(s0, addrlen=+16)", "getsockname(s0)"},
    {"getsockname(s0, BAD_PTR, addrlen=16)", "getsockname(s0, BAD_PTR)"},
    {"getsockname(s0, NULL, addrlen=NULL)", "getsockname(s0, NULL)"},
    {"getsockopt(s0, SOL_SOCKET, SO_ERROR, NULL, len=4)",
     "getsockopt(s0, SOL_SOCKET, SO_ERROR, NULL)"},
    {"getsockopt(s0, 1, 4)", "getsockopt(s0, SOL_SOCKET, SO_ERROR)"},
    {"recv(s0, 5, 66)", "recv(s0, 5, MSG_DONTWAIT|MSG_PEEK)"},
    {"recv(s0, 5, MSG_PEEK | MSG_DONTWAIT)", "recv(s0, 5, MSG_DONTWAIT|MSG_PEEK)"},
    {"recv(s0, 5, -1)",
     "recv(s0, 5, MSG_DONTWAIT|MSG_PEEK|MSG_NOSIGNAL|MSG_OOB|MSG_TRUNC|MSG_WAITALL|MSG_DONTROUTE|"
     "MSG_MORE|MSG_ERRQUEUE|0xffff1e98)"},
    {"s1 = socket(2, 2049, 6)", "s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP)"},
    {"listen(s0, -0x80000000)", "listen(s0, -2147483648)"},
    {"getsockopt(s0, SOL_SOCKET, SO_ERROR) = 0, value=111",
     "getsockopt(s0, SOL_SOCKET, SO_ERROR)  = 0, value=ECONNREFUSED"},
    {"fcntl(s0, F_GETFL) = 2050", "fcntl(s0, F_GETFL)  = O_RDWR|O_NONBLOCK"},
    {"close(s0) = -1 errno 9", "close(s0)  = -1 EBADF"},
    {"poll(s0, POLLIN) = 1 , revents = POLLIN", "poll(s0, POLLIN)  = 1, revents=POLLIN"},
    {"recv(s0, 5, 0) = 5, data=[ 0 , 5 )", "recv(s0, 5, 0)  = 5, data=[0,5)"},
    {"getsockname(s0, addrlen=8) = 0, addrlen=16, addr=127.0.0.1:P0",
     "getsockname(s0, addrlen=8)  = 0, addr=127.0.0.1:P0, addrlen=16"},
};

TEST(Text, OtherWaysOfWritingAreReadToo) {
  for (const Rewritten& row : kRewritten) {
    const Transcript transcript =
        MustParse("s0 = socket(AF_INET, SOCK_STREAM, 0)\n" + std::string(row.read) + "\n");
    ASSERT_EQ(transcript.program.calls.size(), 2u) << row.read;
    const Transcript second = {.comments = {},
                               .program = {.env = {}, .calls = {transcript.program.calls[1]}},
                               .said = {transcript.said[1]}};
    EXPECT_EQ(PrintText(second), std::string(row.printed) + "\n");
  }
}

TEST(Text, EveryCombinationOfPointersAndLengthsReadsBack) {
  constexpr Pointer kPointers[] = {Pointer::kValid, Pointer::kNull, Pointer::kBad};
  for (const Op op : {Op::kGetsockname, Op::kAccept, Op::kAccept4, Op::kGetsockopt, Op::kBind,
                      Op::kSetsockopt}) {
    for (const Pointer pointer : kPointers) {
      for (const Pointer length_pointer : kPointers) {
        for (const int32_t length : {0, 4, 8, 16, 17, -1}) {
          for (const int32_t option : {SO_ERROR, SO_LINGER}) {
            Program program;
            program.calls = {Call{.op = op,
                                  .fd = kMinusOne,
                                  .pointer = pointer,
                                  .length_pointer = length_pointer,
                                  .length = length,
                                  .level = SOL_SOCKET,
                                  .option = option}};
            Mend(program);
            EXPECT_EQ(MustParse(PrintText(program)).program, program) << PrintText(program);
          }
        }
      }
    }
  }
}

// ---- Whole programs ------------------------------------------------------------------------------

constexpr std::string_view kExample = R"(# seed 0x2f81, minimized from 41 calls, Linux 6.18
s0 = socket(AF_INET, SOCK_STREAM, 0)                 = s0
bind(s0, 127.0.0.1:P0)                               = 0              # @bind.explicit
listen(s0, 1)                                        = 0              # @listen.open
s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)   = s1
connect(s1, 127.0.0.1:P0)                            = -1 EINPROGRESS # @connect.in_progress
s2 = accept4(s0, SOCK_CLOEXEC)                       = s2, addr=127.0.0.1:E0
getsockname(s2)                                      = 0, addr=127.0.0.1:P0
recv(s2, 5, MSG_DONTWAIT)                            = 5, data=[0,5)
poll(s0, POLLIN)                                     = 1, revents=POLLIN
)";

TEST(Text, TheDesignsExampleIsRead) {
  const Transcript transcript = MustParse(kExample);
  EXPECT_EQ(transcript.comments,
            std::vector<std::string>{"seed 0x2f81, minimized from 41 calls, Linux 6.18"});
  ASSERT_EQ(transcript.program.calls.size(), 9u);
  const Call bind{.op = Op::kBind,
                  .fd = Descriptor::Handle(0),
                  .address = {.host = Host::kLoopback, .port = Port::Program(0)},
                  .length = kExactLength};
  EXPECT_EQ(transcript.program.calls[1], bind);
  EXPECT_EQ(transcript.said[1].clause, "bind.explicit");
  EXPECT_EQ(transcript.said[1].line, 3);
  EXPECT_EQ(transcript.said[1].reply, Reply{});
  EXPECT_EQ(transcript.said[4].reply, Reply{.error = EINPROGRESS});
  EXPECT_EQ(transcript.said[5].reply, (Reply{.wrote = kWroteAddress,
                                             .host = Host::kLoopback,
                                             .port = Port::Chosen(0),
                                             .address_size = 16,
                                             .family = AF_INET}));
  EXPECT_EQ(transcript.said[7].reply,
            (Reply{.wrote = kWroteData, .value = 5, .data = {.start = 0, .size = 5}}));
  EXPECT_EQ(transcript.said[8].reply,
            (Reply{.wrote = kWroteEvents, .value = 1, .events = POLLIN}));
  EXPECT_EQ(transcript.said[8].clause, "");
}

TEST(Text, AProgramIsPrintedInColumns) {
  EXPECT_EQ(PrintText(MustParse(kExample)),
            R"(# seed 0x2f81, minimized from 41 calls, Linux 6.18
s0 = socket(AF_INET, SOCK_STREAM, 0)                = s0
bind(s0, 127.0.0.1:P0)                              = 0                      # @bind.explicit
listen(s0, 1)                                       = 0                      # @listen.open
s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1
connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS         # @connect.in_progress
s2 = accept4(s0, SOCK_CLOEXEC)                      = s2, addr=127.0.0.1:E0
getsockname(s2)                                     = 0, addr=127.0.0.1:P0
recv(s2, 5, MSG_DONTWAIT)                           = 5, data=[0,5)
poll(s0, POLLIN)                                    = 1, revents=POLLIN
)");
}

TEST(Text, CommentsBeforeTheFirstCallAreKept) {
  const Transcript transcript = MustParse(
      "# one\n"
      "#two\n"
      "\n"
      "   #\n"
      "#   four \n"
      "env: nofile=16 ephemeral=2  # why\r\n"
      "# @five\n"
      "close(-1)\n"
      "# dropped\n");
  EXPECT_EQ(transcript.comments,
            (std::vector<std::string>{"one", "two", "", "  four ", "@five"}));
  EXPECT_EQ(transcript.program.env, (Environment{.nofile = 16, .ephemeral = 2}));
  EXPECT_EQ(transcript.said[0].line, 8);
  EXPECT_EQ(PrintText(transcript),
            "# one\n# two\n#\n#   four \n# @five\nenv: nofile=16 ephemeral=2\nclose(-1)\n");
}

TEST(Text, ACallOfAThreadMayStandInTwoHalves) {
  constexpr std::string_view kText =
      "s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
      "t1: s2 = accept(s0) <unfinished ...>\n"
      "connect(s0, 127.0.0.1:P0)             = 0\n"
      "t1: <... accept resumed>              = s2\n";
  const Transcript transcript = MustParse(kText);
  ASSERT_EQ(transcript.program.calls.size(), 4u);
  Call resumed = transcript.program.calls[1];
  EXPECT_EQ(resumed.part, Part::kUnfinished);
  EXPECT_EQ(resumed.thread, 1);
  resumed.part = Part::kResumed;
  EXPECT_EQ(transcript.program.calls[3], resumed);
  EXPECT_FALSE(transcript.said[1].reply.has_value());
  EXPECT_EQ(transcript.said[3].reply, Reply{});
  EXPECT_EQ(PrintText(transcript), kText);
}

TEST(Text, ACommentOfSeveralLinesIsPrintedAsSeveral) {
  EXPECT_EQ(PrintText(Transcript{.comments = {"a\nb\r\n", "c"}, .program = {}, .said = {}}),
            "# a\n# b\n#\n# c\n");
}

TEST(Text, AnEmptyTextIsAnEmptyProgram) {
  EXPECT_EQ(MustParse("").program, Program{});
  EXPECT_EQ(PrintText(Program{}), "");
}

}  // namespace
}  // namespace sockspec
