// A campaign: random programs in lockstep, for as long as one likes, on as many processors as there
// are.
//
//     CampaignOptions options{.profile = profile, .make_kernel = MakeMine, .directory =
//     "findings"}; CampaignResult result = RunCampaign(options); if (result.trouble.any()) …
//
// Workers are processes: each has its own descriptors, namespaces and memory, so that one that dies
// takes nothing along. What they count stands in memory they share with the parent, what they find
// goes to the directory at once: first as it was generated (DIR/.pending), then minimized and
// confirmed (finding.h). A worker that dies is replaced, and goes on with what was pending; so does
// the next campaign in DIR, kill -9 of everything included. Nothing is told before it is on disk.
//
// A share of the programs (CampaignOptions::from_corpus) are mutations and crossings of the corpus
// (campaign_corpus.h); which of them are depends on the seed, what they are on all that ran before.
// Every other program n depends on the seed and n alone, not on the number of workers, and all do
// where the share is 0. What was found keeps its program in any case.
//
// The directory, beside a directory for each finding:
//
//     campaign.json  runs, how often each clause decided, moves of sockets between phases, where to go on
//     stats.csv      a line every 10 s; all but rates and sizes count from the beginning of DIR (findings without
//                    those that are fixed or accepted),
//                    elapsed_s too: the seconds that campaigns ran. `edges` is how many clauses were
//                    reached after which other one on the same handle. rss_kib is that of all
//                    processes, guests and what belongs to them included, shared memory counted once
//     corpus.packed  programs that reached something new, in one file
//     corpus/        the same as files in the byte form, as the libFuzzer targets read them: written at leisure
//                    after the first minute, 50 a second; see ExportCorpus()
//     .pending/      divergences that are not worked out yet
//     .gone/         those that never came again, and programs that a worker died over once
//     .crashes/      programs that kill the process that runs them; those that a worker died over and that nobody had the
//                    time to try are untried-….program, which the next campaign tries
//     .lock          held by the one campaign that runs here
//     .link/         while it runs with workers in other kernels: what goes between them (campaign_link.h)
#ifndef SOCKSPEC_FUZZ_CAMPAIGN_H_
#define SOCKSPEC_FUZZ_CAMPAIGN_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/confirm.h"
#include "fuzz/deviations.h"
#include "fuzz/finding.h"
#include "fuzz/generate.h"
#include "model/profile.h"
#include "model/world.h"
#include "sut/kernel.h"

namespace sockspec {

// As a duration: until the programs or calls have been run, or somebody ends it.
inline constexpr std::chrono::milliseconds kNoLimit = std::chrono::hours(24 * 365 * 100);

// Of a campaign that is one worker of another one, in a kernel of its own (campaign_link.h).
struct CampaignLink {
  std::string directory;  // where the two meet
  int number = 0;         // of this worker,
  int of = 1;             // of so many
  uint64_t next = 0;      // its first program; the next block is `of` blocks away
  uint64_t end = UINT64_MAX;  // the first that nobody is to run
  uint64_t fed = 0;       // files of what workers in other kernels have found that hold nothing new
};

// How a campaign inside another kernel ended.
struct EndElsewhere {
  std::string trouble;  // not empty: it could not begin, or not go on
  bool unavailable = false;  // of `trouble`: there is no such kernel
  std::string death;         // not empty: the kernel died or hung, or the campaign in it was killed, which is said here
  bool kernel_lived = false;  // of `death`: it was the campaign alone
};

struct CampaignOptions {
  Profile profile;

  // Runs a campaign with these options of a link, and the seed, in a kernel of its own, for so long, in the calling
  // process; asks often how many SIGINTs it should have had: it ends at the first, and at the second soon. With it,
  // workers are such campaigns, and `make_kernel` is not asked.
  std::function<EndElsewhere(const CampaignLink& link, uint64_t seed, std::chrono::milliseconds left,
                             const std::function<int()>& signals)>
      elsewhere;
  std::function<std::string(const std::string& path)> check_command;  // that tries a program there again, for people
  // Of the campaign inside.
  std::optional<CampaignLink> link;

  // Makes a worker's kernel, in the worker's process; null and `trouble` where it cannot be had.
  std::function<std::unique_ptr<Kernel>(Trouble* trouble)> make_kernel;

  std::string directory;  // of findings; made where it does not exist; empty: nothing is kept
  // All that a campaign does at its beginning is in it, too; what is being worked out at the end has `grace` more.
  std::chrono::milliseconds duration = std::chrono::seconds(60);
  std::chrono::milliseconds grace = std::chrono::seconds(20);
  uint64_t programs = 0;         // stop after so many of this run; 0: no limit
  uint64_t calls = 0;            // stop after about so many; 0: no limit
  int jobs = 1;                  // worker processes
  std::optional<uint64_t> seed;  // else where the directory left off, else a random one
  GenerateOptions generate;
  std::chrono::milliseconds minimizing = std::chrono::seconds(30);  // the deadline for one finding
  ConfirmOptions confirm;  // `before` and `seed` are the campaign's to fill in
  std::string mutant;      // of the fake kernel, for the findings' reports

  // The known deviations of this kernel and profile: what they explain is counted, and neither
  // minimized nor stored. An expired one explains nothing, and that is said.
  std::vector<Deviation> known;

  // Write down each program before it runs, for ProgramsThatRan(): where the kernel is expected to outlive neither
  // its programs nor this process. Costs a system call a program.
  bool announce = false;

  // What answers runs in the workers' own processes (a preloaded stack): a worker that dies of its program is a kernel
  // that died.
  bool kernel_in_worker = false;

  int from_corpus = 33;  // percent of the programs that are made of the corpus's

  // Half of the programs are made of these, without their last call, which shows what is known already: in what other ways
  // does it show? Empty: none.
  std::vector<Program> around;

  std::string kernel;     // its family, and
  std::string release;    // what it says it is, for campaign.json and to know which findings are its own
  std::string arguments;  // of the command, for campaign.json

  std::FILE* out = stdout;     // what people read; nullptr: nothing
  std::FILE* events = nullptr;  // what programs read, a JSON object a line; nullptr: nothing
  bool terminal = false;    // one line that is written over; else a line every 10 s
};

// What the campaign knows of one key.
struct CampaignKey {
  std::string key;
  bool known = false;    // CampaignOptions::known said so
  bool is_new = false;   // stored by this run
  bool gone = false;     // did not come again in any run; kept in DIR/.gone, and no finding
  bool pending = false;  // not worked out yet: the next campaign in the directory will
  FindingClass kind = FindingClass::kConfirmed;
  Rate quiet;
  Rate disturbed;
  int calls = 0;       // of the minimized program; 0: not known
  uint64_t count = 0;  // programs of this run whose first divergence it was
  std::string path;    // of its directory; empty: not stored
};

// How many replies were allowed, summed up over calls.
struct AllowedCount {
  uint64_t calls = 0;
  uint64_t allowed = 0;
  double mean() const {
    return calls == 0 ? 0 : static_cast<double>(allowed) / static_cast<double>(calls);
  }
};

struct CampaignCounts {
  uint64_t programs = 0;
  uint64_t mutated = 0;   // of them: made of the corpus's
  uint64_t measured = 0;  // programs of the corpus that earlier runs left; not among `programs`
  uint64_t calls = 0;
  uint64_t divergences = 0;  // programs that diverged
  uint64_t followed = 0;   // divergences after the first of a program that did not come without it
  uint64_t discarded = 0;  // programs that left what the model can follow, or took too long
  uint64_t unspecified = 0;  // calls
  std::map<std::string, uint64_t> lacks;  // what the kernel does not have, and how often that was left out
  int worlds = 1;            // the most at once
  double seconds = 0;        // wall time
  // By call and phase of its socket: replies to refused calls, and to the others.
  std::array<std::array<AllowedCount, kPhaseCount>, kOpCount> refused = {};
  std::array<std::array<AllowedCount, kPhaseCount>, kOpCount> done = {};
  std::vector<uint64_t> clauses;  // by ClauseNumber: how often it decided
  std::vector<uint64_t> moves;    // see MoveAt(); a socket's call that left it in another phase
};

// Where a call's moves stand in CampaignCounts::moves.
inline size_t MoveAt(int op, int from, int to) {
  return static_cast<size_t>((op * kPhaseCount + from) * kPhaseCount + to);
}

// A known deviation, and how often it was met.
struct MetDeviation {
  Deviation row;
  bool expired = false;
  uint64_t met = 0;         // in this run, the trial of its finding included
  bool fixed = false;       // its finding was tried again, and did not come
  uint64_t met_before = 0;  // in this directory, by earlier runs
};

// A finding of an earlier run that this one tried again.
struct RecheckedFinding {
  std::string key;
  std::string path;
  FindingClass kind = FindingClass::kConfirmed;
  bool known = false;  // a known deviation, which explains it
  std::vector<std::string> rows;  // that explain it, expired ones too: their keys
  bool fixed = false;  // it came in none of the runs; else in one of them
};

struct CampaignResult {
  Trouble trouble;           // not empty: it could not begin, or could not go on
  bool unavailable = false;  // of `trouble`: it is the kernel or its sandbox that cannot be had
  bool interrupted = false;  // by SIGINT or SIGTERM
  uint64_t seed = 0;
  CampaignCounts counts;         // of this run
  uint64_t programs_before = 0;  // in this directory, by earlier runs
  uint64_t calls_before = 0;
  int clauses_reached = 0;  // by this run or, in this directory, an earlier one
  int clauses = 0;                   // of the profile
  int corpus = 0;                    // programs in it
  int edges = 0;                     // clauses after another one on the same handle
  std::vector<CampaignKey> keys;     // seen in this run, the most frequent first
  std::vector<RecheckedFinding> rechecked;  // by key
  std::vector<MetDeviation> deviations;     // all of CampaignOptions::known
  uint64_t keys_left_out = 0;        // divergences that are not among `keys` for want of room
  double parent_cpu_seconds = 0;     // of the campaign's own process,
  double workers_cpu_seconds = 0;    // and of all those that it started
  int deaths = 0;                    // workers, or their kernels, that died and were replaced
  int ended_early = 0;               // workers that were not replaced any more
  std::vector<std::string> crashes;  // programs that kill the process that runs them: files
  std::vector<std::string> untried;  // those that a worker died over at the end: files, for the next campaign to try
  std::vector<std::string> left_alone;  // those of earlier runs that this campaign cannot try: files
};

// Whether anything came up that the known deviations do not explain: a confirmed finding, of this run or an earlier one
// in its directory, a program that kills its process, or a known deviation that happens no longer.
bool HasDiverged(const CampaignResult& result);

// Runs until the duration has passed, the programs have been run, or SIGINT or SIGTERM comes; then
// writes a summary. The calling process must have one thread.
CampaignResult RunCampaign(const CampaignOptions& options);

// Makes DIR/corpus the same as DIR/corpus.packed, and so for other kernels and specifications. Trouble where a campaign
// has the directory. How many programs there are in all.
Trouble ExportCorpus(const std::string& directory, int* programs);

// What the workers of the last campaign in the directory, or one of them, ran when they ended, where it had `announce`.
std::vector<Program> ProgramsThatRan(const std::string& directory, std::optional<int> worker = {});

// A program over which a worker died and which nobody had the time to try (DIR/.crashes/untried-….program).
struct UntriedProgram {
  Program program;
  std::string how;      // it died: "was killed by signal 11"
  std::string whose;    // whose campaigns try it: "of lwip, held to posix"
  std::string problem;  // not empty: it cannot be read, and nobody tries it
};
inline constexpr std::string_view kUntried = "untried-";  // what their names begin with
UntriedProgram ParseUntried(std::string_view text, const std::string& path);

// Where a program is kept, or why it is not.
struct [[nodiscard]] KeptProgram {
  std::string path;
  Trouble trouble;
};

// Keeps a program over which a kernel died as DIR/.crashes/kernel-died-N.program, with `words` (lines) of it. N is the first of
// `first`, `first` + `step`, … that is free: on from what earlier campaigns left.
inline constexpr std::string_view kKernelDied = "kernel-died-";
struct DeathNumbers {
  int first = 1;
  int step = 1;
};
KeptProgram KeepKernelDeath(const std::string& directory, const Program& program, std::string_view words, DeathNumbers numbers = {});

// The mean numbers of allowed replies by call and phase, a table for people.
std::string AllowedTable(const CampaignCounts& counts);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_CAMPAIGN_H_
