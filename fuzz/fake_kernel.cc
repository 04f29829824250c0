#include "fuzz/fake_kernel.h"

namespace sockspec {

std::string FakeKernel::release() const {
  std::string name = "the model of " + oracle_.profile().name();
  if (mutation_.clause == nullptr) return name;
  const std::string id(mutation_.clause->id);
  if (mutation_.spoil) return name + " with " + id + " spoilt";
  if (mutation_.error != 0) return name + " with another errno for " + id;
  return name + " without " + id;
}

Trouble FakeKernel::Reset(const Environment& env) {
  oracle_.Reset(env);
  random_.seed(dawdle_);
  return {};
}

Reply FakeKernel::Run(const Call& call) {
  if (dawdle_ == 0) return oracle_.Answer(call, mutation_);
  return oracle_.AnswerLate(call, static_cast<uint32_t>(random_()), mutation_);
}

}  // namespace sockspec
