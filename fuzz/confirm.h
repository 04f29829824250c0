// Confirmation: how surely a divergence comes again.
//
//     Confirmation c = Confirm(lockstep, minimal, key, {.before = ring.Programs()});
//     if (c.verdict == Confirmed::kYes) …
//
// Five runs, each in a fresh namespace, and five more with delays before the calls while another
// process keeps a processor busy. All: confirmed. Some: unstable. None: once more after the
// programs that ran before it in the namespace where it arose; if it comes then, it is
// contaminated.
#ifndef SOCKSPEC_FUZZ_CONFIRM_H_
#define SOCKSPEC_FUZZ_CONFIRM_H_

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/finding.h"
#include "fuzz/lockstep.h"
#include "model/program/program.h"

namespace sockspec {

enum class Confirmed : uint8_t {
  kYes,           // every run diverged
  kUnstable,      // some did
  kContaminated,  // none, but those that ran other programs first
  kGone,          // none at all
};
std::string_view ConfirmedName(Confirmed confirmed);  // "confirmed", "unstable", …

struct Confirmation {
  Confirmed verdict = Confirmed::kGone;
  Rate quiet;  // runs that were discarded count for neither
  Rate disturbed;
  std::string what_varied;      // of an unstable one: the first reply that two runs differ in
  std::vector<Program> before;  // of a contaminated one: what has to run before it, in order
  Trouble trouble;              // not empty: the kernel could not be had in the midst of it
};

struct ConfirmOptions {
  int quiet = 5;
  int disturbed = 5;
  bool load = true;             // keep a processor busy during the disturbed runs
  unsigned seed = 1;            // of the disturbances
  std::vector<Program> before;  // what ran in the namespace before it, in order
  std::function<void(const Rate& quiet, const Rate& disturbed)> progress;  // after every run
};

// Whether the first divergence of a run has `key`: a later one might follow from the first alone.
bool Shows(const Run& run, std::string_view key);

Confirmation Confirm(Lockstep& lockstep, const Program& program, std::string_view key,
                     const ConfirmOptions& options = {});

// The last programs of a namespace, in the order in which they ran. Their room is used again.
class Ring {
 public:
  explicit Ring(size_t size) : programs_(size) {}
  void Push(const Program& program);
  std::vector<Program> Programs() const;

 private:
  std::vector<Program> programs_;
  size_t next_ = 0;
  size_t count_ = 0;
};

// A child process that keeps one processor busy for as long as this lives. It ends with its parent,
// too.
class Load {
 public:
  Load();
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

 private:
  pid_t child_ = -1;  // -1: there could be none
};

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_CONFIRM_H_
