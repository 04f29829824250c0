#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <iterator>

#include "fuzz/scenarios.h"

namespace sockspec {
namespace {

class UdpScenes {
 public:
  explicit UdpScenes(Writer& writer) : w(writer) {}

  void One() {
    if (w.env().ephemeral != 0 && w.OneIn(2)) return Exhaust();
    static constexpr struct {
      void (UdpScenes::*scene)();
      uint8_t weight;
    } kScenes[] = {
        {&UdpScenes::Talk, 10},       {&UdpScenes::Refused, 8}, {&UdpScenes::Filtered, 6},
        {&UdpScenes::SharedPort, 10}, {&UdpScenes::Reborn, 6},  {&UdpScenes::ToMany, 4},
        {&UdpScenes::ShutDown, 4},    {&UdpScenes::Flood, 3},   {&UdpScenes::Stale, 2},
    };
    static constexpr int kTotal = [] {
      int total = 0;
      for (const auto& scene : kScenes) total += scene.weight;
      return total;
    }();
    int at = w.random().Below(kTotal);
    for (const auto& [scene, weight] : kScenes) {
      if (at < weight) return (this->*scene)();
      at -= weight;
    }
  }

 private:
  Writer& w;

  Descriptor MakeSocket() { return w.MakeSocket(SocketKind::kUdp); }

  Descriptor MakeBound() {
    const Descriptor fd = MakeSocket();
    Address address{.host = Host::kLoopback, .port = w.ProgramPort()};
    if (w.OneIn(4)) address = w.LocalAddress(fd);
    w.Bind(fd, address);
    return fd;
  }

  // To the place of `there`, whose port has to be known for that.
  Address PlaceOf(Descriptor there) {
    const Socket* socket = w.At(there);
    if (socket != nullptr && socket->local != kNone && w.world().ports[socket->local].name == kPortOther) {
      w.GetName(there);
    }
    return w.AddressOf(there);
  }

  Address Nobody() {
    return {.host = Host::kLoopback, .port = Port::Program(w.random().Below(kMaxProgramPorts))};
  }

  void ShareOptions(Descriptor fd) {
    if (w.OneIn(2)) w.SetOption(fd, SO_REUSEADDR, 1);
    if (w.OneIn(2)) w.SetOption(fd, SO_REUSEPORT, 1);
  }

  int ReceiveFlags() { return w.One({0, 0, 0, MSG_PEEK, MSG_TRUNC, MSG_PEEK | MSG_TRUNC}); }

  void Speak(Descriptor fd, Descriptor to) {
    if (w.OneIn(3)) {
      w.Send(fd, w.Size());
    } else {
      w.SendTo(fd, PlaceOf(to), w.One({0, 1, 5, 100}));
    }
  }

  // What became of a socket.
  void Probe(Descriptor fd) {
    do {
      switch (w.random().Below(10)) {
        case 0:
        case 1:
          w.Receive(fd, w.Size(), ReceiveFlags());
          break;
        case 2:
          w.Send(fd, w.Size());
          break;
        case 3:
          w.GetOption(fd, SO_ERROR);
          break;
        case 4:
          w.Poll(fd);
          break;
        case 5:
          w.Connect(fd, w.RemoteAddress(fd));
          break;
        case 6:
          w.GetName(fd);
          break;
        case 7:
          w.Step({.op = Op::kGetpeername, .fd = fd, .length = kStorageLength});
          break;
        case 8:
          w.Step({.op = Op::kIoctl, .fd = fd, .command = w.One({FIONREAD, FIONREAD, SIOCATMARK})});
          break;
        case 9:
          w.Dissolve(fd);
          break;
      }
    } while (w.OneIn(2));
  }

  // Datagrams from one to another, read in pieces too small, too large, or looked at first.
  void Talk() {
    const Descriptor to = MakeBound();
    const Descriptor from = w.OneIn(5) ? to : MakeSocket();
    if (w.OneIn(3)) w.Connect(from, PlaceOf(to));
    if (w.OneIn(5)) w.Connect(to, w.RemoteAddress(to));
    for (int n = 1 + w.random().Below(3); n > 0; --n) Speak(from, to);
    if (w.OneIn(3)) w.Step({.op = Op::kIoctl, .fd = to, .command = FIONREAD});
    for (int n = 1 + w.random().Below(3); n > 0; --n) w.Receive(to, w.One({1, 5, 100, 0}), ReceiveFlags());
    if (w.OneIn(3)) Speak(to, from);
    if (w.OneIn(3)) Probe(from);
    if (w.OneIn(6)) w.Close(to);
  }

  // Nobody is there; who hears of it, and when?
  void Refused() {
    const Descriptor fd = MakeSocket();
    if (w.OneIn(3)) w.Bind(fd, w.LocalAddress(fd));
    w.Connect(fd, w.OneIn(4) ? w.RemoteAddress(fd) : Nobody());
    w.Send(fd, w.Size());
    Probe(fd);
    if (w.OneIn(2)) w.SendTo(fd, w.OneIn(2) ? Nobody() : w.RemoteAddress(fd), w.Size());
    Probe(fd);
    if (w.OneIn(2)) w.Receive(fd, w.Size());
  }

  // A socket with a peer, and what others send to it.
  void Filtered() {
    const Descriptor to = MakeBound();
    const Descriptor peer = MakeBound();
    const Descriptor other = MakeSocket();
    if (w.OneIn(4)) Speak(other, to);  // before it has a peer
    w.Connect(to, PlaceOf(peer));
    const Address place = PlaceOf(to);
    for (int n = 1 + w.random().Below(3); n > 0; --n) {
      w.SendTo(w.OneIn(2) ? peer : other, place, w.Size());
    }
    if (w.OneIn(3)) w.Dissolve(to);
    if (w.OneIn(2)) w.SendTo(other, place, w.Size());
    w.Receive(to, 100);
    w.Receive(to, 100);
    if (w.OneIn(2)) Probe(other);
  }

  // Two or three sockets want one port, and somebody sends to it.
  void SharedPort() {
    const Port port = w.ProgramPort();
    Descriptor fds[3];
    const int count = w.OneIn(3) ? 3 : 2;
    const Descriptor from = MakeBound();
    for (int i = 0; i < count; ++i) {
      fds[i] = MakeSocket();
      ShareOptions(fds[i]);
      w.Bind(fds[i], {.host = w.OneIn(3) ? w.SomeHost(SocketKind::kUdp) : Host::kLoopback, .port = port});
      if (w.OneIn(3)) w.Connect(fds[i], PlaceOf(from));
      if (w.OneIn(6)) ShareOptions(fds[i]);
      if (w.OneIn(8)) w.SendTo(from, {.host = Host::kLoopback, .port = port}, w.Size());
    }
    if (w.OneIn(4)) w.Dissolve(fds[w.random().Below(count)]);
    if (w.OneIn(4)) w.Connect(fds[w.random().Below(count)], PlaceOf(from));
    for (int n = 1 + w.random().Below(2); n > 0; --n) {
      w.SendTo(w.OneIn(3) ? fds[w.random().Below(count)] : from,
               {.host = w.OneIn(4) ? Host::kLoopback2 : Host::kLoopback, .port = port}, w.Size());
    }
    for (int i = 0; i < count; ++i) w.Receive(fds[i], 100);
    if (w.OneIn(3)) w.Close(fds[w.random().Below(count)]);
    if (w.OneIn(3)) w.SendTo(from, {.host = Host::kLoopback, .port = port}, w.Size());
    Probe(fds[w.random().Below(count)]);
  }

  // bind(), connect() and dissolving by turns: what stays bound?
  void Reborn() {
    const Descriptor fd = MakeSocket();
    const Descriptor other = w.OneIn(2) ? MakeBound() : kMinusOne;
    do {
      switch (w.random().Below(5)) {
        case 0:
          w.Bind(fd, w.LocalAddress(fd));
          break;
        case 1:
          w.Connect(fd, w.RemoteAddress(fd));
          break;
        case 2:
          w.Dissolve(fd);
          break;
        case 3:
          w.SendTo(fd, other == kMinusOne ? Nobody() : PlaceOf(other), 1);
          break;
        case 4:
          if (other != kMinusOne) w.SendTo(other, PlaceOf(fd), w.Size());
          break;
      }
      if (w.OneIn(2)) w.GetName(fd);
    } while (!w.OneIn(5));
    if (w.OneIn(2)) w.Receive(fd, 100);
  }

  // Multicast and broadcast, by one who has an address.
  void ToMany() {
    static constexpr Host kMany[] = {Host::kMulticast, Host::kBroadcast, Host::kLocalBroadcast};
    const Port port = w.ProgramPort();
    Descriptor fds[2];
    for (Descriptor& fd : fds) {
      fd = MakeSocket();
      w.SetOption(fd, SO_REUSEADDR, 1);
      w.Bind(fd, {.host = w.OneIn(2) ? Host::kAny : w.random().Pick(kMany), .port = port});
    }
    const Descriptor from = w.OneIn(4) ? fds[0] : MakeBound();
    if (w.OneIn(2)) w.SetOption(from, SO_BROADCAST, 1);
    const Address there{.host = w.random().Pick(kMany), .port = port};
    if (w.OneIn(3)) {
      w.Connect(from, there);
      w.Send(from, w.Size());
    } else {
      w.SendTo(from, there, w.Size());
    }
    for (const Descriptor fd : fds) w.Receive(fd, 100);
  }

  void ShutDown() {
    const Descriptor fd = MakeBound();
    const Descriptor other = MakeBound();
    if (!w.OneIn(4)) w.Connect(fd, PlaceOf(other));
    if (w.OneIn(2)) w.SendTo(other, PlaceOf(fd), w.Size());
    w.Shutdown(fd, w.One({SHUT_RD, SHUT_WR, SHUT_RDWR}));
    if (w.OneIn(2)) w.SendTo(other, PlaceOf(fd), w.Size());
    w.Send(fd, w.Size());
    Probe(fd);
    w.Receive(fd, 100);
    if (w.OneIn(3)) Probe(other);
  }

  // More than the buffer holds.
  void Flood() {
    const Descriptor to = MakeBound();
    if (w.OneIn(2)) w.SetOption(to, SO_RCVBUF, w.One({0, 1, 4096, 65536}));
    const Descriptor from = MakeSocket();
    if (w.OneIn(3)) w.SetOption(from, SO_SNDBUF, w.One({0, 1, 4096}));
    const Address place = PlaceOf(to);
    for (int n = 1 + w.random().Below(5); n > 0; --n) {
      w.SendTo(from, place, w.One({1, 100, 4096, 16384, 65507, 65508, 65536}));
    }
    for (int n = 1 + w.random().Below(5); n > 0; --n) w.Receive(to, w.One({1, 4096, 65536}));
  }

  // More sockets than the kernel has ports to choose from.
  void Exhaust() {
    for (int n = w.env().ephemeral + 1; n > 0; --n) {
      const Descriptor fd = MakeSocket();
      if (w.OneIn(6)) ShareOptions(fd);
      switch (w.random().Below(4)) {
        case 0:
          w.Bind(fd, {.host = w.SomeHost(SocketKind::kUdp), .port = kPortZero});
          break;
        case 1:
          w.Connect(fd, w.RemoteAddress(fd));
          break;
        case 2:
          w.SendTo(fd, w.RemoteAddress(fd), 1);
          break;
        case 3:
          w.Send(fd, 1);
          break;
      }
      if (w.OneIn(3)) w.GetName(fd);
      if (w.OneIn(6)) w.Dissolve(fd);
    }
  }

  // A descriptor after its close(), and its port with the next who wants it.
  void Stale() {
    const Descriptor fd = MakeBound();
    const Address place = PlaceOf(fd);
    const Descriptor from = MakeSocket();
    w.Connect(from, place);
    w.Send(from, w.Size());
    w.Close(fd);
    const Descriptor next = MakeSocket();
    if (w.OneIn(2)) w.Bind(next, place);
    w.Send(from, w.Size());
    Probe(from);
    w.Receive(next, 100);
    if (w.OneIn(2)) Probe(fd);
  }
};

}  // namespace

void UdpScenario(Writer& w) { UdpScenes(w).One(); }

}  // namespace sockspec
