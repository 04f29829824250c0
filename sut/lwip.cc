#include "sut/lwip.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <iterator>
#include <mutex>
#include <span>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "model/program/declarations.h"
#include "model/program/options.h"
#include "model/program/text.h"
#include "sut/arguments.h"
#include "sut/coincidence.h"
#include "sut/delays.h"
#include "sut/memory.h"
#include "sut/names.h"
#include "sut/option_values.h"
#include "sut/streams.h"

// lwipopts.h declares functions without saying that they are C's.
extern "C" {
#include "lwip/opt.h"
}
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/priv/api_msg.h"
#include "lwip/priv/sockets_priv.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/sockets.h"
#include "lwip/tcpip.h"

namespace sockspec {
namespace {

// ------------------------------------------------------------------------------- The library
//
// It is loaded when it is asked for, so that sockspec runs where there is none. Who brings a stack of his own
// may as well link it.

#define SOCKSPEC_LWIP_FUNCTIONS(X)                                                              \
  X(lwip_accept) X(lwip_bind) X(lwip_close) X(lwip_connect) X(lwip_fcntl) X(lwip_getpeername)   \
  X(lwip_getsockname) X(lwip_getsockopt) X(lwip_ioctl) X(lwip_listen) X(lwip_poll) X(lwip_read) \
  X(lwip_readv) X(lwip_recv) X(lwip_recvfrom) X(lwip_recvmsg) X(lwip_send) X(lwip_sendmsg)      \
  X(lwip_sendto) X(lwip_setsockopt) X(lwip_shutdown) X(lwip_socket) X(lwip_write)               \
  X(lwip_writev) X(lwip_socket_dbg_get_socket) X(netif_add) X(netif_loop_output) X(netif_poll)  \
  X(netif_set_link_up) X(netif_set_up) X(sys_lock_tcpip_core) X(sys_now) X(sys_sem_signal)      \
  X(sys_unlock_tcpip_core) X(tcp_abort) X(tcp_fasttmr) X(tcpip_init) X(tcpip_input)
#define SOCKSPEC_LWIP_DATA(X) X(netif_list) X(tcp_active_pcbs) X(tcp_bound_pcbs) X(tcp_tw_pcbs)

struct Library {
#define X(name) decltype(&::name) name = nullptr;
  SOCKSPEC_LWIP_FUNCTIONS(X)
  SOCKSPEC_LWIP_DATA(X)
#undef X

  // What is missing; empty where nothing is.
  std::string Load(const std::string& file) {
    void* const handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) return dlerror();
    std::string missing;
#define X(name)                                                     \
  name = reinterpret_cast<decltype(name)>(dlsym(handle, #name));    \
  if (name == nullptr && missing.empty()) missing = file + " has no " #name;
    SOCKSPEC_LWIP_FUNCTIONS(X)
    SOCKSPEC_LWIP_DATA(X)
#undef X
    return missing;
  }
};
Library lwip;

// lwIP's own lock: who holds it may look at connections and interfaces, and the stack stands still.
class Core {
 public:
  Core() { lwip.sys_lock_tcpip_core(); }
  ~Core() { lwip.sys_unlock_tcpip_core(); }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;
};

// ----------------------------------------------------------------------------- The interface

netif g_loopback;

err_t Loop4(netif* out, pbuf* packet, const ip4_addr_t*) { return lwip.netif_loop_output(out, packet); }
err_t Loop6(netif* out, pbuf* packet, const ip6_addr_t*) { return lwip.netif_loop_output(out, packet); }

err_t BeginLoopback(netif* added) {
  added->name[0] = 'l';
  added->name[1] = 'o';
  added->output = Loop4;
  added->output_ip6 = Loop6;
  added->mtu = 0xFFFF;  // lwIP's own loopback leaves it 0, which some of its code takes for a limit
  return ERR_OK;
}

void AddInterface() {
  const ip4_addr_t own{htonl(INADDR_LOOPBACK)}, net{htonl(0xFF000000)};
  // A gateway of 0.0.0.0 would lead there. lwIP's own loopback is its own gateway, too.
  lwip.netif_add(&g_loopback, &own, &net, &own, nullptr, BeginLoopback, lwip.tcpip_input);
  lwip.netif_set_link_up(&g_loopback);
  lwip.netif_set_up(&g_loopback);
  IP_ADDR6_HOST(&g_loopback.ip6_addr[0], 0, 0, 0, 1);
  g_loopback.ip6_addr_state[0] = IP6_ADDR_PREFERRED;
}

// Delivers what the stack has sent to itself, and what that makes it send, until nothing is under way. With the core
// held.
void Deliver() {
  for (bool any = true; any;) {
    any = false;
    for (netif* one = *lwip.netif_list; one != nullptr; one = one->next) {
      if (one->loop_first == nullptr) continue;
      lwip.netif_poll(one);
      any = true;
    }
    if (any) continue;
    lwip.tcp_fasttmr();
    for (netif* one = *lwip.netif_list; one != nullptr; one = one->next) any |= one->loop_first != nullptr;
  }
}

// ---------------------------------------------------------------------- What lwIP does not have

struct OptionOf {
  int level;
  int option;
};

// opt.h and sockets.c: the options that it has. It has no others, and numbers that nobody knows are tried all the same.
constexpr OptionOf kOptions[] = {
    {SOL_SOCKET, SO_BROADCAST},  {SOL_SOCKET, SO_KEEPALIVE}, {SOL_SOCKET, SO_REUSEADDR},
    {SOL_SOCKET, SO_ACCEPTCONN}, {SOL_SOCKET, SO_TYPE},      {SOL_SOCKET, SO_ERROR},
    {SOL_SOCKET, SO_SNDTIMEO},   {SOL_SOCKET, SO_RCVTIMEO},  {SOL_SOCKET, SO_RCVBUF},
    {SOL_SOCKET, SO_LINGER},     {IPPROTO_IP, IP_TTL},       {IPPROTO_IP, IP_TOS},
    {IPPROTO_TCP, TCP_NODELAY},  {IPPROTO_TCP, TCP_KEEPIDLE}, {IPPROTO_TCP, TCP_KEEPINTVL},
    {IPPROTO_TCP, TCP_KEEPCNT},  {IPPROTO_IPV6, IPV6_V6ONLY}};

std::string_view LacksOption(const Call& call) {
  for (const OptionOf& has : kOptions) {
    if (call.level == has.level && call.option == has.option) return {};
  }
  for (const Token& known : OptionNames(call.level)) {
    if (known.value == call.option) return known.name;
  }
  // That a number which nobody knows is one of lwIP's own is no mistake.
  constexpr int kTcpKeepalive = 255;  // TCP_KEEPALIVE in Debian's library: the time of TCP_KEEPIDLE, in milliseconds
  const bool own = call.level == IPPROTO_TCP && call.option == kTcpKeepalive;
  return own ? "options that only lwIP has" : "";
}

std::string_view LacksFlag(const Call& call, int has) {
  for (const Token& flag : MessageFlags()) {
    if ((call.flags & ~has & flag.value) != 0) return flag.name;
  }
  return (call.flags & ~has) != 0 ? "flags without a name" : "";
}

// A stack in our own process reads what a pointer points at without asking.
std::string_view LacksPointer(const Call& call) {
  constexpr std::string_view kBadPointers = "pointers to nowhere";
  if (call.pointer == Pointer::kBad || call.length_pointer == Pointer::kBad || call.buffer == Pointer::kBad) {
    return kBadPointers;
  }
  // Where there may be no address, and where lwIP looks.
  const bool optional = call.op == Op::kAccept || call.op == Op::kAccept4 || call.op == Op::kRecvfrom ||
                        call.op == Op::kRecvmsg || call.op == Op::kSendto || call.op == Op::kSendmsg;
  if (call.pointer == Pointer::kNull && !optional) return kBadPointers;
  if (call.length_pointer == Pointer::kNull && call.pointer != Pointer::kNull) return kBadPointers;
  if (call.buffer == Pointer::kNull && call.size > 0) return kBadPointers;
  return {};
}

constexpr std::string_view kOtherInterface = "an IPv6 interface beside the loopback";

std::string_view LacksAddress(const Call& call) {
  if (call.pointer != Pointer::kValid) return {};
  const Host host = Unmapped(call.address.host);
  if (call.op != Op::kBind) {
    // POSIX says nothing of it; elsewhere it leads to oneself.
    constexpr std::string_view kWildcard = "the wildcard as a destination";
    if (host == Host::kAny || host == Host::kAny6) return kWildcard;
    // So does an address that says that it is of the other family: where its bytes are looked for, there are zeros, or
    // what the program left there.
    if (call.address.family == AF_INET && IsIpv6(call.address.host)) return kWildcard;
    if (call.address.family == AF_INET6 && IsIpv4(call.address.host)) {
      return call.address.dirty_tail ? kOtherInterface : kWildcard;
    }
  }
  // Its loopback is neither.
  const bool many = host == Host::kBroadcast || host == Host::kLocalBroadcast || host == Host::kMulticast ||
                    host == Host::kMulticast6;
  if (many) return "an interface for broadcasts and multicasts";
  switch (host) {
    case Host::kUnix: return "AF_UNIX";
    case Host::kLoopback2: return "127.0.0.2";  // an interface has one IPv4 address
    case Host::kBlackhole:
    case Host::kProhibited:
    case Host::kBlackhole6:
    case Host::kProhibited6: return "routes that refuse";
    case Host::kSilent: return "hosts that do not answer";
    // Where no route of IPv6 leads to, lwIP takes the only interface there is.
    case Host::kNotOurs6:
    case Host::kUnreachable6:
    case Host::kLinkLocal6: return call.op == Op::kBind ? "" : kOtherInterface;
    default: return {};
  }
}

// It counts to 65535, and POSIX leaves the limit to each.
std::string_view LacksPieces(const Call& call) { return call.pieces > 1024 ? "a limit of 1024 pieces" : ""; }

std::string_view LacksOf(const Call& call) {
  if (call.part != Part::kWhole || call.thread != 0) return "calls in other threads";
  for (const Descriptor fd : {call.fd, call.fd2}) {
    if (fd == kFile || fd == kPipe) return "descriptors of files";
  }
  if (const std::string_view lacks = LacksPointer(call); !lacks.empty()) return lacks;
  switch (call.op) {
    case Op::kSocket:
      if (call.domain == AF_UNIX) return "AF_UNIX";
      return (call.type & 0xF) == SOCK_RAW ? "SOCK_RAW" : "";
    case Op::kBind:
    case Op::kConnect: return LacksAddress(call);
    case Op::kListen:
    case Op::kAccept:
    case Op::kAccept4:
    case Op::kClose:
    case Op::kShutdown:
    case Op::kGetsockname:
    case Op::kGetpeername:
    case Op::kRead:
    case Op::kWrite: return {};
    case Op::kReadv:
    case Op::kWritev: return LacksPieces(call);
    case Op::kDup: return "dup()";
    case Op::kDup2: return "dup2()";
    case Op::kDup3: return "dup3()";
    case Op::kGetsockopt: return LacksOption(call);
    case Op::kSetsockopt:
      if (call.level == SOL_SOCKET && call.option == SO_LINGER && call.value != 0 && call.seconds != 0) {
        return "a way out of a close() that lingers";
      }
      return LacksOption(call);
    case Op::kSend: return LacksFlag(call, MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE);
    case Op::kSendto:
    case Op::kSendmsg: {
      if (call.control != 0) return "control data";
      if (call.pieces > 1024) return LacksPieces(call);
      const std::string_view lacks = LacksAddress(call);
      return lacks.empty() ? LacksFlag(call, MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE) : lacks;
    }
    case Op::kRecv:
    case Op::kRecvfrom:
    case Op::kRecvmsg:
      if (call.made < kMaxHandles) return "control data";
      if (call.pieces > 1024) return LacksPieces(call);
      return LacksFlag(call, MSG_DONTWAIT | MSG_PEEK);
    case Op::kFcntl:
      if (call.command == F_GETFL || call.command == F_SETFL) return {};
      return call.command == F_GETFD || call.command == F_SETFD ? "F_GETFD, F_SETFD" : "F_DUPFD";
    case Op::kIoctl:
      return call.command == static_cast<int32_t>(FIONREAD) || call.command == static_cast<int32_t>(FIONBIO)
                 ? ""
                 : "SIOCATMARK and others";
    case Op::kPoll:
      if ((call.flags & POLLRDHUP) != 0) return "POLLRDHUP";
      // sockets.h: "Below values are unimplemented".
      return (call.flags & ~(POLLIN | POLLOUT | POLLPRI | POLLERR | POLLHUP | POLLNVAL)) != 0 ? "POLLRDNORM and others" : "";
    case Op::kSocketpair: return "socketpair()";
    case Op::kSelect: return "select()";  // Debian's library is built without
    case Op::kEpollCreate1:
    case Op::kEpollCtl:
    case Op::kEpollWait: return "epoll";
  }
  __builtin_unreachable();
}

// -------------------------------------------------------------------------------- The kernel

constexpr int kNoErrno = ENOMSG;  // what errno is before a call: some calls of lwIP fail and leave it as it was
constexpr int kNever = 999;  // NEVER: a number that lwIP never gives, which gives the lowest free one
constexpr int kHighest = LWIP_SOCKET_OFFSET + kSlots;
constexpr PortRange kEphemeral{.low = 0xC000, .high = 0xFFFF};  // tcp.c, udp.c: …_LOCAL_PORT_RANGE_START
constexpr int kFirstPort = 1024;
constexpr int kPrivilegedPorts = 1023;
constexpr int kLongestTimeout = 50;      // of a program's own that we wait for, in milliseconds
constexpr int kWaitMilliseconds = 1;     // that we give a call that finds nothing
constexpr int kSendMilliseconds = 60000;  // and one that finds no room, see Overseer
constexpr s16_t kNoLinger = -1;  // netconn::linger
constexpr auto kHangs = std::chrono::seconds(4);                    // where it sleeps
constexpr auto kTurnsInCircles = std::chrono::milliseconds(250);  // where it works: calls take microseconds

// A thread beside the one that makes calls. It ends a send() or a connect() that would wait for ever, and the process
// where a call never comes back.
class Overseer {
 public:
  ~Overseer() {
    {
      const std::lock_guard lock(mutex_);
      end_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  // By the thread that will make the calls.
  void Begin() {
    pthread_getcpuclockid(pthread_self(), &clock_);
    thread_ = std::thread([this] { Oversee(); });
  }

  // Between these two a call is made; nullptr: what clears up between programs.
  void Enter(const Call* call) {
    call_.store(call, std::memory_order_relaxed);
    turn_.fetch_add(1, std::memory_order_relaxed);  // odd while it is made
  }
  void Leave() {
    turn_.fetch_add(1, std::memory_order_relaxed);
    call_.store(nullptr, std::memory_order_relaxed);
  }

  // The call that is being made; nullptr: none.
  const Call* call() const { return call_.load(std::memory_order_relaxed); }

  // Between these two a call is made on this socket that may wait.
  void BeginWait(int raw) {
    {
      const std::lock_guard lock(mutex_);
      waiting_ = raw;
      seen_ = kNothing;
    }
    wake_.notify_one();
  }
  void EndWait() {
    const std::lock_guard lock(mutex_);
    waiting_ = -1;
  }

 private:
  void Oversee() {
    std::unique_lock lock(mutex_);
    uint64_t seen = 0;
    auto since = std::chrono::steady_clock::now();
    std::chrono::nanoseconds worked_since{0};
    while (!end_) {
      wake_.wait_for(lock, waiting_ >= 0 ? std::chrono::milliseconds(1) : std::chrono::milliseconds(50));
      if (waiting_ >= 0) Look(waiting_);
      const uint64_t turn = turn_.load(std::memory_order_relaxed);
      const auto now = std::chrono::steady_clock::now();
      if (turn != seen || turn % 2 == 0) {
        since = now;
        worked_since = Worked();
      }
      seen = turn;
      if (now - since < kHangs && Worked() - worked_since < kTurnsInCircles) continue;
      fprintf(stderr, "sockspec: lwIP hangs: a call does not come back\n");
      abort();
    }
  }

  // Where nothing is under way and the call has come no further since the last look, its time is over.
  void Look(int raw) {
    const Core core;
    Deliver();
    lwip_sock* const socket = lwip.lwip_socket_dbg_get_socket(raw);
    netconn* const connection = socket == nullptr ? nullptr : socket->conn;
    const bool waits = connection != nullptr && connection->current_msg != nullptr && connection->pcb.tcp != nullptr;
    const bool writes = waits && connection->state == NETCONN_WRITE;
    const bool connects = waits && connection->state == NETCONN_CONNECT;
    const size_t so_far = writes     ? connection->current_msg->msg.w.offset
                          : connects ? static_cast<size_t>(connection->pcb.tcp->state)
                                     : kNothing;
    const bool over = so_far != kNothing && so_far == seen_;
    seen_ = over ? kNothing : so_far;
    if (over && writes) {
      connection->current_msg->msg.w.time_started = lwip.sys_now() - kSendMilliseconds;
      connection->pcb.tcp->poll(connection->pcb.tcp->callback_arg, connection->pcb.tcp);
    } else if (over) {
      // What lwIP's nonblocking connect() leaves behind, see LwipKernel::Connect().
      connection->current_msg->err = ERR_WOULDBLOCK;
      connection->current_msg = nullptr;
      connection->state = NETCONN_NONE;
      lwip.sys_sem_signal(&connection->op_completed);
    }
  }

  // How long the thread that makes calls has run on a processor: it goes by that whether others want it, too.
  std::chrono::nanoseconds Worked() const {
    timespec time{};
    clock_gettime(clock_, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }

  static constexpr size_t kNothing = SIZE_MAX;
  clockid_t clock_ = CLOCK_PROCESS_CPUTIME_ID;
  std::atomic<const Call*> call_{nullptr};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool end_ = false;
  int waiting_ = -1;
  size_t seen_ = kNothing;  // how far its call had come at the last look
  std::atomic<uint64_t> turn_{0};
  std::thread thread_;
};

class LwipKernel : public Kernel {
 public:
  ~LwipKernel() override;
  void Begin(const LwipOptions& options);
  const Call* call() const { return overseer_.call(); }

  std::string family() const override { return "lwip"; }
  std::string option() const override { return option_; }
  std::string release() const override { return LwipRelease(); }
  Trouble Reset(const Environment& env) override;
  Trouble ResetFresh(const Environment& env) override { return Reset(env); }
  Reply Run(const Call& call) override;
  void Disturb(unsigned seed) override { delays_.Set(seed); }
  // TCP and UDP count their ports apart. What earlier programs had, nobody has any more.
  bool Coincidence() const override {
    return TwoWereGivenOnePort(names_, streams_, [](int slot) { return LocalPort(slot + LWIP_SOCKET_OFFSET); });
  }
  std::string_view Lacks(const Call& call) const override { return LacksOf(call); }
  std::string_view Lacks(const Environment& env) const override {
    return env.nofile != 0      ? "env: nofile="
           : env.ephemeral != 0 ? "env: ephemeral="
           : env.nobody         ? "env: uid="
           : env.patient        ? "env: patience="
                                : "";
  }

 private:
  Reply Launch(const Call& call);
  Reply Socket(const Call& call);
  Reply Bind(const Call& call);
  Reply Connect(const Call& call);
  Reply Accept(const Call& call, int flags);
  bool HasNoReceiver(int raw);
  void MendReceiver(int raw);
  int16_t MendLinger(int raw);
  Reply Close(const Call& call);
  Reply Getsockopt(const Call& call);
  Reply Setsockopt(const Call& call);
  Reply Fcntl(const Call& call);
  Reply Ioctl(const Call& call);
  Reply Poll(const Call& call);
  Reply Name(const Call& call, decltype(&::lwip_getsockname) get);
  template <typename Move>
  Reply Send(const Call& call, Move move);
  template <typename Move>
  Reply Receive(const Call& call, Move move);
  template <typename Wait>
  Reply Waiting(const Call& call, int option, int milliseconds, Wait wait);

  int Raw(const Call& call) const { return raw_[call.fd.code]; }
  static int SlotOf(int raw) { return raw - LWIP_SOCKET_OFFSET; }
  static bool IsTcp(int raw);
  static int LocalPort(int raw);
  static bool Blocks(int raw, const Call& call);
  Reply Made(const Call& call, int raw, int error, int flags, bool port_given = false);

  Overseer overseer_;
  std::array<int, 256> raw_{};  // by Descriptor::code
  Names names_;
  Streams streams_;
  Memory memory_;
  int next_port_ = kFirstPort;
  int programs_ = 0;
  bool as_it_is_ = false;
  std::string option_;
  Delays delays_;
};

LwipKernel* g_kernel = nullptr;
pid_t g_begun_in = 0;

LwipKernel::~LwipKernel() {
  (void)Reset({});
  g_kernel = nullptr;
}

// Where the process dies of lwIP, its last words say of which call.
void TellTheCall(int number) {
  // Words take memory, and it may have died with the lock of that held: SIGALRM ends it then.
  signal(SIGALRM, SIG_DFL);
  alarm(2);
  if (const Call* const call = g_kernel == nullptr ? nullptr : g_kernel->call(); call != nullptr) {
    dprintf(2, "sockspec: signal %d (%s) came in the middle of:\n    %s\n", number, strsignal(number), PrintCall(*call).c_str());
  }
  raise(number);  // comes when the handler is done
}

void LwipKernel::Begin(const LwipOptions& options) {
  struct sigaction action {};
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  action.sa_handler = TellTheCall;
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    struct sigaction old {};
    if (sigaction(number, nullptr, &old) == 0 && old.sa_handler == SIG_DFL) sigaction(number, &action, nullptr);
  }
  as_it_is_ = options.as_it_is;
  option_ = options.option;
  g_kernel = this;
  overseer_.Begin();
}

// Connections first: a socket whose connection is gone closes at once, whatever it had to send. Those in TIME-WAIT go
// after the sockets, which do not hear of it.
Trouble LwipKernel::Reset(const Environment&) {
  for (int round = 0;; ++round) {
    {
      const Core core;
      // It may be a ring, see Bind(). To close a socket that is not in it does no harm.
      *lwip.tcp_bound_pcbs = nullptr;
      while (*lwip.tcp_active_pcbs != nullptr) lwip.tcp_abort(*lwip.tcp_active_pcbs);
      while (round > 0 && *lwip.tcp_tw_pcbs != nullptr) lwip.tcp_abort(*lwip.tcp_tw_pcbs);
      Deliver();
      if (round > 0 && *lwip.tcp_active_pcbs == nullptr && *lwip.tcp_tw_pcbs == nullptr) break;
    }
    if (round == 10) return {"lwIP has connections that do not go"};
    overseer_.Enter(nullptr);
    for (int raw = LWIP_SOCKET_OFFSET; raw < kHighest; ++raw) {
      lwip_sock* const socket = lwip.lwip_socket_dbg_get_socket(raw);
      if (socket == nullptr) continue;
      socket->conn->linger = kNoLinger;
      lwip.lwip_close(raw);
    }
    overseer_.Leave();
  }
  raw_.fill(-1);
  raw_[kNeverOpen.code] = kNever;
  streams_.Begin();
  if (next_port_ + kMaxProgramPorts > kEphemeral.low) next_port_ = kFirstPort;
  names_.Begin({.first_port = next_port_,
                .privileged_port = 1 + programs_++ % kPrivilegedPorts,
                .ephemeral = kEphemeral});
  next_port_ += kMaxProgramPorts;
  delays_.Begin();
  return {};
}

Reply LwipKernel::Run(const Call& call) {
  // Who has not asked Lacks() learns it here, and no bad pointer gets any further.
  if (!LacksOf(call).empty()) [[unlikely]] {
    return {.error = ENOSYS};
  }
  delays_.Wait();
  Call known = call;
  known.flags &= call.op == Op::kAccept4 || call.op == Op::kPoll ? ~0 : ~MSG_NOSIGNAL;
  overseer_.Enter(&known);
  errno = kNoErrno;
  const Reply reply = Launch(known);
  overseer_.Leave();
  const Core core;
  Deliver();
  return reply;
}

Reply LwipKernel::Launch(const Call& call) {
  const int raw = Raw(call);
  const auto length = static_cast<socklen_t>(call.length);
  const Stream* const stream = streams_.At(streams_.Of(SlotOf(raw)));
  switch (call.op) {
    case Op::kSocket: return Socket(call);
    case Op::kBind: return Bind(call);
    case Op::kListen: {
      const int value = lwip.lwip_listen(raw, call.value);
      return Answer(value, errno);
    }
    case Op::kConnect: return Connect(call);
    case Op::kAccept: return Accept(call, 0);
    case Op::kAccept4: return Accept(call, call.flags);
    case Op::kClose: return Close(call);
    case Op::kShutdown: {
      const int16_t linger = MendLinger(raw);
      const int value = lwip.lwip_shutdown(raw, call.command);
      const int error = errno;
      lwip_sock* const socket = lwip.lwip_socket_dbg_get_socket(raw);
      if (linger != kNoLinger && socket != nullptr && socket->conn != nullptr) socket->conn->linger = linger;
      return Answer(value, error);
    }
    case Op::kGetsockname: return Name(call, lwip.lwip_getsockname);
    case Op::kGetpeername: return Name(call, lwip.lwip_getpeername);
    case Op::kGetsockopt: return Getsockopt(call);
    case Op::kSetsockopt: return Setsockopt(call);
    case Op::kSend:
      return Send(call, [&] { return lwip.lwip_send(raw, ToSend(call, stream), SizeOf(call), call.flags); });
    case Op::kWrite: return Send(call, [&] { return lwip.lwip_write(raw, ToSend(call, stream), SizeOf(call)); });
    case Op::kWritev:
      return Send(call, [&] { return lwip.lwip_writev(raw, Pieces(call, ToSend(call, stream), memory_), call.pieces); });
    case Op::kSendto:
      return Send(call, [&] {
        return lwip.lwip_sendto(raw, ToSend(call, stream), SizeOf(call), call.flags, AddressIn(call, names_, memory_), length);
      });
    case Op::kSendmsg: {
      msghdr message{};
      message.msg_name = const_cast<sockaddr*>(AddressIn(call, names_, memory_));
      message.msg_namelen = length;
      message.msg_iov = Pieces(call, ToSend(call, stream), memory_);
      message.msg_iovlen = static_cast<size_t>(call.pieces);
      return Send(call, [&] { return lwip.lwip_sendmsg(raw, &message, call.flags); });
    }
    case Op::kRecv:
      return Receive(call, [&] {
        return lwip.lwip_recv(raw, Choose(call.buffer, memory_.data), SizeOf(call), call.flags);
      });
    case Op::kRead:
      return Receive(call,
                     [&] { return lwip.lwip_read(raw, Choose(call.buffer, memory_.data), SizeOf(call)); });
    case Op::kReadv:
      return Receive(call, [&] {
        return lwip.lwip_readv(raw, Pieces(call, Choose(call.buffer, memory_.data), memory_), call.pieces);
      });
    case Op::kRecvfrom: {
      sockaddr* const address = AddressOut(call, memory_);
      Reply reply = Receive(call, [&] {
        return lwip.lwip_recvfrom(raw, Choose(call.buffer, memory_.data), SizeOf(call), call.flags, address,
                                  Choose(call.length_pointer, &memory_.address_out.length));
      });
      names_.Read(call, call.length_pointer == Pointer::kValid, memory_.address_out, &reply);
      return reply;
    }
    case Op::kRecvmsg: {
      msghdr message{};
      message.msg_name = AddressOut(call, memory_);
      message.msg_namelen = length;
      message.msg_iov = Pieces(call, Choose(call.buffer, memory_.data), memory_);
      message.msg_iovlen = static_cast<size_t>(call.pieces);
      Reply reply = Receive(call, [&] { return lwip.lwip_recvmsg(raw, &message, call.flags); });
      memory_.address_out.length = message.msg_namelen;
      names_.Read(call, true, memory_.address_out, &reply);
      if (message.msg_flags != 0) {
        reply.wrote |= kWroteFlags;
        reply.flags = message.msg_flags;
      }
      return reply;
    }
    case Op::kFcntl: return Fcntl(call);
    case Op::kIoctl: return Ioctl(call);
    case Op::kPoll: return Poll(call);
    case Op::kDup:
    case Op::kDup2:
    case Op::kDup3:
    case Op::kSocketpair:
    case Op::kSelect:
    case Op::kEpollCreate1:
    case Op::kEpollCtl:
    case Op::kEpollWait: break;  // Lacks() says so
  }
  return {.error = ENOSYS};
}

Reply LwipKernel::Socket(const Call& call) {
  constexpr int kFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;
  const int raw = lwip.lwip_socket(call.domain, call.type & ~kFlags, call.protocol);
  return Made(call, raw, errno, call.type & kFlags);
}

Reply LwipKernel::Accept(const Call& call, int flags) {
  // Flags that accept4() does not know are not lwIP's to refuse.
  if ((flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != 0) return Made(call, -1, EINVAL, 0);
  sockaddr* const address = AddressOut(call, memory_);
  int raw = -1;
  Reply reply = Waiting(call, SO_RCVTIMEO, kWaitMilliseconds, [&] {
    return raw = lwip.lwip_accept(Raw(call), address, Choose(call.length_pointer, &memory_.address_out.length));
  });
  const bool blocked = reply.blocked;
  reply = Made(call, raw, reply.error, flags, true);
  reply.blocked = blocked;
  names_.Read(call, call.length_pointer == Pointer::kValid, memory_.address_out, &reply);
  return reply;
}

// A second bind() of a TCP socket to another port succeeds, and puts the socket into lwIP's list of bound ones again:
// the list becomes a ring, and the next look through it never ends (fuzz/found/lwip/kills/second-bind-hangs.program). So that
// campaigns get any further, we put the list right.
Reply LwipKernel::Bind(const Call& call) {
  std::vector<tcp_pcb*> bound;
  if (!as_it_is_) {
    const Core core;
    for (tcp_pcb* one = *lwip.tcp_bound_pcbs; one != nullptr; one = one->next) bound.push_back(one);
  }
  const int value = lwip.lwip_bind(Raw(call), AddressIn(call, names_, memory_), static_cast<socklen_t>(call.length));
  const Reply reply = Answer(value, errno);
  Stream* const stream = streams_.At(streams_.Of(SlotOf(Raw(call))));
  if (value == 0 && stream != nullptr && call.address.port != kPortZero) stream->port_given = true;
  if (bound.empty() || value != 0) return reply;
  const Core core;
  const auto again = std::ranges::find(bound, *lwip.tcp_bound_pcbs);
  if (again == bound.end()) return reply;
  *lwip.tcp_bound_pcbs = bound[0];
  for (size_t i = 0; i < bound.size(); ++i) bound[i]->next = i + 1 < bound.size() ? bound[i + 1] : nullptr;
  return reply;
}

// A blocking connect() that gets no answer is made a nonblocking one, which is what a signal would make of it: POSIX
// connect() EINTR, "the connection shall be established asynchronously". lwIP marks such a connection like this.
Reply LwipKernel::Connect(const Call& call) {
  const int raw = Raw(call);
  const bool may_wait = IsTcp(raw) && Blocks(raw, call);
  const bool deaf = HasNoReceiver(raw);
  if (may_wait) overseer_.BeginWait(raw);
  const int value = lwip.lwip_connect(raw, AddressIn(call, names_, memory_), static_cast<socklen_t>(call.length));
  const int error = errno;
  if (deaf && value < 0 && error == EISCONN) MendReceiver(raw);
  if (!may_wait) return Answer(value, error);
  overseer_.EndWait();
  if (value == 0 || error != EWOULDBLOCK) return Answer(value, error);
  const Core core;
  netconn* const connection = lwip.lwip_socket_dbg_get_socket(raw)->conn;
  connection->state = NETCONN_CONNECT;
  connection->flags |= NETCONN_FLAG_IN_NONBLOCKING_CONNECT;
  return {.error = EINTR, .blocked = true};
}

// connect() of a connected socket fails with EISCONN, and gives it back the receiver that shutdown(SHUT_RD) has taken away.
// shutdown(SHUT_WR) then leaves it there without the connection that it is to tell, and an assertion ends the process when
// the peer's FIN comes (fuzz/found/lwip/kills/shutdown-after-connect-again.program).
bool LwipKernel::HasNoReceiver(int raw) {
  if (as_it_is_ || !IsTcp(raw)) return false;
  const Core core;
  const netconn* const connection = lwip.lwip_socket_dbg_get_socket(raw)->conn;
  return connection->state != NETCONN_LISTEN && connection->pcb.tcp != nullptr && connection->pcb.tcp->recv == nullptr;
}

void LwipKernel::MendReceiver(int raw) {
  const Core core;
  netconn* const connection = lwip.lwip_socket_dbg_get_socket(raw)->conn;
  if (connection->pcb.tcp != nullptr) connection->pcb.tcp->recv = nullptr;
}

// close() or shutdown() of a listener with SO_LINGER looks for unsent data in a connection that a listener is not, beyond the end of
// its memory, and aborts the process by what it finds there (fuzz/found/lwip/kills/close-of-a-listener-that-lingers.program).
// What it was, for a shutdown(), which leaves the option as it is.
int16_t LwipKernel::MendLinger(int raw) {
  lwip_sock* const socket = lwip.lwip_socket_dbg_get_socket(raw);
  if (as_it_is_ || !IsTcp(raw) || socket->conn->state != NETCONN_LISTEN) return kNoLinger;
  return std::exchange(socket->conn->linger, kNoLinger);
}

Reply LwipKernel::Close(const Call& call) {
  MendLinger(Raw(call));
  const int value = lwip.lwip_close(Raw(call));
  const int error = errno;
  if (value == 0) streams_.Set(SlotOf(Raw(call)), kNoStream);
  return Answer(value, error);
}

Reply LwipKernel::Name(const Call& call, decltype(&::lwip_getsockname) get) {
  sockaddr* const address = AddressOut(call, memory_);
  const int value = get(Raw(call), address, Choose(call.length_pointer, &memory_.address_out.length));
  Reply reply = Answer(value, errno);
  names_.Read(call, call.length_pointer == Pointer::kValid, memory_.address_out, &reply);
  return reply;
}

Reply LwipKernel::Getsockopt(const Call& call) {
  memory_.option_out.Prepare(call.length);
  const int value = lwip.lwip_getsockopt(Raw(call), call.level, call.option, memory_.option_out.bytes,
                                         &memory_.option_out.length);
  Reply reply = Answer(value, errno);
  ReadOption(call, memory_, &reply);
  return reply;
}

// setsockopt(IPPROTO_RAW, IPV6_CHECKSUM) looks into a raw socket before it asks whether it is one: where a TCP socket's
// connection is gone, the process dies (fuzz/found/lwip/kills/setsockopt-of-a-checksum.program).
Reply LwipKernel::Setsockopt(const Call& call) {
  constexpr int kIpv6Checksum = 7;
  const lwip_sock* const socket = lwip.lwip_socket_dbg_get_socket(Raw(call));
  if (!as_it_is_ && call.level == IPPROTO_RAW && call.option == kIpv6Checksum && socket != nullptr) return {.error = ENOPROTOOPT};
  WriteOption(call, memory_.option_in);
  const int value = lwip.lwip_setsockopt(Raw(call), call.level, call.option, memory_.option_in,
                                         static_cast<socklen_t>(call.length));
  return Answer(value, errno);
}

Reply LwipKernel::Fcntl(const Call& call) {
  const int value = lwip.lwip_fcntl(Raw(call), call.command, call.value);
  return Answer(value, errno);
}

Reply LwipKernel::Ioctl(const Call& call) {
  const bool in = call.command == static_cast<int32_t>(FIONBIO);
  constexpr int kUntouched = 0x5A5A5A5A;
  int argument = in ? call.value : kUntouched;
  const int value = lwip.lwip_ioctl(Raw(call), call.command, &argument);
  Reply reply = Answer(value, errno);
  if (!in && (value == 0 || argument != kUntouched)) {
    reply.wrote |= kWroteValue;
    reply.option = argument;
  }
  return reply;
}

Reply LwipKernel::Poll(const Call& call) {
  pollfd one{.fd = Raw(call), .events = static_cast<short>(call.flags), .revents = 0};
  const bool forever = call.timeout < 0;
  const int value = lwip.lwip_poll(&one, 1, forever ? kWaitMilliseconds : call.timeout);
  Reply reply = Answer(value, errno);
  if (value == 1) {
    reply.wrote |= kWroteEvents;
    reply.events = one.revents;
  } else if (value == 0 && forever) {
    reply = {.error = EINTR, .blocked = true};
  }
  return reply;
}

// The port that a socket is bound to; 0: to none.
int LwipKernel::LocalPort(int raw) {
  sockaddr_in6 address{};
  socklen_t length = sizeof address;
  if (lwip.lwip_getsockname(raw, reinterpret_cast<sockaddr*>(&address), &length) != 0) return 0;
  return ntohs(address.sin6_port);  // a sockaddr_in has it in the same place
}

bool LwipKernel::IsTcp(int raw) {
  const lwip_sock* const socket = lwip.lwip_socket_dbg_get_socket(raw);
  return socket != nullptr && NETCONNTYPE_GROUP(socket->conn->type) == NETCONN_TCP;
}

// Whether the call waits where it finds nothing to do.
bool LwipKernel::Blocks(int raw, const Call& call) {
  if ((call.flags & MSG_DONTWAIT) != 0 && call.op != Op::kAccept4) return false;
  return lwip.lwip_socket_dbg_get_socket(raw) != nullptr && (lwip.lwip_fcntl(raw, F_GETFL, 0) & O_NONBLOCK) == 0;
}

// Makes a call that may wait, by `wait`, which waits `milliseconds` at most.
template <typename Wait>
Reply LwipKernel::Waiting(const Call& call, int option, int milliseconds, Wait wait) {
  const int raw = Raw(call);
  timeval own{};
  bool limited = Blocks(raw, call);
  if (limited) {
    socklen_t length = sizeof own;
    limited = lwip.lwip_getsockopt(raw, SOL_SOCKET, option, &own, &length) == 0;
    const int64_t of_program = own.tv_sec * int64_t{1000} + own.tv_usec / 1000;
    if (of_program > 0 && of_program < kLongestTimeout) limited = false;
  }
  if (!limited) {
    errno = kNoErrno;
    const int value = static_cast<int>(wait());
    return Answer(value, errno);
  }
  const timeval given{.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
  lwip.lwip_setsockopt(raw, SOL_SOCKET, option, &given, sizeof given);
  errno = kNoErrno;
  const int value = static_cast<int>(wait());
  const int error = errno;
  lwip.lwip_setsockopt(raw, SOL_SOCKET, option, &own, sizeof own);
  if (value < 0 && error == EWOULDBLOCK) return {.error = EINTR, .blocked = true};
  return Answer(value, error);
}

template <typename Move>
Reply LwipKernel::Send(const Call& call, Move move) {
  const int raw = Raw(call);
  const bool may_wait = IsTcp(raw) && Blocks(raw, call);
  Reply reply;
  if (may_wait) {
    overseer_.BeginWait(raw);
    reply = Waiting(call, SO_SNDTIMEO, kSendMilliseconds, move);
    overseer_.EndWait();
    // A part of it went, and there was no room for the rest.
    if (reply.error == 0 && reply.value < static_cast<int>(SizeOf(call))) reply.blocked = true;
  } else {
    const int value = static_cast<int>(move());
    reply = Answer(value, errno);
  }
  Stream* const stream = streams_.At(streams_.Of(SlotOf(raw)));
  if (reply.error == 0 && stream != nullptr) {
    stream->position = (stream->position + static_cast<uint32_t>(reply.value)) % kPatternPeriod;
  }
  return reply;
}

template <typename Move>
Reply LwipKernel::Receive(const Call& call, Move move) {
  const Reply reply = Waiting(call, SO_RCVTIMEO, kWaitMilliseconds, move);
  Reply received = Received(call, memory_, reply.error != 0 ? -1 : reply.value, reply.error, [] { return true; });
  received.blocked = reply.blocked;
  return received;
}

// Names what a call made, by its handle and its slot.
Reply LwipKernel::Made(const Call& call, int raw, int error, int flags, bool port_given) {
  if (call.made < kMaxHandles) raw_[call.made] = raw;
  if (raw < 0) return Answer(raw, error);
  if ((flags & SOCK_NONBLOCK) != 0) lwip.lwip_fcntl(raw, F_SETFL, O_NONBLOCK);
  streams_.Set(SlotOf(raw), streams_.New({.names_before = names_.ephemeral_names(), .port_given = port_given}));
  return Answer(SlotOf(raw), 0);
}

// Loads the library and starts the stack, once in a process.
Trouble BeginLwip(const LwipOptions& options) {
  if (g_kernel != nullptr) return {"a process has one lwIP at a time"};
  if (g_begun_in != 0 && g_begun_in != getpid()) return {"lwIP was started before this process was forked"};
  if (g_begun_in != 0) return {};
  // Without an interpreter: nothing can be loaded into a file that is linked statically.
  if (getauxval(AT_BASE) == 0) {
    return {"lwIP is a shared library, and this file was linked statically; build it without --config=static"};
  }
  const std::string file = options.library.empty() ? "liblwip.so.0" : options.library;
  if (const std::string missing = lwip.Load(file); !missing.empty()) {
    return {missing + "\nlwIP comes with: apt-get install liblwip-dev"};
  }
  g_begun_in = getpid();
  sem_t begun;
  sem_init(&begun, 0, 0);
  lwip.tcpip_init([](void* done) { sem_post(static_cast<sem_t*>(done)); }, &begun);
  while (sem_wait(&begun) != 0) {
  }
  sem_destroy(&begun);
  const Core core;
  AddInterface();
  return {};
}

}  // namespace

std::string LwipRelease() { return "lwIP " LWIP_VERSION_STRING; }

std::unique_ptr<Kernel> MakeLwipKernel(const LwipOptions& options, Trouble* trouble) {
  *trouble = BeginLwip(options);
  if (trouble->any()) return nullptr;
  auto kernel = std::make_unique<LwipKernel>();
  kernel->Begin(options);
  *trouble = kernel->Reset({});
  if (trouble->any()) return nullptr;
  return kernel;
}

}  // namespace sockspec
