// The options of getsockopt() and setsockopt(), declared: what they are called at each level, and how the value
// of each is laid out. What they mean stands in the model (model/option_table.h).
//
//     OptionNames(IPPROTO_TCP)           TCP_NODELAY, TCP_MAXSEG, …: numbers mean something at their level only
//     FormOf(SOL_SOCKET, SO_LINGER)      kPair: written {1, 0}
#ifndef SOCKSPEC_MODEL_PROGRAM_OPTIONS_H_
#define SOCKSPEC_MODEL_PROGRAM_OPTIONS_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "model/program/token.h"

namespace sockspec {

// How an option's value is laid out in memory, and what a program says of it.
enum class OptionForm : uint8_t {
  kInt,          // an int. Some options take and give one byte as well
  kPair,         // two ints: struct linger, struct sock_txtime; a number of 64 bits, the low half first
  kTime,         // struct timeval: two longs, of which the low halves are written
  kText,         // a name with zeros behind it, written as one of OptionTexts()
  kFirstByte,    // a struct of which only the first byte is looked at: TCP_INFO's tcpi_state
  kCredentials,  // struct ucred, told as one of PeerTokens()
  kOpaque,       // a struct that nobody looks into: only how much of it came back is told
};
OptionForm FormOf(int32_t level, int32_t option);

// Whether values are written as two numbers, {Call::value, Call::seconds}, and where in memory the second lies.
constexpr bool HasTwoMembers(OptionForm form) { return form == OptionForm::kPair || form == OptionForm::kTime; }
constexpr int32_t SecondMemberAt(OptionForm form) { return form == OptionForm::kTime ? 8 : 4; }

// The size of an option's value in bytes, as the man page gives it: what len= is where it is left out.
int32_t OptionSize(int32_t level, int32_t option);

// The constants that an option's value is known by: errnos for SO_ERROR, names; none for a plain number.
std::span<const Token> OptionTokens(int32_t level, int32_t option);

// The levels that have names, and the names of a level's options; none at a level that is not known.
std::span<const Token> OptionLevels();
std::span<const Token> OptionNames(int32_t level);

// Whether C libraries of some years ago lack the option's name.
bool IsYoungOption(int32_t level, int32_t option);

// What C declares the value as; empty where the C form has bytes of its own for it.
std::string_view OptionTypeInC(int32_t level, int32_t option);

// Options worth trying at a level, the simplest first, with numbers that no kernel knows at the end.
std::span<const int32_t> OptionChoices(int32_t level);

// What a value of kText may be. The last two only come back: no name at all, and a name that is none of these.
struct OptionText {
  Token token;
  const char* text;  // at most 15 letters
};
std::span<const OptionText> OptionTexts();
inline constexpr int32_t kTextEmpty = 0;
inline constexpr int32_t kTextLo = 1;
inline constexpr int32_t kTextNonesuch = 2;
inline constexpr int32_t kTextReno = 3;
inline constexpr int32_t kTextOther = 4;  // only in replies

// What SO_PEERCRED tells of the peer: nobody (pid 0, uid and gid -1), this process, somebody else.
inline constexpr int32_t kPeerNobody = 0;
inline constexpr int32_t kPeerOurs = 1;
inline constexpr int32_t kPeerOther = 2;

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_PROGRAM_OPTIONS_H_
