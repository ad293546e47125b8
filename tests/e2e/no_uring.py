#!/usr/bin/python3
"""A host that refuses io_uring: lurkd does not start, leaves nothing running, and says where to look."""

import ctypes
import errno
import os
import platform
import struct
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, f"{TOP}/tests/support")
from server import Server, Story, make_pki

IO_URING_SETUP = 425  # the same on every architecture
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
SECCOMP_RET_ERRNO, SECCOMP_RET_ALLOW = 0x00050000, 0x7FFF0000
BPF_LD_W_ABS, BPF_JEQ_K, BPF_RET_K = 0x20, 0x15, 0x06


def refuse_uring(error):
    """In the child: io_uring_setup fails with this error from here on, for all it starts as well."""
    rows = [(BPF_LD_W_ABS, 0, 0, 0),  # the number of the call
            (BPF_JEQ_K, 0, 1, IO_URING_SETUP),
            (BPF_RET_K, 0, 0, SECCOMP_RET_ERRNO | error),
            (BPF_RET_K, 0, 0, SECCOMP_RET_ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *row) for row in rows))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(rows), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs")
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


def ends_with_a_hint(server, pki, error, words, *arguments):
    done = subprocess.run([server.binary, "-c", server.conf, *arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
                          start_new_session=True, preexec_fn=lambda: refuse_uring(error))
    assert done.returncode == 1, f"ended with {done.returncode}:\n{done.stdout}"
    for word in words:
        assert word in done.stdout, f"no word of {word}:\n{done.stdout}"
    # Its output is closed, so nothing of it runs any more; one line in a flood is not found.
    assert len(done.stdout.splitlines()) < 40, done.stdout
    assert not server.is_ready()


def main():
    story = Story()
    with tempfile.TemporaryDirectory(prefix="lurk-no-uring-") as base:
        pki = make_pki(f"{base}/pki", "rsa2048=1", "p256=1", "edge=1")
        server = Server(base, pki, keys={"p256": ("p256-1", "tls12-sign")})
        server.write()
        for error, words in ((errno.EPERM, ("kernel.io_uring_disabled", "seccomp")), (errno.ENOSYS, ("seccomp",))):
            for arguments in ((), ("--one-process",)):
                name = " ".join((errno.errorcode[error], *arguments))
                story.check(f"io_uring refused with {name}", ends_with_a_hint, server, pki, error, words, *arguments)
    story.end()


if __name__ == "__main__":
    if platform.machine() != "x86_64":
        print("skipped: the filter is written for x86-64\n0 passed, 0 failed, 1 skipped")
        sys.exit(0)
    main()
