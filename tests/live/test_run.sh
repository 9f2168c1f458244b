#!/bin/sh
# pagetop run as scripts meet it: exit statuses, signals, streams, commands that cannot start, fork and leave, exec in a
# loop or are killed for memory, and pagetop killed itself. Waits are for pipes, never for time.
. "$(dirname "$0")/../support/shell.sh"
need jq
unset NO_COLOR COLUMNS
group= # a memory cgroup of this test
at_exit() {
	[ -z "$children" ] || kill -KILL $children 2>/dev/null
	[ -z "$group" ] || rmdir "$group" 2>/dev/null
}
# same WHAT GOT WANTED
same() {
	[ "$2" = "$3" ] || complain "$1: '$2', not '$3'"
}
# gives STATUS COMMAND...: runs it observed, the report into a file.
gives() {
	want=$1
	shift
	"$bin" run --report "$tmp/report" -- "$@" >"$tmp/out" 2>"$tmp/err"
	got=$?
	[ $got = "$want" ] || complain "run -- $*: status $got, not $want"
}
says() {
	grep -q -e "$1" "$tmp/report" || complain "the report does not say '$1'"
}
# answers QUERY: a question to the report in JSON.
answers() {
	jq -e "$1" "$tmp/report" >/dev/null || complain "not so: $1"
}

# ---- exit statuses and streams

gives 0 true
says "true ended with status 0"
gives 7 sh -c 'exit 7'
gives 255 sh -c 'exit 255'
gives 137 sh -c 'kill -KILL $$'
says "was killed by SIGKILL"
gives 143 sh -c 'kill -TERM $$'
gives 127 "$tmp/nowhere"
same "stderr of a command that is not there" "$(cat "$tmp/err")" "pagetop: cannot start $tmp/nowhere: No such file or directory"
gives 126 "$tmp"
printf 'no program\001' >"$tmp/data" && chmod +x "$tmp/data"
: >"$tmp/plain"
gives 126 "$tmp/plain"
"$bin" run --report "$tmp/no/such/folder" -- touch "$tmp/ran" 2>"$tmp/err"
same "status where the report cannot be written" $? 125
[ ! -e "$tmp/ran" ] || complain "the command was started all the same"

printf 'a\0b\nc' | "$bin" run --report "$tmp/report" -- cat >"$tmp/out" 2>"$tmp/err"
same "what went through" "$(od -c <"$tmp/out")" "$(printf 'a\0b\nc' | od -c)"
gives 0 sh -c 'echo to stderr >&2'
same "stderr" "$(cat "$tmp/err")" "to stderr"
"$bin" run -- sh -c 'echo out' >"$tmp/out" 2>"$tmp/report"
same "stdout beside the report" "$(cat "$tmp/out")" "out"
says "^pagetop: sh ended with status 0"
want=$(grep -E '^Sig(Blk|Ign)' /proc/self/status)
same "signals blocked and ignored" "$("$bin" run -- grep -E '^Sig(Blk|Ign)' /proc/self/status 2>/dev/null)" "$want"
same "open descriptors" "$("$bin" run -- sh -c 'unset PAGETOP_MARK_FD; ls /proc/self/fd' 2>/dev/null | wc -l)" \
	$(($(ls /proc/self/fd | wc -l) + 1)) # the one for marks
(trap '' HUP && exec "$bin" run --report "$tmp/report" -- sh -c 'kill -HUP $$; exit 4')
same "status with SIGHUP ignored" $? 4

# ---- signals are passed on, once; those of the command itself are not

mkfifo "$tmp/ready" "$tmp/go" "$tmp/leave" "$tmp/later" "$tmp/end" "$tmp/said"
for signal in TERM INT HUP QUIT USR1 USR2 WINCH; do
	: >"$tmp/got"
	# a shell starts commands in the background with SIGINT and SIGQUIT ignored
	env --default-signal=INT,QUIT "$bin" run --report "$tmp/report" -- sh -c "
		trap 'echo $signal >>$tmp/got; exit 3' $signal
		echo ready >$tmp/ready
		while :; do read -r x; done" <>"$tmp/go" 2>"$tmp/err" &
	pid=$!
	read -r word <"$tmp/ready"
	kill -s "$signal" $pid
	wait $pid
	same "status after SIG$signal" $? 3
	same "what the command got" "$(cat "$tmp/got")" $signal
done

# SIGCONT is looked at after all others that wait, and then the command has whatever was passed on.
: >"$tmp/got"
setsid "$bin" run --report "$tmp/report" -- sh -c "
	trap 'echo t >>$tmp/got' TERM
	trap 'exit 3' CONT
	kill -TERM 0
	echo ready >$tmp/ready
	while :; do read -r x; done" <>"$tmp/go" 2>"$tmp/err" &
pid=$!
read -r word <"$tmp/ready"
kill -CONT $pid
wait $pid
same "status" $? 3
same "SIGTERM to its own group" "$(cat "$tmp/got")" t

# ---- forks and leaves

gives 5 sh -c "cat <$tmp/leave & echo \$! >$tmp/left; exit 5"
says "1 of them still runs"
left=$(cat "$tmp/left")
kill -0 "$left" || complain "what was left behind has ended"
(: >"$tmp/leave")
"$bin" run --wait-all --report "$tmp/report" -- sh -c "(read -r x <$tmp/later; echo late >$tmp/late; exit 9) & exit 6" &
pid=$!
echo >"$tmp/later"
wait $pid
same "status with --wait-all" $? 6
same "what was waited for" "$(cat "$tmp/late")" late
! grep -q "still run" "$tmp/report" || complain "somebody still runs"

# ---- execs in a loop: one process

cat >"$tmp/loop" <<'LOOP'
#!/bin/sh
[ "$1" = 0 ] && exit 9
exec "$0" $(($1 - 1))
LOOP
chmod +x "$tmp/loop"
"$bin" run -J --report "$tmp/report" -- "$tmp/loop" 200
same "status of a loop of execs" $? 9
answers '.run | length == 1'
answers '.exit == 9 and .signal == null'

# ---- peaks are the kernel's

"$bin" run -J --report "$tmp/report" -- dd if=/dev/zero of=/dev/null bs=64M count=8 2>/dev/null
answers '.run[0].name == "dd" and .run[0].peak >= 67108864 and .run[0].peak < 80000000'
# the kernel's own count lags behind the counters of a process by some pages per processor
answers '.run[0].peak >= .["max-rss"] and .run[0].peak - .["max-rss"] < 1048576'
"$bin" run -J --report "$tmp/report" -- sh -c 'dd if=/dev/zero of=/dev/null bs=64M count=8 2>/dev/null; :'
answers '.["max-rss"] >= 67108864'
answers '[.run[] | select(.name == "sh")][0].peak < 20000000' # the child's is not its own
answers '.looks.number >= 2 and .looks.interval == 0.1 and .looks.complete'
answers '.command[0] == "sh" and (.run | all(has("pid") and has("frames")))'

# ---- killed for memory

for root in /sys/fs/cgroup/memory /sys/fs/cgroup; do
	[ -w $root/cgroup.procs ] && mkdir $root/pagetop-run-$$ 2>/dev/null || continue
	group=$root/pagetop-run-$$
	limit=$group/memory.max
	[ -e "$limit" ] || limit=$group/memory.limit_in_bytes
	echo 16M >"$limit" 2>/dev/null || { rmdir $group; group=; continue; }
	break
done
if [ -n "$group" ]; then
	[ ! -e "$group/memory.swap.max" ] || echo 0 >"$group/memory.swap.max"
	gives 137 sh -c "echo \$\$ >$group/cgroup.procs; exec tail /dev/zero"
	says "was killed by SIGKILL"
	says "for want of memory"
else
	echo "no memory cgroup can be made here: not tried"
fi

# ---- pagetop killed: the command goes on

TMPDIR=$tmp "$bin" run --report "$tmp/report" -- sh -c "
	echo ready >$tmp/ready
	read -r x <$tmp/end
	pagetop_mark=\${PAGETOP_MARK_FD:-2}
	echo mark >&\$pagetop_mark 2>/dev/null
	echo alive >$tmp/said" &
pid=$!
read -r word <"$tmp/ready"
kill -KILL $pid
wait $pid 2>/dev/null
echo >"$tmp/end"
read -r word <"$tmp/said"
same "what a command says whose pagetop was killed" "$word" alive

[ $failed = 0 ] && echo "all as it should be"
exit $failed
