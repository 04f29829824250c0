#include "fuzz/campaign_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <system_error>
#include <utility>

#include "fmt/format.h"
#include "fuzz/finding.h"
#include "model/program/bytes.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

Trouble Cannot(std::string_view what, const std::string& path) {
  return {fmt::format("cannot {} {}: {}", what, path, strerror(errno))};
}

Trouble WriteAll(int fd, std::string_view contents, const std::string& path) {
  while (!contents.empty()) {
    const ssize_t n = write(fd, contents.data(), contents.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Cannot("write", path);
    contents.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

// Of this process and those it forks: two kernels may share a directory, and their processes a number.
uint32_t OwnNumber() {
  static const uint32_t number = [] {
    uint32_t random = 0;
    return getrandom(&random, sizeof random, GRND_NONBLOCK) == sizeof random ? random : 0;
  }();
  return number;
}

}  // namespace

Trouble WriteAtomically(const std::string& path, std::string_view contents,
                        const WriteOptions& options) {
  std::string temporary = options.temporary;
  if (temporary.empty()) {
    const std::filesystem::path whole(path);
    temporary = fmt::format("{}{}.{}-{:x}", kNewFile, whole.filename().string(), getpid(), OwnNumber());
    if (whole.has_parent_path()) temporary = (whole.parent_path() / temporary).string();
  }
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return Cannot("create", path);
  Trouble trouble = WriteAll(fd, contents, path);
  if (!trouble.any() && options.sync && fsync(fd) != 0) trouble = Cannot("sync", path);
  if (close(fd) != 0 && !trouble.any()) trouble = Cannot("close", path);
  if (!trouble.any() && rename(temporary.c_str(), path.c_str()) != 0) {
    trouble = Cannot("rename to", path);
  }
  if (trouble.any()) unlink(temporary.c_str());
  return trouble;
}

Trouble Append(const std::string& path, std::string_view text) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd < 0) return Cannot("create", path);
  off_t end = lseek(fd, 0, SEEK_END);
  char last = '\n';
  while (end > 0 && pread(fd, &last, 1, end - 1) == 1 && last != '\n') --end;
  Trouble trouble;
  if (ftruncate(fd, end) != 0) trouble = Cannot("write", path);
  if (!trouble.any()) trouble = WriteAll(fd, text, path);
  if (close(fd) != 0 && !trouble.any()) trouble = Cannot("close", path);
  return trouble;
}

void RemoveUnfinished(const std::string& directory) {
  std::error_code error;
  std::filesystem::directory_iterator entry(directory, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (entry->path().filename().string().starts_with(kNewFile)) unlink(entry->path().c_str());
  }
}

Trouble DirectoryLock::Take(const std::string& directory) {
  const std::string path = directory + "/.lock";
  fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd_ < 0) return Cannot("write in", directory);
  // The workers of a campaign that was killed may still hold it for the moment that they take to end.
  for (int i = 0; flock(fd_, LOCK_EX | LOCK_NB) != 0; ++i) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return Cannot("lock", path);
    if (i < 10) {
      usleep(20000);
      continue;
    }
    std::string holder = ContentsOf(path).value_or("");
    while (!holder.empty() && holder.back() == '\n') holder.pop_back();
    Close();
    return {fmt::format("{} is in use by another campaign{}; wait for its end, or choose another directory",
                        directory, holder.empty() ? "" : ": " + holder)};
  }
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  const std::string holder = fmt::format("process {} on {}, since {}\n", getpid(), host, TimeNow());
  if (ftruncate(fd_, 0) != 0) return Cannot("write", path);
  return WriteAll(fd_, holder, path);
}

void DirectoryLock::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
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

namespace {

std::string PendingPath(const std::string& directory, const std::string& key) {
  return fmt::format("{}/{}/{}.program", directory, kPendingDirectory, key);
}

// Programs in the byte form, each behind its size.
std::string Joined(const std::vector<Program>& programs) {
  std::string joined;
  for (const Program& program : programs) {
    const std::vector<uint8_t> bytes = Encode(program);
    joined += fmt::format("{}\n", bytes.size());
    joined.append(bytes.begin(), bytes.end());
  }
  return joined;
}

std::vector<Program> Parted(std::string_view joined) {
  std::vector<Program> programs;
  while (!joined.empty()) {
    size_t size = 0;
    const auto [end, error] = std::from_chars(joined.data(), joined.data() + joined.size(), size);
    joined.remove_prefix(static_cast<size_t>(end - joined.data()));
    if (error != std::errc() || !joined.starts_with('\n') || joined.size() - 1 < size) break;
    programs.push_back(DecodeBytes({reinterpret_cast<const uint8_t*>(joined.data()) + 1, size}));
    joined.remove_prefix(1 + size);
  }
  return programs;
}

std::string BeforePath(const std::string& directory, const std::string& key) {
  return fmt::format("{}/{}/{}.before", directory, kPendingDirectory, key);
}

}  // namespace

void RemovePending(const std::string& directory, const std::string& key) {
  unlink(PendingPath(directory, key).c_str());
  unlink(BeforePath(directory, key).c_str());
}

Trouble WritePending(const std::string& directory, const Pending& pending) {
  const std::string before = BeforePath(directory, pending.key);
  // One that stayed behind would be another program's.
  if (pending.before.empty()) unlink(before.c_str());
  if (!pending.before.empty()) {
    if (Trouble trouble = WriteAtomically(before, Joined(pending.before)); trouble.any()) return trouble;
  }
  Transcript transcript{.comments = {pending.key, OriginWords(pending.seed, pending.made_of)},
                        .program = pending.program};
  transcript.said.resize(pending.program.calls.size());
  return WriteAtomically(PendingPath(directory, pending.key), PrintText(transcript));
}

void RemoveOrphans(const std::string& directory) {
  std::error_code error;
  std::filesystem::directory_iterator entry(directory + "/" + std::string(kPendingDirectory), error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::filesystem::path& path = entry->path();
    if (path.extension() != ".before") continue;
    if (!Exists(PendingPath(directory, path.stem().string()))) unlink(path.c_str());
  }
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
      constexpr std::string_view kMade = "made of ";
      if (comment.starts_with(kMade)) pending.made_of = comment.substr(kMade.size());
    }
    pending.before = Parted(ContentsOf(BeforePath(directory, pending.key)).value_or(""));
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

void RemoveAnnouncement(const std::string& directory, int worker) {
  unlink(fmt::format("{}/{}/{}", directory, kRunningDirectory, worker).c_str());
}

// Two bytes of size come first: what a longer program left behind it is not read.
void Announce(int file, const Program& program) {
  std::vector<uint8_t> bytes = Encode(program);
  const auto size = static_cast<uint16_t>(std::min<size_t>(bytes.size(), UINT16_MAX));
  bytes.insert(bytes.begin(), {static_cast<uint8_t>(size & 0xff), static_cast<uint8_t>(size >> 8)});
  (void)!pwrite(file, bytes.data(), bytes.size(), 0);
}

namespace {

constexpr std::string_view kHow = "a worker ";

KeptProgram KeepAs(const std::string& path, const Program& program, std::string_view words) {
  Transcript transcript{.program = program};
  for (size_t from = 0; from < words.size();) {
    const size_t end = std::min(words.find('\n', from), words.size());
    transcript.comments.emplace_back(words.substr(from, end - from));
    from = end + 1;
  }
  transcript.said.resize(program.calls.size());
  if (Trouble trouble = WriteAtomically(path, PrintText(transcript)); trouble.any()) return {.path = "", .trouble = std::move(trouble)};
  return {.path = path, .trouble = {}};
}

}  // namespace

KeptProgram KeepProgram(const std::string& directory, std::string_view stem, const Program& program, std::string_view words) {
  if (Trouble trouble = MakeDirectory(directory); trouble.any()) return {.path = "", .trouble = std::move(trouble)};
  std::string path = fmt::format("{}/{}.program", directory, stem);
  for (int n = 2; Exists(path); ++n) path = fmt::format("{}/{}-{}.program", directory, stem, n);
  return KeepAs(path, program, words);
}

KeptProgram KeepKernelDeath(const std::string& directory, const Program& program, std::string_view words, DeathNumbers numbers) {
  const std::string crashes = fmt::format("{}/{}", directory, kCrashesDirectory);
  if (Trouble trouble = MakeDirectory(crashes); trouble.any()) return {.path = "", .trouble = std::move(trouble)};
  std::string path;
  for (int n = numbers.first; path.empty() || Exists(path); n += numbers.step) {
    path = fmt::format("{}/{}{}.program", crashes, kKernelDied, n);
  }
  return KeepAs(path, program, words);
}

std::string UntriedWords(std::string_view how, std::string_view whose) {
  return fmt::format("{}{}\n{}\nwhether it was this that it died of is not known yet", kHow, how, whose);
}

UntriedProgram ParseUntried(std::string_view text, const std::string& path) {
  ParsedText parsed = ParseText(text, path);
  if (!parsed.ok()) return {.problem = parsed.problem.Message()};
  const std::vector<std::string>& comments = parsed.transcript.comments;
  if (comments.size() < 2 || !comments[0].starts_with(kHow) || parsed.transcript.program.calls.empty()) {
    return {.problem = path + " does not say how a worker died over which program, and on which kernel"};
  }
  return {.program = std::move(parsed.transcript.program), .how = comments[0].substr(kHow.size()), .whose = comments[1]};
}

std::vector<Program> ProgramsThatRan(const std::string& directory, std::optional<int> worker) {
  std::vector<Program> programs;
  std::error_code error;
  std::filesystem::directory_iterator entry(fmt::format("{}/{}", directory, kRunningDirectory), error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (worker && entry->path().filename() != std::to_string(*worker)) continue;
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
