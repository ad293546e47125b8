#!/usr/bin/python3
"""server.user: children under another uid than the supervisor's: what they may lock, who owns what, that they are
ended, reloaded and started again, and what is said where locked memory does not suffice."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
import edge
from server import Server, Story, make_pki

USER = "nobody"
IPC_LOCK = 14


def status(pid):
    with open(f"/proc/{pid}/status") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def has_lock_capability():
    return int(status(os.getpid())["CapEff"], 16) >> IPC_LOCK & 1 == 1


def sign(server, pki):
    transport = edge.Stream("127.0.0.1", server.port["tls"], pki, "edge-1")
    edge.ecdhe(transport, edge.load_certificate(f"{pki}/keys/p256-1.crt").public_key(), b"\x04\x03", edge.GROUPS[0])
    transport.close()


def children_are_the_user(server):
    uid = pwd.getpwnam(USER).pw_uid
    children = server.children()
    assert set(children) == {"front", "vault"}, children
    for role, pid in children.items():
        s = status(pid)
        assert set(s["Uid"].split()) == {str(uid)}, f"{role}: {s['Uid']}"
        assert s["Groups"].strip() == "", f"{role}: groups {s['Groups']}"
        assert int(s["CapEff"], 16) & ~(1 << IPC_LOCK) == 0, f"{role}: {s['CapEff']}"
        assert int(s["CapPrm"], 16) & ~(1 << IPC_LOCK) == 0, f"{role}: {s['CapPrm']}"
        assert s["NoNewPrivs"] == "1"


def files_are_the_supervisors(server):
    for path in (f"{server.directory}/control.sock", f"{server.directory}/state/audit.log"):
        st = os.stat(path)
        assert st.st_uid == 0 and st.st_mode & 0o077 == 0, f"{path}: uid {st.st_uid} mode {st.st_mode:o}"


def reloads(server, pki):
    server.reload()
    server.wait(lambda: '"reloaded"' in server.log_text(), 10, "reload")
    sign(server, pki)


def comes_back(server, pki, role, how):
    """The supervisor starts it again, and ends by itself one that stands still."""
    pid = server.children()[role]
    os.kill(pid, how)
    server.wait(lambda: server.children().get(role, pid) != pid, 15, f"another {role}")
    server.wait_ready()
    sign(server, pki)


def names_the_figure(server):
    server.write()
    result = subprocess.run(["capsh", "--drop=cap_ipc_lock,cap_sys_resource", "--", "-c",
                             f"ulimit -l 4096; exec {server.binary} -c {server.conf}"],
                            capture_output=True, text=True, timeout=20)
    assert result.returncode == 1, result.returncode
    assert "MiB of locked memory are needed" in result.stderr, result.stderr


def main():
    story = Story()
    if os.geteuid() != 0:
        story.skip("children under another uid", "only root can change to one")
        story.end()
    with tempfile.TemporaryDirectory(prefix="lurk-user-") as directory:
        pki = make_pki(f"{directory}/pki", "p256=1", "edge=1")
        server = Server(directory, pki, keys={"p256": ("p256-1", "tls12-sign")}, server={"user": USER},
                        cpu={"loops": '"0"', "workers": '"0"'})
        if shutil.which("capsh") is None:
            story.skip("too little locked memory is told with its figure", "no capsh on this machine")
        else:
            story.check("too little locked memory is told with its figure", names_the_figure, server)
        if not has_lock_capability():
            story.skip("children under another uid", "this root lacks CAP_IPC_LOCK")
            story.end()
        try:
            server.start()
            story.check("serves", sign, server, pki)
            story.check("children are the user and no more", children_are_the_user, server)
            story.check("control socket and journal are the supervisor's", files_are_the_supervisors, server)
            story.check("reload", reloads, server, pki)
            for role in ("front", "vault"):
                story.check(f"{role} is started again", comes_back, server, pki, role, signal.SIGKILL)
                story.check(f"{role} that stands still is ended", comes_back, server, pki, role, signal.SIGSTOP)
        finally:
            story.check("ends with 0", lambda: server.stop() == 0 or sys.exit("exit code"))
    story.end()


if __name__ == "__main__":
    main()
