#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "fuzz/scenarios.h"
#include "model/program/notation.h"

namespace sockspec {
namespace {

constexpr int kThreads = 3;  // t1 to t3 wait, t0 lets them go: as many as a world holds

class ThreadScenes {
 public:
  explicit ThreadScenes(Writer& writer) : w(writer), kind_(w.SomeKind()) {}

  void One() {
    const bool connects = !IsDatagram(kind_);
    if (connects && w.OneIn(3)) {
      Accepting();
    } else if (connects && w.OneIn(40)) {
      Connecting();
    } else {
      Receiving();
    }
    for (int thread = 1 + w.random().Below(kThreads), n = 0; n < kThreads; ++n) {
      w.End(1 + (thread + n) % kThreads);
    }
  }

 private:
  Writer& w;
  const SocketKind kind_;
  int threads_ = 0;

  Descriptor Blocking(Descriptor fd) {
    w.Step({.op = Op::kFcntl, .fd = fd, .command = F_SETFL});
    return fd;
  }
  Descriptor MakeBound(bool blocks) {
    const Descriptor fd = w.MakeSocket(kind_);
    w.Bind(fd, w.LocalAddress(fd));
    return blocks ? Blocking(fd) : fd;
  }

  void Begin(const Call& call) {
    if (threads_ < kThreads && w.Begin(threads_ + 1, call)) ++threads_;
  }
  // Something that waits until there is something to read.
  void BeginToRead(Descriptor fd) {
    const int size = w.One({5, 5, 1, 100, 0});
    const int flags = w.One({0, 0, 0, 0, MSG_PEEK, MSG_TRUNC});
    switch (w.random().Below(8)) {
      case 0: return Begin({.op = Op::kRead, .fd = fd, .size = size});
      case 1: return Begin({.op = Op::kReadv, .fd = fd, .size = size});
      case 2: return Begin({.op = Op::kRecvfrom, .fd = fd, .length = kStorageLength, .size = size, .flags = flags});
      case 3: return Begin({.op = Op::kRecvmsg, .fd = fd, .length = kStorageLength, .size = size, .flags = flags});
      case 4: return BeginToPoll(fd);
      default: return Begin({.op = Op::kRecv, .fd = fd, .size = size, .flags = flags});
    }
  }
  void BeginToPoll(Descriptor fd) {
    if (w.OneIn(3)) return Begin({.op = Op::kSelect, .fd = fd, .flags = w.One({1, 5, 4, 2}), .timeout = -1});
    if (w.OneIn(3)) {
      const Descriptor epoll = w.Make({.op = Op::kEpollCreate1});
      const int32_t events = EPOLLIN | w.One({0, 0, static_cast<int32_t>(EPOLLET), EPOLLONESHOT, EPOLLRDHUP});
      w.Step({.op = Op::kEpollCtl, .fd = epoll, .fd2 = fd, .flags = events, .command = EPOLL_CTL_ADD});
      const Call wait{.op = Op::kEpollWait, .fd = epoll, .value = 4, .timeout = -1};
      Begin(wait);
      if (w.OneIn(3)) Begin(wait);
      return;
    }
    Begin({.op = Op::kPoll,
           .fd = fd,
           .flags = w.One({POLLIN, POLLIN, POLLIN | POLLRDHUP, POLLRDHUP, POLLOUT, 0}),
           .timeout = -1});
  }
  void BeginToAccept(Descriptor fd) {
    if (w.OneIn(5)) return BeginToPoll(fd);
    if (w.OneIn(2)) return Begin({.op = Op::kAccept, .fd = fd, .length = kStorageLength});
    Begin({.op = Op::kAccept4, .fd = fd, .length = kStorageLength, .flags = w.OneIn(2) ? 0 : int{SOCK_NONBLOCK}});
  }
  // One of those that wait is asked now, in whatever order.
  void PerhapsEnd() {
    if (threads_ > 0 && w.OneIn(3)) w.End(1 + w.random().Below(threads_));
  }

  void Accepting() {
    const Descriptor listener = MakeBound(true);
    w.Listen(listener, w.Backlog());
    do {
      BeginToAccept(listener);
    } while (w.OneIn(2));
    do {
      switch (w.random().Below(9)) {
        case 0: w.Shutdown(listener, w.One({SHUT_RD, SHUT_RDWR, SHUT_WR})); break;
        case 1: w.Close(w.OneIn(3) ? w.Dup(listener) : listener); break;
        case 2: w.Dissolve(listener); break;
        case 3: w.Make({.op = Op::kAccept4, .fd = listener, .length = kStorageLength}); break;
        case 4: w.MakeSocket(kind_); break;
        default: {
          const Descriptor client = w.MakeSocket(kind_);
          w.Connect(client, w.AddressOf(listener));
          if (w.OneIn(4)) w.Send(client, w.Size());
          if (w.OneIn(6)) w.Close(client);
          break;
        }
      }
      PerhapsEnd();
    } while (w.OneIn(2));
  }

  // Who waits for room in a queue, or for the other end to come.
  void Connecting() {
    const Descriptor listener = MakeBound(false);
    w.Listen(listener, 0);
    const Descriptor first = w.MakeSocket(kind_);
    w.Connect(first, w.AddressOf(listener));
    const Descriptor waiting = MakeBound(true);
    Call connect{.op = Op::kConnect, .fd = waiting, .address = w.AddressOf(listener)};
    connect.length = ExactLength(connect.address);
    Begin(connect);
    if (w.OneIn(3)) Begin({.op = Op::kSend, .fd = waiting, .size = 5, .flags = w.One({0, MSG_NOSIGNAL})});
    if (w.OneIn(4)) BeginToRead(waiting);
    if (w.OneIn(4)) BeginToPoll(waiting);
    do {
      switch (w.random().Below(6)) {
        case 0: w.Shutdown(waiting, w.One({SHUT_RD, SHUT_WR, SHUT_RDWR})); break;
        case 1: w.Dissolve(waiting); break;
        case 2: w.Close(waiting); break;
        case 3: w.Make({.op = Op::kAccept4, .fd = listener, .length = kStorageLength}); break;
        case 4: w.Close(listener); break;
        case 5: {
          const Address here = w.AddressOf(waiting);
          w.Close(listener);
          const Descriptor crossing = w.MakeSocket(kind_);
          w.SetOption(crossing, SO_REUSEADDR, 1);
          w.Bind(crossing, connect.address);
          w.Connect(crossing, here);
          break;
        }
      }
      PerhapsEnd();
    } while (w.OneIn(2));
  }

  void Receiving() {
    Descriptor here = kMinusOne;
    Descriptor there = kMinusOne;
    if (IsUnix(kind_)) {
      const auto [one, other] = w.MakePairOf(kind_);
      here = one;
      there = other;
    } else if (IsDatagram(kind_)) {
      here = MakeBound(false);
      there = w.MakeSocket(kind_);
      if (w.OneIn(2)) w.Connect(there, w.AddressOf(here));
    } else {
      const Descriptor listener = MakeBound(false);
      w.Listen(listener, 1);
      there = w.MakeSocket(kind_);
      w.Connect(there, w.AddressOf(listener));
      here = w.Accept(listener);
    }
    Blocking(here);
    do {
      BeginToRead(here);
    } while (w.OneIn(3));
    do {
      switch (w.random().Below(12)) {
        case 0: w.Shutdown(there, w.One({SHUT_WR, SHUT_RDWR, SHUT_RD})); break;
        case 1: w.Shutdown(here, w.One({SHUT_RD, SHUT_RDWR, SHUT_WR})); break;
        case 2: w.Close(there); break;
        case 3: w.Close(w.OneIn(3) ? w.Dup(here) : here); break;
        case 4: w.Dissolve(w.OneIn(2) ? here : there); break;
        case 5:
          w.SetOption(there, SO_LINGER, 1);
          w.Close(there);
          break;
        case 6: w.Receive(here, w.Size()); break;
        default:
          if (IsDatagram(kind_) && !IsUnix(kind_)) {
            w.SendTo(there, w.AddressOf(here), w.One({0, 1, 5}));
          } else {
            w.Send(there, w.Size(), MSG_NOSIGNAL);
          }
          break;
      }
      PerhapsEnd();
    } while (w.OneIn(2));
  }
};

}  // namespace

void ThreadsScenario(Writer& w) { ThreadScenes(w).One(); }

}  // namespace sockspec
