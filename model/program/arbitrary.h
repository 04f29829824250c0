// Arbitrary programs, replies and transcripts for RapidCheck. They are what the text form can say,
// and nothing else is meant by them: most programs here do nonsense. Programs worth running are
// generated in fuzz/.
//
//     rc::check("…", [](const Program& program) { … });
#ifndef SOCKSPEC_MODEL_PROGRAM_ARBITRARY_H_
#define SOCKSPEC_MODEL_PROGRAM_ARBITRARY_H_

#include <rapidcheck.h>

#include <cstdint>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "model/program/bytes.h"
#include "model/program/call.h"
#include "model/program/declarations.h"
#include "model/program/notation.h"
#include "model/program/program.h"
#include "model/program/reply.h"
#include "model/program/unix_name.h"

namespace sockspec {

// One of the values that a declaration knows for `call`'s member, or any number.
inline rc::Gen<int32_t> ArbitraryValue(const Argument& argument) {
  if (argument.choices.empty()) return rc::gen::arbitrary<int32_t>();
  const std::vector<int32_t> choices(argument.choices.begin(), argument.choices.end());
  return rc::gen::weightedOneOf<int32_t>({
      {3, rc::gen::elementOf(choices)},
      {1, rc::gen::arbitrary<int32_t>()},
  });
}

inline rc::Gen<Pointer> ArbitraryPointer() {
  return rc::gen::weightedElement<Pointer>(
      {{4, Pointer::kValid}, {1, Pointer::kNull}, {1, Pointer::kBad}});
}

inline rc::Gen<Descriptor> ArbitraryDescriptor() {
  return rc::gen::weightedOneOf<Descriptor>({
      {8,
       rc::gen::map(rc::gen::inRange(0, kMaxHandles), [](int n) { return Descriptor::Handle(n); })},
      {1, rc::gen::element(kMinusOne, kNeverOpen, kFile, kPipe)},
  });
}

inline rc::Gen<Port> ArbitraryPort() {
  return rc::gen::oneOf(
      rc::gen::map(rc::gen::inRange(0, kMaxProgramPorts), [](int n) { return Port::Program(n); }),
      rc::gen::map(rc::gen::inRange(0, kMaxChosenPorts), [](int n) { return Port::Chosen(n); }),
      rc::gen::element(kPortZero, kPortPrivileged));
}

inline rc::Gen<int32_t> ArbitraryLength() {
  return rc::gen::weightedOneOf<int32_t>({
      {3, rc::gen::element(4, 8, 16, 28, 128)},
      {2, rc::gen::inRange(-1, 30)},
      {1, rc::gen::arbitrary<int32_t>()},
  });
}

inline rc::Gen<UnixName> ArbitraryUnixName() {
  return rc::gen::oneOf(
      rc::gen::map(rc::gen::elementOf(std::vector<UnixNameRow>(std::begin(kUnixNames), std::end(kUnixNames))),
                   [](const UnixNameRow& row) { return row.name; }),
      rc::gen::map(rc::gen::inRange(0, kMaxChosenPorts), [](int n) { return UnixName::Chosen(n); }));
}

// A host that an address may have; half of them are the first ones of their layout.
inline rc::Gen<Host> ArbitraryHost() {
  return rc::gen::oneOf(
      rc::gen::element(Host::kLoopback, Host::kLoopback6, Host::kUnix),
      rc::gen::map(rc::gen::inRange(0, kHostCount), [](int n) { return static_cast<Host>(n); }));
}

inline rc::Gen<Address> ArbitraryAddress() {
  return rc::gen::mapcat(ArbitraryHost(), [](Host host) {
    return rc::gen::build<Address>(
        rc::gen::set(&Address::family,
                     rc::gen::weightedOneOf<int16_t>({
                         {3, rc::gen::just(UsualFamily(host))},
                         {1, rc::gen::map(rc::gen::inRange(-1, 12),
                                          [](int n) { return static_cast<int16_t>(n); })},
                         {1, rc::gen::arbitrary<int16_t>()},
                     })),
        rc::gen::set(&Address::host, rc::gen::just(host)), rc::gen::set(&Address::port, ArbitraryPort()),
        rc::gen::set(&Address::dirty_tail), rc::gen::set(&Address::name, ArbitraryUnixName()));
  });
}

inline rc::Gen<Call> ArbitraryCall() {
  return rc::gen::mapcat(rc::gen::inRange(0, kOpCount), [](int op) {
    Call call;
    call.op = static_cast<Op>(op);
    rc::Gen<Call> calls = rc::gen::just(call);
    const auto with = [&calls](auto member, auto values) {
      calls = rc::gen::map(rc::gen::pair(calls, values), [member](auto pair) {
        pair.first.*member = pair.second;
        return pair.first;
      });
    };
    with(&Call::fd, ArbitraryDescriptor());
    with(&Call::fd2, ArbitraryDescriptor());
    const auto handles = rc::gen::map(rc::gen::inRange(0, kMaxHandles),
                                      [](int n) { return static_cast<uint8_t>(n); });
    with(&Call::made, rc::gen::weightedOneOf<uint8_t>({{4, handles}, {1, rc::gen::just(kNoHandle)}}));
    with(&Call::made2, handles);
    with(&Call::pointer, ArbitraryPointer());
    with(&Call::buffer, ArbitraryPointer());
    with(&Call::length_pointer, ArbitraryPointer());
    with(&Call::address, ArbitraryAddress());
    with(&Call::length, ArbitraryLength());
    with(&Call::value, rc::gen::arbitrary<int32_t>());
    with(&Call::seconds, rc::gen::arbitrary<int32_t>());
    for (const Argument& argument : DeclarationOf(call.op).arguments) {
      if (argument.member != nullptr) with(argument.member, ArbitraryValue(argument));
    }
    with(&Call::thread, rc::gen::weightedElement<uint8_t>({{8, 0}, {1, 1}, {1, 7}}));
    with(&Call::part, rc::gen::weightedElement<Part>(
                          {{8, Part::kWhole}, {1, Part::kUnfinished}, {1, Part::kResumed}}));
    return calls;
  });
}

inline rc::Gen<Program> ArbitraryProgram() {
  return rc::gen::map(
      rc::gen::build<Program>(
          rc::gen::set(
              &Program::env,
              rc::gen::build<Environment>(
                  rc::gen::set(&Environment::nofile, rc::gen::inRange(0, kMaxNofile + 1)),
                  rc::gen::set(&Environment::ephemeral, rc::gen::inRange(0, kMaxEphemeral + 1)),
                  rc::gen::set(&Environment::nobody), rc::gen::set(&Environment::patient))),
          rc::gen::set(&Program::calls, rc::gen::container<std::vector<Call>>(ArbitraryCall()))),
      [](Program program) {
        Mend(program);
        return program;
      });
}

// What `call` might be said to have answered: fields and values at random, but only what the text
// tells.
inline rc::Gen<Reply> ArbitraryReply(const Call& call) {
  return rc::gen::exec([call] {
    Reply reply;
    reply.wrote = *rc::gen::inRange<uint16_t>(0, 2 * kWroteReady);
    reply.blocked = *rc::gen::weightedElement<bool>({{4, false}, {1, true}});
    if (!reply.blocked) reply.wrote = static_cast<uint16_t>(reply.wrote & ~kBlocksOnly);
    if (call.made == kNoHandle) reply.wrote = static_cast<uint16_t>(reply.wrote & ~kWroteRights);
    if ((reply.wrote & kBlocksOnly) != 0) {
      reply.wrote = kBlocksOnly;
      return reply;
    }
    if (*rc::gen::arbitrary<bool>()) {
      reply.error = *rc::gen::inRange<int16_t>(1, 140);
    } else if (!DeclarationOf(call.op).names_value(call)) {
      reply.value =
          *rc::gen::suchThat(rc::gen::arbitrary<int32_t>(), [](int n) { return n != -1; });
      if ((reply.wrote & kWroteReady) != 0) reply.value = *rc::gen::inRange(0, kMaxReady + 1);
    }
    if ((reply.wrote & kWroteAddress) != 0) {
      reply.family = *rc::gen::element<int16_t>(0, 1, 2, 10, 99);
      const Host host = *rc::gen::oneOf(ArbitraryHost(), rc::gen::just(Host::kOther));
      if (host == Host::kUnix) {
        reply.host = host;
        reply.name = *rc::gen::oneOf(ArbitraryUnixName(), rc::gen::just(kNameOther));
        reply.address_size = static_cast<uint8_t>(ExactLength(reply.name));
      } else {
        reply.address_size = *rc::gen::element<uint8_t>(2, 4, SizeWithHost(call, host, reply.family));
        if (reply.address_size >= 8) reply.host = host;
        if (reply.address_size >= 4) {
          reply.port = *rc::gen::oneOf(ArbitraryPort(), rc::gen::just(kPortOther));
        }
      }
    }
    if ((reply.wrote & kWroteAddressLength) != 0) {
      reply.address_length = *rc::gen::arbitrary<int32_t>();
    }
    if ((reply.wrote & kWroteValue) != 0) {
      reply.option = *rc::gen::oneOf(rc::gen::arbitrary<int32_t>(), rc::gen::inRange(0, 140));
      if (HasTwoMembers(FormOf(call.level, call.option))) reply.seconds = *rc::gen::arbitrary<int32_t>();
    }
    if ((reply.wrote & kWroteLength) != 0) reply.option_length = *rc::gen::arbitrary<int32_t>();
    if ((reply.wrote & kWroteData) != 0) {
      reply.data.garbled = *rc::gen::weightedElement<bool>({{4, false}, {1, true}});
      if (!reply.data.garbled) {
        reply.data.start = *rc::gen::arbitrary<uint32_t>();
        reply.data.size = *rc::gen::inRange<uint32_t>(0, UINT32_MAX - reply.data.start);
      }
    }
    if ((reply.wrote & kWroteEvents) != 0) reply.events = *rc::gen::arbitrary<int16_t>();
    if ((reply.wrote & kWroteFlags) != 0) reply.flags = *rc::gen::arbitrary<int32_t>();
    if ((reply.wrote & kWroteReady) != 0) {
      std::vector<Descriptor> known = {kMinusOne, kFile, kPipe};
      ForEachDescriptor(call, [&](const Argument&, Descriptor fd) { known.push_back(fd); });
      for (int i = 0; i < ReadyCount(reply); ++i) {
        reply.ready[i] = {.fd = *rc::gen::elementOf(known), .events = *rc::gen::arbitrary<int16_t>()};
      }
    }
    return reply;
  });
}

inline rc::Gen<Transcript> ArbitraryTranscript() {
  return rc::gen::mapcat(ArbitraryProgram(), [](Program program) {
    return rc::gen::exec([program] {
      Transcript transcript;
      transcript.program = program;
      transcript.comments = *rc::gen::container<std::vector<std::string>>(
          rc::gen::container<std::string>(rc::gen::inRange(' ', '~')));
      for (const Call& call : program.calls) {
        Said& said = transcript.said.emplace_back();
        if (*rc::gen::arbitrary<bool>()) said.reply = *ArbitraryReply(call);
        // That the first half of a call blocks is said by nothing at all.
        if (call.part == Part::kUnfinished && said.reply && said.reply->blocked) said.reply.reset();
        if (*rc::gen::arbitrary<bool>()) {
          said.clause = *rc::gen::element<std::string>("bind.explicit", "connect.in_progress", "x");
        }
      }
      return transcript;
    });
  });
}

}  // namespace sockspec

namespace rc {

template <>
struct Arbitrary<sockspec::Program> {
  static Gen<sockspec::Program> arbitrary() { return sockspec::ArbitraryProgram(); }
};

template <>
struct Arbitrary<sockspec::Transcript> {
  static Gen<sockspec::Transcript> arbitrary() { return sockspec::ArbitraryTranscript(); }
};

}  // namespace rc

#endif  // SOCKSPEC_MODEL_PROGRAM_ARBITRARY_H_
