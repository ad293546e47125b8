#!/usr/bin/python3
"""Style as a test: what a reader relies on when opening a file.

Floors: an include never points upwards. Files of at most 800 lines, functions of at most 70, lines of at
most 100 columns; no catch-all names; no memory order outside the files that argue theirs.
Prints FILE:LINE: fault, then "N files, N faults"; ends with 1 if there were any.
"""

import os
import re
import subprocess
import sys

FLOORS = ["crypto", "core", "io", "tools"]
CORE = {"base": 0, "wire": 1, "keys": 1, "watch": 1, "conf": 2, "policy": 3, "exec": 4}
CORE_MAY_USE = ("crypto/crypto.h", "crypto/ct.h", "crypto/hash.h", "crypto/kdf.h", "crypto/schedule.h", "crypto/rng.h", "crypto/sha256_lanes.h", "crypto/siphash.h",
                "crypto/rsa/rsa_pad.h")
ORDERED = ("core/base/ring", "core/watch/", "core/exec/novelty", "core/exec/health", "core/exec/rate", "io/bell", "io/loop.c", "io/report.c",
           "io/supervise.c", "tests/", "tools/lurk-bench/")
BAD_NAMES = {"util", "utils", "common", "misc", "helpers", "helper", "manager"}
LIBCRYPTO = re.compile(r"crypto/(hash|engine|poo|self_test|kernels|key|ecdsa|group)")
LINES_MAX, FUNCTION_MAX, COLUMNS_MAX = 800, 70, 100

faults = []


def fault(path, line, text):
    faults.append(f"{path}:{line}: {text}")


def check_include(path, number, included):
    here, there = path.split("/")[0], included.split("/")[0]
    if there not in FLOORS or here not in FLOORS:
        return
    if FLOORS.index(there) > FLOORS.index(here):
        fault(path, number, f"{here}/ includes {included}: an include never points upwards")
    if here == there == "core" and "/" in included[5:]:
        mine, theirs = CORE[path.split("/")[1]], CORE[included.split("/")[1]]
        if theirs > mine or (theirs == mine and mine and path.split("/")[1] != included.split("/")[1]
                             and (path.split("/")[1], included.split("/")[1]) not in (("keys", "wire"), ("watch", "wire"))):
            fault(path, number, f"core/{path.split('/')[1]} includes {included}: order is base, wire keys watch, conf, policy, exec")
    if here == "core" and there == "crypto" and included not in CORE_MAY_USE:
        fault(path, number, f"core/ includes {included}: only the face of crypto/")
    if here == "io" and there == "crypto" and re.search(r"crypto/(rsa|ec)/.*(ifma|ref)", included):
        fault(path, number, f"io/ includes a kernel's header {included}")


def check_functions(path, lines):
    start = None
    for number, line in enumerate(lines, 1):
        if line.startswith("{") and number > 1 and not lines[number - 2].rstrip().endswith(("=", ";")):
            start = number
        elif line.startswith("}") and start is not None:
            if number - start > FUNCTION_MAX and "straight-line" not in "".join(lines[max(0, start - 12) : start]):
                fault(path, start, f"function of {number - start} lines; at most {FUNCTION_MAX}")
            start = None


def check_file(path):
    with open(path, encoding="utf-8") as f:
        lines = f.read().split("\n")
    stem = os.path.splitext(os.path.basename(path))[0]
    if stem in BAD_NAMES:
        fault(path, 1, f"'{stem}' is no noun of the domain")
    if len(lines) > LINES_MAX:
        fault(path, 1, f"{len(lines)} lines; at most {LINES_MAX}")
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS_MAX and not path.startswith("tests/"):
            fault(path, number, f"{len(line)} columns; at most {COLUMNS_MAX}")
        found = re.match(r'\s*#\s*include "([^"]+)"', line)
        if found:
            check_include(path, number, found.group(1))
        if "TODO" in line and not re.search(r"TODO\(#\d+\)", line):
            fault(path, number, "a TODO carries an issue number")
        if "memory_order_" in line and not path.startswith(ORDERED):
            fault(path, number, "a memory order outside the files that argue theirs")
    check_functions(path, lines)


def main():
    top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    os.chdir(top)
    listed = subprocess.run(["git", "ls-files", "*.c", "*.h", "*.cc"], capture_output=True, text=True)
    files = [f for f in listed.stdout.split() if os.path.exists(f)]
    for path in files:
        check_file(path)
    print("\n".join(faults))
    print(f"{len(files)} files, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
