#include "fuzz/report.h"

#include <sys/utsname.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "fuzz/ask_again.h"
#include "model/clause.h"
#include "model/oracle.h"
#include "model/program/declarations.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

constexpr size_t kColumns = 100;

// `text` in lines of at most kColumns, each indented; a word longer than that stands alone.
std::string Wrap(std::string_view text, size_t indent) {
  std::string out, line;
  const auto flush = [&] {
    if (!line.empty()) out += std::string(indent, ' ') + line + "\n";
    line.clear();
  };
  while (!text.empty()) {
    const size_t space = text.find_first_of(" \n");
    const std::string_view word = text.substr(0, space);
    if (!word.empty()) {
      if (!line.empty() && indent + line.size() + 1 + word.size() > kColumns) flush();
      if (!line.empty()) line += ' ';
      line += word;
    }
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
  }
  flush();
  return out;
}

std::string Heading(std::string_view words) { return fmt::format("\n{}\n\n", words); }

// "1 call", "3 calls".
std::string Count(uint64_t n, std::string_view what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

std::string CallName(const Call& call) { return fmt::format("{}()", DeclarationOf(call.op).name); }

// What a clause answers, as far as the clause alone says it.
std::string Answers(const Clause& clause) {
  if (clause.strength == Strength::kUnspecified) return "unspecified";
  if (clause.blocks) return "blocks";
  if (clause.error == kPendingError) return "-1 and the pending error";
  if (clause.error != 0) return "-1 " + PrintErrno(clause.error);
  return "succeeds";
}

std::string StrengthWords(const Clause& clause) {
  switch (clause.strength) {
    case Strength::kShall:
      return "";
    case Strength::kMay:
      return ", may";
    case Strength::kResource:
      return ", where the kernel runs out of something";
    case Strength::kUnspecified:
      return "";
  }
  return "";
}

std::string ClauseText(const Clause& clause, std::string_view why) {
  std::string text = fmt::format("  {}: {}{}\n", clause.id, Answers(clause), StrengthWords(clause));
  text += Wrap(clause.says, 6);
  text += Wrap(fmt::format("Cites: {}", clause.cites), 6);
  if (!why.empty()) text += Wrap(why, 6);
  return text;
}

Profile ProfileOf(const std::string& name) { return ResolveProfile(name, "").profile; }

// The profile that a finding is not held to, and that a reader wants to hear of, too.
Profile OtherProfile(const Finding& finding) {
  if (finding.profile != "posix") return ProfileOf("posix");
  // "Linux 6.18.44": the release is what follows the name.
  const size_t space = finding.release.find(' ');
  const bool is_linux = finding.kernel == "linux" && space != std::string::npos;
  return ResolveProfile("linux", is_linux ? finding.release.substr(space + 1) : "").profile;
}

std::string ProfileWords(const Profile& profile) {
  if (profile.family == kPosix) return "POSIX";
  return fmt::format("Linux {}.{}", profile.version.major, profile.version.minor);
}

// Goes through the transcript as it came back, up to the call that diverges. False where the oracle
// could not follow: `at` is then the call where it lost it.
bool GoToDivergence(const Finding& finding, Oracle& oracle, int& at) {
  oracle.Reset(finding.transcript.program.env);
  for (at = 0; at < finding.index; ++at) {
    const Call& call = finding.transcript.program.calls[at];
    const Said& said = finding.transcript.said[at];
    if (!said.reply) return false;
    // The finding's own profile knows which clause it was; that of another may have another name.
    Verdict verdict = Follow(oracle, call, *said.reply);
    if (verdict == Verdict::kDiverges && oracle.Resynchronise(call, *said.reply)) continue;
    if (verdict == Verdict::kDiverges || verdict == Verdict::kDiscarded) return false;
  }
  return true;
}

std::string WhatWasSaid(const Finding& finding) {
  const Program& program = finding.transcript.program;
  Transcript transcript = finding.transcript;
  transcript.said[finding.index].clause.clear();
  const std::vector<std::string> lines = CallLines(transcript);
  std::string text = Heading("What was said");
  if (!(program.env == Environment())) {
    const std::string whole = PrintText(Program{.env = program.env, .calls = {}});
    text += "    " + whole.substr(0, whole.find('\n')) + "\n";
  }
  for (int i = 0; i < static_cast<int>(lines.size()); ++i) {
    text += fmt::format("{} {}\n", i == finding.index ? "-->" : "   ", lines[i]);
  }
  const Call& call = program.calls[finding.index];
  text += fmt::format("\n    {} came back\n        {}\n", PrintCall(call),
                      PrintReply(call, *finding.transcript.said[finding.index].reply));
  if (finding.allowed.empty()) return text + "    for which there is no clause at all.\n";
  text += "    allowed " + std::string(finding.allowed.size() == 1 ? "is only\n" : "are only\n");
  size_t width = 0;
  for (const AllowedText& a : finding.allowed) width = std::max(width, a.reply.size());
  for (const AllowedText& a : finding.allowed) {
    text += fmt::format("        {:<{}}  ({}{}{})\n", a.reply, width, a.clause,
                        a.note.empty() ? "" : "; ", a.note);
  }
  return text;
}

// Which clauses could have given what came back.
bool CouldGive(const Clause& clause, const Reply& actual) {
  if (actual.blocked) return clause.blocks;
  if (actual.error != 0) return clause.error == actual.error || clause.error == kPendingError;
  return clause.error == 0 && !clause.blocks;
}

std::string WhatCameBack(const Reply& actual) {
  if (actual.blocked) return "it blocks";
  if (actual.error != 0) return PrintErrno(actual.error);
  return "success";
}

std::string WhyTheModelDisagrees(const Finding& finding, const Oracle& oracle,
                                 const Profile& profile) {
  const Call& call = finding.transcript.program.calls[finding.index];
  const Reply& actual = *finding.transcript.said[finding.index].reply;
  const bool in_order = profile.family != kPosix;
  std::string text = Heading("Why the model disagrees");

  const std::vector<Considered> considered = oracle.Consider(call);
  // In a platform's order the first clause that holds decides. In posix all refusals that hold are
  // right, and of the effects the first.
  std::vector<const Clause*> deciding;
  std::string later;
  for (const Considered& c : considered) {
    if (!c.holds) continue;
    const bool after_effect = std::ranges::any_of(deciding, &Clause::effect) && c.clause->effect();
    if (deciding.empty() || (!in_order && !after_effect)) {
      deciding.push_back(c.clause);
    } else {
      later += fmt::format("{}{}", later.empty() ? "" : ", ", c.clause->id);
    }
  }
  text += Wrap(fmt::format("{} has {} in {}. {}", CallName(call),
                           Count(considered.size(), "clause"), profile.name(),
                           deciding.empty()      ? "None of them holds here."
                           : deciding.size() > 1 ? "These hold here:"
                           : later.empty()       ? "One of them holds here:"
                                                 : "The first that holds here:"),
               2);
  text += "\n";
  for (const Clause* clause : deciding) text += ClauseText(*clause, "");
  if (!later.empty())
    text += "\n" + Wrap(fmt::format("Comes later, and would hold too: {}.", later), 2);

  // A success that was expected, with something else in it.
  const bool expected_success =
      finding.expects_reply && finding.expected.error == 0 && !finding.expected.blocked;
  if (actual.error == 0 && !actual.blocked && expected_success) {
    const std::string came = PrintReply(call, actual), right = PrintReply(call, finding.expected);
    const std::string differs =
        came == right && actual.value != finding.expected.value
            ? fmt::format("the descriptor: {} came back, counted from the program's first, where {} is the lowest that is free",
                          actual.value, finding.expected.value)
            : fmt::format("{}: {} came back where {} is right", finding.differs == Differs::kValue ? "the value" : "what was written",
                          came, right);
    text += "\n" + Wrap(fmt::format("Success is right; what differs is {}.", differs), 2);
    return text;
  }

  std::vector<Considered> giving;
  for (const Considered& c : considered) {
    if (CouldGive(*c.clause, actual)) giving.push_back(c);
  }
  if (giving.empty()) {
    text += "\n" + Wrap(fmt::format("What came back was {}. No clause of {} gives that in {}.",
                                    WhatCameBack(actual), CallName(call), profile.name()),
                        2);
    return text;
  }
  text += "\n" + Wrap(fmt::format("What came back was {}. {} of {} {} that:", WhatCameBack(actual),
                                  giving.size() == 1 ? "One clause" : "These clauses",
                                  CallName(call), giving.size() == 1 ? "gives" : "give"),
                      2);
  text += "\n";
  for (const Considered& c : giving) {
    std::string why = "Does not hold here.";
    if (c.holds) {
      why = in_order ? fmt::format("Holds, but {} comes first.", finding.expected_clause)
                     : "Holds, but a refusal that shall be made holds too.";
    }
    text += ClauseText(*c.clause, why);
  }
  return text;
}

// What the other specification says of the same reply.
std::string ByTheOther(const Finding& finding) {
  const Profile other = OtherProfile(finding);
  const std::string name = ProfileWords(other);
  const Call& call = finding.transcript.program.calls[finding.index];
  const Reply& actual = *finding.transcript.said[finding.index].reply;
  const std::string reply = PrintReply(call, actual);
  std::string text = Heading(fmt::format("What {} says of the same reply", name));

  Oracle oracle(other);
  int at = 0;
  if (!GoToDivergence(finding, oracle, at)) {
    return text +
           Wrap(fmt::format("Nothing can be said: it parts with the program earlier, at {} = {}.",
                            PrintCall(finding.transcript.program.calls[at]),
                            finding.transcript.said[at].reply
                                ? PrintReply(finding.transcript.program.calls[at],
                                             *finding.transcript.said[at].reply)
                                : "?"),
                2);
  }
  const std::vector<Allowed> allowed = oracle.Ask(call);
  switch (Follow(oracle, call, actual)) {
    case Verdict::kConforms:
      text += Wrap(fmt::format("{} allows `{}` here:", name, reply), 2) + "\n";
      if (oracle.clause() != nullptr) text += ClauseText(*oracle.clause(), "");
      return text;
    case Verdict::kUnspecified:
      return text + Wrap(fmt::format("Unspecified: {} leaves open what happens here.", name), 2);
    case Verdict::kDiscarded:
      return text + Wrap(fmt::format("Nothing can be said: {}.", oracle.why()), 2);
    case Verdict::kDiverges:
      break;
  }
  text += Wrap(fmt::format("{} does not allow `{}` here either. Allowed {} only:", name, reply,
                           allowed.size() == 1 ? "is" : "are"),
               2) +
          "\n";
  for (const Allowed& a : allowed) {
    text += fmt::format("  `{}`\n", PrintReply(call, a.reply));
    text += ClauseText(*a.clause, "");
  }
  return text;
}

std::string RateWords(const Finding& finding) {
  std::string words;
  if (finding.quiet.runs > 0) {
    words = fmt::format("{} of {} quiet runs", finding.quiet.hits, finding.quiet.runs);
  }
  if (finding.disturbed.runs > 0) {
    words += fmt::format("{}{} of {} with random delays under load", words.empty() ? "" : ", ",
                         finding.disturbed.hits, finding.disturbed.runs);
  }
  return words.empty() ? "not run again" : words;
}

std::string HowToRunItAgain(const Finding& finding) {
  const AskAgain again = AskAgainOf(finding);
  std::string text = Heading("How to run it again");
  text += "  In this directory, with sockspec:\n\n";
  text += fmt::format("      {}\n\n", again.sockspec);
  if (again.c.empty()) {
    text += Wrap(again.why_no_c, 2) + "\n";
  } else {
    text += "  or with a C compiler and nothing else:\n\n";
    text += fmt::format("      {}\n\n", again.c);
  }
  if (finding.kernel == "fake") {
    text += Wrap(
        "The fault was put into the fake kernel on purpose. repro.c asks the real one, and exits 0 "
        "where "
        "that conforms.",
        2);
  }
  std::string exits = "sockspec exits 0 where the kernel conforms, 1 where it diverges, 3 where it cannot run.";
  if (!again.c.empty()) {
    exits += " a.out exits 0, 1 and 125, which is what `git bisect run` expects: 125 is a kernel that cannot be judged.";
  }
  text += Wrap(exits, 2);
  if (finding.kind == FindingClass::kContaminated) {
    text += "\n" +
            Wrap(fmt::format("It did not repeat in a fresh namespace. The {} that ran before it in "
                             "the same one are kept in finding.json under \"before\".",
                             Count(finding.before.size(), "program")),
                 2);
  }
  return text;
}

}  // namespace

std::optional<World> WorldBefore(const Finding& finding) {
  Oracle oracle(ProfileOf(finding.profile));
  int at = 0;
  if (!GoToDivergence(finding, oracle, at)) return std::nullopt;
  return oracle.world();
}

std::vector<std::string> CallLines(const Transcript& transcript) {
  Transcript bare = transcript;
  bare.comments.clear();
  bare.program.env = {};
  std::vector<std::string> lines;
  const std::string text = PrintText(bare);
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::string AllowedWords(const Call& call, const std::vector<Allowed>& allowed) {
  std::string words;
  for (const Allowed& a : allowed) {
    words += fmt::format("{}{} ({}{}{})", words.empty() ? "" : ", ", PrintReply(call, a.reply),
                         a.clause->id, a.note.empty() ? "" : "; ", a.note);
  }
  return words.empty() ? "nothing" : words;
}

std::string Headline(const Finding& finding) {
  const Call& call = finding.transcript.program.calls[finding.index];
  std::string text = fmt::format("{} came back {}", PrintCall(call),
                                 PrintReply(call, *finding.transcript.said[finding.index].reply));
  if (finding.allowed.empty()) return text + ", and no clause says anything of it";
  const AllowedText& first = finding.allowed[0];
  const size_t others = finding.allowed.size() - 1;
  return text + fmt::format(", expected {} ({}){}", first.reply, first.clause,
                            others == 0 ? "" : fmt::format(" or one of {} more", others));
}

std::string Report(const Finding& finding) {
  const Profile profile = ProfileOf(finding.profile);
  const size_t calls = finding.transcript.program.calls.size();

  std::string text = Headline(finding) + "\n";
  text += fmt::format("{} {}.\n\n", KernelWords(finding), VerdictWords(finding));
  const auto row = [&](std::string_view name, std::string_view value) {
    text += fmt::format("  {:<11}{}\n", name, value);
  };
  row("key", finding.key);
  row("kernel", KernelWords(finding));
  row("held to", finding.verified
                     ? finding.profile
                     : finding.profile + ", the nearest to a version nobody has checked");
  row(FindingClassName(finding.kind), RateWords(finding));
  if (!finding.what_varied.empty()) row("varied", finding.what_varied);
  const std::string origin = OriginWords(finding.seed, finding.made_of);
  row("found", fmt::format("{}, {}{}minimized from {} to {}", finding.first_seen, origin, origin.empty() ? "" : ", ",
                           Count(finding.original.calls.size(), "call"), calls));

  text += WhatWasSaid(finding);

  Oracle oracle(profile);
  int at = 0;
  const bool there = GoToDivergence(finding, oracle, at);
  if (there) {
    text += WhyTheModelDisagrees(finding, oracle, profile);
  } else {
    text += Heading("Why the model disagrees");
    text += Wrap(
        "This sockspec does not come to that call any more: its specification has changed since.",
        2);
  }
  text += ByTheOther(finding);

  text += Heading("Where the sockets stood before that call");
  if (there) {
    std::string_view sockets;
    const std::string described = Describe(oracle.world());
    sockets = described;
    if (sockets.empty()) text += "  There was none.\n";
    while (!sockets.empty()) {
      const size_t end = sockets.find('\n');
      text += fmt::format("  {}\n", sockets.substr(0, end));
      sockets.remove_prefix(end == std::string_view::npos ? sockets.size() : end + 1);
    }
    if (oracle.worlds() > 1) {
      text +=
          Wrap(fmt::format("This is the first of {} worlds that agree with all replies before it.",
                           oracle.worlds()),
               2);
    }
  }
  return text + HowToRunItAgain(finding);
}

}  // namespace sockspec
