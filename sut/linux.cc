#include "sut/linux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <string>

#include "model/program/declarations.h"
#include "sut/descriptors.h"
#include "sut/sandbox.h"
#include "sut/watchdog.h"

// Sanitizers intercept libc's calls and read the pointers that we make bad on purpose.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || \
    __has_feature(thread_sanitizer)
#define SOCKSPEC_BY_SYSCALL 1
#endif
#endif
#if defined(SOCKSPEC_BY_SYSCALL)
#define ASK(name, ...) static_cast<int>(syscall(SYS_##name, __VA_ARGS__))
#define ASK_SEND(fd, data, size, flags) ASK(sendto, fd, data, size, flags, nullptr, 0)
#define ASK_RECV(fd, data, size, flags) ASK(recvfrom, fd, data, size, flags, nullptr, nullptr)
#else
#define ASK(name, ...) static_cast<int>(::name(__VA_ARGS__))
#define ASK_SEND(fd, data, size, flags) ASK(send, fd, data, size, flags)
#define ASK_RECV(fd, data, size, flags) ASK(recv, fd, data, size, flags)
#endif

namespace sockspec {
namespace {

constexpr int kDiscardPort = 9;
// PRIVILEGED is another of 1 … 1023 in every program, since the last one's may be in TIME-WAIT.
constexpr int kPrivilegedPorts = 1023;
constexpr int kMostPrograms = 1000;  // in one namespace, so that it does not repeat there
constexpr int kMaxNarrowRange = 64;  // the largest Environment::ephemeral
constexpr int kNewStream = -2;

// In the first page, which Linux maps for nobody.
constexpr uintptr_t kBadAddress = 16;

// What buffers hold before a call, to see what the call wrote.
constexpr unsigned char kPoison = 0xA5;
constexpr unsigned char kDataPoison = 0xFF;  // no byte of the pattern
constexpr int kPoisoned = 32;                // bytes of an address or an option that are looked at
constexpr int kRoom = 256;                   // and that a kernel may overrun without harm to us

constexpr uint32_t kHostAddresses[] = {
    INADDR_ANY, INADDR_LOOPBACK, INADDR_LOOPBACK + 1, INADDR_BROADCAST, 0xE0000001, 0xC0000201,
    0xC6336401, 0xCB007101,      0x7FFFFFFF,          0xC6120001,       0xC6130001};

// Byte p of every stream is p % 251, so any part of a stream lies in here in one piece.
struct Pattern {
  std::array<unsigned char, kMaxTransfer + kPatternPeriod> bytes;
  Pattern() {
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = i % kPatternPeriod;
  }
};
const Pattern& ThePattern() {
  static const Pattern pattern;
  return pattern;
}

template <class T>
T* Choose(Pointer pointer, T* valid) {
  switch (pointer) {
    case Pointer::kValid: return valid;
    case Pointer::kNull: return nullptr;
    case Pointer::kBad: return reinterpret_cast<T*>(kBadAddress);
  }
  __builtin_unreachable();
}

// Bytes to move.
size_t SizeOf(const Call& call) { return std::clamp(call.size, 0, kMaxTransfer); }

Reply Answer(int value, int error) {
  Reply reply;
  if (value < 0) {
    reply.error = static_cast<int16_t>(error);
  } else {
    reply.value = value;
  }
  return reply;
}

// Room for what a call writes through a pointer, poisoned.
struct alignas(16) Written {
  unsigned char bytes[kRoom];
  socklen_t length;

  void Prepare(int32_t given) {
    memset(bytes, kPoison, kPoisoned);
    length = static_cast<socklen_t>(given);
  }

  // How far up a byte was touched, at least `from` bytes up; 0 where none was.
  int TouchedUpTo(int from) const {
    for (int end = kPoisoned; end > from; --end) {
      if (bytes[end - 1] != kPoison) return end;
    }
    return 0;
  }

  // How many of its first bytes the kernel says it wrote.
  int Said(int32_t given) const {
    return std::clamp<int>(std::min<int32_t>(given, static_cast<int32_t>(length)), 0, kPoisoned);
  }
};

class LinuxKernel : public Kernel {
 public:
  Trouble Begin(const LinuxOptions& options);

  std::string family() const override { return "linux"; }
  std::string release() const override { return LinuxRelease(); }
  Trouble Reset(const Environment& env) override;
  Trouble ResetFresh(const Environment& env) override;
  Reply Run(const Call& call) override;
  void Disturb(unsigned seed) override { next_seed_ = seed; }

 private:
  Trouble CloseDescriptors(const Environment& env);
  Trouble BeginProgram(const Environment& env);
  void Delay();

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

  int Raw(const Call& call) const { return descriptors_.Raw(call.fd); }
  Reply Made(const Call& call, int raw, int error, int stream);
  Reply Accepted(const Call& call, int raw, int error);

  const sockaddr* AddressIn(const Call& call);
  sockaddr* AddressOut(const Call& call);
  void ReadAddress(const Call& call, Reply* reply);
  void ReadOption(const Call& call, Reply* reply);
  int NumberOf(Port port) const;
  Port NameOf(int number);

  int StreamOf(int raw) const;
  const unsigned char* ToSend(const Call& call, int raw) const;
  Reply Sent(int raw, int value, int error);
  Reply Received(const Call& call, int raw, int value, int error);

  Descriptors descriptors_;
  Watch watch_;

  // This program's.
  int first_port_ = 0;                         // P0's number
  int privileged_port_ = 1;                    // PRIVILEGED's number
  std::array<int, kMaxChosenPorts> chosen_{};  // E0's number, …
  int chosen_count_ = 0;
  std::array<int8_t, kSlots> stream_of_{};         // of each slot; -1: none
  std::array<uint32_t, kMaxHandles> positions_{};  // of each stream: bytes sent, modulo the period
  int streams_ = 0;
  PortRange ephemeral_;

  // This namespace's.
  int programs_ = 0;
  int programs_at_most_ = 1;
  int next_port_ = 0;
  int ports_end_ = 0;
  PortRange usual_ephemeral_;
  int next_narrow_ = 0;
  int narrow_end_ = 0;

  unsigned seed_ = 0;
  unsigned next_seed_ = 0;
  std::minstd_rand delays_;

  union {
    sockaddr any;
    sockaddr_in in;
    unsigned char room[kRoom];  // zeros after the address
  } address_in_{.room = {}};
  int32_t option_in_[kRoom / 4] = {};
  Written address_out_;
  Written option_out_;
  unsigned char data_[kMaxTransfer + kRoom];  // all kDataPoison between calls
};

Trouble LinuxKernel::Begin(const LinuxOptions& options) {
  programs_at_most_ = std::clamp(options.programs_per_namespace, 1, kMostPrograms);
  memset(data_, kDataPoison, sizeof data_);
  if (options.user_namespace || NeedsUserNamespace()) {
    if (Trouble trouble = EnterUserNamespace(); trouble.any()) return trouble;
  }
  if (Trouble trouble = watch_.Begin(); trouble.any()) return trouble;
  if (Trouble trouble = descriptors_.Open(); trouble.any()) return trouble;
  return ResetFresh(Environment{});
}


// What the program left open is closed. A socket that lingers (SO_LINGER) behind a full window
// would keep us waiting for as long as it was told to, so this is watched as a call is.
Trouble LinuxKernel::CloseDescriptors(const Environment& env) {
  static constexpr Call kCloseAll{.op = Op::kClose};
  watch_.Enter(kCloseAll);
  Trouble trouble = descriptors_.Renew(env.nofile);
  watch_.Leave();
  return trouble;
}

Trouble LinuxKernel::Reset(const Environment& env) {
  if (programs_ >= programs_at_most_ || next_port_ + kMaxProgramPorts > ports_end_ ||
      next_narrow_ + kMaxNarrowRange > narrow_end_) {
    return ResetFresh(env);
  }
  if (Trouble trouble = CloseDescriptors(env); trouble.any()) return trouble;
  return BeginProgram(env);
}

Trouble LinuxKernel::ResetFresh(const Environment& env) {
  if (Trouble trouble = CloseDescriptors(env); trouble.any()) return trouble;
  if (Trouble trouble = EnterFreshNetwork(Environment{}); trouble.any()) return trouble;
  programs_ = 0;
  usual_ephemeral_ = ThisSandbox().ephemeral;
  if (ThisSandbox().own_namespace || next_port_ + kMaxProgramPorts > ports_end_ ||
      next_narrow_ + kMaxNarrowRange > narrow_end_) {
    // Below 10000 live well-known services; gVisor chooses ports from 16000 up.
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
  ephemeral_ = usual_ephemeral_;
  if (env.ephemeral > 0) {
    ephemeral_ = {.low = next_narrow_, .high = next_narrow_ + env.ephemeral - 1};
    next_narrow_ += kMaxNarrowRange;
  }
  if (Trouble trouble = SetEphemeralRange(ephemeral_); trouble.any()) return trouble;
  ++programs_;
  first_port_ = next_port_;
  privileged_port_ = 1 + first_port_ / kMaxProgramPorts % kPrivilegedPorts;
  next_port_ += kMaxProgramPorts;
  chosen_count_ = 0;
  stream_of_.fill(-1);
  streams_ = 0;
  seed_ = next_seed_;
  if (seed_ != 0) delays_.seed(seed_);
  return {};
}

void LinuxKernel::Delay() {
  const unsigned drawn = delays_();
  switch (drawn % 4) {
    case 0: return;
    case 1:
      for (unsigned i = 0; i <= drawn / 4 % 8; ++i) sched_yield();
      return;
    default: {
      const unsigned most_us = drawn % 4 == 2 ? 200 : 20000;
      const timespec delay{.tv_sec = 0, .tv_nsec = drawn / 4 % most_us * 1000L};
      nanosleep(&delay, nullptr);
    }
  }
}

Reply LinuxKernel::Run(const Call& call) {
  if (seed_ != 0) [[unlikely]] {
    Delay();
  }
  watch_.Enter(call);
  Reply reply = Launch(call);
  reply.blocked = watch_.Leave();
  if (watch_.TakeBrokenPipe()) reply.wrote |= kWroteSignal;
  return reply;
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
    default: return {.error = ENOSYS};  // to come
  }
  __builtin_unreachable();
}

Reply LinuxKernel::Socket(const Call& call) {
  const int raw = ASK(socket, call.domain, call.type, call.protocol);
  const int error = errno;
  return Made(call, raw, error, kNewStream);
}

Reply LinuxKernel::Bind(const Call& call) {
  const int value = ASK(bind, Raw(call), AddressIn(call), static_cast<socklen_t>(call.length));
  const int error = errno;
  return Answer(value, error);
}

Reply LinuxKernel::Listen(const Call& call) {
  const int value = ASK(listen, Raw(call), call.value);
  const int error = errno;
  return Answer(value, error);
}

Reply LinuxKernel::Connect(const Call& call) {
  const int value = ASK(connect, Raw(call), AddressIn(call), static_cast<socklen_t>(call.length));
  const int error = errno;
  return Answer(value, error);
}

Reply LinuxKernel::Accept(const Call& call) {
  sockaddr* const address = AddressOut(call);
  const int raw =
      ASK(accept, Raw(call), address, Choose(call.length_pointer, &address_out_.length));
  const int error = errno;
  return Accepted(call, raw, error);
}

Reply LinuxKernel::Accept4(const Call& call) {
  sockaddr* const address = AddressOut(call);
  const int raw = ASK(accept4, Raw(call), address,
                      Choose(call.length_pointer, &address_out_.length), call.flags);
  const int error = errno;
  return Accepted(call, raw, error);
}

Reply LinuxKernel::Close(const Call& call) {
  const int raw = Raw(call);
  const int value = ASK(close, raw);
  const int error = errno;
  if (value == 0) {
    if (StreamOf(raw) >= 0) {
      stream_of_[descriptors_.SlotOf(raw)] = -1;
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
  sockaddr* const address = AddressOut(call);
  const int value =
      ASK(getsockname, Raw(call), address, Choose(call.length_pointer, &address_out_.length));
  const int error = errno;
  Reply reply = Answer(value, error);
  ReadAddress(call, &reply);
  return reply;
}

Reply LinuxKernel::Getpeername(const Call& call) {
  sockaddr* const address = AddressOut(call);
  const int value =
      ASK(getpeername, Raw(call), address, Choose(call.length_pointer, &address_out_.length));
  const int error = errno;
  Reply reply = Answer(value, error);
  ReadAddress(call, &reply);
  return reply;
}

Reply LinuxKernel::Getsockopt(const Call& call) {
  option_out_.Prepare(call.length);
  const int value =
      ASK(getsockopt, Raw(call), call.level, call.option, Choose(call.pointer, option_out_.bytes),
          Choose(call.length_pointer, &option_out_.length));
  const int error = errno;
  Reply reply = Answer(value, error);
  ReadOption(call, &reply);
  return reply;
}

Reply LinuxKernel::Setsockopt(const Call& call) {
  option_in_[0] = call.value;
  option_in_[1] = call.seconds;
  const int value = ASK(setsockopt, Raw(call), call.level, call.option,
                        Choose(call.pointer, option_in_), static_cast<socklen_t>(call.length));
  const int error = errno;
  return Answer(value, error);
}

Reply LinuxKernel::Send(const Call& call) {
  const int raw = Raw(call);
  const int value = ASK_SEND(raw, ToSend(call, raw), SizeOf(call), call.flags);
  const int error = errno;
  return Sent(raw, value, error);
}

Reply LinuxKernel::Recv(const Call& call) {
  const int raw = Raw(call);
  const int value = ASK_RECV(raw, Choose(call.buffer, data_), SizeOf(call), call.flags);
  const int error = errno;
  return Received(call, raw, value, error);
}

Reply LinuxKernel::Read(const Call& call) {
  const int raw = Raw(call);
  const int value = ASK(read, raw, Choose(call.buffer, data_), SizeOf(call));
  const int error = errno;
  return Received(call, raw, value, error);
}

Reply LinuxKernel::Write(const Call& call) {
  const int raw = Raw(call);
  const int value = ASK(write, raw, ToSend(call, raw), SizeOf(call));
  const int error = errno;
  return Sent(raw, value, error);
}

Reply LinuxKernel::Fcntl(const Call& call) {
  const int raw = Raw(call);
  const int value = ASK(fcntl, raw, call.command, call.value);
  const int error = errno;
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
  const int value = ASK(poll, &one, 1, 0);
  const int error = errno;
  Reply reply = Answer(value, error);
  if (value == 1) {
    reply.wrote |= kWroteEvents;
    reply.events = one.revents;
  }
  return reply;
}

// Names what socket(), accept() or dup() gave, by its handle and its slot.
Reply LinuxKernel::Made(const Call& call, int raw, int error, int stream) {
  if (call.made < kMaxHandles) descriptors_.Name(call.made, raw);
  if (raw < 0) return Answer(raw, error);
  Reply reply;
  reply.value = descriptors_.SlotOf(raw);
  if (stream == kNewStream && streams_ < kMaxHandles) {
    stream = streams_++;
    positions_[stream] = 0;
  }
  if (reply.value >= 0 && reply.value < kSlots) stream_of_[reply.value] = stream;
  return reply;
}

Reply LinuxKernel::Accepted(const Call& call, int raw, int error) {
  Reply reply = Made(call, raw, error, kNewStream);
  ReadAddress(call, &reply);
  return reply;
}

const sockaddr* LinuxKernel::AddressIn(const Call& call) {
  sockaddr_in& in = address_in_.in;
  in.sin_family = call.address.family;
  in.sin_port = htons(NumberOf(call.address.port));
  in.sin_addr.s_addr = htonl(kHostAddresses[static_cast<int>(call.address.host)]);
  memset(in.sin_zero, call.address.dirty_tail ? 0xA5 : 0, sizeof in.sin_zero);
  return Choose(call.pointer, &address_in_.any);
}

sockaddr* LinuxKernel::AddressOut(const Call& call) {
  address_out_.Prepare(call.length);
  return Choose(call.pointer, reinterpret_cast<sockaddr*>(address_out_.bytes));
}

void LinuxKernel::ReadAddress(const Call& call, Reply* reply) {
  const bool success = reply->error == 0;
  const bool has_length = call.length_pointer == Pointer::kValid;
  const bool has_address = call.pointer == Pointer::kValid;
  const int length = static_cast<int>(address_out_.length);
  if (has_length && length != (success && has_address ? kExactLength : call.length)) {
    reply->wrote |= kWroteAddressLength;
    reply->address_length = length;
  }
  if (!has_address) return;
  int size = success && has_length ? address_out_.Said(call.length) : 0;
  const bool beyond = address_out_.TouchedUpTo(size) != 0;
  if (beyond) size = kExactLength;
  if (size < 2) return;
  sockaddr_in in;
  memcpy(&in, address_out_.bytes, sizeof in);
  reply->wrote |= kWroteAddress;
  reply->address_size = size >= 16 ? 16 : size >= 8 ? 8 : size >= 4 ? 4 : 2;
  reply->family = in.sin_family;
  if (size >= 4) reply->port = NameOf(ntohs(in.sin_port));
  if (size >= 8) {
    const auto* host =
        std::find(std::begin(kHostAddresses), std::end(kHostAddresses), ntohl(in.sin_addr.s_addr));
    reply->host = host == std::end(kHostAddresses) ? Host::kOther : static_cast<Host>(host - kHostAddresses);
  }
  if (beyond && success) reply->host = Host::kOther;
}

void LinuxKernel::ReadOption(const Call& call, Reply* reply) {
  const bool success = reply->error == 0;
  const bool has_length = call.length_pointer == Pointer::kValid;
  const int length = static_cast<int>(option_out_.length);
  if (has_length && length != (success ? OptionSize(call.level, call.option) : call.length)) {
    reply->wrote |= kWroteLength;
    reply->option_length = length;
  }
  if (call.pointer != Pointer::kValid) return;
  int size = success && has_length ? option_out_.Said(call.length) : 0;
  if (const int touched = option_out_.TouchedUpTo(size); touched != 0) {
    if (success) {
      reply->wrote |= kWroteLength;
      reply->option_length = touched;
    }
    size = touched;
  }
  if (size == 0) return;
  reply->wrote |= kWroteValue;
  memcpy(&reply->option, option_out_.bytes, std::min(size, 4));
  if (size > 4 && OptionSize(call.level, call.option) == 8) {
    memcpy(&reply->seconds, option_out_.bytes + 4, std::min(size - 4, 4));
  }
}

int LinuxKernel::NumberOf(Port port) const {
  if (port == kPortZero) return 0;
  if (port.IsProgram()) return first_port_ + port.program();
  if (port == kPortPrivileged) return privileged_port_;
  if (port.IsChosen() && port.chosen() < chosen_count_) return chosen_[port.chosen()];
  return kDiscardPort;
}

Port LinuxKernel::NameOf(int number) {
  if (number >= first_port_ && number < first_port_ + kMaxProgramPorts) {
    return Port::Program(number - first_port_);
  }
  if (number == 0) return kPortZero;
  if (number == privileged_port_) return kPortPrivileged;
  if (!ephemeral_.Contains(number)) return kPortOther;
  for (int i = 0; i < chosen_count_; ++i) {
    if (chosen_[i] == number) return Port::Chosen(i);
  }
  if (chosen_count_ == kMaxChosenPorts) return kPortOther;
  chosen_[chosen_count_] = number;
  return Port::Chosen(chosen_count_++);
}

int LinuxKernel::StreamOf(int raw) const {
  const int slot = descriptors_.SlotOf(raw);
  return slot >= 0 && slot < kSlots ? stream_of_[slot] : -1;
}

const unsigned char* LinuxKernel::ToSend(const Call& call, int raw) const {
  const int stream = StreamOf(raw);
  const uint32_t position = stream < 0 ? 0 : positions_[stream];
  return Choose(call.buffer, ThePattern().bytes.data() + position);
}

Reply LinuxKernel::Sent(int raw, int value, int error) {
  if (const int stream = StreamOf(raw); value > 0 && stream >= 0) {
    positions_[stream] = (positions_[stream] + value) % kPatternPeriod;
  }
  return Answer(value, error);
}

Reply LinuxKernel::Received(const Call& call, int raw, int value, int error) {
  Reply reply = Answer(value, error);
  const uint32_t said = std::min<uint32_t>(reply.value, SizeOf(call));
  uint32_t size = said;
  if (data_[said] != kDataPoison) [[unlikely]] {
    // It wrote more than it said.
    size = std::find(data_ + said, std::end(data_), kDataPoison) - data_;
  } else if (said == 0 || (data_[0] == kDataPoison && (call.flags & MSG_TRUNC))) {
    return reply;
  }
  if (StreamOf(raw) >= 0) {
    reply.wrote |= kWroteData;
    reply.data.start = data_[0] % kPatternPeriod;
    reply.data.size = size;
    reply.data.garbled = size > kMaxTransfer ||
                         memcmp(data_, ThePattern().bytes.data() + reply.data.start, size) != 0;
  }
  memset(data_, kDataPoison, reply.data.garbled ? sizeof data_ : size);
  return reply;
}

}  // namespace

std::string LinuxRelease() {
  utsname name;
  if (uname(&name) != 0) return "Linux";
  // Only SELinux has this attribute; without it, reading it is EINVAL (proc_pid_attr_read).
  bool selinux = false;
  if (const int fd = open("/proc/self/attr/sockcreate", O_RDONLY | O_CLOEXEC); fd >= 0) {
    char byte;
    selinux = read(fd, &byte, 1) >= 0;
    close(fd);
  }
  return std::string(name.sysname) + " " + name.release + (selinux ? "+selinux" : "");
}

std::unique_ptr<Kernel> MakeLinuxKernel(const LinuxOptions& options, Trouble* trouble) {
  auto kernel = std::make_unique<LinuxKernel>();
  *trouble = kernel->Begin(options);
  if (trouble->any()) return nullptr;
  return kernel;
}

}  // namespace sockspec
