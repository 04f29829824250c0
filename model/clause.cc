#include "model/clause.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <vector>

#include "model/tables.h"

namespace sockspec {
namespace {

struct Table {
  std::span<const Clause> rows;
  KindSet of = kAnything;
};
using Tables = std::vector<Table>;

// What decides each call, the shared refusals first.
Tables TablesOf(Op op) {
  switch (op) {
    case Op::kSocket: return {{SocketFlagsClauses()}, {SocketKindClauses()}, {SocketClauses()}};
    case Op::kSocketpair:
      return {{SocketFlagsClauses()}, {SocketpairFirstClauses()}, {SocketKindClauses()}, {SocketpairClauses()}};
    case Op::kBind:
      return {{NotOpenClauses()}, {NotASocketClauses()}, {FailedClauses(), kTcp}, {AddressClauses()}, {BindClauses(), kInet},
              {BindUnixClauses(), kUnix}};
    case Op::kListen:
      return {{NotOpenClauses()}, {NotASocketClauses()}, {FailedClauses(), kTcp}, {ListenClauses(), kTcp},
              {ListenOnDatagramsClauses(), kDatagrams}, {ListenUnixClauses(), kUnixConnected}};
    case Op::kConnect:
      return {{NotOpenClauses()}, {AddressClauses()}, {NotASocketClauses()}, {ConnectClauses(), kTcp},
              {ConnectUdpClauses(), kUdp}, {ConnectUnixClauses(), kUnix}};
    case Op::kAccept:
    case Op::kAccept4:
      return {{NotOpenClauses()}, {AcceptFirstClauses()}, {NotASocketClauses()}, {FailedClauses(), kTcp},
              {AcceptOnDatagramsClauses(), kDatagrams}, {AcceptUnixClauses(), kUnixConnected},
              {AcceptClauses(), kTcp | kUnixConnected}};
    case Op::kClose: return {{NotOpenClauses()}, {CloseClauses()}, {CloseUnixClauses(), kUnix}};
    case Op::kShutdown:
      return {{NotOpenClauses()}, {NotASocketClauses()}, {FailedClauses(), kTcp}, {ShutdownFirstClauses()}, {ShutdownClauses(), kInet},
              {ShutdownUnixClauses(), kUnix}};
    case Op::kDup: return {{NotOpenClauses()}, {DupClauses()}};
    case Op::kGetsockname:
      return {{NotOpenClauses()}, {NotASocketClauses()}, {FailedClauses(), kTcp}, {NameClauses()}, {GetsocknameClauses()}};
    case Op::kGetpeername:
      return {{NotOpenClauses()}, {NotASocketClauses()}, {FailedClauses(), kTcp}, {NameClauses()}, {GetpeernameClauses()}};
    case Op::kGetsockopt: return {{NotOpenClauses()}, {NotASocketClauses()}, {FailedClauses(), kTcp}, {GetsockoptClauses()}};
    case Op::kSetsockopt:
      return {{SetsockoptFirstClauses()}, {NotOpenClauses()}, {NotASocketClauses()}, {FailedClauses(), kTcp}, {SetsockoptClauses()}};
    case Op::kSend:
      return {{NotOpenClauses()}, {NotASocketClauses()}, {SendClauses(), kTcp}, {SendUdpClauses(), kUdp},
              {SendUnixClauses(), kUnix}};
    case Op::kRecv:
      return {{NotOpenClauses()}, {NotASocketClauses()}, {ErrorQueueClauses(), kInet}, {RecvClauses(), kTcp},
              {RecvUdpClauses(), kUdp}, {RecvUnixClauses(), kUnix}};
    case Op::kRead:
      return {{NotOpenClauses()}, {ReadClauses()}, {RecvClauses(), kTcp}, {RecvUdpClauses(), kUdp},
              {RecvUnixClauses(), kUnix}};
    case Op::kWrite:
      return {{NotOpenClauses()}, {WriteClauses()}, {SendClauses(), kTcp}, {SendUdpClauses(), kUdp},
              {SendUnixClauses(), kUnix}};
    case Op::kFcntl: return {{NotOpenClauses()}, {FcntlClauses()}};
    case Op::kIoctl: return {{NotOpenClauses()}, {IoctlClauses()}};
    case Op::kPoll: return {{PollClauses()}};
    case Op::kSendto:
      return {{NotOpenClauses()}, {NotASocketClauses()}, {DestinationClauses()}, {SendClauses(), kTcp},
              {SendUdpClauses(), kUdp}, {SendUnixClauses(), kUnix}};
    case Op::kRecvfrom:
      return {{NotOpenClauses()}, {NotASocketClauses()}, {SenderClauses()}, {ErrorQueueClauses(), kInet},
              {RecvClauses(), kTcp}, {RecvUdpClauses(), kUdp}, {RecvUnixClauses(), kUnix}};
    case Op::kSendmsg:
      return {{MessageFirstClauses()}, {NotOpenClauses()}, {NotASocketClauses()}, {DestinationClauses()}, {PiecesClauses()},
              {SendClauses(), kTcp}, {SendUdpClauses(), kUdp}, {SendUnixClauses(), kUnix}};
    case Op::kRecvmsg:
      return {{MessageFirstClauses()}, {NotOpenClauses()}, {NotASocketClauses()}, {RecvmsgFirstClauses()}, {SenderClauses()},
              {PiecesClauses()}, {ErrorQueueClauses(), kInet}, {RecvClauses(), kTcp}, {RecvUdpClauses(), kUdp},
              {RecvUnixClauses(), kUnix}};
    case Op::kReadv:
      return {{NotOpenClauses()}, {VectorClauses()}, {ReadClauses()}, {RecvClauses(), kTcp}, {RecvUdpClauses(), kUdp},
              {RecvUnixClauses(), kUnix}};
    case Op::kWritev:
      return {{NotOpenClauses()}, {VectorClauses()}, {WritevFirstClauses()}, {SendClauses(), kTcp},
              {SendUdpClauses(), kUdp}, {SendUnixClauses(), kUnix}};
    case Op::kDup2: return {{NotOpenClauses()}, {Dup2Clauses()}};
    case Op::kDup3: return {{Dup3FirstClauses()}, {NotOpenClauses()}, {Dup2Clauses()}};
    case Op::kSelect: return {{SelectClauses()}};
    case Op::kEpollCreate1: return {{EpollCreateClauses()}};
    case Op::kEpollCtl: return {{NotOpenClauses()}, {EpollCtlClauses()}};
    case Op::kEpollWait: return {{EpollWaitFirstClauses()}, {NotOpenClauses()}, {EpollWaitClauses()}};
  }
  __builtin_unreachable();
}

struct Catalogue {
  std::vector<const Clause*> all;
  std::array<std::vector<const Clause*>, kOpCount> of;
  std::array<std::vector<Row>, kOpCount> rows;
  std::unordered_map<const Clause*, int> number;
  std::unordered_map<std::string_view, const Clause*> by_id;

  Catalogue() {
    for (int op = 0; op < kOpCount; ++op) {
      for (const auto& table : TablesOf(static_cast<Op>(op))) {
        for (const Clause& clause : table.rows) {
          of[op].push_back(&clause);
          rows[op].push_back({&clause, static_cast<KindSet>(clause.of & table.of)});
          if (!number.emplace(&clause, static_cast<int>(all.size())).second) continue;
          all.push_back(&clause);
          by_id.emplace(clause.id, &clause);
          for (const std::string_view older : OlderIds(clause)) by_id.emplace(older, &clause);
        }
      }
    }
  }
};

const Catalogue& TheCatalogue() {
  static const Catalogue catalogue;
  return catalogue;
}

}  // namespace

bool Clause::BelongsTo(const Profile& profile) const {
  if ((on & profile.family) == 0) return false;
  if (profile.family == kPosix) return true;
  if (selinux && !profile.selinux) return false;
  return profile.version >= since && (until == Version{} || profile.version < until);
}

std::span<const Clause* const> AllClauses() { return TheCatalogue().all; }

int ClauseNumber(const Clause* clause) { return TheCatalogue().number.at(clause); }

std::vector<std::string_view> OlderIds(const Clause& clause) {
  std::vector<std::string_view> ids;
  for (std::string_view rest = clause.alias; !rest.empty();) {
    const size_t end = std::min(rest.find(' '), rest.size());
    ids.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return ids;
}

const Clause* FindClause(std::string_view id) {
  const auto& by_id = TheCatalogue().by_id;
  const auto found = by_id.find(id);
  return found == by_id.end() ? nullptr : found->second;
}

std::span<const Clause* const> ClausesOf(Op op) { return TheCatalogue().of[static_cast<int>(op)]; }
std::span<const Row> RowsOf(Op op) { return TheCatalogue().rows[static_cast<int>(op)]; }

}  // namespace sockspec
