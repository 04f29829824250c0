// A thread that makes one call while the kernel's own thread goes on: what blocks in one thread, and another
// one's call lets go.
//
//     Worker worker;
//     Trouble trouble = worker.Begin(descriptors, 1);
//     worker.Start(call, [&] { return Launch(call); });  // Launch() asks by Worker::Through(accept(…))
//     if (worker.WaitForQuiet(Patience(call))) …         // the system call is back already
//     …                                                  // else it was seen asleep
//     Reply reply = worker.Finish();                     // interrupts it, where it still is
//
// What comes before the system call runs while Start()'s caller waits, what comes after it while Finish()'s does,
// so that the two threads are never busy at once but in the kernel, and need no locks. Whether the thread is asleep
// in its call is read from /proc; the file is kept open at a number that no program is given.
//
// The thread shares the descriptors of the one that began it, and has a working directory of its own. It is in the
// network namespace that its starter was in at Begin(), so it is for calls on sockets that are there, and not for
// socket().
#ifndef SOCKSPEC_SUT_WORKER_H_
#define SOCKSPEC_SUT_WORKER_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "model/program/call.h"
#include "model/program/reply.h"
#include "sut/descriptors.h"
#include "sut/kernel.h"
#include "sut/memory.h"
#include "sut/watchdog.h"

namespace sockspec {

class Worker {
 public:
  Worker() = default;
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Once. `number`, below kMaxThreads, is another one for each worker of a kernel. Trouble where the thread cannot
  // be made, or cannot be seen in /proc.
  Trouble Begin(Descriptors& descriptors, int number);

  // Only while it is idle. `launch` gets a copy of the call: the program may go before the call comes back.
  void Start(const Call& call, std::function<Reply(const Call&)> launch);

  // Waits until the system call has come back, true, or its thread was asleep in it, whenever it was looked at, for
  // `patience`: false.
  bool WaitForQuiet(std::chrono::microseconds patience);

  // From Start() to Finish().
  bool busy() const { return state_.load(std::memory_order_relaxed) != kIdle; }
  // Whether the system call has come back; or the thread is asleep in it. Neither where it is on its way.
  bool back() const { return state_.load(std::memory_order_acquire) == kBack; }
  bool Asleep() const;

  // The call's reply. One that is asleep is interrupted, and says so (Reply::blocked).
  Reply Finish();

  // Waits a little for another look.
  static void Pause();

  // Stands around the system call, on any thread.
  static int Through(int value) {
    if (mine_ != nullptr) [[unlikely]] mine_->Back();
    return value;
  }

  // Stands before the system call in builds with sanitizers: what this thread did so far comes before whatever is done
  // by whoever sees it asleep. It does without; but that the kernel keeps that order ThreadSanitizer cannot see.
  static void Leaves() {
    if (mine_ != nullptr) mine_->left_.fetch_add(1, std::memory_order_release);
  }

  Memory memory;

 private:
  enum State : int { kIdle, kStarted, kBack, kReleased, kDone, kEnding };
  void Main();
  void Back();

  static constinit thread_local Worker* mine_;

  std::thread thread_;
  Watch watch_;
  Trouble trouble_;
  int stat_ = -1;
  std::atomic<pid_t> tid_{0};
  std::atomic<int> state_{kIdle};
  std::atomic<unsigned> left_{0};  // how often Leaves() was called
  Call call_{};
  std::function<Reply(const Call&)> launch_;
  Reply reply_;
  bool interrupted_ = false;
  bool broken_pipe_ = false;
};

// How long a thread is to be seen asleep in this call before it is said to block. accept(), recv() and those that
// wait for readiness sleep for nothing else; connect() and send() may do so for the softirq that answers them.
std::chrono::microseconds Patience(const Call& call);

// Whether a call can block at all, for longer than it says itself.
bool CanBlock(const Call& call);

}  // namespace sockspec

#endif  // SOCKSPEC_SUT_WORKER_H_
