#!/bin/sh
# Runs tests/ct/taint under memcheck: every row clean, every leaky control caught.
# Usage: run-taint.sh PROGRAM
program=$1
passed=0 failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
check() { # WANTED-CODE NAME ARGUMENT...
    want=$1 name=$2
    shift 2
    # Leaks of memory are not the question here, and memcheck stops at instructions it does not know.
    valgrind -q --error-exitcode=9 --leak-check=no "$program" "$@" >"$log" 2>&1
    code=$?
    if [ "$code" -eq "$want" ]; then
        passed=$((passed + 1))
        echo "  ok       $name"
    else
        failed=$((failed + 1))
        echo "  FAILED   $name: ended with $code, not $want"
        cat "$log"
    fi
}
for row in premaster master finished result; do
    check 0 "$row is clean" "$row"
done
for row in premaster finished; do
    check 9 "a leaky $row is caught" leak "$row"
done
echo "taint: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
