// The examples: programs by hand, in model/examples/, that show every clause at work. Each says
// what every call gives and which clause decides it.
//
//     linux/            so it is on Linux, on every run
//     linux-sometimes/  so it may be on Linux, by a clause that allows a second reply
//     linux-6.18/ …     so it is on this version and not on every one
//     linux-selinux/    so it is where SELinux is in force
//     posix/            so it may be by POSIX
#ifndef SOCKSPEC_PROPERTIES_EXAMPLES_H_
#define SOCKSPEC_PROPERTIES_EXAMPLES_H_

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "model/clause.h"
#include "model/profile.h"
#include "model/program/program.h"

namespace sockspec {

// Where the examples stand, each with the profile that they are written for.
struct ExampleDirectory {
  std::string_view name;     // "linux-6.1"
  std::string_view profile;  // for ResolveProfile(); "linux": right in every version
};
inline constexpr ExampleDirectory kExampleDirectories[] = {
    {"linux", "linux"},
    {"linux-sometimes", "linux"},
    {"linux-6.1", "linux-6.1"},
    {"linux-6.18", "linux-6.18"},
    {"linux-selinux", "linux-6.18+selinux"},
    {"posix", "posix"},
};

// For test parameters.
inline std::ostream& operator<<(std::ostream& out, const ExampleDirectory& directory) {
  return out << directory.name;
}
inline std::ostream& operator<<(std::ostream& out, const Profile& profile) {
  return out << profile.name();
}

struct Example {
  std::string name;  // "linux/accept-blocks"
  Transcript transcript;
};

// Those of one directory, by name. Stops the program where one cannot be read, or where there is
// none.
std::vector<Example> ReadExamples(std::string_view directory);

// Those of all directories.
std::vector<Example> AllExamples();

// The profiles that clauses are written for: every one that kKnownLinux and POSIX name.
std::vector<Profile> EveryProfile();
Profile ProfileNamed(std::string_view name);

// Reads a program, and stops the program where it is none.
Transcript MustParse(std::string_view text, std::string_view name = "test");

// A call that a clause decided, when a transcript was followed on the model alone.
struct Decided {
  const Clause* clause = nullptr;  // nullptr: none did, since the socket is unspecified
  int index = 0;                   // of the call
};

// What the model alone makes of a transcript.
struct Prediction {
  std::vector<Decided> decided;
  std::string problem;  // not empty: the first call that is not as it is said, and why
};

// Every reply that is said has to be allowed, by the clause that is said. Where nothing is said,
// the most usual reply is taken.
Prediction Predict(const Transcript& transcript, const Profile& profile);

// Which clauses of `profile` decide in a transcript that was written for another one: its replies
// are followed as far as they can be, whatever clauses it names.
std::vector<Decided> FollowElsewhere(const Transcript& transcript, const Profile& profile);

}  // namespace sockspec

#endif  // SOCKSPEC_PROPERTIES_EXAMPLES_H_
