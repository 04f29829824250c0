// One call in C: the statement that makes it, and the statements that tell its reply.
//
//     s0 = made("s0", socket(AF_INET, SOCK_STREAM, 0));
//     gave(getsockname(s0, &out.any, room(sizeof(struct sockaddr_in))));
//     tell_address();
#ifndef SOCKSPEC_MODEL_PROGRAM_C_CALLS_H_
#define SOCKSPEC_MODEL_PROGRAM_C_CALLS_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/program/c_helpers.h"
#include "model/program/c_uses.h"
#include "model/program/call.h"
#include "model/program/reply.h"

namespace sockspec {

// The helpers that the text so far calls.
class Needs {
 public:
  void Add(Helper helper) { helpers_.insert(helper); }
  // `text`, which calls `helper`.
  std::string With(Helper helper, std::string text) {
    Add(helper);
    return text;
  }
  bool Has(Helper helper) const { return helpers_.contains(helper); }
  const std::set<Helper>& helpers() const { return helpers_; }

 private:
  std::set<Helper> helpers_;
};

// Makes `call` and tells its value; lines without indentation. `told` are the bits of Reply::wrote that are
// told, where they come back.
std::vector<std::string> MakingInC(const Call& call, uint16_t told, const Uses& uses, Needs* needs);

// Tells what came back through pointers.
std::vector<std::string> TellingInC(const Call& call, const std::optional<Reply>& expected, uint16_t told,
                                    const Uses& uses, Needs* needs);

// `reply` without what the file's helpers do not tell, since it is as usual or nothing.
Reply AsTold(const Call& call, Reply reply);

}  // namespace sockspec

#endif  // SOCKSPEC_MODEL_PROGRAM_C_CALLS_H_
