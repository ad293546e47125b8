#!/usr/bin/python3
"""What the production compiler made of the kernels: every conditional jump, indirect jump and call of an object
must stand in a list with what it hangs on, all of it public; and there is no gather, no scatter, no division.

A jump is known by its source line (the line table says which, inlined or not), so that the list does not hang on
what a compiler calls its clones or where it puts them. How many jumps a line became does, and is compared only
where the object is the work of the compiler that the list names. A stack protector's jump is not counted.

Usage: scan-kernels.py LIST OBJECT...             LIST says which functions, lines and calls (see its head)
       scan-kernels.py --control LIST OBJECT LEAKY    a list and an object in which faults must be found
Prints a line for each check, then "scan: N passed, N failed"; ends with 1 if one failed.
"""

import copy
import glob
import os
import re
import subprocess
import sys
from collections import Counter

INSTRUCTION = re.compile(r"^\s+([0-9a-f]+):\t(?:(?:bnd|notrack|lock|rep[nz]*) )*(\S+)\s*(.*)$")
SYMBOL = re.compile(r"^[0-9a-f]+ <(.+)>:$")
CONDITIONAL = re.compile(r"^(j(?!mp)[a-z]+|loop[a-z]*)(,p[nt])?$")
BANNED = {
    "gather or scatter": re.compile(r"^v?p?(gather|scatter)"),
    "division": re.compile(r"^(i?div[bwlq]?|v?div[ps][sdh]|fi?div\w*|v?r?sqrt\w*|v?rcp\w*)$"),
}
CANARY = re.compile(r"^(sub|cmp|xor)\w*\s+%fs:0x28,")
CLONE = re.compile(r"\.(constprop|part|isra|cold|lto_priv)(\.\d+)*")
SOURCES = ["crypto/*.[ch]", "crypto/rsa/*.[ch]", "crypto/ec/*.[ch]", "tests/ct/leaky*.[ch]"]


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


# --- the list ---------------------------------------------------------------------------------


class Row:
    """One line of the list: in this function, a line with this text becomes so many jumps in each object."""

    def __init__(self, kind, fields, objects):
        self.kind, self.function, self.text, self.used = kind, fields[0], fields[1], False
        self.most = {name: int(n) for name, n in zip(objects, fields[2:])}


class List:
    def __init__(self, path):
        self.rows, self.straight, self.calls, self.objects, self.compiler = [], {}, set(), [], ""
        with open(path, encoding="utf-8") as f:
            for line in f:
                kind, _, rest = line.split("#")[0].strip().partition(" ")
                if kind in ("jump", "indirect"):
                    self.rows.append(Row(kind, [field.strip() for field in rest.split(" | ")], self.objects))
                elif kind == "objects":
                    self.objects = rest.split()
                elif kind == "straight":
                    name, *functions = rest.split()
                    self.straight.setdefault(name, set()).update(functions)
                elif kind == "calls":
                    self.calls.update(rest.split())
                elif kind == "compiler":
                    self.compiler = rest.strip()
                elif kind:
                    sys.exit(f"{path}: what is '{kind}'?")

    def row_of(self, kind, function, text):
        for row in self.rows:
            if (row.kind, row.function) == (kind, function) and row.text in text:
                return row
        return None


# --- an object --------------------------------------------------------------------------------


def definitions():
    """Function -> its file. addr2line takes the including file for the included one now and then."""
    files = {}
    for path in sorted(p for pattern in SOURCES for p in glob.glob(pattern)):
        with open(path, encoding="utf-8") as f:
            for name in re.findall(r"^(?!#)\w[^;{}=]*?\b(\w+)\([^;{}]*\)\s*\n\{", f.read(), re.M):
                files.setdefault(name, set()).add(path)
    return {name: paths.pop() for name, paths in files.items() if len(paths) == 1}


class Site:
    """An instruction that is looked at: where it is in the object and in the source."""

    def __init__(self, kind, symbol, address, instruction):
        self.kind, self.symbol, self.address, self.instruction = kind, symbol, address, instruction
        self.function, self.text = symbol, "?"

    def __str__(self):
        return f"{self.function}: {self.instruction} of '{self.text}' (in {self.symbol} at {self.address:#x})"


def kind_of(mnemonic, operands):
    if CONDITIONAL.match(mnemonic):
        return "jump"
    if mnemonic.startswith(("jmp", "call")) and operands.startswith("*"):
        return "indirect"
    return next((kind for kind, pattern in BANNED.items() if pattern.match(mnemonic)), None)


class Object:
    def __init__(self, path, files):
        self.path, self.name = path, os.path.basename(path)
        self.symbols, self.sites, self.calls = set(), [], Counter()
        self.compiler = output("readelf", "-p", ".comment", path)
        self.disassemble()
        self.locate(files)

    def disassemble(self):
        symbol, before = None, ""
        for line in output("objdump", "-drw", "--no-show-raw-insn", self.path).split("\n"):
            named = SYMBOL.match(line)
            if named:
                symbol = CLONE.sub("", named.group(1))
                self.symbols.add(symbol)
            found = INSTRUCTION.match(line)
            if not found:
                continue
            address, mnemonic, operands = int(found.group(1), 16), found.group(2), found.group(3)
            kind = kind_of(mnemonic, operands)
            if kind and not (kind == "jump" and CANARY.match(before)):
                self.sites.append(Site(kind, symbol, address, mnemonic))
            called = re.search(r"R_X86_64_PLT32\s+([\w.]+)", operands)
            if called and mnemonic.startswith(("call", "j")):
                self.calls[called.group(1)] += 1
            before = f"{mnemonic} {operands}"

    def locate(self, files):
        addresses = "\n".join(hex(site.address) for site in self.sites)
        lines = subprocess.run(["addr2line", "-aife", self.path], input=addresses, capture_output=True,
                               text=True, check=True).stdout.split("\n")
        frames = {}
        for line in lines:
            if line.startswith("0x"):
                here = frames.setdefault(int(line, 16), [])
            elif line:
                here.append(line)
        for site in self.sites:
            inlined = frames[site.address]
            site.function, site.text = self.innermost(list(zip(inlined[::2], inlined[1::2])), files)

    @staticmethod
    def innermost(frames, files):
        """Of ours: what libc's and the compiler's headers inline counts for its caller."""
        ours = [frame for frame in frames if "/usr/" not in frame[1]] or frames
        function, where = ours[0]
        path, _, line = where.partition(" (")[0].rpartition(":")
        path = files.get(function, os.path.relpath(path))
        try:
            with open(path, encoding="utf-8") as f:
                return function, f.read().split("\n")[int(line) - 1].strip()
        except (OSError, ValueError, IndexError):
            return function, "?"


# --- checks -----------------------------------------------------------------------------------


def listed(obj, known, kind, name):
    """Faults: what is not in the list, or more often than it says."""
    seen = Counter()
    for site in obj.sites:
        if site.kind != kind:
            continue
        row = known.row_of(kind, site.function, site.text)
        if row is None or name not in row.most:
            yield f"not listed: {kind} | {site.function} | {site.text} | (in {site.symbol} at {site.address:#x})"
        else:
            seen[row] += 1
            row.used = True
    if known.compiler not in obj.compiler:
        return
    for row in known.rows:
        if row.kind == kind and seen[row] > row.most[name]:
            yield f"{row.function}: '{row.text}' became {seen[row]} of {kind}, not at most {row.most[name]}"


def straight(obj, known, name):
    for function in sorted(known.straight.get(name, ())):
        if function not in obj.symbols:
            yield f"{function} is not there: a straight line that went into another function is not seen"
        for site in obj.sites:
            if site.symbol == function and site.kind in ("jump", "indirect"):
                yield f"in a straight line: {site}"


def faults(obj, known, name):
    """Check -> faults."""
    return {
        "jumps are those of the list": list(listed(obj, known, "jump", name)),
        "indirect jumps and calls are those of the list": list(listed(obj, known, "indirect", name)),
        "blocks have no jump": list(straight(obj, known, name)),
        "no gather or scatter": [str(s) for s in obj.sites if s.kind == "gather or scatter"],
        "no division": [str(s) for s in obj.sites if s.kind == "division"],
        "calls are those of the list": [f"calls {c}" for c in sorted(obj.calls) if c not in known.calls],
    }


class Tally:
    def __init__(self):
        self.count = {True: 0, False: 0}

    def say(self, good, text, why=()):
        self.count[good] += 1
        print(f"  {'ok      ' if good else 'FAILED  '} {text}")
        for line in why if not good else ():
            print(f"             {line}")

    def end(self, name):
        print(f"{name}: {self.count[True]} passed, {self.count[False]} failed")
        sys.exit(0 if self.count[True] and not self.count[False] else 1)


def scan(known, paths):
    tally, files = Tally(), definitions()
    for path in paths:
        obj = Object(path, files)
        if known.compiler not in obj.compiler:
            print(f"  {obj.name}: not the work of {known.compiler}: jumps are looked up and not counted")
        for check, found in faults(obj, known, obj.name).items():
            tally.say(not found, f"{obj.name}: {check}", found)
    unused = [f"{row.kind} | {row.function} | {row.text}" for row in known.rows if not row.used]
    tally.say(not unused, "no row of the list is out of use", unused)
    tally.end("scan")


def control(known, path, leaky):
    """Every kind of fault must be found where it is: in an object with leaks, and by a list with too few."""
    tally, files = Tally(), definitions()
    obj, bad = Object(path, files), Object(leaky, files)
    found = "\n".join(line for lines in faults(bad, known, obj.name).values() for line in lines)
    for what, pattern in {
        "branch on a window": r"not listed: jump \| leak_window \| if \(window == 0\)",
        "branch in a block": r"in a straight line: leak_window: j\w+ of 'if \(window == 0\)",
        "jump by a window": r"not listed: indirect \| leak_window \| .*steps\[window % 2\]\(\)",
        "gather by a window": r"^(gathered|leak_window): vp?gather",
        "division by a window": r"^leak_window: div",
        "loop that ends early": r"not listed: jump \| leak_zeros \|",
    }.items():
        tally.say(bool(re.search(pattern, found, re.M)), f"a {what} is found", found.split("\n"))
    fewer = copy.deepcopy(known)
    row = next(row for row in fewer.rows if row.kind == "jump" and row.most[obj.name] > 0)
    row.most[obj.name] -= 1
    counted = known.compiler in obj.compiler
    if counted:
        tally.say(any(row.text in line for line in listed(obj, fewer, "jump", obj.name)), "a jump too many is found")
    fewer.rows.remove(row)
    tally.say(any(row.text in line for line in listed(obj, fewer, "jump", obj.name)), "a jump of no row is found")
    fewer.calls.clear()
    tally.say(bool(faults(obj, fewer, obj.name)["calls are those of the list"]), "a call of no row is found")
    tally.end("scan controls")


if __name__ == "__main__":
    os.chdir(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    if sys.argv[1] == "--control":
        control(List(sys.argv[2]), sys.argv[3], sys.argv[4])
    scan(List(sys.argv[1]), sys.argv[2:])
