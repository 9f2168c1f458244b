#!/bin/sh
# Baselines by pagetop check and pagetop run: made, learnt from, held against runs that are no worse and one that is; and
# what is refused.
. "$(dirname "$0")/../support/shell.sh"
need jq python3

# A program that takes so many MiB in steps, between two marks.
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
record() { # NAME MIB
	export PAGETOP_MARK="$tmp/marks"
	python3 "$tmp/program.py" "$2" &
	target=$!
	gives 0 record -p "$target" -o "$tmp/$1" -d 0.05 --budget 50 --marks "$PAGETOP_MARK"
	wait "$target"
	target=
}
record a 20
record worse 60

# holds WHAT PATTERN: so it says.
holds() {
	grep -qE -- "$2" "$tmp/out" || complain "$1: nothing as '$2'"
}

base=$tmp/main.json
complains 2 'main.json: No such file or directory; --baseline-update makes one' check -i "$tmp/a" --baseline "$base"
(umask 027 && gives 0 check -i "$tmp/a" --baseline "$base" --baseline-update)
[ "$(stat -c %a "$base")" = 640 ] || complain "permissions $(stat -c %a "$base") with umask 027"
jq -e '.["pagetop-baseline"] == 1 and (.runs | length) == 1 and (.runs[0].measures | .["peak(heap.rss)"] > 20 * 1048576 and
	.["peak(heap.rss)"] < 60 * 1048576 and .duration > 0.5) and (.runs[0].when | fromdate) > 1700000000' "$base" >/dev/null ||
	complain "the file: $(cat "$base")"
gives 0 check -i "$tmp/a" --baseline "$base"
holds "itself" '^[0-9]+ assertions: [1-9][0-9]* passed, 0 failed'
holds "itself" '^passed     peak\(heap.rss\) <= [0-9.]+M$'
cp "$base" "$tmp/one.json"
for i in 2 3 4; do
	gives 0 check -i "$tmp/a" --baseline "$base" --baseline-update
done
jq -e '.runs | length == 4' "$base" >/dev/null || complain "four: $(cat "$base")"
for file in "$tmp/one.json" "$base"; do
	gives 1 check -i "$tmp/worse" --baseline "$file"
	holds "a worse one" '^failed     peak\(heap.rss\) <= '
	holds "a worse one" '^    by .*json: [0-9.]+M in [14] runs?$'
	holds "a worse one" 'what grew from'
	! grep -qE '^(failed|undecided) +peak\((shmem|swap)' "$tmp/out" || complain "what is as it was"
done
gives 0 check -i "$tmp/a" --baseline "$base" --assert 'peak(rss) < 200M' -J
jq -e '.summary.failed == 0 and .summary.passed > 3 and ([.check[].assertion] | index("peak(rss) < 200M") == 0)' "$tmp/out" \
	>/dev/null || complain "JSON"
gives 1 check -i "$tmp/worse" --baseline "$base" --junit "$tmp/junit.xml"
grep -q 'name="peak(heap.rss) &lt;= .*"' "$tmp/junit.xml" || complain "JUnit: $(cat "$tmp/junit.xml")"

# At the end of a run.
cat >"$tmp/short.py" <<'PYTHON'
import select, sys
kept = [b"x" * 100000 + bytes([i % 250]) for i in range(int(sys.argv[1]) * 10)]
select.select([], [], [], 0.4)
PYTHON
base=$tmp/run.json
for i in 1 2 3; do
	gives 0 run --baseline "$base" --baseline-update -- python3 "$tmp/short.py" 20
done
jq -e '.runs | length == 3' "$base" >/dev/null || complain "three runs: $(cat "$base")"
cp "$base" "$tmp/before"
gives 121 run --baseline "$base" -- python3 "$tmp/short.py" 60
grep -qE '^failed     peak\(rss\) <= ' "$tmp/err" || complain "a worse run"
gives 1 run --baseline "$base" --baseline-update -- false
grep -q 'false: the command failed (exit status 1), so .*run.json stays as it is' "$tmp/err" || complain "a command that fails"
cmp -s "$base" "$tmp/before" || complain "what was not to be kept was"

echo '{"pagetop-baseline": 1, "runs": [{"measures": {"peak(\u001b[31m)": 1}}]}' >"$tmp/bad.json"
cp "$tmp/bad.json" "$tmp/before"
complains 2 'is no measure' check -i "$tmp/a" --baseline "$tmp/bad.json"
! grep -q "$(printf '\033')" "$tmp/err" || complain "what is hostile reaches the terminal"
complains 2 'is no measure' run --baseline "$tmp/bad.json" --baseline-update -- touch "$tmp/started"
[ ! -e "$tmp/started" ] || complain "the command was started all the same"
cmp -s "$tmp/bad.json" "$tmp/before" || complain "what is no baseline was overwritten"
gives 1 check -i "$tmp/a" --baseline "$tmp/no/folder.json" --baseline-update
complains 2 'of which file' check -i "$tmp/a" --baseline-update
exit $failed
