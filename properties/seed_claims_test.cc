// What tutorials and question-and-answer pages claim of connect() and bind(), put to the test: each
// claim about TCP over IPv4 is a program on this machine's kernel, and its test's name is the
// verdict. Claims about other families and about datagrams wait for those.

#include "gtest/gtest.h"
#include "properties/on_linux.h"

namespace sockspec {
namespace {

class Claim : public OnLinux {};

// bind.local: bind() gives the socket its local address and port, and getsockname() says so.
TEST_F(Claim, HoldsBindLocal) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0                    # @socket.open
    bind(s0, 127.0.0.2:P0)                              = 0                     # @bind.explicit
    getsockname(s0)                                     = 0, addr=127.0.0.2:P0  # @getsockname.local
  )");
}

// bind.once: a socket can be bound once.
TEST_F(Claim, HoldsBindOnce) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0         # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0          # @bind.explicit
    bind(s0, 127.0.0.1:P1)                              = -1 EINVAL  # @bind.twice
  )");
}

// bind.once, refuted: a port of the kernel's choice is given back when the connection is
// dissolved, and bind() works again.
TEST_F(Claim, RefutedBindOnceForOneThatWasDissolved) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0              # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0               # @bind.explicit
    listen(s0, 1)                                       = 0               # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1              # @socket.open
    bind(s1, 0.0.0.0:0)                                 = 0               # @bind.chosen
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS  # @connect.in_progress
    connect(s1, AF_UNSPEC)                              = 0               # @connect.dissolve
    bind(s1, 127.0.0.1:P1)                              = 0               # @bind.explicit
  )");
}

// bind.any: INADDR_ANY accepts on every local address, a specific address on that one only.
TEST_F(Claim, HoldsBindAny) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0               # @socket.open
    bind(s0, 0.0.0.0:P0)                                = 0                # @bind.explicit
    listen(s0, 4)                                       = 0                # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM, 0)                = s1               # @socket.open
    connect(s1, 127.0.0.1:P0)                           = 0                # @connect.done
    s2 = socket(AF_INET, SOCK_STREAM, 0)                = s2               # @socket.open
    connect(s2, 127.0.0.2:P0)                           = 0                # @connect.done
    s3 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s3               # @socket.open
    bind(s3, 127.0.0.1:P1)                              = 0                # @bind.explicit
    listen(s3, 4)                                       = 0                # @listen.open
    s4 = socket(AF_INET, SOCK_STREAM, 0)                = s4               # @socket.open
    connect(s4, 127.0.0.1:P1)                           = 0                # @connect.done
    s5 = socket(AF_INET, SOCK_STREAM, 0)                = s5               # @socket.open
    connect(s5, 127.0.0.2:P1)                           = -1 ECONNREFUSED  # @connect.refused
  )");
}

// bind.reuse: "Address already in use" is cured by SO_REUSEADDR, if the first server had set it,
// too.
TEST_F(Claim, DependsBindReuse) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0              # @socket.open
    setsockopt(s0, SOL_SOCKET, SO_REUSEADDR, 1)         = 0               # @setsockopt.reuse_address
    bind(s0, 127.0.0.1:P0)                              = 0               # @bind.explicit
    listen(s0, 1)                                       = 0               # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1              # @socket.open
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS  # @connect.in_progress
    s2 = accept(s0, NULL)                               = s2              # @accept.connection
    close(s2)                                           = 0               # @close.connection
    close(s1)                                           = 0               # @close.connection
    close(s0)                                           = 0               # @close.listener
    s3 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s3              # @socket.open
    setsockopt(s3, SOL_SOCKET, SO_REUSEADDR, 1)         = 0               # @setsockopt.reuse_address
    bind(s3, 127.0.0.1:P0)                              = 0               # @bind.explicit
  )");
}

// bind.reuse: else it is not.
TEST_F(Claim, DependsBindReuseNotWithoutItBefore) {
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
    setsockopt(s3, SOL_SOCKET, SO_REUSEADDR, 1)         = 0               # @setsockopt.reuse_address
    bind(s3, 127.0.0.1:P0)                              = -1 EADDRINUSE   # @bind.port_taken
  )");
}

// bind.client: a client may bind before connect(), and the peer sees that address and port.
TEST_F(Claim, HoldsBindClient) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0                     # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0                      # @bind.explicit
    listen(s0, 1)                                       = 0                      # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1                     # @socket.open
    bind(s1, 127.0.0.2:P1)                              = 0                      # @bind.explicit
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS         # @connect.in_progress
    s2 = accept(s0)                                     = s2, addr=127.0.0.2:P1  # @accept.connection
    getpeername(s2)                                     = 0, addr=127.0.0.2:P1   # @getpeername.peer
  )");
}

// bind.ports: bind() wants a port not in use, connect() one that is.
TEST_F(Claim, HoldsBindPorts) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0               # @socket.open
    bind(s0, 127.0.0.1:P0)                = 0                # @bind.explicit
    s1 = socket(AF_INET, SOCK_STREAM, 0)  = s1               # @socket.open
    bind(s1, 127.0.0.1:P0)                = -1 EADDRINUSE    # @bind.port_taken
    connect(s1, 127.0.0.1:P1)             = -1 ECONNREFUSED  # @connect.refused
    listen(s0, 1)                         = 0                # @listen.open
    connect(s1, 127.0.0.1:P0)             = 0                # @connect.done
  )");
}

// connect.implicit: connect() on an unbound socket binds it, to a concrete source address.
TEST_F(Claim, HoldsConnectImplicit) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0                    # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0                     # @bind.explicit
    listen(s0, 1)                                       = 0                     # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1                    # @socket.open
    getsockname(s1)                                     = 0, addr=0.0.0.0:0     # @getsockname.local
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS        # @connect.in_progress
    getsockname(s1)                                     = 0, addr=127.0.0.1:E0  # @getsockname.local
  )");
}

// connect.handshake: connect() returns 0 when the handshake is done; data can flow then.
TEST_F(Claim, HoldsConnectHandshake) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0             # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0              # @bind.explicit
    listen(s0, 1)                                       = 0              # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM, 0)                = s1             # @socket.open
    connect(s1, 127.0.0.1:P0)                           = 0              # @connect.done
    send(s1, 5, 0)                                      = 5              # @send.sent
    s2 = accept(s0, NULL)                               = s2             # @accept.connection
    recv(s2, 5, 0)                                      = 5, data=[0,5)  # @recv.data
  )");
}

// connect.accept, refuted: connect() does not wait for accept(), only for room in the queue.
TEST_F(Claim, RefutedConnectAccept) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0                    # @socket.open
    bind(s0, 127.0.0.1:P0)                = 0                     # @bind.explicit
    listen(s0, 1)                         = 0                     # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM, 0)  = s1                    # @socket.open
    connect(s1, 127.0.0.1:P0)             = 0                     # @connect.done
    getpeername(s1)                       = 0, addr=127.0.0.1:P0  # @getpeername.peer
  )");
}

// connect.refused: with nobody listening, ECONNREFUSED.
TEST_F(Claim, HoldsConnectRefused) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0               # @socket.open
    connect(s0, 127.0.0.1:P0)             = -1 ECONNREFUSED  # @connect.refused
  )");
}

// connect.bound-only: a peer that is bound but does not listen refuses.
TEST_F(Claim, HoldsConnectBoundOnly) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0               # @socket.open
    bind(s0, 127.0.0.1:P0)                = 0                # @bind.explicit
    s1 = socket(AF_INET, SOCK_STREAM, 0)  = s1               # @socket.open
    connect(s1, 127.0.0.1:P0)             = -1 ECONNREFUSED  # @connect.refused
  )");
}

// connect.once: a stream socket connects once.
TEST_F(Claim, HoldsConnectOnce) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0          # @socket.open
    bind(s0, 127.0.0.1:P0)                = 0           # @bind.explicit
    listen(s0, 4)                         = 0           # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM, 0)  = s1          # @socket.open
    connect(s1, 127.0.0.1:P0)             = 0           # @connect.done
    connect(s1, 127.0.0.1:P0)             = -1 EISCONN  # @connect.connected
  )");
}

// connect.once, of one that was refused: it may try again.
TEST_F(Claim, DependsConnectOnceOnAnEarlierFailure) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0               # @socket.open
    connect(s0, 127.0.0.1:P0)             = -1 ECONNREFUSED  # @connect.refused
    s1 = socket(AF_INET, SOCK_STREAM, 0)  = s1               # @socket.open
    bind(s1, 127.0.0.1:P0)                = 0                # @bind.explicit
    listen(s1, 1)                         = 0                # @listen.open
    connect(s0, 127.0.0.1:P0)             = 0                # @connect.done
  )");
}

// connect.nonblocking: EINPROGRESS at once, writability when done, SO_ERROR has the result.
TEST_F(Claim, HoldsConnectNonblocking) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0                                  # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0                                   # @bind.explicit
    listen(s0, 1)                                       = 0                                   # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1                                  # @socket.open
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS                      # @connect.in_progress
    poll(s1, POLLOUT)                                   = 1, revents=POLLOUT                  # @poll.ready
    getsockopt(s1, SOL_SOCKET, SO_ERROR)                = 0, value=0                          # @getsockopt.error
    s2 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s2                                  # @socket.open
    connect(s2, 127.0.0.1:P1)                           = -1 EINPROGRESS                      # @connect.in_progress
    poll(s2, POLLOUT)                                   = 1, revents=POLLOUT|POLLERR|POLLHUP  # @poll.ready
    getsockopt(s2, SOL_SOCKET, SO_ERROR)                = 0, value=ECONNREFUSED               # @getsockopt.error
  )");
}

// connect.already: a second connect() while the first is under way.
TEST_F(Claim, HoldsConnectAlready) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0              # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0               # @bind.explicit
    listen(s0, 0)                                       = 0               # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1              # @socket.open
    connect(s1, 127.0.0.1:P0)                           = -1 EINPROGRESS  # @connect.in_progress
    s2 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s2              # @socket.open
    connect(s2, 127.0.0.1:P0)                           = -1 EINPROGRESS  # @connect.in_progress
    connect(s2, 127.0.0.1:P0)                           = -1 EALREADY     # @connect.already
  )");
}

// connect.permanent: connect() binds a destination for good, but AF_UNSPEC undoes it.
TEST_F(Claim, HoldsConnectPermanentUntilDissolved) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0                    # @socket.open
    bind(s0, 127.0.0.1:P0)                              = 0                     # @bind.explicit
    listen(s0, 4)                                       = 0                     # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM, 0)                = s1                    # @socket.open
    connect(s1, 127.0.0.1:P0)                           = 0                     # @connect.done
    connect(s1, 127.0.0.2:P1)                           = -1 EISCONN            # @connect.connected
    getpeername(s1)                                     = 0, addr=127.0.0.1:P0  # @getpeername.peer
    connect(s1, AF_UNSPEC)                              = 0                     # @connect.dissolve
    getpeername(s1)                                     = -1 ENOTCONN           # @getpeername.not_connected
  )");
}

// stream.unconnected: a stream socket transfers nothing before it is connected.
TEST_F(Claim, HoldsStreamUnconnected) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0                        # @socket.open
    send(s0, 5, MSG_NOSIGNAL)                           = -1 EPIPE                  # @send.never_connected
    recv(s0, 5, 0)                                      = -1 ENOTCONN               # @recv.not_connected
    write(s0, 5)                                        = -1 EPIPE, signal=SIGPIPE  # @send.never_connected
    read(s0, 5)                                         = -1 ENOTCONN               # @recv.not_connected
  )");
}

// listen.unbound-ok: listen() without bind() works, on an ephemeral port. (listen.unbound-fails
// is refuted by the same.)
TEST_F(Claim, HoldsListenUnboundOk) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0                  # @socket.open
    listen(s0, 1)                                       = 0                   # @listen.autobind
    getsockname(s0)                                     = 0, addr=0.0.0.0:E0  # @getsockname.local
    s1 = socket(AF_INET, SOCK_STREAM, 0)                = s1                  # @socket.open
    connect(s1, 127.0.0.1:E0)                           = 0                   # @connect.done
  )");
}

// names.symmetry: the client's peer name is the accepted socket's own, and the other way round;
// the port is the listener's.
TEST_F(Claim, HoldsNamesSymmetry) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0                     # @socket.open
    bind(s0, 0.0.0.0:P0)                                = 0                      # @bind.explicit
    listen(s0, 1)                                       = 0                      # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM, 0)                = s1                     # @socket.open
    connect(s1, 127.0.0.2:P0)                           = 0                      # @connect.done
    s2 = accept(s0)                                     = s2, addr=127.0.0.1:E0  # @accept.connection
    getsockname(s1)                                     = 0, addr=127.0.0.1:E0   # @getsockname.local
    getpeername(s2)                                     = 0, addr=127.0.0.1:E0   # @getpeername.peer
    getpeername(s1)                                     = 0, addr=127.0.0.2:P0   # @getpeername.peer
    getsockname(s2)                                     = 0, addr=127.0.0.2:P0   # @getsockname.local
  )");
}

// order.free: bind() may be called or left out before connect() and before listen().
TEST_F(Claim, HoldsOrderFree) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s0                  # @socket.open
    listen(s0, 4)                                       = 0                   # @listen.autobind
    getsockname(s0)                                     = 0, addr=0.0.0.0:E0  # @getsockname.local
    s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)  = s1                  # @socket.open
    bind(s1, 127.0.0.1:P0)                              = 0                   # @bind.explicit
    listen(s1, 4)                                       = 0                   # @listen.open
    s2 = socket(AF_INET, SOCK_STREAM, 0)                = s2                  # @socket.open
    bind(s2, 127.0.0.1:P1)                              = 0                   # @bind.explicit
    connect(s2, 127.0.0.1:E0)                           = 0                   # @connect.done
    s3 = socket(AF_INET, SOCK_STREAM, 0)                = s3                  # @socket.open
    connect(s3, 127.0.0.1:P0)                           = 0                   # @connect.done
  )");
}

// roles, refuted: two sockets that both connect make a connection without a listener at its end;
// so does one with itself.
TEST_F(Claim, RefutedRoles) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0             # @socket.open
    bind(s0, 127.0.0.1:P0)                = 0              # @bind.explicit
    connect(s0, 127.0.0.1:P0)             = 0              # @connect.done
    send(s0, 5, 0)                        = 5              # @send.sent
    recv(s0, 5, 0)                        = 5, data=[0,5)  # @recv.data
  )");
}

// errors.connect: EBADF, ENOTSOCK, EFAULT, EINVAL, EAFNOSUPPORT, ENETUNREACH, ECONNREFUSED,
// EADDRNOTAVAIL, EISCONN.
TEST_F(Claim, HoldsErrorsOfConnect) {
  ExpectConforms(R"(
    connect(-1, 127.0.0.1:P0)             = -1 EBADF         # @descriptor.not_open
    connect(FILE, 127.0.0.1:P0)           = -1 ENOTSOCK      # @descriptor.not_a_socket
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0               # @socket.open
    connect(s0, BAD_PTR)                  = -1 EFAULT        # @address.unreadable
    connect(s0, 127.0.0.1:P0, addrlen=8)  = -1 EINVAL        # @connect.length_short
    connect(s0, AF_INET6/127.0.0.1:P0)    = -1 EAFNOSUPPORT  # @connect.wrong_family
    connect(s0, NOT_OURS:P0)              = -1 ENETUNREACH   # @connect.no_route
    connect(s0, UNREACHABLE:P0)           = -1 EHOSTUNREACH  # @connect.host_unreachable
    connect(s0, 127.0.0.1:P0)             = -1 ECONNREFUSED  # @connect.refused
    listen(s0, 1)                         = 0                # @listen.autobind
    connect(s0, 127.0.0.1:P0)             = -1 EISCONN       # @connect.listening
  )");
}

// errors.connect: EADDRNOTAVAIL where no port is left.
TEST_F(Claim, HoldsErrorsOfConnectNoAddressLeft) {
  ExpectConforms(R"(
    env: ephemeral=1
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0                # @socket.open
    bind(s0, 0.0.0.0:0)                   = 0                 # @bind.chosen
    s1 = socket(AF_INET, SOCK_STREAM, 0)  = s1                # @socket.open
    connect(s1, 127.0.0.1:P0)             = -1 EADDRNOTAVAIL  # @connect.no_port_left
  )");
}

// connect.interrupted, errors.connect: a caught signal, EINTR; the attempt goes on.
TEST_F(Claim, HoldsErrorsOfConnectInterrupted) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0                     # @socket.open
    bind(s0, 127.0.0.1:P0)                = 0                      # @bind.explicit
    listen(s0, 0)                         = 0                      # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM, 0)  = s1                     # @socket.open
    connect(s1, 127.0.0.1:P0)             = 0                      # @connect.done
    s2 = socket(AF_INET, SOCK_STREAM, 0)  = s2                     # @socket.open
    connect(s2, 127.0.0.1:P0)             = blocks, then -1 EINTR  # @connect.unanswered
    fcntl(s2, F_SETFL, O_NONBLOCK)        = 0                      # @fcntl.set_status
    connect(s2, 127.0.0.1:P0)             = -1 EALREADY            # @connect.already
  )");
}

// errors.connect: POSIX has EOPNOTSUPP for a socket that listens, Linux EISCONN.
TEST_F(Claim, DependsErrorsOfConnectOnAListener) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0          # @socket.open
    listen(s0, 1)                         = 0           # @listen.autobind
    connect(s0, 127.0.0.1:P0)             = -1 EISCONN  # @connect.listening
  )");
}

// address.cleared: an uncleared sockaddr tail does not matter.
TEST_F(Claim, HoldsAddressCleared) {
  ExpectConforms(R"(
    s0 = socket(AF_INET, SOCK_STREAM, 0)  = s0  # @socket.open
    bind(s0, 127.0.0.1:P0/DIRTY)          = 0   # @bind.explicit
    listen(s0, 1)                         = 0   # @listen.open
    s1 = socket(AF_INET, SOCK_STREAM, 0)  = s1  # @socket.open
    connect(s1, 127.0.0.1:P0/DIRTY)       = 0   # @connect.done
  )");
}

}  // namespace
}  // namespace sockspec
