// How a kernel is started, and the words of a command line that start it so again.
//
//     KernelSetup setup{.kernel = "gvisor", .arguments = "--rootless", .platform = "kvm"};
//     WordsOf(setup);   // gvisor --kernel-args=--rootless --platform=kvm: what follows `--kernel=`
//     RunscFlags(setup);    // --network=none … --platform=kvm --rootless
//
// All commands that we print or run go by these: a finding is asked again of the kernel that it was found on.
#ifndef SOCKSPEC_SUT_KERNEL_SETUP_H_
#define SOCKSPEC_SUT_KERNEL_SETUP_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sockspec {

struct KernelSetup {
  std::string kernel;     // as `--kernel=` has it: "uml", "preload:/home/me/libstack.so"
  std::string image;      // --kernel-image; empty: the installed one
  std::string arguments;  // --kernel-args; white space separates them
  std::string platform;   // --platform, of gVisor; empty: ptrace
  friend bool operator==(const KernelSetup&, const KernelSetup&) = default;
};

// What stands behind `--kernel=` on a command line, for a shell.
std::string WordsOf(const KernelSetup& setup);

// The setup that has these words; what they say of anything else is passed over.
KernelSetup SetupOf(std::string_view words);

// KernelSetup::arguments one by one.
std::vector<std::string> ArgumentsOf(const KernelSetup& setup);

// With these runsc runs programs in a sandbox of gVisor's on this machine's files; they stand before its `do`.
std::vector<std::string> RunscFlags(const KernelSetup& setup);
// These stand behind it. An overlay of its own would keep from the host what is written.
inline constexpr std::string_view kRunscDoFlags[] = {"-quiet", "-force-overlay=false"};

// `word` as a shell reads it as one.
std::string ForShell(std::string_view word);
// The same of several, with spaces between them.
std::string ForShell(std::span<const std::string> words);

}  // namespace sockspec

#endif  // SOCKSPEC_SUT_KERNEL_SETUP_H_
