// close(): gives a descriptor up; the last one of a socket ends it.

#include "model/tables.h"
#include "model/unix_network.h"

namespace sockspec {
namespace {

bool Shared(const Scene& s) { return s.slot >= 0 && s.has_socket() && Holders(s.world, s.index) > 1; }
// A thread that is in a call holds what its descriptor led to (fdget()).
bool InUse(const Scene& s) {
  if (!Shared(s)) return false;
  int holders = Holders(s.world, s.index);
  for (const Waiting& waiting : s.world.waiting) {
    holders -= waiting.live && !waiting.returned && waiting.socket == s.index;
  }
  return holders == 1;
}
bool NotASocketOfOurs(const Scene& s) { return s.slot >= 0 && !s.has_socket(); }
bool Listening(const Scene& s) { return s.slot >= 0 && s.has_socket() && s.me().tcp == Tcp::kListen; }
bool Synchronised(const Scene& s) {
  return s.slot >= 0 && s.has_socket() &&
         (s.me().tcp == Tcp::kEstablished || s.me().tcp == Tcp::kCloseWait || s.me().tcp == Tcp::kFinWait ||
          s.me().tcp == Tcp::kLastAck);
}
bool LeavesDataUnread(const Scene& s) { return Synchronised(s) && UnreadAtMost(s.me()) > 0; }
bool LingersNot(const Scene& s) {
  return Synchronised(s) && s.me().linger && s.me().linger_seconds == 0;
}
bool IsSocket(const Scene& s) { return s.slot >= 0 && s.has_socket(); }

void Forget(Scene& s) { s.world.slots[s.slot] = {}; }
void GiveUp(Scene& s) {
  Forget(s);
  LoseTrackOfGarbage(s.world);
}
void GiveUpInUse(Scene& s) {
  Forget(s);
  s.world.lost = Lost::kThreads;
}
void EndListener(Scene& s) {
  Forget(s);
  CloseListener(s.world, s.index);
}
void Abort(Scene& s) {
  Forget(s);
  CloseWithReset(s.world, s.index);
}
void AbortUnread(Scene& s) {
  // Where it is not known whether any byte is here, a RST or a FIN goes out: nobody can follow that.
  if (Unread(s.me()) == 0) s.world.lost = Lost::kTiming;
  Abort(s);
}
void Finish(Scene& s) {
  Forget(s);
  CloseWithFin(s.world, s.index);
}
void End(Scene& s) {
  Forget(s);
  CloseQuietly(s.world, s.index);
}

// clang-format off
constexpr Clause kClose[] = {
    {.id = "close.file", .when = NotASocketOfOurs, .then = Forget,
     .cites = "POSIX close(); close(2)",
     .says = "The descriptor of a file or a pipe is closed."},
    {.id = "close.in_use", .when = InUse, .then = GiveUp,
     .on = kLinux, .cites = "close(2): \"Multithreaded processes and close()\"; Linux fdget(), fput()",
     .says = "A call in another thread is on the socket, which stays as it is until that call comes back."},
    {.id = "close.in_use_unspecified", .when = InUse, .then = GiveUpInUse,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX close() does not say what becomes of a call that another thread is in",
     .says = "A call in another thread is on the socket."},
    {.id = "close.shared", .when = Shared, .then = GiveUp,
     .cites = "POSIX close(): the last descriptor of an open file description ends it",
     .says = "Another descriptor leads to the socket, or a message under way does, and it stays as it is."},
    {.id = "close.listener", .when = Listening, .then = EndListener,
     .of = kTcp,
     .cites = "Linux __tcp_close(), inet_csk_listen_stop()",
     .says = "The listener is gone, and every connection that waited is reset."},
    {.id = "close.data_unread", .when = LeavesDataUnread, .then = AbortUnread,
     .of = kTcp,
     .cites = "RFC 2525 2.17; Linux __tcp_close() \"Unread data was tossed, zap the connection\"",
     .says = "Data was not read: the connection is reset."},
    // Two outcomes are right here: a RST is what RFC 1122 recommends, and no more.
    {.id = "close.data_unread_orderly", .when = LeavesDataUnread, .then = Finish,
     .of = kTcp, .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX close(); RFC 1122 4.2.2.13: \"its TCP SHOULD send a RST\"",
     .says = "Data was not read, and the connection ends in order all the same."},
    {.id = "close.linger_zero", .when = LingersNot, .then = Abort,
     .of = kTcp,
     .cites = "POSIX SO_LINGER; socket(7); Linux __tcp_close()",
     .says = "SO_LINGER asks for 0 seconds: the connection is reset."},
    // Two outcomes are right here: POSIX speaks of data that were not sent, and of the time alone.
    {.id = "close.linger_zero_orderly", .when = LingersNot, .then = Finish,
     .of = kTcp, .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX SO_LINGER: \"until it can transmit the data or until the end of the interval\"",
     .says = "SO_LINGER asks for 0 seconds, and the connection ends in order all the same."},
    {.id = "close.connection", .when = Synchronised, .then = Finish,
     .of = kTcp,
     .cites = "POSIX close(); RFC 9293 3.6; Linux __tcp_close()",
     .says = "A FIN is sent if none was, and the kernel sees the connection through."},
    {.id = "close.last", .when = IsSocket, .then = End,
     .of = kInet,
     .cites = "POSIX close(); Linux __tcp_close()",
     .says = "The socket is gone, and so is its port."},
};
// clang-format on

}  // namespace

std::span<const Clause> CloseClauses() { return kClose; }

// By the rows of close() themselves, whatever kind of socket it is.
void CloseDescriptor(Scene& s, Descriptor fd) {
  const Call call{.op = Op::kClose, .fd = fd};
  Scene close(s.world, call, s.profile, nullptr, s.branch);
  const KindSet kind = close.has_socket() ? SetOf(close.me().kind) : kNoSocket;
  if (close.has_socket() && close.me().unspecified && (close.me().bound != kNone || close.me().peer != kNone)) {
    s.world.lost = Lost::kUnspecified;
    return;
  }
  for (const Row& row : RowsOf(Op::kClose)) {
    const Clause& clause = *row.clause;
    if ((row.of & kind) == 0 || !clause.effect() || !clause.BelongsTo(s.profile) ||
        (clause.when != nullptr && !clause.when(close))) {
      continue;
    }
    if (clause.then != nullptr) clause.then(close);
    return;
  }
}

}  // namespace sockspec
