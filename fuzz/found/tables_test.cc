// The tables of known deviations, read by themselves: no kernel is asked. What their rows explain, lwip_test and
// cli/guests_test ask.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "fuzz/deviations.h"
#include "gtest/gtest.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

std::string Contents(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

Deviations Table(const std::string& kernel) {
  const std::string file = "fuzz/found/" + kernel + ".deviations";
  const ParsedDeviations table = ParseDeviations(Contents(file), file);
  EXPECT_EQ(table.problem, "");
  return table.deviations;
}

// Whether a condition says more of a call than which one it is: an argument, or what it came back with.
bool IsTelling(std::string_view condition) {
  if (condition.find(" = ") != std::string_view::npos && !condition.starts_with("s* = ")) return true;
  if (std::ranges::count(condition, '=') > 1) return true;
  const size_t open = condition.find('(');
  if (open == std::string_view::npos) return false;
  std::string arguments(condition.substr(open));
  for (const std::string_view nothing : {"s*", "sN"}) {
    for (size_t at; (at = arguments.find(nothing)) != std::string::npos;) arguments.erase(at, nothing.size());
  }
  return std::ranges::any_of(arguments, [](unsigned char c) { return isalnum(c) || c == '/'; });
}

TEST(Tables, ARowThatStandsForKeysThatNobodyHasSeenAsksForMoreThanTheKey) {
  for (const std::string kernel : {"gvisor", "lwip"}) {
    const Deviations table = Table(kernel);
    EXPECT_GE(table.rows.size(), 100u);
    for (const Deviation& row : table.rows) {
      SCOPED_TRACE(kernel + ".deviations:" + std::to_string(row.line) + ": " + row.key);
      const std::string key = row.key.substr(0, row.key.find(' '));
      if (key.find('*') == std::string::npos) continue;
      EXPECT_TRUE(HasCondition(row));
      // Not any call, and not any way in which it may differ.
      EXPECT_NE(key.substr(kernel.size() + 1, 2), "*.");
      std::string_view rest = std::string_view(row.key).substr(key.size());
      bool telling = false;
      while (!rest.empty()) {
        rest.remove_prefix(rest.starts_with(" when ") ? 6 : 7);
        const size_t end = std::min({rest.find(" when "), rest.find(" after "), rest.size()});
        telling |= IsTelling(rest.substr(0, end));
        rest.remove_prefix(end);
      }
      EXPECT_TRUE(telling);
    }
  }
}

TEST(Tables, WhatAnotherSocketIsOrHasDoneAlongsideExplainsNothing) {
  const Deviations table = Table("gvisor");
  const auto known = [&](const std::string& before) {
    const std::string text = "s0 = socket(AF_INET, SOCK_DGRAM, 0) = s0\nbind(s0, 127.0.0.1:P0) = 0\n" + before +
                             "sendto(s0, 1, MSG_DONTWAIT, 127.0.0.1:P0) = 1\nrecv(s0, 1, MSG_DONTWAIT) = -1 EAGAIN\n";
    const ParsedText parsed = ParseText(text, "shown");
    EXPECT_TRUE(parsed.ok()) << parsed.problem.Message();
    const auto last = static_cast<int>(parsed.transcript.program.calls.size()) - 1;
    return IsKnown(table.rows, ShownBy("gvisor.recv.dgram.inet.udp_recv.datagram.errno.EAGAIN", parsed.transcript, last));
  };
  // What is known of two that share a port needs two that do, one of them of IPv6.
  const std::string shared = "s1 = socket(AF_INET6, SOCK_DGRAM, 0) = s1\nsetsockopt(s1, SOL_SOCKET, SO_REUSEADDR, 1) = 0\n";
  EXPECT_TRUE(known(shared + "bind(s1, [::]:P0) = 0\n"));
  EXPECT_FALSE(known(shared));
  EXPECT_FALSE(known("s1 = socket(AF_INET, SOCK_STREAM, 0) = s1\nsetsockopt(s1, SOL_SOCKET, SO_REUSEPORT, 1) = 0\n"));
  // What is known of 127.0.0.2 needs that something is sent there.
  const std::string other = "s1 = socket(AF_INET, SOCK_DGRAM, 0) = s1\n";
  EXPECT_TRUE(known(other + "connect(s1, 127.0.0.2:P0) = 0\n"));
  EXPECT_FALSE(known(other + "bind(s1, 127.0.0.2:P0) = 0\n"));
}

TEST(Tables, EveryProgramOfGvisorHasItsRowsAndTheirSentence) {
  const Deviations table = Table("gvisor");
  std::map<std::string, std::string> sentences;
  for (const Deviation& row : table.rows) {
    if (row.link.empty()) continue;
    EXPECT_EQ(sentences.try_emplace(row.link, row.reason).first->second, row.reason) << row.line;
  }
  int programs = 0;
  for (const auto& entry : std::filesystem::directory_iterator("fuzz/found/gvisor")) {
    ++programs;
    const std::string text = Contents(entry.path());
    // One may show what a row of another explains, too.
    const bool known = std::ranges::any_of(table.rows, [&](const Deviation& row) { return text.starts_with("# " + row.reason + "\n"); });
    EXPECT_TRUE(known) << entry.path();
  }
  EXPECT_GE(programs, 215);
  for (const auto& [link, sentence] : sentences) {
    EXPECT_TRUE(Contents(link).starts_with("# " + sentence + "\n")) << link;
  }
}

}  // namespace
}  // namespace sockspec
