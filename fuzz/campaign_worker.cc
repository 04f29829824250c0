#include "fuzz/campaign_worker.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "fuzz/campaign_corpus.h"
#include "fuzz/campaign_files.h"
#include "fuzz/campaign_link.h"
#include "fuzz/confirm.h"
#include "fuzz/deviations.h"
#include "fuzz/features.h"
#include "fuzz/finding.h"
#include "fuzz/generate.h"
#include "fuzz/kinds.h"
#include "fuzz/lockstep.h"
#include "fuzz/minimize.h"
#include "fuzz/mutate.h"
#include "model/clause.h"
#include "model/oracle.h"
#include "model/program/bytes.h"
#include "model/program/random.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kTheCorpus = "the corpus";
constexpr std::string_view kProgramsAround = "programs to look around";
constexpr int kRing = 64;  // programs that are remembered of a namespace
// How long after the end a finding may still be made smaller.
constexpr auto kGraceOfMinimizing = std::chrono::seconds(5);
constexpr int kMostChances = 20;  // see DeservesAnother()

class Worker {
 public:
  Worker(const CampaignOptions& options, uint64_t seed, const std::vector<LoadedFinding>& old,
         Shared& shared, WorkerShare& share, Kernel& kernel)
      : options_(options),
        seed_(seed),
        old_(old),
        shared_(shared),
        share_(share),
        lockstep_(kernel, options.profile),
        generator_(options.profile, ForThis(kernel)),
        oracle_(options.profile),
        ring_(kRing) {
    for (const Clause* clause : AllClauses()) Number(clause) = ClauseNumber(clause);
    for (const LoadedFinding& loaded : old) {
      const Finding& finding = loaded.finding;
      if (IsKnownByCondition(options.known, ShownBy(finding.key, finding.transcript, finding.index))) {
        old_explained_.insert(CanonicalKey(finding.key));
      }
    }
    if (options.link) begun_.emplace(*options.link);
  }

  // The worker's whole life, from the end of the one it replaces on.
  void Run() {
    Again();
    Recheck();
    WorkOutPending();
    Measure();
    share_.progress.Set(Task::kPlaying);
    while (!Stopped()) {
      // A worker that was replaced leaves the rest of its block.
      uint64_t from = share_.from.load();
      if (from % kProgramsOfABlock == 0 || from == UINT64_MAX) {
        // Until it is known which block it is: the earliest that it may be.
        share_.from.store(shared_.next.load());
        from = shared_.next.fetch_add(shared_.stride);
      }
      for (; !Stopped(); ++from) {
        if (from >= shared_.end) {
          share_.from.store(from);
          return;
        }
        // The next one, so that a replacement does not die of the same program.
        share_.from.store(from + 1);
        OneProgram(from);
        if ((from + 1) % kProgramsOfABlock == 0) break;
      }
    }
  }

 private:
  bool Stopped() const { return shared_.stop.load(std::memory_order_relaxed); }

  // What is left out is counted where it is left out.
  GenerateOptions ForThis(const Kernel& kernel) {
    GenerateOptions generate = ForKernel(options_.generate, kernel);
    generate.left_out = [this](std::string_view what) { share_.CountLack(what); };
    return generate;
  }

  // Whether it was stopped so long ago; from when this worker first noticed.
  bool StoppedFor(std::chrono::milliseconds time) {
    if (!Stopped()) return false;
    if (!stopped_at_) stopped_at_ = Clock::now();
    return Clock::now() - *stopped_at_ >= time;
  }

  // The program over which the worker before this one was killed, by no fault of the program's: what
  // it came to is not known yet.
  void Again() {
    if (!share_.again.exchange(false)) return;
    const Program program = share_.running.Get();
    const uint64_t seed = share_.running.seed.load();
    if (program.calls.empty()) return;
    const sockspec::Run& run = lockstep_.Play(program);
    if (run.trouble.any()) GiveUp(run.trouble);
    if (run.diverged()) Diverged(program, seed, "what a worker was running when it died", run);
  }

  // The findings of earlier runs: whether they are still there.
  void Recheck() {
    const int count = static_cast<int>(std::min<size_t>(old_.size(), kMostKeys));
    while (!Stopped()) {
      const int at = shared_.next_recheck.fetch_add(1);
      if (at >= count) return;
      const Finding& finding = old_[static_cast<size_t>(at)].finding;
      if (begun_) {
        // Once: the kernel before this one may have died over it.
        const std::string what = Begun::Recheck(finding.key);
        if (begun_->Times(what) != 0) continue;
        FreeDescriptors();
        begun_->Set(what, 1);
      }
      share_.progress.Set(Task::kRechecking);
      shared_.rechecked[at].store(static_cast<int>(LookAgain(finding)));
      share_.progress.Set(Task::kPlaying);
    }
  }

  sockspec::Recheck LookAgain(const Finding& finding) {
    const Program& program = finding.transcript.program;
    const std::string key = CanonicalKey(finding.key);
    // One that came in some runs only gets many, and those that were discarded do not count.
    const int wanted = finding.kind == FindingClass::kConfirmed ? 5 : 20;
    int runs = 0;
    for (int i = 0; i < 2 * wanted && runs < wanted; ++i) {
      bool fresh = true;
      for (const Program& earlier : finding.before) {
        fresh ? Fresh(earlier) : lockstep_.Play(earlier);
        fresh = false;
      }
      const sockspec::Run& run = fresh ? Fresh(program) : lockstep_.Play(program);
      if (run.diverged() && CanonicalKey(run.divergences[0].key) == key) {
        return sockspec::Recheck::kStillThere;
      }
      if (!run.discarded) ++runs;
    }
    return runs == wanted ? sockspec::Recheck::kFixed : sockspec::Recheck::kUnknown;
  }

  void WorkOutPending() {
    if (options_.directory.empty()) return;
    for (const Pending& pending : ReadPending(options_.directory)) {
      if (Stopped()) return;
      const int begun = begun_ ? begun_->Times(Begun::Pending(pending.key)) : 0;
      if (begun < 0) continue;
      KeyEntry* entry = shared_.Find(pending.key, true);
      if (entry == nullptr) continue;
      // An earlier kernel may have died over it.
      if (begun_) entry->attempts.store(begun);
      if (begun >= kMostAttempts && entry->at() == KeyStage::kNew) entry->Set(KeyStage::kGivenUp);
      if (entry->at() == KeyStage::kNew && IsKnown(options_.known, {.key = pending.key})) entry->Set(KeyStage::kKnown);
      if (entry->at() == KeyStage::kStored || entry->at() == KeyStage::kKnown) {
        RemovePending(options_.directory, pending.key);
      } else if (entry->Claim(KeyStage::kNew)) {
        MakeMine(pending.key, *entry);
        if (IsExplainedNow(pending)) {
          RemovePending(options_.directory, pending.key);
          entry->Set(KeyStage::kNew);
          continue;
        }
        entry->safe.store(true);
        WorkOut(pending, nullptr, *entry);
      }
    }
  }

  // The corpus of earlier runs: what its programs reach here and now.
  void Measure() {
    while (!Stopped()) {
      const int old = shared_.corpus.old.load();
      const int nth = shared_.corpus.next_old.fetch_add(1);
      if (nth >= old) return;
      const int at = (shared_.corpus.first_old.load() + nth) % old;
      share_.progress.Set(Task::kMeasuring);
      const std::optional<Program> program = EntryAt(shared_.corpus, at);
      if (!program) continue;
      // A run that is discarded says nothing of what it reaches.
      for (int i = 0; i < 3; ++i) {
        share_.beats.Add(1);
        share_.About(*program);
        const sockspec::Run& run = lockstep_.Play(*program);
        if (run.trouble.any()) GiveUp(run.trouble);
        if (run.discarded && !run.diverged()) continue;
        share_.measured.Add(1);
        CountRun(*program, run);
        Features(*program, run);
        // What diverges is a finding, and stays out: libFuzzer would stop at it.
        if (run.diverged()) features_.clear();
        while (!Offer(share_.offers, *program, features_) && !Stopped()) usleep(1000);
        if (run.diverged()) Diverged(*program, 0, kTheCorpus, run);
        break;
      }
    }
    share_.progress.Set(Task::kPlaying);
  }

  void OneProgram(uint64_t index) {
    uint64_t seed = ProgramSeed(seed_, index);
    Random random(seed);
    const Program* program = nullptr;
    std::string_view made_of = kTheCorpus;
    if (!options_.around.empty() && random.OneIn(2)) {
      mutant_ = Around(random);
      made_of = kProgramsAround;
    } else if (IsMutated(index)) {
      mutant_ = FromCorpus(random);
    } else {
      mutant_.calls.clear();
    }
    if (!mutant_.calls.empty()) {
      program = &mutant_;
      if (made_of == kTheCorpus) share_.mutated.Add(1);
      seed = 0;  // would not give it again
    } else {
      program = &generator_.Next(random);
    }
    share_.About(*program, seed);
    const sockspec::Run& run = lockstep_.Play(*program);
    if (run.trouble.any()) GiveUp(run.trouble);
    share_.beats.Add(1);
    share_.programs.Add(1);
    share_.calls.Add(run.replies.size());
    CountRun(*program, run);
    if (run.diverged()) {
      Diverged(*program, seed, made_of, run);
    } else if (!run.discarded) {
      Features(*program, run);
      if (IsWanted(shared_.corpus, features_, program->calls.size())) {
        Offer(share_.offers, *program, features_);
      }
    }
    ring_.Push(*program);
  }

  // Whether program `index` is to be made of the corpus's.
  bool IsMutated(uint64_t index) const {
    return static_cast<int>(Random(ProgramSeed(~seed_, index)).Below(100)) < options_.from_corpus;
  }

  // Empty where there is no corpus yet, or nothing is left of what came out.
  Program FromCorpus(Random& random) {
    std::optional<Program> program = Pick(shared_.corpus, random);
    if (!program) return {};
    if (random.OneIn(3)) {
      if (const std::optional<Program> other = Pick(shared_.corpus, random)) {
        *program = Cross(*program, *other, random);
      }
    }
    return Mutated(std::move(*program), random);
  }

  // One of CampaignOptions::around without its last call, as a beginning half of the time, and changed a little. Empty
  // where nothing is left of it.
  Program Around(Random& random) {
    Program program = random.Pick(std::span(options_.around));
    program.calls.pop_back();
    if (random.OneIn(2)) {
      const Program& other = random.OneIn(3) ? random.Pick(std::span(options_.around)) : generator_.Next(random);
      program = Cross(program, other, random);
    }
    return Mutated(std::move(program), random);
  }

  // Changed a little, and followable by model and kernel.
  Program Mutated(Program program, Random& random) {
    for (uint32_t i = random.Below(4) + 1; i > 0; --i) Mutate(program, random, generator_);
    if (options_.generate.sockets != kAnything) {
      std::erase_if(program.calls, [&](const Call& call) {
        return ((options_.generate.sockets | kNoSocket) & KindMade(call)) == 0;
      });
      Mend(program);
    }
    Kernel& kernel = lockstep_.kernel();
    if (!kernel.Lacks(program.env).empty()) program.env = {};
    const size_t lacking = std::erase_if(program.calls, [&](const Call& call) {
      const std::string_view lacks = kernel.Lacks(call);
      if (!lacks.empty()) share_.CountLack(lacks);
      return !lacks.empty();
    });
    if (lacking != 0) Mend(program);
    return Followable(program, oracle_);
  }

  void Features(const Program& program, const sockspec::Run& run) {
    features_.clear();
    ForEachFeature(program, run, [this](const Clause* clause) { return Number(clause); },
                   [this](int before, int clause) {
                     features_.push_back(ClauseFeature(clause));
                     if (before >= 0) features_.push_back(PairFeature(before, clause));
                   });
  }

  // ClauseNumber() for the hot path: a table hashed by address.
  int& Number(const Clause* clause) {
    size_t at = (reinterpret_cast<uintptr_t>(clause) / sizeof(Clause)) % kSlots;
    while (numbers_[at].clause != nullptr && numbers_[at].clause != clause) at = (at + 1) % kSlots;
    numbers_[at].clause = clause;
    return numbers_[at].number;
  }

  void CountRun(const Program& program, const sockspec::Run& run) {
    share_.worlds.Max(static_cast<uint64_t>(run.worlds));
    if (!run.lacks.empty()) {
      share_.CountLack(run.lacks);
    } else if (run.discarded) {
      share_.discarded.Add(1);
    }
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
      if (seen.phase != seen.after) {
        share_.moves[op][static_cast<int>(seen.phase)][static_cast<int>(seen.after)].Add(1);
      }
    }
  }

  // Where `seed` is 0, `made_of` says what it was made of (Finding).
  void Diverged(const Program& generated, uint64_t seed, std::string_view made_of, const sockspec::Run& run) {
    share_.divergences.Add(1);
    // The work below plays other programs: keep what this one came to.
    const Program program = generated;
    const sockspec::Run kept = run;
    for (size_t i = 0; i < kept.divergences.size(); ++i) {
      const Divergence& divergence = kept.divergences[i];
      // What a row explains in this program only is counted as the row's: another program may show the key for another reason.
      const Deviation* row = RowFor(program, kept, divergence);
      KeyEntry* entry = shared_.Find(row != nullptr ? row->key : divergence.key, true);
      if (entry == nullptr) shared_.keys_left_out.fetch_add(1, std::memory_order_relaxed);
      if (entry == nullptr) continue;
      if (i == 0) ++entry->count;
      if (row != nullptr) {
        entry->Set(KeyStage::kKnown);
        continue;
      }
      const KeyStage at = entry->at();
      if (at != KeyStage::kNew && !(i == 0 && DeservesAnother(program, at, *entry))) continue;
      if (IsKnown(options_.known, {.key = divergence.key})) {
        entry->Set(KeyStage::kKnown);
        continue;
      }
      if (options_.link && at == KeyStage::kNew && AnotherHas(divergence.key, *entry)) continue;
      Pending pending{.key = divergence.key, .seed = seed, .made_of = seed == 0 ? std::string(made_of) : "", .program = program};
      if (i > 0) {
        const std::optional<Program> alone = WithoutTheFirst(program, divergence);
        if (!alone) {
          share_.followed.Add(1);
          continue;
        }
        pending.program = *alone;
      }
      if (!entry->Claim(at)) continue;
      if (i == 0) pending.before = ring_.Programs();
      MakeMine(divergence.key, *entry);
      if (!options_.directory.empty()) {
        FreeDescriptors();
        if (Trouble trouble = WritePending(options_.directory, pending); trouble.any()) {
          CannotWrite(trouble);
        }
      }
      entry->safe.store(true);
      WorkOut(pending, i == 0 ? &kept : nullptr, *entry);
    }
  }

  // Before what is claimed is pending: where the kernel dies over it, this worker's next one goes on with it.
  void MakeMine(const std::string& key, const KeyEntry& entry) {
    if (!begun_) return;
    FreeDescriptors();
    begun_->Set(Begun::Pending(key), entry.attempts.load());
  }

  // Whether a worker in another kernel has found it, or is working it out.
  bool AnotherHas(const std::string& key, KeyEntry& entry) const {
    const bool stored = Exists(options_.directory + "/" + key) && !old_explained_.contains(key);
    if (stored) entry.Set(KeyStage::kStored);
    return stored || (begun_->Times(Begun::Pending(key)) < 0 &&
                      Exists(fmt::format("{}/{}/{}.program", options_.directory, kPendingDirectory, key)));
  }

  // The row that explains the divergence by what its conditions ask of the program; nullptr where none does, or one
  // without conditions would.
  const Deviation* RowFor(const Program& program, const sockspec::Run& run, const Divergence& divergence) {
    const auto [rows, fresh] = rows_for_.try_emplace(divergence.key);
    if (fresh && !IsKnown(options_.known, {.key = divergence.key})) {
      const std::string today = Today();
      for (const Deviation& row : options_.known) {
        if (HasCondition(row) && !Expired(row, today) && SpeaksOf(row, divergence.key)) rows->second.push_back(&row);
      }
    }
    if (rows->second.empty()) return nullptr;
    const Shown shown = ShownBy(divergence.key, program, run.replies, divergence.index);
    const auto row = std::ranges::find_if(rows->second, [&](const Deviation* each) { return Explains(*each, shown); });
    return row == rows->second.end() ? nullptr : *row;
  }

  // Whether a row's conditions explain what was left pending. Most often no row has any for the key, and nothing is run.
  bool IsExplainedNow(const Pending& pending) {
    const bool asked = std::ranges::any_of(options_.known, [&](const Deviation& row) {
      return HasCondition(row) && SpeaksOf(row, pending.key);
    });
    if (!asked) return false;
    const sockspec::Run& run = Fresh(pending.program);
    return sockspec::Shows(run, pending.key) && RowFor(pending.program, run, run.divergences[0]) != nullptr;
  }

  // Whether the run shows the key first, and in a way that is not known.
  bool Shows(const Program& program, const sockspec::Run& run, const std::string& key) {
    return sockspec::Shows(run, key) && RowFor(program, run, run.divergences[0]) == nullptr;
  }

  // Whether a key that was found and not confirmed is worked out again, for a program that shows it
  // surely.
  bool DeservesAnother(const Program& program, KeyStage at, KeyEntry& entry) {
    const bool unsure =
        at == KeyStage::kGone || (at == KeyStage::kStored &&
                                  entry.kind.load() != static_cast<int>(FindingClass::kConfirmed));
    if (!unsure || entry.chances.fetch_add(1) >= kMostChances) return false;
    return Shows(program, Fresh(program), entry.key) && Shows(program, Fresh(program), entry.key);
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
      if (Shows(candidate, Fresh(candidate), divergence.key)) return std::move(candidate);
    }
    return std::nullopt;
  }

  // A program may have taken all the descriptors that it let itself have; files need one.
  void FreeDescriptors() {
    if (const Trouble trouble = lockstep_.kernel().Reset({}); trouble.any()) GiveUp(trouble);
  }

  const sockspec::Run& Fresh(const Program& program) {
    share_.beats.Add(1);
    share_.About(program);
    const sockspec::Run& run = lockstep_.PlayFresh(program);
    if (run.trouble.any()) GiveUp(run.trouble);
    return run;
  }

  bool ShowsWithin(const Program& program, const std::string& key, int runs) {
    for (int i = 0; i < runs; ++i) {
      if (Shows(program, Fresh(program), key)) return true;
    }
    return false;
  }

  // Minimizes, confirms, stores. `seen` is the run that showed it, where there was one in this
  // process.
  void WorkOut(const Pending& pending, const sockspec::Run* seen, KeyEntry& entry) {
    WorkOutNow(pending, seen, entry);
    share_.progress.Set(Task::kPlaying);
  }

  void WorkOutNow(const Pending& pending, const sockspec::Run* seen, KeyEntry& entry) {
    Progress& progress = share_.progress;
    progress.key.store(static_cast<int>(&entry - shared_.keys));
    progress.calls.store(static_cast<int>(pending.program.calls.size()));
    progress.calls_at_first.store(static_cast<int>(pending.program.calls.size()));
    progress.asked.store(0);
    progress.Set(Task::kMinimizing);
    const std::string& key = pending.key;
    // Over this one workers have died before: no more risks than needed.
    const bool careful = entry.attempts.load() > 1;
    int hits = 0;
    for (int i = 0; i < 4; ++i) hits += Shows(pending.program, Fresh(pending.program), key) ? 1 : 0;

    Program minimal = pending.program;
    if (hits > 0 && !careful) {
      // One that comes and goes gets several chances before a candidate is given up.
      const int chances = hits == 4 ? 1 : 6;
      MinimizeOptions minimize{.deadline = options_.minimizing};
      minimize.stop = [this] { return StoppedFor(kGraceOfMinimizing); };
      minimize.progress = [&](const Minimized& so_far) {
        progress.calls.store(static_cast<int>(so_far.program.calls.size()));
      };
      const sockspec::Run& run = Fresh(pending.program);
      std::optional<Plausible> plausible;
      if (Shows(pending.program, run, key)) {
        const Divergence& divergence = run.divergences[0];
        minimize.last_call = divergence.index;
        plausible.emplace(options_.profile, pending.program.calls[divergence.index].op,
                          divergence.expected);
        minimize.plausible = [&](const Program& program) { return (*plausible)(program); };
      }
      const Minimized minimized = Minimize(
          pending.program,
          [&](const Program& program) {
            progress.asked.fetch_add(1, std::memory_order_relaxed);
            return ShowsWithin(program, key, chances);
          },
          minimize);
      if (minimized.kept) minimal = minimized.program;
    }

    ConfirmOptions confirm = options_.confirm;
    confirm.seed = static_cast<unsigned>(pending.seed);
    confirm.before = pending.before;
    confirm.progress = [&](const Rate& quiet, const Rate& disturbed) {
      share_.beats.Add(1);
      progress.hits.store(quiet.hits + disturbed.hits);
      progress.runs.store(quiet.runs + disturbed.runs);
    };
    progress.calls.store(static_cast<int>(minimal.calls.size()));
    confirm.progress({}, {});
    progress.Set(Task::kConfirming);
    share_.About(minimal);
    Confirmation confirmation = Confirm(lockstep_, minimal, key, confirm);
    if (confirmation.verdict == Confirmed::kGone && minimal != pending.program) {
      // It may have been a chance that minimizing took for a property.
      minimal = pending.program;
      share_.About(minimal);
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
    finding->made_of = pending.made_of;
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
      const bool instead = old_explained_.contains(key) && !entry.fresh.load();
      if (const StoreResult stored = StoreFinding(options_.directory, *finding, instead);
          stored.trouble.any()) {
        CannotWrite(stored.trouble);
      }
      RemovePending(options_.directory, key);
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
        .comments = {pending.key, OriginWords(pending.seed, pending.made_of),
                     fmt::format("seen once, and not in {} more runs",
                                 confirmation.quiet.runs + confirmation.disturbed.runs)},
        .program = pending.program};
    transcript.said.resize(pending.program.calls.size());
    for (size_t i = 0; seen != nullptr && i < seen->replies.size(); ++i) {
      transcript.said[i].reply = seen->replies[i];
      if (seen->seen[i].clause != nullptr) transcript.said[i].clause = seen->seen[i].clause->id;
    }
    const std::string gone = fmt::format("{}/{}", options_.directory, kGoneDirectory);
    Trouble trouble = MakeDirectory(gone);
    if (!trouble.any()) {
      trouble = WriteAtomically(fmt::format("{}/{}.program", gone, pending.key), PrintText(transcript));
    }
    if (trouble.any()) CannotWrite(trouble);
    RemovePending(options_.directory, pending.key);
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
      if (Shows(program, run, key)) return Made(program, run);
    }
    return std::nullopt;
  }

  Finding Made(const Program& program, const sockspec::Run& run) {
    return MakeFinding(program, run, run.divergences[0], options_.profile, lockstep_.kernel());
  }

  [[noreturn]] void GiveUp(const Trouble& trouble) { End(trouble, kExitTrouble); }
  [[noreturn]] void CannotWrite(const Trouble& trouble) { End(trouble, kExitUnwritable); }
  [[noreturn]] void End(const Trouble& trouble, int status) {
    snprintf(share_.trouble, sizeof share_.trouble, "%s", trouble.what.c_str());
    _exit(status);
  }

  static constexpr size_t kSlots = 4 * kMostClauses;
  struct Numbered {
    const Clause* clause = nullptr;
    int number = 0;
  };

  const CampaignOptions& options_;
  const uint64_t seed_;
  const std::vector<LoadedFinding>& old_;
  Shared& shared_;
  WorkerShare& share_;
  Lockstep lockstep_;
  Generator generator_;
  Oracle oracle_;  // for what programs of the corpus may do
  Program mutant_;
  std::vector<int> features_;  // of the last run
  Ring ring_;
  std::optional<Begun> begun_;  // of CampaignOptions::link
  std::optional<Clock::time_point> stopped_at_;
  std::map<std::string, int> tries_;  // at finding a later divergence alone
  std::set<std::string> old_explained_;  // keys of earlier runs' findings that a row explains by its conditions
  std::map<std::string, std::vector<const Deviation*>> rows_for_;  // by key: those with conditions, where none without speaks of it
  std::array<Numbered, kSlots> numbers_;
};

}  // namespace

void RunWorker(const CampaignOptions& options, uint64_t seed, const std::vector<LoadedFinding>& old,
               Shared& shared, WorkerShare& share, Kernel& kernel) {
  Worker(options, seed, old, shared, share, kernel).Run();
}

}  // namespace sockspec
