#!/usr/bin/python3
"""Apache, lighttpd, openssl and curl of the distribution, with the files of docs/edge/ and keys that are only in
lurkd: servers, a server over DTLS, clients with certificates."""

import os
import signal
import socket
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support"]
import edge_checks as checks
import edge_stack as stack
from server import Story, free_port

ECDSA_ONLY = ("tls13_ecdsa", "tls12_ecdhe_ecdsa")
RSA_ONLY = ("tls13_rsa", "tls12_ecdhe_rsa", "tls12_rsa", "tls12_rsa_without_ems")


def apache_start(host, change=(), conf=None):
    return stack.apache(host, change=change, conf=conf)


def lighttpd_start(host, change=(), conf=None):
    return stack.lighttpd(host, change=change, conf=conf)


def apache(story, host):
    if not stack.installed("apache2"):
        story.skip("apache", "it is not installed")
        return
    stack.rows(story, host, "apache", lambda: stack.apache(host))
    checks.all_rows(story, host, "apache", apache_start, ("SSLEngine on", "SSLEngine on\nSSLOpenSSLConfCmd Groups P-384"), "library has no ciphers")
    story.check("apache_reload", checks.reload, host, apache_start, signal.SIGUSR1)


def lighttpd(story, host):
    if not stack.installed("lighttpd") or not os.path.exists("/usr/lib/lighttpd/mod_openssl.so"):
        story.skip("lighttpd", "it, or its mod_openssl, is not installed")
        return
    # One certificate a name: the rows of the other kind by another file in its place.
    stack.rows(story, host, "lighttpd", lambda: stack.lighttpd(host), ECDSA_ONLY)
    stack.rows(story, host, "lighttpd", lambda: stack.lighttpd(host, change=[
        ("www.ecdsa", "www.rsa"),
        ('"enable"', '"enable"\n ssl.openssl.ssl-conf-cmd = ("CipherString" => "DEFAULT")')]), RSA_ONLY)
    checks.all_rows(story, host, "lighttpd", lighttpd_start, ('"enable"', '"enable"\n ssl.openssl.ssl-conf-cmd = ("Groups" => "P-384")'),
                    "Private key does not match", "no shared cipher", sessions=("ecdhe", "tls13"))
    story.check("lighttpd_reload", checks.reload, host, lighttpd_start, signal.SIGUSR1)


def s_server(host, kind, *options, conf=None):
    port = free_port()
    return stack.Program(host, "openssl", ["env", "-C", f"{host.directory}/www", "openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", f"{host.etc}/www.{kind}.crt",
                                           "-key", f"{host.etc}/www.{kind}.key", *options], port, None, conf)


def dtls(host, kind, cipher, exchange, conf="/dev/null"):
    port = free_port(socket.SOCK_DGRAM)
    served = subprocess.Popen(["openssl", "s_server", "-dtls1_2", "-accept", f"127.0.0.1:{port}", "-cert", f"{host.etc}/www.{kind}.crt",
                               "-key", f"{host.etc}/www.{kind}.key"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=stack.environment(host.conf))
    try:
        while b"ACCEPT" not in served.stdout.readline():
            assert served.poll() is None
        done = stack.run("openssl", "s_client", "-dtls1_2", "-connect", f"127.0.0.1:{port}", "-cipher", cipher, "-CAfile",
                         f"{host.etc}/www.{kind}.crt", "-verify_return_error", data=b"Q\n", conf=conf)
        assert f"Cipher is {cipher}" in stack.text_of(done), stack.text_of(done)
        assert [(use["exchange"], use["status"]) for use in host.uses(1)] == [(exchange, 1)]
    finally:
        served.kill()
        served.communicate()


def client_certificate(host, arguments, exchange):
    """A server that wants a certificate, with a key of its own; the client's key is remote."""
    port = free_port()
    command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", f"{host.pki}/server.crt", "-key", f"{host.pki}/server.key",
               "-Verify", "1", "-verify_return_error", "-CAfile", f"{host.etc}/www.ecdsa.crt", "-www"]
    with stack.Served(command, port, "/dev/null"):
        done = stack.run(*(word.replace("PORT", str(port)) for word in arguments), conf=host.conf, data=b"GET / HTTP/1.0\r\n\r\n")
        # s_server's page shows the certificate that the client proved to have.
        assert "DNS:www.example" in stack.text_of(done), stack.text_of(done)[-1500:]
        assert [(use["exchange"], use["status"]) for use in host.uses(1)] == [(exchange, 1)]


def client_certificate_tls12(host):
    """Its signature is over all messages, which no exchange has: refused here, with a word that says so."""
    port = free_port()
    with stack.Served(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", f"{host.pki}/server.crt", "-key", f"{host.pki}/server.key",
                       "-Verify", "1", "-www"], port, "/dev/null"):
        done = stack.run("openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_2", "-cert", f"{host.etc}/www.ecdsa.crt", "-key",
                         f"{host.etc}/www.ecdsa.key", conf=host.conf)
        assert done.returncode != 0 and "client certificates under TLS 1.2" in stack.text_of(done), stack.text_of(done)
        assert host.uses(1, 0.2) == []


def certificate(host):
    """One that signs itself is neither handshake nor certificate request: it is refused, with a word that says so."""
    done = stack.run("openssl", "req", "-new", "-x509", "-config", f"{host.pki}/pki.cnf", "-key", f"{host.etc}/www.ecdsa.key", "-subj", "/CN=x",
                     conf=host.conf)
    assert done.returncode != 0 and "no certificate request; certificates, " in stack.text_of(done), stack.text_of(done)
    assert host.uses(1, 0.2) == []


def curl_asks(host):
    """curl as what people try first: a page of nginx over both versions."""
    with stack.nginx(host) as program:
        for version in (["--tls-max", "1.2"], ["--tlsv1.3"])[:2 if stack.TLS13 in host.serves else 1]:
            done = stack.run("curl", "-sS", *version, "--cacert", f"{host.etc}/www.ecdsa.crt", "--resolve",
                             f"{stack.SITE}:{program.port}:127.0.0.1", f"https://{stack.SITE}:{program.port}/")
            assert done.stdout == b"hello\n", stack.text_of(done)
            assert [use["status"] for use in host.uses(1)] == [1]


def openssl(story, host):
    for kind, cipher, exchange, conf in (("rsa", stack.ECDHE_RSA, "tls12.ecdhe", "/dev/null"), ("ecdsa", stack.ECDHE_ECDSA, "tls12.ecdhe", "/dev/null"),
                                         ("rsa", stack.RSA, "tls12.rsa_extended_master", "/dev/null"), ("rsa", stack.RSA, "tls12.rsa_master", stack.no_ems(host))):
        story.check(f"s_server_dtls_{kind}_{exchange}", dtls, host, kind, cipher, exchange, conf)
    stack.rows(story, host, "s_server_async", lambda: s_server(host, "rsa", "-async", "-WWW"), ("tls12_ecdhe_rsa", "tls12_rsa"))
    story.check("certificate", certificate, host)
    story.check("client_certificate_tls12", client_certificate_tls12, host)
    key = ["--cert", f"{host.etc}/www.ecdsa.crt", "--key", f"{host.etc}/www.ecdsa.key"]
    if stack.SPLIT not in host.serves:
        story.skip("client_certificate", "this lurkd does not serve split")
        return
    story.check("client_certificate_s_client", client_certificate, host,
                ["openssl", "s_client", "-connect", "127.0.0.1:PORT", "-tls1_3", "-ign_eof", *(word[1:] for word in key[:1]), key[1],
                 "-key", key[3]], "split.sign_cert_verify")
    if stack.PRELOAD:
        story.skip("client_certificate_curl", "curl stands still in setlocale with libasan before it")
    elif stack.installed("curl"):
        story.check("client_certificate_curl", client_certificate, host,
                    ["curl", "-sS", "--tlsv1.3", "--cacert", f"{host.pki}/ca.crt", *key, "https://localhost:PORT/"], "split.sign_cert_verify")


def main():
    story = Story()
    with tempfile.TemporaryDirectory(prefix="lurk-edge-") as directory, stack.Host(directory) as host:
        apache(story, host)
        lighttpd(story, host)
        openssl(story, host)
        if stack.installed("curl") and stack.installed("nginx"):
            story.check("curl", curl_asks, host)
        if story.failed:
            print(host.log(), host.agent.log_text())
    story.end()


if __name__ == "__main__":
    main()
