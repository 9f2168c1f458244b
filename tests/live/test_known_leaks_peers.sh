#!/bin/sh
# The same programs of known leaks as LeakSanitizer, valgrind and pagetop see them, side by side. Of valgrind there are
# numbers alone; both peers look from within, at the very moment at which the program is ready. With PT_LONG all programs.
. "$(dirname "$0")/../support/shell.sh"
. "$top/tests/support/leaks.sh"
echo 'int main(void) { return 0; }' | cc -fsanitize=leak -x c -o "$tmp/lsan" - 2>/dev/null || skip "cc has no LeakSanitizer"
need valgrind
[ -e /usr/include/valgrind/memcheck.h ] || skip "the headers of valgrind are not installed"

divisor=10
build_leaks plain -O1 -g && build_leaks lsan -O1 -g -fsanitize=leak || exit 1
: >"$tmp/table"

by_pagetop() {
	start_scene "$build/plain-$program" "$scene" || return 1
	look && set -- $verdict || set -- - - - -
	end_scene
	pagetop="$1 $2 $4"
}
by_lsan() {
	rm -f "$tmp"/lsan.*
	LSAN_OPTIONS=report_objects=1:max_leaks=0:log_path=$tmp/lsan start_scene timeout 100 "$build/lsan-$program" "$scene" || return 1
	end_scene
	cat "$tmp"/lsan.* 2>/dev/null | sed -n 's/^\(0x[0-9a-f]*\) (\([0-9]*\) bytes)$/leaked \1 \2/p' >"$tmp/reported"
	set -- $(judge "$tmp/reported")
	lsan="$2 $4"
}
by_valgrind() {
	start_scene timeout 100 valgrind -q --leak-check=summary --log-file="$tmp/valgrind" "$build/plain-$program" "$scene" || return 1
	end_scene
	valgrind=$(sed -n 's/^valgrind \([0-9]*\) .*/\1/p' "$tmp/says")
}

programs=shapes
[ -z "${PT_LONG:-}" ] || programs="structures shapes threads holders containers"
for program in $programs; do
	[ -x "$build/plain-$program" ] || continue
	for scene in $("$build/plain-$program"); do
		pagetop="- - -" lsan="- -" valgrind=
		by_pagetop || complain "$scene: it ended"
		by_lsan
		by_valgrind
		echo "$scene $pagetop $lsan ${valgrind:--}" >>"$tmp/table"
	done
done
awk '
	BEGIN {
		printf "%-16s %8s | %8s %8s | %8s %8s | %8s\n", "", "leaked", "pagetop", "accused", "LSan", "accused", "valgrind"
	}
	{
		printf "%-16s %8s | %8s %8s | %8s %8s | %8s\n", $1, $2, $3, $4, $5, $6, $7
		leaked += $2; found += $3; accused += $4; peer += $5; accused_by_peer += $6
	}
	END {
		printf "%-16s %8s | %8s %8s | %8s %8s |\n", "all", leaked, found, accused, peer, accused_by_peer
		exit !(leaked > 0 && accused <= accused_by_peer && accused == 0 && found >= 0.995 * leaked)
	}' "$tmp/table" || complain "below the bar"
exit $failed
