// --kernel=uml, --kernel=gvisor and --kernel=preload:LIB.so: the same command, inside another kernel, or in a child
// with a library preloaded.
#ifndef SOCKSPEC_CLI_GUEST_H_
#define SOCKSPEC_CLI_GUEST_H_

#include <functional>
#include <string>
#include <vector>

#include "cli/kernels.h"

namespace sockspec {

// What a command needs of the host, as the user typed it.
struct GuestNeeds {
  std::vector<std::string> files;   // where a `-` among them is standard input
  std::string directory;            // it writes there; made where it does not exist; empty: nowhere
};

// To be called before any subcommand runs: main()'s arguments, its own name first, as the user typed them.
void KeepArguments(int argc, char** argv);
const std::vector<std::string>& KeptArguments();

// Whether it is another kernel than this machine's.
bool IsGuest(const KernelOptions& options);
// Whether another process than this one has to run the programs: a guest, or a child with a library preloaded.
bool RunsElsewhere(const KernelOptions& options);

// Runs the same command inside the kernel that `options` name, and prints what it prints. How it ended; where the
// kernel went away, `died` says what it said last, and the status is kExitDiverges. Stops with kExitUnavailable
// where there is no such kernel, or it does not come up.
struct GuestRun {
  int status = 0;
  bool died = false;
  bool hung = false;
  bool interrupted = false;
  std::string signal;  // that a preloaded library died of: "signal 11 (Segmentation fault)"
  std::string last_words;
};
// "the kernel died; its last words:\n…".
std::string DeathWords(const GuestRun& run);
GuestRun RunCommandInGuest(const KernelOptions& options, const GuestNeeds& needs,
                           const std::vector<std::string>& more_arguments = {});

// What `sockspec ARGUMENTS` prints in there, and how it ended. Stops where the kernel cannot be had, and on Ctrl-C.
// `input` is its standard input.
struct GuestOutput {
  std::string text;  // as far as it came
  int status = 0;
  bool died = false;
  bool hung = false;
  std::string words;  // where it died or hung: "the kernel died of signal 11"
};
GuestOutput OutputOfGuest(const KernelOptions& options, const std::vector<std::string>& arguments,
                          const std::string& input = "");

// Runs `sockspec ARGUMENTS` in there, which prints what it prints, and may write below `directory`; `signals` is asked often how
// many SIGINTs it should have had (GuestOptions::stop). The caller sees to signals of its own.
GuestRun RunInGuestUntil(const KernelOptions& options, const std::vector<std::string>& arguments, const std::string& directory,
                         const std::function<int()>& signals);

// For commands that run programs and end: in the guest or the child where one is asked for, else `here`.
int HereOrInGuest(const KernelOptions& options, const GuestNeeds& needs, const std::function<int()>& here);

}  // namespace sockspec

#endif  // SOCKSPEC_CLI_GUEST_H_
