#include "fuzz/found/variants.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <span>

namespace sockspec {
namespace {

constexpr Op kReceiving[] = {Op::kRecv, Op::kRead, Op::kReadv, Op::kRecvfrom, Op::kRecvmsg};
constexpr Op kSending[] = {Op::kSend, Op::kWrite, Op::kWritev, Op::kSendto, Op::kSendmsg};
constexpr Op kAccepting[] = {Op::kAccept, Op::kAccept4};

bool Has(std::span<const Op> ops, Op op) { return std::ranges::find(ops, op) != ops.end(); }

enum class Addresses { kIpv4, kIpv6, kMapped };

Host In(Addresses to, Host host) {
  constexpr struct {
    Host ipv4, ipv6;
  } kHosts[] = {{Host::kAny, Host::kAny6}, {Host::kLoopback, Host::kLoopback6}, {Host::kNotOurs, Host::kNotOurs6}};
  for (const auto& [ipv4, ipv6] : kHosts) {
    if (Unmapped(host) != ipv4 && host != ipv6) continue;
    if (to == Addresses::kIpv6) return ipv6;
    return to == Addresses::kIpv4 ? ipv4 : static_cast<Host>(static_cast<int>(Host::kMappedAny) + static_cast<int>(ipv4));
  }
  return host;
}

Program With(Addresses to, Program program) {
  const int16_t family = to == Addresses::kIpv4 ? AF_INET : AF_INET6;
  const int32_t exact[] = {kExactLength, kExactLength6};
  for (Call& call : program.calls) {
    if (call.op == Op::kSocket && (call.domain == AF_INET || call.domain == AF_INET6)) call.domain = family;
    // An address that says that it is of another family than it is, stays so.
    const bool right = call.address.family == (IsIpv4(call.address.host) ? AF_INET : AF_INET6);
    if (!right) continue;
    call.address.host = In(to, call.address.host);
    call.address.family = family;
    const bool names = call.op == Op::kBind || call.op == Op::kConnect || call.op == Op::kSendto || call.op == Op::kSendmsg;
    if (names && std::ranges::find(exact, call.length) != std::end(exact)) call.length = exact[family == AF_INET6];
  }
  return program;
}

// Datagram sockets for streams and the other way round.
void AddTypes(std::vector<Program>& variants) {
  const auto either = [](const Call& call) {
    return call.op == Op::kSocket || call.op == Op::kBind || call.op == Op::kGetsockopt || call.op == Op::kSetsockopt ||
           call.op == Op::kClose || call.op == Op::kPoll;
  };
  if (!std::ranges::all_of(variants[0].calls, either)) return;
  Program other = variants[0];
  for (Call& call : other.calls) {
    if (call.op != Op::kSocket) continue;
    const int32_t type = call.type & 0xF;
    if (type != SOCK_STREAM && type != SOCK_DGRAM) return;
    call.type ^= type ^ (type == SOCK_STREAM ? SOCK_DGRAM : SOCK_STREAM);
  }
  variants.push_back(other);
}

// The last call made by `op`, of the same kind.
Program By(Op op, Program program) {
  Call last = program.calls.back();
  program.calls.pop_back();
  const bool takes_flags = op != Op::kRead && op != Op::kReadv && op != Op::kWrite && op != Op::kWritev;
  const bool names = op == Op::kSendto || op == Op::kSendmsg;
  const bool named = last.op == Op::kSendto || last.op == Op::kSendmsg;
  if (!takes_flags && (last.flags & MSG_DONTWAIT) != 0) {
    program.calls.push_back({.op = Op::kFcntl, .fd = last.fd, .command = F_SETFL, .value = O_NONBLOCK});
  }
  if (named && !names && last.pointer == Pointer::kValid) {
    program.calls.push_back({.op = Op::kConnect, .fd = last.fd, .address = last.address, .length = last.length});
  }
  if (op == last.op) {
    program.calls.push_back(last);
    return program;
  }
  if (names && !named) {
    last.pointer = Pointer::kNull;
    last.length = 0;
  }
  if (op == Op::kRecvfrom || op == Op::kRecvmsg) last.length = kStorageLength;
  if (!takes_flags) last.flags = 0;
  last.op = op;
  program.calls.push_back(last);
  return program;
}

void AddLastCalls(const Program& program, std::vector<Program>& variants) {
  const Call& last = program.calls.back();
  for (const std::span<const Op> kind : {std::span<const Op>(kReceiving), std::span<const Op>(kSending), std::span<const Op>(kAccepting)}) {
    if (!Has(kind, last.op)) continue;
    for (const Op op : kind) {
      if (op != last.op) variants.push_back(By(op, program));
    }
  }
  if (last.op != Op::kPoll) return;
  for (const int32_t events : {0, POLLIN, POLLOUT, POLLIN | POLLOUT}) {
    for (const int32_t timeout : {0, -1}) {
      variants.push_back(program);
      variants.back().calls.back().flags = events;
      variants.back().calls.back().timeout = timeout;
    }
  }
}

}  // namespace

std::vector<Program> VariantsOf(const Program& program) {
  std::vector<Program> types = {program};
  AddTypes(types);
  std::vector<Program> families;
  for (const Program& one : types) {
    families.push_back(one);
    for (const Addresses to : {Addresses::kIpv4, Addresses::kIpv6, Addresses::kMapped}) families.push_back(With(to, one));
  }
  std::vector<Program> variants;
  for (const Program& one : families) {
    if (std::ranges::find(variants, one) != variants.end()) continue;
    variants.push_back(one);
    AddLastCalls(one, variants);
  }
  return variants;
}

}  // namespace sockspec
