#!/usr/bin/python3
"""Checks the hash chain of an audit journal: auditcheck.py FILE..., the files of one journal, oldest first.

A record's hash is the first half of SHA-256(hash before it || its 128 bytes with the hash zero); the bytes
are those of struct lk_audit_record (core/watch/audit.h), rebuilt here from the line. A "start" line begins
the chain of its worker. Prints FILE:LINE: fault for a line that is missing, swapped or edited, then the
counts; ends with 1 if there were faults.
"""

import hashlib
import json
import struct
import sys

EXCHANGES = ["lurk.capabilities", "lurk.ping", "tls12.capabilities", "tls12.ping", "tls12.rsa_master",
             "tls12.rsa_master_with_poh", "tls12.rsa_extended_master", "tls12.rsa_extended_master_with_poh",
             "tls12.ecdhe"]


def record_bytes(r):
    return struct.pack("<QQQQ32sIIHHHHQ24x16x", r["sequence"], r["time_ns"], int(r["request"], 16),
                       int(r["handle"], 16), bytes.fromhex(r["key"]), r["tenant"], r["edge"],
                       EXCHANGES.index(r["exchange"]), r["status"], r["worker"], r["scheme"], int(r["peer"], 16))


class Chain:
    def __init__(self):
        self.hash, self.sequence = None, 0

    def follow(self, r):
        """What is wrong with this record, or None; goes on from it either way."""
        want = hashlib.sha256((self.hash or bytes(16)) + record_bytes(r)).hexdigest()[:32]
        fault = None
        if self.hash is None:
            fault = "no start line of this worker before it"
        elif r["sequence"] != self.sequence + 1:
            fault = f"sequence {r['sequence']} after {self.sequence}"
        elif r["hash"] != want:
            fault = "does not follow from the record before it"
        self.hash, self.sequence = bytes.fromhex(r["hash"]), r["sequence"]
        return fault


def judge(line, chains, count):
    """What is wrong with this line, or None."""
    try:
        r = json.loads(line)
        chain = chains.setdefault(r["worker"], Chain())
        if r.get("event") == "start":
            count["starts"] += 1
            chain.hash, chain.sequence = bytes.fromhex(r["chain"]), 0
        elif "event" in r:
            return f"lurkd says: {r['event']}"
        else:
            count["records"] += 1
            return chain.follow(r)
    except (ValueError, KeyError, TypeError, struct.error) as e:
        return f"no record: {e}"
    return None


def main(paths):
    if not paths:
        print(__doc__)
        return 2
    chains, count, faults = {}, {"records": 0, "starts": 0}, 0
    for path in paths:
        with open(path, encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                fault = judge(line, chains, count)
                if fault is not None:
                    faults += 1
                    print(f"{path}:{number}: {fault}")
    print(f"{count['records']} records, {count['starts']} starts, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
