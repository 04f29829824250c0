// The commands that ask a finding's kernel again, and not the one of the machine at hand.
//
//     AskAgain again = AskAgainOf(finding);
//     Print(again.sockspec);                          // sockspec check --kernel=gvisor --profile=… finding.program
//     if (!again.c.empty()) Print(again.c);           // cc repro.c && runsc … do ./a.out
#ifndef SOCKSPEC_FUZZ_ASK_AGAIN_H_
#define SOCKSPEC_FUZZ_ASK_AGAIN_H_

#include <string>

#include "fuzz/finding.h"

namespace sockspec {

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
  std::string image;     // of uml and gvisor, where it was named: the kernel's file
  std::string platform;  // of gvisor, where it was named
  std::string library;   // of kPreload: its file
};

AskAgain AskAgainOf(const Finding& finding);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_ASK_AGAIN_H_
