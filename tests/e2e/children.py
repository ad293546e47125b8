#!/usr/bin/python3
"""What front and vault hold, and what a front that was taken over can do to its supervisor.

The owned front is played from outside: root writes into the memory that the front itself may write.
"""

import os
import signal
import socket
import struct
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support", f"{TOP}/tests/interop"]
from server import Server, Story, make_pki

IPC_LOCK = 1 << 14
THREADS_AT = 16  # of struct lk_process_counters: behind the name of the process


def status(pid):
    with open(f"/proc/{pid}/status") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def hold_nothing_of_root(server):
    for role, pid in server.children().items():
        have = status(pid)
        for name in ("CapPrm", "CapEff", "CapInh", "CapAmb"):
            assert int(have[name], 16) & ~IPC_LOCK == 0, (role, name, have[name])
        assert have["NoNewPrivs"] == "1" and have["Seccomp"] == "2", role


def have_no_terminal(server):
    for role, pid in server.children().items():
        assert os.getsid(pid) == pid, role


def have_no_file(server):
    """Descriptors: the null device, the log, sockets, and anonymous objects; no file, no directory."""
    good = ("/dev/null", "socket:", "anon_inode:", "pipe:", "/secretmem", server.log)
    for role, pid in server.children().items():
        for fd in os.listdir(f"/proc/{pid}/fd"):
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
            assert target.startswith(good), (role, fd, target)
        with open(f"/proc/{pid}/environ", "rb") as f:
            assert f.read().count(b"\0") <= 7, role


def lies_about_its_threads(server):
    """The count of threads in the counters is the front's to write; the supervisor uses its own."""
    pid = server.children()["front"]
    with open(f"/proc/{pid}/maps") as f:
        start = next(int(line.split("-")[0], 16) for line in f if "memfd:front" in line and " rw-s " in line)
    with open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:
        memory.seek(start + THREADS_AT)
        memory.write(struct.pack("<I", 0x7FFFFFFF))
    os.kill(pid, signal.SIGKILL)
    server.wait(lambda: server.children().get("front", pid) != pid, 10, "a new front")
    server.wait_ready()
    assert server.process.poll() is None


def orders_nothing_of_the_service_manager(server, notices):
    """What is wrong with a reload may have many lines; only the first becomes part of a notice."""
    server.keys = {name: (f"missing-{name}", row[1]) for name, row in server.keys.items()}
    server.write()
    notices.settimeout(10)
    server.reload()
    refused = ""
    while "Reload refused" not in refused:
        refused = notices.recv(65536).decode()
    names = {line.split("=")[0] for line in refused.splitlines()}
    assert names == {"READY", "STATUS"}, refused


def main():
    if os.geteuid() != 0:
        print("0 passed, 0 failed, 1 skipped")
        return
    story = Story()
    with tempfile.TemporaryDirectory() as directory:
        pki = make_pki(f"{directory}/pki")
        notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notices.bind(f"{directory}/notify")
        os.environ["NOTIFY_SOCKET"] = f"{directory}/notify"
        server = Server(directory, pki).start()
        try:
            story.check("children_hold_nothing_of_root", hold_nothing_of_root, server)
            story.check("children_have_no_terminal", have_no_terminal, server)
            story.check("children_have_no_file", have_no_file, server)
            story.check("front_lies_about_its_threads", lies_about_its_threads, server)
            story.check("refused_reload_orders_nothing_of_the_service_manager",
                        orders_nothing_of_the_service_manager, server, notices)
        finally:
            server.stop()
    story.end()


main()
