/* x25519_ladder: k times a point that has only its u, for a number k and a point a lane (RFC 7748
 * 5). Two points whose difference is the given one are led down the bits of k: one is doubled, and
 * their sum takes the place of the other. A step is five products, four squares and a product with
 * a small number. */
#include "crypto/ec/x25519_field.inc.c"


struct ladder {
    lane x2[DIGITS], z2[DIGITS], x3[DIGITS], z3[DIGITS]; /* raw, the x lifted: u = x / z */
    lane u[DIGITS];                                      /* the point's, clean */
    lane swap[DIGITS]; /* bit i: bits i and i + 1 of k differ; digit by digit, at the top end */
};

/* A step's own numbers. */
struct stepping {
    lane a[DIGITS], b[DIGITS], c[DIGITS], d[DIGITS]; /* sum and difference of each point's x, z */
    lane da[DIGITS], cb[DIGITS];                     /* raw */
    lane aa[DIGITS], bb[DIGITS], e[DIGITS];
    lane f[DIGITS]; /* aa + a24 e */
};

static void ladder_begin(struct ladder *l, const lane *k)
{
    lane ones = constant(&lk_x25519.ones);
    EACH_DIGIT(i)
    {
        lane next = i + 1 < DIGITS ? lane_shl(k[i + 1], 51) : lane_zero();
        lane differs = lane_xor(k[i], lane_or(lane_shr(k[i], 1), next));
        l->swap[i] = lane_shl(lane_and(differs, ones), 12);
        l->x2[i] = l->z3[i] = i == 0 ? lane_all(1) : lane_zero();
        l->z2[i] = lane_zero();
        l->x3[i] = l->u[i];
    }
    EACH_DIGIT(i)
    {
        l->x2[i] = lane_add(l->x2[i], constant(&lk_x25519.lift[i]));
        l->x3[i] = lane_add(l->x3[i], constant(&lk_x25519.lift[i]));
    }
}

/* All ones where this bit of k, of `bits`, and the one before it differ. */
static lane ladder_swaps(struct ladder *l, unsigned bit, unsigned bits)
{
    lane *word = &l->swap[bit / 52];
    if (bit == bits - 1) *word = lane_shl(*word, 52 - bits % 52);
    lane swaps = lane_sra(*word, 63);
    *word = lane_add(*word, *word);
    return swaps;
}

/* aa + a24 e: what digit 4 of e gives above 2^260 comes back as 608 times it. */
STRAIGHT void add_a24(struct stepping *s, const lane *aa)
{
    lane t[DIGITS], by = constant(&lk_x25519.a24);
    fe_copy(t, aa);
    EACH_DIGIT(i) t[i] = lane_madd_lo(t[i], s->e[i], by);
    UNROLL
    for (unsigned i = 0; i + 1 < DIGITS; i++)
        t[i + 1] = lane_madd_hi(t[i + 1], s->e[i], by);
    t[0] = lane_madd_lo(t[0], lane_madd_hi(lane_zero(), s->e[4], by), constant(&lk_x25519.fold));
    fe_settle(s->f, t);
}

/* The sum is the same whichever point is doubled, but for the sign of da - cb, which is squared.
 * Each pair asks for what was made before the one before it. z3 is made last, of which alone the
 * next step has to wait for the end. */
STRAIGHT void ladder_step(struct ladder *l, lane swaps)
{
    struct stepping s;
    lane sum[DIGITS], difference[DIGITS], a[DIGITS], b[DIGITS];
    fe_add(s.a, l->x2, l->z2);
    fe_sub(s.b, l->x2, l->z2);
    fe_add(s.c, l->x3, l->z3);
    fe_sub(s.d, l->x3, l->z3);
    multiply_pair((struct product){s.da, s.d, s.a, LIFTED}, (struct product){s.cb, s.c, s.b, ZERO});
    fe_select(a, swaps, s.c, s.a);
    fe_select(b, swaps, s.d, s.b);
    square_pair((struct product){s.aa, a, a, LIFTED}, (struct product){s.bb, b, b, ZERO});
    fe_add(sum, s.da, s.cb);
    fe_sub(difference, s.da, s.cb);
    square_pair((struct product){l->x3, sum, sum, LIFTED},
                (struct product){l->z3, difference, difference, ZERO});
    fe_sub(s.e, s.aa, s.bb);
    add_a24(&s, s.aa);
    fe_settle(s.aa, s.aa);
    fe_settle(s.bb, s.bb);
    multiply_pair((struct product){l->x2, s.aa, s.bb, LIFTED},
                  (struct product){l->z2, s.e, s.f, ZERO});
    fe_settle(l->z3, l->z3);
    fe_product(l->z3, l->z3, l->u, ZERO);
}

/* x2 / z2 := k u, x3 / z3 := (k + 1) u, loose, for k below 2^bits, of `count` vectors; the other
 * way round where k is odd: no last exchange is made. bits is no multiple of 52. They take turns:
 * where the step of one begins, that of the other is still waiting for its end. Apart: one body for
 * every length. */
static __attribute__((noinline)) void ladder_run(struct ladder *l, unsigned bits, unsigned count)
{
    for (unsigned bit = bits; bit-- > 0;)
        for (unsigned v = 0; v < count; v++) {
            ladder_step(&l[v], ladder_swaps(&l[v], bit, bits));
            STAGE(LK_X25519_STAGE_STEP, l[v].x2, 4 * DIGITS);
        }
    for (unsigned v = 0; v < count; v++) {
        fe_settle(l[v].x2, l[v].x2);
        fe_settle(l[v].z2, l[v].z2);
        fe_settle(l[v].x3, l[v].x3);
        fe_settle(l[v].z3, l[v].z3);
    }
}

/* --- the check ----------------------------------------------------------------------------------
 */

/* All ones where both points differ by the given one, or by its negative: with u, b = x2 / z2 and c
 * = x3 / z3, that is c^2 (u - b)^2 - 2 c ((u + b) (u b + 1) + 2 A u b) + (u b - 1)^2 = 0. */
static lane ladder_holds(const struct ladder *l)
{
    lane uz[DIGITS], ux[DIGITS], less[DIGITS], more[DIGITS], t[DIGITS], middle[DIGITS];
    lane left[DIGITS], right[DIGITS];
    multiply_pair((struct product){uz, l->u, l->z2, LIFTED},
                  (struct product){ux, l->u, l->x2, LIFTED});
    lane x2[DIGITS], z2[DIGITS];
    fe_copy(x2, l->x2);
    fe_copy(z2, l->z2);
    fe_mask(x2);
    fe_mask(z2);
    fe_sub(less, uz, x2);
    fe_mul(left, less, l->x3);
    fe_sub(less, ux, z2);
    fe_mul(right, less, l->z3);
    fe_add(more, uz, x2);
    fe_add(less, ux, z2);
    fe_product(middle, more, less, ZERO);
    fe_settle(ux, ux);
    fe_mul(t, ux, z2);
    fe_constant(more, lk_x25519.two_a);
    fe_product(t, t, more, ZERO);
    fe_add(middle, middle, t);
    fe_mul(t, l->x3, l->z3);
    fe_product(t, t, middle, ZERO);
    EACH_DIGIT(i) t[i] = lane_add(t[i], t[i]);
    square_pair((struct product){left, left, left, LIFTED},
                (struct product){right, right, right, ZERO});
    EACH_DIGIT(i) left[i] = lane_sub(lane_add(left[i], right[i]), t[i]);
    fe_settle(left, left);
    fe_reduce(left);
    return fe_is_zero(left);
}
