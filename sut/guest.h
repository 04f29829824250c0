// This very program inside another kernel: user-mode Linux, or gVisor.
//
//     GuestOptions options{.setup = {.kernel = "uml"}, .arguments = {"check", "a.program"}, .directory = cwd};
//     GuestResult result = RunInGuest(options);
//
// The guest sees the host's files under the same paths, user-mode Linux read-only but for the directories named; gVisor
// may write wherever the user may. A first
// process of ours (GuestInit) mounts what is needed, runs the command, and tells through files in a scratch
// directory what it prints, that it lives, and how it ended: consoles would mangle output, and pipes cut it.
#ifndef SOCKSPEC_SUT_GUEST_H_
#define SOCKSPEC_SUT_GUEST_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sut/kernel.h"
#include "sut/kernel_setup.h"

namespace sockspec {

struct GuestOptions {
  // "uml" or "gvisor". Its image is a name in `directory` or in PATH, its arguments are words for the kernel's command
  // line or flags of runsc; its words are what GuestName() says inside.
  KernelSetup setup;
  std::vector<std::string> arguments;  // of sockspec inside, without its name
  std::string directory;               // absolute: where it runs
  std::vector<std::string> writable;   // absolute: directories that exist, which it may write to
  bool reads_input = false;            // standard input is handed on, as far as it goes when it starts
  const std::string* input = nullptr;  // stands for standard input
  std::string* output = nullptr;       // takes what the command prints; nullptr: standard output does, as it comes
  std::chrono::seconds silence{60};    // without a sign of life the guest is taken to hang
  // Asked a few times a second how many SIGINTs the command should have had by now. 30 s after the first, and 5 s after the
  // second, the guest is killed; one that shows no sign of life for 15 s by then hangs.
  std::function<int()> stop;
};

enum class GuestEnd {
  kExited,       // `status` is the command's
  kUnavailable,  // there is no such kernel here, or it does not come up: `what` says why
  kDied,         // the kernel went away in the middle: `what` has its last words
  kHung,         // it showed no sign of life, and was killed
  kStopped,      // it was asked to end, did not, and was killed: `status` is that of SIGINT
};

struct GuestResult {
  GuestEnd end = GuestEnd::kExited;
  int status = 0;
  std::string what;
};

// As it is started here and now: who is not root has a sandbox of gVisor's all the same, within a user namespace.
KernelSetup WithWhatTheUserNeeds(KernelSetup setup);

// Boots the kernel, runs the command, prints what that prints as it comes. The calling process should ignore or
// handle SIGINT: the guest is out of the terminal's reach.
GuestResult RunInGuest(const GuestOptions& options);

// Whether this process is the first one inside, which has to call GuestInit() and nothing else.
bool IsGuestInit();

// Runs the command and tells how it ended. Powers a machine off, and does not return then.
int GuestInit();

// "uml" or "gvisor" for a command that runs inside; empty elsewhere.
std::string GuestKind();

// WordsOf() the setup of such a command.
std::string GuestName();

// What its kernel is, where uname() does not say it: "gVisor release-20221219.0"; empty elsewhere.
std::string GuestRelease();

}  // namespace sockspec

#endif  // SOCKSPEC_SUT_GUEST_H_
