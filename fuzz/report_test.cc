#include "fuzz/report.h"

#include <fstream>
#include <iterator>
#include <string>

#include "fuzz/bisect.h"
#include "fuzz/fake_kernel.h"
#include "fuzz/finding.h"
#include "fuzz/lockstep.h"
#include "gtest/gtest.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

Finding FindingOf(const std::string& text, const std::string& profile_name,
                  const Mutation& mutation) {
  const Profile profile = ResolveProfile(profile_name, "").profile;
  const Program program = ParseText(text, "").transcript.program;
  FakeKernel kernel(profile, mutation);
  Lockstep lockstep(kernel, profile);
  const Run& run = lockstep.Play(program);
  EXPECT_TRUE(run.diverged()) << text;
  Finding finding = MakeFinding(program, run, run.divergences.at(0), profile, kernel);
  finding.original = program;
  finding.quiet = finding.disturbed = {.hits = 5, .runs = 5};
  finding.first_seen = finding.last_seen = "2026-03-01T12:00:00Z";
  finding.seed = 0x2f81;
  return finding;
}

constexpr char kTwoListeners[] =
    "s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
    "setsockopt(s0, SOL_SOCKET, SO_REUSEADDR, 1)\n"
    "bind(s0, 127.0.0.1:P0)\n"
    "s1 = socket(AF_INET, SOCK_STREAM, 0)\n"
    "setsockopt(s1, SOL_SOCKET, SO_REUSEADDR, 1)\n"
    "bind(s1, 127.0.0.1:P0)\n"
    "listen(s1, 1)\n"
    "listen(s0, 1)\n";

TEST(ReportTest, IsAsItWasReviewed) {
  Finding finding =
      FindingOf(kTwoListeners, "linux-6.18", {.clause = FindClause("listen.port_taken")});
  finding.mutant = "listen.port_taken";
  const std::string report = Report(finding);
  std::ifstream in("fuzz/report.golden.txt", std::ios::binary);
  const std::string golden((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (report == golden) return;
  const std::string path = std::string(getenv("TEST_UNDECLARED_OUTPUTS_DIR") != nullptr
                                           ? getenv("TEST_UNDECLARED_OUTPUTS_DIR")
                                           : "/tmp") +
                           "/report.golden.txt";
  std::ofstream(path, std::ios::binary) << report;
  ADD_FAILURE() << "The report has changed. If it is as it should be:\n  cp " << path
                << " fuzz/report.golden.txt\n\n"
                << report;
}

size_t Find(const std::string& report, const std::string& words) {
  const size_t at = report.find(words);
  EXPECT_NE(at, std::string::npos) << "`" << words << "` is not in\n" << report;
  return at;
}

TEST(ReportTest, AnswersTheFourQuestionsInOrder) {
  const std::string report =
      Report(FindingOf(kTwoListeners, "linux-6.18", {.clause = FindClause("listen.port_taken")}));
  const size_t said = Find(report, "\nWhat was said\n");
  const size_t why = Find(report, "\nWhy the model disagrees\n");
  const size_t where = Find(report, "\nWhere the sockets stood before that call\n");
  const size_t how = Find(report, "\nHow to run it again\n");
  EXPECT_LT(said, why);
  EXPECT_LT(why, where);
  EXPECT_LT(where, how);
}

TEST(ReportTest, NamesTheLibraryThatStandsBeforeTheKernel) {
  Finding finding = FindingOf(kTwoListeners, "linux-6.18", {.clause = FindClause("listen.port_taken")});
  finding.release = "Linux 6.18.44";
  finding.option = "preload:/home/me/libshim.so";
  const std::string report = Report(finding);
  Find(report, "\nLinux 6.18.44 with libshim.so preloaded differs from Linux 6.18.\n");
  Find(report, "kernel     Linux 6.18.44 with libshim.so preloaded\n");
}

TEST(ReportTest, SaysWhichClausesGiveTheErrnoThatCameBackAndWhyTheyDidNotApply) {
  const std::string report =
      Report(FindingOf("s0 = socket(AF_INET, SOCK_STREAM, 0)\nlisten(s0, 1)\n", "linux-6.18",
                       {.clause = FindClause("listen.autobind"), .error = EADDRINUSE}));
  Find(report, "What came back was EADDRINUSE.");
  Find(report, "  listen.port_taken: -1 EADDRINUSE\n");
  Find(report, "Does not hold here.");
  Find(report, "differs from Linux 6.18.");
  Find(report, "\nWhat POSIX says of the same reply\n");
}

TEST(ReportTest, SaysWhenNoClauseGivesWhatCameBack) {
  const std::string report =
      Report(FindingOf("s0 = socket(AF_INET, SOCK_STREAM, 0)\nlisten(s0, 1)\n", "posix",
                       {.clause = FindClause("listen.autobind"), .error = EPERM}));
  Find(report, "breaks POSIX.");
  Find(report, "What came back was EPERM. No clause of listen() gives that in posix.");
  Find(report, "\nWhat Linux 6.18 says of the same reply\n");
}

TEST(ReportTest, SaysWhatDiffersInASuccess) {
  const std::string report = Report(
      FindingOf("s0 = socket(AF_INET, SOCK_STREAM, 0)\ngetsockopt(s0, SOL_SOCKET, SO_TYPE)\n",
                "linux-6.18", {.clause = FindClause("getsockopt.value"), .spoil = true}));
  Find(report, "Success is right; what differs is what was written");
}

TEST(ReportTest, SaysOfADescriptorWhichOneCameBack) {
  Finding finding = FindingOf("s0 = socket(AF_INET, SOCK_STREAM, 0)\ns1 = dup(s0)\n", "linux-6.18",
                              {.clause = FindClause("dup.shared"), .spoil = true});
  // One is open in between that the program was not told of.
  finding.transcript.said[1].reply = Reply{.value = 2};
  finding.differs = Differs::kValue;
  Find(Report(finding), "what differs is the descriptor: 2 came back, counted from the program's first,\n  where 1 is the lowest");
}

// "…/a.out" of a finding of Linux asks the kernel that it is about; of another kernel's it would ask Linux all the same.
TEST(ReportTest, SaysHowToAskTheKernelThatItIsAbout) {
  const Finding of_the_fake = FindingOf(kTwoListeners, "linux-6.18", {.clause = FindClause("listen.port_taken")});
  const struct {
    const char* kernel;
    const char* option;
    const char* sockspec;
    const char* c;  // or why there is none
  } kCases[] = {
      {"linux", "", "\n      sockspec check --profile=linux-6.18 finding.program\n", "\n      cc repro.c && ./a.out\n"},
      {"preload-stack", "preload:/a/libstack.so", " --kernel=preload:/a/libstack.so ",
       "\n      cc repro.c && LD_PRELOAD=/a/libstack.so ./a.out\n"},
      {"gvisor", "", " --kernel=gvisor ",
       "\n      cc repro.c && runsc --network=none --ignore-cgroups --file-access=shared --platform=ptrace do -quiet -force-overlay=false ./a.out\n"},
      {"gvisor", "gvisor --kernel-image=/a/runsc --kernel-args='--rootless --debug' --platform=kvm",
       " --kernel=gvisor --kernel-image=/a/runsc --kernel-args='--rootless --debug' --platform=kvm ",
       "\n      cc repro.c && /a/runsc --network=none --ignore-cgroups --file-access=shared --platform=kvm --rootless --debug do "
       "-quiet -force-overlay=false ./a.out\n"},
      {"uml", "uml --kernel-image=/a/linux --kernel-args=mem=1G",
       " --kernel=uml --kernel-image=/a/linux --kernel-args=mem=1G ", "BUILD=true LINUX=/a/linux ./ask.sh"},
      {"uml", "uml --kernel-image='/my kernels/linux'", " --kernel=uml --kernel-image='/my kernels/linux' ",
       "BUILD=true LINUX='/my kernels/linux' ./ask.sh"},
      {"lwip", "", " --kernel=lwip ", "which is a library within sockspec"},
  };
  for (const auto& [kernel, option, sockspec, c] : kCases) {
    Finding finding = of_the_fake;
    finding.kernel = kernel;
    finding.option = option;
    const std::string report = Report(finding);
    SCOPED_TRACE(kernel);
    const size_t how = Find(report, "\nHow to run it again\n");
    EXPECT_GT(Find(report, sockspec), how);
    // Without its line breaks, where they are.
    std::string line = report.substr(how);
    for (size_t at = 0; (at = line.find("\n  ", at)) != std::string::npos && c[0] != '\n';) line.replace(at, 3, " ");
    Find(line, c);
    const bool asks_linux = report.find("cc repro.c && ./a.out") != std::string::npos;
    EXPECT_EQ(asks_linux, finding.kernel == "linux");
  }
}

TEST(ReportTest, ABisectionAsksTheKernelThatItIsAboutOrSaysWhyItCannot) {
  Finding finding = FindingOf(kTwoListeners, "linux-6.18", {.clause = FindClause("listen.port_taken")});
  finding.kernel = "linux";
  Find(BisectScriptOf(finding, "").script, "\nRUN=${RUN-uml}\n");
  finding.kernel = "gvisor";
  finding.option = "gvisor --kernel-args=--rootless --platform=kvm";
  Find(BisectScriptOf(finding, "").script, "\nRUN=${RUN-gvisor}\n");
  Find(BisectScriptOf(finding, "").script, "\nRUNSC_FLAGS=${RUNSC_FLAGS---network=none --ignore-cgroups --file-access=shared --platform=kvm --rootless}\n");
  finding.kernel = "uml";
  finding.option = "uml --kernel-args='mem=1G ssl=none'";
  Find(BisectScriptOf(finding, "").script, "\nLINUX_ARGS=${LINUX_ARGS-mem=1G ssl=none}\n");
  finding.option = "uml --kernel-args='a=$HOME'";
  Find(BisectScriptOf(finding, "").script, "\n[ -n \"${LINUX_ARGS+set}\" ] || LINUX_ARGS='a=$HOME'\n");
  finding.kernel = "preload-stack";
  finding.option = "preload:/a/libstack.so";
  Find(BisectScriptOf(finding, "").script, "\nRUN=${RUN-preload}\nLIBRARY=${LIBRARY-/a/libstack.so}\n");
  finding.kernel = "lwip";
  finding.option = "";
  EXPECT_EQ(BisectScriptOf(finding, "").script, "");
  Find(BisectScriptOf(finding, "").problem, "sockspec check --kernel=lwip --profile=linux-6.18 finding.program");
}

TEST(ReportTest, KeepsToItsColumns) {
  const std::string report =
      Report(FindingOf(kTwoListeners, "linux-6.18", {.clause = FindClause("listen.port_taken")}));
  for (size_t at = 0; at < report.size();) {
    const size_t end = report.find('\n', at);
    EXPECT_LE(end - at, 100u) << report.substr(at, end - at);
    at = end + 1;
  }
}

}  // namespace
}  // namespace sockspec
