#!/bin/sh
# tests/tally.awk counts what ctest reports: cases of cmocka programs, plain tests, crashes, and skips with their reason;
# tests/again.awk, what counts of tests that were run twice.
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
failed=0
same() { # WHAT GOT WANT
	[ "$2" = "$3" ] && return
	printf '%s: got:\n%s\n' "$1" "$2"
	failed=1
}

got=$(awk -f "$1/tests/tally.awk" <<'END'
<testsuite name="x" tests="6">
	<testcase name="cases" classname="cases" time="0.1" status="fail">
		<failure message=""/>
		<system-out>[==========] Running 3 test(s).
[ RUN      ] one
[       OK ] one
[ RUN      ] two
SKIP: no swap here
[  SKIPPED ] two
[ RUN      ] three
[  FAILED  ] three
[==========] 3 test(s) run.[  PASSED  ] 1 test(s).
[  SKIPPED ] 1 test(s), listed below:
[  SKIPPED ] two
[  FAILED  ] 1 test(s), listed below:
[  FAILED  ] three
</system-out>
	</testcase>
	<testcase name="plain" classname="plain" time="0.1" status="run">
		<system-out>fine
SKIP: a part of it
</system-out>
	</testcase>
	<testcase name="crash" classname="crash" time="0.1" status="fail">
		<failure message=""/>
		<system-out>[ RUN      ] one
[       OK ] one
[ RUN      ] two
</system-out>
	</testcase>
	<testcase name="absent" classname="absent" time="0.1" status="notrun">
		<skipped message="SKIP_RETURN_CODE=77"/>
		<system-out>SKIP: not root</system-out>
	</testcase>
	<testcase name="silent" classname="silent" time="0.1" status="notrun">
		<skipped message="SKIP_RETURN_CODE=77"/>
		<system-out></system-out>
	</testcase>
	<testcase name="missing" classname="missing" time="0" status="notrun">
		<skipped message="Unable to find executable"/>
		<system-out>Unable to find executable: /x</system-out>
	</testcase>
</testsuite>
END
)
want="pass cases: one
skip cases: two: no swap here
fail cases: three
pass plain
skip plain: a part of it
pass crash: one
fail crash
skip absent: not root
skip silent: it does not say why
fail missing"
same tally "$got" "$want"

cat >"$tmp/first" <<'END'
pass gcc: test_fine: one
fail gcc: test_flaky: one
pass gcc: test_flaky: two
fail gcc: test_broken: one
fail gcc: test_broken: two
fail gcc: test_plain
END
cat >"$tmp/second" <<'END'
pass gcc: test_flaky: one
pass gcc: test_flaky: two
fail gcc: test_broken: one
pass gcc: test_broken: two
pass gcc: test_plain
END
want="$(cat "$tmp/second")
pass gcc: test_fine: one
again gcc: test_flaky: one: failed beside others, passed alone
again gcc: test_broken: one: failed beside others, failed alone
again gcc: test_broken: two: failed beside others, failed alone
again gcc: test_plain: failed beside others, passed alone"
same again "$(awk -f "$1/tests/again.awk" "$tmp/first" "$tmp/second")" "$want"
exit $failed
