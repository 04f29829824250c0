#include "model/program/bytes.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "model/program/arbitrary.h"
#include "model/program/call.h"
#include "model/program/program.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

RC_GTEST_PROP(Bytes, WhatIsEncodedIsDecoded, (const Program& program)) {
  RC_LOG() << PrintText(program);
  RC_ASSERT((DecodeBytes(Encode(program)) == program));
}

void MustBeAProgramThatTextCanSay(const Program& program) {
  const ParsedText parsed = ParseText(PrintText(program), "test");
  if (!parsed.ok()) RC_FAIL(parsed.problem.Message() + "\nin\n" + PrintText(program));
  RC_LOG() << PrintText(program);
  RC_ASSERT((parsed.transcript.program == program));
  Program mended = program;
  Mend(mended);
  RC_ASSERT((mended == program));
}

RC_GTEST_PROP(Bytes, AnyBytesAreAProgram, ()) {
  const auto bytes = *rc::gen::resize(400, rc::gen::arbitrary<std::vector<uint8_t>>());
  const Program program = DecodeBytes(bytes);
  MustBeAProgramThatTextCanSay(program);
  RC_ASSERT((DecodeBytes(Encode(program)) == program));
}

RC_GTEST_PROP(Bytes, DamagedBytesAreAProgram, (const Program& program)) {
  std::vector<uint8_t> bytes = Encode(program);
  for (int i = 0; i < 4; ++i) {
    const auto at = *rc::gen::inRange<size_t>(0, bytes.size());
    bytes[at] = *rc::gen::arbitrary<uint8_t>();
  }
  bytes.resize(*rc::gen::inRange<size_t>(0, bytes.size() + 1));
  MustBeAProgramThatTextCanSay(DecodeBytes(bytes));
}

}  // namespace
}  // namespace sockspec
