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

/* What one vector's multiplication holds on to. */
struct variable {
    struct jacobian sum;
    lane k[DIGITS];                        /* clean, odd */
    struct addend entry[VARIABLE_ENTRIES]; /* (2i + 1) P */
};

/* entry[0].point is given. */
STRAIGHT void table_make(struct variable *const *m, unsigned count)
{
    struct addend two[BESIDE];
    struct jacobian *twice[BESIDE], *next[BESIDE];
    const struct addend *addend[BESIDE];
    lane positive[BESIDE];
    for (unsigned v = 0; v < count; v++) {
        addend_make(&m[v]->entry[0]);
        two[v].point = m[v]->entry[0].point;
        twice[v] = &two[v].point;
        addend[v] = &two[v];
        positive[v] = lane_zero();
    }
    point_double(twice, count);
    for (unsigned v = 0; v < count; v++)
        addend_make(&two[v]);
    for (unsigned i = 1; i < VARIABLE_ENTRIES; i++) {
        for (unsigned v = 0; v < count; v++) {
            m[v]->entry[i].point = m[v]->entry[i - 1].point;
            next[v] = &m[v]->entry[i].point;
        }
        point_sum(next, addend, positive, count);
        for (unsigned v = 0; v < count; v++)
            addend_make(&m[v]->entry[i]);
    }
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

/* Each lane's own entry. All are read. */
static void variable_pick(struct addend *to, const struct variable *m, lane index)
{
    const lane *from = (const lane *)(const void *)m->entry;
    lane *digit = (lane *)(void *)to, chosen[VARIABLE_ENTRIES];
    const unsigned digits = sizeof *to / sizeof(lane);
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
static lane variable_take(struct addend *to, const struct variable *m, unsigned window, bool last)
{
    lane bits = variable_bits(m->k, window, last);
    lane negative = lane_carry(lane_sub(bits, lane_all(VARIABLE_ENTRIES)));
    lane low = lane_all(VARIABLE_ENTRIES - 1);
    variable_pick(to, m, lane_and(lane_xor(bits, negative), low));
    return negative;
}

/* --- multiplication -----------------------------------------------------------------------------
 */

STRAIGHT void variable_step(struct variable *const *m, unsigned window, unsigned count)
{
    struct addend taken[BESIDE];
    const struct addend *addend[BESIDE];
    struct jacobian *sum[BESIDE];
    lane negative[BESIDE];
    for (unsigned v = 0; v < count; v++) {
        addend[v] = &taken[v];
        sum[v] = &m[v]->sum;
    }
    for (unsigned i = 0; i < VARIABLE_BITS; i++)
        point_double(sum, count);
    for (unsigned v = 0; v < count; v++)
        negative[v] = variable_take(&taken[v], m[v], window, false);
    for (unsigned v = 0; v < count; v++)
        STAGE(LK_EC_STAGE_ENTRY, &taken[v], sizeof taken[v] / sizeof(lane));
    point_sum(sum, addend, negative, count);
    for (unsigned v = 0; v < count; v++)
        STAGE(LK_EC_STAGE_ADD, sum[v], 3 * DIGITS);
}

/* m[v]->sum := k P for `count` vectors side by side, at most BESIDE; k is odd and has `windows`
 * windows. */
STRAIGHT void multiply_variable(struct variable *const *m, unsigned windows, unsigned count)
{
    table_make(m, count);
    for (unsigned v = 0; v < count; v++) {
        struct addend first;
        (void)variable_take(&first, m[v], windows - 1, true); /* the highest digit is positive */
        m[v]->sum = first.point;
    }
    for (unsigned window = windows - 1; window-- > 0;)
        variable_step(m, window, count);
}
