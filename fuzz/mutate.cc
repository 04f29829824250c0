#include "fuzz/mutate.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "model/program/bytes.h"
#include "model/program/declarations.h"
#include "model/program/edit.h"
#include "model/program/unix_name.h"

namespace sockspec {
namespace {

size_t Place(const Program& program, Random& random) {
  return random.Below(static_cast<uint32_t>(program.calls.size()));
}

// A place to insert at: the end is one, too.
size_t Gap(const Program& program, Random& random) {
  return random.Below(static_cast<uint32_t>(program.calls.size() + 1));
}

// One of the handles that calls before `end` make; kMinusOne where they make none.
Descriptor SomeHandle(const Program& program, size_t end, Random& random) {
  Descriptor made[2 * kMaxCalls];
  uint32_t count = 0;
  for (size_t i = 0; i < end; ++i) {
    ForEachMade(program.calls[i], [&](uint8_t handle) { made[count++] = Descriptor::Handle(handle); });
  }
  return count == 0 ? kMinusOne : made[random.Below(count)];
}

// Gives what `call` makes handles that no call makes, the lowest. False where there are too few.
bool GiveHandles(const Program& program, Call& call) {
  bool taken[kMaxHandles] = {};
  for (const Call& other : program.calls) {
    ForEachMade(other, [&](uint8_t handle) { taken[handle] = true; });
  }
  bool enough = true;
  ForEachMade(call, [&](uint8_t& handle) {
    bool* free = std::find(taken, taken + kMaxHandles, false);
    if (free == taken + kMaxHandles) {
      enough = false;
      return;
    }
    *free = true;
    handle = static_cast<uint8_t>(free - taken);
  });
  return enough;
}

void InsertRandomCall(Program& program, Random& random) {
  Call call = RandomArguments(static_cast<Op>(random.Below(kOpCount)), random);
  const size_t at = Gap(program, random);
  ForEachDescriptor(call, [&](const Argument&, Descriptor& fd) { fd = SomeHandle(program, at, random); });
  const Declaration& declaration = DeclarationOf(call.op);
  if (declaration.makes(call) || declaration.makes_pair()) call.made = 0;
  if (declaration.makes_pair()) call.made2 = 0;
  if (declaration.makes_if_any() && random.OneIn(2)) call.made = 0;
  if (!GiveHandles(program, call)) return;
  program.calls.insert(program.calls.begin() + static_cast<ptrdiff_t>(at), call);
}

void DuplicateCall(Program& program, Random& random) {
  Call call = program.calls[Place(program, random)];
  if (!GiveHandles(program, call)) return;
  program.calls.insert(program.calls.begin() + static_cast<ptrdiff_t>(Gap(program, random)), call);
}

void RemoveCalls(Program& program, Random& random) {
  const size_t from = Place(program, random);
  size_t count = random.OneIn(3) ? 1 + random.Below(4) : 1;
  count = std::min(count, program.calls.size() - from);
  if (count == program.calls.size()) return;
  program.calls.erase(program.calls.begin() + static_cast<ptrdiff_t>(from),
                      program.calls.begin() + static_cast<ptrdiff_t>(from + count));
}

// Moves one call to another place: two neighbours in another order is the case of distance one.
void MoveCall(Program& program, Random& random) {
  const size_t from = Place(program, random);
  const size_t to =
      random.OneIn(2) ? std::min(from + 1, program.calls.size() - 1) : Place(program, random);
  const Call call = program.calls[from];
  program.calls.erase(program.calls.begin() + static_cast<ptrdiff_t>(from));
  program.calls.insert(program.calls.begin() + static_cast<ptrdiff_t>(to), call);
}

void ChangeDescriptor(Program& program, Random& random) {
  const size_t at = Place(program, random);
  Call& call = program.calls[at];
  static constexpr Descriptor kOdd[] = {kMinusOne, kNeverOpen, kFile, kPipe};
  Descriptor* chosen = nullptr;
  uint32_t seen = 0;
  ForEachDescriptor(call, [&](const Argument&, Descriptor& fd) {
    if (random.OneIn(++seen)) chosen = &fd;  // each of them with the same probability
  });
  if (chosen != nullptr) *chosen = random.OneIn(12) ? random.Pick(kOdd) : SomeHandle(program, at, random);
}

// Gives one call the port of another, or one that is near; of unix sockets, the name.
void ChangePort(Program& program, Random& random) {
  Call& call = program.calls[Place(program, random)];
  Address& address = call.address;
  const Address from = program.calls[Place(program, random)].address;
  if (address.host == Host::kUnix) {
    const bool exact = call.length == ExactLength(address);
    address.name = from.host == Host::kUnix ? from.name : UnixName::Path(static_cast<int>(random.Below(3)));
    if (exact) call.length = ExactLength(address);
    return;
  }
  Port& port = address.port;
  const Port other = from.port;
  switch (random.Below(4)) {
    case 0:
      port = Port::Program(static_cast<int>(random.Below(3)));
      break;
    case 1:
      port = Port::Chosen(static_cast<int>(random.Below(3)));
      break;
    default:
      port = other;
      break;
  }
}

void ChangeEnvironment(Program& program, Random& random) {
  program.env = {};
  if (random.OneIn(2)) return;
  if (random.OneIn(2)) {
    program.env.nofile = 1 + static_cast<int>(random.Below(8));
  } else {
    program.env.ephemeral = 1 + static_cast<int>(random.Below(4));
  }
}

// Appends a part of `other` to `program`, with handles of its own.
void Append(Program& program, const Program& other, size_t from, Random& random) {
  const size_t before = program.calls.size();
  uint8_t renamed[kMaxHandles];
  std::fill(renamed, renamed + kMaxHandles, kNoHandle);
  for (size_t i = from; i < other.calls.size() && program.calls.size() < kMaxCalls; ++i) {
    Call call = other.calls[i];
    ForEachDescriptor(call, [&](const Argument&, Descriptor& fd) {
      if (!fd.IsHandle()) return;
      const uint8_t name = renamed[fd.handle()];
      fd = name != kNoHandle ? Descriptor::Handle(name) : SomeHandle(program, before, random);
    });
    const Call as_it_was = call;
    if (!GiveHandles(program, call)) break;
    if (call.made < kMaxHandles) renamed[as_it_was.made] = call.made;
    if (call.made2 < kMaxHandles) renamed[as_it_was.made2] = call.made2;
    program.calls.push_back(call);
  }
}

void MutateOnce(Program& program, Random& random, Generator& generator) {
  switch (random.Below(12)) {
    case 0:
    case 1:
      InsertRandomCall(program, random);
      break;
    case 2:
      DuplicateCall(program, random);
      break;
    case 3:
    case 4:
      RemoveCalls(program, random);
      break;
    case 5:
      MoveCall(program, random);
      break;
    case 6:
    case 7:
      MutateArgument(program.calls[Place(program, random)], random);
      break;
    case 8:
      ChangeDescriptor(program, random);
      break;
    case 9:
      ChangePort(program, random);
      break;
    case 10: {
      const Program& scenario = generator.Scenario(random);
      Append(program, scenario, random.OneIn(2) ? 0 : Place(scenario, random), random);
      break;
    }
    case 11:
      if (random.OneIn(8)) {
        ChangeEnvironment(program, random);
      } else {
        InsertRandomCall(program, random);
      }
      break;
  }
}

}  // namespace

void Mutate(Program& program, Random& random, Generator& generator) {
  if (program.calls.empty()) program = generator.Next(random);
  const Program before = program;
  do {
    if (program.calls.empty()) program = before;
    MutateOnce(program, random, generator);
    if (program.calls.size() > kMaxCalls) program.calls.resize(kMaxCalls);
    Mend(program);
  } while (program.calls.empty() || random.OneIn(3));
}

Program Cross(const Program& first, const Program& second, Random& random) {
  Program child{.env = first.env};
  child.calls.assign(first.calls.begin(),
                     first.calls.begin() + static_cast<ptrdiff_t>(Gap(first, random)));
  if (!second.calls.empty()) Append(child, second, Place(second, random), random);
  if (child.calls.empty()) child = first.calls.empty() ? second : first;
  Mend(child);
  return child;
}

Program Followable(const Program& program, Oracle& oracle) {
  Program followable{.env = program.env};
  oracle.Reset(program.env);
  for (Call call : program.calls) {
    if (call.part == Part::kResumed) continue;
    call.part = Part::kWhole;
    call.thread = 0;
    if (oracle.MayBlock(call)) break;
    oracle.Answer(call);
    followable.calls.push_back(call);
  }
  return followable;
}

}  // namespace sockspec
