#!/usr/bin/python3
"""A kernel that goes wrong in a server that serves: edges get right signatures all the while, each fault is
counted, the third takes the kernel out of service for the life of the vault, and lurkctl, the metrics and
the log say so. A test build spoils so many results as a request's server random asks for.

Where the CPU has no kernels, what the release counts by the library is all there is to see.
"""

import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support", f"{TOP}/tests/interop"]
import edge
from server import BIN, TEST_BIN, Server, Story, make_pki

MAGIC = b"lurk-spoil-lanes"
PKCS1 = bytes.fromhex("0401")
KEYS = {"rsa3072": ("rsa3072-1", "tls12-sign"), "p521": ("p521-1", "tls12-sign")}
PLAIN = [{"name": "plain", "tenant": "shop", "match": '"uri:lurk://plain"'}]
ROW, LIBRARY_ROW = "rsa3072", "p521"


def has_kernels():
    text = subprocess.run([f"{TEST_BIN}/lurkd", "--version"], capture_output=True, text=True).stdout
    return any(line.split()[1:3] == [ROW, "ifma"] for line in text.splitlines() if line.startswith("kernel"))


def server(directory, pki, binary, transport):
    made = Server(tempfile.mkdtemp(dir=directory), pki, KEYS, binary, (), (transport,), server={"log_level": "info"})
    made.edges = made.edges + PLAIN
    return made.start()


def sign(transport, public, spoil=0):
    """A signature that is checked; so many results of kernels go wrong from it on."""
    s = struct.pack(">I", int(time.time())) + (MAGIC + bytes([spoil]) if spoil else os.urandom(17)) + os.urandom(11)
    scheme = b"\x04\x03" if not hasattr(public.public_numbers(), "n") else PKCS1
    payload, signed = edge.ecdhe_payload(public, scheme, edge.GROUPS[0], 0, s)
    answer = edge.ask(transport, edge.TLS12, 6, payload)
    assert answer.status == edge.SUCCESS, answer.status
    edge.verify(public, scheme, answer.payload[2:], signed)


def lanes(made, way, row=ROW):
    return made.metric(f'lurk_row_lanes_total{{kernel="{row}",way="{way}"}}')


def faults(made):
    return made.metric(f'lurk_kernel_faults_total{{kernel="{ROW}"}}')


def is_out(made, row=ROW):
    return made.metric(f'lurk_kernel_out{{kernel="{row}"}}') == 1


def stats(made):
    """(rows of kernels by name, the page for people)."""
    command = [f"{BIN}/lurkctl", "-s", f"{made.directory}/control.sock", "stats"]
    run = lambda *more: subprocess.run([*command, *more], capture_output=True, text=True, check=True, timeout=20).stdout
    return {row["kernel"]: row for row in json.loads(run("--json"))["kernels"]}, run()


def logged(made, message):
    """Lines of the log with this message."""
    with open(made.log, errors="replace") as f:
        return [json.loads(line) for line in f if f'"{message}' in line]


# --- what a release counts --------------------------------------------------------------------------


def only_rows_in_use_are_shown(made, public):
    transport = edge.Stream("127.0.0.1", made.port["tls"], made.pki, "edge-1")
    assert stats(made)[0] == {}
    for _ in range(3):
        sign(transport, public[LIBRARY_ROW])
    rows, page = stats(made)
    assert list(rows) == [LIBRARY_ROW], rows
    assert rows[LIBRARY_ROW] == {"kernel": LIBRARY_ROW, "lanes_by_kernel": 0, "lanes_by_library": 3, "batches": 3,
                                 "fill": 1.0, "faults": 0, "out_of_service": False}, rows
    head, line = [line.split() for line in page.splitlines() if line.split()[:1] in (["kernel"], [LIBRARY_ROW])]
    assert head == list(rows[LIBRARY_ROW]), head
    assert line == [LIBRARY_ROW, "0", "3", "3", "1.000", "0", "no"], line
    transport.close()


# --- a kernel goes wrong ------------------------------------------------------------------------------


def two_faults_are_counted(made, public):
    transport = edge.Plain("127.0.0.1", made.port["tcp"])
    sign(transport, public[ROW])
    sign(transport, public[ROW], spoil=2)
    sign(transport, public[ROW])
    sign(transport, public[ROW])
    transport.close()
    assert (lanes(made, "kernel"), lanes(made, "library"), faults(made)) == (4, 0, 2)
    assert made.metric("lurk_result_faults_total") == 2
    assert not is_out(made)
    made.wait(lambda: logged(made, "a kernel's result was wrong"), 5, "line of the log")
    assert not logged(made, "kernel out of service")


def third_fault_takes_it_out(made, public):
    transport = edge.Plain("127.0.0.1", made.port["tcp"])
    sign(transport, public[ROW], spoil=100)
    made.wait(lambda: is_out(made), 5, "gauge of the kernel")
    for _ in range(3):
        sign(transport, public[ROW])
    transport.close()
    assert (lanes(made, "kernel"), lanes(made, "library"), faults(made)) == (5, 3, 3)


def log_says_what_and_what_to_do(made):
    lines = logged(made, "kernel out of service")
    assert len(lines) == 1, lines
    assert (lines[0]["level"], lines[0]["kernel"], lines[0]["isa"], lines[0]["faults"]) == ("error", ROW, "ifma", 3), lines
    assert "restart lurkd" in lines[0]["hint"], lines


def lurkctl_shows_it(made):
    row = stats(made)[0][ROW]
    assert row == {"kernel": ROW, "lanes_by_kernel": 5, "lanes_by_library": 3, "batches": 8, "fill": 1.0, "faults": 3,
                   "out_of_service": True}, row


def reload_does_not_bring_it_back(made, public):
    generation = made.metric('lurk_config_generation{process="vault"}')
    made.reload()
    made.wait(lambda: made.metric('lurk_config_generation{process="front"}') > generation, 20, "reload")
    transport = edge.Plain("127.0.0.1", made.port["tcp"])
    sign(transport, public[ROW])
    transport.close()
    assert lanes(made, "kernel") == 5 and is_out(made)


def restarted_vault_does(made, public):
    before = made.children()["vault"]
    os.kill(before, signal.SIGKILL)
    made.wait(lambda: made.children().get("vault", before) != before, 20, "another vault")
    made.wait_ready()
    assert not is_out(made)
    transport = edge.Plain("127.0.0.1", made.port["tcp"])
    sign(transport, public[ROW])
    transport.close()
    assert lanes(made, "kernel") == 6 and faults(made) == 3, "counters outlive a vault"


def spoil_in_vain(made, public):
    """What a test build takes for an order is a random like any other."""
    transport = edge.Stream("127.0.0.1", made.port["tls"], made.pki, "edge-1")
    sign(transport, public[ROW], spoil=100)
    sign(transport, public[ROW])
    transport.close()
    assert lanes(made, "kernel") == 2 and faults(made) == 0


def run_release(story, directory, pki, public):
    made = server(directory, pki, f"{BIN}/lurkd", "tls")
    try:
        story.check("lurkctl stats shows the rows in use", only_rows_in_use_are_shown, made, public)
        if has_kernels():
            story.check("a release spoils nothing", spoil_in_vain, made, public)
    finally:
        made.stop()


def run_faults(story, directory, pki, public):
    made = server(directory, pki, f"{TEST_BIN}/lurkd", "tcp")
    try:
        story.check("two faults are counted, the answers right", two_faults_are_counted, made, public)
        story.check("the third takes the kernel out", third_fault_takes_it_out, made, public)
        story.check("the log says which, why and what to do", log_says_what_and_what_to_do, made)
        story.check("lurkctl shows it", lurkctl_shows_it, made)
        story.check("a reload does not bring it back", reload_does_not_bring_it_back, made, public)
        story.check("a restart of the vault does", restarted_vault_does, made, public)
    finally:
        made.stop()


def main():
    story = Story()
    with tempfile.TemporaryDirectory(prefix="lurk-health-") as directory:
        pki = make_pki(f"{directory}/pki", "rsa3072=1", "p521=1", "edge=1")
        public = {name: edge.load_certificate(f"{pki}/keys/{row[0]}.crt").public_key() for name, row in KEYS.items()}
        run_release(story, directory, pki, public)
        if has_kernels():
            run_faults(story, directory, pki, public)
        else:
            story.skip("a kernel that goes wrong", "this CPU runs the library's code alone")
    story.end()


if __name__ == "__main__":
    main()
