#!/bin/sh
# pagetop record --metrics: a file that is whole whenever it is read, readable by others, there as long as it is true; its
# numbers beside those of pagetop vmas.
. "$(dirname "$0")/../support/shell.sh"
need jq

# value FILE SERIES: of the series whose name and labels are this
value() {
	awk -v series="$2" 'index($0, series " ") == 1 { print $NF }' "$1"
}

start() {
	rm -f "$tmp/hold"
	mkfifo "$tmp/hold"
	sh -c 'read -r line' <"$tmp/hold" &
	target=$!
	exec 3>"$tmp/hold"
}
# record ARGUMENT...: in the background, until there is a new file
record() {
	before=$(stat -c %i "$tmp/m.prom" 2>/dev/null)
	"$bin" record -p $target -d 0.05 --metrics "$tmp/m.prom" "$@" 2>"$tmp/err" 3>&- &
	recorder=$!
	until ino=$(stat -c %i "$tmp/m.prom" 2>/dev/null) && [ "$ino" != "$before" ]; do
		kill -0 $recorder 2>/dev/null || { complain "no file" && exit 1; }
	done
}
start

# ---- where it may be written

gives 2 record -p $target --marks "$tmp/marks" --metrics "$tmp/m.prom"
says "--marks needs a recording"
gives 2 vmas -p $target --metrics "$tmp/m.prom"
says "of pagetop record"
echo precious >"$tmp/file"
gives 2 record -p $target --metrics "$tmp/file" --for 0.2
says "--force replaces it"
[ "$(cat "$tmp/file")" = precious ] || complain "another file was written to"
gives 2 record -p $target --metrics "$tmp" --for 0.2
says "no plain file"
gives 2 record -p $target --metrics "$tmp/hold" --for 0.2
says "no plain file"
gives 1 record -p $target --metrics "$tmp/no/such/folder/m.prom" --for 5
says "No such file or directory"
gives 3 record -p 4194304 --metrics "$tmp/m.prom"
[ ! -e "$tmp/m.prom" ] || complain "a file of no process"

# ---- what is in it

(umask 077 && gives 0 record -p $target --metrics "$tmp/m.prom" -d 0.1 --for 0.5) # it stays, as cron jobs want it
[ "$(stat -c %a "$tmp/m.prom")" = 644 ] || complain "others cannot read it"
[ "$(ls "$tmp" | grep -c m.prom)" = 1 ] || complain "more than the file is left"
"$bin" vmas -p $target -J >"$tmp/vmas"
for key in rss size anon file shmem swap thp hugetlb; do
	want=$(jq "[.vmas[].$key] | if any(. == null) then \"\" else add end" "$tmp/vmas" | tr -d '"')
	got=$(value "$tmp/m.prom" "pagetop_${key}_bytes{pid=\"$target\",name=\"sh\"}")
	[ "$got" = "$want" ] || complain "pagetop_${key}_bytes: '$got', not '$want'"
done
# who else maps a library may change meanwhile, but not what they are together
want=$(jq '[.vmas[] | .shared + .private] | add' "$tmp/vmas")
got=$(sed -n "s/^pagetop_\(shared\|private\)_bytes{pid=\"$target\".* //p" "$tmp/m.prom" | paste -sd+ | sed 's/^$/0/')
[ $(($got)) = "$want" ] || complain "shared and private: '$got', not '$want'"
for role in $(jq -r '[.vmas[].role] | unique | .[]' "$tmp/vmas"); do
	want=$(jq "[.vmas[] | select(.role == \"$role\") | .rss] | add" "$tmp/vmas")
	got=$(value "$tmp/m.prom" "pagetop_role_rss_bytes{pid=\"$target\",name=\"sh\",role=\"$role\"}")
	[ "$got" = "$want" ] || complain "pagetop_role_rss_bytes of $role: '$got', not '$want'"
done
[ "$(value "$tmp/m.prom" "pagetop_vmas{pid=\"$target\",name=\"sh\"}")" = "$(jq '.vmas | length' "$tmp/vmas")" ] || complain "pagetop_vmas"
peak=$(value "$tmp/m.prom" "pagetop_peak_rss_bytes{pid=\"$target\",name=\"sh\"}")
[ "$peak" = $(($(sed -n 's/^VmHWM:[ \t]*\([0-9]*\) kB/\1/p' /proc/$target/status) * 1024)) ] || complain "peak: $peak"
value "$tmp/m.prom" "pagetop_page_events_total{pid=\"$target\",name=\"sh\",event=\"born\"}" | grep -qx 0 || complain "no page was born in a process that holds still"
stamp=$(value "$tmp/m.prom" "pagetop_frame_timestamp_seconds{pid=\"$target\",name=\"sh\"}")
now=$(date +%s)
[ $((now - ${stamp%.*})) -le 60 ] && [ $((now - ${stamp%.*})) -ge 0 ] || complain "timestamp $stamp, at $now"
gives 0 record -p $target --metrics "$tmp/m.prom" -d 0.1 --for 0.3 --anonymize
grep -q 'name=' "$tmp/m.prom" && complain "a name, for all --anonymize"

# ---- whole whenever it is read; gone when it is not true any more

record
reads=0 changes=0
while [ $reads -lt 100 ] || [ $changes -lt 5 ]; do
	exec 4<"$tmp/m.prom" && { read -r first && last=$(tail -n 1); } <&4
	case $first in '# HELP pagetop_rss_bytes '*) ;; *) complain "begins with '$first'" && break ;; esac
	[ "$last" = '# EOF' ] || { complain "ends with '$last'" && break; }
	reads=$((reads + 1))
	[ "$(stat -c %i "$tmp/m.prom")" = "$ino" ] || { ino=$(stat -c %i "$tmp/m.prom") && changes=$((changes + 1)); }
	kill -0 $recorder 2>/dev/null || { complain "the recorder ended by itself" && break; }
done
exec 4<&-
kill -TERM $recorder
wait $recorder || complain "told to end: status $?"
recorder=
[ ! -e "$tmp/m.prom" ] || complain "the file is there after the end"

record -o "$tmp/a"
kill -KILL $recorder
wait $recorder 2>/dev/null
[ -e "$tmp/m.prom" ] || complain "the file of a killed recorder is gone"
[ -s "$tmp/a" ] || complain "no recording beside it"
record -o "$tmp/a" --force # and is taken over
exec 3>&-
wait $recorder || complain "the process ended: status $?"
recorder=
[ ! -e "$tmp/m.prom" ] || complain "the file is there after the process"
[ -z "$(ls "$tmp" | grep 'm\.prom')" ] || complain "something is left: $(ls "$tmp")"
wait $target
target=

exit $failed
