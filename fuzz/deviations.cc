#include "fuzz/deviations.h"

#include <ctype.h>
#include <fnmatch.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "model/clause.h"
#include "model/profile.h"

namespace sockspec {
namespace {

// Without blanks at its ends. What is left of blanks alone is nothing, behind them.
std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return text.substr(text.size());
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// `at` is where in `line`, the whole of it, the problem stands.
std::string Wrong(std::string_view file, int number, std::string_view line, std::string_view at,
                  std::string_view what) {
  return fmt::format("{}:{}:{}: {}; a line is `{}`, the last two may be left out", file, number,
                     at.data() - line.data() + 1, what, kDeviationColumns);
}

// "Linux 6.18.44" and "6.18.44-generic" both have the number "6.18.44…".
std::string_view VersionOf(std::string_view release) {
  const size_t digit = release.find_first_of("0123456789");
  return digit == std::string_view::npos ? release : release.substr(digit);
}

// The number at the start of `version`, which loses it and the dot behind it.
long NextNumber(std::string_view& version) {
  long number = 0;
  while (!version.empty() && version[0] >= '0' && version[0] <= '9' && number < 100'000'000) {
    number = 10 * number + (version[0] - '0');
    version.remove_prefix(1);
  }
  if (!version.empty() && version[0] == '.') version.remove_prefix(1);
  return number;
}

// Below, at or above 0 as `version` is older than `bound`, the same or newer: number by number, as
// far as `bound` is written.
int Compare(std::string_view version, std::string_view bound) {
  while (!bound.empty() && bound[0] >= '0' && bound[0] <= '9') {
    const long mine = NextNumber(version), its = NextNumber(bound);
    if (mine != its) return mine < its ? -1 : 1;
  }
  return 0;
}

bool IsNumber(std::string_view text) {
  return text.find_first_not_of("0123456789.") == std::string_view::npos && !text.empty() && text[0] != '.';
}

// Whether a version could ever match: `v6.18` or `Linux 6.18` would be a row that nobody meets, and nobody knows why.
bool IsVersion(std::string_view text) {
  if (const size_t dots = text.find(".."); dots != std::string_view::npos) {
    const std::string_view first = text.substr(0, dots), last = text.substr(dots + 2);
    return (first.empty() || IsNumber(first)) && (last.empty() || IsNumber(last)) && !(first.empty() && last.empty());
  }
  return std::string_view("0123456789*?[").find(text[0]) != std::string_view::npos;
}

// Whether `link` names the file, each as its owner sees it: from the top of a tree, from a directory, as a page.
bool NamesFile(std::string_view link, std::string_view file) {
  while (file.starts_with("./")) file.remove_prefix(2);
  if (link.empty() || file.empty()) return false;
  const auto ends = [](std::string_view path, std::string_view end) {
    return path == end || (path.ends_with(end) && path[path.size() - end.size() - 1] == '/');
  };
  return ends(link, file) || ends(file, link);
}

// A day that there is: a row that is to end on 2027-13-31 would be compared as text, and end on no day that comes.
bool IsDate(std::string_view text) {
  constexpr std::string_view kPattern = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]";
  if (text.size() != std::string_view("2027-06-30").size() ||
      fnmatch(kPattern.data(), std::string(text).c_str(), 0) != 0) {
    return false;
  }
  const auto number = [&](size_t at, size_t digits) {
    int n = 0;
    for (const char digit : text.substr(at, digits)) n = 10 * n + (digit - '0');
    return n;
  };
  return std::chrono::year_month_day(std::chrono::year(number(0, 4)),
                                     std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                     std::chrono::day(static_cast<unsigned>(number(8, 2))))
      .ok();
}

constexpr size_t kMostKeys = 4096;  // of a row

// How many keys `pattern` is short for; 0 where its braces do not match, or stand in each other.
size_t CountKeys(std::string_view pattern) {
  size_t keys = 1;
  while (!pattern.empty()) {
    const size_t brace = pattern.find_first_of("{}");
    if (brace == std::string_view::npos) break;
    const size_t end = pattern.find_first_of("{}", brace + 1);
    if (pattern[brace] != '{' || end == std::string_view::npos || pattern[end] != '}') return 0;
    const std::string_view words = pattern.substr(brace, end - brace);
    keys = std::min(keys * (1 + static_cast<size_t>(std::ranges::count(words, ','))), kMostKeys + 1);
    pattern.remove_prefix(end + 1);
  }
  return keys;
}

constexpr std::string_view kWhen = " when ", kAfter = " after ";
constexpr std::string_view kItsSocket = "sN";

// The column `key` in its parts.
struct Parts {
  std::string_view key;
  std::vector<std::string_view> when, after;  // patterns of calls
  std::string_view wrong;                     // what is none of it; empty: nothing
};

Parts PartsOf(std::string_view column) {
  Parts parts{.key = column.substr(0, column.find(' '))};
  column.remove_prefix(parts.key.size());
  while (!column.empty()) {
    const bool when = column.starts_with(kWhen);
    if (!when && !column.starts_with(kAfter)) {
      parts.wrong = column;
      break;
    }
    column.remove_prefix(when ? kWhen.size() : kAfter.size());
    const size_t end = std::min({column.find(kWhen), column.find(kAfter), column.size()});
    const std::string_view pattern = Trimmed(column.substr(0, end));
    (when ? parts.when : parts.after).push_back(pattern);
    if (pattern.empty()) parts.wrong = column;
    column.remove_prefix(end);
  }
  return parts;
}

// What `pattern` is short for, one for each choice between its braces.
std::vector<std::string> Choices(std::string_view pattern) {
  std::vector<std::string> choices = {""};
  while (!pattern.empty()) {
    const size_t brace = pattern.find('{');
    for (std::string& choice : choices) choice += pattern.substr(0, brace);
    const size_t end = pattern.find('}', std::min(brace, pattern.size()));
    if (end == std::string_view::npos) break;
    std::vector<std::string> longer;
    for (std::string_view words = pattern.substr(brace + 1, end - brace - 1);; words.remove_prefix(words.find(',') + 1)) {
      for (const std::string& choice : choices) longer.push_back(choice + std::string(words.substr(0, words.find(','))));
      if (words.find(',') == std::string_view::npos) break;
    }
    choices = std::move(longer);
    pattern.remove_prefix(end + 1);
  }
  return choices;
}

// Whether the call reads as the pattern has it. Brackets are part of addresses, and stand for themselves.
bool Reads(std::string_view call, std::string_view pattern, std::string_view socket) {
  const std::string whole(call);
  // "s0 = socket(…) = s0": the reply is what comes last.
  const std::string without_reply = whole.substr(0, whole.rfind(" = "));
  return std::ranges::any_of(Choices(pattern), [&](const std::string& choice) {
    std::string glob;
    for (size_t i = 0; i < choice.size(); ++i) {
      const std::string_view rest = std::string_view(choice).substr(i);
      const bool word = i > 0 && isalnum(static_cast<unsigned char>(choice[i - 1]));
      if (rest.starts_with(kItsSocket) && !word && (rest.size() == 2 || !isalnum(static_cast<unsigned char>(rest[2])))) {
        if (socket.empty()) return false;
        glob += socket;
        ++i;
        continue;
      }
      if (choice[i] == '[' || choice[i] == '\\') glob += '\\';
      glob += choice[i];
    }
    return fnmatch(glob.c_str(), whole.c_str(), 0) == 0 || fnmatch(glob.c_str(), without_reply.c_str(), 0) == 0;
  });
}

}  // namespace

std::string DeviationLine(const Deviation& d) {
  std::string line = fmt::format("{} | {} | {} | {} | {}", d.kernel, d.version, d.profile, d.key, d.reason);
  if (!d.link.empty() || !d.expires.empty()) line += " | " + d.link;
  if (!d.expires.empty()) line += " | " + d.expires;
  return line + "\n";
}

std::string WithDeviation(std::string_view table, const Deviation& row, const Deviation* expired,
                          const Deviation* after) {
  if (table.empty()) return fmt::format("# {}\n{}", kDeviationColumns, DeviationLine(row));
  std::string text;
  for (int number = 1; !table.empty(); ++number) {
    const std::string_view line = table.substr(0, table.find('\n'));
    table.remove_prefix(std::min(line.size() + 1, table.size()));
    text += expired != nullptr && expired->line == number ? DeviationLine(row) : std::string(line) + "\n";
    if (expired == nullptr && after != nullptr && after->line == number) text += DeviationLine(row);
  }
  if (expired == nullptr && after == nullptr) text += DeviationLine(row);
  return text;
}

ParsedDeviations ParseDeviations(std::string_view text, std::string_view file_name) {
  ParsedDeviations parsed;
  parsed.deviations.file = file_name;
  for (int number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (Trimmed(line).empty() || Trimmed(line)[0] == '#') continue;
    const auto wrong = [&](std::string_view at, std::string_view what) {
      parsed.problem = Wrong(file_name, number, line, at, what);
      return parsed;
    };

    std::string_view columns[7];
    for (std::string_view& column : columns) column = line.substr(line.size());
    int count = 0;
    for (std::string_view rest = line;; ++count) {
      const size_t bar = rest.find('|');
      if (count < 7) columns[count] = Trimmed(rest.substr(0, bar));
      if (bar == std::string_view::npos) break;
      rest.remove_prefix(bar + 1);
    }
    ++count;
    if (count < 5 || count > 7) {
      return wrong(count < 5 ? line.substr(line.size()) : line.substr(columns[6].end() - line.begin()),
                   fmt::format("found {} column{}, expected 5 to 7", count, count == 1 ? "" : "s"));
    }
    static constexpr std::string_view kNames[] = {"kernel", "version", "profile", "key", "reason"};
    for (int i = 0; i < 5; ++i) {
      if (columns[i].empty()) return wrong(columns[i], fmt::format("the column `{}` is empty", kNames[i]));
    }
    if (!IsVersion(columns[1])) {
      return wrong(columns[1], fmt::format("found the version `{}`, expected one such as 6.18, 6.1..6.18, 6.6.. or *",
                                           columns[1]));
    }
    if (const ResolvedProfile profile = ResolveProfile(columns[2], ""); !profile.problem.empty()) {
      return wrong(columns[2], profile.problem);
    }
    if (!columns[3].starts_with(columns[0]) || !columns[3].substr(columns[0].size()).starts_with('.')) {
      return wrong(columns[3], fmt::format("found the key `{}`, expected one that starts with `{}.`",
                                           columns[3], columns[0]));
    }
    const Parts parts = PartsOf(columns[3]);
    if (!parts.wrong.empty()) {
      const bool word = Trimmed(parts.wrong) == Trimmed(kWhen) || Trimmed(parts.wrong) == Trimmed(kAfter) || Trimmed(parts.wrong).empty();
      return wrong(parts.wrong, word ? "found no call behind `when` or `after`"
                                     : fmt::format("found `{}` behind the key, expected `when` or `after`, and a call", Trimmed(parts.wrong)));
    }
    std::vector<std::string_view> patterns = {parts.key};
    patterns.insert(patterns.end(), parts.when.begin(), parts.when.end());
    patterns.insert(patterns.end(), parts.after.begin(), parts.after.end());
    for (const std::string_view pattern : patterns) {
      if (const size_t keys = CountKeys(pattern); keys == 0 || keys > kMostKeys) {
        return wrong(pattern, keys == 0 ? fmt::format("found `{}`, expected a }} after each {{, and none within", pattern)
                                        : fmt::format("`{}` stands for more than {}", pattern, kMostKeys));
      }
    }
    if (!columns[6].empty() && !IsDate(columns[6])) {
      return wrong(columns[6], fmt::format("found `{}`, expected a date such as 2027-06-30", columns[6]));
    }
    for (const Deviation& earlier : parsed.deviations.rows) {
      if (earlier.key == columns[3] && earlier.version == columns[1] &&
          earlier.profile == columns[2]) {
        return wrong(columns[3],
                     fmt::format("the same deviation stands in line {} already", earlier.line));
      }
    }
    parsed.deviations.rows.push_back({.kernel = std::string(columns[0]),
                                      .version = std::string(columns[1]),
                                      .profile = std::string(columns[2]),
                                      .key = std::string(columns[3]),
                                      .reason = std::string(columns[4]),
                                      .link = std::string(columns[5]),
                                      .expires = std::string(columns[6]),
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
  const std::string_view version = deviation.version;
  if (const size_t dots = version.find(".."); dots != std::string_view::npos) {
    const std::string_view first = version.substr(0, dots), last = version.substr(dots + 2);
    return (first.empty() || Compare(VersionOf(release), first) >= 0) &&
           (last.empty() || Compare(VersionOf(release), last) <= 0);
  }
  if (IsNumber(version)) return Compare(VersionOf(release), version) == 0;
  return fnmatch(deviation.version.c_str(), std::string(VersionOf(release)).c_str(), 0) == 0;
}

bool Expired(const Deviation& deviation, std::string_view today) {
  return !deviation.expires.empty() && deviation.expires < today;
}

std::string Today() {
  const time_t now = time(nullptr);
  tm parts;
  gmtime_r(&now, &parts);
  char text[32];
  strftime(text, sizeof text, "%Y-%m-%d", &parts);
  return text;
}

std::vector<std::string> KeysOf(const Deviation& deviation) { return Choices(PartsOf(deviation.key).key); }

bool HasCondition(const Deviation& deviation) { return deviation.key.find(' ') != std::string::npos; }

// Canonical ones, made once for each row: a campaign asks a table of thousands about every divergence.
static const std::vector<std::string>& KnownKeysOf(const Deviation& deviation) {
  thread_local std::unordered_map<std::string, std::vector<std::string>> made;
  const auto [found, is_new] = made.try_emplace(deviation.key);
  if (!is_new) return found->second;
  for (const std::string& key : KeysOf(deviation)) found->second.push_back(CanonicalKey(key));
  return found->second;
}

bool SpeaksOf(const Deviation& deviation, std::string_view key) {
  // Row after row is asked about one key.
  thread_local std::string last, asked;
  if (last != key) {
    last = key;
    asked = CanonicalKey(key);
  }
  return std::ranges::any_of(KnownKeysOf(deviation), [&](const std::string& known) {
    return known.find('*') == std::string::npos ? known == asked : fnmatch(known.c_str(), asked.c_str(), 0) == 0;
  });
}

bool Explains(const Deviation& deviation, const Shown& shown) {
  if (!SpeaksOf(deviation, shown.key)) return false;
  const Parts parts = PartsOf(deviation.key);
  if (shown.calls.empty()) return parts.when.empty() && parts.after.empty();
  const auto reads = [&](std::string_view pattern) {
    return [&, pattern](const std::string& call) {
      if (shown.sockets.empty()) return Reads(call, pattern, "");
      return std::ranges::any_of(shown.sockets, [&](const std::string& socket) { return Reads(call, pattern, socket); });
    };
  };
  const std::span<const std::string> earlier(shown.calls.data(), shown.calls.size() - 1);
  return std::ranges::all_of(parts.when, [&](std::string_view pattern) { return reads(pattern)(shown.calls.back()); }) &&
         std::ranges::all_of(parts.after, [&](std::string_view pattern) { return std::ranges::any_of(earlier, reads(pattern)); });
}

namespace {

// The handles of one socket after these calls, whichever dup() made of which.
std::vector<uint8_t> NamesOf(uint8_t handle, std::span<const Call> calls) {
  std::vector<uint8_t> names = {handle};
  const auto has = [&](uint8_t name) { return std::ranges::find(names, name) != names.end(); };
  for (size_t before = 0; before != names.size();) {
    before = names.size();
    for (const Call& call : calls) {
      const bool second = call.op == Op::kDup2 || call.op == Op::kDup3;
      if (!second && call.op != Op::kDup && call.op != Op::kFcntl) continue;
      const uint8_t made = second ? call.fd2.code : call.made;
      if (made >= kMaxHandles || !call.fd.IsHandle() || has(made) == has(call.fd.code)) continue;
      names.push_back(has(made) ? call.fd.code : made);
    }
  }
  return names;
}

}  // namespace

Shown ShownBy(std::string_view key, const Program& program, std::span<const Reply> replies, int index) {
  Shown shown{.key = std::string(key)};
  for (size_t i = 0; i < static_cast<size_t>(index); ++i) {
    shown.calls.push_back(fmt::format("{} = {}", PrintCall(program.calls[i]), PrintReply(program.calls[i], replies[i])));
  }
  const Call& last = program.calls[static_cast<size_t>(index)];
  shown.calls.push_back(PrintCall(last));
  if (!TakesDescriptor(last.op) || !last.fd.IsHandle()) return shown;
  for (const uint8_t handle : NamesOf(last.fd.code, {program.calls.data(), static_cast<size_t>(index)})) {
    shown.sockets.push_back(fmt::format("s{}", handle));
  }
  return shown;
}

Shown ShownBy(std::string_view key, const Transcript& transcript, int index) {
  std::vector<Reply> replies;
  for (const Said& said : transcript.said) replies.push_back(said.reply.value_or(Reply{}));
  replies.resize(transcript.program.calls.size());
  return ShownBy(key, transcript.program, replies, index);
}

bool IsKnown(const std::vector<Deviation>& rows, const Shown& shown) {
  const std::string today = Today();
  return std::any_of(rows.begin(), rows.end(),
                     [&](const Deviation& row) { return Explains(row, shown) && !Expired(row, today); });
}

bool IsKnownByCondition(const std::vector<Deviation>& rows, const Shown& shown) {
  return IsKnown(rows, shown) && !IsKnown(rows, {.key = shown.key});
}

const Deviation* FindDeviation(const Deviations& deviations, std::string_view kernel_family,
                               std::string_view release, std::string_view profile_name, const Shown& shown) {
  // One that has expired only where none holds still.
  const std::string today = Today();
  const Deviation* expired = nullptr;
  for (const Deviation& deviation : deviations.rows) {
    if (!Applies(deviation, kernel_family, release, profile_name) || !Explains(deviation, shown)) continue;
    if (!Expired(deviation, today)) return &deviation;
    if (expired == nullptr) expired = &deviation;
  }
  return expired;
}

Unmet WhyUnmet(const Deviation& row, const std::vector<AskedProgram>& programs, const std::set<const Deviation*>& met) {
  Unmet why = Unmet::kNotAsked;
  for (const AskedProgram& program : programs) {
    const bool asks = NamesFile(row.link, program.file) ||
                      std::ranges::any_of(program.keys, [&](const std::string& key) { return Explains(row, {.key = key}); });
    if (asks && program.judged) why = Unmet::kHappensNoLonger;
    if (asks && why == Unmet::kNotAsked) why = Unmet::kNotJudged;
  }
  const bool same_cause = why == Unmet::kHappensNoLonger && !row.link.empty() &&
                          std::ranges::any_of(met, [&](const Deviation* other) { return other->link == row.link; });
  return same_cause ? Unmet::kSameCause : why;
}

std::string CanonicalKey(std::string_view key) {
  // ".older_id." and ".id.", found once: a table with braces asks for thousands of keys.
  static const std::vector<std::pair<std::string, std::string>> kOlder = [] {
    std::vector<std::pair<std::string, std::string>> older;
    for (const Clause* clause : AllClauses()) {
      for (const std::string_view alias : OlderIds(*clause)) {
        older.emplace_back(fmt::format(".{}.", alias), fmt::format(".{}.", clause->id));
      }
    }
    return older;
  }();
  std::string canonical(key);
  for (const auto& [old, id] : kOlder) {
    if (const size_t at = canonical.find(old); at != std::string::npos) canonical.replace(at, old.size(), id);
  }
  return canonical;
}

}  // namespace sockspec
