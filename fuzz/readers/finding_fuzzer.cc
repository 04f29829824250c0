// Any text is a finding or a problem with a place in it, and a finding that is stored loads again.
//
//     bazel run //fuzz/readers:finding_fuzzer_run -- --timeout_secs=60

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/finding.h"
#include "fuzz/readers/property.h"
#include "fuzz/report.h"
#include "model/program/text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sockspec;
  const std::string_view text = AsText(data, size);
  const LoadedFinding loaded = ParseFinding(text, "finding.json");
  if (!loaded.problem.empty()) {
    // A problem in a program inside names its place in that program instead.
    constexpr std::string_view kInside = "finding.json, the program in \"";
    Property(loaded.problem.starts_with(kInside) || NamesAPlace(loaded.problem, "finding.json", text),
             "a problem names a line and a column of the text", loaded.problem);
    return 0;
  }
  const std::string stored = FindingJson(loaded.finding);
  const LoadedFinding again = ParseFinding(stored, "again");
  Property(again.problem.empty(), "what is stored can be loaded", again.problem + "\n" + stored);
  Property(FindingJson(again.finding) == stored, "what is stored loads as it was", stored);

  const std::string program = FindingProgram(loaded.finding);
  const ParsedText read = ParseText(program, "finding.program");
  Property(read.ok(), "finding.program can be read", read.problem.Message() + "\n" + program);
  Property(read.transcript.program == loaded.finding.transcript.program,
           "finding.program has the finding's program", program);
  Property(!Report(loaded.finding).empty(), "every finding has a report", stored);
  return 0;
}
