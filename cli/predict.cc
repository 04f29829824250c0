// sockspec predict: what the model allows at each call, without a kernel.
#include "cli/predict.h"

#include <algorithm>
#include <memory>
#include <sstream>
#include <string>

#include "CLI/CLI.hpp"
#include "cli/command.h"
#include "cli/files.h"
#include "cli/kernels.h"
#include "cli/stop.h"
#include "cli/terminal.h"
#include "fmt/format.h"
#include "fuzz/finding.h"
#include "fuzz/lockstep.h"
#include "fuzz/report.h"
#include "model/program/text.h"
#include "nlohmann/json.hpp"

namespace sockspec {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  KernelOptions kernel;
  std::vector<std::string> files;
  bool json = false;
  bool explain = false;
};

// "The port is taken. [Linux inet_csk_get_port()]"
std::string Reason(const Clause& clause) { return fmt::format("{} [{}]", clause.says, clause.cites); }

// The line of Describe() that is about the call's socket, without its names.
std::string Stood(const World& world, const Call& call) {
  const Socket* socket = SocketOf(world, call);
  if (socket == nullptr) return "";
  const std::string wanted = fmt::format("s{}", call.fd.handle());
  std::istringstream lines(Describe(world));
  for (std::string line; std::getline(lines, line);) {
    const size_t colon = line.find(": ");
    if (colon == line.npos) continue;
    std::istringstream names(line.substr(0, colon));
    for (std::string name; names >> name;) {
      if (name.ends_with(',')) name.pop_back();
      if (name == wanted) return line.substr(colon + 2);
    }
  }
  return "";
}

// Prints one program's predictions. The exit status: where a written reply is not allowed it diverges, and where the
// model cannot follow to the end it is unusable, as for `sockspec check`.
int Print(const std::string& file, const Transcript& written, const Profile& profile, bool explain,
           Json* json) {
  const std::vector<Predicted> predictions = Predict(written, profile);
  Transcript shown;
  shown.program.calls = written.program.calls;
  shown.said.resize(shown.program.calls.size());
  for (size_t i = 0; i < predictions.size(); ++i) {
    const Predicted& p = predictions[i];
    if (p.verdict == Verdict::kDiscarded) continue;
    if (p.verdict == Verdict::kUnspecified && !written.said[i].reply) continue;
    shown.said[i].reply = p.reply;
    if (p.clause != nullptr) shown.said[i].clause = p.clause->id;
  }
  const std::vector<std::string> lines = CallLines(shown);

  bool conforms = true, followed_all = true;
  std::string problem;
  Json calls = Json::array();
  std::string text;
  for (size_t i = 0; i < predictions.size(); ++i) {
    const Call& call = written.program.calls[i];
    const Said& said = written.said[i];
    const Predicted& p = predictions[i];
    Json allowed = Json::array();
    for (const Allowed& a : p.allowed) {
      allowed.push_back(
          {{"reply", PrintReply(call, a.reply)}, {"clause", a.clause->id}, {"note", a.note},
           {"says", a.clause->says}, {"cites", a.clause->cites}});
    }
    calls.push_back({{"call", PrintCall(call)}, {"before", p.before}, {"allowed", allowed}});
    if (p.verdict == Verdict::kDiscarded) calls.back()["cannot_be_told"] = p.why;
    text += "  " + lines[i] + "\n";
    const auto note = [&](std::string_view what, const std::string& words) {
      text += fmt::format("    {} {}\n", what, words);
    };
    if (explain) {
      if (!p.before.empty()) note(Dim("·"), Dim(fmt::format("s{} was {}", call.fd.handle(), p.before)));
      if (p.clause != nullptr) note(Dim("·"), Dim(Reason(*p.clause)));
      if (p.silent != nullptr) note(Dim("·"), Dim(fmt::format("{}: {}", p.silent->id, Reason(*p.silent))));
    }
    switch (p.verdict) {
      case Verdict::kConforms: {
        if (!said.clause.empty() && p.clause != FindClause(said.clause)) {
          note(Red("^"),
               fmt::format("{}:{}: written is `@{}`, the clause that allows it is `@{}`", file,
                           said.line, said.clause, p.clause == nullptr ? "" : p.clause->id));
          conforms = false;
        }
        bool followed = false;
        for (const Allowed& a : p.allowed) {
          if (!followed && a.clause == p.clause) {
            followed = true;
            if (a.open && !a.note.empty()) note(Dim("~"), a.note);
            continue;
          }
          note(Yellow("or"), fmt::format("{} ({}{}{})", PrintReply(call, a.reply), a.clause->id,
                                         a.note.empty() ? "" : "; ", a.note));
          if (explain) note(Dim("·"), Dim(Reason(*a.clause)));
        }
        break;
      }
      case Verdict::kUnspecified:
        note(Yellow("~"), fmt::format("unspecified: {} says nothing of this call", profile.name()));
        break;
      case Verdict::kDiscarded:
        note(Red("^"), "cannot be told: " + p.why);
        if (followed_all) problem = fmt::format("{}: from call {} on nothing can be told: {}", file, i + 1, p.why);
        followed_all = false;
        break;
      case Verdict::kDiverges:
        note(Red("^"),
             fmt::format("{}:{}: written is `{}{}{}`, allowed {} only: {}", file, said.line,
                         PrintReply(call, *said.reply), said.clause.empty() ? "" : "  # @",
                         said.clause, p.allowed.size() > 1 ? "are" : "is",
                         AllowedWords(call, p.allowed)));
        conforms = false;
        break;
    }
  }
  if (json != nullptr) {
    json->push_back(
        {{"file", file}, {"profile", profile.name()}, {"conforms", conforms}, {"followed", followed_all}, {"calls", calls}});
  } else {
    fmt::print("{}  {}\n{}\n", Bold(file), Dim(profile.name()), text);
  }
  if (conforms && !followed_all) {
    fflush(stdout);
    fmt::print(stderr, "sockspec: {}\n", problem);
  }
  return !conforms ? kExitDiverges : !followed_all ? kExitUnusable : kExitConforms;
}

int RunPredict(const Options& options) {
  const Profile profile = ProfileFor(options.kernel);
  int status = kExitConforms;
  Json json = Json::array();
  for (const std::string& file : options.files) {
    try {
      const Transcript transcript = ReadProgram(file);
      status = std::max(status, Print(NameOf(file), transcript, profile, options.explain, options.json ? &json : nullptr));
    } catch (const Stop& stop) {
      fflush(stdout);
      fmt::print(stderr, "sockspec: {}\n", stop.message);
      status = kExitUnusable;
    }
  }
  if (options.json) fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
  return status;
}

}  // namespace

std::vector<Predicted> Predict(const Transcript& transcript, const Profile& profile) {
  Oracle oracle(profile);
  oracle.Reset(transcript.program.env);
  std::vector<Predicted> predictions;
  bool lost = false;
  for (size_t i = 0; i < transcript.program.calls.size(); ++i) {
    const Call& call = transcript.program.calls[i];
    const Said& said = transcript.said[i];
    Predicted& p = predictions.emplace_back();
    if (lost) {
      p.verdict = Verdict::kDiscarded;
      p.why = predictions[i - 1].why;
      continue;
    }
    p.before = Stood(oracle.world(), call);
    p.allowed = oracle.Ask(call);
    if (p.allowed.empty()) {
      for (const Considered& c : oracle.Consider(call)) {
        if (c.holds && c.clause->strength == Strength::kUnspecified) p.silent = c.clause;
      }
    }
    if (said.reply) {
      p.reply = *said.reply;
      p.verdict = Follow(oracle, call, p.reply);
    } else {
      if (!p.allowed.empty()) p.reply = p.allowed[0].reply;
      p.verdict = oracle.Step(call, p.reply);
    }
    if (p.verdict == Verdict::kConforms) p.clause = oracle.clause();
    if (p.verdict == Verdict::kDiscarded) p.why = oracle.why();
    if (p.verdict == Verdict::kDiverges && !oracle.Resynchronise(call, p.reply)) {
      p.why = "the reply before is not allowed";
      lost = true;
    }
    lost |= p.verdict == Verdict::kDiscarded;
  }
  return predictions;
}

Transcript WithPredictions(const Transcript& transcript, const Profile& profile) {
  Transcript whole = transcript;
  const std::vector<Predicted> predictions = Predict(transcript, profile);
  for (size_t i = 0; i < predictions.size(); ++i) {
    const Predicted& p = predictions[i];
    if (whole.said[i].reply || p.verdict != Verdict::kConforms || p.allowed.empty()) continue;
    // Where several replies are right, none is to be expected.
    const std::string reads = PrintReply(whole.program.calls[i], p.reply);
    const bool certain = std::ranges::all_of(p.allowed, [&](const Allowed& a) {
      return PrintReply(whole.program.calls[i], a.reply) == reads;
    });
    if (!certain) continue;
    whole.said[i].reply = p.reply;
    // What the kernel may choose is not to be expected of it: an option's value, or a count and what goes with it.
    // Ports that it chooses have names.
    for (const Allowed& a : p.allowed) {
      if (a.clause != p.clause || !a.open || !whole.said[i].reply) continue;
      Reply& reply = *whole.said[i].reply;
      if ((reply.wrote & (kWroteValue | kWroteAddress)) == 0) {
        whole.said[i].reply.reset();
      } else {
        reply.wrote &= ~kWroteValue;
      }
    }
    if (whole.said[i].clause.empty() && p.clause != nullptr) whole.said[i].clause = p.clause->id;
  }
  return whole;
}

void AddPredict(CLI::App& app, int& status) {
  CLI::App* command =
      app.add_subcommand("predict", "What the specification allows at each call, without a kernel");
  auto options = std::make_shared<Options>();
  command
      ->add_option("FILE", options->files,
                   "Programs; - is standard input. A reply that is written is followed")
      ->type_name("")
      ->required();
  AddProfileOption(*command, options->kernel);
  command->add_flag("--explain", options->explain,
                    "Say where the call's socket stood, and what the clause says and cites");
  command->add_flag("--json", options->json, "Print one JSON list, for programs");
  command->callback([options, &status] { status = RunPredict(*options); });
}

}  // namespace sockspec
