#!/bin/sh
# Runs a story whose edge side (LURK_EDGE_BIN: lurk-agent, lurkctl, and lurk.so beside them) was built by
# CONFIG=asan, and fails it where a sanitizer spoke in any process, whatever the story itself made of that.
# Usage: sanitized.sh [--catches WORD] STORY
#   --catches: the control: a report with that word has to come, in whatever the story ends.
# Stock programs get the run-time libraries before their own (LURK_EDGE_PRELOAD); what they leak is not looked at.
word=
if [ "$1" = --catches ]; then
    word=$2
    shift 2
fi
reports=$(mktemp -d /tmp/lurk-sanitizer.XXXXXX)
said=$(mktemp)
trap 'rm -rf "$reports" "$said"' EXIT
chmod 1777 "$reports" # workers are other users
LURK_EDGE_PRELOAD="$(${CC:-cc} -print-file-name=libasan.so) $(${CC:-cc} -print-file-name=libubsan.so)"
ASAN_OPTIONS="log_path=$reports/asan:detect_leaks=1"
UBSAN_OPTIONS="log_path=$reports/ubsan:print_stacktrace=1"
LURK_EDGE_REPORTS=$reports
export LURK_EDGE_PRELOAD LURK_EDGE_REPORTS ASAN_OPTIONS UBSAN_OPTIONS
"$@" >"$said" 2>&1

# ASan also warns of libcrypto's jobs, whose stacks it does not know: that is no fault.
spoke=$(grep -rlE 'ERROR: |runtime error: ' "$reports")
if [ -n "$word" ]; then
    if grep -rq "$word" "$reports"; then
        echo "ok the control is caught: $word"
        echo "1 passed, 0 failed"
        exit 0
    fi
    cat "$said"
    echo "FAILED nobody saw the control: $word"
    echo "0 passed, 1 failed"
    exit 1
fi
cat "$said"
if [ -n "$spoke" ]; then
    for report in $spoke; do head -n 60 "$report"; done
    count=$(echo "$spoke" | wc -l)
    echo "FAILED a sanitizer spoke in $count processes"
    echo "$(sed -n 's/^\([0-9]*\) passed, .*/\1/p' "$said") passed, $count failed"
    exit 1
fi
grep -Eq '^[0-9]+ passed, 0 failed' "$said"
