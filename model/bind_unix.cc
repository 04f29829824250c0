// bind() of unix sockets: a path, an abstract name, or on Linux a name of the kernel's choice.

#include <errno.h>
#include <sys/socket.h>

#include "model/program/unix_name.h"
#include "model/tables.h"
#include "model/unix_network.h"

namespace sockspec {
namespace {

bool LengthInvalid(const Scene& s) {
  return s.call.length <= kUnixFamilyLength || s.call.length > kLongestUnix;
}
bool NamesNothing(const Scene& s) {
  return s.call.length == kUnixFamilyLength && s.call.address.family == AF_UNIX;
}
bool NamesNothingAgain(const Scene& s) { return NamesNothing(s) && HasName(s.me()); }
bool WrongFamily(const Scene& s) { return !LengthInvalid(s) && s.call.address.family != AF_UNIX; }
bool NamesSomething(const Scene& s) { return !LengthInvalid(s) && !WrongFamily(s) && NameGiven(s.call).known; }
bool NamesPath(const Scene& s) { return NamesSomething(s) && IsPath(s.call.address.name); }
bool NamesAbstract(const Scene& s) { return NamesSomething(s) && !IsPath(s.call.address.name); }

bool To(const Scene& s, Place place) {
  return NamesPath(s) && PlaceFor(s.world, s.call.address.name) == place;
}
bool DirectoryMissing(const Scene& s) { return To(s, Place::kNowhere); }
bool DirectoryIsFile(const Scene& s) { return To(s, Place::kThroughFile); }
bool DirectoryLocked(const Scene& s) { return To(s, Place::kThroughLock); }
bool FileSystemReadOnly(const Scene& s) { return To(s, Place::kReadOnly); }
bool PathTaken(const Scene& s) { return To(s, Place::kTaken); }
bool PathFree(const Scene& s) { return To(s, Place::kFree); }
bool AlreadyNamed(const Scene& s) { return NamesSomething(s) && HasName(s.me()); }
bool NameTaken(const Scene& s) {
  return NamesAbstract(s) && AbstractTaken(s.world, s.me().kind, NameGiven(s.call).name);
}
bool AlreadyConnected(const Scene& s) { return NamesPath(s) && s.me().tcp == Tcp::kEstablished; }
bool ShutDown(const Scene& s) { return NamesPath(s) && s.me().user_shut != 0; }

void NameByKernel(Scene& s) { Autobind(s.world, s.index); }
void Name(Scene& s) { GiveName(s.world, s.index, NameGiven(s.call).name); }
void LeaveOpen(Scene& s) { MakeUnspecified(s.world, s.index); }

// clang-format off
constexpr Clause kBindUnix[] = {
    {.id = "unix_bind.autobind_again", .when = NamesNothingAgain,
     .on = kLinux, .cites = "Linux unix_autobind(): \"if (u->addr) goto out\"",
     .says = "The socket has a name already, and keeps it."},
    {.id = "unix_bind.autobind", .when = NamesNothing, .then = NameByKernel,
     .on = kLinux, .cites = "unix(7) \"Autobind feature\"; Linux unix_autobind()",
     .says = "No name is given: the socket gets an abstract one of five hexadecimal digits."},
    {.id = "unix_bind.length_invalid", .error = EINVAL, .when = LengthInvalid,
     .on = kLinux, .cites = "unix(7); Linux unix_validate_addr()",
     .says = "The address is too short to hold a name, or longer than struct sockaddr_un."},
    {.id = "unix_bind.length_undefined", .when = LengthInvalid, .then = LeaveOpen,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX bind(): EINVAL for a wrong length is optional, and what else happens is not said",
     .says = "The length is none of an address with a path."},
    {.id = "unix_bind.wrong_family", .error = EINVAL, .when = WrongFamily,
     .on = kLinux, .cites = "Linux unix_validate_addr()",
     .says = "The address is of another family than the socket."},
    {.id = "unix_bind.family_unsupported", .error = EAFNOSUPPORT, .when = WrongFamily,
     .on = kPosix, .cites = "POSIX bind() EAFNOSUPPORT",
     .says = "The address is of another family than the socket."},
    {.id = "unix_bind.abstract_unspecified", .when = NamesAbstract, .then = LeaveOpen,
     .on = kPosix, .strength = Strength::kUnspecified,
     .cites = "POSIX <sys/un.h>: sun_path is a pathname; abstract names are Linux's",
     .says = "The name begins with a zero byte: POSIX says nothing."},
    {.id = "unix_bind.directory_missing", .error = ENOENT, .when = DirectoryMissing,
     .cites = "POSIX bind() ENOENT; Linux kern_path_create()",
     .says = "A directory of the path does not exist."},
    {.id = "unix_bind.directory_is_file", .error = ENOTDIR, .when = DirectoryIsFile,
     .cites = "POSIX bind() ENOTDIR; Linux kern_path_create()",
     .says = "What should be a directory of the path is a file."},
    {.id = "unix_bind.directory_locked", .error = EACCES, .when = DirectoryLocked,
     .cites = "POSIX bind() EACCES; unix(7) on pathname socket permissions",
     .says = "The process may not search a directory of the path."},
    {.id = "unix_bind.file_system_read_only", .error = EROFS, .when = FileSystemReadOnly,
     .cites = "POSIX bind() EROFS; Linux filename_create()",
     .says = "The name would lie on a file system that is read-only."},
    {.id = "unix_bind.path_taken", .error = EADDRINUSE, .when = PathTaken,
     .cites = "POSIX bind() EADDRINUSE, also for a symbolic link; Linux unix_bind_bsd() on EEXIST, before it looks "
              "whether the socket is bound",
     .says = "The path exists, whatever it is: a socket that is gone leaves it behind."},
    {.id = "unix_bind.twice", .error = EINVAL, .when = AlreadyNamed,
     .cites = "POSIX bind() EINVAL; Linux unix_bind_bsd(), unix_bind_abstract(); the path is removed again",
     .says = "The socket has a name already."},
    {.id = "unix_bind.shut_down", .error = EINVAL, .when = ShutDown,
     .on = kPosix, .cites = "POSIX bind() EINVAL: \"or the socket has been shut down\"",
     .says = "The socket has been shut down."},
    {.id = "unix_bind.connected", .error = EISCONN, .when = AlreadyConnected,
     .on = kPosix, .strength = Strength::kMay, .cites = "POSIX bind() EISCONN (may)",
     .says = "The socket is already connected."},
    {.id = "unix_bind.abstract_taken", .error = EADDRINUSE, .when = NameTaken,
     .on = kLinux, .cites = "unix(7); Linux unix_bind_abstract()",
     .says = "Another socket of the same type has the abstract name."},
    {.id = "unix_bind.path", .when = PathFree, .then = Name,
     .cites = "POSIX bind(); Linux unix_bind_bsd()",
     .says = "The path is made, and leads to the socket for as long as that lives."},
    {.id = "unix_bind.abstract", .when = NamesAbstract, .then = Name,
     .on = kLinux, .cites = "unix(7) \"Abstract sockets\": every byte counts; Linux unix_bind_abstract()",
     .says = "The socket gets the abstract name, as many bytes of it as were given."},
};
// clang-format on

}  // namespace

std::span<const Clause> BindUnixClauses() { return kBindUnix; }

}  // namespace sockspec
