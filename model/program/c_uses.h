// What a C file must have at hand for one program: which of the world's things its calls name.
#ifndef SOCKSPEC_MODEL_PROGRAM_C_USES_H_
#define SOCKSPEC_MODEL_PROGRAM_C_USES_H_

#include <cstdint>
#include <set>
#include <string_view>

#include "model/program/program.h"

namespace sockspec {

// How a C file writes the hosts of call.h, in the order of Host.
struct CHost {
  Host host;
  std::string_view text;    // as inet_ntop() gives it
  std::string_view define;  // the constant that the file has for it; empty: it stands there as text
  std::string_view route;   // the type of the route that leads to it, for add_route(); empty: none
  std::string_view what;    // a comment
};
const CHost* FindCHost(Host host);

struct Uses {
  std::set<int> handles;       // passed to a call; others need no variable
  std::set<int> ports;         // P0, …
  std::set<int> chosen_ports;  // E0, … as an argument
  std::set<int> chosen_names;  // @E0, … as an argument
  std::set<int> threads;       // that have calls in two halves
  std::set<Host> hosts;        // unmapped: an IPv4 host in an IPv6 address stands here too
  std::set<Host> hosts_back;   // unmapped: expected in replies
  std::set<uint8_t> unix_names;  // UnixName::code
  bool directory = false;      // files may be looked for or made by such a name
  bool ipv6 = false;           // an IPv6 address may come back
  bool unix_sockets = false;   // and a unix one
  bool names_chosen = false;   // E0 or @E0 is written somewhere, so that first sights count
  bool never = false;
  bool file = false;
  bool pipe = false;
  bool sends = false;          // so that SIGPIPE may come
  bool streams = false;        // bytes are sent, so that it matters which
  int32_t most = 0;            // bytes that one call moves
  int32_t most_pieces = 0;
};

Uses UsesOf(const Transcript& transcript);

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_PROGRAM_C_USES_H_
