// sockspec minimize: the smallest program that still shows the first divergence of the one given.

#include "fuzz/minimize.h"

#include <chrono>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "cli/command.h"
#include "cli/files.h"
#include "cli/guest.h"
#include "cli/kernels.h"
#include "cli/stop.h"
#include "cli/watched.h"
#include "fmt/format.h"
#include "fuzz/confirm.h"
#include "fuzz/finding.h"
#include "fuzz/lockstep.h"
#include "fuzz/report.h"

namespace sockspec {
namespace {

struct Options {
  KernelOptions kernel;
  std::string file;
  std::string out;
  std::string key;
};

// The divergence to keep: the first, or the one of --key.
const Divergence* Choose(const Run& run, const std::string& key) {
  for (const Divergence& divergence : run.divergences) {
    if (key.empty() || divergence.key == key) return &divergence;
  }
  return nullptr;
}

int RunMinimize(const Options& options) {
  const Transcript transcript = ReadProgram(options.file);
  const Profile profile = ProfileFor(options.kernel);
  MutationFor(options.kernel, profile);
  PrepareKernel(options.kernel);
  if (IsWithinTheProcess(options.kernel)) GoOnWatched({NameOf(options.file)}).store(0);
  const std::unique_ptr<Kernel> kernel = MakeKernel(options.kernel, profile);
  Lockstep lockstep(*kernel, profile);

  const Run original = lockstep.PlayFresh(transcript.program);
  if (original.trouble.any()) throw Stop{kExitUnavailable, original.trouble.what};
  const Divergence* divergence = Choose(original, options.key);
  if (divergence == nullptr) {
    const std::string name = NameOf(options.file);
    if (!options.key.empty()) {
      throw Stop{kExitUnusable, fmt::format("{} does not show {} on {}, held to {}", name,
                                            options.key, kernel->release(), profile.name())};
    }
    if (original.discarded) {
      throw Stop{kExitUnusable,
                 fmt::format("{} cannot be judged: {}", name, original.why_discarded)};
    }
    throw Stop{
        kExitUnusable,
        fmt::format(
            "{} has nothing to minimize: {} conforms to {}, expected a program that diverges", name,
            kernel->release(), profile.name())};
  }

  const std::string key = divergence->key;
  const bool first = divergence == &original.divergences[0];
  const auto keeps = [&](const Program& candidate) {
    const Run& run = lockstep.PlayFresh(candidate);
    return first ? Shows(run, key) : Choose(run, key) != nullptr;
  };
  const Minimized minimized =
      Minimize(transcript.program, keeps,
               {.last_call = divergence->index,
                .plausible = Plausible(profile, transcript.program.calls[divergence->index].op,
                                       divergence->expected)});

  const Run run = lockstep.PlayFresh(minimized.program);
  const Divergence* left = Choose(run, key);
  if (left == nullptr) {
    throw Stop{kExitUnusable, fmt::format("{} does not repeat: {} came back once and then no more",
                                          NameOf(options.file), key)};
  }
  Finding finding = MakeFinding(minimized.program, run, *left, profile, *kernel);
  finding.original = transcript.program;
  finding.mutant = options.kernel.mutant;
  WriteWhole(options.out, FindingProgram(finding));
  fmt::print(
      stderr, "sockspec: {} calls of {}, {} runs{}\n  {}\n", minimized.program.calls.size(),
      transcript.program.calls.size(), minimized.asked,
      minimized.one_minimal ? "" : fmt::format("; perhaps not the smallest: {}", minimized.why_not),
      Headline(finding));
  return kExitConforms;  // it did what it was asked for
}

}  // namespace

void AddMinimize(CLI::App& app, int& status) {
  CLI::App* command =
      app.add_subcommand("minimize", "The smallest program that still shows the same divergence");
  auto options = std::make_shared<Options>();
  command->add_option("FILE", options->file, "The program; - is standard input")
      ->type_name("")
      ->required();
  command->add_option("-o,--output", options->out, "Where to write it; left out: standard output")
      ->type_name("FILE");
  command
      ->add_option("--key", options->key,
                   "Keep the divergence of this key; left out: the first one")
      ->type_name("KEY");
  AddKernelOptions(*command, options->kernel);
  command->callback([options, &status] {
    if (IsGuest(options->kernel) && !options->out.empty() && options->out != "-") {
      throw Stop{kExitUnusable, "--output: the guest may not write here; leave it out and redirect what is printed"};
    }
    status = HereOrInGuest(options->kernel, {.files = {options->file}}, [&] { return RunMinimize(*options); });
  });
}

}  // namespace sockspec
