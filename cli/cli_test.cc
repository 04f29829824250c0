// The command line as a user meets it: the binary is run, and what it prints and how it exits are
// compared.
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "cli/runs_sockspec.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace sockspec {
namespace {

constexpr char kGood[] =
    "s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0\n"
    "listen(s0, 1)                         = 0   # @listen.autobind\n";
// What a kernel without listen.port_taken would get wrong.
constexpr char kTwoListeners[] =
    "s0 = socket(AF_INET, SOCK_STREAM, 0)\n"
    "setsockopt(s0, SOL_SOCKET, SO_REUSEADDR, 1)\n"
    "bind(s0, 127.0.0.1:P0)\n"
    "getsockname(s0)\n"
    "s1 = socket(AF_INET, SOCK_STREAM, 0)\n"
    "setsockopt(s1, SOL_SOCKET, SO_REUSEADDR, 1)\n"
    "bind(s1, 127.0.0.1:P0)\n"
    "listen(s1, 1)\n"
    "listen(s0, 1)\n";

class CliTest : public RunsSockspec {
 protected:
  void SetUp() override {
    RunsSockspec::SetUp();
    Write("good.program", kGood);
    Write("two.program", kTwoListeners);
    Write("wrong_reply.program",
          "s0 = socket(AF_INET, SOCK_STREAM, 0)\nlisten(s0, 1) = -1 EINVAL\n");
    Write("wrong_clause.program",
          "s0 = socket(AF_INET, SOCK_STREAM, 0)\nlisten(s0, 1) = 0 # @listen.open\n");
    Write("no_clause.program", "\ns0 = socket(AF_INET, SOCK_STREAM, 0) = s0 # @socket.opn\n");
    Write("of_the_finding.program",
          std::string("# fake.listen.stream.inet.listen.port_taken.value.0\n") + kTwoListeners);
    Write("not_modelled.program", "s0 = socket(AF_INET, SOCK_STREAM, 0)\nfcntl(s0, F_SETFL, O_NONBLOCK)\nsend(s0, 5, MSG_OOB)\n");
    Write("typo.program", "s0 = socket(AF_INET, SOCK_STREAM, 0)\nlisten(s0, 1\n");
    std::filesystem::create_directories(directory_ + "/others/a.b");
    Write("empty.program", "# nothing\n");
    Write("known.deviations",
          "fake | * | linux | fake.listen.stream.inet.listen.port_taken.value.0 | on purpose\n");
    Write("others.deviations",
          "fake | * | linux | fake.listen.stream.inet.listen.port_taken.value.0 | on purpose\n"
          "linux | * | linux | linux.listen.stream.inet.listen.port_taken.value.0 | on purpose\n");
    Write("one.deviations",
          "fake | * | linux | fake.connect.dgram.unix.unix_connect.connected_elsewhere.value.0 | on purpose\n");
    Write("bad.deviations", "# two\nfake | *\n");
  }
};

TEST_F(CliTest, ExitsAsItSays) {
  struct {
    const char* arguments;
    int status;
    const char* says;  // somewhere on standard output or error
  } const kCases[] = {
      // 0: conforms, or done.
      {"--help", 0, "Start here:"},
      {"--version", 0, "clauses checked against Linux 6.1"},
      {"check --help", 0, "--deviations"},
      {"check --kernel=fake good.program", 0, "good.program: conforms"},
      {"check --kernel=fake --profile=posix good.program", 0, "good.program: conforms"},
      {"check --mutant=listen.port_taken --deviations=known.deviations two.program", 0,
       "diverges as is known"},
      {"predict good.program two.program", 0, "-1 EADDRINUSE"},
      {"emit-c good.program", 0, "int main("},
      {"minimize --mutant=listen.port_taken two.program", 0, "# came back: 0\n"},
      {"matrix --kernels=fake,linux good.program", 0, "no difference"},
      {"matrix --kernels=fake good.program", 0, "nothing to compare: there is one kernel"},
      {"spec --format=dot", 0, "digraph"},
      {"fuzz --kernel=fake --calls=1000 --jobs=1", 0, "no divergence"},
      {"fuzz --kernel=fake --calls=1000 --jobs=1", 0, " for 1000 calls, 1 job"},
      {"fuzz --kernel=fake --programs=100 --duration=20s --jobs=1", 0, " for 20s or 100 programs, 1 job"},
      // 1: a divergence.
      {"check --mutant=listen.port_taken two.program", 1,
       "two.program: diverges\n  fake.listen.stream.inet.listen.port_taken.value.0"},
      {"check --kernel=fake wrong_reply.program", 1,
       "wrong_reply.program:2: written is `-1 EINVAL`, came back `0`"},
      {"check --kernel=fake wrong_clause.program", 1,
       "wrong_clause.program:2: written is `@listen.open`, the clause that allows it is "
       "`@listen.autobind`"},
      {"check --kernel=fake --deviations=known.deviations two.program", 0,
       "known.deviations: 1 of 1 row was not met: 1 that no program here is about"},
      {"check --kernel=fake --deviations=others.deviations two.program", 0,
       "others.deviations: 2 of 2 rows were not met: 1 that no program here is about, 1 of another kernel, version or profile "
       "than fake, "},
      {"check --kernel=fake --deviations=known.deviations of_the_finding.program", 1,
       "known.deviations:1: fake.listen.stream.inet.listen.port_taken.value.0 happens no longer"},
      {"predict wrong_reply.program", 1,
       "wrong_reply.program:2: written is `-1 EINVAL`, allowed is only: 0"},
      {"matrix --kernels=fake --mutant=listen.port_taken two.program", 1, "0 !"},
      {"matrix --kernels=fake,linux --html=page.html good.program", 0, "page.html: 2 calls, 0 on which fake, linux part\n"},
      // 2: unusable input or arguments.
      {"", 2, "found nothing, expected a subcommand: fuzz, check,"},
      {"frobnicate", 2, "found `frobnicate`, expected a subcommand"},
      {"--frobnicate", 2, "found `--frobnicate`, expected a subcommand"},
      {"check", 2, "FILE is required"},
      {"check --frobnicate good.program", 2, "--frobnicate\nTry `sockspec check --help`."},
      {"check nowhere.program", 2, "cannot read nowhere.program: No such file or directory"},
      {"check .", 2, "cannot read .: Is a directory"},
      {"check --kernel=fake typo.program", 2, "typo.program:2:13: found the end of the line"},
      {"check --kernel=fake empty.program", 2, "empty.program:1:1: found no call, expected"},
      {"check --kernel=fake no_clause.program", 2,
       "no_clause.program:2:45: found `@socket.opn`, expected a clause of socket(): socket."},
      {"check --kernel=plan9 good.program", 2, "unknown kernel `plan9`, expected linux, uml, gvisor, lwip, preload:LIB.so or fake"},
      {"check --kernel=lwip --kernel-args=fast good.program", 2,
       "--kernel-args: found `fast`, expected as-it-is, which is all that lwip takes"},
      {"check --kernel-args=mem=1G good.program", 2, "--kernel-args: linux takes none; uml, gvisor and lwip do"},
      {"check --kernel=fake --kernel-image=x good.program", 2, "--kernel-image: fake takes none; uml, gvisor and lwip do"},
      {"check --kernel=uml --platform=kvm good.program", 2, "--platform: uml has none; it is gvisor's"},
      {"fuzz --kernel=lwip --kernel-args=fast", 2, "--kernel-args: found `fast`, expected as-it-is"},
      {"check --kernel=fake --profile=plan9 good.program", 2,
       "unknown profile `plan9`, expected posix, linux"},
      {"check --mutant=listen.nothing good.program", 2,
       "--mutant: found `listen.nothing`, expected a clause of the profile linux-"},
      {"check --mutant=listen.open:ENOTHING good.program", 2,
       "found `ENOTHING` after the clause, expected an errno"},
      {"check --kernel=linux --mutant=listen.open good.program", 2,
       "--mutant changes the fake kernel"},
      {"check --kernel=fake --deviations=bad.deviations good.program", 2,
       "bad.deviations:2:9: found 2 columns, expected 5 to 7"},
      {"check --kernel=fake --deviations=nowhere good.program", 2, "cannot read nowhere"},
      {"predict not_modelled.program", 2, "cannot be told: "},
      {"check --kernel=fake not_modelled.program", 2, "cannot be judged from here on: "},
      {"predict typo.program", 2, "typo.program:2:13: found the end of the line"},
      {"minimize typo.program", 2, "typo.program:2:13: found the end of the line"},
      {"minimize --kernel=fake good.program", 2, "has nothing to minimize: the model of linux-"},
      {"emit-c typo.program", 2, "typo.program:2:13: found the end of the line"},
      {"emit-c good.program -o nowhere/x.c", 2,
       "cannot write nowhere/x.c: No such file or directory"},
      {"triage nowhere", 2, "cannot read the directory nowhere: No such file or directory"},
      {"triage . show x", 2, "no finding has `x` in its key"},
      {"triage others", 2, "others is no directory of findings: it has neither a finding nor a campaign.json"},
      {"triage . sow x", 2,
       "found `sow x` after the directory, expected `show KEY`, `accept KEY`, `regress KEY`, `bisect-script KEY`, "
       "`export KEY`"},
      {"triage . --sort=best", 2, "--sort"},
      {"matrix typo.program", 2, "typo.program:2:13: found the end of the line"},
      {"spec --format=pdf", 2, "--format"},
      {"fuzz --duration=5x", 2, "--duration: found `5x`, expected a time such as 60s, 5m or 2h"},
      {"fuzz --seed=z", 2, "--seed: found `z`, expected a number such as 17 or 0x2f81"},
      {"fuzz --calls=-1", 2, "--calls: found `-1`, expected a whole number from 1 on"},
      {"fuzz --jobs=0", 2, "--jobs: Value 0 not in range 1 to 256"},
      {"fuzz --jobs=3000", 2, "--jobs: Value 3000 not in range 1 to 256"},
      {"fuzz --kernel=fake --out=good.program/x", 2, "good.program/x: Not a directory"},
      // 3: the kernel could not be had.
      {"check --kernel=lwip --kernel-image=/nowhere/liblwip.so good.program", 3, "apt-get install liblwip-dev"},
  };
  for (const auto& c : kCases) {
    const Result result = Run(c.arguments);
    EXPECT_EQ(result.status, c.status) << "sockspec " << c.arguments << "\n"
                                       << result.out << result.err;
    EXPECT_NE((result.out + result.err).find(c.says), std::string::npos)
        << "`" << c.says << "` is not said by: sockspec " << c.arguments << "\n"
        << result.out << result.err;
    // Nobody is told twice who speaks, and problems do not end up in a pipe.
    if (c.status >= 2) EXPECT_TRUE(result.err.starts_with("sockspec: ")) << result.err;
    if (c.status == 0 && std::string(c.arguments).find("minimize") != 0)
      EXPECT_EQ(result.err, "") << c.arguments;
  }
}

TEST_F(CliTest, OneUnusableFileCostsNoOther) {
  const Result result = Run("check --kernel=fake typo.program good.program");
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.out.find("good.program: conforms"), std::string::npos);
}

TEST_F(CliTest, AMutantShowsAWholeFinding) {
  // A clause of one kind of socket in one family, so that there is one finding.
  const Result fuzz = Run("fuzz --mutant=unix_connect.connected_elsewhere --duration=2s --jobs=1");
  EXPECT_EQ(fuzz.status, 1) << fuzz.err;
  EXPECT_NE(fuzz.out.find("\nHow to run it again\n"), std::string::npos) << fuzz.out;

  const Result list = Run("triage findings-of-fake");
  EXPECT_EQ(list.status, 0);
  EXPECT_NE(list.out.find("\n    fake.connect.dgram.unix.unix_connect.connected_elsewhere.value.0\n"),
            std::string::npos)
      << list.out;
  const std::string shown = Run("triage findings-of-fake show connected_elsewhere.value").out;
  EXPECT_NE(shown.find("\nWhat was said\n"), std::string::npos) << shown;
  EXPECT_NE(shown.find("\nIts directory: findings-of-fake/fake."), std::string::npos) << shown;
  EXPECT_EQ(Run("triage findings-of-fake --html=page.html").status, 0);
  EXPECT_TRUE(Contents(directory_ + "/page.html").starts_with("<!doctype html>"));
  const auto json = nlohmann::json::parse(Run("triage findings-of-fake --json").out);
  ASSERT_EQ(json["findings"].size(), 1u);

  // The command of its report diverges; on the kernel as it should be it does not.
  const std::string program = json["findings"][0]["path"].get<std::string>() + "/finding.program";
  EXPECT_EQ(Run("check --mutant=unix_connect.connected_elsewhere --profile=linux-6.18 " + program).status, 1);
  EXPECT_EQ(Run("check --kernel=fake --profile=linux-6.18 " + program).status, 0);

  // A known deviation is not found again.
  EXPECT_EQ(Run("fuzz --mutant=unix_connect.connected_elsewhere --duration=1s --jobs=1 --out=other "
                "--deviations=one.deviations")
                .status,
            0);

  // A damaged one is named, and the exit status says so.
  Write(json["findings"][0]["path"].get<std::string>() + "/finding.json", "{");
  const Result damaged = Run("triage findings-of-fake");
  EXPECT_EQ(damaged.status, 2);
  EXPECT_NE(damaged.err.find("finding.json:1:2: not JSON"), std::string::npos) << damaged.err;
}

TEST_F(CliTest, AFindingIsAcceptedPinnedDownAndBisected) {
  ASSERT_EQ(Run("fuzz --mutant=unix_connect.connected_elsewhere --duration=2s --jobs=1 --out=d").status, 1);
  const std::string key = "fake.connect.dgram.unix.unix_connect.connected_elsewhere.value.0";

  // A test of it holds where the fault is, and fails where it is mended.
  const Result regress = Run("triage d regress connected_elsewhere --into=pinned");
  EXPECT_EQ(regress.status, 0) << regress.err;
  const std::string check = "check --profile=linux-6.18 pinned/*.program --kernel=fake ";
  EXPECT_EQ(Run(check + "--mutant=unix_connect.connected_elsewhere").status, 0);
  const Result mended = Run(check);
  EXPECT_EQ(mended.status, 1);
  EXPECT_NE(mended.out.find("^ has changed: connect("), std::string::npos) << mended.out;
  EXPECT_EQ(Run("triage d regress connected_elsewhere").status, 2) << "it is no finding of Linux";

  // The script judges with what it is told to build and run; a kernel that is not there is skipped.
  EXPECT_EQ(Run("triage d bisect-script connected_elsewhere -o bisect.sh").status, 0);
  const auto bisect = [&](const std::string& environment) {
    return Shell("cd '" + directory_ + "' && " + environment + " ./bisect.sh >out 2>err");
  };
  EXPECT_EQ(bisect("BUILD=false").status, 125);
  EXPECT_EQ(bisect("BUILD=true LINUX=./nowhere").status, 125);
  // This machine's kernel does not have the fault that was put into the fake one.
  if (bisect("BUILD=true RUN=here").status != 125) {
    EXPECT_EQ(bisect("BUILD=true RUN=here").status, 0);
    EXPECT_EQ(bisect("BUILD=true RUN=here LOOKING_FOR=fix").status, 1);
  }

  // It is exported as a test; packetdrill has no unix sockets nor socketpair(), and the message says so.
  EXPECT_NE(Run("triage d export connected_elsewhere").out.find("TEST(Connect, DgramUnix"), std::string::npos);
  const Result packetdrill = Run("triage d export connected_elsewhere --format=packetdrill");
  EXPECT_EQ(packetdrill.status, 2);
  const bool of_the_socket = packetdrill.err.find("packetdrill makes sockets of AF_INET and AF_INET6 only") != std::string::npos;
  const bool of_the_call =
      packetdrill.err.find("socketpair(AF_UNIX, SOCK_DGRAM, 0, [s0, s1]): packetdrill does not make this call") != std::string::npos;
  EXPECT_TRUE(of_the_socket || of_the_call)
      << packetdrill.err;

  // What is accepted is told apart, and does not fail the next campaign that is given the file.
  EXPECT_EQ(Run("triage d accept connected_elsewhere").status, 2) << "without a reason";
  EXPECT_EQ(Run("triage d accept connected_elsewhere --reason='a | b'").status, 2);
  EXPECT_EQ(Run("triage d accept connected_elsewhere --reason=a --expires=soon").status, 2);
  EXPECT_EQ(Run("triage d accept connected_elsewhere --reason=a --expires=2027-13-31").status, 2);
  const Result past = Run("triage d accept connected_elsewhere --reason=a --expires=2020-01-31");
  EXPECT_EQ(past.status, 2);
  EXPECT_NE(past.err.find("--expires: found `2020-01-31`, which is past: today is "), std::string::npos) << past.err;
  EXPECT_EQ(Contents(directory_ + "/d/known.deviations"), "");
  const Result accept = Run("triage d accept connected_elsewhere --reason='on purpose' --expires=2999-12-31");
  EXPECT_EQ(accept.status, 0) << accept.err;
  EXPECT_NE(accept.out.find("d/known.deviations:2: fake | "), std::string::npos) << accept.out;
  EXPECT_EQ(Run("triage d accept connected_elsewhere --reason=again").status, 2);
  EXPECT_NE(Run("triage d --state=accepted").out.find("accepted: on purpose"), std::string::npos);
  EXPECT_NE(Run("triage d --state=found").out.find("none of the 1 finding in d"), std::string::npos);
  EXPECT_NE(Run("triage d").out.find("\n1 finding. "), std::string::npos);

  // A campaign there meets it, and does not fail.
  const Result met = Run("fuzz --mutant=unix_connect.connected_elsewhere --programs=1 --jobs=1 --out=d");
  EXPECT_EQ(met.status, 0) << met.out;
  EXPECT_NE(met.out.find("known deviation, met once (line 2)"), std::string::npos) << met.out;
  // Without the table it is a divergence still, though none was new.
  const std::string table = Contents(directory_ + "/d/known.deviations");
  Write("d/known.deviations", "");
  EXPECT_EQ(Run("fuzz --mutant=unix_connect.connected_elsewhere --programs=1 --jobs=1 --out=d").status, 1);
  // What has expired is accepted anew, in its place.
  std::string expired = table;
  expired.replace(expired.find("2999-12-31"), 10, "2020-12-31");
  Write("d/known.deviations", expired);
  const Result renewed = Run("triage d accept connected_elsewhere --reason='on purpose' --expires=2999-12-31");
  EXPECT_EQ(renewed.status, 0) << renewed.err;
  EXPECT_NE(renewed.out.find("in place of a row that expired after 2020-12-31"), std::string::npos) << renewed.out;
  EXPECT_EQ(Contents(directory_ + "/d/known.deviations"), table);

  // A row that stands for other keys, too, stays: it is for people to take apart.
  std::string several = expired;
  several.replace(several.find(key), key.size(), key + "{,0}");
  Write("d/known.deviations", several);
  const Result beside = Run("triage d accept connected_elsewhere --reason='on purpose' --expires=2999-12-31");
  EXPECT_EQ(beside.status, 0) << beside.err;
  EXPECT_EQ(beside.out.find("in place of"), std::string::npos) << beside.out;
  EXPECT_NE(beside.out.find("The row for " + key + "{,0} expired after 2020-12-31, and stays in d/known.deviations:2"), std::string::npos)
      << beside.out;
  EXPECT_TRUE(Contents(directory_ + "/d/known.deviations").starts_with(several));

  // By filters, what they leave; what is accepted already is not accepted twice.
  Write("d/known.deviations", "");
  EXPECT_EQ(Run("triage d accept --reason=why").status, 2) << "neither a key nor a filter";
  EXPECT_EQ(Run("triage d accept --call=bind --reason=why").status, 2) << "there is none";
  const Result all = Run("triage d accept --call=connect --clause=unix_connect --reason='on purpose' --expires=2999-12-31");
  EXPECT_EQ(all.status, 0) << all.err;
  EXPECT_EQ(Contents(directory_ + "/d/known.deviations"), table);
  EXPECT_EQ(Run("triage d accept --call=connect --reason=why").status, 2);
  // A mistake that is written down already, shown in another way: the row joins its rows, and the program its programs.
  std::string other = table;
  other.replace(other.find(key), key.size(), "fake.x");
  other.replace(other.find("on purpose |  |"), 15, "on purpose | sub/on-purpose.program |");
  const std::string last = "fake | * | posix | fake.y | by chance\n";
  Write("d/known.deviations", other + last);
  std::filesystem::create_directory(directory_ + "/sub");
  Write("sub/on-purpose.program", "# on purpose\n");
  EXPECT_EQ(Run("triage d accept connected_elsewhere --same-as=chance").status, 2) << "of another profile";
  EXPECT_EQ(Run("triage d accept connected_elsewhere --same-as=purpose --reason=why").status, 2);
  const Result joins = Run("triage d accept connected_elsewhere --same-as=sub/on-purpose");
  EXPECT_EQ(joins.status, 0) << joins.err;
  const std::string example = "sub/on-purpose/" + key.substr(key.find('.') + 1) + ".program";
  std::string joined = table;
  joined.replace(joined.find("on purpose |  |"), 15, "on purpose | " + example + " |");
  joined.erase(0, joined.find('\n') + 1);
  EXPECT_EQ(Contents(directory_ + "/d/known.deviations"), other + joined + last);
  EXPECT_TRUE(Contents(directory_ + "/" + example).starts_with("# on purpose\n")) << Contents(directory_ + "/" + example);
  EXPECT_NE(Contents(directory_ + "/" + example).find(" came back with: "), std::string::npos);
  EXPECT_EQ(Run("check --mutant=unix_connect.connected_elsewhere --deviations=d/known.deviations " + example).status, 0);
  // A row for all keys in which the mistake shows, with what tells it from others.
  Write("d/known.deviations", "");
  const Result misses = Run("triage d accept connected_elsewhere --reason=why --as='fake.*.value.0 when listen(*)'");
  EXPECT_EQ(misses.status, 2);
  EXPECT_NE(misses.err.find("--as: `fake.*.value.0 when listen(*)` does not explain " + key + ", whose last call is\n  connect("),
            std::string::npos) << misses.err;
  EXPECT_EQ(Contents(directory_ + "/d/known.deviations"), "");
  const Result wider = Run("triage d accept connected_elsewhere --reason=why --as='fake.*.value.0 when connect(*)'");
  EXPECT_EQ(wider.status, 0) << wider.err;
  EXPECT_NE(Contents(directory_ + "/d/known.deviations").find(" when connect(*) | why"), std::string::npos);
  EXPECT_NE(Run("triage d --json").out.find("\"accepted\": \"why\""), std::string::npos) << Run("triage d --json").out;
  // What is fixed needs no row: the next campaign would miss it.
  Write("d/known.deviations", "");
  const std::string finding = "d/" + key + "/finding.json";
  const std::string found = Contents(directory_ + "/" + finding);
  std::string no_more = found;
  const std::string still = "\"state\": \"still there\"";
  ASSERT_NE(no_more.find(still), std::string::npos) << found;
  Write(finding, no_more.replace(no_more.find(still), still.size(), "\"state\": \"fixed\""));
  const Result fixed = Run("triage d accept --call=connect --reason=why");
  EXPECT_EQ(fixed.status, 2);
  EXPECT_NE(fixed.err.find("all such findings are fixed or not confirmed"), std::string::npos) << fixed.err;
  Write(finding, found);
  Write("d/known.deviations", table);

  // The corpus as files, for other fuzzers.
  const Result corpus = Run("triage d corpus");
  EXPECT_EQ(corpus.status, 0) << corpus.err;
  EXPECT_NE(corpus.out.find(" programs in d/corpus"), std::string::npos) << corpus.out;
  EXPECT_EQ(Run("fuzz --mutant=unix_connect.connected_elsewhere --duration=1s --jobs=1 --out=other "
                "--deviations=d/known.deviations")
                .status,
            0);
  EXPECT_NE(Contents(directory_ + "/d/known.deviations").find(key + " | on purpose |  | 2999-12-31\n"),
            std::string::npos);
}

// One that is not modelled (threads with uid=nobody), and what the others came to.
TEST_F(CliTest, OneRowIsAcceptedForAllWaysInWhichAMistakeShowsAndInItsOwnPlaceOnceItHasExpired) {
  EXPECT_EQ(Run("fuzz --mutant=shutdown.not_connected --seed=1 --programs=1000 --jobs=1 --out=d").status, 1);
  const auto accept = [&](const std::string& key) {
    return Run("triage d --call=shutdown accept --reason=why --expires=2999-01-31 --as='" + key + "'");
  };
  const std::string row = "fake.shutdown.*.errno.ENOSYS when shutdown(s*)";
  const Result narrow = accept("fake.shutdown.dgram.*.errno.ENOSYS when shutdown(s*)");
  EXPECT_EQ(narrow.status, 2) << "not all of them";
  EXPECT_NE(narrow.err.find("does not explain fake.shutdown.stream."), std::string::npos) << narrow.err;
  // The rest of it would be the reason.
  const Result parted = accept("fake.shutdown.* | why");
  EXPECT_EQ(parted.status, 2);
  EXPECT_NE(parted.err.find("expected one line without `|`, for which `?` stands"), std::string::npos) << parted.err;
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/d/known.deviations"));
  EXPECT_EQ(accept(row).status, 0) << accept(row).err;
  const std::string table = Contents(directory_ + "/d/known.deviations");
  EXPECT_EQ(std::ranges::count(table, '\n'), 2) << table;
  EXPECT_EQ(Run("triage d --state=found").out.find("shutdown("), std::string::npos);
  std::string expired = table;
  Write("d/known.deviations", expired.replace(expired.find("2999"), 4, "2020"));
  EXPECT_NE(Run("triage d --state=found").out.find("shutdown("), std::string::npos);
  EXPECT_EQ(accept(row).status, 0);
  EXPECT_EQ(Contents(directory_ + "/d/known.deviations"), table);
}

TEST_F(CliTest, AMatrixGoesOnWhereAProgramCannotBeJudgedAndSaysWhyNot) {
  Write("unjudged.program",
        "env: uid=nobody\ns0 = socket(AF_INET, SOCK_STREAM, 0)\nlisten(s0, 1)\n"
        "t1: s1 = accept(s0) <unfinished ...>\nt1: <... accept resumed>\n");
  const Result text = Run("matrix --kernels=fake,linux unjudged.program good.program");
  EXPECT_EQ(text.status, 2) << text.err;
  EXPECT_NE(text.out.find("  linux: cannot be judged, after 2 of 4 calls: uid=nobody is of one thread"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("no difference in the 2 of 4 calls that two or more answered\n"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("good.program\n"), std::string::npos) << text.out;
  EXPECT_TRUE(text.out.ends_with("  no difference\n\n")) << text.out;
  const auto programs = nlohmann::json::parse(Run("matrix --json --kernels=fake,linux unjudged.program good.program").out);
  EXPECT_EQ(programs[0]["notes"]["fake"]["unjudged"], true);
  EXPECT_EQ(programs[0]["compared"], 2);
  EXPECT_EQ(programs[1]["notes"].size(), 0u);
  EXPECT_EQ(programs[1]["compared"], 2);
}

TEST_F(CliTest, AMatrixSaysOfACallInTwoHalvesThatItBlocks) {
  Write("halves.program",
        "s0 = socket(AF_INET, SOCK_STREAM, 0)\nlisten(s0, 1)\n"
        "t1: s1 = accept(s0) <unfinished ...>\nt1: <... accept resumed>\n");
  const auto programs = nlohmann::json::parse(Run("matrix --json --kernels=fake,linux halves.program").out);
  for (const char* kernel : {"fake", "linux"}) {
    EXPECT_EQ(programs[0]["calls"][2]["replies"][kernel]["reply"], "blocks") << kernel;
    EXPECT_EQ(programs[0]["calls"][3]["replies"][kernel]["reply"], "blocks, then -1 EINTR") << kernel;
  }
}

TEST_F(CliTest, WhyNoCallWasMadeIsSaid) {
  Write("unix.program", "s0 = socket(AF_UNIX, SOCK_STREAM, 0)\nlisten(s0, 1)\n");
  Write("env.program", "env: uid=nobody\ns0 = socket(AF_INET, SOCK_STREAM, 0)\n");
  for (const char* file : {"unix.program", "env.program"}) {
    const Result result = Run(std::string("check --kernel=lwip ") + file);
    if (result.status == 3) GTEST_SKIP() << result.err;
    EXPECT_EQ(result.status, 2);
    EXPECT_NE(result.out.find(std::string(file) + "\n    ^ cannot be judged from here on: "), std::string::npos) << result.out;
  }
}

// A row is said to happen no longer where its program ran and the kernel did what it should; a pinned one is met.
TEST_F(CliTest, ADeviationIsMissedOnlyWhereItsProgramRan) {
  const std::string row = "fake | * | linux | fake.listen.stream.inet.listen.port_taken.value.0 | on purpose | ";
  Write("linked.deviations", row + "here/two.program\n");
  const Result missed = Run("check --json --kernel=fake --deviations=linked.deviations good.program two.program");
  EXPECT_EQ(missed.status, 1);
  EXPECT_NE(missed.out.find("no_longer"), std::string::npos) << missed.out;
  EXPECT_EQ(Run("check --kernel=fake --deviations=linked.deviations good.program").status, 0);
  EXPECT_EQ(Run("check --mutant=listen.port_taken --deviations=linked.deviations two.program").status, 0);

  Write("pinned.program", "# regression: fake.listen.stream.inet.listen.port_taken.value.0\n# profile: linux-6.18\n" +
                              std::string("s0 = socket(AF_INET, SOCK_STREAM, 0) = s0\n") + std::string(kTwoListeners).substr(
                                  std::string(kTwoListeners).find('\n') + 1));
  const Result pinned = Run("check --mutant=listen.port_taken --profile=linux-6.18 --deviations=known.deviations pinned.program");
  EXPECT_EQ(pinned.status, 0) << pinned.out;
  EXPECT_EQ(pinned.out.find("no longer"), std::string::npos) << pinned.out;
}

TEST_F(CliTest, JsonIsOneDocument) {
  for (const char* arguments :
       {"check --json --kernel=fake good.program typo.program",
        "predict --json good.program two.program", "matrix --json --kernels=fake good.program",
        "spec --format=json", "triage --json ."}) {
    const Result result = Run(arguments);
    EXPECT_TRUE(nlohmann::json::accept(result.out)) << arguments << "\n"
                                                    << result.out.substr(0, 2000);
  }
}

// What a campaign tells a program: from the start to the end, a finding's way in between.
TEST_F(CliTest, JsonOfACampaignIsAnEventALine) {
  const Result result = Run(
      "fuzz --json --mutant=unix_connect.connected_elsewhere --programs=3000 --seed=1 --jobs=1");
  std::vector<std::string> events;
  std::istringstream lines(result.out);
  nlohmann::json event;
  for (std::string line; std::getline(lines, line);) {
    event = nlohmann::json::parse(line, nullptr, false);
    ASSERT_TRUE(event.is_object()) << line;
    const std::string name = event["event"];
    if (name == "finding") EXPECT_TRUE(std::filesystem::exists(directory_ + "/" + event["path"].get<std::string>()));
    if (std::find(events.begin(), events.end(), name) == events.end()) events.push_back(name);
  }
  ASSERT_FALSE(events.empty()) << result.err;
  EXPECT_EQ(events.front(), "start");
  for (const char* name : {"status", "found", "finding"}) {
    EXPECT_NE(std::find(events.begin(), events.end(), name), events.end()) << name << "\n" << result.out;
  }
  EXPECT_EQ(events.back(), "end");
  EXPECT_EQ(event["findings"].size(), 1u);
  EXPECT_EQ(event["programs"], 3000);
}

TEST_F(CliTest, StandardInputIsADash) {
  const Result result = Shell("cd '" + directory_ + "' && '" + binary_ +
                              "' check --kernel=fake - <good.program >out 2>err");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("standard input: conforms"), std::string::npos);
}

// `bazel run` changes the working directory.
TEST_F(CliTest, PathsAreRelativeToWhereTheUserIs) {
  const Result result =
      Shell("cd / && BUILD_WORKING_DIRECTORY='" + directory_ + "' '" + binary_ +
            "' emit-c good.program -o good.c >'" + directory_ + "/out' 2>'" + directory_ + "/err'");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(Contents(directory_ + "/good.c").find("int main("), std::string::npos);
}

TEST_F(CliTest, APipeGetsNoColour) {
  EXPECT_EQ(Run("check --mutant=listen.port_taken two.program").out.find('\x1b'),
            std::string::npos);
}

TEST_F(CliTest, WithoutNamespacesItSaysSoAndExitsWith3) {
  // In a user namespace that allows no network namespaces.
  const std::string inside = "unshare -Ur sh -c 'echo 0 > /proc/sys/user/max_net_namespaces && ";
  if (Shell(inside + "true' >/dev/null 2>&1").status != 0) GTEST_SKIP() << "no user namespace here";
  for (const char* arguments : {"check good.program", "fuzz --duration=2s", "matrix good.program",
                                "minimize good.program"}) {
    const Result result =
        Shell("cd '" + directory_ + "' && " + inside + binary_ + " " + arguments + "' >out 2>err");
    EXPECT_EQ(result.status, 3) << arguments << "\n" << result.out << result.err;
    EXPECT_NE(result.err.find("sockspec: unshare(CLONE_NEWNET): "), std::string::npos)
        << result.err;
  }
}

TEST_F(CliTest, TheKernelOfThisMachineConformsToItself) {
  const Result result = Run("check good.program");
  if (result.status == 3) GTEST_SKIP() << result.err;
  EXPECT_EQ(result.status, 0) << result.out << result.err;
}

TEST_F(CliTest, LwipIsHeldToPosixAndToLinuxOnlyWhereThatIsAsked) {
  const Result usual = Run("check --kernel=lwip --json good.program");
  if (usual.status == 3) GTEST_SKIP() << "liblwip is not installed";
  EXPECT_EQ(nlohmann::json::parse(usual.out)["profile"], "posix");
  EXPECT_EQ(usual.err, "");
  const Result asked = Run("check --kernel=lwip --profile=linux --json good.program");
  EXPECT_TRUE(std::string(nlohmann::json::parse(asked.out)["profile"]).starts_with("linux-")) << asked.out;
  EXPECT_TRUE(asked.err.starts_with("sockspec: lwIP is not Linux, and is held to linux-")) << asked.err;
}

// lwIP runs in the process of the command, and takes it down; another one tells of it.
TEST_F(CliTest, AStackWithinTheProcessThatHangsOrCrashesIsToldWithItsProgramAndCall) {
  if (Run("check --kernel=lwip good.program").status == 3) GTEST_SKIP() << "liblwip is not installed";
  Write("hangs.program",
        "s0 = socket(AF_INET, SOCK_STREAM, 0)\nbind(s0, 127.0.0.1:P0)\nbind(s0, 127.0.0.1:P1)\n"
        "s1 = socket(AF_INET, SOCK_STREAM, 0)\nbind(s1, 127.0.0.1:P2)\n");
  Write("crashes.program",
        "s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)\nconnect(s0, 127.0.0.1:P0)\nsetsockopt(s0, 255, 7, 1)\n");
  const Result hangs = Run("check --kernel=lwip --kernel-args=as-it-is good.program hangs.program");
  EXPECT_EQ(hangs.status, 1);
  EXPECT_NE(hangs.out.find("good.program: "), std::string::npos) << "what came before it stands";
  EXPECT_NE(hangs.err.find("lwIP hangs"), std::string::npos) << hangs.err;
  EXPECT_NE(hangs.err.find("in the middle of:\n    bind(s1, 127.0.0.1:P2)\n"), std::string::npos) << hangs.err;
  EXPECT_NE(hangs.err.find("sockspec: the kernel died of signal 6 (Aborted) in the middle of hangs.program\n"), std::string::npos)
      << hangs.err;
  const Result crashes = Run("check --kernel=lwip --kernel-args=as-it-is crashes.program");
  EXPECT_NE(crashes.status, 0);
  // A sanitizer tells of it in its own way, and with a status of its own.
  if (crashes.err.find("Sanitizer") != std::string::npos) return;
  EXPECT_EQ(crashes.status, 1);
  EXPECT_NE(crashes.err.find("in the middle of:\n    setsockopt(s0, 255, 7, 1)\n"), std::string::npos) << crashes.err;
  EXPECT_NE(crashes.err.find("(Segmentation fault) in the middle of crashes.program\n"), std::string::npos) << crashes.err;
  const Result matrix = Run("matrix --json --kernels=lwip,linux --kernel-args=as-it-is crashes.program good.program");
  EXPECT_EQ(matrix.status, 1) << matrix.err;
  const auto programs = nlohmann::json::parse(matrix.out);
  EXPECT_EQ(programs[0]["calls"][1]["replies"]["lwip"]["reply"], "-1 EINPROGRESS");
  EXPECT_EQ(programs[0]["calls"][2]["replies"]["lwip"]["reply"], "the kernel died");
  EXPECT_EQ(programs[0]["calls"][2]["replies"]["linux"]["reply"], "-1 ENOPROTOOPT");
  EXPECT_EQ(programs[1]["calls"][1]["replies"]["lwip"]["reply"], "0");
}

}  // namespace
}  // namespace sockspec
