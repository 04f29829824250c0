// close() of the last descriptor of a unix socket.

#include "model/tables.h"
#include "model/unix_network.h"

namespace sockspec {
namespace {

bool LeavesUnread(const Scene& s) { return TellsAtItsEnd(s.world, s.index) == Tells::kReset; }
bool Connected(const Scene& s) { return TellsAtItsEnd(s.world, s.index) != Tells::kNothing; }

void EndAs(Scene& s, Tells tells) {
  const LeaveResetsOpen resets(s);
  s.world.slots[s.slot] = {};
  ReleaseUnix(s.world, s.index, tells);
}
void Reset(Scene& s) { EndAs(s, Tells::kReset); }
void Finish(Scene& s) { EndAs(s, Tells::kEnd); }
void End(Scene& s) { EndAs(s, Tells::kNothing); }

// clang-format off
constexpr Clause kCloseUnix[] = {
    {.id = "unix_close.data_unread", .when = LeavesUnread, .then = Reset,
     .of = kUnixConnected, .cites = "Linux unix_release_sock(): ECONNRESET where the queue is not empty",
     .says = "Something was not read, other than one empty record: the other end is told of a reset."},
    {.id = "unix_close.connection", .when = Connected, .then = Finish,
     .of = kUnixConnected, .cites = "POSIX close(); Linux unix_release_sock()",
     .says = "The other end reads what it has, and then the end; it may not send any more."},
    {.id = "unix_close.last", .then = End,
     .cites = "POSIX close(); Linux unix_release_sock()",
     .says = "The socket is gone; its abstract name is free, its path stays. Who waited in its accept queue is reset."},
};
// clang-format on

}  // namespace

std::span<const Clause> CloseUnixClauses() { return kCloseUnix; }

}  // namespace sockspec
