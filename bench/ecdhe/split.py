"""split: where the CPU time of a request goes, by samples that perf takes. Without perf there is no split, and it
is said: the rest of the benchmark stands without it."""

import collections
import re
import shutil
import signal
import subprocess

import e2e

# Functions of the vault by what they are for, static ones too; the first that matches has it.
VAULT = [
    ("point check", r"lk_mont_|reduce_once|is_on_curve|lk_group_point|equation_holds|points_judge|lk_p256_points|vector_judge|"
                    r"given_load|point_take|is_below|is_multiple"),
    ("hashes in lanes: nonces, F(S), text", r"^compress$|nonces_make|message_fill|lk_rng|^hmac$|^hash$|texts_hash|freshness|"
                                           r"rows_(load|store)|lk_run_ecdhe_text|text_take"),
    ("kernel", r"^add_(one|beside)|used_take|^make_|fe_|order_|window_|point_|steps_|invert|"
               r"apply_to_pair|^(gcd_run|digest_load|[kz]_(give|take))|digits_|nonce_|batch_(sign|out|invert|jobs)|sign$|signing_|bytes_(load|store)|equation|"
               r"multiple_|multiply_|on_curve|kernel_call|run_ifma|run_way|call_fill|product|square"),
    ("DER", r"signature_write|integer_write"),
    ("novelty", r"lk_novelty|entry_|share_take|search_|twin_find|siphash|places_find|^rounds$|absorb"),
    ("audit", r"audit|bare_hash|record_fill|SHA256|lk_hash|sha256|add256|finish256|start256"),
    ("copies and wipes", r"memset|memmove|memcpy|bzero|cleanse|lane_copy|slot_write|lk_wipe"),
]


def part_of(symbol, library):
    for name, pattern in VAULT:
        if re.search(pattern, symbol):
            return name
    # Debian's libcrypto has no names for its own functions: what the vault's load runs of it is SHA-256, of the
    # records' chain.
    if library.startswith("libcrypto"):
        return "audit"
    return "system" if library.startswith("[kernel") else "parsing, queues, rings"


def samples(data):
    """Counter of (process, symbol, library)."""
    script = subprocess.run(["perf", "script", "-i", data, "-F", "pid,ip,sym,dso"], capture_output=True, text=True)
    seen = collections.Counter()
    for line in script.stdout.splitlines():
        found = re.match(r"\s*(\d+)\s+[0-9a-f]+\s+(\S.*?)\s+\((.*)\)$", line)
        if found:
            seen[int(found[1]), found[2], found[3].rsplit("/", 1)[-1]] += 1
    return seen


def sampled(pid, directory, run):
    """{part: ns a request} of the vault in one run; empty where perf cannot be had."""
    if shutil.which("perf") is None:
        e2e.say("  no split: perf is not there (Debian: linux-perf)")
        return {}
    data = f"{directory}/perf.data"
    perf = subprocess.Popen(["perf", "record", "-q", "-e", "cpu-clock", "-F", "4000", "-o", data, "-p", str(pid)],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    cost = run()
    perf.send_signal(signal.SIGINT)
    why = perf.communicate()[1].strip()
    seen = samples(data)
    if not seen:
        e2e.say(f"  no split: perf saw nothing {why}")
        return {}
    parts = collections.Counter()
    for (_, symbol, library), count in seen.items():
        parts[part_of(symbol, library)] += count
    ns = cost["vault"] / cost["requests"] / sum(parts.values())
    return {name: count * ns for name, count in parts.most_common()}
