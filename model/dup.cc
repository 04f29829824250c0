// dup(), dup2(), dup3(): a second descriptor for the same open file description. fcntl(F_DUPFD) is in fcntl.cc.

#include <errno.h>
#include <fcntl.h>

#include "model/tables.h"

namespace sockspec {
namespace {

bool NoDescriptorLeft(const Scene& s) { return s.opens != Opens::kNothing && NoFreeSlot(s); }
bool IsOpen(const Scene& s) { return s.opens != Opens::kNothing; }

void Share(Scene& s) { s.MakeDescriptor(s.Same()); }

// What dup2() is to make a descriptor of: a number, which nothing need be open at. kNone: -1.
uint8_t Target(const Scene& s) {
  return s.call.fd2.IsHandle() ? s.world.handles[s.call.fd2.handle()] : kNone;
}
// The number that the call's descriptor has, open or not; kNone: -1.
uint8_t Number(const Scene& s) {
  return s.call.fd.IsHandle() ? s.world.handles[s.call.fd.handle()] : kNone;
}
bool IsSame(const Scene& s) {
  // FILE, PIPE and NEVER are never the target.
  return (s.call.fd.IsHandle() || s.call.fd == kMinusOne) && Number(s) == Target(s);
}
bool FlagsUnknown(const Scene& s) { return (s.call.flags & ~O_CLOEXEC) != 0; }
bool TargetOutOfRange(const Scene& s) { return Target(s) == kNone; }
bool Places(const Scene& s) { return IsOpen(s) && Target(s) != kNone; }
bool Stays(const Scene& s) { return Places(s) && IsSame(s); }
Opens OpensThere(const Scene& s) { return s.world.slots[Target(s)].opens; }
bool IsReserved(const Scene& s) { return Places(s) && OpensThere(s) == Opens::kReserved; }
bool Replaces(const Scene& s) { return Places(s) && OpensThere(s) != Opens::kNothing; }

void Tell(Scene& s) { s.reply.value = Target(s); }
void Place(Scene& s) {
  Tell(s);
  s.world.slots[Target(s)] = s.Same(s.call.op == Op::kDup3 && (s.call.flags & O_CLOEXEC) != 0);
}
// do_dup2(): the new file is in its place when the old one is closed, so another descriptor of the same socket
// keeps it alive; what close() would say of it nobody is told.
void Replace(Scene& s) {
  CloseDescriptor(s, s.call.fd2);
  Place(s);
}

// clang-format off
constexpr Clause kDup[] = {
    {.id = "dup.no_descriptor_left", .error = EMFILE, .when = NoDescriptorLeft,
     .cites = "POSIX dup() EMFILE; dup(2)",
     .says = "The process has as many descriptors open as it may."},
    {.id = "dup.shared", .when = IsOpen, .then = Share,
     .cites = "POSIX dup(): \"the same open file description\", the lowest descriptor",
     .says = "The lowest free descriptor leads to the same socket, with its O_NONBLOCK."},
};

constexpr Clause kDup3First[] = {
    {.id = "dup3.flags_unknown", .error = EINVAL, .when = FlagsUnknown,
     .cites = "POSIX.1-2024 dup3() EINVAL; dup(2); Linux ksys_dup3()",
     .says = "The flags are other than O_CLOEXEC."},
    {.id = "dup3.same", .error = EINVAL, .when = IsSame,
     .cites = "POSIX.1-2024 dup3() EINVAL; dup(2); Linux ksys_dup3(), whether it is open or not",
     .says = "Old and new descriptor are the same."},
};

constexpr Clause kDup2[] = {
    {.id = "dup2.out_of_range", .error = EBADF, .when = TargetOutOfRange,
     .cites = "POSIX dup2() EBADF; dup(2); Linux ksys_dup3()",
     .says = "The new descriptor is no number that a descriptor may have."},
    {.id = "dup2.same", .when = Stays, .then = Tell,
     .cites = "POSIX dup2(): \"without closing it\"; dup(2)",
     .says = "Old and new descriptor are the same, and open: nothing happens."},
    {.id = "dup2.reserved", .error = EBUSY, .when = IsReserved,
     .on = kLinux, .cites = "dup(2) EBUSY; Linux do_dup2() on a number without a file",
     .says = "An accept() that waits has taken the new descriptor's number."},
    {.id = "dup2.replaced", .when = Replaces, .then = Replace,
     .cites = "POSIX dup2(): closed first; Linux do_dup2(), filp_close()",
     .says = "What the new descriptor led to is closed as by close(), and it leads to the same socket as the old one."},
    {.id = "dup2.placed", .when = Places, .then = Place,
     .cites = "POSIX dup2(); dup(2)",
     .says = "The new descriptor, which was not open, leads to the same socket; FD_CLOEXEC is as dup3() asks for."},
};
// clang-format on

}  // namespace

std::span<const Clause> DupClauses() { return kDup; }
std::span<const Clause> Dup3FirstClauses() { return kDup3First; }
std::span<const Clause> Dup2Clauses() { return kDup2; }

}  // namespace sockspec
