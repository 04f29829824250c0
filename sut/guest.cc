#include "sut/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <system_error>
#include <thread>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "sut/children.h"

extern char** environ;

namespace sockspec {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

// What the first process inside is told by: the scratch directory. And the command, in turn.
constexpr char kJobVariable[] = "SOCKSPEC_JOB";
constexpr char kKindVariable[] = "SOCKSPEC_GUEST";
constexpr char kNameVariable[] = "SOCKSPEC_GUEST_NAME";
constexpr char kReleaseVariable[] = "SOCKSPEC_GUEST_RELEASE";

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool WriteAll(const std::string& path, std::string_view contents) {
  const std::string temporary = path + ".part";
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file << contents;
    if (!file.flush()) return false;
  }
  return rename(temporary.c_str(), path.c_str()) == 0;
}

bool WriteAllTo(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      pollfd room{.fd = fd, .events = POLLOUT, .revents = 0};
      poll(&room, 1, -1);
      continue;
    }
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

std::string ThisProgram() {
  char path[4096];
  const ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
  return n > 0 ? std::string(path, static_cast<size_t>(n)) : "";
}

// ------------------------------------------------------------------------------------------ outside

// The scratch directory; gone with this object.
class Scratch {
 public:
  explicit Scratch(const std::string& kind) {
    // White space would cut the kernel's command line, and the guest has a /dev of its own.
    const char* wanted = getenv("TMPDIR");
    const std::string_view given = wanted != nullptr ? wanted : "";
    const bool usable = given.starts_with("/") && given.find_first_of(" \t\n") == std::string_view::npos &&
                        !given.starts_with("/dev") && !given.starts_with("/proc") && !given.starts_with("/sys");
    const char* base = usable ? wanted : nullptr;
    // Without doubled slashes, which runsc of 2022 cannot do with.
    std::string pattern =
        std::filesystem::path(std::string(base != nullptr && base[0] == '/' ? base : "/tmp") + "/sockspec-" + kind + ".XXXXXX")
            .lexically_normal()
            .string();
    if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

// What a file has got since it was looked at last goes to a descriptor of ours, or into a string.
class Tail {
 public:
  Tail(const std::string& path, int to, std::string* into)
      : from_(open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0600)), to_(to), into_(into) {}
  ~Tail() {
    if (from_ >= 0) close(from_);
  }
  Tail(const Tail&) = delete;
  Tail& operator=(const Tail&) = delete;

  // Nobody reads any more what is printed, or there is no room for it.
  bool failed() const { return failed_; }

  void Copy() {
    char buffer[65536];
    ssize_t n;
    while (from_ >= 0 && (n = read(from_, buffer, sizeof buffer)) > 0) {
      const std::string_view bytes(buffer, static_cast<size_t>(n));
      if (into_ != nullptr) {
        into_->append(bytes);
      } else if (!failed_ && !WriteAllTo(to_, bytes)) {
        failed_ = true;
      }
    }
  }

 private:
  int from_;
  int to_;
  std::string* into_;
  bool failed_ = false;
};

// `name` as a file, else in PATH. A file in `directory` wins over one of PATH. Null and an errno where there is none.
std::optional<std::string> FindProgram(const std::string& name, const std::string& directory) {
  const std::filesystem::path file = std::filesystem::path(directory) / name;
  std::error_code error;
  if (name.find('/') != std::string::npos || std::filesystem::is_regular_file(file, error)) {
    if (access(file.c_str(), X_OK) != 0) return std::nullopt;
    return file.lexically_normal().string();
  }
  const char* path = getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/usr/bin:/bin";
  while (!rest.empty()) {
    const size_t colon = std::min(rest.find(':'), rest.size());
    const std::string candidate = std::string(rest.substr(0, colon)) + "/" + name;
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  errno = ENOENT;
  return std::nullopt;
}

// What `program --version` says in its first line; empty where it does not.
std::string FirstLineOfVersion(const std::string& program) {
  int pipe[2];
  if (pipe2(pipe, O_CLOEXEC) != 0) return "";
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(pipe[1], 1);
    alarm(10);  // one that says nothing is ended
    execl(program.c_str(), program.c_str(), "--version", nullptr);
    _exit(127);
  }
  close(pipe[1]);
  std::string said;
  char bytes[256];
  for (ssize_t count; pid > 0 && said.size() < 4096 && (count = read(pipe[0], bytes, sizeof bytes)) > 0;) {
    said.append(bytes, static_cast<size_t>(count));
  }
  close(pipe[0]);
  if (pid > 0) waitpid(pid, nullptr, 0);
  return said.substr(0, said.find('\n'));
}

// "gVisor release-20221219.0". Inside it says nothing of the kind: its uname() is that of Linux 4.4.0, whichever it is.
// Debian's runsc says "runsc version 0.0~20221219.0", its makers' "runsc version release-20221219.0".
std::string ReleaseOfGvisor(const std::string& runsc) {
  const std::string said = FirstLineOfVersion(runsc);
  const size_t year = said.find("20");
  return year == std::string::npos ? "gVisor" : "gVisor release-" + said.substr(year);
}

// Whether this process has the processor now, as far as guests of ours are concerned: a name that is taken while the
// process lives, and that no file has to be made for.
bool Take(int cpu) {
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  const std::string name = fmt::format("sockspec: user-mode Linux on processor {}", cpu);
  std::copy(name.begin(), name.end(), address.sun_path + 1);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), length) == 0) return true;  // and keeps it open
  close(fd);
  return false;
}

// One processor: user-mode Linux is four times faster there than where it is moved about. The last one that no other
// guest has; where they all have one, any.
void PinToOneProcessor() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  std::vector<int> cpus;
  for (int cpu = CPU_SETSIZE - 1; cpu >= 0; --cpu) {
    if (CPU_ISSET(cpu, &allowed)) cpus.push_back(cpu);
  }
  if (cpus.empty()) return;
  int chosen = -1;
  for (size_t i = 0; chosen < 0 && i < cpus.size(); ++i) {
    if (Take(cpus[i])) chosen = cpus[i];
  }
  if (chosen < 0) chosen = cpus[static_cast<size_t>(getpid()) % cpus.size()];
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(chosen, &one);
  sched_setaffinity(0, sizeof one, &one);
}

std::vector<std::string> UmlCommand(const std::string& image, const GuestOptions& options, const Scratch& job) {
  std::vector<std::string> words = {image,
                                    "mem=512M",
                                    "root=none",
                                    "rootfstype=hostfs",
                                    "rootflags=/",
                                    "ro",
                                    "init=" + ThisProgram(),
                                    "quiet",
                                    "con=null",
                                    "con0=null,fd:1",
                                    "panic=-1",
                                    "oops=panic",
                                    "uml_dir=" + job / "uml",
                                    "umid=guest",
                                    fmt::format("{}={}", kJobVariable, job.path())};
  std::ranges::copy(ArgumentsOf(options.setup), std::back_inserter(words));
  return words;
}

std::vector<std::string> GvisorCommand(const std::string& image, const GuestOptions& options, const Scratch& job) {
  std::vector<std::string> words = {image, "--root=" + job / "runsc"};
  std::ranges::copy(RunscFlags(options.setup), std::back_inserter(words));
  words.push_back("do");
  words.insert(words.end(), std::begin(kRunscDoFlags), std::end(kRunscDoFlags));
  words.insert(words.end(), {"-cwd", options.directory, "/usr/bin/env",
                             fmt::format("{}={}", kJobVariable, job.path()), ThisProgram()});
  return words;
}

// In the child: becomes the kernel. Its own words go to job/console.
[[noreturn]] void BecomeKernel(const std::vector<std::string>& words, const Scratch& job) {
  // runsc goes by these: doubled slashes are too much for it, and as nobody it makes its root in the second.
  unsetenv("PWD");
  unsetenv("TMPDIR");
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setsid();
  const rlimit no_core = {};
  setrlimit(RLIMIT_CORE, &no_core);
  const int nothing = open("/dev/null", O_RDONLY);
  const int console = open((job / "console").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(nothing, 0);
  dup2(console, 1);
  dup2(console, 2);
  closefrom(3);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) signal(number, SIG_DFL);
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  execv(argv[0], argv.data());
  dprintf(2, "cannot run %s: %s\n", argv[0], strerror(errno));
  _exit(127);
}

// ------------------------------------------------------------------------------------ the keeper

// Between this process and the kernel's stands another one: whoever ends, the kernel and all that it has started end
// with it. User-mode Linux leaves the processes of its processes behind when it is killed, runsc its sandbox and its
// file server; the keeper is who they fall to (PR_SET_CHILD_SUBREAPER), so it finds them.

// The directory that `runsc do` has made for itself and removes when it ends by itself, by the command line of one of
// its processes; empty for any other process.
std::string RunscDirectory(pid_t pid) {
  const std::string line = ReadAll(fmt::format("/proc/{}/cmdline", pid));
  constexpr std::string_view kRoot = "--root=";
  for (size_t at = 0; at < line.size(); at = line.find('\0', at) + 1) {
    const std::filesystem::path path = std::string_view(line.c_str() + at).starts_with(kRoot) ? line.c_str() + at + kRoot.size() : "";
    if (path.is_absolute() && path.filename().string().starts_with("runsc-do")) return path;
    if (line.find('\0', at) == std::string::npos) break;
  }
  return "";
}

void FindRunscDirectories(pid_t pid, std::set<std::string>& found) {
  for (const pid_t child : ChildrenOf(pid)) {
    found.insert(RunscDirectory(child));
    FindRunscDirectories(child, found);
  }
}

// Until none is left. A child that dies hands its own down.
void KillAllChildren() {
  std::set<std::string> directories;
  FindRunscDirectories(getpid(), directories);
  // More than enough; a process that cannot be killed (asleep in the kernel) must not keep this one.
  for (int turn = 0; turn < 2000; ++turn) {
    for (const pid_t child : ChildrenOf(getpid())) kill(child, SIGKILL);
    pid_t ended;
    while ((ended = waitpid(-1, nullptr, WNOHANG)) > 0) {
    }
    if (ended < 0 && errno == ECHILD) break;
    usleep(1000);
  }
  std::error_code ignored;
  for (const std::string& directory : directories) {
    if (!directory.empty()) std::filesystem::remove_all(directory, ignored);
  }
}

// The keeper may be killed, too. Then this process is who its children fall to, and ends them.
class HeirOfTheKeeper {
 public:
  HeirOfTheKeeper() : before_(ChildrenOf(getpid())) {
    prctl(PR_GET_CHILD_SUBREAPER, &was_);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
  }
  ~HeirOfTheKeeper() { prctl(PR_SET_CHILD_SUBREAPER, was_); }
  HeirOfTheKeeper(const HeirOfTheKeeper&) = delete;
  HeirOfTheKeeper& operator=(const HeirOfTheKeeper&) = delete;

  void EndWhatIsLeft() const {
    std::set<std::string> directories;
    FindRunscDirectories(getpid(), directories);
    for (int turn = 0; turn < 2000; ++turn) {
      bool any = false;
      for (const pid_t child : ChildrenOf(getpid())) {
        if (std::ranges::find(before_, child) != before_.end()) continue;
        any = true;
        kill(child, SIGKILL);
        waitpid(child, nullptr, WNOHANG);
      }
      if (!any) break;
      usleep(1000);
    }
    std::error_code ignored;
    for (const std::string& directory : directories) {
      if (!directory.empty()) std::filesystem::remove_all(directory, ignored);
    }
  }

 private:
  std::vector<pid_t> before_;
  int was_ = 0;
};

// In the child. `from` is a pipe of which the parent has the other end: a byte says that the kernel is to be killed;
// its end, that the parent is no more, and nobody else will clear up.
[[noreturn]] void KeepKernel(const std::vector<std::string>& words, const Scratch& job, bool pin, int from) {
  setsid();
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) signal(number, SIG_IGN);
  // What the user pipes our output into must not wait for this process.
  const int nothing = open("/dev/null", O_RDWR);
  for (const int fd : {0, 1, 2}) dup2(nothing, fd);
  dup2(from, 3);
  closefrom(4);
  if (pin) PinToOneProcessor();
  const pid_t kernel = fork();
  if (kernel == 0) BecomeKernel(words, job);
  pollfd told{.fd = 3, .events = POLLIN, .revents = 0};
  bool alone = false;
  while (kernel > 0) {
    pid_t ended;
    while ((ended = waitpid(-1, nullptr, WNOHANG)) > 0 && ended != kernel) {
    }
    if (ended == kernel) break;
    if (poll(&told, 1, 20) > 0) {
      char byte;
      alone = read(3, &byte, 1) != 1;
      break;
    }
  }
  KillAllChildren();
  if (alone) {
    std::error_code ignored;
    std::filesystem::remove_all(job.path(), ignored);
  }
  _exit(0);
}

// Without those that say again what the line before says.
std::string LastLines(const std::string& all, int most) {
  std::string text, before;
  for (size_t from = 0; from < all.size();) {
    const size_t end = std::min(all.find('\n', from), all.size());
    std::string line = all.substr(from, end - from);
    if (line != before) text += line + "\n";
    before = std::move(line);
    from = end + 1;
  }
  size_t from = text.size();
  for (int lines = 0; from > 0; --from) {
    if (text[from - 1] == '\n' && from != text.size() && ++lines >= most) break;
  }
  std::string last = text.substr(from);
  while (!last.empty() && (last.back() == '\n' || last.back() == '\r')) last.pop_back();
  std::erase(last, '\r');
  return last;
}

// Standard input as a file, for the guest.
bool SaveInput(const std::string& path) {
  const int to = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (to < 0) return false;
  char buffer[65536];
  ssize_t n;
  bool good = true;
  while ((n = read(0, buffer, sizeof buffer)) > 0) good = good && WriteAllTo(to, {buffer, static_cast<size_t>(n)});
  return close(to) == 0 && good && n == 0;
}

// A file for each SIGINT that the command is to get: what a guest has seen of a file it may not look at again.
constexpr int kMostSignals = 2;
constexpr std::chrono::seconds kSilenceAtTheEnd{15};
std::string StopName(int signal) { return fmt::format("stop-{}", signal); }

// The kernel, by its keeper's process, until it has ended.
class Machine {
 public:
  Machine(pid_t keeper, int to_keeper, const GuestOptions& options, const Scratch& job)
      : pid_(keeper),
        to_keeper_(to_keeper),
        options_(options),
        job_(job),
        out_(job / "stdout", 1, options.output),
        err_(job / "stderr", 2, nullptr) {}
  ~Machine() { close(to_keeper_); }

  // kExited where it ended by itself, in whatever way; else why it was killed.
  GuestEnd Attend() {
    const auto began = Clock::now();
    std::string beat;
    auto beat_at = began;
    int signals = 0;  // that the command was to get
    auto asked_at = began;
    for (;;) {
      out_.Copy();
      err_.Copy();
      int status = 0;
      if (waitpid(pid_, &status, WNOHANG) == pid_) {
        out_.Copy();
        err_.Copy();
        return GuestEnd::kExited;
      }
      const auto now = Clock::now();
      std::string latest = ReadAll(job_ / "beat");
      if (latest != beat) {
        beat = std::move(latest);
        beat_at = now;
      }
      const int wanted = std::max(out_.failed() ? 1 : 0, options_.stop ? options_.stop() : 0);
      for (; signals < std::min(wanted, kMostSignals); asked_at = now) WriteAll(job_ / StopName(++signals), "");
      // What ends slowly shows signs of life meanwhile. One that has not come up yet has shown none before, either.
      const bool ends = signals > 0 && !beat.empty();
      const bool silent = now - beat_at > (ends ? std::min(options_.silence, kSilenceAtTheEnd) : options_.silence);
      if (silent || (signals > 0 && now - asked_at > std::chrono::seconds(signals > 1 ? 5 : 30))) {
        const char byte = 'k';
        if (write(to_keeper_, &byte, 1) != 1) kill(pid_, SIGKILL);
        waitpid(pid_, &status, 0);
        out_.Copy();
        err_.Copy();
        return silent && (signals == 0 || ends) ? GuestEnd::kHung : GuestEnd::kStopped;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

 private:
  pid_t pid_;
  int to_keeper_;
  const GuestOptions& options_;
  const Scratch& job_;
  Tail out_, err_;
};

// ------------------------------------------------------------------------------------------- inside

// What the command needs of the system and the image lacks. Failures show where something is missed.
void MountWhatIsNeeded() {
  mount("proc", "/proc", "proc", 0, nullptr);
  mount("sysfs", "/sys", "sysfs", 0, nullptr);
  if (mount("dev", "/dev", "devtmpfs", 0, nullptr) == 0 || mount("dev", "/dev", "tmpfs", 0, nullptr) == 0) {
    constexpr struct {
      const char* path;
      int minor;
    } kDevices[] = {{"/dev/null", 3}, {"/dev/zero", 5}, {"/dev/full", 7}, {"/dev/random", 8}, {"/dev/urandom", 9}};
    for (const auto& device : kDevices) {
      mknod(device.path, S_IFCHR | 0666, makedev(1, static_cast<unsigned>(device.minor)));
    }
  }
}

// IPv6 is a module of Debian's user-mode Linux. An image that has it built in needs none.
void InsertModules() {
  utsname name;
  if (uname(&name) != 0) return;
  const std::string modules = fmt::format("/usr/lib/uml/modules/{}/kernel/", name.release);
  for (const char* module : {"lib/crc-ccitt.ko", "net/ipv6/ipv6.ko"}) {
    const int fd = open((modules + module).c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    syscall(SYS_finit_module, fd, "", 0);
    close(fd);
  }
}

void MakeWritable(const std::string& directory) {
  if (mount("none", directory.c_str(), "hostfs", 0, directory.c_str()) != 0) {
    dprintf(2, "cannot mount %s for writing: %s\n", directory.c_str(), strerror(errno));
  }
}

void Redirect(const std::string& path, int flags, int to) {
  const int fd = open(path.c_str(), flags, 0600);
  if (fd < 0) return;
  dup2(fd, to);
  if (fd != to) close(fd);
}

// On one processor a kernel thread that was woken to handle packets (ksoftirqd) runs when the scheduler comes to it,
// several calls later. Whoever wants to run comes before this process, so it runs at once.
void ComeLast() {
  const sched_param none = {};
  sched_setscheduler(0, SCHED_IDLE, &none);
}

// And before all else: by then ComeLast() alone leaves the choice between a process that has slept and a thread that has
// worked much to the scheduler's sense of fairness, which is another one where processes are grouped by session
// (CONFIG_SCHED_AUTOGROUP). One program in four thousand met a packet that was late.
void PacketsComeFirst() {
  std::error_code error;
  for (const auto& process : std::filesystem::directory_iterator("/proc", error)) {
    const pid_t pid = atoi(process.path().filename().c_str());
    if (pid <= 0 || !ReadAll(process.path() / "comm").starts_with("ksoftirqd/")) continue;
    const sched_param lowest = {.sched_priority = 1};
    sched_setscheduler(pid, SCHED_FIFO, &lowest);
  }
}

[[noreturn]] void BecomeCommand(const Json& job, const std::string& directory) {
  const auto in = directory + "/stdin";
  Redirect(access(in.c_str(), R_OK) == 0 ? in : "/dev/null", O_RDONLY, 0);
  Redirect(directory + "/stdout", O_WRONLY | O_APPEND, 1);
  Redirect(directory + "/stderr", O_WRONLY | O_APPEND, 2);
  closefrom(3);
  const std::string where = job["directory"].get<std::string>();
  if (chdir(where.c_str()) != 0) dprintf(2, "sockspec: cannot go to %s: %s\n", where.c_str(), strerror(errno));
  const std::string program = job["program"].get<std::string>();
  const auto arguments = job["arguments"].get<std::vector<std::string>>();
  std::vector<char*> argv = {const_cast<char*>("sockspec")};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execv(program.c_str(), argv.data());
  dprintf(2, "sockspec: cannot run %s in the guest: %s\n", program.c_str(), strerror(errno));
  _exit(126);
}

}  // namespace

std::string GuestKind() {
  const char* kind = getenv(kKindVariable);
  return kind != nullptr ? kind : "";
}

std::string GuestName() {
  const char* name = getenv(kNameVariable);
  return name != nullptr ? name : "";
}

std::string GuestRelease() {
  const char* release = getenv(kReleaseVariable);
  return release != nullptr ? release : "";
}

bool IsGuestInit() { return getenv(kJobVariable) != nullptr; }

int GuestInit() {
  const std::string directory = getenv(kJobVariable);
  const Json job = Json::parse(ReadAll(directory + "/job.json"), nullptr, false);
  if (job.is_discarded()) {
    dprintf(2, "%s/job.json cannot be read\n", directory.c_str());
    return 125;
  }
  const bool machine = job["kind"] == "uml";
  if (machine) {
    MountWhatIsNeeded();
    PacketsComeFirst();
    InsertModules();
    MakeWritable(directory);
    for (const std::string& path : job["writable"].get<std::vector<std::string>>()) MakeWritable(path);
  }
  const auto tell = [&](const std::string& how) { WriteAll(directory + "/status", how); };
  const pid_t child = fork();
  if (child == 0) {
    unsetenv(kJobVariable);
    setenv(kKindVariable, job["kind"].get<std::string>().c_str(), 1);
    setenv(kNameVariable, job["named"].get<std::string>().c_str(), 1);
    setenv(kReleaseVariable, job["release"].get<std::string>().c_str(), 1);
    setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 0);
    // Workers that are killed leave directories there.
    setenv("TMPDIR", machine ? "/tmp" : (directory + "/tmp").c_str(), 1);
    if (machine) ComeLast();
    BecomeCommand(job, directory);
  }
  int told = 0;
  for (int turn = 0; child > 0; ++turn) {
    int status = 0;
    pid_t ended;
    while ((ended = waitpid(-1, &status, WNOHANG)) > 0 && ended != child) {
    }
    if (ended == child) {
      tell(WIFSIGNALED(status) ? fmt::format("signal {}", WTERMSIG(status))
                               : fmt::format("exit {}", WEXITSTATUS(status)));
      break;
    }
    if (turn % 20 == 0) WriteAll(directory + "/beat", std::to_string(turn));
    if (told < kMostSignals && access((directory + "/" + StopName(told + 1)).c_str(), F_OK) == 0) {
      ++told;
      kill(child, SIGINT);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  if (machine) {
    sync();
    reboot(LINUX_REBOOT_CMD_POWER_OFF);
  }
  return 0;
}

KernelSetup WithWhatTheUserNeeds(KernelSetup setup) {
  constexpr std::string_view kRootless = "--rootless";
  const bool asked = std::ranges::any_of(ArgumentsOf(setup), [&](const std::string& word) { return word.starts_with(kRootless); });
  if (setup.kernel != "gvisor" || geteuid() == 0 || asked) return setup;
  setup.arguments += (setup.arguments.empty() ? "" : " ") + std::string(kRootless);
  return setup;
}

GuestResult RunInGuest(const GuestOptions& options) {
  const bool uml = options.setup.kernel == "uml";
  const std::string& given = options.setup.image;
  const std::string name = !given.empty() ? given : uml ? "linux.uml" : "runsc";
  const std::optional<std::string> image = FindProgram(name, given.empty() ? "/" : options.directory);
  if (!image) {
    return {.end = GuestEnd::kUnavailable,
            .what = given.empty()
                        ? fmt::format("{} is not here; `apt-get install {}` installs it, or name one with "
                                      "--kernel-image=FILE",
                                      name, uml ? "user-mode-linux" : "runsc")
                        : fmt::format("--kernel-image: {} cannot be run: {}", name, strerror(errno))};
  }
  const Scratch job(options.setup.kernel);
  if (job.path().empty()) {
    return {.end = GuestEnd::kUnavailable, .what = fmt::format("cannot make a scratch directory: {}", strerror(errno))};
  }
  const Json description = {{"kind", options.setup.kernel},
                            {"named", WordsOf(options.setup)},
                            {"release", uml ? "" : ReleaseOfGvisor(*image)},
                            {"program", ThisProgram()},
                            {"arguments", options.arguments},
                            {"directory", options.directory},
                            {"writable", options.writable}};
  const bool input_saved = options.input != nullptr ? WriteAll(job / "stdin", *options.input)
                                                    : !options.reads_input || SaveInput(job / "stdin");
  if (mkdir((job / "tmp").c_str(), 0700) != 0 || !WriteAll(job / "job.json", description.dump()) || !input_saved) {
    return {.end = GuestEnd::kUnavailable, .what = fmt::format("cannot write to {}: {}", job.path(), strerror(errno))};
  }
  fflush(stdout);
  const std::vector<std::string> words = uml ? UmlCommand(*image, options, job) : GvisorCommand(*image, options, job);
  int pipe[2];
  if (pipe2(pipe, O_CLOEXEC) != 0) {
    return {.end = GuestEnd::kUnavailable, .what = fmt::format("cannot make a pipe: {}", strerror(errno))};
  }
  const HeirOfTheKeeper heir;
  const pid_t pid = fork();
  if (pid == 0) KeepKernel(words, job, uml, pipe[0]);
  const int error = errno;
  close(pipe[0]);
  if (pid < 0) {
    close(pipe[1]);
    return {.end = GuestEnd::kUnavailable, .what = fmt::format("cannot fork: {}", strerror(error))};
  }
  const GuestEnd end = Machine(pid, pipe[1], options, job).Attend();
  heir.EndWhatIsLeft();

  const std::string status = ReadAll(job / "status");
  GuestResult result;
  if (sscanf(status.c_str(), "exit %d", &result.status) == 1) return result;
  if (int number = 0; sscanf(status.c_str(), "signal %d", &number) == 1) {
    result.status = 128 + number;
    return result;
  }
  if (end == GuestEnd::kStopped) return {.end = end, .status = 128 + SIGINT, .what = ""};
  const std::string words_of_it = LastLines(ReadAll(job / "console"), 12);
  if (ReadAll(job / "beat").empty()) {
    return {.end = GuestEnd::kUnavailable,
            .what = fmt::format("{} does not come up{}{}", *image, words_of_it.empty() ? "" : "; it says:\n", words_of_it)};
  }
  return {.end = end == GuestEnd::kHung ? end : GuestEnd::kDied, .what = words_of_it};
}

}  // namespace sockspec
