#include "model/program/c_uses.h"

#include <sys/socket.h>

#include <algorithm>
#include <iterator>

#include "model/program/declarations.h"

namespace sockspec {
namespace {

// clang-format off
constexpr CHost kHosts[] = {
    {Host::kAny,            "0.0.0.0",         "", "", ""},
    {Host::kLoopback,       "127.0.0.1",       "", "", ""},
    {Host::kLoopback2,      "127.0.0.2",       "", "", ""},
    {Host::kBroadcast,      "255.255.255.255", "", "", ""},
    {Host::kMulticast,      "224.0.0.1",       "", "", ""},
    {Host::kNotOurs,        "192.0.2.1",       "NOT_OURS",     "", "no interface has it, no route leads to it"},
    {Host::kUnreachable,    "198.51.100.1",    "UNREACHABLE",  "RTN_UNREACHABLE", "an unreachable route leads to it"},
    {Host::kBlackhole,      "203.0.113.1",     "BLACKHOLE",    "RTN_BLACKHOLE", "a blackhole route leads to it"},
    {Host::kLocalBroadcast, "127.255.255.255", "", "", ""},
    {Host::kProhibited,     "198.18.0.1",      "PROHIBITED",   "RTN_PROHIBIT", "a prohibit route leads to it"},
    {Host::kSilent,         "198.19.0.1",      "SILENT",       "RTN_UNICAST", "packets go out and nobody answers"},
    {Host::kAny6,           "::",              "", "", ""},
    {Host::kLoopback6,      "::1",             "", "", ""},
    {Host::kMulticast6,     "ff02::1",         "", "", ""},
    {Host::kLinkLocal6,     "fe80::1",         "", "", ""},
    {Host::kNotOurs6,       "2001:db8::1",     "NOT_OURS6",    "", "no route leads to it"},
    {Host::kUnreachable6,   "2001:db8:1::1",   "UNREACHABLE6", "RTN_UNREACHABLE", "an unreachable route leads to it"},
    {Host::kBlackhole6,     "2001:db8:2::1",   "BLACKHOLE6",   "RTN_BLACKHOLE", "a blackhole route leads to it"},
    {Host::kProhibited6,    "2001:db8:3::1",   "PROHIBITED6",  "RTN_PROHIBIT", "a prohibit route leads to it"},
};
// clang-format on

// Whether the kernel may look for a file by this name. An address of another layout, its family all the same
// AF_UNIX, has bytes that a file's name may have.
bool NamesFile(const Address& address) {
  if (address.family != AF_UNIX) return false;
  const UnixName name = address.name;
  return address.host != Host::kUnix || !(name == kUnnamed || name.IsAbstract() || name.IsChosen());
}

void UseAddress(const Address& address, Uses* uses) {
  uses->directory |= NamesFile(address);
  if (address.host == Host::kUnix) {
    uses->unix_sockets = true;
    uses->unix_names.insert(address.name.code);
    if (address.name.IsChosen()) {
      uses->chosen_names.insert(address.name.chosen());
      uses->names_chosen = true;
    }
    return;
  }
  uses->ipv6 |= IsIpv6(address.host);
  uses->hosts.insert(Unmapped(address.host));
  if (address.port.IsProgram()) uses->ports.insert(address.port.program());
  if (address.port.IsChosen()) {
    uses->chosen_ports.insert(address.port.chosen());
    uses->names_chosen = true;
  }
}

void UseCall(const Call& call, Uses* uses) {
  for (const Argument& argument : DeclarationOf(call.op).arguments) {
    if (!argument.UsedBy(call)) continue;
    if (argument.kind == Kind::kDescriptor) {
      const Descriptor fd = call.*argument.descriptor;
      if (fd.IsHandle()) uses->handles.insert(fd.handle());
      uses->never |= fd == kNeverOpen;
      uses->file |= fd == kFile;
      uses->pipe |= fd == kPipe;
    }
    if (argument.kind == Kind::kAddressIn && call.pointer == Pointer::kValid) {
      UseAddress(call.address, uses);
    }
    if (argument.kind == Kind::kBuffer) {
      uses->sends |= !argument.written;
      uses->streams |= !argument.written && call.buffer == Pointer::kValid;
      uses->most = std::max(uses->most, call.size);
    }
    if (argument.member == &Call::domain) {
      uses->ipv6 |= call.domain == AF_INET6;
      uses->unix_sockets |= call.domain == AF_UNIX;
    }
    if (argument.member == &Call::pieces) uses->most_pieces = std::max(uses->most_pieces, call.pieces);
  }
  if (call.part == Part::kUnfinished) uses->threads.insert(call.thread);
}

void UseReply(const Reply& reply, Uses* uses) {
  if ((reply.wrote & kWroteAddress) == 0) return;
  if (reply.host < Host::kUnix) uses->hosts_back.insert(Unmapped(reply.host));
  uses->ipv6 |= IsIpv6(reply.host) || reply.family == AF_INET6;
  uses->unix_sockets |= reply.host == Host::kUnix || reply.family == AF_UNIX;
  uses->names_chosen |= reply.host == Host::kUnix ? reply.name.IsChosen() : reply.port.IsChosen();
}

}  // namespace

const CHost* FindCHost(Host host) {
  const CHost* found = std::ranges::find(kHosts, host, &CHost::host);
  return found == std::end(kHosts) ? nullptr : found;
}

Uses UsesOf(const Transcript& transcript) {
  Uses uses;
  for (const Call& call : transcript.program.calls) UseCall(call, &uses);
  for (const Said& said : transcript.said) {
    if (said.reply) UseReply(*said.reply, &uses);
  }
  return uses;
}

}  // namespace sockspec
