#include "cli/guest_campaign.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "cli/files.h"
#include "cli/guest.h"
#include "cli/stop.h"
#include "fmt/format.h"
#include "fuzz/ask_again.h"
#include "fuzz/campaign.h"
#include "fuzz/generate.h"

namespace sockspec {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMostDeaths = 20;

// What the workers were running when the kernel went away: programs, kept as text. Their files.
std::vector<std::string> KeepRunning(const std::string& directory, const GuestRun& run) {
  std::vector<std::string> kept;
  for (const Program& program : ProgramsThatRan(directory)) {
    const std::string words = fmt::format("the kernel {} while this ran\n{}", run.died ? "died" : "hung", run.last_words);
    KeptProgram file = KeepKernelDeath(directory, program, words);
    if (file.trouble.any()) throw Stop{kExitUnusable, file.trouble.what};
    kept.push_back(std::move(file.path));
  }
  std::error_code error;
  std::filesystem::remove_all(directory + "/.running", error);
  return kept;
}

}  // namespace

int CampaignInChild(const KernelOptions& options, const std::string& out, std::chrono::milliseconds duration) {
  const auto until = Clock::now() + duration;
  const std::string directory = PathOf(out);
  std::vector<std::string> more = {"--out=" + out};
  int deaths = 0;
  for (;;) {
    const GuestRun run = RunCommandInGuest(options, {.directory = out}, more);
    if (!run.died && !run.hung) return deaths > 0 ? std::max<int>(run.status, kExitDiverges) : run.status;
    ++deaths;
    fmt::print(stderr, "sockspec: {}\n", DeathWords(run));
    for (const std::string& path : KeepRunning(directory, run)) {
      const Asked asked{.kernel = WordsOf(SetupFor(options)), .profile = options.profile};
      fmt::print(stderr, "sockspec: what it was running is kept; to see whether it was that:\n    {}\n", CheckCommand(asked, path));
    }
    const auto left = std::chrono::duration_cast<std::chrono::seconds>(until - Clock::now()).count();
    if (run.interrupted || left < 1) return kExitDiverges;
    if (deaths >= kMostDeaths) {
      fmt::print(stderr, "sockspec: it has died {} times, which is enough\n", deaths);
      return kExitDiverges;
    }
    // Other programs than those it died of.
    more = {"--out=" + out,
            fmt::format("--seed={:#x}", ProgramSeed(static_cast<uint64_t>(Clock::now().time_since_epoch().count()), 0))};
    if (duration < kNoLimit) more.push_back(fmt::format("--duration={}s", left));
  }
}

}  // namespace sockspec
