// Variants of a program that shows a mistake: the same calls on sockets of the other family, and the last one made by
// another call of its kind, or asked for other events. They say how wide a row of a table of deviations may be.
#ifndef SOCKSPEC_FUZZ_FOUND_VARIANTS_H_
#define SOCKSPEC_FUZZ_FOUND_VARIANTS_H_

#include <vector>

#include "model/program/program.h"

namespace sockspec {

// The program itself is the first of them.
//
//     families   all sockets and addresses of IPv6, or of IPv4, and mapped addresses instead of those of IPv4
//     types      datagram sockets for streams and the other way round, where nothing is sent, connected or listened on
//     the last call   by any of recv(), read(), readv(), recvfrom() and recvmsg(); of send(), write(), writev(), sendto()
//                and sendmsg(), which are made without a name, or on a connected socket; of accept() and accept4(). Where
//                one has no flags and MSG_DONTWAIT was asked for, the socket is made not to wait before.
//                poll() asks for POLLIN, for POLLOUT, for both or for none, and waits or not
std::vector<Program> VariantsOf(const Program& program);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_FOUND_VARIANTS_H_
