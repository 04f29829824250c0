// The fake kernel: answers by the model, changed at will. For testing the tester.
//
//     FakeKernel kernel(profile, {.clause = FindClause("listen.port_taken")});  // without that
//     clause const Run& run = Lockstep(kernel, profile).Play(program);
//
// It keeps nothing but the model's world: no descriptors, no time, no namespaces.
#ifndef SOCKSPEC_FUZZ_FAKE_KERNEL_H_
#define SOCKSPEC_FUZZ_FAKE_KERNEL_H_

#include <string>

#include "model/oracle.h"
#include "sut/kernel.h"

namespace sockspec {

class FakeKernel : public Kernel {
 public:
  explicit FakeKernel(const Profile& profile, const Mutation& mutation = {})
      : oracle_(profile), mutation_(mutation) {}

  std::string family() const override { return "fake"; }

  // "the model of linux-6.18", with the mutation's clause where there is one.
  std::string release() const override;

  Trouble Reset(const Environment& env) override;
  Trouble ResetFresh(const Environment& env) override { return Reset(env); }
  Reply Run(const Call& call) override { return oracle_.Answer(call, mutation_); }
  Trouble PrepareThreads() override { return {}; }
  void Disturb(unsigned) override {}  // nothing here depends on time

 private:
  Oracle oracle_;
  Mutation mutation_;
};

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_FAKE_KERNEL_H_
