#include "properties/on_linux.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>

#include "fuzz/finding.h"
#include "fuzz/report.h"
#include "model/program/text.h"
#include "properties/examples.h"
#include "sut/linux.h"

namespace sockspec {
namespace {

struct Machine {
  Trouble trouble;
  std::unique_ptr<Kernel> kernel;
  std::unique_ptr<Lockstep> lockstep;

  Machine() : kernel(MakeLinuxKernel(LinuxOptions{}, &trouble)) {
    const Profile profile = ResolveProfile("linux", LinuxRelease()).profile;
    if (kernel != nullptr) lockstep = std::make_unique<Lockstep>(*kernel, profile);
  }
};

Machine& TheMachine() {
  static Machine machine;
  return machine;
}

// Where what came back is not what is said, and why; empty where it is.
std::string DiffersFromSaid(const Transcript& transcript, const Run& run) {
  for (size_t i = 0; i < transcript.said.size(); ++i) {
    const Said& said = transcript.said[i];
    const Call& call = transcript.program.calls[i];
    const std::string at = "line " + std::to_string(said.line) + ", " + PrintCall(call);
    if (i >= run.replies.size()) return at + ": was not made";
    if (said.reply && !Agrees(call, *said.reply, run.replies[i])) {
      return at + ": said is " + PrintReply(call, *said.reply) + ", came back " +
             PrintReply(call, run.replies[i]);
    }
    const std::string_view clause = run.seen[i].clause == nullptr ? "" : run.seen[i].clause->id;
    if (!said.clause.empty() && said.clause != clause) {
      return at + ": said is @" + said.clause + ", decided was by @" + std::string(clause);
    }
  }
  return "";
}

bool OnTheFakeKernel(const Run& run) {
  return run.diverged() && run.divergences[0].key.starts_with("fake.");
}

// A test's outputs get what diverged as a finding, with its report and its C file. Of several with one key the last
// one stays: of a property that RapidCheck has shrunk, the smallest.
void KeepAsFinding(const Program& program, const Run& run) {
  const char* outputs = getenv("TEST_UNDECLARED_OUTPUTS_DIR");
  if (outputs == nullptr || !run.diverged() || OnTheFakeKernel(run)) return;
  Finding finding = MakeFinding(program, run, run.divergences[0], TheMachine().lockstep->profile(),
                                *TheMachine().kernel);
  finding.original = program;
  const std::string directory = std::string(outputs) + "/findings";
  std::error_code error;
  std::filesystem::remove_all(directory + "/" + finding.key, error);
  const StoreResult stored = StoreFinding(directory, finding);
  if (stored.trouble.any()) printf("%s\n", stored.trouble.what.c_str());
}

// To be pasted into a shell at the top of the checkout.
std::string HowToRunAlone(const Program& program, const Run& run) {
  return std::string("To run it alone: ./bazelw run //:sockspec -- check ") +
         (OnTheFakeKernel(run) ? "--kernel=fake " : "") + "- <<'END'\n" + PrintText(program) + "END\n";
}

}  // namespace

void OnLinux::SetUp() {
  const Machine& machine = TheMachine();
  if (machine.kernel != nullptr) return;
  const char* required = getenv("SOCKSPEC_REQUIRE_KERNEL");
  if (required != nullptr && std::string_view(required) == "1") {
    FAIL() << "SOCKSPEC_REQUIRE_KERNEL is 1, and: " << machine.trouble.what;
  }
  GTEST_SKIP() << machine.trouble.what;
}

Lockstep& OnLinux::TheLockstep() { return *TheMachine().lockstep; }

const Profile& OnLinux::TheProfile() { return TheLockstep().profile(); }

const sockspec::Run& OnLinux::Play(const Program& program, bool fresh) {
  constexpr int kTries = 3;
  const sockspec::Run* run = nullptr;
  for (int i = 0; i < kTries; ++i) {
    run = fresh || i > 0 ? &TheLockstep().PlayFresh(program) : &TheLockstep().Play(program);
    if (!run->discarded && !run->diverged()) break;
  }
  // The limit is the whole process's, and the test wants to open files again. What came back stays.
  if (program.env.nofile != 0) {
    const Trouble trouble = TheLockstep().kernel().Reset({});
    EXPECT_EQ(trouble.what, "");
  }
  return *run;
}

void OnLinux::ExpectConforms(std::string_view program) { ExpectConforms(MustParse(program)); }

void OnLinux::ExpectConforms(const Transcript& transcript) {
  // Where SELinux is in force, it answers some calls before the socket does.
  if (TheProfile().selinux && !Predict(transcript, TheProfile()).problem.empty()) {
    return ExpectAnswersConform(transcript);
  }
  for (const bool fresh : {false, true}) {
    const sockspec::Run& run = Play(transcript.program, fresh);
    ASSERT_EQ(run.trouble.what, "");
    EXPECT_FALSE(run.diverged() || run.discarded) << Told(transcript.program, run);
    EXPECT_EQ(DiffersFromSaid(transcript, run), "") << Told(transcript.program, run);
  }
}

void OnLinux::ExpectAnswersConform(const Transcript& transcript) {
  const sockspec::Run& run = Play(transcript.program);
  ASSERT_EQ(run.trouble.what, "");
  EXPECT_FALSE(run.diverged() || run.discarded) << Told(transcript.program, run);
}

std::string Told(const Program& program, const Run& run) {
  Transcript transcript{.program = program};
  transcript.said.resize(program.calls.size());
  for (size_t i = 0; i < run.replies.size(); ++i) {
    transcript.said[i].reply = run.replies[i];
    if (run.seen[i].clause != nullptr) transcript.said[i].clause = run.seen[i].clause->id;
  }
  std::string text = "\n" + PrintText(transcript);
  for (const Divergence& divergence : run.divergences) {
    text += "call " + std::to_string(divergence.index + 1) + " diverges: " + divergence.key +
            ", allowed: " + AllowedWords(program.calls[divergence.index], divergence.allowed) +
            "\n";
  }
  if (run.discarded) text += "cannot be judged: " + run.why_discarded + "\n";
  KeepAsFinding(program, run);
  return text + HowToRunAlone(program, run);
}

}  // namespace sockspec
