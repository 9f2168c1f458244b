#!/bin/sh
# Runs a test again as an ordinary user. Whoever is one already has seen the result in the plain run.
skip() {
	echo "SKIP: $*"
	exit 77
}
[ "$(id -u)" = 0 ] || skip "not root: the plain run was that of an ordinary user"
as_user="setpriv --reuid=65534 --regid=65534 --clear-groups --reset-env"
for file in "$PT_BIN" "$PT_TESTS"; do
	$as_user test -r "$file" || skip "an ordinary user can't read $file: the checkout lies in a private folder"
done
exec $as_user env PT_BIN="$PT_BIN" PT_DEMO="$PT_DEMO" PT_TESTS="$PT_TESTS" PT_TOP="$PT_TOP" PT_LONG="${PT_LONG:-}" \
	PT_SLOW=1 TERM="${TERM:-dumb}" "$@"
