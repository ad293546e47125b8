#!/usr/bin/python3
"""Writes the numbers of crypto/ec/x25519_const.h as C, on standard output: constants of Curve25519 and the table of
multiples of its base point, on the Edwards curve that is the same group. Plain integers and the affine addition of the
textbook; nothing here is secret or quick.

Usage: x25519table.py >FILE.c
"""

P = (1 << 255) - 19
ORDER = (1 << 252) + 27742317777372353535851937790883648493
A = 486662
D = -121665 * pow(121666, -1, P) % P
BASE_Y = 4 * pow(5, -1, P) % P
BITS, DIGITS = 52, 5
WINDOW_BITS, WINDOWS, ENTRIES = 7, 36, 64
COFACTOR = 8


def root(square):
    """A square root modulo p, which is 5 modulo 8."""
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    assert x * x % P == square
    return x


def base():
    x = root((BASE_Y * BASE_Y - 1) * pow(D * BASE_Y * BASE_Y + 1, -1, P) % P)
    return min(x, P - x, key=lambda x: x & 1), BASE_Y


def add(a, b):
    """a + b for any two points: the curve is complete."""
    product = D * a[0] * b[0] * a[1] * b[1]
    x = (a[0] * b[1] + a[1] * b[0]) * pow(1 + product, -1, P) % P
    return x, (a[1] * b[1] + a[0] * b[0]) * pow(1 - product, -1, P) % P


def doubled(point, times):
    for _ in range(times):
        point = add(point, point)
    return point


def digits(x):
    return [x >> BITS * i & (1 << BITS) - 1 for i in range(DIGITS)]


def array(words):
    return "{" + ", ".join(f"0x{word:x}" for word in words) + "}"


def lift():
    """A multiple of p whose every digit is 2^57 and less than 2^52 more."""
    floor = sum(1 << 57 + BITS * i for i in range(DIGITS))
    return [(1 << 57) + digit for digit in digits(-floor % P)]


def constants():
    half = lift()
    yield "const struct lk_x25519_const lk_x25519 = {"
    yield f"    .ones = 0x{(1 << BITS) - 1:x}, .low47 = 0x{(1 << 47) - 1:x},"
    yield f"    .fold = {19 << 5}, .fold_top = 19, .a24 = {(A - 2) // 4},"
    named = {"p": digits(P), "one": digits(1), "two_a": digits(2 * A), "d": digits(D), "order": digits(ORDER)}
    named |= {"lift": [2 * word for word in half], "lift_square": [2 * half[0], *half[1:]]}
    for name, words in named.items():
        yield f"    .{name} = {array(words)},"
    yield "};"


def window(point):
    """The rows of one window, a digit each."""
    entries, two = [point], add(point, point)
    while len(entries) < ENTRIES:
        entries.append(add(entries[-1], two))
    columns = [digits((y - x) % P) + digits((y + x) % P) + digits(2 * D * x * y % P) for x, y in entries]
    return [[column[row] for column in columns] for row in range(3 * DIGITS)]


def table():
    yield "const uint64_t lk_x25519_table[LK_X25519_WINDOWS][3 * LK_X25519_DIGITS][LK_X25519_ENTRIES]"
    yield "    __attribute__((aligned(64))) = {"
    point = doubled(base(), COFACTOR.bit_length() - 1)
    for _ in range(WINDOWS):
        yield "    {" + ",\n     ".join(array(row) for row in window(point)) + "},"
        point = doubled(point, WINDOW_BITS)
    yield "};"


if __name__ == "__main__":
    print("/* Written by tools/dev/x25519table.py. */")
    print('#include "crypto/ec/x25519_const.h"\n')
    for line in [*constants(), "", *table()]:
        print(line)
