#include "model/option_table.h"

#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <string_view>

#include "model/program/declarations.h"
#include "model/program/option_names.h"
#include "model/program/options.h"
#include "model/scene.h"

namespace sockspec {
namespace {

// --- what is stored of a value -------------------------------------------------------------------------

int32_t OneAtLeast(const Scene&, int32_t value) { return value < 0 ? INT_MAX : value == 0 ? 1 : value; }

constexpr int32_t kEcnBits = 3;  // INET_ECN_MASK: of a stream, the two bits are TCP's own
bool IsTcp(const Scene& s) { return s.me().kind == SocketKind::kTcp; }
int32_t TrafficClass(const Scene& s, int32_t value) {
  if (value == -1) value = 0;
  return IsTcp(s) ? value & ~kEcnBits : value;
}
int32_t Ttl(const Scene&, int32_t value) { return value == -1 ? 64 : value; }
int32_t MulticastTtl(const Scene&, int32_t value) { return value == -1 ? 1 : value; }

// tcp_set_rcvlowat(): half the receive buffer at the most; where nobody has set that, half the largest there may
// be, which is the machine's (kMachinesMost).
constexpr int32_t kMachinesMost = -1;
constexpr int32_t kSurelyBelow = 200000;
int32_t ReceiveLowWater(const Scene& s, int32_t value) {
  value = OneAtLeast(s, value);
  if (s.me().receive_buffer >= 0) return std::max(1, std::min(value, s.me().receive_buffer / 2));
  return value > kSurelyBelow ? kMachinesMost : value;
}
// "Check if we need to signal EPOLLIN right now"
void StoreLowWater(Scene& s, int32_t value) {
  StoreOption(s.world, *s.option, s.index, value, 0);
  WakeReader(s.world, s.index);
}
Told TellLowWater(const Scene& s) {
  const int32_t stored = OptionOf(s.world, s.index, SOL_SOCKET, SO_RCVLOWAT);
  if (stored != kMachinesMost) return {.first = stored};
  return {.first = INT_MAX / 2, .open = true, .least = kSurelyBelow / 2};
}

// do_tcp_setsockopt(): 0 is the default, 60 s, and 120 s are the most.
int32_t FinTimeout(const Scene&, int32_t value) {
  return value < 0 ? -1 : value == 0 ? 60 : std::min(value, 120);
}
// secs_to_retrans() and back: the time by which so many SYN-ACKs have been sent, 1 + 2 + 4 … seconds, of which
// none is longer than 120.
int32_t AcceptDelay(const Scene&, int32_t value) {
  if (value <= 0) return 0;
  int32_t period = 1;
  int32_t step = 1;
  for (int sent = 1; value > period && sent < 255; ++sent) {
    step = std::min(step * 2, 120);
    period += step;
  }
  return period;
}
int32_t FastOpenQueue(const Scene&, int32_t value) { return std::min(value, 4096); }  // net.core.somaxconn
constexpr int32_t kLeastClamp = 1152;  // half of SOCK_MIN_RCVBUF
// Linux 6.1 compares without a sign, so that a negative value is a large one.
int32_t WindowClamp(const Scene& s, int32_t value) {
  const bool large = value < 0 && s.profile.version < Version{6, 2};
  return value == 0 || large ? value : std::max(value, kLeastClamp);
}

// __ip6_sock_set_addr_preferences(): three choices in one value, two of which are kept.
constexpr int32_t kTemporary = 1;
constexpr int32_t kPublic = 2;
constexpr int32_t kCareOf = 4;
constexpr int32_t kCga = 8;
constexpr int32_t kEither = 0x100;
constexpr int32_t kHome = 0x400;
constexpr int32_t kNoCga = 0x800;
bool AtMostOne(int32_t value, int32_t bits) {
  value &= bits;
  return (value & (value - 1)) == 0;
}
int16_t PreferencesRefused(const Scene& s) {
  const int32_t value = ValueToSet(s);
  return AtMostOne(value, kTemporary | kPublic | kEither) && AtMostOne(value, kHome | kCareOf) &&
                 AtMostOne(value, kCga | kNoCga)
             ? 0
             : EINVAL;
}
int32_t Preferences(const Scene& s, int32_t value) {
  // Observed on Linux 6.18: what was chosen before is forgotten.
  const bool keeps = s.profile.version < Version{6, 2};
  int32_t kept = keeps ? OptionOf(s.world, s.index, IPPROTO_IPV6, NumberOf(kIpv6Level, "IPV6_ADDR_PREFERENCES"))
                       : kEither | kHome;
  for (const int32_t bits : {kTemporary | kPublic | kEither, kHome | kCareOf}) {
    if ((value & bits) != 0) kept = (kept & ~bits) | (value & bits);
  }
  return kept;
}

// --- fields of Socket ------------------------------------------------------------------------------------

Told TellReuseAddress(const Scene& s) { return {.first = s.me().reuse_address}; }
void StoreReuseAddress(Scene& s, int32_t value) { s.me().reuse_address = value != 0; }
Told TellReusePort(const Scene& s) { return {.first = s.me().reuse_port}; }
void StoreReusePort(Scene& s, int32_t value) { s.me().reuse_port = value != 0; }
Told TellKeepalive(const Scene& s) { return {.first = s.me().keepalive}; }
void StoreKeepalive(Scene& s, int32_t value) { s.me().keepalive = value != 0; }
Told TellOnlyInet6(const Scene& s) { return {.first = s.me().only_inet6}; }
void StoreOnlyInet6(Scene& s, int32_t value) { s.me().only_inet6 = value != 0; }

// sk_setsockopt(): the seconds are only taken with l_onoff. Negative ones become MAX_SCHEDULE_TIMEOUT, which
// is another number of seconds with every clock rate.
constexpr int32_t kMostSeconds = INT32_MIN;
Told TellLinger(const Scene& s) {
  Told told{.first = s.me().linger, .second = s.me().linger_seconds};
  told.any_second = told.second == kMostSeconds;
  return told;
}
void StoreLinger(Scene& s, int32_t value) {
  s.me().linger = value != 0;
  if (s.me().linger) s.me().linger_seconds = s.call.seconds < 0 ? kMostSeconds : s.call.seconds;
}

// sk_setsockopt(): doubled for the kernel's own book-keeping, within net.core.rmem_max or wmem_max. Those
// are 212992 where nobody changed them; above, the size is what the kernel made of it (-1).
constexpr int32_t kUsualLargest = 212992;
constexpr int32_t kSmallestReceive = 2304;  // SOCK_MIN_RCVBUF
constexpr int32_t kSmallestSend = 4608;     // SOCK_MIN_SNDBUF
constexpr int32_t kReceiveLocked = 2;       // SOCK_RCVBUF_LOCK
constexpr int32_t kSendLocked = 1;          // SOCK_SNDBUF_LOCK
constexpr int32_t kBufLock = NumberOf(kSocketLevel, "SO_BUF_LOCK");

void Lock(Scene& s, int32_t bit) {
  const OptionRow* row = FindOption(s.profile, s.me(), SOL_SOCKET, kBufLock);
  if (row == nullptr) return;
  StoreOption(s.world, *row, s.index, OptionOf(s.world, s.index, SOL_SOCKET, kBufLock) | bit, 0);
}
int32_t Doubled(int32_t wanted, int32_t smallest) { return std::max(std::min(wanted, INT_MAX / 2) * 2, smallest); }
int32_t Within(int32_t wanted, int32_t smallest) {
  return static_cast<uint32_t>(wanted) > kUsualLargest ? kBeyondUsual : Doubled(wanted, smallest);
}
// udp_rmem_release(): what was read may still be charged while something is queued, up to a quarter of the buffer as it
// was, which a smaller one may not have at all.
void MayStillBeCharged(Scene& s) {
  if (s.me().kind == SocketKind::kUdp && FirstMessage(s.world, s.index) != kNone) s.me().crowded = true;
}
void SetReceiveBuffer(Scene& s, int32_t size) {
  MayStillBeCharged(s);
  Socket& me = s.me();
  me.receive_buffer = size;
  if (IsTcp(s) && HasSmallBuffer(me)) {
    // What Nagle's algorithm holds back may find no room where it comes to, nor a FIN that comes with it.
    if (me.late > 0) me.crowded = true;
    // __tcp_select_window(): a buffer that is more than half full, when it is looked at (by recv(), too), ends the prompt
    // acknowledgements. Making it larger again does not bring them back.
    if (Unread(me) > 0) PutAcknowledgementsOff(me);
  }
  Lock(s, kReceiveLocked);
}
void SetSendBuffer(Scene& s, int32_t size) {
  Socket& me = s.me();
  me.send_buffer = size;
  // What was sent before and is not acknowledged may take up all of a smaller buffer.
  if (IsTcp(s) && me.unacked && HasSmallSendBuffer(me) && me.peer != kNone) s.world.sockets[me.peer].crowded = true;
  Lock(s, kSendLocked);
  Wake(s.world, s.index, kWriteSpace);  // "Wake up sending tasks if we upped the value"
}
void StoreReceiveBuffer(Scene& s, int32_t value) { SetReceiveBuffer(s, Within(value, kSmallestReceive)); }
void StoreSendBuffer(Scene& s, int32_t value) { SetSendBuffer(s, Within(value, kSmallestSend)); }
void ForceReceiveBuffer(Scene& s, int32_t value) { SetReceiveBuffer(s, Doubled(std::max(value, 0), kSmallestReceive)); }
void ForceSendBuffer(Scene& s, int32_t value) { SetSendBuffer(s, Doubled(std::max(value, 0), kSmallestSend)); }
Told Buffer(int32_t size, int32_t usual, int32_t smallest) {
  if (size >= 0) return {.first = size};
  return {.first = usual, .open = true, .least = smallest};
}
Told TellReceiveBuffer(const Scene& s) { return Buffer(s.me().receive_buffer, 131072, kSmallestReceive); }
Told TellSendBuffer(const Scene& s) { return Buffer(s.me().send_buffer, 16384, kSmallestSend); }
// A TCP socket's buffer grows again as the kernel likes where it is no longer locked.
void StoreLocks(Scene& s, int32_t value) {
  if (IsTcp(s) && !(value & kReceiveLocked)) s.me().receive_buffer = -1;
  if (IsTcp(s) && !(value & kSendLocked)) s.me().send_buffer = -1;
  StoreOption(s.world, *s.option, s.index, value, 0);
}

// --- the socket's own ------------------------------------------------------------------------------------

Told TellType(const Scene& s) {
  switch (s.me().kind) {
    case SocketKind::kTcp:
    case SocketKind::kUnixStream: return {.first = SOCK_STREAM};
    case SocketKind::kUdp:
    case SocketKind::kUnixDatagram: return {.first = SOCK_DGRAM};
    case SocketKind::kUnixSeqpacket: return {.first = SOCK_SEQPACKET};
  }
  __builtin_unreachable();
}
Told TellDomain(const Scene& s) {
  if (IsUnix(s.me().kind)) return {.first = AF_UNIX};
  return {.first = s.me().inet6 ? AF_INET6 : AF_INET};
}
Told TellProtocol(const Scene& s) {
  if (IsUnix(s.me().kind)) return {.first = 0};
  return {.first = IsTcp(s) ? IPPROTO_TCP : IPPROTO_UDP};
}
Told TellListens(const Scene& s) { return {.first = s.me().tcp == Tcp::kListen}; }
// Whatever it is: the number of a processor, a time, a number that nobody else has.
Told TellAnything(const Scene&) { return {.open = true, .any_second = true}; }
Told TellYesOrNo(const Scene&) { return {.first = 1, .open = true, .least = 0, .most = 1}; }
Told TellByte(const Scene&) { return {.first = 1, .open = true, .least = 0, .most = 255}; }
Told TellNothing(const Scene&) { return {.size = 0}; }

// cred_to_ucred(): of those who connected, and of those who listen their own. A datagram socket has its peer's
// where socketpair() made it, which the world does not remember.
Told TellPeer(const Scene& s) {
  const Socket& socket = s.me();
  if (socket.kind == SocketKind::kUnixDatagram) {
    return {.first = kPeerNobody, .open = true, .least = kPeerNobody, .most = kPeerOurs};
  }
  const bool known = IsUnix(socket.kind) && (socket.link == Link::kConnected || socket.tcp == Tcp::kListen ||
                                             socket.peer != kNone);
  return {.first = known ? kPeerOurs : kPeerNobody};
}
int16_t NotTold(const Scene&) { return kOptionNotModelled; }
int16_t NoPeerProcess(const Scene& s) { return IsUnix(s.me().kind) ? kOptionNotModelled : ENODATA; }
bool HasPeer(const Scene& s) { return s.me().remote_port != kNone || s.me().peer != kNone; }
int16_t NoPeerName(const Scene& s) { return HasPeer(s) ? kOptionNotModelled : ENOTCONN; }

// inet_sk(sk)->inet_num, which is the port.
Told TellIpProtocol(const Scene& s) {
  if (s.me().bound == kNone) return {.first = 0};
  return {.first = 1, .open = true, .least = 1, .most = 65535};
}
// A peer at port 0 is one, too.
bool HasRoute(const Scene& s) {
  return s.me().remote_port != kNone || s.me().tcp == Tcp::kEstablished || s.me().link != Link::kUnconnected;
}
int16_t NoRoute(const Scene& s) { return HasRoute(s) ? 0 : ENOTCONN; }
int16_t NoRouteToTell(const Scene& s) { return HasRoute(s) ? kOptionNotModelled : ENOTCONN; }

Told TellSegmentSize(const Scene& s) {
  const int32_t set = OptionOf(s.world, s.index, IPPROTO_TCP, TCP_MAXSEG);
  if (set != 0 && (s.me().tcp == Tcp::kClose || s.me().tcp == Tcp::kListen)) return {.first = set};
  return {.first = 536, .open = true, .least = 48, .most = 65535};
}
int16_t ClampRefused(const Scene& s) {
  return ValueToSet(s) == 0 && s.me().tcp != Tcp::kClose ? EINVAL : 0;
}
Told TellClamp(const Scene& s) {
  const bool fresh = s.me().tcp == Tcp::kClose && s.me().link == Link::kUnconnected;
  const int32_t set = OptionOf(s.world, s.index, IPPROTO_TCP, TCP_WINDOW_CLAMP);
  if (fresh && set != 0) return {.first = set};
  return {.first = 0, .open = true, .least = 0};
}
// struct tcp_info grows with every release: how much there is of it is only known up to here.
constexpr int32_t kTcpInfoAtLeast = 128;
Told TcpState(const Scene& s) {
  switch (s.me().tcp) {
    case Tcp::kClose: return {.first = TCP_CLOSE};
    case Tcp::kListen: return {.first = TCP_LISTEN};
    case Tcp::kSynSent: return {.first = TCP_SYN_SENT};
    case Tcp::kEstablished: return {.first = TCP_ESTABLISHED};
    // Which of the two depends on an acknowledgement that may be put off.
    case Tcp::kFinWait: return {.first = TCP_FIN_WAIT2, .open = true, .least = TCP_FIN_WAIT1, .most = TCP_FIN_WAIT2};
    case Tcp::kCloseWait: return {.first = TCP_CLOSE_WAIT};
    case Tcp::kLastAck: return {.first = TCP_LAST_ACK};
    case Tcp::kTimeWait: return {.first = TCP_TIME_WAIT};
  }
  __builtin_unreachable();
}
Told TellTcpInfo(const Scene& s) {
  Told told = TcpState(s);
  told.size = kTcpInfoAtLeast;
  const bool seen = s.seen != nullptr && (s.seen->wrote & kWroteLength) != 0;
  if (s.call.length > kTcpInfoAtLeast) told.size = seen ? std::max(s.seen->option_length, kTcpInfoAtLeast) : 248;
  return told;
}
// inet_csk_enter_pingpong_mode()
void StoreQuickAck(Scene& s, int32_t value) {
  if (value == 0) s.me().answered = true;
}

// --- names -----------------------------------------------------------------------------------------------

// The name that setsockopt() takes: as much of it as the length says, at most 15 letters.
int32_t NameToSet(const Scene& s) {
  const auto texts = OptionTexts();
  if (s.call.pointer != Pointer::kValid) return kTextEmpty;
  const std::string_view text = std::string_view(texts[s.call.value].text).substr(0, std::max(0, std::min(s.call.length, 15)));
  for (const OptionText& known : texts) {
    if (text == known.text) return known.token.value;
  }
  return kTextNonesuch;
}
// The loopback device is the first that a network namespace has.
constexpr int32_t kLoIndex = 1;
int32_t BoundDevice(const Scene& s) { return OptionOf(s.world, s.index, SOL_SOCKET, SO_BINDTODEVICE); }
int16_t Rebinds(const Scene& s) { return BoundDevice(s) != 0 && s.world.nobody ? EPERM : 0; }
int16_t DeviceRefused(const Scene& s) {
  const int32_t name = NameToSet(s);
  return name != kTextEmpty && name != kTextLo ? ENODEV : Rebinds(s);
}
int32_t DeviceIndex(const Scene& s, int32_t) { return NameToSet(s) == kTextLo ? kLoIndex : 0; }
int16_t IndexRefused(const Scene& s) {
  if (const int16_t error = Rebinds(s); error != 0) return error;
  return ValueToSet(s) < 0 ? EINVAL : 0;
}
// sock_getbindtodevice(): there must be room for any name, where there is one.
int16_t DeviceUntold(const Scene& s) {
  if (BoundDevice(s) == 0) return 0;
  if (s.call.length < 16) return EINVAL;
  return BoundDevice(s) == kLoIndex ? 0 : ENODEV;
}
Told TellDevice(const Scene& s) {
  if (BoundDevice(s) == 0) return {.size = 0};
  return {.first = kTextLo, .size = 3};
}
Told TellDeviceIndex(const Scene& s) { return {.first = BoundDevice(s)}; }

int16_t CongestionRefused(const Scene& s) { return NameToSet(s) == kTextReno ? 0 : ENOENT; }
int32_t CongestionName(const Scene& s, int32_t) { return NameToSet(s); }
Told TellCongestion(const Scene& s) {
  const int32_t set = OptionOf(s.world, s.index, IPPROTO_TCP, TCP_CONGESTION);
  if (set != 0) return {.first = set};
  return {.first = kTextOther, .open = true, .least = 0, .most = kTextOther};
}

// --- times and timestamps ----------------------------------------------------------------------------------

constexpr int32_t kMicroseconds = 1000000;
int16_t TimeRefused(const Scene& s) {
  return s.call.seconds < 0 || s.call.seconds >= kMicroseconds ? EDOM : 0;
}
// sock_set_timeout(): a negative time is none at all (-1 here), and 0 is for ever.
void StoreTime(Scene& s, int32_t seconds) {
  StoreOption(s.world, *s.option, s.index, seconds < 0 ? -1 : seconds, seconds < 0 ? 0 : s.call.seconds);
}
Told TellTime(const Scene& s) {
  const SetOption* set = FindSetOption(s.world, s.index, s.option->level, s.option->option);
  if (set == nullptr || set->value < 0) return {};
  return {.first = set->value, .second = set->second, .any_second = set->second != 0};
}

// Whether the time is so long that a call may be seen to block, and so short that it may come back before it is
// interrupted. POSIX gives times to what sends and receives, and says nothing of the rest.
bool IsAwkward(const World& world, const SetOption& time, const Profile& profile, const Call& call) {
  const int64_t microseconds = time.value * int64_t{kMicroseconds} + time.second;
  const int64_t kSurelyLong = world.patient ? 2900000 : 900000;
  // Of two threads, one is seen to wait after a tenth of a millisecond.
  if (call.part != Part::kWhole) return time.value >= 0;
  return profile.family == kPosix || (microseconds > Scene::kShortWait && microseconds < kSurelyLong);
}

// POSIX does not say what a low water mark does to recv(). Of threads that wait for what has come, Linux wakes
// nobody until it has come up to the mark, whatever they asked for.
bool IsOfPosix(const World&, const SetOption&, const Profile& profile, const Call& call) {
  return profile.family == kPosix || call.part != Part::kWhole;
}

// FIN-WAIT-2 lasts a second at the least, and no program as long; with a negative value it does not last at all.
bool IsBrief(const World&, const SetOption& time, const Profile&, const Call&) { return time.value < 0; }

// inet_sk_get_local_port_range(): an end of the range counts where it lies within the namespace's, which is 32768 to
// 60999 in a new one. Of a few ports (env: ephemeral=) more are tried with any range: observed on Linux 6.18, that of
// three connect() takes the third, too.
bool IsNarrow(const World& world, const SetOption& range, const Profile&, const Call&) {
  if (world.ephemeral != 0) return true;
  const auto counts = [](uint32_t port) { return port >= 20000 && port < 61000; };
  return counts(static_cast<uint32_t>(range.value) & 0xffff) || counts(static_cast<uint32_t>(range.value) >> 16);
}

// tcp_fastopen_cookie_check(): a connect() is put off only where there is a cookie, which no listener here gives
// (net.ipv4.tcp_fastopen is 1 in a new namespace), or none is needed.
bool NeedsNoCookie(const World& world, const SetOption& entry, const Profile&, const Call&) {
  return IsSet(world, entry.socket, IPPROTO_TCP, NumberOf(kTcpLevel, "TCP_FASTOPEN_NO_COOKIE"));
}

// sock_set_timestamp(): one of four, or none.
template <int32_t kCode>
int32_t Timestamp(const Scene&, int32_t value) {
  return value != 0 ? kCode : 0;
}
template <int32_t kCode>
Told TellTimestamp(const Scene& s) {
  const int32_t code = OptionOf(s.world, s.index, SOL_SOCKET, SO_TIMESTAMP);
  return {.first = code == kCode || (kCode == 3 && code == 4)};
}

// struct sock_txtime {clockid, flags}
constexpr int32_t kMonotonic = 1;
int16_t TxTimeRefused(const Scene& s) {
  if (s.call.seconds & ~3) return EINVAL;
  if (s.call.value != kMonotonic && s.world.nobody) return EPERM;
  // Linux 6.18 only takes CLOCK_REALTIME, CLOCK_MONOTONIC and CLOCK_TAI.
  const bool checks = s.profile.version >= Version{6, 2};
  return checks && s.call.value != 0 && s.call.value != 1 && s.call.value != 11 ? EINVAL : 0;
}
void StoreTxTime(Scene& s, int32_t clock) {
  const bool byte = s.profile.version < Version{6, 2};  // sk_clockid has eight bits there
  StoreOption(s.world, *s.option, s.index, byte ? clock & 0xff : clock, s.call.seconds);
}
Told TellPair(const Scene& s) {
  const SetOption* set = FindSetOption(s.world, s.index, s.option->level, s.option->option);
  return set == nullptr ? Told{} : Told{.first = set->value, .second = set->second};
}

// SO_MAX_PACING_RATE is a long where there is room for one, and an unsigned int otherwise; all ones: no limit.
void StorePacing(Scene& s, int32_t low) {
  const int32_t high = s.call.length >= 8 ? s.call.seconds : low == -1 ? -1 : 0;
  StoreOption(s.world, *s.option, s.index, low, high);
}
Told TellPacing(const Scene& s) {
  const SetOption* set = FindSetOption(s.world, s.index, s.option->level, s.option->option);
  Told told = set == nullptr ? Told{.first = -1, .second = -1} : Told{.first = set->value, .second = set->second};
  if (s.call.length < 8) {
    if (told.second != 0) told.first = -1;
    told.size = 4;
  }
  return told;
}

// --- one of a kind -----------------------------------------------------------------------------------------

// __ip_sock_set_tos(): the priority goes with it. ip_tos2prio[]
constexpr uint8_t kPriorities[16] = {0, 0, 0, 0, 2, 2, 2, 2, 6, 6, 6, 6, 4, 4, 4, 4};
void StoreTos(Scene& s, int32_t value) {
  const int32_t old = OptionOf(s.world, s.index, IPPROTO_IP, IP_TOS);
  if (IsTcp(s)) value &= ~kEcnBits;
  if (value == old) return;
  const int32_t tos = value & 0xff;
  StoreOption(s.world, *s.option, s.index, tos, 0);
  const OptionRow* priority = FindOption(s.profile, s.me(), SOL_SOCKET, SO_PRIORITY);
  if (priority != nullptr) StoreOption(s.world, *priority, s.index, kPriorities[(tos & 0x1e) >> 1], 0);
}
// skb_errqueue_purge(): who no longer wants to know is told of nothing.
void StoreReceiveErrors(Scene& s, int32_t value) {
  StoreOption(s.world, *s.option, s.index, value, 0);
  if (value == 0) DropErrors(s.world, s.index);
}
int16_t PortRangeRefused(const Scene& s) {
  const uint32_t value = static_cast<uint32_t>(ValueToSet(s));
  const uint32_t low = value & 0xffff;
  const uint32_t high = value >> 16;
  return low != 0 && high != 0 && low > high ? EINVAL : 0;
}
int16_t FilterDetached(const Scene& s) {
  return OptionOf(s.world, s.index, SOL_SOCKET, SO_LOCK_FILTER) != 0 ? EPERM : ENOENT;
}
int16_t FilterUnlocked(const Scene& s) {
  return ValueToSet(s) == 0 && OptionOf(s.world, s.index, SOL_SOCKET, SO_LOCK_FILTER) != 0 ? EPERM : 0;
}
int16_t GroupDetached(const Scene& s) { return s.me().reuse_port ? ENOENT : EINVAL; }
bool IsOpen(const Scene& s) { return s.me().tcp == Tcp::kEstablished; }
int16_t NotOpen(const Scene& s) { return IsOpen(s) ? int16_t{0} : int16_t{ENOTCONN}; }
int16_t AddressFormRefused(const Scene& s) { return IsOpen(s) ? kOptionNotModelled : int16_t{ENOTCONN}; }
int16_t RepairRefused(const Scene& s) {
  if (s.me().tcp == Tcp::kListen) return EPERM;
  const int32_t value = ValueToSet(s);
  return value < -1 || value > 1 ? EINVAL : kOptionNotModelled;
}
int16_t SequenceRefused(const Scene& s) { return s.me().tcp != Tcp::kClose ? EPERM : EINVAL; }
int16_t PacketOptionsUntold(const Scene& s) {
  for (const int32_t option : {IP_PKTINFO, IP_RECVTTL, IP_RECVTOS}) {
    if (OptionOf(s.world, s.index, IPPROTO_IP, option) != 0) return kOptionNotModelled;
  }
  return 0;
}
int16_t SynUntold(const Scene& s) {
  return OptionOf(s.world, s.index, IPPROTO_TCP, TCP_SAVE_SYN) != 0 ? kOptionNotModelled : 0;
}
// __tcp_sock_set_nodelay(), __tcp_sock_set_cork(): bytes that were held back go out, once, with TCP_NODELAY; without
// TCP_CORK they are held back as Nagle's algorithm says.
void StoreNoDelay(Scene& s, int32_t value) {
  StoreOption(s.world, *s.option, s.index, value, 0);
  if (value != 0) PushHeld(s.world, s.index);
}
void StoreCork(Scene& s, int32_t value) {
  StoreOption(s.world, *s.option, s.index, value, 0);
  const bool at_once = !s.me().unacked || OptionOf(s.world, s.index, IPPROTO_TCP, TCP_NODELAY) != 0;
  if (value == 0 && at_once) PushHeld(s.world, s.index);
}
// do_tcp_setsockopt(): "sk->sk_write_space(sk)", which wakes whoever waits for room, whether there was some before or not.
void StoreNotSent(Scene& s, int32_t value) {
  StoreOption(s.world, *s.option, s.index, value, 0);
  Wake(s.world, s.index, kWriteSpace);
}
constexpr int32_t kNoDevice = 0;
constexpr int32_t kLoIndexSwapped = 0x01000000;  // htonl(1)

// --- the rows ----------------------------------------------------------------------------------------------

#define SOL(name) .level = kSocketLevel, .option = NumberOf(kSocketLevel, #name)
#define IP4(name) .level = kIpLevel, .option = NumberOf(kIpLevel, #name), .of = kInet
#define IP4_OF(name, kinds) .level = kIpLevel, .option = NumberOf(kIpLevel, #name), .of = kinds
#define TCP(name) .level = kTcpLevel, .option = NumberOf(kTcpLevel, #name), .of = kTcp
#define UDP(name) .level = kUdpLevel, .option = NumberOf(kUdpLevel, #name), .of = kUdp
#define IP6(name) .level = kIpv6Level, .option = NumberOf(kIpv6Level, #name), .of = kInet, .families = kOfIpv6
#define IP6_OF(name, kinds) \
  .level = kIpv6Level, .option = NumberOf(kIpv6Level, #name), .of = kinds, .families = kOfIpv6

constexpr OpSet kOpRecvmsg = Ops(Op::kRecvmsg);

// clang-format off
constexpr OptionRow kRows[] = {
    // --- SOL_SOCKET: net/core/sock.c, sk_setsockopt() and sk_getsockopt(); socket(7) ---
    {SOL(SO_DEBUG), .posix = true, .boolean = true, .right = Right::kMachine, .free_least = 0, .free_most = 0,
     .without = EACCES, .cites = "POSIX SO_DEBUG; socket(7); Linux sk_setsockopt(), which says EACCES here only"},
    {SOL(SO_REUSEADDR), .posix = true, .tells = TellReuseAddress, .boolean = true, .stores = StoreReuseAddress,
     .cites = "POSIX SO_REUSEADDR; socket(7)"},
    {SOL(SO_TYPE), .posix = true, .set = false, .tells = TellType, .cites = "POSIX SO_TYPE; socket(7)"},
    {SOL(SO_ERROR), .posix = true, .set = false, .cites = "POSIX SO_ERROR; Linux sock_error()"},
    {SOL(SO_DONTROUTE), .posix = true, .boolean = true, .spoils = kOpConnects | kOpSends, .spoils_of = kInet,
     .cites = "POSIX SO_DONTROUTE; socket(7)"},
    {SOL(SO_BROADCAST), .posix = true, .boolean = true, .cites = "POSIX SO_BROADCAST; socket(7)"},
    {SOL(SO_SNDBUF), .posix = true, .chosen = true, .tells = TellSendBuffer, .stores = StoreSendBuffer,
     .cites = "POSIX SO_SNDBUF; socket(7): \"The kernel doubles this value\"; tcp(7) on tcp_wmem"},
    {SOL(SO_RCVBUF), .posix = true, .chosen = true, .tells = TellReceiveBuffer, .stores = StoreReceiveBuffer,
     .cites = "POSIX SO_RCVBUF; socket(7): \"The kernel doubles this value\"; tcp(7) on tcp_rmem"},
    {SOL(SO_KEEPALIVE), .posix = true, .tells = TellKeepalive, .boolean = true, .stores = StoreKeepalive,
     .cites = "POSIX SO_KEEPALIVE; socket(7)"},
    {SOL(SO_OOBINLINE), .posix = true, .boolean = true, .cites = "POSIX SO_OOBINLINE; socket(7)"},
    {SOL(SO_NO_CHECK), .boolean = true, .cites = "Linux sk_setsockopt()"},
    {SOL(SO_PRIORITY), .right = Right::kNetwork, .free_least = 0, .free_most = 6, .inherited = 0,
     .cites = "socket(7) SO_PRIORITY"},
    {SOL(SO_LINGER), .posix = true, .tells = TellLinger, .bytes = 8, .stores = StoreLinger,
     .cites = "POSIX SO_LINGER; socket(7)"},
    {SOL(SO_BSDCOMPAT), .ignored = true,
     .cites = "socket(7) SO_BSDCOMPAT; Linux sk_setsockopt(), which does nothing"},
    {SOL(SO_REUSEPORT), .of = kInet, .tells = TellReusePort, .boolean = true, .stores = StoreReusePort,
     .cites = "socket(7) SO_REUSEPORT"},
    {SOL(SO_REUSEPORT), .of = kUnix, .least = 0, .most = 0, .outside = EOPNOTSUPP,
     .cites = "Linux sk_setsockopt(): sk_is_inet()"},
    {SOL(SO_PASSCRED), .of = kUnix, .boolean = true, .inherited = kUnix, .spoils = kOpReceives | kOpSends | Ops(Op::kConnect), .cites = "unix(7) SO_PASSCRED"},
    {SOL(SO_PASSCRED), .of = kInet, .until = {6, 16}, .boolean = true, .inherited = 0, .spoils = kOpRecvmsg,
     .cites = "Linux 6.1 sk_setsockopt()"},
    {SOL(SO_PASSCRED), .of = kInet, .since = {6, 16}, .get_error = EOPNOTSUPP, .set_error = EOPNOTSUPP,
     .cites = "observed on Linux 6.18: setsockopt(s0, SOL_SOCKET, SO_PASSCRED, 1) = -1 EOPNOTSUPP on TCP and UDP"},
    {SOL(SO_PEERCRED), .set = false, .tells = TellPeer, .cites = "unix(7) SO_PEERCRED; Linux cred_to_ucred()"},
    {SOL(SO_RCVLOWAT), .of = kTcp, .posix = true, .start = 1, .tells = TellLowWater, .becomes = ReceiveLowWater,
     .stores = StoreLowWater, .spoils = kOpReceives | kOpLooks, .spoils_at = IsOfPosix,
     .cites = "POSIX SO_RCVLOWAT; socket(7); Linux tcp_set_rcvlowat()"},
    {SOL(SO_RCVLOWAT), .of = kUdp | kUnix, .posix = true, .start = 1, .becomes = OneAtLeast,
     .spoils = kOpReceives | kOpLooks, .spoils_at = IsOfPosix,
     .cites = "POSIX SO_RCVLOWAT; socket(7); Linux sk_setsockopt()"},
    {SOL(SO_SNDLOWAT), .set = false, .start = 1, .cites = "socket(7) SO_SNDLOWAT: \"not changeable on Linux\""},
    {SOL(SO_RCVTIMEO), .posix = true, .tells = TellTime, .bytes = 16, .set_refused = TimeRefused,
     .stores = StoreTime, .spoils = kOpReceives | Ops(Op::kAccept) | Ops(Op::kAccept4), .spoils_at = IsAwkward,
     .cites = "POSIX SO_RCVTIMEO; socket(7); Linux sock_set_timeout()"},
    {SOL(SO_SNDTIMEO), .posix = true, .tells = TellTime, .bytes = 16, .set_refused = TimeRefused,
     .stores = StoreTime, .spoils = kOpSends | Ops(Op::kConnect), .spoils_at = IsAwkward,
     .cites = "POSIX SO_SNDTIMEO; socket(7); Linux sock_set_timeout()"},
    {SOL(SO_BINDTODEVICE), .get_refused = DeviceUntold, .tells = TellDevice, .bytes = 0,
     .set_refused = DeviceRefused, .becomes = DeviceIndex, .spoils = kOpAll, .spoils_of = kInet,
     .spoils_others = true,
     .cites = "socket(7) SO_BINDTODEVICE; Linux sock_setbindtodevice(), sock_getbindtodevice()"},
    {SOL(SO_ATTACH_FILTER), .not_modelled = "a program of the packet filter is an argument of its own",
     .cites = "socket(7)"},
    {SOL(SO_DETACH_FILTER), .get = false, .set_refused = FilterDetached,
     .cites = "socket(7) SO_DETACH_FILTER; Linux sk_detach_filter()"},
    {SOL(SO_PEERNAME), .set = false, .get_refused = NoPeerName, .beyond = "getpeername() tells the same",
     .cites = "Linux sk_getsockopt()"},
    {SOL(SO_TIMESTAMP), .tells = TellTimestamp<1>, .becomes = Timestamp<1>, .spoils = kOpRecvmsg,
     .cites = "socket(7) SO_TIMESTAMP; Linux sock_set_timestamp()"},
    {SOL(SO_ACCEPTCONN), .posix = true, .set = false, .tells = TellListens,
     .cites = "POSIX SO_ACCEPTCONN; socket(7)"},
    {SOL(SO_PEERSEC), .not_modelled = "what a security module says of a peer is its own", .cites = "unix(7)"},
    {SOL(SO_SNDBUFFORCE), .get = false, .stores = ForceSendBuffer, .right = Right::kMachine,
     .cites = "socket(7) SO_SNDBUFFORCE"},
    {SOL(SO_RCVBUFFORCE), .get = false, .stores = ForceReceiveBuffer, .right = Right::kMachine,
     .cites = "socket(7) SO_RCVBUFFORCE"},
    {SOL(SO_PASSSEC), .of = kUnix, .may_give = EOPNOTSUPP, .boolean = true, .inherited = kUnix, .spoils = kOpRecvmsg,
     .cites = "unix(7) SO_PASSSEC; Linux sk_setsockopt()"},
    {SOL(SO_PASSSEC), .of = kInet, .until = {6, 16}, .boolean = true, .inherited = 0, .spoils = kOpRecvmsg,
     .cites = "Linux 6.1 sk_setsockopt()"},
    {SOL(SO_PASSSEC), .of = kInet, .since = {6, 16}, .get_error = EOPNOTSUPP, .set_error = EOPNOTSUPP,
     .cites = "observed on Linux 6.18: setsockopt(s0, SOL_SOCKET, SO_PASSSEC, 1) = -1 EOPNOTSUPP on TCP and UDP"},
    {SOL(SO_TIMESTAMPNS), .tells = TellTimestamp<2>, .becomes = Timestamp<2>, .same_as = SO_TIMESTAMP,
     .spoils = kOpRecvmsg, .cites = "Linux sock_set_timestamp()"},
    {SOL(SO_MARK), .right = Right::kNetwork, .cites = "socket(7) SO_MARK"},
    {SOL(SO_TIMESTAMPING),
     .not_modelled = "time stamps come by the error queue, and which flags there are changes with every release",
     .cites = "Documentation/networking/timestamping.rst"},
    {SOL(SO_PROTOCOL), .posix = true, .set = false, .tells = TellProtocol,
     .cites = "POSIX.1-2024 SO_PROTOCOL; socket(7)"},
    {SOL(SO_DOMAIN), .posix = true, .set = false, .tells = TellDomain,
     .cites = "POSIX.1-2024 SO_DOMAIN; socket(7)"},
    {SOL(SO_RXQ_OVFL), .boolean = true, .spoils = kOpRecvmsg, .cites = "socket(7) SO_RXQ_OVFL"},
    {SOL(SO_WIFI_STATUS), .boolean = true, .cites = "Linux sk_setsockopt()"},
    {SOL(SO_PEEK_OFF), .of = kUnixStream, .start = -1,
     .cites = "socket(7) SO_PEEK_OFF; Linux unix_set_peek_off(), unix_stream_read_generic()"},
    {SOL(SO_PEEK_OFF), .of = kUdp | kUnixDatagram | kUnixSeqpacket, .start = -1, .spoils = kOpReceives | kOpLooks,
     .cites = "socket(7) SO_PEEK_OFF; Linux sk_set_peek_off()"},
    {SOL(SO_PEEK_OFF), .of = kTcp, .until = {6, 9}, .get_error = EOPNOTSUPP, .set_error = EOPNOTSUPP,
     .cites = "Linux 6.1 sk_setsockopt(): TCP has no set_peek_off"},
    {SOL(SO_PEEK_OFF), .of = kTcp, .since = {6, 9}, .start = -1, .spoils = kOpReceives | kOpLooks,
     .cites = "observed on Linux 6.18: setsockopt(s0, SOL_SOCKET, SO_PEEK_OFF, 3) = 0 on TCP"},
    {SOL(SO_NOFCS), .boolean = true, .cites = "Linux sk_setsockopt()"},
    {SOL(SO_LOCK_FILTER), .boolean = true, .set_refused = FilterUnlocked, .cites = "socket(7) SO_LOCK_FILTER"},
    {SOL(SO_SELECT_ERR_QUEUE), .boolean = true, .cites = "Linux sk_setsockopt()"},
    {SOL(SO_BUSY_POLL), .until = {6, 2}, .may_give = ENOPROTOOPT, .least = 0, .right = Right::kMachine, .free_least = 0,
     .free_most = 0, .cites = "socket(7) SO_BUSY_POLL; Linux sk_setsockopt()"},
    {SOL(SO_BUSY_POLL), .since = {6, 2}, .may_give = ENOPROTOOPT, .least = 0,
     .cites = "observed on Linux 6.18: env: uid=nobody, setsockopt(s0, SOL_SOCKET, SO_BUSY_POLL, 1) = 0"},
    {SOL(SO_MAX_PACING_RATE), .start = -1, .tells = TellPacing, .stores = StorePacing,
     .spoils = kOpSends | kOpReceives | kOpLooks, .spoils_of = kTcp, .spoils_others = true,
     .cites = "Linux sk_setsockopt()"},
    {SOL(SO_BPF_EXTENSIONS), .set = false, .start = 64, .cites = "Linux bpf_tell_extensions(): SKF_AD_MAX"},
    {SOL(SO_INCOMING_CPU), .start = -1, .tells = TellAnything, .spoils = kOpAll, .spoils_of = kUdp,
     .spoils_others = true, .cites = "socket(7) SO_INCOMING_CPU; Linux sk_incoming_cpu_update()"},
    {SOL(SO_ATTACH_BPF), .not_modelled = "a program of the packet filter is an argument of its own",
     .cites = "socket(7)"},
    {SOL(SO_ATTACH_REUSEPORT_CBPF), .not_modelled = "a program of the packet filter is an argument of its own",
     .cites = "socket(7)"},
    {SOL(SO_ATTACH_REUSEPORT_EBPF), .not_modelled = "a program of the packet filter is an argument of its own",
     .cites = "socket(7)"},
    {SOL(SO_CNX_ADVICE), .get = false, .ignored = true,
     .cites = "Linux sk_setsockopt(): a hint to look for another route"},
    {SOL(SO_MEMINFO), .set = false, .tells = TellAnything, .cites = "Linux sk_get_meminfo()"},
    {SOL(SO_INCOMING_NAPI_ID), .set = false, .may_give = ENOPROTOOPT,
     .cites = "Linux sk_getsockopt(): the loopback device has no queue"},
    {SOL(SO_COOKIE), .set = false, .get_bytes = 8, .tells = TellAnything, .cites = "Linux sock_gen_cookie()"},
    {SOL(SO_PEERGROUPS), .set = false, .get_refused = NoPeerProcess,
     .beyond = "the groups of the process that runs this", .cites = "Linux sk_getsockopt()"},
    {SOL(SO_ZEROCOPY), .of = kInet, .least = 0, .most = 1,
     .cites = "Documentation/networking/msg_zerocopy.rst; Linux sk_setsockopt()"},
    {SOL(SO_ZEROCOPY), .of = kUnix, .set_error = EOPNOTSUPP, .cites = "Linux sk_setsockopt()"},
    {SOL(SO_TXTIME), .start = 0, .tells = TellPair, .bytes = 8, .exactly = true, .set_refused = TxTimeRefused,
     .stores = StoreTxTime, .spoils = kOpSends, .spoils_of = kInet, .cites = "Linux sk_setsockopt(); tc-etf(8)"},
    {SOL(SO_BINDTOIFINDEX), .tells = TellDeviceIndex, .set_refused = IndexRefused, .same_as = SO_BINDTODEVICE,
     .spoils = kOpAll, .spoils_of = kInet, .spoils_others = true, .cites = "Linux sock_bindtoindex_locked()"},
    {SOL(SO_TIMESTAMP_NEW), .tells = TellTimestamp<3>, .becomes = Timestamp<3>, .same_as = SO_TIMESTAMP,
     .spoils = kOpRecvmsg, .cites = "Linux sock_set_timestamp()"},
    {SOL(SO_TIMESTAMPNS_NEW), .tells = TellTimestamp<4>, .becomes = Timestamp<4>, .same_as = SO_TIMESTAMP,
     .spoils = kOpRecvmsg, .cites = "Linux sock_set_timestamp()"},
    {SOL(SO_TIMESTAMPING_NEW), .not_modelled = "as SO_TIMESTAMPING",
     .cites = "Documentation/networking/timestamping.rst"},
    {SOL(SO_RCVTIMEO_NEW), .tells = TellTime, .bytes = 16, .set_refused = TimeRefused, .stores = StoreTime,
     .same_as = SO_RCVTIMEO, .cites = "Linux sock_set_timeout(): with 64 bits the same as SO_RCVTIMEO"},
    {SOL(SO_SNDTIMEO_NEW), .tells = TellTime, .bytes = 16, .set_refused = TimeRefused, .stores = StoreTime,
     .same_as = SO_SNDTIMEO, .cites = "Linux sock_set_timeout(): with 64 bits the same as SO_SNDTIMEO"},
    {SOL(SO_DETACH_REUSEPORT_BPF), .get = false, .set_refused = GroupDetached,
     .cites = "Linux reuseport_detach_prog()"},
    {SOL(SO_PREFER_BUSY_POLL), .may_give = ENOPROTOOPT, .boolean = true, .right = Right::kMachine,
     .free_least = 0, .free_most = 0, .cites = "Linux sk_setsockopt()"},
    {SOL(SO_BUSY_POLL_BUDGET), .get = false, .may_give = ENOPROTOOPT, .least = 0, .most = 65535, .ignored = true,
     .right = Right::kMachine, .free_least = INT_MIN, .free_most = 0,
     .cites = "Linux sk_setsockopt()"},
    {SOL(SO_NETNS_COOKIE), .set = false, .get_bytes = 8, .get_exactly = true, .tells = TellAnything,
     .cites = "Linux sk_getsockopt()"},
    {SOL(SO_BUF_LOCK), .least = 0, .most = 3, .stores = StoreLocks,
     .cites = "Linux sk_setsockopt(): SOCK_BUF_LOCK_MASK"},
    {SOL(SO_RESERVE_MEM), .least = 0, .beyond = "whether it can be had depends on the process's memory cgroup",
     .cites = "Linux sock_reserve_memory()"},
    {SOL(SO_TXREHASH), .of = kTcp, .start = 1, .boolean = true, .least = -1, .most = 1,
     .cites = "Linux sk_setsockopt()"},
    {SOL(SO_TXREHASH), .of = kUdp, .until = {6, 2}, .start = 1, .boolean = true, .least = -1, .most = 1,
     .cites = "Linux 6.1 sk_setsockopt(), inet_create()"},
    {SOL(SO_TXREHASH), .of = kUnix, .until = {6, 2}, .start = 0, .boolean = true, .least = -1, .most = 1,
     .cites = "Linux 6.1 sk_setsockopt()"},
    {SOL(SO_TXREHASH), .of = kUdp | kUnix, .since = {6, 2}, .get_error = EOPNOTSUPP, .set_error = EOPNOTSUPP,
     .cites = "observed on Linux 6.18: getsockopt(s0, SOL_SOCKET, SO_TXREHASH) = -1 EOPNOTSUPP but on TCP"},
    {SOL(SO_RCVMARK), .boolean = true, .spoils = kOpRecvmsg, .cites = "Linux sk_setsockopt()"},
    {SOL(SO_PASSPIDFD), .of = kUnix, .since = {6, 5}, .boolean = true, .inherited = kUnix, .spoils = kOpReceives | kOpSends | Ops(Op::kConnect),
     .cites = "observed on Linux 6.18: setsockopt(s0, SOL_SOCKET, SO_PASSPIDFD, 1) = 0 on unix sockets"},
    {SOL(SO_PASSPIDFD), .of = kInet, .since = {6, 5}, .get_error = EOPNOTSUPP, .set_error = EOPNOTSUPP,
     .cites = "observed on Linux 6.18: setsockopt(s0, SOL_SOCKET, SO_PASSPIDFD, 1) = -1 EOPNOTSUPP on TCP and UDP"},
    {SOL(SO_PEERPIDFD), .since = {6, 5}, .set = false, .get_refused = NoPeerProcess,
     .beyond = "it makes a descriptor",
     .cites = "observed on Linux 6.18: getsockopt(s0, SOL_SOCKET, SO_PEERPIDFD) = -1 ENODATA"},
    {SOL(SO_DEVMEM_DONTNEED), .since = {6, 12}, .not_modelled = "memory of a device is not what a loopback has",
     .cites = "observed on Linux 6.18"},
    {SOL(SO_RCVPRIORITY), .since = {6, 14}, .boolean = true, .spoils = kOpRecvmsg,
     .cites = "observed on Linux 6.18: setsockopt(s0, SOL_SOCKET, SO_RCVPRIORITY, 1) = 0"},
    {SOL(SO_PASSRIGHTS), .of = kUnix, .since = {6, 16}, .start = 1, .boolean = true,
     .inherited = kUnix, .spoils = Ops(Op::kSendmsg) | kOpRecvmsg, .spoils_others = true,
     .cites = "observed on Linux 6.18: getsockopt(s0, SOL_SOCKET, SO_PASSRIGHTS) = 0, value=1 on unix sockets"},
    {SOL(SO_PASSRIGHTS), .of = kInet, .since = {6, 16}, .get_error = EOPNOTSUPP, .set_error = EOPNOTSUPP,
     .cites = "observed on Linux 6.18: getsockopt(s0, SOL_SOCKET, SO_PASSRIGHTS) = -1 EOPNOTSUPP on TCP and UDP"},
    {SOL(SO_INQ), .of = kUnixStream, .since = {6, 17}, .get = false, .least = 0, .most = 1, .exactly = true, .unread = true,
     .spoils = kOpRecvmsg,
     .cites = "observed on Linux 6.18: setsockopt(s0, SOL_SOCKET, SO_INQ, 1) = 0 on a unix stream"},

    // --- IPPROTO_IP: net/ipv4/ip_sockglue.c, do_ip_setsockopt() and do_ip_getsockopt(); ip(7) ---
    {IP4(IP_TOS), .bytes = 0, .stores = StoreTos, .cites = "ip(7) IP_TOS; Linux __ip_sock_set_tos()"},
    {IP4(IP_TTL), .start = 64, .least = 1, .most = 255, .besides = -1, .bytes = 1, .becomes = Ttl,
     .cites = "ip(7) IP_TTL"},
    {IP4(IP_HDRINCL), .set = false, .cites = "ip(7) IP_HDRINCL: of raw sockets only"},
    {IP4(IP_OPTIONS), .not_modelled = "options of the header are arguments of their own", .cites = "ip(7)"},
    {IP4(IP_ROUTER_ALERT), .until = {6, 2}, .get = false, .set_error = EINVAL, .bytes = 0,
     .cites = "ip(7) IP_ROUTER_ALERT; Linux ip_ra_control(): of raw sockets only"},
    {IP4(IP_ROUTER_ALERT), .since = {6, 2}, .set_error = EINVAL, .bytes = 0,
     .cites = "observed on Linux 6.18: getsockopt(s0, IPPROTO_IP, IP_ROUTER_ALERT) = 0, value=0"},
    {IP4(IP_RECVOPTS), .boolean = true, .bytes = 0, .spoils = kOpRecvmsg, .spoils_of = kUdp,
     .cites = "ip(7) IP_RECVOPTS"},
    {IP4(IP_RETOPTS), .boolean = true, .bytes = 0, .spoils = kOpRecvmsg, .spoils_of = kUdp,
     .cites = "ip(7) IP_RETOPTS"},
    {IP4(IP_PKTINFO), .boolean = true, .bytes = 0, .spoils = kOpRecvmsg, .spoils_of = kUdp,
     .cites = "ip(7) IP_PKTINFO"},
    {IP4_OF(IP_PKTOPTIONS, kTcp), .set = false, .get_refused = PacketOptionsUntold, .tells = TellNothing,
     .unread = true, .cites = "Linux do_ip_getsockopt()"},
    {IP4(IP_MTU_DISCOVER), .start = IP_PMTUDISC_WANT, .least = IP_PMTUDISC_DONT, .most = IP_PMTUDISC_OMIT,
     .bytes = 0, .spoils = kOpSends, .spoils_of = kUdp, .cites = "ip(7) IP_MTU_DISCOVER"},
    {IP4(IP_RECVERR), .boolean = true, .bytes = 0, .stores = StoreReceiveErrors, .cites = "ip(7) IP_RECVERR"},
    {IP4(IP_RECVTTL), .boolean = true, .bytes = 0, .spoils = kOpRecvmsg, .spoils_of = kUdp,
     .cites = "ip(7) IP_RECVTTL"},
    {IP4(IP_RECVTOS), .boolean = true, .bytes = 0, .spoils = kOpRecvmsg, .spoils_of = kUdp,
     .cites = "ip(7) IP_RECVTOS"},
    // Other options make the kernel forget its route, until it needs one again.
    {IP4(IP_MTU), .set = false, .may_give = ENOTCONN, .get_refused = NoRoute, .tells = TellAnything,
     .unread = true, .cites = "ip(7) IP_MTU; Linux sk_dst_get()"},
    {IP4(IP_FREEBIND), .boolean = true, .bytes = 1, .cites = "ip(7) IP_FREEBIND"},
    {IP4(IP_IPSEC_POLICY), .not_modelled = "IPsec is out of reach of a loopback",
     .cites = "Linux xfrm_user_policy()"},
    {IP4(IP_XFRM_POLICY), .not_modelled = "IPsec is out of reach of a loopback",
     .cites = "Linux xfrm_user_policy()"},
    {IP4(IP_PASSSEC), .boolean = true, .bytes = 0, .spoils = kOpRecvmsg, .spoils_of = kUdp,
     .cites = "Linux do_ip_setsockopt()"},
    {IP4(IP_TRANSPARENT), .boolean = true, .bytes = 1, .right = Right::kNetwork, .free_least = 0, .free_most = 0,
     .spoils = Ops(Op::kConnect) | kOpSends,
     .cites = "ip(7) IP_TRANSPARENT"},
    {IP4(IP_RECVORIGDSTADDR), .boolean = true, .bytes = 0, .spoils = kOpRecvmsg, .spoils_of = kUdp,
     .cites = "ip(7) IP_RECVORIGDSTADDR"},
    {IP4(IP_MINTTL), .least = 0, .most = 255, .bytes = 1, .spoils = kOpAll, .spoils_others = true,
     .cites = "Linux do_ip_setsockopt(), tcp_v4_rcv()"},
    {IP4(IP_NODEFRAG), .set = false, .cites = "ip(7) IP_NODEFRAG: of raw sockets only"},
    {IP4(IP_CHECKSUM), .boolean = true, .bytes = 0, .spoils = kOpRecvmsg, .spoils_of = kUdp,
     .cites = "Linux do_ip_setsockopt()"},
    {IP4(IP_BIND_ADDRESS_NO_PORT), .boolean = true, .bytes = 0, .cites = "ip(7) IP_BIND_ADDRESS_NO_PORT"},
    {IP4_OF(IP_RECVFRAGSIZE, kTcp), .set_error = EINVAL, .bytes = 0,
     .cites = "Linux do_ip_setsockopt(): of datagrams only"},
    {IP4_OF(IP_RECVFRAGSIZE, kUdp), .boolean = true, .bytes = 0, .spoils = kOpRecvmsg,
     .cites = "Linux do_ip_setsockopt()"},
    {IP4(IP_RECVERR_RFC4884), .least = 0, .most = 1, .bytes = 0, .cites = "Linux do_ip_setsockopt()"},
    {IP4_OF(IP_MULTICAST_IF, kTcp), .set_error = EINVAL, .unread = true,
     .cites = "Linux do_ip_setsockopt(): not of streams"},
    {IP4_OF(IP_MULTICAST_IF, kUdp), .least = 0, .most = 0, .outside = kOptionNotModelled, .bytes = 4,
     .unread = true, .cites = "ip(7) IP_MULTICAST_IF"},
    {IP4_OF(IP_MULTICAST_TTL, kTcp), .set_error = EINVAL, .tells = TellByte, .bytes = 0,
     .cites = "Linux do_ip_setsockopt(): not of streams; tcp_v4_syn_recv_sock() stores the peer's TTL in it"},
    {IP4_OF(IP_MULTICAST_TTL, kUdp), .start = 1, .least = 0, .most = 255, .besides = -1, .bytes = 1,
     .becomes = MulticastTtl, .cites = "ip(7) IP_MULTICAST_TTL"},
    {IP4(IP_MULTICAST_LOOP), .start = 1, .boolean = true, .bytes = 1, .cites = "ip(7) IP_MULTICAST_LOOP"},
    {IP4_OF(IP_ADD_MEMBERSHIP, kTcp), .get = false, .set_error = EPROTO, .unread = true,
     .cites = "Linux do_ip_setsockopt(): not of connections"},
    {IP4_OF(IP_ADD_MEMBERSHIP, kUdp), .get = false, .bytes = 8, .unread = true,
     .beyond = "groups are joined on devices", .cites = "ip(7) IP_ADD_MEMBERSHIP"},
    {IP4_OF(IP_DROP_MEMBERSHIP, kTcp), .get = false, .set_error = EPROTO, .unread = true,
     .cites = "Linux do_ip_setsockopt(): not of connections"},
    {IP4_OF(IP_DROP_MEMBERSHIP, kUdp), .get = false, .bytes = 8, .unread = true,
     .beyond = "groups are joined on devices", .cites = "ip(7) IP_DROP_MEMBERSHIP"},
    {IP4(IP_UNBLOCK_SOURCE), .get = false, .bytes = 12, .exactly = true, .unread = true,
     .beyond = "groups are joined on devices", .cites = "ip(7) IP_UNBLOCK_SOURCE"},
    {IP4(IP_BLOCK_SOURCE), .get = false, .bytes = 12, .exactly = true, .unread = true,
     .beyond = "groups are joined on devices", .cites = "ip(7) IP_BLOCK_SOURCE"},
    {IP4(IP_ADD_SOURCE_MEMBERSHIP), .get = false, .bytes = 12, .exactly = true, .unread = true,
     .beyond = "groups are joined on devices", .cites = "ip(7) IP_ADD_SOURCE_MEMBERSHIP"},
    {IP4(IP_DROP_SOURCE_MEMBERSHIP), .get = false, .bytes = 12, .exactly = true, .unread = true,
     .beyond = "groups are joined on devices", .cites = "ip(7) IP_DROP_SOURCE_MEMBERSHIP"},
    {IP4(IP_MSFILTER), .get_bytes = 16, .get_refused = NotTold, .bytes = 16, .unread = true,
     .beyond = "groups are joined on devices", .cites = "ip(7) IP_MSFILTER"},
    {IP4(MCAST_JOIN_GROUP), .get = false, .bytes = 136, .unread = true, .beyond = "groups are joined on devices",
     .cites = "Linux ip_mcast_join_leave()"},
    {IP4(MCAST_BLOCK_SOURCE), .get = false, .bytes = 264, .unread = true,
     .beyond = "groups are joined on devices", .cites = "Linux do_mcast_group_source()"},
    {IP4(MCAST_UNBLOCK_SOURCE), .get = false, .bytes = 264, .unread = true,
     .beyond = "groups are joined on devices", .cites = "Linux do_mcast_group_source()"},
    {IP4(MCAST_LEAVE_GROUP), .get = false, .bytes = 136, .unread = true,
     .beyond = "groups are joined on devices", .cites = "Linux ip_mcast_join_leave()"},
    {IP4(MCAST_JOIN_SOURCE_GROUP), .get = false, .bytes = 264, .unread = true,
     .beyond = "groups are joined on devices", .cites = "Linux do_mcast_group_source()"},
    {IP4(MCAST_LEAVE_SOURCE_GROUP), .get = false, .bytes = 264, .unread = true,
     .beyond = "groups are joined on devices", .cites = "Linux do_mcast_group_source()"},
    {IP4(MCAST_MSFILTER), .get_bytes = 144, .get_refused = NotTold, .bytes = 144, .unread = true,
     .beyond = "groups are joined on devices", .cites = "Linux ip_set_mcast_msfilter()"},
    {IP4(IP_MULTICAST_ALL), .families = kOfIpv4, .start = 1, .least = 0, .most = 1, .bytes = 1,
     .cites = "ip(7) IP_MULTICAST_ALL"},
    {IP4(IP_MULTICAST_ALL), .families = kOfIpv6, .start = 0, .least = 0, .most = 1, .bytes = 1,
     .cites = "ip(7) IP_MULTICAST_ALL; Linux inet6_create(), which leaves it 0"},
    {IP4(IP_UNICAST_IF), .least = kNoDevice, .most = kNoDevice, .besides = kLoIndexSwapped,
     .outside = EADDRNOTAVAIL, .exactly = true, .spoils = kOpConnects | kOpSends,
     .cites = "Linux do_ip_setsockopt()"},
    {IP4(IP_LOCAL_PORT_RANGE), .exactly = true, .set_refused = PortRangeRefused,
     .spoils = kOpConnects | kOpSends, .spoils_at = IsNarrow, .cites = "ip(7) IP_LOCAL_PORT_RANGE; Linux do_ip_setsockopt()"},
    {IP4(IP_PROTOCOL), .set = false, .tells = TellIpProtocol, .unread = true,
     .cites = "Linux do_ip_getsockopt(): inet_num, which of these sockets is the port"},

    // --- IPPROTO_TCP: net/ipv4/tcp.c, do_tcp_setsockopt() and do_tcp_getsockopt(); tcp(7) ---
    {TCP(TCP_NODELAY), .posix = true, .boolean = true, .stores = StoreNoDelay,
     .cites = "POSIX <netinet/tcp.h> TCP_NODELAY; tcp(7)"},
    {TCP(TCP_MAXSEG), .tells = TellSegmentSize, .least = 88, .most = 32767, .besides = 0,
     .spoils = kOpSends | kOpReceives | kOpLooks, .spoils_others = true,
     .cites = "tcp(7) TCP_MAXSEG; Linux TCP_MIN_MSS, MAX_TCP_WINDOW"},
    {TCP(TCP_CORK), .boolean = true, .stores = StoreCork, .cites = "tcp(7) TCP_CORK"},
    {TCP(TCP_KEEPIDLE), .start = 7200, .least = 1, .most = 32767, .cites = "tcp(7) TCP_KEEPIDLE"},
    {TCP(TCP_KEEPINTVL), .start = 75, .least = 1, .most = 32767, .cites = "tcp(7) TCP_KEEPINTVL"},
    {TCP(TCP_KEEPCNT), .start = 9, .least = 1, .most = 127, .cites = "tcp(7) TCP_KEEPCNT"},
    {TCP(TCP_SYNCNT), .start = 6, .least = 1, .most = 127, .cites = "tcp(7) TCP_SYNCNT"},
    {TCP(TCP_LINGER2), .start = 60, .becomes = FinTimeout, .spoils = kOpCloses, .spoils_at = IsBrief, .spoils_others = true,
     .cites = "tcp(7) TCP_LINGER2; Linux TCP_FIN_TIMEOUT_MAX"},
    {TCP(TCP_DEFER_ACCEPT), .becomes = AcceptDelay, .inherited = 0,
     .cites = "tcp(7) TCP_DEFER_ACCEPT; Linux secs_to_retrans(), retrans_to_secs()"},
    {TCP(TCP_WINDOW_CLAMP), .tells = TellClamp, .set_refused = ClampRefused, .becomes = WindowClamp,
     .spoils = Ops(Op::kConnect) | Ops(Op::kListen) | kOpSends | kOpReceives, .spoils_others = true,
     .cites = "tcp(7) TCP_WINDOW_CLAMP; Linux tcp_set_window_clamp()"},
    {TCP(TCP_INFO), .set = false, .tells = TellTcpInfo, .cites = "tcp(7) TCP_INFO; Linux tcp_get_info()"},
    {TCP(TCP_QUICKACK), .tells = TellYesOrNo, .stores = StoreQuickAck,
     .cites = "tcp(7) TCP_QUICKACK: \"not permanent\""},
    {TCP(TCP_CONGESTION), .tells = TellCongestion, .bytes = 1, .set_refused = CongestionRefused,
     .becomes = CongestionName,
     .cites = "tcp(7) TCP_CONGESTION; Linux tcp_set_congestion_control(): every kernel has reno"},
    {TCP(TCP_MD5SIG), .not_modelled = "keys are arguments of their own, and a kernel may be built without",
     .cites = "tcp(7)"},
    {TCP(TCP_THIN_LINEAR_TIMEOUTS), .least = 0, .most = 1, .cites = "Linux do_tcp_setsockopt()"},
    {TCP(TCP_THIN_DUPACK), .least = 0, .most = 1, .ignored = true,
     .cites = "Linux do_tcp_setsockopt(), which does nothing"},
    {TCP(TCP_USER_TIMEOUT), .least = 0, .cites = "tcp(7) TCP_USER_TIMEOUT"},
    {TCP(TCP_REPAIR), .set_refused = RepairRefused, .right = Right::kNetwork,
     .beyond = "a socket under repair keeps to no protocol", .cites = "Linux tcp_can_repair_sock()"},
    {TCP(TCP_REPAIR_QUEUE), .get_error = EINVAL, .set_error = EPERM,
     .cites = "Linux do_tcp_setsockopt(): only under repair"},
    {TCP(TCP_QUEUE_SEQ), .get_error = EINVAL, .set_refused = SequenceRefused,
     .cites = "Linux do_tcp_setsockopt(): only under repair"},
    {TCP(TCP_REPAIR_OPTIONS), .get = false, .set_error = EINVAL,
     .cites = "Linux do_tcp_setsockopt(): only under repair"},
    {TCP(TCP_FASTOPEN), .least = 0, .becomes = FastOpenQueue, .settable = Settable::kClosedOrListening,
     .inherited = 0, .cites = "tcp(7) TCP_FASTOPEN; Linux fastopen_queue_tune()"},
    {TCP(TCP_TIMESTAMP), .set_error = EPERM, .tells = TellAnything,
     .cites = "Linux do_tcp_setsockopt(): only under repair"},
    {TCP(TCP_NOTSENT_LOWAT), .stores = StoreNotSent, .spoils = kOpSends | kOpLooks,
     .cites = "Linux do_tcp_setsockopt(), tcp_notsent_lowat()"},
    {TCP(TCP_CC_INFO), .not_modelled = "what a congestion control tells is its own",
     .cites = "Linux do_tcp_getsockopt()"},
    {TCP(TCP_SAVE_SYN), .least = 0, .most = 2, .cites = "tcp(7) TCP_SAVE_SYN"},
    {TCP(TCP_SAVED_SYN), .set = false, .get_refused = SynUntold, .tells = TellNothing,
     .cites = "tcp(7) TCP_SAVED_SYN"},
    {TCP(TCP_REPAIR_WINDOW), .get_error = EPERM, .set_error = EPERM, .get_bytes = 20, .get_exactly = true,
     .cites = "Linux do_tcp_setsockopt(): only under repair"},
    {TCP(TCP_FASTOPEN_CONNECT), .least = 0, .most = 1, .settable = Settable::kClosed, .spoils = kOpAll,
     .spoils_at = NeedsNoCookie, .cites = "tcp(7) TCP_FASTOPEN_CONNECT"},
    {TCP(TCP_ULP), .set_error = ENOENT, .tells = TellNothing, .bytes = 1,
     .cites = "Linux tcp_set_ulp(): none of the names that programs say is one"},
    {TCP(TCP_MD5SIG_EXT), .not_modelled = "as TCP_MD5SIG", .cites = "tcp(7)"},
    {TCP(TCP_FASTOPEN_KEY), .not_modelled = "keys are arguments of their own",
     .cites = "Linux tcp_fastopen_reset_cipher()"},
    {TCP(TCP_FASTOPEN_NO_COOKIE), .least = 0, .most = 1, .settable = Settable::kClosedOrListening,
     .cites = "Linux do_tcp_setsockopt()"},
    {TCP(TCP_ZEROCOPY_RECEIVE), .not_modelled = "pages of memory are arguments of their own",
     .cites = "Linux tcp_zerocopy_receive()"},
    {TCP(TCP_INQ), .least = 0, .most = 1, .spoils = kOpRecvmsg, .cites = "tcp(7) TCP_INQ"},
    {TCP(TCP_TX_DELAY), .until = {6, 2}, .spoils = kOpSends | kOpReceives | kOpLooks | kOpCloses | kOpConnects,
     .spoils_others = true, .cites = "Linux 6.1 do_tcp_setsockopt()"},
    {TCP(TCP_TX_DELAY), .since = {6, 2}, .least = 0, .most = (1 << 28) - 1,
     .spoils = kOpSends | kOpReceives | kOpLooks | kOpCloses | kOpConnects, .spoils_others = true,
     .cites = "observed on Linux 6.18: setsockopt(s0, IPPROTO_TCP, TCP_TX_DELAY, 268435456) = -1 EINVAL"},
    {TCP(TCP_AO_ADD_KEY), .not_modelled = "keys are arguments of their own, and a kernel may be built without",
     .cites = "Documentation/networking/tcp_ao.rst"},
    {TCP(TCP_AO_DEL_KEY), .not_modelled = "as TCP_AO_ADD_KEY", .cites = "Documentation/networking/tcp_ao.rst"},
    {TCP(TCP_AO_INFO), .not_modelled = "as TCP_AO_ADD_KEY", .cites = "Documentation/networking/tcp_ao.rst"},
    {TCP(TCP_AO_GET_KEYS), .not_modelled = "as TCP_AO_ADD_KEY", .cites = "Documentation/networking/tcp_ao.rst"},
    {TCP(TCP_AO_REPAIR), .not_modelled = "as TCP_AO_ADD_KEY", .cites = "Documentation/networking/tcp_ao.rst"},
    {TCP(TCP_IS_MPTCP), .since = {6, 2}, .set = false,
     .cites = "observed on Linux 6.18: getsockopt(s0, IPPROTO_TCP, TCP_IS_MPTCP) = 0, value=0"},
    {TCP(TCP_RTO_MAX_MS), .since = {6, 2}, .not_modelled = "it is rounded to the kernel's clock rate",
     .cites = "observed on Linux 6.18"},
    {TCP(TCP_RTO_MIN_US), .since = {6, 2}, .not_modelled = "it is rounded to the kernel's clock rate",
     .cites = "observed on Linux 6.18"},
    {TCP(TCP_DELACK_MAX_US), .since = {6, 2}, .not_modelled = "it is rounded to the kernel's clock rate",
     .cites = "observed on Linux 6.18"},

    // --- IPPROTO_UDP: net/ipv4/udp.c, udp_lib_setsockopt() and udp_lib_getsockopt(); udp(7) ---
    {UDP(UDP_CORK), .boolean = true, .spoils = kOpAll, .cites = "udp(7) UDP_CORK"},
    {UDP(UDPLITE_SEND_CSCOV), .set = false, .cites = "Linux udp_lib_setsockopt(): of UDP-Lite only"},
    {UDP(UDPLITE_RECV_CSCOV), .set = false, .cites = "Linux udp_lib_setsockopt(): of UDP-Lite only"},
    {UDP(UDP_ENCAP), .least = 0, .most = 0, .outside = kOptionNotModelled,
     .cites = "Linux udp_lib_setsockopt(); which encapsulations there are depends on the release and on how the kernel was built"},
    {UDP(UDP_NO_CHECK6_TX), .boolean = true, .spoils = kOpSends, .cites = "Linux udp_lib_setsockopt()"},
    {UDP(UDP_NO_CHECK6_RX), .boolean = true, .cites = "Linux udp_lib_setsockopt()"},
    {UDP(UDP_SEGMENT), .least = 0, .most = 65535, .spoils = kOpSends, .cites = "udp(7) UDP_SEGMENT"},
    {UDP(UDP_GRO), .boolean = true, .spoils = kOpReceives, .cites = "udp(7) UDP_GRO"},

    // --- IPPROTO_IPV6: net/ipv6/ipv6_sockglue.c, do_ipv6_setsockopt() and do_ipv6_getsockopt(); ipv6(7) ---
    {IP6(IPV6_ADDRFORM), .start = AF_INET6, .get_refused = NotOpen, .least = AF_INET, .most = AF_INET,
     .set_refused = AddressFormRefused, .cites = "ipv6(7) IPV6_ADDRFORM"},
    {IP6(IPV6_2292PKTINFO), .boolean = true, .spoils = kOpRecvmsg, .spoils_of = kUdp,
     .cites = "Linux do_ipv6_setsockopt()"},
    {IP6(IPV6_2292HOPOPTS), .boolean = true, .spoils = kOpRecvmsg, .spoils_of = kUdp,
     .cites = "Linux do_ipv6_setsockopt()"},
    {IP6(IPV6_2292DSTOPTS), .boolean = true, .spoils = kOpRecvmsg, .spoils_of = kUdp,
     .cites = "Linux do_ipv6_setsockopt()"},
    {IP6(IPV6_2292RTHDR), .boolean = true, .spoils = kOpRecvmsg, .spoils_of = kUdp,
     .cites = "Linux do_ipv6_setsockopt()"},
    {IP6(IPV6_2292PKTOPTIONS), .not_modelled = "headers are arguments of their own", .cites = "RFC 2292"},
    {IP6(IPV6_2292HOPLIMIT), .boolean = true, .spoils = kOpRecvmsg, .spoils_of = kUdp,
     .cites = "Linux do_ipv6_setsockopt()"},
    {IP6(IPV6_FLOWINFO), .boolean = true, .spoils = kOpRecvmsg, .spoils_of = kUdp,
     .cites = "Linux do_ipv6_setsockopt()"},
    {IP6(IPV6_UNICAST_HOPS), .posix = true, .start = 64, .least = 0, .most = 255, .besides = -1, .becomes = Ttl,
     .cites = "POSIX IPV6_UNICAST_HOPS; ipv6(7)"},
    {IP6_OF(IPV6_MULTICAST_IF, kTcp), .posix = true, .set = false, .tells = TellAnything,
     .cites = "Linux do_ipv6_setsockopt(): not of streams; tcp_v6_syn_recv_sock() stores the device in it"},
    {IP6_OF(IPV6_MULTICAST_IF, kUdp), .posix = true, .least = 0, .most = kLoIndex, .outside = ENODEV,
     .spoils = kOpSends, .cites = "POSIX IPV6_MULTICAST_IF; ipv6(7)"},
    {IP6_OF(IPV6_MULTICAST_HOPS, kTcp), .posix = true, .set = false, .tells = TellByte,
     .cites = "Linux do_ipv6_setsockopt(): not of streams; tcp_v6_syn_recv_sock() stores the peer's hop limit in it"},
    {IP6_OF(IPV6_MULTICAST_HOPS, kUdp), .posix = true, .start = 1, .least = 0, .most = 255, .besides = -1,
     .becomes = MulticastTtl, .cites = "POSIX IPV6_MULTICAST_HOPS; ipv6(7)"},
    {IP6(IPV6_MULTICAST_LOOP), .posix = true, .start = 1, .least = 0, .most = 1,
     .cites = "POSIX IPV6_MULTICAST_LOOP; ipv6(7)"},
    {IP6_OF(IPV6_JOIN_GROUP, kTcp), .posix = true, .get = false, .set_error = EPROTO, .bytes = 20,
     .cites = "Linux do_ipv6_setsockopt(): not of connections"},
    {IP6_OF(IPV6_JOIN_GROUP, kUdp), .posix = true, .get = false, .bytes = 20,
     .beyond = "groups are joined on devices", .cites = "POSIX IPV6_JOIN_GROUP; ipv6(7)"},
    {IP6_OF(IPV6_LEAVE_GROUP, kTcp), .posix = true, .get = false, .set_error = EPROTO, .bytes = 20,
     .cites = "Linux do_ipv6_setsockopt(): not of connections"},
    {IP6_OF(IPV6_LEAVE_GROUP, kUdp), .posix = true, .get = false, .bytes = 20,
     .beyond = "groups are joined on devices", .cites = "POSIX IPV6_LEAVE_GROUP; ipv6(7)"},
    {IP6(IPV6_ROUTER_ALERT), .until = {6, 2}, .get = false, .set_error = ENOPROTOOPT,
     .cites = "ipv6(7) IPV6_ROUTER_ALERT; Linux ip6_ra_control(): of raw sockets only"},
    {IP6(IPV6_ROUTER_ALERT), .since = {6, 2}, .set_error = ENOPROTOOPT,
     .cites = "observed on Linux 6.18: getsockopt(s0, IPPROTO_IPV6, IPV6_ROUTER_ALERT) = 0, value=0"},
    {IP6(IPV6_MTU_DISCOVER), .start = IPV6_PMTUDISC_WANT, .least = IPV6_PMTUDISC_DONT,
     .most = IPV6_PMTUDISC_OMIT, .spoils = kOpSends, .spoils_of = kUdp, .cites = "ipv6(7) IPV6_MTU_DISCOVER"},
    {IP6(IPV6_MTU), .may_give = ENOTCONN, .get_refused = NoRoute, .tells = TellAnything, .least = 1280,
     .besides = 0, .spoils = kOpSends, .spoils_of = kUdp, .cites = "ipv6(7) IPV6_MTU; Linux IPV6_MIN_MTU"},
    {IP6(IPV6_RECVERR), .boolean = true, .stores = StoreReceiveErrors, .cites = "ipv6(7) IPV6_RECVERR"},
    {IP6(IPV6_V6ONLY), .posix = true, .tells = TellOnlyInet6, .boolean = true, .stores = StoreOnlyInet6,
     .settable = Settable::kUnbound, .cites = "POSIX IPV6_V6ONLY; ipv6(7)"},
    {IP6(IPV6_JOIN_ANYCAST), .get = false, .bytes = 20, .beyond = "groups are joined on devices",
     .cites = "Linux ipv6_sock_ac_join()"},
    {IP6(IPV6_LEAVE_ANYCAST), .get = false, .bytes = 20, .beyond = "groups are joined on devices",
     .cites = "Linux ipv6_sock_ac_drop()"},
    {IP6(IPV6_MULTICAST_ALL), .start = 1, .boolean = true, .cites = "Linux do_ipv6_setsockopt()"},
    {IP6(IPV6_ROUTER_ALERT_ISOLATE), .boolean = true, .cites = "Linux do_ipv6_setsockopt()"},
    {IP6(IPV6_RECVERR_RFC4884), .least = 0, .most = 1, .cites = "Linux do_ipv6_setsockopt()"},
    {IP6(IPV6_FLOWLABEL_MGR), .not_modelled = "labels are arguments of their own",
     .cites = "Linux ipv6_flowlabel_opt()"},
    {IP6(IPV6_FLOWINFO_SEND), .boolean = true, .spoils = Ops(Op::kConnect) | kOpSends,
     .cites = "Linux do_ipv6_setsockopt()"},
    {IP6(IPV6_IPSEC_POLICY), .not_modelled = "IPsec is out of reach of a loopback",
     .cites = "Linux xfrm_user_policy()"},
    {IP6(IPV6_XFRM_POLICY), .not_modelled = "IPsec is out of reach of a loopback",
     .cites = "Linux xfrm_user_policy()"},
    {IP6(MCAST_JOIN_GROUP), .get = false, .bytes = 136, .beyond = "groups are joined on devices",
     .cites = "Linux ipv6_mcast_join_leave()"},
    {IP6(MCAST_BLOCK_SOURCE), .get = false, .bytes = 264, .beyond = "groups are joined on devices",
     .cites = "Linux do_ipv6_mcast_group_source()"},
    {IP6(MCAST_UNBLOCK_SOURCE), .get = false, .bytes = 264, .beyond = "groups are joined on devices",
     .cites = "Linux do_ipv6_mcast_group_source()"},
    {IP6(MCAST_LEAVE_GROUP), .get = false, .bytes = 136, .beyond = "groups are joined on devices",
     .cites = "Linux ipv6_mcast_join_leave()"},
    {IP6(MCAST_JOIN_SOURCE_GROUP), .get = false, .bytes = 264, .beyond = "groups are joined on devices",
     .cites = "Linux do_ipv6_mcast_group_source()"},
    {IP6(MCAST_LEAVE_SOURCE_GROUP), .get = false, .bytes = 264, .beyond = "groups are joined on devices",
     .cites = "Linux do_ipv6_mcast_group_source()"},
    {IP6(MCAST_MSFILTER), .not_modelled = "groups are joined on devices",
     .cites = "Linux ipv6_set_mcast_msfilter()"},
    {IP6(IPV6_RECVPKTINFO), .boolean = true, .spoils = kOpRecvmsg, .spoils_of = kUdp,
     .cites = "ipv6(7) IPV6_RECVPKTINFO"},
    {IP6(IPV6_PKTINFO), .get = false, .bytes = 20, .beyond = "addresses are arguments of their own",
     .cites = "ipv6(7) IPV6_PKTINFO"},
    {IP6(IPV6_RECVHOPLIMIT), .boolean = true, .spoils = kOpRecvmsg, .spoils_of = kUdp,
     .cites = "ipv6(7) IPV6_RECVHOPLIMIT"},
    {IP6(IPV6_RECVHOPOPTS), .boolean = true, .spoils = kOpRecvmsg, .spoils_of = kUdp,
     .cites = "ipv6(7) IPV6_HOPOPTS"},
    {IP6(IPV6_HOPOPTS), .not_modelled = "headers are arguments of their own", .cites = "RFC 3542"},
    {IP6(IPV6_RTHDRDSTOPTS), .not_modelled = "headers are arguments of their own", .cites = "RFC 3542"},
    {IP6(IPV6_RECVRTHDR), .boolean = true, .spoils = kOpRecvmsg, .spoils_of = kUdp,
     .cites = "ipv6(7) IPV6_RTHDR"},
    {IP6(IPV6_RTHDR), .not_modelled = "headers are arguments of their own", .cites = "RFC 3542"},
    {IP6(IPV6_RECVDSTOPTS), .boolean = true, .spoils = kOpRecvmsg, .spoils_of = kUdp,
     .cites = "ipv6(7) IPV6_DSTOPTS"},
    {IP6(IPV6_DSTOPTS), .not_modelled = "headers are arguments of their own", .cites = "RFC 3542"},
    {IP6(IPV6_RECVPATHMTU), .boolean = true, .spoils = kOpReceives, .spoils_of = kUdp,
     .cites = "Linux do_ipv6_setsockopt(); udpv6_recvmsg() on rxpmtu"},
    {IP6(IPV6_PATHMTU), .set = false, .get_bytes = 32, .get_refused = NoRouteToTell,
     .beyond = "IPV6_MTU tells the same", .cites = "Linux do_ipv6_getsockopt()"},
    {IP6(IPV6_DONTFRAG), .boolean = true, .bytes = 0, .cites = "Linux do_ipv6_setsockopt()"},
    {IP6(IPV6_RECVTCLASS), .boolean = true, .spoils = kOpRecvmsg, .spoils_of = kUdp,
     .cites = "Linux do_ipv6_setsockopt()"},
    {IP6(IPV6_TCLASS), .least = -1, .most = 255, .becomes = TrafficClass, .cites = "Linux do_ipv6_setsockopt()"},
    {IP6(IPV6_AUTOFLOWLABEL), .start = 1, .boolean = true, .bytes = 0,
     .cites = "Linux do_ipv6_setsockopt(), ip6_autoflowlabel()"},
    {IP6(IPV6_ADDR_PREFERENCES), .start = kEither | kHome, .set_refused = PreferencesRefused,
     .becomes = Preferences, .cites = "Linux __ip6_sock_set_addr_preferences()"},
    {IP6(IPV6_MINHOPCOUNT), .least = 0, .most = 255, .spoils = kOpAll, .spoils_others = true,
     .cites = "Linux do_ipv6_setsockopt(), tcp_v6_rcv()"},
    {IP6(IPV6_RECVORIGDSTADDR), .boolean = true, .spoils = kOpRecvmsg, .spoils_of = kUdp,
     .cites = "Linux do_ipv6_setsockopt()"},
    {IP6(IPV6_TRANSPARENT), .boolean = true, .right = Right::kNetwork, .free_least = 0, .free_most = 0,
     .same_as = IP_TRANSPARENT, .same_level = kIpLevel, .cites = "Linux do_ipv6_setsockopt()"},
    {IP6(IPV6_UNICAST_IF), .least = kNoDevice, .most = kNoDevice, .besides = kLoIndexSwapped,
     .outside = EADDRNOTAVAIL, .exactly = true, .spoils = kOpConnects | kOpSends,
     .cites = "Linux do_ipv6_setsockopt()"},
    {IP6(IPV6_RECVFRAGSIZE), .boolean = true, .bytes = 0, .spoils = kOpRecvmsg, .spoils_of = kUdp,
     .cites = "Linux do_ipv6_setsockopt()"},
    {IP6(IPV6_FREEBIND), .boolean = true, .same_as = IP_FREEBIND, .same_level = kIpLevel,
     .cites = "Linux do_ipv6_setsockopt()"},

};
// clang-format on
#undef SOL
#undef IP4
#undef IP4_OF
#undef TCP
#undef UDP
#undef IP6
#undef IP6_OF
constexpr uint16_t kNoRow = 0xffff;
static_assert(std::size(kRows) < kNoRow);

// By level and number, so that a look-up is two steps: the first row of each option, kNoRow where there is none.
constexpr int kNumbers = 128;
struct Index {
  std::array<std::array<uint16_t, kNumbers>, kIpv6Level + 1> first;
  std::array<uint16_t, std::size(kRows)> stored_by;  // of a row: where its value is stored
};
constexpr Index kIndex = [] {
  Index index{};
  for (auto& level : index.first) level.fill(kNoRow);
  for (size_t i = 0; i < std::size(kRows); ++i) {
    uint16_t& first = index.first[kRows[i].level][kRows[i].option];
    if (first == kNoRow) first = static_cast<uint16_t>(i);
  }
  for (size_t i = 0; i < std::size(kRows); ++i) {
    const OptionRow& row = kRows[i];
    const int32_t level = row.same_level >= 0 ? row.same_level : row.level;
    index.stored_by[i] = index.first[level][row.same_as >= 0 ? row.same_as : row.option];
  }
  return index;
}();

uint16_t FirstRow(int32_t level, int32_t option) {
  if (level < 0 || level > kIpv6Level || option < 0 || option >= kNumbers) return kNoRow;
  return kIndex.first[level][option];
}
bool IsAbout(const OptionRow& row, const Socket& socket) {
  if ((row.of & SetOf(socket.kind)) == 0) return false;
  return IsUnix(socket.kind) || (row.families & (socket.inet6 ? kOfIpv6 : kOfIpv4)) != 0;
}
bool SameOption(const OptionRow& a, const OptionRow& b) { return a.level == b.level && a.option == b.option; }

// The entry of what row `stored_by` stores.
template <class AnyWorld>
auto* Entry(AnyWorld& world, uint8_t socket, uint16_t stored_by) {
  auto* const end = world.options.data() + world.set_options;
  for (auto* entry = world.options.data(); entry != end; ++entry) {
    if (entry->socket == socket && entry->row == stored_by) return entry;
  }
  return static_cast<decltype(end)>(nullptr);
}
bool IsInherited(const SetOption& entry, const Socket& socket) {
  for (size_t i = entry.row; i < std::size(kRows) && SameOption(kRows[i], kRows[entry.row]); ++i) {
    if (IsAbout(kRows[i], socket)) return (kRows[i].inherited & SetOf(socket.kind)) != 0;
  }
  return false;
}
void Erase(World& world, SetOption* entry) {
  SetOption& last = world.options[--world.set_options];
  *entry = last;
  last = SetOption{};
}

}  // namespace

std::span<const OptionRow> OptionRows() { return kRows; }

const OptionRow* FindOption(const Profile& profile, const Socket& socket, int32_t level, int32_t option) {
  const OptionRow* const rows = profile.options == nullptr ? kRows : profile.options;
  for (size_t i = FirstRow(level, option); i < std::size(kRows) && rows[i].level == level && rows[i].option == option;
       ++i) {
    const OptionRow& row = rows[i];
    if (!IsAbout(row, socket)) continue;
    if (profile.family == kPosix) return &row;
    if (profile.version >= row.since && (row.until == Version{} || profile.version < row.until)) return &row;
  }
  return nullptr;
}

bool SpeaksLevel(const Socket& socket, int32_t level) {
  switch (level) {
    case kSocketLevel: return true;
    case kIpLevel: return !IsUnix(socket.kind);
    case kTcpLevel: return socket.kind == SocketKind::kTcp;
    case kUdpLevel: return socket.kind == SocketKind::kUdp;
    case kIpv6Level: return !IsUnix(socket.kind) && socket.inet6;
    default: return false;
  }
}

const SetOption* FindSetOption(const World& world, uint8_t socket, int32_t level, int32_t option) {
  const uint16_t first = FirstRow(level, option);
  return first == kNoRow ? nullptr : Entry(world, socket, kIndex.stored_by[first]);
}

int32_t OptionOf(const World& world, uint8_t socket, int32_t level, int32_t option) {
  const uint16_t first = FirstRow(level, option);
  if (first == kNoRow) return 0;
  if (const SetOption* set = Entry(world, socket, kIndex.stored_by[first]); set != nullptr) return set->value;
  for (size_t i = first; i < std::size(kRows) && SameOption(kRows[i], kRows[first]); ++i) {
    if (IsAbout(kRows[i], world.sockets[socket])) return kRows[i].start;
  }
  return 0;
}

bool IsSet(const World& world, uint8_t socket, int32_t level, int32_t option) {
  return world.set_options != 0 && OptionOf(world, socket, level, option) != 0;
}

void StoreOption(World& world, const OptionRow& row, uint8_t socket, int32_t first, int32_t second) {
  const uint16_t stored_by = kIndex.stored_by[FirstRow(row.level, row.option)];
  SetOption* entry = Entry(world, socket, stored_by);
  // Of a number of 64 bits that starts as -1, all ones, the second half is -1, too.
  const bool wide = row.start == -1 && FormOf(row.level, row.option) == OptionForm::kPair;
  const bool usual = first == row.start && second == (wide ? -1 : 0);
  if (usual) {
    if (entry != nullptr) Erase(world, entry);
    return;
  }
  if (entry == nullptr) {
    if (world.set_options == kMaxSetOptions) {
      world.lost = Lost::kFull;
      return;
    }
    entry = &world.options[world.set_options++];
  }
  *entry = {.socket = socket, .row = stored_by, .value = first, .second = second};
}

void InheritOptions(World& world, uint8_t listener, uint8_t child) {
  for (int i = 0; i < world.set_options; ++i) {
    const SetOption& entry = world.options[i];
    if (entry.socket != listener || !IsInherited(entry, world.sockets[listener])) continue;
    if (world.set_options == kMaxSetOptions) {
      world.lost = Lost::kFull;
      return;
    }
    world.options[world.set_options] = entry;
    world.options[world.set_options++].socket = child;
  }
}

void ForgetOptions(World& world, uint8_t socket) {
  for (int i = world.set_options - 1; i >= 0; --i) {
    if (world.options[i].socket == socket) Erase(world, &world.options[i]);
  }
}

void ForgetOption(World& world, uint8_t socket, int32_t level, int32_t option) {
  SetOption* entry = Entry(world, socket, kIndex.stored_by[FirstRow(level, option)]);
  if (entry != nullptr) Erase(world, entry);
}

uint32_t ReceiveLowWaterOf(const World& world, uint8_t socket) {
  if (world.set_options == 0) return 1;
  // As much as the machine allows is more than any buffer holds here.
  const int32_t bytes = OptionOf(world, socket, SOL_SOCKET, SO_RCVLOWAT);
  return bytes == kMachinesMost ? INT_MAX : static_cast<uint32_t>(bytes);
}

const SetOption* FindTimeout(const World& world, uint8_t socket, Op op) {
  if ((Ops(op) & (kOpReceives | Ops(Op::kAccept) | Ops(Op::kAccept4))) != 0) {
    return FindSetOption(world, socket, SOL_SOCKET, SO_RCVTIMEO);
  }
  return (Ops(op) & (kOpSends | Ops(Op::kConnect))) != 0 ? FindSetOption(world, socket, SOL_SOCKET, SO_SNDTIMEO)
                                                         : nullptr;
}

const char* SpoiltBy(const World& world, const Call& call, const Profile& profile) {
  if (world.set_options == 0 && !world.foreign) return nullptr;
  const uint8_t own = SocketOf(call, world);
  if (own != kNone && world.sockets[own].foreign && (Ops(call.op) & (kOpSends | Ops(Op::kConnect)))) {
    return "the socket is bound to an address that is not ours, and what it sends does not get far";
  }
  for (int i = 0; i < world.set_options; ++i) {
    const SetOption& entry = world.options[i];
    for (size_t r = entry.row; r < std::size(kRows) && SameOption(kRows[r], kRows[entry.row]); ++r) {
      const OptionRow& row = kRows[r];
      const Socket& socket = world.sockets[entry.socket];
      if (!IsAbout(row, socket) || (row.spoils_of & SetOf(socket.kind)) == 0) continue;
      if ((row.spoils & Ops(call.op)) == 0 || (!row.spoils_others && entry.socket != own)) continue;
      if (row.spoils_at != nullptr && !row.spoils_at(world, entry, profile, call)) continue;
      return "an option was set whose influence on this call is not modelled";
    }
  }
  return nullptr;
}

int32_t ValueToSet(const Scene& scene) {
  const Call& call = scene.call;
  const bool whole = call.length >= 4 && call.pointer == Pointer::kValid;
  if (whole) return call.value;
  if (call.level != kIpLevel || call.length < 1 || call.pointer != Pointer::kValid) return 0;
  return call.value & 0xff;
}

}  // namespace sockspec
