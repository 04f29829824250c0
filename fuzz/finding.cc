#include "fuzz/finding.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <system_error>
#include <utility>

#include "fmt/format.h"
#include "fuzz/ask_again.h"
#include "fuzz/report.h"
#include "model/program/c.h"
#include "model/program/declarations.h"
#include "model/program/text.h"
#include "nlohmann/json.hpp"
#include "sut/preload.h"

namespace sockspec {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;                             // of finding.json
constexpr std::string_view kUnfinished = ".storing-";  // how a directory being written is named

constexpr struct {
  FindingClass kind;
  std::string_view name;
} kClasses[] = {{FindingClass::kConfirmed, "confirmed"},
                {FindingClass::kUnstable, "unstable"},
                {FindingClass::kContaminated, "contaminated"}};

constexpr struct {
  Differs differs;
  std::string_view name;
} kDiffers[] = {{Differs::kErrno, "errno"},
                {Differs::kValue, "value"},
                {Differs::kEffect, "effect"},
                {Differs::kBlocks, "blocks"}};

// ----------------------------------------------------------------------------------------------
// Storing

Trouble Cannot(std::string_view what, const std::string& path) {
  return {fmt::format("cannot {} {}: {}", what, path, strerror(errno))};
}

// A descriptor that closes itself.
class Open {
 public:
  Open(const std::string& path, int flags) : fd_(open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  ~Open() {
    if (fd_ >= 0) close(fd_);
  }
  Open(const Open&) = delete;
  Open& operator=(const Open&) = delete;
  bool ok() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  int Close() { return close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

Trouble WriteFile(const std::string& path, std::string_view contents) {
  Open file(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file.ok()) return Cannot("create", path);
  while (!contents.empty()) {
    const ssize_t n = write(file.fd(), contents.data(), contents.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Cannot("write", path);
    contents.remove_prefix(static_cast<size_t>(n));
  }
  if (fsync(file.fd()) != 0) return Cannot("sync", path);
  if (file.Close() != 0) return Cannot("close", path);
  return {};
}

Trouble SyncDirectory(const std::string& path) {
  Open directory(path, O_RDONLY | O_DIRECTORY);
  if (!directory.ok()) return Cannot("open", path);
  if (fsync(directory.fd()) != 0) return Cannot("sync", path);
  return {};
}

Json RateToJson(const Rate& rate) { return {{"hits", rate.hits}, {"runs", rate.runs}}; }

Json ToJson(const Finding& f) {
  Json allowed = Json::array();
  for (const AllowedText& a : f.allowed) {
    allowed.push_back({{"reply", a.reply}, {"clause", a.clause}, {"note", a.note}});
  }
  Json before = Json::array();
  for (const Program& program : f.before) before.push_back(PrintText(program));
  const Call& call = f.transcript.program.calls[f.index];
  const Said& said = f.transcript.said[f.index];
  std::string_view differs;
  for (const auto& row : kDiffers) {
    if (row.differs == f.differs) differs = row.name;
  }
  Json json = {{"format", kFormat},
          {"key", f.key},
          {"class", FindingClassName(f.kind)},
          {"verdict", VerdictWords(f)},
          {"kernel", f.kernel},
          {"release", f.release},
          {"mutant", f.mutant},
          {"profile", f.profile},
          {"verified", f.verified},
          {"call", PrintCall(call)},
          {"call_number", f.index + 1},
          {"came_back", said.reply ? PrintReply(call, *said.reply) : ""},
          {"differs", differs},
          {"expected_clause", f.expected_clause},
          {"expected", f.expects_reply ? PrintReply(call, f.expected) : ""},
          {"allowed", allowed},
          {"quiet", RateToJson(f.quiet)},
          {"disturbed", RateToJson(f.disturbed)},
          {"what_varied", f.what_varied},
          {"seed", f.seed == 0 ? Json() : Json(fmt::format("{:#x}", f.seed))},
          {"first_seen", f.first_seen},
          {"last_seen", f.last_seen},
          {"seen", f.seen},
          {"state", f.state},
          {"program", PrintText(ExpectedTranscript(f))},
          {"transcript", PrintText(f.transcript)},
          {"original", PrintText(f.original)},
          {"before", before}};
  if (!f.option.empty()) json["option"] = f.option;
  if (!f.made_of.empty()) json["made_of"] = f.made_of;
  return json;
}

// What is allowed beside the reply that is expected.
std::vector<Reply> OtherReplies(const Finding& finding) {
  std::vector<Reply> others;
  const std::vector<Call>& calls = finding.transcript.program.calls;
  for (size_t n = 1; n < finding.allowed.size(); ++n) {
    std::string text;
    for (size_t i = 0; i < calls.size(); ++i) {
      const bool here = static_cast<int>(i) == finding.index;
      text += PrintCall(calls[i]) + (here ? " = " + finding.allowed[n].reply : "") + "\n";
    }
    const ParsedText parsed = ParseText(text, "");
    if (!parsed.ok() || parsed.transcript.program.calls != calls) continue;
    const std::optional<Reply>& reply = parsed.transcript.said[static_cast<size_t>(finding.index)].reply;
    if (reply) others.push_back(*reply);
  }
  return others;
}

CHeader CHeaderOf(const Finding& finding, const Transcript& transcript) {
  CHeader header{.title = {Headline(finding)}, .asked = finding.index};
  const AskAgain again = AskAgainOf(finding);
  if (again.reached != Reached::kHere) {
    header.title.push_back("on " + KernelWords(finding) + ". Run as below it asks the kernel of this machine; " +
                           (again.c.empty() ? "that one is asked by: " + again.sockspec : "to ask that one: " + again.c));
  }
  header.also_right = OtherReplies(finding);
  // Replies say everything, but for values that the kernel may choose (MakeFinding).
  header.complete = true;
  for (size_t i = 0; i < transcript.said.size(); ++i) {
    const Call& call = transcript.program.calls[i];
    const std::optional<Reply>& reply = transcript.said[i].reply;
    if (call.op == Op::kGetsockopt && reply && reply->error == 0 && !(reply->wrote & kWroteValue)) {
      header.complete = false;
    }
  }
  return header;
}

std::string ReproC(const Finding& finding) {
  const Transcript transcript = ExpectedTranscript(finding);
  return EmitC(transcript, CHeaderOf(finding, transcript));
}

// "linux.accept.stream.inet.accept.aborted.value.0": "Accept", "StreamInetAcceptAbortedValue0".
GtestName GtestNameOf(const Finding& finding) {
  GtestName name;
  bool begins = true;
  int part = 0;
  for (const char c : finding.key) {
    if (c == '.') ++part;
    if (!isalnum(static_cast<unsigned char>(c))) {
      begins = true;
      continue;
    }
    const char letter = begins ? static_cast<char>(toupper(c)) : c;
    begins = false;
    if (part == 1) name.suite += letter;
    if (part > 1) name.test += letter;
  }
  return name;
}

Trouble WriteAll(const std::string& directory, const Finding& finding) {
  const std::pair<const char*, std::string> files[] = {
      {"finding.program", FindingProgram(finding)},
      {"repro.c", ReproC(finding)},
      {"report.txt", Report(finding)},
      {"finding.json", FindingJson(finding)},
  };
  for (const auto& [name, contents] : files) {
    if (Trouble trouble = WriteFile(directory + "/" + name, contents); trouble.any()) {
      return trouble;
    }
  }
  return SyncDirectory(directory);
}

// Directories that a killed process left half written. One that is being written lives for
// milliseconds.
void RemoveLeftovers(const std::string& directory) {
  std::error_code ignored;
  const auto now = std::filesystem::file_time_type::clock::now();
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
    if (!entry.path().filename().string().starts_with(kUnfinished)) continue;
    std::error_code error;
    const auto age = now - entry.last_write_time(error);
    if (!error && age > std::chrono::hours(1)) std::filesystem::remove_all(entry.path(), error);
  }
}

bool NamesADirectory(std::string_view key) {
  return !key.empty() && key.size() <= 200 && key[0] != '.' &&
         key.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
             std::string_view::npos;
}

// What the text form takes for a clause's id; none is one, too.
bool LooksLikeAClause(std::string_view id) {
  return !id.starts_with('.') &&
         id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._") == std::string_view::npos;
}

// Replaces finding.json in `path`.
Trouble Rewrite(const std::string& path, const Finding& stored) {
  const std::string fresh = path + "/.finding.json";
  Trouble trouble = WriteFile(fresh, FindingJson(stored));
  if (!trouble.any() && rename(fresh.c_str(), (path + "/finding.json").c_str()) != 0) {
    trouble = Cannot("rename", fresh);
  }
  if (trouble.any()) unlink(fresh.c_str());
  return trouble;
}

// Brings the counts of a finding up to date that is stored in `path`.
Trouble CountAgain(const std::string& path, Finding stored, const Finding& again) {
  stored.seen += again.seen;
  stored.last_seen = std::max({stored.last_seen, again.last_seen, TimeNow()});
  if (stored.state == "fixed") stored.state = "still there";
  return Rewrite(path, stored);
}

// ----------------------------------------------------------------------------------------------
// Loading

struct Position {
  int line = 1;
  int column = 1;
};

Position PositionOf(std::string_view text, size_t offset) {
  Position position;
  for (const char c : text.substr(0, std::min(offset, text.size()))) {
    ++position.column;
    if (c == '\n') position = {position.line + 1, 1};
  }
  return position;
}

// Reads the fields of a finding.json; the first one that is not as expected is named in `problem`.
class Fields {
 public:
  Fields(const Json& json, std::string_view text, std::string file)
      : json_(json), text_(text), file_(std::move(file)) {}

  void Get(const char* name, std::string& to) {
    if (const Json* value = Find(name, Json::value_t::string, "a string")) to = *value;
  }
  void Get(const char* name, bool& to) {
    if (const Json* value = Find(name, Json::value_t::boolean, "true or false")) to = *value;
  }
  void Get(const char* name, uint64_t& to) {
    if (const Json* value = Find(name, Json::value_t::number_unsigned, "a number")) to = *value;
  }
  void Get(const char* name, int& to) {
    uint64_t number = 0;
    Get(name, number);
    if (number > 1'000'000'000) {
      Bad(name, "a number below a billion");
    } else {
      to = static_cast<int>(number);
    }
  }
  void Get(const char* name, Rate& to) {
    if (const Json* value = Find(name, Json::value_t::object, "{\"hits\": …, \"runs\": …}")) {
      Fields inner(*value, text_, file_);
      inner.Get("hits", to.hits);
      inner.Get("runs", to.runs);
      if (problem.empty()) problem = inner.problem;
    }
  }
  // What older files do not have.
  void GetOptional(const char* name, std::string& to) {
    if (json_.contains(name)) Get(name, to);
  }
  const Json* Array(const char* name) { return Find(name, Json::value_t::array, "a list"); }
  Transcript Read(const char* name) {
    std::string text;
    Get(name, text);
    return Parse(name, text);
  }
  Transcript Parse(const char* name, const std::string& text) {
    if (!problem.empty()) return {};
    ParsedText parsed = ParseText(text, fmt::format("{}, the program in \"{}\"", file_, name));
    if (!parsed.ok()) problem = parsed.problem.Message();
    return std::move(parsed.transcript);
  }
  void Bad(const char* name, std::string_view expected) {
    if (!problem.empty()) return;
    const size_t at = text_.find(fmt::format("\"{}\"", name));
    const Position position = PositionOf(text_, at == std::string_view::npos ? 0 : at);
    problem = fmt::format("{}:{}:{}: expected {} in \"{}\"", file_, position.line, position.column,
                          expected, name);
  }

  std::string problem;

 private:
  const Json* Find(const char* name, Json::value_t type, std::string_view expected) {
    if (!problem.empty()) return nullptr;
    const auto found = json_.find(name);
    if (found != json_.end() && found->type() == type) return &*found;
    Bad(name, expected);
    return nullptr;
  }

  const Json& json_;
  std::string_view text_;
  std::string file_;
};

std::string ReadJson(const Json& json, std::string_view text, const std::string& file, Finding& f) {
  if (!json.is_object()) return file + ":1:1: expected an object, {\"format\": 1, …}";
  Fields fields(json, text, file);
  int format = 0;
  fields.Get("format", format);
  if (fields.problem.empty() && format != kFormat) {
    fields.Bad("format", fmt::format("{}, the only format this sockspec reads", kFormat));
  }
  std::string kind, differs, seed, came_back;
  int number = 0;
  fields.Get("key", f.key);
  fields.Get("class", kind);
  fields.Get("kernel", f.kernel);
  fields.Get("release", f.release);
  fields.Get("mutant", f.mutant);
  if (json.contains("option")) fields.Get("option", f.option);
  fields.Get("profile", f.profile);
  fields.Get("verified", f.verified);
  fields.Get("call_number", number);
  fields.Get("differs", differs);
  fields.Get("expected_clause", f.expected_clause);
  fields.Get("quiet", f.quiet);
  fields.Get("disturbed", f.disturbed);
  fields.Get("what_varied", f.what_varied);
  // Older ones have "0x0" where no seed gives it again.
  if (!json.contains("seed") || !json["seed"].is_null()) fields.Get("seed", seed);
  fields.GetOptional("made_of", f.made_of);
  fields.Get("first_seen", f.first_seen);
  fields.Get("last_seen", f.last_seen);
  fields.Get("seen", f.seen);
  fields.GetOptional("state", f.state);
  if (!NamesADirectory(f.key)) fields.Bad("key", "letters, digits, `.`, `_` and `-`, at most 200 of them,");
  if (f.made_of.size() > 100 || !std::ranges::all_of(f.made_of, [](unsigned char c) { return isalnum(c) || c == ' '; })) {
    fields.Bad("made_of", "a few words of letters,");
  }
  if (!LooksLikeAClause(f.expected_clause)) {
    fields.Bad("expected_clause", "a clause's id: lower case letters, digits, `.` and `_`,");
  }
  f.transcript = fields.Read("transcript");
  f.original = fields.Read("original").program;
  const Transcript expected = fields.Read("program");
  if (const Json* before = fields.Array("before")) {
    for (const Json& program : *before) {
      if (!program.is_string()) {
        fields.Bad("before", "a list of strings");
        break;
      }
      f.before.push_back(fields.Parse("before", program.get<std::string>()).program);
    }
  }
  if (const Json* allowed = fields.Array("allowed")) {
    for (const Json& one : *allowed) {
      if (!one.is_object()) {
        fields.Bad("allowed", "a list of {\"reply\": …, \"clause\": …, \"note\": …}");
        break;
      }
      Fields inner(one, text, file);
      AllowedText& a = f.allowed.emplace_back();
      inner.Get("reply", a.reply);
      inner.Get("clause", a.clause);
      inner.Get("note", a.note);
      if (fields.problem.empty()) fields.problem = inner.problem;
    }
  }

  if (f.state != "found" && f.state != "still there" && f.state != "fixed") {
    fields.Bad("state", "found, still there or fixed");
  }
  const auto a_class = std::ranges::find(kClasses, kind, [](const auto& row) { return row.name; });
  if (a_class == std::end(kClasses)) {
    fields.Bad("class", "confirmed, unstable or contaminated");
  } else {
    f.kind = a_class->kind;
  }
  const auto a_part =
      std::ranges::find(kDiffers, differs, [](const auto& row) { return row.name; });
  if (a_part == std::end(kDiffers)) {
    fields.Bad("differs", "errno, value, effect or blocks");
  } else {
    f.differs = a_part->differs;
  }
  char* end = nullptr;
  f.seed = strtoull(seed.c_str(), &end, 0);
  if (*end != '\0') fields.Bad("seed", "a number such as \"0x2f81\", or null");
  const int calls = static_cast<int>(f.transcript.program.calls.size());
  if (number < 1 || number > calls) {
    fields.Bad("call_number", fmt::format("1 to {}, the calls of \"transcript\"", calls));
    return fields.problem;
  }
  f.index = number - 1;
  // That the first half of a call blocks is said by nothing at all.
  const auto reply_in = [&](const Transcript& transcript) {
    const std::optional<Reply>& reply = transcript.said[f.index].reply;
    const bool blocks = !reply && transcript.program.calls[f.index].part == Part::kUnfinished;
    return blocks ? std::optional(Reply{.error = EINTR, .blocked = true}) : reply;
  };
  f.transcript.said[f.index].reply = reply_in(f.transcript);
  if (!f.transcript.said[f.index].reply) {
    fields.Bad("transcript", fmt::format("a reply on call {}", number));
  }
  if (expected.program != f.transcript.program) {
    fields.Bad("program", "the calls of \"transcript\"");
  } else if (const std::optional<Reply> reply = reply_in(expected)) {
    f.expects_reply = true;
    f.expected = *reply;
  }
  return fields.problem;
}

}  // namespace

std::string_view FindingClassName(FindingClass c) {
  return std::ranges::find(kClasses, c, [](const auto& row) { return row.kind; })->name;
}

// ----------------------------------------------------------------------------------------------
// Making

bool Agrees(const Call& call, const Reply& said, const Reply& actual) {
  if (said.blocked != actual.blocked) return false;
  if ((said.wrote & kBlocksOnly) != 0) return true;
  if (said.error != actual.error) return false;
  // A descriptor is known by its handle, which its call names; its number says nothing.
  if (said.error == 0 && !DeclarationOf(call.op).names_value(call) && said.value != actual.value)
    return false;
  if ((said.wrote & ~actual.wrote) != 0) return false;
  const auto says = [&](Wrote bit) { return (said.wrote & bit) != 0; };
  if (says(kWroteAddress) &&
      (said.address_size != actual.address_size || said.host != actual.host ||
       said.port != actual.port || said.name != actual.name || said.family != actual.family)) {
    return false;
  }
  if (says(kWroteAddressLength) && said.address_length != actual.address_length) return false;
  if (says(kWroteValue) && (said.option != actual.option || said.seconds != actual.seconds)) {
    return false;
  }
  if (says(kWroteLength) && said.option_length != actual.option_length) return false;
  if (says(kWroteData) &&
      (said.data.size != actual.data.size || said.data.garbled != actual.data.garbled ||
       (said.data.size != 0 &&
        said.data.start % kPatternPeriod != actual.data.start % kPatternPeriod))) {
    return false;
  }
  if (says(kWroteFlags) && said.flags != actual.flags) return false;
  if (says(kWroteReady) &&
      !std::ranges::equal(said.ready, actual.ready)) {
    return false;
  }
  return !says(kWroteEvents) || said.events == actual.events;
}

Verdict Follow(Oracle& oracle, const Call& call, const Reply& reply, std::string_view clause) {
  const Clause* wanted = clause.empty() ? nullptr : FindClause(clause);
  const std::vector<Allowed> allowed = oracle.Ask(call);
  if (allowed.empty()) return oracle.Step(call, reply);
  for (const Allowed& a : allowed) {
    if (wanted != nullptr && a.clause != wanted) continue;
    if (a.reply.blocked != reply.blocked) continue;
    Reply whole = a.reply;
    if ((reply.wrote & kBlocksOnly) != 0) return oracle.Step(call, whole);
    if (a.reply.error != reply.error) continue;
    if (!DeclarationOf(call.op).names_value(call)) whole.value = reply.value;
    whole.wrote |= reply.wrote;
    if (reply.wrote & kWroteAddress) {
      whole.host = reply.host;
      whole.port = reply.port;
      whole.name = reply.name;
      whole.address_size = reply.address_size;
      whole.family = reply.family;
    }
    if (reply.wrote & kWroteAddressLength) whole.address_length = reply.address_length;
    if (reply.wrote & kWroteValue) {
      whole.option = reply.option;
      whole.seconds = reply.seconds;
    }
    if (reply.wrote & kWroteLength) whole.option_length = reply.option_length;
    if (reply.wrote & kWroteData) whole.data = reply.data;
    if (reply.wrote & kWroteEvents) whole.events = reply.events;
    if (reply.wrote & kWroteFlags) whole.flags = reply.flags;
    if (reply.wrote & kWroteReady) std::ranges::copy(reply.ready, whole.ready);
    // Where nothing is ready, nothing is told.
    if (reply.error == 0 && reply.value == 0) {
      whole.wrote &= ~(kWroteEvents | kWroteReady);
      whole.events = 0;
    }
    const Verdict verdict = oracle.Step(call, whole);
    if (verdict != Verdict::kDiverges) return verdict;
  }
  return Verdict::kDiverges;
}

Finding MakeFinding(const Program& minimal, const Run& run, const Divergence& divergence,
                    const Profile& profile, const Kernel& kernel) {
  Finding finding;
  finding.key = divergence.key;
  finding.index = divergence.index;
  finding.differs = divergence.differs;
  if (divergence.expected != nullptr) finding.expected_clause = divergence.expected->id;
  const Call& call = minimal.calls[divergence.index];
  for (const Allowed& a : divergence.allowed) {
    finding.allowed.push_back(
        {.reply = PrintReply(call, a.reply), .clause = std::string(a.clause->id), .note = a.note});
  }
  if (!divergence.allowed.empty()) {
    finding.expects_reply = true;
    finding.expected = divergence.allowed[0].reply;
  }
  finding.kernel = kernel.family();
  if (kernel.option() != kernel.family()) finding.option = kernel.option();
  finding.release = kernel.release();
  finding.profile = profile.name();
  finding.verified = profile.verified;
  finding.first_seen = finding.last_seen = TimeNow();
  finding.transcript.program = minimal;
  finding.transcript.said.resize(minimal.calls.size());
  for (size_t i = 0; i < run.replies.size() && i < minimal.calls.size(); ++i) {
    finding.transcript.said[i].reply = run.replies[i];
    if (i < run.seen.size() && run.seen[i].clause != nullptr) {
      finding.transcript.said[i].clause = run.seen[i].clause->id;
    }
  }
  // A value that the kernel may choose is not written down: another kernel chooses another one.
  Oracle oracle(profile);
  oracle.Reset(minimal.env);
  for (int i = 0; i < divergence.index; ++i) {
    for (const Allowed& a : oracle.Ask(minimal.calls[i])) {
      if (a.open && finding.transcript.said[i].clause == a.clause->id) {
        finding.transcript.said[i].reply->wrote &= ~kWroteValue;
      }
    }
    if (oracle.Step(minimal.calls[i], run.replies[i]) == Verdict::kDiverges &&
        !oracle.Resynchronise(minimal.calls[i], run.replies[i])) {
      break;
    }
  }
  return finding;
}

std::string OriginWords(uint64_t seed, std::string_view made_of) {
  if (seed != 0) return fmt::format("seed {:#x}", seed);
  return made_of.empty() ? "" : fmt::format("made of {}", made_of);
}

Transcript ExpectedTranscript(const Finding& finding) {
  Transcript transcript = finding.transcript;
  transcript.comments = {
      finding.key,
      fmt::format(
          "{} {}; held to {}{}", KernelWords(finding), VerdictWords(finding), finding.profile,
          finding.quiet.runs == 0 ? "" : fmt::format(", {}", FindingClassName(finding.kind))),
      fmt::format("minimized from {} to {} calls{}", finding.original.calls.size(),
                  transcript.program.calls.size(),
                  finding.seed == 0 && finding.made_of.empty() ? "" : ", " + OriginWords(finding.seed, finding.made_of))};
  Said& said = transcript.said[finding.index];
  said.reply.reset();
  if (finding.expects_reply) said.reply = finding.expected;
  said.clause = finding.expected_clause;
  // What came after the divergence came from a world that the specification would not be in.
  for (size_t i = finding.index + 1; i < transcript.said.size(); ++i) transcript.said[i] = {};
  return transcript;
}

// As text, with `words` under the call that diverges.
static std::string TextWithWords(const Transcript& transcript, int index, std::string_view words) {
  std::istringstream lines(PrintText(transcript));
  std::string text;
  int calls = 0;
  for (std::string line; std::getline(lines, line);) {
    text += line + "\n";
    if (line.empty() || line[0] == '#' || line.starts_with("env:")) continue;
    if (calls++ == index) text += words;
  }
  return text;
}

static std::string CameBack(const Finding& finding) {
  return PrintReply(finding.transcript.program.calls[finding.index], *finding.transcript.said[finding.index].reply);
}

std::string FindingProgram(const Finding& finding) {
  std::string words = "# came back: " + CameBack(finding) + "\n";
  for (size_t i = 1; i < finding.allowed.size(); ++i) {
    words += fmt::format("# allowed too: {} ({})\n", finding.allowed[i].reply, finding.allowed[i].clause);
  }
  return TextWithWords(ExpectedTranscript(finding), finding.index, words);
}

std::string ExampleProgram(const Finding& finding, std::string_view reason) {
  Transcript transcript = ExpectedTranscript(finding);
  transcript.comments = {std::string(reason)};
  return TextWithWords(transcript, finding.index,
                       fmt::format("# {} came back with: {}\n", KernelWords(finding), CameBack(finding)));
}

std::string FindingJson(const Finding& finding) {
  // Texts here are ours and ASCII; what is not is replaced rather than thrown about.
  return ToJson(finding).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string VerdictWords(const Finding& finding) {
  if (finding.profile == "posix") return "breaks POSIX";
  std::string words = "differs from " + finding.profile;
  if (constexpr std::string_view kName = "linux-"; finding.profile.starts_with(kName)) {
    words = "differs from Linux " + finding.profile.substr(kName.size());
  }
  if (!finding.verified) words += " (unverified)";
  return words;
}

std::string KernelWords(const Finding& finding) {
  if (!finding.option.starts_with(kPreloadPrefix)) return finding.release;
  // The file alone: where it lies, the command that asks again says.
  const std::string_view library = std::string_view(finding.option).substr(kPreloadPrefix.size());
  return fmt::format("{} with {} preloaded", finding.release, library.substr(library.rfind('/') + 1));
}

std::string GtestOf(const Finding& finding) {
  const Transcript transcript = ExpectedTranscript(finding);
  return EmitGtest(transcript, CHeaderOf(finding, transcript), GtestNameOf(finding));
}

PacketdrillScript PacketdrillOf(const Finding& finding) {
  Transcript transcript = ExpectedTranscript(finding);
  const Call& call = transcript.program.calls[finding.index];
  if (finding.differs == Differs::kEffect && call.op != Op::kPoll && call.op != Op::kGetsockopt) {
    return {.script = "",
            .problem = PrintCall(call) + ": what differs is written beside its value, and packetdrill does not compare that"};
  }
  // Nothing is expected of what comes after it.
  transcript.program.calls.resize(finding.index + 1);
  transcript.said.resize(finding.index + 1);
  return EmitPacketdrill(transcript, {Headline(finding), finding.key,
                                      "NOT RUN by who wrote it: made from what packetdrill documents, and held against its grammar. Where it",
                                      "stops at anything but the last line's reply, this script is wrong, and not the kernel."});
}

namespace {

// RENAME_EXCHANGE in three steps, where a file system (gVisor's) has none: in between, the old one stands under
// another name.
bool ChangePlaces(const std::string& one, const std::string& other) {
  const std::string between = one + ".old";
  return rename(other.c_str(), between.c_str()) == 0 && rename(one.c_str(), other.c_str()) == 0 &&
         rename(between.c_str(), one.c_str()) == 0;
}

}  // namespace

std::string TimeNow() {
  const time_t now = time(nullptr);
  tm parts;
  gmtime_r(&now, &parts);
  char text[32];
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

namespace {

// `raced`: somebody stored the same key meanwhile, whom the lock does not hold up.
StoreResult StoreOnce(const std::string& directory, const Finding& finding, bool instead, bool* raced) {
  StoreResult result;
  const std::string base = directory.empty() ? "." : directory;
  result.path = base + "/" + finding.key;
  if (!NamesADirectory(finding.key)) {
    result.trouble.what = fmt::format("the key `{}` cannot name a directory", finding.key);
    return result;
  }
  std::error_code error;
  std::filesystem::create_directories(base, error);
  if (error) {
    result.trouble.what = fmt::format("cannot make the directory {}: {}", base, error.message());
    return result;
  }
  // One at a time: two processes that count the same finding must not lose a count.
  Open lock(base, O_RDONLY | O_DIRECTORY);
  if (!lock.ok() || flock(lock.fd(), LOCK_EX) != 0) {
    result.trouble = Cannot("lock", base);
    return result;
  }
  RemoveLeftovers(base);

  struct stat there;
  const bool exists = lstat(result.path.c_str(), &there) == 0;
  Finding fresh = finding;
  if (exists) {
    LoadedFinding stored = LoadFinding(result.path);
    if (stored.problem.empty() && stored.finding.kind <= finding.kind && !instead) {
      result.trouble = CountAgain(result.path, std::move(stored.finding), finding);
      return result;
    }
    if (stored.problem.empty() && !instead) {
      fresh.seen += stored.finding.seen;
      fresh.first_seen = std::min(fresh.first_seen, stored.finding.first_seen);
    }
  }

  std::string unfinished = base + "/" + std::string(kUnfinished) + finding.key + ".XXXXXX";
  if (mkdtemp(unfinished.data()) == nullptr) {
    result.trouble = Cannot("make the directory", unfinished);
    return result;
  }
  chmod(unfinished.c_str(), 0755);  // mkdtemp makes it for its owner only
  result.trouble = WriteAll(unfinished, fresh);
  if (!result.trouble.any()) {
    // What is there already, less sure or not readable, changes places with the new one in one
    // step. An unreadable one is kept beside it: somebody may want what is left of it.
    const unsigned flags = exists ? RENAME_EXCHANGE : RENAME_NOREPLACE;
    if (renameat2(AT_FDCWD, unfinished.c_str(), AT_FDCWD, result.path.c_str(), flags) != 0 &&
        (exists ? !ChangePlaces(unfinished, result.path) : rename(unfinished.c_str(), result.path.c_str()) != 0)) {
      *raced = !exists && (errno == ENOTEMPTY || errno == EEXIST);
      result.trouble = Cannot("rename", unfinished);
    } else if (exists && !LoadFinding(unfinished).problem.empty()) {
      std::string aside;
      for (int n = 1; aside.empty() || lstat(aside.c_str(), &there) == 0; ++n) {
        aside = fmt::format("{}.unreadable-{}", result.path, n);
      }
      if (rename(unfinished.c_str(), aside.c_str()) == 0) unfinished.clear();
    }
  }
  if (!unfinished.empty()) std::filesystem::remove_all(unfinished, error);
  if (result.trouble.any()) return result;
  result.is_new = !exists;
  result.trouble = SyncDirectory(base);
  return result;
}

}  // namespace

StoreResult StoreFinding(const std::string& directory, const Finding& finding, bool instead) {
  for (int tries = 1;; ++tries) {
    bool raced = false;
    StoreResult result = StoreOnce(directory, finding, instead, &raced);
    // A lock of this kernel's means nothing to a process in another one.
    if (!raced || tries == 3) return result;
  }
}

Trouble StoreState(const std::string& path, std::string_view state) {
  const std::string base = std::filesystem::path(path).parent_path().string();
  Open lock(base.empty() ? "." : base, O_RDONLY | O_DIRECTORY);
  if (!lock.ok() || flock(lock.fd(), LOCK_EX) != 0) return Cannot("lock", base);
  LoadedFinding loaded = LoadFinding(path);
  if (!loaded.problem.empty()) return {loaded.problem};
  loaded.finding.state = state;
  if (state == "still there") loaded.finding.last_seen = TimeNow();
  return Rewrite(path, loaded.finding);
}

LoadedFinding LoadFinding(const std::string& path) {
  LoadedFinding loaded;
  loaded.path = path;
  const std::string file = path + "/finding.json";
  std::ifstream in(file, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.is_open() || in.bad()) {
    loaded.problem = fmt::format("{}: {}", file, strerror(errno != 0 ? errno : EIO));
    return loaded;
  }
  LoadedFinding parsed = ParseFinding(text, file);
  parsed.path = path;
  return parsed;
}

LoadedFinding ParseFinding(std::string_view text, const std::string& file) {
  LoadedFinding loaded;
  try {
    const Json json = Json::parse(text);
    loaded.problem = ReadJson(json, text, file, loaded.finding);
  } catch (const Json::parse_error& error) {
    const Position at = PositionOf(text, error.byte == 0 ? 0 : error.byte - 1);
    loaded.problem =
        fmt::format("{}:{}:{}: not JSON, {}", file, at.line, at.column,
                    text.empty() ? "the file is empty" : "the file is cut off or changed");
  } catch (const Json::exception& error) {
    loaded.problem = fmt::format("{}:1:1: {}", file, error.what());
  }
  return loaded;
}

LoadedFindings LoadFindings(const std::string& directory) {
  LoadedFindings all;
  std::error_code error;
  std::vector<std::string> paths;
  std::filesystem::directory_iterator entry(directory, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code ignored;
    // Keys have dots in them; a campaign's corpus, which lies beside its findings, has none.
    if (name.starts_with(".") || name.find('.') == std::string::npos) continue;
    if (!entry->is_directory(ignored)) continue;
    // Somebody else's, where it has neither.
    if (!std::filesystem::exists(entry->path() / "finding.json", ignored) &&
        !std::filesystem::exists(entry->path() / "finding.program", ignored)) {
      continue;
    }
    paths.push_back(entry->path().string());
  }
  if (error) {
    all.trouble.what = fmt::format("cannot read the directory {}: {}", directory, error.message());
    return all;
  }
  std::ranges::sort(paths);
  for (const std::string& path : paths) {
    LoadedFinding loaded = LoadFinding(path);
    (loaded.problem.empty() ? all.findings : all.corrupt).push_back(std::move(loaded));
  }
  return all;
}

}  // namespace sockspec
