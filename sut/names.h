// What a program's names of addresses stand for on the kernel of this machine: which number P0 has,
// which port E0 is, which bytes @E0 has; how an address is laid out for a call, and how one that
// came back is read.
//
//     Names names;
//     names.Begin({.first_port = 10000, .privileged_port = 1, .ephemeral =
//     ThisSandbox().ephemeral}); names.Write(call.address, &memory.address_in);
//     ... accept(fd, &memory.address_out.bytes, &memory.address_out.length) ...
//     names.Read(call, true, memory.address_out, &reply);
#ifndef SOCKSPEC_SUT_NAMES_H_
#define SOCKSPEC_SUT_NAMES_H_

#include <array>
#include <bitset>
#include <string_view>

#include "model/program/call.h"
#include "model/program/reply.h"
#include "model/program/unix_name.h"
#include "sut/memory.h"
#include "sut/sandbox.h"

namespace sockspec {

class Names {
 public:
  struct Numbers {
    int first_port = 0;       // P0's number
    int privileged_port = 1;  // PRIVILEGED's
    PortRange ephemeral;
    // Which bytes abstract names have, of many that differ: for a namespace in which some may be taken.
    unsigned abstract_series = 0;
  };

  // Forgets the E names of the program before, but for which numbers they had.
  void Begin(const Numbers& numbers);

  // Series 0 are those of unix_name.h; they come again after so many.
  static constexpr unsigned kAbstractSeries = 255 * 32;

  // And those: the next program's namespace is one that none has used.
  void ForgetAll() {
    chosen_count_ = 0;
    earlier_.reset();
  }

  // Lays the address out as its host says.
  void Write(const Address& address, GivenAddress* to) const;

  // Puts into `reply` what came back, and names what is new. `has_length`: the call was given a
  // length, and has perhaps changed it.
  void Read(const Call& call, bool has_length, const WrittenAddress& from, Reply* reply);

  int ephemeral_names() const { return chosen_count_; }
  bool IsEphemeral(int port) const { return numbers_.ephemeral.Contains(port); }

  // Which E name a port has; -1: none.
  int FindChosen(int port) const;

  // Whether a port of this program was one of an earlier program's in this namespace.
  bool AnyHadBefore() const;

 private:
  int NumberOf(Port port) const;
  Port NameOf(int number);
  std::string_view BytesOf(UnixName name) const;
  UnixName NameOf(std::string_view bytes);
  void ReadIpv4(const WrittenAddress& from, int size, Reply* reply);
  void ReadIpv6(const WrittenAddress& from, int size, Reply* reply);
  void ReadUnix(const WrittenAddress& from, int size, bool whole, Reply* reply);

  Numbers numbers_;
  std::array<std::array<char, 3>, kMaxAbstractNames> abstract_{};  // @A0's bytes, …
  std::array<int, kMaxChosenPorts> chosen_{};  // E0's number, …
  int chosen_count_ = 0;
  std::array<std::array<char, kChosenUnixLength - kUnixFamilyLength>, kMaxChosenPorts>
      chosen_unix_{};
  int chosen_unix_count_ = 0;
  std::bitset<65536> earlier_;  // ports that had E names in earlier programs of this namespace
};

// Whether the address is a path of the sandbox's directory (unix_directory.h).
bool IsPath(const Address& address);

}  // namespace sockspec

#endif  // SOCKSPEC_SUT_NAMES_H_
