// How the value of an option lies in memory (model/program/options.h): written for setsockopt(), read after
// getsockopt().
#ifndef SOCKSPEC_SUT_OPTION_VALUES_H_
#define SOCKSPEC_SUT_OPTION_VALUES_H_

#include <cstdint>

#include "model/program/call.h"
#include "model/program/reply.h"

namespace sockspec {

// The value of setsockopt(), 16 bytes of it.
void WriteOption(const Call& call, int32_t* to);

// What the first `size` bytes of an option's value say.
void ReadOptionValue(const Call& call, const unsigned char* bytes, int size, Reply* reply);

}  // namespace sockspec

#endif  // SOCKSPEC_SUT_OPTION_VALUES_H_
