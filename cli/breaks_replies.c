/*
 * A shim over libc's sockets that breaks a few replies on purpose: what a faulty stack looks like to
 * `sockspec --kernel=preload:./breaks_replies.so`.
 *
 *     cc -shared -fPIC -o breaks_replies.so breaks_replies.c
 *
 * SHIM_DIES=1 in the environment makes it crash in shutdown(), too.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
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
