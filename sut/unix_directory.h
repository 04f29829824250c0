// The directory that the paths of unix sockets are relative to (unix_name.h): a file system of its
// own, in memory and mounted nowhere, so that nothing of it is left behind however the process
// ends.
//
//     UnixDirectory directory;
//     Trouble trouble = directory.Open();
//     { const UnixDirectory::Visit visit(directory, IsPath(call.address)); bind(…); }
//
// Where no file system can be made (gVisor, Linux before 5.2, no right to mount), it is a directory
// below $TMPDIR or /tmp, removed when this goes; a process that is killed then leaves it.
#ifndef SOCKSPEC_SUT_UNIX_DIRECTORY_H_
#define SOCKSPEC_SUT_UNIX_DIRECTORY_H_

#include <string>
#include <string_view>
#include <vector>

#include "sut/kernel.h"

namespace sockspec {

class UnixDirectory {
 public:
  UnixDirectory() = default;
  ~UnixDirectory();
  UnixDirectory(const UnixDirectory&) = delete;
  UnixDirectory& operator=(const UnixDirectory&) = delete;

  // Once. Gives the calling thread a working directory and a table of descriptors of its own and,
  // where it needs one to mount in, a mount namespace. SandboxFacts::read_only says whether `ro` is
  // mounted read-only; else it is a plain directory.
  Trouble Open();

  // Lets the calling thread be in the directory for as long as this lives, if `wanted`; then it is
  // back where it was at Open(). Two calls of fchdir(), 0.3 µs.
  class [[nodiscard]] Visit {
   public:
    Visit(const UnixDirectory& directory, bool wanted);
    ~Visit();
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

   private:
    const UnixDirectory* directory_;
  };

  // To be told which paths have been made, and to remove them.
  void Made(std::string_view path) { made_.emplace_back(path); }
  void RemoveMade();

  // Empty where it is mounted nowhere.
  const std::string& path() const { return path_; }

 private:
  Trouble OpenTemporary();
  Trouble Fill();

  int home_ = -1;  // where the thread was
  int directory_ = -1;
  int read_only_mount_ = -1;
  std::string path_;
  std::vector<std::string> made_;
};

}  // namespace sockspec

#endif  // SOCKSPEC_SUT_UNIX_DIRECTORY_H_
