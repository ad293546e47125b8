#!/bin/sh
# A release has nothing of the test build in it, and the hardening the compiler offers.
# Usage: symbols.sh, with LURK_BIN and LURK_TEST_BIN set (tests/support/run-e2e.sh does).
: "${LURK_BIN:?}" "${LURK_TEST_BIN:?}"
passed=0 failed=0

check() { # WHAT COMMAND...
    what=$1
    shift
    if "$@" >/dev/null 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "failed: $what"
    fi
}

lacks() { ! has "$@"; }
has() { nm "$1" | grep -Eq " $2\$"; }
says() { readelf -W "$2" "$1" | grep -Eq "$3"; }

for program in "$LURK_BIN"/*; do
    name=$(basename "$program")
    for symbol in lk_transport_tcp lk_transport_udp '__(wrap|real)_[a-z0-9_]*'; do
        check "$name has no $symbol" lacks "$program" "$symbol"
    done
    check "$name has its symbols, or the above says nothing" has "$program" 'main'
    check "$name is position independent" says "$program" -h 'Type: +DYN'
    check "$name resolves all at start" says "$program" -d 'BIND_NOW|FLAGS.*NOW'
    check "$name has read-only relocations" says "$program" -l 'GNU_RELRO'
    check "$name has no executable stack" says "$program" -l 'GNU_STACK.* RW +0x'
    check "$name calls checked copies" says "$program" --dyn-syms '__memcpy_chk|__snprintf_chk|__fprintf_chk'
    check "$name guards its stack" says "$program" --dyn-syms '__stack_chk_fail'
done
# The search finds what there is to find.
check "the test build's lurkd has plain tcp" has "$LURK_TEST_BIN/lurkd" lk_transport_tcp
check "the test build's lurkd is wrapped" has "$LURK_TEST_BIN/lurkd" '__wrap_lk_transport_find'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
