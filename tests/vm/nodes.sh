#!/bin/sh
# Pages by node on a machine with two: what lies where is what numa_maps says, VMA by VMA, and what a process bound there.
#
#   tests/vm/kernel FOLDER && gcc -o FOLDER/placed tests/vm/placed.c
#   vm_words=numa=fake=2 tests/vm/boot FOLDER/bzImage tests/vm/nodes.sh build/pagetop FOLDER/placed
#
# The CPU is then of both nodes. With a kernel that knows ACPI's (Debian's), and memory blocks besides:
#
#   vm_qemu="-smp 2 -object memory-backend-ram,id=a,size=512M -object memory-backend-ram,id=b,size=512M
#   -numa node,cpus=0,memdev=a -numa node,cpus=1,memdev=b" vm_memory=1024 tests/vm/boot vmlinuz ...
failed=0
is() { # WHAT FOUND WANTED
	[ "$2" = "$3" ] && { echo "ok      $1: $2"; return; }
	echo "FAILED: $1: $2, not $3"
	failed=1
}

echo madvise >/sys/kernel/mm/transparent_hugepage/enabled 2>/dev/null
echo "nodes $(cat /sys/devices/system/node/online), zones $(grep -c ^Node /proc/zoneinfo), memory blocks $(ls -d /sys/devices/system/node/node*/memory[0-9]* 2>/dev/null | wc -l)"
mkfifo answers
placed 1000 >answers &
exec 9<answers
read -r ready pid first second third <&9

pagetop vmas -p $pid --by node -J >out || { cat out; exit 1; }
# "START NODE0 NODE1 UNKNOWN", in pages, of the VMAs that have any
sed -n 's/.*"start": "0x\([0-9a-f]*\)".*"nodes": \(\[.*\]\), "unknown": \([0-9]*\).*/\1 \2 \3/p' out | awk '{
	split("0 0", n)
	line = $0
	while (match(line, /"node": [0-9]+, "bytes": [0-9]+/)) {
		split(substr(line, RSTART, RLENGTH), f, /[:,]/)
		n[f[2] + 1] = f[4] / 4096
		line = substr(line, RSTART + RLENGTH)
	}
	if (n[1] + n[2] + $NF) print $1, n[1] + 0, n[2] + 0, $NF / 4096
}' >all
grep -E "vdso|vvar" /proc/$pid/maps | cut -d- -f1 >kernels_own # numa_maps leaves them out
grep -vf kernels_own all >ours
awk '{
	n[0] = n[1] = 0
	for (i = 3; i <= NF; i++)
		if ($i ~ /^N[01]=/)
			n[substr($i, 2, 1)] = substr($i, 4)
	if (n[0] + n[1]) print $1, n[0], n[1], 0
}' /proc/$pid/numa_maps >kernels
is "VMAs with pages" "$(wc -l <ours)" "$(wc -l <kernels)"
is "pages by node of every VMA" "$(md5sum <ours)" "$(md5sum <kernels)"
is "bound to node 0" "$(grep "^$first " ours)" "$first 1000 0 0"
is "bound to node 1" "$(grep "^$second " ours)" "$second 0 2000 0"
is "on both in turns" "$(grep "^$third " ours)" "$third 2000 2000 0"

# its one thread runs on one node: what lies on the other is remote
near=$(grep -o '"node": [01], "bytes": [0-9]*, "threads": 1' out | cut -c9)
far=$(awk -v near="$near" '{ far += near == 1 ? $2 : $3 } END { print far * 4096 }' all)
is "remote" "$(sed -n 's/^"remote": \([0-9]*\).*/\1/p' out)" "$far"
pagetop vmas -p $pid --by node | head -n 8
exit $failed
