#!/usr/bin/python3
"""What the documents name exists: each backticked lk_* or LK_* name is in a source file, each backticked path and
each link of docs/*.md and README.md is in the tree. And the other way: docs/operations.md has each metric and each
message that is logged as an error or a warning, docs/architecture.md each file of io/, and the agent's socket unit
each socket of the ready files in docs/edge/. Prints FILE:LINE: fault; ends with 1 if there were any.
"""

import glob
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PLACEHOLDER = re.compile(r"(?:[a-z]_|/)[A-Z]{4,}")  # tests/unit/FOLDER, lk_NOUN
MADE = ("bench/results/",)  # by the commands that the page tells
FLOORS = r"(?:core|io|crypto|tools|tests|bench|docs)"
NAME = re.compile(r"\b(?:lk|LK)_[A-Za-z0-9_]+")
PATH = re.compile(rf"(?<![\w./-]){FLOORS}/[\w./*{{}}-]*")
LINK = re.compile(r"\]\(([^)#:]+)\)")


def source_names():
    files = subprocess.run(["git", "ls-files", "*.c", "*.h", "*.cc", "*.py", "*.wrap"], capture_output=True, text=True)
    names = set()
    for path in files.stdout.split():
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                names.update(NAME.findall(f.read()))
    return names


def unsaid(page):
    """Metrics and messages that the page does not have."""
    with open(page, encoding="utf-8") as f:
        text = f.read()
    for path in glob.glob("core/watch/*.[ch]") + glob.glob("tools/lurk-agent/*.[ch]"):
        with open(path, encoding="utf-8") as f:
            for series in sorted(set(re.findall(r'"(lurk_[a-z_]+)"', f.read()))):
                if series not in text:
                    yield f"{page}: the metric {series} of {path} is missing"
    for path in glob.glob("io/**/*.c", recursive=True) + glob.glob("tools/lurk-agent/*.c"):
        with open(path, encoding="utf-8") as f:
            for message in re.findall(r'lk_log\(\s*LK_LOG_(?:ERROR|WARNING),\s*"([^":;]+)', f.read()):
                if message.strip() not in text:
                    yield f"{page}: the message \"{message}\" of {path} is missing"


def untold(page):
    """Files of io/ that have no row in the table of processes."""
    with open(page, encoding="utf-8") as f:
        text = f.read()
    for path in sorted(glob.glob("io/**/*.[ch]", recursive=True)):
        if f"`{path[:-2]}`" not in text and f"`{path}`" not in text:
            yield f"{page}: {path} has no row"


def unheard(unit):
    """Sockets of the ready files that the unit does not keep while the agent is away."""
    with open(unit, encoding="utf-8") as f:
        kept = re.findall(r"^ListenSequentialPacket=(.*)$", f.read(), re.M)
    for page, row in (("docs/edge/lurk-agent.conf", r'^  - path: "?([^"\n]+)'), ("docs/edge/openssl.cnf", r"^agent +=[ ]*(.*)$")):
        with open(page, encoding="utf-8") as f:
            named = re.findall(row, f.read(), re.M)
        for name in named or ["no socket at all"]:
            if name not in kept:
                yield f"{page}: {name} is none of {unit}"


def path_exists(path):
    path = path.rstrip(".")
    if path.endswith("_test"):  # a program, named from tests/ or from tests/unit/
        return bool(glob.glob(f"{path}.c")) or bool(glob.glob(f"tests/unit/{path}.c"))
    return bool(glob.glob(path)) or bool(glob.glob(path + ".[ch]"))


def faults_of(page, names):
    with open(page, encoding="utf-8") as f:
        lines = f.read().split("\n")
    fenced = False
    for number, line in enumerate(lines, 1):
        if line.startswith("```"):
            fenced = not fenced
        code = [line] if fenced else re.findall(r"`([^`]+)`", line)
        for text in code:
            if PLACEHOLDER.search(text):
                continue
            for name in NAME.findall(text):
                known = name in names or (name.endswith("_") and any(n.startswith(name) for n in names))
                if not known:
                    yield f"{page}:{number}: no source has the name {name}"
            for path in PATH.findall(text):
                if not path.startswith(MADE) and not path_exists(path):
                    yield f"{page}:{number}: there is no {path}"
        for link in LINK.findall(line) if not fenced else ():
            if not os.path.exists(os.path.join(os.path.dirname(page), link)):
                yield f"{page}:{number}: a link to {link}, which is not there"


def main():
    os.chdir(TOP)
    names = source_names()
    pages = ["README.md", *sorted(glob.glob("docs/*.md"))]
    faults = [fault for page in pages for fault in faults_of(page, names)]
    faults += unsaid("docs/operations.md")
    faults += untold("docs/architecture.md")
    faults += unheard("tools/lurk-agent/lurk-agent.socket")
    for fault in faults:
        print(fault)
    print(f"pages: {len(pages)}, faults: {len(faults)}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
