#!/usr/bin/python3
"""Writes the numbers of crypto/ec/p256_const.h or p384_const.h as C, on standard output: constants of a curve and the
table of multiples of its base point, or the combs of that point. Plain integers and the affine addition of the
textbook; nothing here is secret or quick.

Usage: ectable.py (p256 | p384) (const | comb) >FILE.c
"""

import sys

BITS, MULTIPLES, TEETH = 52, 7, 4


class Curve:
    """y^2 = x^3 - 3x + b modulo p, base point g of order n."""

    def __init__(self, p, n, b, g, digits, window_bits, windows, rounds):
        self.p, self.n, self.b, self.g, self.digits = p, n, b, g, digits
        self.window_bits, self.windows, self.entries = window_bits, windows, 1 << window_bits - 1
        self.bits, self.r = n.bit_length(), 1 << BITS * digits
        # bits that are left of an inversion: each round of 38 steps divides by 2^52 (crypto/ec/ec_invert.inc.c)
        self.left = rounds * (BITS - 38)

    def add(self, a, b):
        """a + b on the curve; neither is infinity, nor is the sum."""
        if a == b:
            slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, self.p)
        else:
            slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, self.p)
        x = (slope * slope - a[0] - b[0]) % self.p
        return x, (slope * (a[0] - x) - a[1]) % self.p

    def digits_of(self, x):
        return [x >> BITS * i & (1 << BITS) - 1 for i in range(self.digits)]

    def words_of(self, point):
        """Both coordinates in Montgomery form."""
        return [word for x in point for word in self.digits_of(x * self.r % self.p)]


P256 = Curve(
    p=0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF,
    n=0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    b=0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    g=(
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    ),
    digits=5,
    window_bits=7,
    windows=37,
    rounds=16,
)
P384 = Curve(
    p=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFF0000000000000000FFFFFFFF,
    n=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    b=0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
    g=(
        0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
        0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
    ),
    digits=8,
    window_bits=6,
    windows=64,
    rounds=24,
)
CURVES = {"p256": P256, "p384": P384}


def array(words):
    return "{" + ", ".join(f"0x{word:x}" for word in words) + "}"


def low(n):
    return f"0x{-pow(n, -1, 1 << BITS) % (1 << BITS):x}"


def own_constants(name, c):
    """What one curve's reduction alone asks for."""
    if name == "p256":
        yield f"    .low48 = 0x{(1 << 48) - 1:x},"
        yield f"    .p1 = {array(c.digits_of(c.p + 1))},"
    else:
        yield f"    .two20 = 0x{1 << 20:x},"


def constants(name, c):
    def multiples(x):
        return "{" + ", ".join(array(i * d for d in c.digits_of(x)) for i in range(MULTIPLES)) + "}"

    yield f"const struct lk_{name}_const lk_{name} = {{"
    yield f"    .ones = 0x{(1 << BITS) - 1:x}, .p0 = {low(c.p)}, .n0 = {low(c.n)},"
    yield from own_constants(name, c)
    yield f"    .p = {multiples(c.p)},"
    yield f"    .n = {multiples(c.n)},"
    yield f"    .less = {array(-2 * d % (1 << 64) for d in c.digits_of(c.p))},"
    named = {"one": 1, "p_r": c.r % c.p, "p_r2": c.r**2 % c.p, "b_r": c.b * c.r % c.p}
    named |= {"n_r": c.r % c.n, "n_r2": c.r**2 % c.n, "n_r3": c.r**3 % c.n}
    named |= {"p_inverse": (c.r**2 << c.left) % c.p, "n_inverse": (c.r**2 << c.left) % c.n}
    for field, number in named.items():
        yield f"    .{field} = {array(c.digits_of(number))},"
    yield "};"


def window(c, base, number):
    """The rows of one window, a digit each."""
    entries, two = [base], c.add(base, base)
    while len(entries) < c.entries:
        entries.append(c.add(entries[-1], two))
    columns = [c.words_of(entry) for entry in entries]
    tags = [(i + c.entries * number) << BITS for i in range(c.entries)]
    return [[tag | column[row] for tag, column in zip(tags, columns)] for row in range(2 * c.digits)]


def table(name, c):
    upper = f"LK_{name.upper()}"
    yield f"const uint64_t lk_{name}_table[{upper}_WINDOWS][2 * {upper}_DIGITS][{upper}_ENTRIES]"
    yield "    __attribute__((aligned(64))) = {"
    base = c.g
    for number in range(c.windows):
        yield "    {" + ",\n     ".join(array(row) for row in window(c, base, number)) + "},"
        for _ in range(c.window_bits):
            base = c.add(base, base)
    yield "};"


def comb(name, c, lanes):
    """What crypto/ec/ec_verify.inc.c prepares of any point, of the base point."""
    groups, base = c.bits // lanes // TEETH, c.g
    yield f"const uint64_t lk_{name}_comb_x{lanes}[{groups}][{1 << TEETH - 1}][{2 * c.digits}] = {{"
    for _ in range(groups):
        teeth = []
        for _ in range(TEETH):
            teeth.append(base)
            for _ in range(lanes):
                base = c.add(base, base)
        yield "    {" + ",\n     ".join(array(c.words_of(entry)) for entry in comb_entries(c, teeth)) + "},"
    yield "};"


def comb_entries(c, teeth):
    for signs in range(1 << TEETH - 1):
        point = teeth[-1]
        for i, (x, y) in enumerate(teeth[:-1]):
            point = c.add(point, (x, y if signs >> i & 1 else c.p - y))
        yield point


def main():
    name, what = sys.argv[1:]
    curve = CURVES[name]
    print("/* Written by tools/dev/ectable.py. */")
    print(f'#include "crypto/ec/{name}_const.h"\n')
    parts = {"const": [constants(name, curve), table(name, curve)], "comb": [comb(name, curve, 8), comb(name, curve, 2)]}
    for part in parts[what]:
        print("\n".join(part))


if __name__ == "__main__":
    main()
