#include "fuzz/campaign_attend.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "fuzz/campaign_files.h"
#include "fuzz/campaign_link.h"
#include "fuzz/campaign_worker.h"

namespace sockspec {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMostKernels = 20;
// A guess is as good as any for what ran since a kernel's latest words.
constexpr uint64_t kBlocksLeftOut = 16;

// What a kernel was running when it died: the worker's program, and one of an earlier death that was being tried. That one is
// tried no more.
std::vector<Program> WhatItRan(const CampaignOptions& options, int worker, const std::string& trying) {
  std::vector<Program> programs = ProgramsThatRan(options.directory, worker);
  if (trying.empty()) return programs;
  UntriedProgram untried = ParseUntried(ContentsOf(trying).value_or(""), trying);
  if (untried.problem.empty() && std::ranges::find(programs, untried.program) == programs.end()) {
    programs.push_back(std::move(untried.program));
  }
  return programs;
}

void KeepWhatItRan(const CampaignOptions& options, int worker, const std::string& death, const std::string& trying) {
  const int jobs = std::max(1, options.jobs);
  std::vector<std::string> paths;
  bool all_kept = true;
  for (const Program& program : WhatItRan(options, worker, trying)) {
    // Numbers that no other attendant comes to.
    KeptProgram kept = KeepKernelDeath(options.directory, program, death, {.first = jobs + worker, .step = jobs});
    if (kept.trouble.any()) {
      fmt::print(stderr, "sockspec: {}\n", kept.trouble.what);
      all_kept = false;
      continue;
    }
    fmt::print(stderr, "sockspec: what it was running is kept; to see whether it was that:\n    {}\n",
               options.check_command(kept.path));
    paths.push_back(std::move(kept.path));
  }
  if (all_kept && !trying.empty()) unlink(trying.c_str());
  if (const Trouble trouble = TellDeath(options.directory, worker, paths); trouble.any()) {
    fmt::print(stderr, "sockspec: {}\n", trouble.what);
  }
}

}  // namespace

int Attend(const CampaignOptions& options, const AttendedWorker& worker, const std::vector<LoadedFinding>& old, Shared& shared,
           WorkerShare& share) {
  const int jobs = std::max(1, options.jobs);
  const auto give_up = [&](const std::string& why, int status) {
    snprintf(share.trouble, sizeof share.trouble, "%s", why.c_str());
    return status;
  };
  while (!shared.stop.load()) {
    const CampaignLink link = LinkOutside::Make(options.directory, worker.number, jobs, shared, share);
    LinkOutside outside(link, old, shared, share);
    // What the kernel before this one ran is nothing to this one, should it die before it runs anything.
    RemoveAnnouncement(options.directory, worker.number);
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(options.duration - (Clock::now() - worker.began));
    const EndElsewhere end = options.elsewhere(link, worker.seed, left, [&] {
      outside.Take(false);
      return shared.hurry.load() ? 2 : shared.stop.load() ? 1 : 0;
    });
    outside.Take(true);
    // What is offered waits for the parent to take it.
    for (const auto until = Clock::now() + std::chrono::seconds(2); outside.offers() && Clock::now() < until; outside.Take(true)) {
      usleep(5000);
    }
    if (!end.trouble.empty()) return give_up(end.trouble, end.unavailable ? kExitTrouble : kExitUnwritable);
    if (end.death.empty()) return 0;
    fmt::print(stderr, "sockspec: {}\n", end.death);
    if (end.kernel_lived) (void)TellDeath(options.directory, worker.number, {});
    if (!end.kernel_lived) KeepWhatItRan(options, worker.number, end.death, outside.Trying());
    share.next.fetch_add(kBlocksLeftOut * static_cast<uint64_t>(jobs) * kProgramsOfABlock);
    if (share.kernels_lost.fetch_add(1) + 1 >= kMostKernels) {
      return give_up(fmt::format("its kernels died {} times, which is enough", kMostKernels), kExitNoMoreKernels);
    }
  }
  return 0;
}

}  // namespace sockspec
