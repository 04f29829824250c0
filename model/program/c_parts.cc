#include "model/program/c_parts.h"

#include <fcntl.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

#include "model/program/c_text.h"
#include "model/program/declarations.h"
#include "model/program/notation.h"
#include "model/program/unix_name.h"

namespace sockspec {
namespace {

constexpr int kFirstEphemeral = 32768;  // where every network namespace of Linux begins
constexpr int kLastEphemeral = 60999;

// Takes the place of `word`, where `wanted`. A part begins in the line after the quotation mark, so that it stands
// here as it will stand there.
void Put(std::string& text, std::string_view word, bool wanted, std::string_view part) {
  ReplaceAll(text, word, wanted ? part.substr(1) : std::string_view());
}

// ---- Lists of constants ----

std::string ErrnoNames() {
  std::vector<std::string> names;
  for (const Token& token : Errnos()) names.push_back("NAME(" + std::string(token.name) + ")");
  return Wrapped(names, "        ", 96);
}

std::string FamilyCases() {
  std::string out;
  for (const Token& token : Families()) {
    if (!out.empty()) out += "\n";
    out += "    case " + std::string(token.name) + ":\n        return " + Quoted(token.name) + ";";
  }
  return out;
}

void ReplaceLists(std::string& text) {
  const Call get_descriptor_flags{.op = Op::kFcntl, .command = F_GETFD};
  ReplaceAll(text, "@STATUS_FLAGS@", NamedConstants(StatusFlags(), "", 1000));
  ReplaceAll(text, "@DESCRIPTOR_FLAGS@", NamedConstants(ReturnTokens(get_descriptor_flags), "", 1000));
  ReplaceAll(text, "@MESSAGE_FLAGS@", NamedConstants(MessageFlags(), "    ", 80));
  ReplaceAll(text, "@POLL_EVENTS@", NamedConstants(PollEvents(), "    ", 80));
  ReplaceAll(text, "@EPOLL_EVENTS@", NamedConstants(EpollEvents(), "    ", 80));
  ReplaceAll(text, "@ERRNOS@", ErrnoNames());
  ReplaceAll(text, "@FAMILIES@", FamilyCases());
}

// ---- Addresses ----

// `#define NOT_OURS "192.0.2.1"`, of the hosts that the program names.
std::string Hosts(const Uses& uses) {
  std::string out;
  for (const Host host : uses.hosts) {
    const CHost& row = *FindCHost(host);
    if (row.define.empty()) continue;
    out.append("#define ").append(row.define).append(" ").append(Quoted(row.text));
    out.append(" /* ").append(row.what).append(" */\n");
  }
  return out;
}

// What a host is called that comes back. Hosts that the program does not name are not expected to.
std::string HostNames(const Uses& uses) {
  std::string out;
  for (int i = 0; i < kHostCount; ++i) {
    const auto host = static_cast<Host>(i);
    const Host row = Unmapped(host);
    const bool common = row == Host::kAny || row == Host::kLoopback || row == Host::kAny6 || row == Host::kLoopback6;
    const bool named = common || uses.hosts.contains(row) || uses.hosts_back.contains(row);
    if (!named || host == Host::kUnix || (IsIpv6(host) && !uses.ipv6)) continue;
    const std::string text = (IsMapped(host) ? "::ffff:" : "") + std::string(FindCHost(row)->text);
    out += "        {" + Quoted(text) + ", " + Quoted(kHostNames[i]) + "},\n";
  }
  return out;
}

std::string ChosenPorts(const Uses& uses) {
  if (uses.chosen_ports.empty()) return "";
  std::string out = R"C(
/* One that has not appeared is the discard port. */
static unsigned chosen_port(int n)
{
    return n < chosen_ports_count ? chosen_ports[n] : 9;
}

)C";
  for (const int port : uses.chosen_ports) {
    out += "#define E" + std::to_string(port) + " chosen_port(" + std::to_string(port) + ")\n";
  }
  return out;
}

std::string UnixNames(const Uses& uses) {
  std::string out;
  for (const UnixNameRow& row : kUnixNames) {
    if (row.name == kUnnamed || !uses.unix_names.contains(row.name.code)) continue;
    const std::string bytes = row.name.IsAbstract() ? "\\0" + std::string(row.bytes.substr(1))
                                                    : std::string(row.bytes.substr(0, row.bytes.size() - 1));
    out += "        {\"" + bytes + "\", " + std::to_string(row.bytes.size()) + ", " + Quoted(row.token) + "},\n";
  }
  return out;
}

void ReplaceAddresses(std::string& text, const Uses& uses) {
  ReplaceAll(text, "@HOSTS@", Hosts(uses));
  ReplaceAll(text, "@HOST_NAMES@", HostNames(uses));
  ReplaceAll(text, "@CHOSEN_PORTS@", ChosenPorts(uses));
  Put(text, "@CHOSEN_NAMES@", !uses.chosen_names.empty(), R"C(

/* One that has not appeared is nobody's. */
static const char *chosen_name(int n)
{
    return n < chosen_names_count ? chosen_names[n] : "zzzzz";
}
)C");
  Put(text, "@LAYOUT_IPV6@", uses.ipv6, R"C(
    struct sockaddr_in6 in6;
)C");
  Put(text, "@LAYOUT_UNIX@", uses.unix_sockets, R"C(
    struct sockaddr_un un;
)C");
  Put(text, "@TELL_IPV6@", uses.ipv6, R"C(
    if (family == AF_INET6) {
        const int odd = out.in6.sin6_flowinfo != 0 ||
                        (size >= (int)sizeof out.in6 && out.in6.sin6_scope_id != 0);

        host = size < 24 ? "" : beyond || odd ? "OTHER" : host_name(AF_INET6, &out.in6.sin6_addr);
        if (host[0] != '\0' && strcmp(host, "OTHER") != 0)
            layout = AF_INET6;
    }
)C");
  Put(text, "@TELL_UNIX@", uses.unix_sockets, R"C(
    if (family == AF_UNIX) {
        int usual;

        tell("%s", beyond ? "OTHER" : unix_name(size, &usual));
        return;
    }
)C");
  Put(text, "@SEE_UNIX@", uses.unix_sockets, R"C(
    if (written() >= 2 && out.any.sa_family == AF_UNIX) {
        int usual;

        unix_name(written(), &usual);
        return;
    }
)C");
  Put(text, "@WHOLE_UNIX@", uses.unix_sockets, R"C(
    if (size >= 2 && out.any.sa_family == AF_UNIX) {
        int usual;

        unix_name(size, &usual);
        return usual;
    }
)C");

  const std::string names = UnixNames(uses);
  ReplaceAll(text, "@UNIX_NAMES@", names);
  Put(text, "@KNOWN_UNIX_NAMES@", !names.empty(), R"C(
    static const struct {
        const char *bytes;
        int size; /* of a path, with the zero byte */
        const char *name;
    } names[] = {
)C" + names + R"C(    };
)C");
  Put(text, "@FIND_UNIX_NAME@", !names.empty(), R"C(
    for (i = 0; i < (int)(sizeof names / sizeof names[0]); i++) {
        const int end = names[i].bytes[0] != '\0'; /* which need not be there */

        if ((size == names[i].size || size == names[i].size - end) &&
            memcmp(bytes, names[i].bytes, size) == 0) {
            *usual = (int)sizeof(sa_family_t) + names[i].size;
            return names[i].name;
        }
    }
)C");
}

// ---- The unix directory ----

std::string FillDirectory(const Uses& uses) {
  const auto has = [&](UnixName name) { return uses.unix_names.contains(name.code); };
  std::string out;
  const auto must = [&out](const std::string& call) {
    out += "    if (" + call + " != 0)\n        cannot(" + Quoted(call) + ");\n";
  };
  if (has(kNotADir) || has(kRegularFile)) must("mknod(\"file\", S_IFREG | 0600, 0)");
  if (has(kLinkLoop)) must("symlink(\"loop\", \"loop\")");
  if (has(kLongName)) {
    out += "    memset(long_name, 'x', sizeof long_name - 1);\n";
    must("symlink(long_name, \"long\")");
  }
  if (has(kLockedDir)) must("mkdir(\"locked\", 0)");
  if (has(kReadOnlyDir)) {
    must("mkdir(\"ro\", 0700)");
    out += "    mount(NULL, \"/\", NULL, MS_REC | MS_PRIVATE, NULL); /* where it is shared at all */\n";
    must("mount(\"none\", \"ro\", \"tmpfs\", MS_RDONLY, NULL)");
  }
  return out;
}

void ReplaceDirectory(std::string& text, const Environment& env, const Uses& uses) {
  const bool mounts = uses.unix_names.contains(kReadOnlyDir.code);
  Put(text, "@LONG_NAME@", uses.unix_names.contains(kLongName.code), R"C(
    static char long_name[301];

)C");
  ReplaceAll(text, "@FILL_DIRECTORY@", FillDirectory(uses));
  Put(text, "@REGAIN_CAPABILITIES@", mounts && env.nobody, R"C(
    use_capabilities(1);
)C");
  Put(text, "@UNMOUNT@", mounts, R"C(
    umount2("ro", MNT_DETACH);
)C");
  Put(text, "@UNSHARE@", !uses.directory, R"C(
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        cannot("unshare(CLONE_NEWUSER | CLONE_NEWNET)");
)C");
  Put(text, "@UNSHARE_USERS_TOO@", uses.directory, R"C(
    if (unshare(@SPACES@) != 0) {
        own_users();
        if (unshare(@SPACES@) != 0)
            cannot("unshare(@SPACES@)");
    }
)C");
  ReplaceAll(text, "@SPACES@", mounts ? "CLONE_NEWNET | CLONE_NEWNS" : "CLONE_NEWNET");
  Put(text, "@SILENT_ROUTE@", uses.hosts.contains(Host::kSilent), R"C(
    if (type == RTN_UNICAST) {
        const unsigned lo = if_nametoindex("lo"), source = htonl(INADDR_LOOPBACK);

        request.route.rtm_scope = RT_SCOPE_LINK;
        add_attribute(&request, RTA_OIF, &lo, sizeof lo);
        add_attribute(&request, RTA_PREFSRC, &source, sizeof source);
    }
)C");
}

// ---- Threads ----

void ReplaceThreads(std::string& text, const Uses& uses) {
  const bool threads = !uses.threads.empty();
  std::string names;
  std::string pointers;
  for (const int thread : uses.threads) {
    const std::string between = names.empty() ? "" : ", ";
    names += between + "t" + std::to_string(thread);
    pointers += between + "&t" + std::to_string(thread);
  }
  ReplaceAll(text, "@PER_THREAD@", threads ? "__thread " : "");
  ReplaceAll(text, "@THREADS@", names);
  ReplaceAll(text, "@THREAD_POINTERS@", pointers);
  Put(text, "@WATCH_THREADS@", threads, R"C(
    sigaction(SIGUSR1, &action, NULL);
)C");
  Put(text, "@START_WATCH@", !threads, R"C(
    setitimer(ITIMER_REAL, &@PATIENCE@, NULL);
)C");
  Put(text, "@START_WATCH_OR_THREAD@", threads, R"C(
    if (self != NULL)
        sem_post(&self->calling);
    else
        setitimer(ITIMER_REAL, &@PATIENCE@, NULL);
)C");
  Put(text, "@STOP_WATCH@", !threads, R"C(
    setitimer(ITIMER_REAL, &never, NULL);
)C");
  Put(text, "@STOP_WATCH_OR_WAIT@", threads, R"C(
    if (self != NULL) {
        sem_post(&self->returned);
        wait_for(&self->go);
    } else {
        setitimer(ITIMER_REAL, &never, NULL);
        settle();
    }
)C");
}

}  // namespace

void ReplaceWords(std::string& text, const Environment& env, const Uses& uses) {
  const auto number = [](int n) { return std::to_string(n); };
  ReplaceDirectory(text, env, uses);
  ReplaceAddresses(text, uses);
  ReplaceThreads(text, uses);
  ReplaceLists(text);
  ReplaceAll(text, "@PATIENCE_TIMES@", env.patient ? "{{2, 500000}, {2, 500000}}" : "{{0, 500000}, {0, 500000}}");
  ReplaceAll(text, "@PATIENCE@", env.patient ? "two_seconds_and_a_half" : "half_a_second");
  ReplaceAll(text, "@P0@", number(kFirstPortInC));
  ReplaceAll(text, "@P7@", number(kFirstPortInC + kMaxProgramPorts - 1));
  ReplaceAll(text, "@FIRST@", number(kFirstEphemeral));
  ReplaceAll(text, "@LAST@", number(env.ephemeral > 0 ? kFirstEphemeral + env.ephemeral - 1 : kLastEphemeral));
  ReplaceAll(text, "@EPHEMERAL@", Counted(env.ephemeral, "port"));
  ReplaceAll(text, "@NOFILE@", Counted(env.nofile, "descriptor"));
  ReplaceAll(text, "@NOFILE_NUMBER@", number(env.nofile));
  ReplaceAll(text, "@MOST@", number(std::max(1, uses.most)));
  ReplaceAll(text, "@PIECES@", number(std::max(1, uses.most_pieces)));
  ReplaceAll(text, "@SET_BITS@", uses.never ? "NEVER" : "FD_SETSIZE");
  ReplaceAll(text, "@MAX_READY@", number(kMaxReady));
  ReplaceAll(text, "@MAX_CHOSEN@", number(kMaxChosenPorts));
}

}  // namespace sockspec
