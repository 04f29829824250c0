// A worker of a campaign: plays programs until it is told to stop, and works out what it finds.
#ifndef SOCKSPEC_FUZZ_CAMPAIGN_WORKER_H_
#define SOCKSPEC_FUZZ_CAMPAIGN_WORKER_H_

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "fuzz/campaign.h"
#include "fuzz/campaign_shared.h"
#include "fuzz/finding.h"
#include "sut/kernel.h"

namespace sockspec {

inline constexpr int kProgramsOfABlock = 64;  // that a worker takes at a time
// How a worker exits that cannot do its job: WorkerShare::trouble says why.
inline constexpr int kExitTrouble = 3;      // the kernel could not be had
inline constexpr int kExitUnwritable = 4;   // the directory cannot be written
// How often a pending finding is worked out whose worker died over it.
inline constexpr int kMostAttempts = 3;

// A worker's whole life, from the end of the one that it replaces on. Comes back when
// Shared::stop is set or there are no more programs to run.
// `old` are the findings of earlier runs, to be looked at again.
void RunWorker(const CampaignOptions& options, uint64_t seed, const std::vector<LoadedFinding>& old,
               Shared& shared, WorkerShare& share, Kernel& kernel);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_CAMPAIGN_WORKER_H_
