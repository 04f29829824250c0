// The byte form of programs, for corpora and fuzzers: every byte string decodes to some program.
#ifndef SOCKSPEC_MODEL_PROGRAM_BYTES_H_
#define SOCKSPEC_MODEL_PROGRAM_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/program/program.h"

namespace sockspec {

// The first byte of an encoded program. A call or an argument added later gets new codes at the end of
// its list and a new version here, so that old bytes keep their meaning; bytes of an unknown version are
// read as the newest.
inline constexpr uint8_t kBytesVersion = 2;

// `program` is one that Mend() leaves alone.
std::vector<uint8_t> Encode(const Program& program);

// DecodeBytes(Encode(p)) == p for every program that the text form can say. Bytes left over that do not
// make a whole call are dropped; at most kMaxCalls calls are read. A handle that nothing made yet, and a
// handle made twice, are mended as Mend() does.
Program DecodeBytes(std::span<const uint8_t> bytes);

// Makes any sequence of calls a program the text form can say: every call that makes a descriptor gets a
// handle of its own (its own one where that is free, else the lowest free), and a handle that no earlier
// call made becomes kMinusOne. What a call does not use is set to its default, and what is out of range to
// the end of the range. Halves without their other half become whole calls; of a call that is unfinished
// for good, the last of its thread, only the first half stands there. Calls beyond kMaxCalls, and makers
// for which no handle is left, are taken out.
void Mend(Program& program);

// The same for the arguments of one call, but for handles.
void Mend(Call& call);

// Renumbers handles, threads but t0, and P, U and @A names in the order of their first appearance; E and @E names
// are left alone.
void Renumber(Program& program);

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_PROGRAM_BYTES_H_
