#include "sut/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>

#include "model/program/text.h"
#include "sut/own_calls.h"
#include "sut/sandbox.h"

namespace sockspec {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr int kLooksAsleep = 3;
constexpr std::chrono::seconds kUntilStuck{10};
// A signal that came before the thread was in the kernel has interrupted nothing: it is sent again.
constexpr milliseconds kBetweenInterruptions{2};

[[noreturn]] void Stuck(const Call& call) {
  fprintf(stderr, "sockspec: this call has not come back for 10 s, though it was interrupted:\n    %s\n",
          PrintCall(call).c_str());
  abort();
}

}  // namespace

constinit thread_local Worker* Worker::mine_ = nullptr;

microseconds Patience(const Call& call) {
  switch (call.op) {
    case Op::kConnect: return milliseconds(20);
    case Op::kSend:
    case Op::kSendto:
    case Op::kSendmsg:
    case Op::kWrite:
    case Op::kWritev: return milliseconds(5);
    default: return microseconds(100);
  }
}

bool CanBlock(const Call& call) {
  switch (call.op) {
    case Op::kConnect:
    case Op::kAccept:
    case Op::kAccept4:
    case Op::kSend:
    case Op::kRecv:
    case Op::kRead:
    case Op::kWrite:
    case Op::kSendto:
    case Op::kRecvfrom:
    case Op::kSendmsg:
    case Op::kRecvmsg:
    case Op::kReadv:
    case Op::kWritev: return true;
    case Op::kPoll:
    case Op::kSelect:
    case Op::kEpollWait: return call.timeout < 0;
    default: return false;
  }
}

Trouble Worker::Begin(Descriptors& descriptors, int number) {
  try {
    thread_ = std::thread(&Worker::Main, this);
  } catch (const std::system_error& error) {
    return {Failed("pthread_create", error.code().value())};
  }
  tid_.wait(0);
  if (trouble_.any()) return trouble_;
  const std::string path = "/proc/self/task/" + std::to_string(tid_) + "/stat";
  stat_ = descriptors.OpenAside(number, path);
  if (stat_ < 0) return {Failed("open " + path, errno)};
  return {};
}

Worker::~Worker() {
  if (!thread_.joinable()) return;
  if (busy()) (void)Finish();
  state_ = kEnding;
  state_.notify_all();
  thread_.join();
}

void Worker::Main() {
  mine_ = this;
  (void)unshare(CLONE_FS);  // a path of a unix socket is looked for in a directory that the thread is in meanwhile
  trouble_ = watch_.BeginAlone();
  tid_ = gettid();
  tid_.notify_all();
  for (;;) {
    state_.wait(kIdle);
    state_.wait(kDone);
    const int state = state_.load();
    if (state == kEnding) return;
    if (state != kStarted) continue;
    watch_.Enter(call_);
    reply_ = launch_(call_);
    // A call that asked nothing of the kernel.
    if (state_.load() == kStarted) Back();
    state_ = kDone;
    state_.notify_all();
  }
}

void Worker::Back() {
  const int error = errno;
  if (state_.load() != kStarted) return;  // another system call of the same launch
  interrupted_ = watch_.Leave();
  broken_pipe_ = watch_.TakeBrokenPipe();
  state_.store(kBack, std::memory_order_release);
  state_.wait(kBack);
  errno = error;
}

void Worker::Start(const Call& call, std::function<Reply(const Call&)> launch) {
  call_ = call;
  launch_ = std::move(launch);
  state_ = kStarted;
  state_.notify_all();
}

bool Worker::Asleep() const {
  const uint64_t turn = watch_.turn();
  if (turn == 0) return false;
  char text[128];
  const ssize_t size = own::ReadAt(stat_, text, sizeof text, 0);
  // `1234 (any (name) at all) S 1 …`
  const auto* end = size <= 0 ? nullptr : static_cast<char*>(memrchr(text, ')', size));
  const bool asleep = end != nullptr && end + 2 < text + size && end[2] == 'S';
  (void)left_.load(std::memory_order_acquire);
  return asleep && watch_.turn() == turn;
}

void Worker::Pause() { sched_yield(); }

bool Worker::WaitForQuiet(microseconds patience) {
  const Clock::time_point begun = Clock::now();
  Clock::time_point since = begun;
  int looks = 0;
  for (;;) {
    if (back()) return true;
    const bool asleep = Asleep();
    const Clock::time_point now = Clock::now();
    if (!asleep) {
      looks = 0;
      since = now;
    } else if (++looks >= kLooksAsleep && now - since >= patience) {
      return back();
    }
    if (now - begun > kUntilStuck) Stuck(call_);
    Pause();
  }
}

Reply Worker::Finish() {
  const Clock::time_point begun = Clock::now();
  Clock::time_point sent{};
  while (!back()) {
    const Clock::time_point now = Clock::now();
    if (now - sent > kBetweenInterruptions) {
      watch_.InterruptNow();
      sent = now;
    }
    if (now - begun > kUntilStuck) Stuck(call_);
    Pause();
  }
  state_ = kReleased;
  state_.notify_all();
  for (int state = state_.load(); state != kDone; state = state_.load()) state_.wait(state);
  reply_.blocked = interrupted_;
  if (broken_pipe_) reply_.wrote |= kWroteSignal;
  state_ = kIdle;
  return reply_;
}

}  // namespace sockspec
