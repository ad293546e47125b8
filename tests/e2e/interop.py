#!/usr/bin/python3
"""An independent edge (tests/interop/edge.py) runs every exchange over TLS 1.2, TLS 1.3 and DTLS."""

import os
import ssl
import struct
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support", f"{TOP}/tests/interop"]
import edge
from server import Server, Story, make_pki


def certificate(pki, name):
    return edge.load_certificate(f"{pki}/keys/{name}.crt")


def rows(transport, pki, datagram):
    """(name, function, arguments) of everything an edge may ask on one connection."""
    decrypt = certificate(pki, "rsa2048-1")
    yield "lurk ping", ping, (transport, edge.LURK)
    yield "tls12 ping", ping, (transport, edge.TLS12)
    yield "lurk capabilities", lurk_capabilities, (transport,)
    yield "tls12 capabilities", tls12_capabilities, (transport, pki, datagram)
    for prf_hash in edge.HASHES:
        yield f"rsa_master {edge.HASHES[prf_hash]}", edge.rsa_master, (transport, decrypt.public_key(), prf_hash)
    yield "rsa_master dtls version", edge.rsa_master, (transport, decrypt.public_key(), 0, b"\xfe\xfd")
    yield "rsa_master by RSAPublicKey id", edge.rsa_master, (transport, decrypt.public_key(), 0, b"\x03\x03", "pkcs1")
    yield "stand-in repeats", stand_in_repeats, (transport, decrypt.public_key())
    for kind, name in ((3, "rsa_master_with_poh"), (4, "rsa_extended_master"), (5, "rsa_extended_master_with_poh")):
        for inner in (False, True):
            for suite in (0x009C, 0x009D):
                yield (f"{name} {'DTLS' if inner else 'TLS'} suite {suite:04x}", edge.rsa_handshake,
                       (transport, kind, decrypt, inner, suite))
    for name in ("rsa2048-2", "p256-1", "p384-1", "p521-1", "ed25519-1", "ed448-1"):
        public = certificate(pki, name).public_key()
        for scheme in edge.schemes_of(public):
            yield f"ecdhe {name} {scheme.hex()}", edge.ecdhe, (transport, public, scheme, edge.GROUPS[0])
    p256 = certificate(pki, "p256-1").public_key()
    for group in edge.GROUPS:
        for poo_prf in (0, 1, 2):
            yield f"ecdhe {group.name} poo_prf {poo_prf}", edge.ecdhe, (transport, p256, b"\4\3", group, poo_prf)
    yield "wrong proof refused", wrong_proof, (transport, p256)
    yield "a fault has the state of these capabilities", state_of_a_fault, (transport, p256)


def ping(transport, extension):
    answer = edge.ask(transport, extension, 1)
    assert answer.extension == extension and answer.status == 1 and answer.payload == b""


def lurk_capabilities(transport):
    extensions, _ = edge.lurk_capabilities(transport)
    assert extensions == [edge.LURK, edge.TLS12, (240, 1)], extensions  # sign_ske, since the rule says all


def tls12_capabilities(transport, pki, datagram):
    rows, _ = edge.tls12_capabilities(transport)
    assert list(rows) == [0, 1, 2, 3, 4, 5, 6], list(rows)
    if datagram:
        return  # certificates need not fit a datagram; that it came at all is what counts here
    want = certificate(pki, "rsa2048-1")
    der = want.public_bytes(edge.serialization.Encoding.DER)
    for kind in (2, 3, 4, 5):
        assert edge.certificates_of(rows[kind]) == [(0, der)], kind
    assert len(edge.certificates_of(rows[6])) == 6


def stand_in_repeats(transport, public):
    """Bad padding gives 48 bytes that repeat for one request and key, and no error."""
    payload = edge.key_id(public) + b"\0\0" + os.urandom(32)
    garbage = b"\0" + os.urandom(255)
    answers = set()
    for s in (edge.server_random(), edge.server_random()):
        one = edge.ask(transport, edge.TLS12, 2, payload + s + garbage)
        two = edge.ask(transport, edge.TLS12, 2, payload + s + garbage)
        assert one.status == two.status == 1 and one.payload == two.payload and len(one.payload) == 48
        answers.add(one.payload)
    assert len(answers) == 2


def wrong_proof(transport, public):
    payload, _ = edge.ecdhe_payload(public, b"\4\3", edge.GROUPS[0])
    answer = edge.ask(transport, edge.TLS12, 6, payload[:-1] + bytes([payload[-1] ^ 1]))
    assert answer.status == 13 and len(answer.payload) == 4, answer.status


def state_of_a_fault(transport, public):
    """Else an edge would ask for its capabilities again after each."""
    payload, _ = edge.ecdhe_payload(public, b"\4\3", edge.GROUPS[0])
    answer = edge.ask(transport, edge.TLS12, 6, payload[:-1] + bytes([payload[-1] ^ 1]))
    assert answer.payload == edge.tls12_capabilities(transport)[1], answer.payload
    answer = edge.ask(transport, edge.LURK, 9)
    assert answer.payload == edge.lurk_capabilities(transport)[1], answer.payload


def pipelined(transport):
    """200 requests on their way at once come back each once, in any order."""
    numbers = [struct.pack(">Q", 7000 + i) for i in range(200)]
    transport.send(b"".join(edge.message(edge.TLS12, 1, number=n) for n in numbers))
    seen = sorted(edge.Answer(transport.receive()).number for _ in numbers)
    assert seen == numbers


def refused(make):
    """A peer that does not authenticate gets no answer."""
    try:
        transport = make()
        transport.send(edge.message(edge.LURK, 1))
        transport.receive()
    except (OSError, ConnectionError):
        return
    raise AssertionError("an unauthenticated peer was answered")


def story(server, pki, story):
    host, tls, dtls = "127.0.0.1", server.port["tls"], server.port["dtls"]
    opens = {
        "TLS 1.3": lambda: edge.Stream(host, tls, pki, "edge-1", ssl.TLSVersion.TLSv1_3),
        "TLS 1.2": lambda: edge.Stream(host, tls, pki, "edge-1", ssl.TLSVersion.TLSv1_2),
        "DTLS": lambda: edge.Datagrams(host, dtls, pki, "edge-1"),
    }
    for name, make in opens.items():
        transport = None

        def connect():
            nonlocal transport
            transport = make()

        if not story.check(f"{name}: connect", connect):
            continue
        for what, function, arguments in rows(transport, pki, name == "DTLS"):
            story.check(f"{name}: {what}", function, *arguments)
        if name != "DTLS":
            story.check(f"{name}: pipelined", pipelined, transport)
        transport.close()
    for who in (None, "stranger", "edge-expired", "edge-dns"):
        story.check(f"TLS: {who} refused", refused, lambda: edge.Stream(host, tls, pki, who))
        story.check(f"DTLS: {who} refused", refused, lambda: edge.Datagrams(host, dtls, pki, who))


def main():
    result = Story()
    with tempfile.TemporaryDirectory(prefix="lurk-interop-") as directory:
        pki = make_pki(f"{directory}/pki")
        server = Server(directory, pki)
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
