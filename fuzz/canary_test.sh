#!/bin/bash
#
# canary_test.sh BINARY: the canary_fuzzer must find its mutant, name it as services expect, and
# `-minimize_crash=1` must make it small without slipping to another divergence.
set -u

binary="$1"
work="$(mktemp -d "${TEST_TMPDIR:-/tmp}/canary.XXXXXX")"
trap 'rm -rf "$work"' EXIT
cd "$(dirname "$binary")" && binary="$PWD/$(basename "$binary")"
cd "$work" || exit 1

# What failed, the engine's last words, and how to see it again: the runs are the same every time.
fail() {
  echo "$1" >&2
  tail -n 40 "$work/log" >&2
  cp "$work"/log "$work"/crash-* "$work/minimal" "${TEST_UNDECLARED_OUTPUTS_DIR:-/tmp}" 2>/dev/null
  echo "To repeat it: ./bazelw test ${TEST_TARGET:-//fuzz:canary_test}" >&2
  exit 1
}

# The runs are counted, not the seconds: the same on any machine.
"$binary" -seed=1 -runs=300000 -max_len=2048 -artifact_prefix="$work/" >"$work/log" 2>&1
status=$?
[[ $status == 77 ]] || fail "expected exit status 77, a crash; got $status"
grep -qE '^F[0-9]{4} [0-9:.]+ [0-9]+ oracle\.cc:[0-9]+\] Check failed: FuzzerHash=[A-Z]{10} fake\.' \
  "$work/log" || fail "no line names the divergence"
key="$(sed -n 's/^DEDUP_TOKEN: //p' "$work/log" | head -n 1)"
[[ $key == fake.connect.* ]] || fail "no DEDUP_TOKEN"
grep -qE '^ *#[0-9]' <(grep -vE '^#[0-9]+[[:space:]]+(INITED|NEW|REDUCE|pulse|RELOAD|DONE)|^ +#[0-9]+ 0x' "$work/log") &&
  fail "a line begins with # and a number"
crash="$(ls "$work"/crash-* | head -n 1)"

# The same input fails in the same way, every time.
for run in 1 2 3; do
  "$binary" "$crash" >"$work/log" 2>&1
  grep -qxF "DEDUP_TOKEN: $key" "$work/log" || fail "run $run of the crash shows another divergence"
done

"$binary" -minimize_crash=1 -max_total_time=60 -exact_artifact_path="$work/minimal" "$crash" \
  >"$work/log" 2>&1 || fail "-minimize_crash=1 failed"
[[ -s "$work/minimal" ]] || fail "-minimize_crash=1 wrote nothing"
[[ $(stat -c %s "$work/minimal") -le $(stat -c %s "$crash") ]] || fail "the minimal input is larger"
"$binary" "$work/minimal" >"$work/log" 2>&1
grep -qxF "DEDUP_TOKEN: $key" "$work/log" || fail "the minimal input shows another divergence"
calls="$(grep -cE '^  [a-z0-9]+( = [a-z0-9]+)?\(' "$work/log")"
[[ $calls -ge 1 && $calls -le 6 ]] || fail "the minimal input has $calls calls"
echo "found $key, and made it $calls calls."
