#include "sut/unix_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "model/program/unix_name.h"
#include "sut/own_calls.h"
#include "sut/sandbox.h"

namespace sockspec {
namespace {

// By number, since <sys/mount.h> has them from glibc 2.36 on, and <linux/mount.h> does not go with
// it.
constexpr unsigned kCreate = 6;       // FSCONFIG_CMD_CREATE
constexpr unsigned kCloseOnExec = 1;  // FSOPEN_CLOEXEC, FSMOUNT_CLOEXEC
constexpr unsigned kReadOnly = 1;     // MOUNT_ATTR_RDONLY

// A new file system in memory, mounted nowhere and gone with its last descriptor; -1 and an errno
// where it cannot be had. fsopen(2).
int MountMemory(unsigned attributes) {
  const int made = static_cast<int>(syscall(SYS_fsopen, "tmpfs", kCloseOnExec));
  if (made < 0) return -1;
  int mounted = -1;
  if (syscall(SYS_fsconfig, made, kCreate, nullptr, nullptr, 0) == 0) {
    mounted = static_cast<int>(syscall(SYS_fsmount, made, kCloseOnExec, attributes));
  }
  const int error = errno;
  own::Close(made);
  errno = error;
  return mounted;
}

}  // namespace

Trouble UnixDirectory::Open() {
  // Other threads stay where they are, and what is opened here takes no numbers of theirs. Some
  // containers do not permit it, where it matters only to processes with several threads.
  (void)unshare(CLONE_FS);
  (void)unshare(CLONE_FILES);
  home_ = own::Open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (home_ < 0) return {Failed("open the working directory", errno)};
  directory_ = MountMemory(0);
  // In a user namespace one may mount only in a mount namespace that belongs to it.
  if (directory_ < 0 && errno == EPERM && unshare(CLONE_NEWNS) == 0) directory_ = MountMemory(0);
  std::string note;
  if (directory_ < 0) {
    note = Failed("fsopen(tmpfs)", errno);
    if (Trouble trouble = OpenTemporary(); trouble.any()) return trouble;
  } else {
    read_only_mount_ = MountMemory(kReadOnly);
    if (read_only_mount_ < 0) note = Failed("fsmount(tmpfs, read-only)", errno);
  }
  TellReadOnly(read_only_mount_ >= 0, note);
  return Fill();
}

Trouble UnixDirectory::OpenTemporary() {
  const char* parent = getenv("TMPDIR");
  std::string path = std::string(parent == nullptr ? "/tmp" : parent) + "/sockspec-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) {
    return {Failed("mkdtemp " + path, errno) +
            ". Paths of unix sockets need a directory: set TMPDIR to one that may be written to."};
  }
  path_ = std::filesystem::absolute(path);
  directory_ = own::Open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (directory_ < 0) return {Failed("open " + path_, errno)};
  return {};
}

Trouble UnixDirectory::Fill() {
  const auto name = [](std::string_view text) { return std::string(text); };
  const int file =
      own::OpenAt(directory_, name(kUnixFile).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) return {Failed("create a file for unix sockets", errno)};
  own::Close(file);
  const std::string loop = name(kUnixLoop);
  if (symlinkat(loop.c_str(), directory_, loop.c_str()) != 0) return {Failed("symlinkat", errno)};
  if (symlinkat(std::string(300, 'x').c_str(), directory_, name(kUnixLong).c_str()) != 0) {
    return {Failed("symlinkat", errno)};
  }
  if (mkdirat(directory_, name(kUnixLocked).c_str(), 0) != 0) return {Failed("mkdirat", errno)};
  // Nothing can be mounted in what is mounted nowhere (before Linux 6.15), but a link may lead from
  // there.
  const std::string link = "/proc/thread-self/fd/" + std::to_string(read_only_mount_);
  const std::string read_only = name(kUnixReadOnly);
  const int made = read_only_mount_ >= 0 ? symlinkat(link.c_str(), directory_, read_only.c_str())
                                         : mkdirat(directory_, read_only.c_str(), 0700);
  if (made != 0) return {Failed("make the directory that is read-only", errno)};
  return {};
}

UnixDirectory::~UnixDirectory() {
  if (!path_.empty()) {
    std::error_code ignored;
    std::filesystem::permissions(path_ + "/" + std::string(kUnixLocked),
                                 std::filesystem::perms::owner_all, ignored);
    std::filesystem::remove_all(path_, ignored);
  }
  for (const int fd : {home_, directory_, read_only_mount_}) {
    if (fd >= 0) own::Close(fd);
  }
}

void UnixDirectory::RemoveMade() {
  for (const std::string& path : made_) (void)unlinkat(directory_, path.c_str(), 0);
  made_.clear();
}

UnixDirectory::Visit::Visit(const UnixDirectory& directory, bool wanted)
    : directory_(wanted ? &directory : nullptr) {
  if (wanted) (void)fchdir(directory.directory_);
}

UnixDirectory::Visit::~Visit() {
  if (directory_ != nullptr) (void)fchdir(directory_->home_);
}

}  // namespace sockspec
