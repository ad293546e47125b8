#!/usr/bin/python3
"""make bench B=ecdhe: what the whole server adds to a P-256 signature, and what a proof of ownership adds to both.

Every thread of lurkd runs on CPU 0 without spinning, lurk-bench on CPU 1 with 8 connections x 16. In turns in
this one run: the bare kernel (bench_ec, on CPU 0), `ecdhe` without a proof, `ecdhe` with one, over P-256 and over two
more groups. CPU time is the scheduler's own, of the vault and of the front each, over the requests that their
counters say were answered; core cycles are that time in the unit in which bench_ec measured a signature both ways.
Ends with `figure` and `ratio` lines, the same in bench/results/ecdhe.json.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path[:0] = [f"{TOP}/bench/e2e", f"{TOP}/tests/support"]
import e2e  # noqa: E402
import split  # noqa: E402, beside this file
from server import make_pki  # noqa: E402

BASE = f"{TOP}/build/bench/ecdhe"
BENCH_EC = os.environ.get("LURK_BENCH_EC", f"{TOP}/build/release/bench/bench_ec")
PROOF = "sha256_128"
OTHERS = ("x25519", "secp384r1")  # groups whose proofs are held against no proof at all


def run_ns(pid):
    """Time on a CPU of all threads of a process, as the scheduler counts it."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat") as f:
            total += int(f.read().split()[0])
    return total


class Counted:
    """What went by between two looks at a server: CPU time by role, lanes and batches of a row."""

    def __init__(self, server):
        self.server, self.pids = server, server.children()
        self.before = self.look()

    def look(self):
        page = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
                for line in self.server.get("/metrics").splitlines() if line and line[0] != "#"}
        row = lambda name: page.get(f'{name}{{kernel="p256"}}', 0)
        return {"requests": row("lurk_batch_lanes_total"), "batches": row("lurk_batches_total"),
                **{role: run_ns(pid) for role, pid in self.pids.items()}}

    def end(self):
        after = self.look()
        return {name: after[name] - self.before[name] for name in after}


def kernel_alone(o):
    """(ns of a signature by batch, cycles a ns) of the row that this machine chose."""
    out = f"{BASE}/kernel.json"
    subprocess.run([BENCH_EC, "--cpu", str(e2e.SERVER_CPU), "--rounds", "3", "--seconds", "0.05", "--only", "p256", "--out", out],
                   stdout=subprocess.DEVNULL, check=True)
    with open(out) as f:
        figures = json.load(f)["figures"]
    rows = {int(name.rsplit("/", 1)[1]): row["value"] for name, row in figures.items()
            if name.startswith("sign_p256/") and "/openssl/" not in name}
    cycles = figures.get("sign_p256_64_cycles_median")
    return rows, cycles["value"] / rows[64] if cycles else None


def ns_at(rows, fill):
    """Between two batches that were measured the whole batch's time is a straight line."""
    below = max((n for n in rows if n <= fill), default=min(rows))
    above = min((n for n in rows if n >= fill), default=max(rows))
    if below == above:
        return rows[below]
    low, high = below * rows[below], above * rows[above]
    return (low + (high - low) * (fill - below) / (above - below)) / fill


def load(report, o, pki, server, proof, group="secp256r1"):
    """One run of lurk-bench; what it cost."""
    counted = Counted(server)
    result = e2e.bench(report, f"ecdhe, {group}, proof {proof}", pki, server.port["tls"], "tls", server.process.pid, "--mix",
                       "ecdhe", "--keys", f"{pki}/keys", "--connections", "8", "--in-flight", "16", "--proof", proof,
                       "--group", group, seconds=o.seconds)
    cost = counted.end()
    cost["per_second"] = result["all"]["per_second"]
    return cost


def rounds(report, o, pki, server):
    names = ("kernel_ns", "fill", "vault_ns", "front_ns", "cycles", "vault_ratio", "proof_ratio", "proof_wall", *OTHERS)
    seen = {name: [] for name in names}
    for _ in range(o.rounds):
        rows, ghz = kernel_alone(o)
        bare, proved = (load(report, o, pki, server, proof) for proof in ("none", PROOF))
        fill = bare["requests"] / bare["batches"]
        vault_ns, front_ns = (bare[role] / bare["requests"] for role in ("vault", "front"))
        proved_ns = (proved["vault"] + proved["front"]) / proved["requests"]
        for group in OTHERS:
            other = load(report, o, pki, server, PROOF, group)
            other_ns = (other["vault"] + other["front"]) / other["requests"]
            seen[group].append((vault_ns + front_ns) / other_ns)
        seen["fill"].append(fill)
        seen["kernel_ns"].append(ns_at(rows, fill))
        seen["vault_ns"].append(vault_ns)
        seen["front_ns"].append(front_ns)
        seen["vault_ratio"].append(ns_at(rows, fill) / vault_ns)
        seen["proof_ratio"].append((vault_ns + front_ns) / proved_ns)
        seen["proof_wall"].append(proved["per_second"] / bare["per_second"])
        if ghz is not None:
            seen["cycles"].append((vault_ns + front_ns) * ghz)
    return seen


def main():
    parser = argparse.ArgumentParser(description="what the whole server adds to a P-256 signature")
    parser.add_argument("--rounds", type=int, default=11, help="turns of each comparison (11)")
    parser.add_argument("--seconds", type=float, default=1.5, help="measured time of each run (1.5)")
    parser.add_argument("--out", default=f"{TOP}/bench/results/ecdhe.json", help="where the JSON goes")
    o = parser.parse_args()
    if os.cpu_count() < 2:
        sys.exit("ecdhe: wants two CPUs, one for the server and one for the load")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    shutil.rmtree(BASE, ignore_errors=True)
    os.makedirs(BASE)
    pki = make_pki(f"{BASE}/pki", "p256=1", "edge=1")
    report = e2e.Report("ecdhe")
    server = e2e.lurkd("../ecdhe/server", pki, {"p256": ("p256-1", "tls12-sign")})
    e2e.say(f"ecdhe: lurkd on CPU {e2e.SERVER_CPU}, lurk-bench on CPU {e2e.CLIENT_CPU}, {o.rounds} rounds of {o.seconds:g} s")
    try:
        seen = rounds(report, o, pki, server)
        parts = split.sampled(server.children()["vault"], BASE, lambda: load(report, o, pki, server, "none"))
    finally:
        server.stop()
    report.figure("p256_kernel_at_that_fill", seen["kernel_ns"], "ns/signature")
    report.figure("batch_fill", seen["fill"], "requests", 1)
    report.figure("vault", seen["vault_ns"], "ns/request")
    report.figure("front", seen["front_ns"], "ns/request")
    if seen["cycles"]:
        report.figure("server_cycles", seen["cycles"], "cycles/request")
    for name, ns in parts.items():
        report.figure(f"vault: {name}", ns, "ns/request")
    report.ratio("p256_kernel_rate_kept_by_the_vault", seen["vault_ratio"], ">= 0.75")
    if seen["cycles"]:
        report.ratio("server_cycles_vs_bound", [c / 10000 for c in seen["cycles"]], "<= 1 (10,000 cycles)")
    report.ratio("ecdhe_with_proof_vs_without", seen["proof_ratio"], ">= 0.33")
    report.ratio("ecdhe_with_proof_vs_without_wall", seen["proof_wall"], "none")
    for group in OTHERS:
        report.ratio(f"ecdhe_{group}_with_proof_vs_without", seen[group], "none")
    report.write(o.out, {"rounds": o.rounds, "seconds": o.seconds, "connections": 8, "in_flight": 16, "proof": PROOF})
    report.print()
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
