#!/usr/bin/python3
"""HAProxy of the distribution, with docs/edge/haproxy.cfg (asynchronous, in a chroot, as another user) and keys
that are only in lurkd. LK_LONG=1: ten thousand handshakes of mixed versions, each random held against lurkd's."""

import os
import signal
import socket
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support"]
import edge_checks as checks
import edge_stack as stack
from server import Story

COUNT = 10000 if os.environ.get("LK_LONG") else 240
SMALL = [("maxconn 5000", "maxconn 400"), ("ulimit-n 18000", "ulimit-n 2000")]
BLOCKING = [("ssl-mode-async", "# ssl-mode-async")]


def start(host, change=(), conf=None, mode="-db"):
    mine = [] if os.geteuid() == 0 else [("    chroot", "    # chroot"), ("    user", "    # user"), ("    group", "    # group")]
    return stack.haproxy(host, conf=conf, change=[*SMALL, *change, *mine], mode=mode)


def with_master(host):
    return start(host, mode="-W")


def load(host, change, count):
    """Two threads, six connections at a time: every handshake is one use, with its own random."""
    with start(host, change) as program:
        randoms, _ = stack.many(program.port, stack.mix(host), count)
        assert len(randoms) == count
        stack.all_are_uses(host, randoms)


def is_in_its_chroot(host):
    """Its port accepts before it has changed its root: a handshake tells that it has."""
    with start(host) as program:
        stack.row(host, program.port, "tls12_ecdhe_rsa")
        root = os.readlink(f"/proc/{program.process.pid}/root")
        assert root == host.root, root


def command(program, text):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(30)
        s.connect(program.stats)
        s.sendall(text.encode() + b"\n")
        answer = b""
        while True:
            data = s.recv(65536)
            if not data:
                return answer.decode()
            answer += data


def certificate_at_run_time(host):
    """set ssl cert, commit ssl cert: another certificate and key file, without a reload."""
    with start(host) as program:
        stack.row(host, program.port, "tls12_ecdhe_rsa")
        old = open(f"{host.etc}/www.rsa.crt").read()
        stack.wait_for("its socket", lambda: os.path.exists(program.stats))
        host.certify("rsa", stack.KEYS["rsa"])
        new = open(f"{host.etc}/www.rsa.crt").read()
        assert new != old
        name = f"{host.etc}/www.rsa.crt"
        pem = new + open(f"{host.etc}/www.rsa.key").read()
        said = command(program, f"set ssl cert {name} <<\n{pem}\n")
        assert "Transaction" in said, said
        said = command(program, f"commit ssl cert {name}")
        assert "Success" in said, said
        # The client trusts the new certificate alone.
        stack.row(host, program.port, "tls12_ecdhe_rsa")


def main():
    story = Story()
    if not stack.installed("haproxy"):
        story.skip("haproxy", "it is not installed")
        story.end()
    with tempfile.TemporaryDirectory(prefix="lurk-edge-") as directory, stack.Host(directory) as host:
        stack.rows(story, host, "async", lambda: start(host))
        stack.rows(story, host, "blocking", lambda: start(host, BLOCKING), ("tls13_ecdsa", "tls12_ecdhe_ecdsa", "tls12_rsa"))
        checks.all_rows(story, host, "haproxy", start, ("alpn h2", "curves P-384 alpn h2"), "inconsistencies between private key and certificate")
        story.check("reload", checks.reload, host, with_master, signal.SIGUSR2)
        stack.all_prove(story, host, lambda: start(host))
        if os.geteuid() == 0:
            story.check("is_in_its_chroot", is_in_its_chroot, host)
        story.check("certificate_at_run_time", certificate_at_run_time, host)
        story.check("async_load", load, host, (), COUNT)
        story.check("blocking_load", load, host, BLOCKING, 60)
        if story.failed:
            print(host.log(), host.agent.log_text())
    story.end()


if __name__ == "__main__":
    main()
