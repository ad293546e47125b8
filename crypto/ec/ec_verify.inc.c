/* ec_verify: x(e/s G + r/s Q) = r modulo n? For one signature, over a lane type and a curve. An
 * instance (p256_verify_ifma.c) includes a lane header, the pick that belongs to it, a curve's
 * field, names BASE, the comb of the base point, then includes this file.
 *
 * A number u is cut up by its bits: lane c has those at c, c + LANES, c + 2 LANES ..., and makes
 * the sum of these, each times Q 2^bit / 2^c, with no doubling: four bits are one entry of a table
 * that all lanes share. Then the lanes' sums are brought together: lane c + h, doubled h times, is
 * added to lane c, h = LANES/2 ... 2, 1.
 *
 * The sum stays a fraction, and r is brought over its denominator. A denominator of zero is an
 * addition that did not fit its points, wherever it was.
 *
 * STAGE as in ec_kernel.inc.c. */
#include <stdbool.h>
#include <string.h>

#pragma GCC diagnostic ignored "-Wunused-function" /* no table in windows here */

#include "crypto/ec/ec_addend.inc.c"
#include "crypto/ec/ec_bytes.inc.c"
#include "crypto/ec/ec_given.inc.c"
#include "crypto/ec/ec_invert.inc.c"
#include "crypto/ec/ec_kernel.h"
#include "crypto/ec/verify_kernel.h"

#define GROUPS (8 * NUMBER_BYTES / LANES / TEETH)
#define GROUP_BITS (LANES * TEETH)

/* Entry i of a group: x, y in Montgomery form, clean, below 1, of
 *   (2^(3 LANES) +- 2^(2 LANES) +- 2^LANES +- 1) 2^(GROUP_BITS group) Q
 * with + before tooth t where bit t of i is set. */
typedef const uint64_t comb_row[2 * DIGITS];
struct comb {
    uint64_t entry[GROUPS][COMB_ENTRIES][2 * DIGITS];
};

/* --- a key's comb -------------------------------------------------------------------------------
 */

/* All lanes. */
static bool base_take(struct jacobian *p, const uint8_t *xy)
{
    lane y[DIGITS];
    for (unsigned l = 0; l < LANES; l++) {
        bytes_load(p->x, l, xy, NUMBER_BYTES, DIGITS);
        bytes_load(y, l, xy + NUMBER_BYTES, NUMBER_BYTES, DIGITS);
    }
    lane good = point_take(p->x, y);
    digits_add(p->y2, y, y);
    fe_constant(p->z, CURVE.p_r);
    return all_ones(&good, 0);
}

/* What preparing holds on to: on no stack (verify_kernel.h). */
struct preparing {
    struct jacobian power; /* the group's lowest tooth; then the next group's */
    struct addend tooth[TEETH];
    struct jacobian sum; /* of these, an entry a lane */
    struct summing summing;
    struct gcd gcd;
    lane xy[2 * DIGITS];
};

/* p += b, or p -= b: sum_one with its own numbers elsewhere. */
CALLED void sum_to(struct summing *own, struct jacobian *p, const struct addend *b, lane negative)
{
    sum_line(own, &p, &b, &negative, 1);
    STAGE(LK_EC_STAGE_ADD, p, 3 * DIGITS);
}

/* Lane l: all ones where bit `tooth` of the entry first + l is not set. */
static lane tooth_negative(unsigned first, unsigned tooth)
{
    lane negative = lane_zero();
    for (unsigned l = 0; l < LANES; l++)
        ((uint64_t *)(void *)&negative)[l] = (uint64_t)((first + l) >> tooth & 1) - 1;
    return negative;
}

/* xy := x, y of the sum, clean, below 1. With i = 1 / 2Z: X / Z^2 = X 4 i^2, Y / Z^3 = 2Y 4 i^3. */
static void entries_finish(struct preparing *w)
{
    lane power[DIGITS], z[DIGITS], *x = w->xy, *y = w->xy + DIGITS;
    fe_copy(power, w->sum.z);
    fe_mask(power);
    digits_add(z, power, power);
    field_invert(&w->gcd, z);
    STAGE(LK_EC_STAGE_INVERSE, z, DIGITS);
    fe_square(power, z);
    EACH_DIGIT(i) power[i] = lane_shl(lane_and(power[i], constant(&CURVE.ones)), 2);
    fe_carry(power, power); /* below 4.6 */
    fe_mul(x, w->sum.x, power);
    fe_mul(power, power, z);
    fe_mul(y, w->sum.y2, power);
    fe_mask(x);
    fe_mask(y);
    fe_finish(x, CURVE.p[1]);
    fe_finish(y, CURVE.p[1]);
    STAGE(LK_EC_STAGE_ENTRY, w->xy, 2 * DIGITS);
}

/* Entries first .. first + LANES - 1, one a lane. */
static bool entries_make(struct preparing *w, uint64_t (*entry)[2 * DIGITS], unsigned first)
{
    w->sum = w->tooth[TEETH - 1].point;
    for (unsigned t = 0; t + 1 < TEETH; t++)
        sum_to(&w->summing, &w->sum, &w->tooth[t], tooth_negative(first, t));
    entries_finish(w);
    lane good = is_on_curve(w->xy, w->xy + DIGITS);
    bool all = true;
    for (unsigned l = 0; l < LANES; l++) {
        all = all && all_ones(&good, l);
        for (unsigned i = 0; i < 2 * DIGITS; i++)
            entry[first + l][i] = of_lane(&w->xy[i], l) & MASK52; /* what was looked at */
    }
    return all;
}

static bool group_make(struct preparing *w, uint64_t (*entry)[2 * DIGITS])
{
    struct jacobian *power = &w->power;
    bool good = true;
    for (unsigned t = 0; t < TEETH; t++) {
        w->tooth[t].point = *power;
        addend_make(&w->tooth[t]);
        for (unsigned i = 0; i < LANES; i++)
            point_double(&power, 1);
    }
    for (unsigned first = 0; first < COMB_ENTRIES; first += LANES)
        good = entries_make(w, entry, first) && good;
    return good;
}

static bool prepare(void *work, void *prepared, const uint8_t *xy)
{
    struct preparing *w = work;
    struct comb *comb = prepared;
    bool good = base_take(&w->power, xy);
    for (unsigned group = 0; group < GROUPS && good; group++)
        good = group_make(w, comb->entry[group]);
    lanes_leave();
    return good;
}

/* --- numbers ------------------------------------------------------------------------------------
 */

/* What is multiplied by G, and by Q: lanes 0 and 1 of everything here. */
enum part { OF_BASE, OF_KEY, PARTS };

struct judging {
    lane r[DIGITS], s[DIGITS];     /* clean, the same in all lanes */
    lane u[DIGITS];                /* e / s, r / s: then of each u and n - u the odd one */
    lane range_good, even;         /* masks */
    uint64_t k[PARTS][DIGITS + 1]; /* u again */
    struct multiple m[PARTS];
    struct entry entry[PARTS];
    struct jacobian sum;
    struct addend addend[PARTS];
    union {
        struct gcd gcd;
        struct adding adding[PARTS];
        struct summing summing;
    } own;                   /* numbers of the step that is on */
    lane x_same, no_y, no_z; /* masks, of lane 0 */
};

static void number_all(lane *to, const uint8_t *bytes)
{
    bytes_load(to, 0, bytes, NUMBER_BYTES, DIGITS);
    EACH_DIGIT(i) to[i] = lane_all(of_lane(&to[i], 0));
}

static void inverse_of(lane *inverse, struct gcd *own, const lane *s)
{
    lane factor[DIGITS];
    fe_constant(factor, CURVE.n_r2);
    order_mul(inverse, s, factor);
    order_invert(own, inverse);
    STAGE(LK_EC_STAGE_INVERSE, inverse, DIGITS);
}

/* u := e / s, r / s: below n, and zero counts as n. */
static void numbers_take(struct judging *j, const struct lk_verify_job *job)
{
    lane inverse[DIGITS], x[DIGITS], other[DIGITS];
    size_t len = job->digest_bytes < NUMBER_BYTES ? job->digest_bytes : NUMBER_BYTES;
    inverse_of(inverse, &j->own.gcd, j->s);
    fe_copy(x, j->r);
    bytes_load(x, OF_BASE, job->digest, len, DIGITS);
    order_mul_finish(x, x, inverse);
    j->even = lane_sub(lane_and(x[0], lane_all(1)), lane_all(1));
    digits_negate(other, x, CURVE.n[1]);
    fe_select(j->u, j->even, other, x);
    STAGE(LK_EC_STAGE_ODD, j->u, DIGITS);
    for (unsigned part = 0; part < PARTS; part++) {
        for (unsigned i = 0; i < DIGITS; i++)
            j->k[part][i] = of_lane(&j->u[i], part);
        j->k[part][DIGITS] = 0;
    }
}

/* --- products -----------------------------------------------------------------------------------
 */

/* Of odd u the bits of one group, from bit 1 on: each stands for + or - of its power of two. The
 * highest is beyond u and +. */
static uint64_t group_bits(const uint64_t *k, unsigned group)
{
    unsigned at = group * GROUP_BITS + 1, digit = at / 52, bit = at % 52;
    uint64_t bits = k[digit] >> bit;
    if (bit + GROUP_BITS > 52) bits |= k[digit + 1] << (52 - bit);
    if (group + 1 == GROUPS) bits |= UINT64_C(1) << (GROUP_BITS - 1);
    return bits;
}

/* Each lane's entry of a group. */
static void group_pick(struct entry *entry, comb_row *row, uint64_t bits)
{
    uint64_t *x = (uint64_t *)(void *)entry->x, *y = (uint64_t *)(void *)entry->y;
    for (unsigned l = 0; l < LANES; l++) {
        unsigned teeth = 0;
        for (unsigned t = 0; t < TEETH; t++)
            teeth |= (unsigned)(bits >> (t * LANES + l) & 1) << t;
        uint64_t negative = (uint64_t)(teeth >> (TEETH - 1)) - 1;
        const uint64_t *from = row[(teeth ^ (unsigned)negative) & (COMB_ENTRIES - 1)];
        for (unsigned i = 0; i < DIGITS; i++) {
            x[i * LANES + l] = from[i];
            y[i * LANES + l] = from[DIGITS + i];
        }
        ((uint64_t *)(void *)&entry->negative)[l] = negative;
    }
    STAGE(LK_EC_STAGE_ENTRY, entry->x, 2 * DIGITS + 1);
}

static void groups_pick(struct judging *j, const struct comb *key, unsigned group)
{
    group_pick(&j->entry[OF_BASE], BASE[group], group_bits(j->k[OF_BASE], group));
    group_pick(&j->entry[OF_KEY], key->entry[group], group_bits(j->k[OF_KEY], group));
}

CALLED void parts_add(struct judging *j)
{
    for (unsigned part = 0; part < PARTS; part += BESIDE)
        add_line(j->own.adding, &j->m[part], &j->entry[part], BESIDE);
}

static void multiply(struct judging *j, const struct comb *key)
{
    groups_pick(j, key, 0);
    for (unsigned part = 0; part < PARTS; part++)
        multiple_begin(&j->m[part], &j->entry[part]);
    for (unsigned group = 1; group < GROUPS; group++) {
        groups_pick(j, key, group);
        parts_add(j);
    }
    for (unsigned part = 0; part < PARTS; part++)
        multiple_end(&j->m[part], GROUPS - 1);
}

/* --- the sum ------------------------------------------------------------------------------------
 */

/* Both products in each lane; the one's sign is the other's but where one of the numbers alone was
 * even. */
static void parts_join(struct judging *j)
{
    for (unsigned part = 0; part < PARTS; part++)
        addend_of(&j->addend[part], &j->m[part].sum);
    j->sum = j->addend[OF_BASE].point;
    fe_mask(j->sum.x);
    bool opposite = of_lane(&j->even, OF_BASE) != of_lane(&j->even, OF_KEY);
    sum_to(&j->own.summing, &j->sum, &j->addend[OF_KEY], lane_all(opposite ? ~UINT64_C(0) : 0));
}

/* Lane 0: the sum of all, lane c 2^c times. */
static void lanes_join(struct judging *j)
{
    struct addend *upper = &j->addend[0];
    struct jacobian *doubled = &upper->point;
    for (unsigned half = LANES / 2; half > 0; half /= 2) {
        *doubled = j->sum;
        for (unsigned i = 0; i < half; i++)
            point_double(&doubled, 1);
        EACH_DIGIT(i)
        {
            doubled->x[i] = lane_down(doubled->x[i], half);
            doubled->y2[i] = lane_down(doubled->y2[i], half);
            doubled->z[i] = lane_down(doubled->z[i], half);
        }
        addend_make(upper);
        sum_to(&j->own.summing, &j->sum, upper, lane_zero());
    }
}

/* --- the verdict --------------------------------------------------------------------------------
 */

/* All ones where x is that of the point: x Z^2 - X + DOUBLE_X_BELOW in (0.9, 7.1). */
static lane x_is(const struct jacobian *sum, const lane *x)
{
    lane d[DIGITS], zz[DIGITS];
    fe_constant(d, CURVE.p_r2);
    fe_mul(d, x, d);
    fe_square(zz, sum->z);
    fe_mul(d, d, zz);
    fe_mask(d);
    EACH_DIGIT(i) d[i] = lane_add(lane_sub(d[i], sum->x[i]), constant(&CURVE.p[DOUBLE_X_BELOW][i]));
    fe_carry(d, d);
    return is_multiple(d);
}

/* x modulo n is r where x is r, or r + n, if that is below p: one r in 2^128 and in 2^190. */
static void compare(struct judging *j)
{
    lane y2[DIGITS], more[DIGITS], n[DIGITS];
    fe_copy(y2, j->sum.y2);
    fe_mask(y2);
    j->no_y = is_multiple(y2);
    j->no_z = is_multiple(j->sum.z);
    j->x_same = x_is(&j->sum, j->r);
    fe_constant(n, CURVE.n[1]);
    digits_add(more, j->r, n);
    fe_mask(more);
    lane below = is_below(more, CURVE.p[1]);
    if (all_ones(&below, 0) && !all_ones(&j->x_same, 0)) j->x_same = x_is(&j->sum, more);
    STAGE(LK_EC_STAGE_CHECK, &j->x_same, 3);
}

/* Each condition is looked at by itself, and none stands in for another: a bit that goes wrong in
 * one mask makes no signature good. A sum of zeros has any x, so that it has to be seen twice; no
 * point has y = 0. */
static enum lk_verify verdict(const struct judging *j)
{
    if (of_lane(&j->no_y, 0) != 0 || of_lane(&j->no_z, 0) != 0) return LK_VERIFY_UNDECIDED;
    return all_ones(&j->x_same, 0) ? LK_VERIFY_GOOD : LK_VERIFY_BAD;
}

static enum lk_verify verify(void *work, const void *prepared, const struct lk_verify_job *job)
{
    struct judging *j = work;
    enum lk_verify end = LK_VERIFY_BAD;
    number_all(j->r, job->r);
    number_all(j->s, job->s);
    j->range_good = lane_and(in_range(j->r), in_range(j->s));
    STAGE(LK_EC_STAGE_R, &j->range_good, 1);
    if (all_ones(&j->range_good, 0)) {
        numbers_take(j, job);
        multiply(j, prepared);
        parts_join(j);
        lanes_join(j);
        compare(j);
        end = verdict(j);
    }
    lanes_leave();
    return end;
}

union work {
    struct preparing preparing;
    struct judging judging;
};

#define KERNEL(name_, isa_, needs_)                                                                \
    {                                                                                              \
        .name = name_, .isa = isa_, .needs = needs_, .bytes = NUMBER_BYTES,                        \
        .prepared_bytes = sizeof(struct comb), .work_bytes = sizeof(union work),                   \
        .prepare = prepare, .verify = verify,                                                      \
    }
