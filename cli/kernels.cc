#include "cli/kernels.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "CLI/CLI.hpp"
#include "cli/files.h"
#include "cli/stop.h"
#include "fmt/format.h"
#include "fuzz/fake_kernel.h"
#include "model/clause.h"
#include "model/program/declarations.h"
#include "sut/guest.h"
#include "sut/linux.h"
#include "sut/lwip.h"
#include "sut/preload.h"
#include "sut/sandbox.h"
#include "sut/watchdog.h"

namespace sockspec {
namespace {

// Register a kernel of your own here, in ReleaseOf() and in MakeKernel().
constexpr struct {
  std::string_view name;
  bool within = false;  // IsWithinTheProcess()
} kKernels[] = {{"linux"}, {"uml"}, {"gvisor"}, {.name = "lwip", .within = true}, {"fake"}};

constexpr std::string_view kAsItIs = "as-it-is";  // of lwIP: without our mending

// What the kernel says of itself where that is known without starting it; empty elsewhere.
std::string ReleaseOf(const KernelOptions& options) {
  if (options.kernel == "lwip") return LwipRelease();
  if (!GuestRelease().empty()) return GuestRelease();
  return options.kernel == "linux" || options.kernel.starts_with(kPreloadPrefix) ? LinuxRelease() : "";
}

// The clauses whose ids look most like `id`, for a message.
std::string LikelyClauses(std::string_view id, const Profile& profile) {
  const std::string_view call = id.substr(0, id.find('.'));
  std::string likely;
  int count = 0;
  for (const Clause* clause : AllClauses()) {
    if (!clause->BelongsTo(profile) || !clause->id.starts_with(call)) continue;
    if (++count > 8) return likely + ", …";
    likely += (likely.empty() ? "" : ", ") + std::string(clause->id);
  }
  return likely.empty() ? "`sockspec spec` has all" : likely;
}

// What an option says that the kernel does not take would be lost without a word.
void CheckOptionsOf(const KernelOptions& options) {
  const bool guest = options.kernel == "uml" || options.kernel == "gvisor";
  const bool lwip = options.kernel == "lwip";
  if (!options.image.empty() && !guest && !lwip) {
    throw Stop{kExitUnusable, fmt::format("--kernel-image: {} takes none; uml, gvisor and lwip do", options.kernel)};
  }
  if (!options.kernel_arguments.empty() && !guest && !lwip) {
    throw Stop{kExitUnusable, fmt::format("--kernel-args: {} takes none; uml, gvisor and lwip do", options.kernel)};
  }
  if (lwip && !options.kernel_arguments.empty() && options.kernel_arguments != kAsItIs) {
    throw Stop{kExitUnusable, fmt::format("--kernel-args: found `{}`, expected {}, which is all that lwip takes",
                                          options.kernel_arguments, kAsItIs)};
  }
  if (!options.platform.empty() && options.kernel != "gvisor") {
    throw Stop{kExitUnusable, fmt::format("--platform: {} has none; it is gvisor's", options.kernel)};
  }
}

}  // namespace

void CheckKernelName(const KernelOptions& options) {
  if (options.kernel.starts_with(kPreloadPrefix)) {
    if (options.kernel.size() > kPreloadPrefix.size()) return CheckOptionsOf(options);
    throw Stop{kExitUnusable, "--kernel: found `preload:`, expected a library after it: preload:./libstack.so"};
  }
  std::string names;
  bool known = false;
  for (const auto& kernel : kKernels) {
    known |= kernel.name == options.kernel;
    names += kernel.name == "fake" ? fmt::format("{}LIB.so or fake", kPreloadPrefix) : fmt::format("{}, ", kernel.name);
  }
  if (!known) throw Stop{kExitUnusable, fmt::format("unknown kernel `{}`, expected {}", options.kernel, names)};
  CheckOptionsOf(options);
}

bool IsWithinTheProcess(const KernelOptions& options) {
  return std::ranges::any_of(kKernels, [&](const auto& kernel) { return kernel.within && kernel.name == options.kernel; });
}

std::string LibraryToPreload(const KernelOptions& options) {
  if (!options.kernel.starts_with(kPreloadPrefix) || options.kernel.size() == kPreloadPrefix.size()) return "";
  return std::filesystem::absolute(PathOf(options.kernel.substr(kPreloadPrefix.size()))).lexically_normal().string();
}

std::string KernelFamily(const KernelOptions& options) {
  if (const std::string library = LibraryToPreload(options); !library.empty()) return PreloadFamily(library);
  return GuestKind().empty() ? options.kernel : GuestKind();
}

KernelSetup SetupFor(const KernelOptions& options) {
  KernelSetup setup{.kernel = options.kernel,
                    .image = options.image,
                    .arguments = options.kernel_arguments,
                    .platform = options.platform};
  if (const std::string library = LibraryToPreload(options); !library.empty()) {
    setup.kernel = std::string(kPreloadPrefix) + library;
  }
  // A name that is looked for in PATH stays one.
  const std::filesystem::path image = PathOf(options.image);
  if (std::error_code error; !options.image.empty() && std::filesystem::is_regular_file(image, error)) {
    setup.image = std::filesystem::absolute(image).lexically_normal().string();
  }
  return WithWhatTheUserNeeds(std::move(setup));
}

std::string KernelRelease(const KernelOptions& options) {
  const std::string release = ReleaseOf(options);
  if (release.empty()) return "the " + options.kernel + " kernel";
  return release;
}

void AddProfileOption(CLI::App& command, KernelOptions& options) {
  command
      .add_option(
          "--profile", options.profile,
          "The specification to hold it to: linux (the version nearest to the running one), posix, "
          "or a version such as linux-6.1. Left out: linux, and posix for a stack such as lwip")
      ->type_name("P");
}

void AddKernelOptions(CLI::App& command, KernelOptions& options) {
  CLI::Option* kernel = command
                            .add_option("--kernel", options.kernel,
                                        "The kernel under test: linux (this machine's), uml (user-mode Linux), "
                                        "gvisor, lwip, preload:LIB.so (this machine's, with a stack or shim preloaded), or fake")
                            ->type_name("K")
                            ->capture_default_str();
  command
      .add_option_function<std::string>(
          "--mutant",
          [&options, kernel](const std::string& clause) {
            options.mutant = clause;
            if (kernel->count() == 0) options.kernel = "fake";
          },
          "A fault for the fake kernel: a clause that it lacks; with :ERRNO it refuses with that "
          "one "
          "instead, with :spoilt its reply is wrong")
      ->type_name("CLAUSE");
  AddGuestOptions(command, options);
  AddProfileOption(command, options);
}

void AddGuestOptions(CLI::App& command, KernelOptions& options) {
  command
      .add_option("--kernel-image", options.image,
                  "With uml: the kernel's file, with gvisor runsc's, with lwip the library; left out: linux.uml, "
                  "runsc in PATH, liblwip.so.0")
      ->type_name("FILE");
  command
      .add_option("--kernel-args", options.kernel_arguments,
                  "With uml: more words for its command line; with gvisor: more flags of runsc; with lwip: as-it-is, "
                  "without our mending")
      ->type_name("WORDS");
  command
      .add_option("--platform", options.platform, "With gvisor: its platform, ptrace where left out")
      ->type_name("P");
}

Profile ProfileFor(const KernelOptions& options) { return ProfileFor(options, ReleaseOf(options)); }

Profile ProfileFor(const KernelOptions& options, const std::string& release) {
  // A stack within the process does not say that it is Linux. Who moves programs from there to it may ask all the same, and
  // is held to the newest version known.
  const bool stack = IsWithinTheProcess(options);
  const std::string asked = !options.profile.empty() ? options.profile : stack ? "posix" : "linux";
  ResolvedProfile resolved = ResolveProfile(asked, stack ? "" : release);
  if (stack && resolved.problem.empty() && !asked.starts_with("posix")) {
    const bool lwip = options.kernel == "lwip";
    fmt::print(stderr, "sockspec: {} is not Linux, and is held to {} here{}\n", lwip ? "lwIP" : options.kernel,
               resolved.profile.name(),
               lwip ? "; what is known of it (fuzz/found/lwip.deviations) is about posix" : "");
  }
  if (!resolved.problem.empty()) throw Stop{kExitUnusable, resolved.problem};
  if (!resolved.profile.verified) fmt::print(stderr, "sockspec: {}\n", resolved.profile.note);
  return resolved.profile;
}

Mutation MutationFor(const KernelOptions& options, const Profile& profile) {
  Mutation mutation;
  if (options.mutant.empty()) return mutation;
  if (options.kernel != "fake") {
    throw Stop{
        kExitUnusable,
        fmt::format("--mutant changes the fake kernel, and `{}` is none; expected --kernel=fake",
                    options.kernel)};
  }
  const size_t colon = options.mutant.find(':');
  const std::string id = options.mutant.substr(0, colon);
  mutation.clause = FindClause(id);
  if (mutation.clause == nullptr || !mutation.clause->BelongsTo(profile)) {
    throw Stop{kExitUnusable,
               fmt::format("--mutant: found `{}`, expected a clause of the profile {}: {}", id,
                           profile.name(), LikelyClauses(id, profile))};
  }
  if (colon == std::string::npos) return mutation;
  const std::string change = options.mutant.substr(colon + 1);
  if (change == "spoilt") {
    mutation.spoil = true;
    return mutation;
  }
  for (const Token& token : Errnos()) {
    if (token.name == change) mutation.error = static_cast<int16_t>(token.value);
  }
  if (mutation.error == 0) {
    throw Stop{
        kExitUnusable,
        fmt::format("--mutant: found `{}` after the clause, expected an errno such as EINVAL, or "
                    "spoilt",
                    change)};
  }
  return mutation;
}

void PrepareKernel(const KernelOptions& options) {
  CheckKernelName(options);
  const bool preloaded = !PreloadedLibrary().empty();
  if (preloaded) TellTheCallThatKills();
  if ((options.kernel != "linux" && !preloaded) || !NeedsUserNamespace()) return;
  if (const Trouble trouble = EnterUserNamespace(); trouble.any()) {
    throw Stop{kExitUnavailable, trouble.what};
  }
  if (preloaded) EndWithStarter();
}

std::unique_ptr<Kernel> MakeKernel(const KernelOptions& options, const Profile& profile) {
  CheckKernelName(options);
  if (options.kernel == "fake") {
    return std::make_unique<FakeKernel>(profile, MutationFor(options, profile), profile.late ? 1 : 0);
  }
  Trouble trouble;
  if (options.kernel == "lwip") {
    std::unique_ptr<Kernel> lwip = MakeLwipKernel({.library = options.image,
                                                   .as_it_is = options.kernel_arguments == kAsItIs,
                                                   .option = WordsOf(SetupFor(options))},
                                                  &trouble);
    if (lwip == nullptr) throw Stop{kExitUnavailable, trouble.what};
    return lwip;
  }
  const std::string library = LibraryToPreload(options);
  const LinuxOptions linux = {.at_hand = GuestKind() == "gvisor",
                              .family = KernelFamily(options),
                              .option = library.empty() ? GuestName() : WordsOf(SetupFor(options)),
                              .release = GuestRelease(),
                              .preloaded = !PreloadedLibrary().empty()};
  std::unique_ptr<Kernel> kernel = MakeLinuxKernel(linux, &trouble);
  if (kernel == nullptr) throw Stop{kExitUnavailable, trouble.what};
  return kernel;
}

}  // namespace sockspec
