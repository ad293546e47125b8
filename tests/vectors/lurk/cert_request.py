#!/usr/bin/python3
"""Writes cert_request.json: known answers for split.sign_cert_request (docs/protocol.md), by an encoder of
requests and a signer that share no code with lurk. Keys are those of split.json. Run it to make them anew.
"""

import datetime
import hashlib
import json
import os
import struct

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import AttributeOID, ExtendedKeyUsageOID, NameOID

AT = os.path.dirname(os.path.abspath(__file__))
NAMES = ("www.example", "*.example", "shop.example")
ENCODING = serialization.Encoding


def message(kind, payload, status):
    return bytes((240, 1, kind, status)) + bytes(8) + struct.pack(">I", 16 + len(payload)) + payload


def spki(key):
    return key.public_key().public_bytes(ENCODING.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def request(key, scheme, info):
    name = b"\0" + hashlib.sha256(spki(key)).digest()[:4]
    return message(10, name + struct.pack(">H", scheme) + struct.pack(">H", len(info)) + info, 0)


def names_of(*names):
    return x509.SubjectAlternativeName([x509.DNSName(n) for n in names])


def subject(**parts):
    oids = {"o": NameOID.ORGANIZATION_NAME, "cn": NameOID.COMMON_NAME}
    return x509.Name([x509.NameAttribute(oids[k], v) for k, v in parts.items()])


def made(key, name, *extensions, password=None):
    """A whole request, signed by the key here."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    if password:
        builder = builder.add_attribute(AttributeOID.CHALLENGE_PASSWORD, password)
    return builder.sign(key, None if "Ed" in type(key).__name__ else hashes.SHA256())


def certificate(key):
    name, day = subject(o="Shop", cn="www.example"), datetime.datetime(2024, 1, 1)
    builder = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(5)
               .not_valid_before(day).not_valid_after(day + datetime.timedelta(days=36500))
               .add_extension(names_of(*NAMES), critical=False))
    return builder.sign(key, None if "Ed" in type(key).__name__ else hashes.SHA256()).public_bytes(ENCODING.DER)


def usages():
    return x509.KeyUsage(True, False, True, False, False, False, False, False, False)


def main():
    with open(f"{AT}/split.json", encoding="utf-8") as f:
        pems = {name: key["pkcs8_pem"] for name, key in json.load(f)["keys"].items() if name in ("rsa", "ecdsa_p256", "ed25519")}
    keys = {name: serialization.load_pem_private_key(pem.encode(), None) for name, pem in pems.items()}
    empty, shop = x509.Name([]), subject(o="Shop", cn="www.example")
    every = (names_of(*NAMES), usages(), x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
             x509.BasicConstraints(False, None), x509.TLSFeature([x509.TLSFeatureType.status_request]))
    good, refused = [], []

    def give(name, who, scheme, csr, fixed):
        """fixed: the signature is a function of key and text, and of this scheme."""
        info = csr.tbs_certrequest_bytes
        row = {"name": name, "key": who, "request": request(keys[who], scheme, info).hex(), "signed": info.hex()}
        if fixed:
            row["response"] = message(10, struct.pack(">H", len(csr.signature)) + csr.signature, 1).hex()
        good.append(row)

    for who, scheme, fixed in (("rsa", 0x0401, True), ("rsa", 0x0804, False), ("ecdsa_p256", 0x0403, False),
                               ("ecdsa_p256", 0x0503, False), ("ed25519", 0x0807, True)):
        key = keys[who]
        give(f"{who} {scheme:04x}, nothing asked for", who, scheme, made(key, empty), fixed)
        give(f"{who} {scheme:04x}, the certificate's subject, its names", who, scheme, made(key, shop, names_of(*NAMES)), fixed)
        give(f"{who} {scheme:04x}, one name", who, scheme, made(key, subject(cn="shop.example"), names_of("shop.example")), fixed)
        give(f"{who} {scheme:04x}, every extension", who, scheme,
             made(key, shop, *every, x509.SubjectKeyIdentifier.from_public_key(key.public_key())), fixed)

    def refuse(name, status, info, who="rsa", scheme=0x0401):
        refused.append({"name": name, "key": who, "status": status, "request": request(keys[who], scheme, info).hex()})

    rsa = keys["rsa"]
    tbs = lambda *a, **k: made(rsa, *a, **k).tbs_certrequest_bytes
    refuse("scheme of another kind of key", 10, tbs(empty), scheme=0x0403)
    refuse("no scheme", 10, tbs(empty), scheme=0)
    refuse("no bytes", 3, b"")
    refuse("a byte behind it", 3, tbs(shop) + b"\0")
    refuse("the last byte missing", 3, tbs(shop)[:-1])
    refuse("a whole request", 3, made(rsa, shop).public_bytes(ENCODING.DER))
    refuse("a ServerKeyExchange", 3, bytes(64) + b"\3\0\x1d\x20" + bytes(32))
    refuse("a CertificateVerify", 3, b" " * 64 + b"TLS 1.3, server CertificateVerify\0" + bytes(range(32)))
    refuse("another key", 20, made(keys["ecdsa_p256"], shop).tbs_certrequest_bytes)
    refuse("a challengePassword", 20, tbs(shop, password=b"secret"))
    refuse("an authority", 20, tbs(shop, x509.BasicConstraints(True, None)))
    refuse("code signing", 20, tbs(shop, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])))
    refuse("an extension that is not listed", 20, tbs(shop, x509.InhibitAnyPolicy(1)))
    refuse("another CN", 21, tbs(subject(cn="bank.example")))
    refuse("another organization", 21, tbs(subject(o="Bank", cn="www.example")))
    refuse("a name too many", 21, tbs(shop, names_of("www.example", "bank.example")))
    refuse("a mailbox", 21, tbs(shop, x509.SubjectAlternativeName([x509.RFC822Name("www@www.example")])))

    out = {"about": "known answers for split.sign_cert_request (docs/protocol.md); hex; by cert_request.py",
           "keys": {name: {"pkcs8_pem": pems[name], "certificate_der": certificate(key).hex()} for name, key in keys.items()},
           "good": good, "refused": refused}
    with open(f"{AT}/cert_request.json", "w", encoding="utf-8") as f:
        json.dump(out, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main()
