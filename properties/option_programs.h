// Programs that walk through the table of options: for every option of every level and every kind of socket,
// what it is from the start, every value worth trying and what comes back of it, every length and pointer, where
// in its life the socket may be, and what a connection has of its listener.
#ifndef SOCKSPEC_PROPERTIES_OPTION_PROGRAMS_H_
#define SOCKSPEC_PROPERTIES_OPTION_PROGRAMS_H_

#include <functional>
#include <span>
#include <string_view>

#include "model/profile.h"
#include "model/program/program.h"

namespace sockspec {

// A kind of socket, and the program that leads it through its life.
struct OptionSubject {
  std::string_view name;  // "tcp over ipv4"
  std::string_view life;  // s0 is made first; s1 and s2 are the two ends of a connection, where there is one
  bool connects = false;
};
std::span<const OptionSubject> OptionSubjects();

// Calls `visit` with each program about `subject`.
void ForEachOptionProgram(const Profile& profile, const OptionSubject& subject,
                          const std::function<void(const Program&)>& visit);

}  // namespace sockspec

#endif  // SOCKSPEC_PROPERTIES_OPTION_PROGRAMS_H_
