#include "model/profile.h"

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <iterator>

namespace sockspec {
namespace {

std::string Name(Version version) {
  return std::to_string(version.major) + "." + std::to_string(version.minor);
}

// Reads "6.18" and what may follow it. Numbers that no release will ever have are none: `text` is anybody's.
bool ReadVersion(std::string_view text, Version* version, std::string_view* rest) {
  constexpr uint16_t kMost = 9999;
  const char* end = text.data() + text.size();
  uint16_t number = 0;
  const auto major = std::from_chars(text.data(), end, number);
  if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.' || number > kMost) return false;
  version->major = number;
  const auto minor = std::from_chars(major.ptr + 1, end, number);
  if (minor.ec != std::errc() || number > kMost) return false;
  version->minor = number;
  *rest = std::string_view(minor.ptr, static_cast<size_t>(end - minor.ptr));
  return true;
}

// About how many releases apart: Linux goes to the next major number after twenty.
int Distance(Version a, Version b) {
  constexpr int kReleasesAMajor = 20;
  return std::abs((a.major - b.major) * kReleasesAMajor + a.minor - b.minor);
}

// What a release of gVisor begins with, and what its uname() has, whichever it is.
constexpr std::string_view kGvisor = "gVisor";
constexpr Version kGvisorsLinux = {4, 4};

Profile Nearest(Version wanted) {
  Profile profile{.family = kLinux, .version = kKnownLinux[0]};
  for (const Version known : kKnownLinux) {
    if (Distance(known, wanted) < Distance(profile.version, wanted)) profile.version = known;
  }
  profile.verified = profile.version == wanted;
  profile.note = profile.verified
                     ? "Linux " + Name(wanted) + ", a version that the clauses were checked against"
                     : "Linux " + Name(wanted) + " was never checked; the nearest known version is " +
                           Name(profile.version) + ", and divergences are unverified";
  return profile;
}

}  // namespace

std::string Profile::name() const {
  const std::string specification = family == kPosix ? "posix" : "linux-" + Name(version);
  return specification + (selinux ? "+selinux" : "") + (late ? "+late" : "");
}

ResolvedProfile ResolveProfile(std::string_view name, std::string_view release) {
  ResolvedProfile resolved;
  constexpr std::string_view kSelinux = "+selinux";
  constexpr std::string_view kLate = "+late";
  const std::string_view whole_name = name;
  const bool gvisor = release.starts_with(kGvisor);
  bool late = gvisor;
  if (release.ends_with(kLate)) {
    late = true;
    release.remove_suffix(kLate.size());
  }
  if (name.ends_with(kLate)) {
    late = true;
    name.remove_suffix(kLate.size());
  }
  Version version;
  std::string_view rest;
  if (name == "posix") {
    resolved.profile = {.family = kPosix};
  } else if (name == "linux" && gvisor) {
    resolved.profile = Nearest(kGvisorsLinux);
    resolved.profile.note = std::string(release) + " calls itself Linux " + Name(kGvisorsLinux) + ", and is held to " +
                            Name(resolved.profile.version) +
                            ", the oldest that the clauses were checked against; where Linux has changed since, it may differ";
  } else if (name == "linux") {
    const size_t digits = release.find_first_of("0123456789");
    if (digits != release.npos && ReadVersion(release.substr(digits), &version, &rest)) {
      resolved.profile = Nearest(version);
      resolved.profile.selinux = release.ends_with(kSelinux);
    } else {
      resolved.profile = {.family = kLinux, .version = *(std::end(kKnownLinux) - 1)};
      resolved.profile.note = "Linux " + Name(resolved.profile.version) + ", the newest known version";
    }
  } else if (name.starts_with("linux-") && ReadVersion(name.substr(6), &version, &rest) &&
             (rest.empty() || rest == kSelinux)) {
    resolved.profile = Nearest(version);
    resolved.profile.selinux = rest == kSelinux;
  } else {
    resolved.problem = "unknown profile `" + std::string(whole_name) +
                       "`, expected posix, linux, or a version of it such as linux-6.1; +late after it, "
                       "for a loopback that is late";
  }
  resolved.profile.late = late;
  return resolved;
}

}  // namespace sockspec
