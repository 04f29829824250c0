// The process that attends to a campaign's worker in another kernel: starts the kernel, takes what comes out, and starts another
// one where that dies.
#ifndef SOCKSPEC_FUZZ_CAMPAIGN_ATTEND_H_
#define SOCKSPEC_FUZZ_CAMPAIGN_ATTEND_H_

#include <chrono>
#include <cstdint>
#include <vector>

#include "fuzz/campaign.h"
#include "fuzz/campaign_shared.h"
#include "fuzz/finding.h"

namespace sockspec {

// How it exits where the worker's kernels died too often: the campaign goes on without that worker.
inline constexpr int kExitNoMoreKernels = 5;

struct AttendedWorker {
  int number = 0;
  uint64_t seed = 0;
  std::chrono::steady_clock::time_point began;  // the campaign
};

// Kernel after kernel, until the campaign ends. What one died of the next one leaves out. How the process is to exit, as a worker
// does (campaign_worker.h); `share` has the trouble.
int Attend(const CampaignOptions& options, const AttendedWorker& worker, const std::vector<LoadedFinding>& old, Shared& shared,
           WorkerShare& share);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_CAMPAIGN_ATTEND_H_
