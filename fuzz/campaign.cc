#include "fuzz/campaign.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <new>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "fmt/format.h"
#include "fuzz/minimize.h"
#include "model/clause.h"
#include "model/program/declarations.h"
#include "model/program/text.h"
#include "nlohmann/json.hpp"

namespace sockspec {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

constexpr int kMostClauses = 1024;
constexpr int kMostKeys = 1024;
constexpr int kKeySize = 200;
constexpr int kBlock = 64;  // programs that a worker takes at a time
constexpr int kRing = 64;   // programs that are remembered of a namespace
// How long after the end a finding may still be made smaller, and how long a worker may live.
constexpr auto kGraceOfMinimizing = std::chrono::seconds(5);
constexpr auto kGraceOfWorkers = std::chrono::seconds(20);
constexpr int kExitTrouble = 3;   // a worker's: see WorkerShare::trouble
constexpr int kMostChances = 20;  // see DeservesAnother()
constexpr int kMostAttempts = 3;  // at working out a pending finding whose worker died over it
constexpr std::string_view kPending = ".pending";
constexpr std::string_view kGone = ".gone";        // what was pending and never came again
constexpr std::string_view kCrashes = ".crashes";  // programs that kill the process that runs them
constexpr std::string_view kState = "campaign.json";

// ------------------------------------------------------------------------------------- Shared
// memory Everything here has one writer, or is claimed by compare-exchange. A worker may be killed
// between any two instructions; nothing here can be left locked.

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
  std::atomic<int> stage{static_cast<int>(KeyStage::kEmpty)};
  std::atomic<pid_t> owner{0};
  std::atomic<int> attempts{0};  // at working it out; more than one: a worker died over it
  std::atomic<int> chances{0};   // that a less than sure one got to show itself again
  std::atomic<uint64_t> count{0};
  std::atomic<bool> fresh{false};  // stored by this run
  std::atomic<int> kind{0};
  std::atomic<int> quiet_hits{0}, quiet_runs{0}, disturbed_hits{0}, disturbed_runs{0};
  std::atomic<int> calls{0};
  char key[kKeySize] = {};

  KeyStage at() const { return static_cast<KeyStage>(stage.load(std::memory_order_acquire)); }
  void Set(KeyStage to) { stage.store(static_cast<int>(to), std::memory_order_release); }
  bool Claim(KeyStage from) {
    int expected = static_cast<int>(from);
    if (!stage.compare_exchange_strong(expected, static_cast<int>(KeyStage::kClaimed)))
      return false;
    owner.store(getpid());
    attempts.store(from == KeyStage::kNew ? attempts.load() + 1 : 1);
    return true;
  }
};

// The program that a worker runs, for whoever has to find out why it died.
struct Running {
  std::atomic<int> size{0};  // 0: none, or it is being written
  Environment env;
  Call calls[kMaxCalls];

  void Set(const Program& program) {
    size.store(0, std::memory_order_relaxed);
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

struct WorkerShare {
  Counter programs, calls, divergences, followed, discarded, unspecified, worlds;
  Counter beats;  // something was done: no beat for long means that it hangs
  std::atomic<uint64_t> from{
      UINT64_MAX};  // the program at which its block goes on; none: UINT64_MAX
  Counter clauses[kMostClauses];
  Allowance refused[kOpCount][kPhaseCount];
  Allowance done[kOpCount][kPhaseCount];
  Running running;
  char trouble[512] = {};
};

struct Shared {
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> next{0};  // the first program that nobody has taken
  KeyEntry keys[kMostKeys];

  // The entry of `key`, made where it is new; nullptr where there is no more room. Entries fill up
  // from the front; a key may come to stand twice if two workers meet it in the same moment, which
  // costs a duplicate of work and nothing else.
  KeyEntry* Find(std::string_view key, bool make) {
    key = key.substr(0, kKeySize - 1);
    for (KeyEntry& entry : keys) {
      KeyStage at = entry.at();
      if (at == KeyStage::kEmpty) {
        if (!make) return nullptr;
        int expected = static_cast<int>(KeyStage::kEmpty);
        if (!entry.stage.compare_exchange_strong(expected, static_cast<int>(KeyStage::kNaming))) {
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

 private:
  size_t size_;
  T* items_;
};

// ---------------------------------------------------------------------------------------------
// Files

Trouble Cannot(std::string_view what, const std::string& path) {
  return {fmt::format("cannot {} {}: {}", what, path, strerror(errno))};
}

// All or nothing: the file has its new contents, or is as it was.
Trouble WriteWhole(const std::string& path, std::string_view contents) {
  const std::string temporary = fmt::format("{}.{}", path, getpid());
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return Cannot("create", temporary);
  Trouble trouble;
  while (!contents.empty() && !trouble.any()) {
    const ssize_t n = write(fd, contents.data(), contents.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      trouble = Cannot("write", temporary);
    } else {
      contents.remove_prefix(static_cast<size_t>(n));
    }
  }
  if (!trouble.any() && fsync(fd) != 0) trouble = Cannot("sync", temporary);
  close(fd);
  if (!trouble.any() && rename(temporary.c_str(), path.c_str()) != 0) {
    trouble = Cannot("rename to", path);
  }
  if (trouble.any()) unlink(temporary.c_str());
  return trouble;
}

std::optional<std::string> ReadWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream contents;
  contents << file.rdbuf();
  return std::move(contents).str();
}

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

Trouble MakeDirectory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return {fmt::format("cannot make the directory {}: {}", path, error.message())};
  return {};
}

// -------------------------------------------------------------------------------------------
// Pending

// A divergence as it was generated, until it is worked out. On disk, so that no kill loses it.
struct Pending {
  std::string key;
  uint64_t seed = 0;
  Program program;
};

std::string PendingPath(const std::string& directory, const std::string& key) {
  return fmt::format("{}/{}/{}.program", directory, kPending, key);
}

Trouble WritePending(const std::string& directory, const Pending& pending) {
  Transcript transcript{.comments = {pending.key, fmt::format("seed {:#x}", pending.seed)},
                        .program = pending.program};
  transcript.said.resize(pending.program.calls.size());
  return WriteWhole(PendingPath(directory, pending.key), PrintText(transcript));
}

// What earlier runs left. A file that is no program any more stays where it is.
std::vector<Pending> ReadPending(const std::string& directory) {
  std::vector<Pending> all;
  std::error_code error;
  std::filesystem::directory_iterator entry(directory + "/" + std::string(kPending), error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string path = entry->path().string();
    if (!path.ends_with(".program")) continue;
    const std::optional<std::string> text = ReadWhole(path);
    if (!text) continue;
    ParsedText parsed = ParseText(*text, path);
    if (!parsed.ok() || parsed.transcript.program.calls.empty()) continue;
    Pending pending{.key = entry->path().stem().string(),
                    .program = std::move(parsed.transcript.program)};
    for (const std::string& comment : parsed.transcript.comments) {
      if (comment.starts_with("seed ")) pending.seed = strtoull(comment.c_str() + 5, nullptr, 16);
    }
    all.push_back(std::move(pending));
  }
  std::sort(all.begin(), all.end(),
            [](const Pending& a, const Pending& b) { return a.key < b.key; });
  return all;
}

// --------------------------------------------------------------------------------------------
// Worker

// Ends with its parent, also where that is killed.
void EndWithParent(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
}

class Worker {
 public:
  Worker(const CampaignOptions& options, uint64_t seed, Shared& shared, WorkerShare& share,
         Kernel& kernel)
      : options_(options),
        seed_(seed),
        shared_(shared),
        share_(share),
        lockstep_(kernel, options.profile),
        generator_(options.profile, options.generate),
        ring_(kRing) {
    for (const Clause* clause : AllClauses()) Number(clause) = ClauseNumber(clause);
  }

  // The worker's whole life, from the end of the one it replaces on.
  void Run() {
    for (const Pending& pending :
         options_.directory.empty() ? std::vector<Pending>() : ReadPending(options_.directory)) {
      if (Stopped()) return;
      KeyEntry* entry = shared_.Find(pending.key, true);
      if (entry == nullptr) continue;
      if (entry->at() == KeyStage::kNew && options_.known && options_.known(pending.key)) {
        entry->Set(KeyStage::kKnown);
      }
      if (entry->at() == KeyStage::kStored || entry->at() == KeyStage::kKnown) {
        unlink(PendingPath(options_.directory, pending.key).c_str());
      } else if (entry->Claim(KeyStage::kNew)) {
        WorkOut(pending, nullptr, *entry);
      }
    }
    while (!Stopped()) {
      // A worker that was replaced leaves the rest of its block.
      uint64_t from = share_.from.load();
      if (from % kBlock == 0 || from == UINT64_MAX) from = shared_.next.fetch_add(kBlock);
      for (; !Stopped(); ++from) {
        if (options_.programs != 0 && from >= options_.programs) {
          share_.from.store(options_.programs);
          return;
        }
        // The next one, so that a replacement does not die of the same program.
        share_.from.store(from + 1);
        OneProgram(from);
        if ((from + 1) % kBlock == 0) break;
      }
    }
  }

 private:
  bool Stopped() const { return shared_.stop.load(std::memory_order_relaxed); }

  // Whether it was stopped so long ago; from when this worker first noticed.
  bool StoppedFor(std::chrono::milliseconds time) {
    if (!Stopped()) return false;
    if (!stopped_at_) stopped_at_ = Clock::now();
    return Clock::now() - *stopped_at_ >= time;
  }

  void OneProgram(uint64_t index) {
    const uint64_t seed = ProgramSeed(seed_, index);
    Random random(seed);
    const Program& program = generator_.Next(random);
    share_.running.Set(program);
    const sockspec::Run& run = lockstep_.Play(program);
    if (run.trouble.any()) GiveUp(run.trouble);
    Count(program, run);
    if (run.diverged()) Diverged(program, seed, run);
    ring_.Push(program);
  }

  // ClauseNumber() for the hot path: a table hashed by address.
  int& Number(const Clause* clause) {
    size_t at = (reinterpret_cast<uintptr_t>(clause) / sizeof(Clause)) % kSlots;
    while (numbers_[at].clause != nullptr && numbers_[at].clause != clause) at = (at + 1) % kSlots;
    numbers_[at].clause = clause;
    return numbers_[at].number;
  }

  void Count(const Program& program, const sockspec::Run& run) {
    share_.beats.Add(1);
    share_.programs.Add(1);
    share_.calls.Add(run.replies.size());
    share_.worlds.Max(static_cast<uint64_t>(run.worlds));
    if (run.discarded) share_.discarded.Add(1);
    if (run.unspecified != 0) share_.unspecified.Add(static_cast<uint64_t>(run.unspecified));
    for (size_t i = 0; i < run.seen.size(); ++i) {
      const Seen& seen = run.seen[i];
      if (seen.clause == nullptr) continue;
      share_.clauses[Number(seen.clause)].Add(1);
      const auto op = static_cast<int>(program.calls[i].op);
      const bool refused = seen.clause->error != 0 && !seen.clause->outcome;
      Allowance& allowance =
          (refused ? share_.refused : share_.done)[op][static_cast<int>(seen.phase)];
      allowance.calls.Add(1);
      allowance.allowed.Add(seen.allowed);
    }
  }

  void Diverged(const Program& generated, uint64_t seed, const sockspec::Run& run) {
    share_.divergences.Add(1);
    // The work below plays other programs: keep what this one came to.
    const Program program = generated;
    const sockspec::Run kept = run;
    for (size_t i = 0; i < kept.divergences.size(); ++i) {
      const Divergence& divergence = kept.divergences[i];
      KeyEntry* entry = shared_.Find(divergence.key, true);
      if (entry == nullptr) continue;
      if (i == 0) ++entry->count;
      const KeyStage at = entry->at();
      if (at != KeyStage::kNew && !(i == 0 && DeservesAnother(program, at, *entry))) continue;
      if (options_.known && options_.known(divergence.key)) {
        entry->Set(KeyStage::kKnown);
        continue;
      }
      Pending pending{.key = divergence.key, .seed = seed, .program = program};
      if (i > 0) {
        const std::optional<Program> alone = WithoutTheFirst(program, divergence);
        if (!alone) {
          share_.followed.Add(1);
          continue;
        }
        pending.program = *alone;
      }
      if (!entry->Claim(at)) continue;
      if (!options_.directory.empty()) {
        FreeDescriptors();
        if (Trouble trouble = WritePending(options_.directory, pending); trouble.any()) {
          GiveUp(trouble);
        }
      }
      WorkOut(pending, i == 0 ? &kept : nullptr, *entry);
    }
  }

  // Whether a key that was found and not confirmed is worked out again, for a program that shows it
  // surely.
  bool DeservesAnother(const Program& program, KeyStage at, KeyEntry& entry) {
    const bool unsure =
        at == KeyStage::kGone || (at == KeyStage::kStored &&
                                  entry.kind.load() != static_cast<int>(FindingClass::kConfirmed));
    if (!unsure || entry.chances.fetch_add(1) >= kMostChances) return false;
    return Shows(Fresh(program), entry.key) && Shows(Fresh(program), entry.key);
  }

  // A smaller program whose first divergence is this one, which was a later one's in `program`.
  std::optional<Program> WithoutTheFirst(const Program& program, const Divergence& divergence) {
    int& tries = tries_[divergence.key];
    if (++tries > 3) return std::nullopt;
    Program prefix = program;
    prefix.calls.resize(static_cast<size_t>(divergence.index) + 1);
    int left = 200;
    for (Program& candidate : SimplerNeighbours(prefix)) {
      if (--left < 0) break;
      if (Shows(Fresh(candidate), divergence.key)) return std::move(candidate);
    }
    return std::nullopt;
  }

  // A program may have taken all the descriptors that it let itself have; files need one.
  void FreeDescriptors() {
    if (const Trouble trouble = lockstep_.kernel().Reset({}); trouble.any()) GiveUp(trouble);
  }

  const sockspec::Run& Fresh(const Program& program) {
    share_.beats.Add(1);
    share_.running.Set(program);
    const sockspec::Run& run = lockstep_.PlayFresh(program);
    if (run.trouble.any()) GiveUp(run.trouble);
    return run;
  }

  bool ShowsWithin(const Program& program, const std::string& key, int runs) {
    for (int i = 0; i < runs; ++i) {
      if (Shows(Fresh(program), key)) return true;
    }
    return false;
  }

  // Minimizes, confirms, stores. `seen` is the run that showed it, where there was one in this
  // process.
  void WorkOut(const Pending& pending, const sockspec::Run* seen, KeyEntry& entry) {
    const std::string& key = pending.key;
    // Over this one workers have died before: no more risks than needed.
    const bool careful = entry.attempts.load() > 1;
    int hits = 0;
    for (int i = 0; i < 4; ++i) hits += Shows(Fresh(pending.program), key) ? 1 : 0;

    Program minimal = pending.program;
    if (hits > 0 && !careful) {
      // One that comes and goes gets several chances before a candidate is given up.
      const int chances = hits == 4 ? 1 : 6;
      MinimizeOptions minimize{.deadline = options_.minimizing};
      minimize.stop = [this] { return StoppedFor(kGraceOfMinimizing); };
      const sockspec::Run& run = Fresh(pending.program);
      std::optional<Plausible> plausible;
      if (Shows(run, key)) {
        const Divergence& divergence = run.divergences[0];
        minimize.last_call = divergence.index;
        plausible.emplace(options_.profile, pending.program.calls[divergence.index].op,
                          divergence.expected);
        minimize.plausible = [&](const Program& program) { return (*plausible)(program); };
      }
      const Minimized minimized = Minimize(
          pending.program,
          [&](const Program& program) { return ShowsWithin(program, key, chances); }, minimize);
      if (minimized.kept) minimal = minimized.program;
    }

    ConfirmOptions confirm = options_.confirm;
    confirm.seed = static_cast<unsigned>(pending.seed);
    if (seen != nullptr) confirm.before = ring_.Programs();
    share_.running.Set(minimal);
    Confirmation confirmation = Confirm(lockstep_, minimal, key, confirm);
    if (confirmation.verdict == Confirmed::kGone && minimal != pending.program) {
      // It may have been a chance that minimizing took for a property.
      minimal = pending.program;
      share_.running.Set(minimal);
      confirmation = Confirm(lockstep_, minimal, key, confirm);
    }
    if (confirmation.trouble.any()) GiveUp(confirmation.trouble);
    share_.beats.Add(1);

    std::optional<Finding> finding = FindingOf(minimal, key, confirmation);
    if (!finding) {
      PutAside(pending, seen, confirmation);
      entry.kind.store(static_cast<int>(FindingClass::kUnstable));
      // It may have been stored for another program before.
      entry.Set(Exists(options_.directory + "/" + key) ? KeyStage::kStored : KeyStage::kGone);
      return;
    }
    finding->original = pending.program;
    finding->seed = pending.seed;
    finding->mutant = options_.mutant;
    finding->quiet = confirmation.quiet;
    finding->disturbed = confirmation.disturbed;
    finding->before = confirmation.before;
    finding->what_varied = confirmation.what_varied;
    switch (confirmation.verdict) {
      case Confirmed::kYes:
        finding->kind = FindingClass::kConfirmed;
        break;
      case Confirmed::kContaminated:
        finding->kind = FindingClass::kContaminated;
        break;
      case Confirmed::kUnstable:
      case Confirmed::kGone:
        finding->kind = FindingClass::kUnstable;
        break;
    }
    if (!options_.directory.empty()) {
      FreeDescriptors();
      if (const StoreResult stored = StoreFinding(options_.directory, *finding);
          stored.trouble.any()) {
        GiveUp(stored.trouble);
      }
      unlink(PendingPath(options_.directory, key).c_str());
    }
    entry.kind.store(static_cast<int>(finding->kind));
    entry.quiet_hits = confirmation.quiet.hits;
    entry.quiet_runs = confirmation.quiet.runs;
    entry.disturbed_hits = confirmation.disturbed.hits;
    entry.disturbed_runs = confirmation.disturbed.runs;
    entry.calls.store(static_cast<int>(minimal.calls.size()));
    entry.fresh.store(true);
    entry.Set(KeyStage::kStored);
  }

  // What was seen once and never again is no finding, and is kept all the same: with its replies,
  // where this process saw them.
  void PutAside(const Pending& pending, const sockspec::Run* seen,
                const Confirmation& confirmation) {
    if (options_.directory.empty()) return;
    FreeDescriptors();
    Transcript transcript{
        .comments = {pending.key, fmt::format("seed {:#x}", pending.seed),
                     fmt::format("seen once, and not in {} more runs",
                                 confirmation.quiet.runs + confirmation.disturbed.runs)},
        .program = pending.program};
    transcript.said.resize(pending.program.calls.size());
    for (size_t i = 0; seen != nullptr && i < seen->replies.size(); ++i) {
      transcript.said[i].reply = seen->replies[i];
      if (seen->seen[i].clause != nullptr) transcript.said[i].clause = seen->seen[i].clause->id;
    }
    const std::string gone = fmt::format("{}/{}", options_.directory, kGone);
    Trouble trouble = MakeDirectory(gone);
    if (!trouble.any()) {
      trouble = WriteWhole(fmt::format("{}/{}.program", gone, pending.key), PrintText(transcript));
    }
    if (trouble.any()) GiveUp(trouble);
    unlink(PendingPath(options_.directory, pending.key).c_str());
  }

  // A run that shows it, as a finding; an unstable one may need some. Nothing where it never comes.
  std::optional<Finding> FindingOf(const Program& program, const std::string& key,
                                   const Confirmation& confirmation) {
    if (confirmation.verdict == Confirmed::kGone) return std::nullopt;
    // It has come at least once in ten runs.
    for (int i = 0; i < 500; ++i) {
      bool fresh = true;
      for (const Program& earlier : confirmation.before) {
        fresh ? Fresh(earlier) : lockstep_.Play(earlier);
        fresh = false;
      }
      const sockspec::Run& run = fresh ? Fresh(program) : lockstep_.Play(program);
      if (Shows(run, key)) return Made(program, run);
    }
    return std::nullopt;
  }

  Finding Made(const Program& program, const sockspec::Run& run) {
    return MakeFinding(program, run, run.divergences[0], options_.profile, lockstep_.kernel());
  }

  [[noreturn]] void GiveUp(const Trouble& trouble) {
    snprintf(share_.trouble, sizeof share_.trouble, "%s", trouble.what.c_str());
    _exit(kExitTrouble);
  }

  static constexpr size_t kSlots = 4 * kMostClauses;
  struct Numbered {
    const Clause* clause = nullptr;
    int number = 0;
  };

  const CampaignOptions& options_;
  const uint64_t seed_;
  Shared& shared_;
  WorkerShare& share_;
  Lockstep lockstep_;
  Generator generator_;
  Ring ring_;
  std::optional<Clock::time_point> stopped_at_;
  std::map<std::string, int> tries_;  // at finding a later divergence alone
  std::array<Numbered, kSlots> numbers_;
};

// --------------------------------------------------------------------------------------------
// Parent

volatile sig_atomic_t g_signals = 0;
void OnSignal(int) { g_signals = g_signals + 1; }

// SIGINT and SIGTERM are counted for as long as this lives.
class CountingSignals {
 public:
  CountingSignals() {
    g_signals = 0;
    struct sigaction action = {};
    action.sa_handler = OnSignal;
    sigaction(SIGINT, &action, &old_int_);
    sigaction(SIGTERM, &action, &old_term_);
  }
  ~CountingSignals() {
    sigaction(SIGINT, &old_int_, nullptr);
    sigaction(SIGTERM, &old_term_, nullptr);
  }

 private:
  struct sigaction old_int_, old_term_;
};

std::string Grouped(uint64_t n) {
  std::string digits = std::to_string(n);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) digits.insert(at, ",");
  return digits;
}

class Campaign {
 public:
  explicit Campaign(const CampaignOptions& options)
      : options_(options),
        jobs_(std::max(1, options.jobs)),
        shared_memory_(1),
        shares_(jobs_),
        shared_(shared_memory_[0]),
        children_(jobs_) {}

  CampaignResult Run() {
    if (static_cast<int>(AllClauses().size()) > kMostClauses) {
      result_.trouble.what = "there are more clauses than a campaign can count";
      return result_;
    }
    if (Trouble trouble = Begin(); trouble.any()) {
      result_.trouble = trouble;
      return result_;
    }
    const CountingSignals signals;
    began_ = Clock::now();
    for (int i = 0; i < jobs_; ++i) Start(i);
    Watch();
    result_.counts = Counts();
    result_.interrupted = g_signals != 0;
    Keys();
    if (Trouble trouble = SaveState(); trouble.any()) Fail(std::move(trouble));
    if (!options_.directory.empty()) UpdateStored();
    Summary();
    return result_;
  }

 private:
  struct Child {
    pid_t pid = 0;
    uint64_t programs_at_start = 0;
    int hopeless = 0;  // deaths in a row without a program run
    uint64_t beats = 0;
    Clock::time_point beat_at;
  };

  template <typename... Args>
  void Say(fmt::format_string<Args...> format, Args&&... args) {
    if (options_.out == nullptr) return;
    if (line_width_ > 0) fmt::print(options_.out, "\r\033[K");
    line_width_ = 0;
    fmt::print(options_.out, format, std::forward<Args>(args)...);
    fputc('\n', options_.out);
    fflush(options_.out);
  }

  // --- what stands in the directory
  // ------------------------------------------------------------------

  // Of one kernel, profile and mutant: a directory may hold several campaigns.
  std::string Section() const {
    return options_.profile.name() + (options_.mutant.empty() ? "" : " " + options_.mutant);
  }

  Trouble Begin() {
    if (!options_.directory.empty()) {
      if (Trouble trouble = MakeDirectory(options_.directory); trouble.any()) return trouble;
      if (Trouble trouble = MakeDirectory(options_.directory + "/" + std::string(kPending));
          trouble.any()) {
        return trouble;
      }
      if (const auto text = ReadWhole(StatePath())) {
        state_ = Json::parse(*text, nullptr, false);
        if (!state_.is_object()) {
          return {fmt::format("{} is not what a campaign writes; move it away to begin anew",
                              StatePath())};
        }
      }
    }
    try {
      GoOn(state_.contains(Section()) ? state_[Section()] : Json::object());
    } catch (const Json::exception& problem) {
      return {fmt::format("{} is not what a campaign writes ({}); move it away to begin anew",
                          StatePath(), problem.what())};
    }
    if (!went_on_ && !options_.seed && getrandom(&result_.seed, sizeof result_.seed, 0) < 0) {
      return {fmt::format("getrandom: {}", strerror(errno))};
    }
    Say("seed {:#x}{}", result_.seed,
        went_on_ ? fmt::format(", from program {} on, where {} left off",
                               Grouped(shared_.next.load()), options_.directory)
                 : "");
    // An unwritable directory is told now, not after the first finding.
    return SaveState();
  }

  void GoOn(const Json& section) {
    if (options_.seed) {
      result_.seed = *options_.seed;
    } else if (section.contains("seed")) {
      result_.seed = strtoull(section.value("seed", "0").c_str(), nullptr, 16);
      // Whole blocks are handed out.
      shared_.next.store(section.value("next", uint64_t{0}) / kBlock * kBlock);
      went_on_ = true;
    }
    result_.programs_before = section.value("programs", uint64_t{0});
    result_.calls_before = section.value("calls", uint64_t{0});
    const Json keys = section.value("keys", Json::object());
    for (const auto& [key, known] : keys.items()) {
      // A finding that somebody took away is found again.
      if (!Exists(options_.directory + "/" + key)) continue;
      KeyEntry* entry = shared_.Find(key, true);
      if (entry == nullptr) break;
      entry->kind.store(known.value("class", 0));
      entry->calls.store(known.value("calls", 0));
      entry->Set(KeyStage::kStored);
    }
  }

  std::string StatePath() const { return options_.directory + "/" + std::string(kState); }

  Trouble SaveState() {
    if (options_.directory.empty()) return {};
    const CampaignCounts counts = Counts();
    Json keys = Json::object();
    for (const KeyEntry& entry : shared_.keys) {
      if (entry.at() == KeyStage::kEmpty) break;
      if (entry.at() != KeyStage::kStored) continue;
      keys[entry.key] = {{"class", entry.kind.load()}, {"calls", entry.calls.load()}};
    }
    // Where the first unfinished block goes on: a program may be run twice, but none is left out.
    uint64_t next = shared_.next.load();
    for (int i = 0; i < jobs_; ++i) next = std::min(next, shares_[i].from.load());
    state_[Section()] = {{"seed", fmt::format("{:#x}", result_.seed)},
                         {"next", next},
                         {"programs", result_.programs_before + counts.programs},
                         {"calls", result_.calls_before + counts.calls},
                         {"keys", keys}};
    return WriteWhole(StatePath(),
                      state_.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  }

  // Brings the counts of what was stored up to date.
  void UpdateStored() {
    for (CampaignKey& key : result_.keys) {
      if (key.path.empty()) continue;
      const uint64_t more = key.count - (key.is_new && key.count > 0 ? 1 : 0);
      if (more == 0) continue;
      LoadedFinding loaded = LoadFinding(key.path);
      if (!loaded.problem.empty()) continue;
      loaded.finding.seen = more;
      if (const StoreResult stored = StoreFinding(options_.directory, loaded.finding);
          stored.trouble.any() && !result_.trouble.any()) {
        result_.trouble = stored.trouble;
      }
    }
  }

  // --- workers
  // ---------------------------------------------------------------------------------------

  // Forks a process that runs `body` and ends.
  template <typename Body>
  pid_t Fork(Body body) {
    if (options_.out != nullptr) fflush(options_.out);
    fflush(stdout);
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid != 0) return pid;
    // Ctrl-C goes to the whole group, and so may SIGTERM; what they mean is the parent's to say, who ends us.
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    EndWithParent(parent);
    Trouble trouble;
    const std::unique_ptr<Kernel> kernel = options_.make_kernel(&trouble);
    // Entering a user namespace takes the wish back.
    EndWithParent(parent);
    body(kernel.get(), trouble);
    _exit(0);
  }

  void Start(int i) {
    Child& child = children_[i];
    child.programs_at_start = shares_[i].programs.get();
    child.beats = shares_[i].beats.get();
    child.beat_at = Clock::now();
    shares_[i].running.size.store(0);
    child.pid = Fork([&](Kernel* kernel, const Trouble& trouble) {
      if (kernel == nullptr) {
        snprintf(shares_[i].trouble, sizeof shares_[i].trouble, "%s", trouble.what.c_str());
        _exit(kExitTrouble);
      }
      Worker(options_, result_.seed, shared_, shares_[i], *kernel).Run();
    });
    if (child.pid < 0) {
      child.pid = 0;
      Fail({fmt::format("fork: {}", strerror(errno))});
    }
  }

  void Fail(Trouble trouble) {
    if (!result_.trouble.any()) result_.trouble = std::move(trouble);
    shared_.stop.store(true);
  }

  void Watch() {
    std::optional<Clock::time_point> stopped;
    Clock::time_point line_at = began_;
    Clock::time_point saved_at = began_;
    for (;;) {
      if (Reap() == 0) break;
      const Clock::time_point now = Clock::now();
      if (g_signals > 0 || now - began_ >= options_.duration) shared_.stop.store(true);
      if (options_.calls != 0 && Calls() >= options_.calls) shared_.stop.store(true);
      if (shared_.stop.load() && !stopped) stopped = now;
      if (stopped && (g_signals > 1 || now - *stopped > kGraceOfWorkers)) KillAll();
      KillStuck(now);
      SayFound();
      if (now >= line_at) {
        StatusLine(now);
        line_at = now + (options_.terminal ? std::chrono::milliseconds(500)
                                           : std::chrono::milliseconds(10000));
      }
      if (now - saved_at > std::chrono::seconds(2)) {
        saved_at = now;
        if (Trouble trouble = SaveState(); trouble.any()) Fail(std::move(trouble));
      }
      poll(nullptr, 0, 20);
    }
    SayFound();
  }

  // Takes leave of those that have ended and replaces those that died. How many are left.
  int Reap() {
    int left = 0;
    for (int i = 0; i < jobs_; ++i) {
      Child& child = children_[i];
      if (child.pid == 0) continue;
      int status = 0;
      const pid_t pid = waitpid(child.pid, &status, WNOHANG);
      if (pid == 0) {
        ++left;
        continue;
      }
      const pid_t died = std::exchange(child.pid, 0);
      if (WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;
      Died(i, died, status);
      if (!shared_.stop.load()) {
        Start(i);
        ++left;
      }
    }
    return left;
  }

  void Died(int i, pid_t pid, int status) {
    Child& child = children_[i];
    // What it worked out is free for others again.
    for (KeyEntry& entry : shared_.keys) {
      if (entry.at() == KeyStage::kEmpty) break;
      if (entry.at() == KeyStage::kClaimed && entry.owner.load() == pid) {
        entry.Set(entry.attempts.load() < kMostAttempts ? KeyStage::kNew : KeyStage::kGivenUp);
      }
    }
    child.hopeless = shares_[i].programs.get() == child.programs_at_start ? child.hopeless + 1 : 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == kExitTrouble) {
      const std::string trouble = shares_[i].trouble;
      // The first time it is the machine that lacks something; later it may have been a moment's
      // want.
      if (child.programs_at_start == 0 || child.hopeless > 3) {
        Fail({trouble});
        result_.unavailable = true;
      } else {
        Say("worker {} had to stop: {}; started again", i + 1, trouble);
      }
      return;
    }
    if (killed_all_) return;
    ++result_.deaths;
    const std::string how = WIFSIGNALED(status)
                                ? fmt::format("was killed by signal {}", WTERMSIG(status))
                                : fmt::format("exited with status {}", WEXITSTATUS(status));
    const Program program = shares_[i].running.Get();
    std::string what = "; it was running no program";
    if (!program.calls.empty()) what = "; " + Crash(program, pid, how);
    Say("worker {} (process {}) {} after {} programs{}{}", i + 1, pid, how,
        Grouped(shares_[i].programs.get()), what, shared_.stop.load() ? "" : "; started again");
    if (child.hopeless > 5) Fail({fmt::format("worker {} {} again and again", i + 1, how)});
  }

  // Whether the program that a worker died over kills another process, too; if so, it is kept.
  std::string Crash(const Program& program, pid_t pid, const std::string& how) {
    int deaths = 0;
    for (int i = 0; i < 3; ++i) {
      const pid_t prober = Fork([&](Kernel* kernel, const Trouble&) {
        if (kernel == nullptr) return;
        Lockstep(*kernel, options_.profile).PlayFresh(program);
      });
      if (prober < 0) return "whether it was the program is not known";
      int status = 0;
      while (waitpid(prober, &status, 0) < 0 && errno == EINTR) {
      }
      if (WIFSIGNALED(status)) ++deaths;
    }
    if (deaths == 0) return "the program that it was running does not repeat that";
    // Where nearly every program does it, some examples will do.
    if (options_.directory.empty() || result_.crashes.size() >= 20) {
      return "its program repeats that";
    }
    const std::string crashes = fmt::format("{}/{}", options_.directory, kCrashes);
    const std::string path = fmt::format("{}/crash-{}.program", crashes, pid);
    Transcript transcript{.comments = {fmt::format(
                              "a worker {}; alone, this did the same {} of 3 times", how, deaths)},
                          .program = program};
    transcript.said.resize(program.calls.size());
    Trouble trouble = MakeDirectory(crashes);
    if (!trouble.any()) trouble = WriteWhole(path, PrintText(transcript));
    if (trouble.any()) return "its program repeats that, but " + trouble.what;
    result_.crashes.push_back(path);
    return "its program repeats that, and is kept as " + path;
  }

  void KillAll() {
    killed_all_ = true;
    for (const Child& child : children_) {
      if (child.pid > 0) kill(child.pid, SIGKILL);
    }
  }

  // A worker that does nothing for so long hangs in the kernel, or in a bug of ours.
  void KillStuck(Clock::time_point now) {
    constexpr auto kPatience = std::chrono::seconds(60);
    for (int i = 0; i < jobs_; ++i) {
      Child& child = children_[i];
      const uint64_t beats = shares_[i].beats.get();
      if (beats != child.beats) {
        child.beats = beats;
        child.beat_at = now;
      } else if (child.pid > 0 && now - child.beat_at > kPatience) {
        Say("worker {} (process {}) has done nothing for a minute, and is killed", i + 1,
            child.pid);
        kill(child.pid, SIGKILL);
        child.beat_at = now;
      }
    }
  }

  // --- what people read
  // ------------------------------------------------------------------------------

  uint64_t Calls() {
    uint64_t calls = 0;
    for (int i = 0; i < jobs_; ++i) calls += shares_[i].calls.get();
    return calls;
  }

  CampaignCounts Counts() {
    CampaignCounts counts;
    counts.clauses.resize(AllClauses().size());
    for (int i = 0; i < jobs_; ++i) {
      const WorkerShare& share = shares_[i];
      counts.programs += share.programs.get();
      counts.calls += share.calls.get();
      counts.divergences += share.divergences.get();
      counts.followed += share.followed.get();
      counts.discarded += share.discarded.get();
      counts.unspecified += share.unspecified.get();
      counts.worlds = std::max(counts.worlds, static_cast<int>(share.worlds.get()));
      for (size_t n = 0; n < counts.clauses.size(); ++n)
        counts.clauses[n] += share.clauses[n].get();
      for (int op = 0; op < kOpCount; ++op) {
        for (int phase = 0; phase < kPhaseCount; ++phase) {
          counts.refused[op][phase].calls += share.refused[op][phase].calls.get();
          counts.refused[op][phase].allowed += share.refused[op][phase].allowed.get();
          counts.done[op][phase].calls += share.done[op][phase].calls.get();
          counts.done[op][phase].allowed += share.done[op][phase].allowed.get();
        }
      }
    }
    counts.seconds = std::chrono::duration<double>(Clock::now() - began_).count();
    return counts;
  }

  int ClausesOfProfile() const {
    return static_cast<int>(std::count_if(
        AllClauses().begin(), AllClauses().end(),
        [this](const Clause* clause) { return clause->BelongsTo(options_.profile); }));
  }

  static int Reached(const CampaignCounts& counts) {
    return static_cast<int>(counts.clauses.size() -
                            std::count(counts.clauses.begin(), counts.clauses.end(), 0));
  }

  int FindingCount() const {
    int count = 0;
    for (const KeyEntry& entry : shared_.keys) {
      if (entry.at() == KeyStage::kEmpty) break;
      if (entry.at() == KeyStage::kStored && (entry.fresh.load() || entry.count.load() > 0))
        ++count;
    }
    return count;
  }

  void StatusLine(Clock::time_point now) {
    if (options_.out == nullptr) return;
    const CampaignCounts counts = Counts();
    const double lately = std::chrono::duration<double>(now - line_said_at_).count();
    const double rate = line_said_at_ == Clock::time_point()
                            ? 0
                            : static_cast<double>(counts.calls - line_calls_) / lately;
    line_said_at_ = now;
    line_calls_ = counts.calls;
    const auto left =
        std::chrono::duration_cast<std::chrono::seconds>(options_.duration - (now - began_));
    // What matters most comes first, where a narrow terminal still shows it.
    const std::string line = fmt::format(
        "{}: {} findings, {} programs, {} calls/s, {} of {} clauses, at most {} worlds",
        shared_.stop.load() ? "finishing"
                            : fmt::format("{} s left", std::max<int64_t>(0, left.count())),
        FindingCount(), Grouped(counts.programs), Grouped(static_cast<uint64_t>(rate)),
        Reached(counts), ClausesOfProfile(), counts.worlds);
    if (!options_.terminal) {
      Say("{}", line);
      return;
    }
    // A line that wraps could not be written over.
    winsize size = {};
    const bool known = ioctl(fileno(options_.out), TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
    fmt::print(options_.out, "\r\033[K{}", line.substr(0, known ? size.ws_col - 1u : 79u));
    fflush(options_.out);
    line_width_ = static_cast<int>(line.size());
  }

  static std::string RateWords(const KeyEntry& entry) {
    return fmt::format("{} of {} quiet runs, {} of {} disturbed", entry.quiet_hits.load(),
                       entry.quiet_runs.load(), entry.disturbed_hits.load(),
                       entry.disturbed_runs.load());
  }

  void SayFound() {
    for (int i = 0; i < kMostKeys; ++i) {
      const KeyEntry& entry = shared_.keys[i];
      if (entry.at() == KeyStage::kEmpty) break;
      if (entry.at() == KeyStage::kGivenUp && said_.insert(i).second) {
        Say("could not be worked out: {}", entry.key);
      }
      if (entry.at() == KeyStage::kGone && said_.insert(i).second) {
        Say("seen once, and not when run again: {}", entry.key);
      }
      if (entry.at() != KeyStage::kStored || !entry.fresh.load() || !said_.insert(i).second)
        continue;
      Say("{}: {} ({} calls, {})", FindingClassName(static_cast<FindingClass>(entry.kind.load())),
          entry.key, entry.calls.load(), RateWords(entry));
    }
  }

  void Keys() {
    for (const KeyEntry& entry : shared_.keys) {
      const KeyStage at = entry.at();
      if (at == KeyStage::kEmpty) break;
      const bool fresh = entry.fresh.load();
      // Not met in this run; or only as what follows another divergence.
      if (entry.count.load() == 0 && !fresh && at != KeyStage::kGivenUp && at != KeyStage::kGone &&
          at != KeyStage::kClaimed) {
        continue;
      }
      CampaignKey key{
          .key = entry.key,
          .known = at == KeyStage::kKnown,
          .is_new = fresh,
          .gone = at == KeyStage::kGone,
          .pending = at != KeyStage::kStored && at != KeyStage::kKnown && at != KeyStage::kGone,
          .kind = static_cast<FindingClass>(entry.kind.load()),
          .quiet = {entry.quiet_hits.load(), entry.quiet_runs.load()},
          .disturbed = {entry.disturbed_hits.load(), entry.disturbed_runs.load()},
          .calls = entry.calls.load(),
          .count = entry.count.load()};
      if (at == KeyStage::kStored && !options_.directory.empty()) {
        key.path = options_.directory + "/" + key.key;
      }
      result_.keys.push_back(std::move(key));
    }
    std::stable_sort(result_.keys.begin(), result_.keys.end(),
                     [](const CampaignKey& a, const CampaignKey& b) { return a.count > b.count; });
    result_.clauses_reached = Reached(result_.counts);
    result_.clauses = ClausesOfProfile();
  }

  void Summary() {
    const CampaignCounts& c = result_.counts;
    Say("{} programs, {} calls in {:.0f} s: {} programs/s, {} calls/s", Grouped(c.programs),
        Grouped(c.calls), c.seconds,
        Grouped(
            static_cast<uint64_t>(static_cast<double>(c.programs) / std::max(c.seconds, 0.001))),
        Grouped(static_cast<uint64_t>(static_cast<double>(c.calls) / std::max(c.seconds, 0.001))));
    if (result_.programs_before != 0) {
      Say("with what ran before in {}: {} programs, {} calls", options_.directory,
          Grouped(result_.programs_before + c.programs), Grouped(result_.calls_before + c.calls));
    }
    AllowedCount refused, done;
    for (int op = 0; op < kOpCount; ++op) {
      for (int phase = 0; phase < kPhaseCount; ++phase) {
        refused.calls += c.refused[op][phase].calls;
        refused.allowed += c.refused[op][phase].allowed;
        done.calls += c.done[op][phase].calls;
        done.allowed += c.done[op][phase].allowed;
      }
    }
    Say("{} of {} clauses reached; replies allowed at a call, on average: {:.3f}, and {:.3f} where "
        "it "
        "is refused; at most {} worlds at once",
        result_.clauses_reached, result_.clauses, done.mean(), refused.mean(), c.worlds);
    if (c.discarded != 0) Say("{} programs discarded", Grouped(c.discarded));
    if (c.unspecified != 0)
      Say("{} calls on which {} says nothing", Grouped(c.unspecified), options_.profile.name());
    if (c.followed != 0) {
      Say("{} times a divergence came only after another one", Grouped(c.followed));
    }
    if (result_.deaths != 0) Say("{} times a worker died", result_.deaths);
    for (const std::string& path : result_.crashes) Say("kills the process that runs it: {}", path);
    if (result_.keys.empty() && c.programs != 0) Say("no divergence");
    for (const CampaignKey& key : result_.keys) {
      const std::string times = key.count == 0   ? "behind another one"
                                : key.count == 1 ? "once"
                                                 : Grouped(key.count) + " times";
      if (key.known) {
        Say("known deviation, {}: {}", times, key.key);
      } else if (key.gone) {
        Say("seen {}, and not when run again: {}/{}/{}.program", times, options_.directory, kGone,
            key.key);
      } else if (key.pending) {
        Say("not worked out yet, {}: {}", times, key.key);
      } else {
        Say("{}, {}{}: {}", FindingClassName(key.kind), times, key.is_new ? "" : ", known before",
            key.path.empty() ? key.key : key.path);
      }
    }
    if (result_.trouble.any()) Say("stopped: {}", result_.trouble.what);
  }

  const CampaignOptions& options_;
  const int jobs_;
  SharedArray<Shared> shared_memory_;
  SharedArray<WorkerShare> shares_;
  Shared& shared_;
  std::vector<Child> children_;
  CampaignResult result_;
  Json state_ = Json::object();
  bool went_on_ = false;
  bool killed_all_ = false;
  Clock::time_point began_ = Clock::now();
  Clock::time_point line_said_at_;
  uint64_t line_calls_ = 0;
  int line_width_ = 0;
  std::set<int> said_;
};

}  // namespace

CampaignResult RunCampaign(const CampaignOptions& options) { return Campaign(options).Run(); }

std::string AllowedTable(const CampaignCounts& counts) {
  std::string table = fmt::format("{:<12} {:<13} {:>12} {:>8} {:>12} {:>8}\n", "call", "phase",
                                  "done", "allowed", "refused", "allowed");
  for (const Declaration& declaration : Declarations()) {
    const int op = static_cast<int>(declaration.op);
    for (int phase = 0; phase < kPhaseCount; ++phase) {
      const AllowedCount& done = counts.done[op][phase];
      const AllowedCount& refused = counts.refused[op][phase];
      if (done.calls == 0 && refused.calls == 0) continue;
      table += fmt::format("{:<12} {:<13} {:>12} {:>8.3f} {:>12} {:>8.3f}\n", declaration.name,
                           PhaseName(static_cast<Phase>(phase)), done.calls, done.mean(),
                           refused.calls, refused.mean());
    }
  }
  return table;
}

}  // namespace sockspec
