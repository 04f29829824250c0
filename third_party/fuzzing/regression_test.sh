#!/bin/bash
#
# regression_test.sh REGRESSION PACKAGE: what the tests behind cc_fuzz_test say and keep when an input fails, and
# what is in the archive for fuzzing services. The engine is a script here.
set -u

regression="$PWD/$1"
package="$PWD/$2"
work="$(mktemp -d "${TEST_TMPDIR:-/tmp}/regression_test.XXXXXX")"
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
mkdir -p fuzz/x_fuzzer_corpus outputs
export TEST_TARGET=//fuzz:x_fuzzer TEST_TMPDIR="$work" TEST_UNDECLARED_OUTPUTS_DIR="$work/outputs"

failures=0
expect() {
  local claim="$1"
  shift
  "$@" && return
  echo "$claim: does not hold" >&2
  cat log >&2
  failures=$((failures + 1))
}

# Fails on an input that holds `bad`, or is named by BAD, as libFuzzer would.
cat >engine <<'ENGINE'
#!/bin/bash
for input in "$@"; do
  [[ "$input" == -* ]] && continue
  echo "Running: $input" >&2
  grep -q bad "$input" && exit 77
  [[ "$(basename "$input")" == "${BAD:-}" ]] && exit 77
done
exit 0
ENGINE
chmod +x engine
# More than one command line takes.
for n in $(seq 1 700); do echo good >"fuzz/x_fuzzer_corpus/$n with a blank"; done

"$regression" ./engine fuzz/x_fuzzer_corpus -flag=1 >log 2>&1
expect "a corpus without a failure passes" test $? = 0
expect "all files are run" grep -qx '700 files of the corpus and the empty input: all pass.' log

echo bad >fuzz/x_fuzzer_corpus/odd.program
"$regression" ./engine fuzz/x_fuzzer_corpus >log 2>&1
expect "an input that fails fails the test" test $? = 1
expect "the log names the command" grep -qx \
  'To repeat it: ./bazelw run //fuzz:x_fuzzer_run -- bazel-bin/fuzz/x_fuzzer_corpus/odd.program' log
expect "the input is kept" cmp -s fuzz/x_fuzzer_corpus/odd.program outputs/odd.program

BAD=empty_input "$regression" ./engine fuzz/x_fuzzer_corpus >log 2>&1
expect "the empty input is one" grep -qx \
  'To repeat it: : >/tmp/empty_input; ./bazelw run //fuzz:x_fuzzer_run -- /tmp/empty_input' log

# The archive.
head -c 100000 /dev/urandom >binary
echo '"word"' >words.dict
echo '[libfuzzer]' >x.options
pack() {
  python3 "$package" --out "$1" --name x_fuzzer --binary binary --corpus fuzz/x_fuzzer_corpus --dict words.dict \
    --options x.options
}
pack one.tar && pack two.tar
expect "the same inputs give the same bytes" cmp -s one.tar two.tar
python3 - >log 2>&1 <<'PYTHON'
import tarfile
import zipfile

archive = tarfile.open("one.tar")
names = ["x_fuzzer", "x_fuzzer_seed_corpus.zip", "x_fuzzer.dict", "x_fuzzer.options"]
assert archive.getnames() == names, archive.getnames()
assert archive.extractfile("x_fuzzer").read() == open("binary", "rb").read()
assert archive.getmember("x_fuzzer").mode == 0o755
seeds = zipfile.ZipFile(archive.extractfile("x_fuzzer_seed_corpus.zip"))
assert len(seeds.namelist()) == 701, len(seeds.namelist())
PYTHON
expect "the archive has what a fuzzing service takes, the binary as it was linked" test $? = 0

[[ $failures == 0 ]]
