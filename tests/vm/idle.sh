#!/bin/sh
# Idle marks on a kernel that has them: what the target touches is exactly what is idle no longer.
#
#   tests/vm/kernel FOLDER && gcc -o FOLDER/target tests/vm/target.c
#   tests/vm/boot FOLDER/bzImage tests/vm/idle.sh build/pagetop FOLDER/target [.../page-types] [/usr/bin/script]
failed=0
is() { # WHAT FOUND WANTED
	[ "$2" = "$3" ] && { echo "ok      $1: $2"; return; }
	echo "FAILED: $1: $2, not $3"
	failed=1
}
member() { # NAME: a number out of the JSON on the input
	sed -n "s/.*\"$1\": \\([0-9]*\\).*/\\1/p" | tail -n 1
}
idle_of() { # ARGUMENT...: pages with idle_page of those asked for
	pagetop types "$@" -b idle_page --idle -J | member total
}

echo madvise >/sys/kernel/mm/transparent_hugepage/enabled # off where there is little memory
echo madvise >/sys/kernel/mm/transparent_hugepage/defrag
dd if=/dev/urandom of=file bs=4096 count=64 2>/dev/null
mkfifo orders answers
target 1000 file <orders >answers &
exec 8>orders 9<answers
read -r ready pid memory huge <&9
tell() {
	echo "$*" >&8
	read -r done <&9
}
echo 1 >/proc/sys/vm/compact_memory # pages wait in lists of each processor before they come to those that are aged
cat file >/dev/null
echo 1 >/proc/sys/vm/compact_memory

# ---- who may, and who is asked

pagetop types -p $pid --mark-idle >out 2>&1
is "without a terminal and --yes" $? 2
is "pages marked by that" "$(idle_of -p $pid)" 0
if command -v script >/dev/null; then # of util-linux: a terminal to ask at
	mkdir -p /dev/pts && mount -t devpts devpts /dev/pts
	for answer in n y; do
		echo $answer | script -q -c "pagetop types -f file --mark-idle; echo \$? >status" /dev/null >err
		is "questions, answered by $answer" "$(grep -c '^Mark them' err)" 1
		is "status after $answer" "$(cat status)" $([ $answer = y ] && echo 0 || echo 2)
		is "pages marked by $answer" "$(idle_of -f file)" $([ $answer = y ] && echo 64 || echo 0)
	done
fi

# ---- pages of a process

pagetop types -p $pid -a $memory+1000 --mark-idle --yes -J >out
is "marked" "$(member marked <out)" 1000
is "idle at once" "$(idle_of -p $pid -a $memory+1000)" 1000
tell touch 100 37
is "idle once 37 were touched" "$(idle_of -p $pid -a $memory+1000)" 963
is "idle among the touched" "$(idle_of -p $pid -a $((memory + 100))+37)" 0
tell touch 0 1000
is "idle once all were touched" "$(idle_of -p $pid -a $memory+1000)" 0

# ---- marked, left alone, counted

pagetop types -p $pid -a $memory+1000 --mark-idle --yes --for 3 -J >out 2>err &
watch=$!
until [ "$(pagetop types -p $pid -a $memory+1000 -b idle_page -J | member total)" = 1000 ]; do :; done
tell touch 0 250
wait $watch
is "marked for three seconds" "$(member marked <out)" 1000
is "idle after them" "$(member idle <out)" 750

# ---- only what a spec chooses

pagetop types -p $pid -a $memory+1000 -b idle_page,~anonymous --mark-idle --yes -J >out
is "frames of a spec that none fits" "$(member frames <out)" 0
pagetop types -p $pid -a $memory+1000 -b lru,~idle_page --mark-idle --yes -J >out
is "those not idle yet" "$(member frames <out)" 250

# ---- a huge page, by one byte of it

pagetop types -p $pid -a $huge+512 --mark-idle --yes -J >out
is "a huge page" "$(member marked <out)" 512
is "idle of it" "$(idle_of -p $pid -a $huge+512)" 512
tell huge
is "idle of it after one byte" "$(idle_of -p $pid -a $huge+512)" 0

# ---- a file

pagetop types -f file --mark-idle --yes -J >out
is "marked of a file" "$(member marked <out)" 64
is "idle of it" "$(idle_of -f file)" 64
tell read 10 5
is "idle of it after five pages were read" "$(idle_of -f file)" 59

# ---- beside page-types: the same bits

if command -v page-types >/dev/null; then
	tell touch 0 1000
	pagetop types -p $pid -a $memory+1000 --idle >/dev/null
	page-types -p $pid -a $memory+1000 -i -N >/dev/null
	is "idle after page-types -i" "$(idle_of -p $pid -a $memory+1000)" 1000
fi

# ---- the machine

pagetop types --mark-idle --yes >out
sed -n 's/^Marked/the machine: marked/p' out
[ "$(idle_of)" -gt 1000 ] || is "idle of the machine" "$(idle_of)" "more than 1000"
exit $failed
