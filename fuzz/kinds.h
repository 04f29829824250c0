// Which kinds of socket a program makes.
#ifndef SOCKSPEC_FUZZ_KINDS_H_
#define SOCKSPEC_FUZZ_KINDS_H_

#include "model/clause.h"
#include "model/program/call.h"

namespace sockspec {

// The kind that socket() or socketpair() makes here where it succeeds; kNoSocket of what makes none (an unknown
// type) and of every other call.
KindSet KindMade(const Call& call);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_KINDS_H_
