#!/usr/bin/python3
"""nginx of the distribution, with docs/edge/nginx.conf and keys that are only in lurkd."""

import os
import shutil
import signal
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support"]
import edge_checks as checks
import edge_stack as stack
from server import Story


def start(host, change=(), conf=None):
    return stack.nginx(host, change=change, conf=conf)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return set(f.read().split())


def upgrade(host, name):
    """A new binary (SIGUSR2, of a daemon) has the provider where the line env says so; its parent may go."""
    port, at = stack.free_port(), stack.place_of(host, "upgrade")
    host.snippet("nginx.conf", f"{at}/site.conf", port)
    with open(f"{at}/nginx.conf", "w") as f:
        f.write(f"env OPENSSL_CONF; env LD_PRELOAD; env ASAN_OPTIONS; env UBSAN_OPTIONS; pid {at}/pid; error_log {at}/error.log info; user www-data; events {{ }}\n"
                f"http {{ access_log off; include {at}/site.conf; }}\n")
    assert stack.run("/usr/sbin/nginx", "-c", f"{at}/nginx.conf", conf=host.conf).returncode == 0
    first = second = pid_in(f"{at}/pid")
    try:
        stack.row(host, port, name)
        os.kill(first, signal.SIGUSR2)
        stack.wait_for("the new binary", lambda: pid_in(f"{at}/pid.oldbin") == first and pid_in(f"{at}/pid") not in (0, first))
        second = pid_in(f"{at}/pid")
        stack.wait_for("its worker", lambda: children(second))
        os.kill(first, signal.SIGQUIT)
        stack.wait_for("the end of the old one", lambda: not os.path.exists(f"/proc/{first}"))
        stack.row(host, port, name)
    finally:
        for pid in {first, second}:
            if os.path.exists(f"/proc/{pid}"):
                os.kill(pid, signal.SIGTERM)


def pid_in(path):
    try:
        with open(path) as f:
            return int(f.read() or 0)
    except OSError:
        return 0


def by_variable(host):
    """docs/edge/nginx-sni.conf: the file is found by the name the client asks for; a new site needs no reload."""
    with stack.nginx(host, "nginx-sni.conf") as program:
        for kind, name, cipher in (("rsa", "rsa.example", stack.ECDHE_RSA), ("ecdsa", "ecdsa.example", stack.ECDHE_ECDSA)):
            for _ in range(2):
                client = stack.shake(host, program.port, ["-tls1_2", "-cipher", cipher], kind, name=name)
                assert client.good, client.text[-1500:]
                stack.is_one_use(host, client, "tls12.ecdhe")
        for end in ("crt", "key"):
            shutil.copy(f"{host.etc}/sites/rsa.example.{end}", f"{host.etc}/sites/new.example.{end}")
        client = stack.shake(host, program.port, ["-tls1_2", "-cipher", stack.ECDHE_RSA], name="new.example")
        assert client.good, client.text[-1500:]
        stack.is_one_use(host, client, "tls12.ecdhe")
        assert "ignoring stale" not in program.said(), program.said()


def refuses_to_start(host, conf, say):
    """nginx -t is the place to see it."""
    at = stack.place_of(host, "test")
    host.snippet("nginx.conf", f"{at}/site.conf", 1)
    with open(f"{at}/nginx.conf", "w") as f:
        f.write(f"pid {at}/pid; error_log stderr; events {{ }}\nhttp {{ include {at}/site.conf; }}\n")
    done = stack.run("nginx", "-t", "-c", f"{at}/nginx.conf", conf=conf)
    assert done.returncode != 0 and say in stack.text_of(done), stack.text_of(done)


def main():
    story = Story()
    if not stack.installed("nginx"):
        story.skip("nginx", "it is not installed")
        story.end()
    with tempfile.TemporaryDirectory(prefix="lurk-edge-") as directory, stack.Host(directory) as host:
        stack.rows(story, host, "nginx", lambda: start(host))
        checks.all_rows(story, host, "nginx", start, ("ssl_protocols", "ssl_ecdh_curve P-384; ssl_protocols"), "emerg")
        story.check("reload", checks.reload, host, start, signal.SIGHUP)
        stack.all_prove(story, host, lambda: stack.nginx(host))
        story.check("upgrade", upgrade, host, "tls13_ecdsa")
        story.check("by_variable", by_variable, host)
        story.check("module_missing", refuses_to_start, host, checks.changed(host, "nowhere", ("lurk.so", "lurk-not-here.so")), "unsupported")
        story.check("workers_of_two_under_load", load, host)
        if story.failed:
            print(host.log(), host.agent.log_text())
    story.end()


def load(host):
    with stack.nginx(host, main="worker_rlimit_nofile 4096;", http="ssl_session_tickets off;") as program:
        randoms, _ = stack.many(program.port, stack.mix(host), 120)
        stack.all_are_uses(host, randoms)


if __name__ == "__main__":
    main()
