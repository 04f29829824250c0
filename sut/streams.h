// The streams of a program: whose bytes they are that a descriptor sends, and how many it has sent
// (reply.h, Data). Every socket has one; the descriptors of one socket share it.
#ifndef SOCKSPEC_SUT_STREAMS_H_
#define SOCKSPEC_SUT_STREAMS_H_

#include <array>
#include <cstdint>

#include "model/program/call.h"
#include "model/program/reply.h"
#include "sut/descriptors.h"

namespace sockspec {

inline constexpr int kNoStream = -1;

struct Stream {
  uint32_t position = 0;    // bytes sent, modulo kPatternPeriod
  int names_before = 0;     // how many E names there were when the socket was made
  bool port_given = false;  // by accept(), or by the program in bind(): not of the kernel's choice
};

class Streams {
 public:
  // None: what descriptors there are, are no sockets.
  void Begin() {
    of_.fill(kNoStream);
    count_ = 0;
    passed_count_ = 0;
  }

  // A new one; kNoStream where there are too many.
  int New(const Stream& stream) {
    if (count_ == kMaxHandles) return kNoStream;
    streams_[count_] = stream;
    return count_++;
  }

  // The stream of the descriptor with this slot.
  int Of(int slot) const { return slot >= 0 && slot < kSlots ? of_[slot] : kNoStream; }
  void Set(int slot, int stream) {
    if (slot >= 0 && slot < kSlots) of_[slot] = static_cast<int8_t>(stream);
  }
  Stream* At(int stream) { return stream < 0 ? nullptr : &streams_[stream]; }
  const Stream* At(int stream) const { return stream < 0 ? nullptr : &streams_[stream]; }

  // A socket under way in an SCM_RIGHTS message is known again by its inode.
  void Pass(uint64_t inode, int stream) {
    if (passed_count_ == passed_.size()) return;
    passed_[passed_count_++] = {inode, stream};
  }
  int Passed(uint64_t inode) const {
    for (size_t i = 0; i < passed_count_; ++i) {
      if (passed_[i].inode == inode) return passed_[i].stream;
    }
    return kNoStream;
  }
  bool any_passed() const { return passed_count_ != 0; }

  // The bytes of a stream from `position` on, kMaxTransfer of them. Byte p of every stream is
  // p % kPatternPeriod, so any part of a stream lies in one pattern in one piece.
  static const unsigned char* BytesFrom(uint32_t position);

  // What `size` bytes that a receiving call wrote are of a stream. At least one; more than
  // kMaxTransfer are garbled.
  static Data Recognize(const unsigned char* bytes, uint32_t size);

 private:
  struct Passing {
    uint64_t inode = 0;
    int stream = kNoStream;
  };
  std::array<int8_t, kSlots> of_{};
  std::array<Stream, kMaxHandles> streams_{};
  int count_ = 0;
  std::array<Passing, kMaxCalls> passed_{};
  size_t passed_count_ = 0;
};

}  // namespace sockspec

#endif  // SOCKSPEC_SUT_STREAMS_H_
