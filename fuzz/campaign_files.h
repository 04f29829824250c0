// The files of a campaign's directory, but for the findings (finding.h).
#ifndef SOCKSPEC_FUZZ_CAMPAIGN_FILES_H_
#define SOCKSPEC_FUZZ_CAMPAIGN_FILES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/program/program.h"
#include "sut/kernel.h"

namespace sockspec {

inline constexpr std::string_view kPendingDirectory = ".pending";
inline constexpr std::string_view kGoneDirectory = ".gone";  // was pending and never came again
// Programs that kill the process that runs them.
inline constexpr std::string_view kCrashesDirectory = ".crashes";

// What each worker runs, where that is announced.
inline constexpr std::string_view kRunningDirectory = ".running";

// All or nothing: the file has its new contents, or is as it was.
Trouble WriteAtomically(const std::string& path, std::string_view contents);

// Nothing where the file cannot be read.
std::optional<std::string> ContentsOf(const std::string& path);

bool Exists(const std::string& path);

// With those above it; no trouble where it is there.
Trouble MakeDirectory(const std::string& path);

// The file in which worker `worker` says what it runs; -1 where it cannot be opened. It outlives the kernel that the
// worker runs on.
int OpenAnnouncement(const std::string& directory, int worker);
// One write: the file says all of this program, or all of the one before.
void Announce(int file, const Program& program);

// A divergence as it was generated, until it is worked out. On disk, so that no kill loses it.
struct Pending {
  std::string key;
  uint64_t seed = 0;
  Program program;
};

std::string PendingPath(const std::string& directory, const std::string& key);
Trouble WritePending(const std::string& directory, const Pending& pending);

// What earlier runs left, by key. A file that is no program any more stays where it is.
std::vector<Pending> ReadPending(const std::string& directory);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_CAMPAIGN_FILES_H_
