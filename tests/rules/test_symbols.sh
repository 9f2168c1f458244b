#!/bin/sh
# What the objects call, whatever they include: core/ does not print, exit, look at a clock or touch the system outside
# core/kernel, and has no mutable globals; widgets/ do none of that, and allocate in canvas.c alone; curses is called
# by tui/term.c alone. Reads the objects of a build without sanitizers.
cd "$2/CMakeFiles" || exit 1
[ -d core.dir/core ] && [ -d widgets.dir/widgets ] && [ -d tui.dir/tui ] || { echo "nothing is built here"; exit 1; }

prints="printf vprintf fprintf vfprintf dprintf vdprintf puts fputs putchar putc fputc putchar_unlocked fwrite
	perror stdout stderr syslog err errx warn warnx error psignal"
ends="exit _exit _Exit quick_exit abort __assert_fail"
clocks="clock_gettime gettimeofday time clock times timespec_get ftime nanosleep clock_nanosleep usleep sleep"
system="open open64 openat openat64 open_2 open64_2 fopen fopen64 opendir pread pread64 readlink readlinkat ioctl
	stat stat64 lstat lstat64 fstat fstat64 fstatat fstatat64 statfs statfs64 fstatfs fstatfs64 access faccessat
	process_vm_readv syscall ptrace madvise mincore"
allocates="malloc calloc realloc reallocarray free strdup strndup asprintf vasprintf alloca aligned_alloc
	posix_memalign open_memstream"
curses=$(for library in libncursesw.so.6 libtinfo.so.6; do
	nm -D --defined-only "$(cc -print-file-name=$library)" | awk '{ sub(/@.*/, "", $3); print $3 }'
done)
[ -n "$curses" ] || { echo "no curses library to compare with"; exit 1; }

# Lines "FILE SYMBOL" of undefined symbols; those of _FORTIFY_SOURCE by their plain names.
undefined=$(find core.dir widgets.dir tui.dir pagetop-bin.dir -name '*.o' -exec nm -A -u {} + |
	sed -E 's,^[^/]*/(.*)\.o: +U ,\1 ,; s/ __(.*)_chk$/ \1/; s/ __isoc99_/ /; s/ __(open.*_2)$/ \1/')
status=0
# never WHERE EXCEPT WHY SYMBOLS: no file matching WHERE, but for those of EXCEPT, uses one of the symbols.
never() {
	echo "$undefined" | awk -v where="$1" -v except="$2" -v why="$3" -v symbols="$4" '
		BEGIN { n = split(symbols, list, /[ \t\n]+/); for (i = 1; i <= n; i++) hit[list[i]] = 1 }
		$2 in hit && $1 ~ where && $1 !~ except { print $1 ": " $2 " <- " why; bad = 1 }
		END { exit bad }' || status=1
}
never '^(core|widgets)/' '^$' "prints" "$prints"
never '^(core|widgets)/' '^core/(scan/live|tree/tree|record/(recorder|replay)|faults/watch|hunt/hunt|kernel/linux)\.c$' "writes" write # an eventfd; clear_refs, when asked for
never '^(core|widgets)/' '^$' "ends the program" "$ends"
never '^(core|widgets)/' '^core/kernel/' "looks at a clock" "$clocks"
never '^(core|widgets)/' '^core/(kernel/|record/writer\.c$|mark/mark\.c$)' "touches the system" "$system"
never '^widgets/' '^widgets/canvas\.c$' "allocates" "$allocates"
never '^' '^tui/term\.c$' "calls curses" "$curses"

# Writable data: constants with addresses in them lie in .data.rel.ro, which is not.
find core.dir widgets.dir -name '*.o' -exec objdump -t {} + | awk '
	/file format/ { file = $1; sub(/^[^\/]*\//, "", file); sub(/\.o:$/, "", file) }
	/\.data\.rel\.ro/ { next }
	/[ \t](\.t?data|\.t?bss|\*COM\*)[^ \t]*\t0*[1-9a-f]/ && $0 !~ / d  ?\./ { print file ": " $NF " <- a mutable global"; bad = 1 }
	END { exit bad }' || status=1
exit $status
