#!/bin/sh
# Removes one defence at a time and asks whether a test sees it. Each tests/sabotage/*.sed is applied to a
# copy of one source file, which is compiled and linked before the library into one test program; of that
# program the tests that the script names are run, each by itself, until one fails, as one has to; which then has
# to pass in the program as it is.
#
# Usage: run-sabotage.sh OUT PATTERN   Needs in the environment: CC, CFLAGS, LIBS; and the programs built.
# The head of a script, each once:
#   # defence: what is removed, in words
#   # file: core/exec/worker.c
#   # unit: tests/support/rsa_faulty_ref.c      what is compiled where it includes the file, else the file
#   # test: unit/exec/worker_test
#   # red: worker_works_a_repeat_three_times_and_no_replay [more ...]
#   # config: tsan      only where ThreadSanitizer sees it; without this line only elsewhere
head_of() { # SCRIPT FIELD
    sed -n "s/^# $2: *//p" "$1"
}

# Runs one test of a program: red, if it fails, or the program ends in the midst of it or does not end; skipped, if
# it does not run for this user or on this host; else green.
seen() { # PROGRAM TEST LOG
    LK_TEST=$2 timeout 60 "$1" >"$3" 2>&1
    if grep -aq "^\[  FAILED  \] $2\$" "$3"; then echo red
    elif [ "$(grep -a '^\[ ' "$3" | tail -n 1)" = "[ RUN      ] $2" ]; then echo red
    elif grep -aq "^\[  SKIPPED \] $2\$" "$3"; then echo skipped
    elif grep -aq "^\[       OK \] $2\$" "$3"; then echo green
    else echo none; fi
}

# Many scripts ask the same of the same program; it is run once.
green() { # PROGRAM TEST LOG
    known=$OUT/sabotage/green/$(echo "${1#"$OUT"/tests/}" | tr / .).$2
    [ -e "$known" ] && return
    [ "$(seen "$1" "$2" "$3")" = green ] && touch "$known"
}

build() { # AT LINK UNIT: the changed file stands before the library, which then gives no other
    of_unit="$OUT/${3%.c}.o" of_file="$OUT/${file%.c}.o" # the program may be linked from either already
    # shellcheck disable=SC2086,SC2046  # lists of words
    $CC "-I$1.tree" $CFLAGS -w -c -o "$1.o" "$3" &&
        $CC -o "$1" "$1.o" $(tr ' ' '\n' <"$2" | grep -vxF -e "$of_unit" -e "$of_file") "$OUT/liblurk-server.a" $LIBS
}

# Says why not on standard output.
one() { # SCRIPT
    id=$(basename "$1" .sed) file=$(head_of "$1" file) program=$OUT/tests/$(head_of "$1" test)
    at=$OUT/sabotage/$id unit=$(head_of "$1" unit)
    if [ ! -f "$file" ] || [ ! -f "$program.link" ]; then echo "no such file or test program"; return 1; fi
    changed=$at.tree/$file
    mkdir -p "$(dirname "$changed")"
    sed -f "$1" "$file" >"$changed"
    cmp -s "$file" "$changed" && { echo "changes nothing in $file: the defence has moved"; return 1; }
    build "$at" "$program.link" "${unit:-$changed}" >"$at.log" 2>&1 || { echo "does not build: $at.log"; return 1; }
    why="not seen by $program"
    for test in $(head_of "$1" red); do
        case $(seen "$at" "$test" "$at.log") in
        red) # and by itself, in the program as it is, it is green within the same time
            green "$program" "$test" "$at.before.log" || { echo "$test is not green without it: $at.before.log"; return 1; }
            why=
            break
            ;;
        skipped) why=skipped ;;
        none) echo "no test $test in $program: $at.log"; return 1 ;;
        esac
    done
    [ -z "$why" ] || { echo "$why"; return 1; }
    rm -f "$at"
}

if [ "$1" = --one ]; then
    if [ -n "$may_not" ] && grep -qx "$(head_of "$2" test)" tests/support/memlock.list; then
        echo "  skipped  $(basename "$2" .sed): $may_not"
        exit 0
    fi
    why=$(one "$2")
    if [ "$why" = skipped ]; then
        echo "  skipped  $(basename "$2" .sed): its test is skipped here"
    elif [ -z "$why" ]; then echo "  ok       $(basename "$2" .sed)"; else echo "  FAILED   $(basename "$2" .sed): $why"; fi
    exit 0
fi
OUT=$1 pattern=$2
may_not=$(tests/support/memlock.sh)
export OUT may_not
rm -rf "$OUT/sabotage/green"
mkdir -p "$OUT/sabotage/green"
result=$OUT/sabotage/result.log
case $OUT in *tsan) meant=-l ;; *) meant=-L ;; esac
grep "$meant" '^# config: tsan$' tests/sabotage/*"$pattern"*.sed |
    xargs -n 1 -P "$(nproc)" "$0" --one | tee "$result"
passed=$(grep -c '^  ok ' "$result") failed=$(grep -c '^  FAILED ' "$result")
echo "sabotage: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
