#include "model/program/options.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <iterator>

#include "model/program/declarations.h"
#include "model/program/option_names.h"

namespace sockspec {
namespace {

constexpr OptionText kTexts[] = {{{"NO_NAME", kTextEmpty}, ""},
                                 {{"LO", kTextLo}, "lo"},
                                 {{"NONESUCH", kTextNonesuch}, "nonesuch"},
                                 {{"RENO", kTextReno}, "reno"}};
constexpr Token kTextTokens[] = {
    kTexts[0].token, kTexts[1].token, kTexts[2].token, kTexts[3].token, {"OTHER", kTextOther}};
constexpr Token kPeerTokens[] = {{"NOBODY", kPeerNobody}, {"OURS", kPeerOurs}, {"OTHER", kPeerOther}};

constexpr Token kTcpStates[] = {
    {"TCP_ESTABLISHED", TCP_ESTABLISHED}, {"TCP_SYN_SENT", TCP_SYN_SENT},
    {"TCP_SYN_RECV", TCP_SYN_RECV},       {"TCP_FIN_WAIT1", TCP_FIN_WAIT1},
    {"TCP_FIN_WAIT2", TCP_FIN_WAIT2},     {"TCP_TIME_WAIT", TCP_TIME_WAIT},
    {"TCP_CLOSE", TCP_CLOSE},             {"TCP_CLOSE_WAIT", TCP_CLOSE_WAIT},
    {"TCP_LAST_ACK", TCP_LAST_ACK},       {"TCP_LISTEN", TCP_LISTEN},
    {"TCP_CLOSING", TCP_CLOSING}};

// What differs from an int.
struct Layout {
  int32_t level;
  int32_t option;
  OptionForm form;
  int32_t size;
};
#define SOCKSPEC_LAYOUT(level, name, form, size) {level, NumberOf(level, name), OptionForm::form, size}
constexpr Layout kLayouts[] = {
    SOCKSPEC_LAYOUT(kSocketLevel, "SO_LINGER", kPair, 8),
    SOCKSPEC_LAYOUT(kSocketLevel, "SO_RCVTIMEO", kTime, 16),
    SOCKSPEC_LAYOUT(kSocketLevel, "SO_SNDTIMEO", kTime, 16),
    SOCKSPEC_LAYOUT(kSocketLevel, "SO_RCVTIMEO_NEW", kTime, 16),
    SOCKSPEC_LAYOUT(kSocketLevel, "SO_SNDTIMEO_NEW", kTime, 16),
    SOCKSPEC_LAYOUT(kSocketLevel, "SO_PEERCRED", kCredentials, 12),
    SOCKSPEC_LAYOUT(kSocketLevel, "SO_BINDTODEVICE", kText, 16),
    SOCKSPEC_LAYOUT(kSocketLevel, "SO_MAX_PACING_RATE", kPair, 8),
    SOCKSPEC_LAYOUT(kSocketLevel, "SO_COOKIE", kPair, 8),
    SOCKSPEC_LAYOUT(kSocketLevel, "SO_NETNS_COOKIE", kPair, 8),
    SOCKSPEC_LAYOUT(kSocketLevel, "SO_TXTIME", kPair, 8),
    SOCKSPEC_LAYOUT(kSocketLevel, "SO_TIMESTAMPING", kPair, 8),
    SOCKSPEC_LAYOUT(kSocketLevel, "SO_TIMESTAMPING_NEW", kPair, 8),
    SOCKSPEC_LAYOUT(kSocketLevel, "SO_MEMINFO", kOpaque, 36),
    SOCKSPEC_LAYOUT(kSocketLevel, "SO_PEERNAME", kOpaque, 16),
    SOCKSPEC_LAYOUT(kSocketLevel, "SO_PEERGROUPS", kOpaque, 128),
    SOCKSPEC_LAYOUT(kSocketLevel, "SO_ATTACH_FILTER", kOpaque, 16),
    SOCKSPEC_LAYOUT(kSocketLevel, "SO_ATTACH_REUSEPORT_CBPF", kOpaque, 16),
    SOCKSPEC_LAYOUT(kIpLevel, "IP_OPTIONS", kOpaque, 40),
    SOCKSPEC_LAYOUT(kIpLevel, "IP_PKTOPTIONS", kOpaque, 40),
    SOCKSPEC_LAYOUT(kIpLevel, "IP_ADD_MEMBERSHIP", kPair, 8),
    SOCKSPEC_LAYOUT(kIpLevel, "IP_DROP_MEMBERSHIP", kPair, 8),
    SOCKSPEC_LAYOUT(kTcpLevel, "TCP_INFO", kFirstByte, 104),
    SOCKSPEC_LAYOUT(kTcpLevel, "TCP_CONGESTION", kText, 16),
    SOCKSPEC_LAYOUT(kTcpLevel, "TCP_ULP", kText, 16),
    SOCKSPEC_LAYOUT(kTcpLevel, "TCP_CC_INFO", kOpaque, 20),
    SOCKSPEC_LAYOUT(kTcpLevel, "TCP_SAVED_SYN", kOpaque, 128),
    SOCKSPEC_LAYOUT(kTcpLevel, "TCP_REPAIR_WINDOW", kOpaque, 20),
    SOCKSPEC_LAYOUT(kTcpLevel, "TCP_FASTOPEN_KEY", kOpaque, 16),
    SOCKSPEC_LAYOUT(kTcpLevel, "TCP_ZEROCOPY_RECEIVE", kOpaque, 64),
    SOCKSPEC_LAYOUT(kIpv6Level, "IPV6_2292PKTOPTIONS", kOpaque, 40),
    SOCKSPEC_LAYOUT(kIpv6Level, "IPV6_JOIN_GROUP", kOpaque, 20),
    SOCKSPEC_LAYOUT(kIpv6Level, "IPV6_LEAVE_GROUP", kOpaque, 20),
    SOCKSPEC_LAYOUT(kIpv6Level, "IPV6_JOIN_ANYCAST", kOpaque, 20),
    SOCKSPEC_LAYOUT(kIpv6Level, "IPV6_LEAVE_ANYCAST", kOpaque, 20),
    SOCKSPEC_LAYOUT(kIpv6Level, "IPV6_PKTINFO", kOpaque, 20),
    SOCKSPEC_LAYOUT(kIpv6Level, "IPV6_HOPOPTS", kOpaque, 8),
    SOCKSPEC_LAYOUT(kIpv6Level, "IPV6_RTHDRDSTOPTS", kOpaque, 8),
    SOCKSPEC_LAYOUT(kIpv6Level, "IPV6_RTHDR", kOpaque, 8),
    SOCKSPEC_LAYOUT(kIpv6Level, "IPV6_DSTOPTS", kOpaque, 8),
    SOCKSPEC_LAYOUT(kIpv6Level, "IPV6_PATHMTU", kOpaque, 32),
    SOCKSPEC_LAYOUT(kIpv6Level, "IPV6_FLOWLABEL_MGR", kOpaque, 32),
};
#undef SOCKSPEC_LAYOUT

// By level and number, so that a look-up is two steps. The layouts with numbers beyond are none.
constexpr int kNumbers = 128;
struct Index {
  uint8_t of[42][kNumbers] = {};  // 1 + the index into kLayouts; 0: an int
};
constexpr Index kIndex = [] {
  Index index;
  for (size_t i = 0; i < std::size(kLayouts); ++i) {
    index.of[kLayouts[i].level][kLayouts[i].option] = static_cast<uint8_t>(i + 1);
  }
  return index;
}();
const Layout* FindLayout(int32_t level, int32_t option) {
  if (level < 0 || level > kIpv6Level || option < 0 || option >= kNumbers) return nullptr;
  const int found = kIndex.of[level][option];
  return found == 0 ? nullptr : &kLayouts[found - 1];
}

// Options worth trying, the most used first; at the end numbers that no kernel has an option for.
constexpr int32_t kIpChoices[] = {1,  2,  8,  10, 11, 15, 19, 24, 51, 3,  4,  5,  6,  7,  9,  12, 13, 14,
                                  16, 17, 18, 20, 21, 22, 23, 25, 26, 32, 33, 34, 35, 36, 37, 38, 39, 40,
                                  41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 52, 0,  -1, 27, kNoSuchOption};
constexpr int32_t kTcpChoices[] = {1,  3,  11, 9,  12, 2,  4,  5,  6,  7,  8,  10, 13, 14, 16, 17, 18, 19, 20,
                                   21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39,
                                   40, 41, 42, 43, 44, 45, 46, 0,  -1, 15, kNoSuchOption};
constexpr int32_t kUdpChoices[] = {1, 103, 104, 100, 101, 102, 10, 11, 0, -1, 2, kNoSuchOption};
constexpr int32_t kIpv6Choices[] = {26, 16, 67, 25, 49, 75, 78, 1,  2,  3,  4,  5,  6,  7,  8,  9,
                                    10, 11, 17, 18, 19, 20, 21, 22, 23, 24, 27, 28, 29, 30, 31, 32,
                                    33, 34, 35, 36, 42, 43, 44, 45, 46, 47, 48, 50, 51, 52, 53, 54,
                                    55, 56, 57, 58, 59, 60, 61, 62, 66, 70, 72, 73, 74, 76, 77, 0,
                                    -1, 12, kNoSuchOption};
constexpr int32_t kUnknownLevelChoices[] = {1, 2, 3, 4};

}  // namespace

OptionForm FormOf(int32_t level, int32_t option) {
  const Layout* layout = FindLayout(level, option);
  return layout == nullptr ? OptionForm::kInt : layout->form;
}

int32_t OptionSize(int32_t level, int32_t option) {
  const Layout* layout = FindLayout(level, option);
  return layout == nullptr ? static_cast<int32_t>(sizeof(int)) : layout->size;
}

std::span<const Token> OptionTokens(int32_t level, int32_t option) {
  switch (FormOf(level, option)) {
    case OptionForm::kText: return kTextTokens;
    case OptionForm::kFirstByte: return kTcpStates;
    case OptionForm::kCredentials: return kPeerTokens;
    case OptionForm::kInt: break;
    case OptionForm::kPair:
    case OptionForm::kTime:
    case OptionForm::kOpaque: return {};
  }
  if (level != SOL_SOCKET) return {};
  switch (option) {
    case SO_ERROR: return Errnos();
    case SO_TYPE: return SocketTypes();
    case SO_DOMAIN: return Families();
    case SO_PROTOCOL: return Protocols();
    default: return {};  // not an enumeration: any number may be an option
  }
}

std::span<const Token> OptionLevels() { return kOptionLevels; }

std::span<const Token> OptionNames(int32_t level) {
  switch (level) {
    case kSocketLevel: return kSocketOptions;
    case kIpLevel: return kIpOptions;
    case kTcpLevel: return kTcpOptions;
    case kUdpLevel: return kUdpOptions;
    case kIpv6Level: return kIpv6Options;
    default: return {};  // not an enumeration: any number may be a level
  }
}

bool IsYoungOption(int32_t level, int32_t option) {
  switch (level) {
    case kSocketLevel: return option >= 63;
    case kIpLevel: return option == 23 || option >= 25;
    case kTcpLevel: return option >= 28;
    case kUdpLevel: return true;
    case kIpv6Level: return option == 11 || (option >= 29 && option <= 36) || option >= 70;
    default: return false;
  }
}

std::string_view OptionTypeInC(int32_t level, int32_t option) {
  switch (FormOf(level, option)) {
    case OptionForm::kInt: return "int";
    case OptionForm::kPair: return level == SOL_SOCKET && option == SO_LINGER ? "struct linger" : "";
    case OptionForm::kTime: return "struct timeval";
    case OptionForm::kCredentials: return "struct ucred";
    case OptionForm::kText:
    case OptionForm::kFirstByte:
    case OptionForm::kOpaque: return "";
  }
  __builtin_unreachable();
}

std::span<const int32_t> OptionChoices(int32_t level) {
  switch (level) {
    case kSocketLevel: return kSocketOptionChoices;
    case kIpLevel: return kIpChoices;
    case kTcpLevel: return kTcpChoices;
    case kUdpLevel: return kUdpChoices;
    case kIpv6Level: return kIpv6Choices;
    default: return kUnknownLevelChoices;
  }
}

std::span<const OptionText> OptionTexts() { return kTexts; }

}  // namespace sockspec
