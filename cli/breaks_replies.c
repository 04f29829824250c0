/*
 * A shim over libc's sockets that breaks a few replies on purpose: what a faulty stack looks like to
 * `sockspec --kernel=preload:./breaks_replies.so`.
 *
 *     cc -shared -fPIC -o breaks_replies.so breaks_replies.c
 *
 * SHIM_DIES=1 in the environment makes it crash in shutdown(), too. SHIM_REFUSES=1 makes it refuse calls on files that
 * no program of sockspec's makes but fcntl() and dup2(): sockspec's own do not come here.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/types.h>

/* A socket that cannot listen says EINVAL instead of EOPNOTSUPP. */
int listen(int fd, int backlog) {
  int (*next)(int, int) = (int (*)(int, int))dlsym(RTLD_NEXT, "listen");
  int value = next(fd, backlog);
  if (value < 0 && errno == EOPNOTSUPP) errno = EINVAL;
  return value;
}

/* The length of a name is one byte short. */
int getsockname(int fd, struct sockaddr* address, socklen_t* length) {
  int (*next)(int, struct sockaddr*, socklen_t*) =
      (int (*)(int, struct sockaddr*, socklen_t*))dlsym(RTLD_NEXT, "getsockname");
  int value = next(fd, address, length);
  if (value == 0) --*length;
  return value;
}

/* One byte less than there is. */
ssize_t recv(int fd, void* to, size_t size, int flags) {
  ssize_t (*next)(int, void*, size_t, int) =
      (ssize_t (*)(int, void*, size_t, int))dlsym(RTLD_NEXT, "recv");
  return next(fd, to, size > 1 ? size - 1 : size, flags);
}

int shutdown(int fd, int how) {
  int (*next)(int, int) = (int (*)(int, int))dlsym(RTLD_NEXT, "shutdown");
  if (getenv("SHIM_DIES") != NULL && next(fd, how) == 0) raise(SIGSEGV);
  return next(fd, how);
}

static int refused(void) {
  errno = EPERM;
  return -1;
}

static void* next_of(const char* name) { return getenv("SHIM_REFUSES") == NULL ? dlsym(RTLD_NEXT, name) : NULL; }

int fcntl(int fd, int command, ...) {
  int (*next)(int, int, ...) = (int (*)(int, int, ...))next_of("fcntl");
  va_list list;
  va_start(list, command);
  void* argument = va_arg(list, void*);
  va_end(list);
  return next == NULL ? refused() : next(fd, command, argument);
}

int dup2(int from, int to) {
  int (*next)(int, int) = (int (*)(int, int))next_of("dup2");
  return next == NULL ? refused() : next(from, to);
}

int open(const char* path, int flags, ...) {
  int (*next)(const char*, int, ...) = (int (*)(const char*, int, ...))next_of("open");
  va_list list;
  va_start(list, flags);
  int mode = va_arg(list, int);
  va_end(list);
  return next == NULL ? refused() : next(path, flags, mode);
}

int openat(int directory, const char* path, int flags, ...) {
  int (*next)(int, const char*, int, ...) = (int (*)(int, const char*, int, ...))next_of("openat");
  va_list list;
  va_start(list, flags);
  int mode = va_arg(list, int);
  va_end(list);
  return next == NULL ? refused() : next(directory, path, flags, mode);
}

int pipe2(int ends[2], int flags) {
  int (*next)(int*, int) = (int (*)(int*, int))next_of("pipe2");
  return next == NULL ? refused() : next(ends, flags);
}

int memfd_create(const char* name, unsigned flags) {
  int (*next)(const char*, unsigned) = (int (*)(const char*, unsigned))next_of("memfd_create");
  return next == NULL ? refused() : next(name, flags);
}

int close_range(unsigned first, unsigned last, int flags) {
  int (*next)(unsigned, unsigned, int) = (int (*)(unsigned, unsigned, int))next_of("close_range");
  return next == NULL ? refused() : next(first, last, flags);
}

ssize_t pread(int fd, void* to, size_t size, off_t at) {
  ssize_t (*next)(int, void*, size_t, off_t) = (ssize_t (*)(int, void*, size_t, off_t))next_of("pread");
  return next == NULL ? refused() : next(fd, to, size, at);
}
