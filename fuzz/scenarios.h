// Scenarios: a few calls that lead somewhere, a full accept queue, a simultaneous open, a datagram that nobody
// takes. One file for each kind of socket.
#ifndef SOCKSPEC_FUZZ_SCENARIOS_H_
#define SOCKSPEC_FUZZ_SCENARIOS_H_

#include "fuzz/writer.h"

namespace sockspec {

// One of them, by their weights.
void TcpScenario(Writer& w);
void UdpScenario(Writer& w);
void UnixScenario(Writer& w, SocketKind kind);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_SCENARIOS_H_
