#include "fuzz/campaign.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "fuzz/campaign_files.h"
#include "fuzz/campaign_shared.h"
#include "fuzz/campaign_status.h"
#include "fuzz/campaign_worker.h"
#include "fuzz/lockstep.h"
#include "model/clause.h"
#include "model/program/text.h"
#include "nlohmann/json.hpp"

namespace sockspec {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

// How long after the end a worker may live.
constexpr auto kGraceOfWorkers = std::chrono::seconds(20);
constexpr std::string_view kState = "campaign.json";

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
        children_(jobs_),
        status_(options_, jobs_, shared_, shares_) {}

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
    for (int i = 0; i < jobs_; ++i) Start(i);
    Watch();
    result_.counts = status_.Counts();
    result_.interrupted = g_signals != 0;
    status_.Keys(result_);
    if (Trouble trouble = SaveState(); trouble.any()) Fail(std::move(trouble));
    if (!options_.directory.empty()) UpdateStored();
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
  };



  // --- what stands in the directory

  // Of one kernel, profile and mutant: a directory may hold several campaigns.
  std::string Section() const {
    return options_.profile.name() + (options_.mutant.empty() ? "" : " " + options_.mutant);
  }

  Trouble Begin() {
    if (!options_.directory.empty()) {
      if (Trouble trouble = MakeDirectory(options_.directory); trouble.any()) return trouble;
      if (Trouble trouble = MakeDirectory(options_.directory + "/" + std::string(kPendingDirectory));
          trouble.any()) {
        return trouble;
      }
      if (const auto text = ContentsOf(StatePath())) {
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
    status_.Say("seed {:#x}{}", result_.seed,
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
      shared_.next.store(section.value("next", uint64_t{0}) / kProgramsOfABlock * kProgramsOfABlock);
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
    const CampaignCounts counts = status_.Counts();
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
    return WriteAtomically(StatePath(),
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
    if (options_.announce && !options_.directory.empty() && shares_[i].announce < 0) {
      shares_[i].announce = OpenAnnouncement(options_.directory, i);
    }
    child.pid = Fork([&](Kernel* kernel, const Trouble& trouble) {
      if (kernel == nullptr) {
        snprintf(shares_[i].trouble, sizeof shares_[i].trouble, "%s", trouble.what.c_str());
        _exit(kExitTrouble);
      }
      RunWorker(options_, result_.seed, shared_, shares_[i], *kernel);
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
    Clock::time_point line_at = status_.began();
    Clock::time_point saved_at = status_.began();
    for (;;) {
      if (Reap() == 0) break;
      const Clock::time_point now = Clock::now();
      if (g_signals > 0 || now - status_.began() >= options_.duration) shared_.stop.store(true);
      if (options_.calls != 0 && status_.Calls() >= options_.calls) shared_.stop.store(true);
      if (shared_.stop.load() && !stopped) stopped = now;
      if (stopped && (g_signals > 1 || now - *stopped > kGraceOfWorkers)) KillAll();
      KillStuck(now);
      status_.SayFound();
      if (now >= line_at) {
        status_.Line(now);
        line_at = now + (options_.terminal ? std::chrono::milliseconds(500)
                                           : std::chrono::milliseconds(10000));
      }
      if (now - saved_at > std::chrono::seconds(2)) {
        saved_at = now;
        if (Trouble trouble = SaveState(); trouble.any()) Fail(std::move(trouble));
      }
      poll(nullptr, 0, 20);
    }
    status_.SayFound();
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
        status_.Say("worker {} had to stop: {}; started again", i + 1, trouble);
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
    status_.Say("worker {} (process {}) {} after {} programs{}{}", i + 1, pid, how,
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
    const std::string crashes = fmt::format("{}/{}", options_.directory, kCrashesDirectory);
    const std::string path = fmt::format("{}/crash-{}.program", crashes, pid);
    Transcript transcript{.comments = {fmt::format(
                              "a worker {}; alone, this did the same {} of 3 times", how, deaths)},
                          .program = program};
    transcript.said.resize(program.calls.size());
    Trouble trouble = MakeDirectory(crashes);
    if (!trouble.any()) trouble = WriteAtomically(path, PrintText(transcript));
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
        status_.Say("worker {} (process {}) has done nothing for a minute, and is killed", i + 1,
            child.pid);
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
  CampaignStatus status_;
  CampaignResult result_;
  Json state_ = Json::object();
  bool went_on_ = false;
  bool killed_all_ = false;
};

}  // namespace

CampaignResult RunCampaign(const CampaignOptions& options) { return Campaign(options).Run(); }

}  // namespace sockspec
