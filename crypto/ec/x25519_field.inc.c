/* x25519_field: arithmetic modulo p = 2^255 - 19, one number a lane, five digits of 52 bits. For
 * inclusion after a lane header. Straight lines: no jump but for loops over digits.
 *
 * Two forms of five digits:
 *   raw    columns, 0 to 2^60: what a product, a sum or a difference is
 *   loose  0 to 2^255 + 2^216: the low 52 bits of digits 0 to 3 count, which is all that a
 *          multiplication looks at; digit 4 is below 2^47 + 2^8
 *
 * Products take loose numbers and give raw ones below 2^56 a column; fe_settle makes raw ones
 * loose. A difference is raw if what is taken from was lifted: its columns began at those of a
 * multiple of p of 2^58 each, which costs nothing. Proofs: docs/kernels.md. */
#ifndef LK_CRYPTO_EC_X25519_FIELD
#define LK_CRYPTO_EC_X25519_FIELD

#include "crypto/ec/x25519_const.h"

#define CURVE lk_x25519
#define DIGITS LK_X25519_DIGITS

#include "crypto/ec/ec_digits.inc.c"

/* --- columns ------------------------------------------------------------------------------------
 * Digits 5 to 9 of a product are worth 608 times digits 0 to 4. */

enum start { ZERO, LIFTED };

STRAIGHT void columns_begin(lane *t, enum start start, const uint64_t *lift)
{
    EACH_DIGIT(i)
    {
        t[i] = start == LIFTED ? constant(&lift[i]) : lane_zero();
        t[DIGITS + i] = lane_zero();
    }
}

/* Column 5 + i to those below. What it has above bit 52 goes its own way, so that none waits for
 * the one before; the last has nothing there, and less than 2^43 below. */
STRAIGHT void fold_column(lane *t, unsigned i)
{
    lane column = t[DIGITS + i], by = constant(&lk_x25519.fold);
    t[i] = lane_madd_lo(t[i], column, by);
    if (i + 1 == DIGITS) return;
    t[i + 1] = lane_madd_hi(t[i + 1], column, by);
    t[i + 1] = lane_madd_lo(t[i + 1], lane_carry(column), by);
}

/* --- five digits --------------------------------------------------------------------------------
 */

/* Raw to loose; r may be t. What digit 4 has above 2^255 comes back below; carries go up. */
STRAIGHT void fe_settle(lane *r, const lane *t)
{
    lane over = lane_shr(t[4], 47), top = lane_and(t[4], constant(&lk_x25519.low47));
    r[0] = lane_madd_lo(t[0], over, constant(&lk_x25519.fold_top));
    UNROLL
    for (unsigned i = 1; i + 1 < DIGITS; i++)
        r[i] = lane_add(t[i], lane_carry(r[i - 1]));
    r[4] = lane_add(top, lane_carry(r[3]));
}

/* r := x + y, loose, of raw numbers or clean ones. */
STRAIGHT void fe_add(lane *r, const lane *x, const lane *y)
{
    lane t[DIGITS];
    EACH_DIGIT(i) t[i] = lane_add(x[i], y[i]);
    fe_settle(r, t);
}

/* r := x - y, loose; x raw and lifted, y raw and not, or clean. */
STRAIGHT void fe_sub(lane *r, const lane *x, const lane *y)
{
    lane t[DIGITS];
    EACH_DIGIT(i) t[i] = lane_sub(x[i], y[i]);
    fe_settle(r, t);
}

/* Loose to clean and below p. */
static void fe_reduce(lane *x)
{
    fe_mask(x);
    fe_finish(x, lk_x25519.p);
}

/* --- products ----------------------------------------------------------------------------------
 * Two at a time: what one waits for at its end, the other fills. */

struct product {
    lane *r;           /* raw */
    const lane *x, *y; /* loose */
    enum start start;
};

/* Operands are read before a result is written, but b's are not before a's result is. */
STRAIGHT void multiply_pair(struct product a, struct product b)
{
    lane t[COLUMNS], u[COLUMNS], y[DIGITS];
    columns_begin(t, a.start, lk_x25519.lift);
    digits_keep(y, a.y);
    EACH_DIGIT(i) multiply_row(t + i, a.x[i], y);
    columns_begin(u, b.start, lk_x25519.lift);
    digits_keep(y, b.y);
    EACH_DIGIT(i)
    {
        fold_column(t, i);
        multiply_row(u + i, b.x[i], y);
    }
    fe_copy(a.r, t);
    EACH_DIGIT(i) fold_column(u, i);
    fe_copy(b.r, u);
}

STRAIGHT void square_pair(struct product a, struct product b)
{
    lane t[COLUMNS], u[COLUMNS], x[DIGITS];
    columns_begin(t, a.start, lk_x25519.lift_square);
    digits_keep(x, a.x);
    EACH_DIGIT(i) square_row(t, x, i);
    square_end(t, x);
    columns_begin(u, b.start, lk_x25519.lift_square);
    digits_keep(x, b.x);
    EACH_DIGIT(i)
    {
        fold_column(t, i);
        square_row(u, x, i);
    }
    fe_copy(a.r, t);
    square_end(u, x);
    EACH_DIGIT(i) fold_column(u, i);
    fe_copy(b.r, u);
}

/* r := x y, raw. */
STRAIGHT void fe_product(lane *r, const lane *x, const lane *y, enum start start)
{
    lane t[COLUMNS], b[DIGITS];
    columns_begin(t, start, lk_x25519.lift);
    digits_keep(b, y);
    EACH_DIGIT(i) multiply_row(t + i, x[i], b);
    EACH_DIGIT(i) fold_column(t, i);
    fe_copy(r, t);
}

/* r := x y, loose. */
static void fe_mul(lane *r, const lane *x, const lane *y)
{
    fe_product(r, x, y, ZERO);
    fe_settle(r, r);
}

/* r := x^2, raw. */
STRAIGHT void fe_squared(lane *r, const lane *x, enum start start)
{
    lane t[COLUMNS], a[DIGITS];
    columns_begin(t, start, lk_x25519.lift_square);
    digits_keep(a, x);
    EACH_DIGIT(i) square_row(t, a, i);
    square_end(t, a);
    EACH_DIGIT(i) fold_column(t, i);
    fe_copy(r, t);
}

static void fe_square(lane *r, const lane *x)
{
    fe_squared(r, x, ZERO);
    fe_settle(r, r);
}

/* r := x^(2^times). */
static void fe_square_times(lane *r, const lane *x, unsigned times)
{
    fe_square(r, x);
    for (unsigned i = 1; i < times; i++)
        fe_square(r, r);
}

/* r := 1 / x, loose: x^(p - 2), p - 2 = 2^255 - 21. power[i] in comments: x^(2^i - 1). */
static void fe_invert(lane *r, const lane *x)
{
    lane x2[DIGITS], x9[DIGITS], x11[DIGITS], p[DIGITS], q[DIGITS], t[DIGITS];
    fe_square(x2, x);
    fe_square_times(t, x2, 2);
    fe_mul(x9, t, x);
    fe_mul(x11, x9, x2);
    fe_square(t, x11);
    fe_mul(p, t, x9); /* 5 */
    fe_square_times(t, p, 5);
    fe_mul(p, t, p); /* 10 */
    fe_square_times(t, p, 10);
    fe_mul(q, t, p); /* 20 */
    fe_square_times(t, q, 20);
    fe_mul(t, t, q); /* 40 */
    fe_square_times(t, t, 10);
    fe_mul(p, t, p); /* 50 */
    fe_square_times(t, p, 50);
    fe_mul(q, t, p); /* 100 */
    fe_square_times(t, q, 100);
    fe_mul(t, t, q); /* 200 */
    fe_square_times(t, t, 50);
    fe_mul(t, t, p); /* 250 */
    fe_square_times(t, t, 5);
    fe_mul(r, t, x11);
}

#endif
