#include "sut/kernel_setup.h"

#include <algorithm>
#include <optional>

namespace sockspec {
namespace {

constexpr std::string_view kBlank = " \t\n";

// What a shell makes one word of, from `at` on; nothing at the end. Quotes that are not closed end there.
std::optional<std::string> NextWord(std::string_view text, size_t& at) {
  at = std::min(text.find_first_not_of(kBlank, at), text.size());
  if (at == text.size()) return std::nullopt;
  std::string word;
  for (; at < text.size() && kBlank.find(text[at]) == std::string_view::npos; ++at) {
    if (text[at] == '\'') {
      const size_t end = std::min(text.find('\'', at + 1), text.size());
      word += text.substr(at + 1, end - at - 1);
      at = std::min(end, text.size() - 1);
    } else if (text[at] == '\\' && at + 1 < text.size()) {
      word += text[++at];
    } else {
      word += text[at];
    }
  }
  return word;
}

void Append(std::string& words, std::string_view option, const std::string& value) {
  if (!value.empty()) words += " " + std::string(option) + ForShell(value);
}

constexpr std::string_view kImage = "--kernel-image=";
constexpr std::string_view kArguments = "--kernel-args=";
constexpr std::string_view kPlatform = "--platform=";

}  // namespace

std::string ForShell(std::string_view word) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos) return std::string(word);
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string ForShell(std::span<const std::string> words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + ForShell(word);
  return line;
}

std::string WordsOf(const KernelSetup& setup) {
  std::string words = ForShell(setup.kernel);
  Append(words, kImage, setup.image);
  Append(words, kArguments, setup.arguments);
  Append(words, kPlatform, setup.platform);
  return words;
}

KernelSetup SetupOf(std::string_view words) {
  KernelSetup setup;
  size_t at = 0;
  if (const auto kernel = NextWord(words, at)) setup.kernel = *kernel;
  while (const std::optional<std::string> word = NextWord(words, at)) {
    if (word->starts_with(kImage)) setup.image = word->substr(kImage.size());
    if (word->starts_with(kArguments)) setup.arguments = word->substr(kArguments.size());
    if (word->starts_with(kPlatform)) setup.platform = word->substr(kPlatform.size());
  }
  return setup;
}

std::vector<std::string> ArgumentsOf(const KernelSetup& setup) {
  std::vector<std::string> words;
  const std::string& text = setup.arguments;
  for (size_t at = 0; (at = text.find_first_not_of(kBlank, at)) != std::string::npos;) {
    const size_t end = std::min(text.find_first_of(kBlank, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

std::vector<std::string> RunscFlags(const KernelSetup& setup) {
  // It takes itself for the only one that changes files where access to them is not shared, and would not see what comes.
  std::vector<std::string> flags = {"--network=none", "--ignore-cgroups", "--file-access=shared",
                                    "--platform=" + (setup.platform.empty() ? "ptrace" : setup.platform)};
  const std::vector<std::string> more = ArgumentsOf(setup);
  flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

}  // namespace sockspec
