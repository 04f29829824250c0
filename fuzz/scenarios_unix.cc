#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <utility>

#include "fuzz/scenarios.h"
#include "model/program/unix_name.h"

namespace sockspec {
namespace {

class UnixScenes {
 public:
  UnixScenes(Writer& writer, SocketKind kind) : w(writer), kind_(kind) {}

  void One() {
    static constexpr struct {
      void (UnixScenes::*scene)();
      uint8_t connections;  // how often, of stream and seqpacket sockets
      uint8_t datagrams;    // and of datagram sockets
    } kScenes[] = {
        {&UnixScenes::Talk, 10, 8},    {&UnixScenes::Listen, 8, 0},   {&UnixScenes::FullQueue, 6, 0},
        {&UnixScenes::Names, 6, 6},    {&UnixScenes::Paths, 3, 3},    {&UnixScenes::Peers, 0, 10},
        {&UnixScenes::Queue, 0, 4},    {&UnixScenes::Rights, 6, 6},   {&UnixScenes::Flood, 3, 3},
        {&UnixScenes::Ends, 8, 4},     {&UnixScenes::Stale, 2, 2},
    };
    int total = 0;
    for (const auto& scene : kScenes) total += Datagrams() ? scene.datagrams : scene.connections;
    int at = w.random().Below(total);
    for (const auto& scene : kScenes) {
      const int weight = Datagrams() ? scene.datagrams : scene.connections;
      if (at < weight) return (this->*scene.scene)();
      at -= weight;
    }
  }

 private:
  Writer& w;
  SocketKind kind_;

  bool Datagrams() const { return kind_ == SocketKind::kUnixDatagram; }
  Descriptor MakeSocket() { return w.MakeSocket(kind_); }

  Descriptor MakeBound() {
    const Descriptor fd = MakeSocket();
    w.Bind(fd, w.LocalAddress(fd));
    return fd;
  }

  // To the place of `there`, whose name has to be known for that.
  Address PlaceOf(Descriptor there) {
    const Socket* socket = w.At(there);
    if (socket != nullptr && socket->name.length != 0 && w.OneIn(3)) w.GetName(there);
    return w.AddressOf(there);
  }

  std::pair<Descriptor, Descriptor> MakePair() {
    if (Datagrams() && w.OneIn(3)) {
      const Descriptor one = MakeBound();
      const Descriptor other = MakeBound();
      w.Connect(one, PlaceOf(other));
      if (w.OneIn(2)) w.Connect(other, PlaceOf(one));
      return {one, other};
    }
    if (!Datagrams() && w.OneIn(2)) {
      const Descriptor listener = MakeBound();
      w.Listen(listener, w.Backlog());
      const Descriptor client = MakeSocket();
      if (w.OneIn(3)) w.Bind(client, w.LocalAddress(client));
      w.Connect(client, PlaceOf(listener));
      const Descriptor accepted = w.Accept(listener);
      if (w.OneIn(3)) w.Close(listener);
      return {client, accepted};
    }
    const auto pair = w.MakePairOf(kind_);
    if (w.OneIn(4)) w.Bind(pair.first, w.LocalAddress(pair.first));
    return pair;
  }

  // One to three calls that show what became of a socket.
  void Probe(Descriptor fd) {
    do {
      switch (w.random().Below(10)) {
        case 0:
        case 1: w.Send(fd, w.Size(), w.OneIn(2) ? int{MSG_NOSIGNAL} : 0); break;
        case 2:
        case 3: w.Receive(fd, w.Size(), w.One({0, 0, 0, MSG_PEEK, MSG_TRUNC, MSG_WAITALL})); break;
        case 4: w.GetOption(fd, SO_ERROR); break;
        case 5: w.Poll(fd); break;
        case 6: w.Step({.op = Op::kGetpeername, .fd = fd, .length = kStorageLength}); break;
        case 7: w.Shutdown(fd, w.One({SHUT_RD, SHUT_WR, SHUT_RDWR})); break;
        case 8: w.Connect(fd, w.RemoteAddress(fd)); break;
        case 9: w.Step({.op = Op::kIoctl, .fd = fd, .command = w.One({FIONREAD, SIOCATMARK})}); break;
      }
    } while (w.OneIn(2));
  }

  void Talk() {
    auto [one, other] = MakePair();
    for (int n = 1 + w.random().Below(4); n > 0; --n) {
      if (w.OneIn(3)) std::swap(one, other);
      w.Send(one, w.OneIn(6) ? 0 : w.Size());
      if (w.OneIn(3)) w.Receive(other, w.Size(), MSG_PEEK);
      if (!w.OneIn(3)) w.Receive(other, w.Size(), w.One({0, 0, 0, MSG_TRUNC, MSG_WAITALL}));
    }
    Probe(one);
    Probe(other);
  }

  void Listen() {
    const Descriptor listener = MakeBound();
    if (w.OneIn(6)) Probe(listener);
    w.Listen(listener, w.Backlog());
    const Descriptor client = MakeSocket();
    if (w.OneIn(3)) w.Bind(client, w.LocalAddress(client));
    if (w.OneIn(8)) w.Shutdown(client, w.One({SHUT_RD, SHUT_WR, SHUT_RDWR}));
    w.Connect(client, PlaceOf(listener));
    if (w.OneIn(2)) w.Send(client, w.Size());
    switch (w.random().Below(5)) {
      case 0: w.Shutdown(listener, w.One({SHUT_RD, SHUT_WR, SHUT_RDWR})); break;
      case 1: w.Close(listener); break;
      case 2: w.Close(client); break;
      case 3: w.Connect(listener, PlaceOf(listener)); break;
      case 4: break;
    }
    if (w.OneIn(4)) Probe(listener);
    if (!w.OneIn(4)) Probe(w.Accept(listener));
    Probe(w.OneIn(2) ? client : listener);
  }

  void FullQueue() {
    const Descriptor listener = MakeBound();
    const int backlog = w.One({0, 0, 1, 2});
    w.Listen(listener, backlog);
    Descriptor client = kMinusOne;
    for (int n = 0; n <= backlog + 1; ++n) {
      client = MakeSocket();
      w.Connect(client, PlaceOf(listener));
    }
    if (w.OneIn(2)) w.Accept(listener);
    if (w.OneIn(3)) w.Listen(listener, w.Backlog());
    w.Connect(client, PlaceOf(listener));
    if (w.OneIn(3)) w.Close(listener);
    Probe(client);
  }

  void Names() {
    const Descriptor one = MakeBound();
    if (w.OneIn(3)) w.GetName(one);
    if (w.OneIn(3)) w.Bind(one, w.LocalAddress(one));
    const Address place = PlaceOf(one);
    if (w.OneIn(2)) w.Close(one);
    const Descriptor other = MakeSocket();
    Call call{.op = Op::kBind, .fd = other, .address = place, .length = ExactLength(place)};
    if (w.OneIn(3)) call.length += w.One({-2, -1, 1, 2, 60});
    w.Step(call);
    w.GetName(other);
    if (w.OneIn(2)) w.Listen(other, 1);
    const Descriptor third = MakeSocket();
    call.fd = third;
    if (w.OneIn(2)) call.op = Op::kConnect;
    w.Step(call);
    Probe(third);
  }

  void Paths() {
    const Descriptor fd = MakeSocket();
    for (int n = 1 + w.random().Below(3); n > 0; --n) {
      const Address address{.family = AF_UNIX, .host = Host::kUnix, .name = w.OddUnixName()};
      switch (w.random().Below(3)) {
        case 0: w.Bind(fd, address); break;
        case 1: w.Connect(fd, address); break;
        case 2: w.SendTo(fd, address, w.Size()); break;
      }
    }
    Probe(fd);
  }

  // Datagram sockets that are each other's peers, or not.
  void Peers() {
    Descriptor fds[3] = {MakeBound(), MakeBound(), w.OneIn(2) ? MakeSocket() : MakeBound()};
    for (int n = 3 + w.random().Below(8); n > 0; --n) {
      const Descriptor one = fds[w.random().Below(3)];
      const Descriptor other = fds[w.random().Below(3)];
      switch (w.random().Below(9)) {
        case 0:
        case 1: w.Connect(one, PlaceOf(other)); break;
        case 2: w.Dissolve(one); break;
        case 3: w.SendTo(one, PlaceOf(other), w.Size()); break;
        case 4:
        case 5: w.Send(one, w.Size()); break;
        case 6: w.Receive(one, w.Size()); break;
        case 7: Probe(one); break;
        case 8:
          if (w.OneIn(3)) w.Close(one);
          break;
      }
    }
    Probe(fds[w.random().Below(3)]);
  }

  // More datagrams than wait at one socket.
  void Queue() {
    const Descriptor there = MakeBound();
    const Descriptor one = MakeSocket();
    w.Connect(one, PlaceOf(there));
    const bool mutual = w.OneIn(4);
    if (mutual) w.Bind(one, w.LocalAddress(one));
    if (mutual) w.Connect(there, PlaceOf(one));
    for (int n = 9 + w.random().Below(4); n > 0; --n) w.Send(one, 1);
    w.Poll(one);
    const Descriptor other = MakeSocket();
    w.SendTo(other, PlaceOf(there), 1);
    if (w.OneIn(2)) w.SendTo(there, PlaceOf(there), 1);
    if (w.OneIn(2)) w.Receive(there, 1);
    if (w.OneIn(2)) w.Receive(there, 1);
    w.Send(one, 1);
    Probe(one);
  }

  // A descriptor under way.
  void Rights() {
    auto [one, other] = MakePair();
    Descriptor passed = kMinusOne;
    Descriptor end = kMinusOne;
    switch (w.random().Below(6)) {
      case 0: passed = kFile; break;
      case 1: passed = w.AnyLive(); break;
      case 2: {
        passed = w.MakeSocket(SocketKind::kTcp);
        const Address address{.host = Host::kLoopback, .port = w.ProgramPort()};
        w.Bind(passed, address);
        if (w.OneIn(2)) w.Listen(passed, 1);
        break;
      }
      default: {
        const auto pair = w.MakePairOf(w.SomeUnixKind());
        passed = pair.first;
        end = pair.second;
        if (w.OneIn(3)) w.Send(end, w.Size());
        break;
      }
    }
    if (w.OneIn(3)) w.Send(one, w.Size());
    w.SendRights(one, passed, w.Size());
    if (w.OneIn(3)) w.SendRights(one, w.OneIn(2) ? passed : kPipe, w.Size());
    if (w.OneIn(3)) w.Send(one, w.Size());
    if (passed.IsHandle() && !w.OneIn(3)) w.Close(passed);
    if (w.OneIn(2)) Probe(end);
    if (w.OneIn(4)) w.Receive(other, w.Size(), MSG_PEEK);
    switch (w.random().Below(4)) {
      case 0: w.Close(other); break;
      case 1: w.Receive(other, w.Size()); break;
      default:
        w.Step({.op = Op::kRecvmsg,
                .fd = other,
                .pointer = Pointer::kNull,
                .size = w.Size(),
                .flags = MSG_DONTWAIT});
        break;
    }
    Probe(end);
    Probe(w.AnyLive());
  }

  // More than the buffers hold.
  void Flood() {
    auto [one, other] = MakePair();
    const bool small = w.OneIn(2);
    if (small) w.SetOption(one, SO_SNDBUF, w.One({0, 1, 4096}));
    for (int n = 1 + w.random().Below(6); n > 0; --n) {
      w.Send(one, small ? w.One({kMaxTransfer, 4096, 1000, 100}) : w.One({kMaxTransfer, kMaxTransfer, 4096, 30000}));
    }
    w.Poll(one);
    if (w.OneIn(2)) w.Receive(other, w.One({1, 4096, kMaxTransfer}));
    if (w.OneIn(2)) w.Send(one, w.Size());
    w.Poll(one);
    Probe(w.OneIn(2) ? one : other);
  }

  // One end goes, or is shut down, in whatever way.
  void Ends() {
    auto [one, other] = MakePair();
    if (w.OneIn(2)) w.Send(one, w.Size());
    if (w.OneIn(2)) w.Send(other, w.Size());
    if (w.OneIn(3)) w.Receive(one, w.Size());
    if (w.OneIn(3)) {
      const Descriptor twin = w.Dup(one);
      if (w.OneIn(2)) std::swap(one, other);
      w.Close(twin);
    }
    if (w.OneIn(2)) w.Shutdown(one, w.One({SHUT_RD, SHUT_WR, SHUT_RDWR}));
    Probe(other);
    if (w.OneIn(2)) w.Close(one);
    Probe(other);
    Probe(other);
  }

  // A descriptor after its close(), and what took its number.
  void Stale() {
    const Descriptor fd = MakeBound();
    w.Close(fd);
    if (w.OneIn(2)) MakeSocket();
    Call call = w.FreeCall();
    if (call.op != Op::kSocket && call.op != Op::kSocketpair) call.fd = fd;
    w.Step(call);
  }
};

}  // namespace

void UnixScenario(Writer& w, SocketKind kind) { UnixScenes(w, kind).One(); }

}  // namespace sockspec
