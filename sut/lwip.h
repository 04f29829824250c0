// lwIP as the kernel under test: Debian's liblwip, a shared library, in this process. It is also the example of how
// to bring one's own stack (README, "Bringing your own stack"): what a stack needs is all in this file and lwip.cc.
//
//     Trouble trouble;
//     std::unique_ptr<Kernel> kernel = MakeLwipKernel(LwipOptions{}, &trouble);
//     if (kernel == nullptr) return Fail(trouble.what);
//
// lwIP has one state in a process and a thread of its own, so a process has one such kernel at a time, and makes
// it after it has forked.
//
// How its replies come about, where it is not plain:
//
//   constants    Debian's library is built on the C library's headers: AF_INET6, MSG_PEEK, struct sockaddr_in6 and
//                errno are Linux's. What is different: descriptors count from 1; SOCK_NONBLOCK and SOCK_CLOEXEC
//                are not known, so socket() and accept4() with them are made of socket(), accept() and
//                fcntl(F_SETFL, O_NONBLOCK), as a port of a program would make them.
//   hosts        127.0.0.1 and ::1 are one interface. There is no other route, so packets to NOT_OURS and
//                UNREACHABLE go nowhere.
//   loopback     lwIP queues what it sends to itself, and its thread delivers it some time later. After each call
//                we take the stack's own lock and deliver until the queue is empty, and let those acknowledgements
//                go that it puts off by a quarter of a second (tcp_fasttmr): nothing is under way between calls,
//                and no call waits for a clock. So a network is tested that is quicker than the program.
//   blocking     lwIP has no signals, and its waits end by SO_RCVTIMEO and SO_SNDTIMEO alone. A call on a socket
//                that may wait gets such a time where the program has set none: since nothing is under way, what
//                does not come back in a millisecond never would. It is told as `blocks, then -1 EINTR`, which
//                is what a signal would make of it. A send() that waits is given a minute, and that minute is
//                over as soon as a second thread sees that no byte moves any more. A connect() without an answer
//                is made a nonblocking one by that thread, at lwIP's own bookkeeping.
//   hangs        A call that works for a quarter of a second, or sleeps for four, never comes back: the process
//                aborts, and says in which call. Where lwIP crashes it says so, too.
//   a program's own SO_RCVTIMEO, SO_SNDTIMEO   below 50 ms they are waited for.
//   MSG_NOSIGNAL   Left out: lwIP never raises a signal, and sendmsg() refuses the flag.
//   ENOMSG       The call failed and set no errno.
//   slots        The number less one.
//   E names      Ports from 49152 up, as lwIP chooses them.
//   Reset        Connections are aborted, TIME-WAIT included, all sockets closed, and nothing may be left. Where
//                lwIP looks for the next port, sequence numbers and memory go on from program to program, in
//                ResetFresh() too: who wants these fresh takes another process.
#ifndef SOCKSPEC_SUT_LWIP_H_
#define SOCKSPEC_SUT_LWIP_H_

#include <memory>
#include <string>

#include "sut/kernel.h"

namespace sockspec {

struct LwipOptions {
  // The library's file; empty: liblwip.so.0, where the dynamic linker finds it. It must have been built with the
  // options that the installed headers were (lwipopts.h), since we look into its lists.
  std::string library;

  // Without what we put right so that campaigns get past it (lwip.cc, Bind(), Connect(), Close() and Setsockopt()): a
  // second bind() that breaks lwIP's list of bound sockets, a second connect() that brings back a receiver, close() of a
  // listener with SO_LINGER, and IPV6_CHECKSUM.
  bool as_it_is = false;

  std::string option = "lwip";  // Kernel::option()
};

// What it says it is: "lwIP 2.1.3".
std::string LwipRelease();

// Null where the library cannot be loaded; `trouble` then says how to install it. Null also where the process has a
// kernel of this kind already, or made one before it forked.
std::unique_ptr<Kernel> MakeLwipKernel(const LwipOptions& options, Trouble* trouble);

}  // namespace sockspec

#endif  // SOCKSPEC_SUT_LWIP_H_
