#!/usr/bin/python3
"""A program of somebody else's on the installed liblurk: what is installed is enough to compile and link it by
pkg-config, shows exactly the symbols of lurk.h, and asks a real lurkd over TLS and DTLS."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, f"{TOP}/tests/support")
from server import EDGE_BIN, Server, Story, make_pki

KEYS = {"rsa-sign": ("rsa2048-1", "tls12-sign"), "p256": ("p256-1", "tls12-sign"), "ed25519": ("ed25519-1", "tls12-sign")}
# A library by a sanitizer is not for others: neither installed where they look, nor without its run-time library.
CONFIG = os.path.basename(os.path.dirname(EDGE_BIN))
SANITIZE = ["-fsanitize=address,undefined"] if CONFIG == "asan" else []
SCHEMES = {"p256-1": "0403", "rsa2048-1": "0804", "ed25519-1": "0807"}
PREFIX = "/usr"
FIRST = 75  # symbols of the version LURK_1, which gets no more


def run(*command, **how):
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, **how)
    assert done.returncode == 0, f"{command[0]}: {done.stdout[-800:]}{done.stderr[-800:]}"
    return done.stdout


def install(root):
    """Header, library, lurk.pc and manual, and nothing of them is left by uninstall."""
    make = ("make", "-s", "-C", TOP, f"DESTDIR={root}", f"PREFIX={PREFIX}", f"CONFIG={CONFIG}")
    wanted = ["include/lurk.h", "lib/liblurk.so", "lib/liblurk.so.1", "lib/pkgconfig/lurk.pc", "share/man/man3/lurk.3"]
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    run(*make, "install", env=environment)
    for file in wanted:
        assert os.path.exists(f"{root}{PREFIX}/{file}"), file
    other = f"{root}.gone"
    shutil.copytree(root, other, symlinks=True)
    run("make", "-s", "-C", TOP, f"DESTDIR={other}", f"PREFIX={PREFIX}", "uninstall", env=environment)
    left = [file for file in wanted if os.path.lexists(f"{other}{PREFIX}/{file}")]
    assert not left, left


def compile_program(root, program):
    environment = {**os.environ, "PKG_CONFIG_SYSROOT_DIR": root, "PKG_CONFIG_PATH": f"{root}{PREFIX}/lib/pkgconfig",
                   "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1", "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1"}
    flags = run("pkg-config", "--cflags", "--libs", "lurk", env=environment).split()
    assert flags == [f"-I{root}{PREFIX}/include", f"-L{root}{PREFIX}/lib", "-llurk"], flags
    run("cc", "-std=gnu11", "-Wall", "-Werror", "-o", program, f"{TOP}/tests/e2e/liblurk.c", *SANITIZE, *flags, "-lssl", "-lcrypto")
    needed = run("readelf", "-d", program)
    assert "liblurk.so.1" in needed, needed


def symbols(root):
    with open(f"{root}{PREFIX}/include/lurk.h") as f:
        text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
    declared = set(re.findall(r"\b(lurk_[a-z0-9_]+)\(", text))
    listed = run("nm", "-D", "--defined-only", f"{root}{PREFIX}/lib/liblurk.so.1").split("\n")
    shown = {line.split()[2] for line in listed if line}
    with open(f"{TOP}/tools/liblurk/liblurk.map") as f:
        nodes = {node: re.findall(r"\b(lurk_\w+);", body) for node, body in re.findall(r"(LURK_\w+) \{(.*?)\}", f.read(), re.S)}
    assert declared == {name for names in nodes.values() for name in names}, declared
    wanted = {f"{name}@@{node}" for node, names in nodes.items() for name in names} | set(nodes)
    assert len(nodes["LURK_1"]) == FIRST and shown == wanted, shown ^ wanted
    needed = set(re.findall(r"NEEDED.*\[(\w+)", run("readelf", "-d", f"{root}{PREFIX}/lib/liblurk.so.1")))
    assert needed <= {"libssl", "libcrypto", "libc", "ld"}, needed


def ask(root, program, server, transport, pki, key):
    environment = {**os.environ, "LD_LIBRARY_PATH": f"{root}{PREFIX}/lib"}
    out = run(program, transport, str(server.port[transport]), pki, f"{pki}/keys/{key}.crt", SCHEMES[key],
              env=environment)
    assert out.count("ok ") > 15 and "FAILED" not in out, out


def main():
    story = Story()
    for tool in ("scdoc", "pkg-config", "cc"):
        if shutil.which(tool) is None:
            print(f"no {tool}\n0 passed, 0 failed, 1 skipped")
            return 0
    with tempfile.TemporaryDirectory() as work:
        root, program = f"{work}/root", f"{work}/program"
        pki = make_pki(f"{work}/pki", "rsa2048=1", "p256=1", "ed25519=1")
        if story.check("what is installed", install, root) and story.check("compiles", compile_program, root, program):
            if not SANITIZE:
                story.check("symbols", symbols, root)
            server = Server(work, pki, KEYS).start()
            try:
                for transport in ("tls", "dtls"):
                    for key in SCHEMES:
                        story.check(f"{key} over {transport}", ask, root, program, server, transport, pki, key)
            finally:
                server.stop()
    return story.end()


if __name__ == "__main__":
    sys.exit(main())
