#!/bin/bash
#
# regression.sh BINARY CORPUS [FLAG]...: runs each file of the directory CORPUS once, the empty
# input first. What the test behind every cc_fuzz_test does.
set -u

binary="$1"
corpus="$2"
shift 2

# An input that fails is kept with the test's outputs. libFuzzer names each file before it runs it,
# which is why the files are given one by one and not as a directory.
artifacts="${TEST_UNDECLARED_OUTPUTS_DIR:-${TEST_TMPDIR:-/tmp}}/"
empty="${TEST_TMPDIR:-/tmp}/empty_input"
: >"$empty"
"$binary" "$@" -artifact_prefix="$artifacts" "$empty" || exit 1
find -L "$corpus" -type f -print0 | sort -z |
  xargs -0 -r "$binary" "$@" -artifact_prefix="$artifacts" || exit 1

echo "$(find -L "$corpus" -type f | wc -l) files of the corpus and the empty input: all pass."
