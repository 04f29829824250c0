// Calls that the harness makes for itself, straight to the kernel: a preloaded library is there for the programs'
// calls, and what it does to these would only break the sandbox. As libc's: -1 and errno.
#ifndef SOCKSPEC_SUT_OWN_CALLS_H_
#define SOCKSPEC_SUT_OWN_CALLS_H_

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstddef>

namespace sockspec::own {

inline int Open(const char* path, int flags) {
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, 0));
}
inline int OpenAt(int directory, const char* path, int flags, mode_t mode) {
  return static_cast<int>(syscall(SYS_openat, directory, path, flags, mode));
}
inline int MakeMemoryFile(const char* name, unsigned flags) {
  return static_cast<int>(syscall(SYS_memfd_create, name, flags));
}
inline int Pipe(int ends[2], int flags) { return static_cast<int>(syscall(SYS_pipe2, ends, flags)); }
inline int Fcntl(int fd, int command, int argument) {
  return static_cast<int>(syscall(SYS_fcntl, fd, command, argument));
}
// `from` and `to` differ.
inline int Dup2(int from, int to) { return static_cast<int>(syscall(SYS_dup3, from, to, 0)); }
inline ssize_t Read(int fd, void* to, size_t size) { return syscall(SYS_read, fd, to, size); }
inline ssize_t ReadAt(int fd, void* to, size_t size, off_t at) { return syscall(SYS_pread64, fd, to, size, at); }
inline ssize_t Write(int fd, const void* from, size_t size) { return syscall(SYS_write, fd, from, size); }
inline int Close(int fd) { return static_cast<int>(syscall(SYS_close, fd)); }
// Both included.
inline int CloseRange(unsigned first, unsigned last, unsigned flags) {
  return static_cast<int>(syscall(SYS_close_range, first, last, flags));
}

inline int Socket(int domain, int type, int protocol) {
  return static_cast<int>(syscall(SYS_socket, domain, type, protocol));
}
inline int Bind(int fd, const sockaddr* address, socklen_t length) {
  return static_cast<int>(syscall(SYS_bind, fd, address, length));
}
inline int Getsockname(int fd, sockaddr* address, socklen_t* length) {
  return static_cast<int>(syscall(SYS_getsockname, fd, address, length));
}
inline ssize_t Send(int fd, const void* from, size_t size, int flags) {
  return syscall(SYS_sendto, fd, from, size, flags, nullptr, 0);
}
inline ssize_t Recv(int fd, void* to, size_t size, int flags) {
  return syscall(SYS_recvfrom, fd, to, size, flags, nullptr, nullptr);
}
inline int Ioctl(int fd, unsigned long request, void* argument) {
  return static_cast<int>(syscall(SYS_ioctl, fd, request, argument));
}

}  // namespace sockspec::own

#endif  // SOCKSPEC_SUT_OWN_CALLS_H_
