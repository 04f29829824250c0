// Any text is a table of deviations or a problem with a place in it.
//
//     bazel run //fuzz/readers:deviations_fuzzer_run -- --timeout_secs=60

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/deviations.h"
#include "fuzz/readers/property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sockspec;
  const std::string_view text = AsText(data, size);
  const ParsedDeviations parsed = ParseDeviations(text, "f");
  if (!parsed.problem.empty()) {
    Property(NamesAPlace(parsed.problem, "f", text), "a problem names a line and a column of the text",
             parsed.problem);
    return 0;
  }
  std::string printed;
  for (const Deviation& row : parsed.deviations.rows) {
    printed += DeviationLine(row);
  }
  const ParsedDeviations again = ParseDeviations(printed, "printed");
  Property(again.problem.empty(), "what is printed can be read", again.problem + "\n" + printed);
  Property(again.deviations.rows.size() == parsed.deviations.rows.size(), "every row reads back", printed);
  for (size_t i = 0; i < again.deviations.rows.size(); ++i) {
    Deviation row = again.deviations.rows[i];
    row.line = parsed.deviations.rows[i].line;
    Property(row == parsed.deviations.rows[i], "every row reads back as it was", printed);
    // Whatever the table says, it can be asked.
    Expired(row, "2027-06-30");
    FindDeviation(parsed.deviations, "linux", "Linux 6.18.44", "linux-6.18", {.key = row.key, .calls = {"s0 = socket(AF_INET, SOCK_STREAM, 0) = s0", "listen(s0, 1)"}, .sockets = {"s0"}});
    const std::vector<std::string> keys = KeysOf(row);
    if (keys.size() > 64 || row.key.find('*') != std::string::npos) continue;
    for (const std::string& key : keys) {
      Property(SpeaksOf(row, key), "a row speaks of each of its keys", key);
      Property(Explains(row, {.key = key}) != HasCondition(row), "a key alone fulfils no condition", key);
    }
  }
  return 0;
}
