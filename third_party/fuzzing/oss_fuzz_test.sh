#!/bin/bash
#
# oss_fuzz_test.sh ARCHIVE NAME: what OSS-Fuzz does with the archive of a target: it is unpacked into an empty
# directory, and the binary runs there with the corpus, dictionary and options that stand beside it.
set -eu

archive="$PWD/$1"
name="$2"
out="$(mktemp -d "${TEST_TMPDIR:-/tmp}/oss_fuzz_test.XXXXXX")"
trap 'rm -rf "$out"' EXIT
cd "$out"

fail() {
  echo "oss_fuzz_test: $*" >&2
  exit 1
}

tar -xf "$archive"
expected="$name $name.dict $name.options ${name}_seed_corpus.zip"
[[ "$(LC_ALL=C ls | tr '\n' ' ')" == "$expected " ]] || fail "holds $(ls | tr '\n' ' '), and not $expected"
[[ -x "$name" && ! -L "$name" ]] || fail "$name is no program"
grep -q LLVMFuzzerTestOneInput "$name" || fail "$name has no LLVMFuzzerTestOneInput, by which targets are told from other programs"
head -n 1 "$name.options" | grep -qx '\[libfuzzer\]' || fail "$name.options has no section [libfuzzer]"

# Nothing that an image without this project's packages lacks.
while read -r library _; do
  case $library in
    linux-vdso.so.* | libc.so.* | libm.so.* | libgcc_s.so.* | libstdc++.so.* | libpthread.so.* | libdl.so.* | librt.so.* | libresolv.so.* | */ld-linux*) ;;
    *) fail "$name needs $library" ;;
  esac
done < <(ldd "./$name")

# The options as ClusterFuzz hands them over: each of the section's as a flag.
flags=()
while IFS='= ' read -r key value; do
  [[ -n "$key" && "$key" != '['* && "$key" != '#'* ]] && flags+=("-$key=$value")
done <"$name.options"
mkdir seeds
python3 -m zipfile -e "${name}_seed_corpus.zip" seeds
[[ -n "$(ls seeds)" ]] || fail "the seed corpus is empty"
"./$name" "${flags[@]}" -dict="$name.dict" -runs=500 -seed=1 seeds >log 2>&1 || fail "does not run: $(tail -n 30 log)"
grep -q 'Dictionary: [1-9]' log || fail "has no use of its dictionary: $(cat log)"
! grep 'unrecognized flag' log || fail "libFuzzer does not know an option of $name.options"
