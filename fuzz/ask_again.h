// The commands that ask a finding's kernel again, and not the one of the machine at hand.
//
//     AskAgain again = AskAgainOf(finding);
//     Print(again.sockspec);                          // sockspec check --kernel=gvisor --profile=… finding.program
//     if (!again.c.empty()) Print(again.c);           // cc repro.c && runsc … do ./a.out
#ifndef SOCKSPEC_FUZZ_ASK_AGAIN_H_
#define SOCKSPEC_FUZZ_ASK_AGAIN_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/finding.h"
#include "sut/kernel_setup.h"

namespace sockspec {

// `sockspec check …` of `file` on a kernel. What is empty is left to it.
struct Asked {
  std::string kernel;  // WordsOf() its setup
  std::string mutant;
  std::string profile;
};
std::string CheckCommand(const Asked& asked, std::string_view file);

// What a finding was found on.
Asked AskedOf(const Finding& finding);

// How a program of a kernel's gets to it.
enum class Reached : uint8_t {
  kHere,     // it is this machine's; so is the fake one's stand-in
  kUml,      // user-mode Linux: it has to be booted
  kGvisor,   // by runsc
  kPreload,  // by LD_PRELOAD
  kWithin,   // a library within sockspec: a C file's calls do not come to it
};

struct AskAgain {
  Reached reached = Reached::kHere;
  std::string sockspec;  // a command, in the finding's directory
  std::string c;         // the same with a C compiler; empty: `why_no_c`
  std::string why_no_c;
  KernelSetup setup;
  std::string library;  // of kPreload: its file
};

AskAgain AskAgainOf(const Finding& finding);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_ASK_AGAIN_H_
