// A campaign's corpus: for each feature (features.h) the smallest program that reached it.
//
// The parent alone owns it. Workers offer programs through a ring that each has for itself; the parent
// takes those that reach something new, or the same with fewer calls, and puts them where all workers
// can read them, and into DIR/corpus.packed. So it is merged all the time: a program that is the smallest for
// nothing any more is dropped, and there are never more programs than features. Where it is full, one comes in that
// takes the place of another, or reaches a clause for the first time. A worker may be killed
// between any two instructions; what it was writing then is not seen.
//
// Not by libFuzzer's merge: that takes coverage of code, which the command is built without, wants one
// process and one pass over all files, and counts size in bytes. What is kept is the same: its rule,
// with features of the model and size in calls.
//
// DIR/corpus.packed (packed_corpus.h) is what the next campaign goes on with. A file for each program costs a hundred
// times as much, and a campaign of seconds would spend more on files than on programs. DIR/corpus has them all the same,
// in the byte form, for the libFuzzer targets, which take it as it is: written slowly, or by ExportCorpus(). What they
// add there is measured and merged when the next campaign starts.
#ifndef SOCKSPEC_FUZZ_CAMPAIGN_CORPUS_H_
#define SOCKSPEC_FUZZ_CAMPAIGN_CORPUS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "fuzz/campaign_shared.h"
#include "fuzz/packed_corpus.h"
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

  // Reads what is there, for workers to measure. Programs that make sockets of other kinds than `sockets` are left
  // alone, and so are files that do not fit.
  Trouble Load(KindSet sockets);

  // Takes what a worker offers. `taken` hears of each that is wanted.
  void Take(CandidateRing& ring, const std::function<void(const Candidate&)>& taken = {});
  void Take(const Candidate& candidate);

  // In place of Load(): these programs, the first `to_measure` of which workers are to measure.
  void Begin(const std::vector<std::vector<uint8_t>>& programs, size_t to_measure);

  // Packs what is new and what was dropped since the last time. What came and went in between costs nothing.
  Trouble Flush();

  // Makes DIR/corpus more like what it is to be, by so many files at most.
  Trouble Export(int files);

  int size() const { return static_cast<int>(slot_of_.size()); }
  int pairs() const { return pairs_; }  // how many features are one clause after another
  bool is_full() const { return size() >= kMostEntries - kEntriesForClauses; }

 private:
  struct Slot {
    uint64_t name = 0;  // 0: free
    int features = 0;   // of which it is the smallest
    bool packed = false;
    bool exported = false;
  };
  struct Dropped {
    uint64_t name;
    size_t bytes;
  };
  // A slot with these bytes; -1 where there is none left, or it has one already.
  int Add(uint64_t name, std::span<const uint8_t> bytes);
  bool MakeRoom(const Candidate& candidate);
  Trouble LoadFiles(KindSet sockets, const std::unordered_set<uint64_t>& given_up);
  void Put(int slot, std::span<const uint8_t> bytes);
  void Drop(int slot);
  int FreeSlot();
  std::span<const uint8_t> BytesOf(int slot) const;

  CorpusShared& shared_;
  const std::string directory_;  // of the files; empty: none
  PackedCorpus packed_;
  std::vector<Slot> slots_;
  std::vector<int> free_;
  std::vector<int> unpacked_;          // slots that Flush() has to pack, if they are not free again
  std::vector<Dropped> dropped_;       // programs whose end it has to pack
  std::deque<int> not_exported_;       // the same of Export(): slots,
  std::vector<uint64_t> files_to_remove_;  // and files
  std::vector<std::string> foreign_;       // files that became ours
  std::unordered_map<uint64_t, int> slot_of_;  // by name
  std::vector<int32_t> owner_;                 // of a feature: the slot; -1: none
  int pairs_ = 0;
};

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_CAMPAIGN_CORPUS_H_
