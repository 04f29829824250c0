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

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace sockspec {
namespace {

constexpr char kPortRangeFile[] = "/proc/sys/net/ipv4/ip_local_port_range";

thread_local SandboxFacts facts;

// Writes a file of /proc in one piece. Below /proc/sys/net, Linux shows the namespace of the thread
// that opens the file.
Trouble Put(const char* path, const std::string& text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return {Failed(std::string("open ") + path, errno)};
  const ssize_t written = write(fd, text.data(), text.size());
  const int error = errno;
  close(fd);
  if (written != static_cast<ssize_t>(text.size())) {
    return {Failed("write \"" + text + "\" to " + path, written < 0 ? error : EIO)};
  }
  return {};
}

// The file's first bytes, empty where it cannot be read.
std::string Get(const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  char text[64];
  const ssize_t size = read(fd, text, sizeof text);
  close(fd);
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

// Raw rtnetlink, since what is sent is a constant of 104 bytes: one link set up, two routes added.
// Of the libraries for this, Debian has libmnl without a static archive, and static libnl-route
// would put two LGPL archives into the one file that people hand around, and read /proc/net/psched
// before main().
struct RouteRequest {
  nlmsghdr header;
  rtmsg route;
  rtattr destination_header;
  uint32_t destination;
};
struct Requests {
  struct {
    nlmsghdr header;
    ifinfomsg link;
  } loopback;
  RouteRequest unreachable;
  RouteRequest blackhole;
};
static_assert(sizeof(Requests) == 32 + 36 + 36, "netlink wants messages every 4 bytes, unpadded");

RouteRequest Route(uint32_t sequence, uint8_t type, uint32_t network) {
  return {.header = {.nlmsg_len = sizeof(RouteRequest),
                     .nlmsg_type = RTM_NEWROUTE,
                     .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE,
                     .nlmsg_seq = sequence,
                     .nlmsg_pid = 0},
          .route = {.rtm_family = AF_INET,
                    .rtm_dst_len = 24,
                    .rtm_src_len = 0,
                    .rtm_tos = 0,
                    .rtm_table = RT_TABLE_MAIN,
                    .rtm_protocol = RTPROT_STATIC,
                    .rtm_scope = RT_SCOPE_UNIVERSE,
                    .rtm_type = type,
                    .rtm_flags = 0},
          .destination_header = {.rta_len = RTA_LENGTH(4), .rta_type = RTA_DST},
          .destination = htonl(network)};
}

// The errno each request was answered with, 0 for done, -1 for no answer.
struct Answers {
  int loopback = -1;
  int unreachable = -1;
  int blackhole = -1;
};

Answers AskForLinkAndRoutes() {
  Requests requests{};
  requests.loopback.header = {.nlmsg_len = sizeof requests.loopback,
                              .nlmsg_type = RTM_NEWLINK,
                              .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
                              .nlmsg_seq = 0,
                              .nlmsg_pid = 0};
  requests.loopback.link.ifi_index = 1;  // lo is the first link of every namespace
  requests.loopback.link.ifi_flags = IFF_UP;
  requests.loopback.link.ifi_change = IFF_UP;
  requests.unreachable = Route(1, RTN_UNREACHABLE, 0xC6336400);  // 198.51.100.0/24
  requests.blackhole = Route(2, RTN_BLACKHOLE, 0xCB007100);      // 203.0.113.0/24

  int answers[3] = {-1, -1, -1};
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return {};
  // Linux and gVisor both answer before send() returns, each request with a datagram of its own.
  if (send(fd, &requests, sizeof requests, 0) == sizeof requests) {
    struct {
      nlmsghdr header;
      nlmsgerr answer;
      char rest[256];
    } reply;
    for (int i = 0; i < 3; ++i) {
      const ssize_t size = recv(fd, &reply, sizeof reply, MSG_DONTWAIT);
      if (size < static_cast<ssize_t>(sizeof(nlmsghdr) + sizeof(int))) break;
      if (reply.header.nlmsg_type != NLMSG_ERROR || reply.header.nlmsg_seq > 2) continue;
      answers[reply.header.nlmsg_seq] = -reply.answer.error;
    }
  }
  close(fd);
  return {answers[0], answers[1], answers[2]};
}

// Brings lo up by ioctl() where rtnetlink cannot. gVisor refuses both; its lo is up from the start.
Trouble BringUpLoopback() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return {Failed("socket(AF_INET, SOCK_DGRAM)", errno)};
  ifreq request{};
  strcpy(request.ifr_name, "lo");
  Trouble trouble;
  if (ioctl(fd, SIOCGIFFLAGS, &request) != 0) {
    trouble.what = Failed("ioctl(SIOCGIFFLAGS, lo)", errno);
  } else if (!(request.ifr_flags & IFF_UP)) {
    request.ifr_flags |= IFF_UP;
    if (ioctl(fd, SIOCSIFFLAGS, &request) != 0) {
      trouble.what = Failed("ioctl(SIOCSIFFLAGS, lo up)", errno);
    }
  }
  close(fd);
  return trouble;
}

// Whether nothing sent from this namespace can leave the machine.
bool OnlyLoopback() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  struct if_nameindex* links = if_nameindex();
  bool only = links != nullptr;
  for (struct if_nameindex* link = links; only && link->if_index != 0; ++link) {
    ifreq request{};
    strncpy(request.ifr_name, link->if_name, IFNAMSIZ - 1);
    if (ioctl(fd, SIOCGIFFLAGS, &request) != 0) {
      only = false;
    } else if ((request.ifr_flags & IFF_UP) && !(request.ifr_flags & IFF_LOOPBACK)) {
      only = false;
    }
  }
  if (links != nullptr) if_freenameindex(links);
  close(fd);
  return only;
}

// The port that bind() gives for port 0, or -1.
int ChosenPort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  const bool bound = bind(fd, any, length) == 0 && getsockname(fd, any, &length) == 0;
  close(fd);
  return bound ? ntohs(address.sin_port) : -1;
}

void Note(const char* what, int answer) {
  facts.notes.push_back(answer < 0 ? std::string(what) + ": no answer" : Failed(what, answer));
}

}  // namespace

std::string Failed(const std::string& call, int error) {
  const char* name = strerrorname_np(error);
  return call + ": " + strerror(error) + " (" + (name != nullptr ? name : std::to_string(error)) +
         ")";
}

bool NeedsUserNamespace() {
  // By syscall, to do without libcap for one bit.
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2]{};
  if (syscall(SYS_capget, &header, data) != 0) return geteuid() != 0;
  return !(data[0].effective & (1u << CAP_SYS_ADMIN));
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

Trouble EnterFreshNetwork(const Environment& env) {
  facts = SandboxFacts{};
  if (unshare(CLONE_NEWNET) == 0) {
    facts.own_namespace = true;
  } else {
    const std::string what = Failed("unshare(CLONE_NEWNET)", errno);
    if (!OnlyLoopback()) {
      return {what + ". Programs run in a network namespace of their own. " + WhatToDo()};
    }
    facts.notes.push_back(what +
                          "; the namespace at hand serves, it has no interface but loopback");
  }

  const Answers answers = AskForLinkAndRoutes();
  if (answers.loopback != 0) {
    if (Trouble trouble = BringUpLoopback(); trouble.any()) return trouble;
  }
  facts.unreachable = answers.unreachable == 0 || answers.unreachable == EEXIST;
  facts.blackhole = answers.blackhole == 0 || answers.blackhole == EEXIST;
  if (!facts.unreachable) Note("route add unreachable 198.51.100.0/24", answers.unreachable);
  if (!facts.blackhole) Note("route add blackhole 203.0.113.0/24", answers.blackhole);

  const Trouble ports = Put("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
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
  return {};
}

Trouble SetEphemeralRange(PortRange range) {
  if (range == facts.ephemeral) return {};
  const std::string text = std::to_string(range.low) + " " + std::to_string(range.high);
  if (Trouble trouble = Put(kPortRangeFile, text); trouble.any()) return trouble;
  // gVisor takes any range there, and goes on as before.
  const int chosen = ChosenPort();
  if (!range.Contains(chosen)) {
    return {std::string(kPortRangeFile) + " was set to \"" + text + "\", and bind() chose port " +
            std::to_string(chosen) +
            " all the same: `env: ephemeral` cannot be had on this kernel"};
  }
  facts.ephemeral = range;
  return {};
}

const SandboxFacts& ThisSandbox() { return facts; }

}  // namespace sockspec
