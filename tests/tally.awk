# Reads what ctest wrote with --output-junit and prints a line for each test case: "pass NAME", "fail NAME", or
# "skip NAME: why". A cmocka program's cases count one by one; any other test is one case. The reason of a skip is the
# last line with "SKIP" in it before the case ends. In a test that is no cmocka program and passes, each such line is a
# part that was left out.
function case_of(line) {
	sub(/^.*\] /, "", line)
	return test ": " line
}
/<testcase / {
	test = $0
	sub(/.*<testcase name="/, "", test)
	sub(/".*/, "", test)
	status = $0 ~ /status="run"/ ? "pass" : $0 ~ /status="notrun"/ ? "skip" : "fail"
	cases = 0
	fails = 0
	parts = 0
	why = ""
}
/<skipped message=/ && !/SKIP_RETURN_CODE/ { # it could not be run
	status = "fail"
}
/<system-out>/ {
	sub(/.*<system-out>/, "")
}
/SKIP[ :]/ && !/\[  SKIPPED \]/ {
	why = $0
	sub(/.*SKIP[ :]*/, "", why)
	sub(/<\/system-out>.*/, "", why)
	part[++parts] = why
}
/\[ RUN      \]/ {
	why = ""
}
/\[       OK \]/ {
	cases++
	print "pass " case_of($0)
}
/\[  SKIPPED \]/ && !/test\(s\)/ && !skipped[case_of($0)]++ { # the summary names it again
	cases++
	print "skip " case_of($0) ": " (why != "" ? why : "it does not say why")
}
/\[  FAILED  \]/ && !/test\(s\)/ && !failed[case_of($0)]++ {
	fails++
	print "fail " case_of($0)
}
/<\/testcase>/ {
	if (status == "skip")
		print "skip " test ": " (why != "" ? why : "it does not say why")
	else if (status == "fail" && !fails)
		print "fail " test
	else if (status == "pass" && !cases) {
		print "pass " test
		for (i = 1; i <= parts; i++)
			print "skip " test ": " part[i]
	}
}
