#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "fuzz/scenarios.h"

namespace sockspec {
namespace {

class TcpScenes {
 public:
  explicit TcpScenes(Writer& writer) : w(writer) {}

  void One() {
    if (w.env().ephemeral != 0 && w.OneIn(2)) return Exhaust();
    using Scene = void (TcpScenes::*)();
    static constexpr struct {
      Scene scene;
      uint8_t weight;
    } kScenes[] = {
        {&TcpScenes::Talk, 12},
        {&TcpScenes::Refused, 6},
        {&TcpScenes::SharedPort, 7},
        {&TcpScenes::FullQueue, 6},
        {&TcpScenes::SimultaneousOpen, 3},
        {&TcpScenes::Stale, 2},
        {&TcpScenes::Ephemeral, 4},
        {&TcpScenes::ListenerOdds, 4},
        {&TcpScenes::Options, 3},
        {&TcpScenes::AbandonedQueue, 3},
        {&TcpScenes::Flood, 2},
        {&TcpScenes::Watch, 4},
    };
    static constexpr int kTotal = [] {
      int total = 0;
      for (const auto& scene : kScenes) total += scene.weight;
      return total;
    }();
    int at = w.random().Below(kTotal);
    for (const auto& [scene, weight] : kScenes) {
      if (at < weight) {
        (this->*scene)();
        return;
      }
      at -= weight;
    }
  }

 private:
  Writer& w;

  Descriptor MakeSocket() { return w.MakeSocket(SocketKind::kTcp); }


  struct Pair {
    Descriptor listener = kMinusOne;
    Descriptor client = kMinusOne;
    Descriptor accepted = kMinusOne;
  };

  // A listener that may share, ready or not.
  Descriptor MakeListener(int backlog) {
    const Descriptor fd = MakeSocket();
    if (w.OneIn(5)) w.SetOption(fd, w.OneIn(3) ? SO_REUSEPORT : SO_REUSEADDR, 1);
    if (!w.OneIn(7)) {
      Address address{.host = Host::kLoopback, .port = w.ProgramPort()};
      if (w.OneIn(4)) address.host = w.SomeHost(SocketKind::kTcp);
      w.Bind(fd, address);
    }
    w.Listen(fd, backlog);
    return fd;
  }

  // Connects `fd` to a listener; learns the listener's port first where nobody knows it.
  void ConnectTo(Descriptor fd, Descriptor listener) {
    const Socket* socket = w.At(listener);
    if (socket != nullptr && socket->local != kNone &&
        w.world().ports[socket->local].name == kPortOther) {
      w.GetName(listener);
    }
    w.Connect(fd, w.AddressOf(listener));
  }

  // Two ends of a connection. A socket connected to itself is both.
  Pair MakePair() {
    Pair pair;
    if (w.OneIn(4)) {
      const Descriptor fd = MakeSocket();
      Address address{.host = w.OneIn(4) ? Host::kAny : Host::kLoopback,
                      .port = w.ProgramPort()};
      w.Bind(fd, address);
      address.host = Host::kLoopback;
      w.Connect(fd, address);
      pair.client = pair.accepted = fd;
      return pair;
    }
    pair.listener = MakeListener(w.Backlog());
    pair.client = MakeSocket();
    if (w.OneIn(6)) w.Bind(pair.client, w.LocalAddress(pair.client));
    ConnectTo(pair.client, pair.listener);
    if (!w.OneIn(7)) pair.accepted = w.Accept(pair.listener);
    if (w.OneIn(8)) w.Close(pair.listener);
    return pair;
  }

  // One to three calls that show what became of a socket.
  void Probe(Descriptor fd) {
    do {
      switch (w.random().Below(9)) {
        case 0:
          w.Send(fd, w.Size(), w.OneIn(2) ? int{MSG_NOSIGNAL} : 0);
          break;
        case 1:
        case 2:
          w.Receive(fd, w.Size());
          break;
        case 3:
          w.GetOption(fd, SO_ERROR);
          break;
        case 4:
          w.Poll(fd);
          break;
        case 5:
          w.Step({.op = Op::kGetpeername, .fd = fd, .length = kStorageLength});
          break;
        case 6:
          w.Shutdown(fd, w.One({SHUT_RD, SHUT_WR, SHUT_RDWR}));
          break;
        case 7:
          w.Connect(fd, w.RemoteAddress(fd));
          break;
        case 8:
          w.Listen(fd, w.Backlog());
          break;
      }
    } while (w.OneIn(2));
  }

  // A connection, and how it is used and ended.
  void Talk() {
    Pair pair = MakePair();
    if (w.OneIn(2)) std::swap(pair.client, pair.accepted);
    const Descriptor one = pair.client;
    const Descriptor other = pair.accepted != kMinusOne ? pair.accepted : pair.client;
    switch (w.random().Below(9)) {
      case 0: {  // data, in several bites
        w.Send(one, w.Size());
        const int flags = w.One({0, MSG_PEEK, MSG_TRUNC, MSG_PEEK | MSG_TRUNC});
        w.Receive(other, w.Size(), flags);
        if (w.OneIn(2)) w.Step({.op = Op::kIoctl, .fd = other, .command = FIONREAD});
        w.Receive(other, w.Size());
        break;
      }
      case 1:  // close with data unread
        w.Send(one, w.Size());
        if (w.OneIn(3)) w.Receive(other, 1);
        w.Close(other);
        Probe(one);
        break;
      case 2:  // half-close
        if (w.OneIn(2)) w.Send(one, w.Size());
        w.Shutdown(one, SHUT_WR);
        w.Receive(other, 100);
        w.Receive(other, 100);
        if (w.OneIn(2)) w.Send(other, w.Size());
        Probe(one);
        if (w.OneIn(2)) w.Shutdown(other, w.One({SHUT_WR, SHUT_RDWR, SHUT_RD}));
        break;
      case 3:  // a reset by linger 0
        if (w.OneIn(3)) w.Send(one, w.Size());
        w.SetOption(one, SO_LINGER, 1, 0);
        if (w.OneIn(4)) {
          w.Dissolve(one);
        } else {
          w.Close(one);
        }
        Probe(other);
        break;
      case 4: {  // both close: TIME-WAIT, and who may have its port
        w.Close(one);
        if (other != one) w.Close(other);
        if (w.OneIn(2)) w.Close(pair.listener);
        const Descriptor fd = MakeSocket();
        if (w.OneIn(2)) w.SetOption(fd, SO_REUSEADDR, 1);
        if (w.OneIn(6)) w.SetOption(fd, SO_REUSEPORT, 1);
        w.Bind(fd, {.host = w.OneIn(3) ? Host::kAny : Host::kLoopback, .port = w.SomePort()});
        if (w.OneIn(2)) w.Listen(fd, w.Backlog());
        break;
      }
      case 5: {  // two descriptors of one socket
        const Descriptor twin = w.Dup(one);
        if (w.OneIn(2)) {
          w.Step({.op = Op::kFcntl, .fd = twin, .command = F_SETFL, .value = w.One({0, O_NONBLOCK})});
        }
        w.Close(w.OneIn(2) ? one : twin);
        Probe(w.OneIn(3) ? other : twin);
        w.Close(twin);
        Probe(other);
        break;
      }
      case 6:  // dissolve, and use again
        if (w.OneIn(3)) w.Send(other, w.Size());
        w.Dissolve(one);
        if (w.OneIn(2)) Probe(other);
        if (w.OneIn(3)) w.Bind(one, w.LocalAddress(one));
        Probe(one);
        break;
      case 7:  // urgent data
        if (w.OneIn(2)) w.Send(one, w.Size());
        w.Send(one, w.OneIn(3) ? 3 : 1, MSG_OOB);
        if (w.OneIn(2)) w.Poll(other);
        if (w.OneIn(2)) w.Step({.op = Op::kIoctl, .fd = other, .command = SIOCATMARK});
        w.Receive(other, w.Size(), w.OneIn(2) ? int{MSG_OOB} : 0);
        w.Receive(other, w.Size(), w.OneIn(3) ? MSG_OOB | MSG_PEEK : 0);
        break;
      case 8:  // the peer goes, in whatever way
        if (w.OneIn(2)) w.Send(one, w.Size());
        w.Close(one);
        Probe(other);
        Probe(other);
        break;
    }
  }

  // Nobody listens there; and then?
  void Refused() {
    const Descriptor fd = MakeSocket();
    if (w.OneIn(4)) w.Bind(fd, w.LocalAddress(fd));
    w.Connect(fd, {.host = Host::kLoopback, .port = Port::Program(w.random().Below(kMaxProgramPorts))});
    Probe(fd);
    if (w.OneIn(2)) w.Connect(fd, w.RemoteAddress(fd));
    if (w.OneIn(2)) Probe(fd);
  }

  void ShareOptions(Descriptor fd) {
    if (w.OneIn(2)) w.SetOption(fd, SO_REUSEADDR, 1);
    if (w.OneIn(3)) w.SetOption(fd, SO_REUSEPORT, 1);
  }

  // Two or three sockets want one port.
  void SharedPort() {
    const Port port = w.ProgramPort();
    Descriptor fds[3];
    const int count = w.OneIn(4) ? 3 : 2;
    for (int i = 0; i < count; ++i) {
      fds[i] = MakeSocket();
      ShareOptions(fds[i]);
      w.Bind(fds[i], {.host = w.OneIn(3) ? w.SomeHost(SocketKind::kTcp) : Host::kLoopback, .port = port});
      if (w.OneIn(3)) w.Listen(fds[i], w.Backlog());
      if (w.OneIn(8)) ShareOptions(fds[i]);
    }
    for (int i = 0; i < count; ++i) {
      if (w.OneIn(2)) w.Listen(fds[w.random().Below(count)], w.Backlog());
    }
    if (w.OneIn(2)) {
      const Descriptor client = MakeSocket();
      w.Connect(client, {.host = Host::kLoopback, .port = port});
      if (w.OneIn(2)) w.Accept(fds[w.random().Below(count)]);
    }
    if (w.OneIn(3)) w.Close(fds[w.random().Below(count)]);
  }

  // More clients than a listener has room for.
  void FullQueue() {
    const Descriptor listener = MakeListener(w.random().Below(2));
    Descriptor client = kMinusOne;
    for (int n = 2 + w.random().Below(3); n > 0; --n) {
      client = MakeSocket();
      ConnectTo(client, listener);
    }
    Probe(client);
    if (w.OneIn(2)) w.Accept(listener);
    if (w.OneIn(2)) w.Accept(listener);
    if (w.OneIn(4)) w.Close(listener);
    if (w.OneIn(2)) Probe(client);
  }

  // A connect() that hangs, since the queue is full, meets one that comes the other way.
  void SimultaneousOpen() {
    const Address there{.host = Host::kLoopback, .port = Port::Program(0)};
    const Descriptor listener = MakeSocket();
    if (w.OneIn(2)) w.SetOption(listener, SO_REUSEADDR, 1);
    w.Bind(listener, there);
    w.Listen(listener, 0);
    const Descriptor first = MakeSocket();
    w.Connect(first, there);
    const Descriptor waiting = MakeSocket();
    Address here{.host = Host::kLoopback, .port = Port::Program(1)};
    const bool named = w.OneIn(2);
    if (named) w.Bind(waiting, here);
    w.Connect(waiting, there);
    if (!named) {
      w.GetName(waiting);
      here = w.AddressOf(waiting);
    }
    if (w.OneIn(3)) w.Close(first);
    w.Close(listener);
    const Descriptor crossing = MakeSocket();
    if (!w.OneIn(3)) w.SetOption(crossing, SO_REUSEADDR, 1);
    w.Bind(crossing, there);
    w.Connect(crossing, here);
    Probe(w.OneIn(2) ? waiting : crossing);
    if (w.OneIn(2)) w.Send(crossing, w.Size());
    if (w.OneIn(2)) w.Receive(waiting, w.Size());
  }

  // A descriptor after its close(), and what took its number.
  void Stale() {
    const Descriptor fd = MakeSocket();
    if (w.OneIn(2)) w.Bind(fd, w.LocalAddress(fd));
    w.Close(fd);
    if (w.OneIn(2)) MakeSocket();
    Call call = w.FreeCall();
    if (DeclarationOf(call.op).takes_descriptor()) call.fd = fd;
    w.Step(call);
    if (w.OneIn(3)) Probe(fd);
  }

  // A port that the kernel chooses, and who may have it next.
  void Ephemeral() {
    const Descriptor fd = MakeSocket();
    if (w.OneIn(3)) ShareOptions(fd);
    const int how = w.random().Below(3);
    if (how == 0) w.Bind(fd, {.host = w.SomeHost(SocketKind::kTcp), .port = kPortZero});
    if (how == 1) w.Listen(fd, w.Backlog());
    if (how == 2) w.Connect(fd, w.RemoteAddress(fd));
    w.GetName(fd);
    const Descriptor next = MakeSocket();
    if (w.OneIn(3)) ShareOptions(next);
    const int seen = std::min<int>(w.world().seen, kMaxChosenPorts);
    const Address address{.host = Host::kLoopback,
                          .port = seen > 0 ? Port::Chosen(w.random().Below(seen)) : w.ProgramPort()};
    if (w.OneIn(2)) {
      w.Bind(next, address);
    } else {
      w.Connect(next, address);
    }
    if (w.OneIn(2)) w.Accept(fd);
    if (w.OneIn(2)) Probe(next);
  }

  // What one does not do with a listener.
  void ListenerOdds() {
    const Descriptor listener = MakeListener(w.Backlog());
    if (w.OneIn(2)) {
      const Descriptor client = MakeSocket();
      ConnectTo(client, listener);
    }
    switch (w.random().Below(6)) {
      case 0:
        w.Shutdown(listener, w.One({SHUT_RD, SHUT_RDWR, SHUT_WR}));
        Probe(listener);
        break;
      case 1:
        w.Connect(listener, w.RemoteAddress(listener));
        break;
      case 2:
        w.Dissolve(listener);
        Probe(listener);
        break;
      case 3:
        w.Bind(listener, w.LocalAddress(listener));
        break;
      case 4:
        w.Listen(listener, w.Backlog());
        break;
      case 5:
        Probe(listener);
        break;
    }
    if (w.OneIn(2)) w.Accept(listener);
  }

  void Options() {
    const Descriptor fd = w.OneIn(2) ? MakeSocket() : MakePair().client;
    do {
      const int option = w.One({SO_REUSEADDR, SO_REUSEPORT, SO_KEEPALIVE, SO_LINGER, SO_RCVBUF,
                              SO_SNDBUF, SO_ERROR, SO_TYPE, SO_DOMAIN, SO_PROTOCOL, SO_ACCEPTCONN});
      if (!w.OneIn(3)) {
        w.SetOption(fd, option, w.OptionValue(option), option == SO_LINGER ? w.One({0, 1, -1}) : 0);
      }
      w.GetOption(fd, option);
    } while (w.OneIn(2));
  }

  // An epoll instance that watches both ends of a connection and its listener.
  void Watch() {
    const Descriptor epoll = w.Make({.op = Op::kEpollCreate1});
    const bool before = w.OneIn(2);
    const int32_t way = w.One({0, 0, static_cast<int32_t>(EPOLLET), EPOLLONESHOT});
    const auto watch = [&](Descriptor fd, int command) {
      w.Step({.op = Op::kEpollCtl,
            .fd = epoll,
            .fd2 = fd,
            .flags = command == EPOLL_CTL_DEL
                         ? 0
                         : way | w.One({EPOLLIN, EPOLLOUT, EPOLLIN | EPOLLOUT, EPOLLIN | EPOLLOUT | EPOLLRDHUP, 0}),
            .command = command});
    };
    const auto wait = [&] {
      const int32_t timeout = w.OneIn(6) ? -1 : 0;
      w.Step({.op = Op::kEpollWait, .fd = epoll, .value = w.One({4, 4, 1, 2}), .timeout = timeout});
    };
    const Descriptor listener = MakeListener(w.Backlog());
    const Descriptor client = MakeSocket();
    if (before) {
      watch(listener, EPOLL_CTL_ADD);
      watch(client, EPOLL_CTL_ADD);
    }
    ConnectTo(client, listener);
    const Descriptor accepted = w.OneIn(6) ? client : w.Accept(listener);
    if (!before) {
      watch(client, EPOLL_CTL_ADD);
      watch(listener, EPOLL_CTL_ADD);
    }
    if (!w.OneIn(3)) watch(accepted, EPOLL_CTL_ADD);
    do {
      if (!w.OneIn(3)) wait();
      const Descriptor fd = w.OneIn(4) ? listener : w.OneIn(2) ? client : accepted;
      switch (w.random().Below(8)) {
        case 0:
        case 1:
          w.Send(fd, w.Size(), MSG_NOSIGNAL);
          break;
        case 2:
          w.Receive(fd, w.Size());
          break;
        case 3:
          watch(fd, w.OneIn(4) ? EPOLL_CTL_DEL : EPOLL_CTL_MOD);
          break;
        case 4:
          w.Shutdown(fd, w.One({SHUT_RD, SHUT_WR, SHUT_RDWR}));
          break;
        case 5:
          w.Close(w.OneIn(4) ? w.Dup(fd) : fd);
          break;
        case 6:
          Probe(fd);
          break;
        case 7:
          ConnectTo(MakeSocket(), listener);
          break;
      }
      wait();
    } while (!w.OneIn(4));
  }

  // More than the buffers hold.
  void Flood() {
    const Pair pair = MakePair();
    if (w.OneIn(2)) w.SetOption(pair.client, SO_SNDBUF, w.One({0, 1, 4096}));
    if (w.OneIn(3)) w.SetOption(pair.accepted, SO_RCVBUF, w.One({0, 1, 4096}));
    for (int n = 1 + w.random().Below(5); n > 0; --n) w.Send(pair.client, kMaxTransfer);
    if (w.OneIn(2)) w.Poll(pair.client);
    if (w.OneIn(2)) w.Receive(pair.accepted, w.One({1, 4096, kMaxTransfer}));
    if (w.OneIn(2)) w.Send(pair.client, w.Size());
    if (w.OneIn(4)) w.Close(pair.accepted);
    if (w.OneIn(4)) Probe(pair.client);
  }

  // More sockets than the kernel has ports to choose from.
  void Exhaust() {
    for (int n = w.env().ephemeral + 1; n > 0; --n) {
      const Descriptor fd = MakeSocket();
      if (w.OneIn(6)) ShareOptions(fd);
      switch (w.random().Below(3)) {
        case 0:
          w.Bind(fd, {.host = w.SomeHost(SocketKind::kTcp), .port = kPortZero});
          break;
        case 1:
          w.Listen(fd, w.Backlog());
          break;
        case 2:
          w.Connect(fd, w.RemoteAddress(fd));
          break;
      }
    }
  }

  // A listener goes while clients wait in its queue.
  void AbandonedQueue() {
    const Descriptor listener = MakeListener(w.Backlog());
    const Descriptor client = MakeSocket();
    ConnectTo(client, listener);
    if (w.OneIn(3)) w.Send(client, w.Size());
    if (w.OneIn(4)) w.Close(client);
    if (w.OneIn(3)) {
      w.Shutdown(listener, w.One({SHUT_RD, SHUT_RDWR}));
    } else {
      w.Close(listener);
    }
    Probe(client);
  }
};

}  // namespace

void TcpScenario(Writer& w) { TcpScenes(w).One(); }

}  // namespace sockspec
