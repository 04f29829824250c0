// The fake kernel: answers by the model, changed at will. For testing the tester.
//
//     FakeKernel kernel(profile, {.clause = FindClause("listen.port_taken")});  // without that
//     clause const Run& run = Lockstep(kernel, profile).Play(program);
//
// It keeps nothing but the model's world: no descriptors, no time, no namespaces.
#ifndef SOCKSPEC_FUZZ_FAKE_KERNEL_H_
#define SOCKSPEC_FUZZ_FAKE_KERNEL_H_

#include <cstdint>
#include <random>
#include <string>

#include "model/oracle.h"
#include "sut/kernel.h"

namespace sockspec {

class FakeKernel : public Kernel {
 public:
  // In a profile with a late loopback (Profile::late), `dawdle` other than 0 is the seed of how late it is.
  explicit FakeKernel(const Profile& profile, const Mutation& mutation = {}, uint32_t dawdle = 0)
      : oracle_(profile), mutation_(mutation), dawdle_(dawdle), random_(dawdle) {}

  std::string family() const override { return "fake"; }

  // "the model of linux-6.18", with the mutation's clause where there is one.
  std::string release() const override;

  Trouble Reset(const Environment& env) override;
  Trouble ResetFresh(const Environment& env) override { return Reset(env); }
  Reply Run(const Call& call) override;
  Trouble PrepareThreads() override { return {}; }
  void Disturb(unsigned) override {}  // nothing here depends on time

 private:
  Oracle oracle_;
  Mutation mutation_;
  uint32_t dawdle_;
  std::minstd_rand random_;
};

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_FAKE_KERNEL_H_
