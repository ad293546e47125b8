#!/usr/bin/python3
"""nginx of the distribution, with docs/edge/nginx.conf and keys that are only in lurkd."""

import os
import shutil
import signal
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support"]
import edge_stack as stack
from server import Story


def retry(host):
    """HelloRetryRequest: the group of the client's first share is not the server's."""
    with stack.nginx(host, http="ssl_ecdh_curve P-384;") as program:
        client = stack.shake(host, program.port, ["-tls1_3", "-groups", "X25519:P-384"], "ecdsa")
        assert client.good and client.text.count(", ClientHello\n") == 2, client.text[-1500:]
        stack.is_one_use(host, client, "tls13.s_init_cert_verify")


def resumption(host, options, exchange, kind="rsa"):
    """A session that is resumed needs no key: between two full handshakes no other use is seen."""
    session = f"{host.directory}/session"
    with stack.nginx(host) as program:
        first = stack.shake(host, program.port, [*options, "-sess_out", session], kind)
        assert first.good, first.text[-1500:]
        for _ in range(3):
            again = stack.shake(host, program.port, [*options, "-sess_in", session], kind)
            assert again.good and "Reused, " in again.text, again.text[-1500:]
        last = stack.shake(host, program.port, options, kind)
        seen = host.uses(2)
        assert [use["exchange"] for use in seen] == [exchange] * 2, seen
        assert [use["random"] for use in seen] == [c.random()[:32] for c in (first, last)], seen


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return set(f.read().split())


def reload(host, name):
    """New workers, which read the key files again; openssl.cnf is as it was at start."""
    with stack.nginx(host) as program:
        stack.row(host, program.port, name)
        before = children(program.process.pid)
        os.kill(program.process.pid, signal.SIGHUP)
        stack.wait_for("new workers", lambda: children(program.process.pid) - before and not before & children(program.process.pid))
        stack.row(host, program.port, name)


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


def standard_label(host, name):
    """The same key file under the label PRIVATE KEY."""
    kind = stack.ROWS[name][3]
    path = host.key_file(kind, f"{host.etc}/std.key", "--standard-label")
    with open(path) as f:
        assert f.readline() == "-----BEGIN PRIVATE KEY-----\n"
    with stack.nginx(host, change=[(f"/www.{kind}.key", "/std.key")]) as program:
        stack.row(host, program.port, name)


def refuses_to_start(host, conf, say):
    """nginx -t is the place to see it."""
    at = stack.place_of(host, "test")
    host.snippet("nginx.conf", f"{at}/site.conf", 1)
    with open(f"{at}/nginx.conf", "w") as f:
        f.write(f"pid {at}/pid; error_log stderr; events {{ }}\nhttp {{ include {at}/site.conf; }}\n")
    done = stack.run("nginx", "-t", "-c", f"{at}/nginx.conf", conf=conf)
    assert done.returncode != 0 and say in stack.text_of(done), stack.text_of(done)


def changed(host, name, *change):
    return host.snippet("openssl.cnf", f"{host.etc}/{name}.cnf", change=change)


def orders(host):
    """The provider before default: what OpenSSL makes of it, handshakes fail or work, is no crash; and
    default_properties = ?provider=default mends it."""
    order = ("default = lurk_default\nlurk    = lurk_provider", "lurk = lurk_provider\ndefault = lurk_default")
    with stack.nginx(host, conf=changed(host, "reversed", order)) as program:
        client = stack.shake(host, program.port, ["-tls1_2", "-cipher", stack.ECDHE_ECDSA], "ecdsa")
        assert program.process.poll() is None
        host.uses(1 if client.good else 0, 1)
    mended = changed(host, "mended", order, ("?lurk.tls=yes", "?lurk.tls=yes,?provider=default"))
    with stack.nginx(host, conf=mended) as program:
        for name in ("tls12_ecdhe_ecdsa", "tls12_ecdhe_rsa"):
            stack.row(host, program.port, name)


def main():
    story = Story()
    if not stack.installed("nginx"):
        story.skip("nginx", "it is not installed")
        story.end()
    with tempfile.TemporaryDirectory(prefix="lurk-edge-") as directory, stack.Host(directory) as host:
        stack.rows(story, host, "nginx", lambda: stack.nginx(host))
        for name, options, exchange in (("ecdhe", ["-tls1_2", "-cipher", stack.ECDHE_RSA], "tls12.ecdhe"),
                                        ("rsa_ids", ["-tls1_2", "-cipher", stack.RSA, "-no_ticket"], "tls12.rsa_extended_master")):
            story.check(f"resumption_{name}", resumption, host, options, exchange)
        if stack.TLS13 in host.serves:
            story.check("resumption_tls13", resumption, host, ["-tls1_3"], "tls13.s_init_cert_verify", "ecdsa")
            story.check("retry", retry, host)
        else:
            story.skip("resumption_tls13, retry", "this lurkd does not serve tls13")
        stack.all_prove(story, host, lambda: stack.nginx(host))
        newest = "tls13_ecdsa" if stack.TLS13 in host.serves else "tls12_ecdhe_ecdsa"
        story.check("reload", reload, host, newest)
        story.check("upgrade", upgrade, host, newest)
        story.check("by_variable", by_variable, host)
        story.check("standard_label", standard_label, host, newest)
        story.check("orders", orders, host)
        story.check("default_missing", refuses_to_start, host, changed(host, "alone", ("default = lurk_default\n", "")), "emerg")
        story.check("module_missing", refuses_to_start, host, changed(host, "nowhere", ("lurk.so", "lurk-not-here.so")), "unsupported")
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
