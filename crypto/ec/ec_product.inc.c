/* ec_product: products modulo p of the numbers of ec_digits.inc.c, in Montgomery form. For
 * inclusion by a curve's field, which says how a row is reduced (reduce_row), and how two products
 * are made at a time. */
#ifndef LK_CRYPTO_EC_PRODUCT
#define LK_CRYPTO_EC_PRODUCT

#include "crypto/ec/ec_digits.inc.c"

/* What becomes of the columns that a reduction leaves. */
enum form { RAW, LOOSE };

STRAIGHT void columns_out(lane *r, const lane *t, enum form form)
{
    if (form == LOOSE)
        fe_carry(r, t + DIGITS);
    else
        fe_copy(r, t + DIGITS);
}

struct product {
    lane *r;
    const lane *x, *y; /* loose */
    enum form form;
};

/* t += x y, and reduced: t[DIGITS ..] are left. A row of the product goes before the row of the
 * reduction that waits for the one before it. */
STRAIGHT void multiply_reduce(lane *t, const lane *x, const lane *y)
{
    lane b[DIGITS];
    digits_keep(b, y);
    multiply_row(t, x[0], b);
    EACH_DIGIT(i)
    {
        if (i + 1 < DIGITS) multiply_row(t + i + 1, x[i + 1], b);
        reduce_row(t + i);
    }
}

/* r := x y, loose. */
static void fe_mul(lane *r, const lane *x, const lane *y)
{
    lane t[COLUMNS];
    columns_zero(t);
    multiply_reduce(t, x, y);
    columns_out(r, t, LOOSE);
}

static void fe_square(lane *r, const lane *x)
{
    lane t[COLUMNS], a[DIGITS];
    columns_zero(t);
    digits_keep(a, x);
    EACH_DIGIT(i) square_row(t, a, i);
    square_end(t, a);
    EACH_DIGIT(i) reduce_row(t + i);
    columns_out(r, t, LOOSE);
}

/* r := x y - u v + p, clean, by one reduction: in (1 - u v / 16, 2 + x y / 16). */
static void fe_mul_difference(lane *r, const lane *x, const lane *y, const lane *u, const lane *v)
{
    lane s[COLUMNS], t[COLUMNS], b[DIGITS];
    columns_zero(s);
    digits_keep(b, v);
    EACH_DIGIT(i) multiply_row(s + i, u[i], b);
    EACH_DIGIT(i)
    {
        t[i] = lane_sub(lane_zero(), s[i]);
        t[DIGITS + i] = lane_sub(constant(&CURVE.p[1][i]), s[DIGITS + i]);
    }
    multiply_reduce(t, x, y);
    columns_out(r, t, LOOSE);
    fe_mask(r);
}

#endif
