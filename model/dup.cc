// dup(): a second descriptor for the same socket.

#include <errno.h>

#include "model/tables.h"

namespace sockspec {
namespace {

bool NoDescriptorLeft(const Scene& s) { return s.opens != Opens::kNothing && NoFreeSlot(s); }
bool IsOpen(const Scene& s) { return s.opens != Opens::kNothing; }

void Share(Scene& s) { s.MakeDescriptor({s.opens, s.index, false}); }

// clang-format off
constexpr Clause kDup[] = {
    {.id = "dup.no_descriptor_left", .error = EMFILE, .when = NoDescriptorLeft,
     .cites = "POSIX dup() EMFILE; dup(2)",
     .says = "The process has as many descriptors open as it may."},
    {.id = "dup.shared", .when = IsOpen, .then = Share,
     .cites = "POSIX dup(): \"the same open file description\", the lowest descriptor",
     .says = "The lowest free descriptor leads to the same socket, with its O_NONBLOCK."},
};
// clang-format on

}  // namespace

std::span<const Clause> DupClauses() { return kDup; }

}  // namespace sockspec
