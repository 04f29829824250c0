#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <utility>

#include "fuzz/scenarios.h"
#include "model/program/options.h"

namespace sockspec {
namespace {

constexpr int32_t kIpLocalPortRange = 51;  // IP_LOCAL_PORT_RANGE, which old headers do not know

class OptionScenes {
 public:
  explicit OptionScenes(Writer& writer) : w(writer), kind_(w.SomeKind()) {}

  void One() {
    // What waits takes at least a tick of the kernel's clock: as long as a hundred programs.
    constexpr int kWithoutWaiting = 300;
    if (w.OneIn(kWithoutWaiting)) return Impatience();
    if (kind_ == SocketKind::kTcp) {
      switch (w.random().Below(6)) {
        case 0: return Addresses();
        case 1: return Deferred();
        case 2: return Corked();
        case 3: return Idle();
        default: return LowWater();
      }
    }
    if (kind_ == SocketKind::kUnixStream && w.OneIn(2)) return PeekOffsets();
    if (kind_ == SocketKind::kUdp) {
      switch (w.random().Below(3)) {
        case 0: return Addresses();
        case 1: return Errors();
        default: break;
      }
    }
    LowWater();
  }

 private:
  Writer& w;
  const SocketKind kind_;

  bool Set(Descriptor fd, int32_t level, int32_t option, int32_t value, int32_t second = 0) {
    return w.Step({.op = Op::kSetsockopt,
                   .fd = fd,
                   .length = OptionSize(level, option),
                   .level = level,
                   .option = option,
                   .value = value,
                   .seconds = second});
  }

  // Two sockets, the second of which listens, or is there to be sent to.
  std::pair<Descriptor, Descriptor> MakeTwo() {
    const Descriptor there = w.MakeSocket(kind_);
    w.Bind(there, w.LocalAddress(there));
    if (!IsDatagram(kind_)) w.Listen(there, w.Backlog());
    return {w.MakeSocket(kind_), there};
  }
  // Two ends of a connection.
  std::pair<Descriptor, Descriptor> MakePair() {
    if (IsUnix(kind_) && w.OneIn(2)) return w.MakePairOf(kind_);
    const auto [one, there] = MakeTwo();
    w.Connect(one, w.AddressOf(there));
    if (IsDatagram(kind_)) return {one, there};
    return {one, w.Accept(there)};
  }

  // SO_RCVTIMEO and SO_SNDTIMEO of sockets that block.
  void Impatience() {
    const auto [one, there] = w.OneIn(3) ? MakeTwo() : MakePair();
    const auto limit = [&](Descriptor fd) {
      w.Step({.op = Op::kFcntl, .fd = fd, .command = F_SETFL});
      const int32_t option = w.One({SO_RCVTIMEO, SO_SNDTIMEO});
      Set(fd, SOL_SOCKET, option, w.OneIn(4) ? -1 : 0, w.One({1, 1, 10000, 0}));
      if (w.OneIn(3)) w.GetOption(fd, option);
    };
    limit(one);
    limit(there);
    do {
      const Descriptor fd = w.OneIn(2) ? one : there;
      switch (w.random().Below(6)) {
        case 0: w.Send(fd, w.Size()); break;
        case 1: w.Step({.op = Op::kAccept, .fd = fd, .length = kStorageLength}); break;
        case 2: w.Connect(one, w.AddressOf(there)); break;
        case 3: limit(fd); break;
        default: w.Step({.op = Op::kRecvfrom, .fd = fd, .length = kStorageLength, .size = w.Size()}); break;
      }
    } while (!w.OneIn(4));
  }

  // Addresses without a port, and addresses that are not ours.
  void Addresses() {
    do {
      const Descriptor fd = w.MakeSocket(kind_);
      Set(fd, IPPROTO_IP, w.One({IP_BIND_ADDRESS_NO_PORT, IP_BIND_ADDRESS_NO_PORT, IP_FREEBIND}), w.One({1, 1, 0}));
      if (w.OneIn(6)) w.SetOption(fd, SO_REUSEADDR, 1);
      Address address = w.LocalAddress(fd);
      if (w.OneIn(2)) address.port = kPortZero;
      w.Bind(fd, address);
      switch (w.random().Below(6)) {
        case 0: w.Bind(fd, w.LocalAddress(fd)); break;
        case 1: w.Listen(fd, w.Backlog()); break;
        case 2: w.SendTo(fd, w.RemoteAddress(fd), w.Size()); break;
        case 3: w.Dissolve(fd); break;
        default: w.Connect(fd, w.RemoteAddress(fd)); break;
      }
      w.GetName(fd);
    } while (w.OneIn(2));
  }

  // TCP_DEFER_ACCEPT: a connection is there to be accepted once it has data.
  void Deferred() {
    const auto [client, listener] = MakeTwo();
    Set(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, w.One({1, 5, 0, 30}));
    w.Connect(client, w.AddressOf(listener));
    do {
      switch (w.random().Below(9)) {
        case 0: w.Accept(listener); break;
        case 1: w.Poll(listener); break;
        case 2: w.Shutdown(client, w.One({SHUT_WR, SHUT_RDWR, SHUT_RD})); break;
        case 3: w.Close(client); break;
        case 4: w.Connect(w.MakeSocket(kind_), w.AddressOf(listener)); break;
        case 5: w.Dissolve(client); break;
        case 6: w.Poll(client); break;
        default: w.Send(client, w.Size()); break;
      }
    } while (!w.OneIn(5));
    w.Accept(listener);
  }

  // TCP_CORK and TCP_NODELAY: when bytes go out.
  void Corked() {
    const auto [one, other] = MakePair();
    do {
      switch (w.random().Below(8)) {
        case 0: Set(one, IPPROTO_TCP, TCP_CORK, w.One({1, 0})); break;
        case 1: Set(one, IPPROTO_TCP, w.One({TCP_CORK, TCP_NODELAY}), w.One({1, 0})); break;
        case 2: w.Send(other, w.Size()); break;
        case 3: w.Receive(other, 4096); break;
        case 4: w.Poll(other); break;
        case 5: w.OneIn(3) ? w.Shutdown(one, SHUT_WR) : w.Receive(one, w.Size()); break;
        default: w.Send(one, w.Size()); break;
      }
    } while (!w.OneIn(10));
  }

  // IP_RECVERR and IPV6_RECVERR: what became of datagrams that nobody took, or that were too long.
  void Errors() {
    const auto want = [&](Descriptor fd) {
      const bool inet6 = w.At(fd) != nullptr && w.At(fd)->inet6;
      if (inet6 && !w.OneIn(4)) Set(fd, IPPROTO_IPV6, IPV6_RECVERR, !w.OneIn(6));
      if (!inet6 || w.OneIn(2)) Set(fd, IPPROTO_IP, IP_RECVERR, !w.OneIn(6));
    };
    const auto [one, there] = MakePair();
    if (w.OneIn(2)) w.Dissolve(one);
    if (w.OneIn(2)) w.Close(there);
    want(one);
    do {
      switch (w.random().Below(12)) {
        case 0: want(one); break;
        case 1: w.Poll(one); break;
        case 2: w.GetOption(one, SO_ERROR); break;
        case 3: w.Receive(one, w.Size()); break;
        case 4:
        case 5:
        case 6: {
          Call call{.op = w.OneIn(2) ? Op::kRecvmsg : Op::kRecvfrom,
                    .fd = one,
                    .length = w.One({kStorageLength, kStorageLength, 16, 4}),
                    .size = w.One({4096, 100, 5, 1, 0}),
                    .flags = MSG_ERRQUEUE};
          if (w.OneIn(4)) call.pointer = w.OneIn(2) ? Pointer::kNull : Pointer::kBad;
          if (w.OneIn(20)) call.buffer = Pointer::kBad;
          w.Step(call);
          break;
        }
        case 7: w.SendTo(one, w.LocalAddress(one), w.OneIn(3) ? w.One({65507, 65508, 65528, 1000, 2000}) : w.Size()); break;
        case 8: w.Connect(one, w.LocalAddress(one)); break;
        case 9: w.Send(one, w.OneIn(3) ? w.One({65508, 65528, 1000, 2000}) : w.Size()); break;
        default: w.SendTo(one, {.host = Host::kLoopback, .port = w.ProgramPort()}, w.Size()); break;
      }
    } while (!w.OneIn(10));
  }

  // SO_PEEK_OFF: where MSG_PEEK begins to look.
  void PeekOffsets() {
    const auto [one, other] = MakePair();
    Set(other, SOL_SOCKET, SO_PEEK_OFF, w.One({0, 0, 3, 10, -1}));
    do {
      switch (w.random().Below(8)) {
        case 0: Set(other, SOL_SOCKET, SO_PEEK_OFF, w.One({0, 1, 5, 200, -1, -2})); break;
        case 1: w.GetOption(other, SO_PEEK_OFF); break;
        case 2:
        case 3: w.Receive(other, w.Size(), MSG_PEEK); break;
        case 4: w.Receive(other, w.Size()); break;
        case 5: w.OneIn(6) ? w.Shutdown(one, SHUT_WR) : w.Poll(other); break;
        case 6: w.OneIn(4) ? w.SendRights(one, other, w.Size()) : w.Send(one, w.Size()); break;
        default: w.Send(one, w.Size()); break;
      }
    } while (!w.OneIn(10));
  }

  // Options that change nothing here: there is no cookie, no port is in that range, no program takes as long.
  void Idle() {
    const Descriptor listener = w.MakeSocket(kind_);
    if (w.OneIn(2)) Set(listener, IPPROTO_TCP, TCP_FASTOPEN, w.One({1, 5}));
    w.Bind(listener, w.LocalAddress(listener));
    w.Listen(listener, w.Backlog());
    do {
      const Descriptor fd = w.MakeSocket(kind_);
      do {
        switch (w.random().Below(4)) {
          case 0: Set(fd, IPPROTO_TCP, TCP_LINGER2, w.One({1, 0, 200})); break;
          case 1: Set(fd, IPPROTO_IP, kIpLocalPortRange, w.One({65536, 5, 0})); break;
          default: Set(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1); break;
        }
      } while (w.OneIn(3));
      if (w.OneIn(4)) w.Dissolve(fd);
      w.Connect(fd, w.AddressOf(w.OneIn(4) ? fd : listener));
      if (w.OneIn(2)) w.Send(fd, w.Size());
      if (w.OneIn(2)) w.Accept(listener);
      if (w.OneIn(2)) w.Close(fd);
    } while (w.OneIn(2));
  }

  // A stream that is only readable when there is enough to read.
  void LowWater() {
    const auto [one, other] = MakePair();
    const int way = w.One({0, 0, 1, 2});
    Descriptor epoll = kMinusOne;
    if (way != 0) {
      epoll = w.Make({.op = Op::kEpollCreate1});
      w.Step({.op = Op::kEpollCtl,
              .fd = epoll,
              .fd2 = other,
              .flags = static_cast<int32_t>(EPOLLIN | (way == 2 ? EPOLLET : 0u)),
              .command = EPOLL_CTL_ADD});
    }
    do {
      switch (w.random().Below(8)) {
        case 0: w.Receive(other, w.Size()); break;
        case 1: w.Poll(other); break;
        case 2:
        case 3: Set(other, SOL_SOCKET, SO_RCVLOWAT, w.One({1, 2, 10, 200, 0, -1})); break;
        case 4:
          if (w.OneIn(4)) w.SetOption(other, SO_RCVBUF, w.One({0, 4096, 65536, 100000}));
          if (w.OneIn(4)) w.Shutdown(one, SHUT_WR);
          break;
        default: w.Send(one, w.Size()); break;
      }
      if (epoll != kMinusOne) w.Step({.op = Op::kEpollWait, .fd = epoll, .value = 4});
    } while (!w.OneIn(8));
  }
};

}  // namespace

void OptionsScenario(Writer& w) { OptionScenes(w).One(); }

}  // namespace sockspec
