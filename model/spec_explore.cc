#include "model/spec_explore.h"

#include <sys/socket.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <vector>

#include "model/oracle.h"
#include "model/program/declarations.h"
#include "model/program/text.h"
#include "model/program/unix_name.h"

namespace sockspec {
namespace {

// What leads to the phases. Each call is answered as the specification says; where it allows
// several replies, by the first.
std::vector<std::string> TcpBeginnings() {
  const std::string socket = "s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)\n";
  const std::string bound = socket + "bind(s0, 127.0.0.1:P0)\n";
  const std::string client = "s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)\n";
  const std::string listening = bound + "listen(s0, 1)\n" + client;
  const std::string waiting = listening + "connect(s1, 127.0.0.1:P0)\n";
  const std::string connected = waiting + "s2 = accept4(s0, SOCK_NONBLOCK)\n";
  // The queue holds one, so that a second connection stays under way.
  const std::string full = bound + "listen(s0, 0)\n" + client +
                           "connect(s1, 127.0.0.1:P0)\n"
                           "s2 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)\n"
                           "connect(s2, 127.0.0.1:P0)\n";
  // Two sockets of one port, of which one is connected to where the other wants to go.
  const std::string twins = bound + "listen(s0, 5)\n" + client +
                            "setsockopt(s1, SOL_SOCKET, SO_REUSEADDR, 1)\n"
                            "bind(s1, 127.0.0.1:P1)\n"
                            "s2 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)\n"
                            "setsockopt(s2, SOL_SOCKET, SO_REUSEADDR, 1)\n"
                            "bind(s2, 127.0.0.1:P1)\n"
                            "connect(s1, 127.0.0.1:P0)\n";
  // So little room that the kernel may take its time.
  const std::string crowded = bound +
                              "listen(s0, 1)\n"
                              "s1 = socket(AF_INET, SOCK_STREAM, 0)\n"
                              "connect(s1, 127.0.0.1:P0)\n"
                              "s2 = accept(s0)\n"
                              "setsockopt(s2, SOL_SOCKET, SO_RCVBUF, 1)\n"
                              "send(s1, 4096, MSG_NOSIGNAL)\n";
  return {
      "",
      socket,
      "s0 = socket(AF_INET, SOCK_STREAM, 0)\n",
      bound + client,
      listening,
      socket + "connect(s0, 127.0.0.1:P0)\n",
      waiting,
      full,
      full + "shutdown(s2, SHUT_RDWR)\n",
      connected,
      connected + "send(s1, 5, MSG_NOSIGNAL)\nsend(s2, 5, MSG_NOSIGNAL)\n",
      connected + "send(s1, 5, MSG_OOB|MSG_NOSIGNAL)\n",
      connected + "shutdown(s2, SHUT_WR)\n",
      connected + "shutdown(s1, SHUT_WR)\nshutdown(s2, SHUT_WR)\n",
      connected + "send(s1, 5, MSG_NOSIGNAL)\nclose(s2)\n",
      waiting + "setsockopt(s1, SOL_SOCKET, SO_LINGER, {1, 0})\nclose(s1)\n",
      waiting +
          "setsockopt(s1, SOL_SOCKET, SO_LINGER, {1, 0})\ns2 = accept4(s0, "
          "SOCK_NONBLOCK)\nclose(s1)\n",
      connected +
          "close(s0)\nclose(s2)\nclose(s1)\n"
          "s3 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)\n",
      bound + "connect(s0, 127.0.0.1:P0)\n",
      "s0 = socket(AF_INET, SOCK_STREAM, 0)\nbind(s0, 127.0.0.1:P0)\nshutdown(s0, SHUT_WR)\n",
      twins,
      twins + "close(s1)\n",
      crowded,
      crowded + "fcntl(s2, F_SETFL, O_NONBLOCK)\n",
      "env: nofile=1\n" + bound + "listen(s0, 1)\n",
      "env: ephemeral=1\n" + socket + "bind(s0, 127.0.0.1:0)\n" + client,
  };
}

// A program in the other family's words.
std::string InWords(std::string text, std::initializer_list<std::pair<std::string_view, std::string_view>> words) {
  for (const auto& [from, to] : words) {
    for (size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) {
      text.replace(at, from.size(), to);
    }
  }
  return text;
}

std::vector<std::string> UdpBeginnings() {
  const std::string socket = "s0 = socket(AF_INET, SOCK_DGRAM|SOCK_NONBLOCK, 0)\n";
  const std::string bound = socket + "bind(s0, 127.0.0.1:P0)\n";
  const std::string client = "s1 = socket(AF_INET, SOCK_DGRAM|SOCK_NONBLOCK, 0)\n";
  const std::string connected = bound + client + "connect(s1, 127.0.0.1:P0)\n";
  return {
      "",
      socket,
      "s0 = socket(AF_INET, SOCK_DGRAM, 0)\n",
      bound + client,
      bound + client + "setsockopt(s0, SOL_SOCKET, SO_REUSEADDR, 1)\nsetsockopt(s1, SOL_SOCKET, SO_REUSEADDR, 1)\n",
      socket + "connect(s0, 127.0.0.1:P0)\n",
      socket + "connect(s0, 127.0.0.1:P0)\nsend(s0, 5, MSG_NOSIGNAL)\n",
      connected,
      connected + "send(s1, 5, MSG_NOSIGNAL)\n",
      connected + "send(s1, 0, MSG_NOSIGNAL)\n",
      connected + "shutdown(s1, SHUT_RDWR)\n",
      connected + "shutdown(s1, SHUT_RD)\nfcntl(s1, F_SETFL, 0)\n",
      "env: nofile=1\n" + bound,
      "env: ephemeral=1\n" + socket + "bind(s0, 127.0.0.1:0)\n" + client,
      "env: uid=nobody\n" + socket,
  };
}

std::vector<std::string> UnixStreamBeginnings() {
  const std::string socket = "s0 = socket(AF_UNIX, SOCK_STREAM|SOCK_NONBLOCK, 0)\n";
  const std::string bound = socket + "bind(s0, U0)\n";
  const std::string client = "s1 = socket(AF_UNIX, SOCK_STREAM|SOCK_NONBLOCK, 0)\n";
  const std::string listening = bound + "listen(s0, 1)\n" + client;
  const std::string waiting = listening + "connect(s1, U0)\n";
  const std::string connected = waiting + "s2 = accept4(s0, SOCK_NONBLOCK)\n";
  const std::string pair = "socketpair(AF_UNIX, SOCK_STREAM, 0, [s0, s1])\n";
  return {
      "",
      socket,
      "s0 = socket(AF_UNIX, SOCK_STREAM, 0)\n",
      bound + client,
      listening,
      waiting,
      bound + "listen(s0, 0)\n" + client + "connect(s1, U0)\ns2 = socket(AF_UNIX, SOCK_STREAM|SOCK_NONBLOCK, 0)\n",
      bound + "listen(s0, 0)\n" + client + "connect(s1, U0)\ns2 = socket(AF_UNIX, SOCK_STREAM, 0)\n",
      connected,
      connected + "send(s1, 5, MSG_NOSIGNAL)\nsend(s2, 5, MSG_NOSIGNAL)\n",
      connected + "shutdown(s2, SHUT_WR)\n",
      connected + "shutdown(s1, SHUT_WR)\nshutdown(s2, SHUT_WR)\n",
      connected + "close(s2)\n",
      connected + "send(s1, 5, MSG_NOSIGNAL)\nclose(s2)\n",
      waiting + "close(s0)\n",
      pair,
      pair + "send(s0, 5, MSG_NOSIGNAL)\n",
      pair + "sendmsg(s0, NULL, 5, 1, SCM_RIGHTS, s0, MSG_NOSIGNAL)\n",
      "s0 = socket(AF_UNIX, SOCK_STREAM, 0)\nbind(s0, U0)\nclose(s0)\ns1 = socket(AF_UNIX, SOCK_STREAM, 0)\n",
      "env: nofile=1\n" + bound + "listen(s0, 1)\n",
      "env: uid=nobody\n" + socket,
  };
}

std::vector<std::string> UnixDatagramBeginnings() {
  const std::string socket = "s0 = socket(AF_UNIX, SOCK_DGRAM|SOCK_NONBLOCK, 0)\n";
  const std::string bound = socket + "bind(s0, U0)\n";
  const std::string client = "s1 = socket(AF_UNIX, SOCK_DGRAM|SOCK_NONBLOCK, 0)\n";
  const std::string connected = bound + client + "connect(s1, U0)\n";
  std::string full = connected;
  for (int i = 0; i < 11; ++i) full += "send(s1, 1, MSG_NOSIGNAL)\n";
  const std::string pair = "socketpair(AF_UNIX, SOCK_DGRAM, 0, [s0, s1])\n";
  return {
      "",
      socket,
      "s0 = socket(AF_UNIX, SOCK_DGRAM, 0)\n",
      bound + client,
      connected,
      connected + "send(s1, 5, MSG_NOSIGNAL)\n",
      full,
      full + "fcntl(s1, F_SETFL, 0)\n",
      connected + "close(s0)\n",
      connected + "shutdown(s0, SHUT_RD)\n",
      connected + "shutdown(s1, SHUT_WR)\n",
      pair,
      pair + "send(s0, 5, MSG_NOSIGNAL)\n",
      pair + "close(s1)\n",
      pair + "s2 = socket(AF_UNIX, SOCK_DGRAM, 0)\nbind(s0, U0)\n",
      "env: uid=nobody\n" + socket,
  };
}

std::vector<std::string> Beginnings(SpecKind kind) {
  const auto all = [](std::vector<std::string> programs, auto words) {
    for (std::string& program : programs) program = InWords(std::move(program), words);
    return programs;
  };
  const std::initializer_list<std::pair<std::string_view, std::string_view>> inet6 = {
      {"AF_INET,", "AF_INET6,"}, {"127.0.0.1", "[::1]"}};
  switch (kind) {
    case SpecKind::kTcp4: return TcpBeginnings();
    case SpecKind::kTcp6: return all(TcpBeginnings(), inet6);
    case SpecKind::kUdp4: return UdpBeginnings();
    case SpecKind::kUdp6: return all(UdpBeginnings(), inet6);
    case SpecKind::kUnixStream: return UnixStreamBeginnings();
    case SpecKind::kUnixDatagram: return UnixDatagramBeginnings();
    case SpecKind::kUnixSeqpacket:
      return all(UnixStreamBeginnings(),
                 std::initializer_list<std::pair<std::string_view, std::string_view>>{
                     {"SOCK_STREAM", "SOCK_SEQPACKET"}});
  }
  __builtin_unreachable();
}

// ---- the calls that are tried
// -----------------------------------------------------------------------

// Every call that differs from the plainest by one argument. `live` says which handles there are.
class Alphabet {
 public:
  static std::vector<Call> Of(const World& world, SpecKind kind) {
    Alphabet alphabet(kind);
    uint8_t free = 0;
    std::vector<Descriptor> descriptors;
    for (int h = 0; h < kMaxHandles; ++h) {
      if (world.handles[h] == kNone) continue;
      descriptors.push_back(Descriptor::Handle(h));
      free = static_cast<uint8_t>(h + 1);
    }
    descriptors.insert(descriptors.end(), {kMinusOne, kFile});
    for (const Declaration& declaration : Declarations()) {
      Call plain{.op = declaration.op};
      if (declaration.makes(plain)) plain.made = std::min<uint8_t>(free, kMaxHandles - 1);
      if (declaration.makes_pair()) {
        plain.made = std::min<uint8_t>(free, kMaxHandles - 2);
        plain.made2 = static_cast<uint8_t>(plain.made + 1);
      }
      alphabet.fresh_ = std::min<uint8_t>(free, kMaxHandles - 1);
      alphabet.descriptors_ = descriptors;
      if (!declaration.takes_descriptor()) {
        alphabet.Vary(declaration, plain);
        continue;
      }
      for (const Descriptor fd : descriptors) {
        plain.fd = fd;
        alphabet.Vary(declaration, plain);
      }
    }
    return std::move(alphabet.calls_);
  }

 private:
  explicit Alphabet(SpecKind kind)
      : inet6_(kind == SpecKind::kTcp6 || kind == SpecKind::kUdp6),
        unix_(kind >= SpecKind::kUnixStream) {}

  Address Plain() const {
    if (unix_) return {.family = AF_UNIX, .host = Host::kUnix, .name = UnixName::Path(0)};
    if (inet6_) return {.family = AF_INET6, .host = Host::kLoopback6, .port = Port::Program(0)};
    return {.host = Host::kLoopback, .port = Port::Program(0)};
  }

  static bool Used(const Argument& argument, const Call& call) {
    return argument.used == nullptr || argument.used(call);
  }

  // The plainest call: of each argument the first choice.
  void Vary(const Declaration& declaration, Call plain) {
    for (const Argument& argument : declaration.arguments) {
      if (argument.member != nullptr && !argument.choices.empty() && Used(argument, plain)) {
        plain.*argument.member = argument.choices[0];
      }
      Plainest(argument, plain);
    }
    Add(plain);
    for (const Argument& argument : declaration.arguments) {
      if (!Used(argument, plain)) continue;
      if (argument.member != nullptr) {
        // Of the options, one row of whose table is like the other, a few stand for all.
        constexpr size_t kOptionsTried = 14;
        auto choices = argument.choices;
        if (argument.member == &Call::option) choices = choices.first(std::min(choices.size(), kOptionsTried));
        for (const int32_t choice : choices) {
          Call call = plain;
          call.*argument.member = choice;
          Complete(declaration, call);
          // An option's size and what may be done to it depend on which one it is.
          if (argument.member == &Call::option) {
            for (const Argument& other : declaration.arguments) {
              call.length = OptionSize(call.level, call.option);
              Pointers(other, call);
            }
          }
        }
      }
      Pointers(argument, plain);
    }
  }

  // An argument may be there only for some values of another one (fcntl's third, an option's size).
  void Complete(const Declaration& declaration, Call call) {
    bool added = false;
    for (const Argument& argument : declaration.arguments) {
      if (argument.kind == Kind::kOptionIn || argument.kind == Kind::kOptionOut) {
        call.length = OptionSize(call.level, call.option);
      }
      if (argument.used == nullptr || !Used(argument, call)) continue;
      for (const int32_t choice : argument.choices) {
        call.*argument.member = choice;
        Add(call);
        added = true;
      }
    }
    if (!added) Add(call);
  }

  void Plainest(const Argument& argument, Call& call) const {
    switch (argument.kind) {
      case Kind::kAddressIn:
        call.address = Plain();
        call.length = ExactLength(call.address);
        break;
      case Kind::kAddressOut:
        call.length = kStorageLength;
        break;
      case Kind::kOptionIn:
        call.value = 1;
        call.length = OptionSize(call.level, call.option);
        break;
      case Kind::kOptionOut:
        call.length = OptionSize(call.level, call.option);
        break;
      case Kind::kDescriptor:
      case Kind::kConstant:
      case Kind::kType:
      case Kind::kFlags:
      case Kind::kNumber:
      case Kind::kMadePair:
      case Kind::kMadeIfAny:
      case Kind::kBuffer:
        break;
    }
  }

  void Pointers(const Argument& argument, const Call& plain) {
    const auto with = [&](auto change) {
      Call call = plain;
      change(call);
      Add(call);
    };
    const auto lengths = [&](std::initializer_list<int32_t> values) {
      for (const int32_t length : values) with([&](Call& c) { c.length = length; });
    };
    switch (argument.kind) {
      case Kind::kAddressIn:
        for (const Address& address : Addresses()) {
          with([&](Call& c) {
            c.address = address;
            c.length = ExactLength(address);
          });
        }
        for (const int16_t family : {AF_UNSPEC, AF_UNIX, AF_INET6, 99}) {
          with([&](Call& c) { c.address.family = family; });
          with([&](Call& c) {
            c.address = {.family = family, .host = Host::kAny, .port = kPortZero};
            c.length = kExactLength;
          });
        }
        with([](Call& c) { c.address.dirty_tail = true; });
        with([](Call& c) { c.pointer = Pointer::kNull; });
        with([](Call& c) { c.pointer = Pointer::kBad; });
        lengths({0, 1, 2, 3, 4, 8, 15, 17, 24, 28, 110, 111, 128, 129, -1});
        break;
      case Kind::kAddressOut:
        for (const Pointer pointer : {Pointer::kNull, Pointer::kBad}) {
          with([&](Call& c) { c.pointer = pointer; });
          with([&](Call& c) { c.length_pointer = pointer; });
          with([&](Call& c) { c.pointer = c.length_pointer = pointer; });
        }
        lengths({0, 2, 4, 8, 17, -1});
        break;
      case Kind::kOptionIn:
        with([](Call& c) { c.value = 0; });
        with([](Call& c) { c.pointer = Pointer::kNull; });
        with([](Call& c) { c.pointer = Pointer::kBad; });
        lengths({0, 2, 4, 8, -1});
        break;
      case Kind::kOptionOut:
        for (const Pointer pointer : {Pointer::kNull, Pointer::kBad}) {
          with([&](Call& c) { c.pointer = pointer; });
          with([&](Call& c) { c.length_pointer = pointer; });
        }
        lengths({0, 2, 8, -1});
        break;
      case Kind::kBuffer:
        with([](Call& c) { c.buffer = Pointer::kNull; });
        with([](Call& c) { c.buffer = Pointer::kBad; });
        break;
      case Kind::kMadeIfAny:
        with([&](Call& c) { c.made = fresh_; });
        break;
      case Kind::kDescriptor:
        if (argument.descriptor == &Call::fd) break;
        for (const Descriptor fd : descriptors_) {
          if (argument.closes && (fd == kFile || fd == kPipe)) continue;
          with([&](Call& c) { c.fd2 = fd; });
        }
        break;
      case Kind::kMadePair:
      case Kind::kConstant:
      case Kind::kType:
      case Kind::kFlags:
      case Kind::kNumber:
        break;
    }
  }

  std::vector<Address> Addresses() const {
    std::vector<Address> addresses;
    if (unix_) {
      for (const UnixNameRow& row : kUnixNames) {
        if (row.name.IsPath() && row.name.path() > 1) continue;
        if (row.name.IsAbstract() && row.name.abstract() > 1) continue;
        addresses.push_back({.family = AF_UNIX, .host = Host::kUnix, .name = row.name});
      }
      return addresses;
    }
    for (int h = 0; h < kHostCount; ++h) {
      const Host host = static_cast<Host>(h);
      if (host == Host::kUnix || (IsIpv6(host) && !inet6_) || (IsIpv4(host) && inet6_)) continue;
      addresses.push_back({.family = static_cast<int16_t>(inet6_ ? AF_INET6 : AF_INET),
                           .host = host,
                           .port = Port::Program(0)});
    }
    for (const Port port : {kPortZero, Port::Program(1), kPortPrivileged}) {
      for (const Host host : {Plain().host, inet6_ ? Host::kAny6 : Host::kAny}) {
        addresses.push_back({.family = Plain().family, .host = host, .port = port});
      }
    }
    return addresses;
  }

  void Add(const Call& call) { calls_.push_back(call); }

  bool inet6_;
  bool unix_;
  uint8_t fresh_ = 0;
  std::vector<Descriptor> descriptors_;
  std::vector<Call> calls_;
};

// ---- exploring
// --------------------------------------------------------------------------------------

class Explorer {
 public:
  Explorer(const Profile& profile, SpecKind kind)
      : profile_(profile), kind_(kind), next_(3, Oracle(profile)), supposed_(3, Oracle(profile)) {}

  Explored Run() {
    for (const std::string& beginning : Beginnings(kind_)) {
      ++derived_.programs;
      const ParsedText parsed = ParseText(beginning, "a beginning");
      Oracle oracle(profile_);
      oracle.Reset(parsed.transcript.program.env);
      bool there = parsed.ok();
      for (const Call& call : parsed.transcript.program.calls) {
        Record(oracle, call);
        const std::vector<Allowed> allowed = oracle.Ask(call);
        if (allowed.empty()) {
          oracle.Step(call, {});  // unspecified, and stays so
          continue;
        }
        there = there && oracle.Step(call, allowed[0].reply) == Verdict::kConforms;
      }
      // Two calls beyond every beginning are tried of TCP over IPv4 alone: the others would take minutes.
      if (!there) continue;
      oracle.Suppose(0);
      From(oracle, kind_ == SpecKind::kTcp4 ? 2 : 1);
    }
    return std::move(derived_);
  }

 private:
  static int SubjectOf(const World& world, const Call& call) {
    const uint8_t socket = SocketOf(call, world);
    return socket == kNone ? -1 : socket;
  }

  static int PlaceOf(const World& world, const Call& call) {
    const int subject = SubjectOf(world, call);
    return subject < 0 ? kNoSocketPlace : static_cast<int>(PhaseOf(world.sockets[subject]));
  }

  // All that is allowed at this call, and what it moves.
  void Record(const Oracle& oracle, const Call& call) { Record(oracle, call, oracle.Ask(call)); }

  void Record(const Oracle& oracle, const Call& call, const std::vector<Allowed>& allowed) {
    const World& before = oracle.world();
    const int place = PlaceOf(before, call);
    derived_.reached[place] = true;
    if (allowed.empty()) {
      for (const Considered& c : oracle.Consider(call)) {
        if (!c.holds || c.clause->strength != Strength::kUnspecified) continue;
        derived_.decides[c.clause].insert({call.op, place});
      }
      if (place == static_cast<int>(Phase::kUnspecified))
        derived_.unspecified.insert({call.op, place});
    }
    for (const Allowed& a : allowed) derived_.decides[a.clause].insert({call.op, place});
  }

  // What a program can see: a socket that has a descriptor.
  static Phase SeenPhase(const Socket& socket) {
    return socket.owned ? PhaseOf(socket) : Phase::kClosed;
  }

  void RecordMoves(const World& before, const World& after, const Call& call) {
    const int subject = SubjectOf(before, call);
    for (int i = 0; i < kMaxSockets; ++i) {
      const Phase from = SeenPhase(before.sockets[i]);
      const Phase to = SeenPhase(after.sockets[i]);
      if (from == to) continue;
      const bool made_here = from == Phase::kClosed;
      const bool dissolves = call.op == Op::kConnect && call.address.family == AF_UNSPEC;
      derived_.moves.insert({from, to, call.op, i != subject && !made_here, dissolves});
    }
  }

  // Of an oracle with one world: what comes of it are moves of that one, however many outcomes share a reply.
  void From(const Oracle& oracle, int depth) {
    for (const Call& call : Alphabet::Of(oracle.world(), kind_)) {
      const std::vector<Allowed> allowed = oracle.Ask(call);
      Record(oracle, call, allowed);
      for (const Allowed& a : allowed) {
        Oracle& next = next_[depth];
        next = oracle;
        if (a.reply.blocked || next.Step(call, a.reply) != Verdict::kConforms) continue;
        for (int w = 0; w < next.worlds(); ++w) {
          const World& after = next.world(w);
          if (after == oracle.world()) continue;
          RecordMoves(oracle.world(), after, call);
          if (depth <= 1 || !expanded_.insert(Signature(after)).second) continue;
          Oracle& supposed = supposed_[depth];
          supposed = next;
          supposed.Suppose(w);
          From(supposed, depth - 1);
        }
      }
    }
  }

  // What tells two worlds apart as far as replies go, ports and numbers of bytes left out: of the worlds that
  // look alike one is gone on from.
  static std::string Signature(const World& world) {
    std::string signature;
    const auto add = [&](auto value) { signature += static_cast<char>(value); };
    for (const Socket& s : world.sockets) {
      if (!s.live) continue;
      add(static_cast<int>(s.kind) | s.owned << 4 | s.inet6 << 5 | s.only_inet6 << 6);
      add(static_cast<int>(s.tcp) | static_cast<int>(s.link) << 4);
      add(s.shut | s.user_shut << 2 | s.done << 4 | s.nonblocking << 5 | s.unspecified << 6);
      add(s.error);
      add((s.arrived > s.read) | (s.late > 0) << 1 | (s.bound != kNone) << 2 | (s.remote_port != kNone) << 3 |
          (s.peer != kNone) << 4 | (s.listener != kNone) << 5 | (s.linger && s.linger_seconds == 0) << 6);
      add(static_cast<int>(s.address) | (s.reuse_address || s.reuse_port) << 6);
      add(s.name.name.code);
    }
    for (const Message& m : world.messages) {
      if (m.live) add(m.to);
    }
    for (const Slot& slot : world.slots) add(slot.opens);
    return signature;
  }

  std::set<std::string> expanded_;
  const Profile& profile_;
  SpecKind kind_;
  std::vector<Oracle> next_;      // by depth
  std::vector<Oracle> supposed_;  // by depth
  Explored derived_;
};

}  // namespace

std::string_view SpecKindName(SpecKind kind) {
  switch (kind) {
    case SpecKind::kTcp4: return "TCP over IPv4";
    case SpecKind::kTcp6: return "TCP over IPv6";
    case SpecKind::kUdp4: return "UDP over IPv4";
    case SpecKind::kUdp6: return "UDP over IPv6";
    case SpecKind::kUnixStream: return "unix SOCK_STREAM";
    case SpecKind::kUnixDatagram: return "unix SOCK_DGRAM";
    case SpecKind::kUnixSeqpacket: return "unix SOCK_SEQPACKET";
  }
  __builtin_unreachable();
}

Exploration Explore(const Profile& profile) {
  Exploration exploration;
  for (int kind = 0; kind < kSpecKinds; ++kind) {
    exploration[kind] = ExploreOne(profile, static_cast<SpecKind>(kind));
  }
  return exploration;
}

Explored ExploreOne(const Profile& profile, SpecKind kind) { return Explorer(profile, kind).Run(); }

}  // namespace sockspec
