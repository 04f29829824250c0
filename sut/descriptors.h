// The descriptors of programs: which number a handle has, and what FILE, PIPE and NEVER are.
//
// A kernel gives the lowest free descriptor. So that this can be checked, the process keeps none
// free below a number `base`, and everything from there up is the program's: slot 0 is `base`, slot
// 1 the next.
//
//     Descriptors descriptors;
//     Trouble trouble = descriptors.Open();
//     int raw = descriptors.Raw(call.fd);
//
// The table of descriptors that this happens in is the calling thread's own (unshare(CLONE_FILES),
// which does nothing in a process with one thread), so that what other threads open does not take
// slots. What this thread opens for itself, it opens before Open(), or closes again before the next
// call: Renew() closes every slot.
#ifndef SOCKSPEC_SUT_DESCRIPTORS_H_
#define SOCKSPEC_SUT_DESCRIPTORS_H_

#include <sys/resource.h>

#include <cstdint>
#include <string>
#include <vector>

#include "model/program/call.h"
#include "sut/kernel.h"

namespace sockspec {

// What one program can fill: kMaxHandles creators, and room to see a kernel that leaves gaps.
inline constexpr int kSlots = kMaxHandles + 8;

// What the calling thread's table holds, read from /proc; empty where /proc does not show it.
std::vector<int> OpenDescriptors();

class Descriptors {
 public:
  Descriptors() = default;
  ~Descriptors();
  Descriptors(const Descriptors&) = delete;
  Descriptors& operator=(const Descriptors&) = delete;

  // From now on libc's close() is asked to close each slot, for who listens to that, before all are closed at once.
  void CloseOneByOne() { one_by_one_ = true; }

  // Once. Trouble where the limit on open files leaves no room (base + 43; 50 or so), or where no
  // file can be made.
  Trouble Open();

  // Closes every slot, forgets all handles, mends FILE and PIPE where the program closed or changed
  // them, and lets the program hold `limit` descriptors at once (RLIMIT_NOFILE, which belongs to
  // the whole process; 0: as many as the process may).
  Trouble Renew(int limit);

  // The number for a descriptor of a program: -1 for a handle without one, and NEVER's has never
  // been open. A handle keeps its number after close(), so that it may name a later descriptor, as
  // in C.
  int Raw(Descriptor descriptor) const { return raw_[descriptor.code]; }

  void Name(int handle, int raw) {
    raw_[handle] = raw;
    if (raw >= base_ + kSlots) [[unlikely]] strays_.push_back(raw);
  }
  int SlotOf(int raw) const { return raw - base_; }
  int NumberOf(int slot) const { return base_ + slot; }

  // Opens a file for reading at a number that no program is given, one of kMaxThreads; what was there before is
  // closed. -1 and an errno where it cannot be opened.
  int OpenAside(int number, const std::string& path);

  // To be told of calls on FILE and PIPE, and on what else is no socket, that may close or change
  // them.
  void MayHaveChanged() { mend_ = true; }

 private:
  void CloseSlots();
  Trouble SetLimit(rlim_t soft);
  Trouble PlaceFileAndPipe();

  int base_ = 0;
  int raw_[256];
  bool mend_ = false;
  bool one_by_one_ = false;
  int file_ = -1;  // FILE and PIPE are copies of these three, below base_
  int pipe_read_ = -1;
  int pipe_write_ = -1;     // open, so that reading from PIPE waits and does not end
  std::vector<int> plugs_;  // copies of file_, in what was free below base_
  int aside_ = 0;           // kMaxThreads more of them, from here up to base_, and what takes their place
  std::vector<int> strays_;  // named by the program, and above the slots
  rlim_t found_limit_ = 0;  // RLIMIT_NOFILE as Open() found it
  rlim_t usual_limit_ = 0;  // and as programs without a limit of their own have it
  rlim_t limit_ = 0;        // now
};

}  // namespace sockspec

#endif  // SOCKSPEC_SUT_DESCRIPTORS_H_
