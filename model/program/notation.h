// What printing (text.cc) and reading (parse.cc) of the text form must agree on.
#ifndef SOCKSPEC_MODEL_PROGRAM_NOTATION_H_
#define SOCKSPEC_MODEL_PROGRAM_NOTATION_H_

#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

#include "model/program/call.h"
#include "model/program/declarations.h"
#include "model/program/reply.h"
#include "model/program/unix_name.h"

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

// The family of an address that is laid out for `host`: the one that the text leaves out. AF_INET, AF_INET6 and
// AF_UNIX as Linux numbers them.
constexpr int16_t UsualFamily(Host host) { return host == Host::kUnix ? 1 : IsIpv6(host) ? 10 : 2; }

// addrlen of an address that a call passes, where the text does not say it.
constexpr int32_t UsualAddressInLength(const Argument& argument, const Call& call) {
  if (call.pointer == Pointer::kValid) return ExactLength(call.address);
  return argument.optional && call.pointer == Pointer::kNull ? 0 : kExactLength;
}

// What an address out has for its length when that is not written (grammar.ebnf, "address out").
struct OutLength {
  Pointer pointer;
  int32_t length;
  friend bool operator==(const OutLength&, const OutLength&) = default;
};

// Room for any address; 16 bytes where it lies at a bad pointer anyhow.
constexpr OutLength UsualAddressOutLength(const Argument& argument, Pointer address) {
  if (address == Pointer::kNull) return {argument.in_place ? Pointer::kValid : Pointer::kNull, 0};
  return {Pointer::kValid, address == Pointer::kBad ? kExactLength : kStorageLength};
}

inline OutLength UsualOptionOutLength(const Call& call) {
  return {Pointer::kValid, OptionSize(call.level, call.option)};
}

// Reply::address_size of an address that the text shows in full, that is, with its host: how much of it a
// call has room for. What no name stands for is laid out as its family says.
constexpr uint8_t SizeWithHost(const Call& call, Host host, int family) {
  const auto has_room = [&](int32_t size) {
    return call.length_pointer != Pointer::kValid || call.length < 0 || call.length >= size;
  };
  const bool ipv6 = host == Host::kOther ? family == UsualFamily(Host::kAny6) : IsIpv6(host);
  if (ipv6) return has_room(kExactLength6) ? kExactLength6 : 24;
  return has_room(kExactLength) ? kExactLength : 8;
}

// How many of Reply::ready the reply holds.
constexpr int ReadyCount(const Reply& reply) {
  return reply.error != 0 || reply.value < 0 ? 0 : reply.value < kMaxReady ? reply.value : kMaxReady;
}

inline std::string PrintHandle(int handle) { return "s" + std::to_string(handle); }

// Whether the value of the call's option is written as two numbers.
inline bool HasTwoMembers(const Call& call) { return HasTwoMembers(FormOf(call.level, call.option)); }

// What a value that is set is written by, beside numbers.
inline std::span<const Token> OptionInTokens(const Call& call) {
  if (FormOf(call.level, call.option) != OptionForm::kText) return {};
  return OptionTokens(call.level, call.option).first(kTextOther);
}

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_PROGRAM_NOTATION_H_
