// Any bytes are a packed corpus up to where they are whole, or none.
//
//     bazel run //fuzz/readers:packed_corpus_fuzzer_run -- --timeout_secs=60

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "fuzz/packed_corpus.h"
#include "fuzz/readers/property.h"
#include "model/program/bytes.h"

namespace sockspec {
namespace {

using Programs = std::map<uint64_t, std::string>;

Programs Read(std::string_view contents, size_t* end) {
  Programs programs;
  std::set<uint64_t> gone;
  *end = ReadPacked(
      contents,
      [&](uint64_t name, std::span<const uint8_t> bytes) {
        Property(name == CorpusName(bytes), "a program has the name that it should have", contents);
        Property(programs.emplace(name, std::string(bytes.begin(), bytes.end())).second, "it is there once", contents);
        (void)DecodeBytes(bytes);
      },
      [&](uint64_t name) {
        Property(gone.insert(name).second, "it is gone once", contents);
        Property(!programs.contains(name), "what is gone is not there", contents);
      });
  return programs;
}

}  // namespace
}  // namespace sockspec

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sockspec;
  const std::string_view contents = AsText(data, size);
  size_t end = 0, again = 0;
  const Programs programs = Read(contents, &end);
  Property(end <= size, "no more is whole than is there", contents);
  Property(end != 0 || programs.empty(), "of what is no packed corpus nothing is taken", contents);
  Property(Read(contents.substr(0, end), &again) == programs && again == end,
           "what comes behind what is whole changes nothing", contents);
  return 0;
}
