#!/usr/bin/python3
"""Writes the numbers of crypto/ec/p256_const.h as C, on standard output: constants of P-256 and the table of multiples
of its base point. Plain integers and the affine addition of the textbook; nothing here is secret or quick.

Usage: p256table.py >FILE.c
"""

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
BITS, DIGITS, MULTIPLES = 52, 5, 7
WINDOW_BITS, WINDOWS, ENTRIES = 7, 37, 64
R = 1 << BITS * DIGITS
LEFT = 16 * (52 - 38)  # bits: crypto/ec/p256_invert.inc.c has 16 rounds of 38 steps, each divides by 2^52


def add(a, b):
    """a + b on the curve; neither is infinity, nor is the sum."""
    if a == b:
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def digits(x):
    return [x >> BITS * i & (1 << BITS) - 1 for i in range(DIGITS)]


def array(words):
    return "{" + ", ".join(f"0x{word:x}" for word in words) + "}"


def multiples(x):
    return "{" + ", ".join(array(c * d for d in digits(x)) for c in range(MULTIPLES)) + "}"


def constants():
    low = -pow(N, -1, 1 << BITS) % (1 << BITS)
    yield "const struct lk_p256_const lk_p256 = {"
    yield f"    .ones = 0x{(1 << BITS) - 1:x}, .low48 = 0x{(1 << 48) - 1:x}, .n0 = 0x{low:x},"
    yield f"    .p1 = {array(digits(P + 1))},"
    yield f"    .p = {multiples(P)},"
    yield f"    .n = {multiples(N)},"
    named = {"one": 1, "p_r": R % P, "p_r2": R * R % P, "b_r": B * R % P}
    named |= {"n_r": R % N, "n_r2": R * R % N, "n_r3": R * R * R % N}
    named |= {"p_inverse": (R * R << LEFT) % P, "n_inverse": (R * R << LEFT) % N}
    for name, number in named.items():
        yield f"    .{name} = {array(digits(number))},"
    yield "};"


def window(base, number):
    """The rows of one window, a digit each."""
    entries, two = [base], add(base, base)
    while len(entries) < ENTRIES:
        entries.append(add(entries[-1], two))
    columns = [digits(x * R % P) + digits(y * R % P) for x, y in entries]
    tags = [(i + ENTRIES * number) << BITS for i in range(ENTRIES)]
    return [[tag | column[row] for tag, column in zip(tags, columns)] for row in range(2 * DIGITS)]


def table():
    yield "const uint64_t lk_p256_table[LK_P256_WINDOWS][2 * LK_P256_DIGITS][LK_P256_ENTRIES]"
    yield "    __attribute__((aligned(64))) = {"
    base = G
    for number in range(WINDOWS):
        yield "    {" + ",\n     ".join(array(row) for row in window(base, number)) + "},"
        for _ in range(WINDOW_BITS):
            base = add(base, base)
    yield "};"


if __name__ == "__main__":
    print("/* Written by tools/dev/p256table.py. */")
    print('#include "crypto/ec/p256_const.h"\n')
    for line in [*constants(), "", *table()]:
        print(line)
