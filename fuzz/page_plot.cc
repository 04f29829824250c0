#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "fuzz/page_parts.h"

namespace sockspec {
namespace {

using Sample = CampaignRecord::Sample;

constexpr double kWidth = 380, kHeight = 210;
constexpr double kLeft = 46, kRight = 10, kTop = 14, kBottom = 26;
constexpr size_t kMostPoints = 300;  // more than that no screen shows

// The next of 1, 2, 5, 10, 20, … from `value` on.
double RoundUp(double value) {
  if (value <= 0) return 1;
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double step : {1.0, 2.0, 5.0}) {
    if (value <= step * power * 1.0001) return step * power;
  }
  return 10 * power;
}

struct TimeUnit {
  std::string_view name;
  double seconds;
};
TimeUnit UnitFor(double seconds) {
  if (seconds > 3 * 86400) return {"days", 86400};
  if (seconds > 3 * 3600) return {"hours", 3600};
  return seconds > 180 ? TimeUnit{"minutes", 60} : TimeUnit{"seconds", 1};
}

// The means of neighbours where there are more samples than points.
std::vector<Sample> Thinned(const std::vector<Sample>& samples, double Sample::*member) {
  const size_t each = (samples.size() + kMostPoints - 1) / kMostPoints;
  std::vector<Sample> thin;
  for (size_t at = 0; at < samples.size(); at += each) {
    const size_t end = std::min(at + each, samples.size());
    Sample mean = samples[end - 1];
    double sum = 0;
    for (size_t i = at; i < end; ++i) sum += samples[i].*member;
    mean.*member = sum / static_cast<double>(end - at);
    thin.push_back(mean);
  }
  return thin;
}

// One quantity over time. `limit` is drawn as a line of its own where it is not 0.
std::string Plot(std::string_view title, const std::vector<Sample>& samples, double Sample::*member,
                 double limit, std::string_view limit_name) {
  const std::vector<Sample> thin = Thinned(samples, member);
  const double last = std::max(samples.back().elapsed, 1.0);
  const TimeUnit unit = UnitFor(last);
  double largest = limit;
  for (const Sample& sample : thin) largest = std::max(largest, sample.*member);
  const double step = RoundUp(largest / 4);
  const double top = std::max(step, step * std::ceil(largest / step));
  const auto x = [&](double elapsed) { return kLeft + elapsed / last * (kWidth - kLeft - kRight); };
  const auto y = [&](double value) {
    return kTop + (1 - value / top) * (kHeight - kTop - kBottom);
  };

  std::string svg = fmt::format(
      "<figure><figcaption>{} <b>{}</b></figcaption><svg viewBox=\"0 0 {} {}\" role=\"img\" "
      "aria-label=\"{} over time\">\n",
      title, Short(samples.back().*member), kWidth, kHeight, title);
  for (double value = 0; value <= top * 1.001; value += step) {
    svg += fmt::format(
        "<path class=\"grid\" d=\"M{:.0f} {:.1f}H{:.0f}\"/><text class=\"axis y\" x=\"{:.0f}\" "
        "y=\"{:.1f}\">{}</text>\n",
        kLeft, y(value), kWidth - kRight, kLeft - 6, y(value) + 4, Short(value));
  }
  const double tick = RoundUp(last / unit.seconds / 5);
  for (double at = 0; at * unit.seconds <= last * 1.001; at += tick) {
    if (x(at * unit.seconds) > kWidth - 64) break;  // where the unit stands
    svg += fmt::format("<text class=\"axis x\" x=\"{:.1f}\" y=\"{:.0f}\">{:g}</text>",
                       x(at * unit.seconds), kHeight - 9, at);
  }
  svg += fmt::format("<text class=\"axis unit\" x=\"{:.0f}\" y=\"{:.0f}\">{}</text>\n",
                     kWidth - kRight, kHeight - 9, unit.name);
  if (limit > 0) {
    svg += fmt::format(
        "<path class=\"limit\" d=\"M{:.0f} {:.1f}H{:.0f}\"/><text class=\"axis unit\" x=\"{:.0f}\" "
        "y=\"{:.1f}\">{}</text>\n",
        kLeft, y(limit), kWidth - kRight, kWidth - kRight, y(limit) - 4, limit_name);  // what it limits is below
  }
  std::string path;
  for (const Sample& sample : thin) {
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x(sample.elapsed),
                        y(sample.*member));
  }
  if (thin.size() == 1) path += "h2";
  svg += fmt::format("<path class=\"curve\" d=\"{}\"/>\n", path);
  for (const Sample& sample : thin) {
    svg += fmt::format(
        "<circle class=\"spot\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\"><title>after {:.3g} {}: {:.5g}"
        "</title></circle>",
        x(sample.elapsed), y(sample.*member), sample.elapsed / unit.seconds, unit.name,
        sample.*member);
  }
  return svg + "</svg></figure>\n";
}

}  // namespace

std::string PlotsHtml(const CampaignRecord& record) {
  if (record.samples.empty()) return "<p class=\"note\">There is no stats.csv here.</p>\n";
  const double all = record.samples.back().clauses_of;
  return "<div class=\"plots\">\n" +
         Plot("Calls a second", record.samples, &Sample::calls_per_second, 0, "") +
         Plot("Clauses that decided", record.samples, &Sample::clauses, all,
              fmt::format("of {:g}", all)) +
         Plot("Findings", record.samples, &Sample::findings, 0, "") + "</div>\n";
}

}  // namespace sockspec
