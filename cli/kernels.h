// Which kernel, held to which specification: the options that several subcommands have.
#ifndef SOCKSPEC_CLI_KERNELS_H_
#define SOCKSPEC_CLI_KERNELS_H_

#include <memory>
#include <string>

#include "model/oracle.h"
#include "model/profile.h"
#include "sut/kernel.h"
#include "sut/kernel_setup.h"

namespace CLI {
class App;
}

namespace sockspec {

struct KernelOptions {
  std::string kernel = "linux";
  std::string profile;  // empty: the one that suits the kernel
  std::string mutant;  // of the fake kernel: CLAUSE, CLAUSE:ERRNO or CLAUSE:spoilt
  std::string image;   // of a guest: the kernel's file, or runsc; empty: the one in PATH
  std::string kernel_arguments;  // of a guest: more words on its command line
  std::string platform;          // of gVisor
};

// --kernel, --mutant and --profile.
void AddKernelOptions(CLI::App& command, KernelOptions& options);
// --kernel-image, --kernel-args and --platform alone.
void AddGuestOptions(CLI::App& command, KernelOptions& options);
// --profile alone.
void AddProfileOption(CLI::App& command, KernelOptions& options);

// The profile meant. Stops with kExitUnusable where there is none of that name. Tells on standard
// error where it is not the version asked for.
Profile ProfileFor(const KernelOptions& options);
// The same where `release` is what the kernel says of itself.
Profile ProfileFor(const KernelOptions& options, const std::string& release);

// The change that --mutant asks for; its clause is nullptr where that was not given. Stops with
// kExitUnusable.
Mutation MutationFor(const KernelOptions& options, const Profile& profile);

// How that kernel is started, with whole paths: a report is read in another directory.
KernelSetup SetupFor(const KernelOptions& options);

// Stops with kExitUnusable where there is no kernel of that name, or it does not take what else was said.
void CheckKernelName(const KernelOptions& options);

// Whether the kernel is a stack in this very process: one at a time, made after the process was forked, and where it dies
// the process does. It does not say that it is Linux, and is held to posix where no profile is asked for.
bool IsWithinTheProcess(const KernelOptions& options);

// The library of --kernel=preload:LIB.so, with its whole path; empty for other kernels.
std::string LibraryToPreload(const KernelOptions& options);

// What Kernel::family() says of it: inside another kernel than the machine's that one's name.
std::string KernelFamily(const KernelOptions& options);

// What the kernel says it is, without making one: "Linux 6.18.44".
std::string KernelRelease(const KernelOptions& options);

// Makes sure that the kernel can be had; to be called before any thread is made. Stops with
// kExitUnavailable where the kernel or its sandbox cannot be had.
void PrepareKernel(const KernelOptions& options);

// A kernel; several may be made, and each is used by one thread. Stops as PrepareKernel().
std::unique_ptr<Kernel> MakeKernel(const KernelOptions& options, const Profile& profile);

}  // namespace sockspec

#endif  // SOCKSPEC_CLI_KERNELS_H_
