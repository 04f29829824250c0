#include "sut/names.h"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace sockspec {
namespace {

constexpr int kDiscardPort = 9;
// No autobind chooses it, which knows hexadecimal digits only.
constexpr std::string_view kUnseenUnix("\0zzzzz", 6);

// In the order of Host, from kAny on.
constexpr uint32_t kHosts4[] = {INADDR_ANY, INADDR_LOOPBACK, INADDR_LOOPBACK + 1, INADDR_BROADCAST,
                                0xE0000001, 0xC0000201,      0xC6336401,          0xCB007101,
                                0x7FFFFFFF, 0xC6120001,      0xC6130001};
static_assert(std::size(kHosts4) == static_cast<size_t>(Host::kAny6));

// From kAny6 on, to the mapped ones.
constexpr unsigned char kHosts6[][16] = {
    {},
    {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
    {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
    {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
    {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
    {0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
    {0x20, 0x01, 0x0d, 0xb8, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
    {0x20, 0x01, 0x0d, 0xb8, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
constexpr int kFirst6 = static_cast<int>(Host::kAny6);
static_assert(std::size(kHosts6) == static_cast<size_t>(Host::kMappedAny) - kFirst6);

constexpr unsigned char kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

in6_addr Bytes6(Host host) {
  in6_addr address{};
  if (IsMapped(host)) {
    const uint32_t host4 = htonl(kHosts4[static_cast<int>(Unmapped(host))]);
    memcpy(address.s6_addr, kMappedPrefix, sizeof kMappedPrefix);
    memcpy(address.s6_addr + sizeof kMappedPrefix, &host4, sizeof host4);
  } else {
    memcpy(address.s6_addr, kHosts6[static_cast<int>(host) - kFirst6], sizeof address);
  }
  return address;
}

Host HostOf(uint32_t host4) {
  const auto* found = std::find(std::begin(kHosts4), std::end(kHosts4), ntohl(host4));
  return found == std::end(kHosts4) ? Host::kOther : static_cast<Host>(found - kHosts4);
}

Host HostOf(const in6_addr& address) {
  if (memcmp(address.s6_addr, kMappedPrefix, sizeof kMappedPrefix) == 0) {
    uint32_t host4;
    memcpy(&host4, address.s6_addr + sizeof kMappedPrefix, sizeof host4);
    return Mapped(HostOf(host4));
  }
  for (size_t i = 0; i < std::size(kHosts6); ++i) {
    if (memcmp(address.s6_addr, kHosts6[i], sizeof address) == 0)
      return static_cast<Host>(kFirst6 + i);
  }
  return Host::kOther;
}

// What the length is that addr= has; where none came, that of IPv4's.
int LengthOfWhole(const Reply& reply) {
  if (reply.address_size == 0) return kExactLength;
  switch (reply.family) {
    case AF_INET6: return kExactLength6;
    case AF_UNIX: return ExactLength(reply.name);
    default: return kExactLength;
  }
}

}  // namespace

bool IsPath(const Address& address) {
  if (address.host != Host::kUnix) return false;
  const UnixNameRow* row = FindUnixName(address.name);
  return row != nullptr && !row->bytes.empty() && row->bytes.front() != '\0';
}

void Names::Begin(const Numbers& numbers) {
  for (int i = 0; i < chosen_count_; ++i) earlier_.set(chosen_[i]);
  numbers_ = numbers;
  for (int i = 0; i < kMaxAbstractNames; ++i) {
    // As long as those of unix_name.h, since lengths are in programs and replies.
    const unsigned series = numbers.abstract_series % kAbstractSeries;
    std::copy_n(FindUnixName(UnixName::Abstract(i))->bytes.begin(), abstract_[i].size(), abstract_[i].begin());
    abstract_[i][1] = static_cast<char>(1 + (abstract_[i][1] - 1 + series) % 255);
    abstract_[i][2] = static_cast<char>(abstract_[i][2] + series / 255 * kMaxAbstractNames);
  }
  chosen_count_ = 0;
  chosen_unix_count_ = 0;
}

void Names::Write(const Address& address, GivenAddress* to) const {
  memset(to->room, 0, sizeof(sockaddr_un));
  to->any.sa_family = address.family;
  if (IsIpv4(address.host)) {
    to->in.sin_port = htons(NumberOf(address.port));
    to->in.sin_addr.s_addr = htonl(kHosts4[static_cast<int>(address.host)]);
    if (address.dirty_tail) memset(to->in.sin_zero, 0xA5, sizeof to->in.sin_zero);
  } else if (IsIpv6(address.host)) {
    to->in6.sin6_port = htons(NumberOf(address.port));
    to->in6.sin6_addr = Bytes6(address.host);
  } else {
    const std::string_view bytes = BytesOf(address.name);
    bytes.copy(to->un.sun_path, bytes.size());  // memcpy() takes no null, which UNNAMED has
  }
}

void Names::Read(const Call& call, bool has_length, const WrittenAddress& from, Reply* reply) {
  const bool success = reply->error == 0;
  const bool has_address = call.pointer == Pointer::kValid;
  const int told = static_cast<int>(from.length);
  if (has_address) {
    int size = success && has_length ? from.Said(call.length) : 0;
    const int touched = from.TouchedUpTo(size);
    if (touched != 0) size = std::max<int>(touched, kExactLength);
    if (size >= 2) {
      memcpy(&reply->family, from.bytes, sizeof reply->family);
      reply->wrote |= kWroteAddress;
      switch (reply->family) {
        case AF_INET6: ReadIpv6(from, touched != 0 ? kExactLength6 : size, reply); break;
        case AF_UNIX:
          ReadUnix(from, touched != 0 ? touched : size, touched != 0 || told == size, reply);
          break;
        default: ReadIpv4(from, size, reply); break;
      }
      if (touched != 0 && success) reply->host = Host::kOther;
    }
  }
  if (has_length && told != (success && has_address ? LengthOfWhole(*reply) : call.length)) {
    reply->wrote |= kWroteAddressLength;
    reply->address_length = told;
  }
}

void Names::ReadIpv4(const WrittenAddress& from, int size, Reply* reply) {
  sockaddr_in in;
  memcpy(&in, from.bytes, sizeof in);
  reply->address_size = size >= 16 ? 16 : size >= 8 ? 8 : size >= 4 ? 4 : 2;
  if (size >= 4) reply->port = NameOf(ntohs(in.sin_port));
  if (size >= 8) reply->host = HostOf(in.sin_addr.s_addr);
}

void Names::ReadIpv6(const WrittenAddress& from, int size, Reply* reply) {
  sockaddr_in6 in6;
  memcpy(&in6, from.bytes, sizeof in6);
  reply->address_size = size >= 28 ? 28 : size >= 24 ? 24 : size >= 4 ? 4 : 2;
  if (size >= 4) reply->port = NameOf(ntohs(in6.sin6_port));
  if (size < 24) return;
  reply->host = HostOf(in6.sin6_addr);
  if (in6.sin6_flowinfo != 0 || (size >= 28 && in6.sin6_scope_id != 0)) reply->host = Host::kOther;
}

void Names::ReadUnix(const WrittenAddress& from, int size, bool whole, Reply* reply) {
  reply->host = Host::kUnix;
  if (whole && size > kUnixFamilyLength) {
    reply->name = NameOf(std::string_view(
        reinterpret_cast<const char*>(from.bytes) + kUnixFamilyLength, size - kUnixFamilyLength));
  }
  reply->address_size = static_cast<uint8_t>(ExactLength(reply->name));
}

int Names::NumberOf(Port port) const {
  if (port == kPortZero) return 0;
  if (port.IsProgram()) return numbers_.first_port + port.program();
  if (port == kPortPrivileged) return numbers_.privileged_port;
  if (port.IsChosen() && port.chosen() < chosen_count_) return chosen_[port.chosen()];
  return kDiscardPort;
}

int Names::FindChosen(int port) const {
  const auto* end = chosen_.data() + chosen_count_;
  const auto* found = std::find(chosen_.data(), end, port);
  return found == end ? -1 : static_cast<int>(found - chosen_.data());
}

Port Names::NameOf(int number) {
  if (number >= numbers_.first_port && number < numbers_.first_port + kMaxProgramPorts) {
    return Port::Program(number - numbers_.first_port);
  }
  if (number == 0) return kPortZero;
  if (number == numbers_.privileged_port) return kPortPrivileged;
  if (!IsEphemeral(number)) return kPortOther;
  if (const int known = FindChosen(number); known >= 0) return Port::Chosen(known);
  if (chosen_count_ == kMaxChosenPorts) return kPortOther;
  chosen_[chosen_count_] = number;
  return Port::Chosen(chosen_count_++);
}

bool Names::AnyHadBefore() const {
  return std::any_of(chosen_.begin(), chosen_.begin() + chosen_count_,
                     [&](int port) { return earlier_[port]; });
}

std::string_view Names::BytesOf(UnixName name) const {
  if (name.IsChosen()) {
    if (name.chosen() >= chosen_unix_count_) return kUnseenUnix;
    const auto& chosen = chosen_unix_[name.chosen()];
    return {chosen.data(), chosen.size()};
  }
  if (name.IsAbstract()) return {abstract_[name.abstract()].data(), abstract_[name.abstract()].size()};
  const UnixNameRow* row = FindUnixName(name);
  return row == nullptr ? std::string_view() : row->bytes;
}

UnixName Names::NameOf(std::string_view bytes) {
  for (const UnixNameRow& row : kUnixNames) {
    if (BytesOf(row.name) == bytes) return row.name;
    const bool path = !row.bytes.empty() && row.bytes.back() == '\0';
    if (path && row.bytes.substr(0, row.bytes.size() - 1) == bytes) return row.name;
  }
  const bool autobound = bytes.size() == std::tuple_size_v<decltype(chosen_unix_)::value_type> &&
                         bytes.front() == '\0' &&
                         bytes.find_first_not_of("0123456789abcdef", 1) == std::string_view::npos;
  if (!autobound) return kNameOther;
  for (int i = 0; i < chosen_unix_count_; ++i) {
    if (BytesOf(UnixName::Chosen(i)) == bytes) return UnixName::Chosen(i);
  }
  if (chosen_unix_count_ == kMaxChosenPorts) return kNameOther;
  std::copy(bytes.begin(), bytes.end(), chosen_unix_[chosen_unix_count_].begin());
  return UnixName::Chosen(chosen_unix_count_++);
}

}  // namespace sockspec
