#!/usr/bin/python3
"""Checks the hash chain of an audit journal: auditcheck.py FILE..., the files of one journal, oldest first.

A record's hash is the first half of SHA-256(hash before it || SHA-256(its bytes before the hash)); the bytes
are those of struct lk_audit_record (core/watch/audit.h), rebuilt here from the line. A "start" line begins
the chain of its worker with the hash over all lines before it, so that no run can be cut out; a "file" line
carries that hash into the next file, and "continue" lines say where chains stood. Prints FILE:LINE: fault for a line that is missing, swapped or edited, then the
counts; ends with 1 if there were faults.
"""

import hashlib
import json
import struct
import sys

# By their numbers: the rows of core/wire/registry.c.
EXCHANGES = ["lurk.capabilities", "lurk.ping",
             "tls12.capabilities", "tls12.ping", "tls12.rsa_master", "tls12.rsa_master_with_poh",
             "tls12.rsa_extended_master", "tls12.rsa_extended_master_with_poh", "tls12.ecdhe",
             "tls13.capabilities", "tls13.ping", "tls13.s_init_cert_verify",
             "split.capabilities", "split.ping", "split.rsa_premaster", "split.sign_ske", "split.sign_cert_verify",
             "split.sign_cert_request"]


def record_bytes(r):
    return struct.pack("<QQQQ32sIIHHHHQ16s8x", r["sequence"], r["time_ns"], int(r["request"], 16),
                       int(r["handle"], 16), bytes.fromhex(r["key"]), r["tenant"], r["edge"],
                       EXCHANGES.index(r["exchange"]), r["status"], r["worker"], r["scheme"], int(r["peer"], 16),
                       bytes.fromhex(r["random"]))


class Chain:
    def __init__(self):
        self.hash, self.sequence = None, 0

    def begin(self, r):
        self.hash, self.sequence = bytes.fromhex(r["chain"]), r["sequence"]

    def follow(self, r):
        """What is wrong with this record, or None; goes on from it either way."""
        want = hashlib.sha256((self.hash or bytes(16)) + hashlib.sha256(record_bytes(r)).digest()).hexdigest()[:32]
        fault = None
        if self.hash is None:
            fault = "no start line of this worker before it"
        elif r["sequence"] != self.sequence + 1:
            fault = f"sequence {r['sequence']} after {self.sequence}"
        elif r["hash"] != want:
            fault = "does not follow from the record before it"
        self.hash, self.sequence = bytes.fromhex(r["hash"]), r["sequence"]
        return fault


class Journal:
    """All files: the hash over their lines, and the chain of each worker."""

    def __init__(self):
        self.hash, self.chains = None, {}
        self.records = self.starts = 0

    def judge(self, line, first):
        """What is wrong with this line (bytes), or None."""
        fault = None
        try:
            fault = self.take(json.loads(line), first)
        except (ValueError, KeyError, TypeError, struct.error) as e:
            fault = f"no record: {e}"
        self.hash = hashlib.sha256((self.hash or bytes(16)) + line).digest()[:16]
        return fault

    def take(self, r, first):
        event = r.get("event")
        if first != (event == "file"):
            return "a file begins with a line that says so, and has no other one"
        if event == "file":
            return self.take_file(r)
        chain = self.chains.setdefault(r["worker"], Chain())
        if event == "start":
            self.starts += 1
            chain.begin(r)
            return None if chain.hash == self.hash else "does not follow from the lines before it"
        if event == "continue":
            known, at = chain.hash, chain.sequence
            chain.begin(r)
            same = known in (None, chain.hash) and (known is None or at == chain.sequence)
            return None if same else "does not follow from the file before it"
        if event is not None:
            return f"lurkd says: {event}"
        self.records += 1
        return chain.follow(r)

    def take_file(self, r):
        before, self.hash = self.hash, bytes.fromhex(r["previous"])
        if before not in (None, self.hash):
            return "does not follow from the file before it"
        return f"lurkd says: {r['damage']} (the file before this one)" if r["damage"] else None


def main(paths):
    if not paths:
        print(__doc__)
        return 2
    journal, faults = Journal(), 0
    for path in paths:
        with open(path, "rb") as f:
            for number, line in enumerate(f, 1):
                fault = journal.judge(line, number == 1)
                if fault is not None:
                    faults += 1
                    print(f"{path}:{number}: {fault}")
    print(f"{journal.records} records, {journal.starts} starts, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
