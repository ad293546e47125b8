"""memlock: test programs that lock memory, and whether this user may run them."""

import resource
import subprocess


def may_not():
    """{program: why it may not be run}; as much may be locked from here on as the system allows."""
    hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)[1]
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (hard, hard))
    why = subprocess.run(["tests/support/memlock.sh"], capture_output=True, text=True).stdout.strip()
    with open("tests/support/memlock.list") as f:
        return dict.fromkeys(f.read().split(), why) if why else {}
