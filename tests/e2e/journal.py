#!/usr/bin/python3
"""The audit journal: tools/dev/auditcheck.py follows its chain and names what was changed, and a lurkd that may
not write it leaves no mark in it."""

import json
import os
import re
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support", f"{TOP}/tests/interop", f"{TOP}/tools/dev"]
import auditcheck
import edge
from server import BIN, Server, Story, free_port, make_pki

REQUESTS = 12


def audit(*paths):
    return subprocess.run([f"{TOP}/tools/dev/auditcheck.py", *paths], capture_output=True, text=True)


def ask(server, pki):
    transport = edge.Stream("127.0.0.1", server.port["tls"], pki, "edge-1")
    sign = edge.load_certificate(f"{pki}/keys/p256-1.crt").public_key()
    for _ in range(REQUESTS):
        edge.ecdhe(transport, sign, b"\x04\x03", edge.GROUPS[0])
    transport.close()


def second_is_refused(server):
    """Another lurkd with the same state_dir, and nothing else in common."""
    with open(server.conf) as f:
        text = f.read().replace("control.sock", "second.sock")
    for port in (*server.port.values(), server.admin):
        text = text.replace(f"port: {port}", f"port: {free_port()}")
    with open(f"{server.directory}/second.conf", "w") as f:
        f.write(text)
    result = subprocess.run([server.binary, "-c", f.name], capture_output=True, text=True, timeout=20)
    assert result.returncode == 1 and "another lurkd writes it" in result.stderr, result.stderr


def follows(journal, starts):
    result = audit(journal)
    assert result.returncode == 0, result.stdout
    assert result.stdout == f"{REQUESTS * starts} records, {starts} starts, 0 faults\n", result.stdout


def knows_every_exchange():
    """A use of an exchange that auditcheck.py has no number for would be called a fault."""
    with open(f"{TOP}/core/wire/registry.c") as f:
        names = re.findall(r'^    ROW\(.*"(.*)"\),$', f.read(), re.M)
    assert "split.sign_ske" in names and auditcheck.EXCHANGES == names, names


def changed(directory, lines, change, number):
    copy = f"{directory}/changed.log"
    with open(copy, "w") as f:
        f.writelines(change(list(lines)))
    result = audit(copy)
    assert result.returncode == 1 and f"{copy}:{number}: " in result.stdout, result.stdout


def edited(lines):
    record = json.loads(lines[4])
    record["edge"] += 1
    return [*lines[:4], json.dumps(record) + "\n", *lines[5:]]


def without_a_run(directory, lines):
    """The first run is gone, and what is left is a journal that follows by itself but for that."""
    second = [i for i, line in enumerate(lines) if '"event":"start"' in line][1]
    changed(directory, lines, lambda l: [l[0], *l[second:]], 2)


def begins_a_new_file(server, pki, journal):
    os.rename(journal, journal + ".1")
    server.reload()
    server.wait(lambda: os.path.exists(journal), 10, "a new journal file")
    ask(server, pki)


def follows_over_files(old, new):
    both = audit(old, new)
    assert both.returncode == 0, both.stdout
    assert both.stdout.startswith(f"{REQUESTS * 4} records, 3 starts"), both.stdout
    assert audit(new).returncode == 0, "the new file alone"
    assert audit(new, old).returncode == 1, "the wrong order"


def cut_is_told_at_start(server, journal):
    with open(journal, "r+") as f:
        lines = f.readlines()
        f.seek(0)
        f.truncate()
        f.writelines(lines[:-3])
    try:
        server.start()
        status = subprocess.run([f"{BIN}/lurkctl", "-s", f"{server.directory}/control.sock", "--json", "status"],
                                capture_output=True, text=True, check=True)
    finally:
        server.stop()
    assert json.loads(status.stdout)["audit_damaged"] is True, status.stdout
    assert "cut or edited" in server.log_text()
    aside = [n for n in os.listdir(os.path.dirname(journal)) if ".damaged-" in n]
    assert len(aside) == 1, aside


def main():
    story = Story()
    story.check("every exchange has its number", knows_every_exchange)
    with tempfile.TemporaryDirectory(prefix="lurk-journal-") as directory:
        pki = make_pki(f"{directory}/pki", "p256=1", "edge=1")
        server = Server(directory, pki, keys={"p256": ("p256-1", "tls12-sign")}, cpu={"loops": '"0"', "workers": '"0"'})
        journal = f"{directory}/state/audit.log"
        try:
            server.start()
            story.check("uses of a key", ask, server, pki)
            story.check("a second writer is refused", second_is_refused, server)
            server.stop()
            story.check("the chain follows, with one start", follows, journal, 1)
            server.start()
            story.check("uses after a start", ask, server, pki)
        finally:
            server.stop()
        story.check("the chain follows over a start", follows, journal, 2)
        with open(journal) as f:
            lines = f.readlines()
        story.check("a missing line is named", changed, directory, lines, lambda l: l[:3] + l[4:], 4)
        story.check("an edited line is named", changed, directory, lines, edited, 5)
        story.check("swapped lines are named", changed, directory, lines,
                    lambda l: [*l[:5], l[6], l[5], *l[7:]], 6)
        story.check("a run that was cut out is named", without_a_run, directory, lines)
        try:
            server.start()
            story.check("uses before the file moves", ask, server, pki)
            story.check("a moved journal goes on in a new file", begins_a_new_file, server, pki, journal)
        finally:
            server.stop()
        story.check("the chain follows over files", follows_over_files, journal + ".1", journal)
        story.check("an end that was cut off is told at start", cut_is_told_at_start, server, journal)
    story.end()


if __name__ == "__main__":
    main()
