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
import edge_stack as stack
from server import Story, free_port

ECDSA_ONLY = ("tls13_ecdsa", "tls12_ecdhe_ecdsa")
RSA_ONLY = ("tls13_rsa", "tls12_ecdhe_rsa", "tls12_rsa", "tls12_rsa_without_ems")


def apache(story, host):
    if not stack.installed("apache2"):
        story.skip("apache", "it is not installed")
        return
    stack.rows(story, host, "apache", lambda: stack.apache(host))
    story.check("apache_reload", apache_reload, host)


def apache_reload(host):
    with stack.apache(host) as program:
        stack.row(host, program.port, "tls12_ecdhe_rsa")
        os.kill(program.process.pid, signal.SIGUSR1)
        stack.wait_for("the reload", lambda: program.said().count("resuming normal operations") >= 2)
        stack.row(host, program.port, "tls12_ecdhe_ecdsa")


def lighttpd(story, host):
    if not stack.installed("lighttpd") or not os.path.exists("/usr/lib/lighttpd/mod_openssl.so"):
        story.skip("lighttpd", "it, or its mod_openssl, is not installed")
        return
    # One certificate a name: the rows of the other kind by another file in its place.
    stack.rows(story, host, "lighttpd", lambda: stack.lighttpd(host), ECDSA_ONLY)
    stack.rows(story, host, "lighttpd", lambda: stack.lighttpd(host, change=[
        ("www.ecdsa", "www.rsa"),
        ('"enable"', '"enable"\n ssl.openssl.ssl-conf-cmd = ("CipherString" => "DEFAULT")')]), RSA_ONLY)


def s_server(host, kind, *options, conf=None):
    port = free_port()
    return stack.Program(host, "openssl", ["env", "-C", f"{host.directory}/www", "openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", f"{host.etc}/www.{kind}.crt",
                                           "-key", f"{host.etc}/www.{kind}.key", *options], port, None, conf)


def dtls(host, cipher, exchange):
    port = free_port(socket.SOCK_DGRAM)
    served = subprocess.Popen(["openssl", "s_server", "-dtls1_2", "-accept", f"127.0.0.1:{port}", "-cert", f"{host.etc}/www.rsa.crt",
                               "-key", f"{host.etc}/www.rsa.key"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=stack.environment(host.conf))
    try:
        while b"ACCEPT" not in served.stdout.readline():
            assert served.poll() is None
        done = stack.run("openssl", "s_client", "-dtls1_2", "-connect", f"127.0.0.1:{port}", "-cipher", cipher, "-CAfile",
                         f"{host.etc}/www.rsa.crt", "-verify_return_error", data=b"Q\n")
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
    for cipher, exchange in ((stack.ECDHE_RSA, "tls12.ecdhe"), (stack.RSA, "tls12.rsa_extended_master")):
        story.check(f"s_server_dtls_{exchange}", dtls, host, cipher, exchange)
    stack.rows(story, host, "s_server_async", lambda: s_server(host, "rsa", "-async", "-WWW"), ("tls12_ecdhe_rsa", "tls12_rsa"))
    story.check("certificate", certificate, host)
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
