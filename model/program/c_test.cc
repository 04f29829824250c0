#include "model/program/c.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/program/arbitrary.h"
#include "model/program/bytes.h"
#include "model/program/program.h"
#include "model/program/run_shell.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

constexpr int kConforms = 0;
constexpr int kDiverges = 1;
constexpr int kCannotRun = 125;

// `cc` is what people will type. The second one and the flags are what is known to warn of other
// things.
constexpr std::string_view kCompilers[] = {
    "cc -Wall -Wextra -Werror",
    "clang -std=c99 -Wall -Wextra -Werror",
    "cc -O2 -D_FORTIFY_SOURCE=2 -Wall -Wextra -Werror",
};

Transcript MustParse(std::string_view text) {
  ParsedText parsed = ParseText(text, "test");
  EXPECT_TRUE(parsed.ok()) << parsed.problem.Message() << "\nin\n" << text;
  return parsed.transcript;
}

std::string TemporaryPath(std::string_view name) {
  const char* directory = getenv("TEST_TMPDIR");
  return std::string(directory != nullptr ? directory : "/tmp") + "/" + std::string(name);
}

bool Has(std::string_view compiler) {
  const std::string name(compiler.substr(0, compiler.find(' ')));
  return RunShell("command -v " + name).status == 0;
}

void Write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

// Compiles the C form of `transcript` with every compiler there is, and runs what the first one
// made.
Ran CompileAndRun(const Transcript& transcript, const CHeader& header = {}) {
  const std::string source = TemporaryPath("repro.c");
  const std::string binary = TemporaryPath("repro");
  const std::string text = EmitC(transcript, header);
  EXPECT_EQ(text, EmitC(transcript, header)) << "the same program gives the same file";
  Write(source, text);
  for (const std::string_view compiler : kCompilers) {
    if (!Has(compiler)) continue;
    const bool is_first = compiler == kCompilers[0];
    const Ran compiled = RunShell(std::string(compiler) + " -o " + binary +
                                  (is_first ? "" : ".other") + " " + source);
    EXPECT_EQ(compiled.status, 0) << compiler << "\n" << compiled.output << "\n" << text;
  }
  return RunShell(binary);
}

// A container may refuse namespaces. The file says so, and then nothing can be learned from it.
#define SKIP_IF_IT_CANNOT_RUN_HERE(ran) \
  if ((ran).status == kCannotRun) GTEST_SKIP() << (ran).output

// Each conforms on every Linux that we know, replies that may differ between versions left out.
struct Example {
  std::string_view name;
  std::string_view text;
};

constexpr Example kExamples[] = {
    {"connection", R"(
s0 = socket(AF_INET, SOCK_STREAM, 0)                 = s0
bind(s0, 127.0.0.1:P0)                               = 0              # @bind.explicit
listen(s0, 1)                                        = 0
s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)   = s1
connect(s1, 127.0.0.1:P0)                            = -1 EINPROGRESS
s2 = accept4(s0, SOCK_CLOEXEC)                       = s2, addr=127.0.0.1:E0
getsockname(s2)                                      = 0, addr=127.0.0.1:P0
getpeername(s2)                                      = 0, addr=127.0.0.1:E0
fcntl(s2, F_GETFD)                                   = FD_CLOEXEC
fcntl(s1, F_GETFL)                                   = O_RDWR|O_NONBLOCK
fcntl(s1, F_SETFL, 0)                                = 0
fcntl(s1, F_GETFL)                                   = O_RDWR
poll(s1, POLLIN|POLLOUT)                             = 1, revents=POLLOUT
)"},
    {"data", R"(
s0 = socket(AF_INET, SOCK_STREAM, 0)                 = s0
bind(s0, 127.0.0.1:P0)                               = 0
listen(s0, 1)                                        = 0
s1 = socket(AF_INET, SOCK_STREAM, 0)                 = s1
connect(s1, 127.0.0.1:P0)                            = 0
s2 = accept(s0, NULL)                                = s2
s3 = dup(s1)                                         = s3
send(s1, 200, 0)                                     = 200
write(s3, 100)                                       = 100
ioctl(s2, FIONREAD)                                  = 0, value=300
recv(s2, 5, MSG_PEEK)                                = 5, data=[0,5)
read(s2, 240)                                        = 240, data=[0,240)
recv(s2, 100, MSG_DONTWAIT)                          = 60, data=[240,300)
recv(s2, 1, MSG_DONTWAIT)                            = -1 EAGAIN
shutdown(s3, SHUT_WR)                                = 0
recv(s2, 1, 0)                                       = 0
ioctl(s2, SIOCATMARK)                                = 0, value=0
write(s1, 1)                                         = -1 EPIPE, signal=SIGPIPE
send(s1, 1, MSG_NOSIGNAL)                            = -1 EPIPE
send(s2, BAD_PTR, 5, 0)                              = -1 EFAULT
recv(s1, NULL, 0, MSG_DONTWAIT)                      = -1 EAGAIN
)"},
    {"addresses", R"(
s0 = socket(AF_INET, SOCK_STREAM, 0)                 = s0
bind(s0, 127.0.0.1:P0, addrlen=15)                   = -1 EINVAL
bind(s0, 127.0.0.1:P0, addrlen=-1)                   = -1 EINVAL
bind(s0, AF_INET6/127.0.0.1:P0)                      = -1 EAFNOSUPPORT
bind(s0, NOT_OURS:P0)                                = -1 EADDRNOTAVAIL
bind(s0, BAD_PTR)                                    = -1 EFAULT
bind(s0, NULL)                                       = -1 EFAULT
bind(s0, 127.0.0.2:P1/DIRTY, addrlen=128)            = 0
getsockname(s0, addrlen=4)                           = 0, addr=:P1
getsockname(s0, addrlen=8)                           = 0, addr=127.0.0.2:P1
getsockname(s0, addrlen=2)                           = 0, addr=AF_INET
getsockname(s0, addrlen=0)                           = 0, addrlen=16
getsockname(s0, addrlen=128)                         = 0, addr=127.0.0.2:P1, addrlen=16
getsockname(s0, addrlen=-1)                          = -1 EINVAL
getsockname(s0, NULL)                                = -1 EFAULT
getsockname(s0, NULL, addrlen=0)                     = 0, addrlen=16
getsockname(s0, addrlen=BAD_PTR)                     = -1 EFAULT
getsockname(s0, BAD_PTR)                             = -1 EFAULT
s1 = socket(AF_INET, SOCK_STREAM, 0)                 = s1
connect(s1, 127.0.0.1:E0)                            = -1 ECONNREFUSED
connect(s1, UNREACHABLE:P0)                          = -1 EHOSTUNREACH
connect(s1, BLACKHOLE:P0)                            = -1 EINVAL
connect(s1, NOT_OURS:P0)                             = -1 ENETUNREACH
connect(s1, 224.0.0.1:P0)                            = -1 ENETUNREACH
bind(s1, 0.0.0.0:0)                                  = 0
getsockname(s1)                                      = 0, addr=0.0.0.0:E0
connect(s1, 127.0.0.1:E0)                            = 0
getpeername(s1)                                      = 0, addr=127.0.0.1:E0
connect(s1, AF_UNSPEC)                               = 0
)"},
    {"options", R"(
s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP)   = s0
setsockopt(s0, SOL_SOCKET, SO_LINGER, {1, 7})                  = 0
getsockopt(s0, SOL_SOCKET, SO_LINGER)                          = 0, value={1, 7}
getsockopt(s0, SOL_SOCKET, SO_LINGER, len=4)                   = 0, value={1, 0}, len=4
setsockopt(s0, SOL_SOCKET, SO_LINGER, {1, 7}, len=4)           = -1 EINVAL
setsockopt(s0, SOL_SOCKET, SO_LINGER, NULL)                    = -1 EFAULT
getsockopt(s0, SOL_SOCKET, SO_TYPE)                            = 0, value=SOCK_STREAM
getsockopt(s0, SOL_SOCKET, SO_DOMAIN)                          = 0, value=AF_INET
getsockopt(s0, SOL_SOCKET, SO_PROTOCOL, len=1)                 = 0, value=IPPROTO_TCP, len=1
getsockopt(s0, SOL_SOCKET, SO_ACCEPTCONN, len=128)             = 0, value=0, len=4
getsockopt(s0, SOL_SOCKET, 9999)                               = -1 ENOPROTOOPT
setsockopt(s0, SOL_SOCKET, SO_REUSEADDR, -2147483648)          = 0
getsockopt(s0, SOL_SOCKET, SO_REUSEADDR)                       = 0, value=1
ioctl(s0, FIONBIO, 0)                                          = 0
connect(s0, 127.0.0.1:P0)                                      = -1 ECONNREFUSED
ioctl(s0, FIONBIO, 1)                                          = 0
connect(s0, 127.0.0.1:P0)                                      = -1 EINPROGRESS
getsockopt(s0, SOL_SOCKET, SO_ERROR)                           = 0, value=ECONNREFUSED
getsockopt(s0, SOL_SOCKET, SO_ERROR, BAD_PTR)                  = -1 EFAULT
)"},
    {"descriptors", R"(
env: nofile=3
s0 = socket(AF_INET, SOCK_STREAM, 0)   = s0
s1 = dup(FILE)                         = s1
listen(s1, 1)                          = -1 ENOTSOCK
s2 = dup(s0)                           = s2
s3 = dup(s0)                           = -1 EMFILE
close(s3)                              = -1 EBADF
close(s0)                              = 0
close(s0)                              = -1 EBADF
s4 = dup(PIPE)                         = s4
connect(s0, 127.0.0.1:P0)              = -1 ENOTSOCK
read(FILE, 5)                          = 0
read(PIPE, 0)                          = 0
write(PIPE, 1)                         = -1 EBADF
shutdown(NEVER, SHUT_RDWR)             = -1 EBADF
listen(-1, 2147483647)                 = -1 EBADF
)"},
    {"blocking", R"(
s0 = socket(AF_INET, SOCK_STREAM, 0)   = s0
bind(s0, 0.0.0.0:PRIVILEGED)           = 0
listen(s0, 0)                          = 0
s1 = accept(s0)                        = blocks, then -1 EINTR
s2 = accept(s0)                        = blocks
read(PIPE, 1)                          = blocks, then -1 EINTR
)"},
    {"few ports", R"(
env: ephemeral=1
s0 = socket(AF_INET, SOCK_STREAM, 0)   = s0
s1 = socket(AF_INET, SOCK_STREAM, 0)   = s1
bind(s0, 127.0.0.1:0)                  = 0
bind(s1, 127.0.0.1:0)                  = -1 EADDRINUSE
getsockname(s0)                        = 0, addr=127.0.0.1:E0
bind(s1, 127.0.0.1:E0)                 = -1 EADDRINUSE
)"},
    {"odd numbers", R"(
s0 = socket(99, 15|SOCK_NONBLOCK|0x100, -1)             = -1 EINVAL
s1 = socket(AF_INET, SOCK_STREAM, 300)                  = -1 EINVAL
s2 = socket(AF_INET, SOCK_STREAM, 0)                    = s2
listen(s2, -2147483648)                                 = 0
s3 = accept4(s2, 0x80000001)                            = -1 EINVAL
shutdown(s2, -1)                                        = -1 EINVAL
poll(s2, 0x1000)                                        = 0
fcntl(s2, F_SETFL, O_NONBLOCK|0x80000000)               = 0
)"},
    {"IPv6", R"(
s0 = socket(AF_INET6, SOCK_STREAM, 0)             = s0
bind(s0, [::1]:P0)                                = 0
listen(s0, 1)                                     = 0
s1 = socket(AF_INET6, SOCK_STREAM, 0)             = s1
connect(s1, [::1]:P0)                             = 0
s2 = accept(s0)                                   = s2, addr=[::1]:E0
getsockname(s2)                                   = 0, addr=[::1]:P0
getpeername(s2)                                   = 0, addr=[::1]:E0
getsockname(s2, addrlen=28)                       = 0, addr=[::1]:P0
getsockname(s2, addrlen=24)                       = 0, addr=[::1]:P0
getsockname(s2, addrlen=20)                       = 0, addr=AF_INET6/:P0
getsockname(s2, addrlen=2)                        = 0, addr=AF_INET6
getsockname(s2, addrlen=0)                        = 0, addrlen=28
s3 = socket(AF_INET6, SOCK_STREAM, 0)             = s3
connect(s3, UNREACHABLE6:P0)                      = -1 EHOSTUNREACH
connect(s3, BLACKHOLE6:P0)                        = -1 EINVAL
connect(s3, PROHIBITED6:P0)                       = -1 EACCES
connect(s3, NOT_OURS6:P0)                         = -1 ENETUNREACH
connect(s3, [::ffff:UNREACHABLE]:P0)              = -1 EHOSTUNREACH
connect(s3, [::ffff:PROHIBITED]:P0)               = -1 EACCES
connect(s3, [fe80::1]:P0)                         = -1 EINVAL
bind(s3, AF_INET/[::1]:P0)                        = -1 EAFNOSUPPORT
bind(s3, [::1]:P0, addrlen=27)                    = -1 EADDRINUSE
bind(s3, [::ffff:127.0.0.1]:P1)                   = 0
getsockname(s3)                                   = 0, addr=[::ffff:127.0.0.1]:P1
bind(s3, AF_UNIX/[::1]:P0)                        = -1 EAFNOSUPPORT
recvfrom(s2, 0, MSG_DONTWAIT)                     = -1 EAGAIN
s4 = socket(AF_INET, SOCK_DGRAM|SOCK_NONBLOCK, 0) = s4
connect(s4, SILENT:P0)                            = 0
getsockname(s4)                                   = 0, addr=127.0.0.1:E1
connect(s4, PROHIBITED:P0)                        = -1 EACCES
connect(s4, 127.255.255.255:P0)                   = -1 EACCES
)"},
    {"unix names", R"(
s0 = socket(AF_UNIX, SOCK_STREAM, 0) = s0
bind(s0, MISSING_DIR)                = -1 ENOENT
bind(s0, NOT_A_DIR)                  = -1 ENOTDIR
bind(s0, LINK_LOOP)                  = -1 EADDRINUSE
bind(s0, LONG_NAME)                  = -1 EADDRINUSE
bind(s0, READ_ONLY)                  = -1 EROFS
bind(s0, REGULAR)                    = -1 EADDRINUSE
bind(s0, U0)                         = 0
getsockname(s0)                      = 0, addr=U0
getsockname(s0, addrlen=2)           = 0, addr=UNNAMED, addrlen=5
getsockname(s0, addrlen=4)           = 0, addr=UNNAMED, addrlen=5
listen(s0, 1)                        = 0
s1 = socket(AF_UNIX, SOCK_STREAM, 0) = s1
connect(s1, U0)                      = 0
s2 = accept(s0)                      = s2, addr=UNNAMED
getpeername(s1)                      = 0, addr=U0
getsockname(s1)                      = 0, addr=UNNAMED
s3 = socket(AF_UNIX, SOCK_DGRAM, 0)  = s3
bind(s3, UNNAMED)                    = 0
getsockname(s3)                      = 0, addr=@E0
s4 = socket(AF_UNIX, SOCK_DGRAM, 0)  = s4
bind(s4, @A0)                        = 0
sendto(s3, 5, 0, @A0)                = 5
recvfrom(s4, 10, 0)                  = 5, addr=@E0, data=[0,5)
sendto(s4, 3, 0, @E0)                = 3
recvfrom(s3, 10, 0)                  = 3, addr=@A0, data=[0,3)
sendto(s4, 3, 0, @E1)                = -1 ECONNREFUSED
connect(s3, REGULAR)                 = -1 ECONNREFUSED
s5 = socket(AF_UNIX, SOCK_DGRAM, 0)  = s5
bind(s5, LOCKED_DIR)                 = 0
getsockname(s5)                      = 0, addr=LOCKED_DIR
bind(s5, AF_UNIX/127.0.0.1:P0)       = -1 EINVAL
s6 = socket(AF_UNIX, SOCK_DGRAM, 0)  = s6
bind(s6, U1, addrlen=3)              = 0
getsockname(s6)                      = 0, addr=OTHER, addrlen=4
s7 = socket(AF_UNIX, SOCK_DGRAM, 0)  = s7
bind(s7, AF_UNIX/127.0.0.1:P0)       = 0
getsockname(s7)                      = 0, addr=OTHER, addrlen=6
)"},
    {"nobody", R"(
env: uid=nobody
s0 = socket(AF_UNIX, SOCK_STREAM, 0) = s0
bind(s0, LOCKED_DIR)                 = -1 EACCES
bind(s0, READ_ONLY)                  = -1 EROFS
bind(s0, U0)                         = 0
s1 = socket(AF_INET, SOCK_STREAM, 0) = s1
bind(s1, 127.0.0.1:PRIVILEGED)       = -1 EACCES
s2 = socket(AF_INET, SOCK_RAW, 1)    = -1 EPERM
)"},
    {"messages and pieces", R"(
socketpair(AF_UNIX, SOCK_STREAM, 0, [s0, s1])               = 0
s2 = dup(FILE)                                              = s2
sendmsg(s0, NULL, 10, 3, SCM_RIGHTS, s2, 0)                 = 10
recvmsg(s1, 20, 2, [s3], 0)                                 = 10, addrlen=0, data=[0,10), rights=s3
read(s3, 4)                                                 = 0
sendmsg(s0, NULL, 10, 3, 0, 0)                              = 10
recvmsg(s1, 5, 1, NULL, MSG_DONTWAIT)                       = 5, addrlen=0, data=[10,15)
readv(s1, 3, 2)                                             = 3, data=[15,18)
writev(s1, 7, 3)                                            = 7
readv(s0, 7, 3)                                             = 7, data=[0,7)
sendmsg(s0, NULL, 3, 1, SCM_RIGHTS, s1, MSG_DONTWAIT)       = 3
recvmsg(s1, 5, 1, NULL, MSG_DONTWAIT)                       = 5, addrlen=0, data=[18,23), flags=MSG_CTRUNC
sendmsg(s0, NULL, 3, 1, SCM_RIGHTS, s0, MSG_DONTWAIT)       = 3
recvmsg(s1, 5, 1, [s4], MSG_DONTWAIT)                       = 3, addrlen=0, data=[23,26), rights=s4
write(s4, 5)                                                = 5
recvmsg(s1, 2, 1, [s5], MSG_DONTWAIT)                       = 2, addrlen=0, data=[26,28)
readv(s1, 3, 1025)                                          = -1 EINVAL
readv(s1, 3, -1)                                            = -1 EINVAL
writev(s1, BAD_PTR, 3, 2)                                   = -1 EFAULT
sendmsg(s1, NULL, NULL, 3, 2, 0, 0)                         = -1 EFAULT
recvmsg(s1, BAD_PTR, addrlen=16, 10, 1, NULL, MSG_DONTWAIT) = 3, addrlen=0, data=[28,31)
socketpair(AF_INET, SOCK_STREAM, 0, [s6, s7])               = -1 EOPNOTSUPP
socketpair(AF_UNIX, SOCK_DGRAM, 0, [s8, s9])                = 0
send(s8, 10, 0)                                             = 10
recvmsg(s9, 5, 1, NULL, 0)                                  = 5, addrlen=0, data=[0,5), flags=MSG_TRUNC
send(s8, 10, 0)                                             = 10
recv(s9, 5, MSG_TRUNC)                                      = 10, data=[10,15)
)"},
    {"duplicates", R"(
s0 = socket(AF_INET, SOCK_STREAM, 0) = s0
s1 = socket(AF_INET, SOCK_DGRAM, 0)  = s1
dup2(s0, s1)                         = s1
dup3(s0, s1, O_CLOEXEC)              = s1
dup3(s0, s0, 0)                      = -1 EINVAL
dup2(s0, -1)                         = -1 EBADF
dup2(-1, s1)                         = -1 EBADF
dup2(s0, s0)                         = s0
dup2(FILE, s0)                       = s0
fcntl(s1, F_GETFD)                   = FD_CLOEXEC
fcntl(s1, F_SETFD, FD_CLOEXEC)       = 0
s2 = fcntl(s1, F_DUPFD, 0)           = s2
s3 = fcntl(s1, F_DUPFD_CLOEXEC, 0)   = s3
s4 = fcntl(s1, F_DUPFD, -1)          = -1 EINVAL
s5 = fcntl(s1, F_DUPFD, 2147483647)  = -1 EINVAL
dup3(NEVER, s1, 1)                   = -1 EINVAL
)"},
    {"readiness", R"(
socketpair(AF_UNIX, SOCK_STREAM, 0, [s0, s1])              = 0
select(s0, READ|WRITE|EXCEPT)                              = 1, revents=WRITE
select(s0, READ, 10)                                       = 0
select(s0, READ, -1)                                       = blocks, then -1 EINTR
select(-1, READ)                                           = 0
select(-1, 0, 10)                                          = 0
select(NEVER, READ)                                        = 0
select(FILE, READ)                                         = 1, revents=READ
poll(s0, POLLIN, 10)                                       = 0
poll(s0, POLLIN, -1)                                       = blocks, then -1 EINTR
s2 = epoll_create1(EPOLL_CLOEXEC)                          = s2
epoll_ctl(s2, EPOLL_CTL_ADD, s0, EPOLLIN|EPOLLOUT|EPOLLET) = 0
epoll_ctl(s2, EPOLL_CTL_ADD, s1, EPOLLIN|EPOLLRDHUP)       = 0
epoll_ctl(s2, EPOLL_CTL_ADD, PIPE, EPOLLIN)                = 0
epoll_ctl(s2, EPOLL_CTL_ADD, FILE, EPOLLIN)                = -1 EPERM
epoll_wait(s2, 4)                                          = 1, ready=[s0 EPOLLOUT]
epoll_wait(s2, 4, 10)                                      = 0
write(s0, 5)                                               = 5
epoll_wait(s2, 4)                                          = 1, ready=[s1 EPOLLIN]
close(s0)                                                  = 0
epoll_wait(s2, 4, -1)                                      = 1, ready=[s1 EPOLLIN|EPOLLHUP|EPOLLRDHUP]
epoll_ctl(s2, EPOLL_CTL_DEL, s1)                           = 0
epoll_ctl(s2, 0, s1, EPOLLIN)                              = -1 EINVAL
epoll_wait(s2, 0)                                          = -1 EINVAL
epoll_wait(s2, 4, -1)                                      = blocks, then -1 EINTR
epoll_wait(s1, 1)                                          = -1 EINVAL
)"},
    {"threads", R"(
env: nofile=6
s0 = socket(AF_INET, SOCK_STREAM, 0)      = s0
bind(s0, 127.0.0.1:P0)                    = 0
listen(s0, 1)                             = 0
s1 = socket(AF_INET, SOCK_STREAM, 0)      = s1
t1: s2 = accept(s0) <unfinished ...>
connect(s1, 127.0.0.1:P0)                 = 0
t1: <... accept resumed>                  = s2, addr=127.0.0.1:E0
t1: recv(s2, 5, 0) <unfinished ...>
t2: poll(s1, POLLIN, -1) <unfinished ...>
send(s1, 3, 0)                            = 3
t1: <... recv resumed>                    = 3, data=[0,3)
t1: write(s2, 4)                          = 4
t2: <... poll resumed>                    = 1, revents=POLLIN
t1: recv(s2, 5, 0) <unfinished ...>
recv(s2, 5, 0)                            = blocks, then -1 EINTR
t1: <... recv resumed>                    = blocks, then -1 EINTR
t1: recv(s2, 5, MSG_DONTWAIT)             = -1 EAGAIN
t1: recv(s2, 5, 0) <unfinished ...>
s3 = accept(FILE)                         = -1 ENOTSOCK
)"},
    {"datagrams", R"(
s0 = socket(AF_INET, SOCK_DGRAM, 0)       = s0
bind(s0, 127.0.0.1:P0)                    = 0
s1 = socket(AF_INET, SOCK_DGRAM, 0)       = s1
sendto(s1, 5, 0, 127.0.0.1:P0)            = 5
recvfrom(s0, 10, 0)                       = 5, addr=127.0.0.1:E0, data=[0,5)
sendto(s0, 7, 0, 127.0.0.1:E0)            = 7
recvfrom(s1, 3, MSG_TRUNC, addrlen=8)     = 7, addr=127.0.0.1:P0, data=[0,3)
sendmsg(s1, 127.0.0.1:P0, 5, 2, 0, 0)     = 5
recvmsg(s0, 3, 2, NULL, 0)                = 3, addr=127.0.0.1:E0, data=[5,8), flags=MSG_TRUNC
sendto(s1, 5, 0, NULL)                    = -1 EDESTADDRREQ
sendto(s1, 0, 0, 127.0.0.1:P0)            = 0
recvfrom(s0, NULL, 10, 0)                 = 0, addr=127.0.0.1:E0
sendto(s1, 5, 0, 127.0.0.1:P0)            = 5
recvfrom(s0, BAD_PTR, 10, MSG_PEEK, NULL) = -1 EFAULT
recvfrom(s0, BAD_PTR, 10, 0)              = -1 EFAULT
epoll_wait(s0, -1)                        = -1 EINVAL
writev(s0, 5, -1)                         = -1 EINVAL
)"},
    {"nothing said", R"(
s0 = socket(AF_INET, SOCK_STREAM, 0)
getsockname(s0)
poll(s0, POLLIN)
getsockopt(s0, SOL_SOCKET, SO_TYPE)
fcntl(s0, F_GETFL)
)"},
    {"no call", ""},
};

TEST(C, RightExpectationsExitWithZero) {
  for (const Example& example : kExamples) {
    SCOPED_TRACE(example.name);
    const Ran ran = CompileAndRun(MustParse(example.text));
    SKIP_IF_IT_CANNOT_RUN_HERE(ran);
    EXPECT_EQ(ran.status, kConforms) << ran.output;
    EXPECT_EQ(ran.output.find("<-- differs"), std::string::npos) << ran.output;
  }
}

// The reply of one call is made wrong, and what comes after it is left out.
TEST(C, AWrongReplyOfAnyCallExitsWithOne) {
  std::set<Op> found;
  for (const Example& example : kExamples) {
    const Transcript whole = MustParse(example.text);
    for (size_t i = 0; i < whole.said.size(); ++i) {
      const Call& call = whole.program.calls[i];
      if (!whole.said[i].reply || call.part != Part::kWhole || !found.insert(call.op).second) continue;
      SCOPED_TRACE(PrintCall(call));
      Transcript wrong = whole;
      wrong.program.calls.resize(i + 1);
      wrong.said.resize(i + 1);
      wrong.said[i].reply = Reply{.error = EDOM};
      const Ran ran = CompileAndRun(wrong);
      SKIP_IF_IT_CANNOT_RUN_HERE(ran);
      EXPECT_EQ(ran.status, kDiverges) << ran.output;
      EXPECT_NE(ran.output.find("\n1 of "), std::string::npos) << ran.output;
    }
  }
  EXPECT_EQ(found.size(), static_cast<size_t>(kOpCount)) << "every call has an example";
}

TEST(C, AWrongExpectationExitsWithOneAndIsMarked) {
  constexpr std::string_view kText = R"(
s0 = socket(AF_INET, SOCK_STREAM, 0)   = s0
bind(s0, 127.0.0.1:P0)                 = 0
listen(s0, 1)                          = -1 EADDRINUSE
getsockname(s0)                        = 0, addr=127.0.0.1:P1
poll(s0, POLLIN)                       = 0
)";
  const Ran ran = CompileAndRun(MustParse(kText));
  SKIP_IF_IT_CANNOT_RUN_HERE(ran);
  EXPECT_EQ(ran.status, kDiverges);
  EXPECT_EQ(ran.output,
            "call                                  expected              actual\n"
            "s0 = socket(AF_INET, SOCK_STREAM, 0)  s0                    s0\n"
            "bind(s0, 127.0.0.1:P0)                0                     0\n"
            "listen(s0, 1)                         -1 EADDRINUSE         0  <-- differs\n"
            "getsockname(s0)                       0, addr=127.0.0.1:P1  0, addr=127.0.0.1:P0"
            "  <-- differs\n"
            "poll(s0, POLLIN)                      0                     0\n"
            "\n2 of 5 replies differ.\n");
}

TEST(C, WhereAnEarlierReplyDiffersTheCallThatIsAskedAboutIsNotJudged) {
  constexpr std::string_view kProgram = R"(
s0 = socket(AF_INET, SOCK_STREAM, 0)   = s0
bind(s0, 127.0.0.1:P0)                 = {}
listen(s0, 1)                          = {}
)";
  struct Row {
    std::string_view bind, listen;
    int status;
  };
  for (const Row& row : {Row{"0", "0", 0}, Row{"0", "-1 EADDRINUSE", kDiverges}, Row{"-1 EACCES", "0", kCannotRun},
                         Row{"-1 EACCES", "-1 EADDRINUSE", kCannotRun}}) {
    std::string text(kProgram);
    text.replace(text.find("{}"), 2, row.bind);
    text.replace(text.find("{}"), 2, row.listen);
    const Ran ran = CompileAndRun(MustParse(text), {.title = {}, .asked = 2});
    if (row.status != kCannotRun) SKIP_IF_IT_CANNOT_RUN_HERE(ran);
    EXPECT_EQ(ran.status, row.status) << ran.output;
    const bool said = ran.output.find("It cannot be asked here: a reply before it differs.") != std::string::npos;
    EXPECT_EQ(said, row.status == kCannotRun) << ran.output;
  }
}

TEST(C, WhatIsRightTooIsNoDifference) {
  const Transcript transcript = MustParse("s0 = socket(AF_INET, SOCK_STREAM, 0) = s0\nlisten(s0, 1) = -1 EADDRINUSE\n");
  const CHeader header{.title = {}, .complete = true, .asked = 1, .also_right = {{.error = EINVAL}, {.value = 0}}};
  const Ran ran = CompileAndRun(transcript, header);
  SKIP_IF_IT_CANNOT_RUN_HERE(ran);
  EXPECT_EQ(ran.status, 0) << ran.output;
  const Ran neither = CompileAndRun(transcript, {.title = {}, .complete = true, .asked = 1, .also_right = {{.error = EINVAL}}});
  EXPECT_EQ(neither.status, kDiverges) << neither.output;
}

TEST(C, OnlyACallThatIsSaidToBlockMay) {
  constexpr std::string_view kText = R"(
s0 = socket(AF_INET, SOCK_STREAM, 0)   = s0
listen(s0, 0)                          = 0
s1 = accept(s0)                        = -1 EINTR
)";
  const Ran ran = CompileAndRun(MustParse(kText));
  SKIP_IF_IT_CANNOT_RUN_HERE(ran);
  EXPECT_EQ(ran.status, kDiverges);
  EXPECT_NE(ran.output.find("blocks, then -1 EINTR  <-- differs"), std::string::npos) << ran.output;
}

// What came back without being written is compared only where the replies are said to be complete.
TEST(C, ACompleteReplyMustSayAll) {
  struct Row {
    std::string_view last;
    int partial;
    int complete;
  };
  constexpr Row kRows[] = {
      {"getsockname(s0) = 0, addr=127.0.0.1:P0", kConforms, kConforms},
      {"getsockname(s0) = 0", kConforms, kDiverges},
      {"getsockname(s0, addrlen=15) = 0, addr=127.0.0.1:P0", kConforms, kConforms},
      {"getsockname(s0, addrlen=0) = 0", kConforms, kConforms},
      {"write(s0, 1) = -1 EPIPE, signal=SIGPIPE", kConforms, kConforms},
      {"write(s0, 1) = -1 EPIPE", kConforms, kDiverges},
      {"send(s0, 1, MSG_NOSIGNAL) = -1 EPIPE", kConforms, kConforms},
      {"getsockopt(s0, SOL_SOCKET, SO_ERROR) = 0", kConforms, kDiverges},
      {"getsockopt(s0, SOL_SOCKET, SO_ERROR, len=2) = 0, value=0", kConforms, kDiverges},
      {"getsockopt(s0, SOL_SOCKET, SO_ERROR, len=2) = 0, value=0, len=2", kConforms, kConforms},
      {"poll(s0, POLLHUP) = 1", kConforms, kDiverges},
      {"poll(s0, POLLHUP) = 1, revents=POLLHUP", kConforms, kConforms},
      {"ioctl(s0, FIONREAD) = 0", kConforms, kDiverges},
  };
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.last);
    const Transcript transcript =
        MustParse("s0 = socket(AF_INET, SOCK_STREAM, 0) = s0\nbind(s0, 127.0.0.1:P0) = 0\n" +
                  std::string(row.last) + "\n");
    const Ran partial = CompileAndRun(transcript);
    SKIP_IF_IT_CANNOT_RUN_HERE(partial);
    EXPECT_EQ(partial.status, row.partial) << partial.output;
    const Ran complete = CompileAndRun(transcript, {.title = {}, .complete = true});
    EXPECT_EQ(complete.status, row.complete) << complete.output;
  }
}

TEST(C, ACallThatIsSaidToBlockMustNotComeBackByItself) {
  constexpr std::string_view kText = R"(
socketpair(AF_UNIX, SOCK_STREAM, 0, [s0, s1])  = 0
write(s0, 5)                                   = 5
t1: read(s1, 5) <unfinished ...>
t1: <... read resumed>                         = 5, data=[0,5)
)";
  const Ran ran = CompileAndRun(MustParse(kText));
  SKIP_IF_IT_CANNOT_RUN_HERE(ran);
  EXPECT_EQ(ran.status, kDiverges);
  EXPECT_NE(ran.output.find("blocks         comes back  <-- differs\n"), std::string::npos) << ran.output;
  EXPECT_NE(ran.output.find("\n1 of 4 replies differ.\n"), std::string::npos) << ran.output;
}

// A line that is too long is broken, but a string is not.
TEST(C, ALongCallInAThreadCompiles) {
  constexpr std::string_view kText = R"(
s0 = socket(AF_INET, SOCK_DGRAM, 0)  = s0
t1: recvfrom(s0, 4096, MSG_PEEK|MSG_NOSIGNAL|MSG_TRUNC|MSG_WAITALL, addrlen=2147483647) <unfinished ...>
t1: <... recvfrom resumed>           = blocks, then -1 EINTR
)";
  const Ran ran = CompileAndRun(MustParse(kText));
  SKIP_IF_IT_CANNOT_RUN_HERE(ran);
  EXPECT_EQ(ran.status, kConforms) << ran.output;
}

// What it may make is gone when it has ended. It sees an empty /tmp that is its own.
TEST(C, NothingIsLeftBehind) {
  constexpr std::string_view kText = R"(
env: uid=nobody
s0 = socket(AF_UNIX, SOCK_STREAM, 0)  = s0
bind(s0, U0)                          = 0
dup2(FILE, s0)                        = s0
s1 = socket(AF_UNIX, SOCK_STREAM, 0)  = s1
bind(s1, LOCKED_DIR)                  = -1 EACCES
bind(s1, READ_ONLY)                   = -1 EROFS
connect(s1, REGULAR)                  = -1 ECONNREFUSED
)";
  const std::string binary = TemporaryPath("repro");
  const Ran ran = CompileAndRun(MustParse(kText));
  SKIP_IF_IT_CANNOT_RUN_HERE(ran);
  EXPECT_EQ(ran.status, kConforms) << ran.output;
  const std::string user = geteuid() == 0 ? "" : "--map-root-user ";
  const Ran again = RunShell("unshare --mount " + user + "sh -c 'exec 3<" + binary +
                             " && mount -t tmpfs none /tmp && echo mounted && /proc/self/fd/3 >&- ; ls -A /tmp'");
  if (again.output.find("mounted") == std::string::npos) GTEST_SKIP() << again.output;
  EXPECT_EQ(again.output, "mounted\n");
}

TEST(C, TheTopSaysWhatItIsAndEndsItsCommentOnce) {
  Transcript transcript = MustParse("close(-1) = -1 EBADF\n");
  transcript.comments = {"seed 7 */ int main;", "/* a\tb \\"};
  const std::string text = EmitC(transcript, {.title = {"close() of -1", "linux.close.key"}});
  EXPECT_TRUE(
      text.starts_with("/*\n"
                       " * close() of -1\n"
                       " * linux.close.key\n"
                       " *\n"
                       " * seed 7 * / int main;\n"
                       " * / * a b \\\n"
                       " *\n"
                       " *     close(-1)  = -1 EBADF\n"))
      << text;
  const Ran ran = CompileAndRun(transcript);
  SKIP_IF_IT_CANNOT_RUN_HERE(ran);
  EXPECT_EQ(ran.status, kConforms);
}

// Whatever the program is, however little it uses of the helpers.
TEST(C, ArbitraryProgramsCompileWithoutAWarning) {
  std::vector<std::string_view> compilers;
  for (const std::string_view compiler : kCompilers) {
    if (Has(compiler)) compilers.push_back(compiler);
  }
  ASSERT_FALSE(compilers.empty());
  const bool holds = rc::check([&](const Transcript& transcript, bool complete) {
    const std::string source = TemporaryPath("arbitrary.c");
    Write(source, EmitC(transcript, {.title = {}, .complete = complete}));
    const std::string compiler(*rc::gen::elementOf(compilers));
    const Ran compiled = RunShell(compiler + " -c -o /dev/null " + source);
    RC_LOG() << PrintText(transcript) << compiled.output;
    RC_ASSERT(compiled.status == 0);
  });
  EXPECT_TRUE(holds);
}

}  // namespace
}  // namespace sockspec
