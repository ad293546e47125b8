/* ec_double: doubling and addition of points that no table knows, one a lane. For [k]P with a P of
 * the moment; sums of multiples of the base point are in ec_point.inc.c. For inclusion after a
 * curve's field, y^2 = x^3 - 3x + b.
 *
 * Points are (X, 2Y, Z) with x = X / Z^2, y = Y / Z^3: Jacobian, with Y taken twice, which is how
 * every formula here wants it. Straight lines: no branch, no address hangs on a number.
 *
 * What is exact: doubling, of every point of the curve (none has y = 0); addition, of two points
 * with different x. Two with the same x, equal or opposite, come out with Z = 0, and so does all
 * that is made of a point with Z = 0: who looks at the last Z knows whether each step was right.
 *
 * A point in these files: X clean and below 1 + 2^-28 or, of P-384, 5.1; 2Y loose and below 5, Z
 * loose and below 2.6. Bounds at the lines are those of P-256; of P-384 every product is a hair
 * above 1, and what is said of it is said where it is more.
 * Source: Bernstein, Lange, Explicit-Formulas Database, dbl-2001-b and add-2007-bl. */
#ifndef LK_CRYPTO_EC_DOUBLE
#define LK_CRYPTO_EC_DOUBLE

#include "crypto/ec/ec_product.inc.c"

struct jacobian {
    lane x[DIGITS], y2[DIGITS], z[DIGITS];
};

/* A point to be added, with what each addition needs of it: Z^2 below 1.43, Z^3 below 1.24. */
struct addend {
    struct jacobian point;
    lane zz[DIGITS], zzz[DIGITS]; /* loose */
};

/* --- two products -------------------------------------------------------------------------------
 */

/* What one makes must not be an operand of the other: which is there first is the field's matter
 * (struct chain). */
STRAIGHT void multiply_pair(struct product a, struct product b)
{
    struct chain chain = {.open = false};
    chain_multiply(&chain, a);
    chain_multiply(&chain, b);
    chain_end(&chain);
}

STRAIGHT void square_pair(struct product a, struct product b)
{
    struct chain chain = {.open = false};
    chain_squares(&chain, (struct product[]){a, b}, 2);
    chain_end(&chain);
}

/* a.r := a.x^2, b.r := b.x b.y. */
STRAIGHT void square_multiply_pair(struct product a, struct product b)
{
    struct chain chain = {.open = false};
    chain_square(&chain, a);
    chain_multiply(&chain, b);
    chain_end(&chain);
}

/* --- columns ------------------------------------------------------------------------------------
 */

/* r := x y - u^2 + p, loose: in (1 - u^2 / 16, 2 + x y / 16). */
STRAIGHT void fe_mul_less_square(lane *r, const lane *x, const lane *y, const lane *u)
{
    lane s[COLUMNS], t[COLUMNS], b[DIGITS];
    columns_zero(s);
    digits_keep(b, u);
    EACH_DIGIT(i) square_row(s, b, i);
    square_end(s, b);
    EACH_DIGIT(i)
    {
        t[i] = lane_sub(lane_zero(), s[i]);
        t[DIGITS + i] = lane_sub(constant(&CURVE.p[1][i]), s[DIGITS + i]);
    }
    multiply_reduce(t, x, y, false);
    fe_carry(r, t + DIGITS);
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
    multiply_reduce(t, x, y, false);
    fe_carry(r, t + DIGITS);
    fe_mask(r);
}

/* r := 2 (x - y + DOUBLE_X_BELOW), loose; x raw, y the X of a point. */
STRAIGHT void twice_difference(lane *r, const lane *x, const lane *y)
{
    EACH_DIGIT(i)
    {
        lane d = lane_add(lane_sub(x[i], y[i]), constant(&CURVE.p[DOUBLE_X_BELOW][i]));
        r[i] = lane_add(d, d);
    }
    fe_carry(r, r);
}

/* --- doubling -----------------------------------------------------------------------------------
 */

/* A doubling's own numbers. */
struct doubling {
    lane delta[DIGITS], gamma[DIGITS]; /* Z^2 raw, below 1.43; 4 Y^2, below 2.6 */
    lane less[DIGITS], more[DIGITS];   /* X - Z^2, X + Z^2 */
    lane a[DIGITS], b[DIGITS];         /* 3 (X - Z^2) (X + Z^2); 4 X Y^2 raw, below 1.2 */
    lane w[DIGITS];                    /* 2 (B - X3) */
};

/* X - Z^2 + 2 in (0.5, 3.1), X + Z^2 below 2.5; of P-384 below 7.1 both. */
STRAIGHT void doubling_begin(struct doubling *d, const struct jacobian *p)
{
    square_pair((struct product){d->delta, p->z, p->z, RAW},
                (struct product){d->gamma, p->y2, p->y2, LOOSE});
    EACH_DIGIT(i)
    {
        d->less[i] = lane_add(lane_sub(p->x[i], d->delta[i]), constant(&CURVE.p[2][i]));
        d->more[i] = lane_add(p->x[i], d->delta[i]);
    }
    fe_carry(d->less, d->less);
    fe_carry(d->more, d->more);
}

/* A below 4.5. */
STRAIGHT void slope(struct doubling *d, const struct jacobian *p)
{
    multiply_pair((struct product){d->a, d->less, d->more, RAW},
                  (struct product){d->b, p->x, d->gamma, RAW});
    EACH_DIGIT(i) d->a[i] = lane_add(lane_add(d->a[i], d->a[i]), d->a[i]);
    fe_carry(d->a, d->a);
}

/* X3 = A^2 - 2B + 4 in (1.6, 6.3), folded, or in (1.9, 5.1); Z3 = 2Y Z, below 1.9; W in (1.9, 6.4),
 * or (1.7, 10.3). */
STRAIGHT void doubled_x_z(struct doubling *d, struct jacobian *p)
{
    square_multiply_pair((struct product){p->x, d->a, d->a, RAW},
                         (struct product){p->z, p->y2, p->z, LOOSE});
    EACH_DIGIT(i)
    {
        lane less = lane_add(d->b[i], d->b[i]);
        p->x[i] = lane_add(lane_sub(p->x[i], less), constant(&CURVE.p[4][i]));
    }
    columns_fold(p->x);
    twice_difference(d->w, d->b, p->x);
}

/* 2 Y3 = A W - 16 Y^4 + 1 in (0.5, 3.8). */
STRAIGHT void double_line(struct jacobian *const *p, unsigned count)
{
    struct doubling d[BESIDE];
    for (unsigned v = 0; v < count; v++)
        doubling_begin(&d[v], p[v]);
    for (unsigned v = 0; v < count; v++)
        slope(&d[v], p[v]);
    for (unsigned v = 0; v < count; v++)
        doubled_x_z(&d[v], p[v]);
    for (unsigned v = 0; v < count; v++)
        fe_mul_less_square(p[v]->y2, d[v].a, d[v].w, d[v].gamma);
}

CALLED void double_one(struct jacobian *p)
{
    double_line(&p, 1);
}

CALLED void double_beside(struct jacobian *const *p)
{
    double_line(p, BESIDE);
}

/* p := 2p for `count` vectors side by side, one or BESIDE. */
static inline void point_double(struct jacobian *const *p, unsigned count)
{
    if (count == BESIDE)
        double_beside(p);
    else
        double_one(p[0]);
}

/* --- addition -----------------------------------------------------------------------------------
 */

static void addend_make(struct addend *a)
{
    fe_square(a->zz, a->point.z);
    fe_mul(a->zzz, a->point.z, a->zz);
}

/* An addition's own numbers. */
struct summing {
    lane zz[DIGITS], zzz[DIGITS];    /* Z1^2, Z1^3; then Z1 Z2 */
    lane u[DIGITS], u2[DIGITS];      /* X1 Z2^2 clean, X2 Z1^2 raw: below 1.1 */
    lane s[DIGITS], s2[DIGITS];      /* 2Y1 Z2^3 clean, 2Y2 Z1^3 raw: below 1.4 */
    lane h[DIGITS], r[DIGITS];       /* their differences */
    lane i[DIGITS], rr[DIGITS];      /* 4 H^2, below 6.5; R^2 raw, below 2.9 */
    lane j[DIGITS], twice_j[DIGITS]; /* 4 H^3 raw, below 2.3 */
    lane v[DIGITS], w[DIGITS];       /* U I raw, below 1.5; 2 (V - X3) */
};

STRAIGHT void common_denominator(struct summing *a, const struct jacobian *p,
                                 const struct addend *b)
{
    square_multiply_pair((struct product){a->zz, p->z, p->z, LOOSE},
                         (struct product){a->u, p->x, b->zz, LOOSE});
    multiply_pair((struct product){a->zzz, p->z, a->zz, LOOSE},
                  (struct product){a->u2, b->point.x, a->zz, RAW});
    multiply_pair((struct product){a->s, p->y2, b->zzz, LOOSE},
                  (struct product){a->s2, b->point.y2, a->zzz, RAW});
    fe_mask(a->u);
    fe_mask(a->s);
}

/* H = U2 - U + 2 in (0.9, 3.1); R = +-S2 - S + 4 in (1.2, 5.4). */
STRAIGHT void distances(struct summing *a, lane negative)
{
    EACH_DIGIT(i)
    {
        lane s2 = lane_sub(lane_xor(a->s2[i], negative), negative);
        a->h[i] = lane_add(lane_sub(a->u2[i], a->u[i]), constant(&CURVE.p[2][i]));
        a->r[i] = lane_add(lane_sub(s2, a->s[i]), constant(&CURVE.p[4][i]));
    }
    fe_carry(a->h, a->h);
    fe_carry(a->r, a->r);
    square_pair((struct product){a->i, a->h, a->h, RAW}, (struct product){a->rr, a->r, a->r, RAW});
    EACH_DIGIT(i) a->i[i] = lane_shl(a->i[i], 2);
    fe_carry(a->i, a->i);
}

/* X3 = R^2 - J - 2V + DOUBLE_X_LIFT: with 6 in (0.8, 8.9), folded, with 4 in (0.9, 5.1); W in (1.9,
 * 7), or (1.7, 12.3). */
STRAIGHT void sum_x(struct summing *a, struct jacobian *p)
{
    multiply_pair((struct product){a->j, a->h, a->i, RAW}, (struct product){a->v, a->u, a->i, RAW});
    EACH_DIGIT(i)
    {
        lane less = lane_add(lane_add(a->v[i], a->v[i]), a->j[i]);
        p->x[i] = lane_add(lane_sub(a->rr[i], less), constant(&CURVE.p[DOUBLE_X_LIFT][i]));
        a->twice_j[i] = lane_add(a->j[i], a->j[i]);
    }
    columns_fold(p->x);
    fe_carry(a->twice_j, a->twice_j);
    twice_difference(a->w, a->v, p->x);
}

/* Z3 = 2 Z1 Z2 H, below 2.6; 2 Y3 = R W - S 2J + 1 in (0.6, 4.4). */
STRAIGHT void sum_y_z(struct summing *a, struct jacobian *p, const struct addend *b)
{
    fe_mul(a->zz, p->z, b->point.z);
    fe_mul_difference(p->y2, a->r, a->w, a->s, a->twice_j);
    fe_mul(p->z, a->zz, a->h);
    fe_mask(p->z);
    EACH_DIGIT(i) p->z[i] = lane_add(p->z[i], p->z[i]);
    fe_carry(p->z, p->z);
}

STRAIGHT void sum_line(struct summing *a, struct jacobian *const *p, const struct addend *const *b,
                       const lane *negative, unsigned count)
{
    for (unsigned v = 0; v < count; v++)
        common_denominator(&a[v], p[v], b[v]);
    for (unsigned v = 0; v < count; v++)
        distances(&a[v], negative[v]);
    for (unsigned v = 0; v < count; v++)
        sum_x(&a[v], p[v]);
    for (unsigned v = 0; v < count; v++)
        sum_y_z(&a[v], p[v], b[v]);
}

CALLED void sum_one(struct jacobian *p, const struct addend *b, const lane *negative)
{
    struct summing a;
    sum_line(&a, &p, &b, negative, 1);
}

CALLED void sum_beside(struct jacobian *const *p, const struct addend *const *b,
                       const lane *negative)
{
    struct summing a[BESIDE];
    sum_line(a, p, b, negative, BESIDE);
}

/* p += b, or p -= b where negative is all ones, for `count` vectors side by side, one or BESIDE. */
static inline void point_sum(struct jacobian *const *p, const struct addend *const *b,
                             const lane *negative, unsigned count)
{
    if (count == BESIDE)
        sum_beside(p, b, negative);
    else
        sum_one(p[0], b[0], negative);
}

#endif
