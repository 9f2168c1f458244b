# What pagetop and its tests need from Debian, and how it is installed. Sourced by ./pagetop and tests/run; one table
# for both. Messages go to stderr. `setup_who` names the program in them.

# word  package: "build" makes the program, "test" is needed on top of that to make the tests; without "check" some of
# them are skipped. "bench" is for tests/bench/ alone.
setup_table() {
	cat <<-'END'
		build gcc
		build libc6-dev
		build cmake
		build ninja-build
		build pkgconf
		build libncurses-dev
		build libproc2-dev
		build libpcre2-dev
		build libjansson-dev
		build libsqlite3-dev
		build libzstd-dev
		build libdw-dev
		test libcmocka-dev
		test libvterm-dev
		check clang-14
		check clang-format-14
		check clang-tidy-14
		check libclang-rt-14-dev
		check redis-tools
		check gdb
		check sqlite3
		check jq
		check python3-prometheus-client
		check python3-pytest
		check g++
		check libgtest-dev
		check universal-ctags
		check valgrind
		bench jq
		bench libjemalloc2
		bench linux-source-6.1
		bench nodejs
		bench pagemon
		bench procps
		bench redis-server
		bench redis-tools
		bench xz-utils
	END
}

say() {
	echo "${setup_who:-pagetop}: $*" >&2
}

# setup_missing WORD...: the packages of these words that are not installed, on one line. Where there is no dpkg nothing
# is known to be missing, and the build says what it lacks.
setup_missing() {
	command -v dpkg-query >/dev/null || return 0
	wanted=$(setup_table | while read -r word package; do
		case " $* " in *" $word "*) echo "$package" ;; esac
	done)
	installed=" $(dpkg-query -W -f '${db:Status-Status} ${Package} ' $wanted 2>/dev/null) "
	for package in $wanted; do
		case $installed in *" installed $package "*) ;; *) printf '%s ' "$package" ;; esac
	done | sed 's/ $//'
}

# setup_install LOG MAY WORD...: installs what is missing; output of apt-get goes to LOG. With MAY "no", or when it
# can't become root, says what to run and fails.
setup_install() {
	log=$1 may=$2
	shift 2
	missing=$(setup_missing "$@")
	[ -n "$missing" ] || return 0
	sudo=
	[ "$(id -u)" = 0 ] || sudo=sudo
	apt="apt-get install -y --no-install-recommends $missing"
	if [ "$may" = no ]; then
		say "packages are missing and --no-install was given; run: ${sudo:+sudo }$apt"
		return 1
	fi
	if [ -n "$sudo" ] && ! command -v sudo >/dev/null; then
		say "packages are missing and there is no sudo; run as root: $apt"
		return 1
	fi
	say "installing $missing"
	# An update that fails may still leave lists to install from, so only the install decides.
	$sudo apt-get update >>"$log" 2>&1
	$sudo env DEBIAN_FRONTEND=noninteractive $apt >>"$log" 2>&1 </dev/null && return 0
	tail -n 5 "$log" >&2
	say "apt-get failed; all it said is in $log"
	return 1
}
