#!/bin/sh
# Runs the stories in tests/e2e two at a time and adds up what they print.
# Usage: run-e2e.sh PATTERN SCRIPT...   A story ends with a line "N passed, N failed[, N skipped]", leaves
# nothing running, and finds the programs in LURK_BIN (release) and LURK_TEST_BIN (test build). Its ports are
# free ones, its names and directories its own. One that measures time says "Runs alone" in its head, and does.
# LURK_E2E_UNDER: a command that runs the story. LURK_E2E_PART: "alone", those that run alone; "beside", the others.
count() { # WORD: of the last line of $log
    sed -nE "s/^([0-9]+ passed, .*)/, \\1/; s/.*, ([0-9]+) $1.*/\\1/p" "$log" | tail -n 1
}

one() { # STORY
    name=$(basename "$1") log=$(mktemp "$logs/log.XXXXXX")
    if [ -n "$may_not" ] && [ "$name" != symbols.sh ]; then
        echo "0 0 1" >"$log.sum"
        printf '  %-8s %s (%s)\n' skipped "$name" "$may_not"
        return
    fi
    began=$(date +%s)
    # shellcheck disable=SC2086  # a list of words
    timeout 300 ${LURK_E2E_UNDER:-} "$1" >"$log" 2>&1 </dev/null
    code=$?
    p=$(count passed) f=$(count failed) s=$(count skipped)
    if [ -z "$p" ] || { [ "$code" -ne 0 ] && [ "${f:-0}" -eq 0 ]; }; then f=1; fi
    echo "${p:-0} ${f:-0} ${s:-0}" >"$log.sum"
    verdict=$([ "${f:-0}" -eq 0 ] && echo ok || echo FAILED)
    printf '  %-8s %s (%s passed, %s skipped, %s s)\n' "$verdict" "$name" "${p:-0}" "${s:-0}" $(($(date +%s) - began))
    [ "$verdict" = ok ] || cp "$log" "$log.failed"
}

if [ "$1" = --one ]; then
    one "$2"
    exit 0
fi
pattern=$1
shift
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
may_not=$(tests/support/memlock.sh)
export logs may_not
for story in "$@"; do
    case $story in *"$pattern"*) echo "$story" ;; esac
done >"$logs/all"
[ "${LURK_E2E_PART:-}" = alone ] || xargs -r grep -L 'Runs alone' <"$logs/all" | xargs -r -n 1 -P 2 "$0" --one
[ "${LURK_E2E_PART:-}" = beside ] || xargs -r grep -l 'Runs alone' <"$logs/all" | xargs -r -n 1 "$0" --one
find "$logs" -name '*.failed' -exec cat {} +
cat "$logs"/*.sum 2>/dev/null | awk '{ p += $1; f += $2; s += $3 }
    END { printf "stories: %d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 }'
