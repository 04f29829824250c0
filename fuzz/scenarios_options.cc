#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <utility>

#include "fuzz/scenarios.h"
#include "model/program/options.h"

namespace sockspec {
namespace {

class OptionScenes {
 public:
  explicit OptionScenes(Writer& writer) : w(writer), kind_(w.SomeKind()) {}

  void One() {
    // What waits takes at least a tick of the kernel's clock: as long as a hundred programs.
    constexpr int kWithoutWaiting = 300;
    if (w.OneIn(kWithoutWaiting)) return Impatience();
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
