#include "model/program/packetdrill.h"

#include <gtest/gtest.h>

#include <string>

#include "model/program/text.h"

namespace sockspec {
namespace {

PacketdrillScript Script(const std::string& text) {
  const ParsedText parsed = ParseText(text, "test");
  EXPECT_TRUE(parsed.ok()) << parsed.problem.Message();
  return EmitPacketdrill(parsed.transcript, {"A title."});
}

TEST(PacketdrillTest, SaysWhatOneSocketIsAnswered) {
  const PacketdrillScript script = Script(
      "s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0) = s0\n"
      "bind(s0, 127.0.0.1:P0) = 0\n"
      "setsockopt(s0, SOL_SOCKET, SO_LINGER, {1, 0}) = 0\n"
      "getsockopt(s0, SOL_SOCKET, SO_ERROR) = 0, value=0\n"
      "listen(s0, 1) = 0\n"
      "s1 = accept(s0) = -1 EAGAIN\n"
      "fcntl(s0, F_SETFL, 0) = 0\n"
      "poll(s0, POLLIN) = 0\n"
      "close(s0) = 0\n");
  EXPECT_EQ(script.problem, "");
  EXPECT_EQ(script.script,
            "// A title.\n\n"
            "+0 socket(..., SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 3\n"
            "+0 bind(3, ..., ...) = 0\n"
            "+0 setsockopt(3, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, 8) = 0\n"
            "+0 getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0\n"
            "+0 listen(3, 1) = 0\n"
            "+0 accept(3, ..., ...) = -1 EAGAIN (Resource temporarily unavailable)\n"
            "+0 fcntl(3, F_SETFL, 0) = 0\n"
            "+0 poll([{fd=3, events=POLLIN, revents=0}], 1, 0) = 0\n"
            "+0 close(3) = 0\n");
}

TEST(PacketdrillTest, ANumberThatIsUsedAgainIsTheNewSocketsUnderWhicheverNameItIsCalled) {
  EXPECT_EQ(Script("s0 = socket(AF_INET, SOCK_STREAM, 0) = s0\n"
                   "s1 = socket(AF_INET, SOCK_DGRAM, 0) = s1\n"
                   "close(s0) = 0\n"
                   "s2 = socket(AF_INET, SOCK_STREAM, 0) = s2\n"
                   "listen(s0, 1) = 0\n"
                   "close(s0) = 0\n"
                   "close(s1) = 0\n"
                   "s3 = socket(AF_INET, SOCK_DGRAM, 0) = s3\n"
                   "listen(s2, 1) = -1 EOPNOTSUPP\n")
                .script,
            "// A title.\n\n"
            "+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n"
            "+0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 4\n"
            "+0 close(3) = 0\n"
            "+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 5\n"
            "+0 listen(5, 1) = 0\n"
            "+0 close(5) = 0\n"
            "+0 close(4) = 0\n"
            "+0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 6\n"
            "+0 listen(6, 1) = -1 EOPNOTSUPP (Operation not supported)\n");
}

// Its grammar has words alone in a note: https://github.com/google/packetdrill, parser.y.
TEST(PacketdrillTest, WhatAnErrnoMeansIsToldInWords) {
  EXPECT_EQ(Script("s0 = socket(AF_INET, SOCK_STREAM, 0) = s0\nlisten(s0, 1) = -1 ENOTSOCK\n").script,
            "// A title.\n\n"
            "+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n"
            "+0 listen(3, 1) = -1 ENOTSOCK (Socket operation on non socket)\n");
}

TEST(PacketdrillTest, AnOptionWhoseNameItDoesNotKnowIsANumber) {
  EXPECT_EQ(Script("s0 = socket(AF_INET, SOCK_STREAM, 0) = s0\ngetsockopt(s0, SOL_SOCKET, SO_PROTOCOL) = 0, value=6\n").script,
            "// A title.\n\n"
            "+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n"
            "+0 getsockopt(3, SOL_SOCKET, 38 /* SO_PROTOCOL */, [6], [4]) = 0\n");
}

TEST(PacketdrillTest, IsTheNetworkThatRefuses) {
  const PacketdrillScript script = Script(
      "s0 = socket(AF_INET6, SOCK_STREAM, 0) = s0\n"
      "connect(s0, [::1]:P0) = -1 ECONNREFUSED\n");
  EXPECT_EQ(script.script,
            "// A title.\n\n--ip_version=ipv6\n\n"
            "+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n"
            "+0...0.1 connect(3, ..., ...) = -1 ECONNREFUSED (Connection refused)\n"
            "+0 > S 0:0(0) <...>\n"
            "+0 < R. 0:0(0) ack 1 win 0\n");
}

TEST(PacketdrillTest, WhatItCannotSayIsToldWithTheCall) {
  const std::string tcp = "s0 = socket(AF_INET, SOCK_STREAM, 0) = s0\n";
  struct {
    std::string text;
    const char* problem;
  } const kCases[] = {
      {"s0 = socket(AF_UNIX, SOCK_STREAM, 0) = s0\n",
       "s0 = socket(AF_UNIX, SOCK_STREAM, 0): packetdrill makes sockets of AF_INET and AF_INET6 "
       "only"},
      {tcp + "close(s0) = 0\nlisten(s0, 1) = -1 EBADF\n",
       "listen(s0, 1): its descriptor is closed, and packetdrill passes open ones only"},
      {tcp + "getsockname(s0) = 0\n", "getsockname(s0): packetdrill does not make this call"},
      {"socketpair(AF_UNIX, SOCK_STREAM, 0, [s0, s1]) = 0\n",
       "socketpair(AF_UNIX, SOCK_STREAM, 0, [s0, s1]): packetdrill does not make this call"},
      {tcp + "listen(s0, 1)\n",
       "listen(s0, 1): no reply is written to it, and packetdrill expects one of every call"},
      {tcp + "connect(s0, 127.0.0.1:P0) = 0\n",
       "connect(s0, 127.0.0.1:P0): its other end is a socket of the program; packetdrill is the "
       "other end"},
      {tcp + "connect(s0, UNREACHABLE:P0) = -1 EHOSTUNREACH\n",
       "connect(s0, UNREACHABLE:P0): packetdrill connects to the one address that it is itself"},
      {tcp + "bind(s0, 127.0.0.1:P0, addrlen=2) = -1 EINVAL\n",
       "bind(s0, 127.0.0.1:P0, addrlen=2): packetdrill passes right addresses of the right length "
       "only"},
      {tcp + "bind(s0, NULL) = -1 EFAULT\n",
       "bind(s0, NULL): packetdrill passes good pointers only"},
      {tcp + "listen(-1, 1) = -1 EBADF\n",
       "listen(-1, 1): packetdrill passes descriptors that it made"},
      {tcp + "send(s0, 5, 0) = -1 EPIPE, signal=SIGPIPE\n",
       "send(s0, 5, 0): packetdrill does not tell of SIGPIPE"},
      {"env: nofile=5\n" + tcp, "packetdrill has no limits or users of its own (env:)"},
  };
  for (const auto& c : kCases) {
    const PacketdrillScript script = Script(c.text);
    EXPECT_EQ(script.problem, c.problem) << script.script;
    EXPECT_EQ(script.script, "");
  }
}

}  // namespace
}  // namespace sockspec
