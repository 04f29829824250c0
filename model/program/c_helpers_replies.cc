// Telling replies, in the notation of programs. How these functions read a reply is the same as sut/linux.h
// has it: poisoned buffers, lengths that are told only where they are not as usual, names for ports in the
// order of appearance. Where the two differ, a finding would not repeat. No function may be in a file that
// does not use it, since compilers warn of that, so each row is the least that can be had alone.
#include "model/program/c_helpers.h"

namespace sockspec {
namespace {

// clang-format off
constexpr HelperText kHelpers[] = {

{Helper::kOut, {}, {"netinet/in.h", "sys/socket.h", "sys/un.h"}, R"C(
/* Where the kernel writes an address or an option's value. */
static @PER_THREAD@union {
    struct sockaddr any;
    struct sockaddr_in in;
@LAYOUT_IPV6@@LAYOUT_UNIX@    int ints[4];
    unsigned char bytes[256];
} out;
)C"},

{Helper::kRoom, {Helper::kOut}, {"string.h"}, R"C(
/* Its length: what the call is given, and what it becomes. */
static @PER_THREAD@socklen_t given, out_length;

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
    int size = sizeof out;

    while (size > 0 && out.bytes[size - 1] == 0xa5)
        size--;
    return !failed && said > size && said <= (int)sizeof out ? said : size;
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

{Helper::kPortName, {Helper::kChosenPorts}, {"arpa/inet.h", "stdio.h"}, R"C(
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
    for (i = 0; i < chosen_ports_count && chosen_ports[i] != port; i++)
        ;
    if (i == @MAX_CHOSEN@)
        return "OTHER";
    if (i == chosen_ports_count)
        chosen_ports[chosen_ports_count++] = port;
    snprintf(name, sizeof name, "E%d", i);
    return name;
}
)C"},

{Helper::kUnixName, {Helper::kChosenNames, Helper::kWritten}, {"stdio.h", "string.h"}, R"C(
/* The name of the unix address that came, of `length` bytes; and how long it is as a rule. */
static const char *unix_name(int length, int *usual)
{
@KNOWN_UNIX_NAMES@    static char name[16];
    const char *bytes = out.un.sun_path;
    const int size = length - (int)sizeof(sa_family_t);
    int i;

    *usual = sizeof(sa_family_t);
    if (size == 0 || (!failed && out_length > given))
        return "UNNAMED"; /* or cut off */
@FIND_UNIX_NAME@    if (size != 6 || bytes[0] != '\0' || strspn(bytes + 1, "0123456789abcdef") < 5)
        return "OTHER";
    for (i = 0; i < chosen_names_count && memcmp(chosen_names[i], bytes + 1, 5) != 0; i++)
        ;
    if (i == @MAX_CHOSEN@)
        return "OTHER";
    if (i == chosen_names_count)
        memcpy(chosen_names[chosen_names_count++], bytes + 1, 5);
    *usual = length;
    snprintf(name, sizeof name, "@E%d", i);
    return name;
}
)C"},

{Helper::kWholeLength, {Helper::kWritten}, {}, R"C(
/* How long the address is that came. */
static int whole_length(void)
{
    const int size = written();

    if (size >= 2 && out.any.sa_family == AF_INET6)
        return sizeof(struct sockaddr_in6);
@WHOLE_UNIX@    return sizeof(struct sockaddr_in);
}
)C"},

{Helper::kHostName, {}, {"arpa/inet.h", "netinet/in.h", "stddef.h", "string.h"}, R"C(
static const char *host_name(int family, const void *host)
{
    static const struct {
        const char *host;
        const char *name;
    } names[] = {
@HOST_NAMES@    };
    char text[INET6_ADDRSTRLEN];
    size_t i;

    inet_ntop(family, host, text, sizeof text);
    for (i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i].host, text) == 0)
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
    const int family = out.any.sa_family;
    const int beyond = !failed && size > (int)given; /* wrote more than there was room for */
    const char *host = "";
    int layout = AF_INET;

    if (size < 2)
        return;
    tell(", addr=");
@TELL_UNIX@    if (size < 4) {
        tell("%s", family_name(family));
        return;
    }
    if (size >= 8)
        host = beyond ? "OTHER" : host_name(AF_INET, &out.in.sin_addr);
@TELL_IPV6@    if (family != layout)
        tell("%s/", family_name(family));
    tell("%s:%s", host, port_name(ntohs(out.in.sin_port)));
}
)C"},

{Helper::kSeeAddress, {Helper::kWritten, Helper::kPortName}, {"arpa/inet.h"}, R"C(
/* What the kernel chose gets its name where it first appears, even if nothing is told of it. */
static void see_address(void)
{
@SEE_UNIX@    if (written() >= 4)
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

{Helper::kTellPair, {Helper::kTell, Helper::kNumber}, {}, R"C(
static void tell_pair(void)
{
    if (written() > 0)
        tell(", value={%d, %d}", number(), written() < 8 ? 0 : out.ints[1]);
}
)C"},

{Helper::kTellTime, {Helper::kTell, Helper::kNumber}, {}, R"C(
static void tell_time(void)
{
    if (written() > 0)
        tell(", value={%d, %d}", number(), written() < 12 ? 0 : out.ints[2]);
}
)C"},

{Helper::kTellName, {Helper::kTell, Helper::kWritten}, {"string.h"}, R"C(
/* Nothing of a name that is cut off. */
static void tell_name(void)
{
    const size_t size = written() < 16 ? (size_t)written() : 16;
    const char *const name = (const char *)out.bytes;

    if (size == 0 || (size < 16 && memchr(name, 0, size) == NULL))
        return;
    tell(", value=%s", name[0] == 0                    ? "NO_NAME"
                       : strncmp(name, "lo", 16) == 0       ? "LO"
                       : strncmp(name, "nonesuch", 16) == 0 ? "NONESUCH"
                       : strncmp(name, "reno", 16) == 0     ? "RENO"
                                                            : "OTHER");
}
)C"},

{Helper::kTellPeer, {Helper::kTell, Helper::kWritten}, {"sys/types.h", "unistd.h"}, R"C(
/* Of struct ucred: the process, the user and the group. */
static void tell_peer(void)
{
    if (written() < 12)
        return;
    if (out.ints[0] == getpid() && out.ints[1] == (int)geteuid() && out.ints[2] == (int)getegid())
        tell(", value=OURS");
    else
        tell(", value=%s", out.ints[0] == 0 && out.ints[1] == -1 && out.ints[2] == -1 ? "NOBODY" : "OTHER");
}
)C"},

{Helper::kTellByte, {Helper::kTell, Helper::kWritten}, {}, R"C(
static void tell_byte(int constant, const char *name)
{
    if (written() > 0 && out.bytes[0] == constant)
        tell(", value=%s", name);
    else if (written() > 0)
        tell(", value=%d", out.bytes[0]);
}
)C"},

{Helper::kAnswer, {}, {}, R"C(
/* Where ioctl() writes its answer. */
static @PER_THREAD@int answer;

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

{Helper::kTellSignal, {Helper::kTell, Helper::kBrokenPipe}, {}, R"C(
static void tell_signal(void)
{
    if (broken_pipe)
        tell(", signal=SIGPIPE");
    broken_pipe = 0;
}
)C"},

{Helper::kTellMessageFlags,
 {Helper::kTell, Helper::kTellFlags, Helper::kMessage, Helper::kMessageFlags, Helper::kFinish}, {}, R"C(
static void tell_message_flags(void)
{
    if (header.msg_flags == 0)
        return;
    tell(", flags=");
    tell_flags(header.msg_flags, message_flags);
}
)C"},

{Helper::kRights, {Helper::kControl, Helper::kFinish}, {"stddef.h"}, R"C(
/* The descriptor that came along, or -1. */
static int rights(void)
{
    const struct cmsghdr *first = CMSG_FIRSTHDR(&header);
    int fd = -1;

    if (!failed && first != NULL && first->cmsg_level == SOL_SOCKET && first->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(first), sizeof fd);
    return fd;
}
)C"},

{Helper::kTellRights, {Helper::kTell}, {}, R"C(
static void tell_rights(const char *handle, int fd)
{
    if (fd >= 0)
        tell(", rights=%s", handle);
}
)C"},

{Helper::kTellPolled, {Helper::kTellFlags, Helper::kPollEvents, Helper::kPolled}, {}, R"C(
static void tell_polled(void)
{
    if (polled.revents == 0)
        return;
    tell(", revents=");
    tell_flags((unsigned short)polled.revents, poll_events);
}
)C"},

{Helper::kTellSelected, {Helper::kTell, Helper::kSet}, {}, R"C(
static void tell_selected(long count, int fd, int which)
{
    static const char *const names[] = {"READ", "WRITE", "EXCEPT"};
    const char *between = ", revents=";
    int i;

    for (i = 0; i < 3 && count > 0 && fd >= 0; i++) {
        if ((which & 1 << i) && (*word(i, fd) & bit(fd))) {
            tell("%s%s", between, names[i]);
            between = "|";
        }
    }
}
)C"},

{Helper::kTellReady, {Helper::kTell, Helper::kTellFlags, Helper::kEpollEvents, Helper::kReady}, {}, R"C(
static void tell_ready(long count)
{
    int i;

    for (i = 0; i < count && i < @MAX_READY@; i++) {
        tell(i == 0 ? ", ready=[%s " : ", %s ", (const char *)ready[i].data.ptr);
        tell_flags(ready[i].events & 0xffff, epoll_events);
    }
    if (i > 0)
        tell("]");
}
)C"},

};
// clang-format on

}  // namespace

std::span<const HelperText> ReplyHelpers() { return kHelpers; }

}  // namespace sockspec
