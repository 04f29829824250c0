#include "sut/unix_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "sut/sandbox.h"

namespace sockspec {
namespace {

// A directory of the test's own, which $TMPDIR names while this lives.
class UnixDirectoryTest : public testing::Test {
 protected:
  UnixDirectoryTest() {
    if (const char* found = getenv("TMPDIR"); found != nullptr) found_ = found;
    parent_ = std::filesystem::path(testing::TempDir()) / ("parent-" + std::to_string(getpid()));
    std::filesystem::create_directory(parent_);
    setenv("TMPDIR", parent_.c_str(), 1);
  }
  ~UnixDirectoryTest() override {
    std::filesystem::remove_all(parent_);
    if (found_.has_value()) {
      setenv("TMPDIR", found_->c_str(), 1);
    } else {
      unsetenv("TMPDIR");
    }
  }

  bool ParentIsEmpty() const { return std::filesystem::is_empty(parent_); }

  // The body's word, from a child that may not mount.
  std::string InChildThatMayNotMount(const std::function<std::string()>& body) const {
    int ends[2];
    if (pipe(ends) != 0) return "pipe failed";
    const pid_t child = fork();
    if (child == 0) {
      __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
      __user_cap_data_struct none[2]{};
      syscall(SYS_capset, &header, none);
      const std::string said = body();
      _exit(write(ends[1], said.data(), said.size()) < 0);
    }
    close(ends[1]);
    std::string said;
    char part[512];
    for (ssize_t size; (size = read(ends[0], part, sizeof part)) > 0;) said.append(part, size);
    close(ends[0]);
    waitpid(child, nullptr, 0);
    return said;
  }

  std::filesystem::path parent_;
  std::optional<std::string> found_;
};

// What a call with that path would find: 0, or an errno.
int Find(const UnixDirectory& directory, const std::string& path) {
  const UnixDirectory::Visit visit(directory, true);
  struct stat found;
  return stat(path.c_str(), &found) == 0 ? 0 : errno;
}

std::string WhatIsThere(const UnixDirectory& directory) {
  std::string said;
  for (const char* path : {"file", "file/U0", "loop", "long", "locked", "ro", "ro/U0", "U0"}) {
    const char* name = strerrorname_np(Find(directory, path));
    said += std::string(path) + " " + name + "  ";
  }
  return said;
}
constexpr char kAllThere[] =
    "file 0  file/U0 ENOTDIR  loop ELOOP  long ENAMETOOLONG  locked 0  ro 0  ro/U0 ENOENT  U0 "
    "ENOENT  ";

TEST_F(UnixDirectoryTest, IsMountedNowhereAndHoldsWhatTheNamesWant) {
  // On a thread of its own, which has a working directory of its own from then on.
  std::thread([&] {
    const std::string home = std::filesystem::current_path();
    UnixDirectory directory;
    ASSERT_EQ(directory.Open().what, "");
    if (!directory.path().empty()) GTEST_SKIP() << "no file system of its own here";
    EXPECT_EQ(WhatIsThere(directory), kAllThere);
    EXPECT_TRUE(ParentIsEmpty());
    EXPECT_EQ(std::filesystem::current_path(), home);
    const UnixDirectory::Visit visit(directory, true);
    EXPECT_EQ(open("ro/U0", O_CREAT | O_WRONLY, 0600), -1);
    EXPECT_EQ(errno, EROFS);
  }).join();
}

TEST_F(UnixDirectoryTest, WhatIsMadeIsRemovedWhenAsked) {
  std::thread([&] {
    UnixDirectory directory;
    ASSERT_EQ(directory.Open().what, "");
    {
      const UnixDirectory::Visit visit(directory, true);
      close(open("U0", O_CREAT | O_WRONLY, 0600));
    }
    directory.Made("U0");
    EXPECT_EQ(Find(directory, "U0"), 0);
    directory.RemoveMade();
    EXPECT_EQ(WhatIsThere(directory), kAllThere);
  }).join();
}

TEST_F(UnixDirectoryTest, ThreadsHaveDirectoriesThatDoNotMeet) {
  const auto work = [] {
    UnixDirectory directory;
    EXPECT_EQ(directory.Open().what, "");
    for (int i = 0; i < 1000; ++i) {
      const UnixDirectory::Visit visit(directory, true);
      EXPECT_EQ(mkdir("U0", 0700), 0);
      EXPECT_EQ(rmdir("U0"), 0);
    }
  };
  std::thread one(work);
  std::thread other(work);
  one.join();
  other.join();
}

TEST_F(UnixDirectoryTest, WithoutTheRightToMountItIsBelowTmpdirAndRemovedInTheEnd) {
  const std::string said = InChildThatMayNotMount([&]() -> std::string {
    auto directory = std::make_unique<UnixDirectory>();
    if (const Trouble trouble = directory->Open(); trouble.any()) return trouble.what;
    if (!directory->path().starts_with(parent_.string())) return "at " + directory->path();
    const std::string there = WhatIsThere(*directory);
    close(open((directory->path() + "/U0").c_str(), O_CREAT | O_WRONLY, 0600));
    directory.reset();
    return there + (ParentIsEmpty() ? "and gone" : "and still there");
  });
  EXPECT_EQ(said, std::string(kAllThere) + "and gone");
}

TEST_F(UnixDirectoryTest, WithoutAnyPlaceItSaysWhatToDo) {
  const std::string said = InChildThatMayNotMount([&]() -> std::string {
    setenv("TMPDIR", "/nowhere", 1);
    return UnixDirectory().Open().what;
  });
  EXPECT_NE(said.find("mkdtemp /nowhere/sockspec-"), std::string::npos) << said;
  EXPECT_NE(said.find("ENOENT"), std::string::npos) << said;
  EXPECT_NE(said.find("set TMPDIR"), std::string::npos) << said;
}

}  // namespace
}  // namespace sockspec
