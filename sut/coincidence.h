// A port of the stack's choice that by chance is the number of another one, which the model takes for two
// (Kernel::Coincidence()).
#ifndef SOCKSPEC_SUT_COINCIDENCE_H_
#define SOCKSPEC_SUT_COINCIDENCE_H_

#include <algorithm>
#include <vector>

#include "sut/descriptors.h"
#include "sut/names.h"
#include "sut/streams.h"

namespace sockspec {

// Whether two sockets of the program that were given their ports have the same one, each without a look at the other,
// or one has a port that an earlier socket was seen to have. `port_of(slot)`: the port that a socket is bound to, 0 for
// none.
template <typename PortOf>
bool TwoWereGivenOnePort(const Names& names, const Streams& streams, PortOf port_of) {
  std::vector<int> ports;
  std::vector<int> seen;
  for (int slot = 0; slot < kSlots; ++slot) {
    const int of = streams.Of(slot);
    const Stream* stream = streams.At(of);
    if (stream == nullptr || stream->port_given || std::ranges::count(seen, of) != 0) continue;
    seen.push_back(of);
    const int port = port_of(slot);
    if (!names.IsEphemeral(port)) continue;
    const int name = names.FindChosen(port);
    if ((name >= 0 && name < stream->names_before) || std::ranges::count(ports, port) != 0) return true;
    ports.push_back(port);
  }
  return false;
}

}  // namespace sockspec

#endif  // SOCKSPEC_SUT_COINCIDENCE_H_
