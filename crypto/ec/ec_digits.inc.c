/* ec_digits: numbers of DIGITS digits of 52 bits, one a lane, and the columns of their products.
 * For inclusion by a curve's field (p256_field.inc.c, x25519_field.inc.c), which says how many
 * digits there are and which numbers are constant (DIGITS, CURVE). Straight lines: no jump but for
 * loops over digits.
 *
 * Three forms:
 *   clean  each digit in [0, 2^52)
 *   loose  the same in the low 52 bits, anything above: multiplication looks at those alone
 *   raw    signed columns whose carries were not passed on: to be added, not to be multiplied */
#ifndef LK_CRYPTO_EC_DIGITS
#define LK_CRYPTO_EC_DIGITS

#include <stdbool.h>

#define COLUMNS (2 * DIGITS)
#define MASK52 ((UINT64_C(1) << 52) - 1)
#define EACH_DIGIT(i)                                                                              \
    UNROLL                                                                                         \
    for (unsigned i = 0; i < DIGITS; i++)
#define STRAIGHT static inline __attribute__((always_inline))
/* What is done to points: so long that a call is nothing beside it; and it is compiled once. */
#define CALLED static __attribute__((noinline))
#define UNUSED __attribute__((unused))

/* A constant of the curve in all lanes. From memory: one that the compiler knows would be made
 * anew each time, by an instruction for the port that multiplies. */
STRAIGHT lane constant(const uint64_t *word)
{
    return lane_all(*word);
}

/* --- columns ------------------------------------------------------------------------------------
 * With five digits a column has at most ten halves of products and six of a reduction, or twice
 * ten: below 2^57; with eight sixteen and eight, or twice sixteen: 2^58. Those that begin with a
 * raw number are below 2^59. */

STRAIGHT void columns_zero(lane *t)
{
    UNROLL
    for (unsigned i = 0; i < COLUMNS; i++)
        t[i] = lane_zero();
}

STRAIGHT void digits_keep(lane *to, const lane *from)
{
    EACH_DIGIT(i) to[i] = lane_keep(from[i]);
}

STRAIGHT void multiply_row(lane *t, lane x, const lane *y)
{
    EACH_DIGIT(j) t[j] = lane_madd_lo(t[j], x, y[j]);
    EACH_DIGIT(j) t[j + 1] = lane_madd_hi(t[j + 1], x, y[j]);
}

/* Digit i by those above it. */
STRAIGHT void square_row(lane *t, const lane *x, unsigned i)
{
    UNROLL
    for (unsigned j = i + 1; j < DIGITS; j++) {
        t[i + j] = lane_madd_lo(t[i + j], x[i], x[j]);
        t[i + j + 1] = lane_madd_hi(t[i + j + 1], x[i], x[j]);
    }
}

/* Twice what was made, and each digit by itself. */
STRAIGHT void square_end(lane *t, const lane *x)
{
    UNROLL
    for (unsigned i = 1; i < COLUMNS - 1; i++)
        t[i] = lane_add(t[i], t[i]);
    EACH_DIGIT(i)
    {
        t[2 * i] = lane_madd_lo(t[2 * i], x[i], x[i]);
        t[2 * i + 1] = lane_madd_hi(t[2 * i + 1], x[i], x[i]);
    }
}

/* --- numbers -----------------------------------------------------------------------------------
 */

/* Raw to loose; r may be t. The number is in [0, R), or the top digit keeps its sign. */
STRAIGHT void fe_carry(lane *r, const lane *t)
{
    r[0] = t[0];
    UNROLL
    for (unsigned i = 1; i < DIGITS; i++)
        r[i] = lane_add(t[i], lane_carry(r[i - 1]));
}

/* Loose to clean. */
STRAIGHT void fe_mask(lane *r)
{
    lane ones = constant(&CURVE.ones);
    EACH_DIGIT(i) r[i] = lane_and(r[i], ones);
}

STRAIGHT void fe_copy(lane *r, const lane *x)
{
    EACH_DIGIT(i) r[i] = x[i];
}

STRAIGHT void fe_select(lane *r, lane mask, const lane *x, const lane *y)
{
    EACH_DIGIT(i) r[i] = lane_select(mask, x[i], y[i]);
}

static void fe_constant(lane *r, const uint64_t *word)
{
    EACH_DIGIT(i) r[i] = constant(&word[i]);
}

/* Clean, below 2m, to below m, for a modulus of as many digits. */
static void fe_finish(lane *x, const uint64_t *m)
{
    lane d[DIGITS];
    EACH_DIGIT(i) d[i] = lane_sub(x[i], constant(&m[i]));
    fe_carry(d, d);
    lane below = lane_carry(d[DIGITS - 1]);
    fe_mask(d);
    fe_select(x, below, x, d);
}

/* r := x + y, loose; x, y clean. */
static inline void digits_add(lane *r, const lane *x, const lane *y)
{
    EACH_DIGIT(i) r[i] = lane_add(x[i], y[i]);
    fe_carry(r, r);
}

/* r := c m - x, clean, for clean x of at most c m; multiple is that of c m. */
static void digits_negate(lane *r, const lane *x, const uint64_t *multiple)
{
    EACH_DIGIT(i) r[i] = lane_sub(constant(&multiple[i]), x[i]);
    fe_carry(r, r);
    fe_mask(r);
}

/* All ones where x is negative, else zero, whatever its bits. */
STRAIGHT lane lane_sign(lane x)
{
    return lane_carry(lane_carry(x));
}

STRAIGHT lane lane_not(lane mask)
{
    return lane_xor(mask, lane_all(~UINT64_C(0)));
}

/* A mask of which a bit is missing counts for none. */
static inline lane mask_whole(lane mask)
{
    lane bad = lane_not(mask);
    return lane_not(lane_sign(lane_or(bad, lane_sub(lane_zero(), bad))));
}

/* All ones where clean x is below the modulus. */
static inline lane is_below(const lane *x, const uint64_t *modulus)
{
    lane d[DIGITS];
    EACH_DIGIT(i) d[i] = lane_sub(x[i], constant(&modulus[i]));
    fe_carry(d, d);
    return lane_carry(d[DIGITS - 1]);
}

/* All ones where all bits of all digits are zero, else zero. */
static lane fe_is_zero(const lane *x)
{
    lane any = lane_zero(), ones = lane_all(~UINT64_C(0));
    EACH_DIGIT(i) any = lane_or(any, x[i]);
    return lane_xor(lane_sign(lane_or(any, lane_sub(lane_zero(), any))), ones);
}

/* Word l of a register. */
static inline uint64_t of_lane(const lane *x, unsigned l)
{
    return ((const uint64_t *)(const void *)x)[l];
}

static inline bool all_ones(const lane *mask, unsigned l)
{
    return of_lane(mask, l) == ~UINT64_C(0);
}

#endif
