// Addresses: what a socket reads in one that a call passes, and which ones are in each other's way.
//
// A world has one host for an IPv4 address, whoever has it: a socket of AF_INET6 that is bound to
// ::ffff:127.0.0.1 is bound to Host::kLoopback, one bound to ::ffff:0.0.0.0 to Host::kAny, and one bound to ::
// to Host::kAny6. It is written back as a mapped address.

#include <sys/socket.h>

#include "model/scene.h"

namespace sockspec {
namespace {

constexpr int32_t kShortestInet6 = 24;  // SIN6_LEN_RFC2133: all but the scope

enum class Looks : uint8_t { kWildcard, kIpv4, kIpv6 };  // ipv6_addr_type()
Looks LookOf(const Endpoint& end) {
  if (!IsIpv6(end.host)) return Looks::kIpv4;
  return end.host == Host::kAny6 ? Looks::kWildcard : Looks::kIpv6;
}

// sk_rcv_saddr, which a socket of AF_INET6 has too: 0.0.0.0 where it is bound to ::, and LOOPBACK4_IPV6, that is
// 127.0.0.6, where it is bound to an IPv6 address. No name stands for that one.
Host Ipv4Of(const Endpoint& end) {
  if (!IsIpv6(end.host)) return end.host;
  return end.host == Host::kAny6 ? Host::kAny : Host::kOther;
}

bool Ipv4Meet(const Endpoint& one, const Endpoint& other, bool wild_one, bool wild_other) {
  if (other.only_inet6) return false;
  const Host a = Ipv4Of(one);
  const Host b = Ipv4Of(other);
  return a == b || (wild_one && a == Host::kAny) || (wild_other && b == Host::kAny);
}

}  // namespace

Reading ReadAddress(const Address& address, bool inet6) {
  Reading reading{.family = address.family, .host = address.host, .port = address.port};
  if (address.host == Host::kUnix) {
    reading.host = Host::kOther;
  } else if (inet6 && IsIpv4(address.host)) {
    // The IPv4 address lies where the flow label is, and what follows are zeros, but for a tail that is not
    // cleared.
    reading.host = address.dirty_tail ? Host::kOther : Host::kAny6;
  } else if (inet6) {
    reading.host = Unmapped(address.host);
  } else if (IsIpv6(address.host)) {
    reading.host = Host::kAny;  // the flow label lies there
  }
  return reading;
}
Reading ReadAddress(const Scene& scene) { return ReadAddress(scene.call.address, scene.me().inet6); }
Reading ReadPeer(const Scene& scene) {
  return ReadAddress(scene.call.address, scene.me().inet6 && scene.call.address.family != AF_INET);
}

int16_t FamilyOf(const Socket& socket) { return socket.inet6 ? AF_INET6 : AF_INET; }
int32_t AddressLength(const Socket& socket) { return socket.inet6 ? kExactLength6 : kExactLength; }
int32_t ShortestAddress(const Socket& socket) { return socket.inet6 ? kShortestInet6 : kExactLength; }
Host Wildcard(const Socket& socket) { return socket.inet6 ? Host::kAny6 : Host::kAny; }

Host SendingAddress(const Socket& socket) { return socket.inet6 ? socket.ipv4_source : socket.source; }
Host Ipv4Address(const Socket& socket) { return Ipv4Of(EndpointOf(socket)); }
void SetAddress(Socket& socket, Host host) {
  socket.address = socket.source = host;
  if (socket.inet6) socket.ipv4_source = Ipv4Of({.inet6 = true, .host = host});
}

Endpoint EndpointOf(const Socket& socket) {
  return {.inet6 = socket.inet6, .only_inet6 = socket.only_inet6, .host = socket.address};
}
Endpoint EndpointAt(const Socket& socket, Host host) {
  return {.inet6 = socket.inet6,
          .only_inet6 = socket.only_inet6 || (IsIpv6(host) && host != Host::kAny6),
          .host = host};
}

bool AddressesMeet(const Endpoint& one, const Endpoint& other, bool wild_one, bool wild_other) {
  if (!one.inet6) return Ipv4Meet(one, other, wild_one, wild_other);
  const Looks a = LookOf(one);
  const Looks b = LookOf(other);
  if (a == Looks::kIpv4 && b == Looks::kIpv4) return Ipv4Meet(one, other, wild_one, wild_other);
  if (a == Looks::kWildcard && b == Looks::kWildcard) return true;
  if (b == Looks::kWildcard && wild_other && !(other.only_inet6 && a == Looks::kIpv4)) return true;
  if (a == Looks::kWildcard && wild_one && !(one.only_inet6 && b == Looks::kIpv4)) return true;
  return other.inet6 && one.host == other.host;
}

bool TakesPacketTo(const Socket& socket, Host host, Host bound_to) {
  if (IsIpv6(host)) return socket.inet6 && socket.address == bound_to;
  return !(socket.inet6 && socket.only_inet6) && Ipv4Of(EndpointOf(socket)) == bound_to;
}

}  // namespace sockspec
