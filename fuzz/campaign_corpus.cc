#include "fuzz/campaign_corpus.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "fmt/format.h"
#include "fuzz/campaign_files.h"
#include "fuzz/kinds.h"
#include "model/program/bytes.h"

namespace sockspec {
namespace {

// Files are named by what they hold, as libFuzzer's are: one program has one name.
std::string NameFor(std::span<const uint8_t> bytes) {
  uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (const uint8_t byte : bytes) hash = (hash ^ byte) * 1099511628211u;
  return fmt::format("{:016x}", hash);
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
      temporary_(fmt::format("{}/{}corpus.{}", directory, kNewFile, getpid())),
      directory_(directory.empty() ? "" : CorpusDirectory(directory, section)) {}

std::string Corpus::PathOf(const std::string& name) const { return directory_ + "/" + name; }

Trouble Corpus::Load(KindSet sockets) {
  if (directory_.empty()) return {};
  if (Trouble trouble = MakeDirectory(directory_); trouble.any()) return trouble;
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator file(directory_, error);
  for (; !error && file != std::filesystem::directory_iterator(); file.increment(error)) {
    std::error_code ignored;
    if (file->is_regular_file(ignored)) names.push_back(file->path().filename().string());
  }
  if (error) return {fmt::format("cannot read the directory {}: {}", directory_, error.message())};
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    const std::optional<std::string> contents = ContentsOf(PathOf(name));
    if (!contents || contents->empty()) continue;
    const Program program = DecodeBytes(
        {reinterpret_cast<const uint8_t*>(contents->data()), contents->size()});
    if (program.calls.empty()) continue;
    if (std::any_of(program.calls.begin(), program.calls.end(), [&](const Call& call) {
          return ((sockets | kNoSocket) & KindMade(call)) == 0;
        })) {
      continue;
    }
    // Bytes of somebody else's, or of an older form, become ours.
    const std::vector<uint8_t> bytes = Encode(program);
    if (bytes.size() > kEntryBytes) continue;
    const std::string ours = NameFor(bytes);
    if (ours != name) {
      if (Trouble trouble = Write(ours, bytes); trouble.any()) return trouble;
      unlink(PathOf(name).c_str());
    }
    if (slot_of_.contains(ours)) continue;
    const int slot = FreeSlot();
    if (slot < 0) break;
    slots_[static_cast<size_t>(slot)] = {.name = ours, .on_disk = true};
    slot_of_[ours] = slot;
    Put(slot, bytes);
  }
  shared_.old.store(static_cast<int>(slots_.size()));
  return {};
}

// Not synced to the disk: a machine that fails costs some of the corpus at most, and no finding.
Trouble Corpus::Write(const std::string& name, std::span<const uint8_t> bytes) {
  if (directory_.empty()) return {};
  return WriteAtomically(PathOf(name), {reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                         {.temporary = temporary_, .sync = false});
}

void Corpus::Take(CandidateRing& ring) {
  // No more than what lies there now: at first a worker offers as fast as anybody can take.
  const uint32_t written = ring.written.load(std::memory_order_acquire);
  for (uint32_t at = ring.read.load(std::memory_order_relaxed); at != written; ++at) {
    Accept(ring.candidates[at % CandidateRing::kSize]);
    ring.read.store(at + 1, std::memory_order_release);
  }
}

Trouble Corpus::Flush() {
  if (directory_.empty()) return {};
  for (const int number : unwritten_) {
    Slot& slot = slots_[static_cast<size_t>(number)];
    if (slot.name.empty() || slot.on_disk) continue;
    const CorpusEntry& entry = shared_.entries[number];
    if (Trouble trouble = Write(slot.name, {entry.bytes, entry.size.load()}); trouble.any()) {
      return trouble;
    }
    slot.on_disk = true;
  }
  unwritten_.clear();
  // What takes their place is there by now.
  for (const std::string& name : dropped_) {
    if (!slot_of_.contains(name)) unlink(PathOf(name).c_str());
  }
  dropped_.clear();
  return {};
}

void Corpus::Accept(const Candidate& candidate) {
  const std::span<const uint8_t> bytes(candidate.bytes, candidate.size);
  const std::span<const int> features(candidate.features, candidate.feature_count);
  const std::string name = NameFor(bytes);
  const auto known = slot_of_.find(name);
  int slot = known == slot_of_.end() ? -1 : known->second;
  if (!IsWanted(shared_, features, candidate.calls)) {
    // One of an earlier run, measured, and nothing is left for it.
    if (slot >= 0 && slots_[static_cast<size_t>(slot)].features == 0) Drop(slot);
    return;
  }
  if (slot < 0) {
    slot = FreeSlot();
    if (slot < 0) return;
    slots_[static_cast<size_t>(slot)] = {.name = name};
    slot_of_[name] = slot;
    Put(slot, bytes);
    unwritten_.push_back(slot);
  }
  for (const int feature : features) {
    std::atomic<uint16_t>& smallest = shared_.smallest[feature];
    const uint16_t before = smallest.load(std::memory_order_relaxed);
    if (before != 0 && before <= candidate.calls) continue;
    if (before == 0 && feature >= kMostClauses) ++pairs_;
    smallest.store(candidate.calls, std::memory_order_relaxed);
    ++slots_[static_cast<size_t>(slot)].features;
    const auto [owner, first] = owner_.try_emplace(feature, slot);
    if (first) continue;
    const int old = std::exchange(owner->second, slot);
    if (--slots_[static_cast<size_t>(old)].features == 0 && old != slot) Drop(old);
  }
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
  Put(slot, {});
  if (dropped.on_disk) dropped_.push_back(dropped.name);
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
