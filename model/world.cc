#include "model/world.h"

#include <errno.h>

#include <algorithm>

#include "model/program/declarations.h"
#include "model/program/notation.h"
#include "model/program/text.h"
#include "model/program/unix_name.h"
#include "model/scene.h"
#include "model/unix_network.h"

namespace sockspec {
namespace {

std::string HostName(Host host) { return std::string(kHostNames[static_cast<int>(host)]); }
std::string HostName(const Socket& socket, Host host) { return HostName(socket.inet6 ? Mapped(host) : host); }

std::string PortName(const World& world, PortIndex port) {
  if (port == kNone) return "0";
  const Port name = world.ports[port].name;
  if (name.IsProgram()) return "P" + std::to_string(name.program());
  if (name.IsChosen()) return "E" + std::to_string(name.chosen());
  if (name == kPortPrivileged) return "PRIVILEGED";
  return "(a port not seen yet)";
}

std::string NamesOf(const World& world, int index) {
  std::string names;
  for (int h = 0; h < kMaxHandles; ++h) {
    const uint8_t slot = world.handles[h];
    if (slot == kNone || world.slots[slot].socket != index) continue;
    if (world.slots[slot].opens != Opens::kSocket) continue;
    names += (names.empty() ? "s" : ", s") + std::to_string(h);
  }
  return names;
}

std::string UnixNameText(const BoundName& bound) {
  if (bound.length == 0) return "no name";
  std::string text;
  if (bound.name.IsChosen()) {
    text = "@E" + std::to_string(bound.name.chosen());
  } else if (const UnixNameRow* row = FindUnixName(bound.name); row != nullptr) {
    text = row->token;
  } else {
    return "(a name not seen yet)";
  }
  return bound.length == ExactLength(bound.name) ? text : text + " in " + std::to_string(bound.length) + " bytes";
}

// A unix socket has the phases of a connection: what ended which direction is told by `shut`.
Phase UnixPhaseOf(const Socket& socket) {
  if (socket.dead) return Phase::kClosed;
  if (socket.tcp == Tcp::kListen) return Phase::kListening;
  if (socket.tcp != Tcp::kEstablished) return HasName(socket) ? Phase::kBound : Phase::kUnbound;
  if (socket.error != 0) return Phase::kReset;
  if (socket.shut == (kUnixReceive | kUnixSend)) return Phase::kFinished;
  if (socket.shut & kUnixSend) return Phase::kWriteShut;
  return socket.shut & kUnixReceive ? Phase::kReadEnded : Phase::kConnected;
}

std::string_view What(Carries carries) {
  switch (carries) {
    case Carries::kSyn: return "a SYN";
    case Carries::kLastOfHandshake: return "the last ACK of a handshake";
    case Carries::kData: return "data";
    case Carries::kFin: return "a FIN";
    case Carries::kLastAck: return "the last ACK";
    case Carries::kReset: return "a RST";
  }
  __builtin_unreachable();
}

// What is told of a unix socket beside its phase.
std::string DescribeUnix(const World& world, uint8_t index) {
  const Socket& socket = world.sockets[index];
  std::string text = ", " + UnixNameText(socket.name);
  if (socket.peer != kNone) {
    const std::string names = NamesOf(world, socket.peer);
    text += ", peer " + (world.sockets[socket.peer].dead ? "(closed)" : names.empty() ? "(without a descriptor)" : names);
  }
  int count = 0;
  int holding = 0;
  for (const Message& message : world.messages) {
    if (!message.live || message.to != index) continue;
    ++count;
    holding += message.passed_opens != Opens::kNothing;
  }
  if (socket.kind != SocketKind::kUnixStream && count > 0) {
    text += ", " + std::to_string(count) + (count == 1 ? " record unread" : " records unread");
  }
  if (holding > 0) text += ", " + std::to_string(holding) + (holding == 1 ? " descriptor" : " descriptors") + " under way to it";
  return text;
}

}  // namespace

std::string_view PhaseName(Phase phase) {
  switch (phase) {
    case Phase::kUnbound: return "unbound";
    case Phase::kBound: return "bound";
    case Phase::kListening: return "listening";
    case Phase::kConnecting: return "connecting";
    case Phase::kRefused: return "refused";
    case Phase::kConnected: return "connected";
    case Phase::kWriteShut: return "write-shut";
    case Phase::kReadEnded: return "read-ended";
    case Phase::kFinished: return "finished";
    case Phase::kReset: return "reset";
    case Phase::kDisconnected: return "disconnected";
    case Phase::kUnspecified: return "unspecified";
    case Phase::kClosed: return "closed";
  }
  __builtin_unreachable();
}

const char* LostBecause(Lost lost) {
  switch (lost) {
    case Lost::kNo: return "";
    case Lost::kFull: return "more sockets or ports than a world holds";
    case Lost::kCoincidence: return "the kernel chose a port that had a name already";
    case Lost::kMixed: return "the end of a call depends on what the kernel chose without telling";
    case Lost::kTiming: return "bytes were under way while the connection ended";
    case Lost::kMute: return "a socket that spoke IPv4 before sends IPv6 packets that nobody understands";
    case Lost::kTorn: return "the other end of a connection was replaced";
    case Lost::kThreads: return "when a call in another thread comes back, or with what, nobody can tell";
    case Lost::kUnspecified: return "an unspecified socket may have done something to others";
    case Lost::kGarbage: return "sockets that hold nothing but each other are collected some time";
  }
  __builtin_unreachable();
}

World NewWorld(const Environment& env) {
  World world{};
  world.handles.fill(kNone);
  SetEnvironment(world, env);
  return world;
}

void SetEnvironment(World& world, const Environment& env) {
  world.nofile = static_cast<uint8_t>(env.nofile);
  world.ephemeral = static_cast<uint8_t>(env.ephemeral);
  world.nobody = env.nobody;
  world.patient = env.patient;
}

namespace {

template <typename T, size_t kSize>
void CopyUsed(std::array<T, kSize>& to, int used, const std::array<T, kSize>& from, int wanted) {
  std::copy(from.begin(), from.begin() + wanted, to.begin());
  if (used > wanted) std::fill(to.begin() + wanted, to.begin() + used, T{});
}

}  // namespace

void CopyWorld(World& to, const World& from) {
  CopyUsed(to.sockets, to.used_sockets.mark, from.sockets, from.used_sockets.mark);
  CopyUsed(to.ports, to.used_ports.mark, from.ports, from.used_ports.mark);
  CopyUsed(to.messages, to.queued_messages, from.messages, from.queued_messages);
  CopyUsed(to.options, to.set_options, from.options, from.set_options);
  CopyUsed(to.segments, to.under_way, from.segments, from.under_way);
  if (to.epolls_live + from.epolls_live != 0) to.epolls = from.epolls;
  if (to.waiting_live + from.waiting_live != 0) to.waiting = from.waiting;
  static_cast<WorldFacts&>(to) = from;
}

Phase PhaseOf(const Socket& socket) {
  if (!socket.live) return Phase::kClosed;
  if (socket.unspecified) return Phase::kUnspecified;
  if (IsUnix(socket.kind)) return UnixPhaseOf(socket);
  switch (socket.tcp) {
    case Tcp::kListen: return Phase::kListening;
    case Tcp::kSynSent: return Phase::kConnecting;
    case Tcp::kEstablished: return Phase::kConnected;
    case Tcp::kFinWait: return Phase::kWriteShut;
    case Tcp::kCloseWait: return Phase::kReadEnded;
    case Tcp::kLastAck: return Phase::kFinished;
    case Tcp::kTimeWait: return Phase::kClosed;
    case Tcp::kClose: break;
  }
  switch (socket.link) {
    case Link::kConnecting: return Phase::kRefused;
    case Link::kDisconnecting: return Phase::kDisconnected;
    case Link::kConnected: return socket.done ? Phase::kFinished : Phase::kReset;
    case Link::kUnconnected: break;
  }
  return socket.bound == kNone ? Phase::kUnbound : Phase::kBound;
}

std::string Describe(const World& world) {
  std::string text;
  for (int i = 0; i < kMaxSockets; ++i) {
    const Socket& socket = world.sockets[i];
    if (!socket.live) continue;
    std::string names = NamesOf(world, i);
    if (names.empty()) {
      names = socket.listener != kNone     ? "(waits in the accept queue of " +
                                             NamesOf(world, socket.listener) + ")"
              : IsUnix(socket.kind) && socket.dead ? "(closed, somebody's peer still)"
              : IsUnix(socket.kind)                ? "(under way in a message)"
              : socket.tcp == Tcp::kTimeWait ? "(closed, in TIME-WAIT)"
                                             : "(closed, waits for its peer's FIN)";
    }
    text += names + ": " + std::string(PhaseName(PhaseOf(socket)));
    if (IsUnix(socket.kind)) text += DescribeUnix(world, static_cast<uint8_t>(i));
    if (socket.local != kNone || socket.bound != kNone) {
      text += ", local " + HostName(socket, socket.address) + ":" + PortName(world, socket.local);
    }
    if (socket.remote_port != kNone) {
      text += ", peer " + HostName(socket, socket.remote) + ":" + PortName(world, socket.remote_port);
    }
    if (socket.tcp == Tcp::kListen) {
      text += ", " + std::to_string(QueueLength(world, static_cast<uint8_t>(i))) +
              " waiting, backlog " + std::to_string(socket.backlog);
    }
    if (Unread(socket) > 0) text += ", " + std::to_string(Unread(socket)) + " bytes unread";
    if (socket.late > 0) text += ", up to " + std::to_string(socket.late) + " more under way";
    if (socket.done) text += ", end of file";
    if (socket.shut & 1) text += ", shut for reading";
    if (socket.shut & 2) text += ", shut for writing";
    if (socket.error != 0) text += ", pending error " + PrintErrno(socket.error);
    if (socket.nonblocking) text += ", O_NONBLOCK";
    if (socket.reuse_address) text += ", SO_REUSEADDR";
    if (socket.reuse_port) text += ", SO_REUSEPORT";
    if (socket.only_inet6) text += ", IPV6_V6ONLY";
    if (socket.linger) text += ", SO_LINGER " + std::to_string(socket.linger_seconds);
    text += "\n";
  }
  for (int n = 0; n < world.under_way; ++n) {
    const Segment& segment = world.segments[n];
    const auto end = [&](uint8_t index) {
      const std::string names = index == kNone ? "" : NamesOf(world, index);
      return names.empty() ? std::string("one without a descriptor") : names;
    };
    text += "perhaps under way: " + std::string(What(segment.carries)) + " from " + end(segment.from);
    if (segment.carries == Carries::kData) text += ", " + std::to_string(segment.bytes) + " bytes";
    if (segment.to != kNone) text += ", to " + end(segment.to);
    text += "\n";
  }
  return text;
}

}  // namespace sockspec
