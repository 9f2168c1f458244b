#!/bin/sh
# Recordings of several processes, made by pagetop run -o: -p with -i chooses one, diff goes by name in a second run, and
# every query of pagetop-recording(5) runs on them too.
. "$(dirname "$0")/../support/shell.sh"
need jq sqlite3

ask() { # FILE SQL
	sqlite3 -readonly "$1" "$2"
}

# A shell with two children, until all three have frames; what it asks that with does not live so long.
work='tail -f /dev/null & tail=$!; cat "$1" & cat=$!
until [ "$(sqlite3 -readonly "$2" "SELECT count(DISTINCT f.process) FROM frame f JOIN process p ON p.id = f.process
	WHERE p.pid IN ($$, $tail, $cat)" 2>/dev/null)" = 3 ]; do :; done
kill $tail; echo >"$1"; wait; exit 7'
mkfifo "$tmp/hold"
for i in a b; do
	gives 7 run -d 0.1 --budget 50 -o "$tmp/$i" --report "$tmp/report" -- sh -c "$work" sh "$tmp/hold" "$tmp/$i"
done
frames() { # FILE NAME
	ask "$1" "SELECT count(*) FROM frame f JOIN process p ON p.id = f.process WHERE p.name = '$2'"
}
for name in sh cat tail; do
	[ "$(frames "$tmp/a" $name)" -ge 1 ] || complain "no frames of $name"
done
[ "$(ask "$tmp/a" 'SELECT count(DISTINCT process) FROM sample')" -ge 3 ] || complain "samples of few processes"
[ "$(ask "$tmp/a" 'SELECT exit_status FROM process WHERE id = 1')" = $((7 * 256)) ] || complain "not its exit status"
[ "$(ask "$tmp/a" 'SELECT count(*) FROM process WHERE ended_ns IS NULL')" = 0 ] || complain "ends are missing"
[ "$(ask "$tmp/a" "SELECT parent = (SELECT pid FROM process WHERE id = 1) FROM process WHERE name = 'cat' ORDER BY id LIMIT 1")" = 1 ] ||
	complain "not the parent"

# ---- which of them

pid() { # FILE NAME
	ask "$1" "SELECT pid FROM process WHERE name = '$2' ORDER BY id LIMIT 1"
}
gives 0 vmas -i "$tmp/a" -J
[ "$(jq -r .process.name "$tmp/out")" = sh ] || complain "the default is not the root"
gives 0 vmas -i "$tmp/a" -p "$(pid "$tmp/a" cat)" -J
[ "$(jq -r .process.name "$tmp/out")" = cat ] || complain "-p chose another one"
jq -e '[.vmas[].path] | any(endswith("/cat"))' "$tmp/out" >/dev/null || complain "VMAs of another process"
stack=$(jq -r '.vmas[] | select(.role == "stack") | .end' "$tmp/out")
gives 0 page -i "$tmp/a" -p "$(pid "$tmp/a" cat)" "$(printf '%x' $((stack - 4096)))" -J
gives 2 vmas -i "$tmp/a" -p 4194304
says "has no process 4194304; it has $(pid "$tmp/a" sh) (sh), "
gives 0 diff "$tmp/a" -p "$(pid "$tmp/a" tail)" -J
[ "$(jq -r '.from.name + .to.name' "$tmp/out")" = tailtail ] || complain "diff of another process"
gives 0 diff "$tmp/a" "$tmp/b" -p "$(pid "$tmp/a" tail)" -J
[ "$(jq -r '.from.pid, .to.pid' "$tmp/out" | xargs)" = "$(pid "$tmp/a" tail) $(pid "$tmp/b" tail)" ] ||
	complain "the second recording does not go by name"
gives 2 diff "$tmp/a" -p 4194304
says "has no process 4194304"

# ---- queries of the manual

awk '/^\.SH QUERIES/ { on = 1 } /^\.SH PAGES/ { on = 0 } on && /^\.nf/ { sql = ""; next }
	on && /^\.fi/ { n++; printf "%s", sql >(dir "/query" n); close(dir "/query" n); next } on { sql = sql $0 "\n" }' dir="$tmp" \
	"$PT_TOP/assets/pagetop-recording.5"
for query in "$tmp"/query*; do
	grep -q fault_ "$query" && continue # tests/live/test_recorded_faults.sh has a recording for these
	sed 's/\\-/-/g; s/\\(aq/'"'"'/g' "$query" >"$tmp/sql"
	sqlite3 -readonly "$tmp/a" <"$tmp/sql" >"$tmp/out" 2>"$tmp/err" || complain "a query of the manual: $(cat "$tmp/sql")"
done
[ "$(sqlite3 -readonly "$tmp/a" <"$tmp/query1" | wc -l)" = "$(ask "$tmp/a" 'SELECT count(*) FROM process')" ] ||
	complain "the query of the processes does not list them"
exit $failed
