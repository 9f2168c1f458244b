#!/bin/sh
# What text alone can tell: files open with a comment, tui/ neither reads /proc nor decodes flag bits, tests don't sleep,
# and nothing is left for later.
cd "$1" || exit 1
status=0
none() { # WHY: offenders on stdin
	! sed "s/\$/ <- $1/" | grep .
}
find core widgets tui tests -name '*.[ch]' | sort | while read -r file; do
	[ "$(head -c 2 "$file")" = "/*" ] || echo "$file"
done | none "does not open with a comment" || status=1
{ find tests -name '*.sh' && ls tests/run pagetop 2>/dev/null; } | sort | while read -r file; do
	[ "$(sed -n '2s/^\(# \).*/\1/p' "$file")" = "# " ] || echo "$file"
done | none "does not open with a comment" || status=1
grep -rnE '"/?(proc|sys)/' --include='*.[ch]' tui widgets | grep -vE '^tui/demo/|"/proc/self/exe"' | none "paths of the kernel outside core" || status=1
grep -rnwE '(KPF|PM|PS)_[A-Z0-9_]+' --include='*.[ch]' tui widgets | none "flag bits of the kernel outside core" || status=1
grep -rnE '\b(u?sleep|nanosleep|clock_nanosleep) *\(' --include='*.[ch]' tests | none "a test sleeps" || status=1
grep -rnE '(^|[^-])\bsleep [0-9.]+' --include='*.sh' tests | grep -v '^tests/rules/' | none "a test sleeps" || status=1
grep -rnwiE 'todo|fixme|xxx' --include='*.[ch]' core widgets tui tests | none "left for later" || status=1
exit $status
