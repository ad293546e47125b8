"""An edge written from the protocol documents alone, sharing no code with core/wire.

It speaks LURK over TLS (Python's ssl) and DTLS (libssl by ctypes), makes every request of the tls12
extension, and checks every answer with python3-cryptography: signatures with the public key over the
bytes TLS would sign, master secrets by recomputing them. Its arithmetic for proofs of ownership is
plain integers. Slow and plain on purpose: it is the second opinion.
"""

import ctypes
import ctypes.util
import hashlib
import hmac
import os
import socket
import ssl
import struct
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

LURK, TLS12 = (0, 1), (1, 1)
SUCCESS = 1
HASHES = {0: "sha256", 1: "sha384", 2: "sha512"}


# --- transports ---------------------------------------------------------------------------------


class Stream:
    """Messages over TLS; several may be outstanding."""

    def __init__(self, host, port, pki, name, version=None, plain=False):
        raw = socket.create_connection((host, port), timeout=10)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = raw
        if plain:
            return
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(f"{pki}/ca.crt")
        if name:
            context.load_cert_chain(f"{pki}/{name}.crt", f"{pki}/{name}.key")
        if version:
            context.minimum_version = context.maximum_version = version
        self.socket = context.wrap_socket(raw)

    def send(self, message):
        self.socket.sendall(message)

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise ConnectionError("the server closed the connection")
            data += part
        return data

    def receive(self):
        head = self._exactly(16)
        return head + self._exactly(struct.unpack(">I", head[12:])[0] - 16)

    def close(self):
        self.socket.close()


class Datagrams:
    """Messages over DTLS 1.2, one a datagram."""

    SET_CONNECTED, SET_TIMEOUT = 32, 33

    def __init__(self, host, port, pki, name):
        lib = self.lib = ctypes.CDLL(ctypes.util.find_library("ssl") or "libssl.so.3")
        for function in ("DTLS_client_method", "SSL_CTX_new", "SSL_new", "BIO_new_dgram", "BIO_ADDR_new"):
            getattr(lib, function).restype = ctypes.c_void_p
        pointer = ctypes.c_void_p
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((host, port))
        context = lib.SSL_CTX_new(pointer(lib.DTLS_client_method()))
        self.context = pointer(context)
        path = lambda file: os.fsencode(f"{pki}/{file}")
        if name:
            if lib.SSL_CTX_use_certificate_chain_file(self.context, path(f"{name}.crt")) != 1:
                raise OSError(f"no certificate for {name}")
            if lib.SSL_CTX_use_PrivateKey_file(self.context, path(f"{name}.key"), 1) != 1:
                raise OSError(f"no key for {name}")
        lib.SSL_CTX_load_verify_locations(self.context, path("ca.crt"), None)
        lib.SSL_CTX_set_verify(self.context, 1, None)
        bio = pointer(lib.BIO_new_dgram(self.socket.fileno(), 0))
        address = pointer(lib.BIO_ADDR_new())
        lib.BIO_ADDR_rawmake(address, socket.AF_INET, socket.inet_aton(host), ctypes.c_size_t(4),
                             ctypes.c_ushort(socket.htons(port)))
        lib.BIO_ctrl(bio, self.SET_CONNECTED, ctypes.c_long(0), address)
        timeout = (ctypes.c_long * 2)(3, 0)
        lib.BIO_ctrl(bio, self.SET_TIMEOUT, ctypes.c_long(0), timeout)
        self.ssl = pointer(lib.SSL_new(self.context))
        lib.SSL_set_bio(self.ssl, bio, bio)
        if lib.SSL_connect(self.ssl) != 1:
            raise ConnectionError("DTLS handshake refused")

    def send(self, message):
        if self.lib.SSL_write(self.ssl, message, len(message)) != len(message):
            raise ConnectionError("DTLS write failed")

    def receive(self):
        buffer = ctypes.create_string_buffer(65536)
        count = self.lib.SSL_read(self.ssl, buffer, 65536)
        if count <= 0:
            raise ConnectionError("nothing came over DTLS")
        return buffer.raw[:count]

    def close(self):
        self.lib.SSL_shutdown(self.ssl)
        self.lib.SSL_free(self.ssl)
        self.lib.SSL_CTX_free(self.context)
        self.socket.close()


class Plain(Stream):
    """TCP without TLS, as test builds serve it on loopback."""

    def __init__(self, host, port):
        super().__init__(host, port, None, None, plain=True)


# --- messages -----------------------------------------------------------------------------------


def message(extension, kind, payload=b"", status=0, number=None, length=None):
    number = number if number is not None else os.urandom(8)
    length = length if length is not None else 16 + len(payload)
    return bytes([*extension, kind, status]) + number + struct.pack(">I", length) + payload


class Answer:
    def __init__(self, data):
        self.extension = (data[0], data[1])
        self.type, self.status, self.number = data[2], data[3], data[4:12]
        self.length = struct.unpack(">I", data[12:16])[0]
        self.payload = data[16:]
        assert self.length == len(data), "length field differs from the message"


def ask(transport, extension, kind, payload=b""):
    """One request, one answer, matched by id."""
    request = message(extension, kind, payload)
    transport.send(request)
    answer = Answer(transport.receive())
    assert answer.number == request[4:12], "answer to another request"
    assert answer.type == kind
    return answer


def vec(width, data):
    return len(data).to_bytes(width, "big") + data


# --- freshness, keys, PRF -----------------------------------------------------------------------


def server_random(now=None):
    return struct.pack(">I", int(now if now is not None else time.time())) + os.urandom(28)


def fresh(s):
    """F(S) of the tls12 extension."""
    out = s[:4] + hashlib.sha256(s + b"tls12 pfs").digest()[4:]
    mark = s[24:]
    return out[:24] + mark if mark in (bytes.fromhex("444f574e47524400"), bytes.fromhex("444f574e47524401")) else out


def key_id(public, form="spki"):
    if form == "spki":
        der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    else:
        der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    return b"\0" + hashlib.sha256(der).digest()[:4]


def prf(hash_number, secret, label, seed, count):
    name, out, a = HASHES[hash_number], b"", label + seed
    while len(out) < count:
        a = hmac.new(secret, a, name).digest()
        out += hmac.new(secret, a + label + seed, name).digest()
    return out[:count]


# --- rsa exchanges ------------------------------------------------------------------------------


def rsa_master(transport, public, prf_hash=0, version=b"\x03\x03", form="spki"):
    premaster = version + os.urandom(46)
    client, s = os.urandom(32), server_random()
    payload = key_id(public, form) + bytes([0, prf_hash]) + client + s
    answer = ask(transport, TLS12, 2, payload + public.encrypt(premaster, padding.PKCS1v15()))
    assert answer.extension == TLS12 and answer.status == SUCCESS, answer.status
    assert answer.payload == prf(prf_hash, premaster, b"master secret", client + fresh(s), 48)


class Handshake:
    """The messages of a TLS_RSA handshake as an edge saw them."""

    def __init__(self, certificate, datagram=False, suite=0x009C, extended=True):
        self.datagram, self.sequence, self.data = datagram, 0, b""
        self.version = b"\xfe\xfd" if datagram else b"\x03\x03"
        self.suite_hash = 1 if suite in (0x009D,) else 0
        self.client, self.s = os.urandom(32), server_random()
        extensions = vec(2, struct.pack(">HH", 23, 0)) if extended else b""
        cookie = b"\0" if datagram else b""
        self.add(1, self.version + self.client + b"\0" + cookie + vec(2, struct.pack(">HH", suite, 0x00FF))
                 + b"\1\0" + extensions)
        self.add(2, self.version + self.s + b"\0" + struct.pack(">HB", suite, 0) + extensions)
        der = certificate.public_bytes(serialization.Encoding.DER)
        self.add(11, vec(3, vec(3, der)))
        self.add(14, b"")
        self.premaster = self.version + os.urandom(46)
        self.add(16, vec(2, certificate.public_key().encrypt(self.premaster, padding.PKCS1v15())))

    def add(self, kind, body):
        count = len(body).to_bytes(3, "big")
        head = bytes([kind]) + count
        if self.datagram:
            head += struct.pack(">H", self.sequence) + b"\0\0\0" + count
            self.sequence += 1
        self.data += head + body

    def as_tls_hashes(self):
        return self.data.replace(self.s, fresh(self.s))

    def master(self, extended):
        if extended:
            digest = hashlib.new(HASHES[self.suite_hash], self.as_tls_hashes()).digest()
            return prf(self.suite_hash, self.premaster, b"extended master secret", digest, 48)
        return prf(self.suite_hash, self.premaster, b"master secret", self.client + fresh(self.s), 48)

    def verify_data(self, extended):
        digest = hashlib.new(HASHES[self.suite_hash], self.as_tls_hashes()).digest()
        return prf(self.suite_hash, self.master(extended), b"client finished", digest, 12)


def rsa_handshake(transport, kind, certificate, datagram=False, suite=0x009C):
    """Types 3 (proof), 4 (extended), 5 (extended, proof)."""
    extended = kind != 3
    h = Handshake(certificate, datagram, suite, extended)
    payload = key_id(certificate.public_key()) + b"\0" + vec(2, h.data)
    if kind != 4:
        payload += h.verify_data(extended)
    answer = ask(transport, TLS12, kind, payload)
    assert answer.extension == TLS12 and answer.status == SUCCESS, (kind, answer.status)
    assert answer.payload == h.master(extended)


# --- groups: plain integers ---------------------------------------------------------------------


class Weierstrass:
    """y^2 = x^3 - 3x + b, affine; b takes no part in adding."""

    def __init__(self, number, name, p, g, q, width):
        self.number, self.name, self.p, self.g, self.q, self.width = number, name, p, g, q, width

    def add(self, a, b):
        if a is None or b is None:
            return b if a is None else a
        (x1, y1), (x2, y2), p = a, b, self.p
        if x1 == x2 and (y1 + y2) % p == 0:
            return None
        slope = (3 * x1 * x1 - 3) * pow(2 * y1, -1, p) if a == b else (y2 - y1) * pow(x2 - x1, -1, p)
        x = (slope * slope - x1 - x2) % p
        return x, (slope * (x1 - x) - y1) % p

    def times(self, k, point):
        out = None
        while k:
            if k & 1:
                out = self.add(out, point)
            point, k = self.add(point, point), k >> 1
        return out

    def encode(self, point):
        return b"\4" + point[0].to_bytes(self.width, "big") + point[1].to_bytes(self.width, "big")

    def generator(self):
        return self.encode(self.g)

    def secret(self):
        return 1 + int.from_bytes(os.urandom(self.width + 8), "big") % (self.q - 1)

    def public(self, k):
        return self.encode(self.times(k, self.g))


class Montgomery:
    """u-coordinates only."""

    def __init__(self, number, name, p, a24, u, q, width, clamp):
        self.number, self.name, self.p, self.a24, self.u, self.q = number, name, p, a24, u, q
        self.width, self.clamp = width, clamp

    def ladder(self, k, u):
        p, x1, x2, z2, x3, z3, swap = self.p, u, 1, 0, u, 1, 0
        for t in reversed(range(8 * self.width + 1)):
            bit = k >> t & 1
            if swap ^ bit:
                x2, x3, z2, z3 = x3, x2, z3, z2
            swap = bit
            a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
            aa, bb, da, cb = a * a % p, b * b % p, d * a % p, c * b % p
            e = aa - bb
            x3, z3 = (da + cb) ** 2 % p, x1 * (da - cb) ** 2 % p
            x2, z2 = aa * bb % p, e * (aa + self.a24 * e) % p
        if swap:
            x2, z2 = x3, z3
        return x2 * pow(z2, -1, p) % p

    def generator(self):
        return self.u.to_bytes(self.width, "little")

    def secret(self):
        return self.clamp(int.from_bytes(os.urandom(self.width), "little"))

    def public(self, k):
        return self.ladder(k, self.u).to_bytes(self.width, "little")


def _clamp25519(k):
    return k & ~7 & (2**254 - 1) | 2**254


def _clamp448(k):
    return k & ~3 & (2**447 - 1) | 2**447


GROUPS = [
    Weierstrass(
        23, "secp256r1", 2**256 - 2**224 + 2**192 + 2**96 - 1,
        (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
         0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5),
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551, 32),
    Weierstrass(
        24, "secp384r1", 2**384 - 2**128 - 2**96 + 2**32 - 1,
        (0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
         0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F),
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973, 48),
    Weierstrass(
        25, "secp521r1", 2**521 - 1,
        (0x00C6858E06B70404E9CD9E3ECB662395B4429C648139053FB521F828AF606B4D3DBAA14B5E77EFE75928FE1DC127A2FFA8DE3348B3C1856A429BF97E7E31C2E5BD66,
         0x011839296A789A3BC0045C8A5FB42C7D1BD998F54449579B446817AFBD17273E662C97EE72995EF42640C550B9013FAD0761353C7086A272C24088BE94769FD16650),
        0x01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409, 66),
    Montgomery(29, "x25519", 2**255 - 19, 121665, 9, 2**252 + 27742317777372353535851937790883648493, 32, _clamp25519),
    Montgomery(30, "x448", 2**448 - 2**224 - 1, 39081, 5,
               2**446 - 13818066809895115352007386748515426880336692474882178609894547503885, 56, _clamp448),
]


# --- ecdhe --------------------------------------------------------------------------------------


def prove(group, b, b_point, poo_prf, client, s, key, scheme, params, label=b"tls12 poo"):
    """vec8 vG, then r: Schnorr's proof that b is known (RFC 8235)."""
    item = lambda data: vec(4, data)
    v = 1 + int.from_bytes(os.urandom(group.width + 8), "big") % (group.q - 1)
    v_point = group.public(v)
    user = item(client) + item(s)
    other = item(key) + item(b"\0") + item(scheme) + item(params) + item(label)
    digest = hashlib.sha256(item(group.generator()) + item(v_point) + item(b_point) + item(user) + item(other))
    c = int.from_bytes(digest.digest()[: 16 if poo_prf == 1 else 32], "big")
    r = (v - b * c) % group.q
    return vec(1, v_point) + r.to_bytes(group.width, "big")


def ecdhe_payload(public, scheme, group, poo_prf=1, s=None):
    """(payload, the bytes the server must sign)."""
    key, client, s = key_id(public), os.urandom(32), s or server_random()
    b = group.secret()
    b_point = group.public(b)
    params = struct.pack(">BH", 3, group.number) + vec(1, b_point)
    payload = key + b"\0" + client + s + scheme + params + bytes([poo_prf])
    if poo_prf:
        payload += prove(group, b, b_point, poo_prf, client, s, key, scheme, params)
    return payload, client + fresh(s) + params


HASH_OF = {4: hashes.SHA256, 5: hashes.SHA384, 6: hashes.SHA512}
PSS_OF = {0x04: hashes.SHA256, 0x05: hashes.SHA384, 0x06: hashes.SHA512,
          0x09: hashes.SHA256, 0x0A: hashes.SHA384, 0x0B: hashes.SHA512}


def verify(public, scheme, signature, signed):
    """Raises unless the signature is good."""
    if scheme in (b"\x08\x07", b"\x08\x08"):
        public.verify(signature, signed)
    elif scheme[0] == 8:
        digest = PSS_OF[scheme[1]]()
        public.verify(signature, signed, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    elif scheme[1] == 1:
        public.verify(signature, signed, padding.PKCS1v15(), HASH_OF[scheme[0]]())
    else:
        public.verify(signature, signed, ec.ECDSA(HASH_OF[scheme[0]]()))


def ecdhe(transport, public, scheme, group, poo_prf=1):
    payload, signed = ecdhe_payload(public, scheme, group, poo_prf)
    answer = ask(transport, TLS12, 6, payload)
    assert answer.extension == TLS12 and answer.status == SUCCESS, (scheme.hex(), group.name, answer.status)
    size = struct.unpack(">H", answer.payload[:2])[0]
    assert size == len(answer.payload) - 2
    verify(public, scheme, answer.payload[2:], signed)


def schemes_of(public):
    """Every SignatureScheme that the key may be asked for."""
    if isinstance(public, rsa.RSAPublicKey):
        return [bytes.fromhex(h) for h in ("0401", "0501", "0601", "0804", "0805", "0806")]
    if isinstance(public, ec.EllipticCurvePublicKey):
        return [bytes.fromhex(h) for h in ("0403", "0503", "0603")]
    return [b"\x08\x07" if isinstance(public, ed25519.Ed25519PublicKey) else b"\x08\x08"]


# --- capabilities -------------------------------------------------------------------------------


class Reader:
    def __init__(self, data):
        self.data = data

    def take(self, count):
        assert len(self.data) >= count, "too short"
        part, self.data = self.data[:count], self.data[count:]
        return part

    def vec(self, width):
        return self.take(int.from_bytes(self.take(width), "big"))


def lurk_capabilities(transport):
    answer = ask(transport, LURK, 0)
    assert answer.status == SUCCESS
    reader = Reader(answer.payload)
    pairs = reader.vec(2)
    state = reader.take(4)
    assert not reader.data and state == hashlib.sha256(answer.payload[:-4]).digest()[:4]
    return [tuple(pairs[i : i + 2]) for i in range(0, len(pairs), 2)], state


def tls12_capabilities(transport):
    """type -> dict of its lists; checks the state."""
    answer = ask(transport, TLS12, 0)
    assert answer.status == SUCCESS
    body, state = answer.payload[:-4], answer.payload[-4:]
    assert state == hashlib.sha256(body).digest()[:4]
    reader, out = Reader(body), {}
    while reader.data:
        entry = Reader(reader.vec(4))
        kind = entry.take(1)[0]
        row = out[kind] = {}
        if kind >= 2:
            row["key_id_types"] = entry.vec(1)
            row["certificates"] = entry.vec(3)
            row["freshness_functs"] = entry.vec(1)
            row["cipher_suites"] = entry.vec(2)
            if kind == 6:
                row["sig_and_hash"] = entry.vec(2)
                row["ecdsa_curves"] = entry.vec(1)
                row["ecdhe_curves"] = entry.vec(1)
                row["poo_prfs"] = entry.vec(1)
            else:
                row["prf_hashes"] = entry.vec(1)
        assert not entry.data, "bytes behind an entry"
    assert list(out) == sorted(out)
    return out, state


def certificates_of(row):
    reader, out = Reader(row["certificates"]), []
    while reader.data:
        kind = reader.take(1)[0]
        out.append((kind, reader.vec(3)))
    return out


def load_certificate(file):
    with open(file, "rb") as f:
        return x509.load_pem_x509_certificate(f.read())
