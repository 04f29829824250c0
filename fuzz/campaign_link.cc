#include "fuzz/campaign_link.h"

#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "fmt/format.h"
#include "fuzz/campaign_files.h"
#include "fuzz/campaign_worker.h"
#include "fuzz/deviations.h"
#include "nlohmann/json.hpp"

namespace sockspec {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

constexpr auto kOften = std::chrono::milliseconds(500);
// Whoever attends looks twice as often.
constexpr auto kTwiceAsOften = kOften / 2;
// Files of the feed that stay, for workers that are slow to take them: two minutes of them.
constexpr uint64_t kMostFed = 240;
constexpr std::string_view kDeaths = "deaths";

// What is lost with the machine is not wanted after that.
Trouble WriteUnsynced(const std::string& path, std::string_view text) { return WriteAtomically(path, text, {.sync = false}); }

// What a reader of a file has left of it. Both sides are the same program.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
  bool Get(void* to, size_t size) {
    if (bytes_.size() < size) return false;
    memcpy(to, bytes_.data(), size);
    bytes_.remove_prefix(size);
    return true;
  }
  template <typename T>
  bool Get(T& to) {
    return Get(static_cast<void*>(&to), sizeof to);
  }
  std::string_view left() const { return bytes_; }

 private:
  std::string_view bytes_;
};

void Put(std::string& to, const void* from, size_t size) { to.append(static_cast<const char*>(from), size); }

void PutCandidate(std::string& to, const Candidate& candidate) {
  Put(to, &candidate.size, sizeof candidate.size);
  Put(to, &candidate.calls, sizeof candidate.calls);
  Put(to, &candidate.feature_count, sizeof candidate.feature_count);
  Put(to, candidate.features, sizeof candidate.features[0] * candidate.feature_count);
  Put(to, candidate.bytes, candidate.size);
}

bool GetCandidate(Bytes& from, Candidate& candidate) {
  if (!from.Get(candidate.size) || !from.Get(candidate.calls) || !from.Get(candidate.feature_count)) return false;
  if (candidate.size > kEntryBytes || candidate.feature_count > kMostFeatures) return false;
  if (!from.Get(candidate.features, sizeof candidate.features[0] * candidate.feature_count)) return false;
  for (int i = 0; i < candidate.feature_count; ++i) {
    if (candidate.features[i] < 0 || candidate.features[i] >= kFeatureCount) return false;
  }
  return from.Get(candidate.bytes, candidate.size);
}

std::string TextOf(const std::vector<Candidate>& candidates) {
  std::string text;
  for (const Candidate& candidate : candidates) PutCandidate(text, candidate);
  return text;
}

// Whether it is there, to be read.
std::optional<std::string> Read(const std::string& path) { return Exists(path) ? ContentsOf(path) : std::nullopt; }

std::string WorkerPath(const std::string& directory, int worker, std::string_view name) {
  return fmt::format("{}/{}/{}/{}", directory, kLinkDirectory, worker, name);
}
// A link's directory is that of one kernel of its worker.
std::string WorkerPath(const CampaignLink& link, std::string_view name) {
  return (std::filesystem::path(link.directory).parent_path() / name).string();
}
std::string FeedDirectory(const CampaignLink& link) {
  return (std::filesystem::path(link.directory).parent_path().parent_path() / "feed").string();
}
std::string FeedPath(const std::string& feed, uint64_t number) { return fmt::format("{}/{}", feed, number); }
std::string TryingPath(const CampaignLink& link) { return link.directory + "/trying"; }
std::string OffersPath(const CampaignLink& link, uint64_t number) { return fmt::format("{}/offers-{}", link.directory, number); }

bool IsTime(Clock::time_point& at, Clock::duration every, bool now) {
  if (!now && Clock::now() - at < every) return false;
  at = Clock::now();
  return true;
}

std::string TextOf(const ToldByWorker& told) {
  return Json({{"rechecked", told.rechecked}, {"deaths", told.deaths}, {"crashes", told.crashes}, {"untried", told.untried}})
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

ToldByWorker ToldIn(const std::string& path) {
  ToldByWorker told;
  const Json json = Json::parse(Read(path).value_or(""), nullptr, false);
  if (!json.is_object()) return told;
  try {
    told.rechecked = json.value("rechecked", told.rechecked);
    told.deaths = json.value("deaths", 0);
    told.crashes = json.value("crashes", told.crashes);
    told.untried = json.value("untried", told.untried);
  } catch (const Json::exception&) {
    return {};
  }
  return told;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) lines.push_back(text.substr(at, end - at));
  return lines;
}

std::string LineOf(const std::string& what, int times) { return fmt::format("{} {}\n", what, times); }

// The oldest file of the feed from this one on; this one where there is none. A worker that was busy for long finds that what
// it has not taken is gone.
uint64_t OldestFed(const std::string& feed, uint64_t from) {
  uint64_t oldest = UINT64_MAX;
  std::error_code error;
  std::filesystem::directory_iterator file(feed, error);
  for (; !error && file != std::filesystem::directory_iterator(); file.increment(error)) {
    const std::string name = file->path().filename().string();
    uint64_t number = 0;
    const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (problem == std::errc() && end == name.data() + name.size() && number >= from) oldest = std::min(oldest, number);
  }
  return oldest == UINT64_MAX ? from : oldest;
}

}  // namespace

// --------------------------------------------------------------------------------- what is shared out

Begun::Begun(const CampaignLink& link) : path_(WorkerPath(link, "begun")) {
  for (const std::string& line : Lines(Read(path_).value_or(""))) {
    const size_t space = line.rfind(' ');
    if (space != std::string::npos) times_[line.substr(0, space)] = atoi(line.c_str() + space + 1);
  }
}

int Begun::Times(const std::string& what) const {
  const auto found = times_.find(what);
  return found == times_.end() ? -1 : found->second;
}

void Begun::Set(const std::string& what, int times) {
  times_[what] = times;
  (void)Append(path_, LineOf(what, times));
}

Trouble ShareOut(const std::string& directory, int workers, const std::vector<std::string>& to_begin,
                 const std::vector<std::string>& untried) {
  for (int i = 0; i < workers; ++i) {
    std::string begun, files;
    for (size_t n = static_cast<size_t>(i); n < to_begin.size(); n += static_cast<size_t>(workers)) begun += LineOf(to_begin[n], 0);
    for (size_t n = static_cast<size_t>(i); n < untried.size(); n += static_cast<size_t>(workers)) files += untried[n] + "\n";
    Trouble trouble = MakeDirectory(WorkerPath(directory, i, ""));
    if (!trouble.any()) trouble = WriteUnsynced(WorkerPath(directory, i, "begun"), begun);
    if (!trouble.any()) trouble = WriteUnsynced(WorkerPath(directory, i, "untried"), files);
    if (trouble.any()) return trouble;
  }
  return {};
}

// ------------------------------------------------------------------------------------------ inside

void LinkInside::Begin(WorkerCounts& counts, Corpus& corpus) {
  fed_ = link_.fed;
  if (const std::optional<std::string> before = Read(link_.directory + "/before")) {
    const auto counted = std::make_unique<WorkerCounts>();
    if (Bytes(*before).Get(static_cast<void*>(counted.get()), sizeof counts)) CopyWords(*counted, counts);
    counts.from.store(UINT64_MAX);
    counts.progress.Set(Task::kPlaying);
  }
  std::vector<std::vector<uint8_t>> programs;
  uint32_t to_measure = 0, size = 0;
  const std::string contents = Read(link_.directory + "/corpus").value_or("");
  Bytes bytes(contents);
  bytes.Get(to_measure);
  while (bytes.Get(size) && size <= bytes.left().size()) {
    programs.emplace_back(size);
    bytes.Get(programs.back().data(), size);
  }
  corpus.Begin(programs, to_measure);
}

std::vector<std::string> LinkInside::TakeUntried() {
  const std::string path = WorkerPath(link_, "untried");
  std::vector<std::string> untried = Lines(Read(path).value_or(""));
  unlink(path.c_str());
  return untried;
}

void LinkInside::Trying(const std::string& path) {
  if (path.empty()) unlink(TryingPath(link_).c_str());
  if (!path.empty()) (void)WriteUnsynced(TryingPath(link_), path);
}

void LinkInside::Exchange(const Shared& shared, const WorkerCounts& counts, const ToldByWorker& told, Corpus& corpus, bool now) {
  if (!IsTime(at_, kOften, now)) return;
  std::string share;
  const auto counted = std::make_unique<WorkerCounts>();
  CopyWords(counts, *counted);
  Put(share, counted.get(), sizeof counts);
  const uint64_t next = shared.next.load(), left_out = shared.keys_left_out.load();
  Put(share, &next, sizeof next);
  Put(share, &left_out, sizeof left_out);
  for (const KeyEntry& entry : shared.keys) {
    if (entry.at() == KeyStage::kEmpty) break;
    KeyEntry copied;
    CopyWords(entry, copied);
    Put(share, &copied, sizeof copied);
  }
  // What cannot be written now can be the next time; the worker's own directory tells of one that is full.
  (void)WriteUnsynced(link_.directory + "/share", share);
  if (!offers_.empty() && !WriteUnsynced(OffersPath(link_, sent_), TextOf(offers_)).any()) {
    ++sent_;
    offers_.clear();
  }
  if (std::string text = TextOf(told); text != told_ && !WriteUnsynced(link_.directory + "/told.json", text).any()) {
    told_ = std::move(text);
  }
  const std::string feed = FeedDirectory(link_);
  fed_ = OldestFed(feed, fed_);
  while (const std::optional<std::string> contents = Read(FeedPath(feed, fed_))) {
    ++fed_;
    Candidate candidate;
    for (Bytes bytes(*contents); GetCandidate(bytes, candidate);) corpus.Take(candidate);
  }
}

// ----------------------------------------------------------------------------------------- outside

CampaignLink LinkOutside::Make(const std::string& directory, int number, int of, const Shared& shared, const WorkerShare& share) {
  int generation = 0;
  while (Exists(WorkerPath(directory, number, std::to_string(generation)))) ++generation;
  CampaignLink made{.directory = WorkerPath(directory, number, std::to_string(generation)),
                    .number = number,
                    .of = of,
                    .next = share.next.load(),
                    .end = shared.end,
                    .fed = shared.fed.load()};
  (void)MakeDirectory(made.directory);
  (void)MakeDirectory(FeedDirectory(made));
  // The first kernels measure what earlier campaigns left, each its part; what others measure comes by the feed.
  std::string measured, others;
  uint32_t to_measure = 0;
  for (int i = 0; i < shared.corpus.end.load(); ++i) {
    const CorpusEntry& entry = shared.corpus.entries[i];
    const uint32_t version = entry.version.load(std::memory_order_acquire);
    const uint32_t size = entry.size.load(std::memory_order_relaxed);
    if (size == 0 || size > kEntryBytes || version % 2 != 0) continue;
    const bool mine = generation == 0 && i < shared.corpus.old.load() && i % of == number;
    std::string& to = mine ? measured : others;
    const size_t at = to.size();
    Put(to, &size, sizeof size);
    Put(to, entry.bytes, size);
    std::atomic_thread_fence(std::memory_order_acquire);
    const bool whole = entry.version.load(std::memory_order_relaxed) == version;
    if (!whole) to.resize(at);
    if (whole && mine) ++to_measure;
  }
  std::string text;
  Put(text, &to_measure, sizeof to_measure);
  (void)WriteUnsynced(made.directory + "/corpus", text + measured + others);
  const auto counted = std::make_unique<WorkerCounts>();
  CopyWords(static_cast<const WorkerCounts&>(share), *counted);
  std::string before;
  Put(before, counted.get(), sizeof *counted);
  if (generation > 0) (void)WriteUnsynced(made.directory + "/before", before);
  return made;
}

void LinkOutside::Take(bool now) {
  if (!IsTime(at_, kTwiceAsOften, now)) return;
  if (const std::optional<std::string> share = Read(link_.directory + "/share")) TakeShare(*share);
  TakeOffers();
  const ToldByWorker told = ToldIn(link_.directory + "/told.json");
  for (size_t i = 0; i < old_.size() && i < kMostKeys; ++i) {
    const auto recheck = told.rechecked.find(old_[i].finding.key);
    if (recheck != told.rechecked.end()) shared_.rechecked[i].store(recheck->second);
  }
}

void LinkOutside::TakeShare(std::string_view share) {
  Bytes bytes(share);
  const auto counted = std::make_unique<WorkerCounts>();
  WorkerCounts& counts = *counted;
  uint64_t next = 0, left_out = 0;
  if (!bytes.Get(static_cast<void*>(&counts), sizeof counts) || !bytes.Get(next) || !bytes.Get(left_out)) return;
  share_.next.store(next);
  // What is after it nobody has taken, as far as this one knows.
  for (uint64_t known = shared_.next.load(); known < next && !shared_.next.compare_exchange_weak(known, next);) {
  }
  shared_.keys_left_out.fetch_add(left_out - std::min(left_out, left_out_));
  left_out_ = left_out;
  const int key = counts.progress.key.load();
  int n = 0;
  counts.progress.key.store(-1);
  for (KeyEntry told; bytes.Get(static_cast<void*>(&told), sizeof told); ++n) {
    told.key[kKeySize - 1] = 0;
    TakeKey(told);
    if (n != key) continue;
    const KeyEntry* entry = shared_.Find(told.key, false);
    if (entry != nullptr) counts.progress.key.store(static_cast<int>(entry - shared_.keys));
  }
  const Task task = counts.progress.at();
  if (counts.progress.key.load() < 0 && (task == Task::kMinimizing || task == Task::kConfirming)) {
    counts.progress.Set(Task::kPlaying);
  }
  CopyWords(counts, static_cast<WorkerCounts&>(share_));
}

std::string LinkOutside::Trying() const { return Read(TryingPath(link_)).value_or(""); }

void LinkOutside::TakeKey(const KeyEntry& told) {
  const KeyStage at = told.at();
  const uint64_t count = told.count.load();
  if (at == KeyStage::kNaming) return;
  KeyEntry* entry = shared_.Find(told.key, count != 0 || told.safe.load());
  uint64_t& counted = counted_[told.key];
  (entry == nullptr ? shared_.keys_left_out : entry->count).fetch_add(count - std::min(count, counted));
  counted = count;
  if (entry == nullptr) return;
  if (told.safe.load()) entry->safe.store(true);
  switch (at) {
    case KeyStage::kEmpty:
    case KeyStage::kNaming:
    case KeyStage::kNew:
    case KeyStage::kClaimed:
      return;
    case KeyStage::kStored:
      if (told.fresh.load() && !entry->fresh.load()) {
        entry->kind.store(told.kind.load());
        entry->quiet_hits.store(told.quiet_hits.load());
        entry->quiet_runs.store(told.quiet_runs.load());
        entry->disturbed_hits.store(told.disturbed_hits.load());
        entry->disturbed_runs.store(told.disturbed_runs.load());
        entry->calls.store(told.calls.load());
        entry->fresh.store(true);  // last: who reads it reads the others
      }
      if (entry->at() != KeyStage::kKnown) entry->Set(KeyStage::kStored);
      return;
    case KeyStage::kKnown:
      entry->Set(KeyStage::kKnown);
      return;
    case KeyStage::kGone:
    case KeyStage::kGivenUp:
      if (entry->at() == KeyStage::kNew) entry->Set(at);
      return;
  }
}

void LinkOutside::TakeOffers() {
  while (const std::optional<std::string> contents = Read(OffersPath(link_, taken_))) {
    Candidate candidate;
    for (Bytes bytes(*contents); GetCandidate(bytes, candidate);) offers_.push_back(candidate);
    unlink(OffersPath(link_, taken_++).c_str());
  }
  CandidateRing& ring = share_.offers;
  for (; !offers_.empty(); offers_.pop_front()) {
    const uint32_t at = ring.written.load(std::memory_order_relaxed);
    if (at - ring.read.load(std::memory_order_acquire) >= CandidateRing::kSize) break;
    ring.candidates[at % CandidateRing::kSize] = offers_.front();
    ring.written.store(at + 1, std::memory_order_release);
  }
}

void LinkFeed::Write(const std::string& directory, Shared& shared) {
  if (candidates_.empty() || !IsTime(at_, kOften, false)) return;
  const std::string feed = fmt::format("{}/{}/feed", directory, kLinkDirectory);
  const uint64_t number = shared.fed.load();
  if (WriteUnsynced(FeedPath(feed, number), TextOf(candidates_)).any()) return;
  candidates_.clear();
  if (number >= kMostFed) unlink(FeedPath(feed, number - kMostFed).c_str());
  shared.fed.store(number + 1);
}

Trouble TellDeath(const std::string& directory, int worker, const std::vector<std::string>& kept) {
  std::string text = "\n";
  for (const std::string& path : kept) text += path + "\n";
  return Append(WorkerPath(directory, worker, kDeaths), text);
}

ToldByWorker AllTold(const std::string& directory) {
  ToldByWorker all;
  std::error_code error;
  std::filesystem::recursive_directory_iterator file(fmt::format("{}/{}", directory, kLinkDirectory), error);
  for (; !error && file != std::filesystem::recursive_directory_iterator(); file.increment(error)) {
    if (file->path().filename() == kDeaths) {
      for (std::string& line : Lines(Read(file->path().string()).value_or(""))) {
        if (line.empty()) ++all.deaths;
        if (!line.empty()) all.crashes.push_back(std::move(line));
      }
    }
    if (file->path().filename() != "told.json") continue;
    ToldByWorker told = ToldIn(file->path().string());
    all.deaths += told.deaths;
    std::ranges::move(told.crashes, std::back_inserter(all.crashes));
    std::ranges::move(told.untried, std::back_inserter(all.untried));
  }
  return all;
}

}  // namespace sockspec
