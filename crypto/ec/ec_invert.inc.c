/* ec_invert: 1 / x modulo p or modulo n, which of the two a lane can say for itself, by division
 * steps: a form of Euclid's algorithm whose every step is the same few instructions, and whose
 * number of steps is fixed. For odd f and any g,
 *
 *   (zeta, f, g) -> (-zeta - 2, g, (g - f) / 2)       where zeta < 0 and g is odd
 *                   (zeta - 1, f, (g + (g & 1) f) / 2) else
 *
 * begun with zeta = -1, f the modulus and g below it, ends with g = 0 and f = 1 or -1 after
 * (45907 b + 26313) / 19929 steps for numbers of b bits. Sources: Bernstein, Yang, "Fast
 * constant-time gcd computation and modular inversion", 2019; with zeta from one half on: Wuille,
 * "Bounds on divsteps iterations in safegcd", 2021. Bounds: docs/kernels.md. */
#include "crypto/ec/ec_order.inc.c"

/* Steps look at the lowest bits only: HALF of them make a matrix, two matrices make one that is
 * applied to whole numbers. */
#define HALF 19
#define ROUND (2 * HALF)
_Static_assert(ROUNDS *ROUND >= (45907 * 8 * NUMBER_BYTES + 26313) / 19929, "enough");

/* Of each lane p or n. */
struct modulus {
    lane m[DIGITS];     /* clean */
    lane three[DIGITS]; /* 3 m, digit by digit: not carried */
    lane m0;            /* -1 / m mod 2^52 */
};

struct gcd {
    lane f[DIGITS], g[DIGITS]; /* clean, modulo R: two's complement */
    lane d[DIGITS], e[DIGITS]; /* clean, below 1.01: f = d x, g = e x, but for a power of two */
    lane zeta;
    struct modulus of;
};

/* After some steps f is (u f + v g) / 2^steps, and g is (q f + r g) / 2^steps. */
struct matrix {
    lane u, v, q, r; /* signed: |u| + |v| and |q| + |r| at most 2^steps */
};

struct inverting {
    lane z[DIGITS], k[DIGITS]; /* in Montgomery form, loose, below 4; then inverted, below 2 */
    lane other_z[DIGITS], other_k[DIGITS]; /* of each lane its other half's */
    struct gcd gcd;
    struct modulus of_n;
};

/* --- steps --------------------------------------------------------------------------------------
 */

/* Both rows of the matrix go along in one word with the lowest bits: f + 2^21 u + 2^42 v, and g +
 * 2^21 q + 2^42 r, each part signed and at most 2^19. The matrix is 2^19 times what it stands for
 * and is halved where g is. */
#define U_AT 21
#define V_AT 42

struct steps {
    lane f, g, zeta;
};

STRAIGHT void steps_begin(struct steps *s, lane f, lane g, lane zeta)
{
    lane low = lane_all((UINT64_C(1) << HALF) - 1);
    s->f = lane_add(lane_and(f, low), lane_all(UINT64_C(1) << (HALF + U_AT)));
    s->g = lane_add(lane_and(g, low), lane_all(UINT64_C(1) << (HALF + V_AT)));
    s->zeta = zeta;
}

/* What g becomes if it is odd does not wait for whether it is. */
STRAIGHT void step(struct steps *s)
{
    lane negative = lane_sra(s->zeta, 63);
    lane sum = lane_add(s->g, lane_sub(lane_xor(s->f, negative), negative)); /* g + f, g - f */
    lane odd = lane_sub(lane_zero(), lane_and(s->g, lane_all(1)));
    lane swap = lane_and(negative, odd);
    s->zeta = lane_sub(lane_xor(s->zeta, swap), lane_all(1));
    s->f = lane_select(swap, s->g, s->f);
    s->g = lane_sra(lane_select(odd, sum, s->g), 1);
}

STRAIGHT lane part_u(lane word)
{
    lane rounded = lane_add(word, lane_all(UINT64_C(1) << (U_AT - 1)));
    return lane_sra(lane_shl(rounded, 64 - V_AT), 64 - V_AT + U_AT);
}

STRAIGHT lane part_v(lane word)
{
    return lane_sra(lane_add(word, lane_all(UINT64_C(1) << (V_AT - 1))), V_AT);
}

STRAIGHT struct matrix steps_end(const struct steps *s)
{
    return (struct matrix){part_u(s->f), part_v(s->f), part_u(s->g), part_v(s->g)};
}

/* Copies stay in registers. */
static void steps_make(struct steps *s)
{
    struct steps x = *s;
    for (unsigned i = 0; i < HALF; i++)
        step(&x);
    *s = x;
}

/* --- matrices -----------------------------------------------------------------------------------
 */

/* Entries of 20 bits. */
static struct matrix matrix_multiply(const struct matrix *a, const struct matrix *b)
{
    return (struct matrix){
        lane_add(lane_mul32(a->u, b->u), lane_mul32(a->v, b->q)),
        lane_add(lane_mul32(a->u, b->v), lane_mul32(a->v, b->r)),
        lane_add(lane_mul32(a->q, b->u), lane_mul32(a->r, b->q)),
        lane_add(lane_mul32(a->q, b->v), lane_mul32(a->r, b->r)),
    };
}

/* The lowest bits of (x f + y g) / 2^19: 33 of them are right, 19 are wanted. */
static lane low_bits(lane x, lane y, const struct gcd *n)
{
    return lane_shr(lane_madd_lo(lane_madd_lo(lane_zero(), x, n->f[0]), y, n->g[0]), HALF);
}

static void second_begin(struct steps *s, const struct gcd *n, const struct matrix *first)
{
    steps_begin(s, low_bits(first->u, first->v, n), low_bits(first->q, first->r, n), s->zeta);
}

/* Products are of positive numbers: entries are taken 2^38 too large, and what comes of that, 2^38
 * (f + g), is taken away. */
static struct matrix matrix_lift(struct matrix m)
{
    lane lift = lane_all(UINT64_C(1) << ROUND);
    return (struct matrix){lane_add(m.u, lift), lane_add(m.v, lift), lane_add(m.q, lift),
                           lane_add(m.r, lift)};
}

/* t += x a + y b, a column more than there are digits. */
STRAIGHT void combine(lane *t, lane x, const lane *a, lane y, const lane *b)
{
    multiply_row(t, x, a);
    multiply_row(t, y, b);
}

/* All ones where a number in two's complement is negative. */
static lane sign_of(const lane *x)
{
    return lane_sub(lane_zero(), lane_shr(x[DIGITS - 1], 51));
}

/* to := (x f + y g) / 2^38 - (f + g). f of a negative number is too large by R. */
static void apply_to_pair(lane *to, lane x, lane y, const struct gcd *n, const lane *both)
{
    lane t[DIGITS + 1], up = lane_all(UINT64_C(1) << (52 - ROUND));
    for (unsigned i = 0; i <= DIGITS; i++)
        t[i] = lane_zero();
    combine(t, x, n->f, y, n->g);
    t[DIGITS] = lane_sub(t[DIGITS], lane_and(x, sign_of(n->f)));
    t[DIGITS] = lane_sub(t[DIGITS], lane_and(y, sign_of(n->g)));
    UNROLL
    for (unsigned i = 0; i < DIGITS; i++)
        t[i + 1] = lane_add(t[i + 1], lane_carry(t[i]));
    EACH_DIGIT(i)
    {
        lane digit = lane_madd_lo(lane_madd_hi(lane_zero(), t[i], up), t[i + 1], up);
        to[i] = lane_sub(digit, both[i]);
    }
    fe_carry(to, to);
    fe_mask(to);
}

static void apply_to_f_g(struct gcd *n, const struct matrix *m)
{
    lane f[DIGITS], g[DIGITS], both[DIGITS];
    EACH_DIGIT(i) both[i] = lane_add(n->f[i], n->g[i]);
    apply_to_pair(f, m->u, m->v, n, both);
    apply_to_pair(g, m->q, m->r, n, both);
    fe_copy(n->f, f);
    fe_copy(n->g, g);
}

/* Makes the lowest column of t zero by adding a multiple of the modulus, and passes on what it was
 * worth (order_reduce_row). */
STRAIGHT void modulus_reduce_row(const struct modulus *of, lane *t)
{
    lane q = lane_madd_lo(lane_zero(), t[0], of->m0);
    t[0] = lane_madd_lo(t[0], q, of->m[0]);
    t[1] = lane_add(t[1], lane_carry(t[0]));
    UNROLL
    for (unsigned j = 1; j < DIGITS; j++)
        t[j] = lane_madd_lo(t[j], q, of->m[j]);
    EACH_DIGIT(j) t[j + 1] = lane_madd_hi(t[j + 1], q, of->m[j]);
}

/* By 2^52 where the others were divided by 2^38: one row of Montgomery's reduction. In place of
 * - 2^38 (d + e) stands 2^38 (3 - d - e). */
static void apply_to_d_e(struct gcd *n, const struct matrix *m)
{
    lane less[DIGITS], base[DIGITS + 1], t[DIGITS + 1], u[DIGITS + 1];
    EACH_DIGIT(i) less[i] = lane_sub(n->of.three[i], lane_add(n->d[i], n->e[i]));
    fe_carry(less, less);
    for (unsigned i = 0; i <= DIGITS; i++)
        base[i] = lane_zero();
    multiply_row(base, lane_all(UINT64_C(1) << ROUND), less);
    for (unsigned i = 0; i <= DIGITS; i++)
        t[i] = u[i] = base[i];
    combine(t, m->u, n->d, m->v, n->e);
    combine(u, m->q, n->d, m->r, n->e);
    modulus_reduce_row(&n->of, t);
    modulus_reduce_row(&n->of, u);
    fe_carry(n->d, t + 1);
    fe_carry(n->e, u + 1);
    fe_mask(n->d);
    fe_mask(n->e);
}

/* --- inversion ----------------------------------------------------------------------------------
 */

static void invert_round(struct gcd *n)
{
    struct steps s;
    steps_begin(&s, n->f[0], n->g[0], n->zeta);
    steps_make(&s);
    struct matrix first = steps_end(&s);
    second_begin(&s, n, &first);
    steps_make(&s);
    n->zeta = s.zeta;
    struct matrix second = steps_end(&s), m = matrix_lift(matrix_multiply(&second, &first));
    apply_to_f_g(n, &m);
    apply_to_d_e(n, &m);
}

/* n->d := 1 / g but for what the rounds left out, 2^14 each; below 2. g below the modulus. */
CALLED void gcd_run(struct gcd *n)
{
    lane other[DIGITS];
    fe_copy(n->f, n->of.m);
    EACH_DIGIT(i) n->d[i] = lane_zero();
    fe_constant(n->e, CURVE.one);
    n->zeta = lane_all(~UINT64_C(0));
    for (unsigned i = 0; i < ROUNDS; i++)
        invert_round(n);
    /* d, with the sign of f */
    EACH_DIGIT(i) other[i] = lane_sub(lane_add(n->of.m[i], n->of.m[i]), n->d[i]);
    fe_carry(other, other);
    fe_mask(other);
    fe_select(n->d, sign_of(n->f), other, n->d);
}

/* --- modulo p, modulo n, both -------------------------------------------------------------------
 * Out of Montgomery form, inverted, and back. */

static void modulus_set(struct modulus *of, const uint64_t (*multiple)[DIGITS], uint64_t m0)
{
    fe_constant(of->m, multiple[1]);
    fe_constant(of->three, multiple[3]);
    of->m0 = lane_all(m0);
}

/* z out of Montgomery form, below p. */
static void z_take(lane *to, const lane *z)
{
    lane one[DIGITS];
    fe_constant(one, CURVE.one);
    fe_mul(to, z, one);
    fe_mask(to);
    fe_finish(to, CURVE.p[1]);
}

static void k_take(lane *to, const lane *k)
{
    lane one[DIGITS];
    fe_constant(one, CURVE.one);
    order_mul_finish(to, k, one);
}

static void z_give(lane *z, const lane *inverse)
{
    lane factor[DIGITS];
    fe_constant(factor, CURVE.p_inverse);
    fe_mul(z, inverse, factor);
}

static void k_give(lane *k, const lane *inverse)
{
    lane factor[DIGITS];
    fe_constant(factor, CURVE.n_inverse);
    order_mul(k, inverse, factor);
}

/* z := 1 / z modulo p; n is the inversion's own. */
static inline void field_invert(struct gcd *n, lane *z)
{
    modulus_set(&n->of, CURVE.p, CURVE.p0);
    z_take(n->g, z);
    gcd_run(n);
    z_give(z, n->d);
}

/* k := 1 / k modulo n. */
static inline void order_invert(struct gcd *n, lane *k)
{
    modulus_set(&n->of, CURVE.n, CURVE.n0);
    k_take(n->g, k);
    gcd_run(n);
    k_give(k, n->d);
}

static void halves_swap(lane *to, const lane *x)
{
    EACH_DIGIT(i) to[i] = lane_swap(x[i]);
}

/* Both, for the time of one: of two lanes the product is inverted, in the lower half modulo p, in
 * the upper one modulo n. An inverse is the product's, times the other number. */
static inline void invert(struct inverting *x)
{
    struct gcd *n = &x->gcd;
    lane lower = lane_lower();
    modulus_set(&n->of, CURVE.p, CURVE.p0);
    modulus_set(&x->of_n, CURVE.n, CURVE.n0);
    fe_select(n->of.m, lower, n->of.m, x->of_n.m);
    fe_select(n->of.three, lower, n->of.three, x->of_n.three);
    n->of.m0 = lane_select(lower, n->of.m0, x->of_n.m0);
    halves_swap(x->other_z, x->z);
    halves_swap(x->other_k, x->k);
    fe_mul(x->z, x->z, x->other_z);
    order_mul(x->k, x->k, x->other_k);
    z_take(x->z, x->z);
    k_take(x->k, x->k);
    fe_select(n->g, lower, x->z, x->k);
    gcd_run(n);
    halves_swap(x->k, n->d);
    fe_select(x->z, lower, n->d, x->k);
    fe_select(x->k, lower, x->k, n->d);
    z_give(x->z, x->z);
    k_give(x->k, x->k);
    fe_mul(x->z, x->z, x->other_z);
    order_mul(x->k, x->k, x->other_k);
}
