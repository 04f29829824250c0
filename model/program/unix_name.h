// The bytes of the names of unix sockets: what stands in sun_path. Paths are relative to the directory that
// the sandbox makes for a program.
//
//     UnixBytes(UnixName::Path(0)) == "U0\0", three bytes; the address that holds it is five bytes long
#ifndef SOCKSPEC_MODEL_PROGRAM_UNIX_NAME_H_
#define SOCKSPEC_MODEL_PROGRAM_UNIX_NAME_H_

#include <cstdint>
#include <string_view>

#include "model/program/call.h"

namespace sockspec {

inline constexpr int32_t kUnixFamilyLength = 2;    // offsetof(struct sockaddr_un, sun_path)
inline constexpr int32_t kLongestUnix = 110;       // sizeof(struct sockaddr_un)
inline constexpr int32_t kChosenUnixLength = 8;    // of @E0: the family, a zero byte and five hexadecimal digits

struct UnixNameRow {
  UnixName name;
  std::string_view token;  // in the text form
  std::string_view bytes;  // of sun_path, with the terminating zero byte of a path
};

// What the sandbox's directory holds beside the sockets of programs.
inline constexpr std::string_view kUnixFile = "file";      // a regular file
inline constexpr std::string_view kUnixLoop = "loop";      // a symbolic link to itself
inline constexpr std::string_view kUnixLong = "long";      // a symbolic link to a name of 300 letters
inline constexpr std::string_view kUnixLocked = "locked";  // a directory with mode 0
inline constexpr std::string_view kUnixReadOnly = "ro";    // a mount point, read-only

#define SOCKSPEC_BYTES(literal) std::string_view(literal, sizeof(literal))      // with the zero byte
#define SOCKSPEC_ABSTRACT(literal) std::string_view(literal, sizeof(literal) - 1)  // without
inline constexpr UnixNameRow kUnixNames[] = {
    {kUnnamed, "UNNAMED", {}},
    {UnixName::Path(0), "U0", SOCKSPEC_BYTES("U0")},
    {UnixName::Path(1), "U1", SOCKSPEC_BYTES("U1")},
    {UnixName::Path(2), "U2", SOCKSPEC_BYTES("U2")},
    {UnixName::Path(3), "U3", SOCKSPEC_BYTES("U3")},
    {UnixName::Path(4), "U4", SOCKSPEC_BYTES("U4")},
    {UnixName::Path(5), "U5", SOCKSPEC_BYTES("U5")},
    {UnixName::Path(6), "U6", SOCKSPEC_BYTES("U6")},
    {UnixName::Path(7), "U7", SOCKSPEC_BYTES("U7")},
    {UnixName::Abstract(0), "@A0", SOCKSPEC_ABSTRACT("\0A0")},
    {UnixName::Abstract(1), "@A1", SOCKSPEC_ABSTRACT("\0A1")},
    {UnixName::Abstract(2), "@A2", SOCKSPEC_ABSTRACT("\0A2")},
    {UnixName::Abstract(3), "@A3", SOCKSPEC_ABSTRACT("\0A3")},
    {UnixName::Abstract(4), "@A4", SOCKSPEC_ABSTRACT("\0A4")},
    {UnixName::Abstract(5), "@A5", SOCKSPEC_ABSTRACT("\0A5")},
    {UnixName::Abstract(6), "@A6", SOCKSPEC_ABSTRACT("\0A6")},
    {UnixName::Abstract(7), "@A7", SOCKSPEC_ABSTRACT("\0A7")},
    {kMissingDir, "MISSING_DIR", SOCKSPEC_BYTES("missing/U0")},
    {kNotADir, "NOT_A_DIR", SOCKSPEC_BYTES("file/U0")},
    {kLinkLoop, "LINK_LOOP", SOCKSPEC_BYTES("loop")},
    {kLongName, "LONG_NAME", SOCKSPEC_BYTES("long")},
    {kLockedDir, "LOCKED_DIR", SOCKSPEC_BYTES("locked/U0")},
    {kReadOnlyDir, "READ_ONLY", SOCKSPEC_BYTES("ro/U0")},
    {kRegularFile, "REGULAR", SOCKSPEC_BYTES("file")},
};
#undef SOCKSPEC_BYTES
#undef SOCKSPEC_ABSTRACT

constexpr const UnixNameRow* FindUnixName(UnixName name) {
  for (const UnixNameRow& row : kUnixNames) {
    if (row.name == name) return &row;
  }
  return nullptr;  // @E names have no bytes of their own, OTHER has none
}

// The length in bytes of the whole address: what addrlen is where the text leaves it out.
constexpr int32_t ExactLength(UnixName name) {
  if (name.IsChosen()) return kChosenUnixLength;
  const UnixNameRow* row = FindUnixName(name);
  return kUnixFamilyLength + (row == nullptr ? 0 : static_cast<int32_t>(row->bytes.size()));
}
constexpr int32_t ExactLength(const Address& address) {
  if (address.host == Host::kUnix) return ExactLength(address.name);
  return IsIpv6(address.host) ? kExactLength6 : kExactLength;
}

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_PROGRAM_UNIX_NAME_H_
