// Puts the C file together from two sorts of text: one to four lines for each call (c_calls.cc, c_replies.cc),
// and helper functions (c_helpers.h), of which a file has those that its lines use.
//
// The file compares replies as text, in the notation of programs: `expect("0, addr=127.0.0.1:P0")`
// against what the helpers wrote of what came back.
#include "model/program/c.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "model/program/c_calls.h"
#include "model/program/c_helpers.h"
#include "model/program/c_parts.h"
#include "model/program/c_text.h"
#include "model/program/c_uses.h"
#include "model/program/declarations.h"
#include "model/program/notation.h"
#include "model/program/text.h"

namespace sockspec {
namespace {

std::string Thread(int thread) { return "t" + std::to_string(thread); }

// What a GoogleTest has instead of C's: C++ does not convert a void pointer to any other.
constexpr struct {
  Helper helper;
  std::string_view text;
} kInCxx[] = {
    {Helper::kBadPointer, R"C(
struct any_pointer {
    volatile unsigned long address;
    template <typename T>
    operator T *() const { return (T *)address; }
};

/* In the first page, where nothing is mapped. */
static const any_pointer bad_pointer = {16};
)C"},
    {Helper::kNullPointer, R"C(
/* One that no compiler sees to be null. */
static struct {
    volatile unsigned long address;
    template <typename T>
    operator T *() const { return (T *)address; }
} null_pointer;
)C"},
    {Helper::kExpect, R"C(
static void expect(const char *expected)
{
    EXPECT_STREQ(expected, actual) << calling;
}
)C"},
};

constexpr std::string_view kTest = R"C(
/* In a process of its own, which may change namespaces, limits and signal handlers as it likes. */
TEST(@SUITE@, @TEST@)
{
    const pid_t child = fork();
    int status = 0;

    ASSERT_NE(child, -1) << strerror(errno);
    if (child == 0) {
        program();
        fflush(stdout);
        _exit(HasFailure() ? 1 : 0);
    }
    ASSERT_EQ(waitpid(child, &status, 0), child) << strerror(errno);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 125)
        GTEST_SKIP() << "It cannot run here; why stands above.";
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "What differs stands above.";
}
)C";

class Emitter {
 public:
  Emitter(const Transcript& transcript, const CHeader& header, const GtestName* gtest = nullptr)
      : transcript_(transcript), calls_(transcript.program.calls), header_(header), gtest_(gtest),
        uses_(UsesOf(transcript)) {}

  std::string Run() {
    std::string body = gtest_ == nullptr ? Body() : GtestBody();
    std::string helpers = Helpers();  // after the body, which says what it needs
    return Top() + Includes() + Ports() + helpers + Handles() + body;
  }

 private:
  bool threads() const { return !uses_.threads.empty(); }

  // ---- Calls ----

  // The reply as the helpers tell it: lengths only where they are not as usual.
  std::optional<Reply> Expected(size_t i) const {
    if (i >= transcript_.said.size() || !transcript_.said[i].reply) return std::nullopt;
    return AsTold(calls_[i], *transcript_.said[i].reply);
  }

  // The statements that make call `i`, tell what came back and compare it with what is said of `replied`: of the
  // same call, or of its second half.
  std::string Statements(size_t i, size_t replied) {
    const Call& call = calls_[i];
    // What the second half comes to is told by it, not by the first, of which "blocks" is all.
    Call telling = call;
    telling.part = calls_[replied].part;
    const std::optional<Reply> expected = Expected(replied);
    const uint16_t told = !expected || header_.complete ? UINT16_MAX : expected->wrote;
    std::string out = needs_.With(Helper::kCall, "    call(" + Quoted(PrintCall(calls_[replied])) + ");\n");
    for (const std::string& line : MakingInC(call, told, uses_, &needs_)) out += Statement(line);
    for (const std::string& line : TellingInC(call, expected, told, uses_, &needs_)) out += Statement(line);
    if (!expected) return out + needs_.With(Helper::kShow, "    show();\n");
    if ((expected->wrote & kBlocksOnly) != 0) {
      out += needs_.With(Helper::kBlockingOnly, "    forget_the_rest();\n");
    }
    const std::string reply = Quoted(PrintReply(telling, *expected));
    std::vector<std::string> others;
    if (static_cast<int>(replied) == header_.asked) {
      for (const Reply& other : header_.also_right) {
        const std::string quoted = Quoted(PrintReply(telling, AsTold(call, other)));
        if (quoted != reply) others.push_back(quoted);
      }
    }
    if (gtest_ != nullptr) {
      const std::string& clause = transcript_.said[replied].clause;
      for (const std::string& other : others) out += "    if (strcmp(actual, " + other + ") != 0)\n    ";
      return out + "    EXPECT_STREQ(" + reply + ", actual) << calling" +
             (clause.empty() ? "" : " << " + Quoted(" # @" + clause)) + ";\n";
    }
    for (const std::string& other : others) {
      out += "    if (strcmp(actual, " + other + ") == 0) /* is right, too */\n        expect(" + other + ");\n    else\n    ";
    }
    return out + needs_.With(Helper::kExpect, "    expect(" + reply + ");\n");
  }

  // The second half of call `i`; `i` itself, of a call that is unfinished for good.
  size_t SecondHalf(size_t i) const {
    for (size_t j = i + 1; j < calls_.size(); ++j) {
      if (calls_[j].thread == calls_[i].thread) return calls_[j].part == Part::kResumed ? j : i;
    }
    return i;
  }

  // A call in two halves is a function of its own, which its thread calls. It is the first half that begins it,
  // and the second that lets it tell what came back.
  std::string FirstHalf(size_t i) {
    const Call& call = calls_[i];
    const std::string thread = Thread(call.thread);
    std::string function = thread + "_" + std::string(DeclarationOf(call.op).name);
    if (const int earlier = functions_[function]++; earlier > 0) function += "_" + std::to_string(earlier + 1);
    halves_ += "\nstatic void " + function + "(void)\n{\n" + Statements(i, SecondHalf(i)) + "}\n";
    // That it does not block is said of it by a reply that does not.
    const bool blocks = i >= transcript_.said.size() || !transcript_.said[i].reply || transcript_.said[i].reply->blocked;
    return needs_.With(Helper::kThreads, Statement("begin(&" + thread + ", " + function + ", " +
                                                   Quoted(PrintCall(call)) + ", " +
                                                   (blocks ? "\"blocks\"" : "\"comes back\"") + ");"));
  }

  std::string SecondHalfOf(const Call& call) {
    return needs_.With(Helper::kResume, "    resume(&" + Thread(call.thread) + ");\n");
  }

  // ---- Parts of the file ----

  std::string CallStatements() {
    std::string statements;
    for (size_t i = 0; i < calls_.size(); ++i) {
      statements += "\n";
      switch (calls_[i].part) {
        case Part::kWhole:
          statements += Statements(i, i);
          break;
        case Part::kUnfinished:
          statements += FirstHalf(i);
          break;
        case Part::kResumed:
          statements += SecondHalfOf(calls_[i]);
          break;
      }
    }
    return statements;
  }

  std::string GtestBody() {
    const std::string statements = CallStatements();
    std::string out = "\nstatic void program(void)\n{\n";
    if (!threads()) out += HandlesAs("    int ");
    out += Setup();
    out += statements + "}\n" + std::string(kTest);
    ReplaceAll(out, "@SUITE@", gtest_->suite);
    ReplaceAll(out, "@TEST@", gtest_->test);
    out = halves_ + out;
    Replace(out);
    return out;
  }

  std::string Body() {
    const std::string statements = CallStatements();
    std::string out = "\nint main(void)\n{\n";
    if (!threads()) out += HandlesAs("    int ");
    out += Setup();
    if (needs_.Has(Helper::kExpect) || needs_.Has(Helper::kShow)) {
      out +=
          "    printf(\"%-@CALLS@s  %-@REPLIES@s  %s\\n\", \"call\", \"expected\", \"actual\");\n";
    }
    out += statements;
    if (needs_.Has(Helper::kExpect)) {
      out +=
          "\n    printf(\"\\n%d of %d replies differ.\\n\", different_replies, expected_replies);\n" +
          NotAsFar() +
          "    return first_different > 0 ? 1 : 0;\n}\n";
    } else {
      out += "\n    return 0;\n}\n";
    }
    out = halves_ + out;
    Replace(out);
    return out;
  }

  // Of a file that asks about one call: where the way to it is another one here, there is no answer.
  std::string NotAsFar() const {
    const int before = ExpectedBeforeTheAsked();
    if (before == 0) return "";
    return "    if (first_different > 0 && first_different <= " + Number(before) +
           ") {\n"
           "        printf(\"It cannot be asked here: a reply before it differs.\\n\");\n"
           "        return 125;\n"
           "    }\n";
  }

  int ExpectedBeforeTheAsked() const {
    int before = 0;
    for (int i = 0; i < header_.asked; ++i) before += Expected(static_cast<size_t>(i)) ? 1 : 0;
    return before;
  }

  // Variables for what the program calls s0, FILE and so on, an empty line after them.
  std::string HandlesAs(const std::string& declarator) {
    std::string out;
    std::vector<std::string> handles;
    for (const int handle : uses_.handles) handles.push_back(PrintHandle(handle) + " = -1");
    if (uses_.file) out += declarator + "file = " + needs_.With(Helper::kFile, "open_file();\n");
    if (uses_.pipe) out += declarator + "pipe_end = " + needs_.With(Helper::kPipe, "open_pipe();\n");
    if (!handles.empty()) out += declarator + Wrapped(handles, "        ", 100).substr(8) + ";\n";
    return out.empty() ? out : out + "\n";
  }

  // Where several threads use them.
  std::string Handles() const {
    if (!threads()) return "";
    std::vector<std::string> handles;
    if (uses_.file) handles.push_back("file");
    if (uses_.pipe) handles.push_back("pipe_end");
    for (const int handle : uses_.handles) handles.push_back(PrintHandle(handle) + " = -1");
    return handles.empty() ? "" : "\nstatic int " + Wrapped(handles, "        ", 100).substr(8) + ";\n";
  }

  std::string Setup() {
    std::string out;
    if (threads()) {
      if (uses_.file) out += needs_.With(Helper::kFile, "    file = open_file();\n");
      if (uses_.pipe) out += needs_.With(Helper::kPipe, "    pipe_end = open_pipe();\n");
    }
    out += needs_.With(Helper::kNetwork, "    own_network();\n");
    for (const Host host : uses_.hosts) {
      if (const CHost& row = *FindCHost(host); !row.route.empty()) {
        needs_.Add(Helper::kHosts);
        out += needs_.With(Helper::kRoutes, "    add_route(" + std::string(row.route) +
                                                (IsIpv6(host) ? ", AF_INET6, " : ", AF_INET, ") +
                                                std::string(row.define) + ");\n");
      }
    }
    const Environment& env = transcript_.program.env;
    if (env.ephemeral > 0) out += needs_.With(Helper::kEphemeral, "    few_ephemeral_ports();\n");
    if (uses_.directory) {
      needs_.Add(Helper::kUserNamespace);
      out += needs_.With(Helper::kDirectory, "    own_directory();\n");
    }
    if (env.nobody) out += needs_.With(Helper::kCapabilities, "    use_capabilities(0);\n");
    if (uses_.sends) out += needs_.With(Helper::kBrokenPipe, "    watch_for_broken_pipes();\n");
    if (needs_.Has(Helper::kCall)) out += "    watch_for_blocking();\n";
    if (threads()) out += "    start_threads();\n";
    if (env.nofile > 0) out += needs_.With(Helper::kNofile, "    few_descriptors();\n");
    includes_.insert("stdio.h");
    return out + "    setvbuf(stdout, NULL, _IOLBF, 0);\n";
  }

  void NeedWhatIsNeeded() {
    for (size_t before = 0; before != needs_.helpers().size();) {
      before = needs_.helpers().size();
      for (const Helper helper : std::set<Helper>(needs_.helpers())) {
        for (const Helper needed : TextOf(helper).needs) needs_.Add(needed);
      }
      if (threads() && needs_.Has(Helper::kCall)) needs_.Add(Helper::kThreads);
      const bool reads_addresses = needs_.Has(Helper::kTellAddress) || needs_.Has(Helper::kSeeAddress) ||
                                   needs_.Has(Helper::kWholeLength);
      if (reads_addresses && uses_.unix_sockets) needs_.Add(Helper::kUnixName);
    }
  }

  std::string Helpers() {
    NeedWhatIsNeeded();
    std::string out;
    for (const Helper helper : needs_.helpers()) {
      const HelperText& text = TextOf(helper);
      const auto in_cxx = std::ranges::find(kInCxx, helper, [](const auto& row) { return row.helper; });
      out += gtest_ != nullptr && in_cxx != std::end(kInCxx) ? in_cxx->text : text.text;
      includes_.insert(text.includes.begin(), text.includes.end());
    }
    Replace(out);
    return out;
  }

  void Replace(std::string& text) const {
    ReplaceWords(text, transcript_.program.env, uses_);
    ReplaceAll(text, "@CALLS@", std::to_string(CallWidth()));
    ReplaceAll(text, "@REPLIES@", std::to_string(ReplyWidth()));
  }

  int CallWidth() const {
    size_t width = 0;
    for (const Call& call : calls_) width = std::max(width, PrintCall(call).size());
    return static_cast<int>(std::min<size_t>(width, 80));
  }

  int ReplyWidth() const {
    size_t width = std::string_view("expected").size();
    for (size_t i = 0; i < calls_.size(); ++i) {
      if (const std::optional<Reply> expected = Expected(i)) {
        width = std::max(width, PrintReply(calls_[i], *expected).size());
      }
    }
    return static_cast<int>(std::min<size_t>(width, 60));
  }

  std::string Top() const {
    std::string out = "/*\n";
    const auto line = [&out](const std::string& text) {
      out += text.empty() ? " *\n" : " * " + Harmless(text) + "\n";
    };
    const auto paragraph = [&](const std::vector<std::string>& lines) {
      for (const std::string& text : lines) line(text);
      if (!lines.empty()) line("");
    };
    paragraph(header_.title);
    paragraph(transcript_.comments);
    Transcript program = transcript_;
    program.comments.clear();
    std::string text = PrintText(program);
    while (!text.empty()) {
      const size_t end = text.find('\n');
      line("    " + text.substr(0, end));
      text.erase(0, end + 1);
    }
    line("");
    line(
        "P0, P1, ... are ports that the program chooses; E0, E1, ... ports that the kernel chose, "
        "in");
    line("the order of appearance.");
    if (uses_.unix_sockets) {
      line("U0, U1, ... are paths, @A0, @A1, ... abstract names, @E0, @E1, ... those that the kernel chose.");
    }
    line("");
    if (gtest_ != nullptr) {
      line("    c++ -std=c++17 -Wall -Wextra -pthread FILE -lgtest -lgtest_main && ./a.out");
      line("");
      line("It makes a network namespace of its own, and a user namespace around it if it is not root.");
      return out + " */\n";
    }
    line(std::string("    cc -Wall -Wextra ") + (threads() ? "-pthread " : "") + "-o repro repro.c && ./repro");
    line("");
    line(
        "It makes a network namespace of its own, and a user namespace around it if it is not "
        "root.");
    if (ExpectedBeforeTheAsked() == 0) {
      line("Exit status: 0, every reply is as expected; 1, one differs; 125, it cannot run here.");
    } else {
      line("Exit status: 0, every reply is as expected; 1, that of " + PrintCall(calls_[static_cast<size_t>(header_.asked)]) +
           " differs, or a later one;");
      line("125, it cannot run here, or an earlier one differs.");
    }
    return out + " */\n";
  }

  std::string Includes() const {
    std::string out = gtest_ == nullptr ? "#define _GNU_SOURCE\n" : "#include <gtest/gtest.h>\n\n";
    std::set<std::string_view> all = includes_;
    if (gtest_ != nullptr) all.insert({"errno.h", "stdio.h", "string.h", "sys/wait.h"});
    // What calls need by themselves: which header a libc has a constant in is not written down with
    // it.
    all.insert({"limits.h", "netinet/in.h", "netinet/tcp.h", "stddef.h", "sys/ioctl.h", "sys/socket.h", "unistd.h"});
    if (needs_.Has(Helper::kCall)) all.insert("errno.h");
    for (const Call& call : calls_) all.insert(IncludeOf(call.op));
    for (const std::string_view name : all) out += "#include <" + std::string(name) + ">\n";
    return out + YoungOptions();
  }

  // Options that the headers of an older system do not know.
  std::string YoungOptions() const {
    std::set<std::pair<int32_t, int32_t>> seen;
    std::string out;
    for (const Call& call : calls_) {
      if (call.op != Op::kGetsockopt && call.op != Op::kSetsockopt) continue;
      const std::string name = Constant(OptionNames(call.level), call.option);
      const bool named = name != Number(call.option) && IsYoungOption(call.level, call.option);
      if (!named || !seen.insert({call.level, call.option}).second) continue;
      out += "#ifndef " + name + "\n#define " + name + " " + Number(call.option) + "\n#endif\n";
    }
    return out.empty() ? out : "\n" + out;
  }

  static std::string_view IncludeOf(Op op) {
    switch (op) {
      case Op::kFcntl:
      case Op::kDup3:
        return "fcntl.h";
      case Op::kReadv:
      case Op::kWritev:
        return "sys/uio.h";
      case Op::kSelect:
        return "sys/select.h";
      case Op::kEpollCreate1:
      case Op::kEpollCtl:
      case Op::kEpollWait:
        return "sys/epoll.h";
      default:
        return "sys/socket.h";
    }
  }

  std::string Ports() const {
    if (uses_.ports.empty()) return "";
    std::string out = "\n";
    for (const int port : uses_.ports) {
      out += "#define P" + std::to_string(port) + " " + std::to_string(kFirstPortInC + port) + "\n";
    }
    return out;
  }

  const Transcript& transcript_;
  const std::vector<Call>& calls_;
  const CHeader& header_;
  const GtestName* const gtest_;  // nullptr: it is a C file
  const Uses uses_;
  Needs needs_;
  std::set<std::string_view> includes_;
  std::string halves_;                    // the functions of calls in two halves
  std::map<std::string, int> functions_;  // how many there are of each name
};

}  // namespace

std::string EmitC(const Transcript& transcript, const CHeader& header) {
  return Emitter(transcript, header).Run();
}

std::string EmitGtest(const Transcript& transcript, const CHeader& header, const GtestName& name) {
  return Emitter(transcript, header, &name).Run();
}

}  // namespace sockspec
