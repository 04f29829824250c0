// Mutation and crossover of programs, for libFuzzer: what an engine that sees bytes cannot do,
// since a byte more or less makes another program of all that follows.
//
//     Mutate(program, random, generator);
//     Program child = Cross(mother, father, random);
//
// Every result is a program that the text form can say (Mend()), and none is empty.
#ifndef SOCKSPEC_FUZZ_MUTATE_H_
#define SOCKSPEC_FUZZ_MUTATE_H_

#include "fuzz/generate.h"
#include "model/program/program.h"
#include "model/program/random.h"

namespace sockspec {

// Changes `program` a little: a call more, less, twice, elsewhere or with another argument, another
// handle or port, a piece of a scenario, another environment. Of at most kMaxCalls calls.
void Mutate(Program& program, Random& random, Generator& generator);

// A beginning of one and an end of the other. Handles that the end uses and does not make become
// handles that the beginning made, where there are any.
Program Cross(const Program& first, const Program& second, Random& random);

// `program` in one thread, up to the first call that may block, or that the model cannot follow: what is left has
// one run like the other and takes no time. Empty where that is the first call.
Program Followable(const Program& program, Oracle& oracle);

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_MUTATE_H_
