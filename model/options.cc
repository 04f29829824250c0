// getsockopt() and setsockopt(). What each option is stands in the table of options (option_table.cc); here
// stands in which order a kernel asks. SOL_SOCKET, IPPROTO_TCP and IPPROTO_UDP ask for an int before they look
// which option it is; IPPROTO_IP takes less than an int; IPPROTO_IPV6 takes a null pointer for 0.

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <climits>
#include <cstring>

#include "model/option_table.h"
#include "model/program/declarations.h"
#include "model/program/option_names.h"
#include "model/tables.h"

namespace sockspec {
namespace {

bool Speaks(const Scene& s) { return s.has_socket() && SpeaksLevel(s.me(), s.call.level); }
bool Mute(const Scene& s) { return s.has_socket() && !SpeaksLevel(s.me(), s.call.level); }
bool AsksForAnInt(const Scene& s) {
  return Speaks(s) && s.call.level != kIpLevel && s.call.level != kIpv6Level;
}

// Numbers at the levels of IP that belong to netfilter and to multicast routing: what they do depends on what a
// machine has loaded.
bool IsForeign(const Scene& s) {
  const int32_t option = s.call.option;
  return (s.call.level == kIpLevel || s.call.level == kIpv6Level) &&
         ((option >= 64 && option < 256) || (option >= 1152 && option < 1280));
}
bool Missing(const Scene& s) { return Speaks(s) && s.option == nullptr && !IsForeign(s); }
bool Modelled(const Scene& s) {
  return Speaks(s) && s.option != nullptr && s.option->not_modelled == nullptr;
}

// --- getsockopt ----------------------------------------------------------------------------------------

bool NotSupportedLevel(const Scene& s) { return Mute(s) && (IsUnix(s.me().kind) || !s.me().inet6); }
bool UnknownLevel(const Scene& s) { return Mute(s) && !NotSupportedLevel(s); }
// BPFILTER_IPT_SO_GET_INFO up to BPFILTER_IPT_GET_MAX.
bool HasBpfilterNumber(const Scene& s) {
  return !IsUnix(s.me().kind) && (NotSupportedLevel(s) || s.call.level == kIpLevel) && s.call.option >= 64 && s.call.option < 68;
}
bool AsksBpfilter(const Scene& s) { return HasBpfilterNumber(s) && !BadLengthPointer(s); }
bool AsksBpfilterUnreadably(const Scene& s) { return HasBpfilterNumber(s) && BadLengthPointer(s); }
bool LengthUnreadable(const Scene& s) { return Speaks(s) && BadLengthPointer(s); }
bool Negative(const Scene& s) { return Speaks(s) && s.call.level != kIpv6Level && LengthNegative(s); }
bool WriteOnly(const Scene& s) { return Modelled(s) && !s.option->get; }

bool Readable(const Scene& s) { return Modelled(s) && s.option->get; }
// do_ipv6_getsockopt() does not look for a negative length, which is a very long one then.
uint32_t Room(const Scene& s) { return static_cast<uint32_t>(s.call.length); }
bool RoomOdd(const Scene& s) {
  if (!Readable(s)) return false;
  const uint32_t wanted = static_cast<uint32_t>(s.option->get_bytes);
  return Room(s) < wanted || (s.option->get_exactly && Room(s) != wanted);
}
int16_t GetError(const Scene& s) {
  if (!Readable(s)) return 0;
  if (s.option->get_error != 0) return s.option->get_error;
  return s.option->get_refused == nullptr ? int16_t{0} : s.option->get_refused(s);
}
template <int16_t kError>
bool GetRefused(const Scene& s) {
  return GetError(s) == kError;
}
bool Gets(const Scene& s) { return Readable(s) && GetError(s) == 0; }
template <int16_t kError>
bool GetMayGive(const Scene& s) {
  return Gets(s) && s.option->may_give == kError;
}
bool Is(const Scene& s, int32_t option) { return s.call.level == SOL_SOCKET && s.call.option == option; }
bool GetsError(const Scene& s) { return Gets(s) && Is(s, SO_ERROR); }

// What is stored, or what the socket is.
Told ToldOf(const Scene& s) {
  const OptionRow& row = *s.option;
  if (row.tells != nullptr) return row.tells(s);
  const SetOption* set = FindSetOption(s.world, s.index, row.level, row.option);
  return set == nullptr ? Told{.first = row.start} : Told{.first = set->value, .second = set->second};
}
// How many bytes come back: as many as there are and as have room. At IPPROTO_IP what fits into a byte is given
// as one where there is no room for an int.
uint32_t LengthTold(const Scene& s, const Told& told) {
  const int32_t size = OptionSize(s.call.level, s.call.option);
  const uint32_t length = std::min(Room(s), static_cast<uint32_t>(told.size >= 0 ? told.size : size));
  const bool as_byte = s.call.level == kIpLevel && told.size < 0 && size == 4 && length > 0 && length < 4 &&
                       s.call.option != IP_MULTICAST_IF;
  if (!as_byte) return length;
  if (told.open && s.seen != nullptr) return s.seen->option_length == 1 ? 1 : length;
  return told.first >= 0 && told.first <= 255 ? 1 : length;
}
bool Unwritable(const Scene& s) {
  return Gets(s) && !GetsError(s) && s.call.pointer != Pointer::kValid && LengthTold(s, ToldOf(s)) > 0;
}
bool AtSocketLevel(const Scene& s) { return s.call.level == SOL_SOCKET; }
bool UnwritableFirst(const Scene& s) { return Unwritable(s) && AtSocketLevel(s); }
bool UnwritableLast(const Scene& s) { return Unwritable(s) && !AtSocketLevel(s); }
bool ErrorUnwritable(const Scene& s) {
  return GetsError(s) && s.call.pointer != Pointer::kValid && s.call.length > 0;
}
bool GetUndefined(const Scene& s) {
  return s.has_socket() &&
         (s.call.pointer != Pointer::kValid || BadLengthPointer(s) || s.call.length < 0);
}

constexpr int64_t kMicroseconds = 1000000;
constexpr int64_t kCoarsestTick = 10000;  // microseconds, of a kernel that counts 100 ticks a second

int32_t CutOff(int32_t value, uint32_t bytes) {
  return bytes >= 4 ? value : static_cast<int32_t>(static_cast<uint32_t>(value) & ((1u << (8 * bytes)) - 1));
}

// Fills value= and len= of the reply, from what is told and, where the kernel chose, from what was seen.
void Tell(Scene& s, Told told) {
  const OptionForm form = FormOf(s.call.level, s.call.option);
  const uint32_t length = LengthTold(s, told);
  if (length != static_cast<uint32_t>(OptionSize(s.call.level, s.call.option))) {
    s.reply.wrote |= kWroteLength;
    s.reply.option_length = static_cast<int32_t>(length);
  }
  const uint32_t second_at = static_cast<uint32_t>(SecondMemberAt(form));
  // A struct or a name says nothing where part of it is missing.
  const uint32_t needed = form == OptionForm::kText          ? 16
                          : form == OptionForm::kCredentials ? 12
                                                             : 1;
  bool whole = length >= needed;
  if (form == OptionForm::kText && !whole) {
    whole = told.open ? s.seen != nullptr && (s.seen->wrote & kWroteValue)
                      : length > strlen(OptionTexts()[static_cast<size_t>(told.first)].text);
  }
  if (!whole || length == 0 || form == OptionForm::kOpaque) return;
  s.reply.wrote |= kWroteValue;
  if (told.open || told.any_second) {
    s.open = true;
    s.note = "a value of the kernel's choice";
    if (s.seen != nullptr && (s.seen->wrote & kWroteValue)) {
      const bool cut = length < 4;
      const Reply& seen = *s.seen;
      if (form == OptionForm::kTime) {
        // Rounded up to a tick of the kernel's clock.
        const int64_t least = told.first * kMicroseconds + told.second;
        // The seconds may have gone beyond an int.
        const int64_t time = static_cast<uint32_t>(seen.option) * kMicroseconds + seen.seconds;
        if (length < 16 || (time >= least && time < least + kCoarsestTick)) {
          told.first = seen.option;
          told.second = seen.seconds;
        }
      } else {
        if (told.open && (cut || (seen.option >= told.least && seen.option <= told.most))) told.first = seen.option;
        if (told.any_second) told.second = seen.seconds;
      }
    }
  }
  s.reply.option = form == OptionForm::kFirstByte ? told.first : CutOff(told.first, length);
  if (HasTwoMembers(form) && length > second_at) s.reply.seconds = CutOff(told.second, length - second_at);
}

// POSIX names no numbers but 0 for what is off, and leaves most sizes and times to the implementation.
Told PosixTold(const Scene& s, Told told) {
  if (s.option->boolean) {
    if (told.first == 0) return told;
    return {.first = 1, .open = true, .least = s.seen != nullptr && s.seen->option < 0 ? INT_MIN : 1,
            .most = s.seen != nullptr && s.seen->option < 0 ? -1 : INT_MAX};
  }
  if (Is(s, SO_LINGER)) {
    if (told.first == 0) return {.first = 0, .second = told.second, .any_second = true};
    told.open = true;
    told.least = s.seen != nullptr && s.seen->option < 0 ? INT_MIN : 1;
    told.most = s.seen != nullptr && s.seen->option < 0 ? -1 : INT_MAX;
    return told;
  }
  const bool own = Is(s, SO_TYPE) || Is(s, SO_DOMAIN) || Is(s, SO_PROTOCOL) || Is(s, SO_ACCEPTCONN);
  if (own) return told;
  return {.first = told.first, .second = told.second, .open = true, .any_second = true};
}

void TellValue(Scene& s) {
  const Told told = ToldOf(s);
  Tell(s, s.posix() ? PosixTold(s, told) : told);
}
void TellError(Scene& s) {
  const bool failed = s.me().link == Link::kConnecting && s.me().tcp == Tcp::kClose;
  Tell(s, {.first = TakePendingError(s.me())});
  if (s.posix() && failed) MakeUnspecified(s.world, s.index);
}
bool GetsRefusal(const Scene& s) { return GetsError(s) && s.me().error == ECONNREFUSED && s.me().link == Link::kConnecting; }
bool GetsReset(const Scene& s) { return GetsRefusal(s) || (GetsError(s) && s.me().error == EPIPE); }
void TellReset(Scene& s) {
  TakePendingError(s.me());
  Tell(s, {.first = ECONNRESET});
  if (s.me().link == Link::kConnecting) MakeUnspecified(s.world, s.index);
}
bool ShutDown(const Scene& s) { return s.has_socket() && s.me().user_shut == 3; }
// What came after shutdown(SHUT_RDWR) was refused, which broke off the connection: its own doing. The peer may have done it as
// well, which is not in the world.
bool GetsOwnBreak(const Scene& s) { return GetsError(s) && !IsUnix(s.me().kind) && s.me().error == ECONNRESET && ShutDown(s); }
void TellNoError(Scene& s) {
  TakePendingError(s.me());
  Tell(s, {.first = 0});
}
// Options that mean something for the other type of socket only.
bool OfTheOtherType(const Scene& s) {
  if (!s.has_socket() || IsUnix(s.me().kind) || !AtSocketLevel(s)) return false;
  if (s.me().kind == SocketKind::kUdp) return Is(s, SO_ACCEPTCONN) || Is(s, SO_KEEPALIVE) || Is(s, SO_LINGER);
  return Is(s, SO_BROADCAST);
}
bool PerhapsRefused(const Scene& s) { return GetsError(s) && s.me().perhaps_refused; }
void TellPerhapsRefused(Scene& s) {
  s.open = true;
  s.note = "0 or ECONNREFUSED";
  const bool told = s.seen != nullptr && s.seen->option != 0;
  Tell(s, {.first = told ? ECONNREFUSED : 0});
}
void LoseError(Scene& s) { TakePendingError(s.me()); }
// The length is written back although the value itself could not be.
void TellLengthOnly(Scene& s) {
  const int32_t length = static_cast<int32_t>(LengthTold(s, ToldOf(s)));
  if (length == s.call.length) return;
  s.reply.wrote |= kWroteLength;
  s.reply.option_length = length;
}

// --- setsockopt ----------------------------------------------------------------------------------------

bool NegativeLength(const Scene& s) { return s.call.length < 0; }
bool SocketNegativeLength(const Scene& s) { return s.has_socket() && NegativeLength(s); }
bool UnixMute(const Scene& s) { return Mute(s) && IsUnix(s.me().kind); }
bool InetMute(const Scene& s) { return Mute(s) && !IsUnix(s.me().kind); }

bool LengthShort(const Scene& s) {
  if (!AsksForAnInt(s)) return false;
  return s.call.length < (s.option == nullptr ? 4 : std::min(s.option->bytes, 4));
}

enum class Why : uint8_t {
  kNot,
  kNotModelled,
  kSocket,   // these sockets do not take it
  kRight,
  kLength,
  kPlace,    // not where the socket is in its life
  kValue,
};
struct Refusal {
  Why why = Why::kNot;
  int16_t error = 0;
};

bool NeedsRight(const Scene& s, Right right) {
  const OptionRow& row = *s.option;
  const int32_t value = ValueToSet(s);
  return row.right == right && (value < row.free_least || value > row.free_most);
}
bool LacksRight(const Scene& s) {
  return s.world.nobody && (NeedsRight(s, Right::kNetwork) || NeedsRight(s, Right::kMachine));
}
bool LengthOdd(const Scene& s) {
  const OptionRow& row = *s.option;
  return s.call.length < row.bytes || (row.exactly && s.call.length != row.bytes);
}
// POSIX says of no option when it can be set.
bool WrongPlace(const Scene& s) {
  if (s.posix()) return false;
  switch (s.option->settable) {
    case Settable::kAlways: return false;
    case Settable::kUnbound: return s.me().bound != kNone;
    case Settable::kClosed: return s.me().tcp != Tcp::kClose;
    case Settable::kClosedOrListening: return s.me().tcp != Tcp::kClose && s.me().tcp != Tcp::kListen;
  }
  __builtin_unreachable();
}
bool Outside(const Scene& s) {
  const OptionRow& row = *s.option;
  const int32_t value = ValueToSet(s);
  return (value < row.least || value > row.most) && (row.besides == INT32_MIN || value != row.besides);
}
// Why the option is not set, of what is modelled and can be set: the first reason.
Refusal RefusalOf(const Scene& s) {
  const OptionRow& row = *s.option;
  if (row.set_error != 0 && s.call.level == kIpLevel) return {Why::kSocket, row.set_error};
  if (LacksRight(s)) return {Why::kRight, row.without};
  if (LengthOdd(s)) return {Why::kLength, EINVAL};
  if (row.set_error != 0) return {Why::kSocket, row.set_error};
  if (WrongPlace(s)) return {Why::kPlace, EINVAL};
  if (Outside(s)) {
    return row.outside == kOptionNotModelled ? Refusal{Why::kNotModelled} : Refusal{Why::kValue, row.outside};
  }
  if (row.set_refused != nullptr) {
    const int16_t error = row.set_refused(s);
    if (error == kOptionNotModelled) return {Why::kNotModelled};
    if (error != 0) return {error == EPERM ? Why::kRight : Why::kValue, error};
  }
  return row.beyond != nullptr ? Refusal{Why::kNotModelled} : Refusal{};
}
bool Settable_(const Scene& s) { return Modelled(s) && s.option->set; }
bool ReadOnly(const Scene& s) { return Modelled(s) && !s.option->set; }

bool Unreadable(const Scene& s) {
  if (s.call.pointer == Pointer::kValid || !Speaks(s)) return false;
  if (s.call.level == kIpv6Level) return s.call.pointer == Pointer::kBad && s.call.length >= 4;
  if (s.call.length <= 0) return false;
  if (s.option == nullptr) return s.call.level != kIpLevel;
  if (s.option->not_modelled != nullptr) return false;
  if (!s.option->unread) return true;
  if (!s.option->set) return false;
  const Why why = RefusalOf(s).why;
  return why == Why::kNot || why == Why::kNotModelled;
}

template <Why kWhy, int16_t kError>
bool Refused(const Scene& s) {
  if (!Settable_(s)) return false;
  const Refusal refusal = RefusalOf(s);
  return refusal.why == kWhy && refusal.error == kError;
}
bool MayBeTooLate(const Scene& s) {
  return Settable_(s) && s.option->settable != Settable::kAlways;
}
bool Sets(const Scene& s) { return Settable_(s) && RefusalOf(s).why == Why::kNot; }
template <int16_t kError>
bool SetMayGive(const Scene& s) {
  return Sets(s) && s.option->may_give == kError;
}
template <int16_t kError>
bool MachineMayRefuse(const Scene& s) {
  return Settable_(s) && !s.world.nobody && NeedsRight(s, Right::kMachine) && s.option->without == kError;
}
bool SetUndefined(const Scene& s) {
  return s.has_socket() && (s.call.pointer != Pointer::kValid || s.call.length < 0);
}
bool GetsOfShut(const Scene& s) { return Gets(s) && ShutDown(s); }

void Store(Scene& s) {
  const OptionRow& row = *s.option;
  if (row.ignored) return;
  int32_t value = ValueToSet(s);
  if (row.boolean) value = value != 0;
  if (row.becomes != nullptr) value = row.becomes(s, value);
  if (row.stores != nullptr) return row.stores(s, value);
  StoreOption(s.world, row, s.index, value, 0);
}

// --- posix ---------------------------------------------------------------------------------------------

bool NotOfPosix(const Scene& s) {
  return Speaks(s) && (IsForeign(s) || (s.option != nullptr && !s.option->posix));
}
bool OfPosix(const Scene& s) { return Speaks(s) && s.option != nullptr && s.option->posix; }
bool PosixMissing(const Scene& s) { return Missing(s) || Mute(s); }
bool PosixReadOnly(const Scene& s) { return OfPosix(s) && !s.option->set; }
bool PosixWriteOnly(const Scene& s) { return OfPosix(s) && !s.option->get; }
bool PosixRefusable(const Scene& s) {
  if (!OfPosix(s) || !s.option->set) return false;
  const Refusal refusal = RefusalOf(s);
  return refusal.why != Why::kNot && refusal.why != Why::kLength;
}
bool PosixTooShort(const Scene& s) {
  return OfPosix(s) && s.option->set && (s.call.length < 4 || LengthOdd(s));
}
bool PosixOptional(const Scene& s) {
  return OfPosix(s) && (Is(s, SO_RCVTIMEO) || Is(s, SO_SNDTIMEO) || Is(s, SO_RCVLOWAT));
}

// clang-format off
constexpr Clause kGetsockopt[] = {
    {.id = "getsockopt.undefined", .when = GetUndefined,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX XSH 2.1.1: an invalid pointer is undefined",
     .says = "There is no place for the value: POSIX says nothing."},
    {.id = "getsockopt.not_of_posix", .when = NotOfPosix,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX XSH 2.10.16, <netinet/tcp.h>, <netinet/in.h>: the options there are",
     .says = "The option is the implementation's own."},
    // Two replies are right here: Linux asked bpfilter of options with these numbers, whatever their level, where it
    // was built with CONFIG_BPFILTER_UMH, as Debian's user-mode Linux is.
    {.id = "getsockopt.bpfilter_length", .error = EFAULT, .when = AsksBpfilterUnreadably,
     .on = kLinux, .strength = Strength::kMay, .until = {6, 8}, .cites = "Linux ip_getsockopt(), bpfilter_ip_get_sockopt()",
     .says = "The option has a number of bpfilter's, and its length lies where the process has no memory."},
    {.id = "getsockopt.bpfilter", .error = ENOPROTOOPT, .when = AsksBpfilter,
     .on = kLinux, .strength = Strength::kMay, .until = {6, 8}, .cites = "Linux ip_getsockopt(), bpfilter_ip_get_sockopt()",
     .says = "The option has a number of bpfilter's, which does not run."},
    {.id = "getsockopt.level_not_supported", .error = EOPNOTSUPP, .when = NotSupportedLevel,
     .on = kLinux, .cites = "Linux do_ip_getsockopt(), sock_no_getsockopt()",
     .says = "The socket does not speak the protocol of that level; over IPv6 this is ENOPROTOOPT."},
    {.id = "getsockopt.level_unknown", .error = ENOPROTOOPT, .when = UnknownLevel,
     .on = kLinux, .cites = "Linux ipv6_getsockopt()",
     .says = "The socket does not speak the protocol of that level."},
    {.id = "getsockopt.length_unreadable", .error = EFAULT, .when = LengthUnreadable,
     .on = kLinux, .cites = "Linux sk_getsockopt(); getsockopt(2) EFAULT",
     .says = "The length lies where the process has no memory."},
    {.id = "getsockopt.length_negative", .error = EINVAL, .when = Negative,
     .on = kLinux, .cites = "Linux sk_getsockopt(); getsockopt(2) EINVAL",
     .says = "The place for the value has a negative length, which only IPPROTO_IPV6 takes for a long one."},
    {.id = "getsockopt.unknown", .error = ENOPROTOOPT, .when = Missing,
     .on = kLinux, .cites = "Linux sk_getsockopt(); getsockopt(2) ENOPROTOOPT",
     .says = "There is no such option."},
    {.id = "getsockopt.write_only", .error = ENOPROTOOPT, .when = WriteOnly,
     .on = kLinux, .cites = "Linux sk_getsockopt()",
     .says = "The option can be set but not read."},
    {.id = "getsockopt.unknown_posix", .error = ENOPROTOOPT, .when = PosixMissing,
     .on = kPosix, .cites = "POSIX getsockopt() ENOPROTOOPT: \"the option is not supported by the protocol\"",
     .says = "There is no such option, or no such level."},
    {.id = "getsockopt.of_the_other_type", .error = ENOPROTOOPT, .when = OfTheOtherType,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX getsockopt() ENOPROTOOPT: \"The option is not supported by the protocol\"; XSH 2.10.16",
     .says = "An option of streams on a datagram socket, or the other way round."},
    {.id = "getsockopt.unknown_invalid", .error = EINVAL, .when = PosixMissing,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX getsockopt() EINVAL: \"the specified option is invalid at the specified socket level\"",
     .says = "There is no such option, or no such level."},
    {.id = "getsockopt.write_only_posix", .when = PosixWriteOnly,
     .on = kPosix, .strength = Strength::kUnspecified, .cites = "POSIX XBD <netinet/in.h> IPV6_JOIN_GROUP",
     .says = "A group is joined or left, and nothing is said of reading that."},
    {.id = "getsockopt.room_odd", .error = EINVAL, .when = RoomOdd,
     .on = kLinux, .cites = "Linux sk_getsockopt() on SO_COOKIE; do_ipv6_getsockopt() on IPV6_PATHMTU",
     .says = "The place for the value does not have the length that this option asks for."},
    {.id = "getsockopt.not_supported", .error = EOPNOTSUPP, .when = GetRefused<EOPNOTSUPP>,
     .on = kLinux, .cites = "observed on Linux 6.18: SO_PASSCRED on TCP, SO_TXREHASH on UDP",
     .says = "Sockets of this kind do not have the option, and say so."},
    {.id = "getsockopt.not_connected", .error = ENOTCONN, .when = GetRefused<ENOTCONN>,
     .on = kLinux, .cites = "ip(7) IP_MTU; Linux do_ip_getsockopt()",
     .says = "The option tells of a connection, and there is none."},
    {.id = "getsockopt.no_peer", .error = ENODATA, .when = GetRefused<ENODATA>,
     .on = kLinux, .cites = "Linux sk_getsockopt() on SO_PEERGROUPS",
     .says = "The option tells of the process at the other end, and nobody knows of one."},
    {.id = "getsockopt.invalid", .error = EINVAL, .when = GetRefused<EINVAL>,
     .on = kLinux, .cites = "Linux do_tcp_getsockopt() on TCP_REPAIR_QUEUE; sock_getbindtodevice()",
     .says = "The option means nothing where the socket is, or its name has no room."},
    {.id = "getsockopt.not_permitted", .error = EPERM, .when = GetRefused<EPERM>,
     .on = kLinux, .cites = "Linux do_tcp_getsockopt() on TCP_REPAIR_WINDOW",
     .says = "The option can only be read of a socket under repair."},
    {.id = "getsockopt.device_gone", .error = ENODEV, .when = GetRefused<ENODEV>,
     .on = kLinux, .cites = "Linux sock_getbindtodevice(), netdev_get_name()",
     .says = "The socket is bound to the number of a device that there is not."},
    // Two replies are right here: what a kernel was built with, and what routes it remembers, is not in the world.
    {.id = "getsockopt.not_built", .error = ENOPROTOOPT, .when = GetMayGive<ENOPROTOOPT>,
     .on = kLinux, .strength = Strength::kMay, .cites = "Linux sk_getsockopt() without CONFIG_NET_RX_BUSY_POLL",
     .says = "A kernel may be built without the option."},
    {.id = "getsockopt.not_built_in", .error = EOPNOTSUPP, .when = GetMayGive<EOPNOTSUPP>,
     .on = kLinux, .strength = Strength::kMay, .cites = "Linux sk_getsockopt() without CONFIG_SECURITY_NETWORK",
     .says = "A kernel may be built without what the option is for."},
    {.id = "getsockopt.route_forgotten", .error = ENOTCONN, .when = GetMayGive<ENOTCONN>,
     .on = kLinux, .strength = Strength::kMay, .cites = "Linux sk_dst_reset(), after other options were set",
     .says = "The kernel remembers no route just now."},
    {.id = "getsockopt.error_unwritable", .error = EFAULT, .when = ErrorUnwritable, .then = LoseError,
     .on = kLinux, .cites = "Linux sk_getsockopt(): sock_error() comes before the copying",
     .says = "The pending error cannot be written, and is lost."},
    {.id = "getsockopt.unwritable", .error = EFAULT, .when = UnwritableFirst,
     .on = kLinux, .cites = "Linux sk_getsockopt(); getsockopt(2) EFAULT",
     .says = "The value cannot be written."},
    {.id = "getsockopt.unwritable_length_told", .error = EFAULT, .when = UnwritableLast, .then = TellLengthOnly,
     .on = kLinux, .cites = "Linux do_tcp_getsockopt(), do_ip_getsockopt(), do_ipv6_getsockopt(): the length is copied first",
     .says = "The value cannot be written, but its length is."},
    {.id = "getsockopt.shut_down", .error = EINVAL, .when = GetsOfShut,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX getsockopt() EINVAL (may): \"The socket has been shut down\"",
     .says = "The socket has been shut down in both directions."},
    {.id = "getsockopt.error_perhaps", .when = PerhapsRefused, .then = TellPerhapsRefused,
     .of = kUdp, .on = kPosix, .cites = "POSIX SO_ERROR; XSH 2.10.12: pending errors of connectionless sockets",
     .says = "That nobody took a datagram may be pending, or not be known yet."},
    {.id = "getsockopt.error", .when = GetsError, .then = TellError,
     .cites = "POSIX SO_ERROR; Linux sock_error()",
     .says = "The pending error, which is cleared."},
    {.id = "getsockopt.reset", .when = GetsReset, .then = TellReset,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX connect() ECONNRESET: \"Remote host reset the connection request\"; send() ECONNRESET",
     .says = "A RST came, of the attempt or after the peer's end, and is told as it is."},
    // Two replies are right here: POSIX has ECONNRESET where the peer breaks off, and says nothing of what one's own end does.
    {.id = "getsockopt.broken_off", .when = GetsOwnBreak, .then = TellNoError,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX recv() ECONNRESET: \"A connection was forcibly closed by a peer\"; shutdown()",
     .says = "What came after shutdown() broke off the connection, which is no error of the peer's."},
    {.id = "getsockopt.value", .when = Gets, .then = TellValue,
     .cites = "POSIX getsockopt(); getsockopt(2), and what the table of options cites",
     .says = "The option as it was set or inherited, or as it is from the start.",
     .alias = "getsockopt.acceptconn getsockopt.type getsockopt.domain getsockopt.protocol getsockopt.reuse_address "
              "getsockopt.reuse_port getsockopt.keepalive getsockopt.linger getsockopt.buffer_set getsockopt.buffer_chosen"},
};

constexpr Clause kSetsockoptFirst[] = {
    {.id = "setsockopt.length_negative_first", .error = EINVAL, .when = NegativeLength,
     .on = kLinux, .until = {6, 2}, .cites = "Linux 6.1 __sys_setsockopt(); observed otherwise on 6.18: setsockopt(-1, …, len=-1) = -1 EBADF",
     .says = "The value has a negative length, which comes before the descriptor; on 6.18 after it."},
};

constexpr Clause kSetsockopt[] = {
    {.id = "setsockopt.undefined", .when = SetUndefined,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX XSH 2.1.1: an invalid pointer is undefined",
     .says = "The value cannot be read: POSIX says nothing."},
    {.id = "setsockopt.not_of_posix", .when = NotOfPosix,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX XSH 2.10.16, <netinet/tcp.h>, <netinet/in.h>: the options there are",
     .says = "The option is the implementation's own."},
    {.id = "setsockopt.shut_down", .error = EINVAL, .when = ShutDown,
     .on = kPosix, .cites = "POSIX setsockopt() EINVAL: \"or the socket has been shut down\"",
     .says = "The socket has been shut down in both directions."},
    {.id = "setsockopt.unknown_posix", .error = ENOPROTOOPT, .when = PosixMissing,
     .on = kPosix, .cites = "POSIX setsockopt() ENOPROTOOPT: \"the option is not supported by the protocol\"",
     .says = "There is no such option, or no such level."},
    {.id = "setsockopt.of_the_other_type", .error = ENOPROTOOPT, .when = OfTheOtherType,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX setsockopt() ENOPROTOOPT: \"The option is not supported by the protocol\"; XSH 2.10.16",
     .says = "An option of streams on a datagram socket, or the other way round."},
    {.id = "setsockopt.unknown_invalid", .error = EINVAL, .when = PosixMissing,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX setsockopt() EINVAL: \"the specified option is invalid at the specified socket level\"",
     .says = "There is no such option, or no such level."},
    {.id = "setsockopt.read_only_posix", .error = ENOPROTOOPT, .when = PosixReadOnly,
     .on = kPosix, .cites = "POSIX setsockopt() ENOPROTOOPT",
     .says = "The option can be read but not set."},
    {.id = "setsockopt.read_only_invalid", .error = EINVAL, .when = PosixReadOnly,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX setsockopt() EINVAL",
     .says = "The option can be read but not set."},
    {.id = "setsockopt.short_posix", .error = EINVAL, .when = PosixTooShort,
     .on = kPosix, .cites = "POSIX setsockopt() EINVAL",
     .says = "The value is shorter than one of this option."},
    {.id = "setsockopt.refusable", .when = PosixRefusable,
     .on = kPosix, .strength = Strength::kUnspecified, .cites = "POSIX XSH 2.3: further errors are allowed",
     .says = "The value is one that an implementation may not take, or not from everybody."},
    {.id = "setsockopt.optional", .error = ENOPROTOOPT, .when = PosixOptional,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX XSH 2.10.16: whether SO_RCVTIMEO, SO_SNDTIMEO and SO_RCVLOWAT can be set is implementation-defined",
     .says = "The implementation does not let the option be set."},

    {.id = "setsockopt.length_negative", .error = EINVAL, .when = SocketNegativeLength,
     .on = kLinux, .since = {6, 2}, .cites = "observed on Linux 6.18: setsockopt(s0, 99, 1, 1, len=-1) = -1 EINVAL; setsockopt(2)",
     .says = "The value has a negative length."},
    {.id = "setsockopt.level_not_supported", .error = EOPNOTSUPP, .when = UnixMute,
     .on = kLinux, .cites = "Linux sock_no_setsockopt()",
     .says = "Unix sockets have no options but those of SOL_SOCKET."},
    {.id = "setsockopt.level_unknown", .error = ENOPROTOOPT, .when = InetMute,
     .on = kLinux, .cites = "Linux ip_setsockopt(), ipv6_setsockopt()",
     .says = "The socket does not speak the protocol of that level."},
    {.id = "setsockopt.length_short", .error = EINVAL, .when = LengthShort,
     .on = kLinux, .cites = "Linux sk_setsockopt(), do_tcp_setsockopt(), udp_lib_setsockopt()",
     .says = "The value is shorter than an int, which these levels ask for whatever the option is."},
    {.id = "setsockopt.unreadable", .error = EFAULT, .when = Unreadable,
     .on = kLinux, .cites = "Linux sk_setsockopt(); setsockopt(2) EFAULT",
     .says = "The value lies where the process has no memory; to IPPROTO_IPV6 a null pointer is 0."},
    {.id = "setsockopt.unknown", .error = ENOPROTOOPT, .when = Missing,
     .on = kLinux, .cites = "Linux sk_setsockopt(); setsockopt(2) ENOPROTOOPT",
     .says = "There is no such option."},
    {.id = "setsockopt.read_only", .error = ENOPROTOOPT, .when = ReadOnly,
     .on = kLinux, .cites = "Linux sk_setsockopt()",
     .says = "The option can be read but not set."},
    {.id = "setsockopt.not_supported", .error = EOPNOTSUPP, .when = Refused<Why::kSocket, EOPNOTSUPP>,
     .on = kLinux, .cites = "Linux sk_setsockopt() on SO_ZEROCOPY; observed on Linux 6.18: SO_PASSCRED on TCP",
     .says = "Sockets of this kind do not have the option, and say so."},
    {.id = "setsockopt.not_of_this_kind", .error = EINVAL, .when = Refused<Why::kSocket, EINVAL>,
     .on = kLinux, .cites = "Linux do_ip_setsockopt() on IP_MULTICAST_TTL and streams",
     .says = "The option is for sockets of another kind."},
    {.id = "setsockopt.not_of_connections", .error = EPROTO, .when = Refused<Why::kSocket, EPROTO>,
     .on = kLinux, .cites = "Linux do_ip_setsockopt() on IP_ADD_MEMBERSHIP and connections",
     .says = "What connects does not join groups."},
    {.id = "setsockopt.not_of_raw", .error = ENOPROTOOPT, .when = Refused<Why::kSocket, ENOPROTOOPT>,
     .on = kLinux, .cites = "Linux ip6_ra_control()",
     .says = "The option is for raw sockets."},
    {.id = "setsockopt.not_under_repair", .error = EPERM, .when = Refused<Why::kSocket, EPERM>,
     .on = kLinux, .cites = "Linux do_tcp_setsockopt()",
     .says = "The option is for sockets under repair (TCP_REPAIR)."},
    {.id = "setsockopt.no_such_protocol", .error = ENOENT, .when = Refused<Why::kSocket, ENOENT>,
     .on = kLinux, .cites = "Linux tcp_set_ulp()",
     .says = "There is no protocol of that name to put on top of TCP."},
    {.id = "setsockopt.not_permitted", .error = EPERM, .when = Refused<Why::kRight, EPERM>,
     .on = kLinux, .cites = "socket(7) on SO_MARK, SO_PRIORITY; Linux sockopt_ns_capable(), sockopt_capable()",
     .says = "The option, or this value of it, is not for everybody, or not any more."},
    {.id = "setsockopt.no_access", .error = EACCES, .when = Refused<Why::kRight, EACCES>,
     .on = kLinux, .cites = "socket(7) SO_DEBUG; Linux sk_setsockopt()",
     .says = "Not everybody may have the kernel write of a socket."},
    // Two replies are right here: whether the sandbox is root on the machine or only in a namespace of its own is
    // not in the world.
    {.id = "setsockopt.not_the_machines", .error = EPERM, .when = MachineMayRefuse<EPERM>,
     .on = kLinux, .strength = Strength::kMay, .cites = "Linux sockopt_capable(): CAP_NET_ADMIN over the machine",
     .says = "The right over the network namespace is not enough."},
    {.id = "setsockopt.not_the_machines_access", .error = EACCES, .when = MachineMayRefuse<EACCES>,
     .on = kLinux, .strength = Strength::kMay, .cites = "Linux sk_setsockopt() on SO_DEBUG",
     .says = "The right over the network namespace is not enough."},
    {.id = "setsockopt.too_short", .error = EINVAL, .when = Refused<Why::kLength, EINVAL>,
     .on = kLinux, .cites = "Linux sk_setsockopt() on SO_LINGER; do_ip_setsockopt() on IP_TTL",
     .says = "The value does not have the length that this option asks for.",
     .alias = "setsockopt.linger_short"},
    {.id = "setsockopt.too_late", .error = EINVAL, .when = Refused<Why::kPlace, EINVAL>,
     .on = kLinux, .cites = "Linux do_ipv6_setsockopt() on IPV6_V6ONLY; do_tcp_setsockopt() on TCP_FASTOPEN",
     .says = "The option cannot be set any more where the socket is."},
    {.id = "setsockopt.may_be_too_late", .error = EINVAL, .when = MayBeTooLate,
     .on = kPosix, .strength = Strength::kMay,
     .cites = "POSIX setsockopt() EINVAL: \"invalid at the specified socket level\"; RFC 3493 5.3",
     .says = "IPV6_V6ONLY may be for sockets alone that are not bound yet."},
    {.id = "setsockopt.out_of_range", .error = EINVAL, .when = Refused<Why::kValue, EINVAL>,
     .on = kLinux, .cites = "Linux do_tcp_setsockopt(), do_ip_setsockopt(): the range of each option is in the table of options",
     .says = "The option does not take this value."},
    {.id = "setsockopt.out_of_domain", .error = EDOM, .when = Refused<Why::kValue, EDOM>,
     .on = kLinux, .cites = "Linux sock_set_timeout()",
     .says = "The microseconds are no part of a second."},
    {.id = "setsockopt.no_such_device", .error = ENODEV, .when = Refused<Why::kValue, ENODEV>,
     .on = kLinux, .cites = "socket(7) SO_BINDTODEVICE; Linux sock_setbindtodevice()",
     .says = "There is no device of that name or number."},
    {.id = "setsockopt.no_device_there", .error = EADDRNOTAVAIL, .when = Refused<Why::kValue, EADDRNOTAVAIL>,
     .on = kLinux, .cites = "Linux do_ip_setsockopt() on IP_UNICAST_IF",
     .says = "There is no device of that number."},
    {.id = "setsockopt.nothing_there", .error = ENOENT, .when = Refused<Why::kValue, ENOENT>,
     .on = kLinux, .cites = "Linux tcp_set_congestion_control(), sk_detach_filter()",
     .says = "There is nothing of that name, or nothing to take away."},
    {.id = "setsockopt.value_not_supported", .error = EOPNOTSUPP, .when = Refused<Why::kValue, EOPNOTSUPP>,
     .on = kLinux, .cites = "Linux sk_setsockopt() on SO_REUSEPORT: sk_is_inet()",
     .says = "Sockets of this kind only take 0."},
    {.id = "setsockopt.not_connected", .error = ENOTCONN, .when = Refused<Why::kValue, ENOTCONN>,
     .on = kLinux, .cites = "Linux do_ipv6_setsockopt() on IPV6_ADDRFORM",
     .says = "Only a connected socket can become one of IPv4."},
    {.id = "setsockopt.not_built", .error = ENOPROTOOPT, .when = SetMayGive<ENOPROTOOPT>,
     .on = kLinux, .strength = Strength::kMay, .cites = "Linux sk_setsockopt() without CONFIG_NET_RX_BUSY_POLL",
     .says = "A kernel may be built without the option."},
    {.id = "setsockopt.not_built_in", .error = EOPNOTSUPP, .when = SetMayGive<EOPNOTSUPP>,
     .on = kLinux, .strength = Strength::kMay, .cites = "Linux sk_setsockopt() without CONFIG_SECURITY_NETWORK",
     .says = "A kernel may be built without what the option is for."},
    {.id = "setsockopt.stored", .when = Sets, .then = Store,
     .cites = "POSIX setsockopt(); setsockopt(2), and what the table of options cites",
     .says = "The option is set.",
     .alias = "setsockopt.reuse_address setsockopt.reuse_port setsockopt.keepalive setsockopt.linger setsockopt.buffer"},
};
// clang-format on

}  // namespace

std::span<const Clause> GetsockoptClauses() { return kGetsockopt; }
std::span<const Clause> SetsockoptFirstClauses() { return kSetsockoptFirst; }
std::span<const Clause> SetsockoptClauses() { return kSetsockopt; }

}  // namespace sockspec
