#!/usr/bin/python3
"""No 16-byte window of a private key stands in the front's memory, a core of any process, or a log.

The memory is read from outside as root may read it; a core is what the kernel would dump: every
readable mapping not marked do-not-dump. A planted copy must be found, or the search proves nothing.
"""

import os
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support", f"{TOP}/tests/interop"]
import edge
from server import BIN, TEST_BIN, Server, Story, make_pki

HOLDER = """
import sys
from cryptography.hazmat.primitives.serialization import load_pem_private_key
n = load_pem_private_key(open(sys.argv[1], "rb").read(), None).private_numbers()
p = getattr(n, "p", 0) or n.private_value
copy = p.to_bytes(160, "little")
print("held", flush=True)
sys.stdin.read()
"""


def scan(tool, key, how, what):
    """Lines found; raises when it could not look."""
    done = subprocess.run([tool, key, how, str(what)], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stderr)
    return done.returncode == 1, done.stdout


def clean(tool, keys, how, what):
    for key in keys:
        found, text = scan(tool, key, how, what)
        assert not found, f"{os.path.basename(key)}: {text}"


def planted_is_found(tool, keys):
    for key in keys:
        holder = subprocess.Popen([sys.executable, "-c", HOLDER, key], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            assert holder.stdout.readline() == b"held\n"
            for how in ("core", "all"):
                assert scan(tool, key, how, holder.pid)[0], f"{key}: planted copy not found in {how}"
        finally:
            holder.communicate()


def load(server, pki):
    """Each key is used for everything it may do, over both transports."""
    certificate = lambda name: edge.load_certificate(f"{pki}/keys/{name}.crt").public_key()
    for transport in (edge.Stream("127.0.0.1", server.port["tls"], pki, "edge-1"),
                      edge.Datagrams("127.0.0.1", server.port["dtls"], pki, "edge-1")):
        for _ in range(20):
            edge.rsa_master(transport, certificate("rsa2048-1"))
            edge.ecdhe(transport, certificate("rsa2048-2"), b"\x08\x04", edge.GROUPS[0], 0)
            edge.ecdhe(transport, certificate("p256-1"), b"\x04\x03", edge.GROUPS[0], 0)
        transport.close()


def searched(story, tool, keys, build, binary, directory, pki):
    """One build of the server: used, reloaded, used again, and searched."""
    check = lambda name, *rest: story.check(f"{build}: {name}", *rest)
    server = Server(directory, pki, binary=binary)
    try:
        server.start()
        check("keys are used", load, server, pki)
        server.reload()
        server.wait(lambda: server.metric('lurk_config_generation{process="vault"}') >= 2, 20, "reload")
        check("keys are used after a reload", load, server, pki)
        children = server.children()
        check("front: all of its memory", clean, tool, keys, "all", children["front"])
        check("front: core", clean, tool, keys, "core", children["front"])
        check("vault: core", clean, tool, keys, "core", children["vault"])
        check("supervisor: all of its memory", clean, tool, keys, "all", server.process.pid)
    finally:
        server.stop()
    check("logs", clean, tool, keys, "file", server.log)
    for name in os.listdir(f"{directory}/state"):
        check(f"journal {name}", clean, tool, keys, "file", f"{directory}/state/{name}")


def main():
    if os.geteuid() != 0:
        print("0 passed, 0 failed, 1 skipped")
        return
    story = Story()
    with tempfile.TemporaryDirectory(prefix="lurk-keybytes-") as directory:
        tool = f"{directory}/keyscan"
        subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", tool, f"{TOP}/tests/e2e/keyscan.c", "-lcrypto"], check=True)
        pki = make_pki(f"{directory}/pki")
        keys = [f"{pki}/keys/{name}.key" for name in ("rsa2048-1", "rsa2048-2", "p256-1")]
        story.check("a planted copy is found", planted_is_found, tool, keys)
        story.check("a key file is found", lambda: planted_file(tool, keys[0], directory))
        # The test build lets itself be dumped: what keeps keys out of a core there is their memory alone.
        for build, binary in (("release", f"{BIN}/lurkd"), ("test build", f"{TEST_BIN}/lurkd")):
            os.mkdir(f"{directory}/{build}")
            searched(story, tool, keys, build, binary, f"{directory}/{build}", pki)
    story.end()


def planted_file(tool, key, directory):
    der = f"{directory}/copy.der"
    subprocess.run(["openssl", "rsa", "-in", key, "-outform", "DER", "-traditional", "-out", der], check=True,
                   stderr=subprocess.DEVNULL)
    assert scan(tool, key, "file", der)[0]


if __name__ == "__main__":
    main()
