#include "fuzz/campaign_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include "fmt/format.h"
#include "fuzz/campaign.h"
#include "model/program/bytes.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

Trouble Cannot(std::string_view what, const std::string& path) {
  return {fmt::format("cannot {} {}: {}", what, path, strerror(errno))};
}

}  // namespace

Trouble WriteAtomically(const std::string& path, std::string_view contents) {
  const std::string temporary = fmt::format("{}.{}", path, getpid());
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return Cannot("create", temporary);
  Trouble trouble;
  while (!contents.empty() && !trouble.any()) {
    const ssize_t n = write(fd, contents.data(), contents.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      trouble = Cannot("write", temporary);
    } else {
      contents.remove_prefix(static_cast<size_t>(n));
    }
  }
  if (!trouble.any() && fsync(fd) != 0) trouble = Cannot("sync", temporary);
  close(fd);
  if (!trouble.any() && rename(temporary.c_str(), path.c_str()) != 0) {
    trouble = Cannot("rename to", path);
  }
  if (trouble.any()) unlink(temporary.c_str());
  return trouble;
}

std::optional<std::string> ContentsOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream contents;
  contents << file.rdbuf();
  return std::move(contents).str();
}

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

Trouble MakeDirectory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return {fmt::format("cannot make the directory {}: {}", path, error.message())};
  return {};
}

std::string PendingPath(const std::string& directory, const std::string& key) {
  return fmt::format("{}/{}/{}.program", directory, kPendingDirectory, key);
}

Trouble WritePending(const std::string& directory, const Pending& pending) {
  Transcript transcript{.comments = {pending.key, fmt::format("seed {:#x}", pending.seed)},
                        .program = pending.program};
  transcript.said.resize(pending.program.calls.size());
  return WriteAtomically(PendingPath(directory, pending.key), PrintText(transcript));
}

std::vector<Pending> ReadPending(const std::string& directory) {
  std::vector<Pending> all;
  std::error_code error;
  std::filesystem::directory_iterator entry(directory + "/" + std::string(kPendingDirectory), error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string path = entry->path().string();
    if (!path.ends_with(".program")) continue;
    const std::optional<std::string> text = ContentsOf(path);
    if (!text) continue;
    ParsedText parsed = ParseText(*text, path);
    if (!parsed.ok() || parsed.transcript.program.calls.empty()) continue;
    Pending pending{.key = entry->path().stem().string(),
                    .program = std::move(parsed.transcript.program)};
    for (const std::string& comment : parsed.transcript.comments) {
      if (comment.starts_with("seed ")) pending.seed = strtoull(comment.c_str() + 5, nullptr, 16);
    }
    all.push_back(std::move(pending));
  }
  std::sort(all.begin(), all.end(),
            [](const Pending& a, const Pending& b) { return a.key < b.key; });
  return all;
}

int OpenAnnouncement(const std::string& directory, int worker) {
  const std::string running = fmt::format("{}/{}", directory, kRunningDirectory);
  if (MakeDirectory(running).any()) return -1;
  return open(fmt::format("{}/{}", running, worker).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
}

// Two bytes of size come first: what a longer program left behind it is not read.
void Announce(int file, const Program& program) {
  std::vector<uint8_t> bytes = Encode(program);
  const auto size = static_cast<uint16_t>(std::min<size_t>(bytes.size(), UINT16_MAX));
  bytes.insert(bytes.begin(), {static_cast<uint8_t>(size & 0xff), static_cast<uint8_t>(size >> 8)});
  (void)!pwrite(file, bytes.data(), bytes.size(), 0);
}

std::vector<Program> ProgramsThatRan(const std::string& directory) {
  std::vector<Program> programs;
  std::error_code error;
  std::filesystem::directory_iterator entry(fmt::format("{}/{}", directory, kRunningDirectory), error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::optional<std::string> contents = ContentsOf(entry->path().string());
    if (!contents || contents->size() < 2) continue;
    const auto* bytes = reinterpret_cast<const uint8_t*>(contents->data());
    const size_t size = std::min<size_t>(bytes[0] | bytes[1] << 8, contents->size() - 2);
    Program program = DecodeBytes({bytes + 2, size});
    if (!program.calls.empty()) programs.push_back(std::move(program));
  }
  return programs;
}

}  // namespace sockspec
