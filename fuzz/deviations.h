// Deviations: divergences of a named kernel that are understood and written down. A known deviation
// does not fail a run; one that stops happening does.
//
// A file of them is a table, one a line, columns parted by `|`:
//
//     # kernel | version   | profile | key                               | reason | link | expires
//     linux    | 6.1..6.18 | posix   | linux.listen.stream.….value.0     | …      | …    | 2027-06-30
//
// `{a,b}` in the key stands for a or b: `lwip.{recv,read}.stream.{inet,inet6}.recv.not_connected.errno.EAGAIN` is four
// keys, where one mistake shows in several calls. A `*` stands for anything, and for more than anybody has looked at.
// Behind the key there may be conditions, all of which are to hold, so that a row with a `*` stands for one mistake only:
//
//     lwip.*.errno.EINVAL when recv*(*, 0x80000000)   the call that diverged reads so
//     lwip.*.stream.* after connect(sN, *) = -1 *     an earlier call reads so: `sN` is the diverging call's socket,
//                                                    by any name that dup() gave it
//
// They are patterns of a call as programs write it, an earlier one with ` = ` and its reply or without. `*` is anything, `?` any one
// character (a `|`, for instance), `{a,b}` a or b.
// `version` is a number, compared as far as it is written ("6.18" is 6.18.44, and not 6.1 or 6.180), a range of
// them with both ends ("6.1..6.18", "..5.15", "6.6.."), or a glob over the kernel's release ("6.1*", "*"). `link` and
// `expires` may be left out; from the day after `expires` on the row explains nothing. A line that
// starts with `#` is a comment.
#ifndef SOCKSPEC_FUZZ_DEVIATIONS_H_
#define SOCKSPEC_FUZZ_DEVIATIONS_H_

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/program/program.h"
#include "model/program/reply.h"
#include "model/program/text.h"
#include "sut/kernel.h"

namespace sockspec {

struct Deviation {
  std::string kernel;   // its family: "linux"
  std::string version;  // "6.18", a range "6.1..6.18", or a glob over the release's number "6.1*"
  std::string profile;  // "posix", "linux" (any version of it) or "linux-6.1"
  std::string key;      // with its conditions
  std::string reason;
  std::string link;     // may be empty
  std::string expires;  // the last day on which it holds, "2027-06-30"; empty: it does not expire
  int line = 0;      // in its file, from 1
  friend bool operator==(const Deviation&, const Deviation&) = default;
};

inline constexpr std::string_view kDeviationColumns = "kernel | version | profile | key | reason | link | expires";

struct Deviations {
  std::string file;  // as the caller named it
  std::vector<Deviation> rows;
};

struct ParsedDeviations {
  Deviations deviations;
  std::string problem;  // not empty: "a.deviations:3:28: found 4 columns, expected 5 to 7 …"
};

ParsedDeviations ParseDeviations(std::string_view text, std::string_view file_name);

// The row as ParseDeviations() reads it, with its end of line.
std::string DeviationLine(const Deviation& deviation);

// `table`, the text of a file, with `row` in it: in place of `expired`, a row of the file, where there is one, else behind
// `after`, another one, else at the end. All other lines stay as they are.
std::string WithDeviation(std::string_view table, const Deviation& row, const Deviation* expired,
                          const Deviation* after = nullptr);

// Whether this row speaks of this kernel and profile. `release` as Kernel::release() gives it.
bool Applies(const Deviation& deviation, std::string_view kernel_family, std::string_view release,
             std::string_view profile_name);

// A divergence, as the rows of a table are asked about it.
struct Shown {
  std::string key;
  // The program's calls up to the one that diverged, each with its reply, "listen(s0, 1) = 0", but for the last one. Empty:
  // they are not known, and no condition holds.
  std::vector<std::string> calls;
  std::vector<std::string> sockets;  // what the last one's socket is called, "s0", and "s1" where dup() made that of it
};
// By call `index`. `replies` are those of the calls before it, at least.
Shown ShownBy(std::string_view key, const Program& program, std::span<const Reply> replies, int index);
Shown ShownBy(std::string_view key, const Transcript& transcript, int index);

// The keys that the row's is short for, one for each choice between its braces; where there is a `*`, it stands in them.
std::vector<std::string> KeysOf(const Deviation& deviation);

bool HasCondition(const Deviation& deviation);

// Whether the row is about `key`, where its conditions hold. A clause's older id (Clause::alias) in either stands for
// the clause.
bool SpeaksOf(const Deviation& deviation, std::string_view key);

// Whether the row explains the divergence: it speaks of its key, and its conditions hold.
bool Explains(const Deviation& deviation, const Shown& shown);

// Whether the row held for the last time before `today`, a date such as "2026-03-01".
bool Expired(const Deviation& deviation, std::string_view today);

// The date in UTC.
std::string Today();

// Whether one of `rows`, all of which apply to the kernel at hand, explains the divergence, and has not expired.
bool IsKnown(const std::vector<Deviation>& rows, const Shown& shown);

// The same, where no row without a condition does: of another divergence with this key it says nothing.
bool IsKnownByCondition(const std::vector<Deviation>& rows, const Shown& shown);

// The row that explains the divergence there, expired or not; nullptr where none does.
const Deviation* FindDeviation(const Deviations& deviations, std::string_view kernel_family,
                               std::string_view release, std::string_view profile_name, const Shown& shown);

struct AskedProgram {
  std::string file;
  std::vector<std::string> keys;  // its comments: what the files of a finding say of themselves
  bool judged = true;             // to its end, and it does not diverge in a way that nobody knows
};

// Why a row that speaks of the kernel and profile at hand was not met where `programs` ran. A program is about a row by
// a comment that is a key of the row's, where that has no condition, or where the row's link names its file.
enum class Unmet {
  kHappensNoLonger,  // a program is about it: the row was to be met, and is to leave the table
  kSameCause,        // a program is about it, and another row with the same link was met
  kNotJudged,        // programs are about it, none of which was judged
  kNotAsked,         // no program is about it
};
Unmet WhyUnmet(const Deviation& row, const std::vector<AskedProgram>& programs, const std::set<const Deviation*>& met);

// A key with a clause's older id replaced by the one it has now.
std::string CanonicalKey(std::string_view key);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_DEVIATIONS_H_
