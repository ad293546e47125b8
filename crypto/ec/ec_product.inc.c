/* ec_product: products modulo p of the numbers of ec_digits.inc.c, in Montgomery form. For
 * inclusion by a curve's field, which says how a row is reduced (reduce_lowest, reduce_row), what
 * brings a number down (columns_lower), and how products follow one another (struct
 * chain). */
#ifndef LK_CRYPTO_EC_PRODUCT
#define LK_CRYPTO_EC_PRODUCT

#include "crypto/ec/ec_digits.inc.c"

/* What becomes of the columns that a reduction leaves. SUM: they begin with what is in r, raw,
 * which costs nothing; a square's with twice that (square_begin). */
enum form { RAW, LOOSE, SUM_RAW, SUM_LOOSE };

struct product {
    lane *r;
    const lane *x, *y; /* loose */
    enum form form;
};

STRAIGHT void columns_begin(lane *t, const struct product *p)
{
    columns_zero(t);
    if (p->form == SUM_RAW || p->form == SUM_LOOSE) fe_copy(t + DIGITS, p->r);
}

/* The same of a square: square_end doubles what a column has, but for the highest. */
STRAIGHT void square_begin(lane *t, const struct product *p)
{
    columns_begin(t, p);
    t[COLUMNS - 1] = lane_add(t[COLUMNS - 1], t[COLUMNS - 1]);
}

STRAIGHT void columns_out(const struct product *p, const lane *t)
{
    if (p->form == LOOSE || p->form == SUM_LOOSE)
        fe_carry(p->r, t + DIGITS);
    else
        fe_copy(p->r, t + DIGITS);
}

/* Row i of the reduction of one product. */
STRAIGHT void reduce_at(lane *t, unsigned i)
{
    if (i == 0)
        reduce_lowest(t);
    else
        reduce_row(t + i);
}

/* t += x y, and reduced: t[DIGITS ..] are left. A row of the product goes before the row of the
 * reduction that waits for the one before it. alone: the lower columns were zero. */
STRAIGHT void multiply_reduce(lane *t, const lane *x, const lane *y, bool alone)
{
    lane b[DIGITS];
    digits_keep(b, y);
    multiply_row(t, x[0], b);
    EACH_DIGIT(i)
    {
        if (i + 1 < DIGITS) multiply_row(t + i + 1, x[i + 1], b);
        if (alone)
            reduce_at(t, i);
        else
            reduce_row(t + i);
    }
}

/* Raw to clean, and below what the field's columns_lower says. */
STRAIGHT void columns_fold(lane *x)
{
    columns_lower(x);
    fe_carry(x, x);
    fe_mask(x);
}

/* r := x y, loose. */
static void fe_mul(lane *r, const lane *x, const lane *y)
{
    lane t[COLUMNS];
    columns_zero(t);
    multiply_reduce(t, x, y, true);
    fe_carry(r, t + DIGITS);
}

static void fe_square(lane *r, const lane *x)
{
    lane t[COLUMNS], a[DIGITS];
    columns_zero(t);
    digits_keep(a, x);
    EACH_DIGIT(i) square_row(t, a, i);
    square_end(t, a);
    EACH_DIGIT(i) reduce_at(t, i);
    fe_carry(r, t + DIGITS);
}

/* r := x y + u v, raw, by one reduction: below (x y + u v) / 16 + 1. r may be an operand. */
STRAIGHT void fe_mul_sum(lane *r, const lane *x, const lane *y, const lane *u, const lane *v)
{
    lane t[COLUMNS], b[DIGITS];
    columns_zero(t);
    digits_keep(b, v);
    EACH_DIGIT(i) multiply_row(t + i, u[i], b);
    multiply_reduce(t, x, y, false);
    fe_copy(r, t + DIGITS);
}

#endif
