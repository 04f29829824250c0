#include "sut/descriptors.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "sut/own_calls.h"
#include "sut/sandbox.h"

namespace sockspec {
namespace {

// FILE and PIPE lie above the slots, so that closing them frees no number that a program could be
// given.
constexpr int kFileSlot = kSlots;
constexpr int kPipeSlot = kSlots + 1;

// Far above every slot, below INT_MAX, and no descriptor: Linux's limit is 1,048,576 by default.
constexpr int kNeverOpenNumber = 1000000;

}  // namespace

std::vector<int> OpenDescriptors() {
  std::vector<int> open;
  DIR* directory = opendir("/proc/thread-self/fd");
  if (directory == nullptr) return open;
  while (const dirent* entry = readdir(directory)) {
    const int fd = atoi(entry->d_name);  // "." and ".." read as 0, which is open anyhow
    if (fd != dirfd(directory)) open.push_back(fd);
  }
  closedir(directory);
  return open;
}

Trouble Descriptors::Open() {
  std::fill(std::begin(raw_), std::end(raw_), -1);
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return {Failed("getrlimit(RLIMIT_NOFILE)", errno)};
  found_limit_ = usual_limit_ = limit_ = limit.rlim_cur;

  // Not permitted in some containers, and needed only where threads of the process open files.
  (void)unshare(CLONE_FILES);

  // An empty regular file, open for reading only, without a file system to write to.
  const int writable = own::MakeMemoryFile("sockspec", MFD_CLOEXEC);
  if (writable < 0) return {Failed("memfd_create", errno)};
  const std::string path = "/proc/thread-self/fd/" + std::to_string(writable);
  file_ = own::Open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const int error = errno;
  own::Close(writable);
  if (file_ < 0) return {Failed("open " + path + " (is /proc mounted?)", error)};
  int ends[2];
  if (own::Pipe(ends, O_CLOEXEC) != 0) return {Failed("pipe2", errno)};
  pipe_read_ = ends[0];
  pipe_write_ = ends[1];

  const std::vector<int> open_now = OpenDescriptors();
  const int highest = open_now.empty() ? 0 : *std::ranges::max_element(open_now);
  if (highest < pipe_write_) return {Failed("opendir /proc/thread-self/fd", errno)};
  const rlim_t needed = highest + 1 + kMaxThreads + kPipeSlot + 1;
  if (limit_ < needed) {
    usual_limit_ = needed;
    if (Trouble trouble = SetLimit(needed); trouble.any()) {
      return {trouble.what + ". Programs need " + std::to_string(needed) +
              " descriptors here: raise the limit (ulimit -n), or close what is open up to " +
              std::to_string(highest) + "."};
    }
  }
  int plug = own::Fcntl(file_, F_DUPFD_CLOEXEC, 0);
  for (; plug >= 0 && plug < highest; plug = own::Fcntl(file_, F_DUPFD_CLOEXEC, 0)) {
    plugs_.push_back(plug);
  }
  aside_ = plug;
  for (int i = 0; plug >= 0 && i < kMaxThreads; ++i) {
    plugs_.push_back(plug);
    plug = own::Fcntl(file_, F_DUPFD_CLOEXEC, 0);
  }
  if (plug < 0) return {Failed("fcntl(F_DUPFD_CLOEXEC)", errno)};
  own::Close(plug);
  base_ = plug;

  raw_[kNeverOpen.code] = kNeverOpenNumber;
  raw_[kFile.code] = base_ + kFileSlot;
  raw_[kPipe.code] = base_ + kPipeSlot;
  return PlaceFileAndPipe();
}

Descriptors::~Descriptors() {
  if (base_ != 0) {
    CloseSlots();
    own::Close(base_ + kFileSlot);
    own::Close(base_ + kPipeSlot);
  }
  for (const int plug : plugs_) own::Close(plug);
  for (const int fd : {file_, pipe_read_, pipe_write_}) {
    if (fd >= 0) own::Close(fd);
  }
  if (limit_ != found_limit_) (void)SetLimit(found_limit_);
}

int Descriptors::OpenAside(int number, const std::string& path) {
  // The number that is free now is the lowest one, and the one that open() gives.
  own::Close(aside_ + number);
  return own::Open(path.c_str(), O_RDONLY | O_CLOEXEC);
}

Trouble Descriptors::Renew(int limit) {
  CloseSlots();
  std::fill_n(raw_, kMaxHandles, -1);
  if (mend_) {
    mend_ = false;
    // dup2() takes no number from the limit up.
    if (Trouble trouble = SetLimit(usual_limit_); trouble.any()) return trouble;
    if (Trouble trouble = PlaceFileAndPipe(); trouble.any()) return trouble;
  }
  return SetLimit(limit > 0 ? static_cast<rlim_t>(base_ + limit) : usual_limit_);
}

void Descriptors::CloseSlots() {
  if (one_by_one_) {
    // The programs' close(): a preloaded stack has to hear of it. What it does not close is closed below.
    for (int slot = 0; slot < kSlots; ++slot) close(base_ + slot);
    for (const int stray : strays_) close(stray);
  }
  for (const int stray : strays_) own::Close(stray);
  strays_.clear();
  if (own::CloseRange(base_, base_ + kSlots - 1, 0) == 0) return;
  // Linux before 5.9, and gVisor's of 2022.
  for (int slot = 0; slot < kSlots; ++slot) own::Close(base_ + slot);
}

Trouble Descriptors::SetLimit(rlim_t soft) {
  if (soft == limit_) return {};
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return {Failed("getrlimit(RLIMIT_NOFILE)", errno)};
  limit.rlim_cur = soft;
  limit.rlim_max = std::max(limit.rlim_max, soft);
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return {Failed("setrlimit(RLIMIT_NOFILE, " + std::to_string(soft) + ")", errno)};
  }
  limit_ = soft;
  return {};
}

Trouble Descriptors::PlaceFileAndPipe() {
  const struct {
    int from;
    int slot;
    int flags;
  } places[] = {{file_, kFileSlot, O_RDONLY}, {pipe_read_, kPipeSlot, O_RDONLY}};
  for (const auto& place : places) {
    // Status flags belong to the open file description, which the copies share.
    if (own::Fcntl(place.from, F_SETFL, place.flags) != 0) return {Failed("fcntl(F_SETFL)", errno)};
    // Not closed on exec, as open() and pipe() give them: fcntl(F_GETFD) shows it.
    if (own::Dup2(place.from, base_ + place.slot) < 0) return {Failed("dup2", errno)};
  }
  return {};
}

}  // namespace sockspec
