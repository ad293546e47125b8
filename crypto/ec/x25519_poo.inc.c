/* x25519_poo: proofs of ownership over Curve25519 for many requests, over a lane type. An instance
 * (x25519_poo_ifma.c, x25519_poo_ref.c) includes a lane header, the pick that belongs to it, then
 * this file.
 *
 * Only u travels. P, a point of bG's u, has to be of the prime order q; then vG's u has to be that
 * of [r]G + [c]P or of [r]G - [c]P. [q]P and [c]P come from ladders, [r]G from the table of the
 * base point, and what both sums' u have in common with those is one equation: no point is lifted,
 * nothing is inverted. Where the equation says nothing a lane is undecided. Proofs:
 * docs/kernels.md.
 *
 * STAGE as in x25519_kernel.inc.c. */
#include <string.h>

#pragma GCC diagnostic ignored "-Wunused-function" /* checks of shares, inverses, bytes going out */

#include "crypto/ct.h"
#include "crypto/ec/x25519_base.inc.c"
#include "crypto/ec/x25519_ladder.inc.c"

#define NUMBER_BYTES 32
#include "crypto/ec/ec_bytes.inc.c"
#include "crypto/ec/poo_jobs.inc.c"

#define ORDER_BITS 253
#define TABLE_BITS 252 /* what the table multiplies is below 2^252 */

/* A vector of proofs. Masks are all ones or zero. */
struct proof {
    struct ladder ladder;      /* of P: [q]P, then [c]P */
    struct multiple base;      /* [r]G, or its opposite */
    lane u[DIGITS], v[DIGITS]; /* of bG and vG: clean, below p */
    lane c[DIGITS];            /* clean */
    lane r_good, in_group;     /* r < q; [q]P is infinity, and P is not */
    lane decided;              /* the equation says something */
    lane same;                 /* and holds */
};

struct judging {
    struct jobs jobs;
    struct proof proof;
};

/* --- in -----------------------------------------------------------------------------------------
 */

/* Lane l of u := 32 bytes, little-endian; bit 255 is none of it. */
static void u_load(lane *u, unsigned l, const uint8_t *bytes)
{
    uint8_t reversed[NUMBER_BYTES];
    for (unsigned i = 0; i < NUMBER_BYTES; i++)
        reversed[i] = bytes[NUMBER_BYTES - 1 - i];
    reversed[0] &= 0x7f;
    bytes_load(u, l, reversed, NUMBER_BYTES, DIGITS);
}

/* The table multiplies 8 G. 8 divides r + (3 r mod 8) q, since q = 5 modulo 8 and 5 * 3 = -1. */
static void r_take(struct proof *p, const lane *r)
{
    lane k[DIGITS], times = lane_and(lane_add(r[0], lane_add(r[0], r[0])), lane_all(7));
    EACH_DIGIT(i)
    {
        lane q = constant(&lk_x25519.order[i]);
        k[i] = lane_madd_lo(r[i], times, q);
        if (i > 0) k[i] = lane_madd_hi(k[i], times, constant(&lk_x25519.order[i - 1]));
    }
    p->r_good = is_below(r, lk_x25519.order);
    fe_carry(k, k);
    fe_mask(k);
    multiple_begin(&p->base, k);
    lane over = lane_shr(p->base.v[DIGITS - 1], TABLE_BITS % 52);
    p->decided = lane_not(lane_sign(lane_sub(lane_zero(), over)));
}

static void proof_take(const struct judging *b, unsigned first, struct proof *p)
{
    lane r[DIGITS];
    for (unsigned l = 0; l < LANES; l++) {
        const struct lk_poo_job *job = job_at(&b->jobs, first + l);
        u_load(p->u, l, job->bg);
        u_load(p->v, l, job->vg);
        bytes_load(r, l, job->r, NUMBER_BYTES, DIGITS);
        bytes_load(p->c, l, job->challenge, job->challenge_bytes, DIGITS);
    }
    fe_reduce(p->u);
    fe_reduce(p->v);
    r_take(p, r);
}

/* --- the ladders --------------------------------------------------------------------------------
 */

/* [q]P is infinity: X / 0. With u = 0, which has order two, a ladder makes no sense. */
static void order_judge(struct proof *p)
{
    lane q[DIGITS], x[DIGITS], z[DIGITS];
    fe_constant(q, lk_x25519.order);
    fe_copy(p->ladder.u, p->u);
    ladder_begin(&p->ladder, q);
    ladder_run(&p->ladder, ORDER_BITS, 1);
    fe_copy(x, p->ladder.x3); /* q is odd */
    fe_copy(z, p->ladder.z3);
    fe_reduce(x);
    fe_reduce(z);
    p->in_group = lane_and(fe_is_zero(z), lane_not(lane_or(fe_is_zero(x), fe_is_zero(p->u))));
}

/* x2 / z2 := [c]P. */
static void challenge_multiply(struct proof *p, unsigned bits)
{
    struct ladder *l = &p->ladder;
    lane odd = lane_sub(lane_zero(), lane_and(p->c[0], lane_all(1)));
    ladder_begin(l, p->c);
    ladder_run(l, bits, 1);
    fe_select(l->x2, odd, l->x3, l->x2);
    fe_select(l->z2, odd, l->z3, l->z2);
}

/* --- the equation -------------------------------------------------------------------------------
 */

/* All ones where loose x is not zero. */
static lane is_not_zero(const lane *x)
{
    lane t[DIGITS];
    fe_copy(t, x);
    fe_reduce(t);
    return lane_not(fe_is_zero(t));
}

/* Of [r]G, u = a / b, and of [c]P, u = c / d: the u of their sum and of their difference make zero
 * of (ad - bc)^2 v^2 - 2 ((ad + bc)(ac + bd) + 2 A ac bd) v + (ac - bd)^2. Says something where all
 * four points are none but infinity: where b, d and ad - bc are not zero. */
static void equation(struct proof *p, const lane *a, const lane *b, const lane *c, const lane *d)
{
    lane ad[DIGITS], bc[DIGITS], ac[DIGITS], bd[DIGITS], t[DIGITS], two_a[DIGITS];
    lane less[DIGITS], more[DIGITS], left[DIGITS], right[DIGITS], middle[DIGITS];
    multiply_pair((struct product){ad, a, d, LIFTED}, (struct product){bc, b, c, ZERO});
    multiply_pair((struct product){ac, a, c, LIFTED}, (struct product){bd, b, d, ZERO});
    fe_sub(less, ad, bc);
    fe_add(more, ad, bc);
    fe_sub(right, ac, bd);
    fe_add(t, ac, bd);
    p->decided = lane_and(p->decided, is_not_zero(less));
    fe_mul(left, less, p->v);
    fe_product(middle, more, t, ZERO);
    fe_settle(ac, ac);
    fe_settle(bd, bd);
    fe_mul(t, ac, bd);
    fe_constant(two_a, lk_x25519.two_a);
    fe_product(t, t, two_a, ZERO);
    fe_add(middle, middle, t);
    fe_product(t, middle, p->v, ZERO);
    square_pair((struct product){left, left, left, LIFTED},
                (struct product){right, right, right, ZERO});
    EACH_DIGIT(i) left[i] = lane_sub(lane_add(left[i], right[i]), lane_add(t[i], t[i]));
    fe_settle(left, left);
    p->same = lane_not(is_not_zero(left));
}

/* u = (Z + Y) / (Z - Y) on the one curve is what y = Y / Z is on the other. */
static void compare(struct proof *p)
{
    struct sum *sum = &p->base.sum;
    lane y[DIGITS], a[DIGITS], b[DIGITS];
    fe_settle(y, sum->y);
    fe_mask(y);
    fe_add(a, sum->z, y);
    fe_sub(b, sum->z, y);
    p->decided = lane_and(p->decided, lane_and(is_not_zero(b), is_not_zero(p->ladder.z2)));
    equation(p, a, b, p->ladder.x2, p->ladder.z2);
}

/* --- verdicts -----------------------------------------------------------------------------------
 */

/* Each condition is looked at by itself, and none stands in for another: a bit that goes wrong in
 * one mask makes no proof good. */
static void verdict(const struct proof *p, unsigned l, uint64_t bit,
                    struct lk_poo_verdicts *verdicts)
{
    if (!all_ones(&p->r_good, l) || !all_ones(&p->in_group, l)) return;
    if (!all_ones(&p->decided, l))
        verdicts->undecided |= bit;
    else if (all_ones(&p->same, l))
        verdicts->good |= bit;
}

/* --- a batch ------------------------------------------------------------------------------------
 */

/* Proofs `first` and on, a vector of them. */
static void judge_vector(struct judging *b, unsigned first)
{
    struct proof *p = &b->proof;
    proof_take(b, first, p);
    multiply_base(&p->base, 1);
    order_judge(p);
    challenge_multiply(p, challenge_bits(&b->jobs, first + LANES - 1));
    compare(p);
    STAGE(LK_X25519_STAGE_VERDICT, &p->r_good, 4);
}

static struct lk_poo_verdicts judge(void *work, const struct lk_poo_job *job, uint64_t live)
{
    struct judging *b = work;
    struct lk_poo_verdicts verdicts = {0, 0, 0};
    jobs_order(&b->jobs, job, live);
    for (unsigned first = 0; first < b->jobs.count; first += LANES) {
        judge_vector(b, first);
        for (unsigned l = 0; l < LANES && first + l < b->jobs.count; l++)
            verdict(&b->proof, l, b->jobs.bit[first + l], &verdicts);
    }
    lanes_leave();
    return verdicts;
}

#define KERNEL(isa_, needs_)                                                                       \
    {                                                                                              \
        .name = "x25519", .isa = isa_, .needs = needs_, .bytes = NUMBER_BYTES, .xy = false,        \
        .lanes = LANES, .work_bytes = sizeof(struct judging), .judge = judge,                      \
    }
