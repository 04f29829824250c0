// A campaign in a child with a library preloaded, started again where that goes away.
#ifndef SOCKSPEC_CLI_GUEST_CAMPAIGN_H_
#define SOCKSPEC_CLI_GUEST_CAMPAIGN_H_

#include <chrono>
#include <string>

#include "cli/kernels.h"

namespace sockspec {

// Runs `sockspec fuzz` in the child, findings in `out` (as typed) as they come. Where the kernel dies or hangs, what it
// was running is kept in OUT/.crashes, and another one goes on with other programs until the time is over. The
// exit status.
int CampaignInChild(const KernelOptions& options, const std::string& out, std::chrono::milliseconds duration);

}  // namespace sockspec

#endif  // SOCKSPEC_CLI_GUEST_CAMPAIGN_H_
