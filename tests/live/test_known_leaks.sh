#!/bin/sh
# pagetop leaks on programs that know what they leak (tests/leaks): no object alive by a native pointer is taken for
# leaked, in any of them, and of all that are leaked 99.5 % are found. Built in several ways, with malloc set up in several
# ways, and while they go on. As an ordinary user on processes of one's own. With PT_LONG in full size; with PT_SLOW a third of
# them, built and set up in one way.
. "$(dirname "$0")/../support/shell.sh"
. "$top/tests/support/leaks.sh"

all=$tmp/all
: >"$all"
# hold NAME [OPTION...]: looks at what runs, and holds it against the bars
hold() {
	name=$1
	shift
	say=yes look "$@" || return
	set -- $verdict $(jq '.leaks | .passes, .verdict, .converged, ."stopped-ns-max"' "$tmp/report")
	# Where lists of a thousand change hands all the time, no verdict is the other right answer.
	[ "$name ${10}" = "lists-swapped false" ] && [ "$2" = 0 ] && [ "$4" = 0 ] && return
	echo "$name $*" >>"$all"
	[ "$4" = 0 ] || complain "$name: $4 objects alive reported as leaked"
	[ "$8" = 0 ] || complain "$name: $8 objects with a wrong size"
	[ "${10}" = true ] || complain "$name: no verdict: $(jq -r .leaks.why "$tmp/report")"
}
# try NAME [VARIABLE=VALUE...] COMMAND...
try() {
	trying=$1
	shift
	start_scene env "$@" || { cat "$tmp/scene.err" && complain "$trying: it ended before it was ready" && return; }
	hold "$trying"
	case $* in *-churn*) hold "$trying,stopped" --stop ;; esac
	end_scene
}

slow=
[ -z "${PT_SLOW:-}" ] || [ -n "${PT_LONG:-}" ] || slow=yes
scenes=0
build_leaks plain -O1 -g || exit 1
for program in structures shapes threads holders containers churn; do
	[ -x "$build/plain-$program" ] || continue
	for scene in $("$build/plain-$program"); do
		scenes=$((scenes + 1))
		[ -z "$slow" ] || [ $((scenes % 3)) = 1 ] || continue
		case $scene in *-large) divisor=${PT_LONG:+1} && divisor=${divisor:-20} ;; *) divisor=${PT_LONG:+1} && divisor=${divisor:-4} ;; esac
		try "$scene" "$build/plain-$program" "$scene"
	done
done

if [ -z "$slow" ]; then

# Otherwise built.
divisor=4
build_leaks optimized -O2 -fomit-frame-pointer -no-pie -s || exit 1
for scene in structures:list structures:graph shapes:interior shapes:mmapped threads:arenas threads:thread-local threads:registers \
	holders:cache containers:containers churn:allocating; do
	[ ! -x "$build/optimized-${scene%:*}" ] || try "optimized,${scene#*:}" "$build/optimized-${scene%:*}" "${scene#*:}"
done
if echo 'int main(void) { return 0; }' | cc -static -x c -o "$tmp/static" - 2>/dev/null; then
	for kind in static static-pie; do # thread-local memory of the main thread then lies before the first chunk
		for program in structures threads; do
			cc -std=gnu17 -D_GNU_SOURCE -O2 -pthread -$kind -o "$build/$kind-$program" "$leaks/$program.c" \
				"$leaks/truth.c" 2>"$tmp/err" || complain "building a program with -$kind"
		done
		try $kind,table "$build/$kind-structures" table
		try $kind,arenas "$build/$kind-threads" arenas
		try $kind,thread-local LEAKS_LIBRARY= "$build/$kind-threads" thread-local
	done
else
	echo "SKIP: static programs: there is no static libc"
fi

# malloc set up otherwise.
try no-tcache,sizes GLIBC_TUNABLES=glibc.malloc.tcache_count=0 "$build/plain-structures" sizes
try no-tcache,fragmented GLIBC_TUNABLES=glibc.malloc.tcache_count=0 "$build/plain-holders" fragmented
try one-arena,arenas MALLOC_ARENA_MAX=1 "$build/plain-threads" arenas
try perturbed,table MALLOC_PERTURB_=165 "$build/plain-structures" table
try no-mmap,mmapped GLIBC_TUNABLES=glibc.malloc.mmap_max=0 "$build/plain-shapes" mmapped
try huge,graph GLIBC_TUNABLES=glibc.malloc.hugetlb=1 "$build/plain-structures" graph

fi

awk '
	BEGIN { printf "%-22s %8s %8s %9s %8s %6s %6s %6s %9s %s\n", "", "leaked", "found", "suspected", "accused", "coded", "seen",
		"passes", "stopped", "converged" }
	{
		printf "%-22s %8d %8d %9d %8d %6d %6d %6d %6.3f ms %s\n", $1, $2, $3, $4, $5, $7, $8, $10, $13 / 1e6, $12
		lost += $2; found += $3; accused += $5
	}
	END {
		printf "%d of %d leaked objects found, %.2f %%; %d alive accused\n", found, lost, lost ? 100 * found / lost : 0, accused
		exit !(lost > 0 && found >= 0.995 * lost && accused == 0)
	}' "$all" || complain "below the bar"
exit $failed
