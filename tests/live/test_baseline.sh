#!/bin/sh
# Baselines by pagetop check: made, learnt from, held against runs that are no worse and one that is; and what is refused.
set -u
skip() {
	echo "SKIP: $*"
	exit 77
}
[ -n "${PT_BIN:-}" ] || skip "pagetop is not built"
command -v jq >/dev/null || skip "jq is not installed"
command -v python3 >/dev/null || skip "python3 is not installed"
export LC_ALL=C
tmp=$(mktemp -d) || exit 1
target=
finish() {
	[ -z "$target" ] || kill "$target" 2>/dev/null
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM
failed=0
fail() {
	echo "FAILED: $*"
	failed=1
}

# record NAME MIB: a program that takes so much, in steps, and then is as it is until it is told to go.
cat >"$tmp/program.py" <<'PYTHON'
import os, select, socket, sys
to = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
def mark(label):
    try:
        to.sendto(label, os.environ["PAGETOP_MARK"])
        return True
    except OSError:
        return False
def pause():
    select.select([], [], [], 0.02)
while not mark(b"begun"):
    pause()
kept = []
for i in range(40):
    kept.append(bytearray(b"x" * (int(sys.argv[1]) * 1048576 // 40)))
    pause()
mark(b"done")
os._exit(0)
PYTHON
record() {
	export PAGETOP_MARK="$tmp/marks"
	python3 "$tmp/program.py" "$2" &
	target=$!
	"$PT_BIN" record -p "$target" -o "$tmp/$1" -d 0.05 --budget 50 --marks "$PAGETOP_MARK" || fail "record: status $?"
	wait "$target"
	target=
}
record a 20
record worse 60

# check_says STATUS WHAT ARGUMENT...: its exit status; what it says is in $tmp/out and $tmp/err.
check_says() {
	expected=$1 what=$2
	shift 2
	"$PT_BIN" check "$@" >"$tmp/out" 2>"$tmp/err"
	status=$?
	[ $status = "$expected" ] || fail "$what: status $status, not $expected: $(cat "$tmp/out" "$tmp/err")"
}
base=$tmp/main.json
check_says 2 "none yet" -i "$tmp/a" --baseline "$base"
grep -q 'main.json: No such file.*--baseline-update' "$tmp/err" || fail "none yet: $(cat "$tmp/err")"
check_says 0 "the first" -i "$tmp/a" --baseline "$base" --baseline-update
jq -e '.["pagetop-baseline"] == 1 and (.runs | length) == 1 and (.runs[0].measures | .["peak(heap.rss)"] > 20 * 1048576 and
	.["peak(heap.rss)"] < 60 * 1048576 and .duration > 0.5) and (.runs[0].when | fromdate) > 1700000000' "$base" >/dev/null ||
	fail "the file: $(cat "$base")"
check_says 0 "itself" -i "$tmp/a" --baseline "$base"
grep -qE '^[0-9]+ assertions: [1-9][0-9]* passed, 0 failed' "$tmp/out" || fail "itself: $(cat "$tmp/out")"
grep -qE '^passed     peak\(heap.rss\) <= [0-9.]+M$' "$tmp/out" || fail "itself: $(cat "$tmp/out")"
cp "$base" "$tmp/one.json"
for i in 2 3 4; do
	check_says 0 "run $i" -i "$tmp/a" --baseline "$base" --baseline-update
done
jq -e '.runs | length == 4' "$base" >/dev/null || fail "four: $(cat "$base")"
for file in "$tmp/one.json" "$base"; do
	check_says 1 "a worse one by $file" -i "$tmp/worse" --baseline "$file"
	grep -qE '^failed     peak\(heap.rss\) <= ' "$tmp/out" || fail "a worse one: $(cat "$tmp/out")"
	grep -qE '^    by .*json: [0-9.]+M in [14] runs?$' "$tmp/out" || fail "a worse one, where: $(cat "$tmp/out")"
	grep -qE 'what grew from' "$tmp/out" || fail "a worse one, what grew: $(cat "$tmp/out")"
	! grep -qE '^(failed|undecided) +(peak|final)\((shmem|swap)' "$tmp/out" || fail "what is as it was: $(cat "$tmp/out")"
done
check_says 0 "the other way round" -i "$tmp/a" --baseline "$base" --assert 'peak(rss) < 200M' -J
jq -e '.summary.failed == 0 and .summary.passed > 3 and ([.check[].assertion] | index("peak(rss) < 200M") == 0)' "$tmp/out" \
	>/dev/null || fail "JSON: $(cat "$tmp/out")"
check_says 1 "as JUnit" -i "$tmp/worse" --baseline "$base" --junit "$tmp/junit.xml"
grep -q 'name="peak(heap.rss) &lt;= .*"' "$tmp/junit.xml" || fail "JUnit: $(cat "$tmp/junit.xml")"

echo '{"pagetop-baseline": 1, "runs": [{"measures": {"peak(\u001b[31m)": 1}}]}' >"$tmp/bad.json"
check_says 2 "a hostile one" -i "$tmp/a" --baseline "$tmp/bad.json"
grep -qF 'is no measure' "$tmp/err" || fail "a hostile one: $(cat "$tmp/err")"
! grep -q "$(printf '\033')" "$tmp/err" || fail "a hostile one reaches the terminal"
cp "$tmp/bad.json" "$tmp/before"
check_says 2 "and is not replaced" -i "$tmp/a" --baseline "$tmp/bad.json" --baseline-update
cmp -s "$tmp/bad.json" "$tmp/before" || fail "what is no baseline was overwritten"
check_says 1 "no room" -i "$tmp/a" --baseline "$tmp/no/folder.json" --baseline-update
check_says 2 "of nothing" -i "$tmp/a" --baseline-update
exit $failed
