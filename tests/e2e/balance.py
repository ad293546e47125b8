#!/usr/bin/python3
"""Mixed load over TLS and DTLS, edges that come, go and vanish: afterwards every slot, buffer and peer is
back where it came from, and neither child has grown. LURK_BALANCE_S sets how long (12 s).

Runs alone: with four loads beside a server that spins, a loop may wait longer for a CPU than its heartbeat may.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, f"{TOP}/tests/support")
from server import BIN, Server, Story, make_pki

KEYS = {"rsa-decrypt": ("rsa2048-1", "tls12-rsa"), "p256": ("p256-1", "tls12-sign")}
SECONDS = float(os.environ.get("LURK_BALANCE_S", "12"))
IDLE_S = 2  # after which an association of a vanished edge ends
GROWTH_KB_MAX = 4096
# What has to be 0 when nobody is there. The rings' depth of a loop is what is in the vault's hands.
GAUGES = ("lurk_connections", "lurk_slots_used", "lurk_output_chunks_used", "lurk_message_parts_used",
          "lurk_ring_depth", "lurk_queue_depth")
MIXES = (("tls", "ecdhe=3,rsa_master=1,ping=2", ()),
         ("tls", "rsa_extended_master=1,capabilities=1", ("--hostile", "malformed=500")),
         ("dtls", "ecdhe=3,rsa_master=1,ping=2", ()),
         ("dtls", "ping=1,capabilities=1", ()))


def load(server, pki, transport, mix, more, vanishes):
    """A closed loop of 10 edges that ends by itself after a second, or has the time to be killed before."""
    return subprocess.Popen(
        [f"{BIN}/lurk-bench", "--transport", transport, "--ca", f"{pki}/ca.crt", "--cert", f"{pki}/edge-1.crt", "--key",
         f"{pki}/edge-1.key", "--keys", f"{pki}/keys/rsa2048-1.crt,{pki}/keys/p256-1.crt", "--mix", mix,
         "--connections", "10", "--in-flight", "4", "--reconnect", "--warmup", "0", "--duration",
         "30s" if vanishes else "1s", "--quiet", "--json", "-", *more, f"127.0.0.1:{server.port[transport]}"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def judge(text):
    counts = json.loads(text)["counts"]
    bad = {name: counts[name] for name in ("wrong", "double", "unknown") if counts[name]}
    assert not bad, bad
    return counts["answered"]


def round_of_load(server, pki, number):
    """Each kind of load at once; one of them vanishes without a word. Returns the answers checked."""
    loads = [load(server, pki, *row, vanishes=i == number % len(MIXES)) for i, row in enumerate(MIXES)]
    try:
        answered = sum(judge(p.communicate(timeout=60)[0]) for i, p in enumerate(loads) if i != number % len(MIXES))
    finally:
        for process in loads:
            process.kill()
            process.communicate()
    return answered


def unbalanced(server):
    out = {}
    for line in server.get("/metrics").splitlines():
        name, value = line.rsplit(" ", 1)
        if re.split(r"[{ ]", name)[0] in GAUGES and float(value) != 0:
            out[name] = float(value)
    # The gauge of connections is read once a second; the counters are always true.
    opened, closed = (server.metric(f"lurk_connections_{what}_total") for what in ("opened", "closed"))
    if opened != closed:
        out["open"] = opened - closed
    return out


def resident_kb(server):
    """Heap and locked memory. Not the shared table of uses seen: its pages come with the requests, and how many
    of those the second half brings is the machine's affair."""
    out = {}
    for role, pid in server.children().items():
        with open(f"/proc/{pid}/status") as f:
            out[role] = sum(int(kb) for kb in re.findall(r"(?:RssAnon|VmLck):\s+(\d+)", f.read()))
    return out


def locked_kb(server):
    with open(f"/proc/{server.children()['vault']}/status") as f:
        return int(re.search(r"VmLck:\s+(\d+)", f.read())[1])


def first_request(server, pki):
    """The first call of the library by a worker, which has to find its heap there."""
    before = locked_kb(server)
    done = subprocess.run([f"{BIN}/lurk-bench", "--ca", f"{pki}/ca.crt", "--cert", f"{pki}/edge-1.crt", "--key",
                           f"{pki}/edge-1.key", "--keys", f"{pki}/keys/rsa2048-1.crt", "--mix", "rsa_master",
                           "--connections", "1", "--in-flight", "1", "--warmup", "0", "--duration", "100ms", "--quiet",
                           f"127.0.0.1:{server.port['tls']}"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert locked_kb(server) == before, (before, locked_kb(server))


def balance(server, pki):
    end = time.monotonic() + SECONDS
    number = answered = 0
    half = None
    while number < len(MIXES) or time.monotonic() < end:
        answered += round_of_load(server, pki, number)
        number += 1
        # Every kind of load has been there: what is still to be touched for the first time is little.
        if half is None and number >= len(MIXES) and time.monotonic() >= end - SECONDS / 2:
            half = resident_kb(server)
    assert answered > 1000, answered
    left = {}

    def balanced():
        left.clear()
        left.update(unbalanced(server))
        return not left

    try:
        server.wait(balanced, IDLE_S + 10, "balance")
    except RuntimeError as e:
        raise AssertionError(f"left over after {IDLE_S + 10} s: {left}\n{server.log_text()}") from e
    closed = server.metric("lurk_connections_closed_total")
    assert closed > 30 * number, closed
    after = resident_kb(server)
    if half is not None:
        growth = {role: after[role] - half[role] for role in after}
        assert set(growth) == {"front", "vault"} and max(growth.values()) < GROWTH_KB_MAX, (half, after)


def ends_well(server):
    code = server.stop()
    assert code == 0, f"exit code {code}\n{server.log_text()}"


def main():
    story = Story()
    with tempfile.TemporaryDirectory(prefix="lurk-balance-") as base:
        pki = make_pki(f"{base}/pki", "rsa2048=1", "p256=1", "edge=1")
        server = Server(base, pki, keys=KEYS, limits={"idle": f"{IDLE_S} s"}, server={"log_level": "warning"})
        try:
            server.start()
            story.check("no request makes the vault lock memory", first_request, server, pki)
            story.check("nothing is left over after the load", balance, server, pki)
            story.check("the server ends well", ends_well, server)
        finally:
            server.stop()
    story.end()


if __name__ == "__main__":
    main()
