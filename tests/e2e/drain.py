#!/usr/bin/python3
"""A drain under load as each edge sees it: what the server has read is answered, then comes close_notify,
never a record cut short and never a reset. What is left unanswered is what was sent last."""

import os
import struct
import subprocess
import sys
import tempfile
import threading

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support", f"{TOP}/tests/interop"]
import edge
from server import BIN, Server, Story, make_pki

KEYS = {"p256": ("p256-1", "tls12-sign")}
PEERS, IN_FLIGHT = 6, 16
ANSWERED = 'lurk_requests_total{exchange="tls12.ecdhe",status="success"}'


class Peer(threading.Thread):
    """Keeps requests outstanding until the server ends the session, and keeps account."""

    def __init__(self, server, pki):
        super().__init__(daemon=True)
        self.stream = edge.Stream("127.0.0.1", server.port["tls"], pki, "edge-1")
        self.stream.socket.suppress_ragged_eofs = False  # an end without close_notify raises
        self.public = edge.load_certificate(f"{pki}/keys/p256-1.crt").public_key()
        self.sent, self.answered, self.fault = {}, set(), None
        self.left, self.deaf, self.signed = b"", False, 0
        self.start()

    def ask(self):
        payload = edge.ecdhe_payload(self.public, b"\4\3", edge.GROUPS[0], 0)[0]
        message = edge.message(edge.TLS12, 6, payload)
        self.sent[message[4:12]] = len(self.sent)
        try:
            self.stream.send(message)
        except OSError:  # gone already: what it said before is still to be read
            self.deaf = True

    def cut(self):
        """Whole answers off what came; how many."""
        count = 0
        while len(self.left) >= 16 and len(self.left) >= struct.unpack(">I", self.left[12:16])[0]:
            length = struct.unpack(">I", self.left[12:16])[0]
            answer, self.left = edge.Answer(self.left[:length]), self.left[length:]
            assert answer.number in self.sent, "an answer to nothing"
            assert answer.number not in self.answered, "a second answer"
            good = (answer.extension, answer.status) in ((edge.TLS12, 1), (edge.LURK, 7))
            assert good, f"{answer.extension} status {answer.status}"
            self.answered.add(answer.number)
            self.signed += answer.status == 1
            count += 1
        return count

    def run(self):
        try:
            for _ in range(IN_FLIGHT):
                self.ask()
            while data := self.stream.socket.recv(65536):
                self.left += data
                count = self.cut()
                for _ in range(0 if self.deaf else count):
                    self.ask()
        except Exception as fault:  # judged by the story
            self.fault = fault

    def judge(self):
        self.join(20)
        assert not self.is_alive(), "the session goes on"
        assert self.fault is None, f"not an orderly end: {self.fault!r}"
        assert self.left == b"", f"{len(self.left)} bytes of an answer cut short"
        last = max(self.sent[number] for number in self.answered)
        passed_over = [i for number, i in self.sent.items() if i < last and number not in self.answered]
        assert not passed_over, f"requests {passed_over} of {len(self.sent)} not answered, {last} was"


def drained(base, pki, drain):
    server = Server(base, pki, keys=KEYS)
    try:
        server.start()
        peers = [Peer(server, pki) for _ in range(PEERS)]
        server.wait(lambda: server.metric(ANSWERED) > 200, 20, "load")
        drain(server)
        for peer in peers:
            peer.judge()
        assert server.process.wait(20) == 0, server.log_text()
        with open(f"{base}/state/audit.log") as journal:
            used = sum('"request"' in line for line in journal)
        signed = sum(peer.signed for peer in peers)
        assert used == signed, f"the key was used {used} times, {signed} signatures arrived"
    finally:
        server.stop()


def by_lurkctl(server):
    subprocess.run([f"{BIN}/lurkctl", "-s", f"{server.directory}/control.sock", "drain"], check=True,
                   stdout=subprocess.DEVNULL, timeout=20)


def main():
    story = Story()
    with tempfile.TemporaryDirectory(prefix="lurk-drain-") as base:
        pki = make_pki(f"{base}/pki", "p256=1", "edge=1")
        rows = (("SIGTERM", lambda server: server.process.terminate()), ("lurkctl drain", by_lurkctl))
        for number, (name, drain) in enumerate(rows * 3):
            directory = f"{base}/{number}"
            os.mkdir(directory)
            story.check(f"{name}, round {number // 2 + 1}", drained, directory, pki, drain)
    story.end()


if __name__ == "__main__":
    main()
