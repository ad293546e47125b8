#!/usr/bin/python3
"""A lurk-agent and its key servers in one, for stories about the provider: holds the keys itself, answers what
the protocol has for an edge's TLS server, and judges each request on its own arithmetic.

A request that a key server could not work on gets the fault it would get. What came is in Agent.seen, one dict
a request; conditions to play: delay_s before an answer, outcome in place of one, close at the next request, wrong: signatures of other bytes.
"""

import hashlib
import hmac
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/interop"]
import edge
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

TLS12, TLS13, SPLIT = (1, 1), (2, 1), (240, 1)
SPKI = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


class Fault(Exception):
    def __init__(self, status, why):
        super().__init__(why)
        self.status, self.why = status, why


def need(condition, status, why):
    if not condition:
        raise Fault(status, why)


def sign(key, scheme, data):
    if isinstance(key, (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)):
        return key.sign(data)
    if scheme[0] == 8:
        digest = edge.PSS_OF[scheme[1]]()
        return key.sign(data, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), edge.HASH_OF[scheme[0]]())
    return key.sign(data, ec.ECDSA(edge.HASH_OF[scheme[0]]()))


def proof_holds(group, b_point, v_point, r, c):
    """[r]G + [c]bG = vG. On curves of which only u is known: one of the two sums of the points."""
    if isinstance(group, edge.Weierstrass):
        w = group.width
        point = lambda data: (int.from_bytes(data[1:1 + w], "big"), int.from_bytes(data[1 + w:], "big"))
        return group.add(group.times(r, group.g), group.times(c, point(b_point))) == point(v_point)
    number = lambda data: int.from_bytes(data, "little") % group.p
    p, a = group.p, 4 * group.a24 + 2
    x, y, v = group.ladder(r, group.u), group.ladder(c, number(b_point)), number(v_point)
    # u(P+Q) and u(P-Q) are the roots of a quadratic in u(P), u(Q).
    return ((x - y) ** 2 * v * v - 2 * ((x + y) * (1 + x * y) + 2 * a * x * y) * v + (1 - x * y) ** 2) % p == 0


def ecdhe_params(params):
    need(len(params) > 4 and params[0] == 3, 10, "no named curve")
    group = next((g for g in edge.GROUPS if g.number == struct.unpack(">H", params[1:3])[0]), None)
    need(group is not None, 11, "group")
    return group, params[4:]


class Messages:
    """TLS handshake messages, cut."""

    def __init__(self, data, head=4):
        self.list, at = [], 0
        while at < len(data):
            size = int.from_bytes(data[at + 1:at + 4], "big")
            self.list.append((data[at], data[at:at + head + size]))
            at += head + size
        need(at == len(data), 3, "messages are not whole")
        self.types = [kind for kind, _ in self.list]

    def with_random(self, index, random, head=4):
        """The same, the server hello at index having this random."""
        out = list(self.list)
        kind, m = out[index]
        out[index] = (kind, m[:head + 2] + random + m[head + 34:])
        return [m for _, m in out]


def hkdf_extract(name, salt, key):
    return hmac.new(salt, key, name).digest()


def hkdf_label(name, secret, label, context, size):
    info = struct.pack(">H", size) + edge.vec(1, b"tls13 " + label) + edge.vec(1, context)
    out, t, i = b"", b"", 1
    while len(out) < size:
        t = hmac.new(secret, t + info + bytes([i]), name).digest()
        out, i = out + t, i + 1
    return out[:size]


class Agent:
    def sign(self, key, scheme, data):
        """Of other bytes where the condition wrong is set."""
        return sign(key, scheme, data[:-1] + bytes([data[-1] ^ self.wrong]))

    def __init__(self, address, keys, certificates=()):
        """PEM files: of private keys, of certificates that are known by fingerprint."""
        self.address, self.seen, self.lock = address, [], threading.Lock()
        self.delay_s, self.outcome, self.close_next, self.deaf, self.wrong = 0, 0, False, False, False
        self.names = {"x", "www.example"}  # what may be requested
        self.keys, self.spki = {}, {}
        for path in keys:
            with open(path, "rb") as f:
                key = serialization.load_pem_private_key(f.read(), None)
            # As the certificate has it: RSASSA-PSS stays what it is.
            spki = subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"], check=True,
                                  capture_output=True).stdout
            self.spki[hashlib.sha256(spki).digest()[:4]] = spki
            self.keys[hashlib.sha256(spki).digest()[:4]] = key
        self.certificates = {}
        for path in certificates:
            der = subprocess.run(["openssl", "x509", "-in", path, "-outform", "DER"], check=True, capture_output=True).stdout
            self.certificates[hashlib.sha256(der).digest()[:4]] = der
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind("\0" + address[1:] if address[0] == "@" else address)
        self.listener.listen(512)
        self.connections = []
        self.accepting = threading.Thread(target=self._accept, daemon=True)
        self.accepting.start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes who accepts, and holds the address until it has left
        self.accepting.join()
        self.listener.close()
        self.drop()

    def drop(self):
        """Every connection there is: what a restart looks like."""
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.connections = []

    def take(self):
        """What was seen since the last take."""
        with self.lock:
            seen, self.seen = self.seen, []
        return seen

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        while True:
            try:
                packet = connection.recv(70000)
            except OSError:
                packet = b""
            if not packet:
                connection.close()
                return
            if self.close_next:
                self.close_next = False
                self._note({"exchange": "closed"})
                connection.close()
                return
            if self.deaf:
                continue
            threading.Thread(target=self._packet, args=(connection, packet), daemon=True).start()

    def _packet(self, connection, packet):
        assert packet[:4] == b"LK\1\1", packet[:4]
        tag, left_ms = packet[4:8], struct.unpack(">H", packet[8:10])[0]
        answer = b"" if self.outcome else self.answer(packet[12:], left_ms)
        time.sleep(self.delay_s)
        head = b"LK\1\2" + tag + b"\0\0" + bytes([self.outcome, 0])
        try:
            connection.send(head + answer)
        except OSError:
            pass

    def _note(self, row):
        with self.lock:
            self.seen.append(row)

    def answer(self, message, left_ms=0):
        extension, kind, payload = (message[0], message[1]), message[2], message[16:]
        row = {"extension": extension[0], "type": kind, "left_ms": left_ms, "bytes": len(message)}
        try:
            need(struct.unpack(">I", message[12:16])[0] == len(message) and message[3] == 0, 3, "header")
            handler = HANDLERS.get((*extension, kind))
            need(handler is not None, 5, "type")
            row["exchange"] = handler.__name__
            status, body = 1, handler(self, payload, row)
        except Fault as fault:
            status, body, row["fault"] = fault.status, b"\0\0\0\0", fault.why
        self._note(row)
        return edge.message(extension, kind, body, status, message[4:12])

    def key(self, data, kinds, status=5):
        need(data[0] == 0, 4, "key id type")
        key = self.keys.get(data[1:5])
        need(isinstance(key, kinds), status, "key")
        return key


ANY = (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)


def in_window(s, seconds):
    need(abs(struct.unpack(">I", s[:4])[0] - time.time()) <= seconds, 6, "time in S")


def premaster_of(key, ciphertext, versions):
    n = key.private_numbers()
    size = key.key_size // 8
    need(len(ciphertext) == size, 3, "length of the ciphertext")
    m = pow(int.from_bytes(ciphertext, "big"), n.d, n.public_numbers.n).to_bytes(size, "big")
    good = m[:2] == b"\0\2" and m[-49] == 0 and 0 not in m[2:-49] and m[-48:-46] in versions
    return m[-48:] if good else versions[0] + hmac.new(b"standin", ciphertext, "sha384").digest()[:46]


# --- split ------------------------------------------------------------------------------------------


def sign_cert_verify(agent, payload, row):
    key, role, scheme, digest = agent.key(payload[:5], ANY), payload[5], payload[6:8], payload[9:]
    need(payload[8] == len(digest) and role < 2, 3, "layout")
    need(len(digest) in (32, 48) and len(set(digest)) > 1, 19, "hash")
    row.update(role=role, scheme=scheme.hex())
    context = b"TLS 1.3, client CertificateVerify" if role else b"TLS 1.3, server CertificateVerify"
    return edge.vec(2, agent.sign(key, scheme, b" " * 64 + context + b"\0" + digest))


def sign_ske(agent, payload, row):
    key, freshness, client, s = agent.key(payload[:5], ANY), payload[5], payload[6:38], payload[38:70]
    scheme, kx, size = payload[70:72], payload[72], struct.unpack(">H", payload[73:75])[0]
    params, rest = payload[75:75 + size], payload[75 + size:]
    row.update(freshness=freshness, scheme=scheme.hex(), kx=kx)
    need(freshness == 255 and len(set(client)) > 1 and len(set(s)) > 1, 7, "freshness")
    need(rest == b"\0", 12, "proof")
    if kx == 3:
        ecdhe_params(params)
    return edge.vec(2, agent.sign(key, scheme, client + s + params))


def sign_cert_request(agent, payload, row):
    key, scheme, size = agent.key(payload[:5], ANY), payload[5:7], struct.unpack(">H", payload[7:9])[0]
    info = payload[9:]
    need(size == len(info), 3, "layout")
    try:  # as libcrypto reads it, in a request with some signature
        body = info + bytes.fromhex("300506032b6570030100")
        size = bytes([len(body)]) if len(body) < 128 else b"\x81" + bytes([len(body)]) if len(body) < 256 else \
            b"\x82" + struct.pack(">H", len(body))
        csr = x509.load_der_x509_csr(b"\x30" + size + body)
        need(csr.tbs_certrequest_bytes == info, 3, "other bytes")
    except ValueError as why:
        raise Fault(3, str(why)) from why
    need(agent.spki[payload[1:5]] in info and not list(csr.attributes)[1:], 20, "key or attributes")
    names = [a.value for a in csr.subject]
    for extension in csr.extensions:
        if extension.oid == x509.ExtensionOID.SUBJECT_ALTERNATIVE_NAME:
            names += extension.value.get_values_for_type(x509.DNSName)
    need(set(names) <= agent.names, 21, f"names {names}")
    row.update(scheme=scheme.hex(), names=names)
    return edge.vec(2, agent.sign(key, scheme, info))


def rsa_premaster(agent, payload, row):
    key, version, size = agent.key(payload[:5], rsa.RSAPrivateKey), payload[5:7], struct.unpack(">H", payload[7:9])[0]
    need(version in (b"\3\3", b"\xfe\xfd") and size == len(payload) - 9, 3, "layout")
    return premaster_of(key, payload[9:], [version])


# --- tls12 ------------------------------------------------------------------------------------------


def ecdhe(agent, payload, row):
    key, client, s, scheme = agent.key(payload[:5], ANY), payload[6:38], payload[38:70], payload[70:72]
    need(payload[5] == 0, 7, "freshness")
    in_window(s, 10)
    params = payload[72:76 + payload[75]]
    group, b_point = ecdhe_params(params)
    prf, rest = payload[72 + len(params)], payload[73 + len(params):]
    row.update(scheme=scheme.hex(), group=group.name, prf=prf, random=edge.fresh(s).hex(), client=client.hex())
    need(prf in (1, 2), 12, "proof is missing")
    v_point, r = rest[1:1 + rest[0]], int.from_bytes(rest[1 + rest[0]:], "big")
    item = lambda data: edge.vec(4, data)
    digest = hashlib.sha256(b"".join(map(item, (
        group.generator(), v_point, b_point, item(client) + item(s),
        item(payload[:5]) + item(b"\0") + item(scheme) + item(params) + item(b"tls12 poo")))))
    c = int.from_bytes(digest.digest()[:16 if prf == 1 else 32], "big")
    need(r < group.q and proof_holds(group, b_point, v_point, r, c), 13, "proof")
    return edge.vec(2, agent.sign(key, scheme, client + edge.fresh(s) + params))


def rsa_master(agent, payload, row):
    key, prf_hash, client, s = agent.key(payload[:5], rsa.RSAPrivateKey), payload[6], payload[7:39], payload[39:71]
    need(payload[5] == 0, 7, "freshness")
    in_window(s, 60)
    row.update(random=edge.fresh(s).hex(), client=client.hex())
    premaster = premaster_of(key, payload[71:], [b"\3\3", b"\xfe\xfd"])
    return edge.prf(prf_hash, premaster, b"master secret", client + edge.fresh(s), 48)


def rsa_extended_master(agent, payload, row):
    key, size = agent.key(payload[:5], rsa.RSAPrivateKey), struct.unpack(">H", payload[6:8])[0]
    need(payload[5] == 0 and size == len(payload) - 8, 3, "layout")
    data = payload[8:]
    datagram = data[4] == 0
    head = 12 if datagram else 4
    messages = Messages(data, head)
    need(messages.types[:3] == [1, 2, 11] and messages.types[-1] == 16, 3, f"messages {messages.types}")
    hello = messages.list[1][1]
    s = hello[head + 2:head + 34]
    in_window(s, 60)
    suite = hello[head + 35 + hello[head + 34]:][:2]
    name = "sha384" if suite in (b"\0\x9d",) else "sha256"
    client = messages.list[0][1][head + 2:head + 34]
    row.update(random=edge.fresh(s).hex(), client=client.hex(), messages=messages.types)
    der = messages.list[2][1][head + 6:]
    need(key.public_key().public_bytes(*SPKI) in der, 3, "certificate")
    premaster = premaster_of(key, messages.list[-1][1][head + 2:], [data[head:head + 2]])
    digest = hashlib.new(name, b"".join(messages.with_random(1, edge.fresh(s), head))).digest()
    return edge.prf(1 if name == "sha384" else 0, premaster, b"extended master secret", digest, 48)


# --- tls13 ------------------------------------------------------------------------------------------


def whole_entries(agent, short):
    """CertificateEntry list, from fingerprints."""
    out, at = b"", 0
    while at < len(short):
        der = agent.certificates.get(short[at:at + 4])
        need(der is not None, 10, "fingerprint")
        size = 2 + struct.unpack(">H", short[at + 4:at + 6])[0]
        out += edge.vec(3, der) + short[at + 4:at + 4 + size]
        at += 4 + size
    return out


def s_init_cert_verify(agent, payload, row):
    need(payload[0] == 0x80 and payload[1] == 0 and payload[2] == 1, 3, "tag, freshness or method")
    size = struct.unpack(">H", payload[3:5])[0]
    group, shared = struct.unpack(">H", payload[5:7])[0], payload[7:5 + size]
    rest = payload[5 + size:]
    size = struct.unpack(">I", rest[:4])[0]
    data, rest = rest[4:4 + size], rest[4 + size:]
    form = struct.unpack(">H", rest[:2])[0]
    need(form in (129, 130) and rest[2] == 0, 10, "certificate")
    size = int.from_bytes(rest[3:6], "big")
    entries, rest = rest[6:6 + size], rest[6 + size:]
    if form == 129:
        entries = whole_entries(agent, entries)
    need(len(rest) == 4 and rest[:2] == b"\0\0", 3, "secret request")
    scheme = rest[2:]
    first = entries[3:3 + int.from_bytes(entries[:3], "big")]
    key = next((k for name, k in agent.keys.items() if agent.spki[name] in first), None)
    need(key is not None, 10, "certificate's key")
    messages = Messages(data)
    retried = messages.types[:4] == [1, 2, 1, 2]
    at = 3 if retried else 1
    need(messages.types[at:at + 2] == [2, 8] and messages.types[at + 2:] in ([], [13]), 6, f"{messages.types}")
    hello = messages.list[at][1]
    name = "sha384" if hello[39 + hello[38]:][:2] == b"\x13\x02" else "sha256"
    random = hashlib.sha256(hello[6:38] + b"tls13 pfs srv").digest()
    parts = messages.with_random(at, random)
    if retried:
        digest = hashlib.new(name, parts[0]).digest()
        parts[0] = bytes([254, 0, 0, len(digest)]) + digest
    hash_of = lambda data: hashlib.new(name, data).digest()
    zeros = bytes(len(hash_of(b"")))
    early = hkdf_extract(name, zeros, zeros)
    secret = hkdf_extract(name, hkdf_label(name, early, b"derived", hash_of(b""), len(zeros)), shared)
    traffic = hkdf_label(name, secret, b"s hs traffic", hash_of(b"".join(parts[:at + 1])), len(zeros))
    body = b"\0" + edge.vec(3, entries)
    transcript = hash_of(b"".join(parts) + b"\x0b" + edge.vec(3, body))
    row.update(scheme=scheme.hex(), group=group, random=random.hex(), client=messages.list[at - 1][1][6:38].hex(),
               retried=retried, messages=messages.types, form=form, server_traffic=traffic.hex())
    content = b" " * 64 + b"TLS 1.3, server CertificateVerify\0" + transcript
    return b"\x80\1" + b"\0\0" + edge.vec(2, agent.sign(key, scheme, content))


HANDLERS = {(*SPLIT, 2): rsa_premaster, (*SPLIT, 4): sign_ske, (*SPLIT, 6): sign_cert_verify,
            (*SPLIT, 10): sign_cert_request,
            (*TLS12, 2): rsa_master, (*TLS12, 4): rsa_extended_master, (*TLS12, 6): ecdhe,
            (*TLS13, 2): s_init_cert_verify}

if __name__ == "__main__":
    served = Agent(sys.argv[1], sys.argv[2:])
    while True:
        time.sleep(0.2)
        for one in served.take():
            print(json.dumps(one), flush=True)
