#!/bin/sh
# CODE-MAP.md names every source file, once, with something said about it, and no file that is not there.
cd "$1" || exit 1
files=$(mktemp) || exit 1
trap 'rm -f "$files"' EXIT
{ git ls-files 2>/dev/null | grep . || find . -name .git -prune -o -name 'build*' -prune -o -type f -print; } |
	sed 's,^\./,,' | grep -E '(\.([ch1]|sh|awk)|CMakeLists\.txt|(^|/)(pagetop|run))$' >"$files"
awk '
	FNR == NR { source[$0] = 1; next }
	/^## / { folder = $2 == "./" ? "" : $2 }
	/^- `/ {
		split($0, part, "`")
		file = folder part[2]
		if ((getline line <file) < 0) { print "CODE-MAP.md names " file ", which is not there"; bad = 1 }
		if (named[file]++) { print "CODE-MAP.md names " file " twice"; bad = 1 }
		if (part[3] !~ /[a-z]/) { print "CODE-MAP.md says nothing about " file; bad = 1 }
	}
	END {
		for (file in source)
			if (!named[file]) { print "CODE-MAP.md does not name " file; bad = 1 }
		exit bad
	}' "$files" CODE-MAP.md
