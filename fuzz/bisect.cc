#include "fuzz/bisect.h"

#include <ctype.h>

#include <algorithm>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "fuzz/ask_again.h"
#include "fuzz/report.h"
#include "sut/kernel_setup.h"

namespace sockspec {
namespace {

// The head of the script, behind the name of the finding.
constexpr std::string_view kHow = R"SH(#
#     sockspec triage DIR bisect-script KEY -o /tmp/bisect.sh
#     cd %DIRECTORY% && git bisect start BAD GOOD && git bisect run /tmp/bisect.sh
#
# Each revision is built and asked, in its directory. What may be set in the environment; what it is otherwise stands below:
#
#   BUILD  what builds a revision; a failure skips the revision. `true` builds nothing.
#   RUN    what runs the program, whose path is appended, on what was built, and passes its exit status on:
#              uml      user-mode Linux, booted on this machine's files in a second or two: the program $LINUX, or ./linux,
#                       with $LINUX_ARGS on its command line
#              gvisor   `$RUNSC $RUNSC_FLAGS do`
#              preload  on the kernel of this machine, with $LIBRARY preloaded
#              here     on the kernel of this machine
#              a command, such as RUN='vng --run . --' or RUN='./in-my-vm.sh'
#   CC     the compiler for the program, `cc -static` where it must be one file that needs no other
#   LOOKING_FOR=fix   finds the change that mended it: a kernel that diverges is good, one that conforms is bad
#   SECONDS_AT_MOST   for one run, 60 by default; a kernel that takes longer is skipped
#
# Exit status: 0 good, 1 bad, 125 cannot be judged: it does not build or boot, or a reply before the divergent one
# is another one there.
)SH";

// After the defaults.
constexpr std::string_view kJudging = R"SH(SECONDS_AT_MOST=${SECONDS_AT_MOST-60}

skip() {
    echo "bisect: $*, so this revision is skipped" >&2
    exit 125
}

work=$(mktemp -d) || exit 128 # which stops the bisection
trap 'rm -rf "$work"' EXIT
sed -n '/^\/\* SOCKSPEC C FILE/,$p' "$0" > "$work/repro.c"
$CC -pthread -o "$work/repro" "$work/repro.c" || { echo "bisect: the program does not compile" >&2; exit 128; }

# In an initramfs there would be no C library; here the machine's own root file system is there, read and write.
uml() {
    cat > "$work/init" <<INIT
#!/bin/sh
mount -t proc proc /proc
"$1" > "$work/output" 2>&1
echo \$? > "$work/status"
sync
halt -f 2>/dev/null || poweroff -f 2>/dev/null || echo o > /proc/sysrq-trigger
INIT
    chmod +x "$work/init"
    timeout "$SECONDS_AT_MOST" "${LINUX-./linux}" root=/dev/root rootfstype=hostfs rootflags=/ rw mem=256M quiet \
        init="$work/init" con=null con0=null,fd:2 $LINUX_ARGS </dev/null >/dev/null 2>"$work/console"
    [ -s "$work/status" ] || { tail -5 "$work/console" >&2; skip "the kernel did not come to the program"; }
    cat "$work/output"
    return "$(cat "$work/status")"
}

# A library that cannot be preloaded is left out by the dynamic linker, and the kernel of this machine would answer.
preloaded() {
    [ -r "$LIBRARY" ] || skip "there is no $LIBRARY"
    case $(LD_PRELOAD=$LIBRARY env true 2>&1) in
    *"cannot be preloaded"*) skip "$LIBRARY cannot be preloaded" ;;
    esac
    LD_PRELOAD=$LIBRARY timeout "$SECONDS_AT_MOST" "$1"
}

(eval "$BUILD") || skip "it does not build"
case $RUN in
uml) uml "$work/repro" ;;
gvisor) timeout "$SECONDS_AT_MOST" "$RUNSC" --root="$work/runsc" $RUNSC_FLAGS do %DO_FLAGS% "$work/repro" ;;
preload) preloaded "$work/repro" ;;
here) timeout "$SECONDS_AT_MOST" "$work/repro" ;;
*) timeout "$SECONDS_AT_MOST" sh -c "$RUN \"\$1\"" sh "$work/repro" ;;
esac
status=$?
case $status in
0) verdict="conforms" ;;
1) verdict="diverges" ;;
*) skip "the program ended with $status" ;;
esac
[ "${LOOKING_FOR-}" = fix ] && status=$((1 - status))
echo "bisect: the kernel $verdict, which is $([ $status = 0 ] && echo good || echo bad)"
exit $status

)SH";

// The line of a variable that the environment may have. Words that a shell would take apart are set off.
std::string Default(std::string_view name, const std::string& value) {
  constexpr std::string_view kSafe = " -_=./:,+@%";
  const bool plain = std::ranges::all_of(value, [&](const char c) {
    return isalnum(static_cast<unsigned char>(c)) || kSafe.find(c) != std::string_view::npos;
  });
  if (plain) return fmt::format("{0}=${{{0}-{1}}}\n", name, value);
  return fmt::format("[ -n \"${{{0}+set}}\" ] || {0}={1}\n", name, ForShell(value));
}

// How a revision of each kind of kernel is built and reached, where nobody says otherwise.
std::string Defaults(const AskAgain& again) {
  switch (again.reached) {
    case Reached::kGvisor:
      return fmt::format(
          "BUILD=${{BUILD-'make copy TARGETS=runsc DESTINATION=bin/'}}\nRUN=${{RUN-gvisor}}\nRUNSC=${{RUNSC-bin/runsc}}\n{}"
          "CC=${{CC-cc -static}}\n",
          Default("RUNSC_FLAGS", fmt::format("{}", fmt::join(RunscFlags(again.setup), " "))));
    case Reached::kPreload:
      return fmt::format("BUILD=${{BUILD-make -s}}\nRUN=${{RUN-preload}}\n{}CC=${{CC-cc}}\n", Default("LIBRARY", again.library));
    case Reached::kHere:
    case Reached::kUml:
    case Reached::kWithin:
      break;
  }
  return "BUILD=${BUILD-'make -s ARCH=um defconfig && make -s ARCH=um -j$(nproc) linux'}\nRUN=${RUN-uml}\n" +
         Default("LINUX_ARGS", fmt::format("{}", fmt::join(ArgumentsOf(again.setup), " "))) + "CC=${CC-cc -static}\n";
}

// `text` with `word` in the place of `name`.
std::string With(std::string_view text, std::string_view name, std::string_view word) {
  std::string with(text);
  return with.replace(with.find(name), name.size(), word);
}

std::string_view Tree(Reached reached) {
  return reached == Reached::kGvisor ? "gvisor" : reached == Reached::kPreload ? "library" : "linux";
}

}  // namespace

BisectScript BisectScriptOf(const Finding& finding, std::string_view repro_c) {
  const AskAgain again = AskAgainOf(finding);
  if (again.reached == Reached::kWithin) {
    return {.problem = fmt::format(
                "no script can ask the revisions of {}: it is a library within sockspec, built for the headers of one "
                "version. Build sockspec with the headers of a revision, and ask that: {}",
                finding.release, again.sockspec)};
  }
  std::string script = "#!/bin/sh\n# For `git bisect run`: which change brought this, or mended it?\n#\n";
  script += fmt::format("#     {}\n#     {}\n", Headline(finding), finding.key);
  script += With(kHow, "%DIRECTORY%", Tree(again.reached));
  script += "set -u\n" + Defaults(again);
  script += With(kJudging, "%DO_FLAGS%", fmt::format("{}", fmt::join(kRunscDoFlags, " ")));
  // The mark that sed looks for; the file begins with a comment, which this one is.
  script += "/* SOCKSPEC C FILE, to the end. */\n";
  script += repro_c;
  return {.script = script};
}

}  // namespace sockspec
