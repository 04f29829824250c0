// Making calls: what stands around each, and what builds their arguments. Calls are made in the same way as
// sut/linux.h has it; where the two differ, a finding would not repeat. No function may be in a file that
// does not use it, since compilers warn of that, so each row is the least that can be had alone.
//
// @PER_THREAD@ is `__thread` in the file of a program with several threads.
#include "model/program/c_helpers.h"

namespace sockspec {
namespace {

// clang-format off
constexpr HelperText kHelpers[] = {

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
static @PER_THREAD@char actual[1024];

static void tell(const char *format, ...)
{
    size_t used = strlen(actual);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(actual + used, sizeof actual - used, format, arguments);
    va_end(arguments);
}
)C"},

{Helper::kThreadType, {}, {"pthread.h", "semaphore.h"}, R"C(
/*
 * A thread for calls that do not come back at once. While it is in one, the others go on; when that
 * has come back, it waits for its turn. So no two threads do anything else at the same time.
 */
struct thread {
    pthread_t id;
    int stat;           /* /proc/thread-self/stat, which says whether it sleeps */
    void (*work)(void); /* makes a call and tells its reply */
    int in_call;
    sem_t go, calling, returned, done;
};

static struct thread @THREADS@;
static struct thread *const threads[] = {@THREAD_POINTERS@};
static __thread struct thread *self; /* NULL in t0 */

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0)
        ; /* a signal came in between */
}
)C"},

{Helper::kCall, {Helper::kTell},
 {"errno.h", "signal.h", "stddef.h", "string.h", "sys/time.h", "unistd.h"}, R"C(
static @PER_THREAD@const char *calling;           /* the call, as text */
static @PER_THREAD@volatile sig_atomic_t alarms;  /* that interrupted it */

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
@WATCH_THREADS@}

static void call(const char *text)
{
    /* Again and again, since the first alarm might come before the call sleeps. */
    const struct itimerval @PATIENCE@ = @PATIENCE_TIMES@;

    calling = text;
    actual[0] = '\0';
    alarms = 0;
@START_WATCH@@START_WATCH_OR_THREAD@    errno = 0;
}
)C"},

{Helper::kExpect, {Helper::kCall}, {"stdio.h", "string.h"}, R"C(
static int expected_replies, different_replies, first_different;

static void expect(const char *expected)
{
    const int same = strcmp(actual, expected) == 0;

    printf("%-@CALLS@s  %-@REPLIES@s  %s%s\n", calling, expected, actual,
           same ? "" : "  <-- differs");
    expected_replies++;
    different_replies += !same;
    if (!same && first_different == 0)
        first_different = expected_replies;
}
)C"},

{Helper::kShow, {Helper::kCall}, {"stdio.h"}, R"C(
/* Of this call nothing is expected. */
static void show(void)
{
    printf("%-@CALLS@s  %-@REPLIES@s  %s\n", calling, "", actual);
}
)C"},

{Helper::kThreads, {Helper::kThreadType, Helper::kExpect, Helper::kCannot},
 {"fcntl.h", "signal.h", "stddef.h", "string.h", "unistd.h"}, R"C(
static void *run(void *thread)
{
    sigset_t alarm;

    self = (struct thread *)thread;
    sigemptyset(&alarm); /* which is for t0 */
    sigaddset(&alarm, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &alarm, NULL);
    self->stat = open("/proc/thread-self/stat", O_RDONLY);
    sem_post(&self->done);
    for (;;) {
        wait_for(&self->go);
        self->work();
        sem_post(&self->done);
    }
    return NULL;
}

static void start_threads(void)
{
    size_t i;

    for (i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        sem_init(&threads[i]->go, 0, 0);
        sem_init(&threads[i]->calling, 0, 0);
        sem_init(&threads[i]->returned, 0, 0);
        sem_init(&threads[i]->done, 0, 0);
        errno = pthread_create(&threads[i]->id, NULL, run, threads[i]);
        if (errno != 0)
            cannot("pthread_create");
        wait_for(&threads[i]->done);
        if (threads[i]->stat < 0)
            cannot("/proc/thread-self/stat");
    }
}

static int has_returned(struct thread *thread)
{
    if (thread->in_call && sem_trywait(&thread->returned) == 0)
        thread->in_call = 0;
    return !thread->in_call;
}

static int sleeps(const struct thread *thread)
{
    char line[256];
    const ssize_t size = pread(thread->stat, line, sizeof line - 1, 0);
    const char *name_end;

    line[size < 0 ? 0 : size] = '\0';
    name_end = strrchr(line, ')');
    return name_end != NULL && strncmp(name_end, ") S", 3) == 0;
}

/* Until its call is back, or it was seen asleep in it so often, a millisecond apart. */
static void watch_thread(struct thread *thread, int often)
{
    int looks, asleep = 0;

    for (looks = 0; looks < 5000 && asleep < often && !has_returned(thread); looks++) {
        asleep = sleeps(thread) ? asleep + 1 : 0;
        usleep(1000);
    }
}

/* What a call has woken goes on before the next one. */
static void settle(void)
{
    size_t i;

    for (i = 0; i < sizeof threads / sizeof threads[0]; i++)
        watch_thread(threads[i], 5);
}

static void begin(struct thread *thread, void (*work)(void), const char *text, const char *expected)
{
    int returned;

    calling = text;
    actual[0] = '\0';
    thread->work = work;
    thread->in_call = 1;
    sem_post(&thread->go);
    wait_for(&thread->calling);
    watch_thread(thread, 100);
    settle();
    returned = has_returned(thread);
    tell(returned ? "comes back" : "blocks");
    expect(expected);
    if (returned) {
        sem_post(&thread->go);
        wait_for(&thread->done);
        thread->work = NULL;
    }
}
)C"},

{Helper::kResume, {Helper::kThreads}, {"signal.h", "unistd.h"}, R"C(
/* A call that nothing wakes within half a second is interrupted. */
static void resume(struct thread *thread)
{
    int milliseconds;

    if (thread->work == NULL)
        return; /* it came back at once */
    for (milliseconds = 0; !has_returned(thread); milliseconds++) {
        if (milliseconds >= 500 && milliseconds % 100 == 0)
            pthread_kill(thread->id, SIGUSR1);
        usleep(1000);
    }
    sem_post(&thread->go);
    wait_for(&thread->done);
    settle();
}
)C"},

{Helper::kFinish, {Helper::kCall, Helper::kErrnoName}, {"errno.h", "signal.h", "sys/time.h"}, R"C(
static @PER_THREAD@int failed;

/* First after the call, while errno is what it left. */
static void finish(long result)
{
    const int error = errno;
    const int interrupted = alarms > 0;
    const struct itimerval never = {{0, 0}, {0, 0}};

@STOP_WATCH@@STOP_WATCH_OR_WAIT@    failed = result < 0;
    if (interrupted)
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

{Helper::kSentBy, {}, {"string.h", "sys/stat.h"}, R"C(
/* How much has been sent on a socket, by whichever descriptor: sockets are told by their inodes. */
static unsigned long *sent_by(int fd)
{
    static struct {
        ino_t socket;
        unsigned long sent;
    } streams[64];
    struct stat status;
    int i;

    if (fstat(fd, &status) != 0)
        status.st_ino = 0;
    for (i = 0; i < 63 && streams[i].socket != 0 && streams[i].socket != status.st_ino; i++)
        ;
    streams[i].socket = status.st_ino;
    return &streams[i].sent;
}
)C"},

{Helper::kMade, {Helper::kFinish}, {}, R"C(
static int made(const char *handle, int fd)
{
    finish(fd);
    if (!failed)
        tell("%s", handle);
    return fd;
}
)C"},

{Helper::kMadePair, {Helper::kGave}, {"stddef.h"}, R"C(
/* socketpair()'s two. */
static @PER_THREAD@int ends[2];

static void made_pair(int *first, int *second, int result)
{
    gave(result);
    if (first != NULL)
        *first = failed ? -1 : ends[0];
    if (second != NULL)
        *second = failed ? -1 : ends[1];
}
)C"},

{Helper::kGaveTarget, {Helper::kGave}, {}, R"C(
/* dup2() gives the number that it was told to. */
static void gave_target(const char *handle, int target, int result)
{
    if (result < 0 || result != target) {
        gave(result);
        return;
    }
    finish(result);
    tell("%s", handle);
}
)C"},

{Helper::kFlagTable, {}, {}, R"C(
struct flag {
    unsigned bit;
    const char *name;
};
)C"},

{Helper::kStatusFlags, {Helper::kFlagTable}, {"fcntl.h", "stddef.h"}, R"C(
static const struct flag status_flags[] = {@STATUS_FLAGS@, {0, NULL}};
)C"},

{Helper::kDescriptorFlags, {Helper::kFlagTable}, {"fcntl.h", "stddef.h"}, R"C(
static const struct flag descriptor_flags[] = {@DESCRIPTOR_FLAGS@, {0, NULL}};
)C"},

{Helper::kMessageFlags, {Helper::kFlagTable}, {"stddef.h", "sys/socket.h"}, R"C(
static const struct flag message_flags[] = {
@MESSAGE_FLAGS@,
    {0, NULL}
};
)C"},

{Helper::kPollEvents, {Helper::kFlagTable}, {"poll.h", "stddef.h"}, R"C(
static const struct flag poll_events[] = {
@POLL_EVENTS@,
    {0, NULL}
};
)C"},

{Helper::kEpollEvents, {Helper::kFlagTable}, {"stddef.h", "sys/epoll.h"}, R"C(
static const struct flag epoll_events[] = {
@EPOLL_EVENTS@,
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

{Helper::kChosenPorts, {}, {}, R"C(
/* Ports that the kernel chose, in the order of appearance. */
static unsigned chosen_ports[@MAX_CHOSEN@];
static int chosen_ports_count;
@CHOSEN_PORTS@)C"},

{Helper::kChosenNames, {}, {}, R"C(
/* Abstract names that the kernel chose: five hexadecimal digits. */
static char chosen_names[@MAX_CHOSEN@][6];
static int chosen_names_count;
@CHOSEN_NAMES@)C"},

{Helper::kPassed, {}, {"netinet/in.h", "sys/socket.h", "sys/un.h"}, R"C(
static @PER_THREAD@union {
    struct sockaddr any;
    struct sockaddr_in in;
@LAYOUT_IPV6@@LAYOUT_UNIX@    char room[256]; /* where addrlen is too long, zeros follow */
} passed;
)C"},

{Helper::kAddress, {Helper::kPassed}, {"arpa/inet.h", "string.h"}, R"C(
static struct sockaddr *address(int family, const char *host, unsigned port)
{
    memset(&passed, 0, sizeof passed);
    passed.in.sin_family = family;
    passed.in.sin_port = htons(port);
    inet_pton(AF_INET, host, &passed.in.sin_addr);
    return &passed.any;
}
)C"},

{Helper::kAddress6, {Helper::kPassed}, {"arpa/inet.h", "string.h"}, R"C(
static struct sockaddr *address6(int family, const char *host, unsigned port)
{
    memset(&passed, 0, sizeof passed);
    passed.in6.sin6_family = family;
    passed.in6.sin6_port = htons(port);
    inet_pton(AF_INET6, host, &passed.in6.sin6_addr);
    return &passed.any;
}
)C"},

{Helper::kPathAddress, {Helper::kPassed}, {"string.h"}, R"C(
static struct sockaddr *path(int family, const char *name)
{
    memset(&passed, 0, sizeof passed);
    passed.un.sun_family = family;
    strcpy(passed.un.sun_path, name);
    return &passed.any;
}
)C"},

{Helper::kAbstractAddress, {Helper::kPassed}, {"string.h"}, R"C(
/* A name that begins with a zero byte and ends without one: as long as `name` with the one it has. */
static struct sockaddr *abstract(int family, const char *name)
{
    memset(&passed, 0, sizeof passed);
    passed.un.sun_family = family;
    strcpy(passed.un.sun_path + 1, name);
    return &passed.any;
}
)C"},

{Helper::kDirty, {Helper::kPassed}, {"string.h"}, R"C(
/* With something in sin_zero. */
static struct sockaddr *dirty(struct sockaddr *address)
{
    memset(passed.in.sin_zero, 0xa5, sizeof passed.in.sin_zero);
    return address;
}
)C"},

{Helper::kValue, {}, {"string.h"}, R"C(
static int *value(int number)
{
    static @PER_THREAD@int room[64];

    room[0] = number;
    return room;
}
)C"},

{Helper::kLinger, {}, {"sys/socket.h"}, R"C(
static struct linger *linger(int onoff, int seconds)
{
    static @PER_THREAD@struct linger room[32];

    room[0].l_onoff = onoff;
    room[0].l_linger = seconds;
    return room;
}
)C"},

{Helper::kPair, {}, {}, R"C(
static int *pair(int first, int second)
{
    static @PER_THREAD@int room[64];

    room[0] = first;
    room[1] = second;
    return room;
}
)C"},

{Helper::kTime, {}, {"sys/time.h"}, R"C(
static struct timeval *time_value(long seconds, long microseconds)
{
    static @PER_THREAD@struct timeval room[16];

    room[0].tv_sec = seconds;
    room[0].tv_usec = microseconds;
    return room;
}
)C"},

{Helper::kName, {}, {"stdio.h", "string.h"}, R"C(
/* With zeros behind it. */
static char *name(const char *text)
{
    static @PER_THREAD@char room[256];

    memset(room, 0, sizeof room);
    snprintf(room, 16, "%s", text);
    return room;
}
)C"},

{Helper::kSent, {Helper::kSentBy}, {}, R"C(
static @PER_THREAD@unsigned long *stream; /* that next() was asked for */

/* What comes next on this socket's stream, whose byte number p is p % 251. */
static const void *next(int fd)
{
    static @PER_THREAD@unsigned char bytes[@MOST@];
    unsigned long i;

    stream = sent_by(fd);
    for (i = 0; i < sizeof bytes; i++)
        bytes[i] = (*stream + i) % 251;
    return bytes;
}

static void sent(long count)
{
    if (count > 0)
        *stream += count;
}
)C"},

{Helper::kInto, {}, {"string.h"}, R"C(
static @PER_THREAD@unsigned char received[@MOST@ + 256];

static void *into(void)
{
    memset(received, 0xff, sizeof received); /* no stream has such a byte */
    return received;
}
)C"},

{Helper::kVector, {}, {"stddef.h", "sys/uio.h"}, R"C(
/* `size` bytes in so many pieces, the earlier ones longer where it has to be. */
static struct iovec *pieces(const void *bytes, size_t size, int count)
{
    static @PER_THREAD@struct iovec vector[@PIECES@];
    size_t at = 0;
    int i;

    for (i = 0; i < count; i++) {
        vector[i].iov_base = (char *)bytes + at;
        vector[i].iov_len = size / count + (i < (int)(size % count));
        at += vector[i].iov_len;
    }
    return vector;
}
)C"},

{Helper::kMessage, {Helper::kVector}, {"string.h", "sys/socket.h"}, R"C(
static @PER_THREAD@struct msghdr header;

static struct msghdr *message(void *name, socklen_t length, struct iovec *vector, size_t count)
{
    memset(&header, 0, sizeof header);
    header.msg_name = name;
    header.msg_namelen = length;
    header.msg_iov = vector;
    header.msg_iovlen = count;
    return &header;
}
)C"},

{Helper::kControl, {Helper::kMessage}, {"string.h", "sys/socket.h"}, R"C(
/* For one descriptor. */
static @PER_THREAD@union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
} control;

static struct msghdr *with_control(struct msghdr *message)
{
    memset(&control, 0, sizeof control);
    message->msg_control = &control;
    message->msg_controllen = sizeof control;
    return message;
}
)C"},

{Helper::kWithRights, {Helper::kControl}, {}, R"C(
static struct msghdr *with_rights(struct msghdr *message, int fd)
{
    with_control(message);
    control.header.cmsg_len = CMSG_LEN(sizeof fd);
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    return message;
}
)C"},

{Helper::kBrokenPipe, {}, {"signal.h", "stddef.h", "string.h"}, R"C(
static @PER_THREAD@volatile sig_atomic_t broken_pipe;

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

{Helper::kPolled, {}, {"poll.h"}, R"C(
static @PER_THREAD@struct pollfd polled;

static struct pollfd *about(int fd, int events)
{
    polled.fd = fd;
    polled.events = events;
    polled.revents = 0;
    return &polled;
}
)C"},

{Helper::kSet, {}, {"string.h", "sys/select.h"}, R"C(
/* select()'s, in the order in which it has them, and larger than an fd_set where that is not enough. */
static @PER_THREAD@unsigned long sets[3][@SET_BITS@ / (8 * sizeof(long)) + 1];

static unsigned long *word(int which, int fd)
{
    return &sets[which][fd / (8 * sizeof(long))];
}

static unsigned long bit(int fd)
{
    return 1ul << fd % (8 * sizeof(long));
}

static fd_set *set(int which, int fd)
{
    memset(sets[which], 0, sizeof sets[which]);
    if (fd >= 0)
        *word(which, fd) = bit(fd);
    return (fd_set *)sets[which];
}
)C"},

{Helper::kMilliseconds, {}, {"sys/time.h"}, R"C(
static struct timeval *milliseconds(int count)
{
    static @PER_THREAD@struct timeval timeout;

    timeout.tv_sec = count / 1000;
    timeout.tv_usec = count % 1000 * 1000;
    return &timeout;
}
)C"},

{Helper::kEvent, {}, {"string.h", "sys/epoll.h"}, R"C(
static struct epoll_event *event(unsigned events, const char *handle)
{
    static @PER_THREAD@struct epoll_event event;

    memset(&event, 0, sizeof event);
    event.events = events;
    event.data.ptr = (void *)handle;
    return &event;
}
)C"},

{Helper::kReady, {}, {"sys/epoll.h"}, R"C(
static @PER_THREAD@struct epoll_event ready[@MAX_READY@];
)C"},

};
// clang-format on

}  // namespace

std::span<const HelperText> CallHelpers() { return kHelpers; }

}  // namespace sockspec
