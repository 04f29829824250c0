// The files of a campaign's directory, but for the findings (finding.h).
#ifndef SOCKSPEC_FUZZ_CAMPAIGN_FILES_H_
#define SOCKSPEC_FUZZ_CAMPAIGN_FILES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/campaign.h"
#include "model/program/program.h"
#include "sut/kernel.h"

namespace sockspec {

inline constexpr std::string_view kPendingDirectory = ".pending";
inline constexpr std::string_view kGoneDirectory = ".gone";  // was pending and never came again
// Programs that kill the process that runs them.
inline constexpr std::string_view kCrashesDirectory = ".crashes";

// What each worker runs, where that is announced.
inline constexpr std::string_view kRunningDirectory = ".running";

// What the names of files that are being written begin with. Nobody reads those.
inline constexpr std::string_view kNewFile = ".new-";

struct WriteOptions {
  std::string temporary;  // where it is written first; empty: beside it, kNewFile and its name
  bool sync = true;       // whether it is to outlast a failure of the machine
};

// All or nothing: the file has its new contents, or is as it was.
Trouble WriteAtomically(const std::string& path, std::string_view contents,
                        const WriteOptions& options = {});

// Adds `text` to the end of a file. A line that a full disk cut off there goes first.
Trouble Append(const std::string& path, std::string_view text);

// Removes what killed processes were writing in `directory`, which nobody else may use now.
void RemoveUnfinished(const std::string& directory);

// A directory is one campaign's at a time. The lock goes with the process that took it, also where
// that is killed.
class DirectoryLock {
 public:
  DirectoryLock() = default;
  ~DirectoryLock() { Close(); }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

  // The trouble says who holds it, and since when.
  Trouble Take(const std::string& directory);
  // To be called in forked processes: the lock stays the parent's alone.
  void Close();

 private:
  int fd_ = -1;
};

// Nothing where the file cannot be read.
std::optional<std::string> ContentsOf(const std::string& path);

bool Exists(const std::string& path);

// With those above it; no trouble where it is there.
Trouble MakeDirectory(const std::string& path);

// The file in which worker `worker` says what it runs; -1 where it cannot be opened. It outlives the kernel that the
// worker runs on.
int OpenAnnouncement(const std::string& directory, int worker);
void RemoveAnnouncement(const std::string& directory, int worker);
// One write: the file says all of this program, or all of the one before.
void Announce(int file, const Program& program);

// A divergence as it was generated, until it is worked out. On disk, so that no kill loses it.
struct Pending {
  std::string key;
  uint64_t seed = 0;    // as Finding::seed
  std::string made_of;  // as Finding::made_of
  Program program;
  std::vector<Program> before;  // what ran in its namespace before it, in order: it may come only after those
};

// DIR/.pending/KEY.program, and KEY.before beside it, which is there first.
Trouble WritePending(const std::string& directory, const Pending& pending);
void RemovePending(const std::string& directory, const std::string& key);

// Removes a KEY.before whose KEY.program is not there: who wrote or removed the two was killed in between. To be called
// where nobody else uses the directory.
void RemoveOrphans(const std::string& directory);

// Keeps a program with `words` (lines) of it in `directory`, which is made where it does not exist, as STEM.program or, where
// that is taken, STEM-2.program and so on: processes have the same numbers again in another container, or after a boot.
KeptProgram KeepProgram(const std::string& directory, std::string_view stem, const Program& program, std::string_view words);

// What ParseUntried() (campaign.h) reads in a program that is kept.
std::string UntriedWords(std::string_view how, std::string_view whose);

// What earlier runs left, by key. A file that is no program any more stays where it is.
std::vector<Pending> ReadPending(const std::string& directory);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_CAMPAIGN_FILES_H_
