// Programs as bytes, for the corpora and the dictionaries of the libFuzzer targets.
//
//     encode --sockets=KIND DIRECTORY FILE.program…   into the directory, those that make sockets of this kind and
//                                                     of no other: tcp, udp, unix or any
//     encode --dictionary > NAME.dict  one call a line: every call, with each of its declared
//     choices

#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/kinds.h"
#include "model/program/bytes.h"
#include "model/program/declarations.h"
#include "model/program/text.h"
#include "model/program/unix_name.h"

namespace sockspec {
namespace {

struct NamedKinds {
  std::string_view name;
  KindSet kinds;
};
constexpr NamedKinds kKinds[] = {{"tcp", kTcp}, {"udp", kUdp}, {"unix", kUnix}, {"any", kAnything}};

// Whether the program makes sockets, all of these kinds.
bool MakesOnly(const Program& program, KindSet kinds) {
  KindSet made = 0;
  for (const Call& call : program.calls) made |= KindMade(call) & static_cast<KindSet>(~kNoSocket);
  return made != 0 && (made & ~kinds) == 0;
}

int EncodeFile(const std::string& directory, const char* path, KindSet kinds) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    fprintf(stderr, "encode: cannot read %s\n", path);
    return 2;
  }
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const ParsedText parsed = ParseText(text, path);
  if (!parsed.ok()) {
    fprintf(stderr, "encode: %s\n", parsed.problem.Message().c_str());
    return 2;
  }
  if (!MakesOnly(parsed.transcript.program, kinds)) return 0;
  const std::vector<uint8_t> bytes = Encode(parsed.transcript.program);
  // Two directories may have a file of one name.
  std::string name = path;
  std::replace(name.begin(), name.end(), '/', '-');
  std::ofstream out(directory + "/" + name, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (out.flush()) return 0;
  fprintf(stderr, "encode: cannot write %s/%s\n", directory.c_str(), name.c_str());
  return 2;
}

// The bytes of one call: those of a program that holds it alone, without the head.
std::string BytesOf(Call call) {
  Mend(call);
  const size_t head = Encode({}).size();
  const std::vector<uint8_t> bytes = Encode({.calls = {call}});
  std::string quoted;
  for (size_t i = head; i < bytes.size(); ++i) {
    char text[8];
    snprintf(text, sizeof text, "\\x%02x", bytes[i]);
    quoted += text;
  }
  return quoted;
}

void PrintDictionary() {
  printf("# Made by //fuzz:encode --dictionary: the calls on s0, as bytes.\n");
  std::set<std::string> known;
  for (const Declaration& declaration : Declarations()) {
    Call usual{.op = declaration.op, .fd = Descriptor::Handle(0)};
    int n = 0;
    const auto print = [&](Call call) {
      call.made = 1;  // Mend() takes out what a call does not use
      call.made2 = 2;
      for (const Argument& argument : declaration.arguments) {
        if (argument.kind == Kind::kAddressIn) call.length = ExactLength(call.address);
        if (argument.kind == Kind::kAddressOut) call.length = kStorageLength;
        if (argument.kind == Kind::kOptionIn || argument.kind == Kind::kOptionOut) {
          call.length = OptionSize(call.level, call.option);
        }
      }
      const std::string bytes = BytesOf(call);
      if (!known.insert(bytes).second) return;
      printf("%.*s_%d=\"%s\"\n", static_cast<int>(declaration.name.size()), declaration.name.data(),
             ++n, bytes.c_str());
    };
    for (const Argument& argument : declaration.arguments) {
      if (argument.member != nullptr && !argument.choices.empty()) {
        usual.*argument.member = argument.choices[0];
      }
    }
    usual.address = {.host = Host::kLoopback, .port = Port::Program(0)};
    print(usual);
    for (const Argument& argument : declaration.arguments) {
      if (argument.kind == Kind::kAddressIn) {
        Call call = usual;
        call.address = {.family = AF_INET6, .host = Host::kLoopback6, .port = Port::Program(0)};
        print(call);
        for (const UnixName name : {UnixName::Path(0), UnixName::Abstract(0)}) {
          call.address = {.family = AF_UNIX, .host = Host::kUnix, .name = name};
          print(call);
        }
      }
      if (argument.member == nullptr) continue;
      for (const int32_t choice : argument.choices) {
        Call call = usual;
        call.*argument.member = choice;
        print(call);
      }
    }
  }
}

}  // namespace
}  // namespace sockspec

int main(int argc, char** argv) {
  using namespace sockspec;
  constexpr std::string_view kSockets = "--sockets=";
  const std::string_view first = argc > 1 ? argv[1] : "";
  if (argc == 2 && first == "--dictionary") {
    PrintDictionary();
    return 0;
  }
  for (const NamedKinds& named : kKinds) {
    if (argc < 3 || !first.starts_with(kSockets) || first.substr(kSockets.size()) != named.name) continue;
    for (int i = 3; i < argc; ++i) {
      if (const int status = EncodeFile(argv[2], argv[i], named.kinds); status != 0) return status;
    }
    return 0;
  }
  fprintf(stderr, "usage: encode --sockets=tcp|udp|unix|any DIRECTORY FILE.program... | --dictionary\n");
  return 2;
}
