// fcntl(): the flags of the description and of the descriptor.

#include <fcntl.h>

#include "model/tables.h"

namespace sockspec {
namespace {

bool Command(const Scene& s, int command) { return s.has_socket() && s.call.command == command; }
bool GetsStatus(const Scene& s) { return Command(s, F_GETFL); }
bool SetsStatus(const Scene& s) {
  // The access mode is ignored; other status flags are not modelled.
  return Command(s, F_SETFL) && (s.call.value & ~(O_NONBLOCK | O_ACCMODE)) == 0;
}
bool GetsDescriptor(const Scene& s) { return Command(s, F_GETFD) && s.slot >= 0; }

void TellStatus(Scene& s) { s.reply.value = O_RDWR | (s.me().nonblocking ? O_NONBLOCK : 0); }
void SetStatus(Scene& s) { s.me().nonblocking = (s.call.value & O_NONBLOCK) != 0; }
void TellDescriptor(Scene& s) {
  s.reply.value = s.world.slots[s.slot].close_on_exec ? FD_CLOEXEC : 0;
}

// clang-format off
constexpr Clause kFcntl[] = {
    {.id = "fcntl.get_status", .when = GetsStatus, .then = TellStatus,
     .cites = "POSIX fcntl() F_GETFL; fcntl(2)",
     .says = "Read and write, and O_NONBLOCK as the description has it."},
    {.id = "fcntl.set_status", .when = SetsStatus, .then = SetStatus,
     .cites = "POSIX fcntl() F_SETFL; fcntl(2)",
     .says = "O_NONBLOCK changes for every descriptor of the socket."},
    {.id = "fcntl.get_descriptor", .when = GetsDescriptor, .then = TellDescriptor,
     .cites = "POSIX fcntl() F_GETFD; fcntl(2)",
     .says = "FD_CLOEXEC, which each descriptor has for itself."},
};
// clang-format on

}  // namespace

std::span<const Clause> FcntlClauses() { return kFcntl; }

}  // namespace sockspec
