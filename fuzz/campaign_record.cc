#include "fuzz/campaign_record.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <functional>
#include <iterator>
#include <system_error>

#include "nlohmann/json.hpp"

namespace sockspec {
namespace {

using Json = nlohmann::json;

// Members that are missing, or are something else, are empty: another version of sockspec may have written them. What
// is a list or an object where it should be a word is not written out, since nothing limits how deep it goes.
std::string WordOf(const Json& word) {
  if (word.is_string()) return word.get<std::string>();
  return word.is_primitive() && !word.is_null() ? word.dump() : "";
}

std::string TextOf(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return "";
  if (!found->is_array()) return WordOf(*found);
  std::string joined;
  for (const Json& word : *found) joined += (joined.empty() ? "" : " ") + WordOf(word);
  return joined;
}

// Whether a plot can show the number: it is one, and no more than any campaign comes to.
bool Plausible(double number) {
  constexpr double kMost = 1e15;
  return number >= 0 && number <= kMost;
}

double NumberOf(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number()) return 0;
  const double number = found->get<double>();
  return Plausible(number) ? number : 0;
}

uint64_t CountOf(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
}

// Calls visit(object) for each object in the list of that name.
template <typename Visit>
void ForEach(const Json& json, const char* name, Visit visit) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_array()) return;
  for (const Json& one : *found) {
    if (one.is_object()) visit(one);
  }
}

void ReadJson(const Json& json, CampaignRecord& record) {
  ForEach(json, "runs", [&](const Json& run) {
    record.runs.push_back({.began = TextOf(run, "began"),
                           .ended = TextOf(run, "ended"),
                           .seed = TextOf(run, "seed"),
                           .kernel = TextOf(run, "kernel"),
                           .release = TextOf(run, "release"),
                           .profile = TextOf(run, "profile"),
                           .arguments = TextOf(run, "arguments"),
                           .jobs = CountOf(run, "jobs"),
                           .programs = CountOf(run, "programs"),
                           .calls = CountOf(run, "calls"),
                           .seconds = NumberOf(run, "seconds")});
  });
  if (const auto totals = json.find("totals"); totals != json.end() && totals->is_object()) {
    record.totals = {.seconds = NumberOf(*totals, "seconds"),
                     .programs = CountOf(*totals, "programs"),
                     .calls = CountOf(*totals, "calls"),
                     .discarded = CountOf(*totals, "discarded"),
                     .workers_died = CountOf(*totals, "workers_died")};
  } else {
    for (const CampaignRecord::Run& run : record.runs) {
      record.totals.seconds += run.seconds;
      record.totals.programs += run.programs;
      record.totals.calls += run.calls;
    }
  }
  ForEach(json, "edges", [&](const Json& edge) {
    record.edges.push_back({.from = TextOf(edge, "from"),
                            .call = TextOf(edge, "call"),
                            .to = TextOf(edge, "to"),
                            .count = CountOf(edge, "count")});
  });
  ForEach(json, "deviations", [&](const Json& known) {
    record.deviations.push_back({.key = TextOf(known, "key"),
                                 .met = CountOf(known, "met"),
                                 .reason = TextOf(known, "reason"),
                                 .link = TextOf(known, "link"),
                                 .met_in_last_run = CountOf(known, "met_in_last_run"),
                                 .in_last_run = known.is_object() && known.contains("met_in_last_run")});
  });
  const auto clauses = json.find("clauses");
  if (clauses == json.end() || !clauses->is_object()) return;
  for (const auto& [id, count] : clauses->items()) {
    if (count.is_number_unsigned()) record.clauses[id] = count.get<uint64_t>();
  }
}

std::vector<std::string_view> Columns(std::string_view line) {
  std::vector<std::string_view> columns;
  if (line.ends_with('\r')) line.remove_suffix(1);
  for (;;) {
    const size_t comma = line.find(',');
    columns.push_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return columns;
    line.remove_prefix(comma + 1);
  }
}

void ReadStats(std::string_view text, CampaignRecord& record) {
  struct {
    std::string_view name;
    double CampaignRecord::Sample::*member;
  } const kColumns[] = {{"elapsed_s", &CampaignRecord::Sample::elapsed},
                        {"calls_per_s", &CampaignRecord::Sample::calls_per_second},
                        {"findings", &CampaignRecord::Sample::findings},
                        {"unstable", &CampaignRecord::Sample::unstable},
                        {"clauses", &CampaignRecord::Sample::clauses},
                        {"clauses_of", &CampaignRecord::Sample::clauses_of}};
  std::vector<std::string_view> header;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    // The last line may be half written.
    if (end == std::string_view::npos) return;
    const std::vector<std::string_view> columns = Columns(text.substr(0, end));
    text.remove_prefix(end + 1);
    if (header.empty()) {
      header = columns;
      continue;
    }
    if (columns.size() != header.size()) continue;
    CampaignRecord::Sample sample;
    bool whole = true;
    for (size_t i = 0; i < columns.size(); ++i) {
      for (const auto& column : kColumns) {
        if (column.name != header[i]) continue;
        const char* const last = columns[i].data() + columns[i].size();
        const auto [at, error] = std::from_chars(columns[i].data(), last, sample.*column.member);
        whole = whole && error == std::errc() && at == last && Plausible(sample.*column.member);
      }
    }
    if (whole) record.samples.push_back(sample);
  }
}

std::string Contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

CampaignRecord ParseCampaignRecord(std::string_view campaign_json, std::string_view stats_csv) {
  CampaignRecord record;
  ReadStats(stats_csv, record);
  if (campaign_json.empty()) return record;
  const Json json = Json::parse(campaign_json, nullptr, /*allow_exceptions=*/false);
  if (json.is_object()) {
    ReadJson(json, record);
  } else {
    record.problem = "campaign.json is no JSON object";
  }
  return record;
}

CampaignRecord ReadCampaignRecord(const std::string& directory) {
  return ParseCampaignRecord(Contents(directory + "/campaign.json"), Contents(directory + "/stats.csv"));
}

std::vector<KnownReason> ByReason(const std::vector<CampaignRecord::Known>& rows) {
  std::vector<KnownReason> reasons;
  std::map<std::string_view, size_t> place;
  for (const CampaignRecord::Known& row : rows) {
    const auto [at, is_new] = place.emplace(row.reason, reasons.size());
    if (is_new) reasons.push_back({.reason = row.reason, .link = row.link});
    KnownReason& reason = reasons[at->second];
    reason.rows.push_back(row);
    reason.met += row.met;
    if (row.met != 0) ++reason.rows_met;
  }
  for (KnownReason& reason : reasons) std::ranges::stable_sort(reason.rows, std::greater<>(), &CampaignRecord::Known::met);
  std::ranges::stable_sort(reasons, std::greater<>(), &KnownReason::met);
  return reasons;
}

std::string ShortReason(std::string_view reason, size_t most) {
  const size_t end = std::min(reason.find("; "), reason.find(". "));
  std::string_view first = reason.substr(0, end);
  if (first.size() <= most) {
    if (end == std::string_view::npos && first.ends_with('.')) first.remove_suffix(1);
    return std::string(first);
  }
  const size_t blank = first.rfind(' ', most);
  first = first.substr(0, blank == std::string_view::npos ? most : blank);
  // Not in the middle of a character.
  while (blank == std::string_view::npos && !first.empty() && (static_cast<unsigned char>(reason[first.size()]) & 0xc0) == 0x80) {
    first.remove_suffix(1);
  }
  return std::string(first) + " …";
}

}  // namespace sockspec
