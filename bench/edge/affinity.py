"""affinity: programs that share one CPU for a while, with whoever measures them on the others."""

import contextlib
import os


def threads(pids):
    return [int(thread) for pid in pids for thread in os.listdir(f"/proc/{pid}/task")]


@contextlib.contextmanager
def sharing(pids, cpu):
    """All threads of the programs on cpu, this one off it; afterwards each is where it was."""
    before = {thread: os.sched_getaffinity(thread) for thread in (*threads(pids), 0)}
    for thread, cpus in before.items():
        os.sched_setaffinity(thread, {cpu} if thread else cpus - {cpu} or cpus)
    try:
        yield
    finally:
        for thread, cpus in before.items():
            os.sched_setaffinity(thread, cpus)
