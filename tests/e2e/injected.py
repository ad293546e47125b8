#!/usr/bin/python3
"""What code of an attacker can do inside a front or a vault that serves: nothing of this list.

A test build runs one attempt a trigger inside the child (tests/support/injected.c) and logs what the
kernel said. The front gets an error and serves on; the vault is ended by the first call outside its
list and comes back. Control: without sandboxes (--one-process) the same code succeeds.
"""

import errno
import os
import re
import struct
import subprocess
import sys
import tempfile
import time

from cryptography.hazmat.primitives.asymmetric import padding

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support", f"{TOP}/tests/interop"]
import edge
from server import TEST_BIN, Server, Story, make_pki

MAGIC = b"lurk-injected-at"
KEYS = {"rsa-decrypt": ("rsa2048-1", "tls12-rsa")}
PLAIN = [{"name": "plain", "tenant": "shop", "match": '"uri:lurk://plain"'}]
OWN_RING = ("ring_open", "ring_connect", "ring_socket")
# Their success would change the server that is the control: what they do is harmless, but lasts.
NO_CONTROL = OWN_RING + ("make_process", "trace", "read_is_execute", "set_capabilities")
VAULT_EACH = 4  # vaults a server may lose without being held for hopeless


def attempts():
    """Names in the order of their numbers, from the source."""
    with open(f"{TOP}/tests/support/injected.c") as f:
        return re.findall(r'^    \{"(\w+)", \w+\},$', f.read(), re.M)


def server(directory, pki, arguments=()):
    made = Server(tempfile.mkdtemp(dir=directory), pki, KEYS, f"{TEST_BIN}/lurkd", arguments, ("tcp",))
    made.edges = made.edges + PLAIN
    return made.start()


def outcome(made, name, role):
    """The errno that the kernel gave, once it stands in the log; None: not yet."""
    with open(made.log, errors="replace") as f:
        found = re.findall(rf"injected {name} {role}: (-?\d+)$", f.read(), re.M)
    return int(found[-1]) if found else None


def inject(made, number, name, victim, path):
    """In the front: its errno."""
    transport = edge.Plain("127.0.0.1", made.port["tcp"])
    transport.send(MAGIC + struct.pack("<Ii104s", number, victim, path.encode()))
    made.wait(lambda: outcome(made, name, "front") is not None, 10, f"outcome of {name}")
    transport.close()
    return outcome(made, name, "front")


def front_cannot(made, number, name, victim, path):
    pid = made.children()["front"]
    got = inject(made, number, name, victim, path)
    wanted = (errno.EACCES,) if name in OWN_RING else (errno.EPERM, errno.EACCES)
    assert got in wanted, f"{name}: {errno.errorcode.get(got, got)}"
    assert made.children()["front"] == pid, "the front died of it"


def everybody_else_can(made, number, name, victim, path):
    got = inject(made, number, name, victim, path)
    assert got == 0, f"{name}: {errno.errorcode.get(got, got)}"


def front_serves(made, public):
    edge.rsa_master(edge.Plain("127.0.0.1", made.port["tcp"]), public)


def ask_vault(made, public, number, victim):
    """A request whose server random carries the attempt; the vault dies of it, so no answer counts."""
    s = struct.pack(">I", int(time.time())) + MAGIC + bytes([number]) + struct.pack("<i", victim)
    s = s.ljust(32, b"\0")
    body = edge.key_id(public) + bytes([0, 0]) + os.urandom(32) + s
    body += public.encrypt(b"\x03\x03" + os.urandom(46), padding.PKCS1v15())
    transport = edge.Plain("127.0.0.1", made.port["tcp"])
    transport.send(struct.pack(">BBBBQI", 1, 1, 2, 0, 7, 16 + len(body)) + body)
    return transport


def vault_ends(made, number, name, victim, public):
    pid = made.children()["vault"]
    with open(made.log, errors="replace") as f:
        before = f.read().count("its sandbox refused a system call")
    transport = ask_vault(made, public, number, victim)
    made.wait(lambda: made.children().get("vault", pid) != pid, 20, f"another vault after {name}")
    transport.close()
    with open(made.log, errors="replace") as f:
        text = f.read()
    assert f"injected {name} vault" not in text, "it lived on"
    assert text.count("its sandbox refused a system call") == before + 1, "not the sandbox's doing"
    made.wait_ready()
    front_serves(made, public)


def run_front(story, directory, pki, public, names):
    made = server(directory, pki)
    try:
        for number, name in enumerate(names):
            victim = made.process.pid if number % 2 else made.children()["vault"]
            path = f"{made.directory}/control.sock" if name == "connect_control" else f"{pki}/keys/rsa2048-1.key"
            story.check(f"front cannot: {name}", front_cannot, made, number, name, victim, path)
        story.check("front serves on", front_serves, made, public)
    finally:
        made.stop()


def run_control(story, directory, pki, names):
    made = server(directory, pki, ["--one-process"])
    victim = subprocess.Popen(["sleep", "600"])
    try:
        for number, name in enumerate(names):
            path = f"{made.directory}/control.sock" if name == "connect_control" else f"{pki}/keys/rsa2048-1.key"
            if name not in NO_CONTROL:
                story.check(f"without sandbox: {name}", everybody_else_can, made, number, name, victim.pid, path)
    finally:
        victim.kill()
        victim.wait()
        made.stop()


def run_vault(story, directory, pki, public, names):
    tried = [(n, name) for n, name in enumerate(names) if name not in OWN_RING]
    for first in range(0, len(tried), VAULT_EACH):
        made = server(directory, pki)
        try:
            for number, name in tried[first:first + VAULT_EACH]:
                story.check(f"vault ends of: {name}", vault_ends, made, number, name, made.process.pid, public)
        finally:
            made.stop()


def release_knows_nothing_of_it():
    with open(f"{TOP}/build/release/bin/lurkd", "rb") as f:
        assert MAGIC not in f.read()
    with open(f"{TEST_BIN}/lurkd", "rb") as f:
        assert MAGIC in f.read()


def main():
    if os.geteuid() != 0:
        print("0 passed, 0 failed, 1 skipped")
        return
    story = Story()
    names = attempts()
    with tempfile.TemporaryDirectory(prefix="lurk-injected-") as directory:
        pki = make_pki(f"{directory}/pki", "rsa2048=1", "edge=1")
        public = edge.load_certificate(f"{pki}/keys/rsa2048-1.crt").public_key()
        story.check("a release has no trigger", release_knows_nothing_of_it)
        run_control(story, directory, pki, names)
        run_front(story, directory, pki, public, names)
        run_vault(story, directory, pki, public, names)
    story.end()


if __name__ == "__main__":
    main()
