#!/usr/bin/python3
"""Runs unit test programs, as many at once as there are CPUs, and adds up what cmocka reports.

Usage: run-units.py OUT PATTERN PROGRAM...   PATTERN empty: all, else programs whose name contains it.
"""

import collections
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
import memlock  # noqa: E402, beside this file

Sum = collections.namedtuple("Sum", "passed failed skipped")
TEST = {word: re.compile(rb"^\[ *" + word + rb" *\] [A-Za-z_0-9]*$", re.M) for word in (b"OK", b"FAILED", b"SKIPPED")}
# A group of tests names each twice that failed, and then says how many they are.
FAILED = re.compile(rb"^\[  FAILED  \] tests: (\d+)|^ *(\d+) FAILED TEST", re.M)


def say(line):
    sys.stdout.write(line + "\n")  # at once: others say theirs
    sys.stdout.flush()


def judge(log, code):
    passed, failed, skipped = (len(TEST[word].findall(log)) for word in (b"OK", b"FAILED", b"SKIPPED"))
    if failed > 0:
        told = FAILED.search(log)
        failed = int(told[1] or told[2]) if told else 1
    return Sum(passed, 1 if code != 0 and failed == 0 else failed, skipped)


def main():
    out, pattern, *programs = sys.argv[1:]
    programs = [program for program in programs if pattern in program]
    may_not = memlock.may_not()
    logs = f"{out}/tests/units"
    shutil.rmtree(logs, ignore_errors=True)
    os.makedirs(logs)

    def one(program):
        """(what it counted, its log if it failed)"""
        name = program.removeprefix(f"{out}/tests/")
        if name in may_not:
            say(f"  skipped  {name} ({may_not[name]})")
            return Sum(0, 0, 1), None
        log = f"{logs}/{name.replace('/', '.')}"
        with open(log, "wb") as f:
            code = subprocess.run([program], stdin=subprocess.DEVNULL, stdout=f, stderr=f).returncode
        with open(log, "rb") as f:
            counted = judge(f.read(), code)
        say(f"  {'ok' if code == 0 else 'FAILED':8} {name} ({counted.passed} passed, {counted.skipped} skipped)")
        return counted, log if code != 0 else None

    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        done = list(pool.map(one, programs))
    for _, log in done:
        if log is None:
            continue
        say(f"== {os.path.basename(log)}")
        with open(log, "rb") as f:
            sys.stdout.buffer.write(f.read())
            sys.stdout.buffer.flush()
    total = Sum(*(sum(column) for column in zip(*(counted for counted, _ in done)))) if done else Sum(0, 0, 0)
    say(f"units: {total.passed} passed, {total.failed} failed, {total.skipped} skipped")
    return 1 if total.failed > 0 or total.passed == 0 else 0


sys.exit(main())
