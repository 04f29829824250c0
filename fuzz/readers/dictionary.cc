// libFuzzer dictionaries for the targets that fuzz our own readers, derived from the declarations.
//
//     dictionary program > program.dict     the words of the text form
//     dictionary finding > finding.dict     these, and the names in a finding.json
//     dictionary deviations > …             the words of a table of deviations

#include <cstdint>
#include <cstdio>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "fuzz/finding.h"
#include "model/clause.h"
#include "model/program/declarations.h"
#include "model/program/notation.h"
#include "model/program/text.h"
#include "model/program/unix_name.h"
#include "nlohmann/json.hpp"

namespace sockspec {
namespace {

using Words = std::set<std::string, std::less<>>;

void Add(Words& words, std::span<const Token> tokens) {
  for (const Token& token : tokens) words.emplace(token.name);
}

Words WordsOfPrograms() {
  Words words;
  for (const Declaration& declaration : Declarations()) {
    words.insert(std::string(declaration.name) + "(");
    for (const Argument& argument : declaration.arguments) {
      Add(words, argument.tokens);
      if (argument.tokens_by == nullptr) continue;
      // Of options, those of the level; of the values of a call, all that one of its arguments leads to.
      for (const Argument& other : declaration.arguments) {
        if (other.member == nullptr) continue;
        for (const int32_t choice : other.ChoicesOf(Call{.op = declaration.op})) {
          Call call{.op = declaration.op};
          call.*other.member = choice;
          Add(words, argument.TokensOf(call));
        }
      }
    }
  }
  for (const auto tokens : {SocketTypes(), SocketFlags(), MessageFlags(), PollEvents(), StatusFlags(), Families(),
                            Protocols(), Errnos(), SelectSets(), EpollEvents()}) {
    Add(words, tokens);
  }
  for (const std::string_view host : kHostNames) words.emplace(host);
  for (const UnixNameRow& row : kUnixNames) words.emplace(row.token);
  // The rest of grammar.ebnf, which no table lists.
  for (const std::string_view word :
       {"s0", "s1", "s31", "-1", "NEVER", "FILE", "PIPE", "NULL", "BAD_PTR", ":P0", ":P7", ":E0", ":E23", "@E0",
        ":PRIVILEGED", "/DIRTY", "OTHER", "env: ", "nofile=", "ephemeral=", "uid=nobody", "t0: ", "t1: ", "t7: ",
        "<unfinished ...>", "<... ", " resumed>", " = ", "blocks", "blocks, then ", ", ", "addr=", "addrlen=",
        "value=", "len=", "data=[0,5)", "data=garbled", "revents=", "signal=SIGPIPE", "flags=", "rights=",
        "ready=[", "{1, 0}", "[s1, s2]", "errno 4095", "0x", "2147483647", "-2147483648", "# @", "# ", "\n"}) {
    words.emplace(word);
  }
  return words;
}

// The names in a finding.json, the classes, and the beginnings and ends of its values.
Words WordsOfFindings() {
  Words words = WordsOfPrograms();
  Finding finding;
  finding.transcript = ParseText("close(-1) = -1 EBADF\n", "").transcript;
  finding.allowed.emplace_back();
  const auto json = nlohmann::json::parse(FindingJson(finding));
  const auto add = [&](const nlohmann::json& object) {
    for (const auto& [name, value] : object.items()) words.insert("\"" + name + "\": ");
  };
  add(json);
  add(json["quiet"]);
  add(json["allowed"][0]);
  for (const auto kind : {FindingClass::kConfirmed, FindingClass::kUnstable, FindingClass::kContaminated}) {
    words.insert("\"" + std::string(FindingClassName(kind)) + "\"");
  }
  for (const std::string_view word : {"\"errno\"", "\"value\"", "\"effect\"", "\"blocks\"", "true", "false", "null",
                                      "[]", "{}", "\"\"", "\\n", "\\u0000", "1e9", "-1", "18446744073709551616"}) {
    words.emplace(word);
  }
  return words;
}

Words WordsOfDeviations() {
  Words words;
  for (const std::string_view word : {" | ", "linux", "posix", "linux-6.1", "linux-6.18", "linux-6.1+selinux",
                                      "linux.", "fake", "fake.", "6.*", "[!a-z]", "?", "\\", "#", "\r\n", "6.1..6.18",
                                      "..", "2027-06-30", "2028-02-29"}) {
    words.emplace(word);
  }
  for (const Clause* clause : AllClauses()) {
    if (!clause->alias.empty()) words.insert("." + std::string(clause->alias) + ".");
  }
  return words;
}

void Print(const Words& words) {
  printf("# Made by //fuzz/readers:dictionary.\n");
  for (const std::string& word : words) {
    printf("\"");
    for (const char c : word) {
      const bool plain = c >= ' ' && c <= '~' && c != '"' && c != '\\';
      printf(plain ? "%c" : "\\x%02x", static_cast<unsigned char>(c));
    }
    printf("\"\n");
  }
}

}  // namespace
}  // namespace sockspec

int main(int argc, char** argv) {
  using namespace sockspec;
  const std::string_view what = argc == 2 ? argv[1] : "";
  if (what == "program") {
    Print(WordsOfPrograms());
  } else if (what == "finding") {
    Print(WordsOfFindings());
  } else if (what == "deviations") {
    Print(WordsOfDeviations());
  } else {
    fprintf(stderr, "usage: dictionary program|finding|deviations\n");
    return 2;
  }
  return 0;
}
