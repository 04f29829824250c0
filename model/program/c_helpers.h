// The helper functions of C files (c.h), as text.
#ifndef SOCKSPEC_MODEL_PROGRAM_C_HELPERS_H_
#define SOCKSPEC_MODEL_PROGRAM_C_HELPERS_H_

#include <initializer_list>
#include <string_view>

namespace sockspec {

// In the order in which the file has them.
enum class Helper {
  kHosts,
  kNever,
  kBadPointer,
  kNullPointer,
  kCannot,
  kNetwork,
  kRoutes,
  kEphemeral,
  kNofile,
  kFile,
  kPipe,
  kErrnoName,
  kTell,
  kCall,
  kExpect,
  kShow,
  kFinish,
  kGave,
  kBlockingOnly,
  kStreams,
  kSentBy,
  kMade,
  kSameStream,
  kFlagTable,
  kStatusFlags,
  kDescriptorFlags,
  kPollEvents,
  kTellFlags,
  kGaveFlags,
  kAddress,
  kDirty,
  kValue,
  kLinger,
  kOut,
  kRoom,
  kWritten,
  kTellLength,
  kChosen,
  kPortName,
  kHostName,
  kFamilyName,
  kTellAddress,
  kSeeAddress,
  kNumber,
  kTellNumber,
  kTellConstant,
  kTellErrno,
  kTellLinger,
  kAnswer,
  kTellAnswer,
  kSent,
  kInto,
  kTellData,
  kBrokenPipe,
  kTellSignal,
  kPolled,
};

struct HelperText {
  Helper helper;
  std::initializer_list<Helper> needs;
  std::initializer_list<std::string_view> includes;
  std::string_view text;  // c.cc puts something in the place of a @WORD@
};

const HelperText& TextOf(Helper helper);

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_PROGRAM_C_HELPERS_H_
