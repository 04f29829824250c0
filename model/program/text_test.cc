#include "model/program/text.h"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <sys/epoll.h>
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

// ---- What is printed is read back
// ----------------------------------------------------------------

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

// ---- The forms
// -----------------------------------------------------------------------------------

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
    "bind(s0, [::1]:P0)",
    "bind(s0, NOT_OURS6:P0)",
    "bind(s0, [::ffff:127.0.0.1]:P0)",
    "bind(s0, [::ffff:NOT_OURS]:E2, addrlen=24)",
    "bind(s0, [fe80::1]:PRIVILEGED)",
    "bind(s0, AF_INET/[::1]:P0)",
    "bind(s0, AF_UNSPEC/[::]:0)",
    "bind(s0, AF_INET6/0.0.0.0:0)",
    "bind(s0, SILENT:P0)",
    "bind(s0, U0)",
    "bind(s0, @A7)",
    "bind(s0, @E23)",
    "bind(s0, UNNAMED)",
    "bind(s0, LINK_LOOP)",
    "bind(s0, U0, addrlen=4)",
    "bind(s0, @A0, addrlen=110)",
    "bind(s0, AF_INET/U0)",
    "bind(s0, 99/@A0)",
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
    "getsockname(s0, addrlen=16)",
    "getsockname(s0, BAD_PTR, addrlen=128)",
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
    "setsockopt(s0, 99, 9, NULL, len=0)",
    "setsockopt(s0, IPPROTO_TCP, TCP_NODELAY, 1)",
    "setsockopt(s0, SOL_SOCKET, SO_DEBUG, 1)",
    "setsockopt(s0, SOL_SOCKET, SO_RCVTIMEO, {0, 10000})",
    "setsockopt(s0, SOL_SOCKET, SO_TXTIME, {1, 0}, len=4)",
    "setsockopt(s0, SOL_SOCKET, SO_BINDTODEVICE, LO, len=2)",
    "setsockopt(s0, IPPROTO_IP, 200, 1)",
    "setsockopt(s0, IPPROTO_IPV6, IPV6_V6ONLY, NULL)",
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
    "poll(s0, POLLIN, -1)",
    "poll(s0, POLLIN, 10)",
    "fcntl(s0, F_SETFD, FD_CLOEXEC)",
    "s1 = fcntl(s0, F_DUPFD, 0)",
    "s1 = fcntl(s0, F_DUPFD_CLOEXEC, 3)",
    "socketpair(AF_UNIX, SOCK_DGRAM|SOCK_NONBLOCK, 0, [s1, s2])",
    "socketpair(AF_UNIX, SOCK_STREAM, 0, [s31, s1])",
    "sendto(s0, 5, 0, 127.0.0.1:P0)",
    "sendto(s0, 5, MSG_DONTWAIT, U0)",
    "sendto(s0, 5, 0, NULL)",
    "sendto(s0, 5, 0, NULL, addrlen=16)",
    "sendto(s0, BAD_PTR, 65507, 0, BAD_PTR)",
    "sendto(s0, NULL, 0, 0, AF_UNSPEC)",
    "recvfrom(s0, 5, MSG_DONTWAIT)",
    "recvfrom(s0, 5, 0, NULL)",
    "recvfrom(s0, 5, 0, addrlen=4)",
    "recvfrom(s0, BAD_PTR, 5, 0, BAD_PTR, addrlen=NULL)",
    "sendmsg(s0, NULL, 5, 1, 0, 0)",
    "sendmsg(s0, [::1]:P0, 5, 3, 0, MSG_NOSIGNAL)",
    "sendmsg(s0, NULL, BAD_PTR, 5, 1, 0, 0)",
    "sendmsg(s0, U0, addrlen=4, NULL, 5, 1025, SCM_RIGHTS, -1, MSG_EOR)",
    "sendmsg(s0, NULL, 5, 1, SCM_RIGHTS, s0, 0)",
    "sendmsg(s0, NULL, 5, 1, SCM_RIGHTS, FILE, 0)",
    "recvmsg(s0, 5, 1, NULL, 0)",
    "recvmsg(s0, 5, 1, [s1], MSG_CMSG_CLOEXEC)",
    "recvmsg(s0, NULL, 5, 1, NULL, 0)",
    "recvmsg(s0, NULL, addrlen=16, 5, 1, NULL, 0)",
    "recvmsg(s0, BAD_PTR, NULL, 5, 0, NULL, 0)",
    "recvmsg(s0, addrlen=128, BAD_PTR, 5, 1, NULL, 0)",
    "recvmsg(s0, addrlen=4, BAD_PTR, 5, 1, NULL, 0)",
    "readv(s0, 5, 2)",
    "writev(s0, BAD_PTR, 5, -1)",
    "dup2(s0, s0)",
    "dup2(FILE, -1)",
    "dup3(s0, s0, O_CLOEXEC)",
    "select(s0, READ|WRITE|EXCEPT)",
    "select(s0, 0, 50)",
    "s1 = epoll_create1(0)",
    "s1 = epoll_create1(EPOLL_CLOEXEC)",
    "epoll_ctl(s0, EPOLL_CTL_ADD, s0, EPOLLIN|EPOLLET)",
    "epoll_ctl(s0, EPOLL_CTL_DEL, PIPE)",
    "epoll_ctl(NEVER, 0, -1, EPOLLONESHOT)",
    "epoll_wait(s0, 4)",
    "epoll_wait(s0, -1, 10)",
    "getsockname(s0)  = 0, addr=127.0.0.1:P0",
    "getsockname(s0)  = 0, addr=AF_INET6/OTHER:OTHER",
    "getsockname(s0, addrlen=8)  = 0, addr=127.0.0.1:P0, addrlen=16",
    "getsockname(s0, addrlen=4)  = 0, addr=:E0, addrlen=16",
    "getsockname(s0, addrlen=4)  = 0, addr=AF_UNSPEC/:0, addrlen=16",
    "getsockname(s0, addrlen=2)  = 0, addr=AF_INET, addrlen=16",
    "getsockname(s0, addrlen=1)  = 0, addrlen=16",
    "getsockname(s0, addrlen=16)  = 0, addr=127.0.0.1:P0",
    "getsockname(s0)  = 0, addr=[::ffff:127.0.0.1]:P0",
    "getsockname(s0)  = 0, addr=[::1]:OTHER",
    "getsockname(s0, addrlen=24)  = 0, addr=[::1]:P0",
    "getsockname(s0, addrlen=16)  = 0, addr=AF_INET6/:P0",
    "getsockname(s0, addrlen=2)  = 0, addr=AF_INET6",
    "getsockname(s0)  = 0, addr=U0",
    "getsockname(s0)  = 0, addr=@E0",
    "getsockname(s0)  = 0, addr=UNNAMED",
    "getsockname(s0)  = 0, addr=OTHER",
    "getsockname(s0, addrlen=4)  = 0, addr=UNNAMED, addrlen=5",
    "getsockname(s0)  = 0, addr=AF_UNIX/127.0.0.1:P0",
    "getsockname(s0)  = 0, addr=AF_UNIX",
    "s1 = accept(s0)  = s1, addr=127.0.0.1:E0",
    "s1 = accept(s0)  = -1 EAGAIN",
    "socketpair(AF_UNIX, SOCK_STREAM, 0, [s1, s2])  = 0",
    "socketpair(AF_INET, SOCK_STREAM, 0, [s1, s2])  = -1 EOPNOTSUPP",
    "s1 = fcntl(s0, F_DUPFD, 0)  = s1",
    "s1 = fcntl(s0, F_DUPFD, -1)  = -1 EINVAL",
    "dup2(s0, s0)  = s0",
    "dup2(s0, -1)  = -1 EBADF",
    "s1 = epoll_create1(0)  = s1",
    "recvfrom(s0, 5, 0)  = 5, addr=[::1]:P0, data=[0,5)",
    "recvmsg(s0, 5, 1, [s1], 0)  = 5, addr=U0, data=[0,5), flags=MSG_TRUNC|MSG_CTRUNC, rights=s1",
    "select(s0, READ|WRITE)  = 1, revents=WRITE",
    "epoll_wait(s0, 4)  = 2, ready=[s0 EPOLLIN|EPOLLOUT, FILE EPOLLHUP]",
    "epoll_wait(s0, 4)  = 0, ready=[]",
    "epoll_wait(s0, 4)  = 0",
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
    const std::string text = "s0 = socket(AF_INET, SOCK_STREAM, 0)\n" + std::string(line) + "\n";
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
    {"getsockname(s0, addrlen=+128)", "getsockname(s0)"},
    {"bind(s0, [::1]:P0, addrlen=28)", "bind(s0, [::1]:P0)"},
    {"bind(s0, AF_INET6/[::]:0)", "bind(s0, [::]:0)"},
    {"bind(s0, 1/U0, addrlen=5)", "bind(s0, U0)"},
    {"bind(s0, AF_UNIX/@A0, addrlen=5)", "bind(s0, @A0)"},
    {"bind(s0, UNNAMED, addrlen=2)", "bind(s0, UNNAMED)"},
    {"connect(s0, @E3, addrlen=8)", "connect(s0, @E3)"},
    {"sendto(s0, 5, 0, NULL, addrlen=0)", "sendto(s0, 5, 0, NULL)"},
    {"sendto(s0, 5, 0, BAD_PTR, addrlen=16)", "sendto(s0, 5, 0, BAD_PTR)"},
    {"recvmsg(s0, NULL, addrlen=0, 5, 1, NULL, 0)", "recvmsg(s0, NULL, 5, 1, NULL, 0)"},
    {"recvmsg(s0, addrlen=128, 5, 1, [ s1 ], 0)", "recvmsg(s0, 5, 1, [s1], 0)"},
    {"socketpair(1, 1, 0, [s1,s2]) = 0", "socketpair(AF_UNIX, SOCK_STREAM, 0, [s1, s2])  = 0"},
    {"sendmsg(s0, NULL, 5, 1, 1, s0, 0)", "sendmsg(s0, NULL, 5, 1, SCM_RIGHTS, s0, 0)"},
    {"poll(s0, POLLIN, 0)", "poll(s0, POLLIN)"},
    {"select(s0, 3)", "select(s0, READ|WRITE)"},
    {"epoll_ctl(s0, 1, s0, 0x80000001)", "epoll_ctl(s0, EPOLL_CTL_ADD, s0, EPOLLIN|EPOLLET)"},
    {"epoll_wait(s0, 4) = 1, ready=[s0 1]", "epoll_wait(s0, 4)  = 1, ready=[s0 EPOLLIN]"},
    {"getsockname(s0) = 0, addr=AF_INET6/[::1]:P0", "getsockname(s0)  = 0, addr=[::1]:P0"},
    {"getsockname(s0) = 0, addr=AF_UNIX/U0", "getsockname(s0)  = 0, addr=U0"},
    {"getsockname(s0, BAD_PTR, addrlen=16)", "getsockname(s0, BAD_PTR)"},
    {"getsockname(s0, NULL, addrlen=NULL)", "getsockname(s0, NULL)"},
    {"getsockopt(s0, SOL_SOCKET, SO_ERROR, NULL, len=4)",
     "getsockopt(s0, SOL_SOCKET, SO_ERROR, NULL)"},
    {"getsockopt(s0, 1, 4)", "getsockopt(s0, SOL_SOCKET, SO_ERROR)"},
    {"recv(s0, 5, 66)", "recv(s0, 5, MSG_DONTWAIT|MSG_PEEK)"},
    {"recv(s0, 5, MSG_PEEK | MSG_DONTWAIT)", "recv(s0, 5, MSG_DONTWAIT|MSG_PEEK)"},
    {"recv(s0, 5, -1)",
     "recv(s0, 5, MSG_DONTWAIT|MSG_PEEK|MSG_NOSIGNAL|MSG_OOB|MSG_TRUNC|MSG_WAITALL|MSG_DONTROUTE|"
     "MSG_MORE|MSG_ERRQUEUE|MSG_EOR|MSG_CTRUNC|MSG_CMSG_CLOEXEC|0xbfff1e10)"},
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
  for (const Op op :
       {Op::kGetsockname, Op::kAccept, Op::kAccept4, Op::kGetsockopt, Op::kBind, Op::kSetsockopt,
        Op::kSendto, Op::kRecvfrom, Op::kSendmsg, Op::kRecvmsg}) {
    for (const Pointer pointer : kPointers) {
      for (const Pointer length_pointer : kPointers) {
        for (const int32_t length : {0, 4, 8, 16, 17, 128, -1}) {
          for (const Pointer buffer : kPointers) {
            Program program;
            program.calls = {Call{.op = op,
                                  .fd = kMinusOne,
                                  .pointer = pointer,
                                  .length_pointer = length_pointer,
                                  .buffer = buffer,
                                  .length = length,
                                  .level = SOL_SOCKET,
                                  .option = buffer == Pointer::kValid ? SO_ERROR : SO_LINGER}};
            Mend(program);
            EXPECT_EQ(MustParse(PrintText(program)).program, program) << PrintText(program);
          }
        }
      }
    }
  }
}

// ---- Whole programs
// ------------------------------------------------------------------------------

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
  EXPECT_EQ(transcript.said[5].reply, (Reply{.address_size = 16,
                                             .wrote = kWroteAddress,
                                             .host = Host::kLoopback,
                                             .port = Port::Chosen(0),
                                             .family = AF_INET}));
  EXPECT_EQ(transcript.said[7].reply,
            (Reply{.wrote = kWroteData, .value = 5, .data = {.start = 0, .size = 5}}));
  EXPECT_EQ(transcript.said[8].reply, (Reply{.wrote = kWroteEvents, .value = 1, .events = POLLIN}));
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
  EXPECT_EQ(transcript.comments, (std::vector<std::string>{"one", "two", "", "  four ", "@five"}));
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

TEST(Text, NewFamiliesAndCallsAreRead) {
  constexpr std::string_view kText =
      "env: uid=nobody\n"
      "socketpair(AF_UNIX, SOCK_STREAM, 0, [s0, s1])          = 0\n"
      "sendmsg(s0, NULL, 5, 2, SCM_RIGHTS, s1, 0)             = 5\n"
      "recvmsg(s1, 5, 1, [s4], 0)                             = 5, addr=UNNAMED, data=[0,5), rights=s4\n"
      "s5 = fcntl(s4, F_DUPFD, 0)                             = s5\n"
      "s2 = epoll_create1(0)                                  = s2\n"
      "epoll_wait(s2, 4, -1)                                  = 1, ready=[s5 EPOLLIN]\n"
      "connect(s0, [::ffff:127.0.0.1]:P1)\n"
      "connect(s0, @A1)\n";
  const Transcript transcript = MustParse(kText);
  const std::vector<Call>& calls = transcript.program.calls;
  ASSERT_EQ(calls.size(), 8u);
  EXPECT_EQ(transcript.program.env, Environment{.nobody = true});
  EXPECT_EQ(calls[0], (Call{.op = Op::kSocketpair, .made = 0, .made2 = 1, .domain = AF_UNIX, .type = SOCK_STREAM}));
  EXPECT_EQ(calls[1], (Call{.op = Op::kSendmsg,
                            .fd = Descriptor::Handle(0),
                            .fd2 = Descriptor::Handle(1),
                            .pointer = Pointer::kNull,
                            .length = 0,
                            .size = 5,
                            .control = SCM_RIGHTS,
                            .pieces = 2}));
  EXPECT_EQ(calls[2], (Call{.op = Op::kRecvmsg,
                            .made = 4,
                            .fd = Descriptor::Handle(1),
                            .length = kStorageLength,
                            .size = 5}));
  EXPECT_EQ(transcript.said[2].reply,
            (Reply{.address_size = 2,
                   .wrote = kWroteAddress | kWroteData | kWroteRights,
                   .value = 5,
                   .host = Host::kUnix,
                   .family = AF_UNIX,
                   .data = {.size = 5}}));
  EXPECT_EQ(calls[3], (Call{.op = Op::kFcntl, .made = 5, .fd = Descriptor::Handle(4), .command = F_DUPFD}));
  EXPECT_EQ(calls[5], (Call{.op = Op::kEpollWait, .fd = Descriptor::Handle(2), .value = 4, .timeout = -1}));
  Reply ready{.wrote = kWroteReady, .value = 1};
  ready.ready[0] = {.fd = Descriptor::Handle(5), .events = EPOLLIN};
  EXPECT_EQ(transcript.said[5].reply, ready);
  EXPECT_EQ(calls[6], (Call{.op = Op::kConnect,
                            .fd = Descriptor::Handle(0),
                            .address = {.family = AF_INET6, .host = Host::kMappedLoopback, .port = Port::Program(1)},
                            .length = kExactLength6}));
  EXPECT_EQ(calls[7], (Call{.op = Op::kConnect,
                            .fd = Descriptor::Handle(0),
                            .address = {.family = AF_UNIX, .host = Host::kUnix, .name = UnixName::Abstract(1)},
                            .length = 5}));
}

TEST(Text, ACommentOfSeveralLinesIsPrintedAsSeveral) {
  EXPECT_EQ(PrintText(Transcript{.comments = {"a\nb\r\n", "c"}, .program = {}, .said = {}}),
            "# a\n# b\n#\n# c\n");
}

TEST(Text, CarriageReturnsAtALinesEndAreNoneOfIt) {
  const Transcript transcript = MustParse("# one\r\r\r\r\n#\r\r\nclose(-1) = -1 EBADF\r\r\n");
  EXPECT_EQ(transcript.comments, (std::vector<std::string>{"one", ""}));
  EXPECT_EQ(MustParse(PrintText(transcript)).comments, transcript.comments);
}

TEST(Text, AnEmptyTextIsAnEmptyProgram) {
  EXPECT_EQ(MustParse("").program, Program{});
  EXPECT_EQ(PrintText(Program{}), "");
}

// ---- Problems
// ------------------------------------------------------------------------------------

struct Bad {
  std::string_view line;  // the second of a program; the first one makes s0
  int column;
  std::string_view what;
  std::string_view expected;
};

constexpr Bad kBad[] = {
    {"lissten(s0, 1)", 1, "`lissten`",
     "a call: socket, bind, listen, connect, accept, accept4, close, shutdown, dup, "
     "getsockname, getpeername, getsockopt, setsockopt, send, recv, read, write, fcntl, ioctl, "
     "poll, socketpair, sendto, recvfrom, sendmsg, recvmsg, readv, writev, dup2, dup3, select, "
     "epoll_create1, epoll_ctl or epoll_wait; did you mean listen?"},
    {"s1 = socket(AF_INET, SOCK_STREEM, 0)", 22, "`SOCK_STREEM`",
     "type: SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_RDM, SOCK_SEQPACKET or a number; did you "
     "mean SOCK_STREAM?"},
    {"s1 = socket(AF_INETT, SOCK_STREAM, 0)", 13, "`AF_INETT`",
     "domain: AF_INET, AF_UNSPEC, AF_UNIX, AF_INET6 or a number; did you mean AF_INET?"},
    {"s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOK, 0)", 34, "`SOCK_NONBLOK`",
     "type: 0, or SOCK_NONBLOCK, SOCK_CLOEXEC and numbers of 32 bits, joined by |; did you mean "
     "SOCK_NONBLOCK?"},
    {"s1 = socket(AF_INET, SOCK_STREAM)", 33, "`)`",
     "`,` and protocol: the call is socket(domain, type, protocol)"},
    {"s1 = socket(AF_INET, SOCK_STREAM, 0, 0)", 38, "`0`",
     "`)`: the call is socket(domain, type, protocol)"},
    {"socket(AF_INET, SOCK_STREAM, 0)", 1, "`socket`",
     "the handle that names its descriptor: `s1 = socket(`"},
    {"s1 = listen(s0, 1)", 1, "`s1`", "`listen(` alone: it makes no descriptor to name"},
    {"s0 = dup(s0)", 1, "`s0`", "a handle that is not in use, such as s1: line 1 makes s0"},
    {"s32 = dup(s0)", 1, "`s32`", "a handle: s0 to s31"},
    {"x = dup(s0)", 1, "`x`", "a handle: s0 to s31"},
    {"s1 = dup(s1)", 10, "`s1`",
     "a handle that an earlier line makes (s0), or -1, NEVER, FILE or PIPE"},
    {"close(s5)", 7, "`s5`", "a handle that an earlier line makes (s0), or -1 or NEVER"},
    {"close(7)", 7, "`7`", "fd: a handle (s0 to s31), -1 or NEVER"},
    {"close()", 7, "`)`", "fd: a handle (s0 to s31), -1 or NEVER"},
    {"close", 6, "the end of the line", "`(`: the call is close(fd)"},
    {"close(FILE)", 7, "`FILE`",
     "a handle, -1 or NEVER: close() would end the harness's own FILE; dup it first"},
    {"close(PIPE)", 7, "`PIPE`",
     "a handle, -1 or NEVER: close() would end the harness's own PIPE; dup it first"},
    {"close(s0", 9, "the end of the line", "`)`: the call is close(fd)"},
    {"close(s0) 0", 11, "`0`", "`=` and the reply, <unfinished ...>, `#` or the end of the line"},
    {"close(s0) = ", 13, "the end of the line", "a reply: a number, -1 and an errno, or blocks"},
    {"close(s0) = x", 13, "`x`", "a reply: a number, -1 and an errno, or blocks"},
    {"close(s0) = -1", 15, "the end of the line",
     "an errno after -1, such as EINVAL, or `errno 999`"},
    {"close(s0) = -1 EBADFF", 16, "`EBADFF`",
     "an errno after -1, such as EINVAL, or `errno 999`; did you mean EBADF?"},
    {"close(s0) = -1 errno x", 22, "`x`", "errno: a number from 0 to 32767"},
    {"close(s0) = 0, ", 16, "the end of the line",
     "what came back: addr, addrlen, value, len, data, revents, signal, flags, "
     "rights or ready, and `=`"},
    {"close(s0) = 0, adr=1", 16, "`adr`",
     "what came back: addr, addrlen, value, len, data, revents, signal, flags, "
     "rights or ready, and `=`; did you mean "
     "addr?"},
    {"close(s0) = 0, addr", 20, "the end of the line", "`=`"},
    {"close(s0) = 0 0", 15, "`0`", "`,` and more of the reply, `#` or the end of the line"},
    {"close(s0) # @", 14, "the end of the line",
     "a clause's id: lower case letters, digits, `.` and `_`"},
    {"close(s0) # @Close.last", 14, "`Close.last`",
     "a clause's id: lower case letters, digits, `.` and `_`"},
    {"close(s0) # @close,last", 19, "`,`",
     "a clause's id: lower case letters, digits, `.` and `_`"},
    {"listen(s0, 2147483648)", 12, "`2147483648`",
     "backlog: a number from -2147483648 to 2147483647"},
    {"listen(s0, 010)", 12, "`010`", "backlog: a number"},
    {"listen(s0, one)", 12, "`one`", "backlog: a number"},
    {"listen(s0, 1, 2)", 15, "`2`", "`)`: the call is listen(sockfd, backlog)"},
    {"bind(s0, 127.0.0.1)", 10, "`127.0.0.1`",
     "an address: HOST:PORT such as 127.0.0.1:P0 or [::1]:P0, a unix name such as U0 or @A0, "
     "either with FAMILY/ before it, AF_UNSPEC, NULL or BAD_PTR"},
    {"bind(s0, 127.0.0.3:P0)", 10, "`127.0.0.3`",
     "a host: 0.0.0.0, 127.0.0.1, 127.0.0.2, 255.255.255.255, 224.0.0.1, NOT_OURS, UNREACHABLE, "
     "BLACKHOLE, 127.255.255.255, PROHIBITED, SILENT, [::], [::1], [ff02::1], [fe80::1], NOT_OURS6, "
     "UNREACHABLE6, BLACKHOLE6, PROHIBITED6 or [::ffff:HOST] of an IPv4 one; did you mean 127.0.0.1?"},
    {"bind(s0, 127.0.0.1:P8)", 20, "`P8`", "a port: 0, P0 to P7, E0 to E23 or PRIVILEGED"},
    {"bind(s0, 127.0.0.1:80)", 20, "`80`", "a port: 0, P0 to P7, E0 to E23 or PRIVILEGED"},
    {"bind(s0, 127.0.0.1:)", 20, "`)`", "a port: 0, P0 to P7, E0 to E23 or PRIVILEGED"},
    {"bind(s0, AF_INET66/127.0.0.1:P0)", 10, "`AF_INET66`",
     "an address family: AF_INET, AF_UNSPEC, AF_UNIX, AF_INET6 or a number of 16 bits; did you "
     "mean AF_INET6?"},
    {"bind(s0, 40000/127.0.0.1:P0)", 10, "`40000`",
     "an address family: AF_INET, AF_UNSPEC, AF_UNIX, AF_INET6 or a number of 16 bits"},
    {"bind(s0, 127.0.0.1:P0/DIRT)", 23, "`DIRT`", "DIRTY"},
    {"bind(s0, OTHER:P0)", 10, "`OTHER`",
     "a host: 0.0.0.0, 127.0.0.1, 127.0.0.2, 255.255.255.255, 224.0.0.1, NOT_OURS, UNREACHABLE, "
     "BLACKHOLE, 127.255.255.255, PROHIBITED, SILENT, [::], [::1], [ff02::1], [fe80::1], NOT_OURS6, "
     "UNREACHABLE6, BLACKHOLE6, PROHIBITED6 or [::ffff:HOST] of an IPv4 one"},
    {"bind(s0, NUL)", 10, "`NUL`",
     "an address: HOST:PORT such as 127.0.0.1:P0 or [::1]:P0, a unix name such as U0 or @A0, "
     "either with FAMILY/ before it, AF_UNSPEC, NULL or BAD_PTR; did you mean NULL?"},
    {"bind(s0, NULL, len=4)", 16, "`len`", "addrlen=, or `)`: the call is bind(sockfd, addr)"},
    {"bind(s0, 127.0.0.1:P0, addrlen=NULL)", 32, "`NULL`", "addrlen: a number"},
    {"bind(s0, 127.0.0.1:P0, 16)", 24, "`16`", "addrlen=, or `)`: the call is bind(sockfd, addr)"},
    {"getsockname(s0, 4)", 17, "`4`",
     "NULL, BAD_PTR, addrlen=, or `)`: the call is getsockname(sockfd, addr)"},
    {"getsockname(s0, addrlen=x)", 25, "`x`", "addrlen: a number, NULL or BAD_PTR"},
    {"getsockopt(s0, SOL_SOCKET, SO_ERROR, 4)", 38, "`4`",
     "NULL, BAD_PTR, len=, or `)`: the call is getsockopt(sockfd, level, optname, optval)"},
    {"getsockopt(s0, SOL_SOCKET, SO_EROR)", 28, "`SO_EROR`",
     "optname: a name such as SO_DEBUG or a number; did you mean SO_ERROR?"},
    {"getsockopt(s0, IPPROTO_TCP, SO_ERROR)", 29, "`SO_ERROR`",
     "optname: a name such as TCP_NODELAY or a number"},
    {"setsockopt(s0, SOL_SOCKET, SO_RCVTIMEO, 1)", 41, "`1`",
     "optval: {tv_sec, tv_usec} such as {1, 0}, NULL or BAD_PTR"},
    {"setsockopt(s0, SOL_SOCKET, SO_BINDTODEVICE, ETH0)", 45, "`ETH0`",
     "optval: NO_NAME, LO, NONESUCH, RENO or a number from 0 to 3"},
    {"setsockopt(s0, SOL_SOCKET, SO_LINGER, 1)", 39, "`1`",
     "optval: {l_onoff, l_linger} such as {1, 0}, NULL or BAD_PTR"},
    {"setsockopt(s0, SOL_SOCKET, SO_LINGER, {1})", 41, "`}`",
     "`,` and l_linger: {l_onoff, l_linger} such as {1, 0}"},
    {"setsockopt(s0, SOL_SOCKET, SO_KEEPALIVE, {1, 0})", 42, "`{`",
     "optval: a number, NULL or BAD_PTR"},
    {"send(s0, 65537, 0)", 10, "`65537`", "len: a number from 0 to 65536"},
    {"recv(s0, -1, 0)", 10, "`-1`", "len: a number from 0 to 65536"},
    {"recv(s0, BADPTR, 5, 0)", 10, "`BADPTR`",
     "NULL, BAD_PTR or a number of bytes: the call is recv(sockfd, buf, len, flags); did you "
     "mean BAD_PTR?"},
    {"recv(s0, 5, MSG_PEAK)", 13, "`MSG_PEAK`",
     "flags: 0, or MSG_DONTWAIT, MSG_PEEK, MSG_NOSIGNAL, MSG_OOB, MSG_TRUNC, MSG_WAITALL, "
     "MSG_DONTROUTE, MSG_MORE, MSG_ERRQUEUE, MSG_EOR, MSG_CTRUNC, MSG_CMSG_CLOEXEC and numbers of 32 bits, joined by |; did you mean "
     "MSG_PEEK?"},
    {"recv(s0, 5, 0) = 5, data=[5,0)", 29, "`0`",
     "a position in the stream, a number from 5 to 4294967295"},
    {"recv(s0, 5, 0) = 5, data=5", 26, "`5`", "positions such as [0,5), or garbled"},
    {"fcntl(s0, 0)", 11, "`0`", "cmd: F_GETFL, F_SETFL, F_GETFD, F_SETFD, F_DUPFD or F_DUPFD_CLOEXEC"},
    {"fcntl(s0, F_GETFL, 0)", 20, "`0`", "`)`: the call is fcntl(sockfd, cmd, arg)"},
    {"fcntl(s0, F_GETFL) = O_RDRW", 22, "`O_RDRW`",
     "a reply: O_RDWR, O_NONBLOCK, 0, or -1 and an errno; did you mean O_RDWR?"},
    {"ioctl(s0, FIONBIO)", 18, "`)`", "`,` and arg: the call is ioctl(sockfd, request, arg)"},
    {"ioctl(s0, 21537)", 11, "`21537`", "request: FIONBIO, FIONREAD or SIOCATMARK"},
    {"poll(s0, 0x10000)", 10, "`0x10000`", "events: flags from 0 to 32767"},
    {"poll(s0, POLLIN) = 1, revents=POLLIN, revents=0", 39, "`revents`",
     "another field than revents=, which stands there already"},
    {"s1 = accept(s0) = s0", 19, "`s0`", "s1, the handle that the call makes, or -1 and an errno"},
    {"s1 = accept(s0) = 3", 19, "`3`", "s1, the handle that the call makes, or -1 and an errno"},
    {"s1 = accept(s0) = blocks, -1 EINTR", 27, "`-1`", "`then` and what the interruption gave"},
    {"s1 = accept(s0) = -1 EAGAIN, addr=127.0.0.1", 35, "`127.0.0.1`",
     "an address family: AF_INET, AF_UNSPEC, AF_UNIX, AF_INET6 or a number of 16 bits"},
    {"t8: close(s0)", 1, "`t8`", "a thread (t0: to t7:) or a call"},
    {"foo: close(s0)", 1, "`foo`", "a thread (t0: to t7:) or a call"},
    {"t1: <... accept resumed>", 10, "`accept`", "a call: none of thread t1 is <unfinished ...>"},
    {"t1: s1 = accept(s0) <unfinished>", 21, "`<`",
     "`=` and the reply, <unfinished ...>, `#` or the end of the line"},
    {"env: nofile=4", 1, "`env:`", "a call: the environment stands above the first one"},
    {"close(s0) = 0, signal=SIGINT", 23, "`SIGINT`", "SIGPIPE"},
    {"t1: s1 = accept(s0) <unfinished ...> s1", 38, "`s1`", "`=` and the reply, `#` or the end of the line"},
    {"<... accept resumed> = 0", 6, "`accept`", "a call: none of thread t0 is <unfinished ...>"},
    {"env nofile=4", 5, "`nofile`", "`:`"},
    {"getsockopt(s0, SOL_SOCKET, SO_LINGER) = 0, value=1", 50, "`1`",
     "{l_onoff, l_linger} such as {1, 0}"},
    {"getsockopt(s0, SOL_SOCKET, SO_ERROR) = 0, value=ECONREFUSED", 49, "`ECONREFUSED`",
     "value: a name such as EPERM or a number; did you mean ECONNREFUSED?"},
    {"getsockname(s0) = 0, addr=127.0.0.9:P0", 27, "`127.0.0.9`",
     "a host: 0.0.0.0, 127.0.0.1, 127.0.0.2, 255.255.255.255, 224.0.0.1, NOT_OURS, UNREACHABLE, "
     "BLACKHOLE, 127.255.255.255, PROHIBITED, SILENT, [::], [::1], [ff02::1], [fe80::1], NOT_OURS6, "
     "UNREACHABLE6, BLACKHOLE6, PROHIBITED6, [::ffff:HOST] of an IPv4 one or OTHER; did you mean 127.0.0.1?"},
    {"getsockname(s0) = 0, addr=", 27, "the end of the line",
     "an address: HOST:PORT, :PORT, a unix name or a family"},
    {"s1 = accept4(s0)", 16, "`)`", "`,` and flags: the call is accept4(sockfd, addr, flags)"},
    {"s1 = accept4(s0, NULL)", 22, "`)`",
     "`,` and flags: the call is accept4(sockfd, addr, flags)"},
    {"ioctl(s0, FIONREAD, 1)", 21, "`1`", "`)`: the call is ioctl(sockfd, request, arg)"},
    {"s1 = accept(s0) = blocks, then", 31, "the end of the line",
     "s1, the handle that the call makes, or -1 and an errno"},
    {"s1 = accept(s0) = blocks 3", 26, "`3`",
     "`,` and more of the reply, `#` or the end of the line"},
    {"s1 = accept(s0) = -1 errno 99999", 28, "`99999`", "errno: a number from 0 to 32767"},
    {"recv(s0, 5, 0) = 5, data=[0;5)", 28, "`;`",
     "`,` and the end: positions such as [0,5), or garbled"},
    {"recv(s0, 5, 0) = 5, data=[0,5]", 30, "`]`", "`)`: positions such as [0,5), or garbled"},
    {"recv(s0, 5, 0) = 5, data=[0,4294967296)", 29, "`4294967296`",
     "a position in the stream, a number from 0 to 4294967295"},
    {"fcntl(s0, F_SETFL, O_NONBLOCK|O_APPEND)", 31, "`O_APPEND`",
     "arg: 0, or O_RDWR, O_NONBLOCK and numbers of 32 bits, joined by |"},
    {"poll(s0, POLLIN) = 1, revents=POLLINN", 31, "`POLLINN`",
     "revents: 0, or POLLIN, POLLOUT, POLLPRI, POLLERR, POLLHUP, POLLNVAL, POLLRDHUP and "
     "numbers of 32 bits, joined by |; did you mean POLLIN?"},
    {"bind(s0, AF_INET6)", 10, "`AF_INET6`",
     "an address: HOST:PORT such as 127.0.0.1:P0 or [::1]:P0, a unix name such as U0 or @A0, "
     "either with FAMILY/ before it, AF_UNSPEC, NULL or BAD_PTR"},
    {"getsockopt(s0, SOL_SOKET, SO_ERROR)", 16, "`SOL_SOKET`",
     "level: SOL_SOCKET, IPPROTO_TCP, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_UDP or a number; did you mean SOL_SOCKET?"},
    {"setsockopt(s0, SOL_SOCKET, SO_REUSEADDR)", 40, "`)`",
     "`,` and optval: the call is setsockopt(sockfd, level, optname, optval)"},
    {"recv(s0, 5, 0x1ffffffff)", 13, "`0x1ffffffff`",
     "flags: 0, or MSG_DONTWAIT, MSG_PEEK, MSG_NOSIGNAL, MSG_OOB, MSG_TRUNC, MSG_WAITALL, "
     "MSG_DONTROUTE, MSG_MORE, MSG_ERRQUEUE, MSG_EOR, MSG_CTRUNC, MSG_CMSG_CLOEXEC and numbers of 32 bits, joined by |"},
    {"bind(s0, [::2]:P0)", 10, "`[::2]`",
     "a host: 0.0.0.0, 127.0.0.1, 127.0.0.2, 255.255.255.255, 224.0.0.1, NOT_OURS, UNREACHABLE, "
     "BLACKHOLE, 127.255.255.255, PROHIBITED, SILENT, [::], [::1], [ff02::1], [fe80::1], NOT_OURS6, "
     "UNREACHABLE6, BLACKHOLE6, PROHIBITED6 or [::ffff:HOST] of an IPv4 one; "
     "did you mean [::]?"},
    {"bind(s0, [::1])", 10, "`[::1]`",
     "an address: HOST:PORT such as 127.0.0.1:P0 or [::1]:P0, a unix name such as U0 or @A0, "
     "either with FAMILY/ before it, AF_UNSPEC, NULL or BAD_PTR"},
    {"bind(s0, [::1]:P9)", 16, "`P9`", "a port: 0, P0 to P7, E0 to E23 or PRIVILEGED"},
    {"bind(s0, [::1]:P0/DIRTY)", 18, "`/DIRTY`",
     "no /DIRTY: only struct sockaddr_in ends in sin_zero"},
    {"bind(s0, LINK_LOP)", 10, "`LINK_LOP`",
     "an address: HOST:PORT such as 127.0.0.1:P0 or [::1]:P0, a unix name such as U0 or @A0, "
     "either with FAMILY/ before it, AF_UNSPEC, NULL or BAD_PTR; did you mean LINK_LOOP?"},
    {"bind(s0, @E24)", 10, "`@E24`",
     "an address: HOST:PORT such as 127.0.0.1:P0 or [::1]:P0, a unix name such as U0 or @A0, "
     "either with FAMILY/ before it, AF_UNSPEC, NULL or BAD_PTR; did you mean @A2?"},
    {"s1 = fcntl(s0, F_GETFL)", 1, "`s1`", "`fcntl(` alone: it makes no descriptor to name"},
    {"fcntl(s0, F_DUPFD, 0)", 1, "`fcntl`", "the handle that names its descriptor: `s1 = fcntl(`"},
    {"fcntl(s0, F_DUPFD)", 18, "`)`", "`,` and arg: the call is fcntl(sockfd, cmd, arg)"},
    {"s1 = fcntl(s1, F_DUPFD, 0)", 12, "`s1`",
     "a handle that an earlier line makes (s0), or -1, NEVER, FILE or PIPE"},
    {"s1 = socketpair(AF_UNIX, SOCK_STREAM, 0, [s1, s2])", 1, "`s1`",
     "`socketpair(` alone: it makes no descriptor to name"},
    {"socketpair(AF_UNIX, SOCK_STREAM, 0)", 35, "`)`",
     "`,` and sv: the call is socketpair(domain, type, protocol, sv)"},
    {"socketpair(AF_UNIX, SOCK_STREAM, 0, s1)", 37, "`s1`",
     "the two handles that name its descriptors, such as [s1, s2]: the call is "
     "socketpair(domain, type, protocol, sv)"},
    {"socketpair(AF_UNIX, SOCK_STREAM, 0, [s1])", 40, "`]`",
     "the two handles that name its descriptors, such as [s1, s2]: the call is "
     "socketpair(domain, type, protocol, sv)"},
    {"socketpair(AF_UNIX, SOCK_STREAM, 0, [s1, s1])", 42, "`s1`",
     "a handle that is not in use, such as s2: line 2 makes s1"},
    {"socketpair(AF_UNIX, SOCK_STREAM, 0, [s0, s1])", 38, "`s0`",
     "a handle that is not in use, such as s1: line 1 makes s0"},
    {"socketpair(AF_UNIX, SOCK_STREAM, 0, [s1, -1])", 42, "`-1`",
     "a handle, s0 to s31: the call is socketpair(domain, type, protocol, sv)"},
    {"socketpair(AF_UNIX, SOCK_STREAM, 0, [s1, s2]) = s1", 49, "`s1`", "0, or -1 and an errno"},
    {"sendto(s0, 5, 0)", 16, "`)`", "`,` and addr: the call is sendto(sockfd, buf, len, flags, addr)"},
    {"recvfrom(s0, 5, 0, NUL)", 20, "`NUL`",
     "NULL, BAD_PTR, addrlen=, or `)`: the call is recvfrom(sockfd, buf, len, flags, addr)"},
    {"recvmsg(s0, addrlen=NULL, 5, 1, NULL, 0)", 21, "`NULL`", "addrlen: a number"},
    {"recvmsg(s0, 5, 1, s1, 0)", 19, "`s1`",
     "msg_control: NULL, or the handle that names a descriptor which comes along, such as [s1]"},
    {"recvmsg(s0, 5, 1, [s0], 0)", 20, "`s0`",
     "a handle that is not in use, such as s1: line 1 makes s0"},
    {"sendmsg(s0, NULL, 5, 1, SCM_RIGHT, 0)", 25, "`SCM_RIGHT`",
     "msg_control: SCM_RIGHTS or a number from 0 to 1; did you mean SCM_RIGHTS?"},
    {"sendmsg(s0, NULL, 5, 1, 2, 0)", 25, "`2`", "msg_control: a number from 0 to 1"},
    {"sendmsg(s0, NULL, 5, 1, SCM_RIGHTS, 0)", 37, "`0`",
     "passed: a handle (s0 to s31), -1, NEVER, FILE or PIPE"},
    {"dup2(s0, FILE)", 10, "`FILE`",
     "a handle or -1: dup2() would end the harness's own FILE; dup it first"},
    {"dup2(s0, NEVER)", 10, "`NEVER`", "a handle or -1: dup2() would make NEVER a descriptor"},
    {"dup2(s0, 7)", 10, "`7`", "newfd: a handle (s0 to s31) or -1"},
    {"dup2(s0, s0) = 0", 16, "`0`", "s0, the descriptor that it was told, or -1 and an errno"},
    {"poll(s0, POLLIN, 51)", 18, "`51`", "timeout: a number from -1 to 50"},
    {"poll(s0, POLLIN 1)", 17, "`1`", "`)`: the call is poll(sockfd, events, timeout)"},
    {"select(s0, POLLIN)", 12, "`POLLIN`",
     "sets: 0, or READ, WRITE, EXCEPT and numbers of 32 bits, joined by |"},
    {"select(s0, READ) = 1, revents=POLLIN", 31, "`POLLIN`",
     "revents: 0, or READ, WRITE, EXCEPT and numbers of 32 bits, joined by |"},
    {"epoll_wait(s0, 5)", 16, "`5`", "maxevents: a number from -2147483648 to 4"},
    {"epoll_wait(s0, 4) = 1, ready=s0", 30, "`s0`", "1 of them, such as [s0 EPOLLIN]"},
    {"epoll_wait(s0, 4) = 1, ready=[s1 EPOLLIN]", 31, "`s1`",
     "a handle that an earlier line makes (s0), or -1, NEVER, FILE or PIPE"},
    {"epoll_wait(s0, 4) = 2, ready=[s0 EPOLLIN]", 41, "`]`",
     "`,` and more: 2 of them, such as [s0 EPOLLIN]"},
    {"epoll_wait(s0, 4) = 1, ready=[s0 EPOLLIN, s0 EPOLLOUT]", 41, "`,`",
     "`]`: 1 of them, such as [s0 EPOLLIN]"},
    {"recvmsg(s0, 5, 1, [s1], 0) = 5, rights=s0", 40, "`s0`", "s1, the handle that the call names"},
    {"recvmsg(s0, 5, 1, NULL, 0) = 5, rights=s0", 40, "`s0`",
     "no rights=: the call names no descriptor that could come along"},
    {"recvmsg(s0, 5, 1, NULL, 0) = 5, flags=MSG_TRUN", 39, "`MSG_TRUN`",
     "flags: 0, or MSG_DONTWAIT, MSG_PEEK, MSG_NOSIGNAL, MSG_OOB, MSG_TRUNC, MSG_WAITALL, "
     "MSG_DONTROUTE, MSG_MORE, MSG_ERRQUEUE, MSG_EOR, MSG_CTRUNC, MSG_CMSG_CLOEXEC and numbers of "
     "32 bits, joined by |; did you mean MSG_TRUNC?"},
    {"getsockname(s0) = 0, addr=U9", 27, "`U9`",
     "an address family: AF_INET, AF_UNSPEC, AF_UNIX, AF_INET6 or a number of 16 bits"},
    {"getsockname(s0) = 0, addr=[::1]", 27, "`[::1]`",
     "an address: HOST:PORT, :PORT, a unix name or a family"},
    {"@bind(s0, NULL)", 1, "`@`",
     "a call: socket, bind, listen, connect, accept, accept4, close, shutdown, dup, "
     "getsockname, getpeername, getsockopt, setsockopt, send, recv, read, write, fcntl, ioctl, "
     "poll, socketpair, sendto, recvfrom, sendmsg, recvmsg, readv, writev, dup2, dup3, select, "
     "epoll_create1, epoll_ctl or epoll_wait"},
};

TEST(Text, EveryParserErrorNamesLineColumnAndWhatWasExpected) {
  for (const Bad& row : kBad) {
    const ParsedText parsed = ParseText(
        "s0 = socket(AF_INET, SOCK_STREAM, 0) = s0\n" + std::string(row.line) + "\n", "a.program");
    ASSERT_FALSE(parsed.ok()) << row.line;
    EXPECT_EQ(parsed.problem.line, 2) << row.line;
    EXPECT_EQ(parsed.problem.column, row.column) << row.line;
    EXPECT_EQ(parsed.problem.what, row.what) << row.line;
    EXPECT_EQ(parsed.problem.expected, row.expected) << row.line;
  }
}

TEST(Text, AProblemReadsAsCompilersWriteThem) {
  EXPECT_EQ(
      ParseText("\nlisten(1)\n", "a.program").problem.Message(),
      "a.program:2:8: found `1`, expected sockfd: a handle (s0 to s31), -1, NEVER, FILE or PIPE");
}

TEST(Text, WhatIsNotAsciiIsShownInHexadecimal) {
  EXPECT_EQ(ParseText("\xff\n", "a").problem.what, "`\\xff`");
}

TEST(Text, ProblemsOfTheEnvironmentAreNamed) {
  const auto message = [](std::string_view text) { return ParseText(text, "a").problem.Message(); };
  EXPECT_EQ(message("env: nofile=0\n"),
            "a:1:13: found `0`, expected nofile: a number from 1 to 32");
  EXPECT_EQ(message("env: nofiles=3\n"),
            "a:1:6: found `nofiles`, expected nofile=1 to 32, ephemeral=1 to 64, uid=nobody or "
            "patience=2s; did you mean nofile?");
  EXPECT_EQ(message("env: ephemeral\n"), "a:1:15: found the end of the line, expected `=`");
  EXPECT_EQ(message("env: uid=root\n"), "a:1:10: found `root`, expected nobody");
  EXPECT_EQ(message("env: uid\n"), "a:1:9: found the end of the line, expected `=`");
  EXPECT_EQ(message("env: uid=nobody uid=nobody\n"),
            "a:1:17: found `uid`, expected another setting than uid=");
  EXPECT_EQ(message("env: patience=1\n"), "a:1:15: found `1`, expected 2s");
  EXPECT_EQ(message("env: patience=2s patience=2s\n"),
            "a:1:18: found `patience`, expected another setting than patience=");
  EXPECT_EQ(message("env: nofile=3 nofile=4\n"),
            "a:1:15: found `nofile`, expected another setting than nofile=");
  EXPECT_EQ(message("env:\nenv:\n"),
            "a:2:1: found `env:`, expected a call or a comment: the environment has been given");
}

TEST(Text, AHandleIsUsedBelowTheLineThatMakesIt) {
  EXPECT_EQ(ParseText("close(s0)\n", "a").problem.Message(),
            "a:1:7: found `s0`, expected a handle that an earlier line makes (there is none), "
            "or -1 or NEVER");
}

TEST(Text, AProgramEndsAtItsLastCall) {
  std::string text;
  for (int i = 0; i < kMaxCalls; ++i) text += "close(-1)\n";
  EXPECT_TRUE(ParseText(text, "a").ok());
  EXPECT_EQ(ParseText(text + "close(-1)\n", "a").problem.Message(),
            "a:129:1: found `close`, expected no more calls: a program has at most 128");
}

TEST(Text, AFirstHalfMaySayThatItCameBackAtOnce) {
  constexpr std::string_view kText =
      "s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
      "t1: s1 = accept(s0) <unfinished ...>  = -1 EINVAL\n"
      "t1: <... accept resumed>              = -1 EINVAL\n";
  const Transcript transcript = MustParse(kText);
  EXPECT_EQ(transcript.said[1].reply, Reply{.error = EINVAL});
  EXPECT_EQ(PrintText(transcript), kText);
}

TEST(Text, AThreadCannotCallWhileItIsInACall) {
  constexpr std::string_view kText =
      "s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
      "t1: s1 = accept(s0) <unfinished ...>\n";
  const auto message = [&](std::string_view line) {
    return ParseText(std::string(kText) + std::string(line) + "\n", "a").problem.Message();
  };
  EXPECT_EQ(message("t1: close(s0)"),
            "a:3:5: found `close`, expected `t1: <... accept resumed>`, since that call has not "
            "returned");
  EXPECT_EQ(message("t1: <... connect resumed>"),
            "a:3:10: found `connect`, expected `t1: <... accept resumed>`, since that call has not "
            "returned");
  EXPECT_TRUE(ParseText(std::string(kText) + "close(s0)\n", "a").ok());
}

}  // namespace
}  // namespace sockspec
