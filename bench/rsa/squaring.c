#include "bench/rsa/squaring.h"

#include <openssl/bn.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include "bench/peak.h"
#include "core/base/err.h"
#include "crypto/hash.h"

#define TIMES 16 /* squarings of a sample: one microsecond or more */
#define DIGIT_BITS 52
#define BYTES(digits) ((digits)*32 / 5) /* a factor of 1,024 bits has 20 digits */
#define BYTES_MAX BYTES(LK_SQUARING_DIGITS_MAX)

/* A kernel's squarings stand here. The schoolbook way takes 3 n^2 + 2 n multiply-adds for n digits:
 * n^2 + n for the square, 2 n^2 + n for the reduction. */
static const struct squaring {
    unsigned digits;
    lk_squaring_fn *square; /* NULL: there is none yet */
    const char *goal;
} squarings[] = {
    {20, NULL, ">= 0.9 (or <= 600 cycles)"},
    {30, NULL, "none"},
    {40, NULL, "none"},
};
#define SQUARINGS (sizeof squarings / sizeof squarings[0])

struct room {
    alignas(64) lk_squaring_digit x[LK_SQUARING_DIGITS_MAX];
    alignas(64) lk_squaring_digit n[LK_SQUARING_DIGITS_MAX];
    alignas(64) uint64_t k0[LK_SQUARING_LANES];
    const struct squaring *row;
};

/* --- numbers -------------------------------------------------------------------------------- */

static void put_lane(lk_squaring_digit *to, unsigned lane, const BIGNUM *from, unsigned digits)
{
    BIGNUM *rest = BN_dup(from);
    LK_ASSERT(rest != NULL);
    for (unsigned i = 0; i < digits; i++) {
        BIGNUM *digit = BN_dup(rest);
        LK_ASSERT(digit != NULL);
        BN_mask_bits(digit, DIGIT_BITS);
        to[i][lane] = BN_get_word(digit);
        LK_ASSERT(BN_rshift(rest, rest, DIGIT_BITS));
        BN_free(digit);
    }
    LK_ASSERT(BN_is_zero(rest));
    BN_free(rest);
}

static BIGNUM *get_lane(const lk_squaring_digit *from, unsigned lane, unsigned digits)
{
    BIGNUM *number = BN_new();
    LK_ASSERT(number != NULL);
    for (unsigned i = digits; i-- > 0;)
        LK_ASSERT(BN_lshift(number, number, DIGIT_BITS) && BN_add_word(number, from[i][lane]));
    return number;
}

/* Digests one after another. */
static BIGNUM *some_number(uint8_t what, uint8_t lane, unsigned digits)
{
    uint8_t bytes[BYTES_MAX];
    for (uint8_t i = 0; i < BYTES_MAX / LK_SHA256_BYTES; i++)
        lk_sha256((uint8_t[3]){what, lane, i}, 3, bytes + i * LK_SHA256_BYTES);
    BIGNUM *number = BN_bin2bn(bytes, (int)BYTES(digits), NULL);
    LK_ASSERT(number != NULL);
    return number;
}

/* -1/n mod 2^52 by Newton's steps: each doubles the good bits of 1/n. */
static uint64_t minus_inverse(uint64_t n)
{
    uint64_t inverse = n;
    for (unsigned good = 3; good < DIGIT_BITS; good *= 2)
        inverse *= 2 - n * inverse;
    return (0 - inverse) & ((UINT64_C(1) << DIGIT_BITS) - 1);
}

static void fill(struct room *room, const struct squaring *row)
{
    memset(room, 0, sizeof *room);
    room->row = row;
    BN_CTX *ctx = BN_CTX_new();
    for (uint8_t lane = 0; lane < LK_SQUARING_LANES; lane++) {
        BIGNUM *n = some_number('n', lane, row->digits), *x = some_number('x', lane, row->digits);
        LK_ASSERT(BN_set_bit(n, 0) && BN_set_bit(n, (int)(8 * BYTES(row->digits) - 1)));
        LK_ASSERT(BN_nnmod(x, x, n, ctx));
        put_lane(room->n, lane, n, row->digits);
        put_lane(room->x, lane, x, row->digits);
        room->k0[lane] = minus_inverse(room->n[0][lane]);
        BN_free(n);
        BN_free(x);
    }
    BN_CTX_free(ctx);
}

/* --- check ---------------------------------------------------------------------------------- */

/* after = before^2 / 2^(52 digits) mod n? */
static bool lane_good(const struct room *before, const struct room *after, unsigned lane)
{
    unsigned digits = before->row->digits;
    BIGNUM *x = get_lane(before->x, lane, digits), *n = get_lane(before->n, lane, digits);
    BIGNUM *y = get_lane(after->x, lane, digits);
    BN_CTX *ctx = BN_CTX_new();
    LK_ASSERT(ctx != NULL && BN_mod_sqr(x, x, n, ctx));
    LK_ASSERT(BN_lshift(y, y, (int)(digits * DIGIT_BITS)) && BN_nnmod(y, y, n, ctx));
    bool good = BN_cmp(x, y) == 0;
    BN_free(x);
    BN_free(y);
    BN_free(n);
    BN_CTX_free(ctx);
    return good;
}

/* Twice, so that what comes out is seen to go in again. */
static bool good(struct room *room)
{
    bool all = true;
    for (unsigned turn = 0; turn < 2; turn++) {
        struct room before = *room;
        room->row->square(room->x, room->n, room->k0, 1);
        for (unsigned lane = 0; lane < LK_SQUARING_LANES; lane++)
            all &= lane_good(&before, room, lane);
    }
    return all;
}

/* --- measurement ---------------------------------------------------------------------------- */

static bool run(void *context)
{
    struct room *room = context;
    room->row->square(room->x, room->n, room->k0, TIMES);
    return true;
}

static void report(struct lk_figures *figures, const struct squaring *row,
                   const struct lk_cycles *cycles, double per_cycle)
{
    char name[LK_SHIM_NAME_MAX];
    unsigned n = row->digits;
    double ideal = (3.0 * n * n + 2.0 * n) / per_cycle;
    snprintf(name, sizeof name, "rsa_squaring_%u_digits", n);
    lk_figures_cycles(figures, name, cycles);
    snprintf(name, sizeof name, "rsa_squaring_%u_digits_vs_peak", n);
    lk_figures_ratio_is(figures, name, ideal / cycles->min, row->goal);
}

static bool measure(struct lk_figures *figures, const struct squaring *row, double per_cycle)
{
    struct room room;
    struct lk_cycles cycles;
    if (row->square == NULL || per_cycle == 0) {
        printf("  rsa_squaring_%u_digits: not applicable\n", row->digits);
        return true;
    }
    fill(&room, row);
    struct lk_peak_body body = {.run = run, .context = &room, .items = TIMES};
    if (!good(&room) || !lk_peak_sample(&body, &cycles)) {
        fprintf(stderr, "bench: rsa_squaring_%u_digits: the result is wrong\n", row->digits);
        return false;
    }
    report(figures, row, &cycles, per_cycle);
    return true;
}

bool lk_squaring_measure(struct lk_figures *figures)
{
    double per_cycle = 0;
    if (lk_peak_multiplier(&per_cycle)) {
        struct lk_values once = {&per_cycle, 1};
        lk_figures_figure(figures, "ifma_peak", once, "multiply-adds/cycle");
    }
    bool all = true;
    for (unsigned i = 0; i < SQUARINGS; i++)
        all &= measure(figures, &squarings[i], per_cycle);
    return all;
}
