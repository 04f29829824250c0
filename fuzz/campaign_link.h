// A campaign's worker in another kernel: what it counts and finds comes out, and what others find goes in, by files of a
// directory that both kernels see. No memory is shared there, and no lock.
//
// The worker is a campaign itself (CampaignOptions::link), with one job, whose own process sends twice a second what changed. It keeps
// findings, pending ones and crashes where the other one does, in the campaign's directory, but writes no campaign.json,
// no stats and no corpus: those are written outside, from what it tells. A file is written whole, under a name that
// none had before: kernels keep what they read of a file.
//
//     DIR/.link/N/GENERATION/share      the worker's counts and keys, the latest (N: its number)
//                            offers-M   programs that reached something new to it
//                            told.json  findings of earlier runs that it has tried again, deaths, crashes
//                            trying     the program of earlier deaths that is tried now
//                            corpus     what there is when it begins
//                            before     what its earlier kernels counted
//     DIR/.link/N/begun                 what the worker has begun, in whichever kernel; see Begun
//                 untried               its part of the programs of earlier deaths: files, until it takes them
//                 deaths                of its kernels, an empty line each, with the program that is kept under it
//     DIR/.link/feed/M                  programs that reached something new to the campaign, for all workers
#ifndef SOCKSPEC_FUZZ_CAMPAIGN_LINK_H_
#define SOCKSPEC_FUZZ_CAMPAIGN_LINK_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "fuzz/campaign.h"
#include "fuzz/campaign_corpus.h"
#include "fuzz/campaign_shared.h"
#include "fuzz/finding.h"

namespace sockspec {

inline constexpr std::string_view kLinkDirectory = ".link";

// What a worker has begun that a kernel may die over, and how often: the one that comes after it goes on with that, and not for
// ever. What is not there is another worker's. A line each time: what, and its number.
class Begun {
 public:
  static std::string Recheck(const std::string& key) { return "recheck:" + key; }
  static std::string Pending(const std::string& key) { return "pending:" + key; }

  explicit Begun(const CampaignLink& link);
  // -1: another worker's.
  int Times(const std::string& what) const;
  void Set(const std::string& what, int times);

 private:
  const std::string path_;
  std::map<std::string, int> times_;
};

// Shares out among the workers, before they start, what earlier campaigns left in `directory`: what Begun is to name, and files
// of programs to try.
Trouble ShareOut(const std::string& directory, int workers, const std::vector<std::string>& to_begin,
                 const std::vector<std::string>& untried);

// What a worker tells beside its numbers.
struct ToldByWorker {
  std::map<std::string, int> rechecked;  // by key, a Recheck
  int deaths = 0;
  std::vector<std::string> crashes;
  std::vector<std::string> untried;
};

// In the campaign inside.
class LinkInside {
 public:
  explicit LinkInside(const CampaignLink& link) : link_(link) {}

  // Takes up what an earlier kernel of this worker's had counted, and the corpus.
  void Begin(WorkerCounts& counts, Corpus& corpus);

  // This worker's part of what earlier campaigns had no time to try: files. The first kernel has them, and no other one.
  std::vector<std::string> TakeUntried();
  // Says which of them is tried now, or another one: the kernel may die of it. Empty: none.
  void Trying(const std::string& path);

  void Offer(const Candidate& candidate) { offers_.push_back(candidate); }
  // Twice a second, and with `now` at once: sends what changed, and takes what there is.
  void Exchange(const Shared& shared, const WorkerCounts& counts, const ToldByWorker& told, Corpus& corpus, bool now);

 private:
  const CampaignLink& link_;
  std::vector<Candidate> offers_;
  uint64_t sent_ = 0;  // files of offers
  uint64_t fed_ = 0;   // files of the feed that were taken
  std::string told_;
  std::chrono::steady_clock::time_point at_;
};

// In the process outside that attends to the kernel.
class LinkOutside {
 public:
  // The link of a kernel that starts now; its directory is there then, with the corpus, and with what was counted by those
  // before it.
  static CampaignLink Make(const std::string& directory, int number, int of, const Shared& shared, const WorkerShare& share);

  LinkOutside(const CampaignLink& link, const std::vector<LoadedFinding>& old, Shared& shared, WorkerShare& share)
      : link_(link), old_(old), shared_(shared), share_(share) {}

  // A few times a second, and with `now` at once: takes what has come.
  void Take(bool now);
  // Whether the campaign has not yet taken all that came.
  bool offers() const { return !offers_.empty(); }
  // The file of a program of earlier deaths that was being tried; empty: none.
  std::string Trying() const;

 private:
  void TakeShare(std::string_view bytes);
  void TakeKey(const KeyEntry& told);
  void TakeOffers();

  const CampaignLink& link_;
  const std::vector<LoadedFinding>& old_;
  Shared& shared_;
  WorkerShare& share_;
  std::map<std::string, uint64_t> counted_;  // by key
  std::deque<Candidate> offers_;             // that had no room yet
  uint64_t taken_ = 0;                       // files of offers
  uint64_t left_out_ = 0;                    // of the worker's Shared::keys_left_out, what was counted
  std::chrono::steady_clock::time_point at_;
};

// In the campaign outside: what goes to all workers.
class LinkFeed {
 public:
  void Add(const Candidate& candidate) { candidates_.push_back(candidate); }
  // Twice a second, a file where there is something.
  void Write(const std::string& directory, Shared& shared);

 private:
  std::vector<Candidate> candidates_;
  std::chrono::steady_clock::time_point at_;
};

// Says that a kernel of this worker died, and which programs are kept for it: files.
Trouble TellDeath(const std::string& directory, int worker, const std::vector<std::string>& kept);

// What the workers in `directory` told, all together, and the deaths of their kernels.
ToldByWorker AllTold(const std::string& directory);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_CAMPAIGN_LINK_H_
