"""A lurkd for stories: throw-away PKI, configuration, start, readiness, stop.

Readiness is asked of /readyz; nothing waits by sleeping for a guess. Whatever happens, stop() ends the
whole process group.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("LURK_BIN", f"{TOP}/build/release/bin")
TEST_BIN = os.environ.get("LURK_TEST_BIN", f"{TOP}/build/test/bin")
EDGE_BIN = os.environ.get("LURK_EDGE_BIN", BIN)  # lurk-agent, lurkctl, lurk.so: another build under sanitized.sh

SITE_KEYS = {
    # name: (file of pki.sh, uses[, tenant])
    "rsa-decrypt": ("rsa2048-1", "tls12-rsa"),
    "rsa-sign": ("rsa2048-2", "tls12-sign"),
    "p256": ("p256-1", "tls12-sign"),
    "p384": ("p384-1", "tls12-sign"),
    "p521": ("p521-1", "tls12-sign"),
    "ed25519": ("ed25519-1", "tls12-sign"),
    "ed448": ("ed448-1", "tls12-sign"),
}


given = set()  # ports of this story


def free_port(kind=socket.SOCK_STREAM):
    """Below what the kernel gives out by itself: between this look and lurkd's bind, no connection of
    another program gets it. Random, so that stories side by side hardly meet; never the same twice in a story."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as f:
        first = int(f.read().split()[0])
    while True:
        port = random.randrange(10000, first) if first > 12000 else 0
        with socket.socket(socket.AF_INET, kind) as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            port = s.getsockname()[1]
        if port not in given:
            given.add(port)
            return port


def make_pki(directory, *what):
    what = what or ("rsa2048=2", "p256=1", "p384=1", "p521=1", "ed25519=1", "ed448=1")
    subprocess.run([f"{TOP}/tests/support/pki.sh", directory, *what], check=True, stdout=subprocess.DEVNULL)
    return directory


class Server:
    def __init__(self, directory, pki, keys=None, binary=None, arguments=(), transports=("tls", "dtls"), **sections):
        self.directory, self.pki = directory, pki
        self.keys = keys if keys is not None else SITE_KEYS
        self.binary = binary or f"{BIN}/lurkd"
        self.arguments = list(arguments)
        self.conf = f"{directory}/lurkd.conf"
        self.log = f"{directory}/lurkd.log"
        self.port = {t: free_port(socket.SOCK_DGRAM if t in ("dtls", "udp") else socket.SOCK_STREAM)
                     for t in transports}
        self.address = "127.0.0.1"
        self.admin = free_port()
        self.sections = {"server": {}, "channel": {}, "cpu": {}, "limits": {}, "requests": {}}
        for name, options in sections.items():
            self.sections[name].update(options)
        self.tenants = ["shop"]
        self.rules = [{"name": "everything", "tenant": "shop", "edges": "all", "keys": "all",
                       "exchanges": "all", "hashes": "[sha256, sha384, sha512]", "require_poo": "false"}]
        self.key_options = {}  # more of a key, by its name
        self.edges = [{"name": "edges", "tenant": "shop", "match": '"uri:lurk://edge/*"'}]
        self.process = None
        os.makedirs(f"{directory}/state", exist_ok=True)

    def write(self):
        pki, base = self.pki, self.directory
        own = {
            "server": {"state_dir": f"{base}/state", "control_socket": f"{base}/control.sock",
                       "admin_port": self.admin, "log_target": "stderr"},
            "channel": {"certificate": f"{pki}/server.crt", "key": f"{pki}/server.key", "ca": f"{pki}/ca.crt",
                        "crl": f"{pki}/crl.pem"},
            "cpu": {}, "limits": {}, "requests": {},
        }
        lines = []
        for section, options in own.items():
            options = {**options, **self.sections[section]}
            if options:
                lines.append(f"{section}:")
                lines += [f"  {name}: {value}" for name, value in options.items()]
        rows = {
            "listen": [{"address": self.address, "port": p, "transport": t} for t, p in self.port.items()],
            "tenants": [{"name": name} for name in self.tenants],
            "keys": [{"name": name, "tenant": row[2] if len(row) > 2 else self.tenants[0], "file": f"{pki}/keys/{row[0]}.key",
                      "chain": f"{pki}/keys/{row[0]}.crt", "uses": f"[{row[1]}]",
                      **({"force_dual_use": "true"} if "," in row[1] else {}),
                      **self.key_options.get(name, {})} for name, row in self.keys.items()],
            "edges": self.edges,
            "rules": self.rules,
        }
        for name, entries in rows.items():
            lines.append(f"{name}:")
            for entry in entries:
                lines += [f"  {'-' if i == 0 else ' '} {k}: {v}" for i, (k, v) in enumerate(entry.items())]
        with open(self.conf, "w") as f:
            f.write("\n".join(lines) + "\n")

    def start(self, ready_s=30):
        self.write()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.binary, "-c", self.conf, *self.arguments], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True)
        self.wait_ready(ready_s)
        return self

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}{path}", timeout=20) as answer:
            return answer.read().decode()

    def is_ready(self):
        try:
            return self.get("/readyz").startswith("ready")
        except OSError:
            return False

    def wait_ready(self, ready_s=30):
        self.wait(self.is_ready, ready_s, "readiness")

    def wait(self, condition, seconds, what):
        """Poll a condition; end with the log when it does not come or the server dies."""
        end = time.monotonic() + seconds
        while not condition():
            if self.process.poll() is not None:
                raise RuntimeError(f"lurkd ended with {self.process.returncode}:\n{self.log_text()}")
            if time.monotonic() > end:
                raise RuntimeError(f"no {what} within {seconds} s:\n{self.log_text()}")
            time.sleep(0.02)

    def log_text(self):
        with open(self.log, errors="replace") as f:
            return f.read()[-6000:]

    def metric(self, name):
        """Value of a series line, labels included in name; 0 where it is absent."""
        for line in self.get("/metrics").splitlines():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
        return 0.0

    def children(self):
        """Process ids by role."""
        out = {}
        for pid in os.listdir("/proc"):
            if not pid.isdigit():
                continue
            try:
                with open(f"/proc/{pid}/stat") as f:
                    parent = int(f.read().rsplit(")", 1)[1].split()[1])
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    line = f.read().decode(errors="replace")
            except OSError:
                continue
            if self.process is not None and parent == self.process.pid:
                for role in ("front", "vault"):
                    if f"lurkd: {role}" in line:
                        out[role] = int(pid)
        return out

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def stop(self, seconds=15):
        """SIGTERM, and the exit code; the group is killed when it does not end."""
        if self.process is None:
            return None
        self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()


class Story:
    """Runs functions named by what holds, and ends with the line the runner reads."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, name, function, *arguments):
        try:
            function(*arguments)
        except Exception as fault:  # a story goes on: one broken row must not hide the next
            self.failed += 1
            print(f"FAILED {name}: {type(fault).__name__}: {fault}", flush=True)
            return False
        self.passed += 1
        print(f"ok {name}", flush=True)
        return True

    def skip(self, name, why):
        self.skipped += 1
        print(f"skipped {name}: {why}", flush=True)

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        sys.exit(1 if self.failed else 0)
