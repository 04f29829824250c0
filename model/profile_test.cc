// Which profile a name and a kernel's words resolve to.

#include "model/profile.h"

#include "gtest/gtest.h"

namespace sockspec {
namespace {

struct Case {
  const char* name;
  const char* release;
  const char* resolved;
  bool verified;
};

TEST(ResolveProfile, TakesTheKnownVersionNearestToTheRunningOne) {
  constexpr Case kCases[] = {
      {"linux", "Linux 6.18.44-generic", "linux-6.18", true},
      {"linux", "Linux 6.1.176", "linux-6.1", true},
      {"linux", "6.1.176", "linux-6.1", true},
      {"linux", "Linux 6.1.176+selinux", "linux-6.1+selinux", true},
      {"linux", "Linux 6.5.0", "linux-6.1", false},
      {"linux", "Linux 6.17.3", "linux-6.18", false},
      {"linux", "Linux 5.10.0", "linux-6.1", false},
      {"linux", "Linux 7.0.1", "linux-6.18", false},
      {"linux", "Linux 4.4.0+late", "linux-6.1+late", false},
      {"linux", "gVisor release-20221219.0", "linux-6.1+late", false},
      {"linux", "gVisor", "linux-6.1+late", false},
      {"linux-6.18", "gVisor release-20221219.0", "linux-6.18+late", true},
      {"posix", "gVisor release-20221219.0", "posix+late", true},
      {"linux", "", "linux-6.18", true},
      {"linux-6.1", "Linux 6.18.44", "linux-6.1", true},
      {"linux-9.9", "", "linux-6.18", false},
      {"posix", "Linux 6.18.44", "posix", true},
  };
  for (const Case& test : kCases) {
    SCOPED_TRACE(std::string(test.name) + " on " + test.release);
    const ResolvedProfile resolved = ResolveProfile(test.name, test.release);
    EXPECT_EQ(resolved.problem, "");
    EXPECT_EQ(resolved.profile.name(), test.resolved);
    EXPECT_EQ(resolved.profile.verified, test.verified);
  }
}

TEST(ResolveProfile, SaysWhatGvisorIsHeldTo) {
  EXPECT_EQ(ResolveProfile("linux", "gVisor release-20221219.0").profile.note,
            "gVisor release-20221219.0 calls itself Linux 4.4, and is held to 6.1, the oldest that the clauses were checked "
            "against; where Linux has changed since, it may differ");
}

TEST(ResolveProfile, SaysWhichProfilesThereAre) {
  for (const char* name : {"", "windows", "linux-", "linux-six", "linux-6.1x", "linux--6.1", "linux-6.-1",
                           "linux-200000600.0", "linux-6.99999999999", "posix-2024"}) {
    EXPECT_NE(ResolveProfile(name, "").problem.find("expected posix, linux"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace sockspec
