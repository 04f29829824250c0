// Scenarios: a few calls that lead somewhere, a full accept queue, a simultaneous open, a datagram that nobody
// takes. One file for each kind of socket, and one
// for two families.
#ifndef SOCKSPEC_FUZZ_SCENARIOS_H_
#define SOCKSPEC_FUZZ_SCENARIOS_H_

#include "fuzz/writer.h"

namespace sockspec {

// One of them, by their weights.
void TcpScenario(Writer& w);
void UdpScenario(Writer& w);
// Of kTcp or kUdp, by sockets of AF_INET and AF_INET6.
void DualStackScenario(Writer& w, SocketKind kind);
void UnixScenario(Writer& w, SocketKind kind);

// What options change in other calls than getsockopt(). For any kind of socket.
void OptionsScenario(Writer& w);

// Calls that block in other threads, and what lets them go. For any kind of socket.
void ThreadsScenario(Writer& w);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_SCENARIOS_H_
