#include "fuzz/minimize.h"

#include <algorithm>
#include <cstdint>
#include <unordered_set>
#include <utility>
#include <vector>

#include "model/program/bytes.h"
#include "model/program/declarations.h"
#include "model/program/edit.h"
#include "model/program/unix_name.h"

namespace sockspec {
namespace {

using Clock = std::chrono::steady_clock;

uint64_t HashOf(const Program& program) {
  uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (const uint8_t byte : Encode(program)) hash = (hash ^ byte) * 1099511628211u;
  return hash;
}

// `program` without the calls that are marked.
Program Without(const Program& program, const std::vector<bool>& marked) {
  Program left{.env = program.env};
  for (size_t i = 0; i < program.calls.size(); ++i) {
    if (!marked[i]) left.calls.push_back(program.calls[i]);
  }
  Mend(left);
  return left;
}

Program WithoutRange(const Program& program, int from, int to) {
  std::vector<bool> marked(program.calls.size());
  std::fill(marked.begin() + from, marked.begin() + to, true);
  return Without(program, marked);
}

// Marks `creator` and every call that needs what it makes, and what those make.
std::vector<bool> WithUsers(const Program& program, int creator) {
  std::vector<bool> marked(program.calls.size());
  bool gone[kMaxHandles] = {};
  for (int i = creator; i < static_cast<int>(program.calls.size()); ++i) {
    const Call& call = program.calls[i];
    marked[i] = i == creator;
    ForEachDescriptor(call, [&](const Argument&, Descriptor fd) {
      if (fd.IsHandle() && gone[fd.handle()]) marked[i] = true;
    });
    if (marked[i]) ForEachMade(call, [&](uint8_t handle) { gone[handle] = true; });
  }
  return marked;
}

// The highest E name that is used as an argument; -1: none.
int HighestChosenPort(const Program& program) {
  int highest = -1;
  for (const Call& call : program.calls) {
    if (call.address.port.IsChosen()) highest = std::max(highest, call.address.port.chosen());
  }
  return highest;
}

// E names count the ports that were seen. Where a call that saw one is left out, those after it
// move up.
Program WithChosenPortsMoved(Program program, int from) {
  for (Call& call : program.calls) {
    Port& port = call.address.port;
    if (port.IsChosen() && port.chosen() >= from) port = Port::Chosen(port.chosen() - 1);
  }
  return program;
}

// Adds a candidate with fewer calls, and what it is with its E names moved.
void AddShorter(Program shorter, std::vector<Program>& to) {
  if (shorter.calls.empty()) return;
  to.push_back(shorter);
  for (int from = 1; from <= HighestChosenPort(shorter); ++from) {
    to.push_back(WithChosenPortsMoved(shorter, from));
  }
}

// It without one creator, whose part an earlier handle plays: one socket where two were used.
void AddMerged(const Program& program, int creator, std::vector<Program>& to) {
  const Call& made = program.calls[creator];
  for (int i = 0; i < creator; ++i) {
    const Call& earlier = program.calls[i];
    if (earlier.made >= kMaxHandles) continue;
    const Descriptor first = Descriptor::Handle(earlier.made);
    const Descriptor second = earlier.made2 < kMaxHandles ? Descriptor::Handle(earlier.made2) : first;
    Program merged = program;
    for (Call& call : merged.calls) {
      ForEachDescriptor(call, [&](const Argument&, Descriptor& fd) {
        if (!fd.IsHandle()) return;
        if (fd.handle() == made.made) fd = first;
        else if (fd.handle() == made.made2) fd = second;
      });
    }
    AddShorter(WithoutRange(merged, creator, creator + 1), to);
  }
}

// It with one call, or one creator and its users, left out; from the back, since what comes after a
// divergence is never needed.
std::vector<Program> Shorter(const Program& program) {
  std::vector<Program> candidates;
  for (int i = static_cast<int>(program.calls.size()) - 1; i >= 0; --i) {
    if (program.calls[i].made < kMaxHandles) {
      AddShorter(Without(program, WithUsers(program, i)), candidates);
    }
    AddShorter(WithoutRange(program, i, i + 1), candidates);
    if (program.calls[i].made < kMaxHandles) AddMerged(program, i, candidates);
  }
  return candidates;
}

std::vector<Program> SimplerAt(const Program& program, int i) {
  std::vector<Program> candidates;
  for (const Call& simpler : Simpler(program.calls[i])) {
    Program candidate = program;
    candidate.calls[i] = simpler;
    Mend(candidate);
    if (candidate != program) candidates.push_back(std::move(candidate));
  }
  return candidates;
}

// It with a port that the kernel chose for a bind() chosen by the program: nobody has to look at it
// then.
void AddWithoutChosenPorts(const Program& program, Port unused, std::vector<Program>& to) {
  for (int chosen = 0; chosen <= HighestChosenPort(program); ++chosen) {
    for (size_t i = 0; i < program.calls.size(); ++i) {
      const Call& bind = program.calls[i];
      if (bind.op != Op::kBind || bind.address.port != kPortZero) continue;
      Program candidate = program;
      candidate.calls[i].address.port = unused;
      for (Call& call : candidate.calls) {
        if (call.address.port == Port::Chosen(chosen)) call.address.port = unused;
      }
      to.push_back(WithChosenPortsMoved(std::move(candidate), chosen + 1));
    }
  }
}

// A name of unix sockets less: what one was used for another is, too. Lengths that were exact stay exact.
void AddWithoutNames(const Program& program, UnixName (*named)(int), std::vector<Program>& to) {
  constexpr int kNames = 8;
  const auto uses = [](UnixName name) {
    return [name](const Call& call) { return call.address.host == Host::kUnix && call.address.name == name; };
  };
  const auto is_used = [&](int n) {
    return std::any_of(program.calls.begin(), program.calls.end(), uses(named(n)));
  };
  for (int from = kNames - 1; from > 0; --from) {
    for (int into = 0; into < from && is_used(from); ++into) {
      if (!is_used(into)) continue;
      Program candidate = program;
      for (Call& call : candidate.calls) {
        if (!uses(named(from))(call)) continue;
        const bool exact = call.length == ExactLength(call.address);
        call.address.name = named(into);
        if (exact) call.length = ExactLength(call.address);
      }
      to.push_back(std::move(candidate));
    }
  }
}

// It with one call made by t0 in one go, which another thread makes.
void AddInOneThread(const Program& program, std::vector<Program>& to) {
  for (size_t i = 0; i < program.calls.size(); ++i) {
    const Call& call = program.calls[i];
    if (call.part == Part::kResumed || (call.part == Part::kWhole && call.thread == 0)) continue;
    Program candidate = program;
    candidate.calls[i].part = Part::kWhole;
    candidate.calls[i].thread = 0;
    if (call.part == Part::kUnfinished) {
      const auto begin = candidate.calls.begin() + static_cast<ptrdiff_t>(i) + 1;
      const auto second = std::find_if(begin, candidate.calls.end(), [&](const Call& other) {
        return other.thread == call.thread;  // a thread makes no other call meanwhile
      });
      if (second != candidate.calls.end() && second->part == Part::kResumed) candidate.calls.erase(second);
    }
    Mend(candidate);
    to.push_back(std::move(candidate));
  }
}

// One thread less, one port or name less, one part of the environment less.
std::vector<Program> SimplerOverall(const Program& program) {
  std::vector<Program> candidates;
  AddInOneThread(program, candidates);
  if (program.env.nofile != 0) {
    candidates.push_back(program);
    candidates.back().env.nofile = 0;
  }
  if (program.env.ephemeral != 0) {
    candidates.push_back(program);
    candidates.back().env.ephemeral = 0;
  }
  if (program.env.nobody) {
    candidates.push_back(program);
    candidates.back().env.nobody = false;
  }
  if (program.env.patient) {
    candidates.push_back(program);
    candidates.back().env.patient = false;
  }
  bool used[kMaxProgramPorts] = {};
  for (const Call& call : program.calls) {
    if (call.address.port.IsProgram()) used[call.address.port.program()] = true;
  }
  const bool* unused = std::find(used, used + kMaxProgramPorts, false);
  if (unused != used + kMaxProgramPorts) {
    AddWithoutChosenPorts(program, Port::Program(static_cast<int>(unused - used)), candidates);
  }
  for (int from = kMaxProgramPorts - 1; from > 0; --from) {
    for (int to = 0; used[from] && to < from; ++to) {
      if (!used[to]) continue;
      Program candidate = program;
      for (Call& call : candidate.calls) {
        if (call.address.port == Port::Program(from)) call.address.port = Port::Program(to);
      }
      candidates.push_back(std::move(candidate));
    }
  }
  AddWithoutNames(program, UnixName::Path, candidates);
  AddWithoutNames(program, UnixName::Abstract, candidates);
  return candidates;
}

class Minimizer {
 public:
  Minimizer(const Keeps& keeps, const MinimizeOptions& options)
      : keeps_(keeps), options_(options), until_(Clock::now() + options.deadline) {}

  Minimized Run(const Program& program) {
    best_.program = program;
    if (program.calls.empty()) return best_;
    heed_model_ = options_.plausible && options_.plausible(program);
    known_.insert(HashOf(program));
    ++best_.asked;
    best_.kept = keeps_(program);
    if (!best_.kept) {
      best_.why_not = "the program does not show it";
      return best_;
    }
    if (options_.last_call >= 0 && options_.last_call + 1 < Size()) {
      Take(WithoutRange(program, options_.last_call + 1, Size()));
    }
    bool changed = true;
    while (changed && !Out()) {
      changed = Halve();
      while (TakeOne(Shorter(best_.program))) changed = true;
      changed |= Pairs();
      changed |= Arguments();
      while (TakeOne(SimplerOverall(best_.program))) changed = true;
    }
    if (Out()) best_.why_not = out_why_;
    best_.one_minimal = best_.why_not.empty();
    // Once more than the budget says: what people read shall be tidy whatever happened.
    Program renumbered = best_.program;
    Renumber(renumbered);
    if (renumbered != best_.program) {
      ++best_.asked;
      if (keeps_(renumbered)) best_.program = std::move(renumbered);
    }
    return best_;
  }

 private:
  int Size() const { return static_cast<int>(best_.program.calls.size()); }

  bool Out() {
    if (out_why_ != nullptr) return true;
    if (Clock::now() > until_) out_why_ = "the deadline has passed";
    if (options_.stop && options_.stop()) out_why_ = "it was stopped";
    if (best_.asked >= options_.budget) out_why_ = "the budget is spent";
    return out_why_ != nullptr;
  }

  // Goes on from `candidate` where that still has the property.
  bool Take(Program candidate) {
    if (candidate.calls.empty() || Out()) return false;
    if (!known_.insert(HashOf(candidate)).second ||
        (heed_model_ && !options_.plausible(candidate))) {
      ++best_.spared;
      return false;
    }
    ++best_.asked;
    if (!keeps_(candidate)) return false;
    best_.program = std::move(candidate);
    if (options_.progress) options_.progress(best_);
    return true;
  }

  bool TakeOne(std::vector<Program> candidates) {
    for (Program& candidate : candidates) {
      if (Take(std::move(candidate))) return true;
    }
    return false;
  }

  // Leaves out ranges: halves, quarters, … single calls.
  bool Halve() {
    bool changed = false;
    for (int size = Size() / 2; size >= 1; size /= 2) {
      for (int to = Size(); to > 0 && !Out();) {
        const int from = std::max(0, to - size);
        if (Take(WithoutRange(best_.program, from, to))) changed = true;
        to = from;
      }
    }
    return changed;
  }

  // Two calls that only make sense together, such as a dup and the close of it.
  bool Pairs() {
    bool changed = false;
    for (int second = Size() - 1; second > 0; --second) {
      for (int first = second - 1; first >= 0 && !Out(); --first) {
        std::vector<bool> marked(best_.program.calls.size());
        marked[first] = marked[second] = true;
        if (!Take(Without(best_.program, marked))) continue;
        changed = true;
        second = std::min(second, Size());
        break;
      }
    }
    return changed;
  }

  bool Arguments() {
    bool changed = false;
    for (int i = Size() - 1; i >= 0; --i) {
      while (i < Size() && TakeOne(SimplerAt(best_.program, i))) changed = true;
    }
    return changed;
  }

  const Keeps& keeps_;
  const MinimizeOptions& options_;
  const Clock::time_point until_;
  bool heed_model_ = false;
  const char* out_why_ = nullptr;
  std::unordered_set<uint64_t> known_;  // candidates that were tried
  Minimized best_;
};

}  // namespace

Minimized Minimize(const Program& program, const Keeps& keeps, const MinimizeOptions& options) {
  return Minimizer(keeps, options).Run(program);
}

std::vector<Program> SimplerNeighbours(const Program& program) {
  std::vector<Program> all = Shorter(program);
  for (int i = 0; i < static_cast<int>(program.calls.size()); ++i) {
    for (Program& simpler : SimplerAt(program, i)) all.push_back(std::move(simpler));
  }
  for (Program& simpler : SimplerOverall(program)) all.push_back(std::move(simpler));
  return all;
}

Plausible::Plausible(const Profile& profile, Op op, const Clause* expected)
    : oracle_(profile), op_(op), expected_(expected) {}

bool Plausible::operator()(const Program& program) {
  if (oracle_.profile().family == kPosix || expected_ == nullptr) {
    return std::any_of(program.calls.begin(), program.calls.end(),
                       [this](const Call& call) { return call.op == op_; });
  }
  oracle_.Reset(program.env);
  for (const Call& call : program.calls) {
    const bool may_block = call.part == Part::kWhole && oracle_.MayBlock(call);
    oracle_.Answer(call);
    if (call.op == op_ && oracle_.clause() == expected_) return true;
    if (may_block) return false;
  }
  return false;
}

}  // namespace sockspec
