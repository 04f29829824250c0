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
#include "model/program/text.h"

namespace sockspec {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMostDeaths = 20;

// What the workers were running when the kernel went away: programs, kept as text. Their files.
std::vector<std::string> KeepRunning(const std::string& directory, const GuestRun& run, int death) {
  std::vector<std::string> kept;
  std::error_code error;
  for (const Program& program : ProgramsThatRan(directory)) {
    Transcript transcript{.comments = {fmt::format("the kernel {} while this ran", run.died ? "died" : "hung")},
                          .program = program};
    for (size_t from = 0; from < run.last_words.size();) {
      const size_t end = std::min(run.last_words.find('\n', from), run.last_words.size());
      transcript.comments.push_back(run.last_words.substr(from, end - from));
      from = end + 1;
    }
    transcript.said.resize(program.calls.size());
    std::filesystem::create_directories(directory + "/.crashes", error);
    // Numbered on from what earlier campaigns left.
    std::string path;
    for (int n = death; path.empty() || std::filesystem::exists(path); ++n) {
      path = fmt::format("{}/.crashes/kernel-died-{}.program", directory, n);
    }
    WriteWhole(path, PrintText(transcript));
    kept.push_back(path);
  }
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
    for (const std::string& path : KeepRunning(directory, run, deaths)) {
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
