/* ec_variable: k P for a number and a point a lane: doublings, and a table of odd multiples of
 * its own for each lane, which is looked through from end to end.
 *
 * k is odd and is cut into windows of four bits as in ec_point.inc.c: signed odd digits, none of
 * them zero. An addition meets its own double, or the opposite, for few k beyond half the order
 * alone; then the sum comes out with Z = 0 (ec_double.inc.c). Proofs: docs/kernels.md.
 * Straight lines: k may be secret. How many windows there are is not. */
#include "crypto/ec/ec_double.inc.c"

#define VARIABLE_BITS 4
#define VARIABLE_ENTRIES 8
/* Windows of an odd k below 2^bits; bits is a multiple of four. */
#define VARIABLE_WINDOWS(bits) ((bits) / VARIABLE_BITS)

/* Of x = X / Z^2, 2y = 2Y / Z^3: what a struct jacobian begins with. */
struct numerators {
    lane x[DIGITS], y2[DIGITS]; /* x clean, below 1.1 */
};
_Static_assert(sizeof(struct numerators) == offsetof(struct jacobian, z), "in its place");

/* What one vector's multiplication holds on to. */
struct variable {
    struct jacobian sum;                       /* P, with Z = 1, then what is made of it */
    lane k[DIGITS];                            /* clean, odd */
    struct numerators entry[VARIABLE_ENTRIES]; /* (2i + 1) P, all over the denominator of taken */
    struct addend taken;                       /* of these the one that is added */
};

/* --- the table ----------------------------------------------------------------------------------
 */

/* Entry i as it was made; z[i] is its own denominator. */
static void entry_keep(struct variable *m, lane (*z)[DIGITS], unsigned i,
                       const struct jacobian *point)
{
    fe_copy(m->entry[i].x, point->x);
    fe_copy(m->entry[i].y2, point->y2);
    fe_copy(z[i], point->z);
}

/* All entries over the product of all denominators, each by those of the others: what is looked
 * through for each window is then two numbers an entry instead of five. */
static void entries_join(struct variable *m, lane (*z)[DIGITS])
{
    lane after[VARIABLE_ENTRIES + 1][DIGITS], before[DIGITS], others[DIGITS], power[DIGITS];
    fe_constant(before, CURVE.p_r);
    fe_constant(after[VARIABLE_ENTRIES], CURVE.p_r);
    for (unsigned i = VARIABLE_ENTRIES; i-- > 0;)
        fe_mul(after[i], after[i + 1], z[i]);
    for (unsigned i = 0; i < VARIABLE_ENTRIES; i++) {
        fe_mul(others, before, after[i + 1]);
        fe_mul(before, before, z[i]);
        fe_square(power, others);
        fe_mul(m->entry[i].x, m->entry[i].x, power);
        fe_mask(m->entry[i].x);
        fe_mul(power, power, others);
        fe_mul(m->entry[i].y2, m->entry[i].y2, power);
    }
    fe_copy(m->taken.point.z, after[0]);
    addend_make(&m->taken);
}

STRAIGHT void table_make(struct variable *const *m, unsigned count)
{
    struct addend two[BESIDE];
    struct jacobian next[BESIDE], *twice[BESIDE], *sum[BESIDE];
    const struct addend *addend[BESIDE];
    lane z[BESIDE][VARIABLE_ENTRIES][DIGITS], positive[BESIDE];
    for (unsigned v = 0; v < count; v++) {
        next[v] = two[v].point = m[v]->sum;
        twice[v] = &two[v].point;
        sum[v] = &next[v];
        addend[v] = &two[v];
        positive[v] = lane_zero();
    }
    point_double(twice, count);
    for (unsigned v = 0; v < count; v++) {
        addend_make(&two[v]);
        entry_keep(m[v], z[v], 0, &next[v]);
    }
    for (unsigned i = 1; i < VARIABLE_ENTRIES; i++) {
        point_sum(sum, addend, positive, count);
        for (unsigned v = 0; v < count; v++)
            entry_keep(m[v], z[v], i, &next[v]);
    }
    for (unsigned v = 0; v < count; v++)
        entries_join(m[v], z[v]);
}

/* --- digits -------------------------------------------------------------------------------------
 */

/* Bits 4w + 1 .. 4w + 4 of k, u. The digit is 2u + 1 - 16, but for the last window, whose highest
 * bit is beyond k, and that has 2u + 1: the same with that bit set. */
static lane variable_bits(const lane *k, unsigned window, bool last)
{
    unsigned at = window * VARIABLE_BITS + 1, digit = at / 52, bit = at % 52;
    lane bits = lane_shr(k[digit], bit);
    if (bit + VARIABLE_BITS > 52 && digit + 1 < DIGITS)
        bits = lane_or(bits, lane_shl(k[digit + 1], 52 - bit));
    bits = lane_and(bits, lane_all(VARIABLE_ENTRIES * 2 - 1));
    return last ? lane_or(bits, lane_all(VARIABLE_ENTRIES)) : bits;
}

/* taken := each lane's own entry. All are read. */
static void variable_pick(struct variable *m, lane index)
{
    const unsigned digits = sizeof m->entry[0] / sizeof(lane);
    const lane *from = (const lane *)(const void *)m->entry;
    lane *digit = (lane *)(void *)&m->taken.point, chosen[VARIABLE_ENTRIES];
    for (unsigned i = 0; i < VARIABLE_ENTRIES; i++)
        chosen[i] = lane_sra(lane_sub(lane_xor(index, lane_all(i)), lane_all(1)), 63);
    for (unsigned d = 0; d < digits; d++) {
        lane word = from[d];
        UNROLL
        for (unsigned i = 1; i < VARIABLE_ENTRIES; i++)
            word = lane_select(chosen[i], from[i * digits + d], word);
        digit[d] = word;
    }
}

/* The entry for a window; returns whether it is to be subtracted. */
static lane variable_take(struct variable *m, unsigned window, bool last)
{
    lane bits = variable_bits(m->k, window, last);
    lane negative = lane_carry(lane_sub(bits, lane_all(VARIABLE_ENTRIES)));
    lane low = lane_all(VARIABLE_ENTRIES - 1);
    variable_pick(m, lane_and(lane_xor(bits, negative), low));
    return negative;
}

/* P itself. */
static inline const struct addend *variable_point(struct variable *m)
{
    fe_copy(m->taken.point.x, m->entry[0].x);
    fe_copy(m->taken.point.y2, m->entry[0].y2);
    return &m->taken;
}

/* --- multiplication -----------------------------------------------------------------------------
 */

STRAIGHT void variable_step(struct variable *const *m, unsigned window, unsigned count)
{
    const struct addend *addend[BESIDE];
    struct jacobian *sum[BESIDE];
    lane negative[BESIDE];
    for (unsigned v = 0; v < count; v++) {
        addend[v] = &m[v]->taken;
        sum[v] = &m[v]->sum;
    }
    for (unsigned i = 0; i < VARIABLE_BITS; i++)
        point_double(sum, count);
    for (unsigned v = 0; v < count; v++)
        negative[v] = variable_take(m[v], window, false);
    for (unsigned v = 0; v < count; v++)
        STAGE(LK_EC_STAGE_ENTRY, &m[v]->taken, 5 * DIGITS);
    point_sum(sum, addend, negative, count);
    for (unsigned v = 0; v < count; v++)
        STAGE(LK_EC_STAGE_ADD, sum[v], 3 * DIGITS);
}

/* m[v]->sum, which is P at first, := k P for `count` vectors side by side, at most BESIDE; k is odd
 * and has `windows` windows. */
STRAIGHT void multiply_variable(struct variable *const *m, unsigned windows, unsigned count)
{
    table_make(m, count);
    for (unsigned v = 0; v < count; v++) {
        (void)variable_take(m[v], windows - 1, true); /* the highest digit is positive */
        m[v]->sum = m[v]->taken.point;
    }
    for (unsigned window = windows - 1; window-- > 0;)
        variable_step(m, window, count);
}
