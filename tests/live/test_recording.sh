#!/bin/sh
# pagetop record and -i, as scripts meet them: how it ends, what is in the file and what is not, a full disk, a kill;
# and every query of pagetop-recording(5) on a real recording.
. "$(dirname "$0")/../support/shell.sh"
need jq sqlite3
at_exit() {
	! grep -q " $tmp/full " /proc/mounts || umount "$tmp/full"
}

ask() { # FILE SQL
	sqlite3 -readonly "$1" "$2"
}

# has_frames FILE N: waits until there are more than so many; fails when the recorder ended without.
has_frames() {
	while [ "$(ask "$1" "SELECT count(*) > $2 FROM frame" 2>/dev/null)" != 1 ]; do
		kill -0 "$recorder" 2>/dev/null || { complain "the recorder of $1 ended by itself" && return 1; }
	done
}

# start: the target: waits for its input to end, and has its name and a secret in its environment.
start() {
	rm -f "$tmp/hold"
	mkfifo "$tmp/hold"
	SECRET=not-to-be-recorded sh -c 'read -r line' a-telling-argument <"$tmp/hold" &
	target=$!
	exec 3>"$tmp/hold"
}

# ---- how it ends

start
gives 2 record -p $target
says "record needs a file to write"
gives 0 record -p $target -o "$tmp/a" -d 0.1 --for 1.5
[ ! -s "$tmp/err" ] || complain "record has something to say"
[ "$(ls "$tmp" | grep -c '^a')" = 1 ] || complain "more than the file is left"
[ "$(stat -c %a "$tmp/a")" = 600 ] || complain "others can read it"
[ "$(ask "$tmp/a" 'SELECT count(*) > 5 FROM frame')" = 1 ] || complain "few frames"
gives 2 record -p $target -o "$tmp/a" --for 0.2
says "there is such a file: --force replaces it"
gives 0 record -p $target -o "$tmp/a" -d 0.1 --for 1 --sync 2 --force
mkfifo "$tmp/no-file"
gives 1 record -p $target -o "$tmp/no-file" --for 1 --force
says "no plain file"
[ -p "$tmp/no-file" ] || complain "another kind of file was replaced"
gives 1 record -p $target -o "$tmp/no/such/folder" --for 1
says "No such file or directory"
gives 3 record -p 4194304 -o "$tmp/none"
[ ! -e "$tmp/none" ] || complain "a file of no process"
for signal in INT TERM HUP; do
	"$bin" record -p $target -o "$tmp/$signal" -d 0.05 >"$tmp/out" 2>"$tmp/err" 3>&- &
	recorder=$!
	has_frames "$tmp/$signal" 2
	kill -$signal $recorder
	wait $recorder
	got=$?
	recorder=
	[ $got = 0 ] || complain "SIG$signal: status $got"
	[ "$(ask "$tmp/$signal" 'PRAGMA integrity_check')" = ok ] || complain "SIG$signal: the file is damaged"
done

# ---- what is in it

gives 0 vmas -p $target -J
jq -S '[.vmas[] | {start, "end": .end, perms, role, path, size, rss, anon}]' "$tmp/out" >"$tmp/live"
gives 0 vmas -i "$tmp/a" -J
jq -S '[.vmas[] | {start, "end": .end, perms, role, path, size, rss, anon}]' "$tmp/out" >"$tmp/recorded"
cmp -s "$tmp/live" "$tmp/recorded" || complain "the recording of a process that holds still differs: $(diff "$tmp/live" "$tmp/recorded" | head -n 5)"
[ "$(jq .process.pid "$tmp/out")" = $target ] || complain "another pid"
stack=$(jq -r '.[] | select(.role == "stack") | .end' "$tmp/live")
address=$(printf '%x' $((${stack:-0} - 4096)))
gives 0 page -i "$tmp/a" --at +0.3 $address -J
case $(jq -r '.page[0].cause' "$tmp/out") in
anonymous | untouched | pfn-hidden) ;;
*) complain "a page of the stack" ;;
esac
gives 2 vmas -i "$tmp/a" --at never
says "neither a mark nor a time"
gives 2 vmas -i "$0"
says "is no recording"
gives 0 vmas -i "$tmp/a" -p $target
gives 2 vmas -i "$tmp/a" -p 4194304
says "$tmp/a has no process 4194304; it has $target (sh)"
[ "$(ask "$tmp/a" "SELECT hex(value) FROM meta WHERE key = 'command'")" = "$(od -An -tx1 -v /proc/$target/cmdline | tr -d ' \n' | tr a-f A-F)" ] ||
	complain "another command line"
gives 0 record -p $target -o "$tmp/anonymous" -d 0.1 --for 0.5 --anonymize
! grep -qaE 'a-telling-argument|/lib|/usr' "$tmp/anonymous" || complain "--anonymize leaves names in it"
! grep -qa not-to-be-recorded "$tmp/a" || complain "the environment is in it"
gives 0 vmas -i "$tmp/anonymous" -J
[ "$(jq '[.vmas[].rss] | add' "$tmp/out")" = "$(jq '[.[].rss] | add' "$tmp/live")" ] || complain "--anonymize: other sums"

# ---- the process ends; a kill; a full disk

"$bin" record -p $target -o "$tmp/ended" -d 0.05 >"$tmp/out" 2>"$tmp/err" 3>&- &
recorder=$!
has_frames "$tmp/ended" 2
exec 3>&-
wait $target
wait $recorder
got=$?
recorder=
[ $got = 0 ] || complain "the process ended: status $got"
[ "$(ask "$tmp/ended" "SELECT ended_ns >= (SELECT max(monotonic_ns) FROM frame) FROM process")" = 1 ] || complain "its end is not in it"

start
"$bin" record -p $target -o "$tmp/killed" -d 0.05 >"$tmp/out" 2>"$tmp/err" 3>&- &
recorder=$!
has_frames "$tmp/killed" 5
kill -KILL $recorder
wait $recorder 2>/dev/null
recorder=
gives 0 vmas -i "$tmp/killed" -J
[ "$(ask "$tmp/killed" 'SELECT count(*) > 5 FROM frame')" = 1 ] || complain "frames of a killed recorder are missing"

mkdir "$tmp/full"
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=400k none "$tmp/full" 2>/dev/null; then
	"$bin" record -p $target -o "$tmp/full/r" -d 0.05 --for 60 >"$tmp/out" 2>"$tmp/err" 3>&- &
	recorder=$!
	has_frames "$tmp/full/r" 2
	dd if=/dev/zero of="$tmp/full/fill" bs=1k 2>/dev/null
	wait $recorder
	got=$?
	recorder=
	[ $got = 1 ] || complain "a full disk: status $got"
	grep -q 'the disk is full; its .* frames can be read' "$tmp/err" || complain "a full disk is not said"
	gives 0 vmas -i "$tmp/full/r" -J
	umount "$tmp/full"
else
	echo "SKIP: a full disk: only root can mount one"
fi

# ---- queries of the manual

ask "$tmp/ended" .schema >/dev/null
awk '/^\.SH QUERIES/ { on = 1 } /^\.SH PAGES/ { on = 0 } on && /^\.nf/ { sql = ""; next }
	on && /^\.fi/ { n++; printf "%s", sql >(dir "/query" n); close(dir "/query" n); next } on { sql = sql $0 "\n" }' dir="$tmp" \
	"$PT_TOP/assets/pagetop-recording.5"
queries=0
for query in "$tmp"/query*; do
	queries=$((queries + 1))
	grep -q fault_ "$query" && continue # tests/live/test_recorded_faults.sh has a recording for these
	sed 's/\\-/-/g; s/\\(aq/'"'"'/g' "$query" >"$tmp/sql"
	sqlite3 -readonly "$tmp/ended" <"$tmp/sql" >"$tmp/out" 2>"$tmp/err" || complain "a query of the manual: $(cat "$tmp/sql")"
	case $(cat "$tmp/sql") in
	*event_at* | *since_frame*) ;; # nothing may have happened
	*) [ -s "$tmp/out" ] || complain "a query of the manual gives nothing: $(cat "$tmp/sql")" ;;
	esac
done
[ $queries -ge 8 ] || complain "only $queries queries in the manual"
# and every table and column that there is, is in it
for name in $(sqlite3 -readonly "$tmp/ended" "SELECT DISTINCT p.name FROM sqlite_schema s, pragma_table_info(s.name) p WHERE s.type = 'table'
	UNION SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"); do
	grep -qw -- "$name" "$PT_TOP/assets/pagetop-recording.5" || complain "the manual does not have $name"
done
exit $failed
