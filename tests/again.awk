# Reads what is known of a suite's cases ("fail gcc: test_x: case"), then the same of those tests that failed, run once
# more. The second time counts for all cases of a test, and of each case that failed "again CASE: OUTCOME" is said.
function case_of(line) {
	sub(/^[a-z]+ /, "", line)
	return line
}
function test_of(line) {
	line = case_of(line)
	return match(line, /^[^:]*: [^:]*/) ? substr(line, 1, RLENGTH) : line
}
FILENAME == ARGV[1] {
	first[++n] = $0
	next
}
{
	print
	alone[test_of($0)] = 1
	if (/^fail /)
		broken[test_of($0)] = 1
}
END {
	for (i = 1; i <= n; i++) {
		test = test_of(first[i])
		if (!(test in alone))
			print first[i]
		else if (first[i] ~ /^fail /)
			print "again " case_of(first[i]) ": failed beside others, " (test in broken ? "failed" : "passed") " alone"
	}
}
