// How these functions read a reply is the same as sut/linux.h has it: poisoned buffers, lengths that
// are told only where they are not as usual, names for ports in the order of appearance. Where the
// two differ, a finding would not repeat. No function may be in a file that does not use it, since
// compilers warn of that, so each row is the least that can be had alone.
#include "model/program/c_helpers.h"

#include <algorithm>
#include <iterator>

namespace sockspec {
namespace {

// clang-format off
constexpr HelperText kHelpers[] = {

{Helper::kHosts, {}, {}, R"C(
#define NOT_OURS    0xc0000201u /* 192.0.2.1: no interface has it, no route leads to it */
#define UNREACHABLE 0xc6336401u /* 198.51.100.1: an unreachable route leads to it */
#define BLACKHOLE   0xcb007101u /* 203.0.113.1: a blackhole route leads to it */
)C"},

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

{Helper::kCannot, {}, {"errno.h", "stdio.h", "stdlib.h", "string.h"}, R"C(
static void cannot(const char *what)
{
    fprintf(stderr, "cannot run here: %s: %s\n", what, strerror(errno));
    exit(125);
}
)C"},

{Helper::kNetwork, {Helper::kCannot},
 {"net/if.h", "sched.h", "string.h", "sys/ioctl.h", "sys/socket.h", "unistd.h"}, R"C(
/* A network of our own, with lo up. Who is not root needs a user namespace around it. */
static void own_network(void)
{
    struct ifreq lo;
    int fd;

    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        cannot("unshare(CLONE_NEWUSER | CLONE_NEWNET)");
    fd = socket(AF_INET, SOCK_DGRAM, 0);
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
 {"arpa/inet.h", "errno.h", "linux/netlink.h", "linux/rtnetlink.h", "string.h", "sys/socket.h",
  "unistd.h"}, R"C(
/* ip route add TYPE HOST */
static void add_route(unsigned char type, unsigned host)
{
    struct {
        struct nlmsghdr header;
        struct rtmsg route;
        struct rtattr attribute;
        unsigned destination;
    } request;
    struct {
        struct nlmsghdr header;
        struct nlmsgerr answer;
        char rest[256];
    } reply;
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

    memset(&request, 0, sizeof request);
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = RTM_NEWROUTE;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE;
    request.route.rtm_family = AF_INET;
    request.route.rtm_dst_len = 32;
    request.route.rtm_table = RT_TABLE_MAIN;
    request.route.rtm_protocol = RTPROT_STATIC;
    request.route.rtm_scope = RT_SCOPE_UNIVERSE;
    request.route.rtm_type = type;
    request.attribute.rta_len = RTA_LENGTH(sizeof request.destination);
    request.attribute.rta_type = RTA_DST;
    request.destination = htonl(host);
    memset(&reply, 0, sizeof reply);
    if (fd < 0 || send(fd, &request, sizeof request, 0) < 0 ||
        recv(fd, &reply, sizeof reply, 0) < 0)
        cannot("rtnetlink");
    errno = -reply.answer.error;
    if (errno != 0 && errno != EEXIST)
        cannot("adding a route");
    close(fd);
}
)C"},

{Helper::kEphemeral, {Helper::kCannot}, {"stdio.h"}, R"C(
/* The kernel has @EPHEMERAL@ to choose from. */
static void few_ephemeral_ports(void)
{
    FILE *range = fopen("/proc/sys/net/ipv4/ip_local_port_range", "w");

    if (range == NULL || fprintf(range, "@FIRST@ @LAST@\n") < 0 || fclose(range) != 0)
        cannot("/proc/sys/net/ipv4/ip_local_port_range");
}
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

{Helper::kErrnoName, {}, {"errno.h", "stddef.h", "stdio.h"}, R"C(
static const char *errno_name(int number)
{
#define NAME(name) { name, #name }
    static const struct {
        int number;
        const char *name;
    } names[] = {
@ERRNOS@
    };
#undef NAME
    static char other[32];
    size_t i;

    for (i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].number == number)
            return names[i].name;
    snprintf(other, sizeof other, "errno %d", number);
    return other;
}
)C"},

{Helper::kTell, {}, {"stdarg.h", "stdio.h", "string.h"}, R"C(
/* What came back from the call, in the notation of the comment above. */
static char actual[1024];

static void tell(const char *format, ...)
{
    size_t used = strlen(actual);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(actual + used, sizeof actual - used, format, arguments);
    va_end(arguments);
}
)C"},

{Helper::kCall, {Helper::kTell},
 {"errno.h", "signal.h", "stddef.h", "string.h", "sys/time.h", "unistd.h"}, R"C(
static const char *calling;           /* the call, as text */
static volatile sig_atomic_t alarms;  /* that interrupted it */

/* A call that sleeps is interrupted: the handler is there without SA_RESTART. */
static void on_alarm(int signal)
{
    static const char message[] = "A call does not come back, not even when interrupted.\n";

    (void)signal;
    if (++alarms == 20) {
        ssize_t ignored = write(STDERR_FILENO, message, sizeof message - 1);
        (void)ignored;
        _exit(1);
    }
}

static void watch_for_blocking(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = on_alarm;
    sigaction(SIGALRM, &action, NULL);
}

static void call(const char *text)
{
    /* Again and again, since the first alarm might come before the call sleeps. */
    const struct itimerval half_a_second = {{0, 500000}, {0, 500000}};

    calling = text;
    actual[0] = '\0';
    alarms = 0;
    setitimer(ITIMER_REAL, &half_a_second, NULL);
    errno = 0;
}
)C"},

{Helper::kExpect, {Helper::kCall}, {"stdio.h", "string.h"}, R"C(
static int expected_replies, different_replies;

static void expect(const char *expected)
{
    const int same = strcmp(actual, expected) == 0;

    printf("%-@CALLS@s  %-@REPLIES@s  %s%s\n", calling, expected, actual,
           same ? "" : "  <-- differs");
    expected_replies++;
    different_replies += !same;
}
)C"},

{Helper::kShow, {Helper::kCall}, {"stdio.h"}, R"C(
/* Of this call nothing is expected. */
static void show(void)
{
    printf("%-@CALLS@s  %-@REPLIES@s  %s\n", calling, "", actual);
}
)C"},

{Helper::kFinish, {Helper::kCall, Helper::kErrnoName}, {"errno.h", "signal.h", "sys/time.h"}, R"C(
static int failed;

/* First after the call, while errno is what it left. */
static void finish(long result)
{
    const int error = errno;
    const struct itimerval never = {{0, 0}, {0, 0}};

    setitimer(ITIMER_REAL, &never, NULL);
    failed = result < 0;
    if (alarms > 0)
        tell("blocks, then ");
    if (failed)
        tell("-1 %s", errno_name(error));
}
)C"},

{Helper::kGave, {Helper::kFinish}, {}, R"C(
static long gave(long result)
{
    finish(result);
    if (!failed)
        tell("%ld", result);
    return result;
}
)C"},

{Helper::kBlockingOnly, {Helper::kCall}, {"string.h"}, R"C(
/* Of a call that blocks, nothing more is expected than that. */
static void forget_the_rest(void)
{
    if (strncmp(actual, "blocks, ", 8) == 0)
        strcpy(actual, "blocks");
}
)C"},

// Sized like the descriptor's table of any program; what is outside has sent nothing.
{Helper::kStreams, {}, {}, R"C(
/* By descriptor: which stream it sends on, which dup() copies; and how much has been sent on it. */
static int stream_of[1024];
static unsigned long sent_on[1024];
)C"},

{Helper::kSentBy, {Helper::kStreams}, {}, R"C(
static unsigned long *sent_by(int fd)
{
    return &sent_on[fd >= 0 && fd < 1024 ? stream_of[fd] : 0];
}
)C"},

{Helper::kMade, {Helper::kFinish}, {}, R"C(
static int made(const char *handle, int fd)
{
    finish(fd);
    if (!failed)
        tell("%s", handle);
@NEW_STREAM@    return fd;
}
)C"},

{Helper::kSameStream, {Helper::kStreams}, {}, R"C(
static void same_stream(int fd, int as)
{
    if (fd >= 0 && fd < 1024 && as >= 0 && as < 1024)
        stream_of[fd] = stream_of[as];
}
)C"},

{Helper::kFlagTable, {}, {}, R"C(
struct flag {
    int bit;
    const char *name;
};
)C"},

{Helper::kStatusFlags, {Helper::kFlagTable}, {"fcntl.h", "stddef.h"}, R"C(
static const struct flag status_flags[] = {@STATUS_FLAGS@, {0, NULL}};
)C"},

{Helper::kDescriptorFlags, {Helper::kFlagTable}, {"fcntl.h", "stddef.h"}, R"C(
static const struct flag descriptor_flags[] = {@DESCRIPTOR_FLAGS@, {0, NULL}};
)C"},

{Helper::kPollEvents, {Helper::kFlagTable}, {"poll.h", "stddef.h"}, R"C(
static const struct flag poll_events[] = {
@POLL_EVENTS@,
    {0, NULL}
};
)C"},

{Helper::kTellFlags, {Helper::kTell, Helper::kFlagTable}, {}, R"C(
static void tell_flags(unsigned bits, const struct flag *flags)
{
    const char *between = "";

    if (bits == 0)
        tell("0");
    for (; flags->name != NULL; flags++) {
        if (bits & flags->bit) {
            tell("%s%s", between, flags->name);
            between = "|";
            bits &= ~flags->bit;
        }
    }
    if (bits != 0)
        tell("%s0x%x", between, bits);
}
)C"},

{Helper::kGaveFlags, {Helper::kFinish, Helper::kTellFlags}, {}, R"C(
static void gave_flags(int result, const struct flag *flags)
{
    finish(result);
    if (!failed)
        tell_flags(result, flags);
}
)C"},

{Helper::kAddress, {}, {"arpa/inet.h", "netinet/in.h", "string.h", "sys/socket.h"}, R"C(
static struct sockaddr *address(int family, unsigned host, unsigned port)
{
    static union {
        struct sockaddr any;
        struct sockaddr_in in;
        char room[256]; /* where addrlen is too long, zeros follow */
    } address;

    memset(&address, 0, sizeof address);
    address.in.sin_family = family;
    address.in.sin_port = htons(port);
    address.in.sin_addr.s_addr = htonl(host);
    return &address.any;
}
)C"},

{Helper::kDirty, {Helper::kAddress}, {}, R"C(
/* With something in sin_zero. */
static struct sockaddr *dirty(struct sockaddr *address)
{
    memset((char *)address + 8, 0xa5, 8);
    return address;
}
)C"},

{Helper::kValue, {}, {"string.h"}, R"C(
static int *value(int number)
{
    static int room[64];

    room[0] = number;
    return room;
}
)C"},

{Helper::kLinger, {}, {"sys/socket.h"}, R"C(
static struct linger *linger(int onoff, int seconds)
{
    static struct linger room[32];

    room[0].l_onoff = onoff;
    room[0].l_linger = seconds;
    return room;
}
)C"},

{Helper::kOut, {}, {"netinet/in.h", "sys/socket.h"}, R"C(
/* Where the kernel writes an address or an option's value. */
static union {
    struct sockaddr any;
    struct sockaddr_in in;
    struct linger linger;
    int number;
    unsigned char bytes[256];
} out;
)C"},

{Helper::kRoom, {Helper::kOut}, {"string.h"}, R"C(
/* Its length: what the call is given, and what it becomes. */
static socklen_t given, out_length;

static socklen_t *room(socklen_t length)
{
    memset(&out, 0xa5, sizeof out);
    given = out_length = length;
    return &out_length;
}
)C"},

{Helper::kWritten, {Helper::kRoom, Helper::kFinish}, {}, R"C(
/* How many bytes of it the kernel says it wrote, or has written, if that is more. */
static int written(void)
{
    const int said = (int)out_length < (int)given ? (int)out_length : (int)given;
    int size = 32;

    while (size > 0 && out.bytes[size - 1] == 0xa5)
        size--;
    return !failed && said > size ? (said < 32 ? said : 32) : size;
}
)C"},

{Helper::kTellLength, {Helper::kTell, Helper::kRoom, Helper::kFinish}, {}, R"C(
/* Said only where it is not as usual. */
static void tell_length(const char *name, int usual)
{
    if (out_length != (failed ? given : (socklen_t)usual))
        tell(", %s=%d", name, (int)out_length);
}
)C"},

{Helper::kChosen, {}, {}, R"C(
/* Ports that the kernel chose, in the order of appearance. */
static unsigned chosen_ports[24];
static int chosen_count;
@CHOSEN@)C"},

{Helper::kPortName, {Helper::kChosen}, {"arpa/inet.h", "stdio.h"}, R"C(
static const char *port_name(unsigned port)
{
    static char name[16];
    int i;

    if (port == 0)
        return "0";
    if (port == 1)
        return "PRIVILEGED";
    if (port >= @P0@ && port <= @P7@) {
        snprintf(name, sizeof name, "P%u", port - @P0@);
        return name;
    }
    if (port < @FIRST@ || port > @LAST@)
        return "OTHER";
    for (i = 0; i < chosen_count && chosen_ports[i] != port; i++)
        ;
    if (i == 24)
        return "OTHER";
    if (i == chosen_count)
        chosen_ports[chosen_count++] = port;
    snprintf(name, sizeof name, "E%d", i);
    return name;
}
)C"},

{Helper::kHostName, {}, {"netinet/in.h", "stddef.h"}, R"C(
static const char *host_name(unsigned host)
{
    static const struct {
        unsigned host;
        const char *name;
    } names[] = {
        {INADDR_ANY, "0.0.0.0"},
        {INADDR_LOOPBACK, "127.0.0.1"},
        {INADDR_LOOPBACK + 1, "127.0.0.2"},
        {INADDR_BROADCAST, "255.255.255.255"},
        {INADDR_ALLHOSTS_GROUP, "224.0.0.1"},
        {0xc0000201, "NOT_OURS"},
        {0xc6336401, "UNREACHABLE"},
        {0xcb007101, "BLACKHOLE"},
    };
    size_t i;

    for (i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].host == host)
            return names[i].name;
    return "OTHER";
}
)C"},

{Helper::kFamilyName, {}, {"stdio.h", "sys/socket.h"}, R"C(
static const char *family_name(int family)
{
    static char number[16];

    switch (family) {
@FAMILIES@
    }
    snprintf(number, sizeof number, "%d", family);
    return number;
}
)C"},

{Helper::kTellAddress,
 {Helper::kTell, Helper::kWritten, Helper::kPortName, Helper::kHostName, Helper::kFamilyName},
 {"arpa/inet.h"}, R"C(
static void tell_address(void)
{
    const int size = written();
    const int family = out.in.sin_family;
    const unsigned port = ntohs(out.in.sin_port);
    const unsigned host = ntohl(out.in.sin_addr.s_addr);
    const int beyond = !failed && size > (int)given; /* wrote more than there was room for */

    if (size < 2)
        return;
    if (size < 4) {
        tell(", addr=%s", family_name(family));
        return;
    }
    tell(", addr=");
    if (family != AF_INET)
        tell("%s/", family_name(family));
    if (size >= 8)
        tell("%s", beyond ? "OTHER" : host_name(host));
    tell(":%s", port_name(port));
}
)C"},

{Helper::kSeeAddress, {Helper::kWritten, Helper::kPortName}, {"arpa/inet.h"}, R"C(
/* Its port gets its name where it first appears, even if nothing is told of it. */
static void see_address(void)
{
    if (written() >= 4)
        port_name(ntohs(out.in.sin_port));
}
)C"},

{Helper::kNumber, {Helper::kWritten}, {"string.h"}, R"C(
/* The option's value; bytes that the kernel left out count as 0. */
static int number(void)
{
    const int size = written();
    int value = 0;

    memcpy(&value, out.bytes, size < (int)sizeof value ? size : (int)sizeof value);
    return value;
}
)C"},

{Helper::kTellNumber, {Helper::kTell, Helper::kNumber}, {}, R"C(
static void tell_number(void)
{
    if (written() > 0)
        tell(", value=%d", number());
}
)C"},

{Helper::kTellConstant, {Helper::kTellNumber}, {}, R"C(
static void tell_constant(int constant, const char *name)
{
    if (written() > 0 && number() == constant)
        tell(", value=%s", name);
    else
        tell_number();
}
)C"},

{Helper::kTellErrno, {Helper::kTellNumber, Helper::kErrnoName}, {}, R"C(
static void tell_errno(void)
{
    if (written() > 0 && number() != 0)
        tell(", value=%s", errno_name(number()));
    else
        tell_number();
}
)C"},

{Helper::kTellLinger, {Helper::kTell, Helper::kNumber}, {}, R"C(
static void tell_linger(void)
{
    if (written() > 0)
        tell(", value={%d, %d}", number(), written() < 8 ? 0 : out.linger.l_linger);
}
)C"},

{Helper::kAnswer, {}, {}, R"C(
/* Where ioctl() writes its answer. */
static int answer;

static int *ask(void)
{
    answer = 0x5a5a5a5a;
    return &answer;
}
)C"},

{Helper::kTellAnswer, {Helper::kTell, Helper::kAnswer, Helper::kFinish}, {}, R"C(
static void tell_answer(void)
{
    if (!failed || answer != 0x5a5a5a5a)
        tell(", value=%d", answer);
}
)C"},

{Helper::kSent, {Helper::kSentBy}, {}, R"C(
/* What comes next on this descriptor's stream, whose byte number p is p % 251. */
static const void *next(int fd)
{
    static unsigned char bytes[@MOST@];
    unsigned long i;

    for (i = 0; i < sizeof bytes; i++)
        bytes[i] = (*sent_by(fd) + i) % 251;
    return bytes;
}

static void sent(int fd, long count)
{
    if (count > 0)
        *sent_by(fd) += count;
}
)C"},

{Helper::kInto, {}, {"string.h"}, R"C(
static unsigned char received[@MOST@ + 256];

static void *into(void)
{
    memset(received, 0xff, sizeof received); /* no stream has such a byte */
    return received;
}
)C"},

{Helper::kTellData, {Helper::kTell, Helper::kInto}, {"stddef.h"}, R"C(
/* Where in the stream the bytes stand that have been received; `likely`, if they might. */
static void tell_data(unsigned long likely)
{
    size_t size, i;
    unsigned long start = received[0];

    for (size = 0; size < sizeof received && received[size] != 0xff; size++)
        ;
    if (size == 0)
        return;
    for (i = 0; i < size; i++) {
        if (received[i] != (start + i) % 251) {
            tell(", data=garbled");
            return;
        }
    }
    if (likely % 251 == start)
        start = likely;
    tell(", data=[%lu,%lu)", start, start + (unsigned long)size);
}
)C"},

{Helper::kBrokenPipe, {}, {"signal.h", "stddef.h", "string.h"}, R"C(
static volatile sig_atomic_t broken_pipe;

static void on_broken_pipe(int signal)
{
    (void)signal;
    broken_pipe = 1;
}

/* SIGPIPE is to be seen, and not to end us. */
static void watch_for_broken_pipes(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = on_broken_pipe;
    sigaction(SIGPIPE, &action, NULL);
}
)C"},

{Helper::kTellSignal, {Helper::kTell, Helper::kBrokenPipe}, {}, R"C(
static void tell_signal(void)
{
    if (broken_pipe)
        tell(", signal=SIGPIPE");
    broken_pipe = 0;
}
)C"},

{Helper::kPolled, {}, {"poll.h"}, R"C(
static struct pollfd polled;

static struct pollfd *about(int fd, int events)
{
    polled.fd = fd;
    polled.events = events;
    polled.revents = 0;
    return &polled;
}
)C"},

};
// clang-format on

}  // namespace

const HelperText& TextOf(Helper helper) {
  return *std::find_if(std::begin(kHelpers), std::end(kHelpers),
                       [helper](const HelperText& row) { return row.helper == helper; });
}

}  // namespace sockspec
