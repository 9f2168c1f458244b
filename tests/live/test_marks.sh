#!/bin/sh
# pagetop mark and assets/pagetop-mark.h, as scripts and programs meet them: outside of a run, into a recording, after it,
# in a run; and the header by every compiler that is here.
. "$(dirname "$0")/../support/shell.sh"
need sqlite3 jq
unset PAGETOP_MARK PAGETOP_MARK_FD

# ---- outside of a run

gives 1 mark warm
says "PAGETOP_MARK is not set"
gives 2 mark
says "mark needs LABEL"
gives 2 mark two words
says "one label"
gives 2 mark ''
says "not empty"
gives 2 mark "$(printf 'a\nb')"
says "one line"
PAGETOP_MARK=$tmp/none gives 1 mark warm
says "is over"
: >"$tmp/file"
PAGETOP_MARK=$tmp/file gives 1 mark warm
says "$tmp/file is over"
[ ! -s "$tmp/file" ] || complain "a file was written to"
PAGETOP_MARK=$tmp/$(printf '%0200d' 0) gives 1 mark warm
says "File name too long"

# ---- into a recording

mkfifo "$tmp/hold"
sh -c 'read -r line' <"$tmp/hold" &
target=$!
exec 3>"$tmp/hold"
gives 2 record -p $target -o "$tmp/a" --marks "$tmp/file" --for 1
says "$tmp/file: there is such a file"
[ ! -e "$tmp/a" ] || complain "a recording that was not begun is there"
"$bin" record -p $target -o "$tmp/a" -d 0.1 --marks "$tmp/marks" 2>"$tmp/err" 3>&- &
recorder=$!
while [ ! -S "$tmp/marks" ] && kill -0 $recorder 2>/dev/null; do :; done
[ "$(stat -c %a "$tmp/marks")" = 600 ] || complain "others can write marks"

cat >"$tmp/mark.c" <<'END'
#include "pagetop-mark.h"

int main(int argc, char **argv)
{
	errno = 12;
	return pagetop_mark(argc > 1 ? argv[1] : "none") + (errno != 12);
}
END
cp "$tmp/mark.c" "$tmp/mark.cc"
n=0
for compiler in 'gcc -std=c99' 'gcc -std=c17' 'clang-14 -std=c99' 'g++ -std=c++98' 'g++ -std=c++17' 'clang++-14 -std=c++17'; do
	command -v ${compiler%% *} >/dev/null || continue
	case $compiler in *++*) source=mark.cc ;; *) source=mark.c ;; esac
	$compiler -pedantic-errors -Wall -Wextra -Wshadow -Wconversion -Werror -I "$top/assets" -o "$tmp/mark" "$tmp/$source" 2>"$tmp/err" ||
		complain "the header with $compiler"
	"$tmp/mark" outside
	[ $? = 6 ] || complain "outside of a run, $compiler: not ENXIO"
	n=$((n + 1))
	PAGETOP_MARK=$tmp/marks "$tmp/mark" "header $n" || complain "a mark by $compiler: status $?"
done
[ $n -gt 0 ] || complain "no compiler is here"

export PAGETOP_MARK="$tmp/marks"
: >"$tmp/err"
cd /
gives 0 mark warm
gives 0 mark -- '--hostile '"$(printf '\033[2J\377')"
gives 0 mark "$(printf '%0100d' 0)"
i=0
while [ $i -lt 30 ]; do # more than the queue of the kernel holds
	gives 0 mark "many $i"
	i=$((i + 1))
done
cd - >/dev/null
gives 0 mark last
kill -INT $recorder
wait $recorder || complain "the recorder: status $?"
recorder=
[ ! -e "$tmp/marks" ] || complain "the socket is still there"
ask() {
	sqlite3 -readonly "$tmp/a" "$1"
}
[ "$(ask 'SELECT count(*) FROM mark')" = $((n + 34)) ] || complain "$(ask 'SELECT count(*) FROM mark') marks, not $((n + 34))"
[ "$(ask "SELECT group_concat(label, ' ') FROM (SELECT label FROM mark WHERE label LIKE 'many %' ORDER BY realtime_ns)")" = \
	"$(i=0; while [ $i -lt 30 ]; do printf '%smany %d' "${sep:-}" $i; sep=' ' i=$((i + 1)); done)" ] ||
	complain "not in order"
[ "$(ask "SELECT label FROM mark ORDER BY realtime_ns DESC LIMIT 1")" = last ] || complain "the last is not last"
[ "$(ask "SELECT count(*) FROM mark WHERE length(CAST(label AS BLOB)) = 63")" = 1 ] || complain "no label was cut"
[ "$(ask "SELECT label = CAST(x'2d2d686f7374696c65201b5b324aff' AS TEXT) FROM mark WHERE label LIKE '--hostile%'")" = 1 ] || complain "bytes of a label changed"
[ "$(ask "SELECT count(*) FROM mark WHERE label LIKE 'header %'")" = $n ] || complain "marks by the header are missing"
gives 1 mark late
says "is over"
timeout 20 "$bin" vmas -i "$tmp/a" --at warm -n -r -o START >"$tmp/out" 2>"$tmp/err" || complain "--at warm: status $?"

# more than are kept: that is said

"$bin" record -p $target -o "$tmp/b" --marks "$tmp/marks" 2>"$tmp/err" 3>&- &
recorder=$!
while [ ! -S "$tmp/marks" ] && kill -0 $recorder 2>/dev/null; do :; done
cat >"$tmp/flood.c" <<'END'
#include "pagetop-mark.h"

int main(int argc, char **argv)
{
	char many[1800];
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	for (int i = 0; i < 900; i++)
		memcpy(many + 2 * i, "x\n", 2);
	strncpy(to.sun_path, argv[argc - 1], sizeof(to.sun_path) - 1);
	for (int i = 0; i < 12; i++)
		if (sendto(fd, many, sizeof(many), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
			return 1;
	return 0;
}
END
gcc -I "$top/assets" -o "$tmp/flood" "$tmp/flood.c" && "$tmp/flood" "$tmp/marks" || complain "flood.c: status $?"
kill -INT $recorder
wait $recorder || complain "the recorder of a flood: status $?"
recorder=
grep -qx 'pagetop: 800 marks were lost: no more than 10000 are kept' "$tmp/err" || complain "does not say what was lost"

# ---- in a run

unset PAGETOP_MARK
mkdir "$tmp/t"
export TMPDIR="$tmp/t"
# run SCRIPT: by dash, in another folder; labels of its marks, a line each, in $tmp/labels
run() {
	(cd / && timeout 120 "$bin" run -J --report "$tmp/report" -- sh -c "$1" pagetop "$bin" "$tmp/mark" >"$tmp/out" 2>"$tmp/err" </dev/null 3>&-)
	got=$?
	[ $got = 0 ] || complain "run: $1: status $got"
	[ -z "$(ls "$tmp/t")" ] || complain "run: $1: left $(ls "$tmp/t")"
	jq -r '.marks[].label' "$tmp/report" >"$tmp/labels" || complain "run: $1: no report"
}
has() { # LABELS: separated by blanks
	[ "$(paste -sd' ' "$tmp/labels")" = "$1" ] || complain "marks are '$(paste -sd' ' "$tmp/labels" | head -c 200)', not '$1'"
}
run 'echo a >&$PAGETOP_MARK_FD; "$1" mark b; "$2" c; (cd /usr && exec sh -c "echo d >&\$PAGETOP_MARK_FD")'
has 'a b c d'
jq -e '[.marks[].pid] | all(. > 0)' "$tmp/report" >/dev/null || complain "senders are not known"
jq -e '[.marks[].at] | . == sort and .[0] >= 0' "$tmp/report" >/dev/null || complain "times do not ascend"
run 'i=0; while [ $i -lt 500 ]; do echo m$i >&$PAGETOP_MARK_FD || exit 9; i=$((i + 1)); done'
has "$(i=0; while [ $i -lt 500 ]; do printf '%sm%d' "${blank:-}" $i; blank=' ' i=$((i + 1)); done)"
# what is there at a mark is what is measured at it, however short it was there
cat >"$tmp/brief.c" <<'END'
#include "pagetop-mark.h"
#include <sys/mman.h>

int main(void)
{
	int bad = 0;
	for (int i = 0; i < 5; i++) {
		char label[] = "full 0", *memory = (char *)mmap(NULL, 40 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		label[5] = (char)('0' + i);
		memset(memory, 1, 40 << 20);
		bad |= pagetop_mark(label);
		munmap(memory, 40 << 20);
		memcpy(label, "gone", 4);
		bad |= pagetop_mark(label);
	}
	return bad != 0;
}
END
gcc -I "$top/assets" -o "$tmp/brief" "$tmp/brief.c" 2>"$tmp/err" || complain "brief.c"
for i in 0 1 2 3 4; do
	printf 'at("full %d", anon) >= 40M\nat("gone %d", anon) < 5M\n' $i $i
done >"$tmp/assertions"
timeout 120 "$bin" run --assertions "$tmp/assertions" --strict -- "$tmp/brief" >"$tmp/out" 2>"$tmp/err" || complain "at a mark: status $?, $(grep -A 3 -E '^(failed|undecided)' "$tmp/err")"
run '"$1" mark outer; "$1" run -- sh -c "echo inner >&\$PAGETOP_MARK_FD; \"$1\" mark inner" 2>/dev/null; "$1" mark again'
has 'outer again'
run 'exec 7>/dev/null; "$1" mark path' # the descriptor is gone, the path is not
has path
run 'env -i "$1" mark lost || [ $? = 1 ]'
has ''
# more than is kept: the run is none the worse for it
run 'yes | head -n 40000 >&$PAGETOP_MARK_FD; "$1" mark last'
[ "$(wc -l <"$tmp/labels")" = 10000 ] || complain "a flood: $(wc -l <"$tmp/labels") marks are kept"
# who outlives the run is told that it is over
mkfifo "$tmp/go"
: >"$tmp/late"
run '(read -r line <'"$tmp/go"'; echo late >&$PAGETOP_MARK_FD 2>/dev/null; echo $? >>'"$tmp/late"'; "$1" mark late 2>>'"$tmp/late"'; echo $? >>'"$tmp/late"') >/dev/null 2>&1 & "$1" mark early'
has early
echo >"$tmp/go"
until [ "$(wc -l <"$tmp/late")" -ge 3 ]; do :; done
[ "$(sed -n 1p "$tmp/late")" != 0 ] || complain "a late mark was taken"
grep -q 'is over' "$tmp/late" || complain "a late mark: $(cat "$tmp/late")"

exit $failed
