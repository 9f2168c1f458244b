#!/bin/sh
# pagetop-demo: has something of everything this kernel gives, stays small, and ends with whoever started it. That the
# target and its children are gone shows in their output, which ends only with the last of them.
. "$(dirname "$0")/../support/shell.sh"
gone() { # PID: no such process, or nobody has looked at its end yet
	state=$(sed -n 's/^State:[ \t]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null)
	[ -z "$state" ] || [ "$state" = Z ]
}

said=$(timeout 30 "$PT_DEMO" sh -c 'echo "$1 $2"' sh)
[ "${said% *}" = -p ] && gone "${said#* }" || complain "a target outlives its command: '$said'"
said=$(timeout 30 "$PT_DEMO" sh -c 'echo "$2"; kill -KILL $$' sh 2>/dev/null)
timeout 10 tail --pid="$said" -f /dev/null # it has much to give back
gone "$said" || complain "a target outlives its command that was killed: '$said'"
timeout 30 "$PT_DEMO" "$tmp/no-such-command" >"$tmp/out" 2>&1
[ $? = 127 ] && grep -q no-such-command "$tmp/out" || complain "a command that is not there: $(cat "$tmp/out")"

mkfifo "$tmp/says"
"$PT_DEMO" --once >"$tmp/says" &
pid=$!
children=$pid
exec 3<"$tmp/says"
read -r word <&3
[ "$word" = ready ] || complain "--once says '$word'"
rss=$(sed -n 's/^Rss: *\([0-9]*\) kB/\1/p' "/proc/$pid/smaps_rollup")
[ "$rss" -lt 307200 ] || complain "--once has $rss KiB"

if command -v jq >/dev/null; then
	"$bin" vmas -J -p "$pid" >"$tmp/vmas" || complain "pagetop vmas: status $?"
	wanted="anon file shmem shared"
	[ "$(id -u)" != 0 ] || wanted="$wanted dirty zero lazyfree locked"
	case $(cat /sys/kernel/mm/transparent_hugepage/enabled 2>&1) in
	*"[always]"* | *"[madvise]"*) wanted="$wanted thp" ;;
	esac
	for what in $wanted; do
		[ "$(jq "[.vmas[].$what] | add" "$tmp/vmas")" -gt 0 ] || complain "--once has no $what"
	done
else
	echo "SKIP: what the demo has: jq is not installed"
fi
kill "$pid"
timeout 30 cat <&3 >"$tmp/rest" || complain "children outlive --once"
wait "$pid" || complain "--once ends with status $?"
children=
exit $failed
