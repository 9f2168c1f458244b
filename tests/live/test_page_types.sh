#!/bin/sh
# pagetop types and pagetop pages beside the kernel's page-types, request by request. That is in no package but the source
# of the kernel: it is built out of Debian's, once, and kept in PT_PEERS, or else where pagetop is.
. "$(dirname "$0")/../support/shell.sh"
demo=${PT_DEMO:-}
[ "$(id -u)" = 0 ] && [ -r /proc/kpageflags ] || skip "the flags of frames are root's to read"
[ -n "$demo" ] || skip "pagetop-demo is not built"
need jq

peer=${PT_PEERS:-$(dirname "$bin")}/page-types
build_peer() { # of a tarball of the kernel's source
	mkdir "$tmp/linux" && tar -xJf "$1" -C "$tmp/linux" --strip-components=1 --wildcards \
		'*/tools/[vm]m/page-types.c' '*/tools/lib/api' '*/tools/include' '*/include/uapi/linux/magic.h' \
		'*/include/uapi/linux/kernel-page-flags.h' && cd "$tmp/linux/tools" &&
		gcc -O2 -Ilib -Ilib/api -Iinclude -o "$tmp/page-types" [vm]m/page-types.c lib/api/fs/fs.c lib/api/debug.c &&
		mv "$tmp/page-types" "$peer"
}
if [ ! -x "$peer" ]; then
	need tar xz gcc
	source=$(ls /usr/src/linux-source-*.tar.xz 2>/dev/null | tail -n 1)
	[ -n "$source" ] || skip "page-types is built out of linux-source, which is not installed"
	(build_peer "$source") >"$tmp/build" 2>&1 || {
		tail -n 3 "$tmp/build"
		skip "page-types of $source cannot be built"
	}
fi

# steady: "flags pages" lines with "referenced" left out of mapped frames that are neither uptodate nor on a list: those of
# the vdso, where each process that ends having asked for the time flips it (mm/swap.c, folio_mark_accessed). Likewise
# "mmap_exclusive" of pages of files: page-types and pagetop map some of the same libraries while they look.
steady() {
	awk '{ sub(/804$/, "800", $1); sub(/^0xa/, "0x2", $1); pages[$1] += $2 } END { for (flags in pages) print flags, pages[flags] }' | sort
}

# of_peer ARGUMENT...: what page-types counts, in $tmp/peers
of_peer() {
	"$peer" "$@" 2>"$tmp/peer.err" >"$tmp/peer.out" || {
		cat "$tmp/peer.err"
		skip "page-types $* fails"
	}
	sed -n 's/^\(0x[0-9a-f]*\)\t *\([0-9]*\) .*/\1 \2/p' "$tmp/peer.out" | steady >"$tmp/peers"
}

# same ARGUMENT...: both count the same. The kernel flips flags now and then even of a process that is stopped, so that
# it takes more than one try at times; what pagetop counts otherwise never comes out the same.
same() {
	tries=0
	until [ $tries = 60 ]; do
		tries=$((tries + 1))
		of_peer "$@"
		gives 0 types "$@" -J
		jq -r '.types[] | "\(.flags) \(.pages)"' "$tmp/out" |
			awk '{ flags = substr($1, 3); while (length(flags) < 16) flags = "0" flags; print "0x" flags, $2 }' |
			steady >"$tmp/ours"
		cmp -s "$tmp/peers" "$tmp/ours" && break
	done
	cmp -s "$tmp/peers" "$tmp/ours" || {
		diff "$tmp/peers" "$tmp/ours" | head -n 6
		complain "types $*: not what page-types counts"
	}
	[ -s "$tmp/ours" ] || complain "types $*: nothing was there to count"
	compared=$((compared + 1))
}
compared=0

# ---- the machine: as it was at one moment, and the part of it that is never freed

head -c 16777216 /proc/kpageflags >"$tmp/flags"
same -F "$tmp/flags"
same -F "$tmp/flags" -r
same -F "$tmp/flags" -b lru,dirty=lru
same -F "$tmp/flags" -b anon,~active -b uptodate,referenced
same -F "$tmp/flags" -r -b =reserved
same -F "$tmp/flags" -r -b compound
same -F "$tmp/flags" -r -b uptodate -a 0x1000,0x90000 -a 1000000+50000
same -r -b reserved -a ,0x40000
same -b 0x400,slab -a 0x100+64

# ---- a process

: >"$tmp/ready"
"$demo" --once >"$tmp/ready" 2>&1 &
target=$!
tries=0
until grep -q ready "$tmp/ready"; do
	tries=$((tries + 1))
	[ $tries -lt 200000 ] || { echo "FAILED: the demo does not begin" && exit 1; }
done
kill -STOP $target
heap=$(awk '$NF == "[heap]" { split($1, a, "-"); print a[1] "-" a[2] }' /proc/$target/maps)
[ -n "$heap" ] || complain "the demo has no heap"
heap=0x${heap%-*},0x${heap#*-}
heap=$((${heap%,*} / $(getconf PAGESIZE))),$((${heap#*,} / $(getconf PAGESIZE)))
cgroup=$(sed -n 's/^[0-9]*:[^:]*memory[^:]*://p; s/^0:://p' /proc/$target/cgroup | head -n 1)
mount=/sys/fs/cgroup
[ -e $mount/cgroup.controllers ] || mount=$mount/memory

same -p $target
same -p $target -r
same -p $target -a "$heap" -b anon
same -p $target -r -b uptodate,~file
same -p $target -r -b mmap_exclusive,anon,huge=mmap_exclusive,anon
if [ -r /proc/kpagecgroup ] && [ -d "$mount$cgroup" ]; then
	same -p $target -c "$mount$cgroup"
	same -p $target -r -c "@$(stat -c %i "$mount$cgroup")" -b anon
	gives 0 types -p $target -c "$cgroup" -J # page-types does not know names
	[ "$(jq .total "$tmp/out")" -gt 0 ] || complain "types -c NAME: counts nothing"
fi

# ---- a file

head -c 1000000 /dev/zero >"$tmp/file"
truncate -s 2097152 "$tmp/file" # of which half is a hole
same -f "$tmp/file"
same -f "$tmp/file" -r
same -f "$(command -v bash)" -a 4+20 -r -b uptodate

mkdir -p "$tmp/tree/below"
head -c 81920 /dev/zero >"$tmp/tree/one"
head -c 12288 /dev/zero >"$tmp/tree/below/two"
ln -s "$tmp/file" "$tmp/tree/link"
same -f "$tmp/tree" -a 0,20 # without a range page-types takes the length of one file for all
same -f "$tmp/tree/" -a 1+4 -r -b uptodate,dirty

# ---- lists

"$peer" -F "$tmp/flags" -l -N -r -a 0x1000,0x9000 | awk 'NR > 1 && NF == 3 { print $1, $2 }' >"$tmp/before"
gives 0 pages -F "$tmp/flags" -r -n -a 0x1000,0x9000 -o PFN,PAGES
awk '{ printf "%x %x\n", $1, $2 }' "$tmp/out" | cmp -s - "$tmp/before" || complain "pages: other runs than page-types -l"
"$peer" -F "$tmp/flags" -L -N -a 0x1000+300 -b lru | awk 'NR > 1 && NF == 2 { print $1 }' >"$tmp/before"
gives 0 pages -F "$tmp/flags" --each -n -a 0x1000+300 --where lru -o PFN
awk '{ printf "%x\n", $1 }' "$tmp/out" | cmp -s - "$tmp/before" || complain "pages --each: other pages than page-types -L"

[ $compared -ge 10 ] || complain "only $compared requests were compared"
[ $failed = 0 ] && echo "$compared requests are counted as page-types does"
exit $failed
