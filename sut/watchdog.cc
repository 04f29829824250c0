#include "sut/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "model/program/text.h"
#include "sut/descriptors.h"
#include "sut/own_calls.h"
#include "sut/sandbox.h"

namespace sockspec {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{20};

// A call is looked at closely from its third look on (40 ms), and interrupted when four in a row
// found its thread asleep: 100 to 120 ms. Shorter would be cheaper, but a sleep that ends by
// itself, as when the softirq that answers a connect() waits for a processor, must not count.
constexpr int kLooksBefore = 2;
constexpr int kLooksAsleep = 4;
constexpr int kLooksAsleepPatiently = 2000 / 20;
constexpr int kLooksUntilStuck = 10000 / 20;

// Of the real-time signals, which nothing uses by default; C libraries take the first ones.
int InterruptionSignal() { return SIGRTMIN + 5; }

thread_local Watch* watched = nullptr;
struct sigaction found_pipe_action;

std::string StatPath(pid_t tid) { return "/proc/self/task/" + std::to_string(tid) + "/stat"; }

// The letter of proc(5): R running, S asleep and interruptible, D asleep and not; 0 unknown.
char ThreadLetter(pid_t tid) {
  char text[128];
  const int fd = own::Open(StatPath(tid).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  const ssize_t size = own::Read(fd, text, sizeof text);
  own::Close(fd);
  // `1234 (any (name) at all) S 1 …`
  const auto* end = size <= 0 ? nullptr : static_cast<char*>(memrchr(text, ')', size));
  return end == nullptr || end + 2 >= text + size ? 0 : end[2];
}

void Handle(int signal, void (*handler)(int), struct sigaction* found) {
  struct sigaction action {};
  action.sa_handler = handler;  // and no SA_RESTART, so that calls come back
  sigaction(signal, &action, found);
}

}  // namespace

// The one thread that looks after all watches. It lives while there is a watch, so that a process
// without kernels has one thread and may still make a user namespace.
class Watchdog {
 public:
  static Watchdog& Instance() {
    static auto* const instance = new Watchdog;
    return *instance;
  }

  void Add(Watch* watch) {
    std::unique_lock lock(mutex_);
    watches_.push_back(watch);
    if (watches_.size() > 1) return;
    ready_ = false;
    thread_ = std::thread(&Watchdog::Main, this);
    changed_.wait(lock, [&] { return ready_; });
  }

  void Remove(Watch* watch) {
    std::thread idle;
    {
      const std::lock_guard lock(mutex_);
      std::erase(watches_, watch);
      if (!watches_.empty()) return;
      ++retired_;
      idle = std::move(thread_);
    }
    changed_.notify_all();
    idle.join();
  }

 private:
  void Main() {
    // It opens files in a table of its own, so as to take no slot from a program, and holds nothing
    // open that the process closes. Where that is refused, a file is open for microseconds while a
    // call sleeps.
    if (own::CloseRange(3, UINT_MAX, CLOSE_RANGE_UNSHARE) != 0 && unshare(CLONE_FILES) == 0) {
      for (const int fd : OpenDescriptors()) {
        if (fd >= 3) own::Close(fd);
      }
    }
    std::unique_lock lock(mutex_);
    ready_ = true;
    changed_.notify_all();
    const int mine = retired_;
    while (!changed_.wait_for(lock, kBetweenLooks, [&] { return retired_ != mine; })) {
      for (Watch* watch : watches_) watch->Look();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Watch*> watches_;
  std::thread thread_;
  bool ready_ = false;  // the thread has let go of the process's descriptors
  int retired_ = 0;     // how many threads have been told to end
};

Trouble Watch::BeginAlone() {
  alone_ = true;
  return Begin();
}

void Watch::InterruptNow() {
  seen_turn_ = turn_.load();
  if (seen_turn_ != 0) Interrupt();
}

Trouble Watch::Begin() {
  const pid_t tid = gettid();
  if (!alone_ && ThreadLetter(tid) == 0) {
    return {Failed("open " + StatPath(tid), errno) +
            ". That a call blocks is read there: mount /proc."};
  }
  if (watched != nullptr) return {"this thread makes calls for another kernel already"};

  static const bool handled = [] {
    Handle(InterruptionSignal(), &Watch::OnInterruption, nullptr);
    Handle(SIGPIPE, &Watch::OnBrokenPipe, &found_pipe_action);
    return true;
  }();
  (void)handled;

  watched = this;
  tid_ = tid;
  // The watchdog starts with the mask as it was found, so that SIGINT and SIGALRM find a thread.
  if (!alone_) Watchdog::Instance().Add(this);
  sigset_t mask;
  sigfillset(&mask);
  for (const int signal :
       {InterruptionSignal(), SIGPIPE, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) {
    sigdelset(&mask, signal);
  }
  pthread_sigmask(SIG_SETMASK, &mask, &found_mask_);
  return {};
}

Watch::~Watch() {
  if (tid_ == 0) return;
  if (alone_) return;  // its thread has gone
  Watchdog::Instance().Remove(this);
  watched = nullptr;
  pthread_sigmask(SIG_SETMASK, &found_mask_, nullptr);
}

void Watch::OnInterruption(int) {
  if (watched != nullptr) watched->answered_.fetch_add(1);
}

void Watch::OnBrokenPipe(int) {
  if (watched != nullptr && watched->turn_.load() != 0) {
    watched->broken_pipe_ = true;
  } else if (found_pipe_action.sa_handler == SIG_DFL) {
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
  }
}

bool Watch::Settle(uint64_t turn) {
  while (settled_.load() != turn) sched_yield();
  while (answered_.load() != sent_.load()) sched_yield();
  return true;
}

void Watch::Look() {
  const uint64_t turn = turn_.load(std::memory_order_acquire);
  if (turn == 0 || turn >> kTriesBits != seen_turn_ >> kTriesBits) {
    seen_turn_ = turn;
    looks_ = 1;
    looks_asleep_ = 0;
    return;
  }
  ++looks_;
  if (looks_ >= kLooksUntilStuck) {
    fprintf(
        stderr,
        "sockspec: this call has not come back for %d s, though it was interrupted %d times; its "
        "thread is in state %c:\n    %s\n",
        kLooksUntilStuck * 20 / 1000, static_cast<int>(sent_.load()), ThreadLetter(tid_),
        PrintCall(*call_.load(std::memory_order_relaxed)).c_str());
    abort();
  }
  if (looks_ <= kLooksBefore) return;
  looks_asleep_ = Asleep() ? looks_asleep_ + 1 : 0;
  if (looks_asleep_ >= (patient_.load() ? kLooksAsleepPatiently : kLooksAsleep)) Interrupt();
}

bool Watch::Asleep() const {
  const uint64_t before = turn_.load();
  const bool asleep = ThreadLetter(tid_) == 'S';
  // The same call before and after, so it was asleep in this one.
  return asleep && before >> kTriesBits == seen_turn_ >> kTriesBits && turn_.load() == before;
}

void Watch::Interrupt() {
  if (answered_.load() != sent_.load()) return;  // one is under way
  uint64_t turn = turn_.load();
  if (turn >> kTriesBits != seen_turn_ >> kTriesBits) return;
  if ((turn & kTriesMask) == kTriesMask) return;
  if (!turn_.compare_exchange_strong(turn, turn + 1)) return;
  if (tgkill(getpid(), tid_, InterruptionSignal()) == 0) sent_.fetch_add(1);
  settled_.store(turn + 1);
}

void TellTheCallThatKills() {
  struct sigaction action {};
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  action.sa_handler = [](int number) {
    // Words take memory, and it may have died with the lock of that held: SIGALRM ends it then.
    signal(SIGALRM, SIG_DFL);
    alarm(2);
    const Call* call = watched != nullptr && watched->turn() != 0 ? watched->call_.load() : nullptr;
    if (call != nullptr) {
      dprintf(2, "sockspec: signal %d (%s) came in the middle of:\n    %s\n", number, strsignal(number),
              PrintCall(*call).c_str());
    }
    raise(number);  // comes when the handler is done
  };
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigaction(number, &action, nullptr);
}

}  // namespace sockspec
