// Nothing is lost: a campaign and its workers are killed at random moments, over and over, in one
// directory. What was told stays found, what is there is whole, and the next campaign goes on.
//
// KILLS is how many; the everyday suite has a short version, `campaign_kill_200_test` the long one.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "fuzz/campaign.h"
#include "fuzz/fake_kernel.h"
#include "fuzz/finding.h"
#include "fuzz/packed_corpus.h"
#include "gtest/gtest.h"
#include "model/profile.h"
#include "model/program/bytes.h"
#include "model/program/random.h"
#include "model/program/text.h"
#include "nlohmann/json.hpp"
#include "sut/children.h"

#ifndef KILLS
#define KILLS 12
#endif

namespace sockspec {
namespace {

Profile Linux() { return ResolveProfile("linux-6.18", "").profile; }

// Wrong in many ways, some of them rare, so that there is always something to be found.
class Buggy : public FakeKernel {
 public:
  Buggy() : FakeKernel(Linux()) {}
  Reply Run(const Call& call) override {
    Reply reply = FakeKernel::Run(call);
    switch (reply.error) {
      case EADDRINUSE:
        reply.error = EACCES;
        break;
      case EISCONN:
      case ENOTCONN:
      case EOPNOTSUPP:
        reply.error = EPERM;
        break;
      case EMFILE:
        reply.error = ENFILE;
        break;
      default:
        break;
    }
    return reply;
  }
};

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Killed : public testing::Test {
 protected:
  void SetUp() override {
    const char* base = getenv("TEST_TMPDIR");
    std::string pattern = std::string(base != nullptr ? base : "/tmp") + "/killed.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    directory_ = root_ + "/findings";
    options_.profile = Linux();
    options_.make_kernel = [](Trouble*) { return std::make_unique<Buggy>(); };
    options_.directory = directory_;
    options_.duration = std::chrono::hours(1);
    options_.jobs = 2;
    options_.out = nullptr;
    options_.confirm.load = false;
    options_.minimizing = std::chrono::milliseconds(300);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  // Starts a campaign in a process group of its own; its events come through events_.
  pid_t Start() {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const pid_t child = fork();
    if (child == 0) {
      setpgid(0, 0);
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      close(ends[0]);
      options_.events = fdopen(ends[1], "w");
      RunCampaign(options_);
      _exit(0);
    }
    setpgid(child, child);
    close(ends[1]);
    events_ = ends[0];
    fcntl(events_, F_SETFL, O_NONBLOCK);
    unread_.clear();
    return child;
  }

  // Listens to what is told, for so long.
  void Listen(int milliseconds) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
    for (;;) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          until - std::chrono::steady_clock::now());
      pollfd poller = {.fd = events_, .events = POLLIN};
      if (left.count() < 0 || poll(&poller, 1, static_cast<int>(left.count())) <= 0) return;
      if (!Hear()) return;
    }
  }

  // False at the end.
  bool Hear() {
    char bytes[4096];
    const ssize_t n = read(events_, bytes, sizeof bytes);
    if (n == 0) return false;
    if (n < 0) return true;
    unread_.append(bytes, static_cast<size_t>(n));
    for (size_t end; (end = unread_.find('\n')) != std::string::npos; unread_.erase(0, end + 1)) {
      const auto event = nlohmann::json::parse(unread_.substr(0, end), nullptr, false);
      if (!event.is_object()) {
        ADD_FAILURE() << unread_.substr(0, end);
      } else if (event["event"] == "found") {
        found_.insert(event["key"].get<std::string>());
      } else if (event["event"] == "finding") {
        stored_.insert(event["key"].get<std::string>());
      }
    }
    return true;
  }

  // What anybody may rely on who looks into the directory now.
  void LookInto() {
    if (!std::filesystem::exists(directory_)) {
      EXPECT_TRUE(found_.empty());
      return;
    }
    const LoadedFindings all = LoadFindings(directory_);
    EXPECT_EQ(all.trouble.what, "");
    for (const LoadedFinding& corrupt : all.corrupt) ADD_FAILURE() << corrupt.problem;
    std::set<std::string> stored;
    for (const LoadedFinding& one : all.findings) {
      stored.insert(one.finding.key);
      EXPECT_TRUE(Contents(one.path + "/repro.c").ends_with("}\n"));
      EXPECT_TRUE(ParseText(Contents(one.path + "/finding.program"), "f").ok());
    }
    for (const std::string& key : stored_) EXPECT_TRUE(stored.contains(key)) << key << " was told, and is lost";
    for (const std::string& key : found_) {
      bool there = stored.contains(key);
      for (const char* below : {"/.pending/", "/.gone/"}) {
        const std::string path = directory_ + below + key + ".program";
        if (!std::filesystem::exists(path)) continue;
        there = true;
        const ParsedText parsed = ParseText(Contents(path), path);
        EXPECT_TRUE(parsed.ok() && !parsed.transcript.program.calls.empty()) << path;
      }
      EXPECT_TRUE(there) << key << " was told, and is lost";
    }
    const std::string state = Contents(directory_ + "/campaign.json");
    if (!state.empty()) EXPECT_TRUE(nlohmann::json::accept(state)) << state;
    if (std::filesystem::exists(directory_ + "/corpus")) {
      for (const auto& file : std::filesystem::directory_iterator(directory_ + "/corpus")) {
        const std::string bytes = Contents(file.path().string());
        if (bytes.empty()) continue;  // killed between its making and its writing
        const std::vector<uint8_t> raw(bytes.begin(), bytes.end());
        EXPECT_EQ(Encode(DecodeBytes(raw)), raw) << file.path();
      }
    }
    // What is not whole at its end is not read as a program.
    ReadPacked(Contents(directory_ + "/corpus.packed"), [](uint64_t, std::span<const uint8_t> bytes) {
      EXPECT_TRUE(std::ranges::equal(Encode(DecodeBytes(bytes)), bytes));
    });
    std::istringstream stats(Contents(directory_ + "/stats.csv"));
    for (std::string line; std::getline(stats, line);) {
      EXPECT_EQ(std::count(line.begin(), line.end(), ','), 13) << line;
    }
  }

  std::string root_, directory_;
  CampaignOptions options_;
  int events_ = -1;
  std::string unread_;
  std::set<std::string> found_, stored_;  // keys that were told, in any run
};

TEST_F(Killed, AtRandomMomentsACampaignLosesNothing) {
  Random random(static_cast<uint64_t>(KILLS));
  for (int kills = 0; kills < KILLS;) {
    SCOPED_TRACE(kills);
    const pid_t campaign = Start();
    // Some workers first; then the campaign, alone or with all its workers.
    for (uint32_t workers = random.Below(3); workers > 0 && kills < KILLS - 1; --workers) {
      Listen(static_cast<int>(random.Below(200)));
      const std::vector<pid_t> children = ChildrenOf(campaign);
      if (children.empty()) break;
      kill(children[random.Below(static_cast<uint32_t>(children.size()))], SIGKILL);
      ++kills;
    }
    Listen(static_cast<int>(random.Below(300)));
    kill(random.OneIn(2) ? campaign : -campaign, SIGKILL);
    ++kills;
    ASSERT_EQ(waitpid(campaign, nullptr, 0), campaign);
    // Workers end with their parent; the last of them closes the pipe.
    fcntl(events_, F_SETFL, 0);
    while (Hear()) {
    }
    close(events_);
    LookInto();
    if (HasFailure()) return;
  }
  EXPECT_FALSE(found_.empty());

  // Nobody is killed any more: what was pending is worked out, and a few programs are run.
  options_.programs = 200;
  const CampaignResult result = RunCampaign(options_);
  EXPECT_EQ(result.trouble.what, "");
  LookInto();
  for (const auto& entry : std::filesystem::directory_iterator(directory_ + "/.pending")) {
    ADD_FAILURE() << "left pending: " << entry.path();
  }
  std::printf("%d kills, %zu findings told, %zu found\n", KILLS, stored_.size(), found_.size());
}

}  // namespace
}  // namespace sockspec
