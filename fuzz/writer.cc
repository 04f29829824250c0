#include "fuzz/writer.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "model/program/bytes.h"
#include "model/program/declarations.h"
#include "model/program/notation.h"
#include "model/program/unix_name.h"

namespace sockspec {
namespace {

// What generation knows how to make.
constexpr KindSet kWritten = kTcp | kUdp | kUnix;
// As often as each comes.
constexpr SocketKind kKinds[] = {SocketKind::kTcp,          SocketKind::kTcp,          SocketKind::kTcp,
                                 SocketKind::kUdp,          SocketKind::kUdp,          SocketKind::kUnixStream,
                                 SocketKind::kUnixDatagram, SocketKind::kUnixSeqpacket};

int TypeOf(SocketKind kind) {
  switch (kind) {
    case SocketKind::kTcp:
    case SocketKind::kUnixStream: return SOCK_STREAM;
    case SocketKind::kUdp:
    case SocketKind::kUnixDatagram: return SOCK_DGRAM;
    case SocketKind::kUnixSeqpacket: return SOCK_SEQPACKET;
  }
  return SOCK_STREAM;
}

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
    4,  // socketpair
    5,  // sendto
    5,  // recvfrom
    3,  // sendmsg
    3,  // recvmsg
    1,  // readv
    1,  // writev
    1,  // dup2
    1,  // dup3
    2,  // select
    1,  // epoll_create1
    2,  // epoll_ctl
    2,  // epoll_wait
};
static_assert(std::size(kUsualWeights) == kOpCount);

// Whether a call on a connection in this phase is likely to get past its first refusal.
bool SuitsPhase(Op op, Phase phase) {
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
    case Op::kSendto:
    case Op::kRecvfrom:
    case Op::kSendmsg:
    case Op::kRecvmsg:
    case Op::kReadv:
    case Op::kWritev:
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

bool Receives(Op op) {
  return op == Op::kRecv || op == Op::kRead || op == Op::kRecvfrom || op == Op::kRecvmsg || op == Op::kReadv;
}

bool Suits(const World& world, Op op, const Socket& socket) {
  if (!IsDatagram(socket.kind)) return SuitsPhase(op, PhaseOf(socket));
  if (op == Op::kBind) return PhaseOf(socket) == Phase::kUnbound;
  if (!Receives(op)) return true;
  const auto index = &socket - world.sockets.data();
  return std::any_of(world.messages.begin(), world.messages.end(),
                     [=](const Message& message) { return message.live && message.to == index; });
}

}  // namespace

Writer::Writer(Oracle& oracle, const GenerateOptions& options, Program& program, Random& random)
    : oracle_(oracle), options_(options), program_(program), random_(random) {
  program_.calls.clear();
  program_.env = {};
  if (options_.environments && random_.OneIn(50)) {
    switch (random_.Below(5)) {
      case 0: program_.env.nobody = options_.nobody; break;
      case 1:
      case 2: program_.env.nofile = 2 + random_.Below(5); break;
      default: program_.env.ephemeral = 1 + random_.Below(3); break;
    }
  }
  oracle_.Reset(program_.env);
  DrawTaste();
}

bool Writer::Long() const { return static_cast<int>(program_.calls.size()) >= options_.most_calls; }

SocketKind Writer::SomeKind() {
  SocketKind found[std::size(kKinds)];
  int count = 0;
  for (const SocketKind kind : kKinds) {
    if (kinds_ & SetOf(kind)) found[count++] = kind;
  }
  return found[random_.Below(count)];
}

void Writer::DrawTaste() {
  static constexpr uint8_t kFactors[] = {0, 1, 1, 2, 4};
  // Mostly sockets of one kind, that they may meet; unix sockets of different types stand in each other's way.
  kinds_ = options_.sockets & kWritten;
  if (kinds_ == 0) kinds_ = kTcp;
  if (!random_.OneIn(8)) kinds_ = SetOf(SomeKind());
  if ((kinds_ & kUnix) && random_.OneIn(5)) kinds_ |= options_.sockets & kUnix;
  total_weight_ = 0;
  for (int op = 0; op < kOpCount; ++op) {
    weights_[op] = kUsualWeights[op] * kFactors[random_.Below(std::size(kFactors))];
    if (op == static_cast<int>(Op::kSocket)) weights_[op] = kUsualWeights[op];
    if (op == static_cast<int>(Op::kSocketpair) && !(kinds_ & kUnix)) weights_[op] = random_.OneIn(40);
    if (!Has({.op = static_cast<Op>(op)})) weights_[op] = 0;
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
  // Two families meet on one port, so a program of both is worth more than one of IPv6 alone.
  inet6_ = !random_.OneIn(2) ? Inet6::kNone : random_.OneIn(3) ? Inet6::kAll : Inet6::kSome;
  loopback_is_ipv4_ = random_.OneIn(inet6_ == Inet6::kAll ? 4 : 2);
}

int Writer::DomainFor(SocketKind kind) {
  if (IsUnix(kind)) return AF_UNIX;
  if (inet6_ == Inet6::kNone) return AF_INET;
  return inet6_ == Inet6::kAll || random_.OneIn(2) ? AF_INET6 : AF_INET;
}

// Somebody who expects a descriptor makes room for it; now and then somebody else does.
bool Writer::WantsRights(const Call& call) {
  if (call.op != Op::kRecvmsg) return false;
  const Socket* socket = At(call.fd);
  if (socket == nullptr || !IsUnix(socket->kind)) return random_.OneIn(20);
  const auto index = socket - world().sockets.data();
  const bool comes = std::any_of(world().messages.begin(), world().messages.end(), [=](const Message& message) {
    return message.live && message.to == index && message.passed_opens != Opens::kNothing;
  });
  return random_.OneIn(20) != comes;
}

bool Writer::Write(Call call) {
  const Declaration& declaration = DeclarationOf(call.op);
  const bool rights = WantsRights(call);
  const bool makes = declaration.makes(call) || rights;
  const int more = call.part == Part::kResumed ? 0 : declaration.makes_pair() ? 2 : makes ? 1 : 0;
  if (program_.calls.size() >= kMaxCalls || handles_ + more > kMaxHandles) return false;
  if (more > 0) call.made = static_cast<uint8_t>(handles_);
  if (more > 1) call.made2 = static_cast<uint8_t>(handles_ + 1);
  if (options_.lacks) [[unlikely]] {
    const std::string_view lacks = options_.lacks(call);
    if (!lacks.empty() && options_.left_out) options_.left_out(lacks);
    if (!lacks.empty()) return false;
  }
  if (!may_block_ && call.part == Part::kWhole && oracle_.MayBlock(call)) return false;
  last_ = oracle_.Answer(call);
  program_.calls.push_back(call);
  handles_ += more;
  touched_ = more > 0 && !rights && call.op != Op::kDup ? Descriptor::Handle(handles_ - 1) : call.fd;
  return true;
}

bool Writer::Begin(int thread, Call call) {
  call.thread = static_cast<uint8_t>(thread);
  call.part = Part::kUnfinished;
  if (program_.calls.size() + 2 > kMaxCalls || !Write(call)) return false;
  begun_[thread] = program_.calls.back();
  return true;
}

bool Writer::End(int thread) {
  Call call = begun_[thread];
  if (call.part != Part::kUnfinished) return false;
  begun_[thread].part = Part::kWhole;
  call.part = Part::kResumed;
  return Write(call);
}

Descriptor Writer::Made(int thread) const {
  const uint8_t made = begun_[thread].made;
  return made == kNoHandle ? kMinusOne : Descriptor::Handle(made);
}

bool Writer::Step(const Call& call) {
  const bool written = Write(call);
  Noise(noise_);
  return written;
}

void Writer::Noise(int n) {
  if (look_ != 0 && random_.OneIn(look_)) Look(random_.OneIn(3) ? AnyLive() : touched_);
  if (random_.OneIn(n)) Free();
}

const Socket* Writer::At(Descriptor fd) const {
  if (!fd.IsHandle()) return nullptr;
  const uint8_t slot = oracle_.world().handles[fd.handle()];
  if (slot >= oracle_.world().slots.size()) return nullptr;
  if (oracle_.world().slots[slot].opens != Opens::kSocket) return nullptr;
  return &oracle_.world().sockets[oracle_.world().slots[slot].socket];
}

Descriptor Writer::AnyLive() {
  return Some([](const Socket&) { return true; });
}

Descriptor Writer::OddDescriptor() {
  static constexpr Descriptor kOdd[] = {kMinusOne, kNeverOpen, kFile, kPipe};
  // Any handle, closed ones too: those are the most interesting.
  if (handles_ > 0 && random_.OneIn(2)) return Descriptor::Handle(random_.Below(handles_));
  return random_.Pick(kOdd);
}

Descriptor Writer::DescriptorFor(Op op) {
  if (IsOdd()) return OddDescriptor();
  if (!random_.OneIn(6)) {
    const Descriptor fit =
        Some([&](const Socket& socket) { return Suits(world(), op, socket); });
    if (fit != kMinusOne) return fit;
  }
  const Descriptor any = AnyLive();
  return any != kMinusOne ? any : OddDescriptor();
}

Port Writer::ProgramPort() { return Port::Program(random_.Below(ports_)); }

Port Writer::SomePort() {
  const int seen = std::min<int>(oracle_.world().seen, kMaxChosenPorts);
  if (seen > 0 && random_.OneIn(4)) return Port::Chosen(random_.Below(seen));
  return ProgramPort();
}

Host Writer::SomeHost(SocketKind) {
  static constexpr Host kUsual[] = {Host::kLoopback, Host::kLoopback, Host::kLoopback,
                                    Host::kLoopback, Host::kAny,      Host::kLoopback2};
  if (inet6() && random_.OneIn(2)) return SomeHost6();
  if (random_.OneIn(far_hosts_ ? 3 : 60)) return static_cast<Host>(random_.Below(static_cast<int>(Host::kSilent) + 1));
  return random_.Pick(kUsual);
}

Host Writer::SomeHost6() {
  static constexpr Host kUsual[] = {Host::kLoopback6, Host::kLoopback6,      Host::kLoopback6, Host::kAny6,
                                    Host::kAny6,      Host::kMappedLoopback, Host::kMappedAny, Host::kMappedLoopback2};
  if (!random_.OneIn(far_hosts_ ? 3 : 60)) return random_.Pick(kUsual);
  constexpr int kFirst = static_cast<int>(Host::kAny6);
  return static_cast<Host>(kFirst + random_.Below(static_cast<int>(Host::kUnix) - kFirst));
}

UnixName Writer::SomeUnixName() {
  const bool posix = oracle_.profile().family == kPosix;
  const int seen = std::min<int>(world().seen_names, kMaxChosenPorts);
  if (random_.OneIn(far_hosts_ || program_.env.nobody ? 4 : 40)) return OddUnixName();
  if (posix) return UnixName::Path(random_.Below(ports_));
  if (seen > 0 && random_.OneIn(4)) return UnixName::Chosen(random_.Below(seen));
  if (random_.OneIn(8)) return kUnnamed;
  return random_.OneIn(2) ? UnixName::Path(random_.Below(ports_)) : UnixName::Abstract(random_.Below(ports_));
}

UnixName Writer::OddUnixName() {
  static constexpr UnixName kOdd[] = {kMissingDir, kNotADir,     kLinkLoop,    kLongName,
                                      kLockedDir,  kReadOnlyDir, kRegularFile, UnixName::Path(0)};
  if (program_.env.nobody && random_.OneIn(2)) return kLockedDir;
  return random_.Pick(kOdd);
}

Address Writer::LocalAddress(Descriptor fd) {
  const Socket* socket = At(fd);
  if (socket != nullptr && IsUnix(socket->kind)) {
    return {.family = AF_UNIX, .host = Host::kUnix, .name = SomeUnixName()};
  }
  Address address{.host = SomeHost(socket == nullptr ? SocketKind::kTcp : socket->kind), .port = SomePort()};
  address.family = UsualFamily(address.host);
  if (random_.OneIn(12)) address.port = kPortZero;
  if (random_.OneIn(100)) address.port = kPortPrivileged;
  if (random_.OneIn(50)) address.dirty_tail = IsIpv4(address.host);
  return Fit(fd, address);
}

Address Writer::Fit(Descriptor fd, Address address) {
  const Socket* socket = At(fd);
  const bool usual = address.family == UsualFamily(address.host) && address.host != Host::kUnix;
  if (socket == nullptr || IsUnix(socket->kind) || !usual || random_.OneIn(200)) return address;
  if (socket->inet6 && IsIpv4(address.host)) {
    if (socket->kind == SocketKind::kUdp && random_.OneIn(20)) return address;  // which is taken, too
    const bool mapped = loopback_is_ipv4_ != random_.OneIn(12);
    if (address.host == Host::kLoopback && !mapped) {
      address.host = Host::kLoopback6;
    } else if (address.host == Host::kAny && !random_.OneIn(6)) {
      address.host = Host::kAny6;
    } else {
      address.host = Mapped(address.host);
    }
    address.dirty_tail = false;
  } else if (!socket->inet6 && IsIpv6(address.host)) {
    switch (address.host) {
      case Host::kAny6: address.host = Host::kAny; break;
      case Host::kLoopback6: address.host = Host::kLoopback; break;
      case Host::kMulticast6: address.host = Host::kMulticast; break;
      case Host::kLinkLocal6:
      case Host::kNotOurs6: address.host = Host::kNotOurs; break;
      case Host::kUnreachable6: address.host = Host::kUnreachable; break;
      case Host::kBlackhole6: address.host = Host::kBlackhole; break;
      case Host::kProhibited6: address.host = Host::kProhibited; break;
      default: address.host = Unmapped(address.host); break;
    }
  }
  address.family = UsualFamily(address.host);
  return address;
}

Address Writer::AddressOf(Descriptor fd) {
  const Socket* socket = At(fd);
  if (socket != nullptr && IsUnix(socket->kind)) {
    const BoundName& name = socket->name;
    const bool given = FindUnixName(name.name) != nullptr || name.name.IsChosen();
    if (name.length == 0 || !given || ExactLength(name.name) != name.length) return LocalAddress(fd);
    return {.family = AF_UNIX, .host = Host::kUnix, .name = name.name};
  }
  if (socket == nullptr || socket->local == kNone) return LocalAddress(fd);
  const PortEntry& entry = oracle_.world().ports[socket->local];
  if (entry.name == kPortOther) return LocalAddress(fd);
  Address address{.host = socket->address, .port = entry.name};
  if (address.host == Host::kAny6 && !random_.OneIn(8)) {
    address.host = socket->only_inet6 || random_.OneIn(2) ? Host::kLoopback6 : Host::kLoopback;
  }
  if (address.host == Host::kAny && !random_.OneIn(8)) {
    address.host = random_.OneIn(6) ? Host::kLoopback2 : Host::kLoopback;
  }
  // An IPv4 address means itself here, not loopback in general.
  if (inet6()) address.host = Mapped(address.host);
  address.family = UsualFamily(address.host);
  return address;
}

Address Writer::RemoteAddress(Descriptor fd) {
  if (random_.OneIn(25)) return {.family = AF_UNSPEC};
  const Socket* self = At(fd);
  const SocketKind kind = self == nullptr ? SocketKind::kTcp : self->kind;
  if (!random_.OneIn(3)) {
    const Descriptor there = Some([kind](const Socket& socket) {
      if (IsUnix(kind)) {
        return socket.kind == kind && socket.address_locked &&
               (kind == SocketKind::kUnixDatagram || socket.tcp == Tcp::kListen);
      }
      return socket.kind == kind && (kind == SocketKind::kTcp ? socket.tcp == Tcp::kListen : socket.bound != kNone);
    });
    if (there != kMinusOne) return Fit(fd, AddressOf(there));
  }
  if (random_.OneIn(4)) return Fit(fd, AddressOf(AnyLive()));
  Address address = LocalAddress(fd);
  if (address.host == Host::kAny && !random_.OneIn(3)) address.host = Host::kLoopback;
  if (address.host == Host::kAny6 && !random_.OneIn(3)) address.host = Host::kLoopback6;
  return address;
}

Descriptor Writer::Make(const Call& call) {
  if (!Write(call)) return kMinusOne;
  const Descriptor made = Descriptor::Handle(handles_ - 1);
  Noise(noise_);
  return made;
}

Descriptor Writer::MakeSocket(SocketKind kind) {
  const bool blocks = blocking_sockets_ && random_.OneIn(2);
  const int domain = DomainFor(kind);
  const Descriptor made =
      Make({.op = Op::kSocket, .domain = domain, .type = TypeOf(kind) | (blocks ? 0 : int{SOCK_NONBLOCK})});
  if (domain == AF_INET6 && random_.OneIn(12)) SetInet6Only(made, !random_.OneIn(3));
  return made;
}

SocketKind Writer::SomeUnixKind() {
  static constexpr SocketKind kUnixKinds[] = {SocketKind::kUnixStream, SocketKind::kUnixDatagram,
                                              SocketKind::kUnixSeqpacket};
  return random_.Pick(kUnixKinds);
}

std::pair<Descriptor, Descriptor> Writer::MakePairOf(SocketKind kind) {
  const bool blocks = blocking_sockets_ && random_.OneIn(2);
  const int first = handles_;
  if (!Write({.op = Op::kSocketpair,
              .domain = AF_UNIX,
              .type = TypeOf(kind) | (blocks ? 0 : int{SOCK_NONBLOCK})})) {
    return {kMinusOne, kMinusOne};
  }
  Noise(noise_);
  return {Descriptor::Handle(first), Descriptor::Handle(first + 1)};
}

bool Writer::SendRights(Descriptor fd, Descriptor passed, int size) {
  return Step({.op = Op::kSendmsg,
               .fd = fd,
               .fd2 = passed,
               .pointer = Pointer::kNull,
               .size = size,
               .flags = MSG_DONTWAIT,
               .control = SCM_RIGHTS});
}

bool Writer::Bind(Descriptor fd, const Address& wanted) {
  const Address address = Fit(fd, wanted);
  return Step({.op = Op::kBind, .fd = fd, .address = address, .length = ExactLength(address)});
}

bool Writer::Listen(Descriptor fd, int backlog) {
  return Step({.op = Op::kListen, .fd = fd, .value = backlog});
}

bool Writer::Connect(Descriptor fd, const Address& wanted) {
  const Address address = Fit(fd, wanted);
  return Step({.op = Op::kConnect, .fd = fd, .address = address, .length = ExactLength(address)});
}

Descriptor Writer::Accept(Descriptor fd) {
  if (random_.OneIn(2)) return Make({.op = Op::kAccept, .fd = fd, .length = kStorageLength});
  return Make({.op = Op::kAccept4,
               .fd = fd,
               .length = kStorageLength,
               .flags = random_.OneIn(4) ? 0 : int{SOCK_NONBLOCK}});
}

bool Writer::Send(Descriptor fd, int size, int flags) {
  Call call{.op = Op::kSend, .fd = fd, .size = size, .flags = flags};
  switch (random_.Below(8)) {
    case 0:
      if (flags == 0) call.op = Op::kWrite;
      break;
    case 1:
      if (flags == 0) call.op = Op::kWritev;
      break;
    case 2:
      call.op = Op::kSendto;
      call.pointer = Pointer::kNull;
      break;
    case 3:
      call.op = Op::kSendmsg;
      call.pointer = Pointer::kNull;
      break;
  }
  if (call.op == Op::kWritev || call.op == Op::kSendmsg) call.pieces = One({1, 1, 2, 3, 0, 1024});
  if (call.op != Op::kWrite && call.op != Op::kWritev && !random_.OneIn(3)) call.flags |= MSG_DONTWAIT;
  return Step(call);
}

bool Writer::SendTo(Descriptor fd, const Address& wanted, int size, int flags) {
  const Address address = Fit(fd, wanted);
  Call call{.op = random_.OneIn(3) ? Op::kSendmsg : Op::kSendto,
            .fd = fd,
            .address = address,
            .length = ExactLength(address),
            .size = size,
            .flags = flags | (random_.OneIn(3) ? 0 : int{MSG_DONTWAIT})};
  if (call.op == Op::kSendmsg) call.pieces = One({1, 1, 2, 3, 0});
  return Step(call);
}

bool Writer::Receive(Descriptor fd, int size, int flags) {
  Call call{.op = Op::kRecv, .fd = fd, .size = size, .flags = flags | MSG_DONTWAIT};
  switch (random_.Below(6)) {
    case 0:
      if (flags == 0) call.op = Op::kRead;
      break;
    case 1:
      if (flags == 0) call.op = Op::kReadv;
      break;
    case 2:
      call.op = Op::kRecvfrom;
      break;
    case 3:
      call.op = Op::kRecvmsg;
      break;
  }
  if (call.op == Op::kRead || call.op == Op::kReadv) call.flags = 0;
  if (call.op == Op::kReadv || call.op == Op::kRecvmsg) call.pieces = One({1, 1, 2, 3, 0, 1024});
  if (call.op == Op::kRecvfrom || call.op == Op::kRecvmsg) call.length = One({kStorageLength, kStorageLength, 16, 4});
  return Step(call);
}

bool Writer::SetOption(Descriptor fd, int option, int value, int seconds) {
  return Step({.op = Op::kSetsockopt,
               .fd = fd,
               .length = OptionSize(SOL_SOCKET, option),
               .level = SOL_SOCKET,
               .option = option,
               .value = value,
               .seconds = seconds});
}

bool Writer::SetInet6Only(Descriptor fd, bool only) {
  return Step({.op = Op::kSetsockopt,
               .fd = fd,
               .length = OptionSize(IPPROTO_IPV6, IPV6_V6ONLY),
               .level = IPPROTO_IPV6,
               .option = IPV6_V6ONLY,
               .value = only});
}

bool Writer::GetOption(Descriptor fd, int option) {
  return Step({.op = Op::kGetsockopt,
               .fd = fd,
               .length = OptionSize(SOL_SOCKET, option),
               .level = SOL_SOCKET,
               .option = option});
}

bool Writer::Poll(Descriptor fd) {
  return Step({.op = Op::kPoll, .fd = fd, .flags = POLLIN | POLLOUT | POLLRDHUP});
}

// A look at `fd` that changes nothing.
void Writer::Look(Descriptor fd) {
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

void Writer::LooksAtTheEnd() {
  if (look_ == 0) return;
  const Descriptor first = random_.OneIn(3) ? AnyLive() : touched_;
  Look(first);
  if (random_.OneIn(2)) {
    const Descriptor second = AnyLive();
    if (second != first) Look(second);
  }
}

void Writer::Free() {
  // Nothing lives yet, or no longer: mostly make something first.
  if (AnyLive() == kMinusOne && !random_.OneIn(8)) {
    const SocketKind kind = SomeKind();
    if (!Write({.op = Op::kSocket, .domain = DomainFor(kind), .type = TypeOf(kind) | SOCK_NONBLOCK})) return;
  }
  // What may block is left out by Write(); another draw may do.
  for (int attempt = 0; attempt < 3; ++attempt) {
    if (Write(FreeCall())) return;
  }
}

Call Writer::FreeCall() {
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

void Writer::Draw(const Argument& argument, Call& call) {
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
        call.address = call.op == Op::kBind ? LocalAddress(call.fd) : RemoteAddress(call.fd);
        if (argument.optional && random_.OneIn(3)) call.pointer = Pointer::kNull;
        if (IsOdd())
          call.address.family = static_cast<int16_t>(One({AF_UNSPEC, AF_UNIX, AF_INET6, 99}));
      }
      call.length = IsOdd() ? call.address.host == Host::kUnix ? ExactLength(call.address) + One({-3, -2, -1, 1, 2, 80, 200})
                                                               : One({8, 4, 2, 1, 0, -1, 15, 17, 28, 128, 129, 16, 23, 24, 27})
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
        call.length = One({8, 4, 2, 1, 0, -1, 15, 16, 17, 23, 24, 27, 28});
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

bool Writer::IsEpoll(const Argument& argument, const Call& call) {
  const bool wants = call.op == Op::kEpollCtl || call.op == Op::kEpollWait;
  return wants && argument.descriptor == &Call::fd && !IsOdd();
}

Descriptor Writer::SomeEpoll() {
  for (int n = handles_ - 1; n >= 0; --n) {
    const uint8_t slot = world().handles[n];
    if (slot >= world().slots.size() || world().slots[slot].opens != Opens::kEpoll) continue;
    if (!random_.OneIn(4)) return Descriptor::Handle(n);
  }
  return AnyLive();
}

int32_t Writer::OptionValue(int32_t option) {
  if (option == SO_RCVBUF || option == SO_SNDBUF) {
    return One({0, 1, 2048, 4096, 65536, 1 << 20, -1});
  }
  return One({1, 1, 1, 0, 0, 2, -1});
}

// A number, a constant or flags: one of the declaration's choices, more often the first ones;
// where a program shall come far, what its author would write.
int32_t Writer::Number(const Argument& argument, const Call& call) {
  // An endless wait costs nothing where something is ready, and is left out where nothing is.
  if (argument.member == &Call::timeout) return may_block_ ? One({-1, 10, 0}) : random_.OneIn(6) ? -1 : 0;
  if (!argument.tokens_only && IsOdd() && random_.OneIn(3)) {
    const int32_t number = One({-1, 0, 1, 2, 3, 255, 0x10000, INT32_MAX, INT32_MIN});
    if (number >= argument.least && number <= argument.most) return number;
  }
  if (call.op == Op::kSocketpair && !IsOdd()) {
    if (argument.member == &Call::domain) return AF_UNIX;
    if (argument.member == &Call::protocol) return 0;
    return TypeOf(SomeUnixKind()) | (random_.OneIn(20) ? 0 : int{SOCK_NONBLOCK});
  }
  if (call.op == Op::kSocket && !IsOdd()) {
    if (argument.member == &Call::domain) return DomainFor(SomeKind());
    if (argument.member == &Call::protocol) {
      if (call.domain == AF_UNIX || !random_.OneIn(8)) return 0;
      return (call.type & 0xf) == SOCK_DGRAM ? IPPROTO_UDP : IPPROTO_TCP;
    }
    SocketKind kind = SomeKind();
    for (int n = 0; n < 4 && IsUnix(kind) != (call.domain == AF_UNIX); ++n) kind = SomeKind();
    if (random_.OneIn(blocking_sockets_ ? 2 : 40)) return TypeOf(kind);
    return TypeOf(kind) | SOCK_NONBLOCK | (random_.OneIn(6) ? int{SOCK_CLOEXEC} : 0);
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

}  // namespace sockspec
