#include "fuzz/deviations.h"

#include <fnmatch.h>

#include "fmt/format.h"
#include "model/clause.h"
#include "model/profile.h"

namespace sockspec {
namespace {

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

constexpr std::string_view kColumns = "kernel | version | profile | key | reason | link";

std::string Wrong(std::string_view file, int line, std::string_view what) {
  return fmt::format("{}:{}: {}; a line is `{}`, the link may be left out", file, line, what,
                     kColumns);
}

// "Linux 6.18.44" and "6.18.44-generic" both have the number "6.18.44…".
std::string_view VersionOf(std::string_view release) {
  const size_t digit = release.find_first_of("0123456789");
  return digit == std::string_view::npos ? release : release.substr(digit);
}

}  // namespace

ParsedDeviations ParseDeviations(std::string_view text, std::string_view file_name) {
  ParsedDeviations parsed;
  parsed.deviations.file = file_name;
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    std::string_view line = Trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line[0] == '#') continue;

    std::string columns[6];
    int count = 0;
    for (bool more = true; more; ++count) {
      const size_t bar = line.find('|');
      more = bar != std::string_view::npos;
      if (count < 6) columns[count] = Trimmed(line.substr(0, bar));
      if (more) line.remove_prefix(bar + 1);
    }
    if (count < 5 || count > 6) {
      parsed.problem =
          Wrong(file_name, number,
                fmt::format("found {} column{}, expected 5 or 6", count, count == 1 ? "" : "s"));
      return parsed;
    }
    static constexpr std::string_view kNames[] = {"kernel", "version", "profile", "key", "reason"};
    for (int i = 0; i < 5; ++i) {
      if (!columns[i].empty()) continue;
      parsed.problem = Wrong(file_name, number, fmt::format("the column `{}` is empty", kNames[i]));
      return parsed;
    }
    if (const ResolvedProfile profile = ResolveProfile(columns[2], ""); !profile.problem.empty()) {
      parsed.problem = Wrong(file_name, number, profile.problem);
      return parsed;
    }
    if (!columns[3].starts_with(columns[0] + ".")) {
      parsed.problem = Wrong(file_name, number,
                             fmt::format("found the key `{}`, expected one that starts with `{}.`",
                                         columns[3], columns[0]));
      return parsed;
    }
    for (const Deviation& earlier : parsed.deviations.rows) {
      if (earlier.key == columns[3] && earlier.version == columns[1] &&
          earlier.profile == columns[2]) {
        parsed.problem =
            Wrong(file_name, number,
                  fmt::format("the same deviation stands in line {} already", earlier.line));
        return parsed;
      }
    }
    parsed.deviations.rows.push_back({.kernel = columns[0],
                                      .version = columns[1],
                                      .profile = columns[2],
                                      .key = columns[3],
                                      .reason = columns[4],
                                      .link = columns[5],
                                      .line = number});
  }
  return parsed;
}

bool Applies(const Deviation& deviation, std::string_view kernel_family, std::string_view release,
             std::string_view profile_name) {
  if (deviation.kernel != kernel_family) return false;
  if (profile_name != deviation.profile && !profile_name.starts_with(deviation.profile + "-")) {
    return false;
  }
  return fnmatch(deviation.version.c_str(), std::string(VersionOf(release)).c_str(), 0) == 0;
}

const Deviation* FindDeviation(const Deviations& deviations, std::string_view kernel_family,
                               std::string_view release, std::string_view profile_name,
                               std::string_view key) {
  for (const Deviation& deviation : deviations.rows) {
    if (CanonicalKey(deviation.key) == CanonicalKey(key) &&
        Applies(deviation, kernel_family, release, profile_name)) {
      return &deviation;
    }
  }
  return nullptr;
}

std::string CanonicalKey(std::string_view key) {
  std::string canonical(key);
  for (const Clause* clause : AllClauses()) {
    if (clause->alias.empty()) continue;
    const std::string old = fmt::format(".{}.", clause->alias);
    if (const size_t at = canonical.find(old); at != std::string::npos) {
      canonical.replace(at, old.size(), fmt::format(".{}.", clause->id));
    }
  }
  return canonical;
}

}  // namespace sockspec
