/* ec_poo: is [r]G + [c]bG = vG? For many proofs, over a lane type and a curve. An instance
 * (p256_poo_ifma.c, p384_poo_ref.c) includes a lane header, the pick that belongs to it, a curve's
 * field (p256_field.inc.c), then this file.
 *
 * [r]G comes from the table of the base point, [c]bG by doublings. Their sum stays a fraction, and
 * vG is brought over its denominator. A denominator of zero is an addition that did not fit its
 * points, wherever it was: such a lane is undecided.
 *
 * STAGE as in ec_kernel.inc.c. */
#include <string.h>

#include "crypto/ec/ec_addend.inc.c"
#include "crypto/ec/ec_bytes.inc.c"
#include "crypto/ec/ec_given.inc.c"
#include "crypto/ec/ec_kernel.h"
#include "crypto/ec/ec_variable.inc.c"
#include "crypto/ec/poo_jobs.inc.c"

/* What the proofs of one vector have. Masks are all ones or zero. */
struct proof {
    struct variable key;          /* c or c + 1, bG, then the whole sum */
    lane x[DIGITS], y[DIGITS];    /* vG: clean, below 1 */
    lane even_r, even_c;          /* n - r and c + 1 are multiplied by */
    lane points_good, r_good;     /* is what it has to be */
    lane x_same, y_same;          /* the sum's x, y are those of vG */
    lane no_y, no_z;              /* it has Y = 0, or no denominator: it is no point */
};

struct judging {
    struct jobs jobs;
    struct multiple base[BESIDE]; /* r or n - r, and its multiple of G */
    struct proof proof[BESIDE];
};

/* --- in -----------------------------------------------------------------------------------------
 */

static void points_take(struct proof *p, lane *x, lane *y)
{
    struct jacobian *key = &p->key.sum;
    p->points_good = lane_and(point_take(x, y), point_take(p->x, p->y));
    fe_copy(key->x, x);
    digits_add(key->y2, y, y);
    fe_constant(key->z, CURVE.p_r);
}

/* Of r and n - r the odd one; zero counts as n. */
static void r_take(struct proof *p, lane *odd, const lane *r)
{
    lane other[DIGITS];
    p->r_good = is_below(r, CURVE.n[1]);
    p->even_r = lane_sub(lane_and(r[0], lane_all(1)), lane_all(1));
    digits_negate(other, r, CURVE.n[1]);
    fe_select(odd, p->even_r, other, r);
}

static void challenge_take(struct proof *p)
{
    lane *c = p->key.k;
    p->even_c = lane_sub(lane_and(c[0], lane_all(1)), lane_all(1));
    c[0] = lane_or(c[0], lane_all(1));
}

/* Proofs `first` and on, into one vector. */
static void proof_take(const struct judging *b, unsigned first, struct proof *p,
                       struct multiple *base)
{
    lane x[DIGITS], y[DIGITS], r[DIGITS];
    for (unsigned l = 0; l < LANES; l++) {
        const struct lk_poo_job *job = job_at(&b->jobs, first + l);
        bytes_load(x, l, job->bg, NUMBER_BYTES, DIGITS);
        bytes_load(y, l, job->bg + NUMBER_BYTES, NUMBER_BYTES, DIGITS);
        bytes_load(p->x, l, job->vg, NUMBER_BYTES, DIGITS);
        bytes_load(p->y, l, job->vg + NUMBER_BYTES, NUMBER_BYTES, DIGITS);
        bytes_load(r, l, job->r, NUMBER_BYTES, DIGITS);
        bytes_load(p->key.k, l, job->challenge, job->challenge_bytes, DIGITS);
    }
    points_take(p, x, y);
    r_take(p, base->k, r);
    challenge_take(p);
    STAGE(LK_EC_STAGE_ODD, p->key.k, DIGITS);
}

/* --- the sum ------------------------------------------------------------------------------------
 */

/* Where c was even, one bG was too many. */
static void key_mend(struct proof *const *p, unsigned count)
{
    struct jacobian less[BESIDE], *sum[BESIDE];
    const struct addend *key[BESIDE];
    lane negative[BESIDE];
    for (unsigned v = 0; v < count; v++) {
        less[v] = p[v]->key.sum;
        sum[v] = &less[v];
        key[v] = variable_point(&p[v]->key);
        negative[v] = lane_all(~UINT64_C(0));
    }
    point_sum(sum, key, negative, count);
    for (unsigned v = 0; v < count; v++) {
        struct jacobian *to = &p[v]->key.sum;
        fe_select(to->x, p[v]->even_c, less[v].x, to->x);
        fe_select(to->y2, p[v]->even_c, less[v].y2, to->y2);
        fe_select(to->z, p[v]->even_c, less[v].z, to->z);
    }
}

static void base_add(struct proof *const *p, const struct multiple *base, unsigned count)
{
    struct addend of_base[BESIDE];
    struct jacobian *sum[BESIDE];
    const struct addend *addend[BESIDE];
    lane negative[BESIDE];
    for (unsigned v = 0; v < count; v++) {
        addend_of(&of_base[v], &base[v].sum);
        addend[v] = &of_base[v];
        sum[v] = &p[v]->key.sum;
        negative[v] = p[v]->even_r;
    }
    point_sum(sum, addend, negative, count);
    for (unsigned v = 0; v < count; v++)
        STAGE(LK_EC_STAGE_ADD, sum[v], 3 * DIGITS);
}

/* --- verdicts -----------------------------------------------------------------------------------
 */

/* x Z^2 - X + DOUBLE_X_BELOW in (0.9, 7.1); 2y Z^3 - 2Y + 5 in (0, 6.2). */
static void compare(struct proof *p)
{
    struct jacobian *sum = &p->key.sum;
    lane zz[DIGITS], d[DIGITS], y2[DIGITS];
    fe_square(zz, sum->z);
    fe_mul(d, p->x, zz);
    fe_mask(d);
    EACH_DIGIT(i) d[i] = lane_add(lane_sub(d[i], sum->x[i]), constant(&CURVE.p[DOUBLE_X_BELOW][i]));
    fe_carry(d, d);
    p->x_same = is_multiple(d);
    fe_mul(zz, zz, sum->z);
    digits_add(y2, p->y, p->y);
    fe_mul(d, y2, zz);
    fe_mask(d);
    fe_mask(sum->y2);
    EACH_DIGIT(i) d[i] = lane_add(lane_sub(d[i], sum->y2[i]), constant(&CURVE.p[5][i]));
    fe_carry(d, d);
    p->y_same = is_multiple(d);
    p->no_y = is_multiple(sum->y2);
    p->no_z = is_multiple(sum->z);
    STAGE(LK_EC_STAGE_CHECK, &p->points_good, 6);
}

/* Each condition is looked at by itself, and none stands in for another: a bit that goes wrong in
 * one mask makes no proof good. A sum of zeros alone has all of vG's coordinates without being vG,
 * so that it has to be seen twice; no point has y = 0. */
static void verdict(const struct proof *p, unsigned l, uint64_t bit,
                    struct lk_poo_verdicts *verdicts)
{
    if (!all_ones(&p->points_good, l))
        verdicts->point_bad |= bit;
    else if (!all_ones(&p->r_good, l))
        return;
    else if (of_lane(&p->no_y, l) != 0 || of_lane(&p->no_z, l) != 0)
        verdicts->undecided |= bit;
    else if (all_ones(&p->x_same, l) && all_ones(&p->y_same, l))
        verdicts->good |= bit;
}

/* --- a batch ------------------------------------------------------------------------------------
 */

/* `count` vectors side by side, of proofs `first` and on. */
STRAIGHT void judge_beside(struct judging *b, unsigned first, unsigned count)
{
    struct proof *proof[BESIDE];
    struct variable *key[BESIDE];
    unsigned bits = challenge_bits(&b->jobs, first + count * LANES - 1);
    for (unsigned v = 0; v < count; v++) {
        proof[v] = &b->proof[v];
        key[v] = &b->proof[v].key;
        proof_take(b, first + v * LANES, proof[v], &b->base[v]);
    }
    multiply_base(b->base, count);
    multiply_variable(key, VARIABLE_WINDOWS(bits), count);
    key_mend(proof, count);
    base_add(proof, b->base, count);
    for (unsigned v = 0; v < count; v++)
        compare(proof[v]);
}

static struct lk_poo_verdicts judge(void *work, const struct lk_poo_job *job,
                                         uint64_t live)
{
    struct judging *b = work;
    struct lk_poo_verdicts verdicts = {0, 0, 0};
    jobs_order(&b->jobs, job, live);
    for (unsigned first = 0; first < b->jobs.count; first += BESIDE * LANES) {
        if (b->jobs.count - first > (BESIDE - 1) * LANES)
            judge_beside(b, first, BESIDE);
        else
            judge_beside(b, first, 1);
        for (unsigned i = 0; i < BESIDE * LANES && first + i < b->jobs.count; i++)
            verdict(&b->proof[i / LANES], i % LANES, b->jobs.bit[first + i], &verdicts);
    }
    lanes_leave();
    return verdicts;
}

#define KERNEL(name_, isa_, needs_, judge_)                                                        \
    {                                                                                              \
        .name = name_, .isa = isa_, .needs = needs_, .bytes = NUMBER_BYTES, .xy = true,            \
        .lanes = LANES, .work_bytes = sizeof(struct judging), .judge = judge_,                     \
    }
