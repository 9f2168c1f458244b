# Verdicts of bench-trend as a table. Lines: INTERVAL FROM KIND.LEAK.SEED rss|anon VERDICT SLOPE LOW HIGH CHANCE; INTERVAL
# and FROM in seconds, LEAK in bytes a second.
{
	split($3, name, ".")
	key = sprintf("%-8s | %5s | %8s | %4s", name[1], name[2] / 1024, $1, $2)
	if (!(key in runs))
		order[n++] = key
	if ($4 == "rss")
		runs[key]++
	if ($5 == "growing")
		growing[key, $4]++
	if ($5 == "undecided")
		undecided[key]++
}
END {
	print "| kind     | KiB/s | interval | from | runs | growing: RSS | anon | undecided |"
	print "|----------|-------|----------|------|------|--------------|------|-----------|"
	for (i = 0; i < n; i++) {
		key = order[i]
		printf "| %s | %4d | %12d | %4d | %9d |\n", key, runs[key], growing[key, "rss"], growing[key, "anon"], undecided[key]
	}
}
