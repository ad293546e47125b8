#!/usr/bin/python3
"""make bench B=fairness: what a tenant keeps beside another that floods, and beside those who send rubbish.

Every thread of lurkd on CPU 0 without spinning, both edges' lurk-bench on CPU 1. Tenant b asks with one connection and
four requests in flight; tenant a asks for RSA-2048. What is compared runs in turns in this one run, and
medians are reported. Ends with `figure` and `ratio` lines, the same in bench/results/fairness.json.
"""

import argparse
import os
import resource
import shutil
import statistics
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path[:0] = [f"{TOP}/bench/e2e", f"{TOP}/tests/e2e", f"{TOP}/tests/support"]
import e2e  # noqa: E402
import fairness as story  # noqa: E402, of tests/e2e
from server import Server, make_pki  # noqa: E402

BASE = f"{TOP}/build/bench/fairness"
MODEST, FLOOD, PAST_SHARE = (2, 8), (8, 128), (8, 1024)


def load(server, number, key, mix, connections, in_flight, *extra, seconds):
    return story.Load(server, number, key, mix, connections, in_flight, "--cpus", str(e2e.CLIENT_CPU), *extra,
                      seconds=seconds)


def beside(server, o, ours, flood):
    """The result of tenant b beside this load of tenant a; flood None: alone."""
    key, mix, extra = ours
    other = None
    if flood is not None:
        other = load(server, 1, "rsa2048-1", "rsa_master", *flood, seconds=o.seconds + 2)
        time.sleep(0.5)
    result = load(server, 2, key, mix, 1, 4, *extra, seconds=o.seconds).result()
    if other is not None:
        other.result()
    return result


def judged(report, what, result):
    if not result["good"] or result["refused"]:
        report.fault(f"{what}: {result['counts']} {result['refused']}")
    return result


def closed_loop(report, o, server):
    """b's share of the workers: beside 16 requests in flight, and beside 64 and 512 times as many."""
    for key, mix in (("p256-1", "ecdhe"), ("rsa2048-2", "rsa_master")):
        rates = {MODEST: [], FLOOD: [], PAST_SHARE: []}
        tails = {MODEST: [], FLOOD: [], PAST_SHARE: []}
        for _ in range(o.rounds):
            for flood in rates:
                result = judged(report, f"{mix} beside {flood}", beside(server, o, (key, mix, ()), flood))
                rates[flood].append(result["all"]["per_second"])
                tails[flood].append(result["all"]["latency_ns"]["p99"] / 1000)
        for flood, name in ((MODEST, "modest"), (FLOOD, "flood"), (PAST_SHARE, "past_share")):
            report.figure(f"{mix}_1x4_beside_{name}", rates[flood], "requests/s")
            report.figure(f"{mix}_1x4_p99_beside_{name}", tails[flood], "us")
        report.ratio(f"{mix}_share_kept_beside_flood",
                     [a / b for a, b in zip(rates[FLOOD], rates[MODEST])], ">= 0.95")
        report.ratio(f"{mix}_p99_beside_flood", [a / b for a, b in zip(tails[FLOOD], tails[MODEST])], "<= 2")
        report.ratio(f"{mix}_share_kept_past_share",
                     [a / b for a, b in zip(rates[PAST_SHARE], rates[MODEST])], "none")
        e2e.say(f"  {mix}: " + ", ".join(f"{name} {statistics.median(rates[f]):.0f}/s p99 {statistics.median(tails[f]):.0f} us"
                for f, name in ((MODEST, "beside modest"), (FLOOD, "flood"), (PAST_SHARE, "past share"))))


def open_loop(report, o, server):
    """b asks for a fixed rate: what is served in time beside a flood, and how late."""
    for key, mix, rate in (("p256-1", "ecdhe", 500), ("rsa2048-2", "rsa_master", 200)):
        kept, late = [], []
        for _ in range(o.rounds):
            pair = [judged(report, f"{mix} at {rate}/s", beside(server, o, (key, mix, ("--rate", str(rate))), flood))
                    for flood in (MODEST, FLOOD)]
            kept.append(pair[1]["all"]["per_second"] / pair[0]["all"]["per_second"])
            late.append(pair[1]["all"]["latency_ns"]["p99"] / pair[0]["all"]["latency_ns"]["p99"])
        report.ratio(f"{mix}_{rate}_a_second_kept_beside_flood", kept, ">= 0.95")
        report.ratio(f"{mix}_{rate}_a_second_p99_beside_flood", late, "<= 2")
        e2e.say(f"  {mix} at {rate}/s: {statistics.median(kept):.3f} kept, p99 times {statistics.median(late):.2f}")


def malformed(report, o, server):
    ratios = []
    for _ in range(o.rounds):
        rates = [judged(report, "malformed", load(server, 2, "p256-1", "ecdhe", 4, 8, *extra, seconds=o.seconds).result())
                 ["all"]["per_second"] for extra in ((), ("--hostile", "malformed=1000"))]
        ratios.append(rates[1] / rates[0])
    report.ratio("ecdhe_4x8_beside_1000_malformed", ratios, ">= 0.9")
    e2e.say(f"  beside 1,000 malformed requests a second: {statistics.median(ratios):.3f} kept")


def main():
    parser = argparse.ArgumentParser(description="what a tenant keeps beside a flood")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each comparison (5)")
    parser.add_argument("--seconds", type=float, default=2, help="measured time of each run (2)")
    parser.add_argument("--only", default="closed,open,malformed", help="parts, with commas")
    parser.add_argument("--out", default=f"{TOP}/bench/results/fairness.json", help="where the JSON goes")
    o = parser.parse_args()
    if os.cpu_count() < 2:
        sys.exit("fairness: wants two CPUs, one for the server and one for the load")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    shutil.rmtree(BASE, ignore_errors=True)
    os.makedirs(BASE)
    pki = make_pki(f"{BASE}/pki", "rsa2048=2", "p256=1", "edge=2")
    cpu = {"loops": f"{e2e.SERVER_CPU}", "workers": f"{e2e.SERVER_CPU}", "spin": "never"}
    server = story.two_tenants(Server(BASE, pki, keys=story.KEYS, transports=("tls",), cpu=cpu,
                                      server={"log_level": "warning"}))
    report = e2e.Report("fairness")
    e2e.on_cpu(e2e.SERVER_CPU, server.start)
    parts = {"closed": closed_loop, "open": open_loop, "malformed": malformed}
    try:
        for name in o.only.split(","):
            parts[name](report, o, server)
    finally:
        server.stop()
    report.write(o.out, {"rounds": o.rounds, "seconds": o.seconds, "parts": o.only.split(",")})
    report.print()
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
