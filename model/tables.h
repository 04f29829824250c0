// The tables of clauses, one function a file. clause.cc puts them together by call.
#ifndef SOCKSPEC_MODEL_TABLES_H_
#define SOCKSPEC_MODEL_TABLES_H_

#include <span>

#include "model/clause.h"
#include "model/scene.h"

namespace sockspec {

std::span<const Clause> NotOpenClauses();     // shared by all but socket and poll: EBADF
std::span<const Clause> NotASocketClauses();  // shared by the calls on sockets: ENOTSOCK
std::span<const Clause> AddressClauses();     // shared by bind and connect: the pointer and its length
std::span<const Clause> FailedClauses();      // shared by what asks where a stream is, but not why it failed
std::span<const Clause> NameClauses();        // shared by getsockname and getpeername: where the name goes

// Of any kind of socket (transfer.cc): what these calls ask of their arguments first.
std::span<const Clause> DestinationClauses();   // shared by sendto and sendmsg: the address
std::span<const Clause> MessageFirstClauses();  // shared by sendmsg and recvmsg, before the descriptor
std::span<const Clause> RecvmsgFirstClauses();
std::span<const Clause> SenderClauses();        // shared by recvfrom and recvmsg: where the name goes
std::span<const Clause> PiecesClauses();        // shared by sendmsg and recvmsg
std::span<const Clause> VectorClauses();        // shared by readv and writev
std::span<const Clause> WritevFirstClauses();
std::span<const Clause> ErrorQueueClauses();    // shared by recv, recvfrom and recvmsg

std::span<const Clause> SocketFlagsClauses();  // shared by socket and socketpair
std::span<const Clause> SocketKindClauses();   // shared by them, too
std::span<const Clause> SocketClauses();
std::span<const Clause> SocketpairFirstClauses();  // what socketpair() asks before it looks at the kind
std::span<const Clause> SocketpairClauses();
std::span<const Clause> BindClauses();
std::span<const Clause> BindUnixClauses();
std::span<const Clause> ListenClauses();
std::span<const Clause> ListenOnDatagramsClauses();
std::span<const Clause> ConnectClauses();
std::span<const Clause> ConnectUdpClauses();
std::span<const Clause> ListenUnixClauses();
std::span<const Clause> ConnectClauses();
std::span<const Clause> ConnectUnixClauses();
std::span<const Clause> AcceptFirstClauses();  // what accept() asks before it looks at the socket
std::span<const Clause> AcceptUnixClauses();  // what unix sockets ask before the rest
std::span<const Clause> AcceptClauses();
std::span<const Clause> AcceptOnDatagramsClauses();
std::span<const Clause> CloseClauses();
std::span<const Clause> CloseUnixClauses();
std::span<const Clause> ShutdownFirstClauses();  // of any kind of socket
std::span<const Clause> ShutdownClauses();
std::span<const Clause> ShutdownUnixClauses();
std::span<const Clause> DupClauses();
std::span<const Clause> Dup3FirstClauses();  // what dup3() asks before it looks at the descriptors
std::span<const Clause> Dup2Clauses();       // dup2() and dup3()
std::span<const Clause> GetsocknameClauses();
std::span<const Clause> GetpeernameClauses();
std::span<const Clause> GetsockoptClauses();
std::span<const Clause> SetsockoptFirstClauses();  // what setsockopt() asks before the descriptor
std::span<const Clause> SetsockoptClauses();
std::span<const Clause> SendClauses();
std::span<const Clause> SendUdpClauses();
std::span<const Clause> RecvClauses();
std::span<const Clause> RecvUdpClauses();
std::span<const Clause> SendUnixClauses();
std::span<const Clause> RecvClauses();
std::span<const Clause> RecvUnixClauses();
std::span<const Clause> ReadClauses();
std::span<const Clause> WriteClauses();
std::span<const Clause> FcntlClauses();
std::span<const Clause> IoctlClauses();
std::span<const Clause> PollClauses();
std::span<const Clause> SelectClauses();
std::span<const Clause> EpollCreateClauses();
std::span<const Clause> EpollCtlClauses();
std::span<const Clause> EpollWaitFirstClauses();  // what epoll_wait() asked before its descriptor, until 6.15
std::span<const Clause> EpollWaitClauses();

// Guards that more than one table reads.
bool DissolvedMeanwhile(const Scene& s);  // waiting.cc
bool NoFreeSlot(const Scene& s);
bool LengthNegative(const Scene& s);
bool BadLengthPointer(const Scene& s);

// How many bytes a call asks to move: none where they are in no pieces.
inline int TransferSize(const Call& call) { return call.pieces <= 0 ? 0 : call.size; }

inline constexpr int32_t kMessageCompat = INT32_MIN;  // MSG_CMSG_COMPAT

// Its MSG_* flags: none of read, write, readv and writev, and never MSG_CMSG_COMPAT, which but the first look does not read.
inline int TransferFlags(const Call& call) {
  const bool none = call.op == Op::kRead || call.op == Op::kWrite || call.op == Op::kReadv || call.op == Op::kWritev;
  return none ? 0 : call.flags & ~kMessageCompat;
}

// sendto and sendmsg: an address of more than no bytes, in sendto of any length
inline bool HasDestination(const Scene& s) {
  if (s.call.pointer == Pointer::kNull) return false;
  return s.call.op == Op::kSendto || (s.call.op == Op::kSendmsg && s.call.length != 0);
}
bool WantsSender(const Scene& s);     // recvfrom and recvmsg: there is a place for the sender's name
// What was received has no sender: the name's length is 0.
void TellNoSender(Scene& s);

// The kind of socket that socket() or socketpair() makes where it makes one.
SocketKind SocketKindOf(const Call& call);

// The pending error, as sock_error() takes it.
uint8_t TakePendingError(Socket& socket);

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_TABLES_H_
