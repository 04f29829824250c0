// A campaign's corpus: for each feature (features.h) the smallest program that reached it.
//
// The parent alone owns it. Workers offer programs through a ring that each has for itself; the parent
// takes those that reach something new, or the same with fewer calls, and puts them where all workers
// can read them, and into DIR/corpus. So it is merged all the time: a program that is the smallest for
// nothing any more is dropped, and there are never more programs than features. A worker may be killed
// between any two instructions; what it was writing then is not seen.
//
// Not by libFuzzer's merge: that takes coverage of code, which the command is built without, wants one
// process and one pass over all files, and counts size in bytes. What is kept is the same: its rule,
// with features of the model and size in calls. Files are in the byte form, so the libFuzzer targets
// take DIR/corpus as it is, and what they add there is measured and merged when the campaign starts.
#ifndef SOCKSPEC_FUZZ_CAMPAIGN_CORPUS_H_
#define SOCKSPEC_FUZZ_CAMPAIGN_CORPUS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "fuzz/campaign_shared.h"
#include "model/clause.h"
#include "model/program/program.h"
#include "model/program/random.h"
#include "sut/kernel.h"

namespace sockspec {

// Of Linux held to its own specification; with -SECTION behind it for other kernels, specifications and mutants.
inline constexpr std::string_view kCorpusDirectory = "corpus";
// Where ForEachFeature()'s numbers stand in a table of all features.
inline int ClauseFeature(int clause) { return clause; }
inline int PairFeature(int before, int clause) { return (before + 1) * kMostClauses + clause; }

// ------------------------------------------------------------------------------- What workers do

// Whether a program with so many calls and these features has something to offer.
bool IsWanted(const CorpusShared& corpus, std::span<const int> features, size_t calls);

// False where the ring is full or the program too long: it is lost, and will come again.
bool Offer(CandidateRing& ring, const Program& program, std::span<const int> features);

// One of the programs; nothing where there is none, or one is just being replaced.
std::optional<Program> Pick(const CorpusShared& corpus, Random& random);
std::optional<Program> EntryAt(const CorpusShared& corpus, int index);

// --------------------------------------------------------------------------- What the parent does

class Corpus {
 public:
  // In memory alone where `directory`, the campaign's, is empty.
  Corpus(CorpusShared& shared, const std::string& directory, std::string_view section);

  // Reads DIR/corpus, for workers to measure. Files of programs that make sockets of other kinds than
  // `sockets` are left alone, and so are files that do not fit.
  Trouble Load(KindSet sockets);

  // Takes what a worker offers.
  void Take(CandidateRing& ring);

  // Writes what is new, and removes what was dropped. What came and went in between costs no file.
  Trouble Flush();

  int size() const { return static_cast<int>(slot_of_.size()); }
  int pairs() const { return pairs_; }  // how many features are one clause after another

 private:
  struct Slot {
    std::string name;  // of its file; empty: free
    int features = 0;  // of which it is the smallest
    bool on_disk = false;
  };
  void Accept(const Candidate& candidate);
  Trouble Write(const std::string& name, std::span<const uint8_t> bytes);
  void Put(int slot, std::span<const uint8_t> bytes);
  void Drop(int slot);
  int FreeSlot();
  std::string PathOf(const std::string& name) const;

  CorpusShared& shared_;
  const std::string temporary_;  // outside: what lies in the corpus is whole
  const std::string directory_;  // the corpus itself; empty: none
  std::vector<Slot> slots_;
  std::vector<int> free_;
  std::vector<int> unwritten_;        // slots that Flush() has to write, if they are not free again
  std::vector<std::string> dropped_;  // files that it has to remove
  std::unordered_map<std::string, int> slot_of_;  // by name
  std::unordered_map<int, int> owner_;            // of a feature: the slot
  int pairs_ = 0;
};

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_CAMPAIGN_CORPUS_H_
