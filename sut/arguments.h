// What a call's arguments are in memory, and what it wrote through them: for every kernel whose structures are laid out
// as Linux's. It makes no calls.
//
//     names.Write(...), AddressOut(call, memory)       before the call
//     Received(call, memory, value, errno, …)          after it
#ifndef SOCKSPEC_SUT_ARGUMENTS_H_
#define SOCKSPEC_SUT_ARGUMENTS_H_

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>

#include "model/program/call.h"
#include "model/program/options.h"
#include "model/program/reply.h"
#include "sut/kernel.h"
#include "sut/memory.h"
#include "sut/names.h"
#include "sut/option_values.h"
#include "sut/streams.h"

namespace sockspec {

inline const sockaddr* AddressIn(const Call& call, Names& names, Memory& memory) {
  names.Write(call.address, &memory.address_in);
  return Choose(call.pointer, &memory.address_in.any);
}

inline sockaddr* AddressOut(const Call& call, Memory& memory) {
  memory.address_out.Prepare(call.length);
  return Choose(call.pointer, reinterpret_cast<sockaddr*>(memory.address_out.bytes));
}

// The bytes that a stream sends next; nullptr: what sends is no socket.
inline const unsigned char* ToSend(const Call& call, const Stream* stream) {
  return Choose(call.buffer, Streams::BytesFrom(stream == nullptr ? 0 : stream->position));
}

// `call.size` bytes spread over `call.pieces` iovecs, evenly, the earlier ones first. Where they
// begin nowhere good, all of them do.
inline iovec* Pieces(const Call& call, const unsigned char* bytes, Memory& memory) {
  auto* at = const_cast<unsigned char*>(bytes);
  const size_t pieces = std::clamp(call.pieces, 0, kMaxPieces);
  for (size_t i = 0; i < pieces; ++i) {
    const size_t size = SizeOf(call) / pieces + (i < SizeOf(call) % pieces ? 1 : 0);
    memory.pieces[i] = {.iov_base = at, .iov_len = size};
    if (call.buffer == Pointer::kValid) at += size;
  }
  return memory.pieces;
}

// What the call wrote into the buffer, as bytes of a sender's stream. `of_stream()`: whether what it was made on has one.
template <typename OfStream>
Reply Received(const Call& call, Memory& memory, int value, int error, OfStream of_stream) {
  unsigned char* const data = memory.data;
  Reply reply = Answer(value, error);
  const uint32_t said = std::min<uint32_t>(static_cast<uint32_t>(reply.value), static_cast<uint32_t>(SizeOf(call)));
  uint32_t size = said;
  if (data[said] != kDataPoison) [[unlikely]] {
    // It wrote more than it said.
    size = static_cast<uint32_t>(std::find(data + said, std::end(memory.data), kDataPoison) - data);
  } else if (said == 0 || (data[0] == kDataPoison && (call.flags & MSG_TRUNC))) {
    return reply;
  }
  if (of_stream()) {
    reply.wrote |= kWroteData;
    reply.data = Streams::Recognize(data, size);
  }
  memset(data, kDataPoison, reply.data.garbled ? sizeof memory.data : size);
  return reply;
}

// What getsockopt() wrote as value and as length, where that is not what is usual.
inline void ReadOption(const Call& call, const Memory& memory, Reply* reply) {
  const bool success = reply->error == 0;
  const bool has_length = call.length_pointer == Pointer::kValid;
  const int length = static_cast<int>(memory.option_out.length);
  if (has_length && length != (success ? OptionSize(call.level, call.option) : call.length)) {
    reply->wrote |= kWroteLength;
    reply->option_length = length;
  }
  if (call.pointer != Pointer::kValid) return;
  // A length that is negative is a very long one where the kernel takes it at all.
  const int32_t given = call.length < 0 ? INT32_MAX : call.length;
  int size = success && has_length ? memory.option_out.Said(given) : 0;
  if (const int touched = memory.option_out.TouchedUpTo(size); touched != 0) {
    if (success) {
      reply->wrote |= kWroteLength;
      reply->option_length = touched;
    }
    size = touched;
  }
  if (size > 0) ReadOptionValue(call, memory.option_out.bytes, size, reply);
}

}  // namespace sockspec

#endif  // SOCKSPEC_SUT_ARGUMENTS_H_
