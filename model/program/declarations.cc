#include "model/program/declarations.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <climits>
#include <cstdint>
#include <iterator>

#include "model/program/option_names.h"

namespace sockspec {
namespace {

constexpr Token kFamilies[] = {
    {"AF_INET", AF_INET}, {"AF_UNSPEC", AF_UNSPEC}, {"AF_UNIX", AF_UNIX}, {"AF_INET6", AF_INET6}};
constexpr int32_t kDomainChoices[] = {AF_INET, AF_INET6, AF_UNIX, AF_UNSPEC, 99};
constexpr int32_t kPairDomainChoices[] = {AF_UNIX, AF_INET, AF_INET6, AF_UNSPEC, 99};

constexpr Token kTypes[] = {{"SOCK_STREAM", SOCK_STREAM},       {"SOCK_DGRAM", SOCK_DGRAM},
                            {"SOCK_RAW", SOCK_RAW},             {"SOCK_RDM", SOCK_RDM},
                            {"SOCK_SEQPACKET", SOCK_SEQPACKET}};
constexpr Token kSocketFlags[] = {{"SOCK_NONBLOCK", SOCK_NONBLOCK}, {"SOCK_CLOEXEC", SOCK_CLOEXEC}};
constexpr int32_t kTypeChoices[] = {SOCK_STREAM,
                                    SOCK_STREAM | SOCK_NONBLOCK,
                                    SOCK_DGRAM,
                                    SOCK_DGRAM | SOCK_NONBLOCK,
                                    SOCK_SEQPACKET,
                                    SOCK_SEQPACKET | SOCK_NONBLOCK,
                                    SOCK_STREAM | SOCK_CLOEXEC,
                                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                                    SOCK_RAW,
                                    SOCK_RDM,
                                    0,
                                    15,
                                    SOCK_STREAM | 0x100};

constexpr Token kProtocols[] = {{"IPPROTO_TCP", IPPROTO_TCP}, {"IPPROTO_UDP", IPPROTO_UDP}};
constexpr int32_t kProtocolChoices[] = {0, IPPROTO_TCP, IPPROTO_UDP, -1, 300};
constexpr int32_t kPairProtocolChoices[] = {0, PF_UNIX, IPPROTO_TCP, -1};

constexpr int32_t kBacklogChoices[] = {1, 0, 2, 5, -1, INT_MAX, INT_MIN};
constexpr Token kAcceptFlags[] = {{"SOCK_NONBLOCK", SOCK_NONBLOCK}, {"SOCK_CLOEXEC", SOCK_CLOEXEC}};
constexpr int32_t kAcceptFlagChoices[] = {0, SOCK_NONBLOCK, SOCK_CLOEXEC,
                                          SOCK_NONBLOCK | SOCK_CLOEXEC, 1};

constexpr Token kHows[] = {{"SHUT_RD", SHUT_RD}, {"SHUT_WR", SHUT_WR}, {"SHUT_RDWR", SHUT_RDWR}};
constexpr int32_t kHowChoices[] = {SHUT_WR, SHUT_RD, SHUT_RDWR, 3, -1};

constexpr int32_t kLevelChoices[] = {SOL_SOCKET, IPPROTO_TCP, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_UDP, 99};

constexpr int32_t kSizeChoices[] = {1, 5, 0, 2, 100, 4096, 65507, 65508, 65536};
constexpr Token kMessageFlags[] = {
    {"MSG_DONTWAIT", MSG_DONTWAIT}, {"MSG_PEEK", MSG_PEEK},       {"MSG_NOSIGNAL", MSG_NOSIGNAL},
    {"MSG_OOB", MSG_OOB},           {"MSG_TRUNC", MSG_TRUNC},     {"MSG_WAITALL", MSG_WAITALL},
    {"MSG_DONTROUTE", MSG_DONTROUTE}, {"MSG_MORE", MSG_MORE},     {"MSG_ERRQUEUE", MSG_ERRQUEUE},
    {"MSG_EOR", MSG_EOR},           {"MSG_CTRUNC", MSG_CTRUNC},   {"MSG_CMSG_CLOEXEC", MSG_CMSG_CLOEXEC}};
constexpr int32_t kSendFlagChoices[] = {MSG_DONTWAIT, 0, MSG_NOSIGNAL, MSG_DONTWAIT | MSG_NOSIGNAL};
constexpr int32_t kRecvFlagChoices[] = {MSG_DONTWAIT,
                                        0,
                                        MSG_PEEK | MSG_DONTWAIT,
                                        MSG_TRUNC | MSG_DONTWAIT,
                                        MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT,
                                        MSG_OOB | MSG_DONTWAIT,
                                        MSG_OOB | MSG_PEEK};

constexpr Token kFcntlCommands[] = {
    {"F_GETFL", F_GETFL}, {"F_SETFL", F_SETFL}, {"F_GETFD", F_GETFD},
    {"F_SETFD", F_SETFD}, {"F_DUPFD", F_DUPFD}, {"F_DUPFD_CLOEXEC", F_DUPFD_CLOEXEC}};
constexpr int32_t kFcntlChoices[] = {F_GETFL, F_SETFL, F_GETFD, F_SETFD, F_DUPFD, F_DUPFD_CLOEXEC};
constexpr Token kStatusFlags[] = {{"O_RDWR", O_RDWR}, {"O_NONBLOCK", O_NONBLOCK}};
constexpr int32_t kStatusChoices[] = {O_NONBLOCK, 0};
constexpr Token kDescriptorFlags[] = {{"FD_CLOEXEC", FD_CLOEXEC}};
constexpr int32_t kDescriptorFlagChoices[] = {FD_CLOEXEC, 0};
constexpr int32_t kDupChoices[] = {0, -1, INT_MAX};  // the lowest number wanted; -1 and INT_MAX are refused
constexpr Token kDup3Flags[] = {{"O_CLOEXEC", O_CLOEXEC}};
constexpr int32_t kDup3Choices[] = {0, O_CLOEXEC, 1};

constexpr Token kControls[] = {{"SCM_RIGHTS", SCM_RIGHTS}};
constexpr int32_t kControlChoices[] = {0, SCM_RIGHTS};
constexpr int32_t kPiecesChoices[] = {1, 2, 3, 0, 1024, 1025};
constexpr int32_t kVectorChoices[] = {1, 2, 3, 0, 1024, 1025, -1};

constexpr Token kRequests[] = {
    {"FIONBIO", FIONBIO}, {"FIONREAD", FIONREAD}, {"SIOCATMARK", SIOCATMARK}};
constexpr int32_t kRequestChoices[] = {FIONREAD, FIONBIO, SIOCATMARK};
constexpr int32_t kFionbioChoices[] = {1, 0};

constexpr int32_t kPollRdHup = 0x2000;  // POLLRDHUP, which <poll.h> has under _GNU_SOURCE only
constexpr Token kPollEvents[] = {{"POLLIN", POLLIN},   {"POLLOUT", POLLOUT}, {"POLLPRI", POLLPRI},
                                 {"POLLERR", POLLERR}, {"POLLHUP", POLLHUP}, {"POLLNVAL", POLLNVAL},
                                 {"POLLRDHUP", kPollRdHup}};
constexpr int32_t kPollChoices[] = {POLLIN | POLLOUT,
                                    POLLIN,
                                    POLLOUT,
                                    POLLIN | POLLOUT | kPollRdHup,
                                    POLLIN | POLLOUT | POLLPRI | kPollRdHup,
                                    0};

constexpr int32_t kTimeoutChoices[] = {0, -1, 10};

// What select() is asked about, as bits of our own: which of its three sets hold the descriptor.
constexpr Token kSelectSets[] = {{"READ", 1}, {"WRITE", 2}, {"EXCEPT", 4}};
constexpr int32_t kSelectChoices[] = {3, 1, 2, 4, 7, 0};

constexpr Token kEpollFlags[] = {{"EPOLL_CLOEXEC", EPOLL_CLOEXEC}};
constexpr int32_t kEpollFlagChoices[] = {0, EPOLL_CLOEXEC, 1};
constexpr Token kEpollCommands[] = {
    {"EPOLL_CTL_ADD", EPOLL_CTL_ADD}, {"EPOLL_CTL_DEL", EPOLL_CTL_DEL}, {"EPOLL_CTL_MOD", EPOLL_CTL_MOD}};
constexpr int32_t kEpollCommandChoices[] = {EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL, 0};
constexpr Token kEpollEvents[] = {
    {"EPOLLIN", EPOLLIN},   {"EPOLLOUT", EPOLLOUT},     {"EPOLLPRI", EPOLLPRI},
    {"EPOLLERR", EPOLLERR}, {"EPOLLHUP", EPOLLHUP},     {"EPOLLRDHUP", EPOLLRDHUP},
    {"EPOLLET", static_cast<int32_t>(EPOLLET)}, {"EPOLLONESHOT", EPOLLONESHOT}};
constexpr int32_t kEpollChoices[] = {EPOLLIN,
                                     EPOLLIN | EPOLLOUT,
                                     static_cast<int32_t>(EPOLLIN | EPOLLET),
                                     static_cast<int32_t>(EPOLLIN | EPOLLOUT | EPOLLET),
                                     EPOLLIN | EPOLLONESHOT,
                                     EPOLLIN | EPOLLOUT | EPOLLRDHUP,
                                     0};
constexpr int32_t kMaxEventsChoices[] = {4, 1, 2, 0, -1};

constexpr int32_t kFamilyChoices[] = {AF_INET, AF_UNSPEC, AF_INET6, AF_UNIX, 99};
constexpr int32_t kAddressLengths[] = {kExactLength, 8,   4,   2,  0,       1,      15,
                                       17,           28,  128, 129, -1,     INT_MAX, INT_MIN,
                                       24,           27,  3,   5,   110,    111};
constexpr int32_t kOptionValues[] = {1,   0,   2,   4096, 65536, -1,    INT_MAX, INT_MIN, 3,    5,      6,
                                     7,   64,  87,  88,   127,   128,   255,     256,     1279, 1280,   32767,
                                     32768, 65535, -2, 100, 1000000};
constexpr int32_t kLingerSeconds[] = {0, 1, -1, INT_MAX, 10000, 999999, 1000000};
constexpr int32_t kOptionLengths[] = {4,  8,   2,  1,       0,       3,  5,  7, 16,
                                      128, -1, INT_MAX, INT_MIN, 12, 15, 17, 40};

constexpr Token kErrnos[] = {
    {"EPERM", EPERM},
    {"ENOENT", ENOENT},
    {"EINTR", EINTR},
    {"EIO", EIO},
    {"ENXIO", ENXIO},
    {"EBADF", EBADF},
    {"EAGAIN", EAGAIN},
    {"ENOMEM", ENOMEM},
    {"EACCES", EACCES},
    {"EFAULT", EFAULT},
    {"EBUSY", EBUSY},
    {"EEXIST", EEXIST},
    {"ENODEV", ENODEV},
    {"ENOTDIR", ENOTDIR},
    {"EISDIR", EISDIR},
    {"EINVAL", EINVAL},
    {"ENFILE", ENFILE},
    {"EMFILE", EMFILE},
    {"ENOTTY", ENOTTY},
    {"ENOSPC", ENOSPC},
    {"ESPIPE", ESPIPE},
    {"EROFS", EROFS},
    {"EPIPE", EPIPE},
    {"EDOM", EDOM},
    {"ERANGE", ERANGE},
    {"ENAMETOOLONG", ENAMETOOLONG},
    {"ENOSYS", ENOSYS},
    {"ELOOP", ELOOP},
    {"EPROTO", EPROTO},
    {"EOVERFLOW", EOVERFLOW},
    {"ENOTSOCK", ENOTSOCK},
    {"EDESTADDRREQ", EDESTADDRREQ},
    {"EMSGSIZE", EMSGSIZE},
    {"EPROTOTYPE", EPROTOTYPE},
    {"ENOPROTOOPT", ENOPROTOOPT},
    {"EPROTONOSUPPORT", EPROTONOSUPPORT},
    {"ESOCKTNOSUPPORT", ESOCKTNOSUPPORT},
    {"EOPNOTSUPP", EOPNOTSUPP},
    {"EPFNOSUPPORT", EPFNOSUPPORT},
    {"EAFNOSUPPORT", EAFNOSUPPORT},
    {"EADDRINUSE", EADDRINUSE},
    {"EADDRNOTAVAIL", EADDRNOTAVAIL},
    {"ENETDOWN", ENETDOWN},
    {"ENETUNREACH", ENETUNREACH},
    {"ENETRESET", ENETRESET},
    {"ECONNABORTED", ECONNABORTED},
    {"ECONNRESET", ECONNRESET},
    {"ENOBUFS", ENOBUFS},
    {"EISCONN", EISCONN},
    {"ENOTCONN", ENOTCONN},
    {"ESHUTDOWN", ESHUTDOWN},
    {"ETIMEDOUT", ETIMEDOUT},
    {"ECONNREFUSED", ECONNREFUSED},
    {"EHOSTDOWN", EHOSTDOWN},
    {"EHOSTUNREACH", EHOSTUNREACH},
    {"EALREADY", EALREADY},
    {"EINPROGRESS", EINPROGRESS},
    {"ECANCELED", ECANCELED},
};

bool SetsStatus(const Call& call) { return call.command == F_SETFL; }
bool SetsNonblocking(const Call& call) { return call.command == FIONBIO; }
bool SetsDescriptor(const Call& call) { return call.command == F_SETFD; }
bool Duplicates(const Call& call) { return call.command == F_DUPFD || call.command == F_DUPFD_CLOEXEC; }
bool PassesRights(const Call& call) { return call.control == SCM_RIGHTS; }
bool Registers(const Call& call) { return call.command != EPOLL_CTL_DEL; }

constexpr Argument kFd = {.name = "sockfd", .kind = Kind::kDescriptor};
constexpr Argument kAddressArgument = {.name = "addr", .kind = Kind::kAddressIn};
constexpr Argument kAddressResult = {.name = "addr", .kind = Kind::kAddressOut};
constexpr Argument kDestination = {.name = "addr", .kind = Kind::kAddressIn, .optional = true};
constexpr Argument kSentArgument = {.name = "buf", .kind = Kind::kBuffer};
constexpr Argument kReceivedArgument = {.name = "buf", .kind = Kind::kBuffer, .written = true};
constexpr Argument kSizeArgument = {
    .name = "len",
    .kind = Kind::kNumber,
    .member = &Call::size,
    .choices = kSizeChoices,
    .least = 0,
    .most = kMaxTransfer};
std::span<const Token> NamesAtLevel(const Call& call) { return OptionNames(call.level); }
std::span<const int32_t> ChoicesAtLevel(const Call& call) { return OptionChoices(call.level); }

constexpr Argument kLevelArgument = {.name = "level",
                                 .kind = Kind::kConstant,
                                 .member = &Call::level,
                                 .tokens = kOptionLevels,
                                 .choices = kLevelChoices,
                                 .ordinary = 5};
constexpr Argument kOptionArgument = {.name = "optname",
                                  .kind = Kind::kConstant,
                                  .member = &Call::option,
                                  .tokens = kSocketOptions,
                                  .choices = kSocketOptionChoices,
                                  .ordinary = 11,
                                  .tokens_by = NamesAtLevel,
                                  .choices_by = ChoicesAtLevel};

constexpr Argument kSocketArguments[] = {
    {.name = "domain",
     .kind = Kind::kConstant,
     .member = &Call::domain,
     .tokens = kFamilies,
     .choices = kDomainChoices,
     .ordinary = 3},
    {.name = "type",
     .kind = Kind::kType,
     .member = &Call::type,
     .tokens = kTypes,
     .choices = kTypeChoices,
     .ordinary = 8},
    {.name = "protocol",
     .kind = Kind::kNumber,
     .member = &Call::protocol,
     .tokens = kProtocols,
     .choices = kProtocolChoices,
     .ordinary = 2}};
constexpr Argument kFdOnly[] = {kFd};
constexpr Argument kCloseArguments[] = {
    {.name = "fd", .kind = Kind::kDescriptor, .closes = true}};
constexpr Argument kAddressed[] = {kFd, kAddressArgument};
constexpr Argument kListenArguments[] = {
    kFd,
    {.name = "backlog",
     .kind = Kind::kNumber,
     .member = &Call::value,
     .choices = kBacklogChoices,
     .ordinary = 4}};
constexpr Argument kNaming[] = {kFd, kAddressResult};
constexpr Argument kAccept4Arguments[] = {kFd, kAddressResult,
                                          {.name = "flags",
                                           .kind = Kind::kFlags,
                                           .member = &Call::flags,
                                           .tokens = kAcceptFlags,
                                           .choices = kAcceptFlagChoices,
                                           .ordinary = 4}};
constexpr Argument kShutdownArguments[] = {kFd,
                                           {.name = "how",
                                            .kind = Kind::kConstant,
                                            .member = &Call::command,
                                            .tokens = kHows,
                                            .choices = kHowChoices,
                                            .ordinary = 3}};
constexpr Argument kGetsockoptArguments[] = {
    kFd, kLevelArgument, kOptionArgument, {.name = "optval", .kind = Kind::kOptionOut}};
constexpr Argument kSetsockoptArguments[] = {
    kFd, kLevelArgument, kOptionArgument, {.name = "optval", .kind = Kind::kOptionIn}};
constexpr Argument kSendArguments[] = {kFd, kSentArgument, kSizeArgument,
                                       {.name = "flags",
                                        .kind = Kind::kFlags,
                                        .member = &Call::flags,
                                        .tokens = kMessageFlags,
                                        .choices = kSendFlagChoices}};
constexpr Argument kRecvArguments[] = {kFd, kReceivedArgument, kSizeArgument,
                                       {.name = "flags",
                                        .kind = Kind::kFlags,
                                        .member = &Call::flags,
                                        .tokens = kMessageFlags,
                                        .choices = kRecvFlagChoices,
                                        .ordinary = 5}};
constexpr Argument kReadArguments[] = {kFd, kReceivedArgument, kSizeArgument};
constexpr Argument kWriteArguments[] = {kFd, kSentArgument, kSizeArgument};
// An unknown command would have an argument of an unknown type, and might make descriptors.
constexpr Argument kFcntlArguments[] = {kFd,
                                        {.name = "cmd",
                                         .kind = Kind::kConstant,
                                         .member = &Call::command,
                                         .tokens = kFcntlCommands,
                                         .choices = kFcntlChoices,
                                         .tokens_only = true},
                                        {.name = "arg",
                                         .kind = Kind::kFlags,
                                         .member = &Call::value,
                                         .tokens = kStatusFlags,
                                         .choices = kStatusChoices,
                                         .used = SetsStatus},
                                        {.name = "arg",
                                         .kind = Kind::kFlags,
                                         .member = &Call::value,
                                         .tokens = kDescriptorFlags,
                                         .choices = kDescriptorFlagChoices,
                                         .used = SetsDescriptor},
                                        {.name = "arg",
                                         .kind = Kind::kNumber,
                                         .member = &Call::value,
                                         .choices = kDupChoices,
                                         .ordinary = 1,
                                         .used = Duplicates}};
constexpr Argument kIoctlArguments[] = {kFd,
                                        {.name = "request",
                                         .kind = Kind::kConstant,
                                         .member = &Call::command,
                                         .tokens = kRequests,
                                         .choices = kRequestChoices,
                                         .tokens_only = true},
                                        {.name = "arg",
                                         .kind = Kind::kNumber,
                                         .member = &Call::value,
                                         .choices = kFionbioChoices,
                                         .used = SetsNonblocking}};
constexpr Argument kTimeoutArgument = {.name = "timeout",
                                       .kind = Kind::kNumber,
                                       .member = &Call::timeout,
                                       .choices = kTimeoutChoices,
                                       .ordinary = 1,
                                       .least = -1,
                                       .most = 50,
                                       .trailing = true};
constexpr Argument kPollArguments[] = {kFd,
                                       {.name = "events",
                                        .kind = Kind::kFlags,
                                        .member = &Call::flags,
                                        .tokens = kPollEvents,
                                        .choices = kPollChoices,
                                        .least = 0,
                                        .most = INT16_MAX},
                                       kTimeoutArgument};

constexpr Argument kSendFlagsArgument = {.name = "flags",
                                         .kind = Kind::kFlags,
                                         .member = &Call::flags,
                                         .tokens = kMessageFlags,
                                         .choices = kSendFlagChoices};
constexpr Argument kRecvFlagsArgument = {.name = "flags",
                                         .kind = Kind::kFlags,
                                         .member = &Call::flags,
                                         .tokens = kMessageFlags,
                                         .choices = kRecvFlagChoices,
                                         .ordinary = 5};
constexpr Argument kPiecesArgument = {.name = "msg_iovlen",
                                      .kind = Kind::kNumber,
                                      .member = &Call::pieces,
                                      .choices = kPiecesChoices,
                                      .ordinary = 3,
                                      .least = 0,
                                      .most = kMaxPieces};
constexpr Argument kVectorArgument = {.name = "iovcnt",
                                      .kind = Kind::kNumber,
                                      .member = &Call::pieces,
                                      .choices = kVectorChoices,
                                      .ordinary = 3,
                                      .least = -1,
                                      .most = kMaxPieces};
constexpr Argument kTargetArgument = {.name = "newfd",
                                      .kind = Kind::kDescriptor,
                                      .closes = true,
                                      .existing = true,
                                      .descriptor = &Call::fd2};

constexpr Argument kSocketpairArguments[] = {{.name = "domain",
                                              .kind = Kind::kConstant,
                                              .member = &Call::domain,
                                              .tokens = kFamilies,
                                              .choices = kPairDomainChoices,
                                              .ordinary = 1},
                                             kSocketArguments[1],
                                             {.name = "protocol",
                                              .kind = Kind::kNumber,
                                              .member = &Call::protocol,
                                              .tokens = kProtocols,
                                              .choices = kPairProtocolChoices,
                                              .ordinary = 1},
                                             {.name = "sv", .kind = Kind::kMadePair}};
constexpr Argument kSendtoArguments[] = {kFd, kSentArgument, kSizeArgument, kSendFlagsArgument,
                                         kDestination};
constexpr Argument kRecvfromArguments[] = {kFd, kReceivedArgument, kSizeArgument, kRecvFlagsArgument,
                                           kAddressResult};
constexpr Argument kSendmsgArguments[] = {kFd, kDestination, kSentArgument, kSizeArgument, kPiecesArgument,
                                          {.name = "msg_control",
                                           .kind = Kind::kConstant,
                                           .member = &Call::control,
                                           .tokens = kControls,
                                           .choices = kControlChoices,
                                           .least = 0,
                                           .most = SCM_RIGHTS},
                                          {.name = "passed",
                                           .kind = Kind::kDescriptor,
                                           .used = PassesRights,
                                           .descriptor = &Call::fd2},
                                          kSendFlagsArgument};
constexpr Argument kRecvmsgArguments[] = {kFd,
                                          {.name = "msg_name", .kind = Kind::kAddressOut, .in_place = true},
                                          kReceivedArgument, kSizeArgument, kPiecesArgument,
                                          {.name = "msg_control", .kind = Kind::kMadeIfAny},
                                          kRecvFlagsArgument};
constexpr Argument kReadvArguments[] = {kFd, kReceivedArgument, kSizeArgument, kVectorArgument};
constexpr Argument kWritevArguments[] = {kFd, kSentArgument, kSizeArgument, kVectorArgument};
constexpr Argument kDup2Arguments[] = {kFd, kTargetArgument};
constexpr Argument kDup3Arguments[] = {kFd, kTargetArgument,
                                       {.name = "flags",
                                        .kind = Kind::kFlags,
                                        .member = &Call::flags,
                                        .tokens = kDup3Flags,
                                        .choices = kDup3Choices,
                                        .ordinary = 2}};
constexpr Argument kSelectArguments[] = {kFd,
                                         {.name = "sets",
                                          .kind = Kind::kFlags,
                                          .member = &Call::flags,
                                          .tokens = kSelectSets,
                                          .choices = kSelectChoices,
                                          .least = 0,
                                          .most = 7},
                                         kTimeoutArgument};
constexpr Argument kEpollCreate1Arguments[] = {{.name = "flags",
                                                .kind = Kind::kFlags,
                                                .member = &Call::flags,
                                                .tokens = kEpollFlags,
                                                .choices = kEpollFlagChoices,
                                                .ordinary = 2}};
constexpr Argument kEpollCtlArguments[] = {{.name = "epfd", .kind = Kind::kDescriptor},
                                           {.name = "op",
                                            .kind = Kind::kConstant,
                                            .member = &Call::command,
                                            .tokens = kEpollCommands,
                                            .choices = kEpollCommandChoices,
                                            .ordinary = 3},
                                           {.name = "fd",
                                            .kind = Kind::kDescriptor,
                                            .descriptor = &Call::fd2},
                                           {.name = "events",
                                            .kind = Kind::kFlags,
                                            .member = &Call::flags,
                                            .tokens = kEpollEvents,
                                            .choices = kEpollChoices,
                                            .used = Registers}};
constexpr Argument kEpollWaitArguments[] = {{.name = "epfd", .kind = Kind::kDescriptor},
                                            {.name = "maxevents",
                                             .kind = Kind::kNumber,
                                             .member = &Call::value,
                                             .choices = kMaxEventsChoices,
                                             .ordinary = 3,
                                             .most = kMaxReady},
                                            kTimeoutArgument};

// clang-format off
constexpr Declaration kDeclarations[] = {
    {Op::kSocket,      "socket",      Returns::kDescriptor, kSocketArguments},
    {Op::kBind,        "bind",        Returns::kZero,       kAddressed},
    {Op::kListen,      "listen",      Returns::kZero,       kListenArguments},
    {Op::kConnect,     "connect",     Returns::kZero,       kAddressed},
    {Op::kAccept,      "accept",      Returns::kDescriptor, kNaming},
    {Op::kAccept4,     "accept4",     Returns::kDescriptor, kAccept4Arguments},
    {Op::kClose,       "close",       Returns::kZero,       kCloseArguments},
    {Op::kShutdown,    "shutdown",    Returns::kZero,       kShutdownArguments},
    {Op::kDup,         "dup",         Returns::kDescriptor, kFdOnly},
    {Op::kGetsockname, "getsockname", Returns::kZero,       kNaming},
    {Op::kGetpeername, "getpeername", Returns::kZero,       kNaming},
    {Op::kGetsockopt,  "getsockopt",  Returns::kZero,       kGetsockoptArguments},
    {Op::kSetsockopt,  "setsockopt",  Returns::kZero,       kSetsockoptArguments},
    {Op::kSend,        "send",        Returns::kCount,      kSendArguments},
    {Op::kRecv,        "recv",        Returns::kCount,      kRecvArguments},
    {Op::kRead,        "read",        Returns::kCount,      kReadArguments},
    {Op::kWrite,       "write",       Returns::kCount,      kWriteArguments},
    {Op::kFcntl,       "fcntl",       Returns::kFlags,      kFcntlArguments, Duplicates},
    {Op::kIoctl,       "ioctl",       Returns::kZero,       kIoctlArguments},
    {Op::kPoll,        "poll",        Returns::kCount,      kPollArguments},
    {Op::kSocketpair,  "socketpair",  Returns::kZero,       kSocketpairArguments},
    {Op::kSendto,      "sendto",      Returns::kCount,      kSendtoArguments},
    {Op::kRecvfrom,    "recvfrom",    Returns::kCount,      kRecvfromArguments},
    {Op::kSendmsg,     "sendmsg",     Returns::kCount,      kSendmsgArguments},
    {Op::kRecvmsg,     "recvmsg",     Returns::kCount,      kRecvmsgArguments},
    {Op::kReadv,       "readv",       Returns::kCount,      kReadvArguments},
    {Op::kWritev,      "writev",      Returns::kCount,      kWritevArguments},
    {Op::kDup2,        "dup2",        Returns::kTarget,     kDup2Arguments},
    {Op::kDup3,        "dup3",        Returns::kTarget,     kDup3Arguments},
    {Op::kSelect,      "select",      Returns::kCount,      kSelectArguments},
    {Op::kEpollCreate1, "epoll_create1", Returns::kDescriptor, kEpollCreate1Arguments},
    {Op::kEpollCtl,    "epoll_ctl",   Returns::kZero,       kEpollCtlArguments},
    {Op::kEpollWait,   "epoll_wait",  Returns::kCount,      kEpollWaitArguments},
};
// clang-format on
static_assert(std::size(kDeclarations) == kOpCount);

}  // namespace

std::span<const Declaration> Declarations() { return kDeclarations; }
const Declaration& DeclarationOf(Op op) { return kDeclarations[static_cast<int>(op)]; }

std::span<const Token> ReturnTokens(const Call& call) {
  if (DeclarationOf(call.op).returns != Returns::kFlags) return {};
  if (call.command == F_GETFL) return kStatusFlags;
  if (call.command == F_GETFD) return kDescriptorFlags;
  return {};
}

std::span<const Token> EventTokens(const Call& call) {
  return call.op == Op::kSelect ? std::span<const Token>(kSelectSets) : kPollEvents;
}

std::span<const int32_t> AddressFamilies() { return kFamilyChoices; }
std::span<const int32_t> AddressLengths() { return kAddressLengths; }
std::span<const int32_t> OptionValues() { return kOptionValues; }
std::span<const int32_t> LingerSeconds() { return kLingerSeconds; }
std::span<const int32_t> OptionLengths() { return kOptionLengths; }

std::span<const Token> SocketTypes() { return kTypes; }
std::span<const Token> SocketFlags() { return kSocketFlags; }
std::span<const Token> MessageFlags() { return kMessageFlags; }
std::span<const Token> PollEvents() { return kPollEvents; }
std::span<const Token> StatusFlags() { return kStatusFlags; }
std::span<const Token> Families() { return kFamilies; }
std::span<const Token> Protocols() { return kProtocols; }
std::span<const Token> Errnos() { return kErrnos; }
std::span<const Token> SelectSets() { return kSelectSets; }
std::span<const Token> EpollEvents() { return kEpollEvents; }

}  // namespace sockspec
