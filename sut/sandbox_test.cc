#include "sut/sandbox.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <thread>

#include "gtest/gtest.h"

namespace sockspec {
namespace {

// Runs `body` in a child, so that its namespaces are no other test's, and gives what it said. A
// child that dies says so.
std::string InChild(const std::function<std::string()>& body) {
  int ends[2];
  if (pipe(ends) != 0) return "pipe failed";
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    const std::string said = body();
    const ssize_t written = write(ends[1], said.data(), said.size());
    _exit(written == static_cast<ssize_t>(said.size()) ? 0 : 1);
  }
  close(ends[1]);
  std::string said;
  char part[512];
  for (ssize_t size; (size = read(ends[0], part, sizeof part)) > 0;) said.append(part, size);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) said += " (the child ended with status " + std::to_string(status) + ")";
  return said;
}

// All but CAP_SETFCAP, without which Linux lets nobody map root (5.12), not even onto root.
void DropCapabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct few[2]{};
  few[0].effective = few[0].permitted = 1u << CAP_SETFCAP;
  if (syscall(SYS_capset, &header, few) == 0) return;
  few[0] = {};  // it was not there to keep
  syscall(SYS_capset, &header, few);
}

// As whoever runs `sockspec` without sudo. Where there is no user nobody to become (Bazel's sandbox
// maps one user), losing the capabilities has to do.
void BecomeUnprivileged() {
  (void)setresgid(65534, 65534, 65534);
  (void)setresuid(65534, 65534, 65534);
  DropCapabilities();
  prctl(PR_SET_DUMPABLE, 1);  // what execve() would have done: /proc/self is the user's own
}

// The sandbox that a test may have, whoever runs it.
std::string EnterSandbox(const Environment& env) {
  if (NeedsUserNamespace()) {
    if (const Trouble trouble = EnterUserNamespace(); trouble.any()) return trouble.what;
  }
  return EnterFreshNetwork(env).what;
}

// The inode of the namespace, which is kept (by an open file), so that no later one has its number.
ino_t NetworkOfThisThread() {
  struct stat found {};
  const int kept = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  return kept >= 0 && fstat(kept, &found) == 0 ? found.st_ino : 0;
}

// The port the kernel chooses for a bind to port 0, or -1 and an errno.
int ChosenPort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0) return -1;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  return ntohs(address.sin_port);
}

// Brings up a TUN device, which needs no more than the network's own administrator.
bool RaiseSecondInterface() {
  const int tun = open("/dev/net/tun", O_RDWR);
  ifreq request{};
  strcpy(request.ifr_name, "tun0");
  request.ifr_flags = IFF_TUN;
  if (tun < 0 || ioctl(tun, TUNSETIFF, &request) != 0) return false;
  request.ifr_flags = IFF_UP;
  return ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCSIFFLAGS, &request) == 0;
}

TEST(Sandbox, EveryFreshNetworkIsAnother) {
  const std::string said = InChild([]() -> std::string {
    std::set<ino_t> seen{NetworkOfThisThread()};
    for (int i = 0; i < 3; ++i) {
      if (const std::string trouble = EnterSandbox({}); !trouble.empty()) return trouble;
      if (!seen.insert(NetworkOfThisThread()).second) return "seen before";
    }
    return "all new";
  });
  EXPECT_EQ(said, "all new");
}

TEST(Sandbox, EveryThreadEntersItsOwn) {
  const std::string said = InChild([]() -> std::string {
    if (const std::string trouble = EnterSandbox({}); !trouble.empty()) return trouble;
    const ino_t main = NetworkOfThisThread();
    ino_t inherited = 0;
    ino_t own = 0;
    std::string trouble;
    std::thread([&] {
      inherited = NetworkOfThisThread();
      trouble = EnterFreshNetwork({}).what;
      own = NetworkOfThisThread();
    }).join();
    if (!trouble.empty()) return trouble;
    if (inherited != main) return "a thread does not begin where its starter is";
    if (own == main) return "the thread did not leave";
    if (NetworkOfThisThread() != main) return "the thread moved its starter";
    return "its own";
  });
  EXPECT_EQ(said, "its own");
}

TEST(Sandbox, AnUnprivilegedUserGetsAWholeOne) {
  const std::string said = InChild([]() -> std::string {
    BecomeUnprivileged();
    if (!NeedsUserNamespace()) return "still privileged";
    if (const std::string trouble = EnterSandbox({}); !trouble.empty()) return trouble;
    const SandboxFacts& facts = ThisSandbox();
    std::string lacking;
    if (!facts.own_namespace) lacking += " own_namespace";
    if (!facts.unreachable) lacking += " unreachable";
    if (!facts.blackhole) lacking += " blackhole";
    if (!facts.prohibited) lacking += " prohibited";
    if (!facts.silent) lacking += " silent";
    if (facts.ipv6 && !(facts.unreachable6 && facts.blackhole6 && facts.prohibited6)) {
      lacking += " routes of IPv6";
    }
    if (!facts.unprivileged_ports) lacking += " unprivileged_ports";
    return "lacking:" + lacking;
  });
  EXPECT_EQ(said, "lacking:");
}

// The errno of a connection to the address, 0 for none; the time it takes, at most 0.2 s.
int Connect(const char* host, int type) {
  sockaddr_in in{.sin_family = AF_INET, .sin_port = htons(9)};
  sockaddr_in6 in6{.sin6_family = AF_INET6, .sin6_port = htons(9)};
  const bool is4 = inet_pton(AF_INET, host, &in.sin_addr) == 1;
  if (!is4 && inet_pton(AF_INET6, host, &in6.sin6_addr) != 1) return -1;
  const int fd = socket(is4 ? AF_INET : AF_INET6, type, 0);
  const timeval timeout{.tv_usec = 200000};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  const int value = is4 ? connect(fd, reinterpret_cast<sockaddr*>(&in), sizeof in)
                        : connect(fd, reinterpret_cast<sockaddr*>(&in6), sizeof in6);
  const int error = errno;
  close(fd);
  return value == 0 ? 0 : error;
}

TEST(Sandbox, EveryRouteLeadsWhereItSays) {
  const std::string said = InChild([]() -> std::string {
    if (const std::string trouble = EnterSandbox({}); !trouble.empty()) return trouble;
    std::string wrong;
    const struct {
      const char* host;
      int error;
    } rows[] = {
        {"127.0.0.1", ECONNREFUSED},     {"127.1.2.3", ECONNREFUSED}, {"192.0.2.1", ENETUNREACH},
        {"198.51.100.1", EHOSTUNREACH},  {"203.0.113.1", EINVAL},     {"198.18.0.1", EACCES},
        {"198.19.0.1", EINPROGRESS},     {"::1", ECONNREFUSED},       {"2001:db8::1", ENETUNREACH},
        {"2001:db8:1::1", EHOSTUNREACH}, {"2001:db8:2::1", EINVAL},   {"2001:db8:3::1", EACCES}};
    for (const auto& row : rows) {
      if (strchr(row.host, ':') != nullptr && !ThisSandbox().ipv6) continue;
      const int error = Connect(row.host, SOCK_STREAM);
      if (error != row.error) wrong += Failed(row.host, error) + "; ";
    }
    return "wrong: " + wrong;
  });
  EXPECT_EQ(said, "wrong: ");
}

TEST(Sandbox, NothingComesBackFromTheSilentRoute) {
  const std::string said = InChild([]() -> std::string {
    if (const std::string trouble = EnterSandbox({}); !trouble.empty()) return trouble;
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in to{.sin_family = AF_INET, .sin_port = htons(9)};
    inet_pton(AF_INET, "198.19.0.1", &to.sin_addr);
    if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
      return Failed("connect", errno);
    for (int i = 0; i < 3; ++i) {
      if (send(fd, "x", 1, 0) != 1) return Failed("send", errno);
      usleep(10000);
    }
    char byte;
    if (recv(fd, &byte, 1, MSG_DONTWAIT) >= 0) return "something came";
    return Failed("recv", errno);
  });
  EXPECT_EQ(said, "recv: Resource temporarily unavailable (EAGAIN)");
}

// Also without root, where the capabilities are those of a user namespace.
TEST(Sandbox, NobodyMayNotAndMayAgain) {
  for (const bool unprivileged : {false, true}) {
    const std::string said = InChild([=]() -> std::string {
      if (unprivileged) BecomeUnprivileged();
      if (const std::string trouble = EnterSandbox({}); !trouble.empty()) return trouble;
      const auto low_port = [] {
        const int fd = socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(1023)};
        const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
        const std::string result = bound ? "bound" : Failed("bind", errno);
        close(fd);
        return result;
      };
      const auto set = [](bool nobody) { return SetNobody(nobody).what; };
      return low_port() + set(true) + ", " + low_port() + set(true) + set(false) + ", " +
             low_port() + set(false);
    });
    EXPECT_EQ(said, "bound, bind: Permission denied (EACCES), bound");
  }
}

TEST(Sandbox, TheKernelHasAsManyPortsToChooseFromAsAskedFor) {
  const std::string said = InChild([]() -> std::string {
    if (const std::string trouble = EnterSandbox({.ephemeral = 2}); !trouble.empty())
      return trouble;
    std::set<int> ports{ChosenPort(), ChosenPort()};
    if (ChosenPort() != -1) return "a third port was given";
    std::string text;
    for (const int port : ports) text += std::to_string(port) + " ";
    return text;
  });
  EXPECT_EQ(said, "32768 32769 ");
}

TEST(Sandbox, ARefusedUserNamespaceSaysWhichSettingRefuses) {
  const std::string said = InChild([]() -> std::string {
    // In a user namespace in which there may be no further one.
    if (unshare(CLONE_NEWUSER) != 0) return "no user namespace to begin with";
    std::ofstream("/proc/sys/user/max_user_namespaces") << "0" << std::flush;
    return EnterUserNamespace().what;
  });
  EXPECT_NE(said.find("unshare(CLONE_NEWUSER)"), std::string::npos) << said;
  EXPECT_NE(said.find("ENOSPC"), std::string::npos) << said;
  EXPECT_NE(said.find("Run as root, or: sysctl -w user.max_user_namespaces=10000"),
            std::string::npos)
      << said;
}

TEST(Sandbox, AUserNamespaceAfterASecondThreadIsRefusedWithTheReason) {
  const std::string said = InChild([]() -> std::string {
    std::atomic<bool> over = false;
    std::thread second([&] { over.wait(false); });
    const std::string what = EnterUserNamespace().what;
    over = true;
    over.notify_all();
    second.join();
    return what;
  });
  EXPECT_NE(said.find("EINVAL"), std::string::npos) << said;
  EXPECT_NE(said.find("before starting any"), std::string::npos) << said;
}

// Nothing of a program may reach another machine, so the namespace at hand serves only if it leads
// nowhere.
TEST(Sandbox, WithoutNamespacesOnlyALonelyNetworkServes) {
  const std::string lonely = InChild([]() -> std::string {
    if (const std::string trouble = EnterSandbox({}); !trouble.empty()) return trouble;
    const ino_t before = NetworkOfThisThread();
    DropCapabilities();
    if (const Trouble trouble = EnterFreshNetwork({}); trouble.any()) return trouble.what;
    if (NetworkOfThisThread() != before) return "another namespace all the same";
    if (ThisSandbox().own_namespace) return "called its own";
    return ThisSandbox().notes.front();
  });
  EXPECT_EQ(lonely,
            "unshare(CLONE_NEWNET): Operation not permitted (EPERM); the namespace at hand "
            "serves, it has no interface but loopback");

  const std::string said = InChild([]() -> std::string {
    // A network with one more interface that is up: the tunnel's end that SIOCSIFFLAGS raises.
    if (const std::string trouble = EnterSandbox({}); !trouble.empty()) return trouble;
    if (!RaiseSecondInterface()) return "no second interface here";
    DropCapabilities();
    return EnterFreshNetwork({}).what;
  });
  if (said == "no second interface here") GTEST_SKIP() << said;
  EXPECT_NE(said.find("unshare(CLONE_NEWNET): Operation not permitted (EPERM)"), std::string::npos)
      << said;
}

}  // namespace
}  // namespace sockspec
