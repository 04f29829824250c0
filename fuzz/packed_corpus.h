// A corpus in one file: programs in the byte form are added at its end, and so is the end of one.
//
//     PackedCorpus packed(DIR + "/corpus.packed");
//     Trouble trouble = packed.Read([&](uint64_t name, std::span<const uint8_t> bytes) { … });
//     packed.Add(name, bytes);
//     packed.Drop(other, size);
//     trouble = packed.Write();
//
// It is a line of text, and then records. A record has the number of bytes of a program, its name, which is a hash of
// them, and the bytes. One without bytes says that the program of that name is gone, and has a hash of the name instead.
// So the file is whole up to the first record that does not fit its hash: what a process was writing when it was killed,
// or what a full disk cut off, is not read, and the next Write() begins there. When most of the file is about programs
// that are gone, it is written anew, beside the old one, and takes its place. What it says of a program that is gone it
// goes on saying for as long as somebody may take the program for a new one: where there is a file of it still.
#ifndef SOCKSPEC_FUZZ_PACKED_CORPUS_H_
#define SOCKSPEC_FUZZ_PACKED_CORPUS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "sut/kernel.h"

namespace sockspec {

// FNV-1a. Never 0, which may stand for no name.
uint64_t CorpusName(std::span<const uint8_t> bytes);

using VisitProgram = std::function<void(uint64_t name, std::span<const uint8_t> bytes)>;

using VisitName = std::function<void(uint64_t name)>;

// What a packed corpus holds: calls `visit` for the programs that are there, in the order of their adding, and `gone`
// for those of which the file still says that they were. How many bytes of `contents` are whole; 0 where it is no packed
// corpus.
size_t ReadPacked(std::string_view contents, const VisitProgram& visit, const VisitName& gone = {});

class PackedCorpus {
 public:
  // Whether there is a file of a program that is gone.
  using HasFile = std::function<bool(uint64_t name)>;

  // `path` may be empty: nothing is kept.
  explicit PackedCorpus(std::string path, HasFile has_file = {}) : path_(std::move(path)), has_file_(std::move(has_file)) {}

  // To be called before the others. No trouble where there is no file yet.
  Trouble Read(const VisitProgram& visit, const VisitName& gone = {});

  void Add(uint64_t name, std::span<const uint8_t> bytes);
  void Drop(uint64_t name, size_t bytes);  // the program had so many

  // Puts what was added and dropped into the file. Not synced to the disk: a machine that fails costs some of the
  // corpus at most, and no finding.
  Trouble Write();

 private:
  Trouble WriteAnew();

  const std::string path_;
  const HasFile has_file_;
  std::string unwritten_;
  size_t end_ = 0;   // of what is whole; 0: there is no file
  size_t live_ = 0;  // bytes of it that were to stay, were it written anew
};

}  // namespace sockspec

#endif  // SOCKSPEC_FUZZ_PACKED_CORPUS_H_
