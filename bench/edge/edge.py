#!/usr/bin/python3
"""make bench B=edge: what a remote key costs the edge. HAProxy (asynchronous, two threads) does full handshakes of TLS 1.3
with the key in lurkd, mode full and mode sign, beside the same key in its own memory: handshakes a CPU-second of the
HAProxy process, and the median of one handshake at a time, with HAProxy, agent and lurkd on one CPU and the client on the
other, beside that of the bare operation; mode sign with P-256 also with libcrypto's check of signatures, and with a sample
checked. Then a key server that is 0, 5 and 20 ms away, before nginx with 2 workers and with 16 and HAProxy asynchronous and
not; and an agent before two key servers of which one becomes slow. What is compared runs in turns; every handshake is
verified by its client. Ends with `figure` and `ratio` lines, the same in bench/results/edge.json.
"""

import argparse
import os
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path[:0] = [f"{TOP}/bench/e2e", f"{TOP}/tests/e2e", f"{TOP}/tests/support", f"{TOP}/tests/interop"]
import e2e  # noqa: E402
import affinity  # noqa: E402, beside this file
import edge_stack as stack  # noqa: E402
import fleet  # noqa: E402, beside this file
from server import free_port  # noqa: E402

KEYS = {"rsa": "rsa2048", "ecdsa": "p256"}
WHERE = {"rsa": ("local", "full", "sign"), "ecdsa": ("local", "full", "sign", "libcrypto", "sample")}  # RSA is libcrypto's always
GOALS = {("rsa", "full"): ">= 1.15", ("rsa", "sign"): ">= 1.3", ("ecdsa", "full"): ">= 0.75", ("ecdsa", "sign"): ">= 0.85"}


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def confs(host):
    """Mode sign is the provider alone, as docs/edge/openssl.cnf says; sample: the same with verify = sample."""
    def sign(more=""):
        return host.snippet("openssl.cnf", f"{host.etc}/sign{len(more)}.cnf", change=[
            ("activate = 1\nagent", f"activate = 1\nmode = sign\n{more}agent"), ("alg_section = lurk_algs\n", ""),
            ("random      = lurk_random\n", "")])
    for name, key in stack.KEYS.items():
        shutil.copy(f"{host.etc}/www.{name}.crt", f"{host.etc}/local.{name}.crt")
        shutil.copy(f"{host.pki}/keys/{key}.key", f"{host.etc}/local.{name}.key")
        os.chmod(f"{host.etc}/local.{name}.key", 0o644)
    return {"local": "/dev/null", "full": host.conf, "sign": sign(), "libcrypto": sign(), "sample": sign("verify = sample\n")}


def haproxy(host, conf, name, where):
    """libcrypto: of lurk.so this CPU's lanes are hidden."""
    if where != "libcrypto":
        return started(host, conf, name, where)
    os.environ["LURK_CPU"] = "-ifma"
    try:
        return started(host, conf, name, where)
    finally:
        del os.environ["LURK_CPU"]


def started(host, conf, name, where, *change):
    """With one certificate: of two HAProxy gives this client the RSA one."""
    both = f"crt {host.etc}/www.ecdsa.crt crt {host.etc}/www.rsa.crt"
    one = f"crt {host.etc}/{'local' if where == 'local' else 'www'}.{name}.crt"
    return stack.haproxy(host, conf=conf, change=[("maxconn 5000", "maxconn 400"), ("ulimit-n 18000", "ulimit-n 2000"), (both, one), *change])


def one_at_a_time(port, c, count):
    took = []
    for _ in range(count):
        began = time.monotonic()
        stack.Fast(port, c)
        took.append((time.monotonic() - began) * 1e3)
    return statistics.median(took)


def servers(host):
    """The agent, and lurkd's three processes."""
    return host.agent.process.pid, host.server.process.pid, *host.server.children().values()


def bare_ms(host, name):
    """One signature by libcrypto, as the handshakes have it."""
    with open(f"{host.pki}/keys/{stack.KEYS[name]}.key", "rb") as f:
        key = serialization.load_pem_private_key(f.read(), None)
    sha256 = hashes.SHA256()
    how = (ec.ECDSA(sha256),) if name == "ecdsa" else (padding.PSS(padding.MGF1(sha256), 32), sha256)
    took = []
    for _ in range(60):
        began = time.monotonic()
        key.sign(b"text", *how)
        took.append((time.monotonic() - began) * 1e3)
    return statistics.median(took)


def economy(report, o, host):
    files = confs(host)
    for name, key in KEYS.items():
        c = stack.context(host, name, ssl.TLSVersion.TLSv1_3)
        ways = WHERE[name]
        rate, p50, bare = {w: [] for w in ways}, {w: [] for w in ways}, []
        for _ in range(o.rounds):
            bare.append(bare_ms(host, name))
            for where in ways:
                with haproxy(host, files[where], name, where) as program:
                    stack.many(program.port, [c], 40)
                    before = cpu_seconds(program.process.pid)
                    randoms, _ = stack.many(program.port, [c], o.handshakes, threads=8)
                    rate[where].append(len(randoms) / (cpu_seconds(program.process.pid) - before))
                    with affinity.sharing((program.process.pid, *servers(host)), e2e.SERVER_CPU):
                        p50[where].append(one_at_a_time(program.port, c, 200))
        for where in ways:
            report.figure(f"haproxy_{key}_{where}", rate[where], "handshakes a CPU-second")
            report.figure(f"haproxy_{key}_{where}_p50", p50[where], "ms", 2)
        report.figure(f"haproxy_{key}_bare_p50", bare, "ms", 3)
        for where in ways[1:]:
            report.ratio(f"haproxy_{key}_{where}_vs_local", [a / b for a, b in zip(rate[where], rate["local"])], GOALS.get((name, where), "none"))
            added = [a - b for a, b in zip(p50[where], p50["local"])]
            report.figure(f"haproxy_{key}_{where}_added_p50", added, "ms", 2)
            report.ratio(f"haproxy_{key}_{where}_added_vs_bound", [a / (1.3 * b + 0.25) for a, b in zip(added, bare)],
                         "<= 1" if (name, where) in GOALS else "none")
            e2e.say(f"  {key} {where}: {statistics.median(rate[where]):.0f} handshakes a CPU-second, local "
                    f"{statistics.median(rate['local']):.0f}")


def far_agent(host, delay_ms):
    """The same agent before a key server so far away."""
    host.agent.stop()
    port, near = free_port(), host.server.port["tls"]
    relay = subprocess.Popen([sys.executable, f"{TOP}/bench/edge/delay.py", str(port), str(near), str(delay_ms)])
    stack.wait_for("the relay", lambda: stack.listens(port))
    host.server.port["tls"] = port
    try:
        host.agent.start()
    finally:
        host.server.port["tls"] = near
    return relay


# What waits for a key in its own way: processes that block, threads that block, threads that do not.
WAITING = {"nginx_p256_2_workers": lambda host: stack.nginx(host, workers=2),
           "nginx_p256_16_workers": lambda host: stack.nginx(host, workers=16),
           "haproxy_p256_blocking": lambda host: started(host, host.conf, "ecdsa", "full", ("    ssl-mode-async\n", "")),
           "haproxy_p256_async": lambda host: started(host, host.conf, "ecdsa", "full")}


def sizing(report, o, host):
    c = stack.context(host, "ecdsa", ssl.TLSVersion.TLSv1_3)
    for delay_ms in (0, 5, 20):
        relay = far_agent(host, delay_ms)
        rates = {name: [] for name in WAITING}
        try:
            for _ in range(o.rounds):
                for name, start in WAITING.items():
                    with start(host) as program:
                        began = time.monotonic()
                        randoms, _ = stack.many(program.port, [c], max(60, o.handshakes // 4), threads=24)
                        rates[name].append(len(randoms) / (time.monotonic() - began))
        finally:
            relay.kill()
            relay.wait()
        for name in WAITING:
            report.figure(f"{name}_{delay_ms}_ms", rates[name], "handshakes/s")
            e2e.say(f"  {name}, {delay_ms} ms: {statistics.median(rates[name]):.0f} handshakes a second")


def two_servers(report, o, host):
    del host  # servers and an agent of its own
    with tempfile.TemporaryDirectory(prefix="lurk-fleet-") as directory:
        fleet.measure(report, directory, o.rounds, 4)


def main():
    parser = argparse.ArgumentParser(description="what a remote key costs the edge")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each comparison (5)")
    parser.add_argument("--handshakes", type=int, default=1000, help="of each run (1000)")
    parser.add_argument("--only", default="economy,sizing,fleet", help="parts, with commas")
    parser.add_argument("--out", default=f"{TOP}/bench/results/edge.json", help="where the JSON goes")
    o = parser.parse_args()
    missing = [program for program in ("nginx", "haproxy") if not stack.installed(program)]
    if missing:
        sys.exit(f"edge: not installed: {' '.join(missing)}; tools/dev/deps.sh test")
    report = e2e.Report("edge")
    parts = {"economy": economy, "sizing": sizing, "fleet": two_servers}
    with tempfile.TemporaryDirectory(prefix="lurk-bench-") as directory, \
            stack.Host(directory, cpu={"spin": "never"}, server={"log_level": "warning"}) as host:
        for name in o.only.split(","):
            parts[name](report, o, host)
    report.write(o.out, {"rounds": o.rounds, "handshakes": o.handshakes, "parts": o.only.split(",")})
    report.print()
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
