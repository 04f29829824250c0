#include "fuzz/kinds.h"

#include <sys/socket.h>

#include "model/program/tokens.h"

namespace sockspec {

KindSet KindMade(const Call& call) {
  if (call.op != Op::kSocket && call.op != Op::kSocketpair) return kNoSocket;
  const int type = call.type & kTypeMask;
  switch (call.domain) {
    case AF_INET:
    case AF_INET6:
      return type == SOCK_STREAM ? kTcp : type == SOCK_DGRAM ? kUdp : kNoSocket;
    case AF_UNIX:
      return type == SOCK_STREAM      ? kUnixStream
             : type == SOCK_SEQPACKET ? kUnixSeqpacket
                                      : kUnixDatagram;
    default:  // a family that the specification does not know
      return kNoSocket;
  }
}

}  // namespace sockspec
