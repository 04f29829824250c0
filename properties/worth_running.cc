#include "properties/worth_running.h"

#include <cstdlib>
#include <memory>

#include "fuzz/generate.h"
#include "fuzz/minimize.h"
#include "model/program/random.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

constexpr int kSeed = 20260301;

rc::Gen<Shown> Generated(const Profile& profile, const GenerateOptions& options) {
  const auto generator = std::make_shared<Generator>(profile, options);
  const rc::Gen<Shown> programs =
      rc::gen::map(rc::gen::noShrink(rc::gen::arbitrary<uint64_t>()), [generator](uint64_t seed) {
        Random random(seed);
        return Shown{generator->Next(random)};
      });
  return rc::gen::shrink(programs, [](const Shown& shown) {
    std::vector<Shown> simpler;
    for (Program& program : SimplerNeighbours(shown.program))
      simpler.push_back({std::move(program)});
    return rc::seq::fromContainer(std::move(simpler));
  });
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Shown& shown) {
  return out << "\n" << PrintText(shown.program);
}

rc::Gen<Shown> WorthRunning(const Profile& profile) { return Generated(profile, {}); }

rc::Gen<Shown> WorthRunningWithoutBlocking(const Profile& profile) {
  return Generated(profile, {.blocking = false});
}

Cases::Cases(int count) {
  const std::string parameters =
      "seed=" + std::to_string(kSeed) + " max_success=" + std::to_string(count);
  setenv("RC_PARAMS", parameters.c_str(), 0);
}

}  // namespace sockspec
