// sockspec spec: the specification, for people and for programs that show it to them.

#include "model/spec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "cli/command.h"
#include "cli/files.h"
#include "cli/kernels.h"
#include "cli/stop.h"
#include "fmt/format.h"
#include "properties/claims.h"
#include "sut/linux.h"

namespace sockspec {
namespace {

const std::map<std::string, SpecFormat> kFormats = {
    {"dot", SpecFormat::kDot}, {"json", SpecFormat::kJson}, {"md", SpecFormat::kMarkdown}};
const std::string kSvg = "svg";

const std::map<std::string, SpecKind> kKinds = {
    {"tcp", SpecKind::kTcp4},
    {"tcp6", SpecKind::kTcp6},
    {"udp", SpecKind::kUdp4},
    {"udp6", SpecKind::kUdp6},
    {"unix-stream", SpecKind::kUnixStream},
    {"unix-dgram", SpecKind::kUnixDatagram},
    {"unix-seqpacket", SpecKind::kUnixSeqpacket}};

struct Options {
  KernelOptions kernel;
  std::string format = "md";
  std::string of;
  bool claims = false;
  bool no_kernel = false;
};

// The drawing, as graphviz makes it. Its library would not link into a static binary; the program is asked.
std::string Drawn(const std::string& dot) {
  char path[] = "/tmp/sockspec.dot.XXXXXX";
  const int fd = mkstemp(path);
  if (fd < 0) throw Stop{kExitUnavailable, fmt::format("mkstemp {}: {}", path, strerror(errno))};
  close(fd);
  WriteWhole(path, dot);
  std::string svg;
  FILE* const pipe = popen(fmt::format("dot -Tsvg {} 2>/dev/null", path).c_str(), "r");
  char buffer[4096];
  while (pipe != nullptr) {
    const size_t size = fread(buffer, 1, sizeof buffer, pipe);
    if (size == 0) break;
    svg.append(buffer, size);
  }
  const int status = pipe == nullptr ? -1 : pclose(pipe);
  unlink(path);
  if (status != 0) {
    throw Stop{kExitUnavailable,
               "graphviz draws the picture, and `dot` could not be run: apt-get install graphviz, or take "
               "--format=dot elsewhere"};
  }
  return svg;
}

std::string SpecText(const Options& options) {
  const Profile profile = ProfileFor(options.kernel);
  const SpecKind kind = options.of.empty() ? SpecKind::kTcp4 : kKinds.at(options.of);
  if (options.format == kSvg) return Drawn(PhaseDiagram(profile, kind));
  if (options.format == "dot" && !options.of.empty()) return PhaseDiagram(profile, kind);
  return Specification(profile, kFormats.at(options.format), ClaimsDecidedBy(profile));
}

// By both profiles and, where one can be had, by the running kernel.
std::string ClaimsText(const Options& options) {
  std::vector<ClaimColumn> columns = {ColumnOf(ProfileFor(options.kernel)),
                                      ColumnOf(ResolveProfile("posix", "").profile)};
  Trouble trouble;
  const auto kernel = options.no_kernel ? nullptr : MakeLinuxKernel({}, &trouble);
  if (kernel != nullptr) {
    columns.push_back(ColumnOf("this kernel, " + kernel->release(), *kernel));
  } else if (!options.no_kernel) {
    fmt::print(stderr, "sockspec: not asked of this kernel: {}\n", trouble.what);
  }
  return options.format == "json" ? ClaimsJson(columns) : ClaimsMarkdown(columns);
}

}  // namespace

void AddSpec(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand(
      "spec", "The specification: clauses with citations, call by phase, how phases follow");
  auto options = std::make_shared<Options>();
  command
      ->add_option("--format", options->format,
                   "md (all of it), json, dot (the phases and the calls between them) or svg (that, drawn by graphviz)")
      ->check(CLI::IsMember({"md", "json", "dot", "svg"}))
      ->type_name("F")
      ->capture_default_str();
  command->add_option("--of", options->of, "Of dot and svg: one kind of socket")
      ->check(CLI::IsMember(kKinds))
      ->type_name("KIND");
  AddProfileOption(*command, options->kernel);
  command->add_flag("--claims", options->claims,
                    "What documents claim of connect() and bind(), with a verdict for each; md or json");
  command->add_flag("--no-kernel", options->no_kernel, "Of --claims: without a column for the running kernel");
  command->callback([options, &status] {
    if (options->claims) {
      if (options->format == "dot" || options->format == kSvg) throw Stop{kExitUnusable, "--claims is printed as md or json, not drawn"};
      WriteWhole("-", ClaimsText(*options));
      status = kExitConforms;
      return;
    }
    WriteWhole("-", SpecText(*options));
    status = kExitConforms;
  });
}

}  // namespace sockspec
