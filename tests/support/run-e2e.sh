#!/bin/sh
# Runs the stories in tests/e2e one after another and adds up what they print.
# Usage: run-e2e.sh PATTERN SCRIPT...   A story ends with a line "N passed, N failed[, N skipped]", leaves
# nothing running, and finds the programs in LURK_BIN (release) and LURK_TEST_BIN (test build).
# LURK_E2E_UNDER: a command that runs the story.
pattern=$1
shift
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
may_not=$(tests/support/memlock.sh)
for story in "$@"; do
    case $story in *"$pattern"*) ;; *) continue ;; esac
    if [ -n "$may_not" ] && [ "${story##*/}" != symbols.sh ]; then
        skipped=$((skipped + 1))
        printf '  %-8s %s (%s)\n' skipped "$(basename "$story")" "$may_not"
        continue
    fi
    # shellcheck disable=SC2086  # a list of words
    timeout 300 ${LURK_E2E_UNDER:-} "$story" >"$log" 2>&1 </dev/null
    code=$?
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
    p=$(echo "$line" | sed -n 's/^\([0-9]*\) passed.*/\1/p')
    f=$(echo "$line" | sed -n 's/.* \([0-9]*\) failed.*/\1/p')
    s=$(echo "$line" | sed -n 's/.* \([0-9]*\) skipped.*/\1/p')
    if [ -z "$line" ] || { [ "$code" -ne 0 ] && [ "${f:-0}" -eq 0 ]; }; then f=1; fi
    passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0})) skipped=$((skipped + ${s:-0}))
    printf '  %-8s %s (%s passed, %s skipped)\n' "$([ "${f:-0}" -eq 0 ] && echo ok || echo FAILED)" \
        "$(basename "$story")" "${p:-0}" "${s:-0}"
    [ "${f:-0}" -eq 0 ] || cat "$log"
done
echo "stories: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
