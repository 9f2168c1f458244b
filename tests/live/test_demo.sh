#!/bin/sh
# pagetop-demo: has something of everything this kernel gives, stays small, and ends with whoever started it. That the
# target and its children are gone shows in their output, which ends only with the last of them.
set -u
tmp=$(mktemp -d) || exit 1
pid=
finish() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM
failed=0
fail() {
	echo "FAILED: $*"
	failed=1
}
gone() { # PID: no such process, or nobody has looked at its end yet
	state=$(sed -n 's/^State:[ \t]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null)
	[ -z "$state" ] || [ "$state" = Z ]
}

target=$(timeout 30 "$PT_DEMO" sh -c 'echo "$1 $2"' sh)
[ "${target% *}" = -p ] && gone "${target#* }" || fail "a target outlives its command: '$target'"
target=$(timeout 30 "$PT_DEMO" sh -c 'echo "$2"; kill -KILL $$' sh 2>/dev/null)
gone "$target" || fail "a target outlives its command that was killed: '$target'"
timeout 30 "$PT_DEMO" "$tmp/no-such-command" >"$tmp/out" 2>&1
[ $? = 127 ] && grep -q no-such-command "$tmp/out" || fail "a command that is not there: $(cat "$tmp/out")"

mkfifo "$tmp/says"
"$PT_DEMO" --once >"$tmp/says" &
pid=$!
exec 3<"$tmp/says"
read -r word <&3
[ "$word" = ready ] || fail "--once says '$word'"
rss=$(sed -n 's/^Rss: *\([0-9]*\) kB/\1/p' "/proc/$pid/smaps_rollup")
[ "$rss" -lt 307200 ] || fail "--once has $rss KiB"

if command -v jq >/dev/null; then
	"$PT_BIN" vmas -J -p "$pid" >"$tmp/vmas" || fail "pagetop vmas: status $?"
	wanted="anon file shmem shared"
	[ "$(id -u)" != 0 ] || wanted="$wanted dirty zero lazyfree locked"
	case $(cat /sys/kernel/mm/transparent_hugepage/enabled 2>&1) in
	*"[always]"* | *"[madvise]"*) wanted="$wanted thp" ;;
	esac
	for what in $wanted; do
		[ "$(jq "[.vmas[].$what] | add" "$tmp/vmas")" -gt 0 ] || fail "--once has no $what"
	done
else
	echo "SKIP: what the demo has: jq is not installed"
fi
kill "$pid"
timeout 30 cat <&3 >"$tmp/rest" || fail "children outlive --once"
wait "$pid" || fail "--once ends with status $?"
pid=
exit $failed
