#!/bin/sh
# The examples of assets/examples/, as their comments say to run them: what keeps its size passes, and what leaks fails by
# the assertion alone.
#
#   examples.sh ctest|pytest|googletest
set -u
example=$1
bin=${PT_BIN:-}
top=${PT_TOP:-$(dirname "$0")/../..}
skip() {
	echo "SKIP: $*"
	exit 77
}
[ -n "$bin" ] || skip "pagetop is not built"
needs() { # TOOL PACKAGE
	command -v "$1" >/dev/null || skip "$1 is not installed (package $2)"
}
export LC_ALL=C.UTF-8
unset LEAK PAGETOP_MARK PAGETOP_MARK_FD

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$tmp/assets/examples" "$tmp/bin" && cp "$bin" "$tmp/bin/pagetop" && cp "$top/assets/pagetop-mark.h" "$tmp/assets/" &&
	cp -r "$top/assets/examples/$example" "$tmp/assets/examples/" && cd "$tmp/assets/examples/$example" || exit 1
PATH=$tmp/bin:$PATH

failed=0
complain() {
	echo "FAILED: $*"
	sed 's/^/    /' "$tmp/out" | tail -n 30
	failed=1
}
gives() { # STATUS COMMAND...
	want=$1
	shift
	timeout 120 "$@" >"$tmp/out" 2>&1 </dev/null
	got=$?
	[ $got = "$want" ] || complain "$example: $*: status $got, not $want"
}
says() { # TEXT
	grep -qF -- "$1" "$tmp/out" || complain "$example: does not say '$1'"
}
# asserts FILE COMMAND...: under the assertions that FILE shows
asserts() {
	assertion=$(sed -n "s/^.*pagetop run --assert '\([^']*\)'.*/\1/p" "$1")
	[ -n "$assertion" ] || complain "no assertion in $1"
	shift
	gives 0 "$@" # outside of a run
	gives 0 pagetop run --assert "$assertion" -- "$@"
	LEAK=1 gives 121 pagetop run --assert "$assertion" -- "$@"
	says "$assertion"
}

case $example in
ctest)
	needs cmake cmake
	command -v make >/dev/null || export CMAKE_GENERATOR=Ninja # what pagetop itself is built with
	gives 0 cmake -B build
	gives 0 cmake --build build
	gives 0 ctest --test-dir build
	says "100% tests passed"
	LEAK=1 gives 8 ctest --test-dir build --output-on-failure
	says 'final(anon) - at("warm", anon) < 5M'
	;;
pytest)
	needs python3 python3-pytest
	for python in python3 /usr/bin/python3; do
		$python -c 'import pytest' 2>/dev/null && break
	done || skip "pytest is not installed (package python3-pytest)"
	asserts conftest.py $python -m pytest -q -p no:cacheprovider
	says "1 passed"
	;;
googletest)
	needs c++ g++
	echo '#include <gtest/gtest.h>' | c++ -x c++ -fsyntax-only - 2>/dev/null || skip "GoogleTest is not installed (package libgtest-dev)"
	gives 0 c++ -Wall -Wextra -Werror -I ../.. cache_test.cc -lgtest -pthread -o cache_test
	asserts cache_test.cc ./cache_test
	says "[  PASSED  ] 1 test."
	;;
*) complain "there is no such example" ;;
esac
exit $failed
