#!/usr/bin/python3
"""Writes bench/rsa/offsets.inc.c: where the primes of the benchmark's RSA keys lie.

A prime is a string of digests with its ends fixed, as crypto/self_test.c makes its own, plus an offset, which is all
that is kept. Three minutes. Usage: testprimes.py >bench/rsa/offsets.inc.c
"""

import hashlib

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


def main():
    small = list(small_primes())
    print("/* Written by tools/dev/testprimes.py. */")
    for bits in (2048, 3072, 4096):
        offsets = [str(offset(bits, which, small)) for which in range(PRIMES)]
        print(f"static const uint16_t offsets_{bits}[LK_BENCH_PRIMES] = {{")
        for i in range(0, PRIMES, 12):
            print("    " + ", ".join(offsets[i : i + 12]) + ",")
        print("};")


if __name__ == "__main__":
    main()
