#include "properties/claims.h"

namespace sockspec {
namespace {

constexpr Case kBindLocal[] = {{"", R"(
    s0 = socket({S}, 0)  = s0
    bind(s0, {A})        = 0
    getsockname(s0)      = 0, addr={A}
)"},
                               {"UDP", R"(
    s0 = socket(AF_INET, SOCK_DGRAM, 0)  = s0
    bind(s0, 127.0.0.2:P0)               = 0
    getsockname(s0)                      = 0, addr=127.0.0.2:P0
)"}};

constexpr Case kBindOnce[] = {{"", R"(
    s0 = socket({S}, 0)  = s0
    bind(s0, {A})        = 0
    bind(s0, {B})        = -1 EINVAL
)"},
                              {"the port was the kernel's choice, and the connection is dissolved", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0
    bind(s0, 127.0.0.1:P0)                = 0
    listen(s0, 1)                         = 0
    s1 = socket(AF_INET, SOCK_STREAM, 0)  = s1
    bind(s1, 0.0.0.0:0)                   = 0
    connect(s1, 127.0.0.1:P0)             = 0
    connect(s1, AF_UNSPEC)                = 0
    bind(s1, 127.0.0.1:P1)                = -1 EINVAL
)"}};

constexpr Case kBindAny[] = {{"IPv4", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0
    bind(s0, 0.0.0.0:P0)                  = 0
    listen(s0, 4)                         = 0
    s1 = socket(AF_INET, SOCK_STREAM, 0)  = s1
    connect(s1, 127.0.0.1:P0)             = 0
    s2 = socket(AF_INET, SOCK_STREAM, 0)  = s2
    connect(s2, 127.0.0.2:P0)             = 0
    s3 = socket(AF_INET, SOCK_STREAM, 0)  = s3
    bind(s3, 127.0.0.1:P1)                = 0
    listen(s3, 4)                         = 0
    s4 = socket(AF_INET, SOCK_STREAM, 0)  = s4
    connect(s4, 127.0.0.1:P1)             = 0
    s5 = socket(AF_INET, SOCK_STREAM, 0)  = s5
    connect(s5, 127.0.0.2:P1)             = -1 ECONNREFUSED
)"},
                             {"IPv6, which hears IPv4 too", R"(
    s0 = socket(AF_INET6, SOCK_STREAM, 0)  = s0
    bind(s0, [::]:P0)                      = 0
    listen(s0, 4)                          = 0
    s1 = socket(AF_INET6, SOCK_STREAM, 0)  = s1
    connect(s1, [::1]:P0)                  = 0
    s2 = socket(AF_INET, SOCK_STREAM, 0)   = s2
    connect(s2, 127.0.0.2:P0)              = 0
)"},
                             {"UDP", R"(
    s0 = socket(AF_INET, SOCK_DGRAM|SOCK_NONBLOCK, 0)  = s0
    bind(s0, 0.0.0.0:P0)                               = 0
    s1 = socket(AF_INET, SOCK_DGRAM|SOCK_NONBLOCK, 0)  = s1
    bind(s1, 127.0.0.1:P1)                             = 0
    s2 = socket(AF_INET, SOCK_DGRAM, 0)                = s2
    sendto(s2, 5, 0, 127.0.0.2:P0)                     = 5
    recv(s0, 5, 0)                                     = 5
    sendto(s2, 5, 0, 127.0.0.2:P1)                     = 5
    recv(s1, 5, 0)                                     = -1 EAGAIN
)"}};

constexpr Case kBindReuse[] = {{"the first server had set it, too", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)         = s0
    setsockopt(s0, SOL_SOCKET, SO_REUSEADDR, 1)  = 0
    bind(s0, 127.0.0.1:P0)                       = 0
    listen(s0, 1)                                = 0
    s1 = socket(AF_INET, SOCK_STREAM, 0)         = s1
    connect(s1, 127.0.0.1:P0)                    = 0
    s2 = accept(s0, NULL)                        = s2
    close(s2)                                    = 0
    close(s1)                                    = 0
    close(s0)                                    = 0
    s3 = socket(AF_INET, SOCK_STREAM, 0)         = s3
    setsockopt(s3, SOL_SOCKET, SO_REUSEADDR, 1)  = 0
    bind(s3, 127.0.0.1:P0)                       = 0
)"},
                               {"only the second server sets it", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)         = s0
    bind(s0, 127.0.0.1:P0)                       = 0
    listen(s0, 1)                                = 0
    s1 = socket(AF_INET, SOCK_STREAM, 0)         = s1
    connect(s1, 127.0.0.1:P0)                    = 0
    s2 = accept(s0, NULL)                        = s2
    close(s2)                                    = 0
    close(s1)                                    = 0
    close(s0)                                    = 0
    s3 = socket(AF_INET, SOCK_STREAM, 0)         = s3
    setsockopt(s3, SOL_SOCKET, SO_REUSEADDR, 1)  = 0
    bind(s3, 127.0.0.1:P0)                       = 0
)"},
                               {"the first server still listens", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)         = s0
    setsockopt(s0, SOL_SOCKET, SO_REUSEADDR, 1)  = 0
    bind(s0, 127.0.0.1:P0)                       = 0
    listen(s0, 1)                                = 0
    s1 = socket(AF_INET, SOCK_STREAM, 0)         = s1
    setsockopt(s1, SOL_SOCKET, SO_REUSEADDR, 1)  = 0
    bind(s1, 127.0.0.1:P0)                       = 0
)"}};

constexpr Case kBindClient[] = {{"", R"(
    s0 = socket({S}, 0)  = s0
    bind(s0, {A})        = 0
    listen(s0, 1)        = 0
    s1 = socket({S}, 0)  = s1
    bind(s1, {B})        = 0
    connect(s1, {A})     = 0
    s2 = accept(s0)      = s2, addr={B}
    getpeername(s2)      = 0, addr={B}
)"}};

constexpr Case kBindPorts[] = {{"", R"(
    s0 = socket({S}, 0)  = s0
    bind(s0, {A})        = 0
    s1 = socket({S}, 0)  = s1
    bind(s1, {A})        = -1 EADDRINUSE
    listen(s0, 1)        = 0
    connect(s1, {A})     = 0
)"},
                               {"nobody has it, over TCP", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0
    connect(s0, 127.0.0.1:P0)             = -1 ECONNREFUSED
)"},
                               {"nobody has it, over UDP", R"(
    s0 = socket(AF_INET, SOCK_DGRAM, 0)   = s0
    connect(s0, 127.0.0.1:P0)             = -1 ECONNREFUSED
)"}};

constexpr Case kBindFamilies[] = {{"TCP", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0
    bind(s0, 127.0.0.1:P0)                = 0
    getsockname(s0)                       = 0, addr=127.0.0.1:P0
    listen(s0, 1)                         = 0
    s1 = socket(AF_INET, SOCK_STREAM, 0)  = s1
    connect(s1, 127.0.0.1:P0)             = 0
    getsockname(s1)                       = 0, addr=127.0.0.1:E0
)"},
                                  {"UDP", R"(
    s0 = socket(AF_INET, SOCK_DGRAM, 0)   = s0
    bind(s0, 127.0.0.1:P0)                = 0
    getsockname(s0)                       = 0, addr=127.0.0.1:P0
    s1 = socket(AF_INET, SOCK_DGRAM, 0)   = s1
    sendto(s1, 5, 0, 127.0.0.1:P0)        = 5
    getsockname(s1)                       = 0, addr=0.0.0.0:E0
)"},
                                  {"unix sockets, whose clients have no name", R"(
    s0 = socket(AF_UNIX, SOCK_STREAM, 0)  = s0
    bind(s0, U0)                          = 0
    listen(s0, 1)                         = 0
    s1 = socket(AF_UNIX, SOCK_STREAM, 0)  = s1
    connect(s1, U0)                       = 0
    getsockname(s1)                       = 0, addr=@E0
)"}};

constexpr Case kConnectImplicit[] = {{"IPv4", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0
    bind(s0, 127.0.0.1:P0)                = 0
    listen(s0, 1)                         = 0
    s1 = socket(AF_INET, SOCK_STREAM, 0)  = s1
    connect(s1, 127.0.0.1:P0)             = 0
    getsockname(s1)                       = 0, addr=127.0.0.1:E0
)"},
                                     {"IPv6", R"(
    s0 = socket(AF_INET6, SOCK_STREAM, 0)  = s0
    bind(s0, [::1]:P0)                     = 0
    listen(s0, 1)                          = 0
    s1 = socket(AF_INET6, SOCK_STREAM, 0)  = s1
    connect(s1, [::1]:P0)                  = 0
    getsockname(s1)                        = 0, addr=[::1]:E0
)"},
                                     {"UDP", R"(
    s0 = socket(AF_INET, SOCK_DGRAM, 0)  = s0
    connect(s0, 127.0.0.1:P0)            = 0
    getsockname(s0)                      = 0, addr=127.0.0.1:E0
)"},
                                     {"a unix socket stays unnamed", R"(
    s0 = socket(AF_UNIX, SOCK_STREAM, 0)  = s0
    bind(s0, U0)                          = 0
    listen(s0, 1)                         = 0
    s1 = socket(AF_UNIX, SOCK_STREAM, 0)  = s1
    connect(s1, U0)                       = 0
    getsockname(s1)                       = 0, addr=@E0
)"}};

constexpr Case kConnectHandshake[] = {{"", R"(
    s0 = socket({S}, 0)    = s0
    bind(s0, {A})          = 0
    listen(s0, 1)          = 0
    s1 = socket({S}, 0)    = s1
    connect(s1, {A})       = 0
    send(s1, 5, 0)         = 5
    s2 = accept(s0, NULL)  = s2
    recv(s2, 5, 0)         = 5, data=[0,5)
)"}};

constexpr Case kConnectAccept[] = {{"", R"(
    s0 = socket({S}, 0)  = s0
    bind(s0, {A})        = 0
    listen(s0, 1)        = 0
    s1 = socket({S}, 0)  = s1
    connect(s1, {A})     = blocks
)"}};

constexpr Case kConnectRefused[] = {{"TCP over IPv4", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0
    connect(s0, 127.0.0.1:P0)             = -1 ECONNREFUSED
)"},
                                    {"TCP over IPv6", R"(
    s0 = socket(AF_INET6, SOCK_STREAM, 0)  = s0
    connect(s0, [::1]:P0)                  = -1 ECONNREFUSED
)"},
                                    {"unix, an abstract name", R"(
    s0 = socket(AF_UNIX, SOCK_STREAM, 0)  = s0
    connect(s0, @A0)                      = -1 ECONNREFUSED
)"},
                                    {"unix, a path whose socket is gone", R"(
    s0 = socket(AF_UNIX, SOCK_STREAM, 0)  = s0
    bind(s0, U0)                          = 0
    close(s0)                             = 0
    s1 = socket(AF_UNIX, SOCK_STREAM, 0)  = s1
    connect(s1, U0)                       = -1 ECONNREFUSED
)"},
                                    {"unix, a path that never was", R"(
    s0 = socket(AF_UNIX, SOCK_STREAM, 0)  = s0
    connect(s0, U0)                       = -1 ECONNREFUSED
)"}};

constexpr Case kConnectBoundOnly[] = {{"", R"(
    s0 = socket({S}, 0)  = s0
    bind(s0, {A})        = 0
    s1 = socket({S}, 0)  = s1
    connect(s1, {A})     = -1 ECONNREFUSED
)"}};

constexpr Case kConnectOnce[] = {{"", R"(
    s0 = socket({S}, 0)  = s0
    bind(s0, {A})        = 0
    listen(s0, 4)        = 0
    s1 = socket({S}, 0)  = s1
    connect(s1, {A})     = 0
    connect(s1, {A})     = -1 EISCONN
)"},
                                 {"the first attempt was refused", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0
    connect(s0, 127.0.0.1:P0)             = -1 ECONNREFUSED
    s1 = socket(AF_INET, SOCK_STREAM, 0)  = s1
    bind(s1, 127.0.0.1:P0)                = 0
    listen(s1, 1)                         = 0
    connect(s0, 127.0.0.1:P0)             = -1 EISCONN
)"}};

constexpr Case kConnectNonblocking[] = {{"TCP, and somebody listens", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)                = s0
    bind(s0, 127.0.0.1:P0)                              = 0
    listen(s0, 1)                                       = 0
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS
    poll(s1, POLLOUT)                                   = 1, revents=POLLOUT
    getsockopt(s1, SOL_SOCKET, SO_ERROR)                = 0, value=0
)"},
                                        {"TCP, and nobody does", R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0
    connect(s0, 127.0.0.1:P0)                           = -1 EINPROGRESS
    poll(s0, POLLOUT)                                   = 1
    getsockopt(s0, SOL_SOCKET, SO_ERROR)                = 0, value=ECONNREFUSED
)"},
                                        {"unix", R"(
    s0 = socket(AF_UNIX, SOCK_STREAM, 0)                = s0
    bind(s0, U0)                                        = 0
    listen(s0, 1)                                       = 0
    s1 = socket(AF_UNIX, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1
    connect(s1, U0)                                     = -1 EINPROGRESS
)"}};

constexpr Case kConnectAlready[] = {{"TCP over IPv4", R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0
    connect(s0, SILENT:P0)                              = -1 EINPROGRESS
    connect(s0, SILENT:P0)                              = -1 EALREADY
)"}};

constexpr Case kConnectInterrupted[] = {{"TCP over IPv4", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0
    connect(s0, SILENT:P0)                = blocks, then -1 EINTR
    fcntl(s0, F_SETFL, O_NONBLOCK)        = 0
    connect(s0, SILENT:P0)                = -1 EALREADY
)"},
                                        {"a unix socket's attempt is given up", R"(
    s0 = socket(AF_UNIX, SOCK_STREAM, 0)  = s0
    bind(s0, U0)                          = 0
    listen(s0, 0)                         = 0
    s1 = socket(AF_UNIX, SOCK_STREAM, 0)  = s1
    connect(s1, U0)                       = 0
    s2 = socket(AF_UNIX, SOCK_STREAM, 0)  = s2
    connect(s2, U0)                       = blocks, then -1 EINTR
    fcntl(s2, F_SETFL, O_NONBLOCK)        = 0
    connect(s2, U0)                       = -1 EALREADY
)"}};

constexpr Case kConnectPermanent[] = {{"", R"(
    s0 = socket({S}, 0)  = s0
    bind(s0, {A})        = 0
    listen(s0, 4)        = 0
    s1 = socket({S}, 0)  = s1
    connect(s1, {A})     = 0
    connect(s1, {B})     = -1 EISCONN
    getpeername(s1)      = 0, addr={A}
)"},
                                      {"AF_UNSPEC asks for it to be dissolved", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0
    bind(s0, 127.0.0.1:P0)                = 0
    listen(s0, 4)                         = 0
    s1 = socket(AF_INET, SOCK_STREAM, 0)  = s1
    connect(s1, 127.0.0.1:P0)             = 0
    connect(s1, AF_UNSPEC)                = -1 EISCONN
)"}};

constexpr Case kDgramStores[] = {{"UDP", R"(
    s0 = socket(AF_INET, SOCK_DGRAM|SOCK_NONBLOCK, 0)  = s0
    bind(s0, 127.0.0.1:P0)                             = 0
    s1 = socket(AF_INET, SOCK_DGRAM|SOCK_NONBLOCK, 0)  = s1
    connect(s1, 127.0.0.1:P0)                          = 0
    getpeername(s1)                                    = 0, addr=127.0.0.1:P0
    recv(s0, 5, 0)                                     = -1 EAGAIN
    connect(s1, 127.0.0.1:P1)                          = 0
    getsockopt(s1, SOL_SOCKET, SO_ERROR)               = 0, value=0
)"},
                                 {"unix", R"(
    s0 = socket(AF_UNIX, SOCK_DGRAM|SOCK_NONBLOCK, 0)  = s0
    bind(s0, U0)                                       = 0
    s1 = socket(AF_UNIX, SOCK_DGRAM|SOCK_NONBLOCK, 0)  = s1
    connect(s1, U0)                                    = 0
    getpeername(s1)                                    = 0, addr=U0
    recv(s0, 5, 0)                                     = -1 EAGAIN
)"}};

constexpr Case kDgramMany[] = {{"UDP", R"(
    s0 = socket(AF_INET, SOCK_DGRAM, 0)  = s0
    connect(s0, 127.0.0.1:P0)            = 0
    connect(s0, 127.0.0.2:P1)            = 0
    getpeername(s0)                      = 0, addr=127.0.0.2:P1
)"},
                               {"unix", R"(
    s0 = socket(AF_UNIX, SOCK_DGRAM, 0)  = s0
    bind(s0, U0)                         = 0
    s1 = socket(AF_UNIX, SOCK_DGRAM, 0)  = s1
    bind(s1, U1)                         = 0
    s2 = socket(AF_UNIX, SOCK_DGRAM, 0)  = s2
    connect(s2, U0)                      = 0
    connect(s2, U1)                      = 0
    getpeername(s2)                      = 0, addr=U1
)"}};

constexpr Case kDgramDissolve[] = {{"UDP", R"(
    s0 = socket(AF_INET, SOCK_DGRAM, 0)  = s0
    connect(s0, 127.0.0.1:P0)            = 0
    connect(s0, AF_UNSPEC)               = 0
    getpeername(s0)                      = -1 ENOTCONN
)"},
                                   {"unix", R"(
    s0 = socket(AF_UNIX, SOCK_DGRAM, 0)  = s0
    bind(s0, U0)                         = 0
    s1 = socket(AF_UNIX, SOCK_DGRAM, 0)  = s1
    connect(s1, U0)                      = 0
    connect(s1, AF_UNSPEC)               = 0
    getpeername(s1)                      = -1 ENOTCONN
)"}};

constexpr Case kDgramCalls[] = {{"UDP", R"(
    s0 = socket(AF_INET, SOCK_DGRAM, 0)  = s0
    bind(s0, 127.0.0.1:P0)               = 0
    connect(s0, 127.0.0.1:P0)            = 0
    write(s0, 5)                         = 5
    read(s0, 5)                          = 5
    writev(s0, 5, 2)                     = 5
    readv(s0, 5, 2)                      = 5
    send(s0, 5, 0)                       = 5
    recv(s0, 5, 0)                       = 5
    sendto(s0, 5, 0, NULL)               = 5
    recvfrom(s0, 5, 0)                   = 5, addr=127.0.0.1:P0
    sendmsg(s0, NULL, 5, 1, 0, 0)        = 5
    recvmsg(s0, 5, 1, NULL, 0)           = 5, addr=127.0.0.1:P0
    sendto(s0, 5, 0, 127.0.0.1:P0)       = 5
)"},
                                {"unix", R"(
    s0 = socket(AF_UNIX, SOCK_DGRAM, 0)  = s0
    bind(s0, U0)                         = 0
    connect(s0, U0)                      = 0
    write(s0, 5)                         = 5
    read(s0, 5)                          = 5
    writev(s0, 5, 2)                     = 5
    readv(s0, 5, 2)                      = 5
    send(s0, 5, 0)                       = 5
    recv(s0, 5, 0)                       = 5
    sendto(s0, 5, 0, NULL)               = 5
    recvfrom(s0, 5, 0)                   = 5, addr=U0
    sendmsg(s0, NULL, 5, 1, 0, 0)        = 5
    recvmsg(s0, 5, 1, NULL, 0)           = 5, addr=U0
    sendto(s0, 5, 0, U0)                 = 5
)"}};

constexpr Case kDgramUnconnectedSend[] = {{"UDP", R"(
    s0 = socket(AF_INET, SOCK_DGRAM, 0)  = s0
    send(s0, 5, 0)                       = {fails}
)"},
                                          {"unix", R"(
    s0 = socket(AF_UNIX, SOCK_DGRAM, 0)  = s0
    send(s0, 5, 0)                       = {fails}
)"}};

constexpr Case kStreamUnconnected[] = {{"TCP", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0
    send(s0, 5, MSG_NOSIGNAL)             = {fails}
    recv(s0, 5, 0)                        = {fails}
)"},
                                       {"unix", R"(
    s0 = socket(AF_UNIX, SOCK_STREAM, 0)  = s0
    send(s0, 5, MSG_NOSIGNAL)             = {fails}
    recv(s0, 5, 0)                        = {fails}
)"}};

constexpr Case kListenUnboundOk[] = {{"TCP over IPv4", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0
    listen(s0, 1)                         = 0
    getsockname(s0)                       = 0, addr=0.0.0.0:E0
    s1 = socket(AF_INET, SOCK_STREAM, 0)  = s1
    connect(s1, 127.0.0.1:E0)             = 0
)"},
                                     {"TCP over IPv6", R"(
    s0 = socket(AF_INET6, SOCK_STREAM, 0)  = s0
    listen(s0, 1)                          = 0
    getsockname(s0)                        = 0, addr=[::]:E0
)"},
                                     {"unix", R"(
    s0 = socket(AF_UNIX, SOCK_STREAM, 0)  = s0
    listen(s0, 1)                         = 0
)"}};

constexpr Case kListenUnboundFails[] = {{"TCP", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0
    listen(s0, 1)                         = {fails}
)"},
                                        {"unix", R"(
    s0 = socket(AF_UNIX, SOCK_STREAM, 0)  = s0
    listen(s0, 1)                         = {fails}
)"}};

constexpr Case kSendtoImplicit[] = {{"UDP", R"(
    s0 = socket(AF_INET, SOCK_DGRAM, 0)  = s0
    sendto(s0, 5, 0, 127.0.0.1:P0)       = 5
    getsockname(s0)                      = 0, addr=0.0.0.0:E0
)"},
                                    {"a unix socket stays unnamed", R"(
    s0 = socket(AF_UNIX, SOCK_DGRAM, 0)  = s0
    bind(s0, U0)                         = 0
    s1 = socket(AF_UNIX, SOCK_DGRAM, 0)  = s1
    sendto(s1, 5, 0, U0)                 = 5
    getsockname(s1)                      = 0, addr=@E0
)"}};

constexpr Case kRecvfromUnboundFails[] = {{"UDP: it waits", R"(
    s0 = socket(AF_INET, SOCK_DGRAM, 0)  = s0
    recvfrom(s0, 5, 0)                   = {fails}
)"}};

constexpr Case kNamesSymmetry[] = {{"TCP over IPv4", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0
    bind(s0, 0.0.0.0:P0)                  = 0
    listen(s0, 1)                         = 0
    s1 = socket(AF_INET, SOCK_STREAM, 0)  = s1
    connect(s1, 127.0.0.2:P0)             = 0
    s2 = accept(s0)                       = s2, addr=127.0.0.1:E0
    getsockname(s1)                       = 0, addr=127.0.0.1:E0
    getpeername(s2)                       = 0, addr=127.0.0.1:E0
    getpeername(s1)                       = 0, addr=127.0.0.2:P0
    getsockname(s2)                       = 0, addr=127.0.0.2:P0
)"},
                                   {"TCP over IPv6", R"(
    s0 = socket(AF_INET6, SOCK_STREAM, 0)  = s0
    bind(s0, [::]:P0)                      = 0
    listen(s0, 1)                          = 0
    s1 = socket(AF_INET6, SOCK_STREAM, 0)  = s1
    connect(s1, [::1]:P0)                  = 0
    s2 = accept(s0)                        = s2, addr=[::1]:E0
    getsockname(s1)                        = 0, addr=[::1]:E0
    getpeername(s1)                        = 0, addr=[::1]:P0
    getsockname(s2)                        = 0, addr=[::1]:P0
)"},
                                   {"unix", R"(
    s0 = socket(AF_UNIX, SOCK_STREAM, 0)  = s0
    bind(s0, U0)                          = 0
    listen(s0, 1)                         = 0
    s1 = socket(AF_UNIX, SOCK_STREAM, 0)  = s1
    bind(s1, U1)                          = 0
    connect(s1, U0)                       = 0
    s2 = accept(s0)                       = s2, addr=U1
    getpeername(s1)                       = 0, addr=U0
    getsockname(s2)                       = 0, addr=U0
    getpeername(s2)                       = 0, addr=U1
)"}};

constexpr Case kOrderFree[] = {{"TCP", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0
    listen(s0, 4)                         = 0
    getsockname(s0)                       = 0, addr=0.0.0.0:E0
    s1 = socket(AF_INET, SOCK_STREAM, 0)  = s1
    bind(s1, 127.0.0.1:P0)                = 0
    listen(s1, 4)                         = 0
    s2 = socket(AF_INET, SOCK_STREAM, 0)  = s2
    bind(s2, 127.0.0.1:P1)                = 0
    connect(s2, 127.0.0.1:E0)             = 0
    s3 = socket(AF_INET, SOCK_STREAM, 0)  = s3
    connect(s3, 127.0.0.1:P0)             = 0
)"},
                               {"unix, before listen()", R"(
    s0 = socket(AF_UNIX, SOCK_STREAM, 0)  = s0
    listen(s0, 4)                         = 0
)"},
                               {"unix, before connect()", R"(
    s0 = socket(AF_UNIX, SOCK_STREAM, 0)  = s0
    bind(s0, U0)                          = 0
    listen(s0, 4)                         = 0
    s1 = socket(AF_UNIX, SOCK_STREAM, 0)  = s1
    bind(s1, U1)                          = 0
    connect(s1, U0)                       = 0
    s2 = socket(AF_UNIX, SOCK_STREAM, 0)  = s2
    connect(s2, U0)                       = 0
)"}};

constexpr Case kRoles[] = {{"", R"(
    s0 = socket({S}, 0)  = s0
    bind(s0, {A})        = 0
    listen(s0, 1)        = 0
    s1 = socket({S}, 0)  = s1
    bind(s1, {B})        = 0
    connect(s1, {A})     = 0
)"},
                           {"a socket that connects to itself needs no listener", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0
    bind(s0, 127.0.0.1:P0)                = 0
    connect(s0, 127.0.0.1:P0)             = -1 ECONNREFUSED
)"}};

// One program an errno. EIO needs a broken device, and nothing on a loopback interface is one.
constexpr Case kErrorsConnect[] = {{"EADDRNOTAVAIL", R"(
    env: ephemeral=1
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0
    bind(s0, 0.0.0.0:0)                   = 0
    s1 = socket(AF_INET, SOCK_STREAM, 0)  = s1
    connect(s1, 127.0.0.1:P0)             = -1 EADDRNOTAVAIL
)"},
                                   {"EAFNOSUPPORT", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)             = s0
    connect(s0, AF_INET6/127.0.0.1:P0)               = -1 EAFNOSUPPORT
)"},
                                   {"EALREADY", R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0
    connect(s0, SILENT:P0)                              = -1 EINPROGRESS
    connect(s0, SILENT:P0)                              = -1 EALREADY
)"},
                                   {"EBADF", R"(
    connect(-1, 127.0.0.1:P0)  = -1 EBADF
)"},
                                   {"ECONNREFUSED", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0
    connect(s0, 127.0.0.1:P0)             = -1 ECONNREFUSED
)"},
                                   {"EFAULT", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0
    connect(s0, BAD_PTR)                  = -1 EFAULT
)"},
                                   {"EHOSTUNREACH", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0
    connect(s0, UNREACHABLE:P0)           = -1 EHOSTUNREACH
)"},
                                   {"EINTR", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0
    connect(s0, SILENT:P0)                = blocks, then -1 EINTR
)"},
                                   {"EINVAL", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0
    connect(s0, 127.0.0.1:P0, addrlen=8)  = -1 EINVAL
)"},
                                   {"EISCONN", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0
    bind(s0, 127.0.0.1:P0)                = 0
    listen(s0, 1)                         = 0
    s1 = socket(AF_INET, SOCK_STREAM, 0)  = s1
    connect(s1, 127.0.0.1:P0)             = 0
    connect(s1, 127.0.0.1:P0)             = -1 EISCONN
)"},
                                   {"ENETUNREACH", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0
    connect(s0, NOT_OURS:P0)              = -1 ENETUNREACH
)"},
                                   {"ENOTSOCK", R"(
    connect(FILE, 127.0.0.1:P0)  = -1 ENOTSOCK
)"},
                                   {"EOPNOTSUPP, which Linux has only for listeners of POSIX", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0
    listen(s0, 1)                         = 0
    connect(s0, 127.0.0.1:P0)             = -1 EOPNOTSUPP
)"},
                                   {"ETIMEDOUT", R"(
    env: patience=2s
    s0 = socket(AF_INET, SOCK_STREAM, 0)              = s0
    setsockopt(s0, IPPROTO_TCP, TCP_USER_TIMEOUT, 1)  = 0
    connect(s0, SILENT:P0)                            = -1 ETIMEDOUT
)"},
                                   {"EPROTOTYPE", R"(
    s0 = socket(AF_UNIX, SOCK_STREAM, 0)  = s0
    bind(s0, U0)                          = 0
    listen(s0, 1)                         = 0
    s1 = socket(AF_UNIX, SOCK_DGRAM, 0)   = s1
    connect(s1, U0)                       = -1 EPROTOTYPE
)"},
                                   {"EACCES, by a prohibit route", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0
    connect(s0, PROHIBITED:P0)            = -1 EACCES
)"},
                                   {"EACCES, of a directory", R"(
    env: uid=nobody
    s0 = socket(AF_UNIX, SOCK_STREAM, 0)  = s0
    connect(s0, LOCKED_DIR)               = -1 EACCES
)"},
                                   {"ELOOP", R"(
    s0 = socket(AF_UNIX, SOCK_STREAM, 0)  = s0
    connect(s0, LINK_LOOP)                = -1 ELOOP
)"},
                                   {"ENAMETOOLONG", R"(
    s0 = socket(AF_UNIX, SOCK_STREAM, 0)  = s0
    connect(s0, LONG_NAME)                = -1 ENAMETOOLONG
)"},
                                   {"ENOENT", R"(
    s0 = socket(AF_UNIX, SOCK_STREAM, 0)  = s0
    connect(s0, MISSING_DIR)              = -1 ENOENT
)"},
                                   {"ENOTDIR", R"(
    s0 = socket(AF_UNIX, SOCK_STREAM, 0)  = s0
    connect(s0, NOT_A_DIR)                = -1 ENOTDIR
)"}};

constexpr Case kFamilies[] = {{"", R"(
    s0 = socket({S}, 0)    = s0
    bind(s0, {A})          = 0
    listen(s0, 1)          = 0
    s1 = socket({S}, 0)    = s1
    connect(s1, {A})       = 0
    s2 = accept(s0, NULL)  = s2
    getpeername(s1)        = 0, addr={A}
    send(s1, 5, 0)         = 5
    recv(s2, 5, 0)         = 5, data=[0,5)
    shutdown(s1, SHUT_WR)  = 0
    recv(s2, 5, 0)         = 0
    connect(s1, {A})       = -1 EISCONN
)"}};

constexpr Case kAddressCleared[] = {{"IPv4", R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0
    bind(s0, 127.0.0.1:P0/DIRTY)          = 0
    listen(s0, 1)                         = 0
    s1 = socket(AF_INET, SOCK_STREAM, 0)  = s1
    connect(s1, 127.0.0.1:P0/DIRTY)       = 0
    s2 = socket(AF_INET, SOCK_DGRAM, 0)   = s2
    connect(s2, 127.0.0.1:P0/DIRTY)       = 0
)"}};

constexpr Case kUnixPath[] = {{"the terminating zero byte may be left out", R"(
    s0 = socket(AF_UNIX, SOCK_STREAM, 0)  = s0
    bind(s0, U0, addrlen=4)               = 0
    getsockname(s0)                       = 0, addr=U0
    listen(s0, 1)                         = 0
    s1 = socket(AF_UNIX, SOCK_STREAM, 0)  = s1
    connect(s1, U0)                       = 0
)"},
                              {"what follows it does not matter", R"(
    s0 = socket(AF_UNIX, SOCK_STREAM, 0)  = s0
    bind(s0, U0, addrlen=110)             = 0
    getsockname(s0)                       = 0, addr=U0
)"}};

constexpr Claim kClaims[] = {
    {"bind.local", "bind() gives the socket its local address and port, and getsockname() says so.", kBindLocal},
    {"bind.once", "A socket can be bound once.", kBindOnce},
    {"bind.any", "INADDR_ANY accepts on every local address; a specific address accepts only on that one.", kBindAny},
    {"bind.reuse", "\"Address already in use\" after a restart is cured by SO_REUSEADDR.", kBindReuse},
    {"bind.client", "A client may bind before connect(), and the peer sees that source address and port.", kBindClient},
    {"bind.ports", "bind() wants a port not in use; connect() wants one that is.", kBindPorts},
    {"bind.families",
     "bind() works alike for TCP, UDP and other protocols; every socket that talks is bound, if only implicitly.",
     kBindFamilies},
    {"connect.implicit",
     "connect() on an unbound socket binds it: wildcard address and ephemeral port asked for, a concrete source "
     "address after.",
     kConnectImplicit},
    {"connect.handshake", "connect() returns 0 only when the three-way handshake is done; data can flow then.",
     kConnectHandshake},
    {"connect.accept", "connect() blocks until the connection is accepted.", kConnectAccept},
    {"connect.refused", "With nobody listening, connect() fails with ECONNREFUSED.", kConnectRefused},
    {"connect.bound-only", "A peer that is bound but not listening refuses.", kConnectBoundOnly},
    {"connect.once", "A stream socket connects once: EISCONN.", kConnectOnce},
    {"connect.nonblocking", "Nonblocking: EINPROGRESS at once, writability when done, SO_ERROR has the result.",
     kConnectNonblocking},
    {"connect.already", "A second connect() while the first is under way: EALREADY.", kConnectAlready},
    {"connect.interrupted", "A caught signal: EINTR, and the connection completes by itself.", kConnectInterrupted},
    {"connect.permanent", "connect() binds a permanent destination (on a stream).", kConnectPermanent},
    {"dgram.stores", "On a datagram socket connect() only stores the peer; nothing is sent.", kDgramStores},
    {"dgram.many", "It may be called many times, each replacing the peer.", kDgramMany},
    {"dgram.dissolve", "A null address (AF_UNSPEC) dissolves it.", kDgramDissolve},
    {"dgram.calls",
     "Once connected: read, write, readv, writev, send, recv work, beside sendto, recvfrom, sendmsg, recvmsg.",
     kDgramCalls},
    {"dgram.unconnected-send", "send() without a peer fails.", kDgramUnconnectedSend},
    {"stream.unconnected", "A stream socket transfers nothing before it is connected.", kStreamUnconnected},
    {"listen.unbound-ok", "listen() without bind() works, on an ephemeral port.", kListenUnboundOk},
    {"listen.unbound-fails", "listen() only works after bind().", kListenUnboundFails},
    {"sendto.implicit", "The first sendto() of an unbound datagram socket binds it.", kSendtoImplicit},
    {"recvfrom.unbound-fails", "recvfrom() on an unbound socket fails.", kRecvfromUnboundFails},
    {"names.symmetry",
     "The client's peer name is the accepted socket's own name, and the other way round; the accepted port is the "
     "listener's.",
     kNamesSymmetry},
    {"order.free", "bind() may be called or left out before either connect() or listen().", kOrderFree},
    {"roles", "listen() makes the server, connect() the client; bind() may be on either.", kRoles},
    {"errors.connect", "Each of these errors can be got from connect().", kErrorsConnect},
    {"families", "The same for AF_INET, AF_INET6 and AF_UNIX (path and abstract).", kFamilies},
    {"address.cleared", "An uncleared sockaddr tail must not matter (sin_zero).", kAddressCleared},
    {"unix.path", "The path need not be NUL-terminated within addrlen.", kUnixPath},
};

}  // namespace

std::span<const Claim> Claims() { return kClaims; }

}  // namespace sockspec
