#!/usr/bin/python3
"""lurkd --check on the places that a start needs: directories and ports."""

import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from server import Server, Story, make_pki


def check(server, code, *said):
    server.write()
    done = subprocess.run([server.binary, "--check", "-c", server.conf], capture_output=True, text=True, timeout=30)
    text = done.stdout + done.stderr
    assert done.returncode == code, text
    for piece in said:
        assert piece in text, text


def with_option(server, option, value, code, *said):
    before = dict(server.sections["server"])
    server.sections["server"][option] = value
    try:
        check(server, code, *said)
    finally:
        server.sections["server"] = before


def open_directory(server, directory):
    path = f"{directory}/open"
    os.mkdir(path)
    os.chmod(path, 0o777)
    with_option(server, "state_dir", path, 1, path, "can be written by others")


def no_address(server):
    server.address = "192.0.2.1"
    try:
        check(server, 1, "192.0.2.1")
    finally:
        server.address = "127.0.0.1"


def main():
    story = Story()
    with tempfile.TemporaryDirectory(prefix="lurk-places-") as directory:
        pki = make_pki(f"{directory}/pki", "p256=1", "edge=1")
        server = Server(directory, pki, keys={"p256": ("p256-1", "tls12-sign")})
        story.check("all is well", check, server, 0, "0 faults")
        story.check("a state_dir below nothing", with_option, server, "state_dir", f"{directory}/a/b", 1, f"{directory}/a")
        story.check("a state_dir to be made", with_option, server, "state_dir", f"{directory}/a", 0)
        story.check("a state_dir open to others", open_directory, server, directory)
        story.check("a control_socket below nothing", with_option, server, "control_socket", f"{directory}/a/s", 0,
                    f"{directory}/a is not there")
        story.check("an address of nobody", no_address, server)
        try:
            server.start()
            story.check("ports of a running lurkd", check, server, 0, "in use now", "0 faults")
            story.check("which serves on", server.wait_ready)
        finally:
            server.stop()
    story.end()


if __name__ == "__main__":
    main()
