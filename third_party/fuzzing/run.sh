#!/bin/bash
#
# What `bazel run //fuzz:NAME_run -- [OPTION]... [LIBFUZZER_FLAG]...` runs.
#
#   --timeout_secs=N            stop after N seconds; without it, run until interrupted
#   --fuzzing_output_root=DIR   where the campaign is kept; /tmp/fuzzing by default
#   --clean                     forget what earlier campaigns found
#   --regression                run the corpus once, and do not mutate
#   FILE                        run this input alone, and others that are named; the corpus is left out
#
# DIR/NAME/corpus grows from run to run, DIR/NAME/artifacts holds the inputs that failed. Everything
# else goes to libFuzzer as it is.
set -eu

name="$1"
binary="$(realpath "$2")"
seeds="$(realpath "$3")"
flags=()
[[ -n "$4" ]] && flags+=("-dict=$(realpath "$4")")
shift 4

root=/tmp/fuzzing
clean=no
regression=no
# `bazel run` changes the working directory; a relative path is meant from where the user stands.
cd "${BUILD_WORKING_DIRECTORY:-.}"
inputs=()
for argument in "$@"; do
  case "$argument" in
    --timeout_secs=*) flags+=("-max_total_time=${argument#*=}") ;;
    --fuzzing_output_root=*) root="${argument#*=}" ;;
    --clean) clean=yes ;;
    --regression) regression=yes ;;
    -*) flags+=("$argument") ;;
    *)
      [[ -f "$argument" ]] || { echo "$name: $argument is no file; see $0" >&2 && exit 2; }
      inputs+=("$argument")
      ;;
  esac
done
[[ ${#inputs[@]} -gt 0 ]] && exec "$binary" "${flags[@]}" "${inputs[@]}"

out="$root/$name"
[[ "$clean" == yes ]] && rm -rf -- "$out/corpus" "$out/artifacts"
mkdir -p -- "$out/corpus" "$out/artifacts"
[[ "$regression" == yes ]] && flags+=("-runs=0")

echo "corpus:    $out/corpus"
echo "artifacts: $out/artifacts"
exec "$binary" "${flags[@]}" -artifact_prefix="$out/artifacts/" "$out/corpus" "$seeds"
