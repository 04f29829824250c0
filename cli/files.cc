#include "cli/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <memory>
#include <span>
#include <vector>

#include "cli/stop.h"
#include "fmt/format.h"
#include "model/clause.h"
#include "model/program/bytes.h"
#include "model/program/declarations.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

struct CloseFile {
  void operator()(FILE* file) const {
    if (file != stdin && file != stdout) fclose(file);
  }
};
using File = std::unique_ptr<FILE, CloseFile>;

[[noreturn]] void Cannot(std::string_view what, const std::string& typed) {
  throw Stop{kExitUnusable, fmt::format("cannot {} {}: {}", what, NameOf(typed), strerror(errno))};
}

// The clauses that a line may name are those of its call.
std::string SomeClauses(Op op) {
  std::string some;
  int count = 0;
  for (const Clause* clause : ClausesOf(op)) {
    if (!clause->id.starts_with(DeclarationOf(op).name)) continue;
    if (++count > 6) return some + ", …";
    some += (some.empty() ? "" : ", ") + std::string(clause->id);
  }
  return some;
}

}  // namespace

std::string PathOf(std::string_view typed) {
  const char* directory = getenv("BUILD_WORKING_DIRECTORY");
  if (directory == nullptr || typed.empty() || typed.front() == '/') return std::string(typed);
  return fmt::format("{}/{}", directory, typed);
}

std::string NameOf(const std::string& typed) { return typed == "-" ? "standard input" : typed; }

std::string ReadWhole(const std::string& typed) {
  File file(typed == "-" ? stdin : fopen(PathOf(typed).c_str(), "rbe"));
  if (file == nullptr) Cannot("read", typed);
  std::string text;
  char buffer[65536];
  while (const size_t n = fread(buffer, 1, sizeof buffer, file.get())) text.append(buffer, n);
  if (ferror(file.get())) Cannot("read", typed);
  return text;
}

void WriteWhole(const std::string& typed, std::string_view contents) {
  const bool to_stdout = typed.empty() || typed == "-";
  File file(to_stdout ? stdout : fopen(PathOf(typed).c_str(), "wbe"));
  const std::string name = to_stdout ? "standard output" : typed;
  if (file == nullptr ||
      fwrite(contents.data(), 1, contents.size(), file.get()) != contents.size() ||
      fflush(file.get()) != 0) {
    Cannot("write", name);
  }
}

Transcript ReadProgram(const std::string& typed) {
  const std::string text = ReadWhole(typed);
  if (typed.ends_with(".bytes")) {
    Transcript transcript;
    transcript.program =
        DecodeBytes(std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
    transcript.said.resize(transcript.program.calls.size());
    return transcript;
  }
  ParsedText parsed = ParseText(text, NameOf(typed));
  if (!parsed.ok()) throw Stop{kExitUnusable, parsed.problem.Message()};
  Transcript& transcript = parsed.transcript;
  if (transcript.program.calls.empty()) {
    throw Stop{kExitUnusable, fmt::format("{}:1:1: found no call, expected one such as "
                                          "`s0 = socket(AF_INET, SOCK_STREAM, 0)`",
                                          NameOf(typed))};
  }
  for (size_t i = 0; i < transcript.said.size(); ++i) {
    const Said& said = transcript.said[i];
    if (said.clause.empty() || FindClause(said.clause) != nullptr) continue;
    // The parser does not know the clauses; the place is that of the name in its line.
    size_t begin = 0;
    for (int line = 1; line < said.line; ++line) begin = text.find('\n', begin) + 1;
    const size_t column = text.find("@" + said.clause, begin) - begin + 1;
    const Op op = transcript.program.calls[i].op;
    throw Stop{
        kExitUnusable,
        fmt::format("{}:{}:{}: found `@{}`, expected a clause of {}(): {}; `sockspec spec` has all",
                    NameOf(typed), said.line, column, said.clause, DeclarationOf(op).name,
                    SomeClauses(op))};
  }
  return std::move(transcript);
}

}  // namespace sockspec
