#include "bench/rsa/squaring.h"

#include <openssl/bn.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peak.h"
#include "core/base/err.h"
#include "crypto/hash.h"
#include "crypto/rsa/rsa_kernel.h"

#define TIMES 256 /* squarings of a sample: what surrounds them disappears */
#define DIGIT_BITS 52
#define BYTES(digits) ((digits)*32 / 5) /* a factor of 1,024 bits has 20 digits */
#define BYTES_MAX BYTES(LK_SQUARING_DIGITS_MAX)

/* The schoolbook way takes 3 n^2 + 2 n multiply-adds for n digits: n^2 + n for the square, 2 n^2 +
 * n for the reduction. */
static const struct squaring {
    unsigned digits;
    const struct lk_rsa_kernel *kernel;
    const char *goal;
} squarings[] = {
    {20, &lk_rsa_private_x8_ifma[LK_RSA_2048], ">= 0.9 (or <= 600 cycles)"},
    {30, &lk_rsa_private_x8_ifma[LK_RSA_3072], ">= 0.9"},
    {40, &lk_rsa_private_x8_ifma[LK_RSA_4096], ">= 0.9"},
};
#define SQUARINGS (sizeof squarings / sizeof squarings[0])

struct room {
    alignas(64) lk_squaring_digit x[LK_SQUARING_DIGITS_MAX];
    alignas(64) lk_squaring_digit n[LK_SQUARING_DIGITS_MAX];
    const struct squaring *row;
    void *work;
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

static void fill(struct room *room, const struct squaring *row)
{
    memset(room->x, 0, sizeof room->x);
    memset(room->n, 0, sizeof room->n);
    room->row = row;
    BN_CTX *ctx = BN_CTX_new();
    for (uint8_t lane = 0; lane < LK_SQUARING_LANES; lane++) {
        BIGNUM *n = some_number('n', lane, row->digits), *x = some_number('x', lane, row->digits);
        LK_ASSERT(BN_set_bit(n, 0) && BN_set_bit(n, (int)(8 * BYTES(row->digits) - 1)));
        LK_ASSERT(BN_nnmod(x, x, n, ctx));
        put_lane(room->n, lane, n, row->digits);
        put_lane(room->x, lane, x, row->digits);
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

static void square(struct room *room, unsigned times)
{
    room->row->kernel->square(room->work, &room->n[0][0], &room->x[0][0], times);
}

/* Twice, so that what comes out is seen to go in again. */
static bool good(struct room *room)
{
    bool all = true;
    for (unsigned turn = 0; turn < 2; turn++) {
        struct room before = *room;
        square(room, 1);
        for (unsigned lane = 0; lane < LK_SQUARING_LANES; lane++)
            all &= lane_good(&before, room, lane);
    }
    return all;
}

/* --- measurement ---------------------------------------------------------------------------- */

static bool run(void *context)
{
    square(context, TIMES);
    return true;
}

static bool report(struct lk_figures *figures, struct room *room)
{
    char name[LK_SHIM_NAME_MAX];
    struct lk_cycles cycles;
    struct lk_share share;
    double n = room->row->digits;
    struct lk_peak_body body = {.run = run, .context = room, .items = TIMES};
    if (!lk_peak_sample(&body, &cycles) || !lk_peak_share(&body, 3 * n * n + 2 * n, &share))
        return false;
    snprintf(name, sizeof name, "rsa_squaring_%u_digits", room->row->digits);
    lk_figures_cycles(figures, name, &cycles);
    snprintf(name, sizeof name, "rsa_squaring_%u_digits_vs_peak", room->row->digits);
    lk_figures_ratio_is(figures, name, share.p90, room->row->goal);
    snprintf(name, sizeof name, "rsa_squaring_%u_digits_vs_peak_median", room->row->digits);
    lk_figures_ratio_is(figures, name, share.median, "none");
    return true;
}

static bool measure(struct lk_figures *figures, struct room *room)
{
    size_t bytes = (room->row->kernel->work_bytes + 63) / 64 * 64;
    room->work = aligned_alloc(64, bytes);
    LK_ASSERT(room->work != NULL);
    memset(room->work, 0, bytes);
    fill(room, room->row);
    bool right = good(room) && report(figures, room);
    if (!right)
        fprintf(stderr, "bench: rsa_squaring_%u_digits: the result is wrong\n", room->row->digits);
    free(room->work);
    return right;
}

bool lk_squaring_measure(struct lk_figures *figures)
{
    double per_cycle;
    if (!lk_peak_multiplier(&per_cycle)) {
        printf("  rsa_squaring: not applicable, this CPU has no IFMA\n");
        return true;
    }
    lk_figures_figure(figures, "ifma_peak", (struct lk_values){&per_cycle, 1},
                      "multiply-adds/cycle");
    bool all = true;
    struct room *room = aligned_alloc(64, (sizeof *room + 63) / 64 * 64);
    LK_ASSERT(room != NULL);
    for (unsigned i = 0; i < SQUARINGS; i++) {
        room->row = &squarings[i];
        all &= measure(figures, room);
    }
    free(room);
    return all;
}
