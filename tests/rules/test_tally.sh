#!/bin/sh
# tests/tally.awk counts what ctest reports: cases of cmocka programs, plain tests, crashes, and skips with their reason.
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
[ "$got" = "$want" ] && exit 0
printf 'got:\n%s\n' "$got"
exit 1
