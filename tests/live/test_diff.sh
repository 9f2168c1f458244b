#!/bin/sh
# pagetop diff on recordings of real processes: of one run that holds still nothing grew; of two runs of the same program
# every VMA finds its counterpart, wherever address space randomisation put it.
. "$(dirname "$0")/../support/shell.sh"
[ -n "${PT_DEMO:-}" ] || skip "pagetop-demo is not built"
need jq

# record_run FILE: some frames of a demo of its own, which holds still.
record_run() {
	rm -f "$tmp/says" && mkfifo "$tmp/says" || exit 1
	"$PT_DEMO" --once >"$tmp/says" &
	target=$!
	exec 3<"$tmp/says"
	read -r word <&3
	[ "$word" = ready ] || complain "the demo says '$word'"
	"$bin" record -p "$target" -o "$1" -d 0.1 --for 0.5 || complain "record: status $?"
	kill "$target"
	wait "$target" 2>/dev/null
	target=
	exec 3<&-
}

# so_is WHAT JQ ARGUMENT...: what diff says as JSON.
so_is() {
	what=$1 expression=$2
	shift 2
	"$bin" diff -J "$@" >"$tmp/out" 2>"$tmp/err" || complain "$what: status $?: $(cat "$tmp/err")"
	jq -e "$expression" "$tmp/out" >/dev/null || complain "$what: $(jq -c '.diff[:5], .roles[-1]' "$tmp/out")"
}

# A page that the kernel moves to another frame seems to be swapped out meanwhile: recorded again then.
moved() {
	sed -n 's/^pgmigrate_success //p' /proc/vmstat
}
for try in 1 2 3 4 5; do
	moved=$(moved) && rm -f "$tmp/a"
	record_run "$tmp/a"
	[ "$(moved)" != "$moved" ] || break
done
record_run "$tmp/b"
so_is "one run" '."same-run" and .born == 0 and ([.roles[].rss_grew] | all(. == 0)) and (.diff | length == 0)' "$tmp/a"
so_is "two runs" '."same-run" == false and .born == null' "$tmp/a" "$tmp/b"
so_is "counterparts" '[.diff[] | select(.change == "new" or .change == "gone")] == []' "$tmp/a" "$tmp/b"
so_is "private memory" '[.roles[] | select(.role == "heap" or .role == "anon" or .role == "arena") | .anon_grew + .swap_grew]
	| all(fabs < 262144)' "$tmp/a" "$tmp/b"
so_is "moments" '.from.time < .to.time and .from.pid == .to.pid' "$tmp/a" --from +0 --to +0.4
"$bin" diff "$tmp/a" "$tmp/b" | grep -q '^Two runs' || complain "the table does not say that these are two runs"

complains 2 "neither a mark nor a time" diff "$tmp/a" --from nowhere
complains 2 "takes one recording, or two" diff "$tmp/a" "$tmp/b" "$tmp/a"
complains 2 "no-such-file" diff "$tmp/no-such-file"
complains 2 "no column" diff -o NONSENSE "$tmp/a"
exit $failed
