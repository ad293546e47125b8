#!/usr/bin/python3
"""A certificate is renewed while its key stays in lurkd: the request is made on the edge by openssl req, signed there,
an authority issues a certificate with another serial number, and nginx and HAProxy change to it under load.

Whatever the order in which lurkd and the edge get the new chain, no handshake is lost. In the order of
docs/edge.md lurkd refuses nothing meanwhile either.
"""

import hashlib
import os
import shutil
import signal
import ssl
import sys
import tempfile
import threading

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support", f"{TOP}/tests/e2e"]
import edge_stack as stack
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from edge_host import run, text_of, wait_for
from server import BIN, Story, make_pki

SAN = f"DNS:{stack.SITE},DNS:*.{stack.SITE}"
MORE = {"pss": "rsapss2048-1", "ed25519": "ed25519-1"}  # keys beside those that are served
UNKNOWN = "lurk_policy_denied_total"


def opened(command, *arguments, **how):
    done = run(command, *arguments, **how)
    assert done.returncode == 0, text_of(done)
    return done.stdout


class Authority:
    """What issues the certificates of the site: it sees requests and their public keys, never a private one."""

    def __init__(self, directory):
        self.at, self.serial = directory, 1000
        os.makedirs(directory)
        opened("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=site authority",
               "-days", "9", "-keyout", f"{directory}/ca.key", "-out", f"{directory}/ca.crt", conf="/etc/ssl/openssl.cnf")

    def issue(self, request):
        """PEM: the certificate, and the authority's above it. The request has to carry its own signature."""
        self.serial += 1
        path = f"{self.at}/{self.serial}"
        with open(f"{path}.csr", "wb") as f:
            f.write(request)
        assert b"verify OK" in run("openssl", "req", "-in", f"{path}.csr", "-verify", "-noout").stderr
        opened("openssl", "x509", "-req", "-in", f"{path}.csr", "-CA", f"{self.at}/ca.crt", "-CAkey", f"{self.at}/ca.key", "-set_serial",
               str(self.serial), "-days", "9", "-copy_extensions", "copyall", "-out", f"{path}.crt")
        return "".join(open(f"{self.at}/{name}").read() for name in (f"{self.serial}.crt", "ca.crt"))


def put(path, text):
    """Beside, and over it: who reads meanwhile has the one or the other."""
    with open(f"{path}.new", "w") as f:
        f.write(text)
    os.chmod(f"{path}.new", 0o644)
    os.replace(f"{path}.new", path)


class Site(stack.Host):
    """A host whose site has certificates of an authority, and keys that may be requested for."""

    def __init__(self, directory):
        super().__init__(directory, requests={"cert_request_rate": 100})
        self.authority = Authority(f"{directory}/authority")
        make_pki(self.pki, *(key[:-2] + "=1" for key in MORE.values()))
        for name, key in MORE.items():
            self.server.keys[name] = (key, "tls12-sign, tls13-sign")
            shutil.copy(f"{self.pki}/keys/{key}.crt", f"{self.etc}/www.{name}.crt")
            self.key_file(name, f"{self.etc}/www.{name}.key")
        for name in ("rsa", "ecdsa", "pss"):
            self.server.key_options[name] = {"flags": "[request]"}
        self.server.edges[0]["flags"] = "[request]"
        for name, key in stack.KEYS.items():
            request = opened("openssl", "req", "-new", "-key", f"{self.pki}/keys/{key}.key", "-subj", f"/O=Shop/CN={stack.SITE}",
                             "-addext", f"subjectAltName={SAN}", conf="/etc/ssl/openssl.cnf")
            chain = self.authority.issue(request)
            put(self.chain(name), chain)
            put(f"{self.etc}/www.{name}.crt", chain)

    def chain(self, name):
        return f"{self.pki}/keys/{stack.KEYS[name]}.crt"

    def known(self, name, *chains):
        """What lurkd knows, from the next generation on."""
        put(self.chain(name), "".join(chains))
        opened(f"{BIN}/lurkctl", "-s", f"{self.lurkd}/control.sock", "reload")

    def ask(self, name, *options):
        return run("openssl", "req", "-new", "-key", f"{self.etc}/www.{name}.key", *options, conf=self.conf)

    def renew(self, name):
        done = self.ask(name, "-subj", f"/CN={stack.SITE}", "-addext", f"subjectAltName={SAN}")
        assert done.returncode == 0, text_of(done)
        return self.authority.issue(done.stdout)


# --- requests ----------------------------------------------------------------------------------------------


def signs(host, name, scheme, algorithm, *options):
    """With /etc/lurk/openssl.cnf as it is in docs/edge: a request, by one use of the key that the journal has."""
    host.uses(0)
    own = text_of(run("openssl", "x509", "-in", f"{host.etc}/www.{name}.crt", "-noout", "-ext", "subjectAltName")).split("DNS:")[1].split(",")[0].strip()
    done = host.ask(name, "-subj", f"/CN={own}", "-addext", f"subjectAltName=DNS:{own}", *options)
    assert done.returncode == 0, text_of(done)
    shown = text_of(run("openssl", "req", "-verify", "-noout", "-text", data=done.stdout))
    assert "verify OK" in shown and f"Signature Algorithm: {algorithm}" in shown and f"DNS:{own}" in shown, shown
    seen = host.uses(1)
    assert [(use["exchange"], use["status"], use["scheme"]) for use in seen] == [("split.sign_cert_request", 1, scheme)], seen
    digest = hashlib.sha256(x509.load_pem_x509_csr(done.stdout).tbs_certrequest_bytes).hexdigest()
    assert digest[:32] == seen[0]["random"], "the record does not name what was signed"


def signs_by_a_file(host):
    """As ACME clients have it that take a request: names and extensions in a file of their own."""
    path = f"{host.etc}/request.cnf"
    with open(path, "w") as f:
        f.write(f"[req]\nprompt=no\ndistinguished_name=dn\nreq_extensions=ext\n[dn]\nO=Shop\nCN={stack.SITE}\n[ext]\nsubjectAltName={SAN}\n"
                "keyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n"
                "tlsfeature=status_request\nsubjectKeyIdentifier=hash\n")
    for name in stack.KEYS:
        done = host.ask(name, "-config", path)
        assert done.returncode == 0, text_of(done)
        assert "status_request" in text_of(run("openssl", "req", "-noout", "-text", data=done.stdout))
        assert len(host.uses(1)) == 1


def refused(host, name, options, *say):
    host.uses(0)
    done = host.ask(name, *options)
    assert done.returncode != 0 and b"BEGIN" not in done.stdout, text_of(done)
    assert all(word in text_of(done) for word in say), text_of(done)
    assert host.uses(0) == []


def refused_to_who_lacks_the_flag(host):
    """The key's, then the edge's."""
    refused(host, "ed25519", ["-subj", "/CN=ed25519-1.example"], "invalid_key_id", "wants the flag request")
    host.server.edges[0].pop("flags")
    host.server.write()
    opened(f"{BIN}/lurkctl", "-s", f"{host.lurkd}/control.sock", "reload")
    refused(host, "rsa", ["-subj", f"/CN={stack.SITE}"], "invalid_type", "wants the flag request")
    host.server.edges[0]["flags"] = "[request]"
    host.server.write()
    opened(f"{BIN}/lurkctl", "-s", f"{host.lurkd}/control.sock", "reload")
    assert host.ask("rsa", "-subj", f"/CN={stack.SITE}").returncode == 0


def names_that_cannot_be_read(host):
    """A certificate that bounds nothing is found before it is in use, by --check and by a reload, and not at a renewal."""
    ca = (serialization.load_pem_private_key(open(f"{host.authority.at}/ca.key", "rb").read(), None),
          x509.load_pem_x509_certificate(open(f"{host.authority.at}/ca.crt", "rb").read()))
    good = open(host.chain("rsa")).read()
    own = x509.load_pem_x509_certificate(good.encode())
    cut = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), b"\x30\x05\x82\x04www")
    made = x509.CertificateBuilder(ca[1].subject, own.subject, own.public_key(), 77, own.not_valid_before, own.not_valid_after)
    bad = made.add_extension(cut, False).sign(ca[0], hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    put(host.chain("rsa"), bad.decode())
    checked = run(f"{BIN}/lurkd", "--check", "-c", host.server.conf)
    reloaded = run(f"{BIN}/lurkctl", "-s", f"{host.lurkd}/control.sock", "reload")
    put(host.chain("rsa"), good)
    for done in (checked, reloaded):
        assert done.returncode != 0 and "cannot be read" in text_of(done), text_of(done)
    opened(f"{BIN}/lurkctl", "-s", f"{host.lurkd}/control.sock", "reload")
    assert host.ask("rsa", "-subj", f"/CN={stack.SITE}").returncode == 0


# --- renewal -----------------------------------------------------------------------------------------------


class Traffic:
    """with Traffic(host, port) as t: handshakes of all kinds, one after the other in each thread, and what serial
    numbers they saw; a fault ends the story."""

    def __init__(self, host, port, threads=3):
        self.host, self.port, self.serials, self.faults, self.stop, self.lock = host, port, [], [], False, threading.Lock()
        v12, v13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
        self.contexts = [stack.context(host, None, v13), stack.context(host, "rsa", v12, stack.ECDHE_RSA), stack.context(host, None, v13),
                         stack.context(host, "ecdsa", v12, stack.ECDHE_ECDSA), stack.context(host, "rsa", v12, stack.RSA)]
        self.threads = [threading.Thread(target=self.work, args=(n,)) for n in range(threads)]

    def work(self, n):
        while not self.stop:
            n += 1
            try:
                serial = stack.Fast(self.port, self.contexts[n % len(self.contexts)]).serial
                with self.lock:
                    self.serials.append(serial)
            except Exception as fault:  # whatever it is, a client lost its handshake
                with self.lock:
                    self.faults.append(fault)

    def more(self, count):
        """So many further handshakes."""
        with self.lock:
            until = len(self.serials) + count
        wait_for(f"{count} handshakes", lambda: len(self.serials) >= until or self.faults, 60)
        assert not self.faults, (len(self.faults), self.faults[:3])

    def all_show(self, *serials):
        """From now on, once those under way are done."""
        with self.lock:
            at = len(self.serials)
        wait_for(f"serial numbers {serials}", lambda: set(serials) <= set(self.serials[at:]) or self.faults, 60)
        with self.lock:
            at = len(self.serials) + 2 * len(self.threads)
        self.more(2 * len(self.threads) + 30)
        assert set(self.serials[at:]) == set(serials), (serials, set(self.serials[at:]))

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.stop = True
        for t in self.threads:
            t.join()
        assert not self.faults, (len(self.faults), self.faults[:3])


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return set(f.read().split())


def show_in_nginx(host, program, names):
    """New files and a signal; the old workers end with their last connection."""
    before = children(program.process.pid)
    for name, chain in names.items():
        put(f"{host.etc}/www.{name}.crt", chain)
    os.kill(program.process.pid, signal.SIGHUP)
    wait_for("new workers", lambda: children(program.process.pid) - before and not before & children(program.process.pid), 30)


def show_in_haproxy(host, program, names):
    """set ssl cert, commit ssl cert: no reload."""
    from edge_haproxy import command
    for name, chain in names.items():
        path = f"{host.etc}/www.{name}.crt"
        put(path, chain)  # for the next start
        with open(f"{host.etc}/www.{name}.key") as f:
            said = command(program, f"set ssl cert {path} <<\n{''.join(line for line in chain.splitlines(True) if line.strip()) + f.read()}\n")
        assert "Transaction" in said, said
        said = command(program, f"commit ssl cert {path}")
        assert "Success" in said, said


def serial_of(chain):
    return int(opened("openssl", "x509", "-noout", "-serial", data=chain.encode()).decode().split("=")[1], 16)


def current(host):
    return {name: open(host.chain(name)).read() for name in stack.KEYS}


def in_order(host, program, show):
    """docs/edge.md: lurkd knows both, edges change, lurkd forgets the old one. lurkd never meets what it does not know."""
    old = current(host)
    with Traffic(host, program.port) as traffic:
        traffic.all_show(*map(serial_of, old.values()))
        before = host.server.metric(UNKNOWN)
        new = {name: host.renew(name) for name in stack.KEYS}
        for name in new:
            host.known(name, new[name], old[name])
        traffic.more(30)
        show(host, program, new)
        traffic.all_show(*map(serial_of, new.values()))
        for name in new:
            host.known(name, new[name])
        traffic.more(30)
        assert host.server.metric(UNKNOWN) == before, "lurkd met a chain that it did not know"


def edge_first(host, program, show):
    """The edge shows what lurkd does not know: its chain goes whole, until lurkd has it; then by fingerprint again."""
    new = {name: host.renew(name) for name in stack.KEYS}
    with Traffic(host, program.port) as traffic:
        traffic.more(30)
        before = host.server.metric(UNKNOWN)
        show(host, program, new)
        traffic.all_show(*map(serial_of, new.values()))
        assert host.server.metric(UNKNOWN) > before, "lurkd knew it all along"
        for name in new:
            host.known(name, new[name])
        traffic.more(330)  # more than 64 of TLS 1.3 for each key of each process
        before = host.server.metric(UNKNOWN)
        traffic.more(330)
        assert host.server.metric(UNKNOWN) == before, "it still asks with a chain that lurkd does not know"


def server_first(host, program, show):
    """lurkd has forgotten what the edge still shows."""
    new = {name: host.renew(name) for name in stack.KEYS}
    with Traffic(host, program.port) as traffic:
        traffic.more(30)
        for name in new:
            host.known(name, new[name])
        traffic.more(60)
        show(host, program, new)
        traffic.all_show(*map(serial_of, new.values()))


def main():
    story = Story()
    with tempfile.TemporaryDirectory(prefix="lurk-edge-") as directory, Site(directory) as host:
        for row in (("rsa", 0x0401, "sha256WithRSAEncryption"), ("ecdsa", 0x0403, "ecdsa-with-SHA256"), ("pss", 0x0809, "rsassaPss"),
                    ("rsa", 0x0804, "rsassaPss", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest")):
            story.check(f"signs_{row[0]}_{row[1]:04x}", signs, host, *row)
        story.check("signs_by_a_file", signs_by_a_file, host)
        for what, options in (("cn", ["-subj", "/CN=bank.example"]), ("subject", ["-subj", f"/O=Bank/CN={stack.SITE}"]),
                              ("name", ["-subj", f"/CN={stack.SITE}", "-addext", "subjectAltName=DNS:bank.example"]),
                              ("one_more", ["-subj", f"/CN={stack.SITE}", "-addext", f"subjectAltName={SAN},DNS:bank.example"]),
                              ("address", ["-subj", f"/CN={stack.SITE}", "-addext", "subjectAltName=IP:192.0.2.1"])):
            story.check(f"refuses_{what}", refused, host, "rsa", options, "invalid_cert_name", "of the key's certificate")
        story.check("refuses_an_authority", refused, host, "rsa", ["-subj", f"/CN={stack.SITE}", "-addext", "basicConstraints=CA:TRUE"],
                    "more than a certificate of TLS has")
        story.check("refuses_without_the_flag", refused_to_who_lacks_the_flag, host)
        story.check("refuses_a_certificate_that_bounds_nothing", names_that_cannot_be_read, host)
        for name, start, show in (("nginx", stack.nginx, show_in_nginx), ("haproxy", haproxy, show_in_haproxy)):
            if not stack.installed(name):
                story.skip(name, "it is not installed")
                continue
            with start(host) as program:
                for check in (in_order, edge_first, server_first):
                    story.check(f"{name}_{check.__name__}", check, host, program, show)
        if story.failed:
            print(host.log(), host.agent.log_text())
    story.end()


def haproxy(host):
    from edge_haproxy import start
    program = start(host)
    wait_for("its socket", lambda: os.path.exists(program.stats))
    return program


if __name__ == "__main__":
    main()
