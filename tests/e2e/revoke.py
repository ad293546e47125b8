#!/usr/bin/python3
"""A reload judges live peers again (T21): who is revoked or no longer an edge gets its last answer within a
second, over TLS and DTLS, under load; who stays notices nothing.

Runs alone: it measures time.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support", f"{TOP}/tests/interop"]
import edge
from server import BIN, Server, Story, make_pki

KEYS = {"rsa-decrypt": ("rsa2048-1", "tls12-rsa"), "p256": ("p256-1", "tls12-sign")}
GENERATION = 'lurk_config_generation{process="front"}'
WITHIN_S = 1.0
LOAD_S = 6


class Peer(threading.Thread):
    """An edge that asks for signatures one after another, and remembers when the last came."""

    def __init__(self, server, pki, transport, name):
        super().__init__(daemon=True)
        kind = {"tls": edge.Stream, "dtls": edge.Datagrams}[transport]
        self.label = f"{name} over {transport}"
        self.transport = kind("127.0.0.1", server.port[transport], pki, name)
        self.public = edge.load_certificate(f"{pki}/keys/p256-1.crt").public_key()
        self.last = self.why = None
        self.count, self.stopped = 0, False
        self.start()

    def run(self):
        try:
            while not self.stopped:
                edge.ecdhe(self.transport, self.public, b"\4\3", edge.GROUPS[0], 0)
                self.last = time.monotonic()
                self.count += 1
        except (OSError, AssertionError) as end:
            self.why = end


def load(server, pki, transport):
    """lurk-bench as an edge that stays."""
    return subprocess.Popen(
        [f"{BIN}/lurk-bench", "--transport", transport, "--ca", f"{pki}/ca.crt", "--cert", f"{pki}/edge-2.crt", "--key",
         f"{pki}/edge-2.key", "--keys", f"{pki}/keys", "--mix", "ecdhe", "--connections", "4", "--in-flight", "8",
         "--warmup", "0", "--duration", str(LOAD_S), "--quiet", "--json", "-", f"127.0.0.1:{server.port[transport]}"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def unharmed(process):
    counts = json.loads(process.communicate(timeout=60)[0])["counts"]
    assert counts["answered"] > 100, counts
    bad = {name: counts[name] for name in ("wrong", "double", "unknown") if counts[name]}
    assert not bad, bad


def judged(server, pki, leaver, change):
    """The leaver ends soon after the reload that change() prepared; edge-2 goes on, with the load."""
    loads = [load(server, pki, t) for t in ("tls", "dtls")]
    try:
        leavers = [Peer(server, pki, t, leaver) for t in ("tls", "dtls")]
        stayers = [Peer(server, pki, t, "edge-2") for t in ("tls", "dtls")]
        server.wait(lambda: all(p.count > 20 for p in leavers + stayers), 20, "answers for all")
        before = server.metric(GENERATION)
        change()
        server.reload()
        server.wait(lambda: server.metric(GENERATION) > before, 10, "the new configuration")
        used = time.monotonic()
        counts = [p.count for p in stayers]
        for peer in leavers:
            peer.join(10)
            assert not peer.is_alive(), f"{peer.label} is served on"
            assert isinstance(peer.why, ConnectionError), f"{peer.label}: {peer.why!r}"
            assert peer.last <= used + WITHIN_S, f"{peer.label}: an answer {peer.last - used:.3f} s after the reload"
        for peer, count in zip(stayers, counts):
            assert peer.why is None, f"{peer.label}: {peer.why!r}"
            server.wait(lambda: peer.count > count + 20, 20, f"more answers for {peer.label}")
            peer.stopped = True
        for peer in stayers:
            peer.join(10)
        for process in loads:
            unharmed(process)
    finally:
        for process in loads:
            process.kill()
            process.wait()


def refused(server, pki, name):
    """It cannot come back either."""
    for kind, transport in ((edge.Stream, "tls"), (edge.Datagrams, "dtls")):
        try:
            edge.ask(kind("127.0.0.1", server.port[transport], pki, name), edge.LURK, 1)
        except OSError:
            continue
        raise AssertionError(f"{name} is let in over {transport}")


def revoked(base, pki):
    crl = f"{base}/crl.pem"
    shutil.copy(f"{pki}/crl.pem", crl)
    server = Server(base, pki, keys=KEYS, channel={"crl": crl})
    try:
        server.start()
        judged(server, pki, "edge-revoked", lambda: shutil.copy(f"{pki}/crl-revoked.pem", crl))
        refused(server, pki, "edge-revoked")
        assert server.stop() == 0, server.log_text()
    finally:
        server.stop()


def removed(base, pki):
    server = Server(base, pki, keys=KEYS)
    rows = [{"name": f"edge-{i}", "tenant": "shop", "match": f'"uri:lurk://edge/{i}"'} for i in (1, 2)]

    def without_first():
        server.edges = rows[1:]
        server.write()

    server.edges = rows
    try:
        server.start()
        judged(server, pki, "edge-1", without_first)
        refused(server, pki, "edge-1")
        assert server.stop() == 0, server.log_text()
    finally:
        server.stop()


def main():
    story = Story()
    with tempfile.TemporaryDirectory(prefix="lurk-revoke-") as base:
        pki = make_pki(f"{base}/pki", "rsa2048=1", "p256=1", "edge=2")
        for name, function in (("a revoked edge is closed", revoked), ("a removed edge is closed", removed)):
            directory = f"{base}/{function.__name__}"
            os.mkdir(directory)
            story.check(name, function, directory, pki)
    story.end()


if __name__ == "__main__":
    main()
