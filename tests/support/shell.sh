# What the tests in shell share; sourced by them. A test says `need TOOL...`, runs pagetop by `gives`, and at its end
# `exit $failed`. Processes whose PIDs are in $children, $target and $recorder are ended with it, and $tmp goes away.
set -u
bin=${PT_BIN:-}
top=${PT_TOP:-$(dirname "$0")/../..}
export LC_ALL=C

skip() {
	echo "SKIP: $*"
	exit 77
}
need() { # TOOL...
	for tool; do
		command -v "$tool" >/dev/null || skip "$tool is not installed"
	done
}
[ -n "$bin" ] || skip "pagetop is not built"

tmp=$(mktemp -d) || exit 1
children= target= recorder=
at_exit() { # a test that has more to undo has one of its own
	:
}
finish() {
	at_exit
	for pid in $recorder $target $children; do
		kill "$pid" && kill -CONT "$pid"
	done 2>/dev/null
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

failed=0
complain() {
	echo "FAILED: $*"
	for stream in out err report; do
		[ ! -s "$tmp/$stream" ] || sed "s/^/    $stream: /" "$tmp/$stream" | head -n 5
	done
	failed=1
}

# gives STATUS ARGUMENT...: runs pagetop with the arguments; what it says is in $tmp/out and $tmp/err.
gives() {
	want=$1
	shift
	what=$*
	timeout 60 "$bin" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null 3>&-
	got=$?
	[ $got = "$want" ] || complain "pagetop $what: status $got, not $want"
}

# says TEXT: on the one line of stderr.
says() {
	grep -qF -- "$1" "$tmp/err" || complain "pagetop $what: does not say '$1'"
	[ "$(wc -l <"$tmp/err")" = 1 ] || complain "pagetop $what: not one line on stderr"
}

# complains STATUS TEXT ARGUMENT...: the status, nothing on stdout, and one line on stderr that holds the text.
complains() {
	text=$2
	want=$1
	shift 2
	gives "$want" "$@"
	says "$text"
	grep -q '^pagetop: ' "$tmp/err" || complain "pagetop $what: stderr does not name pagetop"
	[ ! -s "$tmp/out" ] || complain "pagetop $what: something on stdout"
}
