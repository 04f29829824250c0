#include "sut/linux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/program/declarations.h"
#include "model/program/options.h"
#include "model/program/unix_name.h"
#include "sut/arguments.h"
#include "sut/coincidence.h"
#include "sut/delays.h"
#include "sut/descriptors.h"
#include "sut/memory.h"
#include "sut/names.h"
#include "sut/option_values.h"
#include "sut/own_calls.h"
#include "sut/sandbox.h"
#include "sut/streams.h"
#include "sut/unix_directory.h"
#include "sut/watchdog.h"
#include "sut/worker.h"

// Sanitizers intercept libc's calls and read the pointers that we make bad on purpose.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || \
    __has_feature(thread_sanitizer)
#define SOCKSPEC_BY_SYSCALL 1
#endif
#endif
#if defined(SOCKSPEC_BY_SYSCALL)
#define ASK(name, ...) Worker::Through(static_cast<int>(Asked(SYS_##name, __VA_ARGS__)))
#define ASK_SEND(fd, data, size, flags) ASK(sendto, fd, data, size, flags, nullptr, 0)
#define ASK_RECV(fd, data, size, flags) ASK(recvfrom, fd, data, size, flags, nullptr, nullptr)
#else
#define ASK(name, ...) Worker::Through(static_cast<int>(::name(__VA_ARGS__)))
#define ASK_SEND(fd, data, size, flags) ASK(send, fd, data, size, flags)
#define ASK_RECV(fd, data, size, flags) ASK(recv, fd, data, size, flags)
#endif

namespace sockspec {
namespace {

#if defined(SOCKSPEC_BY_SYSCALL)
template <typename... Arguments>
long Asked(long number, Arguments... arguments) {
  Worker::Leaves();
  return syscall(number, arguments...);
}
#endif

// PRIVILEGED is another of 1 … 1023 in every program, since the last one's may be in TIME-WAIT.
constexpr int kPrivilegedPorts = 1023;
constexpr int kMostPrograms = 1000;  // in one namespace, so that it does not repeat there
constexpr int kMaxNarrowRange = 64;  // the largest Environment::ephemeral

// Whether the kernel is told how much room an address has.
bool HasLength(const Call& call) {
  return call.op == Op::kRecvmsg || call.length_pointer == Pointer::kValid;
}

// The port that an IPv4 or IPv6 socket is bound to; 0: to none.
int LocalPort(int raw) {
  sockaddr_in6 address{};
  socklen_t length = sizeof address;
  if (own::Getsockname(raw, reinterpret_cast<sockaddr*>(&address), &length) != 0) return 0;
  const bool inet = address.sin6_family == AF_INET || address.sin6_family == AF_INET6;
  return inet ? ntohs(address.sin6_port) : 0;  // both have the port in one place
}

class LinuxKernel : public Kernel {
 public:
  ~LinuxKernel() override;
  Trouble Begin(const LinuxOptions& options);

  std::string family() const override { return family_; }
  std::string option() const override { return option_.empty() ? family_ : option_; }
  std::string release() const override { return release_.empty() ? LinuxRelease() : release_; }
  Trouble Reset(const Environment& env) override;
  Trouble ResetFresh(const Environment& env) override;
  Reply Run(const Call& call) override;
  Trouble PrepareThreads() override;
  void Disturb(unsigned seed) override { delays_.Set(seed); }
  bool Coincidence() const override;
  std::string_view Lacks(const Call& call) const override { return lacks_ ? LacksHere(call) : std::string_view(); }
  std::string_view Lacks(const Environment& env) const override {
    if (env.ephemeral != 0 && lacks_ephemeral_) return "env: ephemeral=";
    return env.nobody && lacks_nobody_ ? "env: uid=" : "";
  }

 private:
  std::string_view LacksHere(const Call& call) const;

  std::string family_;
  std::string option_;
  std::string release_;
  Trouble CloseDescriptors(const Environment& env);
  Trouble BeginProgram(const Environment& env);

  Reply RunPart(const Call& call);
  Reply Begun(const Call& call);
  Reply Resumed(const Call& call);
  Reply Finish(Worker& worker);
  void Settle();

  Reply Launch(const Call& call);
  Reply Socket(const Call& call);
  Reply Bind(const Call& call);
  Reply Listen(const Call& call);
  Reply Connect(const Call& call);
  Reply Accept(const Call& call);
  Reply Accept4(const Call& call);
  Reply Close(const Call& call);
  Reply Shutdown(const Call& call);
  Reply Dup(const Call& call);
  Reply Getsockname(const Call& call);
  Reply Getpeername(const Call& call);
  Reply Getsockopt(const Call& call);
  Reply Setsockopt(const Call& call);
  Reply Send(const Call& call);
  Reply Recv(const Call& call);
  Reply Read(const Call& call);
  Reply Write(const Call& call);
  Reply Fcntl(const Call& call);
  Reply Ioctl(const Call& call);
  Reply Poll(const Call& call);
  Reply Socketpair(const Call& call);
  Reply Sendto(const Call& call);
  Reply Recvfrom(const Call& call);
  Reply Sendmsg(const Call& call);
  Reply Recvmsg(const Call& call);
  Reply Readv(const Call& call);
  Reply Writev(const Call& call);
  Reply Dup2(const Call& call);
  Reply Dup3(const Call& call);
  Reply Select(const Call& call);
  Reply EpollCreate1(const Call& call);
  Reply EpollCtl(const Call& call);
  Reply EpollWait(const Call& call);

  int Raw(const Call& call) const { return descriptors_.Raw(call.fd); }
  int StreamOf(int raw) const { return streams_.Of(descriptors_.SlotOf(raw)); }
  // The same of a call that moves bytes, when it began.
  int StreamMoved(int raw) const {
    return memory_->waits_on != kNoStream ? memory_->waits_on : StreamOf(raw);
  }
  int NewStream(bool port_given);
  Reply Made(const Call& call, int raw, int error, int stream);
  Reply Accepted(const Call& call, int raw, int error);
  Reply Replaced(const Call& call, int value, int error);

  void Bound(const Call& call, int raw);
  UnixDirectory::Visit VisitFor(const Call& call) const;

  Reply Sent(int raw, int value, int error);
  Reply Received(const Call& call, int raw, int value, int error) {
    return sockspec::Received(call, *memory_, value, error, [&] { return StreamMoved(raw) >= 0; });
  }
  void PassRights(const Call& call, msghdr* message);
  void TakeRights(const Call& call, msghdr* message, Reply* reply);

  UnixDirectory directory_;
  Descriptors descriptors_;
  Watch watch_;

  // This program's.
  Names names_;
  Streams streams_;
  bool narrow_ = false;    // it has a range of ports of its own
  bool abstract_ = false;  // it may have bound an abstract name

  // This namespace's.
  int programs_ = 0;
  int programs_at_most_ = 1;
  int next_port_ = 0;
  int ports_end_ = 0;
  bool ports_again_ = false;
  bool lacks_ephemeral_ = false;
  bool lacks_nobody_ = false;
  bool lacks_ = false;  // something that addresses of programs stand for
  unsigned abstract_series_ = 0;
  PortRange usual_ephemeral_;
  int next_narrow_ = 0;
  int narrow_end_ = 0;

  Delays delays_;

  Memory own_memory_;
  Memory* memory_ = &own_memory_;  // of the thread whose call it is

  // Calls that block in other threads.
  std::array<std::unique_ptr<Worker>, kMaxThreads> workers_;
  std::array<Reply, kMaxThreads> at_once_;  // of a call that did not block
  int busy_ = 0;                            // how many workers are in a call
};

// What is not there of `facts`, as what one address after the other stands for; empty: nothing. `host` and `name` are of
// one address; without, of any.
std::string_view LacksOf(const SandboxFacts& facts, std::optional<Host> host = {}, UnixName name = kReadOnlyDir) {
  const struct {
    Host host;
    bool SandboxFacts::*fact;
    std::string_view words;
  } kHosts[] = {{Host::kUnreachable, &SandboxFacts::unreachable, "an unreachable route"},
                {Host::kBlackhole, &SandboxFacts::blackhole, "a blackhole route"},
                {Host::kProhibited, &SandboxFacts::prohibited, "a prohibit route"},
                {Host::kSilent, &SandboxFacts::silent, "a host that is silent"},
                {Host::kUnreachable6, &SandboxFacts::unreachable6, "an unreachable route"},
                {Host::kBlackhole6, &SandboxFacts::blackhole6, "a blackhole route"},
                {Host::kProhibited6, &SandboxFacts::prohibited6, "a prohibit route"}};
  for (const auto& [of, fact, words] : kHosts) {
    if (!(facts.*fact) && (!host || Unmapped(*host) == of)) return words;
  }
  const bool read_only = !host || (*host == Host::kUnix && name == kReadOnlyDir);
  return read_only && !facts.read_only ? "a file system that is read-only" : std::string_view();
}

std::string_view LinuxKernel::LacksHere(const Call& call) const {
  return LacksOf(ThisSandbox(), call.address.host, call.address.name);
}

LinuxKernel::~LinuxKernel() {
  for (std::unique_ptr<Worker>& worker : workers_) {
    // What is left of its call wants the worker's memory.
    if (worker != nullptr && worker->busy()) (void)Finish(*worker);
    worker.reset();
  }
  (void)SetNobody(false);
}

Trouble LinuxKernel::Begin(const LinuxOptions& options) {
  family_ = options.family;
  option_ = options.option;
  release_ = options.release;
  if (options.preloaded) descriptors_.CloseOneByOne();
  if (options.at_hand) StayInTheNetworkAtHand();
  programs_at_most_ = std::clamp(options.programs_per_namespace, 1, kMostPrograms);
  if (options.user_namespace || NeedsUserNamespace()) {
    if (Trouble trouble = EnterUserNamespace(); trouble.any()) return trouble;
  }
  if (Trouble trouble = watch_.Begin(); trouble.any()) return trouble;
  if (Trouble trouble = directory_.Open(); trouble.any()) return trouble;
  if (Trouble trouble = descriptors_.Open(); trouble.any()) return trouble;
  if (Trouble trouble = ResetFresh(Environment{}); trouble.any()) return trouble;
  if (!ThisSandbox().own_namespace) {
    // gVisor takes any range, and may go on as before.
    const PortRange usual = usual_ephemeral_;
    lacks_ephemeral_ = SetEphemeralRange({.low = usual.high, .high = usual.high}).any();
    if (Trouble trouble = SetEphemeralRange(usual); trouble.any() && !lacks_ephemeral_) return trouble;
  }
  return {};
}

// Gives back what `uid=nobody` took. What the program left open is closed. A socket that lingers
// (SO_LINGER) behind a full window would keep us waiting for as long as it was told to, so this is
// watched as a call is.
Trouble LinuxKernel::CloseDescriptors(const Environment& env) {
  static constexpr Call kCloseAll{.op = Op::kClose};
  for (int i = 0; busy_ != 0 && i < kMaxThreads; ++i) {
    if (workers_[i] != nullptr && workers_[i]->busy()) (void)Finish(*workers_[i]);
  }
  if (Trouble trouble = SetNobody(false); trouble.any()) return trouble;
  watch_.BePatient(false);
  watch_.Enter(kCloseAll);
  Trouble trouble = descriptors_.Renew(env.nofile);
  watch_.Leave();
  return trouble;
}

Trouble LinuxKernel::Reset(const Environment& env) {
  if (programs_ >= programs_at_most_ || next_port_ + kMaxProgramPorts > ports_end_ ||
      next_narrow_ + kMaxNarrowRange > narrow_end_ || (abstract_ && streams_.any_passed())) {
    // Sockets that were under way in each other's messages go some time after they are closed
    // (Linux's unix_gc), and so do their abstract names.
    return ResetFresh(env);
  }
  if (Trouble trouble = CloseDescriptors(env); trouble.any()) return trouble;
  return BeginProgram(env);
}

Trouble LinuxKernel::ResetFresh(const Environment& env) {
  if (Trouble trouble = CloseDescriptors(env); trouble.any()) return trouble;
  if (Trouble trouble = EnterFreshNetwork(Environment{}); trouble.any()) return trouble;
  programs_ = 0;
  names_.ForgetAll();
  usual_ephemeral_ = ThisSandbox().ephemeral;
  lacks_ = !LacksOf(ThisSandbox()).empty();
  lacks_nobody_ = !ThisSandbox().unprivileged_ports;
  // Names that a stack has lost the sockets of stay taken (gVisor: of a descriptor that was sent to nobody). Neighbouring
  // processes begin far from each other.
  constexpr unsigned kApart = 1021;
  if (!ThisSandbox().own_namespace && abstract_series_ == 0) {
    abstract_series_ = 1 + static_cast<unsigned>(getpid()) * kApart % Names::kAbstractSeries;
  } else if (!ThisSandbox().own_namespace && abstract_ && streams_.any_passed()) {
    ++abstract_series_;
  }
  if (ThisSandbox().own_namespace || next_port_ + kMaxProgramPorts > ports_end_ ||
      next_narrow_ + kMaxNarrowRange > narrow_end_) {
    // Below 10000 live well-known services.
    ports_again_ = ports_again_ || (!ThisSandbox().own_namespace && next_port_ != 0);
    next_port_ = usual_ephemeral_.low > 12000 ? 10000 : 1024;
    ports_end_ = usual_ephemeral_.low;
    // Small ranges lie above the usual one, so that no port of theirs is in TIME_WAIT by another
    // program; where there is no room, within it.
    constexpr int kLastPort = 65535;
    const bool room = kLastPort - usual_ephemeral_.high >= 2 * kMaxNarrowRange;
    next_narrow_ = room ? usual_ephemeral_.high + 1 : usual_ephemeral_.low;
    narrow_end_ = room ? kLastPort : usual_ephemeral_.high;
  }
  return BeginProgram(env);
}

Trouble LinuxKernel::BeginProgram(const Environment& env) {
  directory_.RemoveMade();
  watch_.BePatient(env.patient);
  PortRange ephemeral = usual_ephemeral_;
  narrow_ = env.ephemeral > 0;
  if (narrow_) {
    // Where programs follow each other in one namespace, an earlier one's port may still be taken.
    do {
      ephemeral = {.low = next_narrow_, .high = next_narrow_ + env.ephemeral - 1};
      next_narrow_ += kMaxNarrowRange;
    } while (!ThisSandbox().own_namespace && !AllFree(ephemeral) && next_narrow_ + kMaxNarrowRange <= narrow_end_);
  }
  if (Trouble trouble = SetEphemeralRange(ephemeral); trouble.any()) return trouble;
  // Programs have had these ports before, in this namespace.
  while (ports_again_ && next_port_ + 2 * kMaxProgramPorts <= ports_end_ &&
         !AllFree({.low = next_port_, .high = next_port_ + kMaxProgramPorts - 1})) {
    next_port_ += kMaxProgramPorts;
  }
  ++programs_;
  names_.Begin({.first_port = next_port_,
                .privileged_port = 1 + next_port_ / kMaxProgramPorts % kPrivilegedPorts,
                .ephemeral = ephemeral,
                .abstract_series = abstract_series_});
  next_port_ += kMaxProgramPorts;
  streams_.Begin();
  abstract_ = false;
  delays_.Begin();
  return SetNobody(env.nobody);
}

Reply LinuxKernel::Run(const Call& call) {
  delays_.Wait();
  if (call.part != Part::kWhole) [[unlikely]] {
    return RunPart(call);
  }
  watch_.Enter(call);
  Reply reply = Launch(call);
  reply.blocked = watch_.Leave();
  if (watch_.TakeBrokenPipe()) reply.wrote |= kWroteSignal;
  if (busy_ != 0) [[unlikely]] {
    Settle();
  }
  return reply;
}

Trouble LinuxKernel::PrepareThreads() {
  for (int i = 0; i < kMaxThreads; ++i) {
    if (workers_[i] != nullptr) continue;
    auto worker = std::make_unique<Worker>();
    if (Trouble trouble = worker->Begin(descriptors_, i); trouble.any()) return trouble;
    workers_[i] = std::move(worker);
  }
  return {};
}

Reply LinuxKernel::RunPart(const Call& call) {
  Reply reply = call.part == Part::kUnfinished ? Begun(call) : Resumed(call);
  Settle();
  return reply;
}

// A call that cannot block is made on the spot.
Reply LinuxKernel::Begun(const Call& call) {
  Worker& worker = *workers_[call.thread];
  if (!CanBlock(call)) {
    Call whole = call;
    whole.part = Part::kWhole;
    return at_once_[call.thread] = Run(whole);
  }
  memory_ = &worker.memory;
  memory_->waits_on = StreamOf(Raw(call));
  worker.Start(call, [this](const Call& begun) { return Launch(begun); });
  ++busy_;
  const bool back = worker.WaitForQuiet(Patience(call));
  memory_ = &own_memory_;
  if (back) return at_once_[call.thread] = Finish(worker);
  return {.error = EINTR, .blocked = true};
}

Reply LinuxKernel::Resumed(const Call& call) {
  Worker& worker = *workers_[call.thread];
  return worker.busy() ? Finish(worker) : at_once_[call.thread];
}

Reply LinuxKernel::Finish(Worker& worker) {
  memory_ = &worker.memory;
  const Reply reply = worker.Finish();
  memory_ = &own_memory_;
  --busy_;
  return reply;
}

// Waits until every call in another thread has come back or sleeps again, so that what a call lets go has gone on
// before the next one. A wake-up makes a thread runnable before the call that issues it comes back; a thread that
// waited for another one's lock in the kernel may be woken by that one, hence the second round.
void LinuxKernel::Settle() {
  for (int rounds = 0; busy_ != 0 && rounds < 2; ++rounds) {
    for (const std::unique_ptr<Worker>& worker : workers_) {
      if (worker == nullptr || !worker->busy()) continue;
      if (worker->back() || worker->Asleep() || worker->back()) continue;
      (void)worker->WaitForQuiet({});
      rounds = -1;
    }
  }
}

Reply LinuxKernel::Launch(const Call& call) {
  switch (call.op) {
    case Op::kSocket: return Socket(call);
    case Op::kBind: return Bind(call);
    case Op::kListen: return Listen(call);
    case Op::kConnect: return Connect(call);
    case Op::kAccept: return Accept(call);
    case Op::kAccept4: return Accept4(call);
    case Op::kClose: return Close(call);
    case Op::kShutdown: return Shutdown(call);
    case Op::kDup: return Dup(call);
    case Op::kGetsockname: return Getsockname(call);
    case Op::kGetpeername: return Getpeername(call);
    case Op::kGetsockopt: return Getsockopt(call);
    case Op::kSetsockopt: return Setsockopt(call);
    case Op::kSend: return Send(call);
    case Op::kRecv: return Recv(call);
    case Op::kRead: return Read(call);
    case Op::kWrite: return Write(call);
    case Op::kFcntl: return Fcntl(call);
    case Op::kIoctl: return Ioctl(call);
    case Op::kPoll: return Poll(call);
    case Op::kSocketpair: return Socketpair(call);
    case Op::kSendto: return Sendto(call);
    case Op::kRecvfrom: return Recvfrom(call);
    case Op::kSendmsg: return Sendmsg(call);
    case Op::kRecvmsg: return Recvmsg(call);
    case Op::kReadv: return Readv(call);
    case Op::kWritev: return Writev(call);
    case Op::kDup2: return Dup2(call);
    case Op::kDup3: return Dup3(call);
    case Op::kSelect: return Select(call);
    case Op::kEpollCreate1: return EpollCreate1(call);
    case Op::kEpollCtl: return EpollCtl(call);
    case Op::kEpollWait: return EpollWait(call);
  }
  __builtin_unreachable();
}

Reply LinuxKernel::Socket(const Call& call) {
  const int raw = ASK(socket, call.domain, call.type, call.protocol);
  const int error = errno;
  return Made(call, raw, error, raw < 0 ? kNoStream : NewStream(false));
}

Reply LinuxKernel::Bind(const Call& call) {
  const auto visit = VisitFor(call);
  const int raw = Raw(call);
  const int value = ASK(bind, raw, AddressIn(call, names_, *memory_), static_cast<socklen_t>(call.length));
  const int error = errno;
  if (value == 0) Bound(call, raw);
  return Answer(value, error);
}

Reply LinuxKernel::Listen(const Call& call) {
  const int value = ASK(listen, Raw(call), call.value);
  const int error = errno;
  return Answer(value, error);
}

Reply LinuxKernel::Connect(const Call& call) {
  const auto visit = VisitFor(call);
  const int value = ASK(connect, Raw(call), AddressIn(call, names_, *memory_), static_cast<socklen_t>(call.length));
  const int error = errno;
  return Answer(value, error);
}

Reply LinuxKernel::Accept(const Call& call) {
  sockaddr* const address = AddressOut(call, *memory_);
  const int raw =
      ASK(accept, Raw(call), address, Choose(call.length_pointer, &memory_->address_out.length));
  const int error = errno;
  return Accepted(call, raw, error);
}

Reply LinuxKernel::Accept4(const Call& call) {
  sockaddr* const address = AddressOut(call, *memory_);
  const int raw = ASK(accept4, Raw(call), address,
                      Choose(call.length_pointer, &memory_->address_out.length), call.flags);
  const int error = errno;
  return Accepted(call, raw, error);
}

Reply LinuxKernel::Close(const Call& call) {
  const int raw = Raw(call);
  const int value = ASK(close, raw);
  const int error = errno;
  if (value == 0) {
    if (StreamOf(raw) >= 0) {
      streams_.Set(descriptors_.SlotOf(raw), kNoStream);
    } else {
      descriptors_.MayHaveChanged();
    }
  }
  return Answer(value, error);
}

Reply LinuxKernel::Shutdown(const Call& call) {
  const int value = ASK(shutdown, Raw(call), call.command);
  const int error = errno;
  return Answer(value, error);
}

Reply LinuxKernel::Dup(const Call& call) {
  const int from = Raw(call);
  const int raw = ASK(dup, from);
  const int error = errno;
  return Made(call, raw, error, StreamOf(from));
}

Reply LinuxKernel::Getsockname(const Call& call) {
  sockaddr* const address = AddressOut(call, *memory_);
  const int value = ASK(getsockname, Raw(call), address,
                        Choose(call.length_pointer, &memory_->address_out.length));
  const int error = errno;
  Reply reply = Answer(value, error);
  names_.Read(call, HasLength(call), memory_->address_out, &reply);
  return reply;
}

Reply LinuxKernel::Getpeername(const Call& call) {
  sockaddr* const address = AddressOut(call, *memory_);
  const int value = ASK(getpeername, Raw(call), address,
                        Choose(call.length_pointer, &memory_->address_out.length));
  const int error = errno;
  Reply reply = Answer(value, error);
  names_.Read(call, HasLength(call), memory_->address_out, &reply);
  return reply;
}

Reply LinuxKernel::Getsockopt(const Call& call) {
  memory_->option_out.Prepare(call.length);
  const int value = ASK(getsockopt, Raw(call), call.level, call.option,
                        Choose(call.pointer, memory_->option_out.bytes),
                        Choose(call.length_pointer, &memory_->option_out.length));
  const int error = errno;
  Reply reply = Answer(value, error);
  ReadOption(call, *memory_, &reply);
  return reply;
}

Reply LinuxKernel::Setsockopt(const Call& call) {
  WriteOption(call, memory_->option_in);
  const int value =
      ASK(setsockopt, Raw(call), call.level, call.option, Choose(call.pointer, memory_->option_in),
          static_cast<socklen_t>(call.length));
  const int error = errno;
  return Answer(value, error);
}

Reply LinuxKernel::Send(const Call& call) {
  const int raw = Raw(call);
  const int value = ASK_SEND(raw, ToSend(call, streams_.At(StreamOf(raw))), SizeOf(call), call.flags);
  const int error = errno;
  return Sent(raw, value, error);
}

Reply LinuxKernel::Recv(const Call& call) {
  const int raw = Raw(call);
  const int value = ASK_RECV(raw, Choose(call.buffer, memory_->data), SizeOf(call), call.flags);
  const int error = errno;
  return Received(call, raw, value, error);
}

Reply LinuxKernel::Read(const Call& call) {
  const int raw = Raw(call);
  const int value = ASK(read, raw, Choose(call.buffer, memory_->data), SizeOf(call));
  const int error = errno;
  return Received(call, raw, value, error);
}

Reply LinuxKernel::Write(const Call& call) {
  const int raw = Raw(call);
  const int value = ASK(write, raw, ToSend(call, streams_.At(StreamOf(raw))), SizeOf(call));
  const int error = errno;
  return Sent(raw, value, error);
}

Reply LinuxKernel::Fcntl(const Call& call) {
  const int raw = Raw(call);
  // The number that a duplicate is to have at least is a slot; no free one is below slot 0 anyhow.
  const bool duplicates = call.command == F_DUPFD || call.command == F_DUPFD_CLOEXEC;
  const bool slot = duplicates && call.value >= 0 && call.value < kSlots;
  const int value =
      ASK(fcntl, raw, call.command, slot ? descriptors_.NumberOf(call.value) : call.value);
  const int error = errno;
  if (duplicates) return Made(call, value, error, StreamOf(raw));
  if (value == 0 && StreamOf(raw) < 0) descriptors_.MayHaveChanged();
  return Answer(value, error);
}

Reply LinuxKernel::Ioctl(const Call& call) {
  const int raw = Raw(call);
  const bool in = call.command == FIONBIO;
  constexpr int kUntouched = 0x5A5A5A5A;
  int argument = in ? call.value : kUntouched;
  const int value = ASK(ioctl, raw, static_cast<unsigned long>(call.command), &argument);
  const int error = errno;
  Reply reply = Answer(value, error);
  if (in) {
    if (value == 0 && StreamOf(raw) < 0) descriptors_.MayHaveChanged();
  } else if (value == 0 || argument != kUntouched) {
    reply.wrote |= kWroteValue;
    reply.option = argument;
  }
  return reply;
}

Reply LinuxKernel::Poll(const Call& call) {
  pollfd one{.fd = Raw(call), .events = static_cast<short>(call.flags), .revents = 0};
  const int value = ASK(poll, &one, 1, call.timeout);
  const int error = errno;
  Reply reply = Answer(value, error);
  if (value == 1) {
    reply.wrote |= kWroteEvents;
    reply.events = one.revents;
  }
  return reply;
}

Reply LinuxKernel::Socketpair(const Call& call) {
  int pair[2] = {-1, -1};
  const int value = ASK(socketpair, call.domain, call.type, call.protocol, pair);
  const int error = errno;
  const bool made = value == 0;
  Reply reply = Made(call, made ? pair[0] : -1, error, made ? NewStream(true) : kNoStream);
  if (call.made2 < kMaxHandles) descriptors_.Name(call.made2, made ? pair[1] : -1);
  if (!made) return reply;
  reply.slot = static_cast<uint8_t>(descriptors_.SlotOf(pair[1]));
  streams_.Set(reply.slot, NewStream(true));
  return reply;
}

Reply LinuxKernel::Sendto(const Call& call) {
  const auto visit = VisitFor(call);
  const int raw = Raw(call);
  const int value = ASK(sendto, raw, ToSend(call, streams_.At(StreamOf(raw))), SizeOf(call), call.flags, AddressIn(call, names_, *memory_),
                        static_cast<socklen_t>(call.length));
  const int error = errno;
  return Sent(raw, value, error);
}

Reply LinuxKernel::Recvfrom(const Call& call) {
  const int raw = Raw(call);
  sockaddr* const address = AddressOut(call, *memory_);
  const int value = ASK(recvfrom, raw, Choose(call.buffer, memory_->data), SizeOf(call), call.flags,
                        address, Choose(call.length_pointer, &memory_->address_out.length));
  const int error = errno;
  Reply reply = Received(call, raw, value, error);
  names_.Read(call, HasLength(call), memory_->address_out, &reply);
  return reply;
}

Reply LinuxKernel::Sendmsg(const Call& call) {
  const auto visit = VisitFor(call);
  const int raw = Raw(call);
  msghdr message{};
  message.msg_name = const_cast<sockaddr*>(AddressIn(call, names_, *memory_));
  message.msg_namelen = static_cast<socklen_t>(call.length);
  message.msg_iov = Pieces(call, ToSend(call, streams_.At(StreamOf(raw))), *memory_);
  message.msg_iovlen = static_cast<size_t>(call.pieces);
  if (call.control == SCM_RIGHTS) PassRights(call, &message);
  const int value = ASK(sendmsg, raw, &message, call.flags);
  const int error = errno;
  return Sent(raw, value, error);
}

Reply LinuxKernel::Recvmsg(const Call& call) {
  const int raw = Raw(call);
  msghdr message{};
  message.msg_name = AddressOut(call, *memory_);
  message.msg_namelen = static_cast<socklen_t>(call.length);
  message.msg_iov = Pieces(call, Choose(call.buffer, memory_->data), *memory_);
  message.msg_iovlen = static_cast<size_t>(call.pieces);
  if (call.made < kMaxHandles) {
    memset(memory_->control, 0, sizeof memory_->control);
    message.msg_control = memory_->control;
    message.msg_controllen = CMSG_SPACE(sizeof(int));
  }
  const int value = ASK(recvmsg, raw, &message, call.flags);
  const int error = errno;
  Reply reply = Received(call, raw, value, error);
  memory_->address_out.length = message.msg_namelen;
  names_.Read(call, HasLength(call), memory_->address_out, &reply);
  if (message.msg_flags != 0) {
    reply.wrote |= kWroteFlags;
    reply.flags = message.msg_flags;
  }
  if (call.made < kMaxHandles) TakeRights(call, &message, &reply);
  return reply;
}

Reply LinuxKernel::Readv(const Call& call) {
  const int raw = Raw(call);
  const int value = ASK(readv, raw, Pieces(call, Choose(call.buffer, memory_->data), *memory_), call.pieces);
  const int error = errno;
  return Received(call, raw, value, error);
}

Reply LinuxKernel::Writev(const Call& call) {
  const int raw = Raw(call);
  const int value = ASK(writev, raw, Pieces(call, ToSend(call, streams_.At(StreamOf(raw))), *memory_), call.pieces);
  const int error = errno;
  return Sent(raw, value, error);
}

Reply LinuxKernel::Dup2(const Call& call) {
  const int value = ASK(dup2, Raw(call), descriptors_.Raw(call.fd2));
  const int error = errno;
  return Replaced(call, value, error);
}

Reply LinuxKernel::Dup3(const Call& call) {
  const int value = ASK(dup3, Raw(call), descriptors_.Raw(call.fd2), call.flags);
  const int error = errno;
  return Replaced(call, value, error);
}

// The sets are as long as the descriptor is high, and longer than FD_SETSIZE where need be. A
// descriptor below 0 is in none of them.
Reply LinuxKernel::Select(const Call& call) {
  constexpr int kBits = 8 * sizeof(unsigned long);
  const int raw = Raw(call);
  // Of the thread that the call is made in: when it comes back, the kernel may be at another one's.
  auto& memory = *memory_;
  fd_set* sets[3] = {};
  for (int i = 0; i < 3; ++i) {
    if (!(call.flags & 1 << i)) continue;
    const size_t words = std::max(raw, 0) / kBits + 1;
    if (memory.sets[i].size() < words) memory.sets[i].resize(words);
    if (raw >= 0) memory.sets[i][raw / kBits] |= 1ul << raw % kBits;
    sets[i] = reinterpret_cast<fd_set*>(memory.sets[i].data());
  }
  timeval timeout{.tv_sec = call.timeout / 1000, .tv_usec = call.timeout % 1000 * 1000};
  const int value =
      ASK(select, raw + 1, sets[0], sets[1], sets[2], call.timeout < 0 ? nullptr : &timeout);
  const int error = errno;
  Reply reply = Answer(value, error);
  for (int i = 0; i < 3 && raw >= 0; ++i) {
    if (sets[i] == nullptr) continue;
    unsigned long& word = memory.sets[i][raw / kBits];
    if (value > 0 && word & 1ul << raw % kBits) reply.events |= 1 << i;
    word = 0;
  }
  if (value > 0) reply.wrote |= kWroteEvents;
  return reply;
}

Reply LinuxKernel::EpollCreate1(const Call& call) {
  const int raw = ASK(epoll_create1, call.flags);
  const int error = errno;
  return Made(call, raw, error, kNoStream);
}

Reply LinuxKernel::EpollCtl(const Call& call) {
  epoll_event event{.events = static_cast<uint32_t>(call.flags), .data = {.u64 = call.fd2.code}};
  const int value = ASK(epoll_ctl, Raw(call), call.command, descriptors_.Raw(call.fd2), &event);
  const int error = errno;
  return Answer(value, error);
}

Reply LinuxKernel::EpollWait(const Call& call) {
  const int value =
      ASK(epoll_wait, Raw(call), memory_->events, std::min(call.value, kMaxReady), call.timeout);
  const int error = errno;
  Reply reply = Answer(value, error);
  if (value > 0) reply.wrote |= kWroteReady;
  for (int i = 0; i < std::min(value, kMaxReady); ++i) {
    reply.ready[i].fd = {static_cast<uint8_t>(memory_->events[i].data.u64)};
    reply.ready[i].events = static_cast<int16_t>(memory_->events[i].events);
  }
  return reply;
}

int LinuxKernel::NewStream(bool port_given) {
  return streams_.New({.names_before = names_.ephemeral_names(), .port_given = port_given});
}

// Names what a call made, by its handle and its slot.
Reply LinuxKernel::Made(const Call& call, int raw, int error, int stream) {
  if (call.made < kMaxHandles) descriptors_.Name(call.made, raw);
  if (raw < 0) return Answer(raw, error);
  Reply reply;
  reply.value = descriptors_.SlotOf(raw);
  streams_.Set(reply.value, stream);
  return reply;
}

Reply LinuxKernel::Accepted(const Call& call, int raw, int error) {
  Reply reply = Made(call, raw, error, raw < 0 ? kNoStream : NewStream(true));
  names_.Read(call, HasLength(call), memory_->address_out, &reply);
  return reply;
}

// What dup2() and dup3() put in another's place is told as the slot of that place.
Reply LinuxKernel::Replaced(const Call& call, int value, int error) {
  if (value < 0) return Answer(value, error);
  Reply reply;
  reply.value = descriptors_.SlotOf(value);
  streams_.Set(reply.value, StreamOf(Raw(call)));
  if (!call.fd2.IsHandle()) descriptors_.MayHaveChanged();
  return reply;
}

void LinuxKernel::Bound(const Call& call, int raw) {
  if (call.pointer != Pointer::kValid) return;
  if (call.address.host != Host::kUnix) {
    Stream* stream = streams_.At(StreamOf(raw));
    if (stream != nullptr && call.address.port != kPortZero) stream->port_given = true;
  } else if (IsPath(call.address)) {
    const char* path = memory_->address_in.un.sun_path;
    directory_.Made({path, strnlen(path, std::clamp<size_t>(call.length - kUnixFamilyLength, 0,
                                                            kLongestUnix))});
  } else {
    abstract_ = true;
  }
}

UnixDirectory::Visit LinuxKernel::VisitFor(const Call& call) const {
  return UnixDirectory::Visit(directory_, call.pointer == Pointer::kValid && IsPath(call.address));
}

Reply LinuxKernel::Sent(int raw, int value, int error) {
  Stream* stream = streams_.At(StreamMoved(raw));
  if (value > 0 && stream != nullptr)
    stream->position = (stream->position + value) % kPatternPeriod;
  return Answer(value, error);
}

// Puts a message's one descriptor into its control data.
void LinuxKernel::PassRights(const Call& call, msghdr* message) {
  const int passed = descriptors_.Raw(call.fd2);
  message->msg_control = memory_->control;
  message->msg_controllen = CMSG_SPACE(sizeof passed);
  cmsghdr* const header = CMSG_FIRSTHDR(message);
  *header = {
      .cmsg_len = CMSG_LEN(sizeof passed), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
  memcpy(CMSG_DATA(header), &passed, sizeof passed);
  struct stat found;
  if (StreamOf(passed) >= 0 && fstat(passed, &found) == 0)
    streams_.Pass(found.st_ino, StreamOf(passed));
}

// Where the name of the sender has no place, recvmsg() fails with the descriptor open already: the program is not told
// of it, but a handle that once had its number leads there.
void LinuxKernel::TakeRights(const Call& call, msghdr* message, Reply* reply) {
  descriptors_.Name(call.made, -1);
  for (cmsghdr* header = CMSG_FIRSTHDR(message); header != nullptr;
       header = CMSG_NXTHDR(message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    int came;
    memcpy(&came, CMSG_DATA(header), sizeof came);
    struct stat found;
    const int stream = fstat(came, &found) == 0 ? streams_.Passed(found.st_ino) : kNoStream;
    streams_.Set(descriptors_.SlotOf(came), stream);
    if (reply->error != 0) continue;
    descriptors_.Name(call.made, came);
    reply->wrote |= kWroteRights;
    reply->slot = static_cast<uint8_t>(descriptors_.SlotOf(came));
  }
}

// Whether two sockets of the program were given one port by the kernel, each without a look at the
// other, or one had a port again that an earlier program or an earlier socket was seen to have. The
// model takes each choice of the kernel's for another number.
bool LinuxKernel::Coincidence() const {
  if (narrow_) return false;  // such a program wants it
  if (names_.AnyHadBefore()) return true;
  return TwoWereGivenOnePort(names_, streams_, [this](int slot) { return LocalPort(descriptors_.NumberOf(slot)); });
}

}  // namespace

std::string LinuxRelease() {
  utsname name;
  if (uname(&name) != 0) return "Linux";
  // Only SELinux has this attribute; without it, reading it is EINVAL (proc_pid_attr_read).
  bool selinux = false;
  if (const int fd = own::Open("/proc/self/attr/sockcreate", O_RDONLY | O_CLOEXEC); fd >= 0) {
    char byte;
    selinux = own::Read(fd, &byte, 1) >= 0;
    own::Close(fd);
  }
  // gVisor's, of all its versions so far; its loopback is late.
  const bool gvisor = std::string_view(name.version) == "#1 SMP Sun Jan 10 15:06:54 PST 2016";
  return std::string(name.sysname) + " " + name.release + (selinux ? "+selinux" : "") + (gvisor ? "+late" : "");
}

std::unique_ptr<Kernel> MakeLinuxKernel(const LinuxOptions& options, Trouble* trouble) {
  auto kernel = std::make_unique<LinuxKernel>();
  *trouble = kernel->Begin(options);
  if (trouble->any()) return nullptr;
  return kernel;
}

}  // namespace sockspec
