// A kernel: the system under test. Gives it a fresh world, makes a call, tells the reply.
//
//     kernel.Reset(program.env);
//     for (const Call& call : program.calls) Reply reply = kernel.Run(call);
//
// A kernel knows nothing of the model. It keeps the names: which number P0 has, which port E0 is,
// which descriptor s0 is, and how many bytes each stream has carried (reply.h, Data).
//
// Descriptors that a call makes are told as slots (Reply::value): 0 is the lowest number that is
// free when a program begins, 1 the next one, so a kernel that gives the lowest free number gives
// the lowest slot.
#ifndef SOCKSPEC_SUT_KERNEL_H_
#define SOCKSPEC_SUT_KERNEL_H_

#include <string>
#include <string_view>

#include "model/program/call.h"
#include "model/program/program.h"
#include "model/program/reply.h"

namespace sockspec {

// Why a harness cannot do its job: empty where it can. Names the system call that failed and its
// errno.
struct [[nodiscard]] Trouble {
  std::string what;
  bool any() const { return !what.empty(); }
};

// What a system call returned: an errno where that is negative, else the value.
inline Reply Answer(int value, int error) {
  if (value < 0) return {.error = static_cast<int16_t>(error)};
  return {.value = value};
}

class Kernel {
 public:
  virtual ~Kernel() = default;

  // "linux", "fake".
  virtual std::string family() const = 0;

  // What `sockspec --kernel=` calls it: "linux", "preload:/home/me/libstack.so".
  virtual std::string option() const { return family(); }

  // What the kernel says it is: "Linux 6.18.44", uname's words.
  virtual std::string release() const = 0;

  // Ends the program before and makes a fresh world: all descriptors closed, ports that no program
  // had in this namespace, names forgotten, the environment as asked.
  virtual Trouble Reset(const Environment& env) = 0;

  // Reset, and in a namespace that no program has used.
  virtual Trouble ResetFresh(const Environment& env) = 0;

  // Makes one call and waits for its reply. A call that blocks is interrupted once its thread has
  // been seen asleep in it for a while, and says so (Reply::blocked).
  virtual Reply Run(const Call& call) = 0;

  // What of `call` this kernel does not have, in words that a summary can count: "dup()", "AF_UNIX", "SO_REUSEPORT";
  // empty where it has all of it. The call alone decides, and not what came before. Such a call is not made, and is no
  // divergence: campaigns leave it out, and a program that has it is followed up to there (fuzz/lockstep.h). The
  // words outlive the kernel.
  virtual std::string_view Lacks(const Call&) const { return {}; }

  // The same of what a program wants around it.
  virtual std::string_view Lacks(const Environment&) const { return {}; }

  // To be called before a program with calls in two halves (Part). Of such a call, the first half gives the reply
  // where it does not block, else that it was seen to (Reply::blocked); the second half gives what it came back
  // with, or came back with when it was interrupted, being still asleep. After each other call, those that it let go
  // have gone on before Run() comes back. Trouble where calls cannot wait in threads.
  virtual Trouble PrepareThreads() { return {"this kernel runs calls in one thread only"}; }

  // Delays to put before calls, in microseconds, drawn from `seed` (0: none), from the next Reset
  // on.
  virtual void Disturb(unsigned seed) = 0;

  // Whether, in the program that is running, a number of the kernel's choice has turned up twice
  // where the names take it for two: a port chosen for one socket that another has, or had, or that
  // an earlier program had. Asked after a divergence, since it may be the reason. True also where
  // it is not.
  virtual bool Coincidence() const { return false; }
};

}  // namespace sockspec

#endif  // SOCKSPEC_SUT_KERNEL_H_
