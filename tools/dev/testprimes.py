#!/usr/bin/python3
"""Writes where the primes of the RSA keys of the benchmark and of the tests lie.

A prime of the benchmark is a string of digests with its ends fixed, as crypto/self_test.c makes its own, plus an
offset, which is all that is kept. Those of the tests come in more lengths and forms: tests/support/rsa_bank.c.
A few minutes each. Usage: testprimes.py >bench/rsa/offsets.inc.c
                           testprimes.py tests >tests/support/rsa_primes.inc.c
"""

import hashlib
import math
import sys

PRIMES = 46  # 1,035 pairs
SIEVE_MAX = 20000
WITNESSES = (2, 3, 5, 7, 11, 13, 17, 19)
PUBLIC_EXPONENT = 65537


def small_primes():
    composite = bytearray(SIEVE_MAX)
    for n in range(2, SIEVE_MAX):
        if not composite[n]:
            composite[n * n :: n] = b"\1" * len(composite[n * n :: n])
            yield n


def start(bits, which):
    """The number the search starts from, for a prime of a modulus of so many bits."""
    size = bits // 16
    text = bytearray()
    for i in range(size // 32):
        text += hashlib.sha256(bytes((bits >> 8, bits & 255, which, i))).digest()
    text[0] |= 0xC0
    text[-3:] = b"\0\0\1"
    return int.from_bytes(text, "big")


def probably_prime(n):
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for witness in WITNESSES:
        x = pow(witness, odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def offset(bits, which, small):
    first = start(bits, which)
    remainders = [(p, first % p) for p in small]
    at = 0
    while True:
        if all((r + at) % p for p, r in remainders) and (first + at) % PUBLIC_EXPONENT != 1 \
                and probably_prime(first + at):
            return at
        at += 2


# --- the tests' ---

DIGIT = 52
# p - 1 has no divisor in common with this: e may then be 3, 5, 17, 257, 65537, or 2^64 - 1 itself.
EXPONENTS = 2**64 - 1
FORMS = ("DIGESTS", "ONES", "LOW_ONE", "LOW_ONES", "SPARSE")
LENGTHS = {
    "DIGESTS": {512: 2, 1000: 1, 1012: 1, 1024: 8, 1025: 2, 1030: 1, 1031: 1, 1036: 2, 1037: 2, 1048: 1, 1536: 8,
                1556: 2, 1557: 2, 2000: 1, 2048: 6, 2076: 2, 2077: 2},
    "ONES": {1024: 2, 1036: 2, 1536: 2, 1556: 2, 2048: 2, 2076: 2},
    "LOW_ONE": {1024: 2, 1036: 1, 1536: 2, 2048: 2, 2076: 1},
    "LOW_ONES": {1024: 2, 1036: 1, 1536: 2, 2048: 2, 2076: 1},
    "SPARSE": {1024: 2, 1536: 2, 2048: 2},
}


def digests(bits, form, which):
    """As many bits, the upper two and the lowest set."""
    label = bytes((bits >> 8, bits & 255, 64 * FORMS.index(form) + which))
    text = b"".join(hashlib.sha256(label + bytes((i,))).digest() for i in range((bits + 255) // 256))
    return int.from_bytes(text, "big") >> (8 * len(text) - bits) | 3 << (bits - 2) | 1


def form_start(bits, form, which):
    """Where the search starts, and its steps."""
    if form == "ONES":
        return (1 << bits) - 1 - 20000 * which, -2
    if form == "SPARSE":
        return (3 << (bits - 2)) + 1 + 20000 * which, 2
    number = digests(bits, form, which)
    if form == "DIGESTS":
        return number, 2
    low = 1 if form == "LOW_ONE" else (1 << DIGIT) - 1
    return number >> DIGIT << DIGIT | low, 1 << DIGIT


def form_steps(bits, form, which, small):
    first, step = form_start(bits, form, which)
    remainders = [(p, first % p, step % p) for p in small]
    at = 0
    while True:
        number = first + at * step
        if all((r + at * s) % p for p, r, s in remainders) and math.gcd(number - 1, EXPONENTS) == 1 \
                and probably_prime(number):
            return at
        at += 1


def write_tests(small):
    print("/* Written by tools/dev/testprimes.py: bits, form, which of them, steps from the start. */")
    print("static const struct prime_row primes[] = {")
    for form in FORMS:
        for bits, count in LENGTHS[form].items():
            rows = [f"{{{bits}, {form}, {which}, {form_steps(bits, form, which, small)}}}" for which in range(count)]
            for i in range(0, count, 4):
                print("    " + ", ".join(rows[i : i + 4]) + ",", flush=True)
    print("};")


# --- the benchmark's ---


def write_bench(small):
    print("/* Written by tools/dev/testprimes.py. */")
    for bits in (2048, 3072, 4096):
        offsets = [str(offset(bits, which, small)) for which in range(PRIMES)]
        print(f"static const uint16_t offsets_{bits}[LK_BENCH_PRIMES] = {{")
        for i in range(0, PRIMES, 12):
            print("    " + ", ".join(offsets[i : i + 12]) + ",")
        print("};")


def main():
    small = list(small_primes())
    if sys.argv[1:] == ["tests"]:
        write_tests(small)
    else:
        write_bench(small)


if __name__ == "__main__":
    main()
