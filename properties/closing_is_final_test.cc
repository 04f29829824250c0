// Closing is final: once its last descriptor is closed, nothing leads to a socket any more, and
// whatever is called on one of the closed descriptors says so.

#include <errno.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "model/oracle.h"
#include "model/program/program.h"
#include "model/program/text.h"
#include "model/world.h"
#include "properties/examples.h"
#include "properties/on_linux.h"
#include "properties/worth_running.h"

namespace sockspec {
namespace {

const Cases kCases(1000);

// Every call on a descriptor, as plain as it can be.
std::vector<Call> CallsOn(Descriptor fd) {
  Program program = MustParse(
                        "s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
                        "bind(s0, 127.0.0.1:P0)\n"
                        "listen(s0, 1)\n"
                        "connect(s0, 127.0.0.1:P0)\n"
                        "shutdown(s0, SHUT_RDWR)\n"
                        "getsockname(s0)\n"
                        "getpeername(s0)\n"
                        "getsockopt(s0, SOL_SOCKET, SO_ERROR)\n"
                        "setsockopt(s0, SOL_SOCKET, SO_REUSEADDR, 1)\n"
                        "send(s0, 5, 0)\n"
                        "recv(s0, 5, 0)\n"
                        "read(s0, 5)\n"
                        "write(s0, 5)\n"
                        "fcntl(s0, F_GETFL)\n"
                        "ioctl(s0, FIONREAD)\n"
                        "close(s0)\n")
                        .program;
  program.calls.erase(program.calls.begin());
  for (Call& call : program.calls) call.fd = fd;
  return program.calls;
}

std::vector<Descriptor> Made(const Program& program) {
  std::vector<Descriptor> made;
  for (const Call& call : program.calls) {
    if (call.made != kNoHandle) made.push_back(Descriptor::Handle(call.made));
    if (call.made2 != kNoHandle) made.push_back(Descriptor::Handle(call.made2));
  }
  return made;
}

// Closes all that `oracle` has open. Nothing leads to a socket then.
std::vector<Call> CloseAll(Oracle& oracle, const Program& program) {
  std::vector<Call> closes;
  for (const Descriptor fd : Made(program)) {
    const Call close{.op = Op::kClose, .fd = fd};
    oracle.Answer(close);
    closes.push_back(close);
  }
  return closes;
}

RC_GTEST_PROP(Closing, IsFinal, ()) {
  for (const Profile& profile : EveryProfile()) {
    const Shown shown = *WorthRunning(profile);
    Oracle oracle(profile);
    oracle.Reset(shown.program.env);
    for (const Call& call : shown.program.calls) oracle.Answer(call);
    RC_PRE(oracle.world().lost == Lost::kNo);
    CloseAll(oracle, shown.program);
    RC_PRE(oracle.world().lost == Lost::kNo);
    for (const Socket& socket : oracle.world().sockets) {
      RC_ASSERT(!socket.owned);
      RC_ASSERT(socket.listener == kNone);
    }
    for (const Descriptor fd : Made(shown.program)) {
      for (const Call& call : CallsOn(fd)) {
        RC_LOG() << PrintCall(call);
        RC_ASSERT(oracle.Answer(call).error == EBADF);
      }
    }
  }
}

TEST_F(OnLinux, ClosingIsFinal) {
  const bool holds = rc::check("closing is final on Linux", [] {
    Shown shown = *WorthRunningWithoutBlocking(TheProfile());
    Program& program = shown.program;
    Oracle oracle(TheProfile());
    oracle.Reset(program.env);
    for (const Call& call : program.calls) oracle.Answer(call);
    const std::vector<Descriptor> made = Made(program);
    for (const Call& close : CloseAll(oracle, program)) program.calls.push_back(close);
    const size_t closed = program.calls.size();
    for (const Descriptor fd : made) {
      for (const Call& call : CallsOn(fd)) {
        if (program.calls.size() < kMaxCalls) program.calls.push_back(call);
      }
    }
    const auto& run = Play(program);
    RC_PRE(!run.discarded);
    if (run.diverged()) RC_FAIL(Told(program, run));
    for (size_t i = closed; i < run.replies.size(); ++i) RC_ASSERT(run.replies[i].error == EBADF);
  });
  EXPECT_TRUE(holds);
}

}  // namespace
}  // namespace sockspec
