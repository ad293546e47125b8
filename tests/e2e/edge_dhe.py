#!/usr/bin/python3
"""DHE-RSA under TLS 1.2: nginx with groups of RFC 7919 and RFC 3526, s_server as it chooses its own, in jobs; mode full with
F(S) and a proof, mode sign by flags, and a group that nobody names."""

import base64
import os
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support", f"{TOP}/tests/interop"]
import edge_split
import edge_stack as stack
from server import Story, free_port

DHE = ["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"]
FLAGS = "[unfresh, unproved]"


def der(tag, body):
    size = len(body).to_bytes(2, "big")
    return bytes([tag, 0x82]) + size + body


def dhparam(host, name, p, g=2):
    """PKCS #3: SEQUENCE { p, g }, what ssl_dhparam reads."""
    width = p.bit_length() // 8 + 1
    text = base64.encodebytes(der(0x30, der(2, p.to_bytes(width, "big")) + bytes([2, 1, g]))).decode()
    path = f"{host.etc}/{name}.pem"
    with open(path, "w") as f:
        f.write(f"-----BEGIN DH PARAMETERS-----\n{text}-----END DH PARAMETERS-----\n")
    return path


def nginx(host, path, conf=None):
    return stack.nginx(host, http=f"ssl_dhparam {path}; ssl_ciphers DEFAULT:DHE;", conf=conf)


def s_server(host, *options):
    """Its group is libssl's own choice, by the size of the key."""
    port = free_port()
    return stack.Program(host, "openssl", ["env", "-C", f"{host.directory}/www", "openssl", "s_server", "-WWW", "-accept", f"127.0.0.1:{port}",
                                           "-cert", f"{host.etc}/www.rsa.crt", "-key", f"{host.etc}/www.rsa.key", *options], port)


def full(host, start, bits):
    """ServerHello.random is F(S): the request was fresh, and what flags would open was not asked for. Each has its proof."""
    before = stack.proofs(host)
    with start() as program:
        for _ in range(3):
            host.uses(0)
            client = stack.shake(host, program.port, DHE)
            stack.is_good(client, program)
            assert f"Server Temp Key: DH, {bits} bits" in client.text, client.text[-1500:]
            stack.is_one_use(host, client, "split.sign_ske")
        assert stack.proofs(host) == {**before, (f"dh{bits}", "held"): before[f"dh{bits}", "held"] + 3}, (before, stack.proofs(host))
        client = stack.shake(host, program.port, ["-tls1_2", "-cipher", stack.ECDHE_RSA])
        stack.is_good(client, program)
        stack.is_one_use(host, client, "tls12.ecdhe")


def unnamed(host, path):
    """The group is refused beside the program that chose it, by name of what is wrong."""
    with nginx(host, path) as program:
        client = stack.shake(host, program.port, DHE)
        assert not client.good and stack.alert_of(client) == "internal error", client.text[-1500:]
        assert "DHE in a group that is none of RFC 7919" in program.said(), program.said()[-1500:]
        assert host.uses(1, 0.2) == []


def sign(host, path, works):
    conf = host.snippet("openssl.cnf", f"{host.etc}/sign.cnf", change=[("agent    =", "mode     = sign\nagent    =")])
    with nginx(host, path, conf) as program:
        client = stack.shake(host, program.port, DHE)
        assert client.good is works, (client.text[-1500:], program.said()[-1500:])
        seen = host.uses(1, 5 if works else 0.2)
        assert [(use["exchange"], use["status"]) for use in seen] == ([("split.sign_ske", 1)] if works else []), seen
        if not works:
            assert "split.sign_ske: the key server answers invalid_freshness_funct" in program.said(), program.said()[-1500:]


def flag(server, flags):
    """The RSA key and the edges carry these flags."""
    write = type(server).write
    server.edges[0]["flags"] = flags

    def flagged():
        write(server)
        with open(server.conf) as f:
            text = f.read().replace("- name: rsa\n", f"- name: rsa\n    flags: {flags}\n")
        with open(server.conf, "w") as f:
            f.write(text)
    server.write = flagged


def main():
    story = Story()
    if not stack.installed("nginx"):
        story.skip("dhe", "nginx is not installed")
        story.end()
    primes = dict(edge_split.primes())
    with tempfile.TemporaryDirectory(prefix="lurk-dhe-") as directory:
        host = stack.Host(directory)
        flag(host.server, "[]")
        with host:
            for name in ("ffdhe2048", "modp3072"):
                path = dhparam(host, name, primes[name])
                story.check(f"full_nginx_{name}", full, host, lambda path=path: nginx(host, path), int(name[-4:]))
            story.check("full_s_server", full, host, lambda: s_server(host), 2048)
            story.check("full_s_server_async", full, host, lambda: s_server(host, "-async"), 2048)
            story.check("full_of_another_group", unnamed, host, dhparam(host, "odd", primes["ffdhe2048"], 5))
            story.check("sign_without_flags", sign, host, dhparam(host, "two", primes["ffdhe2048"]), False)
            flag(host.server, FLAGS)
            host.server.write()
            host.server.reload()
            host.server.wait(lambda: '"reloaded"' in host.log(), 10, "the reload")
            story.check("sign_with_flags", sign, host, f"{host.etc}/two.pem", True)
            if story.failed:
                print(host.log(), host.agent.log_text())
    story.end()


if __name__ == "__main__":
    main()
