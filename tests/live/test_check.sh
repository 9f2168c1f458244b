#!/bin/sh
# pagetop check on a recording of a process that leaks between two marks: what passes, what fails and with what it says,
# what stays undecided, as text, JSON and JUnit's XML; and where a mistake is pointed at.
. "$(dirname "$0")/../support/shell.sh"
need jq python3

# It holds still, is warm, allocates 20 kB each 20 ms for 4 s, and is done.
cat >"$tmp/leaky.py" <<'PYTHON'
import os, select, socket
def mark(label):
    try:
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(label, os.environ["PAGETOP_MARK"])
        return True
    except OSError:
        return False
def pause():
    select.select([], [], [], 0.02)
while not mark(b"begun"):
    pause()
for i in range(50):
    pause()
mark(b"warm")
kept = []
for i in range(200):
    kept.append(bytearray(b"x" * 20000))
    pause()
mark(b"done")
os._exit(0) # as it is, with nothing freed
PYTHON
export PAGETOP_MARK="$tmp/marks"
python3 "$tmp/leaky.py" &
target=$!
"$bin" record -p "$target" -o "$tmp/a" -d 0.05 --budget 50 --marks "$PAGETOP_MARK" || complain "record: status $?"
wait "$target"
target=

# check_says STATUS WHAT ARGUMENT...: its exit status; what it says is in $tmp/out.
check_says() {
	expected=$1 what=$2
	shift 2
	"$bin" check -i "$tmp/a" "$@" >"$tmp/out" 2>"$tmp/err"
	status=$?
	[ $status = "$expected" ] || complain "$what: status $status, not $expected: $(cat "$tmp/out" "$tmp/err")"
}
has() {
	grep -qE -- "$2" "$tmp/out" || complain "$1: nothing as '$2' in: $(cat "$tmp/out")"
}

check_says 0 "what holds" --assert 'peak(rss) < 200M' --assert 'swap == 0 and vmas < 1000' \
	--assert 'final(rss) - at("warm", rss) > 3M' --assert 'plateau(file, "warm".."done")' \
	--assert 'final(rss) - at("warm", rss) < 6M' --assert 'slope(heap.anon, "warm".."done") > 100K/s'
has "what holds" '^6 assertions: 6 passed, 0 failed, 0 undecided$'
check_says 1 "a slope" --assert 'slope(heap.anon, "warm".."done") < 10K/s'
has "a slope" '^failed     slope\(heap.anon, "warm".."done"\) < 10K/s$'
has "a slope" ' is [0-9.]+[KM]/s \(with 99 % between'
has "a slope" '^ +GREW +PAGES  ROLE +PID  START +SINCE  PATH$'
has "a slope" '^ +[0-9.]+M +[0-9]+  (heap|anon|bss) +[0-9]+  [0-9a-f]+ +\+[0-9.]+'
check_says 1 "a plateau" --assert 'plateau(anon, "warm".."done")'
has "a plateau" 'does not hold: growth of'
check_says 1 "pages" --assert 'still_present(born("warm".."done"), end) < 100 pages'
has "pages" ' pages \([0-9.]+M\)'

check_says 0 "undecided" --assert 'at("cold", rss) < 1M'
has "undecided" 'undecided: there is no mark "cold" in this run'
check_says 1 "strict" --assert 'at("cold", rss) < 1M' --strict

cat >"$tmp/assertions" <<'FILE'
# what has to be true

peak(rss) < 200M
  peak(rss) < 1M
at("<&>", rss) < 1M
FILE
check_says 1 "a file" --assertions "$tmp/assertions" -J --junit "$tmp/junit.xml"
jq -e '([.check[].result] == ["passed", "failed", "undecided"]) and .summary == {passed: 1, failed: 1, undecided: 1} and
	(.check[1].where | endswith("assertions:4")) and .check[1].values[0].low > 1048576 and
	(.check[1].grew.vmas[0] | .name == "python3" and .bytes == .pages * '"$(getconf PAGESIZE)"' and .since >= 0) and
	.check[0].grew == null and (.check[2].reason | contains("no mark"))' "$tmp/out" >/dev/null || complain "JSON: $(cat "$tmp/out")"
python3 - "$tmp/junit.xml" <<'PYTHON' || complain "JUnit: $(cat "$tmp/junit.xml")"
import sys, xml.etree.ElementTree as tree
suite = tree.parse(sys.argv[1]).getroot().find("testsuite")
cases = suite.findall("testcase")
assert [suite.get(k) for k in ("tests", "failures", "errors", "skipped")] == ["3", "1", "0", "1"], suite.attrib
assert [len(case) for case in cases] == [0, 1, 1]
assert cases[1].find("failure").get("message").startswith("it is ")
assert "what grew from" in cases[1].find("failure").text
assert cases[2].get("name") == 'at("<&>", rss) < 1M'
assert "no mark" in cases[2].find("skipped").get("message")
PYTHON

# The VMAs of who lives too short for a frame are counted.
"$bin" run --strict --assert 'vmas < 500' --report "$tmp/report" -- sh -c 'for i in 1 2 3; do timeout 0.06 tail -f /dev/null; done; :'
[ $? = 0 ] || complain "VMAs of short-lived children: $(tail -n 4 "$tmp/report")"

# A run says the same at its end as its recording does afterwards.
cat >"$tmp/assertions" <<'FILE'
plateau(anon, "warm".."done")
slope(rss, "warm".."done") < 10K/s
still_present(born("warm".."done"), "done") < 100 pages
final(anon) - at("warm", anon) < 1M
peak(rss of root, "warm"..end) < 5M or peak(anon) < 1M
thp_share(heap of root) < 1%
mean(file) > 1M and min(size of root) > 1M
peak(heap.rss of "nobody") < 1M
swap == 0
pss of root < 1M
FILE
unset PAGETOP_MARK
"$bin" run -d 0.1 -o "$tmp/b" -J --report "$tmp/report" --assertions "$tmp/assertions" -- python3 "$tmp/leaky.py"
[ $? = 121 ] || complain "a run in which assertions failed does not end with 121"
"$bin" check -i "$tmp/b" -J --assertions "$tmp/assertions" >"$tmp/out" 2>"$tmp/err"
told='.[] | [.assertion, .result, .reason, [.values[] | .low, .high], [.grew.vmas[]? | .start, .pages]]'
jq -c ".assertions | $told" "$tmp/report" >"$tmp/run"
jq -c ".check | $told" "$tmp/out" | diff "$tmp/run" - || complain "a run and its recording are not judged alike"
[ "$(wc -l <"$tmp/run")" = 10 ] && grep -q '"failed"' "$tmp/run" && grep -q '"passed"' "$tmp/run" ||
	complain "of a run not all is told: $(cat "$tmp/run")"

# The peak too, which the kernel's account of the end has to the page.
peak='.values[] | select(.of == "peak(rss)") | .low'
for i in 1 2 3; do
	"$bin" run -J -d 1 -o "$tmp/peak" --force --report "$tmp/report" --assert 'peak(rss) < 1T' -- \
		dd if=/dev/zero of=/dev/null bs=64M count=3 2>"$tmp/err" || complain "a run of dd: status $?"
	"$bin" check -i "$tmp/peak" -J --assert 'peak(rss) < 1T' >"$tmp/out" || complain "its recording: status $?"
	[ "$(jq ".assertions[0] | $peak" "$tmp/report")" = "$(jq ".check[0] | $peak" "$tmp/out")" ] ||
		complain "the peaks of a run and of its recording differ"
done

# complains STATUS TEXT ARGUMENT...
complains() {
	expected=$1 text=$2
	shift 2
	"$bin" check "$@" >"$tmp/out" 2>"$tmp/err"
	status=$?
	[ $status = "$expected" ] || complain "check $*: status $status, not $expected"
	grep -qF -- "$text" "$tmp/err" || complain "check $*: '$text' is not in: $(cat "$tmp/err")"
	[ ! -s "$tmp/out" ] || complain "check $*: says something on stdout"
}
complains 2 '  rss < 2Q' -i "$tmp/a" --assert 'rss < 2Q'
complains 2 '         ^' -i "$tmp/a" --assert 'rss < 2Q'
complains 2 '  rss < \x1b[31m5' -i "$tmp/a" --assert "rss < $(printf '\033')[31m5"
complains 2 '        ^~~~' -i "$tmp/a" --assert "rss < frob"
complains 2 'nothing to check' -i "$tmp/a"
complains 2 'pagetop check -i RECORDING' --assert 'rss < 1M'
complains 2 'cannot open' -i "$tmp/a" --assertions "$tmp/none"
complains 2 'none' -i "$tmp/none" --assert 'rss < 1M'
echo 'rss < ' >"$tmp/assertions"
complains 2 "assertions:1: it ends here" -i "$tmp/a" --assertions "$tmp/assertions"
"$bin" check -i "$tmp/a" --assert 'rss < 1T' --junit "$tmp/no/folder" >/dev/null 2>"$tmp/err" && complain "a file that cannot be written"
exit $failed
