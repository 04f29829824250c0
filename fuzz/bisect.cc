#include "fuzz/bisect.h"

#include "fmt/format.h"
#include "fuzz/report.h"

namespace sockspec {
namespace {

// Between the head, which names the finding, and the C file.
constexpr std::string_view kScript = R"SH(#
#     sockspec triage DIR bisect-script KEY -o /tmp/bisect.sh
#     cd linux && git bisect start BAD GOOD && git bisect run /tmp/bisect.sh
#
# Each revision is built for user-mode Linux, booted on this machine's files in a second or two, and asked. What may be
# set in the environment:
#
#   BUILD  what builds a revision, in its directory; a failure skips the revision. Default:
#              make ARCH=um defconfig && make ARCH=um -j$(nproc) linux
#          `true` builds nothing.
#   RUN    what runs the static program, whose path is appended, on what was built, and passes its exit status on:
#              uml    (default) user-mode Linux: the program $LINUX, or ./linux
#              here   on the kernel of this machine
#              a command, such as RUN='vng --run . --' or RUN='./in-my-vm.sh'
#   CC     the compiler for the program, which must be one file that needs no other: `cc -static` by default
#   LOOKING_FOR=fix   finds the change that mended it: a kernel that diverges is good, one that conforms is bad
#   SECONDS_AT_MOST   for one run, 60 by default; a kernel that takes longer is skipped
#
# Exit status: 0 good, 1 bad, 125 cannot be judged: it does not build or boot, or a reply before the divergent one
# is another one there.
set -u
BUILD=${BUILD-'make -s ARCH=um defconfig && make -s ARCH=um -j$(nproc) linux'}
RUN=${RUN-uml}
CC=${CC-cc -static}
SECONDS_AT_MOST=${SECONDS_AT_MOST-60}

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
        init="$work/init" con=null con0=null,fd:2 </dev/null >/dev/null 2>"$work/console"
    [ -s "$work/status" ] || { tail -5 "$work/console" >&2; skip "the kernel did not come to the program"; }
    cat "$work/output"
    return "$(cat "$work/status")"
}

(eval "$BUILD") || skip "it does not build"
case $RUN in
uml) uml "$work/repro" ;;
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

}  // namespace

std::string BisectScript(const Finding& finding, std::string_view repro_c) {
  std::string script =
      "#!/bin/sh\n# For `git bisect run`: which change brought this, or mended it?\n#\n";
  script += fmt::format("#     {}\n#     {}\n", Headline(finding), finding.key);
  script += kScript;
  // The mark that sed looks for; the file begins with a comment, which this one is.
  script += "/* SOCKSPEC C FILE, to the end. */\n";
  script += repro_c;
  return script;
}

}  // namespace sockspec
