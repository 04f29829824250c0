#include "sut/watchdog.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include "gtest/gtest.h"

namespace sockspec {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

struct Pipe {
  Pipe() { EXPECT_EQ(pipe(ends), 0); }
  ~Pipe() {
    close(ends[0]);
    close(ends[1]);
  }
  // One byte: 1, or -1 and errno.
  int Take() const {
    char byte;
    return static_cast<int>(read(ends[0], &byte, 1));
  }
  void Give() const { EXPECT_EQ(write(ends[1], "x", 1), 1); }
  int ends[2];
};

constexpr Call kSomeCall{.op = Op::kRead, .fd = kPipe, .size = 1};

TEST(Watchdog, ACallThatBlocksIsInterruptedWithinHalfASecond) {
  Watch watch;
  ASSERT_EQ(watch.Begin().what, "");
  const Pipe pipe;
  const auto before = Clock::now();
  watch.Enter(kSomeCall);
  const int value = pipe.Take();
  const int error = errno;
  EXPECT_TRUE(watch.Leave());
  EXPECT_EQ(value, -1);
  EXPECT_EQ(error, EINTR);
  EXPECT_LT(Clock::now() - before, milliseconds(500));
}

TEST(Watchdog, ACallThatIsOnlySlowIsNotInterrupted) {
  Watch watch;
  ASSERT_EQ(watch.Begin().what, "");
  const auto until = Clock::now() + milliseconds(300);
  watch.Enter(kSomeCall);
  while (Clock::now() < until) (void)getppid();  // awake
  EXPECT_FALSE(watch.Leave());
  for (int i = 0; i < 6; ++i) {  // asleep, each time for less than it takes
    watch.Enter(kSomeCall);
    EXPECT_EQ(usleep(50000), 0);
    EXPECT_FALSE(watch.Leave());
  }
}

TEST(Watchdog, OutsideCallsNothingIsInterrupted) {
  Watch watch;
  ASSERT_EQ(watch.Begin().what, "");
  EXPECT_EQ(usleep(300000), 0);
}

// The bytes that end the first read come around the time of the interruption, so that now and then
// the signal is on its way when the call comes back.
TEST(Watchdog, TheCallAfterABlockedOneIsNeverInterrupted) {
  Watch watch;
  ASSERT_EQ(watch.Begin().what, "");
  const Pipe first;
  const Pipe second;
  std::atomic<int> round = 0;
  std::thread giver([&] {
    std::minstd_rand random(1);
    for (int i = 1; i <= 40; ++i) {
      round.wait(i - 1);
      std::this_thread::sleep_for(microseconds(95000 + random() % 30000));
      first.Give();
      std::this_thread::sleep_for(milliseconds(1));
      second.Give();
    }
  });
  int blocked = 0;
  for (int i = 1; i <= 40; ++i) {
    round = i;
    round.notify_one();
    watch.Enter(kSomeCall);
    const int value = first.Take();
    const bool was_blocked = watch.Leave();
    blocked += was_blocked;
    EXPECT_TRUE(value == 1 || was_blocked);
    EXPECT_EQ(second.Take(), 1) << "round " << i;
    if (value != 1) {
      EXPECT_EQ(first.Take(), 1);
    }
  }
  giver.join();
  RecordProperty("blocked", blocked);
}

TEST(Watchdog, OtherSignalsAreLeftToOtherThreads) {
  static std::atomic<pthread_t> handled_by;
  handled_by = pthread_t{};
  signal(SIGUSR1, [](int) { handled_by = pthread_self(); });
  {
    Watch watch;
    ASSERT_EQ(watch.Begin().what, "");
    kill(getpid(), SIGUSR1);
    for (int i = 0; i < 100 && handled_by == pthread_t{}; ++i) usleep(10000);
    EXPECT_NE(handled_by, pthread_t{});
    EXPECT_NE(handled_by, pthread_self());
  }
  raise(SIGUSR1);
  EXPECT_EQ(handled_by, pthread_self()) << "the mask is not as it was";
  signal(SIGUSR1, SIG_DFL);
}

TEST(Watchdog, AThreadHasOneWatch) {
  Watch watch;
  ASSERT_EQ(watch.Begin().what, "");
  Watch another;
  EXPECT_EQ(another.Begin().what, "this thread makes calls for another kernel already");
}

TEST(Watchdog, BrokenPipesInCallsAreTold) {
  Watch watch;
  ASSERT_EQ(watch.Begin().what, "");
  Pipe pipe;
  close(pipe.ends[0]);
  watch.Enter(kSomeCall);
  EXPECT_EQ(write(pipe.ends[1], "x", 1), -1);
  EXPECT_FALSE(watch.Leave());
  EXPECT_TRUE(watch.TakeBrokenPipe());
  EXPECT_FALSE(watch.TakeBrokenPipe());
}

TEST(WatchdogDeathTest, ABrokenPipeOfTheHarnessStillKills) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        signal(SIGPIPE, SIG_DFL);
        Watch watch;
        if (watch.Begin().any()) _exit(1);
        Pipe pipe;
        close(pipe.ends[0]);
        (void)!write(pipe.ends[1], "x", 1);
        _exit(2);
      },
      testing::KilledBySignal(SIGPIPE), "");
}

// A kernel that cannot be interrupted, played by a thread that does not take the signal.
TEST(WatchdogDeathTest, ACallThatNeverComesBackEndsTheProcessByName) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        Watch watch;
        if (watch.Begin().any()) _exit(1);
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, nullptr);
        const Pipe pipe;
        watch.Enter(kSomeCall);
        pipe.Take();
        _exit(2);
      },
      testing::KilledBySignal(SIGABRT), "not come back for 10 s.*\n *read\\(PIPE, 1\\)");
}

}  // namespace
}  // namespace sockspec
