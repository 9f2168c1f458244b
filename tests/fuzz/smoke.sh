#!/bin/sh
# Runs a fuzzer for a fixed number of inputs, starting from its seeds. An input that breaks it is kept beside the
# program, and how to run it again is in the output.
program=$1
name=${program##*/}
seeds=$PT_TESTS/fuzz/seeds/${name#fuzz_}
corpus=$(mktemp -d) || exit 1
trap 'rm -rf "$corpus"' EXIT
[ -d "$seeds" ] || seeds=
runs=300000
[ -z "${PT_LONG:-}" ] || runs=5000000
longest=4096
[ "$name" != fuzz_core ] || longest=32768 # a few pages
"$program" -seed=1 -runs=$runs -max_len=$longest -timeout=10 -print_final_stats=1 \
	-artifact_prefix="$program-" "$corpus" $seeds
