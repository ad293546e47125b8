/* group_point: is this a point of the curve? Asked where an edge sends no proof of ownership, so
 * without a curve object at hand: y^2 = x^3 - 3 x + b on plain limbs. */
#include <string.h>

#include "crypto/crypto.h"
#include "crypto/ec/p256_points.h"
#include "crypto/mont.h"

#define LIMBS_MAX 9

/* A curve as lk_mont wants it, so that nothing is computed per point. Least significant limb
 * first. */
struct curve_row {
    uint16_t group;
    uint8_t coordinate_bytes; /* 0: any string of point_bytes is a point */
    uint8_t point_bytes;
    uint8_t limbs;
    uint64_t n0;            /* -1/p mod 2^64 */
    uint64_t p[LIMBS_MAX];  /* the field */
    uint64_t rr[LIMBS_MAX]; /* R^2 mod p, R = 2^(64 limbs) */
    uint64_t b[LIMBS_MAX];  /* the curve's b, times R mod p */
};

/* p and b: FIPS 186-4 D.1.2; the rest follows from them. */
static const struct curve_row rows[] = {
    {23,
     32,
     65,
     4,
     0x1,
     {0xffffffffffffffff, 0x00000000ffffffff, 0x0000000000000000, 0xffffffff00000001},
     {0x0000000000000003, 0xfffffffbffffffff, 0xfffffffffffffffe, 0x00000004fffffffd},
     {0xd89cdf6229c4bddf, 0xacf005cd78843090, 0xe5a220abf7212ed6, 0xdc30061d04874834}},
    {24,
     48,
     97,
     6,
     0x100000001,
     {0x00000000ffffffff, 0xffffffff00000000, 0xfffffffffffffffe, 0xffffffffffffffff,
      0xffffffffffffffff, 0xffffffffffffffff},
     {0xfffffffe00000001, 0x0000000200000000, 0xfffffffe00000000, 0x0000000200000000,
      0x0000000000000001, 0x0000000000000000},
     {0x081188719d412dcc, 0xf729add87a4c32ec, 0x77f2209b1920022e, 0xe3374bee94938ae2,
      0xb62b21f41f022094, 0xcd08114b604fbff9}},
    {25,
     66,
     133,
     9,
     0x1,
     {0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff,
      0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff,
      0x00000000000001ff},
     {0x0000000000000000, 0x0000400000000000, 0x0000000000000000, 0x0000000000000000,
      0x0000000000000000, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000,
      0x0000000000000000},
     {0x8014654fae586387, 0x78f7a28fea35a81f, 0x839ab9efc41e961a, 0xbd8b29605e9dd8df,
      0xf0ab0c9ca8f63f49, 0xf9dc5a44c8c77884, 0x77516d392dccd98a, 0x0fc94d10d05b42a0,
      0x000000000000004d}},
    {29, 0, 32, 0, 0, {0}, {0}, {0}},
    {30, 0, 56, 0, 0, {0}, {0}, {0}},
};

/* x^3 - 3 x + b = y^2, all in Montgomery form. */
static bool equation_holds(const struct lk_mont *p, const uint64_t *x, const uint64_t *y,
                           const uint64_t *b)
{
    uint64_t left[LIMBS_MAX], right[LIMBS_MAX];
    lk_mont_mul(p, right, x, x);
    lk_mont_mul(p, right, right, x);
    for (int i = 0; i < 3; i++)
        lk_mont_sub(p, right, right, x);
    lk_mont_add(p, right, right, b);
    lk_mont_mul(p, left, y, y);
    return lk_mont_equal(p, left, right);
}

static bool is_on_curve(const struct curve_row *row, const uint8_t *x_bytes)
{
    const struct lk_mont p = {.n = row->p, .rr = row->rr, .n0 = row->n0, .limbs = row->limbs};
    uint64_t x[LIMBS_MAX], y[LIMBS_MAX];
    lk_mont_load(&p, x, x_bytes, row->coordinate_bytes);
    lk_mont_load(&p, y, x_bytes + row->coordinate_bytes, row->coordinate_bytes);
    if (!lk_mont_is_below(&p, x) || !lk_mont_is_below(&p, y)) return false;
    lk_mont_mul(&p, x, x, p.rr);
    lk_mont_mul(&p, y, y, p.rr);
    return equation_holds(&p, x, y, row->b);
}

uint64_t lk_p256_points_library(const uint8_t *const *point, unsigned count)
{
    uint64_t good = 0;
    for (unsigned i = 0; i < count; i++)
        good |= (uint64_t)lk_group_point_good(rows[0].group, point[i], rows[0].point_bytes) << i;
    return good;
}

bool lk_group_point_good(uint16_t group, const uint8_t *point, size_t len)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].group != group) continue;
        if (len != rows[i].point_bytes) return false;
        if (rows[i].coordinate_bytes == 0) return true;
        return point[0] == 4 && is_on_curve(&rows[i], point + 1);
    }
    return false;
}
