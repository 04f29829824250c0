#include "properties/examples.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include "fuzz/finding.h"
#include "model/oracle.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

[[noreturn]] void Stop(const std::string& why) {
  fprintf(stderr, "%s\n", why.c_str());
  abort();
}

std::string Line(const Transcript& transcript, int index) {
  const Said& said = transcript.said[index];
  std::string line =
      "line " + std::to_string(said.line) + ", " + PrintCall(transcript.program.calls[index]);
  if (said.reply) line += " = " + PrintReply(transcript.program.calls[index], *said.reply);
  if (!said.clause.empty()) line += " # @" + said.clause;
  return line;
}

std::string AllowedAt(const Call& call, const std::vector<Allowed>& allowed) {
  if (allowed.empty()) return "anything";
  std::string words;
  for (const Allowed& a : allowed) {
    if (!words.empty()) words += ", ";
    words += PrintReply(call, a.reply) + " # @" + std::string(a.clause->id);
  }
  return words;
}

}  // namespace

std::vector<Example> ReadExamples(std::string_view directory) {
  const std::filesystem::path path = std::filesystem::path("model/examples") / directory;
  std::vector<Example> examples;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    if (entry.path().extension() != ".program") continue;
    std::ifstream file(entry.path());
    const std::string text((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
    examples.push_back({std::string(directory) + "/" + entry.path().stem().string(),
                        MustParse(text, entry.path().string())});
  }
  if (examples.empty()) Stop("no examples in " + path.string() + " " + error.message());
  std::ranges::sort(examples, {}, &Example::name);
  return examples;
}

std::vector<Example> AllExamples() {
  std::vector<Example> all;
  for (const ExampleDirectory& directory : kExampleDirectories) {
    for (Example& example : ReadExamples(directory.name)) all.push_back(std::move(example));
  }
  return all;
}

Profile ProfileNamed(std::string_view name) {
  const ResolvedProfile resolved = ResolveProfile(name, "");
  if (!resolved.problem.empty()) Stop(resolved.problem);
  return resolved.profile;
}

std::vector<Profile> EveryProfile() {
  std::vector<Profile> profiles = {{.family = kPosix}};
  for (const Version version : kKnownLinux) {
    profiles.push_back({.family = kLinux, .version = version});
  }
  return profiles;
}

Transcript MustParse(std::string_view text, std::string_view name) {
  ParsedText parsed = ParseText(text, name);
  if (!parsed.ok()) Stop(parsed.problem.Message());
  return std::move(parsed.transcript);
}

Prediction Predict(const Transcript& transcript, const Profile& profile) {
  Prediction prediction;
  Oracle oracle(profile);
  oracle.Reset(transcript.program.env);
  for (int i = 0; i < static_cast<int>(transcript.said.size()); ++i) {
    const Call& call = transcript.program.calls[i];
    const Said& said = transcript.said[i];
    const std::vector<Allowed> allowed = oracle.Ask(call);
    Verdict verdict = Verdict::kDiverges;
    if (said.reply) {
      verdict = Follow(oracle, call, *said.reply, said.clause);
    } else if (allowed.empty()) {
      verdict = oracle.Step(call, Reply{});
    } else {
      const auto wanted = std::ranges::find_if(allowed, [&](const Allowed& a) {
        return said.clause.empty() || a.clause->id == said.clause;
      });
      if (wanted != allowed.end()) verdict = oracle.Step(call, wanted->reply);
    }
    if (verdict == Verdict::kDiscarded) {
      prediction.problem = Line(transcript, i) + ": cannot be followed: " + oracle.why();
      return prediction;
    }
    const bool decided = verdict == Verdict::kDiverges ? false
                         : said.clause.empty()         ? true
                         : oracle.clause() != nullptr  ? oracle.clause()->id == said.clause
                                                       : false;
    if (!decided) {
      prediction.problem =
          Line(transcript, i) + ": " + profile.name() + " allows " + AllowedAt(call, allowed);
      return prediction;
    }
    prediction.decided.push_back({oracle.clause(), i});
  }
  return prediction;
}

std::vector<Decided> FollowElsewhere(const Transcript& transcript, const Profile& profile) {
  std::vector<Decided> decided;
  Oracle oracle(profile);
  oracle.Reset(transcript.program.env);
  for (int i = 0; i < static_cast<int>(transcript.said.size()); ++i) {
    const Call& call = transcript.program.calls[i];
    const std::optional<Reply>& reply = transcript.said[i].reply;
    const std::vector<Allowed> allowed = oracle.Ask(call);
    const Verdict verdict = reply             ? Follow(oracle, call, *reply)
                            : allowed.empty() ? oracle.Step(call, Reply{})
                                              : oracle.Step(call, allowed[0].reply);
    if (verdict == Verdict::kDiscarded) break;
    if (verdict != Verdict::kDiverges) {
      decided.push_back({oracle.clause(), i});
    } else if (!oracle.Resynchronise(call, *reply)) {
      break;
    }
  }
  return decided;
}

}  // namespace sockspec
