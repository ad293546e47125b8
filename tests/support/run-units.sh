#!/bin/bash
# Runs unit test programs, as many at once as there are CPUs, and adds up what cmocka reports.
# Usage: run-units.sh OUT PATTERN PROGRAM...   PATTERN empty: all, else programs whose name contains it.
one() { # PROGRAM
    log=$logs/$(echo "${1#"$out"/tests/}" | tr / .)
    if [ -n "$may_not" ] && grep -qx "${1#"$out"/tests/}" tests/support/memlock.list; then
        echo "0 0 1" >"$log.sum"
        printf '  %-8s %s (%s)\n' skipped "${1#"$out"/tests/}" "$may_not"
        return
    fi
    "$1" >"$log" 2>&1
    code=$?
    p=$(grep -ac '^\[       OK \]' "$log")
    f=$(grep -ac '^\[  FAILED  \] [A-Za-z_0-9]*$' "$log")
    s=$(grep -ac '^\[  SKIPPED \] [A-Za-z_0-9]*$' "$log")
    [ "$f" -gt 0 ] && f=$(sed -n 's/^\[  FAILED  \] tests: \([0-9]*\).*/\1/p;s/^ *\([0-9]*\) FAILED TEST.*/\1/p' "$log" | head -n 1)
    [ -z "$f" ] && f=1
    if [ "$code" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
    echo "$p $f $s" >"$log.sum"
    printf '  %-8s %s (%s passed, %s skipped)\n' "$([ "$code" -eq 0 ] && echo ok || echo FAILED)" "${1#"$out"/tests/}" "$p" "$s"
    [ "$code" -eq 0 ] || cp "$log" "$log.failed"
}

if [ "$1" = --one ]; then
    one "$2"
    exit 0
fi
out=$1 pattern=$2
shift 2
logs=$out/tests/units
may_not=$(tests/support/memlock.sh)
ulimit -S -l "$(ulimit -H -l)"
export out logs may_not
rm -rf "$logs"
mkdir -p "$logs"
for program in "$@"; do
    case $program in *"$pattern"*) echo "$program" ;; esac
done | xargs -r -n 1 -P "$(nproc)" "$0" --one || exit 1
for log in "$logs"/*.failed; do
    [ -e "$log" ] || continue
    echo "== $(basename "$log" .failed)"
    cat "$log"
done
cat "$logs"/*.sum 2>/dev/null | awk '{ p += $1; f += $2; s += $3 }
    END { printf "units: %d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 || p == 0 }'
