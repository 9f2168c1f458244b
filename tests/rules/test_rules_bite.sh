#!/bin/sh
# The rules are able to fail: a small tree that keeps them all passes, and each way to break one is found by name.
rules=$1/tests/rules
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

put() { # FILE: a C file of the tree, its text on stdin
	mkdir -p "$work/tree/$(dirname "$1")" && { echo "/* A file. */" && cat; } >"$work/tree/$1"
}

# A tree that keeps the rules; the text of each file says what is allowed there.
new_tree() {
	rm -rf "$work/tree" "$work/build"
	put core/model/good.c <<-'END'
		#include <stdio.h>
		#include <stdlib.h>
		int good(char *ret, size_t size);
		int good(char *ret, size_t size)
		{
			static const char *const names[] = {"a", "b"};
			void *p = malloc(size);
			free(p);
			return snprintf(ret, size, "%s", names[size % 2]);
		}
	END
	put core/kernel/door.c <<-'END'
		#include <fcntl.h>
		#include <time.h>
		int door(const char *path);
		int door(const char *path)
		{
			return time(NULL) ? open(path, O_RDONLY) : -1;
		}
	END
	put core/procs/procs.c <<-'END'
		#include <libproc2/pids.h>
	END
	put core/filter/filter.c <<-'END'
		#include <pcre2.h>
	END
	put widgets/canvas.c <<-'END'
		#include <stdlib.h>
		void *canvas(void);
		void *canvas(void)
		{
			return malloc(1);
		}
	END
	put tui/term.c <<-'END'
		#include <curses.h>
		int show(void);
		int show(void)
		{
			return refresh();
		}
	END
	put tests/unit/test_good.c </dev/null
	mkdir -p "$work/tree/tests" && printf '#!/bin/sh\n# Runs.\n' | tee "$work/tree/tests/run" >"$work/tree/pagetop"
	(cd "$work/tree" && echo "# Map" && for f in $(find . -type f | sed 's,^\./,,'); do
		printf '## %s/\n- `%s`: is good.\n' "$(dirname "$f")" "${f##*/}"
	done) >"$work/map"
	mv "$work/map" "$work/tree/CODE-MAP.md"
}

compile() { # every source into the place CMake would put it
	mkdir -p "$work/build/CMakeFiles/pagetop-bin.dir"
	for f in $(cd "$work/tree" && find core widgets tui -name '*.c'); do
		case $f in core/procs/* | core/filter/*) continue ;; esac # need headers that may not be here
		target=${f%%/*}
		mkdir -p "$work/build/CMakeFiles/$target.dir/$(dirname "$f")"
		cc -O2 -fPIE -D_FORTIFY_SOURCE=2 -I"$work/tree" -c "$work/tree/$f" \
			-o "$work/build/CMakeFiles/$target.dir/$f.o" || exit 1
	done
}

run() { # RULE
	[ "$1" != symbols ] || compile
	sh "$rules/test_$1.sh" "$work/tree" "$work/build" >"$work/out" 2>&1
}

# bites RULE WORDS: the rule fails and its output has these words. Then the tree is good again.
bites() {
	run "$1"
	status=$?
	[ $status = 77 ] && cat "$work/out" && exit 77
	[ $status != 0 ] && grep -qF -- "$2" "$work/out" || {
		failed=1
		echo "FAILED: $1 does not find '$2' (status $status)"
		sed 's/^/    /' "$work/out"
	}
	new_tree
}

new_tree
for rule in map includes habits sizes symbols; do
	run $rule && continue
	[ $? != 77 ] || { cat "$work/out" && exit 77; }
	failed=1
	echo "FAILED: $rule finds fault with a good tree"
	sed 's/^/    /' "$work/out"
done

put core/new.c </dev/null && bites map "does not name core/new.c"
rm "$work/tree/core/model/good.c" && bites map "names core/model/good.c, which is not there"
tail -n 1 "$work/tree/CODE-MAP.md" >>"$work/tree/CODE-MAP.md" && bites map "twice"
sed -i 's/: is good.*//' "$work/tree/CODE-MAP.md" && bites map "says nothing about"

include() { # FILE HEADER
	echo "#include $2" >>"$work/tree/$1"
}
include core/model/good.c "<ncurses.h>" && bites includes "core/model/good.c:12: curses outside"
include tui/keys.c "<ncursesw/curses.h>" && bites includes "tui/keys.c:1: curses outside"
include core/procs/more.c "<libproc2/stat.h>" && bites includes "libproc2 outside its two files"
include tui/procs.c "<libproc2/pids.h>" && bites includes "tui/procs.c:1: libproc2 outside"
include widgets/search.c "<pcre2.h>" && bites includes "widgets/search.c:1: pcre2 outside"
include core/model/good.c '"widgets/canvas.h"' && bites includes "core/ includes \"widgets/"
include core/model/good.c "<jansson.h>" && bites includes "core/ includes <jansson.h>"
include widgets/canvas.c '"core/model/page.h"' && bites includes "widgets/ include \"core/"
include widgets/canvas.c "<time.h>" && bites includes "widgets/ include <time.h>"
include tui/app.c '"core/kernel/abi.h"' && bites includes "tui/app.c:1: the flag bits"

echo "int x;" >"$work/tree/core/bare.h" && bites habits "core/bare.h <- does not open"
printf '#!/bin/sh\necho\n' >"$work/tree/tests/bare.sh" && bites habits "tests/bare.sh <- does not open"
echo 'f("/proc/self/maps");' >>"$work/tree/tui/term.c" && bites habits "paths of the kernel"
echo 'x & PM_PRESENT' >>"$work/tree/tui/term.c" && bites habits "flag bits"
echo 'usleep (1);' >>"$work/tree/tests/unit/test_good.c" && bites habits "a test sleeps"
echo 'sleep 0.1' >>"$work/tree/tests/run.sh" && bites habits "a test sleeps"
echo '/* FIXME */' >>"$work/tree/core/model/good.c" && bites habits "left for later"

{ echo "void f(void)" && echo "{" && yes ";" | head -n 60 && echo "}"; } >>"$work/tree/core/model/good.c" &&
	bites sizes "f: 63 lines"
yes "/* */" | head -n 800 >>"$work/tree/core/model/good.c" && bites sizes "good.c: 811 lines"

calls() { # FILE CODE: a function with this in it
	printf '#define _GNU_SOURCE\n%s\n' "$(cat "$work/tree/$1" 2>/dev/null)" >"$work/new"
	for header in stdio.h stdlib.h time.h fcntl.h unistd.h stdint.h string.h curses.h; do
		echo "#include <$header>"
	done >>"$work/new"
	printf 'void g(void);\nvoid g(void)\n{\n%s;\n}\n' "$2" >>"$work/new"
	mkdir -p "$(dirname "$work/tree/$1")" && mv "$work/new" "$work/tree/$1"
}
calls core/model/good.c 'printf("%d", 1)' && bites symbols "core/model/good.c: printf <- prints"
calls core/model/good.c 'fputs("x", stderr)' && bites symbols "core/model/good.c: stderr <- prints"
calls core/model/good.c 'srand((unsigned)write(1, "", 1))' && bites symbols "core/model/good.c: write <- writes"
calls core/kernel/door.c 'exit(1)' && bites symbols "core/kernel/door.c: exit <- ends"
calls core/model/good.c 'abort()' && bites symbols "core/model/good.c: abort <- ends"
calls core/model/good.c 'time(0)' && bites symbols "core/model/good.c: time <- looks at a clock"
calls core/model/good.c 'open("x", 0)' && bites symbols "core/model/good.c: open <- touches"
calls core/model/good.c 'static int n; srand((unsigned)++n)' && bites symbols "<- a mutable global"
calls core/model/good.c 'static int n = 1; srand((unsigned)++n)' && bites symbols "<- a mutable global"
calls core/model/good.c 'static char *s[2] = {"a", "b"}; puts(s[rand() % 2]); s[0] = 0' && bites symbols "<- a mutable global"
calls core/model/good.c 'static _Thread_local int n; srand((unsigned)++n)' && bites symbols "<- a mutable global"
calls widgets/heat.c 'srand((uintptr_t)malloc(rand()))' && bites symbols "widgets/heat.c: malloc <- allocates"
calls widgets/canvas.c 'clock_gettime(0, (void *)environ)' && bites symbols "widgets/canvas.c: clock_gettime <- looks"
calls tui/app.c 'refresh(), getch()' && bites symbols "tui/app.c: wgetch <- calls curses"
calls widgets/heat.c 'endwin()' && bites symbols "widgets/heat.c: endwin <- calls curses"

[ $failed = 0 ] && echo "every rule bites"
exit $failed
