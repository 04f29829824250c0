#include "model/program/packetdrill.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/program/declarations.h"
#include "model/program/notation.h"
#include "model/program/text.h"
#include "model/program/tokens.h"
#include "model/program/unix_name.h"

namespace sockspec {
namespace {

constexpr int kFirstDescriptor = 3;

// Thrown and caught here: why a program cannot be said.
struct Inexpressible {
  std::string why;
};

// What packetdrill takes for a note behind an errno: words, and no "non-socket".
std::string Words(std::string text) {
  std::ranges::replace_if(text, [](unsigned char c) { return !isalnum(c) && c != '_'; }, ' ');
  return text;
}

class Writer {
 public:
  explicit Writer(const Transcript& transcript) : transcript_(transcript) {}

  std::string Write() {
    const Environment& env = transcript_.program.env;
    if (!(env == Environment()))
      throw Inexpressible{"packetdrill has no limits or users of its own (env:)"};
    std::string lines;
    for (size_t i = 0; i < transcript_.program.calls.size(); ++i) {
      const Call& call = transcript_.program.calls[i];
      try {
        lines += Line(call, transcript_.said[i].reply);
      } catch (const Inexpressible& inexpressible) {
        throw Inexpressible{PrintCall(call) + ": " + inexpressible.why};
      }
    }
    return (ipv6_ ? "--ip_version=ipv6\n\n" : "") + lines;
  }

 private:
  std::string Line(const Call& call, const std::optional<Reply>& reply) {
    if (call.part != Part::kWhole)
      throw Inexpressible{"calls of several threads are not to be had"};
    if (!reply)
      throw Inexpressible{"no reply is written to it, and packetdrill expects one of every call"};
    if (reply->blocked)
      throw Inexpressible{"it blocks for good, and packetdrill interrupts nothing"};
    std::string line = Called(call, *reply);
    if (reply->error != 0) {
      line += " = -1 " + PrintErrno(reply->error) + " (" + Words(strerror(reply->error)) + ")";
    } else if (DeclarationOf(call.op).makes(call)) {
      line += " = " + Number(Descriptor::Handle(call.made));
    } else if (call.op == Op::kFcntl) {
      char hexadecimal[16];
      snprintf(hexadecimal, sizeof hexadecimal, "0x%x", static_cast<unsigned>(reply->value));
      line += " = " + std::string(reply->value == 0 ? "0" : hexadecimal);
    } else {
      line += " = " + std::to_string(reply->value);
    }
    return "+0" + within_ + " " + line + "\n" + after_;
  }

  // What cannot be said is thrown.
  std::string Called(const Call& call, const Reply& reply) {
    after_.clear();
    within_.clear();
    const bool names_one = DeclarationOf(call.op).takes_descriptor() && call.op != Op::kSelect;
    const std::string fd = names_one ? Number(call.fd) : "";
    const bool refused = reply.error != 0;
    switch (call.op) {
      case Op::kSocket:
        return Socket(call, refused);
      case Op::kBind:
        Local(call);
        return "bind(" + fd + ", ..., ...)";
      case Op::kListen:
        return "listen(" + fd + ", " + std::to_string(call.value) + ")";
      case Op::kConnect:
        return Connect(call, reply, fd);
      case Op::kAccept:
        if (!refused)
          throw Inexpressible{
              "whoever connected is a socket of the program; packetdrill is the other end"};
        Usual(call);
        return "accept(" + fd + ", ..., ...)";
      case Op::kClose:
        if (!refused) *Slot(call.fd.handle()) = kFree;
        return "close(" + fd + ")";
      case Op::kShutdown:
        return "shutdown(" + fd + ", " +
               PrintConstant(DeclarationOf(call.op).arguments.back().TokensOf(call), call.command) +
               ")";
      case Op::kGetsockopt:
        return "getsockopt(" + fd + ", " + Option(call) + ", [" +
               std::to_string(refused ? 0 : reply.option) + "], [" + std::to_string(call.length) +
               "])";
      case Op::kSetsockopt:
        return "setsockopt(" + fd + ", " + Option(call) + ", " + OptionValue(call) + ", " +
               std::to_string(call.length) + ")";
      case Op::kSend:
      case Op::kRecv:
        Refused(reply);
        return Name(call) + "(" + fd + ", ..., " + std::to_string(call.size) + ", " +
               PrintFlags(MessageFlags(), call.flags) + ")";
      case Op::kRead:
      case Op::kWrite:
        Refused(reply);
        return Name(call) + "(" + fd + ", ..., " + std::to_string(call.size) + ")";
      case Op::kFcntl:
        if (DeclarationOf(call.op).makes(call))
          throw Inexpressible{"packetdrill does not know the descriptor it makes"};
        if (call.command == F_SETFL && (call.value & O_NONBLOCK) != 0) {
          nonblocking_.insert(*Slot(call.fd.handle()));
        } else if (call.command == F_SETFL) {
          nonblocking_.erase(*Slot(call.fd.handle()));
        }
        return "fcntl(" + fd + ", " + FcntlCommand(call) + ")";
      case Op::kPoll:
        return "poll([{fd=" + fd + ", events=" + PrintFlags(PollEvents(), call.flags) +
               ", revents=" + PrintFlags(PollEvents(), reply.value > 0 ? reply.events : 0) +
               "}], 1, " + std::to_string(call.timeout) + ")";
      case Op::kAccept4:
      case Op::kDup:
      case Op::kDup2:
      case Op::kDup3:
      case Op::kGetsockname:
      case Op::kGetpeername:
      case Op::kSocketpair:
      case Op::kSelect:
        throw Inexpressible{"packetdrill does not make this call"};
      case Op::kIoctl:
      case Op::kSendto:
      case Op::kRecvfrom:
      case Op::kSendmsg:
      case Op::kRecvmsg:
      case Op::kReadv:
      case Op::kWritev:
      case Op::kEpollCreate1:
      case Op::kEpollCtl:
      case Op::kEpollWait:
        throw Inexpressible{
            "it takes structures whose notation differs between versions of packetdrill"};
    }
    __builtin_unreachable();
  }

  static std::string Name(const Call& call) { return std::string(DeclarationOf(call.op).name); }

  std::string Socket(const Call& call, bool refused) {
    if (call.domain != AF_INET && call.domain != AF_INET6) {
      throw Inexpressible{"packetdrill makes sockets of AF_INET and AF_INET6 only"};
    }
    if (refused)
      throw Inexpressible{"packetdrill chooses the family, and cannot ask for a wrong one"};
    const bool ipv6 = call.domain == AF_INET6;
    if (!made_.empty() && ipv6 != ipv6_)
      throw Inexpressible{"one script is IPv4 or IPv6, not both"};
    ipv6_ = ipv6;
    made_.push_back({call.made, static_cast<size_t>(std::ranges::find(open_, kFree) - open_.begin())});
    if (made_.back().slot == open_.size()) open_.push_back(kFree);
    open_[made_.back().slot] = call.made;
    if ((call.type & SOCK_NONBLOCK) != 0) nonblocking_.insert(call.made);
    const bool stream = (call.type & 0xf) == SOCK_STREAM;
    return "socket(..., " + PrintType(call.type) + ", " +
           (call.protocol == 0 ? stream ? "IPPROTO_TCP" : "IPPROTO_UDP"
                               : PrintConstant(Protocols(), call.protocol)) +
           ")";
  }

  // packetdrill knows one address of its own, and one port of it.
  void Local(const Call& call) {
    Usual(call);
    const Host own = ipv6_ ? Host::kLoopback6 : Host::kLoopback;
    if (call.address.host != own)
      throw Inexpressible{"packetdrill binds to the one address that it has"};
    if (!call.address.port.IsProgram())
      throw Inexpressible{"packetdrill binds to the one port that it was told"};
    if (port_ && !(*port_ == call.address.port))
      throw Inexpressible{"packetdrill knows one port of its own, and this is a second one"};
    port_ = call.address.port;
  }

  std::string Connect(const Call& call, const Reply& reply, const std::string& fd) {
    Usual(call);
    if (call.address.host != (ipv6_ ? Host::kLoopback6 : Host::kLoopback)) {
      throw Inexpressible{"packetdrill connects to the one address that it is itself"};
    }
    const std::string called = "connect(" + fd + ", ..., ...)";
    switch (reply.error) {
      case 0:
      case EINPROGRESS:
        throw Inexpressible{
            "its other end is a socket of the program; packetdrill is the other end"};
      case ECONNREFUSED:
        if (nonblocking_.contains(*Slot(call.fd.handle()))) {
          throw Inexpressible{
              "this machine's loopback refuses at once, where packetdrill's network takes its "
              "time"};
        }
        // Nobody listens: that is packetdrill, which says so. The reply comes after the packets.
        after_ = "+0 > S 0:0(0) <...>\n+0 < R. 0:0(0) ack 1 win 0\n";
        within_ = "...0.1";
        return called;
      default:
        return called;  // refused before anything is sent, wherever it leads
    }
  }

  static void Refused(const Reply& reply) {
    if ((reply.wrote & kWroteSignal) != 0)
      throw Inexpressible{"packetdrill does not tell of SIGPIPE"};
    if (reply.error == 0 && reply.value > 0) {
      throw Inexpressible{
          "bytes move between two sockets of the program; packetdrill is the other end"};
    }
  }

  static std::string FcntlCommand(const Call& call) {
    switch (call.command) {
      case F_GETFL:
        return "F_GETFL";
      case F_GETFD:
        return "F_GETFD";
      case F_SETFL:
        return "F_SETFL, " + PrintFlags(StatusFlags(), call.value);
      case F_SETFD:
        return "F_SETFD, " + std::to_string(call.value);
      default:
        return std::to_string(call.command);
    }
  }

  std::string Option(const Call& call) {
    if (call.pointer != Pointer::kValid || call.length_pointer != Pointer::kValid) {
      throw Inexpressible{"packetdrill passes good pointers only"};
    }
    return PrintConstant(OptionLevels(), call.level) + ", " + OptionName(call);
  }

  // By its number where packetdrill does not know the name, and would stop at it.
  static std::string OptionName(const Call& call) {
    constexpr std::string_view kKnown[] = {
        "IPV6_HOPLIMIT",    "IPV6_MTU",          "IPV6_MTU_DISCOVER", "IPV6_RECVERR",  "IPV6_TCLASS",
        "IP_FREEBIND",      "IP_MTU",            "IP_MTU_DISCOVER",   "IP_RECVERR",    "IP_TOS",
        "IP_TTL",           "SO_ACCEPTCONN",     "SO_BROADCAST",      "SO_DEBUG",      "SO_DONTROUTE",
        "SO_ERROR",         "SO_KEEPALIVE",      "SO_LINGER",         "SO_MARK",       "SO_NO_CHECK",
        "SO_OOBINLINE",     "SO_PASSCRED",       "SO_PRIORITY",       "SO_RCVBUF",     "SO_RCVLOWAT",
        "SO_REUSEADDR",     "SO_REUSEPORT",      "SO_SNDBUF",         "SO_SNDLOWAT",   "SO_TIMESTAMP",
        "SO_TYPE",          "SO_ZEROCOPY",       "TCP_CORK",          "TCP_DEFER_ACCEPT", "TCP_FASTOPEN",
        "TCP_KEEPCNT",      "TCP_KEEPIDLE",      "TCP_KEEPINTVL",     "TCP_LINGER2",   "TCP_MAXSEG",
        "TCP_NODELAY",      "TCP_NOTSENT_LOWAT", "TCP_QUICKACK",      "TCP_SYNCNT",    "TCP_TIMESTAMP",
        "TCP_USER_TIMEOUT", "TCP_WINDOW_CLAMP"};
    const std::string name = PrintConstant(OptionNames(call.level), call.option);
    const std::string number = std::to_string(call.option);
    if (name == number || std::ranges::count(kKnown, name) != 0) return name;
    return number + " /* " + name + " */";
  }

  static std::string OptionValue(const Call& call) {
    if (call.level == SOL_SOCKET && call.option == SO_LINGER) {
      return "{onoff=" + std::to_string(call.value) + ", linger=" + std::to_string(call.seconds) +
             "}";
    }
    if (FormOf(call.level, call.option) != OptionForm::kInt) {
      throw Inexpressible{"the option's value is a structure that packetdrill has no notation for"};
    }
    return "[" + std::to_string(call.value) + "]";
  }

  // An address that packetdrill puts in the place of `...`.
  void Usual(const Call& call) const {
    if (call.pointer != Pointer::kValid || call.length_pointer != Pointer::kValid) {
      throw Inexpressible{"packetdrill passes good pointers only"};
    }
    const bool in = call.op == Op::kBind || call.op == Op::kConnect;
    if (in && (call.length != ExactLength(call.address) || call.address.dirty_tail ||
               call.address.family != UsualFamily(call.address.host) ||
               IsIpv6(call.address.host) != ipv6_)) {
      throw Inexpressible{"packetdrill passes right addresses of the right length only"};
    }
    if (!in && call.length != kStorageLength)
      throw Inexpressible{"packetdrill gives room for the whole address"};
  }

  std::string Number(Descriptor fd) {
    if (!fd.IsHandle()) throw Inexpressible{"packetdrill passes descriptors that it made"};
    const int* slot = Slot(fd.handle());
    if (slot == nullptr) throw Inexpressible{"its descriptor was not made by socket()"};
    if (*slot == kFree) throw Inexpressible{"its descriptor is closed, and packetdrill passes open ones only"};
    return std::to_string(kFirstDescriptor + *slot);
  }

  // Whose number the handle's is now: a number that is free again is given to the next socket, and whoever names the
  // first one means that. Null where socket() made no such handle.
  int* Slot(int handle) {
    for (const Made& made : made_) {
      if (made.handle == handle) return &open_[made.slot];
    }
    return nullptr;
  }

  const Transcript& transcript_;
  static constexpr int kFree = -1;
  struct Made {
    int handle;
    size_t slot;  // in open_
  };
  std::vector<Made> made_;
  std::vector<int> open_;  // by number, as the kernel gives them, the lowest first: the handle that has it
  std::set<int> nonblocking_;
  bool ipv6_ = false;
  std::optional<Port> port_;
  std::string within_;  // of a call that takes until then: "...0.1"
  std::string after_;   // what comes after the call: packets
};

}  // namespace

PacketdrillScript EmitPacketdrill(const Transcript& transcript,
                                  const std::vector<std::string>& title) {
  PacketdrillScript result;
  try {
    const std::string lines = Writer(transcript).Write();
    for (const std::string& line : title) result.script += "// " + line + "\n";
    result.script += (title.empty() ? "" : "\n") + lines;
  } catch (const Inexpressible& inexpressible) {
    result.problem = inexpressible.why;
  }
  return result;
}

}  // namespace sockspec
