#!/usr/bin/python3
"""A CRL that ends while lurkd runs: its end is shown beforehand and said once, edges are refused, a reload with it is
refused, and a fresh one mends it all."""

import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
import edge
from server import Server, Story, make_pki

LIFE_S = 6
SAID = "channel.crl has expired: every edge is refused"
EXPIRY = 'lurk_crl_expiry_seconds{process="front"}'


def ask(server, pki):
    edge.ask(edge.Stream("127.0.0.1", server.port["tls"], pki, "edge-1"), edge.LURK, 1)


def shows_its_end(server, made_s):
    left = server.metric(EXPIRY) - made_s
    assert LIFE_S - 2 <= left <= LIFE_S + 2, left


def is_said_once(server, pki):
    server.wait(lambda: SAID in server.log_text(), LIFE_S + 10, "word of the expired CRL")
    try:
        ask(server, pki)
    except OSError:
        pass
    else:
        raise AssertionError("an edge is let in under an expired CRL")
    assert server.log_text().count(SAID) == 1


def reload_is_refused(server):
    server.reload()
    server.wait(lambda: "reload refused" in server.log_text(), 10, "refusal")
    assert "channel crl: has expired" in server.log_text()


def fresh_one_mends(server, pki, crl):
    shutil.copy(f"{pki}/crl.pem", crl)
    server.reload()
    server.wait(lambda: '"reloaded"' in server.log_text(), 10, "reload")
    ask(server, pki)
    assert server.metric(EXPIRY) > time.time() + 86400


def main():
    story = Story()
    with tempfile.TemporaryDirectory(prefix="lurk-crl-") as directory:
        pki = make_pki(f"{directory}/pki", "p256=1", "edge=1")
        crl = f"{directory}/short.pem"
        server = Server(directory, pki, keys={"p256": ("p256-1", "tls12-sign")}, channel={"crl": crl})
        made_s = time.time()
        subprocess.run(["openssl", "ca", "-config", "pki.cnf", "-name", "ca", "-gencrl", "-crlsec", str(LIFE_S), "-out", crl],
                       cwd=pki, check=True, capture_output=True)
        try:
            server.start()
            story.check("an edge is let in before", ask, server, pki)
            story.check("the end of the CRL is shown", shows_its_end, server, made_s)
            story.check("the end is said once", is_said_once, server, pki)
            story.check("a reload with it is refused", reload_is_refused, server)
            story.check("a fresh one mends it", fresh_one_mends, server, pki, crl)
        finally:
            server.stop()
    story.end()


if __name__ == "__main__":
    main()
