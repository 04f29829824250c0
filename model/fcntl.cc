// fcntl(): the flags of the description and of the descriptor, and duplicates.

#include <errno.h>
#include <fcntl.h>

#include "model/tables.h"

namespace sockspec {
namespace {

bool Command(const Scene& s, int command) { return s.has_socket() && s.call.command == command; }
bool GetsStatus(const Scene& s) { return Command(s, F_GETFL); }
bool SetsStatus(const Scene& s) {
  // The access mode is ignored; other status flags are not modelled.
  return Command(s, F_SETFL) && (s.call.value & ~(O_NONBLOCK | O_ACCMODE)) == 0;
}
// Of FILE and PIPE themselves nothing is said: they are the harness's.
bool OnSlot(const Scene& s, int command) { return s.slot >= 0 && s.call.command == command; }
bool GetsDescriptor(const Scene& s) { return OnSlot(s, F_GETFD); }
bool SetsDescriptor(const Scene& s) { return OnSlot(s, F_SETFD); }

bool Duplicates(const Scene& s) {
  return s.opens != Opens::kNothing && (s.call.command == F_DUPFD || s.call.command == F_DUPFD_CLOEXEC);
}
// The number that a duplicate is to have at least counts slots. Beyond those of a program lie the numbers that
// the process may have, up to its limit, which is the harness's secret.
constexpr int kCertainlyBeyond = 1 << 30;
int Slots(const Scene& s) { return s.world.nofile == 0 ? kMaxHandles : s.world.nofile; }
bool LowestOutOfRange(const Scene& s) {
  const bool beyond = s.call.value >= kCertainlyBeyond ||
                      (s.world.nofile != 0 && s.call.value >= s.world.nofile && s.call.value < kMaxHandles);
  return Duplicates(s) && (s.call.value < 0 || beyond);
}
bool LowestWanted(const Scene& s) { return Duplicates(s) && s.call.value >= 0 && s.call.value < Slots(s); }
// Where nothing limits the process, it is the world that is full.
bool NoDescriptorLeft(const Scene& s) {
  return LowestWanted(s) && s.world.nofile != 0 && s.LowestSlot(s.call.value) == kNone;
}

void TellStatus(Scene& s) { s.reply.value = O_RDWR | (s.me().nonblocking ? O_NONBLOCK : 0); }
void SetStatus(Scene& s) { s.me().nonblocking = (s.call.value & O_NONBLOCK) != 0; }
void SetDescriptor(Scene& s) {
  s.world.slots[s.slot].close_on_exec = (s.call.value & FD_CLOEXEC) != 0;
}
void Duplicate(Scene& s) { s.MakeDescriptor(s.Same(s.call.command == F_DUPFD_CLOEXEC), s.call.value); }
void TellDescriptor(Scene& s) {
  s.reply.value = s.world.slots[s.slot].close_on_exec ? FD_CLOEXEC : 0;
}

// clang-format off
constexpr Clause kFcntl[] = {
    {.id = "fcntl.get_status", .when = GetsStatus, .then = TellStatus,
     .cites = "POSIX fcntl() F_GETFL; fcntl(2)",
     .says = "Read and write, and O_NONBLOCK as the description has it."},
    {.id = "fcntl.set_status", .when = SetsStatus, .then = SetStatus,
     .cites = "POSIX fcntl() F_SETFL; fcntl(2)",
     .says = "O_NONBLOCK changes for every descriptor of the socket."},
    {.id = "fcntl.get_descriptor", .when = GetsDescriptor, .then = TellDescriptor,
     .cites = "POSIX fcntl() F_GETFD; fcntl(2)",
     .says = "FD_CLOEXEC, which each descriptor has for itself."},
    {.id = "fcntl.set_descriptor", .when = SetsDescriptor, .then = SetDescriptor,
     .cites = "POSIX fcntl() F_SETFD; fcntl(2)",
     .says = "FD_CLOEXEC changes for this descriptor alone; other bits mean nothing."},
    {.id = "fcntl.lowest_out_of_range", .error = EINVAL, .when = LowestOutOfRange,
     .cites = "POSIX fcntl() EINVAL; fcntl(2) F_DUPFD; Linux f_dupfd()",
     .says = "The duplicate is to have a number that no descriptor may have."},
    {.id = "fcntl.no_descriptor_left", .error = EMFILE, .when = NoDescriptorLeft,
     .cites = "POSIX fcntl() EMFILE; fcntl(2) F_DUPFD; Linux alloc_fd()",
     .says = "No descriptor from the wanted one up is free."},
    {.id = "fcntl.duplicated", .when = LowestWanted, .then = Duplicate,
     .cites = "POSIX fcntl() F_DUPFD, F_DUPFD_CLOEXEC; fcntl(2)",
     .says = "The lowest free descriptor from the wanted one up leads to the same socket, with or without FD_CLOEXEC."},
};
// clang-format on

}  // namespace

std::span<const Clause> FcntlClauses() { return kFcntl; }

}  // namespace sockspec
