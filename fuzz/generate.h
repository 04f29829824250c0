// Generation: random programs that reach states worth testing.
//
//     Generator generator(profile);
//     Random random(seed);
//     const Program& program = generator.Next(random);
//
// It keeps an oracle and steps it as it generates, so it knows which sockets live, where they are
// and which ports are in use; the run of the program never sees it. Each program draws its own
// weights (swarm): some programs know only three calls, some love bad arguments, some never look. A
// program is made of scenarios (a few calls that lead somewhere: a full accept queue, a
// simultaneous open) and of free calls around and between them. Calls that may block or that the
// model cannot follow are left out.
#ifndef SOCKSPEC_FUZZ_GENERATE_H_
#define SOCKSPEC_FUZZ_GENERATE_H_

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>

#include "model/clause.h"
#include "model/oracle.h"
#include "model/profile.h"
#include "model/program/program.h"
#include "model/program/random.h"
#include "sut/kernel.h"

namespace sockspec {

struct GenerateOptions {
  int most_calls = 40;       // a scenario that was begun is finished all the same, up to kMaxCalls
  bool looks = true;         // about one call in eight, and up to two at the end
  bool blocking = true;      // one program in 2000 may hold calls that may block
  KindSet sockets = kAnything;  // which kinds of socket programs make
  bool environments = true;  // one program in 50 wants few descriptors or few ephemeral ports,
  bool nobody = true;        // or no capabilities

  // What the kernel does not have (Kernel::Lacks): such calls are left out, and `left_out` hears of each. Empty: it
  // has all.
  std::function<std::string_view(const Call&)> lacks;
  std::function<void(std::string_view)> left_out;
};

// `options` for what `kernel` has: kinds of socket, environments, and calls. The kernel outlives them.
GenerateOptions ForKernel(GenerateOptions options, const Kernel& kernel);

class Generator {
 public:
  explicit Generator(const Profile& profile, const GenerateOptions& options = {});

  // A program of about eight calls. The same state of `random` gives the same program. What comes
  // back is overwritten by the next call.
  const Program& Next(Random& random);

  // One scenario and nothing else, for mutation.
  const Program& Scenario(Random& random);

 private:
  Oracle oracle_;
  GenerateOptions options_;
  Program program_;
};

// The seed of program `index` of the campaign with `seed`: programs are the same however many
// workers share them.
uint64_t ProgramSeed(uint64_t seed, uint64_t index);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_GENERATE_H_
