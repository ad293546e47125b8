#!/usr/bin/python3
"""A server of one process under edges and reloads, for sanitizers to watch: the threads of front and vault
then share what two processes could not be seen to share. Uses LURK_BIN; ends with "N passed, N failed".
"""

import os
import sys
import tempfile
import threading

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support", f"{TOP}/tests/interop"]
import edge
from server import Server, Story, make_pki

ROUNDS = 30


def load(make, pki):
    public = {n: edge.load_certificate(f"{pki}/keys/{n}.crt").public_key() for n in ("rsa2048-1", "p256-1")}
    transport = make()
    for _ in range(ROUNDS):
        edge.rsa_master(transport, public["rsa2048-1"])
        edge.ecdhe(transport, public["p256-1"], b"\x04\x03", edge.GROUPS[0], 0)
    transport.close()


def in_thread(faults, function, *arguments):
    def body():
        try:
            function(*arguments)
        except Exception as fault:
            faults.append(fault)

    thread = threading.Thread(target=body)
    thread.start()
    return thread


def edges_and_reloads(server, pki):
    stream = lambda: edge.Stream("127.0.0.1", server.port["tls"], pki, "edge-1")
    datagrams = lambda: edge.Datagrams("127.0.0.1", server.port["dtls"], pki, "edge-2")
    faults = []
    threads = [in_thread(faults, load, make, pki) for make in (stream, stream, datagrams)]
    generation = 1
    while any(t.is_alive() for t in threads):
        server.reload()
        generation += 1
        server.wait(lambda: server.metric('lurk_config_generation{process="vault"}') >= generation, 60, "reload")
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]


def log_is_clean(server):
    with open(server.log, errors="replace") as f:
        text = f.read()
    at = text.find("Sanitizer")
    assert at < 0, text[max(0, at - 200) : at + 8000]


def ended_well(code):
    assert code == 0, f"code {code}"


def main():
    story = Story()
    with tempfile.TemporaryDirectory(prefix="lurk-one-") as directory:
        pki = make_pki(f"{directory}/pki", "rsa2048=1", "p256=1")
        keys = {"rsa-decrypt": ("rsa2048-1", "tls12-rsa"), "p256": ("p256-1", "tls12-sign")}
        server = Server(directory, pki, keys, arguments=["--one-process"])
        try:
            server.start(60)
            story.check("edges and reloads", edges_and_reloads, server, pki)
        finally:
            code = server.stop(30)
        story.check("it ends by itself", ended_well, code)
        story.check("no sanitizer spoke", log_is_clean, server)
    story.end()


if __name__ == "__main__":
    main()
