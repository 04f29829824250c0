#include "sut/preload.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cctype>

#include "fmt/format.h"
#include "sut/end_with_parent.h"

namespace sockspec {
namespace {

// What the child is told by, beside LD_PRELOAD.
constexpr char kVariable[] = "SOCKSPEC_PRELOADED";
constexpr char kPreload[] = "LD_PRELOAD";

pid_t g_starter = 0;  // the child's parent

std::string& Library() {
  static std::string library;
  return library;
}

bool SameFile(const char* one, const char* other) {
  struct stat a, b;
  return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool IsLoaded(const std::string& library) {
  struct Search {
    const char* library;
    bool found;
  } search{library.c_str(), false};
  dl_iterate_phdr(
      [](dl_phdr_info* object, size_t, void* to) {
        auto* const search = static_cast<Search*>(to);
        search->found = search->found || SameFile(object->dlpi_name, search->library);
        return 0;
      },
      &search);
  return search.found;
}

// Why a preloaded library would change nothing here; empty where it does.
std::string WhyNotHere() {
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
  return "this sockspec is built with a sanitizer, and makes calls by syscall(2)";
#endif
#endif
  // The dynamic linker's address; nothing else preloads.
  if (getauxval(AT_BASE) == 0) {
    return "this sockspec is one static file, into which nothing can be preloaded; build it without --config=static";
  }
  return "";
}

// While the child runs, what ends this process is the child's to say.
volatile pid_t g_child = 0;

class HandsSignalsOn {
 public:
  HandsSignalsOn() {
    struct sigaction action = {};
    action.sa_flags = SA_SIGINFO | static_cast<int>(SA_RESTART);
    action.sa_sigaction = [](int number, siginfo_t* info, void*) {
      // The terminal's Ctrl-C has come to the child, too.
      if (info->si_code != SI_KERNEL && g_child > 0) kill(g_child, number);
    };
    for (int i = 0; i < kSignals; ++i) sigaction(kNumbers[i], &action, &before_[i]);
  }
  ~HandsSignalsOn() {
    g_child = 0;
    for (int i = 0; i < kSignals; ++i) sigaction(kNumbers[i], &before_[i], nullptr);
  }

 private:
  static constexpr int kNumbers[] = {SIGINT, SIGTERM, SIGHUP};
  static constexpr int kSignals = 3;
  struct sigaction before_[kSignals];
};

int FileOf(const std::string& text) {
  const int fd = memfd_create("input", MFD_CLOEXEC);
  if (fd >= 0 && (write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()) || lseek(fd, 0, SEEK_SET) != 0)) {
    close(fd);
    return -1;
  }
  return fd;
}

[[noreturn]] void BecomeChild(const PreloadOptions& options, pid_t parent, int in, int out) {
  EndWithParent(parent);
  if (in >= 0) dup2(in, 0);
  if (out >= 0) dup2(out, 1);
  if (!options.library.empty()) {
    const char* before = getenv(kPreload);
    setenv(kVariable, options.library.c_str(), 1);
    setenv(kPreload, before == nullptr || *before == 0 ? options.library.c_str()
                                                       : (options.library + ":" + before).c_str(), 1);
  }
  std::vector<char*> argv = {const_cast<char*>("sockspec")};
  for (const std::string& argument : options.arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execv("/proc/self/exe", argv.data());
  dprintf(2, "sockspec: cannot run itself: %s\n", strerror(errno));
  _exit(126);
}

}  // namespace

PreloadResult RunPreloaded(const PreloadOptions& options) {
  const auto unavailable = [](std::string what) {
    return PreloadResult{.end = PreloadEnd::kUnavailable, .what = std::move(what)};
  };
  const bool preloads = !options.library.empty();
  if (std::string why = preloads ? WhyNotHere() : ""; !why.empty()) return unavailable(std::move(why));
  // LD_PRELOAD is a list, and has no quotes.
  if (options.library.find_first_of(" \t\n:") != std::string::npos) {
    return unavailable(fmt::format("{}: a library whose path has white space or a colon cannot be preloaded; link to it "
                                   "from elsewhere", options.library));
  }
  if (preloads && access(options.library.c_str(), R_OK) != 0) {
    return unavailable(fmt::format("{} cannot be preloaded: {}", options.library, strerror(errno)));
  }
  const int in = options.input != nullptr ? FileOf(*options.input) : -1;
  int ends[2] = {-1, -1};
  if ((options.input != nullptr && in < 0) || (options.output != nullptr && pipe2(ends, O_CLOEXEC) != 0)) {
    return unavailable(fmt::format("cannot make a pipe: {}", strerror(errno)));
  }
  fflush(stdout);
  fflush(stderr);
  const HandsSignalsOn signals;
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) BecomeChild(options, parent, in, ends[1]);
  const int error = errno;
  if (in >= 0) close(in);
  if (ends[1] >= 0) close(ends[1]);
  if (child < 0) {
    if (ends[0] >= 0) close(ends[0]);
    return unavailable(fmt::format("cannot fork: {}", strerror(error)));
  }
  g_child = child;
  if (options.output != nullptr) {
    char buffer[65536];
    ssize_t n;
    while ((n = read(ends[0], buffer, sizeof buffer)) > 0 || (n < 0 && errno == EINTR)) {
      if (n > 0) options.output->append(buffer, static_cast<size_t>(n));
    }
    close(ends[0]);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) {
    // Whoever ended it so means this process as well.
    const int number = WTERMSIG(status);
    if (number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGPIPE) {
      signal(number, SIG_DFL);
      raise(number);
    }
    return {.end = PreloadEnd::kDied,
            .status = 128 + WTERMSIG(status),
            .what = fmt::format("signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)))};
  }
  // ld.so's own end, where the library lacks a symbol; it has said so.
  if (preloads && WEXITSTATUS(status) == 127) return unavailable(fmt::format("{} cannot be preloaded", options.library));
  return {.status = WEXITSTATUS(status)};
}

void EndWithStarter() { EndWithParent(g_starter); }

std::string PreloadedLibrary() { return Library(); }

std::string BeginPreloaded() {
  const char* library = getenv(kVariable);
  if (library == nullptr) return "";
  Library() = library;
  unsetenv(kVariable);
  g_starter = getppid();
  const char* listed = getenv(kPreload);
  const char* rest = listed != nullptr ? strchr(listed, ':') : nullptr;
  if (rest != nullptr) {
    setenv(kPreload, std::string(rest + 1).c_str(), 1);
  } else {
    unsetenv(kPreload);
  }
  // ld.so only warns, on standard error, and goes on without.
  if (!IsLoaded(Library())) return fmt::format("{} is not loaded: the dynamic linker could not preload it", Library());
  return "";
}

std::string PreloadFamily(std::string_view library) {
  std::string_view name = library.substr(library.rfind('/') + 1);
  if (name.starts_with("lib")) name.remove_prefix(3);
  name = name.substr(0, name.find(".so"));
  std::string family = "preload-";
  // It becomes a part of keys, whose parts are separated by dots.
  for (const char c : name) family += isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' ? c : '-';
  return family == "preload-" ? "preload" : family;
}

}  // namespace sockspec
