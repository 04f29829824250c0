// The writer of one program, call by call: what scenarios and free calls are made of.
//
//     Writer w(oracle, options, program, random);
//     const Descriptor fd = w.MakeSocket(SocketKind::kUdp);
//     w.Bind(fd, w.LocalAddress(fd));
//
// It steps the oracle as it writes, and leaves out what may block or cannot be followed: a call that was left
// out says false, or kMinusOne where it would have made a descriptor. It draws the program's own taste (which
// calls, how many odd arguments, how many looks), and most of what a scenario asks for comes out of that.
#ifndef SOCKSPEC_FUZZ_WRITER_H_
#define SOCKSPEC_FUZZ_WRITER_H_

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <utility>

#include "fuzz/generate.h"
#include "model/oracle.h"
#include "model/program/declarations.h"
#include "model/program/program.h"
#include "model/program/random.h"

namespace sockspec {

class Writer {
 public:
  // Begins `program` anew, and draws what it shall be like.
  Writer(Oracle& oracle, const GenerateOptions& options, Program& program, Random& random);

  // --- writing ---

  // Adds `call` and lets the model answer it. False where it is left out: it may block, or there is no room.
  bool Write(Call call);
  // Whether the kernel has what `call` asks for, as far as is known.
  bool Has(const Call& call) const { return !options_.lacks || options_.lacks(call).empty(); }
  // A step of a scenario: the call, and now and then something else.
  bool Step(const Call& call);
  // A step that makes a descriptor. Where the call fails, the handle stands for -1 by itself.
  Descriptor Make(const Call& call);
  // Perhaps a look, and with one chance in `n` a free call.
  void Noise(int n);
  // A call in another thread, t1 to t7, which blocks as a rule: its first half, and its second one. What is written
  // between them must not be in that thread. Where the call makes a descriptor, Made() is its handle.
  bool Begin(int thread, Call call);
  bool End(int thread);
  Descriptor Made(int thread) const;
  // A call like any other of this program.
  void Free();
  Call FreeCall();
  // A look at `fd` that changes nothing.
  void Look(Descriptor fd);
  void LooksAtTheEnd();
  // Whether the program has as many calls as were asked for.
  bool Long() const;

  // --- chance ---

  Random& random() { return random_; }
  bool OneIn(uint32_t n) { return random_.OneIn(n); }
  // Whether this argument shall be an odd one.
  bool IsOdd() { return odd_ != 0 && random_.OneIn(odd_); }
  int32_t One(std::initializer_list<int32_t> from) {
    return from.begin()[random_.Below(static_cast<uint32_t>(from.size()))];
  }

  // --- what is there ---

  const World& world() const { return oracle_.world(); }
  const Environment& env() const { return program_.env; }
  KindSet kinds() const { return kinds_; }  // that this program makes
  bool inet6() const { return inet6_ != Inet6::kNone; }  // whether it makes sockets of AF_INET6
  bool late() const { return oracle_.profile().late; }  // what wakes threads is not modelled there
  SocketKind SomeKind();
  const Socket* At(Descriptor fd) const;
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
  Descriptor AnyLive();

  // --- addresses ---
  //
  // A scenario may name 127.0.0.1 and 0.0.0.0 whatever family its sockets have: Bind(), Connect() and SendTo() give
  // each the address of its own family that is meant.

  Port ProgramPort();
  Port SomePort();
  Host SomeHost(SocketKind kind);
  Address LocalAddress(Descriptor fd);
  // A path, an abstract name, now and then none; or one of those that lead nowhere.
  UnixName SomeUnixName();
  UnixName OddUnixName();
  // Where to reach a socket that is bound; a random address where its port has no name yet.
  Address AddressOf(Descriptor fd);
  // Where a free connect() or sendto() goes: most often to somebody who is there.
  Address RemoteAddress(Descriptor fd);
  // The same place as the socket's own family writes it; now and then as it stands.
  Address Fit(Descriptor fd, Address address);

  // --- calls, well formed ---

  Descriptor MakeSocket(SocketKind kind);
  // Two ends of a unix socket; both are kMinusOne where there is no room.
  std::pair<Descriptor, Descriptor> MakePairOf(SocketKind kind);
  SocketKind SomeUnixKind();
  bool Bind(Descriptor fd, const Address& address);
  bool Listen(Descriptor fd, int backlog);
  bool Connect(Descriptor fd, const Address& address);
  bool Dissolve(Descriptor fd) { return Connect(fd, {.family = AF_UNSPEC}); }
  Descriptor Accept(Descriptor fd);
  Descriptor Dup(Descriptor fd) { return Make({.op = Op::kDup, .fd = fd}); }
  bool Close(Descriptor fd) { return Step({.op = Op::kClose, .fd = fd}); }
  bool Shutdown(Descriptor fd, int how) { return Step({.op = Op::kShutdown, .fd = fd, .command = how}); }
  // By send(), write() or one of the others.
  bool Send(Descriptor fd, int size, int flags = 0);
  bool SendTo(Descriptor fd, const Address& address, int size, int flags = 0);
  bool SendRights(Descriptor fd, Descriptor passed, int size);
  // By recv(), read() or one of the others.
  bool Receive(Descriptor fd, int size, int flags = 0);
  bool SetOption(Descriptor fd, int option, int value, int seconds = 0);
  bool SetInet6Only(Descriptor fd, bool only);
  bool GetOption(Descriptor fd, int option);
  bool GetName(Descriptor fd) { return Step({.op = Op::kGetsockname, .fd = fd, .length = kStorageLength}); }
  bool Poll(Descriptor fd);

  int Size() { return One({1, 1, 5, 5, 5, 2, 100, 4096}); }
  int Backlog() { return One({1, 1, 0, 2, 5}); }
  int32_t OptionValue(int32_t option);

 private:
  enum class Inet6 : uint8_t { kNone, kSome, kAll };

  void DrawTaste();
  int DomainFor(SocketKind kind);
  Host SomeHost6();
  bool WantsRights(const Call& call);
  Descriptor OddDescriptor();
  Descriptor DescriptorFor(Op op);
  // Epoll instances are watched and asked by what leads to one, as a rule.
  bool IsEpoll(const Argument& argument, const Call& call);
  Descriptor SomeEpoll();
  void Draw(const Argument& argument, Call& call);
  int32_t Number(const Argument& argument, const Call& call);

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
  Inet6 inet6_ = Inet6::kNone;
  bool loopback_is_ipv4_ = false;  // what 127.0.0.1 in a scenario means to a socket of AF_INET6
  KindSet kinds_ = kTcp;
  int handles_ = 0;                 // made so far
  std::array<Call, kMaxThreads> begun_{};  // by thread: the call whose first half was written last
  Descriptor touched_ = kMinusOne;  // by the last call
  Reply last_;
};

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_WRITER_H_
