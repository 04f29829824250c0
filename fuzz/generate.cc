#include "fuzz/generate.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <utility>

#include "model/program/bytes.h"
#include "model/program/declarations.h"
#include "model/program/notation.h"
#include "model/program/unix_name.h"

namespace sockspec {
namespace {

constexpr int kNonblocking = SOCK_STREAM | SOCK_NONBLOCK;

// How often a free call is this one, before a program's own taste: most for what changes where a
// socket is.
constexpr uint8_t kUsualWeights[] = {
    6,  // socket
    6,  // bind
    4,  // listen
    8,  // connect
    5,  // accept
    3,  // accept4
    6,  // close
    4,  // shutdown
    2,  // dup
    2,  // getsockname
    2,  // getpeername
    4,  // getsockopt
    6,  // setsockopt
    6,  // send
    6,  // recv
    2,  // read
    2,  // write
    3,  // fcntl
    3,  // ioctl
    3,  // poll
    0,  // socketpair
    0,  // sendto
    0,  // recvfrom
    0,  // sendmsg
    0,  // recvmsg
    0,  // readv
    0,  // writev
    1,  // dup2
    1,  // dup3
    2,  // select
    1,  // epoll_create1
    2,  // epoll_ctl
    2,  // epoll_wait
};
static_assert(std::size(kUsualWeights) == kOpCount);

// Whether a call on a socket in this phase is likely to get past its first refusal.
bool Suits(Op op, Phase phase) {
  switch (op) {
    case Op::kBind:
      return phase == Phase::kUnbound || phase == Phase::kDisconnected;
    case Op::kListen:
      return phase == Phase::kUnbound || phase == Phase::kBound || phase == Phase::kListening;
    case Op::kConnect:
      return phase == Phase::kUnbound || phase == Phase::kBound || phase == Phase::kConnecting ||
             phase == Phase::kRefused;
    case Op::kAccept:
    case Op::kAccept4:
      return phase == Phase::kListening;
    case Op::kShutdown:
    case Op::kSend:
    case Op::kRecv:
    case Op::kRead:
    case Op::kWrite:
    case Op::kGetpeername:
      return phase == Phase::kConnected || phase == Phase::kWriteShut ||
             phase == Phase::kReadEnded || phase == Phase::kFinished || phase == Phase::kReset ||
             phase == Phase::kRefused || phase == Phase::kConnecting;
    case Op::kSocket:
    case Op::kClose:
    case Op::kDup:
    case Op::kGetsockname:
    case Op::kGetsockopt:
    case Op::kSetsockopt:
    case Op::kFcntl:
    case Op::kIoctl:
    case Op::kPoll:
    case Op::kSocketpair:
    case Op::kSendto:
    case Op::kRecvfrom:
    case Op::kSendmsg:
    case Op::kRecvmsg:
    case Op::kReadv:
    case Op::kWritev:
    case Op::kDup2:
    case Op::kDup3:
    case Op::kSelect:
    case Op::kEpollCreate1:
    case Op::kEpollCtl:
    case Op::kEpollWait:
      return phase != Phase::kClosed;
  }
  return true;
}

}  // namespace

// Writes one program, call by call.
class Generator::Writer {
 public:
  Writer(Generator& generator, Random& random)
      : oracle_(generator.oracle_),
        options_(generator.options_),
        program_(generator.program_),
        random_(random) {
    program_.calls.clear();
    program_.env = {};
    if (options_.environments && random_.OneIn(50)) {
      if (random_.OneIn(2)) {
        program_.env.nofile = 2 + random_.Below(5);
      } else {
        program_.env.ephemeral = 1 + random_.Below(3);
      }
    }
    oracle_.Reset(program_.env);
    DrawTaste();
  }

  void Whole() {
    // A third of the programs go somewhere first. How many free calls follow is geometric.
    const bool scene = random_.OneIn(3);
    if (scene) OneScenario();
    while (scene && random_.OneIn(20)) OneScenario();
    do {
      if (static_cast<int>(program_.calls.size()) >= options_.most_calls) break;
      Free();
      Noise(20);
    } while (!random_.OneIn(scene ? 2 : 5));
    LooksAtTheEnd();
  }

  void OneScenario() {
    if (program_.env.ephemeral != 0 && random_.OneIn(2)) return Exhaust();
    using Scene = void (Writer::*)();
    static constexpr struct {
      Scene scene;
      uint8_t weight;
    } kScenes[] = {
        {&Writer::Talk, 12},
        {&Writer::Refused, 6},
        {&Writer::SharedPort, 7},
        {&Writer::FullQueue, 6},
        {&Writer::SimultaneousOpen, 3},
        {&Writer::Stale, 2},
        {&Writer::Ephemeral, 4},
        {&Writer::ListenerOdds, 4},
        {&Writer::Options, 3},
        {&Writer::AbandonedQueue, 3},
        {&Writer::Flood, 2},
        {&Writer::Watch, 4},
    };
    static constexpr int kTotal = [] {
      int total = 0;
      for (const auto& scene : kScenes) total += scene.weight;
      return total;
    }();
    int at = random_.Below(kTotal);
    for (const auto& [scene, weight] : kScenes) {
      if (at < weight) {
        (this->*scene)();
        return;
      }
      at -= weight;
    }
  }

 private:
  // --- taste
  // ---------------------------------------------------------------------------------------

  void DrawTaste() {
    static constexpr uint8_t kFactors[] = {0, 1, 1, 2, 4};
    total_weight_ = 0;
    for (int op = 0; op < kOpCount; ++op) {
      weights_[op] = kUsualWeights[op] * kFactors[random_.Below(std::size(kFactors))];
      if (op == static_cast<int>(Op::kSocket)) weights_[op] = kUsualWeights[op];
      total_weight_ += weights_[op];
    }
    static constexpr int kOdds[] = {0, 0, 40, 40, 12, 4};
    odd_ = kOdds[random_.Below(std::size(kOdds))];
    ports_ = 1 + (random_.OneIn(3) ? 1 : 0) + (random_.OneIn(12) ? 1 : 0);
    look_ = options_.looks ? (random_.OneIn(12) ? 2 : 12) : 0;
    noise_ = random_.OneIn(6) ? 6 : 40;
    blocking_sockets_ = random_.OneIn(10);
    may_block_ = options_.blocking && random_.OneIn(2000);
    far_hosts_ = random_.OneIn(6);
  }

  bool IsOdd() { return odd_ != 0 && random_.OneIn(odd_); }

  int32_t One(std::initializer_list<int32_t> from) {
    return from.begin()[random_.Below(static_cast<uint32_t>(from.size()))];
  }

  // --- writing
  // -------------------------------------------------------------------------------------

  // Adds `call` and lets the model answer it. False where it is left out: it may block, or there is
  // no room.
  bool Write(Call call) {
    const bool makes = DeclarationOf(call.op).makes(call);
    if (program_.calls.size() >= kMaxCalls || (makes && handles_ == kMaxHandles)) return false;
    if (makes) call.made = static_cast<uint8_t>(handles_);
    if (!may_block_ && oracle_.MayBlock(call)) return false;
    last_ = oracle_.Answer(call);
    program_.calls.push_back(call);
    if (makes) ++handles_;
    touched_ = makes && call.op != Op::kDup ? Descriptor::Handle(handles_ - 1) : call.fd;
    return true;
  }

  // A step of a scenario: the call, and now and then something else.
  bool Step(const Call& call) {
    const bool written = Write(call);
    Noise(noise_);
    return written;
  }

  // Perhaps a look, and with one chance in `n` a free call.
  void Noise(int n) {
    if (look_ != 0 && random_.OneIn(look_)) Look(random_.OneIn(3) ? AnyLive() : touched_);
    if (random_.OneIn(n)) Free();
  }

  // --- what is there
  // -------------------------------------------------------------------------------

  const Socket* At(Descriptor fd) const {
    if (!fd.IsHandle()) return nullptr;
    const uint8_t slot = oracle_.world().handles[fd.handle()];
    if (slot >= oracle_.world().slots.size()) return nullptr;
    if (oracle_.world().slots[slot].opens != Opens::kSocket) return nullptr;
    return &oracle_.world().sockets[oracle_.world().slots[slot].socket];
  }

  // One of the handles for which `suits` says so, all alike likely; kMinusOne where there is none.
  template <typename Predicate>
  Descriptor Some(Predicate suits) {
    Descriptor found[kMaxHandles];
    int count = 0;
    for (int n = 0; n < handles_; ++n) {
      const Socket* socket = At(Descriptor::Handle(n));
      if (socket != nullptr && suits(*socket)) found[count++] = Descriptor::Handle(n);
    }
    return count == 0 ? kMinusOne : found[random_.Below(count)];
  }

  Descriptor AnyLive() {
    return Some([](const Socket&) { return true; });
  }

  Descriptor OddDescriptor() {
    static constexpr Descriptor kOdd[] = {kMinusOne, kNeverOpen, kFile, kPipe};
    // Any handle, closed ones too: those are the most interesting.
    if (handles_ > 0 && random_.OneIn(2)) return Descriptor::Handle(random_.Below(handles_));
    return random_.Pick(kOdd);
  }

  Descriptor DescriptorFor(Op op) {
    if (IsOdd()) return OddDescriptor();
    if (!random_.OneIn(6)) {
      const Descriptor fit =
          Some([op](const Socket& socket) { return Suits(op, PhaseOf(socket)); });
      if (fit != kMinusOne) return fit;
    }
    const Descriptor any = AnyLive();
    return any != kMinusOne ? any : OddDescriptor();
  }

  // --- addresses
  // -----------------------------------------------------------------------------------

  Port ProgramPort() { return Port::Program(random_.Below(ports_)); }

  Port SomePort() {
    const int seen = std::min<int>(oracle_.world().seen, kMaxChosenPorts);
    if (seen > 0 && random_.OneIn(4)) return Port::Chosen(random_.Below(seen));
    return ProgramPort();
  }

  // Hosts of TCP over IPv4 that a free call may name.
  static constexpr int kFarHosts = static_cast<int>(Host::kBlackhole) + 1;

  Host SomeHost() {
    static constexpr Host kUsual[] = {Host::kLoopback, Host::kLoopback, Host::kLoopback,
                                      Host::kLoopback, Host::kAny,      Host::kLoopback2};
    if (random_.OneIn(far_hosts_ ? 3 : 60)) {
      return static_cast<Host>(random_.Below(kFarHosts));
    }
    return random_.Pick(kUsual);
  }

  Address LocalAddress() {
    Address address{.host = SomeHost(), .port = SomePort()};
    if (random_.OneIn(12)) address.port = kPortZero;
    if (random_.OneIn(100)) address.port = kPortPrivileged;
    if (random_.OneIn(50)) address.dirty_tail = true;
    return address;
  }

  // Where to reach a socket that is bound; a random address where its port has no name yet.
  Address AddressOf(Descriptor fd) {
    const Socket* socket = At(fd);
    if (socket == nullptr || socket->local == kNone) return LocalAddress();
    const PortEntry& entry = oracle_.world().ports[socket->local];
    if (entry.name == kPortOther) return LocalAddress();
    Address address{.host = socket->address, .port = entry.name};
    if (address.host == Host::kAny && !random_.OneIn(8)) {
      address.host = random_.OneIn(6) ? Host::kLoopback2 : Host::kLoopback;
    }
    return address;
  }

  // Where a free connect() goes: most often to somebody who listens.
  Address RemoteAddress() {
    if (random_.OneIn(25)) return {.family = AF_UNSPEC};
    if (!random_.OneIn(3)) {
      const Descriptor fd = Some([](const Socket& socket) { return socket.tcp == Tcp::kListen; });
      if (fd != kMinusOne) return AddressOf(fd);
    }
    if (random_.OneIn(4)) return AddressOf(AnyLive());
    Address address = LocalAddress();
    if (address.host == Host::kAny && !random_.OneIn(3)) address.host = Host::kLoopback;
    return address;
  }

  // --- calls, well formed
  // --------------------------------------------------------------------------

  // Adds a call that makes a descriptor, and what Step() adds. kMinusOne where it is left out;
  // where it fails, the handle stands for -1 by itself.
  Descriptor Make(const Call& call) {
    if (!Write(call)) return kMinusOne;
    const Descriptor made = Descriptor::Handle(handles_ - 1);
    Noise(noise_);
    return made;
  }

  Descriptor MakeSocket() {
    const bool blocks = blocking_sockets_ && random_.OneIn(2);
    return Make(
        {.op = Op::kSocket, .domain = AF_INET, .type = blocks ? int{SOCK_STREAM} : kNonblocking});
  }
  bool Bind(Descriptor fd, const Address& address) {
    return Step({.op = Op::kBind, .fd = fd, .address = address, .length = ExactLength(address)});
  }
  bool Listen(Descriptor fd, int backlog) {
    return Step({.op = Op::kListen, .fd = fd, .value = backlog});
  }
  bool Connect(Descriptor fd, const Address& address) {
    return Step({.op = Op::kConnect, .fd = fd, .address = address, .length = ExactLength(address)});
  }
  bool Dissolve(Descriptor fd) { return Connect(fd, {.family = AF_UNSPEC}); }
  Descriptor Accept(Descriptor fd) {
    if (random_.OneIn(2)) return Make({.op = Op::kAccept, .fd = fd, .length = kStorageLength});
    return Make({.op = Op::kAccept4,
                 .fd = fd,
                 .length = kStorageLength,
                 .flags = random_.OneIn(4) ? 0 : int{SOCK_NONBLOCK}});
  }
  Descriptor Dup(Descriptor fd) { return Make({.op = Op::kDup, .fd = fd}); }
  bool Close(Descriptor fd) { return Step({.op = Op::kClose, .fd = fd}); }
  bool Shutdown(Descriptor fd, int how) {
    return Step({.op = Op::kShutdown, .fd = fd, .command = how});
  }
  bool Send(Descriptor fd, int size, int flags = 0) {
    return Step({.op = Op::kSend,
                 .fd = fd,
                 .size = size,
                 .flags = flags | (random_.OneIn(3) ? 0 : int{MSG_DONTWAIT})});
  }
  bool Receive(Descriptor fd, int size, int flags = 0) {
    if (flags == 0 && random_.OneIn(5)) return Step({.op = Op::kRead, .fd = fd, .size = size});
    return Step({.op = Op::kRecv, .fd = fd, .size = size, .flags = flags | MSG_DONTWAIT});
  }
  bool SetOption(Descriptor fd, int option, int value, int seconds = 0) {
    return Step({.op = Op::kSetsockopt,
                 .fd = fd,
                 .length = OptionSize(SOL_SOCKET, option),
                 .level = SOL_SOCKET,
                 .option = option,
                 .value = value,
                 .seconds = seconds});
  }
  bool GetOption(Descriptor fd, int option) {
    return Step({.op = Op::kGetsockopt,
                 .fd = fd,
                 .length = OptionSize(SOL_SOCKET, option),
                 .level = SOL_SOCKET,
                 .option = option});
  }
  bool GetName(Descriptor fd) {
    return Step({.op = Op::kGetsockname, .fd = fd, .length = kStorageLength});
  }
  bool Poll(Descriptor fd) {
    return Step({.op = Op::kPoll, .fd = fd, .flags = POLLIN | POLLOUT | POLLRDHUP});
  }

  int Size() { return One({1, 1, 5, 5, 5, 2, 100, 4096}); }
  int Backlog() { return One({1, 1, 0, 2, 5}); }

  // A look at `fd` that changes nothing.
  void Look(Descriptor fd) {
    if (!fd.IsHandle()) return;
    switch (random_.Below(6)) {
      case 0:
        Write({.op = Op::kGetsockname, .fd = fd, .length = kStorageLength});
        break;
      case 1:
        Write({.op = Op::kGetpeername, .fd = fd, .length = kStorageLength});
        break;
      case 2:
        Write({.op = Op::kGetsockopt,
               .fd = fd,
               .length = 4,
               .level = SOL_SOCKET,
               .option = SO_ACCEPTCONN});
        break;
      case 3:
        Write({.op = Op::kFcntl, .fd = fd, .command = F_GETFL});
        break;
      default:
        Write({.op = Op::kPoll,
               .fd = fd,
               .flags = One({POLLIN | POLLOUT, POLLIN | POLLOUT | POLLRDHUP,
                             POLLIN | POLLOUT | POLLPRI | POLLRDHUP, POLLIN, POLLOUT})});
        break;
    }
  }

  void LooksAtTheEnd() {
    if (look_ == 0) return;
    const Descriptor first = random_.OneIn(3) ? AnyLive() : touched_;
    Look(first);
    if (random_.OneIn(2)) {
      const Descriptor second = AnyLive();
      if (second != first) Look(second);
    }
  }

  // --- free calls
  // ----------------------------------------------------------------------------------

  void Free() {
    // Nothing lives yet, or no longer: mostly make something first.
    if (AnyLive() == kMinusOne && !random_.OneIn(8)) {
      if (!Write({.op = Op::kSocket, .domain = AF_INET, .type = kNonblocking})) return;
    }
    // What may block is left out by Write(); another draw may do.
    for (int attempt = 0; attempt < 3; ++attempt) {
      if (Write(FreeCall())) return;
    }
  }

  Call FreeCall() {
    int at = random_.Below(total_weight_);
    int op = 0;
    while (at >= weights_[op]) at -= weights_[op++];
    Call call{.op = static_cast<Op>(op)};
    for (const Argument& argument : DeclarationOf(call.op).arguments) {
      if (argument.UsedBy(call)) Draw(argument, call);
    }
    Mend(call);
    return call;
  }

  void Draw(const Argument& argument, Call& call) {
    switch (argument.kind) {
      case Kind::kDescriptor:
        // What is not to be closed, Mend() takes out.
        call.*argument.descriptor = IsEpoll(argument, call) ? SomeEpoll() : DescriptorFor(call.op);
        break;
      case Kind::kConstant:
      case Kind::kFlags:
      case Kind::kType:
      case Kind::kNumber:
        call.*argument.member = Number(argument, call);
        break;
      case Kind::kAddressIn:
        if (IsOdd() && random_.OneIn(2)) {
          call.pointer = random_.OneIn(2) ? Pointer::kNull : Pointer::kBad;
        } else {
          call.address = call.op == Op::kConnect ? RemoteAddress() : LocalAddress();
          if (IsOdd())
            call.address.family = static_cast<int16_t>(One({AF_UNSPEC, AF_UNIX, AF_INET6, 99}));
        }
        call.length = IsOdd() ? One({8, 4, 2, 1, 0, -1, 15, 17, 28, 128, 129})
                              : UsualAddressInLength(argument, call);
        break;
      case Kind::kAddressOut:
        // accept() is usually called with NULL, the naming calls never.
        call.length = kStorageLength;
        if (IsOdd()) {
          call.pointer = random_.OneIn(2) ? Pointer::kNull : Pointer::kBad;
          call.length = kExactLength;
        } else if (IsOdd()) {
          call.length_pointer = random_.OneIn(2) ? Pointer::kNull : Pointer::kBad;
        } else if (IsOdd()) {
          call.length = One({8, 4, 2, 1, 0, -1, 15, 16, 17});
        }
        break;
      case Kind::kOptionIn:
        call.length = OptionSize(call.level, call.option);
        call.value = OptionValue(call.option);
        if (call.option == SO_LINGER) call.seconds = One({0, 0, 0, 1, 5, -1});
        if (IsOdd()) call.length = One({0, 1, 2, 3, 4, 5, 8, 16, -1});
        if (IsOdd()) call.pointer = random_.OneIn(2) ? Pointer::kNull : Pointer::kBad;
        break;
      case Kind::kOptionOut:
        call.length = OptionSize(call.level, call.option);
        if (IsOdd()) {
          call.length = One({0, 1, 2, 3, 4, 5, 7, 8, 16, -1});
        } else if (IsOdd()) {
          call.pointer = random_.OneIn(2) ? Pointer::kNull : Pointer::kBad;
        } else if (IsOdd()) {
          call.length_pointer = random_.OneIn(2) ? Pointer::kNull : Pointer::kBad;
        }
        break;
      case Kind::kMadePair:
      case Kind::kMadeIfAny:
        break;  // handles are given out in Write()
      case Kind::kBuffer:
        if (IsOdd()) call.buffer = random_.OneIn(3) ? Pointer::kNull : Pointer::kBad;
        break;
    }
  }

  int32_t OptionValue(int32_t option) {
    if (option == SO_RCVBUF || option == SO_SNDBUF) {
      return One({0, 1, 2048, 4096, 65536, 1 << 20, -1});
    }
    return One({1, 1, 1, 0, 0, 2, -1});
  }

  // A number, a constant or flags: one of the declaration's choices, more often the first ones;
  // where a program shall come far, what its author would write.
  // Epoll instances are watched and asked by what leads to one, as a rule.
  bool IsEpoll(const Argument& argument, const Call& call) {
    const bool wants = call.op == Op::kEpollCtl || call.op == Op::kEpollWait;
    return wants && argument.descriptor == &Call::fd && !IsOdd();
  }
  Descriptor SomeEpoll() {
    for (int n = handles_ - 1; n >= 0; --n) {
      const uint8_t slot = oracle_.world().handles[n];
      if (slot >= oracle_.world().slots.size() || oracle_.world().slots[slot].opens != Opens::kEpoll) continue;
      if (!random_.OneIn(4)) return Descriptor::Handle(n);
    }
    return AnyLive();
  }

  int32_t Number(const Argument& argument, const Call& call) {
    // An endless wait costs nothing where something is ready, and is left out where nothing is.
    if (argument.member == &Call::timeout) return may_block_ ? One({-1, 10, 0}) : random_.OneIn(6) ? -1 : 0;
    if (!argument.tokens_only && IsOdd() && random_.OneIn(3)) {
      const int32_t number = One({-1, 0, 1, 2, 3, 255, 0x10000, INT32_MAX, INT32_MIN});
      if (number >= argument.least && number <= argument.most) return number;
    }
    if (call.op == Op::kSocket && !IsOdd()) {
      if (argument.member == &Call::domain) return AF_INET;
      if (argument.member == &Call::protocol) return random_.OneIn(8) ? int{IPPROTO_TCP} : 0;
      if (random_.OneIn(blocking_sockets_ ? 2 : 40)) return SOCK_STREAM;
      return random_.OneIn(6) ? kNonblocking | SOCK_CLOEXEC : kNonblocking;
    }
    if (argument.choices.empty()) {
      if (argument.tokens.empty()) return random_.Below(4);
      return random_.Pick(argument.tokens).value;
    }
    // Every choice is good for an option; elsewhere the first ones get the work done.
    const bool alike = argument.member == &Call::option || random_.OneIn(3);
    const int n = static_cast<int>(argument.choices.size());
    const int32_t number = argument.choices[random_.Below(alike ? n : std::min(n, 3))];
    // A big transfer fills buffers, now and then.
    if (argument.member == &Call::size && random_.OneIn(60)) return argument.most;
    return number;
  }

  // --- scenarios
  // -----------------------------------------------------------------------------------

  struct Pair {
    Descriptor listener = kMinusOne;
    Descriptor client = kMinusOne;
    Descriptor accepted = kMinusOne;
  };

  // A listener that may share, ready or not.
  Descriptor MakeListener(int backlog) {
    const Descriptor fd = MakeSocket();
    if (random_.OneIn(5)) SetOption(fd, random_.OneIn(3) ? SO_REUSEPORT : SO_REUSEADDR, 1);
    if (!random_.OneIn(7)) {
      Address address{.host = Host::kLoopback, .port = ProgramPort()};
      if (random_.OneIn(4)) address.host = SomeHost();
      Bind(fd, address);
    }
    Listen(fd, backlog);
    return fd;
  }

  // Connects `fd` to a listener; learns the listener's port first where nobody knows it.
  void ConnectTo(Descriptor fd, Descriptor listener) {
    const Socket* socket = At(listener);
    if (socket != nullptr && socket->local != kNone &&
        oracle_.world().ports[socket->local].name == kPortOther) {
      GetName(listener);
    }
    Connect(fd, AddressOf(listener));
  }

  // Two ends of a connection. A socket connected to itself is both.
  Pair MakePair() {
    Pair pair;
    if (random_.OneIn(4)) {
      const Descriptor fd = MakeSocket();
      Address address{.host = random_.OneIn(4) ? Host::kAny : Host::kLoopback,
                      .port = ProgramPort()};
      Bind(fd, address);
      address.host = Host::kLoopback;
      Connect(fd, address);
      pair.client = pair.accepted = fd;
      return pair;
    }
    pair.listener = MakeListener(Backlog());
    pair.client = MakeSocket();
    if (random_.OneIn(6)) Bind(pair.client, LocalAddress());
    ConnectTo(pair.client, pair.listener);
    if (!random_.OneIn(7)) pair.accepted = Accept(pair.listener);
    if (random_.OneIn(8)) Close(pair.listener);
    return pair;
  }

  // One to three calls that show what became of a socket.
  void Probe(Descriptor fd) {
    do {
      switch (random_.Below(9)) {
        case 0:
          Send(fd, Size(), random_.OneIn(2) ? int{MSG_NOSIGNAL} : 0);
          break;
        case 1:
        case 2:
          Receive(fd, Size());
          break;
        case 3:
          GetOption(fd, SO_ERROR);
          break;
        case 4:
          Poll(fd);
          break;
        case 5:
          Step({.op = Op::kGetpeername, .fd = fd, .length = kStorageLength});
          break;
        case 6:
          Shutdown(fd, One({SHUT_RD, SHUT_WR, SHUT_RDWR}));
          break;
        case 7:
          Connect(fd, RemoteAddress());
          break;
        case 8:
          Listen(fd, Backlog());
          break;
      }
    } while (random_.OneIn(2));
  }

  // A connection, and how it is used and ended.
  void Talk() {
    Pair pair = MakePair();
    if (random_.OneIn(2)) std::swap(pair.client, pair.accepted);
    const Descriptor one = pair.client;
    const Descriptor other = pair.accepted != kMinusOne ? pair.accepted : pair.client;
    switch (random_.Below(9)) {
      case 0: {  // data, in several bites
        Send(one, Size());
        const int flags = One({0, MSG_PEEK, MSG_TRUNC, MSG_PEEK | MSG_TRUNC});
        Receive(other, Size(), flags);
        if (random_.OneIn(2)) Step({.op = Op::kIoctl, .fd = other, .command = FIONREAD});
        Receive(other, Size());
        break;
      }
      case 1:  // close with data unread
        Send(one, Size());
        if (random_.OneIn(3)) Receive(other, 1);
        Close(other);
        Probe(one);
        break;
      case 2:  // half-close
        if (random_.OneIn(2)) Send(one, Size());
        Shutdown(one, SHUT_WR);
        Receive(other, 100);
        Receive(other, 100);
        if (random_.OneIn(2)) Send(other, Size());
        Probe(one);
        if (random_.OneIn(2)) Shutdown(other, One({SHUT_WR, SHUT_RDWR, SHUT_RD}));
        break;
      case 3:  // a reset by linger 0
        if (random_.OneIn(3)) Send(one, Size());
        SetOption(one, SO_LINGER, 1, 0);
        if (random_.OneIn(4)) {
          Dissolve(one);
        } else {
          Close(one);
        }
        Probe(other);
        break;
      case 4: {  // both close: TIME-WAIT, and who may have its port
        Close(one);
        if (other != one) Close(other);
        if (random_.OneIn(2)) Close(pair.listener);
        const Descriptor fd = MakeSocket();
        if (random_.OneIn(2)) SetOption(fd, SO_REUSEADDR, 1);
        if (random_.OneIn(6)) SetOption(fd, SO_REUSEPORT, 1);
        Bind(fd, {.host = random_.OneIn(3) ? Host::kAny : Host::kLoopback, .port = SomePort()});
        if (random_.OneIn(2)) Listen(fd, Backlog());
        break;
      }
      case 5: {  // two descriptors of one socket
        const Descriptor twin = Dup(one);
        if (random_.OneIn(2)) {
          Step({.op = Op::kFcntl, .fd = twin, .command = F_SETFL, .value = One({0, O_NONBLOCK})});
        }
        Close(random_.OneIn(2) ? one : twin);
        Probe(random_.OneIn(3) ? other : twin);
        Close(twin);
        Probe(other);
        break;
      }
      case 6:  // dissolve, and use again
        if (random_.OneIn(3)) Send(other, Size());
        Dissolve(one);
        if (random_.OneIn(2)) Probe(other);
        if (random_.OneIn(3)) Bind(one, LocalAddress());
        Probe(one);
        break;
      case 7:  // urgent data
        if (random_.OneIn(2)) Send(one, Size());
        Send(one, random_.OneIn(3) ? 3 : 1, MSG_OOB);
        if (random_.OneIn(2)) Poll(other);
        if (random_.OneIn(2)) Step({.op = Op::kIoctl, .fd = other, .command = SIOCATMARK});
        Receive(other, Size(), random_.OneIn(2) ? int{MSG_OOB} : 0);
        Receive(other, Size(), random_.OneIn(3) ? MSG_OOB | MSG_PEEK : 0);
        break;
      case 8:  // the peer goes, in whatever way
        if (random_.OneIn(2)) Send(one, Size());
        Close(one);
        Probe(other);
        Probe(other);
        break;
    }
  }

  // Nobody listens there; and then?
  void Refused() {
    const Descriptor fd = MakeSocket();
    if (random_.OneIn(4)) Bind(fd, LocalAddress());
    Connect(fd, {.host = Host::kLoopback, .port = Port::Program(random_.Below(kMaxProgramPorts))});
    Probe(fd);
    if (random_.OneIn(2)) Connect(fd, RemoteAddress());
    if (random_.OneIn(2)) Probe(fd);
  }

  void ShareOptions(Descriptor fd) {
    if (random_.OneIn(2)) SetOption(fd, SO_REUSEADDR, 1);
    if (random_.OneIn(3)) SetOption(fd, SO_REUSEPORT, 1);
  }

  // Two or three sockets want one port.
  void SharedPort() {
    const Port port = ProgramPort();
    Descriptor fds[3];
    const int count = random_.OneIn(4) ? 3 : 2;
    for (int i = 0; i < count; ++i) {
      fds[i] = MakeSocket();
      ShareOptions(fds[i]);
      Bind(fds[i], {.host = random_.OneIn(3) ? SomeHost() : Host::kLoopback, .port = port});
      if (random_.OneIn(3)) Listen(fds[i], Backlog());
      if (random_.OneIn(8)) ShareOptions(fds[i]);
    }
    for (int i = 0; i < count; ++i) {
      if (random_.OneIn(2)) Listen(fds[random_.Below(count)], Backlog());
    }
    if (random_.OneIn(2)) {
      const Descriptor client = MakeSocket();
      Connect(client, {.host = Host::kLoopback, .port = port});
      if (random_.OneIn(2)) Accept(fds[random_.Below(count)]);
    }
    if (random_.OneIn(3)) Close(fds[random_.Below(count)]);
  }

  // More clients than a listener has room for.
  void FullQueue() {
    const Descriptor listener = MakeListener(random_.Below(2));
    Descriptor client = kMinusOne;
    for (int n = 2 + random_.Below(3); n > 0; --n) {
      client = MakeSocket();
      ConnectTo(client, listener);
    }
    Probe(client);
    if (random_.OneIn(2)) Accept(listener);
    if (random_.OneIn(2)) Accept(listener);
    if (random_.OneIn(4)) Close(listener);
    if (random_.OneIn(2)) Probe(client);
  }

  // A connect() that hangs, since the queue is full, meets one that comes the other way.
  void SimultaneousOpen() {
    const Address there{.host = Host::kLoopback, .port = Port::Program(0)};
    const Descriptor listener = MakeSocket();
    if (random_.OneIn(2)) SetOption(listener, SO_REUSEADDR, 1);
    Bind(listener, there);
    Listen(listener, 0);
    const Descriptor first = MakeSocket();
    Connect(first, there);
    const Descriptor waiting = MakeSocket();
    Address here{.host = Host::kLoopback, .port = Port::Program(1)};
    const bool named = random_.OneIn(2);
    if (named) Bind(waiting, here);
    Connect(waiting, there);
    if (!named) {
      GetName(waiting);
      here = AddressOf(waiting);
    }
    if (random_.OneIn(3)) Close(first);
    Close(listener);
    const Descriptor crossing = MakeSocket();
    if (!random_.OneIn(3)) SetOption(crossing, SO_REUSEADDR, 1);
    Bind(crossing, there);
    Connect(crossing, here);
    Probe(random_.OneIn(2) ? waiting : crossing);
    if (random_.OneIn(2)) Send(crossing, Size());
    if (random_.OneIn(2)) Receive(waiting, Size());
  }

  // A descriptor after its close(), and what took its number.
  void Stale() {
    const Descriptor fd = MakeSocket();
    if (random_.OneIn(2)) Bind(fd, LocalAddress());
    Close(fd);
    if (random_.OneIn(2)) MakeSocket();
    Call call = FreeCall();
    if (DeclarationOf(call.op).takes_descriptor()) call.fd = fd;
    Step(call);
    if (random_.OneIn(3)) Probe(fd);
  }

  // A port that the kernel chooses, and who may have it next.
  void Ephemeral() {
    const Descriptor fd = MakeSocket();
    if (random_.OneIn(3)) ShareOptions(fd);
    const int how = random_.Below(3);
    if (how == 0) Bind(fd, {.host = SomeHost(), .port = kPortZero});
    if (how == 1) Listen(fd, Backlog());
    if (how == 2) Connect(fd, RemoteAddress());
    GetName(fd);
    const Descriptor next = MakeSocket();
    if (random_.OneIn(3)) ShareOptions(next);
    const int seen = std::min<int>(oracle_.world().seen, kMaxChosenPorts);
    const Address address{.host = Host::kLoopback,
                          .port = seen > 0 ? Port::Chosen(random_.Below(seen)) : ProgramPort()};
    if (random_.OneIn(2)) {
      Bind(next, address);
    } else {
      Connect(next, address);
    }
    if (random_.OneIn(2)) Accept(fd);
    if (random_.OneIn(2)) Probe(next);
  }

  // What one does not do with a listener.
  void ListenerOdds() {
    const Descriptor listener = MakeListener(Backlog());
    if (random_.OneIn(2)) {
      const Descriptor client = MakeSocket();
      ConnectTo(client, listener);
    }
    switch (random_.Below(6)) {
      case 0:
        Shutdown(listener, One({SHUT_RD, SHUT_RDWR, SHUT_WR}));
        Probe(listener);
        break;
      case 1:
        Connect(listener, RemoteAddress());
        break;
      case 2:
        Dissolve(listener);
        Probe(listener);
        break;
      case 3:
        Bind(listener, LocalAddress());
        break;
      case 4:
        Listen(listener, Backlog());
        break;
      case 5:
        Probe(listener);
        break;
    }
    if (random_.OneIn(2)) Accept(listener);
  }

  void Options() {
    const Descriptor fd = random_.OneIn(2) ? MakeSocket() : MakePair().client;
    do {
      const int option = One({SO_REUSEADDR, SO_REUSEPORT, SO_KEEPALIVE, SO_LINGER, SO_RCVBUF,
                              SO_SNDBUF, SO_ERROR, SO_TYPE, SO_DOMAIN, SO_PROTOCOL, SO_ACCEPTCONN});
      if (!random_.OneIn(3)) {
        SetOption(fd, option, OptionValue(option), option == SO_LINGER ? One({0, 1, -1}) : 0);
      }
      GetOption(fd, option);
    } while (random_.OneIn(2));
  }

  // An epoll instance that watches both ends of a connection and its listener.
  void Watch() {
    const Descriptor epoll = Make({.op = Op::kEpollCreate1});
    const bool before = random_.OneIn(2);
    const int32_t way = One({0, 0, static_cast<int32_t>(EPOLLET), EPOLLONESHOT});
    const auto watch = [&](Descriptor fd, int command) {
      Step({.op = Op::kEpollCtl,
            .fd = epoll,
            .fd2 = fd,
            .flags = command == EPOLL_CTL_DEL
                         ? 0
                         : way | One({EPOLLIN, EPOLLOUT, EPOLLIN | EPOLLOUT, EPOLLIN | EPOLLOUT | EPOLLRDHUP, 0}),
            .command = command});
    };
    const auto wait = [&] {
      const int32_t timeout = random_.OneIn(6) ? -1 : 0;
      Step({.op = Op::kEpollWait, .fd = epoll, .value = One({4, 4, 1, 2}), .timeout = timeout});
    };
    const Descriptor listener = MakeListener(Backlog());
    const Descriptor client = MakeSocket();
    if (before) {
      watch(listener, EPOLL_CTL_ADD);
      watch(client, EPOLL_CTL_ADD);
    }
    ConnectTo(client, listener);
    const Descriptor accepted = random_.OneIn(6) ? client : Accept(listener);
    if (!before) {
      watch(client, EPOLL_CTL_ADD);
      watch(listener, EPOLL_CTL_ADD);
    }
    if (!random_.OneIn(3)) watch(accepted, EPOLL_CTL_ADD);
    do {
      if (!random_.OneIn(3)) wait();
      const Descriptor fd = random_.OneIn(4) ? listener : random_.OneIn(2) ? client : accepted;
      switch (random_.Below(8)) {
        case 0:
        case 1:
          Send(fd, Size(), MSG_NOSIGNAL);
          break;
        case 2:
          Receive(fd, Size());
          break;
        case 3:
          watch(fd, random_.OneIn(4) ? EPOLL_CTL_DEL : EPOLL_CTL_MOD);
          break;
        case 4:
          Shutdown(fd, One({SHUT_RD, SHUT_WR, SHUT_RDWR}));
          break;
        case 5:
          Close(random_.OneIn(4) ? Dup(fd) : fd);
          break;
        case 6:
          Probe(fd);
          break;
        case 7:
          ConnectTo(MakeSocket(), listener);
          break;
      }
      wait();
    } while (!random_.OneIn(4));
  }

  // More than the buffers hold.
  void Flood() {
    const Pair pair = MakePair();
    if (random_.OneIn(2)) SetOption(pair.client, SO_SNDBUF, One({0, 1, 4096}));
    if (random_.OneIn(3)) SetOption(pair.accepted, SO_RCVBUF, One({0, 1, 4096}));
    for (int n = 1 + random_.Below(5); n > 0; --n) Send(pair.client, kMaxTransfer);
    if (random_.OneIn(2)) Poll(pair.client);
    if (random_.OneIn(2)) Receive(pair.accepted, One({1, 4096, kMaxTransfer}));
    if (random_.OneIn(2)) Send(pair.client, Size());
    if (random_.OneIn(4)) Close(pair.accepted);
    if (random_.OneIn(4)) Probe(pair.client);
  }

  // More sockets than the kernel has ports to choose from.
  void Exhaust() {
    for (int n = program_.env.ephemeral + 1; n > 0; --n) {
      const Descriptor fd = MakeSocket();
      if (random_.OneIn(6)) ShareOptions(fd);
      switch (random_.Below(3)) {
        case 0:
          Bind(fd, {.host = SomeHost(), .port = kPortZero});
          break;
        case 1:
          Listen(fd, Backlog());
          break;
        case 2:
          Connect(fd, RemoteAddress());
          break;
      }
    }
  }

  // A listener goes while clients wait in its queue.
  void AbandonedQueue() {
    const Descriptor listener = MakeListener(Backlog());
    const Descriptor client = MakeSocket();
    ConnectTo(client, listener);
    if (random_.OneIn(3)) Send(client, Size());
    if (random_.OneIn(4)) Close(client);
    if (random_.OneIn(3)) {
      Shutdown(listener, One({SHUT_RD, SHUT_RDWR}));
    } else {
      Close(listener);
    }
    Probe(client);
  }

  Oracle& oracle_;
  const GenerateOptions& options_;
  Program& program_;
  Random& random_;
  std::array<int, kOpCount> weights_;
  int total_weight_ = 0;
  int odd_ = 0;    // one argument in so many is odd; 0: none
  int ports_ = 1;  // how many ports this program names
  int look_ = 0;   // one call in so many is followed by a look; 0: none
  int noise_ = 0;  // one step in so many is followed by a free call
  bool blocking_sockets_ = false;
  bool may_block_ = false;
  bool far_hosts_ = false;
  int handles_ = 0;                 // made so far
  Descriptor touched_ = kMinusOne;  // by the last call
  Reply last_;
};

Generator::Generator(const Profile& profile, const GenerateOptions& options)
    : oracle_(profile), options_(options) {
  program_.calls.reserve(kMaxCalls);
}

const Program& Generator::Next(Random& random) {
  Writer(*this, random).Whole();
  return program_;
}

const Program& Generator::Scenario(Random& random) {
  do {
    Writer(*this, random).OneScenario();
  } while (program_.calls.empty());
  return program_;
}

uint64_t ProgramSeed(uint64_t seed, uint64_t index) {
  // The finalizer of splitmix64, so that neighbouring indexes have nothing in common.
  uint64_t z = seed + (index + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

}  // namespace sockspec
