#include "fuzz/ask_again.h"

#include <string_view>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "sut/guest.h"
#include "sut/preload.h"

namespace sockspec {
namespace {

// What follows `name` in the words of Finding::option: "/opt/runsc" in "gvisor --kernel-image=/opt/runsc".
std::string Word(std::string_view option, std::string_view name) {
  const size_t at = option.find(name);
  if (at == std::string_view::npos) return "";
  option.remove_prefix(at + name.size());
  return std::string(option.substr(0, option.find(' ')));
}

Reached ReachedBy(const Finding& finding) {
  if (finding.option.starts_with(kPreloadPrefix)) return Reached::kPreload;
  if (finding.kernel == "uml") return Reached::kUml;
  if (finding.kernel == "gvisor") return Reached::kGvisor;
  // A kernel of the user's own is within sockspec, as lwIP is.
  return finding.kernel == "linux" || finding.kernel == "fake" ? Reached::kHere : Reached::kWithin;
}

}  // namespace

AskAgain AskAgainOf(const Finding& finding) {
  AskAgain again{.reached = ReachedBy(finding),
                 .image = Word(finding.option, " --kernel-image="),
                 .platform = Word(finding.option, " --platform=")};
  std::string options;
  if (finding.kernel != "linux") options += " --kernel=" + (finding.option.empty() ? finding.kernel : finding.option);
  if (!finding.mutant.empty()) options += " --mutant=" + finding.mutant;
  again.sockspec = fmt::format("sockspec check{} --profile={} finding.program", options, finding.profile);
  switch (again.reached) {
    case Reached::kHere:
      again.c = "cc repro.c && ./a.out";
      break;
    case Reached::kPreload:
      again.library = finding.option.substr(kPreloadPrefix.size());
      again.c = fmt::format("cc repro.c && LD_PRELOAD={} ./a.out", again.library);
      break;
    case Reached::kGvisor:
      again.c = fmt::format("cc repro.c && {} {} do ./a.out", again.image.empty() ? "runsc" : again.image,
                            fmt::join(RunscFlags(again.platform), " "));
      break;
    case Reached::kUml:
      again.why_no_c = fmt::format(
          "repro.c asks the kernel that it runs on. `sockspec triage DIR bisect-script KEY -o ask.sh` boots another one "
          "for it: BUILD=true LINUX={} ./ask.sh",
          again.image.empty() ? "$(command -v linux.uml)" : again.image);
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
