// The canary: this machine's kernel, told wrong by one lie at a time, must be found by a campaign
// as it is run, so that nobody takes a dead harness for a kernel without faults. The honest kernel,
// in the same campaign, must not.

#include <errno.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "fuzz/campaign.h"
#include "fuzz/finding.h"
#include "gtest/gtest.h"
#include "model/profile.h"
#include "model/program/call.h"
#include "model/program/program.h"
#include "model/program/reply.h"
#include "sut/kernel.h"
#include "sut/linux.h"

namespace sockspec {
namespace {

// Makes a reply of the kernel's wrong; false where it has nothing to say about it.
using Lie = bool (*)(const Call& call, Reply& reply);

struct Canary {
  std::string_view name;
  Lie lie;
  std::string_view call;  // what a finding's key begins with, whatever the kind of socket
  std::string_view says;  // what it has after that
  int most_calls;         // of its minimized program
};

void PrintTo(const Canary& canary, std::ostream* out) { *out << canary.name; }

constexpr Canary kCanaries[] = {
    {"ListenIsRefused",
     [](const Call& call, Reply& reply) {
       if (call.op != Op::kListen || reply.error != 0) return false;
       reply = {.error = EDESTADDRREQ};
       return true;
     },
     "linux.listen.", "listen.", 3},
    {"ASecondBindSucceeds",
     [](const Call& call, Reply& reply) {
       if (call.op != Op::kBind || reply.error != EINVAL || call.length != kExactLength)
         return false;
       reply = {};
       return true;
     },
     "linux.bind.", "bind.twice.value.0", 3},
    {"AnErrnoIsAnother",
     [](const Call&, Reply& reply) {
       if (reply.error != EADDRINUSE) return false;
       reply.error = EACCES;
       return true;
     },
     "linux.bind.", "bind.port_taken.errno.EACCES", 5},
    {"DataBeginsElsewhere",
     [](const Call&, Reply& reply) {
       if ((reply.wrote & kWroteData) == 0) return false;
       ++reply.data.start;
       return true;
     },
     "linux.", ".effect.data", 8},
    {"APeerHasAnotherAddress",
     [](const Call& call, Reply& reply) {
       if (call.op != Op::kGetpeername || reply.error != 0 || reply.address_size < 8) return false;
       reply.host = Host::kMulticast;
       return true;
     },
     "linux.getpeername.", "getpeername.peer.effect.addr.host-multicast", 6},
    {"TheErrorIsKept",
     [](const Call& call, Reply& reply) {
       if (call.op != Op::kGetsockopt || reply.error != 0 || reply.option != ECONNREFUSED)
         return false;
       reply.option = 0;
       return true;
     },
     "linux.getsockopt.", "getsockopt.error.effect.value.0", 3},
};

class LyingKernel : public Kernel {
 public:
  LyingKernel(std::unique_ptr<Kernel> kernel, Lie lie) : kernel_(std::move(kernel)), lie_(lie) {}
  std::string family() const override { return kernel_->family(); }
  std::string release() const override { return kernel_->release() + ", lying"; }
  Trouble Reset(const Environment& env) override { return kernel_->Reset(env); }
  Trouble ResetFresh(const Environment& env) override { return kernel_->ResetFresh(env); }
  Reply Run(const Call& call) override {
    Reply reply = kernel_->Run(call);
    lie_(call, reply);
    return reply;
  }
  void Disturb(unsigned seed) override { kernel_->Disturb(seed); }

 private:
  std::unique_ptr<Kernel> kernel_;
  Lie lie_;
};

class ACampaign : public testing::TestWithParam<Canary> {
 protected:
  void SetUp() override {
    const char* base = getenv("TEST_TMPDIR");
    directory_ = std::string(base != nullptr ? base : "/tmp") + "/canary.XXXXXX";
    ASSERT_NE(mkdtemp(directory_.data()), nullptr);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  CampaignResult Run(Lie lie) {
    CampaignOptions options;
    options.profile = ResolveProfile("linux", LinuxRelease()).profile;
    options.make_kernel = [lie](Trouble* trouble) -> std::unique_ptr<Kernel> {
      std::unique_ptr<Kernel> kernel = MakeLinuxKernel(LinuxOptions{}, trouble);
      if (kernel == nullptr || lie == nullptr) return kernel;
      return std::make_unique<LyingKernel>(std::move(kernel), lie);
    };
    options.directory = directory_;
    options.duration = std::chrono::seconds(100);  // never reached
    options.programs = 500;
    options.seed = 1;
    options.generate.blocking = false;
    options.from_corpus = 0;  // what is made of a corpus depends on time
    options.confirm.quiet = 2;
    options.confirm.disturbed = 2;
    options.confirm.load = false;
    options.out = nullptr;
    return RunCampaign(options);
  }

  // Whether there is a kernel to lie about: else the test is skipped, or fails (see on_linux.h).
  static bool Unavailable(const CampaignResult& result) {
    if (!result.unavailable) return false;
    const char* required = getenv("SOCKSPEC_REQUIRE_KERNEL");
    EXPECT_FALSE(required != nullptr && std::string_view(required) == "1") << result.trouble.what;
    return true;
  }

  std::string directory_;
};

TEST_P(ACampaign, FindsTheCanary) {
  const CampaignResult result = Run(GetParam().lie);
  if (Unavailable(result)) GTEST_SKIP() << result.trouble.what;
  ASSERT_EQ(result.trouble.what, "");
  ASSERT_FALSE(result.keys.empty()) << "the harness is dead";
  const auto found = std::find_if(result.keys.begin(), result.keys.end(), [](const CampaignKey& k) {
    const size_t says = k.key.find(GetParam().says);
    return k.key.starts_with(GetParam().call) && says != std::string::npos && k.calls <= GetParam().most_calls;
  });
  ASSERT_NE(found, result.keys.end()) << result.keys.size() << " others, " << result.keys[0].key;
  const CampaignKey& key = *found;
  EXPECT_EQ(key.kind, FindingClass::kConfirmed);
  EXPECT_EQ(LoadFinding(key.path).problem, "");
}

INSTANTIATE_TEST_SUITE_P(OnLinux, ACampaign, testing::ValuesIn(kCanaries),
                         [](const auto& info) { return std::string(info.param.name); });

class AnHonestCampaign : public ACampaign {};

TEST_P(AnHonestCampaign, FindsNothing) {
  const CampaignResult result = Run(nullptr);
  if (Unavailable(result)) GTEST_SKIP() << result.trouble.what;
  ASSERT_EQ(result.trouble.what, "");
  for (const CampaignKey& key : result.keys) ADD_FAILURE() << key.key;
  EXPECT_GT(result.counts.calls, 3000u);
}

INSTANTIATE_TEST_SUITE_P(OnLinux, AnHonestCampaign, testing::Values(Canary{.name = "NoLie"}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace sockspec
