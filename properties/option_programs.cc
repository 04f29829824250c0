#include "properties/option_programs.h"

#include <limits.h>

#include <algorithm>
#include <set>
#include <vector>

#include "model/option_table.h"
#include "model/program/bytes.h"
#include "model/program/option_names.h"
#include "model/program/options.h"
#include "properties/examples.h"

namespace sockspec {
namespace {

constexpr OptionSubject kSubjects[] = {
    {"tcp over ipv4",
     "s0 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)\n"
     "bind(s0, 127.0.0.1:P0)\n"
     "listen(s0, 1)\n"
     "s1 = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)\n"
     "connect(s1, 127.0.0.1:P0)\n"
     "s2 = accept(s0)\n",
     true},
    {"tcp over ipv6",
     "s0 = socket(AF_INET6, SOCK_STREAM|SOCK_NONBLOCK, 0)\n"
     "bind(s0, [::1]:P0)\n"
     "listen(s0, 1)\n"
     "s1 = socket(AF_INET6, SOCK_STREAM|SOCK_NONBLOCK, 0)\n"
     "connect(s1, [::1]:P0)\n"
     "s2 = accept(s0)\n",
     true},
    {"udp over ipv4",
     "s0 = socket(AF_INET, SOCK_DGRAM|SOCK_NONBLOCK, 0)\n"
     "bind(s0, 127.0.0.1:P0)\n"
     "connect(s0, 127.0.0.1:P1)\n"},
    {"udp over ipv6",
     "s0 = socket(AF_INET6, SOCK_DGRAM|SOCK_NONBLOCK, 0)\n"
     "bind(s0, [::1]:P0)\n"
     "connect(s0, [::1]:P1)\n"},
    {"unix stream",
     "s0 = socket(AF_UNIX, SOCK_STREAM|SOCK_NONBLOCK, 0)\n"
     "bind(s0, U0)\n"
     "listen(s0, 1)\n"
     "s1 = socket(AF_UNIX, SOCK_STREAM|SOCK_NONBLOCK, 0)\n"
     "connect(s1, U0)\n"
     "s2 = accept(s0)\n",
     true},
    {"unix datagram",
     "s0 = socket(AF_UNIX, SOCK_DGRAM|SOCK_NONBLOCK, 0)\n"
     "bind(s0, U0)\n"
     "connect(s0, U0)\n"},
    {"unix seqpacket",
     "s0 = socket(AF_UNIX, SOCK_SEQPACKET|SOCK_NONBLOCK, 0)\n"
     "bind(s0, U0)\n"
     "listen(s0, 1)\n"
     "s1 = socket(AF_UNIX, SOCK_SEQPACKET|SOCK_NONBLOCK, 0)\n"
     "connect(s1, U0)\n"
     "s2 = accept(s0)\n",
     true},
};

constexpr int32_t kLevels[] = {kSocketLevel, kIpLevel, kTcpLevel, kUdpLevel, kIpv6Level, 99};
constexpr int32_t kUsualValues[] = {0, 1, -1, 2, 3, 255, 256, 4096, 300000, INT_MAX, INT_MIN};
constexpr int32_t kLengths[] = {0, 1, 2, 3, 5, 7, 8, 12, 15, 16, 17, 40, 128, -1};

// The programs about one option of one kind of socket.
class Walk {
 public:
  Walk(const OptionSubject& subject, const std::function<void(const Program&)>& visit)
      : life_(MustParse(subject.life).program.calls), connects_(subject.connects), visit_(visit) {}

  void Of(int32_t level, int32_t option, const std::set<int32_t>& values) {
    level_ = level;
    option_ = option;
    size_ = OptionSize(level, option);
    Reading();
    for (const int32_t value : values) Setting(value, values);
    Lengths();
    Pointers();
    Life(values);
    if (connects_) {
      for (const int32_t value : values) Inheriting(value);
    }
  }

 private:
  Call Get(int32_t length, int socket = 0) const {
    return {.op = Op::kGetsockopt, .fd = Descriptor::Handle(socket), .length = length, .level = level_, .option = option_};
  }
  Call Set(int32_t value, int socket = 0) const {
    Call call{.op = Op::kSetsockopt, .fd = Descriptor::Handle(socket), .length = size_, .level = level_,
              .option = option_, .value = value};
    if (HasTwoMembers(FormOf(level_, option_))) call.seconds = value & 1;
    return call;
  }

  // With the first `lived` calls of the life before them.
  void Visit(std::vector<Call> calls, size_t lived = 1, bool nobody = false) {
    Program program;
    program.env.nobody = nobody;
    program.calls.assign(life_.begin(), life_.begin() + static_cast<ptrdiff_t>(lived));
    program.calls.insert(program.calls.end(), calls.begin(), calls.end());
    Mend(program);
    visit_(program);
  }

  void Reading() {
    std::vector<Call> calls = {Get(size_)};
    for (const int32_t length : kLengths) calls.push_back(Get(length));
    for (const int32_t length : {size_, 0, 1, 128}) {
      Call call = Get(length);
      call.pointer = Pointer::kBad;
      calls.push_back(call);
      call.pointer = Pointer::kNull;
      calls.push_back(call);
    }
    Call call = Get(0);
    call.length_pointer = Pointer::kBad;
    calls.push_back(call);
    // What cannot be judged ends the judging of a program.
    for (const Call& one : calls) Visit({one});
  }

  void Setting(int32_t value, const std::set<int32_t>& values) {
    for (const bool nobody : {false, true}) Visit({Set(value), Get(size_)}, 1, nobody);
    // And back again, by way of another value.
    Visit({Set(*values.rbegin()), Set(value), Get(size_), Set(1), Get(size_), Set(0), Get(size_)});
    if (!HasTwoMembers(FormOf(level_, option_))) return;
    for (const int32_t second : {0, 1, -1, 10000, 999999, 1000000}) {
      Call call = Set(value);
      call.seconds = second;
      Visit({call, Get(size_), Get(5), Get(12)});
    }
  }

  void Lengths() {
    for (const int32_t length : kLengths) {
      for (const int32_t value : {1, 257}) {
        Call call = Set(value);
        call.length = length;
        Visit({call, Get(size_)});
      }
    }
  }

  void Pointers() {
    for (const int32_t length : {size_, 0, 1, 4, 128, -1}) {
      for (const Pointer pointer : {Pointer::kNull, Pointer::kBad}) {
        Call call = Set(1);
        call.pointer = pointer;
        call.length = length;
        Visit({call, Get(size_)});
      }
    }
  }

  // Wherever the socket is in its life, and at both ends of a connection.
  void Life(const std::set<int32_t>& values) {
    for (size_t lived = 2; lived <= life_.size(); ++lived) {
      for (int socket = 0; socket < 3; ++socket) {
        const auto made = std::count_if(life_.begin(), life_.begin() + static_cast<ptrdiff_t>(lived),
                                        [](const Call& call) { return call.made != kNoHandle; });
        if (socket >= made) break;
        for (const int32_t value : values) Visit({Set(value, socket), Get(size_, socket)}, lived);
        Visit({Get(size_, socket)}, lived);
      }
    }
  }

  void Inheriting(int32_t value) {
    Program program;
    program.calls = life_;
    program.calls.insert(program.calls.begin() + 3, Set(value));
    program.calls.push_back(Get(size_, 2));
    program.calls.push_back(Get(size_, 1));
    Mend(program);
    visit_(program);
  }

  std::vector<Call> life_;
  bool connects_;
  const std::function<void(const Program&)>& visit_;
  int32_t level_ = 0;
  int32_t option_ = 0;
  int32_t size_ = 4;
};

// What is worth trying of an option: the ends of its range, and what lies beyond.
std::set<int32_t> ValuesOf(int32_t level, int32_t option) {
  std::set<int32_t> values(std::begin(kUsualValues), std::end(kUsualValues));
  const auto around = [&](int32_t value) {
    values.insert(value);
    if (value > INT_MIN) values.insert(value - 1);
    if (value < INT_MAX) values.insert(value + 1);
  };
  for (const OptionRow& row : OptionRows()) {
    if (row.level != level || row.option != option) continue;
    around(row.least);
    around(row.most);
    around(row.besides);
    around(row.start);
    around(row.free_least);
    around(row.free_most);
  }
  return values;
}

}  // namespace

std::span<const OptionSubject> OptionSubjects() { return kSubjects; }

void ForEachOptionProgram(const Profile&, const OptionSubject& subject,
                          const std::function<void(const Program&)>& visit) {
  Walk walk(subject, visit);
  for (const int32_t level : kLevels) {
    std::set<int32_t> options(OptionChoices(level).begin(), OptionChoices(level).end());
    for (const Token& name : OptionNames(level)) options.insert(name.value);
    for (const int32_t option : options) walk.Of(level, option, ValuesOf(level, option));
  }
}

}  // namespace sockspec
