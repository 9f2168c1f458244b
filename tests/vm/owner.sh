#!/bin/sh
# Who allocated frames, on a kernel that keeps record of it: groups, filters and orders are those of page_owner_sort, which
# the kernel's source has in tools/vm or tools/mm.
#
#   tests/vm/kernel FOLDER && gcc -O2 -static -o FOLDER/page_owner_sort .../tools/vm/page_owner_sort.c
#   vm_words=page_owner=on tests/vm/boot FOLDER/bzImage tests/vm/owner.sh build/pagetop FOLDER/page_owner_sort
failed=0
is() { # WHAT FOUND WANTED
	[ "$2" = "$3" ] && { echo "ok      $1: $2"; return; }
	echo "FAILED: $1: $2, not $3"
	failed=1
}

dd if=/dev/zero of=some bs=1M count=8 2>/dev/null
cat /sys/kernel/debug/page_owner >saved
# page_owner_sort takes records of equal text for one, whatever stands in the line of the frame, which is not in that text:
# each gets a time of its own
awk '/^Page allocated via/ && match($0, /, ts [0-9]+ ns/) {
	sub(/, ts [0-9]+ ns/, sprintf(", ts %d ns", ++n))
} { print }' saved >apart

theirs() { # OPTION...: "TIMES PAGES" of groups
	page_owner_sort "$@" apart sorted >/dev/null 2>&1
	sed -n 's/^\([0-9]*\) times, \([0-9]*\) pages.*/\1 \2/p' sorted
}
ours() { # OPTION...
	pagetop system --page-owner=apart -J "$@" | sed -n 's/.*"times": *\([0-9]*\), "pages": *\([0-9]*\).*/\1 \2/p'
}
same() { # WHAT "OPTIONS OF THEIRS" "OURS"
	theirs $2 | sort >a
	ours $3 | sort >b
	is "$1, $(wc -l <a) groups" "$(md5sum <b)" "$(md5sum <a)"
	[ -s a ] || is "$1" "nothing" "something"
}
same "stacks" --cull=st "--group stack"
same "processes" --cull=tgid "--group tgid"
same "threads" --cull=pid "--group pid"
same "names" --cull=name "--group name"
same "allocators" --cull=allocator "--group allocator"
same "names and allocators" --cull=name,allocator "--group name,allocator"
same "stacks of a name" "--cull=st --name dd,sh" "--group stack --only name=dd,sh"
same "stacks of a process" "--cull=st --tgid 1" "--group stack --only tgid=1"
same "stacks of threads" "--cull=st --pid 1,2" "--group stack --only pid=1,2"
theirs --cull=st -m | cut -d' ' -f2 >a
ours --group stack --by size | cut -d' ' -f2 >b
is "by size" "$(md5sum <b)" "$(md5sum <a)"
theirs --cull=st -t | cut -d' ' -f1 >a
ours --group stack --by times | cut -d' ' -f1 >b
is "by times" "$(md5sum <b)" "$(md5sum <a)"
theirs --cull=name -n >a
ours --group name --by name >b
is "by name" "$(md5sum <b)" "$(md5sum <a)"

# the kernel's own record, which is read record by record: but for what either reader takes itself, as many
pagetop system --page-owner -J >live 2>/dev/null
records=$(sed -n 's/^"records": \([0-9]*\).*/\1/p' live)
saved=$(cat /sys/kernel/debug/page_owner | grep -c "^Page allocated via")
[ "$records" -gt $((saved * 19 / 20)) ] && [ "$records" -lt $((saved * 21 / 20)) ] && close=yes || close=no
is "records of the kernel's own, $records of some $saved" $close yes
is "the record of a frame" "$(pagetop frame "$(awk '/^PFN/ { print $2; exit }' saved)" | grep -c "Page allocated via")" 1
pagetop system | grep "^page_owner"
exit $failed
