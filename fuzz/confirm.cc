#include "fuzz/confirm.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "model/program/text.h"

namespace sockspec {
namespace {

// A discarded run judges nothing; so often is another one tried in its place.
constexpr int kPatience = 3;

// A run that was discarded after it had diverged shows that as well as any.
bool Judged(const Run& run) { return !run.discarded || run.diverged(); }

// What came of a number of runs.
class Tally {
 public:
  Tally(Lockstep& lockstep, const Program& program, std::string_view key)
      : lockstep_(lockstep), program_(program), key_(key) {}

  // One run that is judged. False where the kernel cannot be had.
  bool Once(Rate& rate) {
    const Run* run = nullptr;
    for (int i = 0; i < kPatience; ++i) {
      run = &lockstep_.PlayFresh(program_);
      if (run->trouble.any()) {
        trouble_ = run->trouble;
        return false;
      }
      if (Judged(*run)) break;
    }
    if (!Judged(*run)) return true;
    ++rate.runs;
    const bool shows = Shows(*run, key_);
    if (shows) ++rate.hits;
    std::optional<std::vector<Reply>>& kept = shows ? with_ : without_;
    if (!kept) kept = run->replies;
    return true;
  }

  const Trouble& trouble() const { return trouble_; }

  // "call 5, recv(s1, 5, 0), came back -1 EAGAIN in one run and 5, data=[0,5) in another"
  std::string WhatVaried() const {
    if (!with_ || !without_) return "";
    const size_t n = std::min(with_->size(), without_->size());
    for (size_t i = 0; i < n; ++i) {
      if ((*with_)[i] == (*without_)[i]) continue;
      const Call& call = program_.calls[i];
      return "call " + std::to_string(i + 1) + ", " + PrintCall(call) + ", came back " +
             PrintReply(call, (*with_)[i]) + " where it diverged and " +
             PrintReply(call, (*without_)[i]) + " where it did not";
    }
    return "the replies were the same, up to where the runs ended";
  }

 private:
  Lockstep& lockstep_;
  const Program& program_;
  std::string_view key_;
  std::optional<std::vector<Reply>> with_;     // of the first run that showed it
  std::optional<std::vector<Reply>> without_;  // … that did not
  Trouble trouble_;
};

// Whether `program` diverges when `before` ran in its namespace first.
bool ShowsAfter(Lockstep& lockstep, const std::vector<Program>& before, const Program& program,
                std::string_view key) {
  bool fresh = true;
  for (const Program& earlier : before) {
    if ((fresh ? lockstep.PlayFresh(earlier) : lockstep.Play(earlier)).trouble.any()) return false;
    fresh = false;
  }
  return Shows(fresh ? lockstep.PlayFresh(program) : lockstep.Play(program), key);
}

// Leaves out of `before` what is not needed, by halves and then one by one.
std::vector<Program> Needed(Lockstep& lockstep, std::vector<Program> before, const Program& program,
                            std::string_view key) {
  for (size_t size = (before.size() + 1) / 2; size >= 1; size /= 2) {
    for (size_t to = before.size(); to > 0;) {
      const size_t from = to > size ? to - size : 0;
      std::vector<Program> fewer = before;
      fewer.erase(fewer.begin() + static_cast<ptrdiff_t>(from),
                  fewer.begin() + static_cast<ptrdiff_t>(to));
      if (!fewer.empty() && ShowsAfter(lockstep, fewer, program, key)) before = std::move(fewer);
      to = from;
    }
  }
  return before;
}

}  // namespace

std::string_view ConfirmedName(Confirmed confirmed) {
  switch (confirmed) {
    case Confirmed::kYes:
      return "confirmed";
    case Confirmed::kUnstable:
      return "unstable";
    case Confirmed::kContaminated:
      return "contaminated";
    case Confirmed::kGone:
      return "gone";
  }
  return "gone";
}

bool Shows(const Run& run, std::string_view key) {
  return run.diverged() && run.divergences[0].key == key;
}

Confirmation Confirm(Lockstep& lockstep, const Program& program, std::string_view key,
                     const ConfirmOptions& options) {
  Confirmation result;
  Tally tally(lockstep, program, key);
  for (int i = 0; i < options.quiet; ++i) {
    if (!tally.Once(result.quiet)) break;
    if (options.progress) options.progress(result.quiet, result.disturbed);
  }
  if (!tally.trouble().any() && options.disturbed > 0) {
    std::optional<Load> load;
    if (options.load) load.emplace();
    for (int i = 0; i < options.disturbed; ++i) {
      // 0 would mean not to disturb.
      lockstep.kernel().Disturb(std::max(1u, options.seed + static_cast<unsigned>(i)));
      if (!tally.Once(result.disturbed)) break;
      if (options.progress) options.progress(result.quiet, result.disturbed);
    }
    lockstep.kernel().Disturb(0);
  }
  result.trouble = tally.trouble();
  const int hits = result.quiet.hits + result.disturbed.hits;
  const int runs = result.quiet.runs + result.disturbed.runs;
  // All, of all that were wanted: runs that were discarded confirm nothing.
  if (hits == runs && runs == options.quiet + options.disturbed) {
    result.verdict = Confirmed::kYes;
  } else if (hits > 0) {
    result.verdict = Confirmed::kUnstable;
    result.what_varied = tally.WhatVaried();
  } else if (!options.before.empty() && !result.trouble.any() &&
             ShowsAfter(lockstep, options.before, program, key) &&
             ShowsAfter(lockstep, options.before, program, key)) {
    result.verdict = Confirmed::kContaminated;
    result.before = Needed(lockstep, options.before, program, key);
  }
  return result;
}

void Ring::Push(const Program& program) {
  if (programs_.empty()) return;
  programs_[next_].env = program.env;
  programs_[next_].calls.assign(program.calls.begin(), program.calls.end());
  next_ = (next_ + 1) % programs_.size();
  count_ = std::min(count_ + 1, programs_.size());
}

std::vector<Program> Ring::Programs() const {
  std::vector<Program> programs;
  for (size_t i = 0; i < count_; ++i) {
    programs.push_back(programs_[(next_ + programs_.size() - count_ + i) % programs_.size()]);
  }
  return programs;
}

Load::Load() {
  const pid_t parent = getpid();
  child_ = fork();
  if (child_ != 0) return;
  // The child shares no descriptor: one of a socket would keep that socket from closing, and its name taken. closefrom() does
  // that also where there is no close_range(): gVisor of 2022.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  closefrom(0);
  if (getppid() != parent) _exit(0);
  for (volatile unsigned n = 0;; n = n + 1) {
  }
}

Load::~Load() {
  if (child_ < 0) return;
  kill(child_, SIGKILL);
  while (waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace sockspec
