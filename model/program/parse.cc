// Reads the text form. As in text.cc, everything that depends on a call is taken from its
// declaration. grammar.ebnf is the reference: a production there and a function here have the same
// name where both exist.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/program/declarations.h"
#include "model/program/notation.h"
#include "model/program/text.h"
#include "model/program/tokens.h"
#include "model/program/unix_name.h"

namespace sockspec {
namespace {

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.';
}

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r'; }

// `text` between backquotes, on one line whatever bytes it holds, and not too long.
std::string Quote(std::string_view text) {
  constexpr size_t kMost = 40;
  std::string out = "`";
  for (const char c : text.substr(0, kMost)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f) {
      const std::string hex = PrintHex(byte);
      out += hex.size() == 3 ? "\\x0" + hex.substr(2) : "\\x" + hex.substr(2);
    } else {
      out += c;
    }
  }
  if (text.size() > kMost) out += "...";
  return out + "`";
}

// How many single letters must be added, taken away or changed to make `a` of `b`; case aside.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const bool same = std::toupper(static_cast<unsigned char>(a[i - 1])) ==
                        std::toupper(static_cast<unsigned char>(b[j - 1]));
      const size_t changed = diagonal + (same ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row[b.size()];
}

using Names = std::vector<std::string_view>;

Names NamesOf(std::span<const Token> tokens) {
  Names names;
  for (const Token& token : tokens) names.push_back(token.name);
  return names;
}

// "; did you mean SOCK_STREAM?", where `word` looks like a slip of the pen, else nothing.
std::string DidYouMean(std::string_view word, const Names& names) {
  constexpr size_t kLongest = 32;  // no name is longer; also bounds the work
  if (word.empty() || word.size() > kLongest) return "";
  std::string_view best;
  size_t least = 2 + word.size() / 4;  // exclusive
  for (const std::string_view name : names) {
    const size_t distance = EditDistance(word, name);
    if (distance < least && distance < name.size()) {
      least = distance;
      best = name;
    }
  }
  return best.empty() ? "" : "; did you mean " + std::string(best) + "?";
}

// "a, b, c", or "a, b or c" where `last` is " or ".
std::string Join(const Names& names, std::string_view last = ", ") {
  std::string out;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += i + 1 == names.size() ? last : ", ";
    out += names[i];
  }
  return out;
}

std::string Range(int64_t least, int64_t most) {
  return std::to_string(least) + " to " + std::to_string(most);
}

// `sockfd, backlog`: what stands between the parentheses, for messages.
std::string Signature(const Declaration& declaration) {
  std::string out = std::string(declaration.name) + "(";
  std::string_view before;  // what stands in one place has one name
  for (const Argument& argument : declaration.arguments) {
    if (argument.name == before) continue;
    if (!before.empty()) out += ", ";
    before = argument.name;
    out += argument.name;
  }
  return out + ")";
}

// What is written as a number. `valid` is false where `word` is none; it is out of 64 bits at the
// limit.
struct Number {
  bool valid = false;
  bool hex = false;
  int64_t value = 0;
};

Number ReadNumber(std::string_view word) {
  Number number;
  bool negative = false;
  if (!word.empty() && (word[0] == '-' || word[0] == '+')) {
    negative = word[0] == '-';
    word.remove_prefix(1);
  }
  int base = 10;
  if (word.starts_with("0x") || word.starts_with("0X")) {
    number.hex = true;
    base = 16;
    word.remove_prefix(2);
  } else if (word.size() > 1 && word[0] == '0') {
    return number;  // C would read it as octal, most people would not
  }
  if (word.empty()) return number;
  constexpr int64_t kLimit = int64_t{1} << 40;
  for (const char c : word) {
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : 99;
    if (digit >= base) return number;
    number.value = std::min(number.value * base + digit, kLimit);
  }
  if (negative) number.value = -number.value;
  number.valid = true;
  return number;
}

// The number after a one-letter prefix, below `count`: the 3 of `s3`. No value: it is not of that
// form, or too large.
std::optional<int> ReadNumbered(std::string_view word, char prefix, int count) {
  if (word.size() < 2 || word[0] != prefix || word[1] < '0' || word[1] > '9') return std::nullopt;
  const Number number = ReadNumber(word.substr(1));
  if (!number.valid || number.hex || number.value >= count) return std::nullopt;
  return static_cast<int>(number.value);
}

std::optional<Pointer> ReadPointer(std::string_view word) {
  if (word == "NULL") return Pointer::kNull;
  if (word == "BAD_PTR") return Pointer::kBad;
  return std::nullopt;
}

// Every function that reads returns whether it could; the first one that could not has set the
// problem.
class Parser {
 public:
  Parser(std::string_view text, std::string_view file_name) : text_(text) {
    problem_.file = file_name;
    pending_.fill(-1);
  }

  ParsedText Run() {
    ParsedText parsed;
    while (!text_.empty()) {
      const size_t end = text_.find('\n');
      line_ = text_.substr(0, end);
      text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 1);
      // All of them, so that a comment that is printed and read again is the same.
      while (line_.ends_with('\r')) line_.remove_suffix(1);
      at_ = 0;
      ++line_number_;
      if (!Line()) {
        parsed.failed = true;
        parsed.problem = std::move(problem_);
        return parsed;
      }
    }
    parsed.transcript = std::move(transcript_);
    return parsed;
  }

 private:
  // ---- Tokens ----

  bool Fail(size_t at, std::string what, std::string expected) {
    problem_.line = line_number_;
    problem_.column = static_cast<int>(at) + 1;
    problem_.what = std::move(what);
    problem_.expected = std::move(expected);
    return false;
  }

  // Fails at the token that stands at the cursor.
  bool Unexpected(std::string expected) {
    SkipSpaces();
    const std::string_view token = Peek();
    return Fail(at_, token.empty() ? "the end of the line" : Quote(token), std::move(expected));
  }

  bool Unexpected(size_t at, std::string_view what, std::string expected) {
    return Fail(at, Quote(what), std::move(expected));
  }

  void SkipSpaces() {
    while (at_ < line_.size() && IsSpace(line_[at_])) ++at_;
  }

  // The token at the cursor, which is left where it is: a name or number, else one character; empty
  // at the end of the line.
  std::string_view Peek() {
    const std::string_view word = PeekWord();
    return word.empty() ? line_.substr(at_, 1) : word;
  }

  std::string_view PeekWord() {
    SkipSpaces();
    size_t end = at_;
    if (end + 1 < line_.size() && (line_[end] == '-' || line_[end] == '+') &&
        IsWordByte(line_[end + 1])) {
      ++end;
    }
    while (end < line_.size() && IsWordByte(line_[end])) ++end;
    return line_.substr(at_, end - at_);
  }

  // Everything up to a space, a comma, a parenthesis or the end.
  std::string_view PeekChunk() {
    SkipSpaces();
    size_t end = at_;
    while (end < line_.size() && !IsSpace(line_[end]) &&
           std::string_view(",()#").find(line_[end]) == std::string_view::npos) {
      ++end;
    }
    return line_.substr(at_, end - at_);
  }

  bool Eat(std::string_view token) {
    SkipSpaces();
    if (!line_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }

  bool AtEnd() {
    SkipSpaces();
    return at_ == line_.size();
  }

  // Reads `, NAME=` where that stands next; takes nothing otherwise.
  bool EatNamed(std::string_view name) {
    const size_t before = at_;
    if (Eat(",")) {
      const std::string_view word = PeekWord();
      at_ += word.size();
      if (word == name && Eat("=")) return true;
    }
    at_ = before;
    return false;
  }

  // Reads `, NULL` or `, BAD_PTR` where that stands next; takes nothing otherwise.
  void EatPointer(Pointer& pointer) {
    const size_t before = at_;
    if (Eat(",")) {
      const std::string_view word = PeekWord();
      if (const std::optional<Pointer> read = ReadPointer(word)) {
        pointer = *read;
        at_ += word.size();
        return;
      }
    }
    at_ = before;
  }

  // A number of the range, or one of the tokens. `what` names it in messages: "backlog".
  bool NumberOrToken(std::string_view what, std::span<const Token> tokens, int64_t least,
                     int64_t most, int32_t& value, bool tokens_only = false) {
    const std::string_view word = PeekWord();
    if (const Token* token = FindToken(tokens, word)) {
      value = token->value;
      at_ += word.size();
      return true;
    }
    const Names names = NamesOf(tokens);
    const Number number = ReadNumber(word);
    if (tokens_only)
      return Unexpected(Describe(what, Join(names, " or "), DidYouMean(word, names)));
    if (number.valid) {
      if (number.value < least || number.value > most) {
        return Unexpected(Describe(what, "a number from " + Range(least, most), ""));
      }
      value = static_cast<int32_t>(number.value);
      at_ += word.size();
      return true;
    }
    constexpr size_t kMostNames = 16;  // a longer list helps nobody
    std::string expected = names.empty() ? "a number"
                           : names.size() > kMostNames
                               ? "a name such as " + std::string(names.front()) + " or a number"
                               : Join(names) + " or a number";
    if (least != INT32_MIN || most != INT32_MAX) expected += " from " + Range(least, most);
    return Unexpected(Describe(what, expected, DidYouMean(word, names)));
  }

  static std::string Describe(std::string_view what, std::string_view expected,
                              std::string_view hint) {
    return std::string(what).append(": ").append(expected).append(hint);
  }

  bool PlainNumber(std::string_view what, int64_t least, int64_t most, int32_t& value) {
    return NumberOrToken(what, {}, least, most, value);
  }

  // Tokens and numbers joined by `|`, ored into `value`.
  bool Flags(std::string_view what, std::span<const Token> tokens, int64_t least, int64_t most,
             int32_t& value) {
    SkipSpaces();
    const size_t start = at_;
    uint32_t bits = static_cast<uint32_t>(value);
    do {
      const std::string_view word = PeekWord();
      const Number number = ReadNumber(word);
      if (const Token* token = FindToken(tokens, word)) {
        bits |= static_cast<uint32_t>(token->value);
      } else if (number.valid && number.value >= INT32_MIN &&
                 number.value <= (number.hex ? int64_t{UINT32_MAX} : int64_t{INT32_MAX})) {
        bits |= static_cast<uint32_t>(number.value);
      } else {
        const Names names = NamesOf(tokens);
        return Unexpected(Describe(what,
                                   "0, or " + Join(names) + " and numbers of 32 bits, joined by |",
                                   DidYouMean(word, names)));
      }
      at_ += word.size();
    } while (Eat("|"));
    value = static_cast<int32_t>(bits);
    if (value < least || value > most) {
      return Unexpected(start, line_.substr(start, at_ - start),
                        Describe(what, "flags from " + Range(least, most), ""));
    }
    return true;
  }

  bool Type(std::string_view what, int32_t& value) {
    const std::string_view word = PeekWord();
    const Number number = ReadNumber(word);
    if (const Token* token = FindToken(SocketTypes(), word)) {
      value = token->value;
    } else if (number.valid && number.value >= INT32_MIN && number.value <= INT32_MAX) {
      value = static_cast<int32_t>(number.value);
    } else {
      const Names names = NamesOf(SocketTypes());
      return Unexpected(Describe(what, Join(names) + " or a number", DidYouMean(word, names)));
    }
    at_ += word.size();
    return !Eat("|") || Flags(what, SocketFlags(), INT32_MIN, INT32_MAX, value);
  }

  // What the two members of an option's value are called: {l_onoff, l_linger}, {tv_sec, tv_usec}.
  struct Members {
    std::string_view first;
    std::string_view second;
    std::string Both() const { return "{" + std::string(first) + ", " + std::string(second) + "} such as {1, 0}"; }
  };
  static Members MembersOf(const Call& call) {
    if (FormOf(call.level, call.option) == OptionForm::kTime) return {"tv_sec", "tv_usec"};
    if (call.level == SOL_SOCKET && call.option == SO_LINGER) {
      return {"l_onoff", "l_linger"};
    }
    return {"first", "second"};
  }

  bool Pair(const Members& members, int32_t& first, int32_t& second) {
    if (!Eat("{")) return Unexpected(members.Both());
    if (!PlainNumber(members.first, INT32_MIN, INT32_MAX, first)) return false;
    if (!Eat(",")) return Unexpected("`,` and " + std::string(members.second) + ": " + members.Both());
    if (!PlainNumber(members.second, INT32_MIN, INT32_MAX, second)) return false;
    return Eat("}") || Unexpected("`}`: " + members.Both());
  }

  // ---- Addresses ----

  static constexpr int kFirstMapped = static_cast<int>(Host::kMappedAny);
  static constexpr int kFirstNotIp = static_cast<int>(Host::kUnix);

  // The mapped hosts are left out, since they are the IPv4 ones once more.
  static std::string ExpectedHost(bool in_reply) {
    Names names(std::begin(kHostNames), std::begin(kHostNames) + kFirstMapped);
    names.push_back("[::ffff:HOST] of an IPv4 one");
    if (in_reply) names.push_back(kOther);
    return "a host: " + Join(names, " or ");
  }

  bool HostName(size_t at, std::string_view word, bool in_reply, Host& host) {
    for (int i = 0; i < kFirstNotIp; ++i) {
      if (kHostNames[i] == word) {
        host = static_cast<Host>(i);
        return true;
      }
    }
    if (in_reply && word == kOther) {
      host = Host::kOther;
      return true;
    }
    Names names(std::begin(kHostNames), std::begin(kHostNames) + kFirstNotIp);
    if (in_reply) names.push_back(kOther);
    return FailAt(at, word, ExpectedHost(in_reply) + DidYouMean(word, names));
  }

  static std::optional<UnixName> ReadUnixName(std::string_view word, bool in_reply) {
    for (const UnixNameRow& row : kUnixNames) {
      if (row.token == word) return row.name;
    }
    if (word.starts_with('@')) {
      if (const auto chosen = ReadNumbered(word.substr(1), 'E', kMaxChosenPorts)) {
        return UnixName::Chosen(*chosen);
      }
    }
    if (in_reply && word == kOther) return kNameOther;
    return std::nullopt;
  }

  static Names UnixTokens() {
    Names names;
    for (const UnixNameRow& row : kUnixNames) names.push_back(row.token);
    return names;
  }

  // Where the host ends and `:PORT` begins; npos where no port stands there.
  static size_t Colon(std::string_view rest) {
    if (!rest.starts_with('[')) return rest.find(':');
    const size_t bracket = rest.find(']');
    const size_t after = bracket == std::string_view::npos ? bracket : bracket + 1;
    return after < rest.size() && rest[after] == ':' ? after : std::string_view::npos;
  }

  bool PortName(size_t at, std::string_view word, bool in_reply, Port& port) {
    if (word == "0") {
      port = kPortZero;
    } else if (word == kPrivileged) {
      port = kPortPrivileged;
    } else if (const auto program = ReadNumbered(word, 'P', kMaxProgramPorts)) {
      port = Port::Program(*program);
    } else if (const auto chosen = ReadNumbered(word, 'E', kMaxChosenPorts)) {
      port = Port::Chosen(*chosen);
    } else if (in_reply && word == kOther) {
      port = kPortOther;
    } else {
      Names names = {kPrivileged};
      if (in_reply) names.push_back(kOther);
      return FailAt(at, word,
                    "a port: 0, P0 to P" + std::to_string(kMaxProgramPorts - 1) + ", E0 to E" +
                        std::to_string(kMaxChosenPorts - 1) + (in_reply ? ", " : " or ") +
                        Join(names, " or ") + DidYouMean(word, names));
    }
    return true;
  }

  bool Family(size_t at, std::string_view word, int16_t& family) {
    const Number number = ReadNumber(word);
    if (const Token* token = FindToken(Families(), word)) {
      family = static_cast<int16_t>(token->value);
    } else if (number.valid && number.value >= INT16_MIN && number.value <= INT16_MAX) {
      family = static_cast<int16_t>(number.value);
    } else {
      const Names names = NamesOf(Families());
      return FailAt(at, word,
                    "an address family: " + Join(names) + " or a number of 16 bits" +
                        DidYouMean(word, names));
    }
    return true;
  }

  // Fails at `word`, which may be empty: then at what stands behind it.
  bool FailAt(size_t at, std::string_view word, std::string expected) {
    if (!word.empty()) return Unexpected(at, word, std::move(expected));
    at_ = at;
    return Unexpected(std::move(expected));
  }

  // Splits `FAMILY/rest`; `rest` is moved on, and `family` left alone where none stands there.
  bool FamilyBefore(std::string_view& rest, size_t& at, std::optional<int16_t>& family) {
    const size_t slash = rest.find('/');
    if (slash == std::string_view::npos || rest.find(':') < slash) return true;
    if (!Family(at, rest.substr(0, slash), family.emplace())) return false;
    rest.remove_prefix(slash + 1);
    at += slash + 1;
    return true;
  }

  bool AddressIn(Call& call) {
    std::string_view rest = PeekChunk();
    size_t at = at_;
    const size_t end = at_ + rest.size();
    if (const std::optional<Pointer> pointer = ReadPointer(rest)) {
      call.pointer = *pointer;
    } else if (rest == "AF_UNSPEC") {
      call.address.family = kUnspecifiedFamily;
    } else {
      std::optional<int16_t> family;
      if (!FamilyBefore(rest, at, family)) return false;
      if (!HostAndPort(rest, at, call.address)) return false;
      call.address.family = family.value_or(UsualFamily(call.address.host));
    }
    at_ = end;
    return true;
  }

  // All but the family.
  bool HostAndPort(std::string_view rest, size_t at, Address& address) {
    if (const std::optional<UnixName> name = ReadUnixName(rest, /*in_reply=*/false)) {
      address.host = Host::kUnix;
      address.name = *name;
      return true;
    }
    const size_t colon = Colon(rest);
    if (colon == std::string_view::npos) {
      Names names = UnixTokens();
      names.insert(names.end(), {"AF_UNSPEC", "NULL", "BAD_PTR"});
      return FailAt(at, rest,
                    "an address: HOST:PORT such as 127.0.0.1:P0 or [::1]:P0, a unix name such as U0 or "
                    "@A0, either with FAMILY/ before it, AF_UNSPEC, NULL or BAD_PTR" +
                        DidYouMean(rest, names));
    }
    if (!HostName(at, rest.substr(0, colon), /*in_reply=*/false, address.host)) return false;
    at += colon + 1;
    rest.remove_prefix(colon + 1);
    const size_t slash = rest.find('/');
    if (!PortName(at, rest.substr(0, slash), /*in_reply=*/false, address.port)) return false;
    if (slash != std::string_view::npos) {
      rest.remove_prefix(slash + 1);
      if (rest != kDirty) return FailAt(at + slash + 1, rest, "DIRTY");
      if (!IsIpv4(address.host)) {
        return FailAt(at + slash, "/DIRTY", "no /DIRTY: only struct sockaddr_in ends in sin_zero");
      }
      address.dirty_tail = true;
    }
    return true;
  }

  bool AddressBack(const Call& call, Reply& reply) {
    std::string_view rest = PeekChunk();
    size_t at = at_;
    const size_t end = at_ + rest.size();
    std::optional<int16_t> family;
    if (!FamilyBefore(rest, at, family)) return false;
    const size_t colon = Colon(rest);
    if (const std::optional<UnixName> name = ReadUnixName(rest, /*in_reply=*/true)) {
      reply.host = Host::kUnix;
      reply.name = *name;
      reply.address_size = static_cast<uint8_t>(ExactLength(*name));
    } else if (colon == std::string_view::npos) {
      if (rest.empty() || family || rest.starts_with('[')) {
        return FailAt(at, rest, "an address: HOST:PORT, :PORT, a unix name or a family");
      }
      reply.address_size = 2;
      if (!Family(at, rest, family.emplace())) return false;
    } else {
      if (colon > 0 && !HostName(at, rest.substr(0, colon), /*in_reply=*/true, reply.host)) {
        return false;
      }
      if (!PortName(at + colon + 1, rest.substr(colon + 1), /*in_reply=*/true, reply.port)) {
        return false;
      }
      reply.address_size = colon == 0 ? 4 : SizeWithHost(call, reply.host, family.value_or(0));
    }
    reply.family = family.value_or(UsualFamily(reply.host));
    at_ = end;
    return true;
  }

  // ---- Calls ----

  bool DescriptorArgument(const Declaration& declaration, const Argument& argument,
                          Descriptor& fd) {
    const std::string_view word = PeekWord();
    Names names = {"-1"};
    if (!argument.existing) names.push_back("NEVER");
    if (!argument.closes) names.insert(names.end(), {"FILE", "PIPE"});
    const std::string also = Join(names, " or ");
    const std::string after_handle = (names.size() == 1 ? " or " : ", ") + also;
    if (word == "-1") {
      fd = kMinusOne;
    } else if (word == "NEVER") {
      if (argument.existing) {
        return Unexpected("a handle" + after_handle + ": " + std::string(declaration.name) +
                          "() would make NEVER a descriptor");
      }
      fd = kNeverOpen;
    } else if (word == "FILE" || word == "PIPE") {
      if (argument.closes) {
        return Unexpected("a handle" + after_handle + ": " + std::string(declaration.name) +
                          "() would end the harness's own " + std::string(word) + "; dup it first");
      }
      fd = word == "FILE" ? kFile : kPipe;
    } else if (const auto handle = ReadNumbered(word, 's', kMaxHandles)) {
      if (made_in_[*handle] == 0) return Unexpected(ExpectedHandle() + ", or " + also);
      fd = Descriptor::Handle(*handle);
    } else {
      return Unexpected(std::string(argument.name) + ": a handle (s0 to s" +
                        std::to_string(kMaxHandles - 1) + ")" + after_handle +
                        DidYouMean(word, {"NEVER", "FILE", "PIPE"}));
    }
    at_ += word.size();
    return true;
  }

  std::string ExpectedHandle() const {
    std::string made;
    for (int i = 0; i < kMaxHandles; ++i) {
      if (made_in_[i] != 0) made += (made.empty() ? "" : ", ") + PrintHandle(i);
    }
    return "a handle that an earlier line makes (" + (made.empty() ? "there is none" : made) + ")";
  }

  bool OneArgument(const Declaration& declaration, const Argument& argument, bool first,
                   Call& call) {
    const bool optional = argument.kind == Kind::kAddressOut || argument.kind == Kind::kOptionOut ||
                          argument.kind == Kind::kBuffer || argument.trailing;
    if (!first && !optional && !Eat(",")) {
      return Unexpected("`,` and " + std::string(argument.name) + ": the call is " +
                        Signature(declaration));
    }
    switch (argument.kind) {
      case Kind::kDescriptor:
        return DescriptorArgument(declaration, argument, call.*argument.descriptor);
      case Kind::kConstant:
      case Kind::kNumber:
        if (argument.trailing && !Eat(",")) return true;
        return NumberOrToken(argument.name, argument.TokensOf(call), argument.least, argument.most,
                             call.*argument.member, argument.tokens_only);
      case Kind::kFlags:
        return Flags(argument.name, argument.TokensOf(call), argument.least, argument.most,
                     call.*argument.member);
      case Kind::kType:
        return Type(argument.name, call.*argument.member);
      case Kind::kAddressIn:
        return AddressIn(call) && Length("addrlen", UsualAddressInLength(argument, call), call);
      case Kind::kAddressOut:
        EatPointer(call.pointer);
        return LengthOut("addrlen", UsualAddressOutLength(argument, call.pointer),
                         /*in_place=*/argument.in_place, call);
      case Kind::kOptionIn:
        return OptionIn(argument, call) && Length("len", OptionSize(call.level, call.option), call);
      case Kind::kOptionOut:
        EatPointer(call.pointer);
        return LengthOut("len", UsualOptionOutLength(call), /*in_place=*/false, call);
      case Kind::kMadePair:
        return Eat("[") ? MadeHandle(declaration, call.made) &&
                              (Eat(",") || Unexpected(ExpectedPair(declaration))) &&
                              MadeHandle(declaration, call.made2, call.made) &&
                              (Eat("]") || Unexpected("`]`: the call is " + Signature(declaration)))
                        : Unexpected(ExpectedPair(declaration));
      case Kind::kMadeIfAny:
        if (PeekWord() == "NULL") return Eat("NULL");
        return Eat("[") ? MadeHandle(declaration, call.made) &&
                              (Eat("]") || Unexpected("`]`: the call is " + Signature(declaration)))
                        : Unexpected(std::string(argument.name) +
                                     ": NULL, or the handle that names a descriptor which comes along, such as [" +
                                     FreeHandle() + "]");
      case Kind::kBuffer:
        return Buffer(declaration, call);
    }
    return true;
  }

  std::string ExpectedPair(const Declaration& declaration) const {
    const std::string first = FreeHandle();
    return "the two handles that name its descriptors, such as [" + first + ", " +
           FreeHandle(ReadNumbered(first, 's', kMaxHandles).value_or(0)) + "]: the call is " +
           Signature(declaration);
  }

  // A handle that nothing made yet; `taken` is made by this call too.
  bool MadeHandle(const Declaration& declaration, uint8_t& made, int taken = kNoHandle) {
    const std::string_view word = PeekWord();
    const std::optional<int> handle = ReadNumbered(word, 's', kMaxHandles);
    if (!handle) {
      return Unexpected("a handle, s0 to s" + std::to_string(kMaxHandles - 1) + ": the call is " +
                        Signature(declaration));
    }
    if (made_in_[*handle] != 0 || *handle == taken) return Unexpected(ExpectedFree(*handle, taken));
    made = static_cast<uint8_t>(*handle);
    at_ += word.size();
    return true;
  }

  std::string ExpectedFree(int handle, int taken = kNoHandle) const {
    const int line = made_in_[handle] != 0 ? made_in_[handle] : line_number_;
    return "a handle that is not in use, such as " + FreeHandle(taken) + ": line " + std::to_string(line) +
           " makes " + PrintHandle(handle);
  }

  // The size comes next, so a word that is no number was meant for the buffer.
  bool Buffer(const Declaration& declaration, Call& call) {
    EatPointer(call.buffer);
    const size_t before = at_;
    if (call.buffer == Pointer::kValid && Eat(",")) {
      const std::string_view word = PeekWord();
      if (!word.empty() && !ReadNumber(word).valid) {
        return Unexpected("NULL, BAD_PTR or a number of bytes: the call is " +
                          Signature(declaration) + DidYouMean(word, {"NULL", "BAD_PTR"}));
      }
      at_ = before;
    }
    return true;
  }

  bool Length(std::string_view name, int32_t usual, Call& call) {
    call.length = usual;
    return !EatNamed(name) || PlainNumber(name, INT32_MIN, INT32_MAX, call.length);
  }

  bool LengthOut(std::string_view name, const OutLength& usual, bool in_place, Call& call) {
    call.length_pointer = usual.pointer;
    call.length = usual.length;
    if (!EatNamed(name)) return true;
    if (in_place) {
      call.length_pointer = Pointer::kValid;
      return PlainNumber(name, INT32_MIN, INT32_MAX, call.length);
    }
    const std::string_view word = PeekWord();
    if (const std::optional<Pointer> pointer = ReadPointer(word)) {
      call.length_pointer = *pointer;
      call.length = 0;
      at_ += word.size();
      return true;
    }
    if (!ReadNumber(word).valid) {
      return Unexpected(std::string(name) + ": a number, NULL or BAD_PTR" +
                        DidYouMean(word, {"NULL", "BAD_PTR"}));
    }
    call.length_pointer = Pointer::kValid;
    return PlainNumber(name, INT32_MIN, INT32_MAX, call.length);
  }

  bool OptionIn(const Argument& argument, Call& call) {
    const std::string_view word = PeekWord();
    if (const std::optional<Pointer> pointer = ReadPointer(word)) {
      call.pointer = *pointer;
      at_ += word.size();
      return true;
    }
    if (HasTwoMembers(call)) {
      const Members members = MembersOf(call);
      if (Peek() == "{") return Pair(members, call.value, call.seconds);
      return Unexpected(std::string(argument.name) + ": " + members.Both() + ", NULL or BAD_PTR" +
                        DidYouMean(word, {"NULL", "BAD_PTR"}));
    }
    if (const std::span<const Token> tokens = OptionInTokens(call); !tokens.empty()) {
      return NumberOrToken(argument.name, tokens, 0, kTextOther - 1, call.value);
    }
    if (!ReadNumber(word).valid) {
      return Unexpected(std::string(argument.name) + ": a number, NULL or BAD_PTR" +
                        DidYouMean(word, {"NULL", "BAD_PTR"}));
    }
    return PlainNumber(argument.name, INT32_MIN, INT32_MAX, call.value);
  }

  bool Arguments(const Declaration& declaration, Call& call) {
    if (!Eat("(")) return Unexpected("`(`: the call is " + Signature(declaration));
    const Argument* last = nullptr;
    for (const Argument& argument : declaration.arguments) {
      if (!argument.UsedBy(call)) continue;
      if (!OneArgument(declaration, argument, /*first=*/last == nullptr, call)) return false;
      last = &argument;
    }
    if (Eat(")")) return true;
    const bool comma = Eat(",");
    std::string expected = comma ? "" : "`,` or ";
    if (last->kind == Kind::kAddressIn) {
      expected += "addrlen=, or `)`: ";
    } else if (last->kind == Kind::kAddressOut) {
      expected += "NULL, BAD_PTR, addrlen=, or `)`: ";
    } else if (last->kind == Kind::kOptionIn) {
      expected += "len=, or `)`: ";
    } else if (last->kind == Kind::kOptionOut) {
      expected += "NULL, BAD_PTR, len=, or `)`: ";
    } else {
      expected = "`)`: ";
    }
    return Unexpected(expected + "the call is " + Signature(declaration));
  }

  // `s0 =`, where the line begins with it.
  bool Maker(std::optional<int>& handle, size_t& handle_at) {
    const size_t before = at_;
    const std::string_view word = PeekWord();
    handle_at = at_;
    at_ += word.size();
    if (word.empty() || !Eat("=")) {
      at_ = before;
      return true;
    }
    handle = ReadNumbered(word, 's', kMaxHandles);
    if (!handle) {
      return Unexpected(handle_at, word, "a handle: s0 to s" + std::to_string(kMaxHandles - 1));
    }
    return true;
  }

  std::string FreeHandle(int taken = kNoHandle) const {
    for (int i = 0; i < kMaxHandles; ++i) {
      if (made_in_[i] == 0 && i != taken) return PrintHandle(i);
    }
    return "s0";
  }

  bool FirstHalf(Call& call) {
    std::optional<int> handle;
    size_t handle_at = 0;
    if (!Maker(handle, handle_at)) return false;
    const std::string_view name = PeekWord();
    const Declaration* declaration = nullptr;
    Names names;
    for (const Declaration& candidate : Declarations()) {
      names.push_back(candidate.name);
      if (candidate.name == name) declaration = &candidate;
    }
    if (declaration == nullptr) {
      return Unexpected("a call: " + Join(names, " or ") + DidYouMean(name, names));
    }
    call.op = declaration->op;
    const size_t name_at = at_;
    const auto handle_fits = [&] {
      if (declaration->makes(call) && !handle) {
        return Unexpected(name_at, name,
                          "the handle that names its descriptor: `" + FreeHandle() + " = " +
                              std::string(name) + "(`");
      }
      if (!declaration->makes(call) && handle) {
        return Unexpected(handle_at, PrintHandle(*handle),
                          "`" + std::string(name) + "(` alone: it makes no descriptor to name");
      }
      return true;
    };
    if (!declaration->may_make() && !handle_fits()) return false;
    if (handle && made_in_[*handle] != 0) {
      return Unexpected(handle_at, PrintHandle(*handle), ExpectedFree(*handle));
    }
    if (pending_[call.thread] >= 0) {
      return Unexpected(ExpectedResumed(call.thread));
    }
    at_ += name.size();
    if (!Arguments(*declaration, call)) return false;
    if (declaration->may_make() && !handle_fits()) return false;
    if (handle) call.made = static_cast<uint8_t>(*handle);
    // Only now: a call cannot use what it makes.
    ForEachMade(call, [this](uint8_t made) { made_in_[made] = line_number_; });
    return true;
  }

  std::string ExpectedResumed(int thread) const {
    const Call& call = transcript_.program.calls[static_cast<size_t>(pending_[thread])];
    const std::string prefix = thread == 0 ? "" : "t" + std::to_string(thread) + ": ";
    return "`" + prefix + "<... " + std::string(DeclarationOf(call.op).name) +
           " resumed>`, since that call has not returned";
  }

  // After `<...`.
  bool SecondHalf(Call& call) {
    if (pending_[call.thread] < 0) {
      return Unexpected("a call: none of thread t" + std::to_string(call.thread) +
                        " is <unfinished ...>");
    }
    const std::string_view name = PeekWord();
    const Call& first = transcript_.program.calls[static_cast<size_t>(pending_[call.thread])];
    if (name != DeclarationOf(first.op).name) return Unexpected(ExpectedResumed(call.thread));
    at_ += name.size();
    const std::string_view resumed = PeekWord();
    if (resumed != "resumed") return Unexpected("`resumed>`");
    at_ += resumed.size();
    if (!Eat(">")) return Unexpected("`>`");
    call = first;
    call.part = Part::kResumed;
    pending_[call.thread] = -1;
    return true;
  }

  bool Thread(uint8_t& thread) {
    const size_t before = at_;
    const std::string_view word = PeekWord();
    at_ += word.size();
    if (word.empty() || !Eat(":")) {
      at_ = before;
      return true;
    }
    const std::optional<int> number = ReadNumbered(word, 't', kMaxThreads);
    if (!number) {
      at_ = before;
      return Unexpected("a thread (t0: to t" + std::to_string(kMaxThreads - 1) + ":)" +
                        (transcript_.program.calls.empty() ? ", `env:`" : "") + " or a call");
    }
    thread = static_cast<uint8_t>(*number);
    return true;
  }

  bool CallLine() {
    if (transcript_.program.calls.size() >= kMaxCalls) {
      return Unexpected("no more calls: a program has at most " + std::to_string(kMaxCalls));
    }
    Call call;
    Said said{.reply = {}, .clause = {}, .line = line_number_};
    if (!Thread(call.thread)) return false;
    const bool resumed = Eat("<...");
    if (!(resumed ? SecondHalf(call) : FirstHalf(call))) return false;
    if (!resumed && Eat(kUnfinished)) {
      call.part = Part::kUnfinished;
      pending_[call.thread] = static_cast<int>(transcript_.program.calls.size());
    }
    if (Eat("=")) {
      said.reply.emplace();
      if (!ReadReply(call, *said.reply)) return false;
    }
    if (!Tail(call, said)) return false;
    transcript_.program.calls.push_back(call);
    transcript_.said.push_back(std::move(said));
    return true;
  }

  // What follows call and reply: a clause, a comment or nothing.
  bool Tail(const Call& call, Said& said) {
    if (AtEnd()) return true;
    if (!Eat("#")) {
      return Unexpected(said.reply ? "`,` and more of the reply, `#` or the end of the line"
                        : call.part == Part::kUnfinished
                            ? "`=` and the reply, `#` or the end of the line"
                            : "`=` and the reply, <unfinished ...>, `#` or the end of the line");
    }
    if (!Eat("@")) return true;
    const size_t start = at_;
    while (at_ < line_.size() && !IsSpace(line_[at_])) {
      const char c = line_[at_];
      const bool fits =
          (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || (c == '.' && at_ > start);
      if (!fits) break;
      ++at_;
    }
    if (at_ == start || (at_ < line_.size() && !IsSpace(line_[at_]))) {
      return Unexpected("a clause's id: lower case letters, digits, `.` and `_`");
    }
    said.clause = line_.substr(start, at_ - start);
    return true;
  }

  // ---- Replies ----

  bool Outcome(const Call& call, Reply& reply) {
    const std::string_view word = PeekWord();
    if (word == "-1") {
      at_ += word.size();
      return ErrnoName(reply);
    }
    const Declaration& declaration = DeclarationOf(call.op);
    // Which slots a maker's descriptors are, only the kernel's launcher knows.
    const auto exactly = [&](const std::string& expected, std::string_view why) {
      if (word != expected) return Unexpected(std::string(expected).append(why).append(", or -1 and an errno"));
      at_ += word.size();
      return true;
    };
    if (declaration.makes(call)) return exactly(PrintHandle(call.made), ", the handle that the call makes");
    if (declaration.makes_pair()) return exactly("0", "");
    if (declaration.returns == Returns::kTarget && call.fd2.IsHandle()) {
      return exactly(PrintHandle(call.fd2.handle()), ", the descriptor that it was told");
    }
    const std::span<const Token> flags = ReturnTokens(call);
    if (!flags.empty()) {
      if (!ReadNumber(word).valid && FindToken(flags, word) == nullptr) {
        return Unexpected("a reply: " + Join(NamesOf(flags)) + ", 0, or -1 and an errno" +
                          DidYouMean(word, NamesOf(flags)));
      }
      return Flags("the reply", flags, INT32_MIN, INT32_MAX, reply.value);
    }
    if (!ReadNumber(word).valid) {
      return Unexpected("a reply: a number, -1 and an errno, or blocks" +
                        DidYouMean(word, {"blocks"}));
    }
    return PlainNumber("the reply", INT32_MIN, INT32_MAX, reply.value);
  }

  bool ErrnoName(Reply& reply) {
    const std::string_view word = PeekWord();
    reply.value = -1;
    if (word == "errno") {
      at_ += word.size();
      int32_t error = 0;
      if (!PlainNumber("errno", 0, INT16_MAX, error)) return false;
      reply.error = static_cast<int16_t>(error);
      if (error != 0) reply.value = 0;
      return true;
    }
    const Token* token = FindToken(Errnos(), word);
    if (token == nullptr) {
      return Unexpected("an errno after -1, such as EINVAL, or `errno 999`" +
                        DidYouMean(word, NamesOf(Errnos())));
    }
    reply.error = static_cast<int16_t>(token->value);
    reply.value = 0;
    at_ += word.size();
    return true;
  }

  bool ReadReply(const Call& call, Reply& reply) {
    if (PeekWord() == "blocks") {
      at_ += PeekWord().size();
      reply.blocked = true;
      if (!Eat(",")) {
        reply.wrote = kBlocksOnly;
        return true;
      }
      if (PeekWord() != "then") return Unexpected("`then` and what the interruption gave");
      at_ += PeekWord().size();
    }
    if (!Outcome(call, reply)) return false;
    while (Eat(",")) {
      if (!Written(call, reply)) return false;
    }
    return true;
  }

  struct Field {
    std::string_view name;
    Wrote bit;
  };
  static constexpr Field kFields[] = {{"addr", kWroteAddress}, {"addrlen", kWroteAddressLength},
                                      {"value", kWroteValue},  {"len", kWroteLength},
                                      {"data", kWroteData},    {"revents", kWroteEvents},
                                      {"signal", kWroteSignal}, {"flags", kWroteFlags},
                                      {"rights", kWroteRights}, {"ready", kWroteReady}};

  bool Written(const Call& call, Reply& reply) {
    const std::string_view word = PeekWord();
    const Field* field = nullptr;
    Names names;
    for (const Field& candidate : kFields) {
      names.push_back(candidate.name);
      if (candidate.name == word) field = &candidate;
    }
    if (field == nullptr) {
      return Unexpected("what came back: " + Join(names, " or ") + ", and `=`" +
                        DidYouMean(word, names));
    }
    if ((reply.wrote & field->bit) != 0) {
      return Unexpected("another field than " + std::string(word) +
                        "=, which stands there already");
    }
    reply.wrote = static_cast<uint16_t>(reply.wrote | field->bit);
    at_ += word.size();
    if (!Eat("=")) return Unexpected("`=`");
    switch (field->bit) {
      case kWroteAddress:
        return AddressBack(call, reply);
      case kWroteAddressLength:
        return PlainNumber("addrlen", INT32_MIN, INT32_MAX, reply.address_length);
      case kWroteValue:
        if (HasTwoMembers(call)) return Pair(MembersOf(call), reply.option, reply.seconds);
        return NumberOrToken("value", OptionTokens(call.level, call.option), INT32_MIN, INT32_MAX,
                             reply.option);
      case kWroteLength:
        return PlainNumber("len", INT32_MIN, INT32_MAX, reply.option_length);
      case kWroteData:
        return DataBack(reply.data);
      case kWroteEvents: {
        int32_t events = 0;
        if (!Flags("revents", EventTokens(call), INT16_MIN, UINT16_MAX, events)) return false;
        reply.events = static_cast<int16_t>(events);
        return true;
      }
      case kWroteSignal:
        if (PeekWord() != "SIGPIPE") return Unexpected("SIGPIPE");
        at_ += PeekWord().size();
        return true;
      case kWroteFlags:
        return Flags("flags", MessageFlags(), INT32_MIN, INT32_MAX, reply.flags);
      case kWroteRights: {
        const std::string own = call.made == kNoHandle ? "" : PrintHandle(call.made);
        if (own.empty()) return Unexpected("no rights=: the call names no descriptor that could come along");
        if (PeekWord() != own) return Unexpected(own + ", the handle that the call names");
        at_ += own.size();
        return true;
      }
      case kWroteReady:
        return ReadyBack(reply);
      case kBlocksOnly:
        break;  // not a field
    }
    return false;
  }

  // As many as the value says.
  bool ReadyBack(Reply& reply) {
    constexpr Argument kAny = {.name = "ready", .kind = Kind::kDescriptor};
    const int count = ReadyCount(reply);
    const std::string expected = std::to_string(count) + " of them, such as [" + PrintHandle(0) + " EPOLLIN]";
    if (!Eat("[")) return Unexpected(expected);
    for (int i = 0; i < count; ++i) {
      if (i > 0 && !Eat(",")) return Unexpected("`,` and more: " + expected);
      if (!DescriptorArgument(DeclarationOf(Op::kEpollWait), kAny, reply.ready[i].fd)) return false;
      int32_t events = 0;
      if (!Flags("events", EpollEvents(), INT16_MIN, UINT16_MAX, events)) return false;
      reply.ready[i].events = static_cast<int16_t>(events);
    }
    return Eat("]") || Unexpected("`]`: " + expected);
  }

  bool DataBack(Data& data) {
    constexpr std::string_view kExpected = "positions such as [0,5), or garbled";
    if (PeekWord() == "garbled") {
      at_ += PeekWord().size();
      data.garbled = true;
      return true;
    }
    int64_t start = 0;
    int64_t end = 0;
    if (!Eat("[")) return Unexpected(std::string(kExpected));
    if (!Position(0, start)) return false;
    if (!Eat(",")) return Unexpected("`,` and the end: " + std::string(kExpected));
    if (!Position(start, end)) return false;
    if (!Eat(")")) return Unexpected("`)`: " + std::string(kExpected));
    data.start = static_cast<uint32_t>(start);
    data.size = static_cast<uint32_t>(end - start);
    return true;
  }

  bool Position(int64_t least, int64_t& position) {
    const std::string_view word = PeekWord();
    const Number number = ReadNumber(word);
    if (!number.valid || number.value < least || number.value > UINT32_MAX) {
      return Unexpected("a position in the stream, a number from " + Range(least, UINT32_MAX));
    }
    position = number.value;
    at_ += word.size();
    return true;
  }

  // ---- Lines ----

  bool EnvironmentLine(size_t start) {
    if (!transcript_.program.calls.empty()) {
      return Fail(start, "`env:`", "a call: the environment stands above the first one");
    }
    if (environment_seen_) {
      return Fail(start, "`env:`", "a call or a comment: the environment has been given");
    }
    environment_seen_ = true;
    Environment& env = transcript_.program.env;
    while (!AtEnd() && Peek() != "#") {
      const std::string_view word = PeekWord();
      if (word == "uid" && !env.nobody) {
        at_ += word.size();
        if (!Eat("=")) return Unexpected("`=`");
        if (PeekWord() != "nobody") return Unexpected("nobody");
        at_ += PeekWord().size();
        env.nobody = true;
        continue;
      }
      if (word == "patience" && !env.patient) {
        at_ += word.size();
        if (!Eat("=")) return Unexpected("`=`");
        if (!Eat("2s")) return Unexpected("2s");
        env.patient = true;
        continue;
      }
      int* const field = word == "nofile"      ? &env.nofile
                         : word == "ephemeral" ? &env.ephemeral
                                               : nullptr;
      const int most = word == "nofile" ? kMaxNofile : kMaxEphemeral;
      if (field == nullptr) {
        if (word == "uid" || word == "patience") {
          return Unexpected("another setting than " + std::string(word) + "=");
        }
        return Unexpected("nofile=1 to " + std::to_string(kMaxNofile) + ", ephemeral=1 to " +
                          std::to_string(kMaxEphemeral) + ", uid=nobody or patience=2s" +
                          DidYouMean(word, {"nofile", "ephemeral", "uid", "patience"}));
      }
      if (*field != 0) return Unexpected("another setting than " + std::string(word) + "=");
      at_ += word.size();
      if (!Eat("=")) return Unexpected("`=`");
      int32_t value = 0;
      if (!PlainNumber(word, 1, most, value)) return false;
      *field = value;
    }
    return true;
  }

  bool Line() {
    if (AtEnd()) return true;
    if (Eat("#")) {
      if (transcript_.program.calls.empty()) {
        std::string_view comment = line_.substr(at_);
        if (comment.starts_with(' ')) comment.remove_prefix(1);
        transcript_.comments.emplace_back(comment);
      }
      return true;
    }
    const size_t start = at_;
    if (PeekWord() != "env") return CallLine();
    at_ += PeekWord().size();
    return Eat(":") ? EnvironmentLine(start) : Unexpected("`:`");
  }

  std::string_view text_;  // what is still to be read
  std::string_view line_;
  size_t at_ = 0;  // the cursor in line_
  int line_number_ = 0;
  bool environment_seen_ = false;
  std::array<int, kMaxHandles> made_in_{};  // by handle: the line that makes it, or 0
  std::array<int, kMaxThreads> pending_{};  // by thread: the index of its unfinished call, or -1
  Transcript transcript_;
  Problem problem_;
};

}  // namespace

std::string Problem::Message() const {
  return file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": found " + what +
         ", expected " + expected;
}

ParsedText ParseText(std::string_view text, std::string_view file_name) {
  return Parser(text, file_name).Run();
}

}  // namespace sockspec
