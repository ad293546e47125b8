#!/usr/bin/python3
"""Edges whose certificate an intermediate authority signed: who is let in under which CRLs."""

import datetime
import os
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support", f"{TOP}/tests/interop"]
import edge
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from server import Server, Story, make_pki

NOW = datetime.datetime.utcnow()
BEGIN, END = NOW - datetime.timedelta(days=1), NOW + datetime.timedelta(days=10)
PEM = serialization.Encoding.PEM


class Holder:
    """A name, its key, its certificate."""

    def __init__(self, name, issuer=None, use=None):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        above = issuer or self
        build = (x509.CertificateBuilder().subject_name(self.name).issuer_name(above.name)
                 .public_key(self.key.public_key()).serial_number(x509.random_serial_number())
                 .not_valid_before(BEGIN).not_valid_after(END)
                 .add_extension(x509.BasicConstraints(use is None, None), critical=True))
        if use is not None:
            uri = x509.UniformResourceIdentifier("lurk://edge/1")
            build = build.add_extension(x509.SubjectAlternativeName([uri]), critical=False)
            build = build.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        self.certificate = build.sign(above.key, hashes.SHA256())

    def pem(self):
        return self.certificate.public_bytes(PEM)

    def crl(self, *revoked):
        build = x509.CertificateRevocationListBuilder().issuer_name(self.name).last_update(BEGIN).next_update(END)
        for holder in revoked:
            build = build.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(holder.certificate.serial_number)
                .revocation_date(BEGIN).build())
        return build.sign(self.key, hashes.SHA256()).public_bytes(PEM)


def put(path, data):
    with open(path, "wb") as f:
        f.write(data)


def pings(server, directory, name):
    stream = edge.Stream("127.0.0.1", server.port["tls"], directory, name)
    edge.ask(stream, edge.LURK, 1)
    return stream


def is_in(server, directory, name):
    try:
        pings(server, directory, name).close()
        return True
    except OSError:
        return False


def under(server, directory, crl, name="leaf"):
    put(f"{directory}/crl.pem", crl)
    server.start()
    try:
        return is_in(server, directory, name)
    finally:
        server.stop()


def revoked_above_closes(server, directory, before, after):
    """A reload with the CRL that names the intermediate authority closes those it vouched for."""
    put(f"{directory}/crl.pem", before)
    server.start()
    try:
        stream = pings(server, directory, "leaf")
        put(f"{directory}/crl.pem", after)
        server.reload()
        stream.socket.settimeout(10)
        assert stream.socket.recv(1) == b""
    finally:
        server.stop()


def main():
    story = Story()
    with tempfile.TemporaryDirectory() as directory:
        pki = make_pki(f"{directory}/pki", "p256=1")
        root = Holder("root")
        middle = Holder("middle", root)
        for name, use in (("leaf", ExtendedKeyUsageOID.CLIENT_AUTH), ("server", ExtendedKeyUsageOID.SERVER_AUTH)):
            holder = Holder(name, middle, use)
            put(f"{directory}/{name}.crt", holder.pem() + middle.pem())
            put(f"{directory}/{name}.key", holder.key.private_bytes(
                PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        put(f"{directory}/root.pem", root.pem())
        os.link(f"{pki}/ca.crt", f"{directory}/ca.crt")
        server = Server(directory, pki, {"p256": ("p256-1", "tls12-sign")},
                        channel={"ca": f"{directory}/root.pem", "crl": f"{directory}/crl.pem"})
        good, bad = middle.crl() + root.crl(), middle.crl() + root.crl(middle)

        def expect(want, *arguments):
            assert under(server, directory, *arguments) is want

        story.check("chain_with_all_its_crls_is_let_in", expect, True, good)
        story.check("chain_of_a_revoked_authority_is_refused", expect, False, bad)
        story.check("chain_without_a_crl_for_its_authority_is_refused", expect, False, middle.crl())
        story.check("chain_of_a_server_certificate_is_refused", expect, False, good, "server")
        story.check("chain_is_judged_again_at_a_reload", revoked_above_closes, server, directory, good, bad)
    story.end()


main()
