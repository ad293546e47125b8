#!/usr/bin/python3
"""nginx of the distribution, with docs/edge/nginx.conf and keys that are only in lurkd."""

import os
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support"]
import edge_stack as stack
from server import Story


def main():
    story = Story()
    with tempfile.TemporaryDirectory(prefix="lurk-edge-") as directory, stack.Host(directory) as host:
        host.local_keys()
        stack.rows(story, host, "local", lambda: stack.nginx(host), remote=False)
    story.end()


if __name__ == "__main__":
    main()
