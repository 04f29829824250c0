#include "fuzz/campaign.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "fuzz/campaign_attend.h"
#include "fuzz/campaign_corpus.h"
#include "fuzz/campaign_files.h"
#include "fuzz/campaign_link.h"
#include "fuzz/campaign_shared.h"
#include "fuzz/campaign_state.h"
#include "fuzz/campaign_status.h"
#include "fuzz/campaign_worker.h"
#include "fuzz/deviations.h"
#include "fuzz/finding.h"
#include "fuzz/lockstep.h"
#include "fuzz/minimize.h"
#include "model/clause.h"
#include "model/program/call.h"
#include "model/program/declarations.h"
#include "nlohmann/json.hpp"
#include "sut/end_with_parent.h"

namespace sockspec {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

constexpr auto kMinimizingADeath = std::chrono::seconds(4);
// A stack in the worker's process may hang, and each try that does takes a while to be seen.
constexpr auto kMinimizingAHang = std::chrono::seconds(20);
// How long a program may take of which a worker died, until it counts as one that hangs.
constexpr auto kPatienceWithPrograms = std::chrono::seconds(10);
// How long a worker may have said nothing, where it is killed because the campaign ends, until its program is kept.
constexpr auto kSilence = std::chrono::seconds(5);
// How long a worker in another kernel may take to end where somebody waits for that.
constexpr auto kPatienceAfterCtrlC = std::chrono::seconds(4);
// Of the corpus, each time that the parent looks around: 50 times a second.
constexpr int kFilesAtATime = 1;

double CpuSeconds(int whose) {
  rusage usage = {};
  getrusage(whose, &usage);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

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

class Campaign {
 public:
  explicit Campaign(const CampaignOptions& options)
      : options_(options),
        jobs_(std::max(1, options.jobs)),
        shared_memory_(1),
        shares_(jobs_),
        shared_(shared_memory_[0]),
        children_(static_cast<size_t>(jobs_)),
        corpus_(shared_.corpus, options_.link ? std::string() : options_.directory, Section()),
        status_(options_, jobs_, shared_, shares_, corpus_, state_) {}

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
    status_.Begin();
    FindUntried();
    if (elsewhere()) ShareOutWhatIsLeft();
    for (int i = 0; i < jobs_; ++i) Start(i);
    Watch();
    if (elsewhere()) TakeWhatWasTold();
    if (link_) {
      link_->Exchange(shared_, shares_[0], told_, corpus_, true);
      return result_;
    }
    result_.counts = status_.Counts();
    result_.interrupted = g_signals != 0;
    status_.Keys(result_);
    if (Trouble trouble = Save(Clock::now()); trouble.any()) Fail(std::move(trouble));
    if (Trouble trouble = corpus_.Flush(); trouble.any()) Fail(std::move(trouble));
    ForgetWhatRan();
    result_.deviations = Deviations();
    result_.keys_left_out = shared_.keys_left_out.load();
    result_.parent_cpu_seconds = CpuSeconds(RUSAGE_SELF);
    result_.workers_cpu_seconds = CpuSeconds(RUSAGE_CHILDREN);
    status_.Summary(result_);
    return result_;
  }

 private:
  struct Child {
    pid_t pid = 0;
    uint64_t programs_at_start = 0;
    int hopeless = 0;  // deaths in a row without a program run
    uint64_t beats = 0;
    Clock::time_point beat_at;
    bool stuck = false;  // it is killed for doing nothing
  };

  // A program over which a worker died, in DIR/.crashes until it is known what it came of.
  struct Death {
    Program program;
    std::string how;   // "was killed by signal 11"
    std::string path;  // empty: nothing is kept

    // By SIGKILL, which no program sends: a kernel short of memory does, and people do.
    bool FromOutside() const { return how == WordsFor(SIGKILL); }
  };
  static std::string WordsFor(int signal) { return fmt::format("was killed by signal {}", signal); }

  // Whether workers are campaigns in kernels of their own.
  bool elsewhere() const { return options_.elsewhere != nullptr; }

  // --- what stands in the directory

  std::string Below(std::string_view name) const { return fmt::format("{}/{}", options_.directory, name); }

  // Of one kernel, profile and mutant: a directory may hold several campaigns.
  std::string Section() const {
    const bool usual = options_.kernel.empty() || options_.kernel == "linux" || options_.kernel == "fake";
    return options_.profile.name() + (usual ? "" : " " + options_.kernel) +
           (options_.mutant.empty() ? "" : " " + options_.mutant);
  }

  Trouble Begin() {
    began_at_ = TimeNow();
    if (Trouble trouble = OpenDirectory(); trouble.any()) return trouble;
    try {
      GoOn(state_.section());
    } catch (const Json::exception& problem) {
      return {fmt::format("{}/campaign.json is not what a campaign writes ({}); move it away to begin anew",
                          options_.directory, problem.what())};
    }
    if (!went_on_ && !options_.seed && getrandom(&result_.seed, sizeof result_.seed, 0) < 0) {
      return {fmt::format("getrandom: {}", strerror(errno))};
    }
    shared_.stride = kProgramsOfABlock;
    if (options_.link) {
      shared_.next.store(options_.link->next);
      shared_.stride *= static_cast<uint64_t>(options_.link->of);
      shared_.end = options_.link->end;
      link_.emplace(*options_.link);
      link_->Begin(shares_[0], corpus_);
      return {};
    }
    if (options_.programs != 0) shared_.end = shared_.next.load() + options_.programs;
    if (Trouble trouble = corpus_.Load(options_.generate.sockets); trouble.any()) return trouble;
    // An unwritable directory is told now, not after the first finding.
    if (Trouble trouble = SaveState(); trouble.any()) return trouble;
    status_.Say("seed {:#x}{}{}", result_.seed,
                went_on_ ? fmt::format(", from program {} on, where {} left off",
                                       Grouped(shared_.next.load()), options_.directory)
                         : "",
                corpus_.size() == 0 ? "" : fmt::format(", {} programs in the corpus", corpus_.size()));
    status_.Event("start", {{"seed", fmt::format("{:#x}", result_.seed)},
                            {"kernel", options_.kernel},
                            {"release", options_.release},
                            {"profile", options_.profile.name()},
                            {"jobs", jobs_},
                            {"directory", options_.directory},
                            {"from_program", shared_.next.load()},
                            {"programs_before", result_.programs_before},
                            {"calls_before", result_.calls_before},
                            {"corpus", corpus_.size()},
                            {"findings_before", old_.size()}});
    const std::string today = Today();
    int expired = 0;
    for (const Deviation& row : options_.known) {
      if (!Expired(row, today)) continue;
      if (++expired <= 10) status_.Say("{}", ExpiredWords(row));  // the end counts the others
      status_.Event("expired", {{"key", row.key}, {"expires", row.expires}, {"line", row.line}});
    }
    return {};
  }

  Trouble OpenDirectory() {
    const std::string& directory = options_.directory;
    if (directory.empty()) return {};
    if (!options_.link) {
      if (Trouble trouble = TakeDirectory(); trouble.any()) return trouble;
    }
    if (Trouble trouble = state_.Load(directory, Section()); trouble.any()) return trouble;
    LoadedFindings stored = LoadFindings(directory);
    for (const LoadedFinding& corrupt : stored.corrupt) {
      if (options_.link) break;  // the campaign outside says it
      status_.Say("cannot be read, and is kept beside what is found anew: {}", corrupt.problem);
    }
    const auto family = [](std::string_view profile) { return profile.substr(0, profile.find('-')); };
    for (LoadedFinding& loaded : stored.findings) {
      const Finding& finding = loaded.finding;
      if (family(finding.profile) == family(options_.profile.name()) &&
          finding.mutant == options_.mutant &&
          (options_.kernel.empty() || finding.kernel == options_.kernel)) {
        old_.push_back(std::move(loaded));
      }
    }
    if (old_.size() > kMostKeys) {
      status_.Say("{} findings of earlier runs are more than a campaign keeps apart: the first {} are looked at again",
                  old_.size(), kMostKeys);
    }
    return stored.trouble;
  }

  // For this campaign alone.
  Trouble TakeDirectory() {
    const std::string& directory = options_.directory;
    if (Trouble trouble = MakeDirectory(directory); trouble.any()) return trouble;
    if (Trouble trouble = lock_.Take(directory); trouble.any()) return trouble;
    if (Trouble trouble = MakeDirectory(Below(kPendingDirectory)); trouble.any()) return trouble;
    for (const std::string_view below : {std::string_view(), kPendingDirectory, kGoneDirectory, kCrashesDirectory}) {
      RemoveUnfinished(Below(below));
    }
    RemoveOrphans(directory);
    // What an earlier campaign was running is nothing to this one.
    ForgetWhatRan();
    return {};
  }

  void GoOn(const Json& section) {
    if (options_.seed) {
      result_.seed = *options_.seed;
    } else if (section.contains("seed")) {
      result_.seed = strtoull(section.value("seed", "0").c_str(), nullptr, 16);
      // Whole blocks are handed out.
      shared_.next.store(section.value("next", uint64_t{0}) / kProgramsOfABlock * kProgramsOfABlock);
      went_on_ = true;
    }
    result_.programs_before = section.value("programs", uint64_t{0});
    result_.calls_before = section.value("calls", uint64_t{0});
    for (const LoadedFinding& loaded : old_) {
      const Finding& finding = loaded.finding;
      // Another program may show it for another reason.
      if (IsKnownByCondition(options_.known, ShownBy(finding.key, finding.transcript, finding.index))) continue;
      KeyEntry* entry = shared_.Find(CanonicalKey(loaded.finding.key), true);
      if (entry == nullptr) break;
      entry->kind.store(static_cast<int>(loaded.finding.kind));
      entry->calls.store(static_cast<int>(loaded.finding.transcript.program.calls.size()));
      // What was accepted since is explained.
      entry->Set(IsKnown(options_.known, {.key = entry->key}) ? KeyStage::kKnown : KeyStage::kStored);
    }
  }

  std::vector<MetDeviation> Deviations() const {
    std::vector<MetDeviation> met;
    const std::string today = Today();
    for (const Deviation& row : options_.known) {
      MetDeviation& one = met.emplace_back();
      one = {.row = row, .expired = Expired(row, today), .met_before = state_.MetBefore(row.key)};
      for (const RecheckedFinding& old : result_.rechecked) {
        if (!old.known || std::ranges::find(old.rows, row.key) == old.rows.end()) continue;
        if (!old.fixed) ++one.met;
        if (old.fixed && old.kind == FindingClass::kConfirmed) one.fixed = true;
      }
      for (const KeyEntry& entry : shared_.keys) {
        if (entry.at() == KeyStage::kEmpty) break;
        if (entry.at() == KeyStage::kKnown &&
            (HasCondition(row) ? entry.IsCalled(row.key) : Explains(row, {.key = entry.key}))) {
          one.met += entry.count.load();
        }
      }
    }
    return met;
  }

  // All that the directory is to hold now, but for the corpus.
  Trouble Save(Clock::time_point now) {
    if (Trouble trouble = SaveState(); trouble.any()) return trouble;
    if (Trouble trouble = status_.AppendStats(now, result_.deaths); trouble.any()) return trouble;
    return UpdateStored();
  }

  Trouble SaveState() {
    if (options_.directory.empty()) return {};
    const CampaignCounts counts = status_.Counts();
    // Where the first unfinished block goes on: a program may be run twice, but none is left out.
    uint64_t next = shared_.next.load();
    for (int i = 0; i < jobs_; ++i) next = std::min(next, shares_[i].from.load());
    return state_.Save({{"began", began_at_},
                        {"ended", TimeNow()},
                        {"seed", fmt::format("{:#x}", result_.seed)},
                        {"kernel", options_.kernel},
                        {"release", options_.release},
                        {"profile", options_.profile.name()},
                        {"jobs", jobs_},
                        {"programs", counts.programs},
                        {"calls", counts.calls},
                        {"seconds", counts.seconds},
                        {"arguments", options_.arguments}},
                       {{"seed", fmt::format("{:#x}", result_.seed)},
                        {"next", next},
                        {"programs", result_.programs_before + counts.programs},
                        {"calls", result_.calls_before + counts.calls}},
                       counts, result_.deaths, Deviations());
  }

  // What ran is asked for only where a kernel took this process along.
  void ForgetWhatRan() {
    if (options_.directory.empty()) return;
    std::error_code ignored;
    std::filesystem::remove_all(Below(kRunningDirectory), ignored);
    std::filesystem::remove_all(Below(kLinkDirectory), ignored);
  }

  // Brings the counts of what was stored up to date.
  Trouble UpdateStored() {
    if (options_.directory.empty()) return {};
    for (const KeyEntry& entry : shared_.keys) {
      if (entry.at() == KeyStage::kEmpty) break;
      if (entry.at() != KeyStage::kStored) continue;
      uint64_t& counted = counted_[entry.key];
      // Storing it counted one.
      const uint64_t count = entry.count.load();
      const uint64_t met = count - (entry.fresh.load() && count > 0 ? 1 : 0);
      if (met <= counted) continue;
      LoadedFinding loaded = LoadFinding(options_.directory + "/" + entry.key);
      if (!loaded.problem.empty()) continue;
      loaded.finding.seen = met - counted;
      if (StoreResult stored = StoreFinding(options_.directory, loaded.finding); stored.trouble.any()) {
        return stored.trouble;
      }
      counted = met;
    }
    return {};
  }

  // What workers say of the findings of earlier runs.
  Trouble TakeRechecks() {
    if (link_) {
      // They are for the campaign outside to tell.
      for (size_t i = 0; i < old_.size() && i < kMostKeys; ++i) {
        const int said = shared_.rechecked[i].load();
        if (said != static_cast<int>(Recheck::kNotYet)) told_.rechecked[old_[i].finding.key] = said;
      }
      return {};
    }
    for (size_t i = 0; i < old_.size() && i < kMostKeys; ++i) {
      const auto said = static_cast<Recheck>(shared_.rechecked[i].load());
      if (said == Recheck::kNotYet || said == Recheck::kUnknown || !rechecked_.insert(i).second) continue;
      const bool fixed = said == Recheck::kFixed;
      const std::string_view state = fixed ? "fixed" : "still there";
      const LoadedFinding& old = old_[i];
      if (Trouble trouble = StoreState(old.path, state); trouble.any()) return trouble;
      const Shown shown = ShownBy(old.finding.key, old.finding.transcript, old.finding.index);
      const bool known = IsKnown(options_.known, shown);
      std::vector<std::string> rows;
      for (const Deviation& row : options_.known) {
        if (Explains(row, shown)) rows.push_back(row.key);
      }
      if (KeyEntry* entry = shared_.Find(CanonicalKey(old.finding.key), false)) entry->fixed.store(fixed);
      status_.Say("{}{}: {}", state, known && !fixed ? ", as is known" : "", old.finding.key);
      status_.Event("recheck", {{"key", old.finding.key}, {"state", state}, {"known", known}, {"path", old.path}});
      result_.rechecked.push_back({.key = old.finding.key,
                                   .path = old.path,
                                   .kind = old.finding.kind,
                                   .known = known,
                                   .rows = std::move(rows),
                                   .fixed = fixed});
    }
    return {};
  }

  void TakeOffers() {
    for (int i = 0; i < jobs_; ++i) {
      corpus_.Take(shares_[i].offers, [&](const Candidate& candidate) {
        if (link_) link_->Offer(candidate);
        if (elsewhere() && jobs_ > 1) feed_.Add(candidate);
      });
    }
    if (elsewhere()) feed_.Write(options_.directory, shared_);
    if (!link_) return;
    told_.deaths = result_.deaths;
    told_.crashes = result_.crashes;
    told_.untried = result_.untried;
    link_->Exchange(shared_, shares_[0], told_, corpus_, false);
  }

  // Once all kernels have ended.
  void TakeWhatWasTold() {
    const ToldByWorker told = AllTold(options_.directory);
    result_.deaths += told.deaths;
    std::ranges::copy(told.crashes, std::back_inserter(result_.crashes));
    std::ranges::copy(told.untried, std::back_inserter(result_.untried));
  }

  // What earlier campaigns left is tried, worked out and looked at again within the kernels, by one worker each.
  void ShareOutWhatIsLeft() {
    std::vector<std::string> to_begin, untried;
    for (const LoadedFinding& loaded : old_) to_begin.push_back(Begun::Recheck(loaded.finding.key));
    for (const Pending& pending : ReadPending(options_.directory)) to_begin.push_back(Begun::Pending(pending.key));
    for (const Death& death : std::exchange(untried_, {})) untried.push_back(death.path);
    if (Trouble trouble = ShareOut(options_.directory, jobs_, to_begin, untried); trouble.any()) Fail(std::move(trouble));
    const uint64_t first = shared_.next.load();
    for (int i = 0; i < jobs_; ++i) shares_[i].next.store(first + static_cast<uint64_t>(i) * kProgramsOfABlock);
  }

  // --- workers

  // Forks a process that runs `body`, which is told who its parent is, and ends.
  template <typename Body>
  pid_t ForkChild(Body body) {
    if (options_.out != nullptr) fflush(options_.out);
    fflush(stdout);
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid != 0) return pid;
    // Ctrl-C goes to the whole group, and so may SIGTERM; what they mean is the parent's to say, who ends us.
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    EndWithParent(parent);
    lock_.Close();
    body(parent);
    _exit(0);
  }

  // One that has a kernel, if it can be had.
  template <typename Body>
  pid_t ForkWithKernel(Body body) {
    return ForkChild([&](pid_t parent) {
      Trouble trouble;
      std::unique_ptr<Kernel> kernel = options_.make_kernel(&trouble);
      // Entering a user namespace takes the wish back.
      EndWithParent(parent);
      body(kernel.get(), trouble);
      kernel.reset();  // it may have made directories
    });
  }

  void Start(int i) {
    Child& child = children_[i];
    child.programs_at_start = shares_[i].programs.get();
    child.beats = shares_[i].beats.get();
    child.beat_at = Clock::now();
    child.stuck = false;
    shares_[i].progress.Set(Task::kPlaying);
    if (!shares_[i].again.load()) shares_[i].running.size.store(0);
    if (options_.announce && !options_.directory.empty() && shares_[i].announce < 0) {
      shares_[i].announce = OpenAnnouncement(options_.directory, options_.link ? options_.link->number : i);
    }
    const auto work = [&](Kernel* kernel, const Trouble& trouble) {
      if (kernel == nullptr) {
        snprintf(shares_[i].trouble, sizeof shares_[i].trouble, "%s", trouble.what.c_str());
        _exit(kExitTrouble);
      }
      RunWorker(options_, result_.seed, old_, shared_, shares_[i], *kernel);
    };
    const auto attend = [&](pid_t) {
      _exit(Attend(options_, {.number = i, .seed = result_.seed, .began = status_.began()}, old_, shared_, shares_[i]));
    };
    child.pid = elsewhere() ? ForkChild(attend) : ForkWithKernel(work);
    if (child.pid < 0) {
      child.pid = 0;
      Fail({fmt::format("fork: {}", strerror(errno))});
    }
  }

  void Fail(Trouble trouble) {
    if (!result_.trouble.any()) result_.trouble = std::move(trouble);
    shared_.stop.store(true);
  }

  void SeeWhetherItIsOver(Clock::time_point now) {
    if (g_signals > 0 || now - status_.began() >= options_.duration) shared_.stop.store(true);
    // The campaign outside counts those of all.
    if (!link_ && options_.calls != 0 && status_.Calls() >= options_.calls) shared_.stop.store(true);
    if (shared_.stop.load() && !stopped_) stopped_ = now;
    // What is being worked out then is pending, and the next campaign's.
    if (stopped_ && g_signals > 0 && now - *stopped_ > kPatienceAfterCtrlC) shared_.hurry.store(true);
  }

  void Watch() {
    Clock::time_point line_at = status_.began();
    Clock::time_point saved_at = status_.began();
    Clock::time_point packed_at = status_.began();
    for (;;) {
      if (Reap() == 0) break;
      const Clock::time_point now = Clock::now();
      if (!elsewhere()) LimitMeasuring(now);
      SeeWhetherItIsOver(now);
      if (stopped_ && (g_signals > 1 || now - *stopped_ > Grace())) KillAll(now);
      if (!elsewhere()) KillStuck(now);
      if (!untried_.empty() && !shared_.stop.load()) TryOneOfBefore();
      TakeOffers();
      if (Trouble trouble = TakeRechecks(); trouble.any()) Fail(std::move(trouble));
      if (!link_) status_.SayFound();
      if (!link_ && now >= line_at) {
        status_.Line(now);
        line_at = now + (options_.terminal ? std::chrono::milliseconds(500)
                                           : std::chrono::milliseconds(10000));
      }
      if (now - packed_at > std::chrono::seconds(2)) {
        packed_at = now;
        if (Trouble trouble = corpus_.Flush(); trouble.any()) Fail(std::move(trouble));
      }
      if (!link_ && now - saved_at > std::chrono::seconds(10)) {
        saved_at = now;
        if (Trouble trouble = Save(now); trouble.any()) Fail(std::move(trouble));
      }
      // Files cost more than anything else here, and what comes and goes in the first minute needs none.
      if (now - status_.began() > std::chrono::minutes(1) && !shared_.stop.load()) {
        if (Trouble trouble = corpus_.Export(kFilesAtATime); trouble.any()) Fail(std::move(trouble));
      }
      // What is new comes often at first, and its ring is short.
      const timespec pause{.tv_sec = 0, .tv_nsec = now - status_.began() < std::chrono::seconds(5) ? 2'000'000 : 20'000'000};
      nanosleep(&pause, nullptr);
    }
    TakeOffers();
    if (Trouble trouble = TakeRechecks(); trouble.any()) Fail(std::move(trouble));
    if (!link_) status_.SayFound();
  }

  // A kernel that is told to end has the same grace for its worker, and takes a moment itself.
  std::chrono::milliseconds Grace() const { return options_.grace + (elsewhere() ? std::chrono::seconds(15) : std::chrono::seconds(0)); }

  // Measuring the corpus of earlier runs takes minutes on a slow kernel. It may take half of the time that there is; what
  // is left then waits for the next run, which begins elsewhere.
  void LimitMeasuring(Clock::time_point now) {
    const int old = shared_.corpus.old.load();
    const int next = shared_.corpus.next_old.load();
    if (next >= old || shared_.stop.load() || now - status_.began() < options_.duration / 2) return;
    shared_.corpus.next_old.store(old);
    status_.Say("{} of the {} programs in the corpus are measured; the others will be next time", next, old);
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
      if (!Ending() && !(WIFEXITED(status) && WEXITSTATUS(status) == kExitNoMoreKernels)) {
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
      if (entry.at() == KeyStage::kClaimed && entry.owner() == pid) {
        entry.Set(entry.attempts.load() < kMostAttempts ? KeyStage::kNew : KeyStage::kGivenUp);
      }
    }
    child.hopeless = shares_[i].programs.get() == child.programs_at_start ? child.hopeless + 1 : 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == kExitTrouble) {
      const std::string trouble = shares_[i].trouble;
      // The first time it is the machine that lacks something; later it may have been a moment's
      // want.
      if (shares_[i].programs.get() == 0 || child.hopeless > 3) {
        Fail({trouble});
        result_.unavailable = true;
      } else {
        status_.Say("worker {} had to stop: {}; started again", i + 1, trouble);
      }
      return;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == kExitUnwritable) {
      Fail({shares_[i].trouble});
      return;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == kExitNoMoreKernels) {
      ++result_.ended_early;
      status_.EndedEarly(i, shares_[i].trouble);
      return;
    }
    if (killed_all_ && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return;  // see KillAll()
    ++result_.deaths;
    const std::string how = child.stuck            ? "had done nothing for a minute, and was killed"
                            : WIFSIGNALED(status) ? WordsFor(WTERMSIG(status))
                                                  : fmt::format("exited with status {}", WEXITSTATUS(status));
    const Program program = shares_[i].running.Get();
    std::string what = "; it was running no program";
    if (!program.calls.empty()) what = "; " + Crash(i, program, pid, how);
    status_.Event("worker died", {{"worker", (link_ ? options_.link->number : i) + 1}, {"process", pid}, {"how", how}});
    status_.Say("worker {} (process {}) {} after {} programs{}{}", i + 1, pid, how,
        Grouped(shares_[i].programs.get()), what, Ending() ? "" : "; started again");
    if (child.hopeless > 5) Fail({fmt::format("worker {} {} again and again", i + 1, how)});
  }

  // Whether nobody is started again: the signal that says so may have come since it was last looked at.
  bool Ending() const { return shared_.stop.load() || g_signals > 0; }

  // Whether nothing may take long any more.
  bool Hurried() const {
    return g_signals > 0 || (stopped_ && Clock::now() - *stopped_ > options_.grace);
  }

  enum class End { kByItself, kKilled, kHanging, kCutOff };

  // How a process ends that runs the program. What workers offer is taken meanwhile; one that takes too long is killed,
  // and so it is where somebody wants an end, which says nothing of it.
  End EndOf(const Program& program) {
    if (Hurried()) return End::kCutOff;
    const pid_t pid = ForkWithKernel([&](Kernel* kernel, const Trouble&) {
      if (kernel == nullptr) _exit(kExitTrouble);
      Lockstep(*kernel, options_.profile).PlayFresh(program);
    });
    if (pid < 0) return End::kCutOff;
    int status = 0;
    bool hurried = false;
    for (const Clock::time_point until = Clock::now() + kPatienceWithPrograms;;) {
      const pid_t ended = waitpid(pid, &status, WNOHANG);
      if (ended == pid && WIFEXITED(status) && WEXITSTATUS(status) == kExitTrouble) return End::kCutOff;
      // A stack may call exit(), and a sanitizer makes a status of every signal.
      if (ended == pid) return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? End::kByItself : End::kKilled;
      if (ended < 0 && errno != EINTR) return End::kCutOff;
      SeeWhetherItIsOver(Clock::now());
      hurried = Hurried();
      if (Clock::now() > until || hurried) break;
      TakeOffers();
      const timespec pause{.tv_sec = 0, .tv_nsec = 1'000'000};
      nanosleep(&pause, nullptr);
    }
    kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return hurried ? End::kCutOff : End::kHanging;
  }

  // What a campaign calls itself in a program that a worker died over: another one cannot try it.
  std::string Whose() const {
    return fmt::format("of {}{}, held to {}", options_.kernel.empty() ? "a kernel" : options_.kernel,
                       options_.mutant.empty() ? "" : " with the mutant " + options_.mutant, options_.profile.name());
  }

  // A process's number, as names of files have it: those of several kernels are the same.
  std::string Numbered(pid_t pid) const { return options_.link ? fmt::format("{}-{}", options_.link->number + 1, pid) : std::to_string(pid); }

  // Puts what a worker died over on disk, before anything else: to try it takes time, and there may be none.
  Death Keep(const Program& program, pid_t pid, std::string how) {
    Death death{.program = program, .how = std::move(how)};
    if (options_.directory.empty()) return death;
    KeptProgram kept = KeepProgram(Below(kCrashesDirectory), std::string(kUntried) + Numbered(pid), program, UntriedWords(death.how, Whose()));
    if (kept.trouble.any()) status_.Say("{}", kept.trouble.what);
    death.path = std::move(kept.path);
    return death;
  }

  // What earlier campaigns had no time to try. What this one cannot try either it says: who reads of a death expects
  // that the next campaign looks into it. Within another kernel: this worker's part of it.
  void FindUntried() {
    if (options_.directory.empty()) return;
    if (link_) {
      for (const std::string& path : link_->TakeUntried()) {
        UntriedProgram untried = ParseUntried(ContentsOf(path).value_or(""), path);
        if (untried.problem.empty()) untried_.push_back({.program = std::move(untried.program), .how = std::move(untried.how), .path = path});
      }
      return;
    }
    std::error_code error;
    std::filesystem::directory_iterator file(Below(kCrashesDirectory), error);
    for (; !error && file != std::filesystem::directory_iterator(); file.increment(error)) {
      const std::string path = file->path().string();
      if (!file->path().filename().string().starts_with(kUntried)) continue;
      UntriedProgram untried = ParseUntried(ContentsOf(path).value_or(""), path);
      if (untried.problem.empty() && untried.whose == Whose()) {
        untried_.push_back({.program = std::move(untried.program), .how = std::move(untried.how), .path = path});
        continue;
      }
      result_.left_alone.push_back(path);
      const std::string why = !untried.problem.empty()
                                  ? untried.problem
                                  : fmt::format("it waits for a campaign {}, and this is one {}", untried.whose, Whose());
      status_.Say("a program that a worker died over is not tried: {} ({})", path, why);
      status_.Event("not tried", {{"path", path}, {"why", why}});
    }
    std::ranges::sort(untried_, std::greater<>(), &Death::path);
    std::ranges::sort(result_.left_alone);
  }

  void TryOneOfBefore() {
    const Death death = std::move(untried_.back());
    untried_.pop_back();
    bool repeats = false;
    const std::string what = Try(death, repeats);
    status_.Say("an earlier worker {}; {}", death.how, what);
  }

  // Whether the program that a worker died over kills another process, too, or hangs it; if so, it is kept.
  std::string Crash(int i, const Program& program, pid_t pid, const std::string& how) {
    bool repeats = false;
    std::string what = Try(Keep(program, pid, how), repeats);
    if (!repeats) shares_[i].again.store(true);
    return what;
  }

  std::string Try(const Death& death, bool& repeats) {
    if (link_) link_->Trying(death.path);
    std::string what = TryHere(death, repeats);
    if (link_) link_->Trying("");
    return what;
  }

  std::string TryHere(const Death& death, bool& repeats) {
    int deaths = 0, tries = 0;
    bool hurried = false;
    for (End end = End::kByItself; tries < 3 && end != End::kHanging;) {
      end = EndOf(death.program);
      hurried = end == End::kCutOff;
      if (hurried) break;
      ++tries;
      if (end != End::kByItself) ++deaths;
    }
    repeats = deaths != 0;
    if (deaths == 0 && hurried) {
      if (death.path.empty()) return "there is no time to see whether it was its program";
      result_.untried.push_back(death.path);
      return fmt::format("there is no time to see whether it was its program, which is kept as {}: the next campaign tries it",
                         death.path);
    }
    if (deaths == 0) return PutAside(death, tries);
    // Where nearly every program does it, some examples will do.
    if (options_.directory.empty() || result_.crashes.size() >= 20) {
      Forget(death);
      return "its program repeats that";
    }
    const Program program = deaths == 3 ? SmallestThatKills(death.program) : death.program;
    if (std::ranges::find(killers_, program) != killers_.end() ||
        std::ranges::find(killers_, WithPairsExchanged(program)) != killers_.end()) {
      Forget(death);
      return "its program repeats that, in a way that is kept already";
    }
    killers_.push_back(program);
    const std::string words = fmt::format("a worker {}; alone, this killed or hung its process {} of {} times", death.how, deaths, tries);
    const KeptProgram kept = options_.kernel_in_worker ? KeepKernelDeath(options_.directory, program, "the kernel died: " + words)
                                                       : KeepProgram(Below(kCrashesDirectory), "crash-" + Numbered(getpid()), program, words);
    if (kept.trouble.any()) return "its program repeats that, but " + kept.trouble.what;
    Forget(death);
    result_.crashes.push_back(kept.path);
    return "its program repeats that, and is kept as " + kept.path;
  }

  // A death that never came again. Somebody's `kill -9` says nothing of a program; any other end is kept, as
  // divergences are that never came again.
  std::string PutAside(const Death& death, int tries) {
    constexpr std::string_view kNot = "the program that it was running does not repeat that";
    if (death.path.empty() || death.FromOutside()) {
      Forget(death);
      return std::string(kNot);
    }
    const KeptProgram kept = KeepProgram(Below(kGoneDirectory), "death-" + Numbered(getpid()), death.program,
                                         fmt::format("a worker {}\nalone, this did it in none of {} runs", death.how, tries));
    if (kept.trouble.any()) return fmt::format("{}, but {}", kNot, kept.trouble.what);
    Forget(death);
    return fmt::format("{}; it is kept as {}", kNot, kept.path);
  }

  // Which of a socketpair()'s two sockets does it says nothing new.
  static Program WithPairsExchanged(Program program) {
    std::map<uint8_t, uint8_t> other;
    for (Call& call : program.calls) {
      ForEachDescriptor(call, [&](const Argument&, Descriptor& fd) {
        if (const auto found = fd.IsHandle() ? other.find(fd.handle()) : other.end(); found != other.end()) {
          fd = Descriptor::Handle(found->second);
        }
      });
      if (call.made2 >= kMaxHandles) continue;
      other[call.made] = call.made2;
      other[call.made2] = call.made;
    }
    return program;
  }

  static void Forget(const Death& death) {
    if (!death.path.empty()) unlink(death.path.c_str());
  }

  // Minimized for some seconds, since everything else waits meanwhile.
  Program SmallestThatKills(const Program& program) {
    const Minimized minimized = Minimize(program, [this](const Program& smaller) { return EndOf(smaller) == End::kKilled; },
                                         {.deadline = options_.kernel_in_worker ? kMinimizingAHang : kMinimizingADeath, .stop = [this] { return Hurried(); }});
    return minimized.kept ? minimized.program : program;
  }

  // Whether the worker has done anything since this was asked last.
  bool Beats(int i, Clock::time_point now) {
    Child& child = children_[i];
    const uint64_t beats = shares_[i].beats.get();
    if (beats == std::exchange(child.beats, beats)) return false;
    child.beat_at = now;
    return true;
  }

  void KillAll(Clock::time_point now) {
    const bool first = !std::exchange(killed_all_, true);
    for (int i = 0; i < jobs_; ++i) {
      Child& child = children_[i];
      if (child.pid <= 0) continue;
      kill(child.pid, SIGKILL);
      (void)Beats(i, now);  // nobody may have looked for a while
      // It may hang in its program for ever: what is not known is kept.
      const auto silent = std::chrono::duration_cast<std::chrono::seconds>(now - child.beat_at);
      const Program program = shares_[i].running.Get();
      if (!first || silent < kSilence || program.calls.empty()) continue;
      const Death death =
          Keep(program, child.pid, fmt::format("had done nothing for {} s when the campaign ended", silent.count()));
      if (death.path.empty()) continue;
      result_.untried.push_back(death.path);
      status_.Say("worker {} (process {}) {}; its program is kept as {}, and the next campaign tries it", i + 1, child.pid,
                  death.how, death.path);
    }
  }

  // A worker that does nothing for so long hangs in the kernel, or in a bug of ours.
  void KillStuck(Clock::time_point now) {
    constexpr auto kPatience = std::chrono::seconds(60);
    for (int i = 0; i < jobs_; ++i) {
      Child& child = children_[i];
      if (!Beats(i, now) && child.pid > 0 && now - child.beat_at > kPatience) {
        status_.Say("worker {} (process {}) has done nothing for a minute, and is killed", i + 1,
            child.pid);
        child.stuck = true;
        kill(child.pid, SIGKILL);
        child.beat_at = now;
      }
    }
  }

  const CampaignOptions& options_;
  const int jobs_;
  SharedArray<Shared> shared_memory_;
  SharedArray<WorkerShare> shares_;
  Shared& shared_;
  std::vector<Child> children_;
  DirectoryLock lock_;
  CampaignState state_;
  Corpus corpus_;
  CampaignStatus status_;
  CampaignResult result_;
  std::optional<LinkInside> link_;  // of CampaignOptions::link
  ToldByWorker told_;               // by it
  LinkFeed feed_;                   // of CampaignOptions::elsewhere
  std::string began_at_;
  std::vector<LoadedFinding> old_;               // findings of earlier runs
  std::set<size_t> rechecked_;                   // of them, those that were told
  std::map<std::string, uint64_t> counted_;      // by key, what its finding.json counts of this run
  std::vector<Death> untried_;                   // what earlier campaigns had no time to try, the first last
  std::optional<Clock::time_point> stopped_;     // when the end was wished for
  std::vector<Program> killers_;                 // programs that killed workers, as they were kept
  bool went_on_ = false;
  bool killed_all_ = false;
};

}  // namespace

CampaignResult RunCampaign(const CampaignOptions& options) { return Campaign(options).Run(); }

bool HasDiverged(const CampaignResult& result) {
  const auto unexplained = [](const CampaignKey& key) {
    return !key.known && !key.pending && !key.gone && key.kind == FindingClass::kConfirmed;
  };
  const auto still_there = [](const RecheckedFinding& old) {
    return !old.known && !old.fixed && old.kind == FindingClass::kConfirmed;
  };
  const auto happens_no_longer = [](const MetDeviation& deviation) {
    return deviation.fixed && deviation.met == 0 && !deviation.expired;
  };
  return std::ranges::any_of(result.keys, unexplained) || std::ranges::any_of(result.rechecked, still_there) ||
         std::ranges::any_of(result.deviations, happens_no_longer) || !result.crashes.empty() ||
         result.keys_left_out != 0 || result.ended_early != 0;
}

}  // namespace sockspec
