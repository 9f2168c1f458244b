#!/bin/sh
# Small: 95 % of functions have at most 60 lines, no file more than 800. Prints what is longer either way.
command -v ctags >/dev/null || { echo "SKIP: universal-ctags is not installed"; exit 77; }
cd "$1" || exit 1
files=$(find core widgets tui tests -name '*.[ch]' | sort)
status=0
wc -l $files | awk '$2 != "total" && $1 > 800 { print $2 ": " $1 " lines"; bad = 1 } END { exit bad }' || status=1
printf '%s\n' $files | ctags -L - --languages=C --langmap=C:.c.h --kinds-C=f --fields=+ne -f - | awk -F '\t' '
	{
		for (i = 4; i <= NF; i++) {
			if ($i ~ /^line:/) first = substr($i, 6)
			if ($i ~ /^end:/) last = substr($i, 5)
		}
		n++
		if (last - first + 1 > 60) { long++; print $2 ":" first ": " $1 ": " last - first + 1 " lines" }
	}
	END {
		printf "%d of %d functions have more than 60 lines\n", long, n
		exit n == 0 || long > n * 0.05
	}' || status=1
exit $status
