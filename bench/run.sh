#!/bin/sh
# Runs benchmarks by name: bench/NAME/NAME.py. Usage: run.sh [NAME]; no name: all of them.
set -eu
cd "$(dirname "$0")/.."
found='' names=''
for script in bench/*/*.py; do
    name=$(basename "$script" .py)
    [ "$name" = "$(basename "$(dirname "$script")")" ] || continue
    names="$names $name"
    [ -z "${1:-}" ] || [ "$1" = "$name" ] || continue
    found=1
    # shellcheck disable=SC2086  # BENCH_ARGS is a list of words
    "$script" ${BENCH_ARGS:-}
done
[ -n "$found" ] || {
    echo "bench: '${1:-}' is none of:$names" >&2
    exit 2
}
