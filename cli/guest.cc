#include "cli/guest.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "cli/files.h"
#include "cli/stop.h"
#include "fmt/format.h"
#include "sut/guest.h"
#include "sut/preload.h"

namespace sockspec {
namespace {

std::vector<std::string> g_arguments;

volatile sig_atomic_t g_interrupted = 0;

// Options that say which kernel it is; inside there is only one.
constexpr std::string_view kOfTheKernel[] = {"--kernel", "--kernel-image", "--kernel-args", "--platform"};

bool IsOption(const std::string& word, std::string_view option, bool& has_value) {
  has_value = word.size() > option.size() && word[option.size()] == '=';
  return word.starts_with(option) && (word.size() == option.size() || has_value);
}

std::vector<std::string> ArgumentsInside() {
  std::vector<std::string> inside;
  for (size_t i = 1; i < g_arguments.size(); ++i) {
    const std::string& word = g_arguments[i];
    bool left_out = false, has_value = false;
    for (const std::string_view option : kOfTheKernel) {
      if (left_out || !IsOption(word, option, has_value)) continue;
      left_out = true;
      if (!has_value) ++i;
    }
    if (!left_out) inside.push_back(word);
  }
  return inside;
}

// While a guest runs: Ctrl-C goes to it, by way of a file.
class Interrupts {
 public:
  Interrupts() {
    g_interrupted = 0;
    struct sigaction action = {};
    action.sa_handler = [](int) { g_interrupted = g_interrupted + 1; };
    sigaction(SIGINT, &action, &interrupt_);
    sigaction(SIGTERM, &action, &terminate_);
    sigaction(SIGHUP, &action, &hang_up_);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, &pipe_);
  }
  ~Interrupts() {
    sigaction(SIGINT, &interrupt_, nullptr);
    sigaction(SIGTERM, &terminate_, nullptr);
    sigaction(SIGHUP, &hang_up_, nullptr);
    sigaction(SIGPIPE, &pipe_, nullptr);
  }

 private:
  struct sigaction interrupt_, terminate_, hang_up_, pipe_;
};

GuestRun RunCommandPreloaded(const KernelOptions& options, const std::vector<std::string>& more_arguments) {
  PreloadOptions child{.library = LibraryToPreload(options)};
  child.arguments.assign(g_arguments.begin() + 1, g_arguments.end());
  child.arguments.insert(child.arguments.end(), more_arguments.begin(), more_arguments.end());
  const PreloadResult result = RunPreloaded(child);
  if (result.end == PreloadEnd::kUnavailable) throw Stop{kExitUnavailable, result.what};
  return {.status = result.end == PreloadEnd::kExited ? result.status : kExitDiverges,
          .died = result.end == PreloadEnd::kDied,
          .signal = result.what};
}

GuestOptions GuestFor(const KernelOptions& options) {
  return {.setup = SetupFor(options),
          .directory = std::filesystem::absolute(PathOf(".")).lexically_normal().string(),
          .stop = [] { return static_cast<int>(g_interrupted); }};
}

}  // namespace

void KeepArguments(int argc, char** argv) { g_arguments.assign(argv, argv + argc); }

const std::vector<std::string>& KeptArguments() { return g_arguments; }

bool IsGuest(const KernelOptions& options) { return options.kernel == "uml" || options.kernel == "gvisor"; }

bool RunsElsewhere(const KernelOptions& options) {
  return IsGuest(options) || (!LibraryToPreload(options).empty() && PreloadedLibrary().empty());
}

GuestRun RunCommandInGuest(const KernelOptions& options, const GuestNeeds& needs,
                           const std::vector<std::string>& more_arguments) {
  if (!IsGuest(options)) return RunCommandPreloaded(options, more_arguments);
  GuestOptions guest = GuestFor(options);
  guest.arguments = ArgumentsInside();
  guest.reads_input = std::ranges::find(needs.files, "-") != needs.files.end();
  guest.arguments.insert(guest.arguments.end(), more_arguments.begin(), more_arguments.end());
  if (!needs.directory.empty()) {
    const std::filesystem::path path = std::filesystem::absolute(PathOf(needs.directory)).lexically_normal();
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) throw Stop{kExitUnusable, fmt::format("cannot make the directory {}: {}", path.string(), error.message())};
    guest.writable.push_back(path.string());
  }
  const Interrupts interrupts;
  const GuestResult result = RunInGuest(guest);
  if (result.end == GuestEnd::kUnavailable) throw Stop{kExitUnavailable, result.what};
  const bool has_status = result.end == GuestEnd::kExited || result.end == GuestEnd::kStopped;
  return {.status = has_status ? result.status : kExitDiverges,
          .died = result.end == GuestEnd::kDied,
          .hung = result.end == GuestEnd::kHung,
          .interrupted = g_interrupted != 0,
          .last_words = result.what};
}

GuestRun RunInGuestUntil(const KernelOptions& options, const std::vector<std::string>& arguments, const std::string& directory,
                         const std::function<int()>& signals) {
  GuestOptions guest = GuestFor(options);
  guest.arguments = arguments;
  guest.writable.push_back(std::filesystem::absolute(PathOf(directory)).lexically_normal().string());
  guest.stop = signals;
  const GuestResult result = RunInGuest(guest);
  if (result.end == GuestEnd::kUnavailable) throw Stop{kExitUnavailable, result.what};
  return {.status = result.status,
          .died = result.end == GuestEnd::kDied,
          .hung = result.end == GuestEnd::kHung,
          .interrupted = signals() != 0,
          .last_words = result.what};
}

std::string DeathWords(const GuestRun& run) {
  if (!run.signal.empty()) return "the kernel died of " + run.signal;
  return fmt::format("the kernel {}; its last words:\n{}", run.died ? "died" : "hung, and was killed", run.last_words);
}

GuestOutput OutputOfGuest(const KernelOptions& options, const std::vector<std::string>& arguments, const std::string& input) {
  GuestOutput output;
  if (!IsGuest(options)) {
    const PreloadResult result = RunPreloaded(
        {.library = LibraryToPreload(options), .arguments = arguments, .input = &input, .output = &output.text});
    if (result.end == PreloadEnd::kUnavailable) throw Stop{kExitUnavailable, result.what};
    output.status = result.status;
    output.died = result.end == PreloadEnd::kDied;
    output.words = output.died ? DeathWords({.died = true, .signal = result.what}) : "";
    return output;
  }
  GuestOptions guest = GuestFor(options);
  guest.arguments = arguments;
  guest.output = &output.text;
  guest.input = &input;
  const Interrupts interrupts;
  const GuestResult result = RunInGuest(guest);
  if (g_interrupted != 0) throw Stop{static_cast<ExitStatus>(128 + SIGINT), "interrupted"};
  if (result.end == GuestEnd::kUnavailable) throw Stop{kExitUnavailable, result.what};
  output.status = result.status;
  output.died = result.end == GuestEnd::kDied;
  output.hung = result.end == GuestEnd::kHung;
  if (output.died || output.hung) {
    output.words = DeathWords({.died = output.died, .hung = output.hung, .last_words = result.what});
  }
  return output;
}

int HereOrInGuest(const KernelOptions& options, const GuestNeeds& needs, const std::function<int()>& here) {
  CheckKernelName(options);
  if (!RunsElsewhere(options)) return here();
  const GuestRun run = RunCommandInGuest(options, needs);
  if (run.died || run.hung) {
    fmt::print(stderr, "sockspec: {}\n", DeathWords(run));
  }
  return run.status;
}

}  // namespace sockspec
