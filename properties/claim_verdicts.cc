#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "fuzz/finding.h"
#include "model/oracle.h"
#include "model/program/text.h"
#include "nlohmann/json.hpp"
#include "properties/claims.h"

namespace sockspec {
namespace {

// {fails} in a program: any refusal is as said. No kernel gives the largest errno that Linux has room for.
constexpr int16_t kFails = 4095;
bool Fails(const Reply& reply) { return reply.error != 0 && !reply.blocked; }

struct Stream {
  std::string_view name;
  std::string_view socket;
  std::string_view first;
  std::string_view second;
};
constexpr Stream kStreams[] = {
    {"TCP over IPv4", "AF_INET, SOCK_STREAM", "127.0.0.1:P0", "127.0.0.2:P1"},
    {"TCP over IPv6", "AF_INET6, SOCK_STREAM", "[::1]:P0", "[::1]:P1"},
    {"unix, by path", "AF_UNIX, SOCK_STREAM", "U0", "U1"},
    {"unix, by abstract name", "AF_UNIX, SOCK_STREAM", "@A0", "@A1"},
};

void Replace(std::string& text, std::string_view what, std::string_view by) {
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

CaseResult Read(std::string_view when, std::string text) {
  CaseResult result{.when = std::string(when)};
  Replace(text, "{fails}", "-1 errno 4095");
  ParsedText parsed = ParseText(text, "a claim");
  result.transcript = std::move(parsed.transcript);
  if (!parsed.ok()) {
    result.outcome = CaseResult::kUnjudged;
    result.expected = parsed.problem.Message();
  }
  return result;
}

std::vector<CaseResult> CasesOf(const Claim& claim) {
  std::vector<CaseResult> results;
  for (const Case& one : claim.cases) {
    if (one.program.find("{S}") == one.program.npos) {
      results.push_back(Read(one.when, std::string(one.program)));
      continue;
    }
    for (const Stream& stream : kStreams) {
      std::string text(one.program);
      Replace(text, "{S}", stream.socket);
      Replace(text, "{A}", stream.first);
      Replace(text, "{B}", stream.second);
      results.push_back(Read(stream.name, text));
    }
  }
  return results;
}

void Judge(const Profile& profile, CaseResult& result) {
  Oracle oracle(profile);
  const Transcript& transcript = result.transcript;
  oracle.Reset(transcript.program.env);
  for (size_t i = 0; i < transcript.program.calls.size(); ++i) {
    const Call& call = transcript.program.calls[i];
    Reply said = *transcript.said[i].reply;
    const std::vector<Allowed> allowed = oracle.Ask(call);
    if (said.error == kFails) {
      for (const Allowed& a : allowed) {
        if (Fails(a.reply)) said = a.reply;
      }
    }
    result.line = static_cast<int>(i);
    switch (Follow(oracle, call, said)) {
      case Verdict::kConforms:
        result.clause = oracle.clause();
        break;
      case Verdict::kDiverges:
        result.outcome = CaseResult::kOtherwise;
        result.clause = allowed.empty() ? nullptr : allowed[0].clause;
        for (auto a = allowed.begin(); a != allowed.end(); ++a) {
          // Clauses with different outcomes may share a reply.
          if (std::find_if(allowed.begin(), a, [&](const Allowed& b) { return b.reply == a->reply; }) != a) continue;
          result.expected += (result.expected.empty() ? "" : " or ") + PrintReply(call, a->reply);
        }
        return;
      case Verdict::kUnspecified:
        result.outcome = CaseResult::kUnspecified;
        return;
      case Verdict::kDiscarded:
        result.outcome = CaseResult::kUnjudged;
        result.expected = oracle.why();
        return;
    }
  }
}

void Judge(Kernel& kernel, CaseResult& result) {
  const Transcript& transcript = result.transcript;
  if (Trouble trouble = kernel.ResetFresh(transcript.program.env); trouble.any()) {
    result.outcome = CaseResult::kUnjudged;
    result.expected = trouble.what;
    return;
  }
  for (size_t i = 0; i < transcript.program.calls.size(); ++i) {
    const Call& call = transcript.program.calls[i];
    result.line = static_cast<int>(i);
    if (const std::string_view lacks = kernel.Lacks(call); !lacks.empty()) {
      result.outcome = CaseResult::kUnjudged;
      result.expected = fmt::format("{} does not have {}", kernel.family(), lacks);
      return;
    }
    const Reply reply = kernel.Run(call);
    const Reply& said = *transcript.said[i].reply;
    if (said.error == kFails ? Fails(reply) : Agrees(call, said, reply)) continue;
    result.outcome = CaseResult::kOtherwise;
    result.expected = PrintReply(call, reply);
    return;
  }
}

// Of the cases that could be judged.
ClaimVerdict VerdictOf(const std::vector<CaseResult>& cases) {
  const auto any = [&](auto outcome) {
    return std::ranges::any_of(cases, [&](const CaseResult& c) { return c.outcome == outcome; });
  };
  if (any(CaseResult::kAsSaid)) {
    return any(CaseResult::kOtherwise) ? ClaimVerdict::kDepends : ClaimVerdict::kHolds;
  }
  if (any(CaseResult::kOtherwise)) return ClaimVerdict::kRefuted;
  // Of what a kernel does not have it says nothing, which is another thing than leaving it open.
  return any(CaseResult::kUnspecified) ? ClaimVerdict::kUnspecified : ClaimVerdict::kUnjudged;
}

template <class By>
ClaimResult Result(const Claim& claim, By&& by) {
  ClaimResult result{.cases = CasesOf(claim)};
  for (CaseResult& one : result.cases) {
    if (one.outcome != CaseResult::kUnjudged) Judge(by, one);
  }
  result.verdict = VerdictOf(result.cases);
  return result;
}

}  // namespace

std::string_view ClaimVerdictName(ClaimVerdict verdict) {
  switch (verdict) {
    case ClaimVerdict::kHolds: return "holds";
    case ClaimVerdict::kDepends: return "depends";
    case ClaimVerdict::kRefuted: return "refuted";
    case ClaimVerdict::kUnspecified: return "unspecified";
    case ClaimVerdict::kUnjudged: return "not judged";
  }
  __builtin_unreachable();
}

ClaimResult ByProfile(const Claim& claim, const Profile& profile) { return Result(claim, profile); }
ClaimResult ByKernel(const Claim& claim, Kernel& kernel) { return Result(claim, kernel); }


namespace {

// "holds", or what it depends on: the cases that came out otherwise. Behind that, those of which nothing is said.
std::string Words(const ClaimResult& result) {
  const auto where = [&](auto outcome) {
    std::string words;
    for (const CaseResult& one : result.cases) {
      if (one.outcome == outcome) words += (words.empty() ? "" : "; ") + (one.when.empty() ? "ever" : one.when);
    }
    return words;
  };
  std::string words(ClaimVerdictName(result.verdict));
  if (result.verdict == ClaimVerdict::kDepends) words += ": not where " + where(CaseResult::kOtherwise);
  if (result.verdict != ClaimVerdict::kUnspecified) {
    if (const std::string silent = where(CaseResult::kUnspecified); !silent.empty()) {
      words += " (unspecified: " + silent + ")";
    }
  }
  if (const std::string unjudged = where(CaseResult::kUnjudged); !unjudged.empty()) {
    words += " (not judged: " + unjudged + ")";
  }
  return words;
}

// The program of a case up to the call that came out otherwise, with what came.
std::string Refutation(const CaseResult& one) {
  if (one.outcome == CaseResult::kUnjudged) {
    return PrintText(one.transcript) + "# not judged: " + one.expected + "\n";
  }
  Transcript shown = one.transcript;
  shown.program.calls.resize(static_cast<size_t>(one.line) + 1);
  shown.said.resize(static_cast<size_t>(one.line) + 1);
  shown.said.back().reply.reset();
  std::string text = PrintText(shown);
  if (text.ends_with('\n')) text.pop_back();
  return fmt::format("{}  = {}\n", text,
                     one.outcome == CaseResult::kUnspecified ? "unspecified" : one.expected);
}

}  // namespace

std::map<const Clause*, std::vector<std::string_view>> ClaimsDecidedBy(const Profile& profile) {
  std::map<const Clause*, std::vector<std::string_view>> decided;
  for (const Claim& claim : Claims()) {
    for (const CaseResult& one : ByProfile(claim, profile).cases) {
      if (one.clause == nullptr) continue;
      std::vector<std::string_view>& claims = decided[one.clause];
      if (std::ranges::find(claims, claim.id) == claims.end()) claims.push_back(claim.id);
    }
  }
  return decided;
}

ClaimColumn ColumnOf(const Profile& profile) {
  ClaimColumn column{.name = profile.name()};
  for (const Claim& claim : Claims()) column.results.push_back(ByProfile(claim, profile));
  return column;
}

ClaimColumn ColumnOf(std::string name, Kernel& kernel) {
  ClaimColumn column{.name = std::move(name)};
  for (const Claim& claim : Claims()) column.results.push_back(ByKernel(claim, kernel));
  return column;
}

std::string ClaimsMarkdown(std::span<const ClaimColumn> columns) {
  std::string text = "# Claims about connect() and bind(), put to the test\n\n| claim | |";
  std::string rule = "|---|---|";
  for (const ClaimColumn& column : columns) {
    text += fmt::format(" {} |", column.name);
    rule += "---|";
  }
  text += "\n" + rule + "\n";
  const auto claims = Claims();
  for (size_t i = 0; i < claims.size(); ++i) {
    text += fmt::format("| `{}` | {} |", claims[i].id, claims[i].says);
    for (const ClaimColumn& column : columns) text += fmt::format(" {} |", Words(column.results[i]));
    text += "\n";
  }
  text += "\n## What refutes them\n";
  for (size_t i = 0; i < claims.size(); ++i) {
    for (size_t c = 0; c < columns[0].results[i].cases.size(); ++c) {
      // Columns that say the same share one program.
      std::vector<std::pair<std::string, std::string>> refutations;
      for (const ClaimColumn& column : columns) {
        const CaseResult& one = column.results[i].cases[c];
        if (one.outcome == CaseResult::kAsSaid) continue;
        const std::string program = Refutation(one);
        const auto known = std::ranges::find(refutations, program, [](const auto& r) { return r.second; });
        if (known != refutations.end()) {
          known->first += ", " + column.name;
        } else {
          refutations.push_back({column.name, program});
        }
      }
      for (const auto& [names, program] : refutations) {
        const std::string& when = columns[0].results[i].cases[c].when;
        text += fmt::format("\n`{}`{}{}, in {}:\n\n```\n{}```\n", claims[i].id, when.empty() ? "" : ", ", when,
                            names, program);
      }
    }
  }
  return text;
}

std::string ClaimsJson(std::span<const ClaimColumn> columns) {
  static constexpr std::string_view kOutcomes[] = {"as said", "otherwise", "unspecified", "not judged"};
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  const auto claims = Claims();
  for (size_t i = 0; i < claims.size(); ++i) {
    nlohmann::ordered_json verdicts;
    for (const ClaimColumn& column : columns) {
      const ClaimResult& result = column.results[i];
      nlohmann::ordered_json cases = nlohmann::ordered_json::array();
      for (const CaseResult& one : result.cases) {
        nlohmann::ordered_json row = {{"when", one.when},
                                      {"program", PrintText(one.transcript)},
                                      {"outcome", kOutcomes[one.outcome]}};
        if (one.outcome != CaseResult::kAsSaid) {
          row["call"] = one.line;
          row["instead"] = one.expected;
        }
        cases.push_back(row);
      }
      verdicts[column.name] = {{"verdict", ClaimVerdictName(result.verdict)}, {"cases", cases}};
    }
    all.push_back({{"id", claims[i].id}, {"says", claims[i].says}, {"verdicts", verdicts}});
  }
  return all.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace sockspec
