#!/bin/sh
# Faults in recordings, as scripts meet them: a program that grows by two functions, between two marks; the same built
# anew, beside it; the queries of pagetop-recording(5); names that are hidden.
. "$(dirname "$0")/../support/shell.sh"
need jq sqlite3 cc

page=$(getconf PAGESIZE)
cat >"$tmp/grow.c" <<'C'
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#ifdef ANEW
int moved(int x) { return x * 3; }
#endif
__attribute__((noinline)) void touch(size_t pages)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	volatile char *p = mmap(NULL, pages * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; i < pages; i++)
		p[i * size] = 1;
}
__attribute__((noinline)) void grow_much(void) { touch(24); puts("done"); }
__attribute__((noinline)) void grow_little(void) { touch(6); puts("done"); }
int main(void)
{
	char word[16];
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (scanf("%15s", word) == 1)
		*word == 'm' ? grow_much() : grow_little();
	return 0;
}
C
cc -O0 -g -Wl,--build-id -o "$tmp/grow" "$tmp/grow.c" && cc -O0 -g -DANEW -Wl,--build-id -o "$tmp/grow-anew" "$tmp/grow.c" ||
	skip "there is no compiler"

ask() { # FILE SQL
	sqlite3 -readonly "$1" "$2"
}

# frames FILE N: waits until there are so many more.
frames() {
	want=$(($(ask "$1" 'SELECT count(*) FROM frame' 2>/dev/null || echo 0) + $2))
	while [ "$(ask "$1" "SELECT count(*) >= $want FROM frame" 2>/dev/null)" != 1 ]; do
		kill -0 "$recorder" 2>/dev/null || { complain "the recorder of $1 ended by itself: $(cat "$tmp/said")" && return 1; }
	done
}

grow() { # WORD
	echo "$1" >&4
	read -r word <&3
	[ "$word" = done ] || complain "the program says '$word'"
}

# record_run PROGRAM FILE WORDS... -- OPTION...: it grows by each word, between the marks before and after.
record_run() {
	program=$1 file=$2 words=$3
	shift 3
	rm -f "$tmp/in" "$tmp/out-of" && mkfifo "$tmp/in" "$tmp/out-of" || exit 1
	"$tmp/$program" <"$tmp/in" >"$tmp/out-of" &
	target=$!
	exec 4>"$tmp/in" 3<"$tmp/out-of"
	grow little # which is before the recording
	"$bin" record -p "$target" -o "$file" -d 0.2 --faults --period 1 --budget 50 --marks "$tmp/marks" "$@" >"$tmp/said" 2>&1 3<&- 4>&- &
	recorder=$!
	frames "$file" 2
	PAGETOP_MARK="$tmp/marks" "$bin" mark before || complain "a mark is not taken"
	frames "$file" 2
	for word in $words; do # so few at once that rings have room for all
		grow "$word"
		frames "$file" 2
	done
	PAGETOP_MARK="$tmp/marks" "$bin" mark after || complain "a mark is not taken"
	frames "$file" 2
	kill -INT "$recorder"
	wait "$recorder" || complain "record: status $?: $(cat "$tmp/said")"
	recorder=
	exec 3<&- 4>&-
	wait "$target"
	target=
}

# so_is WHAT JQ ARGUMENT...: what diff says as JSON. pages(FUNCTION; KEY) are those that it touched.
so_is() {
	what=$1 expression=$2
	shift 2
	"$bin" diff -J "$@" >"$tmp/out" 2>"$tmp/err" || complain "$what: status $?: $(cat "$tmp/err")"
	jq -e "def pages(\$f; \$k): [.faults.stacks[] | select(.frames[0].symbol == \"touch\" and .frames[1].symbol == \$f) | .[\$k]] | add;
		$expression" "$tmp/out" >/dev/null ||
		complain "$what: $(jq -c '.faults | if . then {events, lost, period, kinds, stacks: [.stacks[:6][] |
			[.events, ."events-before", .born, ."born-before", .complete, [.frames[].symbol]]]} else . end' "$tmp/out")"
}

"$bin" faults -p $$ --for 0.1 >/dev/null 2>"$tmp/err"
case $? in
4 | 5) skip "no page faults here: $(cat "$tmp/err")" ;;
esac

# ---- between two marks

record_run grow "$tmp/a" "much little much"
[ "$(ask "$tmp/a" 'SELECT sum(lost) FROM fault_frame')" = 0 ] || skip "this machine is too busy: faults were lost"
so_is "from mark to mark" 'pages("grow_much"; "events") == 48 and pages("grow_little"; "events") == 6 and .faults.period == 1' \
	"$tmp/a" --from before --to after
# of a VMA that is too new to be known the kind may be unknown, and so what was brought
so_is "what they brought" "pages(\"grow_much\"; \"born\") | . > 0 and . % $page == 0 and . <= 48 * $page" "$tmp/a" --from before --to after
so_is "where" "(.faults | [.vmas[].events] | add) == .faults.events and ([.faults.vmas[] | select(.role == \"anon\") | .born] | add) > 0 and
	([.faults.vmas[].born] | add) == ([.faults.stacks[].born] | add)" "$tmp/a" --from before --to after
so_is "names and places" '[.faults.stacks[] | select(.frames[0].symbol == "touch")][0] | .complete and
	(.frames[0] | .module and ."module-offset" and ."build-id") and .frames[-1].symbol == "_start"' "$tmp/a"
so_is "before the mark" '.faults == null or (pages("grow_much"; "events") // 0) == 0' "$tmp/a" --to before
"$bin" diff "$tmp/a" --from before --to after >"$tmp/out" || complain "diff: status $?"
grep -q "By stack: .* faults brought" "$tmp/out" && grep -q "touch <- grow_much <- main" "$tmp/out" || complain "the table has no stacks"

# ---- two runs, the second of a program that was built anew

record_run grow-anew "$tmp/b" "much much much"
so_is "two runs" 'pages("grow_much"; "events-before") == 48 and pages("grow_much"; "events") == 72 and
	pages("grow_little"; "events-before") == 6 and (pages("grow_little"; "events") // 0) == 0' "$tmp/a" "$tmp/b"
so_is "two runs: the order" '.faults.stacks[0].frames[1].symbol == "grow_much"' "$tmp/a" "$tmp/b"
so_is "a run beside itself" '[.faults.stacks[] | .events == ."events-before" and .born == ."born-before"] | all' "$tmp/a" "$tmp/a"
"$bin" diff "$tmp/a" "$tmp/b" | grep -q "BORN_GREW .* STACK" || complain "the table of two runs has no stacks"

# ---- names that are hidden, recordings without faults, what is refused

record_run grow "$tmp/c" "much" --anonymize
! grep -qaE 'grow_much|/grow|libc\.so' "$tmp/c" || complain "--anonymize leaves names in it"
# besides its own 24 pages a page of libc may be mapped
so_is "--anonymize: sums" '.faults.kinds."first-touch" == 24 and ([.faults.stacks[].events] | add) == .faults.events' "$tmp/c" --from before --to after
so_is "--anonymize: two runs" '.faults == null' "$tmp/a" "$tmp/c"
gives 0 record -p $$ -o "$tmp/d" -d 0.1 --for 0.3
so_is "without faults" '.faults == null' "$tmp/d"
"$bin" diff "$tmp/d" | grep -q "By stack" && complain "stacks of a recording without faults"
complains 2 "--faults needs a recording" record -p $$ --faults
complains 2 "pagetop record --faults" record -p $$ --period 1 -o "$tmp/e"
[ ! -e "$tmp/e" ] || complain "a file was made"

# ---- what came after the last frame belongs to it: told to end, or the process ends

for how in INT end; do
	rm -f "$tmp/in" "$tmp/out-of" && mkfifo "$tmp/in" "$tmp/out-of" || exit 1
	"$tmp/grow" <"$tmp/in" >"$tmp/out-of" &
	target=$!
	exec 4>"$tmp/in" 3<"$tmp/out-of"
	grow little
	rm -f "$tmp/f"
	"$bin" record -p "$target" -o "$tmp/f" -d 60 --faults --period 1 --budget 50 >"$tmp/said" 2>&1 3<&- 4>&- &
	recorder=$!
	until [ "$(ask "$tmp/f" 'SELECT count(*) FROM fault_frame' 2>/dev/null)" = 1 ]; do # steps have begun
		kill -0 "$recorder" 2>/dev/null || { complain "the recorder ended by itself: $(cat "$tmp/said")" && break; }
	done
	grow much
	[ $how = end ] || kill -$how "$recorder"
	[ $how != end ] || exec 4>&-
	wait "$recorder" || complain "record: status $?: $(cat "$tmp/said")"
	recorder=
	exec 3<&- 4>&-
	wait "$target"
	target=
	[ "$(ask "$tmp/f" "SELECT sum(events) FROM fault JOIN fault_calls USING (stack) WHERE calls LIKE 'touch < grow_much%'")" = 24 ] ||
		complain "$how: faults after the last frame are not there: $(ask "$tmp/f" 'SELECT sum(events) FROM fault')"
done

# ---- tables and queries of the manual

for name in $(ask "$tmp/a" "SELECT DISTINCT p.name FROM sqlite_schema s, pragma_table_info(s.name) p WHERE s.name LIKE 'fault%'
	UNION SELECT name FROM sqlite_schema WHERE name LIKE 'fault%' AND type IN ('table', 'view')"); do
	grep -qw -- "$name" "$top/assets/pagetop-recording.5" || complain "the manual does not have $name"
done
awk '/^\.SH QUERIES/ { on = 1 } /^\.SH PAGES/ { on = 0 } on && /^\.nf/ { sql = ""; next }
	on && /^\.fi/ { if (sql ~ /fault_/) { n++; printf "%s", sql >(dir "/query" n); close(dir "/query" n) } next } on { sql = sql $0 "\n" }' \
	dir="$tmp" "$top/assets/pagetop-recording.5"
queries=0
for query in "$tmp"/query*; do
	queries=$((queries + 1))
	sqlite3 -readonly "$tmp/a" <"$query" >"$tmp/out" 2>"$tmp/err" || complain "a query of the manual: $(cat "$query")"
	grep -qE 'grow_much|first-touch' "$tmp/out" || complain "a query of the manual gives too little: $(cat "$query")"
done
[ $queries = 2 ] || complain "$queries queries of faults in the manual"
exit $failed
