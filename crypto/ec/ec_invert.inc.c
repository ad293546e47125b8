/* ec_invert: 1 / z mod p and 1 / k mod n side by side, one of each a lane, or 1 / k alone, by
 * division steps: a form of Euclid's algorithm whose every step is the same few instructions, and
 * whose number of steps is fixed. For odd f and any g,
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

struct gcd {
    lane f[DIGITS], g[DIGITS]; /* clean, modulo R: two's complement */
    lane d[DIGITS], e[DIGITS]; /* clean, below 1.01: f = d x, g = e x, but for a power of two */
    lane zeta;
};

/* After some steps f is (u f + v g) / 2^steps, and g is (q f + r g) / 2^steps. */
struct matrix {
    lane u, v, q, r; /* signed: |u| + |v| and |q| + |r| at most 2^steps */
};

struct inverting {
    lane z[DIGITS], k[DIGITS]; /* in Montgomery form, loose, below 4; then their inverses */
    struct gcd of_z, of_k;
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

STRAIGHT void step(struct steps *s)
{
    lane negative = lane_sra(s->zeta, 63);
    lane odd = lane_sub(lane_zero(), lane_and(s->g, lane_all(1)));
    lane swap = lane_and(negative, odd);
    s->g = lane_sub(lane_add(s->g, lane_and(lane_xor(s->f, negative), odd)), swap);
    s->zeta = lane_sub(lane_xor(s->zeta, swap), lane_all(1));
    s->f = lane_add(s->f, lane_and(s->g, swap)); /* f + (g - f) */
    s->g = lane_sra(s->g, 1);
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

/* The two chains of steps wait for nothing of each other. Copies stay in registers. */
static void steps_of_both(struct steps *a, struct steps *b)
{
    struct steps x = *a, y = *b;
    for (unsigned i = 0; i < HALF; i++) {
        step(&x);
        step(&y);
    }
    *a = x;
    *b = y;
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

/* Modulo p or n, and by 2^52 where the others were divided by 2^38: one row of Montgomery's
 * reduction. In place of - 2^38 (d + e) stands 2^38 (3 - d - e). */
STRAIGHT void apply_to_d_e(struct gcd *n, const struct matrix *m, const uint64_t *three,
                           void (*reduce)(lane *))
{
    lane less[DIGITS], base[DIGITS + 1], t[DIGITS + 1], u[DIGITS + 1];
    EACH_DIGIT(i)
    less[i] = lane_sub(constant(&three[i]), lane_add(n->d[i], n->e[i]));
    fe_carry(less, less);
    for (unsigned i = 0; i <= DIGITS; i++)
        base[i] = lane_zero();
    multiply_row(base, lane_all(UINT64_C(1) << ROUND), less);
    for (unsigned i = 0; i <= DIGITS; i++)
        t[i] = u[i] = base[i];
    combine(t, m->u, n->d, m->v, n->e);
    combine(u, m->q, n->d, m->r, n->e);
    reduce(t);
    reduce(u);
    fe_carry(n->d, t + 1);
    fe_carry(n->e, u + 1);
    fe_mask(n->d);
    fe_mask(n->e);
}

/* --- inversion ----------------------------------------------------------------------------------
 */

/* g below the modulus. */
static void gcd_begin(struct gcd *n, const uint64_t *modulus)
{
    fe_constant(n->f, modulus);
    EACH_DIGIT(i) n->d[i] = lane_zero();
    fe_constant(n->e, CURVE.one);
    n->zeta = lane_all(~UINT64_C(0));
}

/* d, with the sign of f: below 2. */
static void gcd_end(struct gcd *n, const uint64_t *two)
{
    lane other[DIGITS];
    digits_negate(other, n->d, two);
    fe_select(n->d, sign_of(n->f), other, n->d);
}

static void invert_round(struct gcd *z, struct gcd *k)
{
    struct steps of_z, of_k;
    steps_begin(&of_z, z->f[0], z->g[0], z->zeta);
    steps_begin(&of_k, k->f[0], k->g[0], k->zeta);
    steps_of_both(&of_z, &of_k);
    struct matrix first_z = steps_end(&of_z), first_k = steps_end(&of_k);
    second_begin(&of_z, z, &first_z);
    second_begin(&of_k, k, &first_k);
    steps_of_both(&of_z, &of_k);
    z->zeta = of_z.zeta;
    k->zeta = of_k.zeta;
    struct matrix second_z = steps_end(&of_z), second_k = steps_end(&of_k);
    struct matrix m_z = matrix_lift(matrix_multiply(&second_z, &first_z));
    struct matrix m_k = matrix_lift(matrix_multiply(&second_k, &first_k));
    apply_to_f_g(z, &m_z);
    apply_to_f_g(k, &m_k);
    apply_to_d_e(z, &m_z, CURVE.p[3], reduce_row);
    apply_to_d_e(k, &m_k, CURVE.n[3], order_reduce_row);
}

/* Out of Montgomery form, inverted, and back, with what the rounds left out: 2^14 each. */
static void invert(struct inverting *x)
{
    lane factor[DIGITS];
    fe_constant(factor, CURVE.one);
    fe_mul(x->of_z.g, x->z, factor);
    fe_mask(x->of_z.g);
    fe_finish(x->of_z.g, CURVE.p[1]);
    order_mul_finish(x->of_k.g, x->k, factor);
    gcd_begin(&x->of_z, CURVE.p[1]);
    gcd_begin(&x->of_k, CURVE.n[1]);
    for (unsigned i = 0; i < ROUNDS; i++)
        invert_round(&x->of_z, &x->of_k);
    gcd_end(&x->of_z, CURVE.p[2]);
    gcd_end(&x->of_k, CURVE.n[2]);
    fe_constant(factor, CURVE.p_inverse);
    fe_mul(x->z, x->of_z.d, factor);
    fe_constant(factor, CURVE.n_inverse);
    order_mul(x->k, x->of_k.d, factor);
}

/* --- one alone ----------------------------------------------------------------------------------
 */

static inline void steps_of_one(struct steps *s)
{
    struct steps x = *s;
    for (unsigned i = 0; i < HALF; i++)
        step(&x);
    *s = x;
}

static inline void order_invert_round(struct gcd *k)
{
    struct steps s;
    steps_begin(&s, k->f[0], k->g[0], k->zeta);
    steps_of_one(&s);
    struct matrix first = steps_end(&s);
    second_begin(&s, k, &first);
    steps_of_one(&s);
    k->zeta = s.zeta;
    struct matrix second = steps_end(&s), m = matrix_lift(matrix_multiply(&second, &first));
    apply_to_f_g(k, &m);
    apply_to_d_e(k, &m, CURVE.n[3], order_reduce_row);
}

/* What invert does of k, where there is no z; n is its own. */
static inline void order_invert(struct gcd *n, lane *k)
{
    lane factor[DIGITS];
    fe_constant(factor, CURVE.one);
    order_mul_finish(n->g, k, factor);
    gcd_begin(n, CURVE.n[1]);
    for (unsigned i = 0; i < ROUNDS; i++)
        order_invert_round(n);
    gcd_end(n, CURVE.n[2]);
    fe_constant(factor, CURVE.n_inverse);
    order_mul(k, n->d, factor);
}
