"""A lurk-agent for stories, and a plain client of its socket that shares no code with it.

The client speaks the packet layout of docs/edge-side.md: 12 bytes and a LURK message. It does what a client
has to do: on outcome 7, and at an end of file with requests outstanding, it connects again once and sends
the same bytes.
"""

import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support", f"{TOP}/tests/interop"]
import edge
from server import EDGE_BIN, free_port

ANSWERED, NO_SERVER, TIMEOUT, FULL, MALFORMED, UNKNOWN, FORBIDDEN, LEAVING = range(8)
HEAD = struct.Struct(">2sBBIHBB")


class Agent:
    def __init__(self, directory, pki, servers, **sections):
        """servers: (name, port, transport); sections: options beside the least ones."""
        self.directory, self.pki, self.servers = directory, pki, list(servers)
        self.conf, self.log = f"{directory}/lurk-agent.conf", f"{directory}/lurk-agent.log"
        self.path = f"{directory}/agent.sock"
        self.sockets, self.allow = [self.path], [f"user: {os.getuid()}"]
        self.certificate = "edge-1"
        self.admin = free_port()
        self.sections = {"agent": {"control_socket": f"{directory}/agent-control.sock", "admin_port": self.admin,
                                   "log_target": "stderr"}}
        for name, options in sections.items():
            self.sections.setdefault(name, {}).update(options)
        self.process = None

    def write(self):
        channel = {"certificate": f"{self.pki}/{self.certificate}.crt", "key": f"{self.pki}/{self.certificate}.key",
                   "ca": f"{self.pki}/ca.crt", "crl": f"{self.pki}/crl.pem"}
        lines = []
        for name, options in {**self.sections, "channel": {**channel, **self.sections.get("channel", {})}}.items():
            lines += [f"{name}:"] + [f"  {k}: {v}" for k, v in options.items()]
        lines += ["sockets:"] + [f'  - path: "{path}"' for path in self.sockets]
        if self.allow:
            lines += ["allow:"] + [f"  - {row}" for row in self.allow]
        lines += ["servers:"] if self.servers else []
        for row in self.servers:
            name, port, transport = row[:3]
            lines += [f"  - name: {name}", f"    host: {row[3] if len(row) > 3 else '127.0.0.1'}", f"    port: {port}",
                      f"    transport: {transport}", "    server_name: localhost"]
        with open(self.conf, "w") as f:
            f.write("\n".join(lines) + "\n")

    def spawn(self, *arguments):
        with open(self.log, "ab") as log:
            return subprocess.Popen([f"{EDGE_BIN}/lurk-agent", *arguments, "-c", self.conf], stdin=subprocess.DEVNULL,
                                    stdout=log, stderr=log, start_new_session=True)

    def start(self, healthy=None):
        """Until it listens, and has so many servers (all of them)."""
        self.write()
        self.process = self.spawn()
        self.wait_healthy(len(self.servers) if healthy is None else healthy)
        return self

    def get(self, path):
        import urllib.request
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}{path}", timeout=20) as answer:
            return answer.read().decode()

    def metric(self, name):
        for line in self.get("/metrics").splitlines():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
        return 0.0

    def wait(self, condition, seconds, what):
        end = time.monotonic() + seconds
        while True:
            try:
                if condition():
                    return
            except OSError:
                pass
            if self.process.poll() is not None:
                raise RuntimeError(f"lurk-agent ended with {self.process.returncode}:\n{self.log_text()}")
            if time.monotonic() > end:
                raise RuntimeError(f"no {what} within {seconds} s:\n{self.log_text()}")
            time.sleep(0.01)

    def wait_healthy(self, count, seconds=20):
        self.wait(lambda: self.metric("lurk_agent_servers_healthy") == count and self.listens(), seconds,
                  f"{count} healthy servers")

    def listens(self):
        with open("/proc/net/unix") as f:
            names = {line.split()[-1] for line in f}
        return all(path in names for path in self.sockets)

    def take_over(self):
        """A second process takes the place of the first, which ends. Returns the first one's exit code."""
        before, self.process = self.process, self.spawn("--take-over")
        try:
            return before.wait(20)
        except subprocess.TimeoutExpired:
            before.kill()
            raise

    def reload(self):
        self.write()
        self.process.send_signal(signal.SIGHUP)

    def log_text(self):
        with open(self.log, errors="replace") as f:
            return f.read()[-6000:]

    def stop(self, seconds=15):
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


# --- packets ------------------------------------------------------------------------------------


def packet(tag, message=b"", kind=1, version=1, left_ms=0, magic=b"LK", outcome=0):
    return HEAD.pack(magic, version, kind, tag, left_ms, outcome, 0) + message


class Answer:
    def __init__(self, data):
        magic, self.version, self.kind, self.tag, _, self.outcome, _ = HEAD.unpack(data[:12])
        assert magic == b"LK", data[:12]
        self.body = data[12:]


class Client:
    """One socket; asks are kept until they are answered."""

    def __init__(self, path):
        self.path, self.outstanding, self.reconnects = path, {}, 0
        self.socket = self.connect()

    def connect(self):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        s.settimeout(10)
        s.connect("\0" + self.path[1:] if self.path[0] == "@" else self.path)
        return s

    def send(self, tag, message, left_ms=0):
        self.outstanding[tag] = data = packet(tag, message, left_ms=left_ms)
        try:
            self.socket.send(data)
        except OSError:
            self.again()

    def again(self):
        """Connects anew and sends what is outstanding, byte for byte."""
        self.reconnects += 1
        self.socket.close()
        self.socket = self.connect()
        for data in self.outstanding.values():
            self.socket.send(data)

    def receive(self):
        """The next answer that counts; None: the agent went, and nothing was outstanding."""
        while True:
            try:
                data = self.socket.recv(70000)
            except ConnectionResetError:
                data = b""
            if not data:
                nothing = not self.outstanding
                self.again()
                if nothing:
                    return None
                continue
            answer = Answer(data)
            if answer.outcome == LEAVING:
                self.again()
                continue
            self.outstanding.pop(answer.tag, None)
            return answer

    def call(self, message, left_ms=0):
        self.send(1, message, left_ms)
        answer = self.receive()
        assert answer.tag == 1
        return answer

    def close(self):
        self.socket.close()


class Signer:
    """ECDHE requests for one key, quick to make: share and proof are made once, randoms each time."""

    def __init__(self, public, scheme=b"\4\3", group=None):
        self.public, self.scheme = public, scheme
        payload = edge.ecdhe_payload(public, scheme, group or edge.GROUPS[0], 0)[0]
        self.key, self.rest = payload[:6], payload[70:]
        self.params = self.rest[2:-1]

    def message(self):
        """(LURK message, the bytes that must be signed)."""
        client, s = os.urandom(32), edge.server_random()
        payload = self.key + client + s + self.rest
        return edge.message(edge.TLS12, 6, payload), client + edge.fresh(s) + self.params

    def check(self, message, body, signed):
        answer = edge.Answer(body)
        assert answer.number == message[4:12], "another id"
        assert (answer.extension, answer.type, answer.status) == (edge.TLS12, 6, 1), f"status {answer.status}"
        edge.verify(self.public, self.scheme, answer.payload[2:], signed)


class Load(threading.Thread):
    """So many requests a second for so long, over a few sockets; every signature is checked."""

    def __init__(self, agent, signer, rate, sockets=4):
        super().__init__(daemon=True)
        self.signer, self.rate = signer, rate
        self.clients = [Client(agent.path) for _ in range(sockets)]
        self.asked, self.answered, self.failed, self.took = {}, 0, [], []
        self.stops, self.fault = threading.Event(), None
        self.start()

    def ask(self, number):
        message, signed = self.signer.message()
        self.asked[number] = (message, signed, time.monotonic())
        self.clients[number % len(self.clients)].send(number, message)

    def take(self, client):
        answer = client.receive()
        if answer is None:
            return
        message, signed, at = self.asked.pop(answer.tag)
        now = time.monotonic()
        if answer.outcome != ANSWERED:
            self.failed.append((at, f"outcome {answer.outcome}"))
            return
        status = answer.body[3]
        if status != 1:
            self.failed.append((at, f"status {status}"))
            return
        self.signer.check(message, answer.body, signed)
        self.answered += 1
        self.took.append(now - at)

    def run(self):
        try:
            self.turn()
        except Exception as fault:  # judged by the story
            self.fault = fault

    def turn(self):
        begun, number = time.monotonic(), 0
        while not self.stops.is_set() or self.asked:
            due = begun + number / self.rate
            now = time.monotonic()
            if not self.stops.is_set() and now >= due:
                self.ask(number)
                number += 1
                continue
            wait = 0.2 if self.stops.is_set() else due - now
            ready = select.select([c.socket for c in self.clients], [], [], wait)[0]
            for client in [c for c in self.clients if c.socket in ready]:
                self.take(client)
            if self.stops.is_set() and time.monotonic() > self.stopped + 5:
                return

    def stop(self):
        """Ends it; what is unanswered five seconds later has failed."""
        self.stopped = time.monotonic()
        self.stops.set()
        self.join(20)
        if self.fault is not None:
            raise self.fault
        self.failed += [(at, "never answered") for _, _, at in self.asked.values()]
        for client in self.clients:
            client.close()
        return self

    def quantile(self, q):
        return sorted(self.took)[int(q * (len(self.took) - 1))]
