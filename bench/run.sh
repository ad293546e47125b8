#!/bin/sh
# Runs benchmarks by name: programs OUT/bench/bench_NAME and scripts bench/NAME/NAME.py.
# Usage: run.sh OUT [NAME]; no name: all of them. BENCH_ARGS are passed on.
set -eu
cd "$(dirname "$0")/.."
out=$1 wanted=${2:-} found='' names=''

run() { # NAME COMMAND
    names="$names $1"
    [ -z "$wanted" ] || [ "$wanted" = "$1" ] || return 0
    found=1
    # shellcheck disable=SC2086  # BENCH_ARGS is a list of words
    "$2" ${BENCH_ARGS:-}
}

for source in bench/bench_*.c; do
    [ -e "$source" ] || continue
    name=$(basename "$source" .c)
    run "${name#bench_}" "$out/bench/$name"
done
for script in bench/*/*.py; do
    name=$(basename "$script" .py)
    [ "$name" != "$(basename "$(dirname "$script")")" ] || run "$name" "$script"
done
[ -n "$found" ] || {
    echo "bench: '$wanted' is none of:$names" >&2
    exit 2
}
