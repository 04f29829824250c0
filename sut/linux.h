// The kernel of this machine, or whatever answers in its place: its calls are made through libc, so
// that a preloaded stack is tested too. The same in user-mode Linux, in gVisor and in an initramfs.
//
//     Trouble trouble;
//     std::unique_ptr<Kernel> kernel = MakeLinuxKernel(LinuxOptions{}, &trouble);
//     if (kernel == nullptr) return Fail(trouble.what);
//
// A kernel belongs to the thread that made it: only that thread may call it, and it has one at
// most. It puts the thread into namespaces of its own (sandbox.h), gives it a table of descriptors
// of its own (descriptors.h) and leaves its signals to other threads (watchdog.h). What the
// program's descriptors are not, the thread opens before it makes the kernel, or closes before the
// next call. When the kernel goes, descriptors, limits and signals are as before; the thread stays
// in its last namespaces. Where several threads have kernels, all are made before the first runs a
// program, since a thread starts with copies of what is open; and at most one of them runs programs
// with `nofile`, a limit of the process.
//
// How replies are read, where it is not plain:
//   addr=      After a success: what the kernel says it wrote, cut to the length it was given.
//              After a failure: all of the address, if any byte was touched. OTHER as the host,
//              where bytes beyond that length were touched, or where the address is none of
//              call.h's.
//   addrlen=   See reply.h.
//   value=     After a success: as many of its bytes as the kernel says it wrote, the missing ones
//              zero. After a failure: if any byte was touched.
//   len=       After a success: when it is not OptionSize(). After a failure: when it was changed.
//              Where bytes beyond it were touched, how far up they were.
//   data=      What a call that receives wrote: nothing at the end, nothing where MSG_TRUNC left
//              the buffer as it was, nothing of FILE and PIPE. After a failure: if the first byte
//              was touched.
//   revents=   When poll and select give 1 or more.
//   flags=     As recvmsg left msg_flags, which was 0.
//   rights=    A descriptor that came in control data. There is room for one (CMSG_SPACE(4)) where
//              the call makes one, and none otherwise.
//   E names    Ports of the ephemeral range, in the order of sight; OTHER once 24 have been seen.
//              So for @E names and what autobind chooses: a zero byte, five hexadecimal digits.
// FILE is an empty regular file, as open(O_RDONLY) gives it; PIPE's other end is open, and nothing
// is ever written to it. An E name that no reply has given yet, as an argument, is port 9, and an
// @E name is one that autobind never chooses ("\0zzzzz"). The `size` bytes of a call with several
// pieces are spread over them evenly, the earlier ones first. select()'s sets hold every
// descriptor, also one beyond FD_SETSIZE; -1 is in none. The least number that fcntl(F_DUPFD) asks
// for is a slot.
//
// The calls that are given a path are made in the sandbox's directory (unix_directory.h); the
// thread's working directory is before and after them the one that it had when the kernel was made.
#ifndef SOCKSPEC_SUT_LINUX_H_
#define SOCKSPEC_SUT_LINUX_H_

#include <memory>
#include <string>

#include "sut/kernel.h"

namespace sockspec {

struct LinuxOptions {
  // How many programs share a network namespace, 1 … 1000. A fresh one costs 0.5 ms.
  int programs_per_namespace = 1000;

  // Enter a user namespace even as root, which works where CAP_SYS_ADMIN is all that root lacks.
  bool user_namespace = false;

  // Programs run in the network namespace at hand, which has no interface but loopback.
  bool at_hand = false;

  // What Kernel::family() says: another word where this runs inside another kernel than the machine's.
  std::string family = "linux";
  std::string option;   // Kernel::option(); empty: `family`
  std::string release;  // Kernel::release(); empty: LinuxRelease()

  // A library stands between us and the kernel (preload.h). What a program left open is closed by close(), one by
  // one, so that the library hears of it.
  bool preloaded = false;
};

// What the running kernel says it is: uname(2)'s words, "Linux 6.18.44", with "+selinux" where SELinux
// is in force, which looks at addresses before sockets do, and "+late" of gVisor, whose loopback is late. No system
// call of it can fail but uname:
// "Linux" then.
std::string LinuxRelease();

// Null where it cannot work here; `trouble` then says why, and what to do. Call it, or
// EnterUserNamespace(), before the process has a second thread, unless it is root.
std::unique_ptr<Kernel> MakeLinuxKernel(const LinuxOptions& options, Trouble* trouble);

}  // namespace sockspec

#endif  // SOCKSPEC_SUT_LINUX_H_
