// A profile: which specification a kernel is held to. `posix`, or a platform at a version.
#ifndef SOCKSPEC_MODEL_PROFILE_H_
#define SOCKSPEC_MODEL_PROFILE_H_

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace sockspec {

// A release of a platform's kernel: 6.18.
struct Version {
  int major = 0;
  int minor = 0;
  friend constexpr auto operator<=>(const Version&, const Version&) = default;
};

// Which profiles a clause belongs to.
enum ProfileSet : uint8_t { kPosix = 1, kLinux = 2, kEveryProfile = 3 };

struct OptionRow;  // option_table.h

struct Profile {
  ProfileSet family = kLinux;  // exactly one bit
  Version version;             // of the platform; {0, 0} for posix
  bool selinux = false;        // the kernel has SELinux, which looks at addresses before the socket does
  bool late = false;           // its loopback hands segments over some time after the call that sent them
  bool verified = true;        // false: the running kernel is of a version nobody has checked
  std::string note;            // how the name resolved, for people; empty for posix
  const OptionRow* options = nullptr;  // another table of options, to make a wrong kernel of it; nullptr: the right one

  // "posix", "linux-6.18", "linux-6.1+selinux", "posix+late".
  std::string name() const;
};

// The Linux versions that the clauses were checked against, oldest first.
inline constexpr Version kKnownLinux[] = {{6, 1}, {6, 18}};

struct ResolvedProfile {
  Profile profile;
  std::string problem;  // not empty: `name` is no profile; says which there are
};

// `name` is "posix", "linux" (then the known version nearest to `release` is taken), "linux-6.1" or
// "linux-6.1+selinux"; "+late" may stand at the end of each. `release` is what the kernel says of itself
// (Kernel::release), "Linux 6.18.44-generic" or "gVisor release-20221219.0", with "+selinux" at its end where that is in force, and with "+late" where
// its loopback is known to be late; it may be empty, the newest known is taken then.
ResolvedProfile ResolveProfile(std::string_view name, std::string_view release);

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_PROFILE_H_
