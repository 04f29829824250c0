#!/bin/bash
#
# regression.sh BINARY CORPUS [FLAG]...: runs each file of the directory CORPUS once, the empty
# input first. What the test behind every cc_fuzz_test does. An input that fails is kept with the
# test's outputs, and the log ends with the command that runs it alone.
set -u

binary="$1"
corpus="$2"
shift 2

outputs="${TEST_UNDECLARED_OUTPUTS_DIR:-${TEST_TMPDIR:-/tmp}}"
work="$(mktemp -d "${TEST_TMPDIR:-/tmp}/regression.XXXXXX")"
trap 'rm -rf "$work"' EXIT
empty="$work/empty_input"
: >"$empty"

# libFuzzer names each file before it runs it, which is why the files are given one by one and not
# as a directory: the last one that it named is the one that failed.
run() {
  "$binary" "$@" 2>&1 | tee "$work/log" >&2
  [[ ${PIPESTATUS[0]} == 0 ]] && return
  local failed name
  failed="$(sed -n 's/^Running: //p' "$work/log" | tail -n 1)"
  name="$(basename "${failed:-none}")"
  if [[ -f "$failed" ]]; then
    cp -L "$failed" "$outputs/$name"
    echo "The input that fails is $name, in test.outputs/outputs.zip beside this log."
  fi
  # TEST_TARGET is //fuzz:x_fuzzer, and CORPUS is fuzz/x_fuzzer_corpus.
  local path="bazel-bin/$corpus/$name"
  [[ "$failed" == "$empty" ]] && path="/tmp/$name"
  echo "To repeat it: $([[ "$failed" == "$empty" ]] && echo ": >$path; ")./bazelw run ${TEST_TARGET:-//…}_run -- $path"
  exit 1
}

run "$@" "$empty"
find -L "$corpus" -type f -print0 | sort -z >"$work/files"
mapfile -d '' -t files <"$work/files"
# As many at once as a command line certainly holds.
for ((i = 0; i < ${#files[@]}; i += 500)); do
  run "$@" "${files[@]:i:500}"
done

echo "${#files[@]} files of the corpus and the empty input: all pass."
