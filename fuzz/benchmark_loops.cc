#include "fuzz/benchmark_loops.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sockspec {
namespace {

constexpr int kBytes = 100;

SocketCalls g_calls = {.socket = socket,
                       .bind = bind,
                       .listen = listen,
                       .getsockname = getsockname,
                       .connect = connect,
                       .accept = accept,
                       .send = send,
                       .recv = recv,
                       .close = close};

sockaddr_in Loopback() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// The client closes first, so that what stays in TIME_WAIT has the client's port, which the kernel chose.
int64_t Tcp(int turns) {
  int64_t good = 0;
  char bytes[kBytes] = {};
  for (int turn = 0; turn < turns; ++turn) {
    sockaddr_in address = Loopback();
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    socklen_t length = sizeof address;
    const int listener = g_calls.socket(AF_INET, SOCK_STREAM, 0);
    good += listener >= 0;
    good += g_calls.bind(listener, any, sizeof address) == 0;
    good += g_calls.listen(listener, 1) == 0;
    good += g_calls.getsockname(listener, any, &length) == 0;
    const int client = g_calls.socket(AF_INET, SOCK_STREAM, 0);
    good += client >= 0;
    good += g_calls.connect(client, any, sizeof address) == 0;
    const int server = g_calls.accept(listener, any, &length);
    good += server >= 0;
    good += g_calls.send(client, bytes, kBytes, 0) == kBytes;
    good += g_calls.recv(server, bytes, kBytes, 0) == kBytes;
    good += g_calls.close(client) == 0;
    good += g_calls.close(server) == 0;
    good += g_calls.close(listener) == 0;
  }
  return good;
}

int64_t Udp(int turns) {
  int64_t good = 0;
  char bytes[kBytes] = {};
  for (int turn = 0; turn < turns; ++turn) {
    sockaddr_in address = Loopback();
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    socklen_t length = sizeof address;
    const int to = g_calls.socket(AF_INET, SOCK_DGRAM, 0);
    good += to >= 0;
    good += g_calls.bind(to, any, sizeof address) == 0;
    good += g_calls.getsockname(to, any, &length) == 0;
    const int from = g_calls.socket(AF_INET, SOCK_DGRAM, 0);
    good += from >= 0;
    good += g_calls.connect(from, any, sizeof address) == 0;
    for (int i = 0; i < 3; ++i) {
      good += g_calls.send(from, bytes, kBytes, 0) == kBytes;
      good += g_calls.recv(to, bytes, kBytes, 0) == kBytes;
    }
    good += g_calls.close(from) == 0;
    good += g_calls.close(to) == 0;
  }
  return good;
}

int64_t Unix(int turns) {
  int64_t good = 0;
  char bytes[kBytes] = {};
  for (int turn = 0; turn < turns; ++turn) {
    int ends[2] = {-1, -1};
    good += socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0;
    for (int i = 0; i < 4; ++i) {
      good += send(ends[i % 2], bytes, kBytes, 0) == kBytes;
      good += recv(ends[1 - i % 2], bytes, kBytes, 0) == kBytes;
    }
    good += close(ends[0]) == 0;
    good += close(ends[1]) == 0;
  }
  return good;
}

constexpr BareLoop kLoops[] = {
    {.name = "TCP",
     .program = R"(s0 = socket(AF_INET, SOCK_STREAM, 0)
bind(s0, 127.0.0.1:0)
listen(s0, 1)
getsockname(s0)
s1 = socket(AF_INET, SOCK_STREAM, 0)
connect(s1, 127.0.0.1:E0)
s2 = accept(s0)
send(s1, 100, 0)
recv(s2, 100, 0)
close(s1)
close(s2)
close(s0)
)",
     .calls = 12,
     .run = Tcp},
    {.name = "UDP",
     .program = R"(s0 = socket(AF_INET, SOCK_DGRAM, 0)
bind(s0, 127.0.0.1:0)
getsockname(s0)
s1 = socket(AF_INET, SOCK_DGRAM, 0)
connect(s1, 127.0.0.1:E0)
send(s1, 100, 0)
recv(s0, 100, 0)
send(s1, 100, 0)
recv(s0, 100, 0)
send(s1, 100, 0)
recv(s0, 100, 0)
close(s1)
close(s0)
)",
     .calls = 13,
     .run = Udp},
    {.name = "unix sockets",
     .program = R"(socketpair(AF_UNIX, SOCK_STREAM, 0, [s0, s1])
send(s0, 100, 0)
recv(s1, 100, 0)
send(s1, 100, 0)
recv(s0, 100, 0)
send(s0, 100, 0)
recv(s1, 100, 0)
send(s1, 100, 0)
recv(s0, 100, 0)
close(s0)
close(s1)
)",
     .calls = 11,
     .run = Unix},
};

}  // namespace

std::span<const BareLoop> BareLoops() { return kLoops; }
void UseCalls(const SocketCalls& calls) { g_calls = calls; }

}  // namespace sockspec
