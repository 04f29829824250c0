// The packetdrill form of programs, as far as there is one: packetdrill makes the calls of one
// process, and is itself the network and whoever is at its other end. What sockspec's programs do
// is within one machine, so that a program can be said where its sockets do not talk to each other:
// refusals, options, a listener that nobody asks.
//
// Written from what packetdrill documents of its language (calls as strace writes them, `...` for
// an address, numbers from 3 on for descriptors, which stand for whatever the kernel gives and are known while they are
// open), and held against its grammar; Debian has no packetdrill to run them with.
#ifndef SOCKSPEC_MODEL_PROGRAM_PACKETDRILL_H_
#define SOCKSPEC_MODEL_PROGRAM_PACKETDRILL_H_

#include <string>
#include <vector>

#include "model/program/program.h"

namespace sockspec {

struct PacketdrillScript {
  std::string script;
  std::string problem;  // not empty: it cannot be expressed; "getsockname(s0): packetdrill does not
                        // make this call"
};

// `title` are lines that it begins with, as comments. Replies are expected as `transcript.said` has
// them; each call needs one.
PacketdrillScript EmitPacketdrill(const Transcript& transcript,
                                  const std::vector<std::string>& title);

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_PROGRAM_PACKETDRILL_H_
