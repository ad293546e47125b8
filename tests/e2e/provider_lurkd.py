#!/usr/bin/python3
"""lurk.so before a real key server: nginx serves TLS 1.2 with keys that are only in lurkd, whose rules demand a
proof of ownership of every share. Between the two first a relay that reads nothing, and tells which exchange it
was; then a real agent, over TLS and over DTLS.
"""

import os
import struct
import sys
import tempfile
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support", f"{TOP}/tests/interop"]
import edge
from agent import Agent as LurkAgent
from edge_host import Client, World, nginx
from pretended_agent import Agent
from server import Server, Story

SERVED = {"decrypt": ("rsa2048-1", "tls12-rsa"), "sign": ("rsa2048-2", "tls12-sign"), "p256": ("p256-1", "tls12-sign"),
          "p384": ("p384-1", "tls12-sign"), "ed25519": ("ed25519-1", "tls12-sign")}
ECDHE, ECDSA = "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"
ROWS = [
    *((f"ecdhe_{group}", ["rsa2048-2"], ["-cipher", ECDHE, "-groups", group])
      for group in ("X25519", "P-256", "P-384", "P-521", "X448")),
    ("ecdhe_pkcs1", ["rsa2048-2"], ["-cipher", ECDHE, "-sigalgs", "RSA+SHA512"]),
    ("ecdsa_p256", ["rsa2048-2", "p256-1"], ["-cipher", ECDSA]),
    ("ecdsa_p384", ["p384-1"], ["-cipher", ECDSA, "-groups", "X25519:P-384"]),
    ("ed25519", ["ed25519-1"], ["-cipher", ECDSA]),
    ("rsa_extended_master", ["rsa2048-1"], ["-cipher", "AES128-GCM-SHA256"]),
    ("rsa_extended_master_sha384", ["rsa2048-1"], ["-cipher", "AES256-GCM-SHA384"]),
    ("rsa_master", ["rsa2048-1"], ["-cipher", "AES128-GCM-SHA256"]),
]


class Relay(Agent):
    """Requests go to lurkd as they are, answers back."""

    def __init__(self, address, server):
        self.stream = edge.Stream("127.0.0.1", server.port["tls"], server.pki, "edge-1")
        self.turn = threading.Lock()
        super().__init__(address, [])

    def answer(self, message, left_ms=0):
        with self.turn:
            self.stream.send(message)
            answer = self.stream.receive()
        assert answer[4:12] == message[4:12]
        self._note({"exchange": (message[0], message[2]), "status": answer[3]})
        return answer


def shakes(world, names, options, exchange, conf="/dev/null"):
    with nginx(world, world.full, *names) as served:
        world.agent.take()
        client = Client(world, served.port, "-tls1_2", *options, conf=conf)
        seen = world.agent.take()
        assert seen == [{"exchange": exchange, "status": 1}], (seen, client.text[-1500:], world.trace("full")[-500:])
        assert client.good, client.text[-1500:]
        # S of tls12 begins with the time, and F keeps it; behind it is the mark, since 1.3 was on offer.
        random = bytes.fromhex(client.random())
        assert abs(struct.unpack(">I", random[:4])[0] - time.time()) < 30 and random[24:] == b"DOWNGRD\1"


def served(server, exchange, status="success"):
    return server.metric(f'lurk_requests_total{{exchange="{exchange}",status="{status}"}}')


def through_agent(world, server, names, options, exchange, conf):
    name = {(1, 6): "tls12.ecdhe", (1, 2): "tls12.rsa_master", (1, 4): "tls12.rsa_extended_master"}[exchange]
    before = served(server, name)
    with nginx(world, world.full, *names) as web:
        client = Client(world, web.port, "-tls1_2", *options, conf=conf)
        assert client.good, (client.text[-1500:], world.trace("full")[-500:])
    assert served(server, name) == before + 1


def agent_succeeds(world, agent):
    """An agent gives way to the next one; handshakes go on."""
    with nginx(world, world.full, "p256-1") as web:
        assert Client(world, web.port, "-tls1_2").good
        assert agent.take_over() == 0
        agent.wait_healthy(len(agent.servers))
        assert Client(world, web.port, "-tls1_2").good, world.trace("full")[-500:]


def no_agent(world, agent):
    """Without an agent handshakes end at once; with the next one they are good."""
    with nginx(world, world.full, "p256-1") as web:
        assert Client(world, web.port, "-tls1_2").good
        agent.stop()
        client = Client(world, web.port, "-tls1_2")
        assert not client.good and "internal error" in client.text
        agent.start()
        assert Client(world, web.port, "-tls1_2").good, world.trace("full")[-500:]


def with_agent(story, world, server, transport, conf):
    agent = LurkAgent(world.directory, world.pki, [("one", server.port[transport], transport)])
    agent.sockets = [world.agent_name]
    agent.allow = [f"user: {name}" for name in ("www-data", "nobody")]
    agent.start()
    try:
        for name, names, options in ROWS:
            story.check(f"agent_{transport}_{name}", through_agent, world, server, names, options, exchange_of(name),
                        conf if name == "rsa_master" else "/dev/null")
        story.check(f"agent_{transport}_gives_way", agent_succeeds, world, agent)
        story.check(f"agent_{transport}_is_missing", no_agent, world, agent)
    finally:
        agent.stop()


def exchange_of(name):
    return (1, 6) if not name.startswith("rsa_") else (1, 2) if name == "rsa_master" else (1, 4)


def main():
    story = Story()
    with tempfile.TemporaryDirectory() as directory:
        world = World(directory, agent=None)
        server = Server(f"{directory}/lurkd", world.pki, SERVED, transports=("tls", "dtls"))
        server.rules[0]["require_poo"] = "true"
        server.start()
        try:
            world.agent = Relay(world.agent_name, server)
            plain = f"{directory}/noems.cnf"
            with open(plain, "w") as f:
                f.write("openssl_conf=i\n[i]\nssl_conf=s\n[s]\nsystem_default=d\n[d]\nOptions=-ExtendedMasterSecret\n")
            for name, names, options in ROWS:
                story.check(name, shakes, world, names, options, exchange_of(name),
                            plain if name == "rsa_master" else "/dev/null")
            world.agent.close()
            for transport in ("tls", "dtls"):
                with_agent(story, world, server, transport, plain)
        finally:
            server.stop()
    story.end()


main()
