#include <sys/socket.h>

#include <iterator>

#include "fuzz/scenarios.h"

namespace sockspec {
namespace {

// What sockets of both families do to each other: who may have a port, who gets what comes to it, and what a socket
// remembers of the family it spoke before.
class DualStackScenes {
 public:
  DualStackScenes(Writer& writer, SocketKind kind) : w(writer), kind_(kind) {}

  void One() {
    switch (w.random().Below(5)) {
      case 0: return Turncoat();
      case 1: return Strangers();
      default: return SharedPort();
    }
  }

 private:
  Writer& w;
  SocketKind kind_;

  bool udp() const { return kind_ == SocketKind::kUdp; }
  bool IsInet6(Descriptor fd) const { return w.At(fd) != nullptr && w.At(fd)->inet6; }

  void Share(Descriptor fd) {
    if (w.OneIn(2)) w.SetOption(fd, SO_REUSEADDR, 1);
    if (w.OneIn(2)) w.SetOption(fd, SO_REUSEPORT, 1);
    if (IsInet6(fd) && w.OneIn(3)) w.SetInet6Only(fd, !w.OneIn(4));
  }

  // One of ours, as this socket writes it.
  Host Here(Descriptor fd) {
    static constexpr Host kInet[] = {Host::kAny, Host::kAny, Host::kLoopback, Host::kLoopback2};
    static constexpr Host kInet6[] = {Host::kAny6,      Host::kAny6,           Host::kLoopback6,
                                      Host::kMappedAny, Host::kMappedLoopback, Host::kMappedLoopback2};
    return IsInet6(fd) ? w.random().Pick(kInet6) : w.random().Pick(kInet);
  }
  Address At(Host host, Port port) {
    return {.family = static_cast<int16_t>(IsIpv6(host) ? AF_INET6 : AF_INET), .host = host, .port = port};
  }

  // Somebody comes by either family.
  void Visit(Port port) {
    static constexpr Host kTo[] = {Host::kLoopback6, Host::kMappedLoopback, Host::kMappedLoopback2, Host::kAny6};
    const Descriptor fd = w.MakeSocket(kind_);
    const Address there = At(w.random().Pick(kTo), port);
    if (!udp()) {
      w.Connect(fd, there);
      if (w.OneIn(3)) w.GetName(fd);
    } else if (w.OneIn(2)) {
      w.SendTo(fd, there, w.One({1, 5, 0}));
    } else {
      w.Connect(fd, there);
      w.Send(fd, w.One({1, 5}));
      if (w.OneIn(3)) w.Send(fd, 1);
    }
  }
  void Welcome(Descriptor fd) {
    if (udp()) {
      w.Receive(fd, 100);
    } else {
      w.Accept(fd);
    }
  }

  // Two to four sockets want one port.
  void SharedPort() {
    const Port port = w.ProgramPort();
    Descriptor fds[4];
    const int count = 2 + w.random().Below(3);
    for (int i = 0; i < count; ++i) {
      fds[i] = w.MakeSocket(kind_);
      Share(fds[i]);
      w.Bind(fds[i], At(Here(fds[i]), port));
      if (!udp() && w.OneIn(2)) w.Listen(fds[i], w.Backlog());
      if (udp() && w.OneIn(6)) w.Connect(fds[i], At(w.OneIn(2) ? Host::kLoopback6 : Host::kMappedLoopback, w.SomePort()));
      if (w.OneIn(8)) Share(fds[i]);
      if (w.OneIn(10)) w.Dissolve(fds[i]);
    }
    for (int i = 0; !udp() && i < count; ++i) {
      if (w.OneIn(2)) w.Listen(fds[w.random().Below(count)], w.Backlog());
    }
    for (int n = w.random().Below(4); n > 0; --n) Visit(port);
    for (int i = 0; i < count; ++i) {
      if (!w.OneIn(3)) Welcome(fds[i]);
    }
    if (w.OneIn(3)) w.Close(fds[w.random().Below(count)]);
    if (w.OneIn(3)) {
      Visit(port);
      Welcome(fds[w.random().Below(count)]);
    }
  }

  // One socket goes from one family to the other, and back.
  void Turncoat() {
    const Port port = w.ProgramPort();
    const Descriptor there = w.MakeSocket(kind_);
    w.Bind(there, At(IsInet6(there) ? Host::kAny6 : Host::kAny, port));
    if (!udp()) w.Listen(there, 5);
    const Descriptor fd = w.MakeSocket(kind_);
    if (w.OneIn(2)) w.Bind(fd, At(Here(fd), w.OneIn(2) ? kPortZero : w.SomePort()));
    do {
      switch (w.random().Below(6)) {
        case 0: w.Connect(fd, At(Host::kLoopback6, port)); break;
        case 1: w.Connect(fd, At(Host::kMappedLoopback, port)); break;
        case 2: w.Connect(fd, At(Host::kAny6, w.OneIn(3) ? w.SomePort() : port)); break;
        case 3: w.Dissolve(fd); break;
        case 4:
          if (IsInet6(fd)) w.SetInet6Only(fd, w.OneIn(2));
          break;
        case 5:
          if (udp()) {
            w.SendTo(fd, At(w.OneIn(2) ? Host::kLoopback6 : Host::kMappedLoopback, port), 1);
          } else {
            w.GetOption(fd, SO_ERROR);
          }
          break;
      }
      if (w.OneIn(2)) w.GetName(fd);
      if (w.OneIn(4)) Welcome(there);
    } while (!w.OneIn(6));
    if (udp()) w.SendTo(there, w.AddressOf(fd), 1);
    if (udp()) w.Receive(fd, 100);
  }

  // An address of one family in the hands of the other, of any length.
  void Strangers() {
    const Descriptor fd = w.MakeSocket(kind_);
    static constexpr Host kOf[] = {Host::kAny,  Host::kLoopback,  Host::kProhibited,
                                   Host::kAny6, Host::kLoopback6, Host::kMappedLoopback};
    Call call{.op = udp() ? Op::kSendto : Op::kBind, .fd = fd, .size = udp() ? 1 : 0, .flags = udp() ? int{MSG_DONTWAIT} : 0};
    for (int n = 1 + w.random().Below(4); n > 0; --n) {
      if (w.OneIn(2)) call.op = w.OneIn(2) ? Op::kBind : Op::kConnect;
      if (call.op != Op::kSendto) call.size = call.flags = 0;
      call.address = {.family = static_cast<int16_t>(w.One({AF_INET, AF_INET6, AF_INET6, AF_UNSPEC, 99})),
                      .host = w.random().Pick(kOf),
                      .port = w.ProgramPort()};
      call.address.dirty_tail = IsIpv4(call.address.host) && w.OneIn(6);
      call.length = w.One({28, 28, 16, 16, 24, 23, 27, 15, 128, 2, 1, 0});
      w.Step(call);
    }
    w.GetName(fd);
  }
};

}  // namespace

void DualStackScenario(Writer& w, SocketKind kind) { DualStackScenes(w, kind).One(); }

}  // namespace sockspec
