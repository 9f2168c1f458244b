#!/bin/sh
# Truth: on programs that hold still pagetop's sums are those of smaps, VMA by VMA, to the page: pagetop-demo (with a
# child that shares and one that copied on write), Redis with data, and node where it is installed. As an ordinary user
# what needs no frame numbers is compared. With PT_LONG Redis holds 1 GiB.
. "$(dirname "$0")/../support/shell.sh"

# start WORDS COMMAND...: runs it in the background until it says WORDS; its PID is then in $pid.
start() {
	words=$1
	shift
	mkfifo "$tmp/says" || exit 1
	"$@" >"$tmp/says" 2>&1 </dev/null &
	pid=$!
	children="$children $pid"
	exec 3<"$tmp/says" # held open to the end: what it says later must not end it
	rm "$tmp/says"
	while read -r line <&3; do
		case $line in *"$words"*) return 0 ;; esac
	done
	echo "FAILED: $1 ended before it said '$words'"
	failed=1
	return 1
}

# true_of WHAT: verify finds nothing on $pid. It scans again by itself what moved meanwhile.
true_of() {
	"$bin" verify -p "$pid" >"$tmp/out" 2>&1
	status=$?
	last=$(tail -n 1 "$tmp/out")
	case $(id -u),$status,$last in
	0,0,*"all equal" | [1-9]*,0,*) echo "$1: $last" ;;
	*) echo "FAILED: $1: status $status" && tail -n 40 "$tmp/out" && failed=1 ;;
	esac
}

start ready "$PT_DEMO" --once && true_of "pagetop-demo"

server=$(command -v redis-check-rdb) # redis-server by another name; comes without the service
if [ -n "$server" ]; then
	ln -s "$server" "$tmp/redis-server"
	start "ready to accept" "$tmp/redis-server" --port 0 --unixsocket "$tmp/socket" --save "" --dir "$tmp" --hz 1 \
		--enable-debug-command yes --loglevel verbose
	redis-cli -s "$tmp/socket" debug populate "$([ -n "${PT_LONG:-}" ] && echo 250000 || echo 16000)" key 4096 >/dev/null &&
		true_of "Redis, $(redis-cli -s "$tmp/socket" info memory | sed -n 's/^used_memory_human:\([^\r]*\).*/\1/p')"
else
	echo "SKIP: Redis: redis-tools is not installed"
fi

if command -v node >/dev/null; then
	start ready node -e 'const a = []; for (let i = 0; i < 200000; i++) a.push({i, s: "x".repeat(i % 50) + i});
		console.log("ready", a.length); setInterval(() => a.length, 1e8)'
	true_of "node"
else
	echo "SKIP: node is not installed"
fi
exit $failed
