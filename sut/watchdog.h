// Notices calls that block, and interrupts them.
//
//     Watch watch;                      // on the thread that makes the calls
//     Trouble trouble = watch.Begin();
//     watch.Enter(call);
//     int value = accept(fd, nullptr, nullptr);
//     bool blocked = watch.Leave();     // then value is -1 and errno EINTR, or the call came to
//     its end
//
// A call counts as blocked only once its thread was seen asleep in it, without a pause, by every
// look of a time: about 0.1 s in all, or two seconds where that is asked for (BePatient). One thread looks after all watches of the process, every 20
// ms; where calls are quick they pay for two stores each and nothing else. A call that has come
// back is never interrupted, so no other call sees EINTR.
//
// A thread that stays in one call for 10 s, interrupted and awake or not, is past help: the process
// says on standard error which call it is, and aborts.
#ifndef SOCKSPEC_SUT_WATCHDOG_H_
#define SOCKSPEC_SUT_WATCHDOG_H_

#include <signal.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>

#include "model/program/call.h"
#include "sut/kernel.h"

namespace sockspec {

// What reaches one thread out of turn while it makes calls: interruptions and SIGPIPE. From Begin()
// to the destructor, all other signals are left to the process's other threads (so to the
// watchdog's, where there is none), since they would interrupt calls; children that the thread
// makes inherit that mask.
class Watch {
 public:
  Watch() = default;
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // Once, on the thread that is to be watched. Trouble where /proc does not show that thread.
  Trouble Begin();

  // The same for a thread that another one waits for and interrupts: the watchdog leaves it alone.
  Trouble BeginAlone();

  // For that other thread. Which call the thread is in, another number for each; 0 between calls.
  uint64_t turn() const { return turn_.load(std::memory_order_acquire); }
  // Interrupts the call that it is in, if any, and comes back before it has.
  void InterruptNow();

  // Whether calls are interrupted after two seconds, not after a tenth of one.
  void BePatient(bool patient) { patient_.store(patient); }

  void Enter(const Call& call) {
    call_.store(&call, std::memory_order_relaxed);
    turn_.store(++number_ << kTriesBits, std::memory_order_release);
  }

  // Whether the call was seen to block.
  bool Leave() {
    const uint64_t turn = turn_.exchange(0);
    return (turn & kTriesMask) == 0 ? false : Settle(turn);
  }

  // Whether SIGPIPE came since it was last asked. A SIGPIPE outside a call (the harness's own
  // output) does what it would have done without us.
  bool TakeBrokenPipe() {
    if (!broken_pipe_) [[likely]]
      return false;
    broken_pipe_ = false;
    return true;
  }

 private:
  friend class Watchdog;
  friend void TellTheCallThatKills();
  static constexpr int kTriesBits = 8;
  static constexpr uint64_t kTriesMask = (1 << kTriesBits) - 1;

  static void OnInterruption(int signal);
  static void OnBrokenPipe(int signal);
  bool Settle(uint64_t turn);
  void Look();
  bool Asleep() const;
  void Interrupt();

  // Which call the thread is in: its number and, in the low bits, how often it was interrupted; 0
  // between calls. The thread takes it back with one exchange, the watchdog counts a try with one
  // compare-exchange before it sends the signal: so either the thread learns that a signal is under
  // way and waits for it, or the signal is not sent.
  std::atomic<uint64_t> turn_{0};
  std::atomic<const Call*> call_{nullptr};
  uint64_t number_ = 0;  // the thread's own
  volatile bool broken_pipe_ = false;

  std::atomic<bool> patient_{false};
  std::atomic<uint64_t> settled_{0};   // the turn whose signal has been sent, or could not be
  std::atomic<uint32_t> sent_{0};      // signals
  std::atomic<uint32_t> answered_{0};  // signals that the handler has run for

  // The watchdog's own.
  uint64_t seen_turn_ = 0;
  int looks_ = 0;         // at seen_turn_'s call
  int looks_asleep_ = 0;  // the last so many of them found the thread asleep

  pid_t tid_ = 0;  // 0 until Begin()
  bool alone_ = false;
  sigset_t found_mask_;
};

// From here on a signal such as SIGSEGV, in a thread that makes calls, says on standard error which one it was making,
// and then does what it would have done.
void TellTheCallThatKills();

}  // namespace sockspec

#endif  // SOCKSPEC_SUT_WATCHDOG_H_
