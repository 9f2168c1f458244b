#!/bin/sh
# pagetop leaks on a program whose leaks are known: report, tables, JSON, one object, snapshots, marks of a run, recordings;
# what is refused. Whether each object is judged right is test_known_leaks.sh's. As an ordinary user on processes of one's own.
. "$(dirname "$0")/../support/shell.sh"
need jq cc
unset PAGETOP_MARK PAGETOP_MARK_FD

cat >"$tmp/target.c" <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "pagetop-mark.h"

struct node {
	struct node *next;
	char text[112];
};
static struct node *kept, *volatile lost;

__attribute__((noinline)) static struct node *list(int n)
{
	struct node *head = NULL;
	for (int i = 0; i < n; i++) {
		struct node *node = malloc(sizeof(*node));
		memset(node, 'x', sizeof(*node));
		node->next = head;
		head = node;
	}
	return head;
}

/* Nothing of it may stay in registers or on the stack. */
__attribute__((noinline)) static void forget(void)
{
	volatile char stack[65536];
	memset((char *)stack, 0, sizeof(stack));
	lost = NULL;
}

/* A line from stdin: "keep" or "lose" a hundred nodes, or "end"; without it what a run is to see. */
int main(int argc, char **argv)
{
	char line[64];
	(void)argv;
	kept = list(500);
	lost = list(1000);
	forget();
	if (argc > 1) {
		pagetop_mark("a");
		lost = list(100);
		forget();
		pagetop_mark("b");
		pagetop_mark("c");
		return 0;
	}
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) && strcmp(line, "end\n") != 0) {
		struct node *more = list(100), *last = more;
		while (last->next)
			last = last->next;
		last->next = NULL;
		if (line[0] == 'k') {
			last->next = kept;
			kept = more;
		}
		more = last = NULL;
		forget();
		puts("done");
		fflush(stdout);
	}
	return 0;
}
END
cc -O1 -g -I "$top/assets" -o "$tmp/leaky" "$tmp/target.c" 2>"$tmp/err" || complain "the target cannot be built"
mkfifo "$tmp/says" "$tmp/hears" "$tmp/enter" || exit 1
"$tmp/leaky" <"$tmp/hears" >"$tmp/says" &
target=$!
exec 3>"$tmp/hears" 4<"$tmp/says"
hear() {
	read -r word <&4
	[ "$word" = "$1" ] || complain "the target says '$word', not '$1'"
}
# so_is WHAT JQ: of what was said as JSON
so_is() {
	jq -e "$2" "$tmp/out" >/dev/null || complain "$1: $(jq -c '.leaks | del(.objects, .groups)' "$tmp/out" | cut -c1-600)"
}
hear ready

# ---- what is leaked

timeout 60 "$bin" leaks -p $target -J --objects >"$tmp/out" 2>"$tmp/err"
case $? in
0) ;;
4) skip "$(cat "$tmp/err")" ;;
*) complain "-J --objects: another status" ;;
esac
so_is "verdict" '.leaks | .verdict and .converged and .passes >= 2 and (.allocator | startswith("glibc"))'
so_is "a list of 1000, with at most one node that a stale word keeps" '.leaks | .leaked.count >= 999 and .leaked.count <= 1000'
so_is "sums" '.leaks | .leaked.count == ([.objects[] | select(.tier == "leaked")] | length) and
	.leaked.bytes == ([.objects[] | select(.tier == "leaked") | .size] | add) and
	.leaked.count == ([.groups[].leaked.count] | add)'
so_is "one leak has it all" '.leaks | .leaks[0].count >= 999 and .leaks[0].bytes == .leaks[0].count * 120'
so_is "heap" '.leaks | .heap.used > 180000 and .heap.system >= .heap.used and ."free-resident".bytes <= .heap.resident'
so_is "stops are short" '.leaks | ."stopped-ns-max" > 0 and ."stopped-all-ns" == 0'
root=$(jq -r '.leaks.leaks[0].root' "$tmp/out")

gives 0 leaks -p $target
grep -q "^leaky ($target): .* are leaked: nothing points at them" "$tmp/out" || [ "$(grep -c leaked: "$tmp/out")" -gt 0 ] ||
	complain "the report does not begin with the answer"
[ ! -s "$tmp/err" ] || complain "something on stderr, where no terminal is"
gives 0 leaks -p $target --by leaks -nr -o root,objects
[ "$(head -n 1 "$tmp/out" | cut -d' ' -f1)" = "${root#0x}" ] || complain "--by leaks: another root"
gives 0 leaks -p $target --by pages -r -o kind,leaked
grep -q "^leaked " "$tmp/out" || complain "no page holds leaked objects alone"
for by in groups objects sites heap; do gives 0 leaks -p $target --by $by; done
gives 1 leaks -p $target --check --by groups
gives 0 leaks -p $target --stop -J
so_is "--stop" '.leaks | .verdict and .passes == 1 and ."stopped-all-ns" > 0 and .leaked.count >= 999'
grep -q "was stopped for" "$tmp/err" || complain "--stop: for how long is not said"
grep -q State:.*stopped /proc/$target/status && complain "it stays stopped"

# ---- one object

gives 0 leaks -p $target --why "$root" -J
jq -e --arg root "$root" '.why | .found and .address == $root and .reached == "not" and (.in | length) == 0 and
	(.out | length) == 1 and (.contents | length) == 240' "$tmp/out" >/dev/null || complain "--why of a root: $(cat "$tmp/out")"
gives 0 leaks -p $target --why "$root"
grep -q "78 78 78 78 78 78 78 78  xxxxxxxxxxxxxxxx" "$tmp/out" || grep -q xxxxxxxx "$tmp/out" || complain "--why: no contents"
gives 0 leaks -p $target --why 1000 -J
jq -e '.why.found == false' "$tmp/out" >/dev/null || complain "--why of no object"

# ---- call sites: none where nothing is allocated, and that is said

gives 0 leaks -p $target --sites=0.1
grep -q "call sites" "$tmp/out" || complain "--sites says nothing of sites"

# ---- snapshots

: >"$tmp/err"
"$bin" leaks -p $target --snapshots -J <"$tmp/enter" >"$tmp/out" 2>"$tmp/err" 3>&- 4<&- &
recorder=$!
exec 5>"$tmp/enter"
told() { # N: so many snapshots were told of
	while [ "$(grep -c snapshot "$tmp/err")" -lt "$1" ] && kill -0 $recorder 2>/dev/null; do :; done
}
told 1
echo keep >&3
hear done
echo lose >&3
hear done
echo >&5
told 2
echo >&5
wait $recorder || complain "--snapshots: status $?"
recorder=
exec 5>&-
so_is "snapshots" '.leaks | .still.count >= 200 and .still.count <= 210 and .leaked.count >= 99 and .leaked.count <= 101 and
	(.snapshots | length) == 3 and ([.groups[] | select(.size == 120) | .still.count] | add) >= 200'
gives 2 leaks -p $target --snapshots
grep -q "standard input ended" "$tmp/err" || complain "no Enter will come: not said"
gives 0 leaks -p $target --snapshots --every 0.05 -J
so_is "nothing came" '.leaks | .came.count == 0 and .still.count == 0'

: >"$tmp/err" # what was there is not what it says
"$bin" leaks -p $target --snapshots --every 600 </dev/null >"$tmp/out" 2>"$tmp/err" 3>&- 4<&- &
recorder=$!
told 1
kill -INT $recorder
wait $recorder
[ $? = 130 ] || complain "SIGINT: not ended by it"
recorder=

# ---- a run

gives 121 run --assert 'leaked("a") < 1K' -- "$tmp/leaky" run
gives 121 run --assert 'objects_still(born("a".."b"), "c") < 10' -- "$tmp/leaky" run
gives 0 run --strict --assert 'leaked("b") - leaked("a") > 11K' --assert 'objects_still(born("b".."c"), "c") < 5' -- "$tmp/leaky" run

# ---- a recording

"$bin" record -p $target -o "$tmp/rec" -d 0.1 --for 30 2>/dev/null 3>&- 4<&- &
recorder=$!
born() { # what is told of its pages, as soon as there is a frame
	until "$bin" leaks -i "$tmp/rec" -J >"$tmp/out" 2>/dev/null; do kill -0 $recorder || return; done
	jq .leaks.born.pages "$tmp/out"
}
before=$(born)
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
	echo keep >&3
	hear done
done
while [ "$(born)" -lt $((before + 45)) ] && kill -0 $recorder 2>/dev/null; do :; done
kill -INT $recorder
wait $recorder
recorder=
gives 0 leaks -i "$tmp/rec" -J
so_is "a recording has no verdict" '.leaks | .verdict == false and .leaked.count == null and .allocator == null'
so_is "1600 nodes take 50 pages of 4 KiB" '.leaks | .born.bytes >= 180000 and ([.vmas[].bytes] | add) == .born.bytes'
gives 0 leaks -i "$tmp/rec" -f 'heap|arena'
grep -q "that came between its start and its end are still there" "$tmp/out" || complain "-i: not told in words"
complains 2 "has no contents" leaks -i "$tmp/rec" --why 1000

# ---- another allocator

jemalloc=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p | sed -n 's/.*libjemalloc.* => //p' | head -n 1)
if [ -n "$jemalloc" ]; then
	mkfifo "$tmp/hears2" "$tmp/says2"
	LD_PRELOAD=$jemalloc "$tmp/leaky" <"$tmp/hears2" >"$tmp/says2" 3>&- 4<&- &
	other=$!
	children=$other
	exec 6>"$tmp/hears2" 7<"$tmp/says2"
	read -r word <&7
	gives 0 leaks -p $other --for 0.1 -J --objects
	so_is "no verdict on jemalloc" '.leaks | .verdict == false and .allocator == "jemalloc" and .leaked.count == null and
		(.objects | length) == 0 and (.growth.vmas | type) == "array"'
	gives 0 leaks -p $other --for 0.1
	grep -q "no verdict on leaks: .*jemalloc" "$tmp/out" || complain "jemalloc: not told in words"
	gives 5 leaks -p $other --check --for 0.1
	echo end >&6
	wait $other
	exec 6>&- 7<&-
else
	echo "SKIP: jemalloc is not installed"
fi

# ---- what is refused

complains 3 "no process" leaks -p 4194303
complains 2 "--by takes" leaks -p $target --by kind

echo end >&3
wait $target
target=
exit $failed
