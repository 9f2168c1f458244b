#!/bin/sh
# The launcher, in a tree of its own with made-up dpkg-query, apt-get, sudo, cmake and program: what it installs,
# builds and says, and that it then gets out of the way.
top=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
failed=0

tool() { # NAME, the body on stdin
	{ echo '#!/bin/sh' && cat; } >"$work/bin/$1" && chmod +x "$work/bin/$1"
}

new_tree() { # a fresh copy of what the launcher reads, nothing installed, nothing built
	rm -rf "$work/tree" "$work/calls"
	mkdir -p "$work/tree/core" "$work/tree/widgets" "$work/tree/tui" "$work/bin"
	cp -r "$top/pagetop" "$top/assets" "$work/tree/"
	touch "$work/tree/CMakeLists.txt" "$work/tree/CMakePresets.json" "$work/tree/core/a.c"
	: >"$work/installed" && : >"$work/calls" && : >"$work/err"
}

# expect WHAT STATUS OUTPUT ARGUMENT...: runs the launcher; its stderr is left in $work/err.
expect() {
	what=$1 want=$2 output=$3
	shift 3
	got=$(cd / && PATH="$work/bin:$PATH" WORK="$work" "${launcher:-$work/tree/pagetop}" "$@" 2>"$work/err")
	status=$?
	[ $status = "$want" ] && [ "$got" = "$output" ] || bad "$what: status $status, stdout '$got'"
}
bad() {
	failed=1
	echo "FAILED: $*"
	sed 's/^/    stderr: /' "$work/err"
}
says() { grep -qF -- "$1" "$work/err" || bad "does not say '$1'"; }
quiet() { [ ! -s "$work/err" ] || bad "$1: not quiet"; }
calls() { # NAME N: the tool was called N times since the tree is there
	n=$(grep -c "^$1" "$work/calls")
	[ "$n" = "$2" ] || bad "$1 was called $n times, not $2"
}

mkdir -p "$work/bin"
tool dpkg-query <<'E2'
for p; do grep -qx "$p" "$WORK/installed" && printf 'installed %s ' "$p"; done
E2
tool apt-get <<'E2'
echo "apt-get $*" | tee -a "$WORK/calls"
[ "$1" = update ] && exit 100 # a source of packages that does not answer is no reason to give up
[ -e "$WORK/no-network" ] && exit 100
for p; do echo "$p"; done >>"$WORK/installed"
E2
tool sudo <<'E2'
echo "sudo" >>"$WORK/calls"
exec "$@"
E2
tool id <<'E2'
cat "$WORK/uid"
E2
tool cmake <<'E2'
echo "cmake $*" | tee -a "$WORK/calls"
[ -e "$WORK/broken" ] && exit 1
[ "$1" = --build ] || exit 0
printf '#!/bin/sh\n[ "$1" = -V ] && [ -e "$WORK/unrunnable" ] && exit 127\nprintf "<%%s>" "$@"\n' >"$2/pagetop"
chmod +x "$2/pagetop"
E2

echo 0 >"$work/uid"
new_tree
expect "--no-install with packages missing" 2 "" --no-install vmas
says "apt-get install -y --no-install-recommends gcc "
says libproc2-dev
calls apt-get 0
expect "first use" 0 "<vmas><-p><1>" vmas -p 1
says "installing gcc "
says "building into $work/tree/build"
calls sudo 0
expect "second use" 0 "<a b><>" "a b" ""
quiet "second use"
calls "cmake --build" 1
rm "$work/installed" && touch "$work/installed"
expect "packages gone, program there" 0 "<x>" --no-install x
quiet "packages gone, program there"
expect "an option of another command" 0 "<run><--><--no-install>" run -- --no-install
ln -s tree/pagetop "$work/link"
launcher=$work/link
expect "by a link" 0 "<x>" x
launcher=
touch "$work/tree/core/a.c"
expect "a touched source" 0 "<x>" x
calls "cmake --build" 1
echo ';' >"$work/tree/core/a.c"
expect "a changed source" 0 "<x>" x
calls "cmake --build" 2
mv "$work/tree/core/a.c" "$work/tree/core/b.c"
expect "a renamed source" 0 "<x>" x
calls "cmake --build" 3

new_tree
touch "$work/broken"
expect "a build that fails" 2 "" x
says "$work/tree/build/setup.log"
rm "$work/broken"
touch "$work/unrunnable"
expect "a program that can't start" 2 "" x
rm "$work/unrunnable"
expect "after the mishaps" 0 "<x>" x

new_tree
touch "$work/no-network"
expect "an install that fails" 2 "" x
says "$work/tree/build/setup.log"
rm "$work/no-network"

new_tree
echo 1000 >"$work/uid"
expect "as a user" 0 "<x>" x
calls sudo 2
new_tree
rm "$work/bin/sudo"
mkdir "$work/few" && for t in readlink dirname find cat cksum mkdir flock grep sed tail rm sh env; do
	ln -s "$(command -v $t)" "$work/few/$t"
done
PATH=$work/few
expect "as a user without sudo" 2 "" x
says "run as root: apt-get install"

[ $failed = 0 ] && echo "the launcher keeps its word"
exit $failed
