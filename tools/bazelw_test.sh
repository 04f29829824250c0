#!/bin/sh
# bazelw says which tests were skipped, and why: also of those that Bazel has the results of, and does not run again.
set -eu

bazelw=$(pwd)/bazelw
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
mkdir checkout bin logs
cp "$bazelw" checkout/bazelw
cat >logs/test.xml <<'END'
<testsuite><testcase><skipped message="a_test.cc:7&#x0A;&quot;runsc&quot; is not installed" type=""></skipped></testcase></testsuite>
END
# What of Bazel matters here: it writes its events where it is told, and exits as its tests did.
cat >bin/bazel <<'END'
#!/bin/sh
echo "$@" >>arguments
previous=
for argument; do
  case $argument in
    --build_event_json_file=*) events=${argument#*=} ;;
  esac
  [ "$previous" != --build_event_json_file ] || events=$argument
  previous=$argument
done
[ "$1" = test ] || exit 4
echo '{"id":{"testResult":{}},"testResult":{"testActionOutput":[{"name":"test.xml","uri":"file://LOGS/test.xml"}],"cachedLocally":true}}' |
  sed "s,LOGS,$LOGS," >"$events"
exit 3
END
chmod +x bin/bazel
# Its packages are none of this test's business.
sed -i "s/^find_missing$/missing=/" checkout/bazelw

fail() {
  echo "bazelw_test: $*" >&2
  exit 1
}

status=0
LOGS=$PWD/logs PATH=$PWD/bin:$PATH checkout/bazelw test //... --jobs=1 >out 2>err || status=$?
[ $status = 3 ] || fail "exits with $status, and not as bazel did"
grep -q '1 a_test.cc:7: "runsc" is not installed' err || fail "does not say what was skipped: $(cat err)"
grep -q -- ' //... --jobs=1$' checkout/arguments || fail "arguments are lost: $(cat checkout/arguments)"

# Whoever wants the events for himself gets them where he said, and is told all the same.
for mine in --build_event_json_file=mine.json "--build_event_json_file mine.json"; do
  rm -f checkout/mine.json
  status=0
  # shellcheck disable=SC2086
  (cd checkout && LOGS=$PWD/../logs PATH=$PWD/../bin:$PATH ./bazelw test $mine //... 2>../err) || status=$?
  [ $status = 3 ] || fail "$mine: exits with $status, and not as bazel did"
  [ -s checkout/mine.json ] || fail "$mine: the events are not where they were asked for"
  grep -q '1 a_test.cc:7: "runsc" is not installed' err || fail "$mine: does not say what was skipped: $(cat err)"
done

status=0
LOGS=$PWD/nowhere PATH=$PWD/bin:$PATH checkout/bazelw test //... 2>err || status=$?
[ $status = 3 ] || fail "exits with $status where a log is gone"
grep -q SKIPPED err && fail "tells of skips that there are not"

status=0
PATH=$PWD/bin:$PATH checkout/bazelw run //:sockspec 2>err || status=$?
[ $status = 4 ] || fail "other commands are not handed on: $status"
grep -q '^run //:sockspec$' checkout/arguments || fail "arguments are lost: $(cat checkout/arguments)"
