#include "fuzz/regression.h"

#include <optional>
#include <vector>

#include "fmt/format.h"
#include "fuzz/deviations.h"
#include "fuzz/report.h"
#include "model/clause.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

constexpr std::string_view kRegression = "regression: ";
constexpr std::string_view kProfile = "profile: ";
constexpr std::string_view kMutant = "mutant: ";

}  // namespace

std::string RegressionProgram(const Finding& finding) {
  Transcript transcript = finding.transcript;
  transcript.comments = {Headline(finding), std::string(kRegression) + finding.key,
                         std::string(kProfile) + finding.profile};
  if (!finding.mutant.empty()) transcript.comments.push_back(std::string(kMutant) + finding.mutant);
  transcript.said[finding.index].clause.clear();
  return PrintText(transcript);
}

Regression RegressionIn(const Transcript& transcript) {
  Regression regression;
  for (const std::string& comment : transcript.comments) {
    const std::string_view line = comment;
    if (line.starts_with(kRegression)) regression.key = line.substr(kRegression.size());
    if (line.starts_with(kProfile)) regression.profile = line.substr(kProfile.size());
    if (line.starts_with(kMutant)) regression.mutant = line.substr(kMutant.size());
  }
  return regression;
}

std::string WhatHasChanged(const Regression& regression, const Transcript& transcript,
                           const Run& run) {
  if (run.trouble.any()) return run.trouble.what;
  if (run.discarded) return "it cannot be judged: " + run.why_discarded;
  for (size_t i = 0; i < transcript.program.calls.size(); ++i) {
    const Call& call = transcript.program.calls[i];
    const std::optional<Reply>& pinned = transcript.said[i].reply;
    if (i >= run.replies.size()) return fmt::format("{} was not made", PrintCall(call));
    if (pinned && !Agrees(call, *pinned, run.replies[i])) {
      return fmt::format("{} came back {}, pinned down is {}", PrintCall(call),
                         PrintReply(call, run.replies[i]), PrintReply(call, *pinned));
    }
  }
  for (const Divergence& divergence : run.divergences) {
    if (CanonicalKey(divergence.key) != CanonicalKey(regression.key)) {
      return fmt::format("the kernel answers as before, but {} diverges as {}, pinned down is {}",
                         PrintCall(transcript.program.calls[divergence.index]), divergence.key,
                         regression.key);
    }
  }
  if (run.divergences.empty())
    return "the kernel answers as before, and the specification allows it now";
  return "";
}

}  // namespace sockspec
