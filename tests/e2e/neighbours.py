#!/usr/bin/python3
"""A tenant that floods, and strangers that prove nothing, do not keep the others out.

No times are asserted: what counts is that the neighbour's requests are worked while the flood is refused.
"""

import os
import socket
import sys
import tempfile
import threading

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support", f"{TOP}/tests/interop"]
import edge
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from server import Server, Story, make_pki

FLOODS = 5
DEPTH = 1000
ASKED = 100

TENANTS = """
  - {name: a, tenant: shop, match: "uri:lurk://edge/1"}
  - {name: b, tenant: mall, match: "uri:lurk://edge/2"}
rules:
  - {name: a, tenant: shop, edges: all, keys: all, exchanges: all, hashes: [sha256]}
  - {name: b, tenant: mall, edges: all, keys: all, exchanges: all, hashes: [sha256], require_poo: false}
"""


class TwoTenants(Server):
    def write(self):
        super().write()
        with open(self.conf) as f:
            text = f.read()
        text = text.replace("- name: shop\n", "- name: shop\n  - name: mall\n", 1)
        head, keys = text[:text.index("edges:\n") + len("edges:")].split("  - name: p256", 1)
        text = head + "  - name: p256" + keys.replace("tenant: shop", "tenant: mall", 1) + TENANTS
        with open(self.conf, "w") as f:
            f.write(text)


def public(pki, name):
    return edge.load_certificate(f"{pki}/keys/{name}.crt").public_key()


def flood(server, stop):
    """The dearest operation there is, as many as one connection may have outstanding."""
    key = edge.key_id(public(server.pki, "rsa4096-1"))
    one = lambda: edge.message(edge.TLS12, 2, key + b"\0\0" + os.urandom(32) + edge.server_random() + bytes(512))
    stream = edge.Stream("127.0.0.1", server.port["tls"], server.pki, "edge-1")
    stream.send(b"".join(one() for _ in range(DEPTH)))
    try:
        while not stop.is_set():
            stream.receive()
            stream.send(one())
    except OSError:
        return  # the server ended first


def neighbour_is_served(server):
    key = edge.key_id(public(server.pki, "p256-1"))
    point = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    params = b"\3\0\x17" + edge.vec(1, point)
    stop = threading.Event()
    floods = [threading.Thread(target=flood, args=(server, stop), daemon=True) for _ in range(FLOODS)]
    for thread in floods:
        thread.start()
    refused = lambda: sum(server.metric(f'lurk_refused_total{{reason="{why}"}}')
                          for why in ("tenant_share", "peer_share", "no_slot", "deadline"))
    server.wait(lambda: refused() > DEPTH, 30, "flood")
    stream, good = edge.Stream("127.0.0.1", server.port["tls"], server.pki, "edge-2"), 0
    for _ in range(ASKED):
        payload = key + b"\0" + os.urandom(32) + edge.server_random() + b"\4\3" + params + b"\0"
        good += edge.ask(stream, edge.TLS12, 6, payload).status == edge.SUCCESS
    stop.set()
    assert good >= ASKED * 95 // 100, f"{good} of {ASKED} worked"


def strangers_leave_places(server):
    held = [socket.create_connection(("127.0.0.1", server.port["tls"])) for _ in range(96)]
    server.wait(lambda: server.metric("lurk_connections_refused_total") > 0, 10, "refusal of strangers")
    real = socket.create_connection
    socket.create_connection = lambda address, timeout=None: real(address, timeout, ("127.0.0.3", 0))
    try:
        edge.ask(edge.Stream("127.0.0.1", server.port["tls"], server.pki, "edge-2"), edge.LURK, 1)
    finally:
        socket.create_connection = real
    for one in held:
        one.close()


def main():
    story = Story()
    with tempfile.TemporaryDirectory() as directory:
        pki = make_pki(f"{directory}/pki", "rsa4096=1", "p256=1")
        keys = {"rsa": ("rsa4096-1", "tls12-rsa"), "p256": ("p256-1", "tls12-sign")}
        server = TwoTenants(directory, pki, keys, limits={"conns_per_loop": 64}).start()
        try:
            story.check("neighbour_of_a_flood_is_served", neighbour_is_served, server)
            story.check("strangers_leave_places_to_edges", strangers_leave_places, server)
        finally:
            server.stop()
    story.end()


main()
