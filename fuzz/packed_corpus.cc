#include "fuzz/packed_corpus.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "fmt/format.h"
#include "fuzz/campaign_files.h"

namespace sockspec {
namespace {

constexpr std::string_view kHead = "sockspec corpus, packed, 1\n";
constexpr size_t kRecordHead = sizeof(uint32_t) + sizeof(uint64_t);
// What may be about programs that are gone, beside as much as is not.
constexpr size_t kSlack = 1 << 20;

std::span<const uint8_t> AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

uint64_t HashOfName(uint64_t name) {
  uint8_t bytes[sizeof name];
  memcpy(bytes, &name, sizeof name);
  return CorpusName(bytes);
}

template <typename T>
void Put(std::string& out, T value) {
  char bytes[sizeof value];
  memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

struct Record {
  uint64_t name = 0;
  std::string_view bytes;  // empty: the program is gone
  size_t size = 0;         // of the record
};

// The record at the start of `rest`; nothing where it is not whole.
std::optional<Record> RecordAt(std::string_view rest) {
  if (rest.size() < kRecordHead) return std::nullopt;
  uint32_t size = 0;
  Record record;
  memcpy(&size, rest.data(), sizeof size);
  memcpy(&record.name, rest.data() + sizeof size, sizeof record.name);
  rest.remove_prefix(kRecordHead);
  if (size == 0) {
    uint64_t hash = 0;
    if (rest.size() < sizeof hash) return std::nullopt;
    memcpy(&hash, rest.data(), sizeof hash);
    if (hash != HashOfName(record.name)) return std::nullopt;
    record.size = kRecordHead + sizeof hash;
    return record;
  }
  if (rest.size() < size) return std::nullopt;
  record.bytes = rest.substr(0, size);
  if (CorpusName(AsBytes(record.bytes)) != record.name) return std::nullopt;
  record.size = kRecordHead + size;
  return record;
}

void AddRecord(std::string& out, uint64_t name, std::span<const uint8_t> bytes) {
  Put(out, static_cast<uint32_t>(bytes.size()));
  Put(out, name);
  out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void AddEnd(std::string& out, uint64_t name) {
  Put(out, uint32_t{0});
  Put(out, name);
  Put(out, HashOfName(name));
}

}  // namespace

uint64_t CorpusName(std::span<const uint8_t> bytes) {
  uint64_t hash = 14695981039346656037u;
  for (const uint8_t byte : bytes) hash = (hash ^ byte) * 1099511628211u;
  return hash == 0 ? 1 : hash;
}

size_t ReadPacked(std::string_view contents, const VisitProgram& visit, const VisitName& gone) {
  if (!contents.starts_with(kHead)) return 0;
  std::vector<Record> programs;
  std::unordered_set<uint64_t> ended;
  std::unordered_map<uint64_t, size_t> place;  // in `programs`
  size_t end = kHead.size();
  while (const std::optional<Record> record = RecordAt(contents.substr(end))) {
    end += record->size;
    const auto known = place.find(record->name);
    if (record->bytes.empty()) {
      if (gone) ended.insert(record->name);
      if (known == place.end()) continue;  // written anew since, without it
      programs[known->second] = {};
      place.erase(known);
    } else if (known == place.end()) {
      place[record->name] = programs.size();
      programs.push_back(*record);
    }
  }
  for (const Record& program : programs) {
    if (!program.bytes.empty()) visit(program.name, AsBytes(program.bytes));
  }
  for (const uint64_t name : ended) {
    if (!place.contains(name)) gone(name);
  }
  return end;
}

Trouble PackedCorpus::Read(const VisitProgram& visit, const VisitName& gone) {
  if (path_.empty()) return {};
  const std::optional<std::string> contents = ContentsOf(path_);
  if (!contents && Exists(path_)) return {fmt::format("cannot read {}", path_)};
  if (!contents || contents->empty()) return {};
  end_ = ReadPacked(
      *contents,
      [&](uint64_t name, std::span<const uint8_t> bytes) {
        live_ += kRecordHead + bytes.size();
        visit(name, bytes);
      },
      gone);
  // What was killed while it wrote the first line leaves a part of it.
  if (end_ == 0 && !kHead.starts_with(*contents)) {
    return {fmt::format("{} is not what a campaign writes; move it away to begin with another corpus", path_)};
  }
  return {};
}

void PackedCorpus::Add(uint64_t name, std::span<const uint8_t> bytes) {
  if (path_.empty()) return;
  AddRecord(unwritten_, name, bytes);
  live_ += kRecordHead + bytes.size();
}

void PackedCorpus::Drop(uint64_t name, size_t bytes) {
  if (path_.empty()) return;
  AddEnd(unwritten_, name);
  live_ -= kRecordHead + bytes;
}

Trouble PackedCorpus::Write() {
  if (path_.empty() || unwritten_.empty()) return {};
  const auto cannot = [this](const char* what) -> Trouble {
    return {fmt::format("cannot {} {}: {}", what, path_, strerror(errno))};
  };
  const int fd = open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return cannot("create");
  if (end_ == 0) unwritten_.insert(0, kHead);
  Trouble trouble;
  // What is not whole goes first.
  if (ftruncate(fd, static_cast<off_t>(end_)) != 0) trouble = cannot("write");
  for (size_t written = 0; !trouble.any() && written < unwritten_.size();) {
    const ssize_t n =
        pwrite(fd, unwritten_.data() + written, unwritten_.size() - written, static_cast<off_t>(end_ + written));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      trouble = cannot("write");
    } else {
      written += static_cast<size_t>(n);
    }
  }
  if (close(fd) != 0 && !trouble.any()) trouble = cannot("close");
  if (trouble.any()) {
    if (end_ == 0) unwritten_.erase(0, kHead.size());
    return trouble;
  }
  end_ += unwritten_.size();
  unwritten_.clear();
  return end_ > 2 * live_ + kSlack ? WriteAnew() : Trouble{};
}

Trouble PackedCorpus::WriteAnew() {
  const std::optional<std::string> old = ContentsOf(path_);
  if (!old) return {fmt::format("cannot read {}: {}", path_, strerror(errno))};
  std::string fresh(kHead);
  std::string ends;
  ReadPacked(
      *old, [&](uint64_t name, std::span<const uint8_t> bytes) { AddRecord(fresh, name, bytes); },
      [&](uint64_t name) {
        if (has_file_ && has_file_(name)) AddEnd(ends, name);
      });
  fresh += ends;
  if (Trouble trouble = WriteAtomically(path_, fresh, {.sync = false}); trouble.any()) return trouble;
  end_ = fresh.size();
  live_ = end_ - kHead.size();
  return {};
}

}  // namespace sockspec
