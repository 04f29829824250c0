// connect() of unix sockets. A stream or seqpacket socket is connected at once, before anybody accepts; it waits
// only where the accept queue is full. A datagram socket takes note of where it sends.

#include <errno.h>
#include <sys/socket.h>

#include "model/option_table.h"
#include "model/program/unix_name.h"
#include "model/tables.h"
#include "model/unix_network.h"

namespace sockspec {
namespace {

bool FamilyCutOff(const Scene& s) { return s.call.length < kUnixFamilyLength; }
bool Dissolves(const Scene& s) {
  return s.call.pointer == Pointer::kValid && !FamilyCutOff(s) && s.call.address.family == AF_UNSPEC;
}
bool DissolvesDatagrams(const Scene& s) { return Dissolves(s) && s.me().kind == SocketKind::kUnixDatagram; }
bool LengthInvalid(const Scene& s) {
  if (DissolvesDatagrams(s)) return false;
  return s.call.length <= kUnixFamilyLength || s.call.length > kLongestUnix;
}
bool WrongFamily(const Scene& s) {
  return !LengthInvalid(s) && !DissolvesDatagrams(s) && s.call.address.family != AF_UNIX;
}
bool NamesSomething(const Scene& s) {
  return !LengthInvalid(s) && !WrongFamily(s) && !DissolvesDatagrams(s) && NameGiven(s.call).known;
}
bool NamesAbstract(const Scene& s) { return NamesSomething(s) && !IsPath(s.call.address.name); }

bool To(const Scene& s, Leads leads) { return NamesSomething(s) && LookUp(s).leads == leads; }
bool Missing(const Scene& s) { return To(s, Leads::kNowhere); }
bool DirectoryIsFile(const Scene& s) { return To(s, Leads::kThroughFile); }
bool LinksInCircles(const Scene& s) { return To(s, Leads::kInCircles); }
bool NameTooLong(const Scene& s) { return To(s, Leads::kTooFar); }
bool Forbidden(const Scene& s) { return To(s, Leads::kThroughLock); }
bool NobodyThere(const Scene& s) { return To(s, Leads::kToNobody); }
bool OtherType(const Scene& s) { return To(s, Leads::kToOtherType); }
bool SomebodyThere(const Scene& s) { return To(s, Leads::kToSocket); }
const Socket& Other(const Scene& s) { return s.world.sockets[LookUp(s).socket]; }

// Of stream and seqpacket sockets.
bool Listens(const Scene& s) {
  return SomebodyThere(s) && Other(s).tcp == Tcp::kListen && !(Other(s).shut & kUnixReceive);
}
bool NotListening(const Scene& s) { return SomebodyThere(s) && !Listens(s); }
bool NoRoom(const Scene& s) { return Listens(s) && QueueFull(s.world, LookUp(s).socket); }
bool NoRoomNow(const Scene& s) { return NoRoom(s) && s.impatient(); }
bool NoRoomYet(const Scene& s) { return NoRoom(s) && !s.impatient(); }
bool Connected(const Scene& s) { return s.me().tcp == Tcp::kEstablished && NamesSomething(s); }
bool Listening(const Scene& s) { return s.me().tcp == Tcp::kListen && NamesSomething(s); }

// Of datagram sockets: unix_may_send().
bool ConnectedElsewhere(const Scene& s) {
  return SomebodyThere(s) && Other(s).peer != kNone && Other(s).peer != s.index;
}

void LeaveOpen(Scene& s) { MakeUnspecified(s.world, s.index); }
// POSIX: "If connect() fails, the state of the socket is unspecified."
void Fail(Scene& s) {
  if (s.posix()) LeaveOpen(s);
}
// Up to 6.15 a connection gets its listener's options when it is accepted.
void Connect(Scene& s) {
  const uint8_t listener = LookUp(s).socket;
  ConnectThrough(s.world, s.index, listener);
  if (s.profile.version < Version{6, 16} || s.world.lost != Lost::kNo) return;
  InheritOptions(s.world, listener, s.me().peer);
}
// What waited to be received is lost where the peer changes, and the old peer is told. POSIX says nothing of that.
void ChangePeer(Scene& s, uint8_t peer) {
  const uint8_t before = s.me().peer;
  const LeaveResetsOpen resets(s);
  const bool loses = before != kNone && before != peer && FirstMessage(s.world, s.index) != kNone;
  ConnectDatagrams(s.world, s.index, peer);
  if (!loses || !s.posix()) return;
  LeaveOpen(s);
  if (s.world.sockets[before].live) MakeUnspecified(s.world, before);
}
void ChoosePeer(Scene& s) { ChangePeer(s, LookUp(s).socket); }
void Dissolve(Scene& s) { ChangePeer(s, kNone); }

// clang-format off
constexpr Clause kConnectUnix[] = {
    {.id = "unix_connect.dissolve", .when = Dissolves, .then = Dissolve,
     .of = kUnixDatagram, .cites = "POSIX connect(): AF_UNSPEC resets the peer's address; Linux unix_dgram_connect()",
     .says = "AF_UNSPEC dissolves: the socket has no peer, and what it had not received yet is lost."},
    {.id = "unix_connect.dissolve_unspecified", .when = Dissolves, .then = LeaveOpen,
     .of = kUnixConnected, .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX connect(): AF_UNSPEC dissolves datagram sockets; of others it says nothing",
     .says = "AF_UNSPEC on a socket of connections."},
    {.id = "unix_connect.length_invalid", .error = EINVAL, .when = LengthInvalid,
     .on = kLinux, .cites = "unix(7); Linux unix_validate_addr()",
     .says = "The address is too short to hold a name, or longer than struct sockaddr_un."},
    {.id = "unix_connect.length_undefined", .when = LengthInvalid, .then = LeaveOpen,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX connect(): EINVAL for a wrong length is optional, and what else happens is not said",
     .says = "The length is none of an address with a path."},
    {.id = "unix_connect.wrong_family", .error = EINVAL, .when = WrongFamily,
     .on = kLinux, .cites = "Linux unix_validate_addr()",
     .says = "The address is of another family than the socket."},
    {.id = "unix_connect.family_unsupported", .error = EAFNOSUPPORT, .when = WrongFamily, .then = Fail,
     .on = kPosix, .cites = "POSIX connect() EAFNOSUPPORT",
     .says = "The address is of another family than the socket."},
    {.id = "unix_connect.abstract_unspecified", .when = NamesAbstract, .then = LeaveOpen,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX <sys/un.h>: sun_path is a pathname; abstract names are Linux's",
     .says = "The name begins with a zero byte: POSIX says nothing."},
    {.id = "unix_connect.missing", .error = ENOENT, .when = Missing, .then = Fail,
     .cites = "POSIX connect() ENOENT; Linux unix_find_bsd(), kern_path()",
     .says = "The path does not exist."},
    {.id = "unix_connect.directory_is_file", .error = ENOTDIR, .when = DirectoryIsFile, .then = Fail,
     .cites = "POSIX connect() ENOTDIR; Linux unix_find_bsd(), kern_path()",
     .says = "What should be a directory of the path is a file."},
    {.id = "unix_connect.links_in_circles", .error = ELOOP, .when = LinksInCircles, .then = Fail,
     .cites = "POSIX connect() ELOOP; Linux unix_find_bsd(), kern_path() with LOOKUP_FOLLOW",
     .says = "The path leads through a symbolic link to itself."},
    {.id = "unix_connect.name_too_long", .error = ENAMETOOLONG, .when = NameTooLong, .then = Fail,
     .cites = "POSIX connect() ENAMETOOLONG; Linux unix_find_bsd(), kern_path()",
     .says = "The path leads through a symbolic link to a name that is too long."},
    {.id = "unix_connect.forbidden", .error = EACCES, .when = Forbidden, .then = Fail,
     .cites = "POSIX connect() EACCES; unix(7); Linux path_permission(MAY_WRITE)",
     .says = "The process may not search a directory of the path."},
    {.id = "unix_connect.nobody_there", .error = ECONNREFUSED, .when = NobodyThere, .then = Fail,
     .cites = "POSIX connect() ECONNREFUSED; Linux unix_find_bsd(), unix_find_abstract()",
     .says = "What has the name is no socket, or was one that is gone; or nobody has the abstract name."},
    {.id = "unix_connect.other_type", .error = EPROTOTYPE, .when = OtherType, .then = Fail,
     .cites = "POSIX connect() EPROTOTYPE; Linux unix_find_bsd()",
     .says = "The socket with this path is of another type."},

    {.id = "unix_connect.not_listening", .error = ECONNREFUSED, .when = NotListening, .then = Fail,
     .of = kUnixConnected, .cites = "POSIX connect() ECONNREFUSED; Linux unix_stream_connect()",
     .says = "The socket there does not listen, or was shut down for reading."},
    {.id = "unix_connect.queue_full", .error = EAGAIN, .when = NoRoomNow,
     .of = kUnixConnected, .on = kLinux, .cites = "connect(2) EAGAIN; Linux unix_stream_connect()",
     .says = "The accept queue is full, and the socket does not block."},
    {.id = "unix_connect.queue_full_in_progress", .error = EINPROGRESS, .outcome = true, .when = NoRoomNow, .then = Fail,
     .of = kUnixConnected, .on = kPosix, .cites = "POSIX connect() EINPROGRESS: O_NONBLOCK, and not at once",
     .says = "The accept queue is full: the connection comes about later."},
    {.id = "unix_connect.queue_full_blocks", .blocks = true, .when = NoRoomYet, .then = Fail,
     .of = kUnixConnected, .cites = "POSIX connect(); Linux unix_wait_for_peer()",
     .says = "The accept queue is full: the call waits until there is room."},
    {.id = "unix_connect.queue_full_refused", .error = ECONNREFUSED, .when = NoRoom, .then = Fail,
     .of = kUnixConnected, .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX connect() ECONNREFUSED: \"or refused the connection request\"",
     .says = "The accept queue is full: the connection is refused."},
    {.id = "unix_connect.connected", .error = EISCONN, .when = Connected,
     .of = kUnixConnected, .cites = "POSIX connect() EISCONN; Linux unix_stream_connect(), after it has found the listener",
     .says = "The socket is connected, or was."},
    {.id = "unix_connect.listening", .error = EINVAL, .when = Listening,
     .of = kUnixConnected, .on = kLinux, .cites = "Linux unix_stream_connect(): any state but CLOSE and ESTABLISHED",
     .says = "The socket listens itself."},
    {.id = "unix_connect.on_listener", .error = EOPNOTSUPP, .when = Listening,
     .of = kUnixConnected, .on = kPosix, .cites = "POSIX connect() EOPNOTSUPP: \"is listening and cannot be connected\"",
     .says = "The socket listens and cannot be connected."},
    {.id = "unix_connect.done", .when = Listens, .then = Connect,
     .of = kUnixConnected, .cites = "POSIX connect(); unix(7); Linux unix_stream_connect()",
     .says = "The socket is connected, and its other end waits in the listener's queue; no one need accept it."},

    {.id = "unix_connect.connected_elsewhere", .error = EPERM, .when = ConnectedElsewhere,
     .of = kUnixDatagram, .on = kLinux, .cites = "unix(7) on connected datagram sockets; Linux unix_may_send()",
     .says = "The socket there is connected to another one, and would take nothing from us."},
    {.id = "unix_connect.connected_elsewhere_refused", .error = EPERM, .when = ConnectedElsewhere, .then = Fail,
     .of = kUnixDatagram, .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX XSH 2.3: further errors are allowed; what a datagram socket takes that is connected it does not say",
     .says = "The socket there is connected to another one."},
    {.id = "unix_connect.peer", .when = SomebodyThere, .then = ChoosePeer,
     .of = kUnixDatagram, .cites = "POSIX connect(); Linux unix_dgram_connect()",
     .says = "From now on this is the peer; what had come while there was another one is lost."},
};
// clang-format on

}  // namespace

std::span<const Clause> ConnectUnixClauses() { return kConnectUnix; }

}  // namespace sockspec
