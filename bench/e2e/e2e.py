#!/usr/bin/python3
"""make bench B=e2e: what lurkd does with one CPU, beside what OpenSSL and a bare server do with it.

Every thread of lurkd runs on CPU 0 without spinning, lurk-bench on CPU 1. What is compared runs in turns
in this one run (A B A B ...), and medians are reported: the machine's moods hit both sides. Rates are per
CPU-second of the server, all of its processes together. Ends with `figure NAME VALUE UNIT` and
`ratio NAME VALUE` lines, the same in bench/results/e2e.json.
"""

import argparse
import datetime
import json
import os
import platform
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, f"{TOP}/tests/support")
sys.dont_write_bytecode = True
from server import BIN, Server, free_port, make_pki  # noqa: E402

SERVER_CPU, CLIENT_CPU = 0, 1
ECHO = os.environ.get("LURK_ECHO", f"{TOP}/build/release/bench/e2e/echo")
BASE = f"{TOP}/build/bench/e2e"


class Report:
    """Figures and ratios by name, with the rounds they are medians of."""

    def __init__(self, bench="e2e"):
        self.bench = bench
        self.figures, self.ratios, self.rounds, self.faults, self.notes = {}, {}, {}, [], []

    def figure(self, name, values, unit, digits=0):
        values = values if isinstance(values, list) else [values]
        self.figures[name] = {"value": round(statistics.median(values), digits), "unit": unit}
        self.rounds[name] = values

    def ratio(self, name, values, goal):
        values = values if isinstance(values, list) else [values]
        self.ratios[name] = {"value": round(statistics.median(values), 3), "goal": goal}
        self.rounds[name] = values

    def fault(self, text):
        self.faults.append(text)
        print(f"  FAULT {text}", flush=True)

    def write(self, path, settings):
        machine = {"cpu": cpu_model(), "cpus": os.cpu_count(), "kernel": platform.release(),
                   "system": platform.machine()}
        result = {"bench": self.bench, "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
                  "commit": first_line("git", "-C", TOP, "describe", "--always", "--dirty", "--abbrev=12"),
                  "compiler": first_line("cc", "--version"), "openssl": first_line("openssl", "version"),
                  "machine": machine, "settings": settings, "figures": self.figures, "ratios": self.ratios,
                  "rounds": self.rounds, "faults": self.faults, "notes": self.notes}
        with open(path, "w") as f:
            json.dump(result, f, indent=1)
            f.write("\n")

    def print(self):
        print()
        for name, row in self.ratios.items():
            print(f"  {name:44} {row['value']:8.3f}   goal {row['goal']}")
        print()
        for name, row in self.figures.items():
            print(f"figure {name} {row['value']:g} {row['unit']}" if row["value"] < 1e5
                  else f"figure {name} {row['value']:.0f} {row['unit']}")
        for name, row in self.ratios.items():
            print(f"ratio {name} {row['value']:.3f}")


def first_line(*command):
    try:
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        return out[0] if out else "unknown"
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def cpu_model():
    with open("/proc/cpuinfo") as f:
        rows = dict(line.split(":", 1) for line in f.read().split("\n\n")[0].splitlines() if ":" in line)
    rows = {name.strip(): value.strip() for name, value in rows.items()}
    return (f"{rows.get('model name', 'unknown')} family {rows.get('cpu family')} model {rows.get('model')}"
            f" at {rows.get('cpu MHz')} MHz")


def on_cpu(cpu, start):
    """Call start() with this process on one CPU, so that what it starts stays there."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        return start()
    finally:
        os.sched_setaffinity(0, allowed)


# --- the servers -----------------------------------------------------------------------------------


def lurkd(name, pki, keys, **sections):
    """A lurkd all on the server's CPU, unless sections say otherwise."""
    directory = f"{BASE}/{name}"
    os.makedirs(directory, exist_ok=True)
    cpu = {"loops": f"{SERVER_CPU}", "workers": f"{SERVER_CPU}", "spin": "never"}
    sections = {"cpu": cpu, "server": {"log_level": "warning"}, **sections}
    server = Server(directory, pki, keys=keys, **sections)
    apart = sections["cpu"]["workers"] != cpu["workers"]
    return server.start() if apart else on_cpu(SERVER_CPU, server.start)


class Echo:
    """The bare epoll and OpenSSL server, one process on the server's CPU."""

    def __init__(self, transport, pki):
        kind = socket.SOCK_DGRAM if transport == "dtls" else socket.SOCK_STREAM
        self.transport, self.port = transport, free_port(kind)
        command = [ECHO, transport, str(self.port), f"{pki}/ca.crt", f"{pki}/server.crt", f"{pki}/server.key"]
        self.process = on_cpu(SERVER_CPU, lambda: subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        if self.process.stdout.readline().strip() != "ready":
            raise RuntimeError(f"echo {transport} did not start")

    def stop(self):
        self.process.kill()
        self.process.wait()


# --- the loads -------------------------------------------------------------------------------------


def bench_command(pki, port, transport, *options):
    return [f"{BIN}/lurk-bench", "--transport", transport, "--ca", f"{pki}/ca.crt", "--cert", f"{pki}/edge-1.crt",
            "--key", f"{pki}/edge-1.key", "--cpus", str(CLIENT_CPU), "--connect", f"127.0.0.1:{port}", *options]


def bench(report, what, pki, port, transport, pid, *options, seconds):
    """One run of lurk-bench; its JSON. An answer that is wrong, double, missing or a refusal is a fault of the whole bench."""
    command = bench_command(pki, port, transport, "--server-pids", str(pid), "--duration", f"{seconds}s",
                            "--warmup", "300ms", "--quiet", "--json", "-", *options)
    done = subprocess.run(command, capture_output=True, text=True)
    text = done.stdout[done.stdout.find("{"):] if "{" in done.stdout else ""
    if not text:
        raise RuntimeError(f"{what}: lurk-bench ended with {done.returncode}: {done.stderr.strip()}")
    result = json.loads(text)
    if not result["good"] or result["refused"]:
        bad = {k: v for k, v in result["counts"].items() if v and k not in ("sent", "answered", "verified", "connected")}
        report.fault(f"{what}: {bad} {result['refused']} {done.stderr.strip()}")
    stall_ms = result["all"]["latency_ns"]["max"] / 1e6
    if stall_ms > 300:
        report.notes.append(f"{what}: an answer took {stall_ms:.0f} ms")
        say(f"  NOTE {report.notes[-1]}")
    return result


def per_cpu_second(result):
    return result["server"]["requests_per_cpu_second"]


def openssl_speed(algorithm, row, seconds):
    """Private operations of `openssl speed` per second of its own user time."""
    done = on_cpu(SERVER_CPU, lambda: subprocess.run(["openssl", "speed", "-mr", "-seconds", str(seconds), algorithm],
                                                     capture_output=True, text=True, check=True))
    found = re.search(rf"^\+{row}:\d+:\d+:([0-9.]+):", done.stdout, re.M)
    if not found:
        raise RuntimeError(f"openssl speed {algorithm}: no {row} row in its output")
    value = float(found.group(1))
    return value if value > 1 else 1 / value


def say(text):
    print(text, flush=True)


# --- what is measured ------------------------------------------------------------------------------


def private_operations(report, o, pki, server):
    """rsa_master and ecdhe against openssl speed: requests and operations per CPU-second, in turns."""
    port, pid = server.port["tls"], server.process.pid
    rows = (("rsa_master", "rsa_master_tls_8x16", "rsa2048", "F2", "all", 0.85),
            ("ecdhe", "ecdhe_p256_tls_8x16", "ecdsap256", "F4", "1%", 0.75))
    for exchange, name, algorithm, row, verify, goal in rows:
        ours, theirs = [], []
        for _ in range(o.rounds):
            theirs.append(openssl_speed(algorithm, row, o.openssl_seconds))
            ours.append(per_cpu_second(bench(
                report, name, pki, port, "tls", pid, "--mix", exchange, "--keys", f"{pki}/keys", "--connections", "8",
                "--in-flight", "16", "--verify", verify, seconds=o.seconds)))
        say(f"  {name}: {statistics.median(ours):.0f} a CPU-second, openssl speed {algorithm} {statistics.median(theirs):.0f}")
        report.figure(name, ours, "requests/cpu-s")
        report.figure(f"openssl_speed_{algorithm}", theirs, "operations/cpu-s")
        report.ratio(f"{name}_vs_openssl", [a / b for a, b in zip(ours, theirs)], f">= {goal}")


def proofs(report, o, pki, server):
    """ecdhe over secp256r1 with a proof of ownership against the same without: requests per CPU-second, in turns."""
    rates = {"none": [], "sha256_128": [], "sha256_256": []}
    for _ in range(o.rounds):
        for proof, values in rates.items():
            values.append(per_cpu_second(bench(
                report, f"ecdhe, proof {proof}", pki, server.port["tls"], "tls", server.process.pid, "--mix", "ecdhe",
                "--keys", f"{pki}/keys", "--connections", "8", "--in-flight", "16", "--group", "secp256r1",
                "--proof", proof, "--verify", "1%", seconds=o.seconds)))
    for proof, goal in (("sha256_128", ">= 0.33"), ("sha256_256", "none")):
        say(f"  ecdhe with proof {proof}: {statistics.median(rates[proof]):.0f} a CPU-second, without {statistics.median(rates['none']):.0f}")
        report.figure(f"ecdhe_p256_{proof}_tls_8x16", rates[proof], "requests/cpu-s")
        report.ratio(f"ecdhe_{proof}_vs_without_proof", [a / b for a, b in zip(rates[proof], rates["none"])], goal)


def pings(report, o, pki, server):
    """ping against the bare server: what the transports cost."""
    for transport, connections, in_flight in (("tls", 8, 16), ("tls", 16, 1), ("dtls", 8, 16)):
        name = f"ping_{transport}_{connections}x{in_flight}"
        echo = Echo(transport, pki)
        ours, theirs = [], []
        try:
            for _ in range(o.rounds):
                for values, port, pid in ((theirs, echo.port, echo.process.pid),
                                          (ours, server.port[transport], server.process.pid)):
                    values.append(per_cpu_second(bench(
                        report, name, pki, port, transport, pid, "--mix", "ping", "--connections", str(connections),
                        "--in-flight", str(in_flight), seconds=o.seconds)))
        finally:
            echo.stop()
        say(f"  {name}: {statistics.median(ours):.0f} a CPU-second, bare echo {statistics.median(theirs):.0f}")
        report.figure(name, ours, "requests/cpu-s")
        report.figure(f"echo_{name}", theirs, "requests/cpu-s")
        report.ratio(f"{name}_vs_echo", [a / b for a, b in zip(ours, theirs)], ">= 0.7")


def latency(report, o, pki, server, label):
    """One request at a time: p50 against an operation of openssl speed and the way there and back."""
    ours, ratios, operations = [], [], []
    for _ in range(o.rounds):
        operation_us = 1e6 / openssl_speed("rsa2048", "F2", o.openssl_seconds)
        result = bench(report, "latency", pki, server.port["tls"], "tls", server.process.pid, "--mix", "rsa_master",
                       "--keys", f"{pki}/keys", "--connections", "1", "--in-flight", "1", "--verify", "all",
                       seconds=o.seconds)
        operations.append(operation_us)
        ours.append(result["all"]["latency_ns"]["p50"] / 1000)
        ratios.append(ours[-1] / (1.25 * operation_us + 100))
    say(f"  unloaded rsa_master, {label}: p50 {statistics.median(ours):.0f} us; one operation {statistics.median(operations):.0f} us")
    report.figure(f"rsa_master_unloaded_p50_{label}", ours, "us", 1)
    report.ratio(f"rsa_master_unloaded_p50_{label}_vs_bound", ratios, "<= 1 (1.25 operations + 100 us)")


def memory_kb(server):
    """What all processes of the server hold, shared pages divided among them."""
    total = 0
    for pid in [server.process.pid, *server.children().values()]:
        with open(f"/proc/{pid}/smaps_rollup") as f:
            total += sum(int(line.split()[1]) for line in f if line.startswith("Pss:"))
    return total


class Holder:
    def __init__(self, pki, port, transport, count):
        command = bench_command(pki, port, transport, "--connections", "0", "--hold", str(count), "--duration", "600s",
                                "--warmup", "0", "--quiet")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        if not self.process.stdout.readline().startswith("holding"):
            raise RuntimeError(f"{count} connections could not be held")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def memory(report, o, pki, keys):
    """Memory of an idle connection: the slope between 500 and 2,000; then those held while others are served."""
    for transport, goal in (("tls", 40), ("dtls", 96)):
        server = lurkd(f"memory-{transport}", pki, keys)
        holders = []
        try:
            holders.append(Holder(pki, server.port[transport], transport, 500))
            at_500 = memory_kb(server)
            holders.append(Holder(pki, server.port[transport], transport, 1500))
            at_2000 = memory_kb(server)
            result = bench(report, f"serving beside 2,000 {transport}", pki, server.port["tls"], "tls",
                           server.process.pid, "--mix", "ecdhe", "--keys", f"{pki}/keys", seconds=o.seconds)
        finally:
            for holder in holders:
                holder.stop()
            server.stop()
        slope = (at_2000 - at_500) / 1500
        say(f"  {transport}: {slope:.1f} kB a connection ({at_500} kB at 500, {at_2000} kB at 2,000), "
            f"{result['all']['per_second']:.0f} ecdhe/s beside them")
        report.figure(f"memory_per_{transport}_connection", slope, "kB", 1)
        report.ratio(f"memory_per_{transport}_connection_vs_bound", slope / goal, f"<= 1 ({goal} kB)")


def hostility(report, o, pki, server):
    """A peer beside 1,000 malformed requests a second against the same peer alone."""
    ratios = []
    for _ in range(o.rounds):
        rates = [bench(report, "hostility", pki, server.port["tls"], "tls", server.process.pid, "--mix", "ecdhe",
                       "--keys", f"{pki}/keys", *extra, seconds=o.seconds)["all"]["per_second"]
                 for extra in ((), ("--hostile", "malformed=1000"))]
        ratios.append(rates[1] / rates[0])
    say(f"  beside 1,000 malformed requests a second a peer keeps {100 * statistics.median(ratios):.1f} % of its rate")
    report.ratio("rate_beside_1000_malformed", ratios, ">= 0.9")


def main():
    parser = argparse.ArgumentParser(description="lurkd end to end, beside what it could be at best")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each comparison (5)")
    parser.add_argument("--seconds", type=float, default=2, help="measured time of each run (2)")
    parser.add_argument("--openssl-seconds", type=int, default=1, help="of openssl speed for each operation (1)")
    parser.add_argument("--only", default="", help="parts, with commas: private,proof,ping,latency,memory,hostile")
    parser.add_argument("--out", default=f"{TOP}/bench/results/e2e.json", help="where the JSON goes")
    o = parser.parse_args()
    if os.cpu_count() < 2:
        sys.exit("e2e: wants two CPUs, one for the server and one for the load")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    wanted = set(o.only.split(",")) if o.only else {"private", "proof", "ping", "latency", "memory", "hostile"}
    shutil.rmtree(BASE, ignore_errors=True)
    os.makedirs(BASE)
    pki = make_pki(f"{BASE}/pki", "rsa2048=1", "p256=1", "edge=1")
    keys = {"rsa": ("rsa2048-1", "tls12-rsa"), "p256": ("p256-1", "tls12-sign")}
    report = Report()
    server = lurkd("server", pki, keys)
    say(f"e2e: lurkd on CPU {SERVER_CPU}, lurk-bench on CPU {CLIENT_CPU}, {o.rounds} rounds of {o.seconds:g} s")
    try:
        if "private" in wanted:
            private_operations(report, o, pki, server)
        if "proof" in wanted:
            proofs(report, o, pki, server)
        if "ping" in wanted:
            pings(report, o, pki, server)
        if "latency" in wanted:
            latency(report, o, pki, server, "one_cpu")
        if "hostile" in wanted:
            hostility(report, o, pki, server)
    finally:
        server.stop()
    if "latency" in wanted:
        apart = {"loops": f"{SERVER_CPU}", "workers": f"{CLIENT_CPU}", "spin": "never"}
        server = lurkd("apart", pki, keys, cpu=apart)
        try:
            latency(report, o, pki, server, "worker_apart")
        finally:
            server.stop()
    if "memory" in wanted:
        memory(report, o, pki, keys)
    report.write(o.out, {"rounds": o.rounds, "seconds": o.seconds, "parts": sorted(wanted)})
    report.print()
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
