// A finding: a confirmed, minimized divergence, and its directory on disk.
//
//     Finding finding = MakeFinding(minimal, run, run.divergences[0], profile, kernel);
//     finding.original = program;
//     finding.quiet = {.hits = 5, .runs = 5};
//     StoreResult stored = StoreFinding("findings", finding);
//     if (stored.trouble.any()) …   // what was found before is still there
//
// A directory of findings has one directory a finding, named by its key:
//
//     findings/linux.listen.….value.0/finding.program   the program, as `sockspec check` reads it
//                                     repro.c           the same for a C compiler and nothing else
//                                     report.txt        for people
//                                     finding.json      everything, as LoadFinding() reads it
#ifndef SOCKSPEC_FUZZ_FINDING_H_
#define SOCKSPEC_FUZZ_FINDING_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/lockstep.h"
#include "model/oracle.h"
#include "model/profile.h"
#include "model/program/packetdrill.h"
#include "model/program/program.h"
#include "sut/kernel.h"

namespace sockspec {

// How sure we are, the surest first.
enum class FindingClass : uint8_t {
  kConfirmed,     // every run diverged
  kUnstable,      // some runs did, some did not
  kContaminated,  // only in the namespace where it arose, after other programs
};
std::string_view FindingClassName(FindingClass c);  // "confirmed"

// How many of how many runs showed the divergence.
struct Rate {
  int hits = 0;
  int runs = 0;
  friend bool operator==(const Rate&, const Rate&) = default;
};

// One reply that would have been right, in words.
struct AllowedText {
  std::string reply;   // "-1 EINVAL"
  std::string clause;  // "listen.port_taken"
  std::string note;    // "any port of the ephemeral range", or empty
  friend bool operator==(const AllowedText&, const AllowedText&) = default;
};

struct Finding {
  std::string key;
  FindingClass kind = FindingClass::kConfirmed;

  // The minimized program with what came back from every call. A clause stands where one allowed
  // the reply.
  Transcript transcript;
  int index = 0;  // of the call that diverges, in transcript.program.calls
  Differs differs = Differs::kErrno;
  std::string expected_clause;       // the clause that decides there, or empty
  std::vector<AllowedText> allowed;  // all that would have been right there, the most usual first
  Reply expected;                    // the first of them
  bool expects_reply = false;  // false: `allowed` is empty, there is no right reply to write down

  Program original;  // as it was generated
  std::vector<Program>
      before;               // of a contaminated one: what ran in the namespace before it, in order
  Rate quiet;               // runs in a fresh namespace
  Rate disturbed;           // … with delays before calls, under load
  std::string what_varied;  // of an unstable one: what differed between two runs
  std::string kernel;       // the family: "linux", "fake"
  std::string option;       // what `sockspec --kernel=` calls it, where that is another word
  std::string release;      // what it says it is: "Linux 6.18.44"
  std::string mutant;       // of the fake kernel: the clause that it lacks; empty elsewhere
  std::string profile;      // Profile::name()
  bool verified = true;     // Profile::verified
  uint64_t seed = 0;        // of the program, ProgramSeed(); 0: no seed gives it again
  std::string made_of;      // what a campaign made it of then: "the corpus"; empty: nobody knows
  std::string first_seen;  // "2026-03-01T12:00:00Z"
  std::string last_seen;
  uint64_t seen = 1;  // how many programs came to this key
  // What the last campaign that looked again said of it: "found", "still there" or "fixed".
  std::string state = "found";
};

// The time as "2026-03-01T12:00:00Z".
std::string TimeNow();

// Where its program came from: "seed 0x2f81", "made of the corpus", or nothing.
std::string OriginWords(uint64_t seed, std::string_view made_of);

// Fills in all that follows from a run of the minimized program: key, transcript, index, differs,
// what was allowed, kernel, profile, and the time as first and last seen.
Finding MakeFinding(const Program& minimal, const Run& run, const Divergence& divergence,
                    const Profile& profile, const Kernel& kernel);

// The transcript with the specification's reply and clause on the line that diverges: what
// finding.program and repro.c expect.
Transcript ExpectedTranscript(const Finding& finding);

// finding.program: ExpectedTranscript() as text, with what came back in a comment under its line.
std::string FindingProgram(const Finding& finding);

// The same as an example of a mistake that `reason` says in a sentence, which stands above it alone.
std::string ExampleProgram(const Finding& finding, std::string_view reason);

// finding.json: everything, as ParseFinding() reads it.
std::string FindingJson(const Finding& finding);

// The same as repro.c, as a GoogleTest (model/program/c.h).
std::string GtestOf(const Finding& finding);

// Or as a packetdrill script; with `problem` where it cannot be one (model/program/packetdrill.h).
PacketdrillScript PacketdrillOf(const Finding& finding);

// "breaks POSIX", "differs from Linux 6.18".
std::string VerdictWords(const Finding& finding);

// Who answered: "Linux 6.18.44", or "Linux 6.18.44 with breaks_replies.so preloaded", where it is not the kernel alone.
std::string KernelWords(const Finding& finding);

struct [[nodiscard]] StoreResult {
  Trouble trouble;      // names the file and the errno; nothing that was stored before is touched
  std::string path;     // of the finding's directory
  bool is_new = false;  // false: the key was there already, and its counts were brought up to date
};

// Writes `finding` below `directory`, which is made where it does not exist. All or nothing, kill
// -9 included: the finding appears under its name with all its files, each synced to the disk, or
// not at all. A key that is there already gets its counts brought up to date, unless what is there
// is less sure (FindingClass) or this one is wanted `instead`: then it is replaced. Several processes may store into one directory.
StoreResult StoreFinding(const std::string& directory, const Finding& finding, bool instead = false);

// Brings `state` (Finding::state) of the finding in `path`, a directory that StoreFinding() made, up
// to date; "still there" was seen now. All or nothing, as StoreFinding().
Trouble StoreState(const std::string& path, std::string_view state);

struct LoadedFinding {
  Finding finding;
  std::string path;     // of its directory
  std::string problem;  // not empty: cannot be read; "…/finding.json:3:14: expected …"
};

// Reads a finding.json. Never crashes, whatever `text` holds; a problem names `file` with line and column.
LoadedFinding ParseFinding(std::string_view text, const std::string& file);

// Reads the finding in `path`, a directory that StoreFinding() made.
LoadedFinding LoadFinding(const std::string& path);

struct LoadedFindings {
  std::vector<LoadedFinding> findings;  // that can be read, by key
  std::vector<LoadedFinding> corrupt;   // that cannot, with `problem`
  Trouble trouble;                      // the directory itself cannot be read
};

// Reads all findings below `directory`. One that cannot be read costs no other.
LoadedFindings LoadFindings(const std::string& directory);

// Goes on in `oracle` as `reply` says, which may come from a text: what a text does not say (a
// descriptor's number, what the kernel may choose) is taken from what the oracle allows. `clause`,
// where not empty, has to be the one that allows it. On kDiverges the oracle stays where it was.
Verdict Follow(Oracle& oracle, const Call& call, const Reply& reply, std::string_view clause = {});

// Whether `actual` is what was `said`, as far as it was said (Reply::wrote).
bool Agrees(const Call& call, const Reply& said, const Reply& actual);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_FINDING_H_
