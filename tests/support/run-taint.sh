#!/bin/sh
# Runs every row of a program that marks secrets (tests/ct/rows.h), each under a checker that ends it with code 9
# at the first branch or address that hangs on one: clean rows must end with 0, leaky controls with 9, and the
# report must name the function that leaks (leak_NAME, NAME_leaks).
# Usage: run-taint.sh NAME PROGRAM CHECKER...     CHECKER: the command that runs the program, or none
name=$1 program=$2
shift 2
passed=0 failed=0
log=$(mktemp)
trap 'rm -f "$log" "$log.rows"' EXIT
say() { # GOOD TEXT
    if [ "$1" = yes ]; then
        passed=$((passed + 1))
        echo "  ok       $2"
    else
        failed=$((failed + 1))
        echo "  FAILED   $2"
        cat "$log"
    fi
}
clean() { # ROW COMMAND...
    row=$1 good=no
    shift
    "$@" clean "$row" >"$log" 2>&1 && good=yes
    say $good "$row is clean"
}
leak() { # ROW COMMAND...
    row=$1 good=no
    shift
    "$@" leak "$row" >"$log" 2>&1
    [ $? -eq 9 ] && grep -q 'leak_\|_leaks' "$log" && good=yes
    say $good "a leaky $row is caught"
}
"$program" list >"$log.rows" || exit 1
while read -r kind row; do
    case $kind in
    clean | leak) "$kind" "$row" "$@" "$program" ;;
    skip)
        echo "$name: 0 passed, 0 failed, 1 skipped: $row"
        exit 0
        ;;
    esac
done <"$log.rows"
echo "$name: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
