// What the libFuzzer targets share: bytes as programs, in lockstep, in the words that libFuzzer and
// the services that run it understand (ClusterFuzz, OSS-Fuzz).
//
//     static FuzzTarget target(MakeMyKernel(), profile);
//     extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
//       target.Test(data, size);
//       return 0;
//     }
//
// A divergence ends the process by abort(), once it has come again in two fresh namespaces. Before
// that it is named, for services that tell bugs apart by their first lines, and for
// `-minimize_crash=1` by DEDUP_TOKEN. With `-minimize_crash=1` the engine's own search is not used:
// the mutator hands out what Minimize() found.
#ifndef SOCKSPEC_FUZZ_FUZZ_TARGET_H_
#define SOCKSPEC_FUZZ_FUZZ_TARGET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fuzz/generate.h"
#include "fuzz/lockstep.h"
#include "model/clause.h"
#include "model/oracle.h"
#include "model/profile.h"
#include "model/program/program.h"
#include "sut/kernel.h"

namespace sockspec {

class FuzzTarget {
 public:
  // Of programs, those calls that make sockets of other kinds than `sockets` are left out.
  FuzzTarget(std::unique_ptr<Kernel> kernel, const Profile& profile, KindSet sockets = kAnything);

  // One input. Calls that may block or that the model cannot follow end its program: it is as
  // quick, and its verdict the same, every time.
  void Test(const uint8_t* data, size_t size);

  // LLVMFuzzerCustomMutator: the new size, 1 … max_size.
  size_t Mutate(uint8_t* data, size_t size, size_t max_size, unsigned seed);

  // LLVMFuzzerCustomCrossOver.
  size_t Cross(const uint8_t* first, size_t first_size, const uint8_t* second, size_t second_size,
               uint8_t* out, size_t max_size, unsigned seed);

  // `-minimize_crash_internal_step=1` was among the arguments: this process is there to make one
  // input smaller. The key of the first input is held fixed.
  void MinimizeOnly() { minimize_only_ = true; }

 private:
  Program Decoded(const uint8_t* data, size_t size);
  void Feed(const Program& program, const Run& run);
  std::string KeyThatStays(const Program& program);
  void GiveBack(const Environment& env);
  size_t Smaller(uint8_t* data, size_t size, size_t max_size);

  std::unique_ptr<Kernel> kernel_;
  KindSet sockets_;
  Lockstep lockstep_;
  Oracle oracle_;
  Generator generator_;
  bool minimize_only_ = false;
  std::string locked_key_;  // of MinimizeOnly: the only one that counts
};

// Ten capital letters that stand for `key`: services mask digits, and cut lines short.
std::string LettersOf(const std::string& key);

// A program's bytes, of at most `most`: calls are left out from the end until it fits. Empty where
// not even an empty program does.
std::vector<uint8_t> EncodedWithin(Program program, size_t most);

// Whether libFuzzer's arguments ask for one step of `-minimize_crash=1`.
bool AsksForMinimizeStep(int argc, char** argv);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_FUZZ_TARGET_H_
