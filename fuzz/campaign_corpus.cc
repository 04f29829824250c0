#include "fuzz/campaign_corpus.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>
#include <unordered_set>
#include <utility>

#include "fmt/format.h"
#include "fuzz/campaign.h"
#include "fuzz/campaign_files.h"
#include "fuzz/kinds.h"
#include "model/program/bytes.h"

namespace sockspec {
namespace {

constexpr std::string_view kPackedSuffix = ".packed";

// Files are named by what they hold, as libFuzzer's are: one program has one name.
std::string FileNameFor(uint64_t name) { return fmt::format("{:016x}", name); }

bool IsFileName(std::string_view name) {
  return name.size() == 16 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Not beside it and then renamed, which costs twice as much: a file whose contents do not fit its name is none of ours,
// and an empty one is nothing to libFuzzer.
Trouble WriteProgram(const std::string& directory, uint64_t name, std::span<const uint8_t> bytes) {
  const std::string path = directory + "/" + FileNameFor(name);
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  Trouble trouble;
  if (fd < 0 || write(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
    trouble.what = fmt::format("cannot write {}: {}", path, strerror(errno));
  }
  if (fd >= 0 && close(fd) != 0 && !trouble.any()) trouble.what = fmt::format("cannot close {}: {}", path, strerror(errno));
  if (fd >= 0 && trouble.any()) unlink(path.c_str());
  return trouble;
}

// Whether the file is a program of this name; not so where a killed process did not come to its end.
bool IsProgram(const std::string& path, uint64_t name) {
  const std::optional<std::string> contents = ContentsOf(path);
  return contents && CorpusName({reinterpret_cast<const uint8_t*>(contents->data()), contents->size()}) == name;
}

bool Holds(const std::string& path, std::span<const uint8_t> bytes) {
  const std::optional<std::string> contents = ContentsOf(path);
  return contents && std::ranges::equal(*contents, bytes, {}, [](char c) { return static_cast<uint8_t>(c); });
}

// The files in `directory` that a packed corpus of these contents stands for. Those of programs that it had and has no
// longer go, where nothing else has their names since; whatever else lies there was put there by somebody, and stays.
Trouble ExportTo(const std::string& directory, std::string_view contents, int* programs) {
  if (Trouble trouble = MakeDirectory(directory); trouble.any()) return trouble;
  Trouble trouble;
  const auto path_of = [&](uint64_t name) { return directory + "/" + FileNameFor(name); };
  ReadPacked(
      contents,
      [&](uint64_t name, std::span<const uint8_t> bytes) {
        ++*programs;
        if (!trouble.any() && !Holds(path_of(name), bytes)) trouble = WriteProgram(directory, name, bytes);
      },
      [&](uint64_t name) {
        if (IsProgram(path_of(name), name)) unlink(path_of(name).c_str());
      });
  return trouble;
}

bool MakesOnly(const Program& program, KindSet sockets) {
  return std::all_of(program.calls.begin(), program.calls.end(),
                     [&](const Call& call) { return ((sockets | kNoSocket) & KindMade(call)) != 0; });
}

}  // namespace

bool IsWanted(const CorpusShared& corpus, std::span<const int> features, size_t calls) {
  return std::any_of(features.begin(), features.end(), [&](int feature) {
    const uint16_t smallest = corpus.smallest[feature].load(std::memory_order_relaxed);
    return smallest == 0 || smallest > calls;
  });
}

bool Offer(CandidateRing& ring, const Program& program, std::span<const int> features) {
  const uint32_t at = ring.written.load(std::memory_order_relaxed);
  if (at - ring.read.load(std::memory_order_acquire) >= CandidateRing::kSize) return false;
  const std::vector<uint8_t> bytes = Encode(program);
  if (bytes.size() > kEntryBytes || features.size() > kMostFeatures) return false;
  Candidate& candidate = ring.candidates[at % CandidateRing::kSize];
  candidate.size = static_cast<uint32_t>(bytes.size());
  candidate.calls = static_cast<uint16_t>(program.calls.size());
  candidate.feature_count = static_cast<uint16_t>(features.size());
  std::copy(features.begin(), features.end(), candidate.features);
  std::copy(bytes.begin(), bytes.end(), candidate.bytes);
  ring.written.store(at + 1, std::memory_order_release);
  return true;
}

std::optional<Program> EntryAt(const CorpusShared& corpus, int index) {
  const CorpusEntry& entry = corpus.entries[index];
  const uint32_t version = entry.version.load(std::memory_order_acquire);
  const uint32_t size = entry.size.load(std::memory_order_relaxed);
  if (version % 2 != 0 || size == 0 || size > kEntryBytes) return std::nullopt;
  uint8_t bytes[kEntryBytes];
  memcpy(bytes, entry.bytes, size);
  std::atomic_thread_fence(std::memory_order_acquire);
  if (entry.version.load(std::memory_order_relaxed) != version) return std::nullopt;
  return DecodeBytes({bytes, size});
}

std::optional<Program> Pick(const CorpusShared& corpus, Random& random) {
  const int end = corpus.end.load(std::memory_order_acquire);
  // Where some were dropped, there are gaps.
  for (int tries = 0; tries < 8 && end > 0; ++tries) {
    std::optional<Program> program = EntryAt(corpus, static_cast<int>(random.Below(static_cast<uint32_t>(end))));
    if (program) return program;
  }
  return std::nullopt;
}

// A corpus is worth what it was measured to be: by another kernel or specification it would be thrown away.
std::string CorpusDirectory(const std::string& directory, std::string_view section) {
  std::string path = fmt::format("{}/{}", directory, kCorpusDirectory);
  if (section.starts_with("linux") && section.find(' ') == std::string_view::npos) return path;
  path += "-";
  // Without a dot: a name with one is a finding's.
  for (const char c : section) path += c == ' ' || c == ':' || c == '/' || c == '.' ? '-' : c;
  return path;
}

Corpus::Corpus(CorpusShared& shared, const std::string& directory, std::string_view section)
    : shared_(shared),
      directory_(directory.empty() ? "" : CorpusDirectory(directory, section)),
      packed_(directory_.empty() ? "" : directory_ + std::string(kPackedSuffix),
              [this](uint64_t name) { return Exists(directory_ + "/" + FileNameFor(name)); }),
      owner_(kFeatureCount, -1) {}

Trouble Corpus::Load(KindSet sockets) {
  if (directory_.empty()) return {};
  std::unordered_set<uint64_t> given_up;
  Trouble trouble = packed_.Read(
      [&](uint64_t name, std::span<const uint8_t> bytes) {
        if (bytes.size() > kEntryBytes || !MakesOnly(DecodeBytes(bytes), sockets)) return;
        const int slot = Add(name, bytes);
        if (slot >= 0) slots_[static_cast<size_t>(slot)].packed = true;
      },
      [&](uint64_t name) { given_up.insert(name); });
  if (!trouble.any()) trouble = LoadFiles(sockets, given_up);
  for (size_t slot = 0; slot < slots_.size(); ++slot) {
    if (!slots_[slot].exported) not_exported_.push_back(static_cast<int>(slot));
  }
  shared_.old.store(static_cast<int>(slots_.size()));
  const auto now = static_cast<size_t>(std::chrono::system_clock::now().time_since_epoch().count());
  shared_.first_old.store(slots_.empty() ? 0 : static_cast<int>(now % slots_.size()));
  return trouble;
}

// What the packed corpus does not have: libFuzzer put it there, or somebody else. A file of a program that was given up
// is there since a campaign was killed before it had removed it: it is no new one.
Trouble Corpus::LoadFiles(KindSet sockets, const std::unordered_set<uint64_t>& given_up) {
  if (Trouble trouble = MakeDirectory(directory_); trouble.any()) return trouble;
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator file(directory_, error);
  for (; !error && file != std::filesystem::directory_iterator(); file.increment(error)) {
    const std::string name = file->path().filename().string();
    if (IsFileName(name)) {
      const uint64_t number = strtoull(name.c_str(), nullptr, 16);
      if (given_up.contains(number) && IsProgram(file->path().string(), number)) {
        unlink(file->path().c_str());
        continue;
      }
      const auto known = slot_of_.find(number);
      if (known != slot_of_.end()) {
        // One that was cut off is written again.
        std::error_code unreadable;
        slots_[static_cast<size_t>(known->second)].exported = file->file_size(unreadable) == BytesOf(known->second).size();
        continue;
      }
    }
    std::error_code ignored;
    if (file->is_regular_file(ignored)) names.push_back(name);
  }
  if (error) return {fmt::format("cannot read the directory {}: {}", directory_, error.message())};
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    const std::string path = directory_ + "/" + name;
    const std::optional<std::string> contents = ContentsOf(path);
    if (!contents || contents->empty()) continue;
    const std::span<const uint8_t> read(reinterpret_cast<const uint8_t*>(contents->data()), contents->size());
    // One of ours that a killed process did not come to the end of; or somebody else's, whose it is to say what it is.
    if (IsFileName(name) && FileNameFor(CorpusName(read)) != name) continue;
    const Program program = DecodeBytes(read);
    if (program.calls.empty() || !MakesOnly(program, sockets)) continue;
    // Bytes of somebody else's, or of an older form, become ours.
    const std::vector<uint8_t> bytes = Encode(program);
    if (bytes.size() > kEntryBytes) continue;
    const uint64_t ours = CorpusName(bytes);
    const int slot = Add(ours, bytes);
    if (slot >= 0 && FileNameFor(ours) == name) slots_[static_cast<size_t>(slot)].exported = true;
    if (slot >= 0) unpacked_.push_back(slot);
    if (slot_of_.contains(ours) && FileNameFor(ours) != name) foreign_.push_back(name);
  }
  // They go when what was made of them is on disk.
  if (Trouble trouble = Flush(); trouble.any()) return trouble;
  for (const std::string& name : foreign_) unlink((directory_ + "/" + name).c_str());
  foreign_.clear();
  return {};
}

void Corpus::Begin(const std::vector<std::vector<uint8_t>>& programs, size_t to_measure) {
  for (size_t i = 0; i < programs.size(); ++i) {
    if (programs[i].size() <= kEntryBytes) Add(CorpusName(programs[i]), programs[i]);
    if (i + 1 == to_measure) shared_.old.store(static_cast<int>(slots_.size()));
  }
}

void Corpus::Take(CandidateRing& ring, const std::function<void(const Candidate&)>& taken) {
  // No more than what lies there now: at first a worker offers as fast as anybody can take.
  const uint32_t written = ring.written.load(std::memory_order_acquire);
  for (uint32_t at = ring.read.load(std::memory_order_relaxed); at != written; ++at) {
    const Candidate& candidate = ring.candidates[at % CandidateRing::kSize];
    if (taken && IsWanted(shared_, {candidate.features, candidate.feature_count}, candidate.calls)) taken(candidate);
    Take(candidate);
    ring.read.store(at + 1, std::memory_order_release);
  }
}

std::span<const uint8_t> Corpus::BytesOf(int slot) const {
  const CorpusEntry& entry = shared_.entries[slot];
  return {entry.bytes, entry.size.load(std::memory_order_relaxed)};
}

Trouble Corpus::Flush() {
  for (const int number : unpacked_) {
    Slot& slot = slots_[static_cast<size_t>(number)];
    if (slot.name == 0 || slot.packed) continue;
    packed_.Add(slot.name, BytesOf(number));
    slot.packed = true;
  }
  unpacked_.clear();
  // What takes their place is there by now.
  for (const Dropped& dropped : dropped_) {
    const auto again = slot_of_.find(dropped.name);
    if (again == slot_of_.end()) packed_.Drop(dropped.name, dropped.bytes);
  }
  dropped_.clear();
  return packed_.Write();
}

Trouble Corpus::Export(int files) {
  if (directory_.empty()) return {};
  for (; files > 0 && !not_exported_.empty(); not_exported_.pop_front()) {
    const int number = not_exported_.front();
    Slot& slot = slots_[static_cast<size_t>(number)];
    if (slot.name == 0 || slot.exported) continue;
    // A file of a program that the packed corpus never had would be anybody's, were it given up before Flush().
    if (!slot.packed) break;
    if (Trouble trouble = WriteProgram(directory_, slot.name, BytesOf(number)); trouble.any()) return trouble;
    slot.exported = true;
    --files;
  }
  for (; files > 0 && !files_to_remove_.empty(); files_to_remove_.pop_back()) {
    const uint64_t name = files_to_remove_.back();
    if (slot_of_.contains(name)) continue;
    unlink((directory_ + "/" + FileNameFor(name)).c_str());
    --files;
  }
  return {};
}

Trouble ExportCorpus(const std::string& directory, int* programs) {
  DirectoryLock lock;
  if (Trouble trouble = lock.Take(directory); trouble.any()) return trouble;
  *programs = 0;
  std::error_code error;
  std::filesystem::directory_iterator entry(directory, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::string path = entry->path().string();
    if (!entry->path().filename().string().starts_with(kCorpusDirectory) || !path.ends_with(kPackedSuffix)) continue;
    const std::optional<std::string> contents = ContentsOf(path);
    if (!contents) return {fmt::format("cannot read {}", path)};
    path.resize(path.size() - kPackedSuffix.size());
    if (Trouble trouble = ExportTo(path, *contents, programs); trouble.any()) return trouble;
  }
  if (error) return {fmt::format("cannot read the directory {}: {}", directory, error.message())};
  return {};
}

void Corpus::Take(const Candidate& candidate) {
  const std::span<const uint8_t> bytes(candidate.bytes, candidate.size);
  const std::span<const int> features(candidate.features, candidate.feature_count);
  const uint64_t name = CorpusName(bytes);
  const auto known = slot_of_.find(name);
  int slot = known == slot_of_.end() ? -1 : known->second;
  if (!IsWanted(shared_, features, candidate.calls)) {
    // One of an earlier run, measured, and nothing is left for it.
    if (slot >= 0 && slots_[static_cast<size_t>(slot)].features == 0) Drop(slot);
    return;
  }
  if (slot < 0) {
    const bool for_clause = std::any_of(features.begin(), features.end(), [this](int feature) {
      return feature < kMostClauses && shared_.smallest[feature].load(std::memory_order_relaxed) == 0;
    });
    const bool room = for_clause || !is_full() || MakeRoom(candidate);
    slot = room ? Add(name, bytes) : -1;
    if (slot < 0) return;
    unpacked_.push_back(slot);
    not_exported_.push_back(slot);
  }
  for (const int feature : features) {
    std::atomic<uint16_t>& smallest = shared_.smallest[feature];
    const uint16_t before = smallest.load(std::memory_order_relaxed);
    if (before != 0 && before <= candidate.calls) continue;
    if (before == 0 && feature >= kMostClauses) ++pairs_;
    smallest.store(candidate.calls, std::memory_order_relaxed);
    ++slots_[static_cast<size_t>(slot)].features;
    const int old = std::exchange(owner_[static_cast<size_t>(feature)], slot);
    if (old < 0) continue;
    if (--slots_[static_cast<size_t>(old)].features == 0 && old != slot) Drop(old);
  }
}

// Drops a program that this one is smaller than in all that it is there for. False where there is none.
bool Corpus::MakeRoom(const Candidate& candidate) {
  std::unordered_map<int, int> lost;  // by slot: features
  std::span<const int> features(candidate.features, candidate.feature_count);
  std::vector<int> once(features.begin(), features.end());
  std::sort(once.begin(), once.end());
  once.erase(std::unique(once.begin(), once.end()), once.end());
  for (const int feature : once) {
    const int owner = owner_[static_cast<size_t>(feature)];
    if (owner < 0 || shared_.smallest[feature].load(std::memory_order_relaxed) <= candidate.calls) continue;
    if (++lost[owner] < slots_[static_cast<size_t>(owner)].features) continue;
    for (const int its : once) {
      if (owner_[static_cast<size_t>(its)] == owner) owner_[static_cast<size_t>(its)] = -1;
    }
    Drop(owner);
    return true;
  }
  return false;
}

int Corpus::Add(uint64_t name, std::span<const uint8_t> bytes) {
  if (slot_of_.contains(name)) return -1;
  const int slot = FreeSlot();
  if (slot < 0) return -1;
  slots_[static_cast<size_t>(slot)] = {.name = name};
  slot_of_[name] = slot;
  Put(slot, bytes);
  return slot;
}

void Corpus::Put(int slot, std::span<const uint8_t> bytes) {
  CorpusEntry& entry = shared_.entries[slot];
  entry.version.fetch_add(1, std::memory_order_acq_rel);
  std::copy(bytes.begin(), bytes.end(), entry.bytes);
  entry.size.store(static_cast<uint32_t>(bytes.size()), std::memory_order_relaxed);
  entry.version.fetch_add(1, std::memory_order_release);
  if (slot >= shared_.end.load()) shared_.end.store(slot + 1, std::memory_order_release);
}

void Corpus::Drop(int slot) {
  Slot& dropped = slots_[static_cast<size_t>(slot)];
  if (dropped.packed) dropped_.push_back({dropped.name, BytesOf(slot).size()});
  if (dropped.exported) files_to_remove_.push_back(dropped.name);
  Put(slot, {});
  slot_of_.erase(dropped.name);
  dropped = {};
  free_.push_back(slot);
}

int Corpus::FreeSlot() {
  if (!free_.empty()) {
    const int slot = free_.back();
    free_.pop_back();
    return slot;
  }
  if (slots_.size() >= kMostEntries) return -1;
  slots_.emplace_back();
  return static_cast<int>(slots_.size()) - 1;
}

}  // namespace sockspec
