// What printing (text.cc) and reading (parse.cc) of the text form must agree on.
#ifndef SOCKSPEC_MODEL_PROGRAM_NOTATION_H_
#define SOCKSPEC_MODEL_PROGRAM_NOTATION_H_

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "model/program/call.h"
#include "model/program/declarations.h"

namespace sockspec {

// In the order of Host.
inline constexpr std::string_view kHostNames[] = {
    "0.0.0.0",         "127.0.0.1",  "127.0.0.2",     "255.255.255.255",
    "224.0.0.1",       "NOT_OURS",   "UNREACHABLE",   "BLACKHOLE",
    "127.255.255.255", "PROHIBITED", "SILENT",        "[::]",
    "[::1]",           "[ff02::1]",  "[fe80::1]",     "NOT_OURS6",
    "UNREACHABLE6",    "BLACKHOLE6", "PROHIBITED6",   "[::ffff:0.0.0.0]",
    "[::ffff:127.0.0.1]", "[::ffff:127.0.0.2]", "[::ffff:255.255.255.255]", "[::ffff:224.0.0.1]",
    "[::ffff:NOT_OURS]",  "[::ffff:UNREACHABLE]", "[::ffff:BLACKHOLE]", "[::ffff:127.255.255.255]",
    "[::ffff:PROHIBITED]", "[::ffff:SILENT]", "UNIX", "OTHER"};
static_assert(std::size(kHostNames) == kHostCount + 1);

inline constexpr std::string_view kUnfinished = "<unfinished ...>";
inline constexpr std::string_view kOther = "OTHER";
inline constexpr std::string_view kDirty = "DIRTY";
inline constexpr std::string_view kPrivileged = "PRIVILEGED";
inline constexpr int kUnspecifiedFamily = 0;  // AF_UNSPEC, on every system
inline constexpr int kUsualFamily = Address{}.family;

// What an address out has for its length when that is not written (grammar.ebnf, "address out").
struct OutLength {
  Pointer pointer;
  int32_t length;
  friend bool operator==(const OutLength&, const OutLength&) = default;
};

inline OutLength UsualAddressOutLength(Pointer address) {
  if (address == Pointer::kNull) return {Pointer::kNull, 0};
  return {Pointer::kValid, kExactLength};
}

inline OutLength UsualOptionOutLength(const Call& call) {
  return {Pointer::kValid, OptionSize(call.level, call.option)};
}

// How much of an address a call with room for `length` bytes lets through where the text shows a
// host.
inline uint8_t SizeWithHost(const Call& call) {
  return call.length_pointer == Pointer::kValid && call.length >= 0 && call.length < kExactLength
             ? 8
             : 16;
}

inline std::string PrintHandle(int handle) { return "s" + std::to_string(handle); }

inline bool IsLinger(const Call& call) { return OptionSize(call.level, call.option) == 8; }

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_PROGRAM_NOTATION_H_
