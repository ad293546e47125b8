"""The split extension of the independent edge: sign_ske, sign_cert_verify, rsa_premaster, sign_cert_request."""

import hashlib
import os
import struct

import edge
from cryptography.hazmat.primitives.asymmetric import padding
from edge import vec

SPLIT = (240, 1)
CONTEXTS = (b"TLS 1.3, server CertificateVerify\0", b"TLS 1.3, client CertificateVerify\0")


def signature_of(answer):
    assert answer.extension == SPLIT and answer.status == edge.SUCCESS, answer.status
    reader = edge.Reader(answer.payload)
    signature = reader.vec(2)
    assert not reader.data
    return signature


def ske_payload(public, scheme, group, poo_prf, freshness, label=b"split poo"):
    """(payload, the bytes the server must sign)."""
    key, client = edge.key_id(public), os.urandom(32)
    s = edge.server_random() if freshness == 0 else os.urandom(32)
    b = group.secret()
    point = group.public(b)
    params = struct.pack(">BH", 3, group.number) + vec(1, point)
    payload = key + bytes([freshness]) + client + s + scheme + b"\3" + vec(2, params) + bytes([poo_prf])
    if poo_prf:  # its freshness item is 0: proofs are not asked for with 255 here
        payload += edge.prove(group, b, point, poo_prf, client, s, key, scheme, params, label)
    return payload, client + (edge.fresh(s) if freshness == 0 else s) + params


def sign_ske(transport, public, scheme, group, poo_prf=1, freshness=0):
    payload, signed = ske_payload(public, scheme, group, poo_prf, freshness)
    edge.verify(public, scheme, signature_of(edge.ask(transport, SPLIT, 4, payload)), signed)


def series(bits):
    """Floors of 2^bits e and 2^bits pi (Machin), by integers with room to spare."""
    one = 1 << (bits + 64)
    e, term, n = 0, one, 0
    while term:
        e, n = e + term, n + 1
        term //= n

    def arctan(x):
        total, power, k = 0, one // x, 1
        while power:
            total += power // k if k % 4 == 1 else -(power // k)
            power, k = power // (x * x), k + 2
        return total
    return e >> 64, 4 * (4 * arctan(5) - arctan(239)) >> 64


# RFC 7919 appendix A, RFC 3526: p = 2^n - 2^(n-64) + ([2^(n-130) e or pi] + X) 2^64 - 1
FFDHE = {2048: 560316, 3072: 2625351, 4096: 5736041, 6144: 15705020, 8192: 10965728}
MODP = {2048: 124476, 3072: 1690314, 4096: 240904, 6144: 929484, 8192: 4743158}


def primes():
    """(name, p) of the ten groups."""
    for n in FFDHE:
        for name, digits, more in zip(("ffdhe", "modp"), series(n - 130), (FFDHE[n], MODP[n])):
            yield f"{name}{n}", (1 << n) - (1 << (n - 64)) + ((digits + more) << 64) - 1


def dhe_payload(public, scheme, p, poo_prf, freshness=0, label=b"split poo", y=None, r_more=0):
    """(payload, the bytes the server must sign) of DHE with g = 2."""
    key, client, width = edge.key_id(public), os.urandom(32), (p.bit_length() + 7) // 8
    s = edge.server_random() if freshness == 0 else os.urandom(32)
    b, v, q = int.from_bytes(os.urandom(32), "big"), int.from_bytes(os.urandom(40), "big"), (p - 1) // 2
    y = pow(2, b, p) if y is None else y
    wide = lambda x: x.to_bytes(width, "big")
    params = vec(2, wide(p)) + vec(2, b"\2") + vec(2, wide(y))
    payload = key + bytes([freshness]) + client + s + scheme + b"\1" + vec(2, params) + bytes([poo_prf])
    if poo_prf:
        item = lambda x: struct.pack(">I", len(x)) + x
        other = b"".join(map(item, (key, bytes([freshness]), scheme, params, label)))
        commitment = wide(pow(2, v, p))
        hashed = b"".join(map(item, (wide(2), commitment, wide(y), item(client) + item(s), other)))
        c = int.from_bytes(hashlib.sha256(hashed).digest()[:16 * poo_prf], "big")
        payload += vec(2, commitment) + vec(2, wide((v - b * c + r_more) % q))
    return payload, client + (edge.fresh(s) if freshness == 0 else s) + params


def sign_dhe(transport, public, scheme, p, poo_prf=1, freshness=0):
    payload, signed = dhe_payload(public, scheme, p, poo_prf, freshness)
    edge.verify(public, scheme, signature_of(edge.ask(transport, SPLIT, 4, payload)), signed)


def sign_cert_verify(transport, public, scheme, role, size):
    transcript = os.urandom(size)
    payload = edge.key_id(public) + bytes([role]) + scheme + vec(1, transcript)
    edge.verify(public, scheme, signature_of(edge.ask(transport, SPLIT, 6, payload)),
                b" " * 64 + CONTEXTS[role] + transcript)


def der(tag, *parts):
    body = b"".join(parts)
    size = len(body).to_bytes(2, "big").lstrip(b"\0") or b"\0"
    return bytes([tag]) + (size if len(body) < 128 else bytes([128 + len(size)]) + size) + body


def cert_request(public, *names):
    """CertificationRequestInfo for these names, of nobody."""
    spki = public.public_bytes(edge.serialization.Encoding.DER, edge.serialization.PublicFormat.SubjectPublicKeyInfo)
    alt = der(0x30, der(6, bytes.fromhex("551d11")), der(4, der(0x30, *(der(0x82, name) for name in names))))
    asked = der(0x30, der(6, bytes.fromhex("2a864886f70d01090e")), der(0x31, der(0x30, alt)))
    return der(0x30, b"\2\1\0", b"\x30\0", spki, der(0xa0, asked if names else b""))


def cert_request_payload(public, scheme, info):
    return edge.key_id(public) + scheme + vec(2, info)


def sign_cert_request(transport, public, scheme, *names):
    info = cert_request(public, *names)
    answer = edge.ask(transport, SPLIT, 10, cert_request_payload(public, scheme, info))
    edge.verify(public, scheme, signature_of(answer), info)


def premaster_payload(public, version, ciphertext):
    return edge.key_id(public) + version + vec(2, ciphertext)


def rsa_premaster(transport, public, version):
    premaster = version + os.urandom(46)
    ciphertext = public.encrypt(premaster, padding.PKCS1v15())
    answer = edge.ask(transport, SPLIT, 2, premaster_payload(public, version, ciphertext))
    assert answer.status == edge.SUCCESS and answer.payload == premaster, answer.status


def stand_in(transport, public):
    """Bad padding: 48 bytes of that version that repeat, whatever was wrong."""
    answers = set()
    for garbage in (b"\0" + os.urandom(255), public.encrypt(b"short", padding.PKCS1v15())):
        payload = premaster_payload(public, b"\3\3", garbage)
        one, two = (edge.ask(transport, SPLIT, 2, payload) for _ in range(2))
        assert one.status == two.status == edge.SUCCESS and one.payload == two.payload
        assert len(one.payload) == 48 and one.payload[:2] == b"\3\3"
        answers.add(one.payload)
    assert len(answers) == 2


def refused(transport, kind, payload, want):
    answer = edge.ask(transport, SPLIT, kind, payload)
    assert answer.extension == SPLIT and answer.status == want, (answer.extension, answer.status)
    assert len(answer.payload) == 4


def closed(transport, kind, payload, want):
    """Refused by the message layer, as an unknown type or extension is."""
    answer = edge.ask(transport, SPLIT, kind, payload)
    assert answer.extension == edge.LURK and answer.status == want, (answer.extension, answer.status)


def capabilities(transport):
    answer = edge.ask(transport, SPLIT, 0)
    assert answer.status == edge.SUCCESS
    body, state = answer.payload[:-4], answer.payload[-4:]
    assert state == hashlib.sha256(body).digest()[:4]
    reader = edge.Reader(body)
    names = ("types", "freshness", "forms", "poo_prfs", "schemes", "groups", "keys")
    out = {name: reader.vec(1 if name in names[:4] else 2) for name in names}
    assert not reader.data and len(out["keys"]) % 8 == 0
    return out, state
