#!/bin/sh
# Runs unit test programs one after another and adds up what cmocka reports.
# Usage: run-units.sh OUT PATTERN PROGRAM...   PATTERN empty: all, else programs whose name contains it.
out=$1 pattern=$2
shift 2
passed=0 failed=0 skipped=0
log=$out/tests/units.log
: >"$log"
for program in "$@"; do
    case $program in *"$pattern"*) ;; *) continue ;; esac
    "$program" >"$log.one" 2>&1
    code=$?
    cat "$log.one" >>"$log"
    p=$(grep -c '^\[       OK \]' "$log.one")
    f=$(grep -c '^\[  FAILED  \] [A-Za-z_0-9]*$' "$log.one")
    s=$(grep -c '^\[  SKIPPED \] [A-Za-z_0-9]*$' "$log.one")
    [ "$f" -gt 0 ] && f=$(sed -n 's/^\[  FAILED  \] tests: \([0-9]*\).*/\1/p;s/^ *\([0-9]*\) FAILED TEST.*/\1/p' "$log.one" | head -n 1)
    [ -z "$f" ] && f=1
    if [ "$code" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    printf '  %-8s %s (%s passed, %s skipped)\n' "$([ "$code" -eq 0 ] && echo ok || echo FAILED)" "${program#"$out"/tests/}" "$p" "$s"
    [ "$code" -ne 0 ] && cat "$log.one"
done
rm -f "$log.one"
echo "units: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
