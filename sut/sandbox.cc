#include "sut/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <utility>

#include "sut/own_calls.h"

namespace sockspec {
namespace {

constexpr char kPortRangeFile[] = "/proc/sys/net/ipv4/ip_local_port_range";
constexpr char kPrivilegedFile[] = "/proc/sys/net/ipv4/ip_unprivileged_port_start";

thread_local SandboxFacts facts;

struct ReadOnlyFact {
  bool read_only = false;
  std::string note;
};
thread_local bool at_hand = false;          // StayInTheNetworkAtHand() was called
thread_local bool entered_network = false;  // EnterFreshNetwork() was
thread_local ReadOnlyFact told;             // outlives namespaces of the network

// Writes a file of /proc in one piece. Below /proc/sys/net, Linux shows the namespace of the thread
// that opens the file.
Trouble Put(const char* path, const std::string& text) {
  const int fd = own::Open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return {Failed(std::string("open ") + path, errno)};
  const ssize_t written = own::Write(fd, text.data(), text.size());
  const int error = errno;
  own::Close(fd);
  if (written != static_cast<ssize_t>(text.size())) {
    return {Failed("write \"" + text + "\" to " + path, written < 0 ? error : EIO)};
  }
  return {};
}

// The file's first bytes, empty where it cannot be read.
std::string Get(const char* path) {
  const int fd = own::Open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  char text[64];
  const ssize_t size = own::Read(fd, text, sizeof text);
  own::Close(fd);
  return std::string(text, size > 0 ? size : 0);
}

// What the administrator may have to change, said only of settings that stand in the way.
std::string WhatToDo() {
  struct Setting {
    const char* path;
    const char* name;
    const char* refusing;
    const char* wanted;
  };
  constexpr Setting kSettings[] = {
      {"/proc/sys/kernel/unprivileged_userns_clone", "kernel.unprivileged_userns_clone", "0\n",
       "1"},
      {"/proc/sys/user/max_user_namespaces", "user.max_user_namespaces", "0\n", "10000"},
      {"/proc/sys/user/max_net_namespaces", "user.max_net_namespaces", "0\n", "10000"},
      {"/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
       "kernel.apparmor_restrict_unprivileged_userns", "1\n", "0"}};
  std::string advice;
  for (const Setting& setting : kSettings) {
    if (Get(setting.path) != setting.refusing) continue;
    advice += advice.empty() ? "Run as root, or: sysctl -w" : "";
    advice += std::string(" ") + setting.name + "=" + setting.wanted;
  }
  if (!advice.empty()) return advice + ".";
  return "Run as root, or allow unprivileged user namespaces (sysctl "
         "kernel.unprivileged_userns_clone, user.max_user_namespaces, "
         "kernel.apparmor_restrict_unprivileged_userns; a container's seccomp profile may refuse "
         "them too).";
}

// A route that every namespace gets. What connects to it finds the fact true.
struct Route {
  const char* text;  // as ip-route(8) has it
  bool SandboxFacts::*fact;
  uint8_t family;
  uint8_t type;
  uint8_t prefix;  // bits of `network`
  uint8_t network[16];
};
// clang-format off
constexpr Route kRoutes[] = {
    {"unreachable 198.51.100.0/24", &SandboxFacts::unreachable,
     AF_INET, RTN_UNREACHABLE, 24, {198, 51, 100}},
    {"blackhole 203.0.113.0/24", &SandboxFacts::blackhole,
     AF_INET, RTN_BLACKHOLE, 24, {203, 0, 113}},
    {"prohibit 198.18.0.0/16", &SandboxFacts::prohibited,
     AF_INET, RTN_PROHIBIT, 16, {198, 18}},
    // What goes out by lo comes in by lo (__mkroute_output: RTCF_LOCAL), so a UDP socket bound to
    // 0.0.0.0 gets it. Nothing goes back: 198.19.0.1 is no address of ours to answer from, neither
    // for a SYN nor for an ICMP error.
    {"198.19.0.0/16 dev lo src 127.0.0.1", &SandboxFacts::silent,
     AF_INET, RTN_UNICAST, 16, {198, 19}},
    {"unreachable 2001:db8:1::/48", &SandboxFacts::unreachable6,
     AF_INET6, RTN_UNREACHABLE, 48, {0x20, 0x01, 0x0d, 0xb8, 0, 1}},
    {"blackhole 2001:db8:2::/48", &SandboxFacts::blackhole6,
     AF_INET6, RTN_BLACKHOLE, 48, {0x20, 0x01, 0x0d, 0xb8, 0, 2}},
    {"prohibit 2001:db8:3::/48", &SandboxFacts::prohibited6,
     AF_INET6, RTN_PROHIBIT, 48, {0x20, 0x01, 0x0d, 0xb8, 0, 3}},
};
// clang-format on
constexpr int kLoopbackIndex = 1;  // lo is the first link of every namespace
constexpr int kRequests = 1 + std::size(kRoutes);

// Raw rtnetlink, since what is sent is a constant of some 300 bytes: one link set up, and routes.
// Of the libraries for this, Debian has libmnl without a static archive, and static libnl-route
// would put two LGPL archives into the one file that people hand around, and read /proc/net/psched
// before main().
class Requests {
 public:
  Requests() {
    Begin(RTM_NEWLINK, 0,
          ifinfomsg{.ifi_index = kLoopbackIndex, .ifi_flags = IFF_UP, .ifi_change = IFF_UP});
    for (const Route& route : kRoutes) Add(route);
    End();
  }
  const unsigned char* bytes() const { return bytes_; }
  size_t size() const { return size_; }

 private:
  template <class Body>
  void Begin(uint16_t type, uint16_t flags, const Body& body) {
    End();
    header_ = {.nlmsg_len = 0,
               .nlmsg_type = type,
               .nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags),
               .nlmsg_seq = count_++,
               .nlmsg_pid = 0};
    begin_ = size_;
    size_ += sizeof header_;
    Put(&body, sizeof body);
  }

  void Attribute(uint16_t type, const void* value, uint16_t size) {
    const rtattr header{.rta_len = static_cast<uint16_t>(RTA_LENGTH(size)), .rta_type = type};
    Put(&header, sizeof header);
    Put(value, size);
  }

  void Put(const void* value, size_t size) {
    memcpy(bytes_ + size_, value, size);
    size_ += NLMSG_ALIGN(size);
  }

  void End() {
    if (count_ == 0) return;
    header_.nlmsg_len = static_cast<uint32_t>(size_ - begin_);
    memcpy(bytes_ + begin_, &header_, sizeof header_);
  }

  void Add(const Route& route) {
    const bool unicast = route.type == RTN_UNICAST;
    Begin(RTM_NEWROUTE, NLM_F_CREATE,
          rtmsg{.rtm_family = route.family,
                .rtm_dst_len = route.prefix,
                .rtm_table = RT_TABLE_MAIN,
                .rtm_protocol = RTPROT_STATIC,
                .rtm_scope = static_cast<uint8_t>(unicast ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE),
                .rtm_type = route.type});
    Attribute(RTA_DST, route.network, route.family == AF_INET ? 4 : 16);
    if (!unicast) return;
    const uint32_t source = htonl(INADDR_LOOPBACK);
    Attribute(RTA_PREFSRC, &source, sizeof source);
    Attribute(RTA_OIF, &kLoopbackIndex, sizeof kLoopbackIndex);
  }

  alignas(4) unsigned char bytes_[64 * kRequests] = {};
  size_t size_ = 0;
  size_t begin_ = 0;
  nlmsghdr header_{};
  uint32_t count_ = 0;
};

// The errno each request was answered with, 0 for done, -1 for no answer. The first is loopback's.
std::array<int, kRequests> AskForLinkAndRoutes() {
  static const Requests requests;
  std::array<int, kRequests> answers;
  answers.fill(-1);
  const int fd = own::Socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return answers;
  // Linux and gVisor both answer before send() returns, each request with a datagram of its own.
  if (own::Send(fd, requests.bytes(), requests.size(), 0) == static_cast<ssize_t>(requests.size())) {
    struct {
      nlmsghdr header;
      nlmsgerr answer;
      char rest[256];
    } reply;
    for (int i = 0; i < kRequests; ++i) {
      const ssize_t size = own::Recv(fd, &reply, sizeof reply, MSG_DONTWAIT);
      if (size < static_cast<ssize_t>(sizeof(nlmsghdr) + sizeof(int))) break;
      if (reply.header.nlmsg_type != NLMSG_ERROR || reply.header.nlmsg_seq >= kRequests) continue;
      answers[reply.header.nlmsg_seq] = -reply.answer.error;
    }
  }
  own::Close(fd);
  return answers;
}

// Brings lo up by ioctl() where rtnetlink cannot. gVisor refuses both; its lo is up from the start.
Trouble BringUpLoopback() {
  const int fd = own::Socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return {Failed("socket(AF_INET, SOCK_DGRAM)", errno)};
  ifreq request{};
  strcpy(request.ifr_name, "lo");
  Trouble trouble;
  if (own::Ioctl(fd, SIOCGIFFLAGS, &request) != 0) {
    trouble.what = Failed("ioctl(SIOCGIFFLAGS, lo)", errno);
  } else if (!(request.ifr_flags & IFF_UP)) {
    request.ifr_flags |= IFF_UP;
    if (own::Ioctl(fd, SIOCSIFFLAGS, &request) != 0) {
      trouble.what = Failed("ioctl(SIOCSIFFLAGS, lo up)", errno);
    }
  }
  own::Close(fd);
  return trouble;
}

// Whether nothing sent from this namespace can leave the machine.
bool OnlyLoopback() {
  // One descriptor at a time: the program may be given no more (env: nofile=1).
  struct if_nameindex* links = if_nameindex();
  const int fd = own::Socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  bool only = links != nullptr && fd >= 0;
  for (struct if_nameindex* link = links; only && link->if_index != 0; ++link) {
    ifreq request{};
    strncpy(request.ifr_name, link->if_name, IFNAMSIZ - 1);
    if (own::Ioctl(fd, SIOCGIFFLAGS, &request) != 0) {
      only = false;
    } else if ((request.ifr_flags & IFF_UP) && !(request.ifr_flags & IFF_LOOPBACK)) {
      only = false;
    }
  }
  if (links != nullptr) if_freenameindex(links);
  if (fd >= 0) own::Close(fd);
  return only;
}

// The port that bind() gives for port 0, or -1.
int ChosenPort() {
  const int fd = own::Socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  const bool bound = own::Bind(fd, any, length) == 0 && own::Getsockname(fd, any, &length) == 0;
  own::Close(fd);
  return bound ? ntohs(address.sin_port) : -1;
}

// Whether [::1] is an address here: 0, or bind()'s errno.
int ErrnoOfIpv6Loopback() {
  const int fd = own::Socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const int bound = own::Bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
  const int error = errno;
  own::Close(fd);
  return bound == 0 ? 0 : error;
}

void Note(const std::string& what, int answer) {
  facts.notes.push_back(answer < 0 ? what + ": no answer" : Failed(what, answer));
}

// Of the calling thread. By syscall, to do without libcap for this.
struct Capabilities {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2]{};
  bool Get() { return syscall(SYS_capget, &header, data) == 0; }
  bool Set() { return syscall(SYS_capset, &header, data) == 0; }
};

struct Nobody {
  bool now = false;
  Capabilities before;  // it became nobody
};
thread_local Nobody nobody;

}  // namespace

std::string Failed(const std::string& call, int error) {
  const char* name = strerrorname_np(error);
  return call + ": " + strerror(error) + " (" + (name != nullptr ? name : std::to_string(error)) +
         ")";
}

bool NeedsUserNamespace() {
  Capabilities capabilities;
  if (!capabilities.Get()) return geteuid() != 0;
  return !(capabilities.data[0].effective & (1u << CAP_SYS_ADMIN));
}

Trouble EnterUserNamespace() {
  static bool entered = false;
  if (entered) return {};
  const uid_t uid = geteuid();
  const gid_t gid = getegid();
  if (unshare(CLONE_NEWUSER) != 0) {
    const int error = errno;
    std::string what = Failed("unshare(CLONE_NEWUSER)", error);
    if (error == EINVAL) {
      what += ". Linux allows it only to a process with one thread: call it before starting any.";
    } else {
      what += ". Programs run in a network namespace of their own. " + WhatToDo();
    }
    return {what};
  }
  // Linux before 3.19 has no setgroups file and needs none.
  if (Trouble denied = Put("/proc/self/setgroups", "deny");
      denied.any() && access("/proc/self/setgroups", F_OK) == 0) {
    return denied;
  }
  if (Trouble map = Put("/proc/self/uid_map", "0 " + std::to_string(uid) + " 1"); map.any()) {
    return map;
  }
  if (Trouble map = Put("/proc/self/gid_map", "0 " + std::to_string(gid) + " 1"); map.any()) {
    return map;
  }
  entered = true;
  return {};
}

void StayInTheNetworkAtHand() { at_hand = true; }

// In the namespace at hand, whose range is `now`: it has what the last program wanted, or that of a process that was
// killed. All programs share its ports, and a connection keeps one for a minute after its end (TIME_WAIT): gVisor chooses
// from 16000 on, which leaves room for the ports of 750 programs, ten seconds of them.
static Trouble SetRangeAtHand(PortRange now) {
  constexpr PortRange kHigh = {.low = 49152, .high = 65535};
  static const PortRange initial = now;
  facts.ephemeral = now;
  static const bool raised = !SetEphemeralRange(kHigh).any();
  return SetEphemeralRange(raised ? kHigh : initial);
}

Trouble EnterFreshNetwork(const Environment& env) {
  const PortRange left_behind = facts.ephemeral;
  const bool first = !std::exchange(entered_network, true);
  facts = SandboxFacts{.read_only = told.read_only};
  if (!told.note.empty()) facts.notes.push_back(told.note);
  if (!at_hand && unshare(CLONE_NEWNET) == 0) {
    facts.own_namespace = true;
  } else {
    const std::string what = at_hand ? "a new network namespace is not asked for" : Failed("unshare(CLONE_NEWNET)", errno);
    if (!OnlyLoopback()) {
      return {what + ". Programs run in a network namespace of their own. " + WhatToDo()};
    }
    facts.notes.push_back(what +
                          "; the namespace at hand serves, it has no interface but loopback");
  }

  const std::array<int, kRequests> answers = AskForLinkAndRoutes();
  if (answers[0] != 0) {
    if (Trouble trouble = BringUpLoopback(); trouble.any()) return trouble;
  }
  for (size_t i = 0; i < std::size(kRoutes); ++i) {
    const int answer = answers[1 + i];
    facts.*kRoutes[i].fact = answer == 0 || answer == EEXIST;
    if (answer != 0 && answer != EEXIST) {
      Note(std::string("ip route add ") + kRoutes[i].text, answer);
    }
  }
  // As it is once, so it is in every namespace of this kernel.
  static const int ipv6 = ErrnoOfIpv6Loopback();
  facts.ipv6 = ipv6 == 0;
  if (ipv6 != 0) Note("bind [::1]", ipv6);

  const Trouble ports = Put(kPrivilegedFile, "0");
  facts.unprivileged_ports = !ports.any();
  if (ports.any()) facts.notes.push_back(ports.what);

  if (env.ephemeral > 0) {
    const int low = PortRange{}.low;
    return SetEphemeralRange({.low = low, .high = low + env.ephemeral - 1});
  }
  // Linux begins every namespace with the same range, gVisor with another, so it is read, once.
  static const std::string initial = Get(kPortRangeFile);
  if (PortRange found; sscanf(initial.c_str(), "%d %d", &found.low, &found.high) == 2) {
    facts.ephemeral = found;
  } else {
    facts.notes.push_back(std::string(kPortRangeFile) +
                          " cannot be read; taken to be 32768 to 60999");
  }
  return facts.own_namespace ? Trouble{} : SetRangeAtHand(first ? facts.ephemeral : left_behind);
}

Trouble SetEphemeralRange(PortRange range) {
  if (range == facts.ephemeral) return {};
  const std::string text = std::to_string(range.low) + " " + std::to_string(range.high);
  if (Trouble trouble = Put(kPortRangeFile, text); trouble.any()) return trouble;
  // gVisor takes any range there, and goes on as before.
  const int chosen = ChosenPort();
  if (!range.Contains(chosen)) {
    (void)Put(kPortRangeFile, std::to_string(facts.ephemeral.low) + " " + std::to_string(facts.ephemeral.high));
    return {std::string(kPortRangeFile) + " was set to \"" + text + "\", and bind() chose port " +
            std::to_string(chosen) +
            " all the same: `env: ephemeral` cannot be had on this kernel"};
  }
  facts.ephemeral = range;
  return {};
}

bool AllFree(PortRange range) {
  for (int port = range.low; port <= range.high; ++port) {
    for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
      // [::] stands in the way of 0.0.0.0, too.
      const int fd = own::Socket(facts.ipv6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);
      if (fd < 0) return false;
      sockaddr_in6 six{};
      six.sin6_family = AF_INET6;
      six.sin6_port = htons(static_cast<uint16_t>(port));
      sockaddr_in four{};
      four.sin_family = AF_INET;
      four.sin_port = six.sin6_port;
      const bool bound = facts.ipv6 ? own::Bind(fd, reinterpret_cast<sockaddr*>(&six), sizeof six) == 0
                                    : own::Bind(fd, reinterpret_cast<sockaddr*>(&four), sizeof four) == 0;
      own::Close(fd);
      if (!bound) return false;
    }
  }
  return true;
}

Trouble SetNobody(bool wanted) {
  if (wanted == nobody.now) [[likely]]
    return {};
  if (!wanted) {
    if (!nobody.before.Set()) return {Failed("capset", errno)};
    nobody.now = false;
  }
  if (Trouble ports = Put(kPrivilegedFile, wanted ? "1024" : "0"); ports.any()) {
    return {ports.what + ": `env: uid=nobody` cannot be had on this kernel"};
  }
  facts.unprivileged_ports = !wanted;
  if (wanted) {
    if (!nobody.before.Get()) return {Failed("capget", errno)};
    Capabilities none = nobody.before;
    none.data[0].effective = none.data[1].effective = 0;
    if (!none.Set()) return {Failed("capset", errno)};
    nobody.now = true;
  }
  return {};
}

void TellReadOnly(bool read_only, const std::string& note) { told = {read_only, note}; }

const SandboxFacts& ThisSandbox() { return facts; }

}  // namespace sockspec
