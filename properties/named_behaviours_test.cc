// The behaviours of TCP sockets that people ask about, each as a program that runs on this
// machine's kernel in lockstep with the model: what every call gives, and the clause that decides
// it.

#include "gtest/gtest.h"
#include "model/program/text.h"
#include "properties/on_linux.h"

namespace sockspec {
namespace {

class Sockets : public OnLinux {};

// ---- One socket, two ends -------------------------------------------------------------------

TEST_F(Sockets, ASocketThatConnectsToItsOwnPortTalksToItself) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0                    # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0                     # @bind.explicit
    connect(s0, 127.0.0.1:P0)                           = -1 EINPROGRESS        # @connect.in_progress
    poll(s0, POLLIN|POLLOUT)                            = 1, revents=POLLOUT    # @poll.ready
    getsockname(s0)                                     = 0, addr=127.0.0.1:P0  # @getsockname.local
    getpeername(s0)                                     = 0, addr=127.0.0.1:P0  # @getpeername.peer
    send(s0, 5, 0)                                      = 5                     # @send.sent
    poll(s0, POLLIN)                                    = 1, revents=POLLIN     # @poll.ready
    recv(s0, 100, 0)                                    = 5, data=[0,5)         # @recv.data
    shutdown(s0, SHUT_WR)                               = 0                     # @shutdown.write
    recv(s0, 100, 0)                                    = 0                     # @recv.end
    close(s0)                                           = 0                     # @close.last
  )");
}

TEST_F(Sockets, ASelfConnectionOfABlockingSocketNeedsNobodyElse) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0          # @socket.open
    bind(s0, 127.0.0.1:P0)                = 0           # @bind.explicit
    connect(s0, 127.0.0.1:P0)             = 0           # @connect.done
    connect(s0, 127.0.0.1:P0)             = -1 EISCONN  # @connect.connected
    listen(s0, 1)                         = -1 EINVAL   # @listen.connected
  )");
}

// ---- Simultaneous open ----------------------------------------------------------------------

// Simultaneous open: the one waits for room in a queue, the listener goes, and the other comes the
// opposite way.
TEST_F(Sockets, TwoConnectsThatMeetMakeOneConnection) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0                    # @socket.open
    setsockopt(s0, SOL_SOCKET, SO_REUSEADDR, 1)         = 0                     # @setsockopt.stored
    bind(s0, 127.0.0.1:P0)                              = 0                     # @bind.explicit
    listen(s0, 0)                                       = 0                     # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1                    # @socket.open
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS        # @connect.in_progress
    s2 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s2                    # @socket.open
    bind(s2, 127.0.0.1:P1)                              = 0                     # @bind.explicit
    connect(s2, 127.0.0.1:P0)                           = -1 EINPROGRESS        # @connect.in_progress
    connect(s2, 127.0.0.1:P0)                           = -1 EALREADY           # @connect.already
    close(s0)                                           = 0                     # @close.listener
    s3 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s3                    # @socket.open
    setsockopt(s3, SOL_SOCKET, SO_REUSEADDR, 1)         = 0                     # @setsockopt.stored
    bind(s3, 127.0.0.1:P0)                              = 0                     # @bind.explicit
    connect(s3, 127.0.0.1:P1)                           = -1 EINPROGRESS        # @connect.in_progress
    connect(s2, 127.0.0.1:P0)                           = 0                     # @connect.completed
    connect(s3, 127.0.0.1:P1)                           = 0                     # @connect.completed
    getpeername(s2)                                     = 0, addr=127.0.0.1:P0  # @getpeername.peer
    getpeername(s3)                                     = 0, addr=127.0.0.1:P1  # @getpeername.peer
    send(s2, 5, 0)                                      = 5                     # @send.sent
    recv(s3, 5, 0)                                      = 5, data=[0,5)         # @recv.data
  )");
}

// ---- What is put off --------------------------------------------------------------------------

// Held back by Nagle's algorithm until the acknowledgement comes, which a timer of 40 ms sends: of a large first
// segment there are few that come at once. How much is there to read meanwhile is not said.
TEST_F(Sockets, ASmallSegmentBehindALargeOneMayBeLate) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0                     # @socket.open
    bind(s0, 127.0.0.1:P0)                = 0                      # @bind.explicit
    listen(s0, 1)                         = 0                      # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM, 0)  = s1                     # @socket.open
    connect(s1, 127.0.0.1:P0)             = 0                      # @connect.done
    s2 = accept(s0)                       = s2, addr=127.0.0.1:E0  # @accept.connection
    send(s1, 16371, 0)                    = 16371                  # @send.sent
    send(s1, 1, 0)                        = 1                      # @send.sent
    ioctl(s2, FIONREAD)                   = 0, value=16372         # @ioctl.unread
    send(s1, 1, 0)                        = 1                      # @send.sent
    ioctl(s2, FIONREAD)
    send(s1, 1, 0)                        = 1                      # @send.sent
    ioctl(s2, FIONREAD)
  )");
}

// The segment that the cork held back acknowledges what the other end has sent, and that lets go what Nagle's algorithm
// held back there, which is not acknowledged.
TEST_F(Sockets, WhatAnUncorkedSegmentLetsGoIsNotAcknowledgedAtOnce) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)                = s0                     # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0                      # @bind.explicit
    listen(s0, 1)                                       = 0                      # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1                     # @socket.open
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS         # @connect.in_progress
    s2 = accept(s0)                                     = s2, addr=127.0.0.1:E0  # @accept.connection
    send(s2, 1, 0)                                      = 1                      # @send.sent
    send(s1, 1, 0)                                      = 1                      # @send.sent
    send(s2, 1, 0)                                      = 1                      # @send.sent
    send(s2, 1, 0)                                      = 1                      # @send.sent
    setsockopt(s1, IPPROTO_TCP, TCP_CORK, 1)            = 0                      # @setsockopt.stored
    send(s1, 1, 0)                                      = 1                      # @send.sent
    setsockopt(s1, IPPROTO_TCP, TCP_CORK, 0)            = 0                      # @setsockopt.stored
    recv(s1, 3, 0)
    send(s2, 1, 0)                                      = 1                      # @send.sent
    recv(s1, 1, 0)
  )");
}

// Sent at last, by TCP_NODELAY, what was held back finds no room, and is lost until it is sent again.
TEST_F(Sockets, WhatWasHeldBackMayFindNoRoomInABufferThatWasMadeSmaller) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)         = s0    # @socket.open
    bind(s0, 127.0.0.1:P0)                       = 0     # @bind.explicit
    connect(s0, 127.0.0.1:P0)                    = 0     # @connect.done
    send(s0, 100, 0)                             = 100   # @send.sent
    send(s0, 1373, 0)                            = 1373  # @send.sent
    send(s0, 1, 0)                               = 1     # @send.sent
    setsockopt(s0, SOL_SOCKET, SO_RCVBUF, 1)     = 0     # @setsockopt.stored
    setsockopt(s0, IPPROTO_TCP, TCP_NODELAY, 1)  = 0     # @setsockopt.stored
    recv(s0, 2000, MSG_DONTWAIT|MSG_PEEK)
  )");
}

// What was held back goes out with the acknowledgement that an answer brings, and answers in turn.
TEST_F(Sockets, AnAnswerToWhatWasHeldBackMayBeLate) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0                     # @socket.open
    bind(s0, 127.0.0.1:P0)                = 0                      # @bind.explicit
    listen(s0, 1)                         = 0                      # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM, 0)  = s1                     # @socket.open
    connect(s1, 127.0.0.1:P0)             = 0                      # @connect.done
    s2 = accept(s0)                       = s2, addr=127.0.0.1:E0  # @accept.connection
    send(s1, 32742, 0)                    = 32742                  # @send.sent
    send(s1, 1, 0)                        = 1                      # @send.sent
    send(s2, 1, 0)                        = 1                      # @send.sent
    send(s2, 1, 0)                        = 1                      # @send.sent
    ioctl(s1, FIONREAD)
    send(s2, 1, 0)                        = 1                      # @send.sent
    ioctl(s1, FIONREAD)
  )");
}

TEST_F(Sockets, WhatWasHeldBackIsItselfNotAcknowledgedAtOnce) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)   = s0                        # @socket.open
    bind(s0, 127.0.0.1:P0)                 = 0                         # @bind.explicit
    listen(s0, 1)                          = 0                         # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM, 0)   = s1                        # @socket.open
    connect(s1, 127.0.0.1:P0)              = 0                         # @connect.done
    s2 = accept(s0)                        = s2, addr=127.0.0.1:E0     # @accept.connection
    send(s1, 1, 0)                         = 1                         # @send.sent
    send(s2, 1, 0)                         = 1                         # @send.sent
    send(s1, 1, 0)                         = 1                         # @send.sent
    send(s1, 1, 0)                         = 1                         # @send.sent
    send(s2, 1, 0)                         = 1                         # @send.sent
    recv(s2, 3, MSG_DONTWAIT)
    send(s1, 1, 0)                         = 1                         # @send.sent
    poll(s2, POLLIN)
  )");
}

// What was read of a queue that is not empty yet may still be charged, which a smaller buffer has no room for.
TEST_F(Sockets, ADatagramMayFindNoRoomInABufferThatWasMadeSmaller) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_DGRAM, 0)        = s0                       # @socket.open
    bind(s0, 127.0.0.1:P0)                     = 0                        # @bind.explicit
    connect(s0, 127.0.0.1:P0)                  = 0                        # @udp_connect.peer
    send(s0, 633, 0)                           = 633                      # @udp_send.datagram
    send(s0, 1, 0)                             = 1                        # @udp_send.datagram
    recv(s0, 1, 0)                             = 1, data=[0,1)            # @udp_recv.datagram
    setsockopt(s0, SOL_SOCKET, SO_RCVBUF, 1736) = 0                       # @setsockopt.stored
    send(s0, 2, 0)                             = 2                        # @udp_send.datagram
    recv(s0, 10, 0)                            = 1, data=[633,634)        # @udp_recv.datagram
    recv(s0, 10, MSG_DONTWAIT)
  )");
}

// ---- Dissolving -----------------------------------------------------------------------------

TEST_F(Sockets, ADissolvedSocketCanBeUsedAgain) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0                     # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0                      # @bind.explicit
    listen(s0, 4)                                       = 0                      # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1                     # @socket.open
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS         # @connect.in_progress
    s2 = accept4(s0, SOCK_NONBLOCK)                     = s2, addr=127.0.0.1:E0  # @accept.connection
    connect(s1, AF_UNSPEC)                              = 0                      # @connect.dissolve
    getsockname(s1)                                     = 0, addr=0.0.0.0:E0     # @getsockname.local
    getpeername(s1)                                     = -1 ENOTCONN            # @getpeername.not_connected
    recv(s2, 5, 0)                                      = -1 ECONNRESET          # @recv.pending_error
    getsockopt(s1, SOL_SOCKET, SO_ERROR)                = 0, value=ECONNRESET    # @getsockopt.error
    bind(s1, 127.0.0.1:P1)                              = 0                      # @bind.explicit
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS         # @connect.in_progress
    s3 = accept4(s0, SOCK_NONBLOCK)                     = s3, addr=127.0.0.1:P1  # @accept.connection
    send(s1, 5, 0)                                      = 5                      # @send.sent
    recv(s3, 5, 0)                                      = 5, data=[0,5)          # @recv.data
  )");
}

TEST_F(Sockets, ADissolvedSocketCanListen) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0              # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0               # @bind.explicit
    connect(s0, 127.0.0.1:P0)                           = -1 EINPROGRESS  # @connect.in_progress
    connect(s0, AF_UNSPEC)                              = 0               # @connect.dissolve
    listen(s0, 1)                                       = 0               # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1              # @socket.open
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS  # @connect.in_progress
    s2 = accept(s0, NULL)                               = s2              # @accept.connection
  )");
}

// ---- Half-close, end of file, reset -------------------------------------------------------------

TEST_F(Sockets, HalfCloseEndsOneDirectionOnly) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0                                   # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0                                    # @bind.explicit
    listen(s0, 1)                                       = 0                                    # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1                                   # @socket.open
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS                       # @connect.in_progress
    s2 = accept4(s0, SOCK_NONBLOCK)                     = s2, addr=127.0.0.1:E0                # @accept.connection
    send(s1, 5, 0)                                      = 5                                    # @send.sent
    shutdown(s1, SHUT_WR)                               = 0                                    # @shutdown.write
    shutdown(s1, SHUT_WR)                               = 0                                    # @shutdown.write
    send(s1, 5, MSG_NOSIGNAL)                           = -1 EPIPE                             # @send.shut
    poll(s2, POLLIN|POLLOUT|POLLRDHUP)                  = 1, revents=POLLIN|POLLOUT|POLLRDHUP  # @poll.ready
    recv(s2, 100, 0)                                    = 5, data=[0,5)                        # @recv.data
    recv(s2, 100, 0)                                    = 0                                    # @recv.end
    recv(s2, 100, 0)                                    = 0                                    # @recv.end
    send(s2, 100, 0)                                    = 100                                  # @send.sent
    recv(s1, 100, 0)                                    = 100, data=[0,100)                    # @recv.data
    recv(s1, 100, 0)                                    = -1 EAGAIN                            # @recv.would_block
    close(s2)                                           = 0                                    # @close.connection
    recv(s1, 100, 0)                                    = 0                                    # @recv.end
  )");
}

TEST_F(Sockets, EndOfFileFollowsWhatIsQueuedAndStays) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0              # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0               # @bind.explicit
    listen(s0, 1)                                       = 0               # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1              # @socket.open
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS  # @connect.in_progress
    send(s1, 7, 0)                                      = 7               # @send.sent
    close(s1)                                           = 0               # @close.connection
    s2 = accept(s0, NULL)                               = s2              # @accept.connection
    ioctl(s2, FIONREAD)                                 = 0, value=7      # @ioctl.unread
    recv(s2, 5, MSG_PEEK)                               = 5, data=[0,5)   # @recv.data
    read(s2, 5)                                         = 5, data=[0,5)   # @recv.data
    read(s2, 5)                                         = 2, data=[5,7)   # @recv.data
    read(s2, 5)                                         = 0               # @recv.end
    recv(s2, 5, MSG_PEEK)                               = 0               # @recv.end
  )");
}

TEST_F(Sockets, AShutdownBeforeTheConnectionSilencesTheSocketAndSendsNoFin) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0              # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0               # @bind.explicit
    listen(s0, 1)                                       = 0               # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1              # @socket.open
    shutdown(s1, SHUT_WR)                               = -1 ENOTCONN     # @shutdown.not_connected
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS  # @connect.in_progress
    s2 = accept4(s0, NULL, SOCK_NONBLOCK)               = s2              # @accept.connection
    recv(s2, 5, 0)                                      = -1 EAGAIN       # @recv.would_block
    send(s1, 5, MSG_NOSIGNAL)                           = -1 EPIPE        # @send.shut
  )");
}

TEST_F(Sockets, AResetIsToldOnceThenItIsTheEnd) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0                          # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0                           # @bind.explicit
    listen(s0, 1)                                       = 0                           # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1                          # @socket.open
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS              # @connect.in_progress
    s2 = accept(s0, NULL)                               = s2                          # @accept.connection
    setsockopt(s2, SOL_SOCKET, SO_LINGER, {1, 0})       = 0                           # @setsockopt.stored
    close(s2)                                           = 0                           # @close.linger_zero
    poll(s1, 0)                                         = 1, revents=POLLERR|POLLHUP  # @poll.ready
    read(s1, 5)                                         = -1 ECONNRESET               # @recv.pending_error
    read(s1, 5)                                         = 0                           # @recv.shut
    getsockopt(s1, SOL_SOCKET, SO_ERROR)                = 0, value=0                  # @getsockopt.error
    getpeername(s1)                                     = -1 ENOTCONN                 # @getpeername.not_connected
    getsockname(s1)                                     = 0, addr=127.0.0.1:E0        # @getsockname.local
    write(s1, 5)                                        = -1 EPIPE, signal=SIGPIPE    # @send.never_connected
  )");
}

TEST_F(Sockets, DataThatCameBeforeAResetCanStillBeRead) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0                     # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0                      # @bind.explicit
    listen(s0, 1)                                       = 0                      # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1                     # @socket.open
    setsockopt(s1, SOL_SOCKET, SO_LINGER, {1, 0})       = 0                      # @setsockopt.stored
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS         # @connect.in_progress
    s2 = accept4(s0, SOCK_NONBLOCK)                     = s2, addr=127.0.0.1:E0  # @accept.connection
    send(s1, 5, 0)                                      = 5                      # @send.sent
    close(s1)                                           = 0                      # @close.linger_zero
    ioctl(s2, FIONREAD)                                 = 0, value=5             # @ioctl.unread
    recv(s2, 5, 0)                                      = 5, data=[0,5)          # @recv.data
    recv(s2, 5, 0)                                      = -1 ECONNRESET          # @recv.pending_error
  )");
}

// ---- Who takes the pending error ------------------------------------------------------------

TEST_F(Sockets, ThePendingErrorIsTakenBySoError) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0                                         # @socket.open
    connect(s0, 127.0.0.1:P0)                           = -1 EINPROGRESS                             # @connect.in_progress
    poll(s0, POLLIN|POLLOUT)                            = 1, revents=POLLIN|POLLOUT|POLLERR|POLLHUP  # @poll.ready
    poll(s0, POLLIN|POLLOUT)                            = 1, revents=POLLIN|POLLOUT|POLLERR|POLLHUP  # @poll.ready
    getsockopt(s0, SOL_SOCKET, SO_ERROR)                = 0, value=ECONNREFUSED                      # @getsockopt.error
    getsockopt(s0, SOL_SOCKET, SO_ERROR)                = 0, value=0                                 # @getsockopt.error
    poll(s0, POLLIN|POLLOUT)                            = 1, revents=POLLIN|POLLOUT|POLLHUP          # @poll.ready
    recv(s0, 5, 0)                                      = 0                                          # @recv.shut
  )");
}

TEST_F(Sockets, ThePendingErrorIsTakenByRecv) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0               # @socket.open
    connect(s0, 127.0.0.1:P0)                           = -1 EINPROGRESS   # @connect.in_progress
    recv(s0, 5, 0)                                      = -1 ECONNREFUSED  # @recv.pending_error
    getsockopt(s0, SOL_SOCKET, SO_ERROR)                = 0, value=0       # @getsockopt.error
  )");
}

TEST_F(Sockets, ThePendingErrorIsTakenBySendWithoutASignal) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0                        # @socket.open
    connect(s0, 127.0.0.1:P0)                           = -1 EINPROGRESS            # @connect.in_progress
    write(s0, 5)                                        = -1 ECONNREFUSED           # @send.pending_error
    getsockopt(s0, SOL_SOCKET, SO_ERROR)                = 0, value=0                # @getsockopt.error
    write(s0, 5)                                        = -1 EPIPE, signal=SIGPIPE  # @send.never_connected
  )");
}

TEST_F(Sockets, ThePendingErrorIsTakenByConnect) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0               # @socket.open
    connect(s0, 127.0.0.1:P0)                           = -1 EINPROGRESS   # @connect.in_progress
    connect(s0, 127.0.0.1:P0)                           = -1 ECONNREFUSED  # @connect.failed
    getsockopt(s0, SOL_SOCKET, SO_ERROR)                = 0, value=0       # @getsockopt.error
  )");
}

TEST_F(Sockets, ThePendingErrorIsNotTakenByCallsThatOnlyAsk) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0                     # @socket.open
    connect(s0, 127.0.0.1:P0)                           = -1 EINPROGRESS         # @connect.in_progress
    getsockname(s0)                                     = 0, addr=127.0.0.1:E0   # @getsockname.local
    getpeername(s0)                                     = -1 ENOTCONN            # @getpeername.not_connected
    fcntl(s0, F_GETFL)                                  = O_RDWR|O_NONBLOCK      # @fcntl.get_status
    ioctl(s0, FIONREAD)                                 = 0, value=0             # @ioctl.unread
    setsockopt(s0, SOL_SOCKET, SO_KEEPALIVE, 1)         = 0                      # @setsockopt.stored
    bind(s0, 127.0.0.1:P1)                              = 0                      # @bind.explicit
    listen(s0, 1)                                       = -1 EINVAL              # @listen.connecting
    s1 = accept(s0)                                     = -1 EINVAL              # @accept.not_listening
    getsockopt(s0, SOL_SOCKET, SO_ERROR)                = 0, value=ECONNREFUSED  # @getsockopt.error
  )");
}

// ---- The accept queue -----------------------------------------------------------------------

TEST_F(Sockets, AnAcceptQueueIsEmptyThenHoldsOneMoreThanItsBacklog) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0                  # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0                   # @bind.explicit
    listen(s0, 1)                                       = 0                   # @listen.open
    poll(s0, POLLIN)                                    = 0                   # @poll.nothing
    s1 = accept(s0)                                     = -1 EAGAIN           # @accept.would_block
    s2 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s2                  # @socket.open
    connect(s2, 127.0.0.1:P0)                           = -1 EINPROGRESS      # @connect.in_progress
    s3 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s3                  # @socket.open
    connect(s3, 127.0.0.1:P0)                           = -1 EINPROGRESS      # @connect.in_progress
    s4 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s4                  # @socket.open
    connect(s4, 127.0.0.1:P0)                           = -1 EINPROGRESS      # @connect.in_progress
    poll(s2, POLLOUT)                                   = 1, revents=POLLOUT  # @poll.ready
    poll(s3, POLLOUT)                                   = 1, revents=POLLOUT  # @poll.ready
    poll(s4, POLLOUT)                                   = 0                   # @poll.nothing
    s5 = accept(s0, NULL)                               = s5                  # @accept.connection
    s6 = accept(s0, NULL)                               = s6                  # @accept.connection
    s7 = accept(s0, NULL)                               = -1 EAGAIN           # @accept.would_block
  )");
}

TEST_F(Sockets, ALargerBacklogMakesRoomForLaterConnections) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0                  # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0                   # @bind.explicit
    listen(s0, 0)                                       = 0                   # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1                  # @socket.open
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS      # @connect.in_progress
    listen(s0, 1)                                       = 0                   # @listen.again
    s2 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s2                  # @socket.open
    connect(s2, 127.0.0.1:P0)                           = -1 EINPROGRESS      # @connect.in_progress
    poll(s2, POLLOUT)                                   = 1, revents=POLLOUT  # @poll.ready
  )");
}

TEST_F(Sockets, WhoWaitsInAQueueCanSendAlready) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0              # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0               # @bind.explicit
    listen(s0, 1)                                       = 0               # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1              # @socket.open
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS  # @connect.in_progress
    send(s1, 5, 0)                                      = 5               # @send.sent
    shutdown(s1, SHUT_WR)                               = 0               # @shutdown.write
    s2 = accept4(s0, NULL, SOCK_NONBLOCK)               = s2              # @accept.connection
    recv(s2, 100, 0)                                    = 5, data=[0,5)   # @recv.data
    recv(s2, 100, 0)                                    = 0               # @recv.end
  )");
}

// ---- How close() ends a connection ----------------------------------------------------------

TEST_F(Sockets, CloseWithDataUnreadResets) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0                                                   # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0                                                    # @bind.explicit
    listen(s0, 1)                                       = 0                                                    # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1                                                   # @socket.open
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS                                       # @connect.in_progress
    s2 = accept(s0, NULL)                               = s2                                                   # @accept.connection
    send(s1, 5, 0)                                      = 5                                                    # @send.sent
    close(s2)                                           = 0                                                    # @close.data_unread
    poll(s1, POLLIN|POLLOUT|POLLRDHUP)                  = 1, revents=POLLIN|POLLOUT|POLLERR|POLLHUP|POLLRDHUP  # @poll.ready
    getsockopt(s1, SOL_SOCKET, SO_ERROR)                = 0, value=ECONNRESET                                  # @getsockopt.error
    recv(s1, 5, 0)                                      = 0                                                    # @recv.shut
  )");
}

TEST_F(Sockets, CloseWithNothingUnreadDoesNot) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0                                   # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0                                    # @bind.explicit
    listen(s0, 1)                                       = 0                                    # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1                                   # @socket.open
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS                       # @connect.in_progress
    s2 = accept(s0, NULL)                               = s2                                   # @accept.connection
    send(s1, 5, 0)                                      = 5                                    # @send.sent
    recv(s2, 5, 0)                                      = 5, data=[0,5)                        # @recv.data
    close(s2)                                           = 0                                    # @close.connection
    poll(s1, POLLIN|POLLOUT|POLLRDHUP)                  = 1, revents=POLLIN|POLLOUT|POLLRDHUP  # @poll.ready
    getsockopt(s1, SOL_SOCKET, SO_ERROR)                = 0, value=0                           # @getsockopt.error
    recv(s1, 5, 0)                                      = 0                                    # @recv.end
  )");
}

TEST_F(Sockets, DataPeekedAtIsStillUnread) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0              # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0               # @bind.explicit
    listen(s0, 1)                                       = 0               # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1              # @socket.open
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS  # @connect.in_progress
    s2 = accept(s0, NULL)                               = s2              # @accept.connection
    send(s1, 5, 0)                                      = 5               # @send.sent
    recv(s2, 5, MSG_PEEK)                               = 5, data=[0,5)   # @recv.data
    close(s2)                                           = 0               # @close.data_unread
    recv(s1, 5, 0)                                      = -1 ECONNRESET   # @recv.pending_error
  )");
}

TEST_F(Sockets, LingerZeroResetsAndLeavesNoTimeWait) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0              # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0               # @bind.explicit
    listen(s0, 1)                                       = 0               # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1              # @socket.open
    bind(s1, 127.0.0.1:P1)                              = 0               # @bind.explicit
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS  # @connect.in_progress
    s2 = accept4(s0, NULL, SOCK_NONBLOCK)               = s2              # @accept.connection
    setsockopt(s1, SOL_SOCKET, SO_LINGER, {1, 0})       = 0               # @setsockopt.stored
    close(s1)                                           = 0               # @close.linger_zero
    recv(s2, 5, 0)                                      = -1 ECONNRESET   # @recv.pending_error
    s3 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s3              # @socket.open
    bind(s3, 127.0.0.1:P1)                              = 0               # @bind.explicit
  )");
}

TEST_F(Sockets, LingerWithoutTheSwitchDoesNotReset) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0              # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0               # @bind.explicit
    listen(s0, 1)                                       = 0               # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1              # @socket.open
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS  # @connect.in_progress
    s2 = accept4(s0, NULL, SOCK_NONBLOCK)               = s2              # @accept.connection
    setsockopt(s1, SOL_SOCKET, SO_LINGER, {0, 0})       = 0               # @setsockopt.stored
    close(s1)                                           = 0               # @close.connection
    recv(s2, 5, 0)                                      = 0               # @recv.end
  )");
}

// ---- TIME-WAIT ----------------------------------------------------------------------------------

TEST_F(Sockets, TimeWaitKeepsThePortOfWhoClosedFirst) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0              # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0               # @bind.explicit
    listen(s0, 1)                                       = 0               # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1              # @socket.open
    bind(s1, 127.0.0.1:P1)                              = 0               # @bind.explicit
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS  # @connect.in_progress
    s2 = accept(s0, NULL)                               = s2              # @accept.connection
    close(s1)                                           = 0               # @close.connection
    close(s2)                                           = 0               # @close.connection
    s3 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s3              # @socket.open
    bind(s3, 127.0.0.1:P1)                              = -1 EADDRINUSE   # @bind.port_taken
    bind(s3, 0.0.0.0:P1)                                = -1 EADDRINUSE   # @bind.port_taken
    bind(s3, 127.0.0.2:P1)                              = 0               # @bind.explicit
  )");
}

TEST_F(Sockets, TimeWaitOfAServerIsCuredByReuseaddrOnBoth) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0              # @socket.open
    setsockopt(s0, SOL_SOCKET, SO_REUSEADDR, 1)         = 0               # @setsockopt.stored
    bind(s0, 127.0.0.1:P0)                              = 0               # @bind.explicit
    listen(s0, 1)                                       = 0               # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1              # @socket.open
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS  # @connect.in_progress
    s2 = accept(s0, NULL)                               = s2              # @accept.connection
    close(s2)                                           = 0               # @close.connection
    close(s1)                                           = 0               # @close.connection
    close(s0)                                           = 0               # @close.listener
    s3 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s3              # @socket.open
    bind(s3, 127.0.0.1:P0)                              = -1 EADDRINUSE   # @bind.port_taken
    setsockopt(s3, SOL_SOCKET, SO_REUSEADDR, 1)         = 0               # @setsockopt.stored
    bind(s3, 127.0.0.1:P0)                              = 0               # @bind.explicit
    listen(s3, 1)                                       = 0               # @listen.open
  )");
}

TEST_F(Sockets, TimeWaitOfAServerIsNotCuredByReuseaddrOnTheSecondAlone) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0              # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0               # @bind.explicit
    listen(s0, 1)                                       = 0               # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1              # @socket.open
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS  # @connect.in_progress
    s2 = accept(s0, NULL)                               = s2              # @accept.connection
    close(s2)                                           = 0               # @close.connection
    close(s1)                                           = 0               # @close.connection
    close(s0)                                           = 0               # @close.listener
    s3 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s3              # @socket.open
    setsockopt(s3, SOL_SOCKET, SO_REUSEADDR, 1)         = 0               # @setsockopt.stored
    bind(s3, 127.0.0.1:P0)                              = -1 EADDRINUSE   # @bind.port_taken
  )");
}

TEST_F(Sockets, TimeWaitOfAClientIsNothingToTheServersPort) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0              # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0               # @bind.explicit
    listen(s0, 1)                                       = 0               # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1              # @socket.open
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS  # @connect.in_progress
    s2 = accept(s0, NULL)                               = s2              # @accept.connection
    close(s1)                                           = 0               # @close.connection
    close(s2)                                           = 0               # @close.connection
    close(s0)                                           = 0               # @close.listener
    s3 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s3              # @socket.open
    bind(s3, 127.0.0.1:P0)                              = 0               # @bind.explicit
    listen(s3, 1)                                       = 0               # @listen.open
  )");
}

// ---- Sharing by dup() -----------------------------------------------------------------------

TEST_F(Sockets, DupSharesTheSocketAndItsFlags) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0                    # @socket.open
    s1 = dup(s0)                                        = s1                    # @dup.shared
    bind(s1, 127.0.0.1:P0)                              = 0                     # @bind.explicit
    getsockname(s0)                                     = 0, addr=127.0.0.1:P0  # @getsockname.local
    fcntl(s1, F_SETFL, 0)                               = 0                     # @fcntl.set_status
    fcntl(s0, F_GETFL)                                  = O_RDWR                # @fcntl.get_status
    ioctl(s0, FIONBIO, 1)                               = 0                     # @ioctl.set_blocking
    fcntl(s1, F_GETFL)                                  = O_RDWR|O_NONBLOCK     # @fcntl.get_status
    listen(s0, 1)                                       = 0                     # @listen.open
    close(s0)                                           = 0                     # @close.shared
    getsockopt(s1, SOL_SOCKET, SO_ACCEPTCONN)           = 0, value=1            # @getsockopt.value
    s2 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s2                    # @socket.open
    connect(s2, 127.0.0.1:P0)                           = -1 EINPROGRESS        # @connect.in_progress
    s3 = accept(s1, NULL)                               = s3                    # @accept.connection
  )");
}

TEST_F(Sockets, ADuplicateKeepsTheConnectionOpen) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0              # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0               # @bind.explicit
    listen(s0, 1)                                       = 0               # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1              # @socket.open
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS  # @connect.in_progress
    s2 = accept4(s0, NULL, SOCK_NONBLOCK)               = s2              # @accept.connection
    s3 = dup(s1)                                        = s3              # @dup.shared
    close(s1)                                           = 0               # @close.shared
    recv(s2, 5, 0)                                      = -1 EAGAIN       # @recv.would_block
    shutdown(s3, SHUT_WR)                               = 0               # @shutdown.write
    recv(s2, 5, 0)                                      = 0               # @recv.end
    close(s3)                                           = 0               # @close.connection
  )");
}

// ---- Who may have a port --------------------------------------------------------------------

TEST_F(Sockets, ReuseaddrLetsTwoBindButNotTwoListen) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0             # @socket.open
    setsockopt(s0, SOL_SOCKET, SO_REUSEADDR, 1)         = 0              # @setsockopt.stored
    bind(s0, 0.0.0.0:P0)                                = 0              # @bind.explicit
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1             # @socket.open
    setsockopt(s1, SOL_SOCKET, SO_REUSEADDR, 1)         = 0              # @setsockopt.stored
    bind(s1, 127.0.0.1:P0)                              = 0              # @bind.explicit
    listen(s1, 1)                                       = 0              # @listen.open
    listen(s0, 1)                                       = -1 EADDRINUSE  # @listen.port_taken
  )");
}

TEST_F(Sockets, ReuseaddrOnOneAloneDoesNotHelp) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0             # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0              # @bind.explicit
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1             # @socket.open
    setsockopt(s1, SOL_SOCKET, SO_REUSEADDR, 1)         = 0              # @setsockopt.stored
    bind(s1, 127.0.0.1:P0)                              = -1 EADDRINUSE  # @bind.port_taken
  )");
}

TEST_F(Sockets, ReuseportSharesConnectionsAmongListeners) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0                  # @socket.open
    setsockopt(s0, SOL_SOCKET, SO_REUSEPORT, 1)         = 0                   # @setsockopt.stored
    bind(s0, 127.0.0.1:P0)                              = 0                   # @bind.explicit
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1                  # @socket.open
    setsockopt(s1, SOL_SOCKET, SO_REUSEPORT, 1)         = 0                   # @setsockopt.stored
    bind(s1, 127.0.0.1:P0)                              = 0                   # @bind.explicit
    listen(s0, 1)                                       = 0                   # @listen.open
    listen(s1, 1)                                       = 0                   # @listen.open
    s2 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s2                  # @socket.open
    connect(s2, 127.0.0.1:P0)                           = -1 EINPROGRESS      # @connect.in_progress
    poll(s2, POLLOUT)                                   = 1, revents=POLLOUT  # @poll.ready
    close(s0)                                           = 0                   # @close.listener
    close(s1)                                           = 0                   # @close.listener
  )");
}

TEST_F(Sockets, ReuseportAndReuseaddrDoNotMix) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0             # @socket.open
    setsockopt(s0, SOL_SOCKET, SO_REUSEPORT, 1)         = 0              # @setsockopt.stored
    bind(s0, 127.0.0.1:P0)                              = 0              # @bind.explicit
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1             # @socket.open
    setsockopt(s1, SOL_SOCKET, SO_REUSEADDR, 1)         = 0              # @setsockopt.stored
    bind(s1, 127.0.0.1:P0)                              = -1 EADDRINUSE  # @bind.port_taken
  )");
}

TEST_F(Sockets, TwoAddressesHaveTwoSetsOfPorts) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0              # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0               # @bind.explicit
    listen(s0, 1)                                       = 0               # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1              # @socket.open
    bind(s1, 127.0.0.2:P0)                              = 0               # @bind.explicit
    listen(s1, 1)                                       = 0               # @listen.open
    s2 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s2              # @socket.open
    connect(s2, 127.0.0.2:P0)                           = -1 EINPROGRESS  # @connect.in_progress
    s3 = accept(s0)                                     = -1 EAGAIN       # @accept.would_block
    s4 = accept(s1, NULL)                               = s4              # @accept.connection
  )");
}

TEST_F(Sockets, ASpecificListenerWinsOverTheWildcard) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0              # @socket.open
    setsockopt(s0, SOL_SOCKET, SO_REUSEPORT, 1)         = 0               # @setsockopt.stored
    bind(s0, 0.0.0.0:P0)                                = 0               # @bind.explicit
    listen(s0, 1)                                       = 0               # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1              # @socket.open
    setsockopt(s1, SOL_SOCKET, SO_REUSEPORT, 1)         = 0               # @setsockopt.stored
    bind(s1, 127.0.0.1:P0)                              = 0               # @bind.explicit
    listen(s1, 1)                                       = 0               # @listen.open
    s2 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s2              # @socket.open
    connect(s2, 127.0.0.1:P0)                           = -1 EINPROGRESS  # @connect.in_progress
    s3 = accept(s0)                                     = -1 EAGAIN       # @accept.would_block
    s4 = accept(s1, NULL)                               = s4              # @accept.connection
    s5 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s5              # @socket.open
    connect(s5, 127.0.0.2:P0)                           = -1 EINPROGRESS  # @connect.in_progress
    s6 = accept(s0, NULL)                               = s6              # @accept.connection
  )");
}

// ---- Once, twice, and the other way round ---------------------------------------------------

TEST_F(Sockets, ASocketIsBoundOnce) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0                    # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0                     # @bind.explicit
    bind(s0, 127.0.0.1:P1)                              = -1 EINVAL             # @bind.twice
    bind(s0, 127.0.0.1:0)                               = -1 EINVAL             # @bind.twice
    bind(s0, NOT_OURS:P0)                               = -1 EADDRNOTAVAIL      # @bind.not_ours
    getsockname(s0)                                     = 0, addr=127.0.0.1:P0  # @getsockname.local
  )");
}

TEST_F(Sockets, ASecondListenChangesTheBacklogAndNothingElse) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0              # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0               # @bind.explicit
    listen(s0, 4)                                       = 0               # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1              # @socket.open
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS  # @connect.in_progress
    listen(s0, 0)                                       = 0               # @listen.again
    s2 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s2              # @socket.open
    connect(s2, 127.0.0.1:P0)                           = -1 EINPROGRESS  # @connect.in_progress
    connect(s2, 127.0.0.1:P0)                           = -1 EALREADY     # @connect.already
    s3 = accept(s0, NULL)                               = s3              # @accept.connection
  )");
}

TEST_F(Sockets, AListenerCannotConnect) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0          # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0           # @bind.explicit
    listen(s0, 1)                                       = 0           # @listen.open
    connect(s0, 127.0.0.1:P0)                           = -1 EISCONN  # @connect.listening
    connect(s0, 127.0.0.1:P1)                           = -1 EISCONN  # @connect.listening
    connect(s0, NOT_OURS:P1)                            = -1 EISCONN  # @connect.listening
    getsockopt(s0, SOL_SOCKET, SO_ACCEPTCONN)           = 0, value=1  # @getsockopt.value
  )");
}

TEST_F(Sockets, AConnectThatIsRefusedCanBeTriedAgain) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)                = s0               # @socket.open
    connect(s0, 127.0.0.1:P0)                           = -1 ECONNREFUSED  # @connect.refused
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1               # @socket.open
    bind(s1, 127.0.0.1:P0)                              = 0                # @bind.explicit
    listen(s1, 1)                                       = 0                # @listen.open
    connect(s0, 127.0.0.1:P0)                           = 0                # @connect.done
    s2 = accept(s1, NULL)                               = s2               # @accept.connection
  )");
}

TEST_F(Sockets, AConnectUnderWayIsToldSoUntilItIsDone) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0                    # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0                     # @bind.explicit
    listen(s0, 0)                                       = 0                     # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1                    # @socket.open
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS        # @connect.in_progress
    connect(s1, 127.0.0.1:P0)                           = 0                     # @connect.completed
    connect(s1, 127.0.0.1:P0)                           = -1 EISCONN            # @connect.connected
    s2 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s2                    # @socket.open
    connect(s2, 127.0.0.1:P0)                           = -1 EINPROGRESS        # @connect.in_progress
    connect(s2, 127.0.0.1:P0)                           = -1 EALREADY           # @connect.already
    connect(s2, 127.0.0.1:P1)                           = -1 EALREADY           # @connect.already
    getsockname(s2)                                     = 0, addr=127.0.0.1:E0  # @getsockname.local
  )");
}

// ---- Other threads --------------------------------------------------------------------------

// Whom a signal wakes looks again. Where another socket has the number meanwhile, of which the model
// knows no more than that an option was set that it does not follow, nobody can tell what it finds.
TEST_F(Sockets, ASelectThatIsInterruptedLooksAtTheNumberAgain) {
  const ParsedText parsed = ParseText(R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)
    listen(s0, 1)
    t1: select(s0, READ|WRITE, -1) <unfinished ...>
    close(s0)
    s1 = socket(AF_INET, SOCK_STREAM, 0)
    setsockopt(s0, SOL_SOCKET, SO_BINDTODEVICE, LO)
    t1: <... select resumed>
  )", "a select");
  ASSERT_TRUE(parsed.ok()) << parsed.problem.Message();
  const sockspec::Run& run = Play(parsed.transcript.program);
  ASSERT_EQ(run.replies.size(), 7u);
  EXPECT_EQ(run.replies[6].value, 2);
  EXPECT_TRUE(run.divergences.empty()) << Told(parsed.transcript.program, run);
}

}  // namespace
}  // namespace sockspec
