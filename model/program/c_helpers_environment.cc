// The world that a program finds: the same as sut/sandbox.h makes, but for what no call of it touches.
// No function may be in a file that does not use it, since compilers warn of that, so each row is the
// least that can be had alone.
#include "model/program/c_helpers.h"

namespace sockspec {
namespace {

// clang-format off
constexpr HelperText kHelpers[] = {

{Helper::kHosts, {}, {}, R"C(
@HOSTS@)C"},

{Helper::kNever, {}, {}, R"C(
#define NEVER 1000000 /* never was a descriptor */
)C"},

// Volatile, so that no compiler sees what is passed and warns.
{Helper::kBadPointer, {}, {}, R"C(
/* In the first page, where nothing is mapped. */
static void *volatile bad_pointer = (void *)16;
)C"},

{Helper::kNullPointer, {}, {"stddef.h"}, R"C(
static void *volatile null_pointer = NULL;
)C"},

{Helper::kNegative, {}, {}, R"C(
/* Compilers that saw the number would warn of it. */
static int negative(int count)
{
    volatile int hidden = count;

    return hidden;
}
)C"},

{Helper::kCannot, {}, {"errno.h", "stdio.h", "stdlib.h", "string.h"}, R"C(
static void cannot(const char *what)
{
    fprintf(stderr, "cannot run here: %s: %s\n", what, strerror(errno));
    exit(125);
}
)C"},

{Helper::kPut, {Helper::kCannot}, {"fcntl.h", "string.h", "unistd.h"}, R"C(
static void put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);

    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        cannot(path);
    close(fd);
}
)C"},

{Helper::kUserNamespace, {Helper::kPut}, {"sched.h", "stdio.h", "unistd.h"}, R"C(
/* Root in a user namespace, who may make files as well. */
static void own_users(void)
{
    const unsigned user = geteuid(), group = getegid();
    char map[32];

    if (unshare(CLONE_NEWUSER) != 0)
        cannot("unshare(CLONE_NEWUSER)");
    put("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "0 %u 1", user);
    put("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "0 %u 1", group);
    put("/proc/self/gid_map", map);
}
)C"},

{Helper::kNetwork, {Helper::kCannot},
 {"net/if.h", "sched.h", "string.h", "sys/ioctl.h", "sys/socket.h", "unistd.h"}, R"C(
/* A network of our own, with lo up. Who is not root needs a user namespace around it. */
static void own_network(void)
{
    struct ifreq lo;
    int fd;

@UNSHARE@@UNSHARE_USERS_TOO@    fd = socket(AF_INET, SOCK_DGRAM, 0);
    memset(&lo, 0, sizeof lo);
    strcpy(lo.ifr_name, "lo");
    if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &lo) != 0)
        cannot("ioctl(SIOCGIFFLAGS) of lo");
    if (!(lo.ifr_flags & IFF_UP)) {
        lo.ifr_flags |= IFF_UP;
        if (ioctl(fd, SIOCSIFFLAGS, &lo) != 0)
            cannot("ioctl(SIOCSIFFLAGS) of lo");
    }
    close(fd);
}
)C"},

{Helper::kRoutes, {Helper::kCannot},
 {"arpa/inet.h", "errno.h", "linux/netlink.h", "linux/rtnetlink.h", "net/if.h", "netinet/in.h", "string.h",
  "sys/socket.h", "unistd.h"}, R"C(
struct route_request {
    struct nlmsghdr header;
    struct rtmsg route;
    char attributes[64];
};

static void add_attribute(struct route_request *request, int type, const void *value, int size)
{
    char *end = (char *)request + request->header.nlmsg_len;
    struct rtattr attribute;

    attribute.rta_type = type;
    attribute.rta_len = RTA_LENGTH(size);
    memcpy(end, &attribute, sizeof attribute);
    memcpy(end + RTA_LENGTH(0), value, size);
    request->header.nlmsg_len += RTA_SPACE(size);
}

/* ip route add TYPE HOST */
static void add_route(unsigned char type, int family, const char *host)
{
    struct route_request request;
    struct {
        struct nlmsghdr header;
        struct nlmsgerr answer;
        char rest[256];
    } reply;
    const int size = family == AF_INET ? 4 : 16;
    char destination[16];
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

    memset(&request, 0, sizeof request);
    request.header.nlmsg_len = NLMSG_LENGTH(sizeof request.route);
    request.header.nlmsg_type = RTM_NEWROUTE;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE;
    request.route.rtm_family = family;
    request.route.rtm_dst_len = 8 * size;
    request.route.rtm_table = RT_TABLE_MAIN;
    request.route.rtm_protocol = RTPROT_STATIC;
    request.route.rtm_scope = RT_SCOPE_UNIVERSE;
    request.route.rtm_type = type;
    inet_pton(family, host, destination);
    add_attribute(&request, RTA_DST, destination, size);
@SILENT_ROUTE@    memset(&reply, 0, sizeof reply);
    if (fd < 0 || send(fd, &request, request.header.nlmsg_len, 0) < 0 ||
        recv(fd, &reply, sizeof reply, 0) < 0)
        cannot("rtnetlink");
    errno = -reply.answer.error;
    if (errno != 0 && errno != EEXIST)
        cannot("adding a route");
    close(fd);
}
)C"},

{Helper::kEphemeral, {Helper::kPut}, {}, R"C(
/* The kernel has @EPHEMERAL@ to choose from. */
static void few_ephemeral_ports(void)
{
    put("/proc/sys/net/ipv4/ip_local_port_range", "@FIRST@ @LAST@");
}
)C"},

// A network namespace begins with ip_unprivileged_port_start at 1024, and CAP_NET_BIND_SERVICE over it stands
// for 0, so that neither has to be written.
{Helper::kCapabilities, {Helper::kCannot}, {"linux/capability.h", "sys/syscall.h", "unistd.h"}, R"C(
/* As nobody in particular: permissions hold, and ports below 1024 are privileged. */
static void use_capabilities(int yes)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2];
    int i;

    if (syscall(SYS_capget, &header, sets) != 0)
        cannot("capget");
    for (i = 0; i < 2; i++)
        sets[i].effective = yes ? sets[i].permitted : 0;
    if (syscall(SYS_capset, &header, sets) != 0)
        cannot("capset");
}
)C"},

{Helper::kDirectory, {Helper::kCannot},
 {"fcntl.h", "ftw.h", "stdio.h", "stdlib.h", "string.h", "sys/mount.h", "sys/stat.h", "unistd.h"}, R"C(
/* Where the names of unix sockets are, while we run. */
static char directory[] = "/tmp/reproXXXXXX";

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status, (void)type, (void)where;
    return remove(path);
}

static void remove_directory(void)
{
@REGAIN_CAPABILITIES@@UNMOUNT@    nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void own_directory(void)
{
@LONG_NAME@    if (mkdtemp(directory) == NULL || chdir(directory) != 0)
        cannot(directory);
    atexit(remove_directory);
@FILL_DIRECTORY@}
)C"},

{Helper::kNofile, {Helper::kCannot}, {"fcntl.h", "sys/resource.h"}, R"C(
/* Room for @NOFILE@ more, wherever what is open already stands. */
static void few_descriptors(void)
{
    struct rlimit limit;
    int end = 0, room;

    for (room = 0; room < @NOFILE_NUMBER@; end++)
        if (fcntl(end, F_GETFD) == -1)
            room++;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        cannot("getrlimit(RLIMIT_NOFILE)");
    limit.rlim_cur = end;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        cannot("setrlimit(RLIMIT_NOFILE)");
}
)C"},

{Helper::kFile, {Helper::kCannot}, {"fcntl.h", "stdlib.h", "unistd.h"}, R"C(
/* An empty regular file, open for reading. */
static int open_file(void)
{
    char path[] = "/tmp/reproXXXXXX";
    int writable = mkstemp(path);
    int fd = open(path, O_RDONLY);

    if (writable < 0 || fd < 0)
        cannot("a file in /tmp");
    unlink(path);
    close(writable);
    return fd;
}
)C"},

{Helper::kPipe, {Helper::kCannot}, {"unistd.h"}, R"C(
/* The read end of a pipe. The other end stays open. */
static int open_pipe(void)
{
    int ends[2];

    if (pipe(ends) != 0)
        cannot("pipe");
    return ends[0];
}
)C"},

};
// clang-format on

}  // namespace

std::span<const HelperText> EnvironmentHelpers() { return kHelpers; }

}  // namespace sockspec
