#!/usr/bin/python3
"""A tenant that a reload adds is served, and apart from those that were there; an option that needs a restart is named
by the reload that it refuses."""

import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
import edge
from server import Server, Story, make_pki

GENERATION = 'lurk_config_generation{process="front"}'
RESTART = {"window": "61 s", "window_ecdhe": "11 s", "novelty": "false", "batch_wait": "20 us", "check_ecdsa": "true"}


def sign(server, pki, name, key):
    transport = edge.Stream("127.0.0.1", server.port["tls"], pki, name)
    try:
        edge.ecdhe(transport, edge.load_certificate(f"{pki}/keys/{key}.crt").public_key(), b"\x04\x03", edge.GROUPS[0])
    finally:
        transport.close()


def is_denied(server, pki, name, key):
    before = sum_of(server, "lurk_policy_denied_total")
    try:
        sign(server, pki, name, key)
    except Exception:
        pass
    else:
        raise RuntimeError(f"{name} signs with {key}")
    assert sum_of(server, "lurk_policy_denied_total") > before, "no denial was counted"


def sum_of(server, series):
    return sum(float(line.rsplit(" ", 1)[1]) for line in server.get("/metrics").splitlines()
               if line.startswith((series + " ", series + "{")))


def add_tenant(server, pki):
    server.tenants.append("late")
    server.keys["late"] = ("p256-2", "tls12-sign", "late")
    server.edges = [{"name": "edges", "tenant": "shop", "match": '"uri:lurk://edge/1"'},
                    {"name": "late-edges", "tenant": "late", "match": '"uri:lurk://edge/2"'}]
    server.rules.append({**server.rules[0], "name": "late", "tenant": "late"})
    server.write()
    before = server.metric(GENERATION)
    server.reload()
    server.wait(lambda: server.metric(GENERATION) > before, 10, "the new configuration")
    sign(server, pki, "edge-2", "p256-2")
    sign(server, pki, "edge-1", "p256-1")


def needs_a_restart(server, pki, option, value):
    server.sections["requests"] = {option: value}
    server.write()
    before = server.metric(GENERATION)
    server.reload()
    server.wait(lambda: f"requests.{option}" in server.log_text(), 10, "refusal")
    assert server.metric(GENERATION) == before
    sign(server, pki, "edge-1", "p256-1")


def main():
    story = Story()
    with tempfile.TemporaryDirectory(prefix="lurk-tenants-") as directory:
        pki = make_pki(f"{directory}/pki", "p256=2", "edge=2")
        server = Server(directory, pki, keys={"p256": ("p256-1", "tls12-sign")}, cpu={"loops": '"0"', "workers": '"0"'})
        server.edges = [{"name": "edges", "tenant": "shop", "match": '"uri:lurk://edge/1"'}]
        try:
            server.start()
            story.check("one tenant is served", sign, server, pki, "edge-1", "p256-1")
            story.check("a reload adds a tenant", add_tenant, server, pki)
            story.check("the old tenant has no use of its key", is_denied, server, pki, "edge-1", "p256-2")
            story.check("nor it of theirs", is_denied, server, pki, "edge-2", "p256-1")
            for option, value in RESTART.items():
                story.check(f"{option} needs a restart and is named", needs_a_restart, server, pki, option, value)
        finally:
            server.stop()
    story.end()


if __name__ == "__main__":
    main()
