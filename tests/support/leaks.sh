# What the tests of leaks share; sourced after shell.sh. Builds the programs of tests/leaks, starts their scenes, and holds
# what was reported against the truth.
need jq cc
leaks=$top/tests/leaks
build=$tmp/build
mkdir -p "$build"

# build_leaks NAME OPTION...: all programs, as $build/NAME-PROGRAM; what lacks a C++ compiler is left out.
build_leaks() {
	name=$1
	shift
	wanted="-D_GNU_SOURCE -pthread $*"
	for program in structures shapes threads holders churn; do
		cc -std=gnu17 $wanted -o "$build/$name-$program" "$leaks/$program.c" "$leaks/truth.c" -ldl >>"$build/log" 2>&1 ||
			{ cat "$build/log" && return 1; }
	done
	command -v c++ >/dev/null || { echo "SKIP: containers: g++ is not installed" && return 0; }
	cc -std=gnu17 $wanted -c -o "$build/$name-truth.o" "$leaks/truth.c" >>"$build/log" 2>&1 &&
		c++ -std=c++17 $wanted -o "$build/$name-containers" "$leaks/containers.cc" "$build/$name-truth.o" >>"$build/log" 2>&1 ||
		{ cat "$build/log" && return 1; }
}
cc -shared -fPIC -o "$build/library.so" "$leaks/library.c" || exit 1
export LEAKS_LIBRARY="$build/library.so"

# start_scene COMMAND... SCENE: until it is ready; its PID is then in $pid, its truth in $tmp/truth, and what else it says
# in $tmp/says. False: it ended.
start_scene() {
	rm -f "$tmp/in" "$tmp/saying" && mkfifo "$tmp/in" "$tmp/saying" || exit 1
	"$@" "$tmp/truth" "${divisor:-1}" <"$tmp/in" >"$tmp/saying" 2>"$tmp/scene.err" &
	scene_pid=$!
	children="$children $scene_pid"
	exec 3>"$tmp/in" 4<"$tmp/saying"
	: >"$tmp/says"
	pid=
	while read -r word rest <&4; do
		[ "$word" != ready ] || { pid=$rest && return 0; }
		echo "$word $rest" >>"$tmp/says"
	done
	end_scene
	return 1
}

end_scene() {
	exec 3>&- 4<&-
	wait "$scene_pid"
	children=${children% "$scene_pid"}
}

# judge REPORTED: lines "TIER ADDRESS SIZE" against the truth; as judge.awk says.
judge() {
	awk -v say="${say:-}" -f "$leaks/judge.awk" "$tmp/truth" "$1"
}

# look [OPTION...]: the hunt on $pid; its report is $tmp/report, and judge's numbers are in $verdict.
look() {
	timeout 120 "$bin" leaks -p "$pid" -J --objects "$@" >"$tmp/report" 2>"$tmp/err" 3>&- 4<&- ||
		{ complain "pagetop leaks -p $pid $*: status $?" && return 1; }
	jq -r '.leaks.objects[] | "\(.tier) \(.address) \(.size)"' "$tmp/report" >"$tmp/reported" || return 1
	verdict=$(judge "$tmp/reported")
}
