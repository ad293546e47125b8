#!/usr/bin/python3
"""What a test build serves beyond a release: plain tcp and udp on loopback, null freshness, dumps; and
that a release refuses each of them."""

import os
import resource
import subprocess
import sys
import tempfile

from cryptography.hazmat.primitives.asymmetric import padding

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support", f"{TOP}/tests/interop"]
import edge
from server import TEST_BIN, Server, Story, make_pki

NULL, REFUSED = 255, 7  # invalid_freshness_funct
KEYS = {"rsa-decrypt": ("rsa2048-1", "tls12-rsa")}
PLAIN = [{"name": "plain", "tenant": "shop", "match": '"uri:lurk://plain"'}]


def server(directory, pki, binary=None, transports=("tls",), **sections):
    made = Server(tempfile.mkdtemp(dir=directory), pki, KEYS, binary, (), transports, **sections)
    made.edges = made.edges + PLAIN
    return made


def refused(made, words):
    made.write()
    done = subprocess.run([made.binary, "-c", made.conf, "--check"], capture_output=True, text=True, timeout=30)
    assert done.returncode != 0 and words in done.stdout + done.stderr, done.stdout + done.stderr


def null_master(transport, public):
    """The status, and whether the answer is TLS's own master secret."""
    premaster, client, s = b"\x03\x03" + os.urandom(46), os.urandom(32), edge.server_random()
    payload = edge.key_id(public) + bytes([NULL, 0]) + client + s
    answer = edge.ask(transport, edge.TLS12, 2, payload + public.encrypt(premaster, padding.PKCS1v15()))
    return answer.status, answer.payload == edge.prf(0, premaster, b"master secret", client + s, 48)


def null_is_served(transport, public):
    assert null_master(transport, public) == (edge.SUCCESS, True)


def null_is_refused(transport, public):
    status, _ = null_master(transport, public)
    assert status == REFUSED, status


def dumpable(made, wanted):
    for role, pid in made.children().items():
        with open(f"/proc/{pid}/status") as f:
            assert f.read(), role
        soft, _ = resource.prlimit(pid, resource.RLIMIT_CORE)
        assert (soft != 0) == wanted, f"{role}: core limit {soft}"


def run(story, made, name, *checks):
    try:
        made.start()
        for what, function, *arguments in checks:
            story.check(f"{name}: {what}", function, *[a() if callable(a) else a for a in arguments])
    finally:
        made.stop()


def main():
    story = Story()
    with tempfile.TemporaryDirectory(prefix="lurk-testbuild-") as directory:
        pki = make_pki(f"{directory}/pki", "rsa2048=1", "edge=1")
        public = edge.load_certificate(f"{pki}/keys/rsa2048-1.crt").public_key()
        test, release = f"{TEST_BIN}/lurkd", None
        for transport in ("tcp", "udp"):
            made = server(directory, pki, release, ("tls", transport))
            story.check(f"release refuses {transport}", refused, made, "is not in this build")
        made = server(directory, pki, test, ("tcp",))
        made.address = "0.0.0.0"
        story.check("test build refuses tcp that others reach", refused, made, "is open to others")
        made = server(directory, pki, test, ("tls", "tcp"))
        plain = lambda: edge.Plain("127.0.0.1", made.port["tcp"])
        run(story, made, "test build", ("tcp serves", edge.rsa_master, plain, public),
            ("null freshness", null_is_served, plain, public), ("dumps", dumpable, made, True))
        made = server(directory, pki, release)
        tls = lambda: edge.Stream("127.0.0.1", made.port["tls"], pki, "edge-1")
        run(story, made, "release", ("tls serves", edge.rsa_master, tls, public),
            ("no null freshness", null_is_refused, tls, public), ("no dumps", dumpable, made, False))
    story.end()


if __name__ == "__main__":
    main()
