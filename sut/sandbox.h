// The sandbox that programs run in: a network namespace with a working loopback, a known ephemeral
// range and routes that lead nowhere, so that every host of call.h is what its name says.
//
//     Trouble trouble = EnterUserNamespace();        // only without root, before any thread
//     if (!trouble.any()) trouble = EnterFreshNetwork(Environment{});
//     if (!ThisSandbox().blackhole) ...              // 203.0.113.1 is only unroutable here
//
// A network namespace belongs to a thread, so every thread that runs programs enters its own; a
// thread started later begins in its starter's. The old one goes when its last socket and thread
// have gone.
//
// It is no security boundary: files and processes are shared with the machine.
#ifndef SOCKSPEC_SUT_SANDBOX_H_
#define SOCKSPEC_SUT_SANDBOX_H_

#include <string>
#include <vector>

#include "model/program/program.h"
#include "sut/kernel.h"

namespace sockspec {

// Ports from `low` to `high`, both included.
struct PortRange {
  int low = 32768;
  int high = 60999;
  bool Contains(int port) const { return low <= port && port <= high; }
  friend bool operator==(const PortRange&, const PortRange&) = default;
};

// What the calling thread's sandbox really has. Everything is so on Linux; gVisor lacks some of it.
struct SandboxFacts {
  bool own_namespace = false;  // no: the one that was found, which has no interface but loopback
  bool unreachable = false;    // connecting to Host::kUnreachable finds the unreachable route
  bool blackhole = false;      // connecting to Host::kBlackhole finds the blackhole route
  bool prohibited = false;     // connecting to Host::kProhibited finds the prohibit route
  bool silent = false;         // what is sent to Host::kSilent goes out, by lo, and nobody answers
  bool ipv6 = false;           // [::1] is an address
  bool unreachable6 = false;   // and so for Host::kUnreachable6, …
  bool blackhole6 = false;
  bool prohibited6 = false;
  bool read_only = false;  // UnixName kReadOnlyDir is on a file system that is mounted read-only
  bool unprivileged_ports = false;  // every port may be bound, whatever the user
  PortRange ephemeral;              // where the kernel chooses ports from
  std::vector<std::string> notes;   // why something is not so, a sentence each
};

// Makes the process root in a user namespace of its own (uid and gid 0 stand for the caller's),
// which may then make network namespaces. Does nothing the second time. Refused by Linux once the
// process has a second thread: EINVAL.
Trouble EnterUserNamespace();

// Whether network namespaces need EnterUserNamespace() first: the process lacks CAP_SYS_ADMIN.
bool NeedsUserNamespace();

// Puts the calling thread into a network namespace that nothing has used, 0.5 ms on Linux 6.18.
// With env.ephemeral, the kernel has just so many ports to choose from. Where no namespace can be
// had, and the one at hand has no interface but loopback (gVisor, a kernel without CONFIG_NET_NS),
// stays in that one.
Trouble EnterFreshNetwork(const Environment& env);

// From now on EnterFreshNetwork() takes the namespace at hand, in the calling thread, which is to have no interface but
// loopback. Of gVisor's (2022-12) only the first one knows abstract names and routes to 0.0.0.0 and [::].
void StayInTheNetworkAtHand();

// Changes where the kernel chooses ports from, for the calling thread's namespace, and tries
// whether it does: 10 µs. Trouble on gVisor (2022-12), which does not.
Trouble SetEphemeralRange(PortRange range);

// Whether no socket has any of these ports, TCP or UDP, nor a connection that has ended a while ago (TIME_WAIT): two
// bind()s a port. For where programs follow each other in one namespace.
bool AllFree(PortRange range);

// Makes the calling thread nobody, or what it was: takes away its effective capabilities, so that
// the permissions of files hold, and makes ports below 1024 privileged in its namespace. 13 µs
// where something changes.
Trouble SetNobody(bool wanted);

// To be told what the directory for paths turned out to be (unix_directory.h); why not, is in
// `note`.
void TellReadOnly(bool read_only, const std::string& note);

// Of the calling thread, as the last EnterFreshNetwork() left it.
const SandboxFacts& ThisSandbox();

// "bind: Permission denied (EACCES)", for Trouble::what.
std::string Failed(const std::string& call, int error);

}  // namespace sockspec

#endif  // SOCKSPEC_SUT_SANDBOX_H_
