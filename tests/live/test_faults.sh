#!/bin/sh
# pagetop faults on real programs: a process whose faults are known, told to end, or ending by itself; commands with their
# statuses; what cannot be watched. As an ordinary user on processes of one's own.
. "$(dirname "$0")/../support/shell.sh"
need jq perl

# What a target touches: 4 MiB, whatever their pages' size.
touching='$| = 1; print "ready\n"; <STDIN>; $x = "a" x (4 << 20); print "done\n"; <STDIN>'
start() {
	rm -f "$tmp/says" "$tmp/hears" && mkfifo "$tmp/says" "$tmp/hears" || exit 1
	perl -e "$touching" <"$tmp/hears" >"$tmp/says" &
	target=$!
	exec 3>"$tmp/hears" 4<"$tmp/says"
	hear ready
}
say() { # to the target
	echo go >&3
}
hear() {
	read -r word <&4
	[ "$word" = "$1" ] || complain "the target says '$word', not '$1'"
}
# watch ARGUMENT...: in the background, until faults are told: its events are open and its threads run
watch() {
	"$bin" faults -p $target "$@" >"$tmp/out" 2>"$tmp/err" 3>&- 4<&- &
	recorder=$!
	until [ "$(ls /proc/$recorder/task 2>/dev/null | wc -l)" -ge 3 ] && ls -l /proc/$recorder/fd 2>/dev/null | grep -q perf_event; do
		kill -0 $recorder 2>/dev/null || { complain "pagetop faults ended by itself" && exit 1; }
	done
}
ends() { # STATUS WHY
	wait $recorder
	got=$?
	recorder=
	[ $got = "$1" ] || complain "$2: status $got, not $1"
}
# so_is WHAT JQ: of what was said as JSON
so_is() {
	jq -e "$2" "$tmp/out" >/dev/null || complain "$1: $(jq -c '.faults | del(.stacks, .vmas, .addresses)' "$tmp/out" | cut -c1-600)"
}

start
"$bin" faults -p $target --for 0.2 -J >/dev/null 2>"$tmp/err"
case $? in
0) ;;
4) skip "$(cat "$tmp/err")" ;;
*) complain "--for 0.2: status $?" ;;
esac

# ---- told to end, by the user or the time

watch -J --period 1 --budget 100 --stacks=no
say
hear done
kill -INT $recorder
ends 0 SIGINT
jq -e --argjson pid $target '.faults | .pid == $pid and .events > 0 and .lost == 0 and .period == 1 and
	([.kinds[]] | add) == .events and ([.threads[].events] | add) == .events and ([.cpus[].events] | add) == .events' \
	"$tmp/out" >/dev/null || complain "sums: $(jq -c '.faults | del(.stacks, .vmas, .addresses)' "$tmp/out")"
so_is "4 MiB came" '.faults | [.vmas[].born] | add >= 4194304 and add < 5500000'
so_is "by first touch" '.faults.kinds | ."first-touch" + 512 * .huge >= 1024'
so_is "of one thread" '.faults | .threads | length == 1 and .[0].tid == .[0].pid'
so_is "counted by the kernel" '.faults | .counted.minor + .counted.major == .events'
so_is "RSS" '.faults | ."rss-to" - ."rss-from" >= 4194304'
so_is "no stacks" '.faults | .stacks == [] and ."no-stacks" == "--stacks=no"'
kill $target
exec 3>&- 4<&-
wait $target 2>/dev/null

start
watch --period 32 # what a ring has room for, with stacks
say
hear done
kill -TERM $recorder
ends 0 SIGTERM
grep -q "^perl ($target): about .* page faults in .*; interrupted$" "$tmp/out" || complain "no headline"
grep -q 'one fault in 32 was told' "$tmp/out" || complain "does not say that it estimates"
grep -q 'WHO GREW RSS' "$tmp/out" || complain "nobody grew"
grep -q 'Perl_' "$tmp/out" || complain "no calls"
[ ! -s "$tmp/err" ] || complain "something on stderr"

# ---- the target ends

watch --folded=born --period 32
say
exec 3>&- 4<&-
ends 0 "the target ended"
wait $target 2>/dev/null
target=

# ---- a command: its streams, its status, from its first instruction on

gives 0 faults --report "$tmp/report" -J -- perl -e '$x = "a" x (4 << 20); print "out\n"'
[ "$(cat "$tmp/out")" = out ] || complain "stdout of the command"
cp "$tmp/report" "$tmp/out"
so_is "a command" '.faults | .ended and .name == "perl" and .counted.minor >= 1024 and .events + 64 * .lost >= 960'
gives 7 faults --stacks=no -- sh -c 'exit 7'
grep -q 'There are no stacks' "$tmp/err" || complain "no report on stderr"
gives 143 faults -- sh -c 'kill -TERM $$'
gives 125 faults --report "$tmp/no/such/folder" -- touch "$tmp/started"
[ ! -e "$tmp/started" ] || complain "it was started without a report"
gives 127 faults -- "$tmp/no-such-command"
says "No such file"
gives 126 faults -- "$tmp"
gives 0 faults --folded -- perl -e '$x = "a" x (4 << 20)'
grep -vE '^[^ ]+ [0-9]+$' "$tmp/err" && complain "folded stacks are a word and a number"

# ---- of a recording

start
"$bin" record -p $target -o "$tmp/recording" --faults -d 0.05 2>"$tmp/err" 3>&- 4<&- &
recorder=$!
until "$bin" faults -i "$tmp/recording" -J >"$tmp/out" 2>/dev/null; do # from the first frame on
	kill -0 $recorder 2>/dev/null || { complain "pagetop record --faults ended by itself" && exit 1; }
done
say
hear done
kill -TERM $recorder
ends 0 "SIGTERM to record"
exec 3>&- 4<&-
wait $target
target=
gives 0 faults -i "$tmp/recording" -J
so_is "a recording" '.faults | .name == "perl" and .counted.minor >= 1024 and ([.kinds[]] | add) == .events and .threads == null'
gives 0 faults -i "$tmp/recording"
grep -q '^perl ([0-9]*): .* page faults' "$tmp/out" || complain "no headline of a recording"
gives 2 faults -i "$tmp/recording" --from nowhere
says "neither a mark nor a time"

# ---- what cannot be

complains 3 "no process 4194304" faults -p 4194304
complains 2 "no column" faults -p $$ --by vma -o nonsense
complains 2 "closing parenthesis" faults -p $$ -f '('
complains 2 "needs a process" faults
if [ "$(id -u)" != 0 ]; then
	complains 4 "run pagetop with sudo" faults -p 1 --for 0.1
	start
	watch -J
	kill -INT $recorder
	ends 0 SIGINT
	so_is "system calls are not seen" '.faults."system-calls-seen" | not'
fi
exit $failed
