#include "sut/kernel_setup.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace sockspec {
namespace {

TEST(KernelSetupTest, ItsWordsSayAllOfItAndAreReadBack) {
  const struct {
    KernelSetup setup;
    const char* words;
  } kCases[] = {
      {{}, "''"},
      {{.kernel = "linux"}, "linux"},
      {{.kernel = "gvisor", .image = "/a/runsc", .arguments = "--rootless", .platform = "kvm"},
       "gvisor --kernel-image=/a/runsc --kernel-args=--rootless --platform=kvm"},
      {{.kernel = "uml", .arguments = "mem=1G  ssl=none"}, "uml --kernel-args='mem=1G  ssl=none'"},
      {{.kernel = "uml", .image = "/my kernels/l'inux"}, "uml --kernel-image='/my kernels/l'\\''inux'"},
      {{.kernel = "preload:/my stack/lib.so"}, "'preload:/my stack/lib.so'"},
      {{.kernel = "lwip", .arguments = "as-it-is"}, "lwip --kernel-args=as-it-is"},
  };
  for (const auto& [setup, words] : kCases) {
    EXPECT_EQ(WordsOf(setup), words);
    EXPECT_EQ(SetupOf(words), setup) << words;
  }
}

// finding.json is anybody's to write.
TEST(KernelSetupTest, WordsThatNobodyWroteSoAreReadAsFarAsTheyGo) {
  EXPECT_EQ(SetupOf(""), KernelSetup{});
  EXPECT_EQ(SetupOf("uml --kernel-args='mem=1G"), (KernelSetup{.kernel = "uml", .arguments = "mem=1G"}));
  EXPECT_EQ(SetupOf("uml '"), KernelSetup{.kernel = "uml"});
  EXPECT_EQ(SetupOf("uml \\"), KernelSetup{.kernel = "uml"});
  EXPECT_EQ(SetupOf("uml --jobs=2 x --platform="), KernelSetup{.kernel = "uml"});
}

TEST(KernelSetupTest, RunscHasThePlatformAndWhatElseWasSaid) {
  EXPECT_EQ(RunscFlags({.kernel = "gvisor"}),
            (std::vector<std::string>{"--network=none", "--ignore-cgroups", "--file-access=shared", "--platform=ptrace"}));
  EXPECT_EQ(RunscFlags({.kernel = "gvisor", .arguments = " --rootless\t--debug ", .platform = "systrap"}),
            (std::vector<std::string>{"--network=none", "--ignore-cgroups", "--file-access=shared", "--platform=systrap", "--rootless", "--debug"}));
}

TEST(KernelSetupTest, AShellReadsAWordAsOne) {
  EXPECT_EQ(ForShell("a-b_c=d.e/f:g"), "a-b_c=d.e/f:g");
  for (const std::string_view word : {"", "a b", "$HOME", "`x`", "\"", "*", "a\\b", "~", "a;b", "#"}) {
    EXPECT_EQ(ForShell(word), "'" + std::string(word) + "'");
  }
  EXPECT_EQ(ForShell(std::vector<std::string>{"a", "b c"}), "a 'b c'");
}

}  // namespace
}  // namespace sockspec
