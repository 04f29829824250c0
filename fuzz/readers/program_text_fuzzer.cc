// Any text is a program or a problem with a place in it, and a program that is printed reads back.
//
//     bazel run //fuzz/readers:program_text_fuzzer_run -- --timeout_secs=60

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/readers/property.h"
#include "model/program/bytes.h"
#include "model/program/c.h"
#include "model/program/text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sockspec;
  const std::string_view text = AsText(data, size);
  const ParsedText read = ParseText(text, "f");
  if (!read.ok()) {
    const std::string message = read.problem.Message();
    Property(NamesAPlace(message, "f", text), "a problem names a line and a column of the text", message);
    Property(!read.problem.what.empty() && !read.problem.expected.empty(),
             "a problem says what is there and what was expected", message);
    return 0;
  }
  const Transcript& transcript = read.transcript;
  const std::string printed = PrintText(transcript);
  const ParsedText again = ParseText(printed, "printed");
  Property(again.ok(), "what is printed can be read", again.problem.Message() + "\n" + printed);
  Property(again.transcript.program == transcript.program, "the program that is printed reads back", printed);
  Property(again.transcript.comments == transcript.comments, "comments at the head read back", printed);
  Property(again.transcript.said.size() == transcript.program.calls.size(),
           "as much is said of as there are calls", printed);
  for (size_t i = 0; i < transcript.said.size(); ++i) {
    const Said& said = transcript.said[i];
    Property(again.transcript.said[i].reply == said.reply, "what is said of a call reads back", printed);
    Property(again.transcript.said[i].clause == said.clause, "the clause reads back", printed);
  }
  Property(PrintText(again.transcript) == printed, "what is printed is canonical", printed);

  Program mended = transcript.program;
  Mend(mended);
  Property(mended == transcript.program, "what is read needs no mending", printed);
  Property(DecodeBytes(Encode(transcript.program)) == transcript.program,
           "what the text says the bytes say, too", printed);

  // A C file takes longer than all of the above, so one text in sixteen gets it, always the same ones; few calls
  // are as good as many.
  constexpr size_t kFewCalls = 8;
  if (transcript.program.calls.size() <= kFewCalls && size % 16 == 0) {
    Property(!EmitC(transcript, {}).empty(), "every program has a C file", printed);
  }
  return 0;
}
