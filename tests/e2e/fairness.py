#!/usr/bin/python3
"""Isolation under load: what one tenant or peer does costs the others no more than their share.

Counts of one run against counts of the same run, with wide margins: the machine may be busy. The strict
figures are those of make bench B=fairness.

Runs alone: it compares rates.
"""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support", f"{TOP}/tests/interop"]
import edge
from server import BIN, Server, Story, make_pki

SECONDS = 2
KEYS = {"a-rsa": ("rsa2048-1", "tls12-rsa", "a"), "b-rsa": ("rsa2048-2", "tls12-rsa", "b"),
        "b-p256": ("p256-1", "tls12-sign", "b")}


def two_tenants(server):
    """Edge 1 belongs to tenant a, edge 2 to tenant b."""
    server.tenants = ["a", "b"]
    server.edges = [{"name": f"edge-{t}", "tenant": t, "match": f'"uri:lurk://edge/{n}"'} for t, n in (("a", 1), ("b", 2))]
    server.rules = [{"name": f"all-of-{t}", "tenant": t, "edges": "all", "keys": "all", "exchanges": "all",
                     "hashes": "[sha256, sha384, sha512]", "require_poo": "false"} for t in server.tenants]
    return server


class Load:
    """lurk-bench as an edge, in the background."""

    def __init__(self, server, number, key, mix, connections, in_flight, *extra, seconds=SECONDS):
        self.file = tempfile.mktemp(prefix=f"edge-{number}.", suffix=".json", dir=server.directory)
        pki = server.pki
        self.process = subprocess.Popen(
            [f"{BIN}/lurk-bench", "--ca", f"{pki}/ca.crt", "--cert", f"{pki}/edge-{number}.crt", "--key",
             f"{pki}/edge-{number}.key", "--keys", f"{pki}/keys/{key}.pub", "--mix", mix, "--connections", str(connections),
             "--in-flight", str(in_flight), "--warmup", "300ms", "--duration", f"{seconds}s", "--quiet", "--json",
             self.file, *extra, f"127.0.0.1:{server.port['tls']}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def result(self):
        self.process.wait(60)
        with open(self.file) as f:
            return json.load(f)


def served(load):
    """Answers a second of one who was refused nothing."""
    result = load.result()
    counts = result["counts"]
    assert counts["wrong"] == 0 and counts["double"] == 0, counts
    assert not result["refused"], result["refused"]
    return result["all"]["per_second"]


def one_of_two(function):
    """A machine busy with something else lets requests pass their deadline, and shares of it are no measure of
    ours: what fails for that reason is tried once more. What is unfair fails twice."""
    def tried(*arguments):
        try:
            function(*arguments)
        except AssertionError as fault:
            print(f"  once more, after: {fault}")
            function(*arguments)
    return tried


def beside(server, mix, key, *flood):
    """What tenant b gets of `mix` beside this load of tenant a."""
    other = Load(server, 1, "rsa2048-1", "rsa_master", *flood, seconds=SECONDS + 2)
    time.sleep(0.6)  # the other load is up before ours is measured
    rate = served(Load(server, 2, key, mix, 1, 4))
    return rate, other.result()


def flood_costs_no_share(server, mix, key):
    """Beside 1,024 requests in flight against 64: either keeps the workers busy without a pause, by full batches."""
    best = 0
    for _ in range(3):  # another program on the machine may take one of the two runs
        modest, flood = (beside(server, mix, key, *other)[0] for other in ((2, 32), (8, 128)))
        print(f"  {mix}: {modest:.0f}/s beside a modest load, {flood:.0f}/s beside a flood")
        best = max(best, flood / modest)
        if best >= 0.6:
            return
    raise AssertionError(f"{best:.2f} of the share is kept")


def past_the_share_only_the_flood_is_refused(server):
    rate, flood = beside(server, "ecdhe", "p256-1", 8, 1024)
    assert rate > 0
    assert flood["refused"], "8 x 1,024 in flight fit a pool of 4,096"
    assert set(flood["refused"]) == {"rsa_master.temporary_failure"}, flood["refused"]
    rows = [line for line in server.get("/metrics").splitlines() if '_share"' in line]
    assert sum(float(line.rsplit(" ", 1)[1]) for line in rows) > 0, rows
    assert flood["all"]["per_second"] > 0


def malformed_requests_cost_no_share(server):
    before = server.log_text().count("request denied")
    alone = served(Load(server, 2, "p256-1", "ecdhe", 4, 8))
    rate = served(Load(server, 2, "p256-1", "ecdhe", 4, 8, "--hostile", "malformed=1000"))
    print(f"  {alone:.0f}/s alone, {rate:.0f}/s beside 1,000 malformed requests a second")
    assert rate >= 0.6 * alone, f"{rate:.0f}/s, alone {alone:.0f}/s"
    lines = server.log_text().count("request denied") - before
    assert lines <= 10 * (SECONDS + 4), f"{lines} lines of denials"


def idle_connections_cost_nobody(server):
    command = [f"{BIN}/lurk-bench", "--ca", f"{server.pki}/ca.crt", "--cert", f"{server.pki}/edge-1.crt", "--key",
               f"{server.pki}/edge-1.key", "--connections", "0", "--hold", "2000", "--duration", "60s", "--warmup", "0",
               "--quiet", f"127.0.0.1:{server.port['tls']}"]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline().startswith("holding")
        rate = served(Load(server, 2, "p256-1", "ecdhe", 4, 8))
        assert rate > 0
    finally:
        holder.send_signal(signal.SIGTERM)
        holder.wait(20)


def slow_reader(server, pki):
    """An edge that asks for its capabilities and reads no answer, until it is closed or can send no more."""
    peer = edge.Stream("127.0.0.1", server.port["tls"], pki, "edge-1")
    peer.socket.settimeout(2)
    request = edge.message(edge.TLS12, 2) * 64
    sent = 0
    try:
        while sent < 1 << 28:
            peer.send(request)
            sent += len(request)
    except OSError:
        return peer
    raise AssertionError("a quarter of a gigabyte asked, nothing read, and not closed")


def slow_readers_are_closed_and_others_served(server, pki):
    series = "lurk_connections_closed_total"
    before = server.metric(series)
    peers = [slow_reader(server, pki) for _ in range(3)]
    ours = Load(server, 2, "p256-1", "ecdhe", 4, 8)
    try:
        server.wait(lambda: server.metric(series) >= before + 3, 10, "end of the slow readers")
        assert served(ours) > 0
    finally:
        for peer in peers:
            peer.close()


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    directory = tempfile.mkdtemp(prefix="lurk-fairness.")
    story = Story()
    server = None
    try:
        pki = make_pki(f"{directory}/pki", "rsa2048=2", "p256=1", "edge=2")
        server = two_tenants(Server(directory, pki, keys=KEYS, transports=("tls",))).start()
        for mix, key in (("ecdhe", "p256-1"), ("rsa_master", "rsa2048-2")):
            story.check(f"a flood of another tenant costs no share of {mix}", one_of_two(flood_costs_no_share), server, mix, key)
        story.check("past its share only the flood is refused", one_of_two(past_the_share_only_the_flood_is_refused), server)
        story.check("malformed requests cost no share", one_of_two(malformed_requests_cost_no_share), server)
        story.check("2,000 idle connections cost nobody", one_of_two(idle_connections_cost_nobody), server)
        story.check("slow readers are closed and others served",
                    one_of_two(slow_readers_are_closed_and_others_served), server, pki)
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(directory, ignore_errors=True)
    story.end()


if __name__ == "__main__":
    main()
