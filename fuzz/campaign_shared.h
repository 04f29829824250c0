// What the processes of a campaign share: memory in which workers count, and the keys that they met.
//
// Everything here has one writer, or is claimed by compare-exchange. A worker may be killed between
// any two instructions; nothing here can be left locked.
#ifndef SOCKSPEC_FUZZ_CAMPAIGN_SHARED_H_
#define SOCKSPEC_FUZZ_CAMPAIGN_SHARED_H_

#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>
#include <vector>

#include "fuzz/campaign_files.h"
#include "model/program/call.h"
#include "model/program/program.h"
#include "model/world.h"

namespace sockspec {

inline constexpr int kMostClauses = 1024;
inline constexpr int kMostKeys = 4096;
inline constexpr int kKeySize = 200;

// A counter with one writer: cheaper than an atomic addition.
class Counter {
 public:
  void Add(uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void Max(uint64_t n) {
    if (n > value_.load(std::memory_order_relaxed)) value_.store(n, std::memory_order_relaxed);
  }
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

enum class KeyStage : int {
  kEmpty,
  kNaming,   // somebody is writing `key`
  kNew,      // nobody works it out; it may be pending on disk
  kClaimed,  // by `owner`
  kStored,
  kKnown,    // a known deviation
  kGone,     // never came again
  kGivenUp,  // stays pending
};

struct KeyEntry {
  // A KeyStage, and above it the process that claimed it: in one word, so that nobody dies between.
  std::atomic<uint64_t> stage{static_cast<uint64_t>(KeyStage::kEmpty)};
  std::atomic<int> attempts{0};  // at working it out; more than one: a worker died over it
  std::atomic<int> chances{0};   // that a less than sure one got to show itself again
  std::atomic<uint64_t> count{0};
  std::atomic<bool> fresh{false};  // stored by this run
  std::atomic<bool> fixed{false};  // stored by an earlier run, and did not come when it was tried again
  std::atomic<bool> safe{false};   // what showed it in this run is on disk: it may be told
  std::atomic<int> kind{0};
  std::atomic<int> quiet_hits{0}, quiet_runs{0}, disturbed_hits{0}, disturbed_runs{0};
  std::atomic<int> calls{0};
  char key[kKeySize] = {};

  bool IsCalled(std::string_view name) const { return name.substr(0, kKeySize - 1) == key; }
  KeyStage at() const { return static_cast<KeyStage>(stage.load(std::memory_order_acquire) & 0xff); }
  pid_t owner() const { return static_cast<pid_t>(stage.load(std::memory_order_acquire) >> 8); }
  void Set(KeyStage to) { stage.store(static_cast<uint64_t>(to), std::memory_order_release); }
  bool Claim(KeyStage from) {
    uint64_t expected = static_cast<uint64_t>(from);
    const uint64_t claimed = static_cast<uint64_t>(KeyStage::kClaimed) |
                             static_cast<uint64_t>(getpid()) << 8;
    if (!stage.compare_exchange_strong(expected, claimed)) return false;
    attempts.store(from == KeyStage::kNew ? attempts.load() + 1 : 1);
    return true;
  }
};

// The program that a worker runs, for whoever has to find out why it died.
struct Running {
  std::atomic<int> size{0};  // 0: none, or it is being written
  std::atomic<uint64_t> seed{0};  // that gives it again; 0: none does
  Environment env;
  Call calls[kMaxCalls];

  void Set(const Program& program, uint64_t its_seed) {
    size.store(0, std::memory_order_relaxed);
    seed.store(its_seed, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    env = program.env;
    std::copy(program.calls.begin(), program.calls.end(), calls);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    size.store(static_cast<int>(program.calls.size()), std::memory_order_relaxed);
  }
  Program Get() const {
    const int n = size.load(std::memory_order_relaxed);
    return {.env = env, .calls = std::vector<Call>(calls, calls + n)};
  }
};

struct Allowance {
  Counter calls;
  Counter allowed;
};

// ------------------------------------------------------------------------------ The corpus

// On Linux, seven minutes of one worker reach 47,000 features and keep 44,000 programs. All of them take 16 MiB, and
// what the parent knows of them 8 more: a campaign's memory grows to that, and no further.
inline constexpr int kMostEntries = 1 << 16;
// Entries that are kept for programs that reach a clause for the first time, when all others are taken.
inline constexpr int kEntriesForClauses = 1 << 10;
inline constexpr size_t kEntryBytes = 248;  // the corpus's programs take 51 on average, 3 in 1000 of them more than this
inline constexpr int kMostFeatures = 2 * kMaxCalls;  // of one program
inline constexpr int kFeatureCount = (kMostClauses + 1) * kMostClauses;

// A program that workers may read while the parent replaces it: `version` is odd while it does.
struct CorpusEntry {
  std::atomic<uint32_t> version{0};
  std::atomic<uint32_t> size{0};  // 0: none
  uint8_t bytes[kEntryBytes];
};

struct CorpusShared {
  std::atomic<int> end{0};      // all entries are before it
  std::atomic<int> old{0};      // those before it are from earlier runs, and to be measured
  std::atomic<int> next_old{0};  // how many of them workers have taken,
  std::atomic<int> first_old{0};  // from this one on and around: another one each time, where not all come to it
  std::atomic<uint16_t> smallest[kFeatureCount];  // calls of the smallest program; 0: none has it
  CorpusEntry entries[kMostEntries];
};

struct Candidate {
  uint32_t size = 0;
  uint16_t calls = 0;
  uint16_t feature_count = 0;
  int features[kMostFeatures];
  uint8_t bytes[kEntryBytes];
};

// One worker writes, the parent reads.
struct CandidateRing {
  static constexpr uint32_t kSize = 64;
  std::atomic<uint32_t> written{0};
  std::atomic<uint32_t> read{0};
  Candidate candidates[kSize];
};

// ---------------------------------------------------------------------------- One worker

// What a worker is at.
enum class Task : int {
  kPlaying,
  kMeasuring,   // programs of the corpus that earlier runs left
  kRechecking,  // findings of earlier runs
  kMinimizing,
  kConfirming,
};

// How far a worker is with a key, of kMinimizing and kConfirming.
struct Progress {
  std::atomic<int> task{static_cast<int>(Task::kPlaying)};
  std::atomic<int> key{-1};     // its place in Shared::keys
  std::atomic<int> calls{0};    // of the smallest program so far
  std::atomic<int> calls_at_first{0};
  std::atomic<int> asked{0};    // candidates tried
  std::atomic<int> hits{0};     // of confirming, runs that showed it
  std::atomic<int> runs{0};
  Task at() const { return static_cast<Task>(task.load(std::memory_order_acquire)); }
  void Set(Task to) { task.store(static_cast<int>(to), std::memory_order_release); }
};

// What the kernel lacks, and how often it was asked for. Its worker writes.
struct LackCount {
  char what[48] = {};
  Counter count;
};
inline constexpr int kMostLacks = 64;

// What a worker counts: one block of plain numbers, which campaign_link.h carries from one kernel into another.
struct WorkerCounts {
  LackCount lacks[kMostLacks];
  Progress progress;
  Counter programs, calls, divergences, followed, discarded, unspecified, worlds;
  Counter measured;  // programs of the corpus, not among `programs`
  Counter mutated;   // of `programs`: made from the corpus
  Counter beats;  // something was done: no beat for long means that it hangs
  std::atomic<uint64_t> from{
      UINT64_MAX};  // the program at which its block goes on; none: UINT64_MAX
  Counter clauses[kMostClauses];
  Allowance refused[kOpCount][kPhaseCount];
  Allowance done[kOpCount][kPhaseCount];
  Counter moves[kOpCount][kPhaseCount][kPhaseCount];  // from phase, to another one
};

// Copies what another process writes or reads meanwhile. Each word is whole; those after one that was written with
// release are at least as new.
template <typename T>
void CopyWords(const T& from, T& to) {
  static_assert(sizeof(T) % sizeof(uint64_t) == 0 && alignof(T) % alignof(uint64_t) == 0);
  auto* source = reinterpret_cast<uint64_t*>(const_cast<T*>(&from));
  auto* target = reinterpret_cast<uint64_t*>(&to);
  for (size_t i = 0; i < sizeof(T) / sizeof(uint64_t); ++i) {
    const uint64_t word = std::atomic_ref(source[i]).load(std::memory_order_acquire);
    std::atomic_ref(target[i]).store(word, std::memory_order_relaxed);
  }
}

struct WorkerShare : WorkerCounts {
  CandidateRing offers;
  Running running;
  std::atomic<bool> again{false};  // `running` was cut off: whoever replaces the worker plays it first
  int announce = -1;  // a file that says what runs; -1: none
  // Of a worker in a kernel of its own: the first program of its next block, and the kernels that died.
  std::atomic<uint64_t> next{0};
  std::atomic<int> kernels_lost{0};
  char trouble[512] = {};

  void CountLack(std::string_view what) {
    what = what.substr(0, sizeof LackCount::what - 1);
    for (LackCount& lack : lacks) {
      if (lack.what[0] == 0) std::copy(what.begin(), what.end(), lack.what);
      if (what != lack.what) continue;
      lack.count.Add(1);
      return;
    }
  }

  // What is run from here on. `seed` gives it again, where it is not 0.
  void About(const Program& program, uint64_t seed = 0) {
    running.Set(program, seed);
    if (announce >= 0) [[unlikely]] {
      Announce(announce, program);
    }
  }
};

// What became of a finding of an earlier run.
enum class Recheck : int { kNotYet, kUnknown, kStillThere, kFixed };

struct Shared {
  std::atomic<bool> stop{false};
  std::atomic<bool> hurry{false};  // somebody waits for the end
  std::atomic<int> next_recheck{0};  // the first old finding that no worker has taken
  std::atomic<int> rechecked[kMostKeys];  // of each a Recheck
  std::atomic<uint64_t> fed{0};  // files of programs that there are for workers in other kernels (campaign_link.h)
  CorpusShared corpus;
  std::atomic<uint64_t> next{0};  // the first program that nobody has taken
  uint64_t stride = 0;            // from one block of programs that is taken to the next
  uint64_t end = UINT64_MAX;      // the first that nobody is to take
  std::atomic<uint64_t> keys_left_out{0};  // divergences whose keys found no more room
  KeyEntry keys[kMostKeys];

  // The entry of `key`, made where it is new; nullptr where there is no more room, which the caller counts. Entries fill up
  // from the front; a key may come to stand twice if two workers meet it in the same moment, which
  // costs a duplicate of work and nothing else.
  KeyEntry* Find(std::string_view key, bool make) {
    key = key.substr(0, kKeySize - 1);
    for (KeyEntry& entry : keys) {
      KeyStage at = entry.at();
      if (at == KeyStage::kEmpty) {
        if (!make) return nullptr;
        uint64_t expected = static_cast<uint64_t>(KeyStage::kEmpty);
        if (!entry.stage.compare_exchange_strong(expected, static_cast<uint64_t>(KeyStage::kNaming))) {
          at = entry.at();
        } else {
          std::copy(key.begin(), key.end(), entry.key);
          entry.Set(KeyStage::kNew);
          return &entry;
        }
      }
      if (at != KeyStage::kNaming && key == entry.key) return &entry;
    }
    return nullptr;
  }
};

// Memory that forked processes share. Its pages are zero until they are used.
template <typename T>
class SharedArray {
 public:
  explicit SharedArray(int n) : size_(sizeof(T) * static_cast<size_t>(n)) {
    void* memory = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    items_ = static_cast<T*>(memory);
    for (int i = 0; i < n; ++i) new (items_ + i) T;
  }
  ~SharedArray() { munmap(items_, size_); }
  SharedArray(const SharedArray&) = delete;
  SharedArray& operator=(const SharedArray&) = delete;
  T& operator[](int i) { return items_[i]; }
  const T& operator[](int i) const { return items_[i]; }

 private:
  size_t size_;
  T* items_;
};

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_CAMPAIGN_SHARED_H_
