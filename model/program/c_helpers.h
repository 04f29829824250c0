// The helper functions of C files (c.h), as text.
#ifndef SOCKSPEC_MODEL_PROGRAM_C_HELPERS_H_
#define SOCKSPEC_MODEL_PROGRAM_C_HELPERS_H_

#include <initializer_list>
#include <span>
#include <string_view>

namespace sockspec {

// In the order in which the file has them.
enum class Helper {
  // c_helpers_environment.cc
  kHosts,
  kNever,
  kBadPointer,
  kNullPointer,
  kNegative,
  kCannot,
  kPut,
  kUserNamespace,
  kNetwork,
  kRoutes,
  kEphemeral,
  kCapabilities,
  kDirectory,
  kNofile,
  kFile,
  kPipe,
  // c_helpers_calls.cc
  kErrnoName,
  kTell,
  kThreadType,
  kCall,
  kExpect,
  kShow,
  kThreads,
  kResume,
  kFinish,
  kGave,
  kBlockingOnly,
  kSentBy,
  kMade,
  kMadePair,
  kGaveTarget,
  kFlagTable,
  kStatusFlags,
  kDescriptorFlags,
  kMessageFlags,
  kPollEvents,
  kEpollEvents,
  kTellFlags,
  kGaveFlags,
  kChosenPorts,
  kChosenNames,
  kPassed,
  kAddress,
  kAddress6,
  kPathAddress,
  kAbstractAddress,
  kDirty,
  kValue,
  kLinger,
  kPair,
  kTime,
  kName,
  kSent,
  kInto,
  kVector,
  kMessage,
  kControl,
  kWithRights,
  kBrokenPipe,
  kPolled,
  kSet,
  kMilliseconds,
  kEvent,
  kReady,
  // c_helpers_replies.cc
  kOut,
  kRoom,
  kWritten,
  kTellLength,
  kPortName,
  kUnixName,
  kWholeLength,
  kHostName,
  kFamilyName,
  kTellAddress,
  kSeeAddress,
  kNumber,
  kTellNumber,
  kTellConstant,
  kTellErrno,
  kTellPair,
  kTellTime,
  kTellName,
  kTellPeer,
  kTellByte,
  kAnswer,
  kTellAnswer,
  kTellData,
  kTellSignal,
  kTellMessageFlags,
  kRights,
  kTellRights,
  kTellPolled,
  kTellSelected,
  kTellReady,
};

struct HelperText {
  Helper helper;
  std::initializer_list<Helper> needs;
  std::initializer_list<std::string_view> includes;
  std::string_view text;  // c.cc puts something in the place of a @WORD@
};

// What a file has by itself: the world that the program finds.
std::span<const HelperText> EnvironmentHelpers();
// What makes calls, and builds their arguments.
std::span<const HelperText> CallHelpers();
// What tells of the replies.
std::span<const HelperText> ReplyHelpers();

const HelperText& TextOf(Helper helper);

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_PROGRAM_C_HELPERS_H_
