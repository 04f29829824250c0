// Any bytes are a program, which the bytes and the text say alike.
//
//     bazel run //fuzz/readers:program_bytes_fuzzer_run -- --timeout_secs=60

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "fuzz/readers/property.h"
#include "model/program/bytes.h"
#include "model/program/text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sockspec;
  const Program program = DecodeBytes({data, size});
  const std::vector<uint8_t> bytes = Encode(program);
  Property(DecodeBytes(bytes) == program, "what is encoded is decoded", PrintText(program));
  Program mended = program;
  Mend(mended);
  Property(mended == program, "what is decoded needs no mending", PrintText(program));
  Property(Encode(mended) == bytes, "one program has one encoding", PrintText(program));

  const std::string text = PrintText(program);
  const ParsedText read = ParseText(text, "printed");
  Property(read.ok(), "what is decoded can be printed and read", read.problem.Message() + "\n" + text);
  Property(read.transcript.program == program, "the text says what the bytes say", text);

  Program renumbered = program;
  Renumber(renumbered);
  mended = renumbered;
  Mend(mended);
  Property(mended == renumbered, "what is renumbered needs no mending", text);
  Renumber(mended);
  Property(mended == renumbered, "what is renumbered has its numbers", text);
  return 0;
}
