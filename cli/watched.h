// A stack within this process may take it down: then another process says in the middle of which program.
#ifndef SOCKSPEC_CLI_WATCHED_H_
#define SOCKSPEC_CLI_WATCHED_H_

#include <atomic>
#include <string>
#include <vector>

namespace sockspec {

// Goes on in a child; this process waits for it, and ends as it ends. Where a signal ends it, it says so, and of
// `names` the one that stands at the number that came back, below 0 for none, and the exit status is kExitDiverges. To be
// called while there is one thread.
std::atomic<int>& GoOnWatched(const std::vector<std::string>& names);

}  // namespace sockspec

#endif  // SOCKSPEC_CLI_WATCHED_H_
