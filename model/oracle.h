// The oracle: holds a kernel's replies against the specification, one call after the other.
//
//     Oracle oracle(profile);
//     oracle.Reset(program.env);
//     if (oracle.Step(call, kernel.Run(call)) == Verdict::kDiverges) …
//
// It keeps the set of worlds that all replies so far agree with. It is pure: no descriptors, no clock, no
// randomness, and Step() allocates nothing.
#ifndef SOCKSPEC_MODEL_ORACLE_H_
#define SOCKSPEC_MODEL_ORACLE_H_

#include <array>
#include <memory>
#include <cstdint>
#include <string>
#include <vector>

#include "model/clause.h"
#include "model/profile.h"
#include "model/program/program.h"
#include "model/world.h"

namespace sockspec {

enum class Verdict : uint8_t {
  kConforms,     // a clause allows the reply
  kDiverges,     // no clause does
  kUnspecified,  // the specification says nothing here: whatever came is right
  kDiscarded,    // the program left what the model can follow (see Oracle::why); nothing is judged from here on
};

// A change to the specification, to make a wrong kernel of it: one clause taken out, or with another errno.
struct Mutation {
  const Clause* clause = nullptr;
  int16_t error = 0;  // 0: the clause is taken out
  // The reply of an effect is made wrong: its value, or what it writes, is off by one, or it becomes EIO.
  bool spoil = false;
  // The clause that is taken out; nullptr: none.
  const Clause* removed() const { return error == 0 && !spoil ? clause : nullptr; }
};

// One reply that is allowed at a call, with the clause that allows it.
struct Allowed {
  const Clause* clause = nullptr;
  Reply reply;             // an instance of it
  bool open = false;       // the kernel chooses: another value in `note`'s range is right too
  std::string note;        // "any port of the ephemeral range", empty where the reply is exact
};

// Why a clause did not decide a call, or did.
struct Considered {
  const Clause* clause;
  bool holds;
};

// How many worlds are kept at once: ways for what is under way to have arrived where the loopback is late, and outcomes that
// POSIX leaves open. Of Linux far fewer do.
inline constexpr int kMaxWorlds = 64;
inline constexpr int kMaxLinuxWorlds = 16;

// How many clauses may hold at once.
inline constexpr int kMaxAllowed = 32;

class Oracle {
 public:
  explicit Oracle(const Profile& profile);

  // As far as there are worlds, which are large; the rows are shared.
  Oracle(const Oracle& other) : Oracle(other.profile_, other.rows_) { *this = other; }
  Oracle& operator=(const Oracle& other);

  void Reset(const Environment& env);

  // Judges `reply` and goes on in the worlds that allow it. On kDiverges the worlds stay as they were
  // before the call; Resynchronise() goes on.
  Verdict Step(const Call& call, const Reply& reply);

  // After kDiverges: takes the reply for what it says (a refusal left the world alone or did what the
  // clause with that errno does; a success did what the effect does). False where that cannot be done:
  // the rest of the program cannot be judged.
  bool Resynchronise(const Call& call, const Reply& reply);

  // Of the last Step() that conformed: the clause that allowed the reply.
  const Clause* clause() const { return clause_; }
  // Of the last Step(): how many different replies the clauses allowed; 1 where one reply is right.
  int allowed() const { return allowed_; }
  // Of kDiscarded: why, for people.
  const char* why() const { return why_; }

  // All that is allowed at the next call, the first the most usual. Empty: unspecified.
  std::vector<Allowed> Ask(const Call& call) const;

  // Every clause of this profile for `call`, with whether its guard holds in the first world. For reports.
  std::vector<Considered> Consider(const Call& call) const;

  // The reply that a kernel which keeps to this specification (changed by `mutation`) would give, and goes on
  // in its world. The fake kernel and `sockspec predict` are this function.
  Reply Answer(const Call& call, const Mutation& mutation = {});

  // As Answer(), where the loopback is late: of what is under way, as much has arrived by the call as `chance` says.
  // Answer() itself lets all of it arrive, before the call and after it.
  Reply AnswerLate(const Call& call, uint32_t chance, const Mutation& mutation = {});

  // Whether the next call may block, cannot be followed, or is unspecified; generation avoids such calls.
  bool MayBlock(const Call& call) const;

  const Profile& profile() const { return profile_; }
  int worlds() const { return count_; }
  const World& world(int number = 0) const { return worlds_[number]; }
  // Goes on in this one of the worlds alone.
  void Suppose(int number);

 private:
  struct Rows;
  Oracle(const Profile& profile, std::shared_ptr<const Rows> rows);

  struct Tried;
  Tried Try(const Clause& clause, World& world, const Call& call, const Reply* seen, int branch,
            const Clause* removed = nullptr) const;
  Tried Try(const Clause& clause, Scene& scene, const Clause* removed) const;
  static void LearnName(World& world, const Reply& reply);
  bool TakeWhatever(const Clause* row, const World& before, const Call& call, const Reply& reply, World& after);
  World TakeForWhatItSays(const World& before, const Call& call, const Reply& reply) const;
  Reply Mutated(Reply reply, const Mutation& mutation) const;
  const std::vector<const Clause*>& RowsFor(const Call& call, const World& world) const;
  const std::vector<const Clause*>& RowsFor(const Call& call, const Scene& scene) const;

  // Calls in other threads.
  void Settle(Scene& scene, const Clause* removed) const;
  static bool Looks(World& world, const Waiting& waiting);
  static bool IsWokenSomeTime(const World& world, const Waiting& waiting);
  void ComeBack(Scene& outer, Waiting& waiting, const Clause& clause) const;
  Verdict Resume(const Call& call, const Reply& reply);
  struct Resumed {
    const Clause* clause = nullptr;  // nullptr: the call did not block
    Reply reply;
    bool unknown = false;  // what it finds when it looks again cannot be followed
    int branches = 1;
  };
  Resumed ResumeIn(World& world, const Call& call, const Reply* seen, int branch) const;
  int Options(Scene& scene, Waiting& waiting, const Clause* removed, const Clause** rows) const;

  // The rest of the program cannot be judged.
  Verdict Lose(const char* why);

  // The late loopback (late_network.cc). LetArrive() adds to the worlds those that the network may have made of them
  // meanwhile; false: there are too many, or the model cannot follow one of them.
  bool LetArrive();
  void LetAllArrive(World& world) const;
  int LetOneArrive(World& world, int n, int branch) const;
  // Ask() and Answer() in the worlds as they are: nothing arrives.
  std::vector<Allowed> AskNow(const Call& call) const;
  Reply AnswerNow(const Call& call, const Mutation& mutation);
  int room() const { return profile_.late || profile_.family == kPosix ? kMaxWorlds : kMaxLinuxWorlds; }

  void MakeStores();
  World& Made(World* store, int number);

  Profile profile_;
  struct FreeStores {
    void operator()(World* stores) const { ::operator delete(stores); }
  };
  std::unique_ptr<World, FreeStores> stores_;  // for room() worlds, twice
  std::array<int, 2> made_ = {};               // of each half, how many are there: most never are
  World* worlds_ = nullptr;          // `count_` of them
  World* next_ = nullptr;            // those that Step() goes on in: the two change places
  int count_ = 1;
  const Clause* clause_ = nullptr;
  int allowed_ = 0;
  std::array<Reply, kMaxAllowed> different_;  // the first allowed_ of them: what Step() allowed
  const char* why_ = "";
  bool lost_ = false;  // kDiscarded was said
  std::array<Call, kMaxThreads> waiting_calls_;  // the last one of each thread that is in two halves
  std::array<Reply, kMaxThreads> told_;          // Answer()'s, where that one did not block
  // By call, and by the kind of socket that its descriptor leads to; the last column: to none.
  struct Rows {
    std::vector<const Clause*> of[kOpCount][kSocketKinds + 1];
  };
  std::shared_ptr<const Rows> rows_;
};

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_ORACLE_H_
