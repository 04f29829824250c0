// ioctl(): FIONBIO, FIONREAD and SIOCATMARK.

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "model/tables.h"
#include "model/unix_network.h"

namespace sockspec {
namespace {

bool Request(const Scene& s, int request) { return s.has_socket() && s.call.command == request; }
bool SetsBlocking(const Scene& s) { return Request(s, FIONBIO); }
bool AsksUnread(const Scene& s) { return Request(s, FIONREAD); }
bool AsksUnreadOfListener(const Scene& s) { return AsksUnread(s) && s.me().tcp == Tcp::kListen; }
bool AsksMark(const Scene& s) { return Request(s, SIOCATMARK); }

// unix_inq_len(): all that is queued, of datagrams the first.
void TellUnreadUnix(Scene& s) {
  const Socket& me = s.me();
  uint32_t count = me.kind == SocketKind::kUnixStream ? Unread(me) : 0;
  for (const Message& message : s.world.messages) {
    if (me.kind == SocketKind::kUnixStream || !message.live || message.to != s.index) continue;
    count += message.size;
    if (me.kind == SocketKind::kUnixDatagram) break;
  }
  s.reply.wrote |= kWroteValue;
  s.reply.option = static_cast<int32_t>(count);
}

void SetBlocking(Scene& s) { s.me().nonblocking = s.call.value != 0; }
void TellCount(Scene& s, int count) {
  s.reply.wrote |= kWroteValue;
  s.reply.option = count;
}
void TellFirst(Scene& s) {
  const uint8_t first = FirstMessage(s.world, s.index);
  TellCount(s, first == kNone ? 0 : static_cast<int>(s.world.messages[first].size));
}
void TellUnread(Scene& s) {
  const Socket& socket = s.me();
  int count = static_cast<int>(Unread(socket));
  if (socket.late > 0) {
    s.open = true;
    s.note = "any part of what may have arrived";
    const int most = static_cast<int>(UnreadAtMost(socket));
    if (s.seen != nullptr && s.seen->option >= count && s.seen->option <= most) {
      const uint32_t more = static_cast<uint32_t>(s.seen->option - count);
      s.me().arrived += more;
      s.me().late -= more;
      count = s.seen->option;
    }
  }
  if (socket.tcp == Tcp::kSynSent) count = 0;
  s.reply.wrote |= kWroteValue;
  s.reply.option = count;
}
// unix_ioctl() since 6.2 takes what stands for a waiting connection for urgent data that was read.
bool AsksMarkOfQueue(const Scene& s) {
  return AsksMark(s) && s.me().tcp == Tcp::kListen && FirstInQueue(s.world, s.index) != kNone;
}
void TellMarkOfQueue(Scene& s) {
  s.reply.wrote |= kWroteValue;
  s.reply.option = 1;
}
void TellMark(Scene& s) {
  s.reply.wrote |= kWroteValue;
  s.reply.option = 0;  // no urgent data is ever sent (not_modelled.md)
}

// clang-format off
constexpr Clause kIoctl[] = {
    {.id = "ioctl.set_blocking", .when = SetsBlocking, .then = SetBlocking,
     .cites = "ioctl_list(2) FIONBIO; Linux ioctl_fionbio()",
     .says = "O_NONBLOCK changes for every descriptor of the socket."},
    {.id = "ioctl.unread_of_listener", .error = EINVAL, .when = AsksUnreadOfListener,
     .of = kTcp | kUnixConnected, .on = kLinux, .cites = "tcp(7) SIOCINQ: EINVAL; Linux tcp_ioctl(), unix_inq_len()",
     .says = "A listener has no bytes to count."},
    {.id = "ioctl.unread_of_listener_unspecified", .when = AsksUnreadOfListener,
     .of = kTcp | kUnixConnected, .on = kPosix, .strength = Strength::kUnspecified, .cites = "POSIX has no FIONREAD for sockets",
     .says = "A listener has no bytes to count."},
    {.id = "ioctl.next_datagram", .when = AsksUnread, .then = TellFirst,
     .of = kUdp, .on = kLinux, .cites = "udp(7) FIONREAD; Linux udp_ioctl(), first_packet_length()",
     .says = "The size of the first datagram, whatever comes after it; 0, too, where nothing is queued."},
    {.id = "ioctl.datagrams_unspecified", .when = AsksUnread,
     .of = kUdp, .on = kPosix, .strength = Strength::kUnspecified, .cites = "POSIX has no FIONREAD for sockets",
     .says = "How much can be read."},
    {.id = "ioctl.no_mark", .error = ENOTTY, .when = AsksMark,
     .of = kUdp, .cites = "POSIX sockatmark() ENOTTY; Linux udp_ioctl(), dev_ioctl()",
     .says = "Datagrams have no urgent mark."},
    {.id = "ioctl.unread", .when = AsksUnread, .then = TellUnread,
     .of = kTcp, .cites = "tcp(7) SIOCINQ; Linux tcp_inq()",
     .says = "How many bytes can be read."},
    {.id = "ioctl.unread_of_unix", .when = AsksUnread, .then = TellUnreadUnix,
     .of = kUnix, .cites = "unix(7) SIOCINQ; Linux unix_inq_len()",
     .says = "How many bytes can be read; of a datagram socket, those of the first datagram."},
    {.id = "ioctl.no_mark_among_records", .error = EOPNOTSUPP, .when = AsksMark,
     .of = kUnixDatagram | kUnixSeqpacket, .on = kLinux, .since = {6, 2},
     .cites = "observed on Linux 6.18: ioctl(s0, SIOCATMARK) = -1 EOPNOTSUPP",
     .says = "Records know no urgent data."},
    // Two replies are right here: 6.1.176 answers 0, and a later 6.1 has this refusal.
    {.id = "ioctl.no_mark_or_zero", .error = EOPNOTSUPP, .when = AsksMark,
     .of = kUnixDatagram | kUnixSeqpacket, .on = kLinux, .strength = Strength::kMay, .until = {6, 2},
     .cites = "Linux 6.1 unix_ioctl(), after its release",
     .says = "Records know no urgent data."},
    {.id = "ioctl.no_mark_unspecified", .when = AsksMark,
     .of = kUnixDatagram | kUnixSeqpacket, .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX sockatmark() does not say what a mark among records is",
     .says = "Records know no urgent data."},
    {.id = "ioctl.at_mark_of_queue", .when = AsksMarkOfQueue, .then = TellMarkOfQueue,
     .of = kUnixStream, .on = kLinux, .since = {6, 2},
     .cites = "observed on Linux 6.18: ioctl(s0, SIOCATMARK) = 0, value=1 on a listener that was connected to",
     .says = "A listener is said to be at the mark while a connection waits."},
    {.id = "ioctl.at_mark", .when = AsksMark, .then = TellMark,
     .of = kTcp | kUnix, .cites = "POSIX sockatmark(); tcp(7) SIOCATMARK",
     .says = "Whether the next byte is the urgent one."},
};
// clang-format on

}  // namespace

std::span<const Clause> IoctlClauses() { return kIoctl; }

}  // namespace sockspec
