#!/usr/bin/python3
"""An independent edge (tests/interop/edge_split.py) runs the exchanges of split, by an edge that carries the flags
and by one that does not."""

import os
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support", f"{TOP}/tests/interop"]
import edge
import edge13
import edge_split
from server import Server, Story, make_pki

KEYS = {
    "rsa-decrypt": ("rsa2048-1", "tls12-rsa"),
    "rsa-sign": ("rsa2048-2", "tls12-sign, tls13-sign"),
    "p256": ("p256-1", "tls12-sign, tls13-sign, tls13-client"),
    "ed25519": ("ed25519-1", "tls13-client"),
}
PRIMES = dict(edge_split.primes())
FLAGS = "[premaster, unfresh, unproved, request]"
RATE = 20


class Flagged(Server):
    """The keys of decryption and rsa-sign carry all flags; the first edge does, the second none."""

    def write(self):
        super().write()
        with open(self.conf, encoding="utf-8") as f:
            text = f.read()
        for name in ("rsa-decrypt", "rsa-sign"):
            text = text.replace(f"- name: {name}\n", f"- name: {name}\n    flags: {FLAGS}\n")
        text = text.replace("    force_dual_use: true\n", "")
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(text)


def public(pki, name):
    return edge.load_certificate(f"{pki}/keys/{name}.crt").public_key()


def rows(transport, pki):
    """Of the edge with flags."""
    decrypt, rsa, p256, ed = (public(pki, n) for n in ("rsa2048-1", "rsa2048-2", "p256-1", "ed25519-1"))
    for scheme in edge.schemes_of(rsa):
        yield f"sign_ske rsa {scheme.hex()}", edge_split.sign_ske, (transport, rsa, scheme, edge.GROUPS[0])
    for group in edge.GROUPS:
        for poo_prf in (1, 2):
            yield f"sign_ske {group.name} {poo_prf}", edge_split.sign_ske, (transport, p256, b"\4\3", group, poo_prf)
    yield "sign_ske unproved", edge_split.sign_ske, (transport, rsa, b"\4\1", edge.GROUPS[0], 0)
    yield "sign_ske unfresh", edge_split.sign_ske, (transport, rsa, b"\4\1", edge.GROUPS[0], 0, 255)
    for scheme in edge.schemes_of(rsa):
        yield f"sign_ske dhe {scheme.hex()}", edge_split.sign_dhe, (transport, rsa, scheme, PRIMES["ffdhe2048"])
    for name, p in PRIMES.items():
        yield f"sign_ske {name}", edge_split.sign_dhe, (transport, rsa, b"\4\1", p, 2)
        yield f"sign_ske {name} unproved, unfresh", edge_split.sign_dhe, (transport, rsa, b"\4\1", p, 0, 255)
    for what, want, more in (("of another label", 13, {"label": b"tls12 poo"}), ("wrong", 13, {"r_more": 1}),
                             ("of 1", 8, {"y": 1}), ("of p - 2", 8, {"y": PRIMES["modp2048"] - 2})):
        payload, _ = edge_split.dhe_payload(rsa, b"\4\1", PRIMES["modp2048"], 1, **more)
        yield f"dhe: a proof {what}", edge_split.refused, (transport, 4, payload, want)
    payload, _ = edge_split.dhe_payload(rsa, b"\4\1", PRIMES["ffdhe2048"] - 2, 0)
    yield "dhe: a group nobody names", edge_split.refused, (transport, 4, payload, 9)
    payload, _ = edge_split.dhe_payload(p256, b"\4\3", PRIMES["ffdhe2048"], 1)
    yield "dhe has no suite with ECDSA", edge_split.refused, (transport, 4, payload, 10)
    payload, _ = edge_split.ske_payload(p256, b"\4\3", edge.GROUPS[0], 0, 0)
    yield "unproved is not the key's", edge_split.refused, (transport, 4, payload, 12)
    payload, _ = edge_split.ske_payload(p256, b"\4\3", edge.GROUPS[0], 1, 255)
    yield "unfresh is not the key's", edge_split.refused, (transport, 4, payload, 7)
    payload, _ = edge_split.ske_payload(rsa, b"\4\1", edge.GROUPS[0], 1, 0, b"tls12 poo")
    yield "a proof for tls12", edge_split.refused, (transport, 4, payload, 13)
    for key, name in ((rsa, "rsa"), (p256, "p256")):
        for scheme in edge13.schemes_of(key):
            for size in (32, 48):
                yield f"sign_cert_verify {name} {scheme.hex()} {size}", edge_split.sign_cert_verify, (
                    transport, key, scheme, 0, size)
    yield "sign_cert_verify client", edge_split.sign_cert_verify, (transport, ed, b"\x08\7", 1, 32)
    verify = lambda key, role, scheme, digest: edge.key_id(key) + bytes([role]) + scheme + edge.vec(1, digest)
    yield "not kept for servers", edge_split.refused, (transport, 6, verify(ed, 0, b"\x08\7", os.urandom(32)), 5)
    yield "not kept for clients", edge_split.refused, (transport, 6, verify(rsa, 1, b"\x08\4", os.urandom(32)), 5)
    yield "a constant hash", edge_split.refused, (transport, 6, verify(rsa, 0, b"\x08\4", b"\7" * 32), 19)
    yield "rsa_premaster", edge_split.rsa_premaster, (transport, decrypt, b"\3\3")
    yield "rsa_premaster dtls", edge_split.rsa_premaster, (transport, decrypt, b"\xfe\xfd")
    yield "stand-in repeats", edge_split.stand_in, (transport, decrypt)
    yield "a signing key is none", edge_split.refused, (
        transport, 2, edge_split.premaster_payload(rsa, b"\3\3", bytes(256)), 5)
    for scheme in edge.schemes_of(rsa):
        yield f"sign_cert_request {scheme.hex()}", edge_split.sign_cert_request, (transport, rsa, scheme, b"rsa2048-2.example")
    yield "sign_cert_request of a key that decrypts", edge_split.sign_cert_request, (transport, decrypt, b"\4\1")
    ask = lambda key, *names: edge_split.cert_request_payload(key, b"\4\1", edge_split.cert_request(key, *names))
    yield "a request for another name", edge_split.refused, (transport, 10, ask(rsa, b"rsa2048-1.example"), 21)
    yield "a request for another key", edge_split.refused, (
        transport, 10, edge_split.cert_request_payload(rsa, b"\4\1", edge_split.cert_request(decrypt)), 20)
    yield "a request with more behind it", edge_split.refused, (
        transport, 10, edge_split.cert_request_payload(rsa, b"\4\1", edge_split.cert_request(rsa) + b"\0"), 3)
    yield "request is not the key's", edge_split.refused, (
        transport, 10, edge_split.cert_request_payload(p256, b"\4\3", edge_split.cert_request(p256)), 5)
    yield "requests are rated", rated_requests, (transport, rsa)
    yield "dh_fixed is not built", edge_split.closed, (transport, 3, b"", 5)
    yield "capabilities", shown, (transport, b"\0\1\2\4\6\12", b"\0\xff", b"\0\1\2", 5)
    yield "premasters are rated", rated, (transport, decrypt)


def plain_rows(transport, pki):
    """Of the edge without."""
    decrypt, rsa = public(pki, "rsa2048-1"), public(pki, "rsa2048-2")
    yield "sign_ske", edge_split.sign_ske, (transport, rsa, b"\4\1", edge.GROUPS[0])
    yield "sign_ske dhe", edge_split.sign_dhe, (transport, rsa, b"\4\1", PRIMES["ffdhe2048"])
    payload, _ = edge_split.dhe_payload(rsa, b"\4\1", PRIMES["ffdhe2048"], 0)
    yield "dhe: unproved is not the edge's", edge_split.refused, (transport, 4, payload, 12)
    payload, _ = edge_split.ske_payload(rsa, b"\4\1", edge.GROUPS[0], 0, 0)
    yield "unproved is not the edge's", edge_split.refused, (transport, 4, payload, 12)
    payload, _ = edge_split.ske_payload(rsa, b"\4\1", edge.GROUPS[0], 0, 255)
    yield "unfresh is not the edge's", edge_split.refused, (transport, 4, payload, 7)
    yield "premasters look unknown", edge_split.closed, (
        transport, 2, edge_split.premaster_payload(decrypt, b"\3\3", bytes(256)), 5)
    yield "requests look unknown", edge_split.closed, (
        transport, 10, edge_split.cert_request_payload(rsa, b"\4\1", edge_split.cert_request(rsa)), 5)
    yield "capabilities", shown, (transport, b"\0\1\4\6", b"\0", b"\1\2", 3)


def shown(transport, types, freshness, poo_prfs, keys):
    lists, _ = edge_split.capabilities(transport)
    assert lists["types"] == types and lists["freshness"] == freshness, lists
    assert lists["poo_prfs"] == poo_prfs and lists["forms"] == b"", lists
    assert len(lists["keys"]) // 8 == keys, lists  # one entry for all signing of a key


def rated(transport, key):
    past_the_rate(transport, 2, edge_split.premaster_payload(key, b"\3\3", bytes(256)))


def rated_requests(transport, key):
    past_the_rate(transport, 10, edge_split.cert_request_payload(key, b"\4\1", edge_split.cert_request(key)))


def past_the_rate(transport, kind, payload):
    """split's too_many_requests, and nothing else: lurk's temporary_failure would keep other requests away."""
    statuses = [edge.ask(transport, edge_split.SPLIT, kind, payload) for _ in range(3 * RATE)]
    refused = [a for a in statuses if a.status != edge.SUCCESS]
    assert refused and all(a.extension == edge_split.SPLIT and a.status == 22 for a in refused), len(refused)
    assert len(statuses) - len(refused) >= RATE // 2


def dhe_size(server, pki):
    """Groups are served and shown up to the configured size; a reload changes it."""
    key = public(pki, "rsa2048-2")
    for bits in (3072, 8192):
        server.sections["requests"]["dhe_bits_max"] = bits
        server.write()
        before = server.log_text().count('"reloaded"')
        server.reload()
        server.wait(lambda: server.log_text().count('"reloaded"') > before, 10, "the reload")
        transport = edge.Stream("127.0.0.1", server.port["tls"], pki, "edge-1")
        groups = edge_split.capabilities(transport)[0]["groups"]
        assert (b"\1\1" in groups, b"\1\2" in groups) == (True, bits == 8192), groups
        edge_split.sign_dhe(transport, key, b"\4\1", PRIMES["modp3072"])
        if bits == 8192:
            edge_split.sign_dhe(transport, key, b"\4\1", PRIMES["ffdhe4096"])
        else:
            payload, _ = edge_split.dhe_payload(key, b"\4\1", PRIMES["ffdhe4096"], 1)
            edge_split.refused(transport, 4, payload, 9)
        transport.close()


def main():
    result = Story()
    with tempfile.TemporaryDirectory(prefix="lurk-split-") as directory:
        pki = make_pki(f"{directory}/pki")
        server = Flagged(directory, pki, keys=KEYS, requests={"premaster_rate": RATE, "cert_request_rate": RATE,
                                                                "dhe_bits_max": 8192})
        server.edges = [{"name": "flagged", "tenant": "shop", "match": '"uri:lurk://edge/1"', "flags": FLAGS},
                        {"name": "plain", "tenant": "shop", "match": '"uri:lurk://edge/*"'}]
        try:
            server.start()
            for name, who, make in (("flags", "edge-1", rows), ("no flags", "edge-2", plain_rows)):
                transport = edge.Stream("127.0.0.1", server.port["tls"], pki, who)
                for what, function, arguments in make(transport, pki):
                    result.check(f"{name}: {what}", function, *arguments)
                transport.close()
            result.check("dhe up to a size", dhe_size, server, pki)
        finally:
            code = server.stop()
        result.check("lurkd ends by itself on SIGTERM", lambda: (_ for _ in ()).throw(AssertionError(code)) if code else None)
        if result.failed:
            print(server.log_text())
    result.end()


if __name__ == "__main__":
    main()
