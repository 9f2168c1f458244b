#!/bin/sh
# Who may include what. core/ knows nothing of widgets, screens or printing; widgets/ know a few headers of libc and
# themselves; curses is tui/term.c's alone, libproc2 is two files' and pcre2 one's.
cd "$1" || exit 1
find core widgets tui -name '*.[ch]' | sort | xargs awk '
	function bad(why) {
		print FILENAME ":" FNR ": " why
		status = 1
	}
	BEGIN {
		split("limits.h stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h wchar.h inttypes.h", list)
		for (i in list)
			plain["<" list[i] ">"] = 1
	}
	!/^[ \t]*#[ \t]*include/ { next }
	{
		name = $0
		sub(/^[^<"]*/, "", name)
		sub(/[>"][^>"]*$/, substr(name, 1, 1) == "<" ? ">" : "\"", name)
		core = FILENAME ~ /^core\//
		widget = FILENAME ~ /^widgets\//
	}
	name ~ /^<(n?curses|ncursesw|panel|menu|form|term|termcap)[.\/]/ && FILENAME != "tui/term.c" { bad("curses outside tui/term.c") }
	name ~ /^<libproc2\// && FILENAME !~ /^core\/procs\/(procs|slabs)\.c$/ { bad("libproc2 outside its two files") }
	name ~ /^<pcre2/ && !pcre2[FILENAME]++ && (FILENAME !~ /^core\/filter\// || n_pcre2++) { bad("pcre2 outside its one file") }
	name ~ /^<(sqlite3|zstd)/ && FILENAME !~ /^core\/record\// { bad("sqlite3 and zstd outside core/record") }
	name ~ /^<(elfutils\/|libelf|gelf|dwarf)/ && FILENAME !~ /^core\/unwind\// { bad("libdw and libelf outside core/unwind") }
	core && name ~ /^"(tui|widgets|tests)\// { bad("core/ includes " name) }
	core && name ~ /^<(libsmartcols\/|jansson\.|err\.|error\.|syslog\.|assert\.)/ { bad("core/ includes " name) }
	widget && name ~ /^"/ && name !~ /^"widgets\// { bad("widgets/ include " name) }
	widget && name ~ /^</ && !(name in plain) { bad("widgets/ include " name) }
	name == "\"core/kernel/abi.h\"" && !core { bad("the flag bits of the kernel outside core/") }
	END { exit status }'
