// Every wrong kernel is found. For each clause of each profile, kernels that differ from the
// specification in this clause alone play the examples (model/examples/) and then random programs,
// until the oracle objects:
//
//   without it     the next clause that holds decides
//   neighbours     it gives an errno that another clause of the same call gives, or EIO
//   spoiled        its value, or what it writes, is off
//   forgetful      it answers right and does not do what it says
//
// The mutants that nobody can tell from the right kernel are listed below, each with the reason.
// Clauses that only allow a second reply make no kernel wrong by being absent: of them it is shown
// that their reply is right, and would not be without them.

#include <ctype.h>
#include <errno.h>
#include <stdint.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/fake_kernel.h"
#include "fuzz/finding.h"
#include "fuzz/generate.h"
#include "fuzz/lockstep.h"
#include "gtest/gtest.h"
#include "model/clause.h"
#include "model/oracle.h"
#include "model/profile.h"
#include "model/program/program.h"
#include "model/program/random.h"
#include "model/program/text.h"
#include "model/world.h"
#include "properties/examples.h"
#include "properties/option_programs.h"
#include "sut/kernel.h"

namespace sockspec {
namespace {

// How many random programs are played after the examples.
constexpr int kRandomPrograms = 3000;

// Of one clause.
constexpr size_t kEnoughOptionPrograms = 50;

enum class Kind { kWithout, kNeighbour, kSpoiled, kForgetful };

struct Equivalent {
  std::string_view clause;
  Kind kind;
  ProfileSet on;
  std::string_view why;
  int16_t error = 0;  // of a neighbour
};

constexpr std::string_view kUnspecifiedAfterwards =
    "POSIX says nothing of the socket from here on, whatever became of it";
constexpr std::string_view kMayBeBoundAfterwards =
    "what it does is to allow the next bind() to fail, which a kernel need not";
constexpr std::string_view kBacklogIsSetAgain =
    "only a listener has a use for its backlog, and the listen() that makes it one sets it";
constexpr std::string_view kNothingWakesIt = "nothing need ever let it go, where it waits";

// clang-format off
constexpr Equivalent kEquivalent[] = {
    {"socket.type_prototype", Kind::kNeighbour, kPosix, "allowed by socket.type_not_supported", ESOCKTNOSUPPORT},
    {"listen.autobind", Kind::kWithout, kPosix, "EDESTADDRREQ comes instead, and is allowed"},
    {"listen.no_port_left", Kind::kNeighbour, kPosix, "allowed by listen.unbound_refused", EDESTADDRREQ},
    {"listen.port_taken", Kind::kForgetful, kLinux, kBacklogIsSetAgain},
    {"listen.no_port_left", Kind::kForgetful, kEveryProfile, kBacklogIsSetAgain},
    {"bind.port_taken", Kind::kForgetful, kPosix,
     "only a socket that had another life has an address to forget, and POSIX leaves such a one open"},
    {"connect.wrong_family", Kind::kWithout, kPosix, "EINVAL comes instead, and is allowed"},
    {"connect.wrong_family", Kind::kNeighbour, kPosix, "allowed by connect.family_invalid", EINVAL},
    {"connect.no_route", Kind::kWithout, kPosix, "EHOSTUNREACH comes instead, and is allowed"},
    {"connect.no_route", Kind::kNeighbour, kPosix, "allowed by connect.no_route_to_host", EHOSTUNREACH},
    {"connect.failed", Kind::kNeighbour, kPosix, "allowed by connect.failed_by_reset", ECONNRESET},
    {"connect.refused", Kind::kNeighbour, kPosix, "allowed by connect.reset", ECONNRESET},
    {"connect.tuple_in_use", Kind::kNeighbour, kPosix, "allowed by connect.tuple_not_available", EADDRNOTAVAIL},
    {"connect.tuple_in_use", Kind::kForgetful, kPosix, kUnspecifiedAfterwards},
    {"connect.failed", Kind::kForgetful, kPosix, kUnspecifiedAfterwards},
    {"connect.host_unreachable", Kind::kForgetful, kPosix, kUnspecifiedAfterwards},
    {"connect.no_port_left", Kind::kForgetful, kPosix, kUnspecifiedAfterwards},
    {"connect.no_route", Kind::kForgetful, kPosix, kUnspecifiedAfterwards},
    {"connect.refused", Kind::kForgetful, kPosix, kUnspecifiedAfterwards},
    {"unix_bind.shut_down", Kind::kNeighbour, kPosix, "allowed by unix_bind.connected", EISCONN},
    {"unix_connect.queue_full_in_progress", Kind::kNeighbour, kPosix, "allowed by unix_connect.queue_full_refused", ECONNREFUSED},
    {"unix_connect.queue_full_blocks", Kind::kNeighbour, kPosix, "allowed by unix_connect.queue_full_refused", ECONNREFUSED},
    {"unix_connect.queue_full_in_progress", Kind::kForgetful, kPosix, kUnspecifiedAfterwards},
    {"unix_connect.family_unsupported", Kind::kForgetful, kPosix, kUnspecifiedAfterwards},
    {"unix_connect.missing", Kind::kForgetful, kPosix, kUnspecifiedAfterwards},
    {"unix_connect.directory_is_file", Kind::kForgetful, kPosix, kUnspecifiedAfterwards},
    {"unix_connect.links_in_circles", Kind::kForgetful, kPosix, kUnspecifiedAfterwards},
    {"unix_connect.name_too_long", Kind::kForgetful, kPosix, kUnspecifiedAfterwards},
    {"unix_connect.forbidden", Kind::kForgetful, kPosix, kUnspecifiedAfterwards},
    {"unix_connect.nobody_there", Kind::kForgetful, kPosix, kUnspecifiedAfterwards},
    {"unix_connect.other_type", Kind::kForgetful, kPosix, kUnspecifiedAfterwards},
    {"unix_connect.not_listening", Kind::kForgetful, kPosix, kUnspecifiedAfterwards},
    {"unix_connect.queue_full_blocks", Kind::kForgetful, kPosix, kUnspecifiedAfterwards},
    {"close.in_use", Kind::kWithout, kLinux, "close.shared does the same"},
    {"shutdown.never_connected", Kind::kWithout, kPosix, "it is remembered, and is allowed to be"},
    {"close.data_unread", Kind::kWithout, kPosix, "a FIN goes out instead of a RST, and is allowed"},
    {"close.linger_zero", Kind::kWithout, kPosix, "a FIN goes out instead of a RST, and is allowed"},
    {"shutdown.listening_for_write", Kind::kForgetful, kLinux,
     "it wakes those who wait in accept(), who wait again in whatever order they get there"},
    {"unix_close.data_unread", Kind::kWithout, kPosix, "whether the other end is told of a reset POSIX leaves open"},
    {"unix_send.no_destination", Kind::kWithout, kPosix, "ENOTCONN comes instead, and is allowed"},
    {"unix_recv.no_urgent_data", Kind::kWithout, kPosix, "EOPNOTSUPP comes instead, and is allowed"},
    {"unix_recv.urgent", Kind::kWithout, kPosix, "EINVAL comes instead, and is allowed"},
    {"unix_send.no_destination", Kind::kNeighbour, kPosix, "allowed by unix_send.no_connection", ENOTCONN},
    {"unix_recv.no_urgent_data", Kind::kNeighbour, kPosix, "allowed by unix_recv.urgent_unsupported", EOPNOTSUPP},
    {"unix_recv.urgent", Kind::kNeighbour, kPosix, "allowed by unix_recv.no_urgent_record", EINVAL},
    {"getsockopt.unknown_posix", Kind::kWithout, kPosix, "EINVAL comes instead, and is allowed"},
    {"getsockopt.unknown_posix", Kind::kNeighbour, kPosix, "allowed by getsockopt.unknown_invalid", EINVAL},
    {"setsockopt.unknown_posix", Kind::kWithout, kPosix, "EINVAL comes instead, and is allowed"},
    {"setsockopt.unknown_posix", Kind::kNeighbour, kPosix, "allowed by setsockopt.unknown_invalid", EINVAL},
    {"setsockopt.read_only_posix", Kind::kWithout, kPosix, "EINVAL comes instead, and is allowed"},
    {"setsockopt.read_only_posix", Kind::kNeighbour, kPosix, "allowed by setsockopt.read_only_invalid", EINVAL},
    {"send.connecting", Kind::kWithout, kPosix, "EAGAIN comes instead, and is allowed"},
    {"send.connecting", Kind::kNeighbour, kPosix, "allowed by send.connecting_would_wait", EAGAIN},
    {"send.pending_error", Kind::kWithout, kPosix,
     "where an error is pending, ENOTCONN or EPIPE is right, too, and leaves the error pending"},
    {"send.pending_error", Kind::kNeighbour, kPosix, "allowed by send.reset", ECONNRESET},
    {"recv.pending_error", Kind::kNeighbour, kPosix, "allowed by recv.reset", ECONNRESET},
    {"udp_connect.wrong_family", Kind::kWithout, kPosix, "EINVAL comes instead, and is allowed"},
    {"udp_connect.wrong_family", Kind::kNeighbour, kPosix, "allowed by udp_connect.family_invalid", EINVAL},
    {"udp_connect.wrong_family", Kind::kForgetful, kPosix, kUnspecifiedAfterwards},
    {"udp_send.shut", Kind::kForgetful, kPosix, kMayBeBoundAfterwards},
    {"udp_send.no_destination", Kind::kWithout, kPosix, "ENOTCONN comes instead, and is allowed"},
    {"udp_send.no_destination", Kind::kNeighbour, kPosix, "allowed by udp_send.no_peer", ENOTCONN},
    {"udp_send.pending_error", Kind::kNeighbour, kLinux, "no other error is ever pending", ECONNREFUSED},
    {"getsockopt.error_perhaps", Kind::kWithout, kPosix, "0 is right, and getsockopt.error says so, too"},
    {"udp_recv.datagram", Kind::kWithout, kPosix, "no datagram need ever arrive"},
    {"udp_recv.blocks", Kind::kForgetful, kPosix, kNothingWakesIt},
    {"poll.ignored_for_ever", Kind::kForgetful, kEveryProfile, kNothingWakesIt},
    {"epoll_wait.perhaps", Kind::kWithout, kLinux,
     "nothing is ready instead, which epoll_wait.perhaps_none allows"},
    {"epoll_wait.nothing", Kind::kForgetful, kLinux,
     "it takes what is ready no longer off the list; what becomes ready again is put there by what makes it so"},
    {"poll.unsteady", Kind::kWithout, kEveryProfile,
     "poll.ready and poll.nothing give one of the replies that it leaves open"},
};
// clang-format on

const Equivalent* FindEquivalent(const Profile& profile, const Clause& clause, Kind kind,
                                 int16_t error = 0) {
  for (const Equivalent& row : kEquivalent) {
    if (row.clause == clause.id && row.kind == kind && row.error == error &&
        (row.on & profile.family) != 0) {
      return &row;
    }
  }
  return nullptr;
}

// What mutants are tried on: the examples, walks through the table of options, random programs.
struct Programs {
  std::vector<Program> all;
  std::map<const Clause*, std::vector<size_t>> deciding;  // the programs in which a clause decides
  std::set<const Clause*> changing;  // the clauses that change the world somewhere: only these can be forgotten
};

Programs MakePrograms(const Profile& profile) {
  Programs programs;
  std::map<const Clause*, size_t> reached;
  Oracle oracle(profile);
  // Left out where `enough` programs reach each clause that it reaches.
  const auto add = [&](const Program& program, size_t enough) {
    std::set<const Clause*> reaches, decide;
    oracle.Reset(program.env);
    for (const Call& call : program.calls) {
      for (const Allowed& allowed : oracle.Ask(call)) reaches.insert(allowed.clause);
      const World before = oracle.world();
      oracle.Answer(call);
      if (oracle.clause() == nullptr) continue;
      decide.insert(oracle.clause());
      // The second half of a call tells of what was done when something woke it.
      if (call.part == Part::kResumed) continue;
      if (oracle.world() != before) programs.changing.insert(oracle.clause());
    }
    if (std::ranges::all_of(reaches, [&](const Clause* clause) { return reached[clause] >= enough; })) {
      return;
    }
    for (const Clause* clause : reaches) ++reached[clause];
    for (const Clause* clause : decide) programs.deciding[clause].push_back(programs.all.size());
    programs.all.push_back(program);
  };
  for (const Example& example : AllExamples()) add(example.transcript.program, SIZE_MAX);
  for (const OptionSubject& subject : OptionSubjects()) {
    ForEachOptionProgram(profile, subject, [&](const Program& program) {
      add(program, kEnoughOptionPrograms);
    });
  }
  Generator generator(profile);
  for (int i = 0; i < kRandomPrograms; ++i) {
    Random random(ProgramSeed(1, static_cast<uint64_t>(i)));
    add(generator.Next(random), SIZE_MAX);
  }
  return programs;
}

const Programs& ProgramsFor(const Profile& profile) {
  static std::map<std::string, Programs> known;
  const auto found = known.find(profile.name());
  if (found != known.end()) return found->second;
  return known.emplace(profile.name(), MakePrograms(profile)).first->second;
}

// Answers as the specification says, but where `clause` decides it leaves its world as it was. A call that waits
// in another thread by that clause is woken by nothing.
class ForgetfulKernel : public Kernel {
 public:
  ForgetfulKernel(const Profile& profile, const Clause* clause)
      : oracle_(profile), clause_(clause) {}
  std::string family() const override { return "fake"; }
  std::string release() const override { return "forgetful of " + std::string(clause_->id); }
  Trouble Reset(const Environment& env) override {
    oracle_.Reset(env);
    forgotten_ = {};
    return {};
  }
  Trouble ResetFresh(const Environment& env) override { return Reset(env); }
  Trouble PrepareThreads() override { return {}; }
  Reply Run(const Call& call) override {
    std::optional<Reply>& forgotten = forgotten_[call.thread];
    if (call.part == Part::kResumed) return forgotten ? *forgotten : oracle_.Answer(call);
    const auto allowed = oracle_.Ask(call);
    const bool forgets = !allowed.empty() && allowed[0].clause == clause_;
    Oracle copy = oracle_;
    const Reply reply = forgets ? copy.Answer(call) : oracle_.Answer(call);
    if (call.part == Part::kUnfinished) forgotten = forgets ? std::optional(reply) : std::nullopt;
    return reply;
  }
  void Disturb(unsigned) override {}

 private:
  Oracle oracle_;
  const Clause* clause_;
  std::array<std::optional<Reply>, kMaxThreads> forgotten_;  // by thread: of its call that waits
};

// Whether a divergence is found. Up to where `clause` decides the kernel is like any other.
bool IsFound(Kernel& kernel, const Profile& profile, const Clause* clause) {
  const Programs& programs = ProgramsFor(profile);
  const auto deciding = programs.deciding.find(clause);
  if (deciding == programs.deciding.end()) return false;
  Lockstep lockstep(kernel, profile);
  return std::ranges::any_of(deciding->second, [&](size_t at) {
    return lockstep.Play(programs.all[at]).diverged();
  });
}

bool IsFound(const Mutation& mutation, const Profile& profile) {
  FakeKernel kernel(profile, mutation);
  return IsFound(kernel, profile, mutation.clause);
}

struct Case {
  Profile profile;
  const Clause* clause;
};
std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.clause->id << " of " << c.profile.name();
}

// Each clause under each profile. A clause is the same on every Linux that has it.
std::vector<Case> CasesOf(bool (*wanted)(const Clause&)) {
  std::vector<Profile> profiles = EveryProfile();
  profiles.push_back(ProfileNamed("linux-6.18+selinux"));
  std::vector<Case> cases;
  for (const ProfileSet family : {kPosix, kLinux}) {
    std::set<const Clause*> seen;
    for (const Profile& profile : profiles) {
      if (profile.family != family) continue;
      for (const Clause* clause : AllClauses()) {
        if (clause->BelongsTo(profile) && wanted(*clause) && seen.insert(clause).second) {
          cases.push_back({profile, clause});
        }
      }
    }
  }
  return cases;
}

std::string Name(const testing::TestParamInfo<Case>& info) {
  std::string name = info.param.profile.name() + "_" + std::string(info.param.clause->id);
  std::ranges::replace_if(
      name, [](char c) { return !isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
}

class Mutant : public testing::TestWithParam<Case> {
 protected:
  const Profile& profile() const { return GetParam().profile; }
  const Clause& clause() const { return *GetParam().clause; }

  void Expect(bool found, Kind kind, const std::string& what, int16_t error = 0) {
    const Equivalent* equivalent = FindEquivalent(profile(), clause(), kind, error);
    if (equivalent == nullptr) {
      EXPECT_TRUE(found) << what << " is not found";
    } else {
      EXPECT_FALSE(found) << what << " is found: take it out of the list of those that cannot be ("
                          << equivalent->why << ")";
    }
  }
};

TEST_P(Mutant, WithoutTheClauseIsFound) {
  Expect(IsFound({.clause = &clause()}, profile()), Kind::kWithout, "the kernel without it");
}

TEST_P(Mutant, WithANeighboursErrnoIsFound) {
  std::set<int16_t> errors = {EIO};
  for (int op = 0; op < kOpCount; ++op) {
    const auto rows = ClausesOf(static_cast<Op>(op));
    if (std::ranges::find(rows, &clause()) == rows.end()) continue;
    for (const Clause* row : rows) {
      if (row->error > 0 && row->BelongsTo(profile())) errors.insert(row->error);
    }
  }
  errors.erase(clause().error);
  for (const int16_t error : errors) {
    Expect(IsFound({.clause = &clause(), .error = error}, profile()), Kind::kNeighbour,
           PrintErrno(error), error);
  }
}

TEST_P(Mutant, SpoiledIsFound) {
  if (!clause().effect()) return;
  Expect(IsFound({.clause = &clause(), .spoil = true}, profile()), Kind::kSpoiled,
         "its spoiled effect");
}

TEST_P(Mutant, ThatForgetsIsFound) {
  if (!ProgramsFor(profile()).changing.contains(&clause())) return;
  ForgetfulKernel kernel(profile(), &clause());
  Expect(IsFound(kernel, profile(), &clause()), Kind::kForgetful, "the kernel that does not do it");
}

// At some call of a program the clause's reply is right, no other clause gives it, and its
// neighbour is wrong. Where nothing is `said`, the first right reply is what came.
bool MakesAReplyRight(const Case& c, const Program& program, std::span<const Said> said) {
  Oracle oracle(c.profile);
  oracle.Reset(program.env);
  for (size_t i = 0; i < program.calls.size(); ++i) {
    const Call& call = program.calls[i];
    const std::vector<Allowed> allowed = oracle.Ask(call);
    const auto own = std::ranges::find(allowed, c.clause, &Allowed::clause);
    if (own != allowed.end()) {
      Oracle right = oracle;
      Oracle wrong = oracle;
      const bool alone = std::ranges::count(allowed, own->reply, &Allowed::reply) == 1;
      if (alone && right.Step(call, own->reply) == Verdict::kConforms &&
          right.clause() == c.clause && wrong.Step(call, {.error = EIO}) == Verdict::kDiverges) {
        return true;
      }
    }
    if (allowed.empty()) break;
    const Verdict verdict = i < said.size() && said[i].reply
                                ? Follow(oracle, call, *said[i].reply)
                                : oracle.Step(call, allowed[0].reply);
    if (verdict != Verdict::kConforms) break;
  }
  return false;
}

// At some call of a program the clause gives a reply that another one gives, too, with another outcome. In its own
// outcome a later reply is right that is wrong in the other.
bool MakesAnOutcomeRight(const Case& c, const Program& program) {
  Oracle oracle(c.profile);
  oracle.Reset(program.env);
  for (size_t i = 0; i < program.calls.size(); ++i) {
    const std::vector<Allowed> allowed = oracle.Ask(program.calls[i]);
    if (allowed.empty()) return false;
    std::vector<const Clause*> alike;
    const auto own = std::ranges::find(allowed, c.clause, &Allowed::clause);
    for (const Allowed& one : allowed) {
      if (own != allowed.end() && one.reply == own->reply) alike.push_back(one.clause);
    }
    const bool alone = oracle.worlds() == 1;
    const Verdict verdict = oracle.Step(program.calls[i], own != allowed.end() ? own->reply : allowed[0].reply);
    if (verdict != Verdict::kConforms) return false;
    if (!alone || alike.size() != 2 || oracle.worlds() != 2) continue;
    const int with = alike[0] == c.clause ? 0 : 1;
    Oracle kernel = oracle;
    kernel.Suppose(with);
    Oracle both = oracle;
    Oracle other = oracle;
    other.Suppose(1 - with);
    for (size_t later = i + 1; later < program.calls.size(); ++later) {
      const Call& call = program.calls[later];
      const Reply reply = kernel.Answer(call);
      if (both.Step(call, reply) != Verdict::kConforms) break;
      const Verdict otherwise = other.Step(call, reply);
      if (otherwise == Verdict::kDiverges) return true;
      if (otherwise != Verdict::kConforms) break;
    }
  }
  return false;
}

bool MakesAnOutcomeRight(const Case& c) {
  return std::ranges::any_of(AllExamples(), [&](const Example& example) {
    return MakesAnOutcomeRight(c, example.transcript.program);
  }) || std::ranges::any_of(ProgramsFor(c.profile).all, [&](const Program& program) {
    return MakesAnOutcomeRight(c, program);
  });
}

bool MakesAReplyRight(const Case& c) {
  return std::ranges::any_of(AllExamples(), [&](const Example& example) {
    return MakesAReplyRight(c, example.transcript.program, example.transcript.said);
  }) || std::ranges::any_of(ProgramsFor(c.profile).all, [&](const Program& program) {
    return MakesAReplyRight(c, program, {});
  });
}

class SecondReply : public testing::TestWithParam<Case> {};

TEST_P(SecondReply, IsRightByItsClauseAlone) { 
  EXPECT_TRUE(MakesAReplyRight(GetParam()) || MakesAnOutcomeRight(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(OfEveryClause, SecondReply,
                         testing::ValuesIn(CasesOf([](const Clause& clause) {
                           return clause.strength == Strength::kMay ||
                                  clause.strength == Strength::kResource;
                         })),
                         Name);

INSTANTIATE_TEST_SUITE_P(OfEveryClause, Mutant, testing::ValuesIn(CasesOf([](const Clause& clause) {
                           return clause.strength == Strength::kShall;
                         })),
                         Name);

}  // namespace
}  // namespace sockspec
