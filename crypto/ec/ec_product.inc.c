/* ec_product: products modulo p of the numbers of ec_digits.inc.c, in Montgomery form. For
 * inclusion by a curve's field, which says how a row is reduced (reduce_row). */
#ifndef LK_CRYPTO_EC_PRODUCT
#define LK_CRYPTO_EC_PRODUCT

#include "crypto/ec/ec_digits.inc.c"

/* --- products ----------------------------------------------------------------------------------
 * Two at a time: the rows of one reduction each wait for the one before, and meanwhile the other
 * product is made. */

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

/* Operands are read before a result is written, but b's are not before a's result is. */
STRAIGHT void multiply_pair(struct product a, struct product b)
{
    lane t[COLUMNS], u[COLUMNS], y[DIGITS];
    columns_zero(t);
    digits_keep(y, a.y);
    EACH_DIGIT(i) multiply_row(t + i, a.x[i], y);
    columns_zero(u);
    digits_keep(y, b.y);
    EACH_DIGIT(i)
    {
        reduce_row(t + i);
        multiply_row(u + i, b.x[i], y);
    }
    columns_out(a.r, t, a.form);
    EACH_DIGIT(i) reduce_row(u + i);
    columns_out(b.r, u, b.form);
}

STRAIGHT void square_pair(struct product a, struct product b)
{
    lane t[COLUMNS], u[COLUMNS], x[DIGITS];
    columns_zero(t);
    digits_keep(x, a.x);
    EACH_DIGIT(i) square_row(t, x, i);
    square_end(t, x);
    columns_zero(u);
    digits_keep(x, b.x);
    EACH_DIGIT(i)
    {
        reduce_row(t + i);
        square_row(u, x, i);
    }
    columns_out(a.r, t, a.form);
    square_end(u, x);
    EACH_DIGIT(i) reduce_row(u + i);
    columns_out(b.r, u, b.form);
}

/* r := x y, loose. */
static void fe_mul(lane *r, const lane *x, const lane *y)
{
    lane t[COLUMNS], b[DIGITS];
    columns_zero(t);
    digits_keep(b, y);
    EACH_DIGIT(i)
    {
        multiply_row(t + i, x[i], b);
        reduce_row(t + i);
    }
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
    digits_keep(b, y);
    EACH_DIGIT(i)
    {
        multiply_row(t + i, x[i], b);
        reduce_row(t + i);
    }
    columns_out(r, t, LOOSE);
    fe_mask(r);
}

#endif
