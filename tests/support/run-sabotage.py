#!/usr/bin/python3
"""Removes one defence at a time and asks whether a test sees it.

Each tests/sabotage/*.sed is applied to a copy of one source file, which is compiled and linked before the library
into one test program; of that program the tests that the script names are run, each by itself, until one fails, as one
has to; which then has to pass in the program as it is. As many at once as there are CPUs.

Usage: run-sabotage.py OUT PATTERN   Needs in the environment: CC, CFLAGS, LIBS; and the programs built.
The head of a script, each once:
  # defence: what is removed, in words
  # file: core/exec/worker.c
  # unit: tests/support/rsa_faulty_ref.c      what is compiled where it includes the file, else the file
  # test: unit/exec/worker_test
  # red: worker_works_a_repeat_three_times_and_no_replay [more ...]
  # config: tsan      only where ThreadSanitizer sees it; without this line only elsewhere
"""

import concurrent.futures
import filecmp
import glob
import os
import re
import shlex
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
import memlock  # noqa: E402, beside this file

TIMEOUT_S = 60


class Fault(Exception):
    """What is wrong with a script, or with the test it names."""


class Script:
    def __init__(self, path):
        self.path, self.name = path, os.path.basename(path).removesuffix(".sed")
        with open(path) as f:
            head = dict(re.findall(r"^# (\w+): *(.*)$", f.read(), re.M))
        self.file, self.test, self.red = head.get("file", ""), head.get("test", ""), head.get("red", "").split()
        self.unit, self.config = head.get("unit"), head.get("config")


def seen(program, test, log):
    """One test of a program: red, if it fails, or the program ends in the midst of it or does not end; skipped, if it
    does not run for this user or on this host; none, if there is no such test; else green."""
    with open(log, "wb") as f:
        try:
            subprocess.run([program], env={**os.environ, "LK_TEST": test}, stdin=subprocess.DEVNULL, stdout=f, stderr=f,
                           timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            pass
    with open(log, "rb") as f:
        said = [line for line in f.read().decode(errors="replace").splitlines() if line.startswith("[ ")]
    if f"[  FAILED  ] {test}" in said or (said and said[-1] == f"[ RUN      ] {test}"):
        return "red"
    return "skipped" if f"[  SKIPPED ] {test}" in said else "green" if f"[       OK ] {test}" in said else "none"


class Sabotage:
    def __init__(self, out):
        self.out = out
        self.cc, self.cflags, self.libs = (os.environ[name].split() for name in ("CC", "CFLAGS", "LIBS"))
        self.green = {}  # of (program, test): whether it passes in the program as it is
        self.turn = threading.Lock()

    def build(self, script, at, unit):
        """The changed file stands before the library, which then gives no other."""
        with open(f"{self.out}/tests/{script.test}.link") as f:
            link = shlex.split(f.read())
        already = {f"{self.out}/{source.removesuffix('.c')}.o" for source in (unit, script.file)}
        steps = ([*self.cc, f"-I{at}.tree", *self.cflags, "-w", "-c", "-o", f"{at}.o", unit],
                 [*self.cc, "-o", at, f"{at}.o", *(word for word in link if word not in already),
                  f"{self.out}/liblurk-server.a", *self.libs])
        with open(f"{at}.log", "wb") as log:
            if any(subprocess.run(step, stdout=log, stderr=log).returncode != 0 for step in steps):
                raise Fault(f"does not build: {at}.log")

    def is_green(self, program, test, log):
        """Many scripts ask the same of the same program."""
        with self.turn:
            known = self.green.get((program, test))
        if known is None:
            known = seen(program, test, log) == "green"
            with self.turn:
                self.green[program, test] = known
        return known

    def judge(self, script):
        """ok, or skipped."""
        program, at = f"{self.out}/tests/{script.test}", f"{self.out}/sabotage/{script.name}"
        if not os.path.isfile(script.file) or not os.path.isfile(f"{program}.link"):
            raise Fault("no such file or test program")
        changed = f"{at}.tree/{script.file}"
        os.makedirs(os.path.dirname(changed), exist_ok=True)
        with open(changed, "wb") as f:
            subprocess.run(["sed", "-f", script.path, script.file], stdout=f, check=True)
        if filecmp.cmp(script.file, changed, shallow=False):
            raise Fault(f"changes nothing in {script.file}: the defence has moved")
        self.build(script, at, script.unit or changed)
        verdict = "not seen"
        for test in script.red:
            verdict = seen(at, test, f"{at}.log")
            if verdict == "none":
                raise Fault(f"no test {test} in {program}: {at}.log")
            if verdict == "red":  # and by itself, in the program as it is, it is green within the same time
                if not self.is_green(program, test, f"{at}.before.log"):
                    raise Fault(f"{test} is not green without it: {at}.before.log")
                break
        if verdict not in ("red", "skipped"):
            raise Fault(f"not seen by {program}")
        os.remove(at)
        return "ok" if verdict == "red" else "skipped"


def main():
    out, pattern = sys.argv[1:]
    sabotage = Sabotage(out)
    may_not = memlock.may_not()

    def one(script):
        why = ""
        if script.test in may_not:
            verdict, why = "skipped", f": {may_not[script.test]}"
        else:
            try:
                verdict = sabotage.judge(script)
                why = ": its test is skipped here" if verdict == "skipped" else ""
            except (Fault, OSError, subprocess.CalledProcessError) as fault:
                verdict, why = "FAILED", f": {fault}"
        sys.stdout.write(f"  {verdict:8} {script.name}{why}\n")  # at once: others say theirs
        sys.stdout.flush()
        return verdict

    config = "tsan" if out.endswith("tsan") else None
    scripts = [script for script in map(Script, sorted(glob.glob("tests/sabotage/*.sed")))
               if pattern in script.name and script.config == config]
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        verdicts = list(pool.map(one, scripts))
    passed, failed = verdicts.count("ok"), verdicts.count("FAILED")
    print(f"sabotage: {passed} passed, {failed} failed")
    return 1 if failed > 0 or passed == 0 else 0


sys.exit(main())
