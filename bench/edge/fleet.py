"""fleet: one agent before two key servers, at a fixed rate; then one of the two has a quarter of its CPU. Its processes run
and stand still in turns of half a millisecond and one and a half, which is what a slower machine looks like from outside."""

import os
import signal
import statistics
import threading
import time

import e2e
import edge
from agent import Agent, Load, Signer
from server import Server, make_pki

RATE = 300
RUNS_S, STANDS_S = 0.0005, 0.0015


class Slowed:
    """As long as it lasts the server runs a quarter of the time."""

    def __init__(self, server):
        self.pids, self.over = list(server.children().values()), threading.Event()
        self.thread = threading.Thread(target=self.turns)

    def send(self, what):
        for pid in self.pids:
            os.kill(pid, what)

    def turns(self):
        while not self.over.is_set():
            self.send(signal.SIGSTOP)
            time.sleep(STANDS_S)
            self.send(signal.SIGCONT)
            time.sleep(RUNS_S)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


class Untouched:
    def __init__(self, _):
        pass

    def __enter__(self):
        pass

    def __exit__(self, *_):
        pass


def quantiles(report, agent, maker, seconds):
    load = Load(agent, maker, RATE)
    time.sleep(seconds)
    load.stop()
    if load.failed:
        report.fault(f"fleet: {len(load.failed)} of {load.answered + len(load.failed)} failed: {load.failed[:3]}")
    return load.quantile(0.5) * 1e3, load.quantile(0.99) * 1e3


def measure(report, base, rounds, seconds):
    pki = make_pki(f"{base}/pki", "p256=1", "edge=1")
    servers, agent = [], None
    ways = {"both_healthy": Untouched, "one_slowed": Slowed}
    p50, p99 = {w: [] for w in ways}, {w: [] for w in ways}
    try:
        for i in range(2):
            os.mkdir(f"{base}/{i}")
            servers.append(Server(f"{base}/{i}", pki, keys={"p256": ("p256-1", "tls12-sign")}, cpu={"spin": "never"}).start())
        maker = Signer(edge.load_certificate(f"{pki}/keys/p256-1.crt").public_key())
        agent = Agent(base, pki, [(f"k{i}", s.port["tls"], "tls") for i, s in enumerate(servers)])
        agent.start()
        agent.wait_healthy(2)
        quantiles(report, agent, maker, 1)
        for _ in range(rounds):
            for way, kind in ways.items():
                with kind(servers[1]):
                    half, most = quantiles(report, agent, maker, seconds)
                p50[way].append(half)
                p99[way].append(most)
    finally:
        if agent is not None:
            agent.stop()
        for server in servers:
            server.stop()
    for way in ways:
        report.figure(f"fleet_{way}_p50", p50[way], "ms", 2)
        report.figure(f"fleet_{way}_p99", p99[way], "ms", 2)
        e2e.say(f"  {way}: p50 {statistics.median(p50[way]):.2f} ms, p99 {statistics.median(p99[way]):.2f} ms at {RATE}/s")
    report.ratio("fleet_p99_one_slowed_vs_both_healthy", [a / b for a, b in zip(p99["one_slowed"], p99["both_healthy"])], "<= 3")
