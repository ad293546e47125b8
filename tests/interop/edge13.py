"""The TLS 1.3 side of the independent edge: s_init_cert_verify, checked as the TLS client behind the edge
would check it. Messages, transcript, key schedule and Finished are computed here from RFC 8446 alone."""

import hashlib
import hmac
import os
import struct

import edge
from cryptography.hazmat.primitives import serialization
from edge import vec

TLS13 = (2, 1)
FRESHNESS = ("sha256", "sha384", "sha512")
SUITES = {0x1301: "sha256", 0x1302: "sha384", 0x1303: "sha256"}
HYBRIDS = {0x11EB: 64, 0x11EC: 64, 0x11ED: 80}
SECRETS = {3: b"c hs traffic", 4: b"s hs traffic", 5: b"c ap traffic", 6: b"s ap traffic", 7: b"exp master"}
BITS = {code: 0x8000 >> code for code in SECRETS}
RETRY = hashlib.sha256(b"HelloRetryRequest").digest()


def fresh(funct, s):
    return hashlib.new(FRESHNESS[funct], s + b"tls13 pfs srv").digest()[:32]


def schemes_of(public):
    """Those of a TLS 1.3 CertificateVerify that the key may be asked for."""
    tied = {256: b"\4\3", 384: b"\5\3", 521: b"\6\3"}
    return [s for s in edge.schemes_of(public)
            if s[0] == 8 or s == tied.get(getattr(public, "key_size", 0)) and len(s) == 2 and s[1] == 3]


# --- messages -------------------------------------------------------------------------------------


def message(kind, body):
    return bytes([kind]) + vec(3, body)


def extension(kind, data):
    return struct.pack(">H", kind) + vec(2, data)


def client_hello(suite, schemes, shares, session_id=b""):
    offered = b"".join(struct.pack(">H", group) + vec(2, share) for group, share in shares)
    block = extension(43, vec(1, b"\3\4")) + extension(13, vec(2, b"".join(schemes)))
    block += extension(10, vec(2, b"".join(struct.pack(">H", group) for group, _ in shares) or b"\0\x1d"))
    block += extension(51, vec(2, offered))
    return message(1, b"\3\3" + os.urandom(32) + vec(1, session_id) + vec(2, struct.pack(">H", suite)) + b"\1\0"
                   + vec(2, block))


def server_hello(suite, random, share, session_id=b""):
    block = extension(43, b"\3\4") + extension(51, share)
    return message(2, b"\3\3" + random + vec(1, session_id) + struct.pack(">H", suite) + b"\0" + vec(2, block))


# --- the schedule of RFC 8446 7.1 -----------------------------------------------------------------


def extract(name, salt, ikm):
    return hmac.new(salt, ikm, name).digest()


def expand(name, secret, label, context):
    size = hashlib.new(name).digest_size
    info = struct.pack(">H", size) + vec(1, b"tls13 " + label) + vec(1, context)
    return hmac.new(secret, info + b"\1", name).digest()


class Schedule:
    def __init__(self, name, shared):
        self.name, self.zeros = name, bytes(hashlib.new(name).digest_size)
        self.handshake = extract(name, self.derived(extract(name, self.zeros, self.zeros)), shared)
        self.master = extract(name, self.derived(self.handshake), self.zeros)

    def derived(self, secret):
        return expand(self.name, secret, b"derived", self.hash(b""))

    def hash(self, data):
        return hashlib.new(self.name, data).digest()

    def secret(self, code, transcript):
        return expand(self.name, self.handshake if code < 5 else self.master, SECRETS[code], self.hash(transcript))

    def finished(self, transcript):
        key = expand(self.name, self.secret_s, b"finished", b"")
        return message(20, hmac.new(key, self.hash(transcript), self.name).digest())


# --- certificates ---------------------------------------------------------------------------------


def certificate_forms(certificate, raw):
    """(cert_type, its field in a request, TLS's Certificate) for both forms."""
    der = certificate.public_bytes(serialization.Encoding.DER)
    if raw:
        der = certificate.public_key().public_bytes(serialization.Encoding.DER,
                                                    serialization.PublicFormat.SubjectPublicKeyInfo)
    tls = message(11, b"\0" + vec(3, vec(3, der) + b"\0\0"))
    entries = {129: hashlib.sha256(der).digest()[:4] + b"\0\0", 130: vec(3, der) + b"\0\0"}
    return [(form, struct.pack(">H", form) + b"\0" + vec(3, entry), tls) for form, entry in entries.items()]


# --- s_init_cert_verify ---------------------------------------------------------------------------


class Deal:
    """One handshake: what the edge asks for, and what the TLS client then has."""

    def __init__(self, group, suite=0x1301, freshness=0, generated=1, retry=False, request=False, schemes=None):
        self.group, self.suite, self.freshness, self.generated = group, suite, freshness, generated
        self.number = group if isinstance(group, int) else group.number
        self.name, self.s = SUITES[suite], os.urandom(32)
        self.session_id = os.urandom(32)
        self.private = None if isinstance(group, int) else group.secret()
        share = os.urandom(40) if self.private is None else group.public(self.private)
        offer = [(self.number, share)]
        self.first = client_hello(suite, schemes, [], self.session_id) if retry else b""
        self.retry = server_hello(suite, RETRY, struct.pack(">H", self.number), self.session_id) if retry else b""
        self.hello = client_hello(suite, schemes, offer, self.session_id)
        self.rest = message(8, vec(2, b""))
        if request:
            self.rest += message(13, b"\0" + vec(2, extension(13, vec(2, b"\4\3"))))
        self.own, self.shared = b"", b""
        if generated == 1:
            self.own, self.shared = self.edge_share(group, share)

    def edge_share(self, group, client):
        """A share of the edge, and the secret of both."""
        if self.private is None:
            return os.urandom(40), os.urandom(HYBRIDS[group])
        key = group.secret()
        return group.public(key), self.secret(client, key)

    def secret(self, share, private):
        group = self.group
        if isinstance(group, edge.Montgomery):
            u = int.from_bytes(share, "little") & (2**255 - 1 if group.width == 32 else -1)
            return group.ladder(private, u).to_bytes(group.width, "little")
        width = group.width
        point = (int.from_bytes(share[1 : 1 + width], "big"), int.from_bytes(share[1 + width :], "big"))
        return group.times(private, point)[0].to_bytes(width, "big")

    def payload(self, form, scheme, request, tag=0x80):
        number = struct.pack(">H", self.number)
        out = bytes([tag]) + (b"" if tag & 0x80 else b"\1\2\3\4") + bytes([self.freshness, self.generated])
        if self.generated == 1:
            out += vec(2, number + self.shared)
        sent = server_hello(self.suite, self.s, number + vec(2, self.own), self.session_id)
        out += vec(4, self.first + self.retry + self.hello + sent + self.rest)
        return out + form + struct.pack(">H", request) + scheme

    def check(self, answer, public, scheme, certificate, request):
        reader = edge.Reader(answer)
        assert reader.take(1) == b"\x80" and reader.take(1) == bytes([self.generated])
        if self.generated == 2:
            entry = edge.Reader(reader.vec(2))
            assert entry.take(2) == struct.pack(">H", self.number)
            self.own = entry.vec(2)
            assert not entry.data
            self.shared = self.secret(self.own, self.private)
        secrets, signature = edge.Reader(reader.vec(2)), reader.vec(2)
        assert not reader.data
        hello = self.transcript()
        schedule = Schedule(self.name, self.shared)
        schedule.secret_s = schedule.secret(4, hello)
        signed = hello + self.rest + certificate
        edge.verify(public, scheme, signature, b" " * 64 + b"TLS 1.3, server CertificateVerify\0"
                    + schedule.hash(signed))
        signed += message(15, scheme + vec(2, signature))
        end = signed + schedule.finished(signed)
        for code in (c for c in sorted(SECRETS) if request & BITS[c]):
            assert secrets.take(1)[0] == code
            assert secrets.vec(1) == schedule.secret(code, hello if code < 5 else end), code
        assert not secrets.data

    def transcript(self):
        """Through ServerHello, by the client's eyes."""
        seen = server_hello(self.suite, fresh(self.freshness, self.s),
                            struct.pack(">H", self.number) + vec(2, self.own), self.session_id)
        first = message(254, hashlib.new(self.name, self.first).digest()) if self.first else b""
        return first + self.retry + self.hello + seen


def init(transport, certificate, scheme, deal, form=129, raw=False, request=0x1F00, given=0x1E00, tag=0x80):
    """One exchange; given: the secrets that rules let out."""
    _, field, tls = next(f for f in certificate_forms(certificate, raw) if f[0] == form)
    answer = edge.ask(transport, TLS13, 2, deal.payload(field, scheme, request, tag))
    assert answer.extension == TLS13 and answer.status == edge.SUCCESS, answer.status
    deal.check(answer.payload, certificate.public_key(), scheme, tls, request & given)


def refused(transport, certificate, scheme, deal, want, change=lambda payload: payload):
    _, field, _ = certificate_forms(certificate, False)[0]
    answer = edge.ask(transport, TLS13, 2, change(deal.payload(field, scheme, 0x1E00)))
    assert answer.extension == TLS13 and answer.status == want, (answer.extension, answer.status)
    assert len(answer.payload) == 4


def capabilities(transport):
    answer = edge.ask(transport, TLS13, 0)
    assert answer.status == edge.SUCCESS
    body, state = answer.payload[:-4], answer.payload[-4:]
    assert state == hashlib.sha256(body).digest()[:4]
    reader = edge.Reader(body)
    names = ("types", "freshness", "methods", "groups", "suites", "schemes", "certs", "fingerprints")
    out = {name: reader.vec(1 if name in names[:3] else 2) for name in names}
    assert not reader.data
    return out, state
