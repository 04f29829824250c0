#include "fuzz/fuzz_target.h"

#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "fuzz/confirm.h"
#include "fuzz/features.h"
#include "fuzz/kinds.h"
#include "fuzz/minimize.h"
#include "fuzz/mutate.h"
#include "model/clause.h"
#include "model/program/bytes.h"
#include "model/program/declarations.h"
#include "model/program/random.h"
#include "model/program/text.h"

// Byte-wise mutation, from the engine. Weak, since tests link this file without one.
extern "C" __attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t* data, size_t size,
                                                         size_t max_size);

namespace sockspec {
namespace {

// What libFuzzer takes for coverage beside its own: how often each clause decided, and each clause
// after each other one on the same handle. It clears them before every input.
constexpr size_t kClauses = 1024;
constexpr size_t kPairs = 1 << 14;
__attribute__((section("__libfuzzer_extra_counters"), used)) uint8_t g_counters[kClauses + kPairs];

void Count(size_t at) {
  if (g_counters[at] < 255) ++g_counters[at];
}

// "F1121 08:00:00.000000 4711 oracle.cc:42] ", the beginning of a fatal line as glog writes it.
std::string FatalPrefix() {
  timeval now;
  gettimeofday(&now, nullptr);
  tm parts;
  localtime_r(&now.tv_sec, &parts);
  char text[80];
  snprintf(text, sizeof text, "F%02d%02d %02d:%02d:%02d.%06ld %d oracle.cc:42] ", parts.tm_mon + 1,
           parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, static_cast<long>(now.tv_usec),
           static_cast<int>(getpid()));
  return text;
}

// For people: every line indented, since a line that begins with # and a number reads as a stack
// frame.
void PrintIndented(std::string_view text) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    fprintf(stderr, "  %.*s\n", static_cast<int>(end), text.data());
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

[[noreturn]] void Stop(const Trouble& trouble) {
  fprintf(stderr, "sockspec: %s\n", trouble.what.c_str());
  _exit(1);
}

}  // namespace

FuzzTarget::FuzzTarget(std::unique_ptr<Kernel> kernel, const Profile& profile, KindSet sockets)
    : kernel_(std::move(kernel)),
      sockets_(sockets),
      lockstep_(*kernel_, profile),
      oracle_(profile),
      generator_(profile, {.blocking = false, .sockets = sockets}) {}

Program FuzzTarget::Decoded(const uint8_t* data, size_t size) {
  Program program = DecodeBytes({data, size});
  program.env.patient = false;  // two seconds are too long for one input
  std::erase_if(program.calls, [this](const Call& call) { return ((sockets_ | kNoSocket) & KindMade(call)) == 0; });
  return Followable(program, oracle_);
}

void FuzzTarget::Feed(const Program& program, const Run& run) {
  ForEachFeature(program, run, ClauseNumber, [](int before, int clause) {
    Count(static_cast<size_t>(clause) % kClauses);
    if (before < 0) return;
    Count(kClauses + ((static_cast<size_t>(before) + 1) * 8191 + static_cast<size_t>(clause)) % kPairs);
  });
}

// The key that the program's first divergence has in fresh namespaces, too; "" where it does not
// stay.
std::string FuzzTarget::KeyThatStays(const Program& program) {
  std::string key;
  for (int i = 0; i < 2; ++i) {
    const Run& run = lockstep_.PlayFresh(program);
    if (run.trouble.any()) Stop(run.trouble);
    if (!run.diverged()) return "";
    if (i == 0) key = run.divergences[0].key;
    if (run.divergences[0].key != key) return "";
  }
  return key;
}

// The engine opens files in this very process, which a program with `nofile` or `uid=nobody` leaves
// without descriptors or without the right to.
void FuzzTarget::GiveBack(const Environment& env) {
  if (env == Environment{}) return;
  if (Trouble trouble = kernel_->Reset(Environment{}); trouble.any()) Stop(trouble);
}

void FuzzTarget::Test(const uint8_t* data, size_t size) {
  const Program program = Decoded(data, size);
  if (program.calls.empty()) return;
  {
    const Run& run = lockstep_.Play(program);
    if (run.trouble.any()) Stop(run.trouble);
    Feed(program, run);
    if (!run.diverged() || (!locked_key_.empty() && run.divergences[0].key != locked_key_)) {
      return GiveBack(program.env);
    }
  }
  const std::string key = KeyThatStays(program);
  if (key.empty() || (!locked_key_.empty() && key != locked_key_)) return GiveBack(program.env);
  // The last run of KeyThatStays() showed it.
  const Run& run = lockstep_.PlayFresh(program);
  fprintf(stderr, "%sCheck failed: FuzzerHash=%s %s\n", FatalPrefix().c_str(),
          LettersOf(key).c_str(), key.c_str());
  fprintf(stderr, "DEDUP_TOKEN: %s\n", key.c_str());
  Transcript transcript{.program = program};
  transcript.said.resize(program.calls.size());
  for (size_t i = 0; i < run.replies.size(); ++i) {
    transcript.said[i].reply = run.replies[i];
    if (run.seen[i].clause != nullptr) transcript.said[i].clause = run.seen[i].clause->id;
  }
  PrintIndented(PrintText(transcript));
  if (run.diverged()) {
    const Divergence& divergence = run.divergences[0];
    const Call& call = program.calls[divergence.index];
    fprintf(stderr, "call %d, %s, came back %s; right would have been:\n", divergence.index + 1,
            PrintCall(call).c_str(), PrintReply(call, divergence.actual).c_str());
    for (const Allowed& allowed : divergence.allowed) {
      fprintf(stderr, "  %s (%s) %s\n", PrintReply(call, allowed.reply).c_str(),
              std::string(allowed.clause->id).c_str(), allowed.note.c_str());
    }
  }
  fflush(stderr);
  GiveBack(program.env);
  abort();
}

size_t FuzzTarget::Mutate(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  if (minimize_only_) return Smaller(data, size, max_size);
  Random random(seed);
  // Bytes that are no encoding of ours are inputs, too.
  if (LLVMFuzzerMutate != nullptr && random.OneIn(16)) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  Program program = DecodeBytes({data, size});
  sockspec::Mutate(program, random, generator_);
  const std::vector<uint8_t> bytes = EncodedWithin(std::move(program), max_size);
  if (bytes.empty()) return std::min(std::max<size_t>(size, 1), max_size);
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}

size_t FuzzTarget::Cross(const uint8_t* first, size_t first_size, const uint8_t* second,
                         size_t second_size, uint8_t* out, size_t max_size, unsigned seed) {
  if (minimize_only_) {
    const size_t n = std::min(first_size, max_size);
    std::copy(first, first + n, out);
    return n;
  }
  Random random(seed);
  const std::vector<uint8_t> bytes = EncodedWithin(
      sockspec::Cross(DecodeBytes({first, first_size}), DecodeBytes({second, second_size}), random),
      max_size);
  std::copy(bytes.begin(), bytes.end(), out);
  return bytes.size();
}

// The engine wants something smaller than `data` to try. It gets the smallest there is, in one
// step; where there is none, the process ends as if a search had ended without success.
size_t FuzzTarget::Smaller(uint8_t* data, size_t size, size_t max_size) {
  const Program program = Decoded(data, size);
  if (locked_key_.empty()) locked_key_ = KeyThatStays(program);
  if (!locked_key_.empty()) {
    const Run& run = lockstep_.PlayFresh(program);
    if (Shows(run, locked_key_)) {
      const Divergence divergence = run.divergences[0];
      Plausible plausible(oracle_.profile(), program.calls[divergence.index].op,
                          divergence.expected);
      const Minimized minimized =
          Minimize(program,
                   [&](const Program& candidate) {
                     const Run& tried = lockstep_.PlayFresh(candidate);
                     if (tried.trouble.any()) Stop(tried.trouble);
                     return Shows(tried, locked_key_);
                   },
                   {.last_call = divergence.index,
                    .plausible = [&](const Program& candidate) { return plausible(candidate); }});
      const std::vector<uint8_t> bytes = Encode(minimized.program);
      fprintf(stderr, "sockspec: %zu calls of %zu are needed%s\n", minimized.program.calls.size(),
              program.calls.size(),
              minimized.one_minimal ? ", and none of them can be simpler" : "");
      if (bytes.size() <= max_size) {
        std::copy(bytes.begin(), bytes.end(), data);
        return bytes.size();
      }
    } else {
      fprintf(stderr, "sockspec: the divergence does not come every time\n");
    }
  } else {
    fprintf(stderr, "sockspec: the input shows no divergence that stays\n");
  }
  fflush(stderr);
  _exit(0);
}

std::string LettersOf(const std::string& key) {
  uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (const char c : key) hash = (hash ^ static_cast<uint8_t>(c)) * 1099511628211u;
  std::string letters;
  for (int i = 0; i < 10; ++i, hash /= 26) letters += static_cast<char>('A' + hash % 26);
  return letters;
}

std::vector<uint8_t> EncodedWithin(Program program, size_t most) {
  for (;;) {
    std::vector<uint8_t> bytes = Encode(program);
    if (bytes.size() <= most) return bytes;
    if (program.calls.empty()) return {};
    program.calls.pop_back();
  }
}

bool AsksForMinimizeStep(int argc, char** argv) {
  return std::any_of(argv, argv + argc, [](const char* argument) {
    return std::string_view(argument) == "-minimize_crash_internal_step=1";
  });
}

}  // namespace sockspec
