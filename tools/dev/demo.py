#!/usr/bin/python3
"""make demo: a key server on loopback, an edge that asks it, five seconds of load on each transport; then stock TLS
servers that serve pages with keys they do not have.

Everything lies in build/demo; nothing is left running.
"""

import glob
import json
import os
import shutil
import signal
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support", f"{TOP}/tests/interop"]
sys.dont_write_bytecode = True
import edge
from demo_edge import edge_demo
from server import BIN, Server, make_pki


def say(text):
    print(f"\n== {text}", flush=True)


def ask(name, transport, pki):
    sign = edge.load_certificate(f"{pki}/keys/p256-1.crt").public_key()
    decrypt = edge.load_certificate(f"{pki}/keys/rsa2048-1.crt").public_key()
    extensions, state = edge.lurk_capabilities(transport)
    print(f"{name}: capabilities: extensions {extensions}, state {state.hex()}")
    rows, _ = edge.tls12_capabilities(transport)
    print(f"{name}: tls12 serves types {list(rows)}")
    edge.ecdhe(transport, sign, b"\x04\x03", edge.GROUPS[0])
    print(f"{name}: ecdhe: signature over client_random || F(S) || params verifies with the certificate's key")
    edge.rsa_master(transport, decrypt)
    print(f"{name}: rsa_master: the 48 bytes are the PRF of the premaster that the edge encrypted")


def bench(server, pki, transport):
    say(f"lurk-bench, five seconds over {transport}, every answer verified on a sample")
    subprocess.run(
        [f"{BIN}/lurk-bench", "--transport", transport, "--ca", f"{pki}/ca.crt", "--cert", f"{pki}/edge-1.crt",
         "--key", f"{pki}/edge-1.key", "--keys", f"{pki}/keys", "--mix", "ecdhe=3,rsa_master=1", "--proof",
         "sha256_128", "--connections", "4", "--in-flight", "8", "--duration", "5", "--verify", "10%",
         "--metrics", f"127.0.0.1:{server.admin}", f"127.0.0.1:{server.port[transport]}"],
        check=True)


def key_server(base):
    """True: it did all that was asked of it."""
    say("a throw-away authority, an edge, two site keys (RSA-2048 to decrypt, P-256 to sign)")
    pki = make_pki(f"{base}/pki", "rsa2048=1", "p256=1", "edge=1")
    server = Server(base, pki, keys={"rsa-decrypt": ("rsa2048-1", "tls12-rsa"), "p256": ("p256-1", "tls12-sign")})
    code = None
    try:
        say(f"lurkd -c build/demo/lurkd.conf   (TLS port {server.port['tls']}, DTLS port {server.port['dtls']})")
        server.start()
        subprocess.run([f"{BIN}/lurkctl", "-s", f"{base}/control.sock", "status"], check=True)
        say("an edge asks, with its own code for everything, and checks with OpenSSL")
        for name, transport in (("TLS", edge.Stream("127.0.0.1", server.port["tls"], pki, "edge-1")),
                                ("DTLS", edge.Datagrams("127.0.0.1", server.port["dtls"], pki, "edge-1"))):
            ask(name, transport, pki)
            transport.close()
        for transport in ("tls", "dtls"):
            bench(server, pki, transport)
        say("drain")
    finally:
        code = server.stop()
    records = sum(1 for name in os.listdir(f"{base}/state") if name.startswith("audit.log")
                  for line in open(f"{base}/state/{name}") if json.loads(line))
    print(f"lurkd ended with {code}; {records} key uses in build/demo/state")
    return code == 0


def main():
    may = subprocess.run([f"{TOP}/tests/support/memlock.sh"], stdout=subprocess.PIPE, text=True)
    if may.returncode != 0:
        print(f"demo: lurkd keeps keys in memory that is never swapped: {may.stdout}", end="", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    base = f"{TOP}/build/demo"
    shutil.rmtree(base, ignore_errors=True)
    os.makedirs(base)
    try:
        good = key_server(base)
        say("nginx and HAProxy serve pages by docs/edge/, with keys that only lurkd has")
        edge_demo(base)
    except (AssertionError, RuntimeError, OSError, subprocess.SubprocessError) as fault:
        print(f"demo failed: {fault}", file=sys.stderr)
        for log in glob.glob(f"{base}/**/lurk*.log", recursive=True):
            with open(log, errors="replace") as f:
                print(f"-- {os.path.relpath(log, TOP)}\n{f.read()[-4000:]}", file=sys.stderr)
        return 1
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
