// This very program again, in a child, with a library preloaded: a shim over the kernel of this machine, or a stack
// that answers in its place.
//
//     PreloadOptions options{.library = "/home/me/libstack.so", .arguments = {"check", "a.program"}};
//     PreloadResult result = RunPreloaded(options);
//
// The calls of programs go through libc there, and so to the library; those that the sandbox and the watchdog make
// for themselves go straight to the kernel (own_calls.h). The process that starts the child has no such library.
#ifndef SOCKSPEC_SUT_PRELOAD_H_
#define SOCKSPEC_SUT_PRELOAD_H_

#include <string>
#include <string_view>
#include <vector>

namespace sockspec {

// What the name of a kernel begins with that is reached by a library: "preload:./libstack.so".
inline constexpr std::string_view kPreloadPrefix = "preload:";

struct PreloadOptions {
  std::string library;                 // absolute; empty: the child is there to die in this process's place
  std::vector<std::string> arguments;  // of sockspec in the child, without its name
  const std::string* input = nullptr;  // stands for standard input; nullptr: this process's
  std::string* output = nullptr;       // takes what the child prints; nullptr: standard output does
};

enum class PreloadEnd {
  kExited,       // `status` is the command's
  kUnavailable,  // the library cannot be preloaded: `what` says why
  kDied,         // a signal ended the child: `what` names it
};

struct PreloadResult {
  PreloadEnd end = PreloadEnd::kExited;
  int status = 0;
  std::string what;
};

// Runs the command and waits for it. SIGINT, SIGTERM and SIGHUP that reach this process alone are handed on.
PreloadResult RunPreloaded(const PreloadOptions& options);

// In the child: the library; empty in any other process.
std::string PreloadedLibrary();

// To be called first of all in main(). What is wrong in such a child, where the library is not loaded; else empty.
// What the child starts in turn does without the library.
std::string BeginPreloaded();

// To be called in the child when it has entered a user namespace, which takes the wish to end with its parent back.
void EndWithStarter();

// "preload-stack" for "/home/me/libstack.so.1": the family of kernels (Kernel::family()) that it makes.
std::string PreloadFamily(std::string_view library);

}  // namespace sockspec

#endif  // SOCKSPEC_SUT_PRELOAD_H_
