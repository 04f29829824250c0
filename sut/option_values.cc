#include "sut/option_values.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "model/program/options.h"

namespace sockspec {

void WriteOption(const Call& call, int32_t* to) {
  memset(to, 0, 16);
  switch (FormOf(call.level, call.option)) {
    case OptionForm::kTime: {
      const int64_t members[] = {call.value, call.seconds};
      memcpy(to, members, sizeof members);
      return;
    }
    case OptionForm::kText:
      if (call.value >= 0 && call.value < static_cast<int32_t>(OptionTexts().size())) {
        strncpy(reinterpret_cast<char*>(to), OptionTexts()[call.value].text, 16);
      }
      return;
    case OptionForm::kInt:
    case OptionForm::kPair:
    case OptionForm::kFirstByte:
    case OptionForm::kCredentials:
    case OptionForm::kOpaque:
      to[0] = call.value;
      to[1] = call.seconds;
      return;
  }
}

void ReadOptionValue(const Call& call, const unsigned char* bytes, int size, Reply* reply) {
  const OptionForm form = FormOf(call.level, call.option);
  switch (form) {
    case OptionForm::kOpaque: return;
    case OptionForm::kFirstByte: reply->option = bytes[0]; break;
    case OptionForm::kText: {
      const char* const text = reinterpret_cast<const char*>(bytes);
      const size_t length = strnlen(text, std::min(size, 16));
      if (length == static_cast<size_t>(size) && size < 16) return;  // cut off
      const auto known = std::ranges::find_if(OptionTexts(), [&](const OptionText& one) {
        return std::string_view(one.text) == std::string_view(text, length);
      });
      reply->option = known == OptionTexts().end() ? kTextOther : known->token.value;
      break;
    }
    case OptionForm::kCredentials: {
      ucred peer;
      if (size < static_cast<int>(sizeof peer)) return;
      memcpy(&peer, bytes, sizeof peer);
      const auto nobody = static_cast<uid_t>(-1);
      const bool ours = peer.pid == getpid() && peer.uid == geteuid() && peer.gid == getegid();
      const bool none = peer.pid == 0 && peer.uid == nobody && peer.gid == nobody;
      reply->option = ours ? kPeerOurs : none ? kPeerNobody : kPeerOther;
      break;
    }
    case OptionForm::kInt:
    case OptionForm::kPair:
    case OptionForm::kTime:
      memcpy(&reply->option, bytes, std::min(size, 4));
      if (HasTwoMembers(form) && size > SecondMemberAt(form)) {
        memcpy(&reply->seconds, bytes + SecondMemberAt(form), std::min(size - SecondMemberAt(form), 4));
      }
      break;
  }
  reply->wrote |= kWroteValue;
}

}  // namespace sockspec
