#!/usr/bin/python3
"""An independent edge (tests/interop/edge13.py) runs s_init_cert_verify over TLS and DTLS, and checks every
answer as the TLS client behind it would."""

import hashlib
import os
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support", f"{TOP}/tests/interop"]
import edge
import edge13
from server import Server, Story, make_pki

KEYS = {
    "rsa": ("rsa2048-1", "tls13-sign"),
    "p256": ("p256-1", "tls13-sign"),
    "p384": ("p384-1", "tls13-sign"),
    "ed25519": ("ed25519-1", "tls13-sign"),
    "other-use": ("rsa2048-2", "tls12-sign"),
}
ALL = [b"\4\3", b"\5\3", b"\6\3", b"\x08\4", b"\x08\5", b"\x08\6", b"\x08\7", b"\x08\x08"]


def certificate(pki, name):
    return edge.load_certificate(f"{pki}/keys/{name}.crt")


def deal(group, **options):
    return edge13.Deal(group, schemes=ALL, **options)


def rows(transport, pki):
    p256 = certificate(pki, "p256-1")
    for name in ("rsa2048-1", "p256-1", "p384-1", "ed25519-1"):
        key = certificate(pki, name)
        for scheme in edge13.schemes_of(key.public_key()):
            for form in (129, 130):
                yield f"{name} {scheme.hex()} form {form}", edge13.init, (
                    transport, key, scheme, deal(edge.GROUPS[3]), form)
    for group in edge.GROUPS:
        for generated in (1, 2):
            yield f"{group.name} {'edge' if generated == 1 else 'lurkd'}", edge13.init, (
                transport, p256, b"\4\3", deal(group, generated=generated))
    for hybrid in edge13.HYBRIDS:
        yield f"hybrid {hybrid:04x}", edge13.init, (transport, p256, b"\4\3", deal(hybrid))
    for suite in edge13.SUITES:
        for freshness in range(3):
            yield f"suite {suite:04x} freshness {freshness}", edge13.init, (
                transport, p256, b"\4\3", deal(edge.GROUPS[3], suite=suite, freshness=freshness))
    for retry in (False, True):
        for request in (False, True):
            for generated in (1, 2):
                yield f"retry {retry} request {request} method {generated}", edge13.init, (
                    transport, p256, b"\4\3", deal(edge.GROUPS[0], retry=retry, request=request, generated=generated))
    yield "raw public key", edge13.init, (transport, p256, b"\4\3", deal(edge.GROUPS[3]), 129, True)
    yield "raw public key in full", edge13.init, (transport, p256, b"\4\3", deal(edge.GROUPS[3]), 130, True)
    yield "a session that is not kept", edge13.init, (
        transport, p256, b"\4\3", deal(edge.GROUPS[3]), 129, False, 0x1F00, 0x1E00, 0)
    yield "closed key looks unknown", edge13.refused, (
        transport, certificate(pki, "rsa2048-2"), b"\x08\4", deal(edge.GROUPS[3]), 10)
    yield "scheme of another key", edge13.refused, (transport, p256, b"\x08\4", deal(edge.GROUPS[3]), 17)
    yield "PKCS#1 v1.5", edge13.refused, (
        transport, certificate(pki, "rsa2048-1"), b"\4\1", deal(edge.GROUPS[3]), 17)
    yield "unknown freshness", edge13.refused, (
        transport, p256, b"\4\3", deal(edge.GROUPS[3]), 7, lambda p: p[:1] + b"\xff" + p[2:])
    yield "a byte too many", edge13.refused, (
        transport, p256, b"\4\3", deal(edge.GROUPS[3]), 3, lambda p: p + b"\0")
    yield "capabilities", shown, (transport, pki)


def shown(transport, pki):
    lists, _ = edge13.capabilities(transport)
    assert lists["types"] == b"\0\1\2" and lists["methods"] == b"\1\2", lists
    want = sorted(hashlib.sha256(certificate(pki, n).public_bytes(edge.serialization.Encoding.DER)).digest()[:4]
                  for n in ("rsa2048-1", "p256-1", "p384-1", "ed25519-1"))
    assert lists["fingerprints"] == b"".join(want)
    assert edge.lurk_capabilities(transport)[0] == [edge.LURK, edge.TLS12, edge13.TLS13, (240, 1)]


def story(server, pki, result):
    host = "127.0.0.1"
    opens = {"TLS": lambda: edge.Stream(host, server.port["tls"], pki, "edge-1"),
             "DTLS": lambda: edge.Datagrams(host, server.port["dtls"], pki, "edge-1")}
    for name, make in opens.items():
        transport = make()
        for what, function, arguments in rows(transport, pki):
            result.check(f"{name}: {what}", function, *arguments)
        transport.close()


def main():
    result = Story()
    with tempfile.TemporaryDirectory(prefix="lurk-interop13-") as directory:
        pki = make_pki(f"{directory}/pki")
        server = Server(directory, pki, keys=KEYS)
        try:
            server.start()
            story(server, pki, result)
        finally:
            code = server.stop()
        result.check("lurkd ends by itself on SIGTERM", lambda: (_ for _ in ()).throw(AssertionError(code)) if code else None)
        if result.failed:
            print(server.log_text())
    result.end()


if __name__ == "__main__":
    main()
