// Changing the arguments of one call: simpler ones for a minimizer, other ones for a mutator, any
// ones for a generator. All of it follows from the declarations. Handles are left alone, since only
// a whole program knows which there are.
#ifndef SOCKSPEC_MODEL_PROGRAM_EDIT_H_
#define SOCKSPEC_MODEL_PROGRAM_EDIT_H_

#include <cstdint>
#include <vector>

#include "model/program/call.h"
#include "model/program/random.h"

namespace sockspec {

// How far `call` is from the simplest call of its kind; 0: it is that one. A sum over its
// arguments, of the place among the declared choices, or of the size of a number.
uint64_t Complexity(const Call& call);

// Calls like `call` with one argument made simpler, the simplest first: an earlier choice, a good
// pointer, the exact length, the family of the host, 127.0.0.1, [::1], P0, U0, a clean tail, fewer flags, a
// smaller number; no address at all where a call may do without. An address keeps its layout.
// Each has a smaller Complexity(), so taking one after the other comes to an end. `call` is one
// that Mend() leaves alone, and so are those that are given back.
std::vector<Call> Simpler(const Call& call);

// Gives one argument another value, which may be an odd one. A call whose only argument is a
// descriptor stays as it is.
void MutateArgument(Call& call, Random& random);

// A call with all arguments but handles filled in: every descriptor is kMinusOne, Call::made and made2 are
// kNoHandle.
// Mostly what works as a rule; about one argument in thirty is odd: a bad pointer, a wrong length
// or family, an address that is not ours, a number from anywhere.
Call RandomArguments(Op op, Random& random);

// As RandomArguments(), for an address alone.
Address RandomAddress(Random& random);

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_PROGRAM_EDIT_H_
