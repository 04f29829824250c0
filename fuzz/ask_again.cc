#include "fuzz/ask_again.h"

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "sut/preload.h"

namespace sockspec {
namespace {

Reached ReachedBy(const Finding& finding, const KernelSetup& setup) {
  if (setup.kernel.starts_with(kPreloadPrefix)) return Reached::kPreload;
  if (finding.kernel == "uml") return Reached::kUml;
  if (finding.kernel == "gvisor") return Reached::kGvisor;
  // A kernel of the user's own is within sockspec, as lwIP is.
  return finding.kernel == "linux" || finding.kernel == "fake" ? Reached::kHere : Reached::kWithin;
}

}  // namespace

std::string CheckCommand(const Asked& asked, std::string_view file) {
  std::string command = "sockspec check";
  if (!asked.kernel.empty() && asked.kernel != "linux") command += " --kernel=" + asked.kernel;
  if (!asked.mutant.empty()) command += " --mutant=" + ForShell(asked.mutant);
  if (!asked.profile.empty()) command += " --profile=" + ForShell(asked.profile);
  return command + " " + ForShell(file);
}

Asked AskedOf(const Finding& finding) {
  return {.kernel = finding.option.empty() ? finding.kernel : finding.option, .mutant = finding.mutant, .profile = finding.profile};
}

AskAgain AskAgainOf(const Finding& finding) {
  const Asked asked = AskedOf(finding);
  AskAgain again{.sockspec = CheckCommand(asked, "finding.program"), .setup = SetupOf(asked.kernel)};
  again.reached = ReachedBy(finding, again.setup);
  const std::string& image = again.setup.image;
  switch (again.reached) {
    case Reached::kHere:
      again.c = "cc repro.c && ./a.out";
      break;
    case Reached::kPreload:
      again.library = again.setup.kernel.substr(kPreloadPrefix.size());
      again.c = fmt::format("cc repro.c && LD_PRELOAD={} ./a.out", ForShell(again.library));
      break;
    case Reached::kGvisor:
      again.c = fmt::format("cc repro.c && {} {} do {} ./a.out", image.empty() ? "runsc" : ForShell(image),
                            ForShell(RunscFlags(again.setup)), fmt::join(kRunscDoFlags, " "));
      break;
    case Reached::kUml:
      again.why_no_c = fmt::format(
          "repro.c asks the kernel that it runs on. `sockspec triage DIR bisect-script KEY -o ask.sh` boots another one "
          "for it: BUILD=true LINUX={} ./ask.sh",
          image.empty() ? "$(command -v linux.uml)" : ForShell(image));
      break;
    case Reached::kWithin:
      again.why_no_c = fmt::format(
          "repro.c asks the kernel that it runs on, and not {}, which is a library within sockspec. It shows what the "
          "program is in C.",
          finding.release);
      break;
  }
  return again;
}

}  // namespace sockspec
