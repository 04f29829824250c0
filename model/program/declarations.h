// The calls, declared: one row a call. Text, bytes, C, generation, mutation and shrinking derive from
// these rows; none of them names a call.
//
//     const Declaration& bind = DeclarationOf(Op::kBind);
//     bind.name == "bind"; bind.arguments[1].kind == Kind::kAddressIn;
//
// To add a call: an Op at the end of its list (call.h), a row here, a file of clauses in model/, a launch
// in sut/. To add a constant: a Token at the end of its list.
#ifndef SOCKSPEC_MODEL_PROGRAM_DECLARATIONS_H_
#define SOCKSPEC_MODEL_PROGRAM_DECLARATIONS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "model/program/call.h"
#include "model/program/options.h"
#include "model/program/token.h"

namespace sockspec {

enum class Kind : uint8_t {
  kDescriptor,  // Argument::descriptor, of Call::fd and fd2: s0, -1, NEVER, FILE, PIPE
  kConstant,    // one token of a list, or a number without one
  kFlags,       // tokens joined by |, or 0; bits without a token as a hexadecimal number
  kType,        // socket()'s type: a token or a number in the low four bits, joined with SocketFlags()
  kNumber,      // a decimal number, or one of the tokens
  kAddressIn,   // pointer, address, length:          127.0.0.1:P0  ·  NULL  ·  AF_UNSPEC/…  ·  …, addrlen=8
  kAddressOut,  // pointer, length_pointer, length:   nothing for the usual  ·  NULL  ·  BAD_PTR  ·  addrlen=4
  kOptionIn,    // pointer, value, seconds, length:   1  ·  {1, 0}  ·  LO  ·  BAD_PTR  ·  1, len=2, by FormOf()
  kOptionOut,   // pointer, length_pointer, length:   nothing for the usual  ·  BAD_PTR  ·  len=2
  kBuffer,      // buffer, to `size` bytes: nothing for a good one  ·  NULL  ·  BAD_PTR
  kMadePair,    // made, made2: [s0, s1]
  kMadeIfAny,   // made: [s5]  ·  NULL where there is no room for control data
};

struct Argument {
  std::string_view name;                        // as the man page names it
  Kind kind;
  int32_t Call::*member = nullptr;              // for kConstant, kFlags, kType and kNumber
  std::span<const Token> tokens = {};           // what may be written by name
  std::span<const int32_t> choices = {};        // values worth trying, the simplest first; the byte form counts them
  int ordinary = INT32_MAX;                     // how many of them work as a rule; the rest comes after
  bool (*used)(const Call&) = nullptr;          // whether this call has the argument; nullptr: always
  int32_t least = INT32_MIN;                    // the range of what may be written
  int32_t most = INT32_MAX;
  bool tokens_only = false;                     // of kConstant: a number without a token is refused
  bool written = false;                         // of kBuffer: the call writes to it, it does not read it
  bool closes = false;  // of kDescriptor: FILE and PIPE are refused, since they are the harness's own
  bool existing = false;  // of kDescriptor: NEVER is refused too, since a success would make it one
  Descriptor Call::*descriptor = &Call::fd;  // of kDescriptor
  bool trailing = false;  // of kNumber: left out where it is 0
  bool optional = false;  // of kAddressIn: a NULL says that there is none, so its usual length is 0
  bool in_place = false;  // of kAddressOut: the length stands in a struct, no pointer leads to it
  // Where another argument says what may be written here: what stands instead of `tokens` and `choices`. The
  // other argument comes before this one.
  std::span<const Token> (*tokens_by)(const Call&) = nullptr;
  std::span<const int32_t> (*choices_by)(const Call&) = nullptr;

  bool UsedBy(const Call& call) const { return used == nullptr || used(call); }
  std::span<const Token> TokensOf(const Call& call) const {
    return tokens_by == nullptr ? tokens : tokens_by(call);
  }
  std::span<const int32_t> ChoicesOf(const Call& call) const {
    return choices_by == nullptr ? choices : choices_by(call);
  }
  std::span<const int32_t> OrdinaryChoicesOf(const Call& call) const {
    const std::span<const int32_t> all = ChoicesOf(call);
    return all.first(std::min(all.size(), static_cast<size_t>(ordinary)));
  }
};

// What a success gives.
enum class Returns : uint8_t {
  kZero,
  kDescriptor,  // named by Call::made
  kCount,       // bytes, or the number of ready descriptors
  kFlags,       // fcntl: F_GETFL and F_GETFD; 0 for the other commands
  kTarget,      // Call::fd2: dup2, dup3
};

struct Declaration {
  Op op;
  std::string_view name;
  Returns returns;
  std::span<const Argument> arguments;

  // Whether the call is written `s2 = …`, its success named by Call::made: all of kDescriptor, and
  // fcntl(F_DUPFD).
  bool (*also_makes)(const Call&) = nullptr;
  bool makes(const Call& call) const {
    return returns == Returns::kDescriptor || (also_makes != nullptr && also_makes(call));
  }
  // Where it does not, Call::fd means nothing, although its default looks like s0.
  bool takes_descriptor() const { return arguments.front().kind == Kind::kDescriptor; }
  bool makes_pair() const { return arguments.back().kind == Kind::kMadePair; }
  bool makes_if_any() const {
    return std::any_of(arguments.begin(), arguments.end(),
                       [](const Argument& argument) { return argument.kind == Kind::kMadeIfAny; });
  }
  // Whether the value of a success is written as a handle or as 0, so that the text says no number.
  bool names_value(const Call& call) const {
    return makes(call) || makes_pair() || returns == Returns::kTarget;
  }
  // Whether only the arguments tell if the call makes a descriptor.
  bool may_make() const { return also_makes != nullptr; }
};

// All declarations, in the order of Op.
std::span<const Declaration> Declarations();
const Declaration& DeclarationOf(Op op);

// The flags that a call returns: O_* for fcntl(F_GETFL); none for a plain number.
std::span<const Token> ReturnTokens(const Call& call);

// What revents= holds: SelectSets() of select(), else PollEvents().
std::span<const Token> EventTokens(const Call& call);

// Every descriptor that `call` passes, by reference: visit(argument, descriptor).
template <typename AnyCall, typename Visit>
void ForEachDescriptor(AnyCall& call, Visit visit);
// Every handle that `call` makes: visit(handle).
template <typename AnyCall, typename Visit>
void ForEachMade(AnyCall& call, Visit visit);

// Values worth trying, the simplest first, for the arguments that are made of several members.
std::span<const int32_t> AddressFamilies();
std::span<const int32_t> AddressLengths();  // the first is kExactLength
std::span<const int32_t> OptionValues();    // an option's value, or its first member
std::span<const int32_t> LingerSeconds();   // its second member: l_linger, tv_usec
std::span<const int32_t> OptionLengths();   // beside OptionSize(), which is simpler than all of them

// The constants' lists that more than one module reads.
std::span<const Token> SocketTypes();    // SOCK_STREAM, …
std::span<const Token> SocketFlags();    // SOCK_NONBLOCK, SOCK_CLOEXEC
std::span<const Token> MessageFlags();   // MSG_*
std::span<const Token> PollEvents();     // POLL*
std::span<const Token> StatusFlags();    // O_*
std::span<const Token> Families();       // AF_*
std::span<const Token> Protocols();      // IPPROTO_*
std::span<const Token> Errnos();         // E*, the Linux numbers
std::span<const Token> SelectSets();     // READ, WRITE, EXCEPT
std::span<const Token> EpollEvents();    // EPOLL*

template <typename AnyCall, typename Visit>
void ForEachDescriptor(AnyCall& call, Visit visit) {
  for (const Argument& argument : DeclarationOf(call.op).arguments) {
    if (argument.kind == Kind::kDescriptor && argument.UsedBy(call)) visit(argument, call.*argument.descriptor);
  }
}

template <typename AnyCall, typename Visit>
void ForEachMade(AnyCall& call, Visit visit) {
  if (call.made < kMaxHandles) visit(call.made);
  if (call.made2 < kMaxHandles) visit(call.made2);
}

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_PROGRAM_DECLARATIONS_H_
