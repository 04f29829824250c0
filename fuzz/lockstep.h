// Lockstep: program, kernel and model side by side until they part.
//
//     Lockstep lockstep(kernel, profile);
//     const Run& run = lockstep.Play(program);
//     if (run.diverged()) Print(run.divergences[0].key);
//
// It has no opinion of its own: the oracle judges, the kernel answers. Nor does it repeat, confirm
// or minimize anything; confirm.h and minimize.h do.
#ifndef SOCKSPEC_FUZZ_LOCKSTEP_H_
#define SOCKSPEC_FUZZ_LOCKSTEP_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/oracle.h"
#include "model/program/program.h"
#include "sut/kernel.h"

namespace sockspec {

// What of a reply differs.
enum class Differs : uint8_t {
  kErrno,   // an errno where another reply was expected
  kValue,   // the value, or success where a refusal was expected
  kEffect,  // something written through a pointer
  kBlocks,  // it blocked and must not, or must and did not
};

// How `actual` differs from the reply that was expected, the weightiest first: blocking, errno,
// value, effect. Two equal replies differ by effect.
Differs HowDiffers(const Reply& expected, const Reply& actual);

// Names a divergence: kernel family, call, type and family of the socket, the clause that was
// expected, what differs and what came back. No handles, ports or other clauses: adding a clause
// renames no finding.
//     linux.listen.stream.inet.listen.unbound_refused.value.0
// Of poll's events only those that differ are told, counts and sizes that depend on the arguments
// as `less`, `more` or `some`, so that a simpler argument keeps the key. Lower case but for errnos;
// letters, digits, '.', '_' and '-' only: it names a directory.
std::string KeyOf(const std::string& kernel_family, const Call& call, const World& before,
                  const Clause* expected, const Reply& expected_reply, const Reply& actual);

// One place where kernel and model parted.
struct Divergence {
  int index = 0;  // of the call in the program
  std::string key;
  const Clause* expected = nullptr;  // the clause that decides
  std::vector<Allowed> allowed;      // all that would have been right
  Reply actual;
  Differs differs = Differs::kErrno;
  World before;  // where the sockets stood
};

// How the specification decided one call.
struct Seen {
  const Clause* clause =
      nullptr;                   // that allowed the reply; nullptr: it diverged, or is unspecified
  uint8_t allowed = 0;           // how many replies were allowed; 0: none, or any
  Phase phase = Phase::kClosed;  // of the call's socket before it; kClosed where it had none
  Phase after = Phase::kClosed;  // … and after it; of what socket() and socketpair() made
};

// What one program came to.
struct Run {
  std::vector<Reply> replies;           // as many as calls were made
  std::vector<Seen> seen;               // per call, as long as `replies`
  std::vector<Divergence> divergences;  // in order; the second and later ones after resynchronising
  // Left what the model can follow (divergences from before stand), or took too long (none do).
  bool discarded = false;
  std::string why_discarded;
  // Of a discarded one: what the kernel does not have and the next call asks for (Kernel::Lacks); empty otherwise.
  std::string_view lacks;
  Trouble trouble;      // not empty: the kernel could not be had, and nothing was judged
  int unspecified = 0;  // calls on which the profile says nothing
  int worlds = 1;       // the largest set of worlds
  bool diverged() const { return !divergences.empty(); }
};

// A program that takes longer, outside calls that blocked, may have met a timer of the kernel's
// that the model takes to be far away, such as a retransmission: it is discarded.
inline constexpr int kLongestProgramMilliseconds = 500;
// A SYN that nobody answered is sent again after a second, whether or not a call waits meanwhile.
inline constexpr int kLongestWithWaitsMilliseconds = 900;
inline constexpr int kLongestPatientMilliseconds = 9000;  // env: patience=2s

class Lockstep {
 public:
  // `kernel` outlives the lockstep and is nobody else's meanwhile.
  Lockstep(Kernel& kernel, const Profile& profile);

  // Runs `program` in a fresh world of the kernel. What comes back is overwritten by the next Play.
  // On the path where everything conforms nothing is allocated.
  const Run& Play(const Program& program);

  // The same in a namespace that no program has used.
  const Run& PlayFresh(const Program& program);

  Kernel& kernel() { return kernel_; }
  const Profile& profile() const { return oracle_.profile(); }

 private:
  const Run& PlayOn(const Program& program, Trouble trouble);
  void Lacking(std::string_view what);
  void Diverged(int index, const Call& call, const Reply& reply);

  Kernel& kernel_;
  Oracle oracle_;
  std::string family_;
  Run run_;
};

// The socket that a call's descriptor leads to, or nullptr.
const Socket* SocketOf(const World& world, const Call& call);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_LOCKSTEP_H_
